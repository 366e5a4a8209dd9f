/* SPDX-License-Identifier: Apache-2.0 */
/* The clock: the earliest of what is pending (sim_queue.c) and of the engines' deadlines happens
 * next. */
#include "world_state.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"

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
                 "[%6" PRId64 "] %s %s\n", fact->at_ms,
                 world->probes[probe].settings->electors[probe].name, line);
    if (n > 0 && world->trace_used + (size_t)n < TRACE_MAX)
        world->trace_used += (size_t)n;
}

static void start_check(struct world *world, uint32_t probe, uint32_t token)
{
    struct sim_probe *p = &world->probes[probe];
    struct pending pending = {.kind = PENDING_RESULT, .probe = probe, .token = token};
    msec_t after_ms = ANSWER_MS;

    if (token < p->settings->check_count) {
        const struct check *check = &p->settings->checks[token];
        p->started[check->site]++;
        if (p->modes[check->site] == SITE_TIMEOUT)
            after_ms = check->timeout_ms;
    }
    world_later(world, after_ms, pending);
}

static void read_zone(struct world *world, uint32_t probe, uint32_t zone)
{
    bool down = world->mode == ZONE_DOWN;
    struct pending pending = {.kind = PENDING_ZONE,
                              .probe = probe,
                              .token = zone,
                              .outcome = down                       ? ROUTE53_LOST
                                         : world->mode == ZONE_DENY ? ROUTE53_DENIED
                                                                    : ROUTE53_OK};

    world_later(world, ROUTE53_MS, pending);
}

static void note_alert(struct world *world, const struct alert *alert)
{
    world->alerts[alert->event][alert->phase]++;
    world->last_alerts[alert->event] = *alert;
    world->last_alerts[alert->event].group = "";
    world->last_alerts[alert->event].region = "";
    world->last_alerts[alert->event].probe = "";
}

static void perform(struct world *world, uint32_t probe, const struct update *update)
{
    struct sim_probe *p = &world->probes[probe];

    for (uint32_t i = 0; i < update->fact_count; i++)
        trace(world, probe, &update->facts[i]);
    for (uint32_t i = 0; i < update->start_count; i++)
        start_check(world, probe, update->starts[i]);
    sim_store_publish(world, probe, update);
    for (uint32_t i = 0; i < update->latch_count; i++)
        p->latched[update->latches[i].group * p->settings->region_count +
                   update->latches[i].region] = update->latches[i].set ? 1 : 0;
    for (uint32_t i = 0; i < update->commit_count; i++)
        sim_store_commit(world, probe, &update->commits[i]);
    for (uint32_t i = 0; i < update->zone_read_count; i++)
        read_zone(world, probe, update->zone_reads[i]);
    for (uint32_t i = 0; i < update->batch_count; i++) {
        const struct batch *batch = &update->batches[i];
        if (batch->epoch > p->journal[batch->group])
            p->journal[batch->group] = batch->epoch;
        sim_zone_send(world, probe, batch);
    }
    for (uint32_t i = 0; i < update->alert_count; i++)
        note_alert(world, &update->alerts[i]);
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

void world_feed(struct world *world, uint32_t probe, struct event *event)
{
    struct update update;

    event->at_ms = world->now_ms;
    if (probe == world->record_probe)
        record(world, probe, event);
    if (world->hook != NULL)
        world->hook(world->probes[probe].engine);
    engine_step(world->probes[probe].engine, event, &update);
    perform(world, probe, &update);
}

/* ---- what happens ---- */

static void happen_result(struct world *world, uint32_t probe, uint32_t token)
{
    static const enum failure failures[] = {
        [SITE_OK] = FAILURE_NONE,         [SITE_REFUSE] = FAILURE_CONNECT,
        [SITE_TIMEOUT] = FAILURE_TIMEOUT, [SITE_STATUS] = FAILURE_STATUS,
        [SITE_DNS] = FAILURE_DNS,         [SITE_VOID] = FAILURE_POLICY};
    struct sim_probe *p = &world->probes[probe];
    struct result result = {.class = RESULT_GOOD};
    struct event event = {.kind = EVENT_REFERENCE};

    if (token >= p->settings->check_count) {
        event.reference.reference = token - p->settings->check_count;
        event.reference.answered = p->references_answer;
    } else {
        enum site_mode mode = (enum site_mode)p->modes[p->settings->checks[token].site];
        result.class = mode == SITE_OK ? RESULT_GOOD : mode == SITE_VOID ? RESULT_VOID : RESULT_BAD;
        result.failure = failures[mode];
        event.kind = EVENT_RESULT;
        event.result.check = token;
        event.result.result = &result;
    }
    world_feed(world, probe, &event);
}

/* The engine may hold on to a view until the next one of the zone has been taken. */
static void happen_zone(struct world *world, uint32_t probe, uint32_t zone,
                        enum route53_outcome outcome)
{
    struct sim_probe *p = &world->probes[probe];
    struct event event = {.kind = EVENT_ZONE, .zone = {.zone = zone, .outcome = outcome}};
    struct zone_view **slot = &p->zone_views[zone];
    struct zone_view *old = *slot;

    if (outcome == ROUTE53_OK) {
        *slot = sim_zone_read(world, zone);
        event.zone.view = *slot;
    }
    world_feed(world, probe, &event);
    if (outcome == ROUTE53_OK)
        zone_view_destroy(old);
}

static void happen_reply(struct world *world, const struct pending *pending)
{
    struct event event = {.kind = EVENT_CHANGE,
                          .change = {.zone = pending->token,
                                     .group = pending->group,
                                     .epoch = pending->epoch,
                                     .outcome = pending->outcome}};

    if (pending->kind == PENDING_COMMIT)
        event = (struct event){.kind = EVENT_COMMIT,
                               .commit = {.group = pending->group,
                                          .status = pending->status,
                                          .revision = pending->revision}};
    else if (pending->kind == PENDING_INSYNC)
        event = (struct event){.kind = EVENT_INSYNC,
                               .insync = {pending->token, pending->group, pending->epoch}};
    else if (pending->kind == PENDING_SERVERS)
        event =
            (struct event){.kind = EVENT_SERVERS,
                           .servers = {pending->token, pending->group, pending->epoch, 4, 4, 4}};
    world_feed(world, pending->probe, &event);
}

static void happen_full_read(struct world *world, uint32_t probe)
{
    struct pending again = {.kind = PENDING_FULL_READ, .probe = probe};

    sim_store_tell(world, probe, true);
    world_later(world, FULL_READ_MS, again);
}

static void happen_to_probe(struct world *world, struct pending *pending)
{
    switch (pending->kind) {
    case PENDING_RESULT:
        happen_result(world, pending->probe, pending->token);
        break;
    case PENDING_STORE:
        sim_store_tell(world, pending->probe, false);
        break;
    case PENDING_FULL_READ:
        happen_full_read(world, pending->probe);
        break;
    case PENDING_RENEW:
        sim_store_renew(world, pending->probe);
        break;
    case PENDING_ZONE:
        happen_zone(world, pending->probe, pending->token, pending->outcome);
        break;
    case PENDING_COMMIT:
    case PENDING_CHANGE:
    case PENDING_INSYNC:
    case PENDING_SERVERS:
        happen_reply(world, pending);
        break;
    case PENDING_LATE:
    case PENDING_SWEEP:
        break;
    }
}

static void keep_for_later(struct sim_probe *probe, const struct pending *pending)
{
    if (probe->waiting_count == probe->waiting_room) {
        probe->waiting_room = probe->waiting_room == 0 ? 64 : 2 * probe->waiting_room;
        probe->waiting = realloc(probe->waiting, probe->waiting_room * sizeof(*probe->waiting));
        assert(probe->waiting != NULL);
    }
    probe->waiting[probe->waiting_count++] = *pending;
}

static void happen(struct world *world, struct pending *pending)
{
    struct sim_probe *probe = pending->probe == NONE ? NULL : &world->probes[pending->probe];

    if (pending->kind == PENDING_SWEEP) {
        sim_store_sweep(world);
        world_later(world, LEASE_SWEEP_MS, (struct pending){.kind = PENDING_SWEEP, .probe = NONE});
    } else if (pending->kind == PENDING_LATE) {
        sim_zone_apply(world, &pending->batch->batch, true);
        sim_batch_destroy(pending->batch);
    } else if (!probe->alive || probe->life != pending->life) {
        return; /* asked by a process that is no more */
    } else if (probe->paused) {
        keep_for_later(probe, pending);
    } else {
        happen_to_probe(world, pending);
    }
}

/* ---- time ---- */

static uint32_t next_engine(const struct world *world, msec_t *ret_at_ms)
{
    uint32_t next = NONE;

    *ret_at_ms = INT64_MAX;
    for (uint32_t i = 0; i < world->probe_count; i++) {
        const struct sim_probe *probe = &world->probes[i];
        if (!probe->alive || probe->paused || engine_deadline(probe->engine) >= *ret_at_ms)
            continue;
        *ret_at_ms = engine_deadline(probe->engine);
        next = i;
    }
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

/* ---- probes ---- */

void world_start(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    struct event start = {
        .kind = EVENT_START,
        .start = {.wall = (wall_t)WALL_START * 1000 + world->now_ms + p->wall_skew_ms}};

    assert(!p->alive);
    if (engine_create(p->settings, p->dry_run, NULL, &p->engine) < 0)
        abort();
    p->alive = true;
    p->paused = false;
    p->life++;
    memset(p->known, 0, sizeof(p->known));
    world_feed(world, probe, &start);
    for (uint32_t g = 0; g < p->settings->group_count; g++)
        world_feed(world, probe,
                   &(struct event){.kind = EVENT_JOURNAL, .journal = {g, p->journal[g]}});
    world_later(world, 0, (struct pending){.kind = PENDING_RENEW, .probe = probe});
    world_later(world, STORE_MS, (struct pending){.kind = PENDING_FULL_READ, .probe = probe});
}

void world_kill(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    if (!p->alive)
        return;
    p->alive = false;
    engine_destroy(p->engine);
    p->engine = NULL;
    p->lease_held = false;
    p->waiting_count = 0;
    for (uint32_t g = 0; g < p->settings->group_count; g++) {
        free(p->votes[g]);
        p->votes[g] = NULL;
    }
    for (uint32_t z = 0; z < p->settings->zone_count; z++) {
        zone_view_destroy(p->zone_views[z]);
        p->zone_views[z] = NULL;
    }
}

void world_pause(struct world *world, uint32_t probe)
{
    world->probes[probe].paused = true;
}

/* What waited at the process's sockets comes all at once. */
void world_resume(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    p->paused = false;
    world_feed(world, probe, &(struct event){.kind = EVENT_TICK});
    for (uint32_t i = 0; i < p->waiting_count; i++)
        happen_to_probe(world, &p->waiting[i]);
    p->waiting_count = 0;
}

void world_clock(struct world *world, uint32_t probe, msec_t jump_ms)
{
    struct event event = {.kind = EVENT_CLOCK, .clock = {.jump_ms = jump_ms}};

    world_feed(world, probe, &event);
}

void world_wall(struct world *world, uint32_t probe, msec_t skew_ms)
{
    world->probes[probe].wall_skew_ms = skew_ms;
}

void world_dry_run(struct world *world, uint32_t probe, bool dry_run)
{
    world->probes[probe].dry_run = dry_run;
}

struct engine *world_engine(struct world *world, uint32_t probe)
{
    return world->probes[probe].engine;
}

void world_init_groups(struct world *world)
{
    for (uint32_t g = 0; g < world->probes[0].settings->group_count; g++)
        world_feed(world, 0, &(struct event){.kind = EVENT_INIT, .init = {.group = g}});
}
