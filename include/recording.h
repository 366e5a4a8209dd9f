/* SPDX-License-Identifier: Apache-2.0 */
/* recording.h: the lines of a recording: all that one engine was told, from its start on, and what
 * it answered. The settings are in it, so that a file taken from a machine replays anywhere:
 *
 *     {"regionshift":"recording","v":1,"program":"0.1.0","probe":"use1",...,"settings":"..."}
 *     {"at":5000,"event":"start","wall":1772366400000,"update":["fact started sites=4 probe=use1"]}
 *     {"at":5004,"event":"tick","update":["start pizza/us-east-1 check 0"]}
 *     {"regionshift":"end","v":1,"events":2,"why":"stopped"}
 *
 * A line is an event (event_text.h) with one member more, the update (update_text.h). A recording
 * holds the settings as they are printed (settings_dump()): references to secrets, no secret. */
#ifndef REGIONSHIFT_RECORDING_H
#define REGIONSHIFT_RECORDING_H

#include "engine.h"
#include "event_text.h"
#include "update_text.h"

enum {
    RECORDING_VERSION = 1,
    RECORDING_LINE_MAX = EVENT_TEXT_MAX + UPDATE_TEXT_MAX,
    RECORDING_SETTINGS_MAX = 1024 * 1024, /* a settings file may have no more */
    RECORDING_HEAD_MAX = 8 * 1024 * 1024  /* settings, escaped; 50,000 verdicts taken over */
};

/* Why a recording ends. What has not ended is still being written, or its daemon was killed. */
enum recording_end {
    RECORDING_OPEN,
    RECORDING_STOPPED,  /* the daemon stopped */
    RECORDING_RELOADED, /* other settings: the next recording goes on */
    RECORDING_GAP,      /* something could not be recorded: nothing after it would replay */
    RECORDING_FULL,     /* it filled the space there is (history.recording) */
    RECORDING_END_COUNT
};
const char *recording_end_name(enum recording_end end); /* "" "stopped" "reloaded" "gap" "full" */
int recording_end_parse(const char *name, enum recording_end *ret_end);

/* The first line. Strings are borrowed. */
struct recording_head {
    const char *program; /* version that recorded it */
    const char *probe;
    bool dry_run;
    wall_t began_wall;
    const char *fingerprint; /* of the settings (A2) */
    const char *settings;    /* as settings_dump() prints them */
};

/* carried: what the engine knew before its first event, under these settings. Each returns the
 * length, or -1 when it does not fit or memory is out. */
int recording_head_write(const struct recording_head *head, const struct settings *settings,
                         const struct carried *carried, char *out, size_t size);
int recording_line_write(const struct settings *settings, const struct event *event,
                         const struct update *update, char *out, size_t size);
int recording_end_write(uint64_t events, enum recording_end end, char *out, size_t size);

/* A first line that was read; it holds the strings. */
struct recording_copy;
int recording_head_read(const char *text, size_t length, struct recording_copy **ret_copy,
                        struct recording_head *ret_head, char *error, size_t error_size);
/* What was carried, under the settings that the head holds, into arrays of the caller. */
int recording_carried_read(const struct recording_copy *copy, const struct settings *settings,
                           struct carried *ret_carried, char *error, size_t error_size);
/* Accepts NULL. */
void recording_copy_destroy(struct recording_copy *copy);

/* Where the update begins in an event's line, the '[' of its list; NULL: the line has none. The
 * event's own length is ret_length: it ends there, with a '}' in place of its ','. */
const char *recording_line_update(const char *line, size_t length, size_t *ret_length);

/* Reads a last line. 1: it is one; 0: it is not; -1: it is one that cannot be read. */
int recording_end_read(const char *text, size_t length, uint64_t *ret_events,
                       enum recording_end *ret_end, char *error, size_t error_size);

#endif
