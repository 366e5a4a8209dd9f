/* SPDX-License-Identifier: Apache-2.0 */
/* wan_links.h: hosts and the links between them: who owns which address, how long a packet is under
 * way, whether it arrives. No clock and no I/O: packets and times are handed in and out, so the
 * tests need neither root nor sleep. wan.c puts it between TUN devices. */
#ifndef REGIONSHIFT_TESTS_WAN_LINKS_H
#define REGIONSHIFT_TESTS_WAN_LINKS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    WAN_HOSTS_MAX = 24,     /* five regions of four hosts, and some more */
    WAN_ADDRESSES_MAX = 96, /* of all hosts together */
    WAN_NAME_MAX = 31,      /* bytes of a host's name */
    WAN_PACKET_MAX = 65535, /* bytes, IPv4's own limit */
    WAN_QUEUE_MAX = 8192, /* packets under way on one link: 12 MB; more are lost, as in a router */
    WAN_DELAY_MAX_MS = 60000 /* one way */
};

struct wan_packet {
    struct wan_packet *next;
    uint64_t due_us;
    uint32_t to; /* the host it arrives at */
    size_t length;
    uint8_t bytes[];
};

struct wan_links;

/* Links without delay, loss and cuts; the seed decides every later loss and jitter. NULL: no
 * memory. */
struct wan_links *wan_links_create(uint64_t seed);

/* Accepts NULL. */
void wan_links_destroy(struct wan_links *links);

/* Adds a host; its number counts from 0. Returns 0; or -1 and what is wrong, for a person. */
int wan_links_add(struct wan_links *links, const char *name, const char *addresses,
                  const char **ret_wrong);

/* A packet has left the host. It is copied, or lost: cut, unlucky, too many under way, or to an
 * address that no host has. */
void wan_links_send(struct wan_links *links, uint32_t from, const uint8_t *bytes, size_t length,
                    uint64_t now_us);

/* The next packet that has arrived by now, in order of arrival; the caller frees it. NULL: none. */
struct wan_packet *wan_links_arrived(struct wan_links *links, uint64_t now_us);

/* When the next packet arrives; UINT64_MAX: none is under way. */
uint64_t wan_links_next_us(const struct wan_links *links);

/* Obeys lines of commands (see wan_words.c), all or, when one is wrong, none, and writes the
 * answer: "ok", what was asked for, or "error: line N: ..." with what is allowed. */
void wan_links_obey(struct wan_links *links, const char *lines, FILE *answer);

#endif
