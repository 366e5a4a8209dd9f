/* SPDX-License-Identifier: Apache-2.0 */
/* D3 over two hosted zones: pizza in ZONE1, its factory in ZONE2. A move that was given up in one
 * of them, or forgotten by the store, is not left behind as the half of itself. Every world has the
 * invariants looking on (S-43). */
#include "../lib/suite.h"
#include "pizza.h"

enum { ZONE1, ZONE2 };
#define TWO_ZONES(extra) PIZZA_TWO_ZONES("hold = 20; dwell = 0; " extra)

/* ZONE1 gets its batch after all, late; the region has returned meanwhile, and the move was
 * cancelled. */
static struct world *half_comes_late(const char *settings)
{
    struct world *world = pizza_world_traced(settings, TRACE_MOVES, NONE);

    world_zone_late(world, 120000);
    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, 26000);
    world_zone(world, ZONE_THROTTLE);
    region_dies(world, "us-east-1", SITE_OK);
    run_for(world, 100000);
    expect_weights(world, "100/0 100/0");
    expect_traced(world, "decided group=jwt-pizza epoch=3 kind=cancel", 1);
    return world;
}

START_TEST(d3_a_late_half_of_a_cancelled_move_takes_the_others_with_it)
{
    struct world *world = half_comes_late(TWO_ZONES(""));

    run_for(world, 80000);
    expect_weights(world, "0/100 100/0");
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_traced(world, "decided group=jwt-pizza epoch=4 kind=adopt weights=\"0/100 0/100\"", 1);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* As a scenario does it, so that the invariants know. */
static void strand(struct world *world)
{
    struct action action = {.kind = ACTION_ROUTE53_STRANDED};
    char error[200] = "";

    ck_assert_msg(world_act(world, &action, error, sizeof(error)) == 0, "%s", error);
}

/* Route 53 forgets what it took in ZONE1, which then gets the cancellation; and only then the batch
 * that hung lands in ZONE2. Its fence is the older one, but it is the one that moved traffic (C8).
 */
START_TEST(d3_what_came_late_leads_though_another_zone_has_the_cancellation)
{
    struct world *world = pizza_world_traced(TWO_ZONES(""), TRACE_MOVES, NONE);

    strand(world);
    factory_dies(world);
    run_for(world, 24600);
    world_zone_late(world, 240000);
    run_for(world, 80);
    world_kill(world, USE1);
    world_zone(world, ZONE_THROTTLE);
    factory_heals(world);
    run_for(world, 60000);
    world_zone_denied(world, ZONE2);
    run_for(world, 60000);
    expect_traced(world, "accepted group=jwt-pizza zone=ZONE1 epoch=3", 1);
    expect_weights(world, "100/0 100/0");
    run_for(world, 121000);
    expect_weights(world, "100/0 0/100");
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C4: the other half may come late, too: under the fence of the adoption's base, with weights that
 * it did not have then. They are what is wanted, and no drift. */
START_TEST(c4_the_other_half_that_comes_late_too_is_no_drift)
{
    struct world *world = pizza_world(TWO_ZONES(""));

    factory_dies(world);
    run_for(world, 24560);
    expect_weights(world, "0/100 100/0");
    world_zone_late(world, 240000);
    run_for(world, 5000);
    world_zone(world, ZONE_THROTTLE);
    factory_heals(world);
    run_for(world, 80000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 40000);
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 100/0");
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    run_for(world, 400000);
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ZONE2 refuses; then the other region dies, and heals before anything could be written. */
START_TEST(d3_a_second_move_that_is_cancelled_leaves_no_half_of_the_first)
{
    struct world *world = pizza_world(TWO_ZONES(""));

    world_zone_denied(world, ZONE2);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 120000);
    world_zone(world, ZONE_THROTTLE);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 100/0");
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C7: the store forgot the move, of which one zone knows. */
START_TEST(d3_a_store_that_was_set_back_leaves_no_half_of_what_it_forgot)
{
    struct world *world = pizza_world(TWO_ZONES(""));

    world_store_save(world);
    world_zone_denied(world, ZONE2);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    expect_weights(world, "0/100 100/0");
    world_store_rollback(world);
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* Of a failback it is the same the other way round. */
START_TEST(d3_a_failback_that_the_store_forgot_is_finished_too)
{
    struct world *world = moved_and_healed(TWO_ZONES(""));

    expect_weights(world, "0/100 0/100");
    run_for(world, 60000);
    world_store_save(world);
    world_zone_denied(world, ZONE2);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 30000);
    expect_weights(world, "100/0 0/100");
    world_store_rollback(world);
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* D2: nobody says that the region is up: it gains nothing more, and keeps what it has. */
START_TEST(d3_what_follows_waits_until_its_region_is_agreed_up)
{
    struct world *world = half_comes_late(TWO_ZONES(""));

    world_site(world, "factory/us-west-2", SITE_VOID, NONE);
    run_for(world, 80000);
    world_zone(world, ZONE_OK);
    run_for(world, 600000);
    expect_weights(world, "0/100 100/0");
    expect_traced(world, "decided group=jwt-pizza epoch=4 kind=adopt weights=\"0/100 0/100\"", 1);
    world_site(world, "factory/us-west-2", SITE_OK, NONE);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* A region that is down or drained is left by all: then the move goes the other way. */
static void expect_return(struct world *world)
{
    run_for(world, 80000);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}

START_TEST(d3_nobody_follows_into_a_region_that_is_down)
{
    struct world *world = half_comes_late(TWO_ZONES(""));

    world_site(world, "factory/us-west-2", SITE_REFUSE, NONE);
    expect_return(world);
}
END_TEST

START_TEST(d3_nobody_follows_into_a_region_that_is_drained)
{
    struct world *world = half_comes_late(TWO_ZONES(""));

    order(world, ORDER_DRAIN, "us-west-2");
    expect_return(world);
}
END_TEST

/* Drained, and there is nobody to go to: what serves stays. */
START_TEST(d3_nobody_follows_into_a_drained_region_though_none_else_may_gain)
{
    struct world *world = half_comes_late(TWO_ZONES(""));

    world_site(world, "factory/us-east-1", SITE_VOID, NONE);
    run_for(world, 40000);
    order(world, ORDER_DRAIN, "us-west-2");
    run_for(world, 40000);
    world_zone(world, ZONE_OK);
    run_for(world, 600000);
    expect_weights(world, "0/100 100/0");
    order(world, ORDER_RESTORE, "us-west-2");
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(d7_nobody_follows_under_a_freeze)
{
    struct world *world = half_comes_late(TWO_ZONES(""));

    order_group(world, ORDER_FREEZE);
    run_for(world, 80000);
    world_zone(world, ZONE_OK);
    run_for(world, 600000);
    expect_weights(world, "0/100 100/0");
    order_group(world, ORDER_THAW);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C4: what a person wrote into the zone that lags is looked at first; taken back, it follows. */
START_TEST(c4_what_somebody_else_wrote_does_not_follow)
{
    struct world *world = half_comes_late(TWO_ZONES(""));

    world_set_weight(world, "factory/us-east-1", 90);
    run_for(world, 80000);
    world_zone(world, ZONE_OK);
    run_for(world, 600000);
    expect_weights(world, "0/100 90/0");
    world_set_weight(world, "factory/us-east-1", 100);
    run_for(world, 400000);
    expect_weights(world, "0/100 0/100");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* ZONE1 has the move, ZONE2 refuses it, and the region has returned. */
static struct world *half_is_refused(const char *settings)
{
    struct world *world = pizza_world_traced(settings, TRACE_MOVES, NONE);

    world_zone_denied(world, ZONE2);
    factory_dies(world);
    run_for(world, 60000);
    factory_heals(world);
    run_for(world, 30000);
    expect_weights(world, "0/100 100/0");
    return world;
}

/* C4: a person makes the group whole again the other way: he takes back the half that ZONE1 has.
 * What he undid nobody follows, neither by his word nor where every edit is adopted. */
START_TEST(c4_nobody_follows_a_move_that_a_person_took_back)
{
    static const char *const settings[] = {TWO_ZONES(""), TWO_ZONES("drift = \"adopt\";")};
    struct world *world = half_is_refused(settings[_i]);

    world_set_weight(world, "pizza/us-east-1", 100);
    world_set_weight(world, "pizza/us-west-2", 0);
    run_for(world, 320000);
    if (_i == 0)
        world_order(world, &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
    run_for(world, 30000);
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C8: ZONE1 has a move; the next one, made once more over somebody's edit in ZONE2, is cancelled.
 * What it goes back to is no return to what was before them both. */
START_TEST(d3_what_is_cancelled_over_an_edit_leaves_no_half_of_the_move_before)
{
    struct world *world = half_is_refused(TWO_ZONES("drift = \"restore\";"));

    run_for(world, 90000);
    world_zone(world, ZONE_THROTTLE);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    world_set_weight(world, "factory/us-west-2", 7);
    region_dies(world, "us-west-2", SITE_OK);
    run_for(world, 400000);
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "0/100 0/7");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* C2: the fence of one zone is gone, of the one that has the move or of the other: it is written
 * anew, the move is finished, and what has not followed yet is no drift. Nor does a probe that
 * begins take the older fence for a move that came late. */
START_TEST(c2_a_fence_that_is_gone_in_one_zone_brings_nothing_back)
{
    struct world *world = half_is_refused(TWO_ZONES(""));

    world_zone(world, ZONE_THROTTLE);
    world_delete_fence_in(world, "jwt-pizza", _i % 2 == 0 ? ZONE1 : ZONE2);
    run_for(world, 330000);
    for (uint32_t p = USE1; _i >= 2 && p <= FRA; p++)
        world_kill(world, p);
    run_for(world, 30000);
    for (uint32_t p = USE1; _i >= 2 && p <= FRA; p++)
        world_start(world, p);
    run_for(world, 120000);
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_alerts(world, ALERT_DRIFT, ALERT_OPEN), 0);
    expect_traced(world, "decided group=jwt-pizza epoch=4", 0);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

/* Apart, each service stands for itself: what is there is adopted as it is. */
#define TWO_ZONES_APART                                                                            \
    PIZZA_PROBES                                                                                   \
    "services = (" PIZZA_SERVICE("pizza", "ZONE1", "100", "0", "1") "," PIZZA_SERVICE(             \
        "factory", "ZONE2", "100", "0", "2") ");\n"                                                \
                                             "groups = ( { name = \"jwt-pizza\"; services = [ "    \
                                             "\"pizza\", \"factory\" ]; together = false; order "  \
                                             "= [ \"us-east-1\", \"us-west-2\" ]; stable = 60; "   \
                                             "hold = 20; dwell = 0; } );\n"

START_TEST(d3_services_that_move_by_themselves_do_not_follow)
{
    struct world *world = pizza_world(TWO_ZONES_APART);

    world_store_save(world);
    world_zone_denied(world, ZONE2);
    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, 60000);
    region_dies(world, "us-east-1", SITE_OK);
    expect_weights(world, "0/100 100/0");
    world_store_rollback(world);
    world_zone(world, ZONE_OK);
    run_for(world, 400000);
    expect_weights(world, "0/100 100/0");
    expect_sound(world);
    world_destroy(world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("together");
    TCase *tests = tcase_create("together");

    suite_add_tcase(suite, tests);
    tcase_add_test(tests, d3_a_late_half_of_a_cancelled_move_takes_the_others_with_it);
    tcase_add_test(tests, d3_what_came_late_leads_though_another_zone_has_the_cancellation);
    tcase_add_test(tests, c4_the_other_half_that_comes_late_too_is_no_drift);
    tcase_add_test(tests, d3_a_second_move_that_is_cancelled_leaves_no_half_of_the_first);
    tcase_add_test(tests, d3_a_store_that_was_set_back_leaves_no_half_of_what_it_forgot);
    tcase_add_test(tests, d3_a_failback_that_the_store_forgot_is_finished_too);
    tcase_add_test(tests, d3_what_follows_waits_until_its_region_is_agreed_up);
    tcase_add_test(tests, d3_nobody_follows_into_a_region_that_is_down);
    tcase_add_test(tests, d3_nobody_follows_into_a_region_that_is_drained);
    tcase_add_test(tests, d3_nobody_follows_into_a_drained_region_though_none_else_may_gain);
    tcase_add_test(tests, d7_nobody_follows_under_a_freeze);
    tcase_add_test(tests, c4_what_somebody_else_wrote_does_not_follow);
    tcase_add_loop_test(tests, c4_nobody_follows_a_move_that_a_person_took_back, 0, 2);
    tcase_add_test(tests, d3_what_is_cancelled_over_an_edit_leaves_no_half_of_the_move_before);
    tcase_add_loop_test(tests, c2_a_fence_that_is_gone_in_one_zone_brings_nothing_back, 0, 4);
    tcase_add_test(tests, d3_services_that_move_by_themselves_do_not_follow);
    return run_suite(suite);
}
