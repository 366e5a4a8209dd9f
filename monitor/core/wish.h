/* SPDX-License-Identifier: Apache-2.0 */
/* wish.h: what a group's weights should be, from agreements and orders alone (rules D1-D5). Whether
 * it may be done now (freeze, drift, dwell, budget, ...) is safety.h's question. */
#ifndef REGIONSHIFT_CORE_WISH_H
#define REGIONSHIFT_CORE_WISH_H

#include "agreement.h"
#include "decision.h"
#include "gate.h"

struct wish_input {
    const struct settings *settings;
    uint32_t group;
    const int *weights; /* of the head, in the group's site order */
    const int *normal;
    const struct agreement *agreements; /* of every site of the settings */
    const bool *drained;                /* by region */
    const bool *unfit;                  /* D7: by region: down as the one probe sees it that acts
                                           alone (break-glass); NULL: the quorum is asked */
    bool override;                      /* D7: the drain in force lifts readiness */
    bool failback;                      /* ordered, or auto (D5) */
    msec_t now_ms;
};

/* Why nothing is wished although something is wrong (D10). */
struct refusal {
    const char *rule; /* NULL: none */
    const char *reason;
    int64_t value;
    int64_t limit;
};

struct wish {
    int *weights; /* room for the group's sites, given by the caller */
    bool changes; /* differs from the input's weights */
    enum decision_kind kind;
    bool ordered; /* only drained regions leave, or an ordered failback: no dwell, budget */
    uint32_t regions_left; /* bit sets of regions */
    uint32_t regions_gained;
    bool all_down; /* every region that could serve is agreed down */
    struct refusal refusal;
    msec_t again_ms;       /* when time alone changes the answer; INT64_MAX: never */
    struct finding *gates; /* D1/D2 gates are appended; may be NULL */
    uint32_t *gate_count;
};

void wish_make(const struct wish_input *input, struct wish *wish);

#endif
