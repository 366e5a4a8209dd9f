/* SPDX-License-Identifier: Apache-2.0 */
/* teller.h: how a part of the shell tells the engine what happened, without knowing the loop. */
#ifndef REGIONSHIFT_TELLER_H
#define REGIONSHIFT_TELLER_H

#include "event.h"
#include "units.h"

struct teller {
    /* Takes an event; what it points to lives until release(block) is called (loop_post()). */
    void (*tell)(void *context, const struct event *event, void (*release)(void *block),
                 void *block);
    msec_t (*now)(void *context); /* monotonic milliseconds */
    void *context;
};

#endif
