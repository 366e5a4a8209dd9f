/* SPDX-License-Identifier: Apache-2.0 */
/* Which file makes which check. A kind has its line here, and nothing of it elsewhere. */
#include "attempt.h"

#include <assert.h>
#include <stdio.h>

extern const struct attempt_kind kind_http;      /* http.c: HTTP/1.1, lean */
extern const struct attempt_kind kind_http_curl; /* http_curl.c: what needs libcurl */
extern const struct attempt_kind kind_tcp;       /* tcp.c */
extern const struct attempt_kind kind_command;   /* command.c */
extern const struct attempt_kind kind_tls;       /* tls.c */
extern const struct attempt_kind kind_dns;       /* dns.c */
extern const struct attempt_kind kind_icmp;      /* icmp.c */
extern const struct attempt_kind kind_agent;     /* agent.c */
extern const struct attempt_kind kind_alarm;     /* alarm.c */
extern const struct attempt_kind kind_alb;       /* alb.c */
extern const struct attempt_kind kind_websocket; /* websocket.c: in the clear, lean */
extern const struct attempt_kind kind_websocket_curl;
extern const struct attempt_kind kind_grpc; /* grpc.c */

static const struct attempt_kind *const kinds[CHECK_KIND_COUNT] = {
    [CHECK_HTTP] = &kind_http,   [CHECK_TCP] = &kind_tcp,   [CHECK_COMMAND] = &kind_command,
    [CHECK_AGENT] = &kind_agent, [CHECK_GRPC] = &kind_grpc, [CHECK_WEBSOCKET] = &kind_websocket,
    [CHECK_TLS] = &kind_tls,     [CHECK_DNS] = &kind_dns,   [CHECK_ICMP] = &kind_icmp,
    [CHECK_ALARM] = &kind_alarm, [CHECK_ALB] = &kind_alb,
};

/* Most checks need none of it, and it costs twice as much. */
static bool needs_curl(const struct check *check)
{
    return check->http_version != HTTP_VERSION_1 || check->redirects > 0;
}

const struct attempt_kind *kind_of(const struct check *check)
{
    const struct attempt_kind *kind = kinds[check->kind];

    if (check->kind == CHECK_WEBSOCKET && check->tls)
        return &kind_websocket_curl;
    assert(kind != NULL); /* groups and pushes are not made by a prober */
    return check->kind == CHECK_HTTP && needs_curl(check) ? &kind_http_curl : kind;
}

/* 32 long headers are more than a lean request holds. */
static bool fits(const struct check *check, char *error, size_t error_size)
{
    static const char key[] = "dGhlIHNhbXBsZSBub25jZQ=="; /* as long as any */
    char request[REQUEST_MAX];
    size_t length = 1;

    if (check->kind == CHECK_HTTP && !needs_curl(check))
        length = request_format(check, request, sizeof(request));
    else if (check->kind == CHECK_WEBSOCKET && !check->tls)
        length = request_format_upgrade(check, key, request, sizeof(request));
    if (length == 0)
        snprintf(error, error_size, "a request of more than %d bytes is not sent", REQUEST_MAX);
    return length > 0;
}

bool prober_can(const struct check *check, char *error, size_t error_size)
{
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);
    int wanted = CURL_VERSION_HTTP3;

    if (check->kind == CHECK_ICMP)
        return icmp_can(error, error_size);
    if (!fits(check, error, error_size))
        return false;
    if (check->kind != CHECK_GRPC &&
        (check->kind != CHECK_HTTP || check->http_version == HTTP_VERSION_1))
        return true;
    if (check->kind == CHECK_GRPC || check->http_version == HTTP_VERSION_2)
        wanted = CURL_VERSION_HTTP2;
    if (curl->features & wanted)
        return true;
    snprintf(error, error_size, "this build cannot speak HTTP/%c: libcurl %s is without it",
             wanted == CURL_VERSION_HTTP2 ? '2' : '3', curl->version);
    return false;
}
