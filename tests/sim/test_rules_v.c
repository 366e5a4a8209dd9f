/* SPDX-License-Identifier: Apache-2.0 */
/* V1-V6 as they show in a whole: what each probe concludes alone, and what it tells the others. */
#include <string.h>

#include "pizza.h"

#define TRACE_VERDICTS (WORLD_TRACE(FACT_VERDICT) | WORLD_TRACE(FACT_BLIND))

/* V1 */
START_TEST(v1_three_bad_results_in_a_row_are_down_and_two_good_ones_up)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_VERDICTS, USE1);

    factory_dies(world);
    run_for(world, 10000);
    factory_heals(world);
    run_for(world, 30000);
    expect_trace(
        world,
        "[302456] use1 verdict site=factory/us-east-1 state=suspect was=up run=1 failure=connect "
        "rule=V1\n"
        "[304496] use1 verdict site=factory/us-east-1 state=down was=suspect run=3 failure=connect "
        "rule=V1\n"
        "[315765] use1 verdict site=factory/us-east-1 state=recovering was=down run=1 rule=V1\n"
        "[325765] use1 verdict site=factory/us-east-1 state=up was=recovering run=2 rule=V1\n");
    world_destroy(world);
}
END_TEST

START_TEST(v1_one_good_result_ends_a_bad_run_at_once)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_VERDICTS, USE1);

    factory_dies(world);
    run_until(world, "state=suspect", 15000);
    factory_heals(world);
    run_for(world, 30000);
    expect_trace(
        world, "[302456] use1 verdict site=factory/us-east-1 state=suspect was=up run=1 "
               "failure=connect rule=V1\n"
               "[303476] use1 verdict site=factory/us-east-1 state=up was=suspect run=1 rule=V1\n");
    world_destroy(world);
}
END_TEST

/* V2 */
START_TEST(v2_the_suspicion_of_one_makes_all_look_at_once)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20;"), TRACE_VERDICTS | WORLD_TRACE(FACT_SUSPECT), NONE);

    factory_dies(world);
    run_until(world, "use1 verdict", 15000);
    /* What raised it is none of its own fall (run=0); what the others see then is of theirs. */
    expect_trace(world, "[302431] fra verdict site=factory/us-east-1 state=suspect was=up run=0 "
                        "failure=connect rule=V1\n"
                        "[302436] use1 suspect site=factory/us-east-1 probe=fra rule=V2\n"
                        "[302436] usw2 suspect site=factory/us-east-1 probe=fra rule=V2\n"
                        "[302456] use1 verdict site=factory/us-east-1 state=suspect was=up run=1 "
                        "failure=connect rule=V1\n"
                        "[302456] usw2 verdict site=factory/us-east-1 state=suspect was=up run=1 "
                        "failure=connect rule=V1\n");
    world_destroy(world);
}
END_TEST

/* With five probes four suspicions reach each: they must not run through fall. */
START_TEST(v2_many_suspicions_do_not_shorten_the_pace_of_retry)
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
        TRACE_VERDICTS, NONE);
    msec_t suspect_ms;

    factory_dies(world);
    run_until(world, "state=suspect", 10000);
    suspect_ms = world_now(world);
    run_for(world, 1900);
    expect_traced(world, "state=suspect", 5);
    expect_traced(world, "state=down", 0);
    run_until(world, "state=down", 1000);
    ck_assert_int_ge(world_now(world) - suspect_ms, 2000);
    world_destroy(world);
}
END_TEST

/* interval/N + (fall - 1) x (retry + answer), and what the store takes: never interval x fall. */
START_TEST(v2_detection_does_not_depend_on_when_the_endpoint_dies)
{
    for (msec_t offset_ms = 0; offset_ms < 10000; offset_ms += 400) {
        struct world *world =
            pizza_world_traced(PIZZA("hold = 20;"), WORLD_TRACE(FACT_AGREEMENT), USE1);
        msec_t died_ms = SETTLED_MS + offset_ms;

        world_run(world, died_ms);
        factory_dies(world);
        run_until(world, "state=down", 30000);
        ck_assert_int_le(world_now(world) - died_ms, 10000 / 3 + 2 * 1020 + 100);
        world_destroy(world);
    }
}
END_TEST

/* V3: every third second or so is bad; never three results in a row. */
static void flicker(struct world *world)
{
    for (int i = 0; i < 200; i++) {
        world_site(world, "factory/us-east-1", i % 2 == 0 ? SITE_STATUS : SITE_OK, NONE);
        run_for(world, 700);
    }
}

#define PIZZA_WINDOW                                                                               \
    "probe = { references = ( \"dns:198.41.0.4\" ); };"                                            \
    "quorum = { down = 2; up = 2; vantages = 2; owners = 1; probes = ("                            \
    "{ name = \"use1\"; vantage = \"aws/us-east-1\"; may_act = true; },"                           \
    "{ name = \"usw2\"; vantage = \"aws/us-west-2\"; may_act = true; },"                           \
    "{ name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = false; } ); };"                       \
    "checks = { interval = 2; timeout = 1; retry = 0.5; fall = 3; rise = 2;"                       \
    " window = { bad = 4; of = 12; }; };"

START_TEST(v3_grey_failure_is_seen_by_the_window_only)
{
    struct world *world = pizza_world_traced(PIZZA_WINDOW PIZZA_SERVICES PIZZA_GROUP("hold = 20;"),
                                             TRACE_VERDICTS, USE1);

    flicker(world);
    ck_assert_ptr_nonnull(strstr(world_traced(world), "state=down"));
    ck_assert_ptr_nonnull(strstr(world_traced(world), "rule=V3"));
    world_destroy(world);

    world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_VERDICTS, USE1);
    flicker(world);
    ck_assert_ptr_null(strstr(world_traced(world), "state=down"));
    world_destroy(world);
}
END_TEST

START_TEST(v3_a_windows_down_ends_when_the_window_clears)
{
    struct world *world = pizza_world_traced(PIZZA_WINDOW PIZZA_SERVICES PIZZA_GROUP("hold = 20;"),
                                             TRACE_VERDICTS, USE1);

    factory_dies(world);
    run_for(world, 20000);
    factory_heals(world);
    world_trace_clear(world);
    run_for(world, 16000); /* eight good results: four bad ones are still among twelve */
    expect_trace(world, "");
    run_for(world, 4000);
    expect_trace(world,
                 "[337765] use1 verdict site=factory/us-east-1 state=up was=down run=9 rule=V1\n");
    world_destroy(world);
}
END_TEST

/* V4 */
START_TEST(v4_without_evidence_a_site_is_unknown_and_never_down)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 20;"), TRACE_VERDICTS | WORLD_TRACE(FACT_AGREEMENT), USE1);

    world_site(world, "factory/us-east-1", SITE_VOID, NONE);
    run_for(world, 120000);
    expect_trace(world,
                 "[325766] use1 verdict site=factory/us-east-1 state=unknown was=up rule=V4\n"
                 "[325771] use1 agreement group=jwt-pizza site=factory/us-east-1 state=undecided "
                 "was=up votes=0 need=2 rule=A4\n");
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

/* V5 */
START_TEST(v5_a_probe_whose_references_are_silent_abstains)
{
    struct world *world = pizza_world_traced(
        PIZZA("hold = 20;"), WORLD_TRACE(FACT_BLIND) | WORLD_TRACE(FACT_VOTE), USE1);

    world_references(world, false, USE1);
    run_for(world, 15000);
    world_references(world, true, USE1);
    run_for(world, 15000);
    expect_trace(world, "[305033] use1 blind state=references was=no rule=V5\n"
                        "[305033] use1 vote group=jwt-pizza blind=references states=uuuu rule=A2\n"
                        "[315033] use1 blind state=no was=references rule=V5\n"
                        "[315033] use1 vote group=jwt-pizza blind=no states=uuuu rule=A2\n");
    world_destroy(world);
}
END_TEST

/* Two blind probes cannot move traffic, whatever they believe to see. */
START_TEST(v5_blind_probes_move_nothing)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_references(world, false, USE1);
    world_references(world, false, USW2);
    world_site(world, "factory/us-east-1", SITE_REFUSE, USE1);
    world_site(world, "factory/us-east-1", SITE_REFUSE, USW2);
    run_for(world, 300000);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_BLIND, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

/* The network of all three probes is away, and comes back: nobody is woken by regions that were
 * never down. One that is down indeed is seen anew. */
START_TEST(v5_what_was_seen_while_blind_is_no_evidence_afterwards)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    world_references(world, false, NONE);
    region_dies(world, "us-east-1", SITE_TIMEOUT);
    region_dies(world, "us-west-2", SITE_TIMEOUT);
    run_for(world, 120000);
    world_trace(world, WORLD_TRACE(FACT_AGREEMENT), NONE);
    world_trace_clear(world);
    world_references(world, true, NONE);
    region_dies(world, "us-west-2", SITE_OK);
    world_site(world, "pizza/us-east-1", SITE_OK, NONE);
    run_for(world, 20000);
    expect_traced(world, "state=down", 0);
    run_for(world, 40000);
    expect_traced(world, "site=factory/us-east-1 state=down", 3);
    expect_traced(world, "state=down", 3);
    ck_assert_uint_eq(world_alerts(world, ALERT_GLOBAL, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

START_TEST(v5_a_probe_that_was_stopped_watches_for_thirty_seconds)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"),
                                             WORLD_TRACE(FACT_BLIND) | WORLD_TRACE(FACT_GAP), USE1);

    world_pause(world, USE1);
    run_for(world, 60000);
    world_resume(world, USE1);
    run_for(world, 60000);
    expect_trace(world, "[360000] use1 gap kind=stalled ms=59577 limit_ms=2000 rule=V5\n"
                        "[360000] use1 blind state=stalled was=no rule=V5\n"
                        "[390000] use1 blind state=no was=stalled rule=V5\n");
    ck_assert_uint_eq(world_alerts(world, ALERT_CLOCK_GAP, ALERT_OPEN), 1);
    world_destroy(world);
}
END_TEST

START_TEST(v5_a_clock_that_jumps_more_than_two_seconds_is_a_gap)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"),
                                             WORLD_TRACE(FACT_BLIND) | WORLD_TRACE(FACT_GAP), USE1);

    world_clock(world, USE1, 2000);
    run_for(world, 5000);
    world_clock(world, USE1, -86400000);
    run_for(world, 40000);
    expect_trace(world, "[305000] use1 gap kind=clock ms=-86400000 limit_ms=2000 rule=V5\n"
                        "[305000] use1 blind state=clock was=no rule=V5\n"
                        "[335000] use1 blind state=no was=clock rule=V5\n");
    world_destroy(world);
}
END_TEST

START_TEST(v5_if_references_answer_and_all_is_down_it_is_global_and_nothing_moves)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_MOVES, NONE);

    factory_dies(world);
    world_site(world, "factory/us-west-2", SITE_REFUSE, NONE);
    run_for(world, 200000);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_GLOBAL, ALERT_OPEN), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_BLIND, ALERT_OPEN), 0);
    expect_traced(world, "reason=all-down", 3);
    world_destroy(world);
}
END_TEST

START_TEST(v5_without_references_all_down_everywhere_is_our_own_blindness)
{
    struct world *world = pizza_world_traced(
        "quorum = { down = 2; up = 2; vantages = 2; owners = 1; probes = ("
        "{ name = \"use1\"; vantage = \"aws/us-east-1\"; may_act = true; },"
        "{ name = \"usw2\"; vantage = \"aws/us-west-2\"; may_act = true; },"
        "{ name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = false; } ); };" PIZZA_SERVICES
            PIZZA_GROUP("hold = 20;"),
        WORLD_TRACE(FACT_BLIND), USE1);
    static const char *const sites[] = {"pizza/us-east-1", "pizza/us-west-2", "factory/us-east-1",
                                        "factory/us-west-2"};

    for (int i = 0; i < 4; i++)
        world_site(world, sites[i], SITE_TIMEOUT, USE1);
    run_for(world, 40000);
    expect_trace(world, "[324403] use1 blind state=all-down was=no rule=V5\n");
    world_destroy(world);
}
END_TEST

/* V6 */
START_TEST(v6_a_vote_and_a_page_say_how_the_endpoint_failed)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), TRACE_VERDICTS, NONE);

    world_site(world, "factory/us-east-1", SITE_DNS, USE1);
    world_site(world, "factory/us-east-1", SITE_TIMEOUT, USW2);
    world_site(world, "factory/us-east-1", SITE_STATUS, FRA);
    run_for(world, 60000);
    expect_traced(
        world, "use1 verdict site=factory/us-east-1 state=down was=suspect run=3 failure=dns", 1);
    expect_traced(
        world, "usw2 verdict site=factory/us-east-1 state=down was=suspect run=3 failure=timeout",
        1);
    expect_traced(
        world, "fra verdict site=factory/us-east-1 state=down was=suspect run=3 failure=status", 1);
    ck_assert_ptr_nonnull(world_alert(world, ALERT_MOVED));
    ck_assert_ptr_nonnull(strstr(world_alert(world, ALERT_MOVED)->text, "use1 down (dns)"));
    ck_assert_ptr_nonnull(strstr(world_alert(world, ALERT_MOVED)->text, "fra down (status)"));
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rules V", v1_three_bad_results_in_a_row_are_down_and_two_good_ones_up,
        v1_one_good_result_ends_a_bad_run_at_once, v2_the_suspicion_of_one_makes_all_look_at_once,
        v2_many_suspicions_do_not_shorten_the_pace_of_retry,
        v2_detection_does_not_depend_on_when_the_endpoint_dies,
        v3_grey_failure_is_seen_by_the_window_only, v3_a_windows_down_ends_when_the_window_clears,
        v4_without_evidence_a_site_is_unknown_and_never_down,
        v5_a_probe_whose_references_are_silent_abstains, v5_blind_probes_move_nothing,
        v5_what_was_seen_while_blind_is_no_evidence_afterwards,
        v5_a_probe_that_was_stopped_watches_for_thirty_seconds,
        v5_a_clock_that_jumps_more_than_two_seconds_is_a_gap,
        v5_if_references_answer_and_all_is_down_it_is_global_and_nothing_moves,
        v5_without_references_all_down_everywhere_is_our_own_blindness,
        v6_a_vote_and_a_page_say_how_the_endpoint_failed);
}
