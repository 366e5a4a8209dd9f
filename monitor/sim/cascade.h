/* SPDX-License-Identifier: Apache-2.0 */
/* cascade.h: what one lost check sets off (V2). The suspicion is published, every other probe looks
 * at once, and the suspects look again in quick succession, until nobody suspects anything: some
 * are down then, or none. Against an interval this takes no time, so a model may treat it as one
 * event with several outcomes. */
#ifndef REGIONSHIFT_SIM_CASCADE_H
#define REGIONSHIFT_SIM_CASCADE_H

#include "chain.h"

enum { CASCADE_OTHERS_MAX = 15 };

/* The probabilities that so many of the others end down; [1]: and so does the first. */
struct cascade {
    double ends[2][CASCADE_OTHERS_MAX + 1];
};

/* The first probe, up until now, has just lost a check; `others` were up as well. Whoever is not up
 * takes no part: it looks at its own time. raises: that check is none of the first's `fall` (V2).
 * Returns 0, or -1 when memory or room runs out. */
int cascade_make(const struct chain *chain, double loss, uint32_t others, bool raises,
                 struct cascade *ret_cascade);

/* n over k, and the chance of k in n. */
double choose(uint32_t n, uint32_t k);
double binomial(uint32_t n, uint32_t k, double chance);

#endif
