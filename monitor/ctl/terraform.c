/* SPDX-License-Identifier: Apache-2.0 */
/* The peace with Terraform: regionshift writes weights and health checks of its record sets, and
 * Terraform, unless told, writes them back. `init` says what to tell it; `init --terraform` prints
 * each record set as a resource, ready to be pasted and imported. */
#include <ctype.h>
#include <stdio.h>

#include "client.h"
#include "render.h"
#include "terraform.h"

#define LIFECYCLE                                                                                  \
    "  lifecycle {\n"                                                                              \
    "    ignore_changes = [weighted_routing_policy, health_check_id]\n"                            \
    "  }\n"

/* A string of HCL: quotes, backslashes, control characters and what begins a template. */
static void print_string(const char *text)
{
    putchar('"');
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if ((*c == '$' || *c == '%') && c[1] == '{')
            printf("%c%c", *c, *c);
        else if (*c < ' ' || *c == 0x7f)
            printf("\\u%04x", *c);
        else
            putchar(*c);
    }
    putchar('"');
}

/* "pizza-us-east-1" under "pizza.example.com" A: a name of Terraform's own. */
static void print_name(const json_t *item)
{
    const char *parts[] = {text_of(item, "set"), text_of(item, "record"), text_of(item, "type")};

    printf("\"rs");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        putchar('_');
        for (const unsigned char *c = (const unsigned char *)parts[i]; *c != '\0'; c++)
            putchar(isalnum(*c) && *c < 0x80 ? *c : '_');
    }
    printf("\"");
}

static void print_field(const char *name, const char *value)
{
    printf("  %-14s = ", name);
    print_string(value);
    putchar('\n');
}

static void print_target(const json_t *item)
{
    const json_t *alias = json_object_get(item, "alias");
    const json_t *values = json_object_get(item, "values");

    if (json_is_object(alias)) {
        printf("  alias {\n    name                   = ");
        print_string(text_of(alias, "name"));
        printf("\n    zone_id                = ");
        print_string(text_of(alias, "zone"));
        printf("\n    evaluate_target_health = %s\n  }\n",
               true_of(alias, "evaluate_target_health") ? "true" : "false");
        return;
    }
    printf("  ttl            = %lld\n  records        = [", number_of(item, "ttl"));
    for (size_t i = 0; i < json_array_size(values); i++) {
        printf("%s", i > 0 ? ", " : "");
        print_string(json_string_value(json_array_get(values, i)));
    }
    printf("]\n");
}

static void print_resource(const json_t *item)
{
    printf("\nresource \"aws_route53_record\" ");
    print_name(item);
    printf(" {\n");
    print_field("zone_id", text_of(item, "zone"));
    print_field("name", text_of(item, "record"));
    print_field("type", text_of(item, "type"));
    print_field("set_identifier", text_of(item, "set"));
    print_target(item);
    printf("  weighted_routing_policy {\n    weight = %lld\n  }\n", number_of(item, "weight"));
    printf(LIFECYCLE "}\n");
}

void terraform_print(const json_t *managed)
{
    const json_t *item;
    size_t i;

    printf("# Weights and health checks of these record sets are regionshift's to change (C4).\n"
           "# The TXT records _regionshift.GROUP.ZONE are its own: keep them out of Terraform.\n");
    json_array_foreach(managed, i, item)
    {
        print_resource(item);
    }
}

void terraform_hint(const json_t *managed)
{
    struct table *table;
    const json_t *item;
    size_t i;

    if (json_array_size(managed) == 0)
        return;
    printf(
        "\nif Terraform has these record sets, it must leave their weights to regionshift; paste "
        "into each\n(whole resources: `regionshift init --terraform`):\n" LIFECYCLE);
    table = table_create(3);
    json_array_foreach(managed, i, item)
    {
        table_add(table, STYLE_PLAIN, "%s", text_of(item, "record"));
        table_add(table, STYLE_PLAIN, "%s", text_of(item, "type"));
        table_add(table, STYLE_PLAIN, "%s", text_of(item, "set"));
    }
    table_finish(table, 2);
}
