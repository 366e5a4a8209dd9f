/* SPDX-License-Identifier: Apache-2.0 */
/* swarm_draw.h: what the files of the swarm share: ways to throw dice, and a scenario that grows.
 */
#ifndef REGIONSHIFT_SIM_SWARM_DRAW_H
#define REGIONSHIFT_SIM_SWARM_DRAW_H

#include "dice.h"
#include "swarm.h"

/* Purposes of dice: each part of a run has its own, so that a change to one leaves the others. */
enum swarm_purpose {
    SWARM_DICE_SETTINGS = 0x7300,
    SWARM_DICE_FAULTS,
    SWARM_DICE_MINORITY,
    SWARM_DICE_LIVENESS,
    SWARM_DICE_STORE
};

/* ---- throws ---- */

uint64_t draw_between(struct dice *dice, uint64_t low, uint64_t high); /* both included */
bool draw_chance(struct dice *dice, uint32_t percent);
/* Each order of magnitude between low and high (both > 0) is as likely as the others. */
uint64_t draw_span(struct dice *dice, uint64_t low, uint64_t high);
/* A subset of so many, never empty. */
uint64_t draw_some(struct dice *dice, uint32_t count);

/* ---- who ---- */

struct who draw_all(void);
struct who draw_region(const struct settings *settings, uint32_t region);
struct who draw_site(const struct settings *settings, uint32_t site);
struct who draw_probe(const struct settings *settings, uint32_t probe);

/* ---- a scenario that grows ---- */

/* One run being drawn. Faults strike from from_ms on, and before until_ms. */
struct draw {
    const struct settings *settings;
    struct dice dice;
    struct scenario *scenario;
    uint32_t action_room;
    msec_t from_ms;
    msec_t until_ms;
    uint64_t liars;    /* who may lie: one fewer than it takes (S-20) */
    uint64_t minority; /* who may see sites badly, in a quiet run; 0: everybody */
    bool gentle;       /* nothing that a human would have to repair afterwards */
    bool needed;       /* so are the actions that are added now */
};

/* An empty scenario named after its seed, to be destroyed by scenario_destroy(). */
struct scenario *draw_scenario(const char *name, uint64_t seed);
/* Adds an action at its time, after those of the same time. */
void draw_push(struct draw *draw, const struct action *action);
/* The usual ones. */
void draw_act(struct draw *draw, msec_t at_ms, enum action_kind kind);
void draw_act_on(struct draw *draw, msec_t at_ms, enum action_kind kind, const struct who *who,
                 int64_t value);
/* The same scenario once more, to be changed. */
struct scenario *swarm_copy(const struct scenario *scenario);
/* An expectation of a window or (from == to) a moment; its text is filled in from the rest. */
void draw_expect(struct scenario *scenario, const struct expectation *expectation);

/* ---- the parts ---- */

/* Random faults between from_ms and until_ms, of a random subset of the kinds there are. */
void swarm_faults(struct draw *draw);
/* Only what can remove or delay writes: the store's faults (S-16). */
void swarm_store_faults(struct draw *draw);
/* Heals a core, and demands that it works. Sets the scenario's end. */
void swarm_liveness(struct draw *draw);
/* Regions that die and recover, one after another. Sets the scenario's end. */
void swarm_plain(struct draw *draw);

#endif
