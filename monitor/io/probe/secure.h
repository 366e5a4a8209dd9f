/* SPDX-License-Identifier: Apache-2.0 */
/* secure.h: TLS on the lean socket of an attempt.
 *
 * OpenSSL reads and writes memory, and we the socket: so that no hostile server keeps us reading
 * (SECURE_HANDSHAKE_MAX, SECURE_SILENCE_MAX), no closed pipe kills us, and bytes in the clear stay
 * outside of it. The handshake is made with whoever is there; what the certificate is worth is
 * asked afterwards (tls.h), before anything else is said. */
#ifndef REGIONSHIFT_PROBE_SECURE_H
#define REGIONSHIFT_PROBE_SECURE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <sys/types.h>

#include "attempt.h"

enum {
    SECURE_READ_SIZE = 16 * 1024,
    SECURE_HANDSHAKE_MAX = 256 * 1024, /* bytes of one: OpenSSL takes chains of 100 KiB */
    SECURE_SILENCE_MAX = 32 * 1024     /* and without content later: each new key costs us time */
};

/* All zero: nothing is open. */
struct secure {
    SSL *ssl;
    BIO *in; /* both are its own */
    BIO *out;
    size_t silence; /* bytes that came since the last content */
};

/* Makes the connection ready to shake hands, asking for the check's name. Returns false when the
 * attempt has ended instead. */
bool secure_open(struct attempt *attempt, struct secure *secure);

/* Goes on with the handshake. Returns true when it is over; what we have to say last may then wait
 * to go with what comes next. false: not yet, or the attempt has ended. */
bool secure_shake(struct attempt *attempt, struct secure *secure);

/* Puts words where the next flush takes them from. Returns false when there is no memory. */
bool secure_say(struct secure *secure, const void *bytes, size_t length);

/* Sends what is to be said, as far as the socket takes it: it tells when it has room again. Returns
 * 0, or the errno of a connection that was lost. */
int secure_flush(struct attempt *attempt, struct secure *secure);

/* Reads what there is of content. */
enum {
    SECURE_CLOSED = 0, /* as TLS closes: nothing was cut off */
    SECURE_WAIT = -1,
    SECURE_LOST = -2,   /* errno says why */
    SECURE_CUT = -3,    /* the connection ended, and TLS had not */
    SECURE_BROKEN = -4, /* an alert, or what is no TLS: OpenSSL's queue says why */
    SECURE_FLOOD = -5   /* SECURE_SILENCE_MAX */
};
ssize_t secure_hear(struct attempt *attempt, struct secure *secure, void *bytes, size_t size);

/* Says that we go, so that its log does not speak of a fault of ours; not waited for. */
void secure_leave(struct attempt *attempt, struct secure *secure);

/* Between two checks: gives back what memory a connection needs only while it is used, and takes it
 * anew. Returns false when there is none. */
void secure_rest(struct secure *secure);
bool secure_wake(struct secure *secure);

void secure_close(struct secure *secure);

/* Why OpenSSL failed, or the other words when it does not say. */
const char *secure_reason(const char *otherwise);

/* Did it fail because there is no memory? That says nothing of the server. */
bool secure_lacks_memory(void);

#endif
