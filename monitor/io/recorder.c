/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: lines gather in memory and are handed to the history when something was said (a fact),
 * when there are many, or when the first is old, so that a quiet daemon writes to its disk six
 * times a minute and an incident is on disk as soon as the facts about it are. */
#include "recorder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "log.h"

enum {
    HAND_OVER_BYTES = 32 * 1024, /* also deflate's window: larger pieces shrink no further */
    HAND_OVER_MS = 10 * 1000     /* what kill -9 costs, when nothing was said meanwhile */
};

struct recorder {
    struct history *history;
    const struct settings *settings; /* NULL: nothing is being recorded */
    const struct engine *engine;
    char *line;
    struct buffer lines; /* not handed over yet */
    uint32_t events;     /* among them */
    msec_t since_ms;     /* of the first of them */
    msec_t newest_ms;
};

int recorder_create(struct history *history, struct recorder **ret_recorder)
{
    struct recorder *recorder = calloc(1, sizeof(*recorder));

    if (recorder == NULL)
        return -ENOMEM;
    recorder->history = history;
    recorder->line = malloc(RECORDING_LINE_MAX); /* touched as far as the longest line */
    buffer_init(&recorder->lines, HAND_OVER_BYTES + RECORDING_LINE_MAX);
    if (recorder->line == NULL) {
        recorder_destroy(recorder);
        return -ENOMEM;
    }
    *ret_recorder = recorder;
    return 0;
}

void recorder_destroy(struct recorder *recorder)
{
    if (recorder == NULL)
        return;
    buffer_clear(&recorder->lines);
    free(recorder->line);
    free(recorder);
}

/* ---- the beginning ---- */

static wall_t newest_wall(const struct recorder *recorder)
{
    return engine_wall(recorder->engine, recorder->newest_ms);
}

/* What the settings say, as text to be freed; NULL: out of memory. */
static char *print_settings(const struct settings *settings)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    bool good = out != NULL && settings_dump(settings, out) == 0;

    if (out != NULL && fclose(out) != 0)
        good = false;
    if (good)
        return text;
    free(text);
    return NULL;
}

/* The first line with its newline, to be freed; NULL: out of memory, or larger than a first line
 * may be. */
static char *write_head(const struct recorder *recorder, const struct engine *engine, bool dry_run,
                        wall_t now_wall)
{
    const struct settings *settings = recorder->settings;
    struct carried carried = {
        .verdicts = calloc((size_t)settings->check_count + 1, sizeof(*carried.verdicts)),
        .references = calloc((size_t)settings->reference_count + 1, sizeof(*carried.references))};
    char *text = print_settings(settings);
    char *head = malloc(RECORDING_HEAD_MAX);
    struct recording_head parts = {.program = REGIONSHIFT_VERSION,
                                   .probe = settings->electors[settings->self].name,
                                   .dry_run = dry_run,
                                   .began_wall = now_wall,
                                   .fingerprint = settings->fingerprint,
                                   .settings = text};
    int length = -1;

    if (carried.verdicts != NULL && carried.references != NULL && text != NULL && head != NULL &&
        strlen(text) <= RECORDING_SETTINGS_MAX) {
        engine_carried(engine, &carried);
        length = recording_head_write(&parts, settings, &carried, head,
                                      RECORDING_HEAD_MAX - 1); /* 1: its newline */
    }
    free(carried.verdicts);
    free(carried.references);
    free(text);
    if (length >= 0) {
        memcpy(head + length, "\n", 2);
        return head;
    }
    free(head);
    return NULL;
}

void recorder_begin(struct recorder *recorder, const struct settings *settings,
                    const struct engine *engine, bool dry_run, wall_t now_wall)
{
    char *head;

    recorder_end(recorder, RECORDING_RELOADED);
    if (settings->history_recording_bytes == 0)
        return;
    recorder->settings = settings;
    recorder->engine = engine;
    head = write_head(recorder, engine, dry_run, now_wall);
    if (head == NULL) {
        log_say(LOG_LEVEL_WARN, "recording: cannot begin: no memory, or the settings are larger "
                                "than a recording may hold");
        recorder->settings = NULL;
        return;
    }
    history_recording_begin(recorder->history, now_wall, settings->electors[settings->self].name,
                            settings->history_recording_bytes, head);
    free(head);
}

/* ---- events ---- */

static void hand_over(struct recorder *recorder)
{
    if (recorder->events > 0)
        history_recording_lines(recorder->history, newest_wall(recorder),
                                buffer_text(&recorder->lines), recorder->events);
    buffer_reset(&recorder->lines);
    recorder->events = 0;
}

static bool is_due(const struct recorder *recorder, const struct update *update)
{
    return update->fact_count > 0 || recorder->lines.length >= HAND_OVER_BYTES ||
           recorder->newest_ms - recorder->since_ms >= HAND_OVER_MS;
}

void recorder_turn(struct recorder *recorder, const struct event *event,
                   const struct update *update)
{
    int length;

    if (recorder->settings == NULL)
        return;
    recorder->newest_ms = event->at_ms;
    length = recording_line_write(recorder->settings, event, update, recorder->line,
                                  RECORDING_LINE_MAX - 1);
    if (length >= 0) {
        memcpy(recorder->line + length, "\n", 2);
        buffer_add(&recorder->lines, recorder->line, (size_t)length + 1);
    }
    if (length < 0 || recorder->lines.failed) {
        log_say(LOG_LEVEL_WARN, "recording: ends: an event of kind %s cannot be written as text",
                event_kind_name(event->kind));
        hand_over(recorder);
        history_recording_end(recorder->history, newest_wall(recorder), RECORDING_GAP, 1);
        recorder->settings = NULL;
        return;
    }
    if (recorder->events == 0)
        recorder->since_ms = event->at_ms;
    recorder->events++;
    if (is_due(recorder, update))
        hand_over(recorder);
}

void recorder_end(struct recorder *recorder, enum recording_end end)
{
    if (recorder == NULL || recorder->settings == NULL)
        return;
    hand_over(recorder);
    history_recording_end(recorder->history, newest_wall(recorder), end, 0);
    recorder->settings = NULL;
}
