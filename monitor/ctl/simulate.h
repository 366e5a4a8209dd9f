/* SPDX-License-Identifier: Apache-2.0 */
/* simulate.h: what `regionshift simulate` runs and what became of it, shared by its files:
 *
 *     simulate.c            the command: what is asked for, in which order, the exit code
 *     simulate_scenarios.c  which scenario files there are
 *     simulate_run.c        plays them, and random hours; casts, progress, Ctrl-C
 *     simulate_sweep.c      --sweep: what a setting costs
 *     simulate_repeat.c     the line that repeats a random hour
 *     simulate_show.c       the table, for people
 *     simulate_json.c       the same as JSON (docs/API.md)
 */
#ifndef REGIONSHIFT_CTL_SIMULATE_H
#define REGIONSHIFT_CTL_SIMULATE_H

#include "../sim/swarm.h"
#include "ctl.h"

enum {
    RANDOM_HOURS = 1000, /* when nothing else is asked for */
    FAILURES_KEPT = 20,  /* of random hours: with their reports */
    FAILURES_SHRUNK = 3, /* each takes hundreds of runs */
    RUN_TEXT_MAX = 1023
};
#define RANDOM_LENGTH_MS ((msec_t)3600 * 1000)

/* A scenario and what became of it. */
enum run_fate {
    RUN_NOT_YET,
    RUN_HELD,     /* every expectation and every invariant */
    RUN_FAILED,   /* an expectation */
    RUN_VIOLATED, /* an invariant */
    RUN_SKIPPED   /* it means nothing under these settings */
};

struct scenario_run {
    char *file;
    struct scenario *scenario;
    enum run_fate fate;
    char skipped[RUN_TEXT_MAX + 1]; /* why */
    struct outcome_report report;   /* unless skipped */
};

/* A random hour in which something failed. */
struct random_failure {
    uint64_t seed;
    struct scenario *scenario;
    struct scenario *shrunk; /* NULL: not tried */
    struct outcome_report report;
};

/* A cast for the `set` lines of a scenario; most have none. */
struct cast_of_sets {
    char *sets;
    struct cast *cast; /* NULL: the settings do not bear them */
    char error[RUN_TEXT_MAX + 1];
};

struct simulation {
    const struct arguments *arguments;
    const char *file; /* of the settings */
    char *text;
    size_t length;
    struct cast_of_sets *casts; /* the first has no sets */
    size_t cast_count;
    struct scenario_run **runs;
    size_t run_count;
    int64_t seeds;      /* random hours asked for */
    int64_t seeds_done; /* from arguments->seed on */
    uint64_t steps;     /* of the random hours, like the rest */
    uint64_t shifts;
    uint64_t pages;
    int64_t failures; /* hours */
    struct random_failure *failed[FAILURES_KEPT];
    size_t failed_count;
    bool interrupted;
};

/* ---- simulate.c ---- */

/* Reads the settings file and makes the first cast. 0, or an exit code: all that is wrong with it
 * has been said. */
int simulate_read_settings(struct simulation *simulation);

/* ---- simulate_scenarios.c ---- */

/* Fills runs with the scenarios asked for, or all shipped ones. Every error of every file is said
 * on stderr. 0 or an exit code. */
int scenarios_find(struct simulation *simulation);
void scenarios_clear(struct simulation *simulation);

/* ---- simulate_run.c ---- */

/* Makes the settings' own cast. 0, or an exit code: what is wrong has been said. */
int simulate_make_cast(struct simulation *simulation);
/* Plays everything asked for, until it is done or Ctrl-C. 0 or an exit code. */
int simulate_all(struct simulation *simulation);
void simulate_clear(struct simulation *simulation);

/* A line on stderr that the next one replaces; nothing unless stderr is a terminal. */
__attribute__((format(printf, 1, 2))) void simulate_progress(const char *format, ...);

bool simulate_is_good(const struct simulation *simulation);

/* ---- simulate_repeat.c ---- */

/* "regionshift -c FILE simulate --seeds 1 --seed 77", for a shell; to be freed. */
char *simulate_repeat(const char *file, uint64_t seed);

/* ---- simulate_sweep.c ---- */

/* --sweep, from its SPEC to what is printed. Returns an exit code. */
int simulate_sweep(struct simulation *simulation);

/* ---- simulate_show.c, simulate_json.c ---- */

const char *run_fate_name(enum run_fate fate); /* "held" "failed" "violated" "skipped" */
void simulate_show(const struct simulation *simulation);
/* 0, or -1: no memory. */
int simulate_show_json(const struct simulation *simulation);

#endif
