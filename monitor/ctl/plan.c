/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift plan: what would follow: shares, batches to the byte, how long it would take, gates.
 */
#include <stdio.h>

#include "client.h"
#include "render.h"

enum { PATH_SIZE = 1800 };

/* ---- shares ---- */

static void add_share(struct table *table, const json_t *site)
{
    const json_t *before = json_object_get(site, "share_before");
    const json_t *after = json_object_get(site, "share_after");

    if (!json_is_number(before) || !json_is_number(after))
        table_add(table, STYLE_DIM, "-");
    else
        table_add(table, STYLE_PLAIN, "%.4g %% -> %.4g %%", json_number_value(before),
                  json_number_value(after));
}

static void print_shares(const json_t *sites)
{
    struct table *table = table_create(3);
    const json_t *site;
    size_t i;

    table_add(table, STYLE_DIM, "site");
    table_add(table, STYLE_DIM, "weight");
    table_add(table, STYLE_DIM, "share of its service");
    json_array_foreach(sites, i, site)
    {
        long long before = number_of(site, "weight_before");
        long long after = number_of(site, "weight_after");

        table_add(table, STYLE_PLAIN, "%s", text_of(site, "site"));
        table_add(table, before == after ? STYLE_PLAIN : STYLE_WARN, "%lld -> %lld", before, after);
        add_share(table, site);
    }
    table_finish(table, 2);
}

/* ---- batches ---- */

static void add_values(struct table *table, const json_t *item)
{
    const json_t *values = json_object_get(item, "values");
    size_t count = json_array_size(values);
    const char *first = json_string_value(json_array_get(values, 0));

    if (count > 1)
        table_add(table, STYLE_PLAIN, "%s and %zu more", first, count - 1);
    else
        table_add(table, STYLE_PLAIN, "%s", first != NULL ? first : "");
}

static void print_batch(const json_t *batch)
{
    const json_t *problem = json_object_get(batch, "problem");
    struct table *table;
    const json_t *item;
    size_t i;

    printf("  zone ");
    render_text(stdout, text_of(batch, "zone"));
    if (json_is_object(problem)) {
        render_styled(STYLE_BAD, ": no change can be made: ");
        render_text(stdout, text_of(problem, "text"));
        printf("\n");
        return;
    }
    printf(" (");
    render_text(stdout, text_of(batch, "apex"));
    printf("), one batch, all or nothing:\n");
    table = table_create(6);
    json_array_foreach(json_object_get(batch, "items"), i, item)
    {
        long long weight = number_of(item, "weight");

        table_add(table, STYLE_PLAIN, "%s", text_of(item, "action"));
        table_add(table, STYLE_PLAIN, "%s", text_of(item, "name"));
        table_add(table, STYLE_PLAIN, "%s", text_of(item, "type"));
        table_add(table, STYLE_PLAIN, "%s", text_of(item, "set"));
        if (weight >= 0)
            table_add(table, STYLE_WARN, "weight %lld", weight);
        else
            table_add(table, STYLE_DIM, "-");
        add_values(table, item);
    }
    table_finish(table, 4);
}

void print_batches(const json_t *batches)
{
    const json_t *batch;
    size_t i;

    json_array_foreach(batches, i, batch)
    {
        print_batch(batch);
    }
}

/* ---- how long ---- */

static void add_measured(struct table *table, const json_t *measured)
{
    char median[SPAN_MAX];
    char worst[SPAN_MAX];

    if (!json_is_object(measured))
        table_add(table, STYLE_DIM, "-");
    else
        table_add(table, STYLE_PLAIN, "%s, %s",
                  render_span(json_object_get(measured, "median_seconds"), median),
                  render_span(json_object_get(measured, "worst_seconds"), worst));
}

static long long moves_measured(const json_t *timeline)
{
    const json_t *step;
    long long most = 0;
    size_t i;

    json_array_foreach(timeline, i, step)
    {
        long long moves = number_of(json_object_get(step, "measured"), "moves");
        most = moves > most ? moves : most;
    }
    return most;
}

static void print_timeline(const json_t *timeline)
{
    struct table *table = table_create(5);
    long long moves = moves_measured(timeline);
    const json_t *step;
    size_t i;

    table_add(table, STYLE_DIM, "from the first sign");
    table_add(table, STYLE_DIM, "at best");
    table_add(table, STYLE_DIM, "at most");
    if (moves > 0)
        table_add(table, STYLE_DIM, "median, worst of %lld", moves);
    else
        table_add(table, STYLE_DIM, "measured");
    table_add(table, STYLE_DIM, "because");
    json_array_foreach(timeline, i, step)
    {
        char best[SPAN_MAX];
        char most[SPAN_MAX];

        table_add(table, STYLE_PLAIN, "%s", text_of(step, "stage"));
        table_add(table, STYLE_PLAIN, "%s",
                  render_span(json_object_get(step, "best_seconds"), best));
        table_add(table, STYLE_PLAIN, "%s",
                  render_span(json_object_get(step, "most_seconds"), most));
        add_measured(table, json_object_get(step, "measured"));
        table_add(table, STYLE_DIM, "%s", text_of(step, "why"));
    }
    table_finish(table, 2);
}

/* ---- the bytes ---- */

/* Each body as it would be sent, and a newline. */
static int print_bodies(const json_t *groups)
{
    int code = CODE_GOOD;
    const json_t *group;
    const json_t *batch;
    size_t i;
    size_t j;

    json_array_foreach(groups, i, group)
    {
        json_array_foreach(json_object_get(group, "change"), j, batch)
        {
            const json_t *body = json_object_get(batch, "body");

            if (json_is_string(body)) {
                fwrite(json_string_value(body), 1, json_string_length(body), stdout);
                fputc('\n', stdout);
                continue;
            }
            fputs("regionshift: zone ", stderr);
            render_text(stderr, text_of(batch, "zone"));
            fputs(": no change can be made: ", stderr);
            render_text(stderr, text_of(json_object_get(batch, "problem"), "text"));
            fputc('\n', stderr);
            code = CODE_REFUSED;
        }
    }
    return code;
}

/* ---- plan ---- */

static void print_plan(const json_t *group)
{
    const char *held = text_of(group, "held_by");

    printf("\ngroup ");
    render_styled(STYLE_HEAD, text_of(group, "group"));
    if (!true_of(group, "changes"))
        printf(": nothing would move\n");
    else if (held[0] == '\0')
        printf(": would move at once\n");
    else {
        printf(": would move, but is held back: ");
        render_styled(STYLE_WARN, held);
        printf("\n");
    }
    if (json_array_size(json_object_get(group, "sites")) > 0)
        print_shares(json_object_get(group, "sites"));
    print_batches(json_object_get(group, "change"));
    if (true_of(group, "changes"))
        print_timeline(json_object_get(group, "timeline"));
    print_gates(json_object_get(group, "gates"), 2);
}

static void print_plans(const json_t *body)
{
    const json_t *group;
    size_t i;

    printf("plan only: nothing is written; as probe ");
    render_text(stdout, text_of(body, "probe"));
    printf(" sees it\n");
    json_array_foreach(json_object_get(body, "groups"), i, group)
    {
        print_plan(group);
    }
}

int run_plan(const struct arguments *arguments)
{
    char path[PATH_SIZE] = "/api/v1/plan";
    struct reply reply;
    int code = CODE_GOOD;

    for (size_t i = 0; i < arguments->down_count; i++)
        path_add(path, sizeof(path), i == 0 ? "?down=" : "&down=", arguments->downs[i]);
    if (!client_show(arguments, path, NULL, &reply, &code))
        return code;
    if (arguments->xml)
        code = print_bodies(json_object_get(reply.body, "groups"));
    else
        print_plans(reply.body);
    reply_clear(&reply);
    return code;
}
