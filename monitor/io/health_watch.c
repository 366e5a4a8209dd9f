/* SPDX-License-Identifier: Apache-2.0 */
/* A look is a chain of single requests, so that it takes its share of the account's rate and no
 * more:
 *
 *     list, page by page -> match with the plan -> status of each child -> whole: shown
 *
 * What is shown is the last whole look; one that fails leaves it, and its words are shown beside.
 */
#include "health_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "health_api.h"
#include "loop.h"

enum { POOL_MAX = 16 * 1024 * 1024, ACCOUNT_MAX = 2000, MESSAGE_MAX = 300 };

/* What one look collects. */
struct look {
    struct pool *pool;
    struct health_plan *plan;
    struct health_check *checks;
    uint32_t check_count;
    uint32_t next_child; /* whose status is asked for next */
    uint32_t *successes; /* by item of the plan */
    uint32_t *observations;
    msec_t at_ms;
};

struct health_watch {
    uv_loop_t *loop;
    const struct settings *settings;
    struct health_api *api; /* NULL: there are no beacons */
    uv_timer_t timer;
    struct look *under_way;
    struct look *whole;
    bool asked;
    enum route53_outcome outcome;
    char message[MESSAGE_MAX];
    msec_t ended_ms; /* the last look, well or not */
    unsigned apis;   /* not closed yet */
    bool is_closing;
};

/* ---- memory ---- */

static void look_destroy(struct look *look)
{
    if (look == NULL)
        return;
    pool_destroy(look->pool);
    free(look);
}

/* NULL: no memory, or the settings have nothing to look at. */
static struct look *look_create(const struct settings *settings)
{
    struct look *look = calloc(1, sizeof(*look));
    char ignored[200];

    if (look == NULL)
        return NULL;
    look->pool = pool_create(POOL_MAX);
    if (look->pool == NULL ||
        health_plan_make(settings, false, look->pool, &look->plan, ignored, sizeof(ignored)) != 0)
        goto out;
    look->checks = pool_alloc(look->pool, ACCOUNT_MAX * sizeof(*look->checks));
    look->successes = pool_alloc(look->pool, look->plan->count * sizeof(*look->successes));
    look->observations = pool_alloc(look->pool, look->plan->count * sizeof(*look->observations));
    if (look->checks != NULL && look->successes != NULL && look->observations != NULL)
        return look;
out:
    look_destroy(look);
    return NULL;
}

/* ---- the course of a look ---- */

static void end(struct health_watch *watch, enum route53_outcome outcome, const char *message)
{
    struct look *look = watch->under_way;

    watch->under_way = NULL;
    watch->asked = true;
    watch->outcome = outcome;
    watch->ended_ms = loop_now_ms();
    snprintf(watch->message, sizeof(watch->message), "%s", message);
    if (outcome != ROUTE53_OK) {
        look_destroy(look);
        return;
    }
    look->at_ms = watch->ended_ms;
    look_destroy(watch->whole);
    watch->whole = look;
}

static void ask_status(struct health_watch *watch);

static void on_status(void *context, const struct health_reply *reply)
{
    struct health_watch *watch = context;
    struct look *look = watch->under_way;

    if (look == NULL)
        return; /* of other settings, or closing */
    if (reply->outcome != ROUTE53_OK) {
        end(watch, reply->outcome, reply->message);
        return;
    }
    look->observations[look->next_child] = reply->status->count;
    for (uint32_t i = 0; i < reply->status->count; i++)
        look->successes[look->next_child] += reply->status->observations[i].is_success;
    look->next_child++;
    ask_status(watch);
}

static void ask_status(struct health_watch *watch)
{
    struct look *look = watch->under_way;

    while (look->next_child < look->plan->count) {
        const struct health_item *item = &look->plan->items[look->next_child];

        if (item->probe != NONE && item->found != NULL) {
            health_api_status(watch->api, item->found->id, on_status, watch);
            return;
        }
        look->next_child++;
    }
    end(watch, ROUTE53_OK, "");
}

static void on_page(void *context, const struct health_reply *reply)
{
    struct health_watch *watch = context;
    struct look *look = watch->under_way;

    if (look == NULL)
        return;
    if (reply->outcome != ROUTE53_OK) {
        end(watch, reply->outcome, reply->message);
        return;
    }
    for (uint32_t i = 0; i < reply->page->count && look->check_count < ACCOUNT_MAX; i++) {
        if (health_check_copy(look->pool, &reply->page->checks[i],
                              &look->checks[look->check_count]) == 0)
            look->check_count++;
    }
    if (reply->page->is_truncated && look->check_count < ACCOUNT_MAX)
        health_api_list(watch->api, reply->page->next, on_page, watch);
    else if (health_plan_match(look->plan, look->checks, look->check_count) != 0)
        end(watch, ROUTE53_INVALID, "out of memory");
    else
        ask_status(watch);
}

static void begin(struct health_watch *watch)
{
    if (watch->api == NULL || watch->under_way != NULL || watch->apis > 1)
        return; /* what was asked under other settings has not ended yet */
    watch->under_way = look_create(watch->settings);
    if (watch->under_way != NULL)
        health_api_list(watch->api, "", on_page, watch);
}

void health_watch_look(struct health_watch *watch)
{
    if (!watch->asked || loop_now_ms() - watch->ended_ms >= HEALTH_WATCH_FRESH_MS)
        begin(watch);
}

static void on_timer(uv_timer_t *timer)
{
    begin(timer->data);
}

/* ---- what was seen ---- */

static void note_item(const struct look *look, uint32_t index, struct health_region *region)
{
    const struct health_item *item = &look->plan->items[index];

    region->wanted++;
    region->missing += item->found == NULL;
    region->different += item->found != NULL && item->step != HEALTH_KEEP;
    if (region->first[0] == '\0' && item->step != HEALTH_KEEP)
        region->first = item->found != NULL ? item->differs : item->name;
    if (item->probe == NONE) {
        region->parent = item->found != NULL ? item->found->id : "";
        region->votes_down = (uint32_t)item->config.threshold;
        return;
    }
    region->children += item->found != NULL;
    region->observed += look->observations[index] > 0;
    region->votes += health_share_is_healthy(look->successes[index], look->observations[index]);
}

void health_watch_region(const struct health_watch *watch, uint32_t group, uint32_t region,
                         struct health_region *ret_region)
{
    struct health_region seen = {.asked = watch->asked,
                                 .outcome = watch->outcome,
                                 .message = watch->message,
                                 .seen_ms = -1,
                                 .first = "",
                                 .parent = ""};

    if (watch->whole != NULL)
        seen.seen_ms = loop_now_ms() - watch->whole->at_ms;
    for (uint32_t i = 0; watch->whole != NULL && i < watch->whole->plan->count; i++) {
        const struct health_item *item = &watch->whole->plan->items[i];

        if (item->group == group && item->region == region)
            note_item(watch->whole, i, &seen);
    }
    *ret_region = seen;
}

/* ---- life ---- */

static bool has_beacons(const struct settings *settings)
{
    bool asked = false;
    bool any = false;

    for (uint32_t i = 0; i < settings->group_count; i++)
        any |= settings->groups[i].beacons;
    for (uint32_t i = 0; i < settings->elector_count; i++)
        asked |= settings->electors[i].beacon.url[0] != '\0';
    return any && asked;
}

static int open_api(struct health_watch *watch)
{
    int rc;

    watch->api = NULL;
    if (!has_beacons(watch->settings))
        return 0;
    rc = health_api_create(watch->loop, watch->settings, &watch->api);
    watch->apis += rc == 0;
    return rc;
}

int health_watch_create(uv_loop_t *loop, const struct settings *settings,
                        struct health_watch **ret_watch)
{
    struct health_watch *watch = calloc(1, sizeof(*watch));
    int rc;

    if (watch == NULL)
        return -ENOMEM;
    watch->loop = loop;
    watch->settings = settings;
    rc = open_api(watch);
    if (rc < 0) {
        free(watch);
        return rc;
    }
    uv_timer_init(loop, &watch->timer);
    watch->timer.data = watch;
    uv_timer_start(&watch->timer, on_timer, HEALTH_WATCH_FIRST_MS, HEALTH_WATCH_EVERY_MS);
    *ret_watch = watch;
    return 0;
}

static void free_when_done(struct health_watch *watch)
{
    if (watch->is_closing && watch->apis == 0 && watch->timer.data == NULL)
        free(watch);
}

static void on_api_closed(void *context)
{
    struct health_watch *watch = context;

    watch->apis--;
    free_when_done(watch);
}

static void forget(struct health_watch *watch)
{
    look_destroy(watch->under_way);
    look_destroy(watch->whole);
    watch->under_way = NULL;
    watch->whole = NULL;
    watch->asked = false;
    if (watch->api != NULL)
        health_api_close(watch->api, on_api_closed, watch);
    watch->api = NULL;
}

int health_watch_reload(struct health_watch *watch, const struct settings *settings)
{
    forget(watch);
    watch->settings = settings;
    uv_timer_start(&watch->timer, on_timer, HEALTH_WATCH_FIRST_MS, HEALTH_WATCH_EVERY_MS);
    return open_api(watch);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct health_watch *watch = handle->data;

    handle->data = NULL;
    free_when_done(watch);
}

void health_watch_close(struct health_watch *watch)
{
    if (watch == NULL)
        return;
    watch->is_closing = true;
    uv_close((uv_handle_t *)&watch->timer, on_timer_closed);
    forget(watch);
}
