/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_term.h: when to look for credentials again. Pure: times and chance come in.
 *
 *   given ........................ refresh ............... end
 *         what is known is used            tried again and again, what is known is still used
 *
 * Times are points on one clock of the caller's; never the wall clock, which can jump. */
#ifndef REGIONSHIFT_CREDENTIALS_TERM_H
#define REGIONSHIFT_CREDENTIALS_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "units.h"

enum {
    CREDENTIALS_LEAD_MS = 15 * 60 * 1000, /* before the end; of a short life a third */
    /* IMDS hands out what has expired when it cannot renew it, and AWS then takes it: asking more
     * often would only make its trouble worse. */
    CREDENTIALS_STABLE_MS = 15 * 60 * 1000,
    CREDENTIALS_STABLE_MIN_MS = 2 * 60 * 1000, /* and so much more, at random */
    CREDENTIALS_STABLE_MAX_MS = 10 * 60 * 1000,
    CREDENTIALS_RETRY_FIRST_MS = 1000,
    CREDENTIALS_RETRY_LAST_MS = 30 * 1000
};

struct credentials_term {
    bool has_end;
    bool is_stable; /* it is used beyond its end */
    msec_t end_ms;
    msec_t refresh_ms; /* when to look again, if has_end */
    unsigned failures; /* since then, in a row; saturates */
};

/* Credentials were found. left_ms: of their life; <= 0 with is_stable: they are used all the same.
 */
void credentials_term_begin(struct credentials_term *term, msec_t now_ms, bool has_end,
                            msec_t left_ms, bool is_stable, uint64_t *seed);

/* A look for better ones failed, or the first one did. */
void credentials_term_fail(struct credentials_term *term, msec_t now_ms, uint64_t *seed);

/* May they still be used? */
bool credentials_term_is_good(const struct credentials_term *term, msec_t now_ms);

/* Is it time to look? */
bool credentials_term_is_due(const struct credentials_term *term, msec_t now_ms);

/* A number of 0..span - 1; moves the seed on (splitmix64). span > 0. */
uint64_t credentials_draw(uint64_t *seed, uint64_t span);

#endif
