/* SPDX-License-Identifier: Apache-2.0 */
/* ws:// and wss://: the handshake of RFC 6455, and no more: the connection ends as soon as the
 * server has agreed. In the clear it is lean, and says goodbye; over TLS libcurl carries it, which
 * has to end the connection without a word.
 *
 * The headers of the handshake are ours to write; the subprotocols that are offered stand in the
 * settings as a header like any other. */
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "http1.h"
#include "http_curl.h"
#include "websocket.h"

extern const struct attempt_kind kind_websocket;
extern const struct attempt_kind kind_websocket_curl;

enum { READ_SIZE = 4096, SWITCHED = 101 };

_Static_assert((int)HTTP_NOTE_MAX >= (int)WEBSOCKET_KEY_SIZE, "a note holds a key");

struct handshake {
    char key[WEBSOCKET_KEY_SIZE];
    struct http1 *http1;
    bool asked; /* the whole request has been sent */
};

/* Returns false without randomness: then nothing can be proved. */
static bool make_key(char out[WEBSOCKET_KEY_SIZE])
{
    unsigned char random[WEBSOCKET_RANDOM];

    if (RAND_bytes(random, sizeof(random)) != 1)
        return false;
    websocket_key(random, out);
    return true;
}

/* NULL: it has no such header. */
static const char *find_header(const struct check *check, const char *name)
{
    for (uint32_t i = 0; i < check->header_count; i++) {
        if (strcasecmp(check->headers[i].name, name) == 0)
            return check->headers[i].value;
    }
    return NULL;
}

/* Anything but a 101 is the assertion's to judge. */
static void judge(struct attempt *attempt, const char *key, const struct answer *answer)
{
    const struct check *check = attempt->check;
    struct websocket_offer offer = {
        .key = key,
        .protocols = find_header(check, "Sec-WebSocket-Protocol"),
        .extensions = find_header(check, "Sec-WebSocket-Extensions"),
    };
    char error[RESULT_DETAIL_MAX - 20];
    char seen[32];

    if (answer->status == SWITCHED &&
        websocket_agrees(answer->head, answer->head_length, &offer, error, sizeof(error)) < 0) {
        attempt->result.status = answer->status;
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "status 101, but %s", error);
        return;
    }
    snprintf(seen, sizeof(seen), "status %d", answer->status);
    attempt_judge(attempt, answer, seen);
}

/* ---- in the clear ---- */

static const char *doing(const struct attempt *attempt)
{
    const struct handshake *handshake = attempt->held;

    if (attempt->phase == PHASE_CONNECTING)
        return "connecting";
    if (!handshake->asked)
        return "sending the request";
    return http1_is_untouched(handshake->http1) ? "waiting for an answer" : "reading the headers";
}

static void release(struct attempt *attempt)
{
    struct handshake *handshake = attempt->held;

    lean_release(attempt);
    if (handshake == NULL)
        return;
    http1_destroy(handshake->http1);
    free(handshake);
    attempt->held = NULL;
}

static void begin(struct attempt *attempt)
{
    struct handshake *handshake = prober_need(calloc(1, sizeof(*handshake)));

    attempt->held = handshake;
    if (!make_key(handshake->key) || http1_create(false, false, &handshake->http1) < 0) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory or no random numbers");
        return;
    }
    http1_keep_head(handshake->http1);
    lean_connect(attempt);
}

/* Returns true when all of the request has been sent. */
static bool send_request(struct attempt *attempt)
{
    struct handshake *handshake = attempt->held;
    char *text = attempt->prober->scratch;
    size_t length = request_format_upgrade(attempt->check, handshake->key, text, REQUEST_MAX);
    ssize_t n;

    if (length == 0) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY,
                    "a request of more than %d bytes is not sent", REQUEST_MAX);
        return false;
    }
    n = send(attempt->lean.fd, text + attempt->lean.sent, length - attempt->lean.sent,
             MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n < 0) {
        attempt_lost(attempt, errno);
        return false;
    }
    attempt->lean.sent += (size_t)n;
    handshake->asked = attempt->lean.sent == length;
    return handshake->asked;
}

/* So that the server's log holds no connection that broke. Nobody waits for it to arrive. */
static void say_goodbye(const struct attempt *attempt)
{
    unsigned char frame[WEBSOCKET_CLOSE_SIZE];
    unsigned char mask[4];

    if (RAND_bytes(mask, sizeof(mask)) != 1)
        return;
    websocket_close_frame(mask, frame);
    (void)send(attempt->lean.fd, frame, sizeof(frame), MSG_NOSIGNAL);
}

static void on_answer(struct attempt *attempt, enum http1_progress progress)
{
    const struct handshake *handshake = attempt->held;
    const struct http1 *http1 = handshake->http1;
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_HEADER),
                            .status = http1_status(http1)};

    if (progress == HTTP1_BROKEN) {
        attempt_end(attempt, RESULT_BAD,
                    http1_is_untouched(http1) ? FAILURE_CONNECT : FAILURE_STATUS, "%s",
                    http1_error(http1));
        return;
    }
    if (answer.status == SWITCHED)
        say_goodbye(attempt);
    answer.head = http1_head(http1, &answer.head_length);
    judge(attempt, handshake->key, &answer);
}

static void read_answer(struct attempt *attempt)
{
    struct http1 *http1 = ((struct handshake *)attempt->held)->http1;
    enum http1_progress progress;
    char bytes[READ_SIZE];

    do {
        ssize_t n = recv(attempt->lean.fd, bytes, sizeof(bytes), 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            attempt_lost(attempt, errno);
            return;
        }
        if (n > 0 && http1_is_untouched(http1))
            attempt_mark(attempt, &attempt->result.timings.first_byte_us);
        progress = n == 0 ? http1_close(http1) : http1_feed(http1, bytes, (size_t)n);
    } while (progress == HTTP1_MORE);
    on_answer(attempt, progress);
}

static void on_ready(struct attempt *attempt, uint32_t events)
{
    const struct handshake *handshake = attempt->held;

    if (attempt->phase == PHASE_CONNECTING) {
        int error = lean_connection_error(attempt);

        if (error == EINPROGRESS)
            return;
        if (error != 0) {
            attempt_connect_failed(attempt, error);
            return;
        }
        attempt_mark(attempt, &attempt->result.timings.connect_us);
        attempt->phase = PHASE_ANSWER;
    }
    if (!handshake->asked && !send_request(attempt))
        return;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        read_answer(attempt);
}

const struct attempt_kind kind_websocket = {
    .needs_address = true,
    .begin = begin,
    .on_ready = on_ready,
    .release = release,
    .doing = doing,
};

/* ---- over TLS ---- */

static bool add_upgrade(struct transfer *transfer, const struct check *check)
{
    char line[64];

    (void)check;
    if (!make_key(transfer->note))
        return false;
    snprintf(line, sizeof(line), "Sec-WebSocket-Key: %s", transfer->note);
    return http_curl_add_header(transfer, "Upgrade: websocket") &&
           http_curl_add_header(transfer, "Connection: Upgrade") &&
           http_curl_add_header(transfer, "Sec-WebSocket-Version: 13") &&
           http_curl_add_header(transfer, line);
}

static void judge_transfer(struct attempt *attempt, const struct transfer *transfer)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_HEADER),
                            .status = transfer->status,
                            .head = buffer_text(&transfer->head),
                            .head_length = transfer->head.length};

    http_curl_tell_tls(transfer, &answer);
    judge(attempt, transfer->note, &answer);
}

static void begin_over_tls(struct attempt *attempt)
{
    static const struct http_question upgrade = {.add = add_upgrade, .judge = judge_transfer};

    http_curl_begin(attempt, &upgrade);
}

const struct attempt_kind kind_websocket_curl = {
    .needs_address = true,
    .begin = begin_over_tls,
    .release = http_curl_release,
    .doing = http_curl_doing,
};
