/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon's board does (io/board.c; sim_board_tell.c, sim_board_write.c), step by step, so
 * that the engine hears in a simulated world what it would hear in the real one: each key told when
 * its revision is news, nothing older than what is known, a revision that went back believed after
 * a whole reading, leased keys written until the store has them. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "sim_store.h"
#include "store_json.h"
#include "world_state.h"

enum {
    RENEWALS_PER_LEASE = 3,
    WATCH_KEPT_MS = 4 * 60 * 1000, /* a notification that is older finds its connection closed */
    WATCH_LOSS_PPM = 500 * 1000,
    DUPLICATE_LATE_MS = 20 * 1000,
    ORIGINAL_LATE_MS = 2 * 1000
};

/* ---- status ---- */

static enum store_status status_now(const struct sim_board *board)
{
    return board->read_status != STORE_OK ? board->read_status : board->write_status;
}

static void tell_store(struct world *world, uint32_t probe, bool full)
{
    const struct sim_board *board = &world->probes[probe].board;
    struct event event = {.kind = EVENT_STORE, .store = {.full = full}};

    event.store.status = status_now(board);
    event.store.revision = board->revision;
    world_feed(world, probe, &event);
}

static void note(struct world *world, uint32_t probe, enum store_status *slot,
                 enum store_status status)
{
    const struct sim_board *board = &world->probes[probe].board;
    enum store_status before = status_now(board);

    *slot = status;
    if (status_now(board) != before && status_now(board) != STORE_OK)
        tell_store(world, probe, false);
}

/* That the store is well again is told by a whole read only; it shall not wait for the next. */
void sim_board_note_write(struct world *world, uint32_t probe, enum store_status status)
{
    struct sim_board *board = &world->probes[probe].board;
    bool was_well = status_now(board) == STORE_OK;

    if (status != STORE_CONFLICT && status != STORE_LEASE_LOST)
        note(world, probe, &board->write_status, status);
    if (!was_well && status_now(board) == STORE_OK)
        sim_board_read(world, probe);
}

/* ---- a whole reading ---- */

static void begin_anew(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    sim_tell_forget(p);
    p->board.synced_era = 0;
    for (uint32_t i = 0; i <= p->settings->group_count; i++)
        p->board.leased[i].dirty |=
            p->board.leased[i].text != NULL || i == p->settings->group_count;
    sim_board_flush(world, probe);
}

static void tell_all(struct world *world, uint32_t probe, uint64_t revision)
{
    struct sim_board *board = &world->probes[probe].board;

    board->told_floor = board->read_once ? board->read_floor : 0;
    sim_tell_all(world, probe, revision);
    board->told_floor = 0;
}

static void take_read(struct world *world, uint32_t probe, uint64_t revision)
{
    struct sim_probe *p = &world->probes[probe];
    struct sim_board *board = &p->board;

    if (revision < board->read_floor) /* S1: set back, or replaced */
        begin_anew(world, probe);
    board->revision = revision;
    if (board->synced != revision ||
        board->synced_era != world->store.era) { /* else: all of it has been told */
        tell_all(world, probe, revision);
        board->synced = revision;
        board->synced_era = world->store.era;
    }
    if (board->rewritten) { /* S1: set back, and past our revision again */
        board->rewritten = false;
        begin_anew(world, probe);
        board->read_again = true;
    }
    board->read_once = true;
    board->reads++;
    tell_store(world, probe, true);
    sim_board_prune(world, probe, revision);
}

static void read_after(struct world *world, uint32_t probe, msec_t after_ms)
{
    world_timer(world, after_ms,
                (struct pending){.kind = PENDING_READ,
                                 .probe = probe,
                                 .token = ++world->probes[probe].board.read_timer});
}

static void on_read(struct world *world, const struct pending *pending)
{
    struct sim_board *board = &world->probes[pending->probe].board;
    enum store_status status = pending->status;
    bool overtaken;

    if (pending->epoch != world->store.era && status == STORE_OK)
        status = STORE_AWAY; /* said by a store that was set back meanwhile */
    board->reading = false;
    note(world, pending->probe, &board->read_status, status);
    if (status != STORE_OK) {
        read_after(world, pending->probe, BOARD_RETRY_MS);
        return;
    }
    overtaken = pending->revision < board->revision && pending->revision >= board->read_floor;
    if (!overtaken)
        take_read(world, pending->probe, pending->revision);
    read_after(world, pending->probe, overtaken || board->read_again ? 0 : BOARD_READ_MS);
}

void sim_board_read(struct world *world, uint32_t probe)
{
    struct sim_board *board = &world->probes[probe].board;
    struct sim_call call = {.kind = CALL_READ, .probe = probe};

    if (board->reading) {
        board->read_again = true;
        return;
    }
    board->reading = true;
    board->read_again = false;
    board->read_floor = board->revision;
    sim_store_call(world, &call);
}

/* ---- the watch ---- */

static void on_watch(struct world *world, const struct pending *pending)
{
    struct sim_board *board = &world->probes[pending->probe].board;

    if (pending->status != STORE_OK || pending->token != (uint32_t)world->store.era ||
        world->now_ms - pending->since_ms > WATCH_KEPT_MS) {
        board->watch_lost = true;
        sim_board_read(world, pending->probe);
        return;
    }
    if (board->watch_lost) { /* what happened meanwhile was not told */
        board->watch_lost = false;
        sim_board_read(world, pending->probe);
    }
    if (!board->read_once || pending->epoch < board->revision || pending->epoch == 0)
        return;                                /* a read tells it, or has told it */
    if (pending->revision > board->revision) { /* something in between was not told */
        sim_board_read(world, pending->probe);
        return;
    }
    sim_tell_changes(world, pending->probe, pending->revision, pending->epoch);
    board->revision = pending->epoch;
    tell_store(world, pending->probe, false);
}

static bool hears(struct world *world, uint32_t probe, struct sim_trip *ret_trip)
{
    const struct sim_probe *p = &world->probes[probe];

    if (!p->alive || !p->store_reachable)
        return false;
    *ret_trip = sim_net_trip(world, probe, NONE);
    return ret_trip->answered;
}

static void send_twice(struct world *world, const struct pending *pending)
{
    struct dice *dice = &world->store.dice;
    msec_t first_ms = (msec_t)dice_below(dice, ORIGINAL_LATE_MS);

    world_later(world, STORE_MS + first_ms, *pending);
    world_later(world, STORE_MS + (msec_t)dice_below(dice, DUPLICATE_LATE_MS), *pending);
}

/* A connection keeps the order of what it carries; what leaves in the same moment goes in one. */
static void send_notification(struct world *world, struct pending *pending, msec_t back_ms)
{
    struct sim_board *board = &world->probes[pending->probe].board;
    msec_t slow_ms = world->store.slow_ms + back_ms;
    msec_t due_ms = world->now_ms + STORE_MS + (slow_ms < WATCH_KEPT_MS ? slow_ms : WATCH_KEPT_MS);
    struct pending *newest =
        board->watch_place == NONE ? NULL : &world->queue.places[board->watch_place];

    if (due_ms <= board->watch_due_ms && newest != NULL && newest->epoch == pending->revision &&
        board->watch_due_ms > world->now_ms) {
        newest->epoch = pending->epoch;
        return;
    }
    if (due_ms < board->watch_due_ms)
        due_ms = board->watch_due_ms;
    board->watch_due_ms = due_ms;
    board->watch_place = world_later(world, due_ms - world->now_ms, *pending);
}

void sim_board_notify(struct world *world, uint32_t probe)
{
    struct sim_store *store = &world->store;
    struct sim_board *board = &world->probes[probe].board;
    struct pending pending = {.kind = PENDING_WATCH,
                              .probe = probe,
                              .token = (uint32_t)store->era,
                              .revision = board->watch_sent,
                              .epoch = store->revision,
                              .since_ms = world->now_ms};
    struct sim_trip trip;

    if (store->stale)
        return; /* told when it is fresh again */
    board->watch_sent = store->revision;
    if (!hears(world, probe, &trip) ||
        (store->watch_lost && dice_ppm(&store->dice, WATCH_LOSS_PPM)))
        return;
    if (store->watch_duplicate)
        send_twice(world, &pending);
    else
        send_notification(world, &pending, trip.back_ms);
}

void sim_board_watch(struct world *world, uint32_t probe, bool lost)
{
    struct sim_board *board = &world->probes[probe].board;
    struct pending pending = {.kind = PENDING_WATCH,
                              .probe = probe,
                              .token = (uint32_t)world->store.era,
                              .status = lost ? STORE_AWAY : STORE_OK,
                              .since_ms = world->now_ms};
    struct sim_trip trip;

    board->watch_sent = world->store.revision;
    board->watch_place = NONE;
    if (hears(world, probe, &trip))
        world_later(world, STORE_MS + trip.back_ms, pending);
}

/* ---- the lease ---- */

static void tell_lease(struct world *world, uint32_t probe, bool alive, msec_t until_ms)
{
    struct event event = {.kind = EVENT_LEASE, .lease = {.alive = alive, .until_ms = until_ms}};

    world_feed(world, probe, &event);
}

static void renew_after(struct world *world, uint32_t probe, msec_t after_ms)
{
    world_timer(world, after_ms,
                (struct pending){.kind = PENDING_RENEW,
                                 .probe = probe,
                                 .token = ++world->probes[probe].board.renew_timer});
}

static void mark_dirty(struct sim_probe *probe)
{
    for (uint32_t i = 0; i <= probe->settings->group_count; i++)
        probe->board.leased[i].dirty |= probe->board.leased[i].text != NULL;
}

void sim_board_lease_lost(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    p->board.lease = 0;
    p->board.lease_alive = false;
    mark_dirty(p);
    tell_lease(world, probe, false, 0);
    renew_after(world, probe, 0);
}

static void on_renewed(struct world *world, const struct pending *pending)
{
    struct sim_probe *p = &world->probes[pending->probe];
    struct sim_board *board = &p->board;
    msec_t pause_ms = p->settings->store.lease_ms / RENEWALS_PER_LEASE;
    bool was_alive = board->lease_alive;

    board->renewing = false;
    sim_board_note_write(world, pending->probe, pending->status);
    if (pending->status == STORE_LEASE_LOST) {
        sim_board_lease_lost(world, pending->probe);
        renew_after(world, pending->probe, was_alive ? 0 : BOARD_RETRY_MS);
        return;
    }
    if (pending->status != STORE_OK) {
        renew_after(world, pending->probe, BOARD_RETRY_MS < pause_ms ? BOARD_RETRY_MS : pause_ms);
        return;
    }
    board->lease = pending->epoch;
    board->lease_alive = true;
    tell_lease(world, pending->probe, true, board->renewed_ms + p->settings->store.lease_ms);
    sim_board_flush(world, pending->probe);
    renew_after(world, pending->probe, pause_ms);
}

static void start_renewal(struct world *world, uint32_t probe)
{
    struct sim_board *board = &world->probes[probe].board;
    struct sim_call call = {.kind = CALL_RENEW, .probe = probe, .lease = board->lease};

    if (board->renewing)
        return;
    board->renewing = true;
    board->renewed_ms = world_local_ms(world, probe);
    sim_store_call(world, &call);
}

/* ---- what happens ---- */

static void on_answer(struct world *world, const struct pending *pending)
{
    switch ((enum sim_call_kind)pending->token) {
    case CALL_READ:
        on_read(world, pending);
        break;
    case CALL_RENEW:
        on_renewed(world, pending);
        break;
    case CALL_PUT:
    case CALL_DELETE:
    case CALL_PRUNE:
        sim_board_leased(world, pending);
        break;
    case CALL_COMMIT:
        sim_board_committed(world, pending);
        break;
    case CALL_ORDER:
        sim_board_note_write(world, pending->probe, pending->status);
        sim_board_read(world, pending->probe);
        break;
    case CALL_ASK:
    case CALL_CLAIM:
        sim_sinks_answer(world, pending);
        break;
    }
}

void sim_board_happen(struct world *world, const struct pending *pending)
{
    const struct sim_board *board = &world->probes[pending->probe].board;

    if (pending->kind == PENDING_ANSWER)
        on_answer(world, pending);
    else if (pending->kind == PENDING_WATCH)
        on_watch(world, pending);
    else if (pending->kind == PENDING_READ && pending->token == board->read_timer)
        sim_board_read(world, pending->probe);
    else if (pending->kind == PENDING_RENEW && pending->token == board->renew_timer)
        start_renewal(world, pending->probe);
}

/* ---- life ---- */

void sim_board_start(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    size_t electors = p->settings->elector_count;
    size_t groups = p->settings->group_count;
    struct sim_board board = {
        .votes = calloc(electors * groups + 1, sizeof(*board.votes)),
        .suspects = calloc(electors + 1, sizeof(*board.suspects)),
        .heads = calloc(groups + 1, sizeof(*board.heads)),
        .orders = calloc(ORDERS_MAX, sizeof(*board.orders)),
        .leased = calloc(groups + 1, sizeof(*board.leased)),
        .watch_sent = world->store.revision,
        .watch_place = NONE,
    };

    assert(board.votes != NULL && board.suspects != NULL && board.heads != NULL &&
           board.orders != NULL && board.leased != NULL);
    board.leased[groups].dirty = true; /* suspects of an earlier life of ours are no suspects now */
    p->board = board;
    start_renewal(world, probe);
    sim_board_read(world, probe);
}

void sim_board_stop(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    for (uint32_t i = 0; p->board.leased != NULL && i <= p->settings->group_count; i++)
        free(p->board.leased[i].text);
    free(p->board.votes);
    free(p->board.suspects);
    free(p->board.heads);
    free(p->board.orders);
    free(p->board.leased);
    p->board = (struct sim_board){0};
}
