/* SPDX-License-Identifier: Apache-2.0 */
/* chain.h: the verdict machine as a Markov chain. Nothing of the rule is written down a second
 * time: the states are found by driving verdict_apply() with good and bad results from every state
 * that was reached, and those that behave alike for ever are taken together. */
#ifndef REGIONSHIFT_SIM_CHAIN_H
#define REGIONSHIFT_SIM_CHAIN_H

#include "verdict.h"

enum { CHAIN_STATES_MAX = 12 };

struct chain {
    uint32_t count;
    uint32_t up; /* the state of a healthy probe */
    /* V2: suspect by a result that only raised the suspicion. A state beyond the others (count)
     * that none leads to; with fall 1 it is what a bad result leads to from up. */
    uint32_t raised;
    enum verdict_state verdicts[CHAIN_STATES_MAX + 1];
    uint32_t after_bad[CHAIN_STATES_MAX + 1];
    uint32_t after_good[CHAIN_STATES_MAX + 1];
};

/* Returns 0, or -1 when the rule has more states than fit: a long fall and rise, or a window. */
int chain_make(const struct verdict_rule *rule, struct chain *ret_chain);

/* How a probe spends its time when each result is bad with probability loss, results come at equal
 * distances, and `holds` says in which states its vote counts as down. */
struct chain_course {
    double down;    /* share of the results that find it down */
    double entries; /* how often a result makes it down, as a share of the results */
};
struct chain_course chain_course(const struct chain *chain, double loss,
                                 const bool holds[VERDICT_STATE_COUNT]);

#endif
