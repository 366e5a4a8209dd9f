/* SPDX-License-Identifier: Apache-2.0 */
#include "pizza.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct world *pizza_world(const char *settings)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_msg(world_create(settings, error, sizeof(error), &world) == 0, "settings: %s", error);
    world_run(world, 5000);
    world_init_groups(world);
    world_run(world, SETTLED_MS);
    world_trace_clear(world);
    return world;
}

void expect_trace(struct world *world, const char *golden)
{
    const char *seen = world_traced(world);

    if (strcmp(seen, golden) != 0)
        ck_abort_msg("the trace differs\n--- wanted\n%s--- seen\n%s", golden, seen);
    world_trace_clear(world);
}

void expect_weights(struct world *world, const char *weights)
{
    const struct settings *settings = world_settings(world);
    char seen[256] = "";
    size_t used = 0;

    for (uint32_t i = 0; i < settings->site_count && used < sizeof(seen); i++) {
        bool same = i > 0 && settings->sites[i].service == settings->sites[i - 1].service;
        int n = snprintf(seen + used, sizeof(seen) - used, "%s%d",
                         i == 0 ? ""
                         : same ? "/"
                                : " ",
                         world_weight(world, settings->sites[i].name));
        used += n > 0 ? (size_t)n : 0;
    }
    ck_assert_str_eq(seen, weights);
}
