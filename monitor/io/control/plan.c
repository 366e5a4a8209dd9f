/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/plan?down=SITE-OR-REGION...: what would be decided if these were agreed down now,
 * what it would change, to the byte, and how long it would take. The engine answers from its state,
 * the history from its file; nothing is written anywhere. */
#include "plan_times.h"

#include <stdlib.h>
#include <string.h>

/* What is supposed to be down. */
struct supposed {
    struct request *request;
    struct past_moves moves; /* of the history */
    uint32_t *sites;
    uint32_t count;
    json_t *names;
    bool failed; /* and answered */
};

static void suppose_site(struct supposed *supposed, uint32_t site)
{
    for (uint32_t i = 0; i < supposed->count; i++) {
        if (supposed->sites[i] == site)
            return;
    }
    supposed->sites[supposed->count++] = site;
}

/* A region, or "SERVICE/REGION". */
static void suppose(struct supposed *supposed, const char *name)
{
    const struct settings *settings = supposed->request->now.settings;
    uint32_t region = settings_region(settings, name);
    uint32_t site = settings_site(settings, name);

    if (site != NONE)
        suppose_site(supposed, site);
    for (uint32_t i = 0; region != NONE && i < settings->site_count; i++) {
        if (settings->sites[i].region == region)
            suppose_site(supposed, i);
    }
    json_array_append_new(supposed->names, json_string(name));
    if (site != NONE || region != NONE)
        return;
    supposed->failed = true;
    reply_error(supposed->request, MHD_HTTP_NOT_FOUND, "no_such_place",
                "'%.100s' is no region and no site (SERVICE/REGION) of the settings; a site is "
                "for example %s",
                name, settings->sites[0].name);
}

static enum MHD_Result on_argument(void *context, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
    struct supposed *supposed = context;

    (void)kind;
    if (strcmp(key, "down") == 0 && value != NULL && !supposed->failed)
        suppose(supposed, value);
    else if (!supposed->failed) {
        supposed->failed = true;
        reply_error(supposed->request, MHD_HTTP_BAD_REQUEST, "bad_argument",
                    "plan takes down=SITE-OR-REGION, as often as wanted, and nothing else");
    }
    return supposed->failed ? MHD_NO : MHD_YES;
}

/* In percent of its service; a service without any weight is answered in equal shares by Route 53,
 * but is never made (C5). */
static json_t *share(const struct settings *settings, const struct group *group, uint32_t in_group,
                     const int *weights)
{
    uint32_t service = settings->sites[group->sites[in_group]].service;
    int64_t sum = 0;

    for (uint32_t k = 0; k < group->site_count; k++) {
        if (settings->sites[group->sites[k]].service == service)
            sum += weights[k];
    }
    return sum <= 0 ? json_null()
                    : json_real((double)((int64_t)weights[in_group] * 1000 / sum) / 10.0);
}

static json_t *sites_of(const struct settings *settings, uint32_t index, const int *before,
                        const int *after)
{
    const struct group *group = &settings->groups[index];
    json_t *list = json_array();

    for (uint32_t k = 0; k < group->site_count; k++)
        json_array_append_new(list, json_pack("{s:s, s:i, s:i, s:o, s:o}", "site",
                                              settings->sites[group->sites[k]].name,
                                              "weight_before", before[k], "weight_after", after[k],
                                              "share_before", share(settings, group, k, before),
                                              "share_after", share(settings, group, k, after)));
    return list;
}

/* Of the gates of a plan, the first closed one that is not a judgement of a region. */
static const struct gate *holding(const struct gate *gates, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!gates[i].open && strcmp(gates[i].name, "leave") != 0 &&
            strcmp(gates[i].name, "gain") != 0)
            return &gates[i];
    }
    return NULL;
}

static json_t *change_of(const struct control_sources *now, uint32_t group,
                         const struct group_view *view, const int *weights)
{
    struct decision decision = view->head;

    decision.group = group;
    decision.kind = DECISION_LEAVE;
    decision.epoch = view->next_epoch;
    decision.weights = weights;
    return batches_of(now, &decision);
}

static json_t *plan_of(const struct supposed *supposed, uint32_t index, int *weights)
{
    const struct control_sources *now = &supposed->request->now;
    const struct gate *gate;
    struct gate gates[GATES_MAX];
    uint32_t gate_count = 0;
    struct group_view view;
    bool changes;

    engine_group(now->engine, index, &view);
    changes = engine_plan(now->engine, index, supposed->sites, supposed->count, weights, gates,
                          &gate_count);
    gate = holding(gates, gate_count);
    return json_pack(
        "{s:s, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "group", now->settings->groups[index].name,
        "epoch", view.has_head ? json_integer((json_int_t)view.head.epoch) : json_null(), "changes",
        changes, "sites",
        view.has_head ? sites_of(now->settings, index, view.head.weights, weights) : json_array(),
        "held_by", gate != NULL ? json_string(gate->text) : json_null(), "change",
        changes ? change_of(now, index, &view, weights) : json_array(), "timeline",
        timeline_of(now, index, supposed->sites, supposed->count, &supposed->moves), "gates",
        piece_gates(gates, gate_count));
}

static bool concerns(const struct supposed *supposed, uint32_t group)
{
    const struct settings *settings = supposed->request->now.settings;

    for (uint32_t i = 0; i < supposed->count; i++) {
        if (settings->services[settings->sites[supposed->sites[i]].service].group == group)
            return true;
    }
    return supposed->count == 0;
}

/* What the query supposes. False: an error is filled. */
static bool read_query(struct supposed *supposed)
{
    const struct settings *settings = supposed->request->now.settings;

    supposed->names = json_array();
    supposed->sites = calloc((size_t)settings->site_count + 1, sizeof(uint32_t));
    if (supposed->sites == NULL) {
        reply_json(supposed->request, MHD_HTTP_OK, NULL);
        return false;
    }
    MHD_get_connection_values(supposed->request->connection, MHD_GET_ARGUMENT_KIND, on_argument,
                              supposed);
    return !supposed->failed;
}

static void supposed_clear(struct supposed *supposed)
{
    json_decref(supposed->names);
    free(supposed->sites);
}

static void answer(const struct supposed *supposed)
{
    const struct settings *settings = supposed->request->now.settings;
    int *weights = calloc((size_t)settings->site_count + 1, sizeof(*weights));
    json_t *groups = json_array();

    for (uint32_t i = 0; weights != NULL && i < settings->group_count; i++) {
        if (concerns(supposed, i))
            json_array_append_new(groups, plan_of(supposed, i, weights));
    }
    reply_json(supposed->request, MHD_HTTP_OK,
               weights == NULL ? NULL
                               : json_pack("{s:i, s:s, s:O, s:O}", "v", 1, "probe",
                                           settings->electors[settings->self].name, "down",
                                           supposed->names, "groups", groups));
    json_decref(groups);
    free(weights);
}

/* The history is read by a thread of its own, so the request waited; what it knows is a help, and
 * without it the plan says all the rest. */
static void on_decisions(void *context, const struct history_decision_row *rows, uint32_t count,
                         const char *error)
{
    struct supposed supposed = {.request = ticket_redeem(context)};

    if (supposed.request == NULL)
        return;
    supposed.moves = (struct past_moves){rows, error[0] == '\0' ? count : 0};
    if (read_query(&supposed))
        answer(&supposed);
    supposed_clear(&supposed);
    request_resume(supposed.request);
}

static void ask_history(struct ticket *ticket)
{
    struct history *history = ticket->request->now.history;

    if (history != NULL)
        history_decisions(history, "", PAST_MOVES_MAX, on_decisions, ticket);
    else
        on_decisions(ticket, NULL, 0, "");
}

/* The zones are seen afresh; a request that was answered meanwhile (we stop) has its ticket only.
 */
static void on_looked(void *context)
{
    struct ticket *ticket = context;

    if (ticket->request != NULL)
        ask_history(ticket);
    else
        ticket_redeem(ticket);
}

void handle_plan(struct request *request)
{
    struct supposed supposed = {.request = request};
    struct readiness *readiness = request->now.readiness;
    bool good = read_query(&supposed);
    struct ticket *ticket = good ? request_wait(request) : NULL;

    supposed_clear(&supposed);
    if (ticket == NULL)
        return;
    if (readiness != NULL && readiness_has_to_look(readiness))
        readiness_look(readiness, on_looked, ticket);
    else
        ask_history(ticket);
}
