/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "check.h"

const char *class_word(enum result_class class)
{
    static const char *const words[] = {
        [RESULT_GOOD] = "good", [RESULT_BAD] = "bad", [RESULT_VOID] = "void"};

    return words[class];
}

struct words {
    char *out;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void add(struct words *words, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(words->out + words->used, words->size - words->used, format, arguments);
    va_end(arguments);
    if (length > 0)
        words->used += (size_t)length;
    if (words->used >= words->size)
        words->used = words->size - 1;
}

static void add_quoted(struct words *words, const char *text)
{
    char escaped[80];

    text_escape(escaped, sizeof(escaped), text, strlen(text));
    add(words, "\"%s\"", escaped);
}

/* ---- what goes out ---- */

static void say_headers(struct words *words, const struct check *check)
{
    for (uint32_t i = 0; i < check->header_count; i++)
        add(words, "%s%s", i == 0 ? "; with " : ", ", check->headers[i].name);
}

static void say_http(struct words *words, const struct check *check)
{
    static const char *const versions[] = {
        [HTTP_VERSION_1] = "HTTP/1.1", [HTTP_VERSION_2] = "HTTP/2", [HTTP_VERSION_3] = "HTTP/3"};

    add(words, "%s %s %s to Host %s", check->method, check->target, versions[check->http_version],
        check->host);
    say_headers(words, check);
    if (check->redirects > 0)
        add(words, "; %u redirects are followed at most", check->redirects);
}

static void say_tcp(struct words *words, const struct check_tcp *tcp)
{
    if (tcp == NULL || tcp->line_count == 0) {
        add(words, "nothing: the connection is enough");
        return;
    }
    for (uint32_t i = 0; i < tcp->line_count; i++) {
        const struct tcp_line *line = &tcp->lines[i];

        if (i > 0)
            add(words, ", then ");
        if (line->send != NULL)
            add_quoted(words, line->send);
        if (line->expect != NULL) {
            add(words, line->send != NULL ? " for " : "nothing until ");
            add_quoted(words, line->expect);
        }
    }
}

static void say_tls(struct words *words, const struct check_tls *tls)
{
    static const char *const protocols[STARTTLS_COUNT] = {"",     "smtp",     "imap", "pop3",
                                                          "ldap", "postgres", "mysql"};

    if (tls->starttls != STARTTLS_NONE)
        add(words, "STARTTLS of %s, then ", protocols[tls->starttls]);
    add(words, "a handshake for %s", tls->name);
    if (tls->pin[0] != '\0')
        add(words, ", whose public key is to be sha256/%s", tls->pin);
}

static void say_dns(struct words *words, const struct check_dns *dns)
{
    add(words, "%s of %s, over %s%s", dns->type, dns->name,
        dns->tcp ? "TCP" : "UDP (TCP when the answer is cut)", dns->dnssec ? ", with DO" : "");
}

static void say_grpc(struct words *words, const struct check_grpc *grpc)
{
    add(words, "grpc.health.v1.Health/Check of ");
    if (grpc->service[0] != '\0')
        add_quoted(words, grpc->service);
    else
        add(words, "the server as a whole");
}

static void say_command(struct words *words, const struct check_command *command)
{
    for (uint32_t i = 0; i < command->argc; i++) {
        if (i > 0)
            add(words, " ");
        add_quoted(words, command->argv[i]);
    }
}

static void say_aws(struct words *words, const char *action, const struct check_aws *aws)
{
    add(words, "%s of %s in %s", action, aws->what, aws->region);
    if (aws->role[0] != '\0')
        add(words, ", as %s", aws->role);
}

void check_sent(const struct check *check, char out[SENT_MAX])
{
    struct words words = {out, SENT_MAX, 0};

    out[0] = '\0';
    switch (check->kind) {
    case CHECK_HTTP:
        say_http(&words, check);
        return;
    case CHECK_TCP:
        say_tcp(&words, check->of.tcp);
        return;
    case CHECK_TLS:
        say_tls(&words, check->of.tls);
        return;
    case CHECK_DNS:
        say_dns(&words, check->of.dns);
        return;
    case CHECK_ICMP:
        add(&words, "an echo request");
        return;
    case CHECK_GRPC:
        say_grpc(&words, check->of.grpc);
        return;
    case CHECK_WEBSOCKET:
        add(&words, "GET %s, Upgrade: websocket, to Host %s", check->target, check->host);
        say_headers(&words, check);
        return;
    case CHECK_AGENT:
        add(&words, "nothing: an agent speaks first");
        return;
    case CHECK_COMMAND:
        say_command(&words, check->of.command);
        return;
    case CHECK_ALARM:
        say_aws(&words, "DescribeAlarms", check->of.aws);
        return;
    case CHECK_ALB:
        say_aws(&words, "DescribeTargetHealth", check->of.aws);
        return;
    case CHECK_PUSH:
    case CHECK_GROUP:
    case CHECK_KIND_COUNT:
        return;
    }
}

/* ---- what a probe would make of it ---- */

static void say_window(struct words *words, const struct check *check)
{
    if (check->window_bad > 0)
        add(words, ", or %u of the last %u", check->window_bad, check->window_of);
}

static void say_class(struct words *words, const struct check *check, enum result_class class)
{
    if (class == RESULT_GOOD) {
        add(words, "a good result: %u in a row, and it is up", check->rise);
        return;
    }
    if (class == RESULT_VOID) {
        add(words, "nothing: void counts neither way, and only void in the end leaves it unknown "
                   "(V4)");
        return;
    }
    if (check->fall == 1)
        add(words, "down at once: fall is 1");
    else
        add(words, "suspect, and looked at again every %.3g s: %u bad in a row, and it is down",
            (double)check->retry_ms / 1000, check->fall);
    say_window(words, check);
}

void check_conclusion(const struct look *look, const struct looked *looked,
                      char out[CONCLUSION_MAX])
{
    static const char *const levels[LEVEL_COUNT] = {
        "", "; degraded: it is told and alerted, traffic stays",
        "; info: it is told, traffic stays"};
    const struct check *check = looked->check;
    enum result_class class = check_class(look, looked);
    struct words words = {out, CONCLUSION_MAX, 0};

    out[0] = '\0';
    say_class(&words, check, class);
    if (check->is_member)
        add(&words, "; it counts in its group only");
    else if (class == RESULT_BAD)
        add(&words, "%s", levels[check->level]);
}
