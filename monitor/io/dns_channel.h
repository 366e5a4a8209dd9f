/* SPDX-License-Identifier: Apache-2.0 */
/* dns_channel.h: a channel of c-ares on the loop: its sockets, its timeouts, its orderly end.
 *
 * Callbacks of c-ares only record. `turn` runs from the loop after c-ares has returned: the place
 * to act on what they recorded, and the only place where the channel may be closed. */
#ifndef REGIONSHIFT_DNS_CHANNEL_H
#define REGIONSHIFT_DNS_CHANNEL_H

#include <ares.h>
#include <uv.h>

#include "resolver.h"
#include "units.h"

struct dns_channel;

struct dns_channel_options {
    const char *servers; /* "IP:PORT,...", NULL: the system's */
    msec_t try_ms;       /* of the first try; each further one waits twice as long */
    int tries;
    int flags; /* ARES_FLAG_... */
};

/* Returns 0 or -errno (-EINVAL: servers). */
int dns_channel_create(uv_loop_t *loop, const struct dns_channel_options *options,
                       void (*turn)(void *context), void *context,
                       struct dns_channel **ret_channel);

/* Of the system's servers c-ares is told with the first question: it takes 75 KB, and a daemon has
 * ten channels, of which most never ask. NULL: no memory. */
ares_channel dns_channel_ares(struct dns_channel *channel);

/* To be called after asking c-ares something: `turn` comes soon, also for what ended at once. */
void dns_channel_wake(struct dns_channel *channel);

/* Ends what is still asked (c-ares' callbacks run, with ARES_EDESTRUCTION, before this returns);
 * `closed` runs from the loop. */
void dns_channel_close(struct dns_channel *channel, void (*closed)(void *context), void *context);

/* c-ares' word for an end in ours. */
enum dns_status dns_status_of(int ares_status);

#endif
