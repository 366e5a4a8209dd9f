/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_items.h: the ordered map with revisions, as transactions on an open database. */
#ifndef REGIONSHIFT_SQLITE_ITEMS_H
#define REGIONSHIFT_SQLITE_ITEMS_H

#include "sqlite_database.h"

/* A view that owns what it shows: one block of memory for each item. */
struct items {
    struct store_view view;
    struct store_item *items;
    char **blocks;
    size_t room;
};

/* Accepts an empty one. */
void items_clear(struct items *items);

/* The revision of the store, and the one up to which deletions are forgotten. */
int items_revision(struct database *database, uint64_t *ret_revision, uint64_t *ret_pruned,
                   struct store_fault *ret_fault);

/* Everything under a prefix, but for what begins with `but` ("": for nothing), at one revision. */
int items_get(struct database *database, const char *prefix, const char *but,
              struct items *ret_items, struct store_fault *ret_fault);

/* What changed under a prefix after a revision, in the order of the changes. When the log of
 * deletions no longer reaches back that far: -1 with STORE_AWAY. */
int items_changes(struct database *database, const char *prefix, uint64_t since,
                  struct items *ret_items, struct store_fault *ret_fault);

/* Inside a write transaction: do all compares hold? 1 yes, 0 no, -1. */
int items_compare(struct database *database, const struct store_txn *txn,
                  struct store_fault *ret_fault);

/* Inside a write transaction: applies all puts at one new revision; lease is that of leased ones.
 * ret_revision: the store's, which is the old one when nothing changed. */
int items_apply(struct database *database, const struct store_txn *txn, int64_t lease,
                uint64_t *ret_revision, struct store_fault *ret_fault);

/* Inside a write transaction: deletes what a lease holds, at one new revision. Returns how many. */
int items_bury_leased(struct database *database, int64_t lease, struct store_fault *ret_fault);

#endif
