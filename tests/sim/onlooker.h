/* SPDX-License-Identifier: Apache-2.0 */
/* onlooker.h: remembers what the tests of store, zone and sinks ask about. */
#ifndef REGIONSHIFT_TESTS_SIM_ONLOOKER_H
#define REGIONSHIFT_TESTS_SIM_ONLOOKER_H

#include "acting.h"

enum { ONLOOKER_PROBES = 3 };

struct onlooker {
    uint32_t committed;     /* decisions the store took */
    uint64_t last_epoch;    /* of them */
    uint32_t accepted;      /* batches the zone took */
    uint32_t accepted_late; /* ... long after they were sent */
    uint32_t delivered[ALERT_EVENT_COUNT][2];
    uint32_t events[EVENT_KIND_COUNT];
    struct event_servers servers;                        /* as told last */
    enum route53_outcome zone_outcomes[ONLOOKER_PROBES]; /* as told last */
    uint32_t zone_busy;                                  /* readings that were BUSY */
    enum route53_outcome change_outcome;
    enum store_status commit_status;
    enum store_status store_status;
    bool sink_failing;
    uint64_t told[ONLOOKER_PROBES][ONLOOKER_PROBES]; /* revision of a vote, told to a probe */
    bool told_older;                                 /* than one it had been told already */
    bool mute_commits;                               /* the way back closes when a commit leaves */
    bool mute_batches;
};

/* A pizza world with its first head and fence, watched from now on. */
struct world *watched(const char *settings, struct onlooker *onlooker);

#endif
