/* SPDX-License-Identifier: Apache-2.0 */
/* wan_state.h: what wan_links.c (packets) and wan_words.c (commands) share. */
#ifndef REGIONSHIFT_TESTS_WAN_STATE_H
#define REGIONSHIFT_TESTS_WAN_STATE_H

#include <stdbool.h>

#include "wan_links.h"

/* What a person sets of a link, one way. */
struct wan_rule {
    uint64_t delay_us;
    uint64_t jitter_us; /* each packet up to this much earlier or later; order is kept */
    uint64_t loss_ppm;  /* of a million packets */
    bool cut;
};

struct wan_link {
    struct wan_rule rule;
    struct wan_packet *first; /* under way, in order of arrival */
    struct wan_packet *last;
    uint32_t count;
    uint64_t passed;
    uint64_t lost;
};

struct wan_address {
    uint32_t address; /* in network order, as in the packet */
    uint32_t host;
};

struct wan_links {
    char names[WAN_HOSTS_MAX][WAN_NAME_MAX + 1];
    uint32_t host_count;
    struct wan_address addresses[WAN_ADDRESSES_MAX];
    uint32_t address_count;
    struct wan_link links[WAN_HOSTS_MAX][WAN_HOSTS_MAX]; /* [from][to] */
    uint64_t dice;
};

/* Loses what is under way. */
void wan_link_clear(struct wan_link *link);

#endif
