/* SPDX-License-Identifier: Apache-2.0 */
/* How expressions are read: what docs/ASSERTIONS.md says of them, row by row, and their limits. */
#include <stdlib.h>

#include "../lib/suite.h"
#include "assertions.h"

enum { LINE_SIZE = 1024, MISTAKES_MIN = 20 };

static const uint32_t http_subjects =
    1u << SUBJECT_STATUS | 1u << SUBJECT_BODY | 1u << SUBJECT_JSON | 1u << SUBJECT_HEADER |
    1u << SUBJECT_LATENCY | 1u << SUBJECT_CERT_DAYS | 1u << SUBJECT_TLS;

static const struct {
    const char *kind;
    uint32_t subjects;
} kinds[] = {
    {"http", http_subjects},
    {"tcp", 1u << SUBJECT_BODY | 1u << SUBJECT_LATENCY},
    {"tls", 1u << SUBJECT_CERT_DAYS | 1u << SUBJECT_TLS | 1u << SUBJECT_LATENCY},
    {"dns",
     1u << SUBJECT_RCODE | 1u << SUBJECT_ANSWERS | 1u << SUBJECT_LATENCY | 1u << SUBJECT_BODY},
    {"icmp", 1u << SUBJECT_LATENCY},
    {"grpc",
     1u << SUBJECT_STATE | 1u << SUBJECT_LATENCY | 1u << SUBJECT_CERT_DAYS | 1u << SUBJECT_TLS},
    {"websocket", 1u << SUBJECT_STATUS | 1u << SUBJECT_HEADER | 1u << SUBJECT_LATENCY |
                      1u << SUBJECT_CERT_DAYS | 1u << SUBJECT_TLS},
    {"agent",
     1u << SUBJECT_STATE | 1u << SUBJECT_PERCENT | 1u << SUBJECT_BODY | 1u << SUBJECT_LATENCY},
    {"command", 1u << SUBJECT_EXIT | 1u << SUBJECT_BODY | 1u << SUBJECT_LATENCY},
    {"push", 1u << SUBJECT_BODY | 1u << SUBJECT_JSON | 1u << SUBJECT_STATE},
    {"alarm", 1u << SUBJECT_STATE},
    {"alb", 1u << SUBJECT_HEALTHY | 1u << SUBJECT_UNHEALTHY},
};

/* ---- the document ---- */

/* Goes on to what follows this heading. */
static FILE *open_document(const char *heading)
{
    FILE *file = fopen(SOURCE_DIR "/docs/ASSERTIONS.md", "r");
    char line[LINE_SIZE];

    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, heading) == 0)
            return file;
    }
    ck_abort_msg("no heading %s", heading);
}

/* The next "| left | right |", without backquotes; false: the next heading, or the end. */
static bool next_row(FILE *file, char line[LINE_SIZE], char **ret_left, char **ret_right)
{
    while (fgets(line, LINE_SIZE, file) != NULL && line[0] != '#') {
        char *middle = strstr(line, " | `");
        char *end = middle != NULL ? strstr(middle, "` |\n") : NULL;

        if (line[0] != '|' || end == NULL)
            continue;
        *end = '\0';
        *middle = '\0';
        *ret_left = line + 2;
        if (line[2] == '`') {
            (*ret_left)++;
            middle[-1] = '\0';
        }
        *ret_right = middle + 4;
        return true;
    }
    return false;
}

START_TEST(the_documented_mistakes_are_told_in_the_documented_words)
{
    uint32_t subjects = http_subjects | SUBJECT_BIT(SUBJECT_RCODE) | SUBJECT_BIT(SUBJECT_STATE);
    FILE *file = open_document("## Mistakes");
    char line[LINE_SIZE], *written, *told;
    int count = 0;

    for (; next_row(file, line, &written, &told); count++) {
        struct assertion *assertion = NULL;
        char error[256] = "";

        ck_assert_msg(assertion_parse(written, subjects, &assertion, error, sizeof(error)) == -1,
                      "taken: %s", written);
        ck_assert_ptr_null(assertion);
        ck_assert_str_eq(error, told);
        ck_assert_ptr_nonnull(strstr(error, "allowed"));
    }
    fclose(file);
    ck_assert_int_ge(count, MISTAKES_MIN);
}
END_TEST

START_TEST(the_documented_examples_are_read_for_their_kinds)
{
    FILE *file = open_document("## Examples");
    char line[LINE_SIZE], *kind, *written;
    bool seen[COUNT(kinds)] = {false};

    while (next_row(file, line, &kind, &written)) {
        struct assertion *assertion = NULL;
        char error[256] = "";
        int i = 0;

        while (i < COUNT(kinds) && strcmp(kinds[i].kind, kind) != 0)
            i++;
        ck_assert_msg(i < COUNT(kinds), "no kind %s", kind);
        ck_assert_msg(
            assertion_parse(written, kinds[i].subjects, &assertion, error, sizeof(error)) == 0,
            "%s: %s", written, error);
        assertion_destroy(assertion);
        seen[i] = true;
    }
    fclose(file);
    for (int i = 0; i < COUNT(kinds); i++)
        ck_assert_msg(seen[i], "no example of %s", kinds[i].kind);
}
END_TEST

/* ---- mistakes that are no use to readers ---- */

static const struct {
    const char *written;
    const char *told;
} mistakes[] = {
    {"", "column 1: found the end, allowed are not, (, state, percent"},
    {"  ", "column 3: found the end, allowed are not, (, state, percent"},
    {"state == OK\n", "column 12: found \"\\x0a\", allowed are and, or, the end"},
    {"gr\xc3\xb6\xc3\x9f"
     "e == 1",
     "column 1: found \"gr\\xc3\\xb6\\xc3\\x9fe\", allowed are not, (, state, percent"},
    {"state == '\xc3\xb6' x", "column 14: found \"x\", allowed are and, or, the end"},
    {"state == \xff", "column 10: found \"\\xff\", allowed are texts in quotes, as \"ok\" or 'ok'"},
    {"state == 'a\\x4'", "column 12: no escape, allowed are \\\" \\' \\\\ \\n \\t \\r and \\xNN"},
    {"percent == 1001", "column 12: found \"1001\", allowed are numbers from 0 to 1000"},
    {"percent == -1", "column 12: found \"-1\", allowed are numbers from 0 to 1000"},
    {"percent == 1e2", "column 12: found \"1e2\", allowed are numbers from 0 to 1000"},
    {"percent == 99999999999999999999",
     "column 12: found \"99999999999999999999\", allowed are numbers from 0 to 1000"},
    {"percent in", "column 11: found the end, allowed are numbers from 0 to 1000"},
    {"percent in 1,", "column 14: found the end, allowed are numbers from 0 to 1000"},
    {"percent in 1,,2", "column 14: found \",\", allowed are numbers from 0 to 1000"},
    {"percent in 1-2-3", "column 15: found \"-3\", allowed are and, or, the end"},
    {"percent > 1 or", "column 15: found the end, allowed are not, (, state, percent"},
    {"((percent > 1)", "column 15: found the end, allowed are and, or, )"},
    {"()", "column 2: found \")\", allowed are not, (, state, percent"},
    {"not not", "column 8: found the end, allowed are not, (, state, percent"},
    {"percent <> 1", "column 10: found \">\", allowed are numbers from 0 to 1000"},
    {"status == 200", "column 1: this check has no status, allowed are state, percent"},
    {"state matches /[/", "column 17: no pattern (missing terminating ] for character class), "
                          "allowed is what PCRE2 allows"},
    {"state matches /(?1)/", "column 19: no pattern (reference to non-existent subpattern), "
                             "allowed is what PCRE2 allows"},
    {"state matches /(*UTF)a/",
     "column 22: no pattern (using UTF is disabled by the application), allowed is what PCRE2 "
     "allows"},
};

START_TEST(a_mistake_is_told_with_its_column_and_what_is_allowed)
{
    uint32_t subjects = SUBJECT_BIT(SUBJECT_STATE) | SUBJECT_BIT(SUBJECT_PERCENT);
    struct assertion *assertion = NULL;
    char error[256] = "";

    ck_assert_int_eq(
        assertion_parse(mistakes[_i].written, subjects, &assertion, error, sizeof(error)), -1);
    ck_assert_ptr_null(assertion);
    ck_assert_str_eq(error, mistakes[_i].told);
}
END_TEST

/* ---- limits ---- */

/* `count` times the piece between a beginning and an end. */
static const char *repeated(const char *begin, const char *piece, int count, const char *end)
{
    static char text[2 * ASSERTION_TEXT_MAX];
    size_t used = (size_t)snprintf(text, sizeof(text), "%s", begin);

    for (int i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s", piece);
    snprintf(text + used, sizeof(text) - used, "%s", end);
    return text;
}

static void taken(const char *text)
{
    assertion_destroy(parse(text));
}

static void refused(const char *text, const char *told)
{
    struct assertion *assertion = NULL;
    char error[256] = "";

    ck_assert_int_eq(assertion_parse(text, EVERY_SUBJECT, &assertion, error, sizeof(error)), -1);
    ck_assert_ptr_null(assertion);
    ck_assert_str_eq(error, told);
}

START_TEST(an_expression_has_at_most_4096_bytes)
{
    taken(repeated("body == '", "x", ASSERTION_TEXT_MAX - 10, "'"));
    refused(repeated("body == '", "x", ASSERTION_TEXT_MAX - 9, "'"),
            "column 4097: the expression goes on, allowed are 4096 bytes");
}
END_TEST

START_TEST(parentheses_and_not_are_at_most_32_deep)
{
    taken(repeated("", "not ", ASSERTION_DEPTH_MAX, "exit > 1"));
    refused(repeated("", "not ", ASSERTION_DEPTH_MAX + 1, "exit > 1"),
            "column 129: too deep, allowed are 32 of ( and not in each other");
    refused(repeated("", "(", ASSERTION_DEPTH_MAX + 1, "exit > 1"),
            "column 33: too deep, allowed are 32 of ( and not in each other");
    taken(repeated("(exit > 1)", " or (exit > 1)", 100, "")); /* side by side is not deep */
}
END_TEST

START_TEST(an_expression_has_at_most_256_nodes)
{
    taken(repeated("exit>1", " or exit>1", 127, "")); /* 128 tests, 127 or */
    taken(repeated("not exit>1", " or exit>1", 127, ""));
    refused(repeated("exit>1", " or exit>1", 128, ""),
            "column 1281: the expression is too large, allowed are 256 tests, and, or, not");
}
END_TEST

START_TEST(a_list_has_at_most_64_ranges)
{
    taken(repeated("exit in 1", ",1", 63, ""));
    refused(repeated("exit in 1", ",1", 64, ""),
            "column 137: found \"1\", allowed are 64 ranges in a list");
}
END_TEST

START_TEST(a_path_has_at_most_16_steps)
{
    taken(repeated("json ", ".a", 16, " exists"));
    taken(repeated("json .", "[0]", 16, " exists"));
    refused(repeated("json ", ".a", 17, " exists"),
            "column 38: a path goes on, allowed are 16 steps");
}
END_TEST

START_TEST(numbers_of_json_are_those_that_a_machine_can_hold)
{
    taken("json .a == 123456789012345678");
    taken("json .a == -0.5e-3 or json .a == 1E+2 or json .a < -1e300");
    refused("json .a == 1234567890123456789", "column 12: found \"1234567890123456789\", allowed "
                                              "are numbers as 100, -0.5 and 1e6, of 18 digits at "
                                              "most");
    refused("json .a == 1e301",
            "column 12: found \"1e301\", allowed are numbers from -1e300 to 1e300");
    refused("json .a == 1e",
            "column 12: found \"1e\", allowed are numbers as 100, -0.5 and 1e6, of 18 digits at "
            "most");
}
END_TEST

/* ---- form ---- */

START_TEST(blanks_are_free_between_words)
{
    taken("status==200 and(exit<2)or not(tls>=1.2)");
    taken("\t status  in 200 - 299 ,\t304 ");
    taken("json .a[ 0 ][ 'b' ]exists");
}
END_TEST

START_TEST(what_an_expression_looks_at_is_known)
{
    struct assertion *assertion = parse("not (json .a exists or header 'x' exists) and exit == 0");

    ck_assert_uint_eq(assertion_subjects(assertion),
                      SUBJECT_BIT(SUBJECT_JSON) | SUBJECT_BIT(SUBJECT_BODY) |
                          SUBJECT_BIT(SUBJECT_HEADER) | SUBJECT_BIT(SUBJECT_EXIT));
    ck_assert_uint_eq(assertion_subjects(NULL), 0);
    assertion_destroy(assertion);
}
END_TEST

START_TEST(both_of_one_and_nothing_is_the_one)
{
    struct assertion *one = parse("exit == 0");

    ck_assert_ptr_null(assertion_both(NULL, NULL));
    ck_assert_ptr_eq(assertion_both(one, NULL), one);
    ck_assert_ptr_eq(assertion_both(NULL, one), one);
    one = assertion_both(one, parse("status == 200"));
    ck_assert_uint_eq(assertion_subjects(one),
                      SUBJECT_BIT(SUBJECT_EXIT) | SUBJECT_BIT(SUBJECT_STATUS));
    assertion_destroy(one);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("assertion_parse");
    TCase *tests = tcase_create("assertion_parse");

    tcase_add_test(tests, the_documented_mistakes_are_told_in_the_documented_words);
    tcase_add_test(tests, the_documented_examples_are_read_for_their_kinds);
    tcase_add_loop_test(tests, a_mistake_is_told_with_its_column_and_what_is_allowed, 0,
                        COUNT(mistakes));
    tcase_add_test(tests, an_expression_has_at_most_4096_bytes);
    tcase_add_test(tests, parentheses_and_not_are_at_most_32_deep);
    tcase_add_test(tests, an_expression_has_at_most_256_nodes);
    tcase_add_test(tests, a_list_has_at_most_64_ranges);
    tcase_add_test(tests, a_path_has_at_most_16_steps);
    tcase_add_test(tests, numbers_of_json_are_those_that_a_machine_can_hold);
    tcase_add_test(tests, blanks_are_free_between_words);
    tcase_add_test(tests, what_an_expression_looks_at_is_known);
    tcase_add_test(tests, both_of_one_and_nothing_is_the_one);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
