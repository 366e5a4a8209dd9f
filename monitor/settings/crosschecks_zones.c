/* SPDX-License-Identifier: Apache-2.0 */
/* crosschecks_zones.c: hosted zones: as whom they are written, in which order, and how much. */
#include "crosschecks.h"

#include <string.h>

#include "batch_guard.h"
#include "freeze.h"
#include "record.h"
#include "zone_read.h"

/* ---- aws.zones ---- */

void check_duplicate_zone(struct inspection *in)
{
    const struct draft_zone *zones = draft_zones(in->draft);
    for (uint32_t i = 0; i < in->draft->aws.zones.count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (strcmp(zones[i].id, zones[j].id) == 0)
                inspect_complain(in, place_of("aws.zones.[%u].id", i),
                                 "%s stands in the list already; leave one of them out",
                                 zones[i].id);
        }
    }
}

void check_zone_unused(struct inspection *in)
{
    for (uint32_t i = 0; i < in->draft->aws.zones.count; i++) {
        const char *id = draft_zones(in->draft)[i].id;
        if (freeze_zone(in->settings, id) == NONE)
            inspect_complain(in, place_of("aws.zones.[%u].id", i),
                             "no service has a record in %s; write the id that services name, or "
                             "leave it out",
                             id);
    }
}

void check_external_id_alone(struct inspection *in)
{
    for (uint32_t i = 0; i < in->draft->aws.zones.count; i++) {
        const struct draft_zone *zone = &draft_zones(in->draft)[i];
        if (zone->external_id[0] != '\0' && zone->role[0] == '\0')
            inspect_complain(in, place_of("aws.zones.[%u].external_id", i),
                             "goes with a role, and none is given; write role as well");
    }
}

/* ---- what depends on what ---- */

void check_needs_elsewhere(struct inspection *in)
{
    const struct settings *settings = in->settings;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *service = &settings->services[i];
        for (uint32_t j = 0; j < service->need_count; j++) {
            const struct service *need = &settings->services[service->needs[j]];
            if (need->group != service->group)
                inspect_complain(in, place_of_service(i, "needs"),
                                 "\"%s\" is in another group, and groups do not wait for each "
                                 "other; put both in one group",
                                 need->name);
        }
    }
}

/* Where a service stands among those of its group; NONE: not there, which is complained of. */
static uint32_t place_in_group(const struct group *group, uint32_t service)
{
    for (uint32_t i = 0; i < group->service_count; i++) {
        if (group->services[i] == service)
            return i;
    }
    return NONE;
}

/* What each service of a group needs, and what that needs, as sets of the group's services. */
static void close_needs(const struct settings *settings, const struct group *group, uint64_t *needs)
{
    for (uint32_t round = 0; round < group->service_count; round++) {
        for (uint32_t i = 0; i < group->service_count; i++) {
            const struct service *service = &settings->services[group->services[i]];
            for (uint32_t j = 0; j < service->need_count; j++) {
                uint32_t place = place_in_group(group, service->needs[j]);
                if (place != NONE)
                    needs[i] |= UINT64_C(1) << place | needs[place];
            }
        }
    }
}

static void judge_circle(struct inspection *in, const struct group *group)
{
    uint64_t needs[GROUP_SERVICES_MAX] = {0};
    close_needs(in->settings, group, needs);
    for (uint32_t i = 0; i < group->service_count; i++) {
        if (needs[i] >> i & 1)
            inspect_complain(in, place_of_service(group->services[i], "needs"),
                             "\"%s\" comes to need itself; one of a circle has to be first",
                             in->settings->services[group->services[i]].name);
    }
}

void check_needs_circle(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++)
        judge_circle(in, &in->settings->groups[i]);
}

/* ---- how much one batch can hold ---- */

/* What init has not been told may be as long as its type allows. */
static size_t value_length(const struct settings *settings, const struct site_set *set)
{
    const char *type = settings->records[set->record].type;
    if (set->alias_name[0] != '\0')
        return 0;
    if (set->value[0] != '\0')
        return strlen(set->value);
    return strcmp(type, "A") == 0 ? 15 : strcmp(type, "AAAA") == 0 ? 39 : 255;
}

/* What one service has in a zone, added to the group's. */
static void add_sets(const struct settings *settings, const struct service *service, uint32_t zone,
                     size_t *sets, size_t *characters)
{
    for (uint32_t i = service->first_site; i < service->first_site + service->site_count; i++) {
        const struct site *site = &settings->sites[i];
        for (uint32_t j = site->first_set; j < site->first_set + site->set_count; j++) {
            if (settings->records[settings->sets[j].record].zone != zone)
                continue;
            (*sets)++;
            *characters += value_length(settings, &settings->sets[j]);
        }
    }
}

static void judge_batch(struct inspection *in, uint32_t index, uint32_t zone)
{
    const struct settings *settings = in->settings;
    const struct group *group = &settings->groups[index];
    size_t sets = 1; /* the fence */
    size_t characters = FENCE_TEXT_MAX;
    for (uint32_t i = 0; i < group->service_count; i++)
        add_sets(settings, &settings->services[group->services[i]], zone, &sets, &characters);
    /* each is deleted and created */
    if (2 * sets > BATCH_VALUES_MAX || 2 * characters > BATCH_CHARACTERS_MAX)
        inspect_complain(in, place_of_group(index, "services"),
                         "a move may delete and create %zu record sets of up to %zu characters in "
                         "%s, and Route 53 takes %d of %d in one request; make two groups of it",
                         2 * sets, 2 * characters, settings->zones[zone].id, BATCH_VALUES_MAX,
                         BATCH_CHARACTERS_MAX);
}

void check_batch_too_large(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->group_count; i++) {
        const struct group *group = &in->settings->groups[i];
        for (uint32_t j = 0; j < group->zone_count; j++)
            judge_batch(in, i, group->zones[j]);
    }
}

/* A reading keeps at most so many sets: beyond it no reading ends, and nothing is ever written. */
static void judge_reading(struct inspection *in, uint32_t zone)
{
    const struct settings *settings = in->settings;
    size_t sets = 0;
    for (uint32_t i = 0; i < settings->set_count; i++)
        sets += settings->records[settings->sets[i].record].zone == zone;
    for (uint32_t i = 0; i < settings->group_count; i++) {
        for (uint32_t j = 0; j < settings->groups[i].zone_count; j++)
            sets += settings->groups[i].zones[j] == zone; /* its fence */
    }
    if (sets > ZONE_READ_SETS_MAX)
        inspect_complain(in, place_of("services"),
                         "%zu record sets and fences are in %s, and one reading of a zone holds at "
                         "most %d; move some services to another zone or to other settings",
                         sets, settings->zones[zone].id, ZONE_READ_SETS_MAX);
}

void check_zone_too_large(struct inspection *in)
{
    for (uint32_t i = 0; i < in->settings->zone_count; i++)
        judge_reading(in, i);
}
