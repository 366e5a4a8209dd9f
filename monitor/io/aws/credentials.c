/* SPDX-License-Identifier: Apache-2.0 */
/* A holding is what is known of one identity: of ourselves, or of a role on top. For each there is
 * at most one look under way, for everybody who waits:
 *
 *   get -> waiting --(known, good)--------------------------------------> deliver
 *                 \-(not known, ended, distrusted)-> look -> on_look ----/
 *   timer ----------(to be renewed)-----------------> look -> on_look: better ones, or keep these
 *
 * A role's look begins with asking for ourselves, as everybody else does. */
#include "credentials.h"

#include <assert.h>
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <uv.h>

#include "credentials_term.h"
#include "fetch.h"
#include "log.h"
#include "look.h"

enum {
    ROLES_MAX = 64,
    /* Who was asked just now would say the same again, and AWS may refuse for reasons that no
     * credentials mend. */
    DISTRUST_GAP_MS = 5000
};

struct credentials_request {
    struct holding *holding;
    credentials_done done;
    void *context;
    uint64_t number;
    TAILQ_ENTRY(credentials_request) link;
};

TAILQ_HEAD(requests, credentials_request);

struct holding {
    struct credentials_source *source;
    char *arn; /* NULL: ourselves */
    char *external_id;

    bool is_known;
    struct credentials keys;
    struct credentials_term term;
    char origin[CREDENTIALS_PROFILE_MAX + 64];
    char error[CREDENTIALS_ERROR_MAX]; /* of the last look, "" when it found some */
    bool is_local;                     /* it asked nobody */
    msec_t looked_ms;

    bool is_looking; /* look, or base, is there */
    struct look *look;
    struct credentials_request *base; /* a role's: ourselves are asked for first */
    bool is_outdated; /* what the look brings is for another profile, or distrusted */
    bool is_distrusted;
    bool is_wanted; /* asked for since it was found */

    struct requests waiting;
    uint64_t ready_number; /* requests up to this one can be answered */
    TAILQ_ENTRY(holding) link;
};

TAILQ_HEAD(holdings, holding);

struct credentials_source {
    uv_loop_t *loop;
    uv_idle_t deliver;
    uv_timer_t timer; /* until the next holding is to be renewed */
    struct look_tools tools;
    struct holdings holdings; /* ourselves first */
    unsigned holding_count;
    char *profile;
    uint64_t seed;
    msec_t (*now_ms)(void);
    uint64_t request_count;
    bool is_closing;
    unsigned handle_count; /* not yet closed: deliver, timer, fetcher */
    void (*closed)(void *context);
    void *closed_context;
};

static void on_deliver(uv_idle_t *idle);
static void look_for(struct holding *holding);

/* ---- holdings ---- */

static struct holding *ourselves(const struct credentials_source *source)
{
    return TAILQ_FIRST(&source->holdings);
}

static void forget_keys(struct holding *holding)
{
    explicit_bzero(&holding->keys, sizeof(holding->keys));
    holding->is_known = false;
    holding->is_distrusted = false;
    holding->term = (struct credentials_term){.has_end = false};
}

static void destroy_holding(struct holding *holding)
{
    assert(!holding->is_looking && TAILQ_EMPTY(&holding->waiting));
    forget_keys(holding);
    TAILQ_REMOVE(&holding->source->holdings, holding, link);
    holding->source->holding_count--;
    free(holding->arn);
    free(holding->external_id);
    free(holding);
}

static struct holding *add_holding(struct credentials_source *source,
                                   const struct credentials_role *role)
{
    struct holding *holding = calloc(1, sizeof(*holding));

    if (holding == NULL)
        return NULL;
    holding->source = source;
    TAILQ_INIT(&holding->waiting);
    if (role != NULL) {
        holding->arn = strdup(role->arn);
        holding->external_id = strdup(role->external_id);
        if (holding->arn == NULL || holding->external_id == NULL) {
            free(holding->arn);
            free(holding->external_id);
            free(holding);
            return NULL;
        }
    }
    TAILQ_INSERT_TAIL(&source->holdings, holding, link);
    source->holding_count++;
    return holding;
}

static struct holding *find_holding(const struct credentials_source *source,
                                    const struct credentials_role *role)
{
    struct holding *holding = ourselves(source);

    if (role == NULL)
        return holding;
    for (holding = TAILQ_NEXT(holding, link); holding != NULL;
         holding = TAILQ_NEXT(holding, link)) {
        if (strcmp(holding->arn, role->arn) == 0 &&
            strcmp(holding->external_id, role->external_id) == 0)
            return holding;
    }
    return NULL;
}

/* Settings come and go; a role that nobody waits for makes room. */
static void drop_idle_roles(struct credentials_source *source)
{
    struct holding *holding = TAILQ_NEXT(ourselves(source), link);

    while (holding != NULL) {
        struct holding *next = TAILQ_NEXT(holding, link);

        if (!holding->is_looking && TAILQ_EMPTY(&holding->waiting))
            destroy_holding(holding);
        holding = next;
    }
}

static bool is_good(const struct holding *holding)
{
    return holding->is_known && credentials_term_is_good(&holding->term, holding->source->now_ms());
}

static bool is_due(const struct holding *holding)
{
    return credentials_term_is_due(&holding->term, holding->source->now_ms());
}

/* ---- the timer: what is known is renewed before it ends ---- */

static void on_timer(uv_timer_t *timer);

static void set_timer(struct credentials_source *source)
{
    msec_t now_ms = source->now_ms();
    msec_t wait_ms = INT64_MAX;
    struct holding *holding;

    TAILQ_FOREACH(holding, &source->holdings, link)
    {
        if (holding->is_known && holding->term.has_end && !holding->is_looking &&
            holding->term.refresh_ms - now_ms < wait_ms)
            wait_ms = holding->term.refresh_ms - now_ms;
    }
    uv_timer_stop(&source->timer);
    if (source->is_closing || wait_ms == INT64_MAX)
        return;
    uv_timer_start(&source->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0, 0);
}

/* What nobody has asked for in a whole life is let go. */
static void renew(struct holding *holding)
{
    if (!holding->is_known || !holding->term.has_end || holding->is_looking || !is_due(holding))
        return;
    if (holding->is_wanted)
        look_for(holding);
    else
        forget_keys(holding);
}

static void on_timer(uv_timer_t *timer)
{
    struct credentials_source *source = timer->data;
    struct holding *holding;

    TAILQ_FOREACH(holding, &source->holdings, link)
    renew(holding);
    set_timer(source);
}

/* ---- closing ---- */

static void free_when_closed(struct credentials_source *source)
{
    void (*closed)(void *) = source->closed;
    void *context = source->closed_context;

    if (source->handle_count > 0)
        return;
    while (ourselves(source) != NULL)
        destroy_holding(ourselves(source));
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
static void close_when_quiet(struct credentials_source *source)
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

/* ---- looking ---- */

static void keep(struct holding *holding, const struct look_result *result)
{
    struct credentials_source *source = holding->source;

    if (holding->is_known && holding->error[0] != '\0')
        log_say(LOG_LEVEL_INFO, "credentials: renewed from %s", result->origin);
    holding->keys = *result->keys;
    holding->is_known = true;
    holding->is_distrusted = false;
    holding->is_wanted = false;
    holding->error[0] = '\0';
    snprintf(holding->origin, sizeof(holding->origin), "%s", result->origin);
    credentials_term_begin(&holding->term, source->now_ms(), result->has_end, result->left_ms,
                           result->is_stable, &source->seed);
}

/* What is there is used on to its end. What has none, and was refused by AWS, is let go when
 * environment and files were read and do not mean it any more. */
static void note_failure(struct holding *holding, const struct look_result *result)
{
    struct credentials_source *source = holding->source;
    bool is_news = strcmp(holding->error, result->error) != 0;

    if (result->end == LOOK_NONE && !holding->term.has_end)
        forget_keys(holding);
    holding->is_distrusted = false;
    snprintf(holding->error, sizeof(holding->error), "%s", result->error);
    credentials_term_fail(&holding->term, source->now_ms(), &source->seed);
    if (holding->is_known && is_news)
        log_say(LOG_LEVEL_WARN,
                "credentials: those of %s stay in use, better ones are not there: %s",
                holding->origin, holding->error);
}

static void end_look(struct holding *holding, const struct look_result *result)
{
    struct credentials_source *source = holding->source;

    holding->is_looking = false;
    holding->look = NULL;
    if (source->is_closing) {
        close_when_quiet(source);
        return;
    }
    holding->is_local = result->is_local;
    holding->looked_ms = source->now_ms();
    if (holding->is_outdated) {
        holding->is_outdated = false;
        if (!TAILQ_EMPTY(&holding->waiting))
            look_for(holding);
        return;
    }
    if (result->end == LOOK_FOUND)
        keep(holding, result);
    else
        note_failure(holding, result);
    holding->ready_number = source->request_count;
    uv_idle_start(&source->deliver, on_deliver);
    set_timer(source);
}

static void on_look(void *context, const struct look_result *result)
{
    struct holding *holding = context;

    if (result->is_keys_refused)
        ourselves(holding->source)->is_distrusted = true;
    end_look(holding, result);
}

/* Who we are is known, or not to be had: then the role is not either. */
static void on_base(void *context, const struct credentials *credentials, const char *error)
{
    struct holding *holding = context;
    struct credentials_source *source = holding->source;
    struct credentials_role role = {holding->arn, holding->external_id};
    struct look_task task = {source->profile, &role, credentials};
    struct look_result failed = {.end = LOOK_FAILED, .is_local = true, .error = error};

    holding->base = NULL;
    if (credentials == NULL)
        end_look(holding, &failed);
    else
        holding->look = look_start(&source->tools, &task, on_look, holding);
}

static void look_for(struct holding *holding)
{
    struct credentials_source *source = holding->source;
    struct look_task task = {.profile = source->profile};

    if (holding->is_looking || source->is_closing)
        return;
    holding->is_looking = true;
    if (holding->arn == NULL)
        holding->look = look_start(&source->tools, &task, on_look, holding);
    else
        holding->base = credentials_get(source, NULL, on_base, holding);
}

/* Nobody who was asked a moment ago is asked again for the same. */
static bool must_wait(const struct holding *holding)
{
    msec_t now_ms = holding->source->now_ms();

    if (holding->is_local)
        return false;
    if (holding->is_distrusted && is_good(holding))
        return now_ms - holding->looked_ms < DISTRUST_GAP_MS;
    return holding->error[0] != '\0' && holding->term.failures > 0 && !is_due(holding);
}

/* Brings about that those who wait are answered. */
static void serve(struct holding *holding)
{
    struct credentials_source *source = holding->source;
    bool is_usable = is_good(holding) && !holding->is_distrusted;

    if (!is_usable && !must_wait(holding)) {
        look_for(holding);
        return;
    }
    if (holding->is_looking && !is_usable)
        return;
    if (is_usable && is_due(holding))
        look_for(holding);
    holding->ready_number = source->request_count;
    uv_idle_start(&source->deliver, on_deliver);
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
    bool is_found = is_good(holding);
    struct credentials keys = holding->keys;
    char error[CREDENTIALS_ERROR_MAX];

    snprintf(error, sizeof(error), "%s", holding->error);
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
    source->profile = strdup(options->profile);
    if (source->profile != NULL && add_holding(source, NULL) != NULL)
        status = take_region(source, options->region);
    if (status == 0)
        status = fetcher_create(loop, &source->tools.fetcher);
    if (status != 0) {
        if (ourselves(source) != NULL)
            destroy_holding(ourselves(source));
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
    struct holding *holding = find_holding(source, role);

    assert(!source->is_closing);
    if (holding == NULL && source->holding_count > ROLES_MAX)
        drop_idle_roles(source);
    if (holding == NULL)
        holding = add_holding(source, role);
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

void credentials_distrust(struct credentials_source *source)
{
    struct holding *holding;

    TAILQ_FOREACH(holding, &source->holdings, link)
    {
        if (holding->is_looking)
            holding->is_outdated = true;
        else
            holding->is_distrusted = holding->is_known;
        serve_anew(holding);
    }
}

void credentials_look_at(const struct credentials_source *source,
                         const struct credentials_role *role, struct credentials_view *ret_view)
{
    const struct holding *holding = find_holding(source, role);

    *ret_view = (struct credentials_view){.origin = "", .left_ms = -1, .error = ""};
    if (holding == NULL)
        return;
    ret_view->is_known = is_good(holding);
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
        forget_keys(holding);
        holding->error[0] = '\0';
        holding->is_outdated = holding->is_looking;
        serve_anew(holding);
    }
    return 0;
}

/* Roles wait for ourselves as others do. */
static void stop_waiting(struct credentials_source *source)
{
    for (struct holding *one = ourselves(source); one != NULL; one = TAILQ_NEXT(one, link)) {
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
    for (struct holding *one = ourselves(source); one != NULL; one = TAILQ_NEXT(one, link)) {
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
    close_when_quiet(source);
}
