/* SPDX-License-Identifier: Apache-2.0 */
/* timeline.h: how long a failover takes, from the first sign of trouble to the last customer: what
 * the settings promise, stage by stage, at best and at most. Pure arithmetic: who knows the
 * settings fills the facts. "At most" holds while store and Route 53 answer within their timeouts.
 */
#ifndef REGIONSHIFT_TIMELINE_H
#define REGIONSHIFT_TIMELINE_H

#include "units.h"

enum timeline_stage {
    TIMELINE_DETECTED,  /* a quorum of verdicts (V1, V2) */
    TIMELINE_DECIDED,   /* held, and committed (D1, D8) */
    TIMELINE_ACCEPTED,  /* by Route 53, in the last zone of the group (C6) */
    TIMELINE_SERVERS,   /* the authoritative servers say so (C7) */
    TIMELINE_RESOLVERS, /* and the last resolver that keeps to the TTL */
    TIMELINE_COUNT
};

const char *timeline_name(enum timeline_stage stage); /* "detected" "decided" ... */

enum {
    TIMELINE_WHY_MAX = 200,
    TIMELINE_PUBLISH_MS = 60 * 1000, /* Route 53 publishes a change within a minute */
    TIMELINE_TURN_MS = 2000          /* C6: each waits so long for the one before */
};

struct timeline_facts {
    msec_t interval_ms; /* of the slowest check that would see it */
    msec_t timeout_ms;
    msec_t retry_ms;
    uint32_t fall;
    uint32_t probes; /* whose votes count now */
    msec_t hold_ms;
    msec_t store_ms; /* timeout of one call */
    uint32_t actors; /* that may act and vote now */
    uint32_t zones;  /* one batch each, one after the other */
    msec_t aws_ms;   /* timeout of one request */
    msec_t ttl_ms;   /* longest of the record sets that change */
};

struct timeline_step {
    msec_t best_ms; /* since the first sign of trouble */
    msec_t most_ms;
    char why[TIMELINE_WHY_MAX + 1];
};

void timeline_make(const struct timeline_facts *facts,
                   struct timeline_step ret_steps[TIMELINE_COUNT]);

/* What was measured at earlier moves. */
struct timeline_measured {
    uint32_t count;
    msec_t median_ms; /* -1: none */
    msec_t worst_ms;
};
/* spans: -1 is left out. They are sorted in place. */
void timeline_measure(msec_t *spans_ms, uint32_t count, struct timeline_measured *ret_measured);

#endif
