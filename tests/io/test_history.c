/* SPDX-License-Identifier: Apache-2.0 */
/* The history of this machine: what was decided, on whose evidence, how long it took; incidents and
 * the facts around them. */
#include <check.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "../lib/suite.h"
#include "../codec/pizza.h"
#include "history.h"
#include "rollups.h"

static char folder[64];
static char file[128];
static struct settings settings;
static uv_loop_t uv;
static struct history *history;

static void open_history(void)
{
    settings = pizza;
    settings.history_path = file;
    settings.history_keep_ms = 90LL * 24 * 3600 * 1000;
    ck_assert_int_eq(history_create(&uv, &settings, &history), 0);
}

static void close_history(void)
{
    history_close(history, NULL, NULL);
    history = NULL;
    uv_run(&uv, UV_RUN_DEFAULT);
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/regionshift-history-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/deep/history.db", folder);
    uv_loop_init(&uv);
    open_history();
}

static void remove_file(const char *suffix)
{
    char path[160];

    snprintf(path, sizeof(path), "%s%s", file, suffix);
    unlink(path);
}

static void teardown(void)
{
    char path[160];

    close_history();
    ck_assert_int_eq(uv_loop_close(&uv), 0);
    remove_file("");
    remove_file("-wal");
    remove_file("-shm");
    snprintf(path, sizeof(path), "%s/deep", folder);
    rmdir(path);
    rmdir(folder);
}

/* Waits until what was given is written, or dropped. */
static void settle(void)
{
    uv_run(&uv, UV_RUN_DEFAULT);
}

/* ---- what readers were answered, as text ---- */

static char answered[8192];

static void say(const char *text)
{
    size_t used = strlen(answered);

    snprintf(answered + used, sizeof(answered) - used, "%s", text);
}

static void on_decisions(void *context, const struct history_decision_row *rows, uint32_t count,
                         const char *error)
{
    (void)context;
    say(error);
    for (uint32_t i = 0; i < count; i++) {
        char line[512];

        snprintf(line, sizeof(line), "%s %llu %s by %s: %s [%lld %lld %lld %lld]; ", rows[i].group,
                 (unsigned long long)rows[i].epoch, rows[i].kind, rows[i].by, rows[i].reason,
                 (long long)rows[i].times.decided_ms, (long long)rows[i].times.accepted_ms,
                 (long long)rows[i].times.insync_ms, (long long)rows[i].times.servers_ms);
        say(line);
        ck_assert_ptr_nonnull(strstr(rows[i].value, "\"weights\":{"));
    }
}

static void on_incident(void *context, const struct history_incident_row *incident,
                        const struct history_fact_row *facts, uint32_t fact_count,
                        const char *error)
{
    (void)context;
    say(error);
    if (incident != NULL) {
        char line[512];

        snprintf(line, sizeof(line), "%s %s %s %lld-%lld x%u: %s / %s; ", incident->id,
                 incident->event, incident->severity, (long long)incident->opened_wall,
                 (long long)incident->resolved_wall, incident->notices, incident->subject,
                 incident->text);
        say(line);
    }
    for (uint32_t i = 0; i < fact_count; i++) {
        say(facts[i].line);
        say("; ");
    }
}

static const char *decisions(const char *group, uint32_t limit)
{
    answered[0] = '\0';
    history_decisions(history, group, limit, on_decisions, NULL);
    settle();
    return answered;
}

static const char *incident(const char *id)
{
    answered[0] = '\0';
    history_incident(history, id, on_incident, NULL);
    settle();
    return answered;
}

/* ---- what happened ---- */

static const int weights[] = {0, 100, 0, 100};

static void decide(uint32_t group, uint64_t epoch, wall_t at_wall, msec_t decided_ms,
                   msec_t accepted_ms, msec_t insync_ms)
{
    struct decision decision = {.group = group,
                                .epoch = epoch,
                                .kind = DECISION_LEAVE,
                                .by = 2,
                                .at_wall = at_wall,
                                .weights = weights,
                                .normal = weights,
                                .base = weights,
                                .reason = "because"};
    struct history_times times = {decided_ms, accepted_ms, insync_ms, -1, -1};

    history_decision(history, &settings, &decision, &times);
}

static struct alert an_alert(enum alert_phase phase, wall_t at_wall)
{
    return (struct alert){.event = ALERT_REGION_DOWN,
                          .phase = phase,
                          .severity = SEVERITY_PAGE,
                          .incident = "jwt-pizza.us-east-1.region_down",
                          .at_wall = at_wall,
                          .subject = "us-east-1 is down",
                          .text = "seen by all",
                          .group = "jwt-pizza",
                          .region = "us-east-1",
                          .probe = "use1"};
}

enum { MINUTE = 60 * 1000 };
static const wall_t noon = 1772366400000;

START_TEST(decisions_are_told_newest_first_by_group)
{
    decide(0, 7, noon, 1500, -1, -1);
    decide(1, 3, noon + MINUTE, 100, 200, 300);
    decide(0, 8, noon + 2 * MINUTE, 900, -1, -1);
    settle();
    ck_assert_str_eq(decisions("jwt-pizza", 10),
                     "jwt-pizza 8 leave by fra: because [900 -1 -1 -1]; "
                     "jwt-pizza 7 leave by fra: because [1500 -1 -1 -1]; ");
    ck_assert_str_eq(decisions("", 2), "jwt-pizza 8 leave by fra: because [900 -1 -1 -1]; "
                                       "solo 3 leave by fra: because [100 200 300 -1]; ");
    ck_assert_str_eq(decisions("nobody", 10), "");
}
END_TEST

START_TEST(a_measured_time_completes_its_decision)
{
    decide(0, 7, noon, 1500, -1, -1);
    decide(0, 7, noon, 1500, 1800, -1);
    decide(0, 7, noon, -1, -1, 2400); /* another telling knows the rest no more: nothing is lost */
    settle();
    ck_assert_str_eq(decisions("", 10), "jwt-pizza 7 leave by fra: because [1500 1800 2400 -1]; ");
}
END_TEST

START_TEST(history_survives_a_restart)
{
    decide(0, 7, noon, 1500, -1, -1);
    close_history(); /* what was given is written first */
    open_history();
    ck_assert_str_eq(decisions("", 10), "jwt-pizza 7 leave by fra: because [1500 -1 -1 -1]; ");
}
END_TEST

START_TEST(an_incident_is_told_with_the_facts_around_it)
{
    struct alert opened = an_alert(ALERT_OPEN, noon);
    struct alert again = an_alert(ALERT_OPEN, noon + MINUTE);
    struct alert resolved = an_alert(ALERT_RESOLVED, noon + 10 * MINUTE);

    history_fact(history, noon - 6 * MINUTE, "jwt-pizza", "too early");
    history_fact(history, noon - MINUTE, "jwt-pizza", "suspect");
    history_fact(history, noon, "solo", "another group's");
    history_fact(history, noon, "", "everybody's");
    history_alert(history, &opened);
    history_alert(history, &again);
    history_fact(history, noon + MINUTE, "jwt-pizza", "decided");
    history_alert(history, &resolved);
    history_fact(history, noon + 16 * MINUTE, "jwt-pizza", "too late");
    settle();
    ck_assert_str_eq(incident("jwt-pizza.us-east-1.region_down"),
                     "jwt-pizza.us-east-1.region_down region_down page "
                     "1772366400000-1772367000000 x2: us-east-1 is down / seen by all; "
                     "suspect; everybody's; decided; ");
    ck_assert_str_eq(incident("never.happened"), "");
}
END_TEST

START_TEST(an_incident_that_comes_back_is_another_one)
{
    struct alert opened = an_alert(ALERT_OPEN, noon);
    struct alert resolved = an_alert(ALERT_RESOLVED, noon + MINUTE);
    struct alert back = an_alert(ALERT_OPEN, noon + 60 * MINUTE);

    history_alert(history, &opened);
    history_alert(history, &resolved);
    history_alert(history, &back);
    settle();
    ck_assert_str_eq(incident("jwt-pizza.us-east-1.region_down"),
                     "jwt-pizza.us-east-1.region_down region_down page "
                     "1772370000000-0 x1: us-east-1 is down / seen by all; ");
}
END_TEST

START_TEST(what_is_older_than_keep_goes)
{
    decide(0, 7, noon, 1500, -1, -1);
    settle();
    settings.history_keep_ms = 10 * MINUTE;
    history_reload(history, &settings);
    decide(0, 8, noon + 11 * MINUTE, 900, -1, -1);
    settle();
    ck_assert_str_eq(decisions("", 10), "jwt-pizza 8 leave by fra: because [900 -1 -1 -1]; ");
}
END_TEST

/* ---- a file that cannot be used ---- */

START_TEST(a_file_that_is_no_database_is_said_and_left_alone)
{
    struct history_stats stats;
    char text[32] = "";
    FILE *garbage;

    decide(0, 7, noon, 1500, -1, -1);
    close_history();
    remove_file("-wal");
    garbage = fopen(file, "w");
    fputs("this is not a database", garbage);
    fclose(garbage);
    open_history();
    decide(0, 8, noon, 1500, -1, -1);
    settle();
    history_stats(history, &stats);
    ck_assert_uint_eq(stats.dropped, 1);
    ck_assert_ptr_nonnull(strstr(stats.error, "history.db: "));
    ck_assert_ptr_nonnull(strstr(decisions("", 10), "history.db: "));
    garbage = fopen(file, "r");
    ck_assert_ptr_nonnull(fgets(text, sizeof(text), garbage));
    fclose(garbage);
    ck_assert_str_eq(text, "this is not a database"); /* evidence is not ours to remove */
    remove_file("");
    decide(0, 9, noon, 1500, -1, -1);
    settle();
    history_stats(history, &stats); /* it works again by itself */
    ck_assert_str_eq(stats.error, "");
    ck_assert_uint_eq(stats.written, 1);
}
END_TEST

/* As a release before resolvers were asked wrote it: nothing is lost, and the new time is kept. */
START_TEST(a_file_of_an_older_release_gets_what_it_lacks)
{
    sqlite3 *older = NULL;

    decide(0, 7, noon, 1500, 1800, 2400);
    close_history();
    ck_assert_int_eq(sqlite3_open(file, &older), SQLITE_OK);
    ck_assert_int_eq(
        sqlite3_exec(older, "ALTER TABLE decisions DROP COLUMN resolvers_ms", NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(older);
    open_history();
    decide(0, 8, noon + MINUTE, 900, -1, -1);
    settle();
    ck_assert_str_eq(decisions("", 10), "jwt-pizza 8 leave by fra: because [900 -1 -1 -1]; "
                                        "jwt-pizza 7 leave by fra: because [1500 1800 2400 -1]; ");
}
END_TEST

START_TEST(more_than_fits_is_dropped_and_counted)
{
    struct history_stats stats;

    for (int i = 0; i < HISTORY_PENDING_MAX + 5; i++)
        history_fact(history, noon, "", "fact");
    history_stats(history, &stats);
    ck_assert_uint_eq(stats.dropped, 5);
    settle();
    history_stats(history, &stats);
    ck_assert_uint_eq(stats.written, HISTORY_PENDING_MAX);
    ck_assert_uint_eq(stats.pending, 0);
}
END_TEST

START_TEST(a_question_that_waits_when_we_stop_is_answered)
{
    answered[0] = '\0';
    decide(0, 7, noon, 1500, -1, -1); /* keeps the worker busy */
    history_decisions(history, "", 10, on_decisions, NULL);
    close_history();
    ck_assert_str_ne(answered, "");
}
END_TEST

/* ---- how long checks took ---- */

static void on_rollups(void *context, const struct history_rollup *rows, uint32_t count,
                       const char *error)
{
    char line[200];

    (void)context;
    say(error);
    for (uint32_t i = 0; i < count; i++) {
        const struct rollup *r = &rows[i].rollup;

        snprintf(line, sizeof(line), "+%lld s %s: %u good, %u bad, mean %lld; ",
                 (long long)(rows[i].at_wall - noon) / 1000, rows[i].check, r->good, r->bad,
                 (long long)rollup_mean(r, PHASE_TOTAL));
        say(line);
    }
}

static const char *rollups_by(const char *site, enum history_span span)
{
    answered[0] = '\0';
    history_read_rollups(history, site, span, 100, on_rollups, NULL);
    settle();
    return answered;
}

static void took(struct rollups *rollups, uint32_t check, msec_t after_ms, usec_t total_us)
{
    struct result result = {.class = total_us < 0 ? RESULT_BAD : RESULT_GOOD,
                            .failure = total_us < 0 ? FAILURE_TIMEOUT : FAILURE_NONE,
                            .timings = {-1, -1, -1, -1, total_us}};

    if (total_us < 0)
        snprintf(result.detail, sizeof(result.detail), "it failed");

    rollups_add(rollups, history, check, &result, noon + after_ms);
}

START_TEST(a_minute_goes_into_its_quarter_and_its_day)
{
    struct rollups *rollups = NULL;

    ck_assert_int_eq(rollups_create(&settings, &rollups), 0);
    for (int minute = 0; minute < 20; minute++) {
        took(rollups, 0, minute * MINUTE, 1000);
        took(rollups, 0, minute * MINUTE + 30000, minute == 3 ? -1 : 3000);
    }
    took(rollups, 1, 0, 500);
    rollups_flush(rollups, history);
    settle();
    ck_assert_ptr_nonnull(
        strstr(rollups_by("pizza/us-east-1", SPAN_MINUTE), "+180 s 0: 1 good, 1 bad, mean 1000; "));
    ck_assert_str_eq(rollups_by("pizza/us-east-1", SPAN_QUARTER),
                     "+900 s 0: 10 good, 0 bad, mean 2000; "
                     "+0 s 0: 29 good, 1 bad, mean 1965; +0 s 1: 1 good, 0 bad, mean 500; ");
    ck_assert_ptr_nonnull(strstr(rollups_by("pizza/us-east-1", SPAN_DAY), ": 39 good, 1 bad"));
    ck_assert_str_eq(rollups_by("pizza/us-west-2", SPAN_DAY), "");
    rollups_destroy(rollups);
}
END_TEST

START_TEST(a_restart_in_a_quarter_goes_on_with_it)
{
    for (int run = 0; run < 2; run++) {
        struct rollups *rollups = NULL;

        ck_assert_int_eq(rollups_create(&settings, &rollups), 0);
        took(rollups, 0, 1000, 2000);
        rollups_flush(rollups, history);
        rollups_destroy(rollups);
        close_history();
        open_history();
    }
    ck_assert_str_eq(rollups_by("pizza/us-east-1", SPAN_QUARTER),
                     "+0 s 0: 2 good, 0 bad, mean 2000; ");
}
END_TEST

START_TEST(what_is_shown_is_the_last_whole_minute_or_the_first_that_runs)
{
    struct rollups *rollups = NULL;
    struct check_times times;

    ck_assert_int_eq(rollups_create(&settings, &rollups), 0);
    rollups_of(rollups, 0, &times);
    ck_assert_int_eq(times.median_us, -1);
    took(rollups, 0, 0, 1000);
    rollups_of(rollups, 0, &times);
    ck_assert_int_eq(times.median_us, 1000);
    took(rollups, 0, 2 * MINUTE, 5000);
    took(rollups, 0, 2 * MINUTE + 1, -1);
    rollups_of(rollups, 0, &times);
    ck_assert_int_eq(times.median_us, 1000);
    ck_assert_uint_eq(times.count[PHASE_TOTAL], 2);
    ck_assert_uint_eq(times.sum_us[PHASE_TOTAL], 6000);
    ck_assert_str_eq(rollups_why(rollups, 0), "it failed");
    took(rollups, 0, 2 * MINUTE + 2, 1000);
    ck_assert_str_eq(rollups_why(rollups, 0), "");
    rollups_destroy(rollups);
}
END_TEST

START_TEST(a_reload_goes_on_with_the_checks_that_stay)
{
    struct settings other = settings;
    struct rollups *rollups = NULL;
    struct check_times times;

    ck_assert_int_eq(rollups_create(&settings, &rollups), 0);
    took(rollups, 2, 0, 1000);
    took(rollups, 5, 0, 7000);
    other.site_count = 4; /* solo is gone */
    other.check_count = 5;
    ck_assert_int_eq(rollups_reload(rollups, history, &other), 0);
    rollups_of(rollups, 2, &times);
    ck_assert_int_eq(times.median_us, 1000);
    rollups_of(rollups, 4, &times);
    ck_assert_int_eq(times.median_us, -1);
    rollups_destroy(rollups);
}
END_TEST

/* Days are kept with everything else, minutes for two days; nothing more than the limits. */
START_TEST(old_minutes_go_and_days_stay)
{
    struct rollups *rollups = NULL;

    ck_assert_int_eq(rollups_create(&settings, &rollups), 0);
    for (int day = 0; day < 40; day++) {
        took(rollups, 0, day * 24LL * 60 * MINUTE, 1000);
        rollups_flush(rollups, history);
        settle();
    }
    history_reload(history, &settings); /* looks for what is old with the next record */
    took(rollups, 0, 40LL * 24 * 60 * MINUTE, 1000);
    rollups_flush(rollups, history);
    settle();
    rollups_by("pizza/us-east-1", SPAN_MINUTE);
    ck_assert_ptr_null(strstr(answered, "+0 s"));
    ck_assert_ptr_nonnull(strstr(answered, "+3369600 s")); /* the day before yesterday's end */
    rollups_by("pizza/us-east-1", SPAN_DAY);
    ck_assert_uint_gt(strlen(answered), 1000);
    rollups_destroy(rollups);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("history");
    TCase *tests = tcase_create("history");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, decisions_are_told_newest_first_by_group);
    tcase_add_test(tests, a_measured_time_completes_its_decision);
    tcase_add_test(tests, history_survives_a_restart);
    tcase_add_test(tests, an_incident_is_told_with_the_facts_around_it);
    tcase_add_test(tests, an_incident_that_comes_back_is_another_one);
    tcase_add_test(tests, what_is_older_than_keep_goes);
    tcase_add_test(tests, a_file_that_is_no_database_is_said_and_left_alone);
    tcase_add_test(tests, a_file_of_an_older_release_gets_what_it_lacks);
    tcase_add_test(tests, more_than_fits_is_dropped_and_counted);
    tcase_add_test(tests, a_question_that_waits_when_we_stop_is_answered);
    tcase_add_test(tests, a_minute_goes_into_its_quarter_and_its_day);
    tcase_add_test(tests, a_restart_in_a_quarter_goes_on_with_it);
    tcase_add_test(tests, what_is_shown_is_the_last_whole_minute_or_the_first_that_runs);
    tcase_add_test(tests, a_reload_goes_on_with_the_checks_that_stay);
    tcase_add_test(tests, old_minutes_go_and_days_stay);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
