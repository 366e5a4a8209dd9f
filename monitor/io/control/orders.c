/* SPDX-License-Identifier: Apache-2.0 */
/* POST /api/v1/orders. An order goes into the store, and the answer waits, up to ORDER_WAIT_MS, for
 * what becomes of it, so that the operator reads an outcome and not a receipt.
 *
 *     body -> name of who gave it (a thread: name services may be slow) -> store -> look -> reply
 *
 * A failback or ack that a rule refuses is withdrawn: what was answered "not now" must not move
 * traffic later. With an end of its own (for_seconds) it stands and waits; drain and freeze stand
 * until undone. The withdrawal compares the order as seen, so it cannot undo what was obeyed, and
 * raises its revision, so a commit that still rests on it fails (D8). */
#include "orders.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

struct order_job {
    LIST_ENTRY(order_job) link; /* while in control->orders */
    uv_work_t lookup;
    struct ticket *ticket;
    uint32_t generation; /* of the settings that the order's indices belong to */
    struct order order;
    uid_t uid;
    msec_t deadline_ms;
    bool withdrawing;
    bool glass; /* for the engine alone: the store is away */
    struct glass_confirm confirm;
};

static void job_free(struct order_job *job)
{
    free(job->confirm.fences);
    free(job);
}

/* Ends the job: the request to answer, or NULL when nobody waits any more. */
static struct request *job_end(struct order_job *job, struct order *ret_order)
{
    struct request *request = ticket_redeem(job->ticket);

    *ret_order = job->order;
    job_free(job);
    return request;
}

static void job_fail(struct order_job *job, unsigned status, const char *code, const char *what)
{
    struct order order;
    struct request *request = job_end(job, &order);

    if (request == NULL)
        return;
    reply_error(request, status, code, "%s", what);
    request_resume(request);
}

/* ---- what became of it ---- */

static const struct order *find_seen(const struct engine *engine, const char *id)
{
    const struct order *orders;
    uint32_t count = engine_orders(engine, &orders);

    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(orders[i].id, id) == 0)
            return &orders[i];
    }
    return NULL;
}

static void job_answer(struct order_job *job, bool stands)
{
    struct order order;
    bool glass = job->glass;
    struct request *request = job_end(job, &order);

    if (request == NULL)
        return;
    if (glass)
        glass_reply(request, &order);
    else
        fate_reply(request, &order, find_seen(request->now.engine, order.id), stands);
    request_resume(request);
}

static void on_looking(uv_timer_t *timer);

static void job_look_later(struct order_job *job)
{
    struct control *control = job->ticket->request->control;

    if (LIST_EMPTY(&control->orders))
        uv_timer_start(&control->orders_timer, on_looking, ORDER_LOOK_MS, ORDER_LOOK_MS);
    LIST_INSERT_HEAD(&control->orders, job, link);
}

static void on_withdrawn(void *context, enum store_status status, const char *error)
{
    struct order_job *job = context;

    (void)error;
    if (job->ticket->request == NULL) {
        job_answer(job, true); /* frees; nobody listens */
    } else if (status == STORE_CONFLICT) {
        job->withdrawing = false;
        job->deadline_ms = loop_now_ms() + ORDER_WAIT_MS; /* obeyed meanwhile: look again */
        job_look_later(job);
    } else {
        job_answer(job, status != STORE_OK);
    }
}

/* True when "not now" would otherwise mean "perhaps later". */
static bool must_withdraw(const struct order *order)
{
    return (order->verb == ORDER_FAILBACK || order->verb == ORDER_ACK) && order->until_wall == 0;
}

static void job_held(struct order_job *job, struct board *board, const struct order *seen)
{
    if (seen == NULL || !must_withdraw(&job->order))
        job_answer(job, true);
    else if (board_withdraw_order(board, seen, loop_wall_ms(), on_withdrawn, job) < 0)
        job_answer(job, true);
}

/* Break-glass waits for the zone, or for the rule that refuses it. */
static bool glass_job_look(struct order_job *job, const struct control_sources *now, bool final)
{
    if (!final && !glass_look_at(now, &job->order))
        return false;
    LIST_REMOVE(job, link);
    job_answer(job, true);
    return true;
}

/* True when the job is out of the list. */
static bool job_look(struct order_job *job)
{
    struct control *control = job->ticket->request != NULL ? job->ticket->request->control : NULL;
    struct control_sources now;
    const struct order *seen;
    enum fate fate;
    bool final = loop_now_ms() >= job->deadline_ms;

    if (control == NULL)
        return true;
    control->hooks.look(control->hooks.context, &now);
    if (control->generation != job->generation) {
        LIST_REMOVE(job, link);
        job_fail(job, MHD_HTTP_SERVICE_UNAVAILABLE, "reloaded",
                 "the settings were reloaded meanwhile; the order stands: see regionshift status");
        return true;
    }
    if (job->glass)
        return glass_job_look(job, &now, final);
    seen = find_seen(now.engine, job->order.id);
    fate = fate_look(&now, &job->order, seen, final);
    if (fate == FATE_PENDING && !final)
        return false;
    LIST_REMOVE(job, link);
    if (fate < FATE_PENDING)
        job_answer(job, true);
    else
        job_held(job, now.board, seen);
    return true;
}

static void on_looking(uv_timer_t *timer)
{
    struct control *control = timer->data;
    struct order_job *job = LIST_FIRST(&control->orders);

    while (job != NULL) {
        struct order_job *next = LIST_NEXT(job, link);

        (void)job_look(job);
        job = next;
    }
    if (LIST_EMPTY(&control->orders))
        uv_timer_stop(&control->orders_timer);
}

/* ---- into the store ---- */

static void on_written(void *context, enum store_status status, const char *error)
{
    struct order_job *job = context;

    if (status != STORE_OK) {
        job_fail(job, MHD_HTTP_SERVICE_UNAVAILABLE, "store",
                 error[0] != '\0' ? error : store_status_name(status));
    } else if (job->ticket->request == NULL) {
        job_answer(job, true);
    } else {
        job->deadline_ms = loop_now_ms() + ORDER_WAIT_MS;
        job_look_later(job);
    }
}

/* D7: a drain goes to the engine with what was confirmed; a restore takes a local drain back. */
static void glass_order(struct order_job *job, const struct control_sources *now)
{
    struct control *control = job->ticket->request->control;
    const struct order *drain = glass_local_drain(now->engine, job->order.region);

    log_say(LOG_LEVEL_WARN, "order %s: %s by %s, without the store: %s", job->order.id,
            order_verb_name(job->order.verb), job->order.by, job->order.reason);
    if (job->order.verb == ORDER_RESTORE) {
        if (drain != NULL)
            glass_take_back(control, drain);
        job_answer(job, true);
        return;
    }
    glass_tell(control, &job->order, &job->confirm);
    job->deadline_ms = loop_now_ms() + ORDER_WAIT_MS;
    job_look_later(job);
}

static void order_write(struct order_job *job)
{
    struct control *control = job->ticket->request->control;
    struct control_sources now;
    char error[256] = "";

    control->hooks.look(control->hooks.context, &now);
    if (control->generation != job->generation) {
        job_fail(job, MHD_HTTP_SERVICE_UNAVAILABLE, "reloaded",
                 "the settings were reloaded meanwhile; the order was not given: try again");
        return;
    }
    if (job->glass) {
        glass_order(job, &now);
        return;
    }
    log_say(LOG_LEVEL_INFO, "order %s: %s by %s: %s", job->order.id,
            order_verb_name(job->order.verb), job->order.by, job->order.reason);
    if (board_put_order(now.board, &job->order, on_written, job, error, sizeof(error)) < 0)
        job_fail(job, MHD_HTTP_SERVICE_UNAVAILABLE, "store", error);
}

/* ---- who gave it ---- */

/* In a thread: "alice (uid 1000)", or "uid 1000". */
static void look_up(uv_work_t *work)
{
    struct order_job *job = work->data;
    struct passwd entry;
    struct passwd *found = NULL;
    char space[4096];

    if (getpwuid_r(job->uid, &entry, space, sizeof(space), &found) == 0 && found != NULL)
        snprintf(job->order.by, sizeof(job->order.by), "%.40s (uid %u)", found->pw_name,
                 (unsigned)job->uid);
    else
        snprintf(job->order.by, sizeof(job->order.by), "uid %u", (unsigned)job->uid);
}

static void on_looked_up(uv_work_t *work, int status)
{
    struct order_job *job = work->data;
    struct order order;

    (void)status; /* never cancelled */
    if (job->ticket->request == NULL)
        (void)job_end(job, &order);
    else
        order_write(job);
}

/* "1700000000000-1a2b3c4d": sorts by time, never twice. */
static void make_id(struct order *order)
{
    unsigned char random[4];

    if (RAND_bytes(random, sizeof(random)) != 1)
        abort(); /* no randomness: nothing here is safe any more */
    snprintf(order->id, sizeof(order->id), "%013" PRId64 "-%02x%02x%02x%02x", order->at_wall,
             random[0], random[1], random[2], random[3]);
}

static void order_begin(struct request *request, struct order_job *job)
{
    char address[64];

    job->lookup.data = job;
    if (request->front->kind != FRONT_UNIX) {
        access_address(request, address, sizeof(address));
        snprintf(job->order.by, sizeof(job->order.by), "token from %.45s", address);
        order_write(job);
        return;
    }
    if (access_peer(request, &job->uid) < 0 ||
        uv_queue_work(request->control->uv, &job->lookup, look_up, on_looked_up) < 0)
        job_fail(job, MHD_HTTP_INTERNAL_SERVER_ERROR, "who", "who asks cannot be found out");
}

void handle_order(struct request *request)
{
    struct glass_confirm confirm = {NULL};
    struct order_job *job = NULL;
    struct order order;
    bool glass;

    if (!order_body_read(request, &order, &confirm))
        return;
    glass = glass_is_meant(request, &order, &confirm);
    if (!request->answered && (glass || !fate_is_known(request, &order)))
        job = calloc(1, sizeof(*job));
    if (job == NULL) {
        free(confirm.fences);
        if (!request->answered)
            reply_json(request, MHD_HTTP_OK, NULL);
        return;
    }
    job->order = order;
    job->glass = glass;
    job->confirm = confirm;
    job->generation = request->control->generation;
    make_id(&job->order);
    job->ticket = request_wait(request);
    if (job->ticket == NULL)
        job_free(job);
    else
        order_begin(request, job);
}

/* ---- the timer ---- */

void orders_open(struct control *control)
{
    LIST_INIT(&control->orders);
    uv_timer_init(control->uv, &control->orders_timer);
    control->orders_timer.data = control;
}

/* After tickets_stop(): those that waited here are answered, and nobody else knows them. */
void orders_close(struct control *control, uv_close_cb closed)
{
    struct order_job *job;
    struct order order;

    while ((job = LIST_FIRST(&control->orders)) != NULL) {
        LIST_REMOVE(job, link);
        (void)job_end(job, &order);
    }
    uv_close((uv_handle_t *)&control->orders_timer, closed);
}
