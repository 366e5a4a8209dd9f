/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

enum { SKEW_WORTH_TELLING_MS = 60 * 1000 };

/* ---- the end ---- */

/* The one finish: detach, then report. */
void job_finish(struct job *job, const struct report *report)
{
    struct route53 *route53 = job->route53;

    LIST_REMOVE(job, link);
    if (report->outcome == ROUTE53_DENIED)
        aws_distrust(route53->aws);
    job->tell(job, report);
    zone_read_destroy(job->read);
    pool_destroy(job->pool);
    free(job);
    route53_close_when_idle(route53);
}

void job_fail(struct job *job, enum route53_outcome outcome, const char *message)
{
    struct report report = {.outcome = outcome};

    if (message != job->message)
        snprintf(job->message, sizeof(job->message), "%s", message);
    job_finish(job, &report);
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

/* May it be asked once more, with what was wrong put right? A write may not, however surely it was
 * not executed: the engine reads the zone first, which puts clock and credentials right as well,
 * and decides again on what it finds (C3). */
static bool is_put_right(struct job *job, const struct aws_answer *answer,
                         const struct route53_error *error)
{
    enum route53_remedy remedy = route53_remedy(answer->status, error);

    if (remedy == ROUTE53_REMEDY_PATIENCE)
        aws_slow_down(job->route53->aws);
    if (job->was_asked_again || job->question.write_body != NULL || job->route53->is_closing)
        return false;
    if (remedy == ROUTE53_REMEDY_CREDENTIALS)
        aws_distrust(job->route53->aws);
    return remedy == ROUTE53_REMEDY_CREDENTIALS ||
           (remedy == ROUTE53_REMEDY_CLOCK && answer->was_signed_off_time);
}

static void put_question(struct job *job);

/* An answer other than 200. */
static void take_refusal(struct job *job, const struct aws_answer *answer)
{
    struct route53_error words;
    const struct route53_error *error = NULL;
    enum route53_outcome outcome;

    if (route53_error_read(answer->body, answer->length, &words) == 0)
        error = &words;
    if (is_put_right(job, answer, error)) {
        job->was_asked_again = true;
        put_question(job);
        return;
    }
    outcome = route53_classify(answer->status, error);
    explain_error(job, answer, error);
    if (outcome == ROUTE53_DENIED)
        add_skew(job, answer);
    job_fail(job, outcome, job->message);
}

/* No answer at all. */
static enum route53_outcome judge_end(const struct job *job, enum aws_end end)
{
    switch (end) {
    case AWS_STOPPED:
        return job->stop != ROUTE53_OK ? job->stop : ROUTE53_INVALID;
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

    job->call = NULL;
    if (answer->end == AWS_ANSWERED && answer->status == 200)
        job->take(job, answer);
    else if (answer->end == AWS_ANSWERED)
        take_refusal(job, answer);
    else
        job_fail(job, judge_end(job, answer->end),
                 job->stop != ROUTE53_OK ? job->message : answer->message);
}

/* ---- asking ---- */

static void put_question(struct job *job)
{
    job->call = aws_ask(job->route53->aws, &job->question, job->timeout_ms, on_answer, job);
}

void job_ask(struct job *job, const struct job_question *question,
             void (*take)(struct job *job, const struct aws_answer *answer))
{
    bool is_write = question->write_body != NULL;

    job->question = (struct aws_question){
        .method = is_write ? "POST" : "GET",
        .segments = job->segments,
        .segment_count = question->segment_count,
        .query = job->query,
        .query_count = question->query_count,
        .write_body = question->write_body,
        .role = job->role.arn[0] != '\0' ? &job->role : NULL,
        .urgency = question->urgency,
    };
    job->take = take;
    job->was_asked_again = false;
    if (job->route53->is_closing)
        job_fail(job, ROUTE53_LOST, "stopped by us");
    else
        put_question(job);
}

int job_stop(struct job *job, enum route53_outcome outcome, const char *message)
{
    job->stop = outcome;
    if (message != job->message)
        snprintf(job->message, sizeof(job->message), "%s", message);
    return -1;
}

/* ---- the beginning ---- */

/* Ids are written with and without their prefix. */
static const char *bare_id(const char *id)
{
    const char *slash = strrchr(id, '/');

    return slash != NULL ? slash + 1 : id;
}

static const char *keep(struct job *job, const char *text)
{
    const char *copy = pool_copy(job->pool, text, strlen(text));

    if (copy == NULL)
        abort(); /* nothing is left to tell it with */
    return copy;
}

struct job *job_create(struct route53 *route53, uint32_t zone, const char *collection,
                       const char *id, void *context,
                       void (*tell)(const struct job *job, const struct report *report))
{
    struct job *job = calloc(1, sizeof(*job));
    const struct hosted_zone *owner = &route53->settings->zones[zone];

    assert(!route53->is_closing && zone < route53->settings->zone_count);
    if (job == NULL || (job->pool = pool_create(RECORD_COPY_MAX)) == NULL)
        abort(); /* nothing is left to tell it with */
    job->route53 = route53;
    job->generation = route53->generation;
    job->zone = zone;
    job->timeout_ms = route53->settings->aws_timeout_ms;
    job->context = context;
    job->tell = tell;
    job->segments[0] = "2013-04-01";
    job->segments[1] = collection;
    job->segments[2] = keep(job, bare_id(id));
    job->role = (struct credentials_role){keep(job, owner->role), keep(job, owner->external_id)};
    LIST_INSERT_HEAD(&route53->jobs, job, link);
    return job;
}

struct zone_memory *job_memory(const struct job *job)
{
    struct route53 *route53 = job->route53;

    return job->generation == route53->generation ? &route53->zones[job->zone] : NULL;
}
