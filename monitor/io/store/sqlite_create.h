/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_create.h: an empty store, whole or not at all. */
#ifndef REGIONSHIFT_SQLITE_CREATE_H
#define REGIONSHIFT_SQLITE_CREATE_H

#include "base.h"

enum {
    DATABASE_APPLICATION_ID = 0x52475348, /* "RGSH" */
    DATABASE_SCHEMA_VERSION = 1
};

/* Makes an empty store at path, mode 0600, unless something is there already (then 0 too).
 * Returns 0, or -1 with the sentence. */
int database_create(const char *path, struct store_fault *ret_fault);

#endif
