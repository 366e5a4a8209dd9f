/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations, each seen to hold and to fail, at the right moment; the times of the first move;
 * digests; names that mean nothing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "pizza.h"
#include "play.h"

#define SETTINGS                                                                                   \
    PIZZA("hold = 20; dwell = 600;")                                                               \
    "alerts = ( { type = \"webhook\"; url = \"http://192.0.2.99/\"; } );\n"

/* A region that is really dead: three bad results, hold, and a batch. */
#define DEATH "at 10 site primary refuse\n"

static struct cast *cast;
static struct scenario *scenario;
static struct outcome_report report;
static char error[512];

static void complain(void *context, const char *file, unsigned line, const char *text)
{
    (void)context;
    ck_abort_msg("%s:%u: %s", file, line, text);
}

static void make_cast(const char *settings)
{
    ck_assert_msg(cast_create(settings, strlen(settings), "pizza.conf", NULL, 0, error,
                              sizeof(error), &cast) == 0,
                  "%s", error);
}

static void parse(const char *lines)
{
    char text[4096];

    snprintf(text, sizeof(text), "scenario test\n%s", lines);
    ck_assert_int_eq(scenario_parse(text, strlen(text), "test.scn", complain, NULL, &scenario), 0);
}

static void setup(void)
{
    make_cast(SETTINGS);
}

static void teardown(void)
{
    scenario_destroy(scenario);
    cast_destroy(cast);
    scenario = NULL;
    cast = NULL;
}

static void play_traced(const char *lines, uint64_t seed, FILE *trace)
{
    struct play play = {.cast = cast, .seed = seed, .file = "test.scn", .trace = trace};

    scenario_destroy(scenario);
    parse(lines);
    play.scenario = scenario;
    ck_assert_msg(play_run(&play, &report, error, sizeof(error)) == 0, "%s", error);
}

static void play(const char *lines)
{
    play_traced(lines, 1, NULL);
}

static void holds(const char *lines)
{
    play(lines);
    ck_assert_msg(report.good, "at %" PRId64 ": %s: %s\n%s", report.failed_ms,
                  report.failed == NULL ? "" : report.failed->text, report.failed_text,
                  report.explain);
    ck_assert_uint_ge(report.expectations_held, 1);
    ck_assert_uint_eq(report.expectations_failed, 0);
    ck_assert_str_eq(report.explain, "");
}

/* Fails at a time of this window, in seconds, and says what was found. */
static void fails(const char *lines, msec_t from_s, msec_t to_s, const char *found)
{
    play(lines);
    ck_assert_msg(!report.good && report.failed != NULL, "it held: %s", lines);
    ck_assert_msg(report.failed_ms >= from_s * 1000 && report.failed_ms <= to_s * 1000,
                  "failed at %" PRId64 " ms", report.failed_ms);
    ck_assert_msg(strstr(report.failed_text, found) != NULL, "found: %s", report.failed_text);
    ck_assert_msg(strstr(report.explain, "group jwt-pizza, as probe use1 sees it") != NULL, "%s",
                  report.explain);
}

/* ---- each kind of expectation ---- */

START_TEST(a_shift_must_come_within_its_window)
{
    holds(DEATH "expect 30..60 shift\n");
    fails(DEATH "expect 60..90 shift\n", 90, 90, "no batch that changes a weight");
    fails(DEATH "expect 0..20 shift\n", 20, 20, "no batch that changes a weight");
}
END_TEST

START_TEST(a_shift_that_must_never_come_fails_as_it_comes)
{
    holds(DEATH "expect 0..30 never shift\n");
    fails(DEATH "expect 0..10m never shift\n", 30, 60, "was accepted");
}
END_TEST

START_TEST(a_batch_that_moves_no_weight_is_no_shift)
{
    holds("at 10 human delete-fence\nexpect 0..10m never shift\nexpect 0..10m writes <= 0\n");
    ck_assert_uint_ge(report.writes, 1);
    ck_assert_uint_eq(report.shifts, 0);
}
END_TEST

START_TEST(writes_are_counted_up_to_their_limit)
{
    holds(DEATH "expect 0..10m writes <= 1\n");
    fails(DEATH "expect 0..10m writes <= 0\n", 30, 60, "number 1");
    fails("at 10 order drain primary\nat 30 order restore primary\nat 60 order failback\n"
          "expect 0..10m writes <= 1\n",
          60, 80, "number 2");
}
END_TEST

START_TEST(an_alert_is_known_by_severity_or_by_event)
{
    holds(DEATH "expect 0..2m alert warn\nexpect 0..2m alert page\nexpect 0..2m alert moved\n"
                "expect 0..2m alert region_down\n");
    fails("expect 0..2m alert info\n", 120, 120, "no such alert");
    fails(DEATH "expect 0..2m alert failback\n", 120, 120, "no such alert");
    fails(DEATH "at 5 sinks down\nexpect 0..2m alert page\n", 120, 120, "no such alert");
}
END_TEST

START_TEST(an_alert_that_must_never_come_fails_as_it_comes)
{
    holds(DEATH "expect 0..10m never alert failback\nexpect 0..12 never alert info\n");
    fails(DEATH "expect 0..10m never alert warn\n", 11, 60, "was told: ");
    fails(DEATH "expect 0..10m never alert moved\n", 30, 60, "moved was told: ");
}
END_TEST

START_TEST(an_all_clear_is_no_alert)
{
    holds(DEATH "at 4m site primary ok\nexpect 4m..20m never alert region_down\n"
                "expect 4m..20m pages <= 0\n");
}
END_TEST

START_TEST(pages_are_counted_up_to_their_limit)
{
    char lines[200];

    holds("at 10 order freeze\nexpect 0..2m alert frozen\nexpect 0..2m pages <= 0\n");
    play(DEATH "expect 0..10m shift\n");
    ck_assert_uint_ge(report.pages, 1);
    snprintf(lines, sizeof(lines), DEATH "expect 0..10m pages <= %u\n", report.pages);
    holds(lines);
    snprintf(lines, sizeof(lines), DEATH "expect 0..10m pages <= %u\n", report.pages - 1);
    fails(lines, 11, 600, "number ");
}
END_TEST

START_TEST(weights_are_those_of_the_zone_at_that_moment)
{
    holds(DEATH "expect 20 weights primary=100 secondary=0\n"
                "expect end weights primary=0 secondary=100\n"
                "expect end weights pizza/us-east-1=0 factory/us-west-2=100\n");
    fails(DEATH "expect 20 weights primary=0\n", 20, 20, "pizza/us-east-1 has 100 in the zone");
    fails(DEATH "expect end weights primary=0 secondary=99\n", 610, 610, "pizza/us-west-2 has 100");
    holds("at 30 human weight pizza/us-east-1 7\nexpect 30 weights pizza/us-east-1=7\n");
}
END_TEST

START_TEST(a_region_serves_when_no_other_has_more_weight)
{
    holds(DEATH "expect 20 serving primary\nexpect end serving us-west-2\n");
    fails(DEATH "expect end serving primary\n", 610, 610, "pizza/us-east-1 0");
    fails("at 5 human weight factory/us-west-2 101\nexpect 5 serving primary\n", 5, 5,
          "factory/us-west-2 101");
    holds("at 5 human weight factory/us-west-2 100\nexpect 5 serving primary\n"
          "at 6 human weight factory/us-west-2 0\n");
}
END_TEST

START_TEST(a_site_is_agreed_what_most_living_probes_see)
{
    holds(DEATH "expect 5 agreed primary up\nexpect 30 agreed primary down\n"
                "expect 30 agreed pizza/us-west-2 up\n");
    fails(DEATH "expect 30 agreed primary up\n", 30, 30, "pizza/us-east-1 is agreed down");
    fails(DEATH "expect 30 agreed secondary undecided\n", 30, 30, "is agreed up");
    holds("at 10 store cut #3\nat 11 probe #2 kill\nexpect 60 agreed primary undecided\n");
    /* who has just begun knows of no votes yet: two of three, then one of two */
    holds("at 60 probe #1 kill\nat 60 probe #2 kill\nat 61 probe #1 start\nat 61 probe #2 start\n"
          "expect 61 agreed primary undecided\n");
    holds("at 60 probe #1 kill\nat 60 probe #3 kill\nat 61 probe #1 start\n"
          "expect 61 agreed primary undecided\nexpect 60 agreed primary up\n");
}
END_TEST

START_TEST(a_refusal_names_its_rule)
{
    holds("at 5 order freeze\n" DEATH "expect 60 refused D7\n");
    fails(DEATH "expect 60 refused D7\n", 60, 60, "no probe names this rule");
    fails("at 5 order freeze\n" DEATH "expect 60 refused D6\n", 60, 60, "no probe names");
}
END_TEST

/* ---- the report ---- */

START_TEST(the_first_failure_in_time_is_told_and_all_are_counted)
{
    play(DEATH "expect end weights primary=100\nexpect 0..10m never shift\nexpect 20 refused D7\n");
    ck_assert_uint_eq(report.expectations_failed, 3);
    ck_assert_uint_eq(report.expectations_held, 0);
    ck_assert_uint_eq(report.failed->line, 5);
    ck_assert_int_eq(report.failed_ms, 20000);
    ck_assert_ptr_nonnull(strstr(report.explain, "D1  leave"));
}
END_TEST

START_TEST(the_explanation_shows_gates_and_votes_of_that_moment)
{
    play("at 1 probe #3 kill\n" DEATH "expect 0..10m never shift\n");
    ck_assert_msg(strstr(report.explain, "weights  pizza 0/100, factory 0/100\n") != NULL, "%s",
                  report.explain);
    ck_assert_ptr_nonnull(strstr(report.explain, "\nopen    D6  budget"));
    ck_assert_ptr_nonnull(strstr(report.explain, "(absent)"));
    ck_assert_ptr_nonnull(strstr(report.explain, "pizza/us-east-1    down"));
}
END_TEST

START_TEST(the_first_move_is_timed_from_the_first_bad_result)
{
    play(DEATH);
    ck_assert_int_ge(report.trouble_ms, 10000);
    ck_assert_int_le(report.trouble_ms, 20100);
    ck_assert_int_gt(report.detected_ms, report.trouble_ms + 2000); /* fall = 3, retry = 1 s */
    ck_assert_int_lt(report.detected_ms, report.trouble_ms + 5000);
    ck_assert_int_ge(report.decided_ms, report.detected_ms + 20000); /* hold */
    ck_assert_int_lt(report.decided_ms, report.detected_ms + 21000);
    ck_assert_int_gt(report.accepted_ms, report.decided_ms);
    ck_assert_int_lt(report.accepted_ms, report.decided_ms + 5000);
}
END_TEST

START_TEST(an_older_trouble_that_ended_is_not_the_one_that_moved)
{
    play("at 10 site primary refuse\nat 12 site primary ok\nat 5m site primary refuse\n");
    ck_assert_int_ge(report.trouble_ms, 300000);
}
END_TEST

START_TEST(a_move_by_order_has_no_trouble)
{
    play("at 10 order drain primary\n");
    ck_assert_int_eq(report.trouble_ms, -1);
    ck_assert_int_eq(report.detected_ms, -1);
    ck_assert_int_ge(report.decided_ms, 10000);
    ck_assert_int_gt(report.accepted_ms, report.decided_ms);
    play(DEATH "at 20 order drain primary\n");
    ck_assert_int_eq(report.trouble_ms, -1);
    ck_assert_int_lt(report.decided_ms, 22000);
}
END_TEST

START_TEST(a_quiet_run_reports_nothing)
{
    play("expect 0..10m never shift\n");
    ck_assert(report.good);
    ck_assert_uint_eq(report.writes, 0);
    ck_assert_uint_eq(report.alerts, 0);
    ck_assert_int_eq(report.decided_ms, -1);
    ck_assert_int_eq(report.accepted_ms, -1);
    ck_assert_uint_gt(report.steps, 0);
}
END_TEST

/* ---- digests ---- */

START_TEST(the_same_seed_gives_the_same_digest)
{
    uint64_t all;

    play(DEATH "at 5 net loss #2 20\n");
    all = report.digest;
    play(DEATH "at 5 net loss #2 20\n");
    ck_assert_uint_eq(report.digest, all);
    play_traced(DEATH "at 5 net loss #2 20\n", 2, NULL);
    ck_assert_uint_ne(report.digest, all);
}
END_TEST

START_TEST(the_acts_are_the_same_when_only_what_is_seen_differs)
{
    struct outcome_report before;

    play(DEATH);
    before = report;
    play(DEATH "at 5 probe #3 kill\n");
    ck_assert_uint_ne(report.digest, before.digest);
    ck_assert_uint_eq(report.acts_digest, before.acts_digest);
    play("at 5 route53 down\n" DEATH);
    ck_assert_uint_ne(report.acts_digest, before.acts_digest);
    before = report;
    play("at 5 route53 down\n"); /* nothing decided, and nothing written either */
    ck_assert_uint_ne(report.acts_digest, before.acts_digest);
}
END_TEST

/* ---- names, the log ---- */

START_TEST(a_name_that_means_nothing_is_named_with_its_line)
{
    struct play play = {.cast = cast, .seed = 1, .file = "test.scn"};

    parse("at 10 site us-east-1 refuse\nat 20 site mars refuse\nexpect end serving venus\n");
    play.scenario = scenario;
    report.steps = 77;
    ck_assert_int_eq(play_run(&play, &report, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "test.scn:3: no region 'mars'; there are us-east-1, us-west-2");
    ck_assert_uint_eq(report.steps, 77);
}
END_TEST

static void count_complaint(void *context, const char *file, unsigned line, const char *text)
{
    unsigned *lines = context;

    ck_assert_str_eq(file, "test");
    ck_assert_str_ne(text, "");
    *lines = *lines * 10 + line;
}

START_TEST(every_name_that_means_nothing_is_complained_of_once)
{
    struct play play = {.cast = cast, .seed = 1};
    unsigned lines = 0;

    parse("at 20 site mars refuse\nevery 10s from 0 to 1m: probe #4 kill ; probe #4 start\n"
          "expect end serving venus\nexpect end weights primary=1 mars=2\n"
          "expect end agreed pizza/us-east-1 up\n");
    play.scenario = scenario;
    ck_assert_int_eq(play_check(&play, count_complaint, &lines), -1);
    ck_assert_uint_eq(lines, 3245); /* by time, then the expectations */
}
END_TEST

START_TEST(the_log_tells_actions_facts_and_what_came_of_them)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(out);
    play_traced(DEATH "expect 0..10m never shift\n", 1, out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "    10.000  scenario  at 10s site primary refuse\n"));
    ck_assert_ptr_nonnull(strstr(text, "  use1      verdict site=pizza/us-east-1 state=suspect"));
    ck_assert_ptr_nonnull(strstr(text, "  store     committed group=jwt-pizza epoch=2 kind=leave"));
    ck_assert_ptr_nonnull(
        strstr(text, "  route53   applied group=jwt-pizza epoch=2 of=use1 shift\n"));
    ck_assert_ptr_nonnull(strstr(text, "  readers   page alert of="));
    ck_assert_ptr_nonnull(strstr(text, "  expect    FAILED line 3: expect 0..10m never shift: "));
    ck_assert_ptr_null(strstr(text, "epoch=1 kind=init")); /* what comes before the scenario */
    free(text);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_shift_must_come_within_its_window,
                                  a_shift_that_must_never_come_fails_as_it_comes,
                                  a_batch_that_moves_no_weight_is_no_shift,
                                  writes_are_counted_up_to_their_limit,
                                  an_alert_is_known_by_severity_or_by_event,
                                  an_alert_that_must_never_come_fails_as_it_comes,
                                  an_all_clear_is_no_alert,
                                  pages_are_counted_up_to_their_limit,
                                  weights_are_those_of_the_zone_at_that_moment,
                                  a_region_serves_when_no_other_has_more_weight,
                                  a_site_is_agreed_what_most_living_probes_see,
                                  a_refusal_names_its_rule,
                                  the_first_failure_in_time_is_told_and_all_are_counted,
                                  the_explanation_shows_gates_and_votes_of_that_moment,
                                  the_first_move_is_timed_from_the_first_bad_result,
                                  an_older_trouble_that_ended_is_not_the_one_that_moved,
                                  a_move_by_order_has_no_trouble,
                                  a_quiet_run_reports_nothing,
                                  the_same_seed_gives_the_same_digest,
                                  the_acts_are_the_same_when_only_what_is_seen_differs,
                                  a_name_that_means_nothing_is_named_with_its_line,
                                  every_name_that_means_nothing_is_complained_of_once,
                                  the_log_tells_actions_facts_and_what_came_of_them};
    Suite *suite = suite_create("play");
    TCase *all = tcase_create("play");

    tcase_add_checked_fixture(all, setup, teardown);
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
        tcase_add_test(all, tests[i]);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
