/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_line.c: one function for each directive. A line that is wrong is complained of and left
 * out; the next one is read all the same, so that all mistakes of a file are shown at once. */
#include "scenario_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../settings/nearest.h"

enum { EVERY_EVENTS_MAX = 16 };

/* Every complaint has its full length, a quoted word and a list of what is allowed in it. */
__attribute__((format(printf, 3, 0))) static void complain(struct reading *reading, unsigned line,
                                                           const char *format, va_list arguments)
{
    char text[2 * SCENARIO_ERROR_SIZE];
    if (reading->complaints++ >= SCENARIO_COMPLAINTS_MAX)
        return;
    vsnprintf(text, sizeof text, format, arguments);
    reading->complain(reading->context, reading->file, line, text);
}

void reading_complain(struct reading *reading, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(reading, reading->line, format, arguments);
    va_end(arguments);
}

void reading_complain_at(struct reading *reading, unsigned line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    complain(reading, line, format, arguments);
    va_end(arguments);
}

/* Cuts the first word off a text and returns it; *text is what follows, without blanks around. */
static char *first_word(char **text)
{
    char *word = *text;
    char *end = word + strcspn(word, " ");
    *text = end + strspn(end, " ");
    *end = '\0';
    return word;
}

static bool read_time(struct reading *reading, const char *text, msec_t *ret_ms)
{
    char error[SCENARIO_ERROR_SIZE];
    if (time_read(text, ret_ms, error, sizeof error) == 0)
        return true;
    reading_complain(reading, "%s", error);
    return false;
}

static void mention(struct reading *reading, msec_t at_ms)
{
    if (at_ms > reading->last_ms)
        reading->last_ms = at_ms;
}

/* ---- scenario, about, set, duration ---- */

static bool is_scenario_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_";
    size_t length = strlen(name);
    return length > 0 && length <= SCENARIO_NAME_MAX && strspn(name, letters) == length &&
           name[0] != '.' && name[0] != '-';
}

static void read_scenario(struct reading *reading, char *text)
{
    char quoted[PHRASE_QUOTE_SIZE];
    if (reading->name_line != 0) {
        reading_complain(reading,
                         "a second name; the first stands in line %u, and a file is one "
                         "scenario",
                         reading->name_line);
        return;
    }
    reading->name_line = reading->line;
    if (!is_scenario_name(text)) {
        reading_complain(reading,
                         "%s is not a scenario's name: letters, digits, \".\", \"-\" and "
                         "\"_\", at most %d",
                         phrase_quote(text, quoted), SCENARIO_NAME_MAX);
        return;
    }
    snprintf(reading->scenario->name, sizeof reading->scenario->name, "%s", text);
}

static void read_about(struct reading *reading, char *text)
{
    char *about = reading->scenario->about;
    size_t used = strlen(about);
    if (*text == '\0') {
        reading_complain(reading, "\"about\" is followed by a sentence");
        return;
    }
    const char *gap = used > 0 ? " " : "";
    size_t room = SCENARIO_ABOUT_MAX + 1 - used;
    int length = snprintf(about + used, room, "%s%s", gap, text);
    if (length < 0 || (size_t)length >= room)
        reading_complain(reading, "all \"about\" lines together may have %d characters",
                         SCENARIO_ABOUT_MAX);
}

static void read_set(struct reading *reading, char *text)
{
    struct scenario *scenario = reading->scenario;
    struct scenario_set *set = &scenario->sets[scenario->set_count];
    char quoted[PHRASE_QUOTE_SIZE];
    char *path = first_word(&text);
    if (*path == '\0' || *text == '\0') {
        reading_complain(reading, "\"set\" is followed by PATH VALUE, as in groups.*.hold 45");
        return;
    }
    if (strlen(path) >= sizeof set->path || strlen(text) >= sizeof set->value) {
        reading_complain(reading, "a path and a value have at most %zu characters each",
                         sizeof set->path - 1);
        return;
    }
    for (uint32_t i = 0; i < scenario->set_count; i++) {
        if (strcmp(scenario->sets[i].path, path) == 0) {
            reading_complain(reading, "%s is set in line %u already", phrase_quote(path, quoted),
                             scenario->sets[i].line);
            return;
        }
    }
    if (scenario->set_count == SCENARIO_SETS_MAX) {
        reading_complain(reading, "more than %d settings are changed", SCENARIO_SETS_MAX);
        return;
    }
    set->line = reading->line;
    snprintf(set->path, sizeof set->path, "%s", path);
    snprintf(set->value, sizeof set->value, "%s", text);
    scenario->set_count++;
}

static void read_duration(struct reading *reading, char *text)
{
    msec_t ms;
    if (reading->duration_line != 0) {
        reading_complain(reading, "a second duration; the first stands in line %u",
                         reading->duration_line);
        return;
    }
    reading->duration_line = reading->line;
    if (!read_time(reading, text, &ms))
        return;
    if (ms == 0)
        reading_complain(reading, "a scenario lasts longer than 0");
    reading->scenario->end_ms = ms;
}

/* ---- at, every ---- */

static bool grow(struct reading *reading, void **array, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room)
        return true;
    uint32_t more = *room == 0 ? 16 : 2 * *room;
    void *bigger = realloc(*array, more * size);
    if (bigger == NULL) {
        reading->out_of_memory = true;
        return false;
    }
    *array = bigger;
    *room = more;
    return true;
}

static void add_action(struct reading *reading, const struct action *action)
{
    struct scenario *scenario = reading->scenario;
    void *actions = scenario->actions;
    if (scenario->action_count == SCENARIO_ACTIONS_MAX) {
        reading_complain(reading, "more than %d events", SCENARIO_ACTIONS_MAX);
        return;
    }
    if (!grow(reading, &actions, scenario->action_count, &reading->action_room, sizeof *action))
        return;
    scenario->actions = actions;
    scenario->actions[scenario->action_count++] = *action;
    mention(reading, action->at_ms);
}

static bool read_words(struct reading *reading, char *text, struct words *ret_words)
{
    if (words_cut(text, ret_words) == 0)
        return true;
    reading_complain(reading, "more than %d words", PHRASE_WORDS_MAX);
    return false;
}

static bool read_event(struct reading *reading, char *text, struct action *ret_action)
{
    char error[SCENARIO_ERROR_SIZE];
    struct words words;
    struct phrase phrase;
    uint32_t kind;
    if (!read_words(reading, text, &words))
        return false;
    if (phrase_read(action_forms, ACTION_KIND_COUNT, words.word, &phrase, &kind, error,
                    sizeof error) < 0) {
        reading_complain(reading, "%s", error);
        return false;
    }
    *ret_action = (struct action){.kind = (enum action_kind)kind,
                                  .line = reading->line,
                                  .who = phrase.who,
                                  .from = phrase.from,
                                  .probe_count = phrase.probe_count,
                                  .value = phrase.value};
    memcpy(ret_action->probes, phrase.probes, sizeof phrase.probes);
    return true;
}

static void read_at(struct reading *reading, char *text)
{
    struct action action;
    msec_t at_ms = 0;
    char *at = first_word(&text);
    bool is_time = read_time(reading, at, &at_ms);
    if (!read_event(reading, text, &action) || !is_time)
        return;
    action.at_ms = at_ms;
    add_action(reading, &action);
}

/* P from T to T */
static bool read_rhythm(struct reading *reading, char *text, msec_t *period, msec_t *from,
                        msec_t *to)
{
    struct words words;
    if (!read_words(reading, text, &words))
        return false;
    if (words.count != 5 || strcmp(words.word[1], "from") != 0 ||
        strcmp(words.word[3], "to") != 0) {
        reading_complain(reading, "\"every\" is followed by P from T to T: EVENT ; EVENT");
        return false;
    }
    if (!read_time(reading, words.word[0], period) || !read_time(reading, words.word[2], from) ||
        !read_time(reading, words.word[4], to))
        return false;
    if (*period == 0 || *to <= *from) {
        reading_complain(reading, *period == 0 ? "the period is longer than 0"
                                               : "the time after \"to\" is later than that after "
                                                 "\"from\"");
        return false;
    }
    return true;
}

/* EVENT ; EVENT ... Returns how many; 0 when there is anything wrong. */
static uint32_t read_events(struct reading *reading, char *text, struct action *ret_events)
{
    uint32_t count = 0;
    bool is_good = true;
    for (char *next = text; next != NULL;) {
        char *event = next;
        next = strchr(event, ';');
        if (next != NULL)
            *next++ = '\0';
        if (count == EVERY_EVENTS_MAX) {
            reading_complain(reading, "more than %d events to alternate", EVERY_EVENTS_MAX);
            return 0;
        }
        is_good = read_event(reading, event, &ret_events[count]) && is_good;
        count++;
    }
    return is_good ? count : 0;
}

static void read_every(struct reading *reading, char *text)
{
    struct action events[EVERY_EVENTS_MAX];
    msec_t period = 0;
    msec_t from = 0;
    msec_t to = 0;
    char *colon = strchr(text, ':');
    if (colon == NULL) {
        reading_complain(reading, "a colon is missing: every P from T to T: EVENT ; EVENT");
        return;
    }
    *colon = '\0';
    bool is_rhythm = read_rhythm(reading, text, &period, &from, &to);
    uint32_t count = read_events(reading, colon + 1, events);
    if (!is_rhythm || count == 0)
        return;
    int64_t times = (to - from + period - 1) / period; /* before `to`, not at it */
    if (times > SCENARIO_ACTIONS_MAX - (int64_t)reading->scenario->action_count) {
        reading_complain(reading, "makes %" PRId64 " events; a scenario has at most %d", times,
                         SCENARIO_ACTIONS_MAX);
        return;
    }
    for (int64_t k = 0; k < times; k++) {
        struct action *event = &events[k % count];
        event->at_ms = from + k * period;
        add_action(reading, event);
    }
    mention(reading, to);
}

/* ---- expect ---- */

/* T, T..T or end. A window that goes to the end has to_ms -1, until the end is known. */
static bool read_when(struct reading *reading, char *text, struct expectation *expectation,
                      bool *ret_is_window)
{
    char *dots = strstr(text, "..");
    *ret_is_window = dots != NULL;
    expectation->from_ms = -1;
    expectation->to_ms = -1;
    if (dots == NULL) {
        if (strcmp(text, "end") == 0)
            return true;
        if (!read_time(reading, text, &expectation->from_ms))
            return false;
        expectation->to_ms = expectation->from_ms;
        return true;
    }
    *dots = '\0';
    if (!read_time(reading, text, &expectation->from_ms))
        return false;
    if (strcmp(dots + 2, "end") == 0)
        return true;
    if (!read_time(reading, dots + 2, &expectation->to_ms))
        return false;
    if (expectation->to_ms > expectation->from_ms)
        return true;
    reading_complain(reading, "a window ends after it began; each time has a unit of its own, so "
                              "0..30m is 0 s to 30 min");
    return false;
}

static void fill_expectation(struct expectation *expectation, const struct phrase *phrase)
{
    expectation->limit = phrase->value;
    expectation->by_severity = phrase->by_severity;
    expectation->severity = phrase->severity;
    expectation->event = phrase->event;
    expectation->who = phrase->who;
    expectation->agreed = phrase->agreed;
    expectation->weight_count = phrase->weight_count;
    memcpy(expectation->rule, phrase->rule, sizeof phrase->rule);
    memcpy(expectation->weights, phrase->weights, sizeof phrase->weights);
}

static void add_expectation(struct reading *reading, const struct expectation *expectation)
{
    struct scenario *scenario = reading->scenario;
    void *expectations = scenario->expectations;
    if (scenario->expectation_count == SCENARIO_EXPECTATIONS_MAX) {
        reading_complain(reading, "more than %d expectations", SCENARIO_EXPECTATIONS_MAX);
        return;
    }
    if (!grow(reading, &expectations, scenario->expectation_count, &reading->expectation_room,
              sizeof *expectation))
        return;
    scenario->expectations = expectations;
    scenario->expectations[scenario->expectation_count++] = *expectation;
    mention(reading, expectation->from_ms);
    mention(reading, expectation->to_ms);
}

static void read_expect(struct reading *reading, char *text)
{
    struct expectation expectation = {.line = reading->line};
    char error[SCENARIO_ERROR_SIZE];
    struct words words;
    struct phrase phrase;
    uint32_t kind;
    bool is_window = false;
    snprintf(expectation.text, sizeof expectation.text, "expect %s", text);
    char *when = first_word(&text);
    bool is_good = read_when(reading, when, &expectation, &is_window);
    if (!read_words(reading, text, &words))
        return;
    if (phrase_read(expect_forms, EXPECT_KIND_COUNT, words.word, &phrase, &kind, error,
                    sizeof error) < 0) {
        reading_complain(reading, "%s", error);
        return;
    }
    bool wants_window = kind <= EXPECT_PAGES;
    if (is_good && wants_window != is_window) {
        reading_complain(reading, "\"%s\" %s", words.word[0],
                         wants_window ? "looks at a window: T..T, as in 0..30m, or T..end"
                                      : "looks at a moment: T, or end");
        return;
    }
    if (!is_good)
        return;
    expectation.kind = (enum expect_kind)kind;
    fill_expectation(&expectation, &phrase);
    add_expectation(reading, &expectation);
}

/* ---- all directives ---- */

static const struct {
    const char *word;
    void (*read)(struct reading *reading, char *text);
} directives[] = {
    {"scenario", read_scenario}, {"about", read_about},
    {"set", read_set},           {"at", read_at},
    {"every", read_every},       {"expect", read_expect},
    {"duration", read_duration},
};

void line_read(struct reading *reading, char *text)
{
    char quoted[PHRASE_QUOTE_SIZE];
    char *word = first_word(&text);
    struct nearest nearest = nearest_to(word);
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++) {
        if (strcmp(word, directives[i].word) == 0) {
            directives[i].read(reading, text);
            return;
        }
        nearest_try(&nearest, directives[i].word);
    }
    const char *near = nearest.best;
    reading_complain(reading,
                     "%s is no directive; a line begins with scenario, about, set, at, "
                     "every, expect or duration%s%s%s",
                     phrase_quote(word, quoted), near != NULL ? "; did you mean \"" : "",
                     near != NULL ? near : "", near != NULL ? "\"?" : "");
}

void lines_check_end(struct reading *reading)
{
    const struct scenario *scenario = reading->scenario;
    if (reading->duration_line == 0)
        return;
    for (uint32_t i = 0; i < scenario->action_count; i++) {
        if (scenario->actions[i].at_ms > scenario->end_ms)
            reading_complain_at(reading, scenario->actions[i].line,
                                "happens after the end; the duration stands in line %u",
                                reading->duration_line);
    }
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        const struct expectation *expectation = &scenario->expectations[i];
        bool is_to_the_end = expectation->to_ms < 0 && expectation->from_ms >= scenario->end_ms;
        if (is_to_the_end || expectation->to_ms > scenario->end_ms)
            reading_complain_at(reading, expectation->line,
                                "is expected after the end; the duration stands in line %u",
                                reading->duration_line);
    }
}
