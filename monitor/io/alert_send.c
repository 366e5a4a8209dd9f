/* SPDX-License-Identifier: Apache-2.0 */
/* Saying it: each sink by itself, one attempt at a time, so that a slow or dead one delays no
 * other. After a failure a sink waits (1, 2, 4 ... 60 s and a random part, so that probes do not
 * knock together); of what it has to send, it tries what failed least often, the worst first, the
 * oldest first: one mail that a relay will never take does not stand in the way of the next. */
#include "alert_queue.h"

#include <stdio.h>
#include <sys/random.h>

enum { FAILURES_TO_TELL = 3 };

static uint64_t bit(const struct sink *sink)
{
    return UINT64_C(1) << sink->index;
}

bool sink_wants(const struct sink *sink, const struct notice *notice)
{
    return notice->severity >= sink->settings->min_severity;
}

bool send_is_done(const struct entry *entry)
{
    const struct alerts *alerts = entry->alerts;

    for (uint32_t i = 0; i < alerts->sink_count; i++) {
        const struct sink *sink = &alerts->sinks[i];

        if (sink_wants(sink, entry->notice) && (entry->delivered & bit(sink)) == 0)
            return false;
    }
    return true;
}

/* ---- what to send ---- */

/* Open before resolved, at each sink for itself. */
static bool is_blocked(const struct sink *sink, const struct entry *entry)
{
    const struct entry *older = entry->behind;

    return older != NULL && sink_wants(sink, older->notice) && (older->delivered & bit(sink)) == 0;
}

static bool is_eligible(const struct sink *sink, const struct entry *entry)
{
    return entry->state == ENTRY_SENDING && sink_wants(sink, entry->notice) &&
           ((entry->delivered | entry->in_flight) & bit(sink)) == 0 && !is_blocked(sink, entry);
}

static bool goes_before(const struct sink *sink, const struct entry *a, const struct entry *b)
{
    if (a->tries[sink->index] != b->tries[sink->index])
        return a->tries[sink->index] < b->tries[sink->index];
    return a->notice->severity > b->notice->severity;
}

static struct entry *pick(const struct sink *sink)
{
    struct entry *best = NULL;
    struct entry *entry;

    TAILQ_FOREACH(entry, &sink->alerts->entries, link)
    {
        if (is_eligible(sink, entry) && (best == NULL || goes_before(sink, entry, best)))
            best = entry;
    }
    return best;
}

/* Before it is tried: is it still ours to say? While the sink waited, another may have taken the
 * claim over. Once a sink has it, nobody else says it. */
static bool needs_judging(const struct entry *entry, msec_t now_ms)
{
    if (entry->alerts->store == NULL || entry->delivered != 0)
        return false;
    return entry->judged_ms == 0 || now_ms - entry->judged_ms >= entry->alerts->pace.trust_ms;
}

/* ---- how it went ---- */

static msec_t back_off(const struct sink *sink)
{
    const struct alert_pace *pace = &sink->alerts->pace;
    msec_t wait = pace->retry_first_ms;
    uint32_t random = 0;

    for (uint32_t i = 1; i < sink->failures && wait < pace->retry_last_ms; i++)
        wait *= 2;
    if (wait > pace->retry_last_ms)
        wait = pace->retry_last_ms;
    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = 0;
    return wait + (msec_t)(random % (uint32_t)(wait / 4 + 1));
}

static void tell_failing(struct sink *sink, bool failing, const char *text)
{
    if (sink->failing == failing)
        return;
    sink->failing = failing;
    if (sink->alerts->event != NULL)
        sink->alerts->event(sink->alerts->context, sink->index, failing, text);
}

static void on_accepted(struct sink *sink, struct entry *entry, const struct sink_outcome *outcome)
{
    char line[SPOOL_LINE_MAX + 1];

    sink->failures = 0;
    sink->has_accepted = true;
    sink->accepted_ms = (msec_t)uv_now(sink->alerts->loop);
    sink->alerts->stats.sent++;
    entry->delivered |= bit(sink);
    entry->state = ENTRY_SENDING; /* whatever was being asked: it is said now */
    snprintf(line, sizeof(line), "sent %s", sink->settings->name);
    entry_note(entry, line); /* before the claim: a restart must not find a sent claim only */
    if (!entry->is_marked)
        claims_mark_sent(entry);
    if (send_is_done(entry) && entry->in_flight == 0)
        entry_remove(entry);
    tell_failing(sink, outcome->partly, outcome->text);
}

static void on_failed(struct sink *sink, struct entry *entry, const char *text)
{
    msec_t now = (msec_t)uv_now(sink->alerts->loop);

    entry->tries[sink->index]++;
    entry->judged_ms = 0;
    if (sink->failures < UINT32_MAX)
        sink->failures++;
    sink->alerts->stats.failed_attempts++;
    sink->failed_ms = now;
    snprintf(sink->refusal, sizeof(sink->refusal), "%s", text);
    sink->next_ms = now + back_off(sink);
    if (sink->failures >= FAILURES_TO_TELL)
        tell_failing(sink, true, text);
}

static void on_done(void *context, const struct sink_outcome *outcome)
{
    struct sink *sink = context;
    struct entry *entry = sink->entry;

    sink->job = NULL;
    sink->entry = NULL;
    entry->in_flight &= ~bit(sink);
    alerts_wake(sink->alerts);
    if (outcome->accepted)
        on_accepted(sink, entry, outcome);
    else
        on_failed(sink, entry, outcome->text);
}

/* ---- one step of one sink ---- */

static void attempt(struct sink *sink, struct entry *entry)
{
    struct sink_message message = {
        .notice = entry->notice, .stamp = entry->stamp, .date_wall = alerts_wall()};

    sink->job = sink_start(&sink->alerts->tools, sink->settings, &message, on_done, sink);
    if (sink->job == NULL) {
        on_failed(sink, entry, "no memory");
        return;
    }
    sink->entry = entry;
    entry->in_flight |= bit(sink);
}

msec_t send_step(struct sink *sink, msec_t now_ms)
{
    struct entry *entry;

    while (sink->job == NULL && (entry = pick(sink)) != NULL) {
        if (sink->next_ms > now_ms)
            return sink->next_ms;
        if (needs_judging(entry, now_ms))
            claims_judge(entry); /* it leaves SENDING until the store has answered */
        else
            attempt(sink, entry);
    }
    return INT64_MAX;
}

void send_hurry(struct alerts *alerts)
{
    msec_t soon = (msec_t)uv_now(alerts->loop) + alerts->pace.fresh_ms;

    for (uint32_t i = 0; i < alerts->sink_count; i++) {
        if (alerts->sinks[i].next_ms > soon)
            alerts->sinks[i].next_ms = soon;
    }
}

void send_cancel(struct sink *sink)
{
    if (sink->job == NULL)
        return;
    sink_cancel(sink->job);
    sink->entry->in_flight &= ~bit(sink);
    sink->job = NULL;
    sink->entry = NULL;
}
