/* SPDX-License-Identifier: Apache-2.0 */
/* freeze_groups.c: groups last, because they name services and regions. */
#include "freeze.h"

#include <string.h>

#include "pairs.h"

static void complain_unknown(struct inspection *in, uint32_t group, const char *key, uint32_t index,
                             const char *name, const char *noun)
{
    if ((in->tainted & SECTION_SERVICES) != 0)
        return;
    struct place list = place_of_group(group, key);
    inspect_error(in, "unknown-name", place_of("%s.[%u]", list.text, index),
                  "\"%s\" is no %s; name one that services defines", name, noun);
}

static int freeze_members(struct inspection *in, uint32_t index, const struct draft_group *from,
                          struct group *group, struct service *services)
{
    uint32_t *members = freeze_take(in, from->services.count, sizeof *members);
    if (members == NULL)
        return -1;
    for (uint32_t i = 0; i < from->services.count; i++) {
        uint32_t service = settings_service(in->settings, from->services.items[i]);
        if (service == NONE) {
            complain_unknown(in, index, "services", i, from->services.items[i], "service");
            continue;
        }
        if (services[service].group == NONE)
            services[service].group = index; /* a second claim is a cross-check's business */
        members[group->service_count++] = service;
    }
    group->services = members;
    return 0;
}

/* ---- what depends on what ---- */

static int freeze_needs(struct inspection *in, uint32_t index, struct service *service)
{
    const struct text_list *from = &draft_services(in->draft)[index].needs;
    uint32_t *needs = freeze_take(in, from->count, sizeof *needs);
    if (needs == NULL)
        return -1;
    for (uint32_t i = 0; i < from->count; i++) {
        uint32_t need = settings_service(in->settings, from->items[i]);
        if (need != NONE)
            needs[service->need_count++] = need;
        else if ((in->tainted & SECTION_SERVICES) == 0)
            inspect_error(in, "unknown-name", place_of("services.[%u].needs.[%u]", index, i),
                          "\"%s\" is no service; name one that services defines", from->items[i]);
    }
    service->needs = needs;
    return 0;
}

/* One round: a service stands above what it needs. Returns false when all do already. */
static bool lift(const struct settings *settings, uint32_t *depths)
{
    bool lifted = false;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        const struct service *service = &settings->services[i];
        for (uint32_t j = 0; j < service->need_count; j++) {
            if (depths[i] > depths[service->needs[j]])
                continue;
            depths[i] = depths[service->needs[j]] + 1;
            lifted = true;
        }
    }
    return lifted;
}

/* How many services stand below each, in its longest line of needs: all of one group. A circle
 * (needs-circle) ends with the rounds. */
static int measure_depths(struct inspection *in, uint32_t **ret_depths)
{
    const struct settings *settings = in->settings;
    uint32_t *depths = freeze_take(in, settings->service_count, sizeof *depths);
    uint32_t rounds = 0;
    if (depths == NULL)
        return -1;
    while (lift(settings, depths) && rounds < GROUP_SERVICES_MAX)
        rounds++;
    *ret_depths = depths;
    return 0;
}

/* The lowest service that has a record in the zone says when its turn is; NONE: it has none. */
static uint32_t depth_of_zone(const struct settings *settings, const struct group *group,
                              uint32_t zone, const uint32_t *depths)
{
    uint32_t depth = NONE;
    for (uint32_t i = 0; i < group->service_count; i++) {
        uint32_t service = group->services[i];
        if (settings_service_in_zone(settings, service, zone) && depths[service] < depth)
            depth = depths[service];
    }
    return depth;
}

static uint32_t most_zones(const struct settings *settings, const struct group *group)
{
    uint32_t records = 0;
    for (uint32_t i = 0; i < group->service_count; i++)
        records += settings->services[group->services[i]].record_count;
    return records < settings->zone_count ? records : settings->zone_count;
}

/* Dependencies first; beyond that, the order in which the file names the zones. */
static int order_zones(struct inspection *in, const uint32_t *depths, struct group *group)
{
    const struct settings *settings = in->settings;
    uint32_t *zones = freeze_take(in, most_zones(settings, group), sizeof *zones);
    if (zones == NULL)
        return -1;
    for (uint32_t zone = 0; zone < settings->zone_count; zone++) {
        uint32_t depth = depth_of_zone(settings, group, zone, depths);
        uint32_t at = group->zone_count;
        if (depth == NONE)
            continue;
        for (; at > 0 && depth_of_zone(settings, group, zones[at - 1], depths) > depth; at--)
            zones[at] = zones[at - 1];
        zones[at] = zone;
        group->zone_count++;
    }
    group->zones = zones;
    return 0;
}

static int freeze_order(struct inspection *in, uint32_t index, const struct draft_group *from,
                        struct group *group)
{
    uint32_t *order = freeze_take(in, from->order.count, sizeof *order);
    if (order == NULL)
        return -1;
    for (uint32_t i = 0; i < from->order.count; i++) {
        uint32_t region = settings_region(in->settings, from->order.items[i]);
        if (region == NONE)
            complain_unknown(in, index, "order", i, from->order.items[i], "region");
        else
            order[group->order_count++] = region;
    }
    group->order = order;
    return 0;
}

static int list_sites(struct inspection *in, struct group *group)
{
    const struct settings *settings = in->settings;
    size_t count = 0;
    for (uint32_t i = 0; i < group->service_count; i++)
        count += settings->services[group->services[i]].site_count;
    uint32_t *sites = freeze_take(in, count, sizeof *sites);
    if (sites == NULL)
        return -1;
    for (uint32_t i = 0; i < group->service_count; i++) {
        const struct service *service = &settings->services[group->services[i]];
        for (uint32_t j = 0; j < service->site_count; j++)
            sites[group->site_count++] = service->first_site + j;
    }
    group->sites = sites;
    return 0;
}

static int freeze_steps(struct inspection *in, const struct integer_list *from, struct group *group)
{
    uint32_t *steps = freeze_take(in, from->count, sizeof *steps);
    if (steps == NULL)
        return -1;
    for (uint32_t i = 0; i < from->count; i++)
        steps[i] = (uint32_t)from->items[i];
    group->steps_pct = steps;
    group->step_count = from->count;
    return 0;
}

static int freeze_words(struct inspection *in, uint32_t index, const struct draft_group *from,
                        struct group *group)
{
    struct beacon_word *words = freeze_take(in, from->beacon_words.count, sizeof *words);
    if (words == NULL)
        return -1;
    for (uint32_t i = 0; i < from->beacon_words.count; i++) {
        const struct draft_word *word = &draft_words(from)[i];
        uint32_t region = settings_region(in->settings, word->region);
        if (region == NONE)
            complain_unknown(in, index, "beacon_words", i, word->region, "region");
        else
            words[group->word_count++] = (struct beacon_word){
                .region = region, .word = word->word.value, .next = word->next.value};
    }
    group->words = words;
    return 0;
}

static void freeze_policies(struct inspection *in, uint32_t index, const struct draft_group *from,
                            struct group *group)
{
    group->name = from->name;
    group->together = from->together;
    group->hold_ms = from->hold_ms;
    group->stable_ms = from->stable_ms;
    group->dwell_ms = from->dwell_ms;
    group->failback = (enum failback_mode)from->failback.mode;
    group->all_down = (enum all_down_policy)from->all_down;
    group->drift = (enum drift_policy)from->drift;
    group->beacons = from->beacons;
    group->fallback_region = NONE;
    if (from->fallback[0] == '\0')
        return;
    uint32_t region = settings_region(in->settings, from->fallback);
    if (region == NONE && (in->tainted & SECTION_SERVICES) == 0)
        inspect_error(in, "unknown-name", place_of_group(index, "fallback"),
                      "\"%s\" is no region; name one that services defines", from->fallback);
    if (group->all_down == ALL_DOWN_FALLBACK)
        group->fallback_region = region;
}

static const char *name_of_group(const struct settings *settings, uint32_t index)
{
    return settings->groups[index].name;
}

int freeze_groups(struct inspection *in, struct service *services)
{
    struct settings *settings = &in->frozen->settings;
    uint32_t count = in->draft->groups.count;
    struct group *groups = freeze_take(in, count, sizeof *groups);
    uint32_t *depths = NULL;
    for (uint32_t i = 0; i < settings->service_count; i++) {
        if (freeze_needs(in, i, &services[i]) < 0)
            return -1;
    }
    if (groups == NULL || measure_depths(in, &depths) < 0)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        const struct draft_group *from = &draft_groups(in->draft)[i];
        freeze_policies(in, i, from, &groups[i]);
        if (freeze_members(in, i, from, &groups[i], services) < 0 ||
            freeze_order(in, i, from, &groups[i]) < 0 || list_sites(in, &groups[i]) < 0 ||
            order_zones(in, depths, &groups[i]) < 0 ||
            freeze_steps(in, &from->failback.steps, &groups[i]) < 0 ||
            freeze_words(in, i, from, &groups[i]) < 0)
            return -1;
    }
    settings->groups = groups;
    settings->group_count = count;
    settings->groups_by_name = pairs_sorted(in, count, name_of_group);
    return settings->groups_by_name == NULL ? -1 : 0;
}
