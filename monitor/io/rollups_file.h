/* SPDX-License-Identifier: Apache-2.0 */
/* rollups_file.h: rollups in the history database, a row for each check and minute, quarter of an
 * hour, and day. A minute is added to its quarter and its day as it is written, so that a restart
 * loses a minute and no day. Called by the history's worker, never by the loop. */
#ifndef REGIONSHIFT_ROLLUPS_FILE_H
#define REGIONSHIFT_ROLLUPS_FILE_H

#include "buffer.h"
#include "history.h"

struct sqlite3;
struct sqlite3_stmt;

/* Makes the table. 0, or -1: the handle holds the error; so with the others. */
int rollups_file_prepare(struct sqlite3 *handle);

/* Adds a row to those that are written together. */
void rollups_file_row(struct buffer *rows, const struct history_rollup *row);

/* Writes them, inside the caller's transaction. */
int rollups_file_write(struct sqlite3 *handle, const void *rows, size_t length);

/* Drops what is too old, or too much. */
int rollups_file_trim(struct sqlite3 *handle, wall_t now_wall, msec_t keep_ms);

/* Rows of (at, site, check, bytes of rollup_pack()), newest first; the caller steps and finalizes.
 */
struct sqlite3_stmt *rollups_file_select(struct sqlite3 *handle, const char *site,
                                         enum history_span span, uint32_t limit);

#endif
