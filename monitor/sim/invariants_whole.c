/* SPDX-License-Identifier: Apache-2.0 */
/* D3: services that move together stay together. A leave and a failback say all of a group at once,
 * and are judged as units (invariants_decided.c). An adoption takes what the zones say, and they
 * may be at different epochs: it must not make the half of one decision, or two halves, the head.
 *
 * What is whole is not computed here as the engine does: a region is split when one service has
 * left it, by what is normal, and another has not, or when it stands in for one and not for
 * another. Decisions may be so for a reason (a substitute goes service by service, D5). An adoption
 * may be so only where one of the decisions that the zones hold was. */
#include <inttypes.h>

#include "invariants_state.h"

static const struct site *site_of(const struct ruling *ruling, uint32_t k)
{
    return &ruling->settings->sites[ruling->group->sites[k]];
}

static bool has_site(const struct ruling *ruling, uint32_t service, uint32_t region)
{
    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        if (site_of(ruling, k)->service == service && site_of(ruling, k)->region == region)
            return true;
    }
    return false;
}

/* The service has no site in any other region that the group is given: it would have no weight at
 * all (C5). */
static bool has_nowhere(const struct ruling *ruling, uint32_t in_group)
{
    const struct site *own = site_of(ruling, in_group);

    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        if (ruling->decision->weights[k] > 0 && site_of(ruling, k)->region != own->region &&
            has_site(ruling, own->service, site_of(ruling, k)->region))
            return false;
    }
    return true;
}

/* In this region, by these weights. excuse: a service that can go nowhere may stay. */
static bool is_split(const struct ruling *ruling, uint32_t region, const int *weights, bool excuse)
{
    const int *normal = ruling->decision->normal;
    bool left = false;
    bool stays = false;
    bool stands_in = false;
    bool absent = false;

    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        bool in = weights[k] > 0;
        if (site_of(ruling, k)->region != region)
            continue;
        left |= !in && normal[k] > 0;
        stays |= in && !(excuse && has_nowhere(ruling, k));
        stands_in |= in && normal[k] == 0 && !(excuse && has_nowhere(ruling, k));
        absent |= !in;
    }
    return (left && stays) || (stands_in && absent);
}

static bool in_group_zone(const struct ruling *ruling, uint32_t zone)
{
    for (uint32_t i = 0; i < ruling->group->zone_count; i++) {
        if (ruling->group->zones[i] == zone)
            return true;
    }
    return false;
}

/* What the zone says is what its fence's decision said; else somebody else wrote there, or nobody
 * can know. */
static bool says_decision(const struct ruling *ruling, uint32_t zone, const struct kept *said)
{
    const struct settings *s = ruling->settings;

    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        const struct site *site = site_of(ruling, k);
        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            if (s->records[s->sets[i].record].zone == zone &&
                ruling->snapshot->weights[i] != said->weights[k])
                return false;
        }
    }
    return true;
}

/* Some zone holds a decision that was split there as well, or is nothing that can be judged. */
static bool some_zone_is_split(const struct ruling *ruling, uint32_t region)
{
    for (uint32_t z = 0; z < ruling->settings->zone_count; z++) {
        const struct kept *said;
        if (!in_group_zone(ruling, z))
            continue;
        said =
            ledger_find(ruling->invariants, ruling->decision->group, ruling->snapshot->fences[z]);
        if (said == NULL || !says_decision(ruling, z, said) ||
            is_split(ruling, region, said->weights, false))
            return true;
    }
    return false;
}

void whole_judge(const struct ruling *ruling)
{
    if (!ruling->group->together || ruling->snapshot == NULL ||
        (ruling->decision->kind != DECISION_ADOPT && ruling->decision->kind != DECISION_CANCEL))
        return;
    for (uint32_t r = 0; r < ruling->settings->region_count; r++) {
        if (is_split(ruling, r, ruling->decision->weights, true) && !some_zone_is_split(ruling, r))
            invariants_fail(ruling->invariants, "S-43", ruling->probe,
                            "decision %" PRIu64
                            " (%s) leaves some services of %s in %s, and others "
                            "not, and no zone's decision said so",
                            ruling->decision->epoch, decision_kind_name(ruling->decision->kind),
                            ruling->group->name, ruling->settings->regions[r]);
    }
}

/* S-15: the adoption gives the site what another zone's decision said of it. What a decision of the
 * glass said, or one whose number was used twice, no ledger tells; and when one was split itself,
 * as somebody's edit had been, no zone tells it once the store has lost it. */
bool whole_follows(const struct ruling *ruling, uint32_t k)
{
    const struct settings *s = ruling->settings;

    for (uint32_t z = 0; ruling->group->together && z < s->zone_count; z++) {
        const struct kept *said;
        if (!in_group_zone(ruling, z) || settings_site_in_zone(s, ruling->group->sites[k], z) ||
            ruling->snapshot->fences[z] == 0)
            continue;
        said =
            ledger_find(ruling->invariants, ruling->decision->group, ruling->snapshot->fences[z]);
        if (said == NULL || said->weights[k] == ruling->decision->weights[k] ||
            is_split(ruling, site_of(ruling, k)->region, said->weights, false))
            return true;
    }
    return false;
}

/* ---- for how long the zones may differ ---- */

/* Somebody who may act would be held back by a rule: a freeze, a gap, a lease that is none, or (D2)
 * a region that would gain and is not agreed up, or is drained. */
static bool is_held(const struct invariants *inv, uint32_t probe, uint32_t group)
{
    const struct heard *heard = &inv->heard[probe];
    const struct kept *head = &inv->groups[group].head;
    const struct group *g = invariants_group(inv, group);
    wall_t wall = heard->wall_offset + heard->at_ms;

    if (orders_freezing(&heard->orders, group, wall) != NULL || !heard->lease_alive ||
        heard->known_until_ms < heard->at_ms || heard->at_ms < heard->quiet_until_ms)
        return true;
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &inv->settings->sites[g->sites[k]];
        if (head->weights[k] > 0 && (heard->opinions[g->sites[k]].says != SAYS_UP ||
                                     orders_draining(&heard->orders, site->region, wall) != NULL))
            return true;
    }
    return false;
}

/* C4: in some zone stands what no decision said. weights: of every set, now. */
static bool is_touched(const struct invariants *inv, uint32_t group, const int *weights)
{
    const struct settings *s = inv->settings;
    const struct group *g = invariants_group(inv, group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &s->sites[g->sites[k]];
        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            uint32_t zone = s->records[s->sets[i].record].zone;
            const struct kept *said =
                ledger_find(inv, group, inv->highest[(size_t)group * s->zone_count + zone]);
            if (said == NULL || said->weights[k] != weights[i])
                return true;
        }
    }
    return false;
}

/* Some zone has the head, and another has it not. */
static bool is_apart(const struct invariants *inv, uint32_t group)
{
    const struct group *g = invariants_group(inv, group);
    uint64_t head = inv->groups[group].head.epoch;
    bool any = false;

    for (uint32_t i = 0; i < g->zone_count; i++)
        any |= inv->highest[(size_t)group * inv->settings->zone_count + g->zones[i]] == head;
    return g->together && any && told_zone_behind(inv, group, head);
}

void whole_watch(struct invariants *inv, const bool *acts, bool excused, const int *weights)
{
    for (uint32_t g = 0; g < inv->settings->group_count; g++) {
        struct group_model *model = &inv->groups[g];
        bool held = excused || inv->stranding || !is_apart(inv, g) || is_touched(inv, g, weights);

        for (uint32_t p = 0; p < inv->probe_count && !held; p++)
            held = acts[p] && is_held(inv, p, g);
        if (held || model->apart_epoch != model->head.epoch || inv->hindered_ms > model->apart_ms ||
            inv->disturbed_ms > model->apart_ms) {
            model->apart_ms = inv->now_ms;
            model->apart_epoch = model->head.epoch;
        } else if (inv->now_ms - model->apart_ms > APART_MS) {
            invariants_fail(inv, "S-44", NONE,
                            "decision %" PRIu64 " of %s stands in one zone and not in another for "
                            "%" PRId64 " ms, and no rule holds it back",
                            model->head.epoch, invariants_group(inv, g)->name,
                            inv->now_ms - model->apart_ms);
        }
    }
}
