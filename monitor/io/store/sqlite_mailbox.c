/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_mailbox.c: where the loop and the store's thread meet.
 *
 *     loop  --post-->  waiting   --next-->    thread
 *     loop  <--take--  finished  <--finish--  thread
 *
 * A call has one owner at any time: who posted it, this box, the thread, this box again, the loop.
 */
#include "sqlite_mailbox.h"

int mailbox_init(struct mailbox *mailbox, uv_async_t *wake)
{
    int error = uv_mutex_init(&mailbox->mutex);

    if (error != 0) {
        return error;
    }
    error = uv_cond_init(&mailbox->called);
    if (error != 0) {
        uv_mutex_destroy(&mailbox->mutex);
        return error;
    }
    mailbox->wake = wake;
    TAILQ_INIT(&mailbox->waiting);
    TAILQ_INIT(&mailbox->finished);
    return 0;
}

static void destroy_calls(struct calls *calls)
{
    struct call *call;

    while ((call = TAILQ_FIRST(calls)) != NULL) {
        TAILQ_REMOVE(calls, call, queued);
        call_destroy(call);
    }
}

void mailbox_clear(struct mailbox *mailbox)
{
    destroy_calls(&mailbox->waiting);
    destroy_calls(&mailbox->finished);
    uv_cond_destroy(&mailbox->called);
    uv_mutex_destroy(&mailbox->mutex);
}

/* ---- the loop's side ---- */

void mailbox_post(struct mailbox *mailbox, struct call *call)
{
    uv_mutex_lock(&mailbox->mutex);
    TAILQ_INSERT_TAIL(&mailbox->waiting, call, queued);
    uv_cond_signal(&mailbox->called);
    uv_mutex_unlock(&mailbox->mutex);
}

bool mailbox_recall(struct mailbox *mailbox, struct call *call)
{
    struct call *waiting;

    uv_mutex_lock(&mailbox->mutex);
    TAILQ_FOREACH(waiting, &mailbox->waiting, queued)
    {
        if (waiting == call) {
            TAILQ_REMOVE(&mailbox->waiting, call, queued);
            break;
        }
    }
    uv_mutex_unlock(&mailbox->mutex);
    return waiting != NULL;
}

struct call *mailbox_take(struct mailbox *mailbox)
{
    struct call *call;

    uv_mutex_lock(&mailbox->mutex);
    call = TAILQ_FIRST(&mailbox->finished);
    if (call != NULL) {
        TAILQ_REMOVE(&mailbox->finished, call, queued);
        mailbox->event_waits = mailbox->event_waits && call->kind != CALL_EVENT;
    }
    uv_mutex_unlock(&mailbox->mutex);
    return call;
}

void mailbox_stop(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->mutex);
    mailbox->stopping = true;
    uv_cond_signal(&mailbox->called);
    uv_mutex_unlock(&mailbox->mutex);
}

bool mailbox_has_ended(struct mailbox *mailbox)
{
    bool ended;

    uv_mutex_lock(&mailbox->mutex);
    ended = mailbox->ended;
    uv_mutex_unlock(&mailbox->mutex);
    return ended;
}

/* ---- the thread's side ---- */

struct call *mailbox_next(struct mailbox *mailbox, msec_t wait_ms, bool *ret_stop)
{
    struct call *call;

    uv_mutex_lock(&mailbox->mutex);
    if (TAILQ_EMPTY(&mailbox->waiting) && !mailbox->stopping) {
        (void)uv_cond_timedwait(&mailbox->called, &mailbox->mutex,
                                (uint64_t)wait_ms * UINT64_C(1000000));
    }
    *ret_stop = mailbox->stopping;
    call = mailbox->stopping ? NULL : TAILQ_FIRST(&mailbox->waiting);
    if (call != NULL) {
        TAILQ_REMOVE(&mailbox->waiting, call, queued);
    }
    uv_mutex_unlock(&mailbox->mutex);
    return call;
}

void mailbox_finish(struct mailbox *mailbox, struct call *call)
{
    uv_mutex_lock(&mailbox->mutex);
    TAILQ_INSERT_TAIL(&mailbox->finished, call, queued);
    mailbox->event_waits = mailbox->event_waits || call->kind == CALL_EVENT;
    (void)uv_async_send(mailbox->wake);
    uv_mutex_unlock(&mailbox->mutex);
}

bool mailbox_event_waits(struct mailbox *mailbox)
{
    bool waits;

    uv_mutex_lock(&mailbox->mutex);
    waits = mailbox->event_waits;
    uv_mutex_unlock(&mailbox->mutex);
    return waits;
}

void mailbox_end(struct mailbox *mailbox)
{
    uv_mutex_lock(&mailbox->mutex);
    mailbox->ended = true;
    (void)uv_async_send(mailbox->wake);
    uv_mutex_unlock(&mailbox->mutex);
}
