/* SPDX-License-Identifier: Apache-2.0 */
/* init_store.h: what the files of `regionshift init --store` share.
 *
 *     init_store.c    the course of it, and when it is refused
 *     store_look.c    what etcd has now
 *     store_apply.c   the steps, one after another; and whether etcd keeps to its roles
 *     store_show.c    all of it for people, or as JSON
 *     passwords.c     a file for each user's password
 *     etcd_session.c  questions and answers */
#ifndef REGIONSHIFT_CTL_INIT_STORE_H
#define REGIONSHIFT_CTL_INIT_STORE_H

#include "ctl.h"
#include "etcd_session.h"
#include "passwords.h"
#include "pool.h"
#include "store_access.h"

/* etcd's word to who asks without a user while authentication is on. */
#define SETUP_NO_USER "user name is empty"

enum { REMARKS_MAX = 3 };

/* Whether a user can do by a roundabout way what its roles deny. */
enum setup_trust { TRUST_UNKNOWN, TRUST_KEPT, TRUST_BROKEN };

struct setup {
    const struct arguments *arguments;
    const struct settings *settings;
    const char *admin;
    struct passwords *passwords;
    struct pool *pool;

    const char *own; /* access_own_prefix() */
    struct store_access wanted;
    struct store_access found;
    struct access_plan plan;
    const char *remarks[REMARKS_MAX]; /* of the settings, besides the plan's notes */
    size_t remark_count;
    enum setup_trust trust;
};

/* ---- store_look.c ---- */

/* Fills found, wanted and plan; again after something was done. 0 or an exit code, and what went
 * wrong has been said. */
int setup_look(struct setup *setup);

/* ---- store_apply.c ---- */

/* Opens a session as this user, whose password is in hand. 0 or an exit code. */
int setup_session(struct setup *setup, const char *user, struct etcd_session **ret_session);

/* Carries the plan out. 0 or an exit code. */
int setup_apply(struct setup *setup);

/* Fills trust, if a probe's password is in hand. 0 or an exit code. */
int setup_test_trust(struct setup *setup);

/* ---- store_show.c ---- */

void show_setup(const struct setup *setup);
void show_setup_json(const struct setup *setup, bool done);
void show_step(const struct access_step *step, const char *before);
void show_done(const struct setup *setup);

#endif
