/* SPDX-License-Identifier: Apache-2.0 */
/* The record sets that are ours to change, as they stand in the zone, or as init would create them:
 * what other tools that own the zone (Terraform) have to know. */
#include "ready_facts.h"

#include "change.h"

static json_t *values_of(const char *const *values, uint32_t count)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(values[i]));
    return list;
}

static json_t *alias_of(const char *zone, const char *name, bool evaluate)
{
    return name[0] == '\0' ? json_null()
                           : json_pack("{s:s, s:s, s:b}", "zone", zone, "name", name,
                                       "evaluate_target_health", evaluate);
}

/* As the zone has it. */
static void add_read(json_t *item, const struct record_set *set)
{
    json_object_set_new(item, "weight", set->weight < 0 ? json_null() : json_integer(set->weight));
    json_object_set_new(item, "ttl", set->ttl_s < 0 ? json_null() : json_integer(set->ttl_s));
    json_object_set_new(item, "values", values_of(set->values, set->value_count));
    json_object_set_new(item, "alias",
                        alias_of(set->alias_zone, set->alias_name, set->alias_evaluate));
}

/* As the settings would create it. */
static void add_wanted(json_t *item, const struct settings *settings, const struct site_set *ours)
{
    bool is_alias = ours->alias_name[0] != '\0';

    json_object_set_new(item, "weight", json_integer(settings->sites[ours->site].weight));
    json_object_set_new(
        item, "ttl", is_alias ? json_null() : json_integer(settings->records[ours->record].ttl_s));
    json_object_set_new(item, "values", values_of(&ours->value, ours->value[0] != '\0'));
    json_object_set_new(item, "alias",
                        alias_of(ours->alias_zone, ours->alias_name, ours->alias_evaluate));
}

json_t *managed_of(const struct control_sources *now)
{
    const struct settings *settings = now->settings;
    json_t *list = json_array();

    for (uint32_t i = 0; i < settings->set_count; i++) {
        const struct site_set *ours = &settings->sets[i];
        const struct service_record *record = &settings->records[ours->record];
        const struct zone_view *view = ready_view(now, record->zone);
        const struct record_set *set = view != NULL ? change_find_set(view, settings, i) : NULL;
        json_t *item =
            json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "site", settings->sites[ours->site].name,
                      "zone", settings->zones[record->zone].id, "record", record->name, "type",
                      record->type, "set", ours->set, "in_zone", set != NULL);

        if (set != NULL)
            add_read(item, set);
        else
            add_wanted(item, settings, ours);
        json_array_append_new(list, item);
    }
    return list;
}
