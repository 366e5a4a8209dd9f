/* SPDX-License-Identifier: Apache-2.0 */
/* Files that mean harm, or were damaged, and machines without memory: an error, never a crash. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "base.h"
#include "../../monitor/settings/parse.h"

enum { FILE_SIZE_MAX = 32 * 1024 * 1024 };

static void expect_refused(const char *text, size_t length, const char *report)
{
    char *said = said_about(text, length);
    ck_assert_str_eq(said, report);
    free(said);
}

START_TEST(nothing_hides_behind_a_nul)
{
    char *base = source_text("tests/settings/base.conf");
    size_t length = strlen(base);
    expect_refused("a = 1;\nb = 2;\0c = 3;", 20,
                   "F:2: a NUL byte: everything after it would be ignored; is this a text file? "
                   "[syntax]\n");
    expect_refused(base, length + 1,
                   "F:21: a NUL byte: everything after it would be ignored; is this a text file? "
                   "[syntax]\n");
    free(base);
    expect_refused("a = ( { b = 1\0;", 15,
                   "F:1: a.[0].b: a NUL byte: everything after it would be ignored; is this a text "
                   "file? [syntax]\n");
    expect_refused("a = {\nb = \"1\0\";", 14,
                   "F:2: a.b: a NUL byte: everything after it would be ignored; is this a text "
                   "file? [syntax]\n");
    expect_refused("a = 1; /*\n\0*/", 13,
                   "F:2: a NUL byte: everything after it would be ignored; is this a text file? "
                   "[syntax]\n");
    expect_refused("# \0", 3,
                   "F:1: a NUL byte: everything after it would be ignored; is this a text file? "
                   "[syntax]\n");
    expect_refused("a = 0x\0", 7,
                   "F:1: a: 0x is not a number, such as 5, 0.5 or 1e3; a text, and a duration with "
                   "a unit, stands in \"quotes\" [number]\n"
                   "F:1: a: a NUL byte: everything after it would be ignored; is this a text file? "
                   "[syntax]\n");
}
END_TEST

START_TEST(an_empty_file_lacks_everything_that_is_required)
{
    expect_refused(
        "", 0,
        "F: quorum: is required; write a group { ... } [missing]\n"
        "F: services: is required; write a list of 1 to 32768 groups ( { ... } ) "
        "[missing]\n"
        "F: groups: is required; write a list of 1 to 32768 groups ( { ... } ) [missing]\n"
        "F: warning: probe.references: without references a probe that sees all regions "
        "down cannot know whether the fault is its own, and abstains; name two or three "
        "places outside [references-missing]\n"
        "F: warning: alerts: nobody would be told of anything; add an smtp or webhook "
        "sink [nobody-is-told]\n");
}
END_TEST

START_TEST(a_byte_order_mark_is_named)
{
    expect_refused("\xEF\xBB\xBF"
                   "a = 1;",
                   9, "F:1: a byte-order mark; save the file as UTF-8 without one [syntax]\n");
}
END_TEST

START_TEST(another_encoding_is_named)
{
    expect_refused("\xFF\xFE"
                   "a\0",
                   4, "F:1: this is UTF-16; save the file as UTF-8 [syntax]\n");
    expect_refused("\xFE\xFF\0a", 4, "F:1: this is UTF-16; save the file as UTF-8 [syntax]\n");
    expect_refused("\x1f\x8b\x08", 3, "F:1: a control character; is this a text file? [syntax]\n");
}
END_TEST

START_TEST(a_file_from_another_system_is_read)
{
    char *text = source_text("tests/settings/base.conf");
    char *crlf = calloc(2, strlen(text) + 1);
    char *to = crlf;
    for (const char *from = text; *from != '\0'; from++) {
        if (*from == '\n')
            *to++ = '\r';
        *to++ = *from == ' ' ? '\t' : *from;
    }
    expect_refused(crlf, strlen(crlf), "");
    free(crlf);
    free(text);
}
END_TEST

START_TEST(keys_past_the_outlines_memory_are_still_told_apart)
{
    char *text = malloc(FILE_SIZE_MAX);
    ck_assert_ptr_nonnull(text);
    size_t used = 0;
    for (unsigned i = 0; i < 600; i++)
        used += (size_t)snprintf(text + used, FILE_SIZE_MAX - used, "zz%u = 1;\n", i);
    used += (size_t)snprintf(text + used, FILE_SIZE_MAX - used, "zz599 = 1;\n");
    expect_refused(text, used,
                   "F:601: duplicate setting name; members of a list [ ... ] are of one kind, and "
                   "a key is given once [syntax]\n");
    free(text);
}
END_TEST

START_TEST(deep_nesting_ends_before_the_parser_does)
{
    static const char *const patterns[] = {"a={", "(", "({a="};
    enum { DEPTH = 100000 };
    char *text = malloc(5 * DEPTH);
    ck_assert_ptr_nonnull(text);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        size_t used = (size_t)snprintf(text, 5 * DEPTH, "%s", i == 0 ? "" : "a=");
        for (unsigned depth = 0; depth < DEPTH; depth++)
            used += (size_t)snprintf(text + used, 5 * DEPTH - used, "%s", patterns[i]);
        expect_refused(text, used,
                       "F:1: brackets nested deeper than any option; at most 16 [syntax]\n");
    }
    free(text);
}
END_TEST

/* A file of exactly this many bytes: base.conf and a comment. */
static char *padded(size_t size)
{
    char *base = source_text("tests/settings/base.conf");
    size_t length = strlen(base);
    char *text = malloc(size + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, base, length);
    memset(text + length, 'x', size - length);
    text[length] = '#';
    text[size] = '\0';
    free(base);
    return text;
}

START_TEST(as_much_as_allowed_is_read_and_one_byte_more_is_not)
{
    char *text = padded(FILE_SIZE_MAX);
    expect_refused(text, FILE_SIZE_MAX, "");
    free(text);
    text = padded(FILE_SIZE_MAX + 1);
    expect_refused(text, FILE_SIZE_MAX + 1,
                   "F: has 33554433 bytes; at most 33554432 are allowed [size]\n");
    free(text);
}
END_TEST

START_TEST(a_list_longer_than_its_limit_is_not_read)
{
    char *probes = malloc(FILE_SIZE_MAX);
    ck_assert_ptr_nonnull(probes);
    size_t used = (size_t)snprintf(probes, FILE_SIZE_MAX, "probes = (");
    for (unsigned i = 0; i < 65; i++)
        used += (size_t)snprintf(probes + used, FILE_SIZE_MAX - used,
                                 "{ name = \"p%u\"; vantage = \"lab/host\"; }, ", i);
    snprintf(probes + used, FILE_SIZE_MAX - used, "{ } );\nolder = (");
    char *text = base_with("probes = (", probes);
    char *said = said_about(text, strlen(text));
    ck_assert_ptr_nonnull(strstr(said, "F:2: quorum.probes: a list of 66 is out of range; allowed: "
                                       "a list of 1 to 64 groups ( { ... } ) [range]\n"));
    free(said);
    free(text);
    free(probes);
}
END_TEST

/* ---- damage ---- */

/* A small generator of its own, so that a failure repeats. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static const char *const damaged[] = {"config/regionshift.conf", "config/every-check.conf"};

START_TEST(damaged_files_are_refused_or_read_but_never_crash)
{
    static const char interesting[] = "{}()[]\"\\;:=,#/*@+-.0x9L\n \x80\xff\x01";
    char *base = source_text(damaged[_i]);
    size_t length = strlen(base);
    char *text = malloc(length + 1);
    ck_assert_ptr_nonnull(text);
    uint32_t state = 2;
    for (unsigned round = 0; round < 2000; round++) {
        memcpy(text, base, length + 1);
        for (unsigned i = 0; i <= round % 6; i++)
            text[next_random(&state) % length] =
                interesting[next_random(&state) % (sizeof interesting - 1)];
        char *said = said_about(text, length - (round % 3 == 0 ? next_random(&state) % length : 0));
        /* libconfig's own words: we know better what is wrong. */
        ck_assert_msg(strstr(said, ": syntax error") == NULL, "round %u: %s", round, said);
        free(said);
    }
    free(text);
    free(base);
}
END_TEST

START_TEST(noise_is_refused)
{
    unsigned char noise[512];
    uint32_t state = 7;
    for (unsigned round = 0; round < 2000; round++) {
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = (unsigned char)(next_random(&state) % 255 + 1);
        char *said = said_about((const char *)noise, sizeof noise);
        ck_assert_str_ne(said, "");
        free(said);
    }
}
END_TEST

/* ---- memory ---- */

struct refusal {
    unsigned countdown;
    unsigned asked;
};

static bool refuse(void *context)
{
    struct refusal *refusal = context;
    refusal->asked++;
    return refusal->asked == refusal->countdown;
}

/* Parses with the n-th allocation refused; counts how many were asked for. */
static int parse_refusing(const char *text, unsigned n, unsigned *ret_asked, bool *ret_told)
{
    struct refusal refusal = {.countdown = n};
    const struct arena_hook hook = {refuse, &refusal};
    const struct parse_options options = {.with_secrets = true, .hook = &hook};
    struct settings *settings = NULL;
    struct settings_report report;
    char *said = NULL;
    size_t length = 0;
    int result = settings_parse_with(&options, text, strlen(text), "F", NULL, &settings, &report);
    FILE *out = open_memstream(&said, &length);
    ck_assert_ptr_nonnull(out);
    settings_report_print(&report, "F", out);
    fclose(out);
    ck_assert_int_eq(result == 0, settings != NULL);
    *ret_told = strstr(said, "out of memory") != NULL;
    *ret_asked = refusal.asked;
    free(said);
    settings_destroy(settings);
    settings_report_clear(&report);
    return result;
}

static void refuse_each(const char *text, bool is_good)
{
    unsigned total = 0;
    bool told = false;
    ck_assert_int_eq(parse_refusing(text, 0, &total, &told), is_good ? 0 : -1);
    ck_assert(!told);
    ck_assert_uint_gt(total, 30);
    for (unsigned n = 1; n <= total; n++) {
        unsigned asked = 0;
        ck_assert_msg(parse_refusing(text, n, &asked, &told) == -1, "allocation %u of %u", n,
                      total);
        ck_assert_msg(told, "allocation %u of %u was not told", n, total);
    }
}

START_TEST(each_allocation_may_fail)
{
    setenv("REGIONSHIFT_TEST_EAST", "alpha", 1);
    setenv("REGIONSHIFT_TEST_WEST", "omega", 1);
    char *plain = source_text("config/jwt-pizza.conf");
    char *text = edited(plain, "beacons = false;",
                        "beacons = true; beacon_words = ("
                        "{ region = \"us-east-1\"; word = \"env:REGIONSHIFT_TEST_EAST\"; },"
                        "{ region = \"us-west-2\"; word = \"env:REGIONSHIFT_TEST_WEST\"; } );"
                        "failback = { steps = [ 10, 100 ]; };");
    char *once = edited(text, "failback = { mode = \"manual\"; };", "");
    char *with_headers = edited(once, "body = \"ok\";", "headers = ( \"A: b\" );");
    refuse_each(with_headers, true);
    free(with_headers);
    free(once);
    free(text);
    free(plain);
}
END_TEST

START_TEST(each_allocation_of_every_kind_of_check_may_fail)
{
    setenv("NIGHTLY_BACKUP_TOKEN", "0123456789abcdef0123456789abcdef", 1);
    char *text = source_text("config/every-check.conf");
    refuse_each(text, true);
    free(text);
}
END_TEST

START_TEST(each_allocation_of_a_bad_file_may_fail)
{
    char *text = base_with("down = 2;", "down = 0; upp = 1;");
    refuse_each(text, false);
    free(text);
}
END_TEST

/* ---- files ---- */

static void expect_unreadable(const char *path, const char *report)
{
    struct settings *settings = NULL;
    struct settings_report problems;
    char *said = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&said, &length);
    ck_assert_int_eq(settings_load(path, NULL, &settings, &problems), -1);
    settings_report_print(&problems, path, out);
    fclose(out);
    ck_assert_str_eq(said, report);
    free(said);
    settings_report_clear(&problems);
}

START_TEST(a_file_that_cannot_be_read_is_named)
{
    expect_unreadable("/nonexistent/regionshift.conf",
                      "/nonexistent/regionshift.conf: cannot be read: No such file or directory "
                      "[file]\n");
    expect_unreadable("/", "/: cannot be read: Is a directory [file]\n");
    expect_unreadable("/dev/zero", "/dev/zero: has 33554433 bytes; at most 33554432 are allowed "
                                   "[size]\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostile");
    TCase *tests = tcase_create("hostile");

    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, nothing_hides_behind_a_nul);
    tcase_add_test(tests, an_empty_file_lacks_everything_that_is_required);
    tcase_add_test(tests, a_byte_order_mark_is_named);
    tcase_add_test(tests, another_encoding_is_named);
    tcase_add_test(tests, a_file_from_another_system_is_read);
    tcase_add_test(tests, keys_past_the_outlines_memory_are_still_told_apart);
    tcase_add_test(tests, deep_nesting_ends_before_the_parser_does);
    tcase_add_test(tests, as_much_as_allowed_is_read_and_one_byte_more_is_not);
    tcase_add_test(tests, a_list_longer_than_its_limit_is_not_read);
    tcase_add_loop_test(tests, damaged_files_are_refused_or_read_but_never_crash, 0, 2);
    tcase_add_test(tests, noise_is_refused);
    tcase_add_test(tests, each_allocation_may_fail);
    tcase_add_test(tests, each_allocation_of_every_kind_of_check_may_fail);
    tcase_add_test(tests, each_allocation_of_a_bad_file_may_fail);
    tcase_add_test(tests, a_file_that_cannot_be_read_is_named);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
