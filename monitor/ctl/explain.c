/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift explain, and plan: gates and changes. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "render.h"

enum { PATH_SIZE = 1800 };

/* ---- gates ---- */

/* -1 for null. */
static int64_t value_of(const json_t *gate, const char *key)
{
    const json_t *value = json_object_get(gate, key);

    return json_is_integer(value) ? json_integer_value(value) : -1;
}

static void add_value(struct table *table, const json_t *gate)
{
    char text[GATE_VALUE_MAX];

    table_add(table, STYLE_DIM, "%s",
              gate_value_format(text_of(gate, "name"), value_of(gate, "value"),
                                value_of(gate, "limit"), text));
}

static void print_gates(const json_t *gates, int indent)
{
    struct table *table = table_create(5);
    const json_t *gate;
    size_t i;

    json_array_foreach(gates, i, gate)
    {
        bool open = true_of(gate, "open");

        table_add(table, open ? STYLE_GOOD : STYLE_BAD, "%s", open ? "open" : "CLOSED");
        table_add(table, STYLE_DIM, "%s", text_of(gate, "rule"));
        table_add(table, STYLE_PLAIN, "%s", text_of(gate, "name"));
        add_value(table, gate);
        table_add(table, STYLE_PLAIN, "%s", text_of(gate, "text"));
    }
    table_finish(table, indent);
}

/* ---- explain ---- */

static void print_explained(const json_t *explained)
{
    char now[WEIGHTS_TEXT_MAX];
    char wanted[WEIGHTS_TEXT_MAX];

    printf("group ");
    render_styled(STYLE_HEAD, text_of(explained, "group"));
    printf(", as probe ");
    render_text(stdout, text_of(explained, "probe"));
    printf(" sees it\n");
    render_text(stdout, text_of(explained, "text"));
    printf("\n");
    if (json_is_object(json_object_get(explained, "weights"))) {
        printf("\nweights  ");
        render_text(stdout, weights_text(json_object_get(explained, "weights"), now));
        if (true_of(explained, "wants_move")) {
            printf("\nwanted   ");
            render_text(stdout, weights_text(json_object_get(explained, "wanted"), wanted));
        }
        printf("\n");
    }
    printf("\n");
    print_gates(json_object_get(explained, "gates"), 0);
}

int run_explain(const struct arguments *arguments)
{
    char path[PATH_SIZE] = "";
    struct reply reply;
    int code;

    path_add(path, sizeof(path), "/api/v1/explain/", arguments->name);
    if (!client_show(arguments, path, NULL, &reply, &code))
        return code;
    print_explained(reply.body);
    reply_clear(&reply);
    return CODE_GOOD;
}

/* ---- plan ---- */

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
    print_gates(json_object_get(group, "gates"), 2);
}

int run_plan(const struct arguments *arguments)
{
    char path[PATH_SIZE] = "/api/v1/plan";
    struct reply reply;
    const json_t *group;
    size_t i;
    int code;

    for (i = 0; i < arguments->down_count; i++)
        path_add(path, sizeof(path), i == 0 ? "?down=" : "&down=", arguments->downs[i]);
    if (!client_show(arguments, path, NULL, &reply, &code))
        return code;
    printf("plan only: nothing is written; as probe ");
    render_text(stdout, text_of(reply.body, "probe"));
    printf(" sees it\n");
    json_array_foreach(json_object_get(reply.body, "groups"), i, group)
    {
        print_plan(group);
    }
    reply_clear(&reply);
    return CODE_GOOD;
}
