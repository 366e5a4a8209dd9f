/* SPDX-License-Identifier: Apache-2.0 */
/* read.h: libconfig's tree -> draft, by the schema. Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_READ_H
#define REGIONSHIFT_SETTINGS_READ_H

#include <libconfig.h>

#include "arena.h"
#include "draft.h"

/* Reads the whole tree, reports everything that breaks the schema, and goes on with a harmless
 * value for it.
 *   arena        for texts, and lists of them: the settings will point there
 *   written      for the rest of the draft
 *   ret_tainted  bit i: something is wrong below the i-th key of the file (settings_schema), so
 *                that complaints of the cross-checks about it would be noise
 * Returns 0, or -1 only when out of memory. */
int draft_read(const config_t *config, bool with_secrets, struct settings_arena *arena,
               struct settings_arena *written, struct settings_report *report,
               struct draft *ret_draft, unsigned *ret_tainted);

/* Works out what was left unset: majorities, values inherited from `checks`, names. Returns 0, or
 * -1 when out of memory. */
int draft_complete(struct draft *draft, struct settings_arena *arena);

/* The line of "groups.[0].hold", or of the nearest thing around it that is in the file; 0: none. */
unsigned line_of(const config_t *config, const char *path);

#endif
