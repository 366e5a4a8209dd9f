/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of HTTP/1. What is promised: it is the same answer in however many pieces it comes, its
 * limits hold, and what is broken says why, in words that are safe to print. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "http1.h"

enum { IS_HEAD = 1, BODY_WANTED = 2, SMALL = 4, SMALL_BODY_MAX = 8 };

static struct http1 *reader(uint8_t options)
{
    struct http1 *http1;

    if (http1_create((options & IS_HEAD) != 0, (options & BODY_WANTED) != 0, &http1) < 0)
        abort();
    if (options & SMALL)
        http1_limit_body(http1, SMALL_BODY_MAX);
    http1_keep_head(http1);
    return http1;
}

/* In pieces of so many bytes, and then the server closes. */
static enum http1_progress read_all(struct http1 *http1, const char *bytes, size_t length,
                                    size_t piece)
{
    enum http1_progress progress = HTTP1_MORE;

    for (size_t at = 0; at < length && progress == HTTP1_MORE; at += piece)
        progress = http1_feed(http1, bytes + at, length - at < piece ? length - at : piece);
    return progress == HTTP1_MORE ? http1_close(http1) : progress;
}

static void check_limits(const struct http1 *http1, enum http1_progress progress, size_t body_max)
{
    const char *error = http1_error(http1);
    size_t length;

    assert(progress != HTTP1_MORE);
    assert((progress == HTTP1_BROKEN) == (error[0] != '\0'));
    for (const char *c = error; *c != '\0'; c++)
        assert(*c >= ' ' && *c <= '~');
    assert(progress == HTTP1_BROKEN || (http1_status(http1) >= 100 && http1_status(http1) <= 999));
    http1_body(http1, &length);
    assert(length <= body_max);
    http1_head(http1, &length);
    assert(length <= HTTP1_HEAD_BYTES_MAX);
}

/* The first byte picks what is wanted of it. */
void fuzz_http1(const uint8_t *data, size_t size)
{
    size_t body_max = size > 0 && data[0] & SMALL ? (size_t)SMALL_BODY_MAX : (size_t)HTTP1_BODY_MAX;
    struct http1 *whole, *pieces;
    enum http1_progress progress, in_pieces;
    size_t lengths[2];
    const char *bodies[2];

    if (size < 2)
        return;
    whole = reader(data[0]);
    pieces = reader(data[0]);
    progress = read_all(whole, (const char *)data + 1, size - 1, size);
    in_pieces = read_all(pieces, (const char *)data + 1, size - 1, 1);
    check_limits(whole, progress, body_max);
    check_limits(pieces, in_pieces, body_max);
    assert(progress == in_pieces && http1_status(whole) == http1_status(pieces));
    bodies[0] = http1_body(whole, &lengths[0]);
    bodies[1] = http1_body(pieces, &lengths[1]);
    assert(lengths[0] == lengths[1] && memcmp(bodies[0], bodies[1], lengths[0]) == 0);
    http1_destroy(whole);
    http1_destroy(pieces);
}
