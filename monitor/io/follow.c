/* SPDX-License-Identifier: Apache-2.0 */
/* Two clocks run beside each other: GetChange until INSYNC, and rounds of questions to the
 * authoritative servers until all that answer are current; then a third one, to public resolvers,
 * until none gives the old answer or its TTL has passed. Each has its pace, a small table. */
#include "follow.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "caches.h"
#include "log.h"
#include "servers.h"

/* Route 53 publishes within a minute, mostly; the API says so for twice as long, and then it is
 * looked into (C8; state.h has the page that follows). */
enum { TIMER_COUNT = 3, FOLLOW_PENDING_MS = 120 * 1000 };

/* Up to this age of the change, the next look comes after this long. */
struct pace {
    msec_t until_ms;
    msec_t every_ms;
};

/* GetChange shares 5 requests a second with everything else in the account. Most changes are
 * INSYNC within a minute; what is not after half an hour is Route 53's trouble, and said so. */
static const struct pace insync_pace[] = {
    {1000, 1000}, {2 * 60 * 1000, 5000}, {30 * 60 * 1000, 30000}, {0, 0}};

/* A question to a name server costs nothing; the first seconds are those people wait for. */
static const struct pace servers_pace[] = {{30 * 1000, 1000}, {10 * 60 * 1000, 5000}, {0, 0}};

/* Other people's servers: seldom, and no longer than an old answer may live, and this. */
static const struct pace caches_pace[] = {{30 * 1000, 2000}, {INT64_MAX, 5000}, {0, 0}};
enum { CACHES_MARGIN_MS = 30 * 1000 };

struct follow {
    struct follow_tools tools;
    const struct settings *settings;
    uint32_t zone;
    uint32_t group;
    uint64_t epoch;
    char change_id[64];
    char apex[256];
    msec_t accepted_ms;
    uv_timer_t insync_timer;
    uv_timer_t servers_timer;
    struct servers_round *round;
    struct servers_result servers; /* as told last */
    bool told_servers;
    bool insync_done;
    bool told_forgotten; /* C8: the engine knows that Route 53 does not know the change ... */
    bool told_late;      /* ... or that it is PENDING for too long */
    bool servers_done;
    struct tail *tail; /* what resolvers are asked; NULL: nothing */
    uv_timer_t caches_timer;
    struct caches_round *caches_round;
    struct servers_result caches; /* as told last */
    bool told_caches;
    bool caches_done;
    msec_t caches_from_ms; /* when the servers were done, or given up */
    bool ending;
    uint32_t holds; /* answers under way and open handles: 0 frees */
    follow_ended ended;
    void *context;
};

/* ---- the end ---- */

static void release(struct follow *follow)
{
    follow_ended ended = follow->ended;
    void *context = follow->context;

    assert(follow->holds > 0);
    follow->holds--;
    if (follow->holds > 0)
        return;
    ended(context, follow);
    tail_destroy(follow->tail);
    free(follow);
}

static void on_closed(uv_handle_t *handle)
{
    release(handle->data);
}

void follow_end(struct follow *follow)
{
    if (follow->ending)
        return;
    follow->ending = true;
    if (follow->round != NULL)
        servers_cancel(follow->round);
    if (follow->caches_round != NULL)
        caches_cancel(follow->caches_round);
    uv_close((uv_handle_t *)&follow->caches_timer, on_closed);
    uv_close((uv_handle_t *)&follow->insync_timer, on_closed);
    uv_close((uv_handle_t *)&follow->servers_timer, on_closed);
}

static void end_when_done(struct follow *follow)
{
    if (follow->insync_done && follow->servers_done && follow->caches_done)
        follow_end(follow);
}

static msec_t now(const struct follow *follow)
{
    return follow->tools.teller.now(follow->tools.teller.context);
}

/* When to look again by a table; -1: its time is over. */
static msec_t next_look_ms(const struct follow *follow, msec_t from_ms, const struct pace *pace)
{
    msec_t age_ms = now(follow) - from_ms;

    for (; pace->every_ms > 0; pace++) {
        if (age_ms < pace->until_ms)
            return pace->every_ms;
    }
    return -1;
}

static const char *zone_id(const struct follow *follow)
{
    return follow->settings->zones[follow->zone].id;
}

static void tell(struct follow *follow, const struct event *event)
{
    follow->tools.teller.tell(follow->tools.teller.context, event, NULL, NULL);
}

/* ---- INSYNC ---- */

static void look_for_insync(uv_timer_t *timer);

static void plan_insync(struct follow *follow)
{
    msec_t after_ms = next_look_ms(follow, follow->accepted_ms, insync_pace);

    if (after_ms >= 0) {
        uv_timer_start(&follow->insync_timer, look_for_insync, (uint64_t)after_ms, 0);
        return;
    }
    log_say(LOG_LEVEL_WARN, "zone %s: change %s is not INSYNC after half an hour", zone_id(follow),
            follow->change_id);
    follow->insync_done = true;
    end_when_done(follow);
}

/* C8: a control plane that failed over may have lost what it accepted, or keep it to itself. Which
 * of the two the zone says, so the engine reads it; asked again at its pace, told once. */
static void note_trouble(struct follow *follow, enum route53_outcome outcome)
{
    struct event event = {.kind = EVENT_STRANDED};
    bool forgotten = outcome == ROUTE53_NOT_FOUND;
    bool late = outcome == ROUTE53_OK && now(follow) - follow->accepted_ms >= FOLLOW_PENDING_MS;

    if ((!forgotten || follow->told_forgotten) && (!late || follow->told_late))
        return;
    follow->told_forgotten |= forgotten;
    follow->told_late |= late;
    event.stranded =
        (struct event_stranded){follow->zone, follow->group, follow->epoch, !forgotten};
    tell(follow, &event);
    log_say(LOG_LEVEL_WARN, "zone %s: change %s of %s to epoch %llu is %s; the zone is read anew",
            zone_id(follow), follow->change_id, follow->settings->groups[follow->group].name,
            (unsigned long long)follow->epoch,
            forgotten ? "not known to Route 53 any more" : "still PENDING");
}

static void on_change(void *context, enum route53_outcome outcome,
                      const struct route53_change *change, const char *message)
{
    struct follow *follow = context;
    struct event event = {.kind = EVENT_INSYNC};

    (void)message; /* asked again at its pace */
    if (!follow->ending && outcome == ROUTE53_OK && change->insync) {
        event.insync = (struct event_insync){follow->zone, follow->group, follow->epoch};
        tell(follow, &event);
        follow->insync_done = true;
        end_when_done(follow);
    } else if (!follow->ending) {
        note_trouble(follow, outcome);
        plan_insync(follow);
    }
    release(follow);
}

static void look_for_insync(uv_timer_t *timer)
{
    struct follow *follow = timer->data;

    follow->holds++;
    route53_get_change(follow->tools.route53, follow->zone, follow->change_id, on_change, follow);
}

/* ---- the tail: public resolvers ---- */

static void look_at_caches(uv_timer_t *timer);

static void end_caches(struct follow *follow)
{
    follow->caches_done = true;
    end_when_done(follow);
}

static void plan_caches(struct follow *follow)
{
    msec_t end_ms = follow->caches_from_ms + follow->tail->ttl_ms + CACHES_MARGIN_MS;

    if (now(follow) < end_ms) {
        uv_timer_start(&follow->caches_timer, look_at_caches,
                       (uint64_t)next_look_ms(follow, follow->caches_from_ms, caches_pace), 0);
        return;
    }
    log_say(LOG_LEVEL_WARN, "zone %s: epoch %llu of %s is not seen by every resolver: %s",
            zone_id(follow), (unsigned long long)follow->epoch,
            follow->settings->groups[follow->group].name, follow->caches.others);
    end_caches(follow);
}

static void tell_caches(struct follow *follow, const struct servers_result *result)
{
    struct event event = {.kind = EVENT_RESOLVERS};

    event.resolvers = (struct event_servers){follow->zone,    follow->group,    follow->epoch,
                                             result->current, result->answered, result->asked};
    tell(follow, &event);
    follow->told_caches = true;
}

static void on_caches(void *context, const struct servers_result *result)
{
    struct follow *follow = context;
    const struct servers_result *before = &follow->caches;
    bool news = !follow->told_caches || result->current != before->current ||
                result->answered != before->answered;

    follow->caches_round = NULL;
    if (!follow->ending) {
        follow->caches = *result;
        if (news)
            tell_caches(follow, result);
        if (result->answered > 0 && result->current == result->answered)
            end_caches(follow);
        else
            plan_caches(follow);
    }
    release(follow);
}

static void look_at_caches(uv_timer_t *timer)
{
    struct follow *follow = timer->data;
    const struct settings *s = follow->settings;

    follow->caches_round = caches_ask(follow->tools.uv, s->aws_resolvers, s->aws_resolver_count,
                                      follow->tail, on_caches, follow);
    if (follow->caches_round != NULL)
        follow->holds++;
    else
        plan_caches(follow);
}

/* Once the name servers are through: before, a resolver's old answer says nothing of the resolver.
 */
static void begin_caches(struct follow *follow)
{
    follow->servers_done = true;
    follow->caches_from_ms = now(follow);
    if (follow->tail == NULL || follow->settings->aws_resolver_count == 0)
        end_caches(follow);
    else
        uv_timer_start(&follow->caches_timer, look_at_caches, 0, 0);
}

/* ---- the authoritative servers ---- */

static void look_at_servers(uv_timer_t *timer);

static void plan_servers(struct follow *follow)
{
    msec_t after_ms = next_look_ms(follow, follow->accepted_ms, servers_pace);

    if (after_ms >= 0) {
        uv_timer_start(&follow->servers_timer, look_at_servers, (uint64_t)after_ms, 0);
        return;
    }
    log_say(LOG_LEVEL_WARN, "zone %s: not every server says epoch %llu of %s: %s", zone_id(follow),
            (unsigned long long)follow->epoch, follow->settings->groups[follow->group].name,
            follow->servers.others);
    begin_caches(follow);
}

static bool is_news(const struct follow *follow, const struct servers_result *result)
{
    const struct servers_result *before = &follow->servers;

    return !follow->told_servers || result->current != before->current ||
           result->answered != before->answered || result->asked != before->asked;
}

static void tell_servers(struct follow *follow, const struct servers_result *result)
{
    struct event event = {.kind = EVENT_SERVERS};

    event.servers = (struct event_servers){follow->zone,    follow->group,    follow->epoch,
                                           result->current, result->answered, result->asked};
    tell(follow, &event);
    follow->told_servers = true;
}

/* All that answer say so: done, and those who are silent are named (C7). */
static void finish_servers(struct follow *follow)
{
    if (follow->servers.others[0] != '\0')
        log_say(LOG_LEVEL_WARN, "zone %s: every server that answers says epoch %llu of %s; %s",
                zone_id(follow), (unsigned long long)follow->epoch,
                follow->settings->groups[follow->group].name, follow->servers.others);
    begin_caches(follow);
}

static void on_servers(void *context, const struct servers_result *result)
{
    struct follow *follow = context;
    bool news = is_news(follow, result);

    follow->round = NULL;
    if (!follow->ending) {
        follow->servers = *result;
        if (news)
            tell_servers(follow, result);
        if (result->answered > 0 && result->current == result->answered)
            finish_servers(follow);
        else
            plan_servers(follow);
    }
    release(follow);
}

static void look_at_servers(uv_timer_t *timer)
{
    struct follow *follow = timer->data;
    struct servers_question question = {
        .uv = follow->tools.uv,
        .route53 = follow->tools.route53,
        .resolver = follow->tools.resolver,
        .settings = follow->settings,
        .zone = follow->zone,
        .group = follow->settings->groups[follow->group].name,
        .apex = follow->apex,
        .epoch = follow->epoch,
    };

    follow->round = servers_ask(&question, on_servers, follow);
    if (follow->round != NULL)
        follow->holds++;
    else
        plan_servers(follow);
}

/* Nobody outside its own networks can ask for a private zone: said, and not waited for (C7). */
static void begin_servers(struct follow *follow)
{
    static const struct servers_result none;

    if (!follow->settings->zones[follow->zone].is_private) {
        plan_servers(follow);
        return;
    }
    log_say(LOG_LEVEL_INFO, "zone %s: private; no name server is asked for epoch %llu of %s",
            zone_id(follow), (unsigned long long)follow->epoch,
            follow->settings->groups[follow->group].name);
    tell_servers(follow, &none);
    follow->servers_done = true;
    follow->caches_done = true;
}

/* ---- the beginning ---- */

struct follow *follow_start(const struct follow_tools *tools, const struct follow_change *change,
                            follow_ended ended, void *context)
{
    struct follow *follow = calloc(1, sizeof(*follow));

    if (follow == NULL)
        return NULL;
    follow->tools = *tools;
    follow->settings = change->settings;
    follow->zone = change->zone;
    follow->group = change->group;
    follow->epoch = change->epoch;
    follow->tail = change->tail;
    follow->ended = ended;
    follow->context = context;
    snprintf(follow->change_id, sizeof(follow->change_id), "%s", change->change_id);
    snprintf(follow->apex, sizeof(follow->apex), "%s", change->apex);
    follow->accepted_ms = tools->teller.now(tools->teller.context);
    uv_timer_init(tools->uv, &follow->insync_timer);
    uv_timer_init(tools->uv, &follow->servers_timer);
    uv_timer_init(tools->uv, &follow->caches_timer);
    follow->caches_timer.data = follow;
    follow->insync_timer.data = follow;
    follow->servers_timer.data = follow;
    follow->holds = TIMER_COUNT;
    plan_insync(follow);
    begin_servers(follow);
    return follow;
}

bool follow_is_about(const struct follow *follow, uint32_t zone, uint32_t group)
{
    return follow->zone == zone && follow->group == group;
}
