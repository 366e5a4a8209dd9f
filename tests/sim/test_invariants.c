/* SPDX-License-Identifier: Apache-2.0 */
/* Each invariant, seen to be broken, in a run that is made up event by event: a proper failover
 * with one thing wrong. And what is proper, seen to be silent. */
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

/* ---- what is proper ---- */

START_TEST(a_proper_failover_is_silent)
{
    made_failover();
    made_sound();
}
END_TEST

START_TEST(a_proper_failback_by_order_is_silent)
{
    made_failover();
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
    made_leave_after(25000);
    made_decide();
    made_site_heals(FACTORY_EAST);
    made_pass(5000);
    made_decision(DECISION_CANCEL, 100, 0, 100, 0);
    made_decide();
    made_pass(60000);
    made_leave_after(25000);
    made_decide();
    made_sound();
}
END_TEST

/* ---- what is written ---- */

START_TEST(s_05_a_batch_that_leaves_no_weight)
{
    made_leave_after(25000);
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
    made_leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.items[2].set.name = made.items[3].set.name = "www.example.com";
    made_send(USE1);
    made_broken("S-05");
}
END_TEST

START_TEST(s_14_a_batch_under_a_freeze)
{
    made_leave_after(25000);
    made_decide();
    made_order(ORDER_FREEZE, NONE, false);
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-14");
}
END_TEST

START_TEST(s_19_a_vote_after_a_jump_of_the_clock)
{
    made_event(USW2, (struct event){.kind = EVENT_CLOCK, .clock = {.jump_ms = 5000}});
    made_broken("S-19");
}
END_TEST

START_TEST(s_08_an_epoch_accepted_twice)
{
    made_failover();
    made.inv->now_ms = made.now_ms;
    written_accepted(made.inv, USE1, &made.batch, false, true, made.zone);
    made_broken("S-08");
}
END_TEST

START_TEST(s_09_a_batch_without_a_fence)
{
    made_leave_after(25000);
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
    made_leave_after(25000);
    made_decide();
    made.fence = 2;
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-09");
}
END_TEST

START_TEST(s_10_a_batch_without_a_lease)
{
    made_leave_after(25000);
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
    made_leave_after(25000);
    made_decide();
    made_site_heals(FACTORY_EAST);
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-11");
}
END_TEST

START_TEST(s_11_a_batch_for_a_region_that_fell_meanwhile)
{
    made_leave_after(25000);
    made_decide();
    made_site_dies(PIZZA_WEST, 0);
    made_batch(USE1);
    made_send(USE1);
    made_broken("S-11");
}
END_TEST

START_TEST(s_15_a_batch_over_what_a_person_wrote)
{
    made_leave_after(25000);
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

    made_leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.items[3].set.values = other;
    made_send(USE1);
    made_broken("S-30");
}
END_TEST

START_TEST(s_30_a_batch_that_deletes_for_good)
{
    made_leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.batch.item_count--;
    made_send(USE1);
    made_broken("S-30");
}
END_TEST

START_TEST(s_30_a_batch_that_writes_another_weight)
{
    made_leave_after(25000);
    made_decide();
    made_batch(USE1);
    made.items[5].set.weight = 99;
    made_send(USE1);
    made_broken("S-30");
}
END_TEST

START_TEST(s_31_a_batch_sent_again_as_it_was)
{
    made_leave_after(25000);
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
    made_leave_after(25000);
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
    made_leave_after(25000);
    made_decide();
    made_batch(FRA);
    made_send(FRA);
    made_broken("S-32");
}
END_TEST

START_TEST(s_32_a_batch_for_a_head_that_was)
{
    made_leave_after(25000);
    made_decide();
    made_batch(USE1);
    made_decision(DECISION_LEAVE, 0, 100, 0, 100);
    made_event(USE1, (struct event){.kind = EVENT_HEAD,
                                    .head = {.present = true,
                                             .revision = ++made.revision,
                                             .decision = &made.commit.decision}});
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
    made_event(USW2, (struct event){.kind = EVENT_REFERENCE, .reference = {0, .answered = false}});
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
    made_leave_after(25000);
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
    made_failover();
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
    made_failover();
    made_pass(120000);
    ck_assert_int_le(made.inv->debt_due_ms, made.now_ms);
    told_due(made.inv, true);
    made_broken("S-40");
}
END_TEST

START_TEST(s_40_a_region_down_that_nobody_hears_of)
{
    made_failover();
    tell(ALERT_MOVED, ALERT_OPEN);
    made_pass(120000);
    told_due(made.inv, true);
    made_broken("S-40");
}
END_TEST

START_TEST(s_40_what_was_told_is_told)
{
    made_failover();
    tell(ALERT_REGION_DOWN, ALERT_OPEN);
    tell(ALERT_MOVED, ALERT_OPEN);
    made_pass(200000);
    told_due(made.inv, true);
    made_sound();
}
END_TEST

START_TEST(s_40_nobody_owes_what_nobody_could_tell)
{
    made_failover();
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

    tcase_add_checked_fixture(tests, setup, made_end);
    add_silent(tests);
    add_written(tests);
    add_seen_and_told(tests);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
