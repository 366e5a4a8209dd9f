/* SPDX-License-Identifier: Apache-2.0 */
/* changes.h: settings that differ from the file in a few options, before anything is checked.
 * Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_CHANGES_H
#define REGIONSHIFT_SETTINGS_CHANGES_H

#include <libconfig.h>

#include "report.h"

/* Applies the changes to the parsed file, in turn. What a change writes stands on line 0. Whatever
 * cannot be done is reported under the change's own path, and the others are done. */
void changes_apply(config_t *config, const struct settings_change *changes, size_t count,
                   struct settings_report *report);

#endif
