/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h: why a group moves or not, in words (D10): what the engine lets see (engine.h), made
 * readable. The daemon's answers, the command and the simulator say it alike. */
#ifndef REGIONSHIFT_EXPLAIN_H
#define REGIONSHIFT_EXPLAIN_H

#include <stddef.h>

#include "engine.h"

/* The gate that holds a wanted move back, or NULL. */
const struct gate *explain_closed(const struct group_view *view);

/* One sentence: what holds the group, or what it does. */
enum { EXPLAIN_SENTENCE_MAX = 400 };
void explain_sentence(const struct group_view *view, char out[EXPLAIN_SENTENCE_MAX + 1]);

/* "0.8 s" "12 s" "3 m 20 s" "2 h 5 m" "4 d 3 h". */
enum { SPAN_MAX = 32 };
const char *span_format(msec_t ms, char out[SPAN_MAX]);

/* What a gate measured, and what it needs: "3.2 s of 20 s", "1 of 4", "-". The name says which unit
 * value and limit have (-1: none). */
enum { GATE_VALUE_MAX = 2 * SPAN_MAX + 4 };
const char *gate_value_format(const char *name, int64_t value, int64_t limit,
                              char out[GATE_VALUE_MAX]);

#endif
