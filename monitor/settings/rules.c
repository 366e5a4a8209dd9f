/* SPDX-License-Identifier: Apache-2.0 */
/* rules.c: one function for each form of text. */
#include "rules.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "settings.h"
#include "url.h"

#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789.-"
/* Of an IAM role's path and name. */
#define ROLE_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-/"

static int fail(char *error, size_t error_size, const char *what)
{
    snprintf(error, error_size, "%s", what);
    return -1;
}

/* Length of the UTF-8 character at c, 0 when it is none. */
static size_t character_length(const unsigned char *c)
{
    if (c[0] < 0x80)
        return c[0] >= 0x20 && c[0] != 0x7f ? 1 : 0;
    size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    }
    bool is_overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool is_surrogate = c[0] == 0xed && c[1] >= 0xa0;
    bool is_too_large = c[0] == 0xf4 && c[1] >= 0x90;
    bool is_control = c[0] == 0xc2 && c[1] < 0xa0;
    return is_overlong || is_surrogate || is_too_large || is_control ? 0 : length;
}

bool is_plain_text(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    while (*c != '\0') {
        size_t length = character_length(c);
        if (length == 0)
            return false;
        c += length;
    }
    return true;
}

static void lower(char *text)
{
    for (; *text != '\0'; text++)
        *text = (char)tolower((unsigned char)*text);
}

static bool is_name(const char *text, size_t length)
{
    return length > 0 && length <= NAME_MAX_LENGTH && strspn(text, NAME_LETTERS) >= length &&
           text[0] != '.' && text[0] != '-';
}

int rule_name(char *text, char *error, size_t error_size)
{
    if (is_name(text, strlen(text)))
        return 0;
    return fail(error, error_size,
                "not a name; a-z, 0-9, \".\" and \"-\", a letter or digit first, at most 63");
}

int rule_vantage(char *text, char *error, size_t error_size)
{
    size_t owner = strcspn(text, "/");
    if (text[owner] == '/' && is_name(text, owner) &&
        is_name(text + owner + 1, strlen(text + owner + 1)))
        return 0;
    return fail(error, error_size,
                "not OWNER/PLACE, as in aws/us-east-1; both of a-z, 0-9, \".\" and \"-\"");
}

int rule_zone(char *text, char *error, size_t error_size)
{
    if (text[0] == 'Z' && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(text))
        return 0;
    return fail(error, error_size,
                "not a hosted zone's id, as in Z0123456789ABCDEFGHIJ; Z, then A-Z and 0-9");
}

/* Route 53 writes "*" and the like as a backslash and three octal digits, and so may we. A dot
 * written so parts no labels: it stays, and is no name. */
static void unescape(char *text)
{
    char *out = text;
    while (*text != '\0') {
        int code = 0;
        if (text[0] == '\\' && strspn(text + 1, "01234567") >= 3)
            code = (text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0');
        bool is_escape = code > ' ' && code < 0x7f && code != '.';
        *out++ = is_escape ? (char)code : *text;
        text += is_escape ? 4 : 1;
    }
    *out = '\0';
}

static bool is_ascii(const char *text)
{
    while (*text != '\0' && (unsigned char)*text < 0x80)
        text++;
    return *text == '\0';
}

/* The one form of a name that everything compares: lower case, no escape, no dot at the end. */
int rule_record(char *text, char *error, size_t error_size)
{
    unescape(text);
    lower(text);
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        text[length - 1] = '\0';
    const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;
    if (is_dns_name(name) && strchr(name, '.') != NULL)
        return 0;
    if (!is_ascii(text))
        return fail(error, error_size,
                    "not a record's name: DNS knows such letters in punycode only; write "
                    "xn--bcher-kva.example for b\303\274cher.example");
    return fail(error, error_size,
                "not a record's name, as in www.example.com; labels of a-z, 0-9, \"-\" and \"_\"; "
                "a wildcard only as \"*.\" in front");
}

/* arn:PARTITION:iam::ACCOUNT:role/NAME */
int rule_role(char *text, char *error, size_t error_size)
{
    static const char *const partitions[] = {"aws", "aws-cn", "aws-us-gov"};
    for (size_t i = 0; i < sizeof partitions / sizeof *partitions; i++) {
        char head[40];
        size_t length = (size_t)snprintf(head, sizeof head, "arn:%s:iam::", partitions[i]);
        const char *account = text + length;
        if (strncmp(text, head, length) == 0 && strspn(account, "0123456789") == 12 &&
            strncmp(account + 12, ":role/", 6) == 0 && account[18] != '\0' &&
            strspn(account + 18, ROLE_LETTERS) == strlen(account + 18))
            return 0;
    }
    return fail(error, error_size,
                "not a role's ARN, as in arn:aws:iam::123456789012:role/regionshift; the partition "
                "is aws, aws-cn or aws-us-gov");
}

int rule_external_id(char *text, char *error, size_t error_size)
{
    if (strlen(text) >= 2 && strspn(text, ROLE_LETTERS ":") == strlen(text))
        return 0;
    return fail(error, error_size,
                "not an external id; 2 to 1224 letters, digits and _ + = , . @ : / -");
}

int rule_host(char *text, char *error, size_t error_size)
{
    lower(text);
    if (is_ip_literal(text) || is_dns_name(text))
        return 0;
    return fail(error, error_size, "neither a DNS name nor an IP address");
}

int rule_address(char *text, char *error, size_t error_size)
{
    if (is_ip_literal(text))
        return 0;
    return fail(error, error_size, "not an IP address; write 192.0.2.1 or 2001:db8::1");
}

int rule_listen(char *text, char *error, size_t error_size)
{
    char host[URL_HOST_MAX + 1];
    uint16_t port = 0;
    if (endpoint_parse(text, host, &port) == 0)
        return 0;
    return fail(error, error_size, "not IP:PORT; write 127.0.0.1:8053 or [::1]:8053");
}

int rule_resolver(char *text, char *error, size_t error_size)
{
    unsigned char address[sizeof(struct in6_addr)];
    char host[URL_HOST_MAX + 1];
    uint16_t port = 0;

    if (inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1)
        return 0;
    if (endpoint_parse(text, host, &port) == 0)
        return 0;
    return fail(error, error_size, "not IP or IP:PORT; write 192.0.2.53 or [2001:db8::53]:53");
}

int rule_web_url(char *text, char *error, size_t error_size)
{
    struct url url;
    if (url_parse(text, &url, error, error_size) < 0)
        return -1;
    if (url.scheme != URL_HTTP && url.scheme != URL_HTTPS)
        return fail(error, error_size, "not a web address; http:// or https://");
    return 0;
}

int rule_check_url(char *text, char *error, size_t error_size)
{
    struct url url;
    return url_parse(text, &url, error, error_size);
}

int rule_reference(char *text, char *error, size_t error_size)
{
    if (strncmp(text, "dns:", 4) != 0)
        return rule_web_url(text, error, error_size);
    if (is_ip_literal(text + 4))
        return 0;
    return fail(error, error_size, "not a resolver; dns: is followed by an IP address");
}

/* The token of RFC 9110, section 5.6.2. */
static bool is_token_letter(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

/* Headers that the prober sets itself: a second one would make the request mean two things. */
static bool is_framing(const char *header, size_t length)
{
    static const char *const framing[] = {
        "content-length", "transfer-encoding", "connection",           "expect",
        "upgrade",        "sec-websocket-key", "sec-websocket-version"};
    for (size_t i = 0; i < sizeof framing / sizeof *framing; i++) {
        if (strlen(framing[i]) == length && strncasecmp(header, framing[i], length) == 0)
            return true;
    }
    return false;
}

int rule_header(char *text, char *error, size_t error_size)
{
    size_t name = 0;
    while (is_token_letter(text[name]))
        name++;
    if (name == 0 || text[name] != ':')
        return fail(error, error_size, "not a header; write \"Name: value\"");
    if (is_framing(text, name))
        return fail(error, error_size,
                    "a header that the check sets itself; any but Content-Length, "
                    "Transfer-Encoding, Connection, Expect, Upgrade, Sec-WebSocket-Key and "
                    "Sec-WebSocket-Version may be given");
    return 0;
}

int rule_path(char *text, char *error, size_t error_size)
{
    if (text[0] == '/')
        return 0;
    return fail(error, error_size, "not an absolute path; it begins with /");
}

int rule_mail(char *text, char *error, size_t error_size)
{
    const char *at = strrchr(text, '@');
    if (at != NULL && at > text && is_dns_name(at + 1) && strpbrk(text, " <>\"\\,;:()[]") == NULL &&
        strchr(text, '@') == at)
        return 0;
    return fail(error, error_size, "not a mail address; write LOCAL@DOMAIN and nothing else");
}

/* ---- durations ---- */

static const struct {
    const char *name;
    msec_t ms;
} units[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

enum { UNIT_COUNT = sizeof units / sizeof *units };

/* Whole milliseconds are looked for within a millionth: 0.1 has no exact form in binary. */
int duration_round(double ms, msec_t *ret_ms)
{
    if (!(ms >= 0 && ms < 1e15))
        return -1;
    msec_t nearest = (msec_t)(ms + 0.5);
    double error = ms - (double)nearest;
    if (error > 1e-6 || error < -1e-6)
        return -1;
    *ret_ms = nearest;
    return 0;
}

int duration_parse(const char *text, msec_t *ret_ms)
{
    size_t digits = strspn(text, "0123456789");
    size_t length = digits;
    if (text[length] == '.')
        length += 1 + strspn(text + length + 1, "0123456789");
    if (digits == 0 || digits > 15 || length == digits + 1)
        return -1;
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (strcmp(text + length, units[i].name) == 0)
            return duration_round(strtod(text, NULL) * (double)units[i].ms, ret_ms);
    }
    return -1;
}

void duration_print(msec_t ms, char out[DURATION_LENGTH])
{
    size_t unit = 0;
    while (unit < UNIT_COUNT - 1 && (ms == 0 ? unit < 3 : ms % units[unit].ms != 0))
        unit++;
    snprintf(out, DURATION_LENGTH, "%lld%s", (long long)(ms / units[unit].ms), units[unit].name);
}
