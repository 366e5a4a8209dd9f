/* SPDX-License-Identifier: Apache-2.0 */
#include "rollups_file.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };
#define DAY_MS ((msec_t)24 * HOUR_MS)

static const struct {
    const char *name;
    msec_t length_ms;
    msec_t keep_ms; /* or `keep`, when that is shorter */
    uint32_t rows_max;
} spans[SPAN_COUNT] = {
    [SPAN_MINUTE] = {"1m", MINUTE_MS, 2 * DAY_MS, HISTORY_ROLLUPS_MAX},
    [SPAN_QUARTER] = {"15m", 15 * MINUTE_MS, 30 * DAY_MS, HISTORY_ROLLUPS_MAX / 2},
    [SPAN_DAY] = {"1d", DAY_MS, INT64_MAX, HISTORY_ROLLUPS_MAX / 2},
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS rollups ("
    " site TEXT NOT NULL, span INTEGER NOT NULL, at INTEGER NOT NULL, check_name TEXT NOT NULL,"
    " data BLOB NOT NULL, PRIMARY KEY (site, span, at, check_name)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS rollups_at ON rollups (span, at);";

static const char sql_add[] = "INSERT INTO rollups VALUES (?1, ?2, ?3, ?4, ?5)"
                              " ON CONFLICT DO UPDATE SET data = rollup_sum(data, excluded.data)";

int history_span_parse(const char *name, enum history_span *ret_span)
{
    for (unsigned i = 0; i < SPAN_COUNT; i++) {
        if (strcmp(spans[i].name, name) == 0) {
            *ret_span = (enum history_span)i;
            return 0;
        }
    }
    return -1;
}

/* What is there and cannot be read is replaced. */
static void sum(sqlite3_context *context, int count, sqlite3_value **values)
{
    uint8_t packed[ROLLUP_PACKED_MAX];
    struct rollup into = {0};
    struct rollup more = {0};

    (void)count;
    (void)rollup_unpack(sqlite3_value_blob(values[0]), (size_t)sqlite3_value_bytes(values[0]),
                        &into);
    (void)rollup_unpack(sqlite3_value_blob(values[1]), (size_t)sqlite3_value_bytes(values[1]),
                        &more);
    rollup_merge(&into, &more);
    sqlite3_result_blob(context, packed, (int)rollup_pack(&into, packed), SQLITE_TRANSIENT);
}

int rollups_file_prepare(struct sqlite3 *handle)
{
    if (sqlite3_create_function(handle, "rollup_sum", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
                                sum, NULL, NULL) != SQLITE_OK)
        return -1;
    return sqlite3_exec(handle, schema, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

/* ---- rows on their way to the worker: time, lengths, texts, bytes ---- */

struct row_head {
    wall_t at_wall;
    uint32_t site_length;
    uint32_t check_length;
    uint32_t data_length;
};

void rollups_file_row(struct buffer *rows, const struct history_rollup *row)
{
    uint8_t packed[ROLLUP_PACKED_MAX];
    struct row_head head = {row->at_wall, (uint32_t)strlen(row->site), (uint32_t)strlen(row->check),
                            (uint32_t)rollup_pack(&row->rollup, packed)};

    buffer_add(rows, (const char *)&head, sizeof(head));
    buffer_add(rows, row->site, head.site_length);
    buffer_add(rows, row->check, head.check_length);
    buffer_add(rows, (const char *)packed, head.data_length);
}

static int add_to(sqlite3_stmt *statement, const struct row_head *head, const char *texts,
                  enum history_span span)
{
    const char *check = texts + head->site_length;

    sqlite3_bind_text(statement, 1, texts, (int)head->site_length, SQLITE_STATIC);
    sqlite3_bind_int(statement, 2, (int)span);
    sqlite3_bind_int64(statement, 3, head->at_wall - head->at_wall % spans[span].length_ms);
    sqlite3_bind_text(statement, 4, check, (int)head->check_length, SQLITE_STATIC);
    sqlite3_bind_blob(statement, 5, check + head->check_length, (int)head->data_length,
                      SQLITE_STATIC);
    return sqlite3_step(statement) == SQLITE_DONE && sqlite3_reset(statement) == SQLITE_OK ? 0 : -1;
}

int rollups_file_write(struct sqlite3 *handle, const void *rows, size_t length)
{
    const char *at = rows;
    const char *end = at + length;
    sqlite3_stmt *statement = NULL;
    struct row_head head;
    int rc = 0;

    if (sqlite3_prepare_v2(handle, sql_add, -1, &statement, NULL) != SQLITE_OK)
        return -1;
    while (at < end && rc == 0) {
        memcpy(&head, at, sizeof(head));
        at += sizeof(head);
        for (unsigned i = 0; i < SPAN_COUNT && rc == 0; i++)
            rc = add_to(statement, &head, at, (enum history_span)i);
        at += head.site_length + head.check_length + head.data_length;
    }
    sqlite3_finalize(statement);
    return rc;
}

/* ---- keeping within bounds ---- */

int rollups_file_trim(struct sqlite3 *handle, wall_t now_wall, msec_t keep_ms)
{
    char sql[256];

    for (unsigned i = 0; i < SPAN_COUNT; i++) {
        msec_t kept_ms = spans[i].keep_ms < keep_ms ? spans[i].keep_ms : keep_ms;

        snprintf(sql, sizeof(sql),
                 "DELETE FROM rollups WHERE span = %u AND at < max(%lld, coalesce((SELECT at FROM"
                 " rollups WHERE span = %u ORDER BY at DESC LIMIT 1 OFFSET %u), 0))",
                 i, (long long)(now_wall - kept_ms), i, spans[i].rows_max);
        if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
            return -1;
    }
    return 0;
}

/* ---- reading ---- */

struct sqlite3_stmt *rollups_file_select(struct sqlite3 *handle, const char *site,
                                         enum history_span span, uint32_t limit)
{
    sqlite3_stmt *statement = NULL;

    sqlite3_prepare_v2(handle,
                       "SELECT at, site, check_name, data FROM rollups WHERE site = ?1 AND"
                       " span = ?2 ORDER BY at DESC, check_name LIMIT ?3",
                       -1, &statement, NULL);
    sqlite3_bind_text(statement, 1, site, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int(statement, 2, (int)span);
    sqlite3_bind_int64(statement, 3, limit);
    return statement;
}
