/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a message is walked twice. The first walk proves that all of it can be read, and keeps
 * the few CNAMEs, which may stand in any order; the second one counts and writes what stands at the
 * end of their chain. So 64 KiB of records cost no table. */
#include "dns_reply.h"

#include <string.h>

#include "dns_message.h"
#include "dns_text.h"

enum {
    TYPE_CNAME = 5,
    ALIASES_MAX = 2 * DNS_CHAIN_MAX, /* CNAMEs in one message */
    EDNS_DO = 0x8000
};

/* ---- the question ---- */

static void write_two(unsigned char *out, unsigned value)
{
    out[0] = (unsigned char)(value >> 8);
    out[1] = (unsigned char)value;
}

size_t dns_query_write(const struct dns_query *query, unsigned char out[DNS_QUERY_MAX])
{
    unsigned type = dns_type_of(query->type);
    struct wire_name name;
    size_t at = DNS_HEADER_BYTES;

    if (type == 0 || !wire_name_of_text(query->name, &name))
        return 0;
    memset(out, 0, DNS_QUERY_MAX);
    write_two(out, query->id);
    write_two(out + 2, DNS_FLAG_RECURSION_DESIRED);
    write_two(out + 4, 1);
    memcpy(out + at, name.bytes, name.length);
    at += name.length;
    write_two(out + at, type);
    write_two(out + at + 2, DNS_CLASS_IN);
    at += 4;
    if (!query->edns)
        return at;
    write_two(out + 10, 1); /* one additional record, of the root: */
    write_two(out + at + 1, DNS_TYPE_OPT);
    write_two(out + at + 3, DNS_UDP_MAX);
    write_two(out + at + 7, query->dnssec ? EDNS_DO : 0);
    return at + 11;
}

/* ---- the reply ---- */

struct reading {
    struct dns_cursor cursor;
    struct wire_name asked;
    uint16_t type;
    uint16_t flags;
    uint16_t answers; /* records of the answer section */
    uint32_t others;  /* of the sections behind it */
    size_t records;   /* where the answer section begins */
    struct dns_record aliases[ALIASES_MAX];
    unsigned alias_count;
    struct wire_name chain[DNS_CHAIN_MAX + 1]; /* from the name asked to the last one */
    unsigned chain_count;
    int rcode;
    bool edns;
};

/* A server that could not read the question may leave it out of its refusal. The id has to do then,
 * and there is nothing else to believe. */
static bool is_to(struct reading *reading, const struct dns_query *query)
{
    struct dns_cursor *cursor = &reading->cursor;
    bool ours = dns_take_two(cursor) == query->id;
    uint16_t questions;
    struct wire_name name;

    reading->flags = dns_take_two(cursor);
    questions = dns_take_two(cursor);
    reading->answers = dns_take_two(cursor);
    reading->others = dns_take_two(cursor);
    reading->others += dns_take_two(cursor);
    if (cursor->bad || !ours ||
        (reading->flags & (DNS_FLAG_RESPONSE | DNS_OPCODE)) != DNS_FLAG_RESPONSE)
        return false;
    if (questions == 0)
        return (reading->flags & DNS_RCODE) != 0 && reading->answers == 0;
    dns_take_name(cursor, &name);
    ours = dns_take_two(cursor) == reading->type;
    ours &= dns_take_two(cursor) == DNS_CLASS_IN;
    return !cursor->bad && ours && questions == 1 && wire_name_is_same(&name, &reading->asked);
}

static bool keep_alias(struct reading *reading, const struct dns_record *record)
{
    if (reading->type == TYPE_CNAME || record->type != TYPE_CNAME || record->class != DNS_CLASS_IN)
        return true;
    if (reading->alias_count == ALIASES_MAX)
        return false;
    reading->aliases[reading->alias_count++] = *record;
    return true;
}

/* The first walk. */
static bool read_all(struct reading *reading)
{
    struct dns_cursor *cursor = &reading->cursor;
    struct dns_record record;

    reading->records = cursor->at;
    for (unsigned i = 0; i < reading->answers && !cursor->bad; i++) {
        dns_take_record(cursor, &record);
        if (!cursor->bad && !keep_alias(reading, &record))
            return false;
    }
    for (uint32_t i = 0; i < reading->others && !cursor->bad; i++) {
        dns_take_record(cursor, &record);
        if (cursor->bad || record.type != DNS_TYPE_OPT)
            continue;
        reading->edns = true;
        reading->rcode |= (int)(record.ttl >> 24) << 4;
    }
    return !cursor->bad;
}

static const struct dns_record *alias_of(const struct reading *reading,
                                         const struct wire_name *name)
{
    for (unsigned i = 0; i < reading->alias_count; i++) {
        if (wire_name_is_same(&reading->aliases[i].owner, name))
            return &reading->aliases[i];
    }
    return NULL;
}

/* False: the chain has no end, or no names in it. */
static bool follow_chain(struct reading *reading)
{
    const struct dns_record *alias;

    reading->chain[0] = reading->asked;
    reading->chain_count = 1;
    while ((alias = alias_of(reading, &reading->chain[reading->chain_count - 1])) != NULL) {
        if (reading->chain_count > DNS_CHAIN_MAX ||
            !dns_take_target(&reading->cursor, alias, &reading->chain[reading->chain_count]))
            return false;
        reading->chain_count++;
    }
    return true;
}

/* Is it a link of the chain, or what stands at its end? */
static bool is_wanted(const struct reading *reading, const struct dns_record *record)
{
    unsigned last = reading->chain_count - 1;

    if (record->class != DNS_CLASS_IN)
        return false;
    if (record->type == reading->type)
        return wire_name_is_same(&record->owner, &reading->chain[last]);
    for (unsigned i = 0; record->type == TYPE_CNAME && i < last; i++) {
        if (wire_name_is_same(&record->owner, &reading->chain[i]))
            return true;
    }
    return false;
}

/* The second walk. */
static bool write_answers(struct reading *reading, struct dns_reply *reply)
{
    struct dns_text text = {.out = reply->text, .size = sizeof(reply->text)};
    struct dns_record record;

    reply->answers = 0;
    reading->cursor.at = reading->records;
    for (unsigned i = 0; i < reading->answers; i++) {
        dns_take_record(&reading->cursor, &record);
        if (!is_wanted(reading, &record))
            continue;
        if (!dns_text_add(&text, &reading->cursor, &record))
            return false;
        if (record.type == reading->type)
            reply->answers++;
    }
    reply->text_length = text.used;
    reply->text_cut = text.cut;
    return true;
}

enum dns_reply_status dns_reply_read(const unsigned char *message, size_t length,
                                     const struct dns_query *query, struct dns_reply *ret_reply)
{
    struct reading reading = {.cursor = {.message = message, .length = length},
                              .type = dns_type_of(query->type)};

    if (!wire_name_of_text(query->name, &reading.asked) || !is_to(&reading, query))
        return DNS_REPLY_FOREIGN;
    if ((reading.flags & DNS_FLAG_CUT) != 0)
        return DNS_REPLY_CUT;
    reading.rcode = reading.flags & DNS_RCODE;
    if (!read_all(&reading) || !follow_chain(&reading) || !write_answers(&reading, ret_reply))
        return DNS_REPLY_BROKEN;
    ret_reply->rcode = reading.rcode;
    ret_reply->edns = reading.edns;
    ret_reply->authentic = (reading.flags & DNS_FLAG_AUTHENTIC) != 0;
    return DNS_REPLY_READ;
}
