/* SPDX-License-Identifier: Apache-2.0 */
/* The network. Places are the probes, the regions with their sites, and the outside, where store,
 * Route 53 and references are. Only probes speak, so all that a cut can do is to keep a probe from
 * a region or from the outside; which is kept ready as a set for each probe. */
#include <assert.h>
#include <stdlib.h>

#include "world_state.h"

enum {
    BURST_END_PPM = 250000, /* a burst of losses is four calls long on average (Gilbert-Elliott) */
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

/* Losses come in bursts: two states, one of which loses everything, so that the share of calls lost
 * is what was asked for. */
static bool loses(struct sim_probe *probe)
{
    uint64_t loss = probe->loss_ppm;
    uint64_t end = BURST_END_PPM;
    uint64_t begin;

    if (loss == 0 || loss >= MILLION)
        return loss > 0;
    begin = end * loss / (MILLION - loss);
    if (begin > MILLION) {
        begin = MILLION;
        end = MILLION * (MILLION - loss) / loss;
    }
    if (probe->in_burst)
        probe->in_burst = !dice_ppm(&probe->net_dice, (uint32_t)end);
    else
        probe->in_burst = dice_ppm(&probe->net_dice, (uint32_t)begin);
    return probe->in_burst;
}

struct sim_trip sim_net_trip(struct world *world, uint32_t probe, uint32_t region)
{
    struct sim_probe *p = &world->probes[probe];
    struct sim_trip trip = {.arrives = true, .answered = !p->muted};
    uint64_t delay_ms;

    if (p->blocked & place_bit(region))
        return (struct sim_trip){0};
    if (loses(p)) {
        trip.answered = false;
        trip.arrives = dice_below(&p->net_dice, 2) == 0;
    }
    if (p->delay_ms > 0) {
        delay_ms = dice_heavy_tail(&p->net_dice, (uint64_t)p->delay_ms, DELAY_MAX_MS);
        trip.there_ms = (msec_t)(delay_ms / 2);
        trip.back_ms = (msec_t)delay_ms - trip.there_ms;
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
