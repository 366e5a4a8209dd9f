/* SPDX-License-Identifier: Apache-2.0 */
/* What would be there, what is, and what it costs. The words themselves are never shown. */
#include <stdio.h>

#include "init_health.h"
#include "render.h"

static const char *const step_names[] = {
    [HEALTH_KEEP] = "keep",
    [HEALTH_CREATE] = "create",
    [HEALTH_UPDATE] = "update",
    [HEALTH_FOREIGN] = "foreign",
};

static enum style style_of(enum health_step step)
{
    return step == HEALTH_KEEP ? STYLE_DIM : step == HEALTH_FOREIGN ? STYLE_BAD : STYLE_WARN;
}

static uint32_t count_step(const struct health_plan *plan, enum health_step step)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < plan->count; i++)
        count += plan->items[i].step == step;
    return count;
}

/* ---- for people ---- */

static void add_item(struct table *table, const struct checkup *checkup,
                     const struct health_item *item)
{
    const struct settings *settings = checkup->settings;
    const char *id = item->found != NULL ? item->found->id : "";

    table_add(table, style_of(item->step), "%s", step_names[item->step]);
    if (item->probe != NONE) {
        const struct beacon_place *place = &settings->electors[item->probe].beacon;

        table_add(table, STYLE_PLAIN, "%s", settings->electors[item->probe].name);
        table_add(table, STYLE_PLAIN, "%s://%s:%u%s", place->tls ? "https" : "http", place->host,
                  place->port, item->config.path);
    } else {
        table_add(table, STYLE_PLAIN, "calculated");
        table_add(table, STYLE_PLAIN, "unhealthy when %lld of %u say leave (inverted)",
                  (long long)item->config.threshold, health_plan_beacons(settings));
    }
    table_add(table, STYLE_DIM, "%s", id);
    table_add(table, style_of(item->step), "%s", item->differs);
}

static void show_region(const struct checkup *checkup, uint32_t group, uint32_t region)
{
    const json_t *entry = checkup_region(checkup, group, region);
    struct table *table = table_create(5);

    printf("  ");
    render_styled(STYLE_HEAD, checkup->settings->regions[region]);
    printf("%s\n", true_of(entry, "lit") ? ": its beacon is lit, the region is left now" : "");
    for (uint32_t i = 0; i < checkup->plan->count; i++) {
        const struct health_item *item = &checkup->plan->items[i];

        if (item->group == group && item->region == region)
            add_item(table, checkup, item);
    }
    table_finish(table, 4);
    printf("    attached to %zu of %zu record sets\n",
           json_array_size(json_object_get(entry, "sets")) -
               checkup_unattached(checkup, group, region),
           json_array_size(json_object_get(entry, "sets")));
}

static void show_cost(const struct checkup *checkup)
{
    struct health_cost cost;

    health_plan_cost(checkup->plan, &cost);
    printf("\n%u health checks: %u to make, %u to update; the account has %u (of %d, unless AWS "
           "was asked for more)\n",
           checkup->plan->count, count_step(checkup->plan, HEALTH_CREATE),
           count_step(checkup->plan, HEALTH_UPDATE), checkup->check_count,
           HEALTH_CHECKS_DEFAULT_LIMIT);
    printf("about $%lld.%02lld a month: %u endpoints in AWS at $0.50, %u elsewhere at $0.75, %u "
           "calculated at $0.50,\n%u options (string matching, fast interval, HTTPS) at $1.00 in "
           "AWS and $2.00 elsewhere; no free checks\nassumed, taken from AWS's price list as of "
           "2025: https://aws.amazon.com/route53/pricing/\n",
           (long long)cost.cents / 100, (long long)cost.cents % 100, cost.aws, cost.other,
           cost.calculated, cost.options);
    if (checkup->check_count + count_step(checkup->plan, HEALTH_CREATE) >
        HEALTH_CHECKS_DEFAULT_LIMIT)
        render_styled(STYLE_WARN, "that is more than an account has unless AWS was asked for "
                                  "more (Service Quotas, Route 53)\n");
}

static void show_left_over(const struct health_plan *plan)
{
    if (plan->left_over_count == 0)
        return;
    printf(
        "\nleft over from other settings, and asked by nothing here; when no record set has them "
        "any more:\n");
    for (uint32_t i = 0; i < plan->left_over_count; i++)
        printf("  aws route53 delete-health-check --health-check-id %s\n", plan->left_over[i]->id);
}

void show_checkup(const struct checkup *checkup)
{
    const struct settings *settings = checkup->settings;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct group *group = &settings->groups[g];

        if (!group->beacons)
            continue;
        printf("group ");
        render_styled(STYLE_HEAD, group->name);
        printf("\n");
        for (uint32_t i = 0; i < group->order_count; i++)
            show_region(checkup, g, group->order[i]);
    }
    if (checkup->plan->count > 0)
        show_cost(checkup);
    else
        printf("no group has beacons = true: nothing is to be made\n");
    show_left_over(checkup->plan);
}

void show_checkup_done(const struct checkup *checkup)
{
    const struct settings *settings = checkup->settings;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        const json_t *group = checkup_group(checkup, g);

        if (!settings->groups[g].beacons)
            continue;
        render_styled(STYLE_GOOD, "done: ");
        printf("%s: every region's health check is healthy and on its record sets, at epoch "
               "%lld\n",
               settings->groups[g].name, number_of(group, "fence"));
    }
    if (checkup->arguments->rotate)
        printf("the checks look for the next words: make them the words, take next away, reload "
               "every probe\n");
}

/* ---- JSON ---- */

static json_t *item_json(const struct checkup *checkup, const struct health_item *item)
{
    const struct settings *settings = checkup->settings;

    return json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s?, s:s}", "group",
                     settings->groups[item->group].name, "region", settings->regions[item->region],
                     "probe", item->probe != NONE ? settings->electors[item->probe].name : NULL,
                     "name", item->name, "step", step_names[item->step], "id",
                     item->found != NULL ? item->found->id : NULL, "differs", item->differs);
}

static json_t *left_over_json(const struct health_plan *plan)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < plan->left_over_count; i++)
        json_array_append_new(list, json_string(plan->left_over[i]->id));
    return list;
}

void show_checkup_json(const struct checkup *checkup)
{
    struct health_cost cost;
    json_t *items = json_array();
    json_t *root;
    char *text;

    health_plan_cost(checkup->plan, &cost);
    for (uint32_t i = 0; i < checkup->plan->count; i++)
        json_array_append_new(items, item_json(checkup, &checkup->plan->items[i]));
    root = json_pack(
        "{s:i, s:b, s:i, s:i, s:i, s:i, s:o, s:o, s:O, s:I}", "v", 1, "done", checkup->is_done,
        "made", (int)checkup->made, "updated", (int)checkup->updated, "attached_groups",
        (int)checkup->attached, "account_has", (int)checkup->check_count, "checks", items,
        "left_over", left_over_json(checkup->plan), "groups",
        json_object_get(checkup->listing, "groups"), "monthly_cents", (json_int_t)cost.cents);
    text = must(json_dumps(must(root), JSON_INDENT(2) | JSON_ENSURE_ASCII));
    puts(text);
    free(text);
    json_decref(root);
}
