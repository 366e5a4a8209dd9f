/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of beacons (B1) and of the health checks that read them (B2), as text. */
#include <string.h>

#include "event_form.h"

json_t *event_write_latch(const struct settings *settings, const struct event *event)
{
    return json_pack("{s:s, s:s, s:I}", "group", settings->groups[event->latch.group].name,
                     "region", settings->regions[event->latch.region], "epoch",
                     (json_int_t)event->latch.epoch);
}

void event_read_latch(struct reading *r)
{
    r->copy->event.latch.group = take_name(r, "group", settings_group);
    r->copy->event.latch.region = take_name(r, "region", settings_region);
    r->copy->event.latch.epoch = take_number(r, "epoch");
}

json_t *event_write_attach(const struct settings *settings, const struct event *event)
{
    json_t *checks = json_object();
    size_t count = 0;

    for (uint32_t i = 0; i < settings->region_count; i++) {
        const char *id = event->attach.health[i];

        if (id[0] == '\0')
            continue;
        json_object_set_new(checks, settings->regions[i], json_string(id));
        count++;
    }
    return json_pack("{s:s, s:o}", "group", settings->groups[event->attach.group].name,
                     "health_checks", json_whole(checks, count));
}

void event_read_attach(struct reading *r)
{
    struct event_attach *attach = &r->copy->event.attach;
    const json_t *checks;
    struct json_fields inner;

    attach->group = take_name(r, "group", settings_group);
    checks = json_take_object(&r->fields, "health_checks");
    for (uint32_t i = 0; i < REGIONS_MAX; i++)
        r->copy->health[i] = "";
    attach->health = r->copy->health;
    if (checks == NULL)
        return;
    json_fields_begin(&inner, r->fields.report, "health_checks", checks);
    for (uint32_t i = 0; i < r->settings->region_count; i++) {
        const char *region = r->settings->regions[i];

        if (json_has(&inner, region))
            r->copy->health[i] = json_take_string(&inner, region, DECISION_HEALTH_MAX);
    }
    if (json_fields_close(&inner) < 0)
        r->fields.object = NULL;
}
