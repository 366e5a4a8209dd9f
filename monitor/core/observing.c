/* SPDX-License-Identifier: Apache-2.0 */
/* What each hosted zone says, for each group in it: the fence and the weights as read, and what is
 * wrong with them: drift (C4), a fence that is gone (C2) or ahead of the ledger (C7), a change that
 * came late (C8). Also when zones are read. Nothing is decided or changed here. */
#include <stdio.h>
#include <string.h>

#include "change.h"
#include "drift.h"
#include "proposal.h"
#include "state.h"

/* ---- what the slots of a group say together ---- */

static struct zone_slot *first_slot(const struct engine *engine, uint32_t group)
{
    return &engine->slots[engine->groups[group].first_slot];
}

uint64_t observing_fence_min(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    uint64_t fence = UINT64_MAX;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        uint64_t epoch = slots[i].known && slots[i].fence_present ? slots[i].fence.epoch : 0;
        if (epoch < fence)
            fence = epoch;
    }
    return fence == UINT64_MAX ? 0 : fence;
}

uint64_t observing_fence_max(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    uint64_t fence = 0;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        if (slots[i].known && slots[i].fence_present && slots[i].fence.epoch > fence)
            fence = slots[i].fence.epoch;
    }
    return fence;
}

bool observing_drifted(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        if (slots[i].drifted)
            return true;
    }
    return false;
}

/* Of a site that lacked a set at init, each zone may say that, or what its other sets have: the
 * weight that the missing one was to get (D9). */
static bool says_of(const struct engine *engine, const struct zone_slot *slot, uint32_t in_group,
                    int weight)
{
    const struct group_state *state = &engine->groups[slot->group];
    int said = slot->weights[in_group];

    return said == weight || (weight == WEIGHT_MISSING && said == state->head->weights[in_group]);
}

/* The zone's weights are these, site by site: of every set that a site has in it. */
static bool zone_says(const struct engine *engine, const struct zone_slot *slot, const int *weights)
{
    const struct group *g = state_group(engine, slot->group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (settings_site_in_zone(engine->settings, g->sites[k], slot->zone) &&
            !says_of(engine, slot, k, weights[k]))
            return false;
    }
    return true;
}

static uint64_t fence_of(const struct zone_slot *slot)
{
    return slot->known && slot->fence_present ? slot->fence.epoch : 0;
}

int observing_first(const struct engine *engine, const struct zone_slot *slot, uint32_t in_group)
{
    const struct settings *settings = engine->settings;
    const struct zone_view *view = engine->zones[slot->zone].view;
    const struct site *site = &settings->sites[state_group(engine, slot->group)->sites[in_group]];
    int weight = slot->weights[in_group];

    for (uint32_t i = site->first_set; i < site->first_set + site->set_count && weight < 0; i++) {
        const struct record_set *set = NULL;
        if (view != NULL && settings->records[settings->sets[i].record].zone == slot->zone)
            set = change_find_set(view, settings, i);
        weight = set != NULL ? set->weight : weight;
    }
    return weight;
}

int observing_said(const struct engine *engine, uint32_t group, uint32_t in_group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    uint32_t site = state_group(engine, group)->sites[in_group];
    uint64_t newest = 0;
    int said = WEIGHT_MISSING;
    bool any = false;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        if (settings_site_in_zone(engine->settings, site, slots[i].zone) &&
            fence_of(&slots[i]) > newest)
            newest = fence_of(&slots[i]);
    }
    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        bool speaks = fence_of(&slots[i]) == newest || slots[i].drifted;
        if (!speaks || !settings_site_in_zone(engine->settings, site, slots[i].zone))
            continue; /* not there, or an older epoch: it is to follow */
        said =
            any && said != slots[i].weights[in_group] ? WEIGHT_DIFFERS : slots[i].weights[in_group];
        if (said < 0)
            return said;
        any = true;
    }
    return said;
}

/* A head that was made where one of several fences was missing does not say which the others were:
 * then only what came under it counts, and not what a probe that begins reads first. */
static bool slot_late(const struct engine *engine, const struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];
    const struct decision *head = &state->head->decision;

    return slot->known && slot->fence_present && slot->fence.epoch > head->base_epoch &&
           slot->fence.epoch < head->epoch &&
           (head->base_epoch > 0 || state->slot_count == 1 ||
            slot->fence_came_ms > state->drift_from_ms);
}

/* Another zone of the site has a newer epoch: that is what the head rests on, and this one is to
 * follow it (C8). */
static bool others_lead(const struct engine *engine, const struct zone_slot *slot,
                        uint32_t in_group)
{
    const struct zone_slot *slots = first_slot(engine, slot->group);
    uint32_t site = state_group(engine, slot->group)->sites[in_group];

    for (uint32_t i = 0; i < engine->groups[slot->group].slot_count; i++) {
        if (settings_site_in_zone(engine->settings, site, slots[i].zone) &&
            fence_of(&slots[i]) > fence_of(slot))
            return true;
    }
    return false;
}

/* Route 53 lost what it had accepted: the zone is older than what the head rests on, and says
 * something else. A head that moves nothing does not bring it back: nobody has judged that. */
static bool slot_fell_back(const struct engine *engine, const struct zone_slot *slot)
{
    const struct decision *head = &engine->groups[slot->group].head->decision;
    const struct group *g = state_group(engine, slot->group);

    if (!slot->known || !slot->fence_present || slot->fence.epoch >= head->base_epoch ||
        slot->drifted)
        return false;
    for (uint32_t k = 0; k < g->site_count; k++) {
        if (settings_site_in_zone(engine->settings, g->sites[k], slot->zone) &&
            !says_of(engine, slot, k, head->base[k]) && !others_lead(engine, slot, k))
            return true;
    }
    return false;
}

/* What was made without the knowledge that traffic has moved must not bring it back (C8). */
static bool moves_nothing(enum decision_kind kind)
{
    return kind == DECISION_CANCEL || kind == DECISION_ADOPT || kind == DECISION_ATTACH ||
           kind == DECISION_REASSERT;
}

static bool head_moves_nothing(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    return state->has_head && moves_nothing(state->head->decision.kind);
}

uint64_t observing_leader(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    uint64_t newest = observing_fence_max(engine, group);
    uint64_t late = 0;

    if (!head_moves_nothing(engine, group) || newest > engine->groups[group].head->decision.epoch)
        return newest;
    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        if (slot_late(engine, &slots[i]) && fence_of(&slots[i]) > late)
            late = fence_of(&slots[i]);
    }
    return late > 0 ? late : newest;
}

bool observing_late(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);

    if (!head_moves_nothing(engine, group))
        return false;
    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        if (slot_late(engine, &slots[i]) || slot_fell_back(engine, &slots[i]))
            return true;
    }
    return false;
}

/* A head that was made where no fence was expects none, until it has been applied. */
bool observing_gone(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);
    const struct decision *head = &engine->groups[group].head->decision;

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        bool is_gone = slots[i].known && !slots[i].fence_present;
        if (is_gone && (head->base_epoch != 0 || observing_slot_begun(engine, &slots[i])))
            return true;
    }
    return false;
}

/* C7: two decisions may have had the head's number, and the other one was here. */
bool observing_slot_begun(const struct engine *engine, const struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];
    char plan[PLAN_LENGTH + 1];

    if (slot->seen_epoch != state->head->decision.epoch || !slot->seen_whole)
        return slot->seen_epoch >= state->head->decision.epoch;
    change_digest(engine->settings, slot->group, slot->zone, state->head->weights, plan);
    return strcmp(plan, slot->seen_plan) == 0;
}

bool observing_begun(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        if (observing_slot_begun(engine, &slots[i]))
            return true;
    }
    return false;
}

/* ---- reading a zone ---- */

/* C2: the fence itself has the digest of what its epoch said. */
static bool plan_holds(const struct engine *engine, const struct zone_slot *slot)
{
    char plan[PLAN_LENGTH + 1];

    change_digest(engine->settings, slot->group, slot->zone, slot->weights, plan);
    return strcmp(plan, slot->fence.plan) == 0;
}

void observing_saw(struct zone_slot *slot, uint64_t epoch, const char *plan, bool whole)
{
    slot->seen_epoch = epoch;
    slot->seen_whole = whole;
    snprintf(slot->seen_plan, sizeof(slot->seen_plan), "%s", plan);
}

/* The zones of the group are at different epochs: a chain of decisions is on its way. */
static bool fences_differ(const struct engine *engine, uint32_t group)
{
    const struct zone_slot *slots = first_slot(engine, group);

    for (uint32_t i = 1; i < engine->groups[group].slot_count; i++) {
        if (slots[i].known && slots[0].known && slots[i].fence.epoch != slots[0].fence.epoch)
            return true;
    }
    return false;
}

/* Of an epoch that neither head nor base is, its plan tells. What the head was made from was not
 * read at one epoch when the zones differed, so a zone that lags behind the base may look like that
 * as well; one that is beyond it was made so by somebody else. Without a fence it may look like
 * that until the head, or what came after it, has been here. */
static bool unknown_drifted(const struct engine *engine, const struct zone_slot *slot)
{
    const struct decision *head = &engine->groups[slot->group].head->decision;

    if (!slot->fence_present)
        return !zone_says(engine, slot, head->weights) &&
               (observing_slot_begun(engine, slot) || !zone_says(engine, slot, head->base));
    if (plan_holds(engine, slot))
        return false;
    return slot->fence.epoch > head->epoch ||
           (head->base_epoch > 0 && slot->fence.epoch > head->base_epoch) ||
           !fences_differ(engine, slot->group) || !zone_says(engine, slot, head->base);
}

/* C7: another decision took the head's number: the glass was broken where the head was not known.
 * The fence holds what it said itself, and that is not what the head says. */
bool observing_twin(const struct engine *engine, const struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];

    return state->has_head && slot->fence_present &&
           slot->fence.epoch == state->head->decision.epoch &&
           !zone_says(engine, slot, state->head->weights) && plan_holds(engine, slot);
}

/* Whoever wrote over a decision that is about to be restored did so himself; and the batch of an
 * adoption's base may have come to this zone later than it was adopted (D3). */
static bool taken_back(const struct engine *engine, const struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];
    enum decision_kind kind = state->head->decision.kind;

    return (kind == DECISION_REASSERT || kind == DECISION_CANCEL || kind == DECISION_ADOPT) &&
           zone_says(engine, slot, state->head->weights);
}

/* C4: weights are measured against what the fence's own epoch said. */
static bool slot_drifted(const struct engine *engine, const struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];
    const struct decision *head = &state->head->decision;
    uint64_t fence = slot->fence_present ? slot->fence.epoch : 0;

    if (!slot->known || !state->has_head ||
        engine->zones[slot->zone].answers_ms < state->drift_from_ms)
        return false;
    if (fence == head->epoch)
        return !zone_says(engine, slot, head->weights) && !observing_twin(engine, slot);
    if (fence == head->base_epoch)
        return !zone_says(engine, slot, head->base) && !taken_back(engine, slot);
    return unknown_drifted(engine, slot);
}

static void tell_zone(struct engine *engine, const struct zone_slot *slot)
{
    struct fact *fact = state_fact(engine, FACT_ZONE);

    fact->rule = "C4";
    fact->group = slot->group;
    fact->zone = slot->zone;
    fact->epoch = slot->fence_present ? (int64_t)slot->fence.epoch : -1;
    fact->word = slot->fence_present ? "" : slot->leap_epoch > 0 ? "fence-leaps" : "no-fence";
    state_weights_text(engine, slot->group, slot->weights, fact->text, sizeof(fact->text));
}

/* C4: each set for itself, though a decision has one weight for all of a site's. */
static int weight_in(const struct settings *settings, const struct zone_view *view, uint32_t site)
{
    const struct site *s = &settings->sites[site];
    int weight = WEIGHT_MISSING;
    bool differs = false;
    bool any = false;

    for (uint32_t i = s->first_set; i < s->first_set + s->set_count; i++) {
        const struct record_set *set;
        if (settings->records[settings->sets[i].record].zone != view->zone)
            continue;
        set = change_find_set(view, settings, i);
        if (set == NULL || set->weight < 0)
            return WEIGHT_MISSING;
        weight = any && set->weight != weight ? WEIGHT_DIFFERS : set->weight;
        differs |= weight == WEIGHT_DIFFERS;
        any = true;
    }
    return differs ? WEIGHT_DIFFERS : weight;
}

/* Another group's text is nobody's here; and an epoch that leaps above all that is known (head,
 * other fences, journal) is no fence's (C2). */
static void take_fence(struct engine *engine, struct zone_slot *slot, const struct record_set *set)
{
    const struct group *group = state_group(engine, slot->group);

    slot->leap_epoch = 0;
    slot->fence_present = set != NULL && change_is_fence(set) &&
                          fence_parse(set->values[0], &slot->fence) == 0 &&
                          strcmp(slot->fence.group, group->name) == 0;
    if (slot->fence_present &&
        fence_leaps(slot->fence.epoch, proposal_highest_epoch(engine, slot->group))) {
        slot->leap_epoch = slot->fence.epoch;
        slot->fence_present = false;
    }
    if (!slot->fence_present)
        memset(&slot->fence, 0, sizeof(slot->fence));
}

static void slot_take_view(struct engine *engine, struct zone_slot *slot,
                           const struct zone_view *view)
{
    const struct group *group = state_group(engine, slot->group);
    struct fence before = slot->fence;
    bool was_known = slot->known;
    bool changed;

    slot->known = true;
    take_fence(engine, slot, change_find_fence(view, group->name));
    changed = !was_known || slot->fence.epoch != before.epoch;
    if (slot->fence.epoch != before.epoch && slot->fence_ms > 0)
        slot->fence_came_ms = engine->now_ms;
    if (changed)
        slot->fence_ms = engine->now_ms;
    for (uint32_t k = 0; k < group->site_count; k++) {
        int weight = weight_in(engine->settings, view, group->sites[k]);
        changed |= slot->weights[k] != weight;
        slot->weights[k] = weight;
    }
    if (slot->fence_present && slot->fence.epoch >= slot->seen_epoch)
        observing_saw(slot, slot->fence.epoch, slot->fence.plan, plan_holds(engine, slot));
    if (changed)
        tell_zone(engine, slot);
}

void observing_zone(struct engine *engine, const struct event_zone *event)
{
    struct zone_state *zone = &engine->zones[event->zone];

    zone->reading = false;
    zone->outcome = event->outcome;
    if (event->outcome != ROUTE53_OK) {
        struct fact *fact = state_fact(engine, FACT_ZONE_FAILED);
        msec_t wait_ms = BACKOFF_FIRST_MS << (zone->failures < 6 ? zone->failures : 6);
        wait_ms = wait_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait_ms;
        if (zone->failures++ == 0)
            zone->failing_ms = engine->now_ms;
        zone->failed_ms = engine->now_ms;
        zone->next_ms =
            engine->now_ms + wait_ms + state_jitter(engine, zone->failures, BACKOFF_FIRST_MS);
        fact->zone = event->zone;
        fact->rule = "C8";
        fact->word = route53_outcome_name(event->outcome);
        fact->number = wait_ms;
    } else {
        zone->failures = 0;
        drift_compare(engine, event->zone, event->view); /* the older view lives until we return */
        zone->view = event->view;
        zone->ever_read = true;
        zone->read_ms = engine->now_ms;
        zone->answers_ms = zone->asked_ms;
        zone->wanted = false;
        zone->next_ms = zone->asked_ms + ZONE_EVERY_MS; /* however long the answer took */
    }
    for (uint32_t i = 0; i < engine->slot_count; i++) {
        if (engine->slots[i].zone != event->zone)
            continue;
        if (event->outcome == ROUTE53_OK)
            slot_take_view(engine, &engine->slots[i], event->view);
        zone->wanted |= engine->slots[i].asked_ms > zone->answers_ms; /* asked during the read */
        state_touch(engine, engine->slots[i].group);
    }
}

/* Which zones are read now: those a slot waits for, and all of them every few minutes. */
void observing_zones(struct engine *engine)
{
    struct update *update = engine->update;

    if (!state_reads_zones(engine))
        return;
    for (uint32_t z = 0; z < engine->settings->zone_count; z++) {
        struct zone_state *zone = &engine->zones[z];
        bool due = engine->now_ms >= zone->next_ms || (zone->wanted && zone->failures == 0);

        if (zone->reading || !due)
            continue;
        zone->reading = true;
        zone->asked_ms = engine->now_ms;
        engine->out_zone_reads[update->zone_read_count++] = z;
    }
}

/* ---- what is wrong with it ---- */

static void tell_wrong(struct engine *engine, const struct zone_slot *slot, enum fact_code code,
                       const char *rule)
{
    struct fact *fact = state_fact(engine, code);

    fact->rule = rule;
    fact->group = slot->group;
    fact->zone = slot->zone;
    fact->epoch = slot->fence_present ? (int64_t)slot->fence.epoch : -1;
    fact->number = slot->leap_epoch > 0 ? (int64_t)slot->leap_epoch : -1;
    state_weights_text(engine, slot->group, slot->weights, fact->text, sizeof(fact->text));
}

/* C2: no fence, although one was here, or ought to be by now. Who may not write reads seldom, and
 * what it read before the head came says nothing of it. */
static bool slot_missing(const struct engine *engine, const struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];
    bool first = state->head->decision.kind == DECISION_INIT && slot->seen_epoch == 0;
    bool is_old = !engine->settings->electors[engine->settings->self].may_act &&
                  engine->zones[slot->zone].answers_ms < state->head_seen_ms;

    return state->has_head && slot->known && !slot->fence_present && !first && !is_old;
}

/* C7: the fence is above the head, and a whole reading of the store, later than the first sight of
 * this fence, did not explain it. */
static bool slot_ahead(const struct engine *engine, const struct zone_slot *slot)
{
    const struct group_state *state = &engine->groups[slot->group];
    uint64_t head = state->has_head ? state->head->decision.epoch : 0;

    return slot->known && slot->fence_present &&
           (slot->fence.epoch > head || observing_twin(engine, slot)) &&
           (state->has_head || state->head_form == VALUE_READ) && state_store_ok(engine) &&
           engine->store_full_ms > slot->fence_ms;
}

void observing_look(struct engine *engine, uint32_t group)
{
    struct zone_slot *slots = first_slot(engine, group);

    for (uint32_t i = 0; i < engine->groups[group].slot_count; i++) {
        struct zone_slot *slot = &slots[i];
        bool drifted = slot_drifted(engine, slot);
        bool missing = slot_missing(engine, slot);
        bool ahead = slot_ahead(engine, slot);

        if (drifted && !slot->drifted) {
            tell_wrong(engine, slot, FACT_DRIFT, "C4");
            engine->groups[group].drift_revision = engine->store_revision;
        }
        if (missing && !slot->missing)
            tell_wrong(engine, slot, FACT_FENCE_MISSING, "C2");
        if (ahead && !slot->ahead)
            tell_wrong(engine, slot, FACT_FENCE_AHEAD, "C7");
        slot->drifted = drifted;
        slot->missing = missing;
        slot->ahead = ahead;
    }
}
