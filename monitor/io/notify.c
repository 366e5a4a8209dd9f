/* SPDX-License-Identifier: Apache-2.0 */
/* The protocol of sd_notify(3) is one datagram; a library of its own would be more than this. */
#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int notify_send(const char *text)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path != NULL ? strlen(path) : 0;
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    int rc = 0;
    int fd;

    if (length == 0)
        return 0;
    if (length >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return -EINVAL;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* the abstract name space */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&address, size) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

int notify_reloading(usec_t monotonic_us)
{
    char text[64];

    snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)monotonic_us);
    return notify_send(text);
}

/* A number of the environment, or 0 when it is none. */
static long long environment_number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    long long number;

    if (text == NULL || text[0] == '\0')
        return 0;
    errno = 0;
    number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && number > 0 ? number : 0;
}

msec_t notify_watchdog_ms(void)
{
    long long wanted_usec = environment_number("WATCHDOG_USEC");
    long long pid = environment_number("WATCHDOG_PID");

    if (pid != 0 && pid != getpid())
        return 0;                            /* meant for another process */
    return (msec_t)(wanted_usec / 1000 / 2); /* sd_watchdog_enabled(3): every half of the time */
}
