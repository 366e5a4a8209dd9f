/* SPDX-License-Identifier: Apache-2.0 */
/* Read twice: the profile may name its services section before or after that section stands. */
#include "endpoint_file.h"

#include <stdio.h>
#include <string.h>

struct span {
    const char *at;
    size_t length;
};

/* Which section is looked for, and what of it. */
struct search {
    const char *kind; /* "profile" or "services" */
    const char *name;
    const char
        *parent; /* the property whose indented lines are meant; NULL: those of the section */
    struct property {
        const char *key;
        struct span value; /* the last one counts, as it does for AWS's tools */
    } * properties;
    size_t property_count;
};

/* Where in the file we are. */
struct place {
    bool is_ours;
    bool is_in_parent;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span span)
{
    while (span.length > 0 && is_blank(span.at[0])) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.at[span.length - 1]))
        span.length--;
    return span;
}

static bool equals(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

static struct span without_quotes(struct span span)
{
    if (span.length >= 2 && (span.at[0] == '"' || span.at[0] == '\'') &&
        span.at[span.length - 1] == span.at[0])
        return (struct span){span.at + 1, span.length - 2};
    return span;
}

/* A comment behind a value needs a blank before it. */
static struct span without_comment(struct span span)
{
    for (size_t i = 1; i < span.length; i++) {
        if ((span.at[i] == '#' || span.at[i] == ';') && is_blank(span.at[i - 1]))
            span.length = i;
    }
    return trim(span);
}

/* `[profile NAME]`, `[services NAME]`, and `[default]`, which is a profile. */
static bool is_section(const struct search *search, struct span line)
{
    const char *end = memchr(line.at, ']', line.length);
    size_t length = strlen(search->kind);
    struct span name;

    if (end == NULL)
        return false;
    name = trim((struct span){line.at + 1, (size_t)(end - line.at) - 1});
    if (equals(name, "default"))
        return strcmp(search->kind, "profile") == 0 && strcmp(search->name, "default") == 0;
    if (name.length <= length || memcmp(name.at, search->kind, length) != 0 ||
        !is_blank(name.at[length]))
        return false;
    name = trim((struct span){name.at + length, name.length - length});
    return equals(without_quotes(name), search->name);
}

static void take_property(const struct search *search, struct place *place, struct span line,
                          bool is_indented)
{
    const char *sign = memchr(line.at, '=', line.length);
    struct span key, value;

    if (sign == NULL)
        return;
    key = trim((struct span){line.at, (size_t)(sign - line.at)});
    value = without_comment((struct span){sign + 1, line.length - (size_t)(sign - line.at) - 1});
    if (!is_indented)
        place->is_in_parent = search->parent == NULL || equals(key, search->parent);
    if (!place->is_in_parent || is_indented != (search->parent != NULL))
        return;
    for (size_t i = 0; i < search->property_count; i++) {
        if (equals(key, search->properties[i].key))
            search->properties[i].value = value;
    }
}

static void take_line(const struct search *search, struct place *place, struct span whole)
{
    struct span line = trim(whole);
    bool is_indented = line.length > 0 && line.at != whole.at;

    if (line.length == 0 || line.at[0] == '#' || line.at[0] == ';')
        return;
    if (line.at[0] == '[' && !is_indented)
        *place = (struct place){is_section(search, line), false};
    else if (place->is_ours)
        take_property(search, place, line, is_indented);
}

static void run(const struct search *search, const char *text, size_t length)
{
    struct place place = {false, false};

    while (length > 0) {
        const char *end = memchr(text, '\n', length);
        size_t line = end != NULL ? (size_t)(end - text) : length;
        size_t step = end != NULL ? line + 1 : line;

        take_line(search, &place, (struct span){text, line});
        text += step;
        length -= step;
    }
}

static void keep_url(struct endpoint_words *words, struct span value)
{
    snprintf(words->url, sizeof(words->url), "%.*s", (int)value.length, value.at);
}

void endpoint_file_read(const char *text, size_t length, const char *profile, const char *service,
                        struct endpoint_words *ret_words)
{
    struct property of_profile[] = {{"endpoint_url", {"", 0}},
                                    {"services", {"", 0}},
                                    {"ignore_configured_endpoint_urls", {"", 0}}};
    struct property of_service[] = {{"endpoint_url", {"", 0}}};
    struct search search = {"profile", profile, NULL, of_profile, 3};
    char services[ENDPOINT_NAME_MAX + 1];

    *ret_words = (struct endpoint_words){.is_ignored = false};
    run(&search, text, length);
    ret_words->is_ignored = equals(of_profile[2].value, "true");
    keep_url(ret_words, of_profile[0].value);
    snprintf(ret_words->source, sizeof(ret_words->source), "endpoint_url of profile %s", profile);
    if (of_profile[1].value.length == 0 || of_profile[1].value.length > ENDPOINT_NAME_MAX)
        return;
    snprintf(services, sizeof(services), "%.*s", (int)of_profile[1].value.length,
             of_profile[1].value.at);
    search = (struct search){"services", services, service, of_service, 1};
    run(&search, text, length);
    if (of_service[0].value.length == 0)
        return;
    keep_url(ret_words, of_service[0].value);
    snprintf(ret_words->source, sizeof(ret_words->source), "endpoint_url of services %s", services);
}
