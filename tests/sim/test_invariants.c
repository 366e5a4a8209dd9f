/* SPDX-License-Identifier: Apache-2.0 */
/* Each invariant, seen to be broken, in a run that is made up event by event: a proper failover
 * with one thing wrong. And what is proper, seen to be silent. */
#include "made_up.h"

#include <string.h>

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

/* The factory of us-east-1 dies; a leave of it is ready to be proposed. */
static void leave_after(msec_t ms)
{
    made_site_dies(FACTORY_EAST, ms);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
}

static void failover(void)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made_send(USE1);
    made_accept(USE1);
    made_read_zone();
}

/* ---- what is proper ---- */

START_TEST(a_proper_failover_is_silent)
{
    failover();
    made_sound();
}
END_TEST

START_TEST(a_proper_failback_by_order_is_silent)
{
    failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_order(ORDER_FAILBACK, NONE, false);
    made_decision(DECISION_FAILBACK, 100, 0, 100, 0);
    made_obey();
    made_decide();
    made_batch(USE1);
    made_send(USE1);
    made_accept(USE1);
    made_sound();
}
END_TEST

START_TEST(a_proper_drain_is_silent)
{
    made_order(ORDER_DRAIN, 0, false);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made_obey();
    made_decide();
    made_batch(USE1);
    made_send(USE1);
    made_accept(USE1);
    made_sound();
}
END_TEST

START_TEST(a_proper_cancel_is_silent_and_gives_the_dwell_back)
{
    leave_after(25000);
    made_decide();
    made_site_heals(FACTORY_EAST);
    made_pass(5000);
    made_decision(DECISION_CANCEL, 100, 0, 100, 0);
    made_decide();
    made_pass(60000);
    leave_after(25000);
    made_decide();
    made_sound();
}
END_TEST

/* ---- the evidence ---- */

static void two_votes_gone(struct store_truth *truth)
{
    truth->votes[USW2].letters[FACTORY_EAST] = 'u';
    truth->votes[FRA].letters[FACTORY_EAST] = '?';
}

START_TEST(s_01_a_leave_on_one_vote)
{
    leave_after(25000);
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
    leave_after(25000);
    made.spoil_truth = only_aws;
    made_decide();
    made_broken("S-02");
}
END_TEST

START_TEST(s_03_a_leave_before_hold_is_over)
{
    leave_after(19000);
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
    leave_after(59000);
    made_decide();
    made_broken("S-04");
}
END_TEST

START_TEST(s_04_weight_for_a_drained_region)
{
    made_order(ORDER_DRAIN, 1, false);
    leave_after(25000);
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
    leave_after(25000);
    made_decide();
    made_broken("S-04");
}
END_TEST

START_TEST(s_05_a_decision_without_weight)
{
    leave_after(25000);
    made.weights[PIZZA_WEST] = 0;
    made_decide();
    made_broken("S-05");
}
END_TEST

START_TEST(s_05_a_batch_that_leaves_no_weight)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made_send(USE1);
    made.weights[PIZZA_WEST] = 0; /* what the zone says then */
    made_accept(USE1);
    made_broken("S-05");
}
END_TEST

START_TEST(s_05_a_batch_that_touches_another_name)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.items[2].set.name = made.items[3].set.name = "www.example.com";
    made_send(USE1);
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
    leave_after(25000);
    made.spoil_truth = nobody_is_up;
    made_decide();
    made_broken("S-06");
}
END_TEST

static void only_one_counts(struct store_truth *truth)
{
    truth->votes[USW2].present = false;
    truth->votes[FRA].present = false;
}

START_TEST(s_07_a_failback_without_a_quorum)
{
    begin_again(PIZZA("hold = 20; dwell = 0; failback = { mode = \"auto\"; };"));
    failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_decision(DECISION_FAILBACK, 100, 100, 100, 100);
    made.commit.vote_count = 1;
    made_propose(USE1);
    made.inv->snapshots[0].counted = 1;
    made.spoil_truth = only_one_counts;
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
    leave_after(25000);
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
    leave_after(25000);
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
        for (int i = 0; i < 3; i++)
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
    failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_site_dies(FACTORY_WEST, 25000);
    made_decision(DECISION_LEAVE, 100, 0, 100, 0);
    made_decide();
    made_broken("S-12");
}
END_TEST

START_TEST(s_12_a_move_beyond_the_budget)
{
    begin_again(PIZZA("hold = 20; dwell = 0;") "limits = { budget = 1; window = \"1h\"; };\n");
    failover();
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
    failover();
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
    failover();
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
    failover();
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
    leave_after(25000);
    made_propose(USE1);
    made_order(ORDER_FREEZE, NONE, false);
    made.commit.orders_revision = made.revision;
    made_commit(USE1);
    made_broken("S-14");
}
END_TEST

START_TEST(s_14_a_batch_under_a_freeze)
{
    leave_after(25000);
    made_decide();
    made_order(ORDER_FREEZE, NONE, false);
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-14");
}
END_TEST

START_TEST(s_16_a_decision_while_the_store_is_away)
{
    leave_after(25000);
    made.now_ms += 10001;
    made_event(USE1, (struct event){.kind = EVENT_TICK});
    made_propose(USE1);
    made_broken("S-16");
}
END_TEST

START_TEST(s_19_a_decision_after_a_jump_of_the_clock)
{
    leave_after(25000);
    made_event(USE1, (struct event){.kind = EVENT_CLOCK, .clock = {.jump_ms = -2001}});
    made.inv->violated = false; /* its vote stands as it was: that is broken already */
    made_propose(USE1);
    made_broken("S-19");
}
END_TEST

START_TEST(s_19_a_vote_after_a_jump_of_the_clock)
{
    made_event(USW2, (struct event){.kind = EVENT_CLOCK, .clock = {.jump_ms = 5000}});
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
    leave_after(25000);
    made.commit.decision.epoch = 1;
    made_propose(USE1);
    made_broken("S-24");
}
END_TEST

START_TEST(s_29_a_vote_that_changed_after_it_was_counted)
{
    leave_after(25000);
    made_propose(USE1);
    made_vote(USW2, "uudu", BLIND_NOT);
    made_commit(USE1);
    made_broken("S-29");
}
END_TEST

START_TEST(s_29_a_vote_counted_and_not_compared)
{
    leave_after(25000);
    made.commit.vote_count = 2;
    made_decide();
    made_broken("S-29");
}
END_TEST

START_TEST(s_29_a_head_that_changed)
{
    leave_after(25000);
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
    leave_after(25000);
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
    leave_after(25000);
    made_obey();
    made_decide();
    made_broken("S-34");
}
END_TEST

START_TEST(s_34_an_override_that_nobody_gave)
{
    leave_after(25000);
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
    leave_after(25000);
    made.weights[PIZZA_EAST] = 1;
    made_decide();
    made_broken("S-35");
}
END_TEST

START_TEST(s_35_a_failback_beyond_the_next_step)
{
    begin_again(PIZZA("hold = 20; dwell = 0; failback = { mode = \"auto\"; steps = [10, 100]; };"));
    failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_decision(DECISION_FAILBACK, 10, 100, 50, 100);
    made_decide();
    made_broken("S-35");
}
END_TEST

START_TEST(s_36_a_cancel_of_what_was_applied)
{
    failover();
    made_site_heals(FACTORY_EAST);
    made_pass(5000);
    made_decision(DECISION_CANCEL, 100, 0, 100, 0);
    made_decide();
    made_broken("S-36");
}
END_TEST

START_TEST(s_36_a_cancel_while_the_region_is_down)
{
    leave_after(25000);
    made_decide();
    made_decision(DECISION_CANCEL, 100, 0, 100, 0);
    made_decide();
    made_broken("S-36");
}
END_TEST

START_TEST(s_37_a_move_that_takes_no_place_in_the_ledger)
{
    leave_after(25000);
    made.commit.writes_budget = false;
    made_decide();
    made_broken("S-37");
}
END_TEST

/* ---- what is written ---- */

START_TEST(s_08_an_epoch_accepted_twice)
{
    failover();
    made.inv->now_ms = made.now_ms;
    written_accepted(made.inv, USE1, &made.batch, false, true, made.zone);
    made_broken("S-08");
}
END_TEST

START_TEST(s_09_a_batch_without_a_fence)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.batch.items += 2;
    made.batch.item_count -= 2;
    made_send(USE1);
    made_broken("S-09");
}
END_TEST

START_TEST(s_09_a_fence_that_does_not_rise)
{
    leave_after(25000);
    made_decide();
    made.fence = 2;
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-09");
}
END_TEST

START_TEST(s_10_a_batch_without_a_lease)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    if (_i == 0)
        made_event(USE1, (struct event){.kind = EVENT_LEASE, .lease = {false, 0}});
    else
        made_event(USE1, (struct event){.kind = EVENT_LEASE, .lease = {true, made.now_ms + 999}});
    made_send(USE1);
    made_broken("S-10");
}
END_TEST

START_TEST(s_11_a_batch_whose_reason_is_gone)
{
    leave_after(25000);
    made_decide();
    made_site_heals(FACTORY_EAST);
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-11");
}
END_TEST

START_TEST(s_11_a_batch_for_a_region_that_fell_meanwhile)
{
    leave_after(25000);
    made_decide();
    made_site_dies(PIZZA_WEST, 0);
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-11");
}
END_TEST

START_TEST(s_15_a_batch_over_what_a_person_wrote)
{
    leave_after(25000);
    made_decide();
    made.zone[PIZZA_EAST] = 70;
    made_batch(USE1);
    made_send(USE1);
    made_accept(USE1);
    made_broken("S-15");
}
END_TEST

START_TEST(s_15_an_adoption_that_nobody_asked_for)
{
    made.zone[PIZZA_WEST] = 30;
    made_read_zone();
    made_decision(DECISION_ADOPT, 100, 30, 100, 0);
    made_decide();
    made_broken("S-15");
}
END_TEST

START_TEST(s_15_an_adoption_of_what_is_not_there)
{
    made_decision(DECISION_ADOPT, 100, 30, 100, 0);
    made_decide();
    made_broken("S-15");
}
END_TEST

START_TEST(s_30_a_batch_that_changes_a_value)
{
    static const char *const other[] = {"203.0.113.1"};

    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.items[3].set.values = other;
    made_send(USE1);
    made_broken("S-30");
}
END_TEST

START_TEST(s_30_a_batch_that_deletes_for_good)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.batch.item_count--;
    made_send(USE1);
    made_broken("S-30");
}
END_TEST

START_TEST(s_30_a_batch_that_writes_another_weight)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.items[5].set.weight = 99;
    made_send(USE1);
    made_broken("S-30");
}
END_TEST

START_TEST(s_31_a_batch_sent_again_as_it_was)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made_send(USE1);
    made_sound();
    made_send(USE1);
    made_broken("S-31");
}
END_TEST

START_TEST(s_31_a_batch_from_an_older_reading)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made_read_zone();
    made.batch.nonce = "0123456789abcdef0123456789abcdef";
    made_send(USE1);
    made_broken("S-31");
}
END_TEST

START_TEST(s_32_a_batch_of_who_may_not_act)
{
    leave_after(25000);
    made_decide();
    made_batch(FRA);
    made_send(FRA);
    made_broken("S-32");
}
END_TEST

START_TEST(s_32_a_batch_for_a_head_that_was)
{
    leave_after(25000);
    made_decide();
    made_batch(USE1);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made_event(USE1, (struct event){.kind = EVENT_HEAD,
                                    .head = {0, true, ++made.revision, &made.commit.decision}});
    made_send(USE1);
    made_broken("S-32");
}
END_TEST

/* ---- votes ---- */

START_TEST(s_38_a_vote_that_its_results_do_not_say)
{
    static const char *const lies[] = {"uudu", "uu?u", "uusu", "uuru"};

    made_vote(USW2, lies[_i], BLIND_NOT);
    made_broken("S-38");
}
END_TEST

START_TEST(s_38_a_verdict_that_is_not_published)
{
    for (int i = 0; i < 3; i++)
        made_result(USW2, FACTORY_EAST, RESULT_BAD, false);
    made_step(USW2,
              (struct event){.kind = EVENT_RESULT,
                             .result = {FACTORY_EAST, &(struct result){.class = RESULT_BAD}}},
              (struct update){0});
    made_broken("S-38");
}
END_TEST

START_TEST(s_39_a_vote_of_the_blind)
{
    made_event(USW2, (struct event){.kind = EVENT_REFERENCE, .reference = {0, false}});
    made_broken("S-39");
}
END_TEST

START_TEST(s_26_facts_that_are_lost)
{
    made_step(USE1, (struct event){.kind = EVENT_TICK}, (struct update){.facts_lost = 1});
    made_broken("S-26");
}
END_TEST

/* ---- beacons ---- */

#define BEACONS                                                                                    \
    PIZZA("hold = 20; dwell = 600; beacons = true; beacon_words = ( { region = \"us-east-1\"; "    \
          "word = \"env:WORD_A\"; }, { region = \"us-west-2\"; word = \"env:WORD_B\"; } );")       \
    "http = { listen = \"127.0.0.1:8053\"; };\n"

static void all_latch(uint32_t region, bool set)
{
    struct latch latch = {.region = region, .epoch = made.commit.decision.epoch, .set = set};

    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made_step(p, (struct event){.kind = EVENT_TICK},
                  (struct update){.latches = &latch, .latch_count = 1});
}

START_TEST(s_28_a_beacon_that_stays_dark)
{
    begin_again(BEACONS);
    leave_after(25000);
    made_decide();
    made_broken("S-28");
}
END_TEST

START_TEST(s_28_a_beacon_lit_for_nothing)
{
    begin_again(BEACONS);
    all_latch(0, true);
    made_broken("S-28");
}
END_TEST

START_TEST(s_28_a_beacon_put_out_before_the_zone_says_so)
{
    begin_again(BEACONS);
    for (uint32_t p = 0; p < MADE_PROBES; p++)
        made.inv->heard[p].words[0] = true;
    failover();
    made_site_heals(FACTORY_EAST);
    made_pass(100000);
    made_order(ORDER_FAILBACK, NONE, false);
    made_decision(DECISION_FAILBACK, 100, 0, 100, 0);
    made_obey();
    made_decide();
    made_sound();
    all_latch(0, false);
    made_broken("S-28");
}
END_TEST

/* ---- what people are told ---- */

static void tell(enum alert_event event, enum alert_phase phase)
{
    static struct alert alert;

    alert = (struct alert){.event = event,
                           .phase = phase,
                           .group = "jwt-pizza",
                           .region = event == ALERT_REGION_DOWN ? "us-east-1" : "",
                           .epoch = made.commit.decision.epoch};
    made.inv->now_ms = made.now_ms;
    told_delivered(made.inv, &alert);
}

START_TEST(s_40_a_move_that_nobody_hears_of)
{
    tell(ALERT_REGION_DOWN, ALERT_OPEN);
    failover();
    made_pass(120000);
    ck_assert_int_le(made.inv->debt_due_ms, made.now_ms);
    told_due(made.inv, true);
    made_broken("S-40");
}
END_TEST

START_TEST(s_40_a_region_down_that_nobody_hears_of)
{
    failover();
    tell(ALERT_MOVED, ALERT_OPEN);
    made_pass(120000);
    told_due(made.inv, true);
    made_broken("S-40");
}
END_TEST

START_TEST(s_40_what_was_told_is_told)
{
    failover();
    tell(ALERT_REGION_DOWN, ALERT_OPEN);
    tell(ALERT_MOVED, ALERT_OPEN);
    made_pass(200000);
    told_due(made.inv, true);
    made_sound();
}
END_TEST

START_TEST(s_40_nobody_owes_what_nobody_could_tell)
{
    failover();
    made_pass(200000);
    told_due(made.inv, false); /* the sinks are down, say */
    made_sound();
    made_pass(119000);
    told_due(made.inv, true);
    made_sound();
    made_pass(1000);
    told_due(made.inv, true);
    made_broken("S-40");
}
END_TEST

/* ---- the table ---- */

START_TEST(every_invariant_has_one_name_and_a_sentence)
{
    for (uint32_t i = 0; i < invariant_count; i++) {
        const struct invariant_name *name = &invariant_names[i];
        ck_assert_uint_eq(strlen(name->id), 4);
        ck_assert_int_eq(name->text[strlen(name->text) - 1], '.');
        ck_assert_uint_gt(strlen(name->rules), 0);
        if (i > 0)
            ck_assert_int_lt(strcmp(invariant_names[i - 1].id, name->id), 0);
    }
}
END_TEST

static void add_silent(TCase *tests)
{
    tcase_add_test(tests, a_proper_failover_is_silent);
    tcase_add_test(tests, a_proper_failback_by_order_is_silent);
    tcase_add_test(tests, a_proper_drain_is_silent);
    tcase_add_test(tests, a_proper_cancel_is_silent_and_gives_the_dwell_back);
    tcase_add_test(tests, every_invariant_has_one_name_and_a_sentence);
}

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
    tcase_add_test(tests, s_29_a_vote_counted_and_not_compared);
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
}

static void add_written(TCase *tests)
{
    tcase_add_test(tests, s_05_a_batch_that_leaves_no_weight);
    tcase_add_test(tests, s_05_a_batch_that_touches_another_name);
    tcase_add_test(tests, s_08_an_epoch_accepted_twice);
    tcase_add_test(tests, s_09_a_batch_without_a_fence);
    tcase_add_test(tests, s_09_a_fence_that_does_not_rise);
    tcase_add_loop_test(tests, s_10_a_batch_without_a_lease, 0, 2);
    tcase_add_test(tests, s_11_a_batch_whose_reason_is_gone);
    tcase_add_test(tests, s_11_a_batch_for_a_region_that_fell_meanwhile);
    tcase_add_test(tests, s_14_a_batch_under_a_freeze);
    tcase_add_test(tests, s_15_a_batch_over_what_a_person_wrote);
    tcase_add_test(tests, s_15_an_adoption_that_nobody_asked_for);
    tcase_add_test(tests, s_15_an_adoption_of_what_is_not_there);
    tcase_add_test(tests, s_30_a_batch_that_changes_a_value);
    tcase_add_test(tests, s_30_a_batch_that_deletes_for_good);
    tcase_add_test(tests, s_30_a_batch_that_writes_another_weight);
    tcase_add_test(tests, s_31_a_batch_sent_again_as_it_was);
    tcase_add_test(tests, s_31_a_batch_from_an_older_reading);
    tcase_add_test(tests, s_32_a_batch_of_who_may_not_act);
    tcase_add_test(tests, s_32_a_batch_for_a_head_that_was);
}

static void add_seen_and_told(TCase *tests)
{
    tcase_add_test(tests, s_19_a_vote_after_a_jump_of_the_clock);
    tcase_add_test(tests, s_26_facts_that_are_lost);
    tcase_add_test(tests, s_28_a_beacon_that_stays_dark);
    tcase_add_test(tests, s_28_a_beacon_lit_for_nothing);
    tcase_add_test(tests, s_28_a_beacon_put_out_before_the_zone_says_so);
    tcase_add_loop_test(tests, s_38_a_vote_that_its_results_do_not_say, 0, 4);
    tcase_add_test(tests, s_38_a_verdict_that_is_not_published);
    tcase_add_test(tests, s_39_a_vote_of_the_blind);
    tcase_add_test(tests, s_40_a_move_that_nobody_hears_of);
    tcase_add_test(tests, s_40_a_region_down_that_nobody_hears_of);
    tcase_add_test(tests, s_40_what_was_told_is_told);
    tcase_add_test(tests, s_40_nobody_owes_what_nobody_could_tell);
}

int main(void)
{
    Suite *suite = suite_create("invariants");
    TCase *tests = tcase_create("invariants");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_checked_fixture(tests, setup, made_end);
    add_silent(tests);
    add_evidence(tests);
    add_ledger(tests);
    add_written(tests);
    add_seen_and_told(tests);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
