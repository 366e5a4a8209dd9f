/* SPDX-License-Identifier: Apache-2.0 */
/* The facts of the lines that meet AWS, zone by zone: from the looks (include/readiness.h), which
 * read afresh, and from what the zones remember of the engine's own readings and writes. */
#include "ready_facts.h"

#include <string.h>

#include "change.h"
#include "log.h"

/* What is known of one zone. */
struct zone_facts {
    const struct control_sources *now;
    const struct settings *settings;
    const struct ready_reader *reader;
    uint32_t zone;
    const char *id;
    const struct zone_view *view;
    struct readiness_zone look;
    struct zones_status own; /* the engine's readings, our writes */
    msec_t now_ms;
    ready_visit visit;
    void *context;
};

static void look_at(const struct control_sources *now, uint32_t zone,
                    struct readiness_zone *ret_look, struct zones_status *ret_own)
{
    *ret_look = (struct readiness_zone){.message = "", .read_ms = -1};
    *ret_own = (struct zones_status){.message = "", .read_ms = -1, .write_message = ""};
    if (now->readiness != NULL)
        readiness_zone(now->readiness, zone, ret_look);
    if (now->zones != NULL)
        zones_status(now->zones, zone, ret_own);
}

const struct zone_view *ready_view(const struct control_sources *now, uint32_t zone)
{
    struct readiness_zone look;
    struct zones_status own;

    look_at(now, zone, &look, &own);
    return look.view == NULL ||
                   (own.view != NULL && own.outcome == ROUTE53_OK && own.read_ms > look.read_ms)
               ? own.view
               : look.view;
}

/* Age of the newest reading that AWS answered; -1: none. */
static msec_t read_age(const struct zone_facts *z)
{
    msec_t read_ms = z->look.read_ms;

    if (z->own.view != NULL && z->own.outcome == ROUTE53_OK && z->own.read_ms > read_ms)
        read_ms = z->own.read_ms;
    return read_ms < 0 ? -1 : z->now_ms - read_ms;
}

static void tell_credentials(const struct zone_facts *z)
{
    struct credentials_view who = {.origin = "", .left_ms = -1, .error = ""};
    struct ready_credentials facts = {.reader = *z->reader,
                                      .zone = z->id,
                                      .role = z->settings->zones[z->zone].role,
                                      .asked = z->look.asked,
                                      .outcome = z->look.outcome,
                                      .error = z->look.message,
                                      .accepted_ms = read_age(z)};
    struct ready_line line;

    if (z->now->route53 != NULL)
        route53_identity(z->now->route53, z->zone, &who);
    facts.source = who.origin;
    facts.expires_ms = who.is_known ? who.left_ms : -1;
    facts.renewal = who.error;
    ready_credentials(&facts, &line);
    z->visit(z->context, &line);
}

static void tell_zone(const struct zone_facts *z)
{
    struct ready_zone facts = {.reader = *z->reader,
                               .zone = z->id,
                               .apex = z->view != NULL ? z->view->apex : "",
                               .asked = z->look.asked,
                               .outcome = z->look.outcome,
                               .error = z->look.message,
                               .read_ms = z->view != NULL ? read_age(z) : -1};
    struct ready_line line;

    if (z->view != NULL)
        ready_zone_look(z->settings, z->view, &facts.records);
    ready_zone(&facts, &line);
    z->visit(z->context, &line);
}

/* ---- the fence ---- */

/* Weights in the view that are not the head's: seen here before the engine reads the zone again. */
static bool differs(const struct zone_facts *z, uint32_t group, const struct decision *head)
{
    const struct group *g = &z->settings->groups[group];

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &z->settings->sites[g->sites[k]];

        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            const struct record_set *set;

            if (z->settings->records[z->settings->sets[i].record].zone != z->zone)
                continue;
            set = change_find_set(z->view, z->settings, i);
            if (set != NULL && set->weight != head->weights[k])
                return true;
        }
    }
    return false;
}

static void add_fence(const struct zone_facts *z, uint32_t group, const struct group_view *view,
                      struct ready_fence *facts)
{
    const struct record_set *set = change_find_fence(z->view, z->settings->groups[group].name);
    struct fence fence;

    facts->fences = set != NULL ? set->value_count : 0;
    facts->present =
        set != NULL && set->value_count > 0 && fence_parse(set->values[0], &fence) == 0;
    if (!facts->present)
        return;
    facts->epoch = fence.epoch;
    facts->drifted |=
        view->has_head && fence.epoch == view->head.epoch && differs(z, group, &view->head);
}

static void tell_fence(const struct zone_facts *z, uint32_t group)
{
    struct ready_fence facts = {.reader = *z->reader,
                                .group = z->settings->groups[group].name,
                                .zone = z->id,
                                .known = z->view != NULL};
    struct ready_line line;
    struct group_view view;

    engine_group(z->now->engine, group, &view);
    facts.has_head = view.has_head;
    facts.head_epoch = view.has_head ? view.head.epoch : 0;
    facts.drifted = view.drifted;
    facts.drift = z->settings->groups[group].drift;
    facts.in_flight = view.change != CHANGE_IDLE;
    if (facts.known)
        add_fence(z, group, &view, &facts);
    ready_fence(&facts, &line);
    z->visit(z->context, &line);
}

/* ---- the servers, and the right to write ---- */

static void tell_servers(const struct zone_facts *z, uint32_t group)
{
    struct readiness_servers seen = {.others = ""};
    struct ready_servers facts;
    struct ready_line line;

    if (z->now->readiness != NULL)
        readiness_servers(z->now->readiness, z->zone, group, &seen);
    facts = (struct ready_servers){.reader = *z->reader,
                                   .group = z->settings->groups[group].name,
                                   .zone = z->id,
                                   .is_private = z->settings->zones[z->zone].is_private,
                                   .asked_once = seen.asked_once,
                                   .has_fence = seen.has_fence,
                                   .asked = seen.asked,
                                   .answered = seen.answered,
                                   .current = seen.current,
                                   .epoch = seen.epoch,
                                   .others = seen.others};
    ready_servers(&facts, &line);
    z->visit(z->context, &line);
}

/* A fence in the zone that this probe wrote proves that it could, whenever that was. */
static void add_own_fence(const struct zone_facts *z, struct ready_write *facts)
{
    const char *self = z->settings->electors[z->settings->self].name;

    for (uint32_t g = 0; z->view != NULL && g < z->settings->group_count; g++) {
        const struct record_set *set = change_find_fence(z->view, z->settings->groups[g].name);
        struct fence fence;

        if (set == NULL || set->value_count == 0 || fence_parse(set->values[0], &fence) < 0 ||
            strcmp(fence.by, self) != 0)
            continue;
        facts->fence_is_ours = true;
        facts->accepted_epoch = fence.epoch;
    }
}

static void tell_write(const struct zone_facts *z)
{
    char at[WALL_TEXT_MAX] = "";
    struct ready_write facts = {.reader = *z->reader,
                                .zone = z->id,
                                .may_act = z->settings->electors[z->settings->self].may_act,
                                .dry_run = z->now->dry_run,
                                .accepted_at = at,
                                .refused = z->own.write_denied,
                                .error = z->own.write_message};
    struct ready_line line;

    add_own_fence(z, &facts);
    if (z->own.accepted_wall > 0) {
        wall_format(z->own.accepted_wall, at);
        facts.accepted_epoch = z->own.accepted_epoch;
    }
    ready_write(&facts, &line);
    z->visit(z->context, &line);
}

/* ---- zone by zone ---- */

static bool zone_concerns(const struct settings *settings, uint32_t zone, uint32_t group)
{
    const struct group *g = &settings->groups[group];

    for (uint32_t i = 0; i < g->service_count; i++) {
        if (settings_service_in_zone(settings, g->services[i], zone))
            return true;
    }
    return false;
}

static bool zone_is_wanted(const struct settings *settings, uint32_t zone, uint32_t only)
{
    return only == NONE || zone_concerns(settings, zone, only);
}

static void tell_clock(const struct control_sources *now, const struct ready_reader *reader,
                       ready_visit visit, void *context)
{
    struct ready_clock facts = {.reader = *reader};
    struct ready_line line;

    if (now->route53 != NULL)
        facts.known = route53_clock(now->route53, &facts.skew_ms);
    ready_clock(&facts, &line);
    visit(context, &line);
}

static void tell_one(struct zone_facts *z, uint32_t only)
{
    const struct settings *settings = z->settings;

    look_at(z->now, z->zone, &z->look, &z->own);
    z->id = settings->zones[z->zone].id;
    z->view = ready_view(z->now, z->zone);
    tell_credentials(z);
    tell_zone(z);
    for (uint32_t g = 0; g < settings->group_count; g++) {
        if ((only != NONE && only != g) || !zone_concerns(settings, z->zone, g))
            continue;
        tell_fence(z, g);
        tell_servers(z, g);
    }
    tell_write(z);
}

void ready_gather_zones(const struct control_sources *now, const struct ready_reader *reader,
                        uint32_t only, ready_visit visit, void *context)
{
    tell_clock(now, reader, visit, context);
    for (uint32_t zone = 0; zone < now->settings->zone_count; zone++) {
        struct zone_facts z = {.now = now,
                               .settings = now->settings,
                               .reader = reader,
                               .zone = zone,
                               .now_ms = loop_now_ms(),
                               .visit = visit,
                               .context = context};

        if (zone_is_wanted(now->settings, zone, only))
            tell_one(&z, only);
    }
}
