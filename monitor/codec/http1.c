/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: bytes are either content, which is counted, or lines, which are looked at. A step takes
 * one line or one stretch of content from the input; the phase says which, and what it means.
 *
 *   STATUS_LINE -> HEADERS -+-> COUNTED ---------------------------+-> END
 *        ^            |     +-> UNTIL_CLOSE -----------------------+
 *        +-- (1xx) ---+     +-> CHUNK_SIZE <-> CHUNK <-> CHUNK_END |
 *                                    +-------> TRAILERS -----------+
 */
#include "http1.h"

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "result.h"

enum phase {
    STATUS_LINE,
    HEADERS,
    COUNTED,
    UNTIL_CLOSE,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END,
    TRAILERS,
    END,
    BROKEN
};

enum { SHOWN_MAX = 40, SIZE_DIGITS_MAX = 15, LENGTH_DIGITS_MAX = 18 };

static const uint64_t length_unknown = UINT64_MAX;

struct text {
    const char *at;
    size_t length;
};

struct http1 {
    enum phase phase;
    bool is_head;
    bool body_wanted;
    bool head_kept;
    bool body_cut;
    bool closes;  /* by its version, or because it says so */
    bool overrun; /* more came than the answer */
    size_t body_max;
    bool touched;
    bool is_complete; /* headers of the final answer have been read: status counts */
    int status;
    unsigned interim_count;
    size_t head_bytes;
    unsigned head_lines;
    size_t framing_bytes;
    bool chunked;
    bool coded;              /* a transfer coding that is not chunked: lasts until close */
    uint64_t content_length; /* length_unknown: not said */
    uint64_t left;           /* content bytes to come: of the body, or of the chunk */
    struct buffer line;      /* the beginning of a line whose end has not come yet */
    struct buffer body;
    struct buffer head;
    char error[HTTP1_ERROR_MAX];
};

/* ---- helpers ---- */

__attribute__((format(printf, 2, 3))) static void broken(struct http1 *http1, const char *format,
                                                         ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(http1->error, sizeof(http1->error), format, arguments);
    va_end(arguments);
    http1->phase = BROKEN;
}

static void broken_at(struct http1 *http1, const char *what, struct text line)
{
    char shown[SHOWN_MAX];

    text_escape(shown, sizeof(shown), line.at, line.length);
    broken(http1, "%s: \"%s\"", what, shown);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool equals(struct text text, const char *word)
{
    if (text.length != strlen(word))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if (lower(text.at[i]) != word[i])
            return false;
    }
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct text trim(struct text text)
{
    while (text.length > 0 && is_blank(text.at[0])) {
        text.at++;
        text.length--;
    }
    while (text.length > 0 && is_blank(text.at[text.length - 1]))
        text.length--;
    return text;
}

static enum http1_progress progress(const struct http1 *http1)
{
    if (http1->phase == BROKEN)
        return HTTP1_BROKEN;
    return http1->phase == END ? HTTP1_DONE : HTTP1_MORE;
}

/* ---- the head ---- */

static void on_status_line(struct http1 *http1, struct text line)
{
    const char *at = line.at;

    if (line.length < 12 || memcmp(at, "HTTP/1.", 7) != 0 || !is_digit(at[7]) || at[8] != ' ' ||
        at[9] < '1' || at[9] > '9' || !is_digit(at[10]) || !is_digit(at[11]) ||
        (line.length > 12 && at[12] != ' ')) {
        broken_at(http1, "no status line of HTTP/1", line);
        return;
    }
    http1->status = (at[9] - '0') * 100 + (at[10] - '0') * 10 + (at[11] - '0');
    http1->chunked = false;
    http1->coded = false;
    http1->closes = at[7] == '0';
    http1->content_length = length_unknown;
    http1->phase = HEADERS;
}

/* Two different lengths are two different answers; the same twice is only clumsy. */
static void on_content_length(struct http1 *http1, struct text value)
{
    uint64_t length = 0;
    bool bad = value.length == 0 || value.length > LENGTH_DIGITS_MAX;

    for (size_t i = 0; i < value.length && !bad; i++) {
        bad = !is_digit(value.at[i]);
        length = length * 10 + (uint64_t)(value.at[i] - '0');
    }
    if (bad)
        broken_at(http1, "Content-Length is no number", value);
    else if (http1->content_length != length_unknown && http1->content_length != length)
        broken_at(http1, "a second, different Content-Length", value);
    else
        http1->content_length = length;
}

/* Codings apply in their order, and only the last one frames the body. */
static void on_transfer_encoding(struct http1 *http1, struct text value)
{
    struct text last = value;

    for (size_t i = 0; i < value.length; i++) {
        if (value.at[i] == ',')
            last = (struct text){value.at + i + 1, value.length - i - 1};
    }
    last = trim(last);
    if (equals(last, "identity"))
        return;
    http1->chunked = equals(last, "chunked");
    http1->coded = !http1->chunked;
}

/* "keep-alive, close": a list, in any case. */
static void on_connection(struct http1 *http1, struct text value)
{
    while (value.length > 0) {
        const char *comma = memchr(value.at, ',', value.length);
        size_t length = comma == NULL ? value.length : (size_t)(comma - value.at);

        if (equals(trim((struct text){value.at, length}), "close"))
            http1->closes = true;
        length += comma != NULL;
        value = (struct text){value.at + length, value.length - length};
    }
}

static void on_header(struct http1 *http1, struct text line)
{
    const char *colon = memchr(line.at, ':', line.length);
    struct text name, value;

    if (memchr(line.at, '\0', line.length) != NULL) {
        broken_at(http1, "a NUL in a header", line);
        return;
    }
    if (is_blank(line.at[0])) /* the rest of a folded header: of none that we read */
        return;
    if (colon == NULL) {
        broken_at(http1, "a header without a colon", line);
        return;
    }
    name = trim((struct text){line.at, (size_t)(colon - line.at)});
    value = trim((struct text){colon + 1, line.length - (size_t)(colon - line.at) - 1});
    if (equals(name, "content-length"))
        on_content_length(http1, value);
    else if (equals(name, "transfer-encoding"))
        on_transfer_encoding(http1, value);
    else if (equals(name, "connection"))
        on_connection(http1, value);
}

static bool has_no_body(const struct http1 *http1)
{
    return http1->is_head || http1->status == 101 || http1->status == 204 || http1->status == 304;
}

static void on_end_of_headers(struct http1 *http1)
{
    if (http1->status < 200 && http1->status != 101) {
        http1->phase = STATUS_LINE;
        if (++http1->interim_count > HTTP1_INTERIM_MAX)
            broken(http1, "more than %d interim answers, the last %d", HTTP1_INTERIM_MAX,
                   http1->status);
        return;
    }
    http1->is_complete = true;
    if (!http1->body_wanted || has_no_body(http1)) {
        http1->phase = END;
    } else if (http1->chunked) {
        http1->phase = CHUNK_SIZE;
    } else if (http1->coded || http1->content_length == length_unknown) {
        http1->phase = UNTIL_CLOSE;
    } else {
        http1->left = http1->content_length;
        http1->phase = http1->left == 0 ? END : COUNTED;
    }
}

/* ---- chunks ---- */

static int hex_value(char c)
{
    if (is_digit(c))
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void on_chunk_size(struct http1 *http1, struct text line)
{
    uint64_t size = 0;
    size_t i = 0;

    for (; i < line.length && hex_value(line.at[i]) >= 0 && i < SIZE_DIGITS_MAX; i++)
        size = size * 16 + (uint64_t)hex_value(line.at[i]);
    if (i == 0 || (i < line.length && !is_blank(line.at[i]) && line.at[i] != ';')) {
        broken_at(http1, "no size of a chunk", line);
        return;
    }
    http1->left = size;
    http1->phase = size == 0 ? TRAILERS : CHUNK;
}

static void on_chunk_end(struct http1 *http1, struct text line)
{
    if (line.length > 0)
        broken_at(http1, "a chunk is longer than its size", line);
    else
        http1->phase = CHUNK_SIZE;
}

/* ---- lines ---- */

static bool is_head_phase(enum phase phase)
{
    return phase == STATUS_LINE || phase == HEADERS || phase == TRAILERS;
}

/* Counts bytes of lines against their limits. Returns false when past one. */
static bool within_limits(struct http1 *http1, size_t bytes, bool is_line)
{
    if (!is_head_phase(http1->phase)) {
        http1->framing_bytes += bytes;
        if (http1->framing_bytes > HTTP1_FRAMING_MAX)
            broken(http1, "more than %d bytes between chunks", HTTP1_FRAMING_MAX);
        return http1->phase != BROKEN;
    }
    http1->head_bytes += bytes;
    http1->head_lines += is_line;
    if (http1->head_bytes > HTTP1_HEAD_BYTES_MAX)
        broken(http1, "more than %d bytes of headers", HTTP1_HEAD_BYTES_MAX);
    else if (http1->head_lines > HTTP1_HEAD_LINES_MAX)
        broken(http1, "more than %d lines of headers", HTTP1_HEAD_LINES_MAX);
    return http1->phase != BROKEN;
}

/* Interim answers are answers as well: each begins anew. */
static void keep_line(struct http1 *http1, struct text line)
{
    if (http1->phase == STATUS_LINE)
        buffer_reset(&http1->head);
    buffer_add(&http1->head, line.at, line.length);
    buffer_add_text(&http1->head, "\r\n");
    if (http1->head.failed)
        broken(http1, "no memory for the headers");
}

static void on_line(struct http1 *http1, struct text line)
{
    if (line.length > 0 && line.at[line.length - 1] == '\r')
        line.length--;
    if (http1->head_kept && (http1->phase == STATUS_LINE || http1->phase == HEADERS))
        keep_line(http1, line);
    if (http1->phase == BROKEN)
        return;
    if (http1->phase == STATUS_LINE)
        on_status_line(http1, line);
    else if (http1->phase == CHUNK_SIZE)
        on_chunk_size(http1, line);
    else if (http1->phase == CHUNK_END)
        on_chunk_end(http1, line);
    else if (line.length > 0 && http1->phase == HEADERS)
        on_header(http1, line);
    else if (line.length == 0 && http1->phase == HEADERS)
        on_end_of_headers(http1);
    else if (line.length == 0)
        http1->phase = END;
}

/* Takes up to one line from the input; acts on it when its end has come. */
static void take_line(struct http1 *http1, struct text *input)
{
    const char *newline = memchr(input->at, '\n', input->length);
    size_t taken = newline == NULL ? input->length : (size_t)(newline - input->at) + 1;
    struct text line = {input->at, taken - 1};

    input->at += taken;
    input->length -= taken;
    if (!within_limits(http1, taken, newline != NULL))
        return;
    if (newline == NULL || http1->line.length > 0) {
        buffer_add(&http1->line, line.at, newline == NULL ? taken : line.length);
        line = (struct text){buffer_text(&http1->line), http1->line.length};
    }
    if (http1->line.failed)
        broken(http1, "a line of more than %d bytes", HTTP1_HEAD_BYTES_MAX);
    else if (newline != NULL)
        on_line(http1, line);
    if (newline != NULL)
        buffer_reset(&http1->line);
}

/* ---- content ---- */

/* Judged by its beginning. */
static void cut_body(struct http1 *http1)
{
    http1->body_cut = true;
    http1->phase = END;
}

static void take_content(struct http1 *http1, struct text *input)
{
    size_t room = http1->body_max - http1->body.length;
    size_t taken = input->length;

    if (http1->phase != UNTIL_CLOSE && taken > http1->left)
        taken = (size_t)http1->left;
    if (taken > room)
        taken = room;
    buffer_add(&http1->body, input->at, taken);
    input->at += taken;
    input->length -= taken;
    http1->left -= http1->phase == UNTIL_CLOSE ? 0 : taken;
    if (http1->body.failed)
        broken(http1, "no memory for the body");
    else if (http1->phase == COUNTED && http1->left == 0)
        http1->phase = END;
    else if (http1->body.length == http1->body_max)
        cut_body(http1);
    else if (http1->phase == CHUNK && http1->left == 0)
        http1->phase = CHUNK_END;
}

/* ---- the interface ---- */

int http1_create(bool is_head, bool body_wanted, struct http1 **ret_http1)
{
    struct http1 *http1 = calloc(1, sizeof(*http1));

    if (http1 == NULL)
        return -1;
    http1->is_head = is_head;
    http1->body_wanted = body_wanted;
    buffer_init(&http1->line, HTTP1_HEAD_BYTES_MAX);
    http1_limit_body(http1, HTTP1_BODY_MAX);
    buffer_init(&http1->head, 2 * HTTP1_HEAD_BYTES_MAX); /* a bare LF becomes two bytes */
    *ret_http1 = http1;
    return 0;
}

void http1_limit_body(struct http1 *http1, size_t body_max)
{
    http1->body_max = body_max;
    buffer_init(&http1->body, body_max);
}

void http1_keep_head(struct http1 *http1)
{
    http1->head_kept = true;
}

void http1_destroy(struct http1 *http1)
{
    if (http1 == NULL)
        return;
    buffer_clear(&http1->line);
    buffer_clear(&http1->body);
    buffer_clear(&http1->head);
    free(http1);
}

enum http1_progress http1_feed(struct http1 *http1, const char *bytes, size_t length)
{
    struct text input = {bytes, length};

    if (length > 0)
        http1->touched = true;
    while (input.length > 0 && progress(http1) == HTTP1_MORE) {
        if (http1->phase == COUNTED || http1->phase == UNTIL_CLOSE || http1->phase == CHUNK)
            take_content(http1, &input);
        else
            take_line(http1, &input);
    }
    http1->overrun |= input.length > 0;
    return progress(http1);
}

enum http1_progress http1_close(struct http1 *http1)
{
    if (progress(http1) != HTTP1_MORE)
        return progress(http1);
    http1->closes = true;
    if (http1->phase == UNTIL_CLOSE)
        http1->phase = END;
    else if (!http1->touched)
        broken(http1, "closed before any answer");
    else
        broken(http1, "closed in the middle of the %s", http1_where(http1));
    return progress(http1);
}

int http1_status(const struct http1 *http1)
{
    return http1->is_complete ? http1->status : 0;
}

const char *http1_body(const struct http1 *http1, size_t *ret_length)
{
    *ret_length = http1->body.length;
    return buffer_text(&http1->body);
}

bool http1_body_is_cut(const struct http1 *http1)
{
    return http1->body_cut;
}

/* Two framings at once are what request smuggling is made of: nothing more is asked there. */
bool http1_may_go_on(const struct http1 *http1)
{
    bool is_framed_twice = http1->chunked && http1->content_length != length_unknown;

    return http1->phase == END && http1->status != 101 && !http1->closes && !http1->overrun &&
           !http1->body_cut && !is_framed_twice && (http1->body_wanted || has_no_body(http1));
}

const char *http1_head(const struct http1 *http1, size_t *ret_length)
{
    *ret_length = http1->head.length;
    return buffer_text(&http1->head);
}

bool http1_is_untouched(const struct http1 *http1)
{
    return !http1->touched;
}

const char *http1_where(const struct http1 *http1)
{
    if (http1->is_complete)
        return "body";
    return http1->phase == STATUS_LINE ? "status line" : "headers";
}

const char *http1_error(const struct http1 *http1)
{
    return http1->error;
}
