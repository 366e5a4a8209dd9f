/* SPDX-License-Identifier: Apache-2.0 */
/* swarm.c: a run is drawn from its seed; and pairs of runs, of which the second has more in it and
 * must move no more than the first. */
#include "swarm.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swarm_draw.h"

/* One vote fewer than agreement needs (S-20): so many may lie, and lie together. Of one probe
 * alone, none. */
static uint64_t draw_minority(struct dice *dice, const struct settings *settings)
{
    uint64_t minority = 0;
    uint32_t count;

    if (settings->quorum_down == 1)
        return 0;
    count = (uint32_t)draw_between(dice, 1, settings->quorum_down - 1);
    while ((uint32_t)__builtin_popcountll(minority) < count)
        minority |= UINT64_C(1) << dice_below(dice, settings->elector_count);
    return minority;
}

struct scenario *swarm_scenario(const struct cast *cast, uint64_t seed, msec_t length_ms,
                                enum swarm_mode mode)
{
    static const char *const names[] = {[SWARM_SAFETY] = "safety",
                                        [SWARM_LIVENESS] = "liveness",
                                        [SWARM_QUIET] = "quiet",
                                        [SWARM_PLAIN] = "plain"};
    const struct settings *settings = cast->settings[0];
    struct dice minority = dice_create(seed, SWARM_DICE_MINORITY, 0);
    struct draw draw = {.settings = settings,
                        .dice = dice_create(seed, SWARM_DICE_FAULTS, 0),
                        .scenario = draw_scenario(names[mode], seed),
                        .until_ms = length_ms,
                        .liars = draw_minority(&minority, settings),
                        .gentle = mode == SWARM_LIVENESS};

    draw.scenario->end_ms = length_ms;
    if (mode == SWARM_QUIET) {
        assert(draw.liars != 0); /* one probe alone moves traffic for every fault of its own */
        draw.minority = draw.liars;
        draw_expect(draw.scenario,
                    &(struct expectation){.kind = EXPECT_NEVER_SHIFT, .to_ms = length_ms});
    }
    if (mode == SWARM_PLAIN) {
        swarm_plain(&draw);
        return draw.scenario;
    }
    swarm_faults(&draw);
    if (mode == SWARM_LIVENESS) {
        draw.dice = dice_create(seed, SWARM_DICE_LIVENESS, 0);
        swarm_liveness(&draw);
    }
    return draw.scenario;
}

/* ---- a run with more in it ---- */

struct scenario *swarm_copy(const struct scenario *scenario)
{
    struct scenario *copy = malloc(sizeof(*copy));
    size_t actions = scenario->action_count * sizeof(*scenario->actions);
    size_t expectations = scenario->expectation_count * sizeof(*scenario->expectations);

    assert(copy != NULL);
    *copy = *scenario;
    copy->actions = malloc(actions > 0 ? actions : 1);
    copy->expectations = malloc(expectations > 0 ? expectations : 1);
    assert(copy->actions != NULL && copy->expectations != NULL);
    if (actions > 0)
        memcpy(copy->actions, scenario->actions, actions);
    if (expectations > 0)
        memcpy(copy->expectations, scenario->expectations, expectations);
    return copy;
}

/* An abstention is no reason to move, whoever abstains, however long. Who has no references cannot
 * turn blind before it has seen all regions down, one after another (V5): such a probe is killed.
 */
static void add_abstentions(struct draw *draw)
{
    bool sees = draw->settings->reference_count > 0;
    uint64_t abstainers = draw_some(&draw->dice, draw->settings->elector_count);

    for (uint32_t p = 0; p < draw->settings->elector_count; p++) {
        struct who who = draw_probe(draw->settings, p);
        msec_t at_ms = (msec_t)dice_below(&draw->dice, (uint64_t)draw->until_ms);

        if (abstainers >> p & 1)
            draw_act_on(draw, at_ms,
                        !sees || draw_chance(&draw->dice, 50) ? ACTION_PROBE_KILL
                                                              : ACTION_PROBE_BLIND,
                        &who, 0);
    }
}

/* All jump at once, and by the same: what is compared is not how long a gap lasts (V5). */
static void add_clocks(struct draw *draw)
{
    for (uint32_t p = 0; p < draw->settings->elector_count; p++) {
        struct who who = draw_probe(draw->settings, p);
        int64_t jump_s = (int64_t)draw_span(&draw->dice, 60, 31536000);

        draw_act_on(draw, 0, ACTION_PROBE_CLOCK, &who,
                    1000 * (draw_chance(&draw->dice, 50) ? jump_s : -jump_s));
    }
}

/* "quiet-7" becomes "quiet-with-clocks-7". */
static void rename_to(struct scenario *scenario, uint64_t seed, enum swarm_extra extra)
{
    static const char *const names[] = {[SWARM_STORE_FAULTS] = "store-faults",
                                        [SWARM_ABSTENTIONS] = "abstentions",
                                        [SWARM_NOTICES] = "notices",
                                        [SWARM_CLOCKS] = "clocks"};
    size_t length = strcspn(scenario->name, "-");

    snprintf(scenario->name + length, sizeof(scenario->name) - length, "-with-%s-%" PRIu64,
             names[extra], seed);
}

struct scenario *swarm_more(const struct cast *cast, const struct scenario *scenario, uint64_t seed,
                            enum swarm_extra extra)
{
    struct draw draw = {.settings = cast->settings[0],
                        .dice = dice_create(seed, (uint64_t)SWARM_DICE_STORE + extra, 0),
                        .scenario = swarm_copy(scenario),
                        .action_room = scenario->action_count,
                        .until_ms = scenario->end_ms};

    rename_to(draw.scenario, seed, extra);
    switch (extra) {
    case SWARM_STORE_FAULTS:
        swarm_store_faults(&draw);
        break;
    case SWARM_ABSTENTIONS:
        add_abstentions(&draw);
        break;
    case SWARM_NOTICES:
        draw_act(&draw, 0, ACTION_STORE_WATCH_DUPLICATE);
        break;
    case SWARM_CLOCKS:
        add_clocks(&draw);
        break;
    }
    return draw.scenario;
}
