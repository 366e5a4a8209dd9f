/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a probe: started, killed, stopped and let go on; and its clocks. What is on its disk
 * (the journal of epochs, the latches, the orders that only it knows) outlives it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "loop.h"
#include "world_state.h"

enum { MILLION = 1000000 };

/* ---- clocks ---- */

/* What a clock shows at a time of the world. It never goes back, for no drift is a whole second in
 * a second. */
static msec_t shows(const struct sim_clock *clock, msec_t at_ms)
{
    msec_t passed_ms = at_ms - clock->world_ms;

    return clock->local_ms + passed_ms + passed_ms * clock->drift_ppm / MILLION;
}

msec_t world_local_ms(const struct world *world, uint32_t probe)
{
    const struct sim_clock *clock = &world->probes[probe].clock;

    return clock->drift_ppm == 0 ? clock->local_ms + world->now_ms - clock->world_ms
                                 : shows(clock, world->now_ms);
}

msec_t world_when(const struct world *world, uint32_t probe, msec_t local_ms)
{
    const struct sim_clock *clock = &world->probes[probe].clock;
    msec_t at_ms = clock->world_ms + (local_ms - clock->local_ms);

    if (clock->drift_ppm == 0 || local_ms == INT64_MAX)
        return local_ms == INT64_MAX ? INT64_MAX : at_ms;
    at_ms = clock->world_ms + (msec_t)((double)(local_ms - clock->local_ms) * MILLION /
                                       (double)(MILLION + clock->drift_ppm));
    while (shows(clock, at_ms) < local_ms)
        at_ms++;
    while (shows(clock, at_ms - 1) >= local_ms)
        at_ms--;
    return at_ms;
}

void world_timer(struct world *world, msec_t after_local_ms, struct pending pending)
{
    msec_t local_ms = world_local_ms(world, pending.probe) + after_local_ms;

    world_later(world, world_when(world, pending.probe, local_ms) - world->now_ms, pending);
}

void sim_probe_drift(struct world *world, uint32_t probe, int64_t ppm)
{
    struct sim_probe *p = &world->probes[probe];

    assert(ppm > -MILLION);
    p->clock = (struct sim_clock){world->now_ms, world_local_ms(world, probe), ppm};
    sim_probe_plan(world, probe);
}

/* Noticed at the next turn of its loop, as the daemon does. */
void sim_probe_jump(struct world *world, uint32_t probe, msec_t jump_ms)
{
    struct sim_probe *p = &world->probes[probe];

    p->wall_skew_ms += jump_ms;
    if (p->alive)
        p->wall_jump_ms += jump_ms;
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

/* ---- life ---- */

void sim_probe_plan(struct world *world, uint32_t probe)
{
    const struct sim_probe *p = &world->probes[probe];

    world->deadlines_ms[probe] =
        p->alive && !p->paused ? world_when(world, probe, engine_deadline(p->engine)) : INT64_MAX;
}

static void wake_up(struct sim_probe *probe)
{
    probe->paused = false;
    probe->hung = false;
    probe->hang_ms = 0;
    probe->wall_jump_ms = 0;
    probe->stall_end_ms = -1;
    probe->waiting_count = 0;
    for (uint32_t i = 0; i < probe->held_count; i++)
        event_copy_destroy(probe->held[i]);
    free(probe->held);
    probe->held = NULL;
    probe->held_count = 0;
}

/* B1, D7: what only its disk knows. */
static void tell_latches(struct world *world, uint32_t probe)
{
    const struct sim_probe *p = &world->probes[probe];
    uint32_t regions = p->settings->region_count;

    for (uint32_t i = 0; i < p->settings->group_count * regions; i++) {
        if (p->latched[i] > 0)
            world_feed(world, probe,
                       &(struct event){.kind = EVENT_LATCH,
                                       .latch = {i / regions, i % regions, p->latched[i]}});
    }
}

static void tell_locals(struct world *world, uint32_t probe)
{
    const struct sim_probe *p = &world->probes[probe];
    uint32_t count = p->local_count;

    for (uint32_t i = 0; i < count; i++) {
        struct order order = p->locals[i];
        world_feed(
            world, probe,
            &(struct event){.kind = EVENT_ORDER, .order = {.present = true, .order = &order}});
    }
}

/* A cast that looks alone (V2 left out) hears this instead of all suspicions: one other probe
 * suspects everything, from the beginning. So no suspicion is news, and its own first bad result
 * counts. */
static void tell_all_suspected(struct world *world, uint32_t probe)
{
    const struct settings *settings = world->probes[probe].settings;
    uint32_t *sites = calloc((size_t)settings->site_count + 1, sizeof(*sites));
    struct event event = {
        .kind = EVENT_SUSPECT,
        .suspect = {.probe = probe == 0 ? 1 : 0, .sites = sites, .count = settings->site_count}};

    assert(sites != NULL);
    for (uint32_t i = 0; i < settings->site_count; i++)
        sites[i] = i;
    if (settings->elector_count > 1)
        world_feed(world, probe, &event);
    free(sites);
}

void world_start(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    struct event start = {.kind = EVENT_START,
                          .start = {.wall = (wall_t)WALL_START * 1000 +
                                            world_local_ms(world, probe) + p->wall_skew_ms}};

    assert(!p->alive);
    if (engine_create(p->settings, p->dry_run, NULL, &p->engine) < 0)
        abort();
    wake_up(p);
    p->alive = true;
    p->life++;
    sim_board_start(world, probe);
    sim_outbox_start(world, probe);
    world_feed(world, probe, &start);
    if (world->cast->alone)
        tell_all_suspected(world, probe);
    for (uint32_t g = 0; g < p->settings->group_count; g++)
        world_feed(world, probe,
                   &(struct event){.kind = EVENT_JOURNAL, .journal = {g, p->journal[g]}});
    tell_latches(world, probe);
    tell_locals(world, probe);
}

void world_kill(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    if (!p->alive)
        return;
    p->alive = false;
    wake_up(p);
    world->deadlines_ms[probe] = INT64_MAX;
    engine_destroy(p->engine);
    p->engine = NULL;
    sim_board_stop(world, probe);
    sim_outbox_stop(world, probe);
    for (uint32_t z = 0; z < p->settings->zone_count; z++) {
        sim_view_destroy(p->zone_views[z]);
        p->zone_views[z] = NULL;
    }
}

void sim_probe_settings(struct world *world, uint32_t probe, const struct settings *settings)
{
    struct sim_probe *p = &world->probes[probe];
    bool was_alive = p->alive;

    world_kill(world, probe);
    p->settings = settings;
    if (was_alive)
        world_start(world, probe);
}

/* ---- standing still ---- */

void world_pause(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    if (p->paused)
        return;
    p->paused = true;
    p->paused_ms = world->now_ms;
    world->deadlines_ms[probe] = INT64_MAX;
}

/* One event after the other. It may hang again meanwhile: the rest is held on. */
static void tell_held(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];

    while (p->held_count > 0 && !p->paused) {
        struct event_copy *copy = p->held[0];
        struct event event = *event_copy_event(copy);
        memmove(p->held, p->held + 1, --p->held_count * sizeof(*p->held));
        world_feed(world, probe, &event);
        event_copy_destroy(copy);
    }
}

/* It goes on where it stood: a batch it was about to send leaves now, and its turn goes on. Then
 * the late timer, and what waited at the process's sockets comes all at once. What it measured
 * meanwhile is void (V4). */
void world_resume(struct world *world, uint32_t probe)
{
    struct sim_probe *p = &world->probes[probe];
    uint32_t life = p->life;
    uint32_t taken = 0;

    if (!p->paused)
        return;
    p->paused = false;
    if (world->now_ms - p->paused_ms >= LOOP_STALL_MS)
        p->stall_end_ms = world->now_ms;
    if (p->hung) {
        p->hung = false;
        world_perform_rest(world, probe, &p->hung_update);
        tell_held(world, probe);
    }
    world_feed(world, probe, &(struct event){.kind = EVENT_TICK});
    while (taken < p->waiting_count && p->life == life && !p->paused) {
        struct pending pending = p->waiting[taken++];
        world_happen_to_probe(world, &pending);
    }
    if (p->life != life || taken == 0)
        return;
    p->waiting_count -= taken;
    memmove(p->waiting, p->waiting + taken, p->waiting_count * sizeof(*p->waiting));
}

/* It decided to send and is stopped before the batch leaves. */
void sim_probe_hang(struct world *world, uint32_t probe, const struct update *update)
{
    struct sim_probe *p = &world->probes[probe];

    p->hung = true;
    p->hung_update = *update;
    world_pause(world, probe);
    p->hangs++;
    world_later(world, p->hang_ms,
                (struct pending){.kind = PENDING_WAKE, .probe = probe, .token = p->hangs});
    p->hang_ms = 0;
}

/* Told in the turn in which it hangs, by somebody who keeps nothing: copied, as text. A zone is
 * told in a turn of its own, and its view stays the world's. */
void sim_probe_hold(struct world *world, uint32_t probe, const struct event *event)
{
    struct sim_probe *p = &world->probes[probe];
    char *text = malloc(EVENT_TEXT_MAX);
    char error[200] = "";
    int length;

    assert(p->hung && event->kind != EVENT_ZONE && text != NULL);
    p->held = realloc(p->held, (p->held_count + 1) * sizeof(*p->held));
    assert(p->held != NULL);
    length = event_text_write(p->settings, event, text, EVENT_TEXT_MAX);
    assert(length >= 0);
    if (event_text_read(p->settings, text, (size_t)length, &p->held[p->held_count], error,
                        sizeof(error)) < 0)
        abort(); /* written by this very codec */
    p->held_count++;
    free(text);
}

/* What comes to a process that stands still waits at its sockets. */
void sim_probe_wait(struct sim_probe *probe, const struct pending *pending)
{
    if (probe->waiting_count == probe->waiting_room) {
        probe->waiting_room = probe->waiting_room == 0 ? 64 : 2 * probe->waiting_room;
        probe->waiting = realloc(probe->waiting, probe->waiting_room * sizeof(*probe->waiting));
        assert(probe->waiting != NULL);
    }
    probe->waiting[probe->waiting_count++] = *pending;
}

void world_dry_run(struct world *world, uint32_t probe, bool dry_run)
{
    world->probes[probe].dry_run = dry_run;
}

/* ---- the truth about probes ---- */

bool world_alive(const struct world *world, uint32_t probe)
{
    return world->probes[probe].alive;
}

bool world_paused(const struct world *world, uint32_t probe)
{
    return world->probes[probe].paused;
}

bool world_liar(const struct world *world, uint32_t probe)
{
    return world->probes[probe].lie != LIE_NOT;
}

bool world_reaches_store(const struct world *world, uint32_t probe)
{
    return world->probes[probe].store_reachable && sim_net_passes(world, probe, NONE);
}

msec_t world_lease_until(const struct world *world, uint32_t probe)
{
    return sim_store_lease_until(world, probe);
}

bool world_has_own_settings(const struct world *world, uint32_t probe)
{
    return world->probes[probe].settings == world->cast->settings[probe];
}

const struct settings *world_probe_settings(const struct world *world, uint32_t probe)
{
    return world->probes[probe].settings;
}

struct engine *world_engine(struct world *world, uint32_t probe)
{
    return world->probes[probe].engine;
}
