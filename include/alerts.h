/* SPDX-License-Identifier: Apache-2.0 */
/* alerts.h: the way of an alert out of this machine (L1). Spooled to disk (fsync) before the first
 * send; claimed in the store so that one probe of all sends it; sent anyway when the store is away
 * or the claimant stays silent; retried with back-off per sink until accepted; survives kill -9.
 *
 * Claims: key `v1/claims/INCIDENT`, value JSON {"v":1,"phase":"open|resolved","by":PROBE,
 * "at":wall ms,"count":N,"sent":bool}. Opening: a transaction that compares the claim as read
 * (absent or resolved -> open). A second open of an open incident is a duplicate and is dropped,
 * unless older than settings->remind_ms: then it is a reminder. Resolving: open -> resolved; a
 * resolve of what was never opened is dropped. `sent` is written when the first sink has it: then
 * the claimant alone goes on with its other sinks. Until then it writes the claim again before
 * each retry (60 s long); an unsent claim that does not change for 60 s is taken over (claim.h). */
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

/* How a sink has been doing under these settings: ages, and what it said. */
struct alerts_sink_status {
    msec_t accepted_ms;  /* since the last alert it took; -1: none */
    msec_t failed_ms;    /* since the last attempt that failed; -1: none */
    uint32_t failures;   /* in a row, up to now */
    const char *refusal; /* of the last one, escaped; "" */
};

/* Told whenever a sink begins or ceases to fail (3 failed attempts in a row, or a mail that only
 * some recipients got), for sink_failing. */
typedef void (*alerts_sink_event)(void *context, uint32_t sink, bool failing, const char *error);

/* Checks the sinks of settings; to be asked before alerts_reload(). Returns 0 or -errno with a
 * sentence in error. */
int alerts_check(const struct settings *settings, char *error, size_t error_size);

/* Opens the spool in settings->spool_path (created 0700, locked: one process at a time) and resumes
 * what is in it. The store may be NULL (alert-test beside a running daemon): no claims and no
 * spool, so that the daemon's alerts stay its own. Returns 0 or -errno (and a sentence in error);
 * with 0 a sentence in error is a warning: alerts that cannot be read were set aside. */
int alerts_create(uv_loop_t *loop, const struct settings *settings, struct store *store,
                  alerts_sink_event event, void *context, struct alerts **ret_alerts, char *error,
                  size_t error_size);

/* Takes an alert: on disk before this returns, sent when the loop runs. Returns 0, also for what is
 * dropped as a duplicate or wanted by no sink. -EINVAL: the incident is no name; -ENOBUFS: the
 * spool is at its limit (10,000 alerts, 16 MiB; info goes first, pages have as much again) and this
 * one was dropped. Another -errno (disk full): kept in memory and sent all the same. */
int alerts_raise(struct alerts *alerts, const struct alert *alert);

/* Sends a test alert through every sink, past spool and claims; done is called once for each sink
 * with the server's words (from the loop; at once when there is no memory or the incident is no
 * name). */
typedef void (*alerts_test_done)(void *context, const char *sink, bool accepted, const char *text);
void alerts_test(struct alerts *alerts, const struct alert *alert, alerts_test_done done,
                 void *context);

void alerts_stats(const struct alerts *alerts, struct alerts_stats *ret_stats);
/* sink: index into settings->sinks, below SINKS_MAX. The words live until the loop turns. */
void alerts_sink_status(const struct alerts *alerts, uint32_t sink,
                        struct alerts_sink_status *ret_status);

/* Goes on with other settings, which live as long as the old ones did; sinks are known by name, and
 * what is in flight is sent again. The spool stays where it is. */
void alerts_reload(struct alerts *alerts, const struct settings *settings);

/* Ends; what is undelivered stays in the spool. `closed` runs from the loop. The store is closed
 * afterwards, or its calls in flight are ended by its own close first. */
void alerts_close(struct alerts *alerts, void (*closed)(void *context), void *context);

#endif
