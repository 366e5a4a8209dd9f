/* SPDX-License-Identifier: Apache-2.0 */
/* What people and Route 53's own checkers are told: alerts (L1, L2), facts, beacons (B1). */
#include <inttypes.h>
#include <string.h>

#include "invariants_state.h"

/* L1 and reliability 5.9: a page within two minutes. After sinks are back: the last back-off of
 * io/alert_send.c (60 s and a quarter), or a claim that has to grow stale first (60 s and a look).
 */
enum { TELL_MS = 120000, SINKS_BACK_MS = 150000 };

/* ---- beacons ---- */

/* B1: a committed decision evicts the region: it has no weight there and had some (or has it
 * normally), and another region has weight. */
static bool evicts(const struct invariants *invariants, uint32_t group, uint32_t region,
                   const struct kept *kept)
{
    const struct group *g = invariants_group(invariants, group);
    bool had = kept->evicted >> region & 1;
    int here = 0;
    int elsewhere = 0;

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (invariants->settings->sites[g->sites[k]].region == region) {
            here += kept->weights[k];
            had |= kept->normal[k] > 0;
        } else {
            elsewhere += kept->weights[k];
        }
    }
    return had && here == 0 && elsewhere > 0;
}

/* Some zone of the group has never taken an epoch this high. */
bool told_zone_behind(const struct invariants *invariants, uint32_t group, uint64_t epoch)
{
    const struct settings *s = invariants->settings;
    const struct group *g = invariants_group(invariants, group);

    for (uint32_t j = 0; j < g->zone_count; j++) {
        if (invariants->highest[(size_t)group * s->zone_count + g->zones[j]] < epoch)
            return true;
    }
    return false;
}

/* The epoch that lit it, 0: it is dark. */
static uint64_t *word_of(struct invariants *invariants, uint32_t probe, uint32_t group,
                         uint32_t region)
{
    return &invariants->heard[probe].words[group * invariants->settings->region_count + region];
}

/* Without this region's record sets each service still has one with weight whose beacon is dark: or
 * Route 53 would take all unhealthy for all healthy. */
static bool leaves_somewhere(struct invariants *invariants, uint32_t probe, uint32_t group,
                             uint32_t region, const struct kept *kept)
{
    const struct settings *s = invariants->settings;
    const struct group *g = invariants_group(invariants, group);
    uint64_t left = 0;

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &s->sites[g->sites[k]];
        if (site->region != region && kept->weights[k] > 0 &&
            *word_of(invariants, probe, group, site->region) == 0)
            left |= UINT64_C(1) << site->service;
    }
    for (uint32_t j = 0; j < g->service_count; j++) {
        if (!(left >> g->services[j] & 1))
            return false;
    }
    return true;
}

/* The zone gives the region what the decision gives it, as the probe read it. */
static bool gives_its_weight(const struct invariants *invariants, uint32_t probe, uint32_t group,
                             uint32_t zone, uint32_t region, const struct kept *kept)
{
    const struct settings *s = invariants->settings;
    const struct group *g = invariants_group(invariants, group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &s->sites[g->sites[k]];
        for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
            if (site->region == region && s->records[s->sets[i].record].zone == zone &&
                invariants->heard[probe].weights[i] != kept->weights[k])
                return false;
        }
    }
    return true;
}

/* A zone took the decision, and each other took it too or gives the region its weight already. */
static bool zones_let_go(const struct invariants *invariants, uint32_t probe, uint32_t group,
                         uint32_t region, const struct kept *kept)
{
    const struct group *g = invariants_group(invariants, group);
    bool shown = false;

    for (uint32_t j = 0; j < g->zone_count; j++) {
        size_t slot = (size_t)group * invariants->settings->zone_count + g->zones[j];

        if (invariants->highest[slot] >= kept->epoch)
            shown = true;
        else if (!gives_its_weight(invariants, probe, group, g->zones[j], region, kept))
            return false;
    }
    return shown;
}

/* A word that went is not to be missed: from here on no older batch may take the region's weight.
 */
static void note_let_go(struct invariants *invariants, const struct latch *latch, uint64_t epoch)
{
    uint64_t *let_go =
        &invariants->let_go[latch->group * invariants->settings->region_count + latch->region];

    if (epoch > *let_go)
        *let_go = epoch;
}

static void judge_latch(struct invariants *invariants, uint32_t probe, const struct latch *latch)
{
    const struct told_head *head = &invariants->heard[probe].heads[latch->group];
    const struct kept *kept = ledger_find(invariants, latch->group, head->epoch);
    const char *region = invariants->settings->regions[latch->region];
    uint64_t *word = word_of(invariants, probe, latch->group, latch->region);
    bool out = kept != NULL && evicts(invariants, latch->group, latch->region, kept);

    if (kept != NULL && latch->set && !out)
        invariants_fail(invariants, "S-28", probe,
                        "%s lights the beacon of %s, which decision %" PRIu64 " does not evict",
                        invariants_probe_name(invariants, probe), region, head->epoch);
    else if (kept != NULL && !latch->set && out)
        invariants_fail(invariants, "S-28", probe,
                        "%s puts the beacon of %s out, which decision %" PRIu64 " evicts",
                        invariants_probe_name(invariants, probe), region, head->epoch);
    else if (kept != NULL && latch->set &&
             !leaves_somewhere(invariants, probe, latch->group, latch->region, kept))
        invariants_fail(invariants, "S-28", probe,
                        "%s lights the beacon of %s, the last region without one",
                        invariants_probe_name(invariants, probe), region);
    else if (!latch->set && *word >= head->epoch)
        invariants_fail(invariants, "S-28", probe,
                        "%s puts the beacon of %s out, which decision %" PRIu64
                        " lit, by decision %" PRIu64,
                        invariants_probe_name(invariants, probe), region, *word, head->epoch);
    else if (kept != NULL && !latch->set && *word > 0 &&
             !zones_let_go(invariants, probe, latch->group, latch->region, kept))
        invariants_fail(invariants, "S-28", probe,
                        "%s puts the beacon of %s out, and not every zone shows epoch %" PRIu64
                        " or gives it its weight",
                        invariants_probe_name(invariants, probe), region, head->epoch);
    if (!latch->set && *word > 0)
        note_let_go(invariants, latch, head->epoch);
    *word = latch->set ? latch->epoch : 0;
}

/* The word appears with the commit: whoever knows of it shows it. */
static void judge_words(struct invariants *invariants, uint32_t probe, uint32_t group)
{
    const struct group *g = invariants_group(invariants, group);
    const struct told_head *head = &invariants->heard[probe].heads[group];
    const struct kept *kept = ledger_find(invariants, group, head->epoch);

    if (!g->beacons || !head->present || kept == NULL)
        return;
    for (uint32_t i = 0; i < g->order_count; i++) {
        uint32_t region = g->order[i];
        if (evicts(invariants, group, region, kept) &&
            *word_of(invariants, probe, group, region) == 0 &&
            leaves_somewhere(invariants, probe, group, region, kept))
            invariants_fail(invariants, "S-28", probe,
                            "%s knows that decision %" PRIu64 " evicts %s, and its beacon is dark",
                            invariants_probe_name(invariants, probe), head->epoch,
                            invariants->settings->regions[region]);
    }
}

void told_stepped(struct invariants *invariants, uint32_t probe, const struct event *event,
                  const struct update *update)
{
    if (update->facts_lost > 0)
        invariants_fail(invariants, "S-26", probe, "%s lost %" PRIu32 " facts in one step",
                        invariants_probe_name(invariants, probe), update->facts_lost);
    for (uint32_t i = 0; i < update->latch_count; i++)
        judge_latch(invariants, probe, &update->latches[i]);
    for (uint32_t i = 0; i < update->latch_count; i++)
        judge_words(invariants, probe, update->latches[i].group);
    if (event->kind == EVENT_HEAD)
        judge_words(invariants, probe, event->head.group);
    else if (event->kind == EVENT_COMMIT && event->commit.status == STORE_OK)
        judge_words(invariants, probe, event->commit.group);
}

/* ---- alerts ---- */

static bool *open_at(struct invariants *invariants, uint32_t group, uint32_t region)
{
    return &invariants->region_open[group * invariants->settings->region_count + region];
}

static void settle(struct invariants *invariants, const struct alert *alert, uint32_t group)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < invariants->debt_count; i++) {
        const struct debt *debt = &invariants->debts[i];
        bool paid = debt->group == group;
        if (debt->is_move)
            paid &= (alert->event == ALERT_MOVED || alert->event == ALERT_FAILBACK) &&
                    alert->epoch >= debt->epoch;
        else
            paid &= alert->phase == ALERT_OPEN &&
                    (alert->event == ALERT_GLOBAL ||
                     (alert->event == ALERT_REGION_DOWN &&
                      settings_region(invariants->settings, alert->region) == debt->region));
        if (!paid)
            invariants->debts[kept++] = *debt;
    }
    invariants->debt_count = kept;
}

void told_delivered(struct invariants *invariants, const struct alert *alert)
{
    uint32_t group = settings_group(invariants->settings, alert->group);
    uint32_t region = settings_region(invariants->settings, alert->region);

    if (group == NONE)
        return;
    if (alert->event == ALERT_GLOBAL)
        invariants->global_open[group] = alert->phase == ALERT_OPEN;
    if ((alert->event == ALERT_REGION_DOWN || alert->event == ALERT_REGION_UP) && region != NONE)
        *open_at(invariants, group, region) = alert->phase == ALERT_OPEN;
    if ((alert->event == ALERT_MOVED || alert->event == ALERT_FAILBACK) &&
        alert->epoch > invariants->told_moves[group])
        invariants->told_moves[group] = alert->epoch;
    if ((alert->event == ALERT_MOVED || alert->event == ALERT_FAILBACK) &&
        alert->epoch > invariants->groups[group].told)
        invariants->groups[group].told = alert->epoch;
    settle(invariants, alert, group);
}

/* A debt falls due when everybody has had the time to pay it undisturbed. */
static msec_t due_of(const struct invariants *invariants, const struct debt *debt)
{
    msec_t due_ms = debt->since_ms + TELL_MS;

    if (invariants->hindered_ms + TELL_MS > due_ms)
        due_ms = invariants->hindered_ms + TELL_MS;
    if (invariants->sinks_up_ms + SINKS_BACK_MS > due_ms)
        due_ms = invariants->sinks_up_ms + SINKS_BACK_MS;
    return due_ms;
}

static void plan_due(struct invariants *invariants)
{
    invariants->debt_due_ms = INT64_MAX;
    for (uint32_t i = 0; i < invariants->debt_count; i++) {
        msec_t due_ms = due_of(invariants, &invariants->debts[i]);
        if (due_ms < invariants->debt_due_ms)
            invariants->debt_due_ms = due_ms;
    }
}

void told_owe(struct invariants *invariants, const struct debt *debt)
{
    if (invariants->debt_count == DEBTS_MAX || invariants->swallowed)
        return;
    if (invariants->set_back_ms >= 0)
        return; /* with the store its claims went back: what they say was said, was another's (L1)
                 */
    if (!debt->is_move &&
        (invariants->global_open[debt->group] || *open_at(invariants, debt->group, debt->region)))
        return; /* said already */
    if (debt->is_move && debt->epoch <= invariants->told_moves[debt->group])
        return; /* a change that Route 53 lost was made again: the same move */
    invariants->debts[invariants->debt_count++] = *debt;
    plan_due(invariants);
}

static void default_on(struct invariants *invariants, const struct debt *debt)
{
    const char *group = invariants_group(invariants, debt->group)->name;

    if (debt->is_move)
        invariants_fail(invariants, "S-40", NONE,
                        "%s moved with decision %" PRIu64 " %" PRId64
                        " ms ago, and nobody has been told",
                        group, debt->epoch, invariants->now_ms - debt->since_ms);
    else
        invariants_fail(invariants, "S-40", NONE,
                        "%s was left with decision %" PRIu64 " of %s %" PRId64
                        " ms ago, and nobody has been told that it is down",
                        invariants->settings->regions[debt->region], debt->epoch, group,
                        invariants->now_ms - debt->since_ms);
}

void told_due(struct invariants *invariants, bool able)
{
    if (invariants->swallowed || invariants->set_back_ms >= 0)
        invariants->debt_count = 0; /* said, as far as anybody can know */
    if (!able)
        invariants->hindered_ms = invariants->now_ms;
    for (uint32_t i = 0; i < invariants->debt_count; i++) {
        if (invariants->now_ms >= due_of(invariants, &invariants->debts[i]))
            default_on(invariants, &invariants->debts[i]);
    }
    plan_due(invariants);
}
