/* SPDX-License-Identifier: Apache-2.0 */
#include "faults.h"

#include <string.h>

const char *const fault_site_names[SITES] = {"pizza/us-east-1", "pizza/us-west-2",
                                             "factory/us-east-1", "factory/us-west-2"};
const char *const fault_regions[2] = {"us-east-1", "us-west-2"};

static uint64_t next_random(struct truth *truth)
{
    uint64_t x = truth->random += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

uint32_t faults_below(struct truth *truth, uint32_t limit)
{
    return (uint32_t)(next_random(truth) % limit);
}

/* ---- what may happen ---- */

void faults_set_site(struct truth *truth, uint32_t probe, uint32_t site, enum site_mode mode)
{
    world_site(truth->world, fault_site_names[site], mode, probe);
    if (truth->bad[probe][site])
        truth->bad_ms[probe][site] = world_now(truth->world);
    truth->bad[probe][site] = mode != SITE_OK;
}

static void fault_sites(struct truth *truth)
{
    uint32_t site = faults_below(truth, SITES);
    enum site_mode mode =
        faults_below(truth, 2) == 0 ? SITE_OK : (enum site_mode)faults_below(truth, 5);
    uint32_t only = faults_below(truth, 2) == 0 ? faults_below(truth, PROBES) : PROBES;

    for (uint32_t p = 0; p < PROBES; p++) {
        if (only == PROBES || only == p)
            faults_set_site(truth, p, site, mode);
    }
}

static void fault_probe(struct truth *truth)
{
    uint32_t p = faults_below(truth, PROBES);

    if (!truth->alive[p]) {
        world_start(truth->world, p);
        truth->alive[p] = true;
    } else if (truth->paused[p]) {
        world_resume(truth->world, p);
        truth->paused[p] = false;
    } else if (faults_below(truth, 2) == 0) {
        world_kill(truth->world, p);
        truth->alive[p] = false;
    } else {
        world_pause(truth->world, p);
        truth->paused[p] = true;
    }
}

static void fault_store(struct truth *truth)
{
    switch (faults_below(truth, 6)) {
    case 0:
        world_store(truth->world, false,
                    faults_below(truth, 2) == 0 ? NONE : faults_below(truth, PROBES));
        break;
    case 1:
        truth->readonly = faults_below(truth, 2) == 0;
        world_store_readonly(truth->world, truth->readonly);
        break;
    case 2:
        world_store_save(truth->world);
        break;
    case 3:
        if (faults_below(truth, 4) == 0) {
            world_store_save(truth->world);
            world_run(truth->world, world_now(truth->world) + faults_below(truth, 30000));
            world_store_rollback(truth->world);
            truth->frozen_ms = -1;
            memcpy(truth->drained, truth->ever_drained, sizeof(truth->drained));
        }
        break;
    default:
        world_store(truth->world, true, NONE);
        world_store_readonly(truth->world, false);
        truth->readonly = false;
        break;
    }
}

static void fault_route53(struct truth *truth)
{
    static const enum route53_mode modes[] = {
        ZONE_OK, ZONE_OK, ZONE_DOWN, ZONE_THROTTLE, ZONE_LOSE_REPLY, ZONE_DENY, ZONE_LOSE_REPLY};
    uint32_t pick = faults_below(truth, 8);

    if (pick == 7)
        world_zone_late(truth->world, faults_below(truth, 120000));
    else
        world_zone(truth->world, modes[pick]);
}

static void fault_human(struct truth *truth)
{
    uint32_t site = faults_below(truth, SITES);
    int weight = (int)faults_below(truth, 100);

    if (faults_below(truth, 3) == 0)
        world_delete_fence(truth->world, "jwt-pizza");
    else
        world_set_weight(truth->world, fault_site_names[site], weight);
}

static void fault_order(struct truth *truth)
{
    struct world_order order = {.verb = (enum order_verb)faults_below(truth, ORDER_UNREADABLE)};
    uint32_t region = faults_below(truth, 2);

    if (truth->readonly) /* it would be given later, and nobody here knew when */
        return;
    order.override = faults_below(truth, 4) == 0;
    order.for_ms = faults_below(truth, 3) == 0 ? 60000 : 0;
    if (order.verb == ORDER_DRAIN || order.verb == ORDER_RESTORE) {
        order.region = fault_regions[region];
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
    uint32_t p = faults_below(truth, PROBES);

    if (faults_below(truth, 3) != 0)
        world_references(truth->world, faults_below(truth, 2) == 0, p);
    else if (truth->alive[p] && !truth->paused[p])
        world_clock(truth->world, p, (msec_t)faults_below(truth, 10000) - 5000);
}

void faults_strike(struct truth *truth)
{
    static void (*const faults[])(struct truth *) = {
        fault_sites,   fault_sites,   fault_sites, fault_probe, fault_store,
        fault_route53, fault_route53, fault_human, fault_order, fault_senses};

    faults[faults_below(truth, sizeof(faults) / sizeof(faults[0]))](truth);
}

void faults_heal(struct truth *truth)
{
    for (uint32_t p = 0; p < PROBES; p++) {
        if (truth->paused[p])
            world_resume(truth->world, p);
        if (!truth->alive[p])
            world_start(truth->world, p);
        for (uint32_t k = 0; k < SITES; k++)
            faults_set_site(truth, p, k, SITE_OK);
    }
    world_references(truth->world, true, NONE);
    world_store(truth->world, true, NONE);
    world_store_readonly(truth->world, false);
    truth->readonly = false;
    world_zone(truth->world, ZONE_OK);
    run_for(truth->world, 150000); /* late batches arrive, drift is seen */
    order_group(truth->world, ORDER_THAW);
    order(truth->world, ORDER_RESTORE, fault_regions[0]);
    order(truth->world, ORDER_RESTORE, fault_regions[1]);
    truth->frozen_ms = -1;
}
