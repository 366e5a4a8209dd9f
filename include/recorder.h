/* SPDX-License-Identifier: Apache-2.0 */
/* recorder.h: writes down all that the engine is told and what it answers, for `regionshift
 * replay`: one recording (recording.h) for each engine, from its start to a reload or the daemon's
 * end. The loop only formats the lines, some 10 microseconds each; the history's worker does the
 * rest. */
#ifndef REGIONSHIFT_RECORDER_H
#define REGIONSHIFT_RECORDER_H

#include "history.h"

struct recorder;

/* The history is borrowed. Returns 0 or -ENOMEM. */
int recorder_create(struct history *history, struct recorder **ret_recorder);

/* An engine is about to have its first event; settings and engine are its own, and stay until the
 * recording ends. What was recorded before ends here, as reloaded. With history.recording = 0
 * nothing is recorded. */
void recorder_begin(struct recorder *recorder, const struct settings *settings,
                    const struct engine *engine, bool dry_run, wall_t now_wall);

/* One turn: the event and the engine's answer to it. */
void recorder_turn(struct recorder *recorder, const struct event *event,
                   const struct update *update);

/* Hands over what is left and ends the recording. Accepts NULL. */
void recorder_end(struct recorder *recorder, enum recording_end end);

/* Accepts NULL. */
void recorder_destroy(struct recorder *recorder);

#endif
