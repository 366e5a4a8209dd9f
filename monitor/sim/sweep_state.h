/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_state.h: what the files of the sweep share. */
#ifndef REGIONSHIFT_SIM_SWEEP_STATE_H
#define REGIONSHIFT_SIM_SWEEP_STATE_H

#include <stdbool.h>

#include "sweep.h"
#include "units.h"
#include "world.h"

enum {
    SWEEP_NAME_MAX = 63,
    SWEEP_PATH_MAX = 191,
    SWEEP_VALUE_MAX = 31,
    SWEEP_LOSSES_MAX = 8,
    SWEEP_TEXT_MAX = 255
};

/* How a region dies. */
enum { DEATH_REFUSE, DEATH_TIMEOUT, DEATH_COUNT };

struct sweep_key {
    char name[SWEEP_NAME_MAX + 1];
    char path[SWEEP_PATH_MAX + 1];
    uint32_t count;
    char values[SWEEP_VALUES_MAX][SWEEP_VALUE_MAX + 1];
};

/* Of several times, in milliseconds. */
struct sweep_times {
    msec_t median_ms;
    msec_t p90_ms;
    msec_t p99_ms;
    msec_t max_ms;
};

struct sweep_death {
    uint32_t timed; /* runs in which it came to a decision */
    struct sweep_times agreed;
    struct sweep_times decided;
};

struct sweep_noise {
    double computed; /* false moves a year; -1: not computable */
    double counted;  /* the same, in the simulated world; -1: too rare, or not asked */
    uint64_t count;
};

struct sweep_row {
    uint32_t value[SWEEP_KEYS_MAX];   /* index into each key's values */
    char refused[SWEEP_TEXT_MAX + 1]; /* "": it was worked out */
    struct sweep_noise noise[SWEEP_LOSSES_MAX];
    struct sweep_death deaths[DEATH_COUNT];
};

/* One line of the tables of the rule itself (sweep_noise.c). */
enum { NOISE_LINES_MAX = 24, NOISE_COLUMNS_MAX = 5, NOISE_LABEL_MAX = 47 };
struct noise_line {
    char label[NOISE_LABEL_MAX + 1];
    double values[NOISE_COLUMNS_MAX];
    double p90[NOISE_COLUMNS_MAX]; /* of detection times, seconds; the value is the median */
};

/* One line of the table of detection (sweep_detection.c). */
enum { DETECTION_LINES_MAX = 9, DETECTION_LOSSES = 2 };
struct detection_line {
    uint32_t probes;
    uint32_t quorum;
    const char *how;
    struct sweep_death deaths[DEATH_COUNT];
    double steady[1 + DETECTION_LOSSES]; /* checks in an interval, of a probe and site */
    double lost[DETECTION_LOSSES];       /* false agreements a year, computed */
    double bursts;                       /* ... counted, when whole networks are lost in bursts */
};

struct sweep {
    bool is_noise;
    bool is_detection;
    struct sweep_key keys[SWEEP_KEYS_MAX];
    uint32_t key_count;
    uint32_t losses[SWEEP_LOSSES_MAX]; /* percent */
    uint32_t loss_count;
    uint32_t phases;
    uint32_t hours;
    struct sweep_row rows[SWEEP_ROWS_MAX];
    uint32_t row_count;
    struct noise_line rates[NOISE_LINES_MAX];
    uint32_t rate_count;
    struct noise_line grey[NOISE_LINES_MAX];
    uint32_t grey_count;
    struct detection_line lines[DETECTION_LINES_MAX];
    uint32_t line_count;
};

/* Whether it is no setting but V2's joint look itself, "on" or "off". */
bool sweep_key_is_joint(const struct sweep_key *key);

/* ---- sweep_measure.c: in the simulated world ---- */

/* An episode of agreed down while nothing was wrong. */
struct episode {
    uint32_t site;
    msec_t length_ms;
};
struct episodes {
    struct episode *list; /* owned */
    uint32_t count;
};

/* Whether a false agreement on this site would move traffic: it has weight, and its group minds. */
bool sweep_counts(const struct settings *settings, uint32_t site);

/* Loses loss percent of the checks of every site that counts, for so many simulated hours, and
 * lists the episodes. The cast should hold so long that nothing moves. Returns 0 or -1. */
int sweep_watch(const struct cast *cast, uint32_t loss, uint32_t hours, uint64_t seed,
                struct episodes *ret_episodes);

/* Lets the first group's first region die, once in each of so many worlds, at a random phase. */
void sweep_die(const struct cast *cast, int death, uint32_t phases, uint64_t seed,
               struct sweep_death *ret_death);

/* Milliseconds until the first site is agreed down when every probe loses loss percent of its
 * checks; limit_ms: not by then. */
msec_t sweep_grey(const struct cast *cast, uint32_t loss, uint64_t seed, msec_t limit_ms);

/* How many checks a probe makes of a site in an interval, while nothing is wrong but that loss
 * percent are lost. */
double sweep_steady(const struct cast *cast, uint32_t loss, uint32_t hours, uint64_t seed);

/* False agreements in so many hours, while each probe's network loses everything in bursts of some
 * seconds, loss percent of the time. */
uint64_t sweep_bursts(const struct cast *cast, uint32_t loss, uint32_t hours, uint64_t seed);

struct sweep_times sweep_times_of(msec_t *times, uint32_t count);

/* ---- sweep_noise.c: the tables of the rule itself ---- */

/* Settings with nothing in them but an electorate, a quorum and one service of two sites, for the
 * rule of 10 s. window: what else the checks are given, or "". */
int sweep_rule_cast(uint32_t probes, uint32_t quorum, uint32_t fall, const char *window,
                    const struct settings_change *changes, uint32_t change_count, char *error,
                    size_t error_size, struct cast **ret_cast);

int sweep_noise_run(struct sweep *sweep, uint64_t seed, sweep_progress progress, void *context,
                    char *error, size_t error_size);
/* The textbook's lines alone, which are quick: five rates, then two of grey failure. */
int sweep_noise_textbook(struct sweep *sweep, uint64_t seed);
void sweep_noise_print(const struct sweep *sweep, FILE *out);

/* ---- sweep_detection.c ---- */

int sweep_detection_run(struct sweep *sweep, uint64_t seed, sweep_progress progress, void *context,
                        char *error, size_t error_size);
void sweep_detection_print(const struct sweep *sweep, FILE *out);

#endif
