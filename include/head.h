/* SPDX-License-Identifier: Apache-2.0 */
/* head.h: looks through the headers of an answer, as http1_head() and libcurl give them: lines of
 * "Name: value", foreign, in one piece. A head has some dozens of lines; no copy of it is needed.
 */
#ifndef REGIONSHIFT_HEAD_H
#define REGIONSHIFT_HEAD_H

#include <stdbool.h>
#include <stddef.h>

/* Points into the head; the value is without blanks around. */
struct head_line {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

/* The next "name: value" from *at on, which moves behind it. A status line may look like one, and a
 * folded line too: neither begins as a header's name can, so neither is ever the one asked for. */
bool head_next(const char **at, const char *end, struct head_line *ret_line);

/* In any case. */
bool head_line_is(const struct head_line *line, const char *name);

/* The last line with that name; false: there is none. */
bool head_find(const char *head, size_t length, const char *name, struct head_line *ret_line);

/* Whether a token is among those of a line, "keep-alive, Upgrade", in any case. */
bool head_line_has_token(const struct head_line *line, const char *token);

/* Whether it is among those of all lines with that name. */
bool head_has_token(const char *head, size_t length, const char *name, const char *token);

#endif
