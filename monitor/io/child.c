/* SPDX-License-Identifier: Apache-2.0 */
/* A run holds four handles: the process, two pipes, a timer. end() records how it ended and closes
 * them, the process when it has been buried; the last of them to be gone reports. */
#include "child.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#include "buffer.h"

enum { CHUNK = 4096 };

struct child {
    uv_process_t process;
    uv_pipe_t output_pipe;
    uv_pipe_t error_pipe;
    uv_timer_t timer;      /* the deadline, then the grace */
    unsigned handle_count; /* not yet closed */
    bool is_running;
    bool has_ended;
    unsigned open_pipe_count;
    enum child_outcome outcome;
    int code;
    bool cuts;
    bool waits_for_pipes;
    msec_t grace_ms;
    struct buffer output;
    bool cut;
    size_t dropped;
    char errors[CHILD_ERRORS_MAX]; /* the first of what it wrote to stderr */
    size_t error_length;
    char chunk[CHUNK];
    child_done done;
    void *context;
};

/* ---- the end ---- */

static void finish(struct child *child)
{
    const struct child_end end = {.outcome = child->outcome,
                                  .code = child->code,
                                  .output = buffer_text(&child->output),
                                  .length = child->output.length,
                                  .cut = child->cut,
                                  .errors = child->errors,
                                  .error_length = child->error_length};

    child->done(child->context, &end);
    buffer_clear(&child->output);
    explicit_bzero(child, sizeof(*child)); /* it may have printed a secret */
    free(child);
}

static void on_closed(uv_handle_t *handle)
{
    struct child *child = handle->data;

    assert(child->handle_count > 0);
    if (--child->handle_count == 0)
        finish(child);
}

static void on_grace(uv_timer_t *timer)
{
    struct child *child = timer->data;

    kill(-child->process.pid, SIGKILL);
}

static void close_all(struct child *child)
{
    uv_close((uv_handle_t *)&child->output_pipe, on_closed);
    uv_close((uv_handle_t *)&child->error_pipe, on_closed);
    uv_close((uv_handle_t *)&child->timer, on_closed);
    uv_close((uv_handle_t *)&child->process, on_closed);
}

/* The first end counts. Whoever still lives of its group goes with it. Its pipes stay open until it
 * has gone: what it says as it ends must not end it by SIGPIPE, before it has cleaned up. */
static void end(struct child *child, enum child_outcome outcome, int code)
{
    if (child->has_ended)
        return;
    child->has_ended = true;
    child->outcome = outcome;
    child->code = code;
    if (!child->is_running) {
        close_all(child);
        return;
    }
    uv_read_stop((uv_stream_t *)&child->output_pipe);
    uv_read_stop((uv_stream_t *)&child->error_pipe);
    kill(-child->process.pid, child->grace_ms > 0 ? SIGTERM : SIGKILL);
    uv_timer_start(&child->timer, on_grace, (uint64_t)child->grace_ms, 0);
}

static void on_deadline(uv_timer_t *timer)
{
    end(timer->data, CHILD_LATE, 0);
}

static void end_as_process(struct child *child)
{
    end(child, child->outcome, child->code);
}

/* It may have gone before all that it wrote was read. */
static void end_when_read(struct child *child)
{
    if (!child->is_running && child->open_pipe_count == 0)
        end_as_process(child);
}

/* ---- what it writes ---- */

/* False: too much. */
static bool add_output(struct child *child, const char *bytes, size_t length)
{
    size_t room = child->output.limit - child->output.length;
    size_t kept = length < room ? length : room;

    buffer_add(&child->output, bytes, kept);
    child->cut |= kept < length;
    child->dropped += length - kept;
    return !child->output.failed && child->dropped <= (child->cuts ? CHILD_FLOOD_MAX : 0);
}

static bool add_errors(struct child *child, const char *bytes, size_t length)
{
    size_t room = sizeof(child->errors) - child->error_length;
    size_t kept = length < room ? length : room;

    memcpy(child->errors + child->error_length, bytes, kept);
    child->error_length += kept;
    child->dropped += child->cuts ? length - kept : 0;
    return child->dropped <= CHILD_FLOOD_MAX;
}

static bool add(struct child *child, const uv_stream_t *stream, const char *bytes, size_t length)
{
    return stream == (uv_stream_t *)&child->output_pipe ? add_output(child, bytes, length)
                                                        : add_errors(child, bytes, length);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    struct child *child = handle->data;

    (void)suggested;
    *ret_buffer = uv_buf_init(child->chunk, sizeof(child->chunk));
}

static void on_bytes(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct child *child = stream->data;

    if (length < 0) {
        uv_read_stop(stream);
        child->open_pipe_count--;
        end_when_read(child);
    } else if (!add(child, stream, buffer->base, (size_t)length)) {
        end(child, CHILD_FLOODED, 0);
    }
}

/* What it wrote before it ended is there by now; what others add is nothing to wait for. */
static void drain(struct child *child, uv_pipe_t *pipe)
{
    uv_os_fd_t fd;
    ssize_t length;

    if (uv_fileno((uv_handle_t *)pipe, &fd) != 0)
        return;
    while ((length = read(fd, child->chunk, sizeof(child->chunk))) > 0) {
        if (!add(child, (uv_stream_t *)pipe, child->chunk, (size_t)length))
            return;
    }
}

static void on_process_exit(uv_process_t *process, int64_t status, int signal)
{
    struct child *child = process->data;

    child->is_running = false;
    if (!child->waits_for_pipes)
        kill(-process->pid, SIGKILL); /* ESRCH when nobody is left; pids are not reused so soon */
    if (child->has_ended) {
        close_all(child);
        return;
    }
    child->outcome = signal != 0 ? CHILD_SIGNALLED : CHILD_EXITED;
    child->code = signal != 0 ? signal : (int)status;
    if (child->waits_for_pipes) {
        end_when_read(child);
        return;
    }
    drain(child, &child->output_pipe);
    drain(child, &child->error_pipe);
    end_as_process(child);
}

/* ---- the start ---- */

/* Of a program that runs already: nothing of ours hangs on the first instant. */
static void limit(uv_pid_t pid)
{
    const struct rlimit no_core = {0, 0};
    struct rlimit files;

    (void)prlimit(pid, RLIMIT_CORE, &no_core, NULL);
    if (prlimit(pid, RLIMIT_NOFILE, NULL, &files) == 0 && files.rlim_cur > CHILD_FILES_MAX) {
        files.rlim_cur = CHILD_FILES_MAX;
        (void)prlimit(pid, RLIMIT_NOFILE, &files, NULL);
    }
}

static int spawn(struct child *child, uv_loop_t *loop, const struct child_options *wanted)
{
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&child->output_pipe},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&child->error_pipe},
    };
    uv_process_options_t options = {
        .exit_cb = on_process_exit,
        .file = wanted->words[0],
        .args = wanted->words,
        .env = wanted->environment,
        .cwd = wanted->folder,
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 3,
        .stdio = stdio,
    };

    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* libcurl's sockets are not born so */
    return uv_spawn(loop, &child->process, &options);
}

static void open_handles(struct child *child, uv_loop_t *loop)
{
    uv_pipe_init(loop, &child->output_pipe, 0);
    uv_pipe_init(loop, &child->error_pipe, 0);
    uv_timer_init(loop, &child->timer);
    child->output_pipe.data = child;
    child->error_pipe.data = child;
    child->timer.data = child;
    child->process.data = child;
    child->handle_count = 4;
}

struct child *child_start(uv_loop_t *loop, const struct child_options *options, child_done done,
                          void *context)
{
    struct child *child = calloc(1, sizeof(*child));
    int status;

    if (child == NULL)
        abort(); /* nothing is left to tell it with */
    child->done = done;
    child->context = context;
    child->cuts = options->cuts;
    child->waits_for_pipes = options->waits_for_pipes;
    child->grace_ms = options->grace_ms;
    buffer_init(&child->output, options->output_max);
    open_handles(child, loop);
    status = spawn(child, loop, options);
    if (status != 0) {
        end(child, CHILD_NOT_STARTED, status); /* libuv has made a handle of it all the same */
        return child;
    }
    limit(child->process.pid);
    child->is_running = true;
    child->open_pipe_count = 2;
    if (options->timeout_ms > 0)
        uv_timer_start(&child->timer, on_deadline, (uint64_t)options->timeout_ms, 0);
    uv_read_start((uv_stream_t *)&child->output_pipe, on_room, on_bytes);
    uv_read_start((uv_stream_t *)&child->error_pipe, on_room, on_bytes);
    return child;
}

void child_stop(struct child *child)
{
    end(child, CHILD_STOPPED, 0);
}
