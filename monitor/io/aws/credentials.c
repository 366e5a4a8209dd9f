/* SPDX-License-Identifier: Apache-2.0 */
/* One search at a time, for everybody who waits:
 *
 *   get -> waiting --(known)--------------------------> idle: deliver
 *                  \-(not known)-> worker -> after ---/
 *
 * The search runs in a job of its own, which outlives neither the source nor the loop: close waits
 * for it. */
#include "credentials.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uv.h>

#include "credentials_load.h"

struct credentials_request {
    struct credentials_source *source;
    credentials_done done;
    void *context;
    uint64_t number;
    bool has_role;
    TAILQ_ENTRY(credentials_request) link;
};

TAILQ_HEAD(requests, credentials_request);

struct credentials_source {
    uv_loop_t *loop;
    uv_idle_t deliver;
    uv_work_t work;
    struct credentials_load load; /* the worker's while is_searching */
    char *profile;
    uint64_t request_count;
    bool is_known;     /* load holds an answer for those who wait */
    bool is_searching; /* the worker has not come back */
    bool is_outdated;  /* what the worker brings is for another profile, or distrusted */
    bool is_closing;
    bool is_deliver_closed;
    struct requests waiting;
    void (*closed)(void *context);
    void *closed_context;
};

static void on_deliver(uv_idle_t *idle);
static void search(struct credentials_source *source);

static void forget(struct credentials_source *source)
{
    assert(!source->is_searching);
    uv_idle_stop(&source->deliver);
    source->is_known = false;
    explicit_bzero(&source->load, sizeof(source->load));
}

static void free_when_closed(struct credentials_source *source)
{
    void (*closed)(void *) = source->closed;
    void *context = source->closed_context;

    if (source->is_searching || !source->is_deliver_closed)
        return;
    forget(source);
    free(source->profile);
    free(source);
    closed(context);
}

/* ---- searching ---- */

static void on_work(uv_work_t *work)
{
    struct credentials_source *source = work->data;

    credentials_load_files(&source->load);
}

static void on_after_work(uv_work_t *work, int status)
{
    struct credentials_source *source = work->data;

    (void)status; /* cancelled only by close */
    source->is_searching = false;
    if (source->is_closing) {
        free_when_closed(source);
        return;
    }
    source->is_known = true;
    if (source->is_outdated)
        forget(source);
    source->is_outdated = false;
    if (!TAILQ_EMPTY(&source->waiting))
        search(source);
}

/* Brings about that those who wait are answered; no-op while a worker is at it. */
static void search(struct credentials_source *source)
{
    if (source->is_searching)
        return;
    if (!source->is_known && credentials_load_environment(&source->load, source->profile))
        source->is_known = true;
    if (source->is_known) {
        uv_idle_start(&source->deliver, on_deliver);
        return;
    }
    source->is_searching = true;
    uv_queue_work(source->loop, &source->work, on_work, on_after_work);
}

/* ---- answering ---- */

/* The one finish: detach, then report. Only those who asked before we began, or one who asks again
 * at once would keep the loop. An error is never kept: the next one looks again. */
static void on_deliver(uv_idle_t *idle)
{
    struct credentials_source *source = idle->data;
    uint64_t newest = source->request_count;
    struct credentials_load answer = source->load;
    struct credentials_request *request;

    uv_idle_stop(idle);
    if (!answer.has_found)
        forget(source);
    while ((request = TAILQ_FIRST(&source->waiting)) != NULL && request->number <= newest) {
        struct credentials_request detached = *request;

        TAILQ_REMOVE(&source->waiting, request, link);
        free(request);
        if (detached.has_role)
            detached.done(detached.context, NULL, "no role can be assumed by this version");
        else
            detached.done(detached.context, answer.has_found ? &answer.found : NULL, answer.error);
    }
    explicit_bzero(&answer, sizeof(answer));
}

/* ---- the interface ---- */

int credentials_create(uv_loop_t *loop, const char *profile, struct credentials_source **ret_source)
{
    struct credentials_source *source = calloc(1, sizeof(*source));

    if (source == NULL)
        return -ENOMEM;
    source->profile = strdup(profile);
    if (source->profile == NULL) {
        free(source);
        return -ENOMEM;
    }
    source->loop = loop;
    TAILQ_INIT(&source->waiting);
    uv_idle_init(loop, &source->deliver);
    source->deliver.data = source;
    source->work.data = source;
    *ret_source = source;
    return 0;
}

struct credentials_request *credentials_get(struct credentials_source *source,
                                            const struct credentials_role *role,
                                            credentials_done done, void *context)
{
    struct credentials_request *request = calloc(1, sizeof(*request));

    assert(!source->is_closing);
    if (request == NULL)
        abort(); /* nothing is left to tell it with */
    *request = (struct credentials_request){
        .source = source, .done = done, .context = context, .number = ++source->request_count};
    request->has_role = role != NULL;
    TAILQ_INSERT_TAIL(&source->waiting, request, link);
    search(source);
    return request;
}

void credentials_cancel(struct credentials_request *request)
{
    if (request == NULL)
        return;
    TAILQ_REMOVE(&request->source->waiting, request, link);
    free(request);
}

void credentials_distrust(struct credentials_source *source)
{
    if (source->is_searching) {
        source->is_outdated = true;
        return;
    }
    forget(source);
    if (!TAILQ_EMPTY(&source->waiting))
        search(source);
}

int credentials_set_profile(struct credentials_source *source, const char *profile)
{
    char *copy;

    if (strcmp(source->profile, profile) == 0)
        return 0;
    copy = strdup(profile);
    if (copy == NULL)
        return -ENOMEM;
    free(source->profile);
    source->profile = copy;
    credentials_distrust(source);
    return 0;
}

static void on_deliver_closed(uv_handle_t *handle)
{
    struct credentials_source *source = handle->data;

    source->is_deliver_closed = true;
    free_when_closed(source);
}

void credentials_close(struct credentials_source *source, void (*closed)(void *context),
                       void *context)
{
    if (source == NULL) {
        closed(context);
        return;
    }
    assert(!source->is_closing);
    source->is_closing = true;
    source->closed = closed;
    source->closed_context = context;
    while (!TAILQ_EMPTY(&source->waiting))
        credentials_cancel(TAILQ_FIRST(&source->waiting));
    if (source->is_searching)
        uv_cancel((uv_req_t *)&source->work);
    uv_close((uv_handle_t *)&source->deliver, on_deliver_closed);
}
