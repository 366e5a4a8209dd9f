/* SPDX-License-Identifier: Apache-2.0 */
/* daemon.h: one running daemon: the engine, and the parts of the shell around it. */
#ifndef REGIONSHIFT_DAEMON_H
#define REGIONSHIFT_DAEMON_H

#include <stdbool.h>

#include "settings.h"

struct daemon_options {
    const char *file;  /* of the settings */
    const char *probe; /* overrides probe.name; NULL: not */
    bool dry_run;      /* never commit, never change */
};

/* The exit codes of the daemon (DESIGN, interfaces). */
enum { DAEMON_STOPPED = 0, DAEMON_FAILED = 1, DAEMON_BAD_SETTINGS = 2 };

/* settings_load(), aside (heap.h). */
int daemon_load(const struct daemon_options *options, struct settings **ret_settings,
                struct settings_report *ret_report);

/* Runs until a signal ends it, with these settings, which it owns from now on. Returns one of the
 * exit codes; what went wrong is in the log. */
int daemon_run(const struct daemon_options *options, struct settings *settings);

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

#endif
