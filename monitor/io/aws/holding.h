/* SPDX-License-Identifier: Apache-2.0 */
/* holding.h: what is known of one identity, ourselves or a role on top, and the one look under way
 * for it. Part of credentials.c, which knows who asks. */
#ifndef REGIONSHIFT_IO_AWS_HOLDING_H
#define REGIONSHIFT_IO_AWS_HOLDING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "credentials.h"
#include "credentials_term.h"
#include "look.h"

struct credentials_request {
    struct holding *holding;
    credentials_done done;
    void *context;
    uint64_t number;
    TAILQ_ENTRY(credentials_request) link;
};

TAILQ_HEAD(requests, credentials_request);

struct holding {
    struct credentials_source *source;
    char *arn; /* NULL: ourselves */
    char *external_id;

    bool is_known;
    struct credentials keys;
    struct credentials_term term;
    char origin[CREDENTIALS_PROFILE_MAX + 64];
    char error[CREDENTIALS_ERROR_MAX]; /* of the last look, "" when it found some */
    bool is_local;                     /* it asked nobody */
    msec_t looked_ms;
    msec_t gap_ms; /* for so long after a look nobody is asked again because AWS refuses */

    bool is_looking; /* look, or base, is there */
    struct look *look;
    struct credentials_request *base; /* a role's: ourselves are asked for first */
    bool is_outdated;                 /* what the look brings is for another profile */
    bool is_distrusted;
    bool is_wanted; /* asked for since it was found */

    struct requests waiting;
    uint64_t ready_number; /* requests up to this one can be answered */
    TAILQ_ENTRY(holding) link;
};

TAILQ_HEAD(holdings, holding);

struct credentials_source {
    uv_loop_t *loop;
    uv_idle_t deliver;
    uv_timer_t timer; /* until the next holding is to be renewed */
    struct look_tools tools;
    struct holdings holdings; /* ourselves first */
    unsigned holding_count;
    char *profile;
    uint64_t seed;
    msec_t (*now_ms)(void);
    uint64_t request_count;
    bool is_closing;
    unsigned handle_count; /* not yet closed: deliver, timer, fetcher */
    void (*closed)(void *context);
    void *closed_context;
};

/* Each source has ourselves, and finds it here. NULL: not made yet. */
struct holding *holding_ourselves(const struct credentials_source *source);

/* role: NULL, ourselves. NULL: there is none. */
struct holding *holding_find(const struct credentials_source *source,
                             const struct credentials_role *role);

/* NULL: no memory. */
struct holding *holding_add(struct credentials_source *source, const struct credentials_role *role);

/* Nobody may wait for it, and no look be under way. */
void holding_destroy(struct holding *holding);
void holding_forget_keys(struct holding *holding);

/* Settings come and go; a role that nobody waits for makes room. */
void holding_drop_idle_roles(struct credentials_source *source);

bool holding_is_good(const struct holding *holding); /* it has some, and they may be used */
bool holding_is_due(const struct holding *holding);  /* it is time to look for others */

/* Looks, unless it does already: comes to credentials_deliver() sooner or later. */
void holding_look(struct holding *holding);

/* The two ends of a look, of credentials.c: those who wait can be answered; closing can go on. */
void credentials_deliver(struct holding *holding);
void credentials_close_when_quiet(struct credentials_source *source);

/* Starts, or stops, the timer by which what is known is renewed before it ends. */
void holding_set_timer(struct credentials_source *source);

#endif
