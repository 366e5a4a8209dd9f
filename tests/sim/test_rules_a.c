/* SPDX-License-Identifier: Apache-2.0 */
/* A1-A4: which votes count, what makes a quorum, and what its absence does: nothing. */
#include "pizza.h"

#define TRACE_AGREEMENTS WORLD_TRACE(FACT_AGREEMENT)

/* Five probes of three owners; two stand in us-east-1. */
#define FIVE_PROBES(quorum)                                                                        \
    "probe = { references = ( \"dns:198.41.0.4\" ); };"                                            \
    "quorum = { " quorum " probes = ("                                                             \
    "{ name = \"use1\"; vantage = \"aws/us-east-1\"; may_act = true; },"                           \
    "{ name = \"use1b\"; vantage = \"gcp/us-east-1\"; may_act = true; },"                          \
    "{ name = \"usw2\"; vantage = \"aws/us-west-2\"; may_act = true; },"                           \
    "{ name = \"euw1\"; vantage = \"aws/eu-west-1\"; may_act = false; },"                          \
    "{ name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = false; } ); };"                       \
    "checks = { interval = 10; timeout = 3; retry = 1; fall = 3; rise = 2; };"

static void dies_for(struct world *world, uint32_t probe)
{
    world_site(world, "factory/us-east-1", SITE_REFUSE, probe);
}

/* A1: two of five are the only ones alive, and both say down: that is no majority of five. */
START_TEST(a1_the_dead_count_in_the_denominator)
{
    struct world *world = pizza_world(FIVE_PROBES("down = 3; up = 3; vantages = 2; owners = 1;")
                                          PIZZA_SERVICES PIZZA_GROUP("hold = 5;"));

    world_kill(world, 1);
    world_kill(world, 2);
    world_kill(world, 3);
    factory_dies(world);
    run_for(world, 300000);
    ck_assert_uint_eq(world_shifts(world), 0);
    ck_assert_uint_eq(world_alerts(world, ALERT_REGION_DOWN, ALERT_OPEN), 0);
    ck_assert_uint_gt(world_alerts(world, ALERT_QUORUM_LOST, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

START_TEST(a1_a_minority_cannot_move_traffic)
{
    struct world *world = pizza_world(FIVE_PROBES("down = 3; up = 3; vantages = 2; owners = 1;")
                                          PIZZA_SERVICES PIZZA_GROUP("hold = 5;"));

    dies_for(world, 0);
    dies_for(world, 4);
    run_for(world, 300000);
    ck_assert_uint_eq(world_shifts(world), 0);
    dies_for(world, 2);
    run_for(world, 60000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

/* A2 */
START_TEST(a2_a_vote_whose_lease_has_lapsed_does_not_count)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 60;"), TRACE_AGREEMENTS, FRA);
    struct tally tally;

    dies_for(world, USE1);
    dies_for(world, USW2);
    run_for(world, 20000);
    world_kill(world, USE1);
    run_for(world, 20000);
    expect_trace(world, "[305795] fra agreement group=jwt-pizza site=factory/us-east-1 "
                        "state=undecided was=up votes=0 need=2 rule=A4\n"
                        "[308830] fra agreement group=jwt-pizza site=factory/us-east-1 state=down "
                        "was=undecided votes=2 need=2 rule=A3\n"
                        "[327505] fra agreement group=jwt-pizza site=factory/us-east-1 "
                        "state=undecided was=down votes=1 need=2 rule=A4\n");
    engine_tally(world_engine(world, FRA),
                 settings_site(world_settings(world), "factory/us-east-1"), &tally);
    ck_assert_int_eq(tally.ballots[USE1], BALLOT_ABSENT);
    ck_assert_int_eq(tally.ballots[USW2], BALLOT_DOWN);
    ck_assert_uint_eq(tally.down_count, 1);
    world_destroy(world);
}
END_TEST

START_TEST(a2_a_blind_vote_does_not_count)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));
    struct tally tally;

    world_references(world, false, USW2);
    run_for(world, 20000);
    dies_for(world, USE1);
    dies_for(world, USW2);
    run_for(world, 200000);
    ck_assert_uint_eq(world_shifts(world), 0);
    engine_tally(world_engine(world, FRA),
                 settings_site(world_settings(world), "factory/us-east-1"), &tally);
    ck_assert_int_eq(tally.ballots[USE1], BALLOT_DOWN);
    ck_assert_int_eq(tally.ballots[USW2], BALLOT_BLIND);
    world_destroy(world);
}
END_TEST

START_TEST(a2_a_vote_under_other_settings_does_not_count_and_is_told)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));
    struct tally tally;

    world_kill(world, USW2);
    world_other_settings(world, USW2, PIZZA("hold = 6;"));
    world_start(world, USW2);
    run_for(world, 60000);
    dies_for(world, USE1);
    dies_for(world, USW2);
    run_for(world, 200000);
    ck_assert_uint_eq(world_shifts(world), 0);
    engine_tally(world_engine(world, FRA),
                 settings_site(world_settings(world), "factory/us-east-1"), &tally);
    ck_assert_int_eq(tally.ballots[USW2], BALLOT_OTHER_SETTINGS);
    ck_assert_uint_gt(world_alerts(world, ALERT_SETTINGS_SKEW, ALERT_OPEN), 0);
    world_destroy(world);
}
END_TEST

/* Without word from the store a probe knows nothing of leases: after one lease's time the votes it
 * remembers are stale. */
START_TEST(a2_votes_are_stale_when_the_store_is_silent_for_a_lease)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 60;"), TRACE_AGREEMENTS, FRA);
    struct tally tally;

    factory_dies(world);
    run_for(world, 20000);
    world_trace_clear(world);
    world_store(world, false, FRA);
    run_for(world, 25000);
    engine_tally(world_engine(world, FRA),
                 settings_site(world_settings(world), "factory/us-east-1"), &tally);
    ck_assert_int_eq(tally.ballots[USE1], BALLOT_STALE);
    expect_traced(world, "state=undecided", 4);
    world_destroy(world);
}
END_TEST

START_TEST(a2_suspect_recovering_and_unknown_count_for_neither_side)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 60;"), TRACE_AGREEMENTS, FRA);

    factory_dies(world);
    run_until(world, "state=undecided", 15000);
    expect_trace(world, "[302461] fra agreement group=jwt-pizza site=factory/us-east-1 "
                        "state=undecided was=up votes=0 need=2 rule=A4\n");
    run_for(world, 10000);
    world_trace_clear(world);
    factory_heals(world);
    run_for(world, 30000);
    expect_trace(world, "[319103] fra agreement group=jwt-pizza site=factory/us-east-1 "
                        "state=undecided was=down votes=1 need=2 rule=A4\n"
                        "[329103] fra agreement group=jwt-pizza site=factory/us-east-1 state=up "
                        "was=undecided votes=2 need=2 rule=A3\n");
    world_destroy(world);
}
END_TEST

/* A3: two probes in one place see one place. */
START_TEST(a3_down_needs_distinct_vantages)
{
    struct world *world = pizza_world(
        "probe = { references = ( \"dns:198.41.0.4\" ); };"
        "quorum = { down = 3; up = 3; vantages = 3; owners = 1; probes = ("
        "{ name = \"use1\"; vantage = \"aws/us-east-1\"; may_act = true; },"
        "{ name = \"usw2\"; vantage = \"aws/us-west-2\"; may_act = true; },"
        "{ name = \"euw1\"; vantage = \"aws/eu-west-1\"; may_act = true; },"
        "{ name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = true; },"
        "{ name = \"frab\"; vantage = \"hetzner/fra1\"; may_act = false; } ); };"
        "checks = { interval = 10; timeout = 3; retry = 1; fall = 3; rise = 2; };" PIZZA_SERVICES
            PIZZA_GROUP("hold = 5;"));

    dies_for(world, 1);
    dies_for(world, 3);
    dies_for(world, 4);
    run_for(world, 200000);
    ck_assert_uint_eq(world_shifts(world), 0);
    dies_for(world, 2);
    run_for(world, 30000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

START_TEST(a3_down_needs_distinct_owners)
{
    struct world *world = pizza_world(FIVE_PROBES("down = 3; up = 3; vantages = 3; owners = 2;")
                                          PIZZA_SERVICES PIZZA_GROUP("hold = 5;"));

    dies_for(world, 0);
    dies_for(world, 2);
    dies_for(world, 3); /* all of them Amazon's */
    run_for(world, 200000);
    ck_assert_uint_eq(world_shifts(world), 0);
    dies_for(world, 4);
    run_for(world, 30000);
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

START_TEST(a3_up_needs_its_own_quorum)
{
    struct world *world = pizza_world(PIZZA("hold = 5;"));

    world_site(world, "factory/us-west-2", SITE_REFUSE, USE1);
    world_site(world, "factory/us-west-2", SITE_REFUSE, USW2);
    run_for(world, 60000);
    world_site(world, "factory/us-west-2", SITE_OK, USW2);
    run_for(world, 5000); /* recovering there: one says up, one says down */
    factory_dies(world);
    run_for(world, 20000);
    ck_assert_uint_eq(world_shifts(world), 0);
    world_destroy(world);
}
END_TEST

/* A4 */
START_TEST(a4_hold_counts_only_unbroken_time)
{
    struct world *world =
        pizza_world_traced(PIZZA("hold = 40;"), TRACE_AGREEMENTS | TRACE_MOVES, USE1);

    dies_for(world, USE1);
    dies_for(world, FRA);
    run_for(world, 40000);
    world_site(world, "factory/us-east-1", SITE_OK, FRA); /* for a moment it looks alive to one */
    run_for(world, 6000);
    dies_for(world, FRA);
    run_until(world, "proposed", 120000);
    expect_trace(world, "[302461] use1 agreement group=jwt-pizza site=factory/us-east-1 "
                        "state=undecided was=up votes=0 need=2 rule=A4\n"
                        "[305496] use1 agreement group=jwt-pizza site=factory/us-east-1 state=down "
                        "was=undecided votes=2 need=2 rule=A3\n"
                        "[342436] use1 agreement group=jwt-pizza site=factory/us-east-1 "
                        "state=undecided was=down votes=1 need=2 rule=A4\n"
                        "[352436] use1 agreement group=jwt-pizza site=factory/us-east-1 state=down "
                        "was=undecided votes=2 need=2 rule=A3\n"
                        "[392436] use1 proposed group=jwt-pizza epoch=2 kind=leave weights=\"0/100 "
                        "0/100\" rule=D8\n");
    world_destroy(world);
}
END_TEST

/* While nobody agrees, what is undecided neither loses nor gains. */
START_TEST(a4_undecided_gives_nothing_and_takes_nothing)
{
    struct world *world = pizza_world(PIZZA("hold = 5; failback = "
                                            "{ mode = \"auto\"; }; dwell = 0;"));

    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    world_kill(world, USE1);
    world_kill(world, FRA);
    factory_heals(world);
    world_site(world, "factory/us-west-2", SITE_REFUSE, NONE);
    run_for(world, 300000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_shifts(world), 1);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "rules A", a1_the_dead_count_in_the_denominator, a1_a_minority_cannot_move_traffic,
        a2_a_vote_whose_lease_has_lapsed_does_not_count, a2_a_blind_vote_does_not_count,
        a2_a_vote_under_other_settings_does_not_count_and_is_told,
        a2_votes_are_stale_when_the_store_is_silent_for_a_lease,
        a2_suspect_recovering_and_unknown_count_for_neither_side, a3_down_needs_distinct_vantages,
        a3_down_needs_distinct_owners, a3_up_needs_its_own_quorum,
        a4_hold_counts_only_unbroken_time, a4_undecided_gives_nothing_and_takes_nothing);
}
