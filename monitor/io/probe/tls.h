/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h: what a handshake is told and what it told: of checks of kind tls, and of http over TLS. */
#ifndef REGIONSHIFT_TLS_H
#define REGIONSHIFT_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "attempt.h"

/* Says to the server whose certificate is wanted (SNI), unless that is an address. Returns false
 * when there is no memory. */
bool tls_ask_for_name(SSL *ssl, const struct check *check);

/* Is the certificate of a finished handshake good for the check: chain, then name? Returns false
 * when the attempt has ended instead. */
bool tls_accept(struct attempt *attempt, const SSL *ssl);

/* What was seen of TLS, for an answer. */
void tls_tell(const SSL *ssl, struct answer *answer);

/* A certificate that was judged before: is it valid still? Accepts NULL, which is not. */
bool tls_is_current(const X509 *certificate);

/* Ends the attempt as the certificate of a finished handshake says, then as the check's assertion
 * does: chain, name, pinned key, in this order. */
void tls_judge(struct attempt *attempt, const SSL *ssl);

#endif
