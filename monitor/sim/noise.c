/* SPDX-License-Identifier: Apache-2.0 */
/* noise.c: the quorum as one Markov chain over all its probes together. Outside a cascade a probe
 * is up, down or recovering, so a constellation of the electorate is a number with one digit for
 * each probe; which constellations are agreed down is asked of agreement.h, vantages, owners and
 * places included. Probes look in turn, one each interval/N (V2: phases by rank). */
#include "noise.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "agreement.h"
#include "cascade.h"

enum {
    STATES_MAX = 1 << 17,     /* constellations: nine probes with rise = 2 are 19,683 */
    INTERVALS_TO_SETTLE = 24, /* a probe that is down is seldom down for three */
    UP = 0,                   /* digits */
    DOWN = 1                  /* those above: recovering, suspect */
};

double noise_independent(const struct chain *chain, uint32_t probes, uint32_t quorum,
                         double interval_s, double loss, const bool holds[VERDICT_STATE_COUNT])
{
    struct chain_course course = chain_course(chain, loss, holds);
    /* One probe falls, just so many of the others are down, and the rest is not. */
    double others = binomial(probes - 1, quorum - 1, course.down);

    return NOISE_YEAR_S / interval_s * probes * course.entries * others;
}

struct noise {
    const struct settings *settings;
    const struct check *check;
    double loss;
    bool alone; /* a cascade is one probe's */
    bool paced; /* ... and none: all results come in turn, and suspects are seen in between */
    uint32_t probes;
    uint32_t digits;                   /* values of one */
    uint32_t states[CHAIN_STATES_MAX]; /* of the chain, by digit */
    struct chain chain;
    struct cascade cascades[CASCADE_OTHERS_MAX + 1]; /* by how many others are up */
    uint32_t power[CASCADE_OTHERS_MAX + 2];
    uint32_t count; /* constellations */
    bool *agreed;   /* down, by constellation */
    double *now;
    double *next;
    double *crossed; /* into agreed down, in one turn */
};

static uint32_t digit(const struct noise *n, uint32_t constellation, uint32_t probe)
{
    return constellation / n->power[probe] % n->digits;
}

/* ---- making ---- */

static uint32_t digit_of(const struct noise *n, uint32_t state)
{
    uint32_t d = 0;

    while (n->states[d] != state)
        d++;
    assert(d < n->digits);
    return d;
}

static void name_states(struct noise *n, enum verdict_state verdict)
{
    for (uint32_t i = 0; i < n->chain.count; i++) {
        if (n->chain.verdicts[i] == verdict)
            n->states[n->digits++] = i;
    }
}

/* Up, down, what recovering passes through, and what suspicion does where that takes turns. */
static void name_digits(struct noise *n)
{
    n->states[n->digits++] = n->chain.up;
    name_states(n, VERDICT_DOWN);
    name_states(n, VERDICT_RECOVERING);
    if (n->paced)
        name_states(n, VERDICT_SUSPECT);
}

static void judge(struct noise *n, uint32_t region)
{
    for (uint32_t x = 0; x < n->count; x++) {
        struct tally tally;
        for (uint32_t i = 0; i < n->probes; i++) {
            uint32_t d = digit(n, x, i);
            tally.ballots[i] = d == UP ? BALLOT_UP : d == DOWN ? BALLOT_DOWN : BALLOT_NEITHER;
        }
        tally_count(&tally, n->settings, region);
        n->agreed[x] = agreement_judge(&tally, n->settings) == AGREED_DOWN;
    }
}

static void noise_destroy(struct noise *n)
{
    free(n->agreed);
    free(n->now);
    free(n->next);
    free(n->crossed);
    free(n);
}

static int size_it(struct noise *n)
{
    n->count = 1;
    for (uint32_t i = 0; i < n->probes; i++) {
        n->power[i] = n->count;
        n->count *= n->digits;
        if (n->count > STATES_MAX)
            return -1;
    }
    n->agreed = calloc(n->count, sizeof(*n->agreed));
    n->now = calloc(n->count, sizeof(*n->now));
    n->next = calloc(n->count, sizeof(*n->next));
    n->crossed = calloc(n->count, sizeof(*n->crossed));
    if (n->agreed == NULL || n->now == NULL || n->next == NULL || n->crossed == NULL)
        return -1;
    return 0;
}

/* Of several checks, one stands for the site: noise is small, and seldom hits two. */
static const struct check *first_counting(const struct settings *settings, const struct site *site)
{
    uint32_t i = site->first_check;

    while (i + 1 < site->first_check + site->check_count &&
           (settings->checks[i].kind == CHECK_GROUP || !settings_check_counts(settings, i)))
        i++;
    return &settings->checks[i];
}

/* V2: a probe's own loss only raises the suspicion, when there is anybody to raise it with. */
static bool raises(const struct noise *n)
{
    return !n->alone && n->probes > 1 && n->check->fall > 1;
}

static struct noise *noise_create(const struct settings *settings, bool alone, uint32_t site,
                                  double loss)
{
    const struct site *s = &settings->sites[site];
    struct noise *n = calloc(1, sizeof(*n));

    if (n == NULL || s->check_count == 0 || settings->elector_count > CASCADE_OTHERS_MAX)
        goto fail;
    n->settings = settings;
    n->check = first_counting(settings, s);
    n->loss = loss;
    n->alone = alone;
    n->paced = alone && n->check->retry_ms >= n->check->interval_ms;
    n->probes = settings->elector_count;
    struct verdict_rule rule = {.fall = n->check->fall,
                                .rise = n->check->rise,
                                .window_bad = n->check->window_bad,
                                .window_of = n->check->window_of};
    if (chain_make(&rule, &n->chain) < 0)
        goto fail;
    name_digits(n);
    if (size_it(n) < 0)
        goto fail;
    for (uint32_t others = 0; others < (alone ? 1 : n->probes); others++) {
        if (cascade_make(&n->chain, loss, others, raises(n), &n->cascades[others]) < 0)
            goto fail;
    }
    judge(n, s->region);
    return n;
fail:
    if (n != NULL)
        noise_destroy(n);
    return NULL;
}

/* ---- a turn ---- */

struct turn {
    const struct noise *noise;
    double *to;
    double *crossed; /* NULL: nobody wants to know */
    uint32_t from;
};

static void arrive(const struct turn *turn, uint32_t at, double chance)
{
    const struct noise *n = turn->noise;

    turn->to[at] += chance;
    if (turn->crossed != NULL && n->agreed[at] && !n->agreed[turn->from])
        turn->crossed[at] += chance;
}

/* The probe lost its check while it was up: every set of the others that are up may fall with it;
 * sets of one size are equally likely. */
static void fall_together(const struct turn *turn, uint32_t probe, double chance)
{
    const struct noise *n = turn->noise;
    uint32_t up = 0;

    for (uint32_t i = 0; i < n->probes; i++)
        up |= !n->alone && i != probe && digit(n, turn->from, i) == UP ? 1u << i : 0;
    const struct cascade *cascade = &n->cascades[__builtin_popcount(up)];
    for (uint32_t set = up;; set = (set - 1) & up) {
        uint32_t count = (uint32_t)__builtin_popcount(set);
        double ways = choose((uint32_t)__builtin_popcount(up), count);
        uint32_t at = turn->from;
        for (uint32_t i = 0; i < n->probes; i++)
            at += set >> i & 1 ? (DOWN - UP) * n->power[i] : 0;
        arrive(turn, at, chance * cascade->ends[0][count] / ways);
        arrive(turn, at + (DOWN - UP) * n->power[probe], chance * cascade->ends[1][count] / ways);
        if (set == 0)
            return;
    }
}

static void take_turn(const struct noise *n, uint32_t probe, const double *from, double *to,
                      double *crossed)
{
    struct turn turn = {.noise = n, .to = to, .crossed = crossed};

    memset(to, 0, n->count * sizeof(*to));
    for (turn.from = 0; turn.from < n->count; turn.from++) {
        double chance = from[turn.from];
        uint32_t d = digit(n, turn.from, probe);
        uint32_t base = turn.from - d * n->power[probe];
        if (chance < 1e-290)
            continue;
        uint32_t good = digit_of(n, n->chain.after_good[n->states[d]]);
        arrive(&turn, base + good * n->power[probe], chance * (1 - n->loss));
        if (d == UP && !n->paced)
            fall_together(&turn, probe, chance * n->loss);
        else
            arrive(&turn, base + digit_of(n, n->chain.after_bad[n->states[d]]) * n->power[probe],
                   chance * n->loss);
    }
}

/* ---- episodes ---- */

/* From a lost check to the moment its cascade has made votes of it. */
static msec_t lag_ms(const struct noise *n)
{
    const struct check *check = n->check;
    msec_t again_ms = check->retry_ms + check->timeout_ms;

    if (n->paced)
        return check->timeout_ms;
    if (raises(n))
        return check->timeout_ms + (msec_t)check->fall * again_ms;
    return check->timeout_ms + (msec_t)(check->fall - 1) * again_ms;
}

static void turn_over(struct noise *n, uint32_t probe)
{
    double *swap = n->now;

    take_turn(n, probe, n->now, n->next, NULL);
    n->now = n->next;
    n->next = swap;
}

static double sum_agreed(struct noise *n)
{
    double sum = 0;

    for (uint32_t x = 0; x < n->count; x++) {
        n->now[x] = n->agreed[x] ? n->now[x] : 0;
        sum += n->now[x];
    }
    return sum;
}

/* The crossings of one probe's turn, followed until the longest hold is over. */
static void follow(struct noise *n, uint32_t probe, const msec_t *holds_ms, uint32_t hold_count,
                   double *rates)
{
    double turn_ms = (double)n->check->interval_ms / n->probes;
    double at_ms = (double)lag_ms(n);
    uint64_t turn = (uint64_t)(at_ms / turn_ms) + 1;

    memcpy(n->now, n->crossed, n->count * sizeof(*n->now));
    double left = sum_agreed(n);
    for (uint32_t h = 0; h < hold_count; h++) {
        for (; left > 0 && (double)turn * turn_ms < at_ms + (double)holds_ms[h]; turn++) {
            turn_over(n, (uint32_t)((probe + turn) % n->probes));
            left = sum_agreed(n);
        }
        rates[h] += left;
    }
}

static void settle(struct noise *n)
{
    memset(n->now, 0, n->count * sizeof(*n->now));
    n->now[0] = 1;
    for (uint32_t i = 0; i < INTERVALS_TO_SETTLE * n->probes; i++)
        turn_over(n, i % n->probes);
}

int noise_quorum(const struct settings *settings, bool alone, uint32_t site, double loss,
                 const msec_t *holds_ms, uint32_t hold_count, double *ret_rates)
{
    struct noise *n = noise_create(settings, alone, site, loss);
    double *settled = n == NULL ? NULL : malloc(n->count * sizeof(*settled));
    int result = -1;

    if (settled == NULL)
        goto out;
    memset(ret_rates, 0, hold_count * sizeof(*ret_rates));
    settle(n);
    memcpy(settled, n->now, n->count * sizeof(*settled));
    for (uint32_t probe = 0; probe < n->probes; probe++) {
        memset(n->crossed, 0, n->count * sizeof(*n->crossed));
        take_turn(n, probe, settled, n->next, n->crossed);
        memcpy(settled, n->next, n->count * sizeof(*settled));
        follow(n, probe, holds_ms, hold_count, ret_rates);
    }
    for (uint32_t h = 0; h < hold_count; h++)
        ret_rates[h] *= NOISE_YEAR_S * 1000 / (double)n->check->interval_ms;
    result = 0;
out:
    free(settled);
    if (n != NULL)
        noise_destroy(n);
    return result;
}
