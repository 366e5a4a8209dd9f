/* SPDX-License-Identifier: Apache-2.0 */
/* turn.h: the one place where requests are started: each waits for its turn, the most urgent first,
 * those alike in the order they came. */
#ifndef REGIONSHIFT_IO_AWS_TURN_H
#define REGIONSHIFT_IO_AWS_TURN_H

#include <stdbool.h>
#include <sys/queue.h>
#include <uv.h>

#include "rate.h"

struct aws_call;

/* Part of whoever waits. */
struct turn {
    enum aws_urgency urgency;
    void (*begin)(struct turn *turn);
    struct aws_call *call; /* whose */
    bool is_waiting;
    TAILQ_ENTRY(turn) link;
};

TAILQ_HEAD(turn_list, turn);

/* Part of whoever starts requests; no copy may be made. */
struct turns {
    uv_timer_t timer; /* runs while somebody waits */
    struct aws_rate rate;
    struct turn_list waiting; /* most urgent first */
    void (*closed)(void *context);
    void *closed_context;
};

void turns_open(struct turns *turns, uv_loop_t *loop, unsigned per_second);
void turns_set_rate(struct turns *turns, unsigned per_second);

/* begin() runs once: now, or from the loop when its turn comes. */
void turns_wait(struct turns *turns, struct turn *turn);

/* Its turn will not come any more. No-op when it has. */
void turns_leave(struct turns *turns, struct turn *turn);

/* AWS throttled. */
void turns_slow_down(struct turns *turns);

/* Nobody may wait any more. `closed` runs from the loop. */
void turns_close(struct turns *turns, void (*closed)(void *context), void *context);

#endif
