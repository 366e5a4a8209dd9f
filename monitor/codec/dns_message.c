/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_message.h"

#include <string.h>

enum { JUMPS_MAX = 127 }; /* as many labels as a name can have */

/* ---- the cursor ---- */

unsigned dns_take_byte(struct dns_cursor *cursor)
{
    if (cursor->bad || cursor->at >= cursor->length) {
        cursor->bad = true;
        return 0;
    }
    return cursor->message[cursor->at++];
}

uint16_t dns_take_two(struct dns_cursor *cursor)
{
    unsigned high = dns_take_byte(cursor);

    return (uint16_t)(high << 8 | dns_take_byte(cursor));
}

uint32_t dns_take_four(struct dns_cursor *cursor)
{
    uint32_t high = dns_take_two(cursor);

    return high << 16 | dns_take_two(cursor);
}

void dns_skip(struct dns_cursor *cursor, size_t count)
{
    if (cursor->bad || count > cursor->length - cursor->at)
        cursor->bad = true;
    else
        cursor->at += count;
}

/* ---- names ---- */

static bool add_label(struct wire_name *name, const unsigned char *label, size_t length)
{
    if (length > DNS_LABEL_MAX || name->length + 1 + length + 1 > DNS_NAME_BYTES_MAX)
        return false;
    name->bytes[name->length++] = (unsigned char)length;
    memcpy(name->bytes + name->length, label, length);
    name->length += length;
    return true;
}

/* The name that begins at `at`. Each pointer has to go before where the piece that holds it began:
 * so there is an end. Returns where the reader goes on, 0: not a name. */
static size_t read_name(const struct dns_cursor *cursor, size_t at, struct wire_name *ret_name)
{
    size_t piece = at;
    size_t after = 0;
    unsigned jumps = 0;

    ret_name->length = 0;
    while (at < cursor->length) {
        unsigned char first = cursor->message[at];

        if ((first & 0xc0) == 0xc0) {
            size_t target;

            if (at + 1 >= cursor->length || ++jumps > JUMPS_MAX)
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
        if (first > DNS_LABEL_MAX || first >= cursor->length - at ||
            !add_label(ret_name, cursor->message + at + 1, first))
            return 0;
        at += 1 + (size_t)first;
    }
    return 0;
}

void dns_take_name(struct dns_cursor *cursor, struct wire_name *ret_name)
{
    size_t after = cursor->bad ? 0 : read_name(cursor, cursor->at, ret_name);

    if (after == 0) {
        cursor->bad = true;
        ret_name->length = 1;
        ret_name->bytes[0] = 0;
        return;
    }
    cursor->at = after;
}

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c;
}

/* Lengths of labels are below 'A': they can be folded with the rest. */
bool wire_name_is_same(const struct wire_name *a, const struct wire_name *b)
{
    if (a->length != b->length)
        return false;
    for (size_t i = 0; i < a->length; i++) {
        if (lower(a->bytes[i]) != lower(b->bytes[i]))
            return false;
    }
    return true;
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

bool wire_name_of_text(const char *text, struct wire_name *ret_name)
{
    unsigned char label[DNS_LABEL_MAX];
    bool is_root = strcmp(text, ".") == 0;
    size_t used = 0;

    ret_name->length = 0;
    while (!is_root && *text != '\0') {
        bool plain_dot = *text == '.';
        int c = take_escaped(&text);

        if (c < 0 || (plain_dot && used == 0) || (!plain_dot && used == DNS_LABEL_MAX))
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
    return is_root || ret_name->length > 1;
}

/* ---- records ---- */

void dns_take_record(struct dns_cursor *cursor, struct dns_record *ret_record)
{
    dns_take_name(cursor, &ret_record->owner);
    ret_record->type = dns_take_two(cursor);
    ret_record->class = dns_take_two(cursor);
    ret_record->ttl = dns_take_four(cursor);
    ret_record->data_length = dns_take_two(cursor);
    ret_record->data = cursor->at;
    dns_skip(cursor, ret_record->data_length);
}

struct dns_cursor dns_data_of(const struct dns_cursor *cursor, const struct dns_record *record)
{
    return (struct dns_cursor){.message = cursor->message,
                               .length = record->data + record->data_length,
                               .at = record->data};
}

bool dns_take_target(const struct dns_cursor *cursor, const struct dns_record *record,
                     struct wire_name *ret_name)
{
    struct dns_cursor data = dns_data_of(cursor, record);

    dns_take_name(&data, ret_name);
    return !data.bad && data.at == data.length;
}
