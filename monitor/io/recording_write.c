/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: what is taken becomes a short list of items (a beginning, slices, an end), and the list
 * is written whenever the history is. It is emptied only when a transaction was committed, so a
 * disk that is full for a while costs nothing; deflating goes on meanwhile, for it cannot be taken
 * back. */
#include "recording_write.h"

#include <assert.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#define ZLIB_CONST /* its input is const */
#include <zlib.h>

enum {
    UNSENT_MAX = 4 * 1024 * 1024, /* deflated bytes that wait for the disk: about two days */
    FLUSH_ADDS = 64,              /* more than the few bytes it does */
    WINDOW_BITS = 15,
    MEMORY_LEVEL = 8
};

const char recording_schema[] =
    "CREATE TABLE IF NOT EXISTS recordings ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, probe TEXT NOT NULL, began INTEGER NOT NULL,"
    " until INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " ended TEXT NOT NULL, missing INTEGER NOT NULL);"
    /* few pages change with each slice, because a quiet daemon writes nothing else */
    "CREATE TABLE IF NOT EXISTS recorded ("
    " recording INTEGER NOT NULL, slice INTEGER NOT NULL, lines BLOB NOT NULL,"
    " PRIMARY KEY (recording, slice)) WITHOUT ROWID;";

/* What waits for the disk: a beginning, a slice, or an end. */
struct item {
    STAILQ_ENTRY(item) link;
    enum record_kind kind;
    wall_t at_wall;
    uint32_t events;
    enum recording_end end;
    char probe[NAME_MAX_LENGTH + 1];
    int64_t slice;
    size_t length;
    unsigned char bytes[];
};

struct recording_writer {
    STAILQ_HEAD(, item) items;
    size_t unsent;
    bool deflating; /* a recording is open: its stream is */
    z_stream stream;
    int64_t slice; /* the next one's number */
    int64_t bytes_max;
    int64_t number;     /* row of the newest recording; 0: none */
    int64_t put_number; /* the same, when the transaction under way is committed */
    bool put_full;      /* it ends the recording: it is full */
    uint64_t put_events;
    struct recording_stats stats;
};

struct recording_writer *recording_writer_create(void)
{
    struct recording_writer *writer = calloc(1, sizeof(*writer));

    if (writer != NULL)
        STAILQ_INIT(&writer->items);
    return writer;
}

static void drop_items(struct recording_writer *writer)
{
    while (!STAILQ_EMPTY(&writer->items)) {
        struct item *item = STAILQ_FIRST(&writer->items);

        STAILQ_REMOVE_HEAD(&writer->items, link);
        free(item);
    }
    writer->unsent = 0;
}

static void close_stream(struct recording_writer *writer)
{
    if (writer->deflating)
        deflateEnd(&writer->stream);
    writer->deflating = false;
    writer->stats.recording = false;
}

void recording_writer_destroy(struct recording_writer *writer)
{
    if (writer == NULL)
        return;
    close_stream(writer);
    drop_items(writer);
    free(writer);
}

void recording_writer_stats(const struct recording_writer *writer,
                            struct recording_stats *ret_stats)
{
    *ret_stats = writer->stats;
}

/* ---- taking ---- */

/* A new last item with room for so many bytes; NULL: out of memory. */
static struct item *add(struct recording_writer *writer, const struct record *record, size_t room)
{
    struct item *item = calloc(1, sizeof(*item) + room);

    if (item == NULL)
        return NULL;
    item->kind = record->kind;
    item->at_wall = record->at_wall;
    item->events = record->events;
    STAILQ_INSERT_TAIL(&writer->items, item, link);
    return item;
}

/* Nothing after this could be replayed, so nothing is kept until the next engine starts. */
static void end(struct recording_writer *writer, const struct record *record,
                enum recording_end why)
{
    struct item *item = add(writer, record, 0);

    close_stream(writer);
    if (item == NULL)
        return;
    item->kind = RECORD_END;
    item->end = why;
}

/* Deflates and flushes a text; returns the length. */
static size_t squeeze(z_stream *stream, const char *text, size_t length, unsigned char *out,
                      size_t room)
{
    int rc;

    stream->next_in = (const unsigned char *)text;
    stream->avail_in = (unsigned)length;
    stream->next_out = out;
    stream->avail_out = (unsigned)room;
    rc = deflate(stream, Z_SYNC_FLUSH);
    assert(rc == Z_OK && stream->avail_in == 0 && stream->avail_out > 0);
    return room - stream->avail_out;
}

/* A slice of the stream; the head is the first of them, without events. */
static void take_lines(struct recording_writer *writer, const struct record *record)
{
    size_t length = strlen(record->text);
    size_t room = deflateBound(&writer->stream, length) + FLUSH_ADDS;
    unsigned char *bytes = writer->unsent < UNSENT_MAX ? malloc(room) : NULL;
    struct item *item = NULL;

    if (bytes != NULL) {
        length = squeeze(&writer->stream, record->text, length, bytes, room);
        item = add(writer, record, length);
    }
    if (item == NULL) {
        writer->stats.lost += record->events;
        end(writer, record, RECORDING_GAP);
    } else {
        memcpy(item->bytes, bytes, length);
        item->kind = RECORD_LINES;
        item->slice = writer->slice++;
        item->length = length;
        writer->unsent += length;
    }
    free(bytes);
}

static void take_begin(struct recording_writer *writer, const struct record *record)
{
    struct item *item;

    close_stream(writer);
    writer->bytes_max = record->bytes;
    item = add(writer, record, 0);
    if (item == NULL)
        return;
    strncpy(item->probe, record->who, sizeof(item->probe) - 1);
    memset(&writer->stream, 0, sizeof(writer->stream));
    writer->slice = 0;
    writer->stats.filled = false;
    writer->deflating = deflateInit2(&writer->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                     WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK;
    writer->stats.recording = writer->deflating;
    if (writer->deflating)
        take_lines(writer, record);
}

void recording_writer_take(struct recording_writer *writer, const struct record *record)
{
    enum recording_end why = RECORDING_GAP;

    if (record->kind == RECORD_BEGIN)
        take_begin(writer, record);
    else if (record->kind == RECORD_LINES && writer->deflating)
        take_lines(writer, record);
    else if (record->kind == RECORD_LINES)
        writer->stats.lost += record->events;
    if (record->kind != RECORD_END)
        return;
    writer->stats.lost += record->events;
    (void)recording_end_parse(record->name, &why);
    if (writer->deflating)
        end(writer, record, why);
}

/* ---- writing ---- */

/* Runs one statement; a pattern as "tib" binds texts, numbers (int64_t) and bytes (pointer,
 * size_t). 0 or -1. */
static int run(sqlite3 *handle, const char *sql, const char *pattern, ...)
{
    sqlite3_stmt *statement = NULL;
    va_list arguments;
    int rc;

    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return -1;
    va_start(arguments, pattern);
    for (int i = 0; pattern[i] != '\0'; i++) {
        const void *bytes;

        if (pattern[i] == 'i') {
            sqlite3_bind_int64(statement, i + 1, va_arg(arguments, int64_t));
            continue;
        }
        bytes = va_arg(arguments, const void *);
        if (pattern[i] == 't')
            sqlite3_bind_text(statement, i + 1, bytes, -1, SQLITE_STATIC);
        else
            sqlite3_bind_blob64(statement, i + 1, bytes, va_arg(arguments, size_t), SQLITE_STATIC);
    }
    va_end(arguments);
    rc = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? 0 : -1;
}

/* The one number of a query; -1 when there is none. */
static int64_t ask(sqlite3 *handle, const char *sql, int64_t argument)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;

    if (sqlite3_prepare_v2(handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return -1;
    sqlite3_bind_int64(statement, 1, argument);
    if (sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static int put_begin(struct recording_writer *writer, sqlite3 *handle, const struct item *item)
{
    if (run(handle,
            "INSERT INTO recordings (probe, began, until, events, bytes, ended, missing)"
            " VALUES (?1, ?2, ?2, 0, 0, '', 0)",
            "ti", item->probe, (int64_t)item->at_wall) < 0)
        return -1;
    writer->put_number = sqlite3_last_insert_rowid(handle);
    return 0;
}

static int put_slice(struct recording_writer *writer, sqlite3 *handle, const struct item *item)
{
    if (run(handle, "INSERT INTO recorded VALUES (?1, ?2, ?3)", "iib", writer->put_number,
            item->slice, item->bytes, item->length) < 0)
        return -1;
    writer->put_events += item->events;
    return run(handle,
               "UPDATE recordings SET until = ?2, events = events + ?3, bytes = bytes + ?4"
               " WHERE number = ?1",
               "iiii", writer->put_number, (int64_t)item->at_wall, (int64_t)item->events,
               (int64_t)item->length);
}

static int put_end(sqlite3 *handle, int64_t number, enum recording_end why, int64_t missing)
{
    return run(handle,
               "UPDATE recordings SET ended = ?2, missing = ?3 WHERE number = ?1 AND ended = ''",
               "iti", number, recording_end_name(why), missing);
}

static int drop(sqlite3 *handle, int64_t number)
{
    if (run(handle, "DELETE FROM recorded WHERE recording = ?1", "i", number) < 0)
        return -1;
    return run(handle, "DELETE FROM recordings WHERE number = ?1", "i", number);
}

/* Half of the space is the most that one recording may have, so that after a reload the one before,
 * and what happened in it, is still there. Then whole recordings go, the oldest first, until all
 * fit. */
static int fit(struct recording_writer *writer, sqlite3 *handle)
{
    if (ask(handle, "SELECT bytes FROM recordings WHERE number = ?1", writer->put_number) >
        writer->bytes_max / 2) {
        writer->put_full = writer->deflating;
        if (put_end(handle, writer->put_number, RECORDING_FULL, 0) < 0)
            return -1;
    }
    while (ask(handle, "SELECT sum(bytes) FROM recordings WHERE ?1 = ?1", 0) > writer->bytes_max) {
        int64_t oldest = ask(handle, "SELECT min(number) FROM recordings WHERE number <> ?1",
                             writer->put_number);

        if (oldest <= 0)
            return 0; /* a reload left less space than this one had */
        if (drop(handle, oldest) < 0)
            return -1;
    }
    return 0;
}

int recording_writer_put(struct recording_writer *writer, struct sqlite3 *handle)
{
    const struct item *item;
    int rc = 0;

    writer->put_number = writer->number;
    writer->put_full = false;
    writer->put_events = 0;
    if (STAILQ_EMPTY(&writer->items))
        return 0;
    STAILQ_FOREACH(item, &writer->items, link)
    {
        if (rc == 0 && item->kind == RECORD_BEGIN)
            rc = put_begin(writer, handle, item);
        else if (rc == 0 && item->kind == RECORD_LINES)
            rc = put_slice(writer, handle, item);
        else if (rc == 0)
            rc = put_end(handle, writer->put_number, item->end, item->events);
    }
    return rc == 0 ? fit(writer, handle) : -1;
}

void recording_writer_settle(struct recording_writer *writer, bool committed)
{
    if (!committed)
        return;
    writer->number = writer->put_number;
    writer->stats.recorded += writer->put_events;
    drop_items(writer);
    if (writer->put_full) {
        writer->stats.filled = true;
        close_stream(writer);
    }
}

int recording_writer_trim(struct recording_writer *writer, struct sqlite3 *handle,
                          wall_t before_wall)
{
    for (;;) {
        int64_t oldest = ask(handle, "SELECT min(number) FROM recordings WHERE until < ?1",
                             (int64_t)before_wall);

        if (oldest <= 0 || oldest == writer->number)
            return 0;
        if (drop(handle, oldest) < 0)
            return -1;
    }
}
