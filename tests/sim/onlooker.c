/* SPDX-License-Identifier: Apache-2.0 */
#include "onlooker.h"

#include <string.h>

static void note_vote(struct onlooker *onlooker, uint32_t probe, const struct event_vote *vote)
{
    uint64_t *told = &onlooker->told[probe][vote->vote.probe];

    if (!vote->present)
        return;
    onlooker->told_older |= vote->revision < *told;
    *told = vote->revision;
}

static void note_event(struct onlooker *onlooker, uint32_t probe, const struct event *event)
{
    onlooker->events[event->kind]++;
    if (event->kind == EVENT_SERVERS)
        onlooker->servers = event->servers;
    if (event->kind == EVENT_ZONE) {
        onlooker->zone_outcomes[probe] = event->zone.outcome;
        onlooker->zone_busy += event->zone.outcome == ROUTE53_BUSY;
    }
    if (event->kind == EVENT_CHANGE)
        onlooker->change_outcome = event->change.outcome;
    if (event->kind == EVENT_COMMIT)
        onlooker->commit_status = event->commit.status;
    if (event->kind == EVENT_STORE)
        onlooker->store_status = event->store.status;
    if (event->kind == EVENT_SINK)
        onlooker->sink_failing = event->sink.failing;
    if (event->kind == EVENT_VOTE)
        note_vote(onlooker, probe, &event->vote);
}

static void stepped(void *context, struct world *world, uint32_t probe, const struct event *event,
                    const struct update *update)
{
    struct onlooker *onlooker = context;

    note_event(onlooker, probe, event);
    if ((onlooker->mute_commits && update->commit_count > 0) ||
        (onlooker->mute_batches && update->batch_count > 0))
        world->probes[probe].muted = true;
}

static void committed(void *context, struct world *world, uint32_t probe,
                      const struct commit *commit, uint64_t revision)
{
    struct onlooker *onlooker = context;

    (void)world;
    (void)probe;
    ck_assert_uint_gt(revision, 0);
    onlooker->committed++;
    onlooker->last_epoch = commit->decision.epoch;
}

static void accepted(void *context, struct world *world, uint32_t probe, const struct batch *batch,
                     bool shift, bool late)
{
    struct onlooker *onlooker = context;

    (void)world;
    (void)probe;
    (void)batch;
    (void)shift;
    onlooker->accepted++;
    onlooker->accepted_late += late;
}

static void delivered(void *context, struct world *world, uint32_t probe, const struct alert *alert)
{
    struct onlooker *onlooker = context;

    (void)world;
    (void)probe;
    onlooker->delivered[alert->event][alert->phase]++;
}

struct world *watched(const char *settings, struct onlooker *onlooker)
{
    struct world *world = pizza_world(settings);
    struct watcher watcher = {.context = onlooker,
                              .stepped = stepped,
                              .committed = committed,
                              .accepted = accepted,
                              .delivered = delivered};

    *onlooker = (struct onlooker){0};
    world_watch(world, &watcher);
    return world;
}
