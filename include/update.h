/* SPDX-License-Identifier: Apache-2.0 */
/* update.h: what the engine wants done after an event. The shell performs it in this order and
 * answers with events. Arrays belong to the engine and are valid until its next step. */
#ifndef REGIONSHIFT_UPDATE_H
#define REGIONSHIFT_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "decision.h"
#include "event.h"
#include "fact.h"
#include "record.h"
#include "vote.h"

/* D8: one transaction. All of these are compared: head_revision (STORE_MOD_IS on
 * v1/decisions/GROUP), every vote counted, no order newer than orders_revision
 * (STORE_PREFIX_NOT_AFTER), the budget key. Then written: head, journal (created), budget when the
 * decision is a move, the obeyed order. */
struct commit_vote {
    uint32_t probe;
    uint64_t revision;
};
struct commit {
    struct decision decision;
    uint64_t head_revision;
    const struct commit_vote *votes;
    uint32_t vote_count;
    uint64_t orders_revision;
    uint64_t budget_revision;
    const wall_t *budget; /* the new ledger, oldest first */
    uint32_t budget_count;
    bool writes_budget;
    const struct order *obeyed; /* already marked; NULL none */
};

struct latch {
    uint32_t group;
    uint32_t region;
    uint64_t epoch;
    bool set; /* false: withdraw */
};

struct update {
    /* Checks to start now over a fresh connection; index >= check_count: reference. */
    const uint32_t *starts;
    uint32_t start_count;
    const struct vote *votes; /* ours, to publish under the lease */
    uint32_t vote_count;
    bool suspects_changed;    /* publish the list of suspects (leased; empty: delete) */
    const uint32_t *suspects; /* sites */
    uint32_t suspect_count;
    const struct latch *latches; /* to be fsynced before anything is sent (B1) */
    uint32_t latch_count;
    bool locals_changed;        /* D7: to be on disk, all of them, before anything is sent */
    const struct order *locals; /* orders that the store does not have */
    uint32_t local_count;
    const struct order *keeps; /* of those, what the store is to have now, if it knows no order
                                  newer than keeps_revision; its own telling says that it has */
    uint32_t keep_count;
    uint64_t keeps_revision;
    const struct commit *commits;
    uint32_t commit_count;
    const uint32_t *zone_reads; /* zones to read now */
    uint32_t zone_read_count;
    const struct batch *batches; /* to send once, now */
    uint32_t batch_count;
    const struct alert *alerts;
    uint32_t alert_count;
    const struct fact *facts;
    uint32_t fact_count;
    uint32_t facts_lost; /* more facts than fit; never silent */
};

#endif
