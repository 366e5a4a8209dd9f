/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_say.h: why an answer is not good, in one line of printable ASCII that is never longer
 * than RESULT_DETAIL_MAX. */
#ifndef REGIONSHIFT_ASSERTION_SAY_H
#define REGIONSHIFT_ASSERTION_SAY_H

#include <stdbool.h>
#include <stddef.h>

#include "assertion_node.h"

enum { SAYING_WIDTH = 60 /* of each foreign text in a line */, SAYING_WIDTH_OF_TWO = 22 };

struct saying {
    enum failure failure;
    size_t width;
    size_t length;
    char text[RESULT_DETAIL_MAX + 1];
};

/* What was found for a test. */
struct finding {
    enum assertion_outcome outcome; /* HOLDS: subject and operand have this relation */
    bool is_broken;                 /* no question can be asked, and `not` does not mend that */
    bool is_missing;                /* there is no such value */
    bool is_quoted;                 /* a text */
    const char *seen;               /* borrowed: of the answer, or the buffer; foreign */
    size_t seen_length;
    char buffer[192];
};

/* Appends: words of ours; foreign bytes, made printable and cut to the width; another saying. */
__attribute__((format(printf, 2, 3))) void say(struct saying *saying, const char *format, ...);
void say_foreign(struct saying *saying, const char *text, size_t length);
void say_also(struct saying *saying, const struct saying *other);

/* Why a test is not as wanted (false: as its negation). */
void say_finding(struct saying *saying, const struct test *test, const struct answer *answer,
                 const struct finding *finding, bool wanted);

#endif
