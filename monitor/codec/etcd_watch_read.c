/* SPDX-License-Identifier: Apache-2.0 */
/* A line of a watch's stream: events, a sign of life, its end, or an error from the gateway. */
#include "etcd_json.h"

#include <string.h>

#include "etcd_form.h"

enum { REASON_MAX = 4096 };

/* PUT is zero and left out; a proxy may write the names' numbers. */
static bool take_is_deleted(struct json_fields *event)
{
    const char *type;

    if (!json_has(event, "type"))
        return false;
    if (json_is_integer(json_object_get(event->object, "type")))
        return json_take_integer(event, "type", 0, 1) == 1;
    type = json_take_string(event, "type", 16);
    if (strcmp(type, "PUT") != 0 && strcmp(type, "DELETE") != 0)
        json_complain(event, "type", "\"%s\" is neither PUT nor DELETE", type);
    return strcmp(type, "DELETE") == 0;
}

static void take_event(struct etcd_items *items, struct json_report *report, const json_t *value)
{
    struct json_fields event;
    struct json_fields pair;
    bool is_deleted;

    json_fields_begin(&event, report, "etcd's watch: event", value);
    is_deleted = take_is_deleted(&event);
    json_fields_begin(&pair, report, "etcd's watch: event: kv", json_take_object(&event, "kv"));
    if (!report->failed)
        etcd_items_take(items, &pair, is_deleted);
}

static void take_events(struct json_fields *result, const char *prefix, size_t length,
                        struct etcd_watch_line *line)
{
    const json_t *events = etcd_take_list(result, "events", ETCD_ITEMS_MAX);
    struct etcd_items items;

    etcd_items_begin(&items, result, prefix, json_array_size(events), length);
    for (size_t i = 0; i < json_array_size(events) && !result->report->failed; i++)
        take_event(&items, result->report, json_array_get(events, i));
    line->items = items.items;
    line->count = items.count;
    line->strange = items.strange;
    line->pool = items.pool;
}

/* Why the server ended the watch. */
static void take_end(struct json_fields *result, struct etcd_watch_line *line)
{
    const char *reason = etcd_take_words(result, "cancel_reason", REASON_MAX);

    line->compacted = (uint64_t)etcd_take_number(result, "compact_revision", 0, INT64_MAX);
    etcd_error_of_words(reason, &line->error);
    if (line->compacted != 0)
        line->error.fault = ETCD_COMPACTED;
}

static void take_result(struct json_fields *fields, const char *prefix, size_t length,
                        struct etcd_watch_line *line)
{
    struct json_fields result;

    json_fields_begin(&result, fields->report, fields->noun, json_take_object(fields, "result"));
    line->created = etcd_take_flag(&result, "created");
    line->canceled = etcd_take_flag(&result, "canceled");
    /* The line that ends a watch for compaction has a header without a revision. */
    line->revision = etcd_take_revision(&result, line->canceled ? 0 : 1);
    take_events(&result, prefix, length, line);
    if (line->canceled)
        take_end(&result, line);
    line->progress = !line->created && !line->canceled && line->count == 0 && line->strange == 0;
}

int etcd_read_watch(const char *prefix, const char *text, size_t length,
                    struct etcd_watch_line *ret_line, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct etcd_watch_line line = {.error = {.fault = ETCD_FAULT_NONE, .code = -1}};
    struct json_fields fields;

    json_fields_open(&fields, &report, "etcd's watch", text, length);
    if (json_has(&fields, "error"))
        etcd_error_take(fields.object, 0, &line.error);
    else
        take_result(&fields, prefix, length, &line);
    if (etcd_fields_close(&fields) != 0) {
        etcd_watch_line_clear(&line);
        return -1;
    }
    *ret_line = line;
    return 0;
}

void etcd_watch_line_clear(struct etcd_watch_line *line)
{
    pool_destroy(line->pool);
    *line = (struct etcd_watch_line){.created = false};
}
