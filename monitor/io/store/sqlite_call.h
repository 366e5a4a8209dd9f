/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_call.h: one call on its way from the loop to the store's thread and back.
 *
 * It is owned by the loop's side while it waits to be reported; the thread has it only between
 * worker_post() and worker_take(). */
#ifndef REGIONSHIFT_SQLITE_CALL_H
#define REGIONSHIFT_SQLITE_CALL_H

#include <sys/queue.h>

#include "base.h"
#include "sqlite_items.h"

enum call_kind {
    CALL_GET,
    CALL_TXN,
    CALL_RENEW,
    CALL_WATCH, /* begins a watch; nothing to report */
    CALL_EVENT  /* made by the thread: what a watch has to tell */
};

struct call {
    TAILQ_ENTRY(call) queued;  /* with the thread: waiting or finished */
    TAILQ_ENTRY(call) pending; /* with the loop: not reported, in order of the deadlines */
    enum call_kind kind;
    bool abandoned;     /* reported already, while the thread worked on it */
    msec_t deadline_ms; /* by uv_hrtime */
    char prefix[STORE_KEY_MAX + 1];
    char but[STORE_KEY_MAX + 1];
    struct store_txn txn;
    char *memory; /* what txn points to */
    size_t size;  /* of it */
    store_view_done view_done;
    store_write_done write_done;
    void *context;

    struct store_fault fault; /* the outcome */
    uint64_t revision;
    struct items items;
};

TAILQ_HEAD(calls, call);

/* Out of memory ends the daemon: a call that can neither be made nor refused has no other way. */
struct call *call_create(enum call_kind kind);

/* Copies a transaction with all it points to. */
void call_copy_txn(struct call *call, const struct store_txn *txn);

/* Accepts NULL. */
void call_destroy(struct call *call);

#endif
