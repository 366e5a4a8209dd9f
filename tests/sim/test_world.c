/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated world itself: what actions mean, where cuts cut, what a probe can see, and that the
 * same seed is the same world. Actions are written as in a scenario file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pizza.h"
#include "scenario.h"
#include "world_state.h"

enum { EAST, WEST, FACTORY_EAST, FACTORY_WEST };

static const char pizza[] = PIZZA("hold = 20;");

/* ---- how the tests speak ---- */

static void complain(void *context, const char *file, unsigned line, const char *text)
{
    (void)context;
    ck_abort_msg("%s:%u: %s", file, line, text);
}

/* The action of a scenario's `at` line. */
static struct action action_of(const char *line)
{
    struct scenario *scenario = NULL;
    struct action action;
    char text[512];
    int length = snprintf(text, sizeof(text), "scenario x\nabout x\nat 0 %s\n", line);

    ck_assert(scenario_parse(text, (size_t)length, "line", complain, NULL, &scenario) == 0);
    ck_assert_uint_eq(scenario->action_count, 1);
    action = scenario->actions[0];
    scenario_destroy(scenario);
    return action;
}

static void act(struct world *world, const char *line)
{
    struct action action = action_of(line);
    char error[512] = "";

    ck_assert_msg(world_act(world, &action, error, sizeof(error)) == 0, "%s: %s", line, error);
}

static struct cast *cast_of(const char *text)
{
    struct cast *cast = NULL;
    char error[512] = "";

    ck_assert_msg(cast_create(text, strlen(text), "x.conf", NULL, 0, error, sizeof(error), &cast) ==
                      0,
                  "%s", error);
    return cast;
}

static struct world *settled(const char *text)
{
    char error[512] = "";
    struct world *world = NULL;

    ck_assert_msg(world_create(text, error, sizeof(error), &world) == 0, "%s", error);
    world_settle(world);
    return world;
}

static char letter(struct world *world, uint32_t of, uint32_t site)
{
    return engine_vote_letter(world_engine(world, FRA), of, site);
}

/* Runs until fra begins to check pizza in the east; returns that time. */
static msec_t next_check(struct world *world)
{
    uint32_t before = world_checks_started(world, FRA, "pizza/us-east-1");

    while (world_checks_started(world, FRA, "pizza/us-east-1") == before)
        run_for(world, 1);
    return world_now(world);
}

/* ---- making one ---- */

START_TEST(a_settled_world_is_agreed_up_and_has_its_first_fence)
{
    struct world *world = settled(pizza);
    struct group_view view;

    look(world, &view);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(view.agreements[i]->state, AGREED_UP);
        ck_assert_int_ge(world_now(world) - view.agreements[i]->since_ms, 60000);
    }
    ck_assert_uint_eq(view.head.epoch, 1);
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 1);
    ck_assert_int_eq(world_origin(world), world_now(world));
    expect_weights(world, "100/0 100/0");
    world_destroy(world);
}
END_TEST

START_TEST(worlds_of_one_cast_and_seed_are_the_same_and_other_seeds_are_others)
{
    struct cast *cast = cast_of(pizza);
    char *recorded[3];

    for (uint64_t i = 0; i < 3; i++) {
        struct world *world = world_make(cast, i < 2 ? 7 : 8);
        world_settle(world);
        world_record(world, FRA);
        act(world, "site pizza/us-east-1 loss 30");
        act(world, "net loss all 10");
        act(world, "net delay all 200");
        run_for(world, 120000);
        recorded[i] = strdup(world_recorded(world));
        world_destroy(world);
    }
    ck_assert_str_eq(recorded[0], recorded[1]);
    ck_assert_str_ne(recorded[0], recorded[2]);
    for (int i = 0; i < 3; i++)
        free(recorded[i]);
    cast_destroy(cast);
}
END_TEST

START_TEST(a_bad_file_makes_no_cast_and_says_why)
{
    struct cast *cast = NULL;
    char error[512] = "";
    static const char bad[] = PIZZA("hold = -1;");

    ck_assert(cast_create(bad, strlen(bad), "x.conf", NULL, 0, error, sizeof(error), &cast) < 0);
    ck_assert_ptr_null(cast);
    ck_assert_msg(strncmp(error, "x.conf:", 7) == 0 && strstr(error, "hold") != NULL, "%s", error);
}
END_TEST

START_TEST(a_cast_is_made_of_changed_settings)
{
    struct cast *cast = NULL;
    char error[512] = "";
    const struct settings_change change = {"groups.*.hold", "45"};

    ck_assert_msg(
        cast_create(pizza, strlen(pizza), "x.conf", &change, 1, error, sizeof(error), &cast) == 0,
        "%s", error);
    ck_assert_uint_eq(cast->probe_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        ck_assert_uint_eq(cast->settings[i]->self, i);
        ck_assert_int_eq(cast->settings[i]->groups[0].hold_ms, 45000);
        ck_assert_int_eq(cast->others[i]->groups[0].hold_ms, 45000);
        ck_assert_str_eq(cast->settings[i]->fingerprint, cast->settings[0]->fingerprint);
        ck_assert_str_ne(cast->others[i]->fingerprint, cast->settings[i]->fingerprint);
    }
    cast_destroy(cast);
}
END_TEST

/* ---- names ---- */

static void expect_sentence(struct world *world, const char *line, const char *sentence)
{
    struct action action = action_of(line);
    char error[512] = "";

    ck_assert_msg(world_can_act(world, &action, error, sizeof(error)) < 0, "%s", line);
    ck_assert_str_eq(error, sentence);
    error[0] = '\0';
    ck_assert_msg(world_act(world, &action, error, sizeof(error)) < 0, "%s", line);
    ck_assert_str_eq(error, sentence);
}

START_TEST(a_name_that_means_nothing_is_said_with_those_that_do)
{
    struct world *world = settled(pizza);

    expect_sentence(world, "site mars refuse", "no region 'mars'; there are us-east-1, us-west-2");
    expect_sentence(world, "net cut mars from all",
                    "no region 'mars'; there are us-east-1, us-west-2");
    expect_sentence(world, "order drain mars", "no region 'mars'; there are us-east-1, us-west-2");
    expect_sentence(world, "site pizza/mars refuse",
                    "no site 'pizza/mars'; there are pizza/us-east-1, pizza/us-west-2, "
                    "factory/us-east-1, factory/us-west-2");
    expect_sentence(world, "probe mars kill", "no probe 'mars'; there are use1, usw2, fra");
    expect_sentence(world, "probe #4 kill", "no probe #4; there are #1 to #3");
    expect_sentence(world, "site primary refuse by #9", "no probe #9; there are #1 to #3");
    world_destroy(world);
}
END_TEST

START_TEST(primary_and_secondary_follow_the_order_of_the_group)
{
    static const struct {
        struct who who;
        const char *sites;
    } cases[] = {
        {{.kind = WHO_PRIMARY}, "1010"},
        {{.kind = WHO_SECONDARY}, "0101"},
        {{.kind = WHO_ALL}, "1111"},
        {{.kind = WHO_REGION, .name = "us-west-2"}, "0101"},
        {{.kind = WHO_SITE, .name = "factory/us-west-2"}, "0001"},
        {{.kind = WHO_SITE, .name = "pizza/secondary"}, "0100"},
        {{.kind = WHO_SITE, .name = "factory/primary"}, "0010"},
    };
    struct world *world = settled(pizza);
    char error[512] = "";

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool sites[4] = {true, true, true, true};
        char seen[5] = "";
        ck_assert(world_sites(world, &cases[i].who, sites, error, sizeof(error)) == 0);
        for (int k = 0; k < 4; k++)
            seen[k] = sites[k] ? '1' : '0';
        ck_assert_str_eq(seen, cases[i].sites);
    }
    world_destroy(world);
}
END_TEST

#define WEST_FIRST                                                                                 \
    PIZZA_PROBES PIZZA_SERVICES                                                                    \
        "groups = ( { name = \"g\"; services = [ \"pizza\", \"factory\" ]; "                       \
        "order = [ \"us-west-2\", \"us-east-1\" ]; } );\n"

START_TEST(primary_is_the_first_in_order_not_the_first_in_the_file)
{
    static const char settings[] = WEST_FIRST;
    struct cast *cast = cast_of(settings);
    struct world *world = world_make(cast, 1);

    act(world, "site primary refuse");
    act(world, "site factory/secondary refuse");
    ck_assert(world_answers(world, FRA, EAST) && !world_answers(world, FRA, WEST));
    ck_assert(!world_answers(world, FRA, FACTORY_EAST));
    act(world, "net cut primary from all");
    ck_assert(world_reaches_store(world, USE1) && !world_reaches_store(world, USW2));
    world_destroy(world);
    cast_destroy(cast);
}
END_TEST

/* ---- endpoints ---- */

START_TEST(a_site_may_be_bad_for_one_probe_only)
{
    struct world *world = settled(pizza);

    act(world, "site pizza/us-east-1 timeout by fra");
    ck_assert(world_answers(world, USE1, EAST) && !world_answers(world, FRA, EAST));
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, USE1, EAST), 'u');
    ck_assert_int_eq(letter(world, FRA, EAST), 'd');
    act(world, "site all ok");
    ck_assert(world_answers(world, FRA, EAST));
    world_destroy(world);
}
END_TEST

START_TEST(a_slow_answer_is_good_until_the_timeout)
{
    struct world *world = settled(pizza);

    act(world, "site primary slow 2900");
    run_for(world, 60000);
    ck_assert(world_answers(world, FRA, EAST));
    ck_assert_int_eq(letter(world, FRA, EAST), 'u');
    act(world, "site primary slow 3001");
    ck_assert(!world_answers(world, FRA, EAST));
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, FRA, EAST), 'd');
    world_destroy(world);
}
END_TEST

#define SITE_WITH(region, weight, set, check)                                                      \
    "{ region = \"" region "\"; weight = " weight "; set = \"" set "\"; value = \"192.0.2.1\"; "   \
    "checks = ( { " check " } ); }"
#define ODD_CHECKS(east, west)                                                                     \
    PIZZA_PROBES "services = ( { name = \"pizza\"; zone = \"Z\"; record = \"pizza.example.com\"; " \
                 "type = \"A\"; ttl = 60; sites = (" SITE_WITH(                                    \
                     "us-east-1", "100", "e",                                                      \
                     east) "," SITE_WITH("us-west-2", "0", "w",                                    \
                                         west) "); } );\n"                                         \
                                               "groups = ( { name = \"g\"; services = [ "          \
                                               "\"pizza\" ]; order = [ \"us-east-1\", "            \
                                               "\"us-west-2\" ]; } );\n"

START_TEST(a_failure_shows_to_those_who_look_there)
{
    static const char settings[] =
        ODD_CHECKS("url = \"https://a.example.net/\"; status = \"200,418\"; body = \"tea\";",
                   "type = \"tcp\"; url = \"tcp://192.0.2.9:443\";");
    static const struct {
        const char *line;
        bool east;
        bool west;
    } cases[] = {
        {"site all refuse", false, false},    {"site all timeout", false, false},
        {"site all tls", false, true}, /* a connection shows no certificate ... */
        {"site all dns", false, true}, /* ... and an address needs no name */
        {"site all status 503", false, true}, {"site all status 418", true, true},
        {"site all loss 99", true, true},     {"site all loss 100", false, false},
        {"site all ok", true, true},
    };
    struct world *world = settled(settings);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        act(world, cases[i].line);
        ck_assert_msg(world_answers(world, FRA, 0) == cases[i].east, "%s: east", cases[i].line);
        ck_assert_msg(world_answers(world, FRA, 1) == cases[i].west, "%s: west", cases[i].line);
        run_for(world, 60000);
        if (strstr(cases[i].line, "99") != NULL)
            continue;
        ck_assert_msg((letter(world, FRA, 0) == 'u') == cases[i].east, "%s: %c", cases[i].line,
                      letter(world, FRA, 0));
        ck_assert_msg((letter(world, FRA, 1) == 'u') == cases[i].west, "%s: %c", cases[i].line,
                      letter(world, FRA, 1));
    }
    world_destroy(world);
}
END_TEST

/* ---- the network ---- */

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

/* ---- probes ---- */

START_TEST(a_liar_says_the_opposite_and_moves_nothing_alone)
{
    struct world *world = settled(pizza);

    act(world, "probe fra lie down");
    ck_assert(world_liar(world, FRA) && world_answers(world, FRA, EAST));
    run_for(world, 60000);
    for (uint32_t site = 0; site < 4; site++)
        ck_assert_int_eq(letter(world, FRA, site), 'd');
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_NOT);
    expect_weights(world, "100/0 100/0");
    act(world, "probe fra lie up");
    act(world, "site all refuse");
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, FRA, EAST), 'u');
    act(world, "probe fra start");
    ck_assert(!world_liar(world, FRA));
    run_for(world, 60000);
    ck_assert_int_eq(letter(world, FRA, EAST), 'd');
    world_destroy(world);
}
END_TEST

START_TEST(a_blind_probe_sees_nothing_and_abstains)
{
    struct world *world = settled(pizza);

    act(world, "probe fra blind");
    ck_assert(!world_answers(world, FRA, EAST) && world_reaches_store(world, FRA));
    run_for(world, 60000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_REFERENCES);
    act(world, "probe fra start");
    run_for(world, 60000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_NOT);
    world_destroy(world);
}
END_TEST

START_TEST(a_probe_with_other_settings_is_not_counted_until_it_starts_with_its_own)
{
    struct world *world = settled(pizza);
    struct tally tally;

    act(world, "probe fra other-settings");
    ck_assert(!world_has_own_settings(world, FRA) && world_alive(world, FRA));
    run_for(world, 60000);
    engine_tally(world_engine(world, USE1), EAST, &tally);
    ck_assert_int_eq(tally.ballots[FRA], BALLOT_OTHER_SETTINGS);
    act(world, "probe fra start");
    ck_assert(world_has_own_settings(world, FRA));
    run_for(world, 60000);
    engine_tally(world_engine(world, USE1), EAST, &tally);
    ck_assert_int_eq(tally.ballots[FRA], BALLOT_UP);
    world_destroy(world);
}
END_TEST

START_TEST(what_was_measured_while_a_probe_stood_still_is_void)
{
    struct world *world = settled(pizza);

    world_trace(world, WORLD_TRACE(FACT_VERDICT), FRA);
    act(world, "site all timeout by fra");
    (void)next_check(world);
    run_for(world, 100);
    act(world, "probe fra pause");
    ck_assert(world_paused(world, FRA));
    run_for(world, 5000);
    act(world, "site all ok");
    act(world, "probe fra resume");
    run_for(world, 10000);
    ck_assert_ptr_null(strstr(world_traced(world), "pizza/us-east-1"));
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_STALLED);
    world_destroy(world);
}
END_TEST

START_TEST(a_jump_of_the_wall_clock_is_noticed_when_it_is_long)
{
    struct world *world = settled(pizza);

    act(world, "probe fra clock 2");
    run_for(world, 20000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_NOT);
    act(world, "probe fra clock -60");
    run_for(world, 20000);
    ck_assert_int_eq(engine_blindness(world_engine(world, FRA)), BLIND_CLOCK);
    act(world, "probe fra kill");
    act(world, "probe fra start");
    ck_assert_int_eq(engine_wall(world_engine(world, FRA), world_now(world)),
                     (wall_t)WALL_START * 1000 + world_now(world) - 58000);
    world_destroy(world);
}
END_TEST

START_TEST(a_clock_that_runs_fast_checks_more_often)
{
    struct world *world = settled(pizza);
    uint32_t before[2] = {world_checks_started(world, USE1, "pizza/us-east-1"),
                          world_checks_started(world, FRA, "pizza/us-east-1")};

    act(world, "probe fra drift 100000");
    run_for(world, 1000000);
    ck_assert_int_eq(world_checks_started(world, USE1, "pizza/us-east-1") - before[0], 100);
    ck_assert_int_eq(world_checks_started(world, FRA, "pizza/us-east-1") - before[1], 110);
    ck_assert_int_eq(world_local_ms(world, FRA), world_now(world) + 100000);
    act(world, "probe fra drift -100000");
    run_for(world, 2000000);
    ck_assert_int_eq(world_local_ms(world, FRA), world_now(world) - 100000);
    act(world, "probe fra start");
    run_for(world, 1000000);
    ck_assert_int_eq(world_local_ms(world, FRA), world_now(world) - 100000);
    world_destroy(world);
}
END_TEST

START_TEST(a_clock_says_when_it_will_show_a_time_whatever_its_drift)
{
    static const int64_t drifts[] = {-500000, -333333, -100, -1, 0, 1, 7, 100, 333333, 900001};
    struct world *world = settled(pizza);

    for (size_t i = 0; i < sizeof(drifts) / sizeof(drifts[0]); i++) {
        sim_probe_drift(world, FRA, drifts[i]);
        for (msec_t after_ms = 0; after_ms < 3000; after_ms += 7) {
            msec_t local_ms = world_local_ms(world, FRA) + after_ms;
            msec_t now_ms = world->now_ms;
            world->now_ms = world_when(world, FRA, local_ms);
            ck_assert_int_ge(world_local_ms(world, FRA), local_ms);
            world->now_ms--;
            ck_assert_int_lt(world_local_ms(world, FRA), local_ms);
            world->now_ms = now_ms;
        }
    }
    world_destroy(world);
}
END_TEST

/* Whose turn it is stands still before the batch leaves; so does the next. Then both send. */
START_TEST(of_two_batches_that_leave_late_one_is_refused_by_its_fence)
{
    struct world *world = settled(pizza);
    msec_t sent_ms = 0;

    world_trace(world, WORLD_TRACE(FACT_SENT), NONE);
    act(world, "probe all hang 100");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    sent_ms = world_now(world);
    ck_assert_uint_eq(world_batches(world), 1); /* the first fence */
    run_for(world, 99000);
    expect_weights(world, "100/0 100/0"); /* both stood still, before anything left */
    world_run(world, sent_ms + 110000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_batches(world), 2);
    ck_assert_uint_eq(world_refused(world), 1);
    expect_sound(world);
    world_destroy(world);
}
END_TEST

START_TEST(a_probe_that_hangs_and_is_paused_waits_for_its_resume)
{
    struct world *world = settled(pizza);

    act(world, "probe all hang 10");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    act(world, "probe all pause");
    run_for(world, 100000);
    ck_assert(world_paused(world, USE1) && world_paused(world, USW2));
    expect_weights(world, "100/0 100/0");
    act(world, "probe all resume");
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    ck_assert_uint_eq(world_batches(world) + world_refused(world), 2);
    act(world, "probe all pause");
    act(world, "probe all resume");
    run_for(world, 1000); /* and nothing is sent twice */
    ck_assert_uint_eq(world_batches(world) + world_refused(world), 2);
    world_destroy(world);
}
END_TEST

/* The end of a hang that somebody else has ended already is nobody's. */
START_TEST(a_hang_ends_in_its_own_time)
{
    struct world *world = settled(PIZZA("hold = 20; dwell = 0;"));
    msec_t first_ms;

    act(world, "probe all hang 300");
    act(world, "order drain primary");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    first_ms = world_now(world);
    act(world, "probe all resume");
    act(world, "probe usw2 start");
    run_for(world, 10000);
    expect_weights(world, "0/100 0/100");
    act(world, "probe all hang 300");
    act(world, "order restore primary");
    act(world, "order failback");
    while (!world_paused(world, USE1) || !world_paused(world, USW2))
        run_for(world, 1);
    ck_assert_int_lt(world_now(world), first_ms + 200000);
    world_run(world, first_ms + 305000);
    ck_assert(world_paused(world, USE1) && world_paused(world, USW2));
    world_destroy(world);
}
END_TEST

START_TEST(a_hang_ends_with_the_process)
{
    struct world *world = settled(pizza);

    act(world, "probe all hang 100");
    act(world, "site primary refuse");
    while (!world_paused(world, USE1) && !world_paused(world, USW2))
        run_for(world, 1);
    act(world, "probe all kill");
    run_for(world, 200000);
    ck_assert_uint_eq(world_batches(world), 1); /* the first fence, and nothing of the dead */
    act(world, "probe all start");
    run_for(world, 120000);
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

/* ---- operators and humans ---- */

START_TEST(orders_mean_every_group_and_a_region_all_its_sites)
{
    struct world *world = settled(PIZZA("hold = 20; dwell = 0;"));
    struct group_view view;

    act(world, "order freeze");
    run_for(world, 1000);
    look(world, &view);
    ck_assert(view.frozen);
    act(world, "order thaw");
    act(world, "order drain primary");
    run_for(world, 30000);
    look(world, &view);
    ck_assert(!view.frozen);
    expect_weights(world, "0/100 0/100");
    act(world, "order restore primary");
    act(world, "order failback");
    run_for(world, 90000);
    expect_weights(world, "100/0 100/0");
    act(world, "human weight primary 50");
    expect_weights(world, "50/0 50/0");
    run_for(world, 310000);
    look(world, &view);
    ck_assert(view.drifted);
    act(world, "order ack");
    run_for(world, 60000);
    look(world, &view);
    ck_assert(!view.drifted);
    act(world, "human delete-fence");
    ck_assert_uint_eq(world_fence(world, "jwt-pizza"), 0);
    world_destroy(world);
}
END_TEST

START_TEST(orders_that_the_store_did_not_take_are_given_later_in_their_order)
{
    struct world *world = settled(pizza);
    struct group_view view;

    act(world, "store readonly");
    act(world, "order freeze");
    run_for(world, 25000);
    act(world, "store up");
    act(world, "order thaw"); /* the freeze is tried again five seconds from now */
    run_for(world, 30000);
    look(world, &view);
    ck_assert(!view.frozen);
    world_destroy(world);
}
END_TEST

/* ---- those who look on ---- */

struct seen {
    uint32_t steps;
    uint32_t commits;
    uint32_t sent;
    uint32_t accepted;
    uint32_t shifts;
    uint32_t alerts;
    uint32_t acts;
};

static void see_step(void *context, struct world *world, uint32_t probe, const struct event *event,
                     const struct update *update)
{
    struct seen *seen = context;

    (void)world;
    (void)probe;
    ck_assert(event != NULL && update != NULL);
    seen->steps++;
}

static void see_commit(void *context, struct world *world, uint32_t probe,
                       const struct commit *commit, uint64_t revision)
{
    struct seen *seen = context;

    (void)world;
    (void)probe;
    ck_assert(commit->decision.epoch == 2 && revision > 0);
    seen->commits++;
}

static void see_sent(void *context, struct world *world, uint32_t probe, const struct batch *batch)
{
    struct seen *seen = context;

    ck_assert(world_probe_settings(world, probe)->electors[probe].may_act && batch->epoch == 2);
    ck_assert_uint_eq(seen->accepted, 0);
    seen->sent++;
}

static void see_accepted(void *context, struct world *world, uint32_t probe,
                         const struct batch *batch, bool shift, bool late)
{
    struct seen *seen = context;

    ck_assert(world_alive(world, probe) && batch->epoch == 2 && !late);
    seen->accepted++;
    seen->shifts += shift;
}

static void see_alert(void *context, struct world *world, uint32_t probe, const struct alert *alert)
{
    (void)world;
    (void)probe;
    ck_assert(alert->subject[0] != '\0');
    ((struct seen *)context)->alerts++;
}

static void see_act(void *context, struct world *world, const struct action *action)
{
    (void)world;
    ck_assert_int_eq(action->kind, ACTION_SITE_REFUSE);
    ((struct seen *)context)->acts++;
}

START_TEST(those_who_look_on_see_every_step_commit_batch_alert_and_action)
{
    struct world *world = settled(pizza);
    struct seen seen = {0};
    const struct watcher watcher = {.context = &seen,
                                    .stepped = see_step,
                                    .committed = see_commit,
                                    .sent = see_sent,
                                    .accepted = see_accepted,
                                    .delivered = see_alert,
                                    .acted = see_act};
    uint64_t before = world_steps(world);

    world_watch(world, &watcher);
    act(world, "site factory/primary refuse");
    run_for(world, 60000);
    ck_assert_uint_eq(seen.steps, world_steps(world) - before);
    ck_assert_uint_eq(seen.commits, 1);
    ck_assert_uint_eq(seen.sent, 1);
    ck_assert_uint_eq(seen.accepted, 1);
    ck_assert_uint_eq(seen.shifts, 1);
    ck_assert_uint_eq(seen.acts, 1);
    ck_assert_uint_gt(seen.alerts, 0);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "world", a_settled_world_is_agreed_up_and_has_its_first_fence,
        worlds_of_one_cast_and_seed_are_the_same_and_other_seeds_are_others,
        a_bad_file_makes_no_cast_and_says_why, a_cast_is_made_of_changed_settings,
        a_name_that_means_nothing_is_said_with_those_that_do,
        primary_and_secondary_follow_the_order_of_the_group,
        primary_is_the_first_in_order_not_the_first_in_the_file,
        a_site_may_be_bad_for_one_probe_only, a_slow_answer_is_good_until_the_timeout,
        a_failure_shows_to_those_who_look_there,
        a_region_that_is_cut_off_sees_itself_and_nothing_else,
        a_cut_between_regions_leaves_the_third_place_alone,
        a_probe_cut_from_all_does_not_see_its_own_region_either,
        all_on_either_side_is_what_the_other_side_is_not,
        healing_one_place_leaves_the_cuts_of_the_others, a_muted_probe_hears_no_answer,
        an_answer_that_is_cut_off_on_its_way_is_a_timeout_in_its_time,
        losses_come_in_bursts_and_at_the_rate_asked_for,
        delays_have_the_mean_asked_for_and_a_heavy_tail,
        a_liar_says_the_opposite_and_moves_nothing_alone, a_blind_probe_sees_nothing_and_abstains,
        a_probe_with_other_settings_is_not_counted_until_it_starts_with_its_own,
        what_was_measured_while_a_probe_stood_still_is_void,
        a_jump_of_the_wall_clock_is_noticed_when_it_is_long,
        a_clock_that_runs_fast_checks_more_often,
        a_clock_says_when_it_will_show_a_time_whatever_its_drift,
        of_two_batches_that_leave_late_one_is_refused_by_its_fence, a_hang_ends_with_the_process,
        a_hang_ends_in_its_own_time, a_probe_that_hangs_and_is_paused_waits_for_its_resume,
        orders_mean_every_group_and_a_region_all_its_sites,
        orders_that_the_store_did_not_take_are_given_later_in_their_order,
        those_who_look_on_see_every_step_commit_batch_alert_and_action);
}
