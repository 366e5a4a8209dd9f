/* SPDX-License-Identifier: Apache-2.0 */
/* B2: /api/v1/health-checks. GET shows, for each region of the groups with beacons, whether its
 * beacon is lit, and which health check each of its record sets has, as the zone was read last.
 * POST confirms `regionshift init --health-checks`: the engine reads the zones afresh, decides and
 * attaches, in its turn; GET shows how far. */
#include "server.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "health_check.h"
#include "log.h"

/* ---- what there is ---- */

static json_t *sets_of(const struct control_sources *now, const struct group *group,
                       uint32_t region)
{
    const struct settings *settings = now->settings;
    json_t *list = json_array();

    for (uint32_t k = 0; k < group->site_count; k++) {
        const struct site *site = &settings->sites[group->sites[k]];

        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            const struct record_set *set = batches_find_set(now, i);
            const struct service_record *record = &settings->records[settings->sets[i].record];

            if (site->region != region)
                continue;
            json_array_append_new(
                list,
                json_pack("{s:s, s:s, s:s, s:o, s:o}", "record", record->name, "type", record->type,
                          "set", settings->sets[i].set, "weight",
                          set != NULL ? json_integer(set->weight) : json_null(), "health_check",
                          set != NULL ? json_string(set->health_check) : json_null()));
        }
    }
    return list;
}

static uint32_t word_count(const struct group *group, uint32_t region)
{
    for (uint32_t i = 0; i < group->word_count; i++) {
        if (group->words[i].region == region)
            return 1u * (group->words[i].word[0] != '\0') + (group->words[i].next[0] != '\0');
    }
    return 0;
}

static json_t *region_of(const struct control_sources *now, const struct group *group,
                         uint32_t region)
{
    const char *name = now->settings->regions[region];
    uint64_t epoch = 0;
    bool lit = now->latches != NULL && latches_get(now->latches, group->name, name, &epoch);

    return json_pack("{s:s, s:b, s:o, s:i, s:o}", "region", name, "lit", lit, "epoch",
                     lit ? json_integer((json_int_t)epoch) : json_null(), "words",
                     (int)word_count(group, region), "sets", sets_of(now, group, region));
}

static json_t *group_of(const struct control_sources *now, uint32_t index)
{
    const struct group *group = &now->settings->groups[index];
    json_t *regions = json_array();
    struct group_view view;

    engine_group(now->engine, index, &view);
    for (uint32_t i = 0; i < group->order_count; i++)
        json_array_append_new(regions, region_of(now, group, group->order[i]));
    return json_pack("{s:s, s:o, s:s?, s:I, s:b, s:o}", "group", group->name, "epoch",
                     view.has_head ? json_integer((json_int_t)view.head.epoch) : json_null(),
                     "kind", view.has_head ? decision_kind_name(view.head.kind) : NULL, "fence",
                     (json_int_t)view.fence_min, "applied",
                     view.has_head && view.fence_min >= view.head.epoch, "regions", regions);
}

void handle_attached(struct request *request)
{
    const struct settings *settings = request->now.settings;
    json_t *groups = json_array();

    for (uint32_t i = 0; i < settings->group_count; i++) {
        if (settings->groups[i].beacons)
            json_array_append_new(groups, group_of(&request->now, i));
    }
    reply_json(request, MHD_HTTP_OK,
               json_pack("{s:i, s:s, s:b, s:o}", "v", 1, "probe",
                         settings->electors[settings->self].name, "may_act",
                         settings->electors[settings->self].may_act, "groups", groups));
}

/* ---- the confirmation ---- */

/* The strings of an event that has not been stepped yet. */
struct attaching {
    const char *health[REGIONS_MAX];
    char texts[REGIONS_MAX][DECISION_HEALTH_MAX + 1];
};

static void bad_body(struct request *request)
{
    reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_body",
                "attaching takes {\"group\": NAME, \"health_checks\": {REGION: ID, ...}}, an id "
                "for each region of the group's order");
}

/* Each region in order, and no other, has an id of its own. */
static bool read_ids(const struct settings *settings, const struct group *group,
                     const json_t *object, struct attaching *attaching)
{
    if (!json_is_object(object) || json_object_size(object) != group->order_count)
        return false;
    for (uint32_t i = 0; i < REGIONS_MAX; i++)
        attaching->health[i] = attaching->texts[i];
    for (uint32_t i = 0; i < group->order_count; i++) {
        uint32_t region = group->order[i];
        const char *id = json_string_value(json_object_get(object, settings->regions[region]));

        if (id == NULL || id[0] == '\0' || strlen(id) > DECISION_HEALTH_MAX)
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(attaching->health[group->order[j]], id) == 0)
                return false;
        }
        memcpy(attaching->texts[region], id, strlen(id) + 1);
    }
    return true;
}

/* False: an error is filled. */
static bool may_attach(struct request *request, uint32_t group)
{
    const struct settings *settings = request->now.settings;
    struct group_view view;

    engine_group(request->now.engine, group, &view);
    if (request->now.dry_run)
        reply_error(request, MHD_HTTP_CONFLICT, "dry_run",
                    "this daemon runs dry (-n) and never commits (D8): ask another probe");
    else if (!settings->electors[settings->self].may_act)
        reply_error(request, MHD_HTTP_CONFLICT, "may_not_act",
                    "probe %s has may_act = false: ask a probe that may act (C6)",
                    settings->electors[settings->self].name);
    else if (!settings->groups[group].beacons)
        reply_error(request, MHD_HTTP_CONFLICT, "no_beacons", "%s has beacons = false",
                    settings->groups[group].name);
    else if (!view.has_head)
        reply_error(request, MHD_HTTP_CONFLICT, "no_head",
                    "%s has no decision yet: regionshift init comes first (D9)",
                    settings->groups[group].name);
    else if (view.frozen)
        reply_error(request, MHD_HTTP_CONFLICT, "frozen",
                    "%s is frozen: nothing is written until regionshift thaw (D7)",
                    settings->groups[group].name);
    else if (view.drifted)
        reply_error(request, MHD_HTTP_CONFLICT, "drifted",
                    "somebody else changed the weights of %s: regionshift ack comes first (C4)",
                    settings->groups[group].name);
    else if (!engine_store_ok(request->now.engine))
        reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "store_away",
                    "the store is away: nothing can be decided (S2)");
    return !request->answered;
}

static void tell(struct request *request, uint32_t group, struct attaching *attaching)
{
    const struct settings *settings = request->now.settings;
    const struct teller *teller = &request->control->hooks.teller;
    struct event event = {.kind = EVENT_ATTACH,
                          .attach = {.group = group, .health = attaching->health}};

    teller->tell(teller->context, &event, free, attaching);
    log_say(LOG_LEVEL_INFO, "init: group %s gets its health checks by order",
            settings->groups[group].name);
    reply_json(request, MHD_HTTP_ACCEPTED,
               json_pack("{s:i, s:s}", "v", 1, "group", settings->groups[group].name));
}

void handle_attach(struct request *request)
{
    const struct settings *settings = request->now.settings;
    json_t *body =
        json_loadb(buffer_text(&request->body), request->body.length, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(body, "group"));
    struct attaching *attaching = calloc(1, sizeof(*attaching));
    uint32_t group = NONE;

    if (name == NULL || json_object_size(body) != 2)
        bad_body(request);
    else
        group = piece_group(request, name);
    if (group != NONE && attaching != NULL &&
        !read_ids(settings, &settings->groups[group], json_object_get(body, "health_checks"),
                  attaching))
        bad_body(request);
    if (!request->answered && attaching != NULL && may_attach(request, group)) {
        tell(request, group, attaching);
        attaching = NULL;
    }
    free(attaching);
    json_decref(body);
    if (!request->answered)
        reply_json(request, MHD_HTTP_OK, NULL); /* no memory */
}
