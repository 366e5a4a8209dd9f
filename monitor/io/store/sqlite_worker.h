/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_worker.h: the thread that owns the file, so that the loop never waits for a disk. It
 * serves the calls in a mailbox one after the other, and between them looks for changes and lapsed
 * leases. */
#ifndef REGIONSHIFT_SQLITE_WORKER_H
#define REGIONSHIFT_SQLITE_WORKER_H

#include "sqlite.h"
#include "sqlite_mailbox.h"

struct worker;

/* Starts the thread. The mailbox must outlive it. Returns 0 or -errno. */
int worker_create(const struct store_settings *settings, const char *owner,
                  const struct store_sqlite_tuning *tuning, struct mailbox *mailbox,
                  struct worker **ret_worker);

/* Only after mailbox_has_ended(). */
void worker_destroy(struct worker *worker);

#endif
