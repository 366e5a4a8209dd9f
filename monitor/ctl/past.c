/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift history, timings and incident: what happened, with evidence and measured times. */
#include <inttypes.h>
#include <stdio.h>

#include "client.h"
#include "render.h"

enum { PATH_SIZE = 512 };

/* "decided 3.1 s, accepted 3.4 s, INSYNC 4.0 s, every server 4.2 s" */
static void print_times(const json_t *seconds)
{
    static const struct {
        const char *key;
        const char *word;
    } stages[] = {{"decided", "decided"},
                  {"accepted", "accepted"},
                  {"insync", "INSYNC"},
                  {"servers", "every server"},
                  {"resolvers", "seen by resolvers"}};
    const char *comma = "";
    char span[SPAN_MAX];

    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        const json_t *value = json_object_get(seconds, stages[i].key);

        if (!json_is_number(value))
            continue;
        printf("%s%s after %s", comma, stages[i].word, render_span(value, span));
        comma = ", ";
    }
    printf("%s\n", comma[0] == '\0' ? "not measured here" : "");
}

static void print_voters(const json_t *voters)
{
    const json_t *voter;
    size_t i;

    if (json_array_size(voters) == 0)
        return;
    printf("  evidence  votes of");
    json_array_foreach(voters, i, voter)
    {
        printf(i > 0 ? ", " : " ");
        render_text(stdout, json_string_value(voter));
    }
    printf("\n");
}

static void print_decision(const json_t *decision)
{
    char weights[WEIGHTS_TEXT_MAX];

    printf("%s  ", text_of(decision, "at"));
    render_styled(STYLE_HEAD, text_of(decision, "group"));
    printf("  epoch %lld  %s by ", number_of(decision, "epoch"), text_of(decision, "kind"));
    render_text(stdout, text_of(decision, "by"));
    printf("\n  weights   ");
    render_text(stdout, weights_text(json_object_get(decision, "weights"), weights));
    printf("\n  why       ");
    render_text(stdout, text_of(decision, "reason"));
    printf("\n");
    print_voters(json_object_get(decision, "voters"));
    printf("  times     ");
    print_times(json_object_get(decision, "seconds"));
}

int run_history(const struct arguments *arguments)
{
    char path[PATH_SIZE];
    struct reply reply;
    const json_t *decision;
    size_t i;
    int code;

    snprintf(path, sizeof(path), "/api/v1/history?limit=%" PRId64,
             arguments->limit != 0 ? arguments->limit : 20);
    if (arguments->name != NULL)
        path_add(path, sizeof(path), "&group=", arguments->name);
    if (!client_show(arguments, path, NULL, &reply, &code))
        return code;
    json_array_foreach(json_object_get(reply.body, "decisions"), i, decision)
    {
        if (i > 0)
            printf("\n");
        print_decision(decision);
    }
    if (json_array_size(json_object_get(reply.body, "decisions")) == 0)
        printf("no decision is recorded here yet\n");
    reply_clear(&reply);
    return CODE_GOOD;
}

/* ---- timings ---- */

/* "12.3 ms", "1.25 s" */
static void add_time(struct table *table, const json_t *seconds)
{
    double value = json_number_value(seconds);

    if (!json_is_number(seconds))
        table_add(table, STYLE_DIM, "-");
    else if (value < 1)
        table_add(table, STYLE_PLAIN, "%.1f ms", value * 1e3);
    else
        table_add(table, STYLE_PLAIN, "%.2f s", value);
}

/* "3 (timeout 2, connect 1)" */
static void add_failures(struct table *table, const json_t *row)
{
    char words[256] = "";
    const char *class;
    const json_t *number;
    size_t used = 0;

    json_object_foreach((json_t *)json_object_get(row, "failures"), class, number)
    {
        int n = snprintf(words + used, sizeof(words) - used, "%s%s %lld", used > 0 ? ", " : "",
                         class, (long long)json_integer_value(number));

        if (n > 0 && used + (size_t)n < sizeof(words))
            used += (size_t)n;
    }
    if (number_of(row, "bad") == 0)
        table_add(table, STYLE_DIM, "0");
    else
        table_add(table, STYLE_BAD, "%lld (%s)", number_of(row, "bad"), words);
}

static void print_timings(const json_t *rows)
{
    static const char *const heads[] = {"from", "check",   "good",    "bad", "median",    "p95",
                                        "p99",  "resolve", "connect", "tls", "first byte"};
    static const char *const phases[] = {"resolve", "connect", "tls", "first_byte"};
    struct table *table = table_create(sizeof(heads) / sizeof(heads[0]));
    const json_t *row;
    size_t i;

    for (size_t h = 0; h < sizeof(heads) / sizeof(heads[0]); h++)
        table_add(table, STYLE_DIM, "%s", heads[h]);
    json_array_foreach(rows, i, row)
    {
        table_add(table, STYLE_DIM, "%s", text_of(row, "at"));
        table_add(table, STYLE_PLAIN, "%s", text_of(row, "check"));
        table_add(table, STYLE_PLAIN, "%lld", number_of(row, "good"));
        add_failures(table, row);
        add_time(table, json_object_get(row, "median"));
        add_time(table, json_object_get(row, "p95"));
        add_time(table, json_object_get(row, "p99"));
        for (size_t p = 0; p < sizeof(phases) / sizeof(phases[0]); p++)
            add_time(table,
                     json_object_get(json_object_get(json_object_get(row, "phases"), phases[p]),
                                     "mean"));
    }
    table_finish(table, 0);
}

int run_timings(const struct arguments *arguments)
{
    char path[PATH_SIZE];
    struct reply reply;
    const json_t *rows;
    int code;

    snprintf(path, sizeof(path), "/api/v1/timings?limit=%" PRId64,
             arguments->limit != 0 ? arguments->limit : 20);
    path_add(path, sizeof(path), "&site=", arguments->name);
    if (arguments->by != NULL)
        path_add(path, sizeof(path), "&by=", arguments->by);
    if (!client_show(arguments, path, NULL, &reply, &code))
        return code;
    rows = json_object_get(reply.body, "timings");
    if (json_array_size(rows) == 0)
        printf("nothing is recorded here yet: a minute is written once it is over\n");
    else
        print_timings(rows);
    reply_clear(&reply);
    return CODE_GOOD;
}

/* ---- incident ---- */

static void print_incident(const json_t *incident)
{
    const char *resolved = text_of(incident, "resolved");
    const json_t *fact;
    size_t i;

    render_styled(STYLE_HEAD, text_of(incident, "subject"));
    printf("\nincident  ");
    render_text(stdout, text_of(incident, "id"));
    printf("\nevent     %s, %s\nopened    %s\nresolved  %s\nnotices   %lld\n\n",
           text_of(incident, "event"), text_of(incident, "severity"), text_of(incident, "opened"),
           resolved[0] != '\0' ? resolved : "not yet", number_of(incident, "notices"));
    render_text(stdout, text_of(incident, "text"));
    printf("\n");
    if (json_array_size(json_object_get(incident, "facts")) > 0)
        printf("\nwhat was recorded around it\n");
    json_array_foreach(json_object_get(incident, "facts"), i, fact)
    {
        printf("  %s  ", text_of(fact, "at"));
        render_text(stdout, text_of(fact, "fact"));
        printf("\n");
    }
}

int run_incident(const struct arguments *arguments)
{
    char path[PATH_SIZE] = "";
    struct reply reply;
    int code;

    path_add(path, sizeof(path), "/api/v1/incident/", arguments->name);
    if (!client_show(arguments, path, NULL, &reply, &code))
        return code;
    print_incident(reply.body);
    reply_clear(&reply);
    return CODE_GOOD;
}
