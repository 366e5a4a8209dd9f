/* SPDX-License-Identifier: Apache-2.0 */
/* recording_write.h: recordings on their way into the history database. Called by the history's
 * worker, never by the loop.
 *
 *     recordings   one row each: whose, how many events and bytes, until when, why it ended
 *     recorded     its lines, in slices: one deflate stream for each recording, flushed at the end
 *                  of each slice, so that all of it up to the last slice on disk can be read
 *
 * Measured, a line of 93 bytes takes 8.5 so. What the disk does not take is kept, up to a limit,
 * and given again; beyond it the recording ends: a replay never crosses a gap. Only whole
 * recordings are dropped, the oldest first, because a replay needs the beginning. */
#ifndef REGIONSHIFT_RECORDING_WRITE_H
#define REGIONSHIFT_RECORDING_WRITE_H

#include "history_db.h"

struct sqlite3;
struct recording_writer;

/* Makes the tables; part of the history's schema. */
extern const char recording_schema[];

struct recording_writer *recording_writer_create(void); /* NULL: out of memory */
void recording_writer_destroy(struct recording_writer *writer);

/* Takes a record of one of the three kinds; others are passed over. */
void recording_writer_take(struct recording_writer *writer, const struct record *record);

/* Writes what was taken, inside the caller's transaction; then says whether that was committed.
 * 0, or -1: the handle holds the error. */
int recording_writer_put(struct recording_writer *writer, struct sqlite3 *handle);
void recording_writer_settle(struct recording_writer *writer, bool committed);

/* Drops whole recordings that ended before a time. */
int recording_writer_trim(struct recording_writer *writer, struct sqlite3 *handle,
                          wall_t before_wall);

void recording_writer_stats(const struct recording_writer *writer,
                            struct recording_stats *ret_stats);

#endif
