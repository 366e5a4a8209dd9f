/* SPDX-License-Identifier: Apache-2.0 */
/* The board between the store and the engine: what stands in the store is told, once; what shall
 * stand there is written until it does; and no error of the store is anything but an error. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "../codec/pizza.h"
#include "../lib/paper_store.h"
#include "board.h"
#include "event_text.h"

/* ---- a board on paper, and what it told as lines of text ---- */

static uv_loop_t uv;
static struct settings settings;
static struct store *store;
static struct board *board;
static msec_t now_ms;
static char told[64 * 1024];

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

static void setup(void)
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

static void teardown(void)
{
    board_is_closed = false;
    board_close(board, on_closed, NULL);
    paper_close(store);
    uv_run(&uv, UV_RUN_DEFAULT);
    ck_assert(board_is_closed);
    board_destroy(board);
    ck_assert_int_eq(uv_loop_close(&uv), 0);
}

/* Runs timers that are due at once. */
static void turn(void)
{
    uv_run(&uv, UV_RUN_NOWAIT);
    uv_run(&uv, UV_RUN_NOWAIT);
}

/* True when these lines, and nothing else, were told since the last look. */
#define ck_told(text)                                                                              \
    do {                                                                                           \
        ck_assert_str_eq(told, text);                                                              \
        told[0] = '\0';                                                                            \
    } while (0)

#define VOTE(states)                                                                               \
    "{\"v\":1,\"fingerprint\":\"6f1d2c3b4a596877\",\"blind\":\"no\",\"states\":\"" states          \
    "\",\"failures\":\"----\"}"
#define TOLD_VOTE(revision, states)                                                                \
    "{\"at\":0,\"event\":\"vote\",\"probe\":\"usw2\",\"group\":\"jwt-pizza\","                     \
    "\"revision\":" revision ",\"vote\":" VOTE(states) "}\n"
#define TOLD_VOTE_GONE                                                                             \
    "{\"at\":0,\"event\":\"vote\",\"probe\":\"usw2\",\"group\":\"jwt-pizza\",\"revision\":0,"      \
    "\"vote\":null}\n"
#define TOLD_VOTE_FORM(form)                                                                       \
    "{\"at\":0,\"event\":\"vote\",\"probe\":\"usw2\",\"group\":\"jwt-pizza\",\"revision\":0,"      \
    "\"vote\":\"" form "\"}\n"
#define TOLD_STORE(status, revision, full)                                                         \
    "{\"at\":0,\"event\":\"store\",\"status\":\"" status "\",\"revision\":" revision               \
    ",\"full\":" full "}\n"
#define TOLD_LEASE(until) "{\"at\":0,\"event\":\"lease\",\"alive\":true,\"until_ms\":" until "}\n"
#define TOLD_LEASE_LOST "{\"at\":0,\"event\":\"lease\",\"alive\":false,\"until_ms\":0}\n"

static const char vote_key[] = "v1/votes/usw2/jwt-pizza";

/* One vote of usw2 at a revision, as the answer to the first read. */
static void first_read(uint64_t revision)
{
    struct store_item vote = paper_item(vote_key, revision, VOTE("uuuu"));

    paper_answer_get(store, revision, &vote, 1);
    told[0] = '\0';
}

/* Another read now, asked for by a watch that found its way again. */
static void read_again(void)
{
    paper_tell(store, STORE_AWAY, 0, NULL, 0);
    ck_assert_ptr_nonnull(paper_first(store, PAPER_GET));
}

/* The oldest transaction that waits, as text. */
static const char *first_txn(void)
{
    const struct paper_call *call = paper_first(store, PAPER_TXN);

    ck_assert_msg(call != NULL, "nothing was written");
    return call->text;
}

/* ---- what stands in the store is told ---- */

START_TEST(everything_is_told_at_the_start_and_then_that_it_was_everything)
{
    const struct store_item items[] = {
        paper_item("v1/budget", 5, "{\"v\":1,\"moves\":[1700000000000]}"),
        paper_item("v1/claims/x", 6, "not ours to read"),
        paper_item("v1/pauses/x", 6, "of the next release"),
        paper_item("v1/suspects/fra", 7, "{\"v\":1,\"sites\":[\"pizza/us-east-1\"]}"),
        paper_item(vote_key, 9, VOTE("uudu")),
        paper_item("v1/votes/somebody/jwt-pizza", 3, "not in the electorate"),
    };

    paper_answer_get(store, 12, items, 6);
    ck_told("{\"at\":0,\"event\":\"budget\",\"revision\":5,\"moves\":[1700000000000]}\n"
            "{\"at\":0,\"event\":\"suspect\",\"probe\":\"fra\",\"sites\":[\"pizza/"
            "us-east-1\"]}\n" TOLD_VOTE("9", "uudu") TOLD_STORE("ok", "12", "true"));
}
END_TEST

START_TEST(only_what_changed_is_told_again)
{
    struct store_item items[] = {paper_item(vote_key, 9, VOTE("uuuu")),
                                 paper_item("v1/votes/fra/jwt-pizza", 4, VOTE("uuuu"))};

    paper_answer_get(store, 9, items, 2);
    told[0] = '\0';
    read_again();
    items[0] = paper_item(vote_key, 11, VOTE("duuu"));
    paper_answer_get(store, 11, items, 2);
    ck_told(TOLD_VOTE("11", "duuu") TOLD_STORE("ok", "11", "true"));
}
END_TEST

START_TEST(what_is_no_longer_there_is_gone)
{
    first_read(9);
    read_again();
    paper_answer_get(store, 10, NULL, 0);
    ck_told(TOLD_VOTE_GONE TOLD_STORE("ok", "10", "true"));
}
END_TEST

START_TEST(a_watch_tells_at_once)
{
    struct store_item changed = paper_item(vote_key, 10, VOTE("suuu"));
    struct store_item gone = paper_item(vote_key, 11, NULL);

    first_read(9);
    paper_tell(store, STORE_OK, 10, &changed, 1);
    ck_told(TOLD_VOTE("10", "suuu") TOLD_STORE("ok", "10", "false"));
    paper_tell(store, STORE_OK, 11, &gone, 1);
    ck_told(TOLD_VOTE_GONE TOLD_STORE("ok", "11", "false"));
}
END_TEST

/* D8: what is compared with a revision must be known up to it. */
START_TEST(a_watch_that_left_something_out_is_read_after_instead)
{
    struct store_item changed = paper_item(vote_key, 12, VOTE("suuu"));

    first_read(9);
    paper_tell_since(store, STORE_OK, 11, 12, &changed, 1);
    ck_told("");
    paper_answer_get(store, 12, &changed, 1);
    ck_told(TOLD_VOTE("12", "suuu") TOLD_STORE("ok", "12", "true"));
    paper_tell_since(store, STORE_OK, 12, 13, NULL, 0);
    ck_told(TOLD_STORE("ok", "13", "false"));
}
END_TEST

START_TEST(a_watch_is_a_hint_that_waits_for_the_first_read)
{
    struct store_item changed = paper_item(vote_key, 10, VOTE("suuu"));

    paper_tell(store, STORE_OK, 10, &changed, 1);
    ck_told("");
    paper_answer_get(store, 10, &changed, 1);
    ck_told(TOLD_VOTE("10", "suuu") TOLD_STORE("ok", "10", "true"));
}
END_TEST

START_TEST(a_read_that_a_watch_has_overtaken_is_not_believed)
{
    struct store_item old = paper_item(vote_key, 9, VOTE("uuuu"));
    struct store_item new = paper_item(vote_key, 10, VOTE("dddd"));

    first_read(9);
    read_again();
    paper_tell(store, STORE_OK, 10, &new, 1); /* meanwhile */
    told[0] = '\0';
    paper_answer_get(store, 9, &old, 1); /* what was so before the watch spoke */
    ck_told("");
    turn();
    paper_answer_get(store, 10, &new, 1);
    ck_told(TOLD_STORE("ok", "10", "true"));
}
END_TEST

START_TEST(a_late_watch_does_not_undo_a_newer_read)
{
    struct store_item old = paper_item(vote_key, 9, VOTE("dddd"));

    first_read(12);
    paper_tell(store, STORE_OK, 9, &old, 1);
    ck_told("");
}
END_TEST

/* S1: the store was restored from a copy: believed, and everything is told again, even what has the
 * same revision by accident. */
START_TEST(a_store_that_was_set_back_is_believed_after_a_full_read)
{
    struct store_item other = paper_item(vote_key, 9, VOTE("dddd"));
    struct board_stats stats;

    first_read(9);
    {
        struct store_item more = paper_item("v1/votes/fra/jwt-pizza", 20, VOTE("uuuu"));

        paper_tell(store, STORE_OK, 20, &more, 1);
        told[0] = '\0';
    }
    read_again();
    paper_answer_get(store, 9, &other, 1);
    ck_told(TOLD_VOTE(
        "9", "dddd") "{\"at\":0,\"event\":\"vote\",\"probe\":\"fra\",\"group\":\"jwt-pizza\","
                     "\"revision\":0,\"vote\":null}\n" TOLD_STORE("ok", "9", "true"));
    board_stats(board, &stats);
    ck_assert_uint_eq(stats.went_back, 1);
}
END_TEST

START_TEST(a_vote_that_cannot_be_read_is_told_as_such_until_it_changes)
{
    struct store_item broken = paper_item(vote_key, 10, "{\"v\":2}");
    struct store_item good = paper_item(vote_key, 11, VOTE("uuuu"));
    struct board_stats stats;

    first_read(9);
    paper_tell(store, STORE_OK, 10, &broken, 1);
    ck_told(TOLD_VOTE_FORM("newer") TOLD_STORE("ok", "10", "false"));
    read_again();
    paper_answer_get(store, 10, &broken, 1);
    ck_told(TOLD_STORE("ok", "10", "true")); /* said once */
    board_stats(board, &stats);
    ck_assert_uint_eq(stats.undecodable, 1);
    paper_tell(store, STORE_OK, 11, &good, 1);
    ck_told(TOLD_VOTE("11", "uuuu") TOLD_STORE("ok", "11", "false"));
}
END_TEST

/* ---- what cannot be read is not nothing ---- */

#define TOLD_HEAD(what)                                                                            \
    "{\"at\":0,\"event\":\"head\",\"group\":\"jwt-pizza\",\"revision\":0,\"decision\":" what "}\n"

START_TEST(a_head_that_cannot_be_read_does_not_look_like_none)
{
    struct store_item head = paper_item("v1/decisions/jwt-pizza", 10, "{\"v\":2,\"plan\":[]}");
    struct store_item torn = paper_item("v1/decisions/jwt-pizza", 11, "{\"v\":1,");
    struct store_item gone = paper_item("v1/decisions/jwt-pizza", 12, NULL);

    first_read(9);
    paper_tell(store, STORE_OK, 10, &head, 1);
    ck_told(TOLD_HEAD("\"newer\"") TOLD_STORE("ok", "10", "false"));
    paper_tell(store, STORE_OK, 11, &torn, 1);
    ck_told(TOLD_HEAD("\"broken\"") TOLD_STORE("ok", "11", "false"));
    paper_tell(store, STORE_OK, 12, &gone, 1);
    ck_told(TOLD_HEAD("null") TOLD_STORE("ok", "12", "false"));
}
END_TEST

/* A commit compares the ledger's revision, so that stays true whatever the value. */
START_TEST(a_ledger_that_cannot_be_read_is_told_with_its_revision)
{
    struct store_item ledger = paper_item("v1/budget", 10, "{\"v\":2}");

    first_read(9);
    paper_tell(store, STORE_OK, 10, &ledger, 1);
    ck_told("{\"at\":0,\"event\":\"budget\",\"revision\":10,\"moves\":\"newer\"}\n" TOLD_STORE(
        "ok", "10", "false"));
}
END_TEST

#define TOLD_ORDER(id, revision, what)                                                             \
    "{\"at\":0,\"event\":\"order\",\"id\":\"" id "\",\"create_revision\":" revision                \
    ",\"mod_revision\":" revision ",\"order\":" what "}\n"

START_TEST(an_order_that_cannot_be_read_is_told_with_the_reason_and_then_as_what_it_is)
{
    struct store_item order = paper_item("v1/orders/7", 10, "{\"v\":2,\"verb\":\"hold\"}");
    struct store_item gone = paper_item("v1/orders/7", 12, NULL);

    first_read(9);
    paper_tell(store, STORE_OK, 10, &order, 1);
    ck_told(TOLD_ORDER("7", "10",
                       "\"order: v: version 2, and only 1 is known: written by a newer "
                       "release\"") TOLD_STORE("ok", "10", "false"));
    paper_tell(store, STORE_OK, 12, &gone, 1);
    ck_told(TOLD_ORDER("7", "0", "null") TOLD_STORE("ok", "12", "false"));
}
END_TEST

#define ORDER(fields)                                                                              \
    "{\"v\":1,\"verb\":" fields ",\"incident\":\"\",\"override\":false,\"by\":\"b\","              \
    "\"reason\":\"r\",\"at\":1,\"until\":0,\"obeyed\":[]}"

START_TEST(an_order_about_a_region_that_is_not_ours_is_no_order_here)
{
    struct store_item order =
        paper_item("v1/orders/7", 10, ORDER("\"drain\",\"region\":\"eu-north-1\",\"group\":\"\""));
    struct board_stats stats;

    first_read(9);
    paper_tell(store, STORE_OK, 10, &order, 1);
    ck_told(TOLD_STORE("ok", "10", "false"));
    board_stats(board, &stats);
    ck_assert_uint_eq(stats.undecodable, 0);
    ck_assert_uint_eq(stats.orders, 1);
}
END_TEST

/* ---- errors are no evidence (S2) ---- */

START_TEST(a_store_that_cannot_be_read_takes_nothing_away)
{
    first_read(9);
    read_again();
    paper_refuse_get(store, STORE_CORRUPT, "store.db: malformed");
    ck_told(TOLD_STORE("corrupt", "9", "false"));
}
END_TEST

START_TEST(a_store_that_can_be_read_and_not_written_is_not_well)
{
    struct store_item vote = paper_item(vote_key, 9, VOTE("uuuu"));

    paper_answer(store, PAPER_RENEW, STORE_READONLY, 0);
    ck_told(TOLD_STORE("readonly", "0", "false"));
    paper_answer_get(store, 9, &vote, 1);
    ck_told(TOLD_VOTE("9", "uuuu") TOLD_STORE("readonly", "9", "true"));
}
END_TEST

/* A third of the lease has passed. */
static void renewal_is_due(void)
{
    while (paper_first(store, PAPER_RENEW) == NULL)
        uv_run(&uv, UV_RUN_ONCE);
}

START_TEST(a_store_that_can_be_written_again_is_read_and_told_at_once)
{
    paper_answer(store, PAPER_RENEW, STORE_AWAY, 0);
    paper_answer_get(store, 9, NULL, 0); /* the read was first to come through */
    told[0] = '\0';
    renewal_is_due();
    ck_assert_ptr_null(paper_first(store, PAPER_GET));
    paper_answer(store, PAPER_RENEW, STORE_OK, 1);
    ck_told(TOLD_LEASE("100009"));
    ck_assert_ptr_nonnull(paper_first(store, PAPER_GET));
    paper_answer_get(store, 9, NULL, 0);
    ck_told(TOLD_STORE("ok", "9", "true"));
}
END_TEST

/* ---- the lease ---- */

START_TEST(a_lease_lives_from_the_moment_it_was_asked_for)
{
    now_ms = 104000; /* the answer took 4 s */
    paper_answer(store, PAPER_RENEW, STORE_OK, 1);
    ck_told(TOLD_LEASE("100009"));
}
END_TEST

static void put_a_vote(const char *states)
{
    struct vote vote = {.probe = 0,
                        .group = 0,
                        .fingerprint = "6f1d2c3b4a596877",
                        .states = states,
                        .failures = "----"};

    board_put_vote(board, &vote);
}

START_TEST(our_vote_waits_for_the_lease_and_stands_under_it)
{
    put_a_vote("uuuu");
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    paper_answer(store, PAPER_RENEW, STORE_OK, 1);
    ck_assert_str_eq(first_txn(), "v1/votes/use1/jwt-pizza:=" VOTE("uuuu") "~; ");
}
END_TEST

START_TEST(suspects_of_an_earlier_life_are_taken_back)
{
    paper_answer(store, PAPER_RENEW, STORE_OK, 1);
    ck_assert_str_eq(first_txn(), "v1/suspects/use1 gone; ");
}
END_TEST

/* Answers the deletion of old suspects, so that votes are what is left. */
static void lease_granted(void)
{
    paper_answer(store, PAPER_RENEW, STORE_OK, 1);
    paper_answer(store, PAPER_TXN, STORE_OK, 2);
    told[0] = '\0';
}

START_TEST(a_newer_vote_replaces_one_that_still_waits)
{
    lease_granted();
    put_a_vote("uuuu");
    put_a_vote("suuu");
    put_a_vote("duuu");
    ck_assert_uint_eq(paper_waiting(store), 2); /* the first read, and one vote */
    paper_answer(store, PAPER_TXN, STORE_OK, 3);
    ck_assert_str_eq(first_txn(), "v1/votes/use1/jwt-pizza:=" VOTE("duuu") "~; ");
    paper_answer(store, PAPER_TXN, STORE_OK, 4);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
}
END_TEST

START_TEST(after_a_lost_lease_everything_is_written_again)
{
    lease_granted();
    put_a_vote("duuu");
    paper_answer(store, PAPER_TXN, STORE_OK, 3);
    renewal_is_due();
    paper_answer(store, PAPER_RENEW, STORE_LEASE_LOST, 0);
    ck_told(TOLD_LEASE_LOST);
    renewal_is_due();
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    paper_answer(store, PAPER_RENEW, STORE_OK, 5);
    ck_told(TOLD_LEASE("100009"));
    ck_assert_str_eq(first_txn(), "v1/votes/use1/jwt-pizza:=" VOTE("duuu") "~; ");
}
END_TEST

START_TEST(a_vote_whose_writing_had_no_answer_is_written_again)
{
    lease_granted();
    put_a_vote("duuu");
    paper_answer(store, PAPER_TXN, STORE_AWAY, 0);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN)); /* not at once: the store is away */
    renewal_is_due();
    paper_answer(store, PAPER_RENEW, STORE_OK, 5);
    ck_assert_str_eq(first_txn(), "v1/votes/use1/jwt-pizza:=" VOTE("duuu") "~; ");
}
END_TEST

START_TEST(our_own_vote_that_vanished_is_written_again)
{
    struct store_item ours = paper_item("v1/votes/use1/jwt-pizza", 3, VOTE("uuuu"));

    lease_granted();
    put_a_vote("uuuu");
    paper_answer(store, PAPER_TXN, STORE_OK, 3);
    paper_answer_get(store, 3, &ours, 1);
    ours.value = NULL;
    paper_tell(store, STORE_OK, 4, &ours, 1);
    ck_assert_str_eq(first_txn(), "v1/votes/use1/jwt-pizza:=" VOTE("uuuu") "~; ");
}
END_TEST

START_TEST(our_own_vote_that_was_overwritten_is_written_again_after_a_renewal)
{
    struct store_item ours = paper_item("v1/votes/use1/jwt-pizza", 3, VOTE("uuuu"));

    lease_granted();
    put_a_vote("uuuu");
    paper_answer(store, PAPER_TXN, STORE_OK, 3);
    paper_answer_get(store, 3, &ours, 1);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN)); /* as we wrote it */
    ours = paper_item("v1/votes/use1/jwt-pizza", 5, VOTE("dddd"));
    paper_tell(store, STORE_OK, 5, &ours, 1);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN)); /* no race of two daemons of one name */
    renewal_is_due();
    paper_answer(store, PAPER_RENEW, STORE_OK, 6);
    ck_assert_str_eq(first_txn(), "v1/votes/use1/jwt-pizza:=" VOTE("uuuu") "~; ");
}
END_TEST

/* S1: the copy holds our lease, and under it what we believed then. */
START_TEST(what_we_say_is_written_again_when_the_store_was_set_back)
{
    struct store_item ours = paper_item("v1/votes/use1/jwt-pizza", 3, VOTE("uuuu"));

    lease_granted();
    put_a_vote("uuuu");
    paper_answer(store, PAPER_TXN, STORE_OK, 3);
    paper_answer_get(store, 3, &ours, 1);
    put_a_vote("dddd");
    paper_answer(store, PAPER_TXN, STORE_OK, 20);
    ours = paper_item("v1/votes/use1/jwt-pizza", 20, VOTE("dddd"));
    paper_tell(store, STORE_OK, 20, &ours, 1);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    read_again();
    ours = paper_item("v1/votes/use1/jwt-pizza", 3, VOTE("uuuu"));
    paper_answer_get(store, 3, &ours, 1);
    ck_assert_str_eq(first_txn(), "v1/votes/use1/jwt-pizza:=" VOTE("dddd") "~; ");
}
END_TEST

START_TEST(an_older_vote_of_ours_told_late_is_no_overwriting)
{
    struct store_item older = paper_item("v1/votes/use1/jwt-pizza", 3, VOTE("uuuu"));

    paper_answer_get(store, 2, NULL, 0);
    lease_granted();
    put_a_vote("uuuu");
    paper_answer(store, PAPER_TXN, STORE_OK, 3);
    put_a_vote("suuu");
    paper_answer(store, PAPER_TXN, STORE_OK, 4);
    paper_tell(store, STORE_OK, 3, &older, 1);
    renewal_is_due();
    paper_answer(store, PAPER_RENEW, STORE_OK, 5);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
}
END_TEST

/* ---- commits (D8) ---- */

static const int weights[] = {0, 100, 0, 100};
static const struct commit_vote votes[] = {{0, 31}, {2, 27}};
static const wall_t moves[] = {1700000000000, 1700000009000};

static struct commit a_commit(void)
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

START_TEST(a_commit_compares_the_head_the_votes_the_orders_and_the_budget)
{
    struct commit commit = a_commit();
    const char *text;

    board_commit(board, &commit);
    text = first_txn();
    ck_assert_ptr_eq(strstr(text, "if v1/decisions/jwt-pizza=20; "
                                  "if v1/votes/use1/jwt-pizza=31; "
                                  "if v1/votes/fra/jwt-pizza=27; "
                                  "if v1/orders/<=18; "
                                  "if v1/budget=5; v1/decisions/jwt-pizza:={"),
                     text);
    ck_assert_ptr_nonnull(strstr(text, "; v1/journal/jwt-pizza/00000000000000000007:={"));
    ck_assert_ptr_nonnull(
        strstr(text, "; v1/budget:={\"v\":1,\"moves\":[1700000000000,1700000009000]}; "));
    paper_answer(store, PAPER_TXN, STORE_OK, 33);
    ck_told("{\"at\":0,\"event\":\"commit\",\"group\":\"jwt-pizza\",\"status\":\"ok\","
            "\"revision\":33}\n");
}
END_TEST

START_TEST(a_decision_that_is_no_move_leaves_the_budget_alone)
{
    struct commit commit = a_commit();
    const char *text;

    commit.writes_budget = false;
    board_commit(board, &commit);
    text = first_txn();
    ck_assert_ptr_nonnull(strstr(text, "if v1/budget=5; "));
    ck_assert_ptr_null(strstr(text, "v1/budget:="));
}
END_TEST

START_TEST(an_obeyed_order_is_marked_in_the_same_transaction)
{
    static const struct order order = {.id = "17-drain",
                                       .verb = ORDER_DRAIN,
                                       .region = 0,
                                       .group = NONE,
                                       .by = "root",
                                       .obeyed = {{0, 7}},
                                       .obeyed_count = 1};
    struct commit commit = a_commit();
    const char *text;

    commit.obeyed = &order;
    board_commit(board, &commit);
    text = first_txn();
    ck_assert_ptr_nonnull(strstr(text, "v1/orders/17-drain:={"));
    ck_assert_ptr_nonnull(strstr(text, "\"obeyed\":[{\"group\":\"jwt-pizza\",\"epoch\":7}]}; "));
}
END_TEST

START_TEST(a_lost_race_is_told_and_the_store_read_at_once)
{
    struct commit commit = a_commit();

    first_read(9);
    board_commit(board, &commit);
    paper_answer(store, PAPER_TXN, STORE_CONFLICT, 0);
    ck_told("{\"at\":0,\"event\":\"commit\",\"group\":\"jwt-pizza\",\"status\":\"conflict\","
            "\"revision\":0}\n");
    ck_assert_ptr_nonnull(paper_first(store, PAPER_GET));
}
END_TEST

START_TEST(a_commit_without_an_answer_is_told_as_that)
{
    struct commit commit = a_commit();

    first_read(9);
    board_commit(board, &commit);
    paper_answer(store, PAPER_TXN, STORE_AWAY, 0);
    ck_told(TOLD_STORE(
        "away", "9",
        "false") "{\"at\":0,\"event\":\"commit\",\"group\":\"jwt-pizza\",\"status\":\"away\","
                 "\"revision\":0}\n");
}
END_TEST

/* ---- orders (D7) ---- */

static enum store_status order_status;
static unsigned order_answers;

static void on_order(void *context, enum store_status status, const char *error)
{
    (void)context;
    (void)error;
    order_status = status;
    order_answers++;
}

static struct order freeze(const char *id, enum order_verb verb, uint32_t group)
{
    struct order order = {.verb = verb, .region = NONE, .group = group, .by = "root (uid 0)"};

    snprintf(order.id, sizeof(order.id), "%s", id);
    return order;
}

static const char freeze_solo[] =
    "{\"v\":1,\"verb\":\"freeze\",\"region\":\"\",\"group\":\"solo\",\"incident\":\"\","
    "\"override\":false,\"by\":\"root\",\"reason\":\"\",\"at\":0,\"until\":0,\"obeyed\":[]}";

START_TEST(an_order_takes_away_those_it_makes_void)
{
    struct store_item items[] = {paper_item("v1/orders/01", 4, freeze_solo)};
    struct order thaw_all = freeze("02", ORDER_THAW, NONE);
    struct order thaw_other = freeze("03", ORDER_THAW, 0);
    char error[128];
    const char *text;

    order_answers = 0;
    paper_answer_get(store, 4, items, 1);
    ck_assert_int_eq(board_put_order(board, &thaw_other, on_order, NULL, error, sizeof(error)), 0);
    ck_assert_ptr_null(strstr(first_txn(), "gone"));
    paper_answer(store, PAPER_TXN, STORE_OK, 5);
    ck_assert_int_eq(board_put_order(board, &thaw_all, on_order, NULL, error, sizeof(error)), 0);
    text = first_txn();
    ck_assert_ptr_eq(strstr(text, "if v1/orders/02=0; v1/orders/02:={"), text);
    ck_assert_ptr_nonnull(strstr(text, "; v1/orders/01 gone; "));
    paper_answer(store, PAPER_TXN, STORE_READONLY, 0);
    ck_assert_uint_eq(order_answers, 2);
    ck_assert_int_eq(order_status, STORE_READONLY);
}
END_TEST

/* So many orders as one read. */
static void read_orders(int count, const char *value)
{
    static char keys[ORDERS_MAX + 1][32];
    struct store_item items[ORDERS_MAX + 1];

    for (int i = 0; i < count; i++) {
        snprintf(keys[i], sizeof(keys[i]), "v1/orders/%03d", i);
        items[i] = paper_item(keys[i], (uint64_t)i + 1, value);
    }
    paper_answer_get(store, (uint64_t)count, items, (size_t)count);
}

START_TEST(one_order_too_many_is_refused_with_a_sentence)
{
    struct order order = freeze("zz", ORDER_FREEZE, 0);
    char error[128] = "";

    order_answers = 0;
    read_orders(ORDERS_GIVEN_MAX, freeze_solo);
    ck_assert_int_eq(board_put_order(board, &order, on_order, NULL, error, sizeof(error)), -1);
    ck_assert_ptr_nonnull(strstr(error, "too many orders"));
    ck_assert_uint_eq(order_answers, 0);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
}
END_TEST

/* Given by several at once, or by hand: more than there are places. */
START_TEST(an_order_that_finds_no_place_freezes_until_it_does)
{
    read_orders(ORDERS_MAX - 1, freeze_solo);
    ck_assert_ptr_null(strstr(told, "too-many"));
    read_again();
    read_orders(ORDERS_MAX + 1, freeze_solo);
    ck_assert_ptr_nonnull(strstr(told, "\"id\":\"too-many\",\"create_revision\":128,"
                                       "\"mod_revision\":128,\"order\":\"more orders stand"));
    told[0] = '\0';
    read_again();
    read_orders(ORDERS_MAX + 1, freeze_solo);
    ck_told(TOLD_STORE("ok", "129", "true"));
    read_again();
    read_orders(ORDERS_MAX - 1, freeze_solo);
    ck_assert_ptr_nonnull(strstr(told, "\"id\":\"too-many\",\"create_revision\":0,"
                                       "\"mod_revision\":0,\"order\":null"));
}
END_TEST

/* A newer version's order may only be undone by a newer version. */
START_TEST(a_thaw_of_everything_takes_away_what_nobody_can_read)
{
    struct store_item items[] = {paper_item("v1/orders/01", 4, "scribbled by hand"),
                                 paper_item("v1/orders/02", 5, "{\"v\":2}")};
    struct order thaw_one = freeze("03", ORDER_THAW, 0);
    struct order thaw_all = freeze("04", ORDER_THAW, NONE);
    char error[128];

    paper_answer_get(store, 5, items, 2);
    ck_assert_int_eq(board_put_order(board, &thaw_one, on_order, NULL, error, sizeof(error)), 0);
    ck_assert_ptr_null(strstr(first_txn(), "gone"));
    paper_answer(store, PAPER_TXN, STORE_OK, 6);
    ck_assert_int_eq(board_put_order(board, &thaw_all, on_order, NULL, error, sizeof(error)), 0);
    ck_assert_ptr_nonnull(strstr(first_txn(), "; v1/orders/01 gone; "));
    ck_assert_ptr_null(strstr(first_txn(), "v1/orders/02"));
}
END_TEST

START_TEST(an_order_that_is_obeyed_or_ended_keeps_what_we_do_not_understand)
{
    struct store_item item = paper_item(
        "v1/orders/7", 4,
        "{\"v\":1,\"minor\":3,\"ticket\":\"OPS-7\",\"verb\":\"failback\",\"region\":\"\",\"group\":"
        "\"\","
        "\"incident\":\"\",\"override\":false,\"by\":\"b\",\"reason\":\"r\",\"at\":1,\"until\":0,"
        "\"obeyed\":[{\"group\":\"elsewhere\",\"epoch\":4}]}");
    struct order order = freeze("7", ORDER_FAILBACK, NONE);
    struct commit commit = a_commit();

    order.mod_revision = 4;
    order.obeyed[0] = (struct order_obeyed){0, 7};
    order.obeyed_count = 1;
    commit.obeyed = &order;
    paper_answer_get(store, 4, &item, 1);
    board_commit(board, &commit);
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"minor\":3,\"ticket\":\"OPS-7\""));
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"obeyed\":[{\"group\":\"elsewhere\",\"epoch\":4},"
                                              "{\"group\":\"jwt-pizza\",\"epoch\":7}]"));
    paper_answer(store, PAPER_TXN, STORE_OK, 5);
    ck_assert_int_eq(board_withdraw_order(board, &order, 9, on_order, NULL), 0);
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"ticket\":\"OPS-7\""));
    ck_assert_ptr_nonnull(strstr(first_txn(), "\"until\":9"));
}
END_TEST

/* ---- reload ---- */

START_TEST(other_settings_are_told_everything_again)
{
    struct store_item vote = paper_item(vote_key, 9, VOTE("uuuu"));
    struct settings others = settings;

    first_read(9);
    paper_answer(store, PAPER_RENEW, STORE_OK, 1);
    paper_answer(store, PAPER_TXN, STORE_OK, 2);
    told[0] = '\0';
    memcpy(others.fingerprint, "0000000000000000", FINGERPRINT_LENGTH);
    ck_assert_int_eq(board_reload(board, &others), 0);
    paper_answer_get(store, 9, &vote, 1);
    settings = others;
    ck_assert_ptr_nonnull(strstr(told, "\"event\":\"lease\",\"alive\":true"));
    ck_assert_ptr_nonnull(strstr(told, "\"states\":\"????\"")); /* A2: other settings now */
    board_reload(board, &settings);
}
END_TEST

START_TEST(votes_on_groups_that_are_no_more_are_taken_back)
{
    struct settings others = settings;

    lease_granted();
    others.group_count = 1; /* solo is no more */
    ck_assert_int_eq(board_reload(board, &others), 0);
    ck_assert_str_eq(first_txn(), "v1/votes/use1/solo gone; ");
    board_reload(board, &settings);
}
END_TEST

START_TEST(an_answer_to_other_settings_is_not_told)
{
    struct commit commit = a_commit();

    first_read(9);
    board_commit(board, &commit);
    ck_assert_int_eq(board_reload(board, &settings), 0);
    told[0] = '\0';
    paper_answer(store, PAPER_TXN, STORE_OK, 10);
    ck_told("");
}
END_TEST

/* ---- old decisions ---- */

START_TEST(old_decisions_leave_the_store_and_the_newest_stay)
{
    static char keys[BOARD_JOURNAL_MAX + 2][64];
    static struct store_item items[BOARD_JOURNAL_MAX + 2];

    for (int i = 0; i < BOARD_JOURNAL_MAX + 2; i++) {
        snprintf(keys[i], sizeof(keys[i]), "v1/journal/jwt-pizza/%020d", i + 1);
        items[i] = paper_item(keys[i], (uint64_t)i + 1, "{}");
    }
    paper_answer_get(store, 500, items, BOARD_JOURNAL_MAX + 2);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN)); /* three probes: each third read is ours */
    read_again();
    paper_answer_get(store, 500, items, BOARD_JOURNAL_MAX + 2);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    read_again();
    paper_answer_get(store, 500, items, BOARD_JOURNAL_MAX + 2);
    ck_assert_str_eq(first_txn(), "v1/journal/jwt-pizza/00000000000000000002 gone; "
                                  "v1/journal/jwt-pizza/00000000000000000001 gone; ");
    paper_answer(store, PAPER_TXN, STORE_OK, 501);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
}
END_TEST

START_TEST(a_decision_takes_the_oldest_of_the_journal_with_it)
{
    struct commit commit = a_commit();

    commit.decision.epoch = BOARD_JOURNAL_MAX;
    board_commit(board, &commit);
    ck_assert_ptr_null(strstr(first_txn(), " gone; "));
    paper_answer(store, PAPER_TXN, STORE_OK, 33);
    commit.decision.epoch = BOARD_JOURNAL_MAX + 3;
    board_commit(board, &commit);
    ck_assert_ptr_nonnull(
        strstr(first_txn(), "; v1/journal/jwt-pizza/00000000000000000003 gone; "));
}
END_TEST

/* ---- orders that nobody needs any more ---- */

#define THAW_SOLO                                                                                  \
    "{\"v\":1,\"verb\":\"thaw\",\"region\":\"\",\"group\":\"solo\",\"incident\":\"\","             \
    "\"override\":false,"                                                                          \
    "\"by\":\"b\",\"reason\":\"r\",\"at\":1,\"until\":0,\"obeyed\":[]}"

/* Whole reads until it has been our turn once. */
static void a_turn_of_reads(const struct store_item *items, size_t count)
{
    for (int i = 0; i < 3; i++) {
        read_again();
        paper_answer_get(store, 9, items, count);
    }
}

START_TEST(an_order_that_a_newer_one_overrules_is_deleted_and_the_newer_an_hour_later)
{
    struct store_item both[] = {paper_item("v1/orders/1", 4, freeze_solo),
                                paper_item("v1/orders/2", 5, THAW_SOLO)};

    paper_answer_get(store, 9, both, 2);
    a_turn_of_reads(both, 2);
    ck_assert_str_eq(first_txn(), "if v1/orders/<=9; v1/orders/1 gone; ");
    paper_answer(store, PAPER_TXN, STORE_OK, 10);
    a_turn_of_reads(both + 1, 1);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    now_ms += ORDER_SETTLED_MS;
    a_turn_of_reads(both + 1, 1);
    ck_assert_str_eq(first_txn(), "if v1/orders/<=9; v1/orders/2 gone; ");
}
END_TEST

START_TEST(nothing_is_forgotten_while_an_order_stands_that_cannot_be_read)
{
    struct store_item both[] = {paper_item("v1/orders/1", 4, "{\"v\":2}"),
                                paper_item("v1/orders/2", 5, THAW_SOLO)};

    paper_answer_get(store, 9, both, 2);
    now_ms += 40 * 24 * (msec_t)ORDER_SETTLED_MS;
    a_turn_of_reads(both, 2);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN)); /* the thaw may hold a freeze down */
}
END_TEST

START_TEST(an_order_about_what_left_the_settings_is_deleted_after_a_month)
{
    struct store_item order =
        paper_item("v1/orders/7", 4, ORDER("\"drain\",\"region\":\"eu-north-1\",\"group\":\"\""));

    paper_answer_get(store, 9, &order, 1);
    now_ms += 29 * 24 * (msec_t)ORDER_SETTLED_MS;
    a_turn_of_reads(&order, 1);
    ck_assert_ptr_null(paper_first(store, PAPER_TXN));
    now_ms += 2 * 24 * (msec_t)ORDER_SETTLED_MS;
    a_turn_of_reads(&order, 1);
    ck_assert_str_eq(first_txn(), "if v1/orders/<=9; v1/orders/7 gone; ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("board");
    TCase *tests = tcase_create("board");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, everything_is_told_at_the_start_and_then_that_it_was_everything);
    tcase_add_test(tests, only_what_changed_is_told_again);
    tcase_add_test(tests, what_is_no_longer_there_is_gone);
    tcase_add_test(tests, a_watch_tells_at_once);
    tcase_add_test(tests, a_watch_that_left_something_out_is_read_after_instead);
    tcase_add_test(tests, a_watch_that_left_something_out_is_read_after_instead);
    tcase_add_test(tests, a_watch_is_a_hint_that_waits_for_the_first_read);
    tcase_add_test(tests, a_read_that_a_watch_has_overtaken_is_not_believed);
    tcase_add_test(tests, a_late_watch_does_not_undo_a_newer_read);
    tcase_add_test(tests, a_store_that_was_set_back_is_believed_after_a_full_read);
    tcase_add_test(tests, a_vote_that_cannot_be_read_is_told_as_such_until_it_changes);
    tcase_add_test(tests, a_head_that_cannot_be_read_does_not_look_like_none);
    tcase_add_test(tests, a_ledger_that_cannot_be_read_is_told_with_its_revision);
    tcase_add_test(tests,
                   an_order_that_cannot_be_read_is_told_with_the_reason_and_then_as_what_it_is);
    tcase_add_test(tests, an_order_about_a_region_that_is_not_ours_is_no_order_here);
    tcase_add_test(tests, a_store_that_cannot_be_read_takes_nothing_away);
    tcase_add_test(tests, a_store_that_can_be_read_and_not_written_is_not_well);
    tcase_add_test(tests, a_store_that_can_be_written_again_is_read_and_told_at_once);
    tcase_add_test(tests, a_lease_lives_from_the_moment_it_was_asked_for);
    tcase_add_test(tests, our_vote_waits_for_the_lease_and_stands_under_it);
    tcase_add_test(tests, suspects_of_an_earlier_life_are_taken_back);
    tcase_add_test(tests, a_newer_vote_replaces_one_that_still_waits);
    tcase_add_test(tests, after_a_lost_lease_everything_is_written_again);
    tcase_add_test(tests, a_vote_whose_writing_had_no_answer_is_written_again);
    tcase_add_test(tests, our_own_vote_that_vanished_is_written_again);
    tcase_add_test(tests, our_own_vote_that_was_overwritten_is_written_again_after_a_renewal);
    tcase_add_test(tests, what_we_say_is_written_again_when_the_store_was_set_back);
    tcase_add_test(tests, an_older_vote_of_ours_told_late_is_no_overwriting);
    tcase_add_test(tests, a_commit_compares_the_head_the_votes_the_orders_and_the_budget);
    tcase_add_test(tests, a_decision_that_is_no_move_leaves_the_budget_alone);
    tcase_add_test(tests, an_obeyed_order_is_marked_in_the_same_transaction);
    tcase_add_test(tests, a_lost_race_is_told_and_the_store_read_at_once);
    tcase_add_test(tests, a_commit_without_an_answer_is_told_as_that);
    tcase_add_test(tests, an_order_takes_away_those_it_makes_void);
    tcase_add_test(tests, one_order_too_many_is_refused_with_a_sentence);
    tcase_add_test(tests, other_settings_are_told_everything_again);
    tcase_add_test(tests, votes_on_groups_that_are_no_more_are_taken_back);
    tcase_add_test(tests, an_answer_to_other_settings_is_not_told);
    tcase_add_test(tests, old_decisions_leave_the_store_and_the_newest_stay);
    tcase_add_test(tests, a_decision_takes_the_oldest_of_the_journal_with_it);
    tcase_add_test(tests,
                   an_order_that_a_newer_one_overrules_is_deleted_and_the_newer_an_hour_later);
    tcase_add_test(tests, nothing_is_forgotten_while_an_order_stands_that_cannot_be_read);
    tcase_add_test(tests, an_order_about_what_left_the_settings_is_deleted_after_a_month);
    tcase_add_test(tests, an_order_that_finds_no_place_freezes_until_it_does);
    tcase_add_test(tests, a_thaw_of_everything_takes_away_what_nobody_can_read);
    tcase_add_test(tests, an_order_that_is_obeyed_or_ended_keeps_what_we_do_not_understand);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
