/* SPDX-License-Identifier: Apache-2.0 */
/*   files -> plan -> base -> role -> role ... -> end
 *
 * end() records how it ended and lets go of all that is under way; the last of it to be gone
 * reports. */
#include "look.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file_read.h"
#include "iso8601.h"
#include "look_state.h"
#include "result.h"

/* ---- the end ---- */

static void wipe(struct look *look)
{
    buffer_clear(&look->shared_path);
    buffer_clear(&look->config_path);
    buffer_clear(&look->shared);
    buffer_clear(&look->config);
    buffer_clear(&look->token);
    explicit_bzero(look, sizeof(*look));
}

static void finish(struct look *look)
{
    look->result.keys = look->result.end == LOOK_FOUND ? &look->lease.keys : NULL;
    look->result.origin = look->plan.origin;
    look->result.error = look->error;
    look->done(look->context, &look->result);
    wipe(look);
    free(look);
}

void look_release(struct look *look)
{
    assert(look->pending > 0);
    if (--look->pending == 0)
        finish(look);
}

void look_hold(struct look *look)
{
    look->pending++;
}

static void on_timer_closed(uv_handle_t *handle)
{
    look_release(handle->data);
}

/* The first end counts. */
static void end(struct look *look, enum look_end how)
{
    if (look->has_ended)
        return;
    look->has_ended = true;
    look->result.end = how;
    fetch_cancel(look->fetch);
    look->fetch = NULL;
    if (look->command != NULL)
        command_cancel(look->command);
    uv_close((uv_handle_t *)&look->timer, on_timer_closed);
}

void look_fail(struct look *look, const char *format, ...)
{
    char text[CREDENTIALS_ERROR_MAX];
    va_list arguments;

    if (look->has_ended)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    text_escape(look->error, sizeof(look->error), text, strlen(text));
    end(look, LOOK_FAILED);
}

/* ---- steps ---- */

void look_step(struct look *look, void (*step)(struct look *look))
{
    look->attempt = 0;
    look->step = step;
    step(look);
}

static void on_pause_over(uv_timer_t *timer)
{
    struct look *look = timer->data;

    look->step(look);
}

bool look_try_again(struct look *look, unsigned attempts_max, msec_t pause_ms)
{
    if (look->attempt + 1 >= attempts_max)
        return false;
    look->attempt++;
    uv_timer_start(&look->timer, on_pause_over, (uint64_t)pause_ms, 0);
    return true;
}

void look_ask(struct look *look, const struct fetch_question *question, fetch_done done)
{
    look->fetch = fetch_start(look->tools->fetcher, question, done, look);
}

/* Who waits for a file: the look may have ended when the worker comes back. */
struct reading {
    struct look *look;
    look_text_done done;
};

static void on_read(void *context, int status, const char *text, size_t length)
{
    struct reading reading = *(struct reading *)context;

    free(context);
    if (!reading.look->has_ended)
        reading.done(reading.look, status, text, length);
    look_release(reading.look);
}

void look_read(struct look *look, const char *path, size_t max, look_text_done done)
{
    struct reading *reading = malloc(sizeof(*reading));

    if (reading == NULL)
        abort(); /* nothing is left to tell it with */
    *reading = (struct reading){look, done};
    look_hold(look);
    file_read_start(look->tools->loop, path, max, on_read, reading);
}

/* ---- what was found ---- */

static msec_t left_of(const struct look *look)
{
    return look->lease.ends_at_ms - (look->tools->wall_ms() + look->tools->clock.offset_ms);
}

static void fail_expired(struct look *look)
{
    char when[ISO8601_LENGTH + 1];

    iso8601_write(look->lease.ends_at_ms, when);
    look_fail(look, "the credentials of %s had ended at %s when they came%s", look->plan.origin,
              when,
              look->plan.base == CREDENTIALS_BASE_KEYS
                  ? ": the environment of a process does not change; a file's does"
                  : "");
}

void look_have(struct look *look)
{
    bool is_machine = look->plan.base == CREDENTIALS_BASE_MACHINE && look->hop == 0;
    bool is_expired = look->lease.has_end && left_of(look) <= 0;

    if (is_expired && !is_machine) {
        fail_expired(look);
        return;
    }
    if (look->hop < look->plan.hop_count) {
        look_begin_hop(look);
        return;
    }
    look->result.has_end = look->lease.has_end;
    look->result.left_ms = look->lease.has_end ? left_of(look) : 0;
    look->result.is_stable = is_machine;
    end(look, LOOK_FOUND);
}

static void begin_base(struct look *look)
{
    switch (look->plan.base) {
    case CREDENTIALS_BASE_KEYS:
        look->lease = look->plan.lease;
        look_have(look);
        break;
    case CREDENTIALS_BASE_PROCESS:
        look_begin_process(look);
        break;
    case CREDENTIALS_BASE_WEB:
        look_begin_web(look);
        break;
    case CREDENTIALS_BASE_CONTAINER:
        look_begin_container(look);
        break;
    case CREDENTIALS_BASE_MACHINE:
        look_begin_machine(look);
        break;
    }
}

/* ---- the plan ---- */

static const char *variable(void *context, const char *name)
{
    const char *value = getenv(name);

    (void)context;
    return value != NULL ? value : "";
}

static struct credentials_text text_of(const struct buffer *path, const struct buffer *text,
                                       bool is_there)
{
    return (struct credentials_text){.path = buffer_text(path),
                                     .text = is_there ? buffer_text(text) : NULL,
                                     .length = text->length};
}

static struct credentials_world world_of(const struct look *look)
{
    return (struct credentials_world){
        .variable = variable,
        .profile = look->profile,
        .session_name = look->session_name,
        .shared = text_of(&look->shared_path, &look->shared, look->has_shared),
        .config = text_of(&look->config_path, &look->config, look->has_config),
    };
}

/* Where STS is, as the config file says; which profile is asked is the plan's choice. */
static void read_sts_words(struct look *look)
{
    const char *profile = look->profile;

    if (profile[0] == '\0')
        profile = variable(NULL, "AWS_PROFILE");
    if (profile[0] == '\0')
        profile = variable(NULL, "AWS_DEFAULT_PROFILE");
    if (look->has_config)
        endpoint_file_read(buffer_text(&look->config), look->config.length,
                           profile[0] != '\0' ? profile : "default", "sts", &look->sts_words);
}

static void begin_plan(struct look *look)
{
    struct credentials_world world = world_of(look);
    struct credentials_hop role = look->plan.hops[0]; /* of the task */
    char error[CREDENTIALS_ERROR_MAX];

    if (look->file_status != 0) {
        end(look, LOOK_FAILED); /* on_file() has told why */
        return;
    }
    if (credentials_plan_make(&world, &look->plan, error, sizeof(error)) != 0) {
        look_fail(look, "%s", error);
        look->result.end = LOOK_NONE;
        look->result.is_local = true;
        return;
    }
    read_sts_words(look);
    if (look->has_role) {
        look->plan.hops[0] = role;
        look->plan.hop_count = 1;
        look_begin_hop(look);
        return;
    }
    look->result.is_local = look->plan.base == CREDENTIALS_BASE_KEYS && look->plan.hop_count == 0;
    begin_base(look);
}

/* ---- the files ---- */

static void on_file(struct look *look, const struct buffer *path, int status)
{
    bool is_absent = status == -ENOENT || status == -ENOTDIR;
    char why[CREDENTIALS_ERROR_MAX];

    if (status != 0 && !is_absent && look->file_status == 0) {
        look->file_status = status;
        look->result.is_local = true;
        snprintf(why, sizeof(why), "%.900s: %s", buffer_text(path), file_read_error(status));
        text_escape(look->error, sizeof(look->error), why, strlen(why));
    }
    if (look->pending == 2) /* the timer, and this worker */
        begin_plan(look);
}

static void on_shared(struct look *look, int status, const char *text, size_t length)
{
    look->has_shared = status == 0;
    if (status == 0)
        buffer_add(&look->shared, text, length);
    on_file(look, &look->shared_path, status);
}

static void on_config(struct look *look, int status, const char *text, size_t length)
{
    look->has_config = status == 0;
    if (status == 0)
        buffer_add(&look->config, text, length);
    on_file(look, &look->config_path, status);
}

/* A variable's path, or a file in ~/.aws. Stays empty when there is no home. */
static void set_path(struct buffer *out, const struct look_tools *tools, const char *name,
                     const char *file)
{
    const char *path = variable(NULL, name);
    const char *home = variable(NULL, "HOME");

    if (home[0] == '\0')
        home = tools->home;
    buffer_init(out, CREDENTIALS_PATH_MAX);
    if (path[0] != '\0' && strncmp(path, "~/", 2) != 0) {
        buffer_add_text(out, path);
    } else if (home[0] != '\0') {
        buffer_add_text(out, home);
        buffer_add_text(out, path[0] != '\0' ? "" : "/.aws/");
        buffer_add_text(out, path[0] != '\0' ? path + 1 : file);
    }
    if (out->failed)
        buffer_reset(out);
}

/* What CloudTrail shows: which machine it was. */
static void set_session_name(struct look *look)
{
    char host[UV_MAXHOSTNAMESIZE] = "";
    size_t size = sizeof(host);
    size_t length;

    uv_os_gethostname(host, &size);
    length = strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_");
    snprintf(look->session_name, sizeof(look->session_name), "regionshift-%.*s", (int)length, host);
}

static void begin(struct look *look)
{
    struct credentials_world world = world_of(look);

    if (!look->has_role && !credentials_plan_needs_files(&world)) {
        begin_plan(look);
        return;
    }
    look_read(look, buffer_text(&look->shared_path), CREDENTIALS_FILE_MAX, on_shared);
    look_read(look, buffer_text(&look->config_path), CREDENTIALS_FILE_MAX, on_config);
}

/* ---- the interface ---- */

static void take_task(struct look *look, const struct look_task *task)
{
    struct credentials_hop *hop = &look->plan.hops[0];

    snprintf(look->profile, sizeof(look->profile), "%s", task->profile);
    look->has_role = task->role != NULL;
    if (!look->has_role)
        return;
    look->lease.keys = *task->keys;
    snprintf(hop->arn, sizeof(hop->arn), "%s", task->role->arn);
    snprintf(hop->external_id, sizeof(hop->external_id), "%s", task->role->external_id);
    snprintf(hop->session_name, sizeof(hop->session_name), "%s", look->session_name);
}

struct look *look_start(struct look_tools *tools, const struct look_task *task, look_done done,
                        void *context)
{
    struct look *look = calloc(1, sizeof(*look));

    if (look == NULL)
        abort(); /* nothing is left to tell it with */
    look->tools = tools;
    look->done = done;
    look->context = context;
    set_path(&look->shared_path, tools, "AWS_SHARED_CREDENTIALS_FILE", "credentials");
    set_path(&look->config_path, tools, "AWS_CONFIG_FILE", "config");
    buffer_init(&look->shared, CREDENTIALS_FILE_MAX);
    buffer_init(&look->config, CREDENTIALS_FILE_MAX);
    buffer_init(&look->token, CREDENTIALS_FILE_MAX);
    set_session_name(look);
    take_task(look, task);
    uv_timer_init(tools->loop, &look->timer);
    look->timer.data = look;
    look_hold(look);
    begin(look);
    return look;
}

void look_cancel(struct look *look)
{
    look_fail(look, "stopped by us");
}
