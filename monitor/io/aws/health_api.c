/* SPDX-License-Identifier: Apache-2.0 */
/* Each call is a job with one question; a body is written when the job is made, for it rests on
 * nothing that could change until it is signed. */
#include "health_api.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "aws.h"
#include "credentials.h"
#include "route53_xml.h"

enum { MESSAGE_MAX = 1024, SEGMENTS_MAX = 4 };

struct health_api {
    struct aws *aws;
    struct credentials_role role; /* of the texts below */
    char role_arn[2049];          /* settings may be reloaded while a request is under way */
    char external_id[1225];
    bool has_role;
    msec_t timeout_ms;
    LIST_HEAD(health_jobs, health_job) jobs;
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;
};

enum reading { READS_CHECK, READS_PAGE, READS_STATUS, READS_NOTHING };

struct health_job {
    struct health_api *api;
    LIST_ENTRY(health_job) link;
    struct aws_call *call;
    enum reading reading;
    char id[HEALTH_ID_MAX + 1];
    const char *segments[SEGMENTS_MAX];
    struct sigv4_pair query[2];
    size_t query_count;
    struct buffer body;
    bool is_unwritable;
    health_done done;
    void *context;
    char code[65];
    char message[MESSAGE_MAX];
};

/* ---- the end of a job ---- */

static void close_when_idle(struct health_api *api);

static void finish(struct health_job *job, struct health_reply *reply)
{
    struct health_api *api = job->api;

    LIST_REMOVE(job, link);
    reply->code = job->code;
    reply->message = job->message;
    if (reply->outcome == ROUTE53_DENIED)
        aws_distrust(api->aws);
    if (reply->outcome == ROUTE53_BUSY)
        aws_slow_down(api->aws);
    job->done(job->context, reply);
    buffer_clear(&job->body);
    free(job);
    close_when_idle(api);
}

static void finish_unread(struct health_job *job)
{
    struct health_reply reply = {.outcome = ROUTE53_LOST};

    finish(job, &reply);
}

/* ---- answers ---- */

static void take_check(struct health_job *job, const struct aws_answer *answer)
{
    struct health_reply reply = {.outcome = ROUTE53_OK};
    struct health_answer read;

    if (health_answer_read(answer->body, answer->length, &read, job->message,
                           sizeof(job->message)) != 0) {
        finish_unread(job);
        return;
    }
    reply.check = &read.check;
    finish(job, &reply);
    health_answer_clear(&read);
}

static void take_page(struct health_job *job, const struct aws_answer *answer)
{
    struct health_reply reply = {.outcome = ROUTE53_OK};
    struct health_page page;

    if (health_page_read(answer->body, answer->length, &page, job->message, sizeof(job->message)) !=
        0) {
        finish_unread(job);
        return;
    }
    reply.page = &page;
    finish(job, &reply);
    health_page_clear(&page);
}

static void take_status(struct health_job *job, const struct aws_answer *answer)
{
    struct health_reply reply = {.outcome = ROUTE53_OK};
    struct health_status status;

    if (health_status_read(answer->body, answer->length, &status, job->message,
                           sizeof(job->message)) != 0) {
        finish_unread(job);
        return;
    }
    reply.status = &status;
    finish(job, &reply);
    health_status_clear(&status);
}

static void take_nothing(struct health_job *job, const struct aws_answer *answer)
{
    struct health_reply reply = {.outcome = ROUTE53_OK};

    if (health_done_read(answer->body, answer->length, job->message, sizeof(job->message)) != 0)
        reply.outcome = ROUTE53_LOST;
    finish(job, &reply);
}

static void take_error(struct health_job *job, const struct aws_answer *answer)
{
    struct health_reply reply = {.outcome = ROUTE53_LOST};
    struct route53_error error;

    if (route53_error_read(answer->body, answer->length, &error) == 0) {
        reply.outcome = route53_classify(answer->status, &error);
        snprintf(job->code, sizeof(job->code), "%s", error.code);
        snprintf(job->message, sizeof(job->message), "%s: %s (HTTP %d)", error.code, error.words,
                 answer->status);
    } else {
        reply.outcome = route53_classify(answer->status, NULL);
        snprintf(job->message, sizeof(job->message), "HTTP %d without an error of AWS",
                 answer->status);
    }
    finish(job, &reply);
}

static void take_failure(struct health_job *job, const struct aws_answer *answer)
{
    struct health_reply reply = {.outcome = ROUTE53_LOST};

    if (answer->end == AWS_STOPPED || answer->end == AWS_BAD_ENDPOINT)
        reply.outcome = ROUTE53_INVALID;
    if (answer->end == AWS_NO_CREDENTIALS)
        reply.outcome = ROUTE53_DENIED;
    snprintf(job->message, sizeof(job->message), "%s",
             job->is_unwritable ? "a setting cannot be written as XML" : answer->message);
    finish(job, &reply);
}

static void on_answer(void *context, const struct aws_answer *answer)
{
    static void (*const takers[])(struct health_job *, const struct aws_answer *) = {
        [READS_CHECK] = take_check,
        [READS_PAGE] = take_page,
        [READS_STATUS] = take_status,
        [READS_NOTHING] = take_nothing,
    };
    struct health_job *job = context;

    job->call = NULL;
    if (answer->end != AWS_ANSWERED)
        take_failure(job, answer);
    else if (answer->status != 200 && answer->status != 201)
        take_error(job, answer);
    else
        takers[job->reading](job, answer);
}

/* ---- questions ---- */

static int write_body(void *context, struct buffer *body)
{
    const struct health_job *job = context;

    if (job->is_unwritable)
        return -1;
    buffer_add(body, buffer_text(&job->body), job->body.length);
    return body->failed ? -1 : 0;
}

static struct health_job *make_job(struct health_api *api, enum reading reading,
                                   const char *collection, const char *id, health_done done,
                                   void *context)
{
    struct health_job *job = calloc(1, sizeof(*job));

    assert(!api->is_closing);
    if (job == NULL)
        abort(); /* nothing is left to tell it with */
    job->api = api;
    job->reading = reading;
    job->done = done;
    job->context = context;
    snprintf(job->id, sizeof(job->id), "%s", id);
    job->segments[0] = "2013-04-01";
    job->segments[1] = collection;
    job->segments[2] = job->id;
    buffer_init(&job->body, HEALTH_BODY_MAX);
    LIST_INSERT_HEAD(&api->jobs, job, link);
    return job;
}

static void ask(struct health_job *job, const char *method, size_t segment_count)
{
    struct aws_question question = {
        .method = method,
        .segments = job->segments,
        .segment_count = segment_count,
        .query = job->query,
        .query_count = job->query_count,
        .write_body = strcmp(method, "POST") == 0 ? write_body : NULL,
        .role = job->api->has_role ? &job->api->role : NULL,
    };

    job->call = aws_ask(job->api->aws, &question, job->api->timeout_ms, on_answer, job);
}

void health_api_list(struct health_api *api, const char *marker, health_done done, void *context)
{
    struct health_job *job = make_job(api, READS_PAGE, "healthcheck", marker, done, context);

    job->query[job->query_count++] = (struct sigv4_pair){"maxitems", "100"};
    if (job->id[0] != '\0')
        job->query[job->query_count++] = (struct sigv4_pair){"marker", job->id};
    ask(job, "GET", 2);
}

void health_api_status(struct health_api *api, const char *id, health_done done, void *context)
{
    struct health_job *job = make_job(api, READS_STATUS, "healthcheck", id, done, context);

    job->segments[3] = "status";
    ask(job, "GET", 4);
}

void health_api_make(struct health_api *api, const char *reference,
                     const struct health_config *config, health_done done, void *context)
{
    struct health_job *job = make_job(api, READS_CHECK, "healthcheck", "", done, context);

    job->is_unwritable = health_create_write(reference, config, &job->body) != 0;
    ask(job, "POST", 2);
}

void health_api_update(struct health_api *api, const char *id, int64_t version,
                       const struct health_config *config, health_done done, void *context)
{
    struct health_job *job = make_job(api, READS_CHECK, "healthcheck", id, done, context);

    job->is_unwritable = health_update_write(version, config, &job->body) != 0;
    ask(job, "POST", 3);
}

void health_api_tag(struct health_api *api, const char *id, const struct health_tag *tags,
                    size_t count, health_done done, void *context)
{
    struct health_job *job = make_job(api, READS_NOTHING, "tags", id, done, context);

    job->segments[2] = "healthcheck";
    job->segments[3] = job->id;
    job->is_unwritable = health_tags_write(tags, count, &job->body) != 0;
    ask(job, "POST", 4);
}

/* ---- life ---- */

static void take_role(struct health_api *api, const struct settings *settings)
{
    const struct hosted_zone *zone;
    uint32_t g = 0;

    while (g < settings->group_count && !settings->groups[g].beacons)
        g++;
    if (g == settings->group_count)
        g = 0; /* none has any: checks of an earlier day are looked for */
    zone = &settings->zones[settings_own_record(settings, settings->groups[g].services[0])->zone];
    api->has_role = zone->role[0] != '\0';
    snprintf(api->role_arn, sizeof(api->role_arn), "%s", zone->role);
    snprintf(api->external_id, sizeof(api->external_id), "%s", zone->external_id);
    api->role = (struct credentials_role){api->role_arn, api->external_id};
}

int health_api_create(uv_loop_t *loop, const struct settings *settings, struct health_api **ret_api)
{
    struct aws_wishes wishes = {.endpoint = settings->aws_endpoint,
                                .region = settings->aws_region,
                                .profile = settings->aws_profile,
                                .rate = settings->aws_rate};
    struct health_api *api = calloc(1, sizeof(*api));
    int rc;

    if (api == NULL)
        return -ENOMEM;
    LIST_INIT(&api->jobs);
    api->timeout_ms = settings->aws_timeout_ms;
    take_role(api, settings);
    rc = aws_create(loop, &wishes, &api->aws);
    if (rc < 0) {
        free(api);
        return rc;
    }
    *ret_api = api;
    return 0;
}

static void on_aws_closed(void *context)
{
    struct health_api *api = context;
    void (*closed)(void *) = api->closed;
    void *closed_context = api->closed_context;

    free(api);
    closed(closed_context);
}

static void close_when_idle(struct health_api *api)
{
    struct aws *aws = api->aws;

    if (!api->is_closing || !LIST_EMPTY(&api->jobs) || aws == NULL)
        return;
    api->aws = NULL;
    aws_close(aws, on_aws_closed, api);
}

void health_api_close(struct health_api *api, void (*closed)(void *context), void *context)
{
    struct health_job *job;

    if (api == NULL) {
        closed(context);
        return;
    }
    assert(!api->is_closing);
    api->is_closing = true;
    api->closed = closed;
    api->closed_context = context;
    LIST_FOREACH(job, &api->jobs, link)
    {
        if (job->call != NULL)
            aws_cancel(job->call);
    }
    close_when_idle(api);
}
