/* SPDX-License-Identifier: Apache-2.0 */
/* The checks go from the outside in: the batch, each item, its pair, the fence, the weights that
 * would be left. The first complaint ends it. */
#include "batch_guard.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "result.h"

enum { SHOWN_NAME_MAX = 120, FENCE_NAME_MAX = 254 };

struct guard {
    const struct settings *settings;
    const struct batch *batch;
    const struct zone_view *view;
    char fence[FENCE_NAME_MAX];
    char *error;
    size_t error_size;
};

__attribute__((format(printf, 3, 4))) static enum batch_verdict
complain(const struct guard *guard, enum batch_verdict verdict, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(guard->error, guard->error_size, format, arguments);
    va_end(arguments);
    return verdict;
}

/* "C5: item 2, CREATE A www.example.com other: words". */
static enum batch_verdict complain_item(const struct guard *guard, enum batch_verdict verdict,
                                        const char *rule, const struct batch_item *item,
                                        const char *words)
{
    char name[SHOWN_NAME_MAX + 1], set[SHOWN_NAME_MAX + 1], type[17];

    text_escape(name, sizeof(name), item->set.name, strlen(item->set.name));
    text_escape(set, sizeof(set), item->set.set, strlen(item->set.set));
    text_escape(type, sizeof(type), item->set.type, strlen(item->set.type));
    return complain(guard, verdict, "%s: item %td, %s %s %s %s: %s", rule,
                    item - guard->batch->items + 1,
                    item->action == BATCH_DELETE ? "DELETE" : "CREATE", type, name, set, words);
}

/* ---- record sets ---- */

static bool is_same_key(const struct record_set *a, const struct record_set *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->type, b->type) == 0 &&
           strcmp(a->set, b->set) == 0;
}

static bool has_same_values(const struct record_set *a, const struct record_set *b)
{
    if (a->value_count != b->value_count)
        return false;
    for (uint32_t i = 0; i < a->value_count; i++) {
        if (strcmp(a->values[i], b->values[i]) != 0)
            return false;
    }
    return true;
}

/* All but weight and health check. */
static bool is_same_target(const struct record_set *a, const struct record_set *b)
{
    return is_same_key(a, b) && a->ttl_s == b->ttl_s && has_same_values(a, b) &&
           strcmp(a->alias_zone, b->alias_zone) == 0 && strcmp(a->alias_name, b->alias_name) == 0 &&
           a->alias_evaluate == b->alias_evaluate && strcmp(a->region, b->region) == 0 &&
           strcmp(a->failover, b->failover) == 0 && a->other_routing == b->other_routing;
}

/* All but the weight (C4). */
static bool is_same_but_weight(const struct record_set *a, const struct record_set *b)
{
    return is_same_target(a, b) && strcmp(a->health_check, b->health_check) == 0;
}

static const struct record_set *find_in_view(const struct guard *guard,
                                             const struct record_set *key)
{
    for (uint32_t i = 0; i < guard->view->set_count; i++) {
        if (is_same_key(&guard->view->sets[i], key))
            return &guard->view->sets[i];
    }
    return NULL;
}

/* The item of that action and key before `end`. */
static const struct batch_item *find_item(const struct guard *guard, enum batch_action action,
                                          const struct record_set *key, uint32_t end)
{
    for (uint32_t i = 0; i < end; i++) {
        const struct batch_item *item = &guard->batch->items[i];

        if (item->action == action && is_same_key(&item->set, key))
            return item;
    }
    return NULL;
}

static struct record_set key_of_set(const struct settings *settings, const struct site_set *set)
{
    const struct service_record *record = &settings->records[set->record];

    return (struct record_set){.name = record->name, .type = record->type, .set = set->set};
}

/* ---- the batch ---- */

static enum batch_verdict check_batch(struct guard *guard)
{
    const struct batch *batch = guard->batch;
    const struct settings *settings = guard->settings;

    if (batch->zone >= settings->zone_count || batch->group >= settings->group_count)
        return complain(guard, BATCH_FORBIDDEN, "C5: zone or group outside the settings");
    if (guard->view == NULL || guard->view->zone != batch->zone)
        return complain(guard, BATCH_STALE, "C5: the zone has not been read by this client yet");
    if (batch->item_count == 0 || batch->item_count > BATCH_ITEMS_MAX)
        return complain(guard, BATCH_FORBIDDEN, "C1: %u items, 1 to %d are allowed",
                        batch->item_count, BATCH_ITEMS_MAX);
    if (strlen(batch->comment) > BATCH_COMMENT_MAX)
        return complain(guard, BATCH_FORBIDDEN, "C1: a comment of more than %d characters",
                        BATCH_COMMENT_MAX);
    if (fence_name(settings->groups[batch->group].name, guard->view->apex, guard->fence,
                   sizeof(guard->fence)) != 0)
        return complain(guard, BATCH_FORBIDDEN, "C2: the fence's name is too long");
    return BATCH_ALLOWED;
}

static enum batch_verdict check_size(const struct guard *guard)
{
    size_t values = 0;
    size_t characters = 0;

    for (uint32_t i = 0; i < guard->batch->item_count; i++) {
        const struct record_set *set = &guard->batch->items[i].set;

        values += set->value_count;
        for (uint32_t j = 0; j < set->value_count; j++)
            characters += strlen(set->values[j]);
    }
    if (values > BATCH_VALUES_MAX || characters > BATCH_CHARACTERS_MAX)
        return complain(guard, BATCH_FORBIDDEN,
                        "C1: %zu values of %zu characters, at most %d of %d are allowed", values,
                        characters, BATCH_VALUES_MAX, BATCH_CHARACTERS_MAX);
    return BATCH_ALLOWED;
}

/* ---- an item ---- */

static bool is_never_ours(const char *type)
{
    return strcmp(type, "NS") == 0 || strcmp(type, "SOA") == 0 || strcmp(type, "DS") == 0;
}

static bool is_fence(const struct guard *guard, const struct record_set *set)
{
    return strcmp(set->type, "TXT") == 0 && strcmp(set->name, guard->fence) == 0;
}

/* A site's set of the batch's own group and zone. */
static bool is_site(const struct guard *guard, const struct record_set *set)
{
    const struct settings *settings = guard->settings;

    for (uint32_t i = 0; i < settings->set_count; i++) {
        const struct service_record *record = &settings->records[settings->sets[i].record];
        struct record_set key = key_of_set(settings, &settings->sets[i]);

        if (record->zone == guard->batch->zone &&
            settings->services[record->service].group == guard->batch->group &&
            is_same_key(&key, set))
            return true;
    }
    return false;
}

/* The region of a set that is a site's; NONE: it is nobody's. */
static uint32_t region_of(const struct guard *guard, const struct record_set *set)
{
    const struct settings *settings = guard->settings;

    for (uint32_t i = 0; i < settings->set_count; i++) {
        struct record_set key = key_of_set(settings, &settings->sets[i]);

        if (settings->records[settings->sets[i].record].zone == guard->batch->zone &&
            is_same_key(&key, set))
            return settings->sites[settings->sets[i].site].region;
    }
    return NONE;
}

static bool is_plain_weighted(const struct record_set *set)
{
    return set->weight >= 0 && set->weight <= WEIGHT_MAX && set->set[0] != '\0' &&
           set->region[0] == '\0' && set->failover[0] == '\0' && !set->other_routing;
}

static bool is_plain_fence(const struct record_set *set)
{
    return set->weight == -1 && set->set[0] == '\0' && set->region[0] == '\0' &&
           set->failover[0] == '\0' && !set->other_routing && set->alias_name[0] == '\0';
}

static enum batch_verdict check_item(const struct guard *guard, const struct batch_item *item)
{
    const struct record_set *set = &item->set;
    uint32_t before = (uint32_t)(item - guard->batch->items);

    if (item->action != BATCH_DELETE && item->action != BATCH_CREATE)
        return complain_item(guard, BATCH_FORBIDDEN, "C1", item,
                             "only DELETE and CREATE are allowed");
    if (is_never_ours(set->type))
        return complain_item(guard, BATCH_FORBIDDEN, "C5", item, "NS, SOA and DS are never ours");
    if (find_item(guard, item->action, set, before) != NULL)
        return complain_item(guard, BATCH_FORBIDDEN, "C1", item, "it stands in the batch twice");
    if (is_fence(guard, set))
        return is_plain_fence(set) ? BATCH_ALLOWED
                                   : complain_item(guard, BATCH_FORBIDDEN, "C2", item,
                                                   "a fence has no weight and no routing");
    if (!is_site(guard, set))
        return complain_item(guard, BATCH_FORBIDDEN, "C5", item,
                             "no record set of this group in the settings");
    if (!is_plain_weighted(set))
        return complain_item(guard, BATCH_FORBIDDEN, "C5", item,
                             "only weighted record sets, weights 0 to 255, are ours");
    return BATCH_ALLOWED;
}

/* ---- an item and its pair ---- */

static enum batch_verdict check_delete(const struct guard *guard, const struct batch_item *item)
{
    const struct record_set *read = find_in_view(guard, &item->set);

    if (find_item(guard, BATCH_CREATE, &item->set, guard->batch->item_count) == NULL)
        return complain_item(guard, BATCH_FORBIDDEN, "C1", item, "a DELETE without its CREATE");
    if (read == NULL || read->weight != item->set.weight || !is_same_but_weight(read, &item->set))
        return complain_item(guard, BATCH_STALE, "C1", item, "not what was read last");
    return BATCH_ALLOWED;
}

/* A health check that two regions shared would take both away at once. */
static bool is_shared(const struct guard *guard, const struct record_set *set)
{
    const struct settings *settings = guard->settings;
    uint32_t region = region_of(guard, set);

    for (uint32_t i = 0; i < settings->set_count; i++) {
        struct record_set key = key_of_set(settings, &settings->sets[i]);
        const struct batch_item *other =
            find_item(guard, BATCH_CREATE, &key, guard->batch->item_count);
        const struct record_set *read = other != NULL ? &other->set : find_in_view(guard, &key);

        if (settings->sites[settings->sets[i].site].region != region && read != NULL &&
            strcmp(read->health_check, set->health_check) == 0)
            return true;
    }
    return false;
}

/* B2: nothing changes but the health check, which is another one, and this region's own. */
static enum batch_verdict check_attach(const struct guard *guard, const struct batch_item *item,
                                       const struct record_set *before)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
    const char *check = item->set.health_check;

    if (!guard->settings->groups[guard->batch->group].beacons)
        return complain_item(guard, BATCH_FORBIDDEN, "B2", item, "its group has no beacons");
    if (!is_same_target(before, &item->set) || before->weight != item->set.weight)
        return complain_item(guard, BATCH_FORBIDDEN, "C4", item,
                             "more than the health check would change");
    if (check[0] == '\0' || strlen(check) > BATCH_HEALTH_MAX ||
        check[strspn(check, letters)] != '\0')
        return complain_item(guard, BATCH_FORBIDDEN, "B2", item, "no id of a health check");
    if (is_shared(guard, &item->set))
        return complain_item(guard, BATCH_FORBIDDEN, "B2", item,
                             "another region has the same health check: both would leave at once");
    return BATCH_ALLOWED;
}

/* D9: what is made new is what the settings say, to the letter. */
static bool is_of_settings(const struct guard *guard, const struct record_set *set)
{
    const struct settings *settings = guard->settings;

    for (uint32_t i = 0; i < settings->set_count; i++) {
        const struct site_set *ours = &settings->sets[i];
        const struct service_record *record = &settings->records[ours->record];
        struct record_set key = key_of_set(settings, ours);
        bool is_alias = ours->alias_name[0] != '\0';

        if (record->zone != guard->batch->zone || !is_same_key(&key, set))
            continue;
        key.ttl_s = is_alias ? -1 : record->ttl_s;
        key.values = &ours->value;
        key.value_count = is_alias ? 0 : 1;
        key.alias_zone = ours->alias_zone;
        key.alias_name = ours->alias_name;
        key.alias_evaluate = ours->alias_evaluate;
        key.health_check = key.region = key.failover = "";
        return settings_set_is_whole(ours) && is_same_but_weight(&key, set);
    }
    return false;
}

static enum batch_verdict check_create(const struct guard *guard, const struct batch_item *item)
{
    uint32_t before = (uint32_t)(item - guard->batch->items);
    const struct batch_item *pair = find_item(guard, BATCH_DELETE, &item->set, before);
    bool is_alone_allowed = guard->batch->is_init || is_fence(guard, &item->set);

    if (pair != NULL && is_fence(guard, &item->set))
        return BATCH_ALLOWED;
    if (pair != NULL && guard->batch->is_attach)
        return check_attach(guard, item, &pair->set);
    if (pair != NULL)
        return is_same_but_weight(&pair->set, &item->set)
                   ? BATCH_ALLOWED
                   : complain_item(guard, BATCH_FORBIDDEN, "C4", item,
                                   "more than the weight would change");
    if (!is_alone_allowed)
        return complain_item(guard, BATCH_FORBIDDEN, "C1", item,
                             "a CREATE without its DELETE before it");
    if (find_in_view(guard, &item->set) != NULL)
        return complain_item(guard, BATCH_STALE, "C1", item, "the zone has it already");
    if (!is_fence(guard, &item->set) && !is_of_settings(guard, &item->set))
        return complain_item(guard, BATCH_FORBIDDEN, "D9", item, "not what the settings say");
    return BATCH_ALLOWED;
}

static enum batch_verdict check_items(const struct guard *guard)
{
    enum batch_verdict verdict = BATCH_ALLOWED;

    for (uint32_t i = 0; i < guard->batch->item_count && verdict == BATCH_ALLOWED; i++)
        verdict = check_item(guard, &guard->batch->items[i]);
    for (uint32_t i = 0; i < guard->batch->item_count && verdict == BATCH_ALLOWED; i++) {
        const struct batch_item *item = &guard->batch->items[i];

        verdict =
            item->action == BATCH_DELETE ? check_delete(guard, item) : check_create(guard, item);
    }
    return verdict;
}

/* ---- the fence ---- */

/* The epoch the zone's fence holds; 0: there is no fence, or a text that is none. Its group's text,
 * with an epoch that leaps above the batch's, was written by nobody who counts. */
static uint64_t epoch_in_view(const struct guard *guard)
{
    const struct record_set key = {.name = guard->fence, .type = "TXT", .set = ""};
    const struct record_set *set = find_in_view(guard, &key);
    struct fence fence;

    if (set == NULL || set->value_count != 1 || fence_parse(set->values[0], &fence) != 0 ||
        strcmp(fence.group, guard->settings->groups[guard->batch->group].name) != 0 ||
        fence_leaps(fence.epoch, guard->batch->epoch))
        return 0; /* a text of another group, put here, orders nothing */
    return fence.epoch;
}

static enum batch_verdict check_fence(const struct guard *guard)
{
    const struct batch *batch = guard->batch;
    const struct record_set key = {.name = guard->fence, .type = "TXT", .set = ""};
    const struct batch_item *item = find_item(guard, BATCH_CREATE, &key, batch->item_count);
    struct fence fence;

    if (item == NULL)
        return complain(guard, BATCH_FORBIDDEN, "C1: the batch does not replace the fence");
    if (item->set.value_count != 1 || fence_parse(item->set.values[0], &fence) != 0)
        return complain_item(guard, BATCH_FORBIDDEN, "C2", item, "its text is no fence");
    if (strcmp(fence.group, guard->settings->groups[batch->group].name) != 0 ||
        fence.epoch != batch->epoch || strcmp(fence.nonce, batch->nonce) != 0)
        return complain_item(guard, BATCH_FORBIDDEN, "C2", item,
                             "it does not say group, epoch and nonce of its batch");
    if (fence.epoch <= epoch_in_view(guard))
        return complain_item(guard, BATCH_FORBIDDEN, "C2", item,
                             "its epoch is not above that of the fence in the zone");
    return BATCH_ALLOWED;
}

/* ---- the weights that would be left ---- */

static int weight_after(const struct guard *guard, const struct record_set *key, bool *ret_touched)
{
    const struct batch_item *item = find_item(guard, BATCH_CREATE, key, guard->batch->item_count);
    const struct record_set *read = find_in_view(guard, key);

    if (item != NULL) {
        *ret_touched = true;
        return item->set.weight;
    }
    return read != NULL && read->weight > 0 ? read->weight : 0;
}

/* The set that the nth site of its service has under a record. */
static const struct site_set *set_of_record(const struct settings *settings, uint32_t record,
                                            uint32_t nth)
{
    const struct service *service = &settings->services[settings->records[record].service];
    const struct site *site = &settings->sites[service->first_site + nth];

    return &settings->sets[site->first_set + record - service->first_record];
}

/* C1: a decision has one weight for a site, so all of its sets in the zone end with the same. */
static bool site_would_split(const struct guard *guard, const struct site *site)
{
    const struct settings *settings = guard->settings;
    bool is_touched = false;
    bool differs = false;
    int common = -1;

    for (uint32_t i = site->first_set; i < site->first_set + site->set_count; i++) {
        struct record_set key = key_of_set(settings, &settings->sets[i]);
        int weight;

        if (settings->records[settings->sets[i].record].zone != guard->batch->zone)
            continue;
        weight = weight_after(guard, &key, &is_touched);
        differs |= common >= 0 && weight != common;
        common = weight;
    }
    return is_touched && differs;
}

static enum batch_verdict check_sites(const struct guard *guard)
{
    const struct settings *settings = guard->settings;

    for (uint32_t i = 0; i < settings->site_count; i++) {
        if (site_would_split(guard, &settings->sites[i]))
            return complain(guard, BATCH_FORBIDDEN,
                            "C1: the record sets of %s would have different weights",
                            settings->sites[i].name);
    }
    return BATCH_ALLOWED;
}

/* Weight is taken and none is given: the name would live on by a set that the batch does not name,
 * so that somebody could have emptied it since it was read. */
static bool rests_on_unseen(const struct guard *guard, const struct service_record *record)
{
    bool takes = false;

    for (uint32_t i = 0; i < guard->batch->item_count; i++) {
        const struct batch_item *item = &guard->batch->items[i];

        if (strcmp(item->set.name, record->name) != 0 || strcmp(item->set.type, record->type) != 0)
            continue;
        if (item->action == BATCH_CREATE && item->set.weight > 0)
            return false;
        takes |= item->set.weight > 0;
    }
    return takes;
}

/* Record by record. Sets that are not in the settings do not count: traffic left to them alone is
 * lost to us. */
static enum batch_verdict check_weights(const struct guard *guard)
{
    const struct settings *settings = guard->settings;

    for (uint32_t i = 0; i < settings->record_count; i++) {
        const struct service_record *record = &settings->records[i];
        bool is_touched = false;
        int sum = 0;

        if (record->zone != guard->batch->zone)
            continue;
        for (uint32_t j = 0; j < settings->services[record->service].site_count; j++) {
            const struct site_set *set = set_of_record(settings, i, j);
            struct record_set key = key_of_set(settings, set);

            sum += weight_after(guard, &key, &is_touched);
        }
        if (is_touched && sum == 0)
            return complain(guard, BATCH_FORBIDDEN,
                            "C5: all weights of %s %s would be zero, which Route 53 answers with "
                            "all of them",
                            record->name, record->type);
        if (rests_on_unseen(guard, record))
            return complain(guard, BATCH_FORBIDDEN,
                            "C5: %s %s would live on by a set that is not in the batch",
                            record->name, record->type);
    }
    return BATCH_ALLOWED;
}

enum batch_verdict batch_guard(const struct settings *settings, const struct batch *batch,
                               const struct zone_view *view, char *error, size_t error_size)
{
    struct guard guard = {.settings = settings,
                          .batch = batch,
                          .view = view,
                          .error = error,
                          .error_size = error_size};
    enum batch_verdict verdict = check_batch(&guard);

    if (verdict == BATCH_ALLOWED)
        verdict = check_size(&guard);
    if (verdict == BATCH_ALLOWED)
        verdict = check_items(&guard);
    if (verdict == BATCH_ALLOWED)
        verdict = check_fence(&guard);
    if (verdict == BATCH_ALLOWED)
        verdict = check_weights(&guard);
    if (verdict == BATCH_ALLOWED)
        verdict = check_sites(&guard);
    return verdict;
}
