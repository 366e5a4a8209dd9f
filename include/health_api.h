/* SPDX-License-Identifier: Apache-2.0 */
/* health_api.h: what Route 53 is asked about health checks (B2), on the loop: one request, one
 * answer, nothing retried. It changes no record set: that is for route53.h, fenced.
 *
 * Creating twice with the same reference and settings creates once, so a lost reply is no harm; an
 * update names the version it was made from. */
#ifndef REGIONSHIFT_HEALTH_API_H
#define REGIONSHIFT_HEALTH_API_H

#include "health_xml.h"
#include "outcome.h"
#include "settings.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct health_api;

/* Valid during the report only; what was not asked for is NULL. */
struct health_reply {
    enum route53_outcome outcome;
    const char *code;    /* AWS's, "HealthCheckAlreadyExists"; "" none */
    const char *message; /* for the operator, escaped; "" when OK */
    const struct health_check *check;
    const struct health_page *page;
    const struct health_status *status;
};

/* Called once for each call, from the loop, also on close. */
typedef void (*health_done)(void *context, const struct health_reply *reply);

/* settings outlive it. Health checks are kept in the account of the zone of the first group with
 * beacons, or of the first group (aws.zones[].role). Returns 0 or -errno. */
int health_api_create(uv_loop_t *loop, const struct settings *settings,
                      struct health_api **ret_api);

/* marker: "" for the first page. */
void health_api_list(struct health_api *api, const char *marker, health_done done, void *context);
/* Not of a calculated check: Route 53 does not say it of those. */
void health_api_status(struct health_api *api, const char *id, health_done done, void *context);
void health_api_make(struct health_api *api, const char *reference,
                     const struct health_config *config, health_done done, void *context);
void health_api_update(struct health_api *api, const char *id, int64_t version,
                       const struct health_config *config, health_done done, void *context);
void health_api_tag(struct health_api *api, const char *id, const struct health_tag *tags,
                    size_t count, health_done done, void *context);

/* Ends what is under way. Accepts NULL: closed runs at once. */
void health_api_close(struct health_api *api, void (*closed)(void *context), void *context);

#endif
