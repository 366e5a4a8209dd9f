/* SPDX-License-Identifier: Apache-2.0 */
/* fact.h: what the engine says happened: code, ids and numbers, no prose. One formatter turns a
 * fact into the operator's log line and into the tests' golden trace, so both are one text. */
#ifndef REGIONSHIFT_FACT_H
#define REGIONSHIFT_FACT_H

#include <stddef.h>
#include <stdint.h>

#include "settings.h"
#include "units.h"

enum fact_code {
    FACT_STARTED,       /* epoch of nothing; numbers: groups, sites, probes */
    FACT_VERDICT,       /* check's site: old -> new state */
    FACT_VOTE,          /* group: published */
    FACT_SUSPECT,       /* probe suspects site: checked again at once (V2) */
    FACT_BLIND,         /* blindness began or ended */
    FACT_GAP,           /* clock or loop gap, ms */
    FACT_AGREEMENT,     /* site: old -> new, counts */
    FACT_HEAD,          /* group's head epoch seen */
    FACT_PROPOSED,      /* commit sent to the store */
    FACT_DECIDED,       /* commit accepted: epoch, kind, weights */
    FACT_CONFLICT,      /* commit lost the race (D8) */
    FACT_COMMIT_FAILED, /* store would not take it */
    FACT_REFUSED,       /* D10: a wanted move is refused: rule, reason, number */
    FACT_ZONE,          /* zone read: fence and weights */
    FACT_ZONE_FAILED,
    FACT_SENT,          /* change batch sent */
    FACT_ACCEPTED,      /* Route 53 took it */
    FACT_LOST,          /* no answer: the zone is read again (C3) */
    FACT_BATCH_REFUSED, /* refused batch (C3) */
    FACT_BACKOFF,       /* throttled or failing: next try in ms */
    FACT_APPLIED,       /* the zone's fence says >= N (C7) */
    FACT_INSYNC,
    FACT_SERVERS,   /* authoritative servers that say >= N, of */
    FACT_STRANDED,  /* Route 53 does not know, or not publish, what it accepted (C8) */
    FACT_RESOLVERS, /* public resolvers that give the new answer, of */
    FACT_DRIFT,     /* C4 */
    FACT_FENCE_MISSING,
    FACT_FENCE_AHEAD, /* C7: fence above head */
    FACT_ORDER,       /* an order was seen */
    FACT_STORE,       /* store reachable or away */
    FACT_ALERT,       /* an alert was raised or resolved */
    FACT_LATCH,       /* beacon latch changed (B1) */
    FACT_GLASS,       /* break-glass: decided, kept, dropped, given up */
    FACT_CODE_COUNT
};

/* Unused ids are NONE, unused numbers -1, unused words "". */
struct fact {
    enum fact_code code;
    msec_t at_ms;
    const char *rule;  /* "D6"; static text */
    const char *word;  /* a static word: state, kind, outcome, reason */
    const char *word2; /* a second one: the state before */
    uint32_t group;
    uint32_t site;
    uint32_t check; /* of a site; said where a site has several */
    uint32_t region;
    uint32_t zone;
    uint32_t probe;
    int64_t epoch;
    int64_t number; /* what was measured */
    int64_t limit;  /* what is allowed or needed */
    char text[96];  /* weights "100/0 100/0", order ids; escaped */
};

const char *fact_name(enum fact_code code);

/* Writes logfmt without time: "refused group=jwt-pizza rule=D6 reason=dwell value=12000
 * limit=600000". Returns the length written (cut to size). */
size_t fact_format(const struct fact *fact, const struct settings *settings, char *out,
                   size_t size);

#endif
