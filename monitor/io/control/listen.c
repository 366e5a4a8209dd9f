/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets. A unix socket's file outlives its daemon: one that nobody answers is stale and
 * replaced; one that is answered belongs to somebody; what is no socket is not ours to remove. */
#include "server.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 128, SOCKET_MODE = 0660 };

static int fail(int error_number, char *error, size_t error_size, const char *path,
                const char *what)
{
    snprintf(error, error_size, "%s: %s%s%s", path, what, error_number > 0 ? ": " : "",
             error_number > 0 ? strerror(error_number) : "");
    return error_number > 0 ? -error_number : -EADDRINUSE;
}

/* 0 when nothing stands in the way of a bind any more. */
static int remove_stale(const struct sockaddr_un *address, char *error, size_t error_size)
{
    const char *path = address->sun_path;
    struct stat status;
    int fd;
    int rc;

    if (lstat(path, &status) < 0)
        return errno == ENOENT ? 0
                               : fail(errno, error, error_size, path, "the socket cannot be made");
    if (!S_ISSOCK(status.st_mode))
        return fail(0, error, error_size, path,
                    "this file is no socket and is left alone: remove it, or set http.socket");
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(errno, error, error_size, path, "no socket to be had");
    rc = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
    close(fd);
    if (rc != ECONNREFUSED && rc != ENOENT)
        return fail(0, error, error_size, path,
                    "another daemon answers at this socket: stop it, or set http.socket");
    if (unlink(path) < 0 && errno != ENOENT)
        return fail(errno, error, error_size, path, "a stale socket cannot be removed");
    return 0;
}

int listen_unix(const char *path, char *error, size_t error_size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;
    int rc;

    if (strlen(path) >= sizeof(address.sun_path))
        return fail(ENAMETOOLONG, error, error_size, path, "the socket cannot be made");
    memcpy(address.sun_path, path, strlen(path) + 1);
    rc = remove_stale(&address, error, error_size);
    if (rc < 0)
        return rc;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fail(errno, error, error_size, path, "no socket to be had");
    /* whatever the umask is: our group may order (systemd's UMask=0077 would forbid it) */
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(path, SOCKET_MODE) < 0 || listen(fd, BACKLOG) < 0) {
        rc = errno;
        close(fd);
        return fail(rc, error, error_size, path,
                    rc == ENOENT ? "its folder does not exist (the service unit makes "
                                   "/run/regionshift)"
                                 : "cannot listen here");
    }
    return fd;
}

/* "127.0.0.1:8053", "[::1]:8053": numeric, checked by the settings. */
static int parse(const char *address, struct addrinfo **ret_info)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                             .ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(address, ':');
    char host[64];
    size_t length;

    if (colon == NULL || (size_t)(colon - address) >= sizeof(host))
        return -1;
    length = (size_t)(colon - address);
    if (length >= 2 && address[0] == '[' && address[length - 1] == ']') {
        address++;
        length -= 2;
    }
    memcpy(host, address, length);
    host[length] = '\0';
    return getaddrinfo(host, colon + 1, &hints, ret_info) == 0 ? 0 : -1;
}

int listen_tcp(const char *address, char *error, size_t error_size)
{
    struct addrinfo *info;
    int on = 1;
    int rc = 0;
    int fd;

    if (parse(address, &info) < 0)
        return fail(EINVAL, error, error_size, address, "no address and port to listen on");
    fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        rc = errno;
    freeaddrinfo(info);
    if (rc == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return fail(rc, error, error_size, address, "cannot listen here (http.listen)");
}
