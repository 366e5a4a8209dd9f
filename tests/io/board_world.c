/* SPDX-License-Identifier: Apache-2.0 */
#include "board_world.h"

#include <string.h>

#include "event_text.h"

uv_loop_t uv;
struct settings settings;
struct store *store;
struct board *board;
msec_t now_ms;
char told[TOLD_SIZE];

static void tell(void *context, const struct event *event, void (*release)(void *block),
                 void *block)
{
    size_t used = strlen(told);
    int length;

    (void)context;
    length = event_text_write(&settings, event, told + used, sizeof(told) - used - 1);
    ck_assert_int_gt(length, 0);
    memcpy(told + used + (size_t)length, "\n", 2);
    if (release != NULL)
        release(block);
}

static msec_t now(void *context)
{
    (void)context;
    return now_ms;
}

void board_world_setup(void)
{
    struct teller teller = {tell, now, NULL};

    settings = pizza;
    settings.self = 0;           /* use1 */
    settings.store.lease_ms = 9; /* of real time: renewals are due at once */
    now_ms = 100000;
    told[0] = '\0';
    uv_loop_init(&uv);
    store = paper_open();
    ck_assert_int_eq(board_create(&uv, &settings, store, &teller, &board), 0);
}

static bool board_is_closed;

static void on_closed(void *context)
{
    (void)context;
    board_is_closed = true;
}

void board_world_teardown(void)
{
    board_is_closed = false;
    board_close(board, on_closed, NULL);
    paper_close(store);
    uv_run(&uv, UV_RUN_DEFAULT);
    ck_assert(board_is_closed);
    board_destroy(board);
    ck_assert_int_eq(uv_loop_close(&uv), 0);
}

void turn(void)
{
    uv_run(&uv, UV_RUN_NOWAIT);
    uv_run(&uv, UV_RUN_NOWAIT);
}

const char vote_key[] = "v1/votes/usw2/jwt-pizza";

void first_read(uint64_t revision)
{
    struct store_item vote = paper_item(vote_key, revision, VOTE("uuuu"));

    paper_answer_get(store, revision, &vote, 1);
    told[0] = '\0';
}

void read_again(void)
{
    paper_tell(store, STORE_AWAY, 0, NULL, 0);
    ck_assert_ptr_nonnull(paper_first(store, PAPER_GET));
}

const char *first_txn(void)
{
    const struct paper_call *call = paper_first(store, PAPER_TXN);

    ck_assert_msg(call != NULL, "nothing was written");
    return call->text;
}

static const int weights[] = {0, 100, 0, 100};
static const struct commit_vote votes[] = {{0, 31}, {2, 27}};
static const wall_t moves[] = {1700000000000, 1700000009000};

struct commit a_commit(void)
{
    return (struct commit){.decision = {.group = 0,
                                        .epoch = 7,
                                        .kind = DECISION_LEAVE,
                                        .by = 0,
                                        .weights = weights,
                                        .normal = weights,
                                        .base = weights},
                           .head_revision = 20,
                           .votes = votes,
                           .vote_count = 2,
                           .orders_revision = 18,
                           .budget_revision = 5,
                           .budget = moves,
                           .budget_count = 2,
                           .writes_budget = true};
}
