/* SPDX-License-Identifier: Apache-2.0 */
/* url.h: a strict reader of the URLs a monitor needs. What it does not know it refuses, because a
 * URL that two readers understand differently is how a check ends up asking somebody else. */
#ifndef REGIONSHIFT_SETTINGS_URL_H
#define REGIONSHIFT_SETTINGS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { URL_HOST_MAX = 253 };

enum url_scheme {
    URL_HTTP,
    URL_HTTPS,
    URL_TCP,
    URL_TLS,
    URL_DNS,
    URL_ICMP,
    URL_GRPC,
    URL_GRPCS,
    URL_WS,
    URL_WSS,
    URL_AGENT,
    URL_SCHEME_COUNT
};

struct url {
    enum url_scheme scheme;
    char host[URL_HOST_MAX + 1]; /* lower case, without brackets or trailing dot */
    bool is_literal;             /* the host is an IP address */
    uint16_t port;               /* 0: the scheme knows none (icmp) */
    const char *target;          /* path and query, at least "/"; within the text, or static */
};

/* Returns 0, or -1 with a sentence in error. User names, fragments, and everything but printable
 * ASCII are refused; tcp, tls, grpc, grpcs and agent need a port and take no path, icmp takes
 * neither, dns wants a question (url_question()). */
int url_parse(const char *text, struct url *ret_url, char *error, size_t error_size);

/* What a dns URL asks for (RFC 4501, without its class). */
struct url_question {
    char name[URL_HOST_MAX + 1]; /* lower case, without trailing dot; "." is the root */
    const char *type;            /* one of url_question_types */
};

extern const char *const url_question_types[]; /* "A", "AAAA", ...; ends with NULL */

/* Reads "/NAME" or "/NAME?type=TYPE", the target of a dns URL; TYPE in any case, A when it is left
 * out. Returns 0, or -1 with a sentence in error. */
int url_question(const char *target, struct url_question *ret_question, char *error,
                 size_t error_size);

/* Reads "IP:PORT" ("127.0.0.1:8053", "[::1]:8053"). Returns 0 or -1. */
int endpoint_parse(const char *text, char ret_host[URL_HOST_MAX + 1], uint16_t *ret_port);

/* Whether the text is an IPv4 or IPv6 literal, without brackets. */
bool is_ip_literal(const char *text);

/* Whether it is a DNS name: labels of a-z, 0-9, "-", "_", the last not all digits. Upper case
 * counts as lower case. */
bool is_dns_name(const char *text);

#endif
