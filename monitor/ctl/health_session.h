/* SPDX-License-Identifier: Apache-2.0 */
/* health_session.h: health checks of Route 53 for a program that may wait: each call returns with
 * the answer, having tried again for a while where that does no harm. What goes wrong is said on
 * stderr. */
#ifndef REGIONSHIFT_CTL_HEALTH_SESSION_H
#define REGIONSHIFT_CTL_HEALTH_SESSION_H

#include "health_api.h"
#include "pool.h"

struct health_session;

/* 0, or -1. */
int health_session_open(const struct settings *settings, struct health_session **ret_session);
void health_session_close(struct health_session *session); /* accepts NULL */

/* All health checks of the account, in the pool. 0 or -1. */
int health_session_list(struct health_session *session, struct pool *pool,
                        struct health_check **ret_checks, uint32_t *ret_count, uint32_t max);

/* Makes one, in the pool. 1: the reference is used up, and nothing was made. 0 or -1. */
int health_session_make(struct health_session *session, struct pool *pool, const char *reference,
                        const struct health_config *config, struct health_check *ret_check);

/* 1: somebody changed it since it was read. 0 or -1. */
int health_session_update(struct health_session *session, struct pool *pool,
                          const struct health_check *check, const struct health_config *config,
                          struct health_check *ret_check);

int health_session_tag(struct health_session *session, const char *id,
                       const struct health_tag *tags, size_t count);

/* How many checkers have looked, and how many found the word. */
int health_session_status(struct health_session *session, const char *id, uint32_t *ret_successes,
                          uint32_t *ret_observations);

#endif
