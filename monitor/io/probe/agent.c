/* SPDX-License-Identifier: Apache-2.0 */
/* agent://HOST:PORT: what HAProxy's agents say. They speak first, one line, and a line without an
 * end is none, as it is for HAProxy: half a word could be another.
 *
 * A server that wants no new connections (down, maint, drain, 0%) is bad: whoever comes through DNS
 * is new. HAProxy leaves a server as it was when it understands nothing; we keep nothing from one
 * attempt to the next, and what speaks no word of an agent is no agent. */
#include "attempt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "agent_words.h"

extern const struct attempt_kind kind_agent;

struct hearing {
    size_t length;
    char line[AGENT_LINE_MAX];
};

static const char *doing(const struct attempt *attempt)
{
    const struct hearing *hearing = attempt->held;

    if (attempt->phase == PHASE_CONNECTING)
        return "connecting";
    return hearing->length == 0 ? "waiting for the agent's line" : "reading the agent's line";
}

static void release(struct attempt *attempt)
{
    lean_release(attempt);
    free(attempt->held);
    attempt->held = NULL;
}

/* What agents mean anyway gives way where the settings speak of it, as for every kind
 * (freeze_assertions.c). Returns true when the attempt has ended. */
static bool refuse(struct attempt *attempt, const struct agent_words *words, const char *said)
{
    uint32_t spoken_of = assertion_subjects(attempt->check->assertion);
    bool by_word = agent_refusal(words) != NULL && (spoken_of & SUBJECT_BIT(SUBJECT_STATE)) == 0;
    bool by_percent =
        words->percent == 0 &&
        (spoken_of & (SUBJECT_BIT(SUBJECT_STATE) | SUBJECT_BIT(SUBJECT_PERCENT))) == 0;

    if (by_word || by_percent)
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "the agent says %s", said);
    return by_word || by_percent;
}

static void judge(struct attempt *attempt, const char *line, size_t length)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_BODY), .body = line, .body_length = length};
    char said[RESULT_DETAIL_MAX];
    struct agent_words words;

    agent_read(line, length, &words);
    if (words.known == 0) {
        text_escape(said, sizeof(said) - 40, line, length);
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "no word of an agent: \"%s\"", said);
        return;
    }
    agent_say(&words, said, sizeof(said));
    if (refuse(attempt, &words, said))
        return;
    answer.has |= SUBJECT_BIT(SUBJECT_STATE);
    answer.state = agent_state(&words);
    if (words.percent != AGENT_UNSAID)
        answer.has |= SUBJECT_BIT(SUBJECT_PERCENT);
    answer.percent = words.percent;
    attempt_judge(attempt, &answer, said);
}

/* Returns true when the line is there, or the attempt has ended. */
static bool look_for_end(struct attempt *attempt)
{
    struct hearing *hearing = attempt->held;

    for (size_t i = 0; i < hearing->length; i++) {
        if (hearing->line[i] == '\n' || hearing->line[i] == '\r') {
            judge(attempt, hearing->line, i);
            return true;
        }
    }
    if (hearing->length < sizeof(hearing->line))
        return false;
    attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "more than %d bytes without an end of line",
                AGENT_LINE_MAX);
    return true;
}

static void on_close(struct attempt *attempt)
{
    const struct hearing *hearing = attempt->held;
    char shown[100];

    text_escape(shown, sizeof(shown), hearing->line, hearing->length);
    if (hearing->length == 0)
        attempt_end(attempt, RESULT_BAD, FAILURE_CONNECT, "closed before the agent said a word");
    else
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "closed in the middle of the line \"%s\"",
                    shown);
}

static void hear(struct attempt *attempt)
{
    struct hearing *hearing = attempt->held;

    do {
        ssize_t n = recv(attempt->lean.fd, hearing->line + hearing->length,
                         sizeof(hearing->line) - hearing->length, 0);

        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0) {
            attempt_lost(attempt, errno);
            return;
        }
        if (n == 0) {
            on_close(attempt);
            return;
        }
        if (hearing->length == 0)
            attempt_mark(attempt, &attempt->result.timings.first_byte_us);
        hearing->length += (size_t)n;
    } while (!look_for_end(attempt));
}

static void on_ready(struct attempt *attempt, uint32_t events)
{
    (void)events;
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
        attempt->held = prober_need(calloc(1, sizeof(struct hearing)));
    }
    hear(attempt);
}

const struct attempt_kind kind_agent = {
    .needs_address = true,
    .begin = lean_connect,
    .on_ready = on_ready,
    .release = release,
    .doing = doing,
};
