/* SPDX-License-Identifier: Apache-2.0 */
/* Readings and batches. A view that was told stays until the next one of its zone has been stepped
 * (event.h): the old one is the block that the new one's event releases. */
#include "zones.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "follow.h"
#include "log.h"
#include "loop.h"

enum { MESSAGE_MAX = 300 };

struct zone_entry {
    struct zone_view *view;
    enum route53_outcome outcome;
    char message[MESSAGE_MAX];
    msec_t read_ms;
    wall_t accepted_wall; /* of our writes */
    uint64_t accepted_epoch;
    bool write_denied;
    char write_message[MESSAGE_MAX];
};

struct followed {
    struct follow *follow;
    LIST_ENTRY(followed) link;
    struct zones *zones;
};

LIST_HEAD(followed_list, followed);

struct zones {
    struct follow_tools tools;
    const struct settings *settings;
    uint32_t generation; /* of settings: answers for older ones are dropped */
    struct zone_entry *entries;
    struct followed_list followed;
    uint32_t unanswered; /* batches */
    uint32_t calls;      /* under way ... */
    uint32_t older;      /* ... and those among them for older settings */
    uint32_t holds;      /* calls under way, follows, and one of our own until closed */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* A call on its way to Route 53. */
struct zone_call {
    struct zones *zones;
    uint32_t generation;
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
    struct tail *tail; /* of a batch; NULL: nothing is asked of resolvers */
};

static void release(struct zones *zones)
{
    assert(zones->holds > 0);
    zones->holds--;
    if (zones->holds == 0 && zones->closed != NULL)
        zones->closed(zones->closed_context);
}

static struct zone_call *call_create(struct zones *zones, uint32_t zone)
{
    struct zone_call *call = calloc(1, sizeof(*call));

    assert(call != NULL); /* a reading that is never answered would hold the engine for ever */
    call->zones = zones;
    call->generation = zones->generation;
    call->zone = zone;
    zones->calls++;
    zones->holds++;
    return call;
}

/* True when the answer still matters. */
static bool call_matters(const struct zone_call *call)
{
    return call->generation == call->zones->generation && !call->zones->closing;
}

static void call_finish(struct zone_call *call)
{
    struct zones *zones = call->zones;

    zones->calls--;
    zones->older -= call->generation != zones->generation;
    tail_destroy(call->tail);
    free(call);
    release(zones);
}

static void tell(struct zones *zones, const struct event *event, void (*free_block)(void *),
                 void *block)
{
    zones->tools.teller.tell(zones->tools.teller.context, event, free_block, block);
}

static void view_free(void *view)
{
    zone_view_destroy(view);
}

/* ---- reading ---- */

/* Says once what a zone answers now. */
static void note_reading(struct zones *zones, uint32_t zone, enum route53_outcome outcome,
                         const char *message)
{
    struct zone_entry *entry = &zones->entries[zone];
    bool changed = entry->outcome != outcome;

    entry->outcome = outcome;
    entry->read_ms = zones->tools.teller.now(zones->tools.teller.context);
    snprintf(entry->message, sizeof(entry->message), "%s", outcome == ROUTE53_OK ? "" : message);
    if (changed && outcome != ROUTE53_OK)
        log_say(LOG_LEVEL_ERROR, "zone %s: cannot be read: %s: %s", zones->settings->zones[zone].id,
                route53_outcome_name(outcome), message);
}

static void on_zone(void *context, enum route53_outcome outcome, struct zone_view *view,
                    const char *message)
{
    struct zone_call *call = context;
    struct zones *zones = call->zones;
    struct event event = {.kind = EVENT_ZONE};
    struct zone_view *before;

    if (!call_matters(call)) {
        zone_view_destroy(view);
        call_finish(call);
        return;
    }
    note_reading(zones, call->zone, outcome, message);
    before = zones->entries[call->zone].view;
    event.zone = (struct event_zone){call->zone, outcome, view};
    if (view != NULL)
        zones->entries[call->zone].view = view;
    tell(zones, &event, view_free, view != NULL ? before : NULL);
    call_finish(call);
}

void zones_read(struct zones *zones, uint32_t zone)
{
    route53_read(zones->tools.route53, zone, on_zone, call_create(zones, zone));
}

/* ---- looking ---- */

/* A reading for somebody's eyes; counted like any call, as it uses the settings. */
struct zone_look {
    struct zone_call *call;
    route53_zone_done done;
    void *context;
};

static void on_looked(void *context, enum route53_outcome outcome, struct zone_view *view,
                      const char *message)
{
    struct zone_look *look = context;
    struct zone_look detached = *look;

    free(look);
    detached.done(detached.context, outcome, view, message);
    call_finish(detached.call);
}

void zones_look(struct zones *zones, uint32_t zone, route53_zone_done done, void *context)
{
    struct zone_look *look = calloc(1, sizeof(*look));

    assert(look != NULL); /* as with a reading */
    *look = (struct zone_look){call_create(zones, zone), done, context};
    route53_look(zones->tools.route53, zone, on_looked, look);
}

/* ---- following an accepted change ---- */

static void on_follow_ended(void *context, struct follow *follow)
{
    struct followed *followed = context;
    struct zones *zones = followed->zones;

    (void)follow;
    LIST_REMOVE(followed, link);
    free(followed);
    release(zones);
}

/* A newer change of the same zone and group is what counts now. */
static void end_older(struct zones *zones, uint32_t zone, uint32_t group)
{
    struct followed *followed;

    LIST_FOREACH(followed, &zones->followed, link)
    {
        if (follow_is_about(followed->follow, zone, group))
            follow_end(followed->follow);
    }
}

static void follow(struct zones *zones, struct zone_call *call, const char *change_id)
{
    const struct zone_view *view = zones->entries[call->zone].view;
    struct follow_change change = {.settings = zones->settings,
                                   .zone = call->zone,
                                   .group = call->group,
                                   .epoch = call->epoch,
                                   .change_id = change_id,
                                   .apex = view != NULL ? view->apex : "",
                                   .tail = call->tail};
    struct followed *followed = calloc(1, sizeof(*followed));

    end_older(zones, call->zone, call->group);
    if (followed != NULL) {
        followed->zones = zones;
        followed->follow = follow_start(&zones->tools, &change, on_follow_ended, followed);
    }
    if (followed == NULL || followed->follow == NULL) {
        log_say(LOG_LEVEL_ERROR, "zone %s: out of memory to follow change %s",
                zones->settings->zones[call->zone].id, change_id);
        free(followed);
        return;
    }
    call->tail = NULL; /* the follow's now */
    LIST_INSERT_HEAD(&zones->followed, followed, link);
    zones->holds++;
}

/* ---- sending ---- */

/* The right to write is known from nothing else (include/ready.h). */
static void note_writing(struct zone_entry *entry, const struct zone_call *call,
                         enum route53_outcome outcome, const char *message)
{
    if (outcome == ROUTE53_OK) {
        entry->accepted_wall = loop_wall_ms();
        entry->accepted_epoch = call->epoch;
        entry->write_denied = false;
    } else if (outcome == ROUTE53_DENIED) {
        entry->write_denied = true;
    }
    snprintf(entry->write_message, sizeof(entry->write_message), "%s",
             outcome == ROUTE53_OK ? "" : message);
}

static void on_sent(void *context, enum route53_outcome outcome,
                    const struct route53_change *change, const char *message)
{
    struct zone_call *call = context;
    struct zones *zones = call->zones;
    struct event event = {.kind = EVENT_CHANGE};

    zones->unanswered--;
    if (!call_matters(call)) {
        call_finish(call);
        return;
    }
    if (outcome != ROUTE53_OK)
        log_say(LOG_LEVEL_WARN, "zone %s: change of %s to epoch %llu: %s: %s",
                zones->settings->zones[call->zone].id, zones->settings->groups[call->group].name,
                (unsigned long long)call->epoch, route53_outcome_name(outcome), message);
    note_writing(&zones->entries[call->zone], call, outcome, message);
    event.change = (struct event_change){call->zone, call->group, call->epoch, outcome};
    tell(zones, &event, NULL, NULL);
    if (outcome == ROUTE53_OK)
        follow(zones, call, change->id);
    call_finish(call);
}

/* What resolvers can be asked about a batch is known only now, while its view stands. Without
 * memory they are not asked; the change itself does not wait for that. */
static struct tail *tail_of(const struct zones *zones, const struct batch *batch)
{
    const struct zone_view *view = zones->entries[batch->zone].view;
    struct tail *tail = NULL;

    if (zones->settings->aws_resolver_count > 0 && view != NULL &&
        tail_create(view, batch, zones->settings->groups[batch->group].name, &tail) != 0)
        log_say(LOG_LEVEL_WARN, "zone %s: out of memory to ask resolvers about epoch %llu",
                zones->settings->zones[batch->zone].id, (unsigned long long)batch->epoch);
    return tail;
}

void zones_send(struct zones *zones, const struct batch *batch)
{
    struct zone_call *call = call_create(zones, batch->zone);

    call->tail = tail_of(zones, batch);
    call->group = batch->group;
    call->epoch = batch->epoch;
    zones->unanswered++;
    route53_send(zones->tools.route53, batch, on_sent, call);
}

uint32_t zones_unanswered(const struct zones *zones)
{
    return zones->unanswered;
}

void zones_status(const struct zones *zones, uint32_t zone, struct zones_status *ret_status)
{
    const struct zone_entry *entry = &zones->entries[zone];

    *ret_status = (struct zones_status){
        entry->view,          entry->outcome,        entry->message,      entry->read_ms,
        entry->accepted_wall, entry->accepted_epoch, entry->write_denied, entry->write_message};
}

/* ---- life ---- */

static struct zone_entry *entries_create(const struct settings *settings)
{
    struct zone_entry *entries = calloc((size_t)settings->zone_count + 1, sizeof(*entries));

    for (uint32_t i = 0; entries != NULL && i < settings->zone_count; i++)
        entries[i].read_ms = -1;
    return entries;
}

static void entries_clear(struct zones *zones)
{
    for (uint32_t i = 0; i < zones->settings->zone_count; i++)
        zone_view_destroy(zones->entries[i].view);
    free(zones->entries);
}

static void end_follows(struct zones *zones)
{
    struct followed *followed;

    LIST_FOREACH(followed, &zones->followed, link)
    follow_end(followed->follow);
}

int zones_create(uv_loop_t *uv, const struct settings *settings, struct route53 *route53,
                 struct resolver *resolver, const struct teller *teller, struct zones **ret_zones)
{
    struct zones *zones = calloc(1, sizeof(*zones));

    if (zones == NULL)
        return -ENOMEM;
    zones->entries = entries_create(settings);
    if (zones->entries == NULL) {
        free(zones);
        return -ENOMEM;
    }
    zones->settings = settings;
    zones->tools = (struct follow_tools){uv, route53, resolver, *teller};
    zones->holds = 1;
    LIST_INIT(&zones->followed);
    *ret_zones = zones;
    return 0;
}

int zones_reload(struct zones *zones, const struct settings *settings)
{
    struct zone_entry *entries = entries_create(settings);

    if (entries == NULL)
        return -ENOMEM;
    end_follows(zones);
    entries_clear(zones);
    zones->entries = entries;
    zones->settings = settings;
    zones->generation++;
    zones->older = zones->calls;
    return 0;
}

bool zones_settled(const struct zones *zones)
{
    return zones->older == 0;
}

void zones_close(struct zones *zones, void (*closed)(void *context), void *context)
{
    zones->closing = true;
    zones->closed = closed;
    zones->closed_context = context;
    end_follows(zones);
    release(zones);
}

void zones_destroy(struct zones *zones)
{
    if (zones == NULL)
        return;
    assert(zones->closing && zones->holds == 0);
    entries_clear(zones);
    free(zones);
}
