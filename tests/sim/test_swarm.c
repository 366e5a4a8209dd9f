/* SPDX-License-Identifier: Apache-2.0 */
/* Random settings and random runs: what is drawn is always allowed, is the same for ever, can be
 * written down and read again, and stays within what the invariants grant. */
#include <check.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "swarm.h"

enum { HOUR_MS = 3600000, MANY_SETTINGS = 10000, MANY_RUNS = 400 };

static struct cast *cast_of(uint64_t seed)
{
    char *text = malloc(SWARM_SETTINGS_MAX);
    char error[512] = "";
    struct cast *cast = NULL;
    size_t length = swarm_settings(seed, text, SWARM_SETTINGS_MAX);

    if (cast_create(text, length, "random", NULL, 0, error, sizeof(error), &cast) < 0)
        ck_abort_msg("seed %" PRIu64 ": %s\n%s", seed, error, text);
    free(text);
    return cast;
}

/* A scenario as it would be printed. */
static char *written(const struct scenario *scenario)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    ck_assert_ptr_nonnull(out);
    scenario_write(scenario, out);
    fclose(out);
    return text;
}

static void no_complaint(void *context, const char *file, unsigned line, const char *text)
{
    ck_abort_msg("%s:%u: %s\n%s", file, line, text, (const char *)context);
}

/* Names that mean nothing would be found when a scenario is played. */
static void expect_playable(const struct cast *cast, struct scenario *scenario, uint64_t seed)
{
    struct play play = {.cast = cast, .seed = seed, .scenario = scenario};

    ck_assert_int_eq(play_check(&play, no_complaint, (void *)(uintptr_t) ""), 0);
}

START_TEST(random_settings_are_accepted)
{
    char *text = malloc(SWARM_SETTINGS_MAX);

    for (uint64_t seed = 1; seed <= MANY_SETTINGS; seed++) {
        size_t length = swarm_settings(seed, text, SWARM_SETTINGS_MAX);
        struct settings_report report = {0};
        struct settings *settings = NULL;

        if (settings_parse_changed(text, length, "random", "p1", NULL, 0, &settings, &report) < 0) {
            settings_report_print(&report, "random", stderr);
            ck_abort_msg("seed %" PRIu64 " is not accepted:\n%s", seed, text);
        }
        settings_report_clear(&report);
        settings_destroy(settings);
    }
    free(text);
}
END_TEST

/* What every seed drew, or none: a swarm without it would prove nothing about it. */
struct seen {
    bool apart;
    bool fallback;
    bool adopt;
    bool steps;
    bool beacons;
    bool window;
    bool two_zones;
    bool zones_in_order;
    bool also;
    bool alias;
    bool site_in_two_zones;
    bool two_groups;
    bool optional;
    bool no_hold;
    bool without_references;
    bool nine_probes;
    bool five_regions;
};

static void see(struct seen *seen, const struct settings *settings)
{
    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct group *group = &settings->groups[g];
        seen->apart |= !group->together && group->service_count > 1;
        seen->fallback |= group->all_down == ALL_DOWN_FALLBACK;
        seen->adopt |= group->drift == DRIFT_ADOPT;
        seen->steps |= group->failback == FAILBACK_AUTO && group->step_count > 0;
        seen->beacons |= group->beacons;
        seen->no_hold |= group->hold_ms == 0;
        seen->five_regions |= group->order_count == 5;
    }
    for (uint32_t s = 0; s < settings->service_count; s++)
        seen->optional |= !settings->services[s].required;
    seen->window |= settings->checks[0].window_of > 0;
    seen->two_zones |= settings->zone_count == 2;
    for (uint32_t s = 0; s < settings->service_count; s++) {
        seen->zones_in_order |= settings->services[s].need_count > 0 && settings->zone_count > 1;
        seen->also |= settings->services[s].record_count > 1;
        for (uint32_t z = 0, in = 0; z < settings->zone_count; z++) {
            in += settings_service_in_zone(settings, s, z);
            seen->site_in_two_zones |= in == 2;
        }
    }
    for (uint32_t i = 0; i < settings->set_count; i++)
        seen->alias |= settings->sets[i].alias_name[0] != '\0';
    seen->two_groups |= settings->group_count == 2;
    seen->without_references |= settings->reference_count == 0;
    seen->nine_probes |= settings->elector_count == 9;
}

START_TEST(random_settings_meet_every_policy)
{
    struct seen seen = {0};

    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct cast *cast = cast_of(seed);
        see(&seen, cast->settings[0]);
        cast_destroy(cast);
    }
    ck_assert(seen.apart && seen.fallback && seen.adopt && seen.steps && seen.beacons);
    ck_assert(seen.window && seen.two_zones && seen.two_groups && seen.optional && seen.no_hold);
    ck_assert(seen.zones_in_order && seen.also && seen.alias && seen.site_in_two_zones);
    ck_assert(seen.without_references && seen.nine_probes && seen.five_regions);
}
END_TEST

START_TEST(a_seed_draws_the_same_run_again)
{
    struct cast *cast = cast_of(7);
    struct scenario *one = swarm_scenario(cast, 7, HOUR_MS, SWARM_LIVENESS);
    struct scenario *two = swarm_scenario(cast, 7, HOUR_MS, SWARM_LIVENESS);
    struct scenario *other = swarm_scenario(cast, 8, HOUR_MS, SWARM_LIVENESS);
    char *text_one = written(one);
    char *text_two = written(two);
    char *text_other = written(other);

    ck_assert_str_eq(text_one, text_two);
    ck_assert_str_ne(text_one, text_other);
    free(text_one);
    free(text_two);
    free(text_other);
    scenario_destroy(one);
    scenario_destroy(two);
    scenario_destroy(other);
    cast_destroy(cast);
}
END_TEST

START_TEST(a_random_run_is_a_scenario_that_reads_back_the_same)
{
    for (uint64_t seed = 1; seed <= MANY_RUNS; seed++) {
        struct cast *cast = cast_of(seed);
        struct scenario *drawn =
            swarm_scenario(cast, seed, HOUR_MS, (enum swarm_mode)(seed % (SWARM_QUIET + 1)));
        struct scenario *again = NULL;
        char *text = written(drawn);
        char *text_again;

        expect_playable(cast, drawn, seed);
        ck_assert_int_eq(scenario_parse(text, strlen(text), "written", no_complaint, text, &again),
                         0);
        text_again = written(again);
        ck_assert_str_eq(text, text_again);
        free(text);
        free(text_again);
        scenario_destroy(drawn);
        scenario_destroy(again);
        cast_destroy(cast);
    }
}
END_TEST

START_TEST(fewer_probes_lie_than_it_takes_to_agree)
{
    bool lied = false;

    for (uint64_t seed = 1; seed <= MANY_RUNS; seed++) {
        struct cast *cast = cast_of(seed);
        struct scenario *drawn =
            swarm_scenario(cast, seed, HOUR_MS, (enum swarm_mode)(seed % (SWARM_QUIET + 1)));
        uint64_t liars = 0;

        for (uint32_t i = 0; i < drawn->action_count; i++) {
            const struct action *action = &drawn->actions[i];
            if (action->kind == ACTION_PROBE_LIE_DOWN || action->kind == ACTION_PROBE_LIE_UP)
                liars |= UINT64_C(1) << settings_elector(cast->settings[0], action->who.name);
        }
        lied |= liars != 0;
        ck_assert_uint_lt((unsigned)__builtin_popcountll(liars), cast->settings[0]->quorum_down);
        scenario_destroy(drawn);
        cast_destroy(cast);
    }
    ck_assert(lied);
}
END_TEST

/* The installation that README.md begins with: one probe, whose word is the quorum. */
START_TEST(one_probe_alone_is_tried_too_and_has_nobody_to_lie)
{
    static const char lone[] =
        "probe = { name = \"fra\"; };\n"
        "quorum = { down = 1; up = 1; vantages = 1;\n"
        "    probes = ( { name = \"fra\"; vantage = \"hetzner/fra1\"; may_act = true; } ); };\n"
        "services = ( { name = \"pizza\"; zone = \"Z0123456789ABCDEFGHIJ\";\n"
        "    record = \"pizza.example.com\"; type = \"A\"; ttl = 60; sites = (\n"
        "    { region = \"here\"; weight = 100; set = \"h\"; value = \"192.0.2.10\";\n"
        "      checks = ( { url = \"https://here.example.com/\"; } ); },\n"
        "    { region = \"there\"; weight = 0; set = \"t\"; value = \"192.0.2.20\";\n"
        "      checks = ( { url = \"https://there.example.com/\"; } ); } ); } );\n"
        "groups = ( { name = \"g\"; services = [ \"pizza\" ];\n"
        "    order = [ \"here\", \"there\" ]; } );\n";
    char error[512] = "";
    struct cast *cast = NULL;

    if (cast_create(lone, sizeof(lone) - 1, "lone", NULL, 0, error, sizeof(error), &cast) < 0)
        ck_abort_msg("%s", error);
    for (uint64_t seed = 1; seed <= MANY_RUNS; seed++) {
        struct scenario *drawn = swarm_scenario(cast, seed, HOUR_MS, SWARM_SAFETY);

        expect_playable(cast, drawn, seed);
        for (uint32_t i = 0; i < drawn->action_count; i++) {
            ck_assert_int_ne(drawn->actions[i].kind, ACTION_PROBE_LIE_DOWN);
            ck_assert_int_ne(drawn->actions[i].kind, ACTION_PROBE_LIE_UP);
        }
        scenario_destroy(drawn);
    }
    cast_destroy(cast);
}
END_TEST

START_TEST(runs_differ_in_the_kinds_of_faults_they_have)
{
    bool seen[ACTION_KIND_COUNT] = {false};
    struct cast *cast = cast_of(1);
    uint32_t most = 0;

    for (uint64_t seed = 1; seed <= MANY_RUNS; seed++) {
        struct scenario *drawn = swarm_scenario(cast, seed, HOUR_MS, SWARM_SAFETY);
        bool kinds[ACTION_KIND_COUNT] = {false};
        uint32_t count = 0;

        for (uint32_t i = 0; i < drawn->action_count; i++)
            kinds[drawn->actions[i].kind] = true;
        for (uint32_t k = 0; k < ACTION_KIND_COUNT; k++) {
            seen[k] |= kinds[k];
            count += kinds[k];
        }
        most = count > most ? count : most;
        scenario_destroy(drawn);
    }
    for (uint32_t k = 0; k < ACTION_KIND_COUNT; k++)
        ck_assert_msg(seen[k], "no run has an action of kind %u", k);
    ck_assert_uint_lt(most, ACTION_KIND_COUNT);
    cast_destroy(cast);
}
END_TEST

/* ---- shrinking ---- */

/* One cast, and a run in it that fails. */
struct failing {
    struct cast *cast;
    struct scenario *scenario;
    struct outcome_report *report;
    struct play play;
};

/* The settings as the run changes them: it demands what they promise. */
static void change_cast(struct failing *failing)
{
    const struct scenario *scenario = failing->scenario;
    struct settings_change changes[SCENARIO_SETS_MAX];
    char *text = malloc(SWARM_SETTINGS_MAX);
    size_t length = swarm_settings(3, text, SWARM_SETTINGS_MAX);
    char error[512] = "";

    for (uint32_t i = 0; i < scenario->set_count; i++)
        changes[i] = (struct settings_change){scenario->sets[i].path, scenario->sets[i].value};
    cast_destroy(failing->cast);
    ck_assert_msg(cast_create(text, length, "random", changes, scenario->set_count, error,
                              sizeof(error), &failing->cast) == 0,
                  "%s", error);
    free(text);
}

static void play_failing(struct failing *failing, const struct scenario *scenario)
{
    char error[SCENARIO_ERROR_SIZE] = "";

    failing->play = (struct play){
        .cast = failing->cast, .seed = 1, .scenario = scenario, .without_invariants = true};
    ck_assert_msg(play_run(&failing->play, failing->report, error, sizeof(error)) == 0, "%s",
                  error);
}

static void end_failing(struct failing *failing)
{
    scenario_destroy(failing->scenario);
    cast_destroy(failing->cast);
    free(failing->report);
}

static struct failing begin_failing(void)
{
    struct failing failing = {.cast = cast_of(3), .report = calloc(1, sizeof(*failing.report))};

    ck_assert_ptr_nonnull(failing.report);
    return failing;
}

/* A run that moves something, of which it is demanded that nothing moves. */
START_TEST(a_failing_run_shrinks_to_the_few_actions_that_matter)
{
    struct failing failing = begin_failing();
    struct expectation never = {.kind = EXPECT_NEVER_SHIFT, .to_ms = HOUR_MS, .text = "never"};
    struct scenario *small;
    uint64_t seed = 1;

    do {
        scenario_destroy(failing.scenario);
        failing.scenario = swarm_scenario(failing.cast, seed++, HOUR_MS, SWARM_SAFETY);
        failing.scenario->expectations = malloc(sizeof(never));
        failing.scenario->expectations[0] = never;
        failing.scenario->expectation_count = 1;
        play_failing(&failing, failing.scenario);
    } while (failing.report->good || failing.scenario->action_count < 20);
    small = swarm_shrink(&failing.play, failing.report);
    ck_assert_uint_lt(small->action_count, 4);
    ck_assert_int_le(small->end_ms, failing.scenario->end_ms);
    play_failing(&failing, small);
    ck_assert_ptr_nonnull(failing.report->failed);
    ck_assert_int_eq(failing.report->failed->kind, EXPECT_NEVER_SHIFT);
    scenario_destroy(small);
    end_failing(&failing);
}
END_TEST

static uint32_t needed(const struct scenario *scenario, msec_t until_ms)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scenario->action_count; i++)
        count += scenario->actions[i].needed && scenario->actions[i].at_ms <= until_ms;
    return count;
}

/* A demand that comes too early fails; what heals the core and what dies then are left in place. */
START_TEST(shrinking_leaves_what_a_demand_rests_on)
{
    struct failing failing = begin_failing();
    struct expectation *last;
    struct scenario *small;

    failing.scenario = swarm_scenario(failing.cast, 2, HOUR_MS / 2, SWARM_LIVENESS);
    change_cast(&failing);
    last = &failing.scenario->expectations[failing.scenario->expectation_count - 1];
    ck_assert_int_eq(last->kind, EXPECT_WEIGHTS);
    for (uint32_t i = 0; i < last->weight_count; i++)
        last->weights[i].weight = 255; /* which none of them has */
    play_failing(&failing, failing.scenario);
    ck_assert_ptr_eq(failing.report->failed, last);
    small = swarm_shrink(&failing.play, failing.report);
    ck_assert_uint_eq(small->action_count, needed(small, small->end_ms));
    ck_assert_uint_eq(small->action_count, needed(failing.scenario, small->end_ms));
    ck_assert_uint_eq(small->expectation_count, 1);
    scenario_destroy(small);
    end_failing(&failing);
}
END_TEST

static void add_tests(Suite *suite)
{
    TCase *tests = tcase_create("swarm");

    tcase_add_test(tests, random_settings_are_accepted);
    tcase_add_test(tests, random_settings_meet_every_policy);
    tcase_add_test(tests, a_seed_draws_the_same_run_again);
    tcase_add_test(tests, a_random_run_is_a_scenario_that_reads_back_the_same);
    tcase_add_test(tests, fewer_probes_lie_than_it_takes_to_agree);
    tcase_add_test(tests, one_probe_alone_is_tried_too_and_has_nobody_to_lie);
    tcase_add_test(tests, runs_differ_in_the_kinds_of_faults_they_have);
    tcase_add_test(tests, a_failing_run_shrinks_to_the_few_actions_that_matter);
    tcase_add_test(tests, shrinking_leaves_what_a_demand_rests_on);
    suite_add_tcase(suite, tests);
}

int main(void)
{
    Suite *suite = suite_create("swarm");

    add_tests(suite);
    return run_suite(suite);
}
