/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a check is so short that what a loop does for a socket costs more than the check. So
 * the sockets of plain checks sit in an epoll set of their own, which the loop sees as one
 * descriptor; each is added once, edge-triggered, for everything, and leaves by being closed. */
#include "attempt.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256 };

/* Returns false when the attempt has ended instead. */
static bool make_socket(struct attempt *attempt, int type, int protocol)
{
    int fd;

    if (!attempt_may_reach(attempt, &attempt->address)) {
        attempt_connect_failed(attempt, ATTEMPT_BLOCKED);
        return false;
    }
    fd = socket(attempt->address.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
        attempt_connect_failed(attempt, errno);
        return false;
    }
    attempt->lean.fd = fd;
    return true;
}

static bool connect_socket(struct attempt *attempt)
{
    const union address *address = &attempt->address;
    int fd = attempt->lean.fd;

    if (connect(fd, &address->any, address_length(address)) == 0 || errno == EINPROGRESS)
        return lean_adopt(attempt, fd);
    attempt_connect_failed(attempt, errno);
    return false;
}

bool lean_open(struct attempt *attempt, int type, int protocol)
{
    return make_socket(attempt, type, protocol) && connect_socket(attempt);
}

bool lean_adopt(struct attempt *attempt, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = attempt};

    attempt->lean.fd = fd;
    attempt->lean.is_out = true;
    if (epoll_ctl(attempt->prober->lean.epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return true;
    attempt_connect_failed(attempt, errno);
    return false;
}

int lean_part(struct attempt *attempt)
{
    int fd = attempt->lean.fd;

    if (fd >= 0 && epoll_ctl(attempt->prober->lean.epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0)
        return -1;
    attempt->lean.fd = -1;
    attempt->lean.sent = 0;
    return fd;
}

void lean_connect(struct attempt *attempt)
{
    (void)lean_open(attempt, SOCK_STREAM, 0);
}

/* What the kernel does not grant costs a packet more, nothing else. */
void lean_connect_to_speak(struct attempt *attempt)
{
    static const int off = 0;

    if (!make_socket(attempt, SOCK_STREAM, 0))
        return;
    (void)setsockopt(attempt->lean.fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof(off));
    (void)connect_socket(attempt);
}

void lean_break_off(const struct attempt *attempt)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(attempt->lean.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

void lean_release(struct attempt *attempt)
{
    if (attempt->lean.fd >= 0)
        close(attempt->lean.fd);
    attempt->lean.fd = -1;
    attempt->lean.sent = 0;
    attempt->lean.is_out = false;
}

/* An error is told once and then forgotten by the kernel; without one, only a connected socket has
 * a peer. */
int lean_connection_error(const struct attempt *attempt)
{
    union address peer;
    socklen_t length = sizeof(peer);
    socklen_t error_length = sizeof(int);
    int error = 0;

    if (getsockopt(attempt->lean.fd, SOL_SOCKET, SO_ERROR, &error, &error_length) < 0)
        return errno;
    if (error != 0)
        return error;
    if (getpeername(attempt->lean.fd, &peer.any, &length) < 0)
        return errno == ENOTCONN ? EINPROGRESS : errno;
    return 0;
}

/* Readiness to write and nothing else is said of a connected stream only. */
bool lean_is_connected(struct attempt *attempt, uint32_t events)
{
    bool is_told = (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == EPOLLOUT;
    int error = is_told ? 0 : lean_connection_error(attempt);

    if (error == EINPROGRESS)
        return false;
    if (error != 0) {
        attempt_connect_failed(attempt, error);
        return false;
    }
    attempt_mark(attempt, &attempt->result.timings.connect_us);
    attempt->phase = PHASE_ANSWER;
    return true;
}

/* An attempt stays in memory until it is delivered, which no event of this batch does; so what the
 * events point to is there, though it may have ended. */
void lean_drain(struct prober *prober)
{
    usec_t since_us = lateness_since(prober);
    struct epoll_event events[EVENTS_MAX];
    int count;

    do {
        count = epoll_wait(prober->lean.epoll_fd, events, EVENTS_MAX, 0);
        for (int i = 0; i < count; i++) {
            struct attempt *attempt = events[i].data.ptr;

            if (attempt->phase == PHASE_ENDED)
                continue;
            lateness_look(attempt, since_us);
            attempt->kind->on_ready(attempt, events[i].events);
        }
    } while (count == EVENTS_MAX);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct prober *prober = poll->data;

    (void)status;
    (void)events;
    lean_drain(prober);
    prober_deliver(prober);
}

int lean_set_open(struct prober *prober)
{
    struct lean *lean = &prober->lean;
    int fd = epoll_create1(EPOLL_CLOEXEC);
    int code;

    if (fd < 0)
        return -errno;
    code = uv_poll_init(prober->loop, &lean->poll, fd);
    if (code < 0) {
        close(fd);
        return code;
    }
    lean->epoll_fd = fd;
    lean->poll.data = prober;
    uv_poll_start(&lean->poll, UV_READABLE, on_readable);
    return 0;
}

static void on_poll_closed(uv_handle_t *handle)
{
    prober_release(handle->data);
}

void lean_set_close(struct prober *prober)
{
    uv_poll_stop(&prober->lean.poll);
    uv_close((uv_handle_t *)&prober->lean.poll, on_poll_closed);
    close(prober->lean.epoll_fd);
    prober->lean.epoll_fd = -1;
}
