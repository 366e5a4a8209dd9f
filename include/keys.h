/* SPDX-License-Identifier: Apache-2.0 */
/* keys.h: the keys of the store, built and taken apart (DESIGN section 5). Names have no '/', so a
 * key has one reading; incidents and order ids come last and are taken whole. */
#ifndef REGIONSHIFT_KEYS_H
#define REGIONSHIFT_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "decision.h"
#include "settings.h"

#define KEYS_PREFIX "v1/"
#define KEYS_ORDERS "v1/orders/"
#define KEYS_BUDGET "v1/budget"
#define KEYS_JOURNAL "v1/journal/"

enum key_kind {
    KEY_VOTE,     /* v1/votes/PROBE/GROUP */
    KEY_SUSPECTS, /* v1/suspects/PROBE */
    KEY_DECISION, /* v1/decisions/GROUP */
    KEY_JOURNAL,  /* v1/journal/GROUP/EPOCH: 20 digits, so that keys sort as epochs do */
    KEY_ORDER,    /* v1/orders/ID */
    KEY_BUDGET,   /* v1/budget */
    KEY_CLAIM,    /* v1/claims/INCIDENT */
    KEY_TALLIES,  /* v1/tallies/PROBE */
    KEY_KIND_COUNT
};

/* "v1/claims/" and the longest incident; the other keys are shorter. */
enum { KEY_TEXT_MAX = 10 + INCIDENT_MAX };

struct key {
    enum key_kind kind;
    char probe[NAME_MAX_LENGTH + 1];
    char group[NAME_MAX_LENGTH + 1];
    uint64_t epoch;
    char id[INCIDENT_MAX + 1]; /* of the order, or of the claim's incident */
};

/* Each writes one key. Names within the settings' limits always fit. */
typedef char key_text[KEY_TEXT_MAX + 1];
void key_vote(key_text out, const char *probe, const char *group);
void key_suspects(key_text out, const char *probe);
void key_decision(key_text out, const char *group);
void key_journal(key_text out, const char *group, uint64_t epoch);
void key_order(key_text out, const char *id);
void key_claim(key_text out, const char *incident);

/* The part of the store that a kind of key takes up: of one probe, or shared by all of them. */
struct key_part {
    key_text text;
    bool is_range; /* every key that begins with the text; else this key alone */
    bool is_own;   /* the probe's own: nobody else has a reason to write there */
};
void key_part_of(enum key_kind kind, const char *probe, struct key_part *ret_part);

/* Reads a key. 0, or -1: none of ours. */
int key_parse(const char *text, struct key *ret_key);

#endif
