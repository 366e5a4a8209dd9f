/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings on the disk: what was written is read back and replays; a disk that is full or slow
 * costs the end of a recording, never its truth; space is bounded. */
#include <check.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "../lib/suite.h"
#include "../../monitor/sim/replay.h"
#include "../sim/pizza.h"
#include "recorder.h"
#include "recording_file.h"

enum { ERROR_SIZE = 1024, SAID_SIZE = 2048, MEGABYTE = 1000 * 1000 };

static char folder[64];
static char file[128];
static struct settings *settings;
static uv_loop_t uv;
static struct history *history;
static struct recorder *recorder;
static struct engine *engine;
static msec_t now_ms;
static uint32_t seed;
static bool noisy; /* results with a long text that does not shrink */
static char said[SAID_SIZE];

/* ---- a daemon that is all alone ---- */

static void load(uint32_t megabytes)
{
    struct settings_report report = {0};
    char text[8192];
    int length = snprintf(text, sizeof(text),
                          PIZZA("hold = 20;") "history = { path = \"%s\"; recording = %u; };\n",
                          file, megabytes);

    ck_assert_int_eq(
        settings_parse_changed(text, (size_t)length, "pizza", "use1", NULL, 0, &settings, &report),
        0);
    settings_report_clear(&report);
}

static void open_history(void)
{
    ck_assert_int_eq(history_create(&uv, settings, &history), 0);
    ck_assert_int_eq(recorder_create(history, &recorder), 0);
}

static void settle(void)
{
    uv_run(&uv, UV_RUN_DEFAULT);
}

static void take(const struct event *event);

static char any_letter(void)
{
    seed = seed * 1664525 + 1013904223;
    return (char)('!' + 2 + (seed >> 16) % 80);
}

/* Each check that is started answers well, a moment later. */
static void answer(uint32_t check)
{
    struct result result = {.class = RESULT_GOOD, .status = 200};
    struct event event = {.kind = EVENT_RESULT, .at_ms = now_ms, .result = {check, &result}};

    for (size_t i = 0; noisy && i < RESULT_DETAIL_MAX; i++)
        result.detail[i] = any_letter();
    take(&event);
}

static void take(const struct event *event)
{
    uint32_t starts[16];
    uint32_t count;
    struct update update;

    now_ms = event->at_ms;
    engine_step(engine, event, &update);
    recorder_turn(recorder, event, &update);
    count = update.start_count;
    memcpy(starts, update.starts, count * sizeof(*starts));
    for (uint32_t i = 0; i < count; i++) {
        if (starts[i] < settings->check_count)
            answer(starts[i]);
    }
}

/* Another engine, after the one before when there is one, and its start. */
static void begin(void)
{
    struct engine *before = engine;
    struct event event = {.kind = EVENT_START, .at_ms = now_ms, .start = {1772366400000 + now_ms}};

    ck_assert_int_eq(engine_create(settings, false, before, &engine), 0);
    recorder_begin(recorder, settings, engine, false, event.start.wall);
    engine_destroy(before);
    take(&event);
}

static void live(msec_t span_ms)
{
    msec_t until_ms = now_ms + span_ms;

    while (engine_deadline(engine) <= until_ms) {
        struct event event = {.kind = EVENT_TICK, .at_ms = engine_deadline(engine)};

        take(&event);
    }
    now_ms = until_ms;
}

/* With the disk keeping pace. */
static void live_long(msec_t span_ms)
{
    for (msec_t i = 0; i < span_ms; i += 100000) {
        live(100000);
        settle();
    }
}

static void close_history(enum recording_end why)
{
    recorder_end(recorder, why);
    recorder_destroy(recorder);
    history_close(history, NULL, NULL);
    history = NULL;
    recorder = NULL;
    settle();
}

static void setup(void)
{
    snprintf(folder, sizeof(folder), "/tmp/regionshift-recorder-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(file, sizeof(file), "%s/history.db", folder);
    seed = 7;
    now_ms = 5000;
    noisy = false;
    uv_loop_init(&uv);
    load(1);
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
    if (history != NULL)
        close_history(RECORDING_STOPPED);
    ck_assert_int_eq(uv_loop_close(&uv), 0);
    engine_destroy(engine);
    settings_destroy(settings);
    engine = NULL;
    remove_file("");
    remove_file("-wal");
    remove_file("-shm");
    remove_file(".txt");
    rmdir(folder);
}

/* ---- reading it again ---- */

/* "same to event 120, stopped", or what is wrong. */
static const char *play_file(const char *path, int64_t number)
{
    struct recording_file *in = NULL;
    struct recording_row row;
    struct replay *replay = NULL;
    struct replay_step step = {.same = true};
    const char *line;
    size_t length;
    int rc = -1;

    said[0] = '\0';
    if (recording_file_open(path, &in, said, sizeof(said)) == 0 &&
        recording_file_choose(in, number, &row, &line, &length, said, sizeof(said)) == 0)
        rc = replay_create(line, length, &replay, said, sizeof(said));
    while (rc >= 0 && step.same &&
           (rc = recording_file_line(in, &line, &length, &row, said, sizeof(said))) > 0)
        rc = replay_line(replay, line, length, &step, said, sizeof(said));
    if (rc >= 0)
        snprintf(said, sizeof(said), "%s to event %u, %s", step.same ? "same" : "different",
                 (unsigned)replay_count(replay), recording_end_name(row.end));
    replay_destroy(replay);
    recording_file_close(in);
    return said;
}

static const char *play(int64_t number)
{
    return play_file(file, number);
}

static void expect_play(int64_t number, const char *begins, const char *ends)
{
    const char *text = play(number);
    size_t length = strlen(text);

    ck_assert_msg(strncmp(text, begins, strlen(begins)) == 0 && length >= strlen(ends) &&
                      strcmp(text + length - strlen(ends), ends) == 0,
                  "recording %d: %s", (int)number, text);
}

static void add_row(void *context, const struct recording_row *row)
{
    size_t used = strlen(said);

    (void)context;
    snprintf(said + used, sizeof(said) - used, "%d %s %s; ", (int)row->number, row->probe,
             recording_end_name(row->end));
}

static const char *listed(void)
{
    struct recording_file *in = NULL;
    char error[ERROR_SIZE];

    ck_assert_int_eq(recording_file_open(file, &in, error, sizeof(error)), 0);
    said[0] = '\0';
    ck_assert_int_eq(recording_file_list(in, add_row, NULL, error, sizeof(error)), 0);
    recording_file_close(in);
    return said;
}

static void run_sql(const char *sql)
{
    sqlite3 *handle = NULL;

    ck_assert_int_eq(sqlite3_open(file, &handle), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(handle, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static struct recording_stats stats(void)
{
    struct recording_stats s;

    history_recording_stats(history, &s);
    return s;
}

/* ---- what is recorded ---- */

START_TEST(what_was_recorded_replays_to_the_same_updates)
{
    begin();
    live(600000);
    settle();
    ck_assert(stats().recording);
    close_history(RECORDING_STOPPED);
    expect_play(0, "same to event ", ", stopped");
    ck_assert_str_eq(listed(), "1 use1 stopped; ");
}
END_TEST

START_TEST(a_recording_can_be_read_while_it_is_made)
{
    begin();
    live(60000);
    settle();
    expect_play(0, "same to event ", ", "); /* not ended */
    live(60000);
    settle();
    expect_play(0, "same to event ", ", ");
}
END_TEST

/* What nothing was said about waits ten seconds at most; what is said about is there at once. */
START_TEST(a_killed_daemon_leaves_all_but_its_last_seconds)
{
    uint64_t recorded;

    begin();
    settle();
    ck_assert_uint_eq(stats().recorded, 1); /* the start, which says that it is one */
    live(60000);
    settle();
    recorded = stats().recorded;
    ck_assert_uint_gt(recorded, 50);
    live(500); /* no end is written */
    settle();
    ck_assert_uint_eq(stats().recorded, recorded);
    live(12000);
    settle();
    ck_assert_uint_gt(stats().recorded, recorded);
    expect_play(0, "same to event ", ", ");
}
END_TEST

START_TEST(a_reload_begins_another_recording_which_replays_by_itself)
{
    begin();
    live(100000);
    begin();
    live(100000);
    close_history(RECORDING_STOPPED);
    ck_assert_str_eq(listed(), "1 use1 reloaded; 2 use1 stopped; ");
    expect_play(1, "same to event ", ", reloaded");
    expect_play(2, "same to event ", ", stopped");
}
END_TEST

START_TEST(nothing_is_recorded_when_the_settings_say_so)
{
    close_history(RECORDING_STOPPED);
    settings_destroy(settings);
    load(0);
    open_history();
    begin();
    live(100000);
    history_fact(history, 1772366400000, "", "a fact");
    settle();
    ck_assert(!stats().recording);
    ck_assert_uint_eq(stats().recorded + stats().lost, 0);
    ck_assert_ptr_nonnull(strstr(play(0), "holds no recording; is history.recording 0?"));
}
END_TEST

/* ---- space ---- */

START_TEST(a_recording_takes_half_of_the_space_at_most)
{
    struct stat status;

    begin();
    noisy = true;
    live_long(10000 * 1000);
    ck_assert(stats().filled && !stats().recording);
    ck_assert_uint_gt(stats().lost, 0);
    expect_play(0, "same to event ", ", full");
    begin(); /* as after a reload: there is room again */
    noisy = false;
    live_long(100000);
    ck_assert(!stats().filled && stats().recording);
    close_history(RECORDING_STOPPED);
    expect_play(1, "same to event ", ", full"); /* and the one before is still there */
    expect_play(2, "same to event ", ", stopped");
    ck_assert_int_eq(stat(file, &status), 0);
    ck_assert_int_lt(status.st_size, MEGABYTE);
}
END_TEST

START_TEST(whole_recordings_go_the_oldest_first)
{
    noisy = true;
    for (int i = 0; i < 6; i++) {
        begin();
        live_long(5000 * 1000);
    }
    close_history(RECORDING_STOPPED);
    ck_assert_msg(strncmp(listed(), "1 ", 2) != 0, "%s", said);
    ck_assert_ptr_nonnull(strstr(said, "5 use1 reloaded; 6 use1 stopped; "));
    expect_play(5, "same to event ", ", reloaded");
    expect_play(6, "same to event ", ", stopped");
    ck_assert_ptr_nonnull(strstr(play(1), "holds no recording 1"));
}
END_TEST

START_TEST(a_recording_that_ended_longer_ago_than_keep_goes)
{
    struct settings shorter;

    begin();
    live(20000);
    close_history(RECORDING_STOPPED);
    open_history();
    shorter = *settings;
    shorter.history_keep_ms = 3600 * 1000;
    now_ms += 2 * 3600 * 1000;
    begin();
    live(20000);
    settle();
    history_reload(history, &shorter);
    history_fact(history, 1772366400000 + now_ms, "", "a fact");
    settle();
    history_fact(history, 1772366400000 + now_ms, "", "a fact");
    settle();
    ck_assert_str_eq(listed(), "2 use1 ; ");
}
END_TEST

/* ---- a disk that does not take it ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_disk_that_is_full_for_a_while_costs_nothing)
{
    struct history_stats h;

    begin();
    live_long(100000);
    limit_files(4096);
    live_long(1000000);
    history_stats(history, &h);
    ck_assert_str_ne(h.error, "");
    ck_assert_uint_eq(stats().lost, 0);
    limit_files(RLIM_INFINITY);
    live_long(100000);
    history_stats(history, &h);
    ck_assert_str_eq(h.error, "");
    close_history(RECORDING_STOPPED);
    expect_play(0, "same to event ", ", stopped");
}
END_TEST

START_TEST(a_disk_that_stays_full_ends_the_recording_where_the_gap_is)
{
    begin();
    live_long(100000);
    limit_files(4096);
    noisy = true;
    live_long(100000 * 1000);
    ck_assert(!stats().recording);
    ck_assert_uint_gt(stats().lost, 0);
    limit_files(RLIM_INFINITY);
    live_long(100000);
    close_history(RECORDING_STOPPED);
    expect_play(0, "same to event ", ", gap");
}
END_TEST

/* The worker has been given something, and its answer is not taken: as when the disk hangs. */
START_TEST(lines_that_memory_has_no_room_for_are_counted_and_end_the_recording)
{
    struct history_stats h;

    close_history(RECORDING_STOPPED);
    settings_destroy(settings);
    load(100);
    open_history();
    begin();
    noisy = true;
    live(60000 * 1000);
    history_stats(history, &h);
    ck_assert_uint_lt(h.pending, HISTORY_PENDING_MAX); /* it is their bytes */
    ck_assert_uint_gt(stats().lost, 0);
    settle();
    ck_assert(!stats().recording);
    live_long(100000);
    close_history(RECORDING_STOPPED);
    expect_play(0, "same to event ", ", gap");
}
END_TEST

/* The end itself finds no room: what comes when there is room again must not be put behind it. */
START_TEST(a_gap_is_not_crossed_when_its_end_cannot_be_written_either)
{
    begin();
    live_long(100000);
    for (int i = 0; i < HISTORY_PENDING_MAX + 5; i++)
        history_fact(history, 1772366400000, "", "fact");
    live(60000);
    ck_assert_uint_gt(stats().lost, 0);
    settle();
    ck_assert(!stats().recording);
    live_long(100000);
    ck_assert(!stats().recording);
    close_history(RECORDING_STOPPED);
    expect_play(0, "same to event ", ", gap");
}
END_TEST

/* ---- files that are not what they should be ---- */

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");

    ck_assert_ptr_nonnull(out);
    fputs(text, out);
    fclose(out);
}

START_TEST(a_file_that_holds_no_recordings_is_refused_with_a_reason)
{
    char path[160];

    close_history(RECORDING_STOPPED);
    ck_assert_ptr_nonnull(strstr(play(0), "No such file"));
    snprintf(path, sizeof(path), "%s.txt", file);
    write_file(path, "");
    ck_assert_ptr_nonnull(strstr(play_file(path, 0), "neither a history database nor"));
    write_file(path, "SQLite format 3 is what this only says, and then there is nothing more");
    ck_assert_ptr_nonnull(strstr(play_file(path, 0), "neither a history database nor"));
    write_file(path, "{\"regionshift\":\"recording\",\"v\":1");
    ck_assert_ptr_nonnull(strstr(play_file(path, 0), "ends in the middle of line 1"));
    run_sql("CREATE TABLE something (else_ INTEGER)");
    ck_assert_ptr_nonnull(strstr(play(0), "holds no recordings: it is no history database"));
}
END_TEST

START_TEST(a_recording_with_a_slice_missing_is_damaged)
{
    begin();
    live_long(300000);
    close_history(RECORDING_STOPPED);
    run_sql("DELETE FROM recorded WHERE slice = 4");
    (void)play(0);
    ck_assert_ptr_null(strstr(said, "same to event"));
}
END_TEST

START_TEST(a_recording_whose_last_slice_is_missing_is_damaged)
{
    begin();
    live_long(300000);
    close_history(RECORDING_STOPPED);
    run_sql("DELETE FROM recorded WHERE slice = (SELECT max(slice) FROM recorded)");
    ck_assert_ptr_nonnull(strstr(play(0), "is damaged: it has "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recorder");
    TCase *tests = tcase_create("recorder");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_was_recorded_replays_to_the_same_updates);
    tcase_add_test(tests, a_recording_can_be_read_while_it_is_made);
    tcase_add_test(tests, a_killed_daemon_leaves_all_but_its_last_seconds);
    tcase_add_test(tests, a_reload_begins_another_recording_which_replays_by_itself);
    tcase_add_test(tests, nothing_is_recorded_when_the_settings_say_so);
    tcase_add_test(tests, a_recording_takes_half_of_the_space_at_most);
    tcase_add_test(tests, whole_recordings_go_the_oldest_first);
    tcase_add_test(tests, a_recording_that_ended_longer_ago_than_keep_goes);
    tcase_add_test(tests, a_disk_that_is_full_for_a_while_costs_nothing);
    tcase_add_test(tests, a_disk_that_stays_full_ends_the_recording_where_the_gap_is);
    tcase_add_test(tests, lines_that_memory_has_no_room_for_are_counted_and_end_the_recording);
    tcase_add_test(tests, a_gap_is_not_crossed_when_its_end_cannot_be_written_either);
    tcase_add_test(tests, a_file_that_holds_no_recordings_is_refused_with_a_reason);
    tcase_add_test(tests, a_recording_with_a_slice_missing_is_damaged);
    tcase_add_test(tests, a_recording_whose_last_slice_is_missing_is_damaged);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
