/* SPDX-License-Identifier: Apache-2.0 */
/* Items become events (io/board_tell.c). Each key that matters has a `struct sim_known`: what was
 * told of it last; an item whose revision is known is nothing new. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_store.h"
#include "store_form.h"
#include "store_json.h"
#include "world_state.h"

/* ---- what is gone ---- */

/* Forgets a key; true when it had been told as present. */
static bool leave(struct sim_known *known)
{
    bool was_told = known->present || known->form != VALUE_READ;

    *known = (struct sim_known){0};
    return was_told;
}

static void tell_vote_gone(struct world *world, uint32_t probe, uint32_t elector, uint32_t group)
{
    struct event event = {.kind = EVENT_VOTE};

    event.vote.vote.probe = elector;
    event.vote.vote.group = group;
    world_feed(world, probe, &event);
}

static void vote_gone(struct world *world, uint32_t probe, uint32_t elector, uint32_t group)
{
    struct sim_probe *p = &world->probes[probe];
    struct sim_board *board = &p->board;

    if (!leave(&board->votes[elector * p->settings->group_count + group]))
        return;
    tell_vote_gone(world, probe, elector, group);
    if (elector == p->settings->self) { /* ours: somebody removed it, or our lease lapsed */
        board->leased[group].dirty = board->leased[group].text != NULL;
        sim_board_flush(world, probe);
    }
}

static void suspects_gone(struct world *world, uint32_t probe, uint32_t elector)
{
    struct event event = {.kind = EVENT_SUSPECT, .suspect = {.probe = elector}};

    if (leave(&world->probes[probe].board.suspects[elector]))
        world_feed(world, probe, &event);
}

static void head_gone(struct world *world, uint32_t probe, uint32_t group)
{
    struct event event = {.kind = EVENT_HEAD, .head = {.group = group}};

    if (leave(&world->probes[probe].board.heads[group]))
        world_feed(world, probe, &event);
}

static void budget_gone(struct world *world, uint32_t probe)
{
    struct event event = {.kind = EVENT_BUDGET};

    if (leave(&world->probes[probe].board.budget))
        world_feed(world, probe, &event);
}

static void order_gone(struct world *world, uint32_t probe, uint32_t index)
{
    struct sim_board *board = &world->probes[probe].board;
    bool was_told = leave(&board->orders[index].known);
    struct order order = {0};
    struct event event = {.kind = EVENT_ORDER, .order = {.order = &order}};

    memcpy(order.id, board->orders[index].id, sizeof(order.id));
    board->orders[index] = board->orders[--board->order_count];
    if (was_told)
        world_feed(world, probe, &event);
}

static uint32_t find_order(const struct sim_board *board, const char *id)
{
    for (uint32_t i = 0; i < board->order_count; i++) {
        if (strcmp(board->orders[i].id, id) == 0)
            return i;
    }
    return NONE;
}

static void tell_gone(struct world *world, uint32_t probe, const struct key *key)
{
    const struct settings *settings = world->probes[probe].settings;
    struct sim_board *board = &world->probes[probe].board;
    uint32_t elector = settings_elector(settings, key->probe);
    uint32_t group = settings_group(settings, key->group);

    if (key->kind == KEY_VOTE && elector != NONE && group != NONE)
        vote_gone(world, probe, elector, group);
    else if (key->kind == KEY_SUSPECTS && elector != NONE)
        suspects_gone(world, probe, elector);
    else if (key->kind == KEY_DECISION && group != NONE)
        head_gone(world, probe, group);
    else if (key->kind == KEY_BUDGET)
        budget_gone(world, probe);
    else if (key->kind == KEY_ORDER && find_order(board, key->id) != NONE)
        order_gone(world, probe, find_order(board, key->id));
}

/* ---- what is there ---- */

static bool is_news(struct sim_board *board, struct sim_known *known,
                    const struct sim_version *version)
{
    bool is_same = known->revision == version->mod_revision && known->digest == version->digest;

    known->seen = true;
    if (is_same)
        return false;
    if (known->revision != 0 && version->mod_revision <= board->told_floor)
        board->rewritten = true;
    known->revision = version->mod_revision;
    known->digest = version->digest;
    return true;
}

/* What is known of a key from now on: a value that was read, or the form of one that was not. */
static void take_form(struct sim_known *known, int form)
{
    known->present = form == VALUE_READ;
    known->form = (enum value_form)form;
}

/* The codec's reading of a value, made once for all who run under the same settings. NULL: these
 * settings cannot read it; its form says why. */
static void *reading(const struct settings *settings, struct sim_version *version,
                     const struct key *key, uint32_t elector, uint32_t group)
{
    char error[VALUE_ERROR_SIZE] = "";
    struct decision *decision = NULL;
    struct vote *vote = NULL;
    size_t length = strlen(version->text);

    int form;

    if (version->reading != NULL && strcmp(version->read_under, settings->fingerprint) == 0)
        return version->reading;
    if (key->kind == KEY_VOTE)
        form =
            vote_read(settings, elector, group, version->text, length, &vote, error, sizeof(error));
    else
        form =
            decision_read(settings, group, version->text, length, &decision, error, sizeof(error));
    version->form = (enum value_form)form;
    free(version->reading);
    version->reading = vote != NULL ? (void *)vote : (void *)decision;
    memcpy(version->read_under, settings->fingerprint, sizeof(version->read_under));
    return version->reading;
}

/* Our own vote, and not as we wrote it: written again after the next renewal. */
static void check_own_vote(struct sim_board *board, const struct sim_version *version,
                           uint32_t group)
{
    struct sim_leased *leased = &board->leased[group];

    if (!leased->in_flight && leased->text != NULL && version->mod_revision > leased->revision &&
        strcmp(leased->text, version->text) != 0)
        leased->dirty = true;
}

static void tell_vote(struct world *world, uint32_t probe, struct sim_version *version,
                      const struct key *key)
{
    struct sim_probe *p = &world->probes[probe];
    struct event event = {.kind = EVENT_VOTE};
    uint32_t elector = settings_elector(p->settings, key->probe);
    uint32_t group = settings_group(p->settings, key->group);
    struct sim_known *known;
    const struct vote *vote;

    if (elector == NONE || group == NONE)
        return;
    known = &p->board.votes[elector * p->settings->group_count + group];
    if (!is_news(&p->board, known, version))
        return;
    if (elector == p->settings->self)
        check_own_vote(&p->board, version, group);
    vote = reading(p->settings, version, key, elector, group);
    event.vote.vote.probe = elector;
    event.vote.vote.group = group;
    take_form(known, vote != NULL ? VALUE_READ : version->form);
    event.vote.form = known->form;
    if (vote != NULL) {
        event.vote.present = true;
        event.vote.revision = version->mod_revision;
        event.vote.vote = *vote;
    }
    world_feed(world, probe, &event);
}

static void tell_suspects(struct world *world, uint32_t probe, const struct sim_version *version,
                          const struct key *key)
{
    struct sim_probe *p = &world->probes[probe];
    struct event event = {.kind = EVENT_SUSPECT};
    uint32_t elector = settings_elector(p->settings, key->probe);
    char error[VALUE_ERROR_SIZE];
    uint32_t *sites;
    int form;

    if (elector == NONE || world->cast->alone ||
        !is_news(&p->board, &p->board.suspects[elector], version))
        return;
    sites = calloc((size_t)p->settings->site_count + 1, sizeof(*sites));
    assert(sites != NULL);
    form = suspects_read(p->settings, version->text, strlen(version->text), sites,
                         &event.suspect.count, error, sizeof(error));
    take_form(&p->board.suspects[elector], form);
    event.suspect.probe = elector;
    event.suspect.sites = sites;
    world_feed(world, probe, &event);
    free(sites);
}

static void tell_head(struct world *world, uint32_t probe, struct sim_version *version,
                      const struct key *key)
{
    struct sim_probe *p = &world->probes[probe];
    struct event event = {.kind = EVENT_HEAD};
    uint32_t group = settings_group(p->settings, key->group);
    const struct decision *decision;

    if (group == NONE || !is_news(&p->board, &p->board.heads[group], version))
        return;
    decision = reading(p->settings, version, key, NONE, group);
    take_form(&p->board.heads[group], decision != NULL ? VALUE_READ : version->form);
    event.head = (struct event_head){.group = group,
                                     .present = decision != NULL,
                                     .form = p->board.heads[group].form,
                                     .revision = decision != NULL ? version->mod_revision : 0,
                                     .decision = decision};
    world_feed(world, probe, &event);
}

static void tell_budget(struct world *world, uint32_t probe, const struct sim_version *version)
{
    struct sim_board *board = &world->probes[probe].board;
    struct event event = {.kind = EVENT_BUDGET};
    wall_t moves[BUDGET_MAX];
    char error[VALUE_ERROR_SIZE];

    if (!is_news(board, &board->budget, version))
        return;
    take_form(&board->budget, budget_read(version->text, strlen(version->text), moves,
                                          &event.budget.count, error, sizeof(error)));
    event.budget.form = board->budget.form;
    event.budget.revision = version->mod_revision;
    event.budget.moves = moves;
    world_feed(world, probe, &event);
}

const struct sim_known_order *sim_known_order(const struct sim_board *board, const char *id)
{
    uint32_t index = find_order(board, id);

    return index == NONE ? NULL : &board->orders[index];
}

/* The place of an order, new ones at the end; NULL: there is no room. */
static struct sim_known_order *order_place(struct sim_board *board, const char *id)
{
    uint32_t index = find_order(board, id);
    struct sim_known_order *place;

    if (index != NONE)
        return &board->orders[index];
    if (board->order_count == ORDERS_MAX)
        return NULL;
    place = &board->orders[board->order_count++];
    *place = (struct sim_known_order){0};
    snprintf(place->id, sizeof(place->id), "%.*s", ORDER_ID_MAX, id);
    return place;
}

static void tell_order(struct world *world, uint32_t probe, const struct sim_version *version,
                       const struct key *key)
{
    struct sim_probe *p = &world->probes[probe];
    struct sim_known_order *place = order_place(&p->board, key->id);
    struct event event = {.kind = EVENT_ORDER, .order = {.present = true}};
    char error[VALUE_ERROR_SIZE];
    struct order order = {0};
    bool was_told;
    int form;

    if (place == NULL || !is_news(&p->board, &place->known, version))
        return;
    place->since_ms = world_local_ms(world, probe);
    was_told = place->known.present || place->known.form != VALUE_READ;
    form = order_read(p->settings, place->id, version->text, strlen(version->text), &order, error,
                      sizeof(error));
    take_form(&place->known, form == VALUE_FOREIGN ? VALUE_READ : form);
    place->known.present &= form != VALUE_FOREIGN;
    if (form != VALUE_READ)
        order = (struct order){.verb = ORDER_UNREADABLE, .region = NONE, .group = NONE};
    memcpy(order.id, place->id, sizeof(order.id));
    order.create_revision = version->create_revision;
    order.mod_revision = version->mod_revision;
    event.order.order = &order;
    event.order.present = form != VALUE_FOREIGN;
    if (event.order.present || was_told)
        world_feed(world, probe, &event);
}

static void tell_item(struct world *world, uint32_t probe, const struct sim_item *item,
                      struct sim_version *version)
{
    switch (item->key.kind) {
    case KEY_VOTE:
        tell_vote(world, probe, version, &item->key);
        break;
    case KEY_SUSPECTS:
        tell_suspects(world, probe, version, &item->key);
        break;
    case KEY_DECISION:
        tell_head(world, probe, version, &item->key);
        break;
    case KEY_ORDER:
        tell_order(world, probe, version, &item->key);
        break;
    case KEY_BUDGET:
        tell_budget(world, probe, version);
        break;
    case KEY_JOURNAL:
    case KEY_CLAIM:
    case KEY_TALLIES:
    case KEY_KIND_COUNT:
        break;
    }
}

/* ---- a whole reading ---- */

static void each_known(const struct settings *settings, struct sim_board *board,
                       void (*visit)(struct sim_known *known))
{
    for (uint32_t i = 0; i < settings->elector_count * settings->group_count; i++)
        visit(&board->votes[i]);
    for (uint32_t i = 0; i < settings->elector_count; i++)
        visit(&board->suspects[i]);
    for (uint32_t i = 0; i < settings->group_count; i++)
        visit(&board->heads[i]);
    visit(&board->budget);
    for (uint32_t i = 0; i < board->order_count; i++)
        visit(&board->orders[i].known);
}

static void unsee(struct sim_known *known)
{
    known->seen = false;
}

static void forget(struct sim_known *known)
{
    known->revision = 0;
}

void sim_tell_forget(struct sim_probe *probe)
{
    each_known(probe->settings, &probe->board, forget);
}

static void tell_unseen_gone(struct world *world, uint32_t probe)
{
    const struct settings *settings = world->probes[probe].settings;
    struct sim_board *board = &world->probes[probe].board;
    uint32_t groups = settings->group_count;

    for (uint32_t i = 0; i < settings->elector_count * groups; i++) {
        if (!board->votes[i].seen)
            vote_gone(world, probe, i / groups, i % groups);
    }
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (!board->suspects[i].seen)
            suspects_gone(world, probe, i);
    }
    for (uint32_t i = 0; i < groups; i++) {
        if (!board->heads[i].seen)
            head_gone(world, probe, i);
    }
    if (!board->budget.seen)
        budget_gone(world, probe);
    for (uint32_t i = board->order_count; i-- > 0;) {
        if (!board->orders[i].known.seen)
            order_gone(world, probe, i);
    }
}

/* Telling makes engines write, and writing moves items: their list is copied first. */
static uint32_t list_items(struct world *world)
{
    struct sim_store *store = &world->store;

    if (store->count > 0)
        memcpy(store->scratch, store->items, store->count * sizeof(struct sim_item *));
    return store->count;
}

void sim_tell_all(struct world *world, uint32_t probe, uint64_t revision)
{
    struct sim_probe *p = &world->probes[probe];
    uint32_t count = list_items(world);

    each_known(p->settings, &p->board, unsee);
    for (uint32_t i = 0; i < count; i++) {
        struct sim_item *item = world->store.scratch[i];
        struct sim_version *version = sim_item_at(item, revision);
        if (version != NULL)
            tell_item(world, probe, item, version);
    }
    tell_unseen_gone(world, probe);
}

/* What a key has had from a later revision on, up to another one; NULL: nothing new. */
static struct sim_version *change_of(const struct sim_item *item, uint64_t from, uint64_t to)
{
    struct sim_version *version = item->newest;

    while (version != NULL && version->mod_revision > to)
        version = version->older;
    return version != NULL && version->mod_revision > from ? version : NULL;
}

/* What is there is told before what is gone, as a transaction says it: an order before those it
 * makes void. */
void sim_tell_changes(struct world *world, uint32_t probe, uint64_t from, uint64_t to)
{
    uint32_t count = list_items(world);

    for (uint32_t i = 0; i < count; i++) {
        struct sim_item *item = world->store.scratch[i];
        struct sim_version *version = change_of(item, from, to);
        if (version != NULL && version->text != NULL)
            tell_item(world, probe, item, version);
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct sim_item *item = world->store.scratch[i];
        const struct sim_version *version = change_of(item, from, to);
        if (version != NULL && version->text == NULL)
            tell_gone(world, probe, &item->key);
    }
}
