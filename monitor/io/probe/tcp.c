/* SPDX-License-Identifier: Apache-2.0 */
/* tcp://HOST:PORT is good when the connection is made. Nothing is sent. */
#include "attempt.h"

#include <errno.h>

extern const struct attempt_kind kind_tcp;

static void on_ready(struct attempt *attempt, uint32_t events)
{
    int error = lean_connection_error(attempt);

    (void)events;
    if (error == EINPROGRESS)
        return;
    if (error != 0) {
        attempt_connect_failed(attempt, error);
        return;
    }
    attempt_mark(attempt, &attempt->result.timings.connect_us);
    attempt_judge(attempt, &(struct answer){.has = 0}, "connected");
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
