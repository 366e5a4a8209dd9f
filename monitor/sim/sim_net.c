/* SPDX-License-Identifier: Apache-2.0 */
/* The network. Places are the probes, the regions with their sites, and the outside, where store,
 * Route 53 and references are. Only probes speak, so all that a cut can do is to keep a probe from
 * a region or from the outside; which is kept ready as a set for each probe. */
#include <assert.h>
#include <stdlib.h>

#include "world_state.h"

enum {
    BURST_SLOT_MS = 1000,   /* the network is good or bad for a second at least ... */
    BURST_END_PPM = 250000, /* ... and bad for four on average (Gilbert-Elliott) */
    MILLION = 1000000,
    DELAY_MAX_MS = 120000,
    /* As monitor/io/store/sqlite.c: half a lease, but a disk may need a second, and an answer that
     * is older than a lease serves nobody. */
    STORE_LIMIT_MIN_MS = 1000,
    STORE_LIMIT_MAX_MS = 3000
};

/* ---- places and cuts ---- */

static uint64_t place_bit(uint32_t region)
{
    return UINT64_C(1) << (region == NONE ? SIM_OUTSIDE : region);
}

static bool same_places(const struct sim_places *a, const struct sim_places *b)
{
    return a->probes == b->probes && a->others == b->others;
}

static void look_at_cuts(struct world *world)
{
    for (uint32_t p = 0; p < world->probe_count; p++) {
        uint64_t blocked = 0;
        for (uint32_t i = 0; i < world->cut_count; i++) {
            const struct sim_cut *cut = &world->cuts[i];
            if (cut->who.probes >> p & 1)
                blocked |= cut->from.others;
            if (cut->from.probes >> p & 1)
                blocked |= cut->who.others;
        }
        world->probes[p].blocked = blocked;
    }
}

void sim_net_cut(struct world *world, const struct sim_cut *cut)
{
    for (uint32_t i = 0; i < world->cut_count; i++) {
        if (same_places(&world->cuts[i].who, &cut->who) &&
            same_places(&world->cuts[i].from, &cut->from))
            return;
    }
    if (world->cut_count == world->cut_room) {
        world->cut_room = world->cut_room == 0 ? 16 : 2 * world->cut_room;
        world->cuts = realloc(world->cuts, world->cut_room * sizeof(*world->cuts));
        assert(world->cuts != NULL);
    }
    world->cuts[world->cut_count++] = *cut;
    look_at_cuts(world);
}

void sim_net_heal(struct world *world, const struct sim_places *places)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < world->cut_count; i++) {
        const struct sim_cut *cut = &world->cuts[i];
        if (!same_places(&cut->who, places) && !same_places(&cut->from, places))
            world->cuts[kept++] = *cut;
    }
    world->cut_count = kept;
    for (uint32_t p = 0; p < world->probe_count; p++) {
        if (!(places->probes >> p & 1))
            continue;
        world->probes[p].muted = false;
        world->probes[p].loss_ppm = 0;
        world->probes[p].delay_ms = 0;
    }
    look_at_cuts(world);
}

void sim_net_heal_all(struct world *world)
{
    struct sim_places all = {.probes = UINT64_MAX, .others = UINT64_MAX};

    world->cut_count = 0;
    sim_net_heal(world, &all);
}

/* ---- a call ---- */

/* All that is random here hangs on the time and the place, not on what was drawn before: a call at
 * the same moment has the same fate in a run with another fault, or without one. */
static struct dice dice_now(const struct world *world, uint32_t probe, uint32_t region)
{
    uint64_t whose = (uint64_t)probe << 32 | (region == NONE ? SIM_OUTSIDE : region);

    return dice_create(world->seed ^ whose, DICE_CALLS, (uint64_t)world->now_ms);
}

/* A second of a network that is bad so often. */
static bool next_slot(struct sim_probe *probe)
{
    uint64_t loss = probe->loss_ppm;
    uint64_t end = BURST_END_PPM;
    uint64_t begin = end * loss / (MILLION - loss);

    if (begin > MILLION) { /* mostly bad: it is the good seconds that are short */
        begin = MILLION;
        end = MILLION * (MILLION - loss) / loss;
    }
    if (probe->in_burst)
        return !dice_ppm(&probe->net_dice, (uint32_t)end);
    return dice_ppm(&probe->net_dice, (uint32_t)begin);
}

/* Losses come in bursts: a network that is bad loses everything, and it is bad so often that the
 * share of what is lost is what was asked for. */
static bool loses(const struct world *world, struct sim_probe *probe)
{
    if (probe->loss_ppm == 0 || probe->loss_ppm >= MILLION)
        return probe->loss_ppm > 0;
    for (; probe->slot_ms <= world->now_ms; probe->slot_ms += BURST_SLOT_MS)
        probe->in_burst = next_slot(probe);
    return probe->in_burst;
}

void sim_net_lossy(struct world *world, uint32_t probe, uint32_t loss_ppm)
{
    struct sim_probe *p = &world->probes[probe];

    p->loss_ppm = loss_ppm;
    p->in_burst = false;
    p->slot_ms = world->now_ms;
    p->net_dice = dice_create(world->seed ^ probe, DICE_NET, (uint64_t)world->now_ms);
}

struct sim_trip sim_net_trip(struct world *world, uint32_t probe, uint32_t region)
{
    struct sim_probe *p = &world->probes[probe];
    struct sim_trip trip = {.arrives = true, .answered = !p->muted};
    struct dice dice;
    uint64_t delay_ms;

    if (p->blocked & place_bit(region))
        return (struct sim_trip){0};
    if (p->loss_ppm == 0 && p->delay_ms == 0)
        return trip;
    dice = dice_now(world, probe, region);
    delay_ms = dice_heavy_tail(&dice, (uint64_t)p->delay_ms, DELAY_MAX_MS);
    trip.there_ms = (msec_t)(delay_ms / 2);
    trip.back_ms = (msec_t)delay_ms - trip.there_ms;
    if (loses(world, p)) {
        trip.answered = false;
        trip.arrives = dice_below(&dice, 2) == 0;
    }
    return trip;
}

bool sim_net_passes(const struct world *world, uint32_t probe, uint32_t region)
{
    const struct sim_probe *p = &world->probes[probe];

    return !(p->blocked & place_bit(region)) && !p->muted && p->loss_ppm < MILLION;
}

msec_t sim_net_store_limit_ms(const struct settings *settings)
{
    msec_t limit_ms = settings->store.lease_ms / 2;

    limit_ms = limit_ms > STORE_LIMIT_MIN_MS ? limit_ms : STORE_LIMIT_MIN_MS;
    return limit_ms < STORE_LIMIT_MAX_MS ? limit_ms : STORE_LIMIT_MAX_MS;
}

msec_t sim_net_route53_limit_ms(const struct settings *settings)
{
    return settings->aws_timeout_ms;
}
