/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon writes (io/board_write.c): votes and suspects under its lease, level-triggered, and
 * commits. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "sim_store.h"
#include "store_json.h"
#include "world_state.h"

enum { VALUE_ROOM = 64 * 1024 };

/* ---- leased keys ---- */

static void write_leased(struct world *world, uint32_t probe, uint32_t index)
{
    struct sim_probe *p = &world->probes[probe];
    struct sim_leased *leased = &p->board.leased[index];
    const char *self = p->settings->electors[p->settings->self].name;
    struct sim_call call = {.kind = leased->text != NULL ? CALL_PUT : CALL_DELETE,
                            .probe = probe,
                            .index = index,
                            .lease = p->board.lease,
                            .text = leased->text};
    key_text key;

    if (index < p->settings->group_count)
        key_vote(key, self, p->settings->groups[index].name);
    else
        key_suspects(key, self);
    call.name = key;
    leased->dirty = false;
    leased->in_flight = true;
    sim_store_call(world, &call);
}

void sim_board_flush(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    for (uint32_t i = 0; p->board.lease_alive && i <= p->settings->group_count; i++) {
        if (p->board.leased[i].dirty && !p->board.leased[i].in_flight)
            write_leased(world, probe, i);
    }
}

void sim_board_leased(struct world *world, const struct pending *pending)
{
    struct sim_leased *leased;

    if (pending->group == NONE) /* an old decision that was deleted, or not: tried again later */
        return;
    leased = &world->probes[pending->probe].board.leased[pending->group];
    leased->in_flight = false;
    if (pending->status != STORE_OK)
        leased->dirty = true; /* written by the flush after the next renewal */
    else
        leased->revision = pending->revision;
    sim_board_note_write(world, pending->probe, pending->status);
    if (pending->status == STORE_LEASE_LOST)
        sim_board_lease_lost(world, pending->probe);
    else if (pending->status == STORE_OK)
        sim_board_flush(world, pending->probe);
}

/* Takes a text over; NULL: the key shall not be. */
static void want(struct world *world, uint32_t probe, uint32_t index, char *text)
{
    struct sim_leased *leased = &world->probes[probe].board.leased[index];

    free(leased->text);
    leased->text = text;
    leased->dirty = true;
    sim_board_flush(world, probe);
}

void sim_store_publish(struct world *world, uint32_t probe, const struct update *update)
{
    const struct settings *settings = world->probes[probe].settings;
    static char value[VALUE_ROOM];

    for (uint32_t i = 0; i < update->vote_count; i++) {
        if (vote_write(&update->votes[i], value, sizeof(value)) < 0)
            abort();
        want(world, probe, update->votes[i].group, strdup(value));
    }
    if (!update->suspects_changed)
        return;
    if (suspects_write(settings, update->suspects, update->suspect_count, value, sizeof(value)) < 0)
        abort();
    want(world, probe, settings->group_count, update->suspect_count > 0 ? strdup(value) : NULL);
}

/* ---- commits ---- */

void sim_store_commit(struct world *world, uint32_t probe, const struct commit *commit)
{
    struct sim_call call = {
        .kind = CALL_COMMIT, .probe = probe, .index = commit->decision.group, .commit = commit};

    sim_store_call(world, &call);
}

/* Local orders (D7): what became of them is told as any order is. */
void sim_store_keep(struct world *world, uint32_t probe, const struct update *update)
{
    for (uint32_t i = 0; i < update->keep_count; i++) {
        struct sim_call call = {.kind = CALL_ORDER,
                                .probe = probe,
                                .order = &update->keeps[i],
                                .compared = update->keeps_revision};

        sim_store_call(world, &call);
    }
}

/* A lost answer means "perhaps": what stands in the store says what happened, so it is read. */
void sim_board_committed(struct world *world, const struct pending *pending)
{
    struct event event = {
        .kind = EVENT_COMMIT,
        .commit = {pending->group, pending->status, pending->revision},
    };

    sim_board_note_write(world, pending->probe, pending->status);
    world_feed(world, pending->probe, &event);
    if (pending->status != STORE_OK)
        sim_board_read(world, pending->probe);
}

/* ---- what nobody needs any more (io/board_prune.c) ---- */

static void prune_key(struct world *world, uint32_t probe, enum sim_call_kind kind,
                      const char *name, uint64_t revision)
{
    struct sim_call call = {
        .kind = kind, .probe = probe, .index = NONE, .name = name, .compared = revision};

    sim_store_call(world, &call);
}

static bool is_of_journal(const struct sim_item *item, const char *group)
{
    return item->key.kind == KEY_JOURNAL && strcmp(item->key.group, group) == 0;
}

/* The oldest decisions of a group beyond the newest BOARD_JOURNAL_MAX. */
static void prune_journal(struct world *world, uint32_t probe, const char *group)
{
    const struct sim_store *store = &world->store;
    uint32_t surplus = 0;
    uint32_t end;
    key_text first;
    uint32_t at;

    key_journal(first, group, 0);
    at = sim_store_place(store, first);
    for (end = at; end < store->count && is_of_journal(store->items[end], group); end++)
        surplus += sim_item_standing(store->items[end]) != NULL;
    surplus = surplus > BOARD_JOURNAL_MAX ? surplus - BOARD_JOURNAL_MAX : 0;
    surplus = surplus < STORE_PUTS_MAX ? surplus : STORE_PUTS_MAX;
    for (; surplus > 0; at++) {
        if (sim_item_standing(store->items[at]) == NULL)
            continue;
        prune_key(world, probe, CALL_DELETE, store->items[at]->name, 0);
        surplus--;
    }
}

/* As this probe's engine knows them: what it was told of the store. */
static void prune_orders(struct world *world, uint32_t probe, uint64_t revision)
{
    const struct sim_probe *p = &world->probes[probe];
    const struct order *orders;
    const struct order *known[ORDERS_MAX];
    struct order_list list = {.orders = known, .is_whole = true};
    uint32_t count = engine_orders(p->engine, &orders);
    msec_t now_ms = world_local_ms(world, probe);

    for (uint32_t i = 0; i < count; i++) {
        if (orders[i].verb != ORDER_UNREADABLE && orders[i].create_revision > 0)
            known[list.count++] = &orders[i];
    }
    list.is_whole = list.count == p->board.order_count;
    for (uint32_t i = 0; i < list.count; i++) {
        const struct sim_known_order *place = sim_known_order(&p->board, known[i]->id);
        key_text key;

        if (place == NULL ||
            !order_is_spent(known[i], &list, p->settings->group_count,
                            engine_wall(p->engine, now_ms), now_ms - place->since_ms))
            continue;
        key_order(key, known[i]->id);
        prune_key(world, probe, CALL_PRUNE, key, revision);
    }
}

void sim_board_prune(struct world *world, uint32_t probe, uint64_t revision)
{
    const struct sim_probe *p = &world->probes[probe];
    const struct settings *settings = p->settings;

    if ((p->board.reads + settings->self) % settings->elector_count != 0)
        return;
    for (uint32_t g = 0; g < settings->group_count; g++)
        prune_journal(world, probe, settings->groups[g].name);
    prune_orders(world, probe, revision);
}
