/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor walks over the message and stops at the first thing that does not fit: `bad` is asked
 * once, at the end. Names are compared as bytes, label by label, in lower case. */
#include "dns_answer.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "record.h"

enum {
    HEADER_BYTES = 12,
    NAME_BYTES_MAX = 255,
    LABEL_MAX = 63,
    CLASS_IN = 1,
    CHAIN_MAX = 8, /* CNAMEs in a row */
    FLAG_RESPONSE = 0x8000,
    FLAG_CUT = 0x0200,
    OPCODE = 0x7800,
    RCODE = 0x000f,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3
};

/* A name as on the wire, without pointers: length, bytes, ..., 0; in lower case. */
struct wire_name {
    size_t length;
    unsigned char bytes[NAME_BYTES_MAX];
};

struct cursor {
    const unsigned char *message;
    size_t length;
    size_t at;
    bool bad;
};

struct dns_record {
    struct wire_name owner;
    uint16_t type;
    uint16_t class;
    size_t data; /* where it begins */
    size_t data_length;
};

/* ---- the cursor ---- */

static unsigned take_byte(struct cursor *cursor)
{
    if (cursor->bad || cursor->at >= cursor->length) {
        cursor->bad = true;
        return 0;
    }
    return cursor->message[cursor->at++];
}

static uint16_t take_two(struct cursor *cursor)
{
    unsigned high = take_byte(cursor);

    return (uint16_t)(high << 8 | take_byte(cursor));
}

static void skip(struct cursor *cursor, size_t count)
{
    if (cursor->bad || count > cursor->length - cursor->at)
        cursor->bad = true;
    else
        cursor->at += count;
}

/* ---- names ---- */

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

static bool add_label(struct wire_name *name, const unsigned char *label, size_t length)
{
    if (length > LABEL_MAX || name->length + 1 + length + 1 > NAME_BYTES_MAX)
        return false;
    name->bytes[name->length++] = (unsigned char)length;
    for (size_t i = 0; i < length; i++)
        name->bytes[name->length++] = lower(label[i]);
    return true;
}

/* The name that begins at `at`. Each pointer has to go before where the piece that holds it began:
 * so there is an end. Returns where the reader goes on, 0: not a name. */
static size_t read_name(const struct cursor *cursor, size_t at, struct wire_name *ret_name)
{
    size_t piece = at;
    size_t after = 0;

    ret_name->length = 0;
    while (at < cursor->length) {
        unsigned char first = cursor->message[at];

        if ((first & 0xc0) == 0xc0) {
            size_t target;

            if (at + 1 >= cursor->length)
                return 0;
            target = (size_t)(first & 0x3f) << 8 | cursor->message[at + 1];
            if (target >= piece)
                return 0;
            after = after != 0 ? after : at + 2;
            piece = at = target;
            continue;
        }
        if (first == 0) {
            ret_name->bytes[ret_name->length++] = 0;
            return after != 0 ? after : at + 1;
        }
        if (first > LABEL_MAX || first >= cursor->length - at ||
            !add_label(ret_name, cursor->message + at + 1, first))
            return 0;
        at += 1 + (size_t)first;
    }
    return 0;
}

static void take_name(struct cursor *cursor, struct wire_name *ret_name)
{
    size_t after = cursor->bad ? 0 : read_name(cursor, cursor->at, ret_name);

    if (after == 0) {
        cursor->bad = true;
        ret_name->length = 0;
        return;
    }
    cursor->at = after;
}

static bool same_name(const struct wire_name *a, const struct wire_name *b)
{
    return a->length == b->length && memcmp(a->bytes, b->bytes, a->length) == 0;
}

/* One character of a name written as text; -1: none. `\DDD` in decimal, as everybody but Route 53
 * writes it; what settings name has no such characters but '*', which is plain. */
static int take_escaped(const char **text)
{
    const char *at = *text;
    unsigned value = 0;

    if (*at != '\\') {
        *text = at + 1;
        return (unsigned char)*at;
    }
    at++;
    if (*at < '0' || *at > '9') {
        *text = at + (*at != '\0');
        return *at != '\0' ? (unsigned char)*at : -1;
    }
    for (int i = 0; i < 3; i++, at++) {
        if (*at < '0' || *at > '9')
            return -1;
        value = value * 10 + (unsigned)(*at - '0');
    }
    *text = at;
    return value <= 255 ? (int)value : -1;
}

static bool name_of_text(const char *text, struct wire_name *ret_name)
{
    unsigned char label[LABEL_MAX];
    size_t used = 0;

    ret_name->length = 0;
    while (*text != '\0') {
        bool plain_dot = *text == '.';
        int c = take_escaped(&text);

        if (c < 0 || (plain_dot && used == 0) || (!plain_dot && used == LABEL_MAX))
            return false;
        if (!plain_dot)
            label[used++] = (unsigned char)c;
        if (plain_dot || (*text == '\0' && used > 0)) {
            if (!add_label(ret_name, label, used))
                return false;
            used = 0;
        }
    }
    ret_name->bytes[ret_name->length++] = 0;
    return ret_name->length > 1;
}

/* ---- what is told ---- */

/* Room for a text of this length and its NUL; NULL: there is none. */
static char *add_item(struct dns_answer *answer, size_t length)
{
    char *at = answer->bytes + answer->used;

    if (answer->count == DNS_ANSWER_ITEMS_MAX || length >= sizeof(answer->bytes) - answer->used)
        return NULL;
    answer->items[answer->count++] = at;
    answer->used += length + 1;
    at[length] = '\0';
    return at;
}

static bool add_address(struct dns_answer *answer, int family, const unsigned char *data)
{
    char text[INET6_ADDRSTRLEN];
    char *at;

    if (inet_ntop(family, data, text, sizeof(text)) == NULL)
        return false;
    at = add_item(answer, strlen(text));
    if (at != NULL)
        memcpy(at, text, strlen(text));
    return at != NULL;
}

/* Joins the strings of a TXT record. */
static bool add_txt(struct dns_answer *answer, const unsigned char *data, size_t length)
{
    char *at;
    size_t total = 0;

    for (size_t i = 0; i < length; i += 1 + (size_t)data[i]) {
        if (data[i] > length - i - 1)
            return false;
        total += data[i];
    }
    at = length > 0 ? add_item(answer, total) : NULL;
    for (size_t i = 0; at != NULL && i < length; i += 1 + (size_t)data[i]) {
        memcpy(at, data + i + 1, data[i]);
        at += data[i];
    }
    return at != NULL;
}

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

static void text_of_name(const struct wire_name *name, char text[DNS_NAME_TEXT_MAX])
{
    size_t used = 0;

    for (size_t i = 0; name->bytes[i] != 0; i += 1 + (size_t)name->bytes[i]) {
        if (i > 0)
            text[used++] = '.';
        for (size_t k = 1; k <= name->bytes[i]; k++) {
            unsigned char c = name->bytes[i + k];

            if (is_plain(c))
                text[used++] = (char)c;
            else
                used += (size_t)snprintf(text + used, DNS_NAME_TEXT_MAX - used, "\\%03u", c);
        }
    }
    text[used] = '\0';
}

static bool add_name(struct dns_answer *answer, const struct cursor *cursor,
                     const struct dns_record *record)
{
    struct wire_name name;
    char text[DNS_NAME_TEXT_MAX];
    char *at;

    if (read_name(cursor, record->data, &name) != record->data + record->data_length)
        return false;
    text_of_name(&name, text);
    at = add_item(answer, strlen(text));
    if (at != NULL)
        memcpy(at, text, strlen(text));
    return at != NULL;
}

static bool add_record(struct dns_answer *answer, const struct cursor *cursor,
                       const struct dns_record *record)
{
    const unsigned char *data = cursor->message + record->data;

    switch (record->type) {
    case DNS_TYPE_A:
        return record->data_length == 4 && add_address(answer, AF_INET, data);
    case DNS_TYPE_AAAA:
        return record->data_length == 16 && add_address(answer, AF_INET6, data);
    case DNS_TYPE_TXT:
        return add_txt(answer, data, record->data_length);
    default:
        return add_name(answer, cursor, record);
    }
}

/* ---- the message ---- */

static void take_record(struct cursor *cursor, struct dns_record *record)
{
    take_name(cursor, &record->owner);
    record->type = take_two(cursor);
    record->class = take_two(cursor);
    skip(cursor, 4); /* TTL: the answer counts now */
    record->data_length = take_two(cursor);
    record->data = cursor->at;
    skip(cursor, record->data_length);
}

/* The header, and the question as we asked it. */
static enum dns_answer_status take_header(struct cursor *cursor, const struct wire_name *asked,
                                          enum dns_type type, uint16_t *ret_count)
{
    struct wire_name name;
    uint16_t flags;
    uint16_t questions;
    bool ours;

    skip(cursor, 2); /* the id: whoever received the message has compared it */
    flags = take_two(cursor);
    questions = take_two(cursor);
    *ret_count = take_two(cursor);
    skip(cursor, 4);
    take_name(cursor, &name);
    ours = take_two(cursor) == (unsigned)type;
    ours &= take_two(cursor) == CLASS_IN;
    if (cursor->bad || !ours || questions != 1 || !same_name(&name, asked) ||
        (flags & FLAG_RESPONSE) == 0 || (flags & OPCODE) != 0)
        return DNS_ANSWER_NONSENSE;
    if ((flags & RCODE) == RCODE_NXDOMAIN)
        return DNS_ANSWER_NO_NAME;
    if ((flags & RCODE) != 0)
        return (flags & RCODE) == RCODE_SERVFAIL ? DNS_ANSWER_FAILED : DNS_ANSWER_REFUSED;
    return (flags & FLAG_CUT) != 0 ? DNS_ANSWER_CUT : DNS_ANSWER_VALUES;
}

static bool take_records(struct cursor *cursor, uint16_t count,
                         struct dns_record records[DNS_ANSWER_RECORDS_MAX])
{
    if (count > DNS_ANSWER_RECORDS_MAX)
        return false;
    for (uint16_t i = 0; i < count && !cursor->bad; i++)
        take_record(cursor, &records[i]);
    return !cursor->bad;
}

/* Where the chain of CNAMEs from `name` ends. False: it does not, or cannot be read. */
static bool follow_chain(const struct cursor *cursor, const struct dns_record *records,
                         uint16_t count, struct wire_name *name)
{
    for (int steps = 0; steps <= CHAIN_MAX; steps++) {
        const struct dns_record *next = NULL;

        for (uint16_t i = 0; i < count && next == NULL; i++) {
            if (records[i].type == DNS_TYPE_CNAME && records[i].class == CLASS_IN &&
                same_name(&records[i].owner, name))
                next = &records[i];
        }
        if (next == NULL)
            return true;
        if (read_name(cursor, next->data, name) != next->data + next->data_length)
            return false;
    }
    return false;
}

enum dns_answer_status dns_answer_read(const unsigned char *message, size_t length,
                                       const char *name, enum dns_type type,
                                       struct dns_answer *ret_answer)
{
    struct cursor cursor = {.message = message, .length = length};
    struct dns_record records[DNS_ANSWER_RECORDS_MAX];
    struct wire_name asked;
    enum dns_answer_status status;
    uint16_t count = 0;

    ret_answer->count = 0;
    ret_answer->used = 0;
    if (length < HEADER_BYTES || !name_of_text(name, &asked))
        return DNS_ANSWER_NONSENSE;
    status = take_header(&cursor, &asked, type, &count);
    if (status != DNS_ANSWER_VALUES)
        return status;
    if (!take_records(&cursor, count, records) || ((type == DNS_TYPE_A || type == DNS_TYPE_AAAA) &&
                                                   !follow_chain(&cursor, records, count, &asked)))
        return DNS_ANSWER_NONSENSE;
    for (uint16_t i = 0; i < count; i++) {
        if (records[i].type != (unsigned)type || records[i].class != CLASS_IN ||
            !same_name(&records[i].owner, &asked))
            continue;
        if (!add_record(ret_answer, &cursor, &records[i])) {
            ret_answer->count = 0;
            return DNS_ANSWER_NONSENSE;
        }
    }
    return ret_answer->count > 0 ? DNS_ANSWER_VALUES : DNS_ANSWER_EMPTY;
}

uint64_t dns_answer_epoch(const char *const *texts, size_t count, const char *group)
{
    struct fence fence;

    if (count != 1 || fence_parse(texts[0], &fence) != 0 || strcmp(fence.group, group) != 0)
        return 0;
    return fence.epoch;
}
