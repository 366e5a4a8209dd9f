/* SPDX-License-Identifier: Apache-2.0 */
/* Starts the parts, keeps them, stops them. A stop begins nothing new, lets a change in flight end
 * within a bound, gives the lease back and closes; the loop ends when nothing is left in it, and
 * only then is memory freed, so no part outlives what it points to. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon_state.h"
#include "durable.h"
#include "heap.h"
#include "log.h"
#include "notify.h"

enum {
    STOP_PATIENCE_MS = 10 * 1000, /* a request to Route 53 takes seconds; systemd waits 90 */
    TIDY_MS = 60 * 1000           /* a peak is over by then */
};

/* ---- stopping ---- */

static void nothing(void *context)
{
    (void)context;
}

/* The resolver goes when the last of those who ask it has gone. */
static void leave_resolver(void *context)
{
    struct daemon *daemon = context;

    if (--daemon->resolver_users == 0)
        resolver_close(daemon->resolver, nothing, NULL);
}

/* What is being closed still writes to disks; libuv gives a signal its default back, which would
 * end us half-way. */
static void ignore(uv_signal_t *handle, int number)
{
    uv_close((uv_handle_t *)handle, NULL);
    (void)signal(number, SIG_IGN);
}

/* Closes all there is; parts that were never made are passed over. */
static void close_parts(struct daemon *daemon)
{
    daemon->stopped = true;
    pushes_close(daemon->pushes);
    daemon->pushes = NULL;
    if (daemon->board != NULL)
        board_close(daemon->board, nothing, NULL);
    if (daemon->alerts != NULL)
        alerts_close(daemon->alerts, nothing, NULL);
    daemon->resolver_users = daemon->zones != NULL ? 2 : 1;
    readiness_close(daemon->readiness, leave_resolver, daemon);
    health_watch_close(daemon->health);
    daemon->health = NULL;
    if (daemon->zones != NULL)
        zones_close(daemon->zones, leave_resolver, daemon);
    store_close(daemon->store, nothing, NULL); /* gives the lease back */
    route53_close(daemon->route53, nothing, NULL);
    recorder_end(daemon->recorder, RECORDING_STOPPED);
    if (daemon->rollups != NULL)
        rollups_flush(daemon->rollups, daemon->history);
    history_close(daemon->history, nothing, NULL);
    loop_close(daemon->loop, nothing, NULL);
    ignore(&daemon->on_hangup, SIGHUP);
    ignore(&daemon->on_terminate, SIGTERM);
    ignore(&daemon->on_interrupt, SIGINT);
    uv_close((uv_handle_t *)&daemon->watchdog, NULL);
    uv_close((uv_handle_t *)&daemon->tidy, NULL);
    uv_close((uv_handle_t *)&daemon->patience, NULL);
}

static void on_patience(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;

    if (daemon->stopped)
        return;
    if (zones_unanswered(daemon->zones) > 0)
        log_say(LOG_LEVEL_WARN,
                "stopping with a change unanswered: the zone will be read after the next start");
    close_parts(daemon);
}

/* Not closed here: we may be inside a turn. */
void daemon_stop_when_idle(struct daemon *daemon)
{
    if (!daemon->stopped && zones_unanswered(daemon->zones) == 0)
        uv_timer_start(&daemon->patience, on_patience, 0, 0);
}

static void stop(struct daemon *daemon, const char *why)
{
    if (daemon->stopping)
        return;
    log_say(LOG_LEVEL_INFO, "stopping: %s", why);
    (void)notify_send("STOPPING=1\nSTATUS=stopping");
    daemon->stopping = true;
    control_close(daemon->control, nothing, NULL);
    daemon->control = NULL;
    prober_close(daemon->prober, nothing, NULL);
    daemon->prober = NULL;
    uv_timer_start(&daemon->patience, on_patience, STOP_PATIENCE_MS, 0);
    daemon_stop_when_idle(daemon);
}

/* ---- signals, watchdog ---- */

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *daemon = handle->data;

    if (number != SIGHUP) {
        stop(daemon, number == SIGTERM ? "SIGTERM" : "SIGINT");
        return;
    }
    if (daemon->stopping)
        return;
    log_say(LOG_LEVEL_INFO, "settings: SIGHUP: reading %s", daemon->options.file);
    (void)notify_reloading((usec_t)(uv_hrtime() / 1000));
    reload_settings(daemon);
    (void)notify_send("READY=1");
}

/* Only while the loop turns: a daemon that no longer steps its engine is to be restarted. */
static void on_watchdog(uv_timer_t *timer)
{
    struct daemon *daemon = timer->data;
    uint64_t turns = loop_turns(daemon->loop);

    if (turns != daemon->watched_turns || daemon->stopping)
        (void)notify_send("WATCHDOG=1");
    daemon->watched_turns = turns;
}

static void on_tidy(uv_timer_t *timer)
{
    (void)timer;
    heap_give_back();
}

static void watch(struct daemon *daemon, uv_signal_t *handle, int number)
{
    uv_signal_init(&daemon->uv, handle);
    handle->data = daemon;
    uv_signal_start(handle, on_signal, number);
}

static void start_handles(struct daemon *daemon)
{
    uint64_t period_ms = (uint64_t)notify_watchdog_ms();

    watch(daemon, &daemon->on_hangup, SIGHUP);
    watch(daemon, &daemon->on_terminate, SIGTERM);
    watch(daemon, &daemon->on_interrupt, SIGINT);
    uv_timer_init(&daemon->uv, &daemon->watchdog);
    uv_timer_init(&daemon->uv, &daemon->tidy);
    uv_timer_init(&daemon->uv, &daemon->patience);
    daemon->watchdog.data = daemon;
    daemon->patience.data = daemon;
    if (period_ms > 0)
        uv_timer_start(&daemon->watchdog, on_watchdog, period_ms, period_ms);
    uv_timer_start(&daemon->tidy, on_tidy, TIDY_MS, TIDY_MS);
}

/* ---- starting ---- */

/* One sentence for whatever part could not be made. */
static int failed(const char *part, int rc, const char *error)
{
    log_say(LOG_LEVEL_ERROR, "cannot start: %s: %s", part,
            error != NULL && error[0] != '\0' ? error : strerror(-rc));
    return -1;
}

/* The parts that hold something on this machine: the spool's lock keeps a second daemon out. */
static int start_local(struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;
    const char *folder = settings->spool_path;
    char error[512] = "";
    int rc;

    rc = store_open(&daemon->uv, &settings->store, settings->electors[settings->self].name,
                    &daemon->store);
    if (rc < 0)
        return failed("store", rc, NULL);
    rc = alerts_create(&daemon->uv, settings, daemon->store, perform_sink, daemon, &daemon->alerts,
                       error, sizeof(error));
    if (rc < 0)
        return failed("alerts", rc, error);
    if (error[0] != '\0')
        log_say(LOG_LEVEL_WARN, "alerts: %s", error);
    rc = durable_folder(folder);
    if (rc < 0)
        return failed(folder, rc, NULL);
    rc = journal_open(folder, &daemon->journal, error, sizeof(error));
    if (rc < 0)
        return failed("journal", rc, error);
    rc = latches_open(folder, &daemon->latches, error, sizeof(error));
    if (rc < 0)
        return failed("latches", rc, error);
    rc = local_orders_open(folder, &daemon->locals, error, sizeof(error));
    if (rc < 0)
        return failed("local orders", rc, error);
    rc = pushes_open(&daemon->uv, folder, settings, perform_push, daemon, &daemon->pushes, error,
                     sizeof(error));
    return rc < 0 ? failed("pushes", rc, error) : 0;
}

static int start_aws(struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;
    struct teller teller = {perform_tell, perform_now, daemon};
    struct readiness_tools looking = {.uv = &daemon->uv, .now = perform_now, .context = daemon};
    int rc;

    rc = resolver_create(&daemon->uv, NULL, &daemon->resolver);
    if (rc < 0)
        return failed("resolver", rc, NULL);
    rc = route53_create(&daemon->uv, settings, daemon->options.dry_run, &daemon->route53);
    if (rc < 0)
        return failed("Route 53", rc, NULL);
    rc = zones_create(&daemon->uv, settings, daemon->route53, daemon->resolver, &teller,
                      &daemon->zones);
    if (rc < 0)
        return failed("zones", rc, NULL);
    looking.route53 = daemon->route53;
    looking.resolver = daemon->resolver;
    looking.zones = daemon->zones;
    rc = readiness_create(&looking, settings, &daemon->readiness);
    if (rc < 0)
        return failed("readiness", rc, NULL);
    rc = health_watch_create(&daemon->uv, settings, &daemon->health);
    return rc < 0 ? failed("health checks", rc, NULL) : 0;
}

static int start_network(struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;
    struct teller teller = {perform_tell, perform_now, daemon};
    int rc;

    rc = history_create(&daemon->uv, settings, &daemon->history);
    if (rc < 0)
        return failed("history", rc, NULL);
    rc = rollups_create(settings, &daemon->rollups);
    if (rc < 0)
        return failed("rollups", rc, NULL);
    rc = recorder_create(daemon->history, &daemon->recorder);
    if (rc < 0)
        return failed("recorder", rc, NULL);
    rc = prober_create(&daemon->uv, perform_result, daemon, &daemon->prober);
    if (rc < 0)
        return failed("checks", rc, NULL);
    prober_set_records(daemon->prober, settings->records, settings->record_count);
    rc = prober_set_aws(daemon->prober, settings);
    if (rc < 0)
        return failed("checks that ask AWS", rc, NULL);
    if (start_aws(daemon) < 0)
        return -1;
    rc = board_create(&daemon->uv, settings, daemon->store, &teller, &daemon->board);
    return rc < 0 ? failed("board", rc, NULL) : 0;
}

static int start_engine(struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;
    size_t tokens = (size_t)settings->check_count + settings->reference_count + 1;
    int rc;

    daemon->started_ms = calloc(tokens, sizeof(*daemon->started_ms));
    rc = daemon->started_ms == NULL
             ? -ENOMEM
             : engine_create(settings, daemon->options.dry_run, NULL, &daemon->engine);
    if (rc < 0)
        return failed("engine", rc, NULL);
    recorder_begin(daemon->recorder, settings, daemon->engine, daemon->options.dry_run,
                   loop_wall_ms());
    settings_forget_written(daemon->settings);
    heap_give_back();
    loop_set_engine(daemon->loop, daemon->engine);
    reload_tell_local(daemon);
    return 0;
}

static int start(struct daemon *daemon)
{
    int rc = loop_create(&daemon->uv, perform_update, daemon, &daemon->loop);
    char error[512] = "";

    if (rc < 0)
        return failed("loop", rc, NULL);
    if (start_local(daemon) < 0 || start_network(daemon) < 0 || start_engine(daemon) < 0)
        return -1;
    daemon->stats.started_ms = loop_now_ms();
    rc = serve_start(daemon, error, sizeof(error));
    return rc < 0 ? failed("control", rc, error) : 0;
}

static void say_ready(const struct daemon *daemon)
{
    const struct settings *settings = daemon->settings;
    char text[256];

    snprintf(text, sizeof(text), "READY=1\nSTATUS=probe %s watches %u sites in %u groups%s",
             settings->electors[settings->self].name, settings->site_count, settings->group_count,
             daemon->options.dry_run ? " (dry run)" : "");
    log_say(LOG_LEVEL_INFO, "probe %s of %u: %u sites, %u checks, %u groups; settings %s%s",
            settings->electors[settings->self].name, settings->elector_count, settings->site_count,
            settings->check_count, settings->group_count, settings->fingerprint,
            daemon->options.dry_run ? "; dry run: nothing is committed, nothing is changed" : "");
    (void)notify_send(text);
}

static void destroy(struct daemon *daemon)
{
    reload_sweep(daemon);
    board_destroy(daemon->board);
    readiness_destroy(daemon->readiness);
    zones_destroy(daemon->zones);
    recorder_destroy(daemon->recorder);
    rollups_destroy(daemon->rollups);
    engine_destroy(daemon->engine);
    journal_close(daemon->journal);
    latches_close(daemon->latches);
    local_orders_close(daemon->locals);
    free(daemon->started_ms);
    settings_destroy(daemon->settings);
    free(daemon);
}

int daemon_run(const struct daemon_options *options, struct settings *settings)
{
    struct daemon *daemon = calloc(1, sizeof(*daemon));
    int code = DAEMON_STOPPED;

    if (daemon == NULL || uv_loop_init(&daemon->uv) < 0) {
        log_say(LOG_LEVEL_ERROR, "cannot start: out of memory");
        free(daemon);
        settings_destroy(settings);
        return DAEMON_FAILED;
    }
    daemon->options = *options;
    daemon->settings = settings;
    LIST_INIT(&daemon->retired);
    start_handles(daemon);
    if (start(daemon) == 0) {
        say_ready(daemon);
    } else {
        code = DAEMON_FAILED;
        prober_close(daemon->prober, nothing, NULL);
        close_parts(daemon);
    }
    uv_run(&daemon->uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&daemon->uv) < 0)
        abort(); /* a handle is open that nobody owns: a bug to be seen, not hidden */
    if (code == DAEMON_STOPPED)
        log_say(LOG_LEVEL_INFO, "stopped");
    destroy(daemon);
    return code;
}
