/* SPDX-License-Identifier: Apache-2.0 */
/* reader.c: where the reader is, and how it says what it found there. */
#include "reader.h"

#include <stdio.h>
#include <string.h>

#include "describe.h"

void reader_complain(struct reader *r, const config_setting_t *setting, const char *name,
                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_vadd(r->report, false, setting == NULL ? 0 : config_setting_source_line(setting), name,
                r->place.text, format, arguments);
    va_end(arguments);
    r->is_broken = true;
}

/* "is a list; an integer, 1 to 64 is allowed" */
void reader_complain_type(struct reader *r, const config_setting_t *setting,
                          const struct option *option)
{
    static const char *const types[] = {
        [CONFIG_TYPE_NONE] = "nothing",
        [CONFIG_TYPE_GROUP] = "a group",
        [CONFIG_TYPE_INT] = "an integer",
        [CONFIG_TYPE_INT64] = "an integer",
        [CONFIG_TYPE_FLOAT] = "a decimal number",
        [CONFIG_TYPE_STRING] = "a text in quotes",
        [CONFIG_TYPE_BOOL] = "a boolean",
        [CONFIG_TYPE_ARRAY] = "a list",
        [CONFIG_TYPE_LIST] = "a list",
    };
    char allowed[ALLOWED_LENGTH];
    option_describe(option, allowed, sizeof allowed);
    reader_complain(r, setting, "type", "is %s; allowed: %s", types[config_setting_type(setting)],
                    allowed);
}

void reader_complain_range(struct reader *r, const config_setting_t *setting,
                           const struct option *option, const char *seen)
{
    char allowed[ALLOWED_LENGTH];
    option_describe(option, allowed, sizeof allowed);
    reader_complain(r, setting, "range", "%s is out of range; allowed: %s", seen, allowed);
}

size_t reader_enter(struct reader *r, const char *key)
{
    return place_add(&r->place, "%s", key);
}

size_t reader_enter_item(struct reader *r, unsigned index)
{
    return place_add(&r->place, "[%u]", index);
}

void reader_leave(struct reader *r, size_t before)
{
    r->place.text[before] = '\0';
}
