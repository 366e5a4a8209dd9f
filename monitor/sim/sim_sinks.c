/* SPDX-License-Identifier: Apache-2.0 */
/* The way of an alert out, as io/alerts.c, alert_queue.c and alert_send.c go it, to one sink that
 * takes every severity: level-triggered steps judge claims (sim_claims.c) and start attempts. */
#include "sim_sinks.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world_state.h"

enum {
    SINK_MS = 100,             /* a server takes, or refuses, a message */
    SINK_LIMIT_MS = 10 * 1000, /* without an answer, an attempt has failed */
    RETRY_FIRST_MS = 1000,
    RETRY_LAST_MS = 60 * 1000,
    FRESH_MS = 1000, /* a new alert waits at most so long for a failing sink */
    FAILURES_TO_TELL = 3,
    SWEEP_MS = 3600 * 1000
};

static void step_after(struct world *world, uint32_t probe, msec_t after_ms);

/* ---- entries ---- */

static struct sim_entry *find_entry(const struct sim_outbox *outbox, uint32_t id)
{
    for (struct sim_entry *entry = outbox->first; entry != NULL; entry = entry->next) {
        if (entry->id == id)
            return entry;
    }
    return NULL;
}

/* The youngest alert of an incident that is not yet said. */
static struct sim_entry *find_last(const struct sim_outbox *outbox, const char *incident)
{
    struct sim_entry *last = NULL;

    for (struct sim_entry *entry = outbox->first; entry != NULL; entry = entry->next) {
        if (!entry->delivered && strcmp(entry->alert.incident, incident) == 0)
            last = entry;
    }
    return last;
}

/* Open before resolved: an older alert of the same incident goes first. */
static bool is_behind(const struct sim_outbox *outbox, const struct sim_entry *entry)
{
    for (const struct sim_entry *older = outbox->first; older != entry; older = older->next) {
        if (!older->delivered && strcmp(older->alert.incident, entry->alert.incident) == 0)
            return true;
    }
    return false;
}

static void entry_destroy(struct sim_entry *entry)
{
    free(entry->text);
    free(entry);
}

static void remove_done(struct sim_outbox *outbox)
{
    struct sim_entry **link = &outbox->first;

    while (*link != NULL) {
        struct sim_entry *entry = *link;
        if (entry->state == ENTRY_DONE && !entry->in_flight) {
            *link = entry->next;
            entry_destroy(entry);
        } else {
            link = &entry->next;
        }
    }
}

static const char *keep_name(char room[NAME_MAX_LENGTH + 1], const char *name)
{
    snprintf(room, NAME_MAX_LENGTH + 1, "%s", name == NULL ? "" : name);
    return room;
}

static void add_entry(struct sim_outbox *outbox, const struct alert *alert)
{
    struct sim_entry *entry = calloc(1, sizeof(*entry));
    struct sim_entry **link = &outbox->first;

    assert(entry != NULL);
    entry->id = outbox->ids++;
    entry->alert = *alert;
    entry->alert.group = keep_name(entry->names[0], alert->group);
    entry->alert.region = keep_name(entry->names[1], alert->region);
    entry->alert.probe = keep_name(entry->names[2], alert->probe);
    entry->seen_ms = -1;
    entry->claimed_ms = -1;
    entry->judged_ms = -1;
    while (*link != NULL)
        link = &(*link)->next;
    *link = entry;
}

void sim_sinks_raise(struct world *world, uint32_t probe, const struct alert *alert)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;
    const struct sim_entry *last = find_last(outbox, alert->incident);

    if (last != NULL && last->alert.phase == alert->phase)
        return; /* said twice while the first is still here */
    add_entry(outbox, alert);
    if (outbox->next_ms > world->now_ms + FRESH_MS)
        outbox->next_ms = world->now_ms + FRESH_MS;
    step_after(world, probe, 0);
}

/* ---- how an attempt went ---- */

static void tell_failing(struct world *world, uint32_t probe, bool failing)
{
    struct sim_probe *p = &world->probes[probe];

    if (p->outbox.failing == failing)
        return;
    p->outbox.failing = failing;
    for (uint32_t i = 0; i < p->settings->sink_count; i++)
        world_feed(world, probe,
                   &(struct event){.kind = EVENT_SINK, .sink = {.sink = i, .failing = failing}});
}

static void on_accepted(struct world *world, uint32_t probe, struct sim_entry *entry)
{
    world->probes[probe].outbox.failures = 0;
    entry->delivered = true;
    sim_claims_mark_sent(world, probe, entry);
    tell_failing(world, probe, false);
}

static void on_failed(struct world *world, uint32_t probe, struct sim_entry *entry)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;
    msec_t wait_ms = RETRY_FIRST_MS;

    entry->tries++;
    entry->judged_ms = -1;
    outbox->failures++;
    for (uint32_t i = 1; i < outbox->failures && wait_ms < RETRY_LAST_MS; i++)
        wait_ms *= 2;
    if (wait_ms > RETRY_LAST_MS)
        wait_ms = RETRY_LAST_MS;
    outbox->next_ms =
        world->now_ms + wait_ms + (msec_t)dice_below(&world->sinks.dice, (uint64_t)wait_ms / 4 + 1);
    if (outbox->failures >= FAILURES_TO_TELL)
        tell_failing(world, probe, true);
}

/* ---- attempts ---- */

static void attempt(struct world *world, uint32_t probe, struct sim_entry *entry)
{
    struct sim_trip trip = sim_net_trip(world, probe, NONE);
    bool taken = trip.arrives && world->sinks.mode != SINKS_DOWN;
    bool answered = trip.arrives && trip.answered;
    struct pending sent = {.kind = PENDING_SENT,
                           .probe = probe,
                           .group = entry->id,
                           .status = taken && answered ? STORE_OK : STORE_AWAY};

    world->probes[probe].outbox.busy = true;
    entry->in_flight = true;
    if (taken && world->sinks.mode == SINKS_UP)
        world_later(world, trip.there_ms + SINK_MS / 2,
                    (struct pending){
                        .kind = PENDING_INBOX, .probe = NONE, .token = probe, .group = entry->id});
    world_later(world, answered ? trip.there_ms + SINK_MS + trip.back_ms : SINK_LIMIT_MS, sent);
}

void sim_sinks_arrive(struct world *world, const struct pending *pending)
{
    const struct sim_entry *entry =
        find_entry(&world->probes[pending->token].outbox, pending->group);

    if (entry != NULL)
        world_tell_delivered(world, pending->token, &entry->alert);
}

static bool goes_before(const struct sim_entry *a, const struct sim_entry *b)
{
    if (a->tries != b->tries)
        return a->tries < b->tries;
    return a->alert.severity > b->alert.severity;
}

static struct sim_entry *pick(const struct sim_outbox *outbox)
{
    struct sim_entry *best = NULL;

    for (struct sim_entry *entry = outbox->first; entry != NULL; entry = entry->next) {
        if (entry->state == ENTRY_SENDING && !entry->in_flight && !is_behind(outbox, entry) &&
            (best == NULL || goes_before(entry, best)))
            best = entry;
    }
    return best;
}

/* Is it still ours to say? While the sink waited, another may have taken the claim over. */
static bool needs_judging(const struct world *world, const struct sim_entry *entry)
{
    return entry->judged_ms < 0 || world->now_ms - entry->judged_ms >= CLAIM_TRUST_MS;
}

/* ---- the step ---- */

static msec_t entry_due_ms(const struct sim_outbox *outbox, const struct sim_entry *entry)
{
    if (entry->state == ENTRY_QUEUED)
        return is_behind(outbox, entry) ? INT64_MAX : 0;
    return entry->state == ENTRY_WAITING ? entry->look_ms : INT64_MAX;
}

/* Starts what the sink should send now; says when to look again. */
static msec_t step_sink(struct world *world, uint32_t probe)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;
    struct sim_entry *entry;

    while (!outbox->busy && (entry = pick(outbox)) != NULL) {
        if (outbox->next_ms > world->now_ms)
            return outbox->next_ms;
        if (needs_judging(world, entry))
            sim_claims_judge(world, probe, entry);
        else
            attempt(world, probe, entry);
    }
    return INT64_MAX;
}

static msec_t step_entries(struct world *world, uint32_t probe)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;
    msec_t next_ms = INT64_MAX;

    for (struct sim_entry *entry = outbox->first; entry != NULL; entry = entry->next) {
        if (entry_due_ms(outbox, entry) <= world->now_ms)
            sim_claims_judge(world, probe, entry);
    }
    remove_done(outbox);
    for (struct sim_entry *entry = outbox->first; entry != NULL; entry = entry->next) {
        msec_t due_ms = entry_due_ms(outbox, entry);
        next_ms = due_ms < next_ms ? due_ms : next_ms;
    }
    return next_ms;
}

static void step(struct world *world, uint32_t probe)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;
    msec_t next_ms = step_entries(world, probe);
    msec_t sink_ms = step_sink(world, probe);

    if (world->now_ms >= outbox->sweep_at_ms) {
        outbox->sweep_at_ms = world->now_ms + SWEEP_MS;
        sim_claims_sweep(world, probe);
    }
    next_ms = sink_ms < next_ms ? sink_ms : next_ms;
    next_ms = outbox->sweep_at_ms < next_ms ? outbox->sweep_at_ms : next_ms;
    outbox->timer_ms = INT64_MAX;
    step_after(world, probe, next_ms > world->now_ms ? next_ms - world->now_ms : 0);
}

/* At the latest; an earlier one stays. */
static void step_after(struct world *world, uint32_t probe, msec_t after_ms)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;

    if (outbox->timer_ms <= world->now_ms + after_ms)
        return;
    outbox->timer_ms = world->now_ms + after_ms;
    world_later(world, after_ms,
                (struct pending){.kind = PENDING_SINKS, .probe = probe, .token = ++outbox->timer});
}

static void on_sent(struct world *world, const struct pending *pending)
{
    struct sim_outbox *outbox = &world->probes[pending->probe].outbox;
    struct sim_entry *entry = find_entry(outbox, pending->group);

    outbox->busy = false;
    assert(entry != NULL && entry->in_flight);
    entry->in_flight = false;
    if (pending->status == STORE_OK)
        on_accepted(world, pending->probe, entry);
    else
        on_failed(world, pending->probe, entry);
    step_after(world, pending->probe, 0);
}

void sim_sinks_happen(struct world *world, const struct pending *pending)
{
    if (pending->kind == PENDING_SENT)
        on_sent(world, pending);
    else if (pending->token == world->probes[pending->probe].outbox.timer)
        step(world, pending->probe);
}

void sim_sinks_answer(struct world *world, const struct pending *pending)
{
    struct sim_entry *entry = find_entry(&world->probes[pending->probe].outbox, pending->group);

    if (entry == NULL) /* an old claim was deleted, or not */
        return;
    sim_claims_answer(world, pending->probe, entry, pending);
    step_after(world, pending->probe, 0);
}

void sim_sinks_act(struct world *world, const struct action *action)
{
    assert(action->kind >= ACTION_SINKS_DOWN && action->kind <= ACTION_SINKS_SWALLOW);
    world->sinks.mode = action->kind == ACTION_SINKS_UP     ? SINKS_UP
                        : action->kind == ACTION_SINKS_DOWN ? SINKS_DOWN
                                                            : SINKS_SWALLOW;
}

/* ---- life ---- */

void sim_sinks_make(struct world *world)
{
    world->sinks.dice = dice_create(world->seed, DICE_SINKS, 0);
}

/* What was said before the end, but perhaps not marked, is marked; the rest is judged anew. */
void sim_outbox_start(struct world *world, uint32_t probe)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;

    outbox->timer_ms = INT64_MAX;
    outbox->sweep_at_ms = world->now_ms + SWEEP_MS;
    for (struct sim_entry *entry = outbox->first; entry != NULL; entry = entry->next) {
        entry->has_claim = false;
        if (entry->delivered)
            sim_claims_mark_sent(world, probe, entry);
    }
    step_after(world, probe, outbox->first == NULL ? SWEEP_MS : 0);
}

void sim_outbox_stop(struct world *world, uint32_t probe)
{
    struct sim_outbox *outbox = &world->probes[probe].outbox;

    for (struct sim_entry *entry = outbox->first; entry != NULL; entry = entry->next) {
        entry->state = ENTRY_QUEUED;
        entry->in_flight = false;
        entry->judged_ms = -1;
        entry->waited_count = 0;
        entry->seen_ms = -1;
        entry->claimed_ms = -1;
        entry->tries = 0;
        entry->mark_tries = 0;
    }
    free(outbox->said);
    *outbox = (struct sim_outbox){.first = outbox->first, .ids = outbox->ids};
}

void sim_outbox_destroy(struct sim_outbox *outbox)
{
    while (outbox->first != NULL) {
        struct sim_entry *entry = outbox->first;
        outbox->first = entry->next;
        entry_destroy(entry);
    }
    free(outbox->said);
}
