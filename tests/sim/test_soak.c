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

#include "pizza.h"

enum { SITES = 4, PROBES = 3, LEASE_MS = 10000, WORLDS = 300 };

static const char *const sites[SITES] = {"pizza/us-east-1", "pizza/us-west-2", "factory/us-east-1",
                                         "factory/us-west-2"};
static const char *const regions[] = {"us-east-1", "us-west-2"};

#define SOAK_LIMITS "limits = { budget = 60; window = \"1h\"; };"

/* Each seed plays under one of these. */
static const char *const variants[] = {
    SOAK_LIMITS PIZZA("hold = 10; dwell = 30;"),
    SOAK_LIMITS PIZZA("hold = 10; dwell = 30; drift = \"adopt\";"),
    SOAK_LIMITS PIZZA_TWO_ZONES("hold = 10; dwell = 30;"),
    SOAK_LIMITS PIZZA_APART("hold = 10; dwell = 30;"),
};

/* What the test knows to be true, beside what the engines believe. */
struct truth {
    struct world *world;
    uint64_t random;
    bool alive[PROBES];
    bool paused[PROBES];
    msec_t bad_ms[PROBES][SITES]; /* until when a site was bad for a probe; -1: never */
    bool bad[PROBES][SITES];
    msec_t frozen_ms; /* since when; -1: not, or unknown */
    bool drained[2];  /* by order, perhaps */
    bool ever_drained[2];
    uint64_t seed;
};

static uint64_t next_random(struct truth *truth)
{
    uint64_t x = truth->random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint32_t below(struct truth *truth, uint32_t limit)
{
    return (uint32_t)(next_random(truth) % limit);
}

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
        if (strstr(sites[k], region) == NULL)
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
        if (loses(batch, regions[r]) && head->kind == DECISION_LEAVE && head->order[0] == '\0' &&
            !truth->drained[r] && !was_bad(truth, regions[r]))
            BROKEN(truth, "A3: %s loses weight, and no two probes saw it bad", regions[r]);
    }
}

/* ---- what may happen ---- */

static void set_site(struct truth *truth, uint32_t probe, uint32_t site, enum site_mode mode)
{
    world_site(truth->world, sites[site], mode, probe);
    if (truth->bad[probe][site])
        truth->bad_ms[probe][site] = world_now(truth->world);
    truth->bad[probe][site] = mode != SITE_OK;
}

static void fault_sites(struct truth *truth)
{
    uint32_t site = below(truth, SITES);
    enum site_mode mode = below(truth, 2) == 0 ? SITE_OK : (enum site_mode)below(truth, 5);
    uint32_t only = below(truth, 2) == 0 ? below(truth, PROBES) : PROBES;

    for (uint32_t p = 0; p < PROBES; p++) {
        if (only == PROBES || only == p)
            set_site(truth, p, site, mode);
    }
}

static void fault_probe(struct truth *truth)
{
    uint32_t p = below(truth, PROBES);

    if (!truth->alive[p]) {
        world_start(truth->world, p);
        truth->alive[p] = true;
    } else if (truth->paused[p]) {
        world_resume(truth->world, p);
        truth->paused[p] = false;
    } else if (below(truth, 2) == 0) {
        world_kill(truth->world, p);
        truth->alive[p] = false;
    } else {
        world_pause(truth->world, p);
        truth->paused[p] = true;
    }
}

static void fault_store(struct truth *truth)
{
    switch (below(truth, 6)) {
    case 0:
        world_store(truth->world, false, below(truth, 2) == 0 ? NONE : below(truth, PROBES));
        break;
    case 1:
        world_store_readonly(truth->world, below(truth, 2) == 0);
        break;
    case 2:
        world_store_save(truth->world);
        break;
    case 3:
        if (below(truth, 4) == 0) {
            world_store_save(truth->world);
            world_run(truth->world, world_now(truth->world) + below(truth, 30000));
            world_store_rollback(truth->world);
            truth->frozen_ms = -1;
            memcpy(truth->drained, truth->ever_drained, sizeof(truth->drained));
        }
        break;
    default:
        world_store(truth->world, true, NONE);
        world_store_readonly(truth->world, false);
        break;
    }
}

static void fault_route53(struct truth *truth)
{
    static const enum route53_mode modes[] = {
        ZONE_OK, ZONE_OK, ZONE_DOWN, ZONE_THROTTLE, ZONE_LOSE_REPLY, ZONE_DENY, ZONE_LOSE_REPLY};
    uint32_t pick = below(truth, 8);

    if (pick == 7)
        world_zone_late(truth->world, below(truth, 120000));
    else
        world_zone(truth->world, modes[pick]);
}

static void fault_human(struct truth *truth)
{
    if (below(truth, 3) == 0)
        world_delete_fence(truth->world, "jwt-pizza");
    else
        world_set_weight(truth->world, sites[below(truth, SITES)], (int)below(truth, 100));
}

static void fault_order(struct truth *truth)
{
    struct world_order order = {.verb = (enum order_verb)below(truth, ORDER_VERB_COUNT),
                                .override = below(truth, 4) == 0,
                                .for_ms = below(truth, 3) == 0 ? 60000 : 0};

    uint32_t region = below(truth, 2);

    if (order.verb == ORDER_DRAIN || order.verb == ORDER_RESTORE) {
        order.region = regions[region];
        truth->drained[region] = order.verb == ORDER_DRAIN;
        truth->ever_drained[region] |= order.verb == ORDER_DRAIN;
    }
    if (order.verb == ORDER_ACK)
        order.incident = "jwt-pizza.drift";
    if (order.region == NULL && order.incident == NULL)
        order.group = "jwt-pizza";
    if (order.verb == ORDER_FREEZE)
        truth->frozen_ms = order.for_ms == 0 ? world_now(truth->world) : -1;
    if (order.verb == ORDER_THAW)
        truth->frozen_ms = -1;
    world_order(truth->world, &order);
}

static void fault_senses(struct truth *truth)
{
    uint32_t p = below(truth, PROBES);

    if (below(truth, 3) != 0)
        world_references(truth->world, below(truth, 2) == 0, p);
    else if (truth->alive[p] && !truth->paused[p])
        world_clock(truth->world, p, (msec_t)below(truth, 10000) - 5000);
}

static void fault(struct truth *truth)
{
    static void (*const faults[])(struct truth *) = {
        fault_sites,   fault_sites,   fault_sites, fault_probe, fault_store,
        fault_route53, fault_route53, fault_human, fault_order, fault_senses};

    faults[below(truth, sizeof(faults) / sizeof(faults[0]))](truth);
}

/* ---- and when it is over ---- */

static void heal(struct truth *truth)
{
    for (uint32_t p = 0; p < PROBES; p++) {
        if (truth->paused[p])
            world_resume(truth->world, p);
        if (!truth->alive[p])
            world_start(truth->world, p);
        for (uint32_t k = 0; k < SITES; k++)
            set_site(truth, p, k, SITE_OK);
    }
    world_references(truth->world, true, NONE);
    world_store(truth->world, true, NONE);
    world_store_readonly(truth->world, false);
    world_zone(truth->world, ZONE_OK);
    run_for(truth->world, 150000); /* late batches arrive, drift is seen */
    order_group(truth->world, ORDER_THAW);
    order(truth->world, ORDER_RESTORE, regions[0]);
    order(truth->world, ORDER_RESTORE, regions[1]);
    truth->frozen_ms = -1;
}

/* Humans who left a service without weight have to repair it themselves (C5). */
static void repair_weights(struct truth *truth)
{
    for (int k = 0; k < SITES; k += 2) {
        if (world_weight(truth->world, sites[k]) + world_weight(truth->world, sites[k + 1]) == 0)
            world_set_weight(truth->world, sites[k], 50);
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
        if (world_weight(truth->world, sites[k]) != view.head.weights[k])
            BROKEN(truth, "C7: %s has %d, the head says %d", sites[k],
                   world_weight(truth->world, sites[k]), view.head.weights[k]);
    }
}

static void expect_next_failover(struct truth *truth)
{
    struct group_view view;
    int leaver;

    look(truth->world, &view);
    leaver = view.head.weights[0] > 0 ? 0 : 1;
    region_dies(truth->world, regions[leaver], SITE_REFUSE);
    for (uint32_t p = 0; p < PROBES; p++)
        truth->bad[p][leaver] = truth->bad[p][leaver + 2] = true;
    run_for(truth->world, 60000);
    if (world_weight(truth->world, sites[leaver]) != 0 ||
        world_weight(truth->world, sites[leaver + 2]) != 0)
        BROKEN(truth, "L-01: %s is dead and keeps its weight", regions[leaver]);
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
        fault(&truth);
        run_for(truth.world, below(&truth, 4) == 0 ? below(&truth, 40000) : below(&truth, 3000));
        check_now(&truth);
    }
    heal(&truth);
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
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_test(tests, no_fault_makes_an_invariant_false);
    tcase_set_timeout(tests, getenv("SOAK_SEEDS") != NULL ? 0 : 120);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
