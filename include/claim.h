/* SPDX-License-Identifier: Apache-2.0 */
/* claim.h: which probe says an alert (L1). Every probe raises the same incident; the one whose
 * claim stands in the store sends it, the others watch that it does.
 *
 * A claim is held by activity: its holder writes it again before each attempt (any write raises the
 * key's revision), for CLAIM_HOLD_MS at most. A claim unsent and unchanged for CLAIM_STALE_MS, by
 * the watcher's own clock, is free to be taken over: its holder died, or cannot reach a sink which
 * others may reach. So nobody's wall clock is compared, and a mail server that is down for
 * everybody gets one mail afterwards, not one from each probe.
 *
 * For that, no attempt begins unless the claim was judged within CLAIM_TRUST_MS: an alert may lie
 * longer than CLAIM_STALE_MS behind a sink that waits after failures. And a holder whose time is
 * over does not try either; it takes the claim again when nobody else has, a little later than they
 * could. What is left: an attempt that takes half a minute and is accepted in the end. */
#ifndef REGIONSHIFT_CLAIM_H
#define REGIONSHIFT_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "units.h"

enum { CLAIMS_MAX = 500 /* kept in the store; beyond it those that changed longest ago go */ };
enum { CLAIM_HOLD_MS = 60 * 1000, CLAIM_STALE_MS = 60 * 1000, CLAIM_TRUST_MS = 10 * 1000 };

/* The value of `v1/claims/INCIDENT`. */
struct claim {
    enum alert_phase phase;
    char by[NAME_MAX_LENGTH + 1];
    wall_t at_wall; /* of the alert that made the claim; a takeover keeps it */
    uint64_t count; /* notices of this incident: openings and reminders; a resolve keeps it */
    bool sent;      /* a sink has it: nobody else has to try */
};

/* What a probe does with an alert, given the claim as it stands. */
enum claim_verdict {
    CLAIM_TAKE, /* write ret_claim, comparing; then send */
    CLAIM_OURS, /* it is ours and unsent: go on sending, while our time is not over */
    CLAIM_WAIT, /* another holds it: look again, until it is sent or stale */
    CLAIM_DROP, /* said already, or a resolve of what was never opened */
};

/* What is asked of claim_judge(). */
struct claim_question {
    const struct claim *standing; /* NULL: none in the store, and nothing said without it */
    uint64_t waited_count;        /* of a claim of this phase that the alert waited for; 0: none */
    bool is_stale;                /* standing is unchanged for CLAIM_STALE_MS by our clock */
    enum alert_phase phase;       /* of the alert */
    wall_t at_wall;               /* of the alert */
    msec_t remind_ms;             /* 0: never */
    const char *self;
};

/* Judges; ret_claim is written for CLAIM_TAKE and CLAIM_OURS only. */
enum claim_verdict claim_judge(const struct claim_question *question, struct claim *ret_claim);

#endif
