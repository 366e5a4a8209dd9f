/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers say before TLS. What is promised: TLS begins only at the very end of what was
 * heard; a refusal is a sentence of printable ASCII; nothing is kept beyond the limits; and how the
 * bytes of an answer are cut makes no difference to whether TLS begins. */
#include <assert.h>
#include <string.h>

#include "fuzz.h"
#include "starttls.h"

static void say(struct starttls_talk *talk)
{
    size_t length;

    (void)starttls_say(talk, &length);
    assert(length <= STARTTLS_SAY_MAX);
    starttls_said(talk);
}

static void check_error(const struct starttls_talk *talk)
{
    const char *error = starttls_error(talk);

    assert(error[0] != '\0' && strlen(error) <= STARTTLS_ERROR_MAX);
    for (; *error != '\0'; error++)
        assert(*error >= ' ' && *error <= '~');
}

/* An answer, cut into single bytes: until one of them ends it. */
static enum starttls_progress feed_bytes(struct starttls_talk *talk, const uint8_t *bytes,
                                         size_t length, size_t *ret_taken)
{
    enum starttls_progress progress = STARTTLS_MORE;
    size_t i = 0;

    while (i < length && progress == STARTTLS_MORE)
        progress = starttls_feed(talk, &bytes[i++], 1);
    *ret_taken = i;
    return progress;
}

/* Whatever is said to a good-bye, in the same pieces. */
static void leave(struct starttls_talk *talk, const uint8_t *data, size_t size)
{
    enum starttls_progress progress = starttls_leave(talk);

    for (size_t at = 0; at < size && progress == STARTTLS_MORE;) {
        size_t left = size - at - 1;
        size_t length = data[at] < left ? data[at] : left;

        say(talk);
        progress = starttls_leave_feed(talk, data + at + 1, length);
        assert(progress != STARTTLS_REFUSED && talk->held <= STARTTLS_PIECE_MAX);
        at += 1 + length;
    }
    say(talk);
}

/* The first byte picks the protocol; then answers, each after a byte that is its length. */
void fuzz_starttls(const uint8_t *data, size_t size)
{
    struct starttls_talk whole, cut;
    enum starttls_progress progress = STARTTLS_MORE;
    size_t at = 1;

    if (size == 0)
        return;
    starttls_begin(&whole, (enum starttls)(1 + data[0] % (STARTTLS_COUNT - 1)));
    starttls_begin(&cut, whole.protocol);
    while (at < size && progress == STARTTLS_MORE) {
        size_t left = size - at - 1;
        size_t length = data[at] < left ? data[at] : left;
        size_t taken;

        say(&whole);
        say(&cut);
        progress = starttls_feed(&whole, data + at + 1, length);
        if (feed_bytes(&cut, data + at + 1, length, &taken) == STARTTLS_GO)
            assert((progress == STARTTLS_GO) == (taken == length));
        else
            assert(progress != STARTTLS_GO);
        assert(starttls_where(&whole)[0] != '\0');
        assert(whole.held <= STARTTLS_PIECE_MAX && whole.total <= STARTTLS_ANSWER_MAX + 1);
        at += 1 + length;
    }
    if (progress == STARTTLS_GO) {
        say(&whole);
        leave(&whole, data + at, size - at);
    }
    if (progress == STARTTLS_REFUSED)
        check_error(&whole);
}
