/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a list of lines, in the order of update.h, each a word and what belongs to it. What has
 * a JSON form already (decisions, orders) is written in that form. */
#include "update_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_form.h"

enum { FACT_LINE_MAX = 1024 };

/* The lines so far. */
struct lines {
    const struct settings *settings;
    json_t *list;
    bool failed;
};

static void add_value(struct lines *lines, json_t *value)
{
    if (value == NULL || json_array_append_new(lines->list, value) < 0)
        lines->failed = true;
}

__attribute__((format(printf, 2, 3))) static void add(struct lines *lines, const char *format, ...)
{
    va_list args;
    json_t *line;

    va_start(args, format);
    line = json_vsprintf(format, args);
    va_end(args);
    add_value(lines, line);
}

/* "commit" and a JSON value, which is released. */
static void add_json(struct lines *lines, const char *word, json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

    if (text != NULL)
        add(lines, "%s %s", word, text);
    else
        lines->failed = true;
    free(text);
    json_decref(value);
}

/* ---- checks and votes ---- */

static void add_starts(struct lines *lines, const struct update *update)
{
    const struct settings *s = lines->settings;

    for (uint32_t i = 0; i < update->start_count; i++) {
        uint32_t token = update->starts[i];

        if (token < s->check_count)
            add(lines, "start %s check %u", s->sites[s->checks[token].site].name, token);
        else
            add(lines, "start reference %s", s->references[token - s->check_count].text);
    }
}

static void add_votes(struct lines *lines, const struct update *update)
{
    const struct settings *s = lines->settings;

    for (uint32_t i = 0; i < update->vote_count; i++)
        add_json(lines, "vote",
                 json_pack("{s:s, s:s, s:o}", "probe", s->electors[update->votes[i].probe].name,
                           "group", s->groups[update->votes[i].group].name, "vote",
                           vote_to_json(&update->votes[i])));
    if (update->suspects_changed)
        add(lines, "suspects %u", update->suspect_count);
    for (uint32_t i = 0; update->suspects_changed && i < update->suspect_count; i++)
        add(lines, "suspect %s", s->sites[update->suspects[i]].name);
}

/* ---- latches and commits ---- */

static void add_latches(struct lines *lines, const struct update *update)
{
    for (uint32_t i = 0; i < update->latch_count; i++) {
        const struct latch *latch = &update->latches[i];

        add(lines, "latch %s %s epoch %" PRIu64 " %s", lines->settings->groups[latch->group].name,
            lines->settings->regions[latch->region], latch->epoch, latch->set ? "set" : "withdraw");
    }
}

static json_t *votes_compared(const struct settings *settings, const struct commit *commit)
{
    json_t *votes = json_object();

    for (uint32_t i = 0; i < commit->vote_count; i++)
        json_object_set_new(votes, settings->electors[commit->votes[i].probe].name,
                            json_integer((json_int_t)commit->votes[i].revision));
    return json_whole(votes, commit->vote_count);
}

static json_t *ledger(const struct commit *commit)
{
    json_t *moves = json_array();

    for (uint32_t i = 0; i < commit->budget_count; i++)
        json_array_append_new(moves, json_integer(commit->budget[i]));
    return json_whole(moves, commit->budget_count);
}

static void add_commits(struct lines *lines, const struct update *update)
{
    const struct settings *s = lines->settings;

    for (uint32_t i = 0; i < update->commit_count; i++) {
        const struct commit *commit = &update->commits[i];

        add_json(
            lines, "commit",
            json_pack("{s:s, s:o, s:I, s:o, s:I, s:I, s:o, s:b, s:s, s:o}", "group",
                      s->groups[commit->decision.group].name, "decision",
                      decision_to_json(s, &commit->decision), "head_revision",
                      (json_int_t)commit->head_revision, "votes", votes_compared(s, commit),
                      "orders_revision", (json_int_t)commit->orders_revision, "budget_revision",
                      (json_int_t)commit->budget_revision, "budget", ledger(commit),
                      "writes_budget", (int)commit->writes_budget, "obeyed_id",
                      commit->obeyed != NULL ? commit->obeyed->id : "", "obeyed",
                      commit->obeyed != NULL ? order_to_json(s, commit->obeyed) : json_null()));
    }
}

/* ---- orders that only this probe knows ---- */

static void add_order(struct lines *lines, const char *what, const struct order *order)
{
    add_json(
        lines, what,
        json_pack("{s:s, s:o}", "id", order->id, "order", order_to_json(lines->settings, order)));
}

static void add_locals(struct lines *lines, const struct update *update)
{
    if (update->locals_changed)
        add(lines, "locals %u", update->local_count);
    for (uint32_t i = 0; i < update->local_count; i++)
        add_order(lines, "local", &update->locals[i]);
    for (uint32_t i = 0; i < update->keep_count; i++)
        add_order(lines, "keep", &update->keeps[i]);
    if (update->keep_count > 0)
        add(lines, "keeps revision %" PRIu64, update->keeps_revision);
}

/* ---- zones ---- */

static void add_zones(struct lines *lines, const struct update *update)
{
    const struct settings *s = lines->settings;

    for (uint32_t i = 0; i < update->zone_read_count; i++)
        add(lines, "read %s", s->zones[update->zone_reads[i]].id);
    for (uint32_t i = 0; i < update->batch_count; i++) {
        const struct batch *batch = &update->batches[i];

        add(lines, "batch %s %s epoch %" PRIu64 " nonce %s init %d items %u: %s",
            s->zones[batch->zone].id, s->groups[batch->group].name, batch->epoch, batch->nonce,
            (int)batch->is_init, batch->item_count, batch->comment);
        if (batch->is_attach)
            add(lines, "attach %s %s", s->zones[batch->zone].id, s->groups[batch->group].name);
        for (uint32_t j = 0; j < batch->item_count; j++)
            add_json(lines, batch->items[j].action == BATCH_DELETE ? "delete" : "create",
                     record_set_to_json(&batch->items[j].set));
    }
}

/* ---- alerts and facts ---- */

static void add_alerts(struct lines *lines, const struct update *update)
{
    for (uint32_t i = 0; i < update->alert_count; i++) {
        const struct alert *alert = &update->alerts[i];

        add_json(lines, "alert",
                 json_pack("{s:s, s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:s, s:s, s:s}", "event",
                           alert_event_name(alert->event), "phase",
                           alert->phase == ALERT_OPEN ? "open" : "resolved", "severity",
                           severity_name(alert->severity), "incident", alert->incident, "at",
                           (json_int_t)alert->at_wall, "group", alert->group, "region",
                           alert->region, "epoch", (json_int_t)alert->epoch, "probe", alert->probe,
                           "subject", alert->subject, "text", alert->text));
    }
}

static void add_facts(struct lines *lines, const struct update *update)
{
    char line[FACT_LINE_MAX];

    for (uint32_t i = 0; i < update->fact_count; i++) {
        fact_format(&update->facts[i], lines->settings, line, sizeof(line));
        add(lines, "fact %s", line);
    }
    if (update->facts_lost > 0)
        add(lines, "facts lost %u", update->facts_lost);
}

int update_text_write(const struct settings *settings, const struct update *update, char *out,
                      size_t size)
{
    struct lines lines = {.settings = settings, .list = json_array()};

    add_starts(&lines, update);
    add_votes(&lines, update);
    add_latches(&lines, update);
    add_commits(&lines, update);
    add_locals(&lines, update);
    add_zones(&lines, update);
    add_alerts(&lines, update);
    add_facts(&lines, update);
    if (!lines.failed)
        return json_print(lines.list, out, size);
    json_decref(lines.list);
    return -1;
}
