/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.h: one running daemon: the engine, and the parts of the shell around it. Who serves
 * operators (control, metrics, beacons) reads through the accessors, on the loop's thread, and
 * keeps no pointer across a reload. */
#ifndef REGIONSHIFT_DAEMON_H
#define REGIONSHIFT_DAEMON_H

#include <stdbool.h>

#include "alerts.h"
#include "board.h"
#include "engine.h"
#include "history.h"
#include "latches.h"
#include "route53.h"
#include "settings.h"
#include "zones.h"

struct daemon;

struct daemon_options {
    const char *file;  /* of the settings */
    const char *probe; /* overrides probe.name; NULL: not */
    bool dry_run;      /* never commit, never change */
};

/* The exit codes of the daemon (DESIGN, interfaces). */
enum { DAEMON_STOPPED = 0, DAEMON_FAILED = 1, DAEMON_BAD_SETTINGS = 2 };

/* Runs until a signal ends it, with these settings, which it owns from now on. Returns one of the
 * exit codes; what went wrong is in the log. */
int daemon_run(const struct daemon_options *options, struct settings *settings);

/* ---- for those who serve operators ---- */

uv_loop_t *daemon_uv(struct daemon *daemon);
const struct settings *daemon_settings(const struct daemon *daemon);
const struct engine *daemon_engine(const struct daemon *daemon);
struct board *daemon_board(const struct daemon *daemon); /* board_put_order() */
struct zones *daemon_zones(const struct daemon *daemon);
struct route53 *daemon_route53(const struct daemon *daemon);
struct alerts *daemon_alerts(const struct daemon *daemon);
struct history *daemon_history(const struct daemon *daemon);
const struct latches *daemon_latches(const struct daemon *daemon);
bool daemon_dry_run(const struct daemon *daemon);

/* The counters of metrics. */
struct daemon_stats {
    msec_t started_ms;
    uint64_t turns;
    uint64_t results_good;
    uint64_t results_bad;
    uint64_t results_void;
    uint64_t facts_lost;
    uint64_t reloads;
    uint64_t reloads_refused;
};
void daemon_stats(const struct daemon *daemon, struct daemon_stats *ret_stats);

/* Gives the engine an event that points to nothing, as EVENT_INIT. */
void daemon_post(struct daemon *daemon, const struct event *event);

/* Who wants to know. Each may be NULL. */
struct daemon_listener {
    void (*fact)(void *context, wall_t at_wall, const char *group, const char *line);
    void (*turned)(void *context);   /* after each turn: what is shown may have changed */
    void (*reloaded)(void *context); /* the settings are others; the old ones still live */
    void *context;
};
void daemon_listen(struct daemon *daemon, const struct daemon_listener *listener);

#endif
