/* SPDX-License-Identifier: Apache-2.0 */
/* swarm_liveness.c: after the faults a core of probes, the store and Route 53 are well again; the
 * rest may stay sick. What has to work then: alerts reach their readers, and a dead region is left
 * within a bound that follows from the rules.
 *
 *     faults | heal ... ack . ack ... quiet | exercises | deaths, each with its demand | end
 *
 * In half of the runs a human puts all weights back to the settings' first, so that it is known who
 * serves (but in groups that write over what a human wrote), and one region dies. In the other half
 * nobody knows: then all regions but one die, later that one, so that traffic has to move at least
 * once. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "claim.h"
#include "swarm_draw.h"

/* The rules' own times; reasons in the rules. */
enum {
    SECOND_MS = 1000,
    FULL_READ_EVERY_MS = 10000,  /* S1 */
    ZONE_READ_EVERY_MS = 300000, /* C4: so late may drift be seen, and a fence that is gone */
    RANK_MS = 2000,              /* C6 */
    BACKOFF_MOST_MS = 21500,     /* C8: 20 s and its jitter */
    WRITTEN_AGAIN_MS = 30000,    /* L-02 */
    TOLD_WITHIN_MS = 60000,      /* L-06 */
    TALK_MS = 5000, /* answers of store and Route 53, and races lost against the others (D8) */
    UNKNOWN_MOST_MS = 30 * 60 * SECOND_MS /* longer demands are not made in one run */
};

struct plan {
    struct draw *draw;
    const struct settings *settings;
    msec_t now_ms; /* when the next thing of the plan happens */
    uint64_t core;
    bool repaired; /* weights are the settings' again */
};

static bool chance(struct plan *plan, uint32_t percent)
{
    return draw_chance(&plan->draw->dice, percent);
}

static void act(struct plan *plan, enum action_kind kind)
{
    draw_act(plan->draw, plan->now_ms, kind);
}

static void act_on(struct plan *plan, enum action_kind kind, const struct who *who, int64_t value)
{
    draw_act_on(plan->draw, plan->now_ms, kind, who, value);
}

/* ---- times of these settings ---- */

/* Over all groups: the longest `stable`, and the longest `dwell`. */
static msec_t longest_stable(const struct settings *settings)
{
    msec_t longest_ms = 0;

    for (uint32_t g = 0; g < settings->group_count; g++)
        longest_ms =
            settings->groups[g].stable_ms > longest_ms ? settings->groups[g].stable_ms : longest_ms;
    return longest_ms;
}

static msec_t longest_dwell(const struct settings *settings)
{
    msec_t longest_ms = 0;

    for (uint32_t g = 0; g < settings->group_count; g++)
        longest_ms =
            settings->groups[g].dwell_ms > longest_ms ? settings->groups[g].dwell_ms : longest_ms;
    return longest_ms;
}

/* V2: from a death to the last probe of the core that says down: the running check may have been
 * answered just before, so an interval; then `fall` bad results, each after its timeout, `retry`
 * apart. A check that is late for being in flight adds one more timeout. */
static msec_t detection(const struct settings *settings)
{
    msec_t longest_ms = 0;

    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        msec_t takes_ms = check->interval_ms + check->timeout_ms +
                          (msec_t)check->fall * (check->retry_ms + check->timeout_ms);
        longest_ms = takes_ms > longest_ms ? takes_ms : longest_ms;
    }
    return longest_ms;
}

/* From a change for the better to the last probe that says up: `rise` good results, an interval
 * apart at most; with a window (V3), when the window has no more bad ones than it may. */
static msec_t recovery(const struct settings *settings)
{
    msec_t longest_ms = 0;

    for (uint32_t i = 0; i < settings->check_count; i++) {
        const struct check *check = &settings->checks[i];
        msec_t results = (msec_t)(check->rise > check->window_of ? check->rise : check->window_of);
        msec_t takes_ms = (results + 1) * (check->interval_ms + check->timeout_ms);
        longest_ms = takes_ms > longest_ms ? takes_ms : longest_ms;
    }
    return longest_ms + settings->store.lease_ms + FULL_READ_EVERY_MS;
}

static uint32_t actors(const struct settings *settings)
{
    uint32_t count = 0;

    for (uint32_t p = 0; p < settings->elector_count; p++)
        count += settings->electors[p].may_act;
    return count;
}

/* From agreement to acceptance: votes are told by the next full read at the latest (S1), and so is
 * the winner's head; every actor before ours may be sick, so its rank passes (C6), as does its turn
 * to propose; and a zone may have been in back-off when the world was healed (C8). */
static msec_t decision_to_zone(const struct settings *settings)
{
    return 2 * FULL_READ_EVERY_MS + (msec_t)actors(settings) * RANK_MS + BACKOFF_MOST_MS + TALK_MS;
}

/* L-01. moves: how many may have to follow one another, each a dwell after the one before (D6).
 * A group that goes back by itself may have taken its next step just before. */
static msec_t bound(const struct settings *settings, uint32_t group, uint32_t moves)
{
    const struct group *g = &settings->groups[group];
    uint32_t dwells = moves - 1 + (g->failback == FAILBACK_AUTO ? 1 : 0);

    return detection(settings) + g->hold_ms + (msec_t)dwells * (g->dwell_ms + SECOND_MS) +
           decision_to_zone(settings);
}

/* After which nothing moves any more by itself: a move out of dwell, weight that returns in steps,
 * and the dwell after the last of them. */
static msec_t calm(const struct settings *settings)
{
    uint32_t steps = 1;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct group *group = &settings->groups[g];
        uint32_t own = group->failback == FAILBACK_AUTO ? group->step_count + 2 : 1;
        steps = own > steps ? own : steps;
    }
    return recovery(settings) + longest_stable(settings) +
           (msec_t)(steps + 1) * (longest_dwell(settings) + SECOND_MS) + decision_to_zone(settings);
}

/* ---- the core ---- */

static uint32_t distinct(const struct settings *settings, uint64_t probes, bool owners)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < settings->elector_count; i++) {
        bool first = probes >> i & 1;
        for (uint32_t j = 0; j < i && first; j++) {
            const struct elector *a = &settings->electors[i];
            const struct elector *b = &settings->electors[j];
            if (probes >> j & 1)
                first = strcmp(owners ? a->owner : a->vantage, owners ? b->owner : b->vantage) != 0;
        }
        count += first;
    }
    return count;
}

static bool someone_outside(const struct settings *settings, uint64_t probes, const char *region)
{
    for (uint32_t p = 0; p < settings->elector_count; p++) {
        if ((probes >> p & 1) && strcmp(settings->electors[p].place, region) != 0)
            return true;
    }
    return false;
}

/* A3, by these probes alone, of any region; and one of them may write. */
static bool suffices(const struct settings *settings, uint64_t probes)
{
    uint32_t count = (uint32_t)__builtin_popcountll(probes);
    bool acts = false;

    for (uint32_t p = 0; p < settings->elector_count; p++)
        acts |= (probes >> p & 1) && settings->electors[p].may_act;
    for (uint32_t r = 0; r < settings->region_count; r++) {
        if (!someone_outside(settings, probes, settings->regions[r]))
            return false;
    }
    return acts && count >= settings->quorum_down && count >= settings->quorum_up &&
           distinct(settings, probes, false) >= settings->quorum_vantages &&
           distinct(settings, probes, true) >= settings->quorum_owners;
}

static void choose_core(struct plan *plan)
{
    uint32_t count = plan->settings->elector_count;
    uint64_t everyone = count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;

    while (!suffices(plan->settings, plan->core))
        plan->core |= UINT64_C(1) << dice_below(&plan->draw->dice, count);
    if (chance(plan, 30))
        plan->core = everyone;
}

/* ---- healing ---- */

/* What may stay with those outside of the core, to the end. */
static void stay_sick(struct plan *plan, uint32_t probe)
{
    static const enum action_kind kinds[] = {
        ACTION_PROBE_KILL,     ACTION_PROBE_PAUSE,  ACTION_PROBE_BLIND,
        ACTION_PROBE_LIE_DOWN, ACTION_PROBE_LIE_UP, ACTION_PROBE_OTHER_SETTINGS,
        ACTION_NET_CUT,        ACTION_NET_MUTE,     ACTION_NET_LOSS};
    enum action_kind kind = kinds[dice_below(&plan->draw->dice, sizeof(kinds) / sizeof(kinds[0]))];
    bool lies = kind == ACTION_PROBE_LIE_DOWN || kind == ACTION_PROBE_LIE_UP;
    struct action action = {.at_ms = plan->now_ms,
                            .kind = kind,
                            .who = draw_probe(plan->settings, probe),
                            .from = draw_all(),
                            .value = kind == ACTION_NET_LOSS ? 60 : 0};

    if (chance(plan, 25) || (lies && !(plan->draw->liars >> probe & 1)))
        return;
    plan->draw->needed = false;
    draw_push(plan->draw, &action);
    plan->draw->needed = true;
}

/* C4: "restore" writes what was decided over what a human wrote: there no repair by hand lasts, and
 * who serves is what was decided under the faults. */
static bool repairable(const struct settings *settings, uint32_t site)
{
    uint32_t group = settings->services[settings->sites[site].service].group;

    return settings->groups[group].drift != DRIFT_RESTORE;
}

/* C4: two zones of a site may say two things, when one of them lags behind and somebody edits it
 * meanwhile. Then the page asks for one weight in both, whatever the policy. */
static bool waits_for_one_weight(const struct settings *settings, uint32_t site)
{
    uint32_t zones = 0;

    for (uint32_t z = 0; z < settings->zone_count; z++)
        zones += settings_site_in_zone(settings, site, z);
    return zones > 1;
}

/* Weight first, and zeros last: no service is without any in between. */
static void put_weights(struct plan *plan, bool (*chosen)(const struct settings *, uint32_t site))
{
    const struct settings *settings = plan->settings;

    for (uint32_t i = 0; i < 2 * settings->site_count; i++) {
        uint32_t site = i % settings->site_count;
        struct who who = draw_site(settings, site);
        bool zeros = i >= settings->site_count;

        if (chosen(settings, site) && (settings->sites[site].weight == 0) == zeros)
            act_on(plan, ACTION_HUMAN_WEIGHT, &who, settings->sites[site].weight);
    }
}

/* A batch may still be on its way for so long. */
static msec_t latest_batch(const struct scenario *scenario)
{
    msec_t latest_ms = 0;

    for (uint32_t i = 0; i < scenario->action_count; i++) {
        const struct action *action = &scenario->actions[i];
        if (action->kind == ACTION_ROUTE53_LATE && action->value > latest_ms)
            latest_ms = action->value;
    }
    return latest_ms;
}

static void heal(struct plan *plan)
{
    struct who all = draw_all();

    act_on(plan, ACTION_SITE_OK, &all, 0);
    act_on(plan, ACTION_NET_HEAL, &all, 0);
    act(plan, ACTION_STORE_UP);
    act(plan, ACTION_STORE_HEAL);
    act(plan, ACTION_ROUTE53_OK);
    act(plan, ACTION_SINKS_UP);
    act_on(plan, ACTION_PROBE_START, &all, 0);
    act(plan, ACTION_ORDER_THAW);
    for (uint32_t r = 0; r < plan->settings->region_count; r++) {
        struct who who = draw_region(plan->settings, r);
        act_on(plan, ACTION_ORDER_RESTORE, &who, 0);
    }
    plan->now_ms += latest_batch(plan->draw->scenario) + SECOND_MS;
    for (uint32_t p = 0; p < plan->settings->elector_count; p++) {
        if (!(plan->core >> p & 1))
            stay_sick(plan, p);
    }
}

/* Once nothing moves any more: what was decided under the faults may still be applied, or undone,
 * and a failback was perhaps ordered; who edits before that may set two zones at variance himself.
 * Twice: where a drift held back what is latched, the first may say just what the fence's epoch
 * said, so that the drift ends and the latched move lands after it (C8). Weights that no longer
 * wait for anything are then put back, and acknowledged. */
static void repair(struct plan *plan)
{
    for (int i = 0; i < 2; i++) {
        plan->now_ms += calm(plan->settings);
        put_weights(plan, waits_for_one_weight);
        if (plan->repaired)
            put_weights(plan, repairable);
    }
}

/* C4: an acknowledgement counts when the drift was seen before it, by whoever obeys it; and what is
 * adopted in one group may be seen late in the other. */
static void acknowledge(struct plan *plan)
{
    plan->now_ms += ZONE_READ_EVERY_MS + recovery(plan->settings);
    act(plan, ACTION_ORDER_ACK);
    plan->now_ms += decision_to_zone(plan->settings);
    act(plan, ACTION_ORDER_ACK);
    plan->now_ms += decision_to_zone(plan->settings) + calm(plan->settings);
}

/* ---- exercises ---- */

/* L-06. Who stays sick may hold the claim of an alert and never get it out: the others take it over
 * when its time is over and it is stale (claim.h). */
static msec_t told_within(const struct plan *plan)
{
    uint32_t probes = plan->settings->elector_count;
    bool all_well = (uint32_t)__builtin_popcountll(plan->core) == probes;

    return TOLD_WITHIN_MS + (all_well ? 0 : CLAIM_HOLD_MS + CLAIM_STALE_MS);
}

static void demand_alert(struct plan *plan, enum alert_event event, msec_t from_ms,
                         msec_t within_ms)
{
    draw_expect(plan->draw->scenario, &(struct expectation){.kind = EXPECT_ALERT,
                                                            .from_ms = from_ms,
                                                            .to_ms = from_ms + within_ms,
                                                            .event = event});
}

/* L-06, with L-07 in it: a freeze is told at once; while no sink works, once one does. */
static void exercise_freeze(struct plan *plan)
{
    bool sinks = chance(plan, 50);

    if (sinks) {
        act(plan, ACTION_SINKS_DOWN);
        plan->now_ms += SECOND_MS;
    }
    act(plan, ACTION_ORDER_FREEZE);
    if (sinks) {
        plan->now_ms += 40 * SECOND_MS;
        act(plan, ACTION_SINKS_UP);
    }
    demand_alert(plan, ALERT_FROZEN, plan->now_ms, told_within(plan) + FULL_READ_EVERY_MS);
    plan->now_ms += told_within(plan) + FULL_READ_EVERY_MS;
    act(plan, ACTION_ORDER_THAW);
    plan->now_ms += FULL_READ_EVERY_MS;
}

static uint32_t any_of_core(struct plan *plan)
{
    uint32_t probe;

    do {
        probe = (uint32_t)dice_below(&plan->draw->dice, plan->settings->elector_count);
    } while (!(plan->core >> probe & 1));
    return probe;
}

/* A probe of the core falls out, and comes back: told within the minute (its lease has to end
 * first), and counted again (L-08), or the deaths that follow would find no quorum. */
static void exercise_probe(struct plan *plan)
{
    static const enum action_kind kinds[] = {ACTION_PROBE_KILL, ACTION_PROBE_BLIND,
                                             ACTION_PROBE_OTHER_SETTINGS};
    static const enum alert_event events[] = {ALERT_PROBE_LOST, ALERT_BLIND, ALERT_SETTINGS_SKEW};
    uint32_t kind = (uint32_t)dice_below(&plan->draw->dice, 3);
    struct who who = draw_probe(plan->settings, any_of_core(plan));
    msec_t noticed_ms = plan->settings->store.lease_ms + FULL_READ_EVERY_MS + TALK_MS;

    if (kind == 1 && plan->settings->reference_count == 0)
        kind = 0; /* nothing tells it that it is blind, but that all is down */
    if (kind > 0) /* references are as old as 3 intervals; a restarted probe votes after `fall` */
        noticed_ms += 3 * detection(plan->settings);
    act_on(plan, kinds[kind], &who, 0);
    demand_alert(plan, events[kind], plan->now_ms, told_within(plan) + noticed_ms);
    plan->now_ms += told_within(plan) + noticed_ms;
    act_on(plan, ACTION_PROBE_START, &who, 0);
    plan->now_ms += recovery(plan->settings) + longest_stable(plan->settings);
}

/* S2: away for a lease is away; the page comes within a minute. */
static void exercise_store(struct plan *plan)
{
    msec_t away_ms = plan->settings->store.lease_ms + told_within(plan) + 2 * FULL_READ_EVERY_MS;

    act(plan, ACTION_STORE_DOWN);
    demand_alert(plan, ALERT_STORE_AWAY, plan->now_ms, away_ms);
    plan->now_ms += away_ms;
    act(plan, ACTION_STORE_UP);
    plan->now_ms += recovery(plan->settings) + longest_stable(plan->settings);
}

/* C4: somebody changes a weight; it is told, and stands once it is acknowledged. */
static void exercise_drift(struct plan *plan)
{
    uint32_t site = (uint32_t)dice_below(&plan->draw->dice, plan->settings->site_count);
    uint32_t group = plan->settings->services[plan->settings->sites[site].service].group;
    struct who who = draw_site(plan->settings, site);
    msec_t seen_ms = ZONE_READ_EVERY_MS + told_within(plan);

    if (plan->settings->groups[group].drift != DRIFT_STOP || !plan->repaired)
        return;
    act_on(plan, ACTION_HUMAN_WEIGHT, &who, plan->settings->sites[site].weight == 77 ? 78 : 77);
    demand_alert(plan, ALERT_DRIFT, plan->now_ms, seen_ms);
    plan->now_ms += seen_ms;
    act_on(plan, ACTION_HUMAN_WEIGHT, &who, plan->settings->sites[site].weight);
    plan->now_ms += SECOND_MS;
    acknowledge(plan);
}

static void exercise(struct plan *plan)
{
    static void (*const exercises[])(struct plan *) = {exercise_freeze, exercise_probe,
                                                       exercise_store, exercise_drift};
    uint32_t count = (uint32_t)dice_below(&plan->draw->dice, 3);

    for (uint32_t i = 0; i < count; i++)
        exercises[dice_below(&plan->draw->dice, 4)](plan);
    if (count > 0)
        plan->now_ms += calm(plan->settings);
}

/* ---- deaths ---- */

/* A port that opens says nothing of statuses and certificates. */
static bool all_speak_https(const struct settings *settings)
{
    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].kind != CHECK_HTTP || !settings->checks[i].tls)
            return false;
    }
    return true;
}

static void die(struct plan *plan, uint32_t region)
{
    static const enum action_kind kinds[] = {ACTION_SITE_REFUSE, ACTION_SITE_TIMEOUT,
                                             ACTION_SITE_DNS, ACTION_SITE_STATUS, ACTION_SITE_TLS};
    uint32_t count = all_speak_https(plan->settings) ? 5 : 3;
    enum action_kind kind = kinds[dice_below(&plan->draw->dice, count)];
    struct who who = draw_region(plan->settings, region);

    act_on(plan, kind, &who, kind == ACTION_SITE_STATUS ? 503 : 0);
}

/* No weight is left on the group's sites in these regions. Two groups make two demands. */
static void demand_empty(struct plan *plan, uint32_t group, uint32_t regions, msec_t at_ms)
{
    const struct group *g = &plan->settings->groups[group];
    struct expectation expectation = {.kind = EXPECT_WEIGHTS, .from_ms = at_ms, .to_ms = at_ms};

    for (uint32_t i = 0; i < g->site_count; i++) {
        const struct site *site = &plan->settings->sites[g->sites[i]];
        if ((regions >> site->region & 1) && expectation.weight_count < EXPECT_WEIGHTS_MAX)
            expectation.weights[expectation.weight_count++] =
                (struct expect_weight){draw_site(plan->settings, g->sites[i]), 0};
    }
    if (expectation.weight_count > 0)
        draw_expect(plan->draw->scenario, &expectation);
}

/* How many moves it takes when so many regions die one after another: services that move by
 * themselves do so one after another too, whenever they are not seen to die together. */
static uint32_t moves_of(const struct settings *settings, uint32_t group, uint32_t regions)
{
    const struct group *g = &settings->groups[group];

    return regions * (g->together ? 1 : g->service_count);
}

/* Demands that every group leaves these regions; returns when the last has to be done. */
static msec_t demand_all(struct plan *plan, uint32_t regions, msec_t from_ms)
{
    msec_t last_ms = from_ms;

    for (uint32_t g = 0; g < plan->settings->group_count; g++) {
        uint32_t moves = moves_of(plan->settings, g, (uint32_t)__builtin_popcount(regions));
        msec_t at_ms = from_ms + bound(plan->settings, g, moves);

        demand_empty(plan, g, regions, at_ms);
        last_ms = at_ms > last_ms ? at_ms : last_ms;
    }
    return last_ms;
}

static bool any_repairable(const struct settings *settings)
{
    for (uint32_t i = 0; i < settings->site_count; i++) {
        if (repairable(settings, i))
            return true;
    }
    return false;
}

/* A region that serves somewhere, by the settings: after a repair where it lasts, if anywhere. */
static uint32_t serving_region(struct plan *plan)
{
    const struct settings *settings = plan->settings;
    bool any = !plan->repaired || !any_repairable(settings);

    while (true) {
        uint32_t site = (uint32_t)dice_below(&plan->draw->dice, settings->site_count);
        if (settings->sites[site].weight > 0 && (any || repairable(settings, site)))
            return settings->sites[site].region;
    }
}

/* L-02: Route 53 takes nothing while the region dies; the move follows within 30 s once it does,
 * and meanwhile somebody is told, if the region is known to serve: else nothing may have to be
 * written. */
static void die_without_route53(struct plan *plan, uint32_t region)
{
    msec_t decided_ms = 0;

    act(plan, chance(plan, 50) ? ACTION_ROUTE53_DOWN : ACTION_ROUTE53_THROTTLE);
    plan->now_ms += SECOND_MS;
    die(plan, region);
    for (uint32_t g = 0; g < plan->settings->group_count; g++) {
        msec_t own_ms = bound(plan->settings, g, moves_of(plan->settings, g, 1));
        decided_ms = own_ms > decided_ms ? own_ms : decided_ms;
    }
    if (any_repairable(plan->settings))
        demand_alert(plan, ALERT_CANNOT_WRITE, plan->now_ms, decided_ms + told_within(plan));
    plan->now_ms += decided_ms + told_within(plan) +
                    (msec_t)draw_span(&plan->draw->dice, SECOND_MS, 600 * SECOND_MS);
    act(plan, ACTION_ROUTE53_OK);
    plan->now_ms += WRITTEN_AGAIN_MS;
    for (uint32_t g = 0; g < plan->settings->group_count; g++)
        demand_empty(plan, g, UINT32_C(1) << region, plan->now_ms);
}

static void known_death(struct plan *plan)
{
    uint32_t region = serving_region(plan);
    bool apart = false;

    for (uint32_t g = 0; g < plan->settings->group_count; g++)
        apart |= !plan->settings->groups[g].together && plan->settings->groups[g].dwell_ms > 0;
    if (chance(plan, 30) && !apart) {
        die_without_route53(plan, region);
        return;
    }
    die(plan, region);
    plan->now_ms = demand_all(plan, UINT32_C(1) << region, plan->now_ms);
}

/* ---- when nobody knows who serves ---- */

/* A region with a site of every service there is. NONE: there is none. */
static uint32_t full_region(struct plan *plan)
{
    const struct settings *settings = plan->settings;
    uint32_t first = (uint32_t)dice_below(&plan->draw->dice, settings->region_count);

    for (uint32_t i = 0; i < settings->region_count; i++) {
        uint32_t region = (first + i) % settings->region_count;
        uint32_t sites = 0;
        for (uint32_t s = 0; s < settings->site_count; s++)
            sites += settings->sites[s].region == region && settings->sites[s].check_count > 0;
        if (sites >= settings->service_count)
            return region;
    }
    return NONE;
}

/* Regions that are judged: all but a fallback's. */
static uint32_t judged_regions(const struct settings *settings)
{
    uint32_t regions = 0;

    for (uint32_t s = 0; s < settings->site_count; s++) {
        if (settings->sites[s].check_count > 0)
            regions |= UINT32_C(1) << settings->sites[s].region;
    }
    return regions;
}

static msec_t longest_bound(const struct settings *settings, uint32_t regions)
{
    msec_t longest_ms = 0;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        msec_t own_ms = bound(settings, g, moves_of(settings, g, regions));
        longest_ms = own_ms > longest_ms ? own_ms : longest_ms;
    }
    return longest_ms;
}

static void unknown_deaths(struct plan *plan, uint32_t survivor)
{
    uint32_t others = judged_regions(plan->settings) & ~(UINT32_C(1) << survivor);
    struct who all = draw_all();

    for (uint32_t r = 0; r < plan->settings->region_count; r++) {
        if (others >> r & 1)
            die(plan, r);
    }
    plan->now_ms = demand_all(plan, others, plan->now_ms);
    plan->now_ms += SECOND_MS;
    act_on(plan, ACTION_SITE_OK, &all, 0);
    plan->now_ms += calm(plan->settings);
    die(plan, survivor);
    plan->now_ms = demand_all(plan, UINT32_C(1) << survivor, plan->now_ms);
}

static void set(struct scenario *scenario, const char *path, const char *value)
{
    struct scenario_set *set = &scenario->sets[scenario->set_count++];

    snprintf(set->path, sizeof(set->path), "%s", path);
    snprintf(set->value, sizeof(set->value), "%s", value);
}

/* The budget (D6) would end most runs: what they did before is not what is asked here. And an
 * incident whose witnesses were restarted, or whose end a restored store forgot, stays open in its
 * claim: the same incident is then told by and by, as a reminder (L1). */
static void lift_limits(struct scenario *scenario)
{
    set(scenario, "limits.budget", "1000");
    set(scenario, "alerting.remind", "60");
}

void swarm_liveness(struct draw *draw)
{
    struct plan plan = {.draw = draw, .settings = draw->settings, .now_ms = draw->until_ms};
    uint32_t survivor = full_region(&plan);
    uint32_t others = (uint32_t)__builtin_popcount(judged_regions(draw->settings)) - 1;
    bool unknown = survivor != NONE && chance(&plan, 50) &&
                   longest_bound(draw->settings, others) <= UNKNOWN_MOST_MS;

    draw->needed = true;
    lift_limits(draw->scenario);
    plan.repaired = !unknown;
    choose_core(&plan);
    heal(&plan);
    repair(&plan);
    acknowledge(&plan);
    exercise(&plan);
    if (unknown)
        unknown_deaths(&plan, survivor);
    else
        known_death(&plan);
    draw->scenario->end_ms = plan.now_ms + SECOND_MS;
}

/* ---- plain incidents ---- */

/* Now and then a probe is restarted: it reads the ledger by its own wall clock (D6). */
static void restart_somebody(struct plan *plan)
{
    struct who who = draw_probe(
        plan->settings, (uint32_t)dice_below(&plan->draw->dice, plan->settings->elector_count));

    act_on(plan, ACTION_PROBE_KILL, &who, 0);
    plan->now_ms += told_within(plan);
    act_on(plan, ACTION_PROBE_START, &who, 0);
    plan->now_ms += calm(plan->settings);
}

void swarm_plain(struct draw *draw)
{
    struct plan plan = {.draw = draw, .settings = draw->settings, .now_ms = 600 * SECOND_MS};
    struct who all = draw_all();

    lift_limits(draw->scenario);
    do {
        if (chance(&plan, 30))
            restart_somebody(&plan);
        die(&plan, serving_region(&plan));
        plan.now_ms += longest_bound(plan.settings, 1);
        act_on(&plan, ACTION_SITE_OK, &all, 0);
        plan.now_ms += calm(plan.settings);
    } while (plan.now_ms < draw->until_ms);
    draw->scenario->end_ms = plan.now_ms;
}
