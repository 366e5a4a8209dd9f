/* SPDX-License-Identifier: Apache-2.0 */
/* D1-D10: what is decided, what is refused, and with which reason and number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pizza.h"

/* Three regions; what the third is for is said by weight. */
#define PIZZA_SERVICE3(service, east, west, central, n)                                            \
    "{ name = \"" service "\"; zone = \"ZONE1\"; record = \"" service                              \
    ".example.com\"; type = \"A\"; ttl = 60; sites = (" PIZZA_SITE(                                \
        service, "us-east-1", east,                                                                \
        n "0") "," PIZZA_SITE(service, "us-west-2", west,                                          \
                              n "1") "," PIZZA_SITE(service, "eu-central-1", central, n "2") ""    \
                                                                                             ""    \
                                                                                             ")"   \
                                                                                             ""    \
                                                                                             "; }"

#define PIZZA3(east, west, central, extra)                                                         \
    PIZZA_PROBES                                                                                   \
    "services = (" PIZZA_SERVICE3("pizza", east, west, central, "1") "," PIZZA_SERVICE3(           \
        "factory", east, west, central,                                                            \
        "2") ");\n"                                                                                \
             "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\", \"factory\" ]; "          \
             "together = true; "                                                                   \
             "order = [ \"us-east-1\", \"us-west-2\", \"eu-central-1\" ]; stable = 60; " extra     \
             " } );\n"

/* Each service by itself. */
#define PIZZA_APART(extra)                                                                         \
    PIZZA_PROBES PIZZA_SERVICES "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\", "      \
                                "\"factory\" ]; together = false; "                                \
                                "order = [ \"us-east-1\", \"us-west-2\" ]; stable = 60; " extra    \
                                " } );\n"

static void region_dies(struct world *world, const char *region, enum site_mode mode)
{
    char site[64];

    snprintf(site, sizeof(site), "pizza/%s", region);
    world_site(world, site, mode, NONE);
    snprintf(site, sizeof(site), "factory/%s", region);
    world_site(world, site, mode, NONE);
}

/* ---- D1 ---- */

START_TEST(d1_a_region_agreed_down_for_hold_loses_its_weight)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_for(world, 40000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324546] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324586] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[324586] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n"
        "[326546] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 by=use1 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(d1_a_region_that_heals_before_hold_keeps_its_weight)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 45;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_for(world, 43000); /* as long as GitHub's partition of 2018 */
    factory_heals(world);
    run_for(world, 300000);
    expect_trace(world, "");
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(d1_without_hold_agreement_is_enough)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 0;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_for(world, 10000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d1_a_drained_region_loses_its_weight_at_once)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 5000);
    expect_trace(
        world,
        "[300005] use1 order region=us-east-1 verb=drain id=order-1 rule=D7\n"
        "[300005] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[300010] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[300045] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[300085] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[300085] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* ---- D2 ---- */

START_TEST(d2_nothing_moves_to_a_region_that_is_not_up)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    world_site(world, "pizza/us-west-2", SITE_REFUSE, USE1);
    world_site(world, "pizza/us-west-2", SITE_REFUSE, FRA); /* undecided would do, too */
    run_for(world, 30000);
    factory_dies(world);
    run_for(world, 100000);
    expect_trace(world, "[354501] use1 refused group=jwt-pizza reason=all-down rule=D2\n");
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_MOVE_REFUSED, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

START_TEST(d2_a_region_gains_only_after_it_was_up_for_stable)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    world_site(world, "pizza/us-west-2", SITE_REFUSE, NONE);
    run_for(world, 30000);
    factory_dies(world);
    world_site(world, "pizza/us-west-2", SITE_OK, NONE);
    run_for(world, 120000);
    expect_trace(
        world,
        "[354501] use1 refused group=jwt-pizza reason=no-region-may-gain rule=D2\n"
        "[405720] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[405725] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[405765] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[405805] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[405805] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d2_weights_start_from_the_head_not_from_the_settings)
{
    struct world *world = pizza_world(PIZZA3("100", "0", "0", "hold = 20; dwell = 0;"));

    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, 60000);
    expect_weights(world, "0/100/0 0/100/0");
    region_dies(world, "us-east-1", SITE_OK);
    run_for(world, 120000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    expect_weights(world, "100/0/0 100/0/0");
    world_destroy(world);
}
END_TEST

START_TEST(d2_the_share_goes_to_those_who_still_serve)
{
    struct world *world = pizza_world(PIZZA3("50", "50", "0", "hold = 20;"));

    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, 60000);
    expect_weights(world, "0/50/0 0/50/0");
    world_destroy(world);
}
END_TEST

START_TEST(d2_if_none_serves_the_first_in_order_that_may_gain_takes_over)
{
    struct world *world = pizza_world(PIZZA3("100", "0", "0", "hold = 20;"));

    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, 60000);
    expect_weights(world, "0/0/100 0/0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d2_all_down_holds_by_default)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    region_dies(world, "us-west-2", SITE_REFUSE);
    region_dies(world, "us-east-1", SITE_REFUSE);
    run_for(world, 60000);
    expect_trace(world, "[324501] use1 refused group=jwt-pizza reason=all-down rule=D2\n");
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

#define PIZZA_FALLBACK(extra)                                                                      \
    PIZZA_PROBES                                                                                   \
    "services = ( { name = \"pizza\"; zone = \"ZONE1\"; record = \"pizza.example.com\"; "          \
    "type = \"A\"; ttl = 60; sites = (" PIZZA_SITE(                                                \
        "pizza", "us-east-1", "100",                                                               \
        "10") "," PIZZA_SITE("pizza", "us-west-2", "0",                                            \
                             "11") ","                                                             \
                                   "{ region = \"static\"; weight = 0; set = \"pizza-static\"; "   \
                                   "value = \"192.0.2.99\"; } ); } );"                             \
                                   "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\" ]; " \
                                   "together = true; "                                             \
                                   "order = [ \"us-east-1\", \"us-west-2\" ]; stable = 60; "       \
                                   "all_down = \"fallback\"; "                                     \
                                   "fallback = \"static\"; " extra " } );\n"

START_TEST(d2_all_down_may_send_users_to_the_static_page_and_back)
{
    struct world *world = pizza_world(PIZZA_FALLBACK("hold = 20; dwell = 30;"));

    world_site(world, "pizza/us-east-1", SITE_REFUSE, NONE);
    world_site(world, "pizza/us-west-2", SITE_REFUSE, NONE);
    run_for(world, 60000);
    expect_weights(world, "0/0/100");
    world_site(world, "pizza/us-west-2", SITE_OK, NONE);
    run_for(world, 120000);
    expect_weights(world, "0/100/0");
    expect_sound(world);
    ck_assert_uint_eq(world_shifts(world), 2);
    world_destroy(world);
}
END_TEST

/* Of a page without checks nobody can say that it recovered: what left it is not cancelled. */
START_TEST(d2_leaving_the_static_page_is_not_cancelled_while_route53_is_away)
{
    struct world *world =
        pizza_world_traced(PIZZA_FALLBACK("hold = 20; dwell = 0;"), TRACE_MOVES, NONE);

    world_site(world, "pizza/us-east-1", SITE_REFUSE, NONE);
    world_site(world, "pizza/us-west-2", SITE_REFUSE, NONE);
    run_for(world, 60000);
    world_zone(world, ZONE_DOWN);
    world_site(world, "pizza/us-west-2", SITE_OK, NONE);
    run_for(world, 200000);
    expect_traced(world, "kind=cancel", 0);
    world_zone(world, ZONE_OK);
    run_for(world, 30000);
    expect_weights(world, "0/100/0");
    world_destroy(world);
}
END_TEST

/* ---- D3 ---- */

START_TEST(d3_together_one_dead_service_moves_all_in_one_decision)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_batches(world), 2); /* init and the move */
    world_destroy(world);
}
END_TEST

START_TEST(d3_together_what_is_not_required_does_not_move_the_group)
{
    struct world *world = pizza_world(PIZZA_PROBES "services = (" PIZZA_SERVICE(
        "pizza", "ZONE1", "100", "0",
        "1") ", { name = \"toppings\"; required = false; zone = "
             "\"ZONE1\"; record = \"toppings.example.com\"; type "
             "= \"A\"; ttl = 60; sites = (" PIZZA_SITE(
                 "toppings", "us-east-1", "100",
                 "20") "," PIZZA_SITE("toppings", "us-west-2", "0",
                                      "21") "); } );"
                                            "groups = ( { name = \"jwt-pizza\"; services = [ "
                                            "\"pizza\", "
                                            "\"toppings\" ]; together = true; order = [ "
                                            "\"us-east-1\", "
                                            "\"us-west-2\" ]; stable = 60; hold = 20; } );");

    world_site(world, "toppings/us-east-1", SITE_REFUSE, NONE);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    world_site(world, "pizza/us-east-1", SITE_REFUSE, NONE);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100"); /* but it moves along */
    world_destroy(world);
}
END_TEST

START_TEST(d3_apart_each_service_moves_by_itself)
{
    struct world *world = pizza_world(PIZZA_APART("hold = 20; dwell = 0;"));

    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "100/0 0/100");
    world_site(world, "pizza/us-east-1", SITE_REFUSE, NONE);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* The factory may return and pizza has to leave: leaving comes first, and alone. */
START_TEST(d3_apart_leaving_and_returning_are_two_decisions)
{
    struct world *world = pizza_world_traced(
        PIZZA_APART("hold = 20; dwell = 0; failback = { mode = \"auto\"; };"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_for(world, 60000);
    order_group(world, ORDER_FREEZE);
    factory_heals(world);
    world_site(world, "pizza/us-east-1", SITE_REFUSE, NONE);
    run_for(world, 120000);
    world_trace_clear(world);
    order_group(world, ORDER_THAW);
    run_for(world, 10000);
    expect_trace(
        world,
        "[480005] use1 order group=jwt-pizza verb=thaw id=order-2 rule=D7\n"
        "[480005] usw2 order group=jwt-pizza verb=thaw id=order-2 rule=D7\n"
        "[480005] usw2 proposed group=jwt-pizza epoch=3 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[480005] fra order group=jwt-pizza verb=thaw id=order-2 rule=D7\n"
        "[480005] use1 proposed group=jwt-pizza epoch=4 kind=failback weights=\"0/100 100/0\" "
        "rule=D8\n"
        "[480010] usw2 decided group=jwt-pizza epoch=3 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[480010] use1 decided group=jwt-pizza epoch=4 kind=failback weights=\"0/100 100/0\" "
        "rule=D8\n"
        "[480050] use1 sent group=jwt-pizza zone=ZONE1 epoch=4 items=10 weights=\"0/100 100/0\" "
        "rule=C1\n"
        "[480090] use1 accepted group=jwt-pizza zone=ZONE1 epoch=4 rule=C1\n"
        "[480090] use1 applied group=jwt-pizza zone=ZONE1 epoch=4 whose=ours by=use1 rule=C7\n"
        "[482045] usw2 applied group=jwt-pizza zone=ZONE1 epoch=4 by=use1 rule=C7\n");
    expect_weights(world, "0/100 100/0");
    world_destroy(world);
}
END_TEST

/* ---- D4 ---- */

START_TEST(d4_a_drain_waits_for_a_ready_target_unless_overridden)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    world_site(world, "pizza/us-west-2", SITE_REFUSE, FRA);
    world_site(world, "pizza/us-west-2", SITE_REFUSE, USE1);
    run_for(world, 20000);
    world_site(world, "pizza/us-west-2", SITE_OK, FRA);
    run_for(world, 4000); /* undecided: not down, not ready */
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 4000);
    expect_traced(world, "reason=no-region-may-gain", 1);
    ck_assert_uint_eq(world_shifts(world), 0);
    world_order(
        world, &(struct world_order){.verb = ORDER_DRAIN, .region = "us-east-1", .override = true});
    run_for(world, 3000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d4_not_even_an_override_moves_to_a_region_agreed_down)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 30000);
    world_order(
        world, &(struct world_order){.verb = ORDER_DRAIN, .region = "us-east-1", .override = true});
    run_for(world, 100000);
    ck_assert_uint_eq(world_shifts(world), 0);
    world_destroy(world);
}
END_TEST

/* ---- D5 ---- */

static struct world *moved_and_healed(const char *settings)
{
    struct world *world = pizza_world(settings);

    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    factory_heals(world);
    return world;
}

START_TEST(d5_nothing_comes_back_by_itself)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20;"));
    struct group_view view;

    run_for(world, 3600000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    look(world, &view);
    ck_assert_ptr_nonnull(find_gate(&view, "failback"));
    ck_assert(!find_gate(&view, "failback")->open);
    world_destroy(world);
}
END_TEST

START_TEST(d5_an_order_brings_it_back_once_it_is_stable)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20;"));

    run_for(world, 20000);
    world_trace(world, TRACE_MOVES, USE1);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 120000);
    expect_trace(world,
                 "[380005] use1 order group=jwt-pizza verb=failback id=order-1 rule=D7\n"
                 "[437815] use1 applied group=jwt-pizza zone=ZONE1 epoch=3 by=usw2 rule=C7\n");
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* An order given in quiet times is about quiet times: it does not bring traffic back after the next
 * failover. */
START_TEST(d5_an_old_failback_order_is_no_order_for_a_later_failover)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    order_group(world, ORDER_FAILBACK);
    run_for(world, 60000);
    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    factory_heals(world);
    run_for(world, 3600000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d5_an_order_whose_time_is_over_brings_nothing_back)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20;"));

    run_for(world, 20000);
    world_order(world, &(struct world_order){
                           .verb = ORDER_FAILBACK, .group = "jwt-pizza", .for_ms = 10000});
    run_for(world, 200000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d5_auto_returns_in_steps_each_held_for_dwell)
{
    struct world *world = moved_and_healed(
        PIZZA("hold = 20; dwell = 100; failback = { mode = \"auto\"; steps = [ 10, 50, 100 ]; };"));

    world_trace(world, WORLD_TRACE(FACT_DECIDED), NONE);
    run_for(world, 600000);
    expect_trace(world, "[435775] usw2 decided group=jwt-pizza epoch=3 kind=failback "
                        "weights=\"10/100 10/100\" rule=D8\n"
                        "[536010] use1 decided group=jwt-pizza epoch=4 kind=failback "
                        "weights=\"50/100 50/100\" rule=D8\n"
                        "[636010] usw2 decided group=jwt-pizza epoch=5 kind=failback "
                        "weights=\"100/0 100/0\" rule=D8\n");
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(d5_leaving_a_dead_region_is_no_failback_and_needs_no_order)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20; dwell = 60;"));

    run_for(world, 200000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* ---- D6 ---- */

START_TEST(d6_within_dwell_a_group_holds_and_pages)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20; dwell = 600;"));

    run_for(world, 100000);
    world_trace(world, TRACE_MOVES, USE1);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 600000);
    expect_trace(
        world,
        "[483068] use1 refused group=jwt-pizza reason=dwell value=158567 limit=600000 rule=D6\n"
        "[924876] use1 proposed group=jwt-pizza epoch=3 kind=leave weights=\"100/0 100/0\" "
        "rule=D8\n"
        "[924881] use1 decided group=jwt-pizza epoch=3 kind=leave weights=\"100/0 100/0\" rule=D8\n"
        "[926921] use1 applied group=jwt-pizza zone=ZONE1 epoch=3 by=usw2 rule=C7\n");
    expect_weights(world, "100/0 100/0");
    ck_assert_uint_gt(world_alerts(world, ALERT_MOVE_REFUSED, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_MOVE_REFUSED, ALERT_OPEN),
                      world_alerts(world, ALERT_MOVE_REFUSED, ALERT_RESOLVED));
    world_destroy(world);
}
END_TEST

#define PIZZA_BUDGET2(extra) "limits = { budget = 2; window = \"1h\"; };" PIZZA(extra)

static void flip(struct world *world, const char *from, const char *to)
{
    region_dies(world, to, SITE_OK);
    run_for(world, 120000);
    region_dies(world, from, SITE_REFUSE);
    run_for(world, 60000);
}

START_TEST(d6_past_the_budget_everything_holds_and_pages)
{
    struct world *world = pizza_world(PIZZA_BUDGET2("hold = 20; dwell = 0;"));

    flip(world, "us-east-1", "us-west-2");
    flip(world, "us-west-2", "us-east-1");
    ck_assert_uint_eq(world_shifts(world), 2);
    world_trace(world, TRACE_MOVES, USE1);
    flip(world, "us-east-1", "us-west-2");
    expect_trace(world,
                 "[804501] use1 refused group=jwt-pizza reason=budget value=2 limit=2 rule=D6\n");
    ck_assert_uint_eq(world_shifts(world), 2);
    run_for(world, 3600000); /* the window slides */
    ck_assert_uint_eq(world_shifts(world), 3);
    world_destroy(world);
}
END_TEST

START_TEST(d6_orders_are_counted_by_dwell_and_budget_but_never_blocked)
{
    struct world *world = pizza_world(PIZZA_BUDGET2("hold = 20; dwell = 600;"));
    struct group_view view;

    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 5000);
    order(world, ORDER_RESTORE, "us-east-1");
    order_group(world, ORDER_FAILBACK);
    run_for(world, 5000);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 5000);
    ck_assert_uint_eq(world_shifts(world), 3);
    look(world, &view);
    ck_assert_uint_eq(view.budget_used, 3);
    ck_assert_int_gt(view.dwell_left_ms, 0);
    order(world, ORDER_RESTORE, "us-east-1");
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 100000);
    ck_assert_uint_eq(world_shifts(world), 3); /* what is no order is blocked */
    world_destroy(world);
}
END_TEST

/* The ledger was written by a clock a year ahead; every probe then starts with the right time. */
START_TEST(d6_a_ledger_from_a_clock_a_year_ahead_counts_and_ends)
{
    struct world *world = pizza_world(PIZZA_BUDGET2("hold = 20; dwell = 100;"));
    const msec_t year_ms = (msec_t)365 * 86400 * 1000;
    struct group_view view;

    for (uint32_t i = 0; i < 3; i++) {
        world_kill(world, i);
        world_wall(world, i, year_ms);
        world_start(world, i);
    }
    run_for(world, 120000);
    flip(world, "us-east-1", "us-west-2");
    flip(world, "us-west-2", "us-east-1");
    ck_assert_uint_eq(world_shifts(world), 2);
    for (uint32_t i = 0; i < 3; i++) {
        world_kill(world, i);
        world_wall(world, i, 0);
        world_start(world, i);
    }
    run_for(world, 1000);
    look(world, &view);
    ck_assert_uint_eq(view.budget_used, 2);
    ck_assert_int_gt(view.dwell_left_ms, 98000);
    flip(world, "us-east-1", "us-west-2");
    ck_assert_uint_eq(world_shifts(world), 2);
    run_for(world, 3600000);
    ck_assert_uint_eq(world_shifts(world), 3);
    world_destroy(world);
}
END_TEST

START_TEST(d6_a_clock_that_steps_a_year_while_running_changes_no_gate)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20; dwell = 600;"));
    struct group_view before;
    struct group_view after;
    const msec_t year_ms = (msec_t)365 * 86400 * 1000;

    run_for(world, 100000);
    look(world, &before);
    for (uint32_t i = 0; i < 3; i++)
        world_clock(world, i, i == 1 ? -year_ms : year_ms);
    run_for(world, 60000);
    look(world, &after);
    ck_assert_int_eq(after.dwell_left_ms, before.dwell_left_ms - 60000);
    ck_assert_uint_eq(after.budget_used, before.budget_used);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 100000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* Fence deleted before a move was applied: the same weights under a new epoch are the same move. */
START_TEST(d6_the_same_weights_again_are_the_same_move)
{
    struct world *world = pizza_world(PIZZA("hold = 20; dwell = 600;"));
    struct group_view before;
    struct group_view after;

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    look(world, &before);
    world_delete_fence(world, "jwt-pizza");
    run_for(world, 60000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    look(world, &after);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_gt(after.head.epoch, before.head.epoch);
    ck_assert_int_eq(after.head.moved_wall, before.head.moved_wall);
    ck_assert_uint_eq(after.budget_used, 1);
    world_destroy(world);
}
END_TEST

/* ---- D7 ---- */

START_TEST(d7_freeze_stops_every_automatic_move)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, USE1);

    order_group(world, ORDER_FREEZE);
    run_for(world, 1000);
    factory_dies(world);
    run_for(world, 100000);
    expect_trace(world, "[300005] use1 order group=jwt-pizza verb=freeze id=order-1 rule=D7\n"
                        "[324501] use1 refused group=jwt-pizza reason=freeze rule=D7\n");
    order_group(world, ORDER_THAW);
    run_for(world, 5000);
    expect_trace(
        world,
        "[401005] use1 order group=jwt-pizza verb=thaw id=order-2 rule=D7\n"
        "[401005] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[401010] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[401050] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[401090] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[401090] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d7_a_freeze_for_a_time_ends_by_itself)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_order(world, &(struct world_order){.verb = ORDER_FREEZE, .for_ms = 100000});
    factory_dies(world);
    run_for(world, 99000);
    ck_assert_uint_eq(world_shifts(world), 0);
    run_for(world, 5000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* When the first proposal is made after the factory died at SETTLED_MS. */
static msec_t proposal_ms(const char *settings)
{
    struct world *world = pizza_world_traced(settings, WORLD_TRACE(FACT_PROPOSED), NONE);
    msec_t at_ms;

    factory_dies(world);
    run_until(world, "proposed", 60000);
    at_ms = world_now(world);
    world_destroy(world);
    return at_ms;
}

/* The order is in the store, and no probe has heard of it when it proposes. */
START_TEST(d7_a_freeze_between_decision_and_commit_wins)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    world_run(world, proposal_ms(PIZZA("hold = 20;")) - 2);
    order_group(world, ORDER_FREEZE);
    run_for(world, 100000);
    expect_trace(world, "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 "
                        "0/100\" rule=D8\n"
                        "[324504] use1 order group=jwt-pizza verb=freeze id=order-1 rule=D7\n"
                        "[324504] use1 refused group=jwt-pizza reason=freeze rule=D7\n"
                        "[324504] usw2 order group=jwt-pizza verb=freeze id=order-1 rule=D7\n"
                        "[324504] usw2 refused group=jwt-pizza reason=freeze rule=D7\n"
                        "[324504] fra order group=jwt-pizza verb=freeze id=order-1 rule=D7\n"
                        "[324504] fra refused group=jwt-pizza reason=freeze rule=D7\n"
                        "[324506] use1 conflict group=jwt-pizza epoch=2 store=conflict rule=D8\n");
    ck_assert_uint_eq(world_shifts(world), 0);
    world_destroy(world);
}
END_TEST

START_TEST(d7_a_freeze_between_commit_and_send_wins)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_until(world, "decided", 40000);
    order_group(world, ORDER_FREEZE);
    run_for(world, 100000);
    expect_traced(world, "sent", 0);
    expect_weights(world, "100/0 100/0");
    order_group(world, ORDER_THAW);
    run_for(world, 5000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* Thaw re-decides from fresh votes: what was decided before the freeze and healed since is not
 * carried out. */
START_TEST(d7_thaw_does_not_send_what_has_healed_meanwhile)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    run_until(world, "decided", 40000);
    order_group(world, ORDER_FREEZE);
    run_for(world, 10000);
    factory_heals(world);
    run_for(world, 60000);
    order_group(world, ORDER_THAW);
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 0);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(d7_override_lifts_freeze_for_that_order_only)
{
    struct world *world = pizza_world(PIZZA("hold = 20; dwell = 0;"));

    order_group(world, ORDER_FREEZE);
    run_for(world, 1000);
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 20000);
    ck_assert_uint_eq(world_shifts(world), 0);
    world_order(
        world, &(struct world_order){.verb = ORDER_DRAIN, .region = "us-east-1", .override = true});
    run_for(world, 5000);
    expect_weights(world, "0/100 0/100");
    region_dies(world, "us-west-2", SITE_REFUSE);
    order(world, ORDER_RESTORE, "us-east-1");
    run_for(world, 200000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

START_TEST(d7_an_override_failback_does_not_wait_for_stable)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20;"));

    run_for(world, 25000);
    world_order(world, &(struct world_order){
                           .verb = ORDER_FAILBACK, .group = "jwt-pizza", .override = true});
    run_for(world, 3000);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(d7_an_order_is_marked_obeyed_in_the_transaction_that_obeys_it)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));
    const char *value;

    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 5000);
    value = world_store_value(world, "v1/orders/order-1");
    ck_assert_ptr_nonnull(value);
    ck_assert_msg(strstr(value, "\"jwt-pizza\"") != NULL, "%s", value);
    value = world_store_value(world, "v1/decisions/jwt-pizza");
    ck_assert_msg(strstr(value, "order-1") != NULL, "%s", value);
    world_destroy(world);
}
END_TEST

/* One drain, two groups: each obeys it once, and both marks stand. */
START_TEST(d7_every_group_obeys_a_drain_and_says_so)
{
    struct world *world = pizza_world(
        PIZZA_PROBES PIZZA_SERVICES
        "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\" ]; together = true; order = "
        "[ \"us-east-1\", \"us-west-2\" ]; stable = 60; hold = 20; },"
        "{ name = \"works\"; services = [ \"factory\" ]; together = true; order = "
        "[ \"us-east-1\", \"us-west-2\" ]; stable = 60; hold = 20; } );");
    const char *value;

    expect_weights(world, "100/0 100/0");
    order(world, ORDER_DRAIN, "us-east-1");
    run_for(world, 10000);
    expect_weights(world, "0/100 0/100");
    value = world_store_value(world, "v1/orders/order-1");
    ck_assert_msg(strstr(value, "\"jwt-pizza\"") != NULL && strstr(value, "\"works\"") != NULL,
                  "%s", value);
    ck_assert_uint_eq(world_shifts(world), 2);
    world_destroy(world);
}
END_TEST

/* ---- D8 ---- */

/* usw2 sleeps until its own turn has come, and hears of the new head only after it has proposed. */
START_TEST(d8_of_two_proposals_one_becomes_the_head)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);
    msec_t at_ms = proposal_ms(PIZZA("hold = 20;"));

    factory_dies(world);
    world_run(world, at_ms + 1);
    world_pause(world, USW2);
    world_run(world, at_ms + 1000);
    world_resume(world, USW2);
    run_for(world, 30000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324546] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324586] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[324586] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n"
        "[325501] usw2 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[325506] usw2 conflict group=jwt-pizza epoch=2 store=conflict rule=D8\n"
        "[327541] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 by=use1 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* usw2's vote is in the store again, with another text, a moment before the commit that counted it:
 * the commit is lost, and made again from what is known then; hold is kept. */
START_TEST(d8_a_vote_that_changes_under_the_commit_stops_it)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);
    msec_t at_ms = proposal_ms(PIZZA("hold = 20;"));

    factory_dies(world);
    world_run(world, at_ms - 1);
    world_clock(world, USW2, 5000); /* USW2 turns blind: two down votes of three are left */
    run_for(world, 1000);
    expect_trace(
        world,
        "[324501] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324501] usw2 refused group=jwt-pizza reason=self value=29999 rule=V5\n"
        "[324506] use1 conflict group=jwt-pizza epoch=2 store=conflict rule=D8\n"
        "[324606] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
        "rule=D8\n"
        "[324611] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[324651] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[324691] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[324691] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n");
    world_destroy(world);
}
END_TEST

/* Both actors are blind, three others agree: one of them proposes, and a blind actor applies it. */
START_TEST(d8_any_probe_may_propose_and_the_actors_apply)
{
    struct world *world = pizza_world_traced(
        "probe = { references = ( \"dns:198.41.0.4\" ); };"
        "quorum = { down = 3; up = 3; vantages = 2; owners = 1; probes = ("
        "{ name = \"use1\"; vantage = \"aws/us-east-1\"; may_act = true; },"
        "{ name = \"usw2\"; vantage = \"aws/us-west-2\"; may_act = true; },"
        "{ name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = false; },"
        "{ name = \"hel\"; vantage = \"hetzner/hel1\"; may_act = false; },"
        "{ name = \"par\"; vantage = \"ovh/par\"; may_act = false; } ); };"
        "checks = { interval = 10; timeout = 3; retry = 1; fall = 3; rise = 2; };" PIZZA_SERVICES
            PIZZA_GROUP("hold = 20;"),
        TRACE_MOVES, NONE);

    world_references(world, false, USE1);
    world_references(world, false, USW2);
    run_for(world, 15000);
    factory_dies(world);
    run_for(world, 60000);
    expect_trace(
        world,
        "[337835] use1 refused group=jwt-pizza reason=self rule=V5\n"
        "[337835] usw2 refused group=jwt-pizza reason=self rule=V5\n"
        "[338835] fra proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[338840] fra decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[338880] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[338920] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[338920] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n"
        "[340880] usw2 applied group=jwt-pizza zone=ZONE1 epoch=2 by=use1 rule=C7\n");
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

START_TEST(d8_a_dry_run_says_what_it_would_do_and_does_nothing)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    for (uint32_t i = 0; i < 3; i++) {
        world_kill(world, i);
        world_dry_run(world, i, true);
        world_start(world, i);
    }
    run_for(world, 120000);
    world_trace(world, TRACE_MOVES, USE1);
    factory_dies(world);
    run_for(world, 60000);
    expect_trace(world, "[444501] use1 refused group=jwt-pizza reason=dry-run rule=D8\n");
    ck_assert_uint_eq(world_shifts(world), 0);
    world_destroy(world);
}
END_TEST

/* ---- D9 ---- */

START_TEST(d9_a_group_without_a_head_is_watched_and_never_moved)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_int_eq(world_create(PIZZA("hold = 20;"), error, sizeof(error), &world), 0);
    world_run(world, 100000);
    factory_dies(world);
    run_for(world, 300000);
    ck_assert_uint_eq(world_batches(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_REGION_DOWN, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

START_TEST(d9_init_takes_the_weights_of_the_zone_not_those_of_the_settings)
{
    struct world *world = NULL;
    struct group_view view;
    char error[512] = "";

    ck_assert_int_eq(world_create(PIZZA("hold = 20;"), error, sizeof(error), &world), 0);
    world_trace(world, TRACE_MOVES, USE1);
    world_set_weight(world, "pizza/us-east-1", 70);
    world_set_weight(world, "pizza/us-west-2", 30);
    world_run(world, 20000);
    world_init_groups(world);
    run_for(world, 20000);
    expect_trace(
        world,
        "[ 20290] use1 proposed group=jwt-pizza epoch=1 kind=init weights=\"70/30 100/0\" rule=D8\n"
        "[ 20295] use1 decided group=jwt-pizza epoch=1 kind=init weights=\"70/30 100/0\" rule=D8\n"
        "[ 22335] use1 applied group=jwt-pizza zone=ZONE1 epoch=1 by=usw2 rule=C7\n");
    expect_weights(world, "70/30 100/0");
    look(world, &view);
    ck_assert_int_eq(view.head.normal[0], 100);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    world_destroy(world);
}
END_TEST

START_TEST(d9_init_creates_the_record_sets_that_are_missing)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_int_eq(world_create(PIZZA("hold = 20;"), error, sizeof(error), &world), 0);
    world_trace(world, TRACE_MOVES, USE1);
    world_delete_set(world, "pizza/us-east-1");
    world_delete_set(world, "factory/us-west-2");
    world_run(world, 20000);
    world_init_groups(world);
    run_for(world, 20000);
    expect_trace(
        world,
        "[ 20290] use1 proposed group=jwt-pizza epoch=1 kind=init weights=\"100/0 100/0\" rule=D8\n"
        "[ 20295] use1 decided group=jwt-pizza epoch=1 kind=init weights=\"100/0 100/0\" rule=D8\n"
        "[ 22335] use1 applied group=jwt-pizza zone=ZONE1 epoch=1 by=usw2 rule=C7\n");
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* Route 53 is away after init, and the region dies before the record sets exist. */
START_TEST(d9_what_init_has_not_created_yet_is_created_by_the_next_change)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_int_eq(world_create(PIZZA("hold = 20;"), error, sizeof(error), &world), 0);
    world_delete_set(world, "factory/us-west-2");
    world_run(world, 100000);
    world_zone(world, ZONE_THROTTLE);
    world_init_groups(world);
    run_for(world, 10000);
    factory_dies(world);
    run_for(world, 60000);
    world_zone(world, ZONE_OK);
    run_for(world, 30000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* The word of init is spent by the first head: a store that loses its head is not initialized again
 * by itself. */
START_TEST(d9_a_store_that_lost_its_head_waits_for_a_new_init)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_int_eq(world_create(PIZZA("hold = 20;"), error, sizeof(error), &world), 0);
    world_run(world, 20000);
    world_store_save(world);
    world_init_groups(world);
    run_for(world, 20000);
    ck_assert_uint_eq(world_batches(world), 1);
    world_store_rollback(world);
    run_for(world, 100000);
    ck_assert_uint_eq(world_batches(world), 1);
    ck_assert_uint_gt(world_alerts(world, ALERT_FENCE_CONFLICT, ALERT_OPEN), 0);
    world_init_groups(world);
    run_for(world, 20000);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 2);
    world_destroy(world);
}
END_TEST

/* ---- D10 ---- */

START_TEST(d10_what_is_refused_has_a_rule_a_reason_and_a_number)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20; dwell = 600;"));
    struct group_view view;
    const struct gate *gate;

    run_for(world, 100000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 60000);
    look(world, &view);
    ck_assert(view.wants_move);
    gate = find_gate(&view, "dwell");
    ck_assert_ptr_nonnull(gate);
    ck_assert(!gate->open);
    ck_assert_str_eq(gate->rule, "D6");
    ck_assert_int_eq(gate->limit, 600000);
    ck_assert_int_gt(gate->value, 0);
    ck_assert_int_lt(gate->value, 600000);
    ck_assert_ptr_nonnull(strstr(gate->text, "dwell left"));
    ck_assert_msg(strstr(world_alert(world, ALERT_MOVE_REFUSED)->text, "D6: the group moved") !=
                      NULL,
                  "%s", world_alert(world, ALERT_MOVE_REFUSED)->text);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rules D", d1_a_region_agreed_down_for_hold_loses_its_weight,
        d1_a_region_that_heals_before_hold_keeps_its_weight, d1_without_hold_agreement_is_enough,
        d1_a_drained_region_loses_its_weight_at_once, d2_nothing_moves_to_a_region_that_is_not_up,
        d2_a_region_gains_only_after_it_was_up_for_stable,
        d2_weights_start_from_the_head_not_from_the_settings,
        d2_the_share_goes_to_those_who_still_serve,
        d2_if_none_serves_the_first_in_order_that_may_gain_takes_over, d2_all_down_holds_by_default,
        d2_all_down_may_send_users_to_the_static_page_and_back,
        d2_leaving_the_static_page_is_not_cancelled_while_route53_is_away,
        d3_together_one_dead_service_moves_all_in_one_decision,
        d3_together_what_is_not_required_does_not_move_the_group,
        d3_apart_each_service_moves_by_itself, d3_apart_leaving_and_returning_are_two_decisions,
        d4_a_drain_waits_for_a_ready_target_unless_overridden,
        d4_not_even_an_override_moves_to_a_region_agreed_down, d5_nothing_comes_back_by_itself,
        d5_an_order_brings_it_back_once_it_is_stable,
        d5_an_old_failback_order_is_no_order_for_a_later_failover,
        d5_an_order_whose_time_is_over_brings_nothing_back,
        d5_auto_returns_in_steps_each_held_for_dwell,
        d5_leaving_a_dead_region_is_no_failback_and_needs_no_order,
        d6_within_dwell_a_group_holds_and_pages, d6_past_the_budget_everything_holds_and_pages,
        d6_orders_are_counted_by_dwell_and_budget_but_never_blocked,
        d6_a_ledger_from_a_clock_a_year_ahead_counts_and_ends,
        d6_a_clock_that_steps_a_year_while_running_changes_no_gate,
        d6_the_same_weights_again_are_the_same_move, d7_freeze_stops_every_automatic_move,
        d7_a_freeze_for_a_time_ends_by_itself, d7_a_freeze_between_decision_and_commit_wins,
        d7_a_freeze_between_commit_and_send_wins, d7_thaw_does_not_send_what_has_healed_meanwhile,
        d7_override_lifts_freeze_for_that_order_only,
        d7_an_override_failback_does_not_wait_for_stable,
        d7_an_order_is_marked_obeyed_in_the_transaction_that_obeys_it,
        d7_every_group_obeys_a_drain_and_says_so, d8_of_two_proposals_one_becomes_the_head,
        d8_a_vote_that_changes_under_the_commit_stops_it,
        d8_any_probe_may_propose_and_the_actors_apply,
        d8_a_dry_run_says_what_it_would_do_and_does_nothing,
        d9_a_group_without_a_head_is_watched_and_never_moved,
        d9_init_takes_the_weights_of_the_zone_not_those_of_the_settings,
        d9_init_creates_the_record_sets_that_are_missing,
        d9_what_init_has_not_created_yet_is_created_by_the_next_change,
        d9_a_store_that_lost_its_head_waits_for_a_new_init,
        d10_what_is_refused_has_a_rule_a_reason_and_a_number);
}
