/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of store, Route 53 and sinks in their plain form: those that sim_store.c and sim_zone.c
 * already know as switches. */
#include "world_state.h"

void sim_store_act(struct world *world, const struct action *action)
{
    if (action->kind == ACTION_STORE_DOWN || action->kind == ACTION_STORE_UP) {
        world_store(world, action->kind == ACTION_STORE_UP, NONE);
        world_store_readonly(world, false);
    } else if (action->kind == ACTION_STORE_READONLY) {
        world_store_readonly(world, true);
    } else if (action->kind == ACTION_STORE_BACKUP) {
        world_store_save(world);
    } else if (action->kind == ACTION_STORE_ROLLBACK && world->saved != NULL) {
        world_store_rollback(world);
    }
}

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

void sim_sinks_act(struct world *world, const struct action *action)
{
    world->sinks_down = action->kind == ACTION_SINKS_DOWN;
}
