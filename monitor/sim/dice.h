/* SPDX-License-Identifier: Apache-2.0 */
/* dice.h: chance, from a seed (splitmix64). Everything random has dice of its own: what one fault
 * draws changes nothing for the others, so a run with a fault can be compared with the same run
 * without it. Whole numbers only: the same on every machine. */
#ifndef REGIONSHIFT_SIM_DICE_H
#define REGIONSHIFT_SIM_DICE_H

#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

/* purpose and member (a probe, a site) tell these dice from the other ones of the same seed. */
struct dice dice_create(uint64_t seed, uint64_t purpose, uint64_t member);

uint64_t dice_next(struct dice *dice);
/* 0 .. limit - 1; limit > 0. */
uint64_t dice_below(struct dice *dice, uint64_t limit);
/* True in so many of a million throws. */
bool dice_ppm(struct dice *dice, uint32_t ppm);
/* Pareto with shape 2: most are short, a few very long. Of this mean, at most max. */
uint64_t dice_heavy_tail(struct dice *dice, uint64_t mean, uint64_t max);

#endif
