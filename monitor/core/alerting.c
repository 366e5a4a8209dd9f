/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong now, level by level, becomes incidents; an incident that lasts long enough raises
 * one alert, and one more when it is over (L2). Each probe derives the same ids, so that the claim
 * in the store lets one of them speak. Texts are written by alert_text.c. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alert_text.h"
#include "state.h"

/* How long a thing must be wrong before anybody is told, and how loudly (reliability 5.8). */
struct kind {
    enum alert_event event;
    enum alert_event over; /* the event that says it is over */
    enum severity severity;
    msec_t for_ms;
};

static const struct kind group_kinds[GROUP_INCIDENT_COUNT] = {
    [INCIDENT_GLOBAL] = {ALERT_GLOBAL, ALERT_GLOBAL, SEVERITY_PAGE, 0},
    [INCIDENT_QUORUM_LOST] = {ALERT_QUORUM_LOST, ALERT_QUORUM_LOST, SEVERITY_PAGE, 60000},
    [INCIDENT_DRIFT] = {ALERT_DRIFT, ALERT_DRIFT, SEVERITY_PAGE, 0},
    [INCIDENT_FENCE_MISSING] = {ALERT_FENCE_MISSING, ALERT_FENCE_MISSING, SEVERITY_PAGE, 0},
    [INCIDENT_FENCE_CONFLICT] = {ALERT_FENCE_CONFLICT, ALERT_FENCE_CONFLICT, SEVERITY_WARN, 0},
    [INCIDENT_FROZEN] = {ALERT_FROZEN, ALERT_THAWED, SEVERITY_WARN, 0},
    [INCIDENT_BREAK_GLASS] = {ALERT_BREAK_GLASS, ALERT_BREAK_GLASS, SEVERITY_WARN, 0},
    [INCIDENT_MOVE_REFUSED] = {ALERT_MOVE_REFUSED, ALERT_MOVE_REFUSED, SEVERITY_PAGE, 5000},
    [INCIDENT_CANNOT_WRITE] = {ALERT_CANNOT_WRITE, ALERT_CANNOT_WRITE, SEVERITY_PAGE, 10000},
    [INCIDENT_MOVE_FAILED] = {ALERT_MOVE_FAILED, ALERT_MOVE_FAILED, SEVERITY_PAGE, 0},
};
static const struct kind region_kinds[REGION_INCIDENT_COUNT] = {
    [INCIDENT_REGION_DOWN] = {ALERT_REGION_DOWN, ALERT_REGION_UP, SEVERITY_PAGE, 0},
    [INCIDENT_DEGRADED] = {ALERT_DEGRADED, ALERT_DEGRADED, SEVERITY_WARN, 30000},
    [INCIDENT_CERTIFICATE] = {ALERT_CERT_EXPIRING, ALERT_CERT_EXPIRING, SEVERITY_WARN, 30000},
};
static const struct kind lost_kind = {ALERT_PROBE_LOST, ALERT_PROBE_LOST, SEVERITY_WARN, 60000};
static const struct kind skew_kind = {ALERT_SETTINGS_SKEW, ALERT_SETTINGS_SKEW, SEVERITY_WARN,
                                      60000};
static const struct kind sink_kind = {ALERT_SINK_FAILING, ALERT_SINK_FAILING, SEVERITY_WARN, 0};
static const struct kind self_kinds[SELF_INCIDENT_COUNT] = {
    [INCIDENT_BLIND] = {ALERT_BLIND, ALERT_BLIND, SEVERITY_WARN, 30000},
    [INCIDENT_STORE_AWAY] = {ALERT_STORE_AWAY, ALERT_STORE_AWAY, SEVERITY_PAGE, 60000},
    [INCIDENT_OVERLOAD] = {ALERT_OVERLOAD, ALERT_OVERLOAD, SEVERITY_WARN, 0}, /* judged over 30 s */
};

/* Whom an alert is about. */
struct about {
    uint32_t group;
    uint32_t region;
    const char *whom; /* probe or sink in the incident's id; "" */
    uint64_t number;  /* what happens once is an incident of its own, ".e7"; 0: a lasting one */
};

static void incident_id(const struct engine *engine, const struct about *about,
                        enum alert_event event, char out[INCIDENT_MAX + 1])
{
    const struct settings *s = engine->settings;
    char number[24] = "";

    if (about->number > 0)
        snprintf(number, sizeof(number), ".e%" PRIu64, about->number);
    snprintf(
        out, INCIDENT_MAX + 1, "%s%s%s%s%s%s%s%s",
        about->group != NONE ? s->groups[about->group].name : "", about->group != NONE ? "." : "",
        about->region != NONE ? s->regions[about->region] : "", about->region != NONE ? "." : "",
        about->whom, about->whom[0] != '\0' ? "." : "", alert_event_name(event), number);
}

void alerting_incident_id(const struct engine *engine, uint32_t group, const char *event, char *out,
                          size_t size)
{
    snprintf(out, size, "%s.%s", engine->settings->groups[group].name, event);
}

static struct alert *raise(struct engine *engine, const struct about *about,
                           const struct kind *kind, enum alert_phase phase)
{
    struct update *update = engine->update;
    struct alert *alert;
    struct fact *fact;

    if (update->alert_count == ALERTS_MAX)
        return NULL; /* the incident stays unopened and is raised by the next step */
    alert = &engine->out_alerts[update->alert_count++];
    *alert = (struct alert){
        .event = phase == ALERT_OPEN ? kind->event : kind->over,
        .phase = phase,
        .severity = kind->severity, /* of both: who was paged hears that it is over */
        .at_wall = state_wall(engine, engine->now_ms),
        .group = about->group != NONE ? engine->settings->groups[about->group].name : "",
        .region = about->region != NONE ? engine->settings->regions[about->region] : "",
        .epoch = about->group != NONE && engine->groups[about->group].has_head
                     ? engine->groups[about->group].head->decision.epoch
                     : 0,
        .probe = engine->settings->electors[engine->settings->self].name};
    incident_id(engine, about, kind->event, alert->incident);
    alert_text_write(engine, alert, about->group, about->region, about->whom);
    fact = state_fact(engine, FACT_ALERT);
    fact->rule = "L2";
    fact->group = about->group;
    fact->region = about->region;
    fact->word = alert_event_name(alert->event);
    fact->word2 = phase == ALERT_OPEN ? "open" : "resolved";
    snprintf(fact->text, sizeof(fact->text), "%.*s", (int)sizeof(fact->text) - 1, alert->incident);
    return alert;
}

/* When an incident that is wrong is told (again): after it has lasted, then as a reminder (L2). */
static msec_t told_next_ms(const struct engine *engine, const struct incident *incident,
                           const struct kind *kind)
{
    if (!incident->open)
        return incident->since_ms + kind->for_ms;
    return engine->settings->remind_ms > 0 ? incident->told_ms + engine->settings->remind_ms
                                           : INT64_MAX;
}

/* Moves one incident along: wrong for long enough opens it, right again resolves it. */
static void watch(struct engine *engine, struct incident *incident, const struct kind *kind,
                  const struct about *about, bool wrong)
{
    if (wrong && !incident->wrong)
        incident->since_ms = engine->now_ms;
    if (wrong != incident->wrong) /* what has never been wrong is never written to (state.h) */
        incident->wrong = wrong;
    if (!wrong && incident->open)
        incident->open = raise(engine, about, kind, ALERT_RESOLVED) == NULL;
    if (!wrong)
        return;
    if (engine->now_ms >= told_next_ms(engine, incident, kind) &&
        raise(engine, about, kind, ALERT_OPEN) != NULL) {
        incident->open = true;
        incident->told_ms = engine->now_ms;
    }
    state_wake(engine, about->group == NONE ? 0 : about->group,
               told_next_ms(engine, incident, kind));
}

/* ---- what is wrong with a group ---- */

/* Down: a service that the region is left for is agreed down there (D3: apart, any is; together, a
 * required one). Up: all of them are agreed up. */
static enum agreement_state region_state(const struct engine *engine, uint32_t group,
                                         uint32_t region)
{
    const struct settings *s = engine->settings;
    const struct group *g = state_group(engine, group);
    bool up = true;

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &s->sites[g->sites[k]];
        enum agreement_state state = engine->agreements[g->sites[k]].state;
        bool judged = s->services[site->service].required || !g->together;
        if (site->region != region || !judged || site->check_count == 0)
            continue;
        if (state == AGREED_DOWN)
            return AGREED_DOWN;
        up = up && state == AGREED_UP;
    }
    return up ? AGREED_UP : AGREED_UNDECIDED;
}

/* A4: what was agreed down stays wrong until it is agreed up; silence says nothing. */
static bool still_down(const struct incident *incident, enum agreement_state state)
{
    return state == AGREED_DOWN || (incident->open && state == AGREED_UNDECIDED);
}

/* Down: all regions are. Up: one of them is. */
static enum agreement_state regions_state(const struct engine *engine, uint32_t group)
{
    const struct group *g = state_group(engine, group);
    uint32_t down = 0;

    for (uint32_t i = 0; i < g->order_count; i++) {
        enum agreement_state state = region_state(engine, group, g->order[i]);
        if (state == AGREED_UP)
            return AGREED_UP;
        down += state == AGREED_DOWN;
    }
    return g->order_count > 0 && down == g->order_count ? AGREED_DOWN : AGREED_UNDECIDED;
}

/* Too few votes count for any agreement: "automatic failover is not available because". */
static bool quorum_lost(const struct engine *engine, uint32_t group)
{
    const struct settings *s = engine->settings;
    uint32_t need = s->quorum_down < s->quorum_up ? s->quorum_down : s->quorum_up;
    uint32_t counted = 0;

    for (uint32_t p = 0; p < s->elector_count; p++) {
        const struct vote_slot *vote = state_vote(engine, p, group);
        counted += vote->present && vote->same_settings && vote->blindness == BLIND_NOT;
    }
    return state_store_ok(engine) && counted < need;
}

/* Refusals a person must know of: a region is down, or an order given, and nothing moves. */
static bool move_refused(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    bool is_taken_on = state->has_head || state->head_form != VALUE_READ;

    return is_taken_on && state->refusal.rule != NULL && !engine->dry_run;
}

/* C8: a zone that cannot be read could not be written either; better known before a region dies. */
static bool zones_unreadable(const struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    if (!engine->settings->electors[engine->settings->self].may_act)
        return false; /* it does not write: that is for others to say */
    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_state *zone = &engine->zones[engine->slots[i].zone];
        if (zone->failures > 0 && engine->now_ms - zone->failing_ms >= UNREADABLE_MS)
            return true;
    }
    return false;
}

/* C8: accepted, and not published for so long that nobody out there is moved. */
static bool slots_pending(struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];
    bool pending = false;

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        msec_t page_ms = slot->pending_ms + PENDING_PAGE_MS - PENDING_MS;

        if (slot->pending_epoch <= slot->insync_epoch ||
            slot->pending_epoch < state->head->decision.epoch)
            continue;
        if (engine->now_ms < page_ms)
            state_wake(engine, group, page_ms);
        pending |= engine->now_ms >= page_ms;
    }
    return pending;
}

/* It turns so by time alone. */
static void wake_for_unreadable(struct engine *engine, uint32_t group)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_state *zone = &engine->zones[engine->slots[i].zone];
        if (zone->failures > 0 && engine->now_ms < zone->failing_ms + UNREADABLE_MS)
            state_wake(engine, group, zone->failing_ms + UNREADABLE_MS);
    }
}

static bool slots_failing(const struct engine *engine, uint32_t group, bool for_good)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        bool permanent = slot->outcome == ROUTE53_INVALID || slot->outcome == ROUTE53_FORBIDDEN ||
                         slot->outcome == ROUTE53_NOT_FOUND;
        if (slot->failing_ms >= 0 && permanent == for_good)
            return true;
    }
    return false;
}

static bool some_slot(const struct engine *engine, uint32_t group, enum group_incident incident)
{
    const struct group_state *state = &engine->groups[group];

    for (uint32_t i = state->first_slot; i < state->first_slot + state->slot_count; i++) {
        const struct zone_slot *slot = &engine->slots[i];
        if (incident == INCIDENT_FENCE_MISSING ? slot->missing : slot->ahead)
            return true;
    }
    return false;
}

static struct incident *group_incident(const struct engine *engine, uint32_t group,
                                       enum group_incident incident)
{
    return &engine->group_incidents[(size_t)incident * engine->settings->group_count + group];
}

static bool group_wrong(struct engine *engine, uint32_t group, enum group_incident incident)
{
    wall_t wall = state_wall(engine, engine->now_ms);

    switch (incident) {
    case INCIDENT_GLOBAL:
        return still_down(group_incident(engine, group, INCIDENT_GLOBAL),
                          regions_state(engine, group));
    case INCIDENT_QUORUM_LOST:
        return quorum_lost(engine, group);
    case INCIDENT_DRIFT:
        return observing_drifted(engine, group);
    case INCIDENT_FENCE_MISSING:
    case INCIDENT_FENCE_CONFLICT:
        return some_slot(engine, group, incident);
    case INCIDENT_FROZEN:
        return orders_freeze(&engine->orders, group, wall) != NULL;
    case INCIDENT_BREAK_GLASS:
        return glass_open(engine, group);
    case INCIDENT_MOVE_REFUSED:
        return move_refused(engine, group);
    case INCIDENT_CANNOT_WRITE:
        return slots_failing(engine, group, false) || zones_unreadable(engine, group) ||
               slots_pending(engine, group);
    case INCIDENT_MOVE_FAILED:
        return slots_failing(engine, group, true);
    case GROUP_INCIDENT_COUNT:
        break;
    }
    return false;
}

static struct incident *region_incident(const struct engine *engine, uint32_t group,
                                        uint32_t region, enum region_incident incident)
{
    const struct settings *s = engine->settings;
    size_t row = (size_t)incident * s->group_count + group;

    return &engine->region_incidents[row * s->region_count + region];
}

/* A witness is enough (L1): who is blind is none. */
static bool region_degraded(const struct engine *engine, uint32_t group, uint32_t region,
                            bool certificate)
{
    const struct group *g = state_group(engine, group);
    bool degraded = false;

    for (uint32_t k = 0; k < g->site_count; k++)
        degraded |= engine->settings->sites[g->sites[k]].region == region &&
                    site_degraded(engine, g->sites[k], certificate);
    return degraded && engine->blindness == BLIND_NOT;
}

static void raise_region(struct engine *engine, uint32_t group, uint32_t region, bool global)
{
    struct about about = {group, region, "", 0};
    struct incident *down_there = region_incident(engine, group, region, INCIDENT_REGION_DOWN);
    bool down = still_down(down_there, region_state(engine, group, region));

    if (!global || !down || down_there->open) /* else one page says that all are down */
        watch(engine, down_there, &region_kinds[INCIDENT_REGION_DOWN], &about, down);
    watch(engine, region_incident(engine, group, region, INCIDENT_DEGRADED),
          &region_kinds[INCIDENT_DEGRADED], &about, region_degraded(engine, group, region, false));
    watch(engine, region_incident(engine, group, region, INCIDENT_CERTIFICATE),
          &region_kinds[INCIDENT_CERTIFICATE], &about,
          region_degraded(engine, group, region, true));
}

void alerting_raise(struct engine *engine, uint32_t group)
{
    const struct group *g = state_group(engine, group);
    bool global = regions_state(engine, group) == AGREED_DOWN;

    wake_for_unreadable(engine, group);
    for (uint32_t i = 0; i < GROUP_INCIDENT_COUNT; i++) {
        enum group_incident incident = (enum group_incident)i;
        struct about about = {group, NONE, "", 0};

        watch(engine, group_incident(engine, group, incident), &group_kinds[i], &about,
              group_wrong(engine, group, incident));
    }
    for (uint32_t i = 0; i < g->order_count; i++)
        raise_region(engine, group, g->order[i], global);
}

/* ---- what is wrong with the probes and with us ---- */

static bool probe_says(const struct engine *engine, uint32_t probe, bool lost)
{
    const struct voter_state *voter = &engine->voters[probe];

    return (lost ? voter->silent_count : voter->other_count) > 0;
}

void alerting_self(struct engine *engine)
{
    const struct settings *s = engine->settings;
    bool store_ok = state_store_ok(engine);
    struct about self = {NONE, NONE, s->electors[s->self].name, 0};

    for (uint32_t p = 0; p < s->elector_count; p++) {
        struct about about = {NONE, NONE, s->electors[p].name, 0};
        if (store_ok && p != s->self) { /* without the store nobody is known to be lost */
            watch(engine, &engine->probe_lost[p], &lost_kind, &about, probe_says(engine, p, true));
            watch(engine, &engine->probe_skew[p], &skew_kind, &about, probe_says(engine, p, false));
        }
    }
    for (uint32_t i = 0; i < s->sink_count; i++) {
        struct about about = {NONE, NONE, s->sinks[i].name, 0};
        watch(engine, &engine->sinks[i], &sink_kind, &about, engine->sinks[i].wrong);
    }
    watch(engine, &engine->self_incidents[INCIDENT_BLIND], &self_kinds[INCIDENT_BLIND], &self,
          engine->blindness != BLIND_NOT);
    watch(engine, &engine->self_incidents[INCIDENT_STORE_AWAY], &self_kinds[INCIDENT_STORE_AWAY],
          &self, !store_ok);
    watch(engine, &engine->self_incidents[INCIDENT_OVERLOAD], &self_kinds[INCIDENT_OVERLOAD], &self,
          engine->rhythm.view.is_overloaded);
}

/* ---- what is open, for status ---- */

struct list {
    struct incident_view *views;
    uint32_t max;
    uint32_t count;
};

static void list_add(const struct engine *engine, struct list *list,
                     const struct incident *incident, const struct kind *kind,
                     const struct about *about)
{
    struct incident_view *view;

    if (!incident->open || list->count == list->max)
        return;
    view = &list->views[list->count++];
    *view = (struct incident_view){
        .event = kind->event, .severity = kind->severity, .since_ms = incident->since_ms};
    incident_id(engine, about, kind->event, view->id);
}

static void list_group(const struct engine *engine, struct list *list, uint32_t group)
{
    const struct group *g = state_group(engine, group);

    for (uint32_t i = 0; i < GROUP_INCIDENT_COUNT; i++)
        list_add(engine, list, group_incident(engine, group, (enum group_incident)i),
                 &group_kinds[i], &(struct about){group, NONE, "", 0});
    for (uint32_t i = 0; i < g->order_count; i++) {
        for (uint32_t k = 0; k < REGION_INCIDENT_COUNT; k++)
            list_add(engine, list,
                     region_incident(engine, group, g->order[i], (enum region_incident)k),
                     &region_kinds[k], &(struct about){group, g->order[i], "", 0});
    }
}

uint32_t alerting_list(const struct engine *engine, struct incident_view *ret_views, uint32_t max)
{
    const struct settings *s = engine->settings;
    struct list list = {ret_views, max, 0};

    for (uint32_t g = 0; g < s->group_count; g++)
        list_group(engine, &list, g);
    for (uint32_t p = 0; p < s->elector_count; p++) {
        struct about about = {NONE, NONE, s->electors[p].name, 0};
        list_add(engine, &list, &engine->probe_lost[p], &lost_kind, &about);
        list_add(engine, &list, &engine->probe_skew[p], &skew_kind, &about);
    }
    for (uint32_t i = 0; i < s->sink_count; i++)
        list_add(engine, &list, &engine->sinks[i], &sink_kind,
                 &(struct about){NONE, NONE, s->sinks[i].name, 0});
    for (uint32_t i = 0; i < SELF_INCIDENT_COUNT; i++)
        list_add(engine, &list, &engine->self_incidents[i], &self_kinds[i],
                 &(struct about){NONE, NONE, s->electors[s->self].name, 0});
    return list.count;
}

/* ---- what happened once ---- */

void alerting_moved(struct engine *engine, uint32_t group)
{
    static const struct kind moved = {ALERT_MOVED, ALERT_MOVED, SEVERITY_PAGE, 0};
    static const struct kind failback = {ALERT_FAILBACK, ALERT_FAILBACK, SEVERITY_INFO, 0};
    const struct decision *head = &engine->groups[group].head->decision;
    struct about about = {group, NONE, "", head->epoch};

    raise(engine, &about, head->kind == DECISION_FAILBACK ? &failback : &moved, ALERT_OPEN);
}

void alerting_changed(struct engine *engine, uint32_t group, uint64_t number, const char *text)
{
    static const struct kind kind = {ALERT_RECORD_CHANGED, ALERT_RECORD_CHANGED, SEVERITY_WARN, 0};
    struct about about = {group, NONE, "", number};

    engine->changed = text;
    raise(engine, &about, &kind, ALERT_OPEN);
    engine->changed = NULL;
}

void alerting_set_back(struct engine *engine, uint64_t revision)
{
    static const struct kind kind = {ALERT_STORE_SET_BACK, ALERT_STORE_SET_BACK, SEVERITY_PAGE, 0};
    struct about about = {NONE, NONE, "", revision > 0 ? revision : 1};

    raise(engine, &about, &kind, ALERT_OPEN);
}

void alerting_gap(struct engine *engine)
{
    static const struct kind kind = {ALERT_CLOCK_GAP, ALERT_CLOCK_GAP, SEVERITY_WARN, 0};
    struct about about = {NONE, NONE, engine->settings->electors[engine->settings->self].name,
                          (uint64_t)(state_wall(engine, engine->now_ms) / 1000)};

    raise(engine, &about, &kind, ALERT_OPEN);
}
