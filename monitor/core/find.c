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

uint32_t settings_group(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->group_count; i++) {
        if (strcmp(settings->groups[i].name, name) == 0)
            return i;
    }
    return NONE;
}

uint32_t settings_site(const struct settings *settings, const char *name)
{
    for (uint32_t i = 0; i < settings->site_count; i++) {
        if (strcmp(settings->sites[i].name, name) == 0)
            return i;
    }
    return NONE;
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
