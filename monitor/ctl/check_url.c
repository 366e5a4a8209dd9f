/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a URL by hand is held to the same rules as one in a file, with the same defaults; so a
 * small settings file is written around it, and read. Nothing of the rest of it is ever used. */
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "check.h"
#include "render.h"

enum { TEXT_MAX = 64 * 1024 };

/* Route 53 has no such zone, no such name resolves (RFC 2606), and nothing of it is asked for. */
#define BEFORE                                                                                     \
    "quorum = { down = 1; up = 1; vantages = 1; owners = 1;\n"                                     \
    "           probes = ( { name = \"here\"; vantage = \"by/hand\"; } ); };\n"                    \
    "store = { type = \"sqlite\"; path = \"/nowhere/store.db\"; };\n"                              \
    "services = ( { name = \"by-hand\"; zone = \"Z00000000000000000000\";\n"                       \
    "               record = \"by-hand.invalid\"; sites = (\n"                                     \
    "    { region = \"here\"; weight = 100; value = \"192.0.2.1\"; checks = ( { "
#define AFTER                                                                                      \
    " } ); },\n"                                                                                   \
    "    { region = \"there\"; weight = 0; value = \"192.0.2.2\";\n"                               \
    "      checks = ( { url = \"http://there.invalid/\"; } ); } ); } );\n"                         \
    "groups = ( { name = \"by-hand\"; services = [ \"by-hand\" ];\n"                               \
    "             order = [ \"here\", \"there\" ]; } );\n"

static void add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

/* key = "value"; as libconfig wants it. */
static void add_key(struct buffer *buffer, const char *key, const char *value)
{
    if (value == NULL)
        return;
    add_text(buffer, key);
    add_text(buffer, " = \"");
    for (const char *c = value; *c != '\0'; c++) {
        char escaped[5];

        if (*c == '"' || *c == '\\')
            snprintf(escaped, sizeof(escaped), "\\%c", *c);
        else if ((unsigned char)*c < ' ' || *c == 0x7f)
            snprintf(escaped, sizeof(escaped), "\\x%02x", (unsigned char)*c);
        else
            snprintf(escaped, sizeof(escaped), "%c", *c);
        add_text(buffer, escaped);
    }
    add_text(buffer, "\"; ");
}

/* The kind of a scheme, where it is not http. */
static const char *type_of(const char *url)
{
    static const struct {
        const char *scheme;
        const char *type;
    } types[] = {{"tcp://", "tcp"},      {"tls://", "tls"},       {"dns://", "dns"},
                 {"icmp://", "icmp"},    {"grpc://", "grpc"},     {"grpcs://", "grpc"},
                 {"ws://", "websocket"}, {"wss://", "websocket"}, {"agent://", "agent"}};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (strncmp(url, types[i].scheme, strlen(types[i].scheme)) == 0)
            return types[i].type;
    }
    return "http";
}

/* ---- what is wrong ---- */

static const char *source_of(const char *path)
{
    const char *key = path != NULL ? strrchr(path, '.') : NULL;

    if (key != NULL && strcmp(key, ".expect") == 0)
        return "--expect";
    if (key != NULL && strcmp(key, ".address") == 0)
        return "--address";
    return "the URL";
}

static void tell_problems(const struct settings_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct settings_problem *problem = &report->problems[i];

        if (problem->is_warning)
            continue;
        fprintf(stderr, "regionshift: %s: ", source_of(problem->path));
        render_text(stderr, problem->text);
        fputs("\n", stderr);
    }
}

int check_settings_of_url(const struct arguments *arguments, struct settings **ret_settings)
{
    struct settings_report report = {0};
    struct buffer text;
    int code = -1;

    buffer_init(&text, TEXT_MAX);
    add_text(&text, BEFORE);
    add_key(&text, "type", type_of(arguments->name));
    add_key(&text, "url", arguments->name);
    add_key(&text, "expect", arguments->expect);
    add_key(&text, "address", arguments->address);
    add_text(&text, AFTER);
    if (text.failed) {
        fputs("regionshift: the URL or the expression is too long\n", stderr);
        code = CODE_USAGE;
    } else if (settings_parse(buffer_text(&text), text.length, arguments->name, NULL, ret_settings,
                              &report) < 0) {
        tell_problems(&report);
        code = CODE_USAGE;
    }
    settings_report_clear(&report);
    buffer_clear(&text);
    return code;
}
