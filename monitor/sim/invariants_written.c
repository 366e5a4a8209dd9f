/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent to Route 53, and what it took. A batch is judged three times: when a probe decides
 * to send it, by what that probe was told (C6, D7, C8); when it leaves, by its own shape (C1, C2,
 * C4, C5); and when it is applied, however late, against the zone itself (C2, C4, C5). */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "invariants_state.h"

static void fail(struct invariants *invariants, const char *id, uint32_t probe,
                 const struct batch *batch, const char *what, const char *whose)
{
    invariants_fail(invariants, id, probe, "the batch of %s for epoch %" PRIu64 " of %s %s%s",
                    invariants_probe_name(invariants, probe), batch->epoch,
                    invariants_group(invariants, batch->group)->name, what, whose);
}

static const struct site *site_at(const struct invariants *invariants, uint32_t site)
{
    return &invariants->settings->sites[site];
}

static uint32_t set_zone(const struct invariants *invariants, uint32_t set)
{
    return invariants->settings->records[invariants->settings->sets[set].record].zone;
}

/* ---- when it is decided to send ---- */

/* One of the sets that the site has in the zone had less, as far as the probe was told. */
static bool gains(const struct invariants *invariants, uint32_t probe, uint32_t zone,
                  const struct site *site, int weight)
{
    for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
        if (set_zone(invariants, i) == zone && weight > invariants->heard[probe].weights[i])
            return true;
    }
    return false;
}

/* C6: who gains in the zone is still agreed up (by override: at least not down), and nobody drained
 * it. */
static void judge_gainers(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                          const struct kept *kept)
{
    const struct heard *heard = &invariants->heard[probe];
    const struct group *group = invariants_group(invariants, batch->group);
    wall_t wall = heard->wall_offset + heard->at_ms;

    for (uint32_t k = 0; k < group->site_count; k++) {
        const struct site *site = site_at(invariants, group->sites[k]);
        enum says says = heard->opinions[group->sites[k]].says;
        bool speaks = site->check_count > 0 &&
                      (!group->together || invariants->settings->services[site->service].required);

        if (!gains(invariants, probe, batch->zone, site, kept->weights[k]))
            continue;
        if (orders_draining(&heard->orders, site->region, wall) != NULL)
            fail(invariants, "S-11", probe, batch, "gives weight to what is drained: ", site->name);
        if (!speaks)
            continue;
        if (kept->override ? says == SAYS_DOWN : says != SAYS_UP)
            fail(invariants, "S-11", probe, batch,
                 "gives weight to what is not agreed up: ", site->name);
    }
}

/* C6, C8: who leaves is still agreed down, or drained; where beacons are, traffic has moved. */
static void judge_leavers(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                          const struct kept *kept)
{
    const struct heard *heard = &invariants->heard[probe];
    const struct group *group = invariants_group(invariants, batch->group);
    wall_t wall = heard->wall_offset + heard->at_ms;

    for (uint32_t r = 0; r < invariants->settings->region_count; r++) {
        bool stands = orders_draining(&heard->orders, r, wall) != NULL ||
                      r == group->fallback_region || group->beacons;
        if (!(kept->lost >> r & 1))
            continue;
        for (uint32_t k = 0; k < group->site_count; k++)
            stands |= site_at(invariants, group->sites[k])->region == r &&
                      heard->opinions[group->sites[k]].says == SAYS_DOWN;
        if (!stands)
            fail(invariants, "S-11", probe, batch,
                 "leaves what is not agreed down any more: ", invariants->settings->regions[r]);
    }
}

/* S-11: a plan whose reason is gone is dropped. Once a zone has it, the others follow (C8): by the
 * truth, which knows of more such zones than the sender. */
static void judge_evidence(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct kept *kept = ledger_find(invariants, batch->group, batch->epoch);

    if (kept != NULL && kept->kind == DECISION_ADOPT) /* D3: by nobody judged, in each zone anew */
        judge_gainers(invariants, probe, batch, kept);
    if (kept == NULL || invariants->groups[batch->group].accepted >= batch->epoch)
        return;
    if (kept->kind != DECISION_LEAVE && kept->kind != DECISION_FAILBACK)
        return;
    judge_gainers(invariants, probe, batch, kept);
    if (kept->kind == DECISION_LEAVE)
        judge_leavers(invariants, probe, batch, kept);
}

static void judge_freeze(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct heard *heard = &invariants->heard[probe];
    const struct kept *kept = ledger_find(invariants, batch->group, batch->epoch);
    const struct told_order *freeze =
        orders_freezing(&heard->orders, batch->group, heard->wall_offset + heard->at_ms);

    if (freeze != NULL && kept != NULL && !kept->override)
        fail(invariants, "S-14", probe, batch, "is sent under the freeze ", freeze->id);
}

static void judge_sender(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct heard *heard = &invariants->heard[probe];
    const struct told_head *head = &heard->heads[batch->group];
    msec_t left_ms = heard->lease_alive ? heard->lease_until_ms - heard->at_ms : 0;
    char number[64];

    snprintf(number, sizeof(number), "%" PRId64 " ms", left_ms);
    if (left_ms < LEASE_LEFT_MS)
        fail(invariants, "S-10", probe, batch, "is sent with a lease that lives for ", number);
    if (heard->known_until_ms < heard->at_ms)
        fail(invariants, "S-16", probe, batch, "is sent while the store is away", "");
    if (heard->at_ms < heard->quiet_until_ms)
        fail(invariants, "S-19", probe, batch, "is sent within 30 s of a gap", "");
    snprintf(number, sizeof(number), "%" PRIu64, head->present ? head->epoch : 0);
    if (!head->present || head->epoch != batch->epoch)
        fail(invariants, "S-32", probe, batch, "is sent under head ", number);
    if (!heard->settings->electors[probe].may_act)
        fail(invariants, "S-32", probe, batch, "is sent, and may_act is false", "");
}

/* C3: each batch comes from a reading of its own. */
static void judge_nonce(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct heard *heard = &invariants->heard[probe];
    size_t at =
        (size_t)probe * invariants->settings->zone_count * invariants->settings->group_count +
        (size_t)batch->group * invariants->settings->zone_count + batch->zone;

    if (strcmp(heard->nonces[batch->zone], batch->nonce) != 0)
        fail(invariants, "S-31", probe, batch, "is not made from the newest reading of the zone",
             "");
    else if (strcmp(invariants->sent_nonces[at], batch->nonce) == 0)
        fail(invariants, "S-31", probe, batch, "is sent again as it was", "");
    memcpy(invariants->sent_nonces[at], batch->nonce, strlen(batch->nonce) + 1);
}

/* C1: what the services need first; a zone waits for those before it. */
static void judge_order(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct settings *s = invariants->settings;
    const struct group *group = invariants_group(invariants, batch->group);

    for (uint32_t i = 0; group->zones[i] != batch->zone; i++) {
        size_t slot = (size_t)batch->group * s->zone_count + group->zones[i];
        if (invariants->highest[slot] < batch->epoch)
            fail(invariants, "S-42", probe, batch,
                 "is sent before the zone that comes first has it: ", s->zones[group->zones[i]].id);
    }
}

void written_stepped(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    if (glass_is_its(invariants, probe, batch))
        glass_judge_sender(invariants, probe, batch);
    else
        judge_sender(invariants, probe, batch);
    judge_order(invariants, probe, batch);
    judge_freeze(invariants, probe, batch);
    judge_evidence(invariants, probe, batch);
    judge_nonce(invariants, probe, batch);
}

/* ---- when it leaves ---- */

uint32_t written_set_of(const struct invariants *invariants, const struct batch *batch,
                        const struct record_set *set)
{
    const struct settings *s = invariants->settings;

    for (uint32_t i = 0; i < s->set_count; i++) {
        const struct service_record *record = &s->records[s->sets[i].record];
        if (record->zone == batch->zone && s->services[record->service].group == batch->group &&
            strcmp(record->name, set->name) == 0 && strcmp(record->type, set->type) == 0 &&
            strcmp(s->sets[i].set, set->set) == 0)
            return i;
    }
    return NONE;
}

static bool is_fence(const struct invariants *invariants, const struct batch *batch,
                     const struct record_set *set)
{
    char prefix[FENCE_TEXT_MAX + 1];

    if (fence_name(invariants_group(invariants, batch->group)->name, "", prefix, sizeof(prefix)) <
        0)
        return false;
    return strcmp(set->type, "TXT") == 0 && strncmp(set->name, prefix, strlen(prefix)) == 0;
}

/* The batch's item for a set, or (NONE) for the fence; NULL: none. */
static const struct batch_item *item_of(const struct invariants *invariants,
                                        const struct batch *batch, uint32_t set,
                                        enum batch_action action)
{
    for (uint32_t i = 0; i < batch->item_count; i++) {
        const struct batch_item *item = &batch->items[i];
        bool is = set == NONE ? is_fence(invariants, batch, &item->set)
                              : written_set_of(invariants, batch, &item->set) == set;
        if (is && item->action == action)
            return item;
    }
    return NULL;
}

/* 0: none, or a text that is no fence of the batch's group, or of another world. */
static uint64_t fence_epoch(const struct invariants *invariants, const struct batch *batch,
                            const struct batch_item *item, struct fence *ret_fence)
{
    if (item == NULL || item->set.value_count != 1 ||
        fence_parse(item->set.values[0], ret_fence) < 0 ||
        strcmp(ret_fence->group, invariants_group(invariants, batch->group)->name) != 0 ||
        ret_fence->epoch > batch->epoch + LEAP)
        return 0;
    return ret_fence->epoch;
}

/* C2: the digest of what the group is to have in this zone. */
static bool plan_fits(const struct invariants *invariants, const struct batch *batch,
                      const struct kept *kept, const char *plan)
{
    const struct group *group = invariants_group(invariants, batch->group);
    char text[8192];
    char digest[PLAN_LENGTH + 1];
    size_t used = 0;

    for (uint32_t k = 0; k < group->site_count; k++) {
        int n;

        if (!settings_site_in_zone(invariants->settings, group->sites[k], batch->zone))
            continue;
        n = snprintf(text + used, sizeof(text) - used, "%s=%d\n",
                     site_at(invariants, group->sites[k])->name, kept->weights[k]);
        if (n < 0 || (size_t)n >= sizeof(text) - used)
            return true; /* too large for this oracle: no judgement */
        used += (size_t)n;
    }
    plan_digest(text, used, digest);
    return strcmp(digest, plan) == 0;
}

/* A text that is no fence is replaced only by what was decided where no fence was. */
static void judge_fence(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct kept *kept = ledger_find(invariants, batch->group, batch->epoch);
    struct fence old = {0};
    struct fence new = {0};
    const struct batch_item *delete = item_of(invariants, batch, NONE, BATCH_DELETE);
    uint64_t from = fence_epoch(invariants, batch, delete, &old);
    uint64_t to =
        fence_epoch(invariants, batch, item_of(invariants, batch, NONE, BATCH_CREATE), &new);

    if (to == 0)
        fail(invariants, "S-09", probe, batch, "writes no fence", "");
    else if (delete != NULL && from == 0 && (kept == NULL || kept->base_epoch != 0))
        fail(invariants, "S-09", probe, batch, "replaces a fence that cannot be read", "");
    else if (to != batch->epoch || to <= from)
        fail(invariants, "S-09", probe, batch, "does not raise the fence to its own epoch", "");
    else if (strcmp(new.nonce, batch->nonce) != 0 ||
             strcmp(new.by, invariants_probe_name(invariants, probe)) != 0)
        fail(invariants, "S-09", probe, batch, "signs its fence for somebody else", "");
    else if (kept != NULL && !plan_fits(invariants, batch, kept, new.plan))
        fail(invariants, "S-09", probe, batch, "has a fence whose plan is another", "");
}

/* C1, C4: DELETE and CREATE of the same set, which differ by the weight alone. */
static bool same_target(const struct record_set *a, const struct record_set *b)
{
    bool same = strcmp(a->name, b->name) == 0 && strcmp(a->type, b->type) == 0 &&
                strcmp(a->set, b->set) == 0 && a->ttl_s == b->ttl_s &&
                a->value_count == b->value_count && strcmp(a->alias_zone, b->alias_zone) == 0 &&
                strcmp(a->alias_name, b->alias_name) == 0 && a->alias_evaluate == b->alias_evaluate;

    for (uint32_t i = 0; same && i < a->value_count; i++)
        same = strcmp(a->values[i], b->values[i]) == 0;
    return same;
}

/* C5: a set that stays as it is, so that a name which only loses weight has one to live on. */
static bool is_anchor(const struct batch *batch, const struct record_set *anchor)
{
    bool takes = false;

    for (uint32_t i = 0; i < batch->item_count; i++) {
        const struct record_set *set = &batch->items[i].set;

        if (strcmp(set->name, anchor->name) != 0 || strcmp(set->type, anchor->type) != 0 ||
            strcmp(set->set, anchor->set) == 0)
            continue;
        if (batch->items[i].action == BATCH_CREATE && set->weight > 0)
            return false;
        takes |= set->weight > 0;
    }
    return takes && anchor->weight > 0;
}

/* B2: of an attaching decision the health check differs, of any other the weight (C4). */
static bool same_but_one(const struct invariants *invariants, const struct batch *batch,
                         const struct record_set *a, const struct record_set *b)
{
    const struct kept *kept = ledger_find(invariants, batch->group, batch->epoch);
    bool attaches = kept != NULL && kept->kind == DECISION_ATTACH;
    bool same_check = strcmp(a->health_check, b->health_check) == 0;

    if (!attaches && same_target(a, b) && a->weight == b->weight)
        return same_check && is_anchor(batch, a);
    return same_target(a, b) && (a->weight == b->weight) == attaches && same_check != attaches;
}

static void judge_item(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                       const struct batch_item *item)
{
    uint32_t set = written_set_of(invariants, batch, &item->set);
    const struct batch_item *other =
        item_of(invariants, batch, set, item->action == BATCH_DELETE ? BATCH_CREATE : BATCH_DELETE);

    if (set == NONE) {
        if (!is_fence(invariants, batch, &item->set))
            fail(invariants, "S-05", probe, batch,
                 "touches what is not in the settings: ", item->set.name);
        return;
    }
    if (item->action == BATCH_DELETE && other == NULL)
        fail(invariants, "S-30", probe, batch, "deletes and does not create: ", item->set.set);
    else if (item->action == BATCH_CREATE && other == NULL && !batch->is_init)
        fail(invariants, "S-30", probe, batch, "creates what it did not delete: ", item->set.set);
    else if (other != NULL && !same_but_one(invariants, batch, &item->set, &other->set))
        fail(invariants, "S-30", probe, batch, "changes more than what it may, or nothing, of ",
             item->set.set);
}

/* C7: the zone says what the decision says. */
static void judge_weights(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct group *group = invariants_group(invariants, batch->group);
    const struct kept *kept = ledger_find(invariants, batch->group, batch->epoch);

    for (uint32_t k = 0; kept != NULL && k < group->site_count; k++) {
        const struct site *site = site_at(invariants, group->sites[k]);
        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            const struct batch_item *item = item_of(invariants, batch, i, BATCH_CREATE);
            int before = invariants->heard[probe].weights[i];
            if (item != NULL && item->set.weight != kept->weights[k])
                fail(invariants, "S-30", probe, batch,
                     "writes another weight than its decision for ", item->set.set);
            if (item == NULL && set_zone(invariants, i) == batch->zone && before >= 0 &&
                before != kept->weights[k])
                fail(invariants, "S-30", probe, batch,
                     "leaves out what is to change: ", invariants->settings->sets[i].set);
        }
    }
}

void written_sent(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    struct fence old = {0};
    uint64_t from =
        fence_epoch(invariants, batch, item_of(invariants, batch, NONE, BATCH_DELETE), &old);

    glass_judge_batch(invariants, probe, batch, from);
    judge_fence(invariants, probe, batch);
    for (uint32_t i = 0; i < batch->item_count; i++)
        judge_item(invariants, probe, batch, &batch->items[i]);
    judge_weights(invariants, probe, batch);
}

/* ---- when it is applied ---- */

/* S-08, C7: the fence rises with every batch that Route 53 takes. Where there was none it had been
 * deleted by hand; below what was accepted before it can only be when Route 53 lost what it had
 * taken (stranded). */
static void judge_rise(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    size_t slot = (size_t)batch->group * invariants->settings->zone_count + batch->zone;
    uint64_t *highest = &invariants->highest[slot];
    struct fence old = {0};
    const struct batch_item *delete = item_of(invariants, batch, NONE, BATCH_DELETE);
    uint64_t from = fence_epoch(invariants, batch, delete, &old);
    char number[32];

    snprintf(number, sizeof(number), "%" PRIu64, *highest);
    if (delete != NULL && from >= batch->epoch)
        fail(invariants, "S-08", probe, batch, "was accepted over a fence as high", "");
    else if (delete != NULL && batch->epoch <= *highest && !invariants->stranding)
        fail(invariants, "S-08", probe, batch, "was accepted after epoch ", number);
    else if (from != 0 && from < *highest && !invariants->stranding)
        fail(invariants, "S-08", probe, batch, "found a fence below the accepted epoch ", number);
    if (batch->epoch > *highest || delete == NULL)
        *highest = batch->epoch;
    if (batch->epoch > invariants->groups[batch->group].accepted)
        invariants->groups[batch->group].accepted = batch->epoch;
}

/* An adoption, after the fence's epoch and before the batch's, made this weight the group's own: it
 * may be overtaken before any zone has its fence. */
static bool adopted(const struct invariants *invariants, const struct batch *batch, uint64_t from,
                    uint32_t k, int weight)
{
    for (uint64_t epoch = batch->epoch - 1; epoch > from; epoch--) {
        const struct kept *kept = ledger_latest(invariants, batch->group, epoch);
        if (batch->epoch - epoch >= KEPT_DECISIONS)
            return true; /* too long ago to know */
        if (kept != NULL && kept->kind == DECISION_ADOPT && kept->weights[k] == weight)
            return true;
    }
    return false;
}

/* A site's place in its group's order. */
static uint32_t place_of(const struct invariants *invariants, const struct group *group,
                         uint32_t set)
{
    uint32_t k = 0;

    while (group->sites[k] != invariants->settings->sets[set].site)
        k++;
    return k;
}

/* It only vouches for what stays (C5). */
static bool same_weight(const struct invariants *invariants, const struct batch *batch,
                        uint32_t set)
{
    const struct batch_item *delete = item_of(invariants, batch, set, BATCH_DELETE);
    const struct batch_item *create = item_of(invariants, batch, set, BATCH_CREATE);

    return delete != NULL && create != NULL && delete->set.weight == create->set.weight;
}

/* C8: sets in one zone follow those that the same site has in another, which was there first; or,
 * by an adoption that says so, those of the services that move with it (D3). */
static bool follows(const struct invariants *invariants, const struct batch *batch,
                    const struct kept *kept)
{
    const struct settings *s = invariants->settings;
    const struct group *group = invariants_group(invariants, batch->group);

    for (uint32_t i = 0; i < batch->item_count; i++) {
        uint32_t set = written_set_of(invariants, batch, &batch->items[i].set);
        const struct service *service;
        bool elsewhere = false;
        uint32_t k;
        if (set == NONE)
            continue;
        k = place_of(invariants, group, set);
        if (same_weight(invariants, batch, set) ||
            (group->together && kept->kind == DECISION_ADOPT && kept->base[k] != kept->weights[k]))
            continue;
        service = &s->services[s->sites[s->sets[set].site].service];
        for (uint32_t r = 0; r < service->record_count; r++)
            elsewhere |= s->records[service->first_record + r].zone != batch->zone;
        if (!elsewhere)
            return false;
    }
    return true;
}

/* C4: a cancellation takes back what somebody wrote, where drift = "restore" decided so before it:
 * then its weights are those that the fence's own epoch said or, without a fence, those of the
 * decision that the cancelled one took the place of. */
static bool puts_back(const struct invariants *invariants, const struct batch *batch,
                      const struct kept *kept, const struct kept *said)
{
    const struct group *group = invariants_group(invariants, batch->group);

    if (said == NULL)
        said = ledger_other_before(invariants, batch->group,
                                   ledger_other_before(invariants, batch->group, kept));
    return group->drift == DRIFT_RESTORE && said != NULL &&
           memcmp(kept->weights, said->weights, group->site_count * sizeof(int)) == 0;
}

/* S-15, C4: what it took away is what the fence's own epoch said, or what was adopted since, or
 * what drift = "restore" decided to write over; else somebody else had written, and it wrote over
 * him. And what is not a move moves nothing. */
static void judge_human(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                        bool shift)
{
    const struct group *group = invariants_group(invariants, batch->group);
    const struct kept *kept = ledger_find(invariants, batch->group, batch->epoch);
    struct fence old = {0};
    const struct kept *said = ledger_find(
        invariants, batch->group,
        fence_epoch(invariants, batch, item_of(invariants, batch, NONE, BATCH_DELETE), &old));

    if (kept == NULL)
        return;
    if (shift && !follows(invariants, batch, kept) &&
        (kept->kind == DECISION_ADOPT || kept->kind == DECISION_ATTACH ||
         (kept->kind == DECISION_CANCEL && !puts_back(invariants, batch, kept, said))))
        fail(invariants, "S-15", probe, batch,
             "moves weight, by a decision that moves nothing: ", decision_kind_name(kept->kind));
    for (uint32_t i = 0; said != NULL && !kept->override && i < batch->item_count; i++) {
        uint32_t set = written_set_of(invariants, batch, &batch->items[i].set);
        uint32_t k = set == NONE ? NONE : place_of(invariants, group, set);
        const struct batch_item *delete =
            set != NONE && batch->items[i].action == BATCH_DELETE ? &batch->items[i] : NULL;
        if (delete != NULL && delete->set.weight != said->weights[k] &&
            !(group->drift == DRIFT_RESTORE && kept->base[k] == delete->set.weight) &&
            !adopted(invariants, batch, said->epoch, k, delete->set.weight))
            fail(invariants, "S-15", probe, batch, "writes over somebody's weight of ",
                 delete->set.set);
    }
}

/* S-05, C5: it takes no record its last weight, whatever a person did meanwhile to sets that it
 * does not change. */
static void judge_record(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                         uint32_t record, const int *weights)
{
    const struct settings *s = invariants->settings;
    const struct group *group = invariants_group(invariants, batch->group);
    bool takes = false;
    int64_t sum = 0;

    for (uint32_t k = 0; k < group->site_count; k++) {
        const struct site *site = &s->sites[group->sites[k]];
        uint32_t set = site->first_set + record - s->services[site->service].first_record;
        const struct batch_item *delete;
        if (site->service != s->records[record].service)
            continue;
        delete = item_of(invariants, batch, set, BATCH_DELETE);
        takes |= delete != NULL && delete->set.weight > 0;
        sum += weights[set] > 0 ? weights[set] : 0;
    }
    if (takes && sum == 0)
        fail(invariants, "S-05", probe, batch, "leaves no weight at all to ",
             s->records[record].name);
}

/* S-28, B1: once a region's word has gone, no older decision takes its weight any more: its batch
 * would come too late for anybody to say the word again. */
static void judge_let_go(struct invariants *invariants, uint32_t probe, const struct batch *batch)
{
    const struct settings *s = invariants->settings;

    for (uint32_t i = 0; i < batch->item_count && !invariants->stranding; i++) {
        const struct batch_item *item = &batch->items[i];
        uint32_t set = written_set_of(invariants, batch, &item->set);
        uint32_t region;
        if (set == NONE || item->action != BATCH_CREATE || item->set.weight > 0)
            continue;
        region = s->sites[s->sets[set].site].region;
        if (batch->epoch < invariants->let_go[batch->group * s->region_count + region])
            fail(invariants, "S-28", probe, batch, "comes too late: the beacon is out of ",
                 s->regions[region]);
    }
}

/* L2: a move is told when it is done: until the last zone has it, what holds it back is told. One
 * that was overtaken in the ledger before Route 53 took it is told with what overtook it. Overtaken
 * by an adoption it was told already, as drift: what the zone says was paged, and became normal. */
static void owe_move(struct invariants *invariants, const struct batch *batch)
{
    const struct kept *kept = ledger_find(invariants, batch->group, batch->epoch);
    struct group_model *model = &invariants->groups[batch->group];
    bool moves = kept != NULL && model->shifted == batch->epoch &&
                 (kept->kind == DECISION_LEAVE || kept->kind == DECISION_FAILBACK);

    if (told_zone_behind(invariants, batch->group, batch->epoch))
        return;
    if (moves)
        model->untold = batch->epoch;
    else if (kept != NULL && kept->kind == DECISION_ADOPT)
        model->untold = 0;
    if (model->untold == 0 || model->head.epoch > batch->epoch)
        return;
    told_owe(invariants, &(struct debt){.is_move = true,
                                        .group = batch->group,
                                        .region = NONE,
                                        .epoch = model->untold,
                                        .since_ms = invariants->now_ms});
    model->untold = 0;
}

void written_accepted(struct invariants *invariants, uint32_t probe, const struct batch *batch,
                      bool shift, bool late, const int *weights)
{
    judge_rise(invariants, probe, batch);
    judge_human(invariants, probe, batch, shift);
    judge_let_go(invariants, probe, batch);
    for (uint32_t i = 0; i < invariants->settings->record_count; i++)
        judge_record(invariants, probe, batch, i, weights);
    if (shift && !late)
        invariants->groups[batch->group].shifted = batch->epoch;
    owe_move(invariants, batch);
}
