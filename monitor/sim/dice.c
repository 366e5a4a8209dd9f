/* SPDX-License-Identifier: Apache-2.0 */
#include "dice.h"

#include <assert.h>

uint64_t dice_next(struct dice *dice)
{
    uint64_t x = dice->state += UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* Each number is mixed in turn: seeds, purposes and members that are neighbours share nothing. */
struct dice dice_create(uint64_t seed, uint64_t purpose, uint64_t member)
{
    struct dice dice = {.state = seed};

    dice.state = dice_next(&dice) ^ purpose;
    dice.state = dice_next(&dice) ^ member;
    dice.state = dice_next(&dice);
    return dice;
}

uint64_t dice_below(struct dice *dice, uint64_t limit)
{
    assert(limit > 0);
    return dice_next(dice) % limit;
}

bool dice_ppm(struct dice *dice, uint32_t ppm)
{
    return dice_below(dice, 1000000) < ppm;
}

static uint64_t square_root(uint64_t of)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit > 0; bit >>= 1) {
        if ((root + bit) * (root + bit) <= of)
            root += bit;
    }
    return root;
}

/* least / sqrt(u), u even in 0..1; the mean of that is twice the least. */
uint64_t dice_heavy_tail(struct dice *dice, uint64_t mean, uint64_t max)
{
    uint64_t root = square_root((dice_next(dice) >> 32) + 1); /* of 2^32 */
    uint64_t drawn;

    assert(mean < UINT32_MAX);
    drawn = mean * 65536 / (2 * (root > 0 ? root : 1));
    return drawn < max ? drawn : max;
}
