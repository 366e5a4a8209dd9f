/* SPDX-License-Identifier: Apache-2.0 */
/* result.h: what happened on one attempt of one check. It states facts; verdict.h draws
 * conclusions. */
#ifndef REGIONSHIFT_RESULT_H
#define REGIONSHIFT_RESULT_H

#include <stddef.h>

#include "units.h"

/* A void result counts for nothing: it came late through our own fault (V4), was cancelled, or
 * our own policy forbade the attempt. */
enum result_class { RESULT_GOOD, RESULT_BAD, RESULT_VOID };

/* V6: how an attempt failed. dns is naming, the others are the endpoint; policy is ourselves. */
enum failure {
    FAILURE_NONE,
    FAILURE_DNS,
    FAILURE_CONNECT,
    FAILURE_TLS,
    FAILURE_CERTIFICATE,
    FAILURE_TIMEOUT,
    FAILURE_STATUS,
    FAILURE_BODY,
    FAILURE_LATENCY,
    FAILURE_POLICY,
    FAILURE_COUNT
};

/* What the name says beside an address that is pinned: naming and endpoint stay apart (V6). It is
 * told, and moves no traffic. */
enum naming {
    NAMING_NOT_ASKED, /* no pinned address beside a name; or no answer has come yet */
    NAMING_GOOD,      /* the pinned address is among those of the name */
    NAMING_FAILED,    /* the name has no address, or could not be asked for */
    NAMING_DIFFERS    /* it has others */
};

/* The longest text an endpoint may put into our logs and pages, after escaping. */
enum { RESULT_DETAIL_MAX = 200 };

/* Each phase in microseconds from the start of the attempt's own phase; -1: not reached. */
struct timings {
    usec_t resolve_us;
    usec_t connect_us;
    usec_t tls_us;
    usec_t first_byte_us;
    usec_t total_us;
};

struct result {
    enum result_class class;
    enum failure failure;
    int status; /* HTTP status, 0 when there was none */
    enum naming naming;
    msec_t late_ms;         /* for how long it waited in the prober, before it really began (V4) */
    struct timings timings; /* of several addresses: those of the slowest one that is good */
    char detail[RESULT_DETAIL_MAX + 1]; /* printable ASCII: what was seen and what was wanted */
};

/* The word of a class in logs, votes and settings ("dns", "connect", ...; "none"). */
const char *failure_name(enum failure failure);

/* Finds the class of a word; 0, or -1 when there is no such word. */
int failure_parse(const char *word, enum failure *ret_failure);

/* Copies text into out as printable ASCII, other bytes as \xNN, cut to size with "..." .
 * For everything that came from outside and goes to a log, page or alert. */
void text_escape(char *out, size_t size, const char *text, size_t length);

#endif
