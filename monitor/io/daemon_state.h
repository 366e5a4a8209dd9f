/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_state.h: what the daemon's files share: daemon.c starts and stops, perform.c does what
 * the engine wants, reload.c swaps settings. */
#ifndef REGIONSHIFT_DAEMON_STATE_H
#define REGIONSHIFT_DAEMON_STATE_H

#include <sys/queue.h>
#include <uv.h>

#include "control.h"
#include "daemon.h"
#include "journal.h"
#include "local_orders.h"
#include "loop.h"
#include "probe.h"
#include "pushes.h"
#include "health_watch.h"
#include "readiness.h"
#include "recorder.h"
#include "resolver.h"
#include "rollups.h"
#include "store.h"
#include "teller.h"

/* Settings that were replaced and are still used by what is ending. */
struct retired {
    LIST_ENTRY(retired) link;
    struct settings *settings;
    bool prober_closed;
};

struct daemon {
    struct daemon_options options;
    uv_loop_t uv;
    struct settings *settings;
    struct engine *engine;
    struct loop *loop;
    struct store *store;
    struct board *board;
    struct prober *prober;
    struct pushes *pushes;
    msec_t *started_ms; /* by token: checks, then references: when its attempt began */
    struct route53 *route53;
    struct resolver *resolver;
    struct zones *zones;
    struct readiness *readiness;
    struct health_watch *health;
    unsigned resolver_users; /* that have not closed yet */
    struct alerts *alerts;
    struct history *history;
    struct rollups *rollups;
    struct recorder *recorder;
    struct journal *journal;
    struct latches *latches;
    struct local_orders *locals;
    struct control *control;
    struct daemon_stats stats;
    LIST_HEAD(, retired) retired;

    uv_signal_t on_hangup;
    uv_signal_t on_terminate;
    uv_signal_t on_interrupt;
    uv_timer_t watchdog;
    uv_timer_t tidy;
    uv_timer_t patience; /* how long a stop waits for a change in flight */
    uint64_t watched_turns;
    bool stopping; /* nothing new is begun */
    bool stopped;  /* everything is closing */
};

/* perform.c */
void perform_update(void *context, const struct event *event, const struct update *update);
void perform_result(void *context, uint32_t token, const struct result *result);
void perform_push(void *context, uint32_t check);
void perform_sink(void *context, uint32_t sink, bool failing, const char *error);
void perform_tell(void *context, const struct event *event, void (*release)(void *block),
                  void *block);
msec_t perform_now(void *context);

/* serve.c: operators' interfaces. 0, or -errno with a sentence in error. */
int serve_start(struct daemon *daemon, char *error, size_t error_size);

/* reload.c */
void reload_settings(struct daemon *daemon);
/* Ends settings that nobody uses any more. */
void reload_sweep(struct daemon *daemon);
/* Tells a new engine what this machine's own files know: the journal, and local orders. */
void reload_tell_local(struct daemon *daemon);

/* daemon.c: goes on with a stop when nothing is unanswered. */
void daemon_stop_when_idle(struct daemon *daemon);

#endif
