/* SPDX-License-Identifier: Apache-2.0 */
/* sts.h: AWS's Security Token Service as text: the two questions that give the credentials of a
 * role, and its answers. Pure. */
#ifndef REGIONSHIFT_STS_H
#define REGIONSHIFT_STS_H

#include <stdbool.h>
#include <stddef.h>

#include "buffer.h"
#include "credentials_json.h"

enum {
    STS_DURATION_MIN_S = 900,
    STS_DURATION_MAX_S = 43200,
    STS_WEB_TOKEN_MAX = 20000,
    STS_BODY_MAX = 64 * 1024 /* of a question: a token grows threefold when it is encoded */
};

/* Borrowed. */
struct sts_role {
    const char *arn;
    const char *external_id; /* "" none */
    const char *session_name;
    unsigned duration_s; /* 0: STS's own default, an hour */
};

/* 0, or -1 with a sentence in error: what STS would refuse anyway, told before it is asked. */
int sts_check_role(const struct sts_role *role, char *error, size_t error_size);

/* Form bodies; percent-encoded. A failure sticks to the buffer. */
void sts_write_assume_role(struct buffer *out, const struct sts_role *role);
void sts_write_web_identity(struct buffer *out, const struct sts_role *role, const char *token);

/* Reads the answer to either. 0, or -1 with a sentence in error, which quotes nothing of it. */
int sts_read(const char *body, size_t length, struct credentials_lease *ret_lease, char *error,
             size_t error_size);

/* What to do about a refusal. */
enum sts_refusal {
    STS_FINAL, /* nothing changes before somebody changes a policy */
    STS_LATER, /* the same again, a little later */
    STS_TOKEN, /* with a token read anew */
    STS_CLOCK, /* our clock is off: sign by theirs */
    STS_KEYS   /* with other credentials to stand on */
};

/* Reads an answer that is no success: what it says, escaped, and what to do. */
enum sts_refusal sts_read_refusal(int status, const char *body, size_t length, char *out,
                                  size_t size);

#endif
