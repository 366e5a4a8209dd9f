/* SPDX-License-Identifier: Apache-2.0 */
/* Every complaint to the letter: complaints.txt edits base.conf and says what must be said. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base.h"
#include "../../monitor/settings/inspect.h"

/* One case while its lines are read. */
struct expectation {
    unsigned line; /* of complaints.txt */
    char *text;    /* base.conf, edited so far */
    char *from;    /* lines with "-" */
    char *to;      /* lines with "+" */
    char *report;  /* lines with ">" */
    unsigned failed;
    unsigned count;
};

static void append_line(char **text, const char *line)
{
    size_t before = *text == NULL ? 0 : strlen(*text);
    size_t size = before + strlen(line) + 2;
    *text = realloc(*text, size);
    ck_assert_ptr_nonnull(*text);
    snprintf(*text + before, size - before, "%s\n", line);
}

static void apply_edit(struct expectation *e)
{
    if (e->from == NULL)
        return;
    ck_assert_msg(e->to != NULL, "complaints.txt:%u: - without +", e->line);
    e->from[strlen(e->from) - 1] = '\0';
    e->to[strlen(e->to) - 1] = '\0';
    char *text = edited(e->text, e->from, e->to);
    free(e->text);
    free(e->from);
    free(e->to);
    e->text = text;
    e->from = NULL;
    e->to = NULL;
}

static void judge(struct expectation *e)
{
    apply_edit(e);
    char *said = said_about(e->text, strlen(e->text));
    const char *wanted = e->report == NULL ? "" : e->report;
    if (strcmp(said, wanted) != 0) {
        fprintf(stderr, "complaints.txt:%u\n  wanted: %s\n  said:   %s\n", e->line, wanted, said);
        e->failed++;
    }
    e->count++;
    free(said);
    free(e->text);
    free(e->report);
    e->text = NULL;
    e->report = NULL;
}

static void take_line(struct expectation *e, const char *line, unsigned number)
{
    if (strcmp(line, "=") == 0) {
        if (e->text != NULL)
            judge(e);
        e->text = source_text("tests/settings/base.conf");
        e->line = number;
    } else if (line[0] == '-') {
        if (e->to != NULL)
            apply_edit(e);
        append_line(&e->from, line + 2);
    } else if (line[0] == '+') {
        append_line(&e->to, line + 2);
    } else if (line[0] == '>') {
        append_line(&e->report, line + 2);
    } else {
        ck_assert_msg(line[0] == '\0' || line[0] == '#', "complaints.txt:%u: %s", number, line);
    }
}

START_TEST(every_complaint_is_said_to_the_letter)
{
    char *cases = source_text("tests/settings/complaints.txt");
    struct expectation e = {0};
    unsigned number = 0;
    setenv("WORD_A", "alpha", 1);
    setenv("WORD_B", "beta", 1);
    setenv("WORD_X", "two words", 1);
    setenv("LONG", "0123456789abcdef0123456789abcdef", 1);
    for (char *line = cases; *line != '\0';) {
        char *end = strchr(line, '\n');
        *end = '\0';
        take_line(&e, line, ++number);
        line = end + 1;
    }
    judge(&e);
    free(cases);
    ck_assert_uint_gt(e.count, 150);
    ck_assert_msg(e.failed == 0, "%u of %u cases differ", e.failed, e.count);
}
END_TEST

START_TEST(every_cross_check_has_a_case)
{
    char *cases = source_text("tests/settings/complaints.txt");
    for (size_t i = 0; i < crosscheck_count; i++) {
        char name[128];
        snprintf(name, sizeof name, "[%s]\n", crosschecks[i].name);
        const char *said = strstr(cases, name);
        ck_assert_msg(said != NULL, "no case for %s", crosschecks[i].name);
        while (said[-1] != '\n')
            said--;
        bool is_warning =
            strstr(said, ": warning: ") < strchr(said, '\n') && strstr(said, ": warning: ") != NULL;
        ck_assert_int_eq(is_warning, crosschecks[i].is_warning);
    }
    free(cases);
}
END_TEST

START_TEST(the_base_file_is_spotless)
{
    char *base = source_text("tests/settings/base.conf");
    char *said = said_about(base, strlen(base));
    ck_assert_str_eq(said, "");
    free(said);
    free(base);
}
END_TEST

START_TEST(bytes_that_are_no_text_are_escaped_in_the_message)
{
    expect_said("name = \"shop\"", "name = \"sh\xffop\"",
                "F:17: groups.[0].name: \"sh\\xffop\" holds a control character or is not UTF-8 "
                "[text]\n");
    expect_said("name = \"shop\"", "name = \"sh\x1b[31mop\"",
                "F:17: groups.[0].name: \"sh\\x1b[31mop\" holds a control character or is not "
                "UTF-8 [text]\n");
}
END_TEST

START_TEST(errors_come_in_the_order_of_the_file)
{
    char *first = base_with("down = 2;", "down = 0; up2 = 1;");
    char *text = edited(first, "order = [ \"east\", \"west\" ];", "hold = \"x\"; order = [ 1 ];");
    char *said = said_about(text, strlen(text));
    unsigned before = 0;
    for (char *line = said; *line != '\0'; line = strchr(line, '\n') + 1) {
        unsigned number = (unsigned)strtoul(line + 2, NULL, 10);
        ck_assert_uint_ge(number, before);
        before = number;
    }
    ck_assert_uint_eq(before, 18);
    free(said);
    free(text);
    free(first);
}
END_TEST

START_TEST(a_hundred_errors_are_shown_and_the_rest_counted)
{
    char keys[4000] = "";
    for (unsigned i = 0; i < 130; i++)
        snprintf(keys + strlen(keys), sizeof keys - strlen(keys), "zzzz%u = 1;\n", i);
    char *text = source_text("tests/settings/base.conf");
    append_line(&text, keys);
    char *said = said_about(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(said, "zzzz99: is no option here"));
    ck_assert_ptr_null(strstr(said, "zzzz100:"));
    ck_assert_ptr_nonnull(strstr(said, "F: 30 more errors are not shown\n"));
    free(said);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("complaints");
    TCase *tests = tcase_create("complaints");

    tcase_add_test(tests, the_base_file_is_spotless);
    tcase_add_test(tests, every_complaint_is_said_to_the_letter);
    tcase_add_test(tests, every_cross_check_has_a_case);
    tcase_add_test(tests, bytes_that_are_no_text_are_escaped_in_the_message);
    tcase_add_test(tests, errors_come_in_the_order_of_the_file);
    tcase_add_test(tests, a_hundred_errors_are_shown_and_the_rest_counted);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
