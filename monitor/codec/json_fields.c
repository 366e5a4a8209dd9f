/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a complaint empties the reader (object = NULL), so that whatever is taken afterwards is
 * the harmless value, and the first complaint, the one that matters, stays. */
#include "json_fields.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result.h"

enum { SHOWN_MAX = 80 /* characters of a hostile text in one complaint */ };

void json_complain(struct json_fields *fields, const char *key, const char *format, ...)
{
    struct json_report *report = fields->report;
    char why[256];
    char shown[256];
    va_list arguments;

    fields->object = NULL;
    if (report->failed)
        return;
    report->failed = true;
    va_start(arguments, format);
    vsnprintf(why, sizeof(why), format, arguments);
    va_end(arguments);
    text_escape(shown, sizeof(shown), why, strlen(why)); /* hostile keys end up in our log */
    snprintf(report->text, report->size, "%s: %s%s%s", fields->noun, key, key[0] ? ": " : "",
             shown);
}

void json_fields_open(struct json_fields *fields, struct json_report *report, const char *noun,
                      const char *text, size_t length)
{
    json_error_t error;

    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);

    *fields = (struct json_fields){.root = root, .object = root, .noun = noun, .report = report};
    if (root == NULL)
        json_complain(fields, "", "not JSON: %.*s (line %d, column %d)", SHOWN_MAX, error.text,
                      error.line, error.column);
    else if (!json_is_object(root))
        json_complain(fields, "", "not an object");
}

void json_fields_begin(struct json_fields *fields, struct json_report *report, const char *noun,
                       const json_t *object)
{
    *fields = (struct json_fields){.object = object, .noun = noun, .report = report};
    if (!json_is_object(object))
        json_complain(fields, "", "not an object");
}

/* The name of one field too many, for the complaint. */
static void complain_of_rest(struct json_fields *fields)
{
    size_t count = json_object_size(fields->object);

    if (fields->object != NULL && !fields->lenient && count != fields->taken)
        json_complain(fields, "", "%zu fields, and %zu are known", count, fields->taken);
}

int json_fields_close(struct json_fields *fields)
{
    complain_of_rest(fields);
    json_decref(fields->root);
    fields->root = NULL;
    fields->object = NULL;
    return fields->report->failed ? -1 : 0;
}

bool json_has(const struct json_fields *fields, const char *key)
{
    const json_t *value = json_object_get(fields->object, key);

    return value != NULL && !json_is_null(value);
}

json_t *json_fields_keep(struct json_fields *fields)
{
    json_t *root = fields->root;

    complain_of_rest(fields);
    fields->root = NULL;
    fields->object = NULL;
    if (!fields->report->failed)
        return root;
    json_decref(root);
    return NULL;
}

const json_t *json_take_value(struct json_fields *fields, const char *key)
{
    const json_t *value;

    if (fields->object == NULL)
        return NULL;
    value = json_object_get(fields->object, key);
    if (value == NULL) {
        json_complain(fields, key, "missing");
        return NULL;
    }
    fields->taken++;
    return value;
}

void json_take_version(struct json_fields *fields, int64_t known)
{
    int64_t version = json_take_integer(fields, "v", INT64_MIN, INT64_MAX);

    if (fields->object != NULL && version != known)
        json_complain(fields, "v",
                      "version %lld, and only %lld is known: written by another release",
                      (long long)version, (long long)known);
}

const char *json_take_string(struct json_fields *fields, const char *key, size_t max_length)
{
    const json_t *value = json_take_value(fields, key);

    if (value == NULL)
        return "";
    if (!json_is_string(value)) {
        json_complain(fields, key, "not a string");
        return "";
    }
    if (json_string_length(value) > max_length) {
        json_complain(fields, key, "%zu bytes, at most %zu allowed", json_string_length(value),
                      max_length);
        return "";
    }
    return json_string_value(value);
}

int64_t json_take_integer(struct json_fields *fields, const char *key, int64_t min, int64_t max)
{
    const json_t *value = json_take_value(fields, key);
    int64_t number;

    if (value == NULL)
        return min;
    if (!json_is_integer(value)) {
        json_complain(fields, key, "not a whole number");
        return min;
    }
    number = json_integer_value(value);
    if (number < min || number > max) {
        json_complain(fields, key, "%lld is not in %lld..%lld", (long long)number, (long long)min,
                      (long long)max);
        return min;
    }
    return number;
}

bool json_take_boolean(struct json_fields *fields, const char *key)
{
    const json_t *value = json_take_value(fields, key);

    if (value != NULL && !json_is_boolean(value))
        json_complain(fields, key, "not true or false");
    return fields->object != NULL && json_is_true(value);
}

const json_t *json_take_array(struct json_fields *fields, const char *key, size_t max_count)
{
    const json_t *value = json_take_value(fields, key);

    if (value == NULL)
        return NULL;
    if (!json_is_array(value)) {
        json_complain(fields, key, "not a list");
        return NULL;
    }
    if (json_array_size(value) > max_count) {
        json_complain(fields, key, "%zu members, at most %zu allowed", json_array_size(value),
                      max_count);
        return NULL;
    }
    return value;
}

const json_t *json_take_object(struct json_fields *fields, const char *key)
{
    const json_t *value = json_take_value(fields, key);

    if (value == NULL)
        return NULL;
    if (!json_is_object(value)) {
        json_complain(fields, key, "not an object");
        return NULL;
    }
    return value;
}

void json_take_text(struct json_fields *fields, const char *key, char *out, size_t size)
{
    const char *text = json_take_string(fields, key, size - 1);

    assert(strlen(text) < size); /* jansson refuses \u0000 inside strings */
    memcpy(out, text, strlen(text) + 1);
}

json_t *json_whole(json_t *built, size_t count)
{
    size_t size = json_is_object(built) ? json_object_size(built) : json_array_size(built);

    if (built != NULL && size == count)
        return built;
    json_decref(built);
    return NULL;
}

int json_print(json_t *value, char *out, size_t size)
{
    size_t length;

    if (value == NULL)
        return -1;
    length = json_dumpb(value, out, size, JSON_COMPACT | JSON_ENSURE_ASCII);
    json_decref(value);
    if (length == 0 || length >= size || length > INT32_MAX)
        return -1;
    out[length] = '\0';
    return (int)length;
}
