/* SPDX-License-Identifier: Apache-2.0 */
/* chain.c: explores, then merges (Moore's algorithm: states are alike until a result tells them
 * apart). */
#include "chain.h"

#include <string.h>

enum {
    FOUND_MAX = 256,  /* before merging */
    ROUNDS_MAX = 4000 /* of iteration: far more than any chain here needs to settle */
};

struct found {
    struct verdict verdict;
    uint32_t after[2]; /* good, bad */
    uint32_t class;
};

/* A run beyond what any rule asks for makes no difference, and time makes none in this machine. */
static void forget(struct verdict *verdict, const struct verdict_rule *rule)
{
    uint32_t enough = rule->fall > rule->rise ? rule->fall : rule->rise;

    verdict->since_ms = 0;
    verdict->last_ms = 0;
    verdict->run = verdict->run < enough ? verdict->run : enough;
    verdict->window &= 1;
    verdict->window_count = verdict->window_count > 0 ? 1 : 0;
}

static bool same(const struct verdict *a, const struct verdict *b)
{
    return a->state == b->state && a->run == b->run && a->window == b->window &&
           a->window_count == b->window_count;
}

/* The place of a state, added when it is new; NONE: no room. */
static uint32_t place_of(struct found *found, uint32_t *count, const struct verdict *verdict)
{
    for (uint32_t i = 0; i < *count; i++) {
        if (same(&found[i].verdict, verdict))
            return i;
    }
    if (*count == FOUND_MAX)
        return NONE;
    found[*count].verdict = *verdict;
    return (*count)++;
}

/* Follows both results from one state. False: no room. */
static bool follow(const struct verdict_rule *rule, struct found *found, uint32_t *count,
                   uint32_t from)
{
    for (uint32_t bad = 0; bad < 2; bad++) {
        struct verdict next = found[from].verdict;
        verdict_apply(&next, rule, bad ? RESULT_BAD : RESULT_GOOD,
                      bad ? FAILURE_TIMEOUT : FAILURE_NONE, 0);
        forget(&next, rule);
        found[from].after[bad] = place_of(found, count, &next);
        if (found[from].after[bad] == NONE)
            return false;
    }
    return true;
}

/* V2: the state in which the run has not begun to count, as absorb.c makes it; the last one. */
static uint32_t raise(const struct verdict_rule *rule, struct found *found, uint32_t *count)
{
    struct verdict raised = found[found[0].after[1]].verdict;
    uint32_t place;

    if (raised.state != VERDICT_SUSPECT)
        return found[0].after[1];
    raised.run = 0;
    place = place_of(found, count, &raised);
    if (place != NONE && !follow(rule, found, count, place))
        return NONE;
    return place;
}

/* Follows both results from every state. Returns how many there are, 0: too many. */
static uint32_t explore(const struct verdict_rule *rule, struct found *found, uint32_t *ret_raised)
{
    struct verdict first;
    uint32_t count = 0;

    verdict_init(&first, 0);
    for (uint32_t i = 0; i < rule->rise; i++)
        verdict_apply(&first, rule, RESULT_GOOD, FAILURE_NONE, 0);
    forget(&first, rule);
    (void)place_of(found, &count, &first);
    for (uint32_t i = 0; i < count; i++) {
        if (!follow(rule, found, &count, i))
            return 0;
    }
    *ret_raised = raise(rule, found, &count);
    return *ret_raised == NONE ? 0 : count;
}

static bool alike(const struct found *found, const struct found *a, const struct found *b)
{
    return a->class == b->class && found[a->after[0]].class == found[b->after[0]].class &&
           found[a->after[1]].class == found[b->after[1]].class;
}

/* One round of telling apart. Returns the number of classes after it. */
static uint32_t split(struct found *found, uint32_t count)
{
    uint32_t classes[FOUND_MAX];
    uint32_t next = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = 0;
        while (j < i && !alike(found, &found[i], &found[j]))
            j++;
        classes[i] = j < i ? classes[j] : next++;
    }
    for (uint32_t i = 0; i < count; i++)
        found[i].class = classes[i];
    return next;
}

static uint32_t merge(struct found *found, uint32_t count)
{
    uint32_t classes = 0;

    for (uint32_t i = 0; i < count; i++)
        found[i].class = found[i].verdict.state;
    for (;;) {
        uint32_t now = split(found, count);
        if (now == classes)
            return classes;
        classes = now;
    }
}

int chain_make(const struct verdict_rule *rule, struct chain *ret_chain)
{
    struct found found[FOUND_MAX];
    struct chain chain = {0};
    uint32_t raised = 0;
    uint32_t count = rule->window_bad > 0 ? 0 : explore(rule, found, &raised);

    if (count == 0)
        return -1;
    chain.count = merge(found, count);
    if (found[raised].verdict.state == VERDICT_SUSPECT)
        chain.count--; /* a class of its own, and the last */
    if (chain.count > CHAIN_STATES_MAX)
        return -1;
    chain.up = found[0].class;
    chain.raised = found[raised].class;
    for (uint32_t i = 0; i < count; i++) {
        chain.verdicts[found[i].class] = found[i].verdict.state;
        chain.after_good[found[i].class] = found[found[i].after[0]].class;
        chain.after_bad[found[i].class] = found[found[i].after[1]].class;
    }
    *ret_chain = chain;
    return 0;
}

struct chain_course chain_course(const struct chain *chain, double loss,
                                 const bool holds[VERDICT_STATE_COUNT])
{
    struct chain_course course = {0, 0};
    double now[CHAIN_STATES_MAX] = {0};

    now[chain->up] = 1;
    for (uint32_t round = 0; round < ROUNDS_MAX; round++) {
        double next[CHAIN_STATES_MAX] = {0};
        for (uint32_t i = 0; i < chain->count; i++) {
            next[chain->after_bad[i]] += now[i] * loss;
            next[chain->after_good[i]] += now[i] * (1 - loss);
        }
        memcpy(now, next, sizeof(now));
    }
    for (uint32_t i = 0; i < chain->count; i++) {
        bool down = holds[chain->verdicts[i]];
        course.down += down ? now[i] : 0;
        if (!down && holds[chain->verdicts[chain->after_bad[i]]])
            course.entries += now[i] * loss;
    }
    return course;
}
