/* SPDX-License-Identifier: Apache-2.0 */
/* starttls.h: what is said in the clear before TLS begins, in six protocols. Pure: bytes in, bytes
 * to say out.
 *
 *     starttls_begin()                          LDAP, PostgreSQL: there is something to say at once
 *     while (progress is MORE): send what starttls_say() has, starttls_said(), starttls_feed()
 *     GO: send what is left to say, and the next byte is TLS
 *
 * The other end is hostile input, and so is who sits between: not a byte may come after the
 * go-ahead and before the handshake. Clients that kept such bytes took them for protected ones
 * later on (CVE-2011-0411 and its many successors). */
#ifndef REGIONSHIFT_STARTTLS_H
#define REGIONSHIFT_STARTTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks.h"

enum {
    STARTTLS_ANSWER_MAX = 16 * 1024, /* all that the server says before the handshake */
    STARTTLS_PIECE_MAX = 2048,       /* of it: a line, or a message */
    STARTTLS_SAY_MAX = 80,
    STARTTLS_ERROR_MAX = 180
};

enum starttls_progress {
    STARTTLS_MORE,   /* feed it more, once all is said */
    STARTTLS_GO,     /* the handshake begins, once all is said */
    STARTTLS_REFUSED /* there will be none: starttls_error() */
};

/* Where a conversation stands. Its fields are starttls.c's. */
struct starttls_talk {
    enum starttls protocol;
    unsigned step;
    bool offered; /* the server named STARTTLS among what it can do */
    size_t total; /* bytes heard */
    size_t held;  /* of a line or message that is not complete */
    size_t say_length;
    uint8_t say[STARTTLS_SAY_MAX];
    uint8_t piece[STARTTLS_PIECE_MAX + 1];
    char error[STARTTLS_ERROR_MAX + 1];
};

/* protocol: any but STARTTLS_NONE. */
void starttls_begin(struct starttls_talk *talk, enum starttls protocol);

/* What has to be sent now; length 0: nothing, the server speaks next. */
const uint8_t *starttls_say(const struct starttls_talk *talk, size_t *ret_length);

/* All of that has been sent. */
void starttls_said(struct starttls_talk *talk);

/* Takes bytes, as they come. Not to be called after STARTTLS_GO or STARTTLS_REFUSED. */
enum starttls_progress starttls_feed(struct starttls_talk *talk, const uint8_t *bytes,
                                     size_t length);

/* After the handshake, and over TLS. MySQL takes a connection that ends before a login for an
 * attack, and blocks the host after a hundred of them (max_connect_errors): a check would bring
 * down what it looks at. So it logs in, as a user that there is not, and is refused like anybody.
 * GO: nothing is to be said; MORE: as before, with starttls_leave_feed(). */
enum starttls_progress starttls_leave(struct starttls_talk *talk);

/* GO: we may go, once all is said. Whatever else came, too: it is no concern of the check's. */
enum starttls_progress starttls_leave_feed(struct starttls_talk *talk, const uint8_t *bytes,
                                           size_t length);

/* What is waited for: "the greeting", "the answer to STARTTLS". */
const char *starttls_where(const struct starttls_talk *talk);

/* Why it is refused: a sentence with what the server said, printable ASCII. */
const char *starttls_error(const struct starttls_talk *talk);

#endif
