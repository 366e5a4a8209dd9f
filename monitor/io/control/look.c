/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/status: all that one look should show, of every group, as this probe sees it. */
#include "scope.h"

#include "explain.h"

enum { INCIDENTS_SHOWN_MAX = 256 };

struct look {
    const struct control_sources *now;
    const struct settings *settings;
    const struct engine *engine;
    msec_t now_ms;
};

/* ---- one site ---- */

static const char *state_word(char letter)
{
    enum verdict_state state;

    return verdict_state_parse(letter, &state) == 0 ? verdict_state_name(state) : "unknown";
}

/* {"use1":{"state":"down","counted":"down"},"fra":{"state":"unknown","counted":"absent"}} */
static json_t *votes_of(const struct look *look, uint32_t site, const struct tally *tally)
{
    json_t *votes = json_object();

    for (uint32_t p = 0; p < look->settings->elector_count; p++)
        json_object_set_new(votes, look->settings->electors[p].name,
                            json_pack("{s:s, s:s}", "state",
                                      state_word(engine_vote_letter(look->engine, p, site)),
                                      "counted", ballot_name(tally->ballots[p])));
    return votes;
}

/* How long it took last, and of late. */
static json_t *times_of(const struct look *look, uint32_t check)
{
    struct check_times times;
    const struct timings *t = &times.last;

    if (look->now->rollups == NULL)
        return json_null();
    rollups_of(look->now->rollups, check, &times);
    return json_pack("{s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}}", "median", piece_us(times.median_us),
                     "p95", piece_us(times.p95_us), "last", "resolve", piece_us(t->resolve_us),
                     "connect", piece_us(t->connect_us), "tls", piece_us(t->tls_us), "first_byte",
                     piece_us(t->first_byte_us), "total", piece_us(t->total_us));
}

/* Of a job that reports by itself: null when it never did. */
static json_t *report_of(const struct look *look, uint32_t check)
{
    struct push_look report;

    if (look->now->pushes == NULL || !pushes_look(look->now->pushes, check, &report))
        return json_null();
    return json_pack("{s:o, s:o, s:s, s:s}", "at", piece_time(report.at_wall), "silent_seconds",
                     piece_seconds(report.silent_ms), "state", report.is_ok ? "ok" : "fail", "text",
                     report.text);
}

/* Why the last bad result was bad, too. */
static json_t *check_of(const struct look *look, uint32_t check)
{
    static const char *const levels[LEVEL_COUNT] = {"required", "degraded", "info"};
    const struct check *c = &look->settings->checks[check];
    const struct verdict *verdict = engine_verdict(look->engine, check);
    char label[CHECK_LABEL_MAX + 1];
    json_t *item;

    check_label(look->settings, check, label);
    item = json_pack("{s:s, s:s, s:s, s:b, s:s, s:o, s:o, s:s, s:s, s:o}", "name", label, "url",
                     c->url != NULL ? c->url : "", "level", levels[c->level], "member",
                     c->is_member, "state", verdict_state_name(verdict->state), "for_seconds",
                     piece_seconds(look->now_ms - verdict->since_ms), "last_result_seconds",
                     piece_seconds(verdict->last_ms < 0 ? -1 : look->now_ms - verdict->last_ms),
                     "failure", failure_name(verdict->failure), "detail",
                     look->now->rollups != NULL ? rollups_why(look->now->rollups, check) : "",
                     "seconds", times_of(look, check));
    if (c->kind == CHECK_PUSH)
        json_object_set_new(item, "report", report_of(look, check));
    return item;
}

/* Our own checks of the site. */
static json_t *checks_of(const struct look *look, uint32_t site)
{
    const struct site *s = &look->settings->sites[site];
    json_t *checks = json_array();

    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++)
        json_array_append_new(checks, check_of(look, i));
    return checks;
}

/* Its sets under the service's further records, which have its weight too. */
static json_t *also_of(const struct settings *settings, const struct site *site)
{
    json_t *list = json_array();

    for (uint32_t i = site->first_set + 1; i < site->first_set + site->set_count; i++) {
        const struct site_set *set = &settings->sets[i];
        const struct service_record *record = &settings->records[set->record];
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "record", record->name,
                                              "type", record->type, "zone",
                                              settings->zones[record->zone].id, "set", set->set));
    }
    return list;
}

static json_t *site_of(const struct look *look, const struct group *group, uint32_t in_group,
                       const struct group_view *view)
{
    const struct settings *settings = look->settings;
    uint32_t site = group->sites[in_group];
    const struct site *s = &settings->sites[site];
    const struct service *service = &settings->services[s->service];
    const struct service_record *record = settings_own_record(settings, s->service);
    const struct agreement *agreement = view->agreements[in_group];
    struct tally tally = {0};

    engine_tally(look->engine, site, &tally);
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:o, s:i, s:i, s:o, s:o}", "site",
        s->name, "service", service->name, "region", settings->regions[s->region], "record",
        record->name, "type", record->type, "set", settings_own_set(settings, site)->set, "also",
        also_of(settings, s), "weight",
        view->has_head ? json_integer(view->head.weights[in_group]) : json_null(), "normal",
        json_integer(view->has_head ? view->head.normal[in_group] : s->weight), "wanted",
        view->has_head ? json_integer(view->wanted[in_group]) : json_null(), "agreed",
        agreement_state_name(agreement->state), "agreed_for_seconds",
        piece_seconds(look->now_ms - agreement->since_ms), "down_votes", (int)tally.down_count,
        "up_votes", (int)tally.up_count, "votes", votes_of(look, site, &tally), "checks",
        checks_of(look, site));
}

/* ---- one group ---- */

static json_t *decision_of(const struct look *look, const struct group_view *view)
{
    const struct decision *head = &view->head;

    if (!view->has_head)
        return json_null();
    return json_pack("{s:I, s:s, s:o, s:s, s:s, s:o, s:s, s:{s:o, s:o, s:o, s:o, s:o}}", "epoch",
                     (json_int_t)head->epoch, "kind", decision_kind_name(head->kind), "at",
                     piece_time(head->at_wall), "by",
                     head->by == NONE ? "" : look->settings->electors[head->by].name, "reason",
                     head->reason, "voters", piece_names(look->settings, head->voters), "order",
                     head->order, "seconds", "decided", piece_seconds(view->decided_after_ms),
                     "accepted", piece_seconds(view->accepted_after_ms), "insync",
                     piece_seconds(view->insync_after_ms), "servers",
                     piece_seconds(view->servers_after_ms), "resolvers",
                     piece_seconds(view->resolvers_after_ms));
}

/* D10: what holds a wanted move back; null when nothing is held back. */
static json_t *refusal_of(const struct group_view *view)
{
    const struct gate *gate = explain_closed(view);

    if (view->refused_rule == NULL)
        return json_null();
    return json_pack("{s:s, s:s, s:s}", "rule", view->refused_rule, "reason", view->refused_reason,
                     "text", gate != NULL ? gate->text : view->refused_reason);
}

/* Whether the zones have the decision; null when this probe reads none, and so never knows. */
static json_t *applied_of(const struct look *look, const struct group_view *view)
{
    return settings_reads_zones(look->settings)
               ? json_boolean(view->has_head && view->fence_min >= view->head.epoch)
               : json_null();
}

static json_t *group_of(const struct look *look, uint32_t index)
{
    const struct group *group = &look->settings->groups[index];
    json_t *sites = json_array();
    struct group_view view;

    engine_group(look->engine, index, &view);
    for (uint32_t k = 0; k < group->site_count; k++)
        json_array_append_new(sites, site_of(look, group, k, &view));
    return json_pack("{s:s, s:o, s:b, s:I, s:o, s:s, s:b, s:b, s:b, s:o, s:o, s:o, s:o}", "group",
                     group->name, "decision", decision_of(look, &view), "break_glass", view.glass,
                     "fence_epoch", (json_int_t)view.fence_min, "applied", applied_of(look, &view),
                     "change", change_state_name(view.change), "frozen", view.frozen, "drifted",
                     view.drifted, "wants_move", view.wants_move, "dwell_left_seconds",
                     piece_seconds(view.dwell_left_ms), "refused", refusal_of(&view), "zones",
                     piece_zones(look->engine, look->settings, index), "sites", sites);
}

/* ---- the whole ---- */

static json_t *probes_of(const struct settings *settings)
{
    json_t *list = json_array();

    for (uint32_t p = 0; p < settings->elector_count; p++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "name", settings->electors[p].name,
                                              "vantage", settings->electors[p].vantage, "may_act",
                                              settings->electors[p].may_act));
    return list;
}

static json_t *regions_of(const struct look *look)
{
    json_t *list = json_array();

    for (uint32_t r = 0; r < look->settings->region_count; r++)
        json_array_append_new(list, json_pack("{s:s, s:b}", "name", look->settings->regions[r],
                                              "drained", engine_region_drained(look->engine, r)));
    return list;
}

static json_t *obeyed_of(const struct settings *settings, const struct order *order)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < order->obeyed_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:I}", "group",
                                              settings->groups[order->obeyed[i].group].name,
                                              "epoch", (json_int_t)order->obeyed[i].epoch));
    return list;
}

static json_t *orders_of(const struct look *look)
{
    const struct settings *settings = look->settings;
    const struct order *orders;
    uint32_t count = engine_orders(look->engine, &orders);
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++) {
        const struct order *order = &orders[i];

        json_array_append_new(
            list, json_pack("{s:s, s:b, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:o, s:o, s:o}", "id",
                            order->id, "local", order_is_local(order), "verb",
                            order_verb_name(order->verb), "region",
                            order->region == NONE ? "" : settings->regions[order->region], "group",
                            order->group == NONE ? "" : settings->groups[order->group].name,
                            "incident", order->incident, "by", order->by, "reason", order->reason,
                            "override", order->override, "at", piece_time(order->at_wall), "until",
                            piece_time(order->until_wall), "obeyed", obeyed_of(settings, order)));
    }
    return list;
}

static json_t *incidents_of(const struct look *look)
{
    struct incident_view views[INCIDENTS_SHOWN_MAX];
    uint32_t count = engine_incidents(look->engine, views, INCIDENTS_SHOWN_MAX);
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "id", views[i].id, "event",
                                              alert_event_name(views[i].event), "severity",
                                              severity_name(views[i].severity), "for_seconds",
                                              piece_seconds(look->now_ms - views[i].since_ms)));
    return list;
}

/* Whoever upgrades has to see which value stops this probe, and whose it is. */
static void add_unreadable(void *list, const char *key, enum value_form form)
{
    json_array_append_new(list, json_pack("{s:s, s:s}", "key", key, "form", value_form_name(form)));
}

static json_t *store_of(const struct look *look)
{
    json_t *unreadable = json_array();
    struct board_stats stats;

    board_stats(look->now->board, &stats);
    board_unreadable(look->now->board, add_unreadable, unreadable);
    return json_pack("{s:b, s:s, s:s, s:I, s:o, s:b, s:o}", "ok", engine_store_ok(look->engine),
                     "status", store_status_name(stats.status), "error", stats.error, "revision",
                     (json_int_t)stats.revision, "read_seconds_ago",
                     piece_seconds(stats.read_ms < 0 ? -1 : look->now_ms - stats.read_ms), "lease",
                     engine_lease_alive(look->engine), "unreadable", unreadable);
}

static json_t *budget_of(const struct look *look)
{
    struct group_view view;

    engine_group(look->engine, 0, &view); /* one ledger for all groups (D6) */
    return json_pack("{s:i, s:i, s:o}", "used", (int)view.budget_used, "limit",
                     (int)look->settings->limit_budget, "window_seconds",
                     piece_seconds(look->settings->limit_window_ms));
}

/* V4: what began late in the 30 s that were judged last, and since the daemon began. */
static json_t *rhythm_of(const struct look *look)
{
    struct rhythm_view view;

    engine_rhythm(look->engine, &view);
    return json_pack("{s:b, s:I, s:I, s:I, s:{s:I, s:I, s:o, s:o}}", "overloaded",
                     view.is_overloaded, "begun", (json_int_t)view.begun, "late",
                     (json_int_t)view.late, "missed", (json_int_t)view.missed, "recent", "begun",
                     (json_int_t)view.recent_begun, "late", (json_int_t)view.recent_late,
                     "mean_seconds", piece_seconds(view.recent_mean_ms), "worst_seconds",
                     piece_seconds(view.recent_worst_ms));
}

void handle_status(struct request *request)
{
    const struct control_sources *now = &request->now;
    const struct look look = {now, now->settings, now->engine, loop_now_ms()};
    json_t *groups;
    struct group_scope scope;

    if (!scope_read(request, true, &scope))
        return;
    groups = json_array();
    for (uint32_t i = 0; i < scope.count; i++)
        json_array_append_new(groups, group_of(&look, scope.groups[i]));
    reply_json(
        request, MHD_HTTP_OK,
        json_pack(
            "{s:i, s:s, s:o, s:s, s:s, s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o}", "v",
            1, "version", REGIONSHIFT_VERSION, "at", piece_time(loop_wall_ms()), "probe",
            look.settings->electors[look.settings->self].name, "fingerprint",
            look.settings->fingerprint, "dry_run", now->dry_run, "blind",
            blindness_name(engine_blindness(look.engine)), "rhythm", rhythm_of(&look), "store",
            store_of(&look), "budget", budget_of(&look), "probes", probes_of(look.settings),
            "regions", regions_of(&look), "groups", groups, "groups_left_out", (int)scope.left_out,
            "orders", orders_of(&look), "incidents", incidents_of(&look)));
}
