/* SPDX-License-Identifier: Apache-2.0 */
/* world.h: the real engine in a simulated world: several probes, one store, one Route 53,
 * endpoints, operators, under one clock that is a number. The engine, and the codecs of what it
 * shares, are the daemon's own; network, store and zone are fakes that keep the rules of the real
 * ones: a store compares and counts revisions, a zone applies a batch whole or not at all.
 *
 * Times are milliseconds since the world began. */
#ifndef REGIONSHIFT_SIM_WORLD_H
#define REGIONSHIFT_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "action.h"
#include "engine.h"
#include "settings.h"

struct world;

/* ---- making one ---- */

/* The settings of a world, parsed once for each probe of the electorate: a thousand worlds may
 * share one cast. Other settings (`probe X other-settings`) are the same file with another
 * limits.window, so that their fingerprint differs and nothing else does. */
struct cast {
    uint32_t probe_count;
    const struct settings **settings; /* by probe; each is its own self */
    const struct settings **others;
    struct cast_parsed *parsed; /* owns them */
    bool alone; /* V2 left out, to compare (`simulate --sweep`): no probe hears another's suspicion
                 */
};

/* Reads the text of a settings file (name stands for it in messages) with the changes applied, for
 * every probe; opens no secret. Returns 0 and a cast the caller destroys, or -1 with the first
 * problem in error, "FILE:LINE: path: what". */
int cast_create(const char *text, size_t length, const char *name,
                const struct settings_change *changes, uint32_t change_count, char *error,
                size_t error_size, struct cast **ret_cast);
void cast_destroy(struct cast *cast);

/* Makes a world of a cast, which must outlive it: all probes alive from time 0 on, endpoints all
 * good, record sets as the settings say, no fence. All that is random in it comes from the seed. */
struct world *world_make(const struct cast *cast, uint64_t seed);

/* D9, and the time until every site is agreed up for every group's `stable`: how each scenario
 * begins. Keeps a backup of the store (ACTION_STORE_ROLLBACK goes back to it). Afterwards
 * world_origin() is the time of the scenario's 0. */
void world_settle(struct world *world);
msec_t world_origin(const struct world *world);

/* Lets an action happen now. Returns 0, or -1 with a sentence in error when a name in it means
 * nothing under these settings ("no region 'mars'; there are us-east-1, us-west-2"). */
int world_act(struct world *world, const struct action *action, char *error, size_t error_size);
/* The same test alone: an action that passes can be acted at any time. */
int world_can_act(const struct world *world, const struct action *action, char *error,
                  size_t error_size);
/* Which sites (ret_sites[site] = true) or which regions a name means; -1 with a sentence. */
int world_sites(const struct world *world, const struct who *who, bool *ret_sites, char *error,
                size_t error_size);

/* ---- watching one ---- */

/* Who looks on: the invariants, and the expectations of a scenario. Any call may be NULL. */
struct watcher {
    void *context;
    /* After each step of an engine, before its update is carried out. */
    void (*stepped)(void *context, struct world *world, uint32_t probe, const struct event *event,
                    const struct update *update);
    /* The store took a probe's commit. */
    void (*committed)(void *context, struct world *world, uint32_t probe,
                      const struct commit *commit, uint64_t revision);
    /* A batch is handed to Route 53, before anything becomes of it. */
    void (*sent)(void *context, struct world *world, uint32_t probe, const struct batch *batch);
    /* Route 53 applied a batch; late: long after it was sent; shift: it changed a weight. */
    void (*accepted)(void *context, struct world *world, uint32_t probe, const struct batch *batch,
                     bool shift, bool late);
    /* An alert reached its readers through at least one sink. */
    void (*delivered)(void *context, struct world *world, uint32_t probe,
                      const struct alert *alert);
    /* An action was played. */
    void (*acted)(void *context, struct world *world, const struct action *action);
};
enum { WATCHERS_MAX = 4 };
void world_watch(struct world *world, const struct watcher *watcher);

/* Ground truth, for those who look on. */
bool world_alive(const struct world *world, uint32_t probe);
bool world_paused(const struct world *world, uint32_t probe);
bool world_liar(const struct world *world, uint32_t probe);
/* Would an attempt from there, now, be answered well? Random loss below 100 % counts as yes. */
bool world_answers(const struct world *world, uint32_t probe, uint32_t site);
bool world_reaches_store(const struct world *world, uint32_t probe);
/* The lease in the store lives until then; 0: it is gone. */
msec_t world_lease_until(const struct world *world, uint32_t probe);
bool world_has_own_settings(const struct world *world, uint32_t probe);
const struct settings *world_probe_settings(const struct world *world, uint32_t probe);
uint64_t world_steps(const struct world *world); /* of all engines, so far */

/* Facts go to the trace when their code is in this set (1 << code). */
#define WORLD_TRACE(code) (UINT64_C(1) << (code))

/* Makes a world from the text of a settings file: one probe for each elector, all alive from time 0
 * on, endpoints all good, record sets as the settings say, no fence. Returns 0, or -1 with the
 * first problem in error. */
int world_create(const char *settings_text, char *error, size_t error_size,
                 struct world **ret_world);
void world_destroy(struct world *world);

/* Lets time pass up to at_ms, and everything happen that is due by then. */
void world_run(struct world *world, msec_t at_ms);
msec_t world_now(const struct world *world);
const struct settings *world_settings(const struct world *world);

/* D9: the operator confirms init on the first probe. */
void world_init_groups(struct world *world);

/* ---- endpoints ---- */

/* How a site answers one probe, or all (probe NONE). Void: the probe's own fault (V4). Some take a
 * number (world_act): a status, milliseconds, per cent. */
enum site_mode {
    SITE_OK,
    SITE_REFUSE,
    SITE_TIMEOUT,
    SITE_STATUS, /* 0: a bad one */
    SITE_DNS,
    SITE_VOID,
    SITE_SLOW,
    SITE_LOSS,
    SITE_TLS
};
void world_site(struct world *world, const char *site, enum site_mode mode, uint32_t probe);
void world_references(struct world *world, bool answer, uint32_t probe);

/* ---- probes ---- */

void world_kill(struct world *world, uint32_t probe);
void world_start(struct world *world, uint32_t probe);
/* Stops a probe as SIGSTOP does; what comes meanwhile waits. */
void world_pause(struct world *world, uint32_t probe);
void world_resume(struct world *world, uint32_t probe);
/* The probe's wall clock jumps. */
void world_clock(struct world *world, uint32_t probe, msec_t jump_ms);
/* Its wall clock is wrong by skew; takes effect when it is started. */
void world_wall(struct world *world, uint32_t probe, msec_t skew_ms);
/* Its dry run; takes effect when it is started. */
void world_dry_run(struct world *world, uint32_t probe, bool dry_run);
struct engine *world_engine(struct world *world, uint32_t probe);
/* Gives a probe that is not alive other settings, over the same sites. */
void world_other_settings(struct world *world, uint32_t probe, const char *settings_text);

/* ---- the store ---- */

void world_store(struct world *world, bool reachable, uint32_t probe); /* NONE: for all */
void world_store_readonly(struct world *world, bool readonly);
/* Keeps the store's state of now, and goes back to it later (S1). */
void world_store_save(struct world *world);
void world_store_rollback(struct world *world);
/* Somebody writes a key by hand, or (NULL) deletes it. */
void world_store_write(struct world *world, const char *key, const char *text);
/* The text at a key, or NULL. */
const char *world_store_value(const struct world *world, const char *key);
/* What the store holds now, with its revisions: for those who judge. */
struct world_value {
    const char *text;
    uint64_t create_revision;
    uint64_t mod_revision;
};
/* 0, or -1: nothing stands at the key. */
int world_store_get(const struct world *world, const char *key, struct world_value *ret_value);
/* Calls visit for each key that stands there and begins with prefix. */
typedef void (*world_visit)(void *context, const char *key, const struct world_value *value);
void world_store_each(const struct world *world, const char *prefix, world_visit visit,
                      void *context);

/* ---- operators ---- */

struct world_order {
    enum order_verb verb;
    const char *region;   /* or NULL */
    const char *group;    /* or NULL */
    const char *incident; /* or NULL */
    bool override;
    msec_t for_ms; /* 0: no end */
};
void world_order(struct world *world, const struct world_order *order);
/* A drain with override, given to one probe that is without the store: confirmed as it is shown.
 * False: nothing can be done, and nothing was. */
bool world_break_glass(struct world *world, uint32_t probe, const struct world_order *order);

/* ---- Route 53 ---- */

enum route53_mode {
    ZONE_OK,
    ZONE_DOWN,       /* no answer, nothing applied */
    ZONE_THROTTLE,   /* busy */
    ZONE_LOSE_REPLY, /* applied, no answer */
    ZONE_LATE,       /* no answer, applied later: world_zone_late() */
    ZONE_PENDING,    /* accepted, and reaches no server as long as this lasts */
    ZONE_STRANDED,   /* accepted, and undone when this ends, or after a minute */
    ZONE_DENY,
    ZONE_DENY_ONE /* of the batches, those for one zone: world_zone_denied() */
};
void world_zone(struct world *world, enum route53_mode mode);
void world_zone_late(struct world *world, msec_t delay_ms);
void world_zone_denied(struct world *world, uint32_t zone);
/* The next batch only meets with this; readings do not. */
void world_zone_once(struct world *world, enum route53_mode mode);
/* A human changes a weight, or a TTL, a moment before the next batch arrives. */
void world_set_weight_before_batch(struct world *world, const char *site, int weight);
void world_set_ttl_before_batch(struct world *world, const char *site, int64_t ttl_s);
/* What the zone says. -1: no such record set. */
int world_weight(const struct world *world, const char *site);
int64_t world_ttl(const struct world *world, const char *site);
/* One of its sets, by its index in the settings. */
int world_set_now(const struct world *world, uint32_t set);
void world_change_set(struct world *world, uint32_t set, int weight);
void world_drop_set(struct world *world, uint32_t set);
/* 0: no fence. */
uint64_t world_fence(const struct world *world, const char *group);
/* A human changes a weight, or deletes a fence or a record set. */
void world_set_weight(struct world *world, const char *site, int weight);
void world_set_ttl(struct world *world, const char *site, int64_t ttl_s);
/* What stands in the TXT record of this name, in every zone that has it. */
void world_set_fence(struct world *world, const char *name, const char *text);
void world_delete_fence(struct world *world, const char *group);
void world_delete_fence_in(struct world *world, const char *group, uint32_t zone); /* NONE: all */
void world_delete_set(struct world *world, const char *site);
/* Batches that the zone took, and those of them that changed a weight. */
uint32_t world_batches(const struct world *world);
uint32_t world_shifts(const struct world *world);
uint32_t world_refused(const struct world *world);
/* True when every accepted batch so far had an epoch above all accepted before it (C2). */
bool world_epochs_rose(const struct world *world);
/* True when no accepted batch that changed a weight left a service without any (C5). */
bool world_kept_weight(const struct world *world);
/* Calls sent for each batch as it is handed to Route 53, before anything becomes of it. */
typedef void (*world_sent)(struct world *world, uint32_t probe, const struct batch *batch,
                           void *context);
void world_watch_batches(struct world *world, world_sent sent, void *context);

/* ---- what was said ---- */

/* Which facts are traced, of which probe (NONE: of all). */
void world_trace(struct world *world, uint64_t codes, uint32_t probe);
/* Lines "[12000] use1 decided group=... \n", since the last clear. */
const char *world_traced(const struct world *world);
void world_trace_clear(struct world *world);
/* How often an alert was raised, over all probes. */
uint32_t world_alerts(const struct world *world, enum alert_event event, enum alert_phase phase);
/* The newest alert of an event, or NULL. */
const struct alert *world_alert(const struct world *world, enum alert_event event);
bool world_latched(const struct world *world, uint32_t probe, uint32_t group, uint32_t region);
/* `init --health-checks` of every group, at this probe: by region, "" none. */
void world_attach(struct world *world, uint32_t probe, const char *const *health);
/* The health check of a site's own record set; "" none. */
const char *world_health(const struct world *world, const char *site);
uint32_t world_checks_started(const struct world *world, uint32_t probe, const char *site);

/* ---- for tests of the engine itself ---- */

/* Calls hook before each step of any engine; NULL: no more. */
void world_hook(struct world *world, void (*hook)(struct engine *engine));
/* Keeps each event of a probe as a line of text (event_text.h), from now on. */
void world_record(struct world *world, uint32_t probe);
const char *world_recorded(const struct world *world);

#endif
