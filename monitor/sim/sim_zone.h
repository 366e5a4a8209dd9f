/* SPDX-License-Identifier: Apache-2.0 */
/* sim_zone.h: Route 53. sim_zone.c holds the record sets: a batch is compared exactly and applied
 * whole or not at all. sim_route53.c is the service around them, which may be down, throttle, lose
 * replies, be late, or forget what it accepted. */
#ifndef REGIONSHIFT_SIM_SIM_ZONE_H
#define REGIONSHIFT_SIM_SIM_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "decision.h"
#include "dice.h"
#include "pool.h"
#include "record.h"
#include "world.h"

struct pending;

struct sim_set {
    uint32_t zone;
    bool exists;
    char name[256];
    char type[8];
    char set[130];
    char value[FENCE_TEXT_MAX + 3]; /* a fence with its quotes */
    const char *values[1];
    int weight;
    int64_t ttl_s;
    char alias_zone[40]; /* "" : it has a value */
    char alias_name[256];
    bool alias_evaluate;
    char health_check[DECISION_HEALTH_MAX + 1];
};

/* The sets of a zone at one time, shared by all who read them then. */
struct sim_snapshot {
    uint32_t holders;
    struct pool *pool;
    struct record_set *sets;
    uint32_t count;
};

/* A reading: its nonce is its own (C3). */
struct sim_view {
    struct zone_view view;
    struct sim_snapshot *snapshot;
};

struct sim_zone {
    char apex[256];
    struct sim_snapshot *newest; /* NULL: something changed since */
};

/* What a batch is compared with and changes, by group and zone. */
struct sim_slot {
    uint64_t highest;   /* epoch accepted */
    bool fence_deleted; /* by a human, and no higher epoch since */
};

struct sim_sets {
    struct sim_set *list;
    uint32_t count;
    uint32_t room;
    struct sim_slot *slots; /* group x zone */
};

struct sim_route53 {
    struct sim_zone *zones;
    uint32_t zone_count;
    uint32_t slot_count;
    struct sim_sets sets;
    struct sim_sets before; /* as they were when a control plane stranded */
    uint64_t *followed;     /* probe x slot: the epoch whose way to the servers is watched */
    enum route53_mode mode;
    enum route53_mode mode_once; /* of the next batch; ZONE_OK: as mode */
    msec_t late_ms;
    uint32_t denied_zone;
    bool throttles_readings; /* every second one, while it throttles */
    msec_t held_since_ms;    /* what is accepted from then on reaches no server; -1: nothing held */
    uint64_t strandings;     /* so far */
    const char *human_site;  /* what a human changes before the next batch; or NULL */
    int human_weight;        /* -1: not that, but the TTL */
    int64_t human_ttl_s;
    uint64_t nonce;
    struct dice dice;
};

/* A batch on its way. */
struct sim_batch {
    struct pool *pool;
    struct batch batch;
    uint32_t probe;
    uint32_t life;
    msec_t asked_ms;
    msec_t back_ms;
    bool answered;
    bool late; /* nobody waits for its answer any more */
};

/* ---- sim_zone.c ---- */
void sim_zone_make(struct world *world);
void sim_zone_destroy(struct world *world);
struct sim_view *sim_view_create(struct world *world, uint32_t zone);
void sim_view_destroy(struct sim_view *view); /* accepts NULL */
/* True when the whole batch was applied. */
bool sim_zone_apply(struct world *world, uint32_t probe, const struct batch *batch, bool late);
/* Keeps all record sets as they are, and goes back to them. */
void sim_zone_keep(struct world *world);
void sim_zone_undo(struct world *world);

/* ---- sim_route53.c ---- */
void sim_route53_make(struct world *world);
void sim_route53_read(struct world *world, uint32_t probe, uint32_t zone);
void sim_route53_send(struct world *world, uint32_t probe, const struct batch *batch);
/* PENDING_ASK, _BATCH, _UNDO: something reaches Route 53, or befalls it. */
void sim_route53_arrive(struct world *world, const struct pending *pending);
/* PENDING_ZONE, _CHANGE, _INSYNC, _SERVERS: something reaches a probe. */
void sim_route53_happen(struct world *world, const struct pending *pending);
void sim_route53_mode(struct world *world, enum route53_mode mode);
void sim_zone_act(struct world *world, const struct action *action);
void sim_batch_destroy(struct sim_batch *batch);

#endif
