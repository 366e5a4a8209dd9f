/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_stream.c: libcurl's callbacks only move bytes in and out of two buffers; an idle handle,
 * active while there is something to take, hands lines over when libcurl has returned. */
#include "etcd_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_transfer.h"
#include "etcd_words.h"

enum { UPLOAD_MAX = 64 * 1024 };

struct etcd_stream {
    struct etcd_link *link;
    uint32_t member;
    char *member_url;
    const char *path;
    CURL *easy;
    struct etcd_lists lists;
    struct buffer upload;
    size_t uploaded; /* of it */
    bool paused;     /* the upload: libcurl waits for more of it */
    struct buffer lines;
    size_t scanned; /* bytes of lines known to hold no newline */
    uv_idle_t deliver;
    bool ended; /* by libcurl, with: */
    struct etcd_transferred result;
    char words[CURL_ERROR_SIZE];
    etcd_stream_line line;
    etcd_stream_ended told_end;
    void *context;
    bool closing;
};

static void on_deliver(uv_idle_t *idle);

/* ---- libcurl's callbacks ---- */

static size_t on_body_wanted(char *to, size_t size, size_t count, void *context)
{
    struct etcd_stream *stream = context;
    size_t left = stream->upload.length - stream->uploaded;
    size_t piece = size * count < left ? size * count : left;

    if (piece == 0) {
        stream->paused = true;
        return CURL_READFUNC_PAUSE;
    }
    memcpy(to, stream->upload.data + stream->uploaded, piece);
    stream->uploaded += piece;
    return piece;
}

static size_t on_bytes(char *bytes, size_t size, size_t count, void *context)
{
    struct etcd_stream *stream = context;

    buffer_add(&stream->lines, bytes, size * count);
    (void)uv_idle_start(&stream->deliver, on_deliver);
    return stream->lines.failed ? 0 : size * count;
}

/* ---- ends ---- */

static void on_idle_closed(uv_handle_t *handle)
{
    struct etcd_stream *stream = handle->data;
    struct etcd_link *link = stream->link;

    curl_easy_cleanup(stream->easy);
    etcd_lists_free(&stream->lists);
    buffer_clear(&stream->upload);
    buffer_clear(&stream->lines);
    free(stream->member_url);
    free(stream);
    etcd_link_release(link);
}

static void on_ended(void *context, CURL *easy, CURLcode code)
{
    struct etcd_stream *stream = context;

    stream->ended = true;
    stream->result = (struct etcd_transferred){.code = code, .sent = true, .words = stream->words};
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &stream->result.http_status);
    if (code != CURLE_OK && stream->words[0] == '\0')
        stream->result.words = curl_easy_strerror(code);
    if (stream->closing)
        uv_close((uv_handle_t *)&stream->deliver, on_idle_closed);
    else
        (void)uv_idle_start(&stream->deliver, on_deliver);
}

/* The rest is a line without its newline, or the body of an error. */
static void tell_end(struct etcd_stream *stream)
{
    struct etcd_answer answer = {.member = stream->member_url};
    bool refused = stream->result.http_status != 200 && stream->result.http_status != 0;

    stream->result.too_long = stream->lines.failed;
    stream->result.body = buffer_text(&stream->lines);
    stream->result.length = stream->lines.length;
    if (stream->lines.length > 0 && !refused && !stream->lines.failed)
        stream->line(stream->context, stream->lines.data, stream->lines.length);
    if (stream->closing)
        return;
    etcd_judge(&stream->result, &answer.error);
    if (answer.error.fault == ETCD_FAULT_NONE) {
        answer.error = (struct etcd_error){.fault = ETCD_UNAVAILABLE, .code = -1};
        (void)snprintf(answer.error.words, sizeof(answer.error.words), "it ended the stream");
    }
    answer.too_long = stream->result.too_long;
    etcd_sentence(answer.sentence, sizeof(answer.sentence), answer.member, stream->path, 1,
                  &answer.error);
    stream->told_end(stream->context, &answer);
    if (!stream->closing)
        etcd_stream_close(stream);
}

/* ---- lines ---- */

/* The whole lines that came, in turn; a callback may close the stream. */
static void take_lines(struct etcd_stream *stream)
{
    size_t begin = 0;

    while (!stream->closing && stream->lines.length > stream->scanned) {
        char *from = stream->lines.data + stream->scanned;
        char *newline = memchr(from, '\n', stream->lines.length - stream->scanned);

        if (newline == NULL) {
            stream->scanned = stream->lines.length;
            break;
        }
        *newline = '\0';
        stream->scanned = (size_t)(newline - stream->lines.data) + 1;
        stream->line(stream->context, stream->lines.data + begin, stream->scanned - 1 - begin);
        begin = stream->scanned;
    }
    if (begin == 0)
        return;
    memmove(stream->lines.data, stream->lines.data + begin, stream->lines.length - begin);
    stream->lines.length -= begin;
    stream->scanned -= begin;
    stream->lines.data[stream->lines.length] = '\0';
}

static void on_deliver(uv_idle_t *idle)
{
    struct etcd_stream *stream = idle->data;

    (void)uv_idle_stop(idle);
    if (!stream->closing && stream->result.http_status == 0)
        curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &stream->result.http_status);
    if (stream->result.http_status == 200)
        take_lines(stream);
    if (stream->ended && !stream->closing)
        tell_end(stream);
}

/* ---- life ---- */

static void set_options(struct etcd_stream *stream)
{
    CURL *easy = stream->easy;

    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_body_wanted);
    curl_easy_setopt(easy, CURLOPT_READDATA, stream);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, stream->words);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L); /* its own, that no death may surprise ... */
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);  /* ... and nobody's after it */
}

/* "close" is what makes etcd answer while the upload is open: Go's server reads a body to its end
 * before it answers, unless the connection ends with the answer anyway. */
static bool add_headers(struct curl_slist *headers)
{
    return curl_slist_append(headers, "Transfer-Encoding: chunked") != NULL &&
           curl_slist_append(headers, "Connection: close") != NULL;
}

struct etcd_stream *etcd_stream_open(struct etcd_link *link, uint32_t member, const char *path,
                                     const char *body, size_t length, msec_t connect_ms,
                                     etcd_stream_line line, etcd_stream_ended ended, void *context)
{
    struct etcd_stream *stream = calloc(1, sizeof(*stream));
    struct etcd_target target;

    if (stream == NULL)
        return NULL;
    stream->link = link;
    stream->member = member;
    stream->path = path;
    stream->line = line;
    stream->told_end = ended;
    stream->context = context;
    etcd_link_target(link, member, path, &target);
    target.connect_ms = connect_ms;
    stream->member_url = strdup(target.member);
    stream->easy = etcd_easy(&target, &stream->lists);
    if (stream->easy == NULL || stream->member_url == NULL || !add_headers(stream->lists.headers)) {
        curl_easy_cleanup(stream->easy);
        etcd_lists_free(&stream->lists);
        free(stream->member_url);
        free(stream);
        return NULL;
    }
    buffer_init(&stream->lines, ETCD_LINE_MAX);
    buffer_init(&stream->upload, UPLOAD_MAX);
    buffer_add(&stream->upload, body, length);
    (void)uv_idle_init(etcd_link_loop(link), &stream->deliver); /* cannot fail */
    stream->deliver.data = stream;
    set_options(stream);
    etcd_link_hold(link);
    curl_loop_start(etcd_link_curl(link), stream->easy, on_ended, stream);
    return stream;
}

bool etcd_stream_send(struct etcd_stream *stream, const char *body, size_t length)
{
    if (stream->ended || !stream->paused || stream->uploaded < stream->upload.length)
        return false;
    buffer_reset(&stream->upload);
    stream->uploaded = 0;
    buffer_add(&stream->upload, body, length);
    stream->paused = false;
    (void)curl_easy_pause(stream->easy, CURLPAUSE_CONT);
    return true;
}

void etcd_stream_close(struct etcd_stream *stream)
{
    stream->closing = true;
    if (stream->ended)
        uv_close((uv_handle_t *)&stream->deliver, on_idle_closed);
    else
        curl_loop_cancel(etcd_link_curl(stream->link), stream->easy);
}
