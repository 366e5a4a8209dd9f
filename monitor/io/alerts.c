/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of alerts. Raising puts one on disk and into the queue; a step, run whenever something
 * happened, judges claims (alert_claims.c) and starts sends (alert_send.c) for whatever is due; an
 * alert leaves when every sink that wants it has it, or when another probe has said it.
 *
 *     raise -> spool -> queue -> step: judge claim -> send at each sink -> remove
 *                                  ^--------- timer, answers of store and sinks
 */
#include "alerts.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alert_queue.h"

/* What the spool may hold. Info goes first when it is full; pages may use as much again. */
enum { RECORDS_MAX = 10000 };
static const size_t bytes_max = (size_t)16 * 1024 * 1024;

static const struct alert_pace usual_pace = {
    .retry_first_ms = 1000,
    .retry_last_ms = 60 * 1000,
    .fresh_ms = 1000,
    .look_ms = 5 * 1000,
    .answer_ms = 10 * 1000,
    .hold_ms = CLAIM_HOLD_MS,
    .stale_ms = CLAIM_STALE_MS,
    .sweep_ms = 3600 * 1000,
};

/* One sink's part of a test alert. */
struct test_job {
    LIST_ENTRY(test_job) link;
    struct alerts *alerts;
    struct sink_job *job;
    char name[SINK_TEXT_MAX + 1];
    alerts_test_done done;
    void *context;
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
    next_ms = min_ms(next_ms, entry_due_ms(entry));
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

/* ---- entries ---- */

void entry_note(struct entry *entry, const char *line)
{
    if (entry->id != 0)
        spool_note(entry->alerts->spool, entry->id, line); /* lost: a duplicate after a restart */
}

static void entry_free(struct entry *entry)
{
    struct alerts *alerts = entry->alerts;

    claims_forget(entry);
    TAILQ_REMOVE(&alerts->entries, entry, link);
    alerts->count--;
    alerts->bytes -= entry->size;
    notice_destroy(entry->notice);
    free(entry);
}

void entry_remove(struct entry *entry)
{
    struct alerts *alerts = entry->alerts;
    struct entry *other;

    assert(entry->in_flight == 0);
    TAILQ_FOREACH(other, &alerts->entries, link)
    {
        if (other->behind == entry)
            other->behind = entry->behind;
    }
    if (entry->id != 0)
        spool_remove(alerts->spool, entry->id);
    entry_free(entry);
}

/* The youngest alert of an incident in the queue. */
static struct entry *find_last(struct alerts *alerts, const char *incident)
{
    struct entry *entry;

    TAILQ_FOREACH_REVERSE(entry, &alerts->entries, entries, link)
    {
        if (strcmp(entry->notice->incident, incident) == 0)
            return entry;
    }
    return NULL;
}

/* Takes the notice over. */
static int entry_create(struct alerts *alerts, struct notice *notice, size_t size,
                        struct entry **ret_entry)
{
    struct entry *entry = calloc(1, sizeof(*entry));

    if (entry == NULL)
        return -ENOMEM;
    entry->alerts = alerts;
    entry->notice = notice;
    entry->size = size;
    entry->behind = find_last(alerts, notice->incident);
    entry->state = ENTRY_QUEUED;
    TAILQ_INSERT_TAIL(&alerts->entries, entry, link);
    alerts->count++;
    alerts->bytes += size;
    *ret_entry = entry;
    return 0;
}

/* ---- raising ---- */

static bool is_wanted(const struct alerts *alerts, const struct notice *notice)
{
    for (uint32_t i = 0; i < alerts->sink_count; i++) {
        if (sink_wants(&alerts->sinks[i], notice))
            return true;
    }
    return false;
}

/* Said twice while the first is still here. The store would find it too, later. */
static bool is_duplicate(struct alerts *alerts, const struct notice *notice)
{
    const struct entry *last = find_last(alerts, notice->incident);
    msec_t remind_ms = alerts->settings->remind_ms;

    if (last == NULL || last->notice->phase != notice->phase)
        return false;
    if (notice->phase == ALERT_RESOLVED || last->delivered == 0)
        return true;
    return remind_ms == 0 || notice->at_wall - last->notice->at_wall < remind_ms;
}

static bool is_full(const struct alerts *alerts, size_t size, unsigned times)
{
    return alerts->count >= times * RECORDS_MAX || alerts->bytes + size > times * bytes_max;
}

/* Drops the oldest info. Returns false when there is none. */
static bool drop_oldest_info(struct alerts *alerts)
{
    struct entry *entry;

    TAILQ_FOREACH(entry, &alerts->entries, link)
    {
        if (entry->notice->severity != SEVERITY_INFO || entry->in_flight != 0)
            continue;
        alerts->stats.dropped_full++;
        entry_remove(entry);
        return true;
    }
    return false;
}

static int make_room(struct alerts *alerts, const struct notice *notice, size_t size)
{
    while (is_full(alerts, size, 1)) {
        if (drop_oldest_info(alerts))
            continue;
        if (notice->severity == SEVERITY_PAGE && !is_full(alerts, size, 2))
            return 0;
        alerts->stats.dropped_full++;
        return -ENOBUFS;
    }
    return 0;
}

/* Puts a notice, taken over on success, on disk and into the queue. ret_disk: how the disk took
 * it; in the queue it is all the same. */
static int enqueue(struct alerts *alerts, struct notice *notice, int *ret_disk)
{
    char *record = notice_encode(notice);
    size_t size = record != NULL ? strlen(record) : 0;
    struct entry *entry = NULL;
    int rc = record != NULL ? make_room(alerts, notice, size) : -ENOMEM;

    if (rc == 0)
        rc = entry_create(alerts, notice, size, &entry);
    if (rc == 0 && alerts->spool != NULL) {
        *ret_disk = spool_add(alerts->spool, record, size, &entry->id);
        alerts->stats.spooled += *ret_disk == 0 ? 1 : 0;
    }
    free(record);
    return rc;
}

int alerts_raise(struct alerts *alerts, const struct alert *alert)
{
    struct notice *notice = NULL;
    int disk = 0;
    int rc = alerts->closing ? -ESHUTDOWN : notice_create(alert, &notice);

    if (rc != 0)
        return rc;
    if (!is_wanted(alerts, notice)) {
        notice_destroy(notice);
        return 0;
    }
    if (is_duplicate(alerts, notice)) {
        alerts->stats.duplicates_dropped++;
        notice_destroy(notice);
        return 0;
    }
    rc = enqueue(alerts, notice, &disk);
    if (rc != 0) {
        notice_destroy(notice);
        return rc;
    }
    send_hurry(alerts);
    alerts_wake(alerts);
    return disk;
}

/* ---- resuming ---- */

static void resume_line(struct entry *entry, const char *line)
{
    struct alerts *alerts = entry->alerts;
    struct notice_stamp stamp;

    if (sscanf(line, "stamp %" SCNu64 " %" SCNd64, &stamp.count, &stamp.at_wall) == 2)
        entry->stamp = stamp;
    if (strncmp(line, "sent ", 5) != 0)
        return;
    entry->state = ENTRY_SENDING; /* said already: the rest is said too, whoever holds the claim */
    for (uint32_t i = 0; i < alerts->sink_count; i++) {
        if (strcmp(line + 5, alerts->sinks[i].settings->name) == 0)
            entry->delivered |= UINT64_C(1) << i;
    }
}

static void resume_lines(struct entry *entry, const char *lines)
{
    char line[SPOOL_LINE_MAX + 1];

    while (*lines != '\0') {
        size_t length = strcspn(lines, "\n");

        if (length < sizeof(line)) {
            memcpy(line, lines, length);
            line[length] = '\0';
            resume_line(entry, line);
        }
        lines += length + (lines[length] == '\n' ? 1 : 0);
    }
}

static int resume(void *context, uint64_t id, const char *record, size_t length, const char *lines)
{
    struct alerts *alerts = context;
    struct notice *notice = NULL;
    struct entry *entry = NULL;
    char error[200];

    if (notice_decode(record, length, &notice, error, sizeof(error)) != 0)
        return -EINVAL;
    if (entry_create(alerts, notice, length, &entry) != 0) {
        notice_destroy(notice);
        return -ENOMEM;
    }
    entry->id = id;
    resume_lines(entry, lines);
    return 0;
}

/* What had been said before the end, but perhaps not marked or removed. */
static void settle_resumed(struct alerts *alerts)
{
    struct entry *entry, *following;

    for (entry = TAILQ_FIRST(&alerts->entries); entry != NULL; entry = following) {
        following = TAILQ_NEXT(entry, link);
        if (entry->state == ENTRY_SENDING) {
            entry->claim.at_wall = entry->stamp.at_wall;
            claims_mark_sent(entry);
        }
        if (send_is_done(entry)) /* or no sink wants it any more */
            entry_remove(entry);
    }
}

static int open_spool(struct alerts *alerts, char *error, size_t error_size)
{
    const char *folder = alerts->settings->spool_path;
    int rc = spool_open(folder, &alerts->spool, error, error_size);

    if (rc != 0)
        return rc;
    rc = spool_resume(alerts->spool, resume, alerts);
    if (rc < 0)
        snprintf(error, error_size, "alert spool %s/alerts: %s", folder, strerror(-rc));
    if (rc > 0)
        snprintf(error, error_size,
                 "alert spool %s/alerts: %d unreadable alert(s) set aside as *.corrupt", folder,
                 rc);
    return rc < 0 ? rc : 0;
}

/* ---- create ---- */

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
    settle_resumed(alerts);
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

/* ---- test alerts ---- */

static void test_end(struct test_job *test, bool accepted, const char *text)
{
    alerts_test_done done = test->done;
    void *context = test->context;
    char name[sizeof(test->name)];

    memcpy(name, test->name, sizeof(name));
    LIST_REMOVE(test, link);
    free(test);
    done(context, name, accepted, text);
}

static void on_tested(void *context, const struct sink_outcome *outcome)
{
    test_end(context, outcome->accepted, outcome->text);
}

static void test_sink(struct alerts *alerts, const struct sink_settings *settings,
                      const struct notice *notice, alerts_test_done done, void *context)
{
    struct sink_message message = {
        .notice = notice, .stamp = {.at_wall = notice->at_wall}, .date_wall = alerts_wall()};
    struct test_job *test = calloc(1, sizeof(*test));

    if (test == NULL) {
        done(context, settings->name, false, "no memory");
        return;
    }
    test->alerts = alerts;
    test->done = done;
    test->context = context;
    snprintf(test->name, sizeof(test->name), "%s", settings->name);
    LIST_INSERT_HEAD(&alerts->tests, test, link);
    test->job = sink_start(&alerts->tools, settings, &message, on_tested, test);
    if (test->job == NULL)
        test_end(test, false, "no memory");
}

void alerts_test(struct alerts *alerts, const struct alert *alert, alerts_test_done done,
                 void *context)
{
    const struct settings *settings = alerts->settings;
    struct notice *notice = NULL;
    int rc = alerts->closing ? -ESHUTDOWN : notice_create(alert, &notice);

    for (uint32_t i = 0; i < settings->sink_count; i++) {
        if (rc == 0)
            test_sink(alerts, &settings->sinks[i], notice, done, context);
        else
            done(context, settings->sinks[i].name, false, strerror(-rc));
    }
    notice_destroy(notice);
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
    while (!LIST_EMPTY(&alerts->tests)) {
        struct test_job *test = LIST_FIRST(&alerts->tests);

        sink_cancel(test->job);
        test_end(test, false, "stopped before the answer");
    }
    TAILQ_FOREACH(entry, &alerts->entries, link)
    claims_forget(entry);
    alerts->open_count = 3 + alerts->question_count + (alerts->tools.thread_count > 0 ? 1 : 0);
    alerts->tools.threads_ended = on_closed;
    alerts->tools.context = alerts;
    uv_close((uv_handle_t *)&alerts->timer, on_timer_closed);
    curl_loop_close(alerts->tools.curl_loop, on_closed, alerts);
    resolver_close(alerts->tools.resolver, on_closed, alerts);
}
