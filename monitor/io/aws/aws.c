/* SPDX-License-Identifier: Apache-2.0 */
/* A call holds up to two things that end later than it does: its timer and its transfer. end()
 * records how it ended and lets go of both; the last of them to be gone reports. So there is one
 * finish, and it always runs from the loop. */
#include "aws.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "curl_loop.h"
#include "date.h"
#include "log.h"
#include "resolver.h"
#include "result.h"
#include "transfer.h"
#include "turn.h"

struct aws {
    uv_loop_t *loop;
    struct curl_loop *curl_loop;
    struct resolver *resolver;
    struct credentials_source *credentials;
    struct turns turns;
    struct aws_clock clock;
    bool has_heard_clock;
    msec_t heard_ms; /* theirs minus ours, of the newest answer that is believed */
    struct aws_endpoint endpoint;
    char endpoint_error[AWS_MESSAGE_MAX]; /* "" : the endpoint is good */
    unsigned call_count;
    void (*closed)(void *context);
    void *closed_context;
};

struct aws_call {
    struct aws *aws;
    struct aws_question question;
    struct aws_endpoint endpoint; /* of its beginning */
    msec_t signed_offset_ms;      /* as the clock was when it was signed */
    msec_t timeout_ms;
    aws_done done;
    void *context;

    struct turn turn;
    uv_timer_t deadline;
    struct lookup *lookup;                   /* while resolving */
    struct credentials_request *credentials; /* while asking for them */
    CURL *easy;
    struct curl_slist *headers;
    struct curl_slist *addresses; /* for CURLOPT_RESOLVE */
    bool is_transferring;
    unsigned pending; /* deadline, transfer: not yet gone */

    struct buffer body;
    struct buffer reply;
    char curl_error[CURL_ERROR_SIZE];

    bool has_ended;
    struct aws_answer answer;
    char message[AWS_MESSAGE_MAX];
};

/* ---- the end ---- */

/* The one finish: detach, then report. */
static void finish(struct aws_call *call)
{
    call->aws->call_count--;
    curl_easy_cleanup(call->easy);
    transfer_free_headers(call->headers);
    curl_slist_free_all(call->addresses);
    call->answer.body = buffer_text(&call->reply);
    call->answer.length = call->reply.length;
    call->answer.message = call->message;
    call->done(call->context, &call->answer);
    buffer_clear(&call->body);
    buffer_clear(&call->reply);
    free(call);
}

static void let_go(struct aws_call *call)
{
    assert(call->pending > 0);
    if (--call->pending == 0)
        finish(call);
}

static void on_deadline_closed(uv_handle_t *handle)
{
    let_go(handle->data);
}

/* message: NULL when there is nothing to say. The first end counts. */
static void end(struct aws_call *call, enum aws_end how, const char *message)
{
    if (call->has_ended)
        return;
    call->has_ended = true;
    call->answer.end = how;
    if (message != NULL)
        text_escape(call->message, sizeof(call->message), message, strlen(message));
    turns_leave(&call->aws->turns, &call->turn);
    resolver_cancel(call->lookup);
    credentials_cancel(call->credentials);
    if (call->is_transferring)
        curl_loop_cancel(call->aws->curl_loop, call->easy);
    uv_close((uv_handle_t *)&call->deadline, on_deadline_closed);
}

static void on_deadline(uv_timer_t *timer)
{
    struct aws_call *call = timer->data;
    bool is_asked = call->credentials == NULL; /* else nothing was sent, and surely not executed */
    char message[96];

    snprintf(message, sizeof(message), "no %s within %lld ms",
             is_asked ? "answer" : "credentials, which are still looked for,",
             (long long)call->timeout_ms);
    end(call, is_asked ? AWS_FAILED : AWS_NO_CREDENTIALS, message);
}

/* ---- transfer ---- */

static size_t on_reply(char *bytes, size_t size, size_t count, void *context)
{
    struct aws_call *call = context;

    buffer_add(&call->reply, bytes, size * count);
    return call->reply.failed ? 0 : size * count; /* 0 ends the transfer */
}

static void tell_clock(msec_t offset_ms)
{
    if (offset_ms == 0)
        log_say(LOG_LEVEL_WARN, "aws: our clock and AWS's agree again");
    else
        log_say(LOG_LEVEL_ERROR,
                "aws: our clock is %lld s %s AWS's: requests are signed by theirs, nothing else "
                "goes by it; set this machine's clock",
                (long long)(offset_ms < 0 ? -offset_ms : offset_ms) / 1000,
                offset_ms < 0 ? "ahead of" : "behind");
}

static void hear_clock(struct aws_call *call)
{
    struct aws *aws = call->aws;
    struct aws_date date;

    aws_date_read(call->easy, &date);
    call->answer.skew_ms = date.skew_ms;
    if (!date.is_verified && !date.is_local) /* settings that name this machine trust it */
        return;
    aws->has_heard_clock = true;
    aws->heard_ms = date.skew_ms;
    call->answer.was_signed_off_time = aws_clock_was_off(call->signed_offset_ms, date.skew_ms);
    if (aws_clock_hear(&aws->clock, date.skew_ms))
        tell_clock(aws->clock.offset_ms);
}

static void on_transfer(void *context, CURL *easy, CURLcode code)
{
    struct aws_call *call = context;
    long status = 0;

    call->is_transferring = false;
    if (code == CURLE_OK) {
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
        call->answer.status = (int)status;
        hear_clock(call);
        end(call, AWS_ANSWERED, NULL);
    } else if (call->reply.failed) {
        end(call, AWS_FAILED, "the answer is larger than 1 MiB");
    } else {
        end(call, AWS_FAILED,
            call->curl_error[0] != '\0' ? call->curl_error : curl_easy_strerror(code));
    }
    let_go(call);
}

static int set_url(struct aws_call *call, const char *target)
{
    struct buffer url;
    int status = -1;

    buffer_init(&url, SIGV4_TARGET_MAX + sizeof(call->endpoint.authority) + 16);
    buffer_add_text(&url, call->endpoint.is_tls ? "https://" : "http://");
    buffer_add_text(&url, call->endpoint.authority);
    buffer_add_text(&url, target);
    if (!url.failed && curl_easy_setopt(call->easy, CURLOPT_URL, buffer_text(&url)) == CURLE_OK)
        status = 0;
    buffer_clear(&url);
    return status;
}

/* A write goes over a connection of its own: over a kept one that turns out dead libcurl would
 * send the request a second time by itself, and the first may have been executed (C3). */
static int set_method(struct aws_call *call)
{
    const char *method = call->question.method;
    CURLoption kind = call->question.write_body != NULL ? CURLOPT_POST : CURLOPT_HTTPGET;

    if (strcmp(method, "GET") != 0)
        curl_easy_setopt(call->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(call->easy, kind, 1L);
    return curl_easy_setopt(call->easy, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK ? 0 : -1;
}

static int set_request(struct aws_call *call)
{
    CURL *easy = call->easy;

    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, call->addresses);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_error);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_reply);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
    if (transfer_set_authorities(easy) != 0 || set_method(call) != 0)
        return -1;
    if (call->question.write_body == NULL)
        return 0;
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.length);
    return curl_easy_setopt(easy, CURLOPT_POSTFIELDS, buffer_text(&call->body)) == CURLE_OK ? 0
                                                                                            : -1;
}

/* ---- signature ---- */

static void now_text(msec_t offset_ms, char out[SIGV4_TIME_LENGTH + 1])
{
    struct timespec now;
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += (time_t)(offset_ms / 1000);
    gmtime_r(&now.tv_sec, &utc);
    strftime(out, SIGV4_TIME_LENGTH + 1, "%Y%m%dT%H%M%SZ", &utc);
}

static int add_headers(struct aws_call *call, const struct sigv4_request *request,
                       const struct sigv4_credentials *credentials, const char *authorization)
{
    if (transfer_add_header(&call->headers, "Host", request->host) != 0 ||
        transfer_add_header(&call->headers, "X-Amz-Date", request->time) != 0 ||
        transfer_add_header(&call->headers, "Authorization", authorization) != 0 ||
        transfer_add_header(&call->headers, "User-Agent", "regionshift") != 0)
        return -1;
    if (credentials->token[0] != '\0' &&
        transfer_add_header(&call->headers, "X-Amz-Security-Token", credentials->token) != 0)
        return -1;
    for (size_t i = 0; i < request->header_count; i++) {
        if (transfer_add_header(&call->headers, request->headers[i].key,
                                request->headers[i].value) != 0)
            return -1;
    }
    return 0;
}

static int sign(struct aws_call *call, const struct sigv4_credentials *credentials)
{
    const struct aws_question *question = &call->question;
    const char *type = question->content_type != NULL ? question->content_type : "application/xml";
    const struct sigv4_pair content_type[] = {{"Content-Type", type}};
    char time[SIGV4_TIME_LENGTH + 1] = "";
    struct sigv4_signature signature;
    struct sigv4_request request = {
        .method = question->method,
        .host = call->endpoint.authority,
        .segments = question->segments,
        .segment_count = question->segment_count,
        .query = question->query,
        .query_count = question->query_count,
        .headers = content_type,
        .header_count = question->write_body != NULL ? 1 : 0,
        .body = buffer_text(&call->body),
        .body_length = call->body.length,
        .region = call->endpoint.signing_region,
        .service = call->endpoint.signing_service,
        .time = time,
    };
    int status = -1;

    call->signed_offset_ms = call->aws->clock.offset_ms;
    now_text(call->signed_offset_ms, time);
    if (sigv4_sign(&request, credentials, &signature) != 0)
        return -1;
    if (set_url(call, signature.target) == 0 &&
        add_headers(call, &request, credentials, signature.authorization) == 0)
        status = set_request(call);
    sigv4_signature_clear(&signature);
    return status;
}

static void on_credentials(void *context, const struct credentials *credentials, const char *error)
{
    struct aws_call *call = context;
    struct sigv4_credentials keys;

    call->credentials = NULL;
    if (credentials == NULL) {
        end(call, AWS_NO_CREDENTIALS, error);
        return;
    }
    if (call->question.write_body != NULL &&
        call->question.write_body(call->context, &call->body) != 0) {
        end(call, AWS_STOPPED, "not allowed to be sent");
        return;
    }
    keys = (struct sigv4_credentials){credentials->key_id, credentials->secret, credentials->token};
    call->easy = curl_loop_easy(call->endpoint.is_tls ? "https" : "http");
    if (call->easy == NULL || sign(call, &keys) != 0) {
        end(call, AWS_STOPPED, "the request could not be signed");
        return;
    }
    call->is_transferring = true;
    call->pending++;
    curl_loop_start(call->aws->curl_loop, call->easy, on_transfer, call);
}

/* ---- addresses ---- */

static void add_address(struct buffer *entry, const union address *address)
{
    char text[ADDRESS_TEXT_MAX];
    union address portless = *address;

    address_set_port(&portless, 0);
    address_format(&portless, text);
    *strrchr(text, ':') = '\0'; /* "192.0.2.1:0", "[2001:db8::1]:0" */
    buffer_add_text(entry, text);
}

/* libcurl finds the name in its cache, where this entry puts it, and never resolves by itself. */
static int set_addresses(struct aws_call *call, const struct resolution *resolution)
{
    struct buffer entry;
    char port[16];

    buffer_init(&entry, 1024);
    snprintf(port, sizeof(port), ":%u:", (unsigned)call->endpoint.port);
    buffer_add_text(&entry, call->endpoint.host);
    buffer_add_text(&entry, port);
    for (unsigned i = 0; i < resolution->count; i++) {
        if (i > 0)
            buffer_add_char(&entry, ',');
        add_address(&entry, &resolution->addresses[i]);
    }
    if (!entry.failed)
        call->addresses = curl_slist_append(NULL, buffer_text(&entry));
    buffer_clear(&entry);
    return call->addresses != NULL ? 0 : -1;
}

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct aws_call *call = context;
    union address literal;
    char message[AWS_MESSAGE_MAX];

    call->lookup = NULL;
    if (resolution->status != DNS_OK) {
        snprintf(message, sizeof(message), "%s cannot be resolved: %s", call->endpoint.host,
                 dns_status_name(resolution->status));
        end(call, AWS_FAILED, message);
        return;
    }
    if (!address_parse(call->endpoint.host, &literal) && set_addresses(call, resolution) != 0) {
        end(call, AWS_FAILED, "no memory");
        return;
    }
    call->credentials =
        credentials_get(call->aws->credentials, call->question.role, on_credentials, call);
}

/* ---- the interface ---- */

static void begin(struct turn *turn)
{
    struct aws_call *call = turn->call;

    uv_timer_start(&call->deadline, on_deadline, (uint64_t)call->timeout_ms, 0);
    call->lookup = resolver_lookup(call->aws->resolver, call->endpoint.host, on_resolved, call);
}

struct aws_call *aws_ask(struct aws *aws, const struct aws_question *question, msec_t timeout_ms,
                         aws_done done, void *context)
{
    struct aws_call *call = calloc(1, sizeof(*call));

    if (call == NULL)
        abort(); /* nothing is left to tell it with */
    aws->call_count++;
    call->aws = aws;
    call->question = *question;
    call->endpoint = question->endpoint != NULL ? *question->endpoint : aws->endpoint;
    call->timeout_ms = timeout_ms;
    call->done = done;
    call->context = context;
    call->turn = (struct turn){.urgency = question->urgency, .begin = begin, .call = call};
    buffer_init(&call->body, AWS_BODY_MAX);
    buffer_init(&call->reply, AWS_ANSWER_MAX);
    uv_timer_init(aws->loop, &call->deadline);
    call->deadline.data = call;
    call->pending = 1;
    if (question->endpoint == NULL && aws->endpoint_error[0] != '\0')
        end(call, AWS_BAD_ENDPOINT, aws->endpoint_error);
    else
        turns_wait(&aws->turns, &call->turn);
    return call;
}

void aws_cancel(struct aws_call *call)
{
    end(call, AWS_CANCELLED, "stopped by us");
}

void aws_distrust(struct aws *aws)
{
    credentials_distrust(aws->credentials);
}

void aws_slow_down(struct aws *aws)
{
    turns_slow_down(&aws->turns);
}

void aws_identity(const struct aws *aws, const struct credentials_role *role,
                  struct credentials_view *ret_view)
{
    credentials_look_at(aws->credentials, role, ret_view);
}

bool aws_clock_heard(const struct aws *aws, msec_t *ret_skew_ms)
{
    if (aws->has_heard_clock)
        *ret_skew_ms = aws->heard_ms;
    return aws->has_heard_clock;
}

static void adopt(struct aws *aws, const struct aws_wishes *wishes)
{
    struct endpoint_words words;

    aws_endpoint_read_config(AWS_ROUTE_53, wishes->profile, &words);
    aws->endpoint_error[0] = '\0';
    aws_endpoint_find(wishes->endpoint, AWS_ROUTE_53, &words, wishes->region, &aws->endpoint,
                      aws->endpoint_error, sizeof(aws->endpoint_error));
    turns_set_rate(&aws->turns, wishes->rate);
}

int aws_set(struct aws *aws, const struct aws_wishes *wishes)
{
    int status = credentials_set_profile(aws->credentials, wishes->profile, wishes->region);

    if (status == 0)
        adopt(aws, wishes);
    return status;
}

static void on_create_undone(void *context)
{
    (void)context;
}

int aws_create(uv_loop_t *loop, const struct aws_wishes *wishes, struct aws **ret_aws)
{
    const struct credentials_options options = {.profile = wishes->profile,
                                                .region = wishes->region};
    struct aws *aws = calloc(1, sizeof(*aws));
    int status;

    if (aws == NULL)
        return -ENOMEM;
    aws->loop = loop;
    status = curl_loop_create(loop, &aws->curl_loop);
    if (status == 0)
        status = resolver_create(loop, NULL, &aws->resolver);
    if (status == 0)
        status = credentials_create(loop, &options, &aws->credentials);
    if (status != 0) {
        resolver_close(aws->resolver, on_create_undone, NULL);
        curl_loop_close(aws->curl_loop, on_create_undone, NULL);
        free(aws);
        return status;
    }
    turns_open(&aws->turns, loop, wishes->rate);
    adopt(aws, wishes);
    *ret_aws = aws;
    return 0;
}

/* One after the other, as each may still use the loop. */
static void on_turns_closed(void *context)
{
    struct aws *aws = context;
    void (*closed)(void *) = aws->closed;
    void *closed_context = aws->closed_context;

    free(aws);
    closed(closed_context);
}

static void on_credentials_closed(void *context)
{
    struct aws *aws = context;

    turns_close(&aws->turns, on_turns_closed, aws);
}

static void on_resolver_closed(void *context)
{
    struct aws *aws = context;

    credentials_close(aws->credentials, on_credentials_closed, aws);
}

static void on_curl_loop_closed(void *context)
{
    struct aws *aws = context;

    resolver_close(aws->resolver, on_resolver_closed, aws);
}

void aws_close(struct aws *aws, void (*closed)(void *context), void *context)
{
    if (aws == NULL) {
        closed(context);
        return;
    }
    assert(aws->call_count == 0);
    aws->closed = closed;
    aws->closed_context = context;
    curl_loop_close(aws->curl_loop, on_curl_loop_closed, aws);
}
