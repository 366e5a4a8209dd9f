/* SPDX-License-Identifier: Apache-2.0 */
/* C6-C8: who sends a batch and when, what is in flight, and what comes too late. */
#include "pizza.h"

/* ---- C6 ---- */

/* The first in rank dies with the decision in its hands. */
/* use1 would be the first for epoch 2, and is dead with its region. */
START_TEST(c6_who_did_not_vote_is_not_waited_for)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    world_kill(world, USE1);
    factory_dies(world);
    run_until(world, "usw2 decided group=jwt-pizza epoch=2", 60000);
    run_for(world, 100);
    expect_traced(world, "usw2 sent", 1);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(c6_the_second_takes_over_after_two_seconds)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_until(world, "use1 decided", 60000);
    world_kill(world, USE1);
    run_for(world, 5000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[326546] usw2 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[326586] usw2 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[326586] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=usw2 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* It is stopped between its reading and the batch; when it goes on, the other has written. */
START_TEST(c6_a_probe_that_was_stopped_does_not_send_what_it_had_decided)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_until(world, "use1 decided", 60000);
    run_for(world, 39);
    world_pause(world, USE1);
    run_for(world, 30000);
    world_resume(world, USE1);
    run_for(world, 60000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[326546] usw2 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[326586] usw2 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[326586] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=usw2 rule=C7\n"
        "[354545] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 by=usw2 rule=C7\n");
    ck_assert_uint_eq(world_shifts(world), 1);
    ck_assert_uint_eq(world_refused(world), 0);
    world_destroy(world);
}
END_TEST

/* Between decision and batch one of the two voters loses sight: nobody says down any more, and
 * nobody says up. */
START_TEST(c6_evidence_that_is_gone_holds_the_batch_back)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    world_zone(world, ZONE_THROTTLE);
    world_site(world, "factory/us-east-1", SITE_REFUSE, USE1);
    world_site(world, "factory/us-east-1", SITE_REFUSE, USW2);
    run_for(world, 40000);
    expect_traced(world, "decided", 1);
    world_references(world, false, USW2);
    run_for(world, 15000);
    world_zone(world, ZONE_OK);
    world_trace_clear(world);
    run_for(world, 60000);
    expect_traced(world, "sent", 0);
    expect_weights(world, "100/0 100/0");
    world_references(world, true, USW2);
    run_for(world, 30000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* The target dies after the decision: traffic is not sent from one dead region to another. */
START_TEST(c6_a_target_that_has_died_since_gets_no_traffic)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 20000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

START_TEST(c6_a_failback_is_not_sent_to_a_region_that_has_died_again)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20; dwell = 0;"));

    run_for(world, 120000);
    world_zone(world, ZONE_THROTTLE);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 10000);
    factory_dies(world);
    run_for(world, 10000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* Nor to one that was drained meanwhile, though nobody else may gain: an order is the newer word.
 */
START_TEST(c6_a_failback_is_not_sent_to_a_region_that_was_drained_since)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20; dwell = 0;"));

    run_for(world, 120000);
    world_zone(world, ZONE_THROTTLE);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 20000);
    world_site(world, "factory/us-west-2", SITE_VOID, NONE);
    run_for(world, 40000);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 10000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* Rank is by epoch: who waits as second for an older head may be first for a newer one. */
START_TEST(c6_the_rank_of_a_newer_head_is_its_own)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    order(world, ORDER_DRAIN, "us-east-1");
    run_until(world, "use1 decided", 5000); /* epoch 2: usw2 waits two seconds */
    world_kill(world, USE1);
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 1000); /* epoch 3 cancels it, and there usw2 is first */
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* What its board will tell a daemon's engine in the same moment. */
static void tell_lease(struct world *world, bool alive, msec_t left_ms)
{
    struct event event = {.kind = EVENT_LEASE, .at_ms = world_now(world)};
    struct update update;

    event.lease.alive = alive;
    event.lease.until_ms = event.at_ms + left_ms;
    engine_step(world_engine(world, USE1), &event, &update);
}

/* The decision is made, the zone is about to be read, and the lease goes; renewals come each 3 s.
 */
static void decided_without_lease(bool alive, msec_t left_ms)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_until(world, "decided", 60000);
    tell_lease(world, alive, left_ms);
    run_for(world, 900);
    expect_traced(world, "use1 sent", 0);
    run_for(world, 10000);
    expect_traced(world, "sent", 1);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}

START_TEST(c6_without_a_lease_nothing_is_sent)
{
    decided_without_lease(false, 0);
}
END_TEST

START_TEST(c6_a_lease_about_to_end_is_no_lease)
{
    decided_without_lease(true, 950);
}
END_TEST

/* ---- C7 ---- */

static void tell_head(struct engine *engine, uint64_t revision, const struct decision *decision)
{
    struct event event = {.kind = EVENT_HEAD, .at_ms = SETTLED_MS};
    struct update update;

    event.head.present = true;
    event.head.revision = revision;
    event.head.decision = decision;
    engine_step(engine, &event, &update);
}

/* After a restore the store counts its revisions anew, and one of them may meet an old one. */
START_TEST(c7_another_head_under_a_known_revision_is_another_head)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    struct engine *engine = world_engine(world, FRA);
    int weights[] = {100, 0, 100, 0};
    struct decision decision = {
        .epoch = 4, .kind = DECISION_ADOPT, .weights = weights, .normal = weights, .base = weights};
    struct group_view view;

    tell_head(engine, 22, &decision);
    decision.epoch = 5;
    tell_head(engine, 22, &decision);
    engine_group(engine, 0, &view);
    ck_assert_uint_eq(view.head.epoch, 5);
    world_destroy(world);
}
END_TEST

START_TEST(c7_a_late_batch_is_refused_whole_after_a_newer_decision)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20; dwell = 0;"), TRACE_MOVES, NONE);

    world_zone_late(world, 60000);
    factory_dies(world);
    run_until(world, "lost", 60000); /* epoch 2 is on its way for a minute */
    world_zone(world, ZONE_THROTTLE);
    factory_heals(world);
    run_for(world, 40000); /* cancelled: epoch 3 */
    world_zone(world, ZONE_OK);
    run_for(world, 15000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    ck_assert_uint_eq(world_refused(world), 0);
    run_for(world, 60000); /* now it arrives */
    ck_assert_uint_eq(world_refused(world), 1);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_shifts(world), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(c7_a_newer_decision_replaces_the_fence_even_when_no_weight_differs)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    factory_heals(world);
    run_for(world, 40000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_eq(world_batches(world), 2); /* init, and the fence alone */
    world_destroy(world);
}
END_TEST

/* The head is read before the votes. Who proposes in between rests on votes of the other time: its
 * compares fail (D8). */
#define PRIVATE(id) "aws = { zones = ( { id = \"" id "\"; private = true; } ); };\n"

/* C7: the servers of a private zone answer in its own networks only: INSYNC is the last that is
 * known of it, and it holds no other zone's report up. */
START_TEST(c7_of_a_private_zone_insync_is_the_last_word)
{
    static const char *const texts[] = {PIZZA("hold = 20;") PRIVATE("ZONE1"),
                                        PIZZA_TWO_ZONES("hold = 20;") PRIVATE("ZONE2")};

    for (uint32_t i = 0; i < 2; i++) { /* alone, and beside a public one */
        struct world *world = pizza_world_traced(texts[i], WORLD_TRACE(FACT_SERVERS), USE1);
        struct group_view view;

        factory_dies(world);
        run_for(world, 120000);
        look(world, &view);
        ck_assert_int_ge(view.insync_after_ms, 0);
        ck_assert_int_eq(view.servers_after_ms >= 0, i == 1);
        expect_traced(world, "state=private-zone", 1);
        expect_traced(world, "state=done", i);
        world_destroy(world);
    }
}
END_TEST

START_TEST(c7_a_restored_store_takes_the_zone_as_its_head)
{
    struct world *world = pizza_world(PIZZA("hold = 20; dwell = 600;"));
    struct group_view view;

    world_store_save(world);
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_store_rollback(world);
    world_trace(world, TRACE_MOVES, NONE);
    run_for(world, 60000);
    expect_trace(
        world,
        "[360010] use1 fence_ahead group=jwt-pizza zone=ZONE1 epoch=2 weights=\"0/100 0/100\" "
        "rule=C7\n"
        "[360010] use1 refused group=jwt-pizza reason=zone-ahead rule=C7\n"
        "[360010] usw2 fence_ahead group=jwt-pizza zone=ZONE1 epoch=2 weights=\"0/100 0/100\" "
        "rule=C7\n"
        "[360010] usw2 refused group=jwt-pizza reason=zone-ahead rule=C7\n"
        "[360050] usw2 proposed group=jwt-pizza epoch=3 kind=adopt weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[360055] usw2 decided group=jwt-pizza epoch=3 kind=adopt weights=\"0/100 0/100\" rule=D8\n"
        "[360095] usw2 sent group=jwt-pizza zone=ZONE1 epoch=3 items=2 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[360135] usw2 accepted group=jwt-pizza zone=ZONE1 epoch=3 rule=C1\n"
        "[360135] usw2 applied group=jwt-pizza zone=ZONE1 epoch=3 whose=ours by=usw2 rule=C7\n"
        "[362095] use1 applied group=jwt-pizza zone=ZONE1 epoch=3 by=usw2 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    look(world, &view);
    ck_assert_int_eq(view.head.kind, DECISION_ADOPT);
    ck_assert_uint_eq(view.head.epoch, 3);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    ck_assert_int_gt(view.dwell_left_ms, 500000); /* dwell restarts */
    ck_assert_uint_gt(world_alerts(world, ALERT_FENCE_CONFLICT, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* The same, while the region is down and every probe knows only the older fence: no epoch is used
 * twice. */
START_TEST(c7_no_epoch_is_used_twice_after_a_restore)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20; dwell = 0;"), TRACE_MOVES, NONE);

    world_store_save(world);
    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_until(world, "use1 decided", 60000);
    world_kill(world, USE1);
    world_store_rollback(world);
    run_for(world, 100000);
    expect_traced(world, "usw2 decided group=jwt-pizza epoch=2", 0);
    expect_traced(world, "usw2 decided group=jwt-pizza epoch=3", 1);
    world_zone(world, ZONE_OK);
    run_for(world, 30000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(c7_done_is_told_with_insync_and_every_server)
{
    struct world *world = pizza_world_traced(
        PIZZA("hold = 20;"), WORLD_TRACE(FACT_INSYNC) | WORLD_TRACE(FACT_SERVERS), USE1);
    struct group_view view;

    factory_dies(world);
    run_for(world, 60000);
    expect_trace(world, "[354546] use1 insync group=jwt-pizza zone=ZONE1 epoch=2 rule=C7\n"
                        "[354586] use1 servers group=jwt-pizza zone=ZONE1 epoch=2 state=done "
                        "current=4 asked=4 rule=C7\n");
    look(world, &view);
    ck_assert_int_ge(view.decided_after_ms, 20000);
    ck_assert_int_gt(view.accepted_after_ms, view.decided_after_ms);
    ck_assert_int_gt(view.insync_after_ms, view.accepted_after_ms);
    ck_assert_int_gt(view.servers_after_ms, view.insync_after_ms);
    world_destroy(world);
}
END_TEST

/* ---- C8 ---- */

START_TEST(c8_while_route53_fails_it_backs_off_and_pages_within_a_minute)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);
    msec_t back_ms;

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 26000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324546] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324586] use1 batch_refused group=jwt-pizza zone=ZONE1 epoch=2 outcome=busy rule=C3\n"
        "[324586] use1 backoff group=jwt-pizza zone=ZONE1 epoch=2 outcome=busy retry_ms=1087 "
        "rule=C8\n"
        "[325713] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[325753] use1 batch_refused group=jwt-pizza zone=ZONE1 epoch=2 outcome=busy rule=C3\n"
        "[325753] use1 backoff group=jwt-pizza zone=ZONE1 epoch=2 outcome=busy retry_ms=2297 "
        "rule=C8\n");
    run_for(world, 58000);
    ck_assert_uint_gt(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 0);
    world_trace_clear(world);
    run_for(world, 600000);
    expect_traced(world, "sent", 29); /* three a minute */
    world_trace_clear(world);
    world_zone(world, ZONE_OK);
    back_ms = world_now(world);
    run_until(world, "applied", 30000);
    ck_assert_int_le(world_now(world) - back_ms, 30000);
    run_for(world, 30000);
    ck_assert_uint_eq(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN),
                      world_alerts(world, ALERT_CANNOT_WRITE, ALERT_RESOLVED));
    world_destroy(world);
}
END_TEST

START_TEST(c8_a_region_that_recovers_cancels_what_was_never_applied)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);
    struct group_view view;

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    factory_heals(world);
    run_for(world, 60000);
    expect_traced(world, "decided group=jwt-pizza epoch=3 kind=cancel", 1);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_shifts(world), 0);
    look(world, &view);
    ck_assert_int_eq(view.dwell_left_ms, 0); /* nothing moved */
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* The reply was lost, the batch is applied a minute later, and the decision was cancelled
 * meanwhile: traffic has moved, so it stays; nothing goes back without D5. */
/* D3: services that move by themselves. Of the same region one service has left for good reason; of
 * another, which is well again, that is none. */
START_TEST(c8_what_another_service_is_there_keeps_no_move_alive)
{
    struct world *world = pizza_world(PIZZA_APART("hold = 20; dwell = 0;"));

    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "100/0 0/100");
    world_zone(world, ZONE_THROTTLE);
    world_site(world, "pizza/us-east-1", SITE_REFUSE, NONE);
    run_for(world, 60000);
    world_site(world, "pizza/us-east-1", SITE_OK, NONE);
    run_for(world, 300000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "100/0 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(c8_what_was_cancelled_and_applied_after_all_stands)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);
    struct group_view view;

    world_zone_late(world, 60000);
    factory_dies(world);
    run_until(world, "lost", 60000);
    world_zone(world, ZONE_THROTTLE);
    factory_heals(world);
    run_for(world, 59000);
    expect_traced(world, "decided group=jwt-pizza epoch=3 kind=cancel", 1);
    run_for(world, 1500);
    expect_weights(world, "0/100 0/100"); /* applied late */
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    look(world, &view);
    ck_assert_int_eq(view.head.kind, DECISION_ADOPT);
    ck_assert_uint_eq(world_shifts(world), 1);
    ck_assert_int_gt(view.dwell_left_ms, 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_MOVED, ALERT_OPEN), 0); /* L2: people are told */
    order_group(world, ORDER_FAILBACK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* use1 has applied it; usw2 was cut off from Route 53 and thinks that nobody has. It cancels
 * nothing without looking, and when it can look there is nothing to cancel. */
START_TEST(c8_who_cannot_read_the_zone_cancels_nothing)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_until(world, "use1 applied", 60000);
    world_kill(world, USE1);
    world_zone(world, ZONE_DOWN); /* usw2 cannot read */
    factory_heals(world);
    run_for(world, 60000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_traced(world, "kind=cancel", 0);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* A drain that is taken back before it was applied is cancelled, too. */
START_TEST(c8_a_drain_restored_before_it_was_applied_is_cancelled)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    world_zone(world, ZONE_THROTTLE);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 10000);
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 60000);
    expect_traced(world, "decided group=jwt-pizza epoch=3 kind=cancel", 1);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_shifts(world), 0);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rules C6-C8", c6_the_second_takes_over_after_two_seconds,
        c6_who_did_not_vote_is_not_waited_for,
        c6_a_probe_that_was_stopped_does_not_send_what_it_had_decided,
        c6_evidence_that_is_gone_holds_the_batch_back,
        c6_a_target_that_has_died_since_gets_no_traffic,
        c6_a_failback_is_not_sent_to_a_region_that_has_died_again,
        c6_a_failback_is_not_sent_to_a_region_that_was_drained_since,
        c6_the_rank_of_a_newer_head_is_its_own, c6_without_a_lease_nothing_is_sent,
        c6_a_lease_about_to_end_is_no_lease, c7_another_head_under_a_known_revision_is_another_head,
        c7_a_late_batch_is_refused_whole_after_a_newer_decision,
        c7_a_newer_decision_replaces_the_fence_even_when_no_weight_differs,
        c7_a_restored_store_takes_the_zone_as_its_head, c7_no_epoch_is_used_twice_after_a_restore,
        c7_done_is_told_with_insync_and_every_server, c7_of_a_private_zone_insync_is_the_last_word,
        c8_while_route53_fails_it_backs_off_and_pages_within_a_minute,
        c8_a_region_that_recovers_cancels_what_was_never_applied,
        c8_what_another_service_is_there_keeps_no_move_alive,
        c8_what_was_cancelled_and_applied_after_all_stands,
        c8_who_cannot_read_the_zone_cancels_nothing,
        c8_a_drain_restored_before_it_was_applied_is_cancelled);
}
