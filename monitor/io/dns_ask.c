/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a channel of c-ares lives as long as one question, so that no server remembered from
 * another question can answer this one. Its end is one chain: c-ares, the deadline or a cancel
 * records a status; the channel and the deadline close; then `done` is called. */
#include "dns_ask.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dns_channel.h"

enum { TEXTS_MAX = 16, TEXT_BYTES_MAX = 4096, TRIES = 2 };

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
    size_t text_count;
    size_t text_bytes;
    const char *texts[TEXTS_MAX];
    char bytes[TEXT_BYTES_MAX];
};

/* ---- the end ---- */

static void finish(struct dns_ask *ask)
{
    if (--ask->open_count > 0)
        return;
    ask->done(ask->context, ask->status, ask->texts, ask->text_count);
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

/* Joins the strings of a record. Returns false when it does not fit. */
static bool add_string(struct dns_ask *ask, const struct ares_txt_ext *string)
{
    char *at = ask->bytes + ask->text_bytes;

    if (string->record_start) {
        if (ask->text_count == TEXTS_MAX || ask->text_bytes + 1 > TEXT_BYTES_MAX)
            return false;
        ask->texts[ask->text_count++] = at;
        *at = '\0';
        ask->text_bytes++;
    }
    /* at text_bytes - 1 stands the NUL of the text so far */
    if (ask->text_count == 0 || ask->text_bytes + string->length > TEXT_BYTES_MAX)
        return false;
    at = ask->bytes + ask->text_bytes - 1;
    memcpy(at, string->txt, string->length);
    at[string->length] = '\0';
    ask->text_bytes += string->length;
    return true;
}

static enum dns_status read_texts(struct dns_ask *ask, const unsigned char *answer, int length)
{
    struct ares_txt_ext *strings = NULL;
    int code = ares_parse_txt_reply_ext(answer, length, &strings);
    bool fits = true;

    if (code != ARES_SUCCESS)
        return dns_status_of(code);
    for (const struct ares_txt_ext *string = strings; string && fits; string = string->next)
        fits = add_string(ask, string);
    ares_free_data(strings);
    if (fits && ask->text_count > 0)
        return DNS_OK;
    ask->text_count = 0;
    return fits ? DNS_NODATA : DNS_BAD_ANSWER;
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
    else if (code == ARES_SUCCESS)
        record(ask, read_texts(ask, answer, length));
    else
        record(ask, dns_status_of(code));
}

/* ---- the interface ---- */

static int start(uv_loop_t *loop, const char *server, const char *name, int type, msec_t timeout_ms,
                 struct dns_ask *ask)
{
    /* A first try of a third leaves the second one, twice as long, just time to be answered.
     * Without NOCHECKRESP c-ares would take SERVFAIL and REFUSED for silence. */
    const struct dns_channel_options options = {
        .servers = server,
        .try_ms = timeout_ms / 3 > 0 ? timeout_ms / 3 : 1,
        .tries = TRIES,
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOCHECKRESP | ARES_FLAG_NORECURSE};
    int code = dns_channel_create(loop, &options, on_turn, ask, &ask->channel);

    if (code < 0)
        return code;
    uv_timer_init(loop, &ask->deadline);
    ask->deadline.data = ask;
    ask->open_count = 2;
    uv_timer_start(&ask->deadline, on_deadline, (uint64_t)timeout_ms, 0);
    ares_query(dns_channel_ares(ask->channel), name, ns_c_in, type, on_answer, ask);
    dns_channel_wake(ask->channel);
    return 0;
}

static int create(uv_loop_t *loop, const char *server, const char *name, int type,
                  msec_t timeout_ms, bool any_answer, dns_ask_done done, void *context,
                  struct dns_ask **ret_ask)
{
    struct dns_ask *ask = calloc(1, sizeof(*ask));
    int code;

    if (ask == NULL)
        return -ENOMEM;
    ask->any_answer = any_answer;
    ask->done = done;
    ask->context = context;
    code = start(loop, server, name, type, timeout_ms, ask);
    if (code < 0) {
        free(ask);
        return code;
    }
    *ret_ask = ask;
    return 0;
}

int dns_ask_txt(uv_loop_t *loop, const char *server, const char *name, msec_t timeout_ms,
                dns_ask_done done, void *context, struct dns_ask **ret_ask)
{
    return create(loop, server, name, ns_t_txt, timeout_ms, false, done, context, ret_ask);
}

int dns_ask_alive(uv_loop_t *loop, const char *server, msec_t timeout_ms, dns_ask_done done,
                  void *context, struct dns_ask **ret_ask)
{
    return create(loop, server, ".", ns_t_ns, timeout_ms, true, done, context, ret_ask);
}

void dns_ask_cancel(struct dns_ask *ask)
{
    record(ask, DNS_CANCELLED);
    close_ask(ask);
}
