/* SPDX-License-Identifier: Apache-2.0 */
/* What plugins print: their text, and the values behind the bar, as far as they are any. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "plugin_output.h"

static struct plugin_output output;

static void parse(const char *text)
{
    plugin_output_parse(text, strlen(text), &output);
}

static void expect_value(uint32_t index, const char *label, const char *value, const char *unit)
{
    ck_assert_uint_lt(index, output.value_count);
    ck_assert_str_eq(output.values[index].label, label);
    ck_assert_str_eq(output.values[index].value, value);
    ck_assert_str_eq(output.values[index].unit, unit);
}

static void expect_told(const char *text, const char *told)
{
    char out[200];

    parse(text);
    plugin_output_tell(&output, out, sizeof(out));
    ck_assert_str_eq(out, told);
}

START_TEST(the_first_line_up_to_its_bar_is_the_text)
{
    parse("DISK OK - free space: / 3326 MB (56%); | /=2643MB;5948;5958;0;5968\n"
          "/ 15272 MB (77%);\n/boot 68 MB (69%);\n"
          "/home 69357 MB (27%); | /boot=68MB;88;93;0;98\n/home=69357MB;253404;253409;0;253414\n");
    ck_assert_str_eq(output.text, "DISK OK - free space: / 3326 MB (56%);");
    ck_assert_uint_eq(output.value_count, 3);
    expect_value(0, "/", "2643", "MB");
    ck_assert_str_eq(output.values[0].warn, "5948");
    ck_assert_str_eq(output.values[0].critical, "5958");
    ck_assert_str_eq(output.values[0].min, "0");
    ck_assert_str_eq(output.values[0].max, "5968");
    expect_value(1, "/boot", "68", "MB");
    expect_value(2, "/home", "69357", "MB");
    ck_assert_uint_eq(output.skipped, 0);
}
END_TEST

START_TEST(labels_may_be_quoted_with_blanks_and_quotes_in_them)
{
    parse("x|'it''s a label'=1.5s;@10:20;~:3 'a=b'=U load1=0.010;;;0; t=-3e-05s");
    ck_assert_uint_eq(output.value_count, 4);
    expect_value(0, "it's a label", "1.5", "s");
    ck_assert_str_eq(output.values[0].warn, "@10:20");
    ck_assert_str_eq(output.values[0].critical, "~:3");
    expect_value(1, "a=b", "U", "");
    expect_value(2, "load1", "0.010", "");
    ck_assert_str_eq(output.values[2].min, "0");
    expect_value(3, "t", "-3e-05", "s");
}
END_TEST

START_TEST(what_is_no_value_is_skipped_and_counted)
{
    parse("x|a= b=z =1 'open=1 c=1;no;2 d=1.2.3e");
    ck_assert_uint_eq(output.value_count, 0);
    parse("x|a= b=z =1 c=1eggs;no;2 d 'open=1");
    ck_assert_uint_eq(output.value_count, 1);
    expect_value(0, "c", "1", "eggs");
    ck_assert_str_eq(output.values[0].warn, "");
    ck_assert_str_eq(output.values[0].critical, "2");
    ck_assert_uint_eq(output.skipped, 5);
}
END_TEST

START_TEST(more_values_than_are_kept_are_counted)
{
    char text[400] = "x|";

    for (unsigned i = 0; i < PLUGIN_VALUES_MAX + 3; i++)
        strncat(text, "a=1 ", sizeof(text) - strlen(text) - 1);
    parse(text);
    ck_assert_uint_eq(output.value_count, PLUGIN_VALUES_MAX);
    ck_assert_uint_eq(output.skipped, 3);
}
END_TEST

START_TEST(nothing_gives_an_empty_text)
{
    plugin_output_parse(NULL, 0, &output);
    ck_assert_str_eq(output.text, "");
    parse("\n\nlater");
    ck_assert_str_eq(output.text, "");
    parse(" \t ok \r\n");
    ck_assert_str_eq(output.text, "ok");
}
END_TEST

START_TEST(what_is_told_is_printable_and_short)
{
    char long_text[1000];
    char out[200];

    expect_told("LOAD OK|load1=0.5;4;8;0 'free'=12%\n",
                "LOAD OK (load1 0.5 warn 4 crit 8, free 12%)");
    expect_told("a\x1b[2J\x80|b\x07=1", "a\\x1b[2J\\x80 (b\\x07 1)");
    expect_told("a|b=c", "a");
    memset(long_text, 'x', sizeof(long_text));
    plugin_output_parse(long_text, sizeof(long_text), &output);
    ck_assert_uint_eq(strlen(output.text), PLUGIN_TEXT_MAX);
    parse("text|abc=1 def=2");
    plugin_output_tell(&output, out, sizeof("text (abc 1)"));
    ck_assert_str_eq(out, "text (abc 1)");
    plugin_output_tell(&output, out, sizeof("text (abc 1)") - 1);
    ck_assert_str_eq(out, "text");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plugin output");
    TCase *tests = tcase_create("plugin output");

    tcase_add_test(tests, the_first_line_up_to_its_bar_is_the_text);
    tcase_add_test(tests, labels_may_be_quoted_with_blanks_and_quotes_in_them);
    tcase_add_test(tests, what_is_no_value_is_skipped_and_counted);
    tcase_add_test(tests, more_values_than_are_kept_are_counted);
    tcase_add_test(tests, nothing_gives_an_empty_text);
    tcase_add_test(tests, what_is_told_is_printable_and_short);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
