/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h: one accepted change on its way to the world: when does Route 53 say INSYNC, when does
 * every authoritative server that answers say so, and when do public resolvers (C7). It ends by
 * itself, by follow_end(), or when its time is over; then it reports nothing and frees itself when
 * nothing is under way. */
#ifndef REGIONSHIFT_FOLLOW_H
#define REGIONSHIFT_FOLLOW_H

#include "tail.h"
#include "zones.h"

struct follow;

/* What a follow needs of its owner; outlives it. */
struct follow_tools {
    uv_loop_t *uv;
    struct route53 *route53;
    struct resolver *resolver;
    struct teller teller;
};

/* Which change. Copied. */
struct follow_change {
    const struct settings *settings;
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
    const char *change_id;
    const char *apex;  /* the zone's name: fences live below it */
    struct tail *tail; /* what public resolvers are asked; the follow's own once it has started;
                          NULL: they are not asked */
};

/* Called once, when the follow has ended and freed all; `follow` names it no more. */
typedef void (*follow_ended)(void *context, struct follow *follow);

/* Returns NULL when out of memory. */
struct follow *follow_start(const struct follow_tools *tools, const struct follow_change *change,
                            follow_ended ended, void *context);

/* True when it follows this zone and group. */
bool follow_is_about(const struct follow *follow, uint32_t zone, uint32_t group);

/* Reports nothing any more; ended() comes from the loop. */
void follow_end(struct follow *follow);

#endif
