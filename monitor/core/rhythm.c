/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a check that is on time keeps to its own place on the grid of its interval. One that
 * had to wait for its turn rests a whole interval from where it really began. So, when more is due
 * than this machine can do, all checks stretch alike, by as much as the queue is long; none is left
 * out, and the queue does not grow. On time again, each goes back to its place on the grid.
 *
 *     on time    |b....|....|b....|....|b            grid: one turn each interval
 *     too many   |--b..|....|.--b.|....|..--b        waits (--), then a whole interval from b
 *
 * What is late is counted, and said when it lasts; evidence that comes too seldom turns unknown
 * by its age (V4), and nothing here ever makes it bad. */
#include "rhythm.h"

#include <string.h>

#include "state.h"

enum {
    LATE_MIN_MS = 100,      /* less is everyday on a busy machine */
    LATE_PART = 10,         /* of the interval: later than a tenth is late */
    OVERLOAD_ON_PCT = 10,   /* so many are late, in each of the last parts some: overload */
    OVERLOAD_OFF_PCT = 2,   /* fewer are: over. Between the two it stays what it is */
    FIRST_LOOK_MS = 10000,  /* a new daemon sees all within this, however long the intervals */
    FIRST_LOOK_EACH_MS = 1, /* ... but begins no more than 1,000 a second for it */
    SOON_BURST = 64,        /* V2: so many others' suspicions are looked at in the same moment */
    LATE_KEPT_MS = 1000000000
};

const msec_t rhythm_bounds_ms[RHYTHM_BOUNDS] = {1,   2,   5,    10,   25,   50,   100,
                                                250, 500, 1000, 2500, 5000, 10000};

/* ---- turns ---- */

static msec_t grid(const struct engine *engine, uint32_t token, msec_t after_ms)
{
    return schedule_grid(&engine->schedule, token, after_ms, engine->wall_offset);
}

/* Sets a token's next turn. Whole intervals that pass without it are counted. */
static void plan(struct engine *engine, uint32_t token, msec_t due_ms)
{
    const struct schedule_item *item = &engine->schedule.items[token];
    msec_t missed = (due_ms - item->due_ms) / item->interval_ms - 1;

    if (missed > 0)
        engine->rhythm.view.missed += (uint64_t)missed;
    schedule_put(&engine->schedule, token, due_ms);
}

/* The first turn on the grid; what nothing is known of yet comes sooner, when its interval is long,
 * in the same order. Never all at once. */
static msec_t gentle_turn(const struct engine *engine, uint32_t token)
{
    uint32_t checks = engine->settings->check_count;
    msec_t interval_ms = engine->schedule.items[token].interval_ms;
    msec_t wait_ms = grid(engine, token, engine->now_ms) - engine->now_ms;
    msec_t span_ms = FIRST_LOOK_EACH_MS * (msec_t)checks;
    bool is_known = token < checks ? engine->checks[token].verdict.last_ms >= 0
                                   : engine->references[token - checks].tried;

    if (span_ms < FIRST_LOOK_MS)
        span_ms = FIRST_LOOK_MS;
    if (!is_known && interval_ms > span_ms)
        wait_ms = wait_ms * span_ms / interval_ms;
    return engine->now_ms + wait_ms;
}

/* Others' suspicions are looked at in the same moment; but when a whole region is suspected, one
 * after the other, 1,000 a second: they would all come back late otherwise. */
static msec_t soon_turn(struct engine *engine)
{
    msec_t *soon_ms = &engine->rhythm.soon_ms;

    if (*soon_ms < engine->now_ms - SOON_BURST)
        *soon_ms = engine->now_ms - SOON_BURST;
    (*soon_ms)++;
    return *soon_ms > engine->now_ms ? *soon_ms : engine->now_ms;
}

/* V2: what was suspect before a reload keeps its pace. */
static msec_t first_turn(struct engine *engine, uint32_t token)
{
    msec_t gentle_ms = gentle_turn(engine, token);
    msec_t soon_ms;

    if (token >= engine->settings->check_count ||
        engine->checks[token].verdict.state != VERDICT_SUSPECT)
        return gentle_ms;
    engine->checks[token].soon = true;
    soon_ms = soon_turn(engine) + engine->settings->checks[token].retry_ms;
    return soon_ms < gentle_ms ? soon_ms : gentle_ms;
}

void rhythm_start(struct engine *engine)
{
    const struct settings *settings = engine->settings;
    uint32_t tokens = settings->check_count + settings->reference_count;

    engine->rhythm.part_end_ms = engine->now_ms + RHYTHM_PART_MS;
    engine->rhythm.soon_ms = engine->now_ms;
    for (uint32_t i = 0; i < tokens; i++) {
        if (i < settings->check_count && settings->checks[i].kind == CHECK_GROUP)
            continue; /* it is made of others */
        schedule_put(&engine->schedule, i, first_turn(engine, i));
    }
}

static int32_t kept(msec_t late_ms)
{
    return (int32_t)(late_ms < LATE_KEPT_MS ? late_ms : LATE_KEPT_MS);
}

/* After a gap (V5) everything is due: what merely has its usual turn goes back to its place on the
 * grid, once, so that no herd of missed checks starts. */
bool rhythm_begin(struct engine *engine, uint32_t check)
{
    struct check_state *state = &engine->checks[check];
    msec_t late_ms = engine->now_ms - engine->schedule.items[check].due_ms;

    if (late_ms > GAP_MS && !state->soon && !state->put_back) {
        state->put_back = true;
        plan(engine, check, gentle_turn(engine, check));
        return false;
    }
    state->put_back = false;
    state->in_flight = true;
    state->late_ms = kept(late_ms);
    return true;
}

/* References are few, and wait for no place after a gap: who does not know whether it sees is
 * blind (V5). */
void rhythm_begin_reference(struct engine *engine, uint32_t reference)
{
    uint32_t token = engine->settings->check_count + reference;

    engine->references[reference].in_flight = true;
    engine->references[reference].late_ms =
        kept(engine->now_ms - engine->schedule.items[token].due_ms);
}

static msec_t late_from_ms(const struct engine *engine, uint32_t token)
{
    msec_t part_ms = engine->schedule.items[token].interval_ms / LATE_PART;

    return part_ms > LATE_MIN_MS ? part_ms : LATE_MIN_MS;
}

/* The next turn of a check that is not suspect. */
static msec_t usual_turn(struct engine *engine, uint32_t check, msec_t waited_ms)
{
    const struct schedule_item *item = &engine->schedule.items[check];
    struct check_state *state = &engine->checks[check];
    msec_t begun_ms = item->due_ms + state->late_ms;
    bool was_stretched = state->is_stretched;
    msec_t from_ms = begun_ms + item->interval_ms / 2;

    state->is_stretched = waited_ms > late_from_ms(engine, check);
    if (state->is_stretched)
        return begun_ms + item->interval_ms;
    return grid(engine, check,
                was_stretched && from_ms > engine->now_ms ? from_ms : engine->now_ms);
}

/* When others may have us look again: a probe that lies, or wavers, must not make us hammer. */
static msec_t soonest(const struct engine *engine, uint32_t check)
{
    msec_t from_ms = engine->checks[check].asked_ms + engine->settings->checks[check].retry_ms;

    return from_ms > engine->now_ms ? from_ms : engine->now_ms;
}

/* V2: soon again while suspect, or when another probe's suspicion came during the attempt. */
static void plan_again(struct engine *engine, uint32_t check, msec_t waited_ms)
{
    struct check_state *state = &engine->checks[check];
    bool suspect = state->verdict.state == VERDICT_SUSPECT;
    msec_t due_ms;

    if (suspect)
        due_ms = engine->now_ms + engine->settings->checks[check].retry_ms;
    else if (state->again)
        due_ms = state->asked_ms = soonest(engine, check);
    else
        due_ms = usual_turn(engine, check, waited_ms);
    state->soon = suspect || state->again;
    state->again = false;
    plan(engine, check, due_ms);
}

bool rhythm_was_asked(const struct engine *engine, uint32_t check)
{
    return engine->now_ms - engine->checks[check].asked_ms <=
           engine->settings->checks[check].interval_ms;
}

void rhythm_look_soon(struct engine *engine, uint32_t check)
{
    struct check_state *state = &engine->checks[check];

    if (state->in_flight) {
        state->again = true;
        return;
    }
    if (engine->schedule.items[check].due_ms > engine->now_ms) {
        msec_t turn_ms = soon_turn(engine);
        msec_t soon_ms = soonest(engine, check);

        if (soon_ms < turn_ms)
            soon_ms = turn_ms;
        if (soon_ms < engine->schedule.items[check].due_ms)
            schedule_put(&engine->schedule, check, soon_ms);
    }
    state->soon = true;
    state->asked_ms = engine->schedule.items[check].due_ms;
}

/* ---- how late ---- */

static void count(struct engine *engine, uint32_t token, msec_t late_ms)
{
    struct rhythm_view *view = &engine->rhythm.view;
    struct rhythm_part *part = &engine->rhythm.parts[0];
    bool is_late = late_ms > late_from_ms(engine, token);
    uint32_t bin = 0;

    while (bin < RHYTHM_BOUNDS && late_ms > rhythm_bounds_ms[bin])
        bin++;
    view->bins[bin]++;
    view->begun++;
    view->late += is_late;
    view->sum_ms += late_ms;
    part->begun++;
    part->late += is_late;
    part->sum_ms += late_ms;
    if (late_ms > part->worst_ms)
        part->worst_ms = late_ms;
}

void rhythm_end(struct engine *engine, uint32_t check, msec_t waited_ms)
{
    struct check_state *state = &engine->checks[check];

    if (!state->in_flight) { /* a report came by itself: nobody waited for a turn */
        state->late_ms = 0;
    } else {
        state->late_ms = kept(state->late_ms + waited_ms);
        count(engine, check, state->late_ms);
    }
    state->in_flight = false;
    plan_again(engine, check, waited_ms);
}

void rhythm_end_reference(struct engine *engine, uint32_t reference, msec_t waited_ms)
{
    struct reference_state *state = &engine->references[reference];
    uint32_t token = engine->settings->check_count + reference;

    if (state->in_flight)
        count(engine, token, state->late_ms + waited_ms);
    state->in_flight = false;
    plan(engine, token, grid(engine, token, engine->now_ms));
}

/* ---- overload ---- */

/* Of the last whole parts together. */
static void sum_up(const struct engine *engine, struct rhythm_view *view)
{
    msec_t sum_ms = 0;

    view->recent_begun = 0;
    view->recent_late = 0;
    view->recent_worst_ms = 0;
    for (uint32_t i = 1; i <= RHYTHM_PARTS; i++) {
        const struct rhythm_part *part = &engine->rhythm.parts[i];

        view->recent_begun += part->begun;
        view->recent_late += part->late;
        sum_ms += part->sum_ms;
        if (part->worst_ms > view->recent_worst_ms)
            view->recent_worst_ms = part->worst_ms;
    }
    view->recent_mean_ms = view->recent_begun > 0 ? sum_ms / view->recent_begun : 0;
}

/* One stall is no overload, however many it delayed: it has to go on. */
static bool goes_on(const struct engine *engine)
{
    for (uint32_t i = 1; i <= RHYTHM_PARTS; i++) {
        if (engine->rhythm.parts[i].late == 0)
            return false;
    }
    return true;
}

static bool is_overloaded(const struct engine *engine, const struct rhythm_view *view)
{
    uint64_t late = 100 * (uint64_t)view->recent_late;

    if (view->is_overloaded)
        return view->recent_late > 0 && late >= OVERLOAD_OFF_PCT * (uint64_t)view->recent_begun;
    return goes_on(engine) && late >= OVERLOAD_ON_PCT * (uint64_t)view->recent_begun;
}

void rhythm_look(struct engine *engine)
{
    struct rhythm *rhythm = &engine->rhythm;
    bool before = rhythm->view.is_overloaded;

    if (engine->now_ms < rhythm->part_end_ms)
        return;
    memmove(&rhythm->parts[1], &rhythm->parts[0], RHYTHM_PARTS * sizeof(rhythm->parts[0]));
    rhythm->parts[0] = (struct rhythm_part){0};
    rhythm->part_end_ms = engine->now_ms + RHYTHM_PART_MS;
    sum_up(engine, &rhythm->view);
    rhythm->view.is_overloaded = is_overloaded(engine, &rhythm->view);
    if (rhythm->view.is_overloaded != before)
        engine->stirred = true; /* alerting.c tells it */
}

/* ---- what others may see ---- */

void engine_rhythm(const struct engine *engine, struct rhythm_view *ret_view)
{
    *ret_view = engine->rhythm.view;
}

bool engine_looks_soon(const struct engine *engine, uint32_t token)
{
    return token >= engine->settings->check_count || engine->checks[token].soon;
}
