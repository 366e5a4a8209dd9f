/* SPDX-License-Identifier: Apache-2.0 */
/* rollup.h: many results of one check, rolled up: how many were good, how they failed, and how long
 * each phase took. Rollups of two times add up to one of both, so a day is made of its minutes. */
#ifndef REGIONSHIFT_ROLLUP_H
#define REGIONSHIFT_ROLLUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

enum phase_of_check { PHASE_RESOLVE, PHASE_CONNECT, PHASE_TLS, PHASE_FIRST_BYTE, PHASE_TOTAL };

enum {
    ROLLUP_PHASES = 5,
    /* Totals of good results in quarters of an octave from 64 us to 67 s: a quantile is right to
     * within 9 %. The last one has all that is longer. */
    ROLLUP_BUCKETS = 81,
    ROLLUP_PACKED_MAX = 1024
};

/* Zeroed: empty. */
struct rollup {
    uint32_t good;
    uint32_t bad;
    uint32_t aside;                   /* void ones, which count for nothing */
    uint32_t failures[FAILURE_COUNT]; /* of the bad ones, by class */
    uint32_t reached[ROLLUP_PHASES];  /* results that came so far */
    uint64_t sum_us[ROLLUP_PHASES];
    uint64_t max_us[ROLLUP_PHASES];
    uint8_t shift;                    /* a share in a bucket stands for 2^shift results */
    uint16_t buckets[ROLLUP_BUCKETS]; /* all are halved when one is full */
};

/* Phases are added of good and bad results, as far as they came; totals only of good ones: a
 * refusal is fast, and says nothing of how fast the service is. */
void rollup_add(struct rollup *rollup, const struct result *result);
void rollup_merge(struct rollup *into, const struct rollup *from);
bool rollup_is_empty(const struct rollup *rollup);

/* The total that this part (0..1) of the good results kept within, -1 without any. */
usec_t rollup_quantile(const struct rollup *rollup, double part);
/* The mean of a phase, -1 when no result reached it. */
usec_t rollup_mean(const struct rollup *rollup, enum phase_of_check phase);

/* "resolve" "connect" "tls" "first_byte" "total" */
const char *rollup_phase_name(enum phase_of_check phase);

/* As bytes for a file: a version, then counts of seven bits a byte; zeros take one. Returns the
 * length, at most ROLLUP_PACKED_MAX. */
size_t rollup_pack(const struct rollup *rollup, uint8_t *ret_bytes);
/* 0, or -1: these bytes are no rollup; ret_rollup is empty then. */
int rollup_unpack(const uint8_t *bytes, size_t length, struct rollup *ret_rollup);

#endif
