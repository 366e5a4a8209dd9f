/* SPDX-License-Identifier: Apache-2.0 */
/* Which votes a decision rests on (D8). A region that dies makes every probe that sees it vote
 * again, one after the other, each within a few round trips of the next. A transaction that
 * compared them all would lose to each of them in turn, although every one of them only says more
 * of the same. So an automatic move compares what proves it and no more: for each site that leaves,
 * down votes that are a quorum by themselves (A3); for each that is left with the traffic, up votes
 * that are (A3). Whatever the other votes become, these alone allow the move.
 *
 * Everything else is rare, or in no hurry, or rests on what is not said as well (an override on
 * "not agreed down", the static page on "nobody serves"): there every vote is compared. */
#include "proposal.h"

struct evidence {
    const struct engine *engine;
    uint32_t group;
    probe_set votes; /* chosen so far */
};

static probe_set countable(const struct engine *engine, uint32_t group)
{
    probe_set votes = 0;

    for (uint32_t p = 0; p < engine->settings->elector_count; p++) {
        const struct vote_slot *vote = state_vote(engine, p, group);
        if (vote->present && vote->same_settings && vote->blindness == BLIND_NOT)
            votes |= UINT64_C(1) << p;
    }
    return votes;
}

/* About to be replaced: it says less than it will, or it contradicts what the quorum found. */
static bool is_unsettled(const struct evidence *evidence, uint32_t probe)
{
    const struct group *g = state_group(evidence->engine, evidence->group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        enum agreement_state agreed = evidence->engine->agreements[g->sites[k]].state;
        enum ballot ballot = quorum_ballot(evidence->engine, probe, g->sites[k], k);

        if (ballot == BALLOT_NEITHER || (ballot == BALLOT_UP && agreed == AGREED_DOWN) ||
            (ballot == BALLOT_DOWN && agreed == AGREED_UP))
            return true;
    }
    return false;
}

/* Of the probes in the set, the one whose vote will change first, as far as can be told: votes that
 * are settled stay, and of those the oldest have stood longest. */
static uint32_t least_lasting(const struct evidence *evidence, probe_set set)
{
    uint32_t least = NONE;
    bool least_unsettled = false;
    uint64_t newest = 0;

    for (uint32_t p = 0; p < evidence->engine->settings->elector_count; p++) {
        uint64_t revision = state_vote(evidence->engine, p, evidence->group)->revision;
        bool unsettled;

        if (!(set >> p & 1))
            continue;
        unsettled = is_unsettled(evidence, p);
        if (least != NONE && (unsettled != least_unsettled ? !unsettled : revision <= newest))
            continue;
        least = p;
        least_unsettled = unsettled;
        newest = revision;
    }
    return least;
}

/* Adds what proves that a site is agreed so. What was chosen before counts first; of the rest, one
 * after the other is left out, as long as it proves the same without. */
static void add_proof(struct evidence *evidence, uint32_t in_group, enum agreement_state state)
{
    const struct settings *settings = evidence->engine->settings;
    uint32_t site = state_group(evidence->engine, evidence->group)->sites[in_group];
    uint32_t region = settings->sites[site].region;
    probe_set spare;
    struct tally tally;

    for (uint32_t p = 0; p < settings->elector_count; p++)
        tally.ballots[p] = quorum_ballot(evidence->engine, p, site, in_group);
    tally_count(&tally, settings, region);
    spare = (state == AGREED_DOWN ? tally.down : tally.up) & ~evidence->votes;
    while (spare != 0) {
        uint32_t probe = least_lasting(evidence, spare);
        enum ballot ballot = tally.ballots[probe];

        spare &= ~(UINT64_C(1) << probe);
        tally.ballots[probe] = BALLOT_NEITHER;
        tally_count(&tally, settings, region);
        if (agreement_judge(&tally, settings) == state)
            continue;
        tally.ballots[probe] = ballot;
        evidence->votes |= UINT64_C(1) << probe;
    }
}

/* Does the decision change anything for this service, or for those that move with it (D3)? */
static bool moves_service(const struct engine *engine, const struct decision *decision,
                          uint32_t service)
{
    const struct group *g = state_group(engine, decision->group);
    const int *before = engine->groups[decision->group].head->weights;

    for (uint32_t k = 0; k < g->site_count; k++) {
        bool with_it = g->together || engine->settings->sites[g->sites[k]].service == service;
        if (with_it && decision->weights[k] != before[k])
            return true;
    }
    return false;
}

static bool shows_static_page(const struct engine *engine, const struct decision *decision)
{
    const struct group *g = state_group(engine, decision->group);

    for (uint32_t k = 0; k < g->site_count; k++) {
        if (engine->settings->sites[g->sites[k]].region == g->fallback_region &&
            decision->weights[k] > 0)
            return true;
    }
    return false;
}

probe_set evidence_behind(const struct engine *engine, const struct decision *decision)
{
    const struct group *g = state_group(engine, decision->group);
    struct evidence evidence = {.engine = engine, .group = decision->group};

    if (decision->kind != DECISION_LEAVE || decision->order[0] != '\0' ||
        shows_static_page(engine, decision))
        return countable(engine, decision->group);
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &engine->settings->sites[g->sites[k]];
        if ((decision->regions_left >> site->region & 1) &&
            engine->agreements[g->sites[k]].state == AGREED_DOWN)
            add_proof(&evidence, k, AGREED_DOWN);
    }
    for (uint32_t k = 0; k < g->site_count; k++) {
        const struct site *site = &engine->settings->sites[g->sites[k]];
        if (decision->weights[k] > 0 && engine->agreements[g->sites[k]].state == AGREED_UP &&
            moves_service(engine, decision, site->service))
            add_proof(&evidence, k, AGREED_UP);
    }
    return evidence.votes;
}
