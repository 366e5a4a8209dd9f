/* SPDX-License-Identifier: Apache-2.0 */
/* The store as it is, for those who look on (world.h): no reading of any probe. */
#include <string.h>

#include "world_state.h"

static bool stands(const struct sim_item *item, struct world_value *ret_value)
{
    if (item == NULL || item->value == NULL)
        return false;
    *ret_value = (struct world_value){item->value, item->create_revision, item->mod_revision};
    return true;
}

int world_store_get(const struct world *world, const char *key, struct world_value *ret_value)
{
    const struct sim_item *item = sim_store_find((struct sim_store *)(uintptr_t)&world->store, key);

    return stands(item, ret_value) ? 0 : -1;
}

void world_store_each(const struct world *world, const char *prefix,
                      void (*visit)(void *context, const char *key,
                                    const struct world_value *value),
                      void *context)
{
    struct world_value value;

    for (uint32_t i = 0; i < world->store.count; i++) {
        const struct sim_item *item = &world->store.items[i];
        if (strncmp(item->key, prefix, strlen(prefix)) == 0 && stands(item, &value))
            visit(context, item->key, &value);
    }
}
