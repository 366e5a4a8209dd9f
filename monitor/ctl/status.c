/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift status: one screen, most important first: what is wrong, then each group with the
 * matrix of votes, then what was ordered. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"
#include "render.h"

enum { WATCH_S = 2 };

/* ---- the head ---- */

/* What another release wrote, or a hand: it stops this probe, and is named. */
static void print_unreadable(const json_t *keys)
{
    const json_t *key;
    size_t i;

    json_array_foreach(keys, i, key)
    {
        render_styled(STYLE_BAD, "cannot be read here: ");
        render_text(stdout, text_of(key, "key"));
        printf(strcmp(text_of(key, "form"), "newer") == 0 ? ", of a newer release\n" : "\n");
    }
}

/* Nothing while checks are on time. */
static void print_rhythm(const json_t *rhythm)
{
    const json_t *recent = json_object_get(rhythm, "recent");

    if (!true_of(rhythm, "overloaded"))
        return;
    render_styled(STYLE_WARN, ", overloaded: ");
    printf("%lld of %lld checks late", number_of(recent, "late"), number_of(recent, "begun"));
}

static void print_probe(const json_t *status)
{
    const json_t *store = json_object_get(status, "store");
    const json_t *budget = json_object_get(status, "budget");
    const char *blind = text_of(status, "blind");
    bool sees = strcmp(blind, "no") == 0;
    bool stored = true_of(store, "ok");
    char window[SPAN_MAX];

    printf("probe ");
    render_styled(STYLE_HEAD, text_of(status, "probe"));
    if (sees) {
        render_styled(STYLE_GOOD, " sees");
    } else {
        render_styled(STYLE_BAD, " is blind: ");
        render_styled(STYLE_BAD, blind);
    }
    print_rhythm(json_object_get(status, "rhythm"));
    printf(", store ");
    render_styled(stored ? STYLE_GOOD : STYLE_BAD, stored ? "ok" : text_of(store, "status"));
    if (!stored && text_of(store, "error")[0] != '\0') {
        printf(" (");
        render_text(stdout, text_of(store, "error"));
        printf(")");
    }
    if (!true_of(store, "lease"))
        render_styled(STYLE_BAD, ", no lease: its votes do not count");
    printf(", %lld of %lld moves used in %s", number_of(budget, "used"), number_of(budget, "limit"),
           render_span(json_object_get(budget, "window_seconds"), window));
    if (true_of(status, "dry_run"))
        render_styled(STYLE_WARN, ", dry run: commits nothing");
    printf("\n");
    print_unreadable(json_object_get(store, "unreadable"));
}

static enum style style_of_severity(const char *severity)
{
    return strcmp(severity, "page") == 0   ? STYLE_BAD
           : strcmp(severity, "warn") == 0 ? STYLE_WARN
                                           : STYLE_PLAIN;
}

static void print_incidents(const json_t *incidents)
{
    struct table *table;
    const json_t *incident;
    size_t i;

    if (json_array_size(incidents) == 0)
        return;
    printf("\nopen incidents (regionshift incident ID)\n");
    table = table_create(3);
    json_array_foreach(incidents, i, incident)
    {
        char span[SPAN_MAX];

        table_add(table, style_of_severity(text_of(incident, "severity")), "%s",
                  text_of(incident, "severity"));
        table_add(table, STYLE_PLAIN, "%s", text_of(incident, "id"));
        table_add(table, STYLE_DIM, "for %s",
                  render_span(json_object_get(incident, "for_seconds"), span));
    }
    table_finish(table, 2);
}

/* ---- a group ---- */

/* A probe that reads no zone never knows, and says so. */
static void print_applied(const json_t *group)
{
    if (json_is_null(json_object_get(group, "applied")))
        render_styled(STYLE_DIM, " (this probe reads no zone)");
    else if (true_of(group, "applied"))
        render_styled(STYLE_GOOD, ", in the zone");
    else
        render_styled(STYLE_WARN, ", not in the zone yet");
}

static bool is_in_flight(const json_t *group)
{
    return json_is_false(json_object_get(group, "applied")) ||
           strcmp(text_of(group, "change"), "idle") != 0;
}

static void print_in_flight(const json_t *group)
{
    printf("  in flight: change %s, the zone's fence is at %lld\n", text_of(group, "change"),
           number_of(group, "fence_epoch"));
    print_zones(json_object_get(group, "zones"));
}

static void print_decision(const json_t *group)
{
    const json_t *decision = json_object_get(group, "decision");

    printf("\ngroup ");
    render_styled(STYLE_HEAD, text_of(group, "group"));
    if (!json_is_object(decision) && json_is_object(json_object_get(group, "refused"))) {
        printf("\n"); /* there is one, which cannot be read here: what holds it back says so */
        return;
    }
    if (!json_is_object(decision)) {
        render_styled(STYLE_WARN, "  watched, never moved: no decision yet; regionshift init\n");
        return;
    }
    printf("  epoch %lld, %s by ", number_of(decision, "epoch"), text_of(decision, "kind"));
    render_text(stdout, text_of(decision, "by"));
    printf(" at %s", text_of(decision, "at"));
    print_applied(group);
    printf("\n  ");
    render_text(stdout, text_of(decision, "reason"));
    printf("\n");
    if (is_in_flight(group))
        print_in_flight(group);
}

static void print_holds(const json_t *group)
{
    const json_t *refused = json_object_get(group, "refused");
    double dwell = json_number_value(json_object_get(group, "dwell_left_seconds"));
    char span[SPAN_MAX];

    if (true_of(group, "break_glass"))
        render_styled(STYLE_BAD,
                      "  break-glass: decided by this probe alone; the store does not know of it "
                      "yet\n");
    if (true_of(group, "frozen"))
        render_styled(STYLE_WARN, "  frozen: no automatic move; regionshift thaw\n");
    if (true_of(group, "drifted"))
        render_styled(STYLE_BAD, "  drifted: somebody else changed weights in the zone (C4)\n");
    if (json_is_object(refused)) {
        render_styled(STYLE_WARN, "  held back by ");
        render_styled(STYLE_WARN, text_of(refused, "rule"));
        printf(" ");
        render_text(stdout, text_of(refused, "reason"));
        printf(": ");
        render_text(stdout, text_of(refused, "text"));
        printf("\n");
    }
    if (dwell > 0)
        printf("  dwell: %s until the next automatic move (D6)\n",
               render_span(json_object_get(group, "dwell_left_seconds"), span));
}

static enum style style_of_state(const char *state)
{
    return strcmp(state, "up") == 0     ? STYLE_GOOD
           : strcmp(state, "down") == 0 ? STYLE_BAD
                                        : STYLE_WARN;
}

/* What the probe says; in brackets, why it does not count. */
static void add_vote(struct table *table, const json_t *vote)
{
    const char *state = text_of(vote, "state");
    const char *counted = text_of(vote, "counted");

    if (strcmp(counted, "up") == 0 || strcmp(counted, "down") == 0 ||
        strcmp(counted, "neither") == 0)
        table_add(table, style_of_state(state), "%s", state);
    else
        table_add(table, STYLE_DIM, "(%s)", counted);
}

static void add_weight(struct table *table, const json_t *site)
{
    long long weight = number_of(site, "weight");
    long long normal = number_of(site, "normal");
    long long wanted = number_of(site, "wanted");

    if (weight < 0)
        table_add(table, STYLE_DIM, "-");
    else if (wanted >= 0 && wanted != weight)
        table_add(table, STYLE_WARN, "%lld -> %lld", weight, wanted);
    else
        table_add(table, weight == normal ? STYLE_PLAIN : STYLE_WARN, "%lld", weight);
    table_add(table, STYLE_DIM, "%lld", normal);
}

/* The slowest of the checks that decide. */
static void add_latency(struct table *table, const json_t *site)
{
    const json_t *check;
    double median = -1;
    double p95 = -1;
    size_t i;

    json_array_foreach(json_object_get(site, "checks"), i, check)
    {
        const json_t *seconds = json_object_get(check, "seconds");
        const json_t *value = json_object_get(seconds, "median");

        if (strcmp(text_of(check, "level"), "required") != 0 || !json_is_number(value) ||
            json_number_value(value) <= median)
            continue;
        median = json_number_value(value);
        p95 = json_number_value(json_object_get(seconds, "p95"));
    }
    if (median < 0)
        table_add(table, STYLE_DIM, "-");
    else
        table_add(table, STYLE_PLAIN, "%.1f/%.1f ms", median * 1e3, p95 * 1e3);
}

/* What a site's own row cannot say: which check it is, and those that move nothing. */
static void print_checks(const json_t *group)
{
    const json_t *site;
    const json_t *check;
    struct table *table = NULL;
    char span[SPAN_MAX];
    size_t i;
    size_t k;

    json_array_foreach(json_object_get(group, "sites"), i, site)
    {
        json_array_foreach(json_object_get(site, "checks"), k, check)
        {
            const char *state = text_of(check, "state");

            if (strcmp(state, "up") == 0)
                continue;
            if (table == NULL) {
                printf("  checks of this probe that are not up\n");
                table = table_create(8);
            }
            table_add(table, STYLE_PLAIN, "%s", text_of(site, "site"));
            table_add(table, STYLE_PLAIN, "%s", text_of(check, "name"));
            table_add(table, style_of_state(state), "%s", state);
            table_add(table, STYLE_DIM, "%s",
                      render_span(json_object_get(check, "for_seconds"), span));
            table_add(table, STYLE_PLAIN, "%s",
                      strcmp(text_of(check, "failure"), "none") == 0 ? ""
                                                                     : text_of(check, "failure"));
            table_add(table, STYLE_DIM, "%s%s", text_of(check, "level"),
                      true_of(check, "member") ? ", of a group" : "");
            table_add(table, STYLE_DIM, "%s", text_of(check, "url"));
            table_add(table, STYLE_PLAIN, "%s", text_of(check, "detail"));
        }
    }
    if (table != NULL)
        table_finish(table, 4);
}

/* When each job reported here last: one that is up may soon be silent. */
static void print_reports(const json_t *group)
{
    const json_t *site;
    const json_t *check;
    struct table *table = NULL;
    char span[SPAN_MAX];
    size_t i;
    size_t k;

    json_array_foreach(json_object_get(group, "sites"), i, site)
    {
        json_array_foreach(json_object_get(site, "checks"), k, check)
        {
            const json_t *report = json_object_get(check, "report");

            if (report == NULL)
                continue;
            if (table == NULL) {
                printf("  jobs that report to this probe\n");
                table = table_create(4);
            }
            table_add(table, STYLE_PLAIN, "%s", text_of(check, "name"));
            table_add(table, style_of_state(text_of(check, "state")), "%s",
                      json_is_object(report) ? text_of(report, "state") : "never reported");
            table_add(table, STYLE_DIM, "%s", text_of(report, "at"));
            if (json_is_object(report))
                table_add(table, STYLE_DIM, "silent for %s",
                          render_span(json_object_get(report, "silent_seconds"), span));
            else
                table_add(table, STYLE_DIM, "%s", "");
        }
    }
    if (table != NULL)
        table_finish(table, 4);
}

static void print_sites(const json_t *status, const json_t *group)
{
    const json_t *probes = json_object_get(status, "probes");
    struct table *table = table_create(6 + json_array_size(probes));
    const json_t *site;
    const json_t *probe;
    char span[SPAN_MAX];
    size_t i;
    size_t p;

    table_add(table, STYLE_DIM, "site");
    table_add(table, STYLE_DIM, "weight");
    table_add(table, STYLE_DIM, "normal");
    table_add(table, STYLE_DIM, "agreed");
    table_add(table, STYLE_DIM, "for");
    table_add(table, STYLE_DIM, "latency");
    json_array_foreach(probes, p, probe)
    {
        table_add(table, STYLE_DIM, "%s", text_of(probe, "name"));
    }
    json_array_foreach(json_object_get(group, "sites"), i, site)
    {
        table_add(table, STYLE_PLAIN, "%s", text_of(site, "site"));
        add_weight(table, site);
        table_add(table, style_of_state(text_of(site, "agreed")), "%s", text_of(site, "agreed"));
        table_add(table, STYLE_DIM, "%s",
                  render_span(json_object_get(site, "agreed_for_seconds"), span));
        add_latency(table, site);
        json_array_foreach(probes, p, probe)
        {
            add_vote(table,
                     json_object_get(json_object_get(site, "votes"), text_of(probe, "name")));
        }
    }
    table_finish(table, 2);
}

/* ---- orders ---- */

static void add_whom(struct table *table, const json_t *order)
{
    const char *region = text_of(order, "region");
    const char *group = text_of(order, "group");
    const char *incident = text_of(order, "incident");

    table_add(table, STYLE_PLAIN, "%s",
              region[0] != '\0'     ? region
              : incident[0] != '\0' ? incident
              : group[0] != '\0'    ? group
                                    : "all groups");
}

static void print_orders(const json_t *orders)
{
    struct table *table;
    const json_t *order;
    size_t i;

    if (json_array_size(orders) == 0)
        return;
    printf("\norders\n");
    table = table_create(6);
    json_array_foreach(orders, i, order)
    {
        bool obeyed = json_array_size(json_object_get(order, "obeyed")) > 0;
        const char *until = text_of(order, "until");

        table_add(table, STYLE_HEAD, "%s", text_of(order, "verb"));
        add_whom(table, order);
        table_add(table, STYLE_DIM, "%s%s%s", text_of(order, "at"),
                  until[0] != '\0' ? " until " : "", until);
        table_add(table, STYLE_PLAIN, "%s", text_of(order, "by"));
        table_add(table, true_of(order, "local") ? STYLE_BAD : STYLE_DIM, "%s%s",
                  obeyed ? "obeyed" : "", true_of(order, "local") ? ", not in the store yet" : "");
        table_add(table, STYLE_PLAIN, "%s", text_of(order, "reason"));
    }
    table_finish(table, 2);
}

static void print_status(const json_t *status)
{
    const json_t *group;
    size_t i;

    print_probe(status);
    print_incidents(json_object_get(status, "incidents"));
    json_array_foreach(json_object_get(status, "groups"), i, group)
    {
        print_decision(group);
        print_holds(group);
        print_sites(status, group);
        print_checks(group);
        print_reports(group);
    }
    if (number_of(status, "groups_left_out") > 0)
        printf("\n%lld more groups are not shown: regionshift status shows what stands out, and "
               "GET /api/v1/status?group=NAME any one\n",
               number_of(status, "groups_left_out"));
    print_orders(json_object_get(status, "orders"));
}

static int look_once(const struct arguments *arguments)
{
    struct reply reply;
    int code;

    if (!client_show(arguments, "/api/v1/status", NULL, &reply, &code))
        return code;
    print_status(reply.body);
    reply_clear(&reply);
    return CODE_GOOD;
}

int run_status(const struct arguments *arguments)
{
    const struct timespec pause = {.tv_sec = WATCH_S};

    if (!arguments->watch)
        return look_once(arguments);
    for (;;) { /* until a signal; a daemon that is away is waited for */
        if (isatty(STDOUT_FILENO))
            printf("\033[H\033[2J");
        (void)look_once(arguments);
        if (!isatty(STDOUT_FILENO))
            printf("\n");
        if (fflush(stdout) != 0)
            return CODE_FAILED;
        nanosleep(&pause, NULL);
    }
}
