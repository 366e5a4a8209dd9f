/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h: the story. One deterministic state machine per daemon: events in, updates out, no
 * clock, no I/O, no randomness, no allocation after engine_create(). Same settings and events give
 * the same updates, byte for byte. The daemon, the tests and the simulator run this one engine. */
#ifndef REGIONSHIFT_ENGINE_H
#define REGIONSHIFT_ENGINE_H

#include "agreement.h"
#include "event.h"
#include "settings.h"
#include "update.h"

struct engine;

/* settings must outlive the engine and name a probe (settings->self).
 *   dry_run   propose, but never commit and never change (D8)
 *   before    an engine whose settings are being replaced, or NULL: verdicts of checks that did not
 *             change are taken over; everything else is told again by the store
 * Returns 0, or -ENOMEM. */
int engine_create(const struct settings *settings, bool dry_run, const struct engine *before,
                  struct engine **ret_engine);
void engine_destroy(struct engine *engine);

/* What an engine knows before its first event: all that it took over from the one before. A
 * recording keeps it, so that a life that began with a reload can be replayed by itself. */
struct carried_reference {
    bool tried;
    bool answered;
    msec_t last_ms;
};
struct carried {
    enum blindness gap; /* until gap_until_ms */
    msec_t gap_until_ms;
    struct verdict *verdicts;             /* by check */
    struct carried_reference *references; /* by reference */
};

/* Fills what ret_carried says and the arrays it points to, which the caller owns. */
void engine_carried(const struct engine *engine, struct carried *ret_carried);
/* Lets an engine that has had no event yet know what another one knew. */
void engine_carry(struct engine *engine, const struct carried *carried);

/* Takes one event and says what is to be done. Events must not go back in time. */
void engine_step(struct engine *engine, const struct event *event, struct update *ret_update);

/* When engine_step() must be called again at the latest, with EVENT_TICK if nothing happens. */
msec_t engine_deadline(const struct engine *engine);

/* ---- what status, explain and metrics may see ---- */

/* D10: one gate of the way to a move: which rule, its value, what it needs, does it let pass. */
enum { GATES_MAX = 40, GATE_TEXT_MAX = 160 };
struct gate {
    const char *rule; /* "D1" */
    const char *name; /* "hold" */
    bool open;
    int64_t value; /* -1: not a number */
    int64_t limit;
    char text[GATE_TEXT_MAX + 1]; /* a sentence: what holds, what would have to change */
};

enum change_state { CHANGE_IDLE, CHANGE_WAITING, CHANGE_READING, CHANGE_SENDING, CHANGE_BACKOFF };
const char *change_state_name(enum change_state state);

/* A group as the engine sees it now. Arrays follow the group's sites. */
struct group_view {
    bool has_head;
    enum value_form head_form; /* not VALUE_READ: one stands in the store and cannot be read here */
    struct decision head;
    const struct agreement *const *agreements; /* of each site */
    bool frozen;
    bool glass; /* the head is this probe's alone: decided without the store */
    const char
        *glass_rule; /* why the newest order that broke the glass was not obeyed here; NULL */
    const char *glass_reason;
    const char *glass_order; /* the newest such order; "" */
    bool drifted;
    uint64_t fence_min; /* lowest fence over the group's zones, 0 none */
    enum change_state change;
    msec_t dwell_left_ms;
    uint32_t budget_used;
    msec_t budget_left_ms; /* until the window lets one more move; 0: it does now (D6) */
    uint64_t next_epoch;   /* of a decision that were made now (C2) */
    struct gate gates[GATES_MAX];
    uint32_t gate_count;
    bool wants_move;          /* wanted weights differ from the head's */
    const int *wanted;        /* what would be decided if every gate let pass */
    const char *refused_rule; /* D10: what stands in the way of a wanted move; NULL: nothing */
    const char *refused_reason;
    msec_t decided_after_ms;  /* C7's report of the head: seconds from first bad result to ... */
    msec_t accepted_after_ms; /* -1: not yet */
    msec_t insync_after_ms;
    msec_t servers_after_ms;
    msec_t resolvers_after_ms; /* only with aws.resolvers */
};

void engine_group(const struct engine *engine, uint32_t group, struct group_view *ret_view);
/* As engine_group(), without gates, whose sentences cost more than all the rest. */
void engine_group_brief(const struct engine *engine, uint32_t group, struct group_view *ret_view);

/* Nothing of it wants a look: decided, applied as far as is known, every site agreed up, its own
 * weights in its zones, no order on it. */
bool engine_group_is_calm(const struct engine *engine, uint32_t group);

/* How many there are of each, over all groups: what is told where there are too many to name. */
struct engine_sums {
    uint32_t agreed[AGREEMENT_STATE_COUNT]; /* sites */
    uint32_t checks[VERDICT_STATE_COUNT];   /* this probe's own verdicts */
    uint32_t calm_groups;
};
void engine_sums(const struct engine *engine, struct engine_sums *ret_sums);

/* How far the group's change has come in one hosted zone: the nth of settings->groups[group].zones,
 * which are changed in this order (C1). */
struct zone_step {
    uint32_t zone;
    bool known;     /* it has been read */
    uint64_t fence; /* 0: there is none */
    bool drifted;
    enum change_state change;
    const char *wait_rule; /* which rule holds its batch back, NULL none; C1: a zone before it */
};
void engine_zone_step(const struct engine *engine, uint32_t group, uint32_t nth,
                      struct zone_step *ret_step);

/* How a site's ballots stand now, probe by probe. */
void engine_tally(const struct engine *engine, uint32_t site, struct tally *ret_tally);

/* Our own verdict of a check, and a probe's published state letter for a site ('?' when absent). */
const struct verdict *engine_verdict(const struct engine *engine, uint32_t check);
char engine_vote_letter(const struct engine *engine, uint32_t probe, uint32_t site);
enum blindness engine_blindness(const struct engine *engine);
bool engine_store_ok(const struct engine *engine);
bool engine_lease_alive(const struct engine *engine);
bool engine_region_drained(const struct engine *engine, uint32_t region);
/* This start is out of turn, for a suspicion (V2), or of a reference (V5): it goes before others.
 */
bool engine_looks_soon(const struct engine *engine, uint32_t token);
/* How punctual our checks begin: from when they were due to when they began, waits in the prober's
 * queue included. Counts since the engine began. */
enum { RHYTHM_BOUNDS = 13 };
extern const msec_t rhythm_bounds_ms[RHYTHM_BOUNDS];
struct rhythm_view {
    uint64_t begun;
    uint64_t bins[RHYTHM_BOUNDS + 1]; /* as late as the bound and no later; the last: all else */
    msec_t sum_ms;                    /* of all their lateness */
    uint64_t late;                    /* by more than 100 ms and a tenth of the interval */
    uint64_t missed;                  /* whole intervals that passed without their check */
    bool is_overloaded;               /* too many were late, for 30 s */
    uint32_t recent_begun;            /* in the 30 s that were judged last */
    uint32_t recent_late;
    msec_t recent_mean_ms;
    msec_t recent_worst_ms;
};
void engine_rhythm(const struct engine *engine, struct rhythm_view *ret_view);
/* Orders in force, for status. */
uint32_t engine_orders(const struct engine *engine, const struct order **ret_orders);
/* Open incidents: names and events, for status. */
struct incident_view {
    char id[INCIDENT_MAX + 1];
    enum alert_event event;
    enum severity severity;
    msec_t since_ms;
};
uint32_t engine_incidents(const struct engine *engine, struct incident_view *ret_views,
                          uint32_t max);
wall_t engine_wall(const struct engine *engine, msec_t at_ms);

/* `plan`: what would be decided if these sites were agreed down now, unbroken for long enough.
 * ret_weights has room for the group's sites. Writes the gates with their values. Returns true when
 * the weights would change. */
bool engine_plan(const struct engine *engine, uint32_t group, const uint32_t *down_sites,
                 uint32_t down_count, int *ret_weights, struct gate *ret_gates,
                 uint32_t *ret_gate_count);

/* Break-glass: what draining a region through this probe alone would do to one group. Weights
 * follow the group's sites, as the zones were read last; valid until the next call of the engine.
 */
struct glass_view {
    const char *rule; /* NULL: it may be done; else what refuses it */
    const char *reason;
    uint64_t fence; /* highest of the group's zones, 0 none: what is confirmed */
    uint64_t epoch; /* what would replace it */
    const int *before;
    const int *after;
};
void engine_glass(const struct engine *engine, uint32_t group, uint32_t region,
                  struct glass_view *ret_view);

#endif
