/* SPDX-License-Identifier: Apache-2.0 */
/* The metadata service of EC2, version 2 only: version 1 gives a role's credentials to whoever can
 * make us send one GET.
 *
 *   PUT token -> GET the role's name -> GET its document */
#include <stdio.h>
#include <string.h>

#include "look_state.h"

enum {
    TIMEOUT_MS = 2000,
    ATTEMPTS = 3,
    PAUSE_MS = 500,
    NAME_ANSWER_MAX = 4096,
    URL_MAX = CREDENTIALS_URL_MAX + 256
};

#define TOKEN_HEADER "x-aws-ec2-metadata-token"
#define CREDENTIALS_PATH "/latest/meta-data/iam/security-credentials/"

static void ask_token(struct look *look);
static void ask_name(struct look *look);
static void ask_document(struct look *look);

/* `what` was asked for. Nothing in front: how it came to the machine. */
static void fail(struct look *look, const char *what, const char *why)
{
    look_fail(look, "no credentials: %s%sthe metadata service %s, asked for %s: %s",
              look->plan.tried, look->plan.tried[0] != '\0' ? "; " : "", look->plan.url, what, why);
}

/* The answer to our PUT has a hop limit of 1 unless somebody raised it: in a container it dies on
 * the way, and what is seen is silence. */
static void fail_silent(struct look *look)
{
    fail(look, "a token",
         "no answer within 2 s: in a container on EC2 the instance's hop limit must be 2 "
         "(HttpPutResponseHopLimit); elsewhere set AWS_EC2_METADATA_DISABLED=true");
}

static void fail_status(struct look *look, const char *what, bool is_token,
                        const struct fetch_answer *answer)
{
    char why[FETCH_MESSAGE_MAX + 64];

    if (!answer->is_answered)
        snprintf(why, sizeof(why), "%s", answer->message);
    else if (answer->status == 404 && !is_token)
        snprintf(why, sizeof(why), "HTTP 404: the instance has no role");
    else if (answer->status == 403 || answer->status == 404 || answer->status == 405)
        snprintf(why, sizeof(why), "HTTP %d: it is switched off, or does not know version 2",
                 answer->status);
    else
        snprintf(why, sizeof(why), "HTTP %d", answer->status);
    fail(look, what, why);
}

/* True when it was no success, and the step is tried again or the look has failed. A token that is
 * refused is asked for anew; silence is waited for once. */
static bool is_over(struct look *look, const char *what, const struct fetch_answer *answer)
{
    bool is_token = look->step == ask_token;
    bool is_passing =
        answer->is_answered ? answer->status >= 500 || answer->status == 429 : !answer->is_timeout;

    look->fetch = NULL;
    if (answer->is_answered && answer->status == 200)
        return false;
    if (answer->is_answered && answer->status == 401)
        look->step = ask_token;
    if ((is_passing || answer->status == 401) && look_try_again(look, ATTEMPTS, PAUSE_MS))
        return true;
    if (answer->is_timeout && is_token)
        fail_silent(look);
    else
        fail_status(look, what, is_token, answer);
    return true;
}

static void ask(struct look *look, const char *path, const char *name, fetch_done done)
{
    char url[URL_MAX];
    struct fetch_question question = {
        .method = "GET",
        .url = url,
        .headers = {{TOKEN_HEADER, buffer_text(&look->token)}},
        .header_count = 1,
        .timeout_ms = TIMEOUT_MS,
        .answer_max = CREDENTIALS_JSON_MAX,
    };

    snprintf(url, sizeof(url), "%s%s%s", look->plan.url, path, name);
    look_ask(look, &question, done);
}

/* The attempts are counted over all three: a token that is refused again and again ends it. */
static void go_on(struct look *look, void (*step)(struct look *look))
{
    look->step = step;
    step(look);
}

/* ---- the document ---- */

static void on_document(void *context, const struct fetch_answer *answer)
{
    struct look *look = context;
    char why[512];

    if (is_over(look, "credentials", answer))
        return;
    if (credentials_json_read(answer->body, answer->length, CREDENTIALS_OF_MACHINE, &look->lease,
                              why, sizeof(why)) != 0)
        fail(look, "credentials", why);
    else
        look_have(look);
}

static void ask_document(struct look *look)
{
    ask(look, CREDENTIALS_PATH, look->role_name, on_document);
}

/* ---- the role's name ---- */

/* Names of roles: letters, digits and +=,.@_-; the first line counts. -1: it is none. */
static int take_name(struct look *look, const char *text, size_t length)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
    const char *end = memchr(text, '\n', length);
    size_t name_length = end != NULL ? (size_t)(end - text) : length;

    if (name_length == 0 || name_length >= sizeof(look->role_name))
        return -1;
    memcpy(look->role_name, text, name_length);
    look->role_name[name_length] = '\0';
    return strspn(look->role_name, allowed) == name_length ? 0 : -1;
}

static void on_name(void *context, const struct fetch_answer *answer)
{
    struct look *look = context;

    if (is_over(look, "the role's name", answer))
        return;
    if (take_name(look, answer->body, answer->length) != 0)
        fail(look, "the role's name", "what came is no name of a role");
    else
        go_on(look, ask_document);
}

static void ask_name(struct look *look)
{
    ask(look, CREDENTIALS_PATH, "", on_name);
}

/* ---- the token ---- */

static void on_token(void *context, const struct fetch_answer *answer)
{
    struct look *look = context;
    int length;

    if (is_over(look, "a token", answer))
        return;
    length = credentials_token_length(answer->body, answer->length);
    if (length < 0) {
        fail(look, "a token", "what came would break a header");
        return;
    }
    buffer_reset(&look->token);
    buffer_add(&look->token, answer->body, (size_t)length);
    go_on(look, ask_name);
}

/* For the three requests that follow at once: as short as it may live. */
static void ask_token(struct look *look)
{
    char url[URL_MAX];
    struct fetch_question question = {
        .method = "PUT",
        .url = url,
        .headers = {{TOKEN_HEADER "-ttl-seconds", "60"}},
        .header_count = 1,
        .timeout_ms = TIMEOUT_MS,
        .answer_max = NAME_ANSWER_MAX,
    };

    snprintf(url, sizeof(url), "%s/latest/api/token", look->plan.url);
    look_ask(look, &question, on_token);
}

void look_begin_machine(struct look *look)
{
    look_step(look, ask_token);
}
