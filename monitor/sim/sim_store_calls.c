/* SPDX-License-Identifier: Apache-2.0 */
/* What reaches the store: readings, renewals, puts, and D8's one transaction, compared with the
 * truth; and the way there and back. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "pool.h"
#include "sim_store.h"
#include "store_json.h"
#include "world_state.h"

enum { VALUE_ROOM = 64 * 1024, CALL_ROOM = 256 * 1024, ORDER_AGAIN_MS = 10 * 1000 };

/* ---- commits: D8's one transaction ---- */

static uint64_t mod_revision(const struct sim_store *store, const char *name)
{
    const struct sim_version *version = sim_item_standing(sim_store_find(store, name));
    return version != NULL ? version->mod_revision : 0;
}

static bool orders_unchanged(const struct sim_store *store, uint64_t revision)
{
    for (uint32_t i = sim_store_place(store, KEYS_ORDERS);
         i < store->count && store->items[i]->key.kind == KEY_ORDER; i++) {
        const struct sim_version *version = sim_item_standing(store->items[i]);
        if (version != NULL && version->mod_revision > revision)
            return false;
    }
    return true;
}

static bool compares_hold(const struct world *world, uint32_t probe, const struct commit *commit)
{
    const struct settings *settings = world->probes[probe].settings;
    const char *group = settings->groups[commit->decision.group].name;
    key_text key;

    key_decision(key, group);
    if (mod_revision(&world->store, key) != commit->head_revision ||
        mod_revision(&world->store, KEYS_BUDGET) != commit->budget_revision)
        return false;
    for (uint32_t i = 0; i < commit->vote_count; i++) {
        key_vote(key, settings->electors[commit->votes[i].probe].name, group);
        if (mod_revision(&world->store, key) != commit->votes[i].revision)
            return false;
    }
    if (commit->obeyed != NULL) {
        key_order(key, commit->obeyed->id);
        if (mod_revision(&world->store, key) != commit->obeyed->mod_revision)
            return false;
    }
    return orders_unchanged(&world->store, commit->orders_revision);
}

/* What stands of the order is kept, but for its marks (order_amend()). */
static void amend(const struct world *world, const struct settings *settings, const char *key,
                  const struct order *order, char value[VALUE_ROOM])
{
    const char *standing = world_store_value(world, key);
    int length = standing != NULL
                     ? order_amend(settings, order, standing, strlen(standing), value, VALUE_ROOM)
                     : order_write(settings, order, value, VALUE_ROOM);

    if (length < 0)
        abort();
}

/* The decision that leaves the journal with this one. */
static void forget_decision(struct world *world, const char *group, uint64_t epoch,
                            uint64_t revision)
{
    key_text key;

    if (epoch <= BOARD_JOURNAL_MAX)
        return;
    key_journal(key, group, epoch - BOARD_JOURNAL_MAX);
    if (sim_item_standing(sim_store_find(&world->store, key)) != NULL)
        sim_store_put(world, key, NULL, 0, revision);
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
    sim_store_put(world, key, value, 0, revision);
    key_journal(key, group, commit->decision.epoch);
    sim_store_put(world, key, value, 0, revision);
    forget_decision(world, group, commit->decision.epoch, revision);
    if (commit->writes_budget) {
        if (budget_write(commit->budget, commit->budget_count, value, sizeof(value)) < 0)
            abort();
        sim_store_put(world, KEYS_BUDGET, value, 0, revision);
    }
    if (commit->obeyed != NULL) {
        key_order(key, commit->obeyed->id);
        amend(world, settings, key, commit->obeyed, value);
        sim_store_put(world, key, value, 0, revision);
    }
}

/* ---- calls ---- */

static enum store_status do_put(struct world *world, const struct sim_call *call,
                                uint64_t *ret_revision)
{
    bool stands = sim_item_standing(sim_store_find(&world->store, call->name)) != NULL;

    if (call->kind == CALL_PUT && sim_store_lease(&world->store, call->lease) == NULL)
        return STORE_LEASE_LOST;
    if (call->kind == CALL_CLAIM && mod_revision(&world->store, call->name) != call->compared)
        return STORE_CONFLICT;
    if (call->kind == CALL_PRUNE && !orders_unchanged(&world->store, call->compared))
        return STORE_CONFLICT;
    if (call->text != NULL || stands) {
        uint64_t lease = call->kind == CALL_PUT ? call->lease : 0;
        sim_store_put(world, call->name, call->text, lease, sim_store_begin(world));
    }
    *ret_revision = world->store.revision;
    return STORE_OK;
}

static enum store_status do_commit(struct world *world, const struct sim_call *call,
                                   uint64_t *ret_revision)
{
    if (!compares_hold(world, call->probe, call->commit))
        return STORE_CONFLICT;
    *ret_revision = sim_store_begin(world);
    write_commit(world, call->probe, call->commit, *ret_revision);
    world_tell_committed(world, call->probe, call->commit, *ret_revision);
    return STORE_OK;
}

static void write_order(struct world *world, const struct order *order);

static enum store_status do_order(struct world *world, const struct sim_call *call,
                                  uint64_t *ret_revision)
{
    key_text key;

    key_order(key, call->order->id);
    if (sim_item_standing(sim_store_find(&world->store, key)) != NULL ||
        !orders_unchanged(&world->store, call->compared))
        return STORE_CONFLICT;
    write_order(world, call->order);
    *ret_revision = world->store.revision;
    return STORE_OK;
}

static enum store_status do_renew(struct world *world, struct sim_call *call)
{
    struct sim_lease *lease = sim_store_lease(&world->store, call->lease);

    if (call->lease == 0)
        call->lease = sim_store_grant(world, call->probe);
    else if (lease == NULL)
        return STORE_LEASE_LOST;
    else
        lease->until_ms = world->now_ms + world->probes[call->probe].settings->store.lease_ms;
    return STORE_OK;
}

static enum store_status serve(struct world *world, struct sim_call *call, uint64_t *ret_revision)
{
    if (world->store.down)
        return STORE_AWAY;
    if (call->kind != CALL_READ && call->kind != CALL_ASK && world->store.readonly)
        return STORE_READONLY;
    switch (call->kind) {
    case CALL_READ:
    case CALL_ASK:
        *ret_revision = sim_store_shown(&world->store);
        return STORE_OK;
    case CALL_RENEW:
        return do_renew(world, call);
    case CALL_COMMIT:
        return do_commit(world, call, ret_revision);
    case CALL_ORDER:
        return do_order(world, call, ret_revision);
    case CALL_PUT:
    case CALL_CLAIM:
    case CALL_PRUNE:
    case CALL_DELETE:
        break;
    }
    return do_put(world, call, ret_revision);
}

/* An answer that is lost, or later than the daemon waits, is "away: perhaps done". */
static void answer(struct world *world, const struct sim_call *call, enum store_status status,
                   uint64_t revision)
{
    const struct sim_probe *probe = &world->probes[call->probe];
    msec_t patience_ms = call->asked_ms + sim_net_store_limit_ms(probe->settings) - world->now_ms;
    msec_t after_ms = STORE_MS + world->store.slow_ms + call->back_ms;
    struct pending pending = {.kind = PENDING_ANSWER,
                              .probe = call->probe,
                              .token = call->kind,
                              .group = call->index,
                              .status = status,
                              .revision = revision,
                              .epoch = call->kind == CALL_RENEW ? call->lease : world->store.era,
                              .since_ms = call->asked_ms};

    if (!probe->alive || probe->life != call->life)
        return;
    if (!call->answered || after_ms > patience_ms) {
        pending.status = STORE_AWAY;
        after_ms = patience_ms > 0 ? patience_ms : 0;
    }
    world_later(world, after_ms, pending);
}

void sim_store_arrive(struct world *world, struct sim_call *call)
{
    uint64_t revision = 0;
    enum store_status status = serve(world, call, &revision);

    answer(world, call, status, revision);
}

/* ---- calls on their way ---- */

static const void *keep_bytes(struct pool *pool, const void *bytes, size_t size)
{
    void *copy = size == 0 ? NULL : pool_alloc(pool, size);

    assert(size == 0 || copy != NULL);
    if (size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

static const struct commit *keep_commit(struct pool *pool, const struct settings *settings,
                                        const struct commit *from)
{
    struct commit to = *from;
    size_t sites = settings->groups[from->decision.group].site_count;
    const struct decision *decision = &from->decision;

    to.decision.weights = keep_bytes(pool, decision->weights, sites * sizeof(int));
    to.decision.normal = keep_bytes(pool, decision->normal, sites * sizeof(int));
    to.decision.base = keep_bytes(pool, decision->base, sites * sizeof(int));
    if (decision->before != NULL)
        to.decision.before = keep_bytes(pool, decision->before, sites * sizeof(int));
    to.votes = keep_bytes(pool, from->votes, from->vote_count * sizeof(*from->votes));
    to.budget = keep_bytes(pool, from->budget, from->budget_count * sizeof(*from->budget));
    if (from->obeyed != NULL)
        to.obeyed = keep_bytes(pool, from->obeyed, sizeof(*from->obeyed));
    return keep_bytes(pool, &to, sizeof(to));
}

static struct sim_call *keep_call(const struct world *world, const struct sim_call *from)
{
    struct pool *pool = pool_create(CALL_ROOM);
    struct sim_call *call = pool == NULL ? NULL : pool_alloc(pool, sizeof(*call));

    assert(call != NULL);
    *call = *from;
    call->owned = pool;
    if (from->name != NULL)
        call->name = pool_copy(pool, from->name, strlen(from->name));
    if (from->text != NULL)
        call->text = pool_copy(pool, from->text, strlen(from->text));
    assert((from->name == NULL) == (call->name == NULL));
    assert((from->text == NULL) == (call->text == NULL));
    if (from->order != NULL)
        call->order = keep_bytes(pool, from->order, sizeof(*from->order));
    if (from->commit != NULL)
        call->commit = keep_commit(pool, world->probes[from->probe].settings, from->commit);
    return call;
}

void sim_call_destroy(struct sim_call *call)
{
    if (call != NULL)
        pool_destroy(call->owned);
}

void sim_store_call(struct world *world, struct sim_call *call)
{
    const struct sim_probe *probe = &world->probes[call->probe];
    struct sim_trip trip = sim_net_trip(world, call->probe, NONE);

    call->asked_ms = world->now_ms;
    call->life = probe->life;
    call->answered = trip.answered;
    call->back_ms = trip.back_ms;
    if (!probe->store_reachable) /* refused, as by a firewall */
        answer(world, call, STORE_AWAY, 0);
    else if (!trip.arrives) {
        call->answered = false;
        answer(world, call, STORE_AWAY, 0);
    } else if (trip.there_ms == 0) {
        sim_store_arrive(world, call);
    } else {
        world_later(
            world, trip.there_ms,
            (struct pending){.kind = PENDING_CALL, .probe = NONE, .call = keep_call(world, call)});
    }
}

/* ---- orders ---- */

static bool is_void_item(const struct settings *settings, const struct sim_item *item,
                         const struct order *newer)
{
    const struct sim_version *version = sim_item_standing(item);
    struct order older;
    char error[VALUE_ERROR_SIZE];

    if (version == NULL || strcmp(item->key.id, newer->id) == 0)
        return false;
    return order_read(settings, item->key.id, version->text, strlen(version->text), &older, error,
                      sizeof(error)) == VALUE_READ &&
           order_overrules(newer, &older);
}

static void write_order(struct world *world, const struct order *order)
{
    const struct settings *settings = world_settings(world);
    const struct sim_store *store = &world->store;
    uint64_t revision = sim_store_begin(world);
    static char value[VALUE_ROOM];
    key_text key;

    if (order_write(settings, order, value, sizeof(value)) < 0)
        abort();
    for (uint32_t i = sim_store_place(store, KEYS_ORDERS);
         i < store->count && store->items[i]->key.kind == KEY_ORDER; i++) {
        if (is_void_item(settings, store->items[i], order))
            sim_store_put(world, store->items[i]->name, NULL, 0, revision);
    }
    key_order(key, order->id);
    sim_store_put(world, key, value, 0, revision);
}

/* All that wait, in the order they were given: the newest word must stay the newest. */
static void give_orders(struct world *world)
{
    if (!world->store.down && !world->store.readonly) {
        for (uint32_t i = 0; i < world->orders_waiting_count; i++)
            write_order(world, &world->orders_waiting[i]);
        world->orders_waiting_count = 0;
    } else if (!world->orders_retried) {
        world->orders_retried = true;
        world_later(world, ORDER_AGAIN_MS, (struct pending){.kind = PENDING_ORDER, .probe = NONE});
    }
}

void sim_store_orders(struct world *world)
{
    world->orders_retried = false;
    if (world->orders_waiting_count > 0)
        give_orders(world);
}

void sim_store_order(struct world *world, const struct order *order)
{
    if (world->orders_waiting_count == world->orders_waiting_room) {
        world->orders_waiting_room = 2 * world->orders_waiting_room + 8;
        world->orders_waiting = realloc(world->orders_waiting, world->orders_waiting_room *
                                                                   sizeof(*world->orders_waiting));
        assert(world->orders_waiting != NULL);
    }
    world->orders_waiting[world->orders_waiting_count++] = *order;
    give_orders(world);
}
