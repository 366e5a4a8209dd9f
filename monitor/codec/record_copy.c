/* SPDX-License-Identifier: Apache-2.0 */
#include "record_copy.h"

#include <stdlib.h>
#include <string.h>

/* Remembers that something did not fit, so that a struct is copied field after field. */
struct copier {
    struct pool *pool;
    bool failed;
};

static const char *copy_text(struct copier *copier, const char *text)
{
    const char *copy = pool_copy(copier->pool, text, strlen(text));

    if (copy == NULL)
        copier->failed = true;
    return copy;
}

static const char *const *copy_values(struct copier *copier, const char *const *values,
                                      uint32_t count)
{
    const char **copies = pool_alloc(copier->pool, count * sizeof(*copies));

    if (copies == NULL) {
        copier->failed = true;
        return NULL;
    }
    for (uint32_t i = 0; i < count; i++)
        copies[i] = copy_text(copier, values[i]);
    return copies;
}

static void copy_set(struct copier *copier, const struct record_set *set,
                     struct record_set *ret_set)
{
    *ret_set = *set;
    ret_set->name = copy_text(copier, set->name);
    ret_set->type = copy_text(copier, set->type);
    ret_set->set = copy_text(copier, set->set);
    ret_set->values = copy_values(copier, set->values, set->value_count);
    ret_set->alias_zone = copy_text(copier, set->alias_zone);
    ret_set->alias_name = copy_text(copier, set->alias_name);
    ret_set->health_check = copy_text(copier, set->health_check);
    ret_set->region = copy_text(copier, set->region);
    ret_set->failover = copy_text(copier, set->failover);
}

int record_set_copy(struct pool *pool, const struct record_set *set, struct record_set *ret_set)
{
    struct copier copier = {.pool = pool};
    struct record_set copy;

    copy_set(&copier, set, &copy);
    if (copier.failed)
        return -1;
    *ret_set = copy;
    return 0;
}

int batch_copy(struct pool *pool, const struct batch *batch, struct batch *ret_batch)
{
    struct copier copier = {.pool = pool};
    struct batch copy = *batch;
    struct batch_item *items = pool_alloc(pool, batch->item_count * sizeof(*items));

    if (items == NULL)
        return -1;
    for (uint32_t i = 0; i < batch->item_count; i++) {
        items[i].action = batch->items[i].action;
        copy_set(&copier, &batch->items[i].set, &items[i].set);
    }
    copy.items = items;
    copy.nonce = copy_text(&copier, batch->nonce);
    copy.comment = copy_text(&copier, batch->comment);
    if (copier.failed)
        return -1;
    *ret_batch = copy;
    return 0;
}

/* The view itself lies in its pool as well. */
int zone_view_create(uint32_t zone, const char *apex, const struct record_set *sets,
                     uint32_t set_count, const char *nonce, struct zone_view **ret_view)
{
    struct copier copier = {.pool = pool_create(RECORD_COPY_MAX)};
    struct zone_view *view;
    struct record_set *copies;

    if (copier.pool == NULL)
        return -1;
    view = pool_alloc(copier.pool, sizeof(*view));
    copies = pool_alloc(copier.pool, set_count * sizeof(*copies));
    if (view == NULL || copies == NULL || strlen(nonce) > NONCE_LENGTH)
        goto out;
    for (uint32_t i = 0; i < set_count; i++)
        copy_set(&copier, &sets[i], &copies[i]);
    view->zone = zone;
    view->apex = copy_text(&copier, apex);
    view->sets = copies;
    view->set_count = set_count;
    memcpy(view->nonce, nonce, strlen(nonce));
    view->arena = copier.pool;
    if (copier.failed)
        goto out;
    *ret_view = view;
    return 0;
out:
    pool_destroy(copier.pool);
    return -1;
}

void zone_view_destroy(struct zone_view *view)
{
    if (view != NULL)
        pool_destroy(view->arena);
}
