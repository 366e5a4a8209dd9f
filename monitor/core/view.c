/* SPDX-License-Identifier: Apache-2.0 */
/* What status, explain, plan and metrics may see. Nothing here changes anything. */
#include <assert.h>
#include <string.h>

#include "proposal.h"
#include "state.h"

static msec_t since(msec_t from_ms, msec_t to_ms)
{
    return from_ms < 0 || to_ms < 0 ? -1 : to_ms - from_ms;
}

/* The state of the group's change: the busiest of its slots. */
static enum change_state change_of(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    enum change_state most = CHANGE_IDLE;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->slots[i].state > most)
            most = engine->slots[i].state;
    }
    return most;
}

void engine_group_brief(const struct engine *engine, uint32_t group, struct group_view *ret_view)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    msec_t start_ms = state->trouble_ms >= 0 ? state->trouble_ms : state->decided_ms;

    for (uint32_t k = 0; k < g->site_count; k++)
        engine->view_agreements[k] = &engine->agreements[g->sites[k]];
    *ret_view = (struct group_view){
        .has_head = state->has_head,
        .head_form = state->head_form,
        .head = state->head->decision,
        .agreements = engine->view_agreements,
        .frozen = orders_freeze(&engine->orders, group, state_wall(engine, engine->now_ms)) != NULL,
        .glass = state->glass->rules,
        .glass_rule = state->glass->refusal.rule,
        .glass_reason = state->glass->refusal.reason,
        .glass_order = state->glass->order,
        .drifted = observing_drifted(engine, group),
        .fence_min = observing_fence_min(engine, group),
        .change = change_of(engine, group),
        .dwell_left_ms = safety_dwell_left(engine, group),
        .budget_used = safety_budget_used(engine),
        .budget_left_ms = safety_budget_left(engine),
        .next_epoch = proposal_highest_epoch(engine, group) + 1,
        .wants_move = state->wants_move,
        .wanted = state->wish_weights,
        .refused_rule = state->refusal.rule,
        .refused_reason = state->refusal.reason,
        .decided_after_ms = since(start_ms, state->decided_ms),
        .accepted_after_ms = since(start_ms, state->accepted_ms),
        .insync_after_ms = since(start_ms, state->insync_ms),
        .servers_after_ms = since(start_ms, state->servers_ms),
        .resolvers_after_ms = since(start_ms, state->resolvers_ms)};
}

void engine_group(const struct engine *engine, uint32_t group, struct group_view *ret_view)
{
    struct thought thought;

    engine_group_brief(engine, group, ret_view);
    deciding_think(engine, group, &thought);
    ret_view->gate_count = thought.gate_count;
    for (uint32_t i = 0; i < thought.gate_count; i++)
        finding_say(&thought.gates[i], &ret_view->gates[i]);
}

bool engine_group_is_calm(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    if (!state->has_head || state->glass->rules || state->wants_move ||
        state->refusal.rule != NULL || change_of(engine, group) != CHANGE_IDLE ||
        observing_drifted(engine, group) ||
        orders_freeze(&engine->orders, group, state_wall(engine, engine->now_ms)) != NULL)
        return false;
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &engine->settings->sites[g->sites[k]];

        if (engine->agreements[g->sites[k]].state != AGREED_UP && site->check_count > 0)
            return false;
    }
    return true;
}

void engine_sums(const struct engine *engine, struct engine_sums *ret_sums)
{
    *ret_sums = (struct engine_sums){.calm_groups = 0};
    for (uint32_t i = 0; i < engine->settings->site_count; i++)
        ret_sums->agreed[engine->agreements[i].state]++;
    for (uint32_t i = 0; i < engine->settings->check_count; i++)
        ret_sums->checks[engine->checks[i].verdict.state]++;
    for (uint32_t i = 0; i < engine->settings->group_count; i++)
        ret_sums->calm_groups += engine_group_is_calm(engine, i);
}

void engine_zone_step(const struct engine *engine, uint32_t group, uint32_t nth,
                      struct zone_step *ret_step)
{
    const struct zone_slot *slot = &engine->slots[engine->groups[group].first_slot + nth];

    assert(nth < engine->groups[group].slot_count);
    *ret_step =
        (struct zone_step){.zone = slot->zone,
                           .known = slot->known,
                           .fence = slot->known && slot->fence_present ? slot->fence.epoch : 0,
                           .drifted = slot->drifted,
                           .change = slot->state,
                           .wait_rule = slot->wait_rule};
}

void engine_tally(const struct engine *engine, uint32_t site, struct tally *ret_tally)
{
    const struct settings *s = engine->settings;
    uint32_t group = s->services[s->sites[site].service].group;
    const struct group *g = state_group(engine, group);
    uint32_t in_group = 0;

    while (g->sites[in_group] != site)
        in_group++;
    for (uint32_t p = 0; p < s->elector_count; p++)
        ret_tally->ballots[p] = quorum_ballot(engine, p, site, in_group);
    tally_count(ret_tally, s, s->sites[site].region);
}

const struct verdict *engine_verdict(const struct engine *engine, uint32_t check)
{
    return &engine->checks[check].verdict;
}

char engine_vote_letter(const struct engine *engine, uint32_t probe, uint32_t site)
{
    const struct settings *s = engine->settings;
    uint32_t group = s->services[s->sites[site].service].group;
    const struct vote_slot *vote = state_vote(engine, probe, group);
    const struct group *g = state_group(engine, group);

    for (uint32_t k = 0; k < g->site_count && vote->present && vote->same_settings; k++) {
        if (g->sites[k] == site)
            return vote->states[k];
    }
    return '?';
}

enum blindness engine_blindness(const struct engine *engine)
{
    return engine->blindness;
}

bool engine_store_ok(const struct engine *engine)
{
    return state_store_ok(engine);
}

bool engine_lease_alive(const struct engine *engine)
{
    return engine->lease_alive && engine->now_ms < engine->lease_until_ms;
}

bool engine_region_drained(const struct engine *engine, uint32_t region)
{
    return engine->drained[region];
}

uint32_t engine_orders(const struct engine *engine, const struct order **ret_orders)
{
    *ret_orders = engine->orders.items;
    return engine->orders.count;
}

wall_t engine_wall(const struct engine *engine, msec_t at_ms)
{
    return state_wall(engine, at_ms);
}

uint32_t engine_incidents(const struct engine *engine, struct incident_view *ret_views,
                          uint32_t max)
{
    return alerting_list(engine, ret_views, max);
}

/* A settled world in which these sites are agreed down for long enough. */
static void suppose_down(const struct engine *engine, uint32_t group, const uint32_t *down_sites,
                         uint32_t down_count)
{
    memcpy(engine->plan_agreements, engine->agreements,
           engine->settings->site_count * sizeof(*engine->agreements));
    for (uint32_t i = 0; i < down_count; i++) {
        assert(down_sites[i] < engine->settings->site_count);
        engine->plan_agreements[down_sites[i]].state = AGREED_DOWN;
        engine->plan_agreements[down_sites[i]].since_ms =
            engine->now_ms - state_group(engine, group)->hold_ms;
    }
}

static bool plan_wish(const struct engine *engine, uint32_t group, int *ret_weights,
                      struct finding *findings, uint32_t *count)
{
    const struct group_state *state = &engine->groups[group];
    struct wish wish = {.weights = ret_weights, .gates = findings, .gate_count = count};
    struct wish_input input = {.settings = engine->settings,
                               .group = group,
                               .weights = state->head->weights,
                               .normal = state->head->normal,
                               .agreements = engine->plan_agreements,
                               .drained = engine->drained,
                               .now_ms = engine->now_ms};

    if (!state->has_head) { /* its gates have nothing to say about weights */
        finding_add(findings, count, "D9", "head", false, -1, -1,
                    state->head_form == VALUE_READ
                        ? "watched, never moved: no head decision yet; regionshift init"
                        : "the head decision stands in the store and cannot be read here");
        memset(ret_weights, 0, state_group(engine, group)->site_count * sizeof(*ret_weights));
        return false;
    }
    wish_make(&input, &wish);
    safety_gates(engine, group, &wish, false, findings, count);
    return wish.changes;
}

bool engine_plan(const struct engine *engine, uint32_t group, const uint32_t *down_sites,
                 uint32_t down_count, int *ret_weights, struct gate *ret_gates,
                 uint32_t *ret_gate_count)
{
    struct finding findings[GATES_MAX];
    bool changes;

    *ret_gate_count = 0;
    suppose_down(engine, group, down_sites, down_count);
    changes = plan_wish(engine, group, ret_weights, findings, ret_gate_count);
    for (uint32_t i = 0; i < *ret_gate_count; i++)
        finding_say(&findings[i], &ret_gates[i]);
    return changes;
}
