/* SPDX-License-Identifier: Apache-2.0 */
/* What each probe was told, by its own clock: the base for `hold` and `stable` (A4), for freezes
 * and drains (D7), for what stood in the zones when it decided. Kept from the events alone. */
#include <string.h>

#include "invariants_state.h"

/* ---- A3: what a quorum says, counted over the electorate (A1) ---- */

uint32_t quorum_spread(const uint64_t *bits, uint64_t probes)
{
    uint64_t seen = 0;

    for (uint32_t p = 0; p < PROBES_MAX; p++)
        seen |= (probes >> p & 1) ? bits[p] : 0;
    return (uint32_t)__builtin_popcountll(seen);
}

bool quorum_outside(const struct settings *settings, uint32_t region, uint64_t probes)
{
    for (uint32_t p = 0; p < settings->elector_count; p++) {
        if ((probes >> p & 1) &&
            strcmp(settings->electors[p].place, settings->regions[region]) != 0)
            return true;
    }
    return false;
}

enum says quorum_says(const struct invariants *invariants, const struct settings *settings,
                      uint32_t region, uint64_t down, uint64_t up)
{
    if ((uint32_t)__builtin_popcountll(down) >= settings->quorum_down &&
        quorum_spread(invariants->vantages, down) >= settings->quorum_vantages &&
        quorum_spread(invariants->owners, down) >= settings->quorum_owners &&
        quorum_outside(settings, region, down))
        return SAYS_DOWN;
    return (uint32_t)__builtin_popcountll(up) >= settings->quorum_up ? SAYS_UP : SAYS_NEITHER;
}

static void count_site(const struct invariants *invariants, struct heard *heard, uint32_t site)
{
    const char *ballots = &heard->ballots[(size_t)site * PROBES_MAX];
    struct opinion *opinion = &heard->opinions[site];
    enum says says = SAYS_NEITHER;
    uint64_t down = 0;
    uint64_t up = 0;

    for (uint32_t p = 0; p < invariants->probe_count; p++) {
        down |= (uint64_t)(ballots[p] == 'd') << p;
        up |= (uint64_t)(ballots[p] == 'u') << p;
    }
    if (heard->known_until_ms >= heard->at_ms)
        says =
            quorum_says(invariants, heard->settings, heard->settings->sites[site].region, down, up);
    if (says != opinion->says)
        *opinion = (struct opinion){says, heard->at_ms};
}

static void count_sites(const struct invariants *invariants, struct heard *heard)
{
    for (uint32_t i = 0; i < heard->settings->site_count; i++)
        count_site(invariants, heard, i);
}

/* ---- votes ---- */

static void hear_vote(const struct invariants *invariants, struct heard *heard,
                      const struct event_vote *event)
{
    const struct group *group = &heard->settings->groups[event->vote.group];
    bool counts = event->present && event->vote.blindness == BLIND_NOT &&
                  strcmp(event->vote.fingerprint, heard->settings->fingerprint) == 0 &&
                  strlen(event->vote.states) == group->site_count;

    for (uint32_t k = 0; k < group->site_count; k++) {
        char letter = counts ? event->vote.states[k] : 0;
        char *ballot = &heard->ballots[(size_t)group->sites[k] * PROBES_MAX + event->vote.probe];
        *ballot = (char)(letter == 'd' || letter == 'u' ? letter : letter == 0 ? 0 : '-');
        count_site(invariants, heard, group->sites[k]);
    }
}

/* ---- the store's word ---- */

/* A2: a vote counts while its lease lives. Who has had no answer for a lease's time, or read
 * nothing whole for three readings' time, does not know that any more. */
static void hear_answer(const struct invariants *invariants, struct heard *heard)
{
    msec_t until_ms = heard->at_ms + heard->settings->store.lease_ms;
    bool knew = heard->known_until_ms >= heard->at_ms;

    heard->answer_ms = heard->at_ms;
    if (!heard->whole)
        return;
    if (heard->whole_ms + READ_WHOLE_MS < until_ms)
        until_ms = heard->whole_ms + READ_WHOLE_MS;
    heard->known_until_ms = until_ms;
    if (!knew)
        count_sites(invariants, heard);
}

static void hear_store(const struct invariants *invariants, struct heard *heard,
                       const struct event_store *event)
{
    if (event->status != STORE_OK)
        return;
    if (event->full) {
        if (!heard->whole) {
            heard->first_whole_ms = invariants->now_ms;
            heard->gap_end_ms = -1;
        } else if (heard->at_ms - heard->whole_ms > READ_WHOLE_MS) {
            heard->gap_ms = heard->at_ms - heard->whole_ms;
            heard->gap_end_ms = invariants->now_ms;
        }
        heard->whole = true;
        heard->whole_ms = heard->at_ms;
        heard->whole_world_ms = invariants->now_ms;
    }
    if (event->full || event->revision > heard->revision)
        heard->revision = event->revision;
    hear_answer(invariants, heard);
}

static void hear_lease(const struct invariants *invariants, struct heard *heard,
                       const struct event_lease *event)
{
    heard->lease_alive = event->alive;
    heard->lease_until_ms = event->until_ms;
    if (event->alive)
        hear_answer(invariants, heard);
}

static void hear_commit(struct heard *heard, const struct event_commit *event)
{
    struct told_head *head = &heard->heads[event->group];

    if (event->status != STORE_OK || (head->present && head->revision >= event->revision))
        return;
    head->present = true;
    head->epoch = head->proposed;
    head->revision = event->revision;
}

/* ---- orders ---- */

static bool lives(const struct told_order *order, wall_t wall)
{
    return order->until_wall == 0 || wall < order->until_wall;
}

/* What only the probe itself knows is newer than what it was told. */
static uint64_t rank(const struct told_order *order)
{
    return order->create_revision > 0 ? order->create_revision : UINT64_MAX;
}

const struct told_order *orders_draining(const struct told_orders *orders, uint32_t region,
                                         wall_t wall)
{
    const struct told_order *newest = NULL;

    for (uint32_t i = 0; i < orders->count; i++) {
        const struct told_order *order = &orders->items[i];
        if ((order->verb == ORDER_DRAIN || order->verb == ORDER_RESTORE) &&
            order->region == region && (newest == NULL || rank(order) > rank(newest)))
            newest = order;
    }
    return newest != NULL && newest->verb == ORDER_DRAIN && lives(newest, wall) ? newest : NULL;
}

const struct told_order *orders_freezing(const struct told_orders *orders, uint32_t group,
                                         wall_t wall)
{
    const struct told_order *newest = NULL;

    for (uint32_t i = 0; i < orders->count; i++) {
        const struct told_order *order = &orders->items[i];
        if (order->verb == ORDER_UNREADABLE)
            return order;
        if ((order->verb == ORDER_FREEZE || order->verb == ORDER_THAW) &&
            (order->group == NONE || order->group == group) &&
            (newest == NULL || order->create_revision > newest->create_revision))
            newest = order;
    }
    return newest != NULL && newest->verb == ORDER_FREEZE && lives(newest, wall) ? newest : NULL;
}

const struct told_order *orders_named(const struct told_orders *orders, const char *id)
{
    for (uint32_t i = 0; i < orders->count; i++) {
        if (strcmp(orders->items[i].id, id) == 0)
            return &orders->items[i];
    }
    return NULL;
}

void told_order_copy(struct told_order *to, const struct order *from)
{
    *to = (struct told_order){.verb = from->verb,
                              .region = from->region,
                              .group = from->group,
                              .override = from->override,
                              .until_wall = from->until_wall,
                              .create_revision = from->create_revision,
                              .mod_revision = from->mod_revision};
    memcpy(to->id, from->id, sizeof(to->id));
    memcpy(to->incident, from->incident, sizeof(to->incident));
    for (uint32_t i = 0; i < from->obeyed_count; i++)
        to->obeyed |= UINT64_C(1) << from->obeyed[i].group;
}

void heard_order(struct heard *heard, const struct event_order *event)
{
    struct told_order *place =
        (struct told_order *)(uintptr_t)orders_named(&heard->orders, event->order->id);

    if (place == NULL && event->present && heard->orders.count < ORDERS_MAX)
        place = &heard->orders.items[heard->orders.count++];
    if (place == NULL)
        return;
    if (event->present)
        told_order_copy(place, event->order);
    else
        *place = heard->orders.items[--heard->orders.count];
}

static void hear_glass(struct heard *heard, const struct event_glass *event)
{
    const struct event_order order = {.present = true, .order = event->order};

    glass_heard(heard, event);
    heard_order(heard, &order);
}

/* ---- zones ---- */

static const struct record_set *find_set(const struct zone_view *view, const char *name,
                                         const char *type, const char *set)
{
    for (uint32_t i = 0; i < view->set_count; i++) {
        if (strcmp(view->sets[i].name, name) == 0 && strcmp(view->sets[i].type, type) == 0 &&
            strcmp(view->sets[i].set, set) == 0)
            return &view->sets[i];
    }
    return NULL;
}

static void hear_fence(struct heard *heard, uint32_t group, const struct event_zone *event)
{
    struct told_slot *slot =
        &heard->slots[(size_t)group * heard->settings->zone_count + event->zone];
    const struct record_set *set = NULL;
    char name[FENCE_TEXT_MAX + 1];
    struct fence fence = {0};

    if (fence_name(heard->settings->groups[group].name, event->view->apex, name, sizeof(name)) == 0)
        set = find_set(event->view, name, "TXT", "");
    slot->known = true;
    slot->present = set != NULL && set->value_count == 1 &&
                    fence_parse(set->values[0], &fence) == 0 &&
                    strcmp(fence.group, heard->settings->groups[group].name) == 0 &&
                    fence.epoch <= ledger_highest_told(heard, group) + LEAP;
    slot->epoch = slot->present ? fence.epoch : 0;
    if (slot->epoch > slot->highest)
        slot->highest = slot->epoch;
}

static void hear_zone(struct heard *heard, const struct event_zone *event)
{
    const struct settings *settings = heard->settings;

    if (event->outcome != ROUTE53_OK)
        return;
    memcpy(heard->nonces[event->zone], event->view->nonce, sizeof(event->view->nonce));
    for (uint32_t g = 0; g < settings->group_count; g++)
        hear_fence(heard, g, event);
    for (uint32_t i = 0; i < settings->set_count; i++) {
        const struct service_record *record = &settings->records[settings->sets[i].record];
        const struct record_set *set;
        if (record->zone != event->zone)
            continue;
        set = find_set(event->view, record->name, record->type, settings->sets[i].set);
        heard->weights[i] = set == NULL ? -1 : set->weight;
    }
}

/* Route 53 took its batch: the zone says what the decision says. */
static void hear_change(const struct invariants *invariants, struct heard *heard,
                        const struct event_change *event)
{
    const struct settings *settings = heard->settings;
    const struct group *group = &settings->groups[event->group];
    struct told_slot *slot =
        &heard->slots[(size_t)event->group * settings->zone_count + event->zone];
    const struct kept *kept = ledger_find(invariants, event->group, event->epoch);

    if (event->outcome != ROUTE53_OK)
        return;
    slot->known = true;
    slot->present = true;
    slot->epoch = event->epoch;
    if (slot->epoch > slot->highest)
        slot->highest = slot->epoch;
    for (uint32_t k = 0; kept != NULL && k < group->site_count; k++) {
        const struct site *site = &settings->sites[group->sites[k]];
        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            if (settings->records[settings->sets[i].record].zone == event->zone)
                heard->weights[i] = kept->weights[k];
        }
    }
}

/* ---- a life ---- */

static void begin(struct heard *heard, const struct event_start *event)
{
    const struct settings *settings = heard->settings;

    heard->life++;
    heard->wall_offset = event->wall - heard->at_ms;
    heard->whole = false;
    heard->whole_world_ms = -1;
    heard->known_until_ms = -1;
    heard->lease_alive = false;
    heard->quiet_until_ms = INT64_MIN;
    heard->stood_still = false;
    heard->orders.count = 0;
    memset(heard->ballots, 0, (size_t)settings->site_count * PROBES_MAX);
    memset(heard->heads, 0, settings->group_count * sizeof(*heard->heads));
    memset(heard->journal, 0, settings->group_count * sizeof(*heard->journal));
    memset(heard->slots, 0,
           (size_t)settings->group_count * settings->zone_count * sizeof(*heard->slots));
    memset(heard->nonces, 0, settings->zone_count * sizeof(*heard->nonces));
    for (uint32_t i = 0; i < settings->set_count; i++)
        heard->weights[i] = -2;
    for (uint32_t i = 0; i < settings->site_count; i++) {
        heard->opinions[i] = (struct opinion){SAYS_NEITHER, heard->at_ms};
    }
}

static void hear_clock(struct heard *heard, const struct event_clock *event)
{
    msec_t jump_ms = event->jump_ms < 0 ? -event->jump_ms : event->jump_ms;

    if (jump_ms > GAP_NOTICED_MS)
        heard->quiet_until_ms = heard->at_ms + WATCH_MS;
}

static void hear_more(struct invariants *invariants, struct heard *heard, const struct event *event)
{
    switch (event->kind) {
    case EVENT_START:
        begin(heard, &event->start);
        break;
    case EVENT_CLOCK:
        hear_clock(heard, &event->clock);
        break;
    case EVENT_STORE:
        hear_store(invariants, heard, &event->store);
        break;
    case EVENT_LEASE:
        hear_lease(invariants, heard, &event->lease);
        break;
    case EVENT_VOTE:
        hear_vote(invariants, heard, &event->vote);
        break;
    case EVENT_HEAD:
        heard->heads[event->head.group].present = event->head.present;
        heard->heads[event->head.group].revision = event->head.revision;
        heard->heads[event->head.group].epoch =
            event->head.present ? event->head.decision->epoch : 0;
        break;
    case EVENT_COMMIT:
        hear_commit(heard, &event->commit);
        break;
    case EVENT_ORDER:
        heard_order(heard, &event->order);
        break;
    case EVENT_ZONE:
        hear_zone(heard, &event->zone);
        break;
    case EVENT_CHANGE:
        hear_change(invariants, heard, &event->change);
        break;
    case EVENT_GLASS:
        hear_glass(heard, &event->glass);
        break;
    case EVENT_JOURNAL:
        if (event->journal.epoch > heard->journal[event->journal.group])
            heard->journal[event->journal.group] = event->journal.epoch;
        break;
    case EVENT_TICK:
    case EVENT_RESULT:
    case EVENT_REFERENCE:
    case EVENT_SUSPECT: /* invariants_voted.c hears of it */
    case EVENT_BUDGET:
    case EVENT_INSYNC:
    case EVENT_SERVERS:
    case EVENT_RESOLVERS:
    case EVENT_STRANDED:
    case EVENT_SINK:
    case EVENT_INIT:
    case EVENT_LATCH: /* told again, of what it said before: invariants_told.c has kept it */
    case EVENT_ATTACH:
    case EVENT_KIND_COUNT:
        break;
    }
}

/* Most events say nothing new: a check's result, a tick. */
void heard_event(struct invariants *invariants, uint32_t probe, const struct event *event)
{
    struct heard *heard = &invariants->heard[probe];

    heard->at_ms = event->at_ms;
    if (heard->known_until_ms >= 0 && event->at_ms > heard->known_until_ms) {
        heard->known_until_ms = -1;
        count_sites(invariants, heard);
    }
    if (heard->stood_still) {
        heard->stood_still = false;
        heard->quiet_until_ms = event->at_ms + WATCH_MS;
    }
    if (event->kind != EVENT_RESULT && event->kind != EVENT_TICK && event->kind != EVENT_REFERENCE)
        hear_more(invariants, heard, event);
}
