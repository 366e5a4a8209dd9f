/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that report by themselves: their silence is counted while we listen, and what they said
 * outlives us. The clock is the test's own; a tick is a timer's callback, called by hand. */
#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "../lib/suite.h"
#include "durable.h"
#include "pushes.h"

enum { TICK_MS = 5000, PERIOD_MS = 300 * 1000, MINUTE_MS = 60 * 1000 };

uint64_t __wrap_uv_hrtime(void); /* the clock of pushes.c; the loop's own is not this one */

static uv_loop_t loop;
static struct pushes *pushes;
static char folder[64];
static msec_t clock_ms;
static unsigned heard_count;
static unsigned kept_count;
static int kept_rc;
static struct assertion *assertions[2];
static struct check_push of[2];
static struct check checks[2];
static struct settings settings;

uint64_t __wrap_uv_hrtime(void)
{
    return (uint64_t)clock_ms * 1000000;
}

static void on_heard(void *context, uint32_t check)
{
    ck_assert_ptr_eq(context, checks);
    ck_assert_uint_lt(check, settings.check_count);
    heard_count++;
}

static void on_kept(void *context, int rc)
{
    ck_assert_ptr_eq(context, &settings);
    kept_count++;
    kept_rc = rc;
}

static void open_pushes(void)
{
    char error[256] = "";

    ck_assert_msg(
        pushes_open(&loop, folder, &settings, on_heard, checks, &pushes, error, sizeof(error)) == 0,
        "%s", error);
    ck_assert_str_eq(error, "");
}

static void close_pushes(void)
{
    pushes_close(pushes);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void setup(void)
{
    static const char *const expressions[2] = {"state == ok", "state == ok and json .rows > 0"};
    char error[256];

    clock_ms = 1000;
    heard_count = kept_count = 0;
    snprintf(folder, sizeof(folder), "/tmp/regionshift-pushes-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(assertion_parse(expressions[i],
                                         SUBJECT_BIT(SUBJECT_STATE) | SUBJECT_BIT(SUBJECT_BODY) |
                                             SUBJECT_BIT(SUBJECT_JSON),
                                         &assertions[i], error, sizeof(error)),
                         0);
        of[i] = (struct check_push){
            .name = i == 0 ? "backup" : "import", .token = "", .period_ms = PERIOD_MS};
        checks[i] = (struct check){
            .kind = CHECK_PUSH, .name = of[i].name, .assertion = assertions[i], .of.push = &of[i]};
    }
    settings = (struct settings){.checks = checks, .check_count = 2};
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    open_pushes();
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void teardown(void)
{
    close_pushes();
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    for (unsigned i = 0; i < 2; i++)
        assertion_destroy(assertions[i]);
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* ---- what the tests do ---- */

static void report(uint32_t check, const char *body)
{
    struct push_report read;
    char error[300];

    ck_assert_int_eq(push_report_read(body, strlen(body), &read, error, sizeof(error)), 0);
    pushes_take(pushes, check, &read, body, strlen(body), on_kept, &settings);
}

static void await_kept(unsigned count)
{
    while (kept_count < count)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(kept_count, count);
}

/* The file of the first job. */
static const char *text_on_disk(void)
{
    static char said[1024];
    char path[128];
    char *text;
    size_t length;

    snprintf(path, sizeof(path), "%s/pushes/backup.json", folder);
    ck_assert_int_eq(durable_read(path, &text, &length), 0);
    snprintf(said, sizeof(said), "%s", text);
    free(text);
    return said;
}

static void call_timer(uv_handle_t *handle, void *context)
{
    (void)context;
    if (uv_handle_get_type(handle) == UV_TIMER)
        ((uv_timer_t *)(void *)handle)->timer_cb((uv_timer_t *)(void *)handle);
}

/* So much time goes by, and we are there. */
static void listen_for(msec_t span_ms)
{
    for (msec_t gone_ms = 0; gone_ms < span_ms; gone_ms += TICK_MS) {
        clock_ms += TICK_MS;
        uv_walk(&loop, call_timer, NULL);
    }
}

static void expect(uint32_t check, enum result_class class, enum failure failure, const char *words)
{
    struct result result;

    pushes_judge(pushes, check, &result);
    ck_assert_msg(
        result.class == class && result.failure == failure && strstr(result.detail, words) != NULL,
        "class %d, %s: \"%s\"", result.class, failure_name(result.failure), result.detail);
    ck_assert_int_eq(result.timings.total_us, -1);
}

/* ---- reports ---- */

START_TEST(a_job_that_never_reported_is_unknown_however_long)
{
    expect(0, RESULT_VOID, FAILURE_POLICY, "the job never reported to this probe");
    listen_for(10 * PERIOD_MS);
    expect(0, RESULT_VOID, FAILURE_POLICY, "the job never reported to this probe");
    ck_assert(!pushes_look(pushes, 0, &(struct push_look){0}));
}
END_TEST

/* cell: push, good, pushes alone */
START_TEST(the_last_report_is_judged)
{
    report(0, "ok 812 files");
    ck_assert_uint_eq(heard_count, 1);
    ck_assert_uint_eq(kept_count, 0); /* never from inside */
    expect(0, RESULT_GOOD, FAILURE_NONE, "reported 0 s ago: ok: 812 files");
    report(1, "{\"rows\": 7}");
    expect(1, RESULT_GOOD, FAILURE_NONE, "reported 0 s ago: ok");
    await_kept(2);
    ck_assert_int_eq(kept_rc, 0);
}
END_TEST

/* cell: push, bad, pushes alone */
START_TEST(a_report_of_a_failure_is_bad_with_its_text)
{
    report(0, "{\"state\": \"fail\", \"text\": \"disk\\n full\"}");
    expect(0, RESULT_BAD, FAILURE_STATUS, ": disk\\x0a full");
    expect(0, RESULT_BAD, FAILURE_STATUS, "state is \"fail\", wanted == ok");
    report(1, "{\"rows\": 0}");
    expect(1, RESULT_BAD, FAILURE_BODY, "json .rows is 0");
    report(0, "ok");
    expect(0, RESULT_GOOD, FAILURE_NONE, "ok");
    await_kept(3);
}
END_TEST

START_TEST(who_waits_is_told_when_the_own_report_is_on_disk)
{
    report(0, "ok first"); /* being written */
    report(0, "fail second");
    await_kept(1);
    ck_assert_ptr_nonnull(strstr(text_on_disk(), "first"));
    await_kept(2);
    ck_assert_ptr_nonnull(strstr(text_on_disk(), "second"));
}
END_TEST

/* cell: push, hostile, pushes alone */
START_TEST(a_flood_of_reports_is_taken_and_each_is_answered_once)
{
    char body[PUSH_BODY_MAX + 1];

    memset(body, '\x01', sizeof(body) - 1);
    memcpy(body, "fail ", 5);
    body[sizeof(body) - 1] = '\0';
    for (unsigned i = 0; i < 500; i++)
        report(i % 2, i % 3 == 0 ? body : "ok");
    await_kept(500);
    ck_assert_int_eq(kept_rc, 0);
    report(0, body);
    expect(0, RESULT_BAD, FAILURE_STATUS, "\\x01\\x01");
    await_kept(501);
}
END_TEST

/* ---- silence ---- */

/* cell: push, timed out, pushes alone */
START_TEST(silence_beyond_the_period_is_bad_until_the_next_report)
{
    report(0, "ok");
    listen_for(PERIOD_MS);
    expect(0, RESULT_GOOD, FAILURE_NONE, "reported 300 s ago");
    listen_for(20 * 1000);
    expect(0, RESULT_BAD, FAILURE_TIMEOUT, "no report for 320 s; one is due every 300 s");
    report(0, "fail");
    expect(0, RESULT_BAD, FAILURE_STATUS, "fail");
    report(0, "ok");
    expect(0, RESULT_GOOD, FAILURE_NONE, "reported 0 s ago");
    await_kept(3);
}
END_TEST

START_TEST(while_we_stand_still_nobody_falls_silent)
{
    struct push_look look;

    report(0, "ok");
    clock_ms += 60 * MINUTE_MS; /* a process that was stopped */
    expect(0, RESULT_GOOD, FAILURE_NONE, "reported 10 s ago");
    listen_for(TICK_MS);
    ck_assert(pushes_look(pushes, 0, &look));
    ck_assert_int_eq(look.silent_ms, 2 * TICK_MS);
    listen_for(PERIOD_MS);
    expect(0, RESULT_BAD, FAILURE_TIMEOUT, "no report for 310 s");
    await_kept(1);
}
END_TEST

/* ---- on disk ---- */

START_TEST(silence_goes_on_after_a_restart_and_does_not_grow_meanwhile)
{
    struct push_look look;

    report(0, "ok before");
    await_kept(1);
    of[0].period_ms = 20 * MINUTE_MS;
    listen_for(16 * MINUTE_MS); /* written again after a quarter of an hour */
    do
        uv_run(&loop, UV_RUN_NOWAIT);
    while (strstr(text_on_disk(), "\"silent_ms\":0") != NULL);
    close_pushes();
    clock_ms += 24 * 60 * MINUTE_MS;
    open_pushes();
    ck_assert(pushes_look(pushes, 0, &look));
    ck_assert_str_eq(look.text, "before");
    ck_assert(look.is_ok && look.silent_ms >= 15 * MINUTE_MS && look.silent_ms < 17 * MINUTE_MS);
    expect(0, RESULT_GOOD, FAILURE_NONE, "ok: before");
    listen_for(6 * MINUTE_MS);
    expect(0, RESULT_BAD, FAILURE_TIMEOUT, "one is due every 1200 s");
}
END_TEST

START_TEST(a_disk_that_fails_is_told_and_the_report_counts_all_the_same)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/pushes", folder);
    ck_assert_int_eq(rmdir(path), 0);
    report(0, "ok");
    await_kept(1);
    ck_assert_int_eq(kept_rc, -ENOENT);
    expect(0, RESULT_GOOD, FAILURE_NONE, "ok");
    ck_assert_int_eq(mkdir(path, 0700), 0);
    listen_for(TICK_MS); /* tried again by itself */
    close_pushes();
    open_pushes();
    expect(0, RESULT_GOOD, FAILURE_NONE, "ok");
}
END_TEST

START_TEST(a_job_that_cannot_be_written_holds_up_no_other)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/pushes/backup.json", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0); /* where its file should be */
    report(0, "ok");
    await_kept(1);
    ck_assert_int_lt(kept_rc, 0);
    report(1, "{\"rows\": 1}");
    await_kept(2);
    ck_assert_int_eq(kept_rc, 0);
    ck_assert_int_eq(rmdir(path), 0);
    listen_for(TICK_MS);
    close_pushes();
    open_pushes();
    expect(0, RESULT_GOOD, FAILURE_NONE, "ok");
}
END_TEST

/* ---- other settings ---- */

/* cell: push, cancelled, pushes alone */
START_TEST(a_report_whose_job_is_dropped_meanwhile_is_answered_as_cancelled)
{
    struct check only = checks[0];
    struct settings fewer = {.checks = &only, .check_count = 1};
    char path[128];

    report(0, "ok kept");
    await_kept(1);
    report(1, "{\"rows\": 1}");
    ck_assert_int_eq(pushes_reload(pushes, &fewer), 0);
    ck_assert_uint_eq(kept_count, 2);
    ck_assert_int_eq(kept_rc, -ECANCELED);
    ck_assert_uint_eq(pushes_find(pushes, "backup"), 0);
    ck_assert_uint_eq(pushes_find(pushes, "import"), NONE);
    expect(0, RESULT_GOOD, FAILURE_NONE, "ok: kept");
    snprintf(path, sizeof(path), "%s/pushes/import.json", folder);
    report(0, "ok kept");
    await_kept(3); /* one is written at a time: that of the dropped job is over */
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(pushes_reload(pushes, &settings), 0);
    expect(1, RESULT_VOID, FAILURE_POLICY, "never reported");
}
END_TEST

START_TEST(a_job_keeps_its_report_when_its_place_changes)
{
    struct check turned[2] = {checks[1], checks[0]};
    struct settings other = {.checks = turned, .check_count = 2};

    report(0, "ok");
    report(0, "fail one");
    ck_assert_int_eq(pushes_reload(pushes, &other), 0);
    await_kept(2);
    expect(1, RESULT_BAD, FAILURE_STATUS, "one");
    expect(0, RESULT_VOID, FAILURE_POLICY, "never reported");
    ck_assert_int_eq(pushes_reload(pushes, &settings), 0);
}
END_TEST

START_TEST(who_waits_when_we_close_is_told)
{
    report(0, "ok");
    report(1, "ok");
    close_pushes();
    ck_assert_uint_eq(kept_count, 2);
    ck_assert_int_eq(kept_rc, -ECANCELED);
    open_pushes();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("pushes");
    TCase *tests = tcase_create("pushes");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_job_that_never_reported_is_unknown_however_long);
    tcase_add_test(tests, the_last_report_is_judged);
    tcase_add_test(tests, a_report_of_a_failure_is_bad_with_its_text);
    tcase_add_test(tests, who_waits_is_told_when_the_own_report_is_on_disk);
    tcase_add_test(tests, a_flood_of_reports_is_taken_and_each_is_answered_once);
    tcase_add_test(tests, silence_beyond_the_period_is_bad_until_the_next_report);
    tcase_add_test(tests, while_we_stand_still_nobody_falls_silent);
    tcase_add_test(tests, silence_goes_on_after_a_restart_and_does_not_grow_meanwhile);
    tcase_add_test(tests, a_disk_that_fails_is_told_and_the_report_counts_all_the_same);
    tcase_add_test(tests, a_job_that_cannot_be_written_holds_up_no_other);
    tcase_add_test(tests, a_report_whose_job_is_dropped_meanwhile_is_answered_as_cancelled);
    tcase_add_test(tests, a_job_keeps_its_report_when_its_place_changes);
    tcase_add_test(tests, who_waits_when_we_close_is_told);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
