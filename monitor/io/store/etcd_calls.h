/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_calls.h: reading and writing: a call of the store becomes one question, or a page after
 * another, and one answer. */
#ifndef REGIONSHIFT_STORE_ETCD_CALLS_H
#define REGIONSHIFT_STORE_ETCD_CALLS_H

#include "base.h"
#include "etcd_lease.h"
#include "etcd_watch.h"

struct etcd_calls;

/* What calls work with; all borrowed. */
struct etcd_tools {
    struct etcd_link *link;
    struct etcd_lease *lease;
    const struct store_settings *settings;
    const char *prefix; /* before every key, with its slash */
    /* A read, begun when the watch had told `told`, was answered; may be NULL. */
    void (*heard)(void *context, uint64_t told, const struct store_view *view);
    uint64_t (*told)(void *context);
    void *context;
};

/* NULL: out of memory. */
struct etcd_calls *etcd_calls_create(const struct etcd_tools *tools);

void etcd_calls_get(struct etcd_calls *calls, const char *under, const char *but,
                    store_view_done done, void *context);
void etcd_calls_txn(struct etcd_calls *calls, const struct store_txn *txn, store_write_done done,
                    void *context);

/* The highest revision an answer had; 0: there was none yet. */
uint64_t etcd_calls_revision(const struct etcd_calls *calls);

/* Tells all that are pending STORE_AWAY. What the link still answers is dropped. */
void etcd_calls_fail(struct etcd_calls *calls, const char *sentence);

/* After the link is closed. Accepts NULL. */
void etcd_calls_destroy(struct etcd_calls *calls);

#endif
