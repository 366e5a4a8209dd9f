/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: everything that begins, ends or is late does so here; a kind of check only says what
 * happens on its connection. attempt.h draws the way of an attempt.
 *
 * Two things keep our own faults from becoming votes (V4). A deadline is judged only when it had
 * come before the loop polled last, so that an answer which waited for us is read first. And what
 * an attempt lost through us is given back to it (lateness.c). */
#include "attempt.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud.h"
#include "http1.h"
#include "reuse.h"
#include "trust.h"

enum { FIRST_TOKENS = 64 };

usec_t prober_now_us(void)
{
    return (usec_t)(uv_hrtime() / 1000);
}

msec_t prober_now_ms(void)
{
    return (msec_t)(uv_hrtime() / 1000000);
}

void *prober_need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- the end of an attempt ---- */

static struct attempts *queue_of(const struct attempt *attempt)
{
    return attempt->is_hurried ? &attempt->prober->hurried : &attempt->prober->waiting;
}

static void take_out(struct attempt *attempt)
{
    struct prober *prober = attempt->prober;

    if (attempt->phase == PHASE_WAITING) {
        TAILQ_REMOVE(queue_of(attempt), attempt, link);
    } else if (attempt->phase == PHASE_ENDED) {
        TAILQ_REMOVE(&prober->ended, attempt, link);
    } else {
        TAILQ_REMOVE(&prober->running, attempt, link);
        lateness_count_running(prober, -1);
        attempt_release(attempt);
    }
}

static void on_turn(uv_idle_t *idle);

void prober_put_into_ended(struct attempt *attempt)
{
    take_out(attempt);
    attempt->phase = PHASE_ENDED;
    TAILQ_INSERT_TAIL(&attempt->prober->ended, attempt, link);
    uv_idle_start(&attempt->prober->turn, on_turn);
}

static void attempt_free(struct attempt *attempt)
{
    free(attempt->spread);
    free(attempt);
}

/* Detach, then report: only what had ended when we began, so that a `done` that starts attempts
 * which fail at once does not keep the loop from its other work. */
void prober_deliver(struct prober *prober)
{
    struct attempt *last = TAILQ_LAST(&prober->ended, attempts);
    struct attempt *attempt;

    while ((attempt = TAILQ_FIRST(&prober->ended)) != NULL) {
        bool is_last = attempt == last;
        struct result result = attempt->result;
        uint32_t token = attempt->token;

        take_out(attempt);
        prober->by_token[token] = NULL;
        attempt_free(attempt);
        prober->done(prober->context, token, &result);
        if (is_last)
            break;
    }
}

/* ---- deadlines ---- */

static void on_deadline(struct attempt *attempt)
{
    bool naming = attempt->phase == PHASE_RESOLVING;

    attempt_end(attempt, attempt->kind->is_hearsay ? RESULT_VOID : RESULT_BAD,
                naming ? FAILURE_DNS : FAILURE_TIMEOUT, "timeout after %lld ms while %s",
                (long long)attempt->check->timeout_ms,
                naming ? "resolving the name" : attempt->kind->doing(attempt));
}

void prober_set_timer(struct attempt *attempt, msec_t at_ms)
{
    attempt->wakes = at_ms < attempt->due_ms;
    wheel_set(&attempt->prober->wheel, &attempt->timer, attempt->wakes ? at_ms : attempt->due_ms);
}

/* Its time is not over when a part of it was ours (V4). */
static bool goes_on(struct attempt *attempt)
{
    msec_t owed_ms = lateness_owed(attempt);

    if (owed_ms <= 0)
        return false;
    attempt->given_back_ms += owed_ms;
    attempt->due_ms += owed_ms;
    prober_set_timer(attempt, attempt->due_ms);
    return true;
}

/* What had its answer in time, and waits for something that is not judged, is not late. */
static void on_time(struct attempt *attempt)
{
    if (!attempt->wakes && attempt->answered_us == 0) {
        if (!goes_on(attempt))
            on_deadline(attempt);
        return;
    }
    prober_set_timer(attempt, attempt->due_ms);
    attempt->kind->on_wake(attempt);
}

/* Something is due: polls once without waiting (the idle handle sees to that), then judges. */
static void on_wheel_timer(uv_timer_t *timer)
{
    struct prober *prober = timer->data;

    prober->wheel_armed_ms = -1;
    prober->is_due = true;
    uv_idle_start(&prober->turn, on_turn);
}

static void arm_wheel(struct prober *prober)
{
    msec_t next_ms = wheel_next(&prober->wheel);
    msec_t delay_ms = next_ms - (msec_t)uv_now(prober->loop);

    if (next_ms < 0 || (prober->wheel_armed_ms >= 0 && prober->wheel_armed_ms <= next_ms))
        return;
    prober->wheel_armed_ms = next_ms;
    uv_timer_start(&prober->wheel_timer, on_wheel_timer, delay_ms > 0 ? (uint64_t)delay_ms : 0, 0);
}

/* Wakes count from now, not from the loop's cached time: what a kind did before may have lasted. */
void attempt_wake(struct attempt *attempt, msec_t after_ms)
{
    assert(attempt->kind->on_wake != NULL);
    wheel_clear(&attempt->prober->wheel, &attempt->timer);
    prober_set_timer(attempt, prober_now_ms() + after_ms);
    arm_wheel(attempt->prober);
}

/* Judges what was due when the loop polled: for what has become due since, while we acted on what
 * came, an answer may lie in the kernel. */
static void judge_due(struct prober *prober)
{
    msec_t polled_ms = prober->asked_us / 1000;
    struct wheel_timer *timer;

    prober->is_due = false;
    while ((timer = wheel_expire(&prober->wheel, polled_ms)) != NULL)
        on_time((struct attempt *)(void *)((char *)timer - offsetof(struct attempt, timer)));
    arm_wheel(prober);
    prober_deliver(prober);
}

static void on_after_poll(uv_check_t *check)
{
    struct prober *prober = check->data;

    if (prober->is_due)
        judge_due(prober);
    lateness_end_turn(prober);
}

/* ---- beginning ---- */

void attempt_begin_time(struct attempt *attempt)
{
    attempt->begun_us = prober_now_us();
    lateness_begin(attempt);
    attempt->mark_us = attempt->begun_us;
    attempt->result.late_ms = (attempt->begun_us - attempt->asked_us) / 1000;
    /* One more: the millisecond that has begun already is not whole. */
    attempt->due_ms = attempt->begun_us / 1000 + attempt->check->timeout_ms + 1;
    wheel_clear(&attempt->prober->wheel, &attempt->timer);
    prober_set_timer(attempt, attempt->due_ms);
    arm_wheel(attempt->prober);
}

static void begin(struct attempt *attempt)
{
    struct prober *prober = attempt->prober;

    TAILQ_REMOVE(queue_of(attempt), attempt, link);
    TAILQ_INSERT_TAIL(&prober->running, attempt, link);
    attempt->phase = PHASE_CONNECTING;
    lateness_count_running(prober, 1);
    attempt_begin_time(attempt);
    if (attempt->kind->needs_address)
        spread_resolve(attempt);
    else
        attempt->kind->begin(attempt);
}

static bool is_waited(const struct prober *prober)
{
    return !TAILQ_EMPTY(&prober->waiting) || !TAILQ_EMPTY(&prober->hurried);
}

bool prober_is_pressed(const struct prober *prober)
{
    return prober->turn_us > 0;
}

/* How many may begin now: fewer while the loop's turns last long, for what is under way has to be
 * served, or our own load would show in its latency. While some wait, turns come one after the
 * other without a pause. */
static unsigned admit(struct prober *prober)
{
    usec_t now_us = prober_now_us();

    if (prober->turn_us == 0)
        prober->turn_count = STARTS_PER_TURN;
    else if (now_us - prober->turn_us > TURN_MAX_MS * 1000)
        prober->turn_count /= 2;
    else
        prober->turn_count++;
    prober->turn_us = now_us;
    if (prober->turn_count < STARTS_MIN)
        prober->turn_count = STARTS_MIN;
    if (prober->turn_count > STARTS_PER_TURN)
        prober->turn_count = STARTS_PER_TURN;
    return prober->turn_count;
}

/* In turn from both queues: suspicions do not wait behind thousands of checks (V2), and as many of
 * them as there may be leave every other place to the rest (V4). */
static void begin_some(struct prober *prober)
{
    unsigned count = is_waited(prober) ? admit(prober) : 0;

    for (unsigned i = 0; i < count && is_waited(prober); i++) {
        bool hurried =
            !TAILQ_EMPTY(&prober->hurried) && (i % 2 == 0 || TAILQ_EMPTY(&prober->waiting));

        begin(TAILQ_FIRST(hurried ? &prober->hurried : &prober->waiting));
    }
    if (!is_waited(prober))
        prober->turn_us = 0;
}

static void on_turn(uv_idle_t *idle)
{
    struct prober *prober = idle->data;

    begin_some(prober);
    arm_wheel(prober);
    prober_deliver(prober);
    if (!is_waited(prober) && TAILQ_EMPTY(&prober->ended) && !prober->is_due)
        uv_idle_stop(idle);
}

static struct attempt **slot_of(struct prober *prober, uint32_t token)
{
    uint32_t count = prober->token_count;

    assert(token < TOKENS_MAX);
    while (count <= token)
        count *= 2;
    if (count > prober->token_count) {
        prober->by_token = prober_need(realloc(prober->by_token, count * sizeof(struct attempt *)));
        memset(prober->by_token + prober->token_count, 0,
               (count - prober->token_count) * sizeof(struct attempt *));
        prober->token_count = count;
    }
    return &prober->by_token[token];
}

/* Returns an attempt with room behind it for so much. */
static struct attempt *start(struct prober *prober, uint32_t token, size_t extra)
{
    struct attempt **slot = slot_of(prober, token);
    struct attempt *attempt = prober_need(calloc(1, sizeof(*attempt) + extra));

    assert(!prober->closing);
    assert(*slot == NULL); /* one attempt in flight for each token */
    attempt->prober = prober;
    attempt->token = token;
    attempt->lean.fd = -1;
    attempt->asked_us = prober_now_us();
    attempt->result.timings = (struct timings){-1, -1, -1, -1, -1};
    *slot = attempt;
    TAILQ_INSERT_TAIL(&prober->waiting, attempt, link);
    uv_idle_start(&prober->turn, on_turn);
    return attempt;
}

void prober_start(struct prober *prober, uint32_t token, const struct check *check)
{
    struct attempt *attempt = start(prober, token, 0);

    attempt->check = check;
    attempt->kind = kind_of(check);
}

void prober_hurry(struct prober *prober, uint32_t token)
{
    struct attempt *attempt = token < prober->token_count ? prober->by_token[token] : NULL;

    assert(attempt != NULL && attempt->phase == PHASE_WAITING && !attempt->is_hurried);
    TAILQ_REMOVE(&prober->waiting, attempt, link);
    TAILQ_INSERT_TAIL(&prober->hurried, attempt, link);
    attempt->is_hurried = true;
}

void prober_explain(struct prober *prober, uint32_t token, struct account *account)
{
    struct attempt *attempt = token < prober->token_count ? prober->by_token[token] : NULL;

    assert(attempt != NULL && attempt->phase == PHASE_WAITING);
    attempt->account = account;
}

/* What a reference asks for, as a check. The name server of one is always a literal; that of a
 * cloud's machines has a link-local address. */
void prober_start_reference(struct prober *prober, uint32_t token,
                            const struct reference *reference, msec_t timeout_ms)
{
    struct attempt *attempt = start(prober, token, sizeof(struct check));
    struct check *check = (struct check *)(attempt + 1);
    bool is_name_server = reference->kind == REFERENCE_DNS;

    *check = (struct check){.kind = is_name_server ? CHECK_DNS : CHECK_HTTP,
                            .url = reference->text,
                            .host = reference->host,
                            .port = reference->port,
                            .target = reference->target,
                            .tls = reference->tls,
                            .verify = true,
                            .address = "",
                            .need = NEED_ANY,
                            .allow = is_name_server ? ALLOW_LINK_LOCAL : 0,
                            .method = "GET",
                            .body_max = HTTP1_BODY_MAX,
                            .timeout_ms = timeout_ms};
    attempt->check = check;
    attempt->kind = is_name_server ? &kind_name_server : kind_of(check);
}

void prober_set_records(struct prober *prober, const struct service_record *records, uint32_t count)
{
    prober->records = records;
    prober->record_count = count;
}

void prober_cancel(struct prober *prober, uint32_t token)
{
    struct attempt *attempt = token < prober->token_count ? prober->by_token[token] : NULL;

    if (attempt == NULL)
        return;
    if (attempt->phase != PHASE_ENDED)
        prober_put_into_ended(attempt);
    attempt->result.class = RESULT_VOID;
    attempt->result.failure = FAILURE_NONE;
    snprintf(attempt->result.detail, sizeof(attempt->result.detail), "cancelled");
}

/* ---- the prober itself ---- */

void prober_release(struct prober *prober)
{
    void (*closed)(void *) = prober->closed;
    void *context = prober->closed_context;

    if (--prober->open_count > 0)
        return;
    assert(prober->closing);
    http_curl_close(prober);
    reuse_close(prober);
    trust_close(prober);
    free(prober->by_token);
    free(prober);
    closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    prober_release(handle->data);
}

static void on_part_closed(void *context)
{
    prober_release(context);
}

static void discard_all(struct attempts *attempts)
{
    struct attempt *attempt;

    while ((attempt = TAILQ_FIRST(attempts)) != NULL) {
        take_out(attempt);
        attempt_free(attempt);
    }
}

void prober_close(struct prober *prober, void (*closed)(void *context), void *context)
{
    if (prober == NULL) {
        closed(context);
        return;
    }
    assert(!prober->closing);
    prober->closing = true;
    prober->closed = closed;
    prober->closed_context = context;
    discard_all(&prober->hurried);
    discard_all(&prober->waiting);
    discard_all(&prober->running);
    discard_all(&prober->ended);
    naming_close(prober);
    uv_close((uv_handle_t *)&prober->wheel_timer, on_handle_closed);
    uv_close((uv_handle_t *)&prober->pulse, on_handle_closed);
    uv_close((uv_handle_t *)&prober->before_poll, on_handle_closed);
    uv_close((uv_handle_t *)&prober->after_poll, on_handle_closed);
    uv_close((uv_handle_t *)&prober->turn, on_handle_closed);
    if (prober->lean.epoll_fd >= 0)
        lean_set_close(prober);
    if (prober->resolver != NULL)
        resolver_close(prober->resolver, on_part_closed, prober);
    if (prober->curl_loop != NULL)
        curl_loop_close(prober->curl_loop, on_part_closed, prober);
    if (prober->cloud != NULL)
        cloud_close(prober->cloud, on_part_closed, prober);
}

static struct prober *create_empty(uv_loop_t *loop)
{
    struct prober *prober = calloc(1, sizeof(*prober));

    if (prober == NULL)
        return NULL;
    prober->by_token = calloc(FIRST_TOKENS, sizeof(struct attempt *));
    if (prober->by_token == NULL) {
        free(prober);
        return NULL;
    }
    prober->token_count = FIRST_TOKENS;
    prober->loop = loop;
    prober->lean.epoll_fd = -1;
    prober->wheel_armed_ms = -1;
    TAILQ_INIT(&prober->hurried);
    TAILQ_INIT(&prober->waiting);
    TAILQ_INIT(&prober->running);
    TAILQ_INIT(&prober->ended);
    TAILQ_INIT(&prober->programs);
    wheel_init(&prober->wheel, prober_now_ms());
    uv_timer_init(loop, &prober->wheel_timer);
    uv_check_init(loop, &prober->after_poll);
    uv_idle_init(loop, &prober->turn);
    prober->wheel_timer.data = prober;
    prober->after_poll.data = prober;
    prober->turn.data = prober;
    lateness_open(prober);
    uv_check_start(&prober->after_poll, on_after_poll);
    prober->open_count = 5;
    return prober;
}

static int open_parts(struct prober *prober, const char *servers)
{
    int code = lean_set_open(prober);

    if (code < 0)
        return code;
    prober->open_count++;
    code = resolver_create(prober->loop, servers, &prober->resolver);
    if (code < 0)
        return code;
    prober->open_count++;
    code = curl_loop_create(prober->loop, &prober->curl_loop);
    if (code < 0)
        return code;
    prober->open_count++;
    return 0;
}

static void ignore(void *context)
{
    (void)context;
}

int prober_create_asking(uv_loop_t *loop, const char *servers, prober_done done, void *context,
                         struct prober **ret_prober)
{
    struct prober *prober = create_empty(loop);
    int code;

    if (prober == NULL)
        return -ENOMEM;
    prober->done = done;
    prober->context = context;
    code = open_parts(prober, servers);
    if (code < 0) {
        prober_close(prober, ignore, NULL);
        return code;
    }
    *ret_prober = prober;
    return 0;
}

int prober_create(uv_loop_t *loop, prober_done done, void *context, struct prober **ret_prober)
{
    return prober_create_asking(loop, NULL, done, context, ret_prober);
}
