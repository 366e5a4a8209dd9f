/* SPDX-License-Identifier: Apache-2.0 */
/* json_fields.h: reading JSON that somebody else wrote, and that may be wrong or hostile.
 *
 * A reader opens a text, takes every field by name with its bounds and ends. The first complaint is
 * kept and everything after it yields harmless values, so a reader is a straight line without ifs:
 *
 *     json_fields_open(&f, &report, "vote", text, length);
 *     json_take_version(&f, 1);
 *     blind = json_take_string(&f, "blind", 32);
 *     rc = json_fields_close(&f);
 *
 * A field nobody took is a complaint as well, so that a typing error is seen: what may grow says so
 * first (`lenient`; store_form.h for the store's values). */
#ifndef REGIONSHIFT_JSON_FIELDS_H
#define REGIONSHIFT_JSON_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first complaint: a sentence "vote: states: not a string". */
struct json_report {
    bool failed;
    bool newer;   /* the complaint is that a newer version wrote it */
    bool foreign; /* it is about what our settings do not name */
    char *text;
    size_t size;
};

struct json_fields {
    json_t *root;         /* owned: what json_fields_open() parsed; NULL below it */
    const json_t *object; /* borrowed; NULL after a complaint */
    const char *noun;     /* "vote": begins every complaint */
    size_t taken;
    bool lenient; /* fields nobody took are no complaint */
    struct json_report *report;
};

/* Parses a whole text as one object: no duplicate keys, nothing after it, no NUL bytes. Strings and
 * arrays taken live until json_fields_close(). */
void json_fields_open(struct json_fields *fields, struct json_report *report, const char *noun,
                      const char *text, size_t length);

/* Reads an object inside another one. */
void json_fields_begin(struct json_fields *fields, struct json_report *report, const char *noun,
                       const json_t *object);

/* Ends: complains of fields nobody took, frees what was parsed. 0, or -1 after any complaint. */
int json_fields_close(struct json_fields *fields);

/* Keeps what was parsed for the caller, who gives it back with json_decref(); NULL after a
 * complaint. Replaces json_fields_close(). */
json_t *json_fields_keep(struct json_fields *fields);

/* Complains, once, of a field ("" : of the whole). */
__attribute__((format(printf, 3, 4))) void json_complain(struct json_fields *fields,
                                                         const char *key, const char *format, ...);

/* Whether a field is there, and not null. */
bool json_has(const struct json_fields *fields, const char *key);

/* Each takes one field that must be there; after a complaint: "", min, false, NULL. */
void json_take_version(struct json_fields *fields, int64_t known);
const char *json_take_string(struct json_fields *fields, const char *key, size_t max_length);
int64_t json_take_integer(struct json_fields *fields, const char *key, int64_t min, int64_t max);
bool json_take_boolean(struct json_fields *fields, const char *key);
const json_t *json_take_array(struct json_fields *fields, const char *key, size_t max_count);
const json_t *json_take_object(struct json_fields *fields, const char *key);
const json_t *json_take_value(struct json_fields *fields, const char *key); /* of any type */

/* Copies a string field into an array of size bytes. */
void json_take_text(struct json_fields *fields, const char *key, char *out, size_t size);

/* A list or object built by the caller, when it holds as many members as it was given; otherwise
 * memory ran out on the way: releases it and returns NULL, which json_pack() hands on. */
json_t *json_whole(json_t *built, size_t count);

/* Prints a value built by the caller, compact and in ASCII, and releases it. NULL (out of memory,
 * or bytes that are no UTF-8) fails. Returns the length, or -1 when it does not fit. */
int json_print(json_t *value, char *out, size_t size);

#endif
