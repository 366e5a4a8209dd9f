/* SPDX-License-Identifier: Apache-2.0 */
#include "attempt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool request_has_header(const struct check *check, const char *name)
{
    for (uint32_t i = 0; i < check->header_count; i++) {
        if (strcasecmp(check->headers[i].name, name) == 0)
            return true;
    }
    return false;
}

int request_authority(const struct check *check, uint16_t default_port, char *out, size_t size)
{
    bool is_v6 = strchr(check->host, ':') != NULL;
    char port[8] = "";
    int length;

    if (check->port != default_port)
        snprintf(port, sizeof(port), ":%u", check->port);
    length = snprintf(out, size, is_v6 ? "[%s]%s" : "%s%s", check->host, port);
    return length < 0 || (size_t)length >= size ? -1 : 0;
}

struct out {
    char *at;
    size_t left;
    bool full;
};

__attribute__((format(printf, 2, 3))) static void add(struct out *out, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(out->at, out->left, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= out->left) {
        out->full = true;
        return;
    }
    out->at += length;
    out->left -= (size_t)length;
}

/* Headers of the settings take the place of ours. */
static void add_host_and_agent(struct out *to, const struct check *check, const char *authority)
{
    if (!request_has_header(check, "Host"))
        add(to, "Host: %s\r\n", authority);
    if (!request_has_header(check, "User-Agent"))
        add(to, "User-Agent: %s\r\n", USER_AGENT);
}

static size_t end_request(struct out *to, const struct check *check, size_t size)
{
    for (uint32_t i = 0; i < check->header_count; i++)
        add(to, "%s: %s\r\n", check->headers[i].name, check->headers[i].value);
    add(to, "\r\n");
    return to->full ? 0 : size - to->left;
}

/* No Accept-Encoding: nothing is to be unpacked. */
size_t request_format(const struct check *check, char *out, size_t size)
{
    char authority[300];
    struct out to = {out, size, false};

    if (request_authority(check, check->tls ? 443 : 80, authority, sizeof(authority)) < 0)
        return 0;
    add(&to, "%s %s HTTP/1.1\r\n", check->method, check->target);
    add_host_and_agent(&to, check, authority);
    if (!request_has_header(check, "Accept"))
        add(&to, "Accept: */*\r\n");
    if (check->connection != CONNECTION_KEPT && !request_has_header(check, "Connection"))
        add(&to, "Connection: close\r\n");
    return end_request(&to, check, size);
}

size_t request_format_upgrade(const struct check *check, const char *key, char *out, size_t size)
{
    char authority[300];
    struct out to = {out, size, false};

    if (request_authority(check, 80, authority, sizeof(authority)) < 0)
        return 0;
    add(&to, "GET %s HTTP/1.1\r\n", check->target);
    add_host_and_agent(&to, check, authority);
    add(&to, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
    add(&to, "Sec-WebSocket-Key: %s\r\n", key);
    return end_request(&to, check, size);
}
