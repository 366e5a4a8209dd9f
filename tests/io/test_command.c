/* SPDX-License-Identifier: Apache-2.0 */
/* Programs run for what they print: whatever they do, they are done by their deadline, and nothing
 * of theirs is left. */
#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "../lib/suite.h"
#include "../../monitor/io/aws/command.h"

static uv_loop_t loop;
static unsigned done_count;
static bool is_good;
static char output[256];
static char message[COMMAND_MESSAGE_MAX];

static void set_up(void)
{
    uv_loop_init(&loop);
    done_count = 0;
}

static void tear_down(void)
{
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void on_done(void *context, const struct command_result *result)
{
    (void)context;
    done_count++;
    is_good = result->output != NULL;
    snprintf(output, sizeof(output), "%.200s", is_good ? result->output : "");
    snprintf(message, sizeof(message), "%s", result->message);
}

static struct command_run *start(const char *script, msec_t timeout_ms, size_t output_max)
{
    static char shell[] = "/bin/sh", option[] = "-c";
    static char text[512];
    char *words[] = {shell, option, text, NULL};
    const struct command_limits limits = {timeout_ms, output_max};

    snprintf(text, sizeof(text), "%s", script);
    return command_start(&loop, words, &limits, on_done, NULL);
}

static void run(const char *script, msec_t timeout_ms, size_t output_max)
{
    start(script, timeout_ms, output_max);
    ck_assert_uint_eq(done_count, 0); /* never from inside the call */
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(done_count, 1);
}

enum { LONG_MS = 60 * 1000 };

START_TEST(what_a_program_prints_is_what_is_given)
{
    run("echo one; echo two", LONG_MS, 8);
    ck_assert(is_good);
    ck_assert_str_eq(output, "one\ntwo\n");
    ck_assert_str_eq(message, "");
}
END_TEST

START_TEST(what_is_printed_last_is_not_lost_when_a_child_prints_it)
{
    run("(read x < /dev/null; echo late) &", LONG_MS, 100);
    ck_assert(is_good);
    ck_assert_str_eq(output, "late\n");
}
END_TEST

START_TEST(a_program_that_prints_too_much_is_ended)
{
    run("while :; do echo hunter2; done", LONG_MS, 100);
    ck_assert(!is_good);
    ck_assert_str_eq(message, "it prints too much");
}
END_TEST

START_TEST(a_flood_of_errors_is_read_and_only_its_beginning_kept)
{
    run("i=0; while [ $i -lt 20000 ]; do echo error >&2; i=$((i+1)); done; exit 9", LONG_MS, 100);
    ck_assert(!is_good);
    ck_assert_ptr_nonnull(strstr(message, "exit status 9: error\\x0aerror"));
    ck_assert_uint_lt(strlen(message), COMMAND_ERRORS_MAX + 64);
}
END_TEST

/* A pipe by name, which the child holds open for writing: when it has gone, the pipe has ended. */
START_TEST(a_program_that_hangs_is_ended_with_its_children)
{
    char folder[] = "/tmp/regionshift-command-XXXXXX";
    char path[64], script[256], byte;
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/pipe", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    snprintf(script, sizeof(script),
             "sh -c 'trap \"\" TERM; echo held >&9; sleep 1000' 9> %s & trap '' TERM; sleep 1000",
             path);
    run(script, 1000, 100);
    ck_assert(!is_good);
    ck_assert_str_eq(message, "not done within 1000 ms");
    fcntl(fd, F_SETFL, 0);          /* from now on a read waits for those who hold it */
    while (read(fd, &byte, 1) == 1) /* "held" */
        ;
    ck_assert_int_eq(read(fd, &byte, 1), 0);
    close(fd);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(a_child_that_stays_behind_with_the_output_open_is_not_waited_for_beyond_the_deadline)
{
    run("setsid sleep 2 & exit 0", 50, 100);
    ck_assert(!is_good);
    ck_assert_str_eq(message, "not done within 50 ms");
}
END_TEST

START_TEST(a_program_that_cannot_be_started_is_told)
{
    char name[] = "/nowhere/program";
    char *words[] = {name, NULL};
    const struct command_limits limits = {LONG_MS, 100};

    command_start(&loop, words, &limits, on_done, NULL);
    ck_assert_uint_eq(done_count, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(done_count, 1);
    ck_assert_str_eq(message, "cannot be started: no such file or directory");
}
END_TEST

START_TEST(a_run_that_is_cancelled_is_ended_at_once)
{
    command_cancel(start("sleep 1000", LONG_MS, 100));
    ck_assert_uint_eq(done_count, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(done_count, 1);
    ck_assert_str_eq(message, "stopped by us");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command");
    TCase *tcase = tcase_create("command");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, what_a_program_prints_is_what_is_given);
    tcase_add_test(tcase, what_is_printed_last_is_not_lost_when_a_child_prints_it);
    tcase_add_test(tcase, a_program_that_prints_too_much_is_ended);
    tcase_add_test(tcase, a_flood_of_errors_is_read_and_only_its_beginning_kept);
    tcase_add_test(tcase, a_program_that_hangs_is_ended_with_its_children);
    tcase_add_test(
        tcase,
        a_child_that_stays_behind_with_the_output_open_is_not_waited_for_beyond_the_deadline);
    tcase_add_test(tcase, a_program_that_cannot_be_started_is_told);
    tcase_add_test(tcase, a_run_that_is_cancelled_is_ended_at_once);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
