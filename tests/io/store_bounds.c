/* SPDX-License-Identifier: Apache-2.0 */
#include "store_bounds.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../codec/pizza.h"
#include "board.h"
#include "keys.h"

enum {
    GROUPS = 2,
    ORDER_EVERY = 10,
    KEYS_MAX = GROUPS * (BOARD_JOURNAL_MAX + 1) + 1 + 4, /* journal and head; ledger; orders */
    BYTES_MAX = KEYS_MAX * 1200 /* a decision of four sites has 900, the longest reason 200 more */
};

/* One daemon's board, and what it told. */
static struct bounds {
    struct world *world;
    struct settings settings;
    struct store *store;
    struct board *board;
    uint64_t heads[GROUPS];
    uint64_t ledger;
    uint64_t newest;
    bool is_answered;
    enum store_status status;
    wall_t moves[BUDGET_MAX];
} b;

static void tell(void *context, const struct event *event, void (*release)(void *block),
                 void *block)
{
    (void)context;
    if (event->kind == EVENT_COMMIT) {
        b.is_answered = true;
        b.status = event->commit.status;
        b.newest = event->commit.revision;
    }
    if (release != NULL)
        release(block);
}

static msec_t now(void *context)
{
    (void)context;
    return (msec_t)(uv_hrtime() / 1000000);
}

static void on_order(void *context, enum store_status status, const char *error)
{
    (void)context;
    (void)error;
    b.is_answered = true;
    b.status = status;
}

static void await(const char *what)
{
    world_wait(b.world, &b.is_answered, what);
    ck_assert_msg(b.status == STORE_OK, "%s: %s", what, store_status_name(b.status));
    b.is_answered = false;
}

/* ---- an order, and a decision ---- */

/* A drain and a restore in turn, of each region, as a year of maintenance has them. */
static struct order give_order(unsigned number)
{
    struct order order = {.verb = number % 2 == 0 ? ORDER_DRAIN : ORDER_RESTORE,
                          .region = number / 2 % 2,
                          .group = NONE,
                          .by = "root (uid 0)",
                          .reason = "maintenance",
                          .at_wall = 1700000000000 + number};
    char error[256] = "";

    snprintf(order.id, sizeof(order.id), "%013u", number);
    ck_assert_msg(board_put_order(b.board, &order, on_order, NULL, error, sizeof(error)) == 0, "%s",
                  error);
    await("an order");
    return order;
}

static void decide(unsigned number, const struct order *obeyed)
{
    static const int weights[] = {0, 100, 0, 100};
    uint32_t group = number % GROUPS;
    struct commit commit = {
        .decision = {.group = group,
                     .epoch = number / GROUPS + 1,
                     .kind = DECISION_LEAVE,
                     .at_wall = 1700000000000 + number,
                     .moved_wall = 1700000000000 + number,
                     .weights = weights,
                     .normal = weights,
                     .base = weights,
                     .voters = 7,
                     .regions_left = 1,
                     .reason = "factory/us-east-1 agreed down by 2 of 3 for 20 s"},
        .head_revision = b.heads[group],
        .orders_revision = b.newest,
        .budget_revision = b.ledger,
        .budget = b.moves,
        .budget_count = BUDGET_MAX,
        .writes_budget = true,
        .obeyed = obeyed,
    };

    if (obeyed != NULL)
        memcpy(commit.decision.order, obeyed->id, sizeof(obeyed->id));
    b.moves[number % BUDGET_MAX] = commit.decision.at_wall;
    board_commit(b.board, &commit);
    await("a decision");
    b.heads[group] = b.newest;
    b.ledger = b.newest;
}

/* The order's own revision is known when the board has read it. */
static void order_and_decide(unsigned number)
{
    struct order order = give_order(number / ORDER_EVERY);
    struct answer_of_store answer;
    key_text key;

    key_order(key, order.id);
    answer = get(b.world, b.store, key);
    b.newest = answer.revision > b.newest ? answer.revision : b.newest;
    order.mod_revision = answer.first.mod_revision;
    free(answer.text);
    order.obeyed[0] = (struct order_obeyed){number % GROUPS, number / GROUPS + 1};
    order.obeyed_count = 1;
    decide(number, &order);
}

/* ---- what is left ---- */

static void on_left(void *context, enum store_status status, const struct store_view *view,
                    const char *error)
{
    struct bounds_figures *figures = context;

    (void)error;
    b.is_answered = true;
    b.status = status;
    for (size_t i = 0; status == STORE_OK && i < view->count; i++)
        figures->bytes += strlen(view->items[i].key) + view->items[i].length;
    figures->keys = status == STORE_OK ? view->count : 0;
    figures->revision = status == STORE_OK ? view->revision : 0;
}

static void count_left(struct bounds_figures *figures)
{
    store_get(b.store, "v1/", on_left, figures);
    await("what is left");
}

static void expect_bounded(const struct bounds_figures *figures)
{
    ck_assert_msg(figures->keys <= KEYS_MAX, "%zu keys are left, %d are allowed", figures->keys,
                  KEYS_MAX);
    ck_assert_msg(figures->bytes <= BYTES_MAX, "%zu bytes are left, %d are allowed", figures->bytes,
                  BYTES_MAX);
}

static void on_closed(void *context)
{
    *(bool *)context = true;
}

void bounds_decide(struct world *world, unsigned decisions, struct bounds_figures *ret_figures)
{
    struct bounds_figures figures = {.decisions = decisions};
    struct teller teller = {tell, now, NULL};
    uint64_t began_ns = uv_hrtime();
    bool is_closed = false;

    b = (struct bounds){.world = world, .settings = pizza};
    b.settings.self = 0;
    b.settings.store.lease_ms = 60000;
    b.store = world_daemon(world, "use1");
    ck_assert_int_eq(board_create(&world->loop, &b.settings, b.store, &teller, &b.board), 0);
    for (unsigned i = 0; i < decisions; i++) {
        if (i % ORDER_EVERY == 0)
            order_and_decide(i);
        else
            decide(i, NULL);
    }
    figures.seconds = (double)(uv_hrtime() - began_ns) / 1e9;
    figures.orders = (decisions + ORDER_EVERY - 1) / ORDER_EVERY;
    count_left(&figures);
    board_close(b.board, on_closed, &is_closed);
    world_wait(world, &is_closed, "the board closes");
    world_leave(world, b.store);
    board_destroy(b.board);
    expect_bounded(&figures);
    *ret_figures = figures;
}

unsigned bounds_count(unsigned usual)
{
    const char *text = getenv("DECISIONS");

    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : usual;
}

void bounds_print(const char *store, const struct bounds_figures *figures)
{
    printf("%s: %u decisions and %u orders in %.1f s, revision %llu: %zu keys and %zu bytes are "
           "left\n",
           store, figures->decisions, figures->orders, figures->seconds,
           (unsigned long long)figures->revision, figures->keys, figures->bytes);
}
