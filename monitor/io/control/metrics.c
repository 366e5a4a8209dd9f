/* SPDX-License-Identifier: Apache-2.0 */
/* GET /metrics: Prometheus' text form, version 0.0.4. A family is its help and type, then a sample
 * for each thing it counts; names carry their unit. docs/METRICS.md lists them all. */
#include "ready_facts.h"
#include "scope.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { METRICS_MAX = 8 * 1024 * 1024, LABELS_MAX = 1024 };

struct page {
    struct buffer text;
    const struct control_sources *now;
    const struct control *control;
    struct group_scope scope; /* groups that are told of one by one */
    const char *family;
    const char *suffix; /* of a summary's samples; NULL: none */ /* being written */
};

/* ---- the form ---- */

static void family(struct page *page, const char *name, const char *type, const char *help)
{
    buffer_add_text(&page->text, "# HELP ");
    buffer_add_text(&page->text, name);
    buffer_add_char(&page->text, ' ');
    buffer_add_text(&page->text, help);
    buffer_add_text(&page->text, "\n# TYPE ");
    buffer_add_text(&page->text, name);
    buffer_add_char(&page->text, ' ');
    buffer_add_text(&page->text, type);
    buffer_add_char(&page->text, '\n');
    page->family = name;
}

/* labels: `group="jwt-pizza"`, or "". Names have no character that would have to be escaped; what
 * may have one (a URL) is never a label. */
static void sample(struct page *page, const char *labels, double value)
{
    char number[64];

    buffer_add_text(&page->text, page->family);
    if (page->suffix != NULL)
        buffer_add_text(&page->text, page->suffix);
    if (labels[0] != '\0') {
        buffer_add_char(&page->text, '{');
        buffer_add_text(&page->text, labels);
        buffer_add_char(&page->text, '}');
    }
    snprintf(number, sizeof(number), " %.15g\n", value);
    buffer_add_text(&page->text, number);
}

__attribute__((format(printf, 3, 4))) static void labelled(struct page *page, double value,
                                                           const char *format, ...)
{
    char labels[LABELS_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(labels, sizeof(labels), format, args);
    va_end(args);
    sample(page, labels, value);
}

static void single(struct page *page, const char *name, const char *type, const char *help,
                   double value)
{
    family(page, name, type, help);
    sample(page, "", value);
}

static double seconds(msec_t ms)
{
    return (double)ms / 1000.0;
}

/* ---- sites ---- */

/* One family over all sites of all groups. */
typedef double (*site_value)(const struct page *page, const struct group_view *view, uint32_t site,
                             uint32_t in_group);

static void each_site(struct page *page, site_value value)
{
    const struct settings *s = page->now->settings;

    for (uint32_t i = 0; i < page->scope.count; i++) {
        uint32_t g = page->scope.groups[i];
        struct group_view view;

        engine_group_brief(page->now->engine, g, &view);
        for (uint32_t k = 0; k < s->groups[g].site_count; k++) {
            const struct site *site = &s->sites[s->groups[g].sites[k]];

            labelled(page, value(page, &view, s->groups[g].sites[k], k),
                     "group=\"%s\",service=\"%s\",region=\"%s\"", s->groups[g].name,
                     s->services[site->service].name, s->regions[site->region]);
        }
    }
}

static double weight_of(const struct page *page, const struct group_view *view, uint32_t site,
                        uint32_t in_group)
{
    (void)page;
    (void)site;
    return view->has_head ? view->head.weights[in_group] : -1;
}

static double normal_of(const struct page *page, const struct group_view *view, uint32_t site,
                        uint32_t in_group)
{
    return view->has_head ? view->head.normal[in_group] : page->now->settings->sites[site].weight;
}

static double agreed_down(const struct page *page, const struct group_view *view, uint32_t site,
                          uint32_t in_group)
{
    (void)page;
    (void)site;
    return view->agreements[in_group]->state == AGREED_DOWN;
}

static double agreed_up(const struct page *page, const struct group_view *view, uint32_t site,
                        uint32_t in_group)
{
    (void)page;
    (void)site;
    return view->agreements[in_group]->state == AGREED_UP;
}

static double down_votes(const struct page *page, const struct group_view *view, uint32_t site,
                         uint32_t in_group)
{
    struct tally tally = {0};

    (void)view;
    (void)in_group;
    engine_tally(page->now->engine, site, &tally);
    return tally.down_count;
}

static double up_votes(const struct page *page, const struct group_view *view, uint32_t site,
                       uint32_t in_group)
{
    struct tally tally = {0};

    (void)view;
    (void)in_group;
    engine_tally(page->now->engine, site, &tally);
    return tally.up_count;
}

static void write_sites(struct page *page)
{
    family(page, "regionshift_site_weight", "gauge",
           "Weight that the head decision gives the site; -1 before the first decision.");
    each_site(page, weight_of);
    family(page, "regionshift_site_normal_weight", "gauge", "Weight that failback returns to.");
    each_site(page, normal_of);
    family(page, "regionshift_site_agreed_down", "gauge",
           "1 when the quorum agrees that the site is down (A3).");
    each_site(page, agreed_down);
    family(page, "regionshift_site_agreed_up", "gauge",
           "1 when the quorum agrees that the site is up (A3).");
    each_site(page, agreed_up);
    family(page, "regionshift_site_down_votes", "gauge", "Votes counted for down.");
    each_site(page, down_votes);
    family(page, "regionshift_site_up_votes", "gauge", "Votes counted for up.");
    each_site(page, up_votes);
}

/* What is left where there are too many to be told of one by one. */
static void write_sums(struct page *page)
{
    const struct settings *s = page->now->settings;
    struct engine_sums sums;

    engine_sums(page->now->engine, &sums);
    single(page, "regionshift_details", "gauge",
           "1 when there are samples for each group, site and check; 0: ask with group=NAME.",
           page->scope.left_out == 0);
    family(page, "regionshift_sites", "gauge", "Sites, by what the quorum agrees on (A3, A4).");
    for (int state = 0; state < AGREEMENT_STATE_COUNT; state++)
        labelled(page, sums.agreed[state], "agreed=\"%s\"",
                 agreement_state_name((enum agreement_state)state));
    family(page, "regionshift_checks", "gauge", "This probe's own verdicts, by state (V1).");
    for (int state = 0; state < VERDICT_STATE_COUNT; state++)
        labelled(page, sums.checks[state], "state=\"%s\"",
                 verdict_state_name((enum verdict_state)state));
    family(page, "regionshift_groups", "gauge", "Groups, by whether something of them stands out.");
    labelled(page, sums.calm_groups, "calm=\"yes\"");
    labelled(page, s->group_count - sums.calm_groups, "calm=\"no\"");
}

/* ---- this probe's own checks ---- */

enum { CHECK_LABELS = 3 * (NAME_MAX_LENGTH + 16) };

static void label_check(const struct settings *s, uint32_t check, char out[CHECK_LABELS])
{
    const struct site *site = &s->sites[s->checks[check].site];
    char label[CHECK_LABEL_MAX + 1];

    check_label(s, check, label);
    snprintf(out, CHECK_LABELS, "service=\"%s\",region=\"%s\",check=\"%s\"",
             s->services[site->service].name, s->regions[site->region], label);
}

static void each_check(struct page *page,
                       void (*write)(struct page *page, uint32_t check, const char *labels))
{
    const struct settings *s = page->now->settings;

    for (uint32_t g = 0; g < page->scope.count; g++) {
        const struct group *group = &s->groups[page->scope.groups[g]];

        for (uint32_t k = 0; k < group->site_count; k++) {
            const struct site *site = &s->sites[group->sites[k]];

            for (uint32_t i = 0; i < site->check_count; i++) {
                char labels[CHECK_LABELS];

                label_check(s, site->first_check + i, labels);
                write(page, site->first_check + i, labels);
            }
        }
    }
}

static void write_phases(struct page *page, uint32_t check, const char *labels)
{
    struct check_times times;

    rollups_of(page->now->rollups, check, &times);
    for (unsigned phase = 0; phase < ROLLUP_PHASES; phase++) {
        const char *name = rollup_phase_name((enum phase_of_check)phase);

        if (times.count[phase] == 0)
            continue;
        page->suffix = "_sum";
        labelled(page, (double)times.sum_us[phase] / 1e6, "%s,phase=\"%s\"", labels, name);
        page->suffix = "_count";
        labelled(page, (double)times.count[phase], "%s,phase=\"%s\"", labels, name);
    }
    page->suffix = NULL;
}

/* A summary without quantiles: rates of sum over count are means of any time. */
static void write_times(struct page *page)
{
    if (page->now->rollups == NULL)
        return;
    family(page, "regionshift_check_phase_seconds", "summary",
           "How long the phases of this probe's checks took, as far as they came; total: of good "
           "results alone.");
    each_check(page, write_phases);
}

static void write_state(struct page *page, uint32_t check, const char *labels)
{
    const struct verdict *verdict = engine_verdict(page->now->engine, check);

    for (int state = 0; state < VERDICT_STATE_COUNT; state++)
        labelled(page, verdict->state == (enum verdict_state)state, "%s,state=\"%s\"", labels,
                 verdict_state_name((enum verdict_state)state));
}

static void write_checks(struct page *page)
{
    family(page, "regionshift_check_state", "gauge",
           "This probe's own verdict of each check: 1 for the state it is in (V1).");
    each_check(page, write_state);
    family(page, "regionshift_check_results_total", "counter",
           "Results of check attempts; void ones were late through our own fault (V4).");
    labelled(page, (double)page->now->stats.results_good, "result=\"good\"");
    labelled(page, (double)page->now->stats.results_bad, "result=\"bad\"");
    labelled(page, (double)page->now->stats.results_void, "result=\"void\"");
}

/* ---- how punctual they begin ---- */

static void write_lateness(struct page *page, const struct rhythm_view *view)
{
    uint64_t count = 0;

    family(page, "regionshift_check_start_lateness_seconds", "histogram",
           "How much later than due this probe's checks began.");
    page->suffix = "_bucket";
    for (uint32_t i = 0; i < RHYTHM_BOUNDS; i++) {
        count += view->bins[i];
        labelled(page, (double)count, "le=\"%g\"", seconds(rhythm_bounds_ms[i]));
    }
    labelled(page, (double)view->begun, "le=\"+Inf\"");
    page->suffix = "_sum";
    sample(page, "", seconds(view->sum_ms));
    page->suffix = "_count";
    sample(page, "", (double)view->begun);
    page->suffix = NULL;
}

static void write_rhythm(struct page *page)
{
    struct rhythm_view view;

    engine_rhythm(page->now->engine, &view);
    write_lateness(page, &view);
    single(page, "regionshift_checks_late_total", "counter",
           "Checks that began later than 100 ms and a tenth of their interval.", (double)view.late);
    single(page, "regionshift_check_turns_missed_total", "counter",
           "Whole intervals that passed without their check.", (double)view.missed);
    single(page, "regionshift_overloaded", "gauge",
           "1 while too many checks begin late: this probe has more than it can make.",
           view.is_overloaded);
}

/* ---- groups ---- */

typedef double (*group_value)(const struct group_view *view);

static void each_group(struct page *page, const char *name, const char *help, group_value value)
{
    const struct settings *s = page->now->settings;

    family(page, name, "gauge", help);
    for (uint32_t i = 0; i < page->scope.count; i++) {
        uint32_t g = page->scope.groups[i];
        struct group_view view;

        engine_group_brief(page->now->engine, g, &view);
        labelled(page, value(&view), "group=\"%s\"", s->groups[g].name);
    }
}

static double epoch_of(const struct group_view *view)
{
    return view->has_head ? (double)view->head.epoch : 0;
}

static double fence_of(const struct group_view *view)
{
    return (double)view->fence_min;
}

static double broken_glass(const struct group_view *view)
{
    return view->glass;
}

static double frozen(const struct group_view *view)
{
    return view->frozen;
}

static double drifted(const struct group_view *view)
{
    return view->drifted;
}

static double wants_move(const struct group_view *view)
{
    return view->wants_move;
}

static double is_refused(const struct group_view *view)
{
    return view->refused_rule != NULL;
}

static double dwell_left(const struct group_view *view)
{
    return seconds(view->dwell_left_ms);
}

static double in_flight(const struct group_view *view)
{
    return view->change != CHANGE_IDLE;
}

static void write_groups(struct page *page)
{
    each_group(page, "regionshift_group_epoch",
               "Epoch of the head decision; 0 before the first (D9).", epoch_of);
    each_group(page, "regionshift_group_fence_epoch",
               "Lowest epoch that a fence in the zones shows (C2); 0 when unknown.", fence_of);
    each_group(page, "regionshift_group_change_active",
               "1 while a change is waited for, read, sent or backed off from.", in_flight);
    each_group(page, "regionshift_group_break_glass",
               "1 while this probe acts by an operator's word alone, without the store (D7).",
               broken_glass);
    each_group(page, "regionshift_group_frozen", "1 while an order freezes the group (D7).",
               frozen);
    each_group(page, "regionshift_group_drifted",
               "1 while the zone's weights are not those of its epoch (C4).", drifted);
    each_group(page, "regionshift_group_wants_move",
               "1 while other weights are wanted than the head's.", wants_move);
    each_group(page, "regionshift_group_refused",
               "1 while a rule refuses a move that is wanted or needed (D10).", is_refused);
    each_group(page, "regionshift_group_dwell_left_seconds",
               "Time until the group may move again (D6).", dwell_left);
}

static void one_duration(struct page *page, const char *group, const char *stage, msec_t ms)
{
    if (ms >= 0)
        labelled(page, seconds(ms), "group=\"%s\",stage=\"%s\"", group, stage);
}

static void write_durations(struct page *page)
{
    const struct settings *s = page->now->settings;

    family(page, "regionshift_last_change_seconds", "gauge",
           "Of the head decision, from the first bad result to each stage (C7), once reached.");
    for (uint32_t i = 0; i < page->scope.count; i++) {
        uint32_t g = page->scope.groups[i];
        const char *name = s->groups[g].name;
        struct group_view view;

        engine_group_brief(page->now->engine, g, &view);
        if (!view.has_head)
            continue;
        one_duration(page, name, "decided", view.decided_after_ms);
        one_duration(page, name, "accepted", view.accepted_after_ms);
        one_duration(page, name, "insync", view.insync_after_ms);
        one_duration(page, name, "servers", view.servers_after_ms);
        one_duration(page, name, "resolvers", view.resolvers_after_ms);
    }
}

/* ---- regions, orders, incidents, beacons ---- */

static void write_regions(struct page *page)
{
    const struct settings *s = page->now->settings;

    family(page, "regionshift_region_drained", "gauge", "1 while an order drains the region.");
    for (uint32_t r = 0; r < s->region_count; r++)
        labelled(page, engine_region_drained(page->now->engine, r), "region=\"%s\"", s->regions[r]);
    family(page, "regionshift_beacon_lit", "gauge", "1 while the region's beacon is lit (B1).");
    for (uint32_t g = 0; g < page->scope.count; g++) {
        const struct group *group = &s->groups[page->scope.groups[g]];

        for (uint32_t i = 0; group->beacons && i < group->order_count; i++) {
            const char *region = s->regions[group->order[i]];

            labelled(page,
                     page->now->latches != NULL &&
                         latches_get(page->now->latches, group->name, region, NULL),
                     "group=\"%s\",region=\"%s\"", group->name, region);
        }
    }
}

static void write_incidents(struct page *page)
{
    static const enum severity severities[] = {SEVERITY_INFO, SEVERITY_WARN, SEVERITY_PAGE};
    struct incident_view views[256];
    uint32_t count = engine_incidents(page->now->engine, views, 256);

    family(page, "regionshift_incidents_open", "gauge", "Open incidents, by severity.");
    for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
        uint32_t open = 0;

        for (uint32_t j = 0; j < count; j++)
            open += views[j].severity == severities[i];
        labelled(page, open, "severity=\"%s\"", severity_name(severities[i]));
    }
}

static void write_budget(struct page *page)
{
    const struct order *orders;
    struct group_view view;

    engine_group_brief(page->now->engine, 0, &view); /* one ledger for all groups (D6) */
    single(page, "regionshift_budget_used_moves", "gauge", "Moves within the window (D6).",
           view.budget_used);
    single(page, "regionshift_budget_limit_moves", "gauge", "Moves allowed within the window.",
           page->now->settings->limit_budget);
    single(page, "regionshift_orders", "gauge", "Orders known, obeyed ones too.",
           engine_orders(page->now->engine, &orders));
}

/* ---- the store, alerts, history ---- */

static void write_store(struct page *page)
{
    struct board_stats board;

    board_stats(page->now->board, &board);
    single(page, "regionshift_store_up", "gauge", "1 while the store answers (S2).",
           engine_store_ok(page->now->engine));
    single(page, "regionshift_store_lease_alive", "gauge", "1 while our votes are under a lease.",
           engine_lease_alive(page->now->engine));
    single(page, "regionshift_store_revision", "gauge", "Highest revision seen.",
           (double)board.revision);
    if (board.read_ms >= 0)
        single(page, "regionshift_store_read_age_seconds", "gauge",
               "Since the store was read whole (S1).", seconds(loop_now_ms() - board.read_ms));
    single(page, "regionshift_store_reads_total", "counter", "Whole reads of the store.",
           (double)board.reads);
    single(page, "regionshift_store_went_back_total", "counter",
           "Times its revision went back: it was restored (S1).", (double)board.went_back);
    single(page, "regionshift_store_undecodable_total", "counter", "Values that could not be read.",
           (double)board.undecodable);
    single(page, "regionshift_store_unreadable", "gauge",
           "Keys that stand in the store now and cannot be read here.",
           board_unreadable(page->now->board, NULL, NULL));
    single(page, "regionshift_store_orders", "gauge", "Orders that stand in the store.",
           board.orders);
}

static void write_alerts(struct page *page)
{
    struct alerts_stats alerts;

    if (page->now->alerts == NULL)
        return;
    alerts_stats(page->now->alerts, &alerts);
    single(page, "regionshift_alerts_spooled_total", "counter", "Alerts put on disk (L1).",
           (double)alerts.spooled);
    single(page, "regionshift_alerts_sent_total", "counter", "Alerts that a sink accepted.",
           (double)alerts.sent);
    single(page, "regionshift_alerts_failed_attempts_total", "counter",
           "Attempts that no sink accepted.", (double)alerts.failed_attempts);
    single(page, "regionshift_alerts_duplicates_total", "counter",
           "Alerts that another probe sends.", (double)alerts.duplicates_dropped);
    single(page, "regionshift_alerts_lost_total", "counter",
           "Alerts dropped because the spool was full.", (double)alerts.dropped_full);
    single(page, "regionshift_alerts_queued", "gauge", "Alerts not delivered yet.", alerts.queued);
    single(page, "regionshift_alerts_oldest_seconds", "gauge", "Age of the oldest of them.",
           seconds(alerts.oldest_ms));
}

static void write_history(struct page *page)
{
    struct recording_stats recording;
    struct history_stats history;

    if (page->now->history == NULL)
        return;
    history_stats(page->now->history, &history);
    single(page, "regionshift_history_written_total", "counter", "Records written to the history.",
           (double)history.written);
    single(page, "regionshift_history_dropped_total", "counter",
           "Records that the disk did not take in time.", (double)history.dropped);
    history_recording_stats(page->now->history, &recording);
    single(page, "regionshift_recording", "gauge",
           "1 while all that happens can be replayed later.", recording.recording);
    single(page, "regionshift_recording_events_total", "counter", "Events recorded.",
           (double)recording.recorded);
    single(page, "regionshift_recording_lost_total", "counter",
           "Events that are in no recording: no room, or the disk did not take them.",
           (double)recording.lost);
}

/* ---- this process ---- */

static void write_http(struct page *page)
{
    static const char *const classes[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx"};
    uint32_t connections = 0;

    family(page, "regionshift_http_replies_total", "counter", "Replies of this server, by class.");
    for (size_t i = 2; i < sizeof(classes) / sizeof(classes[0]); i++)
        labelled(page, (double)page->control->replies[i], "code=\"%s\"", classes[i]);
    for (int i = 0; i < FRONT_COUNT; i++)
        connections +=
            page->control->fronts[i] != NULL ? page->control->fronts[i]->client_count : 0;
    single(page, "regionshift_http_connections", "gauge", "Open connections to this server.",
           connections);
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

static void write_process(struct page *page)
{
    const struct daemon_stats *stats = &page->now->stats;
    struct rusage usage = {0};

    getrusage(RUSAGE_SELF, &usage);
    single(page, "regionshift_turns_total", "counter", "Turns of the daemon's loop.",
           (double)stats->turns);
    single(page, "regionshift_facts_lost_total", "counter",
           "Facts that did not fit into one update.", (double)stats->facts_lost);
    family(page, "regionshift_reloads_total", "counter", "Settings read again, by outcome.");
    labelled(page, (double)stats->reloads, "outcome=\"adopted\"");
    labelled(page, (double)stats->reloads_refused, "outcome=\"refused\"");
    single(page, "process_cpu_seconds_total", "counter", "User and system time, in seconds.",
           (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
    single(page, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    single(page, "process_start_time_seconds", "gauge", "Start, in seconds since 1970 UTC.",
           seconds(loop_wall_ms() - (loop_now_ms() - stats->started_ms)));
}

/* ---- can we fail over right now ---- */

struct ready_page {
    struct page *page;
    struct ready_sum sum;
};

static void on_ready_line(void *context, const struct ready_line *line)
{
    struct ready_page *ready = context;

    ready->sum.count[line->state]++;
    for (int state = 0; state < READY_STATE_COUNT; state++)
        labelled(ready->page, line->state == (enum ready_state)state,
                 "line=\"%s\",about=\"%s\",state=\"%s\"", line->name, line->about,
                 ready_state_name((enum ready_state)state));
}

/* From what the last look saw: a scrape makes no requests. */
static void write_failover_ready(struct page *page)
{
    struct ready_page ready = {.page = page};

    if (page->scope.left_out > 0)
        return; /* every group and zone would have to be gone through */
    family(page, "regionshift_ready_line", "gauge",
           "Each line of regionshift ready: 1 for the state it is in.");
    if (ready_gather(page->now, NONE, on_ready_line, &ready) < 0)
        ready.sum.count[READY_FAIL]++; /* no memory: not known to be ready */
    single(page, "regionshift_failover_ready", "gauge",
           "1 while no line of regionshift ready fails: a failover would work now.",
           ready_is(&ready.sum));
}

static void write_self(struct page *page)
{
    const struct settings *s = page->now->settings;
    json_t *list = json_array();

    family(page, "regionshift_build_info", "gauge", "Always 1; who this is.");
    labelled(page, 1, "version=\"%s\",probe=\"%s\",vantage=\"%s\",settings=\"%s\"",
             REGIONSHIFT_VERSION, s->electors[s->self].name, s->electors[s->self].vantage,
             s->fingerprint);
    single(page, "regionshift_ready", "gauge", "1 while /readyz says so.",
           health_is_ready(page->now, list));
    single(page, "regionshift_blind", "gauge", "1 while this probe abstains (V5).",
           engine_blindness(page->now->engine) != BLIND_NOT);
    single(page, "regionshift_dry_run", "gauge", "1 when this probe commits and changes nothing.",
           page->now->dry_run);
    json_decref(list);
}

void handle_metrics(struct request *request)
{
    struct page page = {.now = &request->now, .control = request->control};
    size_t length;
    char *text;

    if (!scope_read(request, false, &page.scope))
        return;
    buffer_init(&page.text, METRICS_MAX);
    write_self(&page);
    write_sums(&page);
    write_failover_ready(&page);
    write_sites(&page);
    write_checks(&page);
    write_rhythm(&page);
    write_times(&page);
    write_groups(&page);
    write_durations(&page);
    write_regions(&page);
    write_incidents(&page);
    write_budget(&page);
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
