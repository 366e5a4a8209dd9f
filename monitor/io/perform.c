/* SPDX-License-Identifier: Apache-2.0 */
/* Does what the engine wants, in the order of update.h. Each part answers later with events. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_state.h"
#include "fact.h"
#include "log.h"

/* References have no timeout of their own: the checks' default. */
enum { REFERENCE_TIMEOUT_MS = 3000, FACT_LINE_MAX = 1024 };

void perform_tell(void *context, const struct event *event, void (*release)(void *block),
                  void *block)
{
    struct daemon *daemon = context;

    loop_post(daemon->loop, event, release, block);
}

msec_t perform_now(void *context)
{
    (void)context;
    return loop_now_ms();
}

/* ---- checks ---- */

/* Nobody is asked, so that it ends where it begins; the engine hears of it in another turn. */
static void judge_push(struct daemon *daemon, uint32_t check)
{
    struct result result;

    pushes_judge(daemon->pushes, check, &result);
    perform_result(daemon, check, &result);
}

/* A report need not wait until its check is due. */
void perform_push(void *context, uint32_t check)
{
    struct daemon *daemon = context;

    if (daemon->stopping)
        return;
    daemon->started_ms[check] = loop_now_ms();
    judge_push(daemon, check);
}

static void start_checks(struct daemon *daemon, const struct event *event,
                         const struct update *update)
{
    const struct settings *settings = daemon->settings;

    for (uint32_t i = 0; i < update->start_count; i++) {
        uint32_t token = update->starts[i];

        bool is_push = token < settings->check_count && settings->checks[token].kind == CHECK_PUSH;

        daemon->started_ms[token] = event->at_ms;
        if (is_push)
            judge_push(daemon, token);
        else if (token < settings->check_count)
            prober_start(daemon->prober, token, &settings->checks[token]);
        else
            prober_start_reference(daemon->prober, token,
                                   &settings->references[token - settings->check_count],
                                   REFERENCE_TIMEOUT_MS);
        if (!is_push && engine_looks_soon(daemon->engine, token))
            prober_hurry(daemon->prober, token);
    }
}

static void count_result(struct daemon *daemon, enum result_class class)
{
    switch (class) {
    case RESULT_GOOD:
        daemon->stats.results_good++;
        break;
    case RESULT_BAD:
        daemon->stats.results_bad++;
        break;
    case RESULT_VOID:
        daemon->stats.results_void++;
        break;
    }
}

/* V5: a machine that has no way to a reference, or none to its name, does not see either. */
static bool cannot_ask(const struct result *result)
{
    return result->failure == FAILURE_POLICY || result->failure == FAILURE_DNS;
}

/* V4: what was measured while we stood still says something of us, not of the endpoint. */
void perform_result(void *context, uint32_t token, const struct result *result)
{
    struct daemon *daemon = context;
    uint32_t check_count = daemon->settings->check_count;
    struct result *copy = malloc(sizeof(*copy));
    struct event event;

    assert(copy != NULL); /* a result that never comes would stop its check for ever */
    *copy = *result;
    if (loop_stalled_since(daemon->loop, daemon->started_ms[token] + result->late_ms))
        copy->class = RESULT_VOID;
    count_result(daemon, copy->class);
    if (token < check_count) {
        rollups_add(daemon->rollups, daemon->history, token, copy, loop_wall_ms());
        event = (struct event){.kind = EVENT_RESULT, .result = {token, copy}};
        loop_post(daemon->loop, &event, free, copy);
        return;
    }
    event = (struct event){.kind = EVENT_REFERENCE};
    event.reference =
        (struct event_reference){.reference = token - check_count,
                                 .answered = copy->class == RESULT_GOOD,
                                 .is_void = copy->class == RESULT_VOID && !cannot_ask(copy),
                                 .late_ms = copy->late_ms};
    loop_post(daemon->loop, &event, free, copy);
}

void perform_sink(void *context, uint32_t sink, bool failing, const char *error)
{
    struct daemon *daemon = context;
    struct event event = {.kind = EVENT_SINK, .sink = {sink, failing}};

    if (daemon->stopped)
        return;
    if (failing)
        log_say(LOG_LEVEL_ERROR, "alerts: sink %s fails: %s", daemon->settings->sinks[sink].name,
                error);
    else
        log_say(LOG_LEVEL_INFO, "alerts: sink %s works again", daemon->settings->sinks[sink].name);
    loop_post(daemon->loop, &event, NULL, NULL);
}

/* ---- the store ---- */

static void publish(struct daemon *daemon, const struct update *update)
{
    for (uint32_t i = 0; i < update->vote_count; i++)
        board_put_vote(daemon->board, &update->votes[i]);
    if (update->suspects_changed)
        board_put_suspects(daemon->board, update->suspects, update->suspect_count);
}

static void commit(struct daemon *daemon, const struct update *update)
{
    for (uint32_t i = 0; i < update->commit_count; i++)
        board_commit(daemon->board, &update->commits[i]);
}

/* ---- latches (B1) and batches ---- */

static void change_latches(struct daemon *daemon, const struct update *update)
{
    const struct settings *settings = daemon->settings;
    int rc = 0;

    for (uint32_t i = 0; i < update->latch_count; i++) {
        const struct latch *latch = &update->latches[i];

        if (latches_change(daemon->latches, settings->groups[latch->group].name,
                           settings->regions[latch->region], latch->epoch, latch->set) < 0)
            rc = -1;
    }
    assert(rc == 0); /* out of memory: a beacon that says the wrong thing is worse than a restart */
    rc = latches_sync(daemon->latches);
    if (rc < 0)
        log_say(LOG_LEVEL_ERROR, "latches: cannot be written: %s; nothing is sent until they are",
                strerror(-rc));
}

/* D7: what only this machine knows outlives the process. */
static void change_local_orders(struct daemon *daemon, const struct update *update)
{
    int rc;

    if (!update->locals_changed)
        return;
    rc = local_orders_set(daemon->locals, daemon->settings, update->locals, update->local_count);
    assert(rc == 0); /* out of memory: as with latches */
    rc = local_orders_sync(daemon->locals);
    if (rc < 0)
        log_say(LOG_LEVEL_ERROR,
                "local orders: cannot be written: %s; nothing is sent until they are",
                strerror(-rc));
}

static void keep_orders(struct daemon *daemon, const struct update *update)
{
    for (uint32_t i = 0; i < update->keep_count; i++)
        board_keep_order(daemon->board, &update->keeps[i], update->keeps_revision);
}

/* What must be on disk before a request leaves: latches (B1), local orders (D7), the epoch (C2). */
static int make_durable(struct daemon *daemon, const struct batch *batch)
{
    const char *group = daemon->settings->groups[batch->group].name;
    int rc = latches_sync(daemon->latches);

    if (rc == 0)
        rc = local_orders_sync(daemon->locals);
    if (rc == 0)
        rc = journal_raise(daemon->journal, group, batch->epoch);
    if (rc < 0)
        log_say(LOG_LEVEL_ERROR, "epoch %llu of %s is not sent: cannot be put on disk first: %s",
                (unsigned long long)batch->epoch, group, strerror(-rc));
    return rc;
}

static void send_batches(struct daemon *daemon, const struct update *update)
{
    for (uint32_t i = 0; i < update->batch_count; i++) {
        const struct batch *batch = &update->batches[i];
        struct event event = {.kind = EVENT_CHANGE};

        if (make_durable(daemon, batch) == 0) {
            zones_send(daemon->zones, batch);
            continue;
        }
        /* not applied, to be tried again later: as if Route 53 had been busy */
        event.change = (struct event_change){batch->zone, batch->group, batch->epoch, ROUTE53_BUSY};
        loop_post(daemon->loop, &event, NULL, NULL);
    }
}

static void read_zones(struct daemon *daemon, const struct update *update)
{
    for (uint32_t i = 0; i < update->zone_read_count; i++)
        zones_read(daemon->zones, update->zone_reads[i]);
}

/* ---- alerts and facts ---- */

static void raise_alerts(struct daemon *daemon, const struct update *update)
{
    for (uint32_t i = 0; i < update->alert_count; i++) {
        const struct alert *alert = &update->alerts[i];
        int rc = alerts_raise(daemon->alerts, alert);

        history_alert(daemon->history, alert);
        if (rc < 0)
            log_say(LOG_LEVEL_ERROR, "alerts: %s (%s): %s", alert->incident, alert->subject,
                    strerror(-rc));
    }
}

/* What an operator should look at is a warning; that a blindness ended is not. */
static enum log_level fact_level(const struct fact *fact)
{
    switch (fact->code) {
    case FACT_BLIND:
        return strcmp(fact->word, blindness_name(BLIND_NOT)) != 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO;
    case FACT_GAP:
    case FACT_COMMIT_FAILED:
    case FACT_REFUSED:
    case FACT_ZONE_FAILED:
    case FACT_LOST:
    case FACT_BATCH_REFUSED:
    case FACT_BACKOFF:
    case FACT_DRIFT:
    case FACT_FENCE_MISSING:
    case FACT_FENCE_AHEAD:
    case FACT_GLASS:
        return LOG_LEVEL_WARN;
    default:
        return LOG_LEVEL_INFO;
    }
}

/* A fact after which the head, or one of its measured times (C7), is another one. */
static bool changes_head(enum fact_code code)
{
    return code == FACT_HEAD || code == FACT_DECIDED || code == FACT_ACCEPTED ||
           code == FACT_INSYNC || code == FACT_SERVERS || code == FACT_RESOLVERS;
}

static void record_head(struct daemon *daemon, uint32_t group)
{
    struct group_view view;
    struct history_times times;

    engine_group(daemon->engine, group, &view);
    if (!view.has_head)
        return;
    times =
        (struct history_times){view.decided_after_ms, view.accepted_after_ms, view.insync_after_ms,
                               view.servers_after_ms, view.resolvers_after_ms};
    history_decision(daemon->history, daemon->settings, &view.head, &times);
}

static void say_fact(struct daemon *daemon, const struct fact *fact)
{
    const struct settings *settings = daemon->settings;
    wall_t wall = engine_wall(daemon->engine, fact->at_ms);
    const char *group = fact->group != NONE ? settings->groups[fact->group].name : "";
    char line[FACT_LINE_MAX];

    fact_format(fact, settings, line, sizeof(line));
    log_fact(fact_level(fact), line);
    history_fact(daemon->history, wall, group, line);
    if (fact->group != NONE && changes_head(fact->code))
        record_head(daemon, fact->group);
}

static void say_facts(struct daemon *daemon, const struct update *update)
{
    for (uint32_t i = 0; i < update->fact_count; i++)
        say_fact(daemon, &update->facts[i]);
    if (update->facts_lost == 0)
        return;
    daemon->stats.facts_lost += update->facts_lost;
    log_say(LOG_LEVEL_WARN, "%u facts more than fit into one turn were lost", update->facts_lost);
}

/* ---- the update ---- */

void perform_update(void *context, const struct event *event, const struct update *update)
{
    struct daemon *daemon = context;

    recorder_turn(daemon->recorder, event, update);
    if (!daemon->stopping) {
        start_checks(daemon, event, update);
        publish(daemon, update);
    }
    change_latches(daemon, update);
    change_local_orders(daemon, update);
    if (!daemon->stopping) {
        commit(daemon, update);
        keep_orders(daemon, update);
        read_zones(daemon, update);
        send_batches(daemon, update);
    }
    raise_alerts(daemon, update);
    say_facts(daemon, update);
    reload_sweep(daemon);
    if (daemon->stopping)
        daemon_stop_when_idle(daemon);
}
