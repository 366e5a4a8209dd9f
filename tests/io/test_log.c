/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log: one fact, one line, whatever is in it; and what the service manager is told. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "log.h"
#include "notify.h"

static char line[LOG_LINE_MAX];

START_TEST(a_sentence_is_quoted_and_a_fact_is_not)
{
    log_format(line, sizeof(line), false, 1772356364123, LOG_LEVEL_ERROR, "msg",
               "store: \"a b\" is away");
    ck_assert_str_eq(line, "ts=2026-03-01T09:12:44.123Z level=error "
                           "msg=\"store: \\\"a b\\\" is away\"\n");
    log_format(line, sizeof(line), false, 0, LOG_LEVEL_INFO, "fact", "head group=solo epoch=7");
    ck_assert_str_eq(line, "ts=1970-01-01T00:00:00.000Z level=info fact=head group=solo epoch=7\n");
}
END_TEST

START_TEST(the_journal_is_told_the_priority)
{
    static const char *const begins[] = {"<6>level=info", "<4>level=warn", "<3>level=error"};

    for (int level = LOG_LEVEL_INFO; level <= LOG_LEVEL_ERROR; level++) {
        log_format(line, sizeof(line), true, -1, (enum log_level)level, "msg", "x");
        ck_assert_ptr_eq(strstr(line, begins[level]), line);
    }
}
END_TEST

START_TEST(what_came_from_outside_stays_one_printable_line)
{
    size_t length = log_format(line, sizeof(line), false, -1, LOG_LEVEL_WARN, "msg",
                               "a\nlevel=error msg=\"forged\"\x1b[2J\xff");

    ck_assert_str_eq(line,
                     "level=warn msg=\"a\\x0alevel=error msg=\\\"forged\\\"\\x1b[2J\\xff\"\n");
    ck_assert_uint_eq(length, strlen(line));
}
END_TEST

START_TEST(a_line_too_long_is_cut_and_says_so)
{
    char text[2 * LOG_LINE_MAX];
    size_t length;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    length = log_format(line, sizeof(line), true, 0, LOG_LEVEL_INFO, "msg", text);
    ck_assert_uint_eq(length, strlen(line));
    ck_assert_uint_lt(length, LOG_LINE_MAX);
    ck_assert_ptr_nonnull(strstr(line, "...\n"));
    length = log_format(line, 80, false, -1, LOG_LEVEL_INFO, "msg",
                        "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""
                        "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"");
    ck_assert_uint_lt(length, 80);
}
END_TEST

START_TEST(the_journal_is_known_by_device_and_inode)
{
    struct stat status;
    char stream[64];

    ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
             (unsigned long long)status.st_ino);
    ck_assert(log_is_journal(stream, STDERR_FILENO));
    ck_assert(!log_is_journal(stream, -1));
    ck_assert(!log_is_journal(NULL, STDERR_FILENO));
    ck_assert(!log_is_journal("", STDERR_FILENO));
    ck_assert(!log_is_journal("7", STDERR_FILENO));
    ck_assert(!log_is_journal("1:2:3", STDERR_FILENO));
}
END_TEST

/* ---- the service manager ---- */

/* A socket that listens as a service manager does; its name is put into the environment. */
static int manager(const char *path, bool abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    socklen_t size;

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (abstract)
        address.sun_path[0] = '\0';
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, size), 0);
    setenv("NOTIFY_SOCKET", path, 1);
    return fd;
}

static void heard(int fd, const char *text)
{
    char got[256] = "";

    ck_assert_int_ge(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 0);
    ck_assert_str_eq(got, text);
}

START_TEST(the_service_manager_hears_by_path_and_by_abstract_name)
{
    char path[] = "/tmp/regionshift-notify-XXXXXX";
    char name[64];
    int fd;

    ck_assert_ptr_nonnull(mkdtemp(path));
    snprintf(name, sizeof(name), "%s/s", path);
    fd = manager(name, false);
    ck_assert_int_eq(notify_send("READY=1\nSTATUS=x"), 0);
    heard(fd, "READY=1\nSTATUS=x");
    ck_assert_int_eq(notify_reloading(1234567), 0);
    heard(fd, "RELOADING=1\nMONOTONIC_USEC=1234567");
    close(fd);
    unlink(name);
    rmdir(path);
    snprintf(name, sizeof(name), "@regionshift-test-%d", (int)getpid());
    fd = manager(name, true);
    ck_assert_int_eq(notify_send("WATCHDOG=1"), 0);
    heard(fd, "WATCHDOG=1");
    close(fd);
}
END_TEST

START_TEST(nobody_to_tell_is_no_error_and_a_bad_name_is_one)
{
    unsetenv("NOTIFY_SOCKET");
    ck_assert_int_eq(notify_send("READY=1"), 0);
    setenv("NOTIFY_SOCKET", "relative", 1);
    ck_assert_int_eq(notify_send("READY=1"), -EINVAL);
    setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
    ck_assert_int_eq(notify_send("READY=1"), -ENOENT);
}
END_TEST

START_TEST(the_watchdog_is_fed_twice_in_its_time)
{
    char pid[32];

    snprintf(pid, sizeof(pid), "%d", (int)getpid());
    setenv("WATCHDOG_PID", pid, 1);
    setenv("WATCHDOG_USEC", "30000000", 1);
    ck_assert_int_eq(notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_PID", "1", 1); /* another process is meant */
    ck_assert_int_eq(notify_watchdog_ms(), 0);
    unsetenv("WATCHDOG_PID");
    ck_assert_int_eq(notify_watchdog_ms(), 15000);
    setenv("WATCHDOG_USEC", "soon", 1);
    ck_assert_int_eq(notify_watchdog_ms(), 0);
    setenv("WATCHDOG_USEC", "99999999999999999999", 1);
    ck_assert_int_eq(notify_watchdog_ms(), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log");
    TCase *tests = tcase_create("log");

    tcase_add_test(tests, a_sentence_is_quoted_and_a_fact_is_not);
    tcase_add_test(tests, the_journal_is_told_the_priority);
    tcase_add_test(tests, what_came_from_outside_stays_one_printable_line);
    tcase_add_test(tests, a_line_too_long_is_cut_and_says_so);
    tcase_add_test(tests, the_journal_is_known_by_device_and_inode);
    tcase_add_test(tests, the_service_manager_hears_by_path_and_by_abstract_name);
    tcase_add_test(tests, nobody_to_tell_is_no_error_and_a_bad_name_is_one);
    tcase_add_test(tests, the_watchdog_is_fed_twice_in_its_time);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
