/* SPDX-License-Identifier: Apache-2.0 */
/* Which orders may be deleted. The store has room for so many, and an operator must always find
 * some (D7); but an order that goes too early takes an operator's word away, and one that goes
 * before those it overrules brings an older word back. So who is in doubt keeps it. */
#include "order.h"
#include "orders.h"

/* Failback and ack are done once; of all groups, each does it. */
static bool is_done(const struct order *order, uint32_t group_count)
{
    if (order->verb == ORDER_ACK)
        return order->obeyed_count > 0; /* an incident is one group's */
    if (order->group != NONE)
        return order_is_obeyed(order, order->group);
    for (uint32_t g = 0; g < group_count; g++) {
        if (!order_is_obeyed(order, g))
            return false;
    }
    return true;
}

static bool has_no_effect(const struct order *order, uint32_t group_count)
{
    switch (order->verb) {
    case ORDER_RESTORE:
    case ORDER_THAW:
        return true; /* nothing older stands that it undoes */
    case ORDER_FAILBACK:
    case ORDER_ACK:
        return is_done(order, group_count);
    case ORDER_DRAIN:
    case ORDER_FREEZE:
    case ORDER_UNREADABLE:
    case ORDER_VERB_COUNT:
        break;
    }
    return false;
}

/* An older order would come into force again without this one. A thaw of one group overrules no
 * freeze of all, and still undoes it for that group. */
static bool holds_down(const struct order *order, const struct order *older)
{
    bool freezes = order->verb == ORDER_FREEZE || order->verb == ORDER_THAW;

    if (older->create_revision >= order->create_revision)
        return false;
    return order_overrules(order, older) ||
           (freezes && older->verb == ORDER_FREEZE && older->group == NONE);
}

/* By our wall clock, and by none: we have known it for all its time, or for a day. A clock can run
 * ahead by days, and the store believes whoever deletes. */
static bool is_long_over(const struct order *order, wall_t wall, msec_t seen_ms)
{
    wall_t length_ms = order->until_wall - order->at_wall;

    return order->until_wall != 0 && wall - order->until_wall > ORDER_KEPT_MS &&
           seen_ms >= (length_ms < ORDER_KEPT_MS ? length_ms : ORDER_KEPT_MS);
}

bool order_is_spent(const struct order *order, const struct order_list *list, uint32_t group_count,
                    wall_t wall, msec_t seen_ms)
{
    bool is_needed = !list->is_whole;

    for (uint32_t i = 0; i < list->count; i++) {
        const struct order *other = list->orders[i];

        if (other->create_revision > order->create_revision && order_overrules(other, order))
            return true;
        is_needed |= holds_down(order, other);
    }
    if (is_needed)
        return false;
    if (is_long_over(order, wall, seen_ms))
        return true;
    return seen_ms >= ORDER_SETTLED_MS && has_no_effect(order, group_count);
}
