/* SPDX-License-Identifier: Apache-2.0 */
/* SIGHUP: other settings, or none at all. The new file is read and checked, a new engine is made
 * beside the old one and takes over its verdicts; only when nothing can fail any more are the parts
 * moved over, in one go. What must not change in a running daemon refuses the reload. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_state.h"
#include "heap.h"
#include "log.h"
#include "notify.h"

/* ---- may it? ---- */

static bool same_texts(const char *const *a, uint32_t a_count, const char *const *b,
                       uint32_t b_count)
{
    bool same = a_count == b_count;

    for (uint32_t i = 0; same && i < a_count; i++)
        same = strcmp(a[i], b[i]) == 0;
    return same;
}

static bool same_store(const struct store_settings *a, const struct store_settings *b)
{
    return a->kind == b->kind && strcmp(a->path, b->path) == 0 &&
           strcmp(a->prefix, b->prefix) == 0 && a->lease_ms == b->lease_ms &&
           strcmp(a->ca_file, b->ca_file) == 0 && strcmp(a->cert_file, b->cert_file) == 0 &&
           strcmp(a->key_file, b->key_file) == 0 && strcmp(a->user, b->user) == 0 &&
           strcmp(a->password, b->password) == 0 && a->timeout_ms == b->timeout_ms &&
           same_texts(a->endpoints, a->endpoint_count, b->endpoints, b->endpoint_count);
}

/* What holds a file, a lease or a socket since the start; NULL: nothing of it changed. */
static const char *needs_restart(const struct settings *a, const struct settings *b)
{
    if (strcmp(a->electors[a->self].name, b->electors[b->self].name) != 0)
        return "probe.name";
    if (!same_store(&a->store, &b->store))
        return "store";
    if (strcmp(a->spool_path, b->spool_path) != 0)
        return "alerting.spool";
    if (strcmp(a->history_path, b->history_path) != 0)
        return "history.path";
    if (strcmp(a->http_listen, b->http_listen) != 0)
        return "http.listen";
    if (strcmp(a->http_beacons, b->http_beacons) != 0)
        return "http.beacons";
    if (strcmp(a->control_socket, b->control_socket) != 0)
        return "http.socket";
    return NULL;
}

struct loading {
    const struct daemon_options *options;
    struct settings **ret_settings;
    struct settings_report *ret_report;
    int rc;
};

static void load_aside(void *context)
{
    struct loading *loading = context;

    loading->rc = settings_load(loading->options->file, loading->options->probe,
                                loading->ret_settings, loading->ret_report);
}

int daemon_load(const struct daemon_options *options, struct settings **ret_settings,
                struct settings_report *ret_report)
{
    struct loading loading = {options, ret_settings, ret_report, -1};

    heap_run_aside(load_aside, &loading);
    return loading.rc;
}

static void log_report(const struct settings_report *report, const char *file)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct settings_problem *problem = &report->problems[i];
        enum log_level level = problem->is_warning ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR;

        if (problem->line > 0)
            log_say(level, "%s:%u: %s: %s [%s]", file, problem->line, problem->path, problem->text,
                    problem->name);
        else
            log_say(level, "%s: %s: %s [%s]", file, problem->path, problem->text, problem->name);
    }
}

/* Settings that this daemon can go on with, or NULL, said in the log. */
static struct settings *load(const struct daemon *daemon)
{
    struct settings_report report = {0};
    struct settings *settings = NULL;
    const char *fixed;
    char error[256] = "";
    int rc = daemon_load(&daemon->options, &settings, &report);

    log_report(&report, daemon->options.file);
    settings_report_clear(&report);
    if (rc < 0)
        return NULL;
    fixed = settings->self != NONE ? needs_restart(daemon->settings, settings) : "probe.name";
    if (fixed != NULL)
        log_say(LOG_LEVEL_ERROR, "settings: %s changed: that needs a restart", fixed);
    else if (alerts_check(settings, error, sizeof(error)) < 0)
        log_say(LOG_LEVEL_ERROR, "settings: %s", error);
    else
        return settings;
    settings_destroy(settings);
    return NULL;
}

/* ---- the swap ---- */

/* What is made beside the old before anything is moved. */
struct fresh {
    struct settings *settings;
    struct engine *engine;
    struct prober *prober;
    msec_t *started_ms;
    struct retired *retired;
};

static void nothing(void *context)
{
    (void)context;
}

static void fresh_clear(struct fresh *fresh)
{
    free(fresh->retired);
    free(fresh->started_ms);
    if (fresh->prober != NULL)
        prober_close(fresh->prober, nothing, NULL);
    engine_destroy(fresh->engine);
    settings_destroy(fresh->settings);
}

static int fresh_make(struct daemon *daemon, struct settings *settings, struct fresh *fresh)
{
    size_t tokens = (size_t)settings->check_count + settings->reference_count + 1;
    int rc;

    *fresh = (struct fresh){.settings = settings};
    fresh->retired = calloc(1, sizeof(*fresh->retired));
    fresh->started_ms = calloc(tokens, sizeof(*fresh->started_ms));
    if (fresh->retired == NULL || fresh->started_ms == NULL)
        return -ENOMEM;
    rc = engine_create(settings, daemon->options.dry_run, daemon->engine, &fresh->engine);
    if (rc < 0)
        return rc;
    rc = prober_create(&daemon->uv, perform_result, daemon, &fresh->prober);
    if (rc < 0)
        return rc;
    prober_set_records(fresh->prober, settings->records, settings->record_count);
    return prober_set_aws(fresh->prober, settings);
}

static void on_prober_closed(void *context)
{
    struct retired *retired = context;

    retired->prober_closed = true; /* freed by the sweep */
}

void reload_sweep(struct daemon *daemon)
{
    struct retired *retired = LIST_FIRST(&daemon->retired);

    while (retired != NULL) {
        struct retired *next = LIST_NEXT(retired, link);

        if (daemon->stopped || (retired->prober_closed && zones_settled(daemon->zones))) {
            LIST_REMOVE(retired, link);
            settings_destroy(retired->settings);
            free(retired);
        }
        retired = next;
    }
}

/* Half reloaded is worse than restarted. */
static void must(int rc)
{
    if (rc < 0)
        abort();
}

static void swap(struct daemon *daemon, const struct fresh *fresh)
{
    struct engine *engine = daemon->engine;

    loop_set_engine(daemon->loop, NULL); /* what was told to the old one is told again */
    fresh->retired->settings = daemon->settings;
    LIST_INSERT_HEAD(&daemon->retired, fresh->retired, link);
    prober_close(daemon->prober, on_prober_closed, fresh->retired);
    free(daemon->started_ms);
    daemon->settings = fresh->settings;
    daemon->engine = fresh->engine;
    daemon->prober = fresh->prober;
    daemon->started_ms = fresh->started_ms;
    route53_reload(daemon->route53, daemon->settings);
    must(zones_reload(daemon->zones, daemon->settings));
    must(readiness_reload(daemon->readiness, daemon->settings));
    must(health_watch_reload(daemon->health, daemon->settings));
    must(board_reload(daemon->board, daemon->settings));
    alerts_reload(daemon->alerts, daemon->settings);
    history_reload(daemon->history, daemon->settings);
    must(pushes_reload(daemon->pushes, daemon->settings));
    must(rollups_reload(daemon->rollups, daemon->history, daemon->settings));
    must(control_reload(daemon->control, daemon->settings));
    recorder_begin(daemon->recorder, daemon->settings, daemon->engine, daemon->options.dry_run,
                   loop_wall_ms());
    settings_forget_written(daemon->settings);
    engine_destroy(engine);
    loop_set_engine(daemon->loop, daemon->engine);
    reload_tell_local(daemon);
}

static void tell_journal(struct daemon *daemon)
{
    for (uint32_t i = 0; i < daemon->settings->group_count; i++) {
        struct event event = {.kind = EVENT_JOURNAL, .journal = {.group = i}};

        event.journal.epoch = journal_epoch(daemon->journal, daemon->settings->groups[i].name);
        loop_post(daemon->loop, &event, NULL, NULL);
    }
}

/* B1: the words that are being said. A group whose beacons were turned off says none, and does not
 * begin again with an old one when they are turned on. */
static void tell_latches(struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct group *group = &settings->groups[g];

        for (uint32_t r = 0; r < settings->region_count; r++) {
            struct event event = {.kind = EVENT_LATCH, .latch = {.group = g, .region = r}};

            if (!latches_get(daemon->latches, group->name, settings->regions[r],
                             &event.latch.epoch))
                continue;
            if (group->beacons)
                loop_post(daemon->loop, &event, NULL, NULL);
            else
                must(latches_change(daemon->latches, group->name, settings->regions[r], 0, false));
        }
    }
}

/* D7: what the store did not have when the process before, or these settings, began. */
static void tell_local_orders(struct daemon *daemon)
{
    struct order *orders = calloc(ORDERS_MAX, sizeof(*orders));
    uint32_t count;

    must(orders != NULL ? 0 : -ENOMEM);
    count = local_orders_get(daemon->locals, daemon->settings, orders, ORDERS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct order *order = malloc(sizeof(*order));
        struct event event = {.kind = EVENT_ORDER, .order = {.present = true, .order = order}};

        must(order != NULL ? 0 : -ENOMEM);
        *order = orders[i];
        log_say(LOG_LEVEL_WARN, "order %s: the drain of %s by %s is not in the store yet",
                order->id, daemon->settings->regions[order->region], order->by);
        loop_post(daemon->loop, &event, free, order);
    }
    free(orders);
}

void reload_tell_local(struct daemon *daemon)
{
    tell_journal(daemon);
    tell_latches(daemon);
    tell_local_orders(daemon);
}

void reload_settings(struct daemon *daemon)
{
    struct settings *settings = load(daemon);
    struct fresh fresh;
    int rc;

    if (settings == NULL) {
        daemon->stats.reloads_refused++;
        log_say(LOG_LEVEL_ERROR, "settings: nothing is changed, the old ones stay");
        return;
    }
    rc = fresh_make(daemon, settings, &fresh);
    if (rc < 0) {
        daemon->stats.reloads_refused++;
        log_say(LOG_LEVEL_ERROR, "settings: nothing is changed: %s", strerror(-rc));
        fresh_clear(&fresh);
        return;
    }
    swap(daemon, &fresh);
    daemon->stats.reloads++;
    log_say(LOG_LEVEL_INFO, "settings: reloaded from %s, fingerprint %s", daemon->options.file,
            daemon->settings->fingerprint);
}
