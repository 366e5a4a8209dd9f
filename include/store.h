/* SPDX-License-Identifier: Apache-2.0 */
/* store.h: what the probes share. Six asynchronous calls over a small ordered map with revisions.
 *
 * Semantics are etcd's, so that the engine of many machines fits: one revision counter for the
 * whole store, each write raises it by one (all writes of a transaction share one revision); an
 * item knows the revision of its creation and of its last modification; a leased item vanishes
 * when its owner's lease is not renewed in time.
 *
 * Callbacks come from the loop, never from inside the call, exactly once for each call (a watch:
 * many times), also when the store is closed (STORE_AWAY). Data handed to a callback is valid
 * during it only. Keys are relative: the prefix of the settings is the implementation's affair.
 *
 * S2: no status of the store is evidence about a region. STORE_AWAY on a write means "perhaps
 * done": read, never assume. */
#ifndef REGIONSHIFT_STORE_H
#define REGIONSHIFT_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outcome.h"
#include "settings.h"
#include "units.h"

/* Limits of the interface: a bigger call is a programmer's error. */
enum {
    STORE_KEY_MAX = 255,
    STORE_VALUE_MAX = 64 * 1024,
    STORE_COMPARES_MAX = 128, /* the votes of 64 probes, head, budget, orders; etcd's own limit */
    STORE_PUTS_MAX = 80
};

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct store_item {
    const char *key;
    const char *value; /* NUL-terminated for convenience; length counts */
    size_t length;
    uint64_t create_revision;
    uint64_t mod_revision;
};

/* Everything under a prefix at one revision, ordered by key. */
struct store_view {
    uint64_t revision;
    uint64_t since; /* of a watch: all that changed after this revision is here; of a read: 0 */
    const struct store_item *items;
    size_t count;
};

enum store_compare_kind {
    STORE_MOD_IS,          /* key's mod_revision == revision; 0: the key is absent */
    STORE_CREATE_IS,       /* key's create_revision == revision; 0: absent */
    STORE_PREFIX_NOT_AFTER /* no key under this prefix has a mod_revision > revision */
};

struct store_compare {
    enum store_compare_kind kind;
    const char *key;
    uint64_t revision;
};

struct store_put {
    const char *key;
    const char *value; /* NULL: delete the key */
    size_t length;
    bool leased;
};

struct store_txn {
    const struct store_compare *compares;
    size_t compare_count;
    const struct store_put *puts;
    size_t put_count;
};

/* error: a sentence for the operator when status is not OK or CONFLICT, else "". */
typedef void (*store_view_done)(void *context, enum store_status status,
                                const struct store_view *view, const char *error);
/* revision: of the write, when OK. */
typedef void (*store_write_done)(void *context, enum store_status status, uint64_t revision,
                                 const char *error);
/* One notification of a watch: what changed, deletions with value NULL. status other than OK: the
 * watch lost touch and goes on trying; on the next OK read everything again (S1: a hint). */
typedef void (*store_watch_event)(void *context, enum store_status status,
                                  const struct store_view *changes, const char *error);

struct store;

/* Opens a store for one probe. owner names the lease ("use1"). Opening never blocks; a store that
 * cannot be reached says so in each call, with the path and the reason. Returns 0 or -errno. */
int store_open(uv_loop_t *loop, const struct store_settings *settings, const char *owner,
               struct store **ret_store);

/* 1. Linearizable read of all keys that begin with prefix. */
void store_get(struct store *store, const char *prefix, store_view_done done, void *context);
/* The same, without what begins with `but`, which begins with prefix and is longer. */
void store_get_but(struct store *store, const char *prefix, const char *but, store_view_done done,
                   void *context);

/* 2. Writes one key; leased: it lives as long as this store's lease. */
void store_put(struct store *store, const char *key, const char *value, size_t length, bool leased,
               store_write_done done, void *context);

/* 3. All compares hold: all puts at one revision. Otherwise STORE_CONFLICT and nothing. A key is
 * written at most once in a transaction. Deleting what is absent changes nothing, and a transaction
 * that changes nothing raises no revision. */
void store_txn(struct store *store, const struct store_txn *txn, store_write_done done,
               void *context);

/* 4. Tells changes under prefix from now on, including the lapse of leases. One watch per store.
 * Own writes are told as well. */
void store_watch(struct store *store, const char *prefix, store_watch_event event, void *context);

/* 5. Renews (first time, or after a loss: grants) this store's lease for settings' lease_ms. OK:
 * the lease lives at least until lease_ms after the moment this call was made. */
void store_renew(struct store *store, store_write_done done, void *context);

/* 6. Deletes one key; OK also when it was absent. */
void store_delete(struct store *store, const char *key, store_write_done done, void *context);

/* Gives the lease back (its keys vanish at once, best effort), fails what is pending with
 * STORE_AWAY, closes; no call may follow. `closed` (may be NULL) runs from the loop when nothing is
 * left. Accepts NULL: then `closed` runs at once. */
void store_close(struct store *store, void (*closed)(void *context), void *context);

/* What an engine of the store implements; store.c dispatches to it. */
struct store_kind_ops {
    const char *name;
    int (*open)(uv_loop_t *loop, const struct store_settings *settings, const char *owner,
                struct store **ret_store);
    void (*get)(struct store *, const char *prefix, const char *but, store_view_done, void *);
    void (*txn)(struct store *, const struct store_txn *, store_write_done, void *);
    void (*watch)(struct store *, const char *prefix, store_watch_event, void *);
    void (*renew)(struct store *, store_write_done, void *);
    void (*close)(struct store *, void (*closed)(void *), void *);
};

extern const struct store_kind_ops store_sqlite;
extern const struct store_kind_ops store_etcd;

#endif
