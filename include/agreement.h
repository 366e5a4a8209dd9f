/* SPDX-License-Identifier: Apache-2.0 */
/* agreement.h: what the quorum says of one site (rules A1-A4). Recomputed from the votes; only the
 * time since when it has been so, unbroken, is remembered. */
#ifndef REGIONSHIFT_AGREEMENT_H
#define REGIONSHIFT_AGREEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"
#include "vote.h"

enum agreement_state { AGREED_UNDECIDED, AGREED_UP, AGREED_DOWN };
enum { AGREEMENT_STATE_COUNT = AGREED_DOWN + 1 };

const char *agreement_state_name(enum agreement_state state); /* "undecided" "up" "down" */

/* What became of one probe's vote on one site: counted for a side, for neither, or not counted,
 * and why (A2). */
enum ballot {
    BALLOT_DOWN,
    BALLOT_UP,
    BALLOT_NEITHER, /* suspect, recovering, unknown */
    BALLOT_ABSENT,  /* never seen, or its lease has lapsed */
    BALLOT_STALE,   /* we have had no word from the store for too long to know its lease */
    BALLOT_BLIND,
    BALLOT_OTHER_SETTINGS,
    BALLOT_UNREADABLE, /* a newer version wrote it, or a hand */
    BALLOT_COUNT
};

const char *ballot_name(enum ballot ballot);

/* A set of probes, by index. */
typedef uint64_t probe_set;

/* The votes on one site, counted. */
struct tally {
    probe_set down;
    probe_set up;
    uint32_t down_count;
    uint32_t up_count;
    uint32_t vantage_count; /* distinct vantages among the down votes */
    uint32_t owner_count;   /* distinct owners among them */
    bool outside;           /* one of them stands outside the region judged (A3) */
    enum ballot ballots[PROBES_MAX];
};

struct agreement {
    enum agreement_state state;
    msec_t since_ms; /* unbroken since (A4) */
    probe_set down;  /* whose down votes were counted last */
    probe_set up;
};

/* Counts the ballots, already in ret->ballots, for a site in `region`: fills the rest. */
void tally_count(struct tally *tally, const struct settings *settings, uint32_t region);

/* A3/A4: the verdict of the quorum on a tally. */
enum agreement_state agreement_judge(const struct tally *tally, const struct settings *settings);

/* Moves an agreement to a new tally; a change of state restarts since_ms. True when it changed. */
bool agreement_update(struct agreement *agreement, const struct tally *tally,
                      const struct settings *settings, msec_t now_ms);

#endif
