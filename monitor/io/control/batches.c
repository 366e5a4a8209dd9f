/* SPDX-License-Identifier: Apache-2.0 */
/* The exact change that a decision would be, zone by zone: built by change_build(), the function
 * that the engine sends with, from the zone as it was read last. Nothing is written. */
#include "ready_facts.h"

#include <stdlib.h>
#include <string.h>

#include "batch_guard.h"
#include "change.h"
#include "route53_xml.h"

enum { PROBLEM_MAX = 512 };

static json_t *values_of(const struct record_set *set)
{
    json_t *values = json_array();

    for (uint32_t i = 0; i < set->value_count; i++)
        json_array_append_new(values, json_string(set->values[i]));
    if (set->alias_name[0] != '\0')
        json_array_append_new(values, json_sprintf("alias %s", set->alias_name));
    return values;
}

static json_t *item_of(const struct batch_item *item)
{
    const struct record_set *set = &item->set;

    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "action",
        item->action == BATCH_DELETE ? "DELETE" : "CREATE", "name", set->name, "type", set->type,
        "set", set->set, "weight", set->weight < 0 ? json_null() : json_integer(set->weight), "ttl",
        set->ttl_s < 0 ? json_null() : json_integer(set->ttl_s), "values", values_of(set));
}

static const char *problem_text(const char *reason)
{
    if (strcmp(reason, "record-set-missing") == 0)
        return "a record set is missing in the zone, and the settings give no value to create it "
               "with: create it, or set the site's value and run regionshift init";
    if (strcmp(reason, "not-weighted") == 0)
        return "a record set of the settings is not a weighted one in the zone: regionshift "
               "changes only weighted sets";
    return "a name is too long for the fence's record";
}

static json_t *problem_of(const struct settings *settings, const struct zone_view *view,
                          const char *code, const char *text)
{
    return json_pack("{s:s, s:s, s:[], s:{s:s, s:s}, s:n, s:n}", "zone",
                     settings->zones[view->zone].id, "apex", view->apex, "items", "problem", "code",
                     code, "text", text, "nonce", "body");
}

/* The request's body, as route53.c writes it; null: it cannot be written as XML. */
static json_t *body_of(const struct batch *batch)
{
    struct buffer body;
    json_t *text = NULL;

    buffer_init(&body, ROUTE53_BATCH_MAX);
    if (route53_batch_write(batch, &body) == 0)
        text = json_stringn(buffer_text(&body), body.length);
    buffer_clear(&body);
    return text != NULL ? text : json_null();
}

static json_t *build(const struct settings *settings, const struct decision *decision,
                     const struct zone_view *view, struct change_space *space)
{
    char error[PROBLEM_MAX] = "";
    const char *reason = "";
    struct batch batch;
    json_t *items;

    if (change_build(settings, decision, view, space, &batch, &reason) < 0)
        return problem_of(settings, view, reason, problem_text(reason));
    if (batch_guard(settings, &batch, view, error, sizeof(error)) != BATCH_ALLOWED)
        return problem_of(settings, view, "guarded", error);
    items = json_array();
    for (uint32_t i = 0; i < batch.item_count; i++)
        json_array_append_new(items, item_of(&batch.items[i]));
    return json_pack("{s:s, s:s, s:o, s:n, s:s, s:o}", "zone", settings->zones[view->zone].id,
                     "apex", view->apex, "items", items, "problem", "nonce", view->nonce, "body",
                     body_of(&batch));
}

static json_t *batch_of(const struct control_sources *now, const struct decision *decision,
                        uint32_t zone)
{
    const struct settings *settings = now->settings;
    uint32_t items = 2 * settings->set_count + 2;
    char fence[1][FENCE_TEXT_MAX + 1];
    char name[1][FENCE_TEXT_MAX + 1];
    char comment[1][256];
    const char *value;
    struct change_space space = {.items = calloc(items, sizeof(*space.items)),
                                 .fence = fence,
                                 .fence_name = name,
                                 .fence_value = &value,
                                 .comment = comment};
    struct zones_status status = {.message = ""};
    const struct zone_view *view = ready_view(now, zone); /* a batch is made of a reading of now */
    json_t *batch;

    if (now->zones != NULL)
        zones_status(now->zones, zone, &status);
    if (space.items == NULL || view == NULL)
        batch =
            json_pack("{s:s, s:n, s:[], s:{s:s, s:o}, s:n, s:n}", "zone", settings->zones[zone].id,
                      "apex", "items", "problem", "code", "zone-not-read", "text",
                      json_sprintf("this probe has not read the zone%s%s",
                                   status.message[0] != '\0' ? ": " : "", status.message),
                      "nonce", "body");
    else
        batch = build(settings, decision, view, &space);
    free(space.items);
    return batch;
}

json_t *batches_of(const struct control_sources *now, const struct decision *decision)
{
    const struct group *group = &now->settings->groups[decision->group];
    json_t *list = json_array();

    for (uint32_t i = 0; i < group->zone_count; i++)
        json_array_append_new(list, batch_of(now, decision, group->zones[i]));
    return list;
}

const struct record_set *batches_find_set(const struct control_sources *now, uint32_t set)
{
    const struct settings *settings = now->settings;
    struct zones_status status = {.view = NULL};

    if (now->zones != NULL)
        zones_status(now->zones, settings->records[settings->sets[set].record].zone, &status);
    return status.view != NULL ? change_find_set(status.view, settings, set) : NULL;
}
