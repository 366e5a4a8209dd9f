/* SPDX-License-Identifier: Apache-2.0 */
/* caches.h: one round of questions to public resolvers: does each of them give the new answer? What
 * they say is reported and decides nothing: clients behind them are moved by the TTL (C7). */
#ifndef REGIONSHIFT_CACHES_H
#define REGIONSHIFT_CACHES_H

#include <uv.h>

#include "servers.h"
#include "tail.h"

enum { CACHES_MAX = 8, CACHES_ASK_MS = 4000 /* they have to ask on in turn */ };

struct caches_round;

/* Starts a round; a resolver counts once, and is current when all its answers are new. done as of
 * servers_ask(); servers: "IP:PORT"; they and the tail outlive the round. NULL: no memory. */
struct caches_round *caches_ask(uv_loop_t *uv, const char *const *servers, uint32_t count,
                                const struct tail *tail, servers_done done, void *context);

/* As servers_cancel(). */
void caches_cancel(struct caches_round *round);

#endif
