/* SPDX-License-Identifier: Apache-2.0 */
/* Finds things of the settings by their names, and how they hang together. Pure, so that codecs can
 * name things without linking the reader of the file. */
#include <string.h>

#include "settings.h"

uint32_t settings_region(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->region_count; i++) {
        if (strcmp(settings->regions[i], name) == 0)
            return i;
    }
    return NONE;
}

typedef const char *(*name_of)(const struct settings *settings, uint32_t index);

static const char *service_name(const struct settings *settings, uint32_t index)
{
    return settings->services[index].name;
}

static const char *site_name(const struct settings *settings, uint32_t index)
{
    return settings->sites[index].name;
}

static const char *group_name(const struct settings *settings, uint32_t index)
{
    return settings->groups[index].name;
}

/* The first of that name. With `sorted`, halves what is left; without, looks at each. */
static uint32_t find(const struct settings *settings, uint32_t count, const uint32_t *sorted,
                     name_of name_at, const char *name)
{
    uint32_t low = 0;
    uint32_t high = count;

    for (uint32_t i = 0; i < count && sorted == NULL; i++) {
        if (strcmp(name_at(settings, i), name) == 0)
            return i;
    }
    while (low < high && sorted != NULL) {
        uint32_t middle = low + (high - low) / 2;

        if (strcmp(name_at(settings, sorted[middle]), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (sorted == NULL || low == count || strcmp(name_at(settings, sorted[low]), name) != 0)
        return NONE;
    return sorted[low];
}

uint32_t settings_service(const struct settings *settings, const char *name)
{
    return find(settings, settings->service_count, settings->services_by_name, service_name, name);
}

uint32_t settings_group(const struct settings *settings, const char *name)
{
    return find(settings, settings->group_count, settings->groups_by_name, group_name, name);
}

uint32_t settings_site(const struct settings *settings, const char *name)
{
    return find(settings, settings->site_count, settings->sites_by_name, site_name, name);
}

uint32_t settings_elector(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (strcmp(settings->electors[i].name, name) == 0)
            return i;
    }
    return NONE;
}

static bool has_member(const struct check *group, uint32_t check)
{
    for (uint32_t i = 0; i < group->of.members->member_count; i++) {
        if (group->of.members->members[i] == check)
            return true;
    }
    return false;
}

bool settings_check_counts(const struct settings *settings, uint32_t check)
{
    const struct check *checks = settings->checks;
    const struct site *s = &settings->sites[checks[check].site];

    if (!checks[check].is_member)
        return checks[check].level == LEVEL_REQUIRED;
    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        if (checks[i].kind == CHECK_GROUP && checks[i].level == LEVEL_REQUIRED &&
            has_member(&checks[i], check))
            return true;
    }
    return false;
}
