/* SPDX-License-Identifier: Apache-2.0 */
/* look.h: one look for credentials, from the reading of the files to the last role: it carries out
 * a plan (credentials_plan.h) on the loop, and ends once. Keeps nothing: credentials.h does. */
#ifndef REGIONSHIFT_IO_AWS_LOOK_H
#define REGIONSHIFT_IO_AWS_LOOK_H

#include <stdbool.h>
#include <uv.h>

#include "clock.h"
#include "credentials.h"
#include "credentials_plan.h"
#include "fetch.h"
#include "units.h"

struct look;

/* What looks share; outlives them. */
struct look_tools {
    uv_loop_t *loop;
    struct fetcher *fetcher;
    struct aws_clock clock; /* by what STS says */
    wall_t (*wall_ms)(void);
    char region[CREDENTIALS_REGION_MAX + 1]; /* of the settings: when nothing else names one */
    char home[CREDENTIALS_PATH_MAX + 1];     /* when HOME is not set; "" none */
};

struct look_task {
    const char *profile;                 /* of the settings */
    const struct credentials_role *role; /* NULL: who we are; else on top of keys */
    const struct credentials *keys;
};

enum look_end {
    LOOK_FOUND,
    LOOK_FAILED, /* somebody did not answer, or said no */
    LOOK_NONE    /* environment and files were read, and mean nothing that can be had */
};

/* Valid during the report only. */
struct look_result {
    enum look_end end;
    const struct credentials *keys;
    bool has_end;
    msec_t left_ms;       /* of their life, if has_end */
    bool is_stable;       /* from the machine, which knows why it serves what has expired */
    bool is_local;        /* nobody was asked: looking again costs nobody anything */
    bool is_keys_refused; /* STS does not take the keys that the role was to stand on */
    const char *origin;   /* "the environment", "profile x" */
    const char *error;    /* unless LOOK_FOUND; escaped */
};

typedef void (*look_done)(void *context, const struct look_result *result);

/* The task is copied. `done` is called once, from the loop. */
struct look *look_start(struct look_tools *tools, const struct look_task *task, look_done done,
                        void *context);

/* Ends it early; `done` comes with LOOK_FAILED. Not to be used once it has come. */
void look_cancel(struct look *look);

#endif
