/* SPDX-License-Identifier: Apache-2.0 */
/* B2, from the settings to a list of health checks. What there is is compared with it in
 * health_match.c. */
#include "health_plan.h"

#include <stdio.h>
#include <string.h>

#include "record.h"

/* ---- who is asked ---- */

static bool has_beacon(const struct elector *elector)
{
    return elector->beacon.url[0] != '\0';
}

uint32_t health_plan_beacons(const struct settings *settings)
{
    uint32_t count = 0;

    for (uint32_t p = 0; p < settings->elector_count; p++)
        count += has_beacon(&settings->electors[p]);
    return count;
}

static const struct beacon_word *word_of(const struct group *group, uint32_t region)
{
    for (uint32_t i = 0; i < group->word_count; i++) {
        if (group->words[i].region == region)
            return &group->words[i];
    }
    return NULL;
}

/* ---- an item ---- */

static const char *keep(struct pool *pool, const char *text)
{
    return pool_copy(pool, text, strlen(text));
}

void health_plan_whose(const struct settings *settings, uint32_t group,
                       char ret_text[HEALTH_WHOSE_LENGTH + 1])
{
    const struct group *g = &settings->groups[group];
    const struct service_record *record = settings_own_record(settings, g->services[0]);
    char text[1024];
    char whose[PLAN_LENGTH + 1];
    int length =
        snprintf(text, sizeof(text), "%s\n%s\n", settings->zones[record->zone].id, g->name);

    plan_digest(text, (size_t)length, whose);
    snprintf(ret_text, HEALTH_WHOSE_LENGTH + 1, "rs1-%s-", whose);
}

/* Two halves: whose check it is, and which. What Route 53 never changes in a check (its kind, its
 * interval, whether it is asked by address) is part of the second. */
static void make_stem(const struct settings *settings, struct health_item *item)
{
    char text[1024];
    char whose[HEALTH_WHOSE_LENGTH + 1];
    char which[PLAN_LENGTH + 1];
    int length = snprintf(
        text, sizeof(text), "%s\n%s\n%d\n%lld\n%d\n", settings->regions[item->region],
        item->probe != NONE ? settings->electors[item->probe].name : "", (int)item->config.kind,
        (long long)item->config.interval_s, item->config.address[0] != '\0');

    health_plan_whose(settings, item->group, whose);
    plan_digest(text, (size_t)length, which);
    snprintf(item->stem, sizeof(item->stem), "%s%s-", whose, which);
}

static int make_child(struct health_plan *plan, struct health_item *item)
{
    const struct settings *settings = plan->settings;
    const struct group *group = &settings->groups[item->group];
    const struct beacon_place *place = &settings->electors[item->probe].beacon;
    const struct beacon_word *word = word_of(group, item->region);
    char path[2 * HEALTH_PATH_MAX];

    snprintf(path, sizeof(path), "%s/beacon/%s/%s", place->path, group->name,
             settings->regions[item->region]);
    item->config = (struct health_config){
        .kind = place->tls ? HEALTH_HTTPS : HEALTH_HTTP,
        .address = place->is_address ? place->host : "",
        .port = place->port,
        .path = keep(plan->pool, path),
        .host = place->is_address ? "" : place->host,
        .search = plan->rotate && word->next[0] != '\0' ? word->next : word->word,
        .interval_s = settings->health_interval_s,
        .fall = settings->health_fall,
        .threshold = -1,
        .sends_name = place->tls && !place->is_address,
        .regions = settings->health_regions,
        .region_count = settings->health_region_count};
    snprintf(item->name, sizeof(item->name), "regionshift %.60s: %.60s says leave %.60s",
             group->name, settings->electors[item->probe].name, settings->regions[item->region]);
    item->is_ready = true;
    make_stem(settings, item);
    return item->config.path != NULL ? 0 : -1;
}

static void make_calculated(struct health_plan *plan, struct health_item *item)
{
    const struct settings *settings = plan->settings;

    item->config = (struct health_config){.kind = HEALTH_CALCULATED,
                                          .address = "",
                                          .port = -1,
                                          .path = "",
                                          .host = "",
                                          .search = "",
                                          .interval_s = -1,
                                          .fall = -1,
                                          .is_inverted = true,
                                          .threshold = settings->quorum_down};
    snprintf(item->name, sizeof(item->name),
             "regionshift %.60s: %.60s unless %u of %u say leave (inverted)",
             settings->groups[item->group].name, settings->regions[item->region],
             settings->quorum_down, health_plan_beacons(settings));
    make_stem(settings, item);
}

static int make_region(struct health_plan *plan, uint32_t group, uint32_t region)
{
    const struct settings *settings = plan->settings;

    for (uint32_t p = 0; p <= settings->elector_count; p++) {
        bool is_child = p < settings->elector_count;
        struct health_item *item = &plan->items[plan->count];

        if (is_child && !has_beacon(&settings->electors[p]))
            continue;
        *item = (struct health_item){.group = group,
                                     .region = region,
                                     .probe = is_child ? p : NONE,
                                     .generation = 1,
                                     .step = HEALTH_CREATE};
        if (!is_child)
            make_calculated(plan, item);
        else if (make_child(plan, item) != 0)
            return -1;
        plan->count++;
    }
    return 0;
}

/* ---- the plan ---- */

static uint32_t item_count(const struct settings *settings)
{
    uint32_t count = 0;

    for (uint32_t g = 0; g < settings->group_count; g++) {
        if (settings->groups[g].beacons)
            count += settings->groups[g].order_count * (health_plan_beacons(settings) + 1);
    }
    return count;
}

/* A sentence, or NULL: there is something to plan. */
static const char *obstacle(const struct settings *settings)
{
    if (item_count(settings) == 0)
        return NULL; /* what is left over may still be there */
    if (health_plan_beacons(settings) < settings->quorum_down)
        return "fewer probes have a beacon (quorum.probes[].beacon) than quorum.down asks for, so "
               "their words could never suffice";
    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct group *group = &settings->groups[g];

        for (uint32_t i = 0; group->beacons && i < group->order_count; i++) {
            const struct beacon_word *word = word_of(group, group->order[i]);

            if (word == NULL || word->word[0] == '\0')
                return "a region has no word, or its secret was not read";
        }
    }
    return NULL;
}

int health_plan_make(const struct settings *settings, bool rotate, struct pool *pool,
                     struct health_plan **ret_plan, char *error, size_t error_size)
{
    struct health_plan *plan = pool_alloc(pool, sizeof(*plan));
    const char *words = obstacle(settings);

    if (words != NULL) {
        snprintf(error, error_size, "%s", words);
        return -2;
    }
    if (plan == NULL)
        return -1;
    *plan = (struct health_plan){.settings = settings, .rotate = rotate, .pool = pool};
    plan->items = pool_alloc(pool, (item_count(settings) + 1) * sizeof(*plan->items));
    if (plan->items == NULL)
        return -1;
    for (uint32_t g = 0; g < settings->group_count; g++) {
        const struct group *group = &settings->groups[g];

        for (uint32_t i = 0; group->beacons && i < group->order_count; i++) {
            if (make_region(plan, g, group->order[i]) != 0)
                return -1;
        }
    }
    *ret_plan = plan;
    return 0;
}

struct health_item *health_plan_parent(const struct health_plan *plan, uint32_t group,
                                       uint32_t region)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        struct health_item *item = &plan->items[i];

        if (item->group == group && item->region == region && item->probe == NONE)
            return item;
    }
    return NULL;
}

void health_plan_reference(const struct health_item *item, char ret_text[HEALTH_REFERENCE_MAX + 1])
{
    snprintf(ret_text, HEALTH_REFERENCE_MAX + 1, "%.60s%u", item->stem, item->generation);
}

void health_plan_tags(const struct health_plan *plan, const struct health_item *item,
                      struct health_tag ret_tags[HEALTH_PLAN_TAGS], size_t *ret_count)
{
    const struct settings *settings = plan->settings;
    size_t count = 0;

    ret_tags[count++] = (struct health_tag){"Name", item->name};
    ret_tags[count++] =
        (struct health_tag){"regionshift:group", settings->groups[item->group].name};
    ret_tags[count++] = (struct health_tag){"regionshift:region", settings->regions[item->region]};
    if (item->probe != NONE)
        ret_tags[count++] =
            (struct health_tag){"regionshift:probe", settings->electors[item->probe].name};
    *ret_count = count;
}

/* ---- what it costs ---- */

void health_plan_cost(const struct health_plan *plan, struct health_cost *ret_cost)
{
    struct health_cost cost = {0};

    for (uint32_t i = 0; i < plan->count; i++) {
        const struct health_item *item = &plan->items[i];
        uint32_t options =
            1u + (item->config.kind == HEALTH_HTTPS) + (item->config.interval_s == 10);
        bool is_aws;

        if (item->probe == NONE) {
            cost.calculated++;
            cost.cents += HEALTH_CENTS_AWS;
            continue;
        }
        is_aws = strcmp(plan->settings->electors[item->probe].owner, "aws") == 0;
        cost.aws += is_aws;
        cost.other += !is_aws;
        cost.options += options;
        cost.cents += is_aws ? HEALTH_CENTS_AWS + (int64_t)options * HEALTH_CENTS_OPTION_AWS
                             : HEALTH_CENTS_OTHER + (int64_t)options * HEALTH_CENTS_OPTION_OTHER;
    }
    *ret_cost = cost;
}

bool health_share_is_healthy(uint32_t successes, uint32_t observations)
{
    return (uint64_t)successes * 100 > (uint64_t)observations * HEALTH_SHARE_PCT;
}
