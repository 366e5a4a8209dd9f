/* SPDX-License-Identifier: Apache-2.0 */
/* credentials.h: who we are to AWS. Asked anew for each request, answered from the loop; where
 * credentials come from is known behind this interface only.
 *
 * Sources, first one wins: environment (unless the settings name a profile), shared credentials
 * file, config file. Files are read off the loop. What was found is kept until AWS refuses it:
 * a failover must not wait for a disk. Secrets are wiped before their memory is freed, and appear
 * in no message. */
#ifndef REGIONSHIFT_CREDENTIALS_H
#define REGIONSHIFT_CREDENTIALS_H

#include "credentials_file.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct credentials_source;
struct credentials_request;

/* credentials live during the call only; NULL: there are none, and error says what was tried. */
typedef void (*credentials_done)(void *context, const struct credentials *credentials,
                                 const char *error);

/* profile: of the settings; "": AWS_PROFILE, or "default". Returns 0 or -errno. */
int credentials_create(uv_loop_t *loop, const char *profile,
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

/* After a reload. What is known is forgotten when the profile is another. -ENOMEM leaves all as
 * it was. */
int credentials_set_profile(struct credentials_source *source, const char *profile);

/* Forgets all requests, wipes, closes; `closed` runs from the loop. Accepts NULL. */
void credentials_close(struct credentials_source *source, void (*closed)(void *context),
                       void *context);

#endif
