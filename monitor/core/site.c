/* SPDX-License-Identifier: Apache-2.0 */
/* From the verdicts of a site's checks to one of the site. Checks that are not `required` are told
 * and weigh nothing; a check of kind group has no attempts of its own: its verdict is made of its
 * members', and they count through it alone. */
#include "state.h"

enum verdict_state site_state(const struct engine *engine, uint32_t site, enum failure *ret_failure)
{
    const struct site *s = &engine->settings->sites[site];
    enum verdict_state state = s->check_count == 0 ? VERDICT_UNKNOWN : VERDICT_UP;

    *ret_failure = FAILURE_NONE;
    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        const struct check *check = &engine->settings->checks[i];
        const struct verdict *verdict = &engine->checks[i].verdict;
        enum verdict_state worse = verdict_worse(state, verdict->state);

        if (check->level != LEVEL_REQUIRED || check->is_member)
            continue;
        if (verdict->failure != FAILURE_NONE && (worse != state || *ret_failure == FAILURE_NONE))
            *ret_failure = verdict->failure;
        state = worse;
    }
    return state;
}

bool site_degraded(const struct engine *engine, uint32_t site, bool certificate)
{
    const struct site *s = &engine->settings->sites[site];

    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        const struct check *check = &engine->settings->checks[i];
        const struct verdict *verdict = &engine->checks[i].verdict;

        if (check->level == LEVEL_DEGRADED && !check->is_member && verdict->state == VERDICT_DOWN &&
            (verdict->failure == FAILURE_CERTIFICATE) == certificate)
            return true;
    }
    return false;
}

/* N of M are at least this good: the state of the Nth best member. */
static void regroup(struct engine *engine, uint32_t check)
{
    const struct check_group *group = engine->settings->checks[check].of.members;
    struct verdict *verdict = &engine->checks[check].verdict;
    uint32_t counts[VERDICT_STATE_COUNT] = {0};
    enum verdict_state state = VERDICT_UP;
    uint32_t good;

    for (uint32_t i = 0; i < group->member_count; i++)
        counts[engine->checks[group->members[i]].verdict.state]++;
    for (good = counts[state]; good < group->need; good += counts[state])
        state++;
    verdict->failure = FAILURE_NONE;
    for (uint32_t i = 0; i < group->member_count && state != VERDICT_UP; i++) {
        const struct verdict *member = &engine->checks[group->members[i]].verdict;
        if (verdict->failure == FAILURE_NONE)
            verdict->failure = member->failure;
    }
    if (state == verdict->state)
        return;
    verdict->state = state;
    verdict->since_ms = engine->now_ms;
}

/* Keeps the sums over all sites, so that nobody has to look at each for them. */
static void count_state(struct engine *engine, uint32_t site, enum verdict_state state)
{
    enum verdict_state before = engine->site_states[site];

    if (state == before)
        return;
    engine->site_states[site] = (uint8_t)state;
    engine->down_count += state == VERDICT_DOWN;
    engine->down_count -= before == VERDICT_DOWN;
    if (state == VERDICT_SUSPECT)
        marks_put(&engine->suspects, site);
    else
        marks_take(&engine->suspects, site);
    marks_put(&engine->suspects_moved, site);
}

void site_regroup(struct engine *engine, uint32_t site)
{
    const struct site *s = &engine->settings->sites[site];
    enum failure failure;

    for (uint32_t i = s->first_check; i < s->first_check + s->check_count; i++) {
        if (engine->settings->checks[i].kind == CHECK_GROUP)
            regroup(engine, i);
    }
    count_state(engine, site, site_state(engine, site, &failure));
}
