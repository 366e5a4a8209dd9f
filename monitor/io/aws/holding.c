/* SPDX-License-Identifier: Apache-2.0 */
/* A look brings better credentials, or those that are there stay. A role's begins with asking for
 * ourselves, as everybody else does. */
#include "holding.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* AWS may refuse for reasons that no credentials mend, such as a policy: who was asked just now is
 * asked again after 5, 10, 20 s ... 5 minutes. */
enum { GAP_FIRST_MS = 5000, GAP_LAST_MS = 5 * 60 * 1000 };

/* ---- holdings ---- */

struct holding *holding_ourselves(const struct credentials_source *source)
{
    return TAILQ_FIRST(&source->holdings);
}

void holding_forget_keys(struct holding *holding)
{
    explicit_bzero(&holding->keys, sizeof(holding->keys));
    holding->is_known = false;
    holding->is_distrusted = false;
    holding->term = (struct credentials_term){.has_end = false};
}

void holding_destroy(struct holding *holding)
{
    assert(!holding->is_looking && TAILQ_EMPTY(&holding->waiting));
    holding_forget_keys(holding);
    TAILQ_REMOVE(&holding->source->holdings, holding, link);
    holding->source->holding_count--;
    free(holding->arn);
    free(holding->external_id);
    free(holding);
}

struct holding *holding_add(struct credentials_source *source, const struct credentials_role *role)
{
    struct holding *holding = calloc(1, sizeof(*holding));

    if (holding == NULL)
        return NULL;
    holding->source = source;
    holding->gap_ms = GAP_FIRST_MS;
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

struct holding *holding_find(const struct credentials_source *source,
                             const struct credentials_role *role)
{
    struct holding *holding = holding_ourselves(source);

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

void holding_drop_idle_roles(struct credentials_source *source)
{
    struct holding *holding = TAILQ_NEXT(holding_ourselves(source), link);

    while (holding != NULL) {
        struct holding *next = TAILQ_NEXT(holding, link);

        if (!holding->is_looking && TAILQ_EMPTY(&holding->waiting))
            holding_destroy(holding);
        holding = next;
    }
}

bool holding_is_good(const struct holding *holding)
{
    return holding->is_known && credentials_term_is_good(&holding->term, holding->source->now_ms());
}

bool holding_is_due(const struct holding *holding)
{
    return credentials_term_is_due(&holding->term, holding->source->now_ms());
}

/* ---- the timer: what is known is renewed before it ends ---- */

static void on_timer(uv_timer_t *timer);

void holding_set_timer(struct credentials_source *source)
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
    if (!holding->is_known || !holding->term.has_end || holding->is_looking ||
        !holding_is_due(holding))
        return;
    if (holding->is_wanted)
        holding_look(holding);
    else
        holding_forget_keys(holding);
}

static void on_timer(uv_timer_t *timer)
{
    struct credentials_source *source = timer->data;
    struct holding *holding;

    TAILQ_FOREACH(holding, &source->holdings, link)
    renew(holding);
    holding_set_timer(source);
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
        holding_forget_keys(holding);
    holding->is_distrusted = false;
    snprintf(holding->error, sizeof(holding->error), "%s", result->error);
    credentials_term_fail(&holding->term, source->now_ms(), &source->seed);
    if (holding->is_known && is_news)
        log_say(LOG_LEVEL_WARN,
                "credentials: those of %s stay in use, better ones are not there: %s",
                holding->origin, holding->error);
}

static void set_gap(struct holding *holding)
{
    if (!holding->is_distrusted)
        holding->gap_ms = GAP_FIRST_MS;
    else if (holding->gap_ms < GAP_LAST_MS / 2)
        holding->gap_ms *= 2;
    else
        holding->gap_ms = GAP_LAST_MS;
}

static void end_look(struct holding *holding, const struct look_result *result)
{
    struct credentials_source *source = holding->source;

    holding->is_looking = false;
    holding->look = NULL;
    if (source->is_closing) {
        credentials_close_when_quiet(source);
        return;
    }
    holding->is_local = result->is_local;
    holding->looked_ms = source->now_ms();
    if (holding->is_outdated) {
        holding->is_outdated = false;
        if (!TAILQ_EMPTY(&holding->waiting))
            holding_look(holding);
        return;
    }
    set_gap(holding);
    if (result->end == LOOK_FOUND)
        keep(holding, result);
    else
        note_failure(holding, result);
    credentials_deliver(holding);
    holding_set_timer(source);
}

static void on_look(void *context, const struct look_result *result)
{
    struct holding *holding = context;

    if (result->is_keys_refused)
        holding_ourselves(holding->source)->is_distrusted = true;
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

void holding_look(struct holding *holding)
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
