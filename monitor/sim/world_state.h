/* SPDX-License-Identifier: Apache-2.0 */
/* world_state.h: the parts of the simulated world, shared by its files. */
#ifndef REGIONSHIFT_SIM_WORLD_STATE_H
#define REGIONSHIFT_SIM_WORLD_STATE_H

#include "dice.h"
#include "pool.h"
#include "sim_sinks.h"
#include "sim_store.h"
#include "sim_zone.h"
#include "world.h"

enum {
    WALL_START = 1700000000, /* seconds: the world begins in November 2023 */
    ANSWER_MS = 20,          /* an endpoint's good or bad answer */
    STORE_MS = 5,            /* a store's answer and its watch */
    ROUTE53_MS = 40,         /* Route 53's answer */
    INSYNC_MS = 30000,
    LEASE_SWEEP_MS = 500,
    TRACE_MAX = 256 * 1024
};

enum pending_kind {
    PENDING_RESULT,
    PENDING_READ,   /* the board reads the whole store */
    PENDING_RENEW,  /* ... and renews its lease */
    PENDING_WATCH,  /* it hears of changes */
    PENDING_CALL,   /* a request reaches the store ... */
    PENDING_ANSWER, /* ... and its answer the board */
    PENDING_SINKS,  /* the alerts take a step */
    PENDING_SENT,   /* an attempt to send one ended */
    PENDING_INBOX,  /* an alert reaches its readers */
    PENDING_ZONE,
    PENDING_CHANGE,
    PENDING_INSYNC,
    PENDING_SERVERS,
    PENDING_ASK,   /* a reading reaches Route 53 */
    PENDING_BATCH, /* ... or a batch */
    PENDING_UNDO,  /* what it accepted is undone */
    PENDING_WAKE,  /* a probe that hangs goes on */
    PENDING_ORDER, /* an operator tries again to give the orders that the store did not take */
    PENDING_SWEEP
};

/* Something that will happen. */
struct pending {
    enum pending_kind kind;
    uint32_t probe;
    uint32_t life;  /* of the probe: what was asked in an earlier life is nobody's */
    uint32_t token; /* check, zone or group */
    uint32_t group;
    uint64_t epoch;
    uint64_t revision;
    enum store_status status;
    enum route53_outcome outcome;
    union { /* by kind; or NULL */
        struct sim_batch *batch;
        struct sim_view *view;
        struct sim_call *call;
    };
    msec_t since_ms; /* when it began: a check's attempt, a call */
    bool lost;       /* a check: nothing comes any more, its time is over */
};

struct queue_entry {
    msec_t at_ms;
    uint64_t seq; /* equal times happen in the order they were asked for */
    uint32_t place;
};

enum { SIM_QUEUE_NEAR = 32 };

struct sim_queue {
    struct queue_entry near[SIM_QUEUE_NEAR]; /* the next ones, the first of all last */
    uint32_t near_count;                     /* 0: nothing will happen */
    struct queue_entry *heap;                /* all that is later than those */
    uint32_t heap_count;
    struct pending *places;
    uint32_t *free; /* places */
    uint32_t free_count;
    uint32_t room;
    uint64_t seq;
};

/* Places of the network (sim_net.c). */
enum { SIM_OUTSIDE = REGIONS_MAX };
struct sim_places {
    uint64_t probes;
    uint64_t others; /* bit r: the region r with its sites; SIM_OUTSIDE: all that is in none */
};

/* Nothing passes between these, as an action named them. */
struct sim_cut {
    struct sim_places who;
    struct sim_places from;
};

/* How a site answers one probe. */
struct sim_endpoint {
    uint8_t mode; /* enum site_mode */
    int32_t value;
};

/* A probe's monotonic clock: it showed local_ms at world_ms, and has run so much faster since. */
struct sim_clock {
    msec_t world_ms;
    msec_t local_ms;
    int64_t drift_ppm;
};

enum sim_lie { LIE_NOT, LIE_DOWN, LIE_UP };

struct sim_probe {
    const struct settings *settings; /* it runs with */
    struct settings *own_settings;   /* the same, when they are not the cast's; or NULL */
    struct engine *engine;
    bool alive;
    bool paused;
    bool dry_run;
    uint32_t life;
    bool store_reachable;
    bool references_answer;
    bool blind; /* its own network is gone, but for store and Route 53 */
    enum sim_lie lie;
    struct sim_clock clock;
    msec_t wall_jump_ms; /* not yet noticed */
    msec_t paused_ms;    /* since when, when paused */
    msec_t stall_end_ms; /* when it last went on after standing still; -1: never */
    msec_t hang_ms;      /* > 0: it will stand still so long before its next batch leaves */
    uint32_t hangs;      /* which of its hangs ends by time: the newest, unless it was paused */
    bool hung;           /* it does, now: this is what it will do then */
    struct update hung_update;
    struct event_copy **held; /* told in the turn of the hang, heard when it is over */
    uint32_t held_count;
    uint64_t blocked; /* places it cannot reach, as sim_places.others */
    bool muted;
    uint32_t loss_ppm;
    bool in_burst;
    msec_t delay_ms;
    msec_t slot_ms; /* when that may change next */
    struct dice net_dice;
    struct sim_board board;
    struct sim_outbox outbox;
    struct sim_view **zone_views; /* by zone: what the engine may still look at */
    uint64_t *journal;            /* by group: highest epoch tried; survives the process */
    struct order *locals;         /* ORDERS_MAX, on its disk: what the store does not have (D7) */
    uint32_t local_count;
    msec_t wall_skew_ms;            /* of its wall clock, when it starts */
    struct sim_endpoint *endpoints; /* by site */
    uint32_t *started;              /* by site */
    uint64_t *latched;       /* group x region: the epoch that lit the beacon, 0: it is dark (B1) */
    struct pending *waiting; /* while paused */
    uint32_t waiting_count;
    uint32_t waiting_room;
};

/* What dice are for (dice.h). */
enum {
    DICE_NET = 1, /* when a probe's network is bad */
    DICE_CALLS,   /* what becomes of a call, by its time */
    DICE_SITES,   /* what becomes of an attempt, by its time */
    DICE_SETTLE,  /* where in the rhythm of the checks a scenario begins */
    DICE_STORE,
    DICE_ROUTE53,
    DICE_SINKS
};

struct world {
    const struct cast *cast;
    struct cast *own_cast; /* made with the world, of text; or NULL */
    uint64_t seed;
    struct sim_cut *cuts;
    uint32_t cut_count;
    uint32_t cut_room;
    struct watcher watchers[WATCHERS_MAX];
    uint32_t watcher_count;
    uint64_t steps;
    msec_t origin_ms;
    msec_t now_ms;
    struct sim_queue queue;
    struct sim_probe *probes;
    uint32_t probe_count;
    msec_t *deadlines_ms; /* of the probes' engines, in world time; INT64_MAX: it does not run */
    struct sim_store store;
    struct sim_sinks sinks;
    struct sim_route53 route53;
    uint32_t batches;
    uint32_t shifts;
    uint32_t refused;
    bool epochs_rose;
    bool kept_weight;
    world_sent sent;
    void *sent_context;
    uint64_t trace_codes;
    uint32_t trace_probe;
    char trace[TRACE_MAX];
    size_t trace_used;
    uint32_t alerts[ALERT_EVENT_COUNT][2];
    struct alert last_alerts[ALERT_EVENT_COUNT];
    uint32_t next_order;
    struct order *orders_waiting; /* given, and not taken by the store yet */
    uint32_t orders_waiting_count;
    uint32_t orders_waiting_room;
    bool orders_retried; /* PENDING_ORDER is on the queue */
    void (*hook)(struct engine *engine);
    uint32_t record_probe; /* NONE: nothing is recorded */
    char *record;
    size_t record_used;
    size_t record_room;
};

/* A probe's own time: what its monotonic clock shows now, and when it will show that. */
msec_t world_local_ms(const struct world *world, uint32_t probe);
msec_t world_when(const struct world *world, uint32_t probe, msec_t local_ms);
/* Puts something on the queue for when so much of the probe's own time has passed. */
void world_timer(struct world *world, msec_t after_local_ms, struct pending pending);

/* Gives an event to a probe's engine and carries out its update; while the probe hangs, when it
 * goes on: what was told in one turn with the event that it decided on. */
void world_feed(struct world *world, uint32_t probe, struct event *event);

/* The rest of an update, which a probe that hangs carries out late: batches and alerts. */
void world_perform_rest(struct world *world, uint32_t probe, const struct update *update);
/* Something that was asked for by this life of a probe that runs. */
void world_happen_to_probe(struct world *world, struct pending *pending);

/* sim_check.c: an attempt of a check (or reference) begins, and ends. */
void sim_check_start(struct world *world, uint32_t probe, uint32_t token);
void sim_check_end(struct world *world, const struct pending *pending);

/* sim_probe.c */
void sim_probe_plan(struct world *world, uint32_t probe); /* when the engine wants its next step */
void sim_probe_drift(struct world *world, uint32_t probe, int64_t ppm);
/* Restarts it under other settings of the same electorate. */
void sim_probe_settings(struct world *world, uint32_t probe, const struct settings *settings);
void sim_probe_jump(struct world *world, uint32_t probe, msec_t jump_ms);
void sim_probe_hang(struct world *world, uint32_t probe, const struct update *update);
void sim_probe_hold(struct world *world, uint32_t probe, const struct event *event);
void sim_probe_wait(struct sim_probe *probe, const struct pending *pending);

/* What a call over the network meets: a check, a reference, the store, Route 53. */
struct sim_trip {
    bool arrives;    /* the request gets there ... */
    bool answered;   /* ... and its answer comes back */
    msec_t there_ms; /* what the network adds to each way; 0 while it is well */
    msec_t back_ms;
};

/* sim_net.c: one call of a probe to a region's sites, or (region NONE) to the outside, where store,
 * Route 53 and references are. Throws the dice of loss and delay, once for each call. */
struct sim_trip sim_net_trip(struct world *world, uint32_t probe, uint32_t region);
void sim_net_cut(struct world *world, const struct sim_cut *cut);
/* Ends every cut that names exactly these places, and what befell the probes among them. */
void sim_net_heal(struct world *world, const struct sim_places *places);
void sim_net_heal_all(struct world *world);
/* Loses so much of what a probe sends, in bursts; 0: nothing any more. */
void sim_net_lossy(struct world *world, uint32_t probe, uint32_t loss_ppm);
/* Could a call be answered at all (no cut, no mute, loss below 100 %)? No dice. */
bool sim_net_passes(const struct world *world, uint32_t probe, uint32_t region);
/* How long the daemon waits for its store before it says STORE_AWAY, and for Route 53 before it
 * says ROUTE53_LOST. What arrived was done all the same. */
msec_t sim_net_store_limit_ms(const struct settings *settings);
msec_t sim_net_route53_limit_ms(const struct settings *settings);

/* Actions, names already looked up by world_act.c: what has to do with probes and places is done
 * there, the rest by those whom it concerns. */

/* What watchers are told: world.c calls them all. */
void world_tell_committed(struct world *world, uint32_t probe, const struct commit *commit,
                          uint64_t revision);
void world_tell_sent(struct world *world, uint32_t probe, const struct batch *batch);
void world_tell_accepted(struct world *world, uint32_t probe, const struct batch *batch, bool shift,
                         bool late);
void world_tell_delivered(struct world *world, uint32_t probe, const struct alert *alert);

/* sim_queue.c */
/* Returns its place in the queue. */
uint32_t world_later(struct world *world, msec_t after_ms, struct pending pending);
msec_t sim_queue_next(const struct sim_queue *queue); /* INT64_MAX: nothing will happen */
struct pending sim_queue_take(struct sim_queue *queue);
/* Something that will not happen after all: frees what it holds. */
void sim_pending_drop(const struct pending *pending);
void sim_queue_destroy(struct sim_queue *queue);

#endif
