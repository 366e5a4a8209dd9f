/* SPDX-License-Identifier: Apache-2.0 */
/* Each invariant about a decision, seen to be broken, in a run that is made up event by event: a
 * proper failover with one thing wrong. */
#include <string.h>

#include "../lib/suite.h"
#include "made_up.h"

#define SETTINGS PIZZA("hold = 20; dwell = 600;") "limits = { budget = 3; window = \"1h\"; };\n"

static void setup(void)
{
    made_begin(SETTINGS);
}

/* Another group's settings, in a test of its own. */
static void begin_again(const char *settings)
{
    made_end();
    made_begin(settings);
}

/* ---- the evidence ---- */

static void two_votes_gone(struct store_truth *truth)
{
    truth->votes[USW2].letters[FACTORY_EAST] = 'u';
    truth->votes[FRA].letters[FACTORY_EAST] = '?';
}

START_TEST(s_01_a_leave_on_one_vote)
{
    made_leave_after(25000);
    made.spoil_truth = two_votes_gone;
    made_decide();
    made_broken("S-01");
}
END_TEST

static void only_aws(struct store_truth *truth)
{
    truth->votes[FRA].letters[FACTORY_EAST] = '?';
}

START_TEST(s_02_a_leave_on_votes_of_one_owner)
{
    begin_again(
        "probe = { references = ( \"dns:198.41.0.4\" ); };\n"
        "quorum = { down = 2; up = 2; vantages = 2; owners = 2; probes = (\n"
        "  { name = \"use1\"; vantage = \"aws/us-east-1\"; may_act = true; },\n"
        "  { name = \"usw2\"; vantage = \"aws/us-west-2\"; may_act = true; },\n"
        "  { name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = false; } ); };\n"
        "checks = { interval = 10; timeout = 3; retry = 1; fall = 3; rise = 2; };\n" PIZZA_SERVICES
            PIZZA_GROUP("hold = 20; dwell = 600;"));
    made_leave_after(25000);
    made.spoil_truth = only_aws;
    made_decide();
    made_broken("S-02");
}
END_TEST

START_TEST(s_03_a_leave_before_hold_is_over)
{
    made_leave_after(19000);
    made_decide();
    made_broken("S-03");
}
END_TEST

START_TEST(s_03_one_good_moment_begins_hold_anew)
{
    made_site_dies(FACTORY_EAST, 15000);
    made_vote(USW2, "uu?u", BLIND_CLOCK); /* abstains, and so does fra: no quorum for a moment */
    made_vote(FRA, "uu?u", BLIND_CLOCK);
    made.inv->violated = false; /* that their letters are made up is not the point */
    made_vote(USW2, "uudu", BLIND_NOT);
    made_vote(FRA, "uudu", BLIND_NOT);
    made_pass(10000);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made_decide();
    made_broken("S-03");
}
END_TEST

START_TEST(s_04_weight_for_a_region_that_is_not_stable)
{
    made_site_dies(PIZZA_WEST, 10000);
    made_site_heals(PIZZA_WEST);
    made_leave_after(59000);
    made_decide();
    made_broken("S-04");
}
END_TEST

START_TEST(s_04_weight_for_a_drained_region)
{
    made_order(ORDER_DRAIN, 1, false);
    made_leave_after(25000);
    made_decide();
    made_broken("S-04");
}
END_TEST

static void override_stands(struct store_truth *truth)
{
    truth->orders.items[0].override = true;
}

START_TEST(s_04_an_override_that_the_decision_does_not_obey_lifts_nothing)
{
    made_site_dies(PIZZA_WEST, 10000);
    made_site_heals(PIZZA_WEST);
    made_order(ORDER_DRAIN, 1, true);
    made_order(ORDER_RESTORE, 1, false);
    made.spoil_truth = override_stands;
    made_leave_after(25000);
    made_decide();
    made_broken("S-04");
}
END_TEST

START_TEST(s_05_a_decision_without_weight)
{
    made_leave_after(25000);
    made.weights[PIZZA_WEST] = 0;
    made_decide();
    made_broken("S-05");
}
END_TEST

static void nobody_is_up(struct store_truth *truth)
{
    for (int p = 0; p < MADE_PROBES; p++)
        truth->votes[p].letters[PIZZA_WEST] = 's';
}

START_TEST(s_06_a_leave_to_where_nobody_is_agreed_up)
{
    made_leave_after(25000);
    made.spoil_truth = nobody_is_up;
    made_decide();
    made_broken("S-06");
}
END_TEST

START_TEST(s_07_a_failback_without_a_quorum)
{
    begin_again(PIZZA("hold = 20; dwell = 0; failback = { mode = \"auto\"; };"));
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_decision(DECISION_FAILBACK, 100, 100, 100, 100);
    made.commit.vote_count = 1;
    made_propose(USE1);
    made_commit(USE1);
    made_broken("S-07");
}
END_TEST

static void only_a_liar_says_so(struct store_truth *truth)
{
    two_votes_gone(truth);
    truth->liars = 1 << USE1;
}

START_TEST(s_20_a_leave_on_the_word_of_a_liar)
{
    made_leave_after(25000);
    made.spoil_truth = only_a_liar_says_so;
    made_decide();
    made_broken("S-20");
}
END_TEST

static void usw2_is_of_other_settings(struct store_truth *truth)
{
    truth->votes[USW2].same_settings = false;
}

static void usw2_is_blind(struct store_truth *truth)
{
    truth->votes[USW2].blind = true;
}

START_TEST(s_22_votes_of_other_settings_and_of_the_blind)
{
    made_leave_after(25000);
    made_propose(USE1);
    made.spoil_truth = _i == 0 ? usw2_is_of_other_settings : usw2_is_blind;
    made_commit(USE1);
    made_broken("S-22");
}
END_TEST

START_TEST(s_27_a_vote_that_was_not_earned)
{
    made.no_fault = true;
    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        for (int i = 0; i < 1 + 3; i++)
            made_result(p, FACTORY_EAST, RESULT_BAD, true);
        made_vote(p, "uudu", BLIND_NOT);
    }
    made_pass(25000);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made_decide();
    made_broken("S-27");
}
END_TEST

/* ---- the ledger ---- */

START_TEST(s_12_a_move_within_the_dwell)
{
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_site_dies(FACTORY_WEST, 25000);
    made_decision(DECISION_LEAVE, 100, 0, 100, 0);
    made_decide();
    made_broken("S-12");
}
END_TEST

START_TEST(s_12_a_clock_ahead_does_not_end_a_dwell_that_was_seen)
{
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_site_dies(FACTORY_WEST, 25000);
    made.inv->heard[USW2].wall_offset += 3600000;
    made_decision(DECISION_LEAVE, 100, 0, 100, 0);
    made_propose(USW2);
    made_commit(USW2);
    made_broken("S-12");
}
END_TEST

START_TEST(s_12_a_move_beyond_the_budget)
{
    begin_again(PIZZA("hold = 20; dwell = 0;") "limits = { budget = 1; window = \"1h\"; };\n");
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_site_dies(FACTORY_WEST, 25000);
    made_decision(DECISION_LEAVE, 100, 0, 100, 0);
    made_decide();
    made_broken("S-12");
}
END_TEST

START_TEST(s_12_a_cancelled_drain_does_not_end_the_dwell)
{
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_order(ORDER_DRAIN, 1, false);
    made_decision(DECISION_LEAVE, 100, 0, 100, 0);
    made_obey();
    made_decide();
    made_order(ORDER_RESTORE, 1, false);
    made_decision(DECISION_CANCEL, 0, 100, 0, 100);
    made_decide();
    made_sound();
    made_site_dies(FACTORY_WEST, 25000);
    made_decision(DECISION_LEAVE, 100, 0, 100, 0);
    made_decide();
    made_broken("S-12");
}
END_TEST

START_TEST(s_13_a_failback_without_an_order)
{
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(700000);
    made_decision(DECISION_FAILBACK, 100, 0, 100, 0);
    made_decide();
    made_broken("S-13");
}
END_TEST

START_TEST(s_13_a_failback_by_an_order_older_than_the_move)
{
    made_order(ORDER_FAILBACK, NONE, false);
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(700000);
    made_decision(DECISION_FAILBACK, 100, 0, 100, 0);
    made_obey();
    made_decide();
    made_broken("S-13");
}
END_TEST

START_TEST(s_14_a_decision_under_a_freeze)
{
    made_leave_after(25000);
    made_propose(USE1);
    made_order(ORDER_FREEZE, NONE, false);
    made.commit.orders_revision = made.revision;
    made_commit(USE1);
    made_broken("S-14");
}
END_TEST

START_TEST(s_16_a_decision_while_the_store_is_away)
{
    made_leave_after(25000);
    made.now_ms += 10001;
    made_event(USE1, (struct event){.kind = EVENT_TICK});
    made_propose(USE1);
    made_broken("S-16");
}
END_TEST

START_TEST(s_19_a_decision_after_a_jump_of_the_clock)
{
    made_leave_after(25000);
    made_event(USE1, (struct event){.kind = EVENT_CLOCK, .clock = {.jump_ms = -2001}});
    made.inv->violated = false; /* its vote stands as it was: that is broken already */
    made_propose(USE1);
    made_broken("S-19");
}
END_TEST

START_TEST(s_23_a_decision_before_the_store_was_read)
{
    made_event(USE1, (struct event){.kind = EVENT_START, .start = {.wall = 1}});
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made_propose(USE1);
    made_broken("S-23");
}
END_TEST

START_TEST(s_24_an_epoch_that_is_known)
{
    made_leave_after(25000);
    made.commit.decision.epoch = 1;
    made_propose(USE1);
    made_broken("S-24");
}
END_TEST

START_TEST(s_29_a_vote_that_changed_after_it_was_counted)
{
    made_leave_after(25000);
    made_propose(USE1);
    made_vote(USW2, "uudu", BLIND_NOT);
    made_commit(USE1);
    made_broken("S-29");
}
END_TEST

START_TEST(s_01_a_quorum_of_which_only_one_vote_was_compared)
{
    made_leave_after(25000);
    made.commit.vote_count = 1;
    made_decide();
    made_broken("S-01");
}
END_TEST

START_TEST(s_29_a_head_that_changed)
{
    made_leave_after(25000);
    made.commit.head_revision--;
    made_decide();
    made_broken("S-29");
}
END_TEST

static void an_unknown_order(struct store_truth *truth)
{
    truth->orders.items[0] = (struct told_order){.verb = ORDER_RESTORE, .id = "order-x"};
    truth->orders.count = 1;
}

START_TEST(s_29_an_order_that_its_committer_was_never_told_of)
{
    made_leave_after(25000);
    made.spoil_truth = an_unknown_order;
    made_decide();
    made_broken("S-29");
}
END_TEST

START_TEST(s_33_a_group_without_a_head_is_not_moved)
{
    ledger_set_head(made.inv, 0, NULL, 0);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made.commit.decision.epoch = 2;
    made_decide();
    made_broken("S-33");
}
END_TEST

START_TEST(s_33_a_first_head_that_says_something_else)
{
    ledger_set_head(made.inv, 0, NULL, 0);
    made_decision(DECISION_INIT, 100, 7, 100, 0);
    made.commit.decision.epoch = 2;
    made_decide();
    made_broken("S-33");
}
END_TEST

START_TEST(s_34_an_order_that_says_something_else)
{
    made_order(ORDER_RESTORE, 0, false);
    made_leave_after(25000);
    made_obey();
    made_decide();
    made_broken("S-34");
}
END_TEST

START_TEST(s_34_an_override_that_nobody_gave)
{
    made_leave_after(25000);
    made.commit.decision.override = true;
    made_decide();
    made_broken("S-34");
}
END_TEST

START_TEST(s_34_an_order_obeyed_and_not_marked)
{
    made_order(ORDER_DRAIN, 0, false);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made_obey();
    made.commit.obeyed = NULL;
    made_decide();
    made_broken("S-34");
}
END_TEST

START_TEST(s_35_a_leave_that_leaves_some_weight)
{
    made_leave_after(25000);
    made.weights[PIZZA_EAST] = 1;
    made_decide();
    made_broken("S-35");
}
END_TEST

START_TEST(s_35_a_failback_beyond_the_next_step)
{
    begin_again(PIZZA("hold = 20; dwell = 0; failback = { mode = \"auto\"; steps = [10, 100]; };"));
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_decision(DECISION_FAILBACK, 10, 100, 50, 100);
    made_decide();
    made_broken("S-35");
}
END_TEST

START_TEST(s_36_a_cancel_of_what_was_applied)
{
    made_failover();
    made_site_heals(FACTORY_EAST);
    made_pass(5000);
    made_decision(DECISION_CANCEL, 100, 0, 100, 0);
    made_decide();
    made_broken("S-36");
}
END_TEST

START_TEST(s_36_a_cancel_while_the_region_is_down)
{
    made_leave_after(25000);
    made_decide();
    made_decision(DECISION_CANCEL, 100, 0, 100, 0);
    made_decide();
    made_broken("S-36");
}
END_TEST

START_TEST(s_37_a_move_that_takes_no_place_in_the_ledger)
{
    made_leave_after(25000);
    made.commit.writes_budget = false;
    made_decide();
    made_broken("S-37");
}
END_TEST

/* Read in two zones: pizza's has the leave of epoch 2, the factory's has not. */
static void read_half(void)
{
    static const int weights[] = {0, 100, 100, 0};

    for (uint32_t p = 0; p < MADE_PROBES; p++) {
        struct heard *heard = &made.inv->heard[p];
        for (uint32_t z = 0; z < 2; z++)
            heard->slots[z] = (struct told_slot){true, true, 2 - z, 2 - z};
        memcpy(heard->weights, weights, sizeof(weights));
    }
}

static void cancelled_and_read_half(void)
{
    made_end();
    made_begin_anyhow(PIZZA_TWO_ZONES("hold = 20; dwell = 600;"));
    made_leave_after(25000);
    made_decide();
    made_site_heals(FACTORY_EAST);
    made_decision(DECISION_CANCEL, 100, 0, 100, 0);
    made.commit.decision.base_epoch = 1;
    memcpy(made.base, made.weights, sizeof(made.base));
    made_decide();
    made_sound();
    read_half();
}

START_TEST(s_43_half_of_a_leave_is_adopted)
{
    cancelled_and_read_half();
    made_decision(DECISION_ADOPT, 0, 100, 100, 0);
    made_decide();
    made_broken("S-43");
}
END_TEST

START_TEST(s_43_all_of_it_is)
{
    cancelled_and_read_half();
    made_decision(DECISION_ADOPT, 0, 100, 0, 100);
    made_decide();
    made_sound();
}
END_TEST

START_TEST(s_15_what_no_zone_and_no_decision_of_one_says_is_adopted)
{
    cancelled_and_read_half();
    made_decision(DECISION_ADOPT, 0, 100, 0, 70);
    made_decide();
    made_broken("S-15");
}
END_TEST

static void add_evidence(TCase *tests)
{
    tcase_add_test(tests, s_01_a_leave_on_one_vote);
    tcase_add_test(tests, s_02_a_leave_on_votes_of_one_owner);
    tcase_add_test(tests, s_03_a_leave_before_hold_is_over);
    tcase_add_test(tests, s_03_one_good_moment_begins_hold_anew);
    tcase_add_test(tests, s_04_weight_for_a_region_that_is_not_stable);
    tcase_add_test(tests, s_04_weight_for_a_drained_region);
    tcase_add_test(tests, s_04_an_override_that_the_decision_does_not_obey_lifts_nothing);
    tcase_add_test(tests, s_05_a_decision_without_weight);
    tcase_add_test(tests, s_06_a_leave_to_where_nobody_is_agreed_up);
    tcase_add_test(tests, s_07_a_failback_without_a_quorum);
    tcase_add_test(tests, s_20_a_leave_on_the_word_of_a_liar);
    tcase_add_loop_test(tests, s_22_votes_of_other_settings_and_of_the_blind, 0, 2);
    tcase_add_test(tests, s_27_a_vote_that_was_not_earned);
}

static void add_ledger(TCase *tests)
{
    tcase_add_test(tests, s_12_a_move_within_the_dwell);
    tcase_add_test(tests, s_12_a_clock_ahead_does_not_end_a_dwell_that_was_seen);
    tcase_add_test(tests, s_12_a_move_beyond_the_budget);
    tcase_add_test(tests, s_12_a_cancelled_drain_does_not_end_the_dwell);
    tcase_add_test(tests, s_13_a_failback_without_an_order);
    tcase_add_test(tests, s_13_a_failback_by_an_order_older_than_the_move);
    tcase_add_test(tests, s_14_a_decision_under_a_freeze);
    tcase_add_test(tests, s_16_a_decision_while_the_store_is_away);
    tcase_add_test(tests, s_19_a_decision_after_a_jump_of_the_clock);
    tcase_add_test(tests, s_23_a_decision_before_the_store_was_read);
    tcase_add_test(tests, s_24_an_epoch_that_is_known);
    tcase_add_test(tests, s_29_a_vote_that_changed_after_it_was_counted);
    tcase_add_test(tests, s_01_a_quorum_of_which_only_one_vote_was_compared);
    tcase_add_test(tests, s_29_a_head_that_changed);
    tcase_add_test(tests, s_29_an_order_that_its_committer_was_never_told_of);
    tcase_add_test(tests, s_33_a_group_without_a_head_is_not_moved);
    tcase_add_test(tests, s_33_a_first_head_that_says_something_else);
    tcase_add_test(tests, s_34_an_order_that_says_something_else);
    tcase_add_test(tests, s_34_an_override_that_nobody_gave);
    tcase_add_test(tests, s_34_an_order_obeyed_and_not_marked);
    tcase_add_test(tests, s_35_a_leave_that_leaves_some_weight);
    tcase_add_test(tests, s_35_a_failback_beyond_the_next_step);
    tcase_add_test(tests, s_36_a_cancel_of_what_was_applied);
    tcase_add_test(tests, s_36_a_cancel_while_the_region_is_down);
    tcase_add_test(tests, s_37_a_move_that_takes_no_place_in_the_ledger);
    tcase_add_test(tests, s_43_half_of_a_leave_is_adopted);
    tcase_add_test(tests, s_43_all_of_it_is);
    tcase_add_test(tests, s_15_what_no_zone_and_no_decision_of_one_says_is_adopted);
}

int main(void)
{
    Suite *suite = suite_create("invariants of decisions");
    TCase *tests = tcase_create("decisions");

    tcase_add_checked_fixture(tests, setup, made_end);
    add_evidence(tests);
    add_ledger(tests);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
