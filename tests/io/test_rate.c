/* SPDX-License-Identifier: Apache-2.0 */
/* How many requests begin, and which first, on simulated time: a crowd that always wants more than
 * it may have, for an hour. Then a small crowd in line, on a loop whose clock stands still while
 * they come. Then the clock of signatures. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "../../monitor/io/aws/clock.h"
#include "../../monitor/io/aws/turn.h"

enum { HOUR_MS = 3600 * 1000, PER_SECOND = 2 };

static struct aws_rate fresh(void)
{
    struct aws_rate rate = {.step_ms = 0};

    aws_rate_set(&rate, PER_SECOND);
    return rate;
}

/* As many of a kind as may begin at this moment. */
static unsigned begin_all(struct aws_rate *rate, enum aws_urgency urgency, msec_t now_ms)
{
    unsigned count = 0;

    while (count < 100 && aws_rate_wait_ms(rate, urgency, now_ms) == 0) {
        aws_rate_take(rate, now_ms);
        count++;
    }
    return count;
}

START_TEST(a_few_begin_at_once_after_a_quiet_time)
{
    struct aws_rate rate = fresh();

    ck_assert_uint_eq(begin_all(&rate, AWS_READ, 1000), AWS_RATE_BURST);
    ck_assert_int_eq(aws_rate_wait_ms(&rate, AWS_READ, 1000), 500);
    ck_assert_uint_eq(begin_all(&rate, AWS_READ, 1499), 0);
    ck_assert_uint_eq(begin_all(&rate, AWS_READ, 1500), 1);
    ck_assert_uint_eq(begin_all(&rate, AWS_READ, HOUR_MS), AWS_RATE_BURST); /* no more, ever */
}
END_TEST

/* Nobody's hour exceeds the steady rate and one burst; nobody's second the account's five. */
START_TEST(an_hour_of_greed_stays_within_the_rate)
{
    struct aws_rate rate = fresh();
    unsigned begun[3600] = {0};
    unsigned total = 0;

    for (msec_t now_ms = 0; now_ms < HOUR_MS; now_ms += 10) {
        unsigned count = begin_all(&rate, (enum aws_urgency)(AWS_FOLLOW + now_ms / 10 % 2), now_ms);

        begun[now_ms / 1000] += count;
        total += count;
    }
    ck_assert_uint_le(total, 3600 * PER_SECOND + AWS_RATE_BURST);
    ck_assert_uint_ge(total, 3600 * PER_SECOND);
    ck_assert_uint_le(begun[0], AWS_RATE_BURST + PER_SECOND);
    for (size_t second = 1; second < 3600; second++)
        ck_assert_uint_le(begun[second], PER_SECOND + 1);
}
END_TEST

START_TEST(following_up_leaves_something_for_readings)
{
    struct aws_rate rate = fresh();

    ck_assert_uint_eq(begin_all(&rate, AWS_FOLLOW, 0), AWS_RATE_BURST - AWS_RATE_RESERVE);
    ck_assert_uint_eq(begin_all(&rate, AWS_READ, 0), AWS_RATE_RESERVE);
}
END_TEST

START_TEST(a_write_never_waits_and_is_paid_for_afterwards)
{
    struct aws_rate rate = fresh();

    begin_all(&rate, AWS_READ, 0);
    ck_assert_int_eq(aws_rate_wait_ms(&rate, AWS_WRITE, 0), 0);
    aws_rate_take(&rate, 0);
    ck_assert_int_eq(aws_rate_wait_ms(&rate, AWS_READ, 0), 1000);
    ck_assert_uint_eq(begin_all(&rate, AWS_WRITE, 0), 100);
    ck_assert_int_le(aws_rate_wait_ms(&rate, AWS_READ, 0), AWS_RATE_DEBT_MS); /* a limit on debt */
}
END_TEST

START_TEST(when_aws_throttles_nothing_is_left_of_the_burst)
{
    struct aws_rate rate = fresh();

    aws_rate_empty(&rate, 0);
    ck_assert_uint_eq(begin_all(&rate, AWS_READ, 0), 0);
    ck_assert_int_eq(aws_rate_wait_ms(&rate, AWS_WRITE, 0), 0);
    ck_assert_uint_eq(begin_all(&rate, AWS_READ, 500), 1);
}
END_TEST

START_TEST(another_rate_gives_back_nothing_that_was_taken)
{
    struct aws_rate rate = fresh();

    begin_all(&rate, AWS_READ, 0);
    aws_rate_set(&rate, PER_SECOND);
    ck_assert_uint_eq(begin_all(&rate, AWS_READ, 0), 0);
}
END_TEST

/* ---- turns ---- */

enum { CROWD = 8 };

static uv_loop_t loop;
static struct turns turns;
static struct turn crowd[CROWD];
static char begun[CROWD + 1]; /* 'a' for the first of the crowd, in the order they began */

static void on_begin(struct turn *turn)
{
    begun[strlen(begun)] = (char)('a' + (turn - crowd));
}

static void on_turns_closed(void *context)
{
    *(bool *)context = true;
}

/* Time stands still until the loop runs. f: follow, r: read, w: write. */
static void come(const char *kinds)
{
    memset(begun, 0, sizeof(begun));
    uv_loop_init(&loop);
    turns_open(&turns, &loop, 100);
    for (size_t i = 0; kinds[i] != '\0'; i++) {
        crowd[i] = (struct turn){.begin = on_begin,
                                 .urgency = kinds[i] == 'w'   ? AWS_WRITE
                                            : kinds[i] == 'r' ? AWS_READ
                                                              : AWS_FOLLOW};
        turns_wait(&turns, &crowd[i]);
    }
}

static void run_to_the_end(void)
{
    bool is_closed = false;

    uv_run(&loop, UV_RUN_DEFAULT); /* ends when nobody waits */
    turns_close(&turns, on_turns_closed, &is_closed);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(is_closed);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

START_TEST(the_urgent_begin_first_and_all_begin_in_the_end)
{
    come("fffffrrw");
    ck_assert_str_eq(begun, "abcfgh"); /* three, two that were left for readings, and the write */
    run_to_the_end();
    ck_assert_str_eq(begun, "abcfghde");
}
END_TEST

START_TEST(a_reading_that_comes_late_passes_those_who_follow)
{
    come("rrrrrffr");
    ck_assert_str_eq(begun, "abcde");
    run_to_the_end();
    ck_assert_str_eq(begun, "abcdehfg");
}
END_TEST

START_TEST(who_leaves_does_not_begin)
{
    come("rrrrrrf");
    turns_leave(&turns, &crowd[5]);
    turns_leave(&turns, &crowd[0]); /* began long ago */
    run_to_the_end();
    ck_assert_str_eq(begun, "abcdeg");
}
END_TEST

/* ---- AWS's clock ---- */

static void hear(struct aws_clock *clock, msec_t theirs_minus_ours_ms, msec_t offset_ms,
                 bool is_new)
{
    ck_assert_int_eq(aws_clock_hear(clock, theirs_minus_ours_ms), is_new);
    ck_assert_int_eq(clock->offset_ms, offset_ms);
}

START_TEST(a_clock_that_serves_is_left_alone)
{
    struct aws_clock clock = {.offset_ms = 0};

    hear(&clock, 0, 0, false);
    hear(&clock, 239000, 0, false);
    hear(&clock, -239000, 0, false);
    hear(&clock, 240000, 240000, true);
    hear(&clock, 241000, 240000, false); /* an answer a second under way moves nothing */
    hear(&clock, 479000, 240000, false);
    hear(&clock, 480000, 480000, true);
}
END_TEST

START_TEST(a_clock_that_was_set_right_needs_no_help_any_more)
{
    struct aws_clock clock = {.offset_ms = 0};

    hear(&clock, -900000, -900000, true);
    hear(&clock, 3000, 0, true);
    hear(&clock, 1000, 0, false);
}
END_TEST

START_TEST(a_signature_is_off_by_the_time_it_was_made_with)
{
    ck_assert(aws_clock_was_off(0, 300000));
    ck_assert(aws_clock_was_off(0, -240000));
    ck_assert(!aws_clock_was_off(0, 239999));
    ck_assert(!aws_clock_was_off(900000, 901000));
    ck_assert(aws_clock_was_off(900000, 0));
}
END_TEST

static TCase *rate_case(void)
{
    TCase *tcase = tcase_create("rate");

    tcase_add_test(tcase, a_few_begin_at_once_after_a_quiet_time);
    tcase_add_test(tcase, an_hour_of_greed_stays_within_the_rate);
    tcase_add_test(tcase, following_up_leaves_something_for_readings);
    tcase_add_test(tcase, a_write_never_waits_and_is_paid_for_afterwards);
    tcase_add_test(tcase, when_aws_throttles_nothing_is_left_of_the_burst);
    tcase_add_test(tcase, another_rate_gives_back_nothing_that_was_taken);
    return tcase;
}

static TCase *turn_case(void)
{
    TCase *tcase = tcase_create("turns");

    tcase_add_test(tcase, the_urgent_begin_first_and_all_begin_in_the_end);
    tcase_add_test(tcase, a_reading_that_comes_late_passes_those_who_follow);
    tcase_add_test(tcase, who_leaves_does_not_begin);
    return tcase;
}

static TCase *clock_case(void)
{
    TCase *tcase = tcase_create("clock");

    tcase_add_test(tcase, a_clock_that_serves_is_left_alone);
    tcase_add_test(tcase, a_clock_that_was_set_right_needs_no_help_any_more);
    tcase_add_test(tcase, a_signature_is_off_by_the_time_it_was_made_with);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("rate");

    suite_add_tcase(suite, rate_case());
    suite_add_tcase(suite, turn_case());
    suite_add_tcase(suite, clock_case());
    return run_suite(suite);
}
