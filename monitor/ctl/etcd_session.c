/* SPDX-License-Identifier: Apache-2.0 */
#include "etcd_session.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "../io/store/etcd_link.h"
#include "curl_loop.h"

enum { ASKS_AT_ONCE = 16, BODY_MAX = 1024 * 1024 };

/* A daemon gives a call up early and asks the next member. An operator waits: each password costs
 * etcd a good part of a second, and what broke off half-way has to be begun again. */
enum { PATIENCE_MS = 15 * 1000 };

struct etcd_session {
    struct store_settings settings;
    uv_loop_t loop;
    struct curl_loop *curl_loop;
    struct etcd_link *link;
    size_t in_flight;
};

/* What an answer finds. */
struct waiting {
    struct etcd_session *session;
    struct session_ask *ask;
};

int session_open(const struct store_settings *settings, const char *user, const char *password,
                 struct etcd_session **ret_session)
{
    struct etcd_session *session = calloc(1, sizeof(*session));
    int rc = -1;

    if (session == NULL || uv_loop_init(&session->loop) < 0) {
        free(session);
        fputs("regionshift: out of memory\n", stderr);
        return -1;
    }
    session->settings = *settings;
    if (session->settings.timeout_ms < PATIENCE_MS)
        session->settings.timeout_ms = PATIENCE_MS;
    rc = curl_loop_create(&session->loop, &session->curl_loop);
    if (rc == 0)
        rc = etcd_link_create(&session->loop, session->curl_loop, &session->settings, user,
                              password, &session->link);
    if (rc < 0) {
        fprintf(stderr, "regionshift: etcd: %s\n", strerror(-rc));
        session_close(session);
        return -1;
    }
    *ret_session = session;
    return 0;
}

static void on_curl_closed(void *context)
{
    (void)context; /* uv_run() ends by itself */
}

static void on_link_closed(void *context)
{
    struct etcd_session *session = context;

    session->link = NULL;
}

void session_close(struct etcd_session *session)
{
    if (session == NULL)
        return;
    if (session->link != NULL) {
        etcd_link_close(session->link, on_link_closed, session);
        while (session->link != NULL && uv_run(&session->loop, UV_RUN_ONCE) != 0)
            continue;
    }
    curl_loop_close(session->curl_loop, on_curl_closed, NULL);
    uv_run(&session->loop, UV_RUN_DEFAULT);
    uv_loop_close(&session->loop);
    free(session);
}

void session_prepare(struct session_ask *ask, const char *path)
{
    *ask = (struct session_ask){.path = path};
    buffer_init(&ask->body, BODY_MAX);
}

void session_clear(struct session_ask *asks, size_t count)
{
    for (size_t i = 0; asks != NULL && i < count; i++) {
        buffer_clear(&asks[i].body);
        if (asks[i].text != NULL)
            explicit_bzero(asks[i].text, asks[i].length); /* a token */
        free(asks[i].text);
        asks[i].text = NULL;
    }
}

static void on_answered(void *context, const struct etcd_answer *answer)
{
    struct waiting *waiting = context;
    struct session_ask *ask = waiting->ask;

    waiting->session->in_flight--;
    free(waiting);
    ask->error = answer->error;
    snprintf(ask->sentence, sizeof(ask->sentence), "%s", answer->sentence);
    if (answer->error.fault != ETCD_FAULT_NONE)
        return;
    ask->text = malloc(answer->length + 1);
    if (ask->text == NULL) {
        ask->error.fault = ETCD_UNKNOWN;
        snprintf(ask->sentence, sizeof(ask->sentence), "out of memory");
        return;
    }
    memcpy(ask->text, answer->body, answer->length);
    ask->text[answer->length] = '\0';
    ask->length = answer->length;
}

static void start(struct etcd_session *session, struct session_ask *ask)
{
    struct waiting *waiting = malloc(sizeof(*waiting));
    struct etcd_question question = {.path = ask->path,
                                     .body = buffer_text(&ask->body),
                                     .length = ask->body.length,
                                     .may_repeat = true,
                                     .without_token = ask->without_token};

    if (waiting == NULL || ask->body.failed) {
        free(waiting);
        ask->error.fault = ETCD_UNKNOWN;
        snprintf(ask->sentence, sizeof(ask->sentence), "out of memory");
        return;
    }
    *waiting = (struct waiting){session, ask};
    session->in_flight++;
    etcd_link_ask(session->link, &question, on_answered, waiting);
}

void session_ask(struct etcd_session *session, struct session_ask *asks, size_t count)
{
    size_t next = 0;

    while (next < count || session->in_flight > 0) {
        while (next < count && session->in_flight < ASKS_AT_ONCE)
            start(session, &asks[next++]);
        if (session->in_flight > 0)
            uv_run(&session->loop, UV_RUN_ONCE);
    }
}
