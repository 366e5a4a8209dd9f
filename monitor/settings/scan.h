/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h: what libconfig 1.5 lets pass in silence, or refuses without a word why, found in the raw
 * text before it is parsed. */
#ifndef REGIONSHIFT_SETTINGS_SCAN_H
#define REGIONSHIFT_SETTINGS_SCAN_H

#include <stddef.h>

#include "settings.h"

/* Reports NUL bytes and \x00 (the parser stops there), integers that would wrap, numbers past any
 * float, strings and comments that are not closed, @include, nesting deeper than any option, and
 * whatever libconfig would call a syntax error and no more; each with the option it is in. Returns
 * -1 when something was reported, 0 otherwise. */
int scan_settings(const char *text, size_t length, struct settings_report *report);

#endif
