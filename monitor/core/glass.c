/* SPDX-License-Identifier: Apache-2.0 */
/* Break-glass (D7): the store is away, a region burns, and an operator drains it through one probe,
 * straight through the fence.
 *
 *     shown       engine_glass()    what would change, and from which fence
 *     confirmed   EVENT_GLASS       the order and the fences that were shown
 *     decided     glass_decide()    from a fresh reading, by the same wish and the same gates, but
 *                                   for store, freeze, drift, dwell and budget: a head of our own
 *     applied     applying.c        one batch for each zone, from the fence that was shown (C1, C2)
 *     reconciled  glass_end()       the store's head is the head again; its fence is behind, so the
 *                                   zone becomes the head (C7)
 *                 glass_orders()    and the order goes into the store, once
 *
 * A head of our own is no commit: it is compared with nothing but the fence, which is the lock. So
 * it counts only while the store is away and only for this probe; nobody decides by it, no beacon
 * is lit by it (B1), and when the zone has moved on it is given up, never fought for. Nothing but a
 * confirmed order makes one. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proposal.h"

enum { KEEP_AGAIN_MS = 10000 /* S1: by then a whole reading has told what the store took */ };

static struct fact *tell(struct engine *engine, uint32_t group, const char *rule, const char *step,
                         const char *why)
{
    struct fact *fact = state_fact(engine, FACT_GLASS);

    fact->rule = rule;
    fact->group = group;
    fact->word = step;
    fact->word2 = why;
    return fact;
}

static void tell_order(struct engine *engine, const struct order *order, const char *rule,
                       const char *step, const char *why)
{
    struct fact *fact = tell(engine, NONE, rule, step, why);

    fact->region = order->region;
    strncpy(fact->text, order->id, sizeof(fact->text) - 1);
}

static const struct zone_slot *first_slot(const struct engine *engine, uint32_t group)
{
    return &engine->slots[engine->groups[group].first_slot];
}

/* ---- local orders ---- */

void glass_orders_touched(struct engine *engine)
{
    engine->locals_changed = true;
    engine->locals_ms = engine->now_ms;
    engine->keep_ms = engine->now_ms;
    engine->stirred = true;
}

static void drop_order(struct engine *engine, const struct order *order, const char *rule,
                       const char *why)
{
    wall_t wall = state_wall(engine, engine->now_ms);
    uint32_t region = order->region;
    char id[ORDER_ID_MAX + 1];

    memcpy(id, order->id, sizeof(id));
    tell_order(engine, order, rule, "dropped", why);
    orders_remove(&engine->orders, id);
    /* at once: the stages behind this one must not act on an order that is no more */
    engine->drained[region] = orders_drain(&engine->orders, region, wall) != NULL;
    glass_orders_touched(engine);
    state_touch_all(engine);
}

/* ---- what would be done ---- */

/* What a probe alone can know of a region: by its own checks something of the group that has to
 * serve is down there. */
static void see_unfit(const struct engine *engine, uint32_t group, bool unfit[REGIONS_MAX])
{
    const struct settings *settings = engine->settings;
    const struct group *g = state_group(engine, group);

    memset(unfit, 0, REGIONS_MAX * sizeof(*unfit));
    if (engine->blindness != BLIND_NOT)
        return;
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &settings->sites[g->sites[k]];
        bool judged = settings->services[site->service].required || !g->together;

        for (uint32_t i = site->first_check; judged && i < site->first_check + site->check_count;
             i++)
            unfit[site->region] |= engine->checks[i].verdict.state == VERDICT_DOWN;
    }
}

/* The zones' word on the group's weights. Not 0: what is wrong with some site's. */
static int zone_weights(const struct engine *engine, uint32_t group, int *ret_weights)
{
    int wrong = 0;

    for (uint32_t k = 0; k < state_group(engine, group)->site_count; k++) {
        ret_weights[k] = observing_said(engine, group, k);
        wrong = ret_weights[k] < 0 ? ret_weights[k] : wrong;
    }
    return wrong;
}

static bool region_serves(const struct engine *engine, uint32_t group, uint32_t region,
                          const int *weights)
{
    const struct group *g = state_group(engine, group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (engine->settings->sites[g->sites[k]].region == region && weights[k] > 0)
            return true;
    }
    return false;
}

static const int *normal_weights(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    const struct group *g = state_group(engine, group);

    if (state->has_head)
        return state->head->normal;
    for (uint32_t k = 0; k < g->site_count; k++)
        engine->glass_normal[k] = engine->settings->sites[g->sites[k]].weight;
    return engine->glass_normal;
}

/* D9: taken on is a group whose head is known, or whose fences all are there: a probe that was
 * started after the store had gone knows only those. */
static bool is_taken_on(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    bool fenced = true;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++)
        fenced &= slots[i].fence_present;
    return engine->groups[group].has_head || fenced;
}

static bool all_read(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    bool known = true;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++)
        known &= slots[i].known;
    return known;
}

/* What this probe must be, and know, before it may look at weights at all. */
static struct refusal judge_self(const struct engine *engine, uint32_t group)
{
    if (state_store_ok(engine))
        return (struct refusal){"S2", "store-answers", -1, -1};
    if (engine->dry_run)
        return (struct refusal){"D8", "dry-run", -1, -1};
    if (!state_may_act(engine))
        return (struct refusal){"C6", "may-not-act", -1, -1};
    if (engine->gap != BLIND_NOT)
        return (struct refusal){"V5", "self", engine->gap_until_ms - engine->now_ms, -1};
    if (!all_read(engine, group))
        return (struct refusal){"C2", "zone-not-read", -1, -1};
    if (!is_taken_on(engine, group))
        return (struct refusal){"D9", "head", -1, -1};
    return (struct refusal){0};
}

/* The regions the wish may not give weight to, and those that must leave. */
static void suppose_drained(const struct engine *engine, uint32_t region, bool drained[REGIONS_MAX])
{
    memcpy(drained, engine->drained, engine->settings->region_count * sizeof(*drained));
    drained[region] = true;
}

static uint32_t regions_of(const struct engine *engine, const bool *chosen)
{
    uint32_t regions = 0;

    for (uint32_t r = 0; r < engine->settings->region_count; r++)
        regions |= chosen[r] ? UINT32_C(1) << r : 0;
    return regions;
}

/* The wish for one group, from what its zones say. weights[]: the zone's; wish->weights: room. */
static struct refusal judge(const struct engine *engine, uint32_t group, uint32_t region,
                            int *weights, struct wish *wish)
{
    struct refusal refusal = judge_self(engine, group);
    bool drained[REGIONS_MAX];
    bool unfit[REGIONS_MAX];
    struct wish_input input = {.settings = engine->settings,
                               .group = group,
                               .weights = weights,
                               .normal = normal_weights(engine, group),
                               .agreements = engine->agreements,
                               .drained = drained,
                               .unfit = unfit,
                               .override = true,
                               .now_ms = engine->now_ms};
    int wrong;

    if (refusal.rule != NULL)
        return refusal;
    wrong = zone_weights(engine, group, weights);
    if (wrong != 0)
        return (struct refusal){
            "C1", wrong == WEIGHT_DIFFERS ? "record-sets-differ" : "record-set-missing", -1, -1};
    if (!region_serves(engine, group, region, weights))
        return (struct refusal){"D1", "no-weight", -1, -1};
    suppose_drained(engine, region, drained);
    see_unfit(engine, group, unfit);
    wish_make(&input, wish);
    if (!wish->changes)
        return wish->refusal.rule != NULL ? wish->refusal
                                          : (struct refusal){"D2", "no-region-may-gain", -1, -1};
    if ((wish->regions_left & ~regions_of(engine, drained)) != 0)
        return (struct refusal){"A4", "undecided", -1, -1}; /* one probe is no evidence */
    if (!safety_has_weight(engine, group, wish->weights))
        return (struct refusal){"C5", "all-zero", 0, 1};
    return (struct refusal){0};
}

/* C2: above all that was ever seen, and above what we proposed last: the store may have it. */
static uint64_t next_epoch(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    uint64_t proposed = state->proposal->decision.epoch;
    uint64_t highest = proposal_highest_epoch(engine, group);

    return (proposed > highest ? proposed : highest) + 1;
}

void engine_glass(const struct engine *engine, uint32_t group, uint32_t region,
                  struct glass_view *ret_view)
{
    struct wish wish = {.weights = engine->glass_wish};
    struct refusal refusal = judge(engine, group, region, engine->glass_weights, &wish);

    *ret_view = (struct glass_view){.rule = refusal.rule,
                                    .reason = refusal.reason,
                                    .fence = observing_fence_max(engine, group),
                                    .epoch = next_epoch(engine, group),
                                    .before = engine->glass_weights,
                                    .after = engine->glass_wish};
}

/* ---- confirmed ---- */

static bool is_asked(const struct engine *engine, const char *id)
{
    for (uint32_t g = 0; g < engine->settings->group_count; g++) {
        if (engine->groups[g].glass->asked && strcmp(engine->groups[g].glass->order, id) == 0)
            return true;
    }
    return false;
}

/* What was answered "not now" must not move traffic later: an order that nothing obeys ends. */
static void settle(struct engine *engine, const char *id)
{
    const struct order *order = orders_find(&engine->orders, id);

    if (order != NULL && order_is_local(order) && order->obeyed_count == 0 && !is_asked(engine, id))
        drop_order(engine, order, "D7", "not-obeyed");
}

static void refuse(struct engine *engine, uint32_t group, const struct refusal *refusal)
{
    struct glass_slot *glass = engine->groups[group].glass;

    glass->asked = false;
    glass->refusal = *refusal;
    tell(engine, group, refusal->rule, "refused", refusal->reason);
    settle(engine, glass->order);
}

/* The word before, if it still waits for the zone, is not obeyed any more. */
static void ask(struct engine *engine, uint32_t group, const struct order *order, uint64_t fence)
{
    static const struct refusal newer_word = {"D7", "newer-word", -1, -1};
    struct group_state *state = &engine->groups[group];
    struct glass_slot *glass = state->glass;

    if (glass->asked)
        refuse(engine, group, &newer_word);
    glass->asked = true;
    glass->fence = fence;
    glass->asked_ms = engine->now_ms;
    glass->refusal = (struct refusal){0};
    memcpy(glass->order, order->id, sizeof(glass->order));
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        engine->slots[i].asked_ms = engine->now_ms; /* a reading on its way will not do */
        engine->zones[engine->slots[i].zone].wanted = true;
    }
    state_touch(engine, group);
}

void glass_event(struct engine *engine, const struct event_glass *event)
{
    const struct order *order = event->order;

    if (state_store_ok(engine)) {
        tell_order(engine, order, "S2", "refused", "store-answers");
        return;
    }
    (void)orders_put(&engine->orders, order);
    if (orders_find(&engine->orders, order->id) == NULL) {
        tell_order(engine, order, "D7", "refused", "too-many-orders");
        return;
    }
    tell_order(engine, order, "D7", "confirmed", "");
    for (uint32_t g = 0; g < engine->settings->group_count; g++) {
        if (event->fences[g] != GLASS_NOT_SHOWN)
            ask(engine, g, order, event->fences[g]);
    }
    state_touch_all(engine);
}

/* ---- decided ---- */

enum reading { READING_AWAITED, READING_FAILED, READING_FRESH };

static enum reading fresh_reading(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    msec_t asked_ms = engine->groups[group].glass->asked_ms;
    enum reading reading = READING_FRESH;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        const struct zone_state *zone = &engine->zones[slots[i].zone];

        if (zone->ever_read && zone->answers_ms >= asked_ms)
            continue;
        if (zone->failures > 0 && zone->failed_ms >= asked_ms)
            return READING_FAILED;
        reading = READING_AWAITED;
    }
    return reading;
}

/* The store's head, aside: it comes back with the store. */
static void keep_head(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    struct glass_slot *glass = state->glass;
    const msec_t times_ms[6] = {state->trouble_ms, state->decided_ms, state->accepted_ms,
                                state->insync_ms,  state->servers_ms, state->resolvers_ms};

    if (glass->rules)
        return; /* it is aside already; what rules is an older one of ours */
    glass->rules = true;
    glass->had_head = state->has_head;
    glass->head_revision = state->head_revision;
    memcpy(glass->times_ms, times_ms, sizeof(times_ms));
    glass->head_witnessed = state->head_witnessed;
    glass->ever_moved = state->ever_moved;
    glass->moved_wall = state->moved_wall;
    glass->moved_ms = state->moved_ms;
    if (state->has_head) {
        decision_slot_lay_out(&glass->head,
                              &engine->glass_heads[(size_t)DECISION_VECTORS * state->first_place],
                              state_group(engine, group)->site_count);
        decision_slot_copy(engine, group, &glass->head, &state->head->decision);
    }
}

static void write_decision(struct engine *engine, uint32_t group, const struct order *order,
                           const int *weights, const struct wish *wish)
{
    struct group_state *state = &engine->groups[group];
    size_t size = state_group(engine, group)->site_count * sizeof(int);
    uint64_t epoch = next_epoch(engine, group);
    struct decision *decision = proposal_begin(engine, group, DECISION_LEAVE);

    memcpy(state->proposal->normal, normal_weights(engine, group), size);
    memcpy(state->proposal->weights, wish->weights, size);
    memcpy(state->proposal->base, weights, size);
    decision->before = NULL;
    decision->epoch = epoch;
    decision->base_epoch = observing_fence_max(engine, group);
    decision->moved_wall = decision->at_wall;
    decision->regions_left = wish->regions_left;
    decision->override = true;
    memcpy(decision->order, order->id, sizeof(decision->order));
    snprintf(decision->reason, sizeof(decision->reason),
             "break-glass, without store and quorum: %s drained; ordered by %.50s: %.60s",
             engine->settings->regions[order->region], order->by, order->reason);
}

/* D7: marked obeyed where it is kept: on our disk, before the batch leaves. */
static void obey(struct engine *engine, uint32_t group, struct order *order, const int *weights,
                 const struct wish *wish)
{
    struct group_state *state = &engine->groups[group];
    struct fact *fact;

    write_decision(engine, group, order, weights, wish);
    keep_head(engine, group);
    state->glass->asked = false;
    state->glass->applied = false;
    deciding_set_head(engine, group, &state->proposal->decision, 0);
    state->announce = true;
    if (order->obeyed_count < ORDER_OBEYED_MAX)
        order->obeyed[order->obeyed_count++] =
            (struct order_obeyed){group, state->head->decision.epoch};
    glass_orders_touched(engine);
    fact = tell(engine, group, "D7", "decided", "");
    fact->epoch = (int64_t)state->head->decision.epoch;
    memcpy(fact->text, order->id, sizeof(order->id));
}

/* C7: in flight: what it becomes is not in any reading yet. */
static bool is_unanswered(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    bool unanswered = false;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++)
        unanswered |= slots[i].unanswered;
    return unanswered;
}

void glass_decide(struct engine *engine, uint32_t group)
{
    static const struct refusal unreadable = {"C8", "zone-unreadable", -1, -1};
    static const struct refusal moved_on = {"C3", "zone-moved-on", -1, -1};
    struct group_state *state = &engine->groups[group];
    struct glass_slot *glass = state->glass;
    struct order *order = orders_find(&engine->orders, glass->order);
    struct wish wish = {.weights = engine->glass_wish};
    enum reading reading = READING_AWAITED;
    struct refusal refusal;

    if (!glass->asked || state->commit_pending || is_unanswered(engine, group))
        return;
    if (!state_store_ok(engine))
        reading = fresh_reading(engine, group);
    if (reading == READING_AWAITED && !state_store_ok(engine))
        return;
    refusal = judge(engine, group, order != NULL ? order->region : 0, engine->glass_weights, &wish);
    if (order == NULL)
        glass->asked = false; /* withdrawn meanwhile */
    else if (reading == READING_FAILED)
        refuse(engine, group, &unreadable);
    else if (reading == READING_FRESH && observing_fence_max(engine, group) != glass->fence)
        refuse(engine, group, &moved_on);
    else if (refusal.rule != NULL)
        refuse(engine, group, &refusal);
    else
        obey(engine, group, order, engine->glass_weights, &wish);
}

/* ---- applied, or given up ---- */

/* C6: the order is not taken back, nor over; this probe does not see down now what would gain; and
 * no order that was heard of since drains what keeps weight. */
bool glass_stands(const struct engine *engine, uint32_t group)
{
    const struct decision_slot *head = engine->groups[group].head;
    const struct group *g = state_group(engine, group);
    bool unfit[REGIONS_MAX];
    bool stands = (head->decision.regions_left & ~regions_of(engine, engine->drained)) == 0;

    see_unfit(engine, group, unfit);
    for (uint32_t k = 0; k < g->site_count; k++) {
        uint32_t region = engine->settings->sites[g->sites[k]].region;

        if (head->weights[k] > head->base[k])
            stands &= !unfit[region];
        if (head->weights[k] > 0)
            stands &= !engine->drained[region];
    }
    return stands;
}

static bool is_ours(const struct engine *engine, const struct zone_slot *slot)
{
    const char *self = engine->settings->electors[engine->settings->self].name;

    return slot->fence_present &&
           slot->fence.epoch == engine->groups[slot->group].head->decision.epoch &&
           strcmp(slot->fence.by, self) == 0;
}

/* Somebody gave more weight, since the word was confirmed, than it would leave where nothing is
 * drained: the word said nothing of taking that. */
static bool given_more(const struct engine *engine, const struct zone_slot *slot)
{
    const struct decision_slot *head = engine->groups[slot->group].head;
    const struct group *g = state_group(engine, slot->group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (settings_site_in_zone(engine->settings, g->sites[k], slot->zone) &&
            !engine->drained[engine->settings->sites[g->sites[k]].region] &&
            slot->weights[k] > head->weights[k])
            return true;
    }
    return false;
}

/* The zone is no more the one that was confirmed: somebody else wrote, or took the fence away. */
static bool moved_on(const struct engine *engine, const struct zone_slot *slot)
{
    const struct decision *head = &engine->groups[slot->group].head->decision;

    if (!slot->known)
        return false;
    if (slot->fence_present ? slot->fence.epoch > head->base_epoch : head->base_epoch > 0)
        return true;
    return given_more(engine, slot);
}

static void forget_mark(struct engine *engine, uint32_t group)
{
    struct order *order = orders_find(&engine->orders, engine->groups[group].head->decision.order);

    for (uint32_t i = 0; order != NULL && i < order->obeyed_count; i++) {
        if (order->obeyed[i].group == group)
            order->obeyed[i] = order->obeyed[--order->obeyed_count];
    }
}

void glass_look(struct engine *engine, uint32_t group)
{
    static const struct refusal given_up = {"C3", "zone-moved-on", -1, -1};
    struct group_state *state = &engine->groups[group];
    const struct zone_slot *slots = first_slot(engine, group);
    bool pending = false;
    bool gone = false;

    if (!state->glass->rules)
        return;
    for (uint32_t i = 0; i < state->slot_count; i++) {
        state->glass->applied |= is_ours(engine, &slots[i]);
        pending |= slots[i].unanswered;
        gone |= moved_on(engine, &slots[i]);
    }
    if (!gone || pending || state->glass->applied) /* once a zone has it, the others follow (C8) */
        return;
    forget_mark(engine, group);
    memcpy(state->glass->order, state->head->decision.order, sizeof(state->glass->order));
    glass_end(engine, group);
    glass_orders_touched(engine);
    refuse(engine, group, &given_up);
}

/* ---- the store is back ---- */

void glass_end(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    struct glass_slot *glass = state->glass;
    struct fact *fact;

    if (!glass->rules)
        return;
    fact = tell(engine, group, "C7", "ended", "");
    fact->epoch = (int64_t)state->head->decision.epoch;
    glass->rules = false;
    state->has_head = glass->had_head;
    state->head_revision = glass->head_revision;
    state->head_seen_ms = engine->now_ms;
    state->announce = false;
    state->allowed_ms = -1;
    state->upkeep_ms = -1;
    if (glass->had_head)
        decision_slot_copy(engine, group, state->head, &glass->head.decision);
    state->trouble_ms = glass->times_ms[0];
    state->decided_ms = glass->times_ms[1];
    state->accepted_ms = glass->times_ms[2];
    state->insync_ms = glass->times_ms[3];
    state->servers_ms = glass->times_ms[4];
    state->resolvers_ms = glass->times_ms[5];
    state->head_witnessed = glass->head_witnessed;
    state->ever_moved = glass->ever_moved; /* D6: what moved without it, its adoption counts (C7) */
    state->moved_wall = glass->moved_wall;
    state->moved_ms = glass->moved_ms;
    state_touch(engine, group);
}

/* ---- reconciled ---- */

/* Another operator's later word about the region; clocks of probes agree well enough for people. */
static bool has_newer_word(const struct engine *engine, const struct order *order)
{
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        const struct order *other = &engine->orders.items[i];

        if (!order_is_local(other) && other->region == order->region &&
            (other->verb == ORDER_DRAIN || other->verb == ORDER_RESTORE) &&
            other->at_wall > order->at_wall)
            return true;
    }
    return false;
}

/* The ledger has moved on, and gave the region weight again: that is not fought. */
static bool is_overtaken(const struct engine *engine, const struct order *order)
{
    for (uint32_t i = 0; i < order->obeyed_count; i++) {
        uint32_t group = order->obeyed[i].group;
        const struct group_state *state = &engine->groups[group];

        if (state->has_head && state->head->decision.epoch > order->obeyed[i].epoch &&
            region_serves(engine, group, order->region, state->head->weights))
            return true;
    }
    return false;
}

static const char *void_reason(const struct engine *engine, const struct order *order)
{
    if (order->until_wall != 0 && state_wall(engine, engine->now_ms) >= order->until_wall)
        return "time-over";
    if (has_newer_word(engine, order))
        return "newer-word";
    return is_overtaken(engine, order) ? "overtaken" : NULL;
}

/* In the store it is an order as any: the override was for what was shown. */
static void keep(struct engine *engine, const struct order *order)
{
    struct order *kept = &engine->out_keeps[engine->update->keep_count++];

    *kept = *order;
    kept->override = false;
    engine->keep_ms = engine->now_ms + KEEP_AGAIN_MS;
    tell_order(engine, order, "D7", "kept", "");
}

static void keep_in_store(struct engine *engine)
{
    bool again = engine->now_ms >= engine->keep_ms;

    for (uint32_t i = engine->orders.count; i-- > 0;) {
        const struct order *order = &engine->orders.items[i];
        const char *why = order_is_local(order) ? void_reason(engine, order) : NULL;

        if (!order_is_local(order))
            continue;
        if (why != NULL)
            drop_order(engine, order, "D7", why);
        else if (again)
            keep(engine, order);
    }
    engine->update->keeps_revision = engine->store_revision;
    state_wake(engine, 0, engine->keep_ms > engine->now_ms ? engine->keep_ms : INT64_MAX);
}

static uint32_t count_locals(const struct engine *engine)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < engine->orders.count; i++)
        count += order_is_local(&engine->orders.items[i]);
    return count;
}

static void list_locals(struct engine *engine)
{
    struct update *update = engine->update;

    engine->locals_changed = false;
    update->locals_changed = true;
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        const struct order *order = &engine->orders.items[i];

        if (order_is_local(order) && order->obeyed_count > 0)
            engine->out_locals[update->local_count++] = *order;
    }
}

void glass_orders(struct engine *engine)
{
    if (count_locals(engine) > 0 && state_store_ok(engine) && state_told(engine, 0) &&
        engine->store_full_ms > engine->locals_ms)
        keep_in_store(engine);
    if (engine->locals_changed)
        list_locals(engine);
}

const struct order *glass_behind(const struct engine *engine, uint32_t group, uint64_t epoch)
{
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        const struct order *order = &engine->orders.items[i];

        for (uint32_t j = 0; order->verb == ORDER_DRAIN && j < order->obeyed_count; j++) {
            if (order->obeyed[j].group == group && order->obeyed[j].epoch == epoch)
                return order;
        }
    }
    return NULL;
}

bool glass_open(const struct engine *engine, uint32_t group)
{
    if (engine->groups[group].glass->rules)
        return true;
    for (uint32_t i = 0; i < engine->orders.count; i++) {
        const struct order *order = &engine->orders.items[i];

        if (order_is_local(order) && order_is_obeyed(order, group))
            return true;
    }
    return false;
}
