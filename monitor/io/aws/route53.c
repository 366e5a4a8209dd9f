/* SPDX-License-Identifier: Apache-2.0 */
/* Each call of the interface is a job: it asks AWS one or more questions, each answer goes to the
 * job's `take`, and finish() is the only way out. A write is one question, asked once.
 *
 *   read      GetHostedZone (once per zone) -> ListResourceRecordSets ... -> view
 *   send      ChangeResourceRecordSets                                    -> change
 *   change    GetChange                                                   -> change
 *   servers   GetHostedZone                                               -> names
 *
 * The body of a change comes into being in write_change() only, which asks dry run and the guard
 * first: there is no other way for a batch to be signed (C5). */
#include "route53.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "aws.h"
#include "batch_guard.h"
#include "pool.h"
#include "record_copy.h"
#include "result.h"
#include "route53_xml.h"
#include "zone_read.h"

enum { MESSAGE_MAX = 1536, SKEW_WORTH_TELLING_MS = 60 * 1000 };

/* What is remembered of a zone between calls. */
struct zone_memory {
    char *apex; /* NULL: not known yet */
    bool is_large;
    struct zone_view *view; /* our newest reading, the guard's witness; NULL: none */
};

struct route53 {
    const struct settings *settings;
    unsigned generation; /* of the settings */
    bool is_dry_run;
    struct aws *aws;
    struct zone_memory *zones; /* one for each of the settings */
    uint32_t zone_count;
    LIST_HEAD(jobs, job) jobs;
    bool is_closing;
    void (*closed)(void *context);
    void *closed_context;
};

enum job_kind { JOB_READ, JOB_SEND, JOB_CHANGE, JOB_SERVERS };

struct job {
    struct route53 *route53;
    LIST_ENTRY(job) link;
    enum job_kind kind;
    unsigned generation;
    uint32_t zone;
    msec_t timeout_ms;
    union {
        route53_zone_done zone;
        route53_change_done change;
        route53_servers_done servers;
    } done;
    void *context;

    struct aws_call *call;
    void (*take)(struct job *job, const struct aws_answer *answer);
    const char *segments[5];
    struct sigv4_pair query[ZONE_READ_QUERY_MAX];
    struct pool *pool;         /* owns ids and batch */
    struct zone_read *read;    /* of a read */
    struct batch batch;        /* of a send */
    enum route53_outcome stop; /* why write_change() said no */
    char message[MESSAGE_MAX];
};

/* What a job ends with; what does not belong to its kind is not looked at. */
struct report {
    enum route53_outcome outcome;
    struct zone_view *view;
    const struct route53_change *change;
    const struct route53_zone *zone;
};

/* ---- the end of a job ---- */

static void close_when_idle(struct route53 *route53);

static void tell(const struct job *job, const struct report *report)
{
    switch (job->kind) {
    case JOB_READ:
        job->done.zone(job->context, report->outcome, report->view, job->message);
        break;
    case JOB_SEND:
    case JOB_CHANGE:
        job->done.change(job->context, report->outcome, report->change, job->message);
        break;
    case JOB_SERVERS:
        job->done.servers(job->context, report->outcome,
                          report->zone != NULL ? report->zone->servers : NULL,
                          report->zone != NULL ? report->zone->server_count : 0, job->message);
        break;
    }
}

/* The one finish: detach, then report. */
static void finish(struct job *job, const struct report *report)
{
    struct route53 *route53 = job->route53;

    LIST_REMOVE(job, link);
    if (report->outcome == ROUTE53_DENIED)
        aws_distrust(route53->aws);
    tell(job, report);
    zone_read_destroy(job->read);
    pool_destroy(job->pool);
    free(job);
    close_when_idle(route53);
}

/* message may be the job's own. */
static void finish_with(struct job *job, enum route53_outcome outcome, const char *message)
{
    struct report report = {.outcome = outcome};

    if (message != job->message)
        snprintf(job->message, sizeof(job->message), "%s", message);
    finish(job, &report);
}

/* ---- what an answer means ---- */

static void explain_error(struct job *job, const struct aws_answer *answer,
                          const struct route53_error *error)
{
    if (error == NULL)
        snprintf(job->message, sizeof(job->message), "HTTP %d without an error of AWS",
                 answer->status);
    else
        snprintf(job->message, sizeof(job->message), "%s: %s (HTTP %d, request %s)", error->code,
                 error->words, answer->status,
                 error->request_id[0] != '\0' ? error->request_id : "unknown");
}

/* A wrong clock is the usual reason for a signature that AWS does not accept. */
static void add_skew(struct job *job, const struct aws_answer *answer)
{
    size_t length = strlen(job->message);

    if (answer->skew_ms > -SKEW_WORTH_TELLING_MS && answer->skew_ms < SKEW_WORTH_TELLING_MS)
        return;
    snprintf(job->message + length, sizeof(job->message) - length,
             "; the server's clock is %lld s %s ours",
             (long long)(answer->skew_ms < 0 ? -answer->skew_ms : answer->skew_ms) / 1000,
             answer->skew_ms < 0 ? "behind" : "ahead of");
}

static enum route53_outcome judge_status(struct job *job, const struct aws_answer *answer)
{
    struct route53_error error;
    bool is_error = false;
    enum route53_outcome outcome;

    if (answer->status == 200)
        return ROUTE53_OK;
    is_error = route53_error_read(answer->body, answer->length, &error) == 0;
    outcome = route53_classify(answer->status, is_error ? &error : NULL);
    explain_error(job, answer, is_error ? &error : NULL);
    if (outcome == ROUTE53_DENIED)
        add_skew(job, answer);
    return outcome;
}

static enum route53_outcome judge(struct job *job, const struct aws_answer *answer)
{
    if (answer->end == AWS_ANSWERED)
        return judge_status(job, answer);
    if (answer->end == AWS_STOPPED && job->stop != ROUTE53_OK)
        return job->stop; /* write_change() left its words */
    snprintf(job->message, sizeof(job->message), "%s", answer->message);
    switch (answer->end) {
    case AWS_STOPPED:
    case AWS_BAD_ENDPOINT:
        return ROUTE53_INVALID;
    case AWS_NO_CREDENTIALS:
        return ROUTE53_DENIED;
    case AWS_ANSWERED:
    case AWS_FAILED:
    case AWS_CANCELLED:
        break;
    }
    return ROUTE53_LOST;
}

static void on_answer(void *context, const struct aws_answer *answer)
{
    struct job *job = context;
    enum route53_outcome outcome = judge(job, answer);

    job->call = NULL;
    if (outcome == ROUTE53_OK)
        job->take(job, answer);
    else
        finish_with(job, outcome, job->message);
}

/* ---- asking ---- */

static int write_change(void *context, struct buffer *body);

static void ask(struct job *job, size_t segment_count, size_t query_count,
                void (*take)(struct job *job, const struct aws_answer *answer))
{
    bool is_write = job->kind == JOB_SEND;
    struct aws_question question = {
        .method = is_write ? "POST" : "GET",
        .segments = job->segments,
        .segment_count = segment_count,
        .query = job->query,
        .query_count = query_count,
        .write_body = is_write ? write_change : NULL,
    };

    job->take = take;
    if (job->route53->is_closing)
        finish_with(job, ROUTE53_LOST, "stopped by us");
    else
        job->call = aws_ask(job->route53->aws, &question, job->timeout_ms, on_answer, job);
}

/* Ids are written with and without their prefix. */
static const char *bare_id(const char *id)
{
    const char *slash = strrchr(id, '/');

    return slash != NULL ? slash + 1 : id;
}

static struct job *make_job(struct route53 *route53, enum job_kind kind, const char *collection,
                            const char *id, void *context)
{
    struct job *job = calloc(1, sizeof(*job));

    assert(!route53->is_closing);
    if (job == NULL || (job->pool = pool_create(RECORD_COPY_MAX)) == NULL)
        abort(); /* nothing is left to tell it with */
    job->route53 = route53;
    job->kind = kind;
    job->generation = route53->generation;
    job->timeout_ms = route53->settings->aws_timeout_ms;
    job->context = context;
    job->segments[0] = "2013-04-01";
    job->segments[1] = collection;
    job->segments[2] = pool_copy(job->pool, bare_id(id), strlen(bare_id(id)));
    if (job->segments[2] == NULL)
        abort();
    LIST_INSERT_HEAD(&route53->jobs, job, link);
    return job;
}

static struct job *make_zone_job(struct route53 *route53, enum job_kind kind, uint32_t zone,
                                 void *context)
{
    struct job *job;

    assert(zone < route53->settings->zone_count);
    job = make_job(route53, kind, "hostedzone", route53->settings->zones[zone].id, context);
    job->zone = zone;
    return job;
}

/* NULL: the settings were reloaded since the job began, and its zone may be another one now. */
static struct zone_memory *memory_of(struct job *job)
{
    struct route53 *route53 = job->route53;

    return job->generation == route53->generation ? &route53->zones[job->zone] : NULL;
}

/* ---- read ---- */

static void make_nonce(char nonce[NONCE_LENGTH + 1])
{
    static const char hex[] = "0123456789abcdef";
    unsigned char bytes[NONCE_LENGTH / 2];
    ssize_t count = getrandom(bytes, sizeof(bytes), 0);

    assert(count == (ssize_t)sizeof(bytes)); /* so few come whole, says getrandom(2) */
    for (size_t i = 0; i < sizeof(bytes); i++) {
        nonce[2 * i] = hex[bytes[i] >> 4];
        nonce[2 * i + 1] = hex[bytes[i] & 15];
    }
    nonce[NONCE_LENGTH] = '\0';
}

/* Two copies: one is given away, one stays as the guard's witness. */
static int make_views(const struct job *job, const char *apex, struct zone_view *ret_views[2])
{
    uint32_t count;
    const struct record_set *sets = zone_read_sets(job->read, &count);
    char nonce[NONCE_LENGTH + 1];

    make_nonce(nonce);
    if (zone_view_create(job->zone, apex, sets, count, nonce, &ret_views[0]) != 0)
        return -1;
    if (zone_view_create(job->zone, apex, sets, count, nonce, &ret_views[1]) == 0)
        return 0;
    zone_view_destroy(ret_views[0]);
    return -1;
}

static void finish_read(struct job *job)
{
    struct zone_memory *memory = memory_of(job);
    struct report report = {.outcome = ROUTE53_OK};
    struct zone_view *views[2];

    if (memory == NULL) {
        finish_with(job, ROUTE53_LOST, "the settings changed while the zone was read");
        return;
    }
    if (make_views(job, memory->apex, views) != 0) {
        finish_with(job, ROUTE53_LOST, "no memory for the zone");
        return;
    }
    memory->is_large = zone_read_is_large(job->read);
    zone_view_destroy(memory->view);
    memory->view = views[0];
    report.view = views[1];
    finish(job, &report);
}

static void take_page(struct job *job, const struct aws_answer *answer);

static void ask_page(struct job *job)
{
    job->segments[3] = "rrset";
    ask(job, 4, zone_read_query(job->read, job->query), take_page);
}

static void take_page(struct job *job, const struct aws_answer *answer)
{
    enum zone_read_step step;
    struct route53_page page;

    if (route53_page_read(answer->body, answer->length, &page, job->message,
                          sizeof(job->message)) != 0) {
        finish_with(job, ROUTE53_LOST, job->message);
        return;
    }
    step = zone_read_take(job->read, &page, job->message, sizeof(job->message));
    route53_page_clear(&page);
    if (step == ZONE_READ_MORE)
        ask_page(job);
    else if (step == ZONE_READ_DONE)
        finish_read(job);
    else
        finish_with(job, ROUTE53_LOST, job->message);
}

static void start_pages(struct job *job, const char *apex)
{
    if (zone_read_set_apex(job->read, apex) != 0)
        finish_with(job, ROUTE53_INVALID, "a fence's name would be longer than DNS allows");
    else
        ask_page(job);
}

static void take_apex(struct job *job, const struct aws_answer *answer)
{
    struct zone_memory *memory = memory_of(job);
    struct route53_zone zone;

    if (route53_zone_read(answer->body, answer->length, &zone, job->message,
                          sizeof(job->message)) != 0) {
        finish_with(job, ROUTE53_LOST, job->message);
        return;
    }
    if (memory != NULL && memory->apex == NULL)
        memory->apex = strdup(zone.apex);
    if (memory == NULL || memory->apex == NULL)
        finish_with(job, ROUTE53_LOST, "the settings changed while the zone was read");
    else
        start_pages(job, memory->apex);
    route53_zone_clear(&zone);
}

void route53_read(struct route53 *route53, uint32_t zone, route53_zone_done done, void *context)
{
    struct job *job = make_zone_job(route53, JOB_READ, zone, context);

    job->done.zone = done;
    job->read = zone_read_create(route53->settings, zone, route53->zones[zone].is_large);
    if (job->read == NULL)
        abort();
    /* The first question is always asked: done comes from the loop. */
    if (route53->zones[zone].apex != NULL &&
        zone_read_set_apex(job->read, route53->zones[zone].apex) == 0)
        ask_page(job);
    else
        ask(job, 3, 0, take_apex);
}

/* ---- send ---- */

static int stop(struct job *job, enum route53_outcome outcome, const char *message)
{
    job->stop = outcome;
    if (message != job->message)
        snprintf(job->message, sizeof(job->message), "%s", message);
    return -1;
}

/* The signer's gate. */
static int write_change(void *context, struct buffer *body)
{
    struct job *job = context;
    struct route53 *route53 = job->route53;
    const struct zone_memory *memory = memory_of(job);

    if (route53->is_dry_run)
        return stop(job, ROUTE53_DRY_RUN, "dry run: nothing was sent");
    if (memory == NULL)
        return stop(job, ROUTE53_REFUSED, "the settings changed before the batch was sent");
    switch (batch_guard(route53->settings, &job->batch, memory->view, job->message,
                        sizeof(job->message))) {
    case BATCH_ALLOWED:
        break;
    case BATCH_STALE:
        return stop(job, ROUTE53_REFUSED, job->message);
    case BATCH_FORBIDDEN:
        return stop(job, ROUTE53_FORBIDDEN, job->message);
    }
    if (route53_batch_write(&job->batch, body) != 0)
        return stop(job, ROUTE53_INVALID, "a record set of the batch cannot be written as XML");
    return 0;
}

static void take_change(struct job *job, const struct aws_answer *answer)
{
    struct report report = {.outcome = ROUTE53_OK};
    struct route53_change change;

    if (route53_change_read(answer->body, answer->length, &change, job->message,
                            sizeof(job->message)) != 0) {
        finish_with(job, ROUTE53_LOST, job->message);
        return;
    }
    report.change = &change;
    finish(job, &report);
}

void route53_send(struct route53 *route53, const struct batch *batch, route53_change_done done,
                  void *context)
{
    struct job *job = make_zone_job(route53, JOB_SEND, batch->zone, context);

    job->done.change = done;
    if (batch_copy(job->pool, batch, &job->batch) != 0)
        abort();
    job->segments[3] = "rrset";
    job->segments[4] = ""; /* the model's path ends in a slash */
    ask(job, 5, 0, take_change);
}

/* ---- change and servers ---- */

void route53_get_change(struct route53 *route53, const char *id, route53_change_done done,
                        void *context)
{
    struct job *job = make_job(route53, JOB_CHANGE, "change", id, context);

    job->done.change = done;
    ask(job, 3, 0, take_change);
}

static void take_servers(struct job *job, const struct aws_answer *answer)
{
    struct report report = {.outcome = ROUTE53_OK};
    struct route53_zone zone;

    if (route53_zone_read(answer->body, answer->length, &zone, job->message,
                          sizeof(job->message)) != 0) {
        finish_with(job, ROUTE53_LOST, job->message);
        return;
    }
    report.zone = &zone;
    finish(job, &report);
    route53_zone_clear(&zone);
}

void route53_get_servers(struct route53 *route53, uint32_t zone, route53_servers_done done,
                         void *context)
{
    struct job *job = make_zone_job(route53, JOB_SERVERS, zone, context);

    job->done.servers = done;
    ask(job, 3, 0, take_servers);
}

/* ---- life ---- */

static void forget_zones(struct route53 *route53)
{
    for (uint32_t i = 0; i < route53->zone_count; i++) {
        free(route53->zones[i].apex);
        zone_view_destroy(route53->zones[i].view);
    }
    free(route53->zones);
    route53->zones = NULL;
    route53->zone_count = 0;
}

static int remember_zones(struct route53 *route53, const struct settings *settings)
{
    size_t count = settings->zone_count > 0 ? settings->zone_count : 1;
    struct zone_memory *zones = calloc(count, sizeof(*zones));

    if (zones == NULL)
        return -ENOMEM;
    forget_zones(route53);
    route53->zones = zones;
    route53->zone_count = settings->zone_count;
    route53->settings = settings;
    return 0;
}

int route53_create(uv_loop_t *loop, const struct settings *settings, bool dry_run,
                   struct route53 **ret_route53)
{
    struct route53 *route53 = calloc(1, sizeof(*route53));
    int status;

    if (route53 == NULL)
        return -ENOMEM;
    LIST_INIT(&route53->jobs);
    route53->is_dry_run = dry_run;
    status = remember_zones(route53, settings);
    if (status == 0)
        status = aws_create(loop, settings->aws_endpoint, settings->aws_region,
                            settings->aws_profile, "route53", &route53->aws);
    if (status != 0) {
        forget_zones(route53);
        free(route53);
        return status;
    }
    *ret_route53 = route53;
    return 0;
}

/* What was read under the old settings is no witness for batches of the new ones. */
void route53_reload(struct route53 *route53, const struct settings *settings)
{
    if (remember_zones(route53, settings) != 0 ||
        aws_set(route53->aws, settings->aws_endpoint, settings->aws_region,
                settings->aws_profile) != 0)
        abort(); /* half reloaded is worse than restarted */
    route53->generation++;
}

static void on_aws_closed(void *context)
{
    struct route53 *route53 = context;
    void (*closed)(void *) = route53->closed;
    void *closed_context = route53->closed_context;

    forget_zones(route53);
    free(route53);
    closed(closed_context);
}

static void close_when_idle(struct route53 *route53)
{
    struct aws *aws = route53->aws;

    if (!route53->is_closing || !LIST_EMPTY(&route53->jobs) || aws == NULL)
        return;
    route53->aws = NULL;
    aws_close(aws, on_aws_closed, route53);
}

void route53_close(struct route53 *route53, void (*closed)(void *context), void *context)
{
    struct job *job;

    if (route53 == NULL) {
        closed(context);
        return;
    }
    assert(!route53->is_closing);
    route53->is_closing = true;
    route53->closed = closed;
    route53->closed_context = context;
    LIST_FOREACH(job, &route53->jobs, link)
    {
        if (job->call != NULL)
            aws_cancel(job->call);
    }
    close_when_idle(route53);
}
