/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: head and end are JSON objects of their own; a line is put together from two texts that
 * exist already, so that a recording costs the loop no second pass over what it holds. */
#include "recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_fields.h"

enum { WORD_MAX = 64, VERDICT_NUMBERS = 8 };

#define UPDATE_KEY ",\"update\":"
#define END_BEGINS "{\"regionshift\":\"end\""

static const char *const ends[RECORDING_END_COUNT] = {
    [RECORDING_OPEN] = "",   [RECORDING_STOPPED] = "stopped", [RECORDING_RELOADED] = "reloaded",
    [RECORDING_GAP] = "gap", [RECORDING_FULL] = "full",
};

const char *recording_end_name(enum recording_end end)
{
    return ends[end];
}

int recording_end_parse(const char *name, enum recording_end *ret_end)
{
    for (unsigned i = 0; i < RECORDING_END_COUNT; i++) {
        if (strcmp(name, ends[i]) == 0) {
            *ret_end = (enum recording_end)i;
            return 0;
        }
    }
    return -1;
}

/* ---- what was carried ---- */

/* A verdict as a list of numbers, in the struct's order; the window as its 64 bits. */
static json_t *verdict_to_json(uint32_t check, const struct verdict *v)
{
    return json_pack("[I,i,I,I,I,I,I,b,i]", (json_int_t)check, (int)v->state, (json_int_t)v->run,
                     (json_int_t)v->since_ms, (json_int_t)v->last_ms, (json_int_t)v->window,
                     (json_int_t)v->window_count, (int)v->window_down, (int)v->failure);
}

/* Only of checks that have been heard of: at a start there are none. */
static json_t *verdicts_to_json(const struct settings *settings, const struct carried *carried)
{
    json_t *list = json_array();
    size_t count = 0;

    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (carried->verdicts[i].last_ms < 0)
            continue;
        json_array_append_new(list, verdict_to_json(i, &carried->verdicts[i]));
        count++;
    }
    return json_whole(list, count);
}

static json_t *references_to_json(const struct settings *settings, const struct carried *carried)
{
    json_t *list = json_array();
    size_t count = 0;

    for (uint32_t i = 0; i < settings->reference_count; i++) {
        const struct carried_reference *r = &carried->references[i];

        if (!r->tried)
            continue;
        json_array_append_new(
            list, json_pack("[I,b,I]", (json_int_t)i, (int)r->answered, (json_int_t)r->last_ms));
        count++;
    }
    return json_whole(list, count);
}

static json_t *carried_to_json(const struct settings *settings, const struct carried *carried)
{
    return json_pack("{s:s, s:I, s:o, s:o}", "gap", blindness_name(carried->gap), "gap_until_ms",
                     (json_int_t)carried->gap_until_ms, "verdicts",
                     verdicts_to_json(settings, carried), "references",
                     references_to_json(settings, carried));
}

/* ---- writing ---- */

int recording_head_write(const struct recording_head *head, const struct settings *settings,
                         const struct carried *carried, char *out, size_t size)
{
    return json_print(json_pack("{s:s, s:i, s:s, s:s, s:b, s:I, s:s, s:s, s:o}", "regionshift",
                                "recording", "v", RECORDING_VERSION, "program", head->program,
                                "probe", head->probe, "dry_run", (int)head->dry_run, "began",
                                (json_int_t)head->began_wall, "fingerprint", head->fingerprint,
                                "settings", head->settings, "carried",
                                carried_to_json(settings, carried)),
                      out, size);
}

int recording_line_write(const struct settings *settings, const struct event *event,
                         const struct update *update, char *out, size_t size)
{
    const size_t key = sizeof(UPDATE_KEY) - 1;
    int length = event_text_write(settings, event, out, size);
    size_t used;

    if (length < 0 || (size_t)length + key + 1 > size)
        return -1;
    used = (size_t)length - 1; /* without its '}' */
    memcpy(out + used, UPDATE_KEY, key + 1);
    used += key;
    length = update_text_write(settings, update, out + used, size - used);
    if (length < 0 || used + (size_t)length + 2 > size)
        return -1;
    used += (size_t)length;
    memcpy(out + used, "}", 2);
    return (int)used + 1;
}

int recording_end_write(uint64_t events, enum recording_end end, char *out, size_t size)
{
    int length = snprintf(out, size, END_BEGINS ",\"v\":%d,\"events\":%" PRIu64 ",\"why\":\"%s\"}",
                          RECORDING_VERSION, events, ends[end]);

    return length >= 0 && (size_t)length < size ? length : -1;
}

/* ---- reading ---- */

struct recording_copy {
    json_t *root;
    const json_t *carried;
};

static void take_kind(struct json_fields *fields, const char *kind)
{
    const char *word = json_take_string(fields, "regionshift", WORD_MAX);

    if (fields->object != NULL && strcmp(word, kind) != 0)
        json_complain(fields, "regionshift", "'%s', and '%s' is expected", word, kind);
}

int recording_head_read(const char *text, size_t length, struct recording_copy **ret_copy,
                        struct recording_head *ret_head, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct recording_copy *copy = calloc(1, sizeof(*copy));
    struct recording_head head;
    struct json_fields f;

    if (copy == NULL) {
        snprintf(error, error_size, "recording: out of memory");
        return -1;
    }
    json_fields_open(&f, &report, "recording", text, length);
    take_kind(&f, "recording");
    json_take_version(&f, RECORDING_VERSION);
    head.program = json_take_string(&f, "program", WORD_MAX);
    head.probe = json_take_string(&f, "probe", NAME_MAX_LENGTH);
    head.dry_run = json_take_boolean(&f, "dry_run");
    head.began_wall = json_take_integer(&f, "began", 0, INT64_MAX);
    head.fingerprint = json_take_string(&f, "fingerprint", FINGERPRINT_LENGTH);
    head.settings = json_take_string(&f, "settings", RECORDING_SETTINGS_MAX);
    copy->carried = json_take_object(&f, "carried");
    copy->root = json_fields_keep(&f);
    if (copy->root == NULL) {
        recording_copy_destroy(copy);
        return -1;
    }
    *ret_copy = copy;
    *ret_head = head;
    return 0;
}

void recording_copy_destroy(struct recording_copy *copy)
{
    if (copy == NULL)
        return;
    json_decref(copy->root);
    free(copy);
}

/* The members of a list as numbers, true as 1; the first is an index below `count`. 0, or -1 after
 * a complaint. */
static int take_numbers(struct json_fields *fields, const char *key, const json_t *list,
                        size_t wanted, uint32_t count, int64_t *ret_numbers)
{
    bool good = json_array_size(list) == wanted;

    for (size_t i = 0; good && i < wanted; i++) {
        const json_t *member = json_array_get(list, i);

        good = json_is_integer(member) || json_is_boolean(member);
        ret_numbers[i] = json_is_true(member) ? 1 : json_integer_value(member);
    }
    if (good && ret_numbers[0] >= 0 && ret_numbers[0] < count)
        return 0;
    json_complain(fields, key, "a member is no list of %zu numbers that these settings know",
                  wanted);
    return -1;
}

static void take_verdict(struct json_fields *fields, const json_t *list,
                         const struct settings *settings, struct carried *carried)
{
    int64_t n[VERDICT_NUMBERS + 1] = {0};
    struct verdict *verdict;

    if (take_numbers(fields, "verdicts", list, VERDICT_NUMBERS + 1, settings->check_count, n) < 0)
        return;
    if (n[1] < 0 || n[1] >= VERDICT_STATE_COUNT || n[2] < 0 || n[2] > VERDICT_RUN_MAX || n[6] < 0 ||
        n[6] > VERDICT_WINDOW_MAX || n[8] < 0 || n[8] >= FAILURE_COUNT) {
        json_complain(fields, "verdicts", "the verdict of check %lld is none", (long long)n[0]);
        return;
    }
    verdict = &carried->verdicts[n[0]];
    verdict->state = (enum verdict_state)n[1];
    verdict->run = (uint32_t)n[2];
    verdict->since_ms = n[3];
    verdict->last_ms = n[4];
    verdict->window = (uint64_t)n[5];
    verdict->window_count = (uint32_t)n[6];
    verdict->window_down = n[7] != 0;
    verdict->failure = (enum failure)n[8];
}

static void take_reference(struct json_fields *fields, const json_t *list,
                           const struct settings *settings, struct carried *carried)
{
    int64_t n[3] = {0};

    if (take_numbers(fields, "references", list, 3, settings->reference_count, n) == 0)
        carried->references[n[0]] =
            (struct carried_reference){.tried = true, .answered = n[1] != 0, .last_ms = n[2]};
}

int recording_carried_read(const struct recording_copy *copy, const struct settings *settings,
                           struct carried *ret_carried, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    const json_t *list;
    const char *gap;
    struct json_fields f;

    for (uint32_t i = 0; i < settings->check_count; i++)
        verdict_init(&ret_carried->verdicts[i], 0);
    for (uint32_t i = 0; i < settings->reference_count; i++)
        ret_carried->references[i] = (struct carried_reference){0};
    json_fields_begin(&f, &report, "carried", copy->carried);
    gap = json_take_string(&f, "gap", WORD_MAX);
    if (f.object != NULL && blindness_parse(gap, &ret_carried->gap) < 0)
        json_complain(&f, "gap", "'%s' is not known", gap);
    ret_carried->gap_until_ms = json_take_integer(&f, "gap_until_ms", INT64_MIN, INT64_MAX);
    list = json_take_array(&f, "verdicts", settings->check_count);
    for (size_t i = 0; f.object != NULL && i < json_array_size(list); i++)
        take_verdict(&f, json_array_get(list, i), settings, ret_carried);
    list = json_take_array(&f, "references", settings->reference_count);
    for (size_t i = 0; f.object != NULL && i < json_array_size(list); i++)
        take_reference(&f, json_array_get(list, i), settings, ret_carried);
    return json_fields_close(&f);
}

/* A quote inside a JSON string is escaped, so the key can stand in no text; the last one is ours.
 */
const char *recording_line_update(const char *line, size_t length, size_t *ret_length)
{
    const size_t key = sizeof(UPDATE_KEY) - 1;

    for (size_t at = length; at >= key; at--) {
        if (line[at - key] == ',' && memcmp(line + at - key, UPDATE_KEY, key) == 0) {
            *ret_length = at - key;
            return line + at;
        }
    }
    return NULL;
}

int recording_end_read(const char *text, size_t length, uint64_t *ret_events,
                       enum recording_end *ret_end, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    enum recording_end end = RECORDING_OPEN;
    struct json_fields f;
    const char *why;
    int64_t events;

    if (length < sizeof(END_BEGINS) - 1 || memcmp(text, END_BEGINS, sizeof(END_BEGINS) - 1) != 0)
        return 0;
    json_fields_open(&f, &report, "recording", text, length);
    take_kind(&f, "end");
    json_take_version(&f, RECORDING_VERSION);
    events = json_take_integer(&f, "events", 0, INT64_MAX);
    why = json_take_string(&f, "why", WORD_MAX);
    if (f.object != NULL && recording_end_parse(why, &end) < 0)
        json_complain(&f, "why", "'%s' is not known", why);
    if (json_fields_close(&f) < 0)
        return -1;
    *ret_events = (uint64_t)events;
    *ret_end = end;
    return 1;
}
