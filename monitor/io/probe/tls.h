/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h: what a handshake is told and what it told: of checks of kind tls. */
#ifndef REGIONSHIFT_TLS_H
#define REGIONSHIFT_TLS_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "attempt.h"

/* Says to the server whose certificate is wanted (SNI), unless that is an address. Returns false
 * when there is no memory. */
bool tls_ask_for_name(SSL *ssl, const struct check *check);

/* Ends the attempt as the certificate of a finished handshake says, then as the check's assertion
 * does: chain, name, pinned key, in this order. */
void tls_judge(struct attempt *attempt, const SSL *ssl);

#endif
