/* SPDX-License-Identifier: Apache-2.0 */
/* wheel.h: deadlines in slots of one millisecond. Setting, clearing and expiring cost the same
 * however many there are. Who keeps a wheel sleeps until wheel_next(): nothing ticks.
 *
 * The wheel is told the time; it reads no clock. */
#ifndef REGIONSHIFT_WHEEL_H
#define REGIONSHIFT_WHEEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "units.h"

enum { WHEEL_SLOTS = 4096, WHEEL_WORDS = WHEEL_SLOTS / 64 };

/* Embedded in what has a deadline. Zeroed: not set. */
struct wheel_timer {
    LIST_ENTRY(wheel_timer) link;
    msec_t due_ms;
    bool is_set;
};

struct wheel {
    LIST_HEAD(, wheel_timer) slots[WHEEL_SLOTS];
    uint64_t occupied[WHEEL_WORDS]; /* a bit for each slot that may hold something */
    msec_t passed_ms;               /* slots up to this time have been emptied of what was due */
};

void wheel_init(struct wheel *wheel, msec_t now_ms);

/* A due time that has passed already expires at once. */
void wheel_set(struct wheel *wheel, struct wheel_timer *timer, msec_t due_ms);

/* No-op when it is not set. */
void wheel_clear(struct wheel *wheel, struct wheel_timer *timer);

/* Takes out one timer that is due, NULL when there is none. Earlier slots come first. */
struct wheel_timer *wheel_expire(struct wheel *wheel, msec_t now_ms);

/* When to look again, -1: never, as nothing is set. May be early (a turn of the wheel is 4 s),
 * never late. */
msec_t wheel_next(const struct wheel *wheel);

#endif
