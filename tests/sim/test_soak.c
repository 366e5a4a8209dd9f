/* SPDX-License-Identifier: Apache-2.0 */
/* Random faults, a few hundred worlds of them. While they last: no batch takes the last weight,
 * reuses an epoch, moves traffic without cause, writes over a human or against a freeze. When they
 * are over: zone and head agree, and the next dead region is left.
 *
 *     SOAK_SEED=17 tests/sim/test_soak      one world again
 *     SOAK_SEEDS=100000 tests/sim/test_soak more of them */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "faults.h"

enum { WORLDS = 300 };

#define SOAK_LIMITS "limits = { budget = 60; window = \"1h\"; };"

/* Each seed plays under one of these. */
static const char *const variants[] = {
    SOAK_LIMITS PIZZA("hold = 10; dwell = 30;"),
    SOAK_LIMITS PIZZA("hold = 10; dwell = 30; drift = \"adopt\";"),
    SOAK_LIMITS PIZZA_TWO_ZONES("hold = 10; dwell = 30;"),
    SOAK_LIMITS PIZZA_APART("hold = 10; dwell = 30;"),
};

/* One world by its seed also tells what happened in it. */
static void say_how_to_repeat(const struct truth *truth)
{
    if (getenv("SOAK_SEED") != NULL)
        fputs(world_traced(truth->world), stderr);
    fprintf(stderr, "repeat: SOAK_SEED=%" PRIu64 " tests/sim/test_soak\n", truth->seed);
}

#define BROKEN(truth, ...)                                                                         \
    do {                                                                                           \
        say_how_to_repeat(truth);                                                                  \
        ck_abort_msg(__VA_ARGS__);                                                                 \
    } while (0)

/* ---- the oracle: may this batch be sent? ---- */

/* Did so many probes see a site of the region bad, a short time ago? */
static bool was_bad(const struct truth *truth, const char *region)
{
    for (int k = 0; k < SITES; k++) {
        int seen = 0;
        if (strstr(fault_site_names[k], region) == NULL)
            continue;
        for (int p = 0; p < PROBES; p++)
            seen += truth->bad[p][k] || (truth->bad_ms[p][k] >= 0 &&
                                         world_now(truth->world) - truth->bad_ms[p][k] < 90000);
        if (seen >= 2)
            return true;
    }
    return false;
}

/* Which regions lose weight in a batch: what is deleted with weight and comes back with less. */
static bool loses(const struct batch *batch, const char *region)
{
    for (uint32_t i = 0; i + 1 < batch->item_count; i++) {
        const struct record_set *old = &batch->items[i].set;
        const struct record_set *new = &batch->items[i + 1].set;
        if (old->weight > 0 && strstr(old->set, region) != NULL && new->weight < old->weight &&
            strcmp(old->set, new->set) == 0)
            return true;
    }
    return false;
}

static bool shifts(const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->item_count; i++) {
        if (batch->items[i].set.weight >= 0)
            return true;
    }
    return false;
}

static void judge_batch(struct world *world, uint32_t probe, const struct batch *batch,
                        void *context)
{
    struct truth *truth = context;
    struct group_view view;
    const struct decision *head;

    engine_group(world_engine(world, probe), 0, &view);
    head = &view.head;
    if (head->epoch != batch->epoch)
        BROKEN(truth, "a batch for epoch %" PRIu64 " under head %" PRIu64, batch->epoch,
               head->epoch);
    if (truth->frozen_ms >= 0 && world_now(world) - truth->frozen_ms > 2 * LEASE_MS &&
        !head->override)
        BROKEN(truth, "D7: a batch is sent %d ms after a freeze",
               (int)(world_now(world) - truth->frozen_ms));
    if (!shifts(batch))
        return;
    if (!decision_is_move(head->kind) && head->kind != DECISION_INIT)
        BROKEN(truth, "C4: %s changes a weight: %s", decision_kind_name(head->kind), head->reason);
    if (head->kind == DECISION_FAILBACK && head->order[0] == '\0')
        BROKEN(truth, "D5: a failback without an order");
    for (int r = 0; r < 2; r++) {
        if (loses(batch, fault_regions[r]) && head->kind == DECISION_LEAVE &&
            head->order[0] == '\0' && !truth->drained[r] && !was_bad(truth, fault_regions[r]))
            BROKEN(truth, "A3: %s loses weight, and no two probes saw it bad", fault_regions[r]);
    }
}

/* ---- and when it is over ---- */

/* Humans who left a service without weight have to repair it themselves (C5). */
static void repair_weights(struct truth *truth)
{
    for (int k = 0; k < SITES; k += 2) {
        if (world_weight(truth->world, fault_site_names[k]) +
                world_weight(truth->world, fault_site_names[k + 1]) ==
            0)
            world_set_weight(truth->world, fault_site_names[k], 50);
    }
}

/* The sites are in the order of the settings: east, west, east, west. */
static void expect_agreement(struct truth *truth)
{
    struct group_view view;

    look(truth->world, &view);
    if (!view.has_head)
        BROKEN(truth, "no head any more");
    if (world_fence(truth->world, "jwt-pizza") != view.head.epoch)
        BROKEN(truth, "C7: fence %" PRIu64 " and head %" PRIu64 " differ at the end",
               world_fence(truth->world, "jwt-pizza"), view.head.epoch);
    for (int k = 0; k < SITES; k++) {
        if (world_weight(truth->world, fault_site_names[k]) != view.head.weights[k])
            BROKEN(truth, "C7: %s has %d, the head says %d", fault_site_names[k],
                   world_weight(truth->world, fault_site_names[k]), view.head.weights[k]);
    }
}

static void expect_next_failover(struct truth *truth)
{
    struct group_view view;
    int leaver;

    look(truth->world, &view);
    leaver = view.head.weights[0] > 0 ? 0 : 1;
    region_dies(truth->world, fault_regions[leaver], SITE_REFUSE);
    for (uint32_t p = 0; p < PROBES; p++)
        truth->bad[p][leaver] = truth->bad[p][leaver + 2] = true;
    run_for(truth->world, 60000);
    if (world_weight(truth->world, fault_site_names[leaver]) != 0 ||
        world_weight(truth->world, fault_site_names[leaver + 2]) != 0)
        BROKEN(truth, "L-01: %s is dead and keeps its weight", fault_regions[leaver]);
}

static void check_now(struct truth *truth)
{
    if (!world_kept_weight(truth->world))
        BROKEN(truth, "C5: a batch left a service without weight");
    if (!world_epochs_rose(truth->world))
        BROKEN(truth, "C2: a batch did not raise the epoch");
}

static void soak(uint64_t seed)
{
    struct truth truth = {.world = pizza_world(variants[seed % 4]),
                          .random = seed,
                          .seed = seed,
                          .alive = {true, true, true},
                          .frozen_ms = -1};

    memset(truth.bad_ms, -1, sizeof(truth.bad_ms));
    world_watch_batches(truth.world, judge_batch, &truth);
    if (getenv("SOAK_SEED") != NULL)
        world_trace(truth.world, TRACE_MOVES | WORLD_TRACE(FACT_HEAD) | WORLD_TRACE(FACT_ZONE),
                    NONE);
    for (int i = 0; i < 120; i++) {
        faults_strike(&truth);
        run_for(truth.world, faults_below(&truth, 4) == 0 ? faults_below(&truth, 40000)
                                                          : faults_below(&truth, 3000));
        check_now(&truth);
    }
    faults_heal(&truth);
    repair_weights(&truth);
    run_for(truth.world, 310000); /* every actor has read the zone again */
    world_order(truth.world,
                &(struct world_order){.verb = ORDER_ACK, .incident = "jwt-pizza.drift"});
    run_for(truth.world, 60000);
    expect_agreement(&truth);
    expect_next_failover(&truth);
    expect_agreement(&truth);
    check_now(&truth);
    world_destroy(truth.world);
}

START_TEST(no_fault_makes_an_invariant_false)
{
    const char *one = getenv("SOAK_SEED");
    const char *many = getenv("SOAK_SEEDS");
    uint64_t worlds = many != NULL ? strtoull(many, NULL, 10) : WORLDS;

    if (one != NULL)
        soak(strtoull(one, NULL, 10));
    for (uint64_t seed = 1; one == NULL && seed <= worlds; seed++)
        soak(seed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("soak");
    TCase *tests = tcase_create("soak");

    tcase_add_test(tests, no_fault_makes_an_invariant_false);
    tcase_set_timeout(tests, getenv("SOAK_SEEDS") != NULL ? 0 : 120);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
