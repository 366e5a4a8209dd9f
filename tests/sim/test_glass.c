/* SPDX-License-Identifier: Apache-2.0 */
/* Break-glass (D7): a region drained by one probe on an operator's word, while the store is away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pizza.h"
#include "world_state.h"

enum { AWAY_MS = 20000 /* every lease and reading is older then: all probes know it is away */ };

#define TRACE_GLASS (TRACE_MOVES | WORLD_TRACE(FACT_GLASS))

static const struct world_order drain_east = {
    .verb = ORDER_DRAIN, .region = "us-east-1", .override = true};

/* A settled world whose store has been away for some time. */
static struct world *storeless(const char *settings)
{
    struct world *world = pizza_world_traced(settings, TRACE_GLASS, NONE);

    world_store(world, false, NONE);
    run_for(world, AWAY_MS);
    return world;
}

static void store_returns(struct world *world)
{
    world_store(world, true, NONE);
}

START_TEST(x)
{
    struct world *world = storeless(PIZZA("hold = 20;"));

    ck_assert(world_break_glass(world, USE1, &drain_east));
    run_for(world, 60000);
    store_returns(world);
    run_for(world, 120000);
    printf("%s", world_traced(world));
    expect_weights(world, "0/100 0/100");
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("break-glass", x);
}
