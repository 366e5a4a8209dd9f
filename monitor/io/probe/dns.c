/* SPDX-License-Identifier: Apache-2.0 */
/* dns://SERVER/NAME?type=TYPE: one question to one address of a server, and what it says to it.
 *
 * c-ares resolves the server's name (resolver.h), but does not ask this question: a channel for
 * each one costs ten times the question, a shared one shares its port, and neither tells a refusal
 * from an unreachable server. A fresh socket has a port that nobody can know, is connected, so that
 * the kernel drops what others send, and dies with the attempt.
 *
 * UDP first, asked again once when nothing comes: a lost packet is no failure of the server, and
 * no resolver would take it for one. What is not the answer to our question is as if it had not
 * come. What is cut is asked for over TCP. */
#include "attempt.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "dns_reply.h"

enum {
    DATAGRAMS_PER_TURN = 1024, /* more than wait in a socket; a flood must not keep the loop */
    LENGTH_BYTES = 2,          /* before each message over TCP */
    SHOWN_MAX = 120            /* of the answers, where a good one is told */
};

extern const struct attempt_kind kind_dns;

struct asking {
    struct dns_query query;
    unsigned char question[LENGTH_BYTES + DNS_QUERY_MAX];
    size_t question_length; /* with the length */
    bool tcp;
    bool again;         /* asked for the second time */
    usec_t over_udp_us; /* until the answer was found to be cut */
    unsigned char *message;
    size_t message_length; /* so far, with the length */
};

/* ---- the question ---- */

/* Writes the question with an id of its own. False: the attempt has ended. */
static bool write_question(struct attempt *attempt)
{
    struct asking *asking = attempt->held;
    unsigned char *out = asking->question;
    size_t length;

    if (RAND_bytes((unsigned char *)&asking->query.id, sizeof(asking->query.id)) != 1) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no random number for the question");
        return false;
    }
    length = dns_query_write(&asking->query, out + LENGTH_BYTES);
    if (length == 0) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "the name to ask for is too long");
        return false;
    }
    out[0] = (unsigned char)(length >> 8);
    out[1] = (unsigned char)length;
    asking->question_length = LENGTH_BYTES + length;
    return true;
}

static void send_datagram(struct attempt *attempt)
{
    const struct asking *asking = attempt->held;
    size_t length = asking->question_length - LENGTH_BYTES;

    if (send(attempt->lean.fd, asking->question + LENGTH_BYTES, length, 0) < 0)
        attempt_connect_failed(attempt, errno);
}

static void open_udp(struct attempt *attempt)
{
    if (!lean_open(attempt, SOCK_DGRAM, 0))
        return;
    attempt->phase = PHASE_ANSWER;
    attempt_wake(attempt, attempt->check->timeout_ms / 3 + 1);
    send_datagram(attempt);
}

static void open_tcp(struct attempt *attempt)
{
    struct asking *asking = attempt->held;

    asking->tcp = true;
    asking->message = prober_need(malloc(LENGTH_BYTES + DNS_MESSAGE_MAX));
    attempt->phase = PHASE_CONNECTING;
    (void)lean_open(attempt, SOCK_STREAM, 0);
}

static void begin(struct attempt *attempt)
{
    const struct check_dns *dns = attempt->check->of.dns;
    struct asking *asking = prober_need(calloc(1, sizeof(*asking)));

    attempt->held = asking;
    asking->query = (struct dns_query){
        .name = dns->name, .type = dns->type, .edns = true, .dnssec = dns->dnssec};
    if (!write_question(attempt))
        return;
    if (dns->tcp)
        open_tcp(attempt);
    else
        open_udp(attempt);
}

static void on_wake(struct attempt *attempt)
{
    struct asking *asking = attempt->held;

    if (asking->tcp)
        return;
    asking->again = true;
    send_datagram(attempt);
}

/* ---- the answer ---- */

/* "NOERROR, 2 answers: 192.0.2.1 192.0.2.2" */
static void describe(const struct asking *asking, const struct dns_reply *reply,
                     char out[RESULT_DETAIL_MAX + 1])
{
    const char *name = rcode_name(reply->rcode);
    char shown[SHOWN_MAX + 1];
    char lines[SHOWN_MAX + 1];
    size_t length = reply->text_length < SHOWN_MAX ? reply->text_length : SHOWN_MAX;
    char number[16];

    memcpy(lines, reply->text, length);
    for (size_t i = 0; i < length; i++)
        lines[i] = lines[i] != '\n' ? lines[i] : ' ';
    while (length > 0 && lines[length - 1] == ' ')
        length--;
    text_escape(shown, sizeof(shown), lines, length);
    snprintf(number, sizeof(number), "rcode %d", reply->rcode);
    snprintf(out, RESULT_DETAIL_MAX + 1, "%s, %u answer%s%s%s%s", name != NULL ? name : number,
             reply->answers, reply->answers == 1 ? "" : "s", length > 0 ? ": " : "", shown,
             asking->again && !asking->tcp ? "; asked twice" : "");
}

/* Only what can be proved can be authentic: a refusal never is, and may be what is wanted of a
 * resolver that is shown a forged name. */
static bool lacks_proof(const struct check_dns *dns, const struct dns_reply *reply)
{
    return dns->dnssec && !reply->authentic &&
           (reply->rcode == DNS_RCODE_NOERROR || reply->rcode == DNS_RCODE_NXDOMAIN);
}

static void judge(struct attempt *attempt, const struct dns_reply *reply)
{
    struct asking *asking = attempt->held;
    struct answer answer = {
        .has =
            SUBJECT_BIT(SUBJECT_RCODE) | SUBJECT_BIT(SUBJECT_ANSWERS) | SUBJECT_BIT(SUBJECT_BODY),
        .rcode = reply->rcode,
        .answers = reply->answers,
        .body = reply->text,
        .body_length = reply->text_length,
        .body_cut = reply->text_cut,
    };
    char seen[RESULT_DETAIL_MAX + 1];

    attempt_mark(attempt, &attempt->result.timings.first_byte_us);
    attempt->result.timings.first_byte_us += asking->over_udp_us;
    describe(asking, reply, seen);
    if (lacks_proof(attempt->check->of.dns, reply))
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS,
                    "not authenticated (no AD flag), wanted DNSSEC: %.120s", seen);
    else
        attempt_judge(attempt, &answer, seen);
}

static void on_cut(struct attempt *attempt)
{
    struct asking *asking = attempt->held;

    if (asking->tcp) {
        attempt_end(attempt, RESULT_BAD, FAILURE_BODY, "the answer is cut, over TCP too");
        return;
    }
    attempt_mark(attempt, &asking->over_udp_us);
    lean_release(attempt);
    open_tcp(attempt);
}

/* A server from before EDNS, which says so as it should (RFC 6891, 7). */
static bool is_too_old(const struct asking *asking, const struct dns_reply *reply)
{
    return asking->query.edns && !asking->query.dnssec && !asking->tcp && !reply->edns &&
           reply->rcode == DNS_RCODE_FORMERR;
}

static void on_reply(struct attempt *attempt, const struct dns_reply *reply)
{
    struct asking *asking = attempt->held;

    if (!is_too_old(asking, reply)) {
        judge(attempt, reply);
        return;
    }
    asking->query.edns = false;
    if (write_question(attempt))
        send_datagram(attempt);
}

/* False: it was no answer to our question. Otherwise the attempt may have ended. */
static bool hear(struct attempt *attempt, const unsigned char *message, size_t length)
{
    const struct asking *asking = attempt->held;
    struct dns_reply reply;

    switch (dns_reply_read(message, length, &asking->query, &reply)) {
    case DNS_REPLY_FOREIGN:
        return false;
    case DNS_REPLY_CUT:
        on_cut(attempt);
        break;
    case DNS_REPLY_BROKEN:
        attempt_end(attempt, RESULT_BAD, FAILURE_BODY, "an answer that cannot be read");
        break;
    case DNS_REPLY_READ:
        on_reply(attempt, &reply);
        break;
    }
    return true;
}

/* ---- UDP ---- */

static void read_datagrams(struct attempt *attempt)
{
    unsigned char *message = (unsigned char *)attempt->prober->scratch;
    const struct asking *asking = attempt->held;

    for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
        ssize_t n = recv(attempt->lean.fd, message, REQUEST_MAX, 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            attempt_connect_failed(attempt, errno);
            return;
        }
        if (hear(attempt, message, (size_t)n) && (attempt->phase == PHASE_ENDED || asking->tcp))
            return;
    }
}

/* ---- TCP ---- */

/* Returns true when all of the question has been sent. */
static bool send_question(struct attempt *attempt)
{
    const struct asking *asking = attempt->held;
    size_t *sent = &attempt->lean.sent;
    ssize_t n;

    if (*sent == asking->question_length)
        return true;
    n = send(attempt->lean.fd, asking->question + *sent, asking->question_length - *sent,
             MSG_NOSIGNAL);
    if (n < 0 && errno == EAGAIN)
        return false;
    if (n < 0) {
        attempt_lost(attempt, errno);
        return false;
    }
    *sent += (size_t)n;
    return *sent == asking->question_length;
}

/* On a connection of our own there are no strangers: whoever is asked answers something else. */
static void hear_whole(struct attempt *attempt)
{
    const struct asking *asking = attempt->held;

    if (!hear(attempt, asking->message + LENGTH_BYTES, asking->message_length - LENGTH_BYTES))
        attempt_end(attempt, RESULT_BAD, FAILURE_BODY, "an answer to another question, over TCP");
}

/* How long the message is that has begun, with its length; at least the length. */
static size_t whole_length(const struct asking *asking)
{
    if (asking->message_length < LENGTH_BYTES)
        return LENGTH_BYTES;
    return LENGTH_BYTES + ((size_t)asking->message[0] << 8 | asking->message[1]);
}

static void read_stream(struct attempt *attempt)
{
    struct asking *asking = attempt->held;

    do {
        ssize_t n = recv(attempt->lean.fd, asking->message + asking->message_length,
                         whole_length(asking) - asking->message_length, 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            attempt_lost(attempt, errno);
            return;
        }
        if (n == 0) {
            attempt_end(attempt, RESULT_BAD, FAILURE_CONNECT,
                        "the server closed the connection before its answer was there");
            return;
        }
        asking->message_length += (size_t)n;
    } while (asking->message_length < whole_length(asking));
    hear_whole(attempt);
}

static void on_stream(struct attempt *attempt)
{
    int error;

    if (attempt->phase == PHASE_CONNECTING) {
        error = lean_connection_error(attempt);
        if (error == EINPROGRESS)
            return;
        if (error != 0) {
            attempt_connect_failed(attempt, error);
            return;
        }
        attempt_mark(attempt, &attempt->result.timings.connect_us);
        attempt->phase = PHASE_ANSWER;
    }
    if (send_question(attempt))
        read_stream(attempt);
}

/* ---- the kind ---- */

static void on_ready(struct attempt *attempt, uint32_t events)
{
    const struct asking *asking = attempt->held;

    (void)events;
    if (asking->tcp)
        on_stream(attempt);
    else
        read_datagrams(attempt);
}

static void release(struct attempt *attempt)
{
    struct asking *asking = attempt->held;

    lean_release(attempt);
    if (asking != NULL)
        free(asking->message);
    free(asking);
    attempt->held = NULL;
}

static const char *doing(const struct attempt *attempt)
{
    const struct asking *asking = attempt->held;

    if (attempt->phase == PHASE_CONNECTING)
        return "connecting";
    if (!asking->tcp)
        return "waiting for an answer over UDP";
    return asking->message_length == 0 ? "waiting for an answer over TCP"
                                       : "reading the answer over TCP";
}

const struct attempt_kind kind_dns = {
    .needs_address = true,
    .begin = begin,
    .on_ready = on_ready,
    .on_wake = on_wake,
    .release = release,
    .doing = doing,
};
