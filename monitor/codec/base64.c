/* SPDX-License-Identifier: Apache-2.0 */
/* Three bytes are four letters of six bits. OpenSSL's decoder is not used, because it passes over
 * blanks and does not say how much of the end was padding. */
#include "base64.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_group(struct buffer *out, const unsigned char *bytes, size_t count)
{
    uint32_t bits = (uint32_t)bytes[0] << 16;
    char group[4];

    if (count > 1)
        bits |= (uint32_t)bytes[1] << 8;
    if (count > 2)
        bits |= bytes[2];
    group[0] = letters[bits >> 18];
    group[1] = letters[bits >> 12 & 63];
    group[2] = '=';
    group[3] = '=';
    if (count > 1)
        group[2] = letters[bits >> 6 & 63];
    if (count > 2)
        group[3] = letters[bits & 63];
    buffer_add(out, group, sizeof(group));
}

void base64_write(struct buffer *out, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length; at += 3)
        write_group(out, (const unsigned char *)bytes + at, length - at < 3 ? length - at : 3);
}

size_t base64_room(size_t text_length)
{
    return text_length / 4 * 3;
}

/* The six bits of a letter, or -1. */
static int bits_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    if (letter == '+')
        return 62;
    return letter == '/' ? 63 : -1;
}

/* Four letters, the last `pads` of which are padding. Padding must hide no bits: "QQ==" and
 * "QR==" are not the same text. */
static int read_group(const char *text, size_t pads, char *out)
{
    uint32_t bits = 0;

    for (size_t i = 0; i < 4; i++) {
        int six = i < 4 - pads ? bits_of(text[i]) : 0;

        if (six < 0)
            return -1;
        bits = bits << 6 | (uint32_t)six;
    }
    if ((bits & ((UINT32_C(1) << 8 * pads) - 1)) != 0)
        return -1;
    for (size_t i = 0; i < 3 - pads; i++)
        out[i] = (char)(bits >> (16 - 8 * i) & 255);
    return 0;
}

static size_t count_pads(const char *text, size_t length)
{
    if (length == 0 || text[length - 1] != '=')
        return 0;
    return text[length - 2] == '=' ? 2 : 1;
}

ptrdiff_t base64_read(const char *text, size_t length, char *out)
{
    size_t pads;

    if (length % 4 != 0)
        return -1;
    pads = count_pads(text, length);
    for (size_t at = 0; at < length; at += 4) {
        if (read_group(text + at, at + 4 == length ? pads : 0, out + at / 4 * 3) != 0)
            return -1;
    }
    return (ptrdiff_t)(base64_room(length) - pads);
}
