/* SPDX-License-Identifier: Apache-2.0 */
/* account.h: where an attempt tells what it sees to whoever asked (prober_explain()). Without an
 * account each of these returns at once: in the daemon none has one. */
#ifndef REGIONSHIFT_PROBE_ACCOUNT_H
#define REGIONSHIFT_PROBE_ACCOUNT_H

#include <openssl/ssl.h>

#include "../../../include/account.h"
#include "attempt.h"

/* For those who keep an account without an attempt (naming.c). */
void account_name(struct account_name *name, const struct resolution *resolution);

void account_resolved(struct attempt *attempt, const struct resolution *resolution);
void account_sides(struct attempt *lead, const union address *addresses, unsigned count);
void account_answer(struct attempt *attempt, const struct answer *answer);
void account_end(struct attempt *attempt);

/* A handshake that came to its end, whatever its certificate is worth. */
void account_handshake(const struct attempt *attempt, const SSL *ssl);

/* Looks on while the certificates of a context's next handshake are judged: one that is refused is
 * gone when the handshake has failed. */
void account_watch_certificates(struct attempt *attempt, SSL_CTX *context);

#endif
