/* SPDX-License-Identifier: Apache-2.0 */
/* cascade.c: goes from round to round, with the probability of every constellation. The others are
 * interchangeable, so a constellation is how many of them are in which state of the chain. A round
 * is one look: of the suspects because they are, and in the first of those up as well, because of
 * the suspicion. */
#include "cascade.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum {
    ROUNDS_MAX = 300, /* far more than any fall */
    SLOTS = 1 << 15,
    COUNT_BITS = 5 /* of each state's count; CHAIN_STATES_MAX of them fit beside the rest */
};

struct spot {
    uint64_t counts; /* of the others, COUNT_BITS each */
    uint32_t first;  /* the first probe's state */
    uint32_t looks;  /* 1: those up look as well */
    double chance;   /* 0: empty */
};

struct table {
    struct spot *spots; /* open addressing */
    uint32_t used;
};

struct walk {
    const struct chain *chain;
    double loss;
    struct table now;
    struct table next;
    struct cascade *cascade;
    bool full;
};

double choose(uint32_t n, uint32_t k)
{
    double ways = 1;

    for (uint32_t i = 0; i < k; i++)
        ways = ways * (n - i) / (i + 1);
    return ways;
}

double binomial(uint32_t n, uint32_t k, double chance)
{
    double result = choose(n, k);

    for (uint32_t i = 0; i < n; i++)
        result *= i < k ? chance : 1 - chance;
    return result;
}

/* ---- constellations ---- */

static uint32_t count_of(uint64_t counts, uint32_t state)
{
    return counts >> (COUNT_BITS * state) & ((1u << COUNT_BITS) - 1);
}

static uint64_t counted(uint64_t counts, uint32_t state, uint32_t more)
{
    return counts + ((uint64_t)more << (COUNT_BITS * state));
}

static void add(struct walk *walk, struct table *table, struct spot spot)
{
    uint64_t hash = (spot.counts * 16 + spot.first) * 4 + spot.looks;
    uint32_t at = (uint32_t)(hash * UINT64_C(0x9e3779b97f4a7c15) >> 40) % SLOTS;

    if (spot.chance < 1e-280) /* below what matters, above what doubles cannot hold */
        return;
    for (;; at = (at + 1) % SLOTS) {
        struct spot *there = &table->spots[at];
        if (there->chance == 0) {
            walk->full |= table->used >= SLOTS / 2;
            if (!walk->full) {
                *there = spot;
                table->used++;
            }
            return;
        }
        if (there->counts == spot.counts && there->first == spot.first &&
            there->looks == spot.looks) {
            there->chance += spot.chance;
            return;
        }
    }
}

static bool suspects(const struct chain *chain, uint32_t state)
{
    return chain->verdicts[state] == VERDICT_SUSPECT;
}

static bool is_over(const struct chain *chain, const struct spot *spot)
{
    if (spot->looks > 0 || suspects(chain, spot->first))
        return false;
    for (uint32_t i = 0; i < chain->count; i++) {
        if (suspects(chain, i) && count_of(spot->counts, i) > 0)
            return false;
    }
    return true;
}

static void note_end(struct walk *walk, const struct spot *spot)
{
    uint32_t down = 0;

    for (uint32_t i = 0; i < walk->chain->count; i++)
        down += walk->chain->verdicts[i] == VERDICT_DOWN ? count_of(spot->counts, i) : 0;
    walk->cascade->ends[walk->chain->verdicts[spot->first] == VERDICT_DOWN][down] += spot->chance;
}

/* ---- a round ---- */

/* The chance that a probe in this state has a bad result in this round; -1: it does not look. */
static double chance_of_bad(const struct walk *walk, uint32_t state, uint32_t looks)
{
    if (suspects(walk->chain, state))
        return walk->loss;
    if (state != walk->chain->up || looks == 0)
        return -1;
    return walk->loss;
}

/* The others, state by state; `made` collects where they go. */
static void spread(struct walk *walk, const struct spot *from, uint32_t state, struct spot made)
{
    const struct chain *chain = walk->chain;
    uint32_t count;
    double bad;

    while (state < chain->count && count_of(from->counts, state) == 0)
        state++;
    if (state == chain->count) {
        add(walk, &walk->next, made);
        return;
    }
    count = count_of(from->counts, state);
    bad = chance_of_bad(walk, state, from->looks);
    if (bad < 0) {
        made.counts = counted(made.counts, state, count);
        spread(walk, from, state + 1, made);
        return;
    }
    for (uint32_t k = 0; k <= count; k++) {
        struct spot next = made;
        next.counts = counted(next.counts, chain->after_bad[state], k);
        next.counts = counted(next.counts, chain->after_good[state], count - k);
        next.chance *= binomial(count, k, bad);
        spread(walk, from, state + 1, next);
    }
}

static void step(struct walk *walk, const struct spot *from)
{
    const struct chain *chain = walk->chain;
    struct spot made = {.first = from->first, .chance = from->chance};
    double bad = chance_of_bad(walk, from->first, from->looks);

    if (bad < 0) {
        spread(walk, from, 0, made);
        return;
    }
    made.first = chain->after_good[from->first];
    made.chance = from->chance * (1 - bad);
    spread(walk, from, 0, made);
    made.first = chain->after_bad[from->first];
    made.chance = from->chance * bad;
    spread(walk, from, 0, made);
}

/* True while something goes on. */
static bool round_of(struct walk *walk)
{
    bool busy = false;

    walk->next.used = 0;
    for (uint32_t i = 0; i < SLOTS; i++)
        walk->next.spots[i].chance = 0;
    for (uint32_t i = 0; i < SLOTS; i++) {
        const struct spot *spot = &walk->now.spots[i];
        if (spot->chance == 0)
            continue;
        if (is_over(walk->chain, spot)) {
            note_end(walk, spot);
        } else {
            step(walk, spot);
            busy = true;
        }
    }
    struct table table = walk->now;
    walk->now = walk->next;
    walk->next = table;
    return busy && !walk->full;
}

int cascade_make(const struct chain *chain, double loss, uint32_t others, bool raises,
                 struct cascade *ret_cascade)
{
    struct cascade cascade = {{{0}}};
    struct walk walk = {.chain = chain, .loss = loss, .cascade = &cascade};
    struct spot begin = {.first = raises ? chain->raised : chain->after_bad[chain->up],
                         .chance = 1};
    int result = -1;

    assert(others <= CASCADE_OTHERS_MAX);
    walk.now.spots = calloc(SLOTS, sizeof(*walk.now.spots));
    walk.next.spots = calloc(SLOTS, sizeof(*walk.next.spots));
    if (walk.now.spots == NULL || walk.next.spots == NULL)
        goto out;
    begin.counts = counted(0, chain->up, others);
    begin.looks = suspects(chain, begin.first) ? 1 : 0;
    add(&walk, &walk.now, begin);
    for (uint32_t i = 0; i < ROUNDS_MAX && round_of(&walk); i++)
        ;
    if (walk.full)
        goto out;
    *ret_cascade = cascade;
    result = 0;
out:
    free(walk.now.spots);
    free(walk.next.spots);
    return result;
}
