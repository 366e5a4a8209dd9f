/* SPDX-License-Identifier: Apache-2.0 */
/* A holding is what is known of one identity: of ourselves, or of a role on top. For each there is
 * at most one look under way, for everybody who waits:
 *
 *   get -> waiting --(known, good)---------------------------> deliver
 *                 \-(not known, ended, distrusted)-> look ----/
 *   timer ----------(to be renewed)-----------------> look
 */
#include "credentials.h"

#include <assert.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "fetch.h"
#include "holding.h"

enum { ROLES_MAX = 64 };

/* ---- closing ---- */

static void free_when_closed(struct credentials_source *source)
{
    void (*closed)(void *) = source->closed;
    void *context = source->closed_context;

    if (source->handle_count > 0)
        return;
    while (holding_ourselves(source) != NULL)
        holding_destroy(holding_ourselves(source));
    explicit_bzero(&source->tools, sizeof(source->tools));
    free(source->profile);
    free(source);
    closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct credentials_source *source = handle->data;

    source->handle_count--;
    free_when_closed(source);
}

static void on_fetcher_closed(void *context)
{
    struct credentials_source *source = context;

    source->handle_count--;
    free_when_closed(source);
}

/* Looks under way hold fetches, which the fetcher has to outlive. */
void credentials_close_when_quiet(struct credentials_source *source)
{
    struct holding *holding;

    TAILQ_FOREACH(holding, &source->holdings, link)
    {
        if (holding->is_looking)
            return;
    }
    uv_close((uv_handle_t *)&source->deliver, on_handle_closed);
    uv_close((uv_handle_t *)&source->timer, on_handle_closed);
    fetcher_close(source->tools.fetcher, on_fetcher_closed, source);
}

/* ---- serving ---- */

/* Nobody who was asked a moment ago is asked again for the same. */
static bool must_wait(const struct holding *holding)
{
    msec_t now_ms = holding->source->now_ms();

    if (holding->is_local)
        return false;
    if (holding->is_distrusted && holding_is_good(holding))
        return now_ms - holding->looked_ms < holding->gap_ms;
    return holding->error[0] != '\0' && holding->term.failures > 0 && !holding_is_due(holding);
}

/* Brings about that those who wait are answered. */
static void serve(struct holding *holding)
{
    bool is_usable = holding_is_good(holding) && !holding->is_distrusted;

    if (!is_usable && !must_wait(holding)) {
        holding_look(holding);
        return;
    }
    if (holding->is_looking && !is_usable)
        return;
    if (is_usable && holding_is_due(holding))
        holding_look(holding);
    credentials_deliver(holding);
}

/* ---- answering ---- */

static struct credentials_request *find_ready(const struct credentials_source *source,
                                              uint64_t newest)
{
    struct holding *holding;

    TAILQ_FOREACH(holding, &source->holdings, link)
    {
        struct credentials_request *request = TAILQ_FIRST(&holding->waiting);

        if (request != NULL && request->number <= holding->ready_number &&
            request->number <= newest)
            return request;
    }
    return NULL;
}

/* The one finish: detach, then report. */
static void answer(struct credentials_request *request)
{
    struct holding *holding = request->holding;
    struct credentials_request detached = *request;
    bool is_found = holding_is_good(holding);
    struct credentials keys = holding->keys;
    char error[CREDENTIALS_ERROR_MAX];

    snprintf(error, sizeof(error), "%s",
             is_found || holding->error[0] != '\0' ? holding->error
                                                   : "the credentials have ended just now");
    TAILQ_REMOVE(&holding->waiting, request, link);
    free(request);
    detached.done(detached.context, is_found ? &keys : NULL, error);
    explicit_bzero(&keys, sizeof(keys));
}

/* Only those who asked before we began, or one who asks again at once would keep the loop. */
static void on_deliver(uv_idle_t *idle)
{
    struct credentials_source *source = idle->data;
    uint64_t newest = source->request_count;
    struct credentials_request *request;

    uv_idle_stop(idle);
    while (!source->is_closing && (request = find_ready(source, newest)) != NULL)
        answer(request);
}

void credentials_deliver(struct holding *holding)
{
    struct credentials_source *source = holding->source;

    holding->ready_number = source->request_count;
    uv_idle_start(&source->deliver, on_deliver);
}

/* ---- the interface ---- */

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With the time that the machine was suspended: credentials end meanwhile. */
static msec_t boot_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

static wall_t wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

static int take_region(struct credentials_source *source, const char *region)
{
    if (strlen(region) >= sizeof(source->tools.region))
        return -EINVAL;
    snprintf(source->tools.region, sizeof(source->tools.region), "%s", region);
    return 0;
}

/* Asks the system's list of users, which may be far away: now, and not on the loop. */
static void find_home(struct look_tools *tools)
{
    size_t size = sizeof(tools->home);

    if (uv_os_homedir(tools->home, &size) != 0)
        tools->home[0] = '\0';
}

static uint64_t draw_seed(void)
{
    uint64_t seed = 0;

    if (RAND_bytes((unsigned char *)&seed, sizeof(seed)) != 1)
        seed = (uint64_t)uv_hrtime(); /* it spreads requests, it guards nothing */
    return seed;
}

static void open_handles(struct credentials_source *source)
{
    uv_idle_init(source->loop, &source->deliver);
    uv_timer_init(source->loop, &source->timer);
    uv_unref((uv_handle_t *)&source->timer); /* it keeps no loop alive */
    source->deliver.data = source;
    source->timer.data = source;
    source->handle_count = 3; /* and the fetcher */
}

int credentials_create(uv_loop_t *loop, const struct credentials_options *options,
                       struct credentials_source **ret_source)
{
    struct credentials_source *source = calloc(1, sizeof(*source));
    int status = -ENOMEM;

    if (source == NULL)
        return -ENOMEM;
    TAILQ_INIT(&source->holdings);
    source->loop = loop;
    source->now_ms = options->now_ms != NULL ? options->now_ms : boot_ms;
    source->seed = options->seed != 0 ? options->seed : draw_seed();
    source->tools = (struct look_tools){
        .loop = loop, .wall_ms = options->wall_ms != NULL ? options->wall_ms : wall_ms};
    find_home(&source->tools);
    source->profile = strdup(options->profile);
    if (source->profile != NULL && holding_add(source, NULL) != NULL)
        status = take_region(source, options->region);
    if (status == 0)
        status = fetcher_create(loop, &source->tools.fetcher);
    if (status != 0) {
        if (holding_ourselves(source) != NULL)
            holding_destroy(holding_ourselves(source));
        free(source->profile);
        free(source);
        return status;
    }
    open_handles(source);
    *ret_source = source;
    return 0;
}

static void on_no_memory(void)
{
    abort(); /* nothing is left to tell it with */
}

struct credentials_request *credentials_get(struct credentials_source *source,
                                            const struct credentials_role *role,
                                            credentials_done done, void *context)
{
    struct credentials_request *request = calloc(1, sizeof(*request));
    struct holding *holding = holding_find(source, role);

    assert(!source->is_closing);
    if (holding == NULL && source->holding_count > ROLES_MAX)
        holding_drop_idle_roles(source);
    if (holding == NULL)
        holding = holding_add(source, role);
    if (request == NULL || holding == NULL)
        on_no_memory();
    *request = (struct credentials_request){
        .holding = holding, .done = done, .context = context, .number = ++source->request_count};
    TAILQ_INSERT_TAIL(&holding->waiting, request, link);
    holding->is_wanted = true;
    serve(holding);
    return request;
}

void credentials_cancel(struct credentials_request *request)
{
    if (request == NULL)
        return;
    TAILQ_REMOVE(&request->holding->waiting, request, link);
    free(request);
}

/* Who waits is promised nothing any more. */
static void serve_anew(struct holding *holding)
{
    holding->ready_number = 0;
    if (!TAILQ_EMPTY(&holding->waiting))
        serve(holding);
}

/* What a look under way will bring was not refused by anybody. */
void credentials_distrust(struct credentials_source *source)
{
    struct holding *holding;

    TAILQ_FOREACH(holding, &source->holdings, link)
    {
        if (holding->is_looking || !holding->is_known)
            continue;
        holding->is_distrusted = true;
        serve_anew(holding);
    }
}

void credentials_look_at(const struct credentials_source *source,
                         const struct credentials_role *role, struct credentials_view *ret_view)
{
    const struct holding *holding = holding_find(source, role);

    *ret_view = (struct credentials_view){.origin = "", .left_ms = -1, .error = ""};
    if (holding == NULL)
        return;
    ret_view->is_known = holding_is_good(holding);
    ret_view->origin = holding->origin;
    ret_view->error = holding->error;
    if (holding->is_known && holding->term.has_end)
        ret_view->left_ms = holding->term.end_ms - source->now_ms();
    if (ret_view->left_ms < -1)
        ret_view->left_ms = 0;
}

int credentials_set_profile(struct credentials_source *source, const char *profile,
                            const char *region)
{
    bool is_same =
        strcmp(source->profile, profile) == 0 && strcmp(source->tools.region, region) == 0;
    struct holding *holding;
    char *copy;

    if (is_same)
        return 0;
    copy = strdup(profile);
    if (copy == NULL)
        return -ENOMEM;
    if (take_region(source, region) != 0) {
        free(copy);
        return -EINVAL;
    }
    free(source->profile);
    source->profile = copy;
    TAILQ_FOREACH(holding, &source->holdings, link)
    {
        holding_forget_keys(holding);
        holding->error[0] = '\0';
        holding->is_outdated = holding->is_looking;
        serve_anew(holding);
    }
    return 0;
}

/* Roles wait for ourselves as others do. */
static void stop_waiting(struct credentials_source *source)
{
    for (struct holding *one = holding_ourselves(source); one != NULL;
         one = TAILQ_NEXT(one, link)) {
        if (one->base == NULL)
            continue;
        credentials_cancel(one->base);
        one->base = NULL;
        one->is_looking = false;
    }
}

static void stop_looking(struct credentials_source *source)
{
    stop_waiting(source);
    for (struct holding *one = holding_ourselves(source); one != NULL;
         one = TAILQ_NEXT(one, link)) {
        if (one->look != NULL)
            look_cancel(one->look);
        while (!TAILQ_EMPTY(&one->waiting))
            credentials_cancel(TAILQ_FIRST(&one->waiting));
    }
}

void credentials_close(struct credentials_source *source, void (*closed)(void *context),
                       void *context)
{
    if (source == NULL) {
        closed(context);
        return;
    }
    source->is_closing = true;
    source->closed = closed;
    source->closed_context = context;
    stop_looking(source);
    credentials_close_when_quiet(source);
}
