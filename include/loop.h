/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h: the turn of the daemon. Callbacks post an event and return; a turn takes the next event,
 * reads the clock once, steps the engine and hands the update over to be performed:
 *
 *     post ... post -> [queue] -> clock -> engine_step() -> perform()      then the next one
 *
 * Here, and nowhere else, are the clock read and the engine stepped. Time is CLOCK_BOOTTIME, so
 * that a suspended machine shows as a gap; the wall clock is read for the ledger's offset (D6) and
 * watched for jumps (V5). */
#ifndef REGIONSHIFT_LOOP_H
#define REGIONSHIFT_LOOP_H

#include <stdbool.h>

#include "engine.h"
#include "event.h"
#include "units.h"
#include "update.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

enum {
    /* V4: while we stood still this long, what is measured is our own lateness. A tenth of the
     * usual timeout of 3 s: less changes no verdict, more would. */
    LOOP_STALL_MS = 300,
    LOOP_JUMP_MS = 2000,      /* V5: the wall clock moved against ours */
    LOOP_EVENTS_MAX = 1 << 20 /* posted and not yet taken; every source bounds what it posts */
};

struct loop;

/* What the loop asks of its owner: do what the engine wants. The update lives during the call. */
typedef void (*loop_perform)(void *context, const struct event *event, const struct update *update);

/* Returns 0 or -errno. */
int loop_create(uv_loop_t *uv, loop_perform perform, void *context, struct loop **ret_loop);

/* Steps this engine from now on: EVENT_START first, then what is queued. The engine is borrowed.
 * NULL: none; what is queued for the one before is released untold, and what is posted from now on
 * waits for the next. */
void loop_set_engine(struct loop *loop, struct engine *engine);

/* Queues an event; its time is set when it is taken. What it points to must live until `release`
 * (may be NULL) is called with `block`: after the step, or when the event is dropped. */
void loop_post(struct loop *loop, const struct event *event, void (*release)(void *block),
               void *block);

/* The clocks: milliseconds since boot with suspension, and since 1970. */
msec_t loop_now_ms(void);
wall_t loop_wall_ms(void);

/* True when the loop stood still for LOOP_STALL_MS or more since then: what was measured meanwhile
 * is void (V4). */
bool loop_stalled_since(const struct loop *loop, msec_t since_ms);

/* Turns taken so far: the watchdog's sign of life. */
uint64_t loop_turns(const struct loop *loop);

/* Releases what is queued and closes; `closed` runs from the loop. Accepts NULL. */
void loop_close(struct loop *loop, void (*closed)(void *context), void *context);

#endif
