/* SPDX-License-Identifier: Apache-2.0 */
/* grpc:// and grpcs://: grpc.health.v1.Health/Check, one call over one connection. libcurl carries
 * HTTP/2; what gRPC is beyond that are five bytes before a message and two lines behind it. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "grpc_health.h"
#include "head.h"
#include "http_curl.h"

extern const struct attempt_kind kind_grpc;

enum { SHOWN_MAX = 80 };

/* ---- asking ---- */

/* The server may stop when we do. */
static bool add_timeout(struct transfer *transfer, const struct check *check)
{
    static const msec_t digits_max = 99999999; /* eight of them, says the protocol */
    msec_t left_ms = check->timeout_ms < digits_max ? check->timeout_ms : digits_max;
    char line[40];

    snprintf(line, sizeof(line), "grpc-timeout: %lldm", (long long)left_ms);
    return http_curl_add_header(transfer, line);
}

static bool add_call(struct transfer *transfer, const struct check *check)
{
    char request[GRPC_REQUEST_MAX];
    size_t length = grpc_health_write(check->of.grpc->service, request, sizeof(request));
    CURL *easy = transfer->easy;

    return length > 0 && http_curl_add_header(transfer, "content-type: application/grpc") &&
           http_curl_add_header(transfer, "te: trailers") && add_timeout(transfer, check) &&
           curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)length) == CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, request) == CURLE_OK;
}

/* ---- judging ---- */

static void end_bad(struct attempt *attempt, enum failure failure, const char *what)
{
    attempt_end(attempt, RESULT_BAD, failure, "%s", what);
}

/* A page of a web server is no answer to a call, however good it is. Returns true when the attempt
 * has ended. */
static bool refuse_page(struct attempt *attempt, const struct transfer *transfer)
{
    static const char grpc[] = "application/grpc"; /* "+proto" and others may follow */
    struct head_line type = {.value = ""};
    char shown[SHOWN_MAX];

    if (transfer->status != 200) {
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "HTTP status %d, wanted 200 of gRPC",
                    transfer->status);
        return true;
    }
    if (head_find(buffer_text(&transfer->head), transfer->head.length, "content-type", &type) &&
        type.value_length >= strlen(grpc) && strncasecmp(type.value, grpc, strlen(grpc)) == 0)
        return false;
    text_escape(shown, sizeof(shown), type.value, type.value_length);
    attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "no gRPC: content-type is \"%s\", wanted %s",
                shown, grpc);
    return true;
}

/* What can be mended by whoever reads it is said in words. The server knows our deadline, and may
 * be a moment before us in giving up: that is a timeout all the same. */
static void end_refused(struct attempt *attempt, const struct grpc_end *end)
{
    const char *name = grpc_code_name(end->code);
    const char *between = end->message[0] != '\0' ? ": " : "";
    char what[SHOWN_MAX + 40];
    char service[SHOWN_MAX];

    text_escape(service, sizeof(service), attempt->check->of.grpc->service,
                strlen(attempt->check->of.grpc->service));
    snprintf(what, sizeof(what), "the call failed");
    if (end->code == GRPC_UNIMPLEMENTED)
        snprintf(what, sizeof(what), "the server has no health service (grpc.health.v1)");
    else if (end->code == GRPC_NOT_FOUND)
        snprintf(what, sizeof(what), "the server knows no service \"%s\"", service);
    attempt_end(attempt, RESULT_BAD,
                end->code == GRPC_DEADLINE_EXCEEDED ? FAILURE_TIMEOUT : FAILURE_STATUS,
                "%s: grpc-status %u %s%s%s", what, end->code, name != NULL ? name : "(unknown)",
                between, end->message);
}

static void judge_state(struct attempt *attempt, const struct transfer *transfer)
{
    char state[GRPC_STATE_SIZE];
    char error[GRPC_ERROR_MAX];
    char seen[40];
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATE), .state = state};

    if (grpc_health_read(buffer_text(&transfer->body), transfer->body.length, state, error) < 0) {
        end_bad(attempt, FAILURE_BODY, error);
        return;
    }
    http_curl_tell_tls(transfer, &answer);
    snprintf(seen, sizeof(seen), "state %s", state);
    attempt_judge(attempt, &answer, seen);
}

static void judge(struct attempt *attempt, const struct transfer *transfer)
{
    char error[GRPC_ERROR_MAX];
    struct grpc_end end;

    if (refuse_page(attempt, transfer))
        return;
    if (transfer->enough)
        attempt_end(attempt, RESULT_BAD, FAILURE_BODY, "an answer of %d bytes or more",
                    GRPC_ANSWER_MAX);
    else if (grpc_end_read(buffer_text(&transfer->head), transfer->head.length, &end, error) < 0)
        end_bad(attempt, FAILURE_STATUS, error);
    else if (end.code != GRPC_OK)
        end_refused(attempt, &end);
    else
        judge_state(attempt, transfer);
}

static void begin(struct attempt *attempt)
{
    static const struct http_question call = {.is_call = true,
                                              .path = GRPC_HEALTH_PATH,
                                              .body_max = GRPC_ANSWER_MAX,
                                              .add = add_call,
                                              .judge = judge};

    http_curl_begin(attempt, &call);
}

const struct attempt_kind kind_grpc = {
    .needs_address = true,
    .begin = begin,
    .release = http_curl_release,
    .doing = http_curl_doing,
};
