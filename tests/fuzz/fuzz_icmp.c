/* SPDX-License-Identifier: Apache-2.0 */
/* What comes back for an echo. What is promised: only the one reply is a reply, only the beginning
 * of the request is a quote of it, and no error is without words and final at once. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "icmp_echo.h"

/* The first byte picks the family. */
void fuzz_icmp_echo(const uint8_t *data, size_t size)
{
    struct icmp_echo echo = {.id = 0x4142, .sequence = 0x4344};
    unsigned char sent[ICMP_ECHO_BYTES];
    const uint8_t *message = data + 1;
    size_t length = size - 1;

    if (size == 0)
        return;
    echo.v6 = data[0] % 2 == 1;
    memcpy(echo.nonce, "0123456789abcdef", ICMP_NONCE_BYTES);
    icmp_echo_write(&echo, sent);
    if (icmp_echo_is_reply(&echo, message, length)) {
        assert(length == sizeof(sent) && message[0] == (echo.v6 ? 129 : 0));
        assert(message[1] == 0 && memcmp(message + 4, sent + 4, sizeof(sent) - 4) == 0);
    }
    if (icmp_echo_is_quoted(&echo, message, length)) {
        assert(length >= 8 && memcmp(message, sent, 2) == 0);
        assert(memcmp(message + 4, sent + 4, (length < sizeof(sent) ? length : sizeof(sent)) - 4) ==
               0);
        assert(!icmp_echo_is_reply(&echo, message, length));
    }
    if (length >= 2 && icmp_error_words(echo.v6, message[0], message[1]) != NULL)
        assert(message[0] == 1 || message[0] == 3 || message[0] == 11);
}
