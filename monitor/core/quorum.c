/* SPDX-License-Identifier: Apache-2.0 */
/* Vote -> agreement, for the sites of one group: which votes count, and why the others do not. */
#include "state.h"

enum ballot quorum_ballot(const struct engine *engine, uint32_t probe, uint32_t site,
                          uint32_t in_group)
{
    const struct settings *settings = engine->settings;
    uint32_t group = settings->services[settings->sites[site].service].group;
    const struct vote_slot *vote = state_vote(engine, probe, group);
    enum verdict_state state = VERDICT_UNKNOWN;

    if (!vote->present && vote->form == VALUE_READ)
        return BALLOT_ABSENT;
    if (!state_store_ok(engine))
        return BALLOT_STALE;
    if (!vote->present)
        return BALLOT_UNREADABLE;
    if (!vote->same_settings)
        return BALLOT_OTHER_SETTINGS;
    if (vote->blindness != BLIND_NOT)
        return BALLOT_BLIND;
    if (verdict_state_parse(vote->states[in_group], &state) < 0)
        return BALLOT_NEITHER;
    switch (state) {
    case VERDICT_DOWN:
        return BALLOT_DOWN;
    case VERDICT_UP:
        return BALLOT_UP;
    case VERDICT_SUSPECT:
    case VERDICT_RECOVERING:
    case VERDICT_UNKNOWN:
    case VERDICT_STATE_COUNT:
        break;
    }
    return BALLOT_NEITHER;
}

static void tell(struct engine *engine, uint32_t group, uint32_t site, const struct tally *tally,
                 enum agreement_state before)
{
    const struct agreement *agreement = &engine->agreements[site];
    struct fact *fact = state_fact(engine, FACT_AGREEMENT);
    bool up = agreement->state == AGREED_UP;

    fact->rule = agreement->state == AGREED_UNDECIDED ? "A4" : "A3";
    fact->group = group;
    fact->site = site;
    fact->region = engine->settings->sites[site].region;
    fact->word = agreement_state_name(agreement->state);
    fact->word2 = agreement_state_name(before);
    fact->number = up ? tally->up_count : tally->down_count;
    fact->limit = up ? engine->settings->quorum_up : engine->settings->quorum_down;
}

void quorum_agree(struct engine *engine, uint32_t group)
{
    const struct settings *settings = engine->settings;
    const struct group *g = state_group(engine, group);

    for (uint32_t i = 0; i < g->site_count; i++) {
        struct agreement *agreement = &engine->agreements[g->sites[i]];
        enum agreement_state before = agreement->state;
        struct tally tally;

        for (uint32_t p = 0; p < settings->elector_count; p++)
            tally.ballots[p] = quorum_ballot(engine, p, g->sites[i], i);
        tally_count(&tally, settings, settings->sites[g->sites[i]].region);
        if (agreement_update(agreement, &tally, settings, engine->now_ms))
            tell(engine, group, g->sites[i], &tally, before);
    }
}
