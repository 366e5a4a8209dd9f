/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: one row per kind of event, with one function that writes its fields and one that reads
 * them. The strings of an event that was read stay in the parsed JSON, which the copy keeps. */
#include "event_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_form.h"

/* What a recording tells of a wait is added to times: no more than a year. */
#define LATE_MAX_MS (INT64_C(366) * 86400 * 1000)

enum { TIMING_COUNT = 5 };

/* ---- names and words ---- */

uint32_t take_index(struct reading *r, const char *key, uint32_t count)
{
    if (count == 0) {
        json_complain(&r->fields, key, "these settings have none");
        return 0;
    }
    return (uint32_t)json_take_integer(&r->fields, key, 0, (int64_t)count - 1);
}

uint64_t take_number(struct reading *r, const char *key)
{
    return (uint64_t)json_take_integer(&r->fields, key, 0, INT64_MAX);
}

/* The index a name has in our settings; 0 after a complaint. */
uint32_t take_name(struct reading *r, const char *key,
                   uint32_t (*find)(const struct settings *, const char *))
{
    const char *name = json_take_string(&r->fields, key, 2 * NAME_MAX_LENGTH + 1);
    uint32_t index = find(r->settings, name);

    if (index != NONE)
        return index;
    if (r->fields.object != NULL)
        json_complain(&r->fields, key, "'%s' is not in these settings", name);
    return 0;
}

enum route53_outcome take_outcome(struct reading *r)
{
    const char *word = json_take_string(&r->fields, "outcome", EVENT_WORD_MAX);
    enum route53_outcome outcome = ROUTE53_OK;

    if (r->fields.object != NULL && route53_outcome_parse(word, &outcome) < 0)
        json_complain(&r->fields, "outcome", "'%s' is not known", word);
    return outcome;
}

enum store_status take_status(struct reading *r)
{
    const char *word = json_take_string(&r->fields, "status", EVENT_WORD_MAX);
    enum store_status status = STORE_OK;

    if (r->fields.object != NULL && store_status_parse(word, &status) < 0)
        json_complain(&r->fields, "status", "'%s' is not known", word);
    return status;
}

/* ---- time, start, clock ---- */

static json_t *write_nothing(const struct settings *settings, const struct event *event)
{
    (void)settings;
    (void)event;
    return json_object();
}

static void read_nothing(struct reading *r)
{
    (void)r;
}

static json_t *write_start(const struct settings *settings, const struct event *event)
{
    (void)settings;
    return json_pack("{s:I}", "wall", (json_int_t)event->start.wall);
}

static void read_start(struct reading *r)
{
    r->copy->event.start.wall = json_take_integer(&r->fields, "wall", INT64_MIN, INT64_MAX);
}

static json_t *write_clock(const struct settings *settings, const struct event *event)
{
    (void)settings;
    return json_pack("{s:I}", "jump_ms", (json_int_t)event->clock.jump_ms);
}

static void read_clock(struct reading *r)
{
    r->copy->event.clock.jump_ms = json_take_integer(&r->fields, "jump_ms", INT64_MIN, INT64_MAX);
}

/* ---- checks ---- */

static const char *const class_names[] = {
    [RESULT_GOOD] = "good",
    [RESULT_BAD] = "bad",
    [RESULT_VOID] = "void",
};

static json_t *write_result(const struct settings *settings, const struct event *event)
{
    const struct result *result = event->result.result;
    const struct timings *t = &result->timings;
    const struct check *check = &settings->checks[event->result.check];
    json_t *fields = json_pack(
        "{s:I, s:s, s:s, s:s, s:i, s:[I,I,I,I,I], s:s}", "check", (json_int_t)event->result.check,
        "site", settings->sites[check->site].name, "class", class_names[result->class], "failure",
        failure_name(result->failure), "status", result->status, "timings_us",
        (json_int_t)t->resolve_us, (json_int_t)t->connect_us, (json_int_t)t->tls_us,
        (json_int_t)t->first_byte_us, (json_int_t)t->total_us, "detail", result->detail);

    if (fields != NULL && result->late_ms > 0)
        json_object_set_new(fields, "late_ms", json_integer(result->late_ms));
    return fields;
}

static enum result_class take_class(struct reading *r)
{
    const char *word = json_take_string(&r->fields, "class", EVENT_WORD_MAX);

    for (unsigned i = 0; i <= RESULT_VOID; i++) {
        if (strcmp(word, class_names[i]) == 0)
            return (enum result_class)i;
    }
    if (r->fields.object != NULL)
        json_complain(&r->fields, "class", "'%s' is not known", word);
    return RESULT_VOID;
}

static enum failure take_failure(struct reading *r)
{
    const char *word = json_take_string(&r->fields, "failure", EVENT_WORD_MAX);
    enum failure failure = FAILURE_NONE;

    if (r->fields.object != NULL && failure_parse(word, &failure) < 0)
        json_complain(&r->fields, "failure", "'%s' is not known", word);
    return failure;
}

static void take_timings(struct reading *r, struct timings *timings)
{
    usec_t *const phases[TIMING_COUNT] = {&timings->resolve_us, &timings->connect_us,
                                          &timings->tls_us, &timings->first_byte_us,
                                          &timings->total_us};
    const json_t *list = json_take_array(&r->fields, "timings_us", TIMING_COUNT);

    if (list != NULL && json_array_size(list) != TIMING_COUNT)
        json_complain(&r->fields, "timings_us", "%zu numbers, and there are %d phases",
                      json_array_size(list), TIMING_COUNT);
    for (size_t i = 0; r->fields.object != NULL && i < TIMING_COUNT; i++) {
        const json_t *number = json_array_get(list, i);

        if (!json_is_integer(number))
            json_complain(&r->fields, "timings_us", "a member is not a whole number");
        *phases[i] = json_integer_value(number);
    }
}

static void read_result(struct reading *r)
{
    struct result *result = &r->copy->result;
    uint32_t check = take_index(r, "check", r->settings->check_count);
    uint32_t site = take_name(r, "site", settings_site);

    if (r->fields.object != NULL && r->settings->checks[check].site != site)
        json_complain(&r->fields, "site", "check %u is of another site in these settings", check);
    result->class = take_class(r);
    result->failure = take_failure(r);
    result->status = (int)json_take_integer(&r->fields, "status", INT32_MIN, INT32_MAX);
    if (json_has(&r->fields, "late_ms"))
        result->late_ms = json_take_integer(&r->fields, "late_ms", 0, LATE_MAX_MS);
    take_timings(r, &result->timings);
    json_take_text(&r->fields, "detail", result->detail, sizeof(result->detail));
    r->copy->event.result = (struct event_result){.check = check, .result = result};
}

static json_t *write_reference(const struct settings *settings, const struct event *event)
{
    const struct event_reference *reference = &event->reference;
    json_t *fields = json_pack("{s:I, s:b}", "reference", (json_int_t)reference->reference,
                               "answered", (int)reference->answered);

    (void)settings;
    if (fields != NULL && reference->is_void)
        json_object_set_new(fields, "void", json_true());
    if (fields != NULL && reference->late_ms > 0)
        json_object_set_new(fields, "late_ms", json_integer(reference->late_ms));
    return fields;
}

static void read_reference(struct reading *r)
{
    struct event_reference *reference = &r->copy->event.reference;

    reference->reference = take_index(r, "reference", r->settings->reference_count);
    reference->answered = json_take_boolean(&r->fields, "answered");
    reference->is_void = json_has(&r->fields, "void") && json_take_boolean(&r->fields, "void");
    if (json_has(&r->fields, "late_ms"))
        reference->late_ms = json_take_integer(&r->fields, "late_ms", 0, LATE_MAX_MS);
}

/* ---- ourselves ---- */

static json_t *write_journal(const struct settings *settings, const struct event *event)
{
    return json_pack("{s:s, s:I}", "group", settings->groups[event->journal.group].name, "epoch",
                     (json_int_t)event->journal.epoch);
}

static void read_journal(struct reading *r)
{
    r->copy->event.journal.group = take_name(r, "group", settings_group);
    r->copy->event.journal.epoch = take_number(r, "epoch");
}

static json_t *write_sink(const struct settings *settings, const struct event *event)
{
    return json_pack("{s:s, s:b}", "sink", settings->sinks[event->sink.sink].name, "failing",
                     (int)event->sink.failing);
}

static uint32_t find_sink(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->sink_count; i++) {
        if (strcmp(settings->sinks[i].name, name) == 0)
            return i;
    }
    return NONE;
}

static void read_sink(struct reading *r)
{
    r->copy->event.sink.sink = take_name(r, "sink", find_sink);
    r->copy->event.sink.failing = json_take_boolean(&r->fields, "failing");
}

static json_t *write_init(const struct settings *settings, const struct event *event)
{
    return json_pack("{s:s}", "group", settings->groups[event->init.group].name);
}

static void read_init(struct reading *r)
{
    r->copy->event.init.group = take_name(r, "group", settings_group);
}

/* ---- all kinds ---- */

static const struct row {
    const char *name;
    event_writer *write;
    event_reader *read;
} rows[EVENT_KIND_COUNT] = {
    [EVENT_TICK] = {"tick", write_nothing, read_nothing},
    [EVENT_START] = {"start", write_start, read_start},
    [EVENT_RESULT] = {"result", write_result, read_result},
    [EVENT_REFERENCE] = {"reference", write_reference, read_reference},
    [EVENT_CLOCK] = {"clock", write_clock, read_clock},
    [EVENT_STORE] = {"store", event_write_store, event_read_store},
    [EVENT_LEASE] = {"lease", event_write_lease, event_read_lease},
    [EVENT_VOTE] = {"vote", event_write_vote, event_read_vote},
    [EVENT_SUSPECT] = {"suspect", event_write_suspect, event_read_suspect},
    [EVENT_HEAD] = {"head", event_write_head, event_read_head},
    [EVENT_ORDER] = {"order", event_write_order, event_read_order},
    [EVENT_BUDGET] = {"budget", event_write_budget, event_read_budget},
    [EVENT_COMMIT] = {"commit", event_write_commit, event_read_commit},
    [EVENT_ZONE] = {"zone", event_write_zone, event_read_zone},
    [EVENT_CHANGE] = {"change", event_write_change, event_read_change},
    [EVENT_INSYNC] = {"insync", event_write_insync, event_read_insync},
    [EVENT_SERVERS] = {"servers", event_write_servers, event_read_servers},
    [EVENT_STRANDED] = {"stranded", event_write_stranded, event_read_stranded},
    [EVENT_RESOLVERS] = {"resolvers", event_write_resolvers, event_read_resolvers},
    [EVENT_JOURNAL] = {"journal", write_journal, read_journal},
    [EVENT_SINK] = {"sink", write_sink, read_sink},
    [EVENT_INIT] = {"init", write_init, read_init},
    [EVENT_LATCH] = {"latch", event_write_latch, event_read_latch},
    [EVENT_ATTACH] = {"attach", event_write_attach, event_read_attach},
    [EVENT_GLASS] = {"glass", event_write_glass, event_read_glass},
};

const char *event_kind_name(enum event_kind kind)
{
    return rows[kind].name;
}

int event_text_write(const struct settings *settings, const struct event *event, char *out,
                     size_t size)
{
    json_t *line =
        json_pack("{s:I, s:s}", "at", (json_int_t)event->at_ms, "event", rows[event->kind].name);
    json_t *fields = rows[event->kind].write(settings, event);
    size_t count = json_object_size(line) + json_object_size(fields);
    int rc = json_object_update_missing(line, fields);

    json_decref(fields);
    line = json_whole(line, count); /* jansson does not say that it left one out */
    if (rc == 0)
        return json_print(line, out, size);
    json_decref(line);
    return -1;
}

static enum event_kind take_kind(struct reading *r)
{
    const char *word = json_take_string(&r->fields, "event", EVENT_WORD_MAX);

    for (unsigned i = 0; i < EVENT_KIND_COUNT; i++) {
        if (strcmp(word, rows[i].name) == 0)
            return (enum event_kind)i;
    }
    if (r->fields.object != NULL)
        json_complain(&r->fields, "event", "'%s' is not known", word);
    return EVENT_TICK;
}

/* Reads into the copy; 0, or -1 after a complaint. */
static int read_line(struct reading *r, struct json_report *report, const char *text, size_t length)
{
    json_fields_open(&r->fields, report, "event", text, length);
    r->copy->event.at_ms = json_take_integer(&r->fields, "at", INT64_MIN, INT64_MAX);
    r->copy->event.kind = take_kind(r);
    rows[r->copy->event.kind].read(r);
    r->copy->root = json_fields_keep(&r->fields);
    return r->copy->root != NULL ? 0 : -1;
}

int event_text_read(const struct settings *settings, const char *text, size_t length,
                    struct event_copy **ret_copy, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct reading r = {.settings = settings};

    if (length > EVENT_TEXT_MAX) {
        snprintf(error, error_size, "event: %zu bytes, at most %d allowed", length, EVENT_TEXT_MAX);
        return -1;
    }
    r.copy = calloc(1, sizeof(*r.copy));
    if (r.copy == NULL) {
        snprintf(error, error_size, "event: out of memory");
        return -1;
    }
    if (read_line(&r, &report, text, length) < 0) {
        event_copy_destroy(r.copy);
        return -1;
    }
    *ret_copy = r.copy;
    return 0;
}

const struct event *event_copy_event(const struct event_copy *copy)
{
    return &copy->event;
}

void event_copy_destroy(struct event_copy *copy)
{
    if (copy == NULL)
        return;
    json_decref(copy->root);
    free(copy->vote);
    free(copy->decision);
    free(copy->sites);
    free(copy->fences);
    free(copy->sets);
    free(copy->values);
    free(copy);
}
