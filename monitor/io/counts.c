/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a result is a rollup of one, so what it counts for is said once, by rollup_add(). Such
 * are summed up here in little room, and are a rollup again when their minute ends. */
#include "counts.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_SHARES = 4 };

struct counts_share {
    uint16_t bucket;
    uint16_t count;
};

struct counts_rare {
    struct counts_phase tls;
    uint16_t failures[FAILURE_COUNT];
    char *why; /* of the newest result; NULL: it was good */
};

static const struct counts_phase no_phase = {.last_us = -1};

void counts_init(struct counts *counts)
{
    *counts = (struct counts){.median_us = -1, .p95_us = -1};
    for (unsigned i = 0; i < ROLLUP_PHASES - 1; i++)
        counts->phases[i] = no_phase;
}

void counts_clear(struct counts *counts)
{
    if (counts->rare != NULL)
        free(counts->rare->why);
    free(counts->rare);
    free(counts->shares);
    counts_init(counts);
}

/* ---- where things are ---- */

static struct counts_rare *rare_of(struct counts *counts)
{
    if (counts->rare == NULL) {
        counts->rare = calloc(1, sizeof(*counts->rare));
        if (counts->rare != NULL)
            counts->rare->tls = no_phase;
    }
    return counts->rare;
}

static unsigned place_of(unsigned phase)
{
    return phase < PHASE_TLS ? phase : phase - 1;
}

static struct counts_phase *phase_to_fill(struct counts *counts, unsigned phase)
{
    if (phase != PHASE_TLS)
        return &counts->phases[place_of(phase)];
    return rare_of(counts) != NULL ? &counts->rare->tls : NULL;
}

static const struct counts_phase *phase_of(const struct counts *counts, unsigned phase)
{
    if (phase != PHASE_TLS)
        return &counts->phases[place_of(phase)];
    return counts->rare != NULL ? &counts->rare->tls : &no_phase;
}

/* ---- adding ---- */

static uint32_t in_32_bits(uint64_t us)
{
    return us < INT32_MAX ? (uint32_t)us : INT32_MAX;
}

static int32_t last_of(usec_t us)
{
    return us < 0 ? -1 : (int32_t)in_32_bits((uint64_t)us);
}

static void set_last(struct counts *counts, unsigned phase, usec_t us)
{
    struct counts_phase *p;

    if (us < 0 && phase_of(counts, phase)->last_us < 0)
        return;
    p = phase_to_fill(counts, phase);
    if (p != NULL)
        p->last_us = last_of(us);
}

static void add_phase(struct counts *counts, unsigned phase, uint64_t us)
{
    struct counts_phase *p = phase_to_fill(counts, phase);

    if (p == NULL)
        return;
    counts->reached[phase]++;
    p->all_us += us;
    p->all_count++;
    p->sum_us += in_32_bits(us);
    if (in_32_bits(us) > p->max_us)
        p->max_us = in_32_bits(us);
}

static void add_share(struct counts *counts, uint16_t bucket)
{
    struct counts_share *more;
    uint16_t i = 0;

    while (i < counts->share_count && counts->shares[i].bucket != bucket)
        i++;
    if (i == counts->share_room) {
        uint16_t room = i == 0 ? FIRST_SHARES : (uint16_t)(2 * i);

        more = realloc(counts->shares, room * sizeof(*more));
        if (more == NULL)
            return;
        counts->shares = more;
        counts->share_room = room;
    }
    if (i == counts->share_count)
        counts->shares[counts->share_count++] = (struct counts_share){.bucket = bucket};
    counts->shares[i].count++;
}

/* The one that a good result is in. */
static uint16_t bucket_of(const struct rollup *one)
{
    uint16_t i = 0;

    while (i < ROLLUP_BUCKETS - 1 && one->buckets[i] == 0)
        i++;
    return i;
}

static void add_timings(struct counts *counts, const struct rollup *one, const struct timings *t)
{
    const usec_t last_us[ROLLUP_PHASES] = {t->resolve_us, t->connect_us, t->tls_us,
                                           t->first_byte_us, t->total_us};

    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        set_last(counts, i, last_us[i]);
        if (one->reached[i] > 0)
            add_phase(counts, i, one->sum_us[i]);
    }
    if (one->reached[PHASE_TOTAL] > 0)
        add_share(counts, bucket_of(one));
}

static void set_why(struct counts *counts, const struct result *result)
{
    bool is_good = result->class == RESULT_GOOD;

    if (is_good ? counts->rare == NULL : rare_of(counts) == NULL)
        return;
    free(counts->rare->why);
    counts->rare->why = is_good ? NULL : strdup(result->detail);
}

void counts_add(struct counts *counts, const struct result *result)
{
    struct rollup one = {0};

    rollup_add(&one, result);
    set_why(counts, result);
    counts->good = (uint16_t)(counts->good + one.good);
    counts->bad = (uint16_t)(counts->bad + one.bad);
    counts->aside = (uint16_t)(counts->aside + one.aside);
    if (result->class == RESULT_VOID)
        return;
    if (result->class == RESULT_BAD && counts->rare != NULL)
        counts->rare->failures[result->failure]++;
    add_timings(counts, &one, &result->timings);
}

/* ---- minutes ---- */

bool counts_is_empty(const struct counts *counts)
{
    return counts->good == 0 && counts->bad == 0 && counts->aside == 0;
}

bool counts_is_full(const struct counts *counts)
{
    bool is_full = counts->aside == UINT16_MAX || counts->good + counts->bad >= UINT16_MAX;

    for (unsigned i = 0; i < ROLLUP_PHASES; i++)
        is_full |= phase_of(counts, i)->sum_us > UINT32_MAX - INT32_MAX;
    return is_full;
}

void counts_minute(const struct counts *counts, struct rollup *ret_minute)
{
    struct rollup minute = {.good = counts->good, .bad = counts->bad, .aside = counts->aside};

    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        minute.reached[i] = counts->reached[i];
        minute.sum_us[i] = phase_of(counts, i)->sum_us;
        minute.max_us[i] = phase_of(counts, i)->max_us;
    }
    for (unsigned i = 0; i < FAILURE_COUNT && counts->rare != NULL; i++)
        minute.failures[i] = counts->rare->failures[i];
    for (unsigned i = 0; i < counts->share_count; i++)
        minute.buckets[counts->shares[i].bucket] = counts->shares[i].count;
    *ret_minute = minute;
}

void counts_end_minute(struct counts *counts, struct rollup *ret_minute)
{
    counts_minute(counts, ret_minute);
    if (counts->good > 0) {
        counts->median_us = last_of(rollup_quantile(ret_minute, 0.5));
        counts->p95_us = last_of(rollup_quantile(ret_minute, 0.95));
    }
    counts->good = counts->bad = counts->aside = counts->share_count = 0;
    memset(counts->reached, 0, sizeof(counts->reached));
    for (unsigned i = 0; i < ROLLUP_PHASES - 1; i++)
        counts->phases[i].sum_us = counts->phases[i].max_us = 0;
    if (counts->rare == NULL)
        return;
    counts->rare->tls.sum_us = counts->rare->tls.max_us = 0;
    memset(counts->rare->failures, 0, sizeof(counts->rare->failures));
}

/* ---- looking ---- */

void counts_times(const struct counts *counts, struct check_times *ret_times)
{
    struct check_times times = {.median_us = counts->median_us, .p95_us = counts->p95_us};
    usec_t *const last_us[ROLLUP_PHASES] = {&times.last.resolve_us, &times.last.connect_us,
                                            &times.last.tls_us, &times.last.first_byte_us,
                                            &times.last.total_us};
    struct rollup minute;

    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        const struct counts_phase *phase = phase_of(counts, i);

        *last_us[i] = phase->last_us;
        times.count[i] = phase->all_count;
        times.sum_us[i] = phase->all_us;
    }
    if (times.median_us < 0) { /* the first minute runs */
        counts_minute(counts, &minute);
        times.median_us = rollup_quantile(&minute, 0.5);
        times.p95_us = rollup_quantile(&minute, 0.95);
    }
    *ret_times = times;
}

const char *counts_why(const struct counts *counts)
{
    return counts->rare != NULL && counts->rare->why != NULL ? counts->rare->why : "";
}
