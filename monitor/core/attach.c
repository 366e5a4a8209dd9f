/* SPDX-License-Identifier: Apache-2.0 */
/* B2: the record sets get the health checks that read their region's beacon. An operator's word
 * (`regionshift init --health-checks`), made a decision like any other, so that it has an epoch, is
 * fenced, and is written by whoever's turn it is; it changes no weight, and nothing else changes
 * health checks (C4).
 *
 * It rests on nothing but what the zones say: so it is decided only when they say what the head
 * says, and the word is dropped when they say something else. */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "proposal.h"

enum { ATTACH_MS = 60000 }; /* how long the word waits for its turn */

void attach_event(struct engine *engine, const struct event_attach *event)
{
    struct group_state *state = &engine->groups[event->group];

    if (!state->has_head || !state_group(engine, event->group)->beacons)
        return;
    for (uint32_t r = 0; r < engine->settings->region_count; r++)
        snprintf(state->attach[r].text, sizeof(state->attach[r].text), "%s", event->health[r]);
    state->attach_wanted = true;
    state->attach_ms = engine->now_ms;
    state_touch(engine, event->group);
}

/* Some record set of the group has another health check than it is to have. */
static bool is_missing(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct settings *settings = engine->settings;
    const struct group *g = state_group(engine, group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &settings->sites[g->sites[k]];

        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            uint32_t zone = settings->records[settings->sets[i].record].zone;
            const struct record_set *set = change_find_set(engine->zones[zone].view, settings, i);

            if (set != NULL && state->attach[site->region].text[0] != '\0' &&
                strcmp(set->health_check, state->attach[site->region].text) != 0)
                return true;
        }
    }
    return false;
}

static void drop(struct engine *engine, uint32_t group, const char *reason)
{
    struct fact *fact = state_fact(engine, FACT_REFUSED);

    engine->groups[group].attach_wanted = false;
    fact->rule = "B2";
    fact->group = group;
    fact->epoch = (int64_t)engine->groups[group].head->decision.epoch;
    fact->word = reason;
}

/* Whoever asked found every health check healthy just then. What holds the word up for longer (a
 * freeze, a move that waits, zones that do not say what the head says) makes that old news: whoever
 * asked was told that it failed, and has to look again. */
bool attach_is_wanted(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];

    if (state->attach_wanted && engine->now_ms - state->attach_ms >= ATTACH_MS)
        drop(engine, group, "not-in-time");
    return state->attach_wanted;
}

bool attach_propose(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct decision *head = &state->head->decision;
    struct decision *decision;

    if (observing_drifted(engine, group) || observing_gone(engine, group) ||
        observing_fence_min(engine, group) != head->epoch)
        return false;
    if (!is_missing(engine, group)) {
        drop(engine, group, "attached-already");
        return false;
    }
    decision = proposal_begin(engine, group, DECISION_ATTACH);
    decision->regions_left = head->regions_left; /* what is evicted stays so (B1) */
    memcpy(state->proposal->health, state->attach,
           engine->settings->region_count * sizeof(*state->attach));
    decision->health = state->proposal->health;
    snprintf(decision->reason, sizeof(decision->reason),
             "health checks for the beacons; no weight changes");
    return true;
}
