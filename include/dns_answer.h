/* SPDX-License-Identifier: Apache-2.0 */
/* dns_answer.h: what a DNS message says of one name and type. Pure.
 *
 * Servers and resolvers are strangers, and so is whoever sits between: what does not answer exactly
 * the question that was asked is no answer (C7). Limits on everything; a compression pointer only
 * ever goes backwards, so no message can make the reader run in a circle. */
#ifndef REGIONSHIFT_DNS_ANSWER_H
#define REGIONSHIFT_DNS_ANSWER_H

#include <stddef.h>
#include <stdint.h>

enum {
    DNS_ANSWER_ITEMS_MAX = 16,   /* values of one name and type */
    DNS_ANSWER_BYTES_MAX = 4096, /* of all their texts */
    DNS_ANSWER_RECORDS_MAX = 64, /* records of one message that are looked at */
    DNS_NAME_TEXT_MAX = 1024     /* 255 bytes, each of them escaped, and more */
};

/* Of the types there are, those we ask for. */
enum dns_type { DNS_TYPE_A = 1, DNS_TYPE_CNAME = 5, DNS_TYPE_TXT = 16, DNS_TYPE_AAAA = 28 };

enum dns_answer_status {
    DNS_ANSWER_VALUES,   /* count > 0 */
    DNS_ANSWER_EMPTY,    /* the name has nothing of this type */
    DNS_ANSWER_NO_NAME,  /* NXDOMAIN */
    DNS_ANSWER_FAILED,   /* SERVFAIL */
    DNS_ANSWER_REFUSED,  /* REFUSED, NOTIMP, and every other code */
    DNS_ANSWER_CUT,      /* does not fit; over UDP one asks by TCP, over TCP it is nonsense */
    DNS_ANSWER_NONSENSE, /* broken, or an answer to another question */
};

/* A: "192.0.2.1"; AAAA: "2001:db8::1"; CNAME: lower case, without the last dot, what is no plain
 * character as \DDD; TXT: the strings of a record joined, a NUL in them ends the text. */
struct dns_answer {
    size_t count;
    const char *items[DNS_ANSWER_ITEMS_MAX];
    size_t used;
    char bytes[DNS_ANSWER_BYTES_MAX];
};

/* name: as a text, with or without the last dot, in any case; \DDD and \C are understood.
 * For addresses a chain of CNAMEs within the message is followed, for what else is asked not: a
 * fence is at its own name or nowhere. ret_answer holds items only with DNS_ANSWER_VALUES. */
enum dns_answer_status dns_answer_read(const unsigned char *message, size_t length,
                                       const char *name, enum dns_type type,
                                       struct dns_answer *ret_answer);

/* The epoch of a group's fence, when these texts are that one fence and nothing else; 0: they are
 * not. Two texts are nobody's fence (C2): whoever wrote the other one has not said which counts. */
uint64_t dns_answer_epoch(const char *const *texts, size_t count, const char *group);

#endif
