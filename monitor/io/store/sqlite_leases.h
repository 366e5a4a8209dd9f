/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_leases.h: the leases of all daemons as this one sees them, and its own. */
#ifndef REGIONSHIFT_SQLITE_LEASES_H
#define REGIONSHIFT_SQLITE_LEASES_H

#include "settings.h"
#include "sqlite_database.h"

enum {
    LEASES_MAX = 256,      /* 64 probes and what is left of their earlier lives */
    LEASE_MARGIN_MS = 100, /* a renewal in its last moment meets a reader in its first */
    LEASE_CLOCK_MAX = 64
};

/* One lease: when this reader last learned that it was renewed, by this reader's clock. */
struct lease_seen {
    int64_t id;
    int64_t renewals;
    msec_t ttl_ms;
    msec_t seen_ms;
};

struct leases {
    char owner[NAME_MAX_LENGTH + 1];
    msec_t ttl_ms;
    int64_t own;                 /* 0: none */
    char boot[LEASE_CLOCK_MAX];  /* which start of which kernel */
    char clock[LEASE_CLOCK_MAX]; /* which monotonic clock within it */
    struct lease_seen seen[LEASES_MAX];
    size_t count;
};

void leases_init(struct leases *leases, const char *owner, msec_t ttl_ms);

/* Forgets what was seen (not what is owned): the file was opened anew. */
void leases_forget(struct leases *leases);

/* Reads the table: a counter that moved starts its time again. */
int leases_look(struct leases *leases, struct database *database, msec_t now_ms,
                struct store_fault *ret_fault);

/* Whether a lease has not moved for its whole time. */
bool leases_due(const struct leases *leases, msec_t now_ms);

/* Ends every lease that is due and was really not renewed. 1: items went with them, 0, or -1. */
int leases_sweep(struct leases *leases, struct database *database, msec_t now_ms,
                 struct store_fault *ret_fault);

/* Renews our lease, or grants one when we have none. -1 with STORE_LEASE_LOST when it is gone. */
int leases_renew(struct leases *leases, struct database *database, msec_t now_ms,
                 uint64_t *ret_revision, struct store_fault *ret_fault);

/* Inside a write transaction: is our lease there? -1 with STORE_LEASE_LOST when it is not. */
int leases_require_own(struct leases *leases, struct database *database,
                       struct store_fault *ret_fault);

/* Gives our lease back with its items. */
int leases_revoke(struct leases *leases, struct database *database, struct store_fault *ret_fault);

#endif
