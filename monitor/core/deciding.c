/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement -> decision, for one group. What is to be decided, by precedence:
 *
 *   first head   init was confirmed and there is no head                          (D9)
 *   adopt        the zone is ahead of the ledger, or a drift was acknowledged      (C4, C7)
 *   fence anew   the fence is gone                                                (C2)
 *   cancel       what was decided was never applied, and its reason is gone        (C8)
 *   wish         a region must leave, or may come back                            (D1-D5)
 *
 * and then, when every gate is open and it is our turn, a commit (D8). Any probe may propose;
 * nobody needs to lead: the store's compare lets one win, and the others see its head. */
#include "state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- orders ---- */

void deciding_orders(struct engine *engine)
{
    wall_t wall = state_wall(engine, engine->now_ms);

    for (uint32_t r = 0; r < engine->settings->region_count; r++) {
        bool drained = orders_drain(&engine->orders, r, wall) != NULL;
        if (drained != engine->drained[r])
            state_touch_all(engine);
        engine->drained[r] = drained;
    }
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        const struct order *order = &engine->orders.items[i];
        if (order->until_wall <= wall)
            continue;
        for (uint32_t g = 0; g < engine->settings->group_count; g++)
            state_wake(engine, g, order->until_wall - engine->wall_offset);
    }
}

/* The drain behind a wish, or NULL; when several regions are drained, the first will do: the
 * decision obeys it, and the others stay in force. */
static const struct order *drain_behind(const struct engine *engine, uint32_t regions)
{
    for (uint32_t r = 0; r < engine->settings->region_count; r++) {
        if ((regions >> r & 1) && engine->drained[r])
            return orders_drain(&engine->orders, r, state_wall(engine, engine->now_ms));
    }
    return NULL;
}

/* A drain with --override that this group has not obeyed yet lifts readiness for it (D7). */
static bool override_in_force(const struct engine *engine, uint32_t group)
{
    for (uint32_t r = 0; r < engine->settings->region_count; r++) {
        const struct order *drain =
            engine->drained[r]
                ? orders_drain(&engine->orders, r, state_wall(engine, engine->now_ms))
                : NULL;
        if (drain != NULL && drain->override && !order_is_obeyed(drain, group))
            return true;
    }
    return false;
}

static const struct order *order_behind(const struct engine *engine, uint32_t group,
                                        const struct wish *wish)
{
    if (wish->kind == DECISION_FAILBACK)
        return orders_failback(&engine->orders, group, state_wall(engine, engine->now_ms));
    return drain_behind(engine, wish->regions_left);
}

/* ---- the head ---- */

static msec_t first_trouble(const struct engine *engine, uint32_t group,
                            const struct decision *decision)
{
    const struct group *g = state_group(engine, group);
    msec_t first = -1;

    for (uint32_t i = 0; i < g->site_count; i++) {
        uint32_t site = g->sites[i];
        msec_t at = engine->trouble_ms[site];
        if (!(decision->regions_left >> engine->settings->sites[site].region & 1) || at < 0)
            continue;
        if (first < 0 || at < first)
            first = at;
    }
    return first;
}

static void copy_decision(struct decision_slot *slot, const struct decision *decision,
                          uint32_t sites)
{
    size_t size = sites * sizeof(int);

    memmove(slot->weights, decision->weights, size);
    memmove(slot->normal, decision->normal, size);
    memmove(slot->base, decision->base, size);
    slot->decision = *decision;
    slot->decision.weights = slot->weights;
    slot->decision.normal = slot->normal;
    slot->decision.base = slot->base;
}

static bool is_move(enum decision_kind kind)
{
    return kind == DECISION_LEAVE || kind == DECISION_FAILBACK;
}

/* The ledger keeps wall times; an age read from it is clamped to 0..dwell (D6). */
static void set_moved(struct engine *engine, uint32_t group, wall_t moved_wall)
{
    struct group_state *state = &engine->groups[group];
    msec_t dwell_ms = state_group(engine, group)->dwell_ms;
    msec_t age_ms = state_wall(engine, engine->now_ms) - moved_wall;

    state->ever_moved = moved_wall != 0;
    age_ms = age_ms < 0 ? 0 : age_ms > dwell_ms ? dwell_ms : age_ms;
    state->moved_ms = engine->now_ms - age_ms;
}

void deciding_set_head(struct engine *engine, uint32_t group, const struct decision *decision,
                       uint64_t revision)
{
    struct group_state *state = &engine->groups[group];
    bool first = !state->has_head;
    bool news = first || decision->epoch != state->head.decision.epoch;
    struct fact *fact;

    copy_decision(&state->head, decision, state_group(engine, group)->site_count);
    state->has_head = true;
    state->head_revision = revision;
    if (!news)
        return;
    set_moved(engine, group, decision->moved_wall);
    state->head_seen_ms = engine->now_ms;
    state->allowed_ms = -1;
    state->announce = !first && is_move(decision->kind);
    state->trouble_ms = first_trouble(engine, group, decision);
    state->decided_ms = engine->now_ms;
    state->accepted_ms = -1;
    state->insync_ms = -1;
    state->servers_ms = -1;
    fact = state_fact(engine, FACT_HEAD);
    fact->rule = "D8";
    fact->group = group;
    fact->epoch = (int64_t)decision->epoch;
    fact->word = decision_kind_name(decision->kind);
    fact->probe = decision->by;
    state_weights_text(engine, group, decision->weights, fact->text, sizeof(fact->text));
}

/* ---- a proposal ---- */

/* What the zones are known to say now, and under which epoch: the base of a new decision (C4). */
static void set_base(const struct engine *engine, uint32_t group, struct decision_slot *proposal)
{
    const struct group_state *state = &engine->groups[group];
    const struct decision *head = &state->head.decision;
    size_t size = state_group(engine, group)->site_count * sizeof(int);
    uint64_t fence = head->epoch;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        uint64_t epoch = slot->known ? (slot->fence_present ? slot->fence.epoch : 0) : fence;
        if (epoch < fence)
            fence = epoch;
    }
    proposal->decision.base_epoch = fence;
    memcpy(proposal->base, fence == head->epoch ? head->weights : head->base, size);
}

/* Fills in what all proposals share. Weights and normal start as the head's. */
static struct decision *begin_proposal(struct engine *engine, uint32_t group,
                                       enum decision_kind kind)
{
    struct group_state *state = &engine->groups[group];
    struct decision_slot *proposal = &state->proposal;
    size_t size = state_group(engine, group)->site_count * sizeof(int);
    uint64_t above = applying_fence_max(engine, group);

    proposal->decision = (struct decision){.group = group,
                                           .kind = kind,
                                           .by = engine->settings->self,
                                           .at_wall = state_wall(engine, engine->now_ms),
                                           .weights = proposal->weights,
                                           .normal = proposal->normal,
                                           .base = proposal->base};
    if (state->journal_epoch > above)
        above = state->journal_epoch;
    if (state->has_head) {
        const struct decision *head = &state->head.decision;
        memcpy(proposal->weights, head->weights, size);
        memcpy(proposal->normal, head->normal, size);
        proposal->decision.moved_wall = head->moved_wall;
        if (head->epoch > above)
            above = head->epoch;
        set_base(engine, group, proposal);
    }
    proposal->decision.epoch = above + 1; /* C2: above everything ever seen */
    return &proposal->decision;
}

/* Weights of the zones as read; where there is no record set, what is there already stays. */
static void take_zone_weights(const struct engine *engine, uint32_t group, int *weights)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        for (uint32_t k = 0; k < g->site_count; k++) {
            const struct service *service =
                &engine->settings->services[engine->settings->sites[g->sites[k]].service];
            if (service->zone == slot->zone && slot->weights[k] >= 0)
                weights[k] = slot->weights[k];
        }
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

/* D9: the first head says what the zone says; a missing record set is created with the settings'
 * weight. Only from a reading made after the operator's word. */
static bool propose_first(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    struct decision *decision;

    if (!state->init_wanted || !state_may_act(engine) || !all_known(engine, group))
        return false;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->zones[engine->slots[i].zone].answers_ms < engine->slots[i].asked_ms)
            return false;
    }
    decision = begin_proposal(engine, group, DECISION_INIT);
    for (uint32_t k = 0; k < g->site_count; k++) {
        state->proposal.normal[k] = engine->settings->sites[g->sites[k]].weight;
        state->proposal.weights[k] = state->proposal.normal[k];
        state->proposal.base[k] = -1;
    }
    take_zone_weights(engine, group, state->proposal.weights);
    take_zone_weights(engine, group, state->proposal.base);
    decision->base_epoch = applying_fence_max(engine, group);
    snprintf(decision->reason, sizeof(decision->reason), "first head, from what the zone says");
    return true;
}

static void adopt(struct engine *engine, uint32_t group, bool as_normal, const char *reason)
{
    struct group_state *state = &engine->groups[group];
    struct decision *decision = begin_proposal(engine, group, DECISION_ADOPT);
    size_t size = state_group(engine, group)->site_count * sizeof(int);

    take_zone_weights(engine, group, state->proposal.weights);
    if (as_normal)
        memcpy(state->proposal.normal, state->proposal.weights, size);
    memcpy(state->proposal.base, state->proposal.weights, size);
    decision->base_epoch = applying_fence_max(engine, group);
    decision->moved_wall = decision->at_wall; /* C7: dwell restarts */
    snprintf(decision->reason, sizeof(decision->reason), "%s", reason);
}

/* C7: the zone is ahead of the ledger, and a whole read of the store after that reading of the
 * zone did not explain it: the store was restored, and the zone is right. */
static bool propose_zone_ahead(struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    if (applying_fence_max(engine, group) <= state->head.decision.epoch)
        return false;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->store_full_ms <= engine->zones[engine->slots[i].zone].read_ms)
            return false;
    }
    adopt(engine, group, false, "the zone's fence is above the head: the zone is right");
    return true;
}

/* A record set that is missing cannot be adopted: somebody has to put it back. */
static bool all_present(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        for (uint32_t k = 0; k < g->site_count; k++) {
            uint32_t service = engine->settings->sites[g->sites[k]].service;
            if (engine->settings->services[service].zone == engine->slots[i].zone &&
                engine->slots[i].weights[k] < 0)
                return false;
        }
    }
    return true;
}

/* C4: "adopt" takes what somebody else wrote; "stop" does so once the drift is acknowledged. */
static bool propose_drift(struct engine *engine, uint32_t group)
{
    const struct order *ack;
    char incident[INCIDENT_MAX + 1];

    if (!applying_drifted(engine, group) || !all_present(engine, group))
        return false;
    alerting_incident_id(engine, group, alert_event_name(ALERT_DRIFT), incident, sizeof(incident));
    ack = orders_ack(&engine->orders, group, incident, state_wall(engine, engine->now_ms));
    if (state_group(engine, group)->drift == DRIFT_STOP && ack == NULL)
        return false;
    adopt(engine, group, true,
          ack != NULL ? "drift acknowledged: the zone's weights are normal now"
                      : "drift adopted: the zone's weights are normal now");
    if (ack != NULL)
        memcpy(engine->groups[group].proposal.decision.order, ack->id, sizeof(ack->id));
    return true;
}

/* C8: a late batch of the decision that was cancelled was applied after all: the zone is right. */
static bool propose_late_applied(struct engine *engine, uint32_t group)
{
    const struct decision *head = &engine->groups[group].head.decision;
    uint64_t fence = applying_fence_max(engine, group);

    if (head->kind != DECISION_CANCEL || fence <= head->base_epoch || fence >= head->epoch)
        return false;
    adopt(engine, group, false, "the cancelled change was applied after all: it stands");
    engine->groups[group].proposal.decision.moved_wall = head->moved_wall;
    memcpy(engine->groups[group].proposal.normal, head->normal,
           state_group(engine, group)->site_count * sizeof(int));
    return true;
}

/* C2: no fence where one was: the same statement again under a new epoch, by CREATE alone. */
static bool propose_fence(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct decision *head = &state->head.decision;
    bool gone = false;
    bool applied = false;
    struct decision *decision;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        bool expected = head->base_epoch == 0 && slot->seen_epoch < head->epoch;
        gone |= slot->known && !slot->fence_present && !expected;
        applied |= slot->seen_epoch >= head->epoch;
    }
    if (!gone)
        return false;
    decision = begin_proposal(engine, group, applied ? DECISION_ADOPT : head->kind);
    decision->base_epoch = 0;
    decision->regions_left = head->regions_left;
    memcpy(state->proposal.base, applied ? head->weights : head->base,
           state_group(engine, group)->site_count * sizeof(int));
    snprintf(decision->reason, sizeof(decision->reason),
             "the fence was gone: the same weights under a new one");
    return true;
}

/* C8: never applied as far as can be seen, no batch on its way, nothing latched, and every region
 * it took weight from is agreed up again. */
static bool cancellable(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    const struct decision *head = &state->head.decision;

    if (head->kind != DECISION_LEAVE || head->regions_left == 0 || head->order[0] != '\0' ||
        g->beacons || !state_may_act(engine) || !all_known(engine, group))
        return false;
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        if (slot->unanswered || slot->seen_epoch >= head->epoch || slot->state == CHANGE_SENDING ||
            slot->state == CHANGE_READING)
            return false;
    }
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &engine->settings->sites[g->sites[k]];
        if ((head->regions_left >> site->region & 1) && site->check_count > 0 &&
            engine->agreements[g->sites[k]].state != AGREED_UP)
            return false;
    }
    return true;
}

static bool propose_cancel(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    struct decision *decision;

    if (!cancellable(engine, group))
        return false;
    decision = begin_proposal(engine, group, DECISION_CANCEL);
    decision->moved_wall = 0; /* nothing moved; and no dwell was left when it was decided */
    memcpy(state->proposal.weights, state->head.base,
           state_group(engine, group)->site_count * sizeof(int));
    snprintf(decision->reason, sizeof(decision->reason),
             "epoch %" PRIu64 " was never applied and its region is agreed up again",
             state->head.decision.epoch);
    return true;
}

/* "us-east-1 agreed down by use1, usw2 for 20 s" */
static void reason_text(const struct engine *engine, uint32_t group, const struct wish *wish,
                        char *out, size_t size)
{
    const struct group *g = state_group(engine, group);
    size_t used = 0;

    out[0] = '\0';
    for (uint32_t k = 0; k < g->site_count && used + 1 < size; k++) {
        const struct agreement *agreement = &engine->agreements[g->sites[k]];
        const struct site *site = &engine->settings->sites[g->sites[k]];
        int n;
        if (!(wish->regions_left >> site->region & 1) || agreement->state != AGREED_DOWN)
            continue;
        n = snprintf(
            out + used, size - used, "%s%s agreed down by %d of %" PRIu32 " for %" PRId64 " s",
            used > 0 ? "; " : "", site->name, __builtin_popcountll(agreement->down),
            engine->settings->elector_count, (engine->now_ms - agreement->since_ms) / 1000);
        used += n > 0 ? (size_t)n : 0;
    }
    if (used == 0)
        snprintf(out, size, "%s", wish->kind == DECISION_FAILBACK ? "failback" : "drained");
}

/* Whose votes are the evidence: those that say down of a region that leaves. */
static probe_set voters_behind(const struct engine *engine, uint32_t group, const struct wish *wish)
{
    const struct group *g = state_group(engine, group);
    probe_set voters = 0;

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct agreement *agreement = &engine->agreements[g->sites[k]];
        uint32_t region = engine->settings->sites[g->sites[k]].region;
        if ((wish->regions_left >> region & 1) && agreement->state == AGREED_DOWN)
            voters |= agreement->down;
    }
    return voters;
}

static void propose_wish(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct wish *wish = &state->wish;
    const struct group *g = state_group(engine, group);
    const struct order *order = order_behind(engine, group, wish);
    struct decision *decision = begin_proposal(engine, group, wish->kind);
    size_t used;

    memcpy(state->proposal.weights, wish->weights, g->site_count * sizeof(int));
    decision->moved_wall = decision->at_wall;
    decision->regions_left = wish->regions_left;
    decision->voters = voters_behind(engine, group, wish);
    reason_text(engine, group, wish, decision->reason, sizeof(decision->reason));
    if (order == NULL)
        return;
    memcpy(decision->order, order->id, sizeof(decision->order));
    decision->override = order->override && wish->ordered;
    used = strlen(decision->reason);
    snprintf(decision->reason + used, sizeof(decision->reason) - used, "; ordered by %s: %.100s",
             order->by, order->reason);
}

/* ---- the commit ---- */

static void commit_ledger(struct engine *engine, uint32_t group, struct commit *commit)
{
    wall_t *budget = engine->out_budgets[group];
    uint32_t skip = engine->budget_count == BUDGET_MAX ? 1 : 0; /* the oldest is forgotten */

    commit->budget_revision = engine->budget_revision;
    commit->budget = budget;
    commit->writes_budget = is_move(commit->decision.kind);
    if (!commit->writes_budget)
        return;
    commit->budget_count = engine->budget_count - skip;
    memcpy(budget, engine->budget + skip, commit->budget_count * sizeof(*budget));
    budget[commit->budget_count++] = commit->decision.at_wall;
}

/* D7: an order is marked obeyed in the transaction that obeys it. */
static void commit_order(struct engine *engine, uint32_t group, struct commit *commit)
{
    struct order *obeyed = &engine->out_obeyed[group];

    for (uint32_t i = 0; i < engine->orders.count; i++) {
        if (commit->decision.order[0] == '\0' ||
            strcmp(engine->orders.items[i].id, commit->decision.order) != 0)
            continue;
        *obeyed = engine->orders.items[i];
        if (!order_is_obeyed(obeyed, group) && obeyed->obeyed_count < ORDER_OBEYED_MAX)
            obeyed->obeyed[obeyed->obeyed_count++] =
                (struct order_obeyed){group, commit->decision.epoch};
        commit->obeyed = obeyed;
    }
}

static void commit(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    uint32_t probes = engine->settings->elector_count;
    struct commit_vote *votes = &engine->out_commit_votes[(size_t)group * probes];
    struct commit *commit = &engine->out_commits[engine->update->commit_count++];
    struct fact *fact;

    *commit = (struct commit){.decision = state->proposal.decision,
                              .head_revision = state->has_head ? state->head_revision : 0,
                              .votes = votes,
                              .orders_revision = engine->store_revision};
    for (uint32_t p = 0; p < probes; p++) {
        const struct vote_slot *vote = state_vote(engine, p, group);
        if (vote->present && vote->same_settings && vote->blindness == BLIND_NOT)
            votes[commit->vote_count++] = (struct commit_vote){p, vote->revision};
    }
    commit_ledger(engine, group, commit);
    commit_order(engine, group, commit);
    state->commit_pending = true;
    fact = state_fact(engine, FACT_PROPOSED);
    fact->rule = "D8";
    fact->group = group;
    fact->epoch = (int64_t)commit->decision.epoch;
    fact->word = decision_kind_name(commit->decision.kind);
    state_weights_text(engine, group, commit->decision.weights, fact->text, sizeof(fact->text));
}

/* D10: said once for each new reason. */
static void tell_refusal(struct engine *engine, uint32_t group, const struct refusal *refusal)
{
    struct group_state *state = &engine->groups[group];
    bool same = state->refusal.rule == refusal->rule && state->refusal.reason == refusal->reason;
    struct fact *fact;

    state->refusal = *refusal;
    if (same || refusal->rule == NULL)
        return;
    fact = state_fact(engine, FACT_REFUSED);
    fact->rule = refusal->rule;
    fact->group = group;
    fact->word = refusal->reason;
    fact->number = refusal->value;
    fact->limit = refusal->limit;
}

/* Our turn: in the epoch's rank, so that the probe that will apply it is also first to propose. */
static void commit_in_turn(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    msec_t turn_ms;

    if (!safety_has_weight(engine, group, state->proposal.weights)) {
        tell_refusal(engine, group, &(struct refusal){"C5", "all-zero", 0, 1});
        return;
    }
    if (state->allowed_ms < 0)
        state->allowed_ms = engine->now_ms;
    turn_ms = state->allowed_ms +
              (msec_t)state_rank(engine, state->proposal.decision.epoch) * PROPOSE_STEP_MS;
    if (turn_ms < state->commit_after_ms)
        turn_ms = state->commit_after_ms;
    if (state->commit_pending)
        return;
    if (engine->now_ms < turn_ms)
        state_wake(engine, group, turn_ms);
    else
        commit(engine, group);
}

void deciding_committed(struct engine *engine, const struct event_commit *event)
{
    struct group_state *state = &engine->groups[event->group];
    enum fact_code code = event->status == STORE_OK         ? FACT_DECIDED
                          : event->status == STORE_CONFLICT ? FACT_CONFLICT
                                                            : FACT_COMMIT_FAILED;
    struct fact *fact;

    state->commit_pending = false;
    state_touch(engine, event->group);
    fact = state_fact(engine, code);
    fact->rule = "D8";
    fact->group = event->group;
    fact->epoch = (int64_t)state->proposal.decision.epoch;
    fact->word = event->status == STORE_OK ? decision_kind_name(state->proposal.decision.kind)
                                           : store_status_name(event->status);
    if (event->status == STORE_OK) {
        state_weights_text(engine, event->group, state->proposal.weights, fact->text,
                           sizeof(fact->text));
        state->init_wanted = false;
        deciding_set_head(engine, event->group, &state->proposal.decision, event->revision);
        return;
    }
    state->commit_after_ms =
        engine->now_ms + (event->status == STORE_CONFLICT ? CONFLICT_PAUSE_MS : BACKOFF_FIRST_MS);
}

/* ---- the group's turn ---- */

static void make_wish(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    struct wish_input input = {.settings = engine->settings,
                               .group = group,
                               .weights = state->head.weights,
                               .normal = state->head.normal,
                               .agreements = engine->agreements,
                               .drained = engine->drained,
                               .override = override_in_force(engine, group),
                               .now_ms = engine->now_ms};

    input.failback = g->failback == FAILBACK_AUTO ||
                     orders_failback(&engine->orders, group, state_wall(engine, engine->now_ms));
    state->wish.gates = state->gates;
    state->wish.gate_count = &state->gate_count;
    wish_make(&input, &state->wish);
    if (state->wish.kind == DECISION_FAILBACK && g->failback == FAILBACK_AUTO &&
        order_behind(engine, group, &state->wish) == NULL)
        state->wish.ordered = false;
    state_wake(engine, group, state->wish.again_ms);
}

static void decide_wish(struct engine *engine, uint32_t group, bool override)
{
    struct group_state *state = &engine->groups[group];
    const struct wish *wish = &state->wish;
    uint32_t first = state->gate_count;
    bool open = safety_gates(engine, group, wish, override, state->gates, &state->gate_count);
    const struct gate *closed = safety_closed(state->gates + first, state->gate_count - first);
    struct refusal refusal = wish->refusal;

    if (wish->changes && closed != NULL)
        refusal = (struct refusal){closed->rule, closed->name, closed->value, closed->limit};
    tell_refusal(engine, group, &refusal);
    if (!wish->changes || !open) {
        state->allowed_ms = -1;
        if (wish->changes) /* dwell, budget and gaps end by time alone */
            state_wake(engine, group, engine->now_ms + REFUSED_LOOK_MS);
        return;
    }
    propose_wish(engine, group);
    commit_in_turn(engine, group);
}

/* Those that put ledger and zone in order come first; they need the store, a sound clock and no
 * freeze, but neither dwell nor budget, for they move nothing. */
static bool decide_upkeep(struct engine *engine, uint32_t group)
{
    wall_t wall = state_wall(engine, engine->now_ms);
    bool proposed;

    if (!state_store_ok(engine) || engine->gap != BLIND_NOT || engine->dry_run ||
        orders_freeze(&engine->orders, group, wall) != NULL)
        return false;
    if (!engine->groups[group].has_head)
        proposed = propose_first(engine, group);
    else
        proposed = state_may_act(engine) && all_known(engine, group) &&
                   (propose_zone_ahead(engine, group) || propose_drift(engine, group) ||
                    propose_late_applied(engine, group) || propose_fence(engine, group) ||
                    propose_cancel(engine, group));
    if (proposed)
        commit_in_turn(engine, group);
    return proposed;
}

void deciding_decide(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    bool override;

    state->gate_count = 0;
    if (!state->has_head) {
        state->wish.changes = false;
        gate_add(state->gates, &state->gate_count, "D9", "head", false, -1, -1,
                 "watched, never moved: no head decision yet; regionshift init");
        decide_upkeep(engine, group);
        return;
    }
    make_wish(engine, group);
    if (decide_upkeep(engine, group))
        return;
    override = state->wish.changes && state->wish.ordered &&
               order_behind(engine, group, &state->wish) != NULL &&
               order_behind(engine, group, &state->wish)->override;
    decide_wish(engine, group, override);
}
