/* SPDX-License-Identifier: Apache-2.0 */
/* world_state.h: the parts of the simulated world, shared by its files. */
#ifndef REGIONSHIFT_SIM_WORLD_STATE_H
#define REGIONSHIFT_SIM_WORLD_STATE_H

#include "pool.h"
#include "world.h"

enum {
    WALL_START = 1700000000, /* seconds: the world begins in November 2023 */
    ANSWER_MS = 20,          /* an endpoint's good or bad answer */
    STORE_MS = 5,            /* a store's answer and its watch */
    ROUTE53_MS = 40,         /* Route 53's answer */
    INSYNC_MS = 30000,
    FULL_READ_MS = 10000, /* S1 */
    LEASE_SWEEP_MS = 500,
    SIM_KEYS_MAX = 1024,
    SIM_KEY_LENGTH = 320,
    TRACE_MAX = 256 * 1024
};

enum pending_kind {
    PENDING_RESULT,
    PENDING_STORE, /* the probe hears of changes */
    PENDING_FULL_READ,
    PENDING_RENEW,
    PENDING_COMMIT,
    PENDING_ZONE,
    PENDING_CHANGE,
    PENDING_INSYNC,
    PENDING_SERVERS,
    PENDING_LATE, /* a batch is applied after its reply was lost */
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
    struct sim_batch *batch;
};

struct queue_entry {
    msec_t at_ms;
    uint64_t seq; /* equal times happen in the order they were asked for */
    uint32_t place;
};

struct sim_queue {
    struct queue_entry *heap;
    struct pending *places;
    uint32_t *free; /* places */
    uint32_t free_count;
    uint32_t count;
    uint32_t room;
    uint64_t seq;
};

struct sim_batch {
    struct pool *pool;
    struct batch batch;
};

struct sim_item {
    char key[SIM_KEY_LENGTH];
    char *value; /* NULL: deleted */
    uint64_t create_revision;
    uint64_t mod_revision;
    uint32_t owner; /* probe whose lease it lives by; NONE */
};

struct sim_store {
    struct sim_item items[SIM_KEYS_MAX];
    uint32_t count;
    uint64_t revision;
};

struct sim_set {
    uint32_t zone;
    bool exists;
    char name[256];
    char type[8];
    char set[130];
    char value[256];
    const char *values[1];
    int weight;
    int64_t ttl_s;
};

enum { SIM_SETS_MAX = 128, SIM_SLOTS_MAX = 64 };

struct sim_probe {
    struct settings *settings;
    struct engine *engine;
    bool alive;
    bool paused;
    bool dry_run;
    uint32_t life;
    bool store_reachable;
    bool references_answer;
    msec_t lease_until_ms;
    bool lease_held;
    uint64_t known[SIM_KEYS_MAX];  /* mod_revision told, by item place */
    struct zone_view **zone_views; /* by zone: what the engine may still look at */
    char **votes;                  /* by group: as last wished, written again with a new lease */
    uint64_t *journal;             /* by group: highest epoch tried; survives the process */
    msec_t wall_skew_ms;           /* of its wall clock, when it starts */
    uint8_t *modes;                /* by site */
    uint32_t *started;             /* by site */
    int8_t *latched;               /* group x region */
    struct pending *waiting;       /* while paused */
    uint32_t waiting_count;
    uint32_t waiting_room;
};

struct world {
    msec_t now_ms;
    struct sim_queue queue;
    struct sim_probe *probes;
    uint32_t probe_count;
    struct sim_store store;
    struct sim_store *saved;
    bool store_readonly;
    struct sim_set sets[SIM_SETS_MAX];
    uint32_t set_count;
    enum route53_mode mode;
    enum route53_mode mode_once; /* of the next batch; ZONE_OK: as mode */
    const char *human_site;      /* whose weight a human changes before the next batch; or NULL */
    int human_weight;
    msec_t late_ms;
    uint32_t batches;
    uint32_t shifts;
    uint32_t refused;
    uint64_t nonce;
    bool epochs_rose;
    bool kept_weight;
    uint64_t highest[SIM_SLOTS_MAX];   /* epoch accepted, by group and zone */
    bool fence_deleted[SIM_SLOTS_MAX]; /* by a human, and no higher epoch since */
    world_sent sent;
    void *sent_context;
    uint64_t trace_codes;
    uint32_t trace_probe;
    char trace[TRACE_MAX];
    size_t trace_used;
    uint32_t alerts[ALERT_EVENT_COUNT][2];
    struct alert last_alerts[ALERT_EVENT_COUNT];
    uint32_t next_order;
    void (*hook)(struct engine *engine);
    uint32_t record_probe; /* NONE: nothing is recorded */
    char *record;
    size_t record_used;
    size_t record_room;
};

/* Gives an event to a probe's engine and carries out its update. */
void world_feed(struct world *world, uint32_t probe, struct event *event);

/* sim_queue.c */
void world_later(struct world *world, msec_t after_ms, struct pending pending);
msec_t sim_queue_next(const struct sim_queue *queue); /* INT64_MAX: nothing will happen */
struct pending sim_queue_take(struct sim_queue *queue);
void sim_queue_destroy(struct sim_queue *queue);

/* sim_store.c */
struct sim_item *sim_store_find(struct sim_store *store, const char *key);
void sim_store_put(struct world *world, const char *key, const char *value, uint32_t owner,
                   uint64_t revision);
uint64_t sim_store_begin(struct world *world); /* a new revision; all probes will hear */
void sim_store_tell(struct world *world, uint32_t probe, bool full);
void sim_store_publish(struct world *world, uint32_t probe, const struct update *update);
void sim_store_commit(struct world *world, uint32_t probe, const struct commit *commit);
void sim_store_renew(struct world *world, uint32_t probe);
void sim_store_sweep(struct world *world);
void sim_store_copy(struct sim_store *to, const struct sim_store *from);
void sim_store_clear(struct sim_store *store);

/* sim_zone.c */
void sim_zone_make(struct world *world);
struct zone_view *sim_zone_read(struct world *world, uint32_t zone);
void sim_zone_send(struct world *world, uint32_t probe, const struct batch *batch);
/* True when the whole batch was applied. */
bool sim_zone_apply(struct world *world, const struct batch *batch, bool late);
void sim_batch_destroy(struct sim_batch *batch);

#endif
