/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_worker.c: the thread that owns the file.
 *
 *     mailbox  -->  serve()  -->  mailbox
 *                     |
 *      every 50 ms: look()   -->  mailbox, as a CALL_EVENT
 *
 * look() asks `PRAGMA data_version`, which costs microseconds, whether another connection wrote; if
 * so it reads the leases and, when the revision moved, the changes. A renewal moves the
 * data_version but not the revision, so it wakes no watcher. Before any call lapsed leases are
 * ended, so no call ever sees what they held; if they cannot be ended (the disk is full), the call
 * fails too, for it could only return the votes of the dead. */
#include "sqlite_worker.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_leases.h"

enum {
    LOOK_MS = 50,           /* how late a watcher hears of a change at most */
    LOOK_PATIENCE_MS = 500, /* a look that waits longer for a lock has lost touch */
    RETRY_MS = 500,         /* between attempts to open a file that would not open */
    ANSWER_MARGIN_MS = 50   /* the thread gives up before the loop does: it knows the reason */
};

/* The watch of this store. */
struct watch {
    bool on;
    bool lost;              /* out of touch: changes may be missing */
    enum store_status told; /* ... and its reader was told so with this status */
    uint64_t revision;      /* changes up to here are told */
    char prefix[STORE_KEY_MAX + 1];
};

struct worker {
    uv_thread_t thread;
    struct mailbox *mailbox;
    /* The rest is the thread's own. */
    char path[PATH_MAX];
    struct store_sqlite_tuning tuning;
    struct database database;
    struct leases leases;
    struct watch watch;
    int64_t data_version;
    bool look_again;          /* our own commits do not move the data_version we see */
    msec_t retry_ms;          /* when to try to open again */
    struct store_fault fault; /* why it did not open */
};

static msec_t now_ms(void)
{
    return (msec_t)(uv_hrtime() / 1000000);
}

static msec_t lease_clock_ms(const struct worker *worker)
{
    return worker->tuning.clock(worker->tuning.clock_context);
}

/* ---- keeping the file open ---- */

/* After a step that failed: is the file to be opened anew, and what to say until then? */
static void close_if_broken(struct worker *worker, const struct store_fault *fault)
{
    if (worker->database.broken) {
        database_close(&worker->database);
        worker->fault = *fault;
        worker->retry_ms = now_ms() + RETRY_MS;
    }
}

static int open_again(struct worker *worker, struct store_fault *ret_fault)
{
    if (now_ms() < worker->retry_ms) {
        *ret_fault = worker->fault;
        return -1;
    }
    if (database_open(&worker->database, &worker->fault) != 0) {
        worker->retry_ms = now_ms() + RETRY_MS;
        *ret_fault = worker->fault;
        return -1;
    }
    leases_forget(&worker->leases);
    worker->look_again = true;
    return 0;
}

/* Sees what other daemons did since the last time. */
static int catch_up(struct worker *worker, struct store_fault *ret_fault)
{
    int64_t version = 0;

    if (database_read(&worker->database, ret_fault, &version, SQL_DATA_VERSION, "") != 0) {
        return -1;
    }
    if (version == worker->data_version && !worker->look_again) {
        return 0;
    }
    if (leases_look(&worker->leases, &worker->database, lease_clock_ms(worker), ret_fault) != 0) {
        return -1;
    }
    worker->data_version = version;
    return 1;
}

/* The file is open, in its place, and holds nothing of a lapsed lease. */
static int make_ready(struct worker *worker, bool *ret_changed, struct store_fault *ret_fault)
{
    int changed;
    int swept;

    if (worker->database.handle == NULL && open_again(worker, ret_fault) != 0) {
        return -1;
    }
    if (database_in_place(&worker->database, ret_fault) != 0) {
        return -1;
    }
    changed = catch_up(worker, ret_fault);
    if (changed < 0) {
        return -1;
    }
    swept = leases_sweep(&worker->leases, &worker->database, lease_clock_ms(worker), ret_fault);
    if (swept < 0) {
        return -1;
    }
    *ret_changed = changed > 0 || swept > 0;
    return 0;
}

/* ---- serving calls ---- */

static int transact(struct worker *worker, const struct store_txn *txn, uint64_t *ret_revision,
                    struct store_fault *ret_fault)
{
    struct database *database = &worker->database;
    bool leased = false;
    int holds = items_compare(database, txn, ret_fault);

    if (holds < 0) {
        return -1;
    }
    if (holds == 0) {
        ret_fault->status = STORE_CONFLICT;
        return -1;
    }
    for (size_t i = 0; i < txn->put_count; i++) {
        leased = leased || (txn->puts[i].leased && txn->puts[i].value != NULL);
    }
    if (leased && leases_require_own(&worker->leases, database, ret_fault) != 0) {
        return -1;
    }
    return items_apply(database, txn, worker->leases.own, ret_revision, ret_fault);
}

static int serve_txn(struct worker *worker, struct call *call)
{
    struct database *database = &worker->database;

    if (database_run(database, &call->fault, SQL_BEGIN_WRITE, "") != 0) {
        return -1;
    }
    if (transact(worker, &call->txn, &call->revision, &call->fault) != 0) {
        database_rollback(database);
        return -1;
    }
    return database_commit(database, &call->fault);
}

/* From now on: everything up to the revision of this moment counts as told. When the file cannot be
 * read now the watch begins lost, and look() begins it properly when it can. */
static void begin_watch(struct worker *worker, const struct call *call)
{
    struct store_fault fault;
    uint64_t pruned;

    worker->watch = (struct watch){.on = true, .lost = true};
    memcpy(worker->watch.prefix, call->prefix, sizeof(call->prefix));
    if (worker->database.handle != NULL &&
        items_revision(&worker->database, &worker->watch.revision, &pruned, &fault) == 0) {
        worker->watch.lost = false;
    }
}

static void serve(struct worker *worker, struct call *call)
{
    bool changed = false;

    worker->database.patience_until_ms = call->deadline_ms - ANSWER_MARGIN_MS;
    if (make_ready(worker, &changed, &call->fault) == 0) {
        if (call->kind == CALL_GET) {
            (void)items_get(&worker->database, call->prefix, call->but, &call->items, &call->fault);
        } else if (call->kind == CALL_TXN) {
            (void)serve_txn(worker, call);
        } else if (call->kind == CALL_RENEW) {
            (void)leases_renew(&worker->leases, &worker->database, lease_clock_ms(worker),
                               &call->revision, &call->fault);
        }
    }
    if (call->kind == CALL_WATCH) {
        begin_watch(worker, call);
    }
    worker->look_again = true;
    close_if_broken(worker, &call->fault);
}

/* ---- telling the watcher ---- */

static void tell_lost(struct worker *worker, const struct store_fault *fault)
{
    struct call *event;

    if (worker->watch.lost && worker->watch.told == fault->status) {
        return;
    }
    worker->watch.lost = true;
    worker->watch.told = fault->status;
    event = call_create(CALL_EVENT);
    event->fault = *fault;
    mailbox_finish(worker->mailbox, event);
}

/* After a loss: an empty event, which asks the reader to read everything again. */
static int resume_watch(struct worker *worker, struct store_fault *ret_fault)
{
    struct call *event;
    uint64_t revision;
    uint64_t pruned;

    if (items_revision(&worker->database, &revision, &pruned, ret_fault) != 0) {
        return -1;
    }
    worker->watch.lost = false;
    worker->watch.told = STORE_OK;
    worker->watch.revision = revision;
    event = call_create(CALL_EVENT);
    event->items.view.revision = revision;
    event->items.view.since = revision; /* what was before is not told */
    mailbox_finish(worker->mailbox, event);
    return 0;
}

static int tell_changes(struct worker *worker, struct store_fault *ret_fault)
{
    struct watch *watch = &worker->watch;
    struct items changes = {0};
    struct call *event;

    if (items_changes(&worker->database, watch->prefix, watch->revision, &changes, ret_fault)) {
        return -1;
    }
    changes.view.since = watch->revision;
    watch->revision = changes.view.revision;
    if (changes.view.count == 0) {
        items_clear(&changes);
        return 0;
    }
    event = call_create(CALL_EVENT);
    event->items = changes;
    mailbox_finish(worker->mailbox, event);
    return 0;
}

static void look(struct worker *worker)
{
    struct store_fault fault = {0};
    bool changed = false;
    int result;

    if (worker->watch.on && mailbox_event_waits(worker->mailbox)) {
        return;
    }
    worker->database.patience_until_ms = now_ms() + LOOK_PATIENCE_MS;
    result = make_ready(worker, &changed, &fault);
    if (result == 0) {
        worker->look_again = false;
    }
    if (result == 0 && worker->watch.lost) {
        result = resume_watch(worker, &fault);
    } else if (result == 0 && worker->watch.on && changed) {
        result = tell_changes(worker, &fault);
    }
    if (result != 0 && worker->watch.on) {
        tell_lost(worker, &fault);
    }
    close_if_broken(worker, &fault);
}

/* ---- the thread ---- */

static void say_goodbye(struct worker *worker)
{
    struct store_fault ignored;

    if (worker->database.handle != NULL) {
        worker->database.patience_until_ms = now_ms() + LOOK_PATIENCE_MS;
        if (database_in_place(&worker->database, &ignored) == 0) {
            (void)leases_revoke(&worker->leases, &worker->database, &ignored);
        }
        database_close(&worker->database);
    }
    mailbox_end(worker->mailbox);
}

static void run(void *context)
{
    struct worker *worker = context;
    bool stop = false;

    while (!stop) {
        struct call *call = mailbox_next(worker->mailbox, LOOK_MS, &stop);

        if (call != NULL) {
            serve(worker, call);
            mailbox_finish(worker->mailbox, call);
        }
        if (!stop) {
            look(worker);
        }
    }
    say_goodbye(worker);
}

/* ---- the loop's side ---- */

int worker_create(const struct store_settings *settings, const char *owner,
                  const struct store_sqlite_tuning *tuning, struct mailbox *mailbox,
                  struct worker **ret_worker)
{
    size_t length = strlen(settings->path);
    struct worker *worker;
    int error;

    if (length == 0 || length >= sizeof(worker->path)) {
        return -ENAMETOOLONG;
    }
    worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        return -ENOMEM;
    }
    memcpy(worker->path, settings->path, length);
    worker->mailbox = mailbox;
    worker->tuning = *tuning;
    worker->database.path = worker->path;
    leases_init(&worker->leases, owner, settings->lease_ms);
    error = uv_thread_create(&worker->thread, run, worker);
    if (error != 0) {
        free(worker);
        return error;
    }
    *ret_worker = worker;
    return 0;
}

void worker_destroy(struct worker *worker)
{
    (void)uv_thread_join(&worker->thread);
    free(worker);
}
