/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: the engine is fed what it was fed, in the same order and with the same times, and its
 * answer is written in the form in which the recorded answer was written. What a file may say and
 * an engine never sees (time that goes back, a second start) is refused before the engine is asked:
 * its assertions are for our errors, not for a damaged file. */
#include "replay.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A century on the monotonic clock: beyond it is no time but damage. */
enum { AT_YEARS_MAX = 100 };
static const msec_t at_max_ms = AT_YEARS_MAX * 366LL * 24 * 3600 * 1000;

struct replay {
    struct recording_copy *copy; /* NULL: bare, and the settings are the caller's */
    struct recording_head head;
    struct settings *own;
    const struct settings *settings;
    struct engine *engine;
    uint64_t count;
    msec_t at_ms; /* of the newest event */
    msec_t start_ms;
    wall_t start_wall;
    struct event_copy *newest;
    struct event_copy **views; /* by zone: the engine borrows a view until the next one */
    struct update update;
    char *text; /* an event's line, then an update's */
};

/* ---- beginning ---- */

static int make(struct replay *replay, const struct settings *settings, bool dry_run)
{
    replay->settings = settings;
    replay->views = calloc((size_t)settings->zone_count + 1, sizeof(*replay->views));
    replay->text = malloc(RECORDING_LINE_MAX);
    if (replay->views == NULL || replay->text == NULL)
        return -ENOMEM;
    return engine_create(settings, dry_run, NULL, &replay->engine);
}

int replay_create_bare(const struct settings *settings, bool dry_run, struct replay **ret_replay)
{
    struct replay *replay = calloc(1, sizeof(*replay));

    if (replay == NULL || make(replay, settings, dry_run) < 0) {
        replay_destroy(replay);
        return -ENOMEM;
    }
    *ret_replay = replay;
    return 0;
}

/* The settings as recorded; they must mean to this program what they meant to the one that
 * recorded: under others the same events prove nothing. */
static int read_settings(struct replay *replay, char *error, size_t error_size)
{
    const struct recording_head *head = &replay->head;
    struct settings_report report = {0};
    int rc = settings_parse_changed(head->settings, strlen(head->settings), "recording",
                                    head->probe, NULL, 0, &replay->own, &report);

    if (rc < 0) {
        const struct settings_problem *first = NULL;

        for (size_t i = 0; i < report.count && first == NULL; i++)
            first = report.problems[i].is_warning ? NULL : &report.problems[i];
        snprintf(error, error_size,
                 "its settings, written by regionshift %s, are not valid here: line %u: %s: %s",
                 head->program, first != NULL ? first->line : 0, first != NULL ? first->path : "",
                 first != NULL ? first->text : "out of memory");
    }
    settings_report_clear(&report);
    if (rc == 0 && strcmp(replay->own->fingerprint, head->fingerprint) != 0) {
        snprintf(
            error, error_size,
            "its settings have fingerprint %s here and had %s when regionshift %s recorded it: "
            "they mean something else now",
            replay->own->fingerprint, head->fingerprint, head->program);
        return -1;
    }
    return rc;
}

static int carry(struct replay *replay, char *error, size_t error_size)
{
    const struct settings *settings = replay->settings;
    struct carried carried = {0};
    int rc = -1;

    carried.verdicts = calloc((size_t)settings->check_count + 1, sizeof(*carried.verdicts));
    carried.references = calloc((size_t)settings->reference_count + 1, sizeof(*carried.references));
    if (carried.verdicts == NULL || carried.references == NULL)
        snprintf(error, error_size, "out of memory");
    else
        rc = recording_carried_read(replay->copy, settings, &carried, error, error_size);
    if (rc == 0)
        engine_carry(replay->engine, &carried);
    free(carried.verdicts);
    free(carried.references);
    return rc;
}

static int begin(struct replay *replay, const char *head, size_t length, char *error,
                 size_t error_size)
{
    if (recording_head_read(head, length, &replay->copy, &replay->head, error, error_size) < 0 ||
        read_settings(replay, error, error_size) < 0)
        return -1;
    if (replay->own->self == NONE) {
        snprintf(error, error_size, "its settings know no probe '%s'", replay->head.probe);
        return -1;
    }
    if (make(replay, replay->own, replay->head.dry_run) < 0) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    return carry(replay, error, error_size);
}

int replay_create(const char *head, size_t length, struct replay **ret_replay, char *error,
                  size_t error_size)
{
    struct replay *replay = calloc(1, sizeof(*replay));

    if (replay == NULL) {
        snprintf(error, error_size, "out of memory");
        return -1;
    }
    if (begin(replay, head, length, error, error_size) < 0) {
        replay_destroy(replay);
        return -1;
    }
    *ret_replay = replay;
    return 0;
}

const struct recording_head *replay_head(const struct replay *replay)
{
    return replay->copy != NULL ? &replay->head : NULL;
}

const struct settings *replay_settings(const struct replay *replay)
{
    return replay->settings;
}

uint64_t replay_count(const struct replay *replay)
{
    return replay->count;
}

/* ---- events ---- */

/* The event of a line: the line itself, or its first `own` bytes, in front of an update. */
static int read_event(struct replay *replay, const char *line, size_t length, size_t own,
                      struct event_copy **ret_copy, char *error, size_t error_size)
{
    if (own + 1 >= RECORDING_LINE_MAX) {
        snprintf(error, error_size, "event: %zu bytes, at most %d allowed", own, EVENT_TEXT_MAX);
        return -1;
    }
    if (own > 0) {
        memcpy(replay->text, line, own);
        replay->text[own] = '}';
        line = replay->text;
        length = own + 1;
    }
    return event_text_read(replay->settings, line, length, ret_copy, error, error_size);
}

/* What the engine asserts, and a file may break. */
static int check_order(const struct replay *replay, const struct event *event, char *error,
                       size_t error_size)
{
    bool first = replay->count == 0;

    if (event->at_ms < 0 || event->at_ms > at_max_ms)
        snprintf(error, error_size, "event: at: %" PRId64 " ms is no time", event->at_ms);
    else if (first && event->kind != EVENT_START)
        snprintf(error, error_size,
                 "begins with '%s' and not with 'start': the beginning is missing",
                 event_kind_name(event->kind));
    else if (!first && event->kind == EVENT_START)
        snprintf(error, error_size, "a second 'start': two recordings in one");
    else if (!first && event->at_ms < replay->at_ms)
        snprintf(error, error_size, "time goes back, from %" PRId64 " ms to %" PRId64 " ms",
                 replay->at_ms, event->at_ms);
    else
        return 0;
    return -1;
}

/* The copy before is not needed any more, unless the engine looks at its zone. */
static void keep(struct replay *replay, struct event_copy *copy)
{
    const struct event *event = event_copy_event(copy);

    event_copy_destroy(replay->newest);
    replay->newest = NULL;
    if (event->kind != EVENT_ZONE || event->zone.view == NULL) {
        replay->newest = copy;
        return;
    }
    event_copy_destroy(replay->views[event->zone.zone]);
    replay->views[event->zone.zone] = copy;
}

static void step(struct replay *replay, struct event_copy *copy)
{
    const struct event *event = event_copy_event(copy);

    if (replay->count == 0) {
        replay->start_ms = event->at_ms;
        replay->start_wall = event->start.wall;
    }
    replay->count++;
    replay->at_ms = event->at_ms;
    engine_step(replay->engine, event, &replay->update);
    keep(replay, copy);
}

int replay_line(struct replay *replay, const char *line, size_t length,
                struct replay_step *ret_step, char *error, size_t error_size)
{
    size_t own = 0;
    const char *update = recording_line_update(line, length, &own);
    struct event_copy *copy = NULL;
    struct replay_step taken;

    if (read_event(replay, line, length, own, &copy, error, error_size) < 0)
        return -1;
    if (check_order(replay, event_copy_event(copy), error, error_size) < 0) {
        event_copy_destroy(copy);
        return -1;
    }
    step(replay, copy);
    if (update_text_write(replay->settings, &replay->update, replay->text, RECORDING_LINE_MAX) <
        0) {
        snprintf(error, error_size, "out of memory for the update");
        return -1;
    }
    taken = (struct replay_step){.number = replay->count,
                                 .event = event_copy_event(copy),
                                 .wall = replay->start_wall + (replay->at_ms - replay->start_ms),
                                 .update = &replay->update,
                                 .recorded = update,
                                 .now = replay->text};
    if (update != NULL)
        taken.recorded_length = (size_t)(line + length - update) - 1; /* without the line's '}' */
    taken.same = update == NULL || (taken.recorded_length == strlen(replay->text) &&
                                    memcmp(update, replay->text, taken.recorded_length) == 0);
    *ret_step = taken;
    return 0;
}

void replay_destroy(struct replay *replay)
{
    if (replay == NULL)
        return;
    engine_destroy(replay->engine);
    event_copy_destroy(replay->newest);
    for (uint32_t i = 0; replay->views != NULL && i < replay->settings->zone_count; i++)
        event_copy_destroy(replay->views[i]);
    free(replay->views);
    free(replay->text);
    settings_destroy(replay->own);
    recording_copy_destroy(replay->copy);
    free(replay);
}
