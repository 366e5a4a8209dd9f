/* SPDX-License-Identifier: Apache-2.0 */
/* order.h: an operator's word (rule D7). Stored at v1/orders/ID; in force from its creation until
 * undone (restore undoes drain, thaw undoes freeze), obeyed (failback, ack) or until `until`.
 *
 * A local order is known to one probe only: given while the store was away (break-glass), kept on
 * that probe's disk, and put into the store when it answers. It has no revision yet. */
#ifndef REGIONSHIFT_ORDER_H
#define REGIONSHIFT_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "decision.h"

enum order_verb {
    ORDER_DRAIN,
    ORDER_RESTORE,
    ORDER_FREEZE,
    ORDER_THAW,
    ORDER_FAILBACK,
    ORDER_ACK,
    ORDER_UNREADABLE, /* stands in the store, and what it says cannot be read here: as it may be a
                         freeze, it freezes every group; nobody gives it. `reason` says why */
    ORDER_VERB_COUNT
};

const char *order_verb_name(enum order_verb verb);
int order_verb_parse(const char *name, enum order_verb *ret_verb);

enum {
    ORDERS_MAX = 128,      /* known at one time */
    ORDERS_GIVEN_MAX = 96, /* in the store when one is given: several may be, at once */
    ORDER_REASON_MAX = 200,
    ORDER_BY_MAX = 63,
    ORDER_OBEYED_MAX = 64 /* groups one order is marked obeyed by; further ones are not marked */
};

/* Which epoch of which group obeyed it. */
struct order_obeyed {
    uint32_t group;
    uint64_t epoch;
};

struct order {
    char id[ORDER_ID_MAX + 1];
    enum order_verb verb;
    uint32_t region;                 /* drain, restore; else NONE */
    uint32_t group;                  /* freeze, thaw, failback; NONE: all groups */
    char incident[INCIDENT_MAX + 1]; /* ack */
    bool override;
    char by[ORDER_BY_MAX + 1]; /* "root (uid 0)" from the socket's peer credentials */
    char reason[ORDER_REASON_MAX + 1];
    wall_t at_wall;
    wall_t until_wall;        /* 0: no end */
    uint64_t create_revision; /* 0: a local order */
    uint64_t mod_revision;
    struct order_obeyed obeyed[ORDER_OBEYED_MAX];
    uint32_t obeyed_count;
};

bool order_is_local(const struct order *order);

/* The newest word rules: an older order about the same thing says nothing any more. */
bool order_overrules(const struct order *newer, const struct order *older);

enum {
    ORDER_SETTLED_MS = 3600 * 1000,  /* what has no effect any more is shown for an hour */
    ORDER_KEPT_MS = 24 * 3600 * 1000 /* after its end, by a wall clock; and known as it is for as
                                        long, or for all its time: clocks may be wrong */
};

/* The orders that stand in the store, as far as they can be read. */
struct order_list {
    const struct order *const *orders;
    uint32_t count;
    bool is_whole; /* nothing stands there that is unreadable, or about what we do not name */
};

/* Nobody needs this order any more: a newer one overrules it; or it has no effect and holds no
 * older one down: undone what it was to undo, obeyed by all its groups, or ended. seen_ms: for how
 * long it has been known as it is. */
bool order_is_spent(const struct order *order, const struct order_list *list, uint32_t group_count,
                    wall_t wall, msec_t seen_ms);

#endif
