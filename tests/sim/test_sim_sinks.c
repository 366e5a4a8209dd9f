/* SPDX-License-Identifier: Apache-2.0 */
/* The way of an alert to its readers (L1): one of all says it, somebody always does. */
#include <string.h>

#include "onlooker.h"

static const char pizza[] =
    PIZZA("hold = 20;") "alerts = ( { type = \"webhook\"; url = \"https://hooks.test/\"; } );";

START_TEST(what_every_probe_raises_is_said_by_one)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    factory_dies(world);
    run_for(world, 60000);
    ck_assert_uint_eq(world_alerts(world, ALERT_REGION_DOWN, ALERT_OPEN), 3);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 1);
    ck_assert_uint_eq(seen.delivered[ALERT_MOVED][ALERT_OPEN], 1);
    factory_heals(world);
    run_for(world, 120000);
    ck_assert_uint_eq(world_alerts(world, ALERT_REGION_UP, ALERT_RESOLVED), 3);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_UP][ALERT_RESOLVED], 1);
    world_destroy(world);
}
END_TEST

START_TEST(without_the_store_each_says_it_itself)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "store down");
    run_for(world, 120000);
    ck_assert_uint_eq(seen.delivered[ALERT_STORE_AWAY][ALERT_OPEN],
                      world_alerts(world, ALERT_STORE_AWAY, ALERT_OPEN));
    ck_assert_uint_eq(seen.delivered[ALERT_STORE_AWAY][ALERT_OPEN], 3);
    world_destroy(world);
}
END_TEST

static void refuse_for(msec_t outage_ms)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "sinks down");
    factory_dies(world);
    run_for(world, outage_ms);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 0);
    ck_assert_uint_gt(seen.events[EVENT_SINK], 0);
    ck_assert(seen.sink_failing);
    act(world, "sinks up");
    run_for(world, 150000);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 1);
    ck_assert_uint_eq(seen.delivered[ALERT_MOVED][ALERT_OPEN], 1);
    ck_assert(!seen.sink_failing);
    ck_assert_ptr_null(world->probes[USE1].outbox.first);
    ck_assert_ptr_null(world->probes[FRA].outbox.first);
    world_destroy(world);
}

/* By one of all, wherever in their waiting the end of the outage finds them. */
START_TEST(what_sinks_refuse_is_tried_until_they_take_it)
{
    for (msec_t outage_ms = 60000; outage_ms < 900000; outage_ms += 4321)
        refuse_for(outage_ms);
}
END_TEST

START_TEST(what_sinks_swallow_is_said_and_read_by_nobody)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "sinks swallow");
    factory_dies(world);
    run_for(world, 120000);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 0);
    ck_assert_uint_eq(seen.events[EVENT_SINK], 0);
    ck_assert_ptr_null(world->probes[USE1].outbox.first);
    act(world, "sinks up");
    run_for(world, 120000);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 0);
    world_destroy(world);
}
END_TEST

/* Who of all holds the claim of the region's incident, unsent. */
static uint32_t claimant(const struct world *world)
{
    const char *claim = world_store_value(world, "v1/claims/jwt-pizza.us-east-1.region_down");
    static const char *const names[] = {"\"use1\"", "\"usw2\"", "\"fra\""};

    for (uint32_t i = 0; claim != NULL && i < ONLOOKER_PROBES; i++) {
        if (strstr(claim, names[i]) != NULL)
            return i;
    }
    return NONE;
}

START_TEST(a_claim_whose_holder_died_is_taken_over)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "sinks down");
    factory_dies(world);
    while (claimant(world) == NONE)
        run_for(world, 100);
    world_kill(world, claimant(world));
    act(world, "sinks up");
    run_for(world, 50000);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 0);
    run_for(world, 40000);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 1);
    world_destroy(world);
}
END_TEST

START_TEST(what_was_raised_survives_its_process)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "sinks down");
    factory_dies(world);
    run_for(world, 30000);
    act(world, "probe all kill");
    factory_heals(world);
    run_for(world, 60000);
    act(world, "sinks up");
    act(world, "probe all start");
    run_for(world, 90000);
    ck_assert_uint_eq(seen.delivered[ALERT_REGION_DOWN][ALERT_OPEN], 1);
    world_destroy(world);
}
END_TEST

/* The message arrived, its answer did not: said twice, by the same probe or by another. */
START_TEST(an_alert_whose_answer_is_lost_is_said_again)
{
    struct onlooker seen;
    struct world *world = watched(pizza, &seen);

    act(world, "net mute all");
    factory_dies(world);
    run_for(world, 300000);
    ck_assert_uint_gt(seen.delivered[ALERT_STORE_AWAY][ALERT_OPEN], ONLOOKER_PROBES);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "the sinks of the simulated world", what_every_probe_raises_is_said_by_one,
        without_the_store_each_says_it_itself, what_sinks_refuse_is_tried_until_they_take_it,
        what_sinks_swallow_is_said_and_read_by_nobody, a_claim_whose_holder_died_is_taken_over,
        what_was_raised_survives_its_process, an_alert_whose_answer_is_lost_is_said_again);
}
