/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a channel of c-ares lives as long as one question, so that no server remembered from
 * another question can answer this one. Its end is one chain: c-ares, the deadline or a cancel
 * records a status; the channel and the deadline close; then `done` is called. */
#include "dns_ask.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "dns_channel.h"

enum { TRIES = 2 };

struct dns_ask {
    struct dns_channel *channel;
    uv_timer_t deadline;
    unsigned open_count; /* channel and deadline */
    bool any_answer;
    bool recorded;
    bool closing;
    enum dns_status status;
    dns_ask_done done;
    void *context;
    enum dns_type type;
    char name[DNS_NAME_TEXT_MAX];
    struct dns_answer answer;
};

/* ---- the end ---- */

static void finish(struct dns_ask *ask)
{
    if (--ask->open_count > 0)
        return;
    ask->done(ask->context, ask->status, ask->answer.items,
              ask->status == DNS_OK ? ask->answer.count : 0);
    free(ask);
}

static void on_channel_closed(void *context)
{
    finish(context);
}

static void on_deadline_closed(uv_handle_t *handle)
{
    finish(handle->data);
}

static void close_ask(struct dns_ask *ask)
{
    if (ask->closing)
        return;
    ask->closing = true;
    uv_close((uv_handle_t *)&ask->deadline, on_deadline_closed);
    dns_channel_close(ask->channel, on_channel_closed, ask);
}

static void record(struct dns_ask *ask, enum dns_status status)
{
    if (ask->recorded)
        return;
    ask->recorded = true;
    ask->status = status;
}

static void on_turn(void *context)
{
    struct dns_ask *ask = context;

    if (ask->recorded)
        close_ask(ask);
}

static void on_deadline(uv_timer_t *timer)
{
    struct dns_ask *ask = timer->data;

    record(ask, DNS_TIMEOUT);
    close_ask(ask);
}

/* ---- the answer ---- */

static enum dns_status status_of_answer(enum dns_answer_status status)
{
    switch (status) {
    case DNS_ANSWER_VALUES:
        return DNS_OK;
    case DNS_ANSWER_EMPTY:
        return DNS_NODATA;
    case DNS_ANSWER_NO_NAME:
        return DNS_NXDOMAIN;
    case DNS_ANSWER_FAILED:
        return DNS_SERVFAIL;
    case DNS_ANSWER_REFUSED:
        return DNS_REFUSED;
    case DNS_ANSWER_CUT:
    case DNS_ANSWER_NONSENSE:
        break;
    }
    return DNS_BAD_ANSWER; /* c-ares has asked by TCP already: this was cut there, too */
}

/* What c-ares makes of a message is not asked: our own reader is stricter. Its word counts only
 * where there is no message. */
static enum dns_status read_answer(struct dns_ask *ask, int code, const unsigned char *answer,
                                   int length)
{
    if (answer == NULL || length <= 0)
        return code == ARES_SUCCESS ? DNS_BAD_ANSWER : dns_status_of(code);
    return status_of_answer(
        dns_answer_read(answer, (size_t)length, ask->name, ask->type, &ask->answer));
}

/* Called by c-ares, perhaps from inside ares_query(): records and returns. */
static void on_answer(void *context, int code, int timeouts, unsigned char *answer, int length)
{
    struct dns_ask *ask = context;

    (void)timeouts;
    if (ask->recorded)
        return;
    if (ask->any_answer && answer != NULL)
        record(ask, DNS_OK);
    else
        record(ask, read_answer(ask, code, answer, length));
}

/* ---- the interface ---- */

static int start(uv_loop_t *loop, const struct dns_question *question, int type,
                 struct dns_ask *ask)
{
    /* A first try of a third leaves the second one, twice as long, just time to be answered.
     * Without NOCHECKRESP c-ares would take SERVFAIL and REFUSED for silence. */
    const struct dns_channel_options options = {
        .servers = question->server,
        .try_ms = question->timeout_ms / 3 > 0 ? question->timeout_ms / 3 : 1,
        .tries = TRIES,
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOCHECKRESP |
                 (question->recursive ? 0 : ARES_FLAG_NORECURSE)};
    int code = dns_channel_create(loop, &options, on_turn, ask, &ask->channel);

    if (code < 0)
        return code;
    uv_timer_init(loop, &ask->deadline);
    ask->deadline.data = ask;
    ask->open_count = 2;
    uv_timer_start(&ask->deadline, on_deadline, (uint64_t)question->timeout_ms, 0);
    ares_query(dns_channel_ares(ask->channel), question->name, ns_c_in, type, on_answer, ask);
    dns_channel_wake(ask->channel);
    return 0;
}

static int create(uv_loop_t *loop, const struct dns_question *question, int type, bool any_answer,
                  dns_ask_done done, void *context, struct dns_ask **ret_ask)
{
    struct dns_ask *ask = calloc(1, sizeof(*ask));
    int code;

    if (ask == NULL)
        return -ENOMEM;
    ask->any_answer = any_answer;
    ask->type = question->type;
    snprintf(ask->name, sizeof(ask->name), "%s", question->name);
    ask->done = done;
    ask->context = context;
    code = start(loop, question, type, ask);
    if (code < 0) {
        free(ask);
        return code;
    }
    *ret_ask = ask;
    return 0;
}

int dns_ask(uv_loop_t *loop, const struct dns_question *question, dns_ask_done done, void *context,
            struct dns_ask **ret_ask)
{
    return create(loop, question, (int)question->type, false, done, context, ret_ask);
}

int dns_ask_txt(uv_loop_t *loop, const char *server, const char *name, msec_t timeout_ms,
                dns_ask_done done, void *context, struct dns_ask **ret_ask)
{
    const struct dns_question question = {
        .server = server, .name = name, .type = DNS_TYPE_TXT, .timeout_ms = timeout_ms};

    return dns_ask(loop, &question, done, context, ret_ask);
}

int dns_ask_alive(uv_loop_t *loop, const char *server, msec_t timeout_ms, dns_ask_done done,
                  void *context, struct dns_ask **ret_ask)
{
    const struct dns_question question = {.server = server, .name = ".", .timeout_ms = timeout_ms};

    return create(loop, &question, ns_t_ns, true, done, context, ret_ask);
}

void dns_ask_cancel(struct dns_ask *ask)
{
    record(ask, DNS_CANCELLED);
    close_ask(ask);
}
