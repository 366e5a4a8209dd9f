/* SPDX-License-Identifier: Apache-2.0 */
/* url.c: scheme, then authority, then target, each cut off before it is judged. */
#include "url.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { LABEL_MAX = 63, PORT_DIGITS_MAX = 5 };

enum takes { TAKES_PATH, TAKES_PORT_ONLY, TAKES_HOST_ONLY, TAKES_QUESTION };

static const struct {
    const char *prefix;
    uint16_t port; /* 0: must be given, or there is none */
    enum takes takes;
} schemes[] = {
    [URL_HTTP] = {"http://", 80, TAKES_PATH},       [URL_HTTPS] = {"https://", 443, TAKES_PATH},
    [URL_TCP] = {"tcp://", 0, TAKES_PORT_ONLY},     [URL_TLS] = {"tls://", 0, TAKES_PORT_ONLY},
    [URL_DNS] = {"dns://", 53, TAKES_QUESTION},     [URL_ICMP] = {"icmp://", 0, TAKES_HOST_ONLY},
    [URL_GRPC] = {"grpc://", 0, TAKES_PORT_ONLY},   [URL_GRPCS] = {"grpcs://", 0, TAKES_PORT_ONLY},
    [URL_WS] = {"ws://", 80, TAKES_PATH},           [URL_WSS] = {"wss://", 443, TAKES_PATH},
    [URL_AGENT] = {"agent://", 0, TAKES_PORT_ONLY},
};

const char *const url_question_types[] = {"A",   "AAAA", "CNAME", "MX",  "NS", "PTR",
                                          "SOA", "SRV",  "TXT",   "CAA", NULL};

bool is_ip_literal(const char *text)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

static bool is_label(const char *label, size_t length)
{
    if (length == 0 || length > LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)label[i];
        if (!isalnum(c) && c != '-' && c != '_')
            return false;
    }
    return true;
}

bool is_dns_name(const char *text)
{
    const char *label = text;
    if (strlen(text) > URL_HOST_MAX)
        return false;
    for (;;) {
        size_t length = strcspn(label, ".");
        if (!is_label(label, length))
            return false;
        if (label[length] == '\0')
            /* "10.0.1" and "0x7f.1" are addresses to some resolvers and names to others. */
            return !isdigit((unsigned char)label[0]) ||
                   strspn(label, "0123456789abcdefABCDEFxX") < length;
        label += length + 1;
    }
}

static int fail(char *error, size_t error_size, const char *what)
{
    snprintf(error, error_size, "%s", what);
    return -1;
}

static int parse_port(const char *text, size_t length, uint16_t *ret_port)
{
    unsigned long port = 0;
    if (length == 0 || length > PORT_DIGITS_MAX || text[0] == '0')
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i]))
            return -1;
        port = port * 10 + (unsigned long)(text[i] - '0');
    }
    if (port > UINT16_MAX)
        return -1;
    *ret_port = (uint16_t)port;
    return 0;
}

/* Splits HOST[:PORT] or [IPV6][:PORT]. The host is only cut off, not judged. */
static int split_authority(const char *text, size_t length, char host[URL_HOST_MAX + 1],
                           bool *ret_bracketed, uint16_t *port)
{
    bool bracketed = length > 0 && text[0] == '[';
    const char *start = text + (bracketed ? 1 : 0);
    const char *end = memchr(start, bracketed ? ']' : ':', length - (bracketed ? 1 : 0));
    if (end == NULL && bracketed)
        return -1;
    if (end == NULL)
        end = text + length;
    size_t host_length = (size_t)(end - start);
    const char *rest = end + (bracketed ? 1 : 0);
    size_t rest_length = (size_t)(text + length - rest);
    if (host_length == 0 || host_length > URL_HOST_MAX)
        return -1;
    if (rest_length > 0 && (rest[0] != ':' || parse_port(rest + 1, rest_length - 1, port) < 0))
        return -1;
    for (size_t i = 0; i < host_length; i++)
        host[i] = (char)tolower((unsigned char)start[i]);
    host[host_length] = '\0';
    *ret_bracketed = bracketed;
    return 0;
}

static int judge_host(struct url *url, bool bracketed, char *error, size_t error_size)
{
    size_t length = strlen(url->host);
    if (!bracketed && url->host[length - 1] == '.')
        url->host[length - 1] = '\0';
    url->is_literal = is_ip_literal(url->host);
    if (bracketed && (!url->is_literal || strchr(url->host, ':') == NULL))
        return fail(error, error_size, "brackets hold no IPv6 address; write [2001:db8::1]");
    if (!url->is_literal && !is_dns_name(url->host))
        return fail(error, error_size,
                    "the host is neither a DNS name nor an IP address; write HOST, 192.0.2.1 or "
                    "[2001:db8::1]");
    return 0;
}

static int judge_target(const char *target, char *error, size_t error_size)
{
    for (const char *c = target; *c != '\0'; c++) {
        if (*c == '#')
            return fail(error, error_size, "a fragment (#...) is never sent; leave it out");
        if (!isgraph((unsigned char)*c) || strchr("\"<>\\^`{|}", *c) != NULL)
            return fail(error, error_size,
                        "a character that must be written as %XX; allowed are the printable ones "
                        "but \"<>\\^`{|} and space");
        if (*c == '%' && !(isxdigit((unsigned char)c[1]) && isxdigit((unsigned char)c[2])))
            return fail(error, error_size, "% must be followed by two hexadecimal digits");
    }
    return 0;
}

static int find_scheme(const char *text, struct url *url)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
            url->scheme = (enum url_scheme)i;
            url->port = schemes[i].port;
            return 0;
        }
    }
    return -1;
}

/* ---- what stands behind the host ---- */

static const char *question_type(const char *text)
{
    for (size_t i = 0; url_question_types[i] != NULL; i++) {
        if (strcasecmp(url_question_types[i], text) == 0)
            return url_question_types[i];
    }
    return NULL;
}

/* A name that may be asked for: the root, and a wildcard too, which is asked as it stands. */
static bool is_question_name(const char *name)
{
    return strcmp(name, ".") == 0 || is_dns_name(strncmp(name, "*.", 2) == 0 ? name + 2 : name);
}

int url_question(const char *target, struct url_question *ret_question, char *error,
                 size_t error_size)
{
    static const char key[] = "?type=";
    struct url_question question = {.type = url_question_types[0]};
    const char *name = target + 1;
    size_t length = strcspn(name, "?");
    if (target[0] != '/' || length == 0 || length > URL_HOST_MAX)
        return fail(error, error_size, "no name to ask for; write dns://SERVER/NAME?type=A");
    if (name[length] != '\0') {
        if (strncmp(name + length, key, sizeof key - 1) != 0)
            return fail(error, error_size, "only ?type=TYPE may follow the name");
        question.type = question_type(name + length + sizeof key - 1);
    }
    if (question.type == NULL)
        return fail(error, error_size,
                    "no type that is asked for; A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT or CAA");
    for (size_t i = 0; i < length; i++)
        question.name[i] = (char)tolower((unsigned char)name[i]);
    if (length > 1 && question.name[length - 1] == '.')
        question.name[length - 1] = '\0';
    if (!is_question_name(question.name))
        return fail(error, error_size,
                    "the name that is asked for is no DNS name; labels of a-z, 0-9, \"-\" and "
                    "\"_\", or . for the root");
    *ret_question = question;
    return 0;
}

/* tail: what is left of the text behind the authority. */
static int judge_tail(const struct url *url, const char *tail, char *error, size_t error_size)
{
    const char *prefix = schemes[url->scheme].prefix;
    struct url_question question;
    switch (schemes[url->scheme].takes) {
    case TAKES_PATH:
        return 0;
    case TAKES_PORT_ONLY:
        if (url->port != 0 && *tail == '\0')
            return 0;
        snprintf(error, error_size, "%.*s needs a port and takes no path; write %sHOST:PORT",
                 (int)strcspn(prefix, ":"), prefix, prefix);
        return -1;
    case TAKES_HOST_ONLY:
        if (url->port == 0 && *tail == '\0')
            return 0;
        snprintf(error, error_size, "%.*s knows no port and no path; write %sHOST",
                 (int)strcspn(prefix, ":"), prefix, prefix);
        return -1;
    case TAKES_QUESTION:
        return url_question(url->target, &question, error, error_size);
    }
    return -1;
}

int url_parse(const char *text, struct url *ret_url, char *error, size_t error_size)
{
    struct url url = {.target = "/"};
    bool bracketed = false;
    if (find_scheme(text, &url) < 0)
        return fail(error, error_size,
                    "begins with no known scheme; http, https, tcp, tls, dns, icmp, grpc, grpcs, "
                    "ws, wss or agent, and ://");

    const char *authority = text + strlen(schemes[url.scheme].prefix);
    size_t length = strcspn(authority, "/?#");
    if (memchr(authority, '@', length) != NULL)
        return fail(error, error_size, "a user name in a URL ends in logs; send a header instead");
    if (split_authority(authority, length, url.host, &bracketed, &url.port) < 0)
        return fail(error, error_size, "no HOST or HOST:PORT, PORT 1 to 65535, after the scheme");
    if (judge_host(&url, bracketed, error, error_size) < 0)
        return -1;
    if (authority[length] == '?')
        return fail(error, error_size, "a query without a path; write HOST/?...");
    if (authority[length] != '\0')
        url.target = authority + length;
    if (judge_target(url.target, error, error_size) < 0 ||
        judge_tail(&url, authority + length, error, error_size) < 0)
        return -1;
    *ret_url = url;
    return 0;
}

int endpoint_parse(const char *text, char ret_host[URL_HOST_MAX + 1], uint16_t *ret_port)
{
    char host[URL_HOST_MAX + 1];
    bool bracketed = false;
    uint16_t port = 0;
    if (split_authority(text, strlen(text), host, &bracketed, &port) < 0 || port == 0)
        return -1;
    if (!is_ip_literal(host) || bracketed != (strchr(host, ':') != NULL))
        return -1;
    memcpy(ret_host, host, sizeof host);
    *ret_port = port;
    return 0;
}
