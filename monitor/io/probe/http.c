/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1, in the clear or over TLS: connect, shake hands, send one request, read until the answer
 * can be judged, close. In the clear the first send is also the question whether the connection was
 * made: the kernel answers both at once.
 *
 * A check may go on where the last one stopped (reuse.h). A connection that was kept may be gone
 * meanwhile, which is no failure: what is lost before an answer begins is asked afresh, once. */
#include "attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http1.h"
#include "reuse.h"
#include "secure.h"
#include "tls.h"
#include "trust.h"

enum {
    READ_SIZE = 16 * 1024,
    BODY_SUBJECTS = SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_JSON)
};

extern const struct attempt_kind kind_http;

/* One question and its answer. */
struct page {
    struct http1 *http1; /* NULL: not asked yet */
    struct secure secure;
    bool is_secured;  /* the handshake is over, and the certificate good */
    bool is_kept;     /* the connection is that of an earlier check */
    bool is_finished; /* the server has closed its side: all that it had to say is said */
    bool is_judged;
    struct leftover left; /* of the last check; its connection goes into this one */
};

static const char *doing(const struct attempt *attempt)
{
    const struct page *page = attempt->held;
    const struct http1 *http1 = page->http1;

    if (attempt->phase == PHASE_CONNECTING)
        return "connecting";
    if (attempt->check->tls && !page->is_secured)
        return "shaking hands (TLS)";
    if (http1 == NULL)
        return "sending the request";
    if (http1_is_untouched(http1))
        return "waiting for an answer";
    return http1_where(http1)[0] == 'b' ? "reading the body" : "reading the headers";
}

/* ---- what the next check may go on with ---- */

static void leave_connection(struct attempt *attempt, struct page *page)
{
    page->left.fd = lean_part(attempt);
    if (page->left.fd < 0)
        return;
    page->left.secure = page->secure;
    page->secure = (struct secure){0};
    if (page->left.secure.ssl != NULL)
        secure_rest(&page->left.secure);
    reuse_give(attempt, &page->left);
}

static void leave_session(struct attempt *attempt, struct page *page)
{
    uint32_t used = SSL_session_reused(page->secure.ssl) ? page->left.used : 0;

    reuse_clear(&page->left);
    page->left.used = used;
    reuse_take_session(page->secure.ssl, &page->left);
    if (page->left.session != NULL)
        reuse_give(attempt, &page->left);
}

/* Only what was good is built upon. */
static void leave_rest(struct attempt *attempt, struct page *page)
{
    enum check_connection connection = attempt->check->connection;

    if (!page->is_judged || attempt->result.class != RESULT_GOOD)
        return;
    if (connection == CONNECTION_RESUMED && page->secure.ssl != NULL)
        leave_session(attempt, page);
    else if (connection == CONNECTION_KEPT && http1_may_go_on(page->http1))
        leave_connection(attempt, page);
}

static void release(struct attempt *attempt)
{
    struct page *page = attempt->held;

    if (page == NULL)
        return;
    attempt->held = NULL;
    if (page->http1 != NULL)
        attempt->result.status = http1_status(page->http1);
    leave_rest(attempt, page);
    if (page->is_secured && page->secure.ssl != NULL)
        secure_leave(attempt, &page->secure);
    else if (page->is_finished && page->secure.ssl == NULL && attempt->lean.fd >= 0)
        lean_break_off(attempt);
    lean_release(attempt);
    reuse_clear(&page->left);
    secure_close(&page->secure);
    http1_destroy(page->http1);
    free(page);
}

/* ---- the request ---- */

static bool looks_at_body(const struct check *check)
{
    return (assertion_subjects(check->assertion) & BODY_SUBJECTS) != 0;
}

/* What is to be kept has to be read to its end, whether anything looks at it or not. */
static bool reads_body(const struct check *check)
{
    return looks_at_body(check) || check->connection == CONNECTION_KEPT;
}

/* Opens the reader; returns false when the attempt has ended instead. */
static bool expect_answer(struct attempt *attempt)
{
    const struct check *check = attempt->check;
    uint32_t subjects = assertion_subjects(check->assertion);
    bool is_head = check->method[0] == 'H';
    struct page *page = attempt->held;
    struct http1 *http1;

    if (http1_create(is_head, reads_body(check) || attempt->account != NULL, &http1) < 0) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the answer");
        return false;
    }
    http1_limit_body(http1, check->body_max);
    if (subjects & SUBJECT_BIT(SUBJECT_HEADER))
        http1_keep_head(http1);
    page->http1 = http1;
    return true;
}

/* Returns its length, or 0 when the attempt has ended instead. */
static size_t write_request(struct attempt *attempt)
{
    size_t length = request_format(attempt->check, attempt->prober->scratch, REQUEST_MAX);

    if (length == 0)
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY,
                    "a request of more than %d bytes is not sent", REQUEST_MAX);
    return length;
}

static void connect_afresh(struct attempt *attempt);

/* Before the answer began. */
static void on_lost(struct attempt *attempt, int error)
{
    const struct page *page = attempt->held;

    if (page->is_kept)
        connect_afresh(attempt);
    else if (attempt->phase == PHASE_CONNECTING)
        attempt_connect_failed(attempt, error);
    else
        attempt_lost(attempt, error);
}

/* Returns true when all of the request has been sent. */
static bool send_in_clear(struct attempt *attempt)
{
    size_t length = write_request(attempt);
    size_t *sent = &attempt->lean.sent;
    ssize_t n;

    if (length == 0)
        return false;
    n = send(attempt->lean.fd, attempt->prober->scratch + *sent, length - *sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return false;
    if (n < 0) {
        on_lost(attempt, errno);
        return false;
    }
    if (attempt->phase == PHASE_CONNECTING) {
        attempt_mark(attempt, &attempt->result.timings.connect_us);
        attempt->phase = PHASE_ANSWER;
    }
    *sent += (size_t)n;
    return *sent == length && expect_answer(attempt);
}

/* What the socket does not take goes with the next flush. */
static bool send_secured(struct attempt *attempt)
{
    struct page *page = attempt->held;
    size_t length = write_request(attempt);
    int error;

    if (length == 0)
        return false;
    if (!secure_say(&page->secure, attempt->prober->scratch, length)) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the request");
        return false;
    }
    error = secure_flush(attempt, &page->secure);
    if (error != 0) {
        on_lost(attempt, error);
        return false;
    }
    return expect_answer(attempt);
}

/* ---- the answer ---- */

static void judge(struct attempt *attempt)
{
    struct page *page = attempt->held;
    const struct http1 *http1 = page->http1;
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY) |
                                   SUBJECT_BIT(SUBJECT_HEADER),
                            .status = http1_status(http1)};
    char seen[32];

    answer.body = http1_body(http1, &answer.body_length);
    answer.body_cut = http1_body_is_cut(http1);
    answer.head = http1_head(http1, &answer.head_length);
    if (page->secure.ssl != NULL)
        tls_tell(page->secure.ssl, &answer);
    snprintf(seen, sizeof(seen), "status %d", answer.status);
    page->is_judged = true;
    attempt_judge(attempt, &answer, seen);
}

static enum failure failure_by_place(const struct http1 *http1)
{
    if (http1_is_untouched(http1))
        return FAILURE_CONNECT;
    return http1_status(http1) != 0 ? FAILURE_BODY : FAILURE_STATUS;
}

static void on_end_of_answer(struct attempt *attempt, enum http1_progress progress)
{
    const struct page *page = attempt->held;

    if (progress == HTTP1_DONE)
        judge(attempt);
    else
        attempt_end(attempt, RESULT_BAD, failure_by_place(page->http1), "%s",
                    http1_error(page->http1));
}

/* Who explains a check shows how the body begins. What nobody looks at must not change what the
 * answer is, so it is waited for a little only, in time that does not count. */
static bool waits_for_excerpt(struct attempt *attempt, enum http1_progress progress)
{
    const struct page *page = attempt->held;
    size_t length = 0;

    http1_body(page->http1, &length);
    if (progress != HTTP1_MORE || length > 0)
        return false;
    if (attempt->answered_us == 0) {
        attempt->answered_us = prober_now_us();
        attempt_wake(attempt, EXCERPT_MS);
    }
    return true;
}

/* Is only the body missing, and that only because somebody wants to see it? */
static bool is_answered(const struct attempt *attempt)
{
    const struct page *page = attempt->held;

    return attempt->account != NULL && http1_status(page->http1) != 0 &&
           !reads_body(attempt->check);
}

static enum http1_progress take(struct attempt *attempt, const char *bytes, size_t length)
{
    const struct page *page = attempt->held;
    struct http1 *http1 = page->http1;
    enum http1_progress progress;

    if (length > 0 && http1_is_untouched(http1))
        attempt_mark(attempt, &attempt->result.timings.first_byte_us);
    progress = length == 0 ? http1_close(http1) : http1_feed(http1, bytes, length);
    if (is_answered(attempt) && !waits_for_excerpt(attempt, progress))
        return HTTP1_DONE;
    return progress;
}

/* What came is no TLS, or says that it is over with it: of an answer that had begun it is the
 * answer's fault. */
static void end_broken(struct attempt *attempt, const char *why)
{
    const struct page *page = attempt->held;
    enum failure failure = failure_by_place(page->http1);

    if (secure_lacks_memory())
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for TLS");
    else
        attempt_end(attempt, RESULT_BAD, failure == FAILURE_CONNECT ? FAILURE_TLS : failure,
                    "TLS failed while %s: %s", doing(attempt), why);
}

/* The end of the connection is not the end of TLS: whoever cuts it may stand in between, so what
 * lasts until the close has no end. */
static void end_cut(struct attempt *attempt)
{
    const struct page *page = attempt->held;
    enum http1_progress progress = take(attempt, NULL, 0);

    if (progress == HTTP1_DONE && !is_answered(attempt))
        attempt_end(attempt, RESULT_BAD, FAILURE_BODY,
                    "closed in the middle of the %s: the server did not end TLS",
                    http1_where(page->http1));
    else
        on_end_of_answer(attempt, progress);
}

/* The connection has come to its end without an answer that could be judged. */
static void on_silence(struct attempt *attempt, ssize_t heard)
{
    const struct page *page = attempt->held;
    char why[64];

    if (page->is_kept && http1_is_untouched(page->http1)) {
        connect_afresh(attempt);
    } else if (heard == SECURE_CLOSED) {
        on_end_of_answer(attempt, take(attempt, NULL, 0));
    } else if (is_answered(attempt)) {
        judge(attempt);
    } else if (heard == SECURE_CUT) {
        end_cut(attempt);
    } else if (heard == SECURE_LOST) {
        attempt_lost(attempt, errno);
    } else if (heard == SECURE_FLOOD) {
        snprintf(why, sizeof(why), "more than %d bytes without content", SECURE_SILENCE_MAX);
        end_broken(attempt, why);
    } else {
        end_broken(attempt, secure_reason("the server broke it off"));
    }
}

static ssize_t hear(struct attempt *attempt, char *bytes, size_t size)
{
    struct page *page = attempt->held;
    ssize_t n;

    if (page->secure.ssl != NULL)
        return secure_hear(attempt, &page->secure, bytes, size);
    n = recv(attempt->lean.fd, bytes, size, 0);
    if (n >= 0)
        return n;
    return errno == EAGAIN ? SECURE_WAIT : SECURE_LOST;
}

/* Until the socket is empty, as edges are told once; the reader's limits bound it. */
static void read_answer(struct attempt *attempt)
{
    enum http1_progress progress;
    char bytes[READ_SIZE];

    do {
        ssize_t n = hear(attempt, bytes, sizeof(bytes));

        if (n == SECURE_WAIT)
            return;
        if (n <= 0) {
            on_silence(attempt, n);
            return;
        }
        progress = take(attempt, bytes, (size_t)n);
    } while (progress == HTTP1_MORE);
    on_end_of_answer(attempt, progress);
}

/* ---- the connection ---- */

static void connect_afresh(struct attempt *attempt)
{
    struct page *page = attempt->held;
    usec_t ignored_us;

    lean_release(attempt);
    secure_close(&page->secure);
    http1_destroy(page->http1);
    *page = (struct page){.left = nothing_left};
    attempt->phase = PHASE_CONNECTING;
    attempt_mark(attempt, &ignored_us);
    lean_connect_to_speak(attempt);
}

/* Is the certificate, judged some checks ago, good still? */
static bool is_still_good(const struct attempt *attempt, const SSL *ssl)
{
    const struct check *check = attempt->check;

    return !check->verify || (tls_is_current(SSL_get0_peer_certificate(ssl)) &&
                              trust_is_current(attempt->prober, check, SSL_get_SSL_CTX(ssl)));
}

/* Returns false when there is no connection to go on with. */
static bool take_up(struct attempt *attempt, struct page *page)
{
    struct leftover *left = &page->left;
    int fd = left->fd;

    if (fd < 0)
        return false;
    if (left->secure.ssl != NULL &&
        (!is_still_good(attempt, left->secure.ssl) || !secure_wake(&left->secure))) {
        reuse_clear(left);
        return false;
    }
    page->secure = left->secure;
    page->is_secured = page->secure.ssl != NULL;
    page->is_kept = true;
    left->secure = (struct secure){0};
    left->fd = -1;
    (void)lean_adopt(attempt, fd);
    return true;
}

static void begin(struct attempt *attempt)
{
    struct page *page = prober_need(calloc(1, sizeof(*page)));

    attempt->held = page;
    page->left = nothing_left;
    if (attempt->check->connection != CONNECTION_FRESH)
        reuse_take(attempt, &page->left);
    if (!take_up(attempt, page))
        lean_connect_to_speak(attempt);
}

/* libcurl says so too; some servers want to hear it. */
static bool offer_http1(SSL *ssl)
{
    static const unsigned char protocols[] = "\x08http/1.1";

    return SSL_set_alpn_protos(ssl, protocols, sizeof(protocols) - 1) == 0;
}

/* Returns false when the attempt has ended instead. */
static bool open_tls(struct attempt *attempt)
{
    struct page *page = attempt->held;

    if (!secure_open(attempt, &page->secure))
        return false;
    if (!offer_http1(page->secure.ssl)) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for TLS");
        return false;
    }
    (void)reuse_resume(attempt->check, page->secure.ssl, &page->left);
    return true;
}

/* Returns true when the request may be sent. Nothing of it goes out before the certificate is found
 * good: its headers may hold secrets. */
static bool shake_hands(struct attempt *attempt, uint32_t events)
{
    struct page *page = attempt->held;

    if (attempt->phase == PHASE_CONNECTING && !lean_is_connected(attempt, events))
        return false;
    if (page->secure.ssl == NULL && !open_tls(attempt))
        return false;
    if (!secure_shake(attempt, &page->secure))
        return false;
    attempt_mark(attempt, &attempt->result.timings.tls_us);
    page->is_secured = true;
    return tls_accept(attempt, page->secure.ssl);
}

/* What a connection says that nobody has asked is that it closes. Returns false then. */
static bool on_kept(struct attempt *attempt, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        connect_afresh(attempt);
        return false;
    }
    attempt->phase = PHASE_ANSWER;
    return true;
}

/* Returns false when there is nothing to read yet, or the attempt has ended instead. */
static bool ask(struct attempt *attempt, uint32_t events)
{
    struct page *page = attempt->held;

    if (page->is_kept && attempt->phase == PHASE_CONNECTING && !on_kept(attempt, events))
        return false;
    if (!attempt->check->tls)
        return send_in_clear(attempt);
    return (page->is_secured || shake_hands(attempt, events)) && send_secured(attempt);
}

/* Of a connection that is lost reading tells, but not of what our own machine does not take.
 * Returns false when the attempt has ended. */
static bool say_the_rest(struct attempt *attempt)
{
    struct page *page = attempt->held;
    int error = secure_flush(attempt, &page->secure);

    if (error == 0 || !attempt_is_own_fault(attempt, error))
        return true;
    attempt_lost(attempt, error);
    return false;
}

static void on_ready(struct attempt *attempt, uint32_t events)
{
    struct page *page = attempt->held;

    page->is_finished = (events & EPOLLRDHUP) != 0;
    if (page->http1 == NULL && !ask(attempt, events))
        return;
    if (page->secure.ssl != NULL && (events & EPOLLOUT) && !say_the_rest(attempt))
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        read_answer(attempt);
}

const struct attempt_kind kind_http = {
    .needs_address = true,
    .begin = begin,
    .on_ready = on_ready,
    .on_wake = judge,
    .release = release,
    .doing = doing,
};
