/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.h: the way of an alert out of this machine (L1). Spooled to disk (fsync) before the first
 * send; claimed in the store so that one probe of all sends it; sent anyway when the store is away
 * or the claimant stays silent; retried with back-off per sink until accepted; survives kill -9.
 *
 * Claims: key `v1/claims/INCIDENT`, value JSON {"v":1,"phase":"open|resolved","by":PROBE,
 * "at":wall ms,"count":N,"sent":bool}. Opening: a transaction that compares the claim as read
 * (absent or resolved -> open). A second open of an open incident is a duplicate and is dropped,
 * unless older than settings->remind_ms: then it is a reminder. Resolving: open -> resolved; a
 * resolve of what was never opened is dropped. */
#ifndef REGIONSHIFT_ALERTS_H
#define REGIONSHIFT_ALERTS_H


#include "alert.h"
#include "settings.h"
#include "store.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

struct alerts;

/* What operators may ask. */
struct alerts_stats {
    uint64_t spooled, sent, failed_attempts, duplicates_dropped, dropped_full;
    uint32_t queued;
    msec_t oldest_ms; /* age of the oldest undelivered, 0: none */
};

/* Told whenever a sink begins or ceases to fail (3 failed attempts in a row), for sink_failing. */
typedef void (*alerts_sink_event)(void *context, uint32_t sink, bool failing, const char *error);

/* Opens the spool in settings->spool_path (created 0700) and resumes what is in it. The store may
 * be NULL (alert-test): no claims. Returns 0 or -errno (and a sentence in error). */
int alerts_create(uv_loop_t *loop, const struct settings *settings, struct store *store,
                  alerts_sink_event event, void *context, struct alerts **ret_alerts, char *error,
                  size_t error_size);

/* Takes an alert: on disk before this returns, sent when the loop runs. Returns 0 or -errno (disk
 * full: kept in memory and sent all the same; the error says so). */
int alerts_raise(struct alerts *alerts, const struct alert *alert);

/* Sends a test alert through every sink, past spool and claims; done is called once for each sink
 * with the server's words. */
typedef void (*alerts_test_done)(void *context, const char *sink, bool accepted, const char *text);
void alerts_test(struct alerts *alerts, const struct alert *alert, alerts_test_done done,
                 void *context);

void alerts_stats(const struct alerts *alerts, struct alerts_stats *ret_stats);
void alerts_reload(struct alerts *alerts, const struct settings *settings);
void alerts_close(struct alerts *alerts, void (*closed)(void *context), void *context);

#endif
