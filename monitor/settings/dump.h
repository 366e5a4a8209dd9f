/* SPDX-License-Identifier: Apache-2.0 */
/* dump.h: the draft in its one canonical form. Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_DUMP_H
#define REGIONSHIFT_SETTINGS_DUMP_H

#include <stdio.h>

#include "draft.h"

enum dump_scope {
    DUMP_ALL,   /* everything, secrets as their references */
    DUMP_SHARED /* what every probe must agree on (A2): no secret, nothing local, no default */
};

/* Returns 0, or -1 when out cannot be written. */
int draft_dump(const struct draft *draft, enum dump_scope scope, FILE *out);

/* The same of any group of options. */
struct schema;
int schema_dump(const struct schema *schema, const void *group, enum dump_scope scope, FILE *out);

/* Has OpenSSL make what it needs for any digest, which it keeps. 0, or -1: no memory. */
int fingerprint_prepare(void);

/* First 16 hex digits of the SHA-256 of the shared dump. Returns 0, or -1 when out of memory. */
int draft_fingerprint(const struct draft *draft, char ret_fingerprint[FINGERPRINT_LENGTH + 1]);

#endif
