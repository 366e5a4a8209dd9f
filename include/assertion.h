/* SPDX-License-Identifier: Apache-2.0 */
/* assertion.h: what an answer must look like to be good. An immutable expression tree, parsed with
 * the settings, evaluated by every kind of check. Operators today: status in list, body contains,
 * and. */
#ifndef REGIONSHIFT_ASSERTION_H
#define REGIONSHIFT_ASSERTION_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"

struct assertion;

/* The answer under judgement. The body may be a prefix of it (bounded by the reader). */
struct answer {
    int status;
    const char *body;
    size_t body_length;
};

/* Builds the tree of "status in STATUS" and, when body is not NULL or empty, "body contains BODY".
 *   status  "200", "200-299,304": statuses 100..599 and ranges; NULL or empty means "200-299"
 * Returns 0 and a tree the caller destroys, or -1 with a sentence in error (what, and what is
 * allowed). */
int assertion_create(const char *status, const char *body, struct assertion **ret_assertion,
                     char *error, size_t error_size);

/* Accepts NULL. */
void assertion_destroy(struct assertion *assertion);

/* Judges an answer. When it fails, ret_failure is the class (status, body) and detail says what
 * was seen and what was wanted, escaped. Both untouched when it holds. */
bool assertion_holds(const struct assertion *assertion, const struct answer *answer,
                     enum failure *ret_failure, char *detail, size_t detail_size);

/* True when the body has to be read at all. */
bool assertion_needs_body(const struct assertion *assertion);

#endif
