/* SPDX-License-Identifier: Apache-2.0 */
#include "schedule.h"

#include <assert.h>

static bool before(const struct schedule_place *a, const struct schedule_place *b)
{
    if (a->due_ms != b->due_ms)
        return a->due_ms < b->due_ms;
    return a->token < b->token; /* same order on every run */
}

static void set(struct schedule *schedule, uint32_t at, const struct schedule_place *what)
{
    schedule->heap[at] = *what;
    schedule->items[what->token].place = at;
}

/* Finds the place for what may stand anywhere, from a place that is free: what is in its way moves
 * into the free one, which moves on. */
static void sift(struct schedule *schedule, uint32_t at, struct schedule_place what)
{
    struct schedule_place *heap = schedule->heap;

    for (; at > 0 && before(&what, &heap[(at - 1) / 2]); at = (at - 1) / 2)
        set(schedule, at, &heap[(at - 1) / 2]);
    for (;;) {
        uint32_t child = 2 * at + 1;

        if (child + 1 < schedule->count && before(&heap[child + 1], &heap[child]))
            child++;
        if (child >= schedule->count || !before(&heap[child], &what))
            break;
        set(schedule, at, &heap[child]);
        at = child;
    }
    set(schedule, at, &what);
}

void schedule_put(struct schedule *schedule, uint32_t token, msec_t due_ms)
{
    struct schedule_item *item = &schedule->items[token];
    uint32_t at = item->place == NONE ? schedule->count++ : item->place;

    item->due_ms = due_ms;
    sift(schedule, at, (struct schedule_place){due_ms, token});
}

void schedule_take(struct schedule *schedule, uint32_t token)
{
    uint32_t place = schedule->items[token].place;

    if (place == NONE)
        return;
    schedule->count--;
    if (place != schedule->count)
        sift(schedule, place, schedule->heap[schedule->count]);
    schedule->items[token].place = NONE;
}

uint32_t schedule_pop(struct schedule *schedule, msec_t now_ms)
{
    uint32_t token;

    if (schedule_next(schedule) > now_ms)
        return NONE;
    token = schedule->heap[0].token;
    schedule_take(schedule, token);
    return token;
}

msec_t schedule_next(const struct schedule *schedule)
{
    return schedule->count == 0 ? INT64_MAX : schedule->heap[0].due_ms;
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
