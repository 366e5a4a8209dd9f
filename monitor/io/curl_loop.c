/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: libcurl says which sockets and which timeout it waits for, libuv waits, and whatever
 * libcurl then says it finished goes into the list `ended`, which is handed back once libcurl has
 * returned. What ends outside a callback of the loop (cancel, close, no start) is handed back by an
 * idle handle, active only while the list holds something. So there is one way out for a transfer.
 *
 *   start -> running --(libcurl's message, cancel, close, no start)--> ended --(deliver)--> done
 */
#include "curl_loop.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>

struct job {
    struct curl_loop *owner;
    CURL *easy;
    curl_loop_done done;
    void *context;
    CURLcode code;
    bool ended;
    bool added; /* libcurl knows the handle */
    TAILQ_ENTRY(job) link;
};

TAILQ_HEAD(jobs, job);

struct curl_loop {
    uv_loop_t *loop;
    CURLM *multi;
    uv_timer_t timer;
    uv_idle_t deliver;
    struct jobs running;
    struct jobs ended;
    unsigned socket_count; /* of struct socket_watch not yet freed */
    unsigned handle_count; /* timer and deliver not yet closed */
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* One socket libcurl waits for. Freed by its close callback, never before: libuv may hold it. */
struct socket_watch {
    uv_poll_t poll;
    struct curl_loop *owner;
    curl_socket_t fd;
};

static void deliver(uv_idle_t *idle);

/* ---- ending ---- */

static void end(struct job *job, CURLcode code)
{
    struct curl_loop *curl_loop = job->owner;

    if (job->ended)
        return;
    TAILQ_REMOVE(&curl_loop->running, job, link);
    TAILQ_INSERT_TAIL(&curl_loop->ended, job, link);
    job->code = code;
    job->ended = true;
    uv_idle_start(&curl_loop->deliver, deliver);
}

static struct job *job_of(CURL *easy)
{
    char *job = NULL;

    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &job);
    return (struct job *)(void *)job;
}

static void collect_messages(struct curl_loop *curl_loop)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(curl_loop->multi, &left)) != NULL) {
        assert(message->msg == CURLMSG_DONE);
        end(job_of(message->easy_handle), message->data.result);
    }
}

static void free_when_closed(struct curl_loop *curl_loop)
{
    void (*closed)(void *) = curl_loop->closed;
    void *context = curl_loop->closed_context;

    if (curl_loop->handle_count > 0 || curl_loop->socket_count > 0)
        return;
    free(curl_loop);
    closed(context);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct curl_loop *curl_loop = handle->data;

    curl_loop->handle_count--;
    free_when_closed(curl_loop);
}

/* Only when every job has been handed back: libcurl closes its kept connections here, which still
 * goes through on_socket_wanted(). */
static void close_handles(struct curl_loop *curl_loop)
{
    CURLMcode code = curl_multi_cleanup(curl_loop->multi);

    assert(code == CURLM_OK);
    curl_loop->multi = NULL;
    uv_close((uv_handle_t *)&curl_loop->timer, on_handle_closed);
    uv_close((uv_handle_t *)&curl_loop->deliver, on_handle_closed);
}

/* The one finish: detach, then report. */
static void finish(struct job *job)
{
    struct job detached = *job;

    TAILQ_REMOVE(&job->owner->ended, job, link);
    if (job->added)
        curl_multi_remove_handle(job->owner->multi, job->easy);
    curl_easy_setopt(job->easy, CURLOPT_PRIVATE, NULL);
    free(job);
    detached.done(detached.context, detached.easy, detached.code);
}

/* Only what had ended when we began: a job whose `done` starts a job that fails at once must not
 * keep the loop from its other work. */
static void deliver(uv_idle_t *idle)
{
    struct curl_loop *curl_loop = idle->data;
    struct job *last = TAILQ_LAST(&curl_loop->ended, jobs);
    struct job *job;

    while ((job = TAILQ_FIRST(&curl_loop->ended)) != NULL) {
        bool is_last = job == last;

        finish(job);
        if (is_last)
            break;
    }
    if (!TAILQ_EMPTY(&curl_loop->ended))
        return;
    uv_idle_stop(&curl_loop->deliver);
    if (curl_loop->closing && curl_loop->multi != NULL)
        close_handles(curl_loop);
}

/* ---- what libcurl asks of the loop ---- */

static void on_socket_ready(uv_poll_t *poll, int status, int events)
{
    struct socket_watch *watch = poll->data;
    struct curl_loop *curl_loop = watch->owner;
    int running;
    int ready = 0;

    if (status < 0)
        ready = CURL_CSELECT_ERR;
    if (events & UV_READABLE)
        ready |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        ready |= CURL_CSELECT_OUT;
    curl_multi_socket_action(curl_loop->multi, watch->fd, ready, &running);
    collect_messages(curl_loop);
    deliver(&curl_loop->deliver);
}

static void on_timer(uv_timer_t *timer)
{
    struct curl_loop *curl_loop = timer->data;
    int running;

    curl_multi_socket_action(curl_loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    collect_messages(curl_loop);
    deliver(&curl_loop->deliver);
}

static int on_timeout_wanted(CURLM *multi, long timeout_ms, void *context)
{
    struct curl_loop *curl_loop = context;

    (void)multi;
    if (timeout_ms < 0)
        uv_timer_stop(&curl_loop->timer);
    else
        uv_timer_start(&curl_loop->timer, on_timer, (uint64_t)timeout_ms, 0);
    return 0;
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct socket_watch *watch = handle->data;
    struct curl_loop *curl_loop = watch->owner;

    free(watch);
    curl_loop->socket_count--;
    free_when_closed(curl_loop);
}

static struct socket_watch *watch_create(struct curl_loop *curl_loop, curl_socket_t fd)
{
    struct socket_watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    if (uv_poll_init_socket(curl_loop->loop, &watch->poll, fd) < 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->owner = curl_loop;
    watch->fd = fd;
    curl_loop->socket_count++;
    curl_multi_assign(curl_loop->multi, fd, watch);
    return watch;
}

static void watch_close(struct curl_loop *curl_loop, struct socket_watch *watch)
{
    curl_multi_assign(curl_loop->multi, watch->fd, NULL);
    uv_poll_stop(&watch->poll);
    uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
}

/* A failure here must not be returned: libcurl 7.88 would declare the whole multi handle dead for
 * ever. The transfer that wanted the socket ends instead. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *context,
                            void *socket_context)
{
    struct curl_loop *curl_loop = context;
    struct socket_watch *watch = socket_context;
    int events = 0;

    if (what == CURL_POLL_REMOVE) {
        if (watch != NULL)
            watch_close(curl_loop, watch);
        return 0;
    }
    if (what != CURL_POLL_OUT)
        events |= UV_READABLE;
    if (what != CURL_POLL_IN)
        events |= UV_WRITABLE;
    if (watch == NULL)
        watch = watch_create(curl_loop, fd);
    if (watch == NULL || uv_poll_start(&watch->poll, events, on_socket_ready) < 0) {
        struct job *job = job_of(easy);

        if (job != NULL)
            end(job, CURLE_OUT_OF_MEMORY);
    }
    return 0;
}

/* ---- the interface ---- */

CURL *curl_loop_easy(const char *protocols)
{
    CURL *easy = curl_easy_init();

    if (easy == NULL)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    /* Debian's libcurl is built with a folder of certificates, and with one it reads all of them
     * anew for each handshake: 26 ms instead of 0.9 ms. The bundle (CAINFO) stays. */
    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    /* The cache of names is walked whole after each transfer. */
    curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 0L);
    if (curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, protocols) != CURLE_OK) {
        curl_easy_cleanup(easy);
        return NULL;
    }
    return easy;
}

int curl_loop_create(uv_loop_t *loop, struct curl_loop **ret_curl_loop)
{
    struct curl_loop *curl_loop;

    /* Counted by libcurl, and never undone by us: easy handles may outlive this curl_loop. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -ENOMEM;
    curl_loop = calloc(1, sizeof(*curl_loop));
    if (curl_loop == NULL)
        return -ENOMEM;
    curl_loop->multi = curl_multi_init();
    if (curl_loop->multi == NULL) {
        free(curl_loop);
        return -ENOMEM;
    }
    curl_loop->loop = loop;
    TAILQ_INIT(&curl_loop->running);
    TAILQ_INIT(&curl_loop->ended);
    uv_timer_init(loop, &curl_loop->timer);
    uv_idle_init(loop, &curl_loop->deliver);
    curl_loop->timer.data = curl_loop;
    curl_loop->deliver.data = curl_loop;
    curl_loop->handle_count = 2;
    curl_multi_setopt(curl_loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(curl_loop->multi, CURLMOPT_SOCKETDATA, curl_loop);
    curl_multi_setopt(curl_loop->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
    curl_multi_setopt(curl_loop->multi, CURLMOPT_TIMERDATA, curl_loop);
    *ret_curl_loop = curl_loop;
    return 0;
}

void curl_loop_start(struct curl_loop *curl_loop, CURL *easy, curl_loop_done done, void *context)
{
    struct job *job = calloc(1, sizeof(*job));

    assert(!curl_loop->closing);
    assert(job_of(easy) == NULL);
    if (job == NULL)
        abort(); /* nothing is left to tell it with */
    *job = (struct job){.owner = curl_loop, .easy = easy, .done = done, .context = context};
    TAILQ_INSERT_TAIL(&curl_loop->running, job, link);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
    if (curl_multi_add_handle(curl_loop->multi, easy) != CURLM_OK)
        end(job, CURLE_FAILED_INIT);
    else
        job->added = true;
}

void curl_loop_cancel(struct curl_loop *curl_loop, CURL *easy)
{
    struct job *job = job_of(easy);

    if (job == NULL)
        return;
    assert(job->owner == curl_loop);
    end(job, CURLE_ABORTED_BY_CALLBACK);
}

void curl_loop_close(struct curl_loop *curl_loop, void (*closed)(void *context), void *context)
{
    struct job *job;

    if (curl_loop == NULL) {
        closed(context);
        return;
    }
    assert(!curl_loop->closing);
    curl_loop->closing = true;
    curl_loop->closed = closed;
    curl_loop->closed_context = context;
    while ((job = TAILQ_FIRST(&curl_loop->running)) != NULL)
        end(job, CURLE_ABORTED_BY_CALLBACK);
    uv_idle_start(&curl_loop->deliver, deliver);
}
