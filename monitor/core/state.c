/* SPDX-License-Identifier: Apache-2.0 */
/* What several stages need of the engine's memory. */
#include "state.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

wall_t state_wall(const struct engine *engine, msec_t at_ms)
{
    return at_ms + engine->wall_offset;
}

struct vote_slot *state_vote(const struct engine *engine, uint32_t probe, uint32_t group)
{
    return &engine->votes[(size_t)probe * engine->settings->group_count + group];
}

const struct group *state_group(const struct engine *engine, uint32_t group)
{
    return &engine->settings->groups[group];
}

bool state_may_act(const struct engine *engine)
{
    return !engine->dry_run && engine->settings->electors[engine->settings->self].may_act;
}

bool state_reads_zones(const struct engine *engine)
{
    return engine->reads_zones;
}

bool state_site_left(const struct engine *engine, uint32_t group, uint32_t in_group)
{
    const struct group *g = state_group(engine, group);
    const struct decision *head = &engine->groups[group].head->decision;
    uint32_t region = engine->settings->sites[g->sites[in_group]].region;
    bool any = false;

    for (uint32_t k = 0; k < g->site_count; k++) {
        any |= engine->settings->sites[g->sites[k]].region == region &&
               head->base[k] > head->weights[k];
    }
    return g->together || !any || head->base[in_group] > head->weights[in_group];
}

/* S2: the store has answered within a lease's time (a renewal is an answer too), and a whole read
 * is not too long ago: what we know of the others' leases is still true. */
bool state_store_ok(const struct engine *engine)
{
    return engine->store_full_ms >= 0 && engine->now_ms < state_store_end_ms(engine);
}

msec_t state_store_end_ms(const struct engine *engine)
{
    msec_t full_ms = engine->store_full_ms + STORE_FULL_MS + 1;
    msec_t answer_ms = engine->store_ok_ms + engine->settings->store.lease_ms + 1;

    return full_ms < answer_ms ? full_ms : answer_ms;
}

msec_t state_ledger_age_ms(const struct engine *engine, wall_t wall, msec_t most_ms)
{
    msec_t age_ms = state_wall(engine, engine->now_ms) - wall;
    bool was_read = engine->store_full_ms >= 0;

    if (age_ms < 0 || (was_read && age_ms > engine->now_ms - engine->store_full_ms))
        return 0;
    return age_ms > most_ms ? most_ms : age_ms;
}

bool state_told(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    return orders_newest(&engine->orders) <= engine->store_revision &&
           (!state->has_head || state->head_revision <= engine->store_revision);
}

void state_wake(struct engine *engine, uint32_t group, msec_t at_ms)
{
    const struct schedule_item *wake = &engine->wakes.items[group];

    if (wake->place == NONE || at_ms < wake->due_ms)
        schedule_put(&engine->wakes, group, at_ms);
}

msec_t state_look_again(const struct engine *engine)
{
    return engine->now_ms - engine->now_ms % REFUSED_LOOK_MS + REFUSED_LOOK_MS;
}

void state_touch(struct engine *engine, uint32_t group)
{
    marks_put(&engine->touched, group);
    engine->stirred = true;
}

void state_touch_all(struct engine *engine)
{
    for (uint32_t i = 0; i < engine->settings->group_count; i++)
        state_touch(engine, i);
}

struct fact *state_fact(struct engine *engine, enum fact_code code)
{
    struct update *update = engine->update;
    struct fact *fact;

    assert(update != NULL);
    if (update->fact_count == FACTS_MAX) {
        update->facts_lost++;
        fact = &engine->out_facts[FACTS_MAX]; /* a spare place that nobody reads */
    } else {
        fact = &engine->out_facts[update->fact_count++];
    }
    *fact = (struct fact){.code = code,
                          .at_ms = engine->now_ms,
                          .rule = "",
                          .word = "",
                          .word2 = "",
                          .group = NONE,
                          .site = NONE,
                          .check = NONE,
                          .region = NONE,
                          .zone = NONE,
                          .probe = NONE,
                          .epoch = -1,
                          .number = -1,
                          .limit = -1};
    return fact;
}

void state_weights_text(const struct engine *engine, uint32_t group, const int *weights, char *out,
                        size_t size)
{
    const struct group *g = state_group(engine, group);
    size_t used = 0;
    uint32_t service = NONE;

    out[0] = '\0';
    for (uint32_t i = 0; i < g->site_count && used + 1 < size; i++) {
        uint32_t of = engine->settings->sites[g->sites[i]].service;
        const char *before = i == 0 ? "" : of == service ? "/" : " ";
        int n = weights[i] == WEIGHT_DIFFERS
                    ? snprintf(out + used, size - used, "%sdiffer", before)
                    : snprintf(out + used, size - used, "%s%d", before, weights[i]);
        used += n > 0 ? (size_t)n : 0;
        service = of;
    }
}

/* Whose turn it is among those that may act: another one first with each epoch. */
static uint32_t turn_of(uint32_t place, uint32_t actors, uint64_t epoch)
{
    return (uint32_t)((place + actors - epoch % actors) % actors);
}

static bool has_voted(const struct decision *decision, uint32_t probe)
{
    return (decision->voters >> probe & 1) != 0;
}

uint32_t state_rank(const struct engine *engine, const struct decision *decision)
{
    const struct settings *settings = engine->settings;
    uint32_t self = settings->self;
    uint32_t actors = 0;
    uint32_t own = 0;
    uint32_t rank = 0;
    bool voted = has_voted(decision, self);

    for (uint32_t i = 0; i < settings->elector_count; i++) {
        own = i == self ? actors : own;
        actors += settings->electors[i].may_act;
    }
    if (actors == 0 || !settings->electors[self].may_act)
        return actors + self; /* after all that may */
    own = turn_of(own, actors, decision->epoch);
    for (uint32_t i = 0, place = 0; i < settings->elector_count; i++) {
        bool before = has_voted(decision, i) != voted
                          ? !voted
                          : turn_of(place, actors, decision->epoch) < own;

        if (!settings->electors[i].may_act)
            continue;
        place++;
        rank += i != self && before;
    }
    return rank;
}

msec_t state_jitter(const struct engine *engine, uint64_t salt, msec_t span_ms)
{
    uint64_t x = salt * UINT64_C(0x9e3779b97f4a7c15) + engine->settings->self + 1;

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9); /* splitmix64's finisher */
    x ^= x >> 31;
    return span_ms <= 0 ? 0 : (msec_t)(x % (uint64_t)span_ms);
}
