/* SPDX-License-Identifier: Apache-2.0 */
/* freeze_services.c: services, their sites, the sites' checks, each into its flat array. */
#include "freeze.h"

#include <string.h>

static int freeze_headers(struct inspection *in, const struct text_list *texts, struct check *check)
{
    struct check_header *headers = freeze_take(in, texts->count, sizeof *headers);
    if (headers == NULL)
        return -1;
    for (uint32_t i = 0; i < texts->count; i++) {
        const char *colon = strchr(texts->items[i], ':');
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        headers[i].name = arena_copy(in->frozen->settings.arena, texts->items[i],
                                     (size_t)(colon - texts->items[i]));
        headers[i].value = value;
        if (headers[i].name == NULL)
            return -1;
    }
    check->headers = headers;
    check->header_count = texts->count;
    return 0;
}

static void freeze_timing(const struct draft_timing *timing, struct check *check)
{
    check->interval_ms = timing->interval_ms;
    check->timeout_ms = timing->timeout_ms;
    check->retry_ms = timing->retry_ms;
    check->fall = (uint32_t)timing->fall;
    check->rise = (uint32_t)timing->rise;
    check->window_bad = (uint32_t)timing->window.bad;
    check->window_of = (uint32_t)timing->window.of;
}

static void freeze_assertion(struct inspection *in, struct check *check, uint32_t index)
{
    char error[256];
    struct assertion *assertion = NULL;
    if (assertion_create(check->status, check->body, &assertion, error, sizeof error) < 0)
        inspect_error(in, "form", place_of_check(in->settings, index, "status"), "%s", error);
    in->frozen->assertions[index] = assertion;
    check->assertion = assertion;
}

static int freeze_check(struct inspection *in, const struct draft_check *from, uint32_t site,
                        struct check *check)
{
    static const char *const methods[] = {"GET", "HEAD"};
    struct frozen_url url;
    check->site = site;
    check->kind = (enum check_kind)from->type;
    check->url = from->url;
    check->verify = from->verify;
    check->ca_file = from->ca_file;
    check->address = from->address;
    check->method = methods[from->method];
    check->status = from->status;
    check->body = from->body;
    freeze_timing(&from->timing, check);
    if (freeze_url(in, from->url, &url) < 0)
        return -1;
    check->host = url.host;
    check->port = url.port;
    check->target = url.target;
    check->tls = url.tls;
    return freeze_headers(in, &from->headers, check);
}

static int freeze_site(struct inspection *in, const struct draft_site *from, uint32_t service,
                       struct site *site)
{
    struct settings *settings = &in->frozen->settings;
    site->service = service;
    site->region = freeze_find(settings->regions, settings->region_count, from->region);
    if (site->region == NONE)
        site->region = 0; /* one region too many: reported, and nothing will come of it */
    site->weight = (int)from->weight;
    site->set = from->set;
    site->value = from->value;
    site->name =
        arena_format(settings->arena, "%s/%s", settings->services[service].name, from->region);
    site->first_check = settings->check_count;
    site->check_count = from->checks.count;
    return site->name == NULL ? -1 : 0;
}

static int freeze_sites(struct inspection *in, const struct draft_service *from, uint32_t service,
                        struct site *sites, struct check *checks)
{
    struct settings *settings = &in->frozen->settings;
    for (uint32_t i = 0; i < from->sites.count; i++) {
        const struct draft_site *draft = &draft_sites(from)[i];
        uint32_t site = settings->site_count;
        if (freeze_site(in, draft, service, &sites[site]) < 0)
            return -1;
        settings->site_count++;
        for (uint32_t j = 0; j < draft->checks.count; j++) {
            uint32_t check = settings->check_count;
            if (freeze_check(in, &draft_checks(draft)[j], site, &checks[check]) < 0)
                return -1;
            settings->check_count++;
            if (checks[check].kind == CHECK_HTTP)
                freeze_assertion(in, &checks[check], check);
        }
    }
    return 0;
}

static void freeze_service(struct inspection *in, const struct draft_service *from,
                           struct service *service)
{
    static const char *const types[] = {"A", "AAAA", "CNAME"};
    struct settings *settings = &in->frozen->settings;
    service->name = from->name;
    service->record = from->record;
    service->type = types[from->type];
    service->ttl_s = from->ttl_ms / 1000;
    service->required = from->required;
    service->zone = freeze_find(settings->zones, settings->zone_count, from->zone);
    service->group = NONE; /* until a group claims it */
    service->first_site = settings->site_count;
    service->site_count = from->sites.count;
}

int freeze_services(struct inspection *in, struct service **ret_services)
{
    struct settings *settings = &in->frozen->settings;
    uint32_t count = in->draft->services.count;
    size_t site_count = 0;
    size_t check_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_service *service = &draft_services(in->draft)[i];
        site_count += service->sites.count;
        for (uint32_t j = 0; j < service->sites.count; j++)
            check_count += draft_sites(service)[j].checks.count;
    }
    struct service *services = freeze_take(in, count, sizeof *services);
    struct site *sites = freeze_take(in, site_count, sizeof *sites);
    struct check *checks = freeze_take(in, check_count, sizeof *checks);
    in->frozen->assertions = freeze_take(in, check_count, sizeof(struct assertion *));
    if (services == NULL || sites == NULL || checks == NULL || in->frozen->assertions == NULL)
        return -1;
    settings->services = services;
    settings->sites = sites;
    settings->checks = checks;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_service *from = &draft_services(in->draft)[i];
        freeze_service(in, from, &services[i]);
        settings->service_count++;
        if (freeze_sites(in, from, i, sites, checks) < 0)
            return -1;
    }
    *ret_services = services;
    return 0;
}
