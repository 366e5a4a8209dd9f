/* SPDX-License-Identifier: Apache-2.0 */
/* Finds things of the settings by their names. Pure, so that codecs can name things without linking
 * the reader of the file. */
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
