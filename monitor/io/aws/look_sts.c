/* SPDX-License-Identifier: Apache-2.0 */
/* A role, from STS of our own region: with a token of another identity, unsigned; or on top of the
 * credentials that we have, signed. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "endpoint.h"
#include "file_read.h"
#include "look_state.h"
#include "query_form.h"
#include "sts.h"

enum { TIMEOUT_MS = 5000, ATTEMPTS = 3, PAUSE_MS = 1000, URL_MAX = 512 };

static const char *region_of(const struct look *look)
{
    return look->plan.region[0] != '\0' ? look->plan.region : look->tools->region;
}

/* -1: the look has failed. */
static int find_endpoint(struct look *look, struct aws_endpoint *ret_endpoint)
{
    char why[400];

    if (aws_endpoint_find("", AWS_STS, &look->sts_words, region_of(look), ret_endpoint, why,
                          sizeof(why)) == 0)
        return 0;
    look_fail(look, "STS: %s", why);
    return -1;
}

/* ---- answers ---- */

/* The role that was asked for. */
static const char *role_of(const struct look *look)
{
    return look->is_web ? look->plan.web.arn : look->plan.hops[look->hop].arn;
}

static void take(struct look *look, const struct fetch_answer *answer)
{
    char why[256];

    if (sts_read(answer->body, answer->length, &look->lease, why, sizeof(why)) != 0) {
        look_fail(look, "role %s: %s", role_of(look), why);
        return;
    }
    if (!look->is_web)
        look->hop++;
    look_have(look);
}

/* A signature by a clock that is off: once more by theirs. */
static bool is_clock_at_fault(struct look *look, const struct fetch_answer *answer)
{
    if (look->was_clock_off || !answer->has_date ||
        !aws_clock_was_off(look->signed_offset_ms, answer->skew_ms))
        return false;
    look->was_clock_off = true;
    return true;
}

static void refuse(struct look *look, const struct fetch_answer *answer)
{
    char words[400];
    enum sts_refusal refusal =
        sts_read_refusal(answer->status, answer->body, answer->length, words, sizeof(words));

    if (refusal == STS_CLOCK && is_clock_at_fault(look, answer)) {
        look->step(look);
        return;
    }
    if ((refusal == STS_LATER || refusal == STS_TOKEN) && look_try_again(look, ATTEMPTS, PAUSE_MS))
        return;
    look->result.is_keys_refused = refusal == STS_KEYS && look->has_role;
    look_fail(look, "role %s is not given by STS in %s: %s", role_of(look), region_of(look), words);
}

static void on_answer(void *context, const struct fetch_answer *answer)
{
    struct look *look = context;

    look->fetch = NULL;
    if (answer->has_date)
        aws_clock_hear(&look->tools->clock, answer->skew_ms);
    if (answer->is_answered && answer->status == 200) {
        take(look, answer);
    } else if (answer->is_answered) {
        refuse(look, answer);
    } else if (!look_try_again(look, ATTEMPTS, PAUSE_MS)) {
        look_fail(look, "role %s: no answer of STS in %s: %s", role_of(look), region_of(look),
                  answer->message);
    }
}

static void send_unsigned(struct look *look, const struct buffer *body)
{
    struct aws_endpoint endpoint;
    char url[URL_MAX];
    struct fetch_question question = {
        .method = "POST",
        .url = url,
        .headers = {{"Content-Type", QUERY_FORM_TYPE}},
        .header_count = 1,
        .body = buffer_text(body),
        .body_length = body->length,
        .timeout_ms = TIMEOUT_MS,
        .answer_max = STS_BODY_MAX,
    };

    if (find_endpoint(look, &endpoint) != 0)
        return;
    snprintf(url, sizeof(url), "%s://%s/", endpoint.is_tls ? "https" : "http", endpoint.authority);
    look_ask(look, &question, on_answer);
}

static struct sts_role sts_role_of(const struct credentials_hop *hop)
{
    return (struct sts_role){hop->arn, hop->external_id, hop->session_name, hop->duration_s};
}

/* ---- web identity ---- */

/* A JWT: what is in it goes through a form, and nowhere else. */
static void on_web_token(struct look *look, int status, const char *text, size_t length)
{
    struct sts_role role = sts_role_of(&look->plan.web);
    int token_length = status == 0 ? credentials_token_length(text, length) : -1;
    struct buffer body;

    if (status != 0) {
        look_fail(look, "web identity token file %s: %s", look->plan.token_file,
                  file_read_error(status));
        return;
    }
    if (token_length < 0) {
        look_fail(look, "web identity token file %s is empty, too long, or holds no token",
                  look->plan.token_file);
        return;
    }
    buffer_reset(&look->token);
    buffer_add(&look->token, text, (size_t)token_length);
    buffer_init(&body, STS_BODY_MAX);
    sts_write_web_identity(&body, &role, buffer_text(&look->token));
    if (body.failed)
        look_fail(look, "web identity token file %s is too long", look->plan.token_file);
    else
        send_unsigned(look, &body);
    buffer_clear(&body);
}

/* The file is read for every request: it is replaced while we run. */
static void ask_web(struct look *look)
{
    look_read(look, look->plan.token_file, STS_WEB_TOKEN_MAX, on_web_token);
}

void look_begin_web(struct look *look)
{
    look->is_web = true;
    look_step(look, ask_web);
}

/* ---- on top of what we have ---- */

static void time_text(const struct look *look, char out[SIGV4_TIME_LENGTH + 1])
{
    time_t now = (time_t)((look->tools->wall_ms() + look->tools->clock.offset_ms) / 1000);
    struct tm utc;

    gmtime_r(&now, &utc);
    strftime(out, SIGV4_TIME_LENGTH + 1, "%Y%m%dT%H%M%SZ", &utc);
}

static void send_signed(struct look *look, const struct sigv4_request *request,
                        const struct sigv4_signature *signature, bool is_tls)
{
    char url[URL_MAX];
    struct fetch_question question = {
        .method = "POST",
        .url = url,
        .headers = {{"Content-Type", QUERY_FORM_TYPE},
                    {"X-Amz-Date", request->time},
                    {"Authorization", signature->authorization},
                    {"X-Amz-Security-Token", look->lease.keys.token}},
        .header_count = look->lease.keys.token[0] != '\0' ? 4 : 3,
        .body = request->body,
        .body_length = request->body_length,
        .timeout_ms = TIMEOUT_MS,
        .answer_max = STS_BODY_MAX,
    };

    snprintf(url, sizeof(url), "%s://%s%s", is_tls ? "https" : "http", request->host,
             signature->target);
    look->signed_offset_ms = look->tools->clock.offset_ms;
    look_ask(look, &question, on_answer);
}

static void sign_and_send(struct look *look, const struct buffer *body)
{
    static const struct sigv4_pair headers[] = {{"Content-Type", QUERY_FORM_TYPE}};
    const struct credentials *keys = &look->lease.keys;
    struct sigv4_credentials signer = {keys->key_id, keys->secret, keys->token};
    char time[SIGV4_TIME_LENGTH + 1];
    struct sigv4_signature signature;
    struct aws_endpoint endpoint;
    struct sigv4_request request = {
        .method = "POST",
        .host = endpoint.authority,
        .headers = headers,
        .header_count = 1,
        .body = buffer_text(body),
        .body_length = body->length,
        .region = endpoint.signing_region,
        .service = "sts",
        .time = time,
    };

    if (find_endpoint(look, &endpoint) != 0)
        return;
    time_text(look, time);
    if (sigv4_sign(&request, &signer, &signature) != 0) {
        look_fail(look, "role %s: the request cannot be signed", role_of(look));
        return;
    }
    send_signed(look, &request, &signature, endpoint.is_tls);
    sigv4_signature_clear(&signature);
}

static void ask_hop(struct look *look)
{
    struct sts_role role = sts_role_of(&look->plan.hops[look->hop]);
    struct buffer body;

    buffer_init(&body, STS_BODY_MAX);
    sts_write_assume_role(&body, &role);
    if (body.failed)
        look_fail(look, "no memory to ask for role %s", role.arn);
    else
        sign_and_send(look, &body);
    buffer_clear(&body);
}

void look_begin_hop(struct look *look)
{
    look->is_web = false;
    look->was_clock_off = false;
    look_step(look, ask_hop);
}
