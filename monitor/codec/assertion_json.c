/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a path is a short list of steps, read once; a body is parsed by jansson once for all
 * tests of a judgement. What is no JSON is wrong at a line and a column; only when the text ends
 * where we stopped reading it, we do not know. */
#include "assertion_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct json_step {
    char *name; /* NULL: an index */
    size_t length;
    size_t index;
};

struct json_path {
    unsigned count; /* 0: "." alone, the whole text */
    struct json_step steps[JSON_STEPS_MAX];
};

enum { NUMBER_LENGTH_MAX = 40 };

static const char path_form[] = "paths as .name, .list[0], [\"odd name\"] or . alone";

/* ---- reading a path ---- */

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static int scan_name(struct scan *scan, struct json_step *step)
{
    size_t length = 0;

    while (is_of_name(scan->at[length]))
        length++;
    if (length == 0)
        return scan_unexpected(scan, "%s", path_form);
    step->name = malloc(length + 1);
    if (step->name == NULL)
        return scan_no_memory(scan);
    memcpy(step->name, scan->at, length);
    step->name[length] = '\0';
    step->length = length;
    scan->at += length;
    return 0;
}

static int scan_brackets(struct scan *scan, struct json_step *step)
{
    int64_t index = 0;

    if (scan_is_text(scan)) {
        if (scan_text(scan, &step->name, &step->length) < 0)
            return -1;
    } else if (scan_number(scan, 0, JSON_INDEX_MAX, &index) < 0) {
        return -1;
    }
    step->index = (size_t)index;
    if (!scan_signs(scan, "]"))
        return scan_unexpected(scan, "] behind a name or a number in a path");
    return 0;
}

static int scan_steps(struct scan *scan, struct json_path *path)
{
    while (*scan->at == '.' || *scan->at == '[') {
        struct json_step *step = &path->steps[path->count];
        bool is_name = *scan->at == '.';

        if (path->count == JSON_STEPS_MAX)
            return scan_wrong(scan, scan->at, "a path goes on, allowed are %d steps",
                              JSON_STEPS_MAX);
        path->count++; /* what it holds is freed with the path from here on */
        scan->at++;
        if ((is_name ? scan_name(scan, step) : scan_brackets(scan, step)) < 0)
            return -1;
    }
    return 0;
}

int json_path_scan(struct scan *scan, struct json_path **ret_path)
{
    struct json_path *path;
    int status = 0;

    scan_blanks(scan);
    if (*scan->at != '.' && *scan->at != '[')
        return scan_unexpected(scan, "%s", path_form);
    path = calloc(1, sizeof(*path));
    if (path == NULL)
        return scan_no_memory(scan);
    if (scan->at[0] == '.' && scan->at[1] != '.' && !is_of_name(scan->at[1]))
        scan->at++;
    status = scan_steps(scan, path);
    if (status < 0)
        json_path_destroy(path);
    else
        *ret_path = path;
    return status;
}

void json_path_destroy(struct json_path *path)
{
    if (path == NULL)
        return;
    for (unsigned i = 0; i < path->count; i++)
        free(path->steps[i].name);
    free(path);
}

/* ---- reading a number ---- */

static size_t length_of_digits(const char *at)
{
    return strspn(at, "0123456789");
}

/* -?digits[.digits][e[+-]digits]; 0: there is none. */
static size_t length_of_number(const char *at, bool *ret_is_whole)
{
    const char *p = at + (*at == '-');
    size_t digits = length_of_digits(p);

    if (digits == 0)
        return 0;
    p += digits;
    *ret_is_whole = true;
    if (*p == '.' && length_of_digits(p + 1) > 0) {
        *ret_is_whole = false;
        p += 1 + length_of_digits(p + 1);
    }
    if (*p == 'e' || *p == 'E') {
        size_t sign = p[1] == '+' || p[1] == '-';

        digits = length_of_digits(p + 1 + sign);
        if (digits == 0)
            return 0;
        *ret_is_whole = false;
        p += 1 + sign + digits;
    }
    return is_of_name(*p) || *p == '.' ? 0 : (size_t)(p - at);
}

/* More digits than an int64_t has, and numbers past the largest double, are typing errors. */
int json_number_scan(struct scan *scan, struct json_literal *ret_literal)
{
    struct json_literal literal = {.kind = JSON_LITERAL_NUMBER};
    char digits[NUMBER_LENGTH_MAX + 1];
    size_t length;

    scan_blanks(scan);
    length = length_of_number(scan->at, &literal.is_whole);
    if (length == 0 || length > NUMBER_LENGTH_MAX || (literal.is_whole && length > 18))
        return scan_unexpected(scan, "numbers as 100, -0.5 and 1e6, of 18 digits at most");
    memcpy(digits, scan->at, length);
    digits[length] = '\0';
    literal.real = strtod(digits, NULL);
    if (!(literal.real >= -1e300 && literal.real <= 1e300))
        return scan_unexpected(scan, "numbers from -1e300 to 1e300");
    if (literal.is_whole)
        literal.whole = strtoll(digits, NULL, 10);
    scan->at += length;
    *ret_literal = literal;
    return 0;
}

/* ---- looking at a body ---- */

/* A byte order mark is no JSON, may be ignored (RFC 8259, 8.1), and some servers send one. */
static size_t length_of_mark(const char *body, size_t length)
{
    return length >= 3 && memcmp(body, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

json_t *json_body_parse(const char *body, size_t length, bool cut, bool *ret_is_unknown,
                        char why[JSON_WHY_MAX])
{
    json_error_t error;
    enum json_error_code code;
    json_t *root;
    size_t mark;

    if (length > JSON_TEXT_MAX) {
        snprintf(why, JSON_WHY_MAX, "%zu bytes, JSON is read up to %d", length, JSON_TEXT_MAX);
        *ret_is_unknown = true;
        return NULL;
    }
    mark = length_of_mark(body, length);
    root = json_loadb(length > 0 ? body + mark : "", length - mark,
                      JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (root != NULL)
        return root;
    code = json_error_code(&error);
    *ret_is_unknown = code == json_error_out_of_memory || error.line < 1 /* nothing was read */ ||
                      (cut && code == json_error_premature_end_of_input);
    if (cut && *ret_is_unknown)
        snprintf(why, JSON_WHY_MAX, "it was cut after %zu bytes, see body_limit", length);
    else
        snprintf(why, JSON_WHY_MAX, "line %d, column %d: %.100s", error.line, error.column,
                 error.text);
    return NULL;
}

const json_t *json_path_find(const struct json_path *path, const json_t *root)
{
    const json_t *value = root;

    for (unsigned i = 0; i < path->count && value != NULL; i++) {
        const struct json_step *step = &path->steps[i];

        /* both give NULL for a value of another type */
        value = step->name != NULL ? json_object_getn(value, step->name, step->length)
                                   : json_array_get(value, step->index);
    }
    return value;
}

static int sign_of(bool is_less, bool is_greater)
{
    return (is_greater ? 1 : 0) - (is_less ? 1 : 0);
}

int json_number_compare(const json_t *number, const struct json_literal *literal)
{
    json_int_t whole = json_integer_value(number);
    double real = json_number_value(number);

    if (json_is_integer(number) && literal->is_whole) /* a double would lose digits of both */
        return sign_of(whole<literal->whole, whole> literal->whole);
    return sign_of(real<literal->real, real> literal->real);
}

void json_value_print(const json_t *value, char *out, size_t size)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        snprintf(out, size, "an object of %zu", json_object_size(value));
        break;
    case JSON_ARRAY:
        snprintf(out, size, "a list of %zu", json_array_size(value));
        break;
    case JSON_STRING:
        snprintf(out, size, "\"%s\"", json_string_value(value));
        break;
    case JSON_INTEGER:
        snprintf(out, size, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        snprintf(out, size, "%.15g", json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
    case JSON_NULL:
        snprintf(out, size, "%s",
                 json_is_null(value) ? "null" : (json_is_true(value) ? "true" : "false"));
        break;
    }
}
