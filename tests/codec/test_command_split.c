/* SPDX-License-Identifier: Apache-2.0 */
/* A command line is split as a shell would, and means nothing else. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "command_split.h"

static char error[128];

/* The words with `|` between them; static. NULL: error. */
static const char *split(const char *line)
{
    static char joined[512];
    struct command command;

    if (command_split(line, &command, error, sizeof(error)) != 0)
        return NULL;
    joined[0] = '\0';
    for (size_t i = 0; i < command.count; i++) {
        strncat(joined, command.words[i], 100);
        strncat(joined, "|", 2);
    }
    ck_assert_ptr_null(command.words[command.count]);
    command_clear(&command);
    ck_assert_uint_eq(command.count, 0);
    return joined;
}

START_TEST(blanks_part_words_and_quotes_keep_them)
{
    ck_assert_str_eq(split("/bin/x"), "/bin/x|");
    ck_assert_str_eq(split("  /bin/x \t --a  b\n"), "/bin/x|--a|b|");
    ck_assert_str_eq(split("\"/opt/my tools/x\" 'a b'c"), "/opt/my tools/x|a bc|");
    ck_assert_str_eq(split("x '' \"\""), "x|||");
    ck_assert_str_eq(split("x a\\ b \\\"c"), "x|a b|\"c|");
    ck_assert_str_eq(split("x \"a\\\"b\\\\c\\d\""), "x|a\"b\\c\\d|");
    ck_assert_str_eq(split("x 'a\\'"), "x|a\\|");
}
END_TEST

START_TEST(nothing_is_expanded)
{
    ck_assert_str_eq(split("x $HOME `id` $(id) *;|&><~#!"), "x|$HOME|`id`|$(id)|*;|&><~#!|");
}
END_TEST

START_TEST(what_is_no_command_is_told)
{
    char many[2 * (COMMAND_WORDS_MAX + 1) + 1] = "";

    ck_assert_ptr_null(split(""));
    ck_assert_str_eq(error, "no words");
    ck_assert_ptr_null(split(" \t"));
    ck_assert_ptr_null(split("x 'hunter2"));
    ck_assert_str_eq(error, "a quote that is not closed");
    ck_assert_ptr_null(split("x \"hunter2\\"));
    ck_assert_ptr_null(split("x hunter2\\"));
    ck_assert_str_eq(error, "a backslash at the end");
    for (size_t i = 0; i < COMMAND_WORDS_MAX; i++)
        memcpy(many + 2 * i, "a ", 2);
    ck_assert_ptr_nonnull(split(many));
    memcpy(many + 2 * COMMAND_WORDS_MAX, "a", 2);
    ck_assert_ptr_null(split(many));
    ck_assert_str_eq(error, "more than 64 words");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("command_split");
    TCase *tcase = tcase_create("command_split");

    tcase_add_test(tcase, blanks_part_words_and_quotes_keep_them);
    tcase_add_test(tcase, nothing_is_expanded);
    tcase_add_test(tcase, what_is_no_command_is_told);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
