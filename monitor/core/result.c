/* SPDX-License-Identifier: Apache-2.0 */
#include "result.h"

#include <stdbool.h>
#include <string.h>

static const char *const failure_names[FAILURE_COUNT] = {
    [FAILURE_NONE] = "none",
    [FAILURE_DNS] = "dns",
    [FAILURE_CONNECT] = "connect",
    [FAILURE_TLS] = "tls",
    [FAILURE_CERTIFICATE] = "certificate",
    [FAILURE_TIMEOUT] = "timeout",
    [FAILURE_STATUS] = "status",
    [FAILURE_BODY] = "body",
    [FAILURE_LATENCY] = "latency",
    [FAILURE_POLICY] = "policy",
};

const char *failure_name(enum failure failure)
{
    return failure_names[failure];
}

int failure_parse(const char *word, enum failure *ret_failure)
{
    for (unsigned i = 0; i < FAILURE_COUNT; i++) {
        if (strcmp(word, failure_names[i]) == 0) {
            *ret_failure = (enum failure)i;
            return 0;
        }
    }
    return -1;
}

/* One byte as it may appear in a log line, a mail or a page: 1 or 4 characters. */
static size_t escape_byte(char out[4], unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";

    if (byte >= 0x20 && byte < 0x7f) {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex[byte >> 4];
    out[3] = hex[byte & 15];
    return 4;
}

void text_escape(char *out, size_t size, const char *text, size_t length)
{
    size_t used = 0;
    size_t cut = 0; /* where "..." still fits */

    if (size == 0)
        return;
    for (size_t i = 0; i < length; i++) {
        char piece[4];
        size_t n = escape_byte(piece, (unsigned char)text[i]);

        if (used + n >= size) {
            if (size > 4)
                memcpy(out + cut, "...", 4);
            else
                out[used] = '\0';
            return;
        }
        memcpy(out + used, piece, n);
        used += n;
        if (used + 4 <= size)
            cut = used;
    }
    out[used] = '\0';
}
