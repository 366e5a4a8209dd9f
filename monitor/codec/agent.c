/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a word is one of ours or a stranger; it never ends the reading, as HAProxy goes on
 * behind what it does not understand, too. */
#include "agent_words.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "result.h"

enum { DIGITS_MAX = 9, SHOWN_MAX = 60 };

struct word {
    const char *at;
    size_t length;
};

static const char *const operating_words[] = {"up", "down", "fail", "failed", "stopped", NULL};
static const char *const wish_words[] = {"ready", "drain", "maint", NULL};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == '\v' || c == '\f';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Our own spelling of a word in any case; NULL: not in the list. */
static const char *find(const char *const *list, struct word word)
{
    for (; *list != NULL; list++) {
        if (strlen(*list) == word.length && strncasecmp(*list, word.at, word.length) == 0)
            return *list;
    }
    return NULL;
}

/* Digits and nothing else; what is too long to be meant counts as the most. -1: no number. */
static int64_t number(const char *at, size_t length)
{
    int64_t value = 0;

    for (size_t i = 0; i < length; i++) {
        if (!is_digit(at[i]))
            return -1;
        value = i < DIGITS_MAX ? value * 10 + (at[i] - '0') : INT32_MAX;
    }
    return length > 0 ? value : -1;
}

static bool take_percent(struct agent_words *words, struct word word)
{
    int64_t value = word.at[word.length - 1] == '%' ? number(word.at, word.length - 1) : -1;

    if (value >= 0)
        words->percent = value < AGENT_PERCENT_MAX ? (int)value : AGENT_PERCENT_MAX;
    return value >= 0;
}

/* "maxconn:30" */
static bool take_number(int64_t *to, const char *name, struct word word)
{
    size_t length = strlen(name);
    int64_t value = -1;

    if (word.length > length && strncasecmp(word.at, name, length) == 0)
        value = number(word.at + length, word.length - length);
    if (value >= 0)
        *to = value;
    return value >= 0;
}

static bool take_text(struct agent_words *words, struct word word)
{
    const char *operating = find(operating_words, word);
    const char *wish = find(wish_words, word);

    if (operating != NULL)
        words->operating = operating;
    if (wish != NULL)
        words->wish = wish;
    return operating != NULL || wish != NULL;
}

static void take_word(struct agent_words *words, struct word word)
{
    if (take_text(words, word) || take_percent(words, word) ||
        take_number(&words->maxconn, "maxconn:", word) ||
        take_number(&words->weight, "weight:", word)) {
        words->known++;
    } else if (words->stranger == NULL) {
        words->stranger = word.at;
        words->stranger_length = word.length;
    }
}

static void take_reason(struct agent_words *words, const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    words->reason = end > at ? at : NULL;
    words->reason_length = (size_t)(end - at);
}

void agent_read(const char *line, size_t length, struct agent_words *ret_words)
{
    struct agent_words words = {
        .percent = AGENT_UNSAID, .maxconn = AGENT_UNSAID, .weight = AGENT_UNSAID};
    const char *at = line;
    const char *end = line + length;

    while (at < end && *at != '#') {
        struct word word = {at, 0};

        while (at < end && *at != '#' && !is_blank(*at))
            at++;
        word.length = (size_t)(at - word.at);
        if (word.length > 0)
            take_word(&words, word);
        while (at < end && is_blank(*at))
            at++;
    }
    if (at < end)
        take_reason(&words, at + 1, end);
    *ret_words = words;
}

static bool is_down(const struct agent_words *words)
{
    return words->operating != NULL && strcmp(words->operating, "up") != 0;
}

static bool is_unwished(const struct agent_words *words)
{
    return words->wish != NULL && strcmp(words->wish, "ready") != 0;
}

const char *agent_refusal(const struct agent_words *words)
{
    bool is_drain = is_unwished(words) && words->wish[0] == 'd';

    if (is_unwished(words) && !is_drain)
        return words->wish;
    if (is_down(words))
        return words->operating;
    return is_drain ? words->wish : NULL;
}

const char *agent_state(const struct agent_words *words)
{
    const char *refusal = agent_refusal(words);

    if (words->known == 0 || refusal != NULL)
        return refusal;
    return words->percent == 0 ? "drain" : "up";
}

/* ---- in words ---- */

struct saying {
    char *at;
    size_t room;
    const char *between;
};

__attribute__((format(printf, 2, 3))) static void say(struct saying *saying, const char *format,
                                                      ...)
{
    va_list arguments;
    int length = snprintf(saying->at, saying->room, "%s", saying->between);
    size_t used = (size_t)length < saying->room ? (size_t)length : saying->room - 1;

    saying->at += used;
    saying->room -= used;
    va_start(arguments, format);
    length = vsnprintf(saying->at, saying->room, format, arguments);
    va_end(arguments);
    used = length >= 0 && (size_t)length < saying->room ? (size_t)length : saying->room - 1;
    saying->at += used;
    saying->room -= used;
    saying->between = ", ";
}

static void say_foreign(struct saying *saying, bool is_reason, const char *text, size_t length)
{
    char shown[SHOWN_MAX + 1];

    text_escape(shown, sizeof(shown), text, length);
    saying->between = saying->between[0] != '\0' ? " " : "";
    say(saying, is_reason ? "(%s)" : "and \"%s\"", shown);
}

void agent_say(const struct agent_words *words, char *out, size_t size)
{
    struct saying saying = {out, size, ""};

    out[0] = '\0';
    if (words->operating != NULL)
        say(&saying, "%s", words->operating);
    if (words->wish != NULL)
        say(&saying, "%s", words->wish);
    if (words->percent != AGENT_UNSAID)
        say(&saying, "%d%%", words->percent);
    if (words->maxconn != AGENT_UNSAID)
        say(&saying, "maxconn %lld", (long long)words->maxconn);
    if (words->weight != AGENT_UNSAID)
        say(&saying, "weight %lld", (long long)words->weight);
    if (words->stranger != NULL)
        say_foreign(&saying, false, words->stranger, words->stranger_length);
    if (words->reason != NULL)
        say_foreign(&saying, true, words->reason, words->reason_length);
}
