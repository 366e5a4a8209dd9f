/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h: who we are to AWS. Asked anew for each request, answered from the loop; where
 * credentials come from is known behind this interface only, and written down in
 * docs/CREDENTIALS.md.
 *
 * The chain of AWS's own tools (credentials_plan.h), carried out on the loop: nothing here waits,
 * and what has to (a disk, a program) is waited for by somebody else. Credentials that end are
 * looked for early, once at a time; while that fails those that are there go on being used until
 * their end. What does not end is kept until AWS refuses it: a failover must not wait for a disk.
 * Secrets are wiped before their memory is freed, and appear in no message. */
#ifndef REGIONSHIFT_CREDENTIALS_H
#define REGIONSHIFT_CREDENTIALS_H

#include <stdint.h>

#include "credentials_file.h"
#include "units.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct credentials_source;
struct credentials_request;

/* credentials live during the call only; NULL: there are none, and error says what was tried. */
typedef void (*credentials_done)(void *context, const struct credentials *credentials,
                                 const char *error);

/* Copied. */
struct credentials_options {
    const char *profile; /* of the settings; "": AWS_PROFILE, or "default" */
    const char *region;  /* whose STS is asked, when neither environment nor profile names one */
    uint64_t seed;       /* of the moments of refreshing; 0: drawn */
    /* For tests; NULL: the system's. */
    msec_t (*now_ms)(void);
    wall_t (*wall_ms)(void);
};

/* Returns 0 or -errno. */
int credentials_create(uv_loop_t *loop, const struct credentials_options *options,
                       struct credentials_source **ret_source);

/* A role to be assumed on top of who we are: a zone in another account. Texts are copied. */
struct credentials_role {
    const char *arn;
    const char *external_id; /* "" none */
};

/* Asks. role: NULL, who we are ourselves. `done` is called once, from the loop, unless the request
 * is cancelled before. */
struct credentials_request *credentials_get(struct credentials_source *source,
                                            const struct credentials_role *role,
                                            credentials_done done, void *context);

/* Forgets a request: `done` will not be called. Not to be used once it has been. Accepts NULL. */
void credentials_cancel(struct credentials_request *request);

/* AWS refused what we gave: the next request looks again. */
void credentials_distrust(struct credentials_source *source);

/* What is known now; asks nobody. Borrowed until the loop runs again. */
struct credentials_view {
    bool is_known;      /* there are some, and they may be used */
    const char *origin; /* "the environment", "profile x", "the machine"; "" not looked yet */
    msec_t left_ms;     /* of their life; -1: they do not end */
    const char *error;  /* of the last look, "" : it succeeded */
};
void credentials_look_at(const struct credentials_source *source,
                         const struct credentials_role *role, struct credentials_view *ret_view);

/* After a reload. What is known is forgotten when the profile or the region is another. -ENOMEM
 * leaves all as it was. */
int credentials_set_profile(struct credentials_source *source, const char *profile,
                            const char *region);

/* Forgets all requests, wipes, closes; `closed` runs from the loop. Accepts NULL. */
void credentials_close(struct credentials_source *source, void (*closed)(void *context),
                       void *context);

#endif
