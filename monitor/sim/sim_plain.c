/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of store, Route 53 and sinks in their plain form: those that sim_store.c and sim_zone.c
 * already know as switches. */
#include "world_state.h"

void sim_zone_act(struct world *world, const struct action *action)
{
    if (action->kind == ACTION_ROUTE53_OK)
        world_zone(world, ZONE_OK);
    else if (action->kind == ACTION_ROUTE53_DOWN)
        world_zone(world, ZONE_DOWN);
    else if (action->kind == ACTION_ROUTE53_THROTTLE)
        world_zone(world, ZONE_THROTTLE);
    else if (action->kind == ACTION_ROUTE53_LOSE_REPLY)
        world_zone(world, ZONE_LOSE_REPLY);
    else if (action->kind == ACTION_ROUTE53_LATE)
        world_zone_late(world, action->value);
    else if (action->kind == ACTION_ROUTE53_DENY)
        world_zone(world, ZONE_DENY);
}
