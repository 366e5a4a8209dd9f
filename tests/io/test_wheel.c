/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines in slots: none early, none lost, none late as long as somebody looks. */
#include <check.h>
#include <stdint.h>
#include <stdlib.h>

#include "../lib/suite.h"
#include "../../monitor/io/probe/wheel.h"

static struct wheel wheel;

START_TEST(an_empty_wheel_sleeps)
{
    wheel_init(&wheel, 1000);
    ck_assert_int_eq(wheel_next(&wheel), -1);
    ck_assert_ptr_null(wheel_expire(&wheel, 100000000));
    ck_assert_int_eq(wheel_next(&wheel), -1);
}
END_TEST

START_TEST(a_deadline_expires_at_its_millisecond_and_once)
{
    struct wheel_timer timer = {0};

    wheel_init(&wheel, 1000);
    wheel_set(&wheel, &timer, 1500);
    ck_assert_int_eq(wheel_next(&wheel), 1500);
    ck_assert_ptr_null(wheel_expire(&wheel, 1499));
    ck_assert_int_eq(wheel_next(&wheel), 1500);
    ck_assert_ptr_eq(wheel_expire(&wheel, 1500), &timer);
    ck_assert(!timer.is_set);
    ck_assert_ptr_null(wheel_expire(&wheel, 1500));
    ck_assert_int_eq(wheel_next(&wheel), -1);
}
END_TEST

START_TEST(a_cleared_deadline_never_expires)
{
    struct wheel_timer timer = {0};

    wheel_init(&wheel, 1000);
    wheel_set(&wheel, &timer, 1500);
    wheel_clear(&wheel, &timer);
    wheel_clear(&wheel, &timer);
    ck_assert_int_eq(wheel_next(&wheel), -1);
    ck_assert_ptr_null(wheel_expire(&wheel, 2000));
}
END_TEST

START_TEST(a_deadline_in_the_past_expires_at_the_next_look)
{
    struct wheel_timer timer = {0};

    wheel_init(&wheel, 1000);
    ck_assert_ptr_null(wheel_expire(&wheel, 2000));
    wheel_set(&wheel, &timer, 1500);
    ck_assert_ptr_eq(wheel_expire(&wheel, 2001), &timer);
}
END_TEST

START_TEST(a_deadline_beyond_the_rim_waits_for_its_turn)
{
    struct wheel_timer timer = {0};
    msec_t due_ms = 1000 + 3 * WHEEL_SLOTS + 7;
    unsigned wakes = 0;

    wheel_init(&wheel, 1000);
    wheel_set(&wheel, &timer, due_ms);
    while (timer.is_set) {
        msec_t next_ms = wheel_next(&wheel);

        ck_assert_int_le(next_ms, due_ms);
        ck_assert_uint_le(++wakes, 4);
        if (wheel_expire(&wheel, next_ms) != NULL)
            ck_assert_int_eq(next_ms, due_ms);
    }
}
END_TEST

START_TEST(after_a_long_sleep_everything_due_comes_out)
{
    struct wheel_timer timers[3] = {0};
    unsigned expired = 0;

    wheel_init(&wheel, 1000);
    wheel_set(&wheel, &timers[0], 1001);
    wheel_set(&wheel, &timers[1], 1000 + WHEEL_SLOTS);
    wheel_set(&wheel, &timers[2], 1000 + 2 * WHEEL_SLOTS);
    while (wheel_expire(&wheel, 1000 + 10 * WHEEL_SLOTS) != NULL)
        expired++;
    ck_assert_uint_eq(expired, 3);
}
END_TEST

/* Deterministic: the same numbers on every run. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

START_TEST(it_agrees_with_a_plain_list_of_deadlines)
{
    enum { COUNT = 300, STEPS = 20000 };
    static struct wheel_timer timers[COUNT];
    static msec_t due_ms[COUNT]; /* 0: not set */
    uint32_t random = 1;
    msec_t now_ms = 500;

    wheel_init(&wheel, now_ms);
    for (int step = 0; step < STEPS; step++) {
        unsigned i = next_random(&random) % COUNT, wrong = 0;
        struct wheel_timer *expired;
        msec_t next_ms;

        if (due_ms[i] != 0) {
            wheel_clear(&wheel, &timers[i]);
            due_ms[i] = 0;
        } else {
            due_ms[i] = now_ms + 1 + next_random(&random) % 10000;
            wheel_set(&wheel, &timers[i], due_ms[i]);
        }
        now_ms += next_random(&random) % (step % 100 == 0 ? 9000 : 40);
        while ((expired = wheel_expire(&wheel, now_ms)) != NULL) {
            ck_assert_int_ne(due_ms[expired - timers], 0);
            ck_assert_int_le(due_ms[expired - timers], now_ms);
            due_ms[expired - timers] = 0;
        }
        next_ms = wheel_next(&wheel);
        for (unsigned k = 0; k < COUNT; k++)
            wrong += due_ms[k] != 0 && (due_ms[k] <= now_ms || next_ms > due_ms[k]);
        ck_assert_uint_eq(wrong, 0); /* writes to a pipe: not one for each of COUNT */
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wheel");
    TCase *tests = tcase_create("wheel");

    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, an_empty_wheel_sleeps);
    tcase_add_test(tests, a_deadline_expires_at_its_millisecond_and_once);
    tcase_add_test(tests, a_cleared_deadline_never_expires);
    tcase_add_test(tests, a_deadline_in_the_past_expires_at_the_next_look);
    tcase_add_test(tests, a_deadline_beyond_the_rim_waits_for_its_turn);
    tcase_add_test(tests, after_a_long_sleep_everything_due_comes_out);
    tcase_add_test(tests, it_agrees_with_a_plain_list_of_deadlines);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
