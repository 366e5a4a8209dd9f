/* SPDX-License-Identifier: Apache-2.0 */
/* What puts ledger and zone in order, by precedence:
 *
 *   first head   init was confirmed and there is no head                      (D9)
 *   zone ahead   the zone's fence is above the head: the store was restored   (C7)
 *   drift        somebody else changed weights, and that is to stand          (C4)
 *   reassert     ... or what was decided is to stand                          (C4)
 *   late         a change given up or overtaken was applied after all         (C8)
 *   fence anew   the fence is gone                                            (C2)
 *   cancel       what was decided was never applied, and its reason is gone   (C8)
 *   attach       the record sets are to have health checks                    (B2)
 *
 * None of them moves traffic by itself, so neither dwell nor budget holds them; store, clock and
 * freeze do. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "proposal.h"
#include "whole.h"

/* Weights of the zones as read, of each site where the newest fence is: the others are to follow.
 * Where there is no record set, what is there already stays. */
static void take_zone_weights(const struct engine *engine, uint32_t group, int *weights)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct zone_slot *newest = NULL;
        int weight;
        for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
            const struct zone_slot *slot = &engine->slots[i];
            if (settings_site_in_zone(engine->settings, g->sites[k], slot->zone) &&
                (newest == NULL || slot->fence.epoch > newest->fence.epoch))
                newest = slot;
        }
        weight = observing_first(engine, newest, k);
        if (weight >= 0)
            weights[k] = weight;
    }
}

static bool all_known(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (!engine->slots[i].known)
            return false;
    }
    return true;
}

static bool refuse_init(struct engine *engine, uint32_t group, uint32_t site, const char *word)
{
    struct fact *fact = state_fact(engine, FACT_REFUSED);

    fact->rule = "D9";
    fact->group = group;
    fact->site = site;
    fact->word = word;
    engine->groups[group].init_wanted = false;
    return false;
}

/* Every set of the site that its zone lacks can be made from the settings. */
static bool creatable(const struct engine *engine, const struct zone_slot *slot, uint32_t site)
{
    const struct settings *settings = engine->settings;
    const struct zone_view *view = engine->zones[slot->zone].view;
    const struct site *s = &settings->sites[site];

    for (uint32_t i = s->first_set; i < s->first_set + s->set_count; i++) {
        if (settings->records[settings->sets[i].record].zone == slot->zone &&
            change_find_set(view, settings, i) == NULL &&
            !settings_set_is_whole(&settings->sets[i]))
            return false;
    }
    return true;
}

/* D9: the first head says what the zones say of a site, and what they lack gets the same weight; of
 * what is not there at all, the settings'. A record set that is lacking and that the settings
 * cannot make ends the init, not the patience of whoever asked for it: the operator has to say its
 * value, or to create it. So do sets of one site with several weights: nobody could say which is
 * meant. */
static bool take_first(struct engine *engine, uint32_t group, uint32_t in_group)
{
    struct group_state *state = &engine->groups[group];
    uint32_t site = state_group(engine, group)->sites[in_group];
    bool lacks = false;
    int said = WEIGHT_MISSING;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        int here;
        if (!settings_site_in_zone(engine->settings, site, slot->zone))
            continue;
        here = observing_first(engine, slot, in_group);
        lacks |= slot->weights[in_group] == WEIGHT_MISSING;
        if (slot->weights[in_group] == WEIGHT_DIFFERS || (here >= 0 && said >= 0 && here != said))
            return refuse_init(engine, group, site, "record-sets-differ");
        if (!creatable(engine, slot, site))
            return refuse_init(engine, group, site, "record-set-missing");
        said = here >= 0 ? here : said;
    }
    state->proposal->normal[in_group] = engine->settings->sites[site].weight;
    state->proposal->weights[in_group] = said >= 0 ? said : state->proposal->normal[in_group];
    state->proposal->base[in_group] = lacks ? WEIGHT_MISSING : said;
    return true;
}

/* Only from readings made after the operator's word. */
static bool propose_first(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    struct decision *decision;

    if (!state->init_wanted)
        return false;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->zones[engine->slots[i].zone].answers_ms < engine->slots[i].asked_ms)
            return false;
    }
    decision = proposal_begin(engine, group, DECISION_INIT);
    for (uint32_t k = 0; k < g->site_count; k++) {
        if (!take_first(engine, group, k))
            return false;
    }
    decision->base_epoch = observing_fence_max(engine, group);
    snprintf(decision->reason, sizeof(decision->reason), "first head, from what the zone says");
    return true;
}

/* Upkeep rests on what the zones say now: another probe may have written since they were read last,
 * and two that trust older readings would adopt one another's past for ever. So readings are needed
 * that were asked for after the wish arose, under the head that stands, and after the answer to
 * our own batch. */
static bool readings_since(struct engine *engine, uint32_t group, msec_t since_ms)
{
    const struct group_state *state = &engine->groups[group];
    bool fresh = true;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        struct zone_slot *slot = &engine->slots[i];
        struct zone_state *zone = &engine->zones[slot->zone];
        msec_t from_ms = slot->replied_ms > since_ms ? slot->replied_ms : since_ms;

        fresh &= !slot->unanswered;
        if (slot->unanswered || zone->answers_ms >= from_ms)
            continue;
        fresh = false;
        if (slot->asked_ms < from_ms) {
            slot->asked_ms = engine->now_ms;
            zone->wanted = true;
        }
    }
    return fresh;
}

/* D3: whom a site follows, or who follows it. */
struct leading {
    const struct engine *engine;
    uint32_t group;
    uint64_t epoch;
};

static enum whole_role role_of(const void *context, uint32_t in_group)
{
    const struct leading *leading = context;
    const struct group_state *state = &leading->engine->groups[leading->group];
    uint32_t site = state_group(leading->engine, leading->group)->sites[in_group];
    enum whole_role role = WHOLE_FOLLOWS;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &leading->engine->slots[i];

        if (!settings_site_in_zone(leading->engine->settings, site, slot->zone))
            continue;
        if (slot->drifted || slot->weights[in_group] < 0)
            return WHOLE_STAYS;
        if (slot->fence_present && slot->fence.epoch == leading->epoch)
            role = WHOLE_LEADS;
    }
    return role;
}

/* The zones that lead say what the head says: no twin of it, and nothing that somebody wrote over
 * it (C4), who may have undone what the others would follow. */
static bool head_leads(const struct engine *engine, uint32_t group, uint64_t leader)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];

        if (observing_twin(engine, slot) || (slot->drifted && slot->fence.epoch == leader))
            return false;
    }
    return leader == state->head->decision.epoch;
}

/* D3, C8: what one zone was given the others get. */
static bool follow_leader(const struct engine *engine, uint32_t group, const int *said,
                          int *weights)
{
    const struct group_state *state = &engine->groups[group];
    struct leading leading = {engine, group, observing_leader(engine, group)};
    bool has_head = head_leads(engine, group, leading.epoch);

    return state->has_head && leading.epoch > 0 &&
           whole_follow(&(struct whole_input){.settings = engine->settings,
                                              .group = group,
                                              .normal = state->head->normal,
                                              .said = said,
                                              .known = has_head ? state->head->weights : NULL,
                                              .role = role_of,
                                              .context = &leading},
                        weights);
}

/* What the zones say becomes the head, and zones that lag behind the others follow (D3); neither a
 * move nor counted as one. */
static struct decision *adopt(struct engine *engine, uint32_t group, const char *reason)
{
    struct group_state *state = &engine->groups[group];
    struct decision *decision = proposal_begin(engine, group, DECISION_ADOPT);
    size_t size = state_group(engine, group)->site_count * sizeof(int);

    take_zone_weights(engine, group, state->proposal->weights);
    memcpy(state->proposal->base, state->proposal->weights, size);
    decision->before = NULL;
    if (follow_leader(engine, group, state->proposal->base, state->proposal->weights))
        decision->moved_wall = decision->at_wall;
    decision->base_epoch = observing_fence_max(engine, group);
    snprintf(decision->reason, sizeof(decision->reason), "%s", reason);
    return decision;
}

static bool zone_ahead(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->slots[i].ahead)
            return true;
    }
    return false;
}

/* A record set that is missing cannot be adopted or restored: somebody has to put it back. */
static bool all_present(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        for (uint32_t k = 0; k < g->site_count; k++) {
            if (settings_site_in_zone(engine->settings, g->sites[k], engine->slots[i].zone) &&
                engine->slots[i].weights[k] == WEIGHT_MISSING)
                return false;
        }
    }
    return true;
}

/* Sets of one site that differ cannot be adopted: a decision has one weight for it, and somebody
 * has not finished yet. */
static bool all_say_one(const struct engine *engine, uint32_t group)
{
    for (uint32_t k = 0; k < state_group(engine, group)->site_count; k++) {
        if (observing_said(engine, group, k) < 0)
            return false;
    }
    return true;
}

static const struct order *drift_ack(const struct engine *engine, uint32_t group)
{
    char incident[INCIDENT_MAX + 1];

    alerting_incident_id(engine, group, alert_event_name(ALERT_DRIFT), incident, sizeof(incident));
    return orders_ack(&engine->orders, group, incident, state_wall(engine, engine->now_ms),
                      engine->groups[group].drift_revision);
}

/* C4: "adopt" takes what somebody else wrote; "stop" does so once the drift is acknowledged. */
static bool drift_is_to_stand(const struct engine *engine, uint32_t group)
{
    return observing_drifted(engine, group) && all_present(engine, group) &&
           all_say_one(engine, group) &&
           (state_group(engine, group)->drift == DRIFT_ADOPT || drift_ack(engine, group) != NULL);
}

/* C4: a region that the zone's weights leave gains again: it has to be good for that (D2). */
static bool gainers_are_up(const struct engine *engine, uint32_t group, const int *weights)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];

        for (uint32_t k = 0; k < g->site_count; k++) {
            const struct site *site = &engine->settings->sites[g->sites[k]];
            bool judged = site->check_count > 0 &&
                          (engine->settings->services[site->service].required || !g->together);

            if (!settings_site_in_zone(engine->settings, g->sites[k], slot->zone) ||
                weights[k] <= slot->weights[k])
                continue;
            if (engine->drained[site->region] ||
                (judged && engine->agreements[g->sites[k]].state != AGREED_UP))
                return false;
        }
    }
    return true;
}

/* C4: "restore" writes what was decided again, over what somebody else wrote. Who does it again
 * means it, or is a machine that would do it for ever: then, for a dwell, only a person's word
 * (`ack`) counts, as under "stop". */
static bool drift_is_to_go(struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    wall_t wall = state_wall(engine, engine->now_ms);
    msec_t age_ms = wall - state->head->decision.at_wall;

    if (g->drift != DRIFT_RESTORE || !observing_drifted(engine, group) ||
        observing_late(engine, group) || /* C8: it has moved traffic, which stands */
        !all_present(engine, group) || !all_say_one(engine, group) ||
        !gainers_are_up(engine, group, state->head->weights))
        return false;
    if (state->head->decision.kind != DECISION_REASSERT || age_ms >= g->dwell_ms)
        return true;
    state_wake(engine, group, engine->now_ms + (age_ms >= 0 ? g->dwell_ms - age_ms : g->dwell_ms));
    return false;
}

/* D6: the dwell that runs is this decision's own: it was a move when none was left of an older.
 * Not so of an order, which dwell does not block, and of what stands for a move under a new fence.
 */
static bool began_dwell(const struct decision *decision)
{
    return decision_is_move(decision->kind) && decision->order[0] == '\0' &&
           decision->moved_wall == decision->at_wall;
}

/* D6: the head's dwell is void, for nothing moved. Only who was here all along can say so: a change
 * may have been applied, and lost again by Route 53, before a newcomer's first reading. */
static bool dwell_is_void(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    return began_dwell(&state->head->decision) && state->head_witnessed &&
           !observing_begun(engine, group);
}

static void propose_drift(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct order *ack = drift_ack(engine, group);
    struct decision *decision =
        adopt(engine, group,
              ack != NULL ? "drift acknowledged: the zone's weights are normal now"
                          : "drift adopted: the zone's weights are normal now");

    memcpy(state->proposal->normal, state->proposal->weights,
           state_group(engine, group)->site_count * sizeof(int));
    if (dwell_is_void(engine, group) && decision->moved_wall != decision->at_wall)
        decision->moved_wall = 0;
    if (ack != NULL)
        memcpy(decision->order, ack->id, sizeof(ack->id));
}

/* C4: what the restored weights were before somebody wrote into them: the head's own when it was
 * applied; else what that was made from. */
static void keep_before(const struct engine *engine, uint32_t group, struct decision_slot *proposal)
{
    const struct decision *head = &engine->groups[group].head->decision;
    bool applied = observing_begun(engine, group);
    const int *before = applied ? head->weights : head->before != NULL ? head->before : head->base;

    memcpy(proposal->before, before, state_group(engine, group)->site_count * sizeof(int));
    proposal->decision.before = proposal->before;
}

/* The same statement, made from what the zone says now. A move that was never applied stays what it
 * is, so that its evidence counts when it is sent (C6). */
static void propose_reassert(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct decision *head = &state->head->decision;
    bool due = decision_is_move(head->kind) && !observing_begun(engine, group);
    struct decision *decision = proposal_begin(engine, group, due ? head->kind : DECISION_REASSERT);

    keep_before(engine, group, state->proposal);
    memcpy(state->proposal->base, head->weights,
           state_group(engine, group)->site_count * sizeof(int));
    take_zone_weights(engine, group, state->proposal->base);
    decision->base_epoch = observing_fence_max(engine, group);
    decision->regions_left = head->regions_left; /* what is evicted stays so (B1) */
    if (due) {
        decision->voters = head->voters;
        decision->override = head->override;
        memcpy(decision->order, head->order, sizeof(decision->order));
    }
    snprintf(decision->reason, sizeof(decision->reason),
             "drift restored: the weights of epoch %" PRIu64 " again", head->epoch);
}

/* C7, C8: the zone is right: the store was restored, or a change given up was applied after all.
 * Traffic has moved, so dwell restarts, and only a decision under D5 undoes it. */
static void propose_zone(struct engine *engine, uint32_t group, const char *reason)
{
    struct decision *decision = adopt(engine, group, reason);

    decision->moved_wall = decision->at_wall;
}

/* C7: and if an order that broke the glass wrote this fence, that is said. */
static void propose_ahead(struct engine *engine, uint32_t group)
{
    const struct order *order = glass_behind(engine, group, observing_fence_max(engine, group));
    char reason[DECISION_REASON_MAX + 1];

    if (order == NULL) {
        propose_zone(engine, group, "the zone's fence is above the head: the zone is right");
        return;
    }
    snprintf(reason, sizeof(reason),
             "reconciled: the zone's fence is above the head since %.50s broke the glass: %.60s",
             order->by, order->reason);
    propose_zone(engine, group, reason);
}

static bool zones_say(const struct engine *engine, uint32_t group, const int *weights)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        for (uint32_t k = 0; k < g->site_count; k++) {
            if (settings_site_in_zone(engine->settings, g->sites[k], engine->slots[i].zone) &&
                engine->slots[i].weights[k] != weights[k])
                return false;
        }
    }
    return true;
}

/* It was applied, though its fence went before we saw it, maybe; and Route 53 has not lost it
 * since, as it did when the zone says again what the decision was made from. */
static bool stands_applied(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    return zones_say(engine, group, state->head->weights) ||
           (observing_begun(engine, group) && !zones_say(engine, group, state->head->base));
}

/* C2: no fence where one was: the same statement again under a new epoch, by CREATE alone. */
static void propose_fence(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct decision *head = &state->head->decision;
    bool applied = stands_applied(engine, group);
    struct decision *decision =
        proposal_begin(engine, group, applied ? DECISION_ADOPT : head->kind);

    decision->base_epoch = 0;
    decision->regions_left = head->regions_left;
    decision->voters = head->voters;
    if (applied)
        decision->before = NULL;
    if (!applied) { /* else its order is done, and lifts nothing any more (D7) */
        decision->override = head->override;
        memcpy(decision->order, head->order, sizeof(decision->order));
    }
    memcpy(state->proposal->base, applied ? head->weights : head->base,
           state_group(engine, group)->site_count * sizeof(int));
    if (applied) /* in one zone, maybe: what the others say is no drift (C4) */
        take_zone_weights(engine, group, state->proposal->base);
    snprintf(decision->reason, sizeof(decision->reason),
             "the fence was gone: the same weights under a new one");
}

/* Nothing holds a region away any more: no order drains it, and what is checked there is agreed up.
 * Of a region without checks (the static site) nobody can say that. */
static bool returned(const struct engine *engine, uint32_t group, uint32_t region)
{
    const struct group *g = state_group(engine, group);
    bool up = false;

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &engine->settings->sites[g->sites[k]];
        if (site->region != region || site->check_count == 0 || !state_site_left(engine, group, k))
            continue;
        if (engine->agreements[g->sites[k]].state != AGREED_UP)
            return false;
        up = true;
    }
    return up && !engine->drained[region];
}

/* C8: never applied as far as can be seen, no batch of ours on its way, nothing latched, and every
 * region it took weight from has returned. */
static bool cancellable(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct decision *head = &state->head->decision;

    if (head->kind != DECISION_LEAVE || head->regions_left == 0 ||
        state_group(engine, group)->beacons)
        return false;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        if (slot->unanswered || slot->seen_epoch >= head->epoch || slot->state == CHANGE_READING)
            return false;
    }
    for (uint32_t r = 0; r < engine->settings->region_count; r++) {
        if ((head->regions_left >> r & 1) && !returned(engine, group, r))
            return false;
    }
    return head->before == NULL || gainers_are_up(engine, group, head->before);
}

/* D9: what was missing when the group was taken on is to be created still: as its other sets are,
 * or as the settings say. */
static void fill_missing(const struct engine *engine, uint32_t group, int *weights)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (weights[k] >= 0)
            continue;
        weights[k] = state->head->normal[k];
        for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
            const struct zone_slot *slot = &engine->slots[i];
            int here = settings_site_in_zone(engine->settings, g->sites[k], slot->zone)
                           ? observing_first(engine, slot, k)
                           : WEIGHT_MISSING;
            weights[k] = here >= 0 ? here : weights[k];
        }
    }
}

/* C8: a zone leads the others by a decision that is not what is to stand again. Nothing is written
 * there then: it has moved traffic. */
static bool moved_in_part(const struct engine *engine, uint32_t group, const int *before)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    uint64_t newest = observing_fence_max(engine, group);

    if (observing_fence_min(engine, group) == newest)
        return false;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];

        for (uint32_t k = 0; k < g->site_count; k++) {
            if (slot->fence.epoch == newest && slot->weights[k] != before[k] &&
                settings_site_in_zone(engine->settings, g->sites[k], slot->zone))
                return true;
        }
    }
    return false;
}

/* D3: it was made while one zone still lacked what another had been given: that is not to be for
 * good. */
static bool was_split(struct engine *engine, uint32_t group, const int *before)
{
    return follow_leader(engine, group, before, proposal_room(engine, group)->weights);
}

/* What stood before the decision stands again; and when the zone lost that as well (Route 53 may
 * lose what it accepted), what it has now: a cancellation moves nothing. An edit over which the
 * decision was made once more is no part of what stood: it was to be restored (C4). */
static void propose_cancel(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const int *before =
        state->head->decision.before != NULL ? state->head->decision.before : state->head->base;
    bool stands = observing_drifted(engine, group) || /* C4 */
                  (zones_say(engine, group, state->head->base) &&
                   !moved_in_part(engine, group, before) && !was_split(engine, group, before));
    struct decision *decision =
        stands ? proposal_begin(engine, group, DECISION_CANCEL) : adopt(engine, group, "");

    if (!stands) /* L2: traffic is elsewhere than anybody was told, and dwell restarts (C7) */
        decision->moved_wall = decision->at_wall;
    if (dwell_is_void(engine, group) && decision->moved_wall != decision->at_wall)
        decision->moved_wall = 0;
    if (stands) {
        memcpy(state->proposal->weights, before,
               state_group(engine, group)->site_count * sizeof(int));
        fill_missing(engine, group, state->proposal->weights);
    }
    snprintf(decision->reason, sizeof(decision->reason),
             "epoch %" PRIu64 " was never applied and its region is agreed up again",
             state->head->decision.epoch);
}

enum upkeep {
    UPKEEP_NONE,
    UPKEEP_AHEAD,
    UPKEEP_DRIFT,
    UPKEEP_REASSERT,
    UPKEEP_LATE,
    UPKEEP_FENCE,
    UPKEEP_CANCEL,
    UPKEEP_ATTACH
};

/* D3, C4: one of several zones would be adopted with what somebody else wrote there, without a
 * word of his, and could not follow the others: it is told, and waits for that word. */
static bool split_by_drift(const struct engine *engine, uint32_t group)
{
    return state_group(engine, group)->together && engine->groups[group].slot_count > 1 &&
           observing_drifted(engine, group);
}

static enum upkeep what_is_wanted(struct engine *engine, uint32_t group)
{
    if (zone_ahead(engine, group))
        return UPKEEP_AHEAD;
    if (drift_is_to_stand(engine, group))
        return UPKEEP_DRIFT;
    if (drift_is_to_go(engine, group))
        return UPKEEP_REASSERT;
    if (observing_late(engine, group))
        return split_by_drift(engine, group) ? UPKEEP_NONE : UPKEEP_LATE;
    if (observing_gone(engine, group) && !observing_drifted(engine, group))
        return UPKEEP_FENCE;
    if (attach_is_wanted(engine, group) && !cancellable(engine, group) &&
        !engine->groups[group].wants_move)
        return UPKEEP_ATTACH; /* whatever moves comes before what can wait */
    return cancellable(engine, group) ? UPKEEP_CANCEL : UPKEEP_NONE;
}

/* False: what was wanted turned out not to be. */
static bool propose(struct engine *engine, uint32_t group, enum upkeep upkeep)
{
    switch (upkeep) {
    case UPKEEP_AHEAD:
        propose_ahead(engine, group);
        break;
    case UPKEEP_DRIFT:
        propose_drift(engine, group);
        break;
    case UPKEEP_REASSERT:
        propose_reassert(engine, group);
        break;
    case UPKEEP_LATE:
        propose_zone(engine, group, "an older change was applied after all: it stands");
        break;
    case UPKEEP_FENCE:
        propose_fence(engine, group);
        break;
    case UPKEEP_CANCEL:
        propose_cancel(engine, group);
        break;
    case UPKEEP_ATTACH:
        return attach_propose(engine, group);
    case UPKEEP_NONE:
        break;
    }
    return true;
}

bool upkeep_propose(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    wall_t wall = state_wall(engine, engine->now_ms);
    enum upkeep upkeep;

    if (!state_store_ok(engine) || engine->gap != BLIND_NOT || !state_may_act(engine) ||
        !all_known(engine, group) || orders_freeze(&engine->orders, group, wall) != NULL)
        return false;
    if (!state->has_head)
        return state->head_form == VALUE_READ && propose_first(engine, group);
    upkeep = what_is_wanted(engine, group);
    if (upkeep == UPKEEP_NONE) {
        state->upkeep_ms = -1;
        return false;
    }
    if (state->upkeep_ms < 0)
        state->upkeep_ms = engine->now_ms;
    if (!readings_since(engine, group, state->upkeep_ms))
        return false;
    return propose(engine, group, upkeep);
}
