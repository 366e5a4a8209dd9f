/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_file.h: AWS's two files, ~/.aws/credentials and ~/.aws/config, as text. Pure.
 * What is wrong is told by line number; the line itself is never quoted, it may hold a secret. */
#ifndef REGIONSHIFT_CREDENTIALS_FILE_H
#define REGIONSHIFT_CREDENTIALS_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum {
    CREDENTIALS_FILE_MAX = 256 * 1024,
    CREDENTIALS_LINE_MAX = 32 * 1024,
    CREDENTIALS_KEY_ID_MAX = 128,
    CREDENTIALS_SECRET_MAX = 256,
    CREDENTIALS_TOKEN_MAX = 16 * 1024 /* AWS promises no limit; a few thousand are seen */
};

/* Wipe with credentials_wipe() when done. */
struct credentials {
    char key_id[CREDENTIALS_KEY_ID_MAX + 1];
    char secret[CREDENTIALS_SECRET_MAX + 1];
    char token[CREDENTIALS_TOKEN_MAX + 1]; /* "" none */
};

void credentials_wipe(struct credentials *credentials);

/* Copies the three and checks that they can be used: each within its limit, of printable
 * characters without blanks. token may be NULL. 0, or -1 with a sentence in error. */
int credentials_set(struct credentials *credentials, const char *key_id, const char *secret,
                    const char *token, char *error, size_t error_size);

/* Sections are called `[NAME]` in the one and `[profile NAME]`, `[default]` in the other. */
enum credentials_file_kind { CREDENTIALS_FILE_SHARED, CREDENTIALS_FILE_CONFIG };

/* What a file says of one profile. */
struct credentials_profile {
    bool is_present;
    bool has_keys;
    struct credentials keys;
    const char *other_way; /* "role_arn", ...: a way to credentials that comes before keys; NULL */
    bool has_process;      /* credential_process, which comes after the keys of the shared file */
};

/* Reads the profile; a file without it is no error. 0, or -1 with a sentence in error ("line 3:
 * ..."). The profile is large: no automatic variable. */
int credentials_file_read(const char *text, size_t length, enum credentials_file_kind kind,
                          const char *profile, struct credentials_profile *ret_profile, char *error,
                          size_t error_size);

#endif
