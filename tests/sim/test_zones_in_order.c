/* SPDX-License-Identifier: Apache-2.0 */
/* One service in several records, one group in several hosted zones: who goes first, what is left
 * when a zone refuses (C1), and what a drift of one set among several is (C4). */
#include <string.h>

#include "onlooker.h"
#include "pizza.h"

/* Pizza over IPv4 and IPv6 in ZONE1, its factory in ZONE2 and in the private ZONE3. */
#define SITE_ALSO(service, region, weight, n, value)                                               \
    "{ region = \"" region "\"; weight = " weight "; set = \"" service "-" region                  \
    "\"; value = \"192.0.2." n "\"; also = ( { value = \"" value "\"; } ); checks = ( { "          \
    "url = \"http://" n "." service ".test/health\"; } ); }"
#define SERVICE_ALSO(service, keys, also, east, west, n)                                           \
    "{ name = \"" service "\"; record = \"" service ".example.com\"; ttl = 60; " keys              \
    " also = ( { " also                                                                            \
    " } ); sites = (" SITE_ALSO(service, "us-east-1", "100", n "0",                                \
                                east) "," SITE_ALSO(service, "us-west-2", "0", n "1", west) "); }"
#define SETTINGS(needs, extra)                                                                     \
    PIZZA_PROBES "services = (" SERVICE_ALSO(                                                      \
        "pizza", "zone = \"ZONE1\"; " needs, "type = \"AAAA\";", "2001:db8::10", "2001:db8::11",   \
        "1") "," SERVICE_ALSO("factory", "zone = \"ZONE2\";", "zone = \"ZONE3\";", "10.0.0.20",    \
                              "10.0.0.21", "2") ");\n" PIZZA_GROUP(extra)
#define NEEDS "needs = [ \"factory\" ];"

/* By their index: pizza east A, AAAA, west A, AAAA; factory east public, private, west ... */
enum { SET_PIZZA_AAAA = 1, SET_FACTORY_EAST = 4, SET_FACTORY_PRIVATE = 5 };
enum { ZONE1, ZONE2, ZONE3 };

static bool all_sets_are(const struct world *world, int east, int west)
{
    for (uint32_t i = 0; i < 8; i++) {
        if (world_set_now(world, i) != (i % 4 < 2 ? east : west))
            return false;
    }
    return true;
}

/* The zones in the order in which batches for an epoch were accepted, "ZONE2 ZONE3 ZONE1 ". */
static void order_of(struct world *world, char *out, size_t size)
{
    const char *line = world_traced(world);
    size_t used = 0;

    out[0] = '\0';
    while ((line = strstr(line, " accepted group=jwt-pizza zone=")) != NULL) {
        line += strlen(" accepted group=jwt-pizza zone=");
        used += (size_t)snprintf(out + used, size - used, "%.5s ", line);
        ck_assert_uint_lt(used, size);
    }
}

START_TEST(c1_what_a_service_needs_is_moved_before_it)
{
    struct world *world = pizza_world_traced(SETTINGS(NEEDS, "hold = 20;"), TRACE_MOVES, NONE);
    char order[64];

    ck_assert(all_sets_are(world, 100, 0));
    factory_dies(world);
    run_for(world, 40000);
    order_of(world, order, sizeof(order));
    ck_assert_str_eq(order, "ZONE2 ZONE3 ZONE1 ");
    ck_assert(all_sets_are(world, 0, 100));
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(c1_without_needs_zones_go_as_they_are_named)
{
    struct world *world = pizza_world_traced(SETTINGS("", "hold = 20;"), TRACE_MOVES, NONE);
    char order[64];

    factory_dies(world);
    run_for(world, 40000);
    order_of(world, order, sizeof(order));
    ck_assert_str_eq(order, "ZONE1 ZONE2 ZONE3 ");
    world_destroy(world);
}
END_TEST

/* What is left serves: the factory's new place is used by the old pizza, which is where it was. The
 * rest follows when it may. */
START_TEST(c1_a_later_zone_that_refuses_leaves_what_serves)
{
    struct world *world = pizza_world(SETTINGS(NEEDS, "hold = 20;"));

    world_zone_denied(world, ZONE1);
    factory_dies(world);
    run_for(world, 120000);
    expect_weights(world, "100/0 0/100");
    ck_assert_int_eq(world_set_now(world, SET_PIZZA_AAAA), 100);
    ck_assert_uint_ge(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 1);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    ck_assert_int_eq(world_set_now(world, SET_PIZZA_AAAA), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(c1_nothing_moves_before_what_it_needs_can)
{
    struct world *world = pizza_world(SETTINGS(NEEDS, "hold = 20;"));

    world_zone_denied(world, ZONE2);
    factory_dies(world);
    run_for(world, 120000);
    ck_assert(all_sets_are(world, 100, 0));
    ck_assert_uint_ge(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 1);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    ck_assert(all_sets_are(world, 0, 100));
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C8: what one zone has done the others follow, though the region has returned meanwhile. */
START_TEST(c8_a_move_that_one_zone_has_is_finished_in_the_others)
{
    struct world *world = pizza_world(SETTINGS(NEEDS, "hold = 20;"));

    world_zone_denied(world, ZONE3);
    factory_dies(world);
    run_for(world, 60000);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_EAST), 0);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_PRIVATE), 100);
    factory_heals(world);
    run_for(world, 120000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    ck_assert(all_sets_are(world, 0, 100));
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* What explain says of the drift gate. */
static const char *drift_gate(struct world *world)
{
    static struct group_view view;

    engine_group(world_engine(world, USE1), 0, &view);
    for (uint32_t i = 0; i < view.gate_count; i++) {
        if (strcmp(view.gates[i].name, "drift") == 0)
            return view.gates[i].text;
    }
    return "";
}

/* C4: half of an edit is nothing that could be adopted; when the other half has come, it is. */
START_TEST(c4_one_set_of_several_is_a_drift_that_waits_for_the_others)
{
    struct world *world = pizza_world(SETTINGS(NEEDS, "hold = 20; drift = \"adopt\";"));

    world_change_set(world, SET_PIZZA_AAAA, 60);
    run_for(world, 700000);
    ck_assert_uint_ge(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 1);
    ck_assert_ptr_nonnull(strstr(drift_gate(world), "have different weights in the zone"));
    ck_assert_int_eq(world_set_now(world, SET_PIZZA_AAAA), 60);
    ck_assert_int_eq(world_set_now(world, SET_PIZZA_AAAA - 1), 100);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    world_change_set(world, SET_PIZZA_AAAA - 1, 60);
    run_for(world, 700000);
    ck_assert_uint_ge(world_alerts(world, ALERT_DRIFT, ALERT_RESOLVED), 1);
    ck_assert_int_eq(world_weight(world, "pizza/us-east-1"), 60);
    ck_assert_uint_ge(world_fence(world, "jwt-pizza"), 2);
    world_destroy(world);
}
END_TEST

/* Nor is it written over: which of the two a person meant nobody can say. */
START_TEST(c4_restore_waits_where_sets_of_a_site_differ)
{
    struct world *world = pizza_world(SETTINGS(NEEDS, "hold = 20; drift = \"restore\";"));

    world_change_set(world, SET_PIZZA_AAAA, 60);
    run_for(world, 700000);
    ck_assert_uint_ge(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 1);
    ck_assert_int_eq(world_set_now(world, SET_PIZZA_AAAA), 60);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    world_change_set(world, SET_PIZZA_AAAA - 1, 60);
    run_for(world, 700000);
    ck_assert(all_sets_are(world, 100, 0));
    world_destroy(world);
}
END_TEST

/* So it is when the two stand in two zones. */
START_TEST(c4_a_set_in_another_zone_is_a_drift_of_its_site)
{
    struct world *world = pizza_world(SETTINGS(NEEDS, "hold = 20; drift = \"adopt\";"));

    world_change_set(world, SET_FACTORY_PRIVATE, 60);
    run_for(world, 700000);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_PRIVATE), 60);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_EAST), 100);
    world_change_set(world, SET_FACTORY_EAST, 60);
    run_for(world, 700000);
    ck_assert_int_eq(world_weight(world, "factory/us-east-1"), 60);
    ck_assert_uint_ge(world_alerts(world, ALERT_DRIFT, ALERT_RESOLVED), 1);
    world_destroy(world);
}
END_TEST

/* A store that was set back finds a zone ahead; the others, which are behind it, follow. */
START_TEST(c7_zones_behind_follow_the_one_that_is_ahead_of_the_store)
{
    struct world *world = pizza_world(SETTINGS(NEEDS, "hold = 20;"));

    world_store_save(world);
    world_zone_denied(world, ZONE3);
    factory_dies(world);
    run_for(world, 60000);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_EAST), 0);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_PRIVATE), 100);
    world_store_rollback(world);
    world_zone(world, ZONE_OK);
    run_for(world, 1200000);
    ck_assert_int_eq(world_weight(world, "factory/us-east-1"), 0);
    ck_assert_int_eq(world_weight(world, "factory/us-west-2"), 100);
    world_destroy(world);
}
END_TEST

/* Three zones at three epochs, and the store has forgotten them all: who lags is not taken for one
 * that has lost what it had, which would be adopted again and again. */
START_TEST(c7_zones_at_three_epochs_are_adopted_once)
{
    struct world *world =
        pizza_world_traced(SETTINGS("", "hold = 20; dwell = 0;"), TRACE_MOVES, NONE);

    world_store_save(world);
    world_zone_denied(world, ZONE3);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 120000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_until(world, "accepted group=jwt-pizza zone=ZONE1 epoch=3", 60000);
    world_zone_denied(world, ZONE2);
    run_for(world, 30000);
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 60000);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_EAST), 0);
    ck_assert_int_eq(world_set_now(world, SET_FACTORY_PRIVATE), 100);
    world_store_rollback(world);
    run_for(world, 30000);
    expect_traced(world, "kind=adopt", 2); /* proposed, decided */
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    ck_assert(all_sets_are(world, 100, 0));
    expect_traced(world, "kind=adopt", 2);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* D9: what a zone has of a site says what its other sets get; and what contradicts is refused. */
static struct world *untaken(void)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_msg(world_create(SETTINGS(NEEDS, "hold = 20;"), error, sizeof(error), &world) == 0,
                  "%s", error);
    world_trace(world, WORLD_TRACE(FACT_REFUSED), USE1);
    return world;
}

START_TEST(d9_a_set_that_is_missing_gets_what_the_others_have)
{
    struct world *world = untaken();

    world_set_weight(world, "pizza/us-west-2", 40);
    world_drop_set(world, SET_PIZZA_AAAA + 2);
    world_drop_set(world, SET_FACTORY_PRIVATE);
    world_run(world, 20000);
    world_init_groups(world);
    run_for(world, 20000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    ck_assert_int_eq(world_weight(world, "pizza/us-west-2"), 40);
    ck_assert_int_eq(world_weight(world, "factory/us-east-1"), 100);
    run_for(world, 600000);
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(d9_sets_of_one_site_that_differ_are_not_taken_on)
{
    struct world *world = untaken();

    world_change_set(world, SET_FACTORY_PRIVATE, 60);
    world_run(world, 20000);
    world_init_groups(world);
    run_for(world, 20000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 0);
    expect_traced(world, "reason=record-sets-differ rule=D9", 1);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("zones in order", c1_what_a_service_needs_is_moved_before_it,
                     c1_without_needs_zones_go_as_they_are_named,
                     c1_a_later_zone_that_refuses_leaves_what_serves,
                     c1_nothing_moves_before_what_it_needs_can,
                     c8_a_move_that_one_zone_has_is_finished_in_the_others,
                     c4_one_set_of_several_is_a_drift_that_waits_for_the_others,
                     c4_restore_waits_where_sets_of_a_site_differ,
                     c4_a_set_in_another_zone_is_a_drift_of_its_site,
                     c7_zones_behind_follow_the_one_that_is_ahead_of_the_store,
                     c7_zones_at_three_epochs_are_adopted_once,
                     d9_a_set_that_is_missing_gets_what_the_others_have,
                     d9_sets_of_one_site_that_differ_are_not_taken_on);
}
