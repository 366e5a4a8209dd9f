/* SPDX-License-Identifier: Apache-2.0 */
/* update_text.h: what the engine answered to an event, as text: one line for each thing it wants
 * done and each fact, every field of it. Two updates are the same exactly when their texts are, so
 * a recording keeps this text, and a difference is shown as the lines that differ:
 *
 *     ["start pizza/us-east-1 check 0","fact verdict site=pizza/us-east-1 state=down ..."] */
#ifndef REGIONSHIFT_UPDATE_TEXT_H
#define REGIONSHIFT_UPDATE_TEXT_H

#include <stddef.h>

#include "settings.h"
#include "update.h"

/* All facts (512 of at most 600 bytes), all alerts (64 of at most 5 kB), and as much again. */
enum { UPDATE_TEXT_MAX = 1280 * 1024 };

/* Writes a JSON list of lines. Returns the length, or -1 when it does not fit, or memory is out. */
int update_text_write(const struct settings *settings, const struct update *update, char *out,
                      size_t size);

#endif
