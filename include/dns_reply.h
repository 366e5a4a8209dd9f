/* SPDX-License-Identifier: Apache-2.0 */
/* dns_reply.h: a question of a check to a name server, and all that the reply to it says, whatever
 * it says. Pure. (dns_answer.h is for who wants values only, and distrusts the rest.) */
#ifndef REGIONSHIFT_DNS_REPLY_H
#define REGIONSHIFT_DNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNS_QUERY_MAX = 12 + 255 + 4 + 11,
    DNS_UDP_MAX = 1232, /* of a reply: fits into one packet of every IPv6 network */
    DNS_MESSAGE_MAX = 65535,
    DNS_REPLY_TEXT_MAX = 16 * 1024
};

enum { DNS_RCODE_NOERROR = 0, DNS_RCODE_FORMERR = 1, DNS_RCODE_NXDOMAIN = 3 };

struct dns_query {
    uint16_t id;
    const char *name; /* as in settings: lower case, without the last dot, "." is the root */
    const char *type; /* "A" ... "CAA": those of struct check_dns */
    bool edns;        /* say how large a reply may be (RFC 6891) */
    bool dnssec;      /* DO: with signatures; needs edns */
};

/* Writes it, recursion desired. Returns its length, 0: no such name or type. */
size_t dns_query_write(const struct dns_query *query, unsigned char out[DNS_QUERY_MAX]);

enum dns_reply_status {
    DNS_REPLY_READ,
    DNS_REPLY_CUT,     /* there is more than fits: to be asked for over TCP; nothing is read */
    DNS_REPLY_BROKEN,  /* to our question, but cannot be read */
    DNS_REPLY_FOREIGN, /* not to our question: as if it had not come */
};

struct dns_reply {
    int rcode;          /* with what EDNS adds to it */
    bool edns;          /* the server understands EDNS */
    bool authentic;     /* AD: a resolver has validated it */
    uint32_t answers;   /* of the type asked for, at the end of the chain of CNAMEs */
    bool text_cut;      /* there was more than fits */
    size_t text_length; /* one record a line, as `dig +short` writes them, with the chain */
    char text[DNS_REPLY_TEXT_MAX];
};

/* ret_reply means something where the status is DNS_REPLY_READ, and only there. */
enum dns_reply_status dns_reply_read(const unsigned char *message, size_t length,
                                     const struct dns_query *query, struct dns_reply *ret_reply);

#endif
