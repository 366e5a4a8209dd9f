/* SPDX-License-Identifier: Apache-2.0 */
/* noise.h: how often a quorum would call a healthy site down, when each check is lost with a fixed
 * probability, independently. Computed, not simulated: what happens once in ten thousand years is
 * found as surely as what happens every day.
 *
 * Two models. noise_independent() is the textbook's: probes know nothing of each other and look
 * once an interval. noise_quorum() is ours (V1, V2, A3, D1): a suspicion makes every probe look at
 * once and the suspects look again in quick succession, so that votes fall together or not at all;
 * what remains down looks again at its own time, and one good answer takes its vote back. */
#ifndef REGIONSHIFT_SIM_NOISE_H
#define REGIONSHIFT_SIM_NOISE_H

#include "chain.h"
#include "settings.h"

/* A Julian year, as astronomers count. */
#define NOISE_YEAR_S (365.25 * 24 * 3600)

/* quorum of probes, each by itself; a year of episodes of agreed down, however short. The vote is
 * down in the states that `holds` names. */
double noise_independent(const struct chain *chain, uint32_t probes, uint32_t quorum,
                         double interval_s, double loss, const bool holds[VERDICT_STATE_COUNT]);

/* Episodes a year in which the site, judged by the settings' own electorate and first check, is
 * agreed down, unbroken, for at least each of these times (rising). Alone: no probe hears of
 * another's suspicion, to compare; and where `retry` is no shorter than the interval as well, that
 * is a check at a fixed interval.
 * Returns 0, or -1 when it cannot be computed: the rule or the electorate is too large, or there is
 * a window (V3). ret_rates has room for hold_count; a rate below 1e-300 is 0. */
int noise_quorum(const struct settings *settings, bool alone, uint32_t site, double loss,
                 const msec_t *holds_ms, uint32_t hold_count, double *ret_rates);

#endif
