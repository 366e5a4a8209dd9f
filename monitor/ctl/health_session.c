/* SPDX-License-Identifier: Apache-2.0 */
/* Every request here may be sent again: reading changes nothing, making names a reference, updating
 * a version, and a tag is what it is. */
#include "health_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "health_plan.h"

enum { TRIES = 6, FIRST_PAUSE_MS = 500 };

struct health_session {
    uv_loop_t loop;
    struct health_api *api;
    bool closed;
};

/* One question, and the first answer that counts. */
struct asking {
    bool done;
    enum route53_outcome outcome;
    char code[65];
    char message[600];
    /* where the answer goes */
    struct pool *pool;
    struct health_check *check;
    struct health_check *checks;
    uint32_t *count;
    uint32_t max;
    char next[HEALTH_ID_MAX + 1];
    uint32_t successes;
    uint32_t observations;
};

typedef void (*question)(struct health_session *session, struct asking *asking, const void *about);

int health_session_open(const struct settings *settings, struct health_session **ret_session)
{
    struct health_session *session = calloc(1, sizeof(*session));

    if (session == NULL || uv_loop_init(&session->loop) < 0) {
        free(session);
        fputs("regionshift: out of memory\n", stderr);
        return -1;
    }
    if (health_api_create(&session->loop, settings, &session->api) < 0) {
        fputs("regionshift: Route 53: out of memory\n", stderr);
        health_session_close(session);
        return -1;
    }
    *ret_session = session;
    return 0;
}

static void on_closed(void *context)
{
    struct health_session *session = context;

    session->closed = true;
}

void health_session_close(struct health_session *session)
{
    if (session == NULL)
        return;
    health_api_close(session->api, on_closed, session);
    while (!session->closed && uv_run(&session->loop, UV_RUN_ONCE) != 0)
        continue;
    uv_run(&session->loop, UV_RUN_DEFAULT);
    uv_loop_close(&session->loop);
    free(session);
}

/* ---- an answer ---- */

static void take_page(struct asking *asking, const struct health_page *page)
{
    for (uint32_t i = 0; i < page->count && *asking->count < asking->max; i++) {
        if (health_check_copy(asking->pool, &page->checks[i], &asking->checks[*asking->count]) !=
            0) {
            asking->outcome = ROUTE53_INVALID;
            snprintf(asking->message, sizeof(asking->message), "out of memory");
            return;
        }
        (*asking->count)++;
    }
    snprintf(asking->next, sizeof(asking->next), "%s", page->is_truncated ? page->next : "");
}

static void on_reply(void *context, const struct health_reply *reply)
{
    struct asking *asking = context;

    asking->done = true;
    asking->outcome = reply->outcome;
    snprintf(asking->code, sizeof(asking->code), "%s", reply->code);
    snprintf(asking->message, sizeof(asking->message), "%s", reply->message);
    if (reply->page != NULL)
        take_page(asking, reply->page);
    if (reply->check != NULL && health_check_copy(asking->pool, reply->check, asking->check) != 0)
        asking->outcome = ROUTE53_INVALID;
    if (reply->status == NULL)
        return;
    asking->observations = reply->status->count;
    for (uint32_t i = 0; i < reply->status->count; i++)
        asking->successes += reply->status->observations[i].is_success;
}

static void pause_ms(long ms)
{
    const struct timespec span = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&span, NULL);
}

/* 0; 1: AWS answered with this code, which the caller expects; -1: said. */
static int ask(struct health_session *session, question put, struct asking *asking,
               const void *about, const char *expected, const char *what)
{
    for (int tries = 0; tries < TRIES; tries++) {
        if (tries > 0)
            pause_ms((long)FIRST_PAUSE_MS << (tries - 1));
        asking->done = false;
        put(session, asking, about);
        while (!asking->done && uv_run(&session->loop, UV_RUN_ONCE) != 0)
            continue;
        if (asking->outcome == ROUTE53_OK)
            return 0;
        if (expected != NULL && strcmp(asking->code, expected) == 0)
            return 1;
        if (asking->outcome != ROUTE53_BUSY && asking->outcome != ROUTE53_LOST)
            break;
    }
    fprintf(stderr, "regionshift: %s: Route 53: %s\n", what, asking->message);
    if (strcmp(asking->code, "TooManyHealthChecks") == 0)
        fputs("regionshift: ask AWS for more (Service Quotas, Route 53), or give beacons to fewer "
              "probes\n",
              stderr);
    return -1;
}

/* ---- questions ---- */

static void put_list(struct health_session *session, struct asking *asking, const void *about)
{
    health_api_list(session->api, about, on_reply, asking);
}

int health_session_list(struct health_session *session, struct pool *pool,
                        struct health_check **ret_checks, uint32_t *ret_count, uint32_t max)
{
    struct asking asking = {.pool = pool, .max = max, .count = ret_count};
    char marker[HEALTH_ID_MAX + 1] = "";

    *ret_count = 0;
    asking.checks = pool_alloc(pool, (max + 1) * sizeof(*asking.checks));
    if (asking.checks == NULL) {
        fputs("regionshift: out of memory\n", stderr);
        return -1;
    }
    do {
        if (ask(session, put_list, &asking, marker, NULL, "listing health checks") != 0)
            return -1;
        memcpy(marker, asking.next, sizeof(marker));
    } while (marker[0] != '\0' && *ret_count < max);
    *ret_checks = asking.checks;
    return 0;
}

struct make {
    const char *reference;
    const struct health_config *config;
};

static void put_make(struct health_session *session, struct asking *asking, const void *about)
{
    const struct make *make = about;

    health_api_make(session->api, make->reference, make->config, on_reply, asking);
}

int health_session_make(struct health_session *session, struct pool *pool, const char *reference,
                        const struct health_config *config, struct health_check *ret_check)
{
    struct asking asking = {.pool = pool, .check = ret_check};
    struct make make = {reference, config};

    return ask(session, put_make, &asking, &make, "HealthCheckAlreadyExists",
               "making a health check");
}

struct update_of {
    const struct health_check *check;
    const struct health_config *config;
};

static void put_update(struct health_session *session, struct asking *asking, const void *about)
{
    const struct update_of *update = about;

    health_api_update(session->api, update->check->id, update->check->version, update->config,
                      on_reply, asking);
}

int health_session_update(struct health_session *session, struct pool *pool,
                          const struct health_check *check, const struct health_config *config,
                          struct health_check *ret_check)
{
    struct asking asking = {.pool = pool, .check = ret_check};
    struct update_of update = {check, config};

    return ask(session, put_update, &asking, &update, "HealthCheckVersionMismatch",
               "updating a health check");
}

struct tagging {
    const char *id;
    const struct health_tag *tags;
    size_t count;
};

static void put_tags(struct health_session *session, struct asking *asking, const void *about)
{
    const struct tagging *tagging = about;

    health_api_tag(session->api, tagging->id, tagging->tags, tagging->count, on_reply, asking);
}

int health_session_tag(struct health_session *session, const char *id,
                       const struct health_tag *tags, size_t count)
{
    struct asking asking = {0};
    struct tagging tagging = {id, tags, count};

    return ask(session, put_tags, &asking, &tagging, NULL, "naming a health check");
}

static void put_status(struct health_session *session, struct asking *asking, const void *about)
{
    asking->successes = 0;
    health_api_status(session->api, about, on_reply, asking);
}

int health_session_status(struct health_session *session, const char *id, uint32_t *ret_successes,
                          uint32_t *ret_observations)
{
    struct asking asking = {0};

    if (ask(session, put_status, &asking, id, NULL, "looking at a health check") != 0)
        return -1;
    *ret_successes = asking.successes;
    *ret_observations = asking.observations;
    return 0;
}
