/* SPDX-License-Identifier: Apache-2.0 */
/* plan_times.h: how long what a plan shows would take. */
#ifndef REGIONSHIFT_CONTROL_PLAN_TIMES_H
#define REGIONSHIFT_CONTROL_PLAN_TIMES_H

#include "server.h"

enum { PAST_MOVES_MAX = 200 /* decisions of the history that are looked at */ };

/* Borrowed, while the history shows them. */
struct past_moves {
    const struct history_decision_row *rows;
    uint32_t count;
};

/* A list: each stage at best and at most by the settings, and as measured at earlier moves of the
 * group. down_sites: what is supposed to be down; none: whatever has weight. */
json_t *timeline_of(const struct control_sources *now, uint32_t group, const uint32_t *down_sites,
                    uint32_t down_count, const struct past_moves *moves);

#endif
