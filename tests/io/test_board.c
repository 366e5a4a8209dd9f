/* SPDX-License-Identifier: Apache-2.0 */
/* The board between the store and the engine: what stands in the store is told, once; what shall
 * stand there is written until it does; and no error of the store is anything but an error. */
#include <string.h>

#include "../lib/suite.h"
#include "board_world.h"

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

/* S1: others wrote so much after the restore that the revision does not look set back. */
START_TEST(a_store_that_was_set_back_and_has_passed_us_again_is_noticed)
{
    struct store_item other = paper_item(vote_key, 9, VOTE("dddd"));
    struct board_stats stats;

    first_read(9);
    read_again();
    paper_answer_get(store, 15, &other, 1);
    ck_told(TOLD_VOTE("9", "dddd") TOLD_STORE("ok", "15", "true"));
    board_stats(board, &stats);
    ck_assert_uint_eq(stats.went_back, 1);
    turn();
    paper_answer_get(store, 15, &other, 1); /* everything again */
    ck_told(TOLD_VOTE("9", "dddd") TOLD_STORE("ok", "15", "true"));
    board_stats(board, &stats);
    ck_assert_uint_eq(stats.went_back, 1);
}
END_TEST

START_TEST(a_watch_that_tells_a_past_which_a_read_knows_better_is_passed_over)
{
    struct store_item changes[] = {paper_item(vote_key, 10, VOTE("dddd")),
                                   paper_item("v1/votes/fra/jwt-pizza", 13, NULL)};

    first_read(12);
    paper_tell_since(store, STORE_OK, 8, 13, changes, 2);
    ck_told(TOLD_STORE("ok", "13", "false"));
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
                                       .mod_revision = 17,
                                       .obeyed = {{0, 7}},
                                       .obeyed_count = 1};
    struct commit commit = a_commit();
    const char *text;

    commit.obeyed = &order;
    board_commit(board, &commit);
    text = first_txn();
    ck_assert_ptr_nonnull(strstr(text, "v1/orders/17-drain:={"));
    ck_assert_ptr_nonnull(strstr(text, "\"obeyed\":[{\"group\":\"jwt-pizza\",\"epoch\":7}]}; "));
    /* one that was deleted meanwhile has left no newer order behind, and does not come back */
    ck_assert_ptr_nonnull(strstr(text, "; if v1/orders/17-drain=17; "));
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

int main(void)
{
    Suite *suite = suite_create("board");
    TCase *tests = tcase_create("board");

    tcase_add_checked_fixture(tests, board_world_setup, board_world_teardown);
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
    tcase_add_test(tests, a_store_that_was_set_back_and_has_passed_us_again_is_noticed);
    tcase_add_test(tests, a_watch_that_tells_a_past_which_a_read_knows_better_is_passed_over);
    tcase_add_test(tests, a_vote_that_cannot_be_read_is_told_as_such_until_it_changes);
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
    tcase_add_test(tests, other_settings_are_told_everything_again);
    tcase_add_test(tests, votes_on_groups_that_are_no_more_are_taken_back);
    tcase_add_test(tests, an_answer_to_other_settings_is_not_told);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
