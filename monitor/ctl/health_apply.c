/* SPDX-License-Identifier: Apache-2.0 */
/* The steps. Each begins from what is there, and after each it is looked at anew, so that a run
 * that broke off anywhere is simply run again. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "init_health.h"
#include "render.h"

/* Checkers change their minds after `fall` looks, and a new one needs some time to begin. */
enum {
    POLL_MS = 5000,
    HEALTHY_MORE_MS = 120 * 1000,
    ATTACH_POLL_MS = 500,
    ATTACHED_WAIT_MS = 120 * 1000
};

static void pause_ms(long ms)
{
    const struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&span, NULL);
}

/* ---- what there is ---- */

static int ask_daemon(struct checkup *checkup)
{
    struct reply reply = {0};
    int code = client_ask(checkup->client, "/api/v1/health-checks", NULL, &reply);

    if (code == 0)
        code = reply_code(&reply);
    if (code == 0) {
        json_decref(checkup->listing);
        checkup->listing = json_incref(reply.body);
    }
    reply_clear(&reply);
    return code;
}

static int match(struct checkup *checkup)
{
    if (health_plan_match(checkup->plan, checkup->checks, checkup->check_count) == 0)
        return CODE_GOOD;
    fputs("regionshift: out of memory\n", stderr);
    return CODE_FAILED;
}

int checkup_look(struct checkup *checkup)
{
    if (health_session_list(checkup->session, checkup->pool, &checkup->checks,
                            &checkup->check_count, HEALTH_ACCOUNT_MAX) != 0)
        return CODE_FAILED;
    if (match(checkup) != CODE_GOOD)
        return CODE_FAILED;
    return ask_daemon(checkup);
}

const json_t *checkup_group(const struct checkup *checkup, uint32_t group)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(checkup->listing, "groups"), i, entry)
    {
        if (strcmp(text_of(entry, "group"), checkup->settings->groups[group].name) == 0)
            return entry;
    }
    return NULL;
}

const json_t *checkup_region(const struct checkup *checkup, uint32_t group, uint32_t region)
{
    const json_t *entry;
    size_t i;

    json_array_foreach(json_object_get(checkup_group(checkup, group), "regions"), i, entry)
    {
        if (strcmp(text_of(entry, "region"), checkup->settings->regions[region]) == 0)
            return entry;
    }
    return NULL;
}

uint32_t checkup_unattached(const struct checkup *checkup, uint32_t group, uint32_t region)
{
    const struct health_item *parent = health_plan_parent(checkup->plan, group, region);
    const json_t *sets = json_object_get(checkup_region(checkup, group, region), "sets");
    const json_t *set;
    uint32_t count = sets == NULL;
    size_t i;

    json_array_foreach(sets, i, set)
    {
        count +=
            parent->found == NULL || strcmp(text_of(set, "health_check"), parent->found->id) != 0;
    }
    return count;
}

bool checkup_group_is_attached(const struct checkup *checkup, uint32_t group)
{
    const struct group *g = &checkup->settings->groups[group];

    for (uint32_t i = 0; i < g->order_count; i++) {
        if (checkup_unattached(checkup, group, g->order[i]) > 0)
            return false;
    }
    return true;
}

/* ---- making ---- */

/* What Route 53 answered replaces what was known of that check, or joins it. */
static int remember(struct checkup *checkup, const struct health_check *check)
{
    for (uint32_t i = 0; i < checkup->check_count; i++) {
        if (strcmp(checkup->checks[i].id, check->id) == 0) {
            checkup->checks[i] = *check;
            return match(checkup);
        }
    }
    if (checkup->check_count == HEALTH_ACCOUNT_MAX) {
        fputs("regionshift: the account has more health checks than can be looked at\n", stderr);
        return CODE_FAILED;
    }
    checkup->checks[checkup->check_count++] = *check;
    return match(checkup);
}

static int list_again(struct checkup *checkup)
{
    if (health_session_list(checkup->session, checkup->pool, &checkup->checks,
                            &checkup->check_count, HEALTH_ACCOUNT_MAX) != 0)
        return CODE_FAILED;
    return match(checkup);
}

/* Whether anything was to be done: then an earlier run may have broken off before a name was given,
 * which nothing would show. */
static bool is_fresh(const struct checkup *checkup)
{
    bool attached = true;

    for (uint32_t g = 0; g < checkup->settings->group_count; g++)
        attached &= !checkup->settings->groups[g].beacons || checkup_group_is_attached(checkup, g);
    return checkup->made + checkup->updated > 0 || !attached;
}

/* For people: names and tags of all. */
static int name_all(struct checkup *checkup)
{
    for (uint32_t i = 0; i < checkup->plan->count && is_fresh(checkup); i++) {
        const struct health_item *item = &checkup->plan->items[i];
        struct health_tag tags[HEALTH_PLAN_TAGS];
        size_t count;

        health_plan_tags(checkup->plan, item, tags, &count);
        if (item->found != NULL &&
            health_session_tag(checkup->session, item->found->id, tags, count) != 0)
            return CODE_FAILED;
    }
    return CODE_GOOD;
}

/* A reference that was deleted is used up for ever: the next one then. */
static int make_one(struct checkup *checkup, struct health_item *item)
{
    char reference[HEALTH_REFERENCE_MAX + 1];
    struct health_check check;
    int code;
    int rc;

    health_plan_reference(item, reference);
    rc = health_session_make(checkup->session, checkup->pool, reference, &item->config, &check);
    if (rc < 0)
        return CODE_FAILED;
    if (rc == 1) {
        code = list_again(checkup);
        if (code == CODE_GOOD && item->found == NULL &&
            ++item->generation > HEALTH_GENERATIONS_MAX) {
            fprintf(stderr, "regionshift: %s: its references are used up\n", item->name);
            code = CODE_FAILED;
        }
        return code;
    }
    checkup->made++;
    return remember(checkup, &check);
}

static int update_one(struct checkup *checkup, struct health_item *item)
{
    struct health_check check;
    int rc =
        health_session_update(checkup->session, checkup->pool, item->found, &item->config, &check);

    if (rc < 0)
        return CODE_FAILED;
    if (rc == 1)
        return list_again(checkup);
    checkup->updated++;
    return remember(checkup, &check);
}

int checkup_make(struct checkup *checkup)
{
    uint32_t steps_left = 4 * checkup->plan->count + 2 * HEALTH_GENERATIONS_MAX;
    struct health_item *item;

    while ((item = health_plan_next(checkup->plan)) != NULL) {
        int code;

        if (steps_left-- == 0) {
            fprintf(stderr,
                    "regionshift: %s: what is written does not stay: somebody else "
                    "changes it\n",
                    item->name);
            return CODE_FAILED;
        }
        code = item->step == HEALTH_CREATE ? make_one(checkup, item) : update_one(checkup, item);
        if (code != CODE_GOOD)
            return code;
    }
    return name_all(checkup);
}

/* ---- waiting ---- */

/* Of a calculated check Route 53 tells nothing here, so it is calculated from its children. */
static int look_at_region(struct checkup *checkup, const struct health_item *parent,
                          enum region_health *ret_health)
{
    uint32_t votes = 0;
    bool is_seen = true;

    for (uint32_t i = 0; i < checkup->plan->count; i++) {
        const struct health_item *child = &checkup->plan->items[i];
        uint32_t successes;
        uint32_t observations;

        if (child->group != parent->group || child->region != parent->region ||
            child->probe == NONE)
            continue;
        if (health_session_status(checkup->session, child->found->id, &successes, &observations) !=
            0)
            return CODE_FAILED;
        is_seen = is_seen && observations > 0;
        votes += observations > 0 && health_share_is_healthy(successes, observations);
    }
    if (votes >= (uint32_t)parent->config.threshold)
        *ret_health = REGION_UNHEALTHY;
    else
        *ret_health = is_seen ? REGION_HEALTHY : REGION_NOT_SEEN;
    return CODE_GOOD;
}

/* The first region that is not healthy, or NULL. */
static int look_at_all(struct checkup *checkup, const struct health_item **ret_item,
                       enum region_health *ret_health)
{
    *ret_item = NULL;
    for (uint32_t i = 0; i < checkup->plan->count; i++) {
        const struct health_item *item = &checkup->plan->items[i];
        enum region_health health;
        int code;

        if (item->probe != NONE)
            continue;
        code = look_at_region(checkup, item, &health);
        if (code != CODE_GOOD)
            return code;
        if (health == REGION_HEALTHY)
            continue;
        *ret_item = item;
        *ret_health = health;
        return CODE_GOOD;
    }
    return CODE_GOOD;
}

static int say_unhealthy(const struct checkup *checkup, const struct health_item *item,
                         enum region_health health)
{
    const struct settings *settings = checkup->settings;

    fprintf(stderr,
            "regionshift: not now: the health check of %s is %s, so it is attached to nothing.\n"
            "%s\nThe health checks stay; run this again.\n",
            settings->regions[item->region],
            health == REGION_UNHEALTHY ? "unhealthy" : "not seen by any checker yet",
            health == REGION_UNHEALTHY
                ? "Enough beacons say that the region is to be left: see `regionshift status`."
                : "Do Route 53's checkers reach the beacons? See docs/BEACONS.md, \"Who asks\".");
    return CODE_REFUSED;
}

/* How long they must have been healthy before our eyes. Route 53 takes a checker for content until
 * it has looked `fall` times: for so long a new child counts as a vote to leave, whatever the looks
 * say, and the inverted check above it is unhealthy. Attached then, it would move traffic. */
static long proof_ms(const struct checkup *checkup, long minds_ms)
{
    for (uint32_t g = 0; g < checkup->settings->group_count; g++) {
        if (checkup->settings->groups[g].beacons && !checkup_group_is_attached(checkup, g))
            return minds_ms;
    }
    return checkup->made + checkup->updated > 0 ? POLL_MS : 0;
}

int checkup_wait(struct checkup *checkup)
{
    long minds_ms =
        (long)checkup->settings->health_interval_s * 1000 * (long)checkup->settings->health_fall;
    long limit_ms = minds_ms + HEALTHY_MORE_MS;
    long since_ms = 0;

    for (long waited_ms = 0;; waited_ms += POLL_MS) {
        const struct health_item *item;
        enum region_health health = REGION_NOT_SEEN;
        int code = look_at_all(checkup, &item, &health);

        if (code != CODE_GOOD)
            return code;
        if (item != NULL)
            since_ms = waited_ms + POLL_MS;
        if (waited_ms - since_ms >= proof_ms(checkup, minds_ms))
            return CODE_GOOD;
        if (item != NULL && waited_ms >= limit_ms)
            return say_unhealthy(checkup, item, health);
        if (waited_ms == 0 && !checkup->arguments->json)
            printf("waiting until every region's check is healthy (up to %ld s)\n",
                   limit_ms / 1000);
        pause_ms(POLL_MS);
    }
}

/* ---- attaching ---- */

static json_t *ids_of(const struct checkup *checkup, uint32_t group)
{
    const struct group *g = &checkup->settings->groups[group];
    json_t *ids = json_object();

    for (uint32_t i = 0; i < g->order_count; i++) {
        const struct health_item *parent = health_plan_parent(checkup->plan, group, g->order[i]);

        json_object_set_new(ids, checkup->settings->regions[g->order[i]],
                            json_string(parent->found->id));
    }
    return ids;
}

/* The daemon reads zones when it has a reason to; so what it says may be some minutes old, and
 * asking it to attach is what makes it look. */
static int attach_group(struct checkup *checkup, uint32_t group)
{
    struct reply reply = {0};
    int code = client_ask(checkup->client, "/api/v1/health-checks",
                          json_pack("{s:s, s:o}", "group", checkup->settings->groups[group].name,
                                    "health_checks", ids_of(checkup, group)),
                          &reply);

    if (code == 0)
        code = reply_code(&reply);
    reply_clear(&reply);
    for (long waited_ms = 0; code == CODE_GOOD; waited_ms += ATTACH_POLL_MS) {
        pause_ms(ATTACH_POLL_MS);
        code = ask_daemon(checkup);
        if (code == CODE_GOOD && checkup_group_is_attached(checkup, group) &&
            true_of(checkup_group(checkup, group), "applied"))
            return CODE_GOOD;
        if (waited_ms >= ATTACHED_WAIT_MS) {
            fprintf(stderr,
                    "regionshift: %s: not attached within %d s: the daemon's log says why; run "
                    "this again\n",
                    checkup->settings->groups[group].name, ATTACHED_WAIT_MS / 1000);
            code = CODE_FAILED;
        }
    }
    return code;
}

int checkup_attach(struct checkup *checkup)
{
    for (uint32_t g = 0; g < checkup->settings->group_count; g++) {
        int code;

        if (!checkup->settings->groups[g].beacons || checkup_group_is_attached(checkup, g))
            continue;
        if (!checkup->arguments->json)
            printf("attaching the health checks of %s\n", checkup->settings->groups[g].name);
        code = attach_group(checkup, g);
        if (code != CODE_GOOD)
            return code;
        checkup->attached++;
    }
    return CODE_GOOD;
}
