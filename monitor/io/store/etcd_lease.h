/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_lease.h: the one lease of a store: granted, renewed, lost, given back.
 *
 * etcd counts whole seconds, so a lease is asked for that is not shorter than the settings say. Its
 * clock starts, or starts again, when etcd has the request, which is after the call was made: an
 * answer with the full time is the promise of store_renew(). */
#ifndef REGIONSHIFT_STORE_ETCD_LEASE_H
#define REGIONSHIFT_STORE_ETCD_LEASE_H

#include "base.h"
#include "etcd_link.h"

struct etcd_lease;

/* owner is for sentences. NULL: out of memory. */
struct etcd_lease *etcd_lease_create(struct etcd_link *link, msec_t lease_ms, const char *owner);

/* 0: there is none. */
int64_t etcd_lease_id(const struct etcd_lease *lease);
const char *etcd_lease_lost_sentence(const struct etcd_lease *lease);

/* Those who call while a request is on its way share the next one: it began after their call. */
void etcd_lease_renew(struct etcd_lease *lease, store_write_done done, void *context);

/* etcd said that this lease is gone. */
void etcd_lease_is_gone(struct etcd_lease *lease, int64_t id);

/* Tells those who wait STORE_AWAY; the lease is given back within timeout_ms, or lapses by itself.
 * `given_back` comes from the loop, or from inside when there is nothing to give. */
void etcd_lease_end(struct etcd_lease *lease, msec_t timeout_ms, void (*given_back)(void *context),
                    void *context);

/* After the link is closed. Accepts NULL. */
void etcd_lease_destroy(struct etcd_lease *lease);

#endif
