/* SPDX-License-Identifier: Apache-2.0 */
/* A question outlives its attempt when that is cancelled: the client tells of every end, from the
 * loop, and the question is freed then. */
#include "cloud.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../aws/aws.h"
#include "query_form.h"
#include "route53_xml.h"

enum { FORM_SERVICES = AWS_ELB + 1, SKEW_WORTH_TELLING_MS = 60 * 1000 };

struct cloud {
    struct aws *aws;
    struct endpoint_words words[FORM_SERVICES]; /* of the config file, read once */
    unsigned asked_count;                       /* not yet ended */
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;
};

struct cloud_call {
    struct cloud *cloud;
    struct attempt *attempt; /* NULL: released */
    const struct cloud_kind *kind;
    struct aws_call *call;
    struct aws_endpoint endpoint;
    struct credentials_role role;
    const char *what;
};

/* ---- the end ---- */

static void on_aws_closed(void *context)
{
    struct cloud *cloud = context;
    void (*closed)(void *) = cloud->closed;
    void *closed_context = cloud->closed_context;

    free(cloud);
    closed(closed_context);
}

static void close_when_idle(struct cloud *cloud)
{
    struct aws *aws = cloud->aws;

    if (!cloud->is_closing || cloud->asked_count > 0 || aws == NULL)
        return;
    cloud->aws = NULL;
    aws_close(aws, on_aws_closed, cloud);
}

/* ---- answers ---- */

static void end_unreadable(struct attempt *attempt, const struct cloud_kind *kind, int status)
{
    attempt_end(attempt, RESULT_VOID, FAILURE_STATUS, "%s in %s: HTTP %d without an error of AWS",
                kind->words, attempt->check->of.aws->region, status);
}

/* A wrong clock is the usual reason for a signature that AWS does not accept; the next one is made
 * by theirs. */
static void skew_words(const struct aws_answer *answer, char *out, size_t size)
{
    long long seconds = (long long)(answer->skew_ms / 1000);

    out[0] = '\0';
    if (answer->skew_ms >= SKEW_WORTH_TELLING_MS || answer->skew_ms <= -SKEW_WORTH_TELLING_MS)
        snprintf(out, size, " (its clock is %lld s %s ours)", seconds < 0 ? -seconds : seconds,
                 seconds < 0 ? "behind" : "ahead of");
}

/* Nothing is asked again within an attempt: the next one has the new keys, the right time. */
static void refuse(struct attempt *attempt, const struct cloud_call *call,
                   const struct aws_answer *answer)
{
    struct route53_error error;
    char skew[64];

    if (route53_error_read(answer->body, answer->length, &error) != 0) {
        if (answer->status == 429)
            aws_slow_down(call->cloud->aws);
        end_unreadable(attempt, call->kind, answer->status);
        return;
    }
    switch (route53_remedy(answer->status, &error)) {
    case ROUTE53_REMEDY_PATIENCE:
        aws_slow_down(call->cloud->aws);
        break;
    case ROUTE53_REMEDY_CREDENTIALS:
        aws_distrust(call->cloud->aws);
        break;
    case ROUTE53_REMEDY_CLOCK:
    case ROUTE53_REMEDY_NONE:
        break;
    }
    skew_words(answer, skew, sizeof(skew));
    attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s in %s: %s: %s%s", call->kind->words,
                attempt->check->of.aws->region, error.code, error.words, skew);
}

/* What has no answer: nobody to ask it as is ours, a lost connection may be AWS's. */
static void end_without(struct attempt *attempt, const struct cloud_call *call,
                        const struct aws_answer *answer)
{
    bool was_sent = answer->end == AWS_FAILED;

    attempt_end(attempt, RESULT_VOID, was_sent ? FAILURE_CONNECT : FAILURE_POLICY, "%s in %s: %s",
                call->kind->words, attempt->check->of.aws->region, answer->message);
}

static void on_answer(void *context, const struct aws_answer *answer)
{
    struct cloud_call *call = context;
    struct attempt *attempt = call->attempt;
    struct cloud *cloud = call->cloud;

    call->call = NULL;
    if (attempt != NULL) {
        attempt->held = NULL;
        if (answer->end != AWS_ANSWERED)
            end_without(attempt, call, answer);
        else if (answer->status == 200)
            call->kind->take(attempt, answer->body, answer->length);
        else
            refuse(attempt, call, answer);
    }
    free(call);
    cloud->asked_count--;
    close_when_idle(cloud);
}

void cloud_release(struct attempt *attempt)
{
    struct cloud_call *call = attempt->held;

    if (call == NULL)
        return;
    attempt->held = NULL;
    call->attempt = NULL;
    aws_cancel(call->call);
}

/* ---- questions ---- */

static int write_form(void *context, struct buffer *body)
{
    const struct cloud_call *call = context;

    call->kind->write(body, call->what);
    return body->failed ? -1 : 0;
}

static struct cloud_call *make_call(struct attempt *attempt, const struct cloud_kind *kind)
{
    const struct check_aws *of = attempt->check->of.aws;
    struct cloud_call *call = prober_need(calloc(1, sizeof(*call)));

    call->cloud = attempt->prober->cloud;
    call->attempt = attempt;
    call->kind = kind;
    call->role = (struct credentials_role){of->role, of->external_id};
    call->what = of->what;
    return call;
}

/* The client gives up a little before the prober does: it knows what was waited for. */
static void ask(struct cloud_call *call)
{
    msec_t timeout_ms = call->attempt->check->timeout_ms;
    struct aws_question question = {
        .method = "POST",
        .write_body = write_form,
        .content_type = QUERY_FORM_TYPE,
        .endpoint = &call->endpoint,
        .role = call->role.arn[0] != '\0' ? &call->role : NULL,
        .urgency = AWS_READ,
    };

    call->cloud->asked_count++;
    call->attempt->held = call;
    call->call =
        aws_ask(call->cloud->aws, &question, timeout_ms - timeout_ms / 16, on_answer, call);
}

void cloud_begin(struct attempt *attempt, const struct cloud_kind *kind)
{
    struct cloud *cloud = attempt->prober->cloud;
    struct cloud_call *call;
    char error[160];

    assert(cloud != NULL); /* prober_set_aws() */
    call = make_call(attempt, kind);
    if (aws_endpoint_find("", kind->service, &cloud->words[kind->service],
                          attempt->check->of.aws->region, &call->endpoint, error,
                          sizeof(error)) == 0) {
        ask(call);
        return;
    }
    free(call);
    attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s: %s", kind->words, error);
}

/* ---- life ---- */

int cloud_create(uv_loop_t *loop, const char *profile, const char *region, struct cloud **ret_cloud)
{
    const struct aws_wishes wishes = {
        .endpoint = "", .region = region, .profile = profile, .rate = CLOUD_RATE};
    struct cloud *cloud = calloc(1, sizeof(*cloud));
    int code;

    if (cloud == NULL)
        return -ENOMEM;
    code = aws_create(loop, &wishes, &cloud->aws);
    if (code < 0) {
        free(cloud);
        return code;
    }
    aws_endpoint_read_config(AWS_CLOUDWATCH, profile, &cloud->words[AWS_CLOUDWATCH]);
    aws_endpoint_read_config(AWS_ELB, profile, &cloud->words[AWS_ELB]);
    *ret_cloud = cloud;
    return 0;
}

static bool needs_aws(const struct settings *settings)
{
    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].kind == CHECK_ALARM || settings->checks[i].kind == CHECK_ALB)
            return true;
    }
    return false;
}

int prober_set_aws(struct prober *prober, const struct settings *settings)
{
    int code;

    assert(prober->cloud == NULL && !prober->closing);
    if (!needs_aws(settings))
        return 0;
    code = cloud_create(prober->loop, settings->aws_profile, settings->aws_region, &prober->cloud);
    if (code < 0)
        return code;
    prober->open_count++;
    return 0;
}

void cloud_close(struct cloud *cloud, void (*closed)(void *context), void *context)
{
    assert(!cloud->is_closing);
    cloud->is_closing = true;
    cloud->closed = closed;
    cloud->closed_context = context;
    close_when_idle(cloud);
}
