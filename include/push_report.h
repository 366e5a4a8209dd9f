/* SPDX-License-Identifier: Apache-2.0 */
/* push_report.h: what a job says of itself, and how it is kept over a restart.
 *
 *     nothing                                  ok
 *     ok 812 files                             a word, ok or fail, and perhaps a text
 *     {"state": "fail", "text": "disk full"}   both may be absent; more is for assertions
 *
 * Every byte is foreign. */
#ifndef REGIONSHIFT_PUSH_REPORT_H
#define REGIONSHIFT_PUSH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "result.h"
#include "units.h"

enum {
    PUSH_BODY_MAX = 4096,              /* bytes; a job that has more to say has a log */
    PUSH_KEPT_MAX = 8 * PUSH_BODY_MAX, /* of a file: JSON writes a byte as six at most */
    PUSH_TEXT_MAX = 120                /* of its text that is shown, after escaping */
};

struct push_report {
    bool is_ok;
    char text[PUSH_TEXT_MAX + 1]; /* printable ASCII; "" : none */
};

/* Returns 0, or -1 with a sentence: what is wrong, and what is allowed. The body is UTF-8 without
 * NUL then. */
int push_report_read(const char *body, size_t length, struct push_report *ret_report, char *error,
                     size_t error_size);

/* The last report of a job, as it is on disk. */
struct push_kept {
    wall_t at_wall;   /* when it came: for people, nothing is decided by it */
    msec_t silent_ms; /* for how long we have listened since, when this was written */
    size_t length;
    char body[PUSH_BODY_MAX + 1];
};

/* Returns the length of what was written, or -1: no memory or room, or the body is no UTF-8. */
int push_kept_write(const struct push_kept *kept, char *out, size_t size);

/* Returns 0, or -1 with a sentence. */
int push_kept_read(const char *text, size_t length, struct push_kept *ret_kept, char *error,
                   size_t error_size);

#endif
