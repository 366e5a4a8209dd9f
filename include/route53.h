/* SPDX-License-Identifier: Apache-2.0 */
/* route53.h: the hand that moves traffic. A client of Amazon Route 53 over libcurl on the loop:
 * own SigV4, exact compare-and-swap batches, errors classed, nothing retried by itself (C3: what
 * to do with a refusal or a lost reply is the engine's decision).
 *
 * C5 and dry run are enforced where a request is signed: a batch with all weights of a service
 * zero, a name outside the settings, an UPSERT, a DELETE of a set without its CREATE, a type NS,
 * SOA, DS, or any batch at all in dry run, is refused there, whoever built it. */
#ifndef REGIONSHIFT_ROUTE53_H
#define REGIONSHIFT_ROUTE53_H

#include <stdbool.h>

#include "credentials.h"
#include "outcome.h"
#include "record.h"
#include "settings.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct route53;

struct route53_change {
    char id[64]; /* without "/change/" */
    bool insync;
};

/* message: for the operator; AWS's code and words, escaped, or ours. All callbacks come from the
 * loop, once for each call, also on close. */
typedef void (*route53_zone_done)(void *context, enum route53_outcome outcome,
                                  struct zone_view *view /* owned by the callee, NULL on failure */,
                                  const char *message);
typedef void (*route53_change_done)(void *context, enum route53_outcome outcome,
                                    const struct route53_change *change, const char *message);
/* servers: host names of the delegation set. */
typedef void (*route53_servers_done)(void *context, enum route53_outcome outcome,
                                     const char *const *servers, uint32_t count,
                                     const char *message);

/* settings outlive the client. dry_run: no write is ever signed. Returns 0 or -errno. */
int route53_create(uv_loop_t *loop, const struct settings *settings, bool dry_run,
                   struct route53 **ret_route53);

/* Reads what settings name in a zone: every service's record sets and every group's fence. */
void route53_read(struct route53 *route53, uint32_t zone, route53_zone_done done, void *context);

/* As route53_read(), for the eyes only: the guard goes on with what route53_read() read, and no
 * batch can be made of the view. */
void route53_look(struct route53 *route53, uint32_t zone, route53_zone_done done, void *context);

/* As whom a zone is read and written; asks nobody. */
void route53_identity(const struct route53 *route53, uint32_t zone,
                      struct credentials_view *ret_view);

/* AWS's clock minus ours, as the newest answer that is believed said it. False: none has yet. */
bool route53_clock(const struct route53 *route53, msec_t *ret_skew_ms);

/* Sends one batch, once. The batch is copied before the call returns. */
void route53_send(struct route53 *route53, const struct batch *batch, route53_change_done done,
                  void *context);

/* GetChange, of a change in this zone. */
void route53_get_change(struct route53 *route53, uint32_t zone, const char *id,
                        route53_change_done done, void *context);

/* The zone's delegation set, by GetHostedZone; asked once, as a zone keeps it for life. A private
 * zone has none: count is 0. */
void route53_get_servers(struct route53 *route53, uint32_t zone, route53_servers_done done,
                         void *context);

/* Adopts new settings (reload); requests in flight end under the old ones. */
void route53_reload(struct route53 *route53, const struct settings *settings);

void route53_close(struct route53 *route53, void (*closed)(void *context), void *context);

#endif
