/* SPDX-License-Identifier: Apache-2.0 */
/* Many results as one row: what is counted, what a quantile is worth, and what bytes survive. */
#include "rollup.h"

#include <stdlib.h>
#include <string.h>

#include "../core/by_hand.h"

static struct result took(enum result_class class, usec_t total_us)
{
    struct result result = {.class = class,
                            .failure = class == RESULT_BAD ? FAILURE_TIMEOUT : FAILURE_NONE,
                            .timings = {10, 20, -1, 40, total_us}};
    return result;
}

static void add(struct rollup *rollup, enum result_class class, usec_t total_us)
{
    struct result result = took(class, total_us);

    rollup_add(rollup, &result);
}

START_TEST(results_are_counted_by_class_and_phases_as_far_as_they_came)
{
    struct rollup rollup = {0};

    ck_assert(rollup_is_empty(&rollup));
    add(&rollup, RESULT_GOOD, 1000);
    add(&rollup, RESULT_BAD, 3000);
    add(&rollup, RESULT_VOID, 9000);
    ck_assert_uint_eq(rollup.good, 1);
    ck_assert_uint_eq(rollup.bad, 1);
    ck_assert_uint_eq(rollup.aside, 1);
    ck_assert_uint_eq(rollup.failures[FAILURE_TIMEOUT], 1);
    ck_assert_int_eq(rollup_mean(&rollup, PHASE_CONNECT), 20);
    ck_assert_int_eq(rollup_mean(&rollup, PHASE_TLS), -1);
    ck_assert_uint_eq(rollup.reached[PHASE_FIRST_BYTE], 2);
    ck_assert_int_eq(rollup_mean(&rollup, PHASE_TOTAL), 1000); /* the refusal is not in it */
    ck_assert_int_eq(rollup_quantile(&rollup, 0.5), 1000);
}
END_TEST

START_TEST(nothing_is_no_quantile)
{
    struct rollup rollup = {0};

    ck_assert_int_eq(rollup_quantile(&rollup, 0.5), -1);
    add(&rollup, RESULT_BAD, 1000);
    ck_assert_int_eq(rollup_quantile(&rollup, 0.5), -1);
}
END_TEST

/* Against the sorted list, from a microsecond to an hour. */
START_TEST(a_quantile_is_right_to_within_a_quarter_of_an_octave)
{
    static const double parts[] = {0.01, 0.5, 0.95, 0.99};
    enum { COUNT = 4000 };
    struct rollup rollup = {0};

    for (usec_t i = 1; i <= COUNT; i++)
        add(&rollup, RESULT_GOOD, 64 + i * i);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        double at = parts[i] * COUNT;
        double exact = 64 + at * at;
        double found = (double)rollup_quantile(&rollup, parts[i]);

        ck_assert_msg(found >= exact * 0.99 && found <= exact * 1.25, "%g: %g, not %g", parts[i],
                      found, exact);
    }
}
END_TEST

START_TEST(what_is_faster_or_slower_than_any_bucket_stays_within_what_was_seen)
{
    struct rollup rollup = {0};

    add(&rollup, RESULT_GOOD, 0);
    ck_assert_int_eq(rollup_quantile(&rollup, 0.99), 0);
    add(&rollup, RESULT_GOOD, INT64_C(3600) * 1000 * 1000);
    ck_assert_int_eq(rollup_quantile(&rollup, 0.99), INT64_C(3600) * 1000 * 1000);
}
END_TEST

START_TEST(a_full_bucket_halves_all_and_the_shares_stay)
{
    struct rollup rollup = {0};

    for (int i = 0; i < 30000; i++)
        add(&rollup, RESULT_GOOD, 10 * 1000 * 1000);
    for (int i = 0; i < 270000; i++)
        add(&rollup, RESULT_GOOD, 1000);
    ck_assert_uint_eq(rollup.good, 300000);
    ck_assert_int_lt(rollup_quantile(&rollup, 0.85), 2000);
    ck_assert_int_gt(rollup_quantile(&rollup, 0.97), 5 * 1000 * 1000);
}
END_TEST

START_TEST(a_day_is_the_sum_of_its_minutes)
{
    struct rollup day = {0};
    struct rollup all = {0};

    for (int minute = 0; minute < 1440; minute++) {
        struct rollup one = {0};

        for (int i = 0; i < 6; i++) {
            add(&one, i == 5 ? RESULT_BAD : RESULT_GOOD, 1000 + minute * 7 + i);
            add(&all, i == 5 ? RESULT_BAD : RESULT_GOOD, 1000 + minute * 7 + i);
        }
        rollup_merge(&day, &one);
    }
    ck_assert_mem_eq(&day, &all, sizeof(day));
}
END_TEST

START_TEST(merging_full_shares_keeps_their_proportions)
{
    struct rollup a = {.good = 100000};
    struct rollup b = {.good = 100000};

    a.buckets[0] = UINT16_MAX;
    b.buckets[0] = UINT16_MAX;
    b.buckets[40] = UINT16_MAX;
    rollup_merge(&a, &b);
    ck_assert_uint_ge(a.buckets[0], 2U * a.buckets[40]);
    ck_assert_uint_le(a.buckets[0], 2U * a.buckets[40] + 1);
}
END_TEST

static void fill(struct rollup *rollup, uint64_t *random)
{
    unsigned char *bytes = (unsigned char *)rollup;

    for (size_t i = 0; i < sizeof(*rollup); i++) {
        *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        bytes[i] = (unsigned char)(*random >> 56);
    }
}

START_TEST(bytes_say_the_same_again)
{
    uint8_t packed[ROLLUP_PACKED_MAX];
    struct rollup before;
    struct rollup after;
    uint64_t random = 1;

    for (int i = 0; i < 1000; i++) {
        memset(&before, 0, sizeof(before));
        memset(&after, 0, sizeof(after));
        if (i > 0) {
            struct rollup noise;

            fill(&noise, &random);
            memset(&before, 0, sizeof(before));
            before.good = noise.good;
            before.bad = noise.bad;
            memcpy(before.sum_us, noise.sum_us, sizeof(before.sum_us));
            memcpy(before.max_us, noise.max_us, sizeof(before.max_us));
            memcpy(before.failures, noise.failures, sizeof(before.failures));
            before.shift = noise.shift % 32;
            memcpy(before.buckets, noise.buckets, sizeof(before.buckets));
        }
        ck_assert_int_eq(rollup_unpack(packed, rollup_pack(&before, packed), &after), 0);
        ck_assert_mem_eq(&before, &after, sizeof(before));
    }
}
END_TEST

START_TEST(bytes_that_are_no_rollup_give_none)
{
    uint8_t packed[ROLLUP_PACKED_MAX];
    struct rollup rollup = {0};
    size_t length;

    add(&rollup, RESULT_GOOD, 1000);
    length = rollup_pack(&rollup, packed);
    for (size_t cut = 0; cut < length; cut++) {
        struct rollup read;

        if (rollup_unpack(packed, cut, &read) == 0)
            ck_assert_uint_eq(read.good, 1); /* only buckets may be missing at the end */
        else
            ck_assert(rollup_is_empty(&read));
    }
    packed[0] = 9; /* of a later release */
    ck_assert_int_lt(rollup_unpack(packed, length, &rollup), 0);
    ck_assert_int_lt(
        rollup_unpack((const uint8_t *)"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10, &rollup), 0);
}
END_TEST

int main(void)
{
    return RUN_TESTS("rollup", results_are_counted_by_class_and_phases_as_far_as_they_came,
                     nothing_is_no_quantile, a_quantile_is_right_to_within_a_quarter_of_an_octave,
                     what_is_faster_or_slower_than_any_bucket_stays_within_what_was_seen,
                     a_full_bucket_halves_all_and_the_shares_stay, a_day_is_the_sum_of_its_minutes,
                     merging_full_shares_keeps_their_proportions, bytes_say_the_same_again,
                     bytes_that_are_no_rollup_give_none);
}
