/* SPDX-License-Identifier: Apache-2.0 */
/* decision.h: a numbered statement for one group: the weight of every site, why, on whose evidence
 * (rules D1-D10). The head is at v1/decisions/GROUP, every one at v1/journal/GROUP/EPOCH. */
#ifndef REGIONSHIFT_DECISION_H
#define REGIONSHIFT_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"
#include "units.h"

enum decision_kind {
    DECISION_INIT,     /* D9: what the zone said when the group was taken on */
    DECISION_LEAVE,    /* D1: a region agreed down or drained loses its weight */
    DECISION_FAILBACK, /* D5: weight returns by choice */
    DECISION_CANCEL,   /* C8: undoes a decision that was never applied */
    DECISION_ADOPT,    /* C4, C7: the zone's own weights become the head */
    DECISION_REASSERT, /* C4: what was decided is written again over a drift */
    DECISION_ATTACH,   /* B2: the same weights; the record sets get their health checks */
    DECISION_KIND_COUNT
};

const char *decision_kind_name(enum decision_kind kind); /* "init" "leave" ... */
int decision_kind_parse(const char *name, enum decision_kind *ret_kind);
bool decision_is_move(enum decision_kind kind); /* counted by dwell and budget (D6) */

enum { DECISION_REASON_MAX = 200, ORDER_ID_MAX = 40, DECISION_HEALTH_MAX = 64 };

/* A health check's name at Route 53. */
struct health_id {
    char text[DECISION_HEALTH_MAX + 1]; /* ""  of a region whose record sets keep what they have */
};

/* Weights are in the order of settings->groups[group].sites. Arrays are borrowed. */
struct decision {
    uint32_t group;
    uint64_t epoch;
    enum decision_kind kind;
    uint32_t by;       /* elector that committed it */
    wall_t at_wall;    /* when */
    wall_t moved_wall; /* when weights last moved, for dwell (D6); 0: never */
    const int *weights;
    const int *normal;     /* what failback returns to; from the settings or an adopted drift */
    uint64_t base_epoch;   /* the fence in the zone when this was decided ... */
    const int *base;       /* ... and what that epoch said: drift is measured against it (C4) */
    const int *before;     /* the base as it was decided, where somebody has written into it and
                              that is restored (C4): a cancellation goes back to it; NULL: base */
    uint64_t same_since;   /* revision of the first head in a row that says this: the same weights,
                              the same normal, nothing moved; 0: this one. A failback ordered since
                              is about what still stands (D5) */
    uint64_t voters;       /* probe_set: whose votes were the evidence */
    uint32_t regions_left; /* bit set of regions that lose weight */
    char order[ORDER_ID_MAX + 1];         /* the order obeyed, "" none */
    bool override;                        /* D7: that order lifts freeze, readiness, drift */
    char reason[DECISION_REASON_MAX + 1]; /* a sentence */
    const struct health_id *health;       /* ATTACH, and NULL of all others: the health checks that
                                             record sets get, by region of the settings */
};

#endif
