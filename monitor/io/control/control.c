/* SPDX-License-Identifier: Apache-2.0 */
/* The life of the control: its fronts, the timer of waiting orders, and an end that waits for all
 * of them. server.h is the map of the files. */
#include "server.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* An empty address: not to be opened. */
static int open_front(struct control *control, const char *address, enum front_kind kind,
                      char *error, size_t error_size)
{
    int fd;
    int rc;

    if (address[0] == '\0')
        return 0;
    fd = kind == FRONT_UNIX ? listen_unix(address, error, error_size)
                            : listen_tcp(address, error, error_size);
    if (fd < 0)
        return fd;
    rc = front_create(control, kind, address, fd, &control->fronts[kind]);
    if (rc < 0)
        snprintf(error, error_size, "%s: the HTTP server does not start: out of memory or files",
                 address);
    return rc;
}

static void note_socket_file(struct control *control)
{
    struct stat status;

    if (stat(control->socket_path, &status) < 0)
        return;
    control->socket_inode = status.st_ino;
    control->socket_device = status.st_dev;
}

/* The file goes with its socket, unless another daemon's stands there by now. */
static void remove_socket_file(const struct control *control)
{
    struct stat status;

    if (control->fronts[FRONT_UNIX] != NULL && stat(control->socket_path, &status) == 0 &&
        status.st_ino == control->socket_inode && status.st_dev == control->socket_device)
        unlink(control->socket_path);
}

static void forget_secret(char *token)
{
    if (token != NULL)
        OPENSSL_cleanse(token, strlen(token));
    free(token);
}

int control_reload(struct control *control, const struct settings *settings)
{
    char *token = strdup(settings->http_token);

    if (token == NULL)
        return -ENOMEM;
    forget_secret(control->token);
    control->token = token;
    control->generation++;
    return 0;
}

static int open_all(struct control *control, const struct settings *settings, char *error,
                    size_t error_size)
{
    int rc = control_reload(control, settings);

    control->socket_path = strdup(settings->control_socket);
    if (rc < 0 || control->socket_path == NULL) {
        snprintf(error, error_size, "out of memory");
        return -ENOMEM;
    }
    rc = open_front(control, settings->control_socket, FRONT_UNIX, error, error_size);
    if (rc < 0)
        return rc;
    note_socket_file(control);
    rc = open_front(control, settings->http_listen, FRONT_TCP, error, error_size);
    if (rc < 0)
        return rc;
    return open_front(control, settings->http_beacons, FRONT_BEACONS, error, error_size);
}

int control_create(uv_loop_t *uv, const struct settings *settings,
                   const struct control_hooks *hooks, struct control **ret_control, char *error,
                   size_t error_size)
{
    struct control *control = calloc(1, sizeof(*control));
    int rc;

    if (control == NULL) {
        snprintf(error, error_size, "out of memory");
        return -ENOMEM;
    }
    control->uv = uv;
    control->hooks = *hooks;
    LIST_INIT(&control->tickets);
    orders_open(control);
    rc = open_all(control, settings, error, error_size);
    if (rc < 0) {
        control_close(control, NULL, NULL);
        return rc;
    }
    *ret_control = control;
    return 0;
}

/* ---- the end ---- */

static void finish(struct control *control)
{
    if (!control->closing || control->front_count > 0 || !control->orders_timer_closed)
        return;
    if (control->closed != NULL)
        control->closed(control->closed_context);
    forget_secret(control->token);
    free(control->socket_path);
    free(control);
}

void control_front_gone(struct control *control)
{
    control->front_count--;
    finish(control);
}

static void on_orders_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;

    control->orders_timer_closed = true;
    finish(control);
}

void control_close(struct control *control, void (*closed)(void *context), void *context)
{
    if (control == NULL) {
        if (closed != NULL)
            closed(context);
        return;
    }
    control->closing = true;
    control->closed = closed;
    control->closed_context = context;
    tickets_stop(control);
    if (control->socket_path != NULL)
        remove_socket_file(control);
    for (int i = 0; i < FRONT_COUNT; i++) {
        front_close(control->fronts[i]);
        control->fronts[i] = NULL;
    }
    orders_close(control, on_orders_closed);
}
