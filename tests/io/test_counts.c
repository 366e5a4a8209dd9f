/* SPDX-License-Identifier: Apache-2.0 */
/* The results of a check in little room: what comes out is what a rollup would have held. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../../monitor/io/counts.h"

static struct counts counts;
static struct rollup rollup;

static void begin(void)
{
    counts_init(&counts);
    rollup = (struct rollup){0};
}

static void end(void)
{
    counts_clear(&counts);
}

static void add(const struct result *result)
{
    counts_add(&counts, result);
    rollup_add(&rollup, result);
}

static struct result good(usec_t total_us)
{
    return (struct result){.class = RESULT_GOOD,
                           .timings = {1, total_us / 4, -1, total_us / 2, total_us}};
}

static struct result bad(enum failure failure)
{
    struct result result = {
        .class = RESULT_BAD, .failure = failure, .timings = {2, -1, -1, -1, 3000000}};

    snprintf(result.detail, sizeof(result.detail), "it failed: %s", failure_name(failure));
    return result;
}

static void expect_the_same_minute(void)
{
    uint8_t mine[ROLLUP_PACKED_MAX];
    uint8_t theirs[ROLLUP_PACKED_MAX];
    struct rollup minute;
    size_t length;

    counts_minute(&counts, &minute);
    length = rollup_pack(&minute, mine);
    ck_assert_uint_eq(length, rollup_pack(&rollup, theirs));
    ck_assert_mem_eq(mine, theirs, length);
}

/* ---- minutes ---- */

START_TEST(a_minute_is_what_a_rollup_of_its_results_is)
{
    for (usec_t us = 1; us < 60 * (usec_t)1000000; us = us * 5 / 4 + 1) {
        struct result one = good(us);

        add(&one);
        one.timings.tls_us = us / 3;
        add(&one);
    }
    for (enum failure failure = FAILURE_DNS; failure < FAILURE_COUNT; failure++) {
        struct result one = bad(failure);

        add(&one);
    }
    add(&(struct result){.class = RESULT_VOID, .timings = {-1, -1, -1, -1, -1}});
    expect_the_same_minute();
}
END_TEST

START_TEST(a_minute_begins_with_nothing_of_the_last_one)
{
    struct result secure = good(1000);
    struct rollup minute;
    struct check_times times;

    secure.timings.tls_us = 700;
    add(&secure);
    add(&(struct result){.class = RESULT_VOID, .timings = {-1, -1, -1, -1, -1}});
    counts_add(&counts, &(struct result){.class = RESULT_BAD,
                                         .failure = FAILURE_TLS,
                                         .timings = {1, 1, -1, -1, 9}});
    counts_end_minute(&counts, &minute);
    ck_assert_uint_eq(minute.good, 1);
    ck_assert(counts_is_empty(&counts));
    rollup = (struct rollup){0};
    expect_the_same_minute();
    add(&(struct result){.class = RESULT_GOOD, .timings = {1, 20, -1, 30, 40}});
    expect_the_same_minute();
    counts_times(&counts, &times);
    ck_assert_int_eq(times.median_us, 1000); /* of the minute that is whole */
    ck_assert_int_eq(times.last.total_us, 40);
    ck_assert_int_eq(times.last.tls_us, -1);
    ck_assert_uint_eq(times.count[PHASE_TLS], 1); /* of all that was */
    ck_assert_uint_eq(times.sum_us[PHASE_TLS], 700);
    ck_assert_uint_eq(times.count[PHASE_TOTAL], 2);
    ck_assert_uint_eq(times.sum_us[PHASE_TOTAL], 1040);
    ck_assert_uint_eq(times.count[PHASE_CONNECT], 3);
}
END_TEST

/* No count goes round: who is full is ended, and the history adds both parts up. */
START_TEST(a_minute_that_can_count_no_more_says_so)
{
    struct result one = good(100);
    struct result slow = good(INT32_MAX);

    for (unsigned i = 0; i < UINT16_MAX; i++) {
        ck_assert(!counts_is_full(&counts));
        add(&one);
    }
    ck_assert(counts_is_full(&counts));
    expect_the_same_minute();
    counts_end_minute(&counts, &rollup);
    ck_assert(!counts_is_full(&counts));
    counts_add(&counts, &slow);
    ck_assert(!counts_is_full(&counts));
    counts_add(&counts, &slow);
    ck_assert(counts_is_full(&counts)); /* in microseconds */
}
END_TEST

/* ---- texts ---- */

START_TEST(why_the_newest_result_was_not_good_is_known_until_one_is)
{
    struct result one = bad(FAILURE_STATUS);

    ck_assert_str_eq(counts_why(&counts), "");
    counts_add(&counts, &one);
    ck_assert_str_eq(counts_why(&counts), "it failed: status");
    one = bad(FAILURE_BODY);
    counts_add(&counts, &one);
    ck_assert_str_eq(counts_why(&counts), "it failed: body");
    one = good(5);
    counts_add(&counts, &one);
    ck_assert_str_eq(counts_why(&counts), "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("counts");
    TCase *tests = tcase_create("counts");

    tcase_add_checked_fixture(tests, begin, end);
    tcase_add_test(tests, a_minute_is_what_a_rollup_of_its_results_is);
    tcase_add_test(tests, a_minute_begins_with_nothing_of_the_last_one);
    tcase_add_test(tests, a_minute_that_can_count_no_more_says_so);
    tcase_add_test(tests, why_the_newest_result_was_not_good_is_known_until_one_is);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
