/* SPDX-License-Identifier: Apache-2.0 */
/* Plain HTTP/1.1: connect, send one request, read until the answer can be judged, close. The first
 * send is also the question whether the connection was made: the kernel answers both at once. */
#include "attempt.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http1.h"

enum {
    READ_SIZE = 16 * 1024,
    BODY_SUBJECTS = SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_JSON)
};

extern const struct attempt_kind kind_http;

static const char *doing(const struct attempt *attempt)
{
    const struct http1 *http1 = attempt->held;

    if (attempt->phase == PHASE_CONNECTING)
        return "connecting";
    if (http1 == NULL)
        return "sending the request";
    if (http1_is_untouched(http1))
        return "waiting for an answer";
    return http1_where(http1)[0] == 'b' ? "reading the body" : "reading the headers";
}

static void release(struct attempt *attempt)
{
    if (attempt->held != NULL)
        attempt->result.status = http1_status(attempt->held);
    lean_release(attempt);
    http1_destroy(attempt->held);
    attempt->held = NULL;
}

static bool looks_at_body(const struct check *check)
{
    return (assertion_subjects(check->assertion) & BODY_SUBJECTS) != 0;
}

/* Opens the reader; returns false when the attempt has ended instead. */
static bool expect_answer(struct attempt *attempt)
{
    const struct check *check = attempt->check;
    uint32_t subjects = assertion_subjects(check->assertion);
    bool is_head = check->method[0] == 'H';
    struct http1 *http1;

    if (http1_create(is_head, looks_at_body(check) || attempt->account != NULL, &http1) < 0) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the answer");
        return false;
    }
    http1_limit_body(http1, check->body_max);
    if (subjects & SUBJECT_BIT(SUBJECT_HEADER))
        http1_keep_head(http1);
    attempt->held = http1;
    return true;
}

/* Returns true when all of the request has been sent. */
static bool send_request(struct attempt *attempt)
{
    char *text = attempt->prober->scratch;
    size_t length = request_format(attempt->check, text, REQUEST_MAX);
    size_t *sent = &attempt->lean.sent;
    ssize_t n;

    if (length == 0) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY,
                    "a request of more than %d bytes is not sent", REQUEST_MAX);
        return false;
    }
    n = send(attempt->lean.fd, text + *sent, length - *sent, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return false;
    if (n < 0 && attempt->phase == PHASE_CONNECTING) {
        attempt_connect_failed(attempt, errno);
        return false;
    }
    if (n < 0) {
        attempt_lost(attempt, errno);
        return false;
    }
    if (attempt->phase == PHASE_CONNECTING) {
        attempt_mark(attempt, &attempt->result.timings.connect_us);
        attempt->phase = PHASE_ANSWER;
    }
    *sent += (size_t)n;
    return *sent == length && expect_answer(attempt);
}

static void judge(struct attempt *attempt, const struct http1 *http1)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY) |
                                   SUBJECT_BIT(SUBJECT_HEADER),
                            .status = http1_status(http1)};
    char seen[32];

    answer.body = http1_body(http1, &answer.body_length);
    answer.body_cut = http1_body_is_cut(http1);
    answer.head = http1_head(http1, &answer.head_length);
    snprintf(seen, sizeof(seen), "status %d", answer.status);
    attempt_judge(attempt, &answer, seen);
}

static void on_end_of_answer(struct attempt *attempt, enum http1_progress progress)
{
    const struct http1 *http1 = attempt->held;

    if (progress == HTTP1_DONE)
        judge(attempt, http1);
    else if (http1_is_untouched(http1))
        attempt_end(attempt, RESULT_BAD, FAILURE_CONNECT, "%s", http1_error(http1));
    else if (http1_status(http1) != 0)
        attempt_end(attempt, RESULT_BAD, FAILURE_BODY, "%s", http1_error(http1));
    else
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "%s", http1_error(http1));
}

/* Who explains a check shows how the body begins. What nobody looks at must not change what the
 * answer is, so it is waited for a little only, in time that does not count. */
static bool waits_for_excerpt(struct attempt *attempt, enum http1_progress progress)
{
    size_t length = 0;

    http1_body(attempt->held, &length);
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
    return attempt->account != NULL && http1_status(attempt->held) != 0 &&
           !looks_at_body(attempt->check);
}

static enum http1_progress take(struct attempt *attempt, const char *bytes, size_t length)
{
    struct http1 *http1 = attempt->held;
    enum http1_progress progress;

    if (length > 0 && http1_is_untouched(http1))
        attempt_mark(attempt, &attempt->result.timings.first_byte_us);
    progress = length == 0 ? http1_close(http1) : http1_feed(http1, bytes, length);
    if (is_answered(attempt) && !waits_for_excerpt(attempt, progress))
        return HTTP1_DONE;
    return progress;
}

/* Until the socket is empty, as edges are told once; the reader's limits bound it. */
static void read_answer(struct attempt *attempt)
{
    enum http1_progress progress;
    char bytes[READ_SIZE];

    do {
        ssize_t n = recv(attempt->lean.fd, bytes, sizeof(bytes), 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0 && !is_answered(attempt)) {
            attempt_lost(attempt, errno);
            return;
        }
        progress = take(attempt, bytes, n > 0 ? (size_t)n : 0);
    } while (progress == HTTP1_MORE);
    on_end_of_answer(attempt, progress);
}

static void on_wake(struct attempt *attempt)
{
    judge(attempt, attempt->held);
}

static void on_ready(struct attempt *attempt, uint32_t events)
{
    if (attempt->held == NULL && !send_request(attempt))
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        read_answer(attempt);
}

const struct attempt_kind kind_http = {
    .needs_address = true,
    .begin = lean_connect,
    .on_ready = on_ready,
    .on_wake = on_wake,
    .release = release,
    .doing = doing,
};
