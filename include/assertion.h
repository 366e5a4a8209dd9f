/* SPDX-License-Identifier: Apache-2.0 */
/* assertion.h: what an answer must look like to be good. An immutable expression, parsed with the
 * settings, judged by every kind of check (docs/ASSERTIONS.md is the language):
 *
 *     status in 200-299,304 and json .queue.depth < 100 and not body contains "maintenance"
 *
 * A judgement has three values. What an answer does not have cannot be judged, and neither can a
 * pattern that takes too long: that is unknown, and unknown is never down. */
#ifndef REGIONSHIFT_ASSERTION_H
#define REGIONSHIFT_ASSERTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"
#include "units.h"

/* What an expression may look at. Sets of them are bits, SUBJECT_BIT(). */
enum subject {
    SUBJECT_STATUS,
    SUBJECT_BODY,
    SUBJECT_JSON, /* of the body */
    SUBJECT_HEADER,
    SUBJECT_LATENCY,
    SUBJECT_CERT_DAYS,
    SUBJECT_TLS,
    SUBJECT_RCODE,
    SUBJECT_ANSWERS,
    SUBJECT_EXIT,
    SUBJECT_STATE,
    SUBJECT_HEALTHY,
    SUBJECT_UNHEALTHY,
    SUBJECT_PERCENT,
    SUBJECT_COUNT
};

#define SUBJECT_BIT(subject) (UINT32_C(1) << (subject))

/* The answer under judgement: all of it borrowed, and foreign. What `has` does not name is not
 * read. */
struct answer {
    uint32_t has; /* SUBJECT_BIT() of each that was seen; BODY is enough for JSON */
    int status;
    const char *body; /* what was read of it; NULL when body_length is 0 */
    size_t body_length;
    bool body_cut;    /* there was more than that */
    const char *head; /* "Name: value\r\n" lines as received; a first line is skipped */
    size_t head_length;
    usec_t latency_us;
    int64_t cert_left_s; /* until the certificate ends; negative: since it did */
    int tls_version;     /* 0x0301 .. 0x0304: TLS 1.0 .. 1.3 */
    int rcode;
    uint32_t answers;
    int exit;
    const char *state; /* ends with NUL */
    uint32_t healthy;
    uint32_t unhealthy;
    int percent;
};

enum assertion_outcome { ASSERTION_HOLDS, ASSERTION_FAILS, ASSERTION_UNKNOWN };

enum {
    ASSERTION_TEXT_MAX = 4096, /* bytes of an expression */
    ASSERTION_DEPTH_MAX = 32,  /* of parentheses and `not` in each other */
    ASSERTION_NODES_MAX = 256  /* tests, and, or, not */
};

struct assertion;

/* Parses an expression that may look at these subjects (of the kind of check).
 * Returns 0 and a tree the caller destroys, or -1 with a sentence in error: "column 9: what, and
 * what is allowed"; printable ASCII. */
int assertion_parse(const char *text, uint32_t subjects, struct assertion **ret_assertion,
                    char *error, size_t error_size);

/* The short forms: "status in STATUS" and, when body is not NULL or empty, "body contains BODY".
 *   status  "200", "200-299,304": statuses 100..599 and ranges; NULL or empty means "200-299"
 * As assertion_parse(), but the error has no column. */
int assertion_create(const char *status, const char *body, struct assertion **ret_assertion,
                     char *error, size_t error_size);

/* Both must hold; of two failures the left one is told. Takes both; one of them may be NULL, and
 * the other is returned. NULL: there was no memory (and both are gone), or both were NULL. */
struct assertion *assertion_both(struct assertion *left, struct assertion *right);

/* Accepts NULL. */
void assertion_destroy(struct assertion *assertion);

/* Judges an answer. Unless it holds, ret_failure is the class and detail says what was seen and
 * what was wanted, in at most RESULT_DETAIL_MAX characters of printable ASCII. When it holds, both
 * stay untouched. Unknown has FAILURE_POLICY: it is our own limit, or a question that this answer
 * cannot be asked. */
enum assertion_outcome assertion_judge(const struct assertion *assertion,
                                       const struct answer *answer, enum failure *ret_failure,
                                       char *detail, size_t detail_size);

/* What it looks at: bits of SUBJECT_BIT(); NULL looks at nothing. JSON comes with BODY, for it has
 * to be read: a body is read when SUBJECT_BODY is among them. */
uint32_t assertion_subjects(const struct assertion *assertion);

/* The name of a DNS response code (RFC 6895, 2.3); NULL: it has none. */
const char *rcode_name(int64_t rcode);

#endif
