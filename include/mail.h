/* SPDX-License-Identifier: Apache-2.0 */
/* mail.h: a notice as an RFC 5322 message: plain text, 7 bit, CRLF, lines within 998. Pure. */
#ifndef REGIONSHIFT_MAIL_H
#define REGIONSHIFT_MAIL_H

#include <stddef.h>

#include "notice.h"

enum { MAIL_ADDRESS_MAX = 254 };

struct mail {
    const char *from;
    const char *const *to;
    size_t to_count;
    wall_t date_wall; /* of sending */
    const struct notice *notice;
    const struct notice_stamp *stamp;
};

/* Takes the address out of "ops@example.com" or "Operators <ops@example.com>" for the envelope.
 * Returns 0, or -1: no address, or one with blanks, controls or brackets: nothing that could end a
 * command of SMTP or a header early is let through. */
int mail_address(const char *text, char *out, size_t size);

/* Writes the message. Returns a string to free(), NULL: an address is bad, or no memory. libcurl
 * doubles leading dots itself. */
char *mail_format(const struct mail *mail);

#endif
