/* SPDX-License-Identifier: Apache-2.0 */
/* log.h: one line a fact, in logfmt, to stderr. When stderr is the journal's, each line begins with
 * its priority ("<4>"), as sd-daemon(3) says.
 *
 *     ts=2026-03-01T09:12:44.123Z level=warn fact=refused group=jwt-pizza rule=D6 ...
 *     ts=2026-03-01T09:12:44.125Z level=error msg="store: cannot be read: disk I/O error"
 *
 * Whatever came from outside is escaped before it is printed: a line stays a line. */
#ifndef REGIONSHIFT_LOG_H
#define REGIONSHIFT_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "units.h"

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

enum { LOG_LINE_MAX = 2048 /* bytes of a line with its newline; longer ones are cut with "..." */ };

/* From now on lines carry the time that clock() tells; before, they carry none. */
void log_set_clock(wall_t (*clock)(void));

/* A sentence of the daemon about itself: becomes msg="...". */
__attribute__((format(printf, 2, 3))) void log_say(enum log_level level, const char *format, ...);

/* A fact, already logfmt ("refused group=jwt-pizza rule=D6"): becomes fact=refused group=... */
void log_fact(enum log_level level, const char *fact);

/* True when file descriptor fd is the journal's: JOURNAL_STREAM names its device and inode. */
bool log_is_journal(const char *journal_stream, int fd);

/* Formats a line without writing it, for tests and other outputs. Returns its length. `wall` < 0:
 * without a time. */
size_t log_format(char *out, size_t size, bool journal, wall_t wall, enum log_level level,
                  const char *key, const char *text);

/* Writes a wall time as RFC 3339 in UTC with milliseconds: "2026-03-01T09:12:44.123Z". */
enum { WALL_TEXT_MAX = 32 };
void wall_format(wall_t wall, char out[WALL_TEXT_MAX]);

#endif
