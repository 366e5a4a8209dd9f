/* SPDX-License-Identifier: Apache-2.0 */
/* Reads out of the world's store what the invariants judge a commit by: the votes and the orders
 * that stood there when it was taken. Through the codecs, as any probe would. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants_state.h"
#include "keys.h"
#include "store_json.h"
#include "world_state.h"

uint64_t truth_era(const struct invariants *invariants)
{
    return invariants->world->store.era;
}

void truth_begin(struct invariants *invariants)
{
    invariants->era = truth_era(invariants);
    for (uint32_t p = 0; p < invariants->probe_count; p++) {
        struct event start = {.kind = EVENT_START,
                              .at_ms = world_local_ms(invariants->world, p),
                              .start = {.wall = (wall_t)WALL_START * 1000}};
        heard_event(invariants, p, &start);
    }
}

static void read_vote(struct invariants *invariants, const struct settings *settings,
                      uint32_t group, uint32_t probe)
{
    struct store_vote *to = &invariants->truth.votes[probe];
    struct vote *vote = NULL;
    struct world_value value;
    char error[VALUE_ERROR_SIZE];
    key_text key;

    key_vote(key, settings->electors[probe].name, settings->groups[group].name);
    to->present = world_store_get(invariants->world, key, &value) == 0 &&
                  vote_read(settings, probe, group, value.text, strlen(value.text), &vote, error,
                            sizeof(error)) == 0;
    if (!to->present)
        return;
    to->revision = value.mod_revision;
    to->blind = vote->blindness != BLIND_NOT;
    to->same_settings = strcmp(vote->fingerprint, settings->fingerprint) == 0 &&
                        strlen(vote->states) == settings->groups[group].site_count;
    if (to->same_settings)
        memcpy(to->letters, vote->states, settings->groups[group].site_count);
    free(vote);
}

static void take_order(void *context, const char *name, const struct world_value *value)
{
    struct invariants *invariants = context;
    struct told_orders *orders = &invariants->truth.orders;
    struct order order = {.region = NONE, .group = NONE};
    int form;
    struct key key;
    char error[VALUE_ERROR_SIZE];

    if (key_parse(name, &key) < 0 || orders->count == ORDERS_MAX)
        return;
    snprintf(order.id, sizeof(order.id), "%.*s", ORDER_ID_MAX, key.id);
    form = order_read(invariants->settings, order.id, value->text, strlen(value->text), &order,
                      error, sizeof(error));
    if (form == VALUE_FOREIGN)
        return;
    if (form != VALUE_READ)
        order.verb = ORDER_UNREADABLE;
    order.create_revision = value->create_revision;
    order.mod_revision = value->mod_revision;
    told_order_copy(&orders->items[orders->count++], &order);
}

/* What the committer proposed by may be older than the store's return to an older state: then no
 * revision it compared means anything, until it has read the store whole again (S1). */
static bool revisions_void(const struct invariants *invariants, uint32_t probe)
{
    return invariants->set_back_ms >= 0 &&
           invariants->heard[probe].whole_world_ms <= invariants->set_back_ms;
}

void truth_read(struct invariants *invariants, uint32_t probe, const struct commit *commit)
{
    const struct settings *settings = invariants->heard[probe].settings;
    struct store_truth *truth = &invariants->truth;

    truth->liars = 0;
    truth->orders.count = 0;
    for (uint32_t p = 0; p < invariants->probe_count; p++) {
        truth->liars |= (uint64_t)world_liar(invariants->world, p) << p;
        read_vote(invariants, settings, commit->decision.group, p);
    }
    world_store_each(invariants->world, KEYS_ORDERS, take_order, invariants);
    truth->revisions_void = revisions_void(invariants, probe);
}

void truth_read_heads(struct invariants *invariants)
{
    const struct settings *settings = invariants->settings;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        struct decision *decision = NULL;
        struct world_value value = {0};
        char error[VALUE_ERROR_SIZE];
        key_text key;

        key_decision(key, settings->groups[g].name);
        if (world_store_get(invariants->world, key, &value) == 0 &&
            decision_read(settings, g, value.text, strlen(value.text), &decision, error,
                          sizeof(error)) < 0)
            decision = NULL;
        ledger_set_head(invariants, g, decision, value.mod_revision);
        free(decision);
    }
}
