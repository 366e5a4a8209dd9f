/* SPDX-License-Identifier: Apache-2.0 */
/* The clock: the earliest of what is pending (sim_queue.c) and of the engines' deadlines happens
 * next. */
#include "world_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "event_text.h"
#include "loop.h"

/* ---- carrying out an update ---- */

static void trace(struct world *world, uint32_t probe, const struct fact *fact)
{
    char line[512];
    int n;

    if (!(world->trace_codes >> fact->code & 1) ||
        (world->trace_probe != NONE && world->trace_probe != probe))
        return;
    fact_format(fact, world->probes[probe].settings, line, sizeof(line));
    n = snprintf(world->trace + world->trace_used, TRACE_MAX - world->trace_used,
                 "[%6" PRId64 "] %s %s\n", world->now_ms,
                 world->probes[probe].settings->electors[probe].name, line);
    if (n > 0 && world->trace_used + (size_t)n < TRACE_MAX)
        world->trace_used += (size_t)n;
}

static void note_alert(struct world *world, const struct alert *alert)
{
    world->alerts[alert->event][alert->phase]++;
    world->last_alerts[alert->event] = *alert;
    world->last_alerts[alert->event].group = "";
    world->last_alerts[alert->event].region = "";
    world->last_alerts[alert->event].probe = "";
}

/* Most steps start a check, or do nothing at all. */
static bool only_starts(const struct update *update)
{
    return (update->fact_count | update->vote_count | update->suspects_changed |
            update->latch_count | update->locals_changed | update->commit_count |
            update->keep_count | update->zone_read_count | update->batch_count |
            update->alert_count) == 0;
}

/* In the order of monitor/io/perform.c. */
static void perform(struct world *world, uint32_t probe, const struct update *update)
{
    struct sim_probe *p = &world->probes[probe];

    for (uint32_t i = 0; i < update->fact_count; i++)
        trace(world, probe, &update->facts[i]);
    for (uint32_t i = 0; i < update->start_count; i++)
        sim_check_start(world, probe, update->starts[i]);
    if (only_starts(update))
        return;
    sim_store_publish(world, probe, update);
    for (uint32_t i = 0; i < update->latch_count; i++)
        p->latched[update->latches[i].group * p->settings->region_count +
                   update->latches[i].region] =
            update->latches[i].set ? update->latches[i].epoch : 0;
    if (update->locals_changed) {
        p->local_count = update->local_count;
        memcpy(p->locals, update->locals, update->local_count * sizeof(*p->locals));
    }
    for (uint32_t i = 0; i < update->commit_count; i++)
        sim_store_commit(world, probe, &update->commits[i]);
    sim_store_keep(world, probe, update);
    for (uint32_t i = 0; i < update->zone_read_count; i++)
        sim_route53_read(world, probe, update->zone_reads[i]);
    if (update->batch_count > 0 && p->hang_ms > 0)
        sim_probe_hang(world, probe, update);
    else
        world_perform_rest(world, probe, update);
}

void world_perform_rest(struct world *world, uint32_t probe, const struct update *update)
{
    struct sim_probe *p = &world->probes[probe];

    for (uint32_t i = 0; i < update->batch_count; i++) {
        const struct batch *batch = &update->batches[i];
        if (batch->epoch > p->journal[batch->group])
            p->journal[batch->group] = batch->epoch;
        sim_route53_send(world, probe, batch);
    }
    for (uint32_t i = 0; i < update->alert_count; i++) {
        note_alert(world, &update->alerts[i]);
        sim_sinks_raise(world, probe, &update->alerts[i]);
    }
}

static void record(struct world *world, uint32_t probe, const struct event *event)
{
    int length;

    if (world->record_room - world->record_used < EVENT_TEXT_MAX) {
        world->record_room = 2 * world->record_room + EVENT_TEXT_MAX;
        world->record = realloc(world->record, world->record_room);
        assert(world->record != NULL);
    }
    length = event_text_write(world->probes[probe].settings, event,
                              world->record + world->record_used, EVENT_TEXT_MAX - 1);
    assert(length >= 0);
    world->record_used += (size_t)length;
    memcpy(world->record + world->record_used, "\n", 2);
    world->record_used++;
}

static void step(struct world *world, uint32_t probe, struct event *event)
{
    struct update update;

    event->at_ms = world_local_ms(world, probe);
    if (probe == world->record_probe)
        record(world, probe, event);
    if (world->hook != NULL)
        world->hook(world->probes[probe].engine);
    engine_step(world->probes[probe].engine, event, &update);
    world->steps++;
    for (uint32_t i = 0; i < world->watcher_count; i++) {
        const struct watcher *watcher = &world->watchers[i];
        if (watcher->stepped != NULL)
            watcher->stepped(watcher->context, world, probe, event, &update);
    }
    perform(world, probe, &update);
    sim_probe_plan(world, probe);
}

/* V5: the loop looks at the wall clock at each turn. A hang waits for what the turn is about. */
static void notice_jump(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    msec_t jump_ms = p->wall_jump_ms;
    msec_t hang_ms = p->hang_ms;
    struct event event = {.kind = EVENT_CLOCK, .clock = {.jump_ms = jump_ms}};

    p->wall_jump_ms = 0;
    if (jump_ms <= LOOP_JUMP_MS && jump_ms >= -LOOP_JUMP_MS)
        return;
    p->hang_ms = 0;
    step(world, probe, &event);
    p->hang_ms = hang_ms;
}

void world_feed(struct world *world, uint32_t probe, struct event *event)
{
    if (world->probes[probe].paused) {
        sim_probe_hold(world, probe, event);
        return;
    }
    if (world->probes[probe].wall_jump_ms != 0)
        notice_jump(world, probe);
    step(world, probe, event);
}

/* ---- what happens ---- */

void world_happen_to_probe(struct world *world, struct pending *pending)
{
    switch (pending->kind) {
    case PENDING_RESULT:
        sim_check_end(world, pending);
        break;
    case PENDING_READ:
    case PENDING_RENEW:
    case PENDING_WATCH:
    case PENDING_ANSWER:
        sim_board_happen(world, pending);
        break;
    case PENDING_SINKS:
    case PENDING_SENT:
        sim_sinks_happen(world, pending);
        break;
    case PENDING_ZONE:
    case PENDING_CHANGE:
    case PENDING_INSYNC:
    case PENDING_SERVERS:
        sim_route53_happen(world, pending);
        break;
    case PENDING_CALL:
    case PENDING_INBOX:
    case PENDING_ASK:
    case PENDING_BATCH:
    case PENDING_UNDO:
    case PENDING_SWEEP:
    case PENDING_WAKE:
    case PENDING_ORDER:
        break;
    }
}

/* What happens to no probe's process. */
static void happen_outside(struct world *world, const struct pending *pending)
{
    if (pending->kind == PENDING_SWEEP) {
        world_later(world, sim_store_sweep(world),
                    (struct pending){.kind = PENDING_SWEEP, .probe = NONE});
    } else if (pending->kind == PENDING_ASK || pending->kind == PENDING_BATCH ||
               pending->kind == PENDING_UNDO) {
        sim_route53_arrive(world, pending);
    } else if (pending->kind == PENDING_CALL) {
        sim_store_arrive(world, pending->call);
    } else if (pending->kind == PENDING_INBOX) {
        sim_sinks_arrive(world, pending);
    } else if (pending->kind == PENDING_ORDER) {
        sim_store_orders(world);
    }
    sim_pending_drop(pending);
}

static void happen(struct world *world, struct pending *pending)
{
    struct sim_probe *probe = pending->probe == NONE ? NULL : &world->probes[pending->probe];

    if (probe == NULL) {
        happen_outside(world, pending);
    } else if (!probe->alive || probe->life != pending->life) {
        sim_pending_drop(pending); /* asked by a process that is no more */
    } else if (pending->kind == PENDING_WAKE) {
        if (probe->hung && probe->hangs == pending->token)
            world_resume(world, pending->probe);
    } else if (probe->paused) {
        sim_probe_wait(probe, pending);
    } else {
        world_happen_to_probe(world, pending);
    }
}

/* ---- time ---- */

static uint32_t next_engine(const struct world *world, msec_t *ret_at_ms)
{
    uint32_t next = 0;

    for (uint32_t i = 1; i < world->probe_count; i++) {
        if (world->deadlines_ms[i] < world->deadlines_ms[next])
            next = i;
    }
    *ret_at_ms = world->deadlines_ms[next];
    return next;
}

void world_run(struct world *world, msec_t at_ms)
{
    for (;;) {
        msec_t engine_ms;
        uint32_t probe = next_engine(world, &engine_ms);
        msec_t queue_ms = sim_queue_next(&world->queue);
        bool queue_first = queue_ms <= engine_ms;
        msec_t next_ms = queue_first ? queue_ms : engine_ms;

        if (next_ms > at_ms)
            break;
        if (next_ms > world->now_ms)
            world->now_ms = next_ms;
        if (queue_first) {
            struct pending pending = sim_queue_take(&world->queue);
            happen(world, &pending);
        } else {
            world_feed(world, probe, &(struct event){.kind = EVENT_TICK});
        }
    }
    world->now_ms = at_ms;
}

msec_t world_now(const struct world *world)
{
    return world->now_ms;
}

/* ---- those who look on ---- */

void world_watch(struct world *world, const struct watcher *watcher)
{
    assert(world->watcher_count < WATCHERS_MAX);
    world->watchers[world->watcher_count++] = *watcher;
}

void world_tell_committed(struct world *world, uint32_t probe, const struct commit *commit,
                          uint64_t revision)
{
    for (uint32_t i = 0; i < world->watcher_count; i++) {
        const struct watcher *watcher = &world->watchers[i];
        if (watcher->committed != NULL)
            watcher->committed(watcher->context, world, probe, commit, revision);
    }
}

void world_tell_sent(struct world *world, uint32_t probe, const struct batch *batch)
{
    for (uint32_t i = 0; i < world->watcher_count; i++) {
        const struct watcher *watcher = &world->watchers[i];
        if (watcher->sent != NULL)
            watcher->sent(watcher->context, world, probe, batch);
    }
}

void world_tell_accepted(struct world *world, uint32_t probe, const struct batch *batch, bool shift,
                         bool late)
{
    for (uint32_t i = 0; i < world->watcher_count; i++) {
        const struct watcher *watcher = &world->watchers[i];
        if (watcher->accepted != NULL)
            watcher->accepted(watcher->context, world, probe, batch, shift, late);
    }
}

void world_tell_delivered(struct world *world, uint32_t probe, const struct alert *alert)
{
    for (uint32_t i = 0; i < world->watcher_count; i++) {
        const struct watcher *watcher = &world->watchers[i];
        if (watcher->delivered != NULL)
            watcher->delivered(watcher->context, world, probe, alert);
    }
}
