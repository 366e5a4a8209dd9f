/* SPDX-License-Identifier: Apache-2.0 */
/* readiness.h: looks at what a move will need of AWS, before it is needed: each zone is read, for
 * the eyes only, and each of its authoritative servers is asked for each fence. A reading that is
 * answered proves credentials, clock, endpoint and the right to read. Every 5 minutes, so that the
 * metrics know, and when somebody asks. Nothing here reaches the engine, or the guard of batches.
 *
 * A probe that reads no zones looks at nothing: it need not have credentials. */
#ifndef REGIONSHIFT_READINESS_H
#define REGIONSHIFT_READINESS_H

#include <stdbool.h>

#include "outcome.h"
#include "record.h"
#include "resolver.h"
#include "route53.h"
#include "settings.h"
#include "units.h"
#include "zones.h"

enum {
    READINESS_EVERY_MS = 5 * 60 * 1000,
    READINESS_FIRST_MS = 5 * 1000,   /* after the start, when the engine has read its zones */
    READINESS_FRESH_MS = 3 * 1000,   /* who asks again within this gets the same answer */
    READINESS_PATIENCE_MS = 6 * 1000 /* who asked hears what is known by then */
};

struct readiness;

/* Borrowed for the readiness' life. */
struct readiness_tools {
    uv_loop_t *uv;
    struct route53 *route53;
    struct resolver *resolver;
    struct zones *zones;
    msec_t (*now)(void *context); /* monotonic */
    void *context;
};

int readiness_create(const struct readiness_tools *tools, const struct settings *settings,
                     struct readiness **ret_readiness);

/* Other settings: what was seen under the old ones is forgotten, and looked at anew. 0 or -ENOMEM:
 * the old ones stay. After zones_reload(). */
int readiness_reload(struct readiness *readiness, const struct settings *settings);

/* False: what is known is fresh, or there is nothing to look at. */
bool readiness_has_to_look(const struct readiness *readiness);

/* Looks now, when it has to. done comes once, from the loop, when all is seen, patience is over, or
 * the readiness closes. */
typedef void (*readiness_done)(void *context);
void readiness_look(struct readiness *readiness, readiness_done done, void *context);

/* What the last look saw of a zone. */
struct readiness_zone {
    bool asked; /* an answer came, or a failure */
    enum route53_outcome outcome;
    const char *message;          /* "" : all is well */
    msec_t read_ms;               /* when the view was read; -1: never */
    const struct zone_view *view; /* the last that could be read; NULL */
};
void readiness_zone(const struct readiness *readiness, uint32_t zone,
                    struct readiness_zone *ret_zone);

/* And what its servers said of a group's fence. */
struct readiness_servers {
    bool asked_once;
    bool has_fence; /* there was one to ask for */
    uint64_t epoch; /* asked for */
    uint32_t asked;
    uint32_t answered;
    uint32_t current;
    const char *others;
};
void readiness_servers(const struct readiness *readiness, uint32_t zone, uint32_t group,
                       struct readiness_servers *ret_servers);

/* Looks no more; `closed` runs when nothing of ours is under way, perhaps at once. What is under
 * way in zones and route53 is ended by their own close. */
void readiness_close(struct readiness *readiness, void (*closed)(void *context), void *context);

/* After closed. Accepts NULL. */
void readiness_destroy(struct readiness *readiness);

#endif
