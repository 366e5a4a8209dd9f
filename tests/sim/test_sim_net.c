/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated network: where cuts cut, what mute, loss and delay do to calls. */
#include <stdio.h>
#include <string.h>

#include "acting.h"

static const char pizza[] = PIZZA("hold = 20;");

START_TEST(a_region_that_is_cut_off_sees_itself_and_nothing_else)
{
    struct world *world = settled(pizza);

    act(world, "net cut primary from all");
    ck_assert(world_answers(world, USE1, EAST) && !world_answers(world, USE1, WEST));
    ck_assert(!world_reaches_store(world, USE1) && world_reaches_store(world, USW2));
    ck_assert(!world_answers(world, USW2, EAST) && world_answers(world, USW2, WEST));
    ck_assert(!world_answers(world, FRA, FACTORY_EAST));
    run_for(world, 40000);
    ck_assert_int_eq(engine_blindness(world_engine(world, USE1)), BLIND_REFERENCES);
    ck_assert(!engine_store_ok(world_engine(world, USE1)));
    ck_assert(!engine_lease_alive(world_engine(world, USE1)) ||
              world_lease_until(world, USE1) == 0);
    ck_assert_int_eq(engine_blindness(world_engine(world, USW2)), BLIND_NOT);
    run_for(world, 30000);
    expect_weights(world, "0/100 0/100");
    act(world, "net heal primary");
    run_for(world, 60000);
    ck_assert_int_eq(engine_blindness(world_engine(world, USE1)), BLIND_NOT);
    ck_assert(engine_store_ok(world_engine(world, USE1)));
    ck_assert_int_eq(letter(world, USE1, EAST), 'u');
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_cut_between_regions_leaves_the_third_place_alone)
{
    struct world *world = settled(pizza);

    act(world, "net cut primary from secondary");
    ck_assert(!world_answers(world, USE1, WEST) && !world_answers(world, USW2, EAST));
    ck_assert(world_answers(world, FRA, EAST) && world_answers(world, FRA, WEST));
    ck_assert(world_reaches_store(world, USE1) && world_reaches_store(world, USW2));
    run_for(world, 120000);
    expect_weights(world, "100/0 100/0"); /* each region has one vote against it, not two */
    world_destroy(world);
}
END_TEST

START_TEST(a_probe_cut_from_all_does_not_see_its_own_region_either)
{
    struct world *world = settled(pizza);

    act(world, "net cut probe use1 from all");
    for (uint32_t site = 0; site < 4; site++)
        ck_assert(!world_answers(world, USE1, site) && world_answers(world, USW2, site));
    ck_assert(!world_reaches_store(world, USE1));
    run_for(world, 60000);
    ck_assert_int_eq(engine_blindness(world_engine(world, USE1)), BLIND_REFERENCES);
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(all_on_either_side_is_what_the_other_side_is_not)
{
    struct world *world = settled(pizza);

    act(world, "net cut all from primary");
    ck_assert(world_answers(world, USE1, EAST) && !world_answers(world, USE1, WEST));
    ck_assert(!world_reaches_store(world, USE1) && world_reaches_store(world, FRA));
    ck_assert(world_answers(world, FRA, WEST) && !world_answers(world, FRA, EAST));
    act(world, "net heal all");
    act(world, "net cut all from all");
    for (uint32_t probe = USE1; probe <= FRA; probe++)
        ck_assert(!world_answers(world, probe, EAST) && !world_reaches_store(world, probe));
    world_destroy(world);
}
END_TEST

START_TEST(healing_one_place_leaves_the_cuts_of_the_others)
{
    struct world *world = settled(pizza);

    act(world, "net cut primary from all");
    act(world, "net cut probe fra from secondary");
    act(world, "net heal primary");
    ck_assert(world_answers(world, FRA, EAST) && !world_answers(world, FRA, WEST));
    act(world, "net heal secondary"); /* it is named on the other side */
    ck_assert(world_answers(world, FRA, WEST));
    act(world, "net cut primary from all");
    act(world, "net mute probe fra");
    act(world, "net heal all");
    for (uint32_t probe = USE1; probe <= FRA; probe++)
        ck_assert(world_answers(world, probe, EAST) && world_reaches_store(world, probe));
    world_destroy(world);
}
END_TEST

START_TEST(a_muted_probe_hears_no_answer)
{
    struct world *world = settled(pizza);

    act(world, "net mute probe fra");
    ck_assert(!world_answers(world, FRA, EAST) && !world_reaches_store(world, FRA));
    ck_assert(sim_net_trip(world, FRA, NONE).arrives); /* and all that it asks for is done */
    ck_assert(!sim_net_trip(world, FRA, NONE).answered);
    run_for(world, 40000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_REFERENCES);
    ck_assert(!engine_store_ok(world_engine(world, FRA)));
    act(world, "net heal probe fra");
    run_for(world, 40000);
    ck_assert(engine_store_ok(world_engine(world, FRA)));
    world_destroy(world);
}
END_TEST

/* A cut falls while an answer is on its way: it is a timeout when its time is over, not before. */
START_TEST(an_answer_that_is_cut_off_on_its_way_is_a_timeout_in_its_time)
{
    struct world *world = settled(pizza);
    msec_t began_ms;

    act(world, "site all slow 1000");
    world_trace(world, WORLD_TRACE(FACT_VERDICT), FRA);
    run_for(world, 20000);
    began_ms = next_check(world);
    run_for(world, 500);
    act(world, "net cut probe fra from primary");
    while (strstr(world_traced(world), "site=pizza/us-east-1") == NULL)
        run_for(world, 1);
    ck_assert_int_eq(world_now(world), began_ms + 3000);
    world_destroy(world);
}
END_TEST

/* One call a second: the share that was asked for is lost, about four in a row. */
START_TEST(losses_come_in_bursts_and_at_the_rate_asked_for)
{
    static const uint32_t rates[] = {5, 20, 50, 90};
    struct world *world = settled(pizza);
    char line[64];

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        uint32_t lost = 0;
        uint32_t bursts = 0;
        uint32_t arrived = 0;
        bool before = false;
        snprintf(line, sizeof(line), "net loss probe fra %u", rates[i]);
        act(world, line);
        for (int n = 0; n < 100000; n++) {
            struct sim_trip trip;
            world->now_ms += 1000;
            trip = sim_net_trip(world, FRA, NONE);
            lost += !trip.answered;
            bursts += !trip.answered && !before;
            arrived += !trip.answered && trip.arrives; /* the other half of the lost ones */
            before = !trip.answered;
        }
        ck_assert_msg(lost > rates[i] * 850 && lost < rates[i] * 1150, "%u %%: %u", rates[i], lost);
        ck_assert_msg(lost > bursts * 3, "%u %%: %u in %u bursts", rates[i], lost, bursts);
        ck_assert_msg(arrived > lost * 4 / 10 && arrived < lost * 6 / 10, "%u of %u", arrived,
                      lost);
    }
    act(world, "net loss probe fra 0");
    ck_assert(sim_net_trip(world, FRA, NONE).answered);
    world_destroy(world);
}
END_TEST

START_TEST(delays_have_the_mean_asked_for_and_a_heavy_tail)
{
    struct world *world = settled(pizza);
    int64_t sum_ms = 0;
    uint32_t long_ones = 0;

    act(world, "net delay probe fra 100");
    for (int n = 0; n < 100000; n++) {
        struct sim_trip trip;
        msec_t delay_ms;
        world->now_ms += 10;
        trip = sim_net_trip(world, FRA, 0);
        delay_ms = trip.there_ms + trip.back_ms;
        ck_assert(delay_ms >= 49 && delay_ms <= 120000);
        sum_ms += delay_ms;
        long_ones += delay_ms > 1000;
    }
    ck_assert_msg(sum_ms > 90 * 100000 && sum_ms < 110 * 100000, "mean %d", (int)(sum_ms / 100000));
    ck_assert_msg(long_ones > 150 && long_ones < 350, "%u", long_ones);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("network", a_region_that_is_cut_off_sees_itself_and_nothing_else,
                     a_cut_between_regions_leaves_the_third_place_alone,
                     a_probe_cut_from_all_does_not_see_its_own_region_either,
                     all_on_either_side_is_what_the_other_side_is_not,
                     healing_one_place_leaves_the_cuts_of_the_others, a_muted_probe_hears_no_answer,
                     an_answer_that_is_cut_off_on_its_way_is_a_timeout_in_its_time,
                     losses_come_in_bursts_and_at_the_rate_asked_for,
                     delays_have_the_mean_asked_for_and_a_heavy_tail);
}
