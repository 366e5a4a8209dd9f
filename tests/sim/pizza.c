/* SPDX-License-Identifier: Apache-2.0 */
#include "pizza.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "invariants.h"

/* They look on in the newest worlds: every trace is a run in which nothing may be violated. A test
 * has few worlds at a time; the guard of one that is long gone gives its place to the next. */
enum { GUARDS = 8 };
static struct invariants *guards[GUARDS];
static unsigned guarded;

static void guard(struct world *world)
{
    struct invariants **place = &guards[guarded++ % GUARDS];

    invariants_destroy(*place);
    *place = invariants_create(world);
}

static void expect_no_violation(void)
{
    for (unsigned i = 0; i < GUARDS; i++) {
        const struct violation *violation =
            guards[i] == NULL ? NULL : invariants_violation(guards[i]);
        if (violation != NULL)
            ck_abort_msg("%s at %" PRId64 ": %s", violation->id, violation->at_ms, violation->text);
    }
}

struct world *pizza_world(const char *settings)
{
    struct world *world = NULL;
    char error[512] = "";

    ck_assert_msg(world_create(settings, error, sizeof(error), &world) == 0, "settings: %s", error);
    guard(world);
    world_run(world, 5000);
    world_init_groups(world);
    world_run(world, SETTLED_MS);
    world_trace_clear(world);
    return world;
}

struct world *pizza_world_traced(const char *settings, uint64_t codes, uint32_t probe)
{
    struct world *world = pizza_world(settings);

    world_trace(world, codes, probe);
    return world;
}

void factory_dies(struct world *world)
{
    world_site(world, "factory/us-east-1", SITE_REFUSE, NONE);
}

void factory_heals(struct world *world)
{
    world_site(world, "factory/us-east-1", SITE_OK, NONE);
}

void region_dies(struct world *world, const char *region, enum site_mode mode)
{
    char site[64];

    snprintf(site, sizeof(site), "pizza/%s", region);
    world_site(world, site, mode, NONE);
    snprintf(site, sizeof(site), "factory/%s", region);
    world_site(world, site, mode, NONE);
}

void run_for(struct world *world, msec_t ms)
{
    world_run(world, world_now(world) + ms);
    expect_no_violation();
}

void run_until(struct world *world, const char *words, msec_t limit_ms)
{
    msec_t end_ms = world_now(world) + limit_ms;

    while (strstr(world_traced(world), words) == NULL) {
        if (world_now(world) >= end_ms)
            ck_abort_msg("no \"%s\" within %d ms; seen:\n%s", words, (int)limit_ms,
                         world_traced(world));
        run_for(world, 1);
    }
}

void order(struct world *world, enum order_verb verb, const char *region)
{
    world_order(world, &(struct world_order){.verb = verb, .region = region});
}

void order_group(struct world *world, enum order_verb verb)
{
    world_order(world, &(struct world_order){.verb = verb, .group = "jwt-pizza"});
}

struct world *moved_and_healed(const char *settings)
{
    struct world *world = pizza_world(settings);

    factory_dies(world);
    run_for(world, 60000);
    expect_weights(world, "0/100 0/100");
    factory_heals(world);
    return world;
}

void flip(struct world *world, const char *from, const char *to)
{
    region_dies(world, to, SITE_OK);
    run_for(world, 120000);
    region_dies(world, from, SITE_REFUSE);
    run_for(world, 60000);
}

msec_t proposal_ms(const char *settings)
{
    struct world *world = pizza_world_traced(settings, WORLD_TRACE(FACT_PROPOSED), NONE);
    msec_t at_ms;

    factory_dies(world);
    run_until(world, "proposed", 60000);
    at_ms = world_now(world);
    world_destroy(world);
    return at_ms;
}

void expect_trace(struct world *world, const char *golden)
{
    const char *seen = world_traced(world);

    expect_no_violation();
    if (strcmp(seen, golden) != 0)
        ck_abort_msg("the trace differs\n--- wanted\n%s--- seen\n%s", golden, seen);
    world_trace_clear(world);
}

void expect_traced(struct world *world, const char *words, uint32_t times)
{
    uint32_t seen = 0;

    for (const char *at = world_traced(world); (at = strstr(at, words)) != NULL; at++)
        seen++;
    if (seen != times)
        ck_abort_msg("\"%s\" stands %u times, not %u, in\n%s", words, seen, times,
                     world_traced(world));
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

void expect_sound(struct world *world)
{
    ck_assert_msg(world_kept_weight(world), "a batch left a service without weight (C5)");
    ck_assert_msg(world_epochs_rose(world), "a batch did not raise the epoch (C2)");
}

void look(struct world *world, struct group_view *ret_view)
{
    uint32_t probe = 0;

    while (world_engine(world, probe) == NULL)
        probe++;
    engine_group(world_engine(world, probe), 0, ret_view);
}

const struct gate *find_gate(const struct group_view *view, const char *name)
{
    for (uint32_t i = 0; i < view->gate_count; i++) {
        if (strcmp(view->gates[i].name, name) == 0)
            return &view->gates[i];
    }
    return NULL;
}
