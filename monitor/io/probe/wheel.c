/* SPDX-License-Identifier: Apache-2.0 */
#include "wheel.h"

#include <assert.h>
#include <stddef.h>

static unsigned slot_of(msec_t due_ms)
{
    return (unsigned)(due_ms & (WHEEL_SLOTS - 1));
}

/* How many slots ahead of `from` (itself: 0) the next occupied one is; WHEEL_SLOTS: none. */
static unsigned distance(const struct wheel *wheel, unsigned from)
{
    unsigned word = from / 64;
    uint64_t bits = wheel->occupied[word] & (UINT64_MAX << (from % 64));

    for (unsigned looked = 0; looked <= WHEEL_WORDS; looked++) {
        if (bits != 0) {
            unsigned slot = word * 64 + (unsigned)__builtin_ctzll(bits);

            return (slot - from) & (WHEEL_SLOTS - 1);
        }
        word = (word + 1) % WHEEL_WORDS;
        bits = wheel->occupied[word];
    }
    return WHEEL_SLOTS;
}

static void forget_if_empty(struct wheel *wheel, unsigned slot)
{
    if (LIST_EMPTY(&wheel->slots[slot]))
        wheel->occupied[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

void wheel_init(struct wheel *wheel, msec_t now_ms)
{
    *wheel = (struct wheel){.passed_ms = now_ms - 1};
}

void wheel_set(struct wheel *wheel, struct wheel_timer *timer, msec_t due_ms)
{
    unsigned slot;

    assert(!timer->is_set);
    if (due_ms <= wheel->passed_ms)
        due_ms = wheel->passed_ms + 1;
    slot = slot_of(due_ms);
    timer->due_ms = due_ms;
    timer->is_set = true;
    LIST_INSERT_HEAD(&wheel->slots[slot], timer, link);
    wheel->occupied[slot / 64] |= UINT64_C(1) << (slot % 64);
}

void wheel_clear(struct wheel *wheel, struct wheel_timer *timer)
{
    if (!timer->is_set)
        return;
    LIST_REMOVE(timer, link);
    timer->is_set = false;
    forget_if_empty(wheel, slot_of(timer->due_ms));
}

static struct wheel_timer *find_due(const struct wheel *wheel, unsigned slot, msec_t now_ms)
{
    struct wheel_timer *timer;

    LIST_FOREACH(timer, &wheel->slots[slot], link)
    {
        if (timer->due_ms <= now_ms)
            return timer;
    }
    return NULL;
}

struct wheel_timer *wheel_expire(struct wheel *wheel, msec_t now_ms)
{
    /* After a gap longer than the wheel one turn passes every slot. */
    if (now_ms - wheel->passed_ms > WHEEL_SLOTS)
        wheel->passed_ms = now_ms - WHEEL_SLOTS;
    while (wheel->passed_ms < now_ms) {
        unsigned slot = slot_of(wheel->passed_ms + 1);
        unsigned ahead = distance(wheel, slot);
        struct wheel_timer *timer;

        if (wheel->passed_ms + ahead >= now_ms) {
            wheel->passed_ms = now_ms;
            break;
        }
        wheel->passed_ms += ahead;
        timer = find_due(wheel, slot_of(wheel->passed_ms + 1), now_ms);
        if (timer != NULL) {
            wheel_clear(wheel, timer);
            return timer;
        }
        wheel->passed_ms++;
    }
    return NULL;
}

msec_t wheel_next(const struct wheel *wheel)
{
    unsigned ahead = distance(wheel, slot_of(wheel->passed_ms + 1));

    return ahead == WHEEL_SLOTS ? -1 : wheel->passed_ms + 1 + ahead;
}
