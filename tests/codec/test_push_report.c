/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs report: good, failed, or refused with a sentence; and what is kept of it on disk. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "push_report.h"

static const struct {
    const char *body;
    bool is_ok;
    const char *text;
} good[] = {
    {"", true, ""},
    {" \r\n", true, ""},
    {"ok", true, ""},
    {"fail\n", false, ""},
    {"ok 812 files\nand more", true, "812 files"},
    {"fail: disk \x1b[2J full\r\nmore", false, "disk \\x1b[2J full"},
    {"{}", true, ""},
    {" {\"state\":\"fail\",\"text\":\"no \\\"space\\\"\"}\n", false, "no \"space\""},
    {"{\"rows\":[1,2],\"text\":\"\xc3\xa4\"}", true, "\\xc3\\xa4"},
};

START_TEST(a_report_says_ok_or_fail_and_perhaps_why)
{
    struct push_report report;
    char error[300] = "";

    ck_assert_msg(
        push_report_read(good[_i].body, strlen(good[_i].body), &report, error, sizeof(error)) == 0,
        "%s", error);
    ck_assert(report.is_ok == good[_i].is_ok);
    ck_assert_str_eq(report.text, good[_i].text);
}
END_TEST

static const struct {
    const char *body;
    size_t length;
    const char *error;
} bad[] = {
    {"done", 4, "begins with neither ok nor fail"},
    {"failed", 6, "begins with neither ok nor fail"},
    {"ok_no", 5, "begins with neither ok nor fail"},
    {"okay", 4, "begins with neither ok nor fail"},
    {"OK", 2, "begins with neither ok nor fail"},
    {"[1]", 3, "begins with neither ok nor fail"},
    {"{\"state\":\"broken\"}", 18, "state: neither \"ok\" nor \"fail\""},
    {"{\"state\":1}", 11, "state: neither \"ok\" nor \"fail\""},
    {"{\"text\":1}", 10, "text: not a text"},
    {"{\"state\":", 9, "begins as JSON and is none: line 1"},
    {"{\"state\":\"ok\",\"state\":\"fail\"}", 29, "begins as JSON and is none"},
    {"{} ok", 5, "begins as JSON and is none"},
    {"ok \xff", 4, "is no text in UTF-8"},
    {"ok\0fail", 7, "is no text in UTF-8"},
};

START_TEST(what_says_neither_is_refused_with_what_is_allowed)
{
    struct push_report report = {.text = "untouched"};
    char error[300] = "";

    ck_assert_int_eq(push_report_read(bad[_i].body, bad[_i].length, &report, error, sizeof(error)),
                     -1);
    ck_assert_msg(strstr(error, bad[_i].error) == error, "%s", error);
    ck_assert_ptr_nonnull(strstr(error, "; allowed are"));
    ck_assert_str_eq(report.text, "untouched");
}
END_TEST

START_TEST(a_report_has_its_size)
{
    static char body[PUSH_BODY_MAX + 2] = "ok ";
    struct push_report report;
    char error[300];

    memset(body + 3, 'x', sizeof(body) - 4);
    ck_assert_int_eq(push_report_read(body, PUSH_BODY_MAX, &report, error, sizeof(error)), 0);
    ck_assert_uint_eq(strlen(report.text), PUSH_TEXT_MAX);
    ck_assert_int_eq(push_report_read(body, PUSH_BODY_MAX + 1, &report, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "the report has more than 4096 bytes");
}
END_TEST

START_TEST(what_is_kept_comes_back)
{
    struct push_kept kept = {.at_wall = 1700000000000, .silent_ms = 42, .length = PUSH_BODY_MAX};
    struct push_kept again;
    static char text[PUSH_KEPT_MAX];
    char error[300];
    int length;

    memset(kept.body, '\x01', PUSH_BODY_MAX);
    memcpy(kept.body, "fail ", 5);
    length = push_kept_write(&kept, text, sizeof(text));
    ck_assert_int_gt(length, 0); /* the longest there is has room */
    ck_assert_int_eq(push_kept_read(text, (size_t)length, &again, error, sizeof(error)), 0);
    ck_assert_int_eq(again.at_wall, kept.at_wall);
    ck_assert_int_eq(again.silent_ms, 42);
    ck_assert_uint_eq(again.length, PUSH_BODY_MAX);
    ck_assert_str_eq(again.body, kept.body);
}
END_TEST

static const char *const damaged[] = {
    "",
    "{",
    "{\"v\":2,\"at\":1,\"silent_ms\":1,\"body\":\"\"}",
    "{\"v\":1,\"at\":-1,\"silent_ms\":1,\"body\":\"\"}",
    "{\"v\":1,\"at\":1,\"silent_ms\":-1,\"body\":\"\"}",
    "{\"v\":1,\"at\":1,\"silent_ms\":9223372036854775807,\"body\":\"\"}",
    "{\"v\":1,\"at\":1,\"silent_ms\":1,\"body\":\"what\"}",
    "{\"v\":1,\"at\":1,\"silent_ms\":1}",
    "{\"v\":1,\"at\":1,\"silent_ms\":1,\"body\":\"\",\"x\":1}",
};

START_TEST(what_is_damaged_is_said)
{
    struct push_kept kept;
    char error[300] = "";

    ck_assert_int_eq(push_kept_read(damaged[_i], strlen(damaged[_i]), &kept, error, sizeof(error)),
                     -1);
    ck_assert_uint_gt(strlen(error), 0);
}
END_TEST

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

int main(void)
{
    Suite *suite = suite_create("push report");
    TCase *tests = tcase_create("push report");

    tcase_add_loop_test(tests, a_report_says_ok_or_fail_and_perhaps_why, 0, COUNT(good));
    tcase_add_loop_test(tests, what_says_neither_is_refused_with_what_is_allowed, 0, COUNT(bad));
    tcase_add_test(tests, a_report_has_its_size);
    tcase_add_test(tests, what_is_kept_comes_back);
    tcase_add_loop_test(tests, what_is_damaged_is_said, 0, COUNT(damaged));
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
