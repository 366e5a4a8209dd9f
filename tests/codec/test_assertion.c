/* SPDX-License-Identifier: Apache-2.0 */
/* What makes an answer good, and what is said when it is not. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "assertion.h"

static struct assertion *make(const char *status, const char *body)
{
    struct assertion *assertion = NULL;
    char error[256] = "";

    ck_assert_msg(assertion_create(status, body, &assertion, error, sizeof(error)) == 0, "%s",
                  error);
    return assertion;
}

/* Judges and leaves failure and words in these. */
static enum failure failure;
static char detail[RESULT_DETAIL_MAX + 1];

static bool judge(const struct assertion *assertion, int status, const char *body)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY),
                            .status = status,
                            .body = body,
                            .body_length = strlen(body)};

    failure = FAILURE_NONE;
    memset(detail, 0, sizeof(detail));
    return assertion_judge(assertion, &answer, &failure, detail, sizeof(detail)) == ASSERTION_HOLDS;
}

START_TEST(without_a_list_every_2xx_is_good)
{
    struct assertion *from_null = make(NULL, NULL);
    struct assertion *from_empty = make("", "");

    for (int status = 100; status <= 599; status++) {
        ck_assert_int_eq(judge(from_null, status, ""), status >= 200 && status <= 299);
        ck_assert_int_eq(judge(from_empty, status, ""), status >= 200 && status <= 299);
    }
    ck_assert_uint_eq(assertion_subjects(from_null), SUBJECT_BIT(SUBJECT_STATUS));
    assertion_destroy(from_null);
    assertion_destroy(from_empty);
}
END_TEST

START_TEST(a_list_of_statuses_and_ranges_holds_exactly_for_its_members)
{
    struct assertion *assertion = make("200-204, 304 ,599-599,100", NULL);

    for (int status = -1; status <= 1000; status++)
        ck_assert_int_eq(judge(assertion, status, ""), (status >= 200 && status <= 204) ||
                                                           status == 304 || status == 599 ||
                                                           status == 100);
    assertion_destroy(assertion);
}
END_TEST

START_TEST(a_wrong_status_is_told_with_the_wanted_ones)
{
    struct assertion *assertion = make("200-299,304", "ok");

    ck_assert(!judge(assertion, 503, "ok"));
    ck_assert_int_eq(failure, FAILURE_STATUS);
    ck_assert_str_eq(detail, "status 503, wanted 200-299,304");
    assertion_destroy(assertion);
}
END_TEST

START_TEST(a_body_is_good_when_the_text_is_anywhere_in_it)
{
    struct assertion *assertion = make("200", "ok");

    ck_assert_uint_eq(assertion_subjects(assertion),
                      SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY));
    ck_assert(judge(assertion, 200, "ok"));
    ck_assert(judge(assertion, 200, "ok, all is well"));
    ck_assert(judge(assertion, 200, "all is ook"));
    ck_assert(!judge(assertion, 200, ""));
    ck_assert(!judge(assertion, 200, "o"));
    ck_assert(!judge(assertion, 200, "o k"));
    ck_assert(!judge(assertion, 200, "OK"));
    assertion_destroy(assertion);
}
END_TEST

START_TEST(a_body_with_a_nul_byte_is_searched_to_its_end)
{
    static const char body[] = "\0\0ok";
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY),
                            .status = 200,
                            .body = body,
                            .body_length = 4};
    struct assertion *assertion = make("200", "ok");

    ck_assert_int_eq(assertion_judge(assertion, &answer, &failure, detail, sizeof(detail)),
                     ASSERTION_HOLDS);
    answer.body_length = 3;
    ck_assert_int_eq(assertion_judge(assertion, &answer, &failure, detail, sizeof(detail)),
                     ASSERTION_FAILS);
    assertion_destroy(assertion);
}
END_TEST

START_TEST(a_wrong_body_is_told_by_its_beginning_escaped)
{
    struct assertion *assertion = make("200", "ok");
    char long_body[5000];

    ck_assert(!judge(assertion, 200, "sorry\r\nX: \x1b[31m"));
    ck_assert_int_eq(failure, FAILURE_BODY);
    ck_assert_str_eq(detail, "body \"sorry\\x0d\\x0aX: \\x1b[31m\" (15 bytes read), "
                             "wanted \"ok\" in it");

    memset(long_body, 'a', sizeof(long_body) - 1);
    long_body[sizeof(long_body) - 1] = '\0';
    ck_assert(!judge(assertion, 200, long_body));
    ck_assert_ptr_nonnull(strstr(detail, "...\" (4999 bytes read), wanted \"ok\" in it"));
    assertion_destroy(assertion);
}
END_TEST

START_TEST(of_status_and_body_both_wrong_the_status_is_told)
{
    struct assertion *assertion = make("200", "ok");

    ck_assert(!judge(assertion, 500, "sick"));
    ck_assert_int_eq(failure, FAILURE_STATUS);
    assertion_destroy(assertion);
}
END_TEST

START_TEST(what_holds_leaves_failure_and_words_untouched)
{
    struct assertion *assertion = make("200", "ok");
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY),
                            .status = 200,
                            .body = "ok",
                            .body_length = 2};
    char words[] = "before";

    failure = FAILURE_DNS;
    ck_assert_int_eq(assertion_judge(assertion, &answer, &failure, words, sizeof(words)),
                     ASSERTION_HOLDS);
    ck_assert_int_eq(failure, FAILURE_DNS);
    ck_assert_str_eq(words, "before");
    assertion_destroy(assertion);
}
END_TEST

static const char *const bad_lists[] = {
    "2xx",         "99",
    "600",         "20",
    "2000",        "200-",
    "-200",        "200--299",
    ",",           "200,",
    "200,,30",     "299-200",
    "+200",        "2 00",
    "0x0c8",       "200;204",
    " ",           "200\n",
    "-1",          "200 204",
    "200, ",       "9999999999999999999",
    "200-299-300",
};

START_TEST(a_bad_list_is_refused_with_what_is_allowed)
{
    struct assertion *assertion = NULL;
    char error[256] = "";

    ck_assert_msg(assertion_create(bad_lists[_i], NULL, &assertion, error, sizeof(error)) == -1,
                  "\"%s\" was taken", bad_lists[_i]);
    ck_assert_ptr_null(assertion);
    ck_assert_ptr_nonnull(strstr(error, "allowed are numbers from 100 to 599"));
    ck_assert_ptr_null(strchr(error, '\n'));
}
END_TEST

START_TEST(texts_past_their_limits_are_refused)
{
    struct assertion *assertion = NULL;
    char error[256] = "";
    char text[1026];

    memset(text, '2', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    ck_assert_int_eq(assertion_create("200", text, &assertion, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "a text of 1025 bytes to be found in a body; allowed are 1024");
    ck_assert_int_eq(assertion_create(text, NULL, &assertion, error, sizeof(error)), -1);
    ck_assert_str_eq(error, "a list of statuses of 1025 characters; allowed are 255");
    ck_assert_ptr_null(assertion);

    text[1024] = '\0';
    assertion = make("200", text);
    assertion_destroy(assertion);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("assertion");
    TCase *tests = tcase_create("assertion");

    tcase_add_test(tests, without_a_list_every_2xx_is_good);
    tcase_add_test(tests, a_list_of_statuses_and_ranges_holds_exactly_for_its_members);
    tcase_add_test(tests, a_wrong_status_is_told_with_the_wanted_ones);
    tcase_add_test(tests, a_body_is_good_when_the_text_is_anywhere_in_it);
    tcase_add_test(tests, a_body_with_a_nul_byte_is_searched_to_its_end);
    tcase_add_test(tests, a_wrong_body_is_told_by_its_beginning_escaped);
    tcase_add_test(tests, of_status_and_body_both_wrong_the_status_is_told);
    tcase_add_test(tests, what_holds_leaves_failure_and_words_untouched);
    tcase_add_loop_test(tests, a_bad_list_is_refused_with_what_is_allowed, 0,
                        (int)(sizeof(bad_lists) / sizeof(bad_lists[0])));
    tcase_add_test(tests, texts_past_their_limits_are_refused);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
