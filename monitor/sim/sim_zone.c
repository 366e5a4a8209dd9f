/* SPDX-License-Identifier: Apache-2.0 */
/* A Route 53 in memory: a batch is compared exactly and applied whole or not at all. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch_guard.h"
#include "record_copy.h"
#include "world_state.h"

static const char apex[] = "example.com";

static struct sim_set *add_set(struct world *world, uint32_t zone, const char *name,
                               const char *type, const char *set)
{
    struct sim_set *new = NULL;

    for (uint32_t i = 0; i < world->set_count && new == NULL; i++) {
        if (!world->sets[i].exists)
            new = &world->sets[i];
    }
    if (new == NULL) {
        assert(world->set_count < SIM_SETS_MAX);
        new = &world->sets[world->set_count++];
    }
    *new = (struct sim_set){.zone = zone, .exists = true, .weight = -1};
    snprintf(new->name, sizeof(new->name), "%s", name);
    snprintf(new->type, sizeof(new->type), "%s", type);
    snprintf(new->set, sizeof(new->set), "%s", set);
    return new;
}

void sim_zone_make(struct world *world)
{
    const struct settings *settings = world->probes[0].settings;

    for (uint32_t i = 0; i < settings->site_count; i++) {
        const struct site *site = &settings->sites[i];
        const struct service *service = &settings->services[site->service];
        struct sim_set *set =
            add_set(world, service->zone, service->record, service->type, site->set);

        set->weight = site->weight;
        set->ttl_s = service->ttl_s;
        snprintf(set->value, sizeof(set->value), "%s", site->value);
    }
    assert(settings->group_count * settings->zone_count <= SIM_SLOTS_MAX);
    world->epochs_rose = true;
    world->kept_weight = true;
}

static struct record_set as_record(struct sim_set *set)
{
    set->values[0] = set->value;
    return (struct record_set){.name = set->name,
                               .type = set->type,
                               .set = set->set,
                               .weight = set->weight,
                               .ttl_s = set->ttl_s,
                               .values = set->values,
                               .value_count = 1,
                               .alias_zone = "",
                               .alias_name = "",
                               .health_check = "",
                               .region = "",
                               .failover = ""};
}

struct zone_view *sim_zone_read(struct world *world, uint32_t zone)
{
    struct pool *pool = pool_create(RECORD_COPY_MAX);
    struct zone_view *view = pool_alloc(pool, sizeof(*view));
    struct record_set *sets = pool_alloc(pool, SIM_SETS_MAX * sizeof(*sets));

    assert(view != NULL && sets != NULL);
    *view = (struct zone_view){.zone = zone, .apex = apex, .sets = sets, .arena = pool};
    for (uint32_t i = 0; i < world->set_count; i++) {
        struct record_set set = as_record(&world->sets[i]);
        if (world->sets[i].exists && world->sets[i].zone == zone &&
            record_set_copy(pool, &set, &sets[view->set_count++]) < 0)
            abort();
    }
    world->nonce++;
    snprintf(view->nonce, sizeof(view->nonce), "%032" PRIx64, world->nonce);
    return view;
}

static bool matches(const struct sim_set *have, uint32_t zone, const struct record_set *set,
                    bool exactly)
{
    if (!have->exists || have->zone != zone || strcmp(have->name, set->name) != 0 ||
        strcmp(have->type, set->type) != 0 || strcmp(have->set, set->set) != 0)
        return false;
    return !exactly || (have->weight == set->weight && have->ttl_s == set->ttl_s &&
                        set->value_count == 1 && strcmp(have->value, set->values[0]) == 0);
}

static struct sim_set *find(struct world *world, uint32_t zone, const struct record_set *set,
                            bool exactly)
{
    for (uint32_t i = 0; i < world->set_count; i++) {
        if (matches(&world->sets[i], zone, set, exactly))
            return &world->sets[i];
    }
    return NULL;
}

static bool apply_item(struct world *world, uint32_t zone, const struct batch_item *item)
{
    struct sim_set *set = find(world, zone, &item->set, item->action == BATCH_DELETE);

    if (item->action == BATCH_DELETE) {
        if (set == NULL)
            return false;
        set->exists = false;
        return true;
    }
    if (set != NULL)
        return false;
    set = add_set(world, zone, item->set.name, item->set.type, item->set.set);
    set->weight = item->set.weight;
    set->ttl_s = item->set.ttl_s;
    snprintf(set->value, sizeof(set->value), "%s", item->set.values[0]);
    return true;
}

static uint64_t fence_in(const struct world *world, uint32_t zone, const char *group)
{
    for (uint32_t i = 0; i < world->set_count; i++) {
        struct fence fence;
        if (world->sets[i].exists && world->sets[i].zone == zone &&
            strcmp(world->sets[i].type, "TXT") == 0 &&
            fence_parse(world->sets[i].value, &fence) == 0 && strcmp(fence.group, group) == 0)
            return fence.epoch;
    }
    return 0;
}

/* The sum of the weights under one name; -1: no weighted set has it. */
static int weight_of(const struct world *world, const char *name)
{
    int sum = -1;

    for (uint32_t i = 0; i < world->set_count; i++) {
        const struct sim_set *set = &world->sets[i];
        if (set->exists && set->weight >= 0 && strcmp(set->name, name) == 0)
            sum = (sum < 0 ? 0 : sum) + set->weight;
    }
    return sum;
}

/* What must be true of every batch that Route 53 took. Where somebody has deleted the fence,
 * nothing helps against a late one, until a higher epoch stands again. */
static void note_accepted(struct world *world, uint32_t probe, const struct batch *batch,
                          bool shift, bool late)
{
    const struct settings *settings = world->probes[0].settings;
    uint32_t slot = batch->group * settings->zone_count + batch->zone;

    world->epochs_rose &= batch->epoch > world->highest[slot] || world->fence_deleted[slot];
    if (batch->epoch > world->highest[slot]) {
        world->highest[slot] = batch->epoch;
        world->fence_deleted[slot] = false;
    }
    for (uint32_t i = 0; shift && !late && i < batch->item_count; i++) {
        if (batch->items[i].set.weight >= 0) /* a late one meets what people did meanwhile */
            world->kept_weight &= weight_of(world, batch->items[i].set.name) > 0;
    }
    world->batches++;
    world->shifts += shift;
    world_tell_accepted(world, probe, batch, shift, late);
}

bool sim_zone_apply(struct world *world, uint32_t probe, const struct batch *batch, bool late)
{
    struct sim_set before[SIM_SETS_MAX];
    uint32_t count = world->set_count;
    bool shift = false;

    memcpy(before, world->sets, sizeof(before));
    for (uint32_t i = 0; i < batch->item_count; i++) {
        shift |= batch->items[i].set.weight >= 0;
        if (!apply_item(world, batch->zone, &batch->items[i])) {
            memcpy(world->sets, before, sizeof(before));
            world->set_count = count;
            world->refused++;
            return false;
        }
    }
    note_accepted(world, probe, batch, shift, late);
    return true;
}

void sim_batch_destroy(struct sim_batch *batch)
{
    if (batch == NULL)
        return;
    pool_destroy(batch->pool);
    free(batch);
}

static struct sim_batch *keep(const struct batch *batch)
{
    struct sim_batch *kept = calloc(1, sizeof(*kept));

    assert(kept != NULL);
    kept->pool = pool_create(RECORD_COPY_MAX);
    if (kept->pool == NULL || batch_copy(kept->pool, batch, &kept->batch) < 0)
        abort();
    return kept;
}

/* The daemon's client asks the guard before it signs; so does this one, against the zone itself. */
static bool guarded(struct world *world, uint32_t probe, const struct batch *batch)
{
    char error[512];
    enum batch_verdict verdict =
        batch_guard(world->probes[probe].settings, batch,
                    world->probes[probe].zone_views[batch->zone], error, sizeof(error));

    if (verdict == BATCH_FORBIDDEN) {
        fprintf(stderr, "sim: the guard forbids a batch: %s\n", error);
        abort();
    }
    return verdict == BATCH_ALLOWED;
}

/* What Route 53 does with a batch in a mode; true when it was applied. */
static bool meet(struct world *world, uint32_t probe, const struct batch *batch,
                 enum route53_mode mode, enum route53_outcome *ret_outcome)
{
    bool applied = false;

    *ret_outcome = ROUTE53_LOST;
    switch (mode) {
    case ZONE_OK:
        applied = sim_zone_apply(world, probe, batch, false);
        *ret_outcome = applied ? ROUTE53_OK : ROUTE53_REFUSED;
        break;
    case ZONE_LOSE_REPLY:
        applied = sim_zone_apply(world, probe, batch, false);
        break;
    case ZONE_LATE:
        world_later(world, world->late_ms,
                    (struct pending){
                        .kind = PENDING_LATE, .probe = NONE, .token = probe, .batch = keep(batch)});
        break;
    case ZONE_THROTTLE:
        *ret_outcome = ROUTE53_BUSY;
        break;
    case ZONE_DENY:
        *ret_outcome = ROUTE53_DENIED;
        break;
    case ZONE_DOWN:
        break;
    }
    return applied;
}

void sim_zone_send(struct world *world, uint32_t probe, const struct batch *batch)
{
    enum route53_mode mode = world->mode_once != ZONE_OK ? world->mode_once : world->mode;
    struct pending reply = {.kind = PENDING_CHANGE,
                            .probe = probe,
                            .token = batch->zone,
                            .group = batch->group,
                            .epoch = batch->epoch,
                            .outcome = ROUTE53_REFUSED};
    bool applied = false;

    world->mode_once = ZONE_OK;
    if (world->human_site != NULL)
        world_set_weight(world, world->human_site, world->human_weight);
    world->human_site = NULL;
    if (world->sent != NULL)
        world->sent(world, probe, batch, world->sent_context);
    world_tell_sent(world, probe, batch);
    if (!sim_net_passes(world, probe, NONE))
        reply.outcome = ROUTE53_LOST;
    else if (guarded(world, probe, batch))
        applied = meet(world, probe, batch, mode, &reply.outcome);
    world_later(world, ROUTE53_MS, reply);
    if (mode != ZONE_OK || !applied)
        return;
    reply.kind = PENDING_INSYNC;
    world_later(world, INSYNC_MS, reply);
    reply.kind = PENDING_SERVERS;
    world_later(world, INSYNC_MS + ROUTE53_MS, reply);
}

/* ---- what people do and ask ---- */

static struct sim_set *set_of_site(const struct world *world, const char *name)
{
    const struct settings *settings = world->probes[0].settings;
    uint32_t site = settings_site(settings, name);

    assert(site != NONE);
    for (uint32_t i = 0; i < world->set_count; i++) {
        if (world->sets[i].exists && world->sets[i].weight >= 0 &&
            strcmp(world->sets[i].set, settings->sites[site].set) == 0)
            return (struct sim_set *)(uintptr_t)&world->sets[i];
    }
    return NULL;
}

int world_weight(const struct world *world, const char *site)
{
    const struct sim_set *set = set_of_site(world, site);
    return set == NULL ? -1 : set->weight;
}

uint64_t world_fence(const struct world *world, const char *group)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t z = 0; z < world->probes[0].settings->zone_count; z++) {
        uint64_t fence = fence_in(world, z, group);
        if (fence > 0 && fence < least)
            least = fence;
    }
    return least == UINT64_MAX ? 0 : least;
}

void world_set_weight(struct world *world, const char *site, int weight)
{
    struct sim_set *set = set_of_site(world, site);

    assert(set != NULL);
    set->weight = weight;
}

void world_delete_fence(struct world *world, const char *group)
{
    const struct settings *settings = world->probes[0].settings;

    for (uint32_t i = 0; i < world->set_count; i++) {
        struct sim_set *set = &world->sets[i];
        struct fence fence;
        if (!set->exists || strcmp(set->type, "TXT") != 0 || fence_parse(set->value, &fence) < 0 ||
            strcmp(fence.group, group) != 0)
            continue;
        set->exists = false;
        world->fence_deleted[settings_group(settings, group) * settings->zone_count + set->zone] =
            true;
    }
}

void world_delete_set(struct world *world, const char *site)
{
    struct sim_set *set = set_of_site(world, site);

    assert(set != NULL);
    set->exists = false;
}

void world_zone(struct world *world, enum route53_mode mode)
{
    world->mode = mode;
}

void world_zone_late(struct world *world, msec_t delay_ms)
{
    world->mode = ZONE_LATE;
    world->late_ms = delay_ms;
}

void world_zone_once(struct world *world, enum route53_mode mode)
{
    world->mode_once = mode;
}

void world_set_weight_before_batch(struct world *world, const char *site, int weight)
{
    world->human_site = site;
    world->human_weight = weight;
}
