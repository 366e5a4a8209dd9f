/* SPDX-License-Identifier: Apache-2.0 */
/* What became of an order, read from what the engine shows: its marks (D7), heads and gates. */
#include "orders.h"

#include <stdio.h>
#include <string.h>

#include "explain.h"

enum { FATE_TEXT_MAX = 255 };

/* For one group. */
struct group_fate {
    enum fate fate;
    uint64_t epoch;   /* OBEYED */
    const char *rule; /* HELD; NULL: none is known */
    char text[FATE_TEXT_MAX + 1];
};

const char *fate_name(enum fate fate)
{
    static const char *const names[] = {[FATE_NOTHING] = "nothing-to-do",
                                        [FATE_IN_FORCE] = "in-force",
                                        [FATE_OBEYED] = "obeyed",
                                        [FATE_PENDING] = "pending",
                                        [FATE_HELD] = "held"};

    return names[fate];
}

/* ---- whom an order concerns ---- */

static bool group_has_region(const struct settings *settings, uint32_t group, uint32_t region)
{
    const struct group *g = &settings->groups[group];

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (settings->sites[g->sites[k]].region == region)
            return true;
    }
    return false;
}

static bool is_drift_of(const struct settings *settings, uint32_t group, const char *incident)
{
    const char *name = settings->groups[group].name;
    size_t length = strlen(name);

    return strncmp(incident, name, length) == 0 && strcmp(incident + length, ".drift") == 0;
}

static bool concerns(const struct settings *settings, const struct order *order, uint32_t group)
{
    switch (order->verb) {
    case ORDER_DRAIN:
    case ORDER_RESTORE:
        return group_has_region(settings, group, order->region);
    case ORDER_FREEZE:
    case ORDER_THAW:
    case ORDER_FAILBACK:
        return order->group == NONE || order->group == group;
    case ORDER_ACK:
        return is_drift_of(settings, group, order->incident);
    case ORDER_UNREADABLE:
    case ORDER_VERB_COUNT:
        break;
    }
    return false;
}

/* ---- one group ---- */

__attribute__((format(printf, 3, 4))) static void say(struct group_fate *ret, enum fate fate,
                                                      const char *format, ...)
{
    va_list args;

    ret->fate = fate;
    va_start(args, format);
    vsnprintf(ret->text, sizeof(ret->text), format, args);
    va_end(args);
}

/* A rule that holds only this probe back: another one may decide in a moment. */
static bool may_pass_soon(const char *rule)
{
    return strcmp(rule, "V5") == 0 || strcmp(rule, "S2") == 0 || strcmp(rule, "C2") == 0 ||
           strcmp(rule, "D8") == 0;
}

static void held(struct group_fate *ret, const struct group_view *view, bool final)
{
    const struct gate *gate = explain_closed(view);

    ret->rule = view->refused_rule;
    say(ret, may_pass_soon(view->refused_rule) && !final ? FATE_PENDING : FATE_HELD, "%s %s: %s",
        view->refused_rule, view->refused_reason,
        gate != NULL ? gate->text : "no region may gain what it lacks; see regionshift explain");
}

static bool has_weight(const struct settings *settings, uint32_t group, uint32_t region,
                       const struct group_view *view)
{
    const struct group *g = &settings->groups[group];

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (settings->sites[g->sites[k]].region == region && view->head.weights[k] > 0)
            return true;
    }
    return false;
}

static bool is_normal(const struct settings *settings, uint32_t group,
                      const struct group_view *view)
{
    return memcmp(view->head.weights, view->head.normal,
                  settings->groups[group].site_count * sizeof(int)) == 0;
}

/* Drain and failback, seen by the engine and not obeyed. */
static void move_fate(const struct control_sources *now, const struct order *order, uint32_t group,
                      const struct group_view *view, bool final, struct group_fate *ret)
{
    if (!view->has_head && view->head_form != VALUE_READ) {
        held(ret, view, final);
    } else if (!view->has_head) {
        ret->rule = "D9";
        say(ret, FATE_HELD, "D9 head: watched, never moved: run regionshift init first");
    } else if (order->verb == ORDER_DRAIN &&
               !has_weight(now->settings, group, order->region, view)) {
        say(ret, FATE_IN_FORCE, "%s serves no traffic here; it gains none until restored",
            now->settings->regions[order->region]);
    } else if (order->verb == ORDER_FAILBACK && is_normal(now->settings, group, view)) {
        say(ret, FATE_NOTHING, "every site has its normal weight");
    } else if (view->refused_rule != NULL) {
        held(ret, view, final);
    } else if (view->wants_move && !final) {
        say(ret, FATE_PENDING, "being decided");
    } else if (view->wants_move) {
        say(ret, FATE_HELD, "not decided within %d s; see regionshift explain",
            ORDER_WAIT_MS / 1000);
    } else {
        struct group_view refused = *view;

        refused.refused_rule = "D2"; /* no region may gain: the gate of the one that cannot */
        refused.refused_reason = "gain";
        held(ret, &refused, final);
    }
}

static void ack_fate(const struct group_view *view, bool final, struct group_fate *ret)
{
    if (!view->drifted)
        say(ret, FATE_NOTHING, "there is no drift any more");
    else if (!final)
        say(ret, FATE_PENDING, "being decided");
    else
        say(ret, FATE_HELD,
            "the drift is not adopted: the group is frozen, a record set is missing, or no probe "
            "that may act can; see regionshift explain");
}

static void restore_text(const struct control_sources *now, const struct order *order,
                         uint32_t group, struct group_fate *ret)
{
    const struct group *g = &now->settings->groups[group];

    say(ret, FATE_IN_FORCE, "%s may gain weight again%s", now->settings->regions[order->region],
        g->failback == FAILBACK_MANUAL ? "; nothing returns by itself: regionshift failback" : "");
}

static void group_fate(const struct control_sources *now, const struct order *order,
                       const struct order *seen, uint32_t group, bool final, struct group_fate *ret)
{
    struct group_view view;

    engine_group(now->engine, group, &view);
    *ret = (struct group_fate){0};
    for (uint32_t i = 0; i < seen->obeyed_count; i++) {
        if (seen->obeyed[i].group == group)
            ret->epoch = seen->obeyed[i].epoch;
    }
    if (ret->epoch == 0 && view.has_head && strcmp(view.head.order, order->id) == 0)
        ret->epoch = view.head.epoch;
    if (ret->epoch != 0)
        say(ret, FATE_OBEYED, "epoch %llu obeys it", (unsigned long long)ret->epoch);
    else if (order->verb == ORDER_DRAIN || order->verb == ORDER_FAILBACK)
        move_fate(now, order, group, &view, final, ret);
    else if (order->verb == ORDER_ACK)
        ack_fate(&view, final, ret);
    else if (order->verb == ORDER_RESTORE)
        restore_text(now, order, group, ret);
    else
        say(ret, FATE_IN_FORCE,
            order->verb != ORDER_FREEZE ? "moves again, from fresh votes"
            : order->until_wall == 0    ? "no automatic move until thawed"
                                        : "no automatic move until its time is over, or thawed");
}

enum fate fate_look(const struct control_sources *now, const struct order *order,
                    const struct order *seen, bool final)
{
    enum fate worst = order->verb == ORDER_ACK ? FATE_IN_FORCE : FATE_NOTHING;
    struct group_fate fate;

    if (seen == NULL)
        return FATE_PENDING;
    for (uint32_t i = 0; i < now->settings->group_count; i++) {
        if (!concerns(now->settings, order, i))
            continue;
        group_fate(now, order, seen, i, final, &fate);
        if (fate.fate > worst)
            worst = fate.fate;
    }
    return worst;
}

/* ---- before it is written ---- */

static bool incident_is_open(const struct engine *engine, const char *id)
{
    struct incident_view views[256];
    uint32_t count = engine_incidents(engine, views, 256);

    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(views[i].id, id) == 0)
            return true;
    }
    return false;
}

/* A failback that has nothing to do would wait in the store, and move traffic some other day. */
static void failback_is_known(struct request *request, const struct order *order)
{
    const struct settings *settings = request->now.settings;
    const char *name = settings->groups[order->group].name;
    struct group_view view;

    engine_group(request->now.engine, order->group, &view);
    if (!view.has_head && view.head_form == VALUE_READ)
        reply_error(request, MHD_HTTP_CONFLICT, "refused",
                    "%s: D9 head: watched, never moved: run regionshift init first", name);
    else if (!view.has_head)
        reply_error(request, MHD_HTTP_CONFLICT, "refused",
                    "%s: D8 head-unreadable: the head decision cannot be read here; ask another "
                    "probe",
                    name);
    else if (is_normal(settings, order->group, &view))
        reply_json(request, MHD_HTTP_OK,
                   json_pack("{s:i, s:n, s:s, s:o, s:[]}", "v", 1, "order", "outcome",
                             fate_name(FATE_NOTHING), "text",
                             json_sprintf("%s: every site has its normal weight", name), "groups"));
}

bool fate_is_known(struct request *request, const struct order *order)
{
    if (request->now.dry_run)
        reply_error(request, MHD_HTTP_CONFLICT, "dry_run",
                    "this daemon runs dry (-n) and writes nothing: order through another probe");
    else if (!engine_store_ok(request->now.engine))
        reply_error(request, MHD_HTTP_SERVICE_UNAVAILABLE, "store_away",
                    "the store is away (S2): the order was not given; try another probe%s",
                    order->verb == ORDER_DRAIN ? ", or break the glass: drain --override" : "");
    else if (order->verb == ORDER_ACK && !incident_is_open(request->now.engine, order->incident))
        reply_error(request, MHD_HTTP_NOT_FOUND, "no_such_incident",
                    "no incident '%.100s' is open here; status lists them", order->incident);
    else if (order->verb == ORDER_FAILBACK)
        failback_is_known(request, order);
    return request->answered;
}

/* ---- the reply ---- */

static json_t *groups_of(const struct control_sources *now, const struct order *order,
                         const struct order *seen, const char **ret_rule, char *text, size_t size)
{
    json_t *list = json_array();
    enum fate worst = FATE_NOTHING;
    struct group_fate fate;

    for (uint32_t i = 0; i < now->settings->group_count; i++) {
        const char *name = now->settings->groups[i].name;

        if (!concerns(now->settings, order, i) || seen == NULL)
            continue;
        group_fate(now, order, seen, i, true, &fate);
        if (json_array_size(list) == 0 || fate.fate > worst) {
            worst = fate.fate;
            *ret_rule = fate.rule;
            snprintf(text, size, "%s: %s", name, fate.text);
        }
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:s?, s:s}", "group", name, "outcome", fate_name(fate.fate),
                      "epoch", fate.epoch != 0 ? json_integer((json_int_t)fate.epoch) : json_null(),
                      "rule", fate.rule, "text", fate.text));
    }
    return list;
}

void fate_reply(struct request *request, const struct order *order, const struct order *seen,
                bool stands)
{
    enum fate fate = fate_look(&request->now, order, seen, true);
    char text[SENTENCE_MAX + 1] = "recorded";
    const char *rule = NULL;
    json_t *groups = groups_of(&request->now, order, seen, &rule, text, sizeof(text));

    if (seen == NULL)
        snprintf(text, sizeof(text),
                 "written, but not seen again within %d s; see regionshift "
                 "status",
                 ORDER_WAIT_MS / 1000);
    if (fate < FATE_PENDING)
        reply_json(request, MHD_HTTP_OK,
                   json_pack("{s:i, s:s, s:s, s:s, s:o}", "v", 1, "order", order->id, "outcome",
                             fate_name(fate), "text", text, "groups", groups));
    else
        reply_json(request, MHD_HTTP_CONFLICT,
                   json_pack("{s:{s:s, s:s, s:s?}, s:s, s:b, s:o}", "error", "code", "refused",
                             "message", text, "rule", rule, "order", order->id, "stands", stands,
                             "groups", groups));
}
