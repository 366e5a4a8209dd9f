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

enum {
    CREDENTIALS_PROFILE_MAX = 255,
    CREDENTIALS_ARN_MAX = 2048,
    CREDENTIALS_EXTERNAL_ID_MAX = 1224,
    CREDENTIALS_SESSION_MAX = 64,
    CREDENTIALS_PATH_MAX = 4095,
    CREDENTIALS_COMMAND_MAX = 4095,
    CREDENTIALS_REGION_MAX = 63,
    CREDENTIALS_URL_MAX = 2047
};

/* What a file says of one profile; texts as they stand there, "" what does not. */
struct credentials_profile {
    bool is_present;
    bool has_keys;
    struct credentials keys;
    char role_arn[CREDENTIALS_ARN_MAX + 1];
    char source_profile[CREDENTIALS_PROFILE_MAX + 1];
    char credential_source[32];
    char external_id[CREDENTIALS_EXTERNAL_ID_MAX + 1];
    char role_session_name[CREDENTIALS_SESSION_MAX + 1];
    char duration_seconds[16];
    char mfa_serial[257];
    char web_identity_token_file[CREDENTIALS_PATH_MAX + 1];
    char credential_process[CREDENTIALS_COMMAND_MAX + 1];
    char region[CREDENTIALS_REGION_MAX + 1];
    char imds_endpoint[CREDENTIALS_URL_MAX + 1];
    char imds_mode[16];
    const char *person; /* a key that needs one at a keyboard: "sso_session", ...; NULL none */
};

/* Reads the profile; a file without it is no error. 0, or -1 with a sentence in error ("line 3:
 * ..."). The profile is large: no automatic variable. */
int credentials_file_read(const char *text, size_t length, enum credentials_file_kind kind,
                          const char *profile, struct credentials_profile *ret_profile, char *error,
                          size_t error_size);

void credentials_profile_wipe(struct credentials_profile *profile);

#endif
