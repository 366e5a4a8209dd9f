/* SPDX-License-Identifier: Apache-2.0 */
/* The whole of the alerts. Raising puts one on disk and into the queue (alert_queue.c); a step, run
 * whenever something happened, judges claims (alert_claims.c) and starts sends (alert_send.c) for
 * whatever is due; an alert leaves when every sink that wants it has it, or when another probe has
 * said it.
 *
 *     raise -> spool -> queue -> step: judge claim -> send at each sink -> remove
 *                                  ^--------- timer, answers of store and sinks
 */
#include "alerts.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert_queue.h"

static const struct alert_pace usual_pace = {
    .retry_first_ms = 1000,
    .retry_last_ms = 60 * 1000,
    .fresh_ms = 1000,
    .look_ms = 5 * 1000,
    .answer_ms = 10 * 1000,
    .hold_ms = CLAIM_HOLD_MS,
    .stale_ms = CLAIM_STALE_MS,
    .trust_ms = CLAIM_TRUST_MS,
    .sweep_ms = 600 * 1000,
    .claims_max = CLAIMS_MAX,
};

wall_t alerts_wall(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (wall_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the step ---- */

/* When an entry has to be judged (again); INT64_MAX: not by time. */
static msec_t entry_due_ms(const struct entry *entry)
{
    switch (entry->state) {
    case ENTRY_QUEUED: /* open before resolved: the older one has been said somewhere */
        return entry->behind == NULL || entry->behind->delivered != 0 ? 0 : INT64_MAX;
    case ENTRY_ASKING:
        return entry->asked_ms + entry->alerts->pace.answer_ms;
    case ENTRY_WAITING:
        return entry->look_ms;
    case ENTRY_SENDING:
        return INT64_MAX;
    }
    return INT64_MAX;
}

static msec_t min_ms(msec_t a, msec_t b)
{
    return a < b ? a : b;
}

/* Judges what is due; returns when the next one is. */
static msec_t step_entries(struct alerts *alerts, msec_t now_ms)
{
    msec_t next_ms = INT64_MAX;
    struct entry *entry, *following;

    for (entry = TAILQ_FIRST(&alerts->entries); entry != NULL; entry = following) {
        following = TAILQ_NEXT(entry, link);
        if (entry_due_ms(entry) <= now_ms)
            claims_judge(entry); /* may remove it */
    }
    TAILQ_FOREACH(entry, &alerts->entries, link)
    {
        next_ms = min_ms(next_ms, entry_due_ms(entry));
    }
    return next_ms;
}

static void step(uv_timer_t *timer)
{
    struct alerts *alerts = timer->data;
    msec_t now_ms = (msec_t)uv_now(alerts->loop);
    msec_t next_ms = step_entries(alerts, now_ms);

    for (uint32_t i = 0; i < alerts->sink_count; i++)
        next_ms = min_ms(next_ms, send_step(&alerts->sinks[i], now_ms));
    if (now_ms >= alerts->sweep_at_ms) {
        alerts->sweep_at_ms = now_ms + alerts->pace.sweep_ms;
        claims_sweep(alerts);
    }
    next_ms = min_ms(next_ms, alerts->sweep_at_ms);
    uv_timer_start(timer, step, next_ms > now_ms ? (uint64_t)(next_ms - now_ms) : 0, 0);
}

void alerts_wake(struct alerts *alerts)
{
    if (!alerts->closing)
        uv_timer_start(&alerts->timer, step, 0, 0);
}

/* ---- create ---- */

static int open_spool(struct alerts *alerts, char *error, size_t error_size)
{
    const char *folder = alerts->settings->spool_path;
    int rc = spool_open(folder, &alerts->spool, error, error_size);

    if (rc != 0)
        return rc;
    rc = spool_resume(alerts->spool, queue_resume, alerts);
    if (rc < 0)
        snprintf(error, error_size, "alert spool %s/alerts: %s", folder, strerror(-rc));
    if (rc > 0)
        snprintf(error, error_size,
                 "alert spool %s/alerts: %d unreadable alert(s) set aside as *.corrupt", folder,
                 rc);
    return rc < 0 ? rc : 0;
}

static void use_settings(struct alerts *alerts, const struct settings *settings)
{
    const char *name = settings->self != NONE ? settings->electors[settings->self].name : "unnamed";

    assert(strlen(name) <= NAME_MAX_LENGTH);
    memcpy(alerts->self, name, strlen(name) + 1);
    alerts->settings = settings;
    alerts->sink_count = settings->sink_count < SINKS_MAX ? settings->sink_count : SINKS_MAX;
    for (uint32_t i = 0; i < alerts->sink_count; i++)
        alerts->sinks[i] =
            (struct sink){.alerts = alerts, .settings = &settings->sinks[i], .index = i};
}

int alerts_check(const struct settings *settings, char *error, size_t error_size)
{
    if (settings->sink_count > SINKS_MAX) {
        snprintf(error, error_size, "alerts: %u sinks, at most %d are allowed",
                 settings->sink_count, SINKS_MAX);
        return -E2BIG;
    }
    for (uint32_t i = 0; i < settings->sink_count; i++) {
        if (sink_check(&settings->sinks[i], error, error_size) != 0)
            return -EINVAL;
    }
    return 0;
}

static void entries_free(struct alerts *alerts)
{
    while (!TAILQ_EMPTY(&alerts->entries))
        entry_free(TAILQ_FIRST(&alerts->entries));
}

static void alerts_free(struct alerts *alerts)
{
    entries_free(alerts);
    spool_close(alerts->spool);
    free(alerts->known);
    free(alerts);
}

static void nothing(void *context)
{
    (void)context;
}

static int start(struct alerts *alerts, char *error, size_t error_size)
{
    int rc = resolver_create(alerts->loop, NULL, &alerts->tools.resolver);

    alerts->tools.loop = alerts->loop;
    if (rc == 0) {
        rc = curl_loop_create(alerts->loop, &alerts->tools.curl_loop);
        if (rc != 0)
            resolver_close(alerts->tools.resolver, nothing, NULL);
    }
    if (rc != 0) {
        snprintf(error, error_size, "alerts: %s", strerror(-rc));
        return rc;
    }
    uv_timer_init(alerts->loop, &alerts->timer);
    alerts->timer.data = alerts;
    alerts->sweep_at_ms = (msec_t)uv_now(alerts->loop) + alerts->pace.sweep_ms;
    queue_settle_resumed(alerts);
    alerts_wake(alerts);
    return 0;
}

int alerts_create(uv_loop_t *loop, const struct settings *settings, struct store *store,
                  alerts_sink_event event, void *context, struct alerts **ret_alerts, char *error,
                  size_t error_size)
{
    struct alerts *alerts = NULL;
    int rc = alerts_check(settings, error, error_size);

    if (rc != 0)
        return rc;
    snprintf(error, error_size, "alerts: no memory");
    alerts = calloc(1, sizeof(*alerts));
    if (alerts == NULL)
        return -ENOMEM;
    *alerts = (struct alerts){.loop = loop,
                              .store = store,
                              .pace = usual_pace,
                              .event = event,
                              .context = context,
                              .known = calloc(KNOWN_MAX, sizeof(struct known))};
    TAILQ_INIT(&alerts->entries);
    LIST_INIT(&alerts->tests);
    use_settings(alerts, settings);
    rc = alerts->known != NULL ? 0 : -ENOMEM;
    if (rc == 0)
        error[0] = '\0';
    if (rc == 0 && store != NULL)
        rc = open_spool(alerts, error, error_size);
    if (rc == 0)
        rc = start(alerts, error, error_size);
    if (rc != 0) {
        alerts_free(alerts);
        return rc;
    }
    *ret_alerts = alerts;
    return 0;
}

void alerts_set_pace(struct alerts *alerts, const struct alert_pace *pace)
{
    alerts->pace = *pace;
    alerts->sweep_at_ms = (msec_t)uv_now(alerts->loop) + pace->sweep_ms;
    alerts_wake(alerts);
}

/* ---- reload ---- */

/* Carries a set of sinks over by name: one that was renamed counts as new. */
static uint64_t carry_over(uint64_t before, const struct settings *old, const struct settings *new)
{
    uint64_t after = 0;

    for (uint32_t i = 0; i < new->sink_count; i++) {
        for (uint32_t j = 0; j < old->sink_count; j++) {
            if (strcmp(new->sinks[i].name, old->sinks[j].name) == 0 && (before >> j & 1) != 0)
                after |= UINT64_C(1) << i;
        }
    }
    return after;
}

static void use_new_sinks(struct alerts *alerts, const struct settings *settings)
{
    const struct settings *old = alerts->settings;
    uint64_t failing = 0;
    struct entry *entry;

    for (uint32_t i = 0; i < alerts->sink_count; i++) {
        send_cancel(&alerts->sinks[i]);
        failing |= alerts->sinks[i].failing ? UINT64_C(1) << i : 0;
    }
    failing = carry_over(failing, old, settings);
    TAILQ_FOREACH(entry, &alerts->entries, link)
    {
        entry->delivered = carry_over(entry->delivered, old, settings);
        memset(entry->tries, 0, sizeof(entry->tries));
    }
    use_settings(alerts, settings);
    for (uint32_t i = 0; i < alerts->sink_count; i++)
        alerts->sinks[i].failing = (failing >> i & 1) != 0;
}

void alerts_reload(struct alerts *alerts, const struct settings *settings)
{
    struct entry *entry, *following;

    use_new_sinks(alerts, settings);
    for (entry = TAILQ_FIRST(&alerts->entries); entry != NULL; entry = following) {
        following = TAILQ_NEXT(entry, link);
        if (send_is_done(entry)) /* its last sink is gone */
            entry_remove(entry);
    }
    alerts_wake(alerts);
}

/* ---- stats ---- */

void alerts_stats(const struct alerts *alerts, struct alerts_stats *ret_stats)
{
    const struct entry *oldest = TAILQ_FIRST(&alerts->entries);
    struct alerts_stats stats = alerts->stats;
    msec_t age = oldest != NULL ? alerts_wall() - oldest->notice->at_wall : 0;

    stats.queued = alerts->count;
    stats.oldest_ms = age > 0 ? age : 0;
    *ret_stats = stats;
}

void alerts_sink_status(const struct alerts *alerts, uint32_t sink,
                        struct alerts_sink_status *ret_status)
{
    const struct sink *s = &alerts->sinks[sink];
    msec_t now_ms = (msec_t)uv_now(alerts->loop);

    assert(sink < alerts->sink_count);
    *ret_status =
        (struct alerts_sink_status){.accepted_ms = s->has_accepted ? now_ms - s->accepted_ms : -1,
                                    .failed_ms = s->refusal[0] != '\0' ? now_ms - s->failed_ms : -1,
                                    .failures = s->failures,
                                    .refusal = s->refusal};
}

/* ---- close ---- */

void alerts_release(struct alerts *alerts)
{
    void (*closed)(void *) = alerts->closed;
    void *context = alerts->closed_context;

    assert(alerts->open_count > 0);
    if (--alerts->open_count > 0)
        return;
    alerts_free(alerts);
    if (closed != NULL)
        closed(context);
}

static void on_closed(void *context)
{
    alerts_release(context);
}

static void on_timer_closed(uv_handle_t *timer)
{
    alerts_release(timer->data);
}

void alerts_close(struct alerts *alerts, void (*closed)(void *context), void *context)
{
    struct entry *entry;

    assert(!alerts->closing);
    alerts->closing = true;
    alerts->closed = closed;
    alerts->closed_context = context;
    for (uint32_t i = 0; i < alerts->sink_count; i++)
        send_cancel(&alerts->sinks[i]);
    test_cut_off(alerts);
    TAILQ_FOREACH(entry, &alerts->entries, link)
    {
        claims_forget(entry);
    }
    alerts->open_count = 3 + alerts->question_count + (alerts->tools.thread_count > 0 ? 1 : 0);
    alerts->tools.threads_ended = on_closed;
    alerts->tools.context = alerts;
    uv_close((uv_handle_t *)&alerts->timer, on_timer_closed);
    curl_loop_close(alerts->tools.curl_loop, on_closed, alerts);
    resolver_close(alerts->tools.resolver, on_closed, alerts);
}
