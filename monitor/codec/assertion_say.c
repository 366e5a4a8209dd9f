/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: first what was seen, then what was wanted, both in the words of the settings. */
#include "assertion_say.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "assertion_subject.h"

static void end_with_dots(struct saying *saying)
{
    memcpy(saying->text + RESULT_DETAIL_MAX - 3, "...", 4);
    saying->length = RESULT_DETAIL_MAX;
}

static void append(struct saying *saying, const char *text)
{
    size_t length = strlen(text);
    size_t room = RESULT_DETAIL_MAX - saying->length;

    memcpy(saying->text + saying->length, text, length < room ? length : room);
    saying->length += length < room ? length : room;
    saying->text[saying->length] = '\0';
    if (length > room)
        end_with_dots(saying);
}

void say(struct saying *saying, const char *format, ...)
{
    char words[RESULT_DETAIL_MAX + 1];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    append(saying, words);
}

void say_foreign(struct saying *saying, const char *text, size_t length)
{
    char shown[SAYING_WIDTH + 1];

    text_escape(shown, saying->width + 1, text, length);
    append(saying, shown);
}

void say_also(struct saying *saying, const struct saying *other)
{
    append(saying, "; ");
    append(saying, other->text);
}

/* ---- a test that is not as wanted ---- */

static void say_seen(struct saying *saying, const struct test *test, const struct answer *answer,
                     const struct finding *finding)
{
    const char *quote = finding->is_quoted ? "\"" : "";

    say_foreign(saying, test->name, strlen(test->name));
    if (finding->is_missing) {
        say(saying, " is missing");
        return;
    }
    say(saying, "%s %s", subject_form(test->subject)->verb, quote);
    say_foreign(saying, finding->seen, finding->seen_length);
    say(saying, "%s", quote);
    if (test->subject == SUBJECT_BODY)
        say(saying, answer->body_cut ? " (the first %zu bytes)" : " (%zu bytes read)",
            answer->body_length);
}

static void say_wanted(struct saying *saying, const struct test *test, bool wanted)
{
    say(saying, wanted ? ", wanted " : ", wanted not ");
    switch (test->relation) {
    case RELATION_MATCHES:
        say(saying, "a match of ");
        break;
    case RELATION_EXISTS:
        say(saying, "it to exist");
        break;
    case RELATION_EQUAL:
    case RELATION_NOT_EQUAL:
    case RELATION_LESS:
    case RELATION_LESS_EQUAL:
    case RELATION_GREATER:
    case RELATION_GREATER_EQUAL:
        say(saying, "%s ", relation_name(test->relation));
        break;
    case RELATION_IN:
    case RELATION_CONTAINS:
    case RELATION_COUNT:
        break;
    }
    say_foreign(saying, test->wanted, strlen(test->wanted));
    if (test->relation == RELATION_CONTAINS)
        say(saying, " in it");
}

/* What was found although it must not be, is what the settings name: the page need not show it. */
static void say_unwanted(struct saying *saying, const struct test *test)
{
    const char *relation = relation_name(test->relation);
    size_t length = strlen(test->wanted);

    say_foreign(saying, test->name, strlen(test->name));
    say(saying, " %s%s", relation, length > 0 ? " " : "");
    say_foreign(saying, test->wanted, length);
    say(saying, ", wanted not");
}

void say_finding(struct saying *saying, const struct test *test, const struct answer *answer,
                 const struct finding *finding, bool wanted)
{
    bool is_search = test->relation == RELATION_CONTAINS || test->relation == RELATION_MATCHES ||
                     test->relation == RELATION_EXISTS;

    saying->failure = subject_form(test->subject)->failure;
    if (!wanted && is_search) {
        say_unwanted(saying, test);
        return;
    }
    say_seen(saying, test, answer, finding);
    say_wanted(saying, test, wanted);
}
