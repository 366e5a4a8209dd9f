/* SPDX-License-Identifier: Apache-2.0 */
/* D1-D5: what a group wishes: who leaves, who gains, who comes back. */
#include <stdio.h>
#include <string.h>

#include "pizza.h"

/* Three regions; what the third is for is said by weight. */
#define PIZZA_SITES3(service, east, west, central, n)                                              \
    PIZZA_SITE(service, "us-east-1", east, n "0")                                                  \
    "," PIZZA_SITE(service, "us-west-2", west, n "1") "," PIZZA_SITE(service, "eu-central-1",      \
                                                                     central, n "2")

#define PIZZA_SERVICE3(service, east, west, central, n)                                            \
    "{ name = \"" service "\"; zone = \"ZONE1\"; record = \"" service                              \
    ".example.com\"; type = \"A\"; ttl = 60; sites = (" PIZZA_SITES3(service, east, west, central, \
                                                                     n) "); }"

#define PIZZA3(east, west, central, extra)                                                         \
    PIZZA_PROBES                                                                                   \
    "services = (" PIZZA_SERVICE3("pizza", east, west, central, "1") "," PIZZA_SERVICE3(           \
        "factory", east, west, central,                                                            \
        "2") ");\n"                                                                                \
             "groups = ( { name = \"jwt-pizza\"; services = [ \"pizza\", \"factory\" ]; "          \
             "together = true; "                                                                   \
             "order = [ \"us-east-1\", \"us-west-2\", \"eu-central-1\" ]; stable = 60; " extra     \
             " } );\n"

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
        "[300050] use1 sent group=jwt-pizza zone=ZONE1 epoch=2 items=10 weights=\"0/100 0/100\" "
        "rule=C1\n"
        "[300090] use1 accepted group=jwt-pizza zone=ZONE1 epoch=2 rule=C1\n"
        "[300090] use1 applied group=jwt-pizza zone=ZONE1 epoch=2 whose=ours by=use1 rule=C7\n");
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
        "[480010] use1 proposed group=jwt-pizza epoch=4 kind=failback weights=\"0/100 100/0\" "
        "rule=D8\n"
        "[480010] usw2 decided group=jwt-pizza epoch=3 kind=leave weights=\"0/100 0/100\" rule=D8\n"
        "[480015] use1 decided group=jwt-pizza epoch=4 kind=failback weights=\"0/100 100/0\" "
        "rule=D8\n"
        "[480055] use1 sent group=jwt-pizza zone=ZONE1 epoch=4 items=10 weights=\"0/100 100/0\" "
        "rule=C1\n"
        "[480095] use1 accepted group=jwt-pizza zone=ZONE1 epoch=4 rule=C1\n"
        "[480095] use1 applied group=jwt-pizza zone=ZONE1 epoch=4 whose=ours by=use1 rule=C7\n"
        "[482055] usw2 applied group=jwt-pizza zone=ZONE1 epoch=4 by=use1 rule=C7\n");
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

/* Traffic has moved west, the east is still down, and somebody has ordered the failback: it waits.
 */
static struct world *failback_waits(const char *settings, const char *weights)
{
    struct world *world =
        pizza_world_traced(settings, WORLD_TRACE(FACT_DECIDED) | WORLD_TRACE(FACT_REFUSED), NONE);

    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, weights);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 10000);
    return world;
}

static void all_start_again(struct world *world)
{
    for (uint32_t probe = USE1; probe <= FRA; probe++) {
        world_kill(world, probe);
        run_for(world, 1000);
        world_start(world, probe);
        run_for(world, 60000);
    }
}

static void somebody_edits(struct world *world)
{
    world_set_weight(world, "pizza/us-west-2", 40);
}

static void fence_goes(struct world *world)
{
    world_delete_fence(world, "jwt-pizza");
}

/* A drift is restored, or a fence written anew: the head is a new one, and says what it said when
 * the failback was ordered. That is known to whoever has not seen it, too. */
static void failback_outlives(const char *kind, void (*happens)(struct world *world))
{
    struct world *world = failback_waits(PIZZA("hold = 20; drift = \"restore\";"), "0/100 0/100");

    happens(world);
    run_until(world, kind, 310000);
    run_for(world, 30000);
    fence_goes(world); /* and once more */
    run_until(world, "epoch=4 kind=adopt weights=\"0/100 0/100\"", 310000);
    all_start_again(world);
    expect_traced(world, "failback-void", 0);
    expect_weights(world, "0/100 0/100");
    factory_heals(world);
    run_for(world, 120000);
    expect_traced(world, "kind=failback weights=\"100/0 100/0\"", 1);
    expect_weights(world, "100/0 100/0");
    expect_sound(world);
    world_destroy(world);
}

START_TEST(d5_a_failback_order_outlives_a_drift_that_is_restored)
{
    failback_outlives("epoch=3 kind=reassert weights=\"0/100 0/100\"", somebody_edits);
}
END_TEST

START_TEST(d5_a_failback_order_outlives_a_fence_that_is_written_anew)
{
    failback_outlives("epoch=3 kind=adopt weights=\"0/100 0/100\"", fence_goes);
}
END_TEST

/* A head that was copied into a new store says a revision that only the old one had counted to: an
 * order given now is newer all the same. (Nobody looks on: the invariants know of no such copy.) */
START_TEST(d5_a_failback_is_obeyed_after_a_move_to_a_new_store)
{
    static const char key[] = "v1/decisions/jwt-pizza";
    static const char field[] = "\"same_since\":";
    struct world *world = NULL;
    char error[512] = "";
    char text[4096];
    char *at;

    ck_assert_int_eq(
        world_create(PIZZA("hold = 20; drift = \"restore\";"), error, sizeof(error), &world), 0);
    world_run(world, 5000);
    world_init_groups(world);
    run_for(world, SETTLED_MS);
    world_trace(world, WORLD_TRACE(FACT_DECIDED), NONE);
    factory_dies(world);
    run_for(world, 60000);
    somebody_edits(world);
    run_until(world, "epoch=3 kind=reassert weights=\"0/100 0/100\"", 310000);
    run_for(world, 30000);
    snprintf(text, sizeof(text), "%s", world_store_value(world, key));
    at = strstr(text, field);
    ck_assert_ptr_nonnull(at);
    at += strlen(field);
    memmove(at + strlen("99999999"), at, strlen(at) + 1);
    memcpy(at, "99999999", strlen("99999999"));
    world_store_write(world, key, text);
    run_for(world, 30000);
    factory_heals(world);
    run_for(world, 120000);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 60000);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* Other weights are another state: the order is void, and whoever waits for it hears that (D10). */
START_TEST(d5_a_failback_order_that_is_void_is_said_to_be)
{
    struct world *world =
        failback_waits(PIZZA3("100", "0", "0", "hold = 20; dwell = 0;"), "0/100/0 0/100/0");
    struct group_view view;

    region_dies(world, "us-west-2", SITE_REFUSE);
    run_until(world, "epoch=3 kind=leave weights=\"0/0/100 0/0/100\"", 60000);
    run_for(world, 10000);
    expect_traced(world, "epoch=3 reason=failback-void order=order-1 rule=D5", 3);
    factory_heals(world);
    run_for(world, 120000);
    expect_weights(world, "0/0/100 0/0/100");
    look(world, &view);
    ck_assert(!find_gate(&view, "failback")->open);
    ck_assert_ptr_nonnull(strstr(find_gate(&view, "failback")->text, "order it again"));
    world_destroy(world);
}
END_TEST

/* The store is set back to where the order waited. The zone says the same weights as then; but
 * traffic has been back meanwhile, so an order that was obeyed once is not obeyed again (C7). */
START_TEST(d5_an_order_obeyed_before_the_store_was_set_back_is_not_obeyed_again)
{
    struct world *world = failback_waits(PIZZA("hold = 20; dwell = 60;"), "0/100 0/100");

    world_store_save(world);
    factory_heals(world);
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0");
    factory_dies(world);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    world_store_rollback(world);
    run_for(world, 120000);
    expect_traced(world, "epoch=5 kind=adopt weights=\"0/100 0/100\"", 1);
    factory_heals(world);
    run_for(world, 600000);
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
                        "[535775] use1 decided group=jwt-pizza epoch=4 kind=failback "
                        "weights=\"50/100 50/100\" rule=D8\n"
                        "[635775] usw2 decided group=jwt-pizza epoch=5 kind=failback "
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

int main(void)
{
    return RUN_TESTS(
        "rules D1-D5", d1_a_region_agreed_down_for_hold_loses_its_weight,
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
        d5_a_failback_order_outlives_a_drift_that_is_restored,
        d5_a_failback_order_outlives_a_fence_that_is_written_anew,
        d5_a_failback_is_obeyed_after_a_move_to_a_new_store,
        d5_a_failback_order_that_is_void_is_said_to_be,
        d5_an_order_obeyed_before_the_store_was_set_back_is_not_obeyed_again,
        d5_an_order_whose_time_is_over_brings_nothing_back,
        d5_auto_returns_in_steps_each_held_for_dwell,
        d5_leaving_a_dead_region_is_no_failback_and_needs_no_order);
}
