/* SPDX-License-Identifier: Apache-2.0 */
/* tcp://HOST:PORT is good when the connection is made. Nothing is sent. */
#include "attempt.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static void on_ready(struct attempt *attempt, uint32_t events)
{
    int error = 0;
    socklen_t length = sizeof(error);

    if (getsockopt(attempt->lean.fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
        error = errno;
    if (error != 0) {
        attempt_connect_failed(attempt, error);
        return;
    }
    if ((events & EPOLLOUT) == 0)
        return;
    attempt_mark(attempt, &attempt->result.timings.connect_us);
    attempt_end(attempt, RESULT_GOOD, FAILURE_NONE, "connected");
}

static const char *doing(const struct attempt *attempt)
{
    (void)attempt;
    return "connecting";
}

const struct attempt_kind kind_tcp = {
    .needs_address = true,
    .begin = lean_connect,
    .on_ready = on_ready,
    .release = lean_release,
    .doing = doing,
};
