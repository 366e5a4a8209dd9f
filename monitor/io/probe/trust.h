/* SPDX-License-Identifier: Apache-2.0 */
/* trust.h: whom a check over TLS trusts: the authorities of a file, loaded once and shared by all
 * attempts, for reading Debian's bundle takes thirty times as long as a handshake. A file that has
 * changed since is read again. */
#ifndef REGIONSHIFT_TRUST_H
#define REGIONSHIFT_TRUST_H

#include <openssl/ssl.h>

#include "attempt.h"

/* A new client connection that trusts the authorities of the check; the caller frees it. The
 * handshake goes through whoever the server is: what its certificate is worth is asked afterwards.
 * NULL when it cannot be made, with a sentence in error. */
SSL *trust_connection(struct prober *prober, const struct check *check, char *error,
                      size_t error_size);

/* Was that context made of the authorities as they are now? */
bool trust_is_current(struct prober *prober, const struct check *check, const SSL_CTX *context);

/* Frees what was loaded. */
void trust_close(struct prober *prober);

#endif
