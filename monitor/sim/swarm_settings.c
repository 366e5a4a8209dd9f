/* SPDX-License-Identifier: Apache-2.0 */
/* swarm_settings.c: random settings that the settings reader accepts. What must fit together (the
 * electorate and its quorum, services and their regions) is drawn as numbers first; then it is
 * written down as text, so that these settings go through the same reader as a user's. */
#include "swarm.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "swarm_draw.h"

enum { PROBES = 9, REGIONS = 5, SERVICES = 3, GROUPS = 2, OWNERS = 4, PLACES = 9, ALSO = 2 };

static const char *const region_names[REGIONS] = {"us-east-1", "us-west-2", "eu-west-1",
                                                  "ap-south-1", "sa-east-1"};
static const char *const owner_names[OWNERS] = {"aws", "gcp", "hetzner", "ovh"};
static const char *const service_names[SERVICES] = {"pizza", "factory", "menu"};
static const char *const group_names[GROUPS] = {"jwt-pizza", "side-dishes"};

enum { CNAME = 2 }; /* among the types of records */

/* ---- what is drawn ---- */

struct drawn_probe {
    uint32_t owner;
    uint32_t place; /* below `regions`: that region; else a place of its own kind */
    bool may_act;
};

/* A name and type in a zone, and whether its sets are aliases. */
struct drawn_record {
    uint32_t zone;
    uint32_t type;
    bool is_alias;
};

struct drawn_service {
    uint32_t group;
    struct drawn_record record; /* its own ... */
    struct drawn_record also[ALSO];
    uint32_t also_count; /* ... and further ones */
    uint32_t needs;      /* a service that stands behind it in the list; NONE */
    uint32_t absent;     /* region in which an optional service has no site; NONE */
    bool required;
    int weights[REGIONS];
};

struct drawn_group {
    uint32_t order[REGIONS];
    uint32_t order_count;
    bool fallback;
};

struct drawn {
    struct dice dice;
    uint32_t probes;
    uint32_t regions;
    uint32_t services;
    uint32_t groups;
    uint32_t zones;
    uint32_t down;
    uint32_t up;
    uint32_t vantages;
    uint32_t owners;
    struct drawn_probe probe[PROBES];
    struct drawn_service service[SERVICES];
    struct drawn_group group[GROUPS];
};

/* ---- the electorate ---- */

/* How many different vantages (or owners) the probes outside a region have; NONE: all probes. */
static uint32_t distinct_outside(const struct drawn *drawn, uint32_t region, bool owners)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < drawn->probes; i++) {
        bool first = drawn->probe[i].place != region;
        for (uint32_t j = 0; j < i && first; j++) {
            const struct drawn_probe *a = &drawn->probe[i];
            const struct drawn_probe *b = &drawn->probe[j];
            if (b->place != region)
                first = a->owner != b->owner || (!owners && a->place != b->place);
        }
        count += first;
    }
    return count;
}

/* region-takes-its-voters: what is left when a region is lost must be enough. */
static uint32_t least_outside(const struct drawn *drawn, bool owners)
{
    uint32_t least = distinct_outside(drawn, NONE, owners);

    for (uint32_t r = 0; r < drawn->regions; r++) {
        uint32_t outside = distinct_outside(drawn, r, owners);
        least = outside < least ? outside : least;
    }
    return least;
}

/* Stands a probe in a region only while enough others stay outside of it. */
static void place_probes(struct drawn *drawn)
{
    uint32_t owners = (uint32_t)draw_between(&drawn->dice, 2, OWNERS);
    uint32_t inside[REGIONS] = {0};

    for (uint32_t i = 0; i < drawn->probes; i++) {
        struct drawn_probe *probe = &drawn->probe[i];
        uint32_t region = (uint32_t)dice_below(&drawn->dice, drawn->regions);

        probe->owner = i < 2 ? i : (uint32_t)dice_below(&drawn->dice, owners);
        probe->place = REGIONS + (uint32_t)dice_below(&drawn->dice, PLACES);
        if (draw_chance(&drawn->dice, 50) && inside[region] < drawn->probes - drawn->down) {
            probe->place = region;
            inside[region]++;
        }
    }
}

static bool actor_outside(const struct drawn *drawn, uint32_t region)
{
    for (uint32_t i = 0; i < drawn->probes; i++) {
        if (drawn->probe[i].may_act && drawn->probe[i].place != region)
            return true;
    }
    return false;
}

static void choose_actors(struct drawn *drawn)
{
    for (uint32_t i = 0; i < drawn->probes; i++)
        drawn->probe[i].may_act = draw_chance(&drawn->dice, 60);
    for (uint32_t r = 0; r < drawn->regions; r++) {
        for (uint32_t i = 0; i < drawn->probes && !actor_outside(drawn, r); i++)
            drawn->probe[i].may_act |= drawn->probe[i].place != r;
    }
}

static void draw_electorate(struct drawn *drawn)
{
    uint32_t majority;

    drawn->probes = (uint32_t)draw_between(&drawn->dice, 3, PROBES);
    majority = drawn->probes / 2 + 1;
    drawn->down = majority + (majority < drawn->probes && draw_chance(&drawn->dice, 20));
    drawn->up = majority + (majority < drawn->probes && draw_chance(&drawn->dice, 20));
    place_probes(drawn);
    choose_actors(drawn);
    drawn->vantages = (uint32_t)draw_between(&drawn->dice, 1, least_outside(drawn, false));
    drawn->owners = (uint32_t)draw_between(&drawn->dice, 1, least_outside(drawn, true));
    if (drawn->vantages > drawn->down)
        drawn->vantages = drawn->down;
}

/* ---- services and groups ---- */

static void draw_order(struct drawn *drawn, struct drawn_group *group)
{
    uint32_t first = (uint32_t)dice_below(&drawn->dice, drawn->regions);
    bool backwards = draw_chance(&drawn->dice, 50);

    group->order_count = draw_chance(&drawn->dice, 75)
                             ? drawn->regions
                             : (uint32_t)draw_between(&drawn->dice, 2, drawn->regions);
    for (uint32_t i = 0; i < group->order_count; i++)
        group->order[i] = (first + (backwards ? drawn->regions - i : i)) % drawn->regions;
    group->fallback = draw_chance(&drawn->dice, 30);
}

/* The first in order serves; the others by the kind of group: standby, equal, or anything. */
static void draw_weights(struct drawn *drawn, struct drawn_service *service, uint32_t style)
{
    const struct drawn_group *group = &drawn->group[service->group];

    for (uint32_t i = 0; i < group->order_count; i++) {
        int *weight = &service->weights[group->order[i]];
        if (i == 0)
            *weight = style == 1 ? 50 : 100;
        else if (style == 0)
            *weight = 0;
        else
            *weight = style == 1 ? 50 : (int)draw_between(&drawn->dice, 0, 255);
    }
}

static struct drawn_record draw_record(struct drawn *drawn)
{
    struct drawn_record record = {.zone = (uint32_t)dice_below(&drawn->dice, drawn->zones),
                                  .type = (uint32_t)dice_below(&drawn->dice, 3)};

    record.is_alias = record.type != CNAME && draw_chance(&drawn->dice, 25);
    return record;
}

static void draw_also(struct drawn *drawn, struct drawn_service *service)
{
    if (!draw_chance(&drawn->dice, 35))
        return;
    service->also_count = (uint32_t)draw_between(&drawn->dice, 1, ALSO);
    for (uint32_t i = 0; i < service->also_count; i++)
        service->also[i] = draw_record(drawn);
}

/* Only what stands behind it, so that there is no circle. */
static void draw_needs(struct drawn *drawn)
{
    for (uint32_t i = 0; i < drawn->services; i++) {
        drawn->service[i].needs = NONE;
        for (uint32_t j = i + 1; j < drawn->services; j++) {
            if (drawn->service[j].group == drawn->service[i].group && draw_chance(&drawn->dice, 40))
                drawn->service[i].needs = j;
        }
    }
}

static void draw_services(struct drawn *drawn)
{
    drawn->zones = draw_chance(&drawn->dice, 30) ? (uint32_t)draw_between(&drawn->dice, 2, 3) : 1;
    drawn->services = (uint32_t)draw_between(&drawn->dice, 1, SERVICES);
    drawn->groups = drawn->services > 1 && draw_chance(&drawn->dice, 40) ? 2 : 1;
    for (uint32_t i = 0; i < drawn->groups; i++)
        draw_order(drawn, &drawn->group[i]);
    for (uint32_t i = 0; i < drawn->services; i++) {
        struct drawn_service *service = &drawn->service[i];
        const struct drawn_group *group;
        bool first = i < drawn->groups;

        service->group = first ? i : (uint32_t)dice_below(&drawn->dice, drawn->groups);
        group = &drawn->group[service->group];
        service->record = draw_record(drawn);
        draw_also(drawn, service);
        service->required = first || draw_chance(&drawn->dice, 70);
        service->absent = NONE;
        if (!service->required && group->order_count > 2 && draw_chance(&drawn->dice, 50))
            service->absent = group->order[group->order_count - 1];
        draw_weights(drawn, service, (uint32_t)dice_below(&drawn->dice, 3));
    }
    draw_needs(drawn);
}

/* ---- writing it down ---- */

struct pen {
    char *out;
    size_t size;
    size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct pen *pen, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(pen->out + pen->used, pen->size - pen->used, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < pen->size - pen->used); /* SWARM_SETTINGS_MAX is too small */
    pen->used += (size_t)n;
}

/* "0.5s" and the like: durations between two bounds, none of them special. */
static const char *any_of(struct dice *dice, const char *const *choices, uint32_t count)
{
    return choices[dice_below(dice, count)];
}
#define ANY_OF(dice, ...)                                                                          \
    any_of(dice, (const char *const[]){__VA_ARGS__},                                               \
           sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void put_probes(struct pen *pen, struct drawn *drawn)
{
    if (draw_chance(&drawn->dice, 75))
        put(pen,
            "probe = { references = ( \"https://www.example.org/\", \"dns:198.41.0.4\" ); };\n");
    put(pen,
        "quorum = { down = %" PRIu32 "; up = %" PRIu32 "; vantages = %" PRIu32 "; owners = %" PRIu32
        ";\n    probes = (",
        drawn->down, drawn->up, drawn->vantages, drawn->owners);
    for (uint32_t i = 0; i < drawn->probes; i++) {
        const struct drawn_probe *probe = &drawn->probe[i];
        put(pen, "%s\n        { name = \"p%" PRIu32 "\"; vantage = \"%s/", i > 0 ? "," : "", i + 1,
            owner_names[probe->owner]);
        if (probe->place < REGIONS)
            put(pen, "%s", region_names[probe->place]);
        else
            put(pen, "place%" PRIu32, probe->place - REGIONS + 1);
        put(pen, "\"; may_act = %s; }", probe->may_act ? "true" : "false");
    }
    put(pen, " ); };\n");
}

/* An interval of 2 s costs thirty times one of a minute: such runs are rarer, not absent. */
static void put_checks(struct pen *pen, struct drawn *drawn)
{
    struct dice *dice = &drawn->dice;
    uint64_t of = draw_between(dice, 5, 30);
    const char *interval = ANY_OF(dice, "5", "10", "10", "10", "15", "20", "30", "60");

    if (draw_chance(dice, 4))
        interval = "2";
    put(pen, "store = { lease = %s; };\n", ANY_OF(dice, "5", "10", "10", "15", "30"));
    put(pen,
        "checks = { interval = %s; timeout = %s; retry = %s; fall = %" PRIu64 "; rise = %" PRIu64,
        interval, ANY_OF(dice, "0.5", "1", "1.5"), ANY_OF(dice, "0.2", "1", "1", "2"),
        draw_between(dice, 1, 5), draw_between(dice, 1, 4));
    if (draw_chance(dice, 20))
        put(pen, "; window = { bad = %" PRIu64 "; of = %" PRIu64 "; }",
            draw_between(dice, of / 3, of / 2), of);
    put(pen, "; };\n");
}

static void put_check(struct pen *pen, struct drawn *drawn, uint32_t service, uint32_t region)
{
    struct dice *dice = &drawn->dice;

    if (draw_chance(dice, 15))
        put(pen, "{ type = \"tcp\"; url = \"tcp://%s.%s.example.com:443\"; ", region_names[region],
            service_names[service]);
    else
        put(pen, "{ url = \"https://%s.%s.example.com/health\"; ", region_names[region],
            service_names[service]);
    if (draw_chance(dice, 10))
        put(pen, "fall = %" PRIu64 "; ", draw_between(dice, 1, 5));
    if (draw_chance(dice, 10))
        put(pen, "retry = 0.5; timeout = 1.9; ");
    put(pen, "}");
}

/* "value = ...;" or "alias = ...;", another one for each region. */
static void put_target(struct pen *pen, const struct drawn_record *record, uint32_t index,
                       uint32_t region)
{
    static const char *const formats[] = {"192.0.2.", "2001:db8::", "site"};

    if (record->is_alias)
        put(pen,
            "alias = { zone = \"ZBALANCERS\"; name = \"lb%" PRIu32
            ".elb.example.net\"; evaluate_target_health = %s; };",
            10 + 10 * index + region, region % 2 == 0 ? "true" : "false");
    else
        put(pen, "value = \"%s%" PRIu32 "%s\";", formats[record->type], 10 + 10 * index + region,
            record->type == CNAME ? ".example.net" : "");
}

/* What stands in all sets of a site. */
static void put_targets(struct pen *pen, const struct drawn_service *service, uint32_t index,
                        uint32_t region)
{
    put_target(pen, &service->record, index, region);
    if (service->also_count > 0)
        put(pen, " also = (");
    for (uint32_t i = 0; i < service->also_count; i++) {
        put(pen, "%s { ", i > 0 ? "," : "");
        put_target(pen, &service->also[i], index, region);
        put(pen, " }");
    }
    if (service->also_count > 0)
        put(pen, " );");
}

static void put_sites(struct pen *pen, struct drawn *drawn, uint32_t index)
{
    const struct drawn_service *service = &drawn->service[index];
    const struct drawn_group *group = &drawn->group[service->group];
    const char *comma = "";

    for (uint32_t i = 0; i < group->order_count; i++) {
        uint32_t region = group->order[i];
        if (region == service->absent)
            continue;
        put(pen, "%s\n        { region = \"%s\"; weight = %d; set = \"%s-%s\"; ", comma,
            region_names[region], service->weights[region], service_names[index],
            region_names[region]);
        put_targets(pen, service, index, region);
        put(pen, " checks = ( ");
        put_check(pen, drawn, index, region);
        if (draw_chance(&drawn->dice, 10)) {
            put(pen, ", ");
            put_check(pen, drawn, index, region);
        }
        put(pen, " ); }");
        comma = ",";
    }
    if (group->fallback) {
        put(pen, ",\n        { region = \"static\"; weight = 0; set = \"%s-static\"; ",
            service_names[index]);
        put_targets(pen, service, index, REGIONS);
        put(pen, " }");
    }
}

static const char *const types[] = {"A", "AAAA", "CNAME"};

static void put_records(struct pen *pen, const struct drawn_service *service, uint32_t index)
{
    if (service->needs != NONE)
        put(pen, "      needs = [ \"%s\" ];", service_names[service->needs]);
    if (service->also_count > 0)
        put(pen, " also = (");
    for (uint32_t i = 0; i < service->also_count; i++)
        put(pen,
            "%s { record = \"%s.%s.example%" PRIu32 ".com\"; type = \"%s\"; zone = \"Z%" PRIu32
            "EXAMPLE\"; }",
            i > 0 ? "," : "", i == 0 ? "also" : "*", service_names[index],
            service->also[i].zone + 1, types[service->also[i].type], service->also[i].zone + 1);
    if (service->also_count > 0)
        put(pen, " );");
    put(pen, "\n");
}

static void put_services(struct pen *pen, struct drawn *drawn)
{
    put(pen, "services = (");
    for (uint32_t i = 0; i < drawn->services; i++) {
        const struct drawn_service *service = &drawn->service[i];
        put(pen,
            "%s\n    { name = \"%s\"; zone = \"Z%" PRIu32 "EXAMPLE\"; record = \"%s.example%" PRIu32
            ".com\"; type = \"%s\"; ttl = %s; required = %s;\n",
            i > 0 ? "," : "", service_names[i], service->record.zone + 1, service_names[i],
            service->record.zone + 1, types[service->record.type],
            ANY_OF(&drawn->dice, "10", "60", "300"), service->required ? "true" : "false");
        put_records(pen, service, i);
        put(pen, "      sites = (");
        put_sites(pen, drawn, i);
        put(pen, " ); }");
    }
    put(pen, " );\n");
}

static void put_policies(struct pen *pen, struct drawn *drawn, const struct drawn_group *group)
{
    struct dice *dice = &drawn->dice;

    put(pen, "      hold = %" PRIu64 "; stable = %s; dwell = %s;\n",
        draw_chance(dice, 10) ? 0 : draw_between(dice, 0, 60),
        ANY_OF(dice, "0", "10", "30", "60", "120"),
        ANY_OF(dice, "0", "30", "60", "60", "300", "600"));
    put(pen, "      failback = { mode = %s };\n",
        ANY_OF(dice, "\"manual\";", "\"manual\";", "\"auto\";",
               "\"auto\"; steps = [ 10, 50, 100 ];"));
    put(pen, "      drift = \"%s\"; all_down = \"%s\";%s\n",
        ANY_OF(dice, "stop", "stop", "adopt", "restore"), group->fallback ? "fallback" : "hold",
        group->fallback ? " fallback = \"static\";" : "");
    if (!draw_chance(dice, 25))
        return;
    put(pen, "      beacons = true; beacon_words = (");
    for (uint32_t i = 0; i < group->order_count; i++)
        put(pen, "%s { region = \"%s\"; word = \"env:WORD_%" PRIu32 "\"; }", i > 0 ? "," : "",
            region_names[group->order[i]], i + 1);
    put(pen, " );\n");
}

static void put_groups(struct pen *pen, struct drawn *drawn)
{
    put(pen, "groups = (");
    for (uint32_t i = 0; i < drawn->groups; i++) {
        const struct drawn_group *group = &drawn->group[i];
        const char *comma = "";

        put(pen, "%s\n    { name = \"%s\"; together = %s; services = [", i > 0 ? "," : "",
            group_names[i], ANY_OF(&drawn->dice, "true", "true", "false"));
        for (uint32_t j = 0; j < drawn->services; j++) {
            if (drawn->service[j].group != i)
                continue;
            put(pen, "%s \"%s\"", comma, service_names[j]);
            comma = ",";
        }
        put(pen, " ]; order = [");
        for (uint32_t j = 0; j < group->order_count; j++)
            put(pen, "%s \"%s\"", j > 0 ? "," : "", region_names[group->order[j]]);
        put(pen, " ];\n");
        put_policies(pen, drawn, group);
        put(pen, "    }");
    }
    put(pen, " );\n");
}

static void put_rest(struct pen *pen, struct drawn *drawn)
{
    struct dice *dice = &drawn->dice;

    put(pen, "limits = { budget = %" PRIu64 "; window = %s; };\n", draw_span(dice, 1, 40),
        ANY_OF(dice, "\"10m\"", "\"1h\"", "\"6h\""));
    put(pen, "alerting = { remind = %s; };\n", ANY_OF(dice, "\"5m\"", "\"1h\"", "\"4h\""));
    put(pen, "alerts = ( { type = \"webhook\"; url = \"https://hooks.example.com/a\"; }");
    if (draw_chance(dice, 50))
        put(pen,
            ",\n    { type = \"smtp\"; host = \"smtp.example.com\"; from = \"rs@example.com\"; "
            "to = ( \"oncall@example.com\" ); min_severity = \"page\"; }");
    put(pen, " );\n");
}

size_t swarm_settings(uint64_t seed, char *out, size_t size)
{
    struct drawn drawn = {.dice = dice_create(seed, SWARM_DICE_SETTINGS, 0)};
    struct pen pen = {out, size, 0};

    put(&pen, "# random settings, seed %" PRIu64 "\n", seed);
    drawn.regions = (uint32_t)draw_between(&drawn.dice, 2, REGIONS);
    draw_electorate(&drawn);
    draw_services(&drawn);
    put_probes(&pen, &drawn);
    put_checks(&pen, &drawn);
    put_services(&pen, &drawn);
    put_groups(&pen, &drawn);
    put_rest(&pen, &drawn);
    return pen.used;
}
