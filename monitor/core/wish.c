/* SPDX-License-Identifier: Apache-2.0 */
/* A unit is what moves as one (D3): all services of a group together, or each by itself. For each
 * unit: who must leave (D1), who serves on, who may gain (D2, D4), and, when nobody must leave, who
 * may come back by choice (D5). Weights start from the head, not from the settings. */
#include "wish.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One region as one unit sees it. */
struct stand {
    bool present; /* the unit has a site here */
    enum agreement_state state;
    msec_t since_ms;
    int weight;       /* greatest of its sites */
    uint32_t serving; /* services of the unit that have weight here */
    bool leaving;
    bool ready; /* up for long enough, and not drained */
    bool may_gain;
    bool down_for_hold;
};

struct unit {
    const struct wish_input *input;
    const struct group *group;
    uint32_t first; /* of the group's services ... */
    uint32_t count; /* ... this many */
    struct stand stands[REGIONS_MAX];
};

static void again_at(struct wish *wish, msec_t at_ms)
{
    if (at_ms < wish->again_ms)
        wish->again_ms = at_ms;
}

/* Calls visit for every site of the unit: its index in the group and in the settings. */
typedef void (*site_visit)(struct unit *unit, struct wish *wish, uint32_t in_group, uint32_t site,
                           const void *argument);

static void each_site(struct unit *unit, struct wish *wish, site_visit visit, const void *argument)
{
    const struct settings *settings = unit->input->settings;

    for (uint32_t i = 0; i < unit->group->site_count; i++) {
        uint32_t service = settings->sites[unit->group->sites[i]].service;
        for (uint32_t j = unit->first; j < unit->first + unit->count; j++) {
            if (unit->group->services[j] == service)
                visit(unit, wish, i, unit->group->sites[i], argument);
        }
    }
}

/* D3: down as soon as one required service is down there; up only when every required one is, and
 * as long as the youngest of them. A fallback region has no checks and always serves. */
static void stand_site(struct unit *unit, struct wish *wish, uint32_t in_group, uint32_t site,
                       const void *argument)
{
    const struct settings *settings = unit->input->settings;
    const struct site *s = &settings->sites[site];
    const struct agreement *agreement = &unit->input->agreements[site];
    struct stand *stand = &unit->stands[s->region];
    bool first = !stand->present;

    (void)wish;
    (void)argument;
    stand->present = true;
    if (unit->input->weights[in_group] > stand->weight)
        stand->weight = unit->input->weights[in_group];
    stand->serving += unit->input->weights[in_group] > 0;
    if (unit->count > 1 && !settings->services[s->service].required) {
        if (first)
            stand->state = AGREED_UP, stand->since_ms = INT64_MIN / 2;
        return;
    }
    if (first) {
        stand->state = agreement->state;
        stand->since_ms = agreement->since_ms;
    } else if (agreement->state == AGREED_DOWN) {
        if (stand->state != AGREED_DOWN || agreement->since_ms < stand->since_ms)
            stand->since_ms = agreement->since_ms;
        stand->state = AGREED_DOWN;
    } else if (agreement->state == AGREED_UNDECIDED && stand->state == AGREED_UP) {
        stand->state = AGREED_UNDECIDED;
        stand->since_ms = agreement->since_ms;
    } else if (agreement->state == AGREED_UP && stand->state == AGREED_UP &&
               agreement->since_ms > stand->since_ms) {
        stand->since_ms = agreement->since_ms;
    }
}

static void judge_leaving(struct unit *unit, struct wish *wish, uint32_t region)
{
    const struct wish_input *input = unit->input;
    struct stand *stand = &unit->stands[region];
    msec_t age = input->now_ms - stand->since_ms;
    const char *name = input->settings->regions[region];

    stand->down_for_hold = stand->state == AGREED_DOWN && age >= unit->group->hold_ms;
    stand->leaving = stand->weight > 0 && (stand->down_for_hold || input->drained[region]);
    if (stand->state == AGREED_DOWN && !stand->down_for_hold)
        again_at(wish, stand->since_ms + unit->group->hold_ms);
    if (stand->weight == 0)
        return;
    if (input->drained[region])
        finding_add(wish->gates, wish->gate_count, "D1", "leave", true, -1, -1,
                    "%s leaves: drained by order", name);
    else if (stand->state == AGREED_DOWN)
        finding_add(wish->gates, wish->gate_count, "D1", "leave", stand->leaving, age,
                    unit->group->hold_ms, "%s is agreed down for %d s of hold %d s", name,
                    age / 1000, unit->group->hold_ms / 1000);
    else
        finding_add(wish->gates, wish->gate_count, "D1", "leave", false, -1, -1,
                    "%s keeps its weight: agreed %s, it leaves when agreed down", name,
                    agreement_state_name(stand->state));
}

static void judge_gaining(struct unit *unit, struct wish *wish, uint32_t region)
{
    const struct wish_input *input = unit->input;
    struct stand *stand = &unit->stands[region];
    msec_t age = input->now_ms - stand->since_ms;
    const char *name = input->settings->regions[region];
    bool up = stand->state == AGREED_UP;
    bool stable = up && age >= unit->group->stable_ms;
    bool unfit = input->unfit != NULL && input->unfit[region];

    stand->ready = !input->drained[region] && !unfit && stable;
    stand->may_gain = !input->drained[region] && !unfit &&
                      (stable || (input->override && stand->state != AGREED_DOWN));
    if (up && !stable)
        again_at(wish, stand->since_ms + unit->group->stable_ms);
    if (stand->weight > 0)
        return;
    if (input->drained[region])
        finding_add(wish->gates, wish->gate_count, "D2", "gain", false, -1, -1,
                    "%s may not gain: drained by order; regionshift restore %s", name, name);
    else if (!up)
        finding_add(wish->gates, wish->gate_count, "D2", "gain", stand->may_gain, -1, -1,
                    "%s is agreed %s; it may gain when agreed up", name,
                    agreement_state_name(stand->state));
    else
        finding_add(wish->gates, wish->gate_count, "D2", "gain", stand->may_gain,
                    age > INT32_MAX ? -1 : age, unit->group->stable_ms,
                    "%s is agreed up%s (stable %d s)", name,
                    stable ? " and stable" : ", not yet for long enough",
                    unit->group->stable_ms / 1000);
}

static void give(struct unit *unit, struct wish *wish, uint32_t in_group, uint32_t site,
                 const void *argument)
{
    const int *weight_of_region = argument;
    int wanted = weight_of_region[unit->input->settings->sites[site].region];

    if (wanted >= 0)
        wish->weights[in_group] = wanted;
}

/* The weight a substitute takes over in one service: its own normal one, or what the leavers of
 * that service had; never less than it has. */
static void take_over(struct unit *unit, struct wish *wish, uint32_t in_group, uint32_t site,
                      const void *argument)
{
    const struct settings *settings = unit->input->settings;
    uint32_t region = *(const uint32_t *)argument;
    int share = unit->input->normal[in_group];

    if (settings->sites[site].region != region)
        return;
    for (uint32_t i = 0; share == 0 && i < unit->group->site_count; i++) {
        const struct site *other = &settings->sites[unit->group->sites[i]];
        if (other->service == settings->sites[site].service && unit->input->weights[i] > share)
            share = unit->input->weights[i];
    }
    share = share > unit->input->weights[in_group] ? share : unit->input->weights[in_group];
    wish->weights[in_group] = share > 0 ? share : 1;
}

static void leavers_to_zero(struct unit *unit, struct wish *wish)
{
    int weights[REGIONS_MAX];

    for (uint32_t r = 0; r < unit->input->settings->region_count; r++) {
        weights[r] = unit->stands[r].leaving ? 0 : -1;
        if (unit->stands[r].leaving)
            wish->regions_left |= UINT32_C(1) << r;
    }
    each_site(unit, wish, give, weights);
}

static void let_gain(struct unit *unit, struct wish *wish, uint32_t region)
{
    wish->regions_gained |= UINT32_C(1) << region;
    each_site(unit, wish, take_over, &region);
}

static void refuse(struct wish *wish, const char *rule, const char *reason, int64_t value,
                   int64_t limit)
{
    if (wish->refusal.rule == NULL)
        wish->refusal = (struct refusal){rule, reason, value, limit};
}

/* Everything that could serve is agreed down, past hold, or drained. */
static bool nobody_left(const struct unit *unit)
{
    for (uint32_t i = 0; i < unit->group->order_count; i++) {
        uint32_t r = unit->group->order[i];
        if (unit->stands[r].present && !unit->stands[r].down_for_hold && !unit->input->drained[r])
            return false;
    }
    return true;
}

/* D2: the share of those who leave goes to those who still serve, with every service of the unit;
 * else to the first in order that may gain; else all_down decides. */
static void leave(struct unit *unit, struct wish *wish)
{
    const struct group *group = unit->group;

    for (uint32_t i = 0; i < group->order_count; i++) {
        const struct stand *stand = &unit->stands[group->order[i]];
        if (stand->serving == unit->count && !stand->leaving && stand->state == AGREED_UP) {
            leavers_to_zero(unit, wish);
            return;
        }
    }
    for (uint32_t i = 0; i < group->order_count; i++) {
        if (unit->stands[group->order[i]].may_gain && !unit->stands[group->order[i]].leaving) {
            leavers_to_zero(unit, wish);
            let_gain(unit, wish, group->order[i]);
            return;
        }
    }
    if (!nobody_left(unit)) {
        refuse(wish, "D2", "no-region-may-gain", -1, -1);
        return;
    }
    wish->all_down = true;
    if (group->all_down == ALL_DOWN_FALLBACK && !unit->stands[group->fallback_region].leaving &&
        !unit->input->drained[group->fallback_region]) {
        leavers_to_zero(unit, wish);
        if (unit->stands[group->fallback_region].weight == 0)
            let_gain(unit, wish, group->fallback_region);
        return;
    }
    refuse(wish, "D2", "all-down", -1, -1);
}

/* The static page stands in only while nobody else can: a region that is ready ends it. An override
 * lifts readiness for its own order (D7), and nobody ordered this. */
static bool leave_fallback(struct unit *unit, struct wish *wish)
{
    const struct group *group = unit->group;
    struct stand *fallback;

    if (group->fallback_region == NONE)
        return false;
    fallback = &unit->stands[group->fallback_region];
    if (!fallback->present || fallback->weight == 0)
        return false;
    for (uint32_t i = 0; i < group->order_count; i++) {
        if (!unit->stands[group->order[i]].ready)
            continue;
        fallback->leaving = true;
        leavers_to_zero(unit, wish);
        let_gain(unit, wish, group->order[i]);
        return true;
    }
    return false;
}

/* D5's steps: the share of the normal weight that comes next, in percent. */
static uint32_t next_step_pct(const struct group *group, int weight, int normal)
{
    for (uint32_t i = 0; group->failback == FAILBACK_AUTO && i < group->step_count; i++) {
        if ((int64_t)normal * group->steps_pct[i] / 100 > weight)
            return group->steps_pct[i];
    }
    return 100;
}

static void raise_to_normal(struct unit *unit, struct wish *wish, uint32_t in_group, uint32_t site,
                            const void *argument)
{
    uint32_t region = unit->input->settings->sites[site].region;
    const struct stand *stand = &unit->stands[region];
    int weight = unit->input->weights[in_group];
    int normal = unit->input->normal[in_group];
    int next;

    (void)argument;
    if (weight >= normal || !stand->may_gain)
        return;
    next = (int)((int64_t)normal * next_step_pct(unit->group, weight, normal) / 100);
    wish->weights[in_group] = next > 0 ? next : 1;
    wish->regions_gained |= UINT32_C(1) << region;
}

static bool may_be_left_to(const struct unit *unit, uint32_t region)
{
    enum agreement_state state = unit->stands[region].state;

    return state == AGREED_UP || (unit->input->override && state != AGREED_DOWN);
}

/* A substitute (normal weight 0) leaves a service once all its normal weight is back, in regions
 * that are agreed up: it may have been there all the time, put there by a human or a restored
 * store, and nobody sees it (A4). Services that move together wait for one another (D3). */
static void dismiss_substitute(struct unit *unit, struct wish *wish, uint32_t in_group,
                               uint32_t site, const void *argument)
{
    const struct settings *settings = unit->input->settings;
    const struct group *group = unit->group;
    bool restored = false;

    (void)argument;
    if (unit->input->normal[in_group] > 0 || wish->weights[in_group] == 0)
        return;
    for (uint32_t i = 0; i < group->site_count; i++) {
        const struct site *other = &settings->sites[group->sites[i]];
        if ((!group->together && other->service != settings->sites[site].service) ||
            unit->input->normal[i] == 0)
            continue;
        if (wish->weights[i] < unit->input->normal[i] || !may_be_left_to(unit, other->region))
            return;
        restored = true;
    }
    if (restored)
        wish->weights[in_group] = 0;
}

static void fail_back(struct unit *unit, struct wish *wish)
{
    each_site(unit, wish, raise_to_normal, NULL);
    each_site(unit, wish, dismiss_substitute, NULL);
    wish->kind = DECISION_FAILBACK;
}

/* How the unit stands, region by region: does anybody have to leave? */
static bool look_at_stands(struct unit *unit, struct wish *wish)
{
    const struct settings *settings = unit->input->settings;
    bool leaving = false;

    each_site(unit, wish, stand_site, NULL);
    for (uint32_t r = 0; r < settings->region_count; r++) {
        struct stand *stand = &unit->stands[r];

        if (!stand->present || r == unit->group->fallback_region)
            continue;
        judge_leaving(unit, wish, r);
        judge_gaining(unit, wish, r);
        leaving |= stand->leaving;
        if (stand->leaving && !unit->input->drained[r])
            wish->ordered = false;
    }
    return leaving;
}

static void unit_leaves(struct unit *unit, struct wish *wish)
{
    if (look_at_stands(unit, wish)) {
        wish->kind = DECISION_LEAVE;
        leave(unit, wish);
    } else if (leave_fallback(unit, wish)) {
        wish->kind = DECISION_LEAVE;
        wish->ordered = false;
    }
}

static void unit_returns(struct unit *unit, struct wish *wish)
{
    look_at_stands(unit, wish);
    fail_back(unit, wish);
}

/* D3: the whole group is one unit, or each of its services. */
static void each_unit(const struct wish_input *input, struct wish *wish,
                      void (*visit)(struct unit *unit, struct wish *wish))
{
    const struct group *group = &input->settings->groups[input->group];
    uint32_t units = group->together ? 1 : group->service_count;

    for (uint32_t i = 0; i < units; i++) {
        struct unit unit = {.input = input, .group = group, .first = i, .count = 1};
        if (group->together)
            unit.count = group->service_count;
        visit(&unit, wish);
    }
}

/* Coming back waits until nobody has to leave: one decision is one or the other. */
void wish_make(const struct wish_input *input, struct wish *wish)
{
    const struct group *group = &input->settings->groups[input->group];
    size_t size = group->site_count * sizeof(*wish->weights);
    struct finding *gates = wish->gates;

    assert(input->settings->region_count <= REGIONS_MAX);
    memcpy(wish->weights, input->weights, size);
    wish->kind = DECISION_INIT;
    wish->ordered = true;
    wish->regions_left = 0;
    wish->regions_gained = 0;
    wish->all_down = false;
    wish->refusal = (struct refusal){0};
    wish->again_ms = INT64_MAX;
    each_unit(input, wish, unit_leaves);
    wish->gates = NULL; /* said already */
    if (input->failback && wish->kind != DECISION_LEAVE)
        each_unit(input, wish, unit_returns);
    wish->gates = gates;
    wish->changes = memcmp(wish->weights, input->weights, size) != 0;
}
