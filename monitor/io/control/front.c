/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd in our loop: it has an epoll of its own, whose descriptor we watch, and a timeout,
 * which is asked for again after every run (else idle connections live for ever).
 *
 * At its limit of connections it takes the listening socket out of its epoll, and puts it back only
 * at the beginning of a later run; so it is run every second, whatever happens.
 *
 * Its timeout counts from the last byte, so that one byte every few seconds holds a connection;
 * therefore connections are listed here, and one whose request is not over in REQUEST_MS is shut
 * down, whatever it sends. */
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"

enum { HANDLE_COUNT = 3 };

static void on_timer(uv_timer_t *timer)
{
    front_run(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    front_run(poll->data);
}

void front_run(struct front *front)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    if (front->running)
        return; /* answered from inside a handler: what was resumed wakes the epoll */
    front->running = true;
    if (MHD_run(front->mhd) != MHD_YES)
        log_say(LOG_LEVEL_ERROR, "http: the server on %s cannot run", front->address);
    front->running = false;
    if (MHD_get_timeout(front->mhd, &wait_ms) == MHD_YES)
        uv_timer_start(&front->timer, on_timer, wait_ms, 0);
    else
        uv_timer_stop(&front->timer);
}

/* ---- connections ---- */

static void on_sweep(uv_timer_t *timer)
{
    struct front *front = timer->data;
    msec_t limit_ms = front->kind == FRONT_BEACONS ? BEACON_MS : REQUEST_MS;
    msec_t now_ms = loop_now_ms();
    const struct client *client;

    LIST_FOREACH(client, &front->clients, link)
    {
        if (!client->waiting && now_ms - client->since_ms > limit_ms)
            shutdown(client->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes it */
    }
    front_run(front);
}

static void client_begin(struct front *front, struct MHD_Connection *connection, void **socket)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct client *client = calloc(1, sizeof(*client));

    if (client == NULL || info == NULL) {
        free(client); /* without a client its requests are refused */
        return;
    }
    client->fd = info->connect_fd;
    client->since_ms = loop_now_ms();
    LIST_INSERT_HEAD(&front->clients, client, link);
    front->client_count++;
    *socket = client;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket,
                          enum MHD_ConnectionNotificationCode code)
{
    struct front *front = context;
    struct client *client = *socket;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        client_begin(front, connection, socket);
        return;
    }
    if (client == NULL)
        return;
    LIST_REMOVE(client, link);
    free(client);
    *socket = NULL;
    front->client_count--;
}

/* What clients do wrong is no news; it must not fill the log. */
static void on_log(void *context, const char *format, va_list args)
{
    (void)context;
    (void)format;
    (void)args;
}

/* A NUL would end the text early and let two spellings name one path: nothing is matched then. */
static size_t unescape(void *context, struct MHD_Connection *connection, char *text)
{
    size_t length;

    (void)context;
    (void)connection;
    length = MHD_http_unescape(text);
    if (strlen(text) == length)
        return length;
    text[0] = '\0';
    return 0;
}

/* ---- life ---- */

static struct MHD_Daemon *start_mhd(struct front *front, int fd)
{
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        request_on_access, front, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_ADDRESS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK,
        unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, request_on_completed, front,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, front, MHD_OPTION_END);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct front *front = handle->data;
    struct control *control = front->control;

    if (--front->open_handles > 0)
        return;
    MHD_stop_daemon(front->mhd); /* closes the listening socket and every connection */
    free(front->address);
    free(front);
    control_front_gone(control);
}

static void open_handles(struct front *front, int epoll_fd)
{
    uv_poll_init(front->control->uv, &front->poll, epoll_fd);
    uv_timer_init(front->control->uv, &front->timer);
    uv_timer_init(front->control->uv, &front->sweep);
    front->poll.data = front;
    front->timer.data = front;
    front->sweep.data = front;
    front->open_handles = HANDLE_COUNT;
    front->control->front_count++;
    uv_poll_start(&front->poll, UV_READABLE, on_poll);
    uv_timer_start(&front->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    front_run(front);
}

int front_create(struct control *control, enum front_kind kind, const char *address, int fd,
                 struct front **ret_front)
{
    struct front *front = calloc(1, sizeof(*front));
    const union MHD_DaemonInfo *info;

    if (front == NULL) {
        close(fd);
        return -ENOMEM;
    }
    front->control = control;
    front->kind = kind;
    LIST_INIT(&front->clients);
    front->address = strdup(address);
    front->mhd = front->address != NULL ? start_mhd(front, fd) : NULL;
    info = front->mhd != NULL ? MHD_get_daemon_info(front->mhd, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
    if (info == NULL) {
        if (front->mhd != NULL)
            MHD_stop_daemon(front->mhd);
        else
            close(fd);
        free(front->address);
        free(front);
        return -ENOMEM;
    }
    open_handles(front, info->epoll_fd);
    *ret_front = front;
    return 0;
}

void front_close(struct front *front)
{
    if (front == NULL)
        return;
    uv_poll_stop(&front->poll);
    uv_close((uv_handle_t *)&front->poll, on_handle_closed);
    uv_close((uv_handle_t *)&front->timer, on_handle_closed);
    uv_close((uv_handle_t *)&front->sweep, on_handle_closed);
}
