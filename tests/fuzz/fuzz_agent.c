/* SPDX-License-Identifier: Apache-2.0 */
/* What strangers say in place of an agent. What is promised: a state exactly when a word was known;
 * what is shown stays in the line; what is told is print that fits; the order of "up" and the rest
 * does not open a door: a line that asks for no traffic never comes to "up". */
#include <assert.h>
#include <string.h>

#include "agent_words.h"
#include "fuzz.h"

static void check_part(const char *part, size_t length, const char *line, size_t line_length)
{
    if (part != NULL)
        assert(length > 0 && part >= line && part + length <= line + line_length);
}

static void check_said(const struct agent_words *words, size_t room)
{
    char said[200];

    assert(room <= sizeof(said));
    agent_say(words, said, room);
    assert(strlen(said) < room);
    for (const char *at = said; *at != '\0'; at++)
        assert(*at >= ' ' && *at <= '~');
}

void fuzz_agent_line(const uint8_t *data, size_t size)
{
    const char *line = (const char *)data;
    struct agent_words words;
    const char *state;

    agent_read(line, size, &words);
    state = agent_state(&words);
    assert((state != NULL) == (words.known > 0));
    assert(words.percent >= AGENT_UNSAID && words.percent <= AGENT_PERCENT_MAX);
    assert(words.maxconn >= AGENT_UNSAID && words.weight >= AGENT_UNSAID);
    if (agent_refusal(&words) != NULL)
        assert(state == agent_refusal(&words) && strcmp(state, "up") != 0);
    check_part(words.reason, words.reason_length, line, size);
    check_part(words.stranger, words.stranger_length, line, size);
    check_said(&words, 200);
    check_said(&words, 1 + size % 64);
}
