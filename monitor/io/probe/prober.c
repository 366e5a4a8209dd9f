/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: everything that begins, ends or is late does so here; a kind of check only says what
 * happens on its connection. attempt.h draws the way of an attempt.
 *
 * Two things keep our own faults from becoming votes (V4). A deadline that has come is judged only
 * after the loop has polled once more, so that an answer which waited for us is read first. And a
 * pulse measures for how long we ourselves stood still: an attempt that failed meanwhile is void.
 */
#include "attempt.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_TOKENS = 64 };

static usec_t now_us(void)
{
    return (usec_t)(uv_hrtime() / 1000);
}

static msec_t now_ms(void)
{
    return (msec_t)(uv_hrtime() / 1000000);
}

/* A prober without memory has nobody left to tell; the supervisor restarts us. */
static void *need(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

/* ---- standing still ---- */

static msec_t pulse_lateness(const struct prober *prober)
{
    msec_t late_ms = now_ms() - prober->last_pulse_ms - PULSE_MS;

    return late_ms > PULSE_GRACE_MS ? late_ms : 0;
}

static msec_t lag(const struct prober *prober)
{
    return prober->lag_ms + pulse_lateness(prober);
}

static void on_pulse(uv_timer_t *timer)
{
    struct prober *prober = timer->data;

    prober->lag_ms += pulse_lateness(prober);
    prober->last_pulse_ms = now_ms();
}

/* The pulse beats only while something is in flight. */
static void count_running(struct prober *prober, int change)
{
    bool was_idle = prober->running_count == 0;

    prober->running_count = (unsigned)((int)prober->running_count + change);
    if (was_idle) {
        prober->last_pulse_ms = now_ms();
        uv_timer_start(&prober->pulse, on_pulse, PULSE_MS, PULSE_MS);
    } else if (prober->running_count == 0) {
        uv_timer_stop(&prober->pulse);
    }
}

/* ---- the end of an attempt ---- */

static void take_out(struct attempt *attempt)
{
    struct prober *prober = attempt->prober;

    if (attempt->phase == PHASE_WAITING) {
        TAILQ_REMOVE(&prober->waiting, attempt, link);
    } else if (attempt->phase == PHASE_ENDED) {
        TAILQ_REMOVE(&prober->ended, attempt, link);
    } else {
        TAILQ_REMOVE(&prober->running, attempt, link);
        count_running(prober, -1);
        wheel_clear(&prober->wheel, &attempt->deadline);
        resolver_cancel(attempt->lookup);
        attempt->lookup = NULL;
        attempt->kind->release(attempt);
    }
}

static void on_turn(uv_idle_t *idle);

static void put_into_ended(struct attempt *attempt)
{
    take_out(attempt);
    attempt->phase = PHASE_ENDED;
    TAILQ_INSERT_TAIL(&attempt->prober->ended, attempt, link);
    uv_idle_start(&attempt->prober->turn, on_turn);
}

/* For how long we stood still, when the result may be owed to that; 0: it counts (V4). */
static msec_t own_fault_ms(const struct attempt *attempt, enum result_class class)
{
    msec_t late_ms = (now_us() - attempt->begun_us) / 1000 - attempt->timeout_ms;
    msec_t lag_ms = lag(attempt->prober) - attempt->lag_before_ms;

    if (class == RESULT_VOID)
        return 0;
    if (late_ms > LATE_MAX_MS)
        return late_ms;
    return class == RESULT_BAD && lag_ms > LATE_MAX_MS ? lag_ms : 0;
}

void attempt_end(struct attempt *attempt, enum result_class class, enum failure failure,
                 const char *format, ...)
{
    struct result *result = &attempt->result;
    msec_t fault_ms;
    va_list arguments;
    int used = 0;

    assert(attempt->phase != PHASE_WAITING && attempt->phase != PHASE_ENDED);
    fault_ms = own_fault_ms(attempt, class);
    if (fault_ms > 0) {
        class = RESULT_VOID;
        used = snprintf(result->detail, sizeof(result->detail),
                        "we stood still for %lld ms: ", (long long)fault_ms);
    }
    va_start(arguments, format);
    vsnprintf(result->detail + used, sizeof(result->detail) - (size_t)used, format, arguments);
    va_end(arguments);
    result->class = class;
    result->failure = failure;
    result->timings.total_us = now_us() - attempt->begun_us;
    put_into_ended(attempt);
}

void attempt_judge(struct attempt *attempt, int status, const char *body, size_t body_length)
{
    struct answer answer = {.status = status, .body = body, .body_length = body_length};
    char detail[RESULT_DETAIL_MAX + 1];
    enum failure failure;

    attempt->result.status = status;
    if (attempt->request.assertion == NULL ||
        assertion_holds(attempt->request.assertion, &answer, &failure, detail, sizeof(detail)))
        attempt_end(attempt, RESULT_GOOD, FAILURE_NONE, "status %d", status);
    else
        attempt_end(attempt, RESULT_BAD, failure, "%s", detail);
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
        free(attempt);
        prober->done(prober->context, token, &result);
        if (is_last)
            break;
    }
}

/* ---- addresses ---- */

void attempt_mark(struct attempt *attempt, usec_t *ret_us)
{
    usec_t now = now_us();

    *ret_us = now - attempt->mark_us;
    attempt->mark_us = now;
}

union address attempt_address(const struct attempt *attempt)
{
    union address address = attempt->resolution.addresses[attempt->address_index];

    address_set_port(&address, attempt->request.port);
    return address;
}

/* What our own machine refuses says nothing about the endpoint. */
static bool is_own_fault(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
           error == EADDRNOTAVAIL || error == EACCES || error == EPERM || error == EAGAIN;
}

void attempt_connect_failed(struct attempt *attempt, int error)
{
    union address address = attempt_address(attempt);
    char text[ADDRESS_TEXT_MAX];

    attempt->kind->release(attempt);
    if (!is_own_fault(error) && attempt->address_index + 1 < attempt->resolution.count) {
        attempt->address_index++;
        attempt->phase = PHASE_CONNECTING;
        attempt->kind->begin(attempt);
        return;
    }
    address_format(&address, text);
    if (is_own_fault(error))
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "this machine cannot connect to %s: %s",
                    text, strerror(error));
    else
        attempt_end(attempt, RESULT_BAD, FAILURE_CONNECT, "%s: %s", text, strerror(error));
}

void attempt_lost(struct attempt *attempt, int error)
{
    attempt_end(attempt, RESULT_BAD, FAILURE_CONNECT, "connection lost while %s: %s",
                attempt->kind->doing(attempt), strerror(error));
}

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct attempt *attempt = context;
    enum dns_status status = resolution->status;

    attempt->lookup = NULL;
    attempt_mark(attempt, &attempt->result.timings.resolve_us);
    if (status == DNS_CANCELLED || status == DNS_NO_MEMORY || status == DNS_NO_SOCKET) {
        attempt_end(attempt, RESULT_VOID, FAILURE_DNS, "%s: %s", attempt->request.host,
                    dns_status_name(status));
        return;
    }
    if (status != DNS_OK) {
        attempt_end(attempt, RESULT_BAD, FAILURE_DNS, "%s: %s", attempt->request.host,
                    dns_status_name(status));
        return;
    }
    attempt->resolution = *resolution;
    attempt->phase = PHASE_CONNECTING;
    attempt->kind->begin(attempt);
}

static void resolve(struct attempt *attempt)
{
    const struct request *request = &attempt->request;
    bool pinned = request->address != NULL && request->address[0] != '\0';
    const char *name = pinned ? request->address : request->host;
    struct resolver *resolver = attempt->prober->resolver;
    struct resolution resolution;

    attempt->phase = PHASE_RESOLVING;
    if (resolver_peek(resolver, name, &resolution))
        on_resolved(attempt, &resolution);
    else
        attempt->lookup = resolver_lookup(resolver, name, on_resolved, attempt);
}

/* ---- deadlines ---- */

static void on_deadline(struct attempt *attempt)
{
    bool naming = attempt->phase == PHASE_RESOLVING;

    attempt_end(attempt, RESULT_BAD, naming ? FAILURE_DNS : FAILURE_TIMEOUT,
                "timeout after %lld ms while %s", (long long)attempt->timeout_ms,
                naming ? "resolving the name" : attempt->kind->doing(attempt));
}

static void on_after_poll(uv_check_t *check);

/* Something is due: polls once without waiting (the idle handle sees to that), then judges. */
static void on_wheel_timer(uv_timer_t *timer)
{
    struct prober *prober = timer->data;

    prober->wheel_armed_ms = -1;
    uv_check_start(&prober->after_poll, on_after_poll);
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

static void on_after_poll(uv_check_t *check)
{
    struct prober *prober = check->data;
    struct wheel_timer *timer;

    uv_check_stop(check);
    while ((timer = wheel_expire(&prober->wheel, now_ms())) != NULL)
        on_deadline((struct attempt *)(void *)((char *)timer - offsetof(struct attempt, deadline)));
    arm_wheel(prober);
    prober_deliver(prober);
}

/* ---- beginning ---- */

static void begin(struct attempt *attempt)
{
    struct prober *prober = attempt->prober;

    TAILQ_REMOVE(&prober->waiting, attempt, link);
    TAILQ_INSERT_TAIL(&prober->running, attempt, link);
    attempt->phase = PHASE_CONNECTING;
    count_running(prober, 1);
    attempt->lag_before_ms = lag(prober);
    attempt->begun_us = now_us();
    attempt->mark_us = attempt->begun_us;
    /* One more: the millisecond that has begun already is not whole. */
    wheel_set(&prober->wheel, &attempt->deadline, now_ms() + attempt->timeout_ms + 1);
    if (attempt->kind->needs_address)
        resolve(attempt);
    else
        attempt->kind->begin(attempt);
}

static void on_turn(uv_idle_t *idle)
{
    struct prober *prober = idle->data;
    struct attempt *attempt;

    for (int i = 0; i < STARTS_PER_TURN; i++) {
        attempt = TAILQ_FIRST(&prober->waiting);
        if (attempt == NULL)
            break;
        begin(attempt);
    }
    arm_wheel(prober);
    prober_deliver(prober);
    if (TAILQ_EMPTY(&prober->waiting) && TAILQ_EMPTY(&prober->ended) &&
        !uv_is_active((uv_handle_t *)&prober->after_poll))
        uv_idle_stop(idle);
}

static struct attempt **slot_of(struct prober *prober, uint32_t token)
{
    uint32_t count = prober->token_count;

    assert(token < TOKENS_MAX);
    while (count <= token)
        count *= 2;
    if (count > prober->token_count) {
        prober->by_token = need(realloc(prober->by_token, count * sizeof(struct attempt *)));
        memset(prober->by_token + prober->token_count, 0,
               (count - prober->token_count) * sizeof(struct attempt *));
        prober->token_count = count;
    }
    return &prober->by_token[token];
}

static void start(struct prober *prober, uint32_t token, const struct attempt_kind *kind,
                  const struct request *request, msec_t timeout_ms)
{
    struct attempt **slot = slot_of(prober, token);
    struct attempt *attempt = need(calloc(1, sizeof(*attempt)));

    assert(!prober->closing);
    assert(*slot == NULL); /* one attempt in flight for each token */
    attempt->prober = prober;
    attempt->token = token;
    attempt->kind = kind;
    attempt->request = *request;
    attempt->timeout_ms = timeout_ms;
    attempt->lean.fd = -1;
    attempt->result.timings = (struct timings){-1, -1, -1, -1, -1};
    *slot = attempt;
    TAILQ_INSERT_TAIL(&prober->waiting, attempt, link);
    uv_idle_start(&prober->turn, on_turn);
}

void prober_start(struct prober *prober, uint32_t token, const struct check *check)
{
    const struct request request = {.host = check->host,
                                    .address = check->address,
                                    .port = check->port,
                                    .method = check->method,
                                    .target = check->target,
                                    .headers = check->headers,
                                    .header_count = check->header_count,
                                    .verify = check->verify,
                                    .ca_file = check->ca_file,
                                    .assertion = check->assertion};
    const struct attempt_kind *kind = check->tls ? &kind_https : &kind_http;

    start(prober, token, check->kind == CHECK_TCP ? &kind_tcp : kind, &request, check->timeout_ms);
}

void prober_start_reference(struct prober *prober, uint32_t token,
                            const struct reference *reference, msec_t timeout_ms)
{
    const struct request request = {.host = reference->host,
                                    .port = reference->port,
                                    .method = "GET",
                                    .target = reference->target,
                                    .verify = true};
    const struct attempt_kind *kind = reference->tls ? &kind_https : &kind_http;

    start(prober, token, reference->kind == REFERENCE_DNS ? &kind_dns : kind, &request, timeout_ms);
}

void prober_cancel(struct prober *prober, uint32_t token)
{
    struct attempt *attempt = token < prober->token_count ? prober->by_token[token] : NULL;

    if (attempt == NULL)
        return;
    if (attempt->phase != PHASE_ENDED)
        put_into_ended(attempt);
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
    https_close(prober);
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
        free(attempt);
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
    discard_all(&prober->waiting);
    discard_all(&prober->running);
    discard_all(&prober->ended);
    uv_close((uv_handle_t *)&prober->wheel_timer, on_handle_closed);
    uv_close((uv_handle_t *)&prober->pulse, on_handle_closed);
    uv_close((uv_handle_t *)&prober->after_poll, on_handle_closed);
    uv_close((uv_handle_t *)&prober->turn, on_handle_closed);
    if (prober->lean.epoll_fd >= 0)
        lean_close(prober);
    if (prober->resolver != NULL)
        resolver_close(prober->resolver, on_part_closed, prober);
    if (prober->curl_loop != NULL)
        curl_loop_close(prober->curl_loop, on_part_closed, prober);
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
    TAILQ_INIT(&prober->waiting);
    TAILQ_INIT(&prober->running);
    TAILQ_INIT(&prober->ended);
    wheel_init(&prober->wheel, now_ms());
    uv_timer_init(loop, &prober->wheel_timer);
    uv_timer_init(loop, &prober->pulse);
    uv_check_init(loop, &prober->after_poll);
    uv_idle_init(loop, &prober->turn);
    prober->wheel_timer.data = prober;
    prober->pulse.data = prober;
    prober->after_poll.data = prober;
    prober->turn.data = prober;
    prober->open_count = 4;
    return prober;
}

static int open_parts(struct prober *prober, const char *servers)
{
    int code = lean_open(prober);

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
