/* SPDX-License-Identifier: Apache-2.0 */
/* orders.h: the way of an order, in four files: order_read.c (the body), orders.c (who gave it,
 * into the store, and the wait for what becomes of it), order_fate.c (what became of it), glass.c
 * (what an order means while the store is away). */
#ifndef REGIONSHIFT_CONTROL_ORDERS_H
#define REGIONSHIFT_CONTROL_ORDERS_H

#include "glass.h"
#include "server.h"

/* Reads the body; false: an error is filled. */
bool order_body_read(struct request *request, struct order *ret_order,
                     struct glass_confirm *ret_confirm);

/* What became of an order, for one group or for all it concerns; worse ones are greater. */
enum fate {
    FATE_NOTHING,  /* nothing had to be done */
    FATE_IN_FORCE, /* stands, and nothing has to move for it now */
    FATE_OBEYED,   /* by a decision */
    FATE_PENDING,  /* not known yet */
    FATE_HELD      /* a rule refuses, now */
};
const char *fate_name(enum fate fate);

/* Before an order is written: true when there is nothing to write, and a reply is filled. */
bool fate_is_known(struct request *request, const struct order *order);

/* `seen`: the order as the engine has it; NULL: not yet. final: time is up, so what holds it back
 * is named, even when it may pass soon. Returns the worst of all groups. */
enum fate fate_look(const struct control_sources *now, const struct order *order,
                    const struct order *seen, bool final);

/* Fills the reply: 200, or 409 for HELD and PENDING. stands: the order stays in force. */
void fate_reply(struct request *request, const struct order *order, const struct order *seen,
                bool stands);

#endif
