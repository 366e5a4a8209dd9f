/* SPDX-License-Identifier: Apache-2.0 */
/* What it prints is wanted from success alone, with what its children print for it; of everything
 * else a sentence. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "result.h"

enum { VARIABLES_MAX = 128 };

struct command_run {
    struct child *child;
    msec_t timeout_ms;
    command_done done;
    void *context;
};

/* ---- the end ---- */

static void write_why(const struct command_run *run, const struct child_end *end, char *out,
                      size_t size)
{
    switch (end->outcome) {
    case CHILD_EXITED:
        snprintf(out, size, "exit status %d", end->code);
        break;
    case CHILD_SIGNALLED:
        snprintf(out, size, "ended by signal %d", end->code);
        break;
    case CHILD_NOT_STARTED:
        snprintf(out, size, "cannot be started: %s", uv_strerror(end->code));
        break;
    case CHILD_LATE:
        snprintf(out, size, "not done within %lld ms", (long long)run->timeout_ms);
        break;
    case CHILD_FLOODED:
        snprintf(out, size, "it prints too much");
        break;
    case CHILD_STOPPED:
        snprintf(out, size, "stopped by us");
        break;
    }
}

/* "exit status 2: no such profile" */
static void write_message(const struct command_run *run, const struct child_end *end, char *out,
                          size_t size)
{
    char why[128] = "";
    char said[COMMAND_ERRORS_MAX];
    size_t length = end->error_length;

    while (length > 0 && (end->errors[length - 1] == '\n' || end->errors[length - 1] == '\r'))
        length--;
    text_escape(said, sizeof(said), end->errors, length);
    write_why(run, end, why, sizeof(why));
    snprintf(out, size, "%s%s%s", why, length > 0 ? ": " : "", said);
}

static void on_end(void *context, const struct child_end *end)
{
    struct command_run *run = context;
    struct command_result result = {.output = NULL};
    char message[COMMAND_MESSAGE_MAX] = "";

    if (end->outcome == CHILD_EXITED && end->code == 0) {
        result.output = end->output;
        result.length = end->length;
    } else {
        write_message(run, end, message, sizeof(message));
    }
    result.message = message;
    run->done(run->context, &result);
    free(run);
}

/* ---- the start ---- */

/* Of AWS's own variables all but the secrets: who runs a program for its credentials has no others
 * to give away; and none of what settings may name as env:NAME. */
static bool is_for_child(const char *variable)
{
    static const char *const secrets[] = {
        "AWS_SECRET_ACCESS_KEY=", "AWS_SESSION_TOKEN=", "AWS_SECURITY_TOKEN=",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN="};
    static const char *const needed[] = {"AWS_",
                                         "PATH=",
                                         "HOME=",
                                         "USER=",
                                         "LOGNAME=",
                                         "LANG=",
                                         "LC_",
                                         "TZ=",
                                         "TMPDIR=",
                                         "XDG_",
                                         "HTTP_PROXY=",
                                         "HTTPS_PROXY=",
                                         "NO_PROXY=",
                                         "http_proxy=",
                                         "https_proxy=",
                                         "no_proxy=",
                                         "SSL_CERT_FILE=",
                                         "SSL_CERT_DIR=",
                                         "CREDENTIALS_DIRECTORY="};

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
        if (strncmp(variable, secrets[i], strlen(secrets[i])) == 0)
            return false;
    }
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        if (strncmp(variable, needed[i], strlen(needed[i])) == 0)
            return true;
    }
    return false;
}

static void choose_environment(char *out[VARIABLES_MAX + 1])
{
    size_t count = 0;

    for (char **variable = environ; *variable != NULL && count < VARIABLES_MAX; variable++) {
        if (is_for_child(*variable))
            out[count++] = *variable;
    }
    out[count] = NULL;
}

struct command_run *command_start(uv_loop_t *loop, char **words,
                                  const struct command_limits *limits, command_done done,
                                  void *context)
{
    struct command_run *run = calloc(1, sizeof(*run));
    char *variables[VARIABLES_MAX + 1];
    const struct child_options options = {.words = words,
                                          .environment = variables,
                                          .output_max = limits->output_max,
                                          .waits_for_pipes = true,
                                          .timeout_ms = limits->timeout_ms};

    if (run == NULL)
        abort(); /* nothing is left to tell it with */
    run->done = done;
    run->context = context;
    run->timeout_ms = limits->timeout_ms;
    choose_environment(variables);
    run->child = child_start(loop, &options, on_end, run);
    return run;
}

void command_cancel(struct command_run *run)
{
    child_stop(run->child);
}
