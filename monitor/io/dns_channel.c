/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: after every contact with c-ares, whoever began it, the same three things happen in one
 * place, on_turn(): time is given to c-ares, its user acts on what was recorded, the timer is set
 * to what c-ares waits for next. */
#include "dns_channel.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* One socket of c-ares. Freed by its close callback. */
struct watch {
    uv_poll_t poll;
    struct dns_channel *owner;
    ares_socket_t fd;
    LIST_ENTRY(watch) link;
};

struct dns_channel {
    uv_loop_t *loop;
    ares_channel ares; /* NULL: nothing was asked yet */
    struct dns_channel_options options;
    uv_timer_t timer;
    LIST_HEAD(, watch) watches; /* a few: c-ares opens one socket for each server */
    unsigned handle_count;      /* not yet closed: the timer and the watches */
    bool closing;
    void (*turn)(void *context);
    void *context;
    void (*closed)(void *context);
    void *closed_context;
};

static void on_turn(uv_timer_t *timer);

/* Of a server that refuses and of a question for which this machine has no descriptor left c-ares
 * tells the same; the latter says nothing about the name (V4). */
static enum dns_status unreachable(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return DNS_NO_SOCKET;
    close(fd);
    return DNS_UNREACHABLE;
}

enum dns_status dns_status_of(int ares_status)
{
    switch (ares_status) {
    case ARES_SUCCESS:
        return DNS_OK;
    case ARES_ENOTFOUND:
        return DNS_NXDOMAIN;
    case ARES_ENODATA:
        return DNS_NODATA;
    case ARES_ESERVFAIL:
        return DNS_SERVFAIL;
    case ARES_EREFUSED:
    case ARES_ENOTIMP:
        return DNS_REFUSED;
    case ARES_ETIMEOUT:
        return DNS_TIMEOUT;
    case ARES_ECONNREFUSED:
        return unreachable();
    case ARES_EBADNAME:
        return DNS_BAD_NAME;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
        return DNS_CANCELLED;
    case ARES_ENOMEM:
        return DNS_NO_MEMORY;
    default:
        return DNS_BAD_ANSWER;
    }
}

static void free_when_closed(struct dns_channel *channel)
{
    void (*closed)(void *) = channel->closed;
    void *context = channel->closed_context;

    if (!channel->closing || channel->handle_count > 0)
        return;
    free(channel);
    closed(context);
}

static void on_timer_closed(uv_handle_t *handle)
{
    struct dns_channel *channel = handle->data;

    channel->handle_count--;
    free_when_closed(channel);
}

static void on_watch_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    struct dns_channel *channel = watch->owner;

    free(watch);
    channel->handle_count--;
    free_when_closed(channel);
}

static void arm(struct dns_channel *channel)
{
    struct timeval next;

    if (channel->ares == NULL || ares_timeout(channel->ares, NULL, &next) == NULL)
        uv_timer_stop(&channel->timer);
    else
        uv_timer_start(&channel->timer, on_turn,
                       (uint64_t)next.tv_sec * 1000 + ((uint64_t)next.tv_usec + 999) / 1000, 0);
}

static void turn(struct dns_channel *channel, ares_socket_t readable, ares_socket_t writable)
{
    if (channel->ares != NULL)
        ares_process_fd(channel->ares, readable, writable);
    channel->turn(channel->context);
    if (!channel->closing)
        arm(channel);
}

static void on_turn(uv_timer_t *timer)
{
    turn(timer->data, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

/* An error is given to c-ares as readiness: it reads, sees the error itself and asks elsewhere. */
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct watch *watch = poll->data;
    bool readable = status < 0 || (events & UV_READABLE) != 0;
    bool writable = status < 0 || (events & UV_WRITABLE) != 0;

    turn(watch->owner, readable ? watch->fd : ARES_SOCKET_BAD,
         writable ? watch->fd : ARES_SOCKET_BAD);
}

static struct watch *find_watch(struct dns_channel *channel, ares_socket_t fd)
{
    struct watch *watch;

    LIST_FOREACH(watch, &channel->watches, link)
    {
        if (watch->fd == fd)
            return watch;
    }
    return NULL;
}

static struct watch *watch_create(struct dns_channel *channel, ares_socket_t fd)
{
    struct watch *watch = calloc(1, sizeof(*watch));

    if (watch == NULL)
        return NULL;
    if (uv_poll_init_socket(channel->loop, &watch->poll, fd) < 0) {
        free(watch);
        return NULL;
    }
    watch->poll.data = watch;
    watch->owner = channel;
    watch->fd = fd;
    LIST_INSERT_HEAD(&channel->watches, watch, link);
    channel->handle_count++;
    return watch;
}

/* c-ares wants to know of a socket, or is about to close it. A socket that cannot be watched stays
 * unwatched: its question ends by c-ares' own timeout. */
static void on_socket_wanted(void *context, ares_socket_t fd, int readable, int writable)
{
    struct dns_channel *channel = context;
    struct watch *watch = find_watch(channel, fd);
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);

    if (events != 0) {
        if (watch == NULL)
            watch = watch_create(channel, fd);
        if (watch != NULL)
            uv_poll_start(&watch->poll, events, on_ready);
    } else if (watch != NULL) {
        LIST_REMOVE(watch, link);
        uv_poll_stop(&watch->poll);
        uv_close((uv_handle_t *)&watch->poll, on_watch_closed);
    }
}

static int open_ares(struct dns_channel *channel)
{
    const struct dns_channel_options *options = &channel->options;
    struct ares_options ares = {.flags = options->flags,
                                .timeout = (int)options->try_ms,
                                .tries = options->tries,
                                .sock_state_cb = on_socket_wanted,
                                .sock_state_cb_data = channel};
    int code;

    code = ares_init_options(&channel->ares, &ares,
                             ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
                                 ARES_OPT_SOCK_STATE_CB);
    if (code != ARES_SUCCESS) {
        channel->ares = NULL;
        return code == ARES_ENOMEM ? -ENOMEM : -EIO;
    }
    if (options->servers == NULL)
        return 0;
    if (ares_set_servers_ports_csv(channel->ares, options->servers) == ARES_SUCCESS)
        return 0;
    ares_destroy(channel->ares);
    channel->ares = NULL;
    return -EINVAL;
}

int dns_channel_create(uv_loop_t *loop, const struct dns_channel_options *options,
                       void (*turn_done)(void *context), void *context,
                       struct dns_channel **ret_channel)
{
    struct dns_channel *channel;
    int code;

    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) /* counted by c-ares */
        return -ENOMEM;
    channel = calloc(1, sizeof(*channel));
    if (channel == NULL)
        return -ENOMEM;
    channel->loop = loop;
    channel->turn = turn_done;
    channel->context = context;
    channel->options = *options;
    LIST_INIT(&channel->watches);
    code = options->servers != NULL ? open_ares(channel) : 0;
    channel->options.servers = NULL; /* the caller's */
    if (code < 0) {
        free(channel);
        return code;
    }
    uv_timer_init(loop, &channel->timer);
    channel->timer.data = channel;
    channel->handle_count = 1;
    *ret_channel = channel;
    return 0;
}

ares_channel dns_channel_ares(struct dns_channel *channel)
{
    if (channel->ares == NULL && open_ares(channel) < 0)
        return NULL;
    return channel->ares;
}

void dns_channel_wake(struct dns_channel *channel)
{
    uv_timer_start(&channel->timer, on_turn, 0, 0);
}

void dns_channel_close(struct dns_channel *channel, void (*closed)(void *context), void *context)
{
    channel->closing = true;
    channel->closed = closed;
    channel->closed_context = context;
    if (channel->ares != NULL)
        ares_destroy(channel->ares);
    uv_close((uv_handle_t *)&channel->timer, on_timer_closed);
}
