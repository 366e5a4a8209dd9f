/* SPDX-License-Identifier: Apache-2.0 */
/* The service around the record sets. A reading shows them as they are when it arrives; a batch
 * meets what is there then, which is late when Route 53 (or the network) is. What was accepted is
 * followed as io/zones.c and io/follow.c do: INSYNC, and the authoritative servers. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "batch_guard.h"
#include "record_copy.h"
#include "world_state.h"

enum {
    SERVERS = 4, /* authoritative ones of a zone */
    LATE_MAX_MS = 600 * 1000,
    STRANDED_MS = 60 * 1000,    /* a control plane's failover takes so long */
    THROTTLED_PPM = 500 * 1000, /* of the readings; every batch */
    FIRST_LOOK_MS = 1000,       /* at servers, and how often: io/follow.c */
    LOOK_MS = 5000,
    LATER_LOOK_MS = 30 * 1000,
    LATER_MS = 2 * 60 * 1000,
    SERVERS_END_MS = 10 * 60 * 1000,
    INSYNC_END_MS = 30 * 60 * 1000
};

/* ---- modes ---- */

static void begin_stranding(struct world *world)
{
    world->route53.strandings++;
    sim_zone_keep(world);
    world_later(
        world, STRANDED_MS,
        (struct pending){.kind = PENDING_UNDO, .probe = NONE, .epoch = world->route53.strandings});
}

void sim_route53_mode(struct world *world, enum route53_mode mode)
{
    struct sim_route53 *route53 = &world->route53;

    if (route53->mode == mode)
        return;
    if (route53->mode == ZONE_STRANDED)
        sim_zone_undo(world);
    route53->mode = mode;
    route53->held_since_ms = mode == ZONE_PENDING ? world->now_ms : -1;
    if (mode == ZONE_STRANDED)
        begin_stranding(world);
}

void sim_zone_act(struct world *world, const struct action *action)
{
    static const enum route53_mode modes[] = {
        [ACTION_ROUTE53_OK - ACTION_ROUTE53_OK] = ZONE_OK,
        [ACTION_ROUTE53_DOWN - ACTION_ROUTE53_OK] = ZONE_DOWN,
        [ACTION_ROUTE53_THROTTLE - ACTION_ROUTE53_OK] = ZONE_THROTTLE,
        [ACTION_ROUTE53_LOSE_REPLY - ACTION_ROUTE53_OK] = ZONE_LOSE_REPLY,
        [ACTION_ROUTE53_LATE - ACTION_ROUTE53_OK] = ZONE_LATE,
        [ACTION_ROUTE53_PENDING - ACTION_ROUTE53_OK] = ZONE_PENDING,
        [ACTION_ROUTE53_STRANDED - ACTION_ROUTE53_OK] = ZONE_STRANDED,
        [ACTION_ROUTE53_DENY - ACTION_ROUTE53_OK] = ZONE_DENY,
        [ACTION_ROUTE53_DENY_ZONE - ACTION_ROUTE53_OK] = ZONE_DENY_ONE,
    };

    assert(action->kind >= ACTION_ROUTE53_OK && action->kind <= ACTION_ROUTE53_DENY_ZONE);
    if (action->kind == ACTION_ROUTE53_LATE)
        world->route53.late_ms = action->value < LATE_MAX_MS ? action->value : LATE_MAX_MS;
    if (action->kind == ACTION_ROUTE53_DENY_ZONE)
        world->route53.denied_zone = (uint32_t)action->value - 1;
    world->route53.throttles_readings = true;
    sim_route53_mode(world, modes[action->kind - ACTION_ROUTE53_OK]);
}

void world_zone(struct world *world, enum route53_mode mode)
{
    sim_route53_mode(world, mode);
}

void world_zone_late(struct world *world, msec_t delay_ms)
{
    world->route53.late_ms = delay_ms;
    sim_route53_mode(world, ZONE_LATE);
}

void world_zone_denied(struct world *world, uint32_t zone)
{
    world->route53.denied_zone = zone;
    sim_route53_mode(world, ZONE_DENY_ONE);
}

void world_zone_once(struct world *world, enum route53_mode mode)
{
    world->route53.mode_once = mode;
}

void world_set_weight_before_batch(struct world *world, const char *site, int weight)
{
    world->route53.human_site = site;
    world->route53.human_weight = weight;
}

void world_set_ttl_before_batch(struct world *world, const char *site, int64_t ttl_s)
{
    world->route53.human_site = site;
    world->route53.human_weight = -1;
    world->route53.human_ttl_s = ttl_s;
}

/* When an answer comes that leaves Route 53 now; later than the daemon waits, it is none. */
static msec_t answer_ms(const struct world *world, uint32_t probe, msec_t asked_ms, bool answered,
                        msec_t back_ms, enum route53_outcome *outcome)
{
    msec_t limit_ms = sim_net_route53_limit_ms(world->probes[probe].settings);
    msec_t patience_ms = asked_ms + limit_ms - world->now_ms;
    msec_t after_ms = ROUTE53_MS + back_ms;

    if (answered && after_ms <= patience_ms)
        return after_ms;
    *outcome = ROUTE53_LOST;
    return patience_ms > 0 ? patience_ms : 0;
}

/* ---- reading ---- */

static enum route53_outcome reading_outcome(struct world *world)
{
    switch (world->route53.mode) {
    case ZONE_DOWN:
        return ROUTE53_LOST;
    case ZONE_DENY:
        return ROUTE53_DENIED;
    case ZONE_THROTTLE:
        return world->route53.throttles_readings && dice_ppm(&world->route53.dice, THROTTLED_PPM)
                   ? ROUTE53_BUSY
                   : ROUTE53_OK;
    case ZONE_OK:
    case ZONE_LOSE_REPLY:
    case ZONE_LATE:
    case ZONE_PENDING:
    case ZONE_STRANDED:
    case ZONE_DENY_ONE:
        break;
    }
    return ROUTE53_OK;
}

/* asked: PENDING_ASK, the reading as it arrives. What has a long way back shows the zone as it was
 * when it left; else it is read when it is told. */
static void serve_reading(struct world *world, const struct pending *asked)
{
    const struct sim_probe *probe = &world->probes[asked->group];
    struct pending answer = {.kind = PENDING_ZONE,
                             .probe = asked->group,
                             .token = asked->token,
                             .outcome = reading_outcome(world)};
    msec_t after_ms;

    if (!probe->alive || probe->life != (uint32_t)asked->epoch)
        return;
    after_ms = answer_ms(world, asked->group, asked->since_ms, !asked->lost,
                         (msec_t)asked->revision, &answer.outcome);
    if (answer.outcome == ROUTE53_OK && asked->revision > 0)
        answer.view = sim_view_create(world, asked->token);
    world_later(world, after_ms, answer);
}

void sim_route53_read(struct world *world, uint32_t probe, uint32_t zone)
{
    struct sim_trip trip = sim_net_trip(world, probe, NONE);
    struct pending ask = {.kind = PENDING_ASK,
                          .probe = NONE,
                          .token = zone,
                          .group = probe,
                          .epoch = world->probes[probe].life,
                          .revision = (uint64_t)trip.back_ms,
                          .since_ms = world->now_ms,
                          .lost = !trip.arrives || !trip.answered};

    if (trip.there_ms == 0)
        serve_reading(world, &ask);
    else
        world_later(world, trip.there_ms, ask);
}

/* The engine may hold on to a view until the next one of the zone has been taken. */
static void tell_zone(struct world *world, const struct pending *pending)
{
    struct sim_view **slot = &world->probes[pending->probe].zone_views[pending->token];
    struct sim_view *old = *slot;
    struct event event = {.kind = EVENT_ZONE,
                          .zone = {.zone = pending->token, .outcome = pending->outcome}};

    if (pending->outcome == ROUTE53_OK) {
        *slot = pending->view != NULL ? pending->view : sim_view_create(world, pending->token);
        event.zone.view = &(*slot)->view;
    }
    world_feed(world, pending->probe, &event);
    if (pending->outcome == ROUTE53_OK)
        sim_view_destroy(old);
}

/* ---- batches ---- */

void sim_batch_destroy(struct sim_batch *batch)
{
    if (batch == NULL)
        return;
    pool_destroy(batch->pool);
    free(batch);
}

static struct sim_batch *keep(const struct sim_batch *from)
{
    struct sim_batch *kept = calloc(1, sizeof(*kept));

    assert(kept != NULL);
    *kept = *from;
    kept->pool = pool_create(RECORD_COPY_MAX);
    if (kept->pool == NULL || batch_copy(kept->pool, &from->batch, &kept->batch) < 0)
        abort();
    return kept;
}

static void send_later(struct world *world, const struct sim_batch *batch, msec_t after_ms,
                       bool late)
{
    struct sim_batch *kept = keep(batch);

    kept->late = late;
    world_later(world, after_ms,
                (struct pending){.kind = PENDING_BATCH, .probe = NONE, .batch = kept});
}

/* The daemon's client asks the guard before it signs; so does this one, against what it read. */
static bool guarded(struct world *world, uint32_t probe, const struct batch *batch)
{
    const struct sim_view *view = world->probes[probe].zone_views[batch->zone];
    char error[512];
    enum batch_verdict verdict =
        batch_guard(world->probes[probe].settings, batch, view == NULL ? NULL : &view->view, error,
                    sizeof(error));

    if (verdict == BATCH_FORBIDDEN) {
        fprintf(stderr, "sim: the guard forbids a batch: %s\n", error);
        abort();
    }
    return verdict == BATCH_ALLOWED;
}

static enum route53_outcome apply(struct world *world, const struct sim_batch *batch)
{
    bool late = world->now_ms > batch->asked_ms;

    return sim_zone_apply(world, batch->probe, &batch->batch, late) ? ROUTE53_OK : ROUTE53_REFUSED;
}

/* What Route 53 does with a batch in a mode, and says. */
static enum route53_outcome meet(struct world *world, const struct sim_batch *batch,
                                 enum route53_mode mode)
{
    switch (mode) {
    case ZONE_OK:
    case ZONE_PENDING:
    case ZONE_STRANDED:
        return apply(world, batch);
    case ZONE_LOSE_REPLY:
        (void)apply(world, batch);
        return ROUTE53_LOST;
    case ZONE_LATE:
        send_later(world, batch, world->route53.late_ms, true);
        return ROUTE53_LOST;
    case ZONE_THROTTLE:
        return ROUTE53_BUSY;
    case ZONE_DENY:
        return ROUTE53_DENIED;
    case ZONE_DENY_ONE:
        return batch->batch.zone == world->route53.denied_zone ? ROUTE53_DENIED
                                                               : apply(world, batch);
    case ZONE_DOWN:
        break;
    }
    return ROUTE53_LOST;
}

/* What is held, or will be undone, shows in no server: which is seen soon, and looked at again. */
static void follow(struct world *world, struct pending change)
{
    struct sim_route53 *route53 = &world->route53;
    const struct settings *settings = world_settings(world);
    uint32_t slot = change.group * settings->zone_count + change.token;
    bool stranded = route53->mode == ZONE_STRANDED;

    route53->followed[change.probe * route53->slot_count + slot] = change.epoch;
    change.revision = stranded ? route53->strandings : 0;
    change.since_ms = world->now_ms;
    change.kind = PENDING_INSYNC;
    world_later(world, INSYNC_MS, change);
    change.kind = PENDING_SERVERS;
    world_later(world,
                stranded || route53->held_since_ms >= 0 ? FIRST_LOOK_MS : INSYNC_MS + ROUTE53_MS,
                change);
}

static void answer_batch(struct world *world, const struct sim_batch *batch,
                         enum route53_outcome outcome)
{
    const struct sim_probe *probe = &world->probes[batch->probe];
    struct pending reply = {.kind = PENDING_CHANGE,
                            .probe = batch->probe,
                            .token = batch->batch.zone,
                            .group = batch->batch.group,
                            .epoch = batch->batch.epoch,
                            .outcome = outcome};
    msec_t after_ms;

    if (batch->late || !probe->alive || probe->life != batch->life)
        return;
    after_ms = answer_ms(world, batch->probe, batch->asked_ms, batch->answered, batch->back_ms,
                         &reply.outcome);
    world_later(world, after_ms, reply);
    if (reply.outcome == ROUTE53_OK)
        follow(world, reply);
}

static void let_human_change(struct world *world)
{
    const struct sim_route53 *route53 = &world->route53;

    if (route53->human_site == NULL)
        return;
    if (route53->human_weight >= 0)
        world_set_weight(world, route53->human_site, route53->human_weight);
    else
        world_set_ttl(world, route53->human_site, route53->human_ttl_s);
    world->route53.human_site = NULL;
}

static void serve_batch(struct world *world, const struct sim_batch *batch)
{
    struct sim_route53 *route53 = &world->route53;
    enum route53_mode mode = route53->mode_once != ZONE_OK ? route53->mode_once : route53->mode;

    if (batch->late) {
        (void)apply(world, batch);
        return;
    }
    route53->mode_once = ZONE_OK;
    let_human_change(world);
    answer_batch(world, batch, meet(world, batch, mode));
}

void sim_route53_send(struct world *world, uint32_t probe, const struct batch *batch)
{
    struct sim_trip trip = sim_net_trip(world, probe, NONE);
    struct sim_batch sent = {.batch = *batch,
                             .probe = probe,
                             .life = world->probes[probe].life,
                             .asked_ms = world->now_ms,
                             .back_ms = trip.back_ms,
                             .answered = trip.answered};

    if (world->sent != NULL)
        world->sent(world, probe, batch, world->sent_context);
    world_tell_sent(world, probe, batch);
    if (!guarded(world, probe, batch)) {
        sent.answered = true; /* stopped at the signer: nothing goes out */
        sent.back_ms = 0;
        answer_batch(world, &sent, ROUTE53_REFUSED);
    } else if (!trip.arrives) {
        sent.answered = false;
        answer_batch(world, &sent, ROUTE53_LOST);
    } else if (trip.there_ms == 0) {
        serve_batch(world, &sent);
    } else {
        send_later(world, &sent, trip.there_ms, false);
    }
}

void sim_route53_arrive(struct world *world, const struct pending *pending)
{
    if (pending->kind == PENDING_ASK)
        serve_reading(world, pending);
    else if (pending->kind == PENDING_BATCH)
        serve_batch(world, pending->batch);
    else if (world->route53.mode == ZONE_STRANDED && world->route53.strandings == pending->epoch)
        sim_route53_mode(world, ZONE_OK);
}

/* ---- what becomes of an accepted change ---- */

/* A newer change of the same zone and group by the same probe is what counts now. */
static bool is_followed(const struct world *world, const struct pending *pending)
{
    const struct sim_route53 *route53 = &world->route53;
    uint32_t slot = pending->group * world_settings(world)->zone_count + pending->token;

    return route53->followed[pending->probe * route53->slot_count + slot] == pending->epoch;
}

/* It was undone with the control plane that had accepted it: nobody knows it any more. */
static bool is_forgotten(const struct world *world, const struct pending *pending)
{
    const struct sim_route53 *route53 = &world->route53;

    return pending->revision != 0 &&
           (route53->mode != ZONE_STRANDED || route53->strandings != pending->revision);
}

static bool is_held(const struct world *world, const struct pending *pending)
{
    msec_t held_ms = world->route53.held_since_ms;

    return pending->revision != 0 || (held_ms >= 0 && pending->since_ms >= held_ms);
}

static void look_again(struct world *world, const struct pending *pending, msec_t end_ms)
{
    msec_t age_ms = world->now_ms - pending->since_ms;
    bool later = pending->kind == PENDING_INSYNC && age_ms >= LATER_MS;

    if (age_ms < end_ms)
        world_later(world, later ? LATER_LOOK_MS : LOOK_MS, *pending);
}

/* As io/follow.c: what is wrong is told once (pending->lost). */
static void look_for_insync(struct world *world, struct pending pending)
{
    struct event event = {.kind = EVENT_INSYNC,
                          .insync = {pending.token, pending.group, pending.epoch}};
    bool forgotten = is_forgotten(world, &pending);
    bool late = world->now_ms - pending.since_ms >= LATER_MS;

    if (!is_held(world, &pending)) {
        world_feed(world, pending.probe, &event);
        return;
    }
    if (forgotten) {
        event.kind = EVENT_STRANDED;
        event.stranded =
            (struct event_stranded){pending.token, pending.group, pending.epoch, false};
        world_feed(world, pending.probe, &event);
        return; /* it stays forgotten */
    }
    if (late && !pending.lost) {
        pending.lost = true;
        event.kind = EVENT_STRANDED;
        event.stranded = (struct event_stranded){pending.token, pending.group, pending.epoch, true};
        world_feed(world, pending.probe, &event);
    }
    look_again(world, &pending, INSYNC_END_MS);
}

/* Only what is news is told: once that none is current, and that all are. */
static void look_at_servers(struct world *world, struct pending pending)
{
    bool held = is_held(world, &pending);
    bool told = pending.lost;
    bool is_private = world_settings(world)->zones[pending.token].is_private;
    struct event event = {.kind = EVENT_SERVERS,
                          .servers = {pending.token, pending.group, pending.epoch,
                                      held ? 0 : SERVERS, SERVERS, SERVERS}};

    pending.lost = true;
    if (is_private) { /* nobody is asked, and that is told */
        event.servers.current = event.servers.answered = event.servers.asked = 0;
        world_feed(world, pending.probe, &event);
        return;
    }
    if (held)
        look_again(world, &pending, SERVERS_END_MS);
    if (!held || !told)
        world_feed(world, pending.probe, &event);
}

static void tell_change(struct world *world, const struct pending *pending)
{
    struct event event = {
        .kind = EVENT_CHANGE,
        .change = {pending->token, pending->group, pending->epoch, pending->outcome}};

    world_feed(world, pending->probe, &event);
}

void sim_route53_happen(struct world *world, const struct pending *pending)
{
    if (pending->kind == PENDING_ZONE)
        tell_zone(world, pending);
    else if (pending->kind == PENDING_CHANGE)
        tell_change(world, pending);
    else if (pending->kind == PENDING_INSYNC && is_followed(world, pending))
        look_for_insync(world, *pending);
    else if (pending->kind == PENDING_SERVERS && is_followed(world, pending))
        look_at_servers(world, *pending);
}

void sim_route53_make(struct world *world)
{
    struct sim_route53 *route53 = &world->route53;
    const struct settings *settings = world_settings(world);

    route53->slot_count = settings->group_count * settings->zone_count;
    route53->followed =
        calloc((size_t)world->probe_count * route53->slot_count + 1, sizeof(*route53->followed));
    assert(route53->followed != NULL);
    route53->held_since_ms = -1;
    route53->dice = dice_create(world->seed, DICE_ROUTE53, 0);
    sim_zone_make(world);
}
