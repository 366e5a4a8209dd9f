/* SPDX-License-Identifier: Apache-2.0 */
/* tls://HOST:PORT: a handshake, perhaps after STARTTLS, and what the certificate is worth.
 *
 * The handshake is made with whoever is there, and the certificate judged afterwards: a bad one is
 * told with all that was seen, and nothing has been said to its owner (secure.h). */
#include "tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "secure.h"
#include "starttls.h"

extern const struct attempt_kind kind_tls;

enum { LEAVE_MS = 500 /* longer we do not wait for the answer to a good-bye */ };

/* One connection: first the conversation, then the handshake. */
struct link {
    struct starttls_talk talk;
    bool is_go; /* the conversation is over, once all is said */
    bool is_heard;
    bool is_leaving; /* shaken hands: nothing that happens now is the check's */
    struct secure secure;
    size_t left_heard; /* bytes of the answer to a good-bye */
};

static void release(struct attempt *attempt)
{
    struct link *link = attempt->held;

    lean_release(attempt);
    if (link == NULL)
        return;
    secure_close(&link->secure);
    free(link);
    attempt->held = NULL;
}

static const char *doing(const struct attempt *attempt)
{
    const struct link *link = attempt->held;

    if (link == NULL)
        return "connecting";
    if (link->is_leaving)
        return "taking leave";
    if (link->secure.ssl != NULL)
        return "shaking hands (TLS)";
    snprintf(attempt->prober->scratch, REQUEST_MAX, "waiting for %s", starttls_where(&link->talk));
    return attempt->prober->scratch;
}

/* ---- bytes ---- */

/* Whether a server that leaves says so (a close, a reset) is chance; how far it had come is not. */
static enum failure failure_by_place(const struct attempt *attempt)
{
    const struct link *link = attempt->held;

    return link->secure.ssl == NULL && !link->is_heard ? FAILURE_CONNECT : FAILURE_TLS;
}

/* Reads what there is. Returns 0 when there is nothing, or the attempt has ended instead. */
static size_t hear(struct attempt *attempt, char *bytes, size_t size)
{
    struct link *link = attempt->held;
    ssize_t n = recv(attempt->lean.fd, bytes, size, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n < 0) {
        attempt_lost_as(attempt, failure_by_place(attempt), errno);
        return 0;
    }
    if (n == 0) {
        attempt_end(attempt, RESULT_BAD, failure_by_place(attempt),
                    "connection lost while %s: closed by the server", doing(attempt));
        return 0;
    }
    if (!link->is_heard && link->secure.ssl == NULL)
        attempt_mark(attempt, &attempt->result.timings.first_byte_us);
    link->is_heard = true;
    return (size_t)n;
}

/* Returns how many bytes have gone, or -1 when the attempt has ended instead. */
static ssize_t tell(struct attempt *attempt, const void *bytes, size_t length)
{
    ssize_t n = send(attempt->lean.fd, bytes, length, MSG_NOSIGNAL);

    if (n >= 0)
        return n;
    if (errno == EAGAIN)
        return 0;
    attempt_lost_as(attempt, failure_by_place(attempt), errno);
    return -1;
}

/* ---- the handshake ---- */

static void end_shaken(struct attempt *attempt)
{
    struct link *link = attempt->held;

    secure_leave(attempt, &link->secure);
    tls_judge(attempt, link->secure.ssl);
}

/* Says what is left to say of the good-bye. Small, so the socket takes it, or it is not said. */
static void say_leave(struct attempt *attempt)
{
    struct link *link = attempt->held;
    size_t length;
    const uint8_t *words = starttls_say(&link->talk, &length);

    if (length == 0)
        return;
    (void)secure_say(&link->secure, words, length);
    starttls_said(&link->talk);
    (void)secure_flush(attempt, &link->secure);
}

static void leave(struct attempt *attempt)
{
    struct link *link = attempt->held;
    uint8_t bytes[STARTTLS_PIECE_MAX];
    ssize_t n;

    do {
        say_leave(attempt);
        n = secure_hear(attempt, &link->secure, bytes, sizeof(bytes));
        link->left_heard += n > 0 ? (size_t)n : 0;
    } while (n > 0 && link->left_heard <= SECURE_HANDSHAKE_MAX &&
             starttls_leave_feed(&link->talk, bytes, (size_t)n) != STARTTLS_GO);
    if (n == SECURE_WAIT)
        return;
    say_leave(attempt);
    end_shaken(attempt);
}

static void shake_hands(struct attempt *attempt)
{
    struct link *link = attempt->held;

    if (!secure_shake(attempt, &link->secure))
        return;
    attempt_mark(attempt, &attempt->result.timings.tls_us);
    attempt->answered_us = prober_now_us();
    link->is_leaving = true;
    if (starttls_leave(&link->talk) == STARTTLS_MORE) {
        attempt_wake(attempt, LEAVE_MS);
        leave(attempt);
    } else {
        end_shaken(attempt);
    }
}

/* Returns false when the attempt has ended instead. */
static bool open_tls(struct attempt *attempt)
{
    struct link *link = attempt->held;
    usec_t ignored_us;

    if (!secure_open(attempt, &link->secure))
        return false;
    attempt_mark(attempt, &ignored_us);
    return true;
}

/* ---- before it ---- */

/* Returns false while something is left to say, or the attempt has ended instead. */
static bool say(struct attempt *attempt)
{
    struct link *link = attempt->held;
    size_t length;
    const uint8_t *bytes = starttls_say(&link->talk, &length);
    size_t *sent = &attempt->lean.sent;

    if (length > 0) {
        ssize_t n = tell(attempt, bytes + *sent, length - *sent);

        if (n < 0)
            return false;
        *sent += (size_t)n;
        if (*sent < length)
            return false;
        starttls_said(&link->talk);
        *sent = 0;
    }
    return true;
}

/* Returns true when the handshake may begin. */
static bool converse(struct attempt *attempt)
{
    struct link *link = attempt->held;
    char bytes[STARTTLS_PIECE_MAX];

    while (say(attempt)) {
        size_t length;

        if (link->is_go)
            return true;
        length = hear(attempt, bytes, sizeof(bytes));
        if (length == 0)
            return false;
        switch (starttls_feed(&link->talk, (const uint8_t *)bytes, length)) {
        case STARTTLS_MORE:
            break;
        case STARTTLS_GO:
            link->is_go = true;
            break;
        case STARTTLS_REFUSED:
            attempt_end(attempt, RESULT_BAD, FAILURE_TLS, "%s", starttls_error(&link->talk));
            return false;
        }
    }
    return false;
}

/* ---- the attempt ---- */

static void on_connected(struct attempt *attempt)
{
    enum starttls protocol = attempt->check->of.tls->starttls;
    struct link *link = prober_need(calloc(1, sizeof(*link)));

    attempt->held = link;
    attempt->phase = PHASE_ANSWER;
    attempt_mark(attempt, &attempt->result.timings.connect_us);
    link->is_go = protocol == STARTTLS_NONE;
    if (!link->is_go)
        starttls_begin(&link->talk, protocol);
}

static void on_ready(struct attempt *attempt, uint32_t events)
{
    struct link *link;

    (void)events;
    if (attempt->held == NULL) {
        int error = lean_connection_error(attempt);

        if (error == EINPROGRESS)
            return;
        if (error != 0) {
            attempt_connect_failed(attempt, error);
            return;
        }
        on_connected(attempt);
    }
    link = attempt->held;
    if (link->is_leaving) {
        leave(attempt);
        return;
    }
    if (link->secure.ssl == NULL && (!converse(attempt) || !open_tls(attempt)))
        return;
    shake_hands(attempt);
}

const struct attempt_kind kind_tls = {
    .needs_address = true,
    .begin = lean_connect,
    .on_ready = on_ready,
    .on_wake = end_shaken,
    .release = release,
    .doing = doing,
};
