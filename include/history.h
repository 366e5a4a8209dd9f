/* SPDX-License-Identifier: Apache-2.0 */
/* history.h: what this machine saw and did, in a SQLite file of its own: decisions with their
 * evidence and measured times, incidents, facts, recordings. Kept for history.keep, and never more
 * than HISTORY_FACTS_MAX facts and history.recording of recordings. Written by a worker thread in
 * batches; the loop never waits for it, and what does not fit into memory is dropped and counted: a
 * history is no ledger. */
#ifndef REGIONSHIFT_HISTORY_H
#define REGIONSHIFT_HISTORY_H

#include "alert.h"
#include "decision.h"
#include "recording.h"
#include "rollup.h"
#include "settings.h"
#include "units.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

enum {
    HISTORY_FACTS_MAX = 500000,          /* about 100 MB */
    HISTORY_PENDING_MAX = 10000,         /* records that wait for the disk */
    HISTORY_LINES_MAX = 4 * 1024 * 1024, /* bytes of lines among them */
    HISTORY_READS_MAX = 64,
    HISTORY_ROWS_MAX = 1000,          /* of one answer */
    HISTORY_ROLLUPS_MAX = 1000 * 1000 /* minutes, and half as many quarters and days; 150 MB */
};

struct history;

/* The file is opened by the worker; one that cannot be used is said in the log, and tried again
 * with the next record. Returns 0 or -errno. */
int history_create(uv_loop_t *uv, const struct settings *settings, struct history **ret_history);

/* Adopts another `keep`. */
void history_reload(struct history *history, const struct settings *settings);

/* ---- writing; everything is copied ---- */

/* A decision, again whenever one of its times (C7) is measured; -1: not yet. */
struct history_times {
    msec_t decided_ms;
    msec_t accepted_ms;
    msec_t insync_ms;
    msec_t servers_ms;
    msec_t resolvers_ms;
};
void history_decision(struct history *history, const struct settings *settings,
                      const struct decision *decision, const struct history_times *times);

void history_alert(struct history *history, const struct alert *alert);

/* line: as fact_format() writes it. group: "" when it is about none. */
void history_fact(struct history *history, wall_t at_wall, const char *group, const char *line);

/* ---- recordings (recording.h), of one engine at a time ---- */

/* Begins one: head is its first line, with its newline. What was begun before has ended by then. */
void history_recording_begin(struct history *history, wall_t at_wall, const char *probe,
                             int64_t bytes_max, const char *head);
/* Goes on with it: whole lines, each with its newline. When they do not fit into memory they count
 * as lost, and the recording ends there. */
void history_recording_lines(struct history *history, wall_t at_wall, const char *lines,
                             uint32_t events);
/* Ends it. lost: events that could not be given as lines. */
void history_recording_end(struct history *history, wall_t at_wall, enum recording_end end,
                           uint32_t lost);

struct recording_stats {
    bool recording; /* one is being made, complete from its beginning */
    bool filled;    /* none is, because the newest took all the space a recording may have */
    uint64_t recorded;
    uint64_t lost; /* events that are in no recording, through our own fault or the disk's */
};
void history_recording_stats(const struct history *history, struct recording_stats *ret_stats);

/* ---- how long checks took ---- */

/* What one check did in one minute, quarter of an hour, or day. */
enum history_span { SPAN_MINUTE, SPAN_QUARTER, SPAN_DAY, SPAN_COUNT };

struct history_rollup {
    wall_t at_wall;    /* when the time began */
    const char *site;  /* as the settings name it */
    const char *check; /* its name, or its place in the site's list */
    struct rollup rollup;
};
/* A minute of many checks; it goes into the quarter and the day as well. Minutes are kept for two
 * days, quarters for thirty, days as long as everything else; never more than HISTORY_ROLLUPS_MAX.
 */
void history_rollups(struct history *history, const struct history_rollup *rows, uint32_t count);

/* "1m" "15m" "1d" */
int history_span_parse(const char *name, enum history_span *ret_span);

/* ---- reading; done is called once, from the loop ---- */

struct history_decision_row {
    const char *group;
    uint64_t epoch;
    wall_t at_wall;
    const char *kind;
    const char *by;
    const char *reason;
    const char *value; /* the decision as JSON (store_json.h): weights, voters, order */
    struct history_times times;
};
typedef void (*history_decisions_done)(void *context, const struct history_decision_row *rows,
                                       uint32_t count, const char *error /* "" : good */);
/* The newest `limit` decisions, newest first. group: "" for all. */
void history_decisions(struct history *history, const char *group, uint32_t limit,
                       history_decisions_done done, void *context);

struct history_incident_row {
    const char *id;
    const char *event;
    const char *severity;
    wall_t opened_wall;
    wall_t resolved_wall; /* 0: open */
    uint32_t notices;
    const char *group;
    const char *region;
    uint64_t epoch;
    const char *subject;
    const char *text; /* of the opening */
};
struct history_fact_row {
    wall_t at_wall;
    const char *line;
};
typedef void (*history_incident_done)(void *context, const struct history_incident_row *incident,
                                      const struct history_fact_row *facts, uint32_t fact_count,
                                      const char *error);
/* The newest incident of this id (NULL: there is none), and the facts of its group from five
 * minutes before it was opened until five minutes after it was resolved. */
void history_incident(struct history *history, const char *id, history_incident_done done,
                      void *context);

typedef void (*history_rollups_done)(void *context, const struct history_rollup *rows,
                                     uint32_t count, const char *error);
/* The newest `limit` rollups of a site's checks, newest first. */
void history_read_rollups(struct history *history, const char *site, enum history_span span,
                          uint32_t limit, history_rollups_done done, void *context);

struct history_stats {
    uint64_t written;
    uint64_t dropped; /* no room, or the disk would not take them */
    uint32_t pending;
    char error[200]; /* of the last failure, "" : all is well */
};
void history_stats(const struct history *history, struct history_stats *ret_stats);

/* Writes what is pending, then closes; reads that wait are answered with an error. `closed` runs
 * when all is done, perhaps at once. Accepts NULL. */
void history_close(struct history *history, void (*closed)(void *context), void *context);

#endif
