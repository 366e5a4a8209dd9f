/* SPDX-License-Identifier: Apache-2.0 */
/* A confirmed break-glass as text: the order, and for each group that was shown the epoch of its
 * fence. */
#include <stdlib.h>
#include <string.h>

#include "event_form.h"

json_t *event_write_glass(const struct settings *settings, const struct event *event)
{
    const struct event_glass *glass = &event->glass;
    json_t *fences = json_object();
    size_t shown = 0;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        if (glass->fences[g] == GLASS_NOT_SHOWN)
            continue;
        json_object_set_new(fences, settings->groups[g].name,
                            json_integer((json_int_t)glass->fences[g]));
        shown++;
    }
    return json_pack("{s:s, s:o, s:o}", "id", glass->order->id, "order",
                     order_to_json(settings, glass->order), "fences", json_whole(fences, shown));
}

/* The epochs, by group; a complaint when one is none of ours, or is no epoch. */
static void take_fences(struct reading *r, uint64_t *ret_fences)
{
    const json_t *fences = json_take_object(&r->fields, "fences");
    size_t found = 0;

    for (uint32_t g = 0; g < r->settings->group_count; g++) {
        const json_t *epoch = json_object_get(fences, r->settings->groups[g].name);

        ret_fences[g] = GLASS_NOT_SHOWN;
        if (!json_is_integer(epoch) || json_integer_value(epoch) < 0)
            continue;
        ret_fences[g] = (uint64_t)json_integer_value(epoch);
        found++;
    }
    if (r->fields.object != NULL && found != json_object_size(fences))
        json_complain(&r->fields, "fences", "not each is a group of these settings and an epoch");
}

void event_read_glass(struct reading *r)
{
    struct event_glass *glass = &r->copy->event.glass;
    struct order *order = &r->copy->order;
    char id[ORDER_ID_MAX + 1] = "";
    const json_t *value;

    json_take_text(&r->fields, "id", id, sizeof(id));
    value = json_take_object(&r->fields, "order");
    r->copy->fences = malloc(((size_t)r->settings->group_count + 1) * sizeof(*r->copy->fences));
    if (r->copy->fences == NULL) {
        json_complain(&r->fields, "", "out of memory");
        return;
    }
    take_fences(r, r->copy->fences);
    if (r->fields.object != NULL)
        (void)order_from_json(r->settings, id, value, r->fields.report, order);
    if (r->fields.object != NULL && (order->verb != ORDER_DRAIN || !order->override))
        json_complain(&r->fields, "order", "no drain with override");
    memcpy(order->id, id, sizeof(id));
    glass->order = order;
    glass->fences = r->copy->fences;
}
