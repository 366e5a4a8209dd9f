/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a clock that runs only while we listen. Each tick adds what went by since the last one,
 * and never more than a little; a job's silence is what that clock says since its report, and goes
 * on from its file after a restart. */
#include "pushes.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uv.h>

#include "loop.h"
#include "push_files.h"

enum {
    TICK_MS = 5000,
    STEP_MAX_MS = 2 * TICK_MS, /* more between two ticks: we did not listen */
    SAVE_MS = 15 * 60 * 1000   /* so much silence is forgotten at most when we end */
};

/* Somebody who waits for a report to be on disk. */
struct waiter {
    STAILQ_ENTRY(waiter) link;
    uint64_t version; /* of the job, which has to be written */
    pushes_kept kept;
    void *context;
};
STAILQ_HEAD(waiters, waiter);

struct job {
    uint32_t check;
    uint64_t version; /* rises with each report; 0: it never reported */
    uint64_t written; /* the version on disk */
    bool is_stale;    /* the file says less silence than there was */
    bool has_failed;  /* to be written, since the last tick and the last report */
    msec_t from_ms;   /* of the listening clock, when it reported; negative after a restart */
    struct push_report report;
    struct push_kept kept;
    struct waiters waiters;
};

struct pushes {
    const struct settings *settings;
    pushes_heard heard;
    void *context;
    struct push_files *files;
    struct job *jobs;
    uint32_t job_count;
    uint64_t versions;  /* given out: no two reports have the same */
    msec_t listened_ms; /* until last_ms */
    msec_t last_ms;
    msec_t saved_ms; /* of the listening clock, when all files were last found stale */
    uv_timer_t tick;
};

/* ---- the clock ---- */

/* Stands still while the machine is suspended. */
static msec_t now_ms(void)
{
    return (msec_t)(uv_hrtime() / 1000000);
}

static msec_t listened(const struct pushes *pushes)
{
    msec_t step_ms = now_ms() - pushes->last_ms;

    return pushes->listened_ms + (step_ms < STEP_MAX_MS ? step_ms : STEP_MAX_MS);
}

static msec_t silence(const struct pushes *pushes, const struct job *job)
{
    return listened(pushes) - job->from_ms;
}

/* ---- jobs ---- */

static const struct check_push *push_of(const struct settings *settings, const struct job *job)
{
    return settings->checks[job->check].of.push;
}

static struct job *find_name(const struct pushes *pushes, const char *name)
{
    for (uint32_t i = 0; i < pushes->job_count; i++) {
        if (strcmp(push_of(pushes->settings, &pushes->jobs[i])->name, name) == 0)
            return &pushes->jobs[i];
    }
    return NULL;
}

static struct job *find_check(const struct pushes *pushes, uint32_t check)
{
    for (uint32_t i = 0; i < pushes->job_count; i++) {
        if (pushes->jobs[i].check == check)
            return &pushes->jobs[i];
    }
    return NULL;
}

static void tell_waiters(struct job *job, uint64_t version, int rc)
{
    struct waiter *waiter;

    while ((waiter = STAILQ_FIRST(&job->waiters)) != NULL && waiter->version <= version) {
        STAILQ_REMOVE_HEAD(&job->waiters, link);
        waiter->kept(waiter->context, rc);
        free(waiter);
    }
}

static int make_jobs(const struct settings *settings, struct job **ret_jobs, uint32_t *ret_count)
{
    struct job *jobs;
    uint32_t count = 0;

    for (uint32_t i = 0; i < settings->check_count; i++)
        count += settings->checks[i].kind == CHECK_PUSH;
    jobs = calloc((size_t)count + 1, sizeof(*jobs));
    if (jobs == NULL)
        return -ENOMEM;
    count = 0;
    for (uint32_t i = 0; i < settings->check_count; i++) {
        if (settings->checks[i].kind != CHECK_PUSH)
            continue;
        STAILQ_INIT(&jobs[count].waiters);
        jobs[count++].check = i;
    }
    *ret_jobs = jobs;
    *ret_count = count;
    return 0;
}

static void free_jobs(struct pushes *pushes)
{
    for (uint32_t i = 0; i < pushes->job_count; i++)
        tell_waiters(&pushes->jobs[i], UINT64_MAX, -ECANCELED);
    free(pushes->jobs);
}

/* ---- on disk ---- */

static void write_next(struct pushes *pushes)
{
    for (uint32_t i = 0; i < pushes->job_count; i++) {
        struct job *job = &pushes->jobs[i];

        if ((job->written == job->version && !job->is_stale) || job->has_failed)
            continue;
        job->kept.silent_ms = silence(pushes, job);
        if (push_files_write(pushes->files, push_of(pushes->settings, job)->name, job->version,
                             &job->kept))
            job->is_stale = false;
        return;
    }
}

static bool is_wanted(const void *context, const char *name)
{
    return find_name(context, name) != NULL;
}

/* What could not be written waits for the next tick; but nobody waits with it, nor behind it. */
static void on_written(void *context, const char *name, uint64_t version, int rc)
{
    struct pushes *pushes = context;
    struct job *job = find_name(pushes, name); /* jobs may have moved */

    if (job != NULL) {
        if (rc == 0)
            job->written = version;
        job->has_failed = rc != 0 && version == job->version;
        tell_waiters(job, version, rc);
    } else {
        push_files_forget(pushes->files, is_wanted, pushes); /* dropped while it was written */
    }
    write_next(pushes);
}

static void on_tick(uv_timer_t *timer)
{
    struct pushes *pushes = timer->data;

    pushes->listened_ms = listened(pushes);
    pushes->last_ms = now_ms();
    if (pushes->listened_ms - pushes->saved_ms >= SAVE_MS) {
        pushes->saved_ms = pushes->listened_ms;
        for (uint32_t i = 0; i < pushes->job_count; i++)
            pushes->jobs[i].is_stale = pushes->jobs[i].version > 0;
    }
    for (uint32_t i = 0; i < pushes->job_count; i++)
        pushes->jobs[i].has_failed = false;
    write_next(pushes);
}

static void read_jobs(struct pushes *pushes)
{
    char ignored[256];

    for (uint32_t i = 0; i < pushes->job_count; i++) {
        struct job *job = &pushes->jobs[i];

        if (!push_files_read(pushes->files, push_of(pushes->settings, job)->name, &job->kept) ||
            push_report_read(job->kept.body, job->kept.length, &job->report, ignored,
                             sizeof(ignored)) < 0)
            continue;
        job->version = ++pushes->versions;
        job->written = job->version;
        job->from_ms = listened(pushes) - job->kept.silent_ms;
    }
}

/* ---- reports ---- */

uint32_t pushes_find(const struct pushes *pushes, const char *name)
{
    const struct job *job = find_name(pushes, name);

    return job != NULL ? job->check : NONE;
}

void pushes_take(struct pushes *pushes, uint32_t check, const struct push_report *report,
                 const char *body, size_t length, pushes_kept kept, void *context)
{
    struct job *job = find_check(pushes, check);
    struct waiter *waiter = calloc(1, sizeof(*waiter));

    assert(job != NULL && length <= PUSH_BODY_MAX);
    if (waiter == NULL)
        abort(); /* a report half taken is worse than a restart */
    job->version = ++pushes->versions;
    job->has_failed = false;
    job->from_ms = listened(pushes);
    job->report = *report;
    job->kept.at_wall = loop_wall_ms();
    job->kept.length = length;
    memcpy(job->kept.body, body, length);
    job->kept.body[length] = '\0';
    *waiter = (struct waiter){.version = job->version, .kept = kept, .context = context};
    STAILQ_INSERT_TAIL(&job->waiters, waiter, link);
    write_next(pushes);
    pushes->heard(pushes->context, check);
}

bool pushes_look(const struct pushes *pushes, uint32_t check, struct push_look *ret_look)
{
    const struct job *job = find_check(pushes, check);

    if (job == NULL || job->version == 0)
        return false;
    *ret_look = (struct push_look){.at_wall = job->kept.at_wall,
                                   .silent_ms = silence(pushes, job),
                                   .is_ok = job->report.is_ok,
                                   .text = job->report.text};
    return true;
}

/* ---- judging ---- */

static void judge_report(const struct pushes *pushes, const struct job *job, struct result *result)
{
    const struct assertion *assertion = pushes->settings->checks[job->check].assertion;
    const struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATE) | SUBJECT_BIT(SUBJECT_BODY),
                                  .state = job->report.is_ok ? "ok" : "fail",
                                  .body = job->kept.body,
                                  .body_length = job->kept.length};
    const char *colon = job->report.text[0] != '\0' ? ": " : "";
    char detail[RESULT_DETAIL_MAX + 1];
    enum assertion_outcome outcome = ASSERTION_HOLDS;
    int text_width;

    if (assertion != NULL)
        outcome = assertion_judge(assertion, &answer, &result->failure, detail, sizeof(detail));
    if (outcome == ASSERTION_HOLDS)
        snprintf(detail, sizeof(detail), "reported %lld s ago: %s",
                 (long long)(silence(pushes, job) / 1000), answer.state);
    result->class = outcome == ASSERTION_HOLDS   ? RESULT_GOOD
                    : outcome == ASSERTION_FAILS ? RESULT_BAD
                                                 : RESULT_VOID;
    text_width = (int)strlen(job->report.text);
    snprintf(result->detail, sizeof(result->detail), "%.*s%s%.*s",
             RESULT_DETAIL_MAX - 2 - text_width, detail, colon, text_width, job->report.text);
}

void pushes_judge(const struct pushes *pushes, uint32_t check, struct result *ret_result)
{
    const struct job *job = find_check(pushes, check);
    struct result result = {.class = RESULT_VOID,
                            .failure = FAILURE_POLICY,
                            .timings = {-1, -1, -1, -1, -1},
                            .detail = "the job never reported to this probe"};
    msec_t period_ms;

    assert(job != NULL);
    period_ms = push_of(pushes->settings, job)->period_ms;
    if (job->version > 0 && silence(pushes, job) > period_ms) {
        result.class = RESULT_BAD;
        result.failure = FAILURE_TIMEOUT;
        snprintf(result.detail, sizeof(result.detail),
                 "no report for %lld s; one is due every %lld s",
                 (long long)(silence(pushes, job) / 1000), (long long)(period_ms / 1000));
    } else if (job->version > 0) {
        result.failure = FAILURE_NONE;
        judge_report(pushes, job, &result);
    }
    *ret_result = result;
}

/* ---- life ---- */

int pushes_open(uv_loop_t *uv, const char *folder, const struct settings *settings,
                pushes_heard heard, void *context, struct pushes **ret_pushes, char *error,
                size_t error_size)
{
    struct pushes *pushes = calloc(1, sizeof(*pushes));
    int rc = -ENOMEM;

    snprintf(error, error_size, "out of memory");
    if (pushes == NULL)
        goto out;
    pushes->settings = settings;
    pushes->heard = heard;
    pushes->context = context;
    rc = make_jobs(settings, &pushes->jobs, &pushes->job_count);
    if (rc < 0)
        goto out;
    rc = push_files_open(uv, folder, on_written, pushes, &pushes->files, error, error_size);
    if (rc < 0)
        goto out;
    error[0] = '\0';
    pushes->last_ms = now_ms();
    push_files_forget(pushes->files, is_wanted, pushes);
    read_jobs(pushes);
    uv_timer_init(uv, &pushes->tick);
    pushes->tick.data = pushes;
    uv_timer_start(&pushes->tick, on_tick, TICK_MS, TICK_MS);
    *ret_pushes = pushes;
    return 0;
out:
    if (pushes != NULL)
        free(pushes->jobs);
    free(pushes);
    return rc;
}

/* A job that goes on keeps all it has, those who wait too. */
static void move_job(struct job *from, struct job *to)
{
    uint32_t check = to->check;

    *to = *from;
    to->check = check;
    STAILQ_INIT(&to->waiters);
    STAILQ_CONCAT(&to->waiters, &from->waiters);
}

int pushes_reload(struct pushes *pushes, const struct settings *settings)
{
    struct job *jobs;
    uint32_t count;
    int rc = make_jobs(settings, &jobs, &count);

    if (rc < 0)
        return rc;
    for (uint32_t i = 0; i < count; i++) {
        struct job *before = find_name(pushes, push_of(settings, &jobs[i])->name);

        if (before != NULL)
            move_job(before, &jobs[i]);
    }
    free_jobs(pushes);
    pushes->jobs = jobs;
    pushes->job_count = count;
    pushes->settings = settings;
    push_files_forget(pushes->files, is_wanted, pushes);
    return 0;
}

static void on_tick_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void pushes_close(struct pushes *pushes)
{
    if (pushes == NULL)
        return;
    free_jobs(pushes);
    push_files_close(pushes->files);
    uv_close((uv_handle_t *)&pushes->tick, on_tick_closed);
}
