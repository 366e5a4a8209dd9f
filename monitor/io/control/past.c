/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/history?group=&limit=, /api/v1/incident/ID and /api/v1/timings?site=&by=&limit=: what
 * this machine's history file knows. It is read by a thread of its own, so the request waits. */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_DEFAULT = 20 };

/* ---- decisions ---- */

/* The decision as it was committed: weights, voters and order stand in its own JSON. */
static json_t *decision_of(const struct history_decision_row *row)
{
    json_t *value = json_loads(row->value, JSON_REJECT_DUPLICATES, NULL);
    json_t *decision = json_pack(
        "{s:s, s:I, s:o, s:s, s:s, s:s, s:O?, s:O?, s:O?, s:{s:o, s:o, s:o, s:o, s:o}}", "group",
        row->group, "epoch", (json_int_t)row->epoch, "at", piece_time(row->at_wall), "kind",
        row->kind, "by", row->by, "reason", row->reason, "weights",
        json_object_get(value, "weights"), "voters", json_object_get(value, "voters"), "order",
        json_object_get(value, "order"), "seconds", "decided", piece_seconds(row->times.decided_ms),
        "accepted", piece_seconds(row->times.accepted_ms), "insync",
        piece_seconds(row->times.insync_ms), "servers", piece_seconds(row->times.servers_ms),
        "resolvers", piece_seconds(row->times.resolvers_ms));

    json_decref(value);
    return decision;
}

/* Who asked, for rows that came; NULL: who has gone, or was told that there are none to be read. */
static struct request *take_rows(void *ticket, const char *error)
{
    struct request *request = ticket_redeem(ticket);

    if (request == NULL || error[0] == '\0')
        return request;
    reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "history_away",
                "the history cannot be read: %s", error);
    request_resume(request);
    return NULL;
}

static void on_decisions(void *context, const struct history_decision_row *rows, uint32_t count,
                         const char *error)
{
    struct request *request = take_rows(context, error);
    json_t *list;

    if (request == NULL)
        return;
    list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, decision_of(&rows[i]));
    reply_json(request, MHD_HTTP_OK, json_pack("{s:i, s:o}", "v", 1, "decisions", list));
    request_resume(request);
}

static bool take_limit(struct request *request, uint32_t *ret_limit)
{
    const char *text = request_query(request, "limit");
    char *end;
    long value;

    *ret_limit = ROWS_DEFAULT;
    if (text == NULL)
        return true;
    errno = 0;
    value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < 1 || value > HISTORY_ROWS_MAX) {
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_argument", "limit is a number, 1 to %d",
                    HISTORY_ROWS_MAX);
        return false;
    }
    *ret_limit = (uint32_t)value;
    return true;
}

static bool has_history(struct request *request)
{
    if (request->now.history != NULL)
        return true;
    reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "history_away",
                "this daemon keeps no history");
    return false;
}

void handle_history(struct request *request)
{
    const char *group = request_query(request, "group");
    struct ticket *ticket;
    uint32_t limit;

    if (group == NULL)
        group = "";
    if (!take_limit(request, &limit) || !has_history(request) ||
        (group[0] != '\0' && piece_group(request, group) == NONE))
        return;
    ticket = request_wait(request);
    if (ticket != NULL)
        history_decisions(request->now.history, group, limit, on_decisions, ticket);
}

/* ---- incidents ---- */

static json_t *facts_of(const struct history_fact_row *facts, uint32_t count)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:o, s:s}", "at", piece_time(facts[i].at_wall),
                                              "fact", facts[i].line));
    return list;
}

static void on_incident(void *context, const struct history_incident_row *incident,
                        const struct history_fact_row *facts, uint32_t fact_count,
                        const char *error)
{
    struct request *request = take_rows(context, error);

    if (request == NULL)
        return;
    if (incident == NULL)
        reply_error(request, MHD_HTTP_NOT_FOUND, "no_such_incident",
                    "this machine's history has no incident '%s'; open ones are in status",
                    request->args[0]);
    else
        reply_json(request, MHD_HTTP_OK,
                   json_pack("{s:i, s:s, s:s, s:s, s:o, s:o, s:i, s:s, s:s, s:I, s:s, s:s, s:o}",
                             "v", 1, "id", incident->id, "event", incident->event, "severity",
                             incident->severity, "opened", piece_time(incident->opened_wall),
                             "resolved", piece_time(incident->resolved_wall), "notices",
                             (int)incident->notices, "group", incident->group, "region",
                             incident->region, "epoch", (json_int_t)incident->epoch, "subject",
                             incident->subject, "text", incident->text, "facts",
                             facts_of(facts, fact_count)));
    request_resume(request);
}

void handle_incident(struct request *request)
{
    struct ticket *ticket;

    if (!has_history(request))
        return;
    ticket = request_wait(request);
    if (ticket != NULL)
        history_incident(request->now.history, request->args[0], on_incident, ticket);
}

/* ---- how long checks took ---- */

static json_t *phases_of(const struct rollup *rollup)
{
    json_t *phases = json_object();

    for (unsigned i = 0; i < ROLLUP_PHASES; i++) {
        enum phase_of_check phase = (enum phase_of_check)i;
        usec_t max_us = rollup->reached[i] == 0 ? -1 : (usec_t)rollup->max_us[i];

        json_object_set_new(phases, rollup_phase_name(phase),
                            json_pack("{s:o, s:o}", "mean", piece_us(rollup_mean(rollup, phase)),
                                      "max", piece_us(max_us)));
    }
    return phases;
}

static json_t *failures_of(const struct rollup *rollup)
{
    json_t *failures = json_object();

    for (unsigned i = FAILURE_NONE + 1; i < FAILURE_COUNT; i++) {
        if (rollup->failures[i] > 0)
            json_object_set_new(failures, failure_name((enum failure)i),
                                json_integer(rollup->failures[i]));
    }
    return failures;
}

static json_t *timing_of(const struct history_rollup *row)
{
    const struct rollup *r = &row->rollup;

    return json_pack("{s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "at",
                     piece_time(row->at_wall), "check", row->check, "good", (json_int_t)r->good,
                     "bad", (json_int_t)r->bad, "void", (json_int_t)r->aside, "failures",
                     failures_of(r), "median", piece_us(rollup_quantile(r, 0.5)), "p95",
                     piece_us(rollup_quantile(r, 0.95)), "p99", piece_us(rollup_quantile(r, 0.99)),
                     "phases", phases_of(r));
}

static void on_rollups(void *context, const struct history_rollup *rows, uint32_t count,
                       const char *error)
{
    struct request *request = take_rows(context, error);
    json_t *list;

    if (request == NULL)
        return;
    list = json_array();
    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, timing_of(&rows[i]));
    reply_json(request, MHD_HTTP_OK, json_pack("{s:i, s:o}", "v", 1, "timings", list));
    request_resume(request);
}

static bool take_span(struct request *request, enum history_span *ret_span)
{
    const char *text = request_query(request, "by");

    *ret_span = SPAN_MINUTE;
    if (text == NULL || history_span_parse(text, ret_span) == 0)
        return true;
    reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_argument", "by is 1m, 15m or 1d");
    return false;
}

void handle_timings(struct request *request)
{
    const char *site = request_query(request, "site");
    enum history_span span;
    struct ticket *ticket;
    uint32_t limit;

    if (site == NULL || settings_site(request->now.settings, site) == NONE) {
        reply_error(request, site == NULL ? MHD_HTTP_BAD_REQUEST : MHD_HTTP_NOT_FOUND,
                    site == NULL ? "bad_argument" : "no_such_site",
                    "site is one of the settings' sites, as SERVICE/REGION; status lists them");
        return;
    }
    if (!take_limit(request, &limit) || !take_span(request, &span) || !has_history(request))
        return;
    ticket = request_wait(request);
    if (ticket != NULL)
        history_read_rollups(request->now.history, site, span, limit, on_rollups, ticket);
}
