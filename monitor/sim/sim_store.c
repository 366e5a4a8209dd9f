/* SPDX-License-Identifier: Apache-2.0 */
/* The store: etcd's semantics in memory. Compares are made with the truth; readings and watches
 * show the truth or, while it is stale, what was the truth then. Values are the real codecs' texts,
 * so that what cannot be written or read is found here. */
#include "sim_store.h"
#include "store_form.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "world_state.h"

enum {
    KEEP_MS = 5 * 60 * 1000, /* an old value, for those who were told of it late */
    TIDY_AFTER = 64,         /* removals */
    ORDER_AGAIN_MS = 10 * 1000
};

/* ---- keys ---- */

uint32_t sim_store_place(const struct sim_store *store, const char *name)
{
    uint32_t low = 0;
    uint32_t high = store->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (strcmp(store->items[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct sim_item *sim_store_find(const struct sim_store *store, const char *name)
{
    uint32_t at = sim_store_place(store, name);

    return at < store->count && strcmp(store->items[at]->name, name) == 0 ? store->items[at] : NULL;
}

static void make_room(struct sim_store *store)
{
    if (store->count < store->room)
        return;
    store->room = store->room == 0 ? 64 : 2 * store->room;
    store->items = realloc(store->items, store->room * sizeof(struct sim_item *));
    store->scratch = realloc(store->scratch, store->room * sizeof(struct sim_item *));
    assert(store->items != NULL && store->scratch != NULL);
}

static struct sim_item *add_item(struct sim_store *store, const char *name)
{
    uint32_t at = sim_store_place(store, name);
    struct sim_item *item = calloc(1, sizeof(*item));

    make_room(store);
    assert(item != NULL);
    item->name = strdup(name);
    assert(item->name != NULL && key_parse(name, &item->key) == 0);
    memmove(store->items + at + 1, store->items + at,
            (store->count - at) * sizeof(struct sim_item *));
    store->items[at] = item;
    store->count++;
    return item;
}

/* ---- values ---- */

static void version_destroy(struct sim_version *version)
{
    if (version == NULL)
        return;
    free(version->text);
    free(version->reading);
    free(version);
}

static void versions_destroy(struct sim_version *version)
{
    while (version != NULL) {
        struct sim_version *older = version->older;
        version_destroy(version);
        version = older;
    }
}

static void item_destroy(struct sim_item *item)
{
    versions_destroy(item->newest);
    free(item->name);
    free(item);
}

struct sim_version *sim_item_at(const struct sim_item *item, uint64_t revision)
{
    struct sim_version *version = item->newest;

    while (version != NULL && version->mod_revision > revision)
        version = version->older;
    return version != NULL && version->text != NULL ? version : NULL;
}

/* The value that stands, or NULL. */
struct sim_version *sim_item_standing(const struct sim_item *item)
{
    return item != NULL && item->newest != NULL && item->newest->text != NULL ? item->newest : NULL;
}

/* Was this, until `next` replaced it, what a backup or a stale member shows? */
static bool is_shown(uint64_t shown, const struct sim_version *version,
                     const struct sim_version *next)
{
    return version->mod_revision <= shown && next->mod_revision > shown;
}

static bool is_wanted(const struct world *world, const struct sim_version *version,
                      const struct sim_version *next)
{
    const struct sim_store *store = &world->store;

    return version->replaced_ms > world->now_ms - KEEP_MS ||
           (store->has_backup && is_shown(store->backup_revision, version, next)) ||
           (store->stale && is_shown(store->stale_revision, version, next));
}

/* Takes the old values out that nobody can ask for. */
static void prune(const struct world *world, struct sim_item *item)
{
    struct sim_version *version = item->newest;

    while (version->older != NULL) {
        struct sim_version *old = version->older;
        if (is_wanted(world, old, version)) {
            version = old;
        } else {
            version->older = old->older;
            version_destroy(old);
        }
    }
}

/* Writes one key at a revision; text NULL removes it. */
void sim_store_put(struct world *world, const char *name, const char *text, uint64_t lease,
                   uint64_t revision)
{
    struct sim_store *store = &world->store;
    struct sim_item *item = sim_store_find(store, name);
    struct sim_version *version = calloc(1, sizeof(*version));
    const struct sim_version *before = sim_item_standing(item);

    assert(version != NULL && (text != NULL || before != NULL));
    if (item == NULL)
        item = add_item(store, name);
    version->text = text != NULL ? strdup(text) : NULL;
    assert(text == NULL || version->text != NULL);
    version->digest = text != NULL ? store_value_digest(text, strlen(text)) : 0;
    version->create_revision = before != NULL && text != NULL ? before->create_revision : revision;
    version->mod_revision = revision;
    version->lease = lease;
    version->replaced_ms = INT64_MAX;
    version->older = item->newest;
    if (item->newest != NULL)
        item->newest->replaced_ms = world->now_ms;
    item->newest = version;
    store->gone += text == NULL;
    prune(world, item);
}

/* A new revision, of which all will hear. */
uint64_t sim_store_begin(struct world *world)
{
    world->store.revision++;
    for (uint32_t i = 0; i < world->probe_count; i++)
        sim_board_notify(world, i);
    return world->store.revision;
}

/* Keys that are gone and that no reading can show any more. */
static void tidy(struct world *world)
{
    struct sim_store *store = &world->store;
    uint32_t kept = 0;

    store->gone = 0;
    store->tidy_at_ms = world->now_ms + KEEP_MS;
    for (uint32_t i = 0; i < store->count; i++) {
        struct sim_item *item = store->items[i];
        prune(world, item);
        if (item->newest->text != NULL || item->newest->older != NULL) {
            store->items[kept++] = item;
            store->gone += item->newest->text == NULL;
        } else {
            item_destroy(item);
        }
    }
    store->count = kept;
}

uint64_t sim_store_shown(const struct sim_store *store)
{
    return store->stale ? store->stale_revision : store->revision;
}

void world_store_write(struct world *world, const char *key, const char *text)
{
    sim_store_put(world, key, text, 0, sim_store_begin(world));
}

const char *world_store_value(const struct world *world, const char *key)
{
    const struct sim_version *version = sim_item_standing(sim_store_find(&world->store, key));
    return version == NULL ? NULL : version->text;
}

/* ---- leases ---- */

struct sim_lease *sim_store_lease(struct sim_store *store, uint64_t id)
{
    for (uint32_t i = 0; i < store->leases.count; i++) {
        if (store->leases.list[i].id == id)
            return &store->leases.list[i];
    }
    return NULL;
}

uint64_t sim_store_grant(struct world *world, uint32_t probe)
{
    struct sim_leases *leases = &world->store.leases;
    msec_t lease_ms = world->probes[probe].settings->store.lease_ms;

    if (leases->count == leases->room) {
        leases->room = leases->room == 0 ? 16 : 2 * leases->room;
        leases->list = realloc(leases->list, leases->room * sizeof(*leases->list));
        assert(leases->list != NULL);
    }
    leases->list[leases->count++] =
        (struct sim_lease){++world->store.lease_ids, probe, world->now_ms + lease_ms};
    return world->store.lease_ids;
}

/* What was written under it goes with it, in one revision. */
static void revoke(struct world *world, uint32_t index)
{
    struct sim_store *store = &world->store;
    uint64_t id = store->leases.list[index].id;
    uint64_t revision = 0;

    for (uint32_t i = 0; i < store->count; i++) {
        const struct sim_version *version = sim_item_standing(store->items[i]);
        if (version == NULL || version->lease != id)
            continue;
        if (revision == 0)
            revision = sim_store_begin(world);
        sim_store_put(world, store->items[i]->name, NULL, 0, revision);
    }
    store->leases.list[index] = store->leases.list[--store->leases.count];
}

/* A new leader knows no clock of the old one: every lease lives its whole time once more. */
static void extend_leases(struct world *world)
{
    struct sim_leases *leases = &world->store.leases;

    for (uint32_t i = 0; i < leases->count; i++)
        leases->list[i].until_ms =
            world->now_ms + world->probes[leases->list[i].probe].settings->store.lease_ms;
}

/* A lease that is renewed ends later, never sooner. */
static msec_t next_sweep_ms(const struct world *world)
{
    const struct sim_leases *leases = &world->store.leases;
    msec_t end_ms = INT64_MAX;
    msec_t sweeps;

    for (uint32_t i = 0; i < leases->count; i++)
        end_ms = leases->list[i].until_ms < end_ms ? leases->list[i].until_ms : end_ms;
    if (end_ms == INT64_MAX || end_ms <= world->now_ms)
        return LEASE_SWEEP_MS;
    sweeps = (end_ms - world->now_ms) / LEASE_SWEEP_MS + 1;
    return sweeps * LEASE_SWEEP_MS;
}

/* Without a leader no lease ends. */
msec_t sim_store_sweep(struct world *world)
{
    struct sim_store *store = &world->store;

    if (store->down || store->readonly)
        return LEASE_SWEEP_MS;
    for (uint32_t i = store->leases.count; i-- > 0;) {
        if (world->now_ms > store->leases.list[i].until_ms)
            revoke(world, i);
    }
    if (store->gone >= TIDY_AFTER && world->now_ms >= store->tidy_at_ms)
        tidy(world);
    return next_sweep_ms(world);
}

msec_t sim_store_lease_until(const struct world *world, uint32_t probe)
{
    const struct sim_leases *leases = &world->store.leases;
    const struct sim_lease *newest = NULL;

    for (uint32_t i = 0; i < leases->count; i++) {
        if (leases->list[i].probe == probe && (newest == NULL || leases->list[i].id > newest->id))
            newest = &leases->list[i];
    }
    return newest == NULL ? 0 : newest->until_ms;
}

/* ---- backup ---- */

static void copy_leases(struct sim_leases *to, const struct sim_leases *from)
{
    free(to->list);
    *to = *from;
    to->list = calloc(to->room + 1, sizeof(*to->list));
    assert(to->list != NULL);
    if (from->count > 0)
        memcpy(to->list, from->list, from->count * sizeof(*to->list));
}

void world_store_save(struct world *world)
{
    struct sim_store *store = &world->store;

    store->has_backup = true;
    store->backup_revision = store->revision;
    copy_leases(&store->backup_leases, &store->leases);
}

/* Takes a key back to what it was at the backup; false: it was not there. */
static bool set_back(struct sim_item *item, uint64_t revision)
{
    while (item->newest != NULL && item->newest->mod_revision > revision) {
        struct sim_version *newer = item->newest;
        item->newest = newer->older;
        version_destroy(newer);
    }
    if (item->newest == NULL)
        return false;
    item->newest->replaced_ms = INT64_MAX;
    return true;
}

/* Revisions go back with it. All connections break, and what was on its way is lost. */
void world_store_rollback(struct world *world)
{
    struct sim_store *store = &world->store;
    uint32_t kept = 0;

    assert(store->has_backup);
    for (uint32_t i = 0; i < store->count; i++) {
        if (set_back(store->items[i], store->backup_revision))
            store->items[kept++] = store->items[i];
        else
            item_destroy(store->items[i]);
    }
    store->count = kept;
    store->revision = store->backup_revision;
    if (store->stale_revision > store->revision)
        store->stale_revision = store->revision;
    store->era++;
    copy_leases(&store->leases, &store->backup_leases);
    extend_leases(world);
    for (uint32_t i = 0; i < world->probe_count; i++)
        sim_board_watch(world, i, true);
}

/* ---- faults ---- */

static void tell_watches(struct world *world, bool lost)
{
    for (uint32_t i = 0; i < world->probe_count; i++)
        sim_board_watch(world, i, lost);
}

static void set_down(struct world *world, bool down)
{
    if (world->store.down == down)
        return;
    world->store.down = down;
    tell_watches(world, down);
    if (!down)
        extend_leases(world);
}

void world_store_readonly(struct world *world, bool readonly)
{
    if (world->store.readonly && !readonly)
        extend_leases(world);
    world->store.readonly = readonly;
}

static void set_stale(struct world *world, bool stale)
{
    struct sim_store *store = &world->store;
    bool was_stale = store->stale;

    if (stale && !was_stale)
        store->stale_revision = store->revision;
    store->stale = stale;
    for (uint32_t i = 0; was_stale && !stale && i < world->probe_count; i++)
        sim_board_notify(world, i);
}

/* Up, in time, fresh and writable. */
static void set_well(struct world *world)
{
    world->store.slow_ms = 0;
    world->store.watch_lost = false;
    world->store.watch_duplicate = false;
    set_down(world, false);
    world_store_readonly(world, false);
    set_stale(world, false);
}

void sim_store_garbage(struct world *world, uint32_t probe)
{
    const struct settings *settings = world->cast->settings[probe];
    key_text key;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        key_vote(key, settings->electors[probe].name, settings->groups[g].name);
        sim_store_put(world, key, "{\"v\":1,\"states\":", 0, sim_store_begin(world));
    }
}

void sim_store_act(struct world *world, const struct action *action)
{
    struct sim_store *store = &world->store;

    switch (action->kind) {
    case ACTION_STORE_UP:
        set_well(world);
        break;
    case ACTION_STORE_DOWN:
        set_down(world, true);
        break;
    case ACTION_STORE_SLOW:
        store->slow_ms = action->value;
        break;
    case ACTION_STORE_STALE:
        set_stale(world, true);
        break;
    case ACTION_STORE_READONLY:
        world_store_readonly(world, true);
        break;
    case ACTION_STORE_BACKUP:
        world_store_save(world);
        break;
    case ACTION_STORE_ROLLBACK:
        world_store_rollback(world);
        break;
    case ACTION_STORE_WATCH_LOST:
        store->watch_lost = true;
        break;
    case ACTION_STORE_WATCH_DUPLICATE:
        store->watch_duplicate = true;
        break;
    case ACTION_STORE_LEASES_LOST:
        while (store->leases.count > 0)
            revoke(world, store->leases.count - 1);
        break;
    default:
        assert(action->kind == ACTION_STORE_UP); /* no other concerns the store */
        break;
    }
}

/* ---- life ---- */

void sim_store_make(struct world *world)
{
    world->store.dice = dice_create(world->seed, DICE_STORE, 0);
    world_store_save(world);
}

void sim_store_destroy(struct sim_store *store)
{
    for (uint32_t i = 0; i < store->count; i++)
        item_destroy(store->items[i]);
    free(store->items);
    free(store->scratch);
    free(store->leases.list);
    free(store->backup_leases.list);
}
