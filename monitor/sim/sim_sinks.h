/* SPDX-License-Identifier: Apache-2.0 */
/* sim_sinks.h: each daemon's way of an alert out of its machine (io/alerts.c), and the one inbox of
 * the operators at its end: spooled, claimed in the store so that one of all says it, retried, said
 * by each when the store is away (L1). */
#ifndef REGIONSHIFT_SIM_SIM_SINKS_H
#define REGIONSHIFT_SIM_SIM_SINKS_H

#include <stdbool.h>
#include <stdint.h>

#include "alert.h"
#include "claim.h"
#include "dice.h"

struct world;
struct pending;
struct action;

enum entry_state {
    ENTRY_QUEUED,  /* to be judged: may we say it? */
    ENTRY_ASKING,  /* the claim is being read */
    ENTRY_TAKING,  /* ... and being written */
    ENTRY_WAITING, /* another holds it: judged again from time to time */
    ENTRY_SENDING, /* ours to say, with a claim or without */
    ENTRY_MARKING, /* said; the claim is to say so */
    ENTRY_DONE
};

/* One alert on its way out. It is on disk: it survives its process. */
struct sim_entry {
    struct sim_entry *next; /* in the order of raising */
    uint32_t id;
    struct alert alert;
    char names[3][NAME_MAX_LENGTH + 1]; /* its group, region and probe */
    enum entry_state state;
    struct claim claim;    /* as read last; ours when has_claim */
    char *text;            /* the newest claim that was written, as text; NULL: none was */
    struct claim written;  /* ... and the same, as it was before */
    uint64_t revision;     /* of it */
    uint64_t waited_count; /* of the claim of our phase that another holds */
    bool has_claim;
    bool in_flight;
    bool delivered;
    msec_t look_ms;    /* when to judge again */
    msec_t seen_ms;    /* when `revision` was first seen; -1: not yet */
    msec_t claimed_ms; /* when our time with the claim began; -1: not yet */
    msec_t judged_ms;  /* last time it was known to be ours to say; -1: asked before it is tried */
    uint32_t tries;
    uint32_t mark_tries;
};

/* What a process knows was said of an incident: the claim while the store is away. */
struct sim_said {
    char incident[INCIDENT_MAX + 1];
    struct claim claim;
};

struct sim_outbox {
    struct sim_entry *first;
    uint32_t ids;
    struct sim_said *said;
    uint32_t said_count;
    uint32_t said_next;
    uint32_t timer;     /* which of the timers set counts */
    msec_t timer_ms;    /* when it ends */
    uint32_t failures;  /* in a row */
    bool failing;       /* told so */
    bool busy;          /* one attempt at a time */
    msec_t next_ms;     /* no attempt before */
    msec_t sweep_at_ms; /* old claims are deleted then */
};

enum sinks_mode { SINKS_UP, SINKS_DOWN, SINKS_SWALLOW };

struct sim_sinks {
    enum sinks_mode mode;
    struct dice dice;
};

void sim_sinks_make(struct world *world);
void sim_sinks_act(struct world *world, const struct action *action);
void sim_sinks_raise(struct world *world, uint32_t probe, const struct alert *alert);
/* PENDING_SINKS: time for a step; PENDING_SENT: what became of an attempt. */
void sim_sinks_happen(struct world *world, const struct pending *pending);
/* PENDING_INBOX: a message arrives (token: whose, group: which). */
void sim_sinks_arrive(struct world *world, const struct pending *pending);
/* The store answered about a claim. */
void sim_sinks_answer(struct world *world, const struct pending *pending);
void sim_outbox_start(struct world *world, uint32_t probe); /* of a process */
void sim_outbox_stop(struct world *world, uint32_t probe);  /* what is on disk stays */
void sim_outbox_destroy(struct sim_outbox *outbox);

/* sim_claims.c: the state of an entry after it: ASKING, WAITING, SENDING or DONE. */
void sim_claims_judge(struct world *world, uint32_t probe, struct sim_entry *entry);
void sim_claims_answer(struct world *world, uint32_t probe, struct sim_entry *entry,
                       const struct pending *pending);
void sim_claims_mark_sent(struct world *world, uint32_t probe, struct sim_entry *entry);
void sim_claims_sweep(struct world *world, uint32_t probe);

#endif
