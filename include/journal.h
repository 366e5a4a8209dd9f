/* SPDX-License-Identifier: Apache-2.0 */
/* journal.h: the highest epoch this machine ever tried to write, group by group (C2): a new epoch
 * is above it even when store and zone were set back. One small file in the spool folder; on disk
 * before a batch with that epoch is sent. */
#ifndef REGIONSHIFT_JOURNAL_H
#define REGIONSHIFT_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

struct journal;

/* Reads FOLDER/epochs.json; none: nothing was ever written. A file that cannot be read or makes no
 * sense is an error, not an empty journal. Returns 0, or -errno with a sentence in error. */
int journal_open(const char *folder, struct journal **ret_journal, char *error, size_t error_size);

/* The highest epoch of a group; 0: none. Groups that the settings have lost are remembered. */
uint64_t journal_epoch(const struct journal *journal, const char *group);

/* Raises it, on disk when this returns 0. Lower or equal: nothing to do. Returns 0 or -errno, and
 * then a later call tries again. */
int journal_raise(struct journal *journal, const char *group, uint64_t epoch);

/* Accepts NULL. */
void journal_close(struct journal *journal);

#endif
