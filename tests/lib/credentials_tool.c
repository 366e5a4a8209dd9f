/* SPDX-License-Identifier: Apache-2.0 */
/* credentials_tool [PROFILE [REGION]]: a hand on the credentials, for tests. Reads lines
 *
 *     get [ARN [EXTERNAL-ID]] | view [ARN [EXTERNAL-ID]] | distrust | profile NAME
 *     | advance SECONDS
 *
 * and prints a line of JSON for each; the end of the input ends it. It prints secrets: they are
 * those of tests. */
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "credentials.h"
#include "json_memory.h"

static uv_loop_t *loop;
static uv_pipe_t input;
static struct credentials_source *source;
static const char *region = "us-east-1";
static int64_t advanced_ms;
static char line[8192];
static size_t line_length;

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + advanced_ms;
}

static msec_t now_ms(void)
{
    return read_ms(CLOCK_BOOTTIME);
}

static wall_t wall_ms(void)
{
    return read_ms(CLOCK_REALTIME);
}

static void print(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);

    puts(text);
    fflush(stdout);
    free(text);
    json_decref(object);
}

static void on_credentials(void *context, const struct credentials *credentials, const char *error)
{
    (void)context;
    if (credentials == NULL)
        print(json_pack("{s:n, s:s}", "key_id", "error", error));
    else
        print(json_pack("{s:s, s:s, s:s, s:s}", "key_id", credentials->key_id, "secret",
                        credentials->secret, "token", credentials->token, "error", error));
}

static void view(const struct credentials_role *role)
{
    struct credentials_view view;

    credentials_look_at(source, role, &view);
    print(json_pack("{s:b, s:s, s:I, s:s}", "known", view.is_known, "origin", view.origin,
                    "left_ms", (json_int_t)view.left_ms, "error", view.error));
}

static void act(char *text)
{
    char *rest = NULL;
    const char *verb = strtok_r(text, " ", &rest);
    const char *first = strtok_r(NULL, " ", &rest);
    const char *second = strtok_r(NULL, " ", &rest);
    struct credentials_role role = {first, second != NULL ? second : ""};

    if (verb == NULL)
        return;
    if (strcmp(verb, "get") == 0) {
        credentials_get(source, first != NULL ? &role : NULL, on_credentials, NULL);
        return;
    }
    if (strcmp(verb, "view") == 0) {
        view(first != NULL ? &role : NULL);
        return;
    }
    if (strcmp(verb, "distrust") == 0)
        credentials_distrust(source);
    else if (strcmp(verb, "profile") == 0)
        credentials_set_profile(source, first != NULL ? first : "", region);
    else if (strcmp(verb, "advance") == 0)
        advanced_ms += strtoll(first != NULL ? first : "0", NULL, 10) * 1000;
    else
        fprintf(stderr, "credentials_tool: no %s\n", verb);
    print(json_pack("{s:b}", "done", true));
}

static void on_closed(void *context)
{
    (void)context;
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
    (void)handle;
    (void)suggested;
    *ret_buffer = uv_buf_init(line + line_length, (unsigned)(sizeof(line) - 1 - line_length));
}

static void on_input(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    char *end;

    (void)buffer;
    if (length < 0) {
        uv_close((uv_handle_t *)stream, NULL);
        credentials_close(source, on_closed, NULL);
        return;
    }
    line_length += (size_t)length;
    line[line_length] = '\0';
    while ((end = strchr(line, '\n')) != NULL) {
        *end = '\0';
        act(line);
        line_length -= (size_t)(end + 1 - line);
        memmove(line, end + 1, line_length + 1);
    }
}

int main(int argc, char **argv)
{
    struct credentials_options options = {
        .profile = argc > 1 ? argv[1] : "", .seed = 1, .now_ms = now_ms, .wall_ms = wall_ms};

    loop = uv_default_loop();
    json_memory_guard();
    region = argc > 2 ? argv[2] : region;
    options.region = region;
    if (credentials_create(loop, &options, &source) != 0)
        return EXIT_FAILURE;
    uv_pipe_init(loop, &input, 0);
    uv_pipe_open(&input, 0);
    uv_read_start((uv_stream_t *)&input, on_room, on_input);
    uv_run(loop, UV_RUN_DEFAULT);
    return uv_loop_close(loop) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
