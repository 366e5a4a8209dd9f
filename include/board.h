/* SPDX-License-Identifier: Apache-2.0 */
/* board.h: between the store and the engine. What stands in the store becomes events; what the
 * engine wants written becomes puts and transactions.
 *
 *   told      the whole prefix is read at the start and every 10 s (S1); watches only hasten it.
 *             Only what changed is told, then EVENT_STORE says up to which revision.
 *   written   our votes and suspects, under a lease renewed three times in its life, and written
 *             again when it was lost; commits, each as one transaction (update.h, D8); orders.
 *   errors    no status of the store is evidence (S2): they become EVENT_STORE, nothing else. */
#ifndef REGIONSHIFT_BOARD_H
#define REGIONSHIFT_BOARD_H

#include "event.h"
#include "order.h"
#include "settings.h"
#include "store.h"
#include "teller.h"
#include "update.h"

enum {
    BOARD_READ_MS = 10 * 1000, /* S1 */
    BOARD_RETRY_MS = 1000,     /* after a failed call: soon enough for a lease, slow for a store */
    BOARD_JOURNAL_MAX = 200, /* decisions of one group kept in the store; older ones are deleted */
    BOARD_JOURNAL_MIN = 2,
    BOARD_JOURNAL_SITES = 50 * 1000 /* sites in the journals of all groups, so that they fit */
};

struct board;

/* Starts reading, watching and renewing. The store is borrowed and outlives the board's close.
 * Returns 0 or -errno. */
int board_create(uv_loop_t *uv, const struct settings *settings, struct store *store,
                 const struct teller *teller, struct board **ret_board);

/* Other settings: everything is told again under them. What was pending for the old ones is not
 * reported any more. 0 or -ENOMEM: the old settings stay. */
int board_reload(struct board *board, const struct settings *settings);

/* Writes our vote on one group, and what we suspect, as soon as the store takes it; a newer one
 * replaces an older one that still waits. */
void board_put_vote(struct board *board, const struct vote *vote);
void board_put_suspects(struct board *board, const uint32_t *sites, uint32_t count);

/* Commits: EVENT_COMMIT tells the outcome. */
void board_commit(struct board *board, const struct commit *commit);

/* Writes an order (its id and everything but revisions are the caller's), and in the same
 * transaction deletes older orders which it makes void. Returns 0, and done() is called once, from
 * the loop, with a sentence when status is not STORE_OK; or -1 with the sentence at once: too long,
 * or ORDERS_GIVEN_MAX stand already. */
typedef void (*board_order_done)(void *context, enum store_status status, const char *error);
int board_put_order(struct board *board, const struct order *order, board_order_done done,
                    void *context, char *error, size_t error_size);

/* Writes a local order (D7), in the same transaction that finds no order newer than `revision`: the
 * engine has to know every other word about the region first. What became of it is told as any
 * order is; a refused one is asked for again by the engine. */
void board_keep_order(struct board *board, const struct order *order, uint64_t revision);

/* Ends an order at once (its `until` becomes until_wall), if it still is as `seen`, which the
 * engine has with its revision: CONFLICT when it was obeyed or changed meanwhile. A commit that
 * still rests on it fails, for the order is newer now (D8). Otherwise as board_put_order(). */
int board_withdraw_order(struct board *board, const struct order *seen, wall_t until_wall,
                         board_order_done done, void *context);

/* What operators may ask. */
struct board_stats {
    uint64_t revision; /* highest told */
    msec_t read_ms;    /* when the last whole read ended; -1: never */
    enum store_status status;
    char error[256];      /* the store's sentence when status is not STORE_OK */
    uint64_t reads;       /* whole reads told */
    uint64_t went_back;   /* revisions that went back (S1) */
    uint64_t undecodable; /* values that could not be read */
    uint32_t orders;      /* orders known */
};
void board_stats(const struct board *board, struct board_stats *ret_stats);

/* Each key that stands in the store and cannot be read here. Returns how many there are. */
typedef void (*board_visit)(void *context, const char *key, enum value_form form);
uint32_t board_unreadable(const struct board *board, board_visit visit, void *context);

/* Reports nothing any more and starts nothing; `closed` runs from the loop. Close the store next
 * (it ends the calls that are pending), and then, when both are closed, destroy. */
void board_close(struct board *board, void (*closed)(void *context), void *context);

/* After board and store are closed. Accepts NULL. */
void board_destroy(struct board *board);

#endif
