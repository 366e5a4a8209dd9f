/* SPDX-License-Identifier: Apache-2.0 */
/* sim_store.h: the store, and each daemon's board before it (io/board.c).
 *
 * The store keeps every value of a key for a while, as etcd does: a reading on its way back, a late
 * notification, a stale member and a backup are all "the store as it was at revision R". */
#ifndef REGIONSHIFT_SIM_SIM_STORE_H
#define REGIONSHIFT_SIM_SIM_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "claim.h"
#include "dice.h"
#include "keys.h"
#include "order.h"
#include "outcome.h"
#include "update.h"

struct world;
struct pending;
struct action;

/* ---- the store ---- */

/* A value of a key, until the next one replaced it. */
struct sim_version {
    struct sim_version *older; /* NULL: none, or too old to be kept */
    char *text;                /* NULL: the key is absent */
    uint64_t digest;           /* of the text */
    uint64_t create_revision;
    uint64_t mod_revision;
    uint64_t lease;                          /* 0: none */
    msec_t replaced_ms;                      /* INT64_MAX: it stands */
    void *reading;                           /* what the codec made of it; or NULL. A claim, or: */
    char read_under[FINGERPRINT_LENGTH + 1]; /* these settings */
    enum value_form form;                    /* when there is no reading: why not */
};

struct sim_item {
    char *name;
    struct key key;
    struct sim_version *newest;
};

struct sim_lease {
    uint64_t id;
    uint32_t probe;
    msec_t until_ms;
};

struct sim_leases {
    struct sim_lease *list;
    uint32_t count;
    uint32_t room;
};

struct sim_store {
    struct sim_item **items; /* by name */
    uint32_t count;
    uint32_t room;
    struct sim_item **scratch; /* as many: what is being told */
    uint32_t gone;             /* keys that were removed, and are still here for late readers */
    msec_t tidy_at_ms;         /* not before */
    uint64_t revision;
    uint64_t era; /* raised when the store is set back: what it said before is lost on its way */
    struct sim_leases leases;
    uint64_t lease_ids; /* never used twice, as etcd's */
    bool has_backup;
    uint64_t backup_revision;
    struct sim_leases backup_leases;
    bool down;
    bool readonly;
    bool stale;
    uint64_t stale_revision;
    bool watch_lost;
    bool watch_duplicate;
    msec_t slow_ms;
    struct dice dice;
};

enum sim_call_kind {
    CALL_READ,
    CALL_RENEW,
    CALL_PUT,
    CALL_DELETE,
    CALL_COMMIT,
    CALL_ORDER, /* puts a local order */
    CALL_ASK,   /* reads a claim */
    CALL_CLAIM, /* writes one, comparing */
    CALL_PRUNE  /* deletes an order, if none changed meanwhile */
};

/* A request of a daemon: what it asks, and, on the way back, what became of it. */
struct sim_call {
    enum sim_call_kind kind;
    uint32_t probe;
    uint32_t life;
    uint32_t index;    /* of a leased key, a group, an alert: for the asker */
    uint64_t lease;    /* renew (0: grant one), put */
    uint64_t compared; /* claim: the revision it must still have; prune: that no order is after */
    const char *name;  /* put, claim, delete */
    const char *text;  /* put, claim; NULL: deletes */
    const struct commit *commit;
    const struct order *order; /* put, if none is newer than `compared` */
    msec_t asked_ms;           /* world time */
    msec_t back_ms;            /* what the way back adds */
    bool answered;             /* false: the way back is closed */
    void *owned;               /* the memory of a call that is on its way; or NULL */
};

/* Sends a call; its answer comes as PENDING_ANSWER, after the daemon's limit at the latest. */
void sim_store_call(struct world *world, struct sim_call *call);
/* PENDING_CALL: it arrives. */
void sim_store_arrive(struct world *world, struct sim_call *call);
void sim_call_destroy(struct sim_call *call);

/* Expires leases, forgets what nobody can ask for any more. Returns when to come again: after some
 * LEASE_SWEEP_MS, before which no lease can end. */
msec_t sim_store_sweep(struct world *world);
/* An operator's order, by way of some daemon: puts it, and deletes those it makes void (as
 * board_put_order() does); tries again later when the store does not take it. */
void sim_store_order(struct world *world, const struct order *order);
/* Gives those that the store did not take, oldest first. */
void sim_store_orders(struct world *world);
/* The lease that a probe's newest process holds in the store lives until then; 0: it is gone. */
msec_t sim_store_lease_until(const struct world *world, uint32_t probe);
/* Down, up, slow, stale, readonly, backup, rollback, watch-lost, watch-duplicate, leases-lost. */
void sim_store_act(struct world *world, const struct action *action);
/* A probe's votes are written over, by hand and without a lease, with what is no vote. */
void sim_store_garbage(struct world *world, uint32_t probe);
void sim_store_make(struct world *world);
void sim_store_destroy(struct sim_store *store);

/* A new revision, of which all will hear; and what is written at it: text NULL removes. */
uint64_t sim_store_begin(struct world *world);
void sim_store_put(struct world *world, const char *name, const char *text, uint64_t lease,
                   uint64_t revision);
uint64_t sim_store_grant(struct world *world, uint32_t probe);
struct sim_lease *sim_store_lease(struct sim_store *store, uint64_t id); /* NULL: it is gone */
/* The value that stands; NULL: none, or no item. */
struct sim_version *sim_item_standing(const struct sim_item *item);
struct sim_item *sim_store_find(const struct sim_store *store, const char *name);
/* The value at a revision; NULL: the key was absent. */
struct sim_version *sim_item_at(const struct sim_item *item, uint64_t revision);
/* The first item whose name is not below. */
uint32_t sim_store_place(const struct sim_store *store, const char *name);
/* The revision that readings show. */
uint64_t sim_store_shown(const struct sim_store *store);

/* ---- the board ---- */

struct sim_known {
    uint64_t revision;
    uint64_t digest;      /* of the value */
    bool present;         /* told as present */
    bool seen;            /* in the reading that is being told */
    enum value_form form; /* of what stands there, when it cannot be read */
};

struct sim_known_order {
    struct sim_known known;
    char id[ORDER_ID_MAX + 1];
    msec_t since_ms; /* when it was first seen as it is */
};

/* A leased key of ours: what should stand there. */
struct sim_leased {
    char *text;        /* NULL: nothing */
    uint64_t revision; /* as we wrote it last */
    bool dirty;
    bool in_flight;
};

struct sim_board {
    struct sim_known *votes;    /* elector x group */
    struct sim_known *suspects; /* by elector */
    struct sim_known *heads;    /* by group */
    struct sim_known budget;
    struct sim_known_order *orders; /* ORDERS_MAX */
    uint32_t order_count;
    struct sim_leased *leased; /* votes by group, then suspects */
    uint64_t revision;
    uint64_t reads; /* whole ones */
    uint64_t read_floor;
    uint64_t synced; /* the store as it was then, in that era, has been told whole */
    uint64_t synced_era;
    bool reading;
    bool read_again;
    bool read_once;
    uint64_t told_floor; /* as the daemon's board has them */
    bool rewritten;
    bool watch_lost;
    uint64_t lease; /* its id; 0: none */
    bool lease_alive;
    bool renewing;
    msec_t renewed_ms; /* by its own clock */
    uint32_t read_timer;
    uint32_t renew_timer; /* which of the timers set counts */
    enum store_status read_status;
    enum store_status write_status;
    uint64_t watch_sent; /* notifications up to here have left, or were lost */
    msec_t watch_due_ms; /* the newest of them, and its place in the queue */
    uint32_t watch_place;
};

void sim_board_start(struct world *world, uint32_t probe);
void sim_board_stop(struct world *world, uint32_t probe);
/* The store changed: a notification leaves for this probe. */
void sim_board_notify(struct world *world, uint32_t probe);
/* The connection broke (lost), or stands again. */
void sim_board_watch(struct world *world, uint32_t probe, bool lost);
/* PENDING_READ, _RENEW, _WATCH, _ANSWER. */
void sim_board_happen(struct world *world, const struct pending *pending);
/* Reads everything, now or as soon as the reading under way has ended. */
void sim_board_read(struct world *world, uint32_t probe);
void sim_board_note_write(struct world *world, uint32_t probe, enum store_status status);
void sim_board_lease_lost(struct world *world, uint32_t probe);

/* sim_board_tell.c: tells what is news. */
void sim_tell_all(struct world *world, uint32_t probe, uint64_t revision);
void sim_tell_changes(struct world *world, uint32_t probe, uint64_t from, uint64_t to);
/* Everything is news again. */
struct sim_probe;
void sim_tell_forget(struct sim_probe *probe);

/* sim_board_write.c */
void sim_board_flush(struct world *world, uint32_t probe);
void sim_board_leased(struct world *world, const struct pending *pending);
void sim_board_committed(struct world *world, const struct pending *pending);
void sim_board_prune(struct world *world, uint32_t probe, uint64_t revision);
/* What is known of an order; NULL: nothing. */
const struct sim_known_order *sim_known_order(const struct sim_board *board, const char *id);
void sim_store_publish(struct world *world, uint32_t probe, const struct update *update);
void sim_store_commit(struct world *world, uint32_t probe, const struct commit *commit);
void sim_store_keep(struct world *world, uint32_t probe, const struct update *update);

#endif
