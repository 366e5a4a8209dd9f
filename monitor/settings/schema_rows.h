/* SPDX-License-Identifier: Apache-2.0 */
/* schema_rows.h: how the rows of the table are written; for schema.c and schema_checks.c alone. */
#ifndef REGIONSHIFT_SETTINGS_SCHEMA_ROWS_H
#define REGIONSHIFT_SETTINGS_SCHEMA_ROWS_H

#include "draft.h"
#include "schema.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define AT(structure, member) offsetof(struct structure, member)
/* Names the fields of a section whose options stand in STRUCTURE_options. */
#define SCHEMA(where, structure, text)                                                             \
    {                                                                                              \
        .path = (where), .help = (text), .options = structure##_options,                           \
        .count = COUNT(structure##_options), .size = sizeof(struct structure)                      \
    }

/* Durations in milliseconds, and lengths. */
enum { SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE, DAY = 24 * HOUR };
#define YEAR (366LL * DAY)
enum { PATH_LENGTH = 255, URL_LENGTH = 2000, SOCKET_LENGTH = 107, HOST_LENGTH = 253 };

extern const struct schema timing_schema; /* `checks`; in schema_checks.c */

#endif
