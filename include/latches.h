/* SPDX-License-Identifier: Apache-2.0 */
/* latches.h: which regions' beacons are lit (B1). A latch is set when a decision that evicts the
 * region is committed, withdrawn when the zone's fence shows the epoch that raised it again; it
 * survives a restart in one small file in the spool folder. */
#ifndef REGIONSHIFT_LATCHES_H
#define REGIONSHIFT_LATCHES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct latches;

/* Reads FOLDER/latches.json; none: nothing is latched. Returns 0, or -errno with a sentence. */
int latches_open(const char *folder, struct latches **ret_latches, char *error, size_t error_size);

/* Sets or withdraws one. In force at once; latches_sync() puts it on disk. */
int latches_change(struct latches *latches, const char *group, const char *region, uint64_t epoch,
                   bool set);

/* Puts what changed since on disk. 0: the file says what we say. -errno: try again before anything
 * is sent (B1). */
int latches_sync(struct latches *latches);

/* True when the region's beacon is lit; ret_epoch (may be NULL) says by which decision. */
bool latches_get(const struct latches *latches, const char *group, const char *region,
                 uint64_t *ret_epoch);

/* Accepts NULL. */
void latches_close(struct latches *latches);

#endif
