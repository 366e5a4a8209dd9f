/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup.h"

#include <assert.h>
#include <string.h>

enum {
    VERSION_BYTE = 1,
    FIRST_EXPONENT = 6 /* 64 us */,
    QUARTERS = 4,
    SEVEN_BITS = 0x7f,
    SHIFT_MAX = 31
};

static const char *const names[ROLLUP_PHASES] = {"resolve", "connect", "tls", "first_byte",
                                                 "total"};

const char *rollup_phase_name(enum phase_of_check phase)
{
    return names[phase];
}

/* ---- quarters of octaves ---- */

/* Exponent and the two bits behind it, as in a float with a mantissa of two bits. */
static unsigned bucket_of(uint64_t us)
{
    unsigned exponent;
    unsigned bucket;

    if (us < (UINT64_C(1) << FIRST_EXPONENT))
        return 0;
    exponent = 63 - (unsigned)__builtin_clzll(us);
    bucket = (exponent - FIRST_EXPONENT) * QUARTERS + (unsigned)(us >> (exponent - 2) & 3);
    return bucket < ROLLUP_BUCKETS ? bucket : ROLLUP_BUCKETS - 1;
}

/* Where the bucket ends. */
static uint64_t end_of(unsigned bucket)
{
    unsigned exponent = FIRST_EXPONENT + bucket / QUARTERS;

    return (UINT64_C(1) << exponent) + ((uint64_t)(bucket % QUARTERS + 1) << (exponent - 2)) - 1;
}

/* ---- adding ---- */

/* What is counted so often stays there: a wrong count is better than a small one. */
static void count(uint32_t *counter, uint32_t more)
{
    *counter = *counter > UINT32_MAX - more ? UINT32_MAX : *counter + more;
}

static void add_phase(struct rollup *rollup, enum phase_of_check phase, usec_t us)
{
    if (us < 0)
        return;
    count(&rollup->reached[phase], 1);
    rollup->sum_us[phase] += (uint64_t)us;
    if ((uint64_t)us > rollup->max_us[phase])
        rollup->max_us[phase] = (uint64_t)us;
}

/* One in 2^shift is counted. */
static void count_bucket(struct rollup *rollup, unsigned bucket)
{
    if ((rollup->good & ((UINT32_C(1) << rollup->shift) - 1)) != 0)
        return;
    if (rollup->buckets[bucket] == UINT16_MAX) {
        for (unsigned i = 0; i < ROLLUP_BUCKETS; i++)
            rollup->buckets[i] /= 2;
        rollup->shift++;
    }
    rollup->buckets[bucket]++;
}

void rollup_add(struct rollup *rollup, const struct result *result)
{
    const struct timings *t = &result->timings;
    bool good = result->class == RESULT_GOOD;

    if (result->class == RESULT_VOID) {
        count(&rollup->aside, 1);
        return;
    }
    count(good ? &rollup->good : &rollup->bad, 1);
    if (!good)
        count(&rollup->failures[result->failure], 1);
    add_phase(rollup, PHASE_RESOLVE, t->resolve_us);
    add_phase(rollup, PHASE_CONNECT, t->connect_us);
    add_phase(rollup, PHASE_TLS, t->tls_us);
    add_phase(rollup, PHASE_FIRST_BYTE, t->first_byte_us);
    if (!good || t->total_us < 0)
        return;
    add_phase(rollup, PHASE_TOTAL, t->total_us);
    count_bucket(rollup, bucket_of((uint64_t)t->total_us));
}

/* Makes shares of sums of results. */
static void set_buckets(struct rollup *rollup, const uint64_t *sums)
{
    rollup->shift = 0;
    for (unsigned i = 0; i < ROLLUP_BUCKETS; i++) {
        while (sums[i] >> rollup->shift > UINT16_MAX)
            rollup->shift++;
    }
    for (unsigned i = 0; i < ROLLUP_BUCKETS; i++)
        rollup->buckets[i] = (uint16_t)(sums[i] >> rollup->shift);
}

void rollup_merge(struct rollup *into, const struct rollup *from)
{
    uint64_t sums[ROLLUP_BUCKETS];

    count(&into->good, from->good);
    count(&into->bad, from->bad);
    count(&into->aside, from->aside);
    for (unsigned i = 0; i < FAILURE_COUNT; i++)
        count(&into->failures[i], from->failures[i]);
    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        count(&into->reached[i], from->reached[i]);
        into->sum_us[i] += from->sum_us[i];
        if (from->max_us[i] > into->max_us[i])
            into->max_us[i] = from->max_us[i];
    }
    for (unsigned i = 0; i < ROLLUP_BUCKETS; i++)
        sums[i] = ((uint64_t)into->buckets[i] << into->shift) +
                  ((uint64_t)from->buckets[i] << from->shift);
    set_buckets(into, sums);
}

bool rollup_is_empty(const struct rollup *rollup)
{
    return rollup->good == 0 && rollup->bad == 0 && rollup->aside == 0;
}

/* ---- reading ---- */

usec_t rollup_quantile(const struct rollup *rollup, double part)
{
    uint64_t all = 0;
    uint64_t seen = 0;

    for (unsigned i = 0; i < ROLLUP_BUCKETS; i++)
        all += rollup->buckets[i];
    if (all == 0)
        return -1;
    for (unsigned i = 0; i < ROLLUP_BUCKETS; i++) {
        seen += rollup->buckets[i];
        if (seen > 0 && (double)seen >= part * (double)all) {
            uint64_t end_us = end_of(i);
            uint64_t max_us = rollup->max_us[PHASE_TOTAL];

            return (usec_t)(i == ROLLUP_BUCKETS - 1 || end_us > max_us ? max_us : end_us);
        }
    }
    return (usec_t)rollup->max_us[PHASE_TOTAL];
}

usec_t rollup_mean(const struct rollup *rollup, enum phase_of_check phase)
{
    return rollup->reached[phase] == 0 ? -1
                                       : (usec_t)(rollup->sum_us[phase] / rollup->reached[phase]);
}

/* ---- as bytes ---- */

struct bytes {
    uint8_t *out;
    const uint8_t *in;
    const uint8_t *end;
    bool bad;
};

static void put(struct bytes *bytes, uint64_t number)
{
    for (; number > SEVEN_BITS; number >>= 7)
        *bytes->out++ = (uint8_t)(number | 0x80);
    *bytes->out++ = (uint8_t)number;
}

static uint64_t take(struct bytes *bytes, uint64_t max)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64 && bytes->in < bytes->end; shift += 7) {
        uint8_t byte = *bytes->in++;

        number |= (uint64_t)(byte & SEVEN_BITS) << shift;
        if (byte <= SEVEN_BITS) {
            bytes->bad |= number > max;
            return number;
        }
    }
    bytes->bad = true;
    return 0;
}

static void put_all(struct bytes *bytes, const uint32_t *counts, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        put(bytes, counts[i]);
}

static void take_all(struct bytes *bytes, uint32_t *counts, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        counts[i] = (uint32_t)take(bytes, UINT32_MAX);
}

/* Most are zero: each one that is not is told with how many zeros stand before it. */
static void put_buckets(struct bytes *bytes, const uint16_t *buckets)
{
    unsigned zeros = 0;

    for (unsigned i = 0; i < ROLLUP_BUCKETS; i++, zeros++) {
        if (buckets[i] == 0)
            continue;
        put(bytes, zeros);
        put(bytes, buckets[i]);
        zeros = UINT32_MAX; /* the loop makes none of it */
    }
}

static void take_buckets(struct bytes *bytes, uint16_t *buckets)
{
    uint64_t at = 0;

    while (bytes->in < bytes->end && !bytes->bad) {
        at += take(bytes, ROLLUP_BUCKETS);
        if (at >= ROLLUP_BUCKETS) {
            bytes->bad = true;
            return;
        }
        buckets[at++] = (uint16_t)take(bytes, UINT16_MAX);
    }
}

size_t rollup_pack(const struct rollup *rollup, uint8_t *ret_bytes)
{
    struct bytes bytes = {.out = ret_bytes};

    put(&bytes, VERSION_BYTE);
    put(&bytes, rollup->good);
    put(&bytes, rollup->bad);
    put(&bytes, rollup->aside);
    put(&bytes, FAILURE_COUNT); /* classes are added at the end */
    put_all(&bytes, rollup->failures, FAILURE_COUNT);
    put_all(&bytes, rollup->reached, ROLLUP_PHASES);
    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        put(&bytes, rollup->sum_us[i]);
        put(&bytes, rollup->max_us[i]);
    }
    put(&bytes, rollup->shift);
    put_buckets(&bytes, rollup->buckets);
    assert(bytes.out - ret_bytes <= ROLLUP_PACKED_MAX);
    return (size_t)(bytes.out - ret_bytes);
}

int rollup_unpack(const uint8_t *data, size_t length, struct rollup *ret_rollup)
{
    struct bytes bytes = {.in = data, .end = data + length};
    struct rollup rollup = {0};
    uint64_t classes;

    *ret_rollup = rollup;
    if (take(&bytes, UINT64_MAX) != VERSION_BYTE)
        return -1;
    rollup.good = (uint32_t)take(&bytes, UINT32_MAX);
    rollup.bad = (uint32_t)take(&bytes, UINT32_MAX);
    rollup.aside = (uint32_t)take(&bytes, UINT32_MAX);
    classes = take(&bytes, FAILURE_COUNT);
    if (bytes.bad)
        return -1;
    take_all(&bytes, rollup.failures, (unsigned)classes);
    take_all(&bytes, rollup.reached, ROLLUP_PHASES);
    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        rollup.sum_us[i] = take(&bytes, UINT64_MAX);
        rollup.max_us[i] = take(&bytes, UINT64_MAX);
    }
    rollup.shift = (uint8_t)take(&bytes, SHIFT_MAX);
    take_buckets(&bytes, rollup.buckets);
    if (bytes.bad)
        return -1;
    *ret_rollup = rollup;
    return 0;
}
