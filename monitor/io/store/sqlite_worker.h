/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_worker.h: the thread that owns the file, so that the loop never waits for a disk. It
 * serves calls one after the other, and between them looks for changes and lapsed leases. */
#ifndef REGIONSHIFT_SQLITE_WORKER_H
#define REGIONSHIFT_SQLITE_WORKER_H

#include <uv.h>

#include "sqlite.h"
#include "sqlite_call.h"

struct worker;

/* Starts the thread. wake is sent whenever there is something to take, and at the thread's end;
 * it must outlive the worker. Returns 0 or -errno. */
int worker_create(const struct store_settings *settings, const char *owner,
                  const struct store_sqlite_tuning *tuning, uv_async_t *wake,
                  struct worker **ret_worker);

/* Hands a call over. */
void worker_post(struct worker *worker, struct call *call);

/* Takes back a call the thread has not begun: true, the caller owns it again. Otherwise it will
 * come through worker_take(). */
bool worker_recall(struct worker *worker, struct call *call);

/* The next finished call or event, now owned by the caller; NULL: none. */
struct call *worker_take(struct worker *worker);

/* Asks the thread to give the lease back, close the file and end. */
void worker_stop(struct worker *worker);
bool worker_has_ended(struct worker *worker);

/* Only after it has ended. */
void worker_destroy(struct worker *worker);

#endif
