/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_json.h: the three JSON documents in which credentials are handed out. Pure. What is
 * wrong is told by field; nothing of a document is quoted but the code and the message in which its
 * writer says why there are no credentials. */
#ifndef REGIONSHIFT_CREDENTIALS_JSON_H
#define REGIONSHIFT_CREDENTIALS_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "credentials_file.h"
#include "units.h"

enum { CREDENTIALS_JSON_MAX = 64 * 1024 };

enum credentials_form {
    CREDENTIALS_OF_PROCESS,   /* what a credential_process prints: Version 1 */
    CREDENTIALS_OF_CONTAINER, /* of ECS and EKS: Token and Expiration must be there */
    CREDENTIALS_OF_MACHINE    /* of IMDS: a success is one only when Code says so */
};

/* Credentials, and until when. Large: no automatic variable. */
struct credentials_lease {
    struct credentials keys;
    bool has_end;
    wall_t ends_at_ms;
};

/* Reads. What has expired is read all the same: the reader has no clock. 0, or -1 with a sentence
 * in error. */
int credentials_json_read(const char *text, size_t length, enum credentials_form form,
                          struct credentials_lease *ret_lease, char *error, size_t error_size);

/* What a refusal says in its own words ({"code", "message"} in any case), escaped; "" when it says
 * nothing that can be read. */
void credentials_json_refusal(const char *text, size_t length, char *out, size_t size);

#endif
