/* SPDX-License-Identifier: Apache-2.0 */
/* What there is against what there ought to be. The comparison names every member that differs, for
 * whoever has to judge whether somebody changed it on purpose; but for the word itself. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "health_plan.h"

/* ---- which check is which item ---- */

/* The generation that a reference ends in, after the stem; 0: it is not of that stem. */
static unsigned generation_of(const char *reference, const char *stem)
{
    size_t length = strlen(stem);
    unsigned number = 0;

    if (strncmp(reference, stem, length) != 0)
        return 0;
    for (const char *digit = reference + length; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9' || number > HEALTH_GENERATIONS_MAX)
            return 0;
        number = number * 10 + (unsigned)(*digit - '0');
    }
    return number;
}

static void find(struct health_item *item, const struct health_check *checks, uint32_t count)
{
    unsigned newest = 0;

    item->found = NULL;
    for (uint32_t i = 0; i < count; i++) {
        unsigned generation = generation_of(checks[i].reference, item->stem);

        if (generation <= newest)
            continue;
        newest = generation;
        item->found = &checks[i];
    }
    if (newest > item->generation)
        item->generation = newest;
}

/* ---- what differs ---- */

__attribute__((format(printf, 2, 3))) static void differ(struct health_item *item,
                                                         const char *format, ...)
{
    size_t used = strlen(item->differs);
    va_list arguments;

    if (used > 0 && used + 2 < sizeof(item->differs)) {
        memcpy(item->differs + used, "; ", 3);
        used += 2;
    }
    va_start(arguments, format);
    vsnprintf(item->differs + used, sizeof(item->differs) - used, format, arguments);
    va_end(arguments);
}

static void compare_number(struct health_item *item, const char *name, int64_t is, int64_t ought)
{
    if (is != ought)
        differ(item, "%s %" PRId64 ", not %" PRId64, name, is, ought);
}

static void compare_bool(struct health_item *item, const char *name, bool is, bool ought)
{
    if (is != ought)
        differ(item, "%s %s", name, is ? "true, not false" : "false, not true");
}

static void compare_text(struct health_item *item, const char *name, const char *is,
                         const char *ought)
{
    if (strcmp(is, ought) != 0)
        differ(item, "%s", name);
}

static bool has(const char *const *texts, uint32_t count, const char *text)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(texts[i], text) == 0)
            return true;
    }
    return false;
}

/* Neither list has a text twice, or Route 53 would not have taken it. */
static bool is_same_set(const char *const *a, uint32_t a_count, const char *const *b,
                        uint32_t b_count)
{
    for (uint32_t i = 0; i < a_count; i++) {
        if (!has(b, b_count, a[i]))
            return false;
    }
    return a_count == b_count;
}

/* Without --rotate the next word is as good: the checks look for it after a rotation, until the
 * settings call it the word. */
static bool word_fits(const struct health_plan *plan, const struct health_item *item)
{
    const struct group *group = &plan->settings->groups[item->group];
    const char *is = item->found->config.search;

    if (strcmp(is, item->config.search) == 0)
        return true;
    for (uint32_t i = 0; !plan->rotate && i < group->word_count; i++) {
        if (group->words[i].region == item->region && group->words[i].next[0] != '\0' &&
            strcmp(group->words[i].next, is) == 0)
            return true;
    }
    return false;
}

static void compare_child(const struct health_plan *plan, struct health_item *item)
{
    const struct health_config *is = &item->found->config;
    const struct health_config *ought = &item->config;

    compare_text(item, "IPAddress", is->address, ought->address);
    compare_number(item, "Port", is->port, ought->port);
    compare_text(item, "ResourcePath", is->path, ought->path);
    compare_text(item, "FullyQualifiedDomainName", is->host, ought->host);
    if (!word_fits(plan, item))
        differ(item, "SearchString");
    compare_number(item, "FailureThreshold", is->fall, ought->fall);
    compare_bool(item, "EnableSNI", is->sends_name, ought->sends_name);
    if (ought->region_count > 0 &&
        !is_same_set(is->regions, is->region_count, ought->regions, ought->region_count))
        differ(item, "Regions");
}

static void compare(const struct health_plan *plan, struct health_item *item)
{
    const struct health_config *is = &item->found->config;
    const struct health_config *ought = &item->config;

    item->differs[0] = '\0';
    if (item->found->is_linked || is->kind != ought->kind ||
        (ought->interval_s >= 0 && is->interval_s != ought->interval_s)) {
        differ(item, "its kind is another, and Route 53 does not change that");
        item->step = HEALTH_FOREIGN;
        return;
    }
    if (item->probe != NONE)
        compare_child(plan, item);
    else
        compare_number(item, "HealthThreshold", is->threshold, ought->threshold);
    if (item->probe == NONE &&
        !is_same_set(is->children, is->child_count, ought->children, ought->child_count))
        differ(item, "ChildHealthChecks");
    compare_bool(item, "Inverted", is->is_inverted, ought->is_inverted);
    compare_bool(item, "Disabled", is->is_disabled, ought->is_disabled);
    item->step = item->differs[0] != '\0' ? HEALTH_UPDATE : HEALTH_KEEP;
}

/* ---- the calculated checks ---- */

/* Their children, as far as they are there. */
static int link_children(struct health_plan *plan, struct health_item *parent)
{
    const char **ids = pool_alloc(plan->pool, (plan->count + 1) * sizeof(*ids));
    uint32_t count = 0;

    if (ids == NULL)
        return -1;
    parent->is_ready = true;
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct health_item *child = &plan->items[i];

        if (child->group != parent->group || child->region != parent->region ||
            child->probe == NONE)
            continue;
        if (child->found != NULL)
            ids[count++] = child->found->id;
        else
            parent->is_ready = false;
    }
    parent->config.children = ids;
    parent->config.child_count = count;
    return 0;
}

/* ---- what nobody asked for ---- */

static bool is_item(const struct health_plan *plan, const struct health_check *check)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        if (plan->items[i].found == check)
            return true;
    }
    return false;
}

/* By the first half of its reference: of a group of ours in its zone, with beacons or not. */
static bool is_ours(const struct health_plan *plan, const struct health_check *check)
{
    for (uint32_t g = 0; g < plan->settings->group_count; g++) {
        char whose[HEALTH_WHOSE_LENGTH + 1];

        health_plan_whose(plan->settings, g, whose);
        if (strncmp(check->reference, whose, HEALTH_WHOSE_LENGTH) == 0)
            return true;
    }
    return false;
}

static int find_left_over(struct health_plan *plan, const struct health_check *checks,
                          uint32_t count)
{
    plan->left_over_count = 0;
    plan->left_over = pool_alloc(plan->pool, (count + 1) * sizeof(*plan->left_over));
    if (plan->left_over == NULL)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        if (is_ours(plan, &checks[i]) && !is_item(plan, &checks[i]))
            plan->left_over[plan->left_over_count++] = &checks[i];
    }
    return 0;
}

/* ---- the plan ---- */

int health_plan_match(struct health_plan *plan, const struct health_check *checks, uint32_t count)
{
    for (uint32_t i = 0; i < plan->count; i++)
        find(&plan->items[i], checks, count);
    for (uint32_t i = 0; i < plan->count; i++) {
        struct health_item *item = &plan->items[i];

        if (item->probe == NONE && link_children(plan, item) != 0)
            return -1;
        item->differs[0] = '\0';
        item->step = HEALTH_CREATE;
        if (item->found != NULL)
            compare(plan, item);
    }
    return find_left_over(plan, checks, count);
}

struct health_item *health_plan_next(const struct health_plan *plan)
{
    for (uint32_t i = 0; i < plan->count; i++) {
        struct health_item *item = &plan->items[i];

        if (item->is_ready && (item->step == HEALTH_CREATE || item->step == HEALTH_UPDATE))
            return item;
    }
    return NULL;
}

/* ---- a copy ---- */

static const char *copy_text(struct pool *pool, const char *text, int *status)
{
    const char *copy = pool_copy(pool, text, strlen(text));

    if (copy == NULL)
        *status = -1;
    return copy;
}

static const char *const *copy_list(struct pool *pool, const char *const *texts, uint32_t count,
                                    int *status)
{
    const char **copies = pool_alloc(pool, (count + 1) * sizeof(*copies));

    if (copies == NULL) {
        *status = -1;
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++)
        copies[i] = copy_text(pool, texts[i], status);
    return copies;
}

int health_check_copy(struct pool *pool, const struct health_check *check,
                      struct health_check *ret_check)
{
    struct health_check copy = *check;
    struct health_config *config = &copy.config;
    int status = 0;

    copy.id = copy_text(pool, check->id, &status);
    copy.reference = copy_text(pool, check->reference, &status);
    config->address = copy_text(pool, config->address, &status);
    config->path = copy_text(pool, config->path, &status);
    config->host = copy_text(pool, config->host, &status);
    config->search = copy_text(pool, config->search, &status);
    config->children = copy_list(pool, config->children, config->child_count, &status);
    config->regions = copy_list(pool, config->regions, config->region_count, &status);
    if (status == 0)
        *ret_check = copy;
    return status;
}
