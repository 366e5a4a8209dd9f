/* SPDX-License-Identifier: Apache-2.0 */
/* L2, S2 and B1: what people are told, what a store's silence means, and when the word stands. */
#include <stdlib.h>
#include <string.h>

#include "pizza.h"

#define TRACE_ALERTS WORLD_TRACE(FACT_ALERT)

/* ---- L2 ---- */

START_TEST(l2_every_probe_derives_the_same_incident)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_ALERTS, NONE);

    factory_dies(world);
    run_for(world, 10000);
    expect_trace(world, "[304501] use1 alert group=jwt-pizza region=us-east-1 event=region_down "
                        "phase=open incident=jwt-pizza.us-east-1.region_down rule=L2\n"
                        "[304501] usw2 alert group=jwt-pizza region=us-east-1 event=region_down "
                        "phase=open incident=jwt-pizza.us-east-1.region_down rule=L2\n"
                        "[304501] fra alert group=jwt-pizza region=us-east-1 event=region_down "
                        "phase=open incident=jwt-pizza.us-east-1.region_down rule=L2\n");
    world_destroy(world);
}
END_TEST

/* The factory is optional. Apart, it is left for its own sake; together, the region is not. */
#define OPTIONAL_FACTORY(together)                                                                 \
    PIZZA_PROBES                                                                                   \
    "services = (" PIZZA_SERVICE(                                                                  \
        "pizza", "ZONE1", "100", "0",                                                              \
        "1") ", { name = \"factory\"; zone = \"ZONE1\"; record = \"factory.example.com\"; "        \
             "required = false; sites = (" PIZZA_SITE(                                             \
                 "factory", "us-east-1", "100",                                                    \
                 "20") "," PIZZA_SITE("factory", "us-west-2", "0",                                 \
                                      "21") "); } );\n"                                            \
                                            "groups = ( { name = \"jwt-pizza\"; services = [ "     \
                                            "\"pizza\", \"factory\" ]; together = " together       \
                                            "; order = [ \"us-east-1\", \"us-west-2\" ]; hold = "  \
                                            "20; stable = 60; } );\n"

START_TEST(l2_an_optional_service_is_told_of_where_it_moves_by_itself)
{
    struct world *apart = pizza_world(OPTIONAL_FACTORY("false"));
    struct world *together = pizza_world(OPTIONAL_FACTORY("true"));

    factory_dies(apart);
    run_for(apart, 60000);
    expect_weights(apart, "100/0 0/100");
    ck_assert_uint_eq(world_alerts(apart, ALERT_REGION_DOWN, ALERT_OPEN), 3);
    factory_dies(together);
    run_for(together, 60000);
    expect_weights(together, "100/0 100/0");
    ck_assert_uint_eq(world_alerts(together, ALERT_REGION_DOWN, ALERT_OPEN), 0);
    world_destroy(apart);
    world_destroy(together);
}
END_TEST

START_TEST(l2_an_incident_opens_once_and_resolves_once)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_ALERTS, USE1);

    factory_dies(world);
    run_for(world, 100000);
    factory_heals(world);
    run_for(world, 100000);
    expect_trace(world, "[304501] use1 alert group=jwt-pizza region=us-east-1 event=region_down "
                        "phase=open incident=jwt-pizza.us-east-1.region_down rule=L2\n"
                        "[324586] use1 alert group=jwt-pizza event=moved phase=open "
                        "incident=jwt-pizza.moved.e2 rule=L2\n"
                        "[415770] use1 alert group=jwt-pizza region=us-east-1 event=region_up "
                        "phase=resolved incident=jwt-pizza.us-east-1.region_down rule=L2\n");
    world_destroy(world);
}
END_TEST

/* A sink takes what is grave enough for it: who was paged must hear that it is over. */
START_TEST(l2_a_resolve_is_as_grave_as_its_opening)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    factory_dies(world);
    run_for(world, 30000);
    ck_assert_int_eq(world_alert(world, ALERT_REGION_DOWN)->severity, SEVERITY_PAGE);
    factory_heals(world);
    run_for(world, 100000);
    ck_assert_int_eq(world_alert(world, ALERT_REGION_UP)->phase, ALERT_RESOLVED);
    ck_assert_int_eq(world_alert(world, ALERT_REGION_UP)->severity, SEVERITY_PAGE);
    world_destroy(world);
}
END_TEST

START_TEST(l2_an_open_incident_is_told_again_by_and_by)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;") "alerting = { remind = 600; };\n",
                                             TRACE_ALERTS, USE1);

    factory_dies(world);
    run_for(world, 1300000);
    expect_traced(world, "event=region_down phase=open", 3);
    world_destroy(world);
}
END_TEST

START_TEST(c8_a_zone_that_cannot_be_read_is_paged_before_anything_dies)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_zone(world, ZONE_DENY);
    run_for(world, 400000); /* the next look for drift, and a minute */
    ck_assert_uint_eq(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_OPEN), 2);
    world_zone(world, ZONE_OK);
    run_for(world, 120000);
    ck_assert_uint_eq(world_alerts(world, ALERT_CANNOT_WRITE, ALERT_RESOLVED), 2);
    world_destroy(world);
}
END_TEST

START_TEST(s1_a_store_that_was_set_back_is_paged)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_store_save(world);
    factory_dies(world);
    run_for(world, 60000);
    ck_assert_uint_eq(world_alerts(world, ALERT_STORE_SET_BACK, ALERT_OPEN), 0);
    world_store_rollback(world);
    run_for(world, 11000);
    ck_assert_uint_eq(world_alerts(world, ALERT_STORE_SET_BACK, ALERT_OPEN), 3);
    world_destroy(world);
}
END_TEST

START_TEST(l2_a_page_says_what_was_seen_done_and_not_done_and_how_to_stop_it)
{
    struct world *world = moved_and_healed(PIZZA("hold = 20; dwell = 600;"));
    const char *text;

    text = world_alert(world, ALERT_MOVED)->text;
    ck_assert_ptr_nonnull(strstr(text, "factory/us-east-1 agreed down: use1 down (connect)"));
    ck_assert_ptr_nonnull(strstr(text, "Decided: epoch 2 (leave) by use1"));
    ck_assert_ptr_nonnull(strstr(text, "pizza/us-west-2 100"));
    ck_assert_ptr_nonnull(strstr(text, "Route 53 accepted it"));
    ck_assert_ptr_nonnull(strstr(text, "regionshift freeze jwt-pizza"));
    run_for(world, 100000);
    region_dies(world, "us-west-2", SITE_REFUSE);
    run_for(world, 40000);
    text = world_alert(world, ALERT_MOVE_REFUSED)->text;
    ck_assert_ptr_nonnull(strstr(text, "Wanted, and not done:"));
    ck_assert_ptr_nonnull(strstr(text, "s of dwell left"));
    world_destroy(world);
}
END_TEST

START_TEST(l2_a_move_is_told_by_those_who_saw_it_and_has_the_epoch_in_its_name)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_ALERTS, NONE);

    factory_dies(world);
    run_for(world, 60000);
    expect_traced(world, "event=moved phase=open incident=jwt-pizza.moved.e2", 2);
    world_destroy(world);
}
END_TEST

/* Every witness was restarted between decision and batch: who sends it, tells it. */
START_TEST(l2_a_move_is_told_even_when_its_witnesses_were_restarted)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_ALERTS, NONE);

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    for (uint32_t i = 0; i < 3; i++) {
        world_kill(world, i);
        world_start(world, i);
    }
    world_zone(world, ZONE_OK);
    run_for(world, 100000);
    expect_weights(world, "0/100 0/100");
    expect_traced(world, "event=moved phase=open incident=jwt-pizza.moved.e2", 1);
    world_destroy(world);
}
END_TEST

/* One zone is changed; in the other somebody writes between our reading and our batch, which is
 * adopted. The adoption is no move, but traffic has moved, and until dwell ends nothing else will.
 */
START_TEST(l2_a_move_of_one_zone_is_told_though_the_other_was_adopted)
{
    struct world *world =
        pizza_world(PIZZA_TWO_ZONES("hold = 20; dwell = 600; drift = \"adopt\";"));

    factory_dies(world);
    run_for(world, 24520);
    world_set_weight(world, "factory/us-west-2", 7);
    run_for(world, 60000);
    expect_weights(world, "0/100 100/7");
    ck_assert_uint_gt(world_alerts(world, ALERT_MOVED, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

START_TEST(l2_a_probe_that_is_lost_is_told_after_a_minute)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_ALERTS, USE1);

    world_kill(world, FRA);
    run_for(world, 60000);
    expect_trace(world, "");
    run_for(world, 30000);
    expect_trace(
        world, "[367505] use1 alert event=probe_lost phase=open incident=fra.probe_lost rule=L2\n");
    world_start(world, FRA);
    run_for(world, 30000);
    expect_trace(
        world,
        "[390010] use1 alert event=probe_lost phase=resolved incident=fra.probe_lost rule=L2\n");
    world_destroy(world);
}
END_TEST

START_TEST(l2_a_freeze_is_told_and_so_is_its_end)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_ALERTS, USE1);

    order_group(world, ORDER_FREEZE);
    run_for(world, 10000);
    order_group(world, ORDER_THAW);
    run_for(world, 10000);
    expect_trace(world, "[300005] use1 alert group=jwt-pizza event=frozen phase=open "
                        "incident=jwt-pizza.frozen rule=L2\n"
                        "[310005] use1 alert group=jwt-pizza event=thawed phase=resolved "
                        "incident=jwt-pizza.frozen rule=L2\n");
    world_destroy(world);
}
END_TEST

/* ---- S2 ---- */

START_TEST(s2_a_store_that_is_away_is_no_evidence_and_no_decision)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    world_store(world, false, NONE);
    run_for(world, 20000);
    factory_dies(world);
    run_for(world, 300000);
    expect_trace(world, "");
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_STORE_AWAY, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_PROBE_LOST, ALERT_OPEN), 0);
    world_store(world, true, NONE);
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_alerts(world, ALERT_STORE_AWAY, ALERT_OPEN),
                      world_alerts(world, ALERT_STORE_AWAY, ALERT_RESOLVED));
    world_destroy(world);
}
END_TEST

/* It goes away between agreement and commit. */
START_TEST(s2_a_commit_that_gets_no_answer_is_made_again_when_the_store_is_back)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    world_run(world, proposal_ms(PIZZA("hold = 20;")) - 3);
    world_store(world, false, NONE);
    run_for(world, 4000);
    expect_traced(world, "commit_failed", 8); /* once a second, of two */
    ck_assert_uint_eq(world_shifts(world), 0);
    world_store(world, true, NONE);
    run_for(world, 20000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

START_TEST(s2_a_store_that_takes_no_writes_stops_decisions)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    world_run(world, proposal_ms(PIZZA("hold = 20;")) - 3);
    world_store_readonly(world, true);
    run_for(world, 60000);
    expect_traced(world, "decided", 0);
    ck_assert_uint_eq(world_shifts(world), 0);
    world_store_readonly(world, false);
    run_for(world, 120000); /* leases have lapsed: stable begins anew */
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* ---- B1 ---- */

#define PIZZA_BEACONS                                                                              \
    PIZZA("hold = 20; dwell = 0; beacons = true; beacon_words = ( { region = \"us-east-1\"; "      \
          "word = \"env:EAST_WORD\"; }, { region = \"us-west-2\"; word = \"env:WEST_WORD\"; } );")

static struct world *beacon_world(void)
{
    setenv("EAST_WORD", "east-is-evicted-8f1a", 1);
    setenv("WEST_WORD", "west-is-evicted-77c2", 1);
    return pizza_world_traced(PIZZA_BEACONS, WORLD_TRACE(FACT_LATCH) | WORLD_TRACE(FACT_DECIDED),
                              USE1);
}

START_TEST(b1_the_word_appears_at_commit_and_goes_when_the_zone_shows_the_return)
{
    struct world *world = beacon_world();

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    expect_trace(world,
                 "[324506] use1 latch group=jwt-pizza region=us-east-1 epoch=2 word=set rule=B1\n"
                 "[324506] use1 decided group=jwt-pizza epoch=2 kind=leave weights=\"0/100 0/100\" "
                 "rule=D8\n");
    ck_assert(world_latched(world, USE1, 0, 0));
    ck_assert(world_latched(world, USW2, 0, 0));
    ck_assert(!world_latched(world, USE1, 0, 1));
    world_zone(world, ZONE_OK);
    run_for(world, 30000);
    factory_heals(world);
    run_for(world, 120000);
    ck_assert(world_latched(world, USE1, 0, 0));
    world_zone(world, ZONE_THROTTLE);
    order_group(world, ORDER_FAILBACK);
    run_for(world, 10000);
    ck_assert(world_latched(world, USE1, 0, 0)); /* decided, but the zone does not say so yet */
    world_trace_clear(world);
    world_zone(world, ZONE_OK);
    run_for(world, 40000);
    expect_trace(
        world,
        "[500390] use1 latch group=jwt-pizza region=us-east-1 epoch=3 word=withdrawn rule=B1\n");
    ck_assert(!world_latched(world, USE1, 0, 0));
    world_destroy(world);
}
END_TEST

/* The word has moved traffic: what recovers is not cancelled, and the zone follows. */
START_TEST(b1_what_is_latched_is_not_cancelled)
{
    struct world *world = beacon_world();

    world_zone(world, ZONE_THROTTLE);
    factory_dies(world);
    run_for(world, 40000);
    factory_heals(world);
    run_for(world, 60000);
    world_zone(world, ZONE_OK);
    run_for(world, 60000);
    expect_traced(world, "kind=cancel", 0);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rules L2 S2 B1", l2_every_probe_derives_the_same_incident,
        l2_an_optional_service_is_told_of_where_it_moves_by_itself,
        l2_an_incident_opens_once_and_resolves_once, l2_a_resolve_is_as_grave_as_its_opening,
        c8_a_zone_that_cannot_be_read_is_paged_before_anything_dies,
        l2_an_open_incident_is_told_again_by_and_by, s1_a_store_that_was_set_back_is_paged,
        l2_a_page_says_what_was_seen_done_and_not_done_and_how_to_stop_it,
        l2_a_move_is_told_by_those_who_saw_it_and_has_the_epoch_in_its_name,
        l2_a_move_is_told_even_when_its_witnesses_were_restarted,
        l2_a_move_of_one_zone_is_told_though_the_other_was_adopted,
        l2_a_probe_that_is_lost_is_told_after_a_minute, l2_a_freeze_is_told_and_so_is_its_end,
        s2_a_store_that_is_away_is_no_evidence_and_no_decision,
        s2_a_commit_that_gets_no_answer_is_made_again_when_the_store_is_back,
        s2_a_store_that_takes_no_writes_stops_decisions,
        b1_the_word_appears_at_commit_and_goes_when_the_zone_shows_the_return,
        b1_what_is_latched_is_not_cancelled);
}
