/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics: Prometheus' text form, version 0.0.4. A family is its help and type, then a sample
 * for each thing it counts; names carry their unit. docs/METRICS.md lists them all. */
#include "metrics.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "ready_facts.h"

enum { METRICS_MAX = 8 * 1024 * 1024 };

/* ---- the store, alerts, history ---- */

static void write_store(struct metrics *page)
{
    struct board_stats board;

    board_stats(page->now->board, &board);
    metrics_single(page, "regionshift_store_up", "gauge", "1 while the store answers (S2).",
                   engine_store_ok(page->now->engine));
    metrics_single(page, "regionshift_store_lease_alive", "gauge",
                   "1 while our votes are under a lease.", engine_lease_alive(page->now->engine));
    metrics_single(page, "regionshift_store_revision", "gauge", "Highest revision seen.",
                   (double)board.revision);
    if (board.read_ms >= 0)
        metrics_single(page, "regionshift_store_read_age_seconds", "gauge",
                       "Since the store was read whole (S1).",
                       metrics_seconds(loop_now_ms() - board.read_ms));
    metrics_single(page, "regionshift_store_reads_total", "counter", "Whole reads of the store.",
                   (double)board.reads);
    metrics_single(page, "regionshift_store_went_back_total", "counter",
                   "Times its revision went back: it was restored (S1).", (double)board.went_back);
    metrics_single(page, "regionshift_store_undecodable_total", "counter",
                   "Values that could not be read.", (double)board.undecodable);
    metrics_single(page, "regionshift_store_unreadable", "gauge",
                   "Keys that stand in the store now and cannot be read here.",
                   board_unreadable(page->now->board, NULL, NULL));
    metrics_single(page, "regionshift_store_orders", "gauge", "Orders that stand in the store.",
                   board.orders);
}

static void write_alerts(struct metrics *page)
{
    struct alerts_stats alerts;

    if (page->now->alerts == NULL)
        return;
    alerts_stats(page->now->alerts, &alerts);
    metrics_single(page, "regionshift_alerts_spooled_total", "counter", "Alerts put on disk (L1).",
                   (double)alerts.spooled);
    metrics_single(page, "regionshift_alerts_sent_total", "counter", "Alerts that a sink accepted.",
                   (double)alerts.sent);
    metrics_single(page, "regionshift_alerts_failed_attempts_total", "counter",
                   "Attempts that no sink accepted.", (double)alerts.failed_attempts);
    metrics_single(page, "regionshift_alerts_duplicates_total", "counter",
                   "Alerts that another probe sends.", (double)alerts.duplicates_dropped);
    metrics_single(page, "regionshift_alerts_lost_total", "counter",
                   "Alerts dropped because the spool was full.", (double)alerts.dropped_full);
    metrics_single(page, "regionshift_alerts_queued", "gauge", "Alerts not delivered yet.",
                   alerts.queued);
    metrics_single(page, "regionshift_alerts_oldest_seconds", "gauge", "Age of the oldest of them.",
                   metrics_seconds(alerts.oldest_ms));
}

static void write_history(struct metrics *page)
{
    struct recording_stats recording;
    struct history_stats history;

    if (page->now->history == NULL)
        return;
    history_stats(page->now->history, &history);
    metrics_single(page, "regionshift_history_written_total", "counter",
                   "Records written to the history.", (double)history.written);
    metrics_single(page, "regionshift_history_dropped_total", "counter",
                   "Records that the disk did not take in time.", (double)history.dropped);
    history_recording_stats(page->now->history, &recording);
    metrics_single(page, "regionshift_recording", "gauge",
                   "1 while all that happens can be replayed later.", recording.recording);
    metrics_single(page, "regionshift_recording_events_total", "counter", "Events recorded.",
                   (double)recording.recorded);
    metrics_single(page, "regionshift_recording_lost_total", "counter",
                   "Events that are in no recording: no room, or the disk did not take them.",
                   (double)recording.lost);
}

/* ---- this process ---- */

static void write_http(struct metrics *page)
{
    static const char *const classes[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx"};
    uint32_t connections = 0;

    metrics_family(page, "regionshift_http_replies_total", "counter",
                   "Replies of this server, by class.");
    for (size_t i = 2; i < sizeof(classes) / sizeof(classes[0]); i++)
        metrics_labelled(page, (double)page->control->replies[i], "code=\"%s\"", classes[i]);
    for (int i = 0; i < FRONT_COUNT; i++)
        connections +=
            page->control->fronts[i] != NULL ? page->control->fronts[i]->client_count : 0;
    metrics_single(page, "regionshift_http_connections", "gauge",
                   "Open connections to this server.", connections);
}

static double resident_bytes(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    if (file == NULL)
        return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void write_process(struct metrics *page)
{
    const struct daemon_stats *stats = &page->now->stats;
    struct rusage usage = {0};

    getrusage(RUSAGE_SELF, &usage);
    metrics_single(page, "regionshift_turns_total", "counter", "Turns of the daemon's loop.",
                   (double)stats->turns);
    metrics_single(page, "regionshift_facts_lost_total", "counter",
                   "Facts that did not fit into one update.", (double)stats->facts_lost);
    metrics_family(page, "regionshift_reloads_total", "counter",
                   "Settings read again, by outcome.");
    metrics_labelled(page, (double)stats->reloads, "outcome=\"adopted\"");
    metrics_labelled(page, (double)stats->reloads_refused, "outcome=\"refused\"");
    metrics_single(page, "process_cpu_seconds_total", "counter",
                   "User and system time, in seconds.",
                   (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    metrics_single(page, "process_resident_memory_bytes", "gauge", "Resident memory.",
                   resident_bytes());
    metrics_single(page, "process_start_time_seconds", "gauge", "Start, in seconds since 1970 UTC.",
                   metrics_seconds(loop_wall_ms() - (loop_now_ms() - stats->started_ms)));
}

/* ---- can we fail over right now ---- */

struct ready_page {
    struct metrics *page;
    struct ready_sum sum;
};

static void on_ready_line(void *context, const struct ready_line *line)
{
    struct ready_page *ready = context;

    ready->sum.count[line->state]++;
    for (int state = 0; state < READY_STATE_COUNT; state++)
        metrics_labelled(ready->page, line->state == (enum ready_state)state,
                         "line=\"%s\",about=\"%s\",state=\"%s\"", line->name, line->about,
                         ready_state_name((enum ready_state)state));
}

/* From what the last look saw: a scrape makes no requests. */
static void write_failover_ready(struct metrics *page)
{
    struct ready_page ready = {.page = page};

    if (page->scope.left_out > 0)
        return; /* every group and zone would have to be gone through */
    metrics_family(page, "regionshift_ready_line", "gauge",
                   "Each line of regionshift ready: 1 for the state it is in.");
    if (ready_gather(page->now, NONE, on_ready_line, &ready) < 0)
        ready.sum.count[READY_FAIL]++; /* no memory: not known to be ready */
    metrics_single(page, "regionshift_failover_ready", "gauge",
                   "1 while no line of regionshift ready fails: a failover would work now.",
                   ready_is(&ready.sum));
}

static void write_self(struct metrics *page)
{
    const struct settings *s = page->now->settings;
    json_t *list = json_array();

    metrics_family(page, "regionshift_build_info", "gauge", "Always 1; who this is.");
    metrics_labelled(page, 1, "version=\"%s\",probe=\"%s\",vantage=\"%s\",settings=\"%s\"",
                     REGIONSHIFT_VERSION, s->electors[s->self].name, s->electors[s->self].vantage,
                     s->fingerprint);
    metrics_single(page, "regionshift_ready", "gauge", "1 while /readyz says so.",
                   health_is_ready(page->now, list));
    metrics_single(page, "regionshift_blind", "gauge", "1 while this probe abstains (V5).",
                   engine_blindness(page->now->engine) != BLIND_NOT);
    metrics_single(page, "regionshift_dry_run", "gauge",
                   "1 when this probe commits and changes nothing.", page->now->dry_run);
    json_decref(list);
}

void handle_metrics(struct request *request)
{
    struct metrics page = {.now = &request->now, .control = request->control};
    size_t length;
    char *text;

    if (!scope_read(request, false, &page.scope))
        return;
    buffer_init(&page.text, METRICS_MAX);
    write_self(&page);
    metrics_write_sums(&page);
    write_failover_ready(&page);
    metrics_write_sites(&page);
    metrics_write_checks(&page);
    metrics_write_rhythm(&page);
    metrics_write_times(&page);
    metrics_write_groups(&page);
    metrics_write_durations(&page);
    metrics_write_regions(&page);
    metrics_write_incidents(&page);
    metrics_write_budget(&page);
    write_store(&page);
    write_alerts(&page);
    write_history(&page);
    write_http(&page);
    write_process(&page);
    length = page.text.length;
    if (buffer_take(&page.text, &text) < 0) {
        buffer_clear(&page.text);
        reply_json(request, MHD_HTTP_OK, NULL);
        return;
    }
    reply_text(request, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text, length);
}
