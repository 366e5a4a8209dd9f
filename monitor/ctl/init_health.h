/* SPDX-License-Identifier: Apache-2.0 */
/* init_health.h: what the files of `regionshift init --health-checks` share (B2).
 *
 *     init_health.c     the course of it, and when it is refused
 *     health_apply.c    the steps at Route 53, the wait until all is healthy, the attaching
 *     health_show.c     all of it for people, or as JSON
 *     health_session.c  questions to Route 53 about health checks, and answers
 *
 * Two hands share the work. The command makes the health checks, with the credentials of whoever
 * runs it: the daemons need no right to make or change any. The daemon attaches them to record
 * sets, because that is a change of the zone, and only the daemon has the epochs, the guard and the
 * others' agreement on whose turn it is. */
#ifndef REGIONSHIFT_CTL_INIT_HEALTH_H
#define REGIONSHIFT_CTL_INIT_HEALTH_H

#include "client.h"
#include "ctl.h"
#include "health_plan.h"
#include "health_session.h"

enum { HEALTH_ACCOUNT_MAX = 10000 }; /* checks of an account that are looked at */

/* What a region's checkers say now. */
enum region_health {
    REGION_NOT_SEEN,  /* a child has no observation yet: a new check is healthy until then */
    REGION_HEALTHY,   /* silent, as it ought to be */
    REGION_UNHEALTHY, /* enough probes say that it is to be left */
};

struct checkup {
    const struct arguments *arguments;
    const struct settings *settings;
    struct client *client;
    struct health_session *session;
    struct pool *pool;
    struct health_plan *plan;
    struct health_check *checks; /* of the account */
    uint32_t check_count;
    json_t *listing; /* of the daemon: /api/v1/health-checks */
    uint32_t made;
    uint32_t updated;
    uint32_t attached; /* groups */
    bool is_done;
};

/* ---- health_apply.c ---- */

/* What there is: the account's checks, the daemon's listing. 0 or an exit code, and what went wrong
 * has been said. */
int checkup_look(struct checkup *checkup);
/* Makes and updates; waits until every region is healthy; attaches and looks whether it is. */
int checkup_make(struct checkup *checkup);
int checkup_wait(struct checkup *checkup);
int checkup_attach(struct checkup *checkup);

/* The daemon's part of a group and a region; NULL: it does not know it. */
const json_t *checkup_group(const struct checkup *checkup, uint32_t group);
const json_t *checkup_region(const struct checkup *checkup, uint32_t group, uint32_t region);
/* Record sets of a region that do not have its calculated check. */
uint32_t checkup_unattached(const struct checkup *checkup, uint32_t group, uint32_t region);
bool checkup_group_is_attached(const struct checkup *checkup, uint32_t group);

/* ---- health_show.c ---- */

void show_checkup(const struct checkup *checkup);
void show_checkup_json(const struct checkup *checkup);
void show_checkup_done(const struct checkup *checkup);

#endif
