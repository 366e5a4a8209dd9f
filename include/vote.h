/* SPDX-License-Identifier: Apache-2.0 */
/* vote.h: all verdicts of one probe on one group's sites, published under a lease (rules V5, A2).
 * Stored at v1/votes/PROBE/GROUP. */
#ifndef REGIONSHIFT_VOTE_H
#define REGIONSHIFT_VOTE_H

#include <stdbool.h>

#include "settings.h"
#include "verdict.h"

/* V5: why a probe abstains. */
enum blindness {
    BLIND_NOT,
    BLIND_STARTING,   /* no reference has answered yet */
    BLIND_REFERENCES, /* none of the references answers */
    BLIND_ALL_DOWN,   /* no references, and everything looks down */
    BLIND_CLOCK,      /* the clock jumped; watching for 30 s */
    BLIND_STALLED,    /* the loop stalled; watching for 30 s */
    BLIND_COUNT
};

const char *blindness_name(enum blindness blindness); /* "no" "starting" "references" ... */
int blindness_parse(const char *name, enum blindness *ret_blindness);

/* A vote as it travels. Strings are borrowed. */
struct vote {
    uint32_t probe; /* index into electors */
    uint32_t group;
    char fingerprint[FINGERPRINT_LENGTH + 1];
    enum blindness blindness;
    const char *states;   /* one verdict_state_letter() for each site of the group, in its order */
    const char *failures; /* one failure letter each, '-' for none: failure_letter() */
};

char failure_letter(enum failure failure);
enum failure failure_of_letter(char letter); /* FAILURE_NONE for any unknown letter */

#endif
