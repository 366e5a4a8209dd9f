/* SPDX-License-Identifier: Apache-2.0 */
/* A program of the operator's, and the endpoint of a container (ECS, EKS): each hands out one
 * document. */
#include "command_split.h"
#include "file_read.h"
#include "look_state.h"

enum {
    PROCESS_TIMEOUT_MS = 60 * 1000, /* some of them ask a vault far away */
    CONTAINER_TIMEOUT_MS = 2000,
    CONTAINER_ATTEMPTS = 3,
    CONTAINER_PAUSE_MS = 1000
};

/* ---- credential_process ---- */

static void on_command(void *context, const struct command_result *result)
{
    struct look *look = context;
    char why[256];

    look->command = NULL;
    if (result->output == NULL)
        look_fail(look, "credential_process of %s: %s", look->plan.origin, result->message);
    else if (credentials_json_read(result->output, result->length, CREDENTIALS_OF_PROCESS,
                                   &look->lease, why, sizeof(why)) != 0)
        look_fail(look, "credential_process of %s: %s", look->plan.origin, why);
    else
        look_have(look);
    look_release(look);
}

void look_begin_process(struct look *look)
{
    static const struct command_limits limits = {PROCESS_TIMEOUT_MS, CREDENTIALS_JSON_MAX};
    struct command command;
    char why[128];

    if (command_split(look->plan.command, &command, why, sizeof(why)) != 0) {
        look_fail(look, "credential_process of %s: %s", look->plan.origin, why);
        return;
    }
    look_hold(look);
    look->command = command_start(look->tools->loop, command.words, &limits, on_command, look);
    command_clear(&command);
}

/* ---- container ---- */

static void ask_container(struct look *look);

static void fail_container(struct look *look, const struct fetch_answer *answer)
{
    char refusal[300];

    if (!answer->is_answered) {
        look_fail(look, "%s of the container: %s", look->plan.url, answer->message);
        return;
    }
    credentials_json_refusal(answer->body, answer->length, refusal, sizeof(refusal));
    look_fail(look, "%s of the container: HTTP %d%s%s", look->plan.url, answer->status,
              refusal[0] != '\0' ? ": " : "", refusal);
}

static void on_container(void *context, const struct fetch_answer *answer)
{
    struct look *look = context;
    bool is_passing = !answer->is_answered || answer->status >= 500 || answer->status == 429;
    char why[256];

    look->fetch = NULL;
    if (is_passing && look_try_again(look, CONTAINER_ATTEMPTS, CONTAINER_PAUSE_MS))
        return;
    if (!answer->is_answered || answer->status != 200)
        fail_container(look, answer);
    else if (credentials_json_read(answer->body, answer->length, CREDENTIALS_OF_CONTAINER,
                                   &look->lease, why, sizeof(why)) != 0)
        look_fail(look, "%s of the container: %s", look->plan.url, why);
    else
        look_have(look);
}

/* authorization: "" none. */
static void send_container(struct look *look, const char *authorization)
{
    struct fetch_question question = {
        .method = "GET",
        .url = look->plan.url,
        .headers = {{"Accept", "application/json"}, {"Authorization", authorization}},
        .header_count = authorization[0] != '\0' ? 2 : 1,
        .timeout_ms = CONTAINER_TIMEOUT_MS,
        .answer_max = CREDENTIALS_JSON_MAX,
    };

    look_ask(look, &question, on_container);
}

static void on_authorization(struct look *look, int status, const char *text, size_t length)
{
    int token_length = status == 0 ? credentials_token_length(text, length) : -1;

    if (status != 0) {
        look_fail(look, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s: %s", look->plan.token_file,
                  file_read_error(status));
        return;
    }
    if (token_length < 0) {
        look_fail(look,
                  "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: %s is empty, too long, or holds a "
                  "character that would break a header",
                  look->plan.token_file);
        return;
    }
    buffer_reset(&look->token);
    buffer_add(&look->token, text, (size_t)token_length);
    send_container(look, buffer_text(&look->token));
}

/* The file is read for every request: it is replaced while we run. */
static void ask_container(struct look *look)
{
    if (look->plan.token_file[0] != '\0')
        look_read(look, look->plan.token_file, CREDENTIALS_AUTHORIZATION_MAX, on_authorization);
    else
        send_container(look, look->plan.authorization);
}

void look_begin_container(struct look *look)
{
    look_step(look, ask_container);
}
