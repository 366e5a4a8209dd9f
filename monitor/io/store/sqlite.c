/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.c: the store of one machine: several daemons, one SQLite file.
 *
 * This file is the loop's side. A call is copied, given a deadline, handed to the thread
 * (sqlite_worker.c) and reported exactly once, by report(), whoever is first: the thread's answer,
 * the deadline, or the closing of the store. A call whose deadline passes while it still waits is
 * taken back, so that it can never happen afterwards; one that the thread has begun may yet happen,
 * which is what STORE_AWAY says. */
#include "sqlite.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base.h"
#include "sqlite_worker.h"

enum {
    CALL_TIMEOUT_MS = 3000,     /* an answer that is older than a lease serves nobody ... */
    CALL_TIMEOUT_MIN_MS = 1000, /* ... and a disk may need this long */
    CALLS_MAX = 256,
    CALLS_BYTES_MAX = 32 * 1024 * 1024 /* copies of what is to be written */
};

struct sqlite_store {
    struct store base;
    uv_async_t wake;    /* from the thread: something to take */
    uv_timer_t overdue; /* the first deadline among the pending */
    struct mailbox mailbox;
    struct worker *worker; /* NULL: it has ended */
    struct store_sqlite_tuning tuning;
    struct calls pending; /* unreported, in order of their deadlines */
    uint32_t pending_count;
    size_t pending_bytes;
    struct calls refused; /* reported by the next turn of the loop */
    store_watch_event watch_event;
    void *watch_context;
    bool closing;
    unsigned handles_open;
    void (*closed)(void *context);
    void *closed_context;
};

static msec_t now_ms(void)
{
    return (msec_t)(uv_hrtime() / 1000000);
}

static struct sqlite_store *self(struct store *store)
{
    return (struct sqlite_store *)store;
}

/* ---- reporting ---- */

/* The one finish of a call: off the list, then told. The memory stays, for its owner to free. */
static void report(struct sqlite_store *store, struct call *call, const struct store_fault *fault)
{
    bool ok = fault->status == STORE_OK;

    TAILQ_REMOVE(&store->pending, call, pending);
    store->pending_count--;
    store->pending_bytes -= call->size;
    if (call->view_done != NULL) {
        call->view_done(call->context, fault->status, ok ? &call->items.view : NULL, fault->text);
    } else {
        call->write_done(call->context, fault->status, ok ? call->revision : 0, fault->text);
    }
}

/* Reports a call before the thread has answered. */
static void give_up(struct sqlite_store *store, struct call *call, const struct store_fault *fault)
{
    bool recalled = mailbox_recall(&store->mailbox, call);

    call->abandoned = !recalled;
    report(store, call, fault);
    if (recalled) {
        call_destroy(call);
    }
}

static void tell_watch(struct sqlite_store *store, const struct store_fault *fault,
                       const struct store_view *changes)
{
    if (store->watch_event != NULL) {
        store->watch_event(store->watch_context, fault->status,
                           fault->status == STORE_OK ? changes : NULL, fault->text);
    }
}

static void take_finished(struct sqlite_store *store)
{
    struct call *call;

    while ((call = mailbox_take(&store->mailbox)) != NULL) {
        if (call->kind == CALL_EVENT) {
            if (!store->closing) {
                tell_watch(store, &call->fault, &call->items.view);
            }
        } else if (call->kind != CALL_WATCH && !call->abandoned) {
            report(store, call, &call->fault);
        }
        call_destroy(call);
    }
}

/* Those refused until now: a caller who tries again at once is refused again in the next turn. */
static void report_refused(struct sqlite_store *store)
{
    struct calls refused = TAILQ_HEAD_INITIALIZER(refused);
    struct store_fault fault;
    struct call *call;

    TAILQ_CONCAT(&refused, &store->refused, queued);
    (void)store_fault_set(&fault, STORE_AWAY,
                          "store: more than %u calls (or %d bytes) wait for it already: its disk "
                          "is too slow; this one was not begun",
                          store->tuning.calls_max, CALLS_BYTES_MAX);
    while ((call = TAILQ_FIRST(&refused)) != NULL) {
        TAILQ_REMOVE(&refused, call, queued);
        report(store, call, &fault);
        call_destroy(call);
    }
}

/* ---- deadlines ---- */

static void on_overdue(uv_timer_t *timer);

static void set_timer(struct sqlite_store *store)
{
    const struct call *first = TAILQ_FIRST(&store->pending);
    msec_t wait_ms;

    if (first == NULL || store->closing) {
        (void)uv_timer_stop(&store->overdue);
        return;
    }
    wait_ms = first->deadline_ms - now_ms();
    (void)uv_timer_start(&store->overdue, on_overdue, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

/* Answers first: a loop that was itself late must not call the store slow. */
static void on_overdue(uv_timer_t *timer)
{
    struct sqlite_store *store = timer->data;
    struct store_fault fault;
    struct call *call;

    take_finished(store);
    report_refused(store);
    (void)store_fault_set(&fault, STORE_AWAY,
                          "store: no answer within %lld ms: its disk or another process holds it "
                          "up; a write may yet happen",
                          (long long)store->tuning.call_timeout_ms);
    while ((call = TAILQ_FIRST(&store->pending)) != NULL && call->deadline_ms <= now_ms()) {
        give_up(store, call, &fault);
    }
    set_timer(store);
}

/* ---- making calls ---- */

/* Every call but a watch comes through here. */
static void submit(struct sqlite_store *store, struct call *call)
{
    bool overfull = store->pending_count >= store->tuning.calls_max ||
                    store->pending_bytes + call->size > CALLS_BYTES_MAX;

    assert(!store->closing);
    call->deadline_ms = now_ms() + store->tuning.call_timeout_ms;
    TAILQ_INSERT_TAIL(&store->pending, call, pending);
    store->pending_count++;
    store->pending_bytes += call->size;
    if (overfull) {
        TAILQ_INSERT_TAIL(&store->refused, call, queued);
        (void)uv_async_send(&store->wake);
    } else {
        mailbox_post(&store->mailbox, call);
    }
    if (store->pending_count == 1) {
        set_timer(store);
    }
}

static void sqlite_get(struct store *base, const char *prefix, const char *but,
                       store_view_done done, void *context)
{
    struct call *call = call_create(CALL_GET);

    memcpy(call->prefix, prefix, strnlen(prefix, STORE_KEY_MAX));
    memcpy(call->but, but, strnlen(but, STORE_KEY_MAX));
    call->view_done = done;
    call->context = context;
    submit(self(base), call);
}

static void sqlite_txn(struct store *base, const struct store_txn *txn, store_write_done done,
                       void *context)
{
    struct call *call = call_create(CALL_TXN);

    call_copy_txn(call, txn);
    call->write_done = done;
    call->context = context;
    submit(self(base), call);
}

static void sqlite_renew(struct store *base, store_write_done done, void *context)
{
    struct call *call = call_create(CALL_RENEW);

    call->write_done = done;
    call->context = context;
    submit(self(base), call);
}

static void sqlite_watch(struct store *base, const char *prefix, store_watch_event event,
                         void *context)
{
    struct sqlite_store *store = self(base);
    struct call *call = call_create(CALL_WATCH);

    assert(store->watch_event == NULL && !store->closing);
    store->watch_event = event;
    store->watch_context = context;
    memcpy(call->prefix, prefix, strnlen(prefix, STORE_KEY_MAX));
    call->deadline_ms = now_ms() + store->tuning.call_timeout_ms;
    mailbox_post(&store->mailbox, call);
}

/* ---- closing ---- */

static void on_handle_closed(uv_handle_t *handle)
{
    struct sqlite_store *store = handle->data;
    void (*closed)(void *context) = store->closed;
    void *context = store->closed_context;

    if (--store->handles_open > 0) {
        return;
    }
    free(store);
    if (closed != NULL) {
        closed(context);
    }
}

static void fail_all(struct sqlite_store *store)
{
    struct store_fault fault;
    struct call *call;

    (void)store_fault_set(&fault, STORE_AWAY, "store: is being closed");
    while ((call = TAILQ_FIRST(&store->pending)) != NULL) {
        give_up(store, call, &fault);
    }
    tell_watch(store, &fault, NULL);
    store->watch_event = NULL;
}

static void close_handles(struct sqlite_store *store)
{
    store->handles_open = 2;
    uv_close((uv_handle_t *)&store->overdue, on_handle_closed);
    uv_close((uv_handle_t *)&store->wake, on_handle_closed);
}

static void end(struct sqlite_store *store)
{
    worker_destroy(store->worker);
    store->worker = NULL;
    mailbox_clear(&store->mailbox);
    close_handles(store);
}

static void on_wake(uv_async_t *wake)
{
    struct sqlite_store *store = wake->data;

    if (store->worker == NULL) {
        return;
    }
    take_finished(store);
    report_refused(store);
    set_timer(store);
    if (store->closing) {
        fail_all(store);
        if (mailbox_has_ended(&store->mailbox)) {
            take_finished(store);
            end(store);
        }
    }
}

static void sqlite_close(struct store *base, void (*closed)(void *context), void *context)
{
    struct sqlite_store *store = self(base);

    assert(!store->closing);
    store->closing = true;
    store->closed = closed;
    store->closed_context = context;
    mailbox_stop(&store->mailbox);
    (void)uv_async_send(&store->wake);
}

/* ---- opening ---- */

static msec_t monotonic_ms(void *context)
{
    (void)context;
    return now_ms();
}

struct store_sqlite_tuning store_sqlite_tuning_default(const struct store_settings *settings)
{
    msec_t timeout_ms = settings->lease_ms / 2;

    if (timeout_ms < CALL_TIMEOUT_MIN_MS) {
        timeout_ms = CALL_TIMEOUT_MIN_MS;
    }
    return (struct store_sqlite_tuning){
        .clock = monotonic_ms,
        .call_timeout_ms = timeout_ms < CALL_TIMEOUT_MS ? timeout_ms : CALL_TIMEOUT_MS,
        .calls_max = CALLS_MAX,
    };
}

static int start_worker(struct sqlite_store *store, const struct store_settings *settings,
                        const char *owner)
{
    int error = mailbox_init(&store->mailbox, &store->wake);

    if (error != 0) {
        return error;
    }
    error = worker_create(settings, owner, &store->tuning, &store->mailbox, &store->worker);
    if (error != 0) {
        mailbox_clear(&store->mailbox);
    }
    return error;
}

int store_sqlite_open(uv_loop_t *loop, const struct store_settings *settings, const char *owner,
                      const struct store_sqlite_tuning *tuning, struct store **ret_store)
{
    struct sqlite_store *store;
    int error;

    assert(settings->lease_ms > 0 && owner[0] != '\0' && strlen(owner) <= NAME_MAX_LENGTH);
    store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return -ENOMEM;
    }
    store->base.ops = &store_sqlite;
    store->tuning = *tuning;
    TAILQ_INIT(&store->pending);
    TAILQ_INIT(&store->refused);
    error = uv_async_init(loop, &store->wake, on_wake);
    if (error != 0) {
        free(store);
        return error;
    }
    (void)uv_timer_init(loop, &store->overdue); /* cannot fail */
    store->wake.data = store;
    store->overdue.data = store;
    error = start_worker(store, settings, owner);
    if (error != 0) {
        close_handles(store);
        return error;
    }
    *ret_store = &store->base;
    return 0;
}

static int open_default(uv_loop_t *loop, const struct store_settings *settings, const char *owner,
                        struct store **ret_store)
{
    struct store_sqlite_tuning tuning = store_sqlite_tuning_default(settings);

    return store_sqlite_open(loop, settings, owner, &tuning, ret_store);
}

const struct store_kind_ops store_sqlite = {
    .name = "sqlite",
    .open = open_default,
    .get = sqlite_get,
    .txn = sqlite_txn,
    .watch = sqlite_watch,
    .renew = sqlite_renew,
    .close = sqlite_close,
};
