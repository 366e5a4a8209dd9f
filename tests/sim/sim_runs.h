/* SPDX-License-Identifier: Apache-2.0 */
/* sim_runs.h: what a seed plays in `make check-sim`, and what is said when a run fails. */
#ifndef REGIONSHIFT_TESTS_SIM_SIM_RUNS_H
#define REGIONSHIFT_TESTS_SIM_SIM_RUNS_H

#include <stdatomic.h>

#include "swarm.h"

enum sim_mode { SIM_ALL, SIM_SAFETY, SIM_LIVENESS, SIM_PAIRS, SIM_MODE_COUNT };
extern const char *const sim_mode_names[SIM_MODE_COUNT];

/* How to play; the same for all seeds. */
struct sim_options {
    enum sim_mode mode;
    uint32_t hours;     /* simulated, of a safety run */
    const char *source; /* the source tree */
    const char *commit; /* for reports */
};

/* What was played, by all workers together. */
struct sim_tally {
    _Atomic uint64_t runs[SIM_MODE_COUNT];
    _Atomic uint64_t simulated_s;
    _Atomic uint64_t steps;
    _Atomic uint64_t moves; /* accepted batches that changed a weight */
    _Atomic uint64_t failures;
};

struct sim_runs;

/* Reads the settings of config/. Prints what is wrong and returns NULL when they cannot be read. */
struct sim_runs *sim_runs_create(const struct sim_options *options, struct sim_tally *tally);
void sim_runs_destroy(struct sim_runs *runs);

/* Plays all that the seed stands for in this mode. Each failure is shrunk, written to the folder
 * check-sim-failures, and told to out. */
void sim_runs_seed(struct sim_runs *runs, uint64_t seed, FILE *out);

/* Plays NAME.scn under NAME.conf next to it; the seed is the number at the end of the scenario's
 * name. With a trace, the operator's log of all probes. False, and said why, when it fails. */
bool sim_runs_file(struct sim_runs *runs, const char *path, FILE *out, FILE *trace);

#endif
