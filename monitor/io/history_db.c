/* SPDX-License-Identifier: Apache-2.0 */
#include "history_db.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "durable.h"
#include "pool.h"
#include "recording_write.h"
#include "rollups_file.h"

enum {
    BUSY_MS = 2000,               /* another process may read the file */
    ANSWER_MAX = 8 * 1024 * 1024, /* bytes of one answer */
    AROUND_MS = 5 * 60 * 1000     /* of an incident: what led to it, what followed */
};

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "PRAGMA synchronous = NORMAL;" /* a power cut may cost the last second of history */
    "PRAGMA cache_size = -64;"     /* KiB; written, hardly read: 2 MB look like a leak for hours */
    "CREATE TABLE IF NOT EXISTS decisions ("
    " group_name TEXT NOT NULL, epoch INTEGER NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL,"
    " decided_by TEXT NOT NULL, reason TEXT NOT NULL, value TEXT NOT NULL,"
    " decided_ms INTEGER NOT NULL, accepted_ms INTEGER NOT NULL, insync_ms INTEGER NOT NULL,"
    " servers_ms INTEGER NOT NULL, PRIMARY KEY (group_name, epoch)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS decisions_at ON decisions (at);"
    "CREATE TABLE IF NOT EXISTS incidents ("
    " number INTEGER PRIMARY KEY, id TEXT NOT NULL, event TEXT NOT NULL, severity TEXT NOT NULL,"
    " opened INTEGER NOT NULL, resolved INTEGER NOT NULL, notices INTEGER NOT NULL,"
    " group_name TEXT NOT NULL, region TEXT NOT NULL, epoch INTEGER NOT NULL,"
    " subject TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS incidents_id ON incidents (id);"
    "CREATE TABLE IF NOT EXISTS facts ("
    " number INTEGER PRIMARY KEY, at INTEGER NOT NULL, group_name TEXT NOT NULL,"
    " line TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS facts_at ON facts (at);"
    "PRAGMA user_version = 1;";

/* Files of before 0.2 have no such column. It stands last, as ALTER TABLE would put it. */
static const char add_resolvers[] =
    "ALTER TABLE decisions ADD COLUMN resolvers_ms INTEGER NOT NULL DEFAULT -1";

static const char sql_decision[] =
    "INSERT INTO decisions VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    " ON CONFLICT DO UPDATE SET decided_ms = max(decided_ms, excluded.decided_ms),"
    " accepted_ms = max(accepted_ms, excluded.accepted_ms),"
    " insync_ms = max(insync_ms, excluded.insync_ms),"
    " servers_ms = max(servers_ms, excluded.servers_ms),"
    " resolvers_ms = max(resolvers_ms, excluded.resolvers_ms)";
static const char sql_again[] =
    "UPDATE incidents SET notices = notices + 1 WHERE id = ?1 AND resolved = 0";
static const char sql_open[] =
    "INSERT INTO incidents (id, event, severity, opened, resolved, notices, group_name, region,"
    " epoch, subject, text) VALUES (?1, ?2, ?3, ?4, 0, 1, ?5, ?6, ?7, ?8, ?9)";
static const char sql_resolve[] =
    "UPDATE incidents SET resolved = ?2 WHERE id = ?1 AND resolved = 0";
static const char sql_fact[] = "INSERT INTO facts (at, group_name, line) VALUES (?1, ?2, ?3)";

struct history_db {
    sqlite3 *handle; /* NULL: not open */
    struct recording_writer *recordings;
    char path[];
};

/* ---- the file ---- */

static int fail(struct history_db *db, const char *what, char *error, size_t error_size)
{
    snprintf(error, error_size, "%s: %s: %s", db->path, what,
             db->handle != NULL ? sqlite3_errmsg(db->handle) : "out of memory");
    sqlite3_close(db->handle);
    db->handle = NULL;
    return -1;
}

static void make_folder(const char *path)
{
    char *folder = strdup(path);
    char *slash = folder != NULL ? strrchr(folder, '/') : NULL;

    if (slash != NULL && slash != folder) {
        *slash = '\0';
        (void)durable_folder(folder); /* what is wrong, opening the file will say */
    }
    free(folder);
}

static int add_columns(struct history_db *db)
{
    sqlite3_stmt *statement = NULL;
    int rc =
        sqlite3_prepare_v2(db->handle, "SELECT resolvers_ms FROM decisions", -1, &statement, NULL);

    sqlite3_finalize(statement);
    return rc == SQLITE_OK ? SQLITE_OK : sqlite3_exec(db->handle, add_resolvers, NULL, NULL, NULL);
}

static int make_ready(struct history_db *db, char *error, size_t error_size)
{
    if (db->handle != NULL)
        return 0;
    make_folder(db->path);
    if (sqlite3_open_v2(db->path, &db->handle,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK)
        return fail(db, "cannot be opened", error, error_size);
    sqlite3_busy_timeout(db->handle, BUSY_MS);
    if (sqlite3_exec(db->handle, schema, NULL, NULL, NULL) != SQLITE_OK ||
        add_columns(db) != SQLITE_OK ||
        sqlite3_exec(db->handle, recording_schema, NULL, NULL, NULL) != SQLITE_OK ||
        rollups_file_prepare(db->handle) < 0)
        return fail(db, "cannot be made ready", error, error_size);
    return 0;
}

struct history_db *history_db_create(const char *path)
{
    struct history_db *db = calloc(1, sizeof(*db) + strlen(path) + 1);

    if (db == NULL)
        return NULL;
    memcpy(db->path, path, strlen(path) + 1);
    db->recordings = recording_writer_create();
    if (db->recordings != NULL)
        return db;
    free(db);
    return NULL;
}

void history_db_recording(const struct history_db *db, struct recording_stats *ret_stats)
{
    recording_writer_stats(db->recordings, ret_stats);
}

void history_db_destroy(struct history_db *db)
{
    if (db == NULL)
        return;
    sqlite3_close(db->handle);
    recording_writer_destroy(db->recordings);
    free(db);
}

/* ---- writing ---- */

/* Binds by a pattern: 't' a text, 'i' a number (int64_t). */
static void bind_all(sqlite3_stmt *statement, const char *pattern, ...)
{
    va_list arguments;

    va_start(arguments, pattern);
    for (int i = 0; pattern[i] != '\0'; i++) {
        if (pattern[i] == 't')
            sqlite3_bind_text(statement, i + 1, va_arg(arguments, const char *), -1, SQLITE_STATIC);
        else
            sqlite3_bind_int64(statement, i + 1, va_arg(arguments, int64_t));
    }
    va_end(arguments);
}

/* Runs a prepared statement to its end; 0 or -1. */
static int finish(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);

    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? 0 : -1;
}

static sqlite3_stmt *prepare(struct history_db *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL);
    return statement; /* NULL: binding and stepping NULL are refused, and so the batch fails */
}

static int write_decision(struct history_db *db, const struct record *r)
{
    sqlite3_stmt *statement = prepare(db, sql_decision);

    bind_all(statement, "tiittttiiiii", r->group, (int64_t)r->epoch, r->at_wall, r->name, r->who,
             r->title, r->text, r->times.decided_ms, r->times.accepted_ms, r->times.insync_ms,
             r->times.servers_ms, r->times.resolvers_ms);
    return finish(statement);
}

static int write_alert(struct history_db *db, const struct record *r)
{
    sqlite3_stmt *statement = prepare(db, r->opens ? sql_again : sql_resolve);

    if (r->opens)
        bind_all(statement, "t", r->id);
    else
        bind_all(statement, "ti", r->id, r->at_wall);
    if (finish(statement) < 0)
        return -1;
    if (!r->opens || sqlite3_changes(db->handle) > 0)
        return 0;
    statement = prepare(db, sql_open);
    bind_all(statement, "tttittitt", r->id, r->name, r->who, r->at_wall, r->group, r->region,
             (int64_t)r->epoch, r->title, r->text);
    return finish(statement);
}

static int write_fact(struct history_db *db, const struct record *r)
{
    sqlite3_stmt *statement = prepare(db, sql_fact);

    bind_all(statement, "itt", r->at_wall, r->group, r->text);
    return finish(statement);
}

static int write_record(struct history_db *db, const struct record *record)
{
    switch (record->kind) {
    case RECORD_DECISION:
        return write_decision(db, record);
    case RECORD_ALERT:
        return write_alert(db, record);
    case RECORD_ROLLUPS:
        return rollups_file_write(db->handle, record->data, record->data_length);
    case RECORD_BEGIN:
    case RECORD_LINES:
    case RECORD_END:
        return 0; /* taken, and put together */
    case RECORD_FACT:
        break;
    }
    return write_fact(db, record);
}

/* One transaction. */
static int write_all(struct history_db *db, const struct record *records, char *error,
                     size_t error_size)
{
    if (make_ready(db, error, error_size) < 0)
        return -1;
    if (sqlite3_exec(db->handle, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, "cannot be written", error, error_size);
    for (const struct record *record = records; record != NULL; record = record->next) {
        if (write_record(db, record) < 0)
            return fail(db, "cannot be written", error, error_size);
    }
    if (recording_writer_put(db->recordings, db->handle) < 0)
        return fail(db, "cannot be written", error, error_size);
    if (sqlite3_exec(db->handle, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return fail(db, "cannot be written", error, error_size);
    return 0;
}

/* What belongs to a recording waits for a disk that takes it; the rest is history. */
int history_db_write(struct history_db *db, const struct record *records, char *error,
                     size_t error_size)
{
    int rc;

    for (const struct record *record = records; record != NULL; record = record->next)
        recording_writer_take(db->recordings, record);
    rc = write_all(db, records, error, error_size);
    recording_writer_settle(db->recordings, rc == 0);
    return rc;
}

int history_db_trim(struct history_db *db, wall_t now_wall, msec_t keep_ms, char *error,
                    size_t error_size)
{
    wall_t before_wall = now_wall - keep_ms;
    char sql[512];

    if (make_ready(db, error, error_size) < 0)
        return -1;
    snprintf(sql, sizeof(sql),
             "DELETE FROM decisions WHERE at < %lld;"
             "DELETE FROM incidents WHERE resolved > 0 AND resolved < %lld;"
             "DELETE FROM facts WHERE at < %lld;"
             "DELETE FROM facts WHERE number <= (SELECT max(number) FROM facts) - %d;",
             (long long)before_wall, (long long)before_wall, (long long)before_wall,
             HISTORY_FACTS_MAX);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK ||
        recording_writer_trim(db->recordings, db->handle, before_wall) < 0 ||
        rollups_file_trim(db->handle, now_wall, keep_ms) < 0)
        return fail(db, "cannot be trimmed", error, error_size);
    return 0;
}

/* ---- reading ---- */

/* A column's text in the answer's memory; "" when that is full. */
static const char *text_of(struct history_answer *answer, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    const char *copy = text != NULL ? pool_copy(answer->pool, text, strlen(text)) : NULL;

    return copy != NULL ? copy : "";
}

/* An answer with room for rows of this size; NULL: it says why in its error. */
static void *begin(struct history_db *db, struct history_answer *answer, size_t row_size)
{
    void *rows = NULL;

    *answer = (struct history_answer){.pool = pool_create(ANSWER_MAX)};
    if (make_ready(db, answer->error, sizeof(answer->error)) < 0)
        return NULL;
    if (answer->pool != NULL)
        rows = pool_alloc(answer->pool, row_size * HISTORY_ROWS_MAX);
    if (rows == NULL)
        snprintf(answer->error, sizeof(answer->error), "%s: out of memory", db->path);
    return rows;
}

/* Ends a reading that stopped with rc. */
static void end(struct history_db *db, struct history_answer *answer, sqlite3_stmt *statement,
                int rc)
{
    sqlite3_finalize(statement);
    if (rc != SQLITE_DONE && rc != SQLITE_ROW)
        fail(db, "cannot be read", answer->error, sizeof(answer->error));
}

static void read_decision(struct history_answer *answer, sqlite3_stmt *statement,
                          struct history_decision_row *row)
{
    row->group = text_of(answer, statement, 0);
    row->epoch = (uint64_t)sqlite3_column_int64(statement, 1);
    row->at_wall = sqlite3_column_int64(statement, 2);
    row->kind = text_of(answer, statement, 3);
    row->by = text_of(answer, statement, 4);
    row->reason = text_of(answer, statement, 5);
    row->value = text_of(answer, statement, 6);
    row->times.decided_ms = sqlite3_column_int64(statement, 7);
    row->times.accepted_ms = sqlite3_column_int64(statement, 8);
    row->times.insync_ms = sqlite3_column_int64(statement, 9);
    row->times.servers_ms = sqlite3_column_int64(statement, 10);
    row->times.resolvers_ms = sqlite3_column_int64(statement, 11);
}

void history_db_decisions(struct history_db *db, const char *group, uint32_t limit,
                          struct history_answer *ret_answer)
{
    struct history_answer *answer = ret_answer;
    sqlite3_stmt *statement;
    int rc;

    answer->decisions = begin(db, answer, sizeof(*answer->decisions));
    if (answer->error[0] != '\0')
        return;
    statement = prepare(db, "SELECT * FROM decisions WHERE ?1 = '' OR group_name = ?1"
                            " ORDER BY at DESC, epoch DESC LIMIT ?2");
    bind_all(statement, "ti", group,
             (int64_t)(limit < HISTORY_ROWS_MAX ? limit : HISTORY_ROWS_MAX));
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW)
        read_decision(answer, statement, &answer->decisions[answer->decision_count++]);
    end(db, answer, statement, rc);
}

static void read_incident(struct history_db *db, const char *id, struct history_answer *answer)
{
    struct history_incident_row *row = &answer->incident;
    sqlite3_stmt *statement =
        prepare(db, "SELECT id, event, severity, opened, resolved, notices, group_name, region,"
                    " epoch, subject, text FROM incidents WHERE id = ?1"
                    " ORDER BY number DESC LIMIT 1");
    int rc;

    bind_all(statement, "t", id);
    rc = sqlite3_step(statement);
    answer->has_incident = rc == SQLITE_ROW;
    if (answer->has_incident) {
        row->id = text_of(answer, statement, 0);
        row->event = text_of(answer, statement, 1);
        row->severity = text_of(answer, statement, 2);
        row->opened_wall = sqlite3_column_int64(statement, 3);
        row->resolved_wall = sqlite3_column_int64(statement, 4);
        row->notices = (uint32_t)sqlite3_column_int64(statement, 5);
        row->group = text_of(answer, statement, 6);
        row->region = text_of(answer, statement, 7);
        row->epoch = (uint64_t)sqlite3_column_int64(statement, 8);
        row->subject = text_of(answer, statement, 9);
        row->text = text_of(answer, statement, 10);
    }
    end(db, answer, statement, rc);
}

static void read_facts(struct history_db *db, struct history_answer *answer)
{
    const struct history_incident_row *incident = &answer->incident;
    sqlite3_stmt *statement = prepare(db, "SELECT at, line FROM facts WHERE at >= ?1 AND at <= ?2"
                                          " AND (group_name = ?3 OR group_name = '' OR ?3 = '')"
                                          " ORDER BY number LIMIT ?4");
    wall_t until = incident->resolved_wall > 0 ? incident->resolved_wall + AROUND_MS : INT64_MAX;
    int rc;

    bind_all(statement, "iiti", incident->opened_wall - AROUND_MS, until, incident->group,
             (int64_t)HISTORY_ROWS_MAX);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct history_fact_row *row = &answer->facts[answer->fact_count++];

        row->at_wall = sqlite3_column_int64(statement, 0);
        row->line = text_of(answer, statement, 1);
    }
    end(db, answer, statement, rc);
}

void history_db_incident(struct history_db *db, const char *id, struct history_answer *ret_answer)
{
    ret_answer->facts = begin(db, ret_answer, sizeof(*ret_answer->facts));
    if (ret_answer->error[0] != '\0')
        return;
    read_incident(db, id, ret_answer);
    if (ret_answer->has_incident && ret_answer->error[0] == '\0')
        read_facts(db, ret_answer);
}

void history_db_rollups(struct history_db *db, const char *site, enum history_span span,
                        uint32_t limit, struct history_answer *ret_answer)
{
    struct history_answer *answer = ret_answer;
    uint32_t rows = limit < HISTORY_ROWS_MAX ? limit : HISTORY_ROWS_MAX;
    sqlite3_stmt *statement;
    int rc;

    answer->rollups = begin(db, answer, sizeof(*answer->rollups));
    if (answer->error[0] != '\0')
        return;
    statement = rollups_file_select(db->handle, site, span, rows);
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct history_rollup *row = &answer->rollups[answer->rollup_count];

        row->at_wall = sqlite3_column_int64(statement, 0);
        row->site = text_of(answer, statement, 1);
        row->check = text_of(answer, statement, 2);
        if (rollup_unpack(sqlite3_column_blob(statement, 3),
                          (size_t)sqlite3_column_bytes(statement, 3), &row->rollup) == 0)
            answer->rollup_count++; /* else: of a later release, or damaged */
    }
    end(db, answer, statement, rc);
}
