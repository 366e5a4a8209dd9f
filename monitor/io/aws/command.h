/* SPDX-License-Identifier: Apache-2.0 */
/* command.h: a program that is run for the credentials it prints (child.h): of our environment it
 * has what such programs need, and no more. It and its children end with the deadline. */
#ifndef REGIONSHIFT_IO_AWS_COMMAND_H
#define REGIONSHIFT_IO_AWS_COMMAND_H

#include <stddef.h>
#include <uv.h>

#include "units.h"

enum { COMMAND_ERRORS_MAX = 512, COMMAND_MESSAGE_MAX = 800 };

struct command_run;

/* Valid during the report only. output: NULL unless the program ended with success. */
struct command_result {
    const char *output;
    size_t length;
    const char *message; /* why there is none, with what it wrote to stderr; escaped */
};

typedef void (*command_done)(void *context, const struct command_result *result);

struct command_limits {
    msec_t timeout_ms;
    size_t output_max;
};

/* words: NULL at the end; libuv's type, they are not changed, nor kept. `done` is called once, from
 * the loop. */
struct command_run *command_start(uv_loop_t *loop, char **words,
                                  const struct command_limits *limits, command_done done,
                                  void *context);

/* Kills it; `done` comes with a message. Not to be used once it has come. */
void command_cancel(struct command_run *run);

#endif
