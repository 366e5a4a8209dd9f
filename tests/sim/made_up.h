/* SPDX-License-Identifier: Apache-2.0 */
/* made_up.h: a run without any engine, made up event by event for the invariants to judge: JWT
 * Pizza with three probes, settled, and then whatever a test wants to have happened. */
#ifndef REGIONSHIFT_TESTS_SIM_MADE_UP_H
#define REGIONSHIFT_TESTS_SIM_MADE_UP_H

#include "invariants_state.h"
#include "pizza.h"

enum { MADE_SITES = 4, MADE_PROBES = 3, MADE_ITEMS = 10 };
enum { PIZZA_EAST, PIZZA_WEST, FACTORY_EAST, FACTORY_WEST };

struct made {
    struct cast *cast;
    struct invariants *inv;
    msec_t now_ms;
    uint64_t revision;
    char votes[MADE_PROBES][MADE_SITES + 1];
    uint64_t vote_revisions[MADE_PROBES];
    /* the zone, as it would be read */
    int zone[MADE_SITES];
    uint64_t fence;
    bool no_fence;
    /* the newest decision, ready to be changed before it is proposed and committed */
    struct commit commit;
    int weights[MADE_SITES];
    int normal[MADE_SITES];
    int base[MADE_SITES];
    struct commit_vote compared[MADE_PROBES];
    wall_t ledger[8];
    struct order order;
    bool no_fault; /* bad results meet endpoints that answer well, by the truth */
    void (*spoil_truth)(struct store_truth *truth); /* before the store takes it; or NULL */
    /* the newest batch, as ready */
    struct batch batch;
    struct batch_item items[MADE_ITEMS];
    char fence_texts[2][FENCE_TEXT_MAX + 1];
    const char *fence_values[2];
    char nonce[NONCE_LENGTH + 1];
};

extern struct made made;

/* Settled for two minutes: everything up, decision 1 (init) committed and in the zone, weights
 * 100/0 100/0. groups: more keys of the group ("hold = 20; ..."). */
void made_begin(const char *settings);
/* With several zones: made-up readings and batches are of one, and that is not the point. */
void made_begin_anyhow(const char *settings);
void made_end(void);

/* Time passes; the store and the leases are answered every few seconds. */
void made_pass(msec_t ms);
/* One event for a probe. */
void made_event(uint32_t probe, struct event event);
void made_step(uint32_t probe, struct event event, struct update update);
/* A result of the check of a site; answers: what the truth would say. */
void made_result(uint32_t probe, uint32_t site, enum result_class class, bool answers);
/* A probe publishes its vote, and everybody is told. */
void made_vote(uint32_t probe, const char *states, enum blindness blindness);
/* Three bad results at every probe, votes, and so much time. */
void made_site_dies(uint32_t site, msec_t before_ms);
void made_site_heals(uint32_t site);
/* Everybody is told of an order, and the store holds it. */
void made_order(enum order_verb verb, uint32_t region, bool override);
/* Everybody reads the zone as it is. */
void made_read_zone(void);

/* A decision after the newest head: base and normal from it; weights as given. */
void made_decision(enum decision_kind kind, int pizza_east, int pizza_west, int factory_east,
                   int factory_west);
/* made.commit obeys made.order. */
void made_obey(void);
void made_propose(uint32_t probe);
void made_commit(uint32_t probe);
/* Both, by use1: and everybody hears of the head. */
void made_decide(void);

/* A batch that raises the zone to the newest decision. */
void made_batch(uint32_t probe);
void made_send(uint32_t probe);
void made_accept(uint32_t probe);

/* The factory of us-east-1 dies, time passes, and a leave of us-east-1 is ready to be proposed. */
void made_leave_after(msec_t ms);
/* The same to its end: decided, sent, accepted, read. */
void made_failover(void);

/* Nothing is wrong, or this invariant is the first to be broken. */
void made_sound(void);
void made_broken(const char *id);

#endif
