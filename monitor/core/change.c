/* SPDX-License-Identifier: Apache-2.0 */
/* C1: for every record set that changes, and always for the fence, DELETE exactly what was read
 * and CREATE what is wanted. The fence's DELETE is what makes a stale batch fail as a whole. A name
 * that would only lose weight has the set it lives on in the batch, too (C5). */
#include "change.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { FENCE_TTL_S = 10, PLAN_TEXT_MAX = 64 * 1024 };

const struct record_set *change_find_fence(const struct zone_view *view, const char *group)
{
    char name[FENCE_TEXT_MAX + 1];

    if (fence_name(group, view->apex, name, sizeof(name)) < 0)
        return NULL;
    for (uint32_t i = 0; i < view->set_count; i++) {
        if (strcmp(view->sets[i].name, name) == 0 && strcmp(view->sets[i].type, "TXT") == 0)
            return &view->sets[i];
    }
    return NULL;
}

const struct record_set *change_find_set(const struct zone_view *view,
                                         const struct settings *settings, uint32_t set)
{
    const struct site_set *wanted = &settings->sets[set];
    const struct service_record *record = &settings->records[wanted->record];

    for (uint32_t i = 0; i < view->set_count; i++) {
        const struct record_set *found = &view->sets[i];
        if (strcmp(found->name, record->name) == 0 && strcmp(found->type, record->type) == 0 &&
            strcmp(found->set, wanted->set) == 0)
            return found;
    }
    return NULL;
}

void change_digest(const struct settings *settings, uint32_t group, uint32_t zone,
                   const int *weights, char ret_plan[PLAN_LENGTH + 1])
{
    const struct group *g = &settings->groups[group];
    char text[PLAN_TEXT_MAX];
    size_t used = 0;

    for (uint32_t i = 0; i < g->site_count && used < sizeof(text); i++) {
        const struct site *site = &settings->sites[g->sites[i]];
        int n;

        if (!settings_service_in_zone(settings, site->service, zone))
            continue;
        n = snprintf(text + used, sizeof(text) - used, "%s=%d\n", site->name, weights[i]);
        used += n > 0 ? (size_t)n : 0;
    }
    plan_digest(text, used < sizeof(text) ? used : sizeof(text) - 1, ret_plan);
}

bool change_is_fence(const struct record_set *set)
{
    return set->set[0] == '\0' && !set->other_routing && set->value_count == 1;
}

static void add(struct batch *batch, struct batch_item *items, enum batch_action action,
                const struct record_set *set)
{
    items[batch->item_count++] = (struct batch_item){.action = action, .set = *set};
}

static int add_fence(const struct settings *settings, const struct decision *decision,
                     const struct zone_view *view, struct change_space *space, struct batch *batch)
{
    const char *group = settings->groups[decision->group].name;
    const struct record_set *old = change_find_fence(view, group);
    struct record_set new = {.type = "TXT",
                             .set = "",
                             .weight = -1,
                             .ttl_s = FENCE_TTL_S,
                             .value_count = 1,
                             .alias_zone = "",
                             .alias_name = "",
                             .health_check = "",
                             .region = "",
                             .failover = ""};
    struct fence fence = {.epoch = decision->epoch};
    char text[FENCE_TEXT_MAX - 1];
    int length;

    snprintf(fence.group, sizeof(fence.group), "%s", group);
    snprintf(fence.by, sizeof(fence.by), "%s", settings->electors[settings->self].name);
    memcpy(fence.nonce, view->nonce, sizeof(fence.nonce));
    change_digest(settings, decision->group, view->zone, decision->weights, fence.plan);
    if (fence_format(&fence, text, sizeof(text)) < 0 ||
        fence_name(group, view->apex, *space->fence_name, sizeof(*space->fence_name)) < 0)
        return -1;
    length = snprintf(*space->fence, sizeof(*space->fence), "\"%s\"", text);
    if (length < 0 || (size_t)length >= sizeof(*space->fence))
        return -1;
    *space->fence_value = *space->fence;
    new.name = *space->fence_name;
    new.values = space->fence_value;
    if (old != NULL)
        add(batch, space->items, BATCH_DELETE, old);
    add(batch, space->items, BATCH_CREATE, &new);
    return 0;
}

/* A set that `init` may create: the settings say all of it (D9). It was missing then, and is until
 * the first batch has gone through. */
static struct record_set new_set(const struct settings *settings, const struct site_set *set,
                                 int weight)
{
    const struct service_record *record = &settings->records[set->record];
    bool is_alias = set->alias_name[0] != '\0';

    return (struct record_set){.name = record->name,
                               .type = record->type,
                               .set = set->set,
                               .weight = weight,
                               .ttl_s = is_alias ? -1 : record->ttl_s, /* the target's holds */
                               .values = &set->value,
                               .value_count = is_alias ? 0 : 1,
                               .alias_zone = set->alias_zone,
                               .alias_name = set->alias_name,
                               .alias_evaluate = set->alias_evaluate,
                               .health_check = "",
                               .region = "",
                               .failover = ""};
}

/* B2: of an attaching decision the health check is all that changes. A weight that is not the
 * decision's is somebody else's, and has to be judged first (C4). */
static const char *add_health(const struct settings *settings, const struct decision *decision,
                              uint32_t in_group, const struct record_set *old,
                              struct change_space *space, struct batch *batch)
{
    uint32_t site = settings->groups[decision->group].sites[in_group];
    uint32_t region = settings->sites[site].region;
    const char *check = decision->health != NULL ? decision->health[region].text : "";
    struct record_set new = *old;

    if (old->weight != decision->weights[in_group])
        return "weight-differs";
    if (check[0] == '\0' || strcmp(old->health_check, check) == 0)
        return NULL;
    new.health_check = check;
    batch->is_attach = true;
    add(batch, space->items, BATCH_DELETE, old);
    add(batch, space->items, BATCH_CREATE, &new); /* the same weight */
    return NULL;
}

/* C4: only the weight changes; everything else is written back as it was read. */
static const char *add_set(const struct settings *settings, const struct decision *decision,
                           uint32_t in_group, uint32_t set, const struct zone_view *view,
                           struct change_space *space, struct batch *batch)
{
    const struct record_set *old = change_find_set(view, settings, set);
    struct record_set new;

    if (old == NULL) {
        bool was_missing = decision->kind == DECISION_INIT || decision->base[in_group] < 0;
        if (!was_missing || !settings_set_is_whole(&settings->sets[set]))
            return "record-set-missing";
        new = new_set(settings, &settings->sets[set], decision->weights[in_group]);
        batch->is_init = true;
        add(batch, space->items, BATCH_CREATE, &new);
        return NULL;
    }
    if (old->weight < 0 || old->other_routing)
        return "not-weighted";
    if (decision->kind == DECISION_ATTACH)
        return add_health(settings, decision, in_group, old, space, batch);
    if (old->weight == decision->weights[in_group])
        return NULL;
    new = *old;
    new.weight = decision->weights[in_group];
    add(batch, space->items, BATCH_DELETE, old);
    add(batch, space->items, BATCH_CREATE, &new);
    return NULL;
}

/* Every set that the site has in the zone: all of them have its weight. */
static const char *add_site(const struct settings *settings, const struct decision *decision,
                            uint32_t in_group, const struct zone_view *view,
                            struct change_space *space, struct batch *batch)
{
    const struct site *site = &settings->sites[settings->groups[decision->group].sites[in_group]];
    const char *reason = NULL;

    for (uint32_t i = site->first_set; i < site->first_set + site->set_count && reason == NULL;
         i++) {
        if (settings->records[settings->sets[i].record].zone == view->zone)
            reason = add_set(settings, decision, in_group, i, view, space, batch);
    }
    return reason;
}

/* Does the batch take weight from a record and give it none? */
static bool only_takes(const struct batch *batch, const struct service_record *record)
{
    bool takes = false;

    for (uint32_t i = 0; i < batch->item_count; i++) {
        const struct batch_item *item = &batch->items[i];

        if (strcmp(item->set.name, record->name) != 0 || strcmp(item->set.type, record->type) != 0)
            continue;
        if (item->action == BATCH_CREATE && item->set.weight > 0)
            return false;
        takes |= item->set.weight > 0;
    }
    return takes;
}

/* C5: a name that only loses weight lives on by a set that stays as it is. It is written again all
 * the same: the fence says nothing of what somebody does to that set between our reading and the
 * batch, and together the two would have emptied the name. */
static void add_anchors(const struct settings *settings, const struct decision *decision,
                        const struct zone_view *view, struct change_space *space,
                        struct batch *batch)
{
    const struct group *group = &settings->groups[decision->group];

    for (uint32_t i = 0; i < group->site_count; i++) {
        const struct site *site = &settings->sites[group->sites[i]];

        for (uint32_t j = site->first_set; j < site->first_set + site->set_count; j++) {
            const struct service_record *record = &settings->records[settings->sets[j].record];

            if (decision->weights[i] > 0 && record->zone == view->zone &&
                only_takes(batch, record)) {
                const struct record_set *old = change_find_set(view, settings, j);

                assert(old != NULL); /* or it would have been created */
                add(batch, space->items, BATCH_DELETE, old);
                add(batch, space->items, BATCH_CREATE, old);
            }
        }
    }
}

/* C2: somebody gave the fence's name a routing policy: a person has to take that away again. */
static bool is_routed(const struct record_set *fence)
{
    return fence != NULL && (fence->set[0] != '\0' || fence->other_routing);
}

int change_build(const struct settings *settings, const struct decision *decision,
                 const struct zone_view *view, struct change_space *space, struct batch *ret_batch,
                 const char **ret_reason)
{
    const struct group *group = &settings->groups[decision->group];
    struct batch batch = {.zone = view->zone,
                          .group = decision->group,
                          .epoch = decision->epoch,
                          .nonce = view->nonce,
                          .comment = *space->comment,
                          .items = space->items};

    if (is_routed(change_find_fence(view, group->name))) {
        *ret_reason = "fence-routed";
        return -1;
    }
    if (add_fence(settings, decision, view, space, &batch) < 0) {
        *ret_reason = "name-too-long";
        return -1;
    }
    for (uint32_t i = 0; i < group->site_count; i++) {
        const char *reason = add_site(settings, decision, i, view, space, &batch);
        if (reason != NULL) {
            *ret_reason = reason;
            return -1;
        }
    }
    add_anchors(settings, decision, view, space, &batch);
    snprintf(*space->comment, sizeof(*space->comment), "regionshift %s epoch %" PRIu64 " by %s: %s",
             group->name, decision->epoch, settings->electors[settings->self].name,
             decision_kind_name(decision->kind));
    *ret_batch = batch;
    return 0;
}
