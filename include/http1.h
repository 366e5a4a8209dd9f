/* SPDX-License-Identifier: Apache-2.0 */
/* http1.h: reads one HTTP/1.x answer from bytes as they come. Pure: no socket, no clock.
 *
 * The other end is hostile input. Everything has a limit, and memory grows only with what came. It
 * is strict where framing is at stake and tolerant where real servers are sloppy (bare LF, missing
 * reason, odd header names). */
#ifndef REGIONSHIFT_HTTP1_H
#define REGIONSHIFT_HTTP1_H

#include <stdbool.h>
#include <stddef.h>

enum {
    HTTP1_HEAD_BYTES_MAX = 16 * 1024, /* status lines, headers and trailers together */
    HTTP1_HEAD_LINES_MAX = 100,
    HTTP1_INTERIM_MAX = 8,          /* 1xx answers before the real one */
    HTTP1_BODY_MAX = 64 * 1024,     /* read so much, judge by that */
    HTTP1_FRAMING_MAX = 512 * 1024, /* sizes and ends of chunks: a byte each takes 6 */
    HTTP1_ERROR_MAX = 120
};

enum http1_progress {
    HTTP1_MORE,  /* feed it more */
    HTTP1_DONE,  /* status and body stand; what else the server sends does not matter */
    HTTP1_BROKEN /* not an HTTP/1 answer, or past a limit: http1_error() */
};

struct http1;

/* is_head       the request was HEAD: the answer has no body whatever its headers say
 * body_wanted   false: the answer is done when its headers are
 * Returns 0 or -1 (no memory). */
int http1_create(bool is_head, bool body_wanted, struct http1 **ret_http1);

/* Both before the first byte is fed. */
void http1_limit_body(struct http1 *http1, size_t body_max); /* HTTP1_BODY_MAX otherwise */
void http1_keep_head(struct http1 *http1);                   /* for http1_head() */

/* Accepts NULL. */
void http1_destroy(struct http1 *http1);

/* Takes bytes. After HTTP1_DONE and HTTP1_BROKEN further bytes are ignored. */
enum http1_progress http1_feed(struct http1 *http1, const char *bytes, size_t length);

/* The peer closed: an answer that lasts until then is done, any other is broken. */
enum http1_progress http1_close(struct http1 *http1);

/* The status of the answer, 0 as long as its headers are not complete. */
int http1_status(const struct http1 *http1);

/* What was read of the body, without chunk framing. Lives as long as the reader. */
const char *http1_body(const struct http1 *http1, size_t *ret_length);

/* There was more of it than that, or there may have been. */
bool http1_body_is_cut(const struct http1 *http1);

/* May another answer follow on this connection: has this one ended by its own framing, with nothing
 * behind it, and has the server not said that it closes? To be asked after HTTP1_DONE, of a reader
 * that wants the body. */
bool http1_may_go_on(const struct http1 *http1);

/* The status line and the headers of the answer, a "\r\n" after each; empty unless kept. */
const char *http1_head(const struct http1 *http1, size_t *ret_length);

/* Nothing has come yet. */
bool http1_is_untouched(const struct http1 *http1);

/* Where the reader stands, for messages: "status line", "headers", "body". */
const char *http1_where(const struct http1 *http1);

/* Why it is broken: a sentence, escaped; "" when it is not. */
const char *http1_error(const struct http1 *http1);

#endif
