/* SPDX-License-Identifier: Apache-2.0 */
/* dns_message.h: the grammar of DNS messages (RFC 1035, 4.1), for those who read one: a cursor,
 * names, records.
 *
 * A cursor stops at the first thing that does not fit: `bad` is asked once, at the end. Names keep
 * the case they were sent in, and are compared without it. Of 64 KiB from a stranger no name costs
 * more than its 255 bytes and as many jumps as it could have labels. */
#ifndef REGIONSHIFT_DNS_MESSAGE_H
#define REGIONSHIFT_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DNS_HEADER_BYTES = 12,
    DNS_NAME_BYTES_MAX = 255,
    DNS_LABEL_MAX = 63,
    DNS_CLASS_IN = 1,
    DNS_TYPE_OPT = 41,
    DNS_CHAIN_MAX = 8 /* CNAMEs in a row */
};

enum { /* of the header's second word */
       DNS_FLAG_RESPONSE = 0x8000,
       DNS_FLAG_CUT = 0x0200,
       DNS_FLAG_RECURSION_DESIRED = 0x0100,
       DNS_FLAG_AUTHENTIC = 0x0020,
       DNS_OPCODE = 0x7800,
       DNS_RCODE = 0x000f
};

/* A name as on the wire, without pointers: length, bytes, ..., 0. */
struct wire_name {
    size_t length;
    unsigned char bytes[DNS_NAME_BYTES_MAX];
};

struct dns_cursor {
    const unsigned char *message;
    size_t length;
    size_t at;
    bool bad;
};

struct dns_record {
    struct wire_name owner;
    uint16_t type;
    uint16_t class;
    uint32_t ttl;
    size_t data; /* where it begins */
    size_t data_length;
};

unsigned dns_take_byte(struct dns_cursor *cursor);
uint16_t dns_take_two(struct dns_cursor *cursor);
uint32_t dns_take_four(struct dns_cursor *cursor);
void dns_skip(struct dns_cursor *cursor, size_t count);
void dns_take_name(struct dns_cursor *cursor, struct wire_name *ret_name);
void dns_take_record(struct dns_cursor *cursor, struct dns_record *ret_record);

/* A cursor over the data of a record: names in it may point to what stands before. */
struct dns_cursor dns_data_of(const struct dns_cursor *cursor, const struct dns_record *record);

/* The one name that the data of a record is (CNAME, NS, PTR). False: it is none. */
bool dns_take_target(const struct dns_cursor *cursor, const struct dns_record *record,
                     struct wire_name *ret_name);

bool wire_name_is_same(const struct wire_name *a, const struct wire_name *b);

/* text: with or without the last dot, in any case; \DDD and \C are understood; "." is the root. */
bool wire_name_of_text(const char *text, struct wire_name *ret_name);

#endif
