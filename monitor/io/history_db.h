/* SPDX-License-Identifier: Apache-2.0 */
/* history_db.h: the file behind the history. Called by one worker at a time, never by the loop. */
#ifndef REGIONSHIFT_HISTORY_DB_H
#define REGIONSHIFT_HISTORY_DB_H

#include "history.h"

enum { HISTORY_ERROR_MAX = 200 };

enum record_kind {
    RECORD_DECISION,
    RECORD_ALERT,
    RECORD_FACT,
    RECORD_ROLLUPS, /* a minute of checks, as rollups_row() puts them together */
    RECORD_BEGIN,   /* of a recording (recording.h) */
    RECORD_LINES,
    RECORD_END
};

/* One thing to write: a struct in one block; the strings lie behind it. */
struct record {
    struct record *next;
    enum record_kind kind;
    wall_t at_wall;
    uint64_t epoch;
    struct history_times times;
    bool opens;       /* alert: opened, else resolved */
    uint32_t events;  /* lines: how many; end: how many are missing behind it */
    int64_t bytes;    /* begin: what all recordings together may have */
    const void *data; /* rollups; NULL else */
    size_t data_length;
    const char *group;  /* decision, alert, fact */
    const char *id;     /* alert: the incident */
    const char *name;   /* decision: kind; alert: event; end: why */
    const char *who;    /* decision: by; alert: severity; begin: probe */
    const char *region; /* alert */
    const char *title;  /* decision: reason; alert: subject */
    const char *text;   /* decision: JSON; alert: text; fact: line; begin: head; lines: they */
};

struct history_db;

/* What a reading found: rows and the memory behind them. */
struct history_answer {
    struct history_decision_row *decisions;
    uint32_t decision_count;
    bool has_incident;
    struct history_incident_row incident;
    struct history_fact_row *facts;
    uint32_t fact_count;
    struct history_rollup *rollups;
    uint32_t rollup_count;
    struct pool *pool;
    char error[HISTORY_ERROR_MAX];
};

/* Each opens the file when it is not open. 0, or -1 with a sentence in error (the file is closed
 * then, and opened anew by the next call). */
struct history_db *history_db_create(const char *path); /* NULL: out of memory */
int history_db_write(struct history_db *db, const struct record *records, char *error,
                     size_t error_size);
int history_db_trim(struct history_db *db, wall_t now_wall, msec_t keep_ms, char *error,
                    size_t error_size);
void history_db_decisions(struct history_db *db, const char *group, uint32_t limit,
                          struct history_answer *ret_answer);
void history_db_incident(struct history_db *db, const char *id, struct history_answer *ret_answer);
void history_db_rollups(struct history_db *db, const char *site, enum history_span span,
                        uint32_t limit, struct history_answer *ret_answer);
/* How recording goes; not while a write is under way. */
void history_db_recording(const struct history_db *db, struct recording_stats *ret_stats);
void history_db_destroy(struct history_db *db);

#endif
