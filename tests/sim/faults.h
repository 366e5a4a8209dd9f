/* SPDX-License-Identifier: Apache-2.0 */
/* faults.h: random faults for a world of three probes and two regions, and what is true while they
 * last. The same seed makes the same faults. */
#ifndef REGIONSHIFT_TESTS_SIM_FAULTS_H
#define REGIONSHIFT_TESTS_SIM_FAULTS_H

#include "pizza.h"

enum { SITES = 4, PROBES = 3, LEASE_MS = 10000 };

/* East and west of pizza, then of the factory: the order of the settings. */
extern const char *const fault_site_names[SITES];
extern const char *const fault_regions[2];

/* What the test knows to be true, beside what the engines believe. */
struct truth {
    struct world *world;
    uint64_t random;
    bool alive[PROBES];
    bool paused[PROBES];
    msec_t bad_ms[PROBES][SITES]; /* until when a site was bad for a probe; -1: never */
    bool bad[PROBES][SITES];
    msec_t frozen_ms; /* since when; -1: not, or unknown */
    bool drained[2];  /* by order, perhaps */
    bool ever_drained[2];
    bool readonly; /* the store */
    uint64_t seed;
};

uint32_t faults_below(struct truth *truth, uint32_t limit);
void faults_set_site(struct truth *truth, uint32_t probe, uint32_t site, enum site_mode mode);
/* One more fault, or the end of one. */
void faults_strike(struct truth *truth);
/* Ends them all, with some time for late batches to arrive, and takes back freezes and drains. */
void faults_heal(struct truth *truth);

#endif
