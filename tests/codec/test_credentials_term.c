/* SPDX-License-Identifier: Apache-2.0 */
/* When credentials are looked for again: early, each probe at a moment of its own, and never in a
 * rush. */
#include <check.h>

#include "../lib/suite.h"
#include "credentials_term.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, NOW = 1000000 };

static struct credentials_term term;
static uint64_t seed = 1;

static void begin(msec_t left_ms)
{
    credentials_term_begin(&term, NOW, true, left_ms, false, &seed);
}

START_TEST(credentials_without_an_end_are_never_due)
{
    credentials_term_begin(&term, NOW, false, 0, false, &seed);
    ck_assert(credentials_term_is_good(&term, INT64_MAX));
    ck_assert(!credentials_term_is_due(&term, INT64_MAX));
}
END_TEST

START_TEST(an_hour_is_renewed_fifteen_to_twenty_minutes_before_its_end)
{
    msec_t first = INT64_MAX, last = 0;

    for (unsigned i = 0; i < 1000; i++) {
        begin(HOUR);
        ck_assert_int_eq(term.end_ms, NOW + HOUR);
        first = term.refresh_ms < first ? term.refresh_ms : first;
        last = term.refresh_ms > last ? term.refresh_ms : last;
    }
    ck_assert_int_ge(first, NOW + 40 * MINUTE);
    ck_assert_int_le(last, NOW + 45 * MINUTE);
    ck_assert_int_gt(last - first, 4 * MINUTE); /* they do not ask together */
    ck_assert(!credentials_term_is_due(&term, term.refresh_ms - 1));
    ck_assert(credentials_term_is_due(&term, term.refresh_ms));
}
END_TEST

START_TEST(a_short_life_is_not_spent_on_renewing_it)
{
    for (unsigned i = 0; i < 1000; i++) {
        begin(15 * MINUTE); /* the shortest of STS */
        ck_assert_int_ge(term.refresh_ms, NOW + 500 * 1000);
        ck_assert_int_le(term.refresh_ms, NOW + 10 * MINUTE);
        begin(1);
        ck_assert_int_ge(term.refresh_ms, NOW);
        ck_assert_int_le(term.refresh_ms, NOW + 1);
    }
}
END_TEST

START_TEST(the_same_seed_draws_the_same_moment)
{
    uint64_t one = 7, other = 7;
    struct credentials_term second;

    credentials_term_begin(&term, NOW, true, HOUR, false, &one);
    credentials_term_begin(&second, NOW, true, HOUR, false, &other);
    ck_assert_int_eq(term.refresh_ms, second.refresh_ms);
    credentials_term_begin(&second, NOW, true, HOUR, false, &other);
    ck_assert_int_ne(term.refresh_ms, second.refresh_ms);
}
END_TEST

START_TEST(they_are_good_until_their_end_and_not_a_moment_longer)
{
    begin(HOUR);
    ck_assert(credentials_term_is_good(&term, NOW + HOUR - 1));
    ck_assert(!credentials_term_is_good(&term, NOW + HOUR));
    credentials_term_fail(&term, NOW + 45 * MINUTE, &seed);
    ck_assert(credentials_term_is_good(&term, NOW + HOUR - 1));
    ck_assert(!credentials_term_is_good(&term, NOW + HOUR));
}
END_TEST

START_TEST(a_failed_look_is_repeated_later_and_later)
{
    static const msec_t waits[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};

    begin(HOUR);
    for (unsigned i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
        credentials_term_fail(&term, NOW, &seed);
        ck_assert_int_ge(term.refresh_ms, NOW + waits[i]);
        ck_assert_int_le(term.refresh_ms, NOW + waits[i] * 3 / 2);
    }
    begin(HOUR);
    ck_assert_uint_eq(term.failures, 0);
}
END_TEST

START_TEST(a_first_look_that_failed_is_repeated_too)
{
    term = (struct credentials_term){.has_end = false};
    ck_assert(!credentials_term_is_due(&term, NOW));
    credentials_term_fail(&term, NOW, &seed);
    ck_assert(!credentials_term_is_due(&term, NOW + 999));
    ck_assert(credentials_term_is_due(&term, NOW + 1500));
}
END_TEST

START_TEST(what_the_machine_serves_beyond_its_end_is_kept_and_asked_for_rarely)
{
    for (unsigned i = 0; i < 1000; i++) {
        credentials_term_begin(&term, NOW, true, -10 * MINUTE, true, &seed);
        ck_assert(credentials_term_is_good(&term, NOW + 24 * HOUR));
        ck_assert_int_ge(term.refresh_ms, NOW + 17 * MINUTE);
        ck_assert_int_lt(term.refresh_ms, NOW + 25 * MINUTE);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("credentials_term");
    TCase *tcase = tcase_create("credentials_term");

    tcase_add_test(tcase, credentials_without_an_end_are_never_due);
    tcase_add_test(tcase, an_hour_is_renewed_fifteen_to_twenty_minutes_before_its_end);
    tcase_add_test(tcase, a_short_life_is_not_spent_on_renewing_it);
    tcase_add_test(tcase, the_same_seed_draws_the_same_moment);
    tcase_add_test(tcase, they_are_good_until_their_end_and_not_a_moment_longer);
    tcase_add_test(tcase, a_failed_look_is_repeated_later_and_later);
    tcase_add_test(tcase, a_first_look_that_failed_is_repeated_too);
    tcase_add_test(tcase, what_the_machine_serves_beyond_its_end_is_kept_and_asked_for_rarely);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
