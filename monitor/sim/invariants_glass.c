/* SPDX-License-Identifier: Apache-2.0 */
/* S-41, break-glass: what one probe does without the store, it does on a person's confirmed word,
 * to what was shown, from the fence that was shown, and only while it has no store. Quorum, lease
 * and head are not asked for; the rising fence, weight for every service and the gap of a clock
 * are. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "invariants_state.h"

/* What was confirmed to it for a group by an order; NULL: nothing. */
static struct told_glass *glass_by_order(const struct heard *heard, uint32_t group,
                                         const char *order)
{
    for (uint32_t i = 0; i < CONFIRMED; i++) {
        struct told_glass *glass = &heard->glass[group * CONFIRMED + i];
        if (strcmp(glass->order, order) == 0)
            return glass;
    }
    return NULL;
}

/* What it decided with an epoch; NULL: nothing, without the store. */
static struct told_glass *glass_by_epoch(const struct heard *heard, uint32_t group, uint64_t epoch)
{
    for (uint32_t i = 0; i < CONFIRMED; i++) {
        struct told_glass *glass = &heard->glass[group * CONFIRMED + i];
        if (epoch > 0 && glass->epoch == epoch)
            return glass;
    }
    return NULL;
}

static bool knows_store(const struct heard *heard)
{
    return heard->known_until_ms >= heard->at_ms;
}

void glass_heard(struct heard *heard, const struct event_glass *event)
{
    if (knows_store(heard))
        return; /* it has to refuse: what it does now, nobody confirmed */
    for (uint32_t g = 0; g < heard->settings->group_count; g++) {
        struct told_glass *glass;

        if (event->fences[g] == GLASS_NOT_SHOWN)
            continue;
        glass = &heard->glass[g * CONFIRMED + heard->confirmed[g]++ % CONFIRMED];
        *glass = (struct told_glass){.region = event->order->region, .fence = event->fences[g]};
        memcpy(glass->order, event->order->id, sizeof(glass->order));
    }
}

/* ---- what it decides ---- */

static void fail_decision(struct invariants *invariants, uint32_t probe, uint32_t group,
                          uint64_t epoch, const char *what)
{
    invariants_fail(invariants, "S-41", probe,
                    "%s breaks the glass of %s with epoch %" PRIu64 ": %s",
                    invariants_probe_name(invariants, probe),
                    invariants_group(invariants, group)->name, epoch, what);
}

static void judge_mark(struct invariants *invariants, uint32_t probe, const struct order *order,
                       const struct order_obeyed *mark)
{
    const struct heard *heard = &invariants->heard[probe];
    struct told_glass *glass = glass_by_order(heard, mark->group, order->id);
    const struct told_order *told = orders_named(&heard->orders, order->id);

    if (glass_by_epoch(heard, mark->group, mark->epoch) != NULL)
        return;
    if (told != NULL && (told->obeyed >> mark->group & 1))
        return; /* of an earlier life, told from its disk */
    if (glass == NULL || glass->epoch != 0)
        fail_decision(invariants, probe, mark->group, mark->epoch, "nobody confirmed that");
    else if (knows_store(heard))
        fail_decision(invariants, probe, mark->group, mark->epoch, "its store answers");
    else if (heard->at_ms < heard->quiet_until_ms)
        fail_decision(invariants, probe, mark->group, mark->epoch, "within 30 s of a gap");
    else if (!heard->settings->electors[probe].may_act)
        fail_decision(invariants, probe, mark->group, mark->epoch, "may_act is false");
    else if (mark->epoch <= ledger_highest_told(heard, mark->group))
        fail_decision(invariants, probe, mark->group, mark->epoch, "it knows of one as high");
    if (glass != NULL)
        glass->epoch = mark->epoch;
    ledger_note_glass(invariants, mark->group, mark->epoch);
}

/* What is not listed any more was dropped, or is in the store. */
static void hear_locals(struct heard *heard, const struct update *update)
{
    for (uint32_t i = heard->orders.count; i-- > 0;) {
        if (heard->orders.items[i].create_revision == 0)
            heard->orders.items[i] = heard->orders.items[--heard->orders.count];
    }
    for (uint32_t i = 0; i < update->local_count; i++) {
        const struct event_order order = {.present = true, .order = &update->locals[i]};

        heard_order(heard, &order);
    }
}

void glass_stepped(struct invariants *invariants, uint32_t probe, const struct update *update)
{
    for (uint32_t i = 0; i < update->local_count; i++) {
        for (uint32_t j = 0; j < update->locals[i].obeyed_count; j++)
            judge_mark(invariants, probe, &update->locals[i], &update->locals[i].obeyed[j]);
    }
    hear_locals(&invariants->heard[probe], update);
}

/* ---- what it sends ---- */

/* What it decided without the store and sends now. The store may have given the number again, to
 * who did not know; since it was told so, a batch of that number is the store's. */
static struct told_glass *glass_behind_batch(const struct heard *heard, const struct batch *batch)
{
    const struct told_head *head = &heard->heads[batch->group];

    if (head->present && head->epoch == batch->epoch)
        return NULL;
    return glass_by_epoch(heard, batch->group, batch->epoch);
}

bool glass_is_its(const struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    return glass_behind_batch(&invariants->heard[probe], batch) != NULL;
}

static void fail(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                 const char *what, const char *whose)
{
    invariants_fail(invariants, "S-41", probe,
                    "the batch of %s, alone, for epoch %" PRIu64 " of %s %s%s",
                    invariants_probe_name(invariants, probe), batch->epoch,
                    invariants_group(invariants, batch->group)->name, what, whose);
}

void glass_judge_sender(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct heard *heard = &invariants->heard[probe];

    if (knows_store(heard))
        fail(invariants, probe, batch, "is sent while its store answers", "");
    if (heard->at_ms < heard->quiet_until_ms)
        fail(invariants, probe, batch, "is sent within 30 s of a gap", "");
    if (!heard->settings->electors[probe].may_act)
        fail(invariants, probe, batch, "is sent, and may_act is false", "");
}

static bool is_drained(const struct invariants *invariants, uint32_t probe, uint32_t region)
{
    const struct heard *heard = &invariants->heard[probe];

    return orders_draining(&heard->orders, region, heard->wall_offset + heard->at_ms) != NULL;
}

/* C8: another zone of the site has this weight already, under a newer fence: the zone of this set
 * is only brought after it. */
static bool follows(const struct invariants *invariants, uint32_t probe, uint32_t group,
                    uint32_t set, int weight)
{
    const struct settings *s = invariants->settings;
    const struct heard *heard = &invariants->heard[probe];
    const struct site *site = &s->sites[s->sets[set].site];
    const struct told_slot *slots = &heard->slots[(size_t)group * s->zone_count];
    uint64_t epoch = slots[s->records[s->sets[set].record].zone].epoch;

    for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
        if (heard->weights[i] == weight && slots[s->records[s->sets[i].record].zone].epoch > epoch)
            return true;
    }
    return false;
}

/* Only what is drained loses, all of it; only what is not drained gains. */
static void judge_item(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                       uint32_t set, uint32_t drained, int after)
{
    const struct site *site = &invariants->settings->sites[invariants->settings->sets[set].site];
    uint32_t region = site->region;
    int before = invariants->heard[probe].weights[set];
    const char *name = site->name;
    bool leaves = region == drained || is_drained(invariants, probe, region);

    if (leaves ? after != 0
               : after < before && !follows(invariants, probe, batch->group, set, after))
        fail(invariants, probe, batch, leaves ? "leaves weight to " : "takes weight from ", name);
}

void glass_judge_batch(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                       uint64_t from)
{
    const struct told_glass *glass = glass_behind_batch(&invariants->heard[probe], batch);

    if (glass == NULL)
        return; /* an ordinary one */
    if (from > glass->fence)
        fail(invariants, probe, batch, "replaces a fence that nobody was shown", "");
    for (uint32_t i = 0; i < batch->item_count; i++) {
        const struct batch_item *item = &batch->items[i];
        uint32_t set = written_set_of(invariants, batch, &item->set);

        if (item->action == BATCH_CREATE && set != NONE)
            judge_item(invariants, probe, batch, set, glass->region, item->set.weight);
    }
}
