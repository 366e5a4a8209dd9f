/* SPDX-License-Identifier: Apache-2.0 */
/* Everything in the store has a bound. Votes and suspects are leased, and go with their probe. A
 * decision takes the oldest one of the journal with it when it is committed (board_write.c); what
 * is left over, because epochs were left out, is deleted here, group by group: the journal is no
 * part of a whole read, which would grow with every decision. So are orders that nobody needs
 * any more (order_spent.c). Claims are swept by those who make them (alert_claims.c). What a newer
 * version wrote, and keys we do not know, are never touched.
 *
 * Every probe does it, in its turn of as many reads as there are probes, so that they seldom all
 * delete the same; when they do, nothing happens twice: a deletion compares what it was concluded
 * from, or is of what never changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board_state.h"
#include "log.h"
#include "loop.h"

enum { FOREIGN_KEPT_DAYS = 30, DAY_MS = 24 * 3600 * 1000 };

/* A transaction of deletions. */
struct broom {
    struct store_compare compares[STORE_PUTS_MAX + 1];
    struct store_put puts[STORE_PUTS_MAX];
    key_text keys[STORE_PUTS_MAX];
    struct store_txn txn;
};

void board_on_deleted(void *context, enum store_status status, uint64_t revision, const char *error)
{
    (void)status;
    (void)revision;
    (void)error;
    (void)board_call_finish(context); /* what was not deleted is tried again after a later read */
}

static bool is_full(const struct broom *broom)
{
    return broom->txn.put_count == STORE_PUTS_MAX;
}

static void sweep(struct broom *broom, const char *key)
{
    memcpy(broom->keys[broom->txn.put_count], key, strlen(key) + 1);
    broom->puts[broom->txn.put_count] =
        (struct store_put){.key = broom->keys[broom->txn.put_count]};
    broom->txn.put_count++;
}

static void empty(struct board *board, struct broom *broom)
{
    struct board_call *call = broom->txn.put_count > 0 ? board_call_create(board, 0) : NULL;

    broom->txn.compares = broom->compares;
    broom->txn.puts = broom->puts;
    if (call != NULL)
        store_txn(board->store, &broom->txn, board_on_deleted, call);
    broom->txn.put_count = 0;
    broom->txn.compare_count = 0;
}

/* ---- old decisions ---- */

uint32_t board_journal_kept(const struct settings *settings)
{
    uint32_t kept = BOARD_JOURNAL_SITES / (settings->site_count + 1);

    if (kept > BOARD_JOURNAL_MAX)
        return BOARD_JOURNAL_MAX;
    return kept < BOARD_JOURNAL_MIN ? BOARD_JOURNAL_MIN : kept;
}

/* Keys come sorted, so the newest decisions come last, and stay. History keeps them longer. */
static void sweep_journal(const struct store_view *view, uint32_t kept, struct broom *broom)
{
    struct key key;

    for (size_t i = 0; i + kept < view->count && !is_full(broom); i++) {
        if (key_parse(view->items[i].key, &key) == 0 && key.kind == KEY_JOURNAL)
            sweep(broom, view->items[i].key);
    }
}

static void on_journal(void *context, enum store_status status, const struct store_view *view,
                       const char *error)
{
    struct board *board = board_call_finish(context);
    struct broom *broom;

    (void)error; /* whole reads say what is wrong with the store */
    if (board == NULL || status != STORE_OK)
        return;
    broom = calloc(1, sizeof(*broom));
    if (broom == NULL)
        return; /* in a later turn */
    sweep_journal(view, board_journal_kept(board->settings), broom);
    empty(board, broom);
    free(broom);
}

/* The journal of one group, of those that have been decided upon. */
static void read_journal(struct board *board)
{
    const struct settings *settings = board->settings;
    uint32_t groups = settings->group_count;

    for (uint32_t i = 0; i < groups; i++) {
        uint32_t group = board->journal_turn++ % groups;
        struct board_call *call;
        key_text key;

        if (board->book.heads[group].revision == 0)
            continue;
        call = board_call_create(board, group);
        snprintf(key, sizeof(key), KEYS_JOURNAL "%s/", settings->groups[group].name);
        if (call != NULL)
            store_get(board->store, key, on_journal, call);
        return;
    }
}

/* ---- orders ---- */

/* About a region or group that our settings do not name, and for a long time. */
static bool is_abandoned(const struct known_order *known, msec_t now_ms)
{
    return !known->known.present && known->known.form == VALUE_READ &&
           now_ms - known->since_ms > FOREIGN_KEPT_DAYS * (msec_t)DAY_MS;
}

static struct order_list list_orders(const struct board_book *book, const struct order **ret_orders)
{
    struct order_list list = {.orders = ret_orders, .is_whole = true};

    for (uint32_t i = 0; i < book->order_count; i++) {
        if (book->orders[i].known.present)
            ret_orders[list.count++] = &book->orders[i].order;
        else
            list.is_whole = false;
    }
    return list;
}

/* All at once, if no order came or changed since they were read. */
static void sweep_orders(const struct board *board, const struct store_view *view,
                         struct broom *broom)
{
    const struct board_book *book = &board->book;
    const struct order *orders[ORDERS_MAX];
    struct order_list list = list_orders(book, orders);
    msec_t now_ms = board->teller.now(board->teller.context);
    wall_t wall = loop_wall_ms();
    key_text key;

    for (uint32_t i = 0; i < book->order_count && !is_full(broom); i++) {
        const struct known_order *known = &book->orders[i];
        msec_t seen_ms = now_ms - known->since_ms;
        bool is_spent =
            known->known.present &&
            order_is_spent(&known->order, &list, board->settings->group_count, wall, seen_ms);

        if (!is_spent && !is_abandoned(known, now_ms))
            continue;
        log_say(LOG_LEVEL_INFO, "store: order %s (%s) is over, and deleted", known->order.id,
                known->known.present ? order_verb_name(known->order.verb) : "not about us");
        key_order(key, known->order.id);
        sweep(broom, key);
    }
    broom->compares[broom->txn.compare_count++] =
        (struct store_compare){STORE_PREFIX_NOT_AFTER, KEYS_ORDERS, view->revision};
}

/* ---- our turn ---- */

void board_prune(struct board *board, const struct store_view *view)
{
    const struct settings *settings = board->settings;
    struct broom *broom;

    if ((board->stats.reads + settings->self) % settings->elector_count != 0)
        return;
    broom = calloc(1, sizeof(*broom));
    if (broom == NULL)
        return; /* in a later turn */
    read_journal(board);
    sweep_orders(board, view, broom);
    empty(board, broom);
    free(broom);
}
