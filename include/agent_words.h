/* SPDX-License-Identifier: Apache-2.0 */
/* agent_words.h: the line that an agent of HAProxy's says of its server, word by word, and what
 * HAProxy 2.6 makes of it (tests/system/test_check_agent.py asks both):
 *
 *     up  down  fail  failed  stopped     how the server works; the last of them counts
 *     ready  drain  maint                 what its administrator wants; the last of them counts
 *     75%  maxconn:30  weight:5           what it can bear
 *     #text                               the reason, up to the end of the line
 *
 * Words stand apart by blanks, tabs and commas, in any order and any case. A reason may also stand
 * right behind its word, as HAProxy's manual has it ("down#disk"). */
#ifndef REGIONSHIFT_AGENT_WORDS_H
#define REGIONSHIFT_AGENT_WORDS_H

#include <stdint.h>
#include <stddef.h>

enum {
    AGENT_LINE_MAX = 1024,    /* bytes; far more than anybody has to say */
    AGENT_PERCENT_MAX = 1000, /* more counts as so much */
    AGENT_UNSAID = -1
};

/* Texts are NULL and numbers AGENT_UNSAID where nothing was said. */
struct agent_words {
    unsigned known;        /* words that were understood */
    const char *operating; /* "up", "down", "fail", "failed", "stopped" */
    const char *wish;      /* "ready", "drain", "maint" */
    int percent;
    int64_t maxconn;
    int64_t weight;
    const char *reason; /* foreign; points into the line, as the next does */
    size_t reason_length;
    const char *stranger; /* the first word that is none of these */
    size_t stranger_length;
};

/* Reads a line without its end. */
void agent_read(const char *line, size_t length, struct agent_words *ret_words);

/* What that comes to: "maint", a word for down as it was said, "drain" (also for 0%), else "up".
 * NULL when no word was understood: then it comes to nothing. */
const char *agent_state(const struct agent_words *words);

/* The word for which it should get no new connections, "maint" before those for down before
 * "drain"; NULL: there is none. A percentage is no word. */
const char *agent_refusal(const struct agent_words *words);

/* All that was said, in one order and printable: "down, 0%, maxconn 30 (disk full)". */
void agent_say(const struct agent_words *words, char *out, size_t size);

#endif
