/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_json.h: where in a JSON text (".queue.depth", "[0]["odd name"]"), and what is compared
 * with what is found there. */
#ifndef REGIONSHIFT_ASSERTION_JSON_H
#define REGIONSHIFT_ASSERTION_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "assertion_scan.h"

enum {
    JSON_STEPS_MAX = 16,        /* of a path */
    JSON_INDEX_MAX = 65535,     /* in a list */
    JSON_TEXT_MAX = 256 * 1024, /* a value takes 40 times its text and more, for a moment */
    JSON_WHY_MAX = 160
};

struct json_path;

enum json_literal_kind { JSON_LITERAL_NUMBER, JSON_LITERAL_TEXT, JSON_LITERAL_WORD };

struct json_literal {
    enum json_literal_kind kind; /* a text is the operand's text */
    json_type word;              /* JSON_TRUE, JSON_FALSE, JSON_NULL */
    bool is_whole;               /* then the number is `whole`, else `real` */
    int64_t whole;
    double real;
};

/* Reads a path that stands in an expression. */
int json_path_scan(struct scan *scan, struct json_path **ret_path);
void json_path_destroy(struct json_path *path);

/* Reads a number as JSON writes it. */
int json_number_scan(struct scan *scan, struct json_literal *ret_literal);

/* Parses a body. `cut`: there was more of it. NULL: ret_is_unknown says whether that is our doing
 * (its size, our limit on it, our memory) and why is a text with what is wrong and where, which
 * holds foreign bytes. */
json_t *json_body_parse(const char *body, size_t length, bool cut, bool *ret_is_unknown,
                        char why[JSON_WHY_MAX]);

/* What a path leads to; borrowed; NULL: nothing. */
const json_t *json_path_find(const struct json_path *path, const json_t *root);

/* Below 0, 0 or above 0, as the number is less than, equal to or greater than the literal. */
int json_number_compare(const json_t *number, const struct json_literal *literal);

/* Prints a value as a reader would name it, foreign bytes included: "text", 140, a list of 3. */
void json_value_print(const json_t *value, char *out, size_t size);

#endif
