/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_mailbox.h: where the loop and the store's thread meet; the only thing they share. */
#ifndef REGIONSHIFT_SQLITE_MAILBOX_H
#define REGIONSHIFT_SQLITE_MAILBOX_H

#include <uv.h>

#include "sqlite_call.h"

struct mailbox {
    uv_async_t *wake; /* sent when there is something to take, and at the thread's end */
    uv_mutex_t mutex; /* guards all that follows */
    uv_cond_t called;
    struct calls waiting;
    struct calls finished;
    bool event_waits; /* a CALL_EVENT is among the finished */
    bool stopping;
    bool ended;
};

/* wake must outlive the mailbox. Returns 0 or -errno. */
int mailbox_init(struct mailbox *mailbox, uv_async_t *wake);

/* Frees what is left in it. Only after the thread has ended. */
void mailbox_clear(struct mailbox *mailbox);

/* The loop's side. */
void mailbox_post(struct mailbox *mailbox, struct call *call);
/* Takes back a call the thread has not begun: true, the caller owns it again. Otherwise it will
 * come through mailbox_take(). */
bool mailbox_recall(struct mailbox *mailbox, struct call *call);
/* The next finished call or event, now owned by the caller; NULL: none. */
struct call *mailbox_take(struct mailbox *mailbox);
/* Asks the thread to end; what it has not begun stays waiting. */
void mailbox_stop(struct mailbox *mailbox);
bool mailbox_has_ended(struct mailbox *mailbox);

/* The thread's side. */
/* The next call, waiting a while for it; NULL: none came, or *ret_stop. */
struct call *mailbox_next(struct mailbox *mailbox, msec_t wait_ms, bool *ret_stop);
void mailbox_finish(struct mailbox *mailbox, struct call *call);
/* Whether the loop has yet to take the last event. */
bool mailbox_event_waits(struct mailbox *mailbox);
/* The last thing a thread does. */
void mailbox_end(struct mailbox *mailbox);

#endif
