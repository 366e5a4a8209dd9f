/* SPDX-License-Identifier: Apache-2.0 */
/* A decision on its way into the store. Its epoch is above every epoch ever seen, its base is what
 * the zone is known to say, and the transaction compares everything it was concluded from: head,
 * votes (evidence.c), orders, ledger (D8). */
#include "proposal.h"

#include <assert.h>
#include <string.h>

/* What the zones are known to say now, and under which epoch: the base of a new decision (C4). */
static void set_base(const struct engine *engine, uint32_t group, struct decision_slot *proposal)
{
    const struct group_state *state = &engine->groups[group];
    const struct decision *head = &state->head->decision;
    size_t size = state_group(engine, group)->site_count * sizeof(int);
    uint64_t fence = head->epoch;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        uint64_t epoch = slot->known ? (slot->fence_present ? slot->fence.epoch : 0) : fence;
        if (epoch < fence)
            fence = epoch;
    }
    /* of an older epoch nothing is known: then the base stays what it was */
    proposal->decision.base_epoch = fence == head->epoch ? fence : head->base_epoch;
    memcpy(proposal->base, fence == head->epoch ? head->weights : head->base, size);
    if (head->before != NULL && !observing_begun(engine, group)) {
        memcpy(proposal->before, head->before, size);
        proposal->decision.before = proposal->before;
    }
}

uint64_t proposal_highest_epoch(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    uint64_t highest = state->journal_epoch;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        if (engine->slots[i].seen_epoch > highest)
            highest = engine->slots[i].seen_epoch;
    }
    return highest;
}

struct decision_slot *proposal_room(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    size_t place = (size_t)DECISION_VECTORS * state->first_place;

    decision_slot_lay_out(state->proposal, &engine->proposal_weights[place],
                          state_group(engine, group)->site_count);
    return state->proposal;
}

struct decision *proposal_begin(struct engine *engine, uint32_t group, enum decision_kind kind)
{
    struct group_state *state = &engine->groups[group];
    struct decision_slot *proposal = proposal_room(engine, group);
    size_t size = state_group(engine, group)->site_count * sizeof(int);

    assert(!state->commit_pending);
    proposal->decision = (struct decision){.group = group,
                                           .kind = kind,
                                           .by = engine->settings->self,
                                           .at_wall = state_wall(engine, engine->now_ms),
                                           .weights = proposal->weights,
                                           .normal = proposal->normal,
                                           .base = proposal->base};
    if (state->has_head) {
        const struct decision *head = &state->head->decision;
        memcpy(proposal->weights, head->weights, size);
        memcpy(proposal->normal, head->normal, size);
        proposal->decision.moved_wall = head->moved_wall;
        set_base(engine, group, proposal);
    }
    proposal->decision.epoch = proposal_highest_epoch(engine, group) + 1;
    return &proposal->decision;
}

/* ---- the commit ---- */

static void commit_ledger(struct engine *engine, uint32_t group, struct commit *commit)
{
    const struct group_state *state = &engine->groups[group];
    size_t size = state_group(engine, group)->site_count * sizeof(int);
    wall_t *budget = engine->out_budgets[group];
    uint32_t skip = engine->budget_count == BUDGET_MAX ? 1 : 0; /* the oldest is forgotten */

    commit->budget_revision = engine->budget_revision;
    commit->budget = budget;
    commit->writes_budget =
        decision_is_move(commit->decision.kind) &&
        memcmp(commit->decision.weights, state->head->weights, size) != 0; /* D6: the same move */
    if (!commit->writes_budget)
        return;
    commit->budget_count = engine->budget_count - skip;
    memcpy(budget, engine->budget + skip, commit->budget_count * sizeof(*budget));
    budget[commit->budget_count++] = commit->decision.at_wall;
}

/* D5: what says nothing new, and stands where nothing has moved meanwhile, does not make an order
 * older that was given about it. */
static uint64_t same_since(const struct group_state *state, const struct decision *decision,
                           uint32_t sites)
{
    const struct decision *head = &state->head->decision;
    size_t size = sites * sizeof(int);

    if (!state->has_head || decision->moved_wall != head->moved_wall ||
        memcmp(decision->weights, head->weights, size) != 0 ||
        memcmp(decision->normal, head->normal, size) != 0)
        return 0;
    return head->same_since > 0 ? head->same_since : state->head_revision;
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

void proposal_commit(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    uint32_t probes = engine->settings->elector_count;
    struct commit_vote *votes = &engine->out_commit_votes[(size_t)group * probes];
    struct commit *commit = &engine->out_commits[engine->update->commit_count++];
    probe_set evidence = evidence_behind(engine, &state->proposal->decision);
    struct fact *fact;

    state->proposal->decision.same_since =
        same_since(state, &state->proposal->decision, state_group(engine, group)->site_count);
    *commit = (struct commit){.decision = state->proposal->decision,
                              .head_revision = state->has_head ? state->head_revision : 0,
                              .votes = votes,
                              .orders_revision = engine->store_revision};
    for (uint32_t p = 0; p < probes; p++) {
        if (evidence >> p & 1)
            votes[commit->vote_count++] =
                (struct commit_vote){p, state_vote(engine, p, group)->revision};
    }
    commit_ledger(engine, group, commit);
    commit_order(engine, group, commit);
    state->commit_pending = true;
    state->compared_count = commit->vote_count;
    fact = state_fact(engine, FACT_PROPOSED);
    fact->rule = "D8";
    fact->group = group;
    fact->epoch = (int64_t)commit->decision.epoch;
    fact->word = decision_kind_name(commit->decision.kind);
    state_weights_text(engine, group, commit->decision.weights, fact->text, sizeof(fact->text));
}

bool proposal_outdated(const struct engine *engine, uint32_t group)
{
    const struct commit_vote *votes =
        &engine->out_commit_votes[(size_t)group * engine->settings->elector_count];

    for (uint32_t i = 0; i < engine->groups[group].compared_count; i++) {
        if (state_vote(engine, votes[i].probe, group)->revision != votes[i].revision)
            return true;
    }
    return false;
}
