/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_records.c: what services write into their zones: names, TTLs, the sets of each site.
 */
#include "crosschecks.h"

#include <string.h>

#include "pairs.h"
#include "url.h"

/* After a move clients keep the old answer for a TTL; past a minute that is the longest part of an
 * outage, and AWS too advises 60 seconds or less. */
enum { TTL_LONG_S = 60 };

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

static const char *service_of(const struct settings *settings, const struct service_record *record)
{
    return settings->services[record->service].name;
}

/* ---- names and TTLs ---- */

static const char *name_of(const struct settings *settings, uint32_t record)
{
    return settings->records[record].name;
}

/* Shows each pair of records of one name to compare(). */
static void for_records(struct inspection *in,
                        void (*compare)(struct inspection *in, uint32_t older, uint32_t newer))
{
    pairs_same(in, in->settings->record_count, name_of, compare);
}

static void compare_records(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct service_record *a = &in->settings->records[newer];
    const struct service_record *b = &in->settings->records[older];
    if (a->zone == b->zone && same(a->type, b->type))
        inspect_complain(in, place_of_record(in->settings, newer, "record"),
                         "%s %s is moved by \"%s\" already; one service for each record", a->name,
                         a->type, service_of(in->settings, b));
}

void check_duplicate_record(struct inspection *in)
{
    for_records(in, compare_records);
}

static void compare_ttls(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct service_record *a = &in->settings->records[newer];
    const struct service_record *b = &in->settings->records[older];
    if (a->ttl_s != b->ttl_s)
        inspect_complain(in, place_of_record(in->settings, newer, "ttl"),
                         "%s has %lld s here and %lld s in \"%s\": its clients would move at "
                         "different times; give both one TTL",
                         a->name, (long long)a->ttl_s, (long long)b->ttl_s,
                         service_of(in->settings, b));
}

void check_one_ttl_per_name(struct inspection *in)
{
    for_records(in, compare_ttls);
}

static void compare_groups(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct settings *settings = in->settings;
    const struct service_record *a = &settings->records[newer];
    const struct service_record *b = &settings->records[older];
    if (settings->services[a->service].group != settings->services[b->service].group)
        inspect_complain(in, place_of_record(settings, newer, "record"),
                         "%s is moved by \"%s\" too, in another group: its clients would be "
                         "split; put both in one group",
                         a->name, service_of(settings, b));
}

void check_name_in_two_groups(struct inspection *in)
{
    for_records(in, compare_groups);
}

#define WHOLE_SECONDS "DNS counts whole seconds; leave out the fraction"
void check_ttl_whole(struct inspection *in)
{
    for (uint32_t i = 0; i < in->draft->services.count; i++) {
        const struct draft_service *service = &draft_services(in->draft)[i];
        if (service->ttl_ms % 1000 != 0)
            inspect_complain(in, place_of_service(i, "ttl"), WHOLE_SECONDS);
        for (uint32_t j = 0; j < service->also.count; j++) {
            const struct draft_also *also = &draft_alsos(service)[j];
            if (also->ttl_ms % 1000 != 0 && also->ttl_ms != service->ttl_ms)
                inspect_complain(in, place_of("services.[%u].also.[%u].ttl", i, j), WHOLE_SECONDS);
        }
    }
}

void check_ttl_long(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->record_count; i++) {
        const struct service_record *own =
            settings_own_record(settings, settings->records[i].service);
        bool is_said = own != &settings->records[i] && own->ttl_s == settings->records[i].ttl_s;
        if (settings->records[i].ttl_s > TTL_LONG_S && !is_said)
            inspect_complain(in, place_of_record(settings, i, "ttl"),
                             "clients keep the old answer for %lld s after a move; %d or less, and "
                             "lower it in the zone a day before it matters",
                             (long long)settings->records[i].ttl_s, TTL_LONG_S);
    }
}

/* ---- the sets of a record ---- */

/* Shows each pair of sets of one record to compare(). */
static void for_sets(struct inspection *in,
                     void (*compare)(struct inspection *in, uint32_t older, uint32_t newer))
{
    const struct settings *settings = in->settings;
    for (uint32_t newer = 0; newer < settings->set_count; newer++) {
        const struct site *site = &settings->sites[settings->sets[newer].site];
        uint32_t index = newer - site->first_set;
        uint32_t first = settings->services[site->service].first_site;
        for (uint32_t i = first; i < settings->sets[newer].site; i++)
            compare(in, settings->sites[i].first_set + index, newer);
    }
}

static const char *site_of(const struct settings *settings, const struct site_set *set)
{
    return settings->sites[set->site].name;
}

static void compare_sets(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct site_set *sets = in->settings->sets;
    if (same(sets[older].set, sets[newer].set))
        inspect_complain(in, place_of_set(in->settings, newer, "set"),
                         "\"%s\" names the record set of %s already; each site has its own",
                         sets[newer].set, site_of(in->settings, &sets[older]));
}

void check_duplicate_set(struct inspection *in)
{
    for_sets(in, compare_sets);
}

static void compare_values(struct inspection *in, uint32_t older, uint32_t newer)
{
    const struct site_set *a = &in->settings->sets[newer];
    const struct site_set *b = &in->settings->sets[older];
    bool is_value = a->value[0] != '\0' && same(a->value, b->value);
    bool is_alias = a->alias_name[0] != '\0' && same(a->alias_name, b->alias_name);
    if (is_value || is_alias)
        inspect_complain(in, place_of_set(in->settings, newer, is_alias ? "alias.name" : "value"),
                         "\"%s\" is the %s of %s too: a move would change nothing; give each "
                         "region its own",
                         is_alias ? a->alias_name : a->value, is_alias ? "target" : "value",
                         site_of(in->settings, b));
}

void check_same_value(struct inspection *in)
{
    for_sets(in, compare_values);
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
    for (uint32_t i = 0; i < settings->set_count; i++) {
        const struct site_set *set = &settings->sets[i];
        const char *type = settings->records[set->record].type;
        if (set->value[0] != '\0' && !value_fits(set->value, type))
            inspect_complain(
                in, place_of_set(settings, i, "value"),
                "does not fit a record of type %s; A takes 192.0.2.1, AAAA 2001:db8::1, "
                "CNAME a name",
                type);
    }
}

/* ---- further records ---- */

void check_also_fits(struct inspection *in)
{
    for (uint32_t i = 0; i < in->draft->services.count; i++) {
        const struct draft_service *service = &draft_services(in->draft)[i];
        for (uint32_t j = 0; j < service->sites.count; j++) {
            uint32_t count = draft_sites(service)[j].also.count;
            if (count > 0 && count != service->also.count)
                inspect_complain(in, place_of("services.[%u].sites.[%u].also", i, j),
                                 "%u here, and the service has %u further records; give one for "
                                 "each, in the same order, or none at all",
                                 count, service->also.count);
        }
    }
}

/* ---- alias sets ---- */

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t end_length = strlen(end);
    return length >= end_length && same(text + length - end_length, end);
}

static bool is_cloudfront(const struct site_set *set)
{
    return ends_in(set->alias_name, ".cloudfront.net") ||
           ends_in(set->alias_name, ".cloudfront.cn") || same(set->alias_zone, "Z2FDTNDATAQYW2") ||
           same(set->alias_zone, "Z3RFFRIM2A3IF5");
}

/* In front of the website endpoint of a region stands a bucket. */
static bool names_bucket(const char *name)
{
    const char *endpoint = strstr(name, ".s3-website");
    return endpoint != NULL && strstr(endpoint, ".amazonaws.com") != NULL;
}

static void judge_alias(struct inspection *in, uint32_t index)
{
    const struct settings *settings = in->settings;
    const struct site_set *set = &settings->sets[index];
    const struct service_record *record = &settings->records[set->record];
    const char *zone = settings->zones[record->zone].id;
    if (set->value[0] != '\0')
        inspect_complain(in, place_of_set(settings, index, "alias"),
                         "stands beside a value; a record set has one or the other");
    if (set->alias_zone[0] == '\0' || set->alias_name[0] == '\0')
        inspect_complain(in, place_of_set(settings, index, "alias"),
                         "lacks its %s; an alias has both zone and name",
                         set->alias_zone[0] == '\0' ? "zone" : "name");
    if (same(record->type, "CNAME") && !same(set->alias_zone, zone))
        inspect_complain(in, place_of_set(settings, index, "alias"),
                         "is of type CNAME and leads out of the zone; an alias has the type of its "
                         "target: A or AAAA");
    if (same(set->alias_name, record->name) && same(set->alias_zone, zone))
        inspect_complain(in, place_of_set(settings, index, "alias.name"),
                         "is the record itself; name what it stands for");
    if (set->alias_evaluate && is_cloudfront(set))
        inspect_complain(in, place_of_set(settings, index, "alias.evaluate_target_health"),
                         "CloudFront's health cannot be evaluated, and Route 53 refuses to try; "
                         "leave it out");
    if (names_bucket(set->alias_name))
        inspect_complain(in, place_of_set(settings, index, "alias.name"),
                         "names a bucket; write the endpoint alone, as in "
                         "s3-website-us-east-1.amazonaws.com: Route 53 takes the bucket that has "
                         "the record's own name, %s",
                         record->name);
}

void check_alias(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->set_count; i++) {
        const struct site_set *set = &in->settings->sets[i];
        if (set->alias_zone[0] != '\0' || set->alias_name[0] != '\0')
            judge_alias(in, i);
    }
}
