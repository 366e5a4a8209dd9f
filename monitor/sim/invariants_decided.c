/* SPDX-License-Identifier: Apache-2.0 */
/* Who loses weight, who gains it, and on what evidence. What the committer was told says how long
 * (hold, stable: A4, D1, D2); what the store held when it took the decision says whether: there D8
 * makes both the same, so a quorum must stand in the store itself. */
#include <inttypes.h>
#include <string.h>

#include "invariants_state.h"

/* D3: a unit is what moves as one: all services of the group, or one of them. */
struct unit {
    struct ruling *ruling;
    uint32_t service; /* NONE: all of the group's */
    uint32_t lost;
    uint32_t gained;
    uint32_t regions; /* where it has sites */
};

static uint64_t epoch_of(const struct ruling *ruling)
{
    return ruling->decision->epoch;
}

static const struct site *site_of(const struct ruling *ruling, uint32_t k)
{
    return &ruling->settings->sites[ruling->group->sites[k]];
}

static const char *region_name(const struct ruling *ruling, uint32_t region)
{
    return ruling->settings->regions[region];
}

static const char *committer(const struct ruling *ruling)
{
    return invariants_probe_name(ruling->invariants, ruling->probe);
}

static bool in_unit(const struct unit *unit, uint32_t k)
{
    return unit->service == NONE || site_of(unit->ruling, k)->service == unit->service;
}

/* Does the site say anything of its region? Where services move together only required ones do. */
static bool speaks(const struct unit *unit, uint32_t k)
{
    const struct ruling *ruling = unit->ruling;
    const struct site *site = site_of(ruling, k);
    bool alone = unit->service != NONE || ruling->group->service_count == 1;

    return in_unit(unit, k) && site->check_count > 0 &&
           (alone || ruling->settings->services[site->service].required);
}

static const struct opinion *opinion_of(const struct ruling *ruling, uint32_t k)
{
    return &ruling->snapshot->opinions[ruling->group->sites[k]];
}

static wall_t wall_of(const struct ruling *ruling)
{
    return ruling->snapshot != NULL ? ruling->snapshot->wall : ruling->decision->at_wall;
}

static bool drained(const struct ruling *ruling, uint32_t region)
{
    return orders_draining(&ruling->truth->orders, region, wall_of(ruling)) != NULL;
}

/* ---- how a region stands in a unit, as the committer was told ---- */

/* For how long some site of it is agreed down; -1: none is. ret_k: which. */
static msec_t down_for(const struct unit *unit, uint32_t region, uint32_t *ret_k)
{
    msec_t longest_ms = -1;

    for (uint32_t k = 0; k < unit->ruling->group->site_count; k++) {
        const struct opinion *opinion = opinion_of(unit->ruling, k);
        if (site_of(unit->ruling, k)->region != region || !speaks(unit, k) ||
            opinion->says != SAYS_DOWN || opinion->since_ms <= longest_ms)
            continue;
        longest_ms = opinion->since_ms;
        *ret_k = k;
    }
    return longest_ms;
}

/* For how long all sites of it that speak are agreed up; -1: one is not. */
static msec_t up_for(const struct unit *unit, uint32_t region)
{
    msec_t shortest_ms = INT64_MAX;

    for (uint32_t k = 0; k < unit->ruling->group->site_count; k++) {
        const struct opinion *opinion = opinion_of(unit->ruling, k);
        if (site_of(unit->ruling, k)->region != region || !speaks(unit, k))
            continue;
        if (opinion->says != SAYS_UP)
            return -1;
        if (opinion->since_ms < shortest_ms)
            shortest_ms = opinion->since_ms;
    }
    return shortest_ms;
}

/* ---- the evidence in the store ----
 *
 * Only what the transaction compared is evidence (D8): these votes have to carry the decision by
 * themselves, since the others may have been anything when the store took it. */

struct evidence {
    uint64_t down;
    uint64_t up;
    uint64_t countable;
};

static struct evidence evidence_on(const struct ruling *ruling, uint32_t k)
{
    struct evidence evidence = {0};

    for (uint32_t p = 0; p < ruling->invariants->probe_count; p++) {
        const struct store_vote *vote = &ruling->truth->votes[p];
        uint64_t bit = UINT64_C(1) << p;
        if (!vote->present || vote->blind || !vote->same_settings ||
            ruling_compared(ruling, p) == NULL)
            continue;
        evidence.countable |= bit;
        evidence.down |= vote->letters[k] == 'd' ? bit : 0;
        evidence.up |= vote->letters[k] == 'u' ? bit : 0;
    }
    return evidence;
}

static void judge_spread(const struct ruling *ruling, uint32_t k, const struct evidence *evidence)
{
    const struct settings *s = ruling->settings;
    const struct site *site = site_of(ruling, k);
    uint32_t vantages = quorum_spread(ruling->invariants->vantages, evidence->down);
    uint32_t owners = quorum_spread(ruling->invariants->owners, evidence->down);

    if (vantages < s->quorum_vantages || owners < s->quorum_owners)
        invariants_fail(ruling->invariants, "S-02", ruling->probe,
                        "decision %" PRIu64 " leaves %s on votes of %" PRIu32
                        " vantages and %" PRIu32 " owners; it takes %" PRIu32 " and %" PRIu32,
                        epoch_of(ruling), site->name, vantages, owners, s->quorum_vantages,
                        s->quorum_owners);
    else if (!quorum_outside(s, site->region, evidence->down))
        invariants_fail(ruling->invariants, "S-02", ruling->probe,
                        "decision %" PRIu64 " leaves %s, and nobody outside it says down",
                        epoch_of(ruling), site->name);
}

/* S-20: one honest voter there is, unless the liars alone could be a quorum. */
static void judge_liars(const struct ruling *ruling, uint32_t k, uint64_t down)
{
    uint32_t liars = (uint32_t)__builtin_popcountll(ruling->truth->liars);

    if (down != 0 && (down & ~ruling->truth->liars) == 0 && liars < ruling->settings->quorum_down)
        invariants_fail(ruling->invariants, "S-20", ruling->probe,
                        "decision %" PRIu64 " leaves %s on the word of %" PRIu32
                        " liars alone, quorum.down is %" PRIu32,
                        epoch_of(ruling), site_of(ruling, k)->name, liars,
                        ruling->settings->quorum_down);
}

/* S-27: each honest voter's own attempts failed, as its rule demands, when it voted. */
static void judge_voters(const struct ruling *ruling, uint32_t k, uint64_t down)
{
    const struct invariants *inv = ruling->invariants;
    uint32_t site = ruling->group->sites[k];

    for (uint32_t p = 0; p < inv->probe_count; p++) {
        const struct said_down *said = &inv->seen[p].downs[site];
        if (!(down >> p & 1) || (ruling->truth->liars >> p & 1) || (said->fair && said->fault))
            continue;
        invariants_fail(ruling->invariants, "S-27", ruling->probe,
                        "decision %" PRIu64 " leaves %s on the vote of %s, which had %" PRIu32
                        " bad results in a row%s",
                        epoch_of(ruling), site_of(ruling, k)->name, inv->settings->electors[p].name,
                        said->run,
                        said->ever && said->fair ? ", and no fault was there to meet" : "");
    }
}

static void judge_quorum(const struct ruling *ruling, uint32_t k)
{
    struct evidence evidence = evidence_on(ruling, k);
    uint32_t votes = (uint32_t)__builtin_popcountll(evidence.down);

    judge_liars(ruling, k, evidence.down);
    if (votes < ruling->settings->quorum_down)
        invariants_fail(ruling->invariants, "S-01", ruling->probe,
                        "%s's decision %" PRIu64 " leaves %s on %" PRIu32
                        " votes, quorum.down is %" PRIu32 " of %" PRIu32 " probes",
                        committer(ruling), epoch_of(ruling), site_of(ruling, k)->name, votes,
                        ruling->settings->quorum_down, ruling->settings->elector_count);
    judge_spread(ruling, k, &evidence);
    judge_voters(ruling, k, evidence.down);
}

/* ---- who leaves (D1) ---- */

/* The site that the rest of the judgement is about: the one agreed down for longest; without a
 * snapshot the one with most down votes in the store. NONE: none says anything. */
static uint32_t site_at_issue(const struct unit *unit, uint32_t region)
{
    const struct ruling *ruling = unit->ruling;
    uint32_t issue = NONE;
    int most = -1;

    if (ruling->snapshot != NULL && down_for(unit, region, &issue) >= 0)
        return issue;
    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        int votes;
        if (site_of(ruling, k)->region != region || !speaks(unit, k))
            continue;
        votes = __builtin_popcountll(evidence_on(ruling, k).down);
        if (votes <= most)
            continue;
        most = votes;
        issue = k;
    }
    return issue;
}

static void judge_hold(const struct unit *unit, uint32_t region)
{
    const struct ruling *ruling = unit->ruling;
    uint32_t k = 0;
    msec_t age_ms;

    if (ruling->snapshot == NULL)
        return;
    age_ms = down_for(unit, region, &k);
    if (age_ms < 0)
        invariants_fail(ruling->invariants, "S-03", ruling->probe,
                        "%s's decision %" PRIu64
                        " leaves %s, which by all it was told is not agreed down",
                        committer(ruling), epoch_of(ruling), region_name(ruling, region));
    else if (age_ms < ruling->group->hold_ms)
        invariants_fail(ruling->invariants, "S-03", ruling->probe,
                        "%s's decision %" PRIu64 " leaves %s after %" PRId64
                        " ms of agreement down, hold is %" PRId64 " ms",
                        committer(ruling), epoch_of(ruling), region_name(ruling, region), age_ms,
                        ruling->group->hold_ms);
}

/* The static page gives way as soon as a region may gain, or already has weight and would be
 * allowed to: no order, no evidence against it. */
static bool gives_way(const struct unit *unit, uint32_t region)
{
    const struct ruling *ruling = unit->ruling;

    if (region != ruling->group->fallback_region)
        return false;
    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        uint32_t other = site_of(ruling, k)->region;
        if (other == region || !in_unit(unit, k) || ruling->decision->weights[k] <= 0)
            continue;
        if (ruling->snapshot == NULL || up_for(unit, other) >= ruling->group->stable_ms)
            return true;
    }
    return false;
}

static void judge_leaver(const struct unit *unit, uint32_t region)
{
    struct ruling *ruling = unit->ruling;
    uint32_t k;

    if (drained(ruling, region)) {
        ruling->drained |= UINT32_C(1) << region;
        return;
    }
    ruling->automatic = true;
    if (gives_way(unit, region))
        return;
    k = site_at_issue(unit, region);
    if (k == NONE) {
        invariants_fail(ruling->invariants, "S-01", ruling->probe,
                        "decision %" PRIu64 " leaves %s, where nothing is checked",
                        epoch_of(ruling), region_name(ruling, region));
        return;
    }
    judge_quorum(ruling, k);
    judge_hold(unit, region);
}

/* ---- who gains (D2, D4) ---- */

/* D7: readiness is lifted for the order that the decision obeys, and for no other. */
static bool lifted(const struct ruling *ruling)
{
    const struct told_order *order = orders_named(&ruling->truth->orders, ruling->decision->order);

    return order != NULL && order->override;
}

/* all_down: nobody else may gain, for all are down for hold or drained. */
static bool all_down(const struct unit *unit)
{
    const struct ruling *ruling = unit->ruling;

    for (uint32_t i = 0; i < ruling->group->order_count; i++) {
        uint32_t region = ruling->group->order[i];
        uint32_t k = 0;
        if (region == ruling->group->fallback_region || !(unit->regions >> region & 1))
            continue;
        if (!drained(ruling, region) && down_for(unit, region, &k) < ruling->group->hold_ms)
            return false;
    }
    return true;
}

static void judge_fallback(const struct unit *unit, uint32_t region)
{
    const struct ruling *ruling = unit->ruling;

    if (ruling->snapshot != NULL && !all_down(unit))
        invariants_fail(ruling->invariants, "S-04", ruling->probe,
                        "decision %" PRIu64 " shows the static page of %s, and not every region is "
                        "agreed down for hold or drained",
                        epoch_of(ruling), region_name(ruling, region));
}

static bool none_down(const struct unit *unit, uint32_t region)
{
    uint32_t k = 0;
    return down_for(unit, region, &k) < 0;
}

static void judge_gainer(const struct unit *unit, uint32_t region)
{
    const struct ruling *ruling = unit->ruling;
    msec_t age_ms;

    if (region == ruling->group->fallback_region) {
        judge_fallback(unit, region);
        return;
    }
    if (drained(ruling, region))
        invariants_fail(ruling->invariants, "S-04", ruling->probe,
                        "decision %" PRIu64 " gives weight to %s, which is drained by order",
                        epoch_of(ruling), region_name(ruling, region));
    if (ruling->snapshot == NULL || (lifted(ruling) && none_down(unit, region)))
        return;
    age_ms = up_for(unit, region);
    if (age_ms < ruling->group->stable_ms)
        invariants_fail(ruling->invariants, "S-04", ruling->probe,
                        "%s's decision %" PRIu64 " gives weight to %s, agreed up for %" PRId64
                        " ms (-1: not), stable is %" PRId64 " ms",
                        committer(ruling), epoch_of(ruling), region_name(ruling, region), age_ms,
                        ruling->group->stable_ms);
}

/* ---- who is left (D2: somebody serves on) ---- */

/* Is this site's region, in the store, good enough to be left with the traffic? */
static bool serves(const struct unit *unit, uint32_t k)
{
    const struct ruling *ruling = unit->ruling;
    const struct site *site = site_of(ruling, k);
    struct evidence evidence;
    enum says says;

    if (ruling->decision->weights[k] <= 0)
        return false;
    if (site->region == ruling->group->fallback_region || !speaks(unit, k))
        return true;
    evidence = evidence_on(ruling, k);
    says =
        quorum_says(ruling->invariants, ruling->settings, site->region, evidence.down, evidence.up);
    if (lifted(ruling)) /* by what the committer was told: D8 compares no vote that is quite new */
        return says != SAYS_DOWN || none_down(unit, site->region);
    return says == SAYS_UP;
}

static void judge_left(const struct unit *unit)
{
    const struct ruling *ruling = unit->ruling;

    for (uint32_t j = 0; j < ruling->group->service_count; j++) {
        uint32_t service = ruling->group->services[j];
        bool served = unit->service != NONE && unit->service != service;
        for (uint32_t k = 0; k < ruling->group->site_count && !served; k++)
            served = site_of(ruling, k)->service == service && serves(unit, k);
        if (!served)
            invariants_fail(ruling->invariants, "S-06", ruling->probe,
                            "decision %" PRIu64 " takes %s away from where it was, and no region "
                            "that is agreed up serves it",
                            epoch_of(ruling), ruling->settings->services[service].name);
    }
}

/* Leaving takes all weight; and only a substitute gains by it. */
static void judge_leave_shape(const struct unit *unit)
{
    const struct ruling *ruling = unit->ruling;

    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        const struct site *site = site_of(ruling, k);
        if (!in_unit(unit, k) || !(unit->lost >> site->region & 1))
            continue;
        if (ruling->decision->weights[k] != 0)
            invariants_fail(ruling->invariants, "S-35", ruling->probe,
                            "decision %" PRIu64 " leaves %s and keeps weight %d at %s",
                            epoch_of(ruling), region_name(ruling, site->region),
                            ruling->decision->weights[k], site->name);
    }
    if (unit->lost == 0 && unit->gained != 0)
        invariants_fail(ruling->invariants, "S-35", ruling->probe,
                        "decision %" PRIu64 " leaves nothing and gives weight away: no leave",
                        epoch_of(ruling));
}

static void leave_unit(const struct unit *unit)
{
    if (unit->lost == 0 && unit->gained == 0)
        return;
    judge_leave_shape(unit);
    for (uint32_t r = 0; r < unit->ruling->settings->region_count; r++) {
        if (unit->lost >> r & 1)
            judge_leaver(unit, r);
        if (unit->gained >> r & 1)
            judge_gainer(unit, r);
    }
    if (unit->lost != 0)
        judge_left(unit);
}

/* ---- failback (D5) ---- */

static void judge_failback_word(struct ruling *ruling)
{
    const struct told_order *order = orders_named(&ruling->truth->orders, ruling->decision->order);

    if (order != NULL && order->verb == ORDER_FAILBACK) {
        if (order->create_revision <= ruling->before->said_since && !ruling->truth->revisions_void)
            invariants_fail(ruling->invariants, "S-13", ruling->probe,
                            "decision %" PRIu64 " fails back by order %s, which is older than "
                            "decision %" PRIu64,
                            epoch_of(ruling), order->id, ruling->before->epoch);
        return;
    }
    ruling->automatic = true;
    if (ruling->group->failback == FAILBACK_MANUAL)
        invariants_fail(ruling->invariants, "S-13", ruling->probe,
                        "decision %" PRIu64 " fails back without an order, failback is manual",
                        epoch_of(ruling));
}

/* The next of the steps above what stands, in percent of the normal weight. */
static int next_step(const struct group *group, int weight, int normal)
{
    int step = normal;

    for (uint32_t i = 0; group->failback == FAILBACK_AUTO && i < group->step_count; i++) {
        int at = (int)((int64_t)normal * group->steps_pct[i] / 100);
        if (at > weight && at < step)
            step = at;
    }
    return step > 0 ? step : 1;
}

/* A substitute goes when all that is normal is back. */
static bool restored(const struct ruling *ruling, uint32_t service)
{
    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        if (site_of(ruling, k)->service == service &&
            ruling->decision->weights[k] < ruling->before->normal[k])
            return false;
    }
    return true;
}

static void judge_failback_weights(const struct ruling *ruling)
{
    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        int was = ruling->before->weights[k];
        int now = ruling->decision->weights[k];
        int normal = ruling->before->normal[k];
        const struct site *site = site_of(ruling, k);

        if (now > was && now != next_step(ruling->group, was, normal))
            invariants_fail(ruling->invariants, "S-35", ruling->probe,
                            "decision %" PRIu64 " fails back %s from %d to %d, the next step to "
                            "its normal %d is %d",
                            epoch_of(ruling), site->name, was, now, normal,
                            next_step(ruling->group, was, normal));
        if (now < was && (now != 0 || normal > 0 || !restored(ruling, site->service)))
            invariants_fail(ruling->invariants, "S-35", ruling->probe,
                            "decision %" PRIu64 " fails back and takes weight from %s (%d to %d)",
                            epoch_of(ruling), site->name, was, now);
    }
}

static void failback_unit(const struct unit *unit)
{
    for (uint32_t r = 0; r < unit->ruling->settings->region_count; r++) {
        if (unit->gained >> r & 1)
            judge_gainer(unit, r);
    }
    if (unit->lost != 0)
        judge_left(unit);
}

/* ---- the units of a decision ---- */

static void each_unit(struct ruling *ruling, void (*judge)(const struct unit *unit))
{
    uint32_t units = ruling->group->together ? 1 : ruling->group->service_count;

    for (uint32_t j = 0; j < units; j++) {
        struct unit unit = {.ruling = ruling,
                            .service = ruling->group->together ? NONE : ruling->group->services[j]};
        for (uint32_t k = 0; k < ruling->group->site_count; k++) {
            uint32_t bit = UINT32_C(1) << site_of(ruling, k)->region;
            int was = ruling->before->weights[k];
            if (!in_unit(&unit, k))
                continue;
            unit.regions |= bit;
            unit.lost |= ruling->decision->weights[k] < was ? bit : 0;
            unit.gained |= ruling->decision->weights[k] > was ? bit : 0;
        }
        judge(&unit);
    }
}

/* ---- what moves nothing ---- */

/* C8: the decision before was never applied, as far as its canceller was told; its weights are
 * those of before it; and every region it left has returned. */
static bool has_returned(const struct ruling *ruling, uint32_t region)
{
    bool apart = false; /* D3: then only what it took weight from there has to be up */
    bool up = false;

    for (uint32_t k = 0; k < ruling->group->site_count; k++)
        apart |= !ruling->group->together && site_of(ruling, k)->region == region &&
                 ruling->before->base[k] > ruling->before->weights[k];
    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        if (site_of(ruling, k)->region != region || site_of(ruling, k)->check_count == 0 ||
            (apart && ruling->before->base[k] <= ruling->before->weights[k]))
            continue;
        if (opinion_of(ruling, k)->says != SAYS_UP)
            return false;
        up = true;
    }
    return up && !drained(ruling, region);
}

/* What was read of a site: of its sets, which may be in several zones, the weight that is meant if
 * some has it, else that of the first which is there; -1: none was read. */
static int read_of(const struct ruling *ruling, uint32_t k, int meant)
{
    const struct site *site = site_of(ruling, k);
    int read = -1;

    for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
        int weight = ruling->snapshot->weights[i];
        if (weight >= 0 && (read < 0 || weight == meant))
            read = weight;
    }
    return read;
}

/* What was read of a site is what the zone's fence said of it. */
static bool read_as_said(const struct ruling *ruling, uint32_t zone, uint32_t k, int read)
{
    const struct kept *said =
        ledger_find(ruling->invariants, ruling->decision->group, ruling->snapshot->fences[zone]);

    return said == NULL || said->weights[k] == read;
}

/* C8: a cancellation moves nothing. What differs from what the fence said is somebody's hand, and
 * drift (C4); under an older fence than its base's it is what Route 53 fell back to. */
static void judge_cancelled_to(const struct ruling *ruling)
{
    const struct settings *s = ruling->settings;

    for (uint32_t k = 0; k < ruling->group->site_count; k++) {
        int read = read_of(ruling, k, ruling->decision->weights[k]);
        bool fell_back = false;
        for (uint32_t z = 0; z < s->zone_count; z++)
            fell_back |= settings_site_in_zone(s, ruling->group->sites[k], z) &&
                         ruling->snapshot->fences[z] > 0 &&
                         ruling->snapshot->fences[z] < ruling->before->base_epoch &&
                         read_as_said(ruling, z, k, read);
        if (fell_back && read >= 0 && read != ruling->decision->weights[k])
            invariants_fail(ruling->invariants, "S-15", ruling->probe,
                            "decision %" PRIu64 " cancels to weight %d for %s; the zone, which "
                            "fell back, has %d",
                            epoch_of(ruling), ruling->decision->weights[k],
                            site_of(ruling, k)->name, read);
    }
}

/* C4: under "restore" somebody may have written into what was before it, and the decision was made
 * once more over that: before it is also what the fence's own epoch said or, when he took the fence
 * away too, the decision that it took the place of. */
static bool goes_back(const struct ruling *ruling)
{
    const struct invariants *invariants = ruling->invariants;
    uint32_t group = ruling->decision->group;
    const struct kept *said = ruling->before->base_epoch > 0
                                  ? ledger_find(invariants, group, ruling->before->base_epoch)
                                  : ledger_other_before(invariants, group, ruling->before);
    size_t size = ruling->group->site_count * sizeof(int);

    return memcmp(ruling->decision->weights, ruling->before->base, size) == 0 ||
           (ruling->group->drift == DRIFT_RESTORE && said != NULL &&
            memcmp(ruling->decision->weights, said->weights, size) == 0);
}

static void judge_cancel(const struct ruling *ruling)
{
    const struct kept *before = ruling->before;
    const char *what = NULL;

    if (before->kind != DECISION_LEAVE)
        what = "which is no leave";
    else if (ruling->group->beacons)
        what = "whose beacons have moved traffic already";
    else if (!goes_back(ruling))
        what = "and does not go back to what was before it";
    for (uint32_t z = 0; ruling->snapshot != NULL && z < ruling->settings->zone_count; z++) {
        if (ruling->snapshot->fences[z] >= before->epoch)
            what = "which it knew to be applied";
    }
    for (uint32_t r = 0; ruling->snapshot != NULL && r < ruling->settings->region_count; r++) {
        if ((before->lost >> r & 1) && !has_returned(ruling, r))
            what = "whose region has not returned";
    }
    if (what != NULL)
        invariants_fail(ruling->invariants, "S-36", ruling->probe,
                        "decision %" PRIu64 " cancels decision %" PRIu64 ", %s", epoch_of(ruling),
                        before->epoch, what);
    if (ruling->snapshot != NULL)
        judge_cancelled_to(ruling);
}

/* C4, C7: the zone's own weights become the head: they are what its reader read. Under `stop` that
 * takes an operator's word, or a fence that the ledger cannot explain (restored, late). */
static bool unexplained_fence(const struct ruling *ruling)
{
    for (uint32_t z = 0; z < ruling->settings->zone_count; z++) {
        uint64_t fence = ruling->snapshot->fences[z];
        bool glass = ledger_is_glass(ruling->invariants, ruling->decision->group, fence);
        if (fence != 0 &&
            (glass || (fence != ruling->before->epoch && fence != ruling->before->base_epoch)))
            return true;
    }
    return false;
}

static void judge_adopt(const struct ruling *ruling)
{
    for (uint32_t k = 0; k < ruling->group->site_count && ruling->snapshot != NULL; k++) {
        int read = read_of(ruling, k, ruling->decision->weights[k]);
        if (ruling->decision->weights[k] != read && read >= 0 && !whole_follows(ruling, k))
            invariants_fail(ruling->invariants, "S-15", ruling->probe,
                            "decision %" PRIu64 " adopts weight %d for %s, the zone as read has %d",
                            epoch_of(ruling), ruling->decision->weights[k],
                            site_of(ruling, k)->name, read);
    }
    if (ruling->group->drift == DRIFT_STOP && ruling->decision->order[0] == '\0' &&
        ruling->snapshot != NULL && !unexplained_fence(ruling))
        invariants_fail(
            ruling->invariants, "S-15", ruling->probe,
            "decision %" PRIu64
            " adopts what somebody wrote, drift is \"stop\", and nobody acknowledged it",
            epoch_of(ruling));
}

/* C4: the same words again, where settings say so; and not twice within a dwell. */
static void judge_reassert(const struct ruling *ruling)
{
    const struct kept *before = ruling->before;
    msec_t age_ms = ruling->decision->at_wall - before->at_wall;

    if (ruling->group->drift != DRIFT_RESTORE)
        invariants_fail(ruling->invariants, "S-15", ruling->probe, "decision %" PRIu64 " of %s: %s",
                        epoch_of(ruling), ruling->group->name,
                        "it writes over a drift, and drift is not \"restore\"");
    if (ruling->changes)
        invariants_fail(ruling->invariants, "S-15", ruling->probe, "decision %" PRIu64 " of %s: %s",
                        epoch_of(ruling), ruling->group->name,
                        "it writes over a drift, and says something new");
    if (before->kind == DECISION_REASSERT && age_ms < ruling->group->dwell_ms)
        invariants_fail(ruling->invariants, "S-12", ruling->probe, "decision %" PRIu64 " of %s: %s",
                        epoch_of(ruling), ruling->group->name,
                        "it writes over a drift for the second time within a dwell");
}

/* D9: the first head says what the zone says; what is missing there gets the settings' weight. */
static void judge_first(const struct ruling *ruling)
{
    for (uint32_t k = 0; k < ruling->group->site_count && ruling->snapshot != NULL; k++) {
        int read = read_of(ruling, k, ruling->decision->weights[k]);
        int wanted = read >= 0 ? read : site_of(ruling, k)->weight;
        if (ruling->decision->weights[k] != wanted)
            invariants_fail(ruling->invariants, "S-33", ruling->probe,
                            "the first head gives %s weight %d, the zone (or, where it has none, "
                            "the settings) %d",
                            site_of(ruling, k)->name, ruling->decision->weights[k], wanted);
    }
}

/* C5: Route 53 gives all-zero weights equal shares. */
static void judge_empty(const struct ruling *ruling)
{
    for (uint32_t j = 0; j < ruling->group->service_count; j++) {
        int64_t sum = 0;
        for (uint32_t k = 0; k < ruling->group->site_count; k++) {
            if (site_of(ruling, k)->service == ruling->group->services[j])
                sum += ruling->decision->weights[k];
            if (ruling->decision->weights[k] < 0 || ruling->decision->weights[k] > WEIGHT_MAX)
                sum = INT32_MIN;
        }
        if (sum <= 0)
            invariants_fail(ruling->invariants, "S-05", ruling->probe,
                            "decision %" PRIu64 " gives %s no weight at all", epoch_of(ruling),
                            ruling->settings->services[ruling->group->services[j]].name);
    }
}

/* S-07: nothing moves by itself while too few votes count to say anything. */
static void judge_presence(const struct ruling *ruling)
{
    const struct settings *s = ruling->settings;
    uint32_t need = s->quorum_down < s->quorum_up ? s->quorum_down : s->quorum_up;
    uint32_t have = (uint32_t)__builtin_popcountll(evidence_on(ruling, 0).countable);

    if (ruling->automatic && have < need)
        invariants_fail(ruling->invariants, "S-07", ruling->probe,
                        "decision %" PRIu64 " was made while %" PRIu32
                        " votes count, a quorum takes %" PRIu32,
                        epoch_of(ruling), have, need);
}

static void judge_changes(struct ruling *ruling)
{
    switch (ruling->decision->kind) {
    case DECISION_LEAVE:
        each_unit(ruling, leave_unit);
        break;
    case DECISION_FAILBACK:
        judge_failback_word(ruling);
        judge_failback_weights(ruling);
        each_unit(ruling, failback_unit);
        break;
    case DECISION_CANCEL:
        judge_cancel(ruling);
        break;
    case DECISION_ADOPT:
        judge_adopt(ruling);
        break;
    case DECISION_REASSERT:
        judge_reassert(ruling);
        break;
    case DECISION_ATTACH:
        if (ruling->changes)
            invariants_fail(ruling->invariants, "S-15", ruling->probe,
                            "decision %" PRIu64 " attaches health checks, and moves weight",
                            ruling->decision->epoch);
        break;
    case DECISION_INIT:
    case DECISION_KIND_COUNT:
        break;
    }
}

void decided_judge(struct ruling *ruling)
{
    judge_empty(ruling);
    if (ruling->before->epoch == 0) {
        judge_first(ruling);
        return;
    }
    if (!ruling->changes || ruling->truth->revisions_void)
        return;
    judge_changes(ruling);
    whole_judge(ruling);
    judge_presence(ruling);
}
