/* SPDX-License-Identifier: Apache-2.0 */
/* freeze_services.c: services, their sites, the sites' checks, each into its flat array. */
#include "freeze.h"

#include <string.h>

#include "pairs.h"

/* What the settings will point to, while it is being filled. */
struct service_arrays {
    struct service *services;
    struct service_record *records;
    struct site *sites;
    struct site_set *sets;
    struct check *checks;
};

static int freeze_site(struct inspection *in, const struct draft_site *from, uint32_t service,
                       struct site *site)
{
    struct settings *settings = &in->frozen->settings;
    site->service = service;
    site->region = freeze_find(settings->regions, settings->region_count, from->region);
    if (site->region == NONE)
        site->region = 0; /* one region too many: reported, and nothing will come of it */
    site->weight = (int)from->weight;
    site->name =
        arena_format(settings->arena, "%s/%s", settings->services[service].name, from->region);
    site->first_set = settings->set_count;
    site->set_count = settings->services[service].record_count;
    site->first_check = settings->check_count;
    site->check_count = from->checks.count;
    return site->name == NULL ? -1 : 0;
}

static void freeze_set(struct settings *settings, uint32_t site, const char *set, const char *value,
                       const struct draft_alias *alias, struct site_set *sets)
{
    const struct site *of = &settings->sites[site];
    uint32_t index = settings->set_count - of->first_set;
    sets[settings->set_count++] =
        (struct site_set){.site = site,
                          .record = settings->services[of->service].first_record + index,
                          .set = set,
                          .value = value,
                          .alias_zone = alias->zone,
                          .alias_name = alias->name,
                          .alias_evaluate = alias->evaluate};
}

/* One for each record of the service. Of those the file says nothing about, the identifier is the
 * site's own, and what stands in them is the zone's. */
static void freeze_sets(struct inspection *in, const struct draft_site *from, uint32_t site,
                        struct site_set *sets)
{
    static const struct draft_alias none = {.zone = "", .name = ""};
    struct settings *settings = &in->frozen->settings;
    freeze_set(settings, site, from->set, from->value, &from->alias, sets);
    for (uint32_t i = 0; i + 1 < settings->sites[site].set_count; i++) {
        const struct draft_also_set *also = i < from->also.count ? &draft_also_sets(from)[i] : NULL;
        if (also != NULL)
            freeze_set(settings, site, also->set, also->value, &also->alias, sets);
        else
            freeze_set(settings, site, from->set, "", &none, sets);
    }
}

static int freeze_sites(struct inspection *in, const struct draft_service *from, uint32_t service,
                        struct service_arrays *arrays)
{
    struct settings *settings = &in->frozen->settings;
    for (uint32_t i = 0; i < from->sites.count; i++) {
        const struct draft_site *draft = &draft_sites(from)[i];
        uint32_t site = settings->site_count;
        if (freeze_site(in, draft, service, &arrays->sites[site]) < 0)
            return -1;
        settings->site_count++;
        freeze_sets(in, draft, site, arrays->sets);
        if (freeze_checks(in, draft, site, arrays->checks) < 0)
            return -1;
    }
    return 0;
}

static void freeze_record(struct settings *settings, uint32_t service,
                          const struct draft_also *from, struct service_record *records)
{
    static const char *const types[] = {"A", "AAAA", "CNAME"};
    records[settings->record_count++] =
        (struct service_record){.service = service,
                                .zone = freeze_zone(settings, from->zone),
                                .name = from->record,
                                .type = types[from->type],
                                .ttl_s = from->ttl_ms / 1000};
}

static void freeze_records(struct inspection *in, const struct draft_service *from,
                           uint32_t service, struct service_record *records)
{
    struct draft_also own = {from->record, from->type, from->ttl_ms, from->zone};
    freeze_record(&in->frozen->settings, service, &own, records);
    for (uint32_t i = 0; i < from->also.count; i++)
        freeze_record(&in->frozen->settings, service, &draft_alsos(from)[i], records);
}

static void freeze_service(struct inspection *in, const struct draft_service *from,
                           struct service *service)
{
    struct settings *settings = &in->frozen->settings;
    service->name = from->name;
    service->required = from->required;
    service->group = NONE; /* until a group claims it */
    service->first_record = settings->record_count;
    service->record_count = 1 + from->also.count;
    service->first_site = settings->site_count;
    service->site_count = from->sites.count;
}

static int take_arrays(struct inspection *in, struct service_arrays *arrays)
{
    struct settings *settings = &in->frozen->settings;
    uint32_t count = in->draft->services.count;
    size_t record_count = 0;
    size_t site_count = 0;
    size_t set_count = 0;
    size_t check_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_service *service = &draft_services(in->draft)[i];
        record_count += 1 + service->also.count;
        site_count += service->sites.count;
        set_count += (size_t)service->sites.count * (1 + service->also.count);
        for (uint32_t j = 0; j < service->sites.count; j++)
            check_count += draft_sites(service)[j].checks.count;
    }
    settings->services = arrays->services = freeze_take(in, count, sizeof *arrays->services);
    settings->records = arrays->records = freeze_take(in, record_count, sizeof *arrays->records);
    settings->sites = arrays->sites = freeze_take(in, site_count, sizeof *arrays->sites);
    settings->sets = arrays->sets = freeze_take(in, set_count, sizeof *arrays->sets);
    settings->checks = arrays->checks = freeze_take(in, check_count, sizeof *arrays->checks);
    in->frozen->checks = arrays->checks;
    in->frozen->assertions = freeze_take(in, check_count, sizeof *in->frozen->assertions);
    return arrays->services == NULL || arrays->records == NULL || arrays->sites == NULL ||
                   arrays->sets == NULL || arrays->checks == NULL || in->frozen->assertions == NULL
               ? -1
               : 0;
}

static const char *name_of_service(const struct settings *settings, uint32_t index)
{
    return settings->services[index].name;
}

static const char *name_of_site(const struct settings *settings, uint32_t index)
{
    return settings->sites[index].name;
}

static int sort_names(struct inspection *in)
{
    struct settings *settings = &in->frozen->settings;
    settings->services_by_name = pairs_sorted(in, settings->service_count, name_of_service);
    settings->sites_by_name = pairs_sorted(in, settings->site_count, name_of_site);
    return settings->services_by_name == NULL || settings->sites_by_name == NULL ? -1 : 0;
}

int freeze_services(struct inspection *in, struct service **ret_services)
{
    struct settings *settings = &in->frozen->settings;
    struct service_arrays arrays;
    if (take_arrays(in, &arrays) < 0)
        return -1;
    for (uint32_t i = 0; i < in->draft->services.count; i++) {
        const struct draft_service *from = &draft_services(in->draft)[i];
        freeze_service(in, from, &arrays.services[i]);
        freeze_records(in, from, i, arrays.records);
        settings->service_count++;
        if (freeze_sites(in, from, i, &arrays) < 0)
            return -1;
    }
    *ret_services = arrays.services;
    return sort_names(in);
}
