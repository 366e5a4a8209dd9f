/* SPDX-License-Identifier: Apache-2.0 */
/* A report that says neither ok nor fail is refused, not guessed at: its sender is there to read
 * the answer, and a job that says "failde" is no good one. */
#include "push_report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "json_fields.h"

enum { KEPT_VERSION = 1 };

static int refuse(char *error, size_t error_size, const char *what)
{
    snprintf(error, error_size,
             "%s; allowed are nothing (ok), a text that begins with the word ok or fail, or "
             "{\"state\": \"ok\" or \"fail\", \"text\": ...}",
             what);
    return -1;
}

static bool take_state(const char *word, size_t length, bool *ret_ok)
{
    bool is_ok = length == 2 && memcmp(word, "ok", 2) == 0;

    if (!is_ok && !(length == 4 && memcmp(word, "fail", 4) == 0))
        return false;
    *ret_ok = is_ok;
    return true;
}

/* ---- JSON ---- */

static int take_members(const json_t *object, struct push_report *report, char *error,
                        size_t error_size)
{
    const json_t *state = json_object_get(object, "state");
    const json_t *text = json_object_get(object, "text");

    if (state != NULL &&
        (!json_is_string(state) ||
         !take_state(json_string_value(state), json_string_length(state), &report->is_ok)))
        return refuse(error, error_size, "state: neither \"ok\" nor \"fail\"");
    if (text != NULL && !json_is_string(text))
        return refuse(error, error_size, "text: not a text");
    if (text != NULL)
        text_escape(report->text, sizeof(report->text), json_string_value(text),
                    json_string_length(text));
    return 0;
}

static int read_json(const char *body, size_t length, struct push_report *report, char *error,
                     size_t error_size)
{
    json_error_t problem;
    json_t *object = json_loadb(body, length, JSON_REJECT_DUPLICATES, &problem);
    char what[80];
    int rc;

    if (object == NULL) {
        snprintf(what, sizeof(what), "begins as JSON and is none: line %d, column %d", problem.line,
                 problem.column);
        return refuse(error, error_size, what);
    }
    rc = take_members(object, report, error, error_size);
    json_decref(object);
    return rc;
}

/* ---- text ---- */

/* What cannot be kept as JSON is not taken: an assertion would see another body after a restart. */
static bool is_text(const char *body, size_t length)
{
    json_t *value = json_stringn(body, length);
    bool is = value != NULL && memchr(body, '\0', length) == NULL;

    json_decref(value);
    return is;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int read_text(const char *body, size_t length, struct push_report *report, char *error,
                     size_t error_size)
{
    size_t word = 0;
    const char *text;
    const char *end;

    while (word < length && ((body[word] >= 'a' && body[word] <= 'z') || body[word] == '_'))
        word++;
    if (!take_state(body, word, &report->is_ok) ||
        (word < length && !is_space(body[word]) && body[word] != ':'))
        return refuse(error, error_size, "begins with neither ok nor fail");
    text = body + word;
    while (text < body + length && (is_space(*text) || *text == ':'))
        text++;
    end = text + length - (size_t)(text - body);
    for (const char *p = text; p < end; p++) {
        if (*p == '\n' || *p == '\r')
            end = p; /* the first line is shown */
    }
    text_escape(report->text, sizeof(report->text), text, (size_t)(end - text));
    return 0;
}

int push_report_read(const char *body, size_t length, struct push_report *ret_report, char *error,
                     size_t error_size)
{
    struct push_report report = {.is_ok = true};
    const char *begin = body;
    const char *end = body + length;
    int rc = 0;

    if (length > PUSH_BODY_MAX) {
        snprintf(error, error_size, "the report has more than %d bytes", PUSH_BODY_MAX);
        return -1;
    }
    if (length > 0 && !is_text(body, length))
        return refuse(error, error_size, "is no text in UTF-8");
    while (begin < end && is_space(*begin))
        begin++;
    if (begin < end && *begin == '{')
        rc = read_json(begin, (size_t)(end - begin), &report, error, error_size);
    else if (begin < end)
        rc = read_text(begin, (size_t)(end - begin), &report, error, error_size);
    if (rc == 0)
        *ret_report = report;
    return rc;
}

/* ---- on disk ---- */

int push_kept_write(const struct push_kept *kept, char *out, size_t size)
{
    return json_print(json_pack("{s:i, s:I, s:I, s:s%}", "v", KEPT_VERSION, "at",
                                (json_int_t)kept->at_wall, "silent_ms", (json_int_t)kept->silent_ms,
                                "body", kept->body, kept->length),
                      out, size);
}

int push_kept_read(const char *text, size_t length, struct push_kept *ret_kept, char *error,
                   size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct push_kept kept = {.at_wall = 0};
    struct json_fields fields;
    struct push_report ignored;

    json_fields_open(&fields, &report, "report", text, length);
    json_take_version(&fields, KEPT_VERSION);
    kept.at_wall = json_take_integer(&fields, "at", 0, INT64_MAX);
    kept.silent_ms = json_take_integer(&fields, "silent_ms", 0, INT64_MAX / 2);
    json_take_text(&fields, "body", kept.body, sizeof(kept.body));
    if (json_fields_close(&fields) < 0)
        return -1;
    kept.length = strlen(kept.body);
    if (push_report_read(kept.body, kept.length, &ignored, error, error_size) < 0)
        return -1;
    *ret_kept = kept;
    return 0;
}
