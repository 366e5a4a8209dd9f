/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_proxy.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One connection of the store, and ours to the member. */
struct path {
    struct proxy *proxy;
    struct path *next;
    uv_tcp_t near;
    uv_tcp_t far;
    uv_connect_t connect;
    bool connected;
    enum proxy_mode mode; /* when it was accepted, until the proxy's changes */
    bool ending;
    unsigned open; /* handles */
};

struct piece {
    uv_write_t write;
    struct path *path;
    char bytes[];
};

static void end(struct path *path);

static void on_closed(uv_handle_t *handle)
{
    struct path *path = handle->data;
    struct path **link = &path->proxy->paths;

    if (--path->open > 0)
        return;
    while (*link != path)
        link = &(*link)->next;
    *link = path->next;
    path->proxy->path_count--;
    free(path);
}

static void end(struct path *path)
{
    if (path->ending)
        return;
    path->ending = true;
    uv_close((uv_handle_t *)&path->near, on_closed);
    uv_close((uv_handle_t *)&path->far, on_closed);
}

/* ---- bytes ---- */

static void on_written(uv_write_t *write, int status)
{
    struct piece *piece = (struct piece *)(void *)write;
    struct path *path = piece->path;

    free(piece);
    if (status < 0)
        end(path);
}

static void send_bytes(struct path *path, uv_tcp_t *to, const char *bytes, size_t length,
                       uv_write_cb written)
{
    struct piece *piece = malloc(sizeof(*piece) + length);
    uv_buf_t buffer;

    ck_assert_ptr_nonnull(piece);
    piece->path = path;
    memcpy(piece->bytes, bytes, length);
    buffer = uv_buf_init(piece->bytes, (unsigned)length);
    if (uv_write(&piece->write, (uv_stream_t *)to, &buffer, 1, written) < 0) {
        free(piece);
        end(path);
    }
}

/* More of the same, as fast as it is taken. */
static void on_filled(uv_write_t *write, int status)
{
    struct piece *piece = (struct piece *)(void *)write;
    struct path *path = piece->path;
    const char *filler = path->proxy->filler;

    free(piece);
    if (status < 0 || path->ending)
        end(path);
    else
        send_bytes(path, &path->near, filler, strlen(filler), on_filled);
}

static void say(struct path *path)
{
    struct proxy *proxy = path->proxy;

    send_bytes(path, &path->near, proxy->words, strlen(proxy->words), on_written);
    if (proxy->filler != NULL)
        send_bytes(path, &path->near, proxy->filler, strlen(proxy->filler), on_filled);
}

static void on_space(uv_handle_t *handle, size_t wanted, uv_buf_t *ret_buffer)
{
    (void)handle;
    ret_buffer->base = malloc(wanted);
    ret_buffer->len = ret_buffer->base == NULL ? 0 : wanted;
}

/* From the store. */
static void on_asked(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct path *path = stream->data;

    if (count < 0) {
        end(path);
    } else if (count > 0) {
        path->proxy->requests++;
        if (path->mode == PROXY_SAYS)
            say(path);
        else if (path->mode != PROXY_SWALLOWS)
            send_bytes(path, &path->far, buffer->base, (size_t)count, on_written);
    }
    free(buffer->base);
}

/* From the member. */
static void on_answered(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct path *path = stream->data;

    if (count < 0 || (count > 0 && path->mode == PROXY_DROPS_ANSWERS))
        end(path);
    else if (count > 0 && path->mode == PROXY_PASSES)
        send_bytes(path, &path->near, buffer->base, (size_t)count, on_written);
    free(buffer->base);
}

/* ---- paths ---- */

/* Who does not read leaves the bytes to the kernel, which loses none. */
static void read_or_hold(struct path *path)
{
    if (!path->connected || path->ending)
        return;
    (void)uv_read_stop((uv_stream_t *)&path->near);
    (void)uv_read_stop((uv_stream_t *)&path->far);
    if (path->mode == PROXY_HOLDS)
        return;
    (void)uv_read_start((uv_stream_t *)&path->near, on_space, on_asked);
    (void)uv_read_start((uv_stream_t *)&path->far, on_space, on_answered);
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct path *path = connect->data;

    if (status < 0 || path->ending) {
        end(path);
        return;
    }
    path->connected = true;
    read_or_hold(path);
}

static void on_path(uv_stream_t *listener, int status)
{
    struct proxy *proxy = listener->data;
    struct path *path = calloc(1, sizeof(*path));
    struct sockaddr_in address;

    ck_assert(status == 0 && path != NULL);
    proxy->accepted++;
    path->proxy = proxy;
    path->next = proxy->paths;
    path->mode = proxy->mode == PROXY_SWALLOWS ? PROXY_PASSES : proxy->mode;
    proxy->paths = path;
    proxy->path_count++;
    path->open = 2;
    (void)uv_tcp_init(proxy->loop, &path->near);
    (void)uv_tcp_init(proxy->loop, &path->far);
    path->near.data = path->far.data = path->connect.data = path;
    (void)uv_accept(listener, (uv_stream_t *)&path->near);
    if (proxy->mode == PROXY_REFUSES) {
        end(path);
        return;
    }
    (void)uv_ip4_addr("127.0.0.1", (int)proxy->member_port, &address);
    (void)uv_tcp_connect(&path->connect, &path->far, (const struct sockaddr *)&address,
                         on_connected);
}

void proxy_open(struct proxy *proxy, uv_loop_t *loop, unsigned member_port)
{
    struct sockaddr_in address;
    int length = sizeof(address);

    *proxy = (struct proxy){.loop = loop, .member_port = member_port};
    (void)uv_ip4_addr("127.0.0.1", 0, &address);
    (void)uv_tcp_init(loop, &proxy->listener);
    proxy->listener.data = proxy;
    ck_assert_int_eq(uv_tcp_bind(&proxy->listener, (const struct sockaddr *)&address, 0), 0);
    ck_assert_int_eq(uv_listen((uv_stream_t *)&proxy->listener, 64, on_path), 0);
    ck_assert_int_eq(uv_tcp_getsockname(&proxy->listener, (struct sockaddr *)&address, &length), 0);
    proxy->port = ntohs(address.sin_port);
    (void)snprintf(proxy->url, sizeof(proxy->url), "http://127.0.0.1:%u", proxy->port);
}

void proxy_set(struct proxy *proxy, enum proxy_mode mode)
{
    proxy->mode = mode;
    for (struct path *path = proxy->paths; path != NULL; path = path->next) {
        path->mode = mode;
        if (mode == PROXY_REFUSES)
            end(path);
        else
            read_or_hold(path);
    }
}

void proxy_hold_last(struct proxy *proxy)
{
    ck_assert_ptr_nonnull(proxy->paths);
    proxy->paths->mode = PROXY_HOLDS;
    read_or_hold(proxy->paths);
}

void proxy_close(struct proxy *proxy)
{
    proxy_set(proxy, PROXY_REFUSES);
    uv_close((uv_handle_t *)&proxy->listener, NULL);
}
