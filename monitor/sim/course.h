/* SPDX-License-Identifier: Apache-2.0 */
/* course.h: how long the first move away from a region took, from the first bad result of what it
 * left to the batch that moved the traffic. Measured from outside: from what the probes were told
 * and did, not from what an engine reports of itself (C7). */
#ifndef REGIONSHIFT_SIM_COURSE_H
#define REGIONSHIFT_SIM_COURSE_H

#include "world.h"

/* World times; -1: not, or not yet. */
struct course {
    msec_t trouble_ms;
    msec_t detected_ms;
    msec_t decided_ms;
    msec_t accepted_ms;
    uint32_t group; /* of the move */
    uint64_t epoch;
    uint32_t check_count;
    uint32_t site_count;
    uint32_t probe_count;
    msec_t *bad_ms;  /* probe x check: first bad result of the run that lasts; -1: it is good */
    msec_t *down_ms; /* probe x site: seen as agreed down since then; -1: it is not */
};

void course_init(struct course *course, const struct world *world);
void course_clear(struct course *course);

void course_stepped(struct course *course, const struct world *world, uint32_t probe,
                    const struct event *event, const struct update *update);
void course_committed(struct course *course, const struct world *world,
                      const struct commit *commit);
void course_accepted(struct course *course, const struct world *world, const struct batch *batch,
                     bool shift);

#endif
