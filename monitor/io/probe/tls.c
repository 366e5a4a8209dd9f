/* SPDX-License-Identifier: Apache-2.0 */
/* tls://HOST:PORT: a handshake, perhaps after STARTTLS, and what the certificate is worth.
 *
 * OpenSSL reads and writes memory, and we the socket: so that no hostile server keeps us reading
 * (HANDSHAKE_MAX), no closed pipe kills us, and what comes before TLS stays outside of it. The
 * handshake is made with whoever is there, and the certificate judged afterwards: a bad one is told
 * with all that was seen, and nothing has been said to its owner. */
#include "tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "starttls.h"
#include "trust.h"

extern const struct attempt_kind kind_tls;

enum {
    READ_SIZE = 16 * 1024,
    HANDSHAKE_MAX = 256 * 1024, /* bytes of one: OpenSSL takes chains of 100 KiB */
    LEAVE_MS = 500              /* longer we do not wait for the answer to a good-bye */
};

/* One connection: first the conversation, then the handshake. */
struct link {
    struct starttls_talk talk;
    bool is_go; /* the conversation is over, once all is said */
    bool is_heard;
    bool is_leaving; /* shaken hands: nothing that happens now is the check's */
    SSL *ssl;        /* NULL: not yet */
    BIO *in;         /* both are its own */
    BIO *out;
    size_t heard; /* bytes of the handshake */
};

static void release(struct attempt *attempt)
{
    struct link *link = attempt->held;

    lean_release(attempt);
    if (link == NULL)
        return;
    SSL_free(link->ssl);
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
    if (link->ssl != NULL)
        return "shaking hands (TLS)";
    snprintf(attempt->prober->scratch, REQUEST_MAX, "waiting for %s", starttls_where(&link->talk));
    return attempt->prober->scratch;
}

/* ---- bytes ---- */

/* Whether a server that leaves says so (a close, a reset) is chance; how far it had come is not. */
static void end_lost(struct attempt *attempt, const char *how)
{
    const struct link *link = attempt->held;
    bool is_silent = link->ssl == NULL && !link->is_heard;

    attempt_end(attempt, RESULT_BAD, is_silent ? FAILURE_CONNECT : FAILURE_TLS,
                "connection lost while %s: %s", doing(attempt), how);
}

/* Reads what there is. Returns 0 when there is nothing, or the attempt has ended instead. */
static size_t hear(struct attempt *attempt, char *bytes, size_t size)
{
    struct link *link = attempt->held;
    ssize_t n = recv(attempt->lean.fd, bytes, size, 0);

    if (n < 0 && errno == EAGAIN)
        return 0;
    if (n <= 0) {
        end_lost(attempt, n < 0 ? strerror(errno) : "closed by the server");
        return 0;
    }
    if (!link->is_heard && link->ssl == NULL)
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
    end_lost(attempt, strerror(errno));
    return -1;
}

/* ---- the handshake ---- */

/* Returns false when the attempt has ended instead. What the socket does not take now goes later:
 * it tells when it has room. */
static bool tell_handshake(struct attempt *attempt)
{
    struct link *link = attempt->held;
    char *bytes = NULL;
    long left;

    while ((left = BIO_get_mem_data(link->out, &bytes)) > 0) {
        ssize_t n = tell(attempt, bytes, left < REQUEST_MAX ? (size_t)left : REQUEST_MAX);

        if (n <= 0)
            return n == 0;
        BIO_read(link->out, attempt->prober->scratch, (int)n); /* that has gone */
    }
    return true;
}

/* Why it failed, or that we go: so that its log does not speak of a fault of ours. Not waited for.
 */
static void take_leave(struct attempt *attempt)
{
    struct link *link = attempt->held;
    char *bytes = NULL;
    long left;

    SSL_shutdown(link->ssl); /* says nothing after a failure, which has said its alert */
    left = BIO_get_mem_data(link->out, &bytes);
    if (left > 0)
        (void)!send(attempt->lean.fd, bytes, (size_t)left, MSG_NOSIGNAL);
}

/* Returns false when there is nothing to go on with. */
static bool hear_handshake(struct attempt *attempt)
{
    struct link *link = attempt->held;
    char bytes[READ_SIZE];
    size_t length = hear(attempt, bytes, sizeof(bytes));

    if (length == 0)
        return false;
    link->heard += length;
    if (link->heard > HANDSHAKE_MAX) {
        attempt_end(attempt, RESULT_BAD, FAILURE_TLS, "more than %d bytes of a handshake",
                    HANDSHAKE_MAX);
        return false;
    }
    if (BIO_write(link->in, bytes, (int)length) == (int)length)
        return true;
    attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the handshake");
    return false;
}

static void end_failed(struct attempt *attempt)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());

    take_leave(attempt);
    attempt_end(attempt, RESULT_BAD, FAILURE_TLS, "handshake failed: %s",
                reason != NULL ? reason : "the server broke it off");
}

static void end_shaken(struct attempt *attempt)
{
    const struct link *link = attempt->held;

    take_leave(attempt);
    tls_judge(attempt, link->ssl);
}

/* Says what is left to say of the good-bye. Small, so the socket takes it, or it is not said. */
static void say_leave(struct attempt *attempt)
{
    struct link *link = attempt->held;
    size_t length;
    const uint8_t *words = starttls_say(&link->talk, &length);
    char *bytes = NULL;
    long left;

    if (length == 0)
        return;
    SSL_write(link->ssl, words, (int)length);
    starttls_said(&link->talk);
    left = BIO_get_mem_data(link->out, &bytes);
    if (left > 0)
        (void)!send(attempt->lean.fd, bytes, (size_t)left, MSG_NOSIGNAL);
    (void)BIO_reset(link->out);
}

/* Returns true when the server has said something new; false: it has not yet (*ret_waits), or never
 * will. */
static bool hear_leave(struct attempt *attempt, bool *ret_waits)
{
    struct link *link = attempt->held;
    char bytes[READ_SIZE];
    ssize_t n = recv(attempt->lean.fd, bytes, sizeof(bytes), 0);

    *ret_waits = n < 0 && errno == EAGAIN;
    if (n <= 0)
        return false;
    link->heard += (size_t)n;
    return link->heard <= HANDSHAKE_MAX && BIO_write(link->in, bytes, (int)n) == (int)n;
}

static void leave(struct attempt *attempt)
{
    struct link *link = attempt->held;
    bool waits = false;
    uint8_t bytes[STARTTLS_PIECE_MAX];
    int n;

    do {
        say_leave(attempt);
        n = SSL_read(link->ssl, bytes, sizeof(bytes));
        if (n > 0 && starttls_leave_feed(&link->talk, bytes, (size_t)n) == STARTTLS_GO)
            break;
        if (n <= 0 && SSL_get_error(link->ssl, n) != SSL_ERROR_WANT_READ)
            break;
    } while (n > 0 || hear_leave(attempt, &waits));
    if (waits)
        return;
    say_leave(attempt);
    end_shaken(attempt);
}

static void shake_hands(struct attempt *attempt)
{
    struct link *link = attempt->held;
    int done;

    do {
        ERR_clear_error();
        done = SSL_do_handshake(link->ssl);
        if (done != 1 && SSL_get_error(link->ssl, done) != SSL_ERROR_WANT_READ) {
            end_failed(attempt);
            return;
        }
        if (!tell_handshake(attempt))
            return;
    } while (done != 1 && hear_handshake(attempt));
    if (done != 1)
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
    char error[RESULT_DETAIL_MAX];
    usec_t ignored_us;

    link->ssl = trust_connection(attempt->prober, attempt->check, error, sizeof(error));
    if (link->ssl == NULL) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s", error);
        return false;
    }
    link->in = BIO_new(BIO_s_mem());
    link->out = BIO_new(BIO_s_mem());
    SSL_set_bio(link->ssl, link->in, link->out);
    if (link->in == NULL || link->out == NULL || !tls_ask_for_name(link->ssl, attempt->check)) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for TLS");
        return false;
    }
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
    if (link->ssl == NULL && (!converse(attempt) || !open_tls(attempt)))
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
