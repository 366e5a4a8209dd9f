/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.c: a file becomes lines, lines become a scenario. Files come from anywhere, so bytes are
 * tested before anything is made of them: no NUL, no control character, nothing endless.
 *
 *     scenario.c         lines, comments, what must be true of the whole
 *     scenario_line.c    a directive
 *     scenario_phrase.c  an event, an expectation: words laid over forms
 *     scenario_forms.c   the forms
 *     scenario_slots.c, scenario_who.c  what a form leaves open
 *     scenario_write.c   the way back */
#include "scenario.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../settings/rules.h"
#include "scenario_line.h"

enum { AFTERMATH_MS = 10 * 60 * 1000 }; /* from the last time mentioned to the end */

/* ---- one line ---- */

/* A comment begins with # where a line begins, or after a blank: but there #1 is a probe, unless
 * quotes hold it (in the value of `set`). */
static void strip_comment(char *text, bool has_quotes)
{
    bool is_quoted = false;
    for (char *c = text; *c != '\0'; c++) {
        if (has_quotes && *c == '"' && (c == text || c[-1] != '\\'))
            is_quoted = !is_quoted;
        if (*c != '#' || is_quoted)
            continue;
        if (c == text || (c[-1] == ' ' && !isdigit((unsigned char)c[1]))) {
            *c = '\0';
            return;
        }
    }
}

static char *trim(char *text)
{
    text += strspn(text, " ");
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
    return text;
}

/* A line of bytes: tested, then read. */
static void read_bytes(struct reading *reading, const char *bytes, size_t length)
{
    char line[SCENARIO_LINE_MAX + 1];
    if (length > 0 && bytes[length - 1] == '\r')
        length--;
    if (length > SCENARIO_LINE_MAX) {
        reading_complain(reading, "a line of %zu bytes; at most %d", length, SCENARIO_LINE_MAX);
        return;
    }
    if (memchr(bytes, '\0', length) != NULL) {
        reading_complain(reading, "holds a NUL byte; a scenario is text");
        return;
    }
    memcpy(line, bytes, length);
    line[length] = '\0';
    for (char *c = line; *c != '\0'; c++)
        *c = *c == '\t' ? ' ' : *c;
    if (!is_plain_text(line)) {
        reading_complain(reading, "holds a control character or is not UTF-8");
        return;
    }
    char *text = trim(line);
    strip_comment(text, strncmp(text, "set ", 4) == 0);
    text = trim(text);
    if (*text != '\0')
        line_read(reading, text);
}

/* Some editors begin a file with it; it cannot be seen, so it is named. What follows is read. */
static size_t read_mark(struct reading *reading, const char *text, size_t length)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t size = sizeof mark - 1;
    if (length < size || memcmp(text, mark, size) != 0)
        return 0;
    reading_complain_at(reading, 1,
                        "begins with a byte order mark (EF BB BF); save it as UTF-8 "
                        "without one");
    return size;
}

static void read_all(struct reading *reading, const char *text, size_t length)
{
    size_t mark = read_mark(reading, text, length);
    text += mark;
    length -= mark;
    while (length > 0 && reading->complaints < SCENARIO_COMPLAINTS_MAX && !reading->out_of_memory) {
        const char *end = memchr(text, '\n', length);
        size_t line_length = end != NULL ? (size_t)(end - text) : length;
        size_t taken = end != NULL ? line_length + 1 : length;
        reading->line++;
        read_bytes(reading, text, line_length);
        text += taken;
        length -= taken;
    }
}

/* ---- the whole ---- */

struct place {
    msec_t at_ms;
    uint32_t index;
};

static int earlier(const void *a, const void *b)
{
    const struct place *left = a;
    const struct place *right = b;
    if (left->at_ms != right->at_ms)
        return left->at_ms < right->at_ms ? -1 : 1;
    return left->index < right->index ? -1 : 1;
}

/* By time; equal times in the file's order. False: out of memory. */
static bool sort_actions(struct scenario *scenario)
{
    uint32_t count = scenario->action_count;
    if (count == 0)
        return true;
    struct place *places = calloc(count, sizeof *places);
    struct action *sorted = calloc(count, sizeof *sorted);
    bool is_good = places != NULL && sorted != NULL;
    for (uint32_t i = 0; i < count && is_good; i++)
        places[i] = (struct place){scenario->actions[i].at_ms, i};
    if (is_good) {
        qsort(places, count, sizeof *places, earlier);
        for (uint32_t i = 0; i < count; i++)
            sorted[i] = scenario->actions[places[i].index];
        struct action *unsorted = scenario->actions;
        scenario->actions = sorted;
        sorted = unsorted;
    }
    free(places);
    free(sorted);
    return is_good;
}

static void finish(struct reading *reading)
{
    struct scenario *scenario = reading->scenario;
    if (reading->name_line == 0)
        reading_complain_at(reading, 0, "names no scenario; a line \"scenario NAME\" is missing");
    if (reading->duration_line == 0)
        scenario->end_ms = reading->last_ms + AFTERMATH_MS;
    lines_check_end(reading);
    for (uint32_t i = 0; i < scenario->expectation_count; i++) {
        struct expectation *expectation = &scenario->expectations[i];
        if (expectation->kind <= EXPECT_PAGES && expectation->to_ms < 0)
            expectation->to_ms = scenario->end_ms; /* T..end */
    }
    if (!reading->out_of_memory && !sort_actions(scenario))
        reading->out_of_memory = true;
    if (reading->out_of_memory)
        reading_complain_at(reading, 0, "is too large for the memory there is");
}

int scenario_parse(const char *text, size_t length, const char *file, scenario_complain complain,
                   void *context, struct scenario **ret_scenario)
{
    struct reading reading = {.file = file, .complain = complain, .context = context};
    reading.scenario = calloc(1, sizeof *reading.scenario);
    if (reading.scenario == NULL) {
        complain(context, file, 0, "is too large for the memory there is");
        return -1;
    }
    if (length > SCENARIO_FILE_MAX) {
        reading_complain_at(&reading, 0, "has more than %d bytes", SCENARIO_FILE_MAX);
    } else {
        read_all(&reading, text, length);
        finish(&reading);
    }
    if (reading.complaints >= SCENARIO_COMPLAINTS_MAX)
        complain(context, file, reading.line, "too many mistakes; reading stopped here");
    if (reading.complaints > 0) {
        scenario_destroy(reading.scenario);
        return -1;
    }
    *ret_scenario = reading.scenario;
    return 0;
}

/* Reads a whole file, one byte more than is allowed, so that too long is told from full. */
static char *read_file(const char *file, size_t *ret_length, int *ret_error)
{
    char *text = malloc(SCENARIO_FILE_MAX + 1);
    FILE *in = text != NULL ? fopen(file, "re") : NULL;
    *ret_error = text == NULL ? ENOMEM : errno; /* "Cannot allocate memory" */
    if (in != NULL) {
        *ret_error = 0;
        *ret_length = fread(text, 1, SCENARIO_FILE_MAX + 1, in);
        if (ferror(in))
            *ret_error = errno;
        fclose(in);
    }
    if (*ret_error == 0 && in != NULL)
        return text;
    free(text);
    return NULL;
}

int scenario_load(const char *file, scenario_complain complain, void *context,
                  struct scenario **ret_scenario)
{
    char reason[SCENARIO_ERROR_SIZE];
    size_t length = 0;
    int error = 0;
    char *text = read_file(file, &length, &error);
    if (text == NULL) {
        snprintf(reason, sizeof reason, "cannot be read: %s", strerror(error));
        complain(context, file, 0, reason);
        return -1;
    }
    int result = scenario_parse(text, length, file, complain, context, ret_scenario);
    free(text);
    return result;
}

void scenario_destroy(struct scenario *scenario)
{
    if (scenario == NULL)
        return;
    free(scenario->actions);
    free(scenario->expectations);
    free(scenario);
}
