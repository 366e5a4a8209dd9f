/* SPDX-License-Identifier: Apache-2.0 */
/*   start -> (a name: resolve) -> transfer -> report
 *
 * A fetch that nobody waits for any more goes on to its end silently: libcurl holds it. */
#include "fetch.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "buffer.h"
#include "curl_loop.h"
#include "date.h"
#include "resolver.h"
#include "result.h"
#include "transfer.h"

LIST_HEAD(fetch_list, fetch);

struct fetcher {
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    struct fetch_list fetches;
    void (*closed)(void *context);
    void *closed_context;
};

struct fetch {
    struct fetcher *fetcher;
    fetch_done done; /* NULL: forgotten */
    void *context;
    CURL *easy;
    struct lookup *lookup; /* while resolving */
    struct curl_slist *headers;
    struct curl_slist *addresses;
    struct buffer body;
    struct buffer reply;
    char *host;
    unsigned port;
    char curl_error[CURL_ERROR_SIZE];
    LIST_ENTRY(fetch) link;
};

/* ---- the end ---- */

static void destroy(struct fetch *fetch)
{
    LIST_REMOVE(fetch, link);
    curl_easy_cleanup(fetch->easy);
    transfer_free_headers(fetch->headers);
    curl_slist_free_all(fetch->addresses);
    buffer_clear(&fetch->body);
    buffer_clear(&fetch->reply);
    curl_free(fetch->host);
    free(fetch);
}

/* The one finish: report, then free. */
static void finish(struct fetch *fetch, struct fetch_answer *answer, const char *message)
{
    char escaped[FETCH_MESSAGE_MAX] = "";

    if (message != NULL)
        text_escape(escaped, sizeof(escaped), message, strlen(message));
    answer->message = escaped;
    answer->body = buffer_text(&fetch->reply);
    answer->length = fetch->reply.length;
    if (fetch->done != NULL)
        fetch->done(fetch->context, answer);
    destroy(fetch);
}

/* ---- transfer ---- */

static size_t on_reply(char *bytes, size_t size, size_t count, void *context)
{
    struct fetch *fetch = context;

    buffer_add(&fetch->reply, bytes, size * count);
    return fetch->reply.failed ? 0 : size * count; /* 0 ends the transfer */
}

/* Only who is known to be AWS may say what time it is. */
static void take_date(CURL *easy, struct fetch_answer *answer)
{
    struct aws_date date;

    aws_date_read(easy, &date);
    answer->has_date = date.is_verified;
    answer->skew_ms = date.skew_ms;
}

static void on_transfer(void *context, CURL *easy, CURLcode code)
{
    struct fetch *fetch = context;
    struct fetch_answer answer = {.is_answered = code == CURLE_OK,
                                  .is_timeout = code == CURLE_OPERATION_TIMEDOUT};
    long status = 0;

    if (code == CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        answer.status = (int)status;
        take_date(easy, &answer);
        finish(fetch, &answer, NULL);
    } else if (fetch->reply.failed) {
        finish(fetch, &answer, "the answer is too large");
    } else {
        finish(fetch, &answer,
               fetch->curl_error[0] != '\0' ? fetch->curl_error : curl_easy_strerror(code));
    }
}

static void transfer(struct fetch *fetch)
{
    curl_easy_setopt(fetch->easy, CURLOPT_RESOLVE, fetch->addresses);
    curl_loop_start(fetch->fetcher->curl_loop, fetch->easy, on_transfer, fetch);
}

/* ---- the name ---- */

/* libcurl finds the name in its cache, where this entry puts it, and never resolves by itself. */
static int set_addresses(struct fetch *fetch, const struct resolution *resolution)
{
    char text[ADDRESS_TEXT_MAX];
    struct buffer entry;

    buffer_init(&entry, 1024);
    snprintf(text, sizeof(text), ":%u:", fetch->port);
    buffer_add_text(&entry, fetch->host);
    buffer_add_text(&entry, text);
    for (unsigned i = 0; i < resolution->count; i++) {
        address_format(&resolution->addresses[i], text);
        *strrchr(text, ':') = '\0'; /* "192.0.2.1:0", "[2001:db8::1]:0" */
        if (i > 0)
            buffer_add_char(&entry, ',');
        buffer_add_text(&entry, text);
    }
    if (!entry.failed)
        fetch->addresses = curl_slist_append(NULL, buffer_text(&entry));
    buffer_clear(&entry);
    return fetch->addresses != NULL ? 0 : -1;
}

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct fetch *fetch = context;
    struct fetch_answer answer = {.is_answered = false};
    char message[FETCH_MESSAGE_MAX];

    fetch->lookup = NULL;
    if (resolution->status == DNS_OK && set_addresses(fetch, resolution) == 0) {
        transfer(fetch);
        return;
    }
    snprintf(message, sizeof(message), "%.200s cannot be resolved: %s", fetch->host,
             dns_status_name(resolution->status));
    finish(fetch, &answer, message);
}

/* A literal in brackets, or not; libcurl knows by itself where localhost is. */
static bool needs_resolving(const char *host)
{
    union address ignored;

    return host[0] != '[' && strcmp(host, "localhost") != 0 && !address_parse(host, &ignored);
}

/* ---- the question ---- */

static int set_headers(struct fetch *fetch, const struct fetch_question *question)
{
    assert(question->header_count <= FETCH_HEADERS_MAX);
    for (size_t i = 0; i < question->header_count; i++) {
        if (transfer_add_header(&fetch->headers, question->headers[i].key,
                                question->headers[i].value) != 0)
            return -1;
    }
    return transfer_add_header(&fetch->headers, "User-Agent", "regionshift");
}

/* Each over a connection of its own: they are hours apart. */
static void set_options(struct fetch *fetch, const struct fetch_question *question)
{
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->headers);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->curl_error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)question->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, question->method);
    if (question->body != NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetch->body.length);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buffer_text(&fetch->body));
    }
}

static int set_target(struct fetch *fetch, const char *text)
{
    CURLU *url = curl_url();
    char *port = NULL;
    int status = -1;

    if (url != NULL && curl_url_set(url, CURLUPART_URL, text, CURLU_PATH_AS_IS) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &fetch->host, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        fetch->port = (unsigned)strtoul(port, NULL, 10);
        if (curl_easy_setopt(fetch->easy, CURLOPT_URL, text) == CURLE_OK)
            status = 0;
    }
    curl_free(port);
    curl_url_cleanup(url);
    return status;
}

static void on_no_memory(void)
{
    abort(); /* nothing is left to tell it with */
}

struct fetch *fetch_start(struct fetcher *fetcher, const struct fetch_question *question,
                          fetch_done done, void *context)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));
    bool is_good;

    if (fetch == NULL)
        on_no_memory();
    fetch->fetcher = fetcher;
    fetch->done = done;
    fetch->context = context;
    fetch->easy = curl_loop_easy("http,https");
    buffer_init(&fetch->body, question->body_length);
    buffer_init(&fetch->reply, question->answer_max);
    if (question->body != NULL)
        buffer_add(&fetch->body, question->body, question->body_length);
    is_good = fetch->easy != NULL && !fetch->body.failed && set_headers(fetch, question) == 0 &&
              transfer_set_authorities(fetch->easy) == 0;
    if (!is_good)
        on_no_memory();
    LIST_INSERT_HEAD(&fetcher->fetches, fetch, link);
    set_options(fetch, question);
    if (set_target(fetch, question->url) == 0 && needs_resolving(fetch->host))
        fetch->lookup = resolver_lookup(fetcher->resolver, fetch->host, on_resolved, fetch);
    else
        transfer(fetch); /* libcurl tells what is wrong with a URL */
    return fetch;
}

void fetch_cancel(struct fetch *fetch)
{
    if (fetch == NULL)
        return;
    fetch->done = NULL;
    if (fetch->lookup != NULL) {
        resolver_cancel(fetch->lookup);
        destroy(fetch);
        return;
    }
    curl_loop_cancel(fetch->fetcher->curl_loop, fetch->easy);
}

/* ---- the fetcher ---- */

static void on_undone(void *context)
{
    (void)context;
}

int fetcher_create(uv_loop_t *loop, struct fetcher **ret_fetcher)
{
    struct fetcher *fetcher = calloc(1, sizeof(*fetcher));
    int status;

    if (fetcher == NULL)
        return -ENOMEM;
    LIST_INIT(&fetcher->fetches);
    status = curl_loop_create(loop, &fetcher->curl_loop);
    if (status == 0)
        status = resolver_create(loop, NULL, &fetcher->resolver);
    if (status != 0) {
        curl_loop_close(fetcher->curl_loop, on_undone, NULL);
        free(fetcher);
        return status;
    }
    *ret_fetcher = fetcher;
    return 0;
}

static void on_resolver_closed(void *context)
{
    struct fetcher *fetcher = context;
    void (*closed)(void *) = fetcher->closed;
    void *closed_context = fetcher->closed_context;

    assert(LIST_EMPTY(&fetcher->fetches));
    free(fetcher);
    closed(closed_context);
}

static void on_curl_loop_closed(void *context)
{
    struct fetcher *fetcher = context;

    resolver_close(fetcher->resolver, on_resolver_closed, fetcher);
}

void fetcher_close(struct fetcher *fetcher, void (*closed)(void *context), void *context)
{
    struct fetch *next;

    if (fetcher == NULL) {
        closed(context);
        return;
    }
    for (struct fetch *fetch = LIST_FIRST(&fetcher->fetches); fetch != NULL; fetch = next) {
        next = LIST_NEXT(fetch, link);
        fetch_cancel(fetch);
    }
    fetcher->closed = closed;
    fetcher->closed_context = context;
    curl_loop_close(fetcher->curl_loop, on_curl_loop_closed, fetcher);
}
