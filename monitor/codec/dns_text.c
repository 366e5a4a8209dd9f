/* SPDX-License-Identifier: Apache-2.0 */
/* A type is a row: what its data consists of, field after field. */
#include "dns_text.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- pieces ---- */

__attribute__((format(printf, 2, 3))) static void put(struct dns_text *text, const char *format,
                                                      ...)
{
    size_t room = text->size - text->used;
    va_list arguments;
    int length;

    if (text->cut) /* the rest is read, but costs no more */
        return;
    va_start(arguments, format);
    length = vsnprintf(text->out + text->used, room, format, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= room)
        text->cut = true;
    else
        text->used += (size_t)length;
}

/* special: characters that stand for something else unless a backslash is before them. */
static void put_character(struct dns_text *text, unsigned char c, unsigned char first,
                          const char *special)
{
    if (c < first || c >= 0x7f)
        put(text, "\\%03u", c);
    else
        put(text, "%s%c", strchr(special, c) != NULL ? "\\" : "", c);
}

static void put_name(struct dns_text *text, const struct wire_name *name)
{
    if (name->bytes[0] == 0)
        put(text, ".");
    for (size_t i = 0; name->bytes[i] != 0; i += 1 + (size_t)name->bytes[i]) {
        for (size_t k = 1; k <= name->bytes[i]; k++)
            put_character(text, name->bytes[i + k], '!', "\"().;\\");
        put(text, ".");
    }
}

/* ---- fields ---- */

static void put_address(struct dns_text *text, struct dns_cursor *data, int family)
{
    char address[INET6_ADDRSTRLEN] = "";
    size_t at = data->at;

    dns_skip(data, family == AF_INET ? 4 : 16);
    if (!data->bad && inet_ntop(family, data->message + at, address, sizeof(address)) != NULL)
        put(text, "%s", address);
}

static void put_quoted(struct dns_text *text, struct dns_cursor *data, size_t length)
{
    put(text, "\"");
    while (length-- > 0 && !data->bad)
        put_character(text, (unsigned char)dns_take_byte(data), ' ', "\"\\");
    put(text, "\"");
}

static void put_strings(struct dns_text *text, struct dns_cursor *data)
{
    const char *between = "";

    do {
        put(text, "%s", between);
        put_quoted(text, data, dns_take_byte(data));
        between = " ";
    } while (!data->bad && data->at < data->length);
}

/* The property of a CAA record: plain letters and digits (RFC 8659, 4.1). */
static void put_tag(struct dns_text *text, struct dns_cursor *data)
{
    for (unsigned left = dns_take_byte(data); left > 0 && !data->bad; left--)
        put_character(text, (unsigned char)dns_take_byte(data), '!', "\"\\");
}

/* One field of a record, by its letter:
 *   4 6  address              n  name          " all that is left, as strings
 *   1 2 3  number of 1, 2, 4 bytes             t  tag, and what is left as one string */
static void put_field(struct dns_text *text, struct dns_cursor *data, char field)
{
    struct wire_name name;

    switch (field) {
    case '4':
        put_address(text, data, AF_INET);
        break;
    case '6':
        put_address(text, data, AF_INET6);
        break;
    case 'n':
        dns_take_name(data, &name);
        put_name(text, &name);
        break;
    case '1':
        put(text, "%u", dns_take_byte(data));
        break;
    case '2':
        put(text, "%u", (unsigned)dns_take_two(data));
        break;
    case '3':
        put(text, "%u", (unsigned)dns_take_four(data));
        break;
    case 't':
        put_tag(text, data);
        put(text, " ");
        put_quoted(text, data, data->length - data->at);
        break;
    default:
        put_strings(text, data);
        break;
    }
}

/* ---- records ---- */

static const struct form {
    const char *name;
    uint16_t type;
    const char *fields;
} forms[] = {
    {"A", 1, "4"},       {"NS", 2, "n"},     {"CNAME", 5, "n"}, {"SOA", 6, "nn33333"},
    {"PTR", 12, "n"},    {"MX", 15, "2n"},   {"TXT", 16, "\""}, {"AAAA", 28, "6"},
    {"SRV", 33, "222n"}, {"CAA", 257, "1t"},
};

enum { FORM_COUNT = sizeof(forms) / sizeof(forms[0]) };

uint16_t dns_type_of(const char *name)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        if (strcmp(forms[i].name, name) == 0)
            return forms[i].type;
    }
    return 0;
}

static const char *fields_of(uint16_t type)
{
    for (size_t i = 0; i < FORM_COUNT; i++) {
        if (forms[i].type == type)
            return forms[i].fields;
    }
    return "";
}

bool dns_text_add(struct dns_text *text, const struct dns_cursor *cursor,
                  const struct dns_record *record)
{
    struct dns_cursor data = dns_data_of(cursor, record);
    struct dns_text line = *text;

    for (const char *field = fields_of(record->type); *field != '\0'; field++) {
        put_field(&line, &data, *field);
        put(&line, "%s", field[1] != '\0' ? " " : "\n");
    }
    if (data.bad || data.at != data.length)
        return false;
    if (line.cut)
        text->cut = true;
    else
        text->used = line.used;
    return true;
}
