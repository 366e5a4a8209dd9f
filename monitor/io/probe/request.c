/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a request is written anew for each check, so that none has to be kept for each of
 * 50,000; and from pieces, as printf would take longer over it than the reader over the answer. */
#include "attempt.h"

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

struct out {
    char *at;
    size_t left;
    bool full;
};

static void add_bytes(struct out *out, const char *bytes, size_t length)
{
    if (length > out->left) {
        out->full = true;
        return;
    }
    memcpy(out->at, bytes, length);
    out->at += length;
    out->left -= length;
}

static void add(struct out *out, const char *text)
{
    add_bytes(out, text, strlen(text));
}

static void add_number(struct out *out, unsigned number)
{
    char digits[10]; /* of 32 bits */
    size_t count = 0;

    do {
        digits[sizeof(digits) - ++count] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    add_bytes(out, digits + sizeof(digits) - count, count);
}

static void add_line(struct out *out, const char *name, const char *value)
{
    add(out, name);
    add_bytes(out, ": ", 2);
    add(out, value);
    add_bytes(out, "\r\n", 2);
}

static void add_authority(struct out *out, const struct check *check, uint16_t default_port)
{
    bool is_v6 = strchr(check->host, ':') != NULL;

    add(out, is_v6 ? "[" : "");
    add(out, check->host);
    add(out, is_v6 ? "]" : "");
    if (check->port == default_port)
        return;
    add_bytes(out, ":", 1);
    add_number(out, check->port);
}

int request_authority(const struct check *check, uint16_t default_port, char *out, size_t size)
{
    struct out to = {out, size, false};

    add_authority(&to, check, default_port);
    add_bytes(&to, "", 1);
    return to.full ? -1 : 0;
}

static void begin_request(struct out *to, const char *method, const struct check *check)
{
    add(to, method);
    add_bytes(to, " ", 1);
    add(to, check->target);
    add(to, " HTTP/1.1\r\n");
}

/* Headers of the settings take the place of ours. */
static void add_host_and_agent(struct out *to, const struct check *check, uint16_t default_port)
{
    if (!request_has_header(check, "Host")) {
        add(to, "Host: ");
        add_authority(to, check, default_port);
        add_bytes(to, "\r\n", 2);
    }
    if (!request_has_header(check, "User-Agent"))
        add_line(to, "User-Agent", USER_AGENT);
}

static size_t end_request(struct out *to, const struct check *check, size_t size)
{
    for (uint32_t i = 0; i < check->header_count; i++)
        add_line(to, check->headers[i].name, check->headers[i].value);
    add_bytes(to, "\r\n", 2);
    return to->full ? 0 : size - to->left;
}

/* No Accept-Encoding: nothing is to be unpacked. */
size_t request_format(const struct check *check, char *out, size_t size)
{
    struct out to = {out, size, false};

    begin_request(&to, check->method, check);
    add_host_and_agent(&to, check, check->tls ? 443 : 80);
    if (!request_has_header(check, "Accept"))
        add(&to, "Accept: */*\r\n");
    if (check->connection != CONNECTION_KEPT && !request_has_header(check, "Connection"))
        add(&to, "Connection: close\r\n");
    return end_request(&to, check, size);
}

size_t request_format_upgrade(const struct check *check, const char *key, char *out, size_t size)
{
    struct out to = {out, size, false};

    begin_request(&to, "GET", check);
    add_host_and_agent(&to, check, 80);
    add(&to, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n");
    add_line(&to, "Sec-WebSocket-Key", key);
    return end_request(&to, check, size);
}
