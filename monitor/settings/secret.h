/* SPDX-License-Identifier: Apache-2.0 */
/* secret.h: secrets are never in the settings file; it says where they are. */
#ifndef REGIONSHIFT_SETTINGS_SECRET_H
#define REGIONSHIFT_SETTINGS_SECRET_H

#include "arena.h"

/* Whether the text is "file:PATH" (absolute) or "env:NAME". */
bool secret_is_reference(const char *text);

/* Reads what a reference names into the arena, without the newline at its end. A file that group or
 * others may read is refused, as ssh does, and unless we are root one that belongs to neither us
 * nor root; one in $CREDENTIALS_DIRECTORY is guarded by systemd instead. Returns 0, or -1 with a
 * sentence in error, empty when out of memory. */
int secret_read(const char *reference, struct settings_arena *arena, const char **ret_value,
                char *error, size_t error_size);

#endif
