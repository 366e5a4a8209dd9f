/* SPDX-License-Identifier: Apache-2.0 */
/* A run holds four handles: the process, two pipes, the deadline. end() records how it ended and
 * closes them; the last of them to be gone reports. */
#include "command.h"

#include <assert.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "result.h"

enum { CHUNK = 4096, VARIABLES_MAX = 128 };

struct command_run {
    uv_process_t process;
    uv_pipe_t output_pipe;
    uv_pipe_t error_pipe;
    uv_timer_t deadline;
    unsigned handle_count; /* not yet closed */
    bool is_running;
    bool has_ended;
    bool is_good; /* so far: exit status 0 */
    unsigned open_pipe_count;
    msec_t timeout_ms;
    struct buffer output;
    char errors[COMMAND_ERRORS_MAX]; /* the first of what it wrote to stderr */
    size_t error_length;
    char why[128];
    char chunk[CHUNK];
    command_done done;
    void *context;
};

/* ---- the end ---- */

/* "exit status 2: no such profile" */
static void write_message(const struct command_run *run, char *out, size_t size)
{
    char said[COMMAND_ERRORS_MAX];
    size_t length = run->error_length;

    while (length > 0 && (run->errors[length - 1] == '\n' || run->errors[length - 1] == '\r'))
        length--;
    text_escape(said, sizeof(said), run->errors, length);
    snprintf(out, size, "%s%s%s", run->why, length > 0 ? ": " : "", said);
}

static void finish(struct command_run *run)
{
    struct command_result result = {.output = NULL};
    char message[COMMAND_MESSAGE_MAX] = "";

    if (run->is_good) {
        result.output = buffer_text(&run->output);
        result.length = run->output.length;
    } else {
        write_message(run, message, sizeof(message));
    }
    result.message = message;
    run->done(run->context, &result);
    buffer_clear(&run->output);
    explicit_bzero(run, sizeof(*run));
    free(run);
}

static void on_closed(uv_handle_t *handle)
{
    struct command_run *run = handle->data;

    assert(run->handle_count > 0);
    if (--run->handle_count == 0)
        finish(run);
}

/* The first end counts. Whoever still lives of its session goes with it. */
static void end(struct command_run *run)
{
    if (run->has_ended)
        return;
    run->has_ended = true;
    if (run->is_running)
        kill(-run->process.pid, SIGKILL);
    uv_close((uv_handle_t *)&run->output_pipe, on_closed);
    uv_close((uv_handle_t *)&run->error_pipe, on_closed);
    uv_close((uv_handle_t *)&run->deadline, on_closed);
    if (!run->is_running) /* else when it has been buried: on_process_exit() */
        uv_close((uv_handle_t *)&run->process, on_closed);
}

static void fail(struct command_run *run, const char *why)
{
    if (run->has_ended)
        return;
    run->is_good = false;
    snprintf(run->why, sizeof(run->why), "%s", why);
    end(run);
}

static void on_deadline(uv_timer_t *timer)
{
    struct command_run *run = timer->data;
    char why[64];

    snprintf(why, sizeof(why), "not done within %lld ms", (long long)run->timeout_ms);
    fail(run, why);
}

/* It may have gone before all that it wrote was read. */
static void end_when_read(struct command_run *run)
{
    if (!run->is_running && run->open_pipe_count == 0)
        end(run);
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
    struct command_run *run = process->data;

    run->is_running = false;
    if (run->has_ended) {
        uv_close((uv_handle_t *)process, on_closed);
        return;
    }
    run->is_good = signal == 0 && status == 0;
    if (signal != 0)
        snprintf(run->why, sizeof(run->why), "ended by signal %d", signal);
    else
        snprintf(run->why, sizeof(run->why), "exit status %lld", (long long)status);
    end_when_read(run);
}

/* ---- what it writes ---- */

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct command_run *run = handle->data;

    (void)suggested;
    *ret_buffer = uv_buf_init(run->chunk, sizeof(run->chunk));
}

static void on_pipe_end(struct command_run *run, uv_stream_t *stream)
{
    uv_read_stop(stream);
    run->open_pipe_count--;
    end_when_read(run);
}

static void on_output(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct command_run *run = stream->data;

    if (length < 0) {
        on_pipe_end(run, stream);
        return;
    }
    buffer_add(&run->output, buffer->base, (size_t)length);
    explicit_bzero(run->chunk, sizeof(run->chunk));
    if (run->output.failed)
        fail(run, "it prints too much");
}

static void on_errors(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct command_run *run = stream->data;
    size_t room = sizeof(run->errors) - run->error_length;
    size_t count = length > 0 ? (size_t)length : 0;

    if (length < 0) {
        on_pipe_end(run, stream);
        return;
    }
    if (count > room)
        count = room;
    memcpy(run->errors + run->error_length, buffer->base, count);
    run->error_length += count;
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

static int spawn(struct command_run *run, uv_loop_t *loop, char **words)
{
    char *variables[VARIABLES_MAX + 1];
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&run->output_pipe},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&run->error_pipe},
    };
    uv_process_options_t options = {
        .exit_cb = on_process_exit,
        .file = words[0],
        .args = words,
        .env = variables,
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 3,
        .stdio = stdio,
    };

    choose_environment(variables);
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* libcurl's sockets are not born so */
    return uv_spawn(loop, &run->process, &options);
}

static void open_handles(struct command_run *run, uv_loop_t *loop)
{
    uv_pipe_init(loop, &run->output_pipe, 0);
    uv_pipe_init(loop, &run->error_pipe, 0);
    uv_timer_init(loop, &run->deadline);
    run->output_pipe.data = run;
    run->error_pipe.data = run;
    run->deadline.data = run;
    run->process.data = run;
    run->handle_count = 4;
}

struct command_run *command_start(uv_loop_t *loop, char **words,
                                  const struct command_limits *limits, command_done done,
                                  void *context)
{
    struct command_run *run = calloc(1, sizeof(*run));
    char why[128];
    int status;

    if (run == NULL)
        abort(); /* nothing is left to tell it with */
    run->done = done;
    run->context = context;
    run->timeout_ms = limits->timeout_ms;
    buffer_init(&run->output, limits->output_max);
    open_handles(run, loop);
    status = spawn(run, loop, words);
    if (status != 0) {
        snprintf(why, sizeof(why), "cannot be started: %s", uv_strerror(status));
        fail(run, why); /* libuv has made a handle of it all the same */
        return run;
    }
    run->is_running = true;
    run->open_pipe_count = 2;
    uv_timer_start(&run->deadline, on_deadline, (uint64_t)limits->timeout_ms, 0);
    uv_read_start((uv_stream_t *)&run->output_pipe, on_room, on_output);
    uv_read_start((uv_stream_t *)&run->error_pipe, on_room, on_errors);
    return run;
}

void command_cancel(struct command_run *run)
{
    fail(run, "stopped by us");
}
