/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a server blocks in poll() on its socket and on one end of a pair of sockets; stopping
 * it is closing the other end. So no test sleeps, and no server outlives its test. */
#include "server.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DATAGRAM_MAX = 65536 };

struct server {
    int fd;
    int datagrams; /* on TCP: holds the port on UDP for a server beside; -1: it was taken */
    int wake[2];   /* ours, the thread's */
    uint16_t port;
    atomic_uint count;
    server_serve serve;
    server_answer answer;
    void *context;
    pthread_t thread;
};

static struct sockaddr_in loopback(unsigned last, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK - 1 + last);
    return address;
}

/* last: of the address 127.0.0.last; port: in, 0 for any; out, the one taken. Returns the socket,
 * or -1 when somebody else has the port. */
static int try_to_bind(int type, unsigned last, uint16_t *port)
{
    struct sockaddr_in address = loopback(last, *port);
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    int yes = 1;

    ck_assert_int_ge(fd, 0);
    if (type == SOCK_STREAM && *port != 0) { /* connections that are over do not hold it */
        ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), 0);
    }
    if (bind(fd, (struct sockaddr *)&address, length) != 0) {
        ck_assert_int_eq(errno, EADDRINUSE);
        close(fd);
        return -1;
    }
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int bind_loopback(int type, unsigned last, uint16_t *port)
{
    int fd = try_to_bind(type, last, port);

    ck_assert_msg(fd >= 0, "127.0.0.%u:%u is taken", last, *port);
    return fd;
}

/*
 * A port of 127.0.0.1 that nobody has on TCP nor on UDP, with both sockets. Many tests run at once,
 * each with sockets of the kernel's choice: a port that is asked for later may be another's by
 * then. The socket for datagrams speaks to itself alone, so the kernel refuses what others send
 * there, as if it were not.
 */
static void bind_pair(uint16_t *ret_port, int *ret_stream, int *ret_datagrams)
{
    struct sockaddr_in itself;

    *ret_datagrams = -1;
    while (*ret_datagrams < 0) {
        *ret_port = 0;
        *ret_stream = bind_loopback(SOCK_STREAM, 1, ret_port);
        *ret_datagrams = try_to_bind(SOCK_DGRAM, 1, ret_port);
        if (*ret_datagrams < 0)
            close(*ret_stream);
    }
    itself = loopback(1, *ret_port);
    ck_assert_int_eq(connect(*ret_datagrams, (struct sockaddr *)&itself, sizeof(itself)), 0);
}

/* Waits for fd. Returns 0 when it is ready, -1 when the server is to stop. */
static int wait_for(struct server *server, int fd, short events)
{
    struct pollfd polled[2] = {{.fd = fd, .events = events},
                               {.fd = server->wake[1], .events = POLLIN}};

    while (poll(polled, 2, -1) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return polled[1].revents != 0 ? -1 : 0;
}

static void *run_tcp(void *context)
{
    struct server *server = context;

    while (wait_for(server, server->fd, POLLIN) == 0) {
        int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0)
            continue;
        atomic_fetch_add(&server->count, 1);
        server->serve(server, fd, server->context);
        close(fd);
    }
    return NULL;
}

static void *run_udp(void *context)
{
    static _Thread_local uint8_t query[DATAGRAM_MAX];
    static _Thread_local uint8_t answer[DATAGRAM_MAX];
    struct server *server = context;

    while (wait_for(server, server->fd, POLLIN) == 0) {
        struct sockaddr_in peer;
        socklen_t peer_length = sizeof(peer);
        ssize_t length = recvfrom(server->fd, query, sizeof(query), MSG_DONTWAIT,
                                  (struct sockaddr *)&peer, &peer_length);
        size_t answer_length;

        if (length < 0)
            continue;
        atomic_fetch_add(&server->count, 1);
        answer_length =
            server->answer(server->context, query, (size_t)length, answer, sizeof(answer));
        if (answer_length > 0)
            sendto(server->fd, answer, answer_length, 0, (struct sockaddr *)&peer, peer_length);
    }
    return NULL;
}

static struct server *start(struct server server, int type)
{
    struct server *started = malloc(sizeof(*started));

    ck_assert_ptr_nonnull(started);
    if (type == SOCK_STREAM)
        ck_assert_int_eq(listen(server.fd, 1024), 0);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, server.wake), 0);
    *started = server;
    ck_assert_int_eq(
        pthread_create(&started->thread, NULL, type == SOCK_STREAM ? run_tcp : run_udp, started),
        0);
    return started;
}

struct server *server_start_tcp(server_serve serve, void *context)
{
    struct server server = {.serve = serve, .context = context};

    bind_pair(&server.port, &server.fd, &server.datagrams);
    return start(server, SOCK_STREAM);
}

struct server *server_start_tcp_beside(const struct server *tcp, unsigned last, server_serve serve,
                                       void *context)
{
    struct server server = {.port = tcp->port, .datagrams = -1, .serve = serve, .context = context};

    server.fd = bind_loopback(SOCK_STREAM, last, &server.port);
    return start(server, SOCK_STREAM);
}

struct server *server_start_udp(server_answer answer, void *context)
{
    struct server server = {.datagrams = -1, .answer = answer, .context = context};

    server.fd = bind_loopback(SOCK_DGRAM, 1, &server.port);
    return start(server, SOCK_DGRAM);
}

struct server *server_start_udp_beside(struct server *tcp, server_answer answer, void *context)
{
    struct server server = {
        .port = tcp->port, .datagrams = -1, .answer = answer, .context = context};

    server.fd = server_take_udp(tcp);
    return start(server, SOCK_DGRAM);
}

int server_take_udp(struct server *tcp)
{
    const struct sockaddr everybody = {.sa_family = AF_UNSPEC};
    int fd = tcp->datagrams;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, &everybody, sizeof(everybody)), 0);
    tcp->datagrams = -1;
    return fd;
}

uint16_t server_port(const struct server *server)
{
    return server->port;
}

unsigned server_count(struct server *server)
{
    return atomic_load(&server->count);
}

void server_stop(struct server *server)
{
    close(server->wake[0]);
    pthread_join(server->thread, NULL);
    close(server->wake[1]);
    close(server->fd);
    if (server->datagrams >= 0)
        close(server->datagrams);
    free(server);
}

void server_read_request(struct server *server, int fd)
{
    char request[8192];
    size_t length = 0;

    while (length < sizeof(request) - 1 && wait_for(server, fd, POLLIN) == 0) {
        ssize_t n = read(fd, request + length, sizeof(request) - 1 - length);

        if (n <= 0)
            return;
        length += (size_t)n;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n") != NULL)
            return;
    }
}

int server_read(struct server *server, int fd, void *data, size_t length)
{
    char *at = data;

    while (length > 0) {
        ssize_t n;

        if (wait_for(server, fd, POLLIN) < 0)
            return -1;
        n = read(fd, at, length);
        if (n < 0 && errno == EAGAIN)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

int server_send(struct server *server, int fd, const void *data, size_t length)
{
    const char *at = data;

    while (length > 0) {
        ssize_t n;

        if (wait_for(server, fd, POLLOUT) < 0)
            return -1;
        n = send(fd, at, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            continue;
        if (n <= 0)
            return -1;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

int server_send_text(struct server *server, int fd, const char *text)
{
    return server_send(server, fd, text, strlen(text));
}

void server_wait_for_close(struct server *server, int fd)
{
    char ignored[4096];

    while (wait_for(server, fd, POLLIN) == 0) {
        ssize_t n = read(fd, ignored, sizeof(ignored));

        if (n == 0 || (n < 0 && errno != EAGAIN))
            return;
    }
}

void server_reset(int fd)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

uint16_t server_free_port(void)
{
    uint16_t port;
    int stream, datagrams; /* the test's process keeps them to its end: nobody gets the port */

    bind_pair(&port, &stream, &datagrams);
    return port;
}
