/* SPDX-License-Identifier: Apache-2.0 */
/* authority.h: whether a file can be what certificates are checked against. */
#ifndef REGIONSHIFT_SETTINGS_AUTHORITY_H
#define REGIONSHIFT_SETTINGS_AUTHORITY_H

#include <stddef.h>

/* Returns 0 when we can read the file and it begins with a certificate in PEM form, or -1 with a
 * sentence in error: what is wrong, and what is allowed. Later certificates are not looked at. */
int authority_judge(const char *path, char *error, size_t error_size);

#endif
