/* SPDX-License-Identifier: Apache-2.0 */
/* swarm.h: random runs. A seed picks a random subset of the faults there are, random rates, and
 * draws a list of actions from them; another function draws random settings as well. The same seed
 * gives the same run for ever (on the same commit), on every machine. */
#ifndef REGIONSHIFT_SIM_SWARM_H
#define REGIONSHIFT_SIM_SWARM_H

#include "play.h"

enum {
    SWARM_SETTINGS_MAX = 16384, /* bytes that random settings need at most */
    SWARM_SHRINK_RUNS_MAX = 400
};

enum swarm_mode {
    SWARM_SAFETY,   /* faults to the end */
    SWARM_LIVENESS, /* faults, then a healthy core of probes, store and Route 53; then a region dies
                       and a move is demanded within the bound */
    SWARM_QUIET,    /* only a minority of the probes sees anything bad: nothing may move */
    SWARM_PLAIN     /* regions die and recover, far apart: what is done hangs on no moment; `set`
                       lines and a length of its own, too */
};

/* Writes the text of random settings (3-9 probes, 2-5 regions, every policy) that the settings
 * reader accepts. size is SWARM_SETTINGS_MAX at least. Returns the length. */
size_t swarm_settings(uint64_t seed, char *out, size_t size);

/* Draws a run of one simulated length. The scenario's name says the seed; a liveness run carries
 * its demands as expectations, comes to its own length, and may have `set` lines, with which the
 * cast has to be made again. */
struct scenario *swarm_scenario(const struct cast *cast, uint64_t seed, msec_t length_ms,
                                enum swarm_mode mode);

/* What may be added to a run without adding a move. */
enum swarm_extra {
    SWARM_STORE_FAULTS, /* S-16 */
    SWARM_ABSTENTIONS,  /* S-17: probes are killed or turn blind */
    SWARM_NOTICES,      /* S-18: the store's notifications come twice, late and out of order */
    SWARM_CLOCKS        /* S-19: wall clocks are wrong, by up to a year */
};

/* A copy of a run with more in it. */
struct scenario *swarm_more(const struct cast *cast, const struct scenario *scenario, uint64_t seed,
                            enum swarm_extra extra);

/* Makes a failing run as small as it gets: drops actions, shortens it, as long as the same
 * invariant (or expectation) still fails. Returns a new scenario. */
struct scenario *swarm_shrink(const struct play *play, const struct outcome_report *failure);

#endif
