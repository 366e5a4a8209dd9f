/* SPDX-License-Identifier: Apache-2.0 */
/* invariants.h: what must be true of every run, whatever fails: assertions against ground truth,
 * each with its id (S-01 ...). They look on (world.h, struct watcher) and keep a model of their
 * own: what was really answered, what each probe was told, what the zone accepted. No line of the
 * engine helps them to judge the engine. */
#ifndef REGIONSHIFT_SIM_INVARIANTS_H
#define REGIONSHIFT_SIM_INVARIANTS_H

#include "world.h"

enum { VIOLATION_TEXT_MAX = 511 };

struct violation {
    const char *id; /* "S-01"; static text */
    msec_t at_ms;   /* world time */
    uint32_t probe; /* NONE: nobody's */
    char text[VIOLATION_TEXT_MAX + 1];
};

struct invariants;

/* Begins to watch a world, which must outlive it and have just been made: what was told before
 * would be missing from the model. */
struct invariants *invariants_create(struct world *world);
void invariants_destroy(struct invariants *invariants);

/* The first violation, or NULL while all is well. */
const struct violation *invariants_violation(const struct invariants *invariants);

/* Every invariant there is, as `simulate` explains one that was violated: one sentence each. */
struct invariant_name {
    const char *id;
    const char *rules; /* the rules it stands for, "A1 A2 A3" */
    const char *text;
};
extern const struct invariant_name invariant_names[];
extern const uint32_t invariant_count;

#endif
