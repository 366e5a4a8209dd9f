/* SPDX-License-Identifier: Apache-2.0 */
/* What Route 53 told, as text: a zone with every attribute of its record sets, because a batch
 * names all of them again (C1). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "event_form.h"

enum { TEXT_MAX = 4096 /* bytes of one attribute or value; a TXT value has at most 4,000 */ };

static uint32_t find_zone(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->zone_count; i++) {
        if (strcmp(settings->zones[i].id, name) == 0)
            return i;
    }
    return NONE;
}

/* ---- writing ---- */

static json_t *values_to_json(const struct record_set *set)
{
    json_t *values = json_array();

    for (uint32_t i = 0; i < set->value_count; i++)
        json_array_append_new(values, json_string(set->values[i]));
    return json_whole(values, set->value_count);
}

json_t *record_set_to_json(const struct record_set *set)
{
    return json_pack(
        "{s:s, s:s, s:s, s:i, s:I, s:o, s:s, s:s, s:b, s:s, s:s, s:s, s:b}", "name", set->name,
        "type", set->type, "set", set->set, "weight", set->weight, "ttl", (json_int_t)set->ttl_s,
        "values", values_to_json(set), "alias_zone", set->alias_zone, "alias_name", set->alias_name,
        "alias_evaluate", (int)set->alias_evaluate, "health_check", set->health_check, "region",
        set->region, "failover", set->failover, "other_routing", (int)set->other_routing);
}

static json_t *view_to_json(const struct zone_view *view)
{
    json_t *sets = json_array();

    for (uint32_t i = 0; i < view->set_count; i++)
        json_array_append_new(sets, record_set_to_json(&view->sets[i]));
    return json_pack("{s:s, s:s, s:o}", "apex", view->apex, "nonce", view->nonce, "sets",
                     json_whole(sets, view->set_count));
}

json_t *event_write_zone(const struct settings *settings, const struct event *event)
{
    const struct event_zone *zone = &event->zone;

    return json_pack("{s:s, s:s, s:o}", "zone", settings->zones[zone->zone].id, "outcome",
                     route53_outcome_name(zone->outcome), "view",
                     zone->view != NULL ? view_to_json(zone->view) : json_null());
}

/* ---- reading ---- */

/* Takes one record set; its values go to *values, which moves on. */
static void read_set(struct reading *r, const json_t *value, struct record_set *set,
                     const char ***values)
{
    struct json_fields f;
    const json_t *list;

    json_fields_begin(&f, r->fields.report, "record set", value);
    set->name = json_take_string(&f, "name", TEXT_MAX);
    set->type = json_take_string(&f, "type", TEXT_MAX);
    set->set = json_take_string(&f, "set", TEXT_MAX);
    set->weight = (int)json_take_integer(&f, "weight", -1, INT32_MAX);
    set->ttl_s = json_take_integer(&f, "ttl", -1, INT64_MAX);
    list = json_take_array(&f, "values", EVENT_VALUES_MAX);
    set->alias_zone = json_take_string(&f, "alias_zone", TEXT_MAX);
    set->alias_name = json_take_string(&f, "alias_name", TEXT_MAX);
    set->alias_evaluate = json_take_boolean(&f, "alias_evaluate");
    set->health_check = json_take_string(&f, "health_check", TEXT_MAX);
    set->region = json_take_string(&f, "region", TEXT_MAX);
    set->failover = json_take_string(&f, "failover", TEXT_MAX);
    set->other_routing = json_take_boolean(&f, "other_routing");
    set->values = *values;
    for (size_t i = 0; f.object != NULL && i < json_array_size(list); i++) {
        const json_t *text = json_array_get(list, i);

        if (!json_is_string(text))
            json_complain(&f, "values", "a member is not a string");
        *(*values)++ = json_string_value(text);
    }
    set->value_count = (uint32_t)json_array_size(list);
    if (json_fields_close(&f) < 0)
        r->fields.object = NULL;
}

/* Values of all sets together: what has to be allocated. */
static size_t count_values(const json_t *sets)
{
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(sets); i++)
        count += json_array_size(json_object_get(json_array_get(sets, i), "values"));
    return count;
}

static void read_sets(struct reading *r, const json_t *sets)
{
    struct event_copy *copy = r->copy;
    const char **values;

    copy->sets = calloc(json_array_size(sets) + 1, sizeof(*copy->sets));
    copy->values = calloc(count_values(sets) + 1, sizeof(*copy->values));
    values = copy->values;
    if (copy->sets == NULL || copy->values == NULL) {
        json_complain(&r->fields, "", "out of memory");
        return;
    }
    for (size_t i = 0; r->fields.object != NULL && i < json_array_size(sets); i++)
        read_set(r, json_array_get(sets, i), &copy->sets[i], &values);
    copy->view.sets = copy->sets;
    copy->view.set_count = (uint32_t)json_array_size(sets);
}

static void read_view(struct reading *r, const json_t *value)
{
    struct zone_view *view = &r->copy->view;
    struct json_fields f;

    view->zone = r->copy->event.zone.zone;
    json_fields_begin(&f, r->fields.report, "view", value);
    view->apex = json_take_string(&f, "apex", TEXT_MAX);
    json_take_text(&f, "nonce", view->nonce, sizeof(view->nonce));
    read_sets(r, json_take_array(&f, "sets", EVENT_SETS_MAX));
    if (json_fields_close(&f) < 0)
        r->fields.object = NULL;
}

void event_read_zone(struct reading *r)
{
    struct event_zone *zone = &r->copy->event.zone;
    const json_t *value;

    zone->zone = take_name(r, "zone", find_zone);
    zone->outcome = take_outcome(r);
    value = json_take_value(&r->fields, "view");
    if (value == NULL || json_is_null(value))
        return;
    read_view(r, value);
    zone->view = &r->copy->view;
}

/* ---- a change ---- */

/* Zone, group and epoch: what names a change in every event about it. */
struct change_name {
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
};

static json_t *change_to_json(const struct settings *settings, uint32_t zone, uint32_t group,
                              uint64_t epoch)
{
    return json_pack("{s:s, s:s, s:I}", "zone", settings->zones[zone].id, "group",
                     settings->groups[group].name, "epoch", (json_int_t)epoch);
}

static struct change_name take_change(struct reading *r)
{
    struct change_name name;

    name.zone = take_name(r, "zone", find_zone);
    name.group = take_name(r, "group", settings_group);
    name.epoch = take_number(r, "epoch");
    return name;
}

json_t *event_write_change(const struct settings *settings, const struct event *event)
{
    const struct event_change *change = &event->change;
    json_t *object = change_to_json(settings, change->zone, change->group, change->epoch);

    json_object_set_new(object, "outcome", json_string(route53_outcome_name(change->outcome)));
    return object;
}

void event_read_change(struct reading *r)
{
    struct change_name name = take_change(r);

    r->copy->event.change =
        (struct event_change){name.zone, name.group, name.epoch, take_outcome(r)};
}

json_t *event_write_insync(const struct settings *settings, const struct event *event)
{
    const struct event_insync *insync = &event->insync;

    return change_to_json(settings, insync->zone, insync->group, insync->epoch);
}

void event_read_insync(struct reading *r)
{
    struct change_name name = take_change(r);

    r->copy->event.insync = (struct event_insync){name.zone, name.group, name.epoch};
}

json_t *event_write_stranded(const struct settings *settings, const struct event *event)
{
    const struct event_stranded *stranded = &event->stranded;
    json_t *object = change_to_json(settings, stranded->zone, stranded->group, stranded->epoch);

    json_object_set_new(object, "is_known", json_boolean(stranded->is_known));
    return object;
}

void event_read_stranded(struct reading *r)
{
    struct change_name name = take_change(r);
    bool is_known = json_take_boolean(&r->fields, "is_known");

    r->copy->event.stranded = (struct event_stranded){name.zone, name.group, name.epoch, is_known};
}

static json_t *servers_to_json(const struct settings *settings, const struct event_servers *servers)
{
    json_t *object = change_to_json(settings, servers->zone, servers->group, servers->epoch);

    json_object_set_new(object, "current", json_integer(servers->current));
    json_object_set_new(object, "answered", json_integer(servers->answered));
    json_object_set_new(object, "asked", json_integer(servers->asked));
    return object;
}

json_t *event_write_servers(const struct settings *settings, const struct event *event)
{
    return servers_to_json(settings, &event->servers);
}

json_t *event_write_resolvers(const struct settings *settings, const struct event *event)
{
    return servers_to_json(settings, &event->resolvers);
}

static uint32_t take_count(struct reading *r, const char *key)
{
    return (uint32_t)json_take_integer(&r->fields, key, 0, UINT32_MAX);
}

static void take_servers(struct reading *r, struct event_servers *servers)
{
    struct change_name name = take_change(r);

    servers->zone = name.zone;
    servers->group = name.group;
    servers->epoch = name.epoch;
    servers->current = take_count(r, "current");
    servers->answered = take_count(r, "answered");
    servers->asked = take_count(r, "asked");
}

void event_read_servers(struct reading *r)
{
    take_servers(r, &r->copy->event.servers);
}

void event_read_resolvers(struct reading *r)
{
    take_servers(r, &r->copy->event.resolvers);
}
