/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: bytes are poured into a buffer, inflated slices of a database or pieces of a text, and
 * lines are taken out of it. A database is read within one transaction, so that what a running
 * daemon adds meanwhile is not seen half. */
#include "recording_file.h"

#include <errno.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#define ZLIB_CONST /* its input is const */
#include <zlib.h>

#include "buffer.h"

enum { PIECE = 64 * 1024, BUSY_MS = 5000, PATH_SIZE = 4096 };

struct recording_file {
    const char *path;
    FILE *text;      /* NULL: a database */
    sqlite3 *handle; /* NULL: a text */
    sqlite3_stmt *slices;
    bool has_slice;
    bool inflating;
    z_stream stream;
    struct buffer bytes;
    size_t taken; /* of the buffer, by lines given out */
    char *head;
    struct recording_row row;
    uint64_t line_count;
};

/* ---- opening ---- */

__attribute__((format(printf, 3, 4))) static int fail(char *error, size_t error_size,
                                                      const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(error, error_size, format, args);
    va_end(args);
    return -1;
}

/* The path as SQLite's URI, read as a file that nobody changes. 0, or -1: too long. */
static int immutable_uri(const char *path, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "file:");

    for (; *path != '\0' && used + 4 < size; path++) {
        if (strchr("%?#", *path) != NULL)
            used += (size_t)snprintf(out + used, size - used, "%%%02X", (unsigned char)*path);
        else
            out[used++] = *path;
    }
    if (*path != '\0' || used + sizeof("?immutable=1") > size)
        return -1;
    memcpy(out + used, "?immutable=1", sizeof("?immutable=1"));
    return 0;
}

/* Opens and begins to read; an SQLite code. */
static int begin(struct recording_file *file, const char *name, int flags)
{
    int rc = sqlite3_open_v2(name, &file->handle,
                             SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL);

    if (rc != SQLITE_OK)
        return rc;
    sqlite3_busy_timeout(file->handle, BUSY_MS);
    return sqlite3_exec(file->handle, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL,
                        NULL);
}

/* A copy without its -shm, in a folder that cannot be written, can only be read as it is: then what
 * stands in a -wal beside it is not seen. */
static int open_database(struct recording_file *file, char *error, size_t error_size)
{
    char uri[PATH_SIZE];
    char wal[PATH_SIZE];
    int rc = begin(file, file->path, 0);

    if (rc == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY) {
        sqlite3_close(file->handle);
        file->handle = NULL;
        if (immutable_uri(file->path, uri, sizeof(uri)) < 0)
            return fail(error, error_size, "%s: the path is too long", file->path);
        rc = begin(file, uri, SQLITE_OPEN_URI);
        snprintf(wal, sizeof(wal), "%s-wal", file->path);
        if (rc == SQLITE_OK && access(wal, F_OK) == 0)
            (void)fail(error, error_size,
                       "%s: the newest part is in %s, which cannot be read here: copy both to a "
                       "folder of your own",
                       file->path, wal);
    }
    if (rc == SQLITE_OK)
        return 0;
    return fail(error, error_size, "%s: %s", file->path,
                file->handle != NULL ? sqlite3_errmsg(file->handle) : "out of memory");
}

/* By the first bytes; SQLite's own say what it is. */
static int open_kind(struct recording_file *file, char *error, size_t error_size)
{
    static const char database[] = "SQLite format 3";
    static const char text[] = "{\"regionshift\":\"recording\"";
    char bytes[sizeof(text)] = "";
    FILE *in = fopen(file->path, "re");
    size_t count;

    if (in == NULL)
        return fail(error, error_size, "%s: %s", file->path, strerror(errno));
    errno = 0;
    count = fread(bytes, 1, sizeof(text) - 1, in);
    if (count == sizeof(text) - 1 && memcmp(bytes, text, count) == 0) {
        rewind(in);
        file->text = in;
        return 0;
    }
    (void)fail(error, error_size, "%s: %s", file->path,
               ferror(in) ? strerror(errno)
                          : "is neither a history database nor an exported recording");
    fclose(in);
    if (count < sizeof(database) || memcmp(bytes, database, sizeof(database)) != 0)
        return -1;
    error[0] = '\0';
    return open_database(file, error, error_size);
}

int recording_file_open(const char *path, struct recording_file **ret_file, char *error,
                        size_t error_size)
{
    struct recording_file *file = calloc(1, sizeof(*file));

    if (file == NULL)
        return fail(error, error_size, "out of memory");
    file->path = path;
    buffer_init(&file->bytes, RECORDING_HEAD_MAX + PIECE);
    error[0] = '\0';
    if (open_kind(file, error, error_size) < 0) {
        recording_file_close(file);
        return -1;
    }
    *ret_file = file;
    return 0;
}

void recording_file_close(struct recording_file *file)
{
    if (file == NULL)
        return;
    if (file->text != NULL)
        fclose(file->text);
    if (file->inflating)
        inflateEnd(&file->stream);
    sqlite3_finalize(file->slices);
    sqlite3_close(file->handle);
    buffer_clear(&file->bytes);
    free(file->head);
    free(file);
}

bool recording_file_is_text(const struct recording_file *file)
{
    return file->text != NULL;
}

/* ---- pouring ---- */

/* Each pours a piece into the buffer: 1; 0: there is no more; -1 with a sentence. */
static int pour_text(struct recording_file *file, char *error, size_t error_size)
{
    char piece[PIECE];
    size_t count = fread(piece, 1, sizeof(piece), file->text);

    if (count == 0 && ferror(file->text))
        return fail(error, error_size, "%s: %s", file->path, strerror(errno));
    buffer_add(&file->bytes, piece, count);
    return count > 0 ? 1 : 0;
}

/* The next slice as the stream's input: 1; 0: there is none; -1. */
static int next_slice(struct recording_file *file, char *error, size_t error_size)
{
    int rc = sqlite3_step(file->slices);

    if (rc == SQLITE_DONE)
        return 0;
    if (rc != SQLITE_ROW)
        return fail(error, error_size, "%s: %s", file->path, sqlite3_errmsg(file->handle));
    file->stream.next_in = sqlite3_column_blob(file->slices, 0);
    file->stream.avail_in = (unsigned)sqlite3_column_bytes(file->slices, 0);
    return 1;
}

static int pour_slice(struct recording_file *file, char *error, size_t error_size)
{
    unsigned char piece[PIECE];
    z_stream *stream = &file->stream;
    int rc;

    if (!file->has_slice) {
        rc = next_slice(file, error, error_size);
        if (rc <= 0)
            return rc;
        file->has_slice = true;
    }
    stream->next_out = piece;
    stream->avail_out = sizeof(piece);
    rc = inflate(stream, Z_SYNC_FLUSH);
    if (rc != Z_OK && rc != Z_BUF_ERROR)
        return fail(error, error_size, "%s: recording %" PRId64 " is damaged: %s", file->path,
                    file->row.number, stream->msg != NULL ? stream->msg : "a slice is missing");
    buffer_add(&file->bytes, (const char *)piece, sizeof(piece) - stream->avail_out);
    file->has_slice = stream->avail_out == 0; /* full: there may be more of it */
    return 1;
}

/* The next line of either, without its newline: 1, 0, or -1. */
static int take_line(struct recording_file *file, const char **ret_line, size_t *ret_length,
                     char *error, size_t error_size)
{
    size_t looked = 0;
    int rc = 1;

    while (rc > 0) {
        const char *begins = buffer_text(&file->bytes) + file->taken;
        size_t length = file->bytes.length - file->taken;
        const char *ends = memchr(begins + looked, '\n', length - looked);

        if (ends != NULL) {
            *ret_line = begins;
            *ret_length = (size_t)(ends - begins);
            file->taken += *ret_length + 1;
            file->line_count++;
            return 1;
        }
        looked = length;
        if (file->taken > 0) { /* what was given out makes room */
            memmove(file->bytes.data, begins, length);
            file->bytes.length = length;
            file->taken = 0;
        }
        rc = file->text != NULL ? pour_text(file, error, error_size)
                                : pour_slice(file, error, error_size);
        if (file->bytes.failed)
            return fail(error, error_size, "%s: line %" PRIu64 " is longer than %d bytes",
                        file->path, file->line_count + 1, RECORDING_HEAD_MAX);
    }
    if (rc == 0 && looked > 0)
        return fail(error, error_size, "%s: ends in the middle of line %" PRIu64, file->path,
                    file->line_count + 1);
    return rc;
}

/* ---- which recording ---- */

static sqlite3_stmt *ask(struct recording_file *file, const char *sql, int64_t argument,
                         char *error, size_t error_size)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(file->handle, sql, -1, &statement, NULL) != SQLITE_OK) {
        (void)fail(error, error_size,
                   "%s: holds no recordings: it is no history database, or was written by a "
                   "regionshift that made none (%s)",
                   file->path, sqlite3_errmsg(file->handle));
        return NULL;
    }
    sqlite3_bind_int64(statement, 1, argument);
    return statement;
}

#define ROW_COLUMNS "number, probe, began, until, events, bytes, ended, missing"

static void read_row(sqlite3_stmt *statement, struct recording_row *row)
{
    const char *probe = (const char *)sqlite3_column_text(statement, 1);
    const char *ended = (const char *)sqlite3_column_text(statement, 6);

    *row = (struct recording_row){.number = sqlite3_column_int64(statement, 0),
                                  .began_wall = sqlite3_column_int64(statement, 2),
                                  .until_wall = sqlite3_column_int64(statement, 3),
                                  .events = (uint64_t)sqlite3_column_int64(statement, 4),
                                  .bytes = (uint64_t)sqlite3_column_int64(statement, 5),
                                  .missing = (uint64_t)sqlite3_column_int64(statement, 7)};
    snprintf(row->probe, sizeof(row->probe), "%s", probe != NULL ? probe : "");
    if (ended == NULL || recording_end_parse(ended, &row->end) < 0)
        row->end = RECORDING_GAP;
}

int recording_file_list(struct recording_file *file,
                        void (*row)(void *context, const struct recording_row *row), void *context,
                        char *error, size_t error_size)
{
    sqlite3_stmt *statement =
        ask(file, "SELECT " ROW_COLUMNS " FROM recordings WHERE ?1 = ?1 ORDER BY number", 0, error,
            error_size);
    int rc;

    if (statement == NULL)
        return -1;
    while ((rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct recording_row read;

        read_row(statement, &read);
        row(context, &read);
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE
               ? 0
               : fail(error, error_size, "%s: %s", file->path, sqlite3_errmsg(file->handle));
}

/* The row of a recording, and its slices. */
static int choose_row(struct recording_file *file, int64_t number, char *error, size_t error_size)
{
    sqlite3_stmt *statement =
        ask(file,
            "SELECT " ROW_COLUMNS " FROM recordings WHERE ?1 = 0 OR number = ?1"
            " ORDER BY number DESC LIMIT 1",
            number, error, error_size);
    int rc = statement != NULL ? sqlite3_step(statement) : SQLITE_ERROR;

    if (rc == SQLITE_ROW)
        read_row(statement, &file->row);
    sqlite3_finalize(statement);
    if (statement == NULL)
        return -1;
    if (rc == SQLITE_DONE && number == 0)
        return fail(error, error_size, "%s: holds no recording; is history.recording 0?",
                    file->path);
    if (rc == SQLITE_DONE)
        return fail(error, error_size, "%s: holds no recording %" PRId64 "; --list shows them",
                    file->path, number);
    if (rc != SQLITE_ROW)
        return fail(error, error_size, "%s: %s", file->path, sqlite3_errmsg(file->handle));
    file->slices = ask(file, "SELECT lines FROM recorded WHERE recording = ?1 ORDER BY slice",
                       file->row.number, error, error_size);
    if (file->slices == NULL)
        return -1;
    file->inflating = inflateInit(&file->stream) == Z_OK;
    return file->inflating ? 0 : fail(error, error_size, "out of memory");
}

int recording_file_choose(struct recording_file *file, int64_t number,
                          struct recording_row *ret_row, const char **ret_head, size_t *ret_length,
                          char *error, size_t error_size)
{
    const char *line = NULL;
    int rc;

    if (file->text != NULL && number != 0)
        return fail(error, error_size, "%s: is one exported recording: it has no number",
                    file->path);
    if (file->text == NULL && choose_row(file, number, error, error_size) < 0)
        return -1;
    rc = take_line(file, &line, ret_length, error, error_size);
    if (rc == 0)
        return fail(error, error_size, "%s: the recording is empty", file->path);
    if (rc < 0)
        return -1;
    file->head = strndup(line, *ret_length);
    if (file->head == NULL)
        return fail(error, error_size, "out of memory");
    file->line_count = 0;
    *ret_row = file->row;
    *ret_head = file->head;
    return 0;
}

/* ---- lines ---- */

/* A text says at its end how many events it has; a database said it in the recording's row. */
static int check_count(const struct recording_file *file, uint64_t count, char *error,
                       size_t error_size)
{
    if (count == file->row.events)
        return 0;
    return fail(error, error_size,
                "%s: is damaged: it has %" PRIu64 " events and should have %" PRIu64, file->path,
                count, file->row.events);
}

int recording_file_line(struct recording_file *file, const char **ret_line, size_t *ret_length,
                        struct recording_row *ret_row, char *error, size_t error_size)
{
    int rc = take_line(file, ret_line, ret_length, error, error_size);
    uint64_t count = file->line_count;

    if (rc < 0)
        return -1;
    if (rc > 0 && file->text != NULL) {
        int end = recording_end_read(*ret_line, *ret_length, &file->row.events, &file->row.end,
                                     error, error_size);
        if (end < 0)
            return -1;
        if (end == 0)
            return 1;
        count--;
    } else if (rc > 0) {
        return 1;
    } else if (file->text != NULL) { /* no last line: as if the daemon had been killed here */
        file->row.events = count;
    }
    *ret_row = file->row;
    return check_count(file, count, error, error_size) < 0 ? -1 : 0;
}
