/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: three handles make the turn. An idle handle, active only while events are queued, takes
 * them; a timer is armed to engine_deadline(); a pair of prepare and check around the wait measures
 * how long we worked and how much later than planned we woke: a process that was stopped, or kept
 * the loop busy, knows it, and does not blame an endpoint for it (V4). */
#include "loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <uv.h>

enum { HANDLE_COUNT = 4, QUEUE_FIRST = 64 };

/* An event that waits for its turn. */
struct posted {
    struct event event;
    void (*release)(void *block);
    void *block;
};

struct loop {
    uv_idle_t take;
    uv_timer_t tick;
    uv_prepare_t before_wait;
    uv_check_t after_wait;
    uint32_t open_handles;
    loop_perform perform;
    void *context;
    struct engine *engine;
    struct posted *queue; /* a ring */
    uint32_t capacity;
    uint32_t first;
    uint32_t count;
    msec_t now_ms;       /* of the last turn: time never goes back */
    wall_t wall_offset;  /* wall - boot clock, when last looked at */
    bool waiting;        /* between prepare and check: sockets' callbacks run in there too */
    msec_t work_from_ms; /* when the last wait ended */
    msec_t wake_ms;      /* when the last wait had to end at the latest */
    msec_t stall_end_ms; /* of the last stall; -1: none yet */
    uint64_t turns;
    void (*closed)(void *context);
    void *closed_context;
};

/* ---- the clocks ---- */

static int64_t read_clock_ms(clockid_t id)
{
    struct timespec time;

    clock_gettime(id, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

msec_t loop_now_ms(void)
{
    return read_clock_ms(CLOCK_BOOTTIME);
}

wall_t loop_wall_ms(void)
{
    return read_clock_ms(CLOCK_REALTIME);
}

/* ---- the queue ---- */

static void release(struct posted *posted)
{
    if (posted->release != NULL)
        posted->release(posted->block);
}

static struct posted pop(struct loop *loop)
{
    struct posted posted = loop->queue[loop->first];

    loop->first = (loop->first + 1) % loop->capacity;
    loop->count--;
    return posted;
}

static void drop_all(struct loop *loop)
{
    while (loop->count > 0) {
        struct posted posted = pop(loop);

        release(&posted);
    }
}

/* Doubles the ring, its members in order from 0. */
static void grow(struct loop *loop)
{
    uint32_t capacity = loop->capacity > 0 ? 2 * loop->capacity : QUEUE_FIRST;
    struct posted *queue = calloc(capacity, sizeof(*queue));

    assert(queue != NULL && capacity <= LOOP_EVENTS_MAX); /* D7: a restart beats a lost event */
    for (uint32_t i = 0; i < loop->count; i++)
        queue[i] = loop->queue[(loop->first + i) % loop->capacity];
    free(loop->queue);
    loop->queue = queue;
    loop->capacity = capacity;
    loop->first = 0;
}

/* ---- a turn ---- */

static void arm(struct loop *loop);
static void take_events(uv_idle_t *idle);

/* One event through the engine. */
static void turn(struct loop *loop, struct event *event)
{
    struct update update;
    msec_t now_ms = loop_now_ms();

    loop->now_ms = now_ms > loop->now_ms ? now_ms : loop->now_ms;
    loop->turns++;
    event->at_ms = loop->now_ms;
    engine_step(loop->engine, event, &update);
    loop->perform(loop->context, event, &update);
}

/* V5: tells when the wall clock has moved by more than a little since we last looked. */
static void watch_wall(struct loop *loop)
{
    wall_t offset = loop_wall_ms() - loop_now_ms();
    msec_t jump_ms = offset - loop->wall_offset;
    struct event event = {.kind = EVENT_CLOCK, .clock = {.jump_ms = jump_ms}};

    loop->wall_offset = offset;
    if (jump_ms > LOOP_JUMP_MS || jump_ms < -LOOP_JUMP_MS)
        turn(loop, &event);
}

/* Takes what was queued when we began; what is posted meanwhile waits for the next round, so that
 * the sockets get their turn in between. */
static void take_events(uv_idle_t *idle)
{
    struct loop *loop = idle->data;
    uint32_t count = loop->count;

    if (loop->engine != NULL)
        watch_wall(loop);
    for (uint32_t i = 0; i < count && loop->engine != NULL && loop->count > 0; i++) {
        struct posted posted = pop(loop);

        turn(loop, &posted.event);
        release(&posted);
    }
    if (loop->count == 0 || loop->engine == NULL)
        uv_idle_stop(&loop->take);
    arm(loop);
}

static void on_tick(uv_timer_t *timer)
{
    struct loop *loop = timer->data;
    struct event event = {.kind = EVENT_TICK};

    if (loop->engine == NULL)
        return;
    watch_wall(loop);
    if (loop_now_ms() >= engine_deadline(loop->engine))
        turn(loop, &event);
    arm(loop);
}

/* The timer fires when the engine wants to be called. */
static void arm(struct loop *loop)
{
    msec_t wait_ms;

    if (loop->engine == NULL) {
        uv_timer_stop(&loop->tick);
        return;
    }
    wait_ms = engine_deadline(loop->engine) - loop_now_ms();
    uv_update_time(loop->tick.loop);
    uv_timer_start(&loop->tick, on_tick, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

/* ---- our own lateness (V4) ---- */

/* How long the callbacks of this phase have kept us: libuv's time is that of the phase's begin. */
static msec_t busy_ms(const struct loop *loop)
{
    return (msec_t)(uv_hrtime() / 1000000) - (msec_t)uv_now(loop->tick.loop);
}

/* How much later than planned we are, now. */
static msec_t late_ms(const struct loop *loop, msec_t now_ms)
{
    msec_t late = now_ms - (loop->waiting ? loop->wake_ms : loop->work_from_ms);
    msec_t busy = busy_ms(loop);

    return late > busy ? late : busy;
}

static void note_stall(struct loop *loop, msec_t now_ms)
{
    if (late_ms(loop, now_ms) >= LOOP_STALL_MS)
        loop->stall_end_ms = now_ms;
}

static void on_before_wait(uv_prepare_t *prepare)
{
    struct loop *loop = prepare->data;
    msec_t now_ms = loop_now_ms();
    int timeout_ms = uv_backend_timeout(prepare->loop);

    note_stall(loop, now_ms);
    loop->waiting = true;
    loop->wake_ms = timeout_ms < 0 ? INT64_MAX : now_ms + timeout_ms;
}

static void on_after_wait(uv_check_t *check)
{
    struct loop *loop = check->data;
    msec_t now_ms = loop_now_ms();

    note_stall(loop, now_ms);
    loop->waiting = false;
    loop->work_from_ms = now_ms;
}

bool loop_stalled_since(const struct loop *loop, msec_t since_ms)
{
    return loop->stall_end_ms >= since_ms || late_ms(loop, loop_now_ms()) >= LOOP_STALL_MS;
}

uint64_t loop_turns(const struct loop *loop)
{
    return loop->turns;
}

/* ---- life ---- */

int loop_create(uv_loop_t *uv, loop_perform perform, void *context, struct loop **ret_loop)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (loop == NULL)
        return -ENOMEM;
    loop->perform = perform;
    loop->context = context;
    loop->stall_end_ms = -1;
    loop->work_from_ms = loop_now_ms();
    loop->wake_ms = INT64_MAX;
    uv_idle_init(uv, &loop->take);
    uv_timer_init(uv, &loop->tick);
    uv_prepare_init(uv, &loop->before_wait);
    uv_check_init(uv, &loop->after_wait);
    loop->take.data = loop;
    loop->tick.data = loop;
    loop->before_wait.data = loop;
    loop->after_wait.data = loop;
    loop->open_handles = HANDLE_COUNT;
    uv_prepare_start(&loop->before_wait, on_before_wait);
    uv_check_start(&loop->after_wait, on_after_wait);
    *ret_loop = loop;
    return 0;
}

void loop_set_engine(struct loop *loop, struct engine *engine)
{
    struct event event = {.kind = EVENT_START};

    loop->engine = engine;
    if (engine == NULL) {
        drop_all(loop);
    } else {
        event.start.wall = loop_wall_ms();
        loop->wall_offset = event.start.wall - loop_now_ms();
        turn(loop, &event);
        uv_idle_start(&loop->take, take_events);
    }
    arm(loop);
}

void loop_post(struct loop *loop, const struct event *event, void (*release_block)(void *block),
               void *block)
{
    struct posted posted = {.event = *event, .release = release_block, .block = block};

    if (loop->count == loop->capacity)
        grow(loop);
    loop->queue[(loop->first + loop->count) % loop->capacity] = posted;
    loop->count++;
    if (loop->engine != NULL)
        uv_idle_start(&loop->take, take_events);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct loop *loop = handle->data;

    loop->open_handles--;
    if (loop->open_handles > 0)
        return;
    if (loop->closed != NULL)
        loop->closed(loop->closed_context);
    free(loop->queue);
    free(loop);
}

void loop_close(struct loop *loop, void (*closed)(void *context), void *context)
{
    if (loop == NULL) {
        if (closed != NULL)
            closed(context);
        return;
    }
    loop->closed = closed;
    loop->closed_context = context;
    loop->engine = NULL;
    drop_all(loop);
    uv_close((uv_handle_t *)&loop->take, on_handle_closed);
    uv_close((uv_handle_t *)&loop->tick, on_handle_closed);
    uv_close((uv_handle_t *)&loop->before_wait, on_handle_closed);
    uv_close((uv_handle_t *)&loop->after_wait, on_handle_closed);
}
