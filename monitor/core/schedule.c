/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule.h"

#include <assert.h>

static bool before(const struct schedule *schedule, uint32_t a, uint32_t b)
{
    const struct schedule_item *x = &schedule->items[schedule->heap[a]];
    const struct schedule_item *y = &schedule->items[schedule->heap[b]];

    if (x->due_ms != y->due_ms)
        return x->due_ms < y->due_ms;
    return schedule->heap[a] < schedule->heap[b]; /* same order on every run */
}

static void swap(struct schedule *schedule, uint32_t a, uint32_t b)
{
    uint32_t token = schedule->heap[a];

    schedule->heap[a] = schedule->heap[b];
    schedule->heap[b] = token;
    schedule->items[schedule->heap[a]].place = a;
    schedule->items[schedule->heap[b]].place = b;
}

static void sift(struct schedule *schedule, uint32_t at)
{
    while (at > 0 && before(schedule, at, (at - 1) / 2)) {
        swap(schedule, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child >= schedule->count)
            return;
        if (child + 1 < schedule->count && before(schedule, child + 1, child))
            child++;
        if (!before(schedule, child, at))
            return;
        swap(schedule, at, child);
        at = child;
    }
}

void schedule_put(struct schedule *schedule, uint32_t token, msec_t due_ms)
{
    struct schedule_item *item = &schedule->items[token];

    item->due_ms = due_ms;
    if (item->place == NONE) {
        item->place = schedule->count++;
        schedule->heap[item->place] = token;
    }
    sift(schedule, item->place);
}

void schedule_take(struct schedule *schedule, uint32_t token)
{
    uint32_t place = schedule->items[token].place;

    if (place == NONE)
        return;
    schedule->count--;
    if (place != schedule->count) {
        swap(schedule, place, schedule->count);
        sift(schedule, place);
    }
    schedule->items[token].place = NONE;
}

uint32_t schedule_pop(struct schedule *schedule, msec_t now_ms)
{
    uint32_t token;

    if (schedule_next(schedule) > now_ms)
        return NONE;
    token = schedule->heap[0];
    schedule_take(schedule, token);
    return token;
}

msec_t schedule_next(const struct schedule *schedule)
{
    return schedule->count == 0 ? INT64_MAX : schedule->items[schedule->heap[0]].due_ms;
}

msec_t schedule_grid(const struct schedule *schedule, uint32_t token, msec_t now_ms,
                     wall_t wall_offset)
{
    const struct schedule_item *item = &schedule->items[token];
    msec_t past;

    assert(item->interval_ms > 0);
    past = (now_ms + wall_offset - item->phase_ms) % item->interval_ms;
    if (past < 0)
        past += item->interval_ms;
    return now_ms + item->interval_ms - past;
}

msec_t schedule_phase(const char *name, uint32_t index, uint32_t rank, uint32_t ranks,
                      msec_t interval_ms)
{
    uint64_t hash = UINT64_C(1469598103934665603); /* FNV-1a */

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    hash = (hash ^ index) * UINT64_C(1099511628211);
    return (msec_t)((hash >> 16) % (uint64_t)interval_ms + (uint64_t)interval_ms * rank / ranks) %
           interval_ms;
}
