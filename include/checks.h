/* SPDX-License-Identifier: Apache-2.0 */
/* checks.h: one check of one site, as the settings have it, defaults applied. What every kind has
 * stands flat in struct check; what one kind alone has stands in a struct of its own, in the union
 * at its end. The kinds themselves are in monitor/io/probe/, a file for each. */
#ifndef REGIONSHIFT_CHECKS_H
#define REGIONSHIFT_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "assertion.h"
#include "units.h"

enum check_kind {
    CHECK_HTTP,      /* http:// https:// : a page */
    CHECK_TCP,       /* tcp://HOST:PORT : a connection, and perhaps a dialogue on it */
    CHECK_TLS,       /* tls://HOST:PORT : a handshake, perhaps after STARTTLS */
    CHECK_DNS,       /* dns://SERVER[:PORT]/NAME?type=TYPE : an answer of that server (RFC 4501) */
    CHECK_ICMP,      /* icmp://HOST : an echo */
    CHECK_GRPC,      /* grpc:// grpcs:// : the health protocol, grpc.health.v1 */
    CHECK_WEBSOCKET, /* ws:// wss:// : the handshake (RFC 6455) */
    CHECK_AGENT,     /* agent://HOST:PORT : the words of HAProxy's agents */
    CHECK_COMMAND,   /* a program of ours, as Nagios' plugins are */
    CHECK_PUSH,      /* a job that reports by itself; its silence is a failure */
    CHECK_ALARM,     /* the state of a CloudWatch alarm */
    CHECK_ALB,       /* the healthy targets of a target group */
    CHECK_GROUP,     /* N of M of the site's other checks */
    CHECK_KIND_COUNT
};

/* What a bad check means for its site. */
enum check_level {
    LEVEL_REQUIRED, /* the site is bad */
    LEVEL_DEGRADED, /* it is told and alerted; traffic stays */
    LEVEL_INFO,     /* it is told */
    LEVEL_COUNT
};

enum http_version { HTTP_VERSION_1, HTTP_VERSION_2, HTTP_VERSION_3 };

/* How a check over HTTP/1.1 comes to its server. */
enum check_connection {
    CONNECTION_FRESH,   /* a new connection and, over TLS, a full handshake, every time */
    CONNECTION_RESUMED, /* a new connection; the TLS session of the last check is resumed */
    CONNECTION_KEPT     /* the connection of the last check, which is kept open in between */
};

enum address_family { FAMILY_BOTH, FAMILY_IPV4, FAMILY_IPV6 };

/* How many of a name's addresses must be good; any other number: so many. */
enum { NEED_ALL = 0, NEED_ANY = 1 };

/* Kinds of address that no check may reach unless its `allow` names them. Bits. */
enum address_policy {
    ALLOW_LOOPBACK = 1 << 0,   /* 127/8, ::1; one that stands in the url itself is allowed */
    ALLOW_LINK_LOCAL = 1 << 1, /* 169.254/16, fe80::/10 */
    ALLOW_METADATA = 1 << 2,   /* a cloud's: 169.254.169.254, fd00:ec2::254, ... */
    ALLOW_MULTICAST = 1 << 3,  /* and broadcast, and 0.0.0.0 */
};

struct check_header {
    const char *name;
    const char *value;
};

/* The protocol that is spoken in the clear before the handshake. */
enum starttls {
    STARTTLS_NONE,
    STARTTLS_SMTP,
    STARTTLS_IMAP,
    STARTTLS_POP3,
    STARTTLS_LDAP,
    STARTTLS_POSTGRES,
    STARTTLS_MYSQL,
    STARTTLS_COUNT
};

/* One step of a dialogue: either is NULL. */
struct tcp_line {
    const char *send;   /* bytes, as they go out */
    const char *expect; /* text that the answer to it must contain */
};

struct check_tcp {
    const struct tcp_line *lines;
    uint32_t line_count; /* 0: the connection is enough */
};

struct check_tls {
    enum starttls starttls;
    const char *name; /* asked for (SNI) and looked for in the certificate; never "" */
    const char *pin;  /* base64 of SHA-256 of the public key (RFC 7469); "": any */
};

struct check_dns {
    const char *name; /* asked for */
    const char *type; /* "A" "AAAA" "CNAME" "MX" "NS" "PTR" "SOA" "SRV" "TXT" "CAA" */
    bool dnssec;      /* ask with DO, and want AD in the answer */
    bool tcp;         /* ask over TCP at once; else UDP, and TCP when the answer was cut */
};

struct check_grpc {
    const char *service; /* "": the server as a whole */
};

struct check_command {
    const char *const *argv; /* ends with NULL; argv[0] is an absolute path */
    uint32_t argc;
    const char *site; /* what it is told it looks at: the site's name and region */
    const char *region;
};

struct check_push {
    const char *name;  /* of the job: POST /api/v1/push/NAME */
    const char *token; /* the secret itself */
    msec_t period_ms;  /* silence beyond it is a failure */
};

struct check_aws {
    const char *what;   /* an alarm's name, or a target group's ARN */
    const char *region; /* where it stands */
    const char *role;   /* ARN to assume for it; "": what our credentials are */
    const char *external_id;
};

struct check_group {
    const uint32_t *members; /* checks of the same site, none of them a group */
    uint32_t member_count;
    uint32_t need; /* so many of them must be up: 1 .. member_count */
};

struct check {
    uint32_t site;
    enum check_kind kind;
    enum check_level level;
    const char *name; /* unique in its site; "" unless given */
    bool is_member;   /* of a check of kind group: it counts there only */
    const char *url;  /* as written; "" for kinds that have none */
    const char *host; /* of the URL, lower case, without brackets */
    uint16_t port;
    const char *target;  /* path and query, at least "/" */
    bool tls;            /* https, grpcs, wss, tls */
    bool verify;         /* check the certificate; default true */
    const char *ca_file; /* "" or NULL: the system's */
    const char *address; /* pinned IP literal, or "" : resolve the host */
    enum address_family family;
    uint32_t need;      /* NEED_ALL, NEED_ANY, or so many of the name's addresses */
    uint32_t allow;     /* enum address_policy */
    const char *method; /* "GET" or "HEAD" */
    const struct check_header *headers;
    uint32_t header_count;
    enum http_version http_version;
    enum check_connection connection;
    uint32_t fresh_every; /* of what is resumed or kept: every so many is fresh and full anyway */
    uint32_t redirects;   /* followed at most; 0: none, and 3xx is an answer like any other */
    uint32_t body_max;  /* bytes of a body that are read; what comes after them is not looked at */
    const char *status; /* as written */
    const char *body;   /* as written */
    const char *expect; /* as written; "" : none */
    const struct assertion *assertion; /* status, body and expect together; NULL: any answer */
    msec_t interval_ms;
    msec_t timeout_ms;
    msec_t retry_ms;
    uint32_t fall;
    uint32_t rise;
    uint32_t window_bad; /* 0: the window rule V3 is off */
    uint32_t window_of;
    /* By kind; NULL for kinds that have nothing of their own. */
    union {
        const struct check_tcp *tcp;
        const struct check_tls *tls;
        const struct check_dns *dns;
        const struct check_grpc *grpc;
        const struct check_command *command;
        const struct check_push *push;
        const struct check_aws *aws; /* alarm and alb */
        const struct check_group *members;
    } of;
};

#endif
