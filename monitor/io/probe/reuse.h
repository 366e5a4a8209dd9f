/* SPDX-License-Identifier: Apache-2.0 */
/* reuse.h: what a good check leaves to the next one of its token at the same address, when it is
 * set to be resumed or kept (setting `connection`): a TLS session, or the connection itself.
 *
 * It is never shared: neither between checks nor between addresses. What was taken and is not given
 * back is gone, so after anything but a good answer the next check is fresh. */
#ifndef REGIONSHIFT_PROBE_REUSE_H
#define REGIONSHIFT_PROBE_REUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "attempt.h"
#include "secure.h"

struct leftover {
    int fd;               /* -1: no connection */
    struct secure secure; /* of the connection, at rest; ssl NULL: in the clear */
    SSL_SESSION *session; /* with the server's certificate, without its chain; NULL: none */
    SSL_CTX *context;     /* under which the session was judged; a reference of its own */
    uint32_t used;        /* checks since the last full one, with that one; 0: none yet */
};

extern const struct leftover nothing_left;

/* Takes what there is for this attempt: nothing when it has to be fresh, because it is the N-th
 * (fresh_every), or a suspicion hurried it (V2), or nothing good came before. */
void reuse_take(struct attempt *attempt, struct leftover *ret_left);

/* Leaves a connection, which is out of the epoll set and at rest, or a session; takes both over.
 * used: as it was taken, 0 when this check was a full one. */
void reuse_give(struct attempt *attempt, struct leftover *left);

/* Takes the session of a connection that has been used, if it is one that can be resumed. */
void reuse_take_session(SSL *ssl, struct leftover *left);

/* Returns false when it cannot be resumed now: another list of authorities, a certificate that is
 * no longer valid. */
bool reuse_resume(const struct check *check, SSL *ssl, const struct leftover *left);

/* Drops it. */
void reuse_clear(struct leftover *left);

/* Drops all there is. */
void reuse_close(struct prober *prober);

#endif
