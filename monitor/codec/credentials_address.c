/* SPDX-License-Identifier: Apache-2.0 */
/* What may be written to, and into a header, when somebody else's words say so. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "credentials_plan.h"

/* Those of ECS and EKS, whose network lets nobody else answer there. */
static const char *const promised_hosts[] = {"169.254.170.2", "169.254.170.23", "fd00:ec2::23"};

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= 0x20 || *text >= 0x7f || *text == '\\')
            return false;
    }
    return true;
}

static bool is_loopback(const char *host)
{
    unsigned char v4[4];
    static const struct in6_addr loopback = IN6ADDR_LOOPBACK_INIT;
    struct in6_addr v6;

    if (strcmp(host, "localhost") == 0)
        return true;
    if (inet_pton(AF_INET, host, v4) == 1)
        return v4[0] == 127;
    return inet_pton(AF_INET6, host, &v6) == 1 && memcmp(&v6, &loopback, sizeof(v6)) == 0;
}

static bool is_promised(const char *host)
{
    for (size_t i = 0; i < sizeof(promised_hosts) / sizeof(promised_hosts[0]); i++) {
        if (strcmp(host, promised_hosts[i]) == 0)
            return true;
    }
    return false;
}

/* The host of what stands behind `//`; a port may follow it. -1: none, or more than a host. */
static int take_host(const char *authority, char *out, size_t size)
{
    size_t length = strcspn(authority, "/?#");
    const char *end;

    if (memchr(authority, '@', length) != NULL)
        return -1;
    if (authority[0] == '[') {
        end = memchr(authority, ']', length);
        authority++;
    } else {
        end = memchr(authority, ':', length);
        if (end == NULL)
            end = authority + length;
    }
    if (end == NULL || end == authority || (size_t)(end - authority) >= size)
        return -1;
    memcpy(out, authority, (size_t)(end - authority));
    out[end - authority] = '\0';
    return 0;
}

/* -1: no URL. */
static int split_url(const char *url, bool *ret_is_tls, char *host, size_t size)
{
    *ret_is_tls = strncmp(url, "https://", 8) == 0;
    if ((!*ret_is_tls && strncmp(url, "http://", 7) != 0) || !is_plain(url))
        return -1;
    return take_host(url + (*ret_is_tls ? 8 : 7), host, size);
}

bool credentials_url_is_plain(const char *url)
{
    char host[256];
    bool is_tls;

    return split_url(url, &is_tls, host, sizeof(host)) == 0;
}

int credentials_url_check(const char *url, char *error, size_t error_size)
{
    char host[256];
    bool is_tls;

    if (split_url(url, &is_tls, host, sizeof(host)) != 0) {
        snprintf(error, error_size, "not a URL like http://HOST:PORT/PATH or https://HOST/PATH");
        return -1;
    }
    if (is_tls || is_loopback(host) || is_promised(host))
        return 0;
    snprintf(error, error_size,
             "http:// goes to this machine, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23] only: "
             "what is asked there is a secret");
    return -1;
}

int credentials_token_length(const char *text, size_t length)
{
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < 0x20 || text[i] >= 0x7f)
            return -1;
    }
    return length > 0 && length <= CREDENTIALS_AUTHORIZATION_MAX ? (int)length : -1;
}
