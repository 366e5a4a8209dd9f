/* SPDX-License-Identifier: Apache-2.0 */
/* zones.h: between Route 53 and the engine. Zones are read, batches sent, and what became of an
 * accepted change is followed until Route 53 says INSYNC and every authoritative server that
 * answers says so too (C7). */
#ifndef REGIONSHIFT_ZONES_H
#define REGIONSHIFT_ZONES_H

#include <stdbool.h>

#include "record.h"
#include "resolver.h"
#include "route53.h"
#include "settings.h"
#include "teller.h"

struct zones;

/* All but the settings are borrowed for the zones' life. Returns 0 or -errno. */
int zones_create(uv_loop_t *uv, const struct settings *settings, struct route53 *route53,
                 struct resolver *resolver, const struct teller *teller, struct zones **ret_zones);

/* Other settings: what is under way for the old ones is not reported any more; views are gone.
 * Returns 0, or -ENOMEM: the old settings stay. */
int zones_reload(struct zones *zones, const struct settings *settings);

/* True when Route 53 holds no request of older settings any more. */
bool zones_settled(const struct zones *zones);

/* Reads a zone: EVENT_ZONE. The view lives until the next one has been stepped. */
void zones_read(struct zones *zones, uint32_t zone);

/* Reads a zone for the eyes only: neither the engine nor the guard of batches hears of it. done is
 * called once, from the loop; the view is the callee's. */
void zones_look(struct zones *zones, uint32_t zone, route53_zone_done done, void *context);

/* Sends a batch, once: EVENT_CHANGE; when accepted, EVENT_INSYNC and EVENT_SERVERS follow. */
void zones_send(struct zones *zones, const struct batch *batch);

/* Batches sent and not answered yet. */
uint32_t zones_unanswered(const struct zones *zones);

/* What operators may ask of a zone. */
struct zones_status {
    const struct zone_view *view; /* the newest; NULL: not read yet */
    enum route53_outcome outcome; /* of the newest reading */
    const char *message;          /* Route 53's words when it was not OK, else "" */
    msec_t read_ms;               /* when it ended; -1: never */
    wall_t accepted_wall;         /* when a batch of ours was accepted last; 0: never */
    uint64_t accepted_epoch;
    bool write_denied;         /* a later one was refused for want of rights ... */
    const char *write_message; /* ... in these words; "" */
};
void zones_status(const struct zones *zones, uint32_t zone, struct zones_status *ret_status);

/* Reports nothing any more. `closed` runs when nothing of ours is under way, perhaps at once: close
 * route53 right after, it ends what is pending there; the resolver only when closed has run. */
void zones_close(struct zones *zones, void (*closed)(void *context), void *context);

/* After closed. Accepts NULL. */
void zones_destroy(struct zones *zones);

#endif
