/* SPDX-License-Identifier: Apache-2.0 */
/* servers.h: one round of questions: what does each authoritative server of a zone say of a fence,
 * now? Past every cache: names of servers through Route 53 and the resolver, then one TXT question
 * to each address of each of them, IPv4 and IPv6. */
#ifndef REGIONSHIFT_SERVERS_H
#define REGIONSHIFT_SERVERS_H

#include "resolver.h"
#include "route53.h"

enum {
    SERVERS_MAX = 16,          /* a delegation set has 4 */
    SERVERS_ADDRESSES_MAX = 4, /* of one server: in Route 53 one of each family */
    SERVERS_ASK_MS = 2000,     /* a server that is slower than this is silent for now */
    SERVERS_WORDS_MAX = 1024   /* the sentence that names those who are not current */
};

struct servers_round;

/* What was found. A server counts once: it has answered when one of its addresses has, and it is
 * current when all of its addresses that answer are. */
struct servers_result {
    uint32_t asked;
    uint32_t answered;
    uint32_t current;               /* say an epoch >= the one asked for */
    char others[SERVERS_WORDS_MAX]; /* "192.0.2.1:53 does not answer (timeout), ..."; "" none */
};

typedef void (*servers_done)(void *context, const struct servers_result *result);

struct servers_question {
    uv_loop_t *uv;
    struct route53 *route53;
    struct resolver *resolver;
    const struct settings *settings; /* aws_nameservers, when given, are asked instead */
    uint32_t zone;
    const char *group;
    const char *apex;
    uint64_t epoch;
    uint16_t port; /* of the delegation set's servers; 0: 53 */
};

/* Starts a round; done is called once, from the loop, also after servers_cancel(). NULL: out of
 * memory, done is never called. */
struct servers_round *servers_ask(const struct servers_question *question, servers_done done,
                                  void *context);

/* Hurries: what has not answered counts as silent. Not to be used once done has been called. */
void servers_cancel(struct servers_round *round);

#endif
