/* SPDX-License-Identifier: Apache-2.0 */
/* As servers.c: `pending` counts what has not come back, and whoever brings it to 0 finishes. */
#include "caches.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns_ask.h"

enum { SAID_MAX = 64 };

/* One question to one resolver. */
struct cache_voice {
    struct caches_round *round;
    const char *server;
    const struct tail_question *question;
    struct dns_ask *ask;
    enum dns_status status;
    bool answered;
    bool is_new;
    char said[SAID_MAX]; /* the first value, escaped */
};

struct caches_round {
    const struct tail *tail;
    struct cache_voice voices[CACHES_MAX * TAIL_QUESTIONS_MAX]; /* resolver by resolver */
    uint32_t count;                                             /* of resolvers */
    uint32_t pending;
    uv_timer_t report;
    servers_done done;
    void *context;
};

/* ---- the end ---- */

static void add_words(struct servers_result *result, const struct cache_voice *voice)
{
    size_t used = strlen(result->others);
    char *out = result->others + used;
    size_t room = sizeof(result->others) - used;
    const char *comma = used > 0 ? ", " : "";

    if (!voice->answered)
        snprintf(out, room, "%s%s does not answer (%s)", comma, voice->server,
                 dns_status_name(voice->status));
    else if (!voice->is_new)
        snprintf(out, room, "%s%s says %s for %s", comma, voice->server,
                 voice->said[0] != '\0' ? voice->said : dns_status_name(voice->status),
                 voice->question->name);
}

/* The resolver's word is the worst of its answers. */
static void add_resolver(struct servers_result *result, const struct cache_voice *voices,
                         uint32_t count)
{
    bool answered = true;
    bool is_new = true;

    for (uint32_t i = 0; i < count; i++) {
        answered &= voices[i].answered;
        is_new &= voices[i].is_new;
        add_words(result, &voices[i]);
    }
    result->answered += answered;
    result->current += answered && is_new;
}

static void on_closed(uv_handle_t *handle)
{
    struct caches_round *round = handle->data;
    struct servers_result result = {.asked = round->count};
    servers_done done = round->done;
    void *context = round->context;
    uint32_t questions = round->tail->question_count;

    for (uint32_t i = 0; i < round->count; i++)
        add_resolver(&result, &round->voices[(size_t)i * questions], questions);
    free(round);
    done(context, &result);
}

static void release(struct caches_round *round)
{
    assert(round->pending > 0);
    round->pending--;
    if (round->pending == 0)
        uv_close((uv_handle_t *)&round->report, on_closed);
}

/* ---- the questions ---- */

/* It goes to logs: what a stranger wrote is shown as plain characters only. */
static void note_said(struct cache_voice *voice, const char *value)
{
    size_t length = strnlen(value, SAID_MAX - 1);

    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)value[i];

        voice->said[i] = c > ' ' && c < 0x7f ? value[i] : '?';
    }
    voice->said[length] = '\0';
}

static void on_answer(void *context, enum dns_status status, const char *const *values,
                      size_t count)
{
    struct cache_voice *voice = context;

    voice->ask = NULL;
    voice->status = status;
    voice->answered = status == DNS_OK || status == DNS_NODATA || status == DNS_NXDOMAIN;
    voice->is_new = tail_is_new(voice->question, values, count);
    if (count > 0)
        note_said(voice, values[0]);
    release(voice->round);
}

static void ask_voice(struct caches_round *round, uv_loop_t *uv, struct cache_voice *voice)
{
    const struct dns_question question = {.server = voice->server,
                                          .name = voice->question->name,
                                          .type = voice->question->type,
                                          .recursive = true,
                                          .timeout_ms = CACHES_ASK_MS};

    voice->round = round;
    voice->status = DNS_UNREACHABLE;
    round->pending++;
    if (dns_ask(uv, &question, on_answer, voice, &voice->ask) < 0)
        release(round);
}

/* ---- life ---- */

struct caches_round *caches_ask(uv_loop_t *uv, const char *const *servers, uint32_t count,
                                const struct tail *tail, servers_done done, void *context)
{
    struct caches_round *round = calloc(1, sizeof(*round));

    if (round == NULL)
        return NULL;
    round->tail = tail;
    round->count = count < CACHES_MAX ? count : CACHES_MAX;
    round->done = done;
    round->context = context;
    uv_timer_init(uv, &round->report);
    round->report.data = round;
    round->pending = 1;
    for (uint32_t i = 0; i < round->count * tail->question_count; i++) {
        round->voices[i].server = servers[i / tail->question_count];
        round->voices[i].question = &tail->questions[i % tail->question_count];
        ask_voice(round, uv, &round->voices[i]);
    }
    release(round);
    return round;
}

void caches_cancel(struct caches_round *round)
{
    for (uint32_t i = 0; i < round->count * round->tail->question_count; i++) {
        if (round->voices[i].ask != NULL)
            dns_ask_cancel(round->voices[i].ask); /* its answer comes, cancelled */
    }
}
