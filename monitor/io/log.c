/* SPDX-License-Identifier: Apache-2.0 */
/* A line is built whole and written with one write(), so that lines of several daemons on one
 * stderr do not mix. */
#include "log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "result.h"

static const struct {
    const char *name;
    char priority; /* syslog's, for the journal */
} levels[] = {
    [LOG_LEVEL_INFO] = {"info", '6'},
    [LOG_LEVEL_WARN] = {"warn", '4'},
    [LOG_LEVEL_ERROR] = {"error", '3'},
};

static wall_t (*line_clock)(void);

void log_set_clock(wall_t (*clock)(void))
{
    line_clock = clock;
}

void wall_format(wall_t wall, char out[WALL_TEXT_MAX])
{
    time_t seconds = (time_t)(wall / 1000);
    struct tm tm;
    char text[WALL_TEXT_MAX] = "";

    if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8099)
        memset(&tm, 0, sizeof(tm)); /* a wall clock that far off has no better name */
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, WALL_TEXT_MAX, "%.19s.%03dZ", text, (int)(wall % 1000));
}

bool log_is_journal(const char *journal_stream, int fd)
{
    unsigned long long device;
    unsigned long long inode;
    struct stat status;
    char rest;

    if (journal_stream == NULL ||
        sscanf(journal_stream, "%llu:%llu%c", &device, &inode, &rest) != 2 ||
        fstat(fd, &status) < 0)
        return false;
    return status.st_dev == device && status.st_ino == inode;
}

/* ---- one line ---- */

/* Text that grows inside a fixed line. */
struct line {
    char *out;
    size_t size; /* without room for the newline and the NUL */
    size_t used;
};

static void put(struct line *line, const char *text, size_t length)
{
    size_t left = line->size - line->used;

    if (length > left)
        length = left;
    memcpy(line->out + line->used, text, length);
    line->used += length;
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* In quotes; only quote and backslash need care, everything else is printable by then. */
static void put_quoted(struct line *line, const char *text)
{
    put_text(line, "\"");
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] == '"')
            put_text(line, "\\");
        put(line, &text[i], 1);
    }
    put_text(line, "\"");
}

size_t log_format(char *out, size_t size, bool journal, wall_t wall, enum log_level level,
                  const char *key, const char *text)
{
    struct line line = {.out = out, .size = size - 2};
    char clean[LOG_LINE_MAX];
    char when[WALL_TEXT_MAX];

    assert(size > 64);
    text_escape(clean, sizeof(clean), text, strlen(text));
    if (journal)
        put(&line, (char[]){'<', levels[level].priority, '>'}, 3);
    if (wall >= 0) {
        wall_format(wall, when);
        put_text(&line, "ts=");
        put_text(&line, when);
        put_text(&line, " ");
    }
    put_text(&line, "level=");
    put_text(&line, levels[level].name);
    put_text(&line, " ");
    put_text(&line, key);
    put_text(&line, "=");
    if (strcmp(key, "msg") == 0)
        put_quoted(&line, clean);
    else
        put_text(&line, clean);
    if (line.used == line.size)
        memcpy(out + line.used - 3, "...", 3);
    memcpy(out + line.used, "\n", 2);
    return line.used + 1;
}

static void print(enum log_level level, const char *key, const char *text)
{
    static int journal = -1;
    char line[LOG_LINE_MAX];
    size_t length;

    if (journal < 0)
        journal = log_is_journal(getenv("JOURNAL_STREAM"), STDERR_FILENO);
    length = log_format(line, sizeof(line), journal == 1, line_clock != NULL ? line_clock() : -1,
                        level, key, text);
    if (write(STDERR_FILENO, line, length) < 0)
        return; /* nowhere left to say so; the daemon goes on without its log */
}

void log_say(enum log_level level, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    print(level, "msg", text);
}

void log_fact(enum log_level level, const char *fact)
{
    print(level, "fact", fact);
}
