/* SPDX-License-Identifier: Apache-2.0 */
/* A look goes: each zone is read -> each fence found there is asked for at each server. `pending`
 * counts what has not come back; whoever brings it to 0 ends the look and answers those who wait.
 * One look at a time: who asks during one hears of that one. */
#include "readiness.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <uv.h>

#include "change.h"
#include "servers.h"

enum { MESSAGE_MAX = 300, TIMER_COUNT = 2 };

/* A group's fence in a zone. */
struct slot {
    bool asked_once;
    bool has_fence;
    uint64_t epoch;
    struct servers_result result;
    struct servers_round *round; /* under way */
};

struct place {
    bool asked;
    enum route53_outcome outcome;
    char message[MESSAGE_MAX];
    msec_t read_ms;
    struct zone_view *view;
};

struct waiter {
    STAILQ_ENTRY(waiter) link;
    readiness_done done;
    void *context;
};

struct readiness {
    struct readiness_tools tools;
    const struct settings *settings;
    uint32_t generation; /* of settings: answers for older ones are dropped */
    bool looks;          /* this probe reads zones at all */
    struct place *places;
    struct slot *slots; /* zone by zone, then group by group */
    uv_timer_t next;
    uv_timer_t patience;
    bool looking;
    uint32_t pending;
    msec_t looked_ms; /* when the last look ended; -1 never */
    STAILQ_HEAD(, waiter) waiters;
    uint32_t holds; /* calls under way and open handles: 0 is closed */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* A question on its way. */
struct look_call {
    struct readiness *readiness;
    uint32_t generation;
    uint32_t zone;
    uint32_t group;
};

static void begin_look(struct readiness *readiness);

static struct slot *slot_of(const struct readiness *readiness, uint32_t zone, uint32_t group)
{
    return &readiness->slots[(size_t)zone * readiness->settings->group_count + group];
}

static msec_t now_of(const struct readiness *readiness)
{
    return readiness->tools.now(readiness->tools.context);
}

/* ---- the end of a look ---- */

static void answer_waiters(struct readiness *readiness)
{
    struct waiter *waiter;

    uv_timer_stop(&readiness->patience);
    while ((waiter = STAILQ_FIRST(&readiness->waiters)) != NULL) {
        struct waiter detached = *waiter;

        STAILQ_REMOVE_HEAD(&readiness->waiters, link);
        free(waiter);
        detached.done(detached.context);
    }
}

static void on_patience(uv_timer_t *timer)
{
    answer_waiters(timer->data);
}

static void on_next(uv_timer_t *timer)
{
    begin_look(timer->data);
}

static void plan(struct readiness *readiness, msec_t after_ms)
{
    if (!readiness->closing && readiness->looks)
        uv_timer_start(&readiness->next, on_next, (uint64_t)after_ms, 0);
}

static void part_done(struct readiness *readiness)
{
    assert(readiness->looking && readiness->pending > 0);
    if (--readiness->pending > 0)
        return;
    readiness->looking = false;
    readiness->looked_ms = now_of(readiness);
    plan(readiness, READINESS_EVERY_MS);
    answer_waiters(readiness);
}

static void release(struct readiness *readiness)
{
    assert(readiness->holds > 0);
    readiness->holds--;
    if (readiness->holds == 0 && readiness->closed != NULL)
        readiness->closed(readiness->closed_context);
}

static struct look_call *call_create(struct readiness *readiness, uint32_t zone, uint32_t group)
{
    struct look_call *call = calloc(1, sizeof(*call));

    assert(call != NULL); /* an answer that nobody takes would hold the look for ever */
    *call = (struct look_call){readiness, readiness->generation, zone, group};
    readiness->pending++;
    readiness->holds++;
    return call;
}

/* True when the answer still matters. */
static bool call_matters(const struct look_call *call)
{
    return call->generation == call->readiness->generation && !call->readiness->closing;
}

static void call_finish(struct look_call *call)
{
    struct readiness *readiness = call->readiness;
    bool matters = call_matters(call);

    free(call);
    if (matters)
        part_done(readiness);
    release(readiness);
}

/* ---- the servers ---- */

static void on_servers(void *context, const struct servers_result *result)
{
    struct look_call *call = context;

    if (call_matters(call)) {
        struct slot *slot = slot_of(call->readiness, call->zone, call->group);

        slot->round = NULL;
        slot->asked_once = true;
        slot->result = *result;
    }
    call_finish(call);
}

static void ask_servers(struct readiness *readiness, const struct zone_view *view, uint32_t group)
{
    const struct settings *settings = readiness->settings;
    struct slot *slot = slot_of(readiness, view->zone, group);
    struct servers_question question = {.uv = readiness->tools.uv,
                                        .route53 = readiness->tools.route53,
                                        .resolver = readiness->tools.resolver,
                                        .settings = settings,
                                        .zone = view->zone,
                                        .group = settings->groups[group].name,
                                        .apex = view->apex,
                                        .epoch = slot->epoch};
    struct look_call *call = call_create(readiness, view->zone, group);

    slot->round = servers_ask(&question, on_servers, call);
    if (slot->round == NULL)
        call_finish(call); /* no memory: the next look tries again */
}

static bool zone_concerns(const struct settings *settings, uint32_t zone, uint32_t group)
{
    const struct group *g = &settings->groups[group];

    for (uint32_t i = 0; i < g->service_count; i++) {
        if (settings_service_in_zone(settings, g->services[i], zone))
            return true;
    }
    return false;
}

static void ask_about_fences(struct readiness *readiness, const struct zone_view *view)
{
    const struct settings *settings = readiness->settings;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct record_set *set = change_find_fence(view, settings->groups[g].name);
        struct slot *slot = slot_of(readiness, view->zone, g);
        struct fence fence;

        if (!zone_concerns(settings, view->zone, g) || settings->zones[view->zone].is_private)
            continue;
        slot->has_fence =
            set != NULL && set->value_count > 0 && fence_parse(set->values[0], &fence) == 0;
        slot->asked_once |= !slot->has_fence;
        if (!slot->has_fence)
            continue;
        slot->epoch = fence.epoch;
        ask_servers(readiness, view, g);
    }
}

/* ---- the zones ---- */

static void on_zone(void *context, enum route53_outcome outcome, struct zone_view *view,
                    const char *message)
{
    struct look_call *call = context;
    struct readiness *readiness = call->readiness;
    struct place *place;

    if (!call_matters(call)) {
        zone_view_destroy(view);
        call_finish(call);
        return;
    }
    place = &readiness->places[call->zone];
    place->asked = true;
    place->outcome = outcome;
    snprintf(place->message, sizeof(place->message), "%s", outcome == ROUTE53_OK ? "" : message);
    if (view != NULL) {
        zone_view_destroy(place->view);
        place->view = view;
        place->read_ms = now_of(readiness);
        ask_about_fences(readiness, view);
    }
    call_finish(call);
}

static void begin_look(struct readiness *readiness)
{
    if (readiness->looking)
        return;
    readiness->looking = true;
    readiness->pending = 1; /* ours, so that it does not end under our hands */
    uv_timer_stop(&readiness->next);
    for (uint32_t z = 0; z < readiness->settings->zone_count; z++)
        zones_look(readiness->tools.zones, z, on_zone, call_create(readiness, z, NONE));
    part_done(readiness);
}

/* ---- the interface ---- */

bool readiness_has_to_look(const struct readiness *readiness)
{
    bool fresh = readiness->looked_ms >= 0 && !readiness->looking &&
                 now_of(readiness) - readiness->looked_ms < READINESS_FRESH_MS;

    return readiness->looks && !readiness->closing && !fresh;
}

void readiness_look(struct readiness *readiness, readiness_done done, void *context)
{
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    assert(waiter != NULL && readiness_has_to_look(readiness));
    *waiter = (struct waiter){.done = done, .context = context};
    if (STAILQ_EMPTY(&readiness->waiters))
        uv_timer_start(&readiness->patience, on_patience, READINESS_PATIENCE_MS, 0);
    STAILQ_INSERT_TAIL(&readiness->waiters, waiter, link);
    begin_look(readiness);
}

void readiness_zone(const struct readiness *readiness, uint32_t zone,
                    struct readiness_zone *ret_zone)
{
    const struct place *place = &readiness->places[zone];

    *ret_zone = (struct readiness_zone){place->asked, place->outcome, place->message,
                                        place->view != NULL ? place->read_ms : -1, place->view};
}

void readiness_servers(const struct readiness *readiness, uint32_t zone, uint32_t group,
                       struct readiness_servers *ret_servers)
{
    const struct slot *slot = slot_of(readiness, zone, group);

    *ret_servers = (struct readiness_servers){
        slot->asked_once,      slot->has_fence,      slot->epoch,        slot->result.asked,
        slot->result.answered, slot->result.current, slot->result.others};
}

/* ---- life ---- */

static void forget(struct readiness *readiness)
{
    const struct settings *settings = readiness->settings;
    size_t slots = (size_t)settings->zone_count * settings->group_count;

    for (size_t i = 0; readiness->slots != NULL && i < slots; i++) {
        if (readiness->slots[i].round != NULL)
            servers_cancel(readiness->slots[i].round);
    }
    for (uint32_t i = 0; readiness->places != NULL && i < settings->zone_count; i++)
        zone_view_destroy(readiness->places[i].view);
    free(readiness->slots);
    free(readiness->places);
    readiness->slots = NULL;
    readiness->places = NULL;
}

static int adopt(struct readiness *readiness, const struct settings *settings)
{
    size_t slots = (size_t)settings->zone_count * settings->group_count;
    struct place *new_places = calloc((size_t)settings->zone_count + 1, sizeof(*new_places));
    struct slot *new_slots = calloc(slots + 1, sizeof(*new_slots));

    if (new_places == NULL || new_slots == NULL) {
        free(new_places);
        free(new_slots);
        return -ENOMEM;
    }
    if (readiness->settings != NULL)
        forget(readiness);
    readiness->places = new_places;
    readiness->slots = new_slots;
    readiness->settings = settings;
    readiness->looks = settings_reads_zones(settings);
    readiness->looked_ms = -1;
    readiness->looking = false;
    return 0;
}

int readiness_create(const struct readiness_tools *tools, const struct settings *settings,
                     struct readiness **ret_readiness)
{
    struct readiness *readiness = calloc(1, sizeof(*readiness));

    if (readiness == NULL)
        return -ENOMEM;
    readiness->tools = *tools;
    STAILQ_INIT(&readiness->waiters);
    if (adopt(readiness, settings) < 0) {
        free(readiness);
        return -ENOMEM;
    }
    uv_timer_init(tools->uv, &readiness->next);
    uv_timer_init(tools->uv, &readiness->patience);
    readiness->next.data = readiness;
    readiness->patience.data = readiness;
    readiness->holds = TIMER_COUNT;
    plan(readiness, READINESS_FIRST_MS);
    *ret_readiness = readiness;
    return 0;
}

int readiness_reload(struct readiness *readiness, const struct settings *settings)
{
    int rc = adopt(readiness, settings);

    if (rc < 0)
        return rc;
    readiness->generation++;
    uv_timer_stop(&readiness->next);
    plan(readiness, READINESS_FIRST_MS);
    answer_waiters(readiness);
    return 0;
}

static void on_timer_closed(uv_handle_t *timer)
{
    release(timer->data);
}

void readiness_close(struct readiness *readiness, void (*closed)(void *context), void *context)
{
    if (readiness == NULL) {
        closed(context);
        return;
    }
    assert(!readiness->closing);
    readiness->closing = true;
    readiness->closed = closed;
    readiness->closed_context = context;
    answer_waiters(readiness);
    uv_close((uv_handle_t *)&readiness->next, on_timer_closed);
    uv_close((uv_handle_t *)&readiness->patience, on_timer_closed);
    for (uint32_t z = 0; z < readiness->settings->zone_count; z++) {
        for (uint32_t g = 0; g < readiness->settings->group_count; g++) {
            if (slot_of(readiness, z, g)->round != NULL)
                servers_cancel(slot_of(readiness, z, g)->round);
        }
    }
}

void readiness_destroy(struct readiness *readiness)
{
    if (readiness == NULL)
        return;
    assert(readiness->closing && readiness->holds == 0);
    for (size_t i = 0;
         i < (size_t)readiness->settings->zone_count * readiness->settings->group_count; i++)
        readiness->slots[i].round = NULL; /* ended, and nobody noted it */
    forget(readiness);
    free(readiness);
}
