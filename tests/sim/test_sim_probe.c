/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated probes: liars, blind ones, those with other settings, those that stand still or hang,
 * and their clocks. */
#include <stdio.h>
#include <string.h>

#include "acting.h"

static const char pizza[] = PIZZA("hold = 20;");

START_TEST(a_liar_says_the_opposite_and_moves_nothing_alone)
{
    struct world *world = settled(pizza);

    act(world, "probe fra lie down");
    ck_assert(world_liar(world, FRA) && world_answers(world, FRA, EAST));
    run_for(world, 60000);
    for (uint32_t site = 0; site < 4; site++)
        ck_assert_int_eq(letter(world, FRA, site), 'd');
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_NOT);
    expect_weights(world, "100/0 100/0");
    act(world, "probe fra lie up");
    act(world, "site all refuse");
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, FRA, EAST), 'u');
    act(world, "probe fra start");
    ck_assert(!world_liar(world, FRA));
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, FRA, EAST), 'd');
    world_destroy(world);
}
END_TEST

START_TEST(a_blind_probe_sees_nothing_and_abstains)
{
    struct world *world = settled(pizza);

    act(world, "probe fra blind");
    ck_assert(!world_answers(world, FRA, EAST) && world_reaches_store(world, FRA));
    run_for(world, 60000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_REFERENCES);
    act(world, "probe fra start");
    run_for(world, 60000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_NOT);
    world_destroy(world);
}
END_TEST

START_TEST(a_probe_with_other_settings_is_not_counted_until_it_starts_with_its_own)
{
    struct world *world = settled(pizza);
    struct tally tally;

    act(world, "probe fra other-settings");
    ck_assert(!world_has_own_settings(world, FRA) && world_alive(world, FRA));
    run_for(world, 60000);
    engine_tally(world_engine(world, USE1), EAST, &tally);
    ck_assert_int_eq(tally.ballots[FRA], BALLOT_OTHER_SETTINGS);
    act(world, "probe fra start");
    ck_assert(world_has_own_settings(world, FRA));
    run_for(world, 60000);
    engine_tally(world_engine(world, USE1), EAST, &tally);
    ck_assert_int_eq(tally.ballots[FRA], BALLOT_UP);
    world_destroy(world);
}
END_TEST

START_TEST(what_was_measured_while_a_probe_stood_still_is_void)
{
    struct world *world = settled(pizza);

    world_trace(world, WORLD_TRACE(FACT_VERDICT), FRA);
    act(world, "site all timeout by fra");
    (void)next_check(world);
    run_for(world, 100);
    act(world, "probe fra pause");
    ck_assert(world_paused(world, FRA));
    run_for(world, 5000);
    act(world, "site all ok");
    act(world, "probe fra resume");
    run_for(world, 10000);
    ck_assert_ptr_null(strstr(world_traced(world), "pizza/us-east-1"));
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_STALLED);
    world_destroy(world);
}
END_TEST

START_TEST(a_jump_of_the_wall_clock_is_noticed_when_it_is_long)
{
    struct world *world = settled(pizza);

    act(world, "probe fra clock 2");
    run_for(world, 20000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_NOT);
    act(world, "probe fra clock -60");
    run_for(world, 20000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_CLOCK);
    act(world, "probe fra kill");
    act(world, "probe fra start");
    ck_assert_int_eq(engine_wall(world_engine(world, FRA), world_now(world)),
                     (wall_t)WALL_START * 1000 + world_now(world) - 58000);
    world_destroy(world);
}
END_TEST

START_TEST(a_clock_that_runs_fast_checks_more_often)
{
    struct world *world = settled(pizza);
    uint32_t before[2] = {world_checks_started(world, USE1, "pizza/us-east-1"),
                          world_checks_started(world, FRA, "pizza/us-east-1")};

    act(world, "probe fra drift 100000");
    run_for(world, 1000000);
    ck_assert_int_eq(world_checks_started(world, USE1, "pizza/us-east-1") - before[0], 100);
    ck_assert_int_eq(world_checks_started(world, FRA, "pizza/us-east-1") - before[1], 110);
    ck_assert_int_eq(world_local_ms(world, FRA), world_now(world) + 100000);
    act(world, "probe fra drift -100000");
    run_for(world, 2000000);
    ck_assert_int_eq(world_local_ms(world, FRA), world_now(world) - 100000);
    act(world, "probe fra start");
    run_for(world, 1000000);
    ck_assert_int_eq(world_local_ms(world, FRA), world_now(world) - 100000);
    world_destroy(world);
}
END_TEST

START_TEST(a_clock_says_when_it_will_show_a_time_whatever_its_drift)
{
    static const int64_t drifts[] = {-500000, -333333, -100, -1, 0, 1, 7, 100, 333333, 900001};
    struct world *world = settled(pizza);

    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
        sim_probe_drift(world, FRA, drifts[i]);
        for (msec_t after_ms = 0; after_ms < 3000; after_ms += 7) {
            msec_t local_ms = world_local_ms(world, FRA) + after_ms;
            msec_t now_ms = world->now_ms;
            world->now_ms = world_when(world, FRA, local_ms);
            ck_assert_int_ge(world_local_ms(world, FRA), local_ms);
            world->now_ms--;
            ck_assert_int_lt(world_local_ms(world, FRA), local_ms);
            world->now_ms = now_ms;
        }
    }
    world_destroy(world);
}
END_TEST

/* Whose turn it is stands still before the batch leaves; so does the next. Then both send. */
START_TEST(of_two_batches_that_leave_late_one_is_refused_by_its_fence)
{
    struct world *world = settled(pizza);
    msec_t sent_ms = 0;

    world_trace(world, WORLD_TRACE(FACT_SENT), NONE);
    act(world, "probe all hang 100");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    sent_ms = world_now(world);
    ck_assert_uint_eq(world_batches(world), 1); /* the first fence */
    run_for(world, 99000);
    expect_weights(world, "100/0 100/0"); /* both stood still, before anything left */
    world_run(world, sent_ms + 110000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_batches(world), 2);
    ck_assert_uint_eq(world_refused(world), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_probe_that_hangs_and_is_paused_waits_for_its_resume)
{
    struct world *world = settled(pizza);

    act(world, "probe all hang 10");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    act(world, "probe all pause");
    run_for(world, 100000);
    ck_assert(world_paused(world, USE1) && world_paused(world, USW2));
    expect_weights(world, "100/0 100/0");
    act(world, "probe all resume");
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_batches(world) + world_refused(world), 2);
    act(world, "probe all pause");
    act(world, "probe all resume");
    run_for(world, 1000); /* and nothing is sent twice */
    ck_assert_uint_eq(world_batches(world) + world_refused(world), 2);
    world_destroy(world);
}
END_TEST

/* What use1 was told and did, as far as a test wants to know: "sent ; order 7; tick ; ". */
static void note_told(void *context, struct world *world, uint32_t probe, const struct event *event,
                      const struct update *update)
{
    char *told = context;
    size_t used = strlen(told);

    (void)world;
    (void)update;
    if (probe != USE1 || used > 100)
        return;
    snprintf(told + used, 128 - used, "%s %s; ", event_kind_name(event->kind),
             event->kind == EVENT_ORDER ? event->order.order->id : "");
}

static void note_sent(void *context, struct world *world, uint32_t probe, const struct batch *batch)
{
    char *told = context;

    (void)world;
    (void)batch;
    if (probe == USE1)
        snprintf(told + strlen(told), 128 - strlen(told), "sent ; ");
}

/* One watch tells of a decision, which is sent at once, of orders, and of the store. */
START_TEST(what_is_told_in_the_turn_of_a_hang_is_heard_after_the_batch_has_left)
{
    struct world *world = settled(pizza);
    struct order order = {.id = "7-freeze",
                          .verb = ORDER_FREEZE,
                          .region = NONE,
                          .group = NONE,
                          .by = "ops",
                          .reason = "told while it hangs"};
    struct event ordered = {.kind = EVENT_ORDER, .order = {.present = true, .order = &order}};
    struct event store = {.kind = EVENT_STORE};
    char told[128] = "";
    struct watcher watcher = {.context = told, .stepped = note_told, .sent = note_sent};

    act(world, "probe all hang 100");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1))
        run_for(world, 1);
    store.store.revision = world->probes[USE1].board.revision;
    world_watch(world, &watcher);
    world_feed(world, USE1, &ordered);
    memset(&order, 'x', sizeof(order)); /* it was copied */
    world_feed(world, USE1, &store);
    run_for(world, 90000);
    ck_assert_str_eq(told, "");
    act(world, "probe use1 resume");
    ck_assert_ptr_eq(strstr(told, "sent ; order 7-freeze; store ; tick ; "), told);
    ck_assert(!world->probes[USE1].hung);
    world_destroy(world);
}
END_TEST

START_TEST(what_was_told_in_the_turn_of_a_hang_ends_with_the_process)
{
    struct world *world = settled(pizza);
    struct event store = {.kind = EVENT_STORE, .store = {.status = STORE_AWAY}};
    char told[128] = "";
    struct watcher watcher = {.context = told, .stepped = note_told};

    act(world, "probe all hang 100");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1))
        run_for(world, 1);
    world_feed(world, USE1, &store);
    act(world, "probe use1 kill");
    world_watch(world, &watcher);
    act(world, "probe use1 start");
    ck_assert_ptr_eq(strstr(told, "start ; journal ; "), told);
    ck_assert_ptr_null(strstr(told, "store"));
    world_destroy(world);
}
END_TEST

/* The end of a hang that somebody else has ended already is nobody's. */
START_TEST(a_hang_ends_in_its_own_time)
{
    struct world *world = settled(PIZZA("hold = 20; dwell = 0;"));
    msec_t first_ms;

    act(world, "probe all hang 300");
    act(world, "order drain primary");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    first_ms = world_now(world);
    act(world, "probe all resume");
    act(world, "probe usw2 start");
    run_for(world, 10000);
    expect_weights(world, "0/100 0/100");
    act(world, "probe all hang 300");
    act(world, "order restore primary");
    act(world, "order failback");
    while (!world_paused(world, USE1) || !world_paused(world, USW2))
        run_for(world, 1);
    ck_assert_int_lt(world_now(world), first_ms + 200000);
    world_run(world, first_ms + 305000);
    ck_assert(world_paused(world, USE1) && world_paused(world, USW2));
    world_destroy(world);
}
END_TEST

START_TEST(a_hang_ends_with_the_process)
{
    struct world *world = settled(pizza);

    act(world, "probe all hang 100");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    act(world, "probe all kill");
    run_for(world, 200000);
    ck_assert_uint_eq(world_batches(world), 1); /* the first fence, and nothing of the dead */
    act(world, "probe all start");
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("probes", a_liar_says_the_opposite_and_moves_nothing_alone,
                     a_blind_probe_sees_nothing_and_abstains,
                     a_probe_with_other_settings_is_not_counted_until_it_starts_with_its_own,
                     what_was_measured_while_a_probe_stood_still_is_void,
                     a_jump_of_the_wall_clock_is_noticed_when_it_is_long,
                     a_clock_that_runs_fast_checks_more_often,
                     a_clock_says_when_it_will_show_a_time_whatever_its_drift,
                     of_two_batches_that_leave_late_one_is_refused_by_its_fence,
                     a_probe_that_hangs_and_is_paused_waits_for_its_resume,
                     what_is_told_in_the_turn_of_a_hang_is_heard_after_the_batch_has_left,
                     what_was_told_in_the_turn_of_a_hang_ends_with_the_process,
                     a_hang_ends_in_its_own_time, a_hang_ends_with_the_process);
}
