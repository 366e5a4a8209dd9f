/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h: settings_parse() with what only tests and other programs of this folder vary. */
#ifndef REGIONSHIFT_SETTINGS_PARSE_H
#define REGIONSHIFT_SETTINGS_PARSE_H

#include "arena.h"
#include "settings.h"

struct parse_options {
    bool with_secrets;             /* false: secrets stay "", nothing they name is opened */
    const struct arena_hook *hook; /* NULL: allocations are not refused */
    const struct settings_change *changes;
    size_t change_count;
};

int settings_parse_with(const struct parse_options *options, const char *text, size_t length,
                        const char *name, const char *probe, struct settings **ret_settings,
                        struct settings_report *ret_report);

#endif
