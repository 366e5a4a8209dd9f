/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_services.c: sites and their checks, each service by itself. */
#include "crosschecks.h"

#include <string.h>

#include "pairs.h"

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

static const char *name_of(const struct settings *settings, uint32_t service)
{
    return settings->services[service].name;
}

static void complain_taken(struct inspection *in, uint32_t older, uint32_t newer)
{
    inspect_complain(in, place_of_service(newer, "name"), "\"%s\" is taken; give it another name",
                     in->settings->services[older].name);
}

void check_duplicate_service(struct inspection *in)
{
    pairs_same(in, in->settings->service_count, name_of, complain_taken);
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

static bool same_command(const struct check_command *a, const struct check_command *b)
{
    bool is_same = a->argc == b->argc;
    for (uint32_t i = 0; i < a->argc && is_same; i++)
        is_same = same(a->argv[i], b->argv[i]);
    return is_same;
}

/* The key by which two checks ask the same of the same, NULL when they do not. */
static const char *same_question(const struct check *a, const struct check *b)
{
    if (a->kind != b->kind)
        return NULL;
    switch (a->kind) {
    case CHECK_COMMAND:
        return same_command(a->of.command, b->of.command) ? "command" : NULL;
    case CHECK_ALARM:
    case CHECK_ALB:
        if (same(a->of.aws->what, b->of.aws->what) && same(a->of.aws->region, b->of.aws->region) &&
            same(a->of.aws->role, b->of.aws->role))
            return a->kind == CHECK_ALARM ? "alarm" : "target_group";
        return NULL;
    case CHECK_PUSH:
    case CHECK_GROUP:
        return NULL;
    case CHECK_HTTP:
    case CHECK_TCP:
    case CHECK_TLS:
    case CHECK_DNS:
    case CHECK_ICMP:
    case CHECK_GRPC:
    case CHECK_WEBSOCKET:
    case CHECK_AGENT:
    case CHECK_KIND_COUNT:
        break;
    }
    return same(a->url, b->url) && same(a->address, b->address) ? "url" : NULL;
}

static void compare_checks(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct settings *settings = in->settings;
    const struct site *a = &settings->sites[older];
    const struct site *b = &settings->sites[newer];
    for (uint32_t i = b->first_check; i < b->first_check + b->check_count; i++) {
        for (uint32_t j = a->first_check; j < a->first_check + a->check_count; j++) {
            const char *key = same_question(&settings->checks[i], &settings->checks[j]);
            if (key != NULL)
                inspect_complain(in, place_of_check(settings, i, key),
                                 "%s is checked with the same %s: both regions would be down "
                                 "together; ask each region by its own name",
                                 a->name, same(key, "url") ? "URL" : key);
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

void check_site_without_required(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->site_count; i++) {
        const struct site *site = &settings->sites[i];
        uint32_t required = 0;
        for (uint32_t j = site->first_check; j < site->first_check + site->check_count; j++) {
            const struct check *check = &settings->checks[j];
            required += check->level == LEVEL_REQUIRED && !check->is_member ? 1 : 0;
        }
        if (site->check_count > 0 && required == 0 && !is_fallback(settings, site))
            inspect_complain(in, place_of_site(settings, i, "checks"),
                             "%s has no check of level required outside a group, so nothing could "
                             "ever say that it is down; require one",
                             site->name);
    }
}
