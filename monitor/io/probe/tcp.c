/* SPDX-License-Identifier: Apache-2.0 */
/* tcp://HOST:PORT is good when the connection is made, and what has to be said over it was: step by
 * step, each sends its bytes and then waits until those it expects have come. With nothing to say
 * the connection is broken off before it is complete.
 *
 * They may come anywhere in the answer: only the user knows where an answer ends, and a reply of
 * many lines must not fail at its first. So a wrong answer is told when the server closes or the
 * time is over, with what was heard last. What has come before a step sends is not looked at by it:
 * an old reply is no answer to a new question. */
#include "attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "buffer.h"

extern const struct attempt_kind kind_tcp;

enum {
    READ_SIZE = 4096,
    HEARD_MAX = 64 * 1024, /* of the whole dialogue */
    LINE_MAX_BYTES = 4096, /* while a step waits */
    QUOTE_SIZE = 60,       /* of what was wanted, and of what was heard */
    BODY_SUBJECTS = SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_JSON)
};

struct dialogue {
    const struct tcp_line *lines;
    uint32_t count;
    uint32_t step;       /* the one under way; count: all are done */
    bool is_sent;        /* of this step */
    bool lasts;          /* after the last step all is read until the server closes */
    size_t from;         /* where the answer to this step begins in what was heard */
    size_t looked;       /* as far as that was searched */
    size_t line;         /* where the last line begins */
    struct buffer heard; /* all of it */
};

static void release(struct attempt *attempt)
{
    struct dialogue *dialogue = attempt->held;

    lean_release(attempt);
    if (dialogue == NULL)
        return;
    buffer_clear(&dialogue->heard);
    free(dialogue);
    attempt->held = NULL;
}

/* ---- in words ---- */

static void quote(char out[QUOTE_SIZE], const char *text, size_t length)
{
    text_escape(out, QUOTE_SIZE, text, length);
}

/* The last line that is not empty; the answer may lack the end of one. */
static void quote_last_line(const struct dialogue *dialogue, char out[QUOTE_SIZE])
{
    const char *text = buffer_text(&dialogue->heard);
    size_t end = dialogue->heard.length;
    size_t begin;

    while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == '\r'))
        end--;
    begin = end;
    while (begin > 0 && text[begin - 1] != '\n')
        begin--;
    quote(out, text + begin, end - begin);
}

/* 'waiting for "250"; the last line was "502 no"' */
static void describe_wait(const struct dialogue *dialogue, char *out, size_t size)
{
    char wanted[QUOTE_SIZE];
    char heard[QUOTE_SIZE];
    const char *expected =
        dialogue->step < dialogue->count ? dialogue->lines[dialogue->step].expect : NULL;

    quote_last_line(dialogue, heard);
    if (expected == NULL) {
        snprintf(out, size, "reading until the server closes");
        return;
    }
    quote(wanted, expected, strlen(expected));
    if (dialogue->heard.length == 0)
        snprintf(out, size, "waiting for \"%s\"; nothing was said", wanted);
    else
        snprintf(out, size, "waiting for \"%s\"; the last line was \"%s\"", wanted, heard);
}

static const char *doing(const struct attempt *attempt)
{
    const struct dialogue *dialogue = attempt->held;

    if (dialogue == NULL)
        return "connecting";
    if (dialogue->step < dialogue->count && !dialogue->is_sent)
        return "sending";
    describe_wait(dialogue, attempt->prober->scratch, REQUEST_MAX);
    return attempt->prober->scratch;
}

/* ---- the steps ---- */

static void end_done(struct attempt *attempt, bool is_cut)
{
    const struct dialogue *dialogue = attempt->held;
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_BODY),
                            .body = buffer_text(&dialogue->heard),
                            .body_length = dialogue->heard.length,
                            .body_cut = is_cut};
    char last[QUOTE_SIZE];
    char seen[QUOTE_SIZE + 40];

    quote_last_line(dialogue, last);
    if (dialogue->heard.failed) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the answer");
        return;
    }
    if (dialogue->heard.length == 0)
        snprintf(seen, sizeof(seen), "connected");
    else
        snprintf(seen, sizeof(seen), "the last line was \"%s\"", last);
    attempt_judge(attempt, &answer, seen);
}

/* Returns false while bytes are left to send, or when the attempt has ended instead. */
static bool send_step(struct attempt *attempt)
{
    struct dialogue *dialogue = attempt->held;
    const char *text = dialogue->lines[dialogue->step].send;
    size_t *sent = &attempt->lean.sent;
    size_t left = text != NULL ? strlen(text) - *sent : 0;

    while (left > 0) {
        ssize_t n = send(attempt->lean.fd, text + *sent, left, MSG_NOSIGNAL);

        if (n < 0 && errno == EAGAIN)
            return false;
        if (n < 0) {
            attempt_lost(attempt, errno);
            return false;
        }
        *sent += (size_t)n;
        left -= (size_t)n;
    }
    *sent = 0;
    return true;
}

/* Searches what is new, and as much before it as may be the beginning of what is expected. */
static bool has_come(struct dialogue *dialogue)
{
    const char *expected = dialogue->lines[dialogue->step].expect;
    const char *text = buffer_text(&dialogue->heard);
    size_t length = dialogue->heard.length;
    size_t wanted;
    const char *found;

    if (expected == NULL)
        return true;
    wanted = strlen(expected);
    if (dialogue->looked < dialogue->from + wanted)
        dialogue->looked = dialogue->from;
    else
        dialogue->looked -= wanted - 1;
    found = memmem(text + dialogue->looked, length - dialogue->looked, expected, wanted);
    dialogue->looked = length;
    if (found == NULL)
        return false;
    dialogue->from = (size_t)(found - text) + wanted;
    dialogue->looked = dialogue->from;
    return true;
}

/* Goes as far as it can with what was heard. Returns false when the attempt has ended, true when
 * more is to be heard or said. */
static bool go_on(struct attempt *attempt)
{
    struct dialogue *dialogue = attempt->held;

    while (dialogue->step < dialogue->count) {
        if (!dialogue->is_sent && !send_step(attempt))
            return attempt->phase != PHASE_ENDED;
        if (!dialogue->is_sent && dialogue->lines[dialogue->step].send != NULL)
            dialogue->from = dialogue->looked = dialogue->heard.length;
        dialogue->is_sent = true;
        if (!has_come(dialogue))
            return true;
        dialogue->step++;
        dialogue->is_sent = false;
    }
    if (dialogue->lasts)
        return true;
    end_done(attempt, false);
    return false;
}

/* ---- the answers ---- */

static void end_closed(struct attempt *attempt)
{
    const struct dialogue *dialogue = attempt->held;
    bool is_over = dialogue->step == dialogue->count;
    enum failure failure = dialogue->heard.length > 0 ? FAILURE_BODY : FAILURE_CONNECT;

    if (is_over)
        end_done(attempt, false);
    else
        attempt_end(attempt, RESULT_BAD, failure, "closed by the server while %s", doing(attempt));
}

/* Returns false when a limit has ended the attempt. */
static bool take(struct attempt *attempt, const char *bytes, size_t length)
{
    struct dialogue *dialogue = attempt->held;
    size_t room = HEARD_MAX - dialogue->heard.length;
    const char *newline = memrchr(bytes, '\n', length);
    bool waits = dialogue->step < dialogue->count;

    if (dialogue->heard.length == 0)
        attempt_mark(attempt, &attempt->result.timings.first_byte_us);
    if (newline != NULL)
        dialogue->line = dialogue->heard.length + (size_t)(newline - bytes) + 1;
    buffer_add(&dialogue->heard, bytes, length < room ? length : room);
    if (length > room && waits)
        attempt_end(attempt, RESULT_BAD, FAILURE_BODY, "more than %d bytes while %s", HEARD_MAX,
                    doing(attempt));
    else if (length > room)
        end_done(attempt, true);
    else
        return true;
    return false;
}

static bool is_line_too_long(const struct dialogue *dialogue)
{
    return dialogue->step < dialogue->count && dialogue->is_sent &&
           dialogue->heard.length > dialogue->line &&
           dialogue->heard.length - dialogue->line > LINE_MAX_BYTES;
}

/* Until the socket is empty, as edges are told once; HEARD_MAX bounds it. */
static void converse(struct attempt *attempt)
{
    struct dialogue *dialogue = attempt->held;
    char bytes[READ_SIZE];

    while (go_on(attempt)) {
        ssize_t n;

        if (is_line_too_long(dialogue)) {
            attempt_end(attempt, RESULT_BAD, FAILURE_BODY, "a line of more than %d bytes while %s",
                        LINE_MAX_BYTES, doing(attempt));
            return;
        }
        n = recv(attempt->lean.fd, bytes, sizeof(bytes), 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            attempt_lost(attempt, errno);
            return;
        }
        if (n == 0) {
            end_closed(attempt);
            return;
        }
        if (!take(attempt, bytes, (size_t)n))
            return;
    }
}

/* ---- the attempt ---- */

static uint32_t line_count(const struct check *check)
{
    return check->of.tcp != NULL ? check->of.tcp->line_count : 0;
}

/* Whether there is nothing to say, and nothing that would look at what is said to us. */
static bool is_bare(const struct check *check)
{
    return line_count(check) == 0 && (assertion_subjects(check->assertion) & BODY_SUBJECTS) == 0;
}

/* With nothing to wait for and a body to judge, the body is all there is. */
static void prepare(struct attempt *attempt)
{
    const struct check *check = attempt->check;
    uint32_t count = line_count(check);
    struct dialogue *dialogue = prober_need(calloc(1, sizeof(*dialogue)));
    bool ends = false;

    if (count > 0) {
        dialogue->lines = check->of.tcp->lines;
        dialogue->count = count;
        ends = dialogue->lines[count - 1].expect != NULL;
    }
    dialogue->lasts = !ends && (assertion_subjects(check->assertion) & BODY_SUBJECTS) != 0;
    buffer_init(&dialogue->heard, HEARD_MAX);
    attempt->held = dialogue;
}

/* That the server's system takes connections is known as soon as it has answered the first packet.
 * To break off there spares it the rest, and its program a client that says nothing. */
static void end_bare(struct attempt *attempt)
{
    static const struct answer silence = {.has = SUBJECT_BIT(SUBJECT_BODY), .body = ""};

    lean_break_off(attempt);
    attempt_judge(attempt, &silence, "connected");
}

static void begin(struct attempt *attempt)
{
    if (is_bare(attempt->check))
        lean_connect_to_speak(attempt);
    else
        lean_connect(attempt);
}

static void on_ready(struct attempt *attempt, uint32_t events)
{
    if (attempt->phase == PHASE_CONNECTING) {
        if (!lean_is_connected(attempt, events))
            return;
        if (is_bare(attempt->check)) {
            end_bare(attempt);
            return;
        }
        prepare(attempt);
    }
    converse(attempt);
}

const struct attempt_kind kind_tcp = {
    .needs_address = true,
    .begin = begin,
    .on_ready = on_ready,
    .release = release,
    .doing = doing,
};
