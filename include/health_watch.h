/* SPDX-License-Identifier: Apache-2.0 */
/* health_watch.h: are the health checks that read our beacons as they ought to be (B2)? Looks every
 * few minutes, and soon when somebody asks: lists the account's health checks, compares them with
 * those that the settings ask for, and hears what the checkers of each child saw last. It changes
 * nothing. A probe without groups with beacons looks at nothing, and needs no right for it. */
#ifndef REGIONSHIFT_HEALTH_WATCH_H
#define REGIONSHIFT_HEALTH_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "health_plan.h"
#include "outcome.h"
#include "settings.h"
#include "units.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

enum {
    HEALTH_WATCH_FIRST_MS = 8 * 1000, /* when the zones have been read */
    HEALTH_WATCH_EVERY_MS = 5 * 60 * 1000,
    HEALTH_WATCH_FRESH_MS = 15 * 1000 /* who asks again within this gets the same answer */
};

struct health_watch;

/* settings outlive it, or the next health_watch_reload(). Returns 0 or -errno. */
int health_watch_create(uv_loop_t *loop, const struct settings *settings,
                        struct health_watch **ret_watch);

/* Other settings: what was seen is forgotten, and looked at anew. 0 or -ENOMEM: the old ones stay.
 */
int health_watch_reload(struct health_watch *watch, const struct settings *settings);

/* Looks now, unless what is known is fresh, or a look is under way. */
void health_watch_look(struct health_watch *watch);

/* What the last whole look saw of a region's health checks. Strings live until the next turn. */
struct health_region {
    bool asked;                   /* a look has ended, well or not */
    enum route53_outcome outcome; /* of it */
    const char *message;          /* Route 53's words when it was not OK, else "" */
    msec_t seen_ms;               /* age of the last whole look; -1: none */
    uint32_t wanted;              /* checks that there ought to be, the calculated one included */
    uint32_t missing;
    uint32_t different;  /* see `first` */
    const char *first;   /* the first of these: "fra: SearchString"; "" none */
    const char *parent;  /* id of the calculated check; "" none */
    uint32_t children;   /* of them there are */
    uint32_t observed;   /* that some checker has told of */
    uint32_t votes;      /* whose checkers see the word */
    uint32_t votes_down; /* that make the region left */
};
void health_watch_region(const struct health_watch *watch, uint32_t group, uint32_t region,
                         struct health_region *ret_region);

/* Ends what is under way, and is freed when that is over. Accepts NULL. */
void health_watch_close(struct health_watch *watch);

#endif
