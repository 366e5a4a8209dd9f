/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_services.c: records, sites and their checks, each service by itself. */
#include "crosschecks.h"

#include <string.h>

#include "url.h"

/* After a move clients keep the old answer for a TTL; past a minute that is the longest part of an
 * outage, and AWS too advises 60 seconds or less. */
enum { TTL_LONG_S = 60 };

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static uint32_t end_of_sites(const struct service *service)
{
    return service->first_site + service->site_count;
}

static bool is_fallback(const struct settings *settings, const struct site *site)
{
    uint32_t group = settings->services[site->service].group;
    return group != NONE && settings->groups[group].fallback_region == site->region;
}

/* ---- names ---- */

void check_duplicate_service(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (same(settings->services[i].name, settings->services[j].name))
                inspect_complain(in, place_of_service(i, "name"),
                                 "\"%s\" is taken; give it another name",
                                 settings->services[i].name);
        }
    }
}

void check_duplicate_record(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *a = &settings->services[i];
        for (uint32_t j = 0; j < i; j++) {
            const struct service *b = &settings->services[j];
            if (a->zone == b->zone && same(a->record, b->record) && same(a->type, b->type))
                inspect_complain(in, place_of_service(i, "record"),
                                 "%s %s is moved by \"%s\" already; one service for each record",
                                 a->record, a->type, b->name);
        }
    }
}

void check_one_ttl_per_name(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *a = &settings->services[i];
        for (uint32_t j = 0; j < i; j++) {
            const struct service *b = &settings->services[j];
            if (same(a->record, b->record) && a->ttl_s != b->ttl_s)
                inspect_complain(
                    in, place_of_service(i, "ttl"),
                    "%s has %lld s here and %lld s in \"%s\": its clients would move at "
                    "different times; give both one TTL",
                    a->record, (long long)a->ttl_s, (long long)b->ttl_s, b->name);
        }
    }
}

void check_name_in_two_groups(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *a = &settings->services[i];
        for (uint32_t j = 0; j < i; j++) {
            const struct service *b = &settings->services[j];
            if (same(a->record, b->record) && a->group != b->group)
                inspect_complain(
                    in, place_of_service(i, "record"),
                    "%s is moved by \"%s\" too, in another group: its clients would be "
                    "split; put both in one group",
                    a->record, b->name);
        }
    }
}

/* ---- the record ---- */

void check_ttl_whole(struct inspection *in)
{
    for (uint32_t i = 0; i < in->draft->services.count; i++) {
        if (draft_services(in->draft)[i].ttl_ms % 1000 != 0)
            inspect_complain(in, place_of_service(i, "ttl"),
                             "DNS counts whole seconds; leave out the fraction");
    }
}

void check_ttl_long(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        if (settings->services[i].ttl_s > TTL_LONG_S)
            inspect_complain(in, place_of_service(i, "ttl"),
                             "clients keep the old answer for %lld s after a move; %d or less, and "
                             "lower it in the zone a day before it matters",
                             (long long)settings->services[i].ttl_s, TTL_LONG_S);
    }
}

/* ---- sites ---- */

void check_standby_missing(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *service = &settings->services[i];
        uint32_t serving = 0;
        for (uint32_t j = service->first_site; j < end_of_sites(service); j++)
            serving += is_fallback(settings, &settings->sites[j]) ? 0 : 1;
        if (serving < 2)
            inspect_complain(in, place_of_service(i, "sites"),
                             "\"%s\" stands in %u region and has nowhere to go; give it a site in "
                             "at least two",
                             service->name, serving);
    }
}

/* Shows each pair of sites of one service to compare(). */
static void for_pairs(struct inspection *in,
                      void (*compare)(struct inspection *in, uint32_t older, uint32_t newer))
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *service = &settings->services[i];
        for (uint32_t newer = service->first_site; newer < end_of_sites(service); newer++) {
            for (uint32_t older = service->first_site; older < newer; older++)
                compare(in, older, newer);
        }
    }
}

static void compare_regions(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct site *sites = in->settings->sites;
    if (sites[older].region == sites[newer].region)
        inspect_complain(in, place_of_site(in->settings, newer, "region"),
                         "\"%s\" has a site in this service already; one site a region",
                         in->settings->regions[sites[newer].region]);
}

void check_duplicate_site(struct inspection *in)
{
    for_pairs(in, compare_regions);
}

static void compare_sets(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct site *sites = in->settings->sites;
    if (same(sites[older].set, sites[newer].set))
        inspect_complain(in, place_of_site(in->settings, newer, "set"),
                         "\"%s\" names the record set of %s already; each site has its own",
                         sites[newer].set, sites[older].name);
}

void check_duplicate_set(struct inspection *in)
{
    for_pairs(in, compare_sets);
}

static void compare_values(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct site *sites = in->settings->sites;
    if (sites[newer].value[0] != '\0' && same(sites[older].value, sites[newer].value))
        inspect_complain(in, place_of_site(in->settings, newer, "value"),
                         "\"%s\" is the value of %s too: a move would change nothing; give each "
                         "region its own",
                         sites[newer].value, sites[older].name);
}

void check_same_value(struct inspection *in)
{
    for_pairs(in, compare_values);
}

static void compare_checks(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct settings *settings = in->settings;
    const struct site *a = &settings->sites[older];
    const struct site *b = &settings->sites[newer];
    for (uint32_t i = b->first_check; i < b->first_check + b->check_count; i++) {
        for (uint32_t j = a->first_check; j < a->first_check + a->check_count; j++) {
            const struct check *x = &settings->checks[i];
            const struct check *y = &settings->checks[j];
            if (same(x->url, y->url) && same(x->address, y->address))
                inspect_complain(in, place_of_check(settings, i, "url"),
                                 "%s is checked with the same URL: both regions would be down "
                                 "together; ask each region by its own name",
                                 a->name);
        }
    }
}

void check_same_check(struct inspection *in)
{
    for_pairs(in, compare_checks);
}

void check_all_weights_zero(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *service = &settings->services[i];
        int sum = 0;
        for (uint32_t j = service->first_site; j < end_of_sites(service); j++)
            sum += settings->sites[j].weight;
        if (service->site_count > 0 && sum == 0)
            inspect_complain(in, place_of_service(i, "sites"),
                             "every weight of \"%s\" is 0, which Route 53 answers as if all were "
                             "equal; give one region a weight of 1 to %d",
                             service->name, WEIGHT_MAX);
    }
}

static bool value_fits(const char *value, const char *type)
{
    bool is_v6 = is_ip_literal(value) && strchr(value, ':') != NULL;
    bool is_v4 = is_ip_literal(value) && !is_v6;
    if (same(type, "A"))
        return is_v4;
    if (same(type, "AAAA"))
        return is_v6;
    size_t length = strlen(value);
    char name[URL_HOST_MAX + 1] = "";
    if (length > URL_HOST_MAX)
        return false;
    memcpy(name, value, length);
    if (length > 1 && name[length - 1] == '.')
        name[length - 1] = '\0';
    return !is_v4 && is_dns_name(name);
}

void check_value_fits_type(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->site_count; i++) {
        const struct site *site = &settings->sites[i];
        const char *type = settings->services[site->service].type;
        if (site->value[0] != '\0' && !value_fits(site->value, type))
            inspect_complain(
                in, place_of_site(settings, i, "value"),
                "does not fit a record of type %s; A takes 192.0.2.1, AAAA 2001:db8::1, "
                "CNAME a name",
                type);
    }
}

void check_site_without_checks(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->site_count; i++) {
        const struct site *site = &settings->sites[i];
        if (site->check_count == 0 && !is_fallback(settings, site))
            inspect_complain(in, place_of_site(settings, i, ""),
                             "%s has no check and would never be up; only a fallback region may "
                             "go unchecked",
                             site->name);
    }
}
