/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of type command against programs of every manner. Nothing here asserts how fast: what has
 * to come is waited for, and what must not is looked for at the end. */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum { CHECKS = PROGRAMS_MAX + 2 };

static struct assertion *usual;
static char folder[64];
static char scripts[CHECKS][1024];
static const char *words[CHECKS][4];
static struct check_command commands[CHECKS];
static struct check checks[CHECKS];

static struct assertion *expression(const char *text)
{
    struct assertion *assertion = NULL;
    char error[256];

    ck_assert_msg(assertion_parse(text,
                                  SUBJECT_BIT(SUBJECT_EXIT) | SUBJECT_BIT(SUBJECT_BODY) |
                                      SUBJECT_BIT(SUBJECT_LATENCY),
                                  &assertion, error, sizeof(error)) == 0,
                  "%s", error);
    return assertion;
}

static void setup(void)
{
    prober_setup();
    usual = expression("exit in 0-1"); /* what settings say when nothing is expected */
    snprintf(folder, sizeof(folder), "/tmp/regionshift-program-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
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
    prober_teardown();
    assertion_destroy(usual);
    ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* The check number i: a shell that runs a script, with $F for the folder of the test. */
__attribute__((format(printf, 2, 3))) static struct check *script(unsigned i, const char *format,
                                                                  ...)
{
    va_list arguments;
    int used = snprintf(scripts[i], sizeof(scripts[i]), "F=%s; ", folder);

    va_start(arguments, format);
    vsnprintf(scripts[i] + used, sizeof(scripts[i]) - (size_t)used, format, arguments);
    va_end(arguments);
    words[i][0] = "/bin/sh";
    words[i][1] = "-c";
    words[i][2] = scripts[i];
    commands[i] = (struct check_command){
        .argv = words[i], .argc = 3, .site = "pizza/us-east-1", .region = "us-east-1"};
    checks[i] = (struct check){.kind = CHECK_COMMAND,
                               .name = "oven",
                               .host = "",
                               .address = "",
                               .assertion = usual,
                               .timeout_ms = PATIENT_MS,
                               .of.command = &commands[i]};
    return &checks[i];
}

/* What a file of the test has; "" when there is none. */
static const char *text_of(const char *name)
{
    static char text[4096];
    char path[128];
    ssize_t length;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return "";
    length = read(fd, text, sizeof(text) - 1);
    close(fd);
    ck_assert_int_ge(length, 0);
    text[length] = '\0';
    return text;
}

static void await_file(const char *name)
{
    while (text_of(name)[0] == '\0')
        uv_run(&loop, UV_RUN_NOWAIT);
}

/* A pipe by name, held open for writing by those whose end is to be seen. */
static int open_pipe(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

/* Returns when nobody holds the pipe any more; the loop does what it has to do meanwhile. */
static void await_nobody(int fd)
{
    char bytes[64];

    while (read(fd, bytes, sizeof(bytes)) != 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    close(fd);
}

/* ---- what a program says ---- */

/* cell: command, good, plugin of the test's own */
START_TEST(an_exit_of_0_is_good_with_its_first_line_and_its_values)
{
    struct result result =
        probe(script(0, "echo 'OVEN OK - 220 C | heat=220;250;300 door=0'; echo more"));

    expect(&result, RESULT_GOOD, FAILURE_NONE,
           "exit 0, ok: OVEN OK - 220 C (heat 220 warn 250 crit 300, door 0)");
    ck_assert_int_ge(result.timings.total_us, 0);
    ck_assert_int_eq(result.timings.connect_us, -1);
}
END_TEST

START_TEST(a_warning_is_good_and_told)
{
    struct result result = probe(script(0, "echo 'OVEN WARNING - 260 C'; exit 1"));

    expect(&result, RESULT_GOOD, FAILURE_NONE, "exit 1, warning: OVEN WARNING - 260 C");
}
END_TEST

/* cell: command, bad, plugin of the test's own */
START_TEST(a_critical_exit_is_bad_with_what_it_says)
{
    struct result result = probe(script(0, "echo 'OVEN CRITICAL - on fire'; exit 2"));

    expect(&result, RESULT_BAD, FAILURE_STATUS, "OVEN CRITICAL - on fire");
    expect(&result, RESULT_BAD, FAILURE_STATUS, "exit 2, wanted 0-1");
    result = probe(script(0, "echo 'curl: (7) refused' >&2; exit 7"));
    expect(&result, RESULT_BAD, FAILURE_STATUS, "exit 7, wanted 0-1: curl: (7) refused");
}
END_TEST

START_TEST(what_tells_of_the_program_only_is_void)
{
    struct result result = probe(script(0, "echo 'OVEN UNKNOWN - no sensor'; exit 3"));

    expect(&result, RESULT_VOID, FAILURE_STATUS, "OVEN UNKNOWN - no sensor");
    result = probe(script(0, "/nowhere/oven"));
    expect(&result, RESULT_VOID, FAILURE_STATUS, "exit 127, wanted 0-1");
    result = probe(script(0, "/etc/passwd"));
    expect(&result, RESULT_VOID, FAILURE_STATUS, "exit 126, wanted 0-1");
    result = probe(script(0, "kill -SEGV $$"));
    expect(&result, RESULT_VOID, FAILURE_POLICY, "/bin/sh was ended by signal 11");
    script(0, "true");
    words[0][0] = "/nowhere/oven";
    result = probe(&checks[0]);
    expect(&result, RESULT_VOID, FAILURE_POLICY,
           "/nowhere/oven cannot be started: no such file or directory; look at its path");
    words[0][0] = "/etc/passwd";
    result = probe(&checks[0]);
    expect(&result, RESULT_VOID, FAILURE_POLICY,
           "/etc/passwd cannot be started: permission denied");
}
END_TEST

START_TEST(an_assertion_has_the_last_word)
{
    struct assertion *wanted =
        expression("exit in 0,3 and body contains 'second line' and latency < 1h");
    struct result result;

    script(0, "echo first; echo second line; exit 3");
    checks[0].assertion = wanted;
    result = probe(&checks[0]);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "exit 3, unknown: first");
    script(0, "echo first");
    checks[0].assertion = wanted;
    result = probe(&checks[0]);
    expect(&result, RESULT_BAD, FAILURE_BODY, "body \"first");
    assertion_destroy(wanted);
}
END_TEST

/* ---- what a program gets ---- */

START_TEST(a_program_gets_nothing_of_ours)
{
    static const char wanted[] =
        "LANG=C.UTF-8\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"
        "REGIONSHIFT_CHECK=oven\nREGIONSHIFT_REGION=us-east-1\nREGIONSHIFT_SITE=pizza/us-east-1\n";
    int leaked = open("/etc/passwd", O_RDONLY); /* without O_CLOEXEC, as careless libraries do */
    struct result result;

    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    setenv("TOKEN", "hunter2", 1);
    result = probe(script(0, "tr '\\0' '\\n' < /proc/$$/environ | sort > $F/environment;"
                             "for fd in /proc/$$/fd/*; do echo ${fd##*/} $(readlink $fd); done"
                             " | cut -d: -f1 > $F/files; pwd > $F/place; ulimit -c > $F/core;"
                             "ps -o sid= -p $$ | tr -d ' ' > $F/session; echo $$ > $F/pid"));
    expect(&result, RESULT_GOOD, FAILURE_NONE, "exit 0, ok");
    close(leaked);
    unsetenv("AWS_SECRET_ACCESS_KEY");
    unsetenv("TOKEN");
    ck_assert_str_eq(text_of("environment"), wanted);
    ck_assert_str_eq(text_of("place"), "/\n");
    ck_assert_str_eq(text_of("core"), "0\n");
    ck_assert_ptr_null(strstr(text_of("files"), "passwd"));
    ck_assert_ptr_eq(strstr(text_of("files"), "0 /dev/null\n1 socket\n2 socket\n"),
                     text_of("files"));
    char pid[64];
    snprintf(pid, sizeof(pid), "%s", text_of("pid"));
    ck_assert_str_eq(text_of("session"), pid);
}
END_TEST

START_TEST(no_shell_reads_the_arguments)
{
    struct result result;

    script(0, "true");
    words[0][0] = "/bin/echo";
    words[0][1] = "$(touch /tmp/x);";
    words[0][2] = "`id` > /tmp/x && 'a b'";
    result = probe(&checks[0]);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "$(touch /tmp/x); `id` > /tmp/x && 'a b'");
}
END_TEST

/* ---- hostile programs ---- */

/* cell: command, hostile, plugin of the test's own */
START_TEST(what_is_printed_is_made_harmless_and_cut)
{
    struct assertion *wanted = expression("body contains 'end'");
    struct result result;

    result = probe(script(0, "printf 'a\\033[2J\\200\\n'"));
    expect(&result, RESULT_GOOD, FAILURE_NONE, "a\\x1b[2J\\x80");
    result = probe(script(0, "head -c 300 /dev/zero | tr '\\0' x; exit 2"));
    ck_assert_uint_le(strlen(result.detail), RESULT_DETAIL_MAX);
    script(0, "head -c 70000 /dev/zero | tr '\\0' x; echo end");
    checks[0].assertion = wanted;
    result = probe(&checks[0]);
    expect(&result, RESULT_BAD, FAILURE_BODY, "the first 65536 bytes");
    assertion_destroy(wanted);
}
END_TEST

START_TEST(output_without_an_end_is_void)
{
    struct result result = probe(script(0, "exec yes"));

    expect(&result, RESULT_VOID, FAILURE_POLICY,
           "/bin/sh prints without an end: more than 1048576");
    result = probe(script(0, "exec yes >&2"));
    expect(&result, RESULT_VOID, FAILURE_POLICY, "prints without an end");
}
END_TEST

START_TEST(a_child_left_behind_with_the_output_open_is_not_waited_for)
{
    int fd = open_pipe();
    struct result result = probe(script(0, "exec 9> $F/pipe; sleep 1000 & echo started; exit 2"));

    expect(&result, RESULT_BAD, FAILURE_STATUS, "started");
    await_nobody(fd); /* it was ended, too */
}
END_TEST

START_TEST(a_daemon_that_flees_from_the_session_is_not_waited_for)
{
    struct result result =
        probe(script(0, "setsid sh -c 'echo $$ > $0/pid; exec sleep 1000' $F &"
                        "while [ ! -s $F/pid ]; do sleep 0.01; done; echo gone"));

    expect(&result, RESULT_GOOD, FAILURE_NONE, "gone");
    ck_assert_int_eq(kill((pid_t)strtol(text_of("pid"), NULL, 10), SIGKILL), 0);
}
END_TEST

/* ---- time ---- */

/* cell: command, timed out, plugin of the test's own */
START_TEST(a_program_that_is_late_is_asked_to_end_and_then_made_to)
{
    int fd = open_pipe();

    script(0, "exec 9> $F/pipe; sh -c 'trap \"\" TERM; exec sleep 1000' &"
              "trap 'echo asked > $F/asked' TERM; echo up > $F/up;"
              "while :; do sleep 1000 & wait $!; done");
    checks[0].timeout_ms = 1000;
    start_check(0, &checks[0]);
    run_until_reported(0, 1);
    if (reports[0].result.class == RESULT_BAD) /* else this machine stood still */
        expect(&reports[0].result, RESULT_BAD, FAILURE_TIMEOUT,
               "timeout after 1000 ms while the program runs");
    await_nobody(fd);
    if (text_of("up")[0] != '\0')
        ck_assert_str_eq(text_of("asked"), "asked\n");
}
END_TEST

START_TEST(a_program_that_closes_its_output_and_stays_is_waited_for)
{
    struct result result;

    script(0, "exec >&- 2>&-; exec sleep 1000");
    checks[0].timeout_ms = SHORT_MS;
    result = probe(&checks[0]);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "while the program runs");
    result = probe(script(0, "echo early; exec >&- 2>&-; sleep 0.1; exit 2"));
    expect(&result, RESULT_BAD, FAILURE_STATUS, "early");
}
END_TEST

/* cell: command, cancelled, plugin of the test's own */
START_TEST(a_cancelled_program_is_ended)
{
    int fd = open_pipe();

    start_check(0, script(0, "exec 9> $F/pipe; trap '' TERM; echo up > $F/up; while :; do sleep 1;"
                             "done"));
    await_file("up");
    prober_cancel(prober, 0);
    run_until_reported(0, 1);
    expect(&reports[0].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    await_nobody(fd);
}
END_TEST

START_TEST(a_prober_that_closes_takes_its_programs_with_it)
{
    int fd = open_pipe();

    for (unsigned i = 0; i < CHECKS; i++)
        start_check(i, script(i, "exec 9> $F/pipe; echo up > $F/up; exec sleep 1000"));
    await_file("up");
    prober_close_now();
    await_nobody(fd);
    for (unsigned i = 0; i < CHECKS; i++)
        ck_assert_uint_eq(reports[i].count, 0);
}
END_TEST

/* ---- many ---- */

START_TEST(the_time_of_one_that_waits_for_its_turn_has_not_begun)
{
    for (unsigned i = 0; i < PROGRAMS_MAX; i++)
        start_check(i,
                    script(i, "echo up > $F/up%u; while [ ! -e $F/go ]; do sleep 0.05; done", i));
    for (unsigned i = 0; i < PROGRAMS_MAX; i++) {
        char name[16];

        snprintf(name, sizeof(name), "up%u", i);
        await_file(name);
    }
    start_check(PROGRAMS_MAX, script(PROGRAMS_MAX, "echo ran > $F/ran; sleep 0.2"));
    for (unsigned i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(prober->program_count, PROGRAMS_MAX);
    ck_assert_str_eq(text_of("ran"), "");
    usleep(300 * 1000); /* it waits, and that is no part of its latency */
    char path[128];
    snprintf(path, sizeof(path), "%s/go", folder);
    usec_t free_us = prober_now_us();
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    for (unsigned i = 0; i <= PROGRAMS_MAX; i++)
        run_until_reported(i, 1);
    ck_assert_str_eq(text_of("ran"), "ran\n");
    ck_assert_uint_eq(prober->program_count, 0);
    ck_assert_int_lt(reports[PROGRAMS_MAX].result.timings.total_us, prober_now_us() - free_us);
    ck_assert_int_gt(reports[0].result.timings.total_us, 300 * 1000);
    ck_assert_int_ge(reports[PROGRAMS_MAX].result.late_ms, 300);
}
END_TEST

START_TEST(one_that_waits_too_long_is_void)
{
    for (unsigned i = 0; i < PROGRAMS_MAX; i++)
        start_check(i, script(i, "exec sleep 1000"));
    script(PROGRAMS_MAX, "exit 2");
    checks[PROGRAMS_MAX].timeout_ms = SHORT_MS;
    start_check(PROGRAMS_MAX, &checks[PROGRAMS_MAX]);
    run_until_reported(PROGRAMS_MAX, 1);
    expect(&reports[PROGRAMS_MAX].result, RESULT_VOID, FAILURE_POLICY,
           "not begun: 16 programs run already");
    ck_assert_int_ge(reports[PROGRAMS_MAX].result.late_ms, SHORT_MS - 1);
    start_check(PROGRAMS_MAX, script(PROGRAMS_MAX, "exit 2"));
    uv_run(&loop, UV_RUN_NOWAIT);
    prober_cancel(prober, PROGRAMS_MAX);
    run_until_reported(PROGRAMS_MAX, 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe command");
    TCase *tests = tcase_create("probe command");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_exit_of_0_is_good_with_its_first_line_and_its_values);
    tcase_add_test(tests, a_warning_is_good_and_told);
    tcase_add_test(tests, a_critical_exit_is_bad_with_what_it_says);
    tcase_add_test(tests, what_tells_of_the_program_only_is_void);
    tcase_add_test(tests, an_assertion_has_the_last_word);
    tcase_add_test(tests, a_program_gets_nothing_of_ours);
    tcase_add_test(tests, no_shell_reads_the_arguments);
    tcase_add_test(tests, what_is_printed_is_made_harmless_and_cut);
    tcase_add_test(tests, output_without_an_end_is_void);
    tcase_add_test(tests, a_child_left_behind_with_the_output_open_is_not_waited_for);
    tcase_add_test(tests, a_daemon_that_flees_from_the_session_is_not_waited_for);
    tcase_add_test(tests, a_program_that_is_late_is_asked_to_end_and_then_made_to);
    tcase_add_test(tests, a_program_that_closes_its_output_and_stays_is_waited_for);
    tcase_add_test(tests, a_cancelled_program_is_ended);
    tcase_add_test(tests, a_prober_that_closes_takes_its_programs_with_it);
    tcase_add_test(tests, the_time_of_one_that_waits_for_its_turn_has_not_begun);
    tcase_add_test(tests, one_that_waits_too_long_is_void);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
