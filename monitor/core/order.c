/* SPDX-License-Identifier: Apache-2.0 */
/* Names of orders, decisions and events of alerts live where their nouns are; this file also says
 * which orders are in force (D7). */
#include "order.h"

#include <string.h>

#include "orders.h"

static const char *const verb_names[ORDER_VERB_COUNT] = {
    [ORDER_DRAIN] = "drain",           [ORDER_RESTORE] = "restore",
    [ORDER_FREEZE] = "freeze",         [ORDER_THAW] = "thaw",
    [ORDER_FAILBACK] = "failback",     [ORDER_ACK] = "ack",
    [ORDER_UNREADABLE] = "unreadable",
};

const char *order_verb_name(enum order_verb verb)
{
    return verb_names[verb];
}

int order_verb_parse(const char *name, enum order_verb *ret_verb)
{
    for (unsigned i = 0; i < ORDER_UNREADABLE; i++) { /* that one nobody says */
        if (strcmp(name, verb_names[i]) == 0) {
            *ret_verb = (enum order_verb)i;
            return 0;
        }
    }
    return -1;
}

bool order_is_local(const struct order *order)
{
    return order->create_revision == 0;
}

static bool covers(const struct order *newer, const struct order *older)
{
    return newer->group == NONE || newer->group == older->group;
}

bool order_overrules(const struct order *newer, const struct order *older)
{
    switch (newer->verb) {
    case ORDER_DRAIN:
    case ORDER_RESTORE:
        return (older->verb == ORDER_DRAIN || older->verb == ORDER_RESTORE) &&
               older->region == newer->region;
    case ORDER_FREEZE:
    case ORDER_THAW:
        return (older->verb == ORDER_FREEZE || older->verb == ORDER_THAW) && covers(newer, older);
    case ORDER_FAILBACK:
        return older->verb == ORDER_FAILBACK && covers(newer, older);
    case ORDER_ACK:
        return older->verb == ORDER_ACK && strcmp(older->incident, newer->incident) == 0;
    case ORDER_UNREADABLE:
    case ORDER_VERB_COUNT:
        break;
    }
    return false;
}

static bool lives(const struct order *order, wall_t wall)
{
    return order->until_wall == 0 || wall < order->until_wall;
}

static bool concerns(const struct order *order, uint32_t group)
{
    return order->group == NONE || order->group == group;
}

const struct order *orders_drain(const struct orders *orders, uint32_t region, wall_t wall)
{
    const struct order *drain = NULL;

    for (uint32_t i = 0; i < orders->count; i++) {
        const struct order *order = &orders->items[i];
        if (order->region != region)
            continue;
        if (order->verb == ORDER_DRAIN) /* the newest word rules, also when its time is over */
            drain = lives(order, wall) ? order : NULL;
        else if (order->verb == ORDER_RESTORE)
            drain = NULL;
    }
    return drain;
}

const struct order *orders_freeze(const struct orders *orders, uint32_t group, wall_t wall)
{
    const struct order *freeze = NULL;

    for (uint32_t i = 0; i < orders->count; i++) {
        const struct order *order = &orders->items[i];
        if (order->verb == ORDER_UNREADABLE)
            return order; /* no thaw undoes it: it may as well be a drain */
        if (!concerns(order, group))
            continue;
        if (order->verb == ORDER_FREEZE)
            freeze = lives(order, wall) ? order : NULL;
        else if (order->verb == ORDER_THAW)
            freeze = NULL;
    }
    return freeze;
}

bool order_is_obeyed(const struct order *order, uint32_t group)
{
    for (uint32_t i = 0; i < order->obeyed_count; i++) {
        if (order->obeyed[i].group == group)
            return true;
    }
    return false;
}

const struct order *orders_failback(const struct orders *orders, uint32_t group, wall_t wall,
                                    uint64_t after_revision)
{
    for (uint32_t i = orders->count; i-- > 0;) {
        const struct order *order = &orders->items[i];
        if (order->verb == ORDER_FAILBACK && concerns(order, group) && lives(order, wall) &&
            order->create_revision > after_revision && !order_is_obeyed(order, group))
            return order;
    }
    return NULL;
}

const struct order *orders_ack(const struct orders *orders, uint32_t group, const char *incident,
                               wall_t wall, uint64_t after_revision)
{
    for (uint32_t i = orders->count; i-- > 0;) {
        const struct order *order = &orders->items[i];
        if (order->verb == ORDER_ACK && strcmp(order->incident, incident) == 0 &&
            lives(order, wall) && order->create_revision > after_revision &&
            !order_is_obeyed(order, group))
            return order;
    }
    return NULL;
}

struct order *orders_find(struct orders *orders, const char *id)
{
    for (uint32_t i = 0; i < orders->count; i++) {
        if (strcmp(orders->items[i].id, id) == 0)
            return &orders->items[i];
    }
    return NULL;
}

/* What only this probe knows is newer than anything it was told. */
static bool is_before(const struct order *a, const struct order *b)
{
    if (order_is_local(a) || order_is_local(b))
        return order_is_local(b) && !order_is_local(a);
    return a->create_revision < b->create_revision;
}

bool orders_put(struct orders *orders, const struct order *order)
{
    struct order *place = orders_find(orders, order->id);
    uint32_t at;

    if (place != NULL && order_is_local(place) && !order_is_local(order)) {
        orders_remove(orders, order->id); /* the store has it now, and gave it a rank */
        place = NULL;
    }
    if (place != NULL) {
        *place = *order; /* creation does not change, so neither does its rank */
        return false;
    }
    if (orders->count == ORDERS_MAX)
        return false; /* the shell refuses new orders before this; the oldest words stand */
    for (at = orders->count; at > 0; at--) {
        if (!is_before(order, &orders->items[at - 1]))
            break;
        orders->items[at] = orders->items[at - 1];
    }
    orders->items[at] = *order;
    orders->count++;
    return true;
}

void orders_remove(struct orders *orders, const char *id)
{
    struct order *place = orders_find(orders, id);

    if (place == NULL)
        return;
    orders->count--;
    memmove(place, place + 1, (size_t)(&orders->items[orders->count] - place) * sizeof(*place));
}

uint64_t orders_newest(const struct orders *orders)
{
    uint64_t newest = 0;

    for (uint32_t i = 0; i < orders->count; i++) {
        if (orders->items[i].mod_revision > newest)
            newest = orders->items[i].mod_revision;
    }
    return newest;
}
