/* SPDX-License-Identifier: Apache-2.0 */
/* A store in memory with etcd's semantics, and what the daemon's board does around it: the values
 * are the real codecs' texts, so that what cannot be written or read is found here. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "store_json.h"
#include "world_state.h"

enum { VALUE_ROOM = 64 * 1024 };

struct sim_item *sim_store_find(struct sim_store *store, const char *key)
{
    for (uint32_t i = 0; i < store->count; i++) {
        if (strcmp(store->items[i].key, key) == 0)
            return &store->items[i];
    }
    return NULL;
}

static bool present(const struct sim_item *item)
{
    return item != NULL && item->value != NULL;
}

uint64_t sim_store_begin(struct world *world)
{
    for (uint32_t i = 0; i < world->probe_count; i++) {
        if (world->probes[i].alive)
            world_later(world, STORE_MS, (struct pending){.kind = PENDING_STORE, .probe = i});
    }
    return ++world->store.revision;
}

/* value NULL: deletes. */
void sim_store_put(struct world *world, const char *key, const char *value, uint32_t owner,
                   uint64_t revision)
{
    struct sim_item *item = sim_store_find(&world->store, key);

    if (item == NULL) {
        assert(world->store.count < SIM_KEYS_MAX);
        item = &world->store.items[world->store.count++];
        *item = (struct sim_item){0};
        snprintf(item->key, sizeof(item->key), "%s", key);
    }
    if (!present(item) && value != NULL)
        item->create_revision = revision;
    free(item->value);
    item->value = value == NULL ? NULL : strdup(value);
    item->mod_revision = revision;
    item->owner = owner;
}

void sim_store_copy(struct sim_store *to, const struct sim_store *from)
{
    sim_store_clear(to);
    *to = *from;
    for (uint32_t i = 0; i < to->count; i++)
        to->items[i].value = from->items[i].value == NULL ? NULL : strdup(from->items[i].value);
}

void sim_store_clear(struct sim_store *store)
{
    for (uint32_t i = 0; i < store->count; i++)
        free(store->items[i].value);
    store->count = 0;
}

/* ---- leases ---- */

/* What went with the lease, or with a store that was set back, is written again. */
static void write_again(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    const char *self = p->settings->electors[probe].name;
    const struct sim_item *item;
    key_text key;

    for (uint32_t g = 0; g < p->settings->group_count; g++) {
        if (p->votes[g] == NULL)
            continue;
        key_vote(key, self, p->settings->groups[g].name);
        item = sim_store_find(&world->store, key);
        if (!present(item) || strcmp(item->value, p->votes[g]) != 0 || item->owner != probe)
            sim_store_put(world, key, p->votes[g], probe, sim_store_begin(world));
    }
}

void sim_store_renew(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    msec_t lease_ms = p->settings->store.lease_ms;
    struct event event = {.kind = EVENT_LEASE};
    bool was_held = p->lease_held;

    if (world_reaches_store(world, probe) && !world->store_readonly) {
        p->lease_held = true;
        p->lease_until_ms = world->now_ms + lease_ms;
        if (!was_held)
            write_again(world, probe);
        event.lease.alive = true;
        event.lease.until_ms = world_local_ms(world, probe) + lease_ms;
        world_feed(world, probe, &event);
    } else if (world->now_ms >= p->lease_until_ms) {
        world_feed(world, probe, &event);
    }
    world_timer(world, lease_ms / 3, (struct pending){.kind = PENDING_RENEW, .probe = probe});
}

void sim_store_sweep(struct world *world)
{
    for (uint32_t i = 0; i < world->store.count && !world->store_readonly; i++) {
        struct sim_item *item = &world->store.items[i];
        if (!present(item) || item->owner == NONE)
            continue;
        if (world->now_ms > world->probes[item->owner].lease_until_ms) {
            world->probes[item->owner].lease_held = false;
            sim_store_put(world, item->key, NULL, NONE, sim_store_begin(world));
        }
    }
}

/* ---- what a probe hears ---- */

static void tell_vote(struct world *world, uint32_t probe, const struct sim_item *item,
                      const struct key *key)
{
    const struct settings *settings = world->probes[probe].settings;
    struct event event = {.kind = EVENT_VOTE};
    struct vote *vote = NULL;
    char error[VALUE_ERROR_SIZE];

    event.vote.vote.probe = settings_elector(settings, key->probe);
    event.vote.vote.group = settings_group(settings, key->group);
    if (event.vote.vote.probe == NONE || event.vote.vote.group == NONE)
        return;
    event.vote.present =
        present(item) &&
        vote_read(settings, event.vote.vote.probe, event.vote.vote.group, item->value,
                  strlen(item->value), &vote, error, sizeof(error)) == 0;
    if (event.vote.present) {
        event.vote.vote = *vote;
        event.vote.revision = item->mod_revision;
    }
    world_feed(world, probe, &event);
    free(vote);
}

static void tell_suspects(struct world *world, uint32_t probe, const struct sim_item *item,
                          const struct key *key)
{
    const struct settings *settings = world->probes[probe].settings;
    uint32_t *sites = calloc(settings->site_count, sizeof(*sites));
    struct event event = {.kind = EVENT_SUSPECT};
    char error[VALUE_ERROR_SIZE];

    assert(sites != NULL);
    event.suspect.probe = settings_elector(settings, key->probe);
    event.suspect.sites = sites;
    if (present(item) && suspects_read(settings, item->value, strlen(item->value), sites,
                                       &event.suspect.count, error, sizeof(error)) < 0)
        abort();
    if (event.suspect.probe != NONE)
        world_feed(world, probe, &event);
    free(sites);
}

static void tell_head(struct world *world, uint32_t probe, const struct sim_item *item,
                      const struct key *key)
{
    const struct settings *settings = world->probes[probe].settings;
    struct event event = {.kind = EVENT_HEAD};
    struct decision *decision = NULL;
    char error[VALUE_ERROR_SIZE];

    event.head.group = settings_group(settings, key->group);
    if (event.head.group == NONE)
        return;
    event.head.present = present(item);
    event.head.revision = item->mod_revision;
    if (event.head.present &&
        decision_read(settings, event.head.group, item->value, strlen(item->value), &decision,
                      error, sizeof(error)) < 0) {
        fprintf(stderr, "sim: a head cannot be read: %s\n", error);
        abort();
    }
    event.head.decision = decision;
    world_feed(world, probe, &event);
    free(decision);
}

static void tell_order(struct world *world, uint32_t probe, const struct sim_item *item,
                       const struct key *key)
{
    const struct settings *settings = world->probes[probe].settings;
    struct event event = {.kind = EVENT_ORDER};
    struct order order = {0};
    char error[VALUE_ERROR_SIZE];

    snprintf(order.id, sizeof(order.id), "%.*s", ORDER_ID_MAX, key->id);
    event.order.present = present(item);
    if (event.order.present && order_read(settings, order.id, item->value, strlen(item->value),
                                          &order, error, sizeof(error)) < 0)
        abort();
    order.create_revision = item->create_revision;
    order.mod_revision = item->mod_revision;
    event.order.order = &order;
    world_feed(world, probe, &event);
}

static void tell_budget(struct world *world, uint32_t probe, const struct sim_item *item)
{
    struct event event = {.kind = EVENT_BUDGET};
    wall_t moves[BUDGET_MAX];
    char error[VALUE_ERROR_SIZE];

    event.budget.moves = moves;
    if (present(item)) {
        event.budget.revision = item->mod_revision;
        if (budget_read(item->value, strlen(item->value), moves, &event.budget.count, error,
                        sizeof(error)) < 0)
            abort();
    }
    world_feed(world, probe, &event);
}

static void tell_item(struct world *world, uint32_t probe, const struct sim_item *item)
{
    struct key key;

    if (key_parse(item->key, &key) < 0)
        return;
    if (key.kind == KEY_VOTE)
        tell_vote(world, probe, item, &key);
    else if (key.kind == KEY_SUSPECTS)
        tell_suspects(world, probe, item, &key);
    else if (key.kind == KEY_DECISION)
        tell_head(world, probe, item, &key);
    else if (key.kind == KEY_ORDER)
        tell_order(world, probe, item, &key);
    else if (key.kind == KEY_BUDGET)
        tell_budget(world, probe, item);
}

/* Tells only what changed since this probe was told last. */
void sim_store_tell(struct world *world, uint32_t probe, bool full)
{
    struct sim_probe *p = &world->probes[probe];
    struct event event = {.kind = EVENT_STORE, .store = {.full = full}};

    if (!world_reaches_store(world, probe)) {
        event.store.status = STORE_AWAY;
        if (full) /* a watch that is cut stays silent; the periodic read finds out */
            world_feed(world, probe, &event);
        return;
    }
    for (uint32_t i = 0; i < world->store.count; i++) {
        if (p->known[i] == world->store.items[i].mod_revision)
            continue;
        p->known[i] = world->store.items[i].mod_revision;
        tell_item(world, probe, &world->store.items[i]);
    }
    event.store.revision = world->store.revision;
    world_feed(world, probe, &event);
    if (full && p->lease_held && !world->store_readonly)
        write_again(world, probe);
}

/* ---- what a probe writes ---- */

void sim_store_publish(struct world *world, uint32_t probe, const struct update *update)
{
    struct sim_probe *p = &world->probes[probe];
    const char *self = p->settings->electors[probe].name;
    static char value[VALUE_ROOM];
    key_text key;

    bool writes = world_reaches_store(world, probe) && p->lease_held && !world->store_readonly;

    for (uint32_t i = 0; i < update->vote_count; i++) {
        key_vote(key, self, p->settings->groups[update->votes[i].group].name);
        if (vote_write(&update->votes[i], value, sizeof(value)) < 0)
            abort();
        free(p->votes[update->votes[i].group]);
        p->votes[update->votes[i].group] = strdup(value);
        if (writes)
            sim_store_put(world, key, value, probe, sim_store_begin(world));
    }
    if (!update->suspects_changed || !writes)
        return;
    key_suspects(key, self);
    if (suspects_write(p->settings, update->suspects, update->suspect_count, value, sizeof(value)) <
        0)
        abort();
    sim_store_put(world, key, update->suspect_count > 0 ? value : NULL, probe,
                  sim_store_begin(world));
}

/* ---- a commit: D8's one transaction ---- */

static uint64_t mod_revision(struct world *world, const char *key)
{
    const struct sim_item *item = sim_store_find(&world->store, key);
    return present(item) ? item->mod_revision : 0;
}

static bool compares_hold(struct world *world, uint32_t probe, const struct commit *commit)
{
    const struct settings *settings = world->probes[probe].settings;
    const char *group = settings->groups[commit->decision.group].name;
    key_text key;

    key_decision(key, group);
    if (mod_revision(world, key) != commit->head_revision ||
        mod_revision(world, KEYS_BUDGET) != commit->budget_revision)
        return false;
    for (uint32_t i = 0; i < commit->vote_count; i++) {
        key_vote(key, settings->electors[commit->votes[i].probe].name, group);
        if (mod_revision(world, key) != commit->votes[i].revision)
            return false;
    }
    for (uint32_t i = 0; i < world->store.count; i++) {
        const struct sim_item *item = &world->store.items[i];
        if (strncmp(item->key, KEYS_ORDERS, strlen(KEYS_ORDERS)) == 0 && present(item) &&
            item->mod_revision > commit->orders_revision)
            return false;
    }
    return true;
}

static void write_commit(struct world *world, uint32_t probe, const struct commit *commit,
                         uint64_t revision)
{
    const struct settings *settings = world->probes[probe].settings;
    const char *group = settings->groups[commit->decision.group].name;
    static char value[VALUE_ROOM];
    key_text key;

    if (decision_write(settings, &commit->decision, value, sizeof(value)) < 0)
        abort();
    key_decision(key, group);
    sim_store_put(world, key, value, NONE, revision);
    key_journal(key, group, commit->decision.epoch);
    sim_store_put(world, key, value, NONE, revision);
    if (commit->writes_budget) {
        if (budget_write(commit->budget, commit->budget_count, value, sizeof(value)) < 0)
            abort();
        sim_store_put(world, KEYS_BUDGET, value, NONE, revision);
    }
    if (commit->obeyed != NULL) {
        if (order_write(settings, commit->obeyed, value, sizeof(value)) < 0)
            abort();
        key_order(key, commit->obeyed->id);
        sim_store_put(world, key, value, NONE, revision);
    }
}

void sim_store_commit(struct world *world, uint32_t probe, const struct commit *commit)
{
    struct pending reply = {.kind = PENDING_COMMIT,
                            .probe = probe,
                            .group = commit->decision.group,
                            .status = STORE_CONFLICT};

    if (!world_reaches_store(world, probe)) {
        reply.status = STORE_AWAY;
    } else if (world->store_readonly) {
        reply.status = STORE_READONLY;
    } else if (compares_hold(world, probe, commit)) {
        reply.status = STORE_OK;
        reply.revision = sim_store_begin(world);
        write_commit(world, probe, commit, reply.revision);
        world_tell_committed(world, probe, commit, reply.revision);
    }
    world_later(world, STORE_MS, reply);
}
