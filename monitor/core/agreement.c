/* SPDX-License-Identifier: Apache-2.0 */
/* The quorum is counted over the configured electorate, never over who happens to be alive (A1):
 * a probe that says nothing is a vote missing on both sides. */
#include "agreement.h"

#include <assert.h>
#include <string.h>

static const char *const state_names[] = {
    [AGREED_UNDECIDED] = "undecided",
    [AGREED_UP] = "up",
    [AGREED_DOWN] = "down",
};

static const char *const ballot_names[BALLOT_COUNT] = {
    [BALLOT_DOWN] = "down",
    [BALLOT_UP] = "up",
    [BALLOT_NEITHER] = "neither",
    [BALLOT_ABSENT] = "absent",
    [BALLOT_STALE] = "stale",
    [BALLOT_BLIND] = "blind",
    [BALLOT_OTHER_SETTINGS] = "other settings",
    [BALLOT_UNREADABLE] = "unreadable",
};

const char *agreement_state_name(enum agreement_state state)
{
    return state_names[state];
}

const char *ballot_name(enum ballot ballot)
{
    return ballot_names[ballot];
}

/* Distinct strings among those of the probes in the set: electorates are small. */
static uint32_t distinct(const struct settings *settings, probe_set set, bool owners)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < settings->elector_count; i++) {
        const struct elector *a = &settings->electors[i];
        bool first = set >> i & 1;

        for (uint32_t j = 0; j < i && first; j++) {
            const struct elector *b = &settings->electors[j];
            if (set >> j & 1)
                first = strcmp(owners ? a->owner : a->vantage, owners ? b->owner : b->vantage) != 0;
        }
        count += first;
    }
    return count;
}

void tally_count(struct tally *tally, const struct settings *settings, uint32_t region)
{
    assert(settings->elector_count <= PROBES_MAX);
    tally->down = 0;
    tally->up = 0;
    tally->outside = false;
    for (uint32_t i = 0; i < settings->elector_count; i++) {
        if (tally->ballots[i] == BALLOT_UP)
            tally->up |= UINT64_C(1) << i;
        if (tally->ballots[i] != BALLOT_DOWN)
            continue;
        tally->down |= UINT64_C(1) << i;
        if (strcmp(settings->electors[i].place, settings->regions[region]) != 0)
            tally->outside = true;
    }
    tally->down_count = (uint32_t)__builtin_popcountll(tally->down);
    tally->up_count = (uint32_t)__builtin_popcountll(tally->up);
    tally->vantage_count = distinct(settings, tally->down, false);
    tally->owner_count = distinct(settings, tally->down, true);
}

enum agreement_state agreement_judge(const struct tally *tally, const struct settings *settings)
{
    if (tally->down_count >= settings->quorum_down &&
        tally->vantage_count >= settings->quorum_vantages &&
        tally->owner_count >= settings->quorum_owners && tally->outside)
        return AGREED_DOWN;
    if (tally->up_count >= settings->quorum_up)
        return AGREED_UP;
    return AGREED_UNDECIDED;
}

bool agreement_update(struct agreement *agreement, const struct tally *tally,
                      const struct settings *settings, msec_t now_ms)
{
    enum agreement_state next = agreement_judge(tally, settings);
    bool changed = next != agreement->state;

    agreement->down = tally->down;
    agreement->up = tally->up;
    agreement->state = next;
    if (changed)
        agreement->since_ms = now_ms; /* A4: only unbroken time counts */
    return changed;
}
