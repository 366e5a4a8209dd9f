/* SPDX-License-Identifier: Apache-2.0 */
/* dns_message.h: DNS messages made by hand, byte by byte, also such as no server would make. */
#ifndef REGIONSHIFT_TESTS_LIB_DNS_MESSAGE_H
#define REGIONSHIFT_TESTS_LIB_DNS_MESSAGE_H

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

enum { QUESTION_AT = 12, FLAGS_ANSWER = 0x8400 };

struct dns_message {
    size_t length;
    unsigned char bytes[65535];
};

static inline void put_bytes(struct dns_message *m, const void *bytes, size_t length)
{
    memcpy(m->bytes + m->length, bytes, length);
    m->length += length;
}

static inline void put_two(struct dns_message *m, unsigned value)
{
    unsigned char bytes[2] = {(unsigned char)(value >> 8), (unsigned char)value};

    put_bytes(m, bytes, 2);
}

/* "a.b": labels of plain characters; "": the root. */
static inline void put_name(struct dns_message *m, const char *name)
{
    while (*name != '\0') {
        size_t length = strcspn(name, ".");
        unsigned char head = (unsigned char)length;

        put_bytes(m, &head, 1);
        put_bytes(m, name, length);
        name += length + (name[length] == '.');
    }
    put_bytes(m, "", 1);
}

static inline void put_pointer(struct dns_message *m, size_t target)
{
    put_two(m, 0xc000u | (unsigned)target);
}

/* The header and the question; the count of answers is set by put_answer(). */
static inline void put_question(struct dns_message *m, unsigned flags, const char *name,
                                unsigned type)
{
    m->length = 0;
    put_two(m, 0x1234);
    put_two(m, flags);
    put_two(m, 1);
    put_two(m, 0);
    put_two(m, 0);
    put_two(m, 0);
    put_name(m, name);
    put_two(m, type);
    put_two(m, 1);
}

/* After the owner's name, which the caller has put. */
static inline void put_data(struct dns_message *m, unsigned type, const void *data, size_t length)
{
    put_two(m, type);
    put_two(m, 1);
    put_two(m, 0);
    put_two(m, 10);
    put_two(m, (unsigned)length);
    put_bytes(m, data, length);
    m->bytes[7]++;
}

static inline void put_answer(struct dns_message *m, const char *owner, unsigned type,
                              const void *data, size_t length)
{
    put_name(m, owner);
    put_data(m, type, data, length);
}

static inline void put_txt(struct dns_message *m, const char *owner, const char *text)
{
    unsigned char data[1024];
    size_t used = 0;
    size_t length = strlen(text);

    do {
        size_t piece = length < 255 ? length : 255;

        data[used++] = (unsigned char)piece;
        memcpy(data + used, text, piece);
        used += piece;
        text += piece;
        length -= piece;
    } while (length > 0);
    put_answer(m, owner, 16, data, used);
}

static inline void put_a(struct dns_message *m, const char *owner, const char *address)
{
    unsigned char data[4];

    inet_pton(AF_INET, address, data);
    put_answer(m, owner, 1, data, sizeof(data));
}

#endif
