/* SPDX-License-Identifier: Apache-2.0 */
/* What will happen, by time and then by the order it was asked for, so that every run is the same:
 *
 *     near   the next few, the very next one last: taken without a look, put in by a short walk
 *     heap   all that is later, a binary heap; when near is empty, its first ones move there
 *
 * Most of what is asked for is an answer, due before nearly all that waits: it never sees the heap.
 * What the entries stand for stays in its place and is not moved. */
#include <assert.h>
#include <stdlib.h>

#include "world_state.h"

/* No branch: nobody can foresee which of two is first, and a wrong guess costs more than both
 * comparisons. */
static bool before(const struct queue_entry *a, const struct queue_entry *b)
{
    return (a->at_ms < b->at_ms) | ((a->at_ms == b->at_ms) & (a->seq < b->seq));
}

/* ---- the heap ---- */

static void rise(struct sim_queue *queue, struct queue_entry entry)
{
    uint32_t at = queue->heap_count++;

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
        if (child >= queue->heap_count)
            break;
        if (child + 1 < queue->heap_count)
            child += before(&queue->heap[child + 1], &queue->heap[child]);
        if (!before(&queue->heap[child], &entry))
            break;
        queue->heap[at] = queue->heap[child];
        at = child;
    }
    queue->heap[at] = entry;
}

static struct queue_entry heap_take(struct sim_queue *queue)
{
    struct queue_entry first = queue->heap[0];

    queue->heap_count--;
    if (queue->heap_count > 0)
        sink(queue, queue->heap[queue->heap_count]);
    return first;
}

/* ---- the next few ---- */

/* Half of it, so that there is room for what is asked for meanwhile. */
static void refill(struct sim_queue *queue)
{
    uint32_t count =
        queue->heap_count < SIM_QUEUE_NEAR / 2 ? queue->heap_count : SIM_QUEUE_NEAR / 2;

    for (uint32_t i = count; i > 0; i--)
        queue->near[i - 1] = heap_take(queue);
    queue->near_count = count;
}

/* The latest half goes to the heap. */
static void spill(struct sim_queue *queue)
{
    for (uint32_t i = 0; i < SIM_QUEUE_NEAR / 2; i++)
        rise(queue, queue->near[i]);
    queue->near_count -= SIM_QUEUE_NEAR / 2;
    for (uint32_t i = 0; i < queue->near_count; i++)
        queue->near[i] = queue->near[i + SIM_QUEUE_NEAR / 2];
}

/* It is the youngest: it happens after all that are due at the same time. */
static void put(struct sim_queue *queue, struct queue_entry entry)
{
    uint32_t at;

    if (queue->near_count == SIM_QUEUE_NEAR)
        spill(queue);
    if (queue->heap_count > 0 && entry.at_ms >= queue->near[0].at_ms) {
        rise(queue, entry);
        return;
    }
    for (at = queue->near_count++; at > 0 && queue->near[at - 1].at_ms <= entry.at_ms; at--)
        queue->near[at] = queue->near[at - 1];
    queue->near[at] = entry;
}

/* ---- places ---- */

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

    if (queue->free_count == 0)
        grow(queue);
    place = queue->free[--queue->free_count];
    queue->places[place] = pending;
    if (pending.probe != NONE)
        queue->places[place].life = world->probes[pending.probe].life;
    put(queue, (struct queue_entry){
                   .at_ms = world->now_ms + after_ms, .seq = queue->seq++, .place = place});
    return place;
}

msec_t sim_queue_next(const struct sim_queue *queue)
{
    return queue->near_count == 0 ? INT64_MAX : queue->near[queue->near_count - 1].at_ms;
}

struct pending sim_queue_take(struct sim_queue *queue)
{
    uint32_t place;

    assert(queue->near_count > 0);
    place = queue->near[--queue->near_count].place;
    queue->free[queue->free_count++] = place;
    if (queue->near_count == 0)
        refill(queue);
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
    for (uint32_t i = 0; i < queue->near_count; i++)
        sim_pending_drop(&queue->places[queue->near[i].place]);
    for (uint32_t i = 0; i < queue->heap_count; i++)
        sim_pending_drop(&queue->places[queue->heap[i].place]);
    free(queue->heap);
    free(queue->places);
    free(queue->free);
}
