/* SPDX-License-Identifier: Apache-2.0 */
/* sigv4.h: AWS Signature Version 4, a pure function of the request and the time.
 *
 * It takes the path and the query decoded, encodes and sorts them itself, and gives back the very
 * string to send: what is sent and what was signed cannot differ. (libcurl's own signer signs the
 * query as the caller wrote it and cannot be told the time; so the secret never enters libcurl.) */
#ifndef REGIONSHIFT_SIGV4_H
#define REGIONSHIFT_SIGV4_H

#include <stddef.h>

enum {
    SIGV4_TIME_LENGTH = 16, /* "20130524T000000Z" */
    SIGV4_PAIRS_MAX = 32,   /* of a query; of headers, with the three we add */
    SIGV4_TARGET_MAX = 8 * 1024,
    SIGV4_CANONICAL_MAX = 64 * 1024
};

struct sigv4_pair {
    const char *key;
    const char *value;
};

struct sigv4_credentials {
    const char *key_id;
    const char *secret;
    const char *token; /* of a session, "" none */
};

struct sigv4_request {
    const char *method;
    const char *host; /* as in the Host header: with the port unless it is the scheme's own */
    const char *const *segments; /* of the path, decoded; a last "" makes a trailing slash */
    size_t segment_count;
    const struct sigv4_pair *query; /* decoded, any order */
    size_t query_count;
    const struct sigv4_pair *headers; /* to be signed besides host, x-amz-date and the token */
    size_t header_count;
    const char *body;
    size_t body_length;
    const char *region;
    const char *service;
    const char *time; /* UTC, "YYYYMMDDTHHMMSSZ": also the value of X-Amz-Date */
};

/* All owned; the middle two are there for tests and for a reader at 3 a.m. */
struct sigv4_signature {
    char *target; /* path and query, to be sent exactly so */
    char *canonical;
    char *string_to_sign;
    char *authorization; /* value of the Authorization header */
};

/* Signs. The caller sends Host, X-Amz-Date, X-Amz-Security-Token (when there is a token), the
 * headers it named, and Authorization. S3, which encodes its path once, is not covered.
 * Returns 0, or -1: a limit, a path segment that a server or proxy would resolve away ("", ".",
 * ".."), a control character in a header, a time of another form, or no memory. */
int sigv4_sign(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
               struct sigv4_signature *ret_signature);

void sigv4_signature_clear(struct sigv4_signature *signature);

#endif
