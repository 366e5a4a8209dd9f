/* SPDX-License-Identifier: Apache-2.0 */
/* store_world.h: a loop, some daemons' stores on it, and calls that wait for their answer, so that
 * a test of the store reads as what happened. Knows the interface only, no engine. */
#ifndef REGIONSHIFT_TESTS_STORE_WORLD_H
#define REGIONSHIFT_TESTS_STORE_WORLD_H

#include <uv.h>

#include "store.h"

/* How one engine of the store is set up, opened and made to live through time. */
struct store_lab {
    const char *name;
    msec_t lease_ms;
    void (*setup)(void);
    void (*teardown)(void);
    int (*open)(uv_loop_t *loop, const char *owner, msec_t lease_ms, struct store **ret_store);
    void (*pass_time)(uv_loop_t *loop, msec_t ms); /* as the leases see it */
};

/* Patience costs a test its time only when it fails. A lasting lease outlives every test, also on a
 * machine that stands still for a while. */
enum { WORLD_STORES_MAX = 8, WORLD_PATIENCE_MS = 180 * 1000, WORLD_LASTING_MS = 3600 * 1000 };

/* What a watch told, as text: "put KEY=VALUE;" "del KEY;" and "STATUS;" for a loss, "again;" for
 * the empty event that follows one. */
struct watch_log {
    char *text;
    size_t length;
    char error[1024]; /* of the last event that was not OK */
    uint64_t revision;
    uint64_t last_mod; /* revisions told must never fall */
};

struct world {
    uv_loop_t loop;
    uv_timer_t patience;
    const struct store_lab *lab;
    struct store *stores[WORLD_STORES_MAX];
    unsigned store_count;
    struct watch_log logs[WORLD_STORES_MAX];
    unsigned log_count;
};

/* What a call answered. */
struct answer_of_store {
    bool done;
    unsigned times; /* it was answered: must end as 1 */
    enum store_status status;
    uint64_t revision;
    char error[1024];
    char *text; /* a view as "key=value key=value", with a trailing space; owned by the test */
    size_t count;
    struct store_item first; /* of a view: revisions of its first item; key and value NULL */
};

void world_open(struct world *world, const struct store_lab *lab);
struct store *world_daemon(struct world *world, const char *owner); /* with the lab's lease */
struct store *world_daemon_of(struct world *world, const char *owner, msec_t lease_ms);
void world_leave(struct world *world, struct store *store); /* closes one store, waits */
void world_close(struct world *world);                      /* closes all, waits */

/* Runs the loop until *flag; fails the test when patience ends. */
void world_wait(struct world *world, const bool *flag, const char *what);
void world_run_for(struct world *world, msec_t ms);
void world_pass_time(struct world *world, msec_t ms);

struct answer_of_store get(struct world *world, struct store *store, const char *prefix);
struct answer_of_store get_but(struct world *world, struct store *store, const char *prefix,
                               const char *but);
struct answer_of_store put(struct world *world, struct store *store, const char *key,
                           const char *value);
struct answer_of_store put_leased(struct world *world, struct store *store, const char *key,
                                  const char *value);
struct answer_of_store delete_key(struct world *world, struct store *store, const char *key);
struct answer_of_store renew(struct world *world, struct store *store);
struct answer_of_store get_all(struct world *world, struct store *store);
struct answer_of_store put_a(struct world *world, struct store *store); /* "a", "1" */
struct answer_of_store transact(struct world *world, struct store *store,
                                const struct store_txn *txn);

/* Fail the test, naming what was answered, unless it is this. */
uint64_t wrote(struct answer_of_store answer); /* OK; returns its revision */
void fails(struct answer_of_store answer, enum store_status status, const char *words);
/* Calls until it fails with these words: in the last try of a call, which is short, a slow machine
 * may not hear them. Another status fails the test at once. */
void will_fail(struct world *world, struct store *store,
               struct answer_of_store (*call)(struct world *world, struct store *store),
               enum store_status status, const char *words);
void reads(struct world *world, struct store *store, const char *prefix, const char *text);
void reads_but(struct world *world, struct store *store, const char *prefix, const char *but,
               const char *text);
/* Asks until the view is this: for what another daemon or time will do. */
void will_read(struct world *world, struct store *store, const char *prefix, const char *text);
/* Asks until the status is this. */
void will_answer(struct world *world, struct store *store, enum store_status status);
/* Write, renew, until it is done: an election of the members, which a slow machine may have at any
 * time, costs an answer. What was written without an answer is written again. */
void will_write(struct world *world, struct store *store, const char *key, const char *value);
void will_write_leased(struct world *world, struct store *store, const char *key,
                       const char *value);
void will_renew(struct world *world, struct store *store);
/* Writes it under a fresh lease, once: a short lease may lapse between the two, and then nothing
 * is written. */
void will_vote(struct world *world, struct store *store, const char *key, const char *value);

/* Callbacks that fill an answer_of_store. */
void on_view(void *context, enum store_status status, const struct store_view *view,
             const char *error);
void on_write(void *context, enum store_status status, uint64_t revision, const char *error);

/* The log lives as long as the world. */
struct watch_log *watch(struct world *world, struct store *store, const char *prefix);
/* Until all of this is told: it, and nothing else. */
void will_tell(struct world *world, struct watch_log *log, const char *text);
/* Until it has told this, whatever stands before and behind. */
void will_hear(struct world *world, struct watch_log *log, const char *words);
/* As will_tell(), of changes alone, each where it was told first: for members of etcd whose
 * elections may cost a watch (which begins again) and an answer (what it wrote is written again).
 */
void will_tell_changes(struct world *world, struct watch_log *log, const char *text);
/* A daemon votes and is closed, and its vote is gone at once, not only when its lease has lapsed.
 * Closing has a second for that: a machine that needs more is given other chances. */
void will_give_back(struct world *world, const char *owner, struct store *reader,
                    struct watch_log *log);
/* Forgets what was told so far. */
void watch_log_clear(struct watch_log *log);

#endif
