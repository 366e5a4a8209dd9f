/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_watch.h: the one watch of a store: what changes, told from a stream that is kept alive.
 *
 * What was told is known by its revision, so a stream that breaks is taken up again behind it, at
 * whichever member answers, and nobody is told: nothing was missed. The reader is told of a loss
 * only when no member can be asked, when etcd has forgotten (compacted) what we have not seen, or
 * when the store was set back; then it is told to read again as soon as the watch stands. */
#ifndef REGIONSHIFT_STORE_ETCD_WATCH_H
#define REGIONSHIFT_STORE_ETCD_WATCH_H

#include "base.h"
#include "etcd_link.h"

struct etcd_watch;

/* Everything under prefix+under. prefix and settings are borrowed until the watch is closed. NULL:
 * out of memory. */
struct etcd_watch *etcd_watch_create(struct etcd_link *link, const struct store_settings *settings,
                                     const char *prefix, const char *under, uint64_t known_revision,
                                     store_watch_event event, void *context);

/* Up to here everything was told; 0: nothing yet. */
uint64_t etcd_watch_told(const struct etcd_watch *watch);

/* A linearizable read, begun when `told` was told, said that the store is at this revision, and
 * that something under the watch was changed at `changed` (0: nothing was, or it is not known). */
void etcd_watch_heard(struct etcd_watch *watch, uint64_t told, uint64_t revision, uint64_t changed);

/* Whether a key is the watch's. */
bool etcd_watch_covers(const struct etcd_watch *watch, const char *key);

/* Tells STORE_AWAY a last time, then nothing; `closed` comes from the loop. */
void etcd_watch_close(struct etcd_watch *watch, void (*closed)(void *context), void *context);

#endif
