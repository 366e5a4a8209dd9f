/* SPDX-License-Identifier: Apache-2.0 */
/* The store as it is, for those who look on (world.h): no reading of any probe. */
#include <string.h>

#include "world_state.h"

static bool stands(const struct sim_item *item, struct world_value *ret_value)
{
    const struct sim_version *version = sim_item_standing(item);

    if (version == NULL)
        return false;
    *ret_value =
        (struct world_value){version->text, version->create_revision, version->mod_revision};
    return true;
}

int world_store_get(const struct world *world, const char *key, struct world_value *ret_value)
{
    return stands(sim_store_find(&world->store, key), ret_value) ? 0 : -1;
}

void world_store_each(const struct world *world, const char *prefix,
                      void (*visit)(void *context, const char *key,
                                    const struct world_value *value),
                      void *context)
{
    struct world_value value;

    for (uint32_t i = sim_store_place(&world->store, prefix); i < world->store.count; i++) {
        const struct sim_item *item = world->store.items[i];
        if (strncmp(item->name, prefix, strlen(prefix)) != 0)
            break;
        if (stands(item, &value))
            visit(context, item->name, &value);
    }
}
