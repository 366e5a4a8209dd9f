/* SPDX-License-Identifier: Apache-2.0 */
/* A decision among decisions: what its proposer was told, what the store compared when it took it
 * (D8), whose word it obeys (D7), and that its number rises (C2). Whether the weights are right is
 * invariants_decided.c's question. */
#include <inttypes.h>
#include <string.h>

#include "invariants_state.h"

/* ---- decisions by epoch ---- */

static struct kept *slot_of(const struct invariants *invariants, uint32_t group, uint64_t epoch)
{
    return &invariants->groups[group].decisions[epoch % KEPT_DECISIONS];
}

const struct kept *ledger_find(const struct invariants *invariants, uint32_t group, uint64_t epoch)
{
    const struct kept *kept = slot_of(invariants, group, epoch);
    return epoch > 0 && kept->epoch == epoch && !kept->twice ? kept : NULL;
}

const struct kept *ledger_latest(const struct invariants *invariants, uint32_t group,
                                 uint64_t epoch)
{
    const struct kept *kept = slot_of(invariants, group, epoch);
    return epoch > 0 && kept->epoch == epoch && kept->revision > 0 ? kept : NULL;
}

const struct kept *ledger_other_before(const struct invariants *invariants, uint32_t group,
                                       const struct kept *kept)
{
    size_t size = invariants_group(invariants, group)->site_count * sizeof(int);

    for (uint64_t back = 1; kept != NULL && back < kept->epoch && back < KEPT_DECISIONS; back++) {
        const struct kept *other = ledger_find(invariants, group, kept->epoch - back);

        if (other != NULL && memcmp(other->weights, kept->weights, size) != 0)
            return other;
    }
    return NULL;
}

void ledger_note_glass(struct invariants *invariants, uint32_t group, uint64_t epoch)
{
    struct kept *kept = slot_of(invariants, group, epoch);

    if (kept->epoch > epoch)
        return; /* too long ago to be kept */
    if (kept->epoch < epoch)
        kept->revision = 0; /* no ledger has it yet */
    kept->epoch = epoch;
    kept->twice = true;
    kept->glass = true;
}

bool ledger_is_glass(const struct invariants *invariants, uint32_t group, uint64_t epoch)
{
    const struct kept *kept = slot_of(invariants, group, epoch);

    return epoch > 0 && kept->epoch == epoch && kept->glass;
}

static void keep(struct kept *kept, const struct decision *decision, uint64_t revision,
                 uint32_t sites)
{
    size_t size = sites * sizeof(int);

    kept->epoch = decision->epoch;
    kept->kind = decision->kind;
    kept->override = decision->override;
    kept->revision = revision;
    kept->base_epoch = decision->base_epoch;
    kept->at_wall = decision->at_wall;
    memcpy(kept->order, decision->order, sizeof(kept->order));
    memcpy(kept->weights, decision->weights, size);
    memcpy(kept->normal, decision->normal, size);
    memcpy(kept->base, decision->base, size);
}

void ledger_set_head(struct invariants *invariants, uint32_t group, const struct decision *decision,
                     uint64_t revision)
{
    struct group_model *model = &invariants->groups[group];
    uint32_t sites = invariants_group(invariants, group)->site_count;
    const struct kept *kept;

    model->head.epoch = 0;
    if (decision != NULL) {
        keep(&model->head, decision, revision, sites);
        model->head.said_since = decision->same_since > 0 ? decision->same_since : revision;
    }
    model->head.lost = 0;
    model->head.gained = 0;
    model->head.evicted = 0;
    if (decision == NULL)
        return;
    kept = slot_of(invariants, group, decision->epoch);
    if (kept->epoch == decision->epoch)
        model->head.evicted = kept->evicted; /* a restored decision says what it said (B1) */
}

/* D5: since when an order is about what stands: until something else is decided, or known to have
 * moved. */
static uint64_t said_since(const struct kept *head, const struct decision *decision,
                           uint64_t revision, uint32_t sites)
{
    size_t size = sites * sizeof(int);
    bool same = head->epoch > 0 && memcmp(head->weights, decision->weights, size) == 0 &&
                memcmp(head->normal, decision->normal, size) == 0 &&
                decision->moved_wall != decision->at_wall;

    return same ? head->said_since : revision;
}

static void note_decision(const struct ruling *ruling, uint64_t revision)
{
    struct group_model *model = &ruling->invariants->groups[ruling->decision->group];
    struct kept *kept =
        slot_of(ruling->invariants, ruling->decision->group, ruling->decision->epoch);
    uint32_t sites = ruling->group->site_count;
    bool again = kept->epoch == ruling->decision->epoch;
    uint32_t lost = ruling->changes ? ruling->lost : model->head.lost;
    uint32_t gained = ruling->changes ? ruling->gained : model->head.gained;
    uint32_t evicted = ruling->decision->kind == DECISION_LEAVE ? lost : 0;

    kept->glass &= again;
    kept->twice = kept->glass || (again && memcmp(kept->weights, ruling->decision->weights,
                                                  sites * sizeof(int)) != 0);
    keep(kept, ruling->decision, revision, sites);
    model->head.said_since = said_since(&model->head, ruling->decision, revision, sites);
    keep(&model->head, ruling->decision, revision, sites);
    kept->lost = model->head.lost = lost;
    kept->gained = model->head.gained = gained;
    if (!ruling->changes)
        evicted = model->head.evicted;
    if (!ruling->changes && ruling->decision->kind == DECISION_ADOPT)
        evicted &= ruling->decision->regions_left; /* what a human left at zero evicts nobody */
    kept->evicted = model->head.evicted = evicted;
}

/* ---- what the proposer was told ---- */

uint64_t ledger_highest_told(const struct heard *heard, uint32_t group)
{
    const struct settings *settings = heard->settings;
    uint64_t highest = heard->journal[group];

    if (heard->heads[group].present && heard->heads[group].epoch > highest)
        highest = heard->heads[group].epoch;
    for (uint32_t z = 0; z < settings->zone_count; z++) {
        const struct told_slot *slot = &heard->slots[(size_t)group * settings->zone_count + z];
        if (slot->highest > highest)
            highest = slot->highest;
    }
    return highest;
}

static struct snapshot *snapshots_of(const struct invariants *invariants, uint32_t probe,
                                     uint32_t group)
{
    return &invariants->snapshots[((size_t)probe * invariants->settings->group_count + group) *
                                  SNAPSHOTS];
}

static void take_snapshot(struct invariants *invariants, uint32_t probe,
                          const struct commit *commit)
{
    const struct heard *heard = &invariants->heard[probe];
    uint32_t group = commit->decision.group;
    uint32_t zones = heard->settings->zone_count;
    struct snapshot *all = snapshots_of(invariants, probe, group);
    struct snapshot *new = &all[SNAPSHOTS - 1];
    struct snapshot oldest = all[SNAPSHOTS - 1];

    if (commit->orders_revision > heard->revision)
        invariants_fail(invariants, "S-29", probe,
                        "%s proposes decision %" PRIu64 " as if it knew all orders up to revision "
                        "%" PRIu64 ", and was told of %" PRIu64,
                        invariants_probe_name(invariants, probe), commit->decision.epoch,
                        commit->orders_revision, heard->revision);
    memmove(&all[1], &all[0], (SNAPSHOTS - 1) * sizeof(*all));
    new = &all[0];
    *new = oldest; /* its arrays */
    new->used = true;
    new->life = heard->life;
    new->epoch = commit->decision.epoch;
    new->at_wall = commit->decision.at_wall;
    new->head_revision = commit->head_revision;
    new->at_ms = heard->at_ms;
    new->wall = heard->wall_offset + heard->at_ms;
    new->whole_world_ms = heard->whole_world_ms;
    for (uint32_t i = 0; i < heard->settings->site_count; i++) {
        new->opinions[i].says = heard->opinions[i].says;
        new->opinions[i].since_ms = heard->at_ms - heard->opinions[i].since_ms;
    }
    memcpy(new->weights, heard->weights, heard->settings->set_count * sizeof(int));
    for (uint32_t z = 0; z < zones; z++)
        new->fences[z] = heard->slots[(size_t)group * zones + z].epoch;
}

void ledger_proposed(struct invariants *invariants, uint32_t probe, const struct commit *commit)
{
    struct heard *heard = &invariants->heard[probe];
    const char *name = invariants_probe_name(invariants, probe);
    uint64_t highest = ledger_highest_told(heard, commit->decision.group);

    if (!heard->whole)
        invariants_fail(invariants, "S-23", probe,
                        "%s proposes decision %" PRIu64 " before it has read the store whole", name,
                        commit->decision.epoch);
    else if (heard->known_until_ms < heard->at_ms)
        invariants_fail(invariants, "S-16", probe,
                        "%s proposes decision %" PRIu64 ", and the store has not answered for "
                        "%" PRId64 " ms, its lease is %" PRId64 " ms",
                        name, commit->decision.epoch, heard->at_ms - heard->answer_ms,
                        heard->settings->store.lease_ms);
    if (heard->at_ms < heard->quiet_until_ms)
        invariants_fail(invariants, "S-19", probe,
                        "%s proposes decision %" PRIu64 " %" PRId64
                        " ms before the end of the %d s after a gap",
                        name, commit->decision.epoch, heard->quiet_until_ms - heard->at_ms,
                        WATCH_MS / 1000);
    if (!heard->settings->electors[probe].may_act)
        invariants_fail(invariants, "S-32", probe,
                        "%s proposes decision %" PRIu64 ", and may_act is false", name,
                        commit->decision.epoch);
    if (commit->decision.epoch <= highest)
        invariants_fail(invariants, "S-24", probe,
                        "%s proposes decision %" PRIu64 ", and knows of epoch %" PRIu64, name,
                        commit->decision.epoch, highest);
    heard->heads[commit->decision.group].proposed = commit->decision.epoch;
    take_snapshot(invariants, probe, commit);
}

static const struct snapshot *find_snapshot(const struct invariants *invariants, uint32_t probe,
                                            const struct commit *commit)
{
    const struct snapshot *all = snapshots_of(invariants, probe, commit->decision.group);

    for (uint32_t i = 0; i < SNAPSHOTS; i++) {
        if (all[i].used && all[i].epoch == commit->decision.epoch &&
            all[i].at_wall == commit->decision.at_wall &&
            all[i].head_revision == commit->head_revision)
            return &all[i];
    }
    return NULL;
}

/* ---- D8: one transaction ---- */

static void fail(const struct ruling *ruling, const char *id, const char *what, const char *whose)
{
    invariants_fail(ruling->invariants, id, ruling->probe, "decision %" PRIu64 " of %s: %s%s",
                    ruling->decision->epoch, ruling->group->name, what, whose);
}

const struct commit_vote *ruling_compared(const struct ruling *ruling, uint32_t probe)
{
    for (uint32_t i = 0; i < ruling->commit->vote_count; i++) {
        if (ruling->commit->votes[i].probe == probe)
            return &ruling->commit->votes[i];
    }
    return NULL;
}

static void judge_compared_vote(const struct ruling *ruling, uint32_t probe)
{
    const struct store_vote *vote = &ruling->truth->votes[probe];
    const struct commit_vote *was = ruling_compared(ruling, probe);
    const char *name = invariants_probe_name(ruling->invariants, probe);

    if (was == NULL || ruling->truth->revisions_void)
        return;
    if (!vote->present || vote->revision != was->revision)
        fail(ruling, "S-29", "the store took it, and a vote compared had changed: that of ", name);
    else if (!vote->same_settings || vote->blind)
        fail(ruling, "S-22",
             vote->blind ? "it counted the vote of a blind probe: that of "
                         : "it counted a vote made under other settings: that of ",
             name);
}

/* Every order that stands has been told to the committer by now: what it compared must be what it
 * knows, not what a watch may have left out (S1: a hint). */
static void judge_known_orders(const struct ruling *ruling)
{
    const struct heard *heard = &ruling->invariants->heard[ruling->probe];
    const struct told_orders *orders = &ruling->truth->orders;

    if (ruling->snapshot == NULL || ruling->snapshot->life != heard->life)
        return; /* it has been told anew since */
    for (uint32_t i = 0; i < orders->count; i++) {
        if (orders_named(&heard->orders, orders->items[i].id) == NULL)
            fail(ruling, "S-29", "its committer had never been told of the order ",
                 orders->items[i].id);
    }
}

static void judge_compares(const struct ruling *ruling)
{
    const struct commit *commit = ruling->commit;
    const struct told_orders *orders = &ruling->truth->orders;

    for (uint32_t p = 0; p < ruling->invariants->probe_count; p++)
        judge_compared_vote(ruling, p);
    if (ruling->truth->revisions_void)
        return;
    if (commit->head_revision != (ruling->before->epoch > 0 ? ruling->before->revision : 0))
        fail(ruling, "S-29", "the head had changed since it was read", "");
    for (uint32_t i = 0; i < orders->count; i++) {
        bool own = commit->obeyed != NULL && strcmp(commit->obeyed->id, orders->items[i].id) == 0;
        if (!own && orders->items[i].mod_revision > commit->orders_revision)
            fail(ruling, "S-29", "an order was newer than any it knew: ", orders->items[i].id);
    }
    judge_known_orders(ruling);
}

/* ---- D7: orders ---- */

static void judge_freeze(const struct ruling *ruling)
{
    wall_t wall = ruling->snapshot != NULL ? ruling->snapshot->wall : ruling->decision->at_wall;
    const struct told_order *freeze =
        orders_freezing(&ruling->truth->orders, ruling->decision->group, wall);

    if (freeze != NULL && !ruling->decision->override && !ruling->truth->revisions_void)
        fail(ruling, "S-14", "it was committed under the freeze ", freeze->id);
}

static bool right_verb(const struct ruling *ruling, const struct told_order *order)
{
    switch (ruling->decision->kind) {
    case DECISION_LEAVE:
        return order->verb == ORDER_DRAIN && (ruling->lost >> order->region & 1);
    case DECISION_FAILBACK:
        return order->verb == ORDER_FAILBACK &&
               (order->group == NONE || order->group == ruling->decision->group);
    case DECISION_ADOPT:
        return order->verb == ORDER_ACK;
    case DECISION_INIT:
    case DECISION_CANCEL:
    case DECISION_REASSERT:
    case DECISION_ATTACH:
    case DECISION_KIND_COUNT:
        break;
    }
    return false;
}

static bool marks(const struct order *obeyed, const struct decision *decision)
{
    for (uint32_t i = 0; obeyed != NULL && i < obeyed->obeyed_count; i++) {
        if (obeyed->obeyed[i].group == decision->group)
            return strcmp(obeyed->id, decision->order) == 0;
    }
    return false;
}

/* A decision that names an order obeys it, in the transaction that marks it obeyed. The same
 * statement under a new fence (C2) carries its order on; it changes nothing. */
static void judge_order(const struct ruling *ruling)
{
    const struct decision *decision = ruling->decision;
    const struct told_order *order = orders_named(&ruling->truth->orders, decision->order);

    bool same_word = strcmp(decision->order, ruling->before->order) == 0;

    if (!ruling->changes && (decision->kind != DECISION_ADOPT || same_word)) {
        if (decision->override && !ruling->before->override)
            fail(ruling, "S-34", "it overrides without an order", "");
        return;
    }
    if (decision->order[0] == '\0') {
        if (decision->override)
            fail(ruling, "S-34", "it overrides without an order", "");
        return;
    }
    if (ruling->truth->revisions_void)
        return;
    if (order == NULL)
        fail(ruling, "S-34", "it obeys an order that does not stand: ", decision->order);
    else if (!right_verb(ruling, order))
        fail(ruling, "S-34", "it obeys an order that says something else: ", order->id);
    else if (decision->override && !order->override)
        fail(ruling, "S-34", "it overrides by an order that does not: ", order->id);
    else if (!marks(ruling->commit->obeyed, decision))
        fail(ruling, "S-34", "the order it obeys is not marked obeyed with it: ", order->id);
}

/* ---- the judgement of a commit ---- */

static void judge_number(const struct ruling *ruling)
{
    const struct decision *decision = ruling->decision;
    const struct kept *before = ruling->before;

    if (decision->epoch <= before->epoch)
        invariants_fail(ruling->invariants, "S-24", ruling->probe,
                        "decision %" PRIu64 " of %s follows decision %" PRIu64, decision->epoch,
                        ruling->group->name, before->epoch);
    if (before->epoch == 0 && decision->kind != DECISION_INIT)
        fail(ruling, "S-33",
             "a group without a head was decided on: ", decision_kind_name(decision->kind));
    else if (before->epoch > 0 && decision->kind == DECISION_INIT && ruling->changes)
        fail(ruling, "S-33", "a group with a head was taken on anew", "");
}

static void compare_weights(struct ruling *ruling)
{
    const struct kept *before = ruling->before;

    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        uint32_t region = ruling->settings->sites[ruling->group->sites[k]].region;
        int was = before->epoch > 0 ? before->weights[k] : ruling->decision->weights[k];

        if (ruling->decision->weights[k] < was)
            ruling->lost |= UINT32_C(1) << region;
        if (ruling->decision->weights[k] > was)
            ruling->gained |= UINT32_C(1) << region;
    }
    ruling->changes = ruling->lost != 0 || ruling->gained != 0;
}

/* L1: who was left because it is down, people must hear of. */
static bool speaks_in(const struct ruling *ruling, uint32_t region)
{
    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        const struct site *site = &ruling->settings->sites[ruling->group->sites[k]];
        bool speaks =
            !ruling->group->together || ruling->settings->services[site->service].required;
        if (site->region == region && speaks &&
            ruling->decision->weights[k] < ruling->before->weights[k])
            return true;
    }
    return false;
}

static void owe_region_down(const struct ruling *ruling)
{
    if (!ruling->changes || !ruling->automatic || ruling->decision->kind != DECISION_LEAVE)
        return;
    for (uint32_t r = 0; r < ruling->settings->region_count; r++) {
        if ((ruling->lost >> r & 1) && !(ruling->drained >> r & 1) &&
            r != ruling->group->fallback_region && speaks_in(ruling, r))
            told_owe(ruling->invariants, &(struct debt){.group = ruling->decision->group,
                                                        .region = r,
                                                        .epoch = ruling->decision->epoch,
                                                        .since_ms = ruling->invariants->now_ms});
    }
}

void ledger_committed(struct invariants *invariants, uint32_t probe, const struct commit *commit,
                      uint64_t revision, const struct store_truth *truth)
{
    const struct settings *settings = invariants->heard[probe].settings;
    struct ruling ruling = {.invariants = invariants,
                            .probe = probe,
                            .settings = settings,
                            .group = &settings->groups[commit->decision.group],
                            .commit = commit,
                            .decision = &commit->decision,
                            .before = &invariants->groups[commit->decision.group].head,
                            .snapshot = find_snapshot(invariants, probe, commit),
                            .truth = truth};

    compare_weights(&ruling);
    judge_number(&ruling);
    judge_compares(&ruling);
    judge_freeze(&ruling);
    judge_order(&ruling);
    decided_judge(&ruling);
    limits_judge(&ruling);
    limits_note(&ruling);
    owe_region_down(&ruling);
    note_decision(&ruling, revision);
}
