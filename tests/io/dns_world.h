/* SPDX-License-Identifier: Apache-2.0 */
/* dns_world.h: a check of type dns, and a server over UDP on the prober's own loop: what it sends,
 * from where and how often, is a script. */
#ifndef REGIONSHIFT_TESTS_DNS_WORLD_H
#define REGIONSHIFT_TESTS_DNS_WORLD_H

#include "../lib/dns_message.h"
#include "prober_fixture.h"

#define NAME "www.example.com"
#define USUAL "rcode == NOERROR and answers >= 1"

enum { WAITED_MS = 600 /* a timeout that is waited for; asked again after a third of it */ };

extern struct check_dns question; /* of the check, to be changed before it is used */

/* A check that asks 127.0.0.1:PORT for NAME. */
struct check ask(uint16_t port, const char *type, const char *expect);

struct heard {
    const unsigned char *query;
    size_t length;
    struct sockaddr_in peer;
};

typedef void (*script)(const struct heard *heard);

struct udp {
    uv_poll_t poll;
    int fd;
    int other; /* a socket at another address */
    uint16_t port;
    unsigned count; /* questions so far */
    script script;
};

extern struct udp udp;
extern struct dns_message reply; /* the one in the making */

/* beside: a server over TCP whose port is taken; NULL: any. */
void serve_udp(script answer, struct server *beside);
void stop_udp(void);

/* Begins a reply to the question: its id, the question itself. */
void reply_to(const struct heard *heard, unsigned flags);
void put_v4(const char *address);
void send_from(int fd, const struct heard *heard);

/* 192.0.2.1 and 192.0.2.2. */
void answer_two(const struct heard *heard);

void dns_setup(void);
void dns_teardown(void);

#endif
