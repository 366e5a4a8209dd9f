/* SPDX-License-Identifier: Apache-2.0 */
/* counts.h: the results of one check, counted: those of the running minute, and all since the
 * daemon began. Every check has one for ever, so it is small: what most do not have (failures,
 * handshakes) is apart, and of a rollup's buckets only those are there that hold something. */
#ifndef REGIONSHIFT_COUNTS_H
#define REGIONSHIFT_COUNTS_H

#include "rollups.h"

/* Microseconds in 31 bits are 35 minutes: longer than anything a check may take. */
struct counts_phase {
    uint64_t all_us; /* since the daemon began; so is all_count */
    uint32_t all_count;
    int32_t last_us; /* -1: not reached */
    uint32_t sum_us; /* of the minute */
    uint32_t max_us;
};

struct counts {
    uint32_t minute; /* the one that runs, by the wall clock */
    uint16_t good;
    uint16_t bad;
    uint16_t aside;
    uint16_t reached[ROLLUP_PHASES];
    struct counts_phase phases[ROLLUP_PHASES - 1]; /* all but PHASE_TLS */
    int32_t median_us; /* of good results in the last whole minute with any; -1 */
    int32_t p95_us;
    uint16_t share_count;
    uint16_t share_room;
    struct counts_share *shares; /* of the good ones, by bucket */
    struct counts_rare *rare;    /* NULL: there was none of it */
};

void counts_init(struct counts *counts);
void counts_clear(struct counts *counts);

/* Adds a result to the running minute. Without memory for it, a part of it is not counted. */
void counts_add(struct counts *counts, const struct result *result);

/* No more fits into the minute: it has to end before the next result. */
bool counts_is_full(const struct counts *counts);
bool counts_is_empty(const struct counts *counts);

/* The running minute; and its end. */
void counts_minute(const struct counts *counts, struct rollup *ret_minute);
void counts_end_minute(struct counts *counts, struct rollup *ret_minute);

void counts_times(const struct counts *counts, struct check_times *ret_times);

/* What the newest result saw and wanted, when it was not good; "" else. */
const char *counts_why(const struct counts *counts);

#endif
