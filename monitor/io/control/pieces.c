/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of JSON that several subjects share. Values carry names, never indices. */
#include "server.h"

#include <stdio.h>

#include "log.h"

json_t *piece_time(wall_t wall)
{
    char text[WALL_TEXT_MAX];

    if (wall <= 0)
        return json_null();
    wall_format(wall, text);
    return json_string(text);
}

json_t *piece_seconds(msec_t ms)
{
    return ms < 0 ? json_null() : json_real((double)ms / 1000.0);
}

json_t *piece_us(usec_t us)
{
    return us < 0 ? json_null() : json_real((double)us / 1e6);
}

static json_t *number(int64_t value)
{
    return value < 0 ? json_null() : json_integer(value);
}

json_t *piece_gates(const struct gate *gates, uint32_t count)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < count; i++) {
        const struct gate *gate = &gates[i];

        json_array_append_new(list, json_pack("{s:s, s:s, s:b, s:o, s:o, s:s}", "rule", gate->rule,
                                              "name", gate->name, "open", gate->open, "value",
                                              number(gate->value), "limit", number(gate->limit),
                                              "text", gate->text));
    }
    return list;
}

json_t *piece_zones(const struct engine *engine, const struct settings *settings, uint32_t group)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < settings->groups[group].zone_count; i++) {
        struct zone_step step;
        engine_zone_step(engine, group, i, &step);
        json_array_append_new(
            list,
            json_pack("{s:s, s:o, s:b, s:s, s:o}", "zone", settings->zones[step.zone].id,
                      "fence_epoch",
                      step.known ? json_integer((json_int_t)step.fence) : json_null(), "drifted",
                      step.drifted, "change", change_state_name(step.change), "held_by",
                      step.wait_rule != NULL ? json_string(step.wait_rule) : json_null()));
    }
    return list;
}

json_t *piece_weights(const struct settings *settings, uint32_t group, const int *weights)
{
    const struct group *g = &settings->groups[group];
    json_t *object = json_object();

    for (uint32_t k = 0; k < g->site_count; k++)
        json_object_set_new(object, settings->sites[g->sites[k]].name, json_integer(weights[k]));
    return object;
}

json_t *piece_names(const struct settings *settings, probe_set probes)
{
    json_t *list = json_array();

    for (uint32_t p = 0; p < settings->elector_count; p++) {
        if (probes >> p & 1)
            json_array_append_new(list, json_string(settings->electors[p].name));
    }
    return list;
}

uint32_t piece_group(struct request *request, const char *name)
{
    const struct settings *settings = request->now.settings;
    uint32_t group = settings_group(settings, name);
    char names[SENTENCE_MAX / 2] = "";
    size_t used = 0;

    if (group != NONE)
        return group;
    for (uint32_t i = 0; i < settings->group_count && used < sizeof(names); i++)
        used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ", " : "",
                                 settings->groups[i].name);
    reply_error(request, MHD_HTTP_NOT_FOUND, "no_such_group",
                "the settings have no group of this name; there are: %s", names);
    return NONE;
}
