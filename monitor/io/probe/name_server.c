/* SPDX-License-Identifier: Apache-2.0 */
/* A reference "dns:IP:PORT" is good when the server answers, whatever it says (V5). */
#include "attempt.h"

#include <stdlib.h>
#include <string.h>

#include "dns_ask.h"

/* The question's own deadline only backs up the attempt's, which knows our own faults (V4). */
enum { SLACK_MS = 1000 };

/* Outlives the attempt when that ends first: the question needs some turns to close. */
struct asking {
    struct prober *prober;
    struct attempt *attempt; /* NULL: nobody wants to know any more */
    struct dns_ask *ask;
};

static void on_asked(void *context, enum dns_status status, const char *const *texts, size_t count)
{
    struct asking *asking = context;
    struct attempt *attempt = asking->attempt;
    struct prober *prober = asking->prober;

    (void)texts;
    (void)count;
    free(asking);
    if (attempt != NULL) {
        attempt->held = NULL;
        attempt_mark(attempt, &attempt->result.timings.first_byte_us);
        if (status == DNS_OK)
            attempt_end(attempt, RESULT_GOOD, FAILURE_NONE, "answered");
        else if (status == DNS_NO_MEMORY || status == DNS_NO_SOCKET)
            attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s", dns_status_name(status));
        else
            attempt_end(attempt, RESULT_BAD,
                        status == DNS_TIMEOUT ? FAILURE_TIMEOUT : FAILURE_CONNECT, "%s: %s",
                        attempt->check->host, dns_status_name(status));
    }
    prober_release(prober);
}

static void begin(struct attempt *attempt)
{
    struct asking *asking = calloc(1, sizeof(*asking));
    char server[ADDRESS_TEXT_MAX];
    union address *address = &attempt->address;
    int code = -1;

    attempt->phase = PHASE_ANSWER;
    if (address_parse(attempt->check->host, address) && !attempt_may_reach(attempt, address)) {
        free(asking);
        attempt_connect_failed(attempt, ATTEMPT_BLOCKED);
        return;
    }
    if (asking != NULL && address->any.sa_family != AF_UNSPEC) {
        address_set_port(address, attempt->check->port);
        address_format(address, server);
        code = dns_ask_alive(attempt->prober->loop, server, attempt->check->timeout_ms + SLACK_MS,
                             on_asked, asking, &asking->ask);
    }
    if (code < 0) {
        free(asking);
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "this machine cannot ask %s",
                    attempt->check->host);
        return;
    }
    asking->prober = attempt->prober;
    asking->attempt = attempt;
    attempt->held = asking;
    attempt->prober->open_count++;
}

static void release(struct attempt *attempt)
{
    struct asking *asking = attempt->held;

    if (asking == NULL)
        return;
    attempt->held = NULL;
    asking->attempt = NULL;
    dns_ask_cancel(asking->ask);
}

static const char *doing(const struct attempt *attempt)
{
    (void)attempt;
    return "waiting for an answer";
}

const struct attempt_kind kind_name_server = {
    .needs_address = false,
    .begin = begin,
    .release = release,
    .doing = doing,
};
