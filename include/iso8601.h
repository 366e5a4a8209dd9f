/* SPDX-License-Identifier: Apache-2.0 */
/* iso8601.h: a moment as ISO 8601 writes it, in the extended form that AWS and its tools use:
 * "2026-11-22T17:13:31Z", "2026-11-22T18:13:31.25+01:00". Pure. */
#ifndef REGIONSHIFT_ISO8601_H
#define REGIONSHIFT_ISO8601_H

#include <stddef.h>

#include "units.h"

/* A blank or `t` may stand for `T`, `z` for `Z`; offsets are +HH:MM, +HHMM or +HH. A moment
 * without an offset is refused: nobody can say when it is. Fractions beyond the millisecond are cut
 * off. Years 1970 to 9999. Returns 0, or -1. */
int iso8601_read(const char *text, size_t length, wall_t *ret_wall_ms);

/* Writes "2026-11-22T17:13:31Z" of a moment within those years. */
enum { ISO8601_LENGTH = 20 };
void iso8601_write(wall_t wall_ms, char out[ISO8601_LENGTH + 1]);

#endif
