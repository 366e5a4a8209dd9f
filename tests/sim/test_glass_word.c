/* SPDX-License-Identifier: Apache-2.0 */
/* Break-glass (D7): how far the operator's word reaches. It moves what was shown, once, while it
 * stands; nothing of it is left over that moves traffic later by itself. */
#include <stdlib.h>

#include "acting.h"
#include "world_state.h"

enum {
    AWAY_MS = 20000,  /* every lease and every reading of the store is older then */
    BACK_MS = 120000, /* store read, votes counted, zone adopted, stable */
    LONG_MS = 600000
};

#define TRACE_GLASS (TRACE_MOVES | WORLD_TRACE(FACT_GLASS))

/* The pizza in three regions; weights of the second and third. */
#define PIZZA_THREE(west, south)                                                                   \
    PIZZA_PROBES                                                                                   \
    "services = ( { name = \"pizza\"; zone = \"ZONE1\"; record = \"pizza.example.com\"; type = "   \
    "\"A\"; ttl = 60; sites = (" PIZZA_SITE("pizza", "us-east-1", "100", "10") "," PIZZA_SITE(     \
        "pizza", "us-west-2", west,                                                                \
        "11") "," PIZZA_SITE("pizza", "sa-east-1", south,                                          \
                             "12") "); } );\n"                                                     \
                                   "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\" ]; " \
                                   "order = [ \"us-east-1\", \"us-west-2\", \"sa-east-1\" ]; "     \
                                   "hold = 20; stable = 60; } );\n"

/* Pizza and factory in groups of their own. */
#define PIZZA_TWO_GROUPS                                                                           \
    PIZZA_PROBES PIZZA_SERVICES                                                                    \
        "groups = ( { name = \"pizza\"; services = [ \"pizza\" ]; order = [ \"us-east-1\", "       \
        "\"us-west-2\" ]; hold = 20; stable = 60; }, { name = \"factory\"; services = [ "          \
        "\"factory\" ]; order = [ \"us-east-1\", \"us-west-2\" ]; hold = 20; stable = 60; } );\n"

static const struct world_order drain_east = {
    .verb = ORDER_DRAIN, .region = "us-east-1", .override = true};
static const struct world_order drain_west = {
    .verb = ORDER_DRAIN, .region = "us-west-2", .override = true};

static struct world *storeless(const char *settings)
{
    struct world *world = pizza_world_traced(settings, TRACE_GLASS, NONE);

    world_store(world, false, NONE);
    run_for(world, AWAY_MS);
    return world;
}

static void store_returns(struct world *world)
{
    world_store(world, true, NONE);
    run_for(world, BACK_MS);
}

/* Confirmed and decided; Route 53 does not take it. */
static void decide_without_route53(struct world *world)
{
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_until(world, "step=decided", 1000);
    world_zone(world, ZONE_DOWN);
    run_for(world, 30000);
}

/* `restore` while the store is away. */
static void take_back(struct world *world)
{
    struct order gone = {.id = "order-1"};
    struct event event = {.kind = EVENT_ORDER, .order = {.present = false, .order = &gone}};

    world_feed(world, USE1, &event);
}

static void expect_nothing_sent_once_taken_back(const char *settings)
{
    struct world *world = storeless(settings);
    uint32_t before = world_batches(world);

    decide_without_route53(world);
    take_back(world);
    world_zone(world, ZONE_OK);
    run_for(world, LONG_MS);
    ck_assert_uint_eq(world_batches(world), before);
    store_returns(world);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}

START_TEST(what_was_taken_back_before_route53_took_it_is_not_sent)
{
    setenv("EAST_WORD", "east-is-evicted-8f1a", 1);
    setenv("WEST_WORD", "west-is-evicted-77c2", 1);
    expect_nothing_sent_once_taken_back(PIZZA("hold = 20;"));
    /* B1: no beacon says it either, so nothing binds it */
    expect_nothing_sent_once_taken_back(
        PIZZA("hold = 20; beacons = true; beacon_words = ( { region = \"us-east-1\"; word = "
              "\"env:EAST_WORD\"; }, { region = \"us-west-2\"; word = \"env:WEST_WORD\"; } );"));
}
END_TEST

START_TEST(what_the_probe_sees_down_by_now_is_given_nothing)
{
    struct world *world = storeless(PIZZA("hold = 20;"));

    decide_without_route53(world);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    world_zone(world, ZONE_OK);
    run_for(world, LONG_MS);
    expect_weights(world, "100/0 100/0");
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100"); /* the order stands */
    world_destroy(world);
}
END_TEST

START_TEST(of_two_words_at_once_to_one_probe_the_newer_is_obeyed_alone)
{
    struct world *world = storeless(PIZZA_THREE("100", "100"));

    ck_assert(world_break_glass(world, USE1, &drain_east));
    ck_assert(world_break_glass(world, USE1, &drain_west));
    run_for(world, 5000);
    expect_traced(world, "step=refused why=newer-word rule=D7", 1);
    expect_traced(world, "step=dropped why=not-obeyed order=order-1", 1);
    expect_weights(world, "100/0/100");
    store_returns(world);
    expect_weights(world, "100/0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* D6: nothing moved, so the dwell of the store's head is what it was. */
START_TEST(what_never_moved_holds_no_automatic_move_back)
{
    struct world *world = storeless(PIZZA("hold = 20; dwell = 3600;"));

    world_kill(world, USW2); /* nobody else may act */
    decide_without_route53(world);
    take_back(world);
    world_zone(world, ZONE_OK);
    store_returns(world);
    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* The override was for what was shown; in the store the order is one as any. */
START_TEST(a_group_that_was_refused_stays_frozen_when_the_store_has_the_order)
{
    struct world *world = pizza_world_traced(PIZZA_TWO_GROUPS, TRACE_GLASS, NONE);

    order_group(world, ORDER_FREEZE);
    run_for(world, 5000);
    world_store(world, false, NONE);
    world_site(world, "factory/us-west-2", SITE_REFUSE, NONE);
    run_for(world, 60000);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 30000);
    expect_traced(world, "group=factory step=refused", 0); /* not shown, so not confirmed */
    expect_weights(world, "0/100 100/0");
    world_site(world, "factory/us-west-2", SITE_OK, NONE);
    store_returns(world);
    run_for(world, LONG_MS);
    expect_weights(world, "0/100 100/0");
    order_group(world, ORDER_THAW);
    run_for(world, BACK_MS);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* usw2 sees what use1 did not when the glass was broken, and would choose otherwise. */
START_TEST(what_was_obeyed_does_not_move_again_through_a_freeze)
{
    struct world *world = pizza_world_traced(PIZZA_THREE("0", "0"), TRACE_GLASS, NONE);

    order_group(world, ORDER_FREEZE);
    run_for(world, 5000);
    world_store(world, false, NONE);
    world_site(world, "pizza/us-west-2", SITE_REFUSE, USE1);
    run_for(world, 60000);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 30000);
    expect_weights(world, "0/0/100");
    store_returns(world);
    run_for(world, LONG_MS);
    expect_weights(world, "0/0/100");
    order_group(world, ORDER_THAW);
    run_for(world, BACK_MS);
    expect_weights(world, "0/0/100");
    world_destroy(world);
}
END_TEST

/* D7: an order with override is obeyed once; a freeze given after that binds it as well. */
START_TEST(an_override_that_was_obeyed_lifts_no_later_freeze)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20; drift = \"adopt\";"), TRACE_GLASS, NONE);

    world_order(world, &drain_east);
    run_for(world, 10000);
    expect_weights(world, "0/100 0/100");
    region_dies(world, "us-west-2", SITE_REFUSE);
    world_set_weight(world, "pizza/us-east-1", 100); /* somebody helps himself */
    world_set_weight(world, "factory/us-east-1", 100);
    run_until(world, "kind=adopt", LONG_MS);
    run_for(world, 60000);
    order_group(world, ORDER_FREEZE);
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, LONG_MS);
    expect_weights(world, "100/100 100/100");
    order_group(world, ORDER_THAW);
    run_for(world, 10000);
    expect_weights(world, "0/100 0/100"); /* it still is drained */
    world_destroy(world);
}
END_TEST

/* The store is back before the batch leaves, and the others, who know nothing, take its number. */
START_TEST(a_decision_of_the_store_may_have_the_number_of_one_that_ended)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_GLASS, NONE);

    world_store(world, false, USE1);
    run_for(world, AWAY_MS);
    ck_assert(world_break_glass(world, USE1, &drain_east));
    store_returns(world);
    expect_traced(world, "use1 break_glass group=jwt-pizza epoch=2 step=ended", 1);
    expect_traced(world, "usw2 decided group=jwt-pizza epoch=2 kind=leave", 1);
    expect_traced(world, "use1 sent group=jwt-pizza zone=ZONE1 epoch=2", 1);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("break-glass-word", what_was_taken_back_before_route53_took_it_is_not_sent,
                     what_the_probe_sees_down_by_now_is_given_nothing,
                     of_two_words_at_once_to_one_probe_the_newer_is_obeyed_alone,
                     what_never_moved_holds_no_automatic_move_back,
                     a_group_that_was_refused_stays_frozen_when_the_store_has_the_order,
                     what_was_obeyed_does_not_move_again_through_a_freeze,
                     an_override_that_was_obeyed_lifts_no_later_freeze,
                     a_decision_of_the_store_may_have_the_number_of_one_that_ended);
}
