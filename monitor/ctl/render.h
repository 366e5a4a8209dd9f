/* SPDX-License-Identifier: Apache-2.0 */
/* render.h: text for people. Colours only on a terminal, and not when NO_COLOR is set; whatever
 * came from outside loses its control characters, so that it cannot drive the terminal. */
#ifndef REGIONSHIFT_CTL_RENDER_H
#define REGIONSHIFT_CTL_RENDER_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "explain.h"

enum style { STYLE_PLAIN, STYLE_HEAD, STYLE_DIM, STYLE_GOOD, STYLE_WARN, STYLE_BAD };

/* Prints a text that came from outside. */
void render_text(FILE *out, const char *text);
/* The same on stdout, in a style. */
void render_styled(enum style style, const char *text);

/* As span_format(), from seconds; "-" for what is no number. */
const char *render_span(const json_t *seconds, char out[SPAN_MAX]);

/* Gives memory back, or ends the program when there is none. */
void *must(void *memory);

/* A table: cells are added one after another, row by row, and aligned when printed. */
struct table;
struct table *table_create(size_t columns);
__attribute__((format(printf, 3, 4))) void table_add(struct table *table, enum style style,
                                                     const char *format, ...);
/* Prints with `indent` spaces in front, and frees. */
void table_finish(struct table *table, int indent);

/* A text of an object, "" when there is none. */
const char *text_of(const json_t *object, const char *key);
bool true_of(const json_t *object, const char *key);
long long number_of(const json_t *object, const char *key); /* -1: none */

/* {"pizza/us-east-1":0,"pizza/us-west-2":100} as "pizza 0/100". */
enum { WEIGHTS_TEXT_MAX = 400 };
const char *weights_text(json_t *weights, char out[WEIGHTS_TEXT_MAX]);

/* explain.c: a row for each gate. */
void print_gates(const json_t *gates, int indent);
/* Of a group in several hosted zones, how far its change is in each; of one, nothing. */
void print_zones(const json_t *zones);
/* plan.c: the batches of a plan, or of init. */
void print_batches(const json_t *batches);

#endif
