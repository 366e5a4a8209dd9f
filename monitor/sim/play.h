/* SPDX-License-Identifier: Apache-2.0 */
/* play.h: runs a list of actions in a fresh world, and says what became of it: which expectations
 * held, which invariant broke, how long the first move took. Scenarios and random runs alike. */
#ifndef REGIONSHIFT_SIM_PLAY_H
#define REGIONSHIFT_SIM_PLAY_H

#include "invariants.h"
#include "scenario.h"

enum { PLAY_EXPLAIN_MAX = 8191, PLAY_TEXT_MAX = 511 };

/* What became of one run. Times are milliseconds since the scenario's start; -1: never. */
struct outcome_report {
    bool good; /* every expectation and every invariant held */
    bool violated;
    struct violation violation; /* meaningful when violated; at_ms since the scenario's start */
    const struct expectation *failed; /* the first that failed, in time; NULL: none */
    msec_t failed_ms;
    char failed_text[PLAY_TEXT_MAX + 1]; /* what was found instead */
    uint32_t expectations_held;
    uint32_t expectations_failed;
    char explain[PLAY_EXPLAIN_MAX + 1]; /* every group's gates and votes as that happened */
    /* the first move by decision that leaves a region */
    msec_t trouble_ms;  /* first bad result of a site of it, unbroken since; -1 by an order, as */
    msec_t detected_ms; /* agreed down, as the first probe saw it */
    msec_t decided_ms;
    msec_t accepted_ms;
    uint32_t shifts;
    uint32_t writes; /* accepted batches, with those that moved nothing */
    uint32_t pages;  /* alerts delivered when they opened, and reminders; no all-clears */
    uint32_t alerts;
    uint64_t steps;
    uint64_t digest; /* of every fact, commit, batch and alert in order: same seed, same bytes */
    uint64_t acts_digest; /* of commits and accepted batches alone, without times and authors */
};

/* How to play. */
struct play {
    const struct cast *cast; /* with the scenario's `set` lines applied */
    uint64_t seed;
    const struct scenario *scenario;
    FILE *trace; /* NULL: none; else the operator's log of all probes */
    bool without_invariants;
    const char *file; /* of the scenario, for messages; NULL: its name */
};

/* Tests the scenario's names against the cast first (play_check). Returns 0 with a report, or -1
 * with the first complaint in error ("FILE:LINE: no region ..."): nothing was played. */
int play_run(const struct play *play, struct outcome_report *ret_report, char *error,
             size_t error_size);

/* Complains of every name in the scenario that means nothing under these settings. 0: of none. */
int play_check(const struct play *play, scenario_complain complain, void *context);

#endif
