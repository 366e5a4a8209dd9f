/* SPDX-License-Identifier: Apache-2.0 */
/* D9: /api/v1/init. GET shows what taking a group on would create: the record sets which the zone
 * lacks, with the settings' weights, and the fence; nothing is written. POST confirms it: the
 * engine reads the zone afresh, commits the first head and applies it; status shows how far. */
#include "server.h"

#include <stdlib.h>

#include "log.h"

/* "pizza/us-east-1"; of a service with several records, which of them too. */
static json_t *missing_set(const struct settings *settings, const struct site_set *set)
{
    const struct service_record *record = &settings->records[set->record];
    const char *site = settings->sites[set->site].name;

    if (settings->services[record->service].record_count == 1)
        return json_string(site);
    return json_sprintf("%s %s %s", site, record->name, record->type);
}

/* What the zones say of a site, or the settings where they say nothing; adds the sets that are not
 * there. Returns -1 when two of its sets differ: nobody could say which is meant. */
static int take_site(const struct control_sources *now, uint32_t site, json_t *missing)
{
    const struct settings *settings = now->settings;
    const struct site *s = &settings->sites[site];
    int said = -1;

    for (uint32_t i = s->first_set; i < s->first_set + s->set_count; i++) {
        const struct record_set *set = batches_find_set(now, i);

        if (set == NULL)
            json_array_append_new(missing, missing_set(settings, &settings->sets[i]));
        if (set == NULL || set->weight < 0)
            continue;
        if (said >= 0 && set->weight != said)
            return -1;
        said = set->weight;
    }
    return said >= 0 ? said : s->weight;
}

/* In place of the batches: what keeps them from being made. */
static json_t *differing(const struct settings *settings, uint32_t site)
{
    const struct service_record *record =
        settings_own_record(settings, settings->sites[site].service);

    return json_pack("[{s:s, s:n, s:[], s:{s:s, s:o}, s:n, s:n}]", "zone",
                     settings->zones[record->zone].id, "apex", "items", "problem", "code",
                     "record-sets-differ", "text",
                     json_sprintf("the record sets of %s have different weights, and a decision "
                                  "has one for it: give all of them the one that is meant",
                                  settings->sites[site].name),
                     "nonce", "body");
}

static json_t *first_of(const struct control_sources *now, uint32_t index, int *weights)
{
    const struct settings *settings = now->settings;
    const struct group *group = &settings->groups[index];
    struct decision decision = {.group = index, .epoch = 1, .kind = DECISION_INIT};
    json_t *missing = json_array();
    json_t *problem = NULL;
    struct group_view view;

    engine_group(now->engine, index, &view);
    if (view.has_head) {
        json_decref(missing);
        return json_pack("{s:s, s:I, s:[], s:{}, s:[]}", "group", group->name, "epoch",
                         (json_int_t)view.head.epoch, "missing", "weights", "change");
    }
    for (uint32_t k = 0; k < group->site_count; k++) {
        int weight = take_site(now, group->sites[k], missing);

        if (weight < 0 && problem == NULL)
            problem = differing(settings, group->sites[k]);
        weights[k] = weight < 0 ? settings->sites[group->sites[k]].weight : weight;
    }
    decision.epoch = view.fence_min + 1;
    decision.weights = weights;
    return json_pack("{s:s, s:n, s:o, s:o, s:o}", "group", group->name, "epoch", "missing", missing,
                     "weights", piece_weights(settings, index, weights), "change",
                     problem != NULL ? problem : batches_of(now, &decision));
}

void handle_first(struct request *request)
{
    const struct settings *settings = request->now.settings;
    int *weights = calloc(settings->site_count, sizeof(*weights));
    json_t *groups = json_array();

    for (uint32_t i = 0; i < settings->group_count && weights != NULL; i++)
        json_array_append_new(groups, first_of(&request->now, i, weights));
    reply_json(request, MHD_HTTP_OK,
               weights == NULL ? NULL
                               : json_pack("{s:i, s:s, s:b, s:O, s:o}", "v", 1, "probe",
                                           settings->electors[settings->self].name, "may_act",
                                           settings->electors[settings->self].may_act, "groups",
                                           groups, "managed", managed_of(&request->now)));
    json_decref(groups);
    free(weights);
}

/* ---- the confirmation ---- */

/* The group that the body names; NONE: all. False and a filled error when the body is wrong. */
static bool read_body(struct request *request, uint32_t *ret_group)
{
    json_t *body = request->body.length == 0
                       ? json_object()
                       : json_loadb(buffer_text(&request->body), request->body.length,
                                    JSON_REJECT_DUPLICATES, NULL);
    json_t *name = json_object_get(body, "group");
    bool good = json_is_object(body) && json_object_size(body) == (name != NULL) &&
                (name == NULL || json_is_string(name));

    *ret_group = NONE;
    if (!good)
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_body",
                    "init takes {} for all groups, or {\"group\": NAME}");
    else if (name != NULL)
        *ret_group = piece_group(request, json_string_value(name));
    json_decref(body);
    return !request->answered;
}

/* What keeps a group from being taken on: the zone as read last, or NULL. A head whose change can
 * never be made would only fail for ever. */
static const char *obstacle(const json_t *first)
{
    const json_t *batch;
    size_t i;

    json_array_foreach(json_object_get(first, "change"), i, batch)
    {
        const json_t *text = json_object_get(json_object_get(batch, "problem"), "text");

        if (text != NULL)
            return json_string_value(text);
    }
    return NULL;
}

/* True, or an error is filled. */
static bool can_begin(struct request *request, uint32_t group)
{
    const struct settings *settings = request->now.settings;
    int *weights = calloc(settings->site_count, sizeof(*weights));
    json_t *first = weights != NULL ? first_of(&request->now, group, weights) : NULL;
    const char *text = obstacle(first);

    if (first == NULL)
        reply_json(request, MHD_HTTP_OK, NULL);
    else if (text != NULL)
        reply_error(request, MHD_HTTP_CONFLICT, "refused", "%s: %s", settings->groups[group].name,
                    text);
    json_decref(first);
    free(weights);
    return !request->answered;
}

static bool may_init(struct request *request)
{
    const struct settings *settings = request->now.settings;

    if (request->now.dry_run)
        reply_error(request, MHD_HTTP_CONFLICT, "dry_run",
                    "this daemon runs dry (-n) and never commits (D8): ask another probe");
    else if (!settings->electors[settings->self].may_act)
        reply_error(request, MHD_HTTP_CONFLICT, "may_not_act",
                    "probe %s has may_act = false and reads no zone: ask a probe that may act (C6)",
                    settings->electors[settings->self].name);
    else if (!engine_store_ok(request->now.engine))
        reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "store_away",
                    "the store is away: nothing can be decided (S2)");
    return !request->answered;
}

/* Which groups to begin: those asked for that have no head. False: an error is filled. */
static bool choose(struct request *request, bool *chosen)
{
    const struct settings *settings = request->now.settings;
    struct group_view view;
    uint32_t only;

    if (!read_body(request, &only) || !may_init(request))
        return false;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        engine_group(request->now.engine, i, &view);
        chosen[i] = (only == NONE || only == i) && !view.has_head;
        if (chosen[i] && view.head_form != VALUE_READ) {
            reply_error(request, MHD_HTTP_CONFLICT, "refused",
                        "%s has a head decision, which cannot be read here (%s): see the log",
                        settings->groups[i].name, value_form_name(view.head_form));
            return false;
        }
        if (chosen[i] && !can_begin(request, i))
            return false;
    }
    return true;
}

static void begin(struct request *request, const bool *chosen)
{
    const struct settings *settings = request->now.settings;
    const struct teller *teller = &request->control->hooks.teller;
    json_t *begun = json_array();

    for (uint32_t i = 0; i < settings->group_count; i++) {
        struct event event = {.kind = EVENT_INIT, .init = {.group = i}};

        if (!chosen[i])
            continue;
        teller->tell(teller->context, &event, NULL, NULL);
        log_say(LOG_LEVEL_INFO, "init: group %s is taken on by order", settings->groups[i].name);
        json_array_append_new(begun, json_string(settings->groups[i].name));
    }
    reply_json(request, json_array_size(begun) > 0 ? MHD_HTTP_ACCEPTED : MHD_HTTP_OK,
               json_pack("{s:i, s:o}", "v", 1, "groups", begun));
}

void handle_init(struct request *request)
{
    bool *chosen = calloc(request->now.settings->group_count, sizeof(*chosen));

    if (chosen == NULL)
        reply_json(request, MHD_HTTP_OK, NULL);
    else if (choose(request, chosen))
        begin(request, chosen);
    free(chosen);
}
