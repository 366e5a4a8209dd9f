/* SPDX-License-Identifier: Apache-2.0 */
/* orders.h: the operators' words known now, oldest first, and which of them are in force. */
#ifndef REGIONSHIFT_CORE_ORDERS_H
#define REGIONSHIFT_CORE_ORDERS_H

#include "order.h"

struct orders {
    struct order items[ORDERS_MAX]; /* by create_revision, the local ones last */
    uint32_t count;
};

/* Takes an order as seen in the store; true when it was not known before. */
bool orders_put(struct orders *orders, const struct order *order);
void orders_remove(struct orders *orders, const char *id);

/* The order of an id, or NULL. */
struct order *orders_find(struct orders *orders, const char *id);

/* The order that drains a region now, or NULL. A later restore undoes it. */
const struct order *orders_drain(const struct orders *orders, uint32_t region, wall_t wall);
/* The order that freezes a group now, or NULL. */
const struct order *orders_freeze(const struct orders *orders, uint32_t group, wall_t wall);
/* The newest failback order for a group that waits to be obeyed, or NULL. Only one given after a
 * revision counts, here and below: an older word was about an older state. */
const struct order *orders_failback(const struct orders *orders, uint32_t group, wall_t wall,
                                    uint64_t after_revision);
/* The newest unobeyed ack of an incident, or NULL. */
const struct order *orders_ack(const struct orders *orders, uint32_t group, const char *incident,
                               wall_t wall, uint64_t after_revision);

/* The newest revision of any of them: above the store's as told, more may be on their way. */
uint64_t orders_newest(const struct orders *orders);

bool order_is_obeyed(const struct order *order, uint32_t group);

#endif
