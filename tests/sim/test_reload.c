/* SPDX-License-Identifier: Apache-2.0 */
/* What a probe goes on knowing when its settings are replaced, and what stays wrong while nobody
 * can say that it is right again. */
#include "pizza.h"

/* An engine that took over from the probe's own, and has had nothing but its start. */
static enum blindness blindness_after_reload(struct world *world)
{
    struct event start = {.kind = EVENT_START, .at_ms = world_now(world)};
    enum blindness blindness;
    struct update update;
    struct engine *engine;

    ck_assert_int_eq(
        engine_create(world_settings(world), false, world_engine(world, USE1), &engine), 0);
    engine_step(engine, &start, &update);
    blindness = engine_blindness(engine);
    engine_destroy(engine);
    return blindness;
}

/* V5: otherwise a reload of all probes at once would leave nobody who sees. */
START_TEST(a_reload_does_not_make_a_probe_blind)
{
    struct world *world = pizza_world(PIZZA("hold = 20;"));

    ck_assert_int_eq(blindness_after_reload(world), BLIND_NOT);
    world_references(world, false, USE1);
    run_for(world, 60000);
    ck_assert_int_eq(blindness_after_reload(world), BLIND_REFERENCES);
    world_destroy(world);
}
END_TEST

/* A4, L2: who falls silent says nothing of the region. */
START_TEST(an_undecided_region_does_not_resolve_its_incident)
{
    struct world *world = pizza_world_traced(PIZZA("hold = 20;"), WORLD_TRACE(FACT_ALERT), USE1);

    factory_dies(world);
    run_until(world, "event=region_down phase=open", 30000);
    world_kill(world, USW2);
    world_kill(world, FRA);
    run_for(world, 60000);
    expect_traced(world, "phase=resolved incident=jwt-pizza.us-east-1.region_down", 0);
    world_start(world, USW2);
    world_start(world, FRA);
    run_for(world, 60000);
    expect_traced(world, "phase=resolved incident=jwt-pizza.us-east-1.region_down", 0);
    expect_traced(world, "event=region_down phase=open", 1);
    factory_heals(world);
    run_for(world, 60000);
    expect_traced(world, "phase=resolved incident=jwt-pizza.us-east-1.region_down", 1);
    world_destroy(world);
}
END_TEST

int main(void)
{
    return RUN_TESTS("reload", a_reload_does_not_make_a_probe_blind,
                     an_undecided_region_does_not_resolve_its_incident);
}
