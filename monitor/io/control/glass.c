/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is decided here: the engine says what would change (engine_glass) and what became of the
 * order; this file says it in words and carries the confirmation. */
#include "glass.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "log.h"

/* ---- the body ---- */

static bool take_fence(struct request *request, const char *name, const json_t *epoch,
                       uint64_t *fences)
{
    uint32_t group = piece_group(request, name);

    if (group == NONE)
        return false;
    if (!json_is_integer(epoch) || json_integer_value(epoch) < 0) {
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_order",
                    "break_glass: %.60s: must be the epoch of its fence, as it was shown", name);
        return false;
    }
    fences[group] = (uint64_t)json_integer_value(epoch);
    return true;
}

static bool take_fences(struct request *request, json_t *groups, uint64_t *fences)
{
    const char *name;
    json_t *epoch;

    for (uint32_t g = 0; g < request->now.settings->group_count; g++)
        fences[g] = GLASS_NOT_SHOWN;
    json_object_foreach(groups, name, epoch)
    {
        if (!take_fence(request, name, epoch, fences))
            return false;
    }
    return true;
}

bool glass_body_take(struct request *request, json_t *body, const struct order *order,
                     struct glass_confirm *ret_confirm)
{
    json_t *groups = json_object_get(body, "break_glass");
    uint64_t *fences;

    ret_confirm->fences = NULL;
    if (groups == NULL)
        return true;
    if (!json_is_object(groups) || json_object_size(groups) == 0 || order->verb != ORDER_DRAIN ||
        !order->override) {
        reply_error(request, MHD_HTTP_BAD_REQUEST, "bad_order",
                    "break_glass: belongs to a drain with override, and names each group and the "
                    "epoch of its fence: {\"GROUP\": EPOCH}");
        return false;
    }
    fences = calloc(request->now.settings->group_count, sizeof(*fences));
    if (fences == NULL) {
        reply_json(request, MHD_HTTP_OK, NULL);
        return false;
    }
    if (!take_fences(request, groups, fences)) {
        free(fences);
        return false;
    }
    ret_confirm->fences = fences;
    return true;
}

/* ---- words ---- */

/* What a rule means for who stands there with a burning region. */
static const char *refusal_text(const char *reason)
{
    static const struct {
        const char *reason;
        const char *text;
    } texts[] = {
        {"store-answers", "the store answers: give the order without break-glass"},
        {"dry-run", "this daemon runs dry (-n) and changes nothing: ask another probe"},
        {"may-not-act", "this probe has may_act = false: ask one that may act"},
        {"self", "this probe's clock or loop had a gap: it watches for 30 s; ask another probe"},
        {"zone-not-read", "this probe has not read the zone yet: try again, or ask another probe"},
        {"zone-unreadable", "Route 53 did not answer: nothing was sent"},
        {"zone-moved-on", "the zone's fence is not the one that was shown: somebody wrote there; "
                          "look at what it would be now, and confirm that"},
        {"head", "the group was never taken on: no head is known and the zone has no fence (init)"},
        {"record-set-missing",
         "a record set of the group is missing, or not weighted, in the zone"},
        {"no-weight", "the region serves no traffic here"},
        {"no-region-may-gain", "no region may take its traffic: each other one is drained, or down "
                               "as this probe sees it"},
        {"all-down", "every region that could take its traffic is drained or down"},
        {"all-zero", "a service would have no weight at all"},
        {"undecided", "another region would leave, too, on the word of one probe"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (strcmp(texts[i].reason, reason) == 0)
            return texts[i].text;
    }
    return reason;
}

static json_t *refusal_json(const char *rule, const char *reason)
{
    return rule == NULL ? json_null()
                        : json_pack("{s:s, s:s, s:s}", "rule", rule, "reason", reason, "text",
                                    refusal_text(reason));
}

static json_t *gives_up(void)
{
    return json_pack(
        "[s, s, s, s]",
        "no quorum: this one probe acts by your word alone; what it sees itself is shown",
        "no dwell, no budget, no freeze, no drift: none of them holds this back, and the move is "
        "not "
        "counted",
        "the others do not know: they find a fence above their head when the store is back, and "
        "take the zone as it is (C7)",
        "the order is kept on this probe's disk only until the store has it; the region stays "
        "drained until `regionshift restore`");
}

/* ---- what would be done ---- */

/* This probe's own word on a site: the worst of its checks. */
static const char *seen_here(const struct control_sources *now, uint32_t site)
{
    const struct site *s = &now->settings->sites[site];
    const char *word = "up";

    if (s->check_count == 0)
        return "not checked";
    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        const struct verdict *verdict = engine_verdict(now->engine, i);

        if (verdict->state == VERDICT_DOWN)
            return verdict_state_name(VERDICT_DOWN);
        if (verdict->state != VERDICT_UP)
            word = verdict_state_name(verdict->state);
    }
    return word;
}

static json_t *sites_of(const struct control_sources *now, uint32_t index,
                        const struct glass_view *view)
{
    const struct group *group = &now->settings->groups[index];
    json_t *list = json_array();

    for (uint32_t k = 0; k < group->site_count; k++)
        json_array_append_new(list,
                              json_pack("{s:s, s:i, s:i, s:s}", "site",
                                        now->settings->sites[group->sites[k]].name, "weight_before",
                                        view->before[k], "weight_after", view->after[k],
                                        "seen_here", seen_here(now, group->sites[k])));
    return list;
}

static json_t *change_of(const struct control_sources *now, uint32_t group,
                         const struct glass_view *view)
{
    struct decision decision = {.group = group,
                                .kind = DECISION_LEAVE,
                                .epoch = view->epoch,
                                .weights = view->after,
                                .base = view->before};

    return batches_of(now, &decision);
}

static json_t *group_of(const struct control_sources *now, uint32_t group,
                        const struct glass_view *view)
{
    bool may = view->rule == NULL;

    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o}", "group", now->settings->groups[group].name,
                     "fence", (json_int_t)view->fence, "epoch",
                     may ? json_integer((json_int_t)view->epoch) : json_null(), "refused",
                     refusal_json(view->rule, view->reason), "sites",
                     may ? sites_of(now, group, view) : json_array(), "change",
                     may ? change_of(now, group, view) : json_array());
}

static bool group_has_region(const struct settings *settings, uint32_t group, uint32_t region)
{
    const struct group *g = &settings->groups[group];

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (settings->sites[g->sites[k]].region == region)
            return true;
    }
    return false;
}

/* What is shown, and what is to be confirmed; the first refusal, should nothing be possible. */
struct shown {
    json_t *groups;
    json_t *confirm;
    const char *rule;
    const char *reason;
    const char *group;
};

static void show_groups(const struct control_sources *now, const struct order *order,
                        struct shown *shown)
{
    for (uint32_t g = 0; g < now->settings->group_count; g++) {
        const char *name = now->settings->groups[g].name;
        struct glass_view view;

        if (!group_has_region(now->settings, g, order->region))
            continue;
        engine_glass(now->engine, g, order->region, &view);
        json_array_append_new(shown->groups, group_of(now, g, &view));
        if (view.rule == NULL) {
            json_object_set_new(shown->confirm, name, json_integer((json_int_t)view.fence));
        } else if (shown->rule == NULL) {
            shown->rule = view.rule;
            shown->reason = view.reason;
            shown->group = name;
        }
    }
}

static void show(struct request *request, const struct order *order)
{
    const struct control_sources *now = &request->now;
    struct shown shown = {.groups = json_array(), .confirm = json_object()};
    const struct settings *settings = now->settings;
    bool possible;

    show_groups(now, order, &shown);
    possible = json_object_size(shown.confirm) > 0;
    if (!possible)
        reply_json(request, MHD_HTTP_CONFLICT,
                   json_pack("{s:{s:s, s:o, s:s?}, s:O}", "error", "code", "refused", "message",
                             json_sprintf("%s: %s %s: %s", shown.group, shown.rule, shown.reason,
                                          refusal_text(shown.reason)),
                             "rule", shown.rule, "groups", shown.groups));
    else
        reply_json(
            request, MHD_HTTP_CONFLICT,
            json_pack("{s:{s:s, s:s, s:s}, s:s, s:s, s:O, s:O, s:o}", "error", "code", "confirm",
                      "message",
                      "the store is away (S2): without it only break-glass is left, straight "
                      "through the zone's fence; it has to be confirmed",
                      "rule", "S2", "probe", settings->electors[settings->self].name, "region",
                      settings->regions[order->region], "break_glass", shown.confirm, "groups",
                      shown.groups, "gives_up", gives_up()));
    json_decref(shown.groups);
    json_decref(shown.confirm);
}

/* ---- may it go to the engine? ---- */

const struct order *glass_local_drain(const struct engine *engine, uint32_t region)
{
    const struct order *orders;
    uint32_t count = engine_orders(engine, &orders);

    for (uint32_t i = count; i-- > 0;) {
        if (order_is_local(&orders[i]) && orders[i].verb == ORDER_DRAIN &&
            orders[i].region == region)
            return &orders[i];
    }
    return NULL;
}

bool glass_is_meant(struct request *request, const struct order *order,
                    const struct glass_confirm *confirm)
{
    const struct control_sources *now = &request->now;
    bool away = !engine_store_ok(now->engine);

    if (now->dry_run)
        return false;
    if (!away && confirm->fences != NULL)
        reply_error(request, MHD_HTTP_CONFLICT, "store_answers",
                    "S2: the store answers again: nothing was done without it; give the order as "
                    "usual");
    if (!away)
        return false;
    if (order->verb == ORDER_RESTORE)
        return glass_local_drain(now->engine, order->region) != NULL;
    if (order->verb != ORDER_DRAIN || !order->override)
        return false;
    if (confirm->fences != NULL)
        return true;
    show(request, order);
    return false;
}

/* ---- to the engine ---- */

/* What the event points to, until it has been stepped. */
struct told {
    struct order order;
    uint64_t *fences;
};

static void told_free(void *block)
{
    struct told *told = block;

    free(told->fences);
    free(told);
}

void glass_tell(struct control *control, const struct order *order, struct glass_confirm *confirm)
{
    struct told *told = calloc(1, sizeof(*told));
    struct event event = {.kind = EVENT_GLASS};

    if (told == NULL)
        abort(); /* an order that was taken and then lost is worse than a restart */
    told->order = *order;
    told->fences = confirm->fences;
    confirm->fences = NULL;
    event.glass = (struct event_glass){&told->order, told->fences};
    control->hooks.teller.tell(control->hooks.teller.context, &event, told_free, told);
}

void glass_take_back(struct control *control, const struct order *drain)
{
    struct order *gone = malloc(sizeof(*gone));
    struct event event = {.kind = EVENT_ORDER, .order = {.present = false, .order = gone}};

    if (gone == NULL)
        abort();
    *gone = *drain;
    control->hooks.teller.tell(control->hooks.teller.context, &event, free, gone);
}

/* ---- what became of it ---- */

enum { GLASS_TEXT_MAX = 255 };

struct outcome {
    const char *word; /* NULL: this group is not concerned */
    const char *rule;
    uint64_t epoch;
    bool done;
    char text[GLASS_TEXT_MAX + 1];
};

static const struct order *find(const struct engine *engine, const char *id)
{
    const struct order *orders;
    uint32_t count = engine_orders(engine, &orders);

    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(orders[i].id, id) == 0)
            return &orders[i];
    }
    return NULL;
}

__attribute__((format(printf, 3, 4))) static void say(struct outcome *outcome, const char *word,
                                                      const char *format, ...)
{
    va_list args;

    outcome->word = word;
    va_start(args, format);
    vsnprintf(outcome->text, sizeof(outcome->text), format, args);
    va_end(args);
}

static void outcome_of(const struct control_sources *now, const struct order *order,
                       const struct order *seen, uint32_t group, struct outcome *ret)
{
    struct group_view view;

    *ret = (struct outcome){.done = true};
    engine_group(now->engine, group, &view);
    for (uint32_t i = 0; seen != NULL && i < seen->obeyed_count; i++) {
        if (seen->obeyed[i].group == group)
            ret->epoch = seen->obeyed[i].epoch;
    }
    if (strcmp(view.glass_order, order->id) != 0 && ret->epoch == 0)
        return;
    ret->rule = ret->epoch == 0 ? view.glass_rule : NULL;
    if (ret->rule != NULL) {
        say(ret, "held", "%s %s: %s", view.glass_rule, view.glass_reason,
            refusal_text(view.glass_reason));
    } else if (ret->epoch == 0) {
        ret->done = false;
        say(ret, "pending", "the zone is being read");
    } else if (view.fence_min >= ret->epoch) {
        say(ret, "obeyed", "the zone is at epoch %llu, by this probe alone; the store will know",
            (unsigned long long)ret->epoch);
    } else {
        ret->done = false;
        say(ret, "pending",
            "epoch %llu is decided, and Route 53 has not taken it yet: it is tried again; status "
            "shows how far",
            (unsigned long long)ret->epoch);
    }
}

bool glass_look_at(const struct control_sources *now, const struct order *order)
{
    const struct order *seen = find(now->engine, order->id);
    bool told = seen != NULL;
    bool done = true;

    for (uint32_t g = 0; g < now->settings->group_count; g++) {
        struct outcome outcome;

        outcome_of(now, order, seen, g, &outcome);
        told |= outcome.word != NULL;
        done &= outcome.done;
    }
    return told && done;
}

static json_t *outcomes_of(const struct control_sources *now, const struct order *order,
                           struct outcome *ret_worst, bool *ret_obeyed)
{
    const struct order *seen = find(now->engine, order->id);
    json_t *list = json_array();

    say(ret_worst, "held", "the engine did not take it: the store may have come back; see status");
    for (uint32_t g = 0; g < now->settings->group_count; g++) {
        struct outcome outcome;

        outcome_of(now, order, seen, g, &outcome);
        if (outcome.word == NULL)
            continue;
        if (json_array_size(list) == 0 || outcome.rule != NULL)
            *ret_worst = outcome;
        *ret_obeyed |= outcome.epoch != 0;
        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:o, s:s?, s:s}", "group", now->settings->groups[g].name,
                      "outcome", outcome.word, "epoch",
                      outcome.epoch != 0 ? json_integer((json_int_t)outcome.epoch) : json_null(),
                      "rule", outcome.rule, "text", outcome.text));
    }
    return list;
}

void glass_reply(struct request *request, const struct order *order)
{
    struct outcome worst = {0};
    bool obeyed = false;
    json_t *groups = outcomes_of(&request->now, order, &worst, &obeyed);

    if (order->verb == ORDER_RESTORE) {
        json_decref(groups);
        reply_json(request, MHD_HTTP_OK,
                   json_pack("{s:i, s:s, s:s, s:o, s:[]}", "v", 1, "order", order->id, "outcome",
                             "in-force", "text",
                             json_sprintf("the drain of %s, which only this probe knew, is taken "
                                          "back; nothing returns by itself",
                                          request->now.settings->regions[order->region]),
                             "groups"));
    } else if (obeyed) {
        reply_json(request, MHD_HTTP_OK,
                   json_pack("{s:i, s:s, s:s, s:s, s:b, s:o}", "v", 1, "order", order->id,
                             "outcome", worst.word, "text", worst.text, "break_glass", 1, "groups",
                             groups));
    } else {
        reply_json(request, MHD_HTTP_CONFLICT,
                   json_pack("{s:{s:s, s:s, s:s?}, s:s, s:b, s:o}", "error", "code", "refused",
                             "message", worst.text, "rule", worst.rule, "order", order->id,
                             "stands", 0, "groups", groups));
    }
}
