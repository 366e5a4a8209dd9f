/* SPDX-License-Identifier: Apache-2.0 */
/* Decision -> change, for each group in each hosted zone (a slot):
 *
 *     idle --fence below head--> waiting --our turn, all gates--> reading --fresh view--> sending
 *       ^                          ^  ^                                                     |
 *       |                          |  `---- backoff <---- refused, lost, busy, denied ------|
 *       `---- fence says >= head --'                                     accepted ----------'
 *
 * A batch is built from a reading made after it was our turn, and sent once (C3). What became of it
 * is read from the zone, not remembered: whoever wrote a fence at or above the head ended it. */
#include <assert.h>
#include <string.h>

#include "change.h"
#include "state.h"

static const char *const state_names[] = {
    [CHANGE_IDLE] = "idle",       [CHANGE_WAITING] = "waiting", [CHANGE_READING] = "reading",
    [CHANGE_SENDING] = "sending", [CHANGE_BACKOFF] = "backoff",
};

const char *change_state_name(enum change_state state)
{
    return state_names[state];
}

static struct zone_slot *first_slot(const struct engine *engine, uint32_t group)
{
    return &engine->slots[engine->groups[group].first_slot];
}

/* ---- gates before sending (C6) ---- */

/* The reason for taking weight from a region is still there: agreed down, or drained. */
static bool leavers_stand(const struct engine *engine, uint32_t group)
{
    const struct decision *head = &engine->groups[group].head->decision;
    const struct group *g = state_group(engine, group);

    for (uint32_t r = 0; r < engine->settings->region_count; r++) {
        bool down = engine->drained[r] || r == g->fallback_region;
        if (!(head->regions_left >> r & 1))
            continue;
        for (uint32_t k = 0; k < g->site_count; k++) {
            if (engine->settings->sites[g->sites[k]].region == r &&
                state_site_left(engine, group, k))
                down |= engine->agreements[g->sites[k]].state == AGREED_DOWN;
        }
        if (!down)
            return false;
    }
    return true;
}

/* D2: what gains weight in the zone is still agreed up (by override, at least not down), and nobody
 * has drained it since. */
static bool gainers_stand(const struct engine *engine, const struct zone_slot *slot)
{
    const struct settings *settings = engine->settings;
    const struct decision *head = &engine->groups[slot->group].head->decision;
    const struct group *g = state_group(engine, slot->group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &settings->sites[g->sites[k]];
        const struct service *service = &settings->services[site->service];
        enum agreement_state state = engine->agreements[g->sites[k]].state;
        bool judged = site->check_count > 0 && (service->required || !g->together);

        if (!settings_site_in_zone(settings, g->sites[k], slot->zone) ||
            head->weights[k] <= slot->weights[k])
            continue;
        if (engine->drained[site->region])
            return false;
        if (!judged)
            continue;
        if (head->override ? state == AGREED_DOWN : state != AGREED_UP)
            return false;
    }
    return true;
}

/* C6: what the decision was made from is still so. What is latched has moved traffic already, so a
 * recovery does not stop it any more (C8). */
static bool evidence_stands(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);

    const struct decision *head = &engine->groups[group].head->decision;
    enum decision_kind kind = head->kind;
    bool restores = kind == DECISION_REASSERT || (kind == DECISION_CANCEL && head->before != NULL);

    if (!decision_is_move(kind) && !restores)
        return true;
    if (engine->groups[group].glass->rules && !glass_stands(engine, group))
        return false; /* of a head that no store has, nothing is latched */
    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        if (!gainers_stand(engine, &slots[i]))
            return false;
    }
    if (restores)
        return true; /* it takes weight from nobody by itself */
    return state_group(engine, group)->beacons || leavers_stand(engine, group);
}

/* The first rule that holds the batch back, or NULL. */
static const char *closed_rule(const struct engine *engine, const struct zone_slot *slot)
{
    uint32_t group = slot->group;
    const struct decision *head = &engine->groups[group].head->decision;
    bool override = head->override && slot->seen_epoch < head->epoch; /* D7: once */
    bool alone = engine->groups[group].glass->rules; /* no store, no lease: the fence is the lock */
    wall_t wall = state_wall(engine, engine->now_ms);

    if (!state_store_ok(engine) && !alone)
        return "S2";
    if (engine->gap != BLIND_NOT)
        return "V5";
    if (!alone &&
        (!engine->lease_alive || engine->lease_until_ms < engine->now_ms + LEASE_MARGIN_MS))
        return "C6";
    if (orders_freeze(&engine->orders, group, wall) != NULL && !override)
        return "D7";
    if (observing_drifted(engine, group) && !override)
        return "C4";
    if (observing_gone(engine, group))
        return "C2"; /* to be decided anew first */
    if (observing_late(engine, group))
        return "C8"; /* to be adopted, not undone */
    if (head->kind == DECISION_ADOPT && !gainers_stand(engine, slot)) /* judged by nobody yet */
        return "C6";
    if (!observing_begun(engine, group) && !evidence_stands(engine, group))
        return "C6"; /* once one zone has it, the others follow (C8) */
    return NULL;
}

/* C1: a batch for each zone, what the services need first: the next is sent when the one before has
 * been applied. Refused or lost, it leaves the zones behind it as they are, which is what served.
 */
static bool zones_before_follow(const struct engine *engine, const struct zone_slot *slot)
{
    uint64_t epoch = engine->groups[slot->group].head->decision.epoch;

    for (const struct zone_slot *before = first_slot(engine, slot->group); before < slot;
         before++) {
        if (!before->known || !before->fence_present || before->fence.epoch < epoch)
            return false;
    }
    return true;
}

/* ---- sending ---- */

static msec_t backoff_ms(const struct engine *engine, const struct zone_slot *slot)
{
    msec_t wait_ms = BACKOFF_FIRST_MS << (slot->attempts < 7 ? slot->attempts - 1 : 6);

    if (wait_ms > BACKOFF_MAX_MS)
        wait_ms = BACKOFF_MAX_MS;
    return wait_ms + state_jitter(engine, slot->attempts + slot->sent_epoch, BACKOFF_FIRST_MS / 2);
}

/* C3: never the same batch again: the zone is read first, at once after a refusal or a lost reply
 * (somebody may have written), later when Route 53 asks for patience or will not have us. */
static void slot_failed(struct engine *engine, struct zone_slot *slot, enum route53_outcome outcome)
{
    bool at_once = slot->attempts == 0 && (outcome == ROUTE53_REFUSED || outcome == ROUTE53_LOST);
    msec_t wait_ms;
    struct fact *fact;

    slot->outcome = outcome;
    if (slot->attempts < 1000)
        slot->attempts++;
    if (slot->failing_ms < 0)
        slot->failing_ms = engine->now_ms;
    wait_ms = at_once ? 0 : backoff_ms(engine, slot);
    slot->state = CHANGE_BACKOFF;
    slot->next_ms = engine->now_ms + wait_ms;
    if (at_once) { /* whatever holds us back from writing: looking does no harm */
        engine->zones[slot->zone].wanted = true;
        engine->zones[slot->zone].next_ms = engine->now_ms;
    }
    fact = state_fact(engine, FACT_BACKOFF);
    fact->rule = outcome == ROUTE53_REFUSED || outcome == ROUTE53_LOST ? "C3" : "C8";
    fact->group = slot->group;
    fact->zone = slot->zone;
    fact->epoch = (int64_t)engine->groups[slot->group].head->decision.epoch;
    fact->word = route53_outcome_name(outcome);
    fact->number = wait_ms;
    state_wake(engine, slot->group, slot->next_ms);
}

/* Nothing can be written to this zone as it is: somebody has to look. */
static void tell_unbuildable(struct engine *engine, const struct zone_slot *slot,
                             const char *reason)
{
    struct fact *fact = state_fact(engine, FACT_REFUSED);

    fact->rule = "C1";
    fact->group = slot->group;
    fact->zone = slot->zone;
    fact->epoch = (int64_t)engine->groups[slot->group].head->decision.epoch;
    fact->word = reason;
}

static void slot_send(struct engine *engine, struct zone_slot *slot)
{
    struct group_state *state = &engine->groups[slot->group];
    size_t index = (size_t)(slot - engine->slots);
    const struct zone_view *view = engine->zones[slot->zone].view;
    struct change_space space = {.items = &engine->out_items[index * engine->item_stride],
                                 .fence = &engine->out_fences[index],
                                 .fence_name = &engine->out_fence_names[index],
                                 .fence_value = &engine->out_fence_values[index],
                                 .comment = &engine->out_comments[index]};
    struct batch *batch = &engine->out_batches[engine->update->batch_count];
    const char *reason = "";
    struct fact *fact;

    if (change_build(engine->settings, &state->head->decision, view, &space, batch, &reason) < 0) {
        tell_unbuildable(engine, slot, reason);
        slot_failed(engine, slot, ROUTE53_FORBIDDEN);
        return;
    }
    engine->update->batch_count++;
    slot->state = CHANGE_SENDING;
    slot->unanswered = true;
    slot->sent_epoch = batch->epoch;
    state->announce |= decision_is_move(state->head->decision.kind); /* also after a restart */
    memcpy(slot->nonce, view->nonce, sizeof(slot->nonce));
    fact = state_fact(engine, FACT_SENT);
    fact->rule = "C1";
    fact->group = slot->group;
    fact->zone = slot->zone;
    fact->epoch = (int64_t)batch->epoch;
    fact->number = batch->item_count;
    state_weights_text(engine, slot->group, state->head->weights, fact->text, sizeof(fact->text));
}

/* ---- one slot's turn ---- */

static void note_accepted(struct engine *engine, uint32_t group)
{
    struct group_state *state = &engine->groups[group];
    const struct zone_slot *slots = first_slot(engine, group);

    for (uint32_t i = 0; i < state->slot_count; i++) {
        if (observing_twin(engine, &slots[i]))
            return; /* accepted was another decision */
    }
    if (state->accepted_ms >= 0 || observing_fence_min(engine, group) < state->head->decision.epoch)
        return;
    state->accepted_ms = engine->now_ms;
    if (state->announce)
        alerting_moved(engine, group);
    state->announce = false;
}

static void slot_rest(struct engine *engine, struct zone_slot *slot)
{
    slot->state = CHANGE_IDLE;
    slot->attempts = 0;
    slot->failing_ms = -1;
    slot->outcome = ROUTE53_OK;
    slot->wait_rule = NULL;
    if (slot->fence_present && slot->fence.epoch > slot->applied_epoch) {
        struct fact *fact = state_fact(engine, FACT_APPLIED);
        bool ours = slot->nonce[0] != '\0' && strcmp(slot->fence.nonce, slot->nonce) == 0;
        fact->rule = "C7";
        fact->group = slot->group;
        fact->zone = slot->zone;
        fact->epoch = (int64_t)slot->fence.epoch;
        fact->word = ours ? "ours" : "";
        strncpy(fact->text, slot->fence.by, sizeof(fact->text) - 1);
        slot->applied_epoch = slot->fence.epoch;
    }
    note_accepted(engine, slot->group);
}

static void hold_back(struct zone_slot *slot, const char *rule)
{
    slot->state = CHANGE_WAITING;
    slot->wait_rule = rule;
}

/* C6: each applier waits for the one before; nobody else applies what is ours alone. */
static msec_t turn_ms(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    if (state->glass->rules)
        return 0;
    return (msec_t)state_rank(engine, &state->head->decision) * RANK_STEP_MS;
}

static void slot_wait(struct engine *engine, struct zone_slot *slot)
{
    const char *rule;

    if (!zones_before_follow(engine, slot)) {
        hold_back(slot, "C1");
        slot->next_ms = engine->now_ms + turn_ms(engine, slot->group); /* C6: in each zone again */
        return;
    }
    if (engine->now_ms < slot->next_ms) {
        state_wake(engine, slot->group, slot->next_ms);
        return;
    }
    rule = closed_rule(engine, slot);
    if (rule != NULL) {
        hold_back(slot, rule);
        state_wake(engine, slot->group, state_look_again(engine));
        return;
    }
    slot->wait_rule = NULL;
    slot->state = CHANGE_READING;
    slot->asked_ms = engine->now_ms;
    engine->zones[slot->zone].wanted = true;
    engine->zones[slot->zone].next_ms = engine->now_ms;
}

static void slot_read(struct engine *engine, struct zone_slot *slot)
{
    struct zone_state *zone = &engine->zones[slot->zone];
    const char *rule;

    if (zone->failures > 0 && zone->failed_ms >= slot->asked_ms) {
        slot_failed(engine, slot, zone->outcome);
        return;
    }
    if (!zone->ever_read || zone->answers_ms < slot->asked_ms)
        return; /* only a reading asked for after our turn began will do */
    rule = closed_rule(engine, slot);
    if (rule != NULL) {
        hold_back(slot, rule);
        state_wake(engine, slot->group, state_look_again(engine));
        return;
    }
    slot_send(engine, slot);
}

static void slot_apply(struct engine *engine, struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];
    const struct decision *head = &state->head->decision;
    bool needed =
        state->has_head && slot->known && (!slot->fence_present || slot->fence.epoch < head->epoch);

    if (slot->unanswered)
        return;
    if (!needed) {
        if (slot->known)
            slot_rest(engine, slot);
        return;
    }
    if (slot->state == CHANGE_IDLE ||
        (slot->wait_epoch != head->epoch && slot->state != CHANGE_BACKOFF)) {
        slot->state = CHANGE_WAITING; /* what was read for an older head will not do for this */
        slot->next_ms = state->head_seen_ms + turn_ms(engine, slot->group);
    }
    slot->wait_epoch = head->epoch;
    if (slot->state == CHANGE_WAITING || slot->state == CHANGE_BACKOFF)
        slot_wait(engine, slot);
    else if (slot->state == CHANGE_READING)
        slot_read(engine, slot);
}

void applying_apply(struct engine *engine, uint32_t group)
{
    struct zone_slot *slots = first_slot(engine, group);

    glass_look(engine, group);
    beacons_latch(engine, group);
    if (!state_may_act(engine))
        return;
    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++)
        slot_apply(engine, &slots[i]);
}

/* ---- the answer to a batch ---- */

/* What we wrote is what the zone holds now: Route 53 reads its own writes. */
static void slot_accepted(struct engine *engine, struct zone_slot *slot, uint64_t epoch)
{
    const struct group_state *state = &engine->groups[slot->group];
    const struct group *group = state_group(engine, slot->group);

    if (!state->has_head || state->head->decision.epoch != epoch) {
        if (epoch > slot->seen_epoch)
            observing_saw(slot, epoch, "", false);
        engine->zones[slot->zone].wanted = true; /* a newer head came meanwhile: look */
        slot->known = false;
        return;
    }
    if (state->head->decision.kind == DECISION_ATTACH)
        engine->zones[slot->zone].wanted = true; /* B2: whoever asked for it wants to see it */
    slot->fence_present = true;
    slot->fence.epoch = epoch;
    slot->fence_ms = engine->now_ms;
    memcpy(slot->fence.nonce, slot->nonce, sizeof(slot->fence.nonce));
    change_digest(engine->settings, slot->group, slot->zone, state->head->weights,
                  slot->fence.plan);
    if (epoch >= slot->seen_epoch)
        observing_saw(slot, epoch, slot->fence.plan, true);
    strncpy(slot->fence.by, engine->settings->electors[engine->settings->self].name,
            sizeof(slot->fence.by) - 1);
    for (uint32_t k = 0; k < group->site_count; k++) {
        if (settings_site_in_zone(engine->settings, group->sites[k], slot->zone))
            slot->weights[k] = state->head->weights[k];
    }
}

void applying_change(struct engine *engine, const struct event_change *event)
{
    struct zone_slot *slot = first_slot(engine, event->group);
    struct fact *fact;

    for (; slot->zone != event->zone; slot++)
        assert(slot + 1 <
               first_slot(engine, event->group) + engine->groups[event->group].slot_count);
    slot->unanswered = false;
    slot->replied_ms = engine->now_ms;
    state_touch(engine, event->group);
    fact = state_fact(engine, event->outcome == ROUTE53_OK     ? FACT_ACCEPTED
                              : event->outcome == ROUTE53_LOST ? FACT_LOST
                                                               : FACT_BATCH_REFUSED);
    fact->rule = event->outcome == ROUTE53_OK ? "C1" : "C3";
    fact->group = event->group;
    fact->zone = event->zone;
    fact->epoch = (int64_t)event->epoch;
    fact->word = route53_outcome_name(event->outcome);
    slot->state = CHANGE_IDLE;
    if (event->outcome == ROUTE53_OK)
        slot_accepted(engine, slot, event->epoch);
    else
        slot_failed(engine, slot, event->outcome);
}
