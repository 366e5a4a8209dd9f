/* SPDX-License-Identifier: Apache-2.0 */
/* An operator's word as it stands in the store. It is written once by who gave it, and amended by
 * who obeys or ends it: whatever else its writer said, a newer release's fields and the marks of
 * groups which our settings do not name, stays as it was. */
#include "store_json.h"

#include <string.h>

#include "store_form.h"

enum { WORD_MAX = 32 };

/* ---- writing ---- */

static json_t *obeyed_to_json(const struct settings *settings, const struct order *order)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < order->obeyed_count; i++) {
        const struct order_obeyed *obeyed = &order->obeyed[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:I}", "group", settings->groups[obeyed->group].name,
                                        "epoch", (json_int_t)obeyed->epoch));
    }
    return json_whole(list, order->obeyed_count);
}

json_t *order_to_json(const struct settings *settings, const struct order *order)
{
    const char *region = order->region == NONE ? "" : settings->regions[order->region];
    const char *group = order->group == NONE ? "" : settings->groups[order->group].name;

    return store_form_stamp(
        json_pack("{s:i, s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:I, s:I, s:o}", "v", STORE_MAJOR,
                  "verb", order_verb_name(order->verb), "region", region, "group", group,
                  "incident", order->incident, "override", (int)order->override, "by", order->by,
                  "reason", order->reason, "at", (json_int_t)order->at_wall, "until",
                  (json_int_t)order->until_wall, "obeyed", obeyed_to_json(settings, order)));
}

int order_write(const struct settings *settings, const struct order *order, char *out, size_t size)
{
    return json_print(order_to_json(settings, order), out, size);
}

/* ---- amending ---- */

/* The marks that stand and are not of our groups, then ours; the former give way when there are too
 * many, or nobody could read the order any more. NULL: out of memory. */
static json_t *merged_marks(const struct settings *settings, const json_t *standing,
                            const struct order *order)
{
    json_t *ours = obeyed_to_json(settings, order);
    json_t *merged = json_array();
    size_t room = ORDER_OBEYED_MAX - order->obeyed_count;

    for (size_t i = 0; i < json_array_size(standing) && json_array_size(merged) < room; i++) {
        json_t *mark = json_array_get(standing, i);
        const char *group = json_string_value(json_object_get(mark, "group"));

        if (group != NULL && settings_group(settings, group) == NONE)
            json_array_append(merged, mark);
    }
    if (ours == NULL || json_array_extend(merged, ours) < 0) {
        json_decref(merged);
        merged = NULL;
    }
    json_decref(ours);
    return merged;
}

int order_amend(const struct settings *settings, const struct order *order, const char *standing,
                size_t length, char *out, size_t size)
{
    json_t *value = json_loadb(standing, length, JSON_REJECT_DUPLICATES, NULL);
    json_t *marks = merged_marks(settings, json_object_get(value, "obeyed"), order);

    if (json_object_set_new(value, "obeyed", marks) < 0 ||
        json_object_set_new(value, "until", json_integer(order->until_wall)) < 0) {
        json_decref(value);
        return -1;
    }
    return json_print(value, out, size);
}

/* ---- reading ---- */

static void take_verb(struct json_fields *fields, enum order_verb *ret_verb)
{
    const char *word = json_take_string(fields, "verb", WORD_MAX);

    if (fields->object != NULL && order_verb_parse(word, ret_verb) < 0)
        json_complain(fields, "verb", "'%s' is not known", word);
}

/* A name that may be empty; one that these settings do not know makes the order foreign: whatever
 * it means, it moves nothing of ours. */
static uint32_t take_name(struct json_fields *fields, const char *key,
                          const struct settings *settings,
                          uint32_t (*find)(const struct settings *, const char *))
{
    const char *name = json_take_string(fields, key, NAME_MAX_LENGTH);
    uint32_t index;

    if (fields->object == NULL || name[0] == '\0')
        return NONE;
    index = find(settings, name);
    if (index == NONE) {
        fields->report->foreign = true;
        json_complain(fields, key, "'%s' is not in our settings", name);
    }
    return index;
}

/* A drain without its region, or a failback with one, is no order. */
static void check_aim(struct json_fields *fields, const struct order *order)
{
    bool wants_region = order->verb == ORDER_DRAIN || order->verb == ORDER_RESTORE;

    if (fields->object == NULL)
        return;
    if (wants_region != (order->region != NONE))
        json_complain(fields, "region", wants_region ? "missing" : "has no meaning here");
    else if ((order->verb == ORDER_ACK) != (order->incident[0] != '\0'))
        json_complain(fields, "incident",
                      order->verb == ORDER_ACK ? "missing" : "has no meaning here");
}

static void take_mark(struct json_fields *fields, const struct settings *settings,
                      const json_t *member, struct order *order)
{
    struct json_fields inner;
    uint32_t group;
    uint64_t epoch;

    json_fields_begin(&inner, fields->report, "obeyed", member);
    inner.lenient = fields->lenient;
    group = settings_group(settings, json_take_string(&inner, "group", NAME_MAX_LENGTH));
    epoch = (uint64_t)json_take_integer(&inner, "epoch", 1, INT64_MAX);
    if (json_fields_close(&inner) < 0)
        fields->object = NULL;
    else if (group != NONE)
        order->obeyed[order->obeyed_count++] = (struct order_obeyed){group, epoch};
}

static void take_marks(struct json_fields *fields, const struct settings *settings,
                       struct order *order)
{
    const json_t *list = json_take_array(fields, "obeyed", ORDER_OBEYED_MAX);

    for (size_t i = 0; fields->object != NULL && i < json_array_size(list); i++)
        take_mark(fields, settings, json_array_get(list, i), order);
}

static int read_fields(struct json_fields *fields, const struct settings *settings, const char *id,
                       struct order *ret_order)
{
    struct order order = {.region = NONE, .group = NONE};
    int form;

    if (strlen(id) >= sizeof(order.id))
        json_complain(fields, "", "an id of more than %d characters", ORDER_ID_MAX);
    else
        memcpy(order.id, id, strlen(id) + 1);
    store_form_take(fields);
    take_verb(fields, &order.verb);
    order.region = take_name(fields, "region", settings, settings_region);
    order.group = take_name(fields, "group", settings, settings_group);
    json_take_text(fields, "incident", order.incident, sizeof(order.incident));
    order.override = json_take_boolean(fields, "override");
    json_take_text(fields, "by", order.by, sizeof(order.by));
    json_take_text(fields, "reason", order.reason, sizeof(order.reason));
    order.at_wall = json_take_integer(fields, "at", 0, INT64_MAX);
    order.until_wall = json_take_integer(fields, "until", 0, INT64_MAX);
    check_aim(fields, &order);
    take_marks(fields, settings, &order);
    form = store_form_close(fields);
    if (form != VALUE_READ)
        return form;
    *ret_order = order;
    return 0;
}

int order_from_json(const struct settings *settings, const char *id, const json_t *value,
                    struct json_report *report, struct order *ret_order)
{
    struct json_fields fields;

    json_fields_begin(&fields, report, "order", value);
    return read_fields(&fields, settings, id, ret_order);
}

int order_read(const struct settings *settings, const char *id, const char *text, size_t length,
               struct order *ret_order, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;

    json_fields_open(&fields, &report, "order", text, length);
    return read_fields(&fields, settings, id, ret_order);
}
