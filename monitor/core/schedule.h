/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h: when each check is due. A binary heap, so that 50,000 checks cost what is due. */
#ifndef REGIONSHIFT_CORE_SCHEDULE_H
#define REGIONSHIFT_CORE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "units.h"

struct schedule_item {
    msec_t due_ms;
    msec_t interval_ms;
    msec_t phase_ms; /* on the wall clock's grid, so that probes spread without talking (V2) */
    uint32_t place;  /* in the heap; NONE: not due, in flight */
};

/* A place of the heap knows its time, so that who compares two need not look at their items, which
 * lie anywhere in memory. */
struct schedule_place {
    msec_t due_ms;
    uint32_t token;
};

struct schedule {
    struct schedule_item *items; /* by token */
    struct schedule_place *heap; /* earliest due first */
    uint32_t count;              /* in the heap */
};

/* Puts a token at its due time, or moves it there. */
void schedule_put(struct schedule *schedule, uint32_t token, msec_t due_ms);
void schedule_take(struct schedule *schedule, uint32_t token);

/* Takes the token that is due most, or NONE when none is due at now_ms. */
uint32_t schedule_pop(struct schedule *schedule, msec_t now_ms);

/* INT64_MAX when empty. */
msec_t schedule_next(const struct schedule *schedule);

/* The next time after now_ms on the token's grid; wall = now_ms + wall_offset. */
msec_t schedule_grid(const struct schedule *schedule, uint32_t token, msec_t now_ms,
                     wall_t wall_offset);

/* Phase of a check for a probe: hashed over the interval, and the probes' ranks spread evenly. */
msec_t schedule_phase(const char *name, uint32_t index, uint32_t rank, uint32_t ranks,
                      msec_t interval_ms);

#endif
