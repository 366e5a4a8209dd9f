/* SPDX-License-Identifier: Apache-2.0 */
/* spool.h: alerts on disk (L1), one file for each, each a small journal: the record on the first
 * line, on disk for good before spool_add() returns; then a line for each thing done, appended and
 * not synced. A line lost by a power cut costs a duplicate, never an alert.
 *
 * Blocking, in the loop's thread: alerts are few, and the record must be safe before it is sent.
 * The folder is locked; the lock dies with the process. */
#ifndef REGIONSHIFT_SPOOL_H
#define REGIONSHIFT_SPOOL_H

#include <stddef.h>
#include <stdint.h>

enum { SPOOL_LINE_MAX = 255, SPOOL_FILE_MAX = 64 * 1024 };

struct spool;

/* Opens FOLDER/alerts, creating both (0700). Returns 0, or -errno with a sentence in error; -EBUSY:
 * another process has it open. */
int spool_open(const char *folder, struct spool **ret_spool, char *error, size_t error_size);
void spool_close(struct spool *spool); /* accepts NULL */

/* One alert as it was left. record has its \n, lines are the complete lines after it, one string;
 * both are valid during the call. Returns 0, -EINVAL: unreadable, it is set aside as *.corrupt, or
 * another -errno, which ends the resume and leaves every file in place. */
typedef int (*spool_found)(void *context, uint64_t id, const char *record, size_t length,
                           const char *lines);

/* Tells every alert in the order of its adding. What cannot be read is set aside and counted, and
 * never stops the others. Returns how many were set aside, or -errno. */
int spool_resume(struct spool *spool, spool_found found, void *context);

/* Adds an alert: written, synced, renamed, folder synced. Returns 0 or -errno; then nothing is
 * left behind. */
int spool_add(struct spool *spool, const char *record, size_t length, uint64_t *ret_id);

/* Appends a line of progress (without its \n). Returns 0 or -errno. */
int spool_note(struct spool *spool, uint64_t id, const char *line);

/* Forgets an alert that is done with. */
void spool_remove(struct spool *spool, uint64_t id);

#endif
