/* SPDX-License-Identifier: Apache-2.0 */
/* The heap against a plain search, and the grid on which probes spread (V2). */
#include "schedule.h"

#include <stdio.h>

#include "by_hand.h"

enum { TOKENS = 97 };

static struct schedule_item items[TOKENS];
static struct schedule_place heap[TOKENS];
static struct schedule schedule = {items, heap, 0};

static void begin(void)
{
    schedule.count = 0;
    for (uint32_t i = 0; i < TOKENS; i++)
        items[i] = (struct schedule_item){.interval_ms = 10000, .place = NONE};
}

static uint32_t next_random(void)
{
    static uint64_t x = 42;

    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(x >> 33);
}

/* The earliest that is due, the lowest token first: found the slow way. */
static uint32_t search(msec_t now_ms)
{
    uint32_t best = NONE;

    for (uint32_t i = 0; i < TOKENS; i++) {
        if (items[i].place != NONE && items[i].due_ms <= now_ms &&
            (best == NONE || items[i].due_ms < items[best].due_ms))
            best = i;
    }
    return best;
}

static void expect_places(void)
{
    for (uint32_t i = 0; i < schedule.count; i++)
        ck_assert_uint_eq(items[heap[i].token].place, i);
}

START_TEST(the_heap_gives_what_a_search_would)
{
    begin();
    for (msec_t now_ms = 0; now_ms < 20000; now_ms++) {
        uint32_t token = next_random() % TOKENS;

        switch (next_random() % 4) {
        case 0:
        case 1:
            schedule_put(&schedule, token, now_ms + next_random() % 50);
            break;
        case 2:
            schedule_take(&schedule, token);
            break;
        default: {
            uint32_t wanted = search(now_ms);
            ck_assert_uint_eq(schedule_pop(&schedule, now_ms), wanted);
            break;
        }
        }
        expect_places();
    }
}
END_TEST

START_TEST(an_empty_schedule_is_never_due)
{
    begin();
    ck_assert_int_eq(schedule_next(&schedule), INT64_MAX);
    ck_assert_uint_eq(schedule_pop(&schedule, 1000), NONE);
    schedule_take(&schedule, 3);
    ck_assert_uint_eq(schedule.count, 0);
}
END_TEST

START_TEST(the_grid_is_that_of_the_wall_clock)
{
    begin();
    items[0].phase_ms = 3000;
    ck_assert_int_eq(schedule_grid(&schedule, 0, 0, 0), 3000);
    ck_assert_int_eq(schedule_grid(&schedule, 0, 2999, 0), 3000);
    ck_assert_int_eq(schedule_grid(&schedule, 0, 3000, 0), 13000);
    ck_assert_int_eq(schedule_grid(&schedule, 0, 0, 1700000001000), 2000);
    ck_assert_int_eq(schedule_grid(&schedule, 0, 500, -1000000), 3000);
}
END_TEST

/* However many probes: they look at one check at even distances, wherever their hash begins. */
START_TEST(probes_spread_evenly_over_the_interval)
{
    static const msec_t intervals_ms[] = {1000, 5000, 10000, 60000, 299999};

    for (uint32_t i = 0; i < sizeof(intervals_ms) / sizeof(intervals_ms[0]); i++) {
        for (uint32_t ranks = 1; ranks <= 9; ranks++) {
            msec_t interval_ms = intervals_ms[i];
            msec_t first = schedule_phase("pizza/us-east-1", 0, 0, ranks, interval_ms);

            for (uint32_t rank = 0; rank < ranks; rank++) {
                msec_t phase = schedule_phase("pizza/us-east-1", 0, rank, ranks, interval_ms);
                ck_assert_int_ge(phase, 0);
                ck_assert_int_lt(phase, interval_ms);
                ck_assert_int_eq((phase - first + interval_ms) % interval_ms,
                                 interval_ms * rank / ranks);
            }
        }
    }
}
END_TEST

START_TEST(checks_spread_over_the_interval)
{
    uint32_t tenths[10] = {0};

    for (int i = 0; i < 1000; i++) {
        char name[32];
        snprintf(name, sizeof(name), "service-%d/region", i);
        tenths[schedule_phase(name, 0, 0, 3, 10000) / 1000]++;
    }
    for (int i = 0; i < 10; i++)
        ck_assert_msg(tenths[i] > 60 && tenths[i] < 140, "%u of 1000 in tenth %d", tenths[i], i);
    ck_assert_int_ne(schedule_phase("a/b", 0, 0, 1, 10000), schedule_phase("a/b", 1, 0, 1, 10000));
}
END_TEST

int main(void)
{
    return RUN_TESTS("schedule", the_heap_gives_what_a_search_would, an_empty_schedule_is_never_due,
                     the_grid_is_that_of_the_wall_clock, probes_spread_evenly_over_the_interval,
                     checks_spread_over_the_interval);
}
