/* SPDX-License-Identifier: Apache-2.0 */
/* alerts_world.h: real receivers of mail and webhooks (tests/lib/alert_receivers.py), a loop, and
 * probes with a spool each and one store in common. The receivers live as long as the suite; each
 * test begins with an empty folder and receivers that take everything. */
#ifndef REGIONSHIFT_TESTS_ALERTS_WORLD_H
#define REGIONSHIFT_TESTS_ALERTS_WORLD_H

#include <check.h>
#include <jansson.h>
#include <stdbool.h>

#include "../../monitor/io/alert_queue.h"
#include "../lib/fake_store.h"

enum { WORLD_PROBES_MAX = 3, WORLD_SINKS_MAX = 4, WORLD_PATIENCE_MS = 60 * 1000 };

extern uv_loop_t world_loop;
extern char world_folder[200];
extern struct fake_data world_data;
extern const wall_t world_noon;

struct probe {
    struct settings settings;
    struct elector elector;
    struct sink_settings sinks[WORLD_SINKS_MAX];
    char spool[240];
    struct store *store;
    struct alerts *alerts;
    char warning[300]; /* what alerts_create() said */
    unsigned failing_count, recovered_count;
    char failing_text[SINK_TEXT_MAX + 1];
};

/* Fixtures. */
void world_receivers_start(void); /* of the suite */
void world_receivers_stop(void);
void world_setup(void); /* of each test */
void world_teardown(void);

/* Ports and certificate of the receivers. */
uint16_t world_port(const char *name);
const char *world_certificate(void);

/* A command to the receivers (see there). */
void world_command(const char *text);

/* Sinks of every sort, aimed at the receivers. */
struct sink_settings world_mail_sink(const char *name);
struct sink_settings world_hook_sink(const char *name);

/* A probe whose spool is its own, "SPOOL" under the folder. Without a store: NULL. */
void probe_init(struct probe *probe, const char *name, struct store *store);
void probe_add(struct probe *probe, struct sink_settings sink);
void probe_start(struct probe *probe);
int probe_try_start(struct probe *probe); /* 0 or -errno, with probe->warning */
void probe_stop(struct probe *probe);     /* waits for closed() */
void probe_pace(struct probe *probe, msec_t hold_ms, msec_t stale_ms);
struct alerts_stats probe_stats(const struct probe *probe);
struct store *world_store(void); /* a handle on world_data, closed with the test */

struct alert world_alert(enum alert_phase phase, wall_t at_wall);

/* Runs the loop until it holds; fails the test after WORLD_PATIENCE_MS. */
typedef bool (*world_condition)(void *context);
void world_wait(world_condition condition, void *context, const char *what);
void world_wait_seen(const char *kind, size_t count); /* "mail", "hook", "refused" */
void world_wait_empty(struct probe *probe);           /* its queue */

/* The two probes of most tests, and ways to begin. */
extern struct probe use1, usw2;
extern const char claim_name[];            /* of world_alert() */
void start_one(struct sink_settings sink); /* use1, with a store */
void start_two(void);                      /* one store, a mail sink each */
void stop_two(void);
struct sink_settings dead_sink(const char *name); /* at a port where nobody listens */
void name_incident(struct alert *alert, const char *name);
void raise_alert(struct probe *probe, enum alert_phase phase, wall_t at_wall);
void wait_claim_sent(void);

/* Conditions on a probe. */
bool has_failed(void *probe);
bool has_sent(void *probe);
bool has_told_failing(void *probe);

/* A test case with the fixtures. */
TCase *world_case(const char *name);

/* What was received, in order. */
size_t world_seen(const char *kind);
const json_t *world_nth(const char *kind, size_t index);
const char *world_text(const char *kind, size_t index, const char *field);
/* The value of a header of the n-th mail; valid until the next call. */
const char *world_header(size_t index, const char *name);

/* Files in a probe's spool that end in suffix. */
unsigned spool_count(const struct probe *probe, const char *suffix);

#endif
