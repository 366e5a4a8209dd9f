/* SPDX-License-Identifier: Apache-2.0 */
/* icmp_echo.h: an echo request of ICMP (RFC 792) or ICMPv6 (RFC 4443), and what comes back. Pure.
 *
 * Messages are as the kernel's echo sockets give them: without the head of IP, their checksum
 * looked at. The id is the kernel's, which gives us no others; anybody may still have sent them. */
#ifndef REGIONSHIFT_ICMP_ECHO_H
#define REGIONSHIFT_ICMP_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ICMP_NONCE_BYTES = 16, ICMP_ECHO_BYTES = 8 + ICMP_NONCE_BYTES };

struct icmp_echo {
    bool v6;
    uint16_t id;
    uint16_t sequence;
    unsigned char nonce[ICMP_NONCE_BYTES]; /* what nobody can know who has not seen the request */
};

/* Without a checksum, which the kernel fills in. */
void icmp_echo_write(const struct icmp_echo *echo, unsigned char out[ICMP_ECHO_BYTES]);

/* Is it the reply to this request, whole and unchanged? */
bool icmp_echo_is_reply(const struct icmp_echo *echo, const unsigned char *message, size_t length);

/* Is it the beginning of this request? Errors quote what they are about, 8 bytes at least. */
bool icmp_echo_is_quoted(const struct icmp_echo *echo, const unsigned char *quote, size_t length);

/* What an error of this type and code says, "host unreachable"; NULL: nothing that is final. */
const char *icmp_error_words(bool v6, unsigned type, unsigned code);

#endif
