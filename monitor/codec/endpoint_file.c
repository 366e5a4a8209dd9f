/* SPDX-License-Identifier: Apache-2.0 */
/* Read twice: the profile may name its services section before or after that section stands. */
#include "endpoint_file.h"

#include <stdio.h>
#include <string.h>

#include "ini.h"

/* Which section is looked for, and what of it. */
struct search {
    const char *kind; /* "profile" or "services" */
    const char *name;
    const char
        *parent; /* the property whose indented lines are meant; NULL: those of the section */
    struct property {
        const char *key;
        struct ini_span value; /* the last one counts, as it does for AWS's tools */
    } * properties;
    size_t property_count;
};

/* Where in the file we are. */
struct place {
    bool is_ours;
    bool is_in_parent;
};

static void take_property(const struct search *search, struct place *place, struct ini_span line,
                          bool is_indented)
{
    struct ini_span key, value;

    if (!ini_property(line, &key, &value))
        return;
    if (!is_indented)
        place->is_in_parent = search->parent == NULL || ini_equals(key, search->parent);
    if (!place->is_in_parent || is_indented != (search->parent != NULL))
        return;
    for (size_t i = 0; i < search->property_count; i++) {
        if (ini_equals(key, search->properties[i].key))
            search->properties[i].value = value;
    }
}

static void take_line(const struct search *search, struct place *place, struct ini_span whole)
{
    struct ini_span line = ini_trim(whole);
    bool is_indented = line.length > 0 && line.at != whole.at;
    struct ini_span name;

    if (ini_is_nothing(line))
        return;
    if (line.at[0] == '[' && !is_indented)
        *place = (struct place){
            ini_section(line, &name) && ini_section_is(name, search->kind, search->name), false};
    else if (place->is_ours)
        take_property(search, place, line, is_indented);
}

static void run(const struct search *search, const char *text, size_t length)
{
    struct ini_span rest = ini_begin(text, length);
    struct place place = {false, false};
    struct ini_span line;

    while (ini_next_line(&rest, &line))
        take_line(search, &place, line);
}

static void keep_url(struct endpoint_words *words, struct ini_span value)
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
    ret_words->is_ignored = ini_equals(of_profile[2].value, "true");
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
