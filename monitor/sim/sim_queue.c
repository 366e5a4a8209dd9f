/* SPDX-License-Identifier: Apache-2.0 */
/* What will happen: a binary heap of small entries, by time and then by the order they were asked
 * for, so that every run is the same. What they stand for stays in its place and is not moved. */
#include <assert.h>
#include <stdlib.h>

#include "world_state.h"

/* No branch: nobody can foresee which of two is first, and a wrong guess costs more than both
 * comparisons. */
static bool before(const struct queue_entry *a, const struct queue_entry *b)
{
    return (a->at_ms < b->at_ms) | ((a->at_ms == b->at_ms) & (a->seq < b->seq));
}

static void rise(struct sim_queue *queue, uint32_t at, struct queue_entry entry)
{
    while (at > 0 && before(&entry, &queue->heap[(at - 1) / 2])) {
        queue->heap[at] = queue->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    queue->heap[at] = entry;
}

static void sink(struct sim_queue *queue, struct queue_entry entry)
{
    uint32_t at = 0;

    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child >= queue->count)
            break;
        if (child + 1 < queue->count)
            child += before(&queue->heap[child + 1], &queue->heap[child]);
        if (!before(&queue->heap[child], &entry))
            break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = entry;
}

/* Twice the room; the new places are free. */
static void grow(struct sim_queue *queue)
{
    uint32_t room = queue->room == 0 ? 256 : 2 * queue->room;

    queue->heap = realloc(queue->heap, room * sizeof(*queue->heap));
    queue->places = realloc(queue->places, room * sizeof(*queue->places));
    queue->free = realloc(queue->free, room * sizeof(*queue->free));
    assert(queue->heap != NULL && queue->places != NULL && queue->free != NULL);
    for (uint32_t i = room; i > queue->room; i--)
        queue->free[queue->free_count++] = i - 1;
    queue->room = room;
}

uint32_t world_later(struct world *world, msec_t after_ms, struct pending pending)
{
    struct sim_queue *queue = &world->queue;
    uint32_t place;

    if (queue->count == queue->room)
        grow(queue);
    place = queue->free[--queue->free_count];
    queue->places[place] = pending;
    if (pending.probe != NONE)
        queue->places[place].life = world->probes[pending.probe].life;
    rise(queue, queue->count++,
         (struct queue_entry){
             .at_ms = world->now_ms + after_ms, .seq = queue->seq++, .place = place});
    return place;
}

msec_t sim_queue_next(const struct sim_queue *queue)
{
    return queue->count == 0 ? INT64_MAX : queue->heap[0].at_ms;
}

struct pending sim_queue_take(struct sim_queue *queue)
{
    uint32_t place = queue->heap[0].place;

    assert(queue->count > 0);
    queue->free[queue->free_count++] = place;
    queue->count--;
    if (queue->count > 0)
        sink(queue, queue->heap[queue->count]);
    return queue->places[place];
}

void sim_pending_drop(const struct pending *pending)
{
    if (pending->kind == PENDING_BATCH)
        sim_batch_destroy(pending->batch);
    else if (pending->kind == PENDING_ZONE)
        sim_view_destroy(pending->view);
    else if (pending->kind == PENDING_CALL)
        sim_call_destroy(pending->call);
}

void sim_queue_destroy(struct sim_queue *queue)
{
    for (uint32_t i = 0; i < queue->count; i++)
        sim_pending_drop(&queue->places[queue->heap[i].place]);
    free(queue->heap);
    free(queue->places);
    free(queue->free);
}
