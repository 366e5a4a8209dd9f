/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h: what one probe believes of one check, from its own results only (rules V1-V4). */
#ifndef REGIONSHIFT_VERDICT_H
#define REGIONSHIFT_VERDICT_H

#include <stdbool.h>

#include "result.h"
#include "units.h"

/* V1. The order matters: a site is as bad as its worst check (verdict_worse()). */
enum verdict_state {
    VERDICT_UP,
    VERDICT_UNKNOWN,    /* no evidence, or too old: counts for neither side */
    VERDICT_SUSPECT,    /* up, a bad run has begun */
    VERDICT_RECOVERING, /* down, a good run has begun */
    VERDICT_DOWN,
    VERDICT_STATE_COUNT
};

struct verdict_rule {
    uint32_t fall;       /* bad results in a row: down; >= 1 */
    uint32_t rise;       /* good results in a row: up; >= 1 */
    uint32_t window_bad; /* V3: down when window_bad of the last window_of were bad; 0: off */
    uint32_t window_of;  /* <= VERDICT_WINDOW_MAX */
    msec_t stale_ms;     /* V4: 3 intervals */
};

enum { VERDICT_WINDOW_MAX = 64, VERDICT_RUN_MAX = 1000000 };

struct verdict {
    enum verdict_state state;
    uint32_t run;    /* results in a row of the kind that led here; saturates */
    msec_t since_ms; /* when state was entered */
    msec_t last_ms;  /* newest result that counted; -1: none yet */
    uint64_t window; /* newest result in bit 0; 1: bad */
    uint32_t window_count;
    bool window_down;     /* V3: this down ends when the window clears */
    enum failure failure; /* of the newest bad result; FAILURE_NONE while up */
};

void verdict_init(struct verdict *verdict, msec_t now_ms);

/* Takes one result. A void one changes nothing (V4). */
void verdict_apply(struct verdict *verdict, const struct verdict_rule *rule,
                   enum result_class class, enum failure failure, msec_t now_ms);

/* Ages evidence: past stale_ms the state is unknown, never down (V4). */
void verdict_expire(struct verdict *verdict, const struct verdict_rule *rule, msec_t now_ms);

/* The state of a site with two checks: the worse one. */
enum verdict_state verdict_worse(enum verdict_state a, enum verdict_state b);

/* "up" "suspect" "down" "recovering" "unknown". */
const char *verdict_state_name(enum verdict_state state);
/* 'u' 's' 'd' 'r' '?': a vote's compact vector. */
char verdict_state_letter(enum verdict_state state);
int verdict_state_parse(char letter, enum verdict_state *ret_state);

#endif
