/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_link.c: the link's life, and its way back to the first member. What becomes of a question
 * stands in etcd_question.c. */
#include "etcd_link.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "etcd_link_state.h"

enum {
    RETURN_FIRST_MS = 5 * 1000, /* the first member is the near one: back to it when it is well */
    RETURN_LAST_MS = 60 * 1000
};

#define PATH_STATUS "/v3/maintenance/status"

msec_t etcd_link_now(const struct etcd_link *link)
{
    (void)link;
    return (msec_t)(uv_hrtime() / 1000000);
}

uint32_t etcd_random(void)
{
    uint32_t random = 0;

    if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
        random = 0;
    return random;
}

/* ---- ends ---- */

static void link_free(struct etcd_link *link)
{
    void (*closed)(void *context) = link->closed;
    void *context = link->closed_context;

    for (uint32_t i = 0; i < link->members.count; i++)
        free(link->urls[i]);
    free(link->user);
    if (link->password != NULL)
        explicit_bzero(link->password, strlen(link->password));
    free(link->password);
    explicit_bzero(link->token, sizeof(link->token));
    free(link);
    closed(context);
}

void etcd_link_hold(struct etcd_link *link)
{
    link->open_handles++;
}

void etcd_link_release(struct etcd_link *link)
{
    link->open_handles--;
    if (link->open_handles == 0)
        link_free(link);
}

/* ---- asking ---- */

void etcd_link_blame(struct etcd_link *link, uint32_t member)
{
    etcd_members_failed(&link->members, member, etcd_link_now(link), etcd_random());
}

void etcd_link_ask(struct etcd_link *link, const struct etcd_question *from, etcd_answered answered,
                   void *context)
{
    struct question *question = question_create(link, from);

    question->answered = answered;
    question->context = context;
}

void etcd_link_misread(struct etcd_link *link, const struct etcd_answer *answer, const char *words,
                       char *sentence, size_t size)
{
    for (uint32_t i = 0; i < link->members.count; i++) {
        if (link->urls[i] == answer->member)
            etcd_link_blame(link, i);
    }
    (void)snprintf(sentence, size,
                   "store: etcd at %.120s gave an answer that cannot be read: %.200s: look whether "
                   "it is etcd",
                   answer->member, words);
}

/* ---- back to the first member ---- */

static void on_first_answered(void *context, const struct etcd_answer *answer)
{
    struct etcd_link *link = context;

    (void)answer; /* note_member() has drawn the conclusion */
    link->returning = false;
    etcd_link_expect_return(link);
}

/* A small question which says whether the member has a leader. */
static void on_return_timer(uv_timer_t *timer)
{
    struct etcd_link *link = timer->data;
    struct etcd_question status = {.path = PATH_STATUS, .body = "{}", .length = 2};
    struct question *question;

    if (link->closing)
        return;
    question = question_create(link, &status);
    question->only = 0;
    question->answered = on_first_answered;
    question->context = link;
    link->return_rounds++;
}

void etcd_link_expect_return(struct etcd_link *link)
{
    msec_t after_ms;

    if (link->members.current == 0) {
        link->return_rounds = 0;
        return;
    }
    if (link->returning || link->closing)
        return;
    link->returning = true;
    after_ms =
        etcd_back_off_ms(RETURN_FIRST_MS, RETURN_LAST_MS, link->return_rounds, etcd_random());
    (void)uv_timer_start(&link->return_timer, on_return_timer, (uint64_t)after_ms, 0);
}

/* ---- what a stream needs ---- */

uint32_t etcd_link_current(const struct etcd_link *link)
{
    return link->members.current;
}

void etcd_link_target(const struct etcd_link *link, uint32_t member, const char *path,
                      struct etcd_target *ret_target)
{
    *ret_target = (struct etcd_target){.settings = link->settings,
                                       .member = link->urls[member],
                                       .path = path,
                                       .token = link->token,
                                       .pin = link->hosts[member].pin};
}

struct curl_loop *etcd_link_curl(const struct etcd_link *link)
{
    return link->curl_loop;
}

uv_loop_t *etcd_link_loop(const struct etcd_link *link)
{
    return link->loop;
}

/* ---- life ---- */

static int copy_urls(struct etcd_link *link, const struct store_settings *settings)
{
    for (uint32_t i = 0; i < settings->endpoint_count; i++) {
        size_t length = strlen(settings->endpoints[i]);

        while (length > 0 && settings->endpoints[i][length - 1] == '/')
            length--;
        link->urls[i] = strndup(settings->endpoints[i], length);
        if (link->urls[i] == NULL)
            return -ENOMEM;
        link->members.count++;
    }
    return 0;
}

static void nothing(void *context)
{
    (void)context;
}

int etcd_link_create(uv_loop_t *loop, struct curl_loop *curl_loop,
                     const struct store_settings *settings, const char *user, const char *password,
                     struct etcd_link **ret_link)
{
    struct etcd_link *link = calloc(1, sizeof(*link));
    int error;

    if (link == NULL)
        return -ENOMEM;
    if (settings->endpoint_count == 0 || settings->endpoint_count > ETCD_MEMBERS_MAX) {
        free(link);
        return -EINVAL;
    }
    link->loop = loop;
    link->curl_loop = curl_loop;
    link->settings = settings;
    link->closed = nothing;
    TAILQ_INIT(&link->questions);
    link->user = strdup(user);
    link->password = strdup(password);
    if (link->user == NULL || link->password == NULL || copy_urls(link, settings) != 0) {
        link_free(link);
        return -ENOMEM;
    }
    error = etcd_hosts_init(link) == 0 ? resolver_create(loop, NULL, &link->resolver) : -EINVAL;
    if (error != 0) {
        link_free(link);
        return error;
    }
    (void)uv_timer_init(loop, &link->return_timer); /* cannot fail */
    link->return_timer.data = link;
    link->open_handles = 2; /* the timer and the resolver */
    *ret_link = link;
    return 0;
}

static void on_resolver_closed(void *context)
{
    etcd_link_release(context);
}

static void on_return_timer_closed(uv_handle_t *handle)
{
    etcd_link_release(handle->data);
}

void etcd_link_close(struct etcd_link *link, void (*closed)(void *context), void *context)
{
    struct question *question;

    assert(!link->closing);
    link->closing = true;
    link->closed = closed;
    link->closed_context = context;
    TAILQ_FOREACH(question, &link->questions, entry)
    {
        question_close(question);
    }
    uv_close((uv_handle_t *)&link->return_timer, on_return_timer_closed);
    resolver_close(link->resolver, on_resolver_closed, link);
}
