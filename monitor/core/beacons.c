/* SPDX-License-Identifier: Apache-2.0 */
/* B1: which regions' beacons are lit. Weights and beacons are two hands that must not let go of
 * each other:
 *
 *     commit that evicts a region      its word appears, fsynced before anything is sent
 *     the write API is away            the words alone carry the decision (C8)
 *     the zone takes the decision      weights and words say the same, under one epoch
 *     a decision raises the region     the zone takes it first; then the word goes
 *
 * A word is therefore withdrawn only by a zone's fence with a later decision than the one that lit
 * it. A store that was set back knows an older decision, and the fence of that withdraws nothing.
 * One zone of several that cannot be written does not keep the word for ever, if it never took the
 * weight away: see lets_go().
 *
 * Route 53 takes "all unhealthy" for "all healthy". So a region's word is held back while no region
 * that the decision gives weight would be left without a word: two words for two regions would send
 * traffic everywhere. It appears as soon as the other word is withdrawn. */
#include <string.h>

#include "state.h"

/* BEACON_LATE_MS: AWS refuses what was signed five minutes ago, and may apply what it took ten
 * minutes late; who has not heard of a new head loses his lease long before. */
enum { BEACON_LOOK_MS = 10000, BEACON_LATE_MS = 20 * 60 * 1000 };

/* The word appears with the commit that evicts a region. A standby that has its normal weight of
 * nothing is not evicted. */
static bool evicted(const struct engine *engine, uint32_t group, uint32_t region)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    bool lost = state->head->decision.regions_left >> region & 1;
    int here = 0;
    int elsewhere = 0;

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (engine->settings->sites[g->sites[k]].region == region) {
            here += state->head->weights[k];
            lost |= state->head->normal[k] > 0;
        } else {
            elsewhere += state->head->weights[k];
        }
    }
    return lost && here == 0 && elsewhere > 0;
}

/* Each service has another region with weight whose own word is not said. */
static bool leaves_somewhere(const struct engine *engine, uint32_t group, uint32_t region)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t s = 0; s < g->service_count; s++) {
        bool left = false;

        for (uint32_t k = 0; k < g->site_count; k++) {
            const struct site *site = &engine->settings->sites[g->sites[k]];

            left |= site->service == g->services[s] && site->region != region &&
                    state->head->weights[k] > 0 && state->latched[site->region] == 0;
        }
        if (!left)
            return false;
    }
    return true;
}

static void tell_latch(struct engine *engine, uint32_t group, uint32_t region, const char *word)
{
    struct fact *fact = state_fact(engine, FACT_LATCH);

    fact->rule = "B1";
    fact->group = group;
    fact->region = region;
    fact->epoch = (int64_t)engine->groups[group].head->decision.epoch;
    fact->word = word;
}

/* epoch 0: withdrawn. */
static void change_latch(struct engine *engine, uint32_t group, uint32_t region, uint64_t epoch)
{
    struct group_state *state = &engine->groups[group];
    uint64_t head = state->head->decision.epoch;
    bool news = (state->latched[region] == 0) != (epoch == 0);

    state->latched[region] = epoch;
    engine->out_latches[engine->update->latch_count++] =
        (struct latch){group, region, head, epoch > 0};
    if (news) /* not the same word, by a later decision */
        tell_latch(engine, group, region, epoch > 0 ? "set" : "withdrawn");
}

/* The word would be the last one: told once, so that one may know why Route 53 does not follow. */
static void hold_latch(struct engine *engine, uint32_t group, uint32_t region)
{
    struct group_state *state = &engine->groups[group];

    if (!(state->held >> region & 1))
        tell_latch(engine, group, region, "held");
    state->held |= UINT64_C(1) << region;
}

/* Who may not write has no turn in which it would read: it looks by and by while the zone does not
 * say yet what the head says, or its words would outlive those of the others by minutes. */
static void look_for_return(struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        struct zone_state *zone = &engine->zones[engine->slots[i].zone];
        msec_t due_ms = zone->answers_ms + BEACON_LOOK_MS;

        if (!zone->ever_read || engine->slots[i].fence.epoch >= state->head->decision.epoch)
            continue; /* the first reading is on its way */
        zone->wanted |= engine->now_ms >= due_ms;
        state_wake(engine, group,
                   due_ms > engine->now_ms ? due_ms : engine->now_ms + BEACON_LOOK_MS);
    }
}

/* As read, the zone gives the region what the head gives it. */
static bool gives_its_weight(const struct engine *engine, const struct zone_slot *slot,
                             uint32_t region)
{
    const struct group_state *state = &engine->groups[slot->group];
    const struct group *g = state_group(engine, slot->group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (engine->settings->sites[g->sites[k]].region == region &&
            settings_site_in_zone(engine->settings, g->sites[k], slot->zone) &&
            slot->weights[k] != state->head->weights[k])
            return false;
    }
    return true;
}

/* The zone took the head. Or it waits for its turn, or refuses, and needs none: it gives the region
 * its weight, and so long after the head that no batch of the decision which took it can come. */
static bool lets_go(const struct engine *engine, const struct zone_slot *slot, uint32_t region)
{
    const struct group_state *state = &engine->groups[slot->group];
    const struct zone_state *zone = &engine->zones[slot->zone];

    if (!slot->known || !slot->fence_present)
        return false;
    if (slot->fence.epoch >= state->head->decision.epoch)
        return true;
    return zone->answers_ms >= state->head_seen_ms + BEACON_LATE_MS && !slot->unanswered &&
           !slot->drifted && gives_its_weight(engine, slot, region);
}

/* Some zone shows that the region is raised, and no other holds it back. */
static bool zones_let_go(const struct engine *engine, uint32_t group, uint32_t region)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (!lets_go(engine, &engine->slots[i], region))
            return false;
    }
    return observing_fence_max(engine, group) >= state->head->decision.epoch;
}

void beacons_latch(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    uint64_t head = state->head->decision.epoch;

    if (!g->beacons || !state->has_head || state->glass->rules) /* B1: a committed decision */
        return;
    if (!engine->settings->electors[engine->settings->self].may_act)
        look_for_return(engine, group);
    for (uint32_t i = 0; i < g->order_count; i++) {
        uint32_t region = g->order[i];
        bool lit = state->latched[region] > 0;

        if (lit && head > state->latched[region] && !evicted(engine, group, region) &&
            zones_let_go(engine, group, region))
            change_latch(engine, group, region, 0);
    }
    for (uint32_t i = 0; i < g->order_count; i++) {
        uint32_t region = g->order[i];

        if (head <= state->latched[region] || !evicted(engine, group, region))
            state->held &= ~(UINT64_C(1) << region);
        else if (!leaves_somewhere(engine, group, region))
            hold_latch(engine, group, region);
        else
            change_latch(engine, group, region, head);
    }
}

/* What the disk knows, told when an engine begins: these words are being said. */
void beacons_lit(struct engine *engine, const struct event_latch *event)
{
    if (state_group(engine, event->group)->beacons)
        engine->groups[event->group].latched[event->region] = event->epoch;
    state_touch(engine, event->group);
}
