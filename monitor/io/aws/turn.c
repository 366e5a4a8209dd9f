/* SPDX-License-Identifier: Apache-2.0 */
#include "turn.h"

#include <assert.h>

static msec_t now_ms(const struct turns *turns)
{
    return (msec_t)uv_now(turns->timer.loop);
}

static void on_timer(uv_timer_t *timer);

/* The first in line decides: whoever is behind it waits, even where the rate would let it pass. */
static void serve(struct turns *turns)
{
    struct turn *turn;
    msec_t wait_ms = 0;

    while ((turn = TAILQ_FIRST(&turns->waiting)) != NULL) {
        wait_ms = aws_rate_wait_ms(&turns->rate, turn->urgency, now_ms(turns));
        if (wait_ms > 0)
            break;
        aws_rate_take(&turns->rate, now_ms(turns));
        turns_leave(turns, turn);
        turn->begin(turn);
    }
    if (turn != NULL)
        uv_timer_start(&turns->timer, on_timer, (uint64_t)wait_ms, 0);
    else
        uv_timer_stop(&turns->timer);
}

static void on_timer(uv_timer_t *timer)
{
    serve(timer->data);
}

void turns_wait(struct turns *turns, struct turn *turn)
{
    struct turn *other;

    assert(!turn->is_waiting);
    turn->is_waiting = true;
    TAILQ_FOREACH(other, &turns->waiting, link)
    {
        if (other->urgency < turn->urgency)
            break;
    }
    if (other != NULL)
        TAILQ_INSERT_BEFORE(other, turn, link);
    else
        TAILQ_INSERT_TAIL(&turns->waiting, turn, link);
    serve(turns);
}

void turns_leave(struct turns *turns, struct turn *turn)
{
    if (!turn->is_waiting)
        return;
    turn->is_waiting = false;
    TAILQ_REMOVE(&turns->waiting, turn, link);
}

void turns_slow_down(struct turns *turns)
{
    aws_rate_empty(&turns->rate, now_ms(turns));
    if (!TAILQ_EMPTY(&turns->waiting))
        serve(turns);
}

void turns_set_rate(struct turns *turns, unsigned per_second)
{
    aws_rate_set(&turns->rate, per_second);
}

void turns_open(struct turns *turns, uv_loop_t *loop, unsigned per_second)
{
    *turns = (struct turns){.closed = NULL};
    TAILQ_INIT(&turns->waiting);
    uv_timer_init(loop, &turns->timer);
    turns->timer.data = turns;
    turns_set_rate(turns, per_second);
}

static void on_closed(uv_handle_t *handle)
{
    struct turns *turns = handle->data;

    turns->closed(turns->closed_context);
}

void turns_close(struct turns *turns, void (*closed)(void *context), void *context)
{
    assert(TAILQ_EMPTY(&turns->waiting));
    turns->closed = closed;
    turns->closed_context = context;
    uv_close((uv_handle_t *)&turns->timer, on_closed);
}
