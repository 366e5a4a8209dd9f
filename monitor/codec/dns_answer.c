/* SPDX-License-Identifier: Apache-2.0 */
/* The answer section is read into a table first: a chain of CNAMEs may stand in any order. */
#include "dns_answer.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "dns_message.h"
#include "record.h"

enum { RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3 };

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

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
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
            unsigned char c = lower(name->bytes[i + k]);

            if (is_plain(c))
                text[used++] = (char)c;
            else
                used += (size_t)snprintf(text + used, DNS_NAME_TEXT_MAX - used, "\\%03u", c);
        }
    }
    text[used] = '\0';
}

static bool add_name(struct dns_answer *answer, const struct dns_cursor *cursor,
                     const struct dns_record *record)
{
    struct wire_name name;
    char text[DNS_NAME_TEXT_MAX];
    char *at;

    if (!dns_take_target(cursor, record, &name))
        return false;
    text_of_name(&name, text);
    at = add_item(answer, strlen(text));
    if (at != NULL)
        memcpy(at, text, strlen(text));
    return at != NULL;
}

static bool add_record(struct dns_answer *answer, const struct dns_cursor *cursor,
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

/* The header, and the question as we asked it. */
static enum dns_answer_status take_header(struct dns_cursor *cursor, const struct wire_name *asked,
                                          enum dns_type type, uint16_t *ret_count)
{
    struct wire_name name;
    uint16_t flags;
    uint16_t questions;
    bool ours;

    dns_skip(cursor, 2); /* the id: whoever received the message has compared it */
    flags = dns_take_two(cursor);
    questions = dns_take_two(cursor);
    *ret_count = dns_take_two(cursor);
    dns_skip(cursor, 4);
    dns_take_name(cursor, &name);
    ours = dns_take_two(cursor) == (unsigned)type;
    ours &= dns_take_two(cursor) == DNS_CLASS_IN;
    if (cursor->bad || !ours || questions != 1 || !wire_name_is_same(&name, asked) ||
        (flags & DNS_FLAG_RESPONSE) == 0 || (flags & DNS_OPCODE) != 0)
        return DNS_ANSWER_NONSENSE;
    if ((flags & DNS_RCODE) == RCODE_NXDOMAIN)
        return DNS_ANSWER_NO_NAME;
    if ((flags & DNS_RCODE) != 0)
        return (flags & DNS_RCODE) == RCODE_SERVFAIL ? DNS_ANSWER_FAILED : DNS_ANSWER_REFUSED;
    return (flags & DNS_FLAG_CUT) != 0 ? DNS_ANSWER_CUT : DNS_ANSWER_VALUES;
}

static bool take_records(struct dns_cursor *cursor, uint16_t count,
                         struct dns_record records[DNS_ANSWER_RECORDS_MAX])
{
    if (count > DNS_ANSWER_RECORDS_MAX)
        return false;
    for (uint16_t i = 0; i < count && !cursor->bad; i++)
        dns_take_record(cursor, &records[i]);
    return !cursor->bad;
}

/* Where the chain of CNAMEs from `name` ends. False: it does not, or cannot be read. */
static bool follow_chain(const struct dns_cursor *cursor, const struct dns_record *records,
                         uint16_t count, struct wire_name *name)
{
    for (int steps = 0; steps <= DNS_CHAIN_MAX; steps++) {
        const struct dns_record *next = NULL;

        for (uint16_t i = 0; i < count && next == NULL; i++) {
            if (records[i].type == DNS_TYPE_CNAME && records[i].class == DNS_CLASS_IN &&
                wire_name_is_same(&records[i].owner, name))
                next = &records[i];
        }
        if (next == NULL)
            return true;
        if (!dns_take_target(cursor, next, name))
            return false;
    }
    return false;
}

enum dns_answer_status dns_answer_read(const unsigned char *message, size_t length,
                                       const char *name, enum dns_type type,
                                       struct dns_answer *ret_answer)
{
    struct dns_cursor cursor = {.message = message, .length = length};
    struct dns_record records[DNS_ANSWER_RECORDS_MAX];
    struct wire_name asked;
    enum dns_answer_status status;
    uint16_t count = 0;

    ret_answer->count = 0;
    ret_answer->used = 0;
    if (length < DNS_HEADER_BYTES || !wire_name_of_text(name, &asked))
        return DNS_ANSWER_NONSENSE;
    status = take_header(&cursor, &asked, type, &count);
    if (status != DNS_ANSWER_VALUES)
        return status;
    if (!take_records(&cursor, count, records) || ((type == DNS_TYPE_A || type == DNS_TYPE_AAAA) &&
                                                   !follow_chain(&cursor, records, count, &asked)))
        return DNS_ANSWER_NONSENSE;
    for (uint16_t i = 0; i < count; i++) {
        if (records[i].type != (unsigned)type || records[i].class != DNS_CLASS_IN ||
            !wire_name_is_same(&records[i].owner, &asked))
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
