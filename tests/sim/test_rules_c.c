/* SPDX-License-Identifier: Apache-2.0 */
/* C1-C5: what a batch says, and what happens when somebody else wrote. */
#include "pizza.h"
#include "world_state.h"

/* ---- C1 ---- */

START_TEST(c1_a_batch_is_applied_whole_or_not_at_all)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    /* between the reading and the batch a human changes one weight: nothing at all is applied */
    factory_dies(world);
    world_set_weight_before_batch(world, "factory/us-west-2", 7);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/7");
    ck_assert_uint_eq(world_refused(world), 1);
    ck_assert_uint_eq(world_shifts(world), 0);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324546] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324586] use1 batch_refused group=jwt-pizza zone=ZONE1 epoch=2 outcome=refused rule=C3\n"
        "[324586] use1 backoff group=jwt-pizza zone=ZONE1 epoch=2 outcome=refused retry_ms=0 "
        "rule=C3\n"
        "[324626] use1 drift group=jwt-pizza zone=ZONE1 epoch=1 weights=\"100/0 100/7\" rule=C4\n"
        "[326546] usw2 drift group=jwt-pizza zone=ZONE1 epoch=1 weights=\"100/0 100/7\" rule=C4\n");
    world_destroy(world);
}
END_TEST

/* The second is sent when the first was accepted; who comes next in rank waits in each zone. */
START_TEST(c1_one_batch_for_each_hosted_zone)
{
    struct world *world = pizza_world_traced(PIZZA_TWO_ZONES("hold = 20;"), TRACE_MOVES, NONE);

    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    factory_dies(world);
    run_for(world, 40000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324546] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=6 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324586] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[324586] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n"
        "[324626] use1 sent group=jwt-pizza zone=ZONE2 epoch=2 items=6 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324666] use1 accepted group=jwt-pizza zone=ZONE2 epoch=2 rule=C1\n"
        "[324666] use1 applied group=jwt-pizza zone=ZONE2 epoch=2 whose=ours by=use1 rule=C7\n"
        "[326546] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 by=use1 rule=C7\n"
        "[328546] usw2 applied group=jwt-pizza zone=ZONE2 epoch=2 by=use1 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2); /* the lowest of both */
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ---- C2 ---- */

START_TEST(c2_a_deleted_fence_is_written_anew_above_the_old_one_and_paged)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    world_delete_fence(world, "jwt-pizza");
    run_for(world, 400000);
    expect_trace(
        world,
        "[305335] usw2 fence_missing group=jwt-pizza zone=ZONE1 weights=\"100/0 100/0\" rule=C2\n"
        "[305625] usw2 proposed group=jwt-pizza epoch=2 kind=adopt weights=\"100/0 100/0\" "
        "rule=D8\n"
        "[305630] usw2 decided group=jwt-pizza epoch=2 kind=adopt weights=\"100/0 100/0\" rule=D8\n"
        "[305670] use1 fence_missing group=jwt-pizza zone=ZONE1 weights=\"100/0 100/0\" rule=C2\n"
        "[305710] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=1 weights=\"100/0 100/0\" "
        "rule=C1\n"
        "[305750] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[305750] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n"
        "[307670] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 by=use1 rule=C7\n");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_gt(world_alerts(world, ALERT_FENCE_MISSING, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_FENCE_MISSING, ALERT_OPEN),
                      world_alerts(world, ALERT_FENCE_MISSING, ALERT_RESOLVED));
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* Weights changed by hand while there is no fence: that is drift, and nothing is overwritten. */
START_TEST(c2_a_human_who_deletes_the_fence_and_changes_a_weight_is_not_overwritten)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_delete_fence(world, "jwt-pizza");
    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 400000);
    expect_weights(world, "100/50 100/0");
    ck_assert_uint_gt(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

START_TEST(c2_a_fence_deleted_during_a_move_does_not_stop_it)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    factory_dies(world);
    run_for(world, 20000);
    world_delete_fence(world, "jwt-pizza");
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    ck_assert_uint_gt(world_fence(world, "jwt-pizza"), 1);
    world_destroy(world);
}
END_TEST

/* The other actor has not seen the fence of the move, and does not take our move for a human's: the
 * normal weights stay what they were, and the way back is known. */
START_TEST(c2_a_fence_deleted_right_after_a_move_does_not_make_the_move_normal)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20; drift = \"adopt\";"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_until(world, "accepted group=jwt-pizza zone=ZONE1 epoch=2", 60000);
    world_delete_fence(world, "jwt-pizza");
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_traced(world, "drift group=jwt-pizza", 0);
    factory_heals(world);
    run_for(world, 120000);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 10000);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* ---- C3 ---- */

START_TEST(c3_a_lost_reply_does_not_apply_a_change_twice)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    world_zone(world, ZONE_LOSE_REPLY);
    factory_dies(world);
    run_for(world, 40000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324546] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324586] use1 lost group=jwt-pizza zone=ZONE1 epoch=2 outcome=lost rule=C3\n"
        "[324586] use1 backoff group=jwt-pizza zone=ZONE1 epoch=2 outcome=lost retry_ms=0 rule=C3\n"
        "[324626] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n");
    ck_assert_uint_eq(world_shifts(world), 1);
    ck_assert_uint_eq(world_refused(world), 0);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(c3_a_reply_lost_before_anything_was_applied_is_read_and_sent_anew)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    factory_dies(world);
    run_until(world, "decided", 60000);
    run_for(world, 30);
    world_zone_once(world, ZONE_DOWN); /* the batch only: the zone can be read */
    run_for(world, 40000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324546] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324586] use1 lost group=jwt-pizza zone=ZONE1 epoch=2 outcome=lost rule=C3\n"
        "[324586] use1 backoff group=jwt-pizza zone=ZONE1 epoch=2 outcome=lost retry_ms=0 rule=C3\n"
        "[324626] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324666] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[324666] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

#define TRACE_LOOKS                                                                                \
    (WORLD_TRACE(FACT_BATCH_REFUSED) | WORLD_TRACE(FACT_APPLIED) | WORLD_TRACE(FACT_ALERT))

/* It stood still with the batch in its hands, another one wrote, and now it watches (V5): it may
 * not write, but it sees who wrote, and tells nobody that Route 53 is ill. */
START_TEST(c3_a_refused_batch_is_followed_by_a_look_whatever_holds_us_back)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_LOOKS, USE1);

    world->probes[USE1].hang_ms = 40000;
    factory_dies(world);
    run_for(world, 120000);
    expect_trace(
        world,
        "[304501] use1 alert group=jwt-pizza region=us-east-1 event=region_down phase=open "
        "incident=jwt-pizza.us-east-1.region_down rule=L2\n"
        "[364546] use1 alert event=clock_gap phase=open incident=use1.clock_gap.e1700000364 "
        "rule=L2\n"
        "[364586] use1 batch_refused group=jwt-pizza zone=ZONE1 epoch=2 outcome=refused rule=C3\n"
        "[364626] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 by=usw2 rule=C7\n"
        "[364626] use1 alert group=jwt-pizza event=moved phase=open incident=jwt-pizza.moved.e2 "
        "rule=L2\n");
    ck_assert_uint_eq(world_shifts(world), 1);
    ck_assert_uint_eq(world_refused(world), 1);
    world_destroy(world);
}
END_TEST

/* ---- C4 ---- */

START_TEST(c4_a_human_change_stops_everything_until_acknowledged)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 400000);
    expect_trace(world, "[307335] use1 drift group=jwt-pizza zone=ZONE1 epoch=1 weights=\"100/50 "
                        "100/0\" rule=C4\n");
    factory_dies(world);
    run_for(world, 60000);
    expect_trace(world, "[724501] use1 refused group=jwt-pizza reason=drift rule=C4\n");
    expect_weights(world, "100/50 100/0");
    ck_assert_uint_gt(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    world_order(world, &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
    run_for(world, 60000);
    expect_trace(world,
                 "[760005] use1 order verb=ack id=order-1 rule=D7\n"
                 "[760045] use1 proposed group=jwt-pizza epoch=2 kind=adopt weights=\"100/50 "
                 "100/0\" rule=D8\n"
                 "[760050] use1 decided group=jwt-pizza epoch=2 kind=adopt weights=\"100/50 "
                 "100/0\" rule=D8\n"
                 "[762095] use1 applied group=jwt-pizza zone=ZONE1 epoch=3 by=usw2 rule=C7\n");
    expect_weights(world, "0/50 0/100");
    world_destroy(world);
}
END_TEST

/* What is acknowledged is what was seen: the word does not cover what somebody does later. */
START_TEST(c4_an_ack_does_not_cover_a_later_drift)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_order(world, &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
    run_for(world, 10000);
    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 700000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    ck_assert_uint_gt(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_RESOLVED), 0);
    world_destroy(world);
}
END_TEST

START_TEST(c4_adopt_takes_a_human_change_as_normal_at_once)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20; drift = \"adopt\";"), TRACE_MOVES, NONE);
    struct group_view view;

    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 400000);
    expect_trace(
        world,
        "[305335] usw2 drift group=jwt-pizza zone=ZONE1 epoch=1 weights=\"100/50 100/0\" rule=C4\n"
        "[305625] usw2 proposed group=jwt-pizza epoch=2 kind=adopt weights=\"100/50 100/0\" "
        "rule=D8\n"
        "[305630] usw2 decided group=jwt-pizza epoch=2 kind=adopt weights=\"100/50 100/0\" "
        "rule=D8\n"
        "[305670] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=2 weights=\"100/50 100/0\" "
        "rule=C1\n"
        "[305710] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[305710] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n"
        "[307670] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 by=use1 rule=C7\n");
    look(world, &view);
    ck_assert_int_eq(view.head.normal[1], 50);
    ck_assert_int_eq(view.dwell_left_ms, 0); /* a human's change is no move of ours */
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/50 0/100");
    world_destroy(world);
}
END_TEST

/* The change is made while our batch is on its way: it fails as a whole, and the human stays. */
START_TEST(c4_a_human_change_during_a_move_is_not_overwritten)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    factory_dies(world);
    run_for(world, 24000);
    world_set_weight(world, "pizza/us-west-2", 3);
    run_for(world, 60000);
    expect_weights(world, "100/3 100/0");
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    world_order(world, &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
    run_for(world, 10000); /* nothing had moved, so no dwell is left */
    expect_weights(world, "0/3 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(c4_a_human_who_puts_the_weight_back_ends_the_drift)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 310000);
    world_set_weight(world, "pizza/us-west-2", 0);
    run_for(world, 310000);
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN),
                      world_alerts(world, ALERT_DRIFT, ALERT_RESOLVED));
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* After a restore the store counts its revisions from further back: an ack has a lower one than the
 * drift that it is about. */
START_TEST(c4_an_ack_counts_after_the_store_was_set_back)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    struct group_view view;

    world_store_save(world);
    for (int i = 0; i < 5; i++) {
        region_dies(world, "us-west-2", SITE_REFUSE);
        run_for(world, 30000);
        region_dies(world, "us-west-2", SITE_OK);
        run_for(world, 30000);
    }
    world_set_weight(world, "factory/us-east-1", 91);
    run_for(world, 310000);
    world_store_rollback(world);
    run_for(world, 20000);
    world_order(world, &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
    run_for(world, 60000);
    look(world, &view);
    ck_assert(!view.drifted);
    ck_assert_int_eq(view.head.kind, DECISION_ADOPT);
    world_destroy(world);
}
END_TEST

START_TEST(c4_override_moves_over_a_drift)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 310000);
    world_order(
        world, &(struct world_order){.verb = ORDER_DRAIN, .region = "us-east-1", .override = true});
    run_for(world, 10000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* ---- C5 ---- */

/* Everything is drained: nobody is left, so nobody leaves. */
START_TEST(c5_the_last_weight_is_never_taken)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_order(
        world, &(struct world_order){.verb = ORDER_DRAIN, .region = "us-west-2", .override = true});
    world_order(
        world, &(struct world_order){.verb = ORDER_DRAIN, .region = "us-east-1", .override = true});
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* A human took the last weight away, and a person acknowledged it: no head says so. */
START_TEST(c5_all_zero_is_not_adopted_even_when_acknowledged)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    world_set_weight(world, "pizza/us-east-1", 0);
    run_for(world, 310000);
    world_order(world, &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
    world_trace_clear(world);
    run_for(world, 60000);
    expect_trace(world,
                 "[610005] use1 order verb=ack id=order-1 rule=D7\n"
                 "[610045] use1 refused group=jwt-pizza reason=all-zero value=0 limit=1 rule=C5\n");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    world_destroy(world);
}
END_TEST

/* Two regions that serve half each: when one leaves, the other keeps its weight, and a human takes
 * just that away between our reading and our batch. What a name will live on is compared, too. */
START_TEST(c5_a_name_is_not_emptied_together_with_a_human)
{
    struct world *world = pizza_world(PIZZA_PROBES "services = (" PIZZA_SERVICE(
        "pizza", "ZONE1", "50", "50", "1") "," PIZZA_SERVICE("factory", "ZONE1", "50", "50",
                                                             "2") ");\n" PIZZA_GROUP("hold = 20;"));

    factory_dies(world);
    world_set_weight_before_batch(world, "pizza/us-west-2", 0);
    run_for(world, 60000);
    expect_sound(world);
    expect_weights(world, "50/0 50/50");
    ck_assert_uint_eq(world_refused(world), 1);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rules C1-C5", c1_a_batch_is_applied_whole_or_not_at_all, c1_one_batch_for_each_hosted_zone,
        c2_a_deleted_fence_is_written_anew_above_the_old_one_and_paged,
        c2_a_human_who_deletes_the_fence_and_changes_a_weight_is_not_overwritten,
        c2_a_fence_deleted_during_a_move_does_not_stop_it,
        c2_a_fence_deleted_right_after_a_move_does_not_make_the_move_normal,
        c3_a_lost_reply_does_not_apply_a_change_twice,
        c3_a_reply_lost_before_anything_was_applied_is_read_and_sent_anew,
        c3_a_refused_batch_is_followed_by_a_look_whatever_holds_us_back,
        c4_a_human_change_stops_everything_until_acknowledged,
        c4_an_ack_does_not_cover_a_later_drift, c4_adopt_takes_a_human_change_as_normal_at_once,
        c4_a_human_change_during_a_move_is_not_overwritten,
        c4_a_human_who_puts_the_weight_back_ends_the_drift,
        c4_an_ack_counts_after_the_store_was_set_back, c4_override_moves_over_a_drift,
        c5_the_last_weight_is_never_taken, c5_all_zero_is_not_adopted_even_when_acknowledged,
        c5_a_name_is_not_emptied_together_with_a_human);
}
