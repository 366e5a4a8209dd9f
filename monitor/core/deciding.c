/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement -> decision, for one group. What keeps ledger and zone in order comes first (upkeep.c);
 * then the wish: a region must leave, or may come back (D1-D5). When every gate is open and it is
 * our turn, it is committed (D8). Any probe may propose; nobody needs to lead: the store's compare
 * lets one win, and the others see its head. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proposal.h"

/* ---- orders ---- */

/* Orders end by time alone: when the next one does, everything is looked at again. */
static void watch_ends(struct engine *engine, wall_t wall)
{
    if (engine->now_ms >= engine->orders_end_ms)
        state_touch_all(engine);
    engine->orders_end_ms = INT64_MAX;
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        msec_t end_ms = engine->orders.items[i].until_wall - engine->wall_offset;
        if (engine->orders.items[i].until_wall > wall && end_ms < engine->orders_end_ms)
            engine->orders_end_ms = end_ms;
    }
}

void deciding_orders(struct engine *engine)
{
    wall_t wall = state_wall(engine, engine->now_ms);

    watch_ends(engine, wall);
    for (uint32_t r = 0; r < engine->settings->region_count; r++) {
        bool drained = orders_drain(&engine->orders, r, wall) != NULL;
        if (drained != engine->drained[r])
            state_touch_all(engine);
        engine->drained[r] = drained;
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

/* The failback ordered under the head that stands, or one that said the same: an older word was
 * about an older state, and would send traffic back by itself (D5). */
static const struct order *failback_order(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    uint64_t since = state->head->decision.same_since;

    return orders_failback(&engine->orders, group, state_wall(engine, engine->now_ms),
                           since > 0 ? since : state->head_revision);
}

/* D5: one that was not obeyed and is in force no more, since something else was decided; or NULL.
 */
static const struct order *void_failback(const struct engine *engine, uint32_t group)
{
    if (failback_order(engine, group) != NULL)
        return NULL;
    return orders_failback(&engine->orders, group, state_wall(engine, engine->now_ms), 0);
}

/* An order with --override that this group has not obeyed yet lifts readiness for it (D7). */
static bool override_in_force(const struct engine *engine, uint32_t group)
{
    const struct order *failback = failback_order(engine, group);

    for (uint32_t r = 0; r < engine->settings->region_count; r++) {
        const struct order *drain =
            engine->drained[r]
                ? orders_drain(&engine->orders, r, state_wall(engine, engine->now_ms))
                : NULL;
        if (drain != NULL && drain->override && !order_is_obeyed(drain, group))
            return true;
    }
    return failback != NULL && failback->override;
}

static const struct order *order_behind(const struct engine *engine, uint32_t group,
                                        const struct wish *wish)
{
    if (wish->kind == DECISION_FAILBACK)
        return failback_order(engine, group);
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

void decision_slot_lay_out(struct decision_slot *slot, int *vectors, uint32_t sites)
{
    slot->weights = vectors;
    slot->normal = vectors + sites;
    slot->base = vectors + 2 * (size_t)sites;
    slot->before = vectors + 3 * (size_t)sites;
}

void decision_slot_copy(const struct engine *engine, uint32_t group, struct decision_slot *slot,
                        const struct decision *decision)
{
    size_t size = state_group(engine, group)->site_count * sizeof(int);
    bool attaches = decision->health != NULL && slot->health != NULL;

    assert(slot != &engine->no_head);
    memmove(slot->weights, decision->weights, size);
    memmove(slot->normal, decision->normal, size);
    memmove(slot->base, decision->base, size);
    if (decision->before != NULL)
        memmove(slot->before, decision->before, size);
    if (attaches)
        memmove(slot->health, decision->health,
                engine->settings->region_count * sizeof(*slot->health));
    slot->decision = *decision;
    slot->decision.weights = slot->weights;
    slot->decision.normal = slot->normal;
    slot->decision.base = slot->base;
    slot->decision.before = decision->before != NULL ? slot->before : NULL;
    slot->decision.health = attaches ? slot->health : NULL;
}

/* D6: when the group moved last, on our own clock. What is known already is not asked of the wall
 * clocks again. */
static void set_moved(struct engine *engine, uint32_t group, wall_t moved_wall)
{
    struct group_state *state = &engine->groups[group];
    msec_t dwell_ms = state_group(engine, group)->dwell_ms;

    if (state->ever_moved && moved_wall == state->moved_wall)
        return;
    state->ever_moved = moved_wall != 0;
    state->moved_wall = moved_wall;
    state->moved_ms = engine->now_ms - state_ledger_age_ms(engine, moved_wall, dwell_ms);
}

/* L2: traffic moves by this decision, or has moved and only now is known to have (C7, C8). */
static bool has_moved(const struct decision *decision)
{
    return decision_is_move(decision->kind) || decision->moved_wall == decision->at_wall;
}

/* D10: nobody waits for an order that will not be obeyed any more. */
static void tell_void(struct engine *engine, uint32_t group, const struct order *order)
{
    struct fact *fact = state_fact(engine, FACT_REFUSED);

    fact->rule = "D5";
    fact->group = group;
    fact->epoch = (int64_t)engine->groups[group].head->decision.epoch;
    fact->word = "failback-void";
    strncpy(fact->text, order->id, sizeof(fact->text) - 1);
}

/* Where a group's own head stands, with its vectors. */
static struct decision_slot *head_room(struct engine *engine, uint32_t group)
{
    size_t place = (size_t)DECISION_VECTORS * engine->groups[group].first_place;

    decision_slot_lay_out(&engine->heads[group], &engine->head_weights[place],
                          state_group(engine, group)->site_count);
    return &engine->heads[group];
}

void deciding_set_head(struct engine *engine, uint32_t group, const struct decision *decision,
                       uint64_t revision)
{
    struct group_state *state = &engine->groups[group];
    bool first = !state->has_head;
    bool news = first || decision->epoch != state->head->decision.epoch;
    bool owed = state->announce && observing_begun(engine, group);
    const struct order *waits = first ? NULL : failback_order(engine, group);
    struct fact *fact;

    state->head = head_room(engine, group);
    decision_slot_copy(engine, group, state->head, decision);
    if (state->head->decision.same_since > revision)
        state->head->decision.same_since =
            0; /* counted by another store, from which it was copied */
    state->has_head = true;
    state->head_revision = revision;
    if (revision > engine->newest_head)
        engine->newest_head = revision;
    state->init_wanted = false; /* D9: that word is spent, whoever obeyed it */
    if (decision->kind == DECISION_ATTACH)
        state->attach_wanted = false; /* and that one (B2) */
    if (decision->epoch > state->journal_epoch)
        state->journal_epoch = decision->epoch; /* C2: a store that goes back does not reuse it */
    if (!news)
        return;
    if (waits != NULL && failback_order(engine, group) == NULL &&
        strcmp(waits->id, decision->order) != 0)
        tell_void(engine, group, waits);
    set_moved(engine, group, decision->moved_wall);
    state->head_seen_ms = engine->now_ms;
    state->head_witnessed = !first && state_store_ok(engine) && engine->gap == BLIND_NOT;
    state->drift_from_ms = first ? 0 : engine->now_ms;
    state->allowed_ms = -1;
    state->upkeep_ms = -1;
    state->announce = !first && (owed || has_moved(decision));
    state->trouble_ms = first_trouble(engine, group, decision);
    state->decided_ms = engine->now_ms;
    state->accepted_ms = -1;
    state->insync_ms = -1;
    state->servers_ms = -1;
    state->resolvers_ms = -1;
    fact = state_fact(engine, FACT_HEAD);
    fact->rule = "D8";
    fact->group = group;
    fact->epoch = (int64_t)decision->epoch;
    fact->word = decision_kind_name(decision->kind);
    fact->probe = decision->by;
    state_weights_text(engine, group, decision->weights, fact->text, sizeof(fact->text));
}

/* ---- a proposal ---- */

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
        n = snprintf(out + used, size - used,
                     "%s%s agreed down by %" PRIu32 " of %" PRIu32 " for %" PRId64 " s",
                     used > 0 ? "; " : "", site->name, __builtin_popcountll(agreement->down),
                     engine->settings->elector_count,
                     (engine->now_ms - agreement->since_ms) / 1000);
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

/* D7: what an override lifts, it lifts for its own order: a move that obeys another one, or none,
 * finds the gates as they are. So does one that obeys it again: a freeze may be newer. */
static bool obeys_override(const struct engine *engine, uint32_t group, const struct wish *wish)
{
    const struct order *order = order_behind(engine, group, wish);

    return order != NULL && order->override && !order_is_obeyed(order, group);
}

static void propose_wish(struct engine *engine, uint32_t group, const struct wish *wish)
{
    struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    const struct order *order = order_behind(engine, group, wish);
    struct decision *decision = proposal_begin(engine, group, wish->kind);
    size_t used;

    memcpy(state->proposal->weights, wish->weights, g->site_count * sizeof(int));
    decision->moved_wall = decision->at_wall;
    decision->regions_left = wish->regions_left;
    decision->voters = voters_behind(engine, group, wish);
    reason_text(engine, group, wish, decision->reason, sizeof(decision->reason));
    if (order == NULL)
        return;
    memcpy(decision->order, order->id, sizeof(decision->order));
    decision->override = wish->ordered && obeys_override(engine, group, wish);
    used = strlen(decision->reason);
    snprintf(decision->reason + used, sizeof(decision->reason) - used, "; ordered by %s: %.100s",
             order->by, order->reason);
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

    if (state->allowed_ms < 0)
        state->allowed_ms = engine->now_ms;
    turn_ms = state->allowed_ms +
              (msec_t)state_rank(engine, &state->proposal->decision) * PROPOSE_STEP_MS;
    if (turn_ms < state->commit_after_ms)
        turn_ms = state->commit_after_ms;
    if (engine->now_ms < turn_ms)
        state_wake(engine, group, turn_ms);
    else if (state_told(engine, group))
        proposal_commit(engine, group);
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
    fact->epoch = (int64_t)state->proposal->decision.epoch;
    fact->word = event->status == STORE_OK ? decision_kind_name(state->proposal->decision.kind)
                                           : store_status_name(event->status);
    if (event->status == STORE_OK) {
        state_weights_text(engine, event->group, state->proposal->weights, fact->text,
                           sizeof(fact->text));
        if (!state->has_head || event->revision > state->head_revision) /* else: told since */
            deciding_set_head(engine, event->group, &state->proposal->decision, event->revision);
        return;
    }
    if (event->status != STORE_CONFLICT)
        state->commit_after_ms = engine->now_ms + BACKOFF_FIRST_MS;
    else if (!proposal_outdated(engine, event->group))
        state->commit_after_ms = engine->now_ms + CONFLICT_PAUSE_MS;
}

/* ---- the group's turn ---- */

/* D5: what has less than its normal weight comes back by an order, or by itself when auto. */
static void gate_failback(const struct engine *engine, uint32_t group, bool failback,
                          struct thought *thought)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);
    const struct order *old = failback ? NULL : void_failback(engine, group);
    bool away = false;

    if (thought->wish.kind == DECISION_LEAVE)
        return; /* leaving is no failback */
    for (uint32_t k = 0; k < g->site_count; k++)
        away |= state->head->weights[k] < state->head->normal[k];
    if (away && old != NULL)
        finding_add(thought->gates, &thought->gate_count, "D5", "failback", false, -1, -1,
                    "the failback ordered by %s was about what stood before: order it again",
                    old->by);
    else if (away)
        finding_add(thought->gates, &thought->gate_count, "D5", "failback", failback, -1, -1,
                    failback ? "weight may return" : "weight returns by order only: failback %s",
                    g->name);
}

static void make_wish(const struct engine *engine, uint32_t group, struct thought *thought)
{
    const struct group_state *state = &engine->groups[group];
    struct wish *wish = &thought->wish;
    uint32_t first = thought->gate_count;
    bool is_auto = state_group(engine, group)->failback == FAILBACK_AUTO;
    bool is_ordered = failback_order(engine, group) != NULL;
    struct wish_input input = {.settings = engine->settings,
                               .group = group,
                               .weights = state->head->weights,
                               .normal = state->head->normal,
                               .agreements = engine->agreements,
                               .drained = engine->drained,
                               .override = override_in_force(engine, group),
                               .failback = is_auto || is_ordered,
                               .now_ms = engine->now_ms};

    wish->gates = thought->gates;
    wish->gate_count = &thought->gate_count;
    wish_make(&input, wish);
    if (input.override && !obeys_override(engine, group, wish)) {
        input.override = false;
        thought->gate_count = first;
        wish_make(&input, wish);
    }
    if (wish->kind == DECISION_FAILBACK && !is_ordered)
        wish->ordered = false;
    gate_failback(engine, group, input.failback, thought);
}

/* D7: what only this probe knows is decided on when the store has it; until then it holds for the
 * group whose glass was broken, and for nothing else: not for what leaves beside an order of the
 * store, nor for the static page, which is shown when everybody is down or drained. */
static void gate_local(const struct engine *engine, struct thought *thought)
{
    const struct wish *wish = &thought->wish;

    for (uint32_t r = 0; wish->changes && r < engine->settings->region_count; r++) {
        const struct order *drain = drain_behind(engine, UINT32_C(1) << r);

        if (drain == NULL || !order_is_local(drain) ||
            (!wish->all_down && !(wish->regions_left >> r & 1)))
            continue;
        finding_add(thought->gates, &thought->gate_count, "D7", "local-order", false, -1, -1,
                    "the drain ordered by %s is not in the store yet", drain->by);
        return; /* one is enough */
    }
}

/* The wish and its gates; what refuses it, if anything (D10). True when it may be done. */
static bool judge_wish(const struct engine *engine, uint32_t group, struct thought *thought,
                       struct refusal *refusal)
{
    const struct wish *wish = &thought->wish;
    const struct finding *closed;
    uint32_t first;

    make_wish(engine, group, thought);
    first = thought->gate_count;
    safety_gates(engine, group, wish,
                 wish->changes && wish->ordered && obeys_override(engine, group, wish),
                 thought->gates, &thought->gate_count);
    gate_local(engine, thought);
    closed = safety_closed(thought->gates + first, thought->gate_count - first);
    *refusal = wish->refusal;
    if (wish->changes && closed != NULL)
        *refusal = (struct refusal){closed->rule, closed->name, closed->value, closed->limit};
    return wish->changes && closed == NULL;
}

static bool is_watcher(const struct engine *engine)
{
    return !engine->settings->electors[engine->settings->self].may_act;
}

/* C2, C4: a new epoch must be above every fence, and a drift must be known; so only those propose
 * who read the zones. The others watch, and say so when nobody acts. */
static bool judge_watcher(struct engine *engine, uint32_t group, bool may, struct refusal *refusal)
{
    struct group_state *state = &engine->groups[group];
    msec_t waited_ms;

    if (!may || !is_watcher(engine))
        return may;
    if (state->allowed_ms < 0)
        state->allowed_ms = engine->now_ms;
    waited_ms = engine->now_ms - state->allowed_ms;
    if (waited_ms >= NOBODY_ACTS_MS)
        *refusal = (struct refusal){"C6", "nobody-acts", waited_ms, NOBODY_ACTS_MS};
    else
        state_wake(engine, group, state->allowed_ms + NOBODY_ACTS_MS);
    return false;
}

/* C5: what is not moved but only written down must have weight, too. */
static bool judge_upkeep(struct engine *engine, uint32_t group, struct refusal *refusal)
{
    struct group_state *state = &engine->groups[group];

    if (safety_has_weight(engine, group, state->proposal->weights))
        return true;
    *refusal = (struct refusal){"C5", "all-zero", 0, 1};
    state->is_upkeep_empty = true;
    return false;
}

/* D9: watched, never moved. A head that stands in the store and cannot be read is no missing one:
 * others may act on it, so nothing is begun anew here, and somebody has to look. */
static void judge_no_head(const struct engine *engine, uint32_t group, struct thought *thought,
                          struct refusal *refusal)
{
    const struct group_state *state = &engine->groups[group];

    if (state->head_form == VALUE_READ) {
        finding_add(thought->gates, &thought->gate_count, "D9", "head", false, -1, -1,
                    "watched, never moved: no head decision yet; regionshift init");
        return;
    }
    finding_add(thought->gates, &thought->gate_count, "D8", "head-unreadable", false, -1, -1,
                state->head_form == VALUE_NEWER
                    ? "a newer version wrote the head decision: this probe waits to be upgraded"
                    : "the head decision in the store is damaged: see the log, and its journal");
    *refusal = (struct refusal){"D8", "head-unreadable", -1, -1};
}

/* Without the ledger no move can be counted (D6): better known before a region dies. */
static void judge_ledger(const struct engine *engine, struct refusal *refusal)
{
    if (engine->budget_form != VALUE_READ && refusal->rule == NULL)
        *refusal = (struct refusal){"D6", "ledger", -1, -1};
}

/* weights: room for what is wished. True when it may be done. */
static bool judge(const struct engine *engine, uint32_t group, int *weights,
                  struct thought *thought, struct refusal *refusal)
{
    bool may = false;

    thought->gate_count = 0;
    thought->wish = (struct wish){.weights = weights, .again_ms = INT64_MAX};
    *refusal = (struct refusal){0};
    if (engine->groups[group].has_head)
        may = judge_wish(engine, group, thought, refusal);
    else
        judge_no_head(engine, group, thought, refusal);
    judge_ledger(engine, refusal);
    return may;
}

void deciding_think(const struct engine *engine, uint32_t group, struct thought *ret_thought)
{
    const struct group_state *state = &engine->groups[group];
    struct refusal refusal;
    bool wanted = judge(engine, group, engine->thought_weights, ret_thought, &refusal);

    if (state->is_upkeep_empty)
        finding_add(ret_thought->gates, &ret_thought->gate_count, "C5", "all-zero", false, 0, 1,
                    "the zone gives a service no weight at all: add weight by hand first");
    else if (wanted && is_watcher(engine) && state->allowed_ms >= 0)
        finding_add(ret_thought->gates, &ret_thought->gate_count, "C6", "actor", false,
                    engine->now_ms - state->allowed_ms, NOBODY_ACTS_MS,
                    "this probe may not act: it waits for those that may");
}

static void wake_for_wish(struct engine *engine, uint32_t group, msec_t again_ms)
{
    state_wake(engine, group, again_ms);
    if (again_ms != INT64_MAX) /* D10: who waits for it is told as time passes */
        state_wake(engine, group, state_look_again(engine));
}

void deciding_decide(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    struct thought *thought = &engine->thought;
    struct refusal refusal;
    bool wanted;
    bool may;
    bool upkeep;

    glass_decide(engine, group);
    wanted = judge(engine, group, state->wish_weights, thought, &refusal);
    state->wants_move = thought->wish.changes;
    if (state->has_head)
        wake_for_wish(engine, group, thought->wish.again_ms);
    state->is_upkeep_empty = false;
    upkeep = !state->commit_pending && upkeep_propose(engine, group);
    may = upkeep ? judge_upkeep(engine, group, &refusal)
                 : judge_watcher(engine, group, wanted, &refusal);
    tell_refusal(engine, group, &refusal);
    if (state->wants_move && !may)
        state_wake(engine, group, safety_again_ms(engine, group));
    if (!may && !wanted)
        state->allowed_ms = -1;
    if (!may || state->commit_pending)
        return;
    if (!upkeep)
        propose_wish(engine, group, &thought->wish);
    commit_in_turn(engine, group);
}
