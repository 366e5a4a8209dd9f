/* SPDX-License-Identifier: Apache-2.0 */
#include "swarm_draw.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- throws ---- */

uint64_t draw_between(struct dice *dice, uint64_t low, uint64_t high)
{
    assert(low <= high);
    return low + dice_below(dice, high - low + 1);
}

bool draw_chance(struct dice *dice, uint32_t percent)
{
    return dice_below(dice, 100) < percent;
}

uint64_t draw_span(struct dice *dice, uint64_t low, uint64_t high)
{
    uint64_t doublings = 0;
    uint64_t least;
    uint64_t most;

    assert(low > 0 && low <= high);
    while (low << (doublings + 1) <= high)
        doublings++;
    least = low << dice_below(dice, doublings + 1);
    most = 2 * least - 1 < high ? 2 * least - 1 : high;
    return draw_between(dice, least, most);
}

uint64_t draw_some(struct dice *dice, uint32_t count)
{
    uint64_t all = count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
    uint64_t some = dice_next(dice) & all;

    return some != 0 ? some : UINT64_C(1) << dice_below(dice, count);
}

/* ---- who ---- */

static struct who who_named(enum who_kind kind, const char *name)
{
    struct who who = {.kind = kind};

    snprintf(who.name, sizeof(who.name), "%s", name);
    return who;
}

struct who draw_all(void)
{
    return (struct who){.kind = WHO_ALL};
}

struct who draw_region(const struct settings *settings, uint32_t region)
{
    return who_named(WHO_REGION, settings->regions[region]);
}

struct who draw_site(const struct settings *settings, uint32_t site)
{
    return who_named(WHO_SITE, settings->sites[site].name);
}

struct who draw_probe(const struct settings *settings, uint32_t probe)
{
    return who_named(WHO_PROBE, settings->electors[probe].name);
}

/* ---- a scenario that grows ---- */

struct scenario *draw_scenario(const char *name, uint64_t seed)
{
    struct scenario *scenario = calloc(1, sizeof(*scenario));

    assert(scenario != NULL);
    snprintf(scenario->name, sizeof(scenario->name), "%s-%" PRIu64, name, seed);
    return scenario;
}

static void make_room(struct draw *draw)
{
    struct scenario *scenario = draw->scenario;

    if (scenario->action_count < draw->action_room)
        return;
    draw->action_room = 2 * scenario->action_count + 64;
    scenario->actions = realloc(scenario->actions, draw->action_room * sizeof(*scenario->actions));
    assert(scenario->actions != NULL);
}

void draw_push(struct draw *draw, const struct action *action)
{
    struct scenario *scenario = draw->scenario;
    uint32_t place;

    assert(action->at_ms >= 0);
    if (scenario->action_count == SCENARIO_ACTIONS_MAX)
        return;
    make_room(draw);
    place = scenario->action_count++;
    for (; place > 0 && scenario->actions[place - 1].at_ms > action->at_ms; place--)
        scenario->actions[place] = scenario->actions[place - 1];
    scenario->actions[place] = *action;
    scenario->actions[place].needed = draw->needed;
}

void draw_act(struct draw *draw, msec_t at_ms, enum action_kind kind)
{
    draw_push(draw, &(struct action){.at_ms = at_ms, .kind = kind});
}

void draw_act_on(struct draw *draw, msec_t at_ms, enum action_kind kind, const struct who *who,
                 int64_t value)
{
    draw_push(draw, &(struct action){.at_ms = at_ms, .kind = kind, .who = *who, .value = value});
}

void draw_expect(struct scenario *scenario, const struct expectation *expectation)
{
    uint32_t count = scenario->expectation_count;

    assert(count < SCENARIO_EXPECTATIONS_MAX);
    scenario->expectations =
        realloc(scenario->expectations, (count + 1) * sizeof(*scenario->expectations));
    assert(scenario->expectations != NULL);
    scenario->expectations[count] = *expectation;
    expectation_format(expectation, scenario->expectations[count].text,
                       sizeof(scenario->expectations[count].text));
    scenario->expectation_count++;
}
