/* SPDX-License-Identifier: Apache-2.0 */
/* inspect.c: the cross-checks' common ground. */
#include "inspect.h"

#include "read.h"

static void complain(struct inspection *in, bool is_warning, const char *name, struct place place,
                     const char *format, va_list arguments) __attribute__((format(printf, 5, 0)));

static void complain(struct inspection *in, bool is_warning, const char *name, struct place place,
                     const char *format, va_list arguments)
{
    report_vadd(in->report, is_warning, line_of(in->config, place.text), name, place.text, format,
                arguments);
}

void inspect_complain(struct inspection *in, struct place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(in, in->current->is_warning, in->current->name, place, format, arguments);
    va_end(arguments);
}

void inspect_error(struct inspection *in, const char *name, struct place place, const char *format,
                   ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(in, false, name, place, format, arguments);
    va_end(arguments);
}

void inspect_all(struct inspection *in)
{
    for (size_t i = 0; i < crosscheck_count; i++) {
        in->current = &crosschecks[i];
        if ((in->tainted & in->current->needs) == 0)
            in->current->run(in);
    }
}

/* ---- places ---- */

static struct place with_key(struct place place, const char *key)
{
    return key[0] == '\0' ? place : place_of("%s.%s", place.text, key);
}

struct place place_of_elector(uint32_t elector, const char *key)
{
    return with_key(place_of("quorum.probes.[%u]", elector), key);
}

struct place place_of_service(uint32_t service, const char *key)
{
    return with_key(place_of("services.[%u]", service), key);
}

struct place place_of_site(const struct settings *settings, uint32_t site, const char *key)
{
    uint32_t service = settings->sites[site].service;
    uint32_t index = site - settings->services[service].first_site;
    return with_key(place_of("services.[%u].sites.[%u]", service, index), key);
}

struct place place_of_record(const struct settings *settings, uint32_t record, const char *key)
{
    uint32_t service = settings->records[record].service;
    uint32_t index = record - settings->services[service].first_record;
    if (index == 0)
        return place_of_service(service, key);
    return with_key(place_of("services.[%u].also.[%u]", service, index - 1), key);
}

struct place place_of_set(const struct settings *settings, uint32_t set, const char *key)
{
    uint32_t site = settings->sets[set].site;
    uint32_t index = set - settings->sites[site].first_set;
    if (index == 0)
        return place_of_site(settings, site, key);
    struct place place = place_of_site(settings, site, "also");
    return with_key(place_of("%s.[%u]", place.text, index - 1), key);
}

struct place place_of_check(const struct settings *settings, uint32_t check, const char *key)
{
    uint32_t site = settings->checks[check].site;
    uint32_t index = check - settings->sites[site].first_check;
    struct place place = place_of_site(settings, site, "checks");
    return with_key(place_of("%s.[%u]", place.text, index), key);
}

struct place place_of_group(uint32_t group, const char *key)
{
    return with_key(place_of("groups.[%u]", group), key);
}

struct place place_of_sink(uint32_t sink, const char *key)
{
    return with_key(place_of("alerts.[%u]", sink), key);
}
