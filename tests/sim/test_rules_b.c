/* SPDX-License-Identifier: Apache-2.0 */
/* B1 and B2 in whole worlds: a region is left by its beacon while Route 53 takes no changes, and
 * there is one truth again when it does, whoever dies in between. */
#include <stdlib.h>

#include "pizza.h"

#define PIZZA_BEACONS(extra)                                                                       \
    PIZZA("hold = 20; beacons = true; beacon_words = ( { region = \"us-east-1\"; "                 \
          "word = \"env:EAST_WORD\"; }, { region = \"us-west-2\"; word = \"env:WEST_WORD\"; } "    \
          "); " extra)

enum { EAST, WEST, PROBE_COUNT = 3 };

static struct world *world_of(const char *settings)
{
    setenv("EAST_WORD", "east-is-evicted-8f1a", 1);
    setenv("WEST_WORD", "west-is-evicted-77c2", 1);
    return pizza_world_traced(settings, WORLD_TRACE(FACT_LATCH), NONE);
}

/* The factory has a hosted zone of its own, which refuses our batches from now on. */
#define TWO_ZONES_BEACONS                                                                          \
    PIZZA_TWO_ZONES("hold = 20; dwell = 0; beacons = true; beacon_words = ( { region = "           \
                    "\"us-east-1\"; word = \"env:EAST_WORD\"; }, { region = \"us-west-2\"; "       \
                    "word = \"env:WEST_WORD\"; } );")
enum { FACTORY_ZONE = 1, MINUTE_MS = 60000 };

static struct world *beacon_world(void)
{
    return world_of(PIZZA_BEACONS("dwell = 0;"));
}

/* How many probes say the region's word. */
static uint32_t voices(const struct world *world, uint32_t region)
{
    uint32_t count = 0;

    for (uint32_t p = 0; p < PROBE_COUNT; p++)
        count += world_latched(world, p, 0, region);
    return count;
}

static void restart(struct world *world)
{
    for (uint32_t p = 0; p < PROBE_COUNT; p++)
        world_kill(world, p);
    for (uint32_t p = 0; p < PROBE_COUNT; p++)
        world_start(world, p);
}

/* ---- B1 ---- */

START_TEST(b1_beacons_carry_the_decision_and_the_weights_follow_under_its_epoch)
{
    struct world *world = beacon_world();

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 300000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    ck_assert_uint_eq(voices(world, WEST), 0);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT); /* until it may come back */
    expect_traced(world, "epoch=2 word=set", PROBE_COUNT);
    world_destroy(world);
}
END_TEST

/* fra may not write, and says the word as well as the others: it has to see when it may stop. */
START_TEST(b1_a_probe_that_may_not_write_puts_its_word_out_too)
{
    struct world *world = beacon_world();

    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 120000);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 20000);
    expect_weights(world, "100/0 100/0");
    ck_assert(!world_latched(world, FRA, 0, EAST));
    ck_assert_uint_eq(voices(world, EAST), 0);
    world_destroy(world);
}
END_TEST

/* East was left by its beacon alone. Now west dies, and east could serve: but east's word may not
 * go before the zone shows it, and both words at once would mean everywhere. */
START_TEST(b1_the_last_region_is_never_left)
{
    struct world *world = beacon_world();

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 120000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 120000);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    ck_assert_uint_eq(voices(world, WEST), 0);
    expect_traced(world, "region=us-west-2 epoch=3 word=held", PROBE_COUNT);
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), 0);
    ck_assert_uint_eq(voices(world, WEST), PROBE_COUNT);
    world_destroy(world);
}
END_TEST

START_TEST(b1_everybody_may_be_restarted_at_any_step)
{
    struct world *world = beacon_world();

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 60000);
    restart(world);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    run_for(world, 60000);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    world_zone(world, ZONE_OK);
    restart(world);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    factory_heals(world);
    run_for(world, 120000);
    world_zone(world, ZONE_THROTTLE);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 10000);
    restart(world);
    run_for(world, 60000);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT); /* raised, and no zone shows it */
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), 0);
    world_destroy(world);
}
END_TEST

START_TEST(b1_a_restarted_probe_knows_what_it_says)
{
    struct world *world = beacon_world();

    factory_dies(world);
    run_for(world, 60000);
    world_kill(world, USE1);
    world_trace_clear(world);
    world_start(world, USE1);
    run_for(world, 10000);
    expect_trace(world, "");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    world_destroy(world);
}
END_TEST

/* The store is set back to before the failover, whose change Route 53 never had: the older decision
 * gives east its weight, and the zone's fence is as old. That is no return. */
START_TEST(b1_a_store_that_was_set_back_withdraws_no_word)
{
    struct world *world = beacon_world();

    world_store_save(world);
    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 60000);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    world_store_rollback(world);
    run_for(world, 5000);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100"); /* it is down, so it is left anew, by a later epoch */
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* The same, and east is well again: the older decision stands, and nothing raises east, which has
 * its weight. An operator says what is so, and brings it back. */
START_TEST(b1_an_operator_ends_what_a_store_that_was_set_back_left)
{
    struct world *world = beacon_world();

    world_store_save(world);
    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 120000);
    world_store_rollback(world);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 90000);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* West stood in and was left, and has its normal weight again: none. Nobody raises it when what
 * somebody wrote over that decision is undone (C4). */
START_TEST(b1_a_restored_drift_keeps_the_word_of_who_was_evicted)
{
    struct world *world = world_of(PIZZA_BEACONS("dwell = 0; drift = \"restore\";"));

    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 120000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, WEST), PROBE_COUNT);
    world_set_weight(world, "pizza/us-west-2", 50);
    run_for(world, 330000);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 4);
    ck_assert_uint_eq(voices(world, WEST), PROBE_COUNT);
    world_destroy(world);
}
END_TEST

/* East is left and comes back, while the factory's zone takes no change at all: it gave east its
 * weight throughout, and never shows the epoch that raised it. */
START_TEST(b1_a_zone_that_never_took_the_weight_keeps_no_word_for_ever)
{
    struct world *world = world_of(TWO_ZONES_BEACONS);

    world_zone_denied(world, FACTORY_ZONE);
    factory_dies(world);
    run_for(world, MINUTE_MS);
    expect_weights(world, "0/100 100/0");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    factory_heals(world);
    run_for(world, 2 * MINUTE_MS);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 15 * MINUTE_MS);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT); /* a batch may still come */
    run_for(world, 15 * MINUTE_MS);
    ck_assert_uint_eq(voices(world, EAST), 0);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 5 * MINUTE_MS);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* As long as one zone has east without its weight, the word stays, however long that lasts. */
START_TEST(b1_a_zone_that_took_the_weight_has_to_give_it_back_first)
{
    struct world *world = world_of(TWO_ZONES_BEACONS);

    factory_dies(world);
    run_for(world, MINUTE_MS);
    expect_weights(world, "0/100 0/100");
    world_zone_denied(world, FACTORY_ZONE);
    factory_heals(world);
    run_for(world, 2 * MINUTE_MS);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 60 * MINUTE_MS);
    expect_weights(world, "100/0 0/100");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    world_zone(world, ZONE_OK);
    run_for(world, 2 * MINUTE_MS);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), 0);
    world_destroy(world);
}
END_TEST

/* The batch that takes east's weight from the factory hangs in Route 53 for ten minutes. Meanwhile
 * east is raised, pizza's zone shows it, and the factory's gives east its weight: but not for long.
 */
START_TEST(b1_no_late_batch_takes_a_region_whose_word_has_gone)
{
    struct world *world = world_of(TWO_ZONES_BEACONS);

    world_trace(world, WORLD_TRACE(FACT_ACCEPTED), NONE);
    factory_dies(world);
    run_until(world, "accepted group=jwt-pizza zone=ZONE1 epoch=2", MINUTE_MS);
    world_zone_late(world, 10 * MINUTE_MS);
    run_for(world, 500);
    world_zone_denied(world, FACTORY_ZONE);
    factory_heals(world);
    run_for(world, 2 * MINUTE_MS);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 7 * MINUTE_MS);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    run_for(world, 2 * MINUTE_MS);
    expect_weights(world, "100/0 0/100"); /* there it is */
    run_for(world, 30 * MINUTE_MS);
    ck_assert_uint_eq(voices(world, EAST), PROBE_COUNT);
    world_zone(world, ZONE_OK);
    run_for(world, 2 * MINUTE_MS);
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(voices(world, EAST), 0);
    world_destroy(world);
}
END_TEST

/* ---- B2 ---- */

static const char *const checks[] = {"check-of-east", "check-of-west"};

START_TEST(b2_health_checks_are_attached_under_an_epoch_and_nothing_else_changes)
{
    struct world *world = beacon_world();

    world_attach(world, USE1, checks);
    run_for(world, 30000);
    ck_assert_str_eq(world_health(world, "pizza/us-east-1"), "check-of-east");
    ck_assert_str_eq(world_health(world, "factory/us-west-2"), "check-of-west");
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_FENCE_MISSING, ALERT_OPEN), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(b2_attaching_again_writes_nothing)
{
    struct world *world = beacon_world();

    world_attach(world, USE1, checks);
    run_for(world, 30000);
    world_attach(world, USW2, checks);
    run_for(world, 30000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    world_destroy(world);
}
END_TEST

START_TEST(b2_a_later_move_keeps_the_health_checks)
{
    struct world *world = beacon_world();

    world_attach(world, USE1, checks);
    run_for(world, 30000);
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_str_eq(world_health(world, "pizza/us-east-1"), "check-of-east");
    ck_assert_str_eq(world_health(world, "pizza/us-west-2"), "check-of-west");
    world_destroy(world);
}
END_TEST

/* A weight that somebody else wrote is judged first (C4). */
START_TEST(b2_nothing_is_attached_to_a_zone_that_drifted)
{
    struct world *world = beacon_world();
    struct group_view view;

    world_set_weight(world, "pizza/us-west-2", 7);
    run_for(world, 310000);
    world_attach(world, USE1, checks);
    run_for(world, 120000);
    ck_assert_str_eq(world_health(world, "pizza/us-east-1"), "");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    look(world, &view);
    ck_assert_uint_eq(view.head.epoch, 1); /* not even decided */
    world_destroy(world);
}
END_TEST

START_TEST(b2_a_lost_reply_attaches_once)
{
    struct world *world = beacon_world();

    world_zone_once(world, ZONE_LOSE_REPLY);
    world_attach(world, USE1, checks);
    run_for(world, 60000);
    ck_assert_str_eq(world_health(world, "pizza/us-east-1"), "check-of-east");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(b2_the_dead_region_is_left_before_health_checks_are_attached)
{
    struct world *world = beacon_world();

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 60000);
    world_attach(world, USE1, checks);
    run_for(world, 30000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* East was down, and its move waited for dwell. Who asked was told that it failed: what was healthy
 * then need not be so when the way is free. */
START_TEST(b2_a_word_that_waited_too_long_attaches_nothing)
{
    struct world *world = world_of(PIZZA_BEACONS("dwell = 3600;"));

    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 120000);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 60000);
    factory_dies(world);
    run_for(world, 60000);
    world_attach(world, USE1, checks);
    run_for(world, 1200000);
    factory_heals(world);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    ck_assert_str_eq(world_health(world, "pizza/us-east-1"), "");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 3);
    world_attach(world, USE1, checks); /* asked again, it is done at once */
    run_for(world, 30000);
    ck_assert_str_eq(world_health(world, "pizza/us-east-1"), "check-of-east");
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rules B1 B2", b1_beacons_carry_the_decision_and_the_weights_follow_under_its_epoch,
        b1_a_probe_that_may_not_write_puts_its_word_out_too, b1_the_last_region_is_never_left,
        b1_everybody_may_be_restarted_at_any_step, b1_a_restarted_probe_knows_what_it_says,
        b1_a_store_that_was_set_back_withdraws_no_word,
        b1_an_operator_ends_what_a_store_that_was_set_back_left,
        b1_a_restored_drift_keeps_the_word_of_who_was_evicted,
        b1_a_zone_that_never_took_the_weight_keeps_no_word_for_ever,
        b1_a_zone_that_took_the_weight_has_to_give_it_back_first,
        b1_no_late_batch_takes_a_region_whose_word_has_gone,
        b2_health_checks_are_attached_under_an_epoch_and_nothing_else_changes,
        b2_attaching_again_writes_nothing, b2_a_later_move_keeps_the_health_checks,
        b2_nothing_is_attached_to_a_zone_that_drifted, b2_a_lost_reply_attaches_once,
        b2_the_dead_region_is_left_before_health_checks_are_attached,
        b2_a_word_that_waited_too_long_attaches_nothing);
}
