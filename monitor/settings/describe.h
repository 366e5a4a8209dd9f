/* SPDX-License-Identifier: Apache-2.0 */
/* describe.h: an option in words, the same in an error message and in the manual. */
#ifndef REGIONSHIFT_SETTINGS_DESCRIBE_H
#define REGIONSHIFT_SETTINGS_DESCRIBE_H

#include <stddef.h>

#include "schema.h"

/* "an integer, 1 to 64", "a duration, 100ms to 1h", "one of http, tcp", "true or false". */
void option_describe(const struct option *option, char *out, size_t size);

/* The option nearest to a key that is not in the schema; NULL when none is near. */
const char *schema_nearest(const struct schema *schema, const char *key);

/* Lists the groups in which a key is an option, as "checks, services[].sites[].checks[]"; "" when
 * it is one nowhere. */
void schema_find(const char *key, char *out, size_t size);

#endif
