/* SPDX-License-Identifier: Apache-2.0 */
/* The record sets: a batch is compared exactly and applied whole or not at all. */
#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record_copy.h"
#include "world_state.h"

/* ---- readings ---- */

static void release(struct sim_snapshot *snapshot)
{
    if (snapshot == NULL || --snapshot->holders > 0)
        return;
    pool_destroy(snapshot->pool);
    free(snapshot);
}

/* ---- record sets ---- */

/* Whoever reads from now on reads anew. */
static void changed(struct world *world)
{
    for (uint32_t z = 0; z < world->route53.zone_count; z++) {
        struct sim_snapshot *newest = world->route53.zones[z].newest;
        world->route53.zones[z].newest = NULL;
        release(newest);
    }
}

static struct sim_set *add_set(struct world *world, uint32_t zone, const char *name,
                               const char *type, const char *set)
{
    struct sim_sets *sets = &world->route53.sets;
    struct sim_set *new = NULL;

    for (uint32_t i = 0; i < sets->count && new == NULL; i++) {
        if (!sets->list[i].exists)
            new = &sets->list[i];
    }
    if (new == NULL && sets->count == sets->room) {
        sets->room = sets->room == 0 ? 32 : 2 * sets->room;
        sets->list = realloc(sets->list, sets->room * sizeof(*sets->list));
        assert(sets->list != NULL);
    }
    if (new == NULL)
        new = &sets->list[sets->count++];
    *new = (struct sim_set){.zone = zone, .exists = true, .weight = -1};
    snprintf(new->name, sizeof(new->name), "%s", name);
    snprintf(new->type, sizeof(new->type), "%s", type);
    snprintf(new->set, sizeof(new->set), "%s", set);
    return new;
}

static void set_alias(struct sim_set *set, const char *zone, const char *name, bool evaluate)
{
    snprintf(set->alias_zone, sizeof(set->alias_zone), "%s", zone);
    snprintf(set->alias_name, sizeof(set->alias_name), "%s", name);
    set->alias_evaluate = evaluate;
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
                               .value_count = set->alias_name[0] == '\0' ? 1 : 0,
                               .alias_zone = set->alias_zone,
                               .alias_name = set->alias_name,
                               .alias_evaluate = set->alias_evaluate,
                               .health_check = set->health_check,
                               .region = "",
                               .failover = ""};
}

static struct sim_snapshot *take_snapshot(const struct world *world, uint32_t zone)
{
    const struct sim_sets *sets = &world->route53.sets;
    struct sim_snapshot *snapshot = calloc(1, sizeof(*snapshot));

    assert(snapshot != NULL);
    snapshot->pool = pool_create(RECORD_COPY_MAX);
    assert(snapshot->pool != NULL);
    snapshot->sets = pool_alloc(snapshot->pool, (sets->count + 1) * sizeof(*snapshot->sets));
    assert(snapshot->sets != NULL);
    for (uint32_t i = 0; i < sets->count; i++) {
        struct record_set set = as_record(&sets->list[i]);
        if (sets->list[i].exists && sets->list[i].zone == zone &&
            record_set_copy(snapshot->pool, &set, &snapshot->sets[snapshot->count++]) < 0)
            abort();
    }
    return snapshot;
}

struct sim_view *sim_view_create(struct world *world, uint32_t zone)
{
    struct sim_zone *z = &world->route53.zones[zone];
    struct sim_view *view = calloc(1, sizeof(*view));

    assert(view != NULL);
    if (z->newest == NULL) {
        z->newest = take_snapshot(world, zone);
        z->newest->holders = 1;
    }
    z->newest->holders++;
    view->snapshot = z->newest;
    view->view = (struct zone_view){
        .zone = zone, .apex = z->apex, .sets = z->newest->sets, .set_count = z->newest->count};
    snprintf(view->view.nonce, sizeof(view->view.nonce), "%032" PRIx64, ++world->route53.nonce);
    return view;
}

void sim_view_destroy(struct sim_view *view)
{
    if (view == NULL)
        return;
    release(view->snapshot);
    free(view);
}

/* ---- a batch ---- */

/* An alias has a target, and any other set one value. */
static bool points_alike(const struct sim_set *have, const struct record_set *set)
{
    if (have->alias_name[0] != '\0')
        return set->value_count == 0 && strcmp(have->alias_zone, set->alias_zone) == 0 &&
               strcmp(have->alias_name, set->alias_name) == 0 &&
               have->alias_evaluate == set->alias_evaluate;
    return set->alias_name[0] == '\0' && set->value_count == 1 &&
           strcmp(have->value, set->values[0]) == 0;
}

static bool matches(const struct sim_set *have, uint32_t zone, const struct record_set *set,
                    bool exactly)
{
    if (!have->exists || have->zone != zone || strcmp(have->name, set->name) != 0 ||
        strcmp(have->type, set->type) != 0 || strcmp(have->set, set->set) != 0)
        return false;
    return !exactly ||
           (have->weight == set->weight && have->ttl_s == set->ttl_s && points_alike(have, set) &&
            strcmp(have->health_check, set->health_check) == 0);
}

static struct sim_set *find(struct world *world, uint32_t zone, const struct record_set *set,
                            bool exactly)
{
    for (uint32_t i = 0; i < world->route53.sets.count; i++) {
        if (matches(&world->route53.sets.list[i], zone, set, exactly))
            return &world->route53.sets.list[i];
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
    if (item->set.value_count > 0)
        snprintf(set->value, sizeof(set->value), "%s", item->set.values[0]);
    set_alias(set, item->set.alias_zone, item->set.alias_name, item->set.alias_evaluate);
    snprintf(set->health_check, sizeof(set->health_check), "%s", item->set.health_check);
    return true;
}

static uint64_t fence_in(const struct world *world, uint32_t zone, const char *group)
{
    for (uint32_t i = 0; i < world->route53.sets.count; i++) {
        struct fence fence;
        if (world->route53.sets.list[i].exists && world->route53.sets.list[i].zone == zone &&
            strcmp(world->route53.sets.list[i].type, "TXT") == 0 &&
            fence_parse(world->route53.sets.list[i].value, &fence) == 0 &&
            strcmp(fence.group, group) == 0)
            return fence.epoch;
    }
    return 0;
}

/* The sum of the weights under one name and type; -1: no weighted set has it. */
static int weight_of(const struct world *world, uint32_t zone, const struct record_set *record)
{
    int sum = -1;

    for (uint32_t i = 0; i < world->route53.sets.count; i++) {
        const struct sim_set *set = &world->route53.sets.list[i];
        if (set->exists && set->zone == zone && set->weight >= 0 &&
            strcmp(set->name, record->name) == 0 && strcmp(set->type, record->type) == 0)
            sum = (sum < 0 ? 0 : sum) + set->weight;
    }
    return sum;
}

/* What must be true of every batch that Route 53 took. Where somebody has deleted the fence,
 * nothing helps against a late one, until a higher epoch stands again. */
static void note_accepted(struct world *world, uint32_t probe, const struct batch *batch,
                          bool shift, bool late)
{
    const struct settings *settings = world_settings(world);
    struct sim_slot *slot =
        &world->route53.sets.slots[batch->group * settings->zone_count + batch->zone];

    world->epochs_rose &= batch->epoch > slot->highest || slot->fence_deleted;
    if (batch->epoch > slot->highest)
        *slot = (struct sim_slot){.highest = batch->epoch};
    for (uint32_t i = 0; shift && !late && i < batch->item_count; i++) {
        if (batch->items[i].set.weight >= 0) /* a late one meets what people did meanwhile */
            world->kept_weight &= weight_of(world, batch->zone, &batch->items[i].set) > 0;
    }
    world->batches++;
    world->shifts += shift;
    world_tell_accepted(world, probe, batch, shift, late);
}

static void restore_list(struct sim_sets *sets, struct sim_set *list, uint32_t count)
{
    free(sets->list);
    sets->list = list;
    sets->count = count;
    sets->room = count;
}

static struct sim_set *copy_list(const struct sim_sets *sets)
{
    struct sim_set *copy = calloc(sets->count + 1, sizeof(*copy));

    assert(copy != NULL);
    if (sets->count > 0)
        memcpy(copy, sets->list, sets->count * sizeof(*copy));
    return copy;
}

bool sim_zone_apply(struct world *world, uint32_t probe, const struct batch *batch, bool late)
{
    struct sim_sets *sets = &world->route53.sets;
    struct sim_set *before = copy_list(sets);
    uint32_t count = sets->count;
    bool shift = false;

    changed(world);
    for (uint32_t i = 0; i < batch->item_count; i++) {
        shift |= batch->items[i].set.weight >= 0 && !batch->is_attach;
        if (!apply_item(world, batch->zone, &batch->items[i])) {
            restore_list(sets, before, count);
            world->refused++;
            return false;
        }
    }
    free(before);
    note_accepted(world, probe, batch, shift, late);
    return true;
}

/* ---- a control plane that fails over ---- */

static void copy_sets(const struct world *world, struct sim_sets *to, const struct sim_sets *from)
{
    uint32_t slots = world->route53.slot_count;

    restore_list(to, copy_list(from), from->count);
    if (to->slots == NULL)
        to->slots = calloc(slots + 1, sizeof(*to->slots));
    assert(to->slots != NULL);
    memcpy(to->slots, from->slots, slots * sizeof(*to->slots));
}

void sim_zone_keep(struct world *world)
{
    copy_sets(world, &world->route53.before, &world->route53.sets);
}

void sim_zone_undo(struct world *world)
{
    changed(world);
    copy_sets(world, &world->route53.sets, &world->route53.before);
}

/* ---- what people do and ask ---- */

static struct sim_set *set_now(const struct world *world, uint32_t set)
{
    const struct site_set *wanted = &world_settings(world)->sets[set];
    const struct service_record *record = &world_settings(world)->records[wanted->record];
    struct record_set key = {.name = record->name, .type = record->type, .set = wanted->set};

    for (uint32_t i = 0; i < world->route53.sets.count; i++) {
        if (matches(&world->route53.sets.list[i], record->zone, &key, false))
            return (struct sim_set *)(uintptr_t)&world->route53.sets.list[i];
    }
    return NULL;
}

static const struct site *site_named(const struct world *world, const char *name)
{
    uint32_t site = settings_site(world_settings(world), name);

    assert(site != NONE);
    return &world_settings(world)->sites[site];
}

static struct sim_set *set_of_site(const struct world *world, const char *name)
{
    return set_now(world, site_named(world, name)->first_set);
}

int world_set_now(const struct world *world, uint32_t set)
{
    const struct sim_set *now = set_now(world, set);
    return now == NULL ? -1 : now->weight;
}

int world_weight(const struct world *world, const char *name)
{
    const struct site *site = site_named(world, name);
    int weight = world_set_now(world, site->first_set);

    for (uint32_t i = 1; i < site->set_count && weight >= 0; i++) {
        int other = world_set_now(world, site->first_set + i);
        weight = other < 0 ? -1 : other != weight ? -2 : weight;
    }
    return weight;
}

const char *world_health(const struct world *world, const char *site)
{
    const struct sim_set *set = set_of_site(world, site);
    return set == NULL ? "" : set->health_check;
}

int64_t world_ttl(const struct world *world, const char *site)
{
    const struct sim_set *set = set_of_site(world, site);
    return set == NULL ? -1 : set->ttl_s;
}

uint64_t world_fence(const struct world *world, const char *group)
{
    uint64_t least = UINT64_MAX;

    for (uint32_t z = 0; z < world_settings(world)->zone_count; z++) {
        uint64_t fence = fence_in(world, z, group);
        if (fence > 0 && fence < least)
            least = fence;
    }
    return least == UINT64_MAX ? 0 : least;
}

void world_change_set(struct world *world, uint32_t set, int weight)
{
    struct sim_set *now = set_now(world, set);

    assert(now != NULL);
    now->weight = weight;
    changed(world);
}

void world_set_weight(struct world *world, const char *name, int weight)
{
    const struct site *site = site_named(world, name);

    for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++)
        world_change_set(world, i, weight);
}

void world_set_ttl(struct world *world, const char *site, int64_t ttl_s)
{
    struct sim_set *set = set_of_site(world, site);

    assert(set != NULL);
    set->ttl_s = ttl_s;
    changed(world);
}

void world_set_fence(struct world *world, const char *name, const char *text)
{
    for (uint32_t i = 0; i < world->route53.sets.count; i++) {
        struct sim_set *set = &world->route53.sets.list[i];

        if (set->exists && strcmp(set->type, "TXT") == 0 && strcmp(set->name, name) == 0)
            snprintf(set->value, sizeof(set->value), "\"%s\"", text);
    }
    changed(world);
}

void world_delete_fence(struct world *world, const char *group)
{
    world_delete_fence_in(world, group, NONE);
}

void world_delete_fence_in(struct world *world, const char *group, uint32_t zone)
{
    const struct settings *settings = world_settings(world);
    uint32_t slot;

    for (uint32_t i = 0; i < world->route53.sets.count; i++) {
        struct sim_set *set = &world->route53.sets.list[i];
        struct fence fence;
        if (!set->exists || strcmp(set->type, "TXT") != 0 || fence_parse(set->value, &fence) < 0 ||
            strcmp(fence.group, group) != 0 || (zone != NONE && set->zone != zone))
            continue;
        set->exists = false;
        slot = settings_group(settings, group) * settings->zone_count + set->zone;
        world->route53.sets.slots[slot].fence_deleted = true;
        changed(world);
    }
}

void world_drop_set(struct world *world, uint32_t set)
{
    struct sim_set *now = set_now(world, set);

    assert(now != NULL);
    now->exists = false;
    changed(world);
}

void world_delete_set(struct world *world, const char *site)
{
    world_drop_set(world, site_named(world, site)->first_set);
}

/* ---- life ---- */

static const char *shared_end(const char *a, const char *b)
{
    const char *end = a + strlen(a);
    const char *best = end;

    for (size_t i = 1; i <= strlen(a) && i <= strlen(b); i++) {
        if (end[-(ptrdiff_t)i] != b[strlen(b) - i])
            break;
        if ((i == strlen(a) || end[-(ptrdiff_t)i - 1] == '.') &&
            (i == strlen(b) || b[strlen(b) - i - 1] == '.'))
            best = end - i;
    }
    return best;
}

/* Settings name no apex: it is what all records of the zone end in; of a single record, what
 * follows its first label, unless that is a top-level domain. */
static void find_apex(const struct settings *settings, uint32_t zone, char apex[256])
{
    const char *end = NULL;
    const char *dot;

    for (uint32_t i = 0; i < settings->record_count; i++) {
        const struct service_record *record = &settings->records[i];
        if (record->zone == zone)
            end = end == NULL ? record->name : shared_end(end, record->name);
    }
    assert(end != NULL);
    for (uint32_t i = 0; i < settings->record_count; i++) {
        dot = strchr(end, '.');
        if (settings->records[i].zone == zone && strcmp(settings->records[i].name, end) == 0 &&
            dot != NULL && strchr(dot + 1, '.') != NULL)
            end = dot + 1;
    }
    snprintf(apex, 256, "%s", end);
}

static void make_set(struct world *world, const struct site_set *from)
{
    const struct settings *settings = world_settings(world);
    const struct service_record *record = &settings->records[from->record];
    struct sim_set *set = add_set(world, record->zone, record->name, record->type, from->set);

    set->weight = settings->sites[from->site].weight;
    set->ttl_s = record->ttl_s;
    snprintf(set->value, sizeof(set->value), "%s", from->value);
    set_alias(set, from->alias_zone, from->alias_name, from->alias_evaluate);
    if (from->alias_name[0] != '\0')
        set->ttl_s = -1;
}

void sim_zone_make(struct world *world)
{
    const struct settings *settings = world_settings(world);
    struct sim_route53 *route53 = &world->route53;

    route53->zone_count = settings->zone_count;
    route53->zones = calloc(settings->zone_count + 1, sizeof(*route53->zones));
    route53->sets.slots = calloc(route53->slot_count + 1, sizeof(*route53->sets.slots));
    assert(route53->zones != NULL && route53->sets.slots != NULL);
    for (uint32_t z = 0; z < settings->zone_count; z++)
        find_apex(settings, z, route53->zones[z].apex);
    for (uint32_t i = 0; i < settings->set_count; i++)
        make_set(world, &settings->sets[i]);
    world->epochs_rose = true;
    world->kept_weight = true;
}

void sim_zone_destroy(struct world *world)
{
    changed(world);
    free(world->route53.zones);
    free(world->route53.sets.list);
    free(world->route53.sets.slots);
    free(world->route53.before.list);
    free(world->route53.before.slots);
    free(world->route53.followed);
}
