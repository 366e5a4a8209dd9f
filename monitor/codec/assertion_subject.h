/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_subject.h: what each subject is called, how it can be compared, and what a failure of
 * it is (V6). */
#ifndef REGIONSHIFT_ASSERTION_SUBJECT_H
#define REGIONSHIFT_ASSERTION_SUBJECT_H

#include "assertion_node.h"

/* What a subject is compared with. */
enum value_kind {
    VALUE_NUMBER,   /* min to max; lists of ranges with `in` */
    VALUE_RCODE,    /* the same, with names */
    VALUE_DAYS,     /* a number; compared in seconds */
    VALUE_DURATION, /* compared in microseconds */
    VALUE_VERSION,  /* of TLS */
    VALUE_TEXT,
    VALUE_WORD, /* a text, or a bare word */
    VALUE_JSON
};

struct subject_form {
    const char *name;
    enum value_kind kind;
    uint32_t relations; /* RELATION_BIT() of each it can have */
    int64_t min;
    int64_t max;
    enum failure failure;
    const char *verb; /* "status 503", but "latency is 412ms" */
};

const struct subject_form *subject_form(enum subject subject);

/* "==", "in", ... */
const char *relation_name(enum relation relation);

/* "status, body, json"; of any set of subjects or relations. */
enum { NAMES_SIZE = 160 };
void subject_names(uint32_t subjects, char out[NAMES_SIZE]);
void relation_names(uint32_t relations, char out[NAMES_SIZE]);

enum { RCODE_MAX = 4095 /* 12 bits, with those of EDNS */ };

#endif
