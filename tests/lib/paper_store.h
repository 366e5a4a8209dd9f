/* SPDX-License-Identifier: Apache-2.0 */
/* paper_store.h: a store whose every answer is written by the test's hand, in the order the test
 * wants: for races between reads, watches, renewals and writes that a real store shows once a year.
 * Calls wait in one list, oldest first. */
#ifndef REGIONSHIFT_TESTS_PAPER_STORE_H
#define REGIONSHIFT_TESTS_PAPER_STORE_H

#include "store.h"

enum paper_kind { PAPER_GET, PAPER_TXN, PAPER_RENEW };

/* A call as it was made. text: of a transaction, "if v1/budget=7; v1/x:=VALUE; v1/y gone; " with
 * '~' behind leased values. */
struct paper_call {
    enum paper_kind kind;
    char text[8192];
    store_view_done view_done;
    store_write_done write_done;
    void *context;
};

struct store *paper_open(void);

/* How many calls wait, and the oldest of a kind; NULL: none. */
unsigned paper_waiting(const struct store *store);
const struct paper_call *paper_first(const struct store *store, enum paper_kind kind);

/* An item for answers; a NULL value: deleted. */
struct store_item paper_item(const char *key, uint64_t revision, const char *value);

/* Answers the oldest call of its kind, which must wait. */
void paper_answer_get(struct store *store, uint64_t revision, const struct store_item *items,
                      size_t count);
void paper_refuse_get(struct store *store, enum store_status status, const char *error);
void paper_answer(struct store *store, enum paper_kind kind, enum store_status status,
                  uint64_t revision);

/* Tells the watch. */
void paper_tell(struct store *store, enum store_status status, uint64_t revision,
                const struct store_item *items, size_t count);
/* The same, with the revision after which all changes are in it. */
void paper_tell_since(struct store *store, enum store_status status, uint64_t since,
                      uint64_t revision, const struct store_item *items, size_t count);

/* Frees it; what waits is answered with STORE_AWAY first. */
void paper_close(struct store *store);

#endif
