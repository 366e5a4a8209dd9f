/* SPDX-License-Identifier: Apache-2.0 */
/* Every text passes one gate, add_text(). */
#include "xml_write.h"

#include <inttypes.h>
#include <stdio.h>

/* What XML 1.0 can carry and we want in a record: no control characters, and only UTF-8. Returns
 * the length of the character at text, 0 when it is none of these. */
static size_t character_length(const unsigned char *text)
{
    static const struct {
        unsigned char mask, mark;
        unsigned min;
    } forms[] = {
        {0x80, 0x00, 0x20}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

    for (size_t extra = 0; extra < 4; extra++) {
        unsigned point = text[0] & (unsigned char)~forms[extra].mask;

        if ((text[0] & forms[extra].mask) != forms[extra].mark)
            continue;
        for (size_t i = 1; i <= extra; i++) {
            if ((text[i] & 0xc0) != 0x80)
                return 0;
            point = point << 6 | (text[i] & 0x3f);
        }
        if (point < forms[extra].min || point == 0x7f || point > 0x10ffff ||
            (point >= 0xd800 && point <= 0xdfff) || point == 0xfffe || point == 0xffff)
            return 0;
        return extra + 1;
    }
    return 0;
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&apos;";
    default:
        return NULL;
    }
}

static void add_text(struct buffer *out, const char *text)
{
    while (*text != '\0') {
        size_t length = character_length((const unsigned char *)text);

        if (length == 0) {
            out->failed = true;
            return;
        }
        if (entity(*text) != NULL)
            buffer_add_text(out, entity(*text));
        else
            buffer_add(out, text, length);
        text += length;
    }
}

void xml_open(struct buffer *out, const char *name)
{
    buffer_add_char(out, '<');
    buffer_add_text(out, name);
    buffer_add_char(out, '>');
}

void xml_close(struct buffer *out, const char *name)
{
    buffer_add_text(out, "</");
    buffer_add_text(out, name);
    buffer_add_char(out, '>');
}

void xml_add(struct buffer *out, const char *name, const char *text)
{
    xml_open(out, name);
    add_text(out, text);
    xml_close(out, name);
}

void xml_add_optional(struct buffer *out, const char *name, const char *text)
{
    if (text[0] != '\0')
        xml_add(out, name, text);
}

void xml_add_number(struct buffer *out, const char *name, int64_t number)
{
    char text[24];

    if (number < 0)
        return;
    snprintf(text, sizeof(text), "%" PRId64, number);
    xml_add(out, name, text);
}
