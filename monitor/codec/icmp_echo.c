/* SPDX-License-Identifier: Apache-2.0 */
#include "icmp_echo.h"

#include <string.h>

enum { REPLY_V4 = 0, REQUEST_V4 = 8, REQUEST_V6 = 128, REPLY_V6 = 129 };
enum { SUM_AT = 2, SUM_END = 4, HEAD_BYTES = 8 };
enum { ANY_CODE = -1 };

static void write_as(const struct icmp_echo *echo, int type, unsigned char out[ICMP_ECHO_BYTES])
{
    memset(out, 0, HEAD_BYTES);
    out[0] = (unsigned char)type;
    out[4] = (unsigned char)(echo->id >> 8);
    out[5] = (unsigned char)echo->id;
    out[6] = (unsigned char)(echo->sequence >> 8);
    out[7] = (unsigned char)echo->sequence;
    memcpy(out + HEAD_BYTES, echo->nonce, ICMP_NONCE_BYTES);
}

/* All but the checksum. */
static bool is_same(const unsigned char *a, const unsigned char *b, size_t length)
{
    return memcmp(a, b, SUM_AT) == 0 && memcmp(a + SUM_END, b + SUM_END, length - SUM_END) == 0;
}

void icmp_echo_write(const struct icmp_echo *echo, unsigned char out[ICMP_ECHO_BYTES])
{
    write_as(echo, echo->v6 ? REQUEST_V6 : REQUEST_V4, out);
}

bool icmp_echo_is_reply(const struct icmp_echo *echo, const unsigned char *message, size_t length)
{
    unsigned char wanted[ICMP_ECHO_BYTES];

    write_as(echo, echo->v6 ? REPLY_V6 : REPLY_V4, wanted);
    return length == ICMP_ECHO_BYTES && is_same(message, wanted, length);
}

bool icmp_echo_is_quoted(const struct icmp_echo *echo, const unsigned char *quote, size_t length)
{
    unsigned char sent[ICMP_ECHO_BYTES];

    icmp_echo_write(echo, sent);
    return length >= HEAD_BYTES &&
           is_same(quote, sent, length < ICMP_ECHO_BYTES ? length : ICMP_ECHO_BYTES);
}

/* ---- errors ---- */

static const struct {
    bool v6;
    int type;
    int code;
    const char *words;
} errors[] = {
    {false, 3, 0, "network unreachable"},
    {false, 3, 1, "host unreachable"},
    {false, 3, 2, "protocol unreachable"},
    {false, 3, 9, "network prohibited"},
    {false, 3, 10, "host prohibited"},
    {false, 3, 13, "prohibited by a filter"},
    {false, 3, ANY_CODE, "unreachable"},
    {false, 11, 0, "TTL exceeded"},
    {true, 1, 0, "no route"},
    {true, 1, 1, "prohibited by a filter"},
    {true, 1, 2, "beyond the scope of our address"},
    {true, 1, 3, "address unreachable"},
    {true, 1, 5, "our address is prohibited"},
    {true, 1, 6, "route rejected"},
    {true, 1, ANY_CODE, "unreachable"},
    {true, 3, 0, "hop limit exceeded"},
};

const char *icmp_error_words(bool v6, unsigned type, unsigned code)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        if (errors[i].v6 == v6 && errors[i].type == (int)type &&
            (errors[i].code == (int)code || errors[i].code == ANY_CODE))
            return errors[i].words;
    }
    return NULL;
}
