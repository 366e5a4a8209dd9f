/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h: a recording once more through the engine. Same settings, same events, same updates: so
 * each update is held against the recorded one, and the first that differs is the news. Nothing is
 * read or written here: lines come in one after another, as recording.h describes them. */
#ifndef REGIONSHIFT_SIM_REPLAY_H
#define REGIONSHIFT_SIM_REPLAY_H

#include "recording.h"

struct replay;

/* One event, taken. What it points to lives until the next one. */
struct replay_step {
    uint64_t number; /* the first is 1 */
    const struct event *event;
    wall_t wall; /* when it was, by the wall clock of the recording's start */
    const struct update *update;
    const char *recorded; /* JSON lists of lines (update_text.h); NULL: the line has no update */
    size_t recorded_length;
    const char *now;
    bool same; /* recorded and now are the same, or nothing was recorded */
};

/* Begins from the first line of a recording. Returns 0 and a replay the caller destroys, or -1 with
 * a sentence in error. */
int replay_create(const char *head, size_t length, struct replay **ret_replay, char *error,
                  size_t error_size);
/* Begins for events alone, under these settings, which must outlive the replay. -ENOMEM or 0. */
int replay_create_bare(const struct settings *settings, bool dry_run, struct replay **ret_replay);

const struct recording_head *replay_head(const struct replay *replay); /* NULL: bare */
const struct settings *replay_settings(const struct replay *replay);

/* Takes the line of one event. Returns 0, or -1 with a sentence in error: the line cannot be read,
 * or cannot follow the one before. */
int replay_line(struct replay *replay, const char *line, size_t length,
                struct replay_step *ret_step, char *error, size_t error_size);
uint64_t replay_count(const struct replay *replay); /* events taken */

/* Accepts NULL. */
void replay_destroy(struct replay *replay);

#endif
