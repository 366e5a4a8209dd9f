/* SPDX-License-Identifier: Apache-2.0 */
/* regionshift explain: gates and what they measure. */
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

/* Zones are changed one after another (C1): which have it, and which wait. */
void print_zones(const json_t *zones)
{
    for (size_t i = 0; i < json_array_size(zones) && json_array_size(zones) > 1; i++) {
        const json_t *zone = json_array_get(zones, i);
        const char *rule = json_string_value(json_object_get(zone, "held_by"));

        printf("  zone %s: fence %lld, %s", text_of(zone, "zone"), number_of(zone, "fence_epoch"),
               text_of(zone, "change"));
        if (rule != NULL)
            printf(" (%s%s)", rule, strcmp(rule, "C1") == 0 ? ": after the zone before it" : "");
        printf("\n");
    }
}

void print_gates(const json_t *gates, int indent)
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
    print_zones(json_object_get(explained, "zones"));
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
