/* SPDX-License-Identifier: Apache-2.0 */
/* child.h: a program of the operator's, run on the loop for what it prints and how it ends. No
 * shell, no input, no descriptor of ours, no core file; its environment is what the caller says and
 * nothing else. It has a session of its own, so that it and its children can be ended together. */
#ifndef REGIONSHIFT_CHILD_H
#define REGIONSHIFT_CHILD_H

#include <stdbool.h>
#include <stddef.h>

#include "units.h"

typedef struct uv_loop_s uv_loop_t; /* libuv's own name, without its header */

enum {
    CHILD_ERRORS_MAX = 512,        /* bytes kept of what it writes to stderr */
    CHILD_FLOOD_MAX = 1024 * 1024, /* dropped beyond what is kept, before it is ended for that */
    CHILD_FILES_MAX = 1024         /* the usual limit of open files: ours is far higher, and some
                                      programs close all there may be */
};

struct child;

enum child_outcome {
    CHILD_EXITED,      /* code: its exit status */
    CHILD_SIGNALLED,   /* code: the signal that ended it, which is none of ours */
    CHILD_NOT_STARTED, /* code: negative errno */
    CHILD_LATE,        /* not done in time */
    CHILD_FLOODED,     /* it prints too much */
    CHILD_STOPPED      /* child_stop() */
};

/* Valid during the report only; what was printed is foreign. */
struct child_end {
    enum child_outcome outcome;
    int code;
    const char *output; /* never NULL, ends with NUL */
    size_t length;
    bool cut; /* there was more than that */
    const char *errors;
    size_t error_length;
};

typedef void (*child_done)(void *context, const struct child_end *end);

/* words and environment end with NULL; libuv's type, they are not changed, nor kept. */
struct child_options {
    char **words;
    char **environment;
    const char *folder; /* where it runs; NULL: where we do */
    size_t output_max;
    bool cuts;            /* output beyond output_max is dropped; else it ends the program */
    bool waits_for_pipes; /* it is done when its children are, too: they may print for it. Else with
                             its exit, and those it leaves behind in its group are ended */
    msec_t timeout_ms;    /* 0: the caller watches the time */
    msec_t grace_ms;      /* from SIGTERM to SIGKILL, when it has to be ended; 0: SIGKILL at once */
};

/* `done` is called once, from the loop, when nothing of the run is left but what has fled from its
 * session. */
struct child *child_start(uv_loop_t *loop, const struct child_options *options, child_done done,
                          void *context);

/* Ends it. `done` comes with CHILD_STOPPED, unless it had ended; not to be used once it has come.
 */
void child_stop(struct child *child);

#endif
