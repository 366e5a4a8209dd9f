/* SPDX-License-Identifier: Apache-2.0 */
/* Each call of the interface is a job (job.h). A write is one question, asked once.
 *
 *   read      GetHostedZone (once per zone) -> ListResourceRecordSets ... -> view
 *   send      ChangeResourceRecordSets                                    -> change
 *   change    GetChange                                                   -> change
 *   servers   GetHostedZone (once per zone)                               -> names
 *
 * The body of a change comes into being in write_change() only, which asks dry run and the guard
 * first: there is no other way for a batch to be signed (C5). */
#include "route53.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "batch_guard.h"
#include "job.h"
#include "log.h"
#include "record_copy.h"

static struct job *make_job(struct route53 *route53, uint32_t zone, void *context,
                            void (*tell)(const struct job *job, const struct report *report))
{
    return job_create(route53, zone, "hostedzone", route53->settings->zones[zone].id, context,
                      tell);
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

static struct zone_view *make_view(const struct job *job, const char *apex, const char *nonce)
{
    uint32_t count;
    const struct record_set *sets = zone_read_sets(job->read, &count);
    struct zone_view *view = NULL;

    return zone_view_create(job->zone, apex, sets, count, nonce, &view) == 0 ? view : NULL;
}

/* Two copies: one is given away, one stays as the guard's witness. */
static int make_views(const struct job *job, const char *apex, struct zone_view *ret_views[2])
{
    char nonce[NONCE_LENGTH + 1];

    make_nonce(nonce);
    ret_views[0] = make_view(job, apex, nonce);
    ret_views[1] = make_view(job, apex, nonce);
    if (ret_views[0] != NULL && ret_views[1] != NULL)
        return 0;
    zone_view_destroy(ret_views[0]);
    zone_view_destroy(ret_views[1]);
    return -1;
}

static void tell_view(const struct job *job, const struct report *report)
{
    job->done.zone(job->context, report->outcome, report->view, job->message);
}

static void finish_read(struct job *job)
{
    struct zone_memory *memory = job_memory(job);
    struct report report = {.outcome = ROUTE53_OK};
    struct zone_view *views[2];

    if (memory == NULL) {
        job_fail(job, ROUTE53_LOST, "the settings changed while the zone was read");
        return;
    }
    if (make_views(job, memory->apex, views) != 0) {
        job_fail(job, ROUTE53_LOST, "no memory for the zone");
        return;
    }
    memory->is_large = zone_read_is_large(job->read);
    zone_view_destroy(job->is_look ? views[0] : memory->view);
    if (!job->is_look)
        memory->view = views[0];
    report.view = views[1];
    job_finish(job, &report);
}

static void take_page(struct job *job, const struct aws_answer *answer);

static enum aws_urgency urgency_of(const struct job *job)
{
    return job->is_look ? AWS_FOLLOW : AWS_READ;
}

static void ask_page(struct job *job)
{
    struct job_question question = {.urgency = urgency_of(job), .segment_count = 4};

    job->segments[3] = "rrset";
    question.query_count = zone_read_query(job->read, job->query);
    job_ask(job, &question, take_page);
}

static void take_page(struct job *job, const struct aws_answer *answer)
{
    enum zone_read_step step;
    struct route53_page page;

    if (route53_page_read(answer->body, answer->length, &page, job->message,
                          sizeof(job->message)) != 0) {
        job_fail(job, ROUTE53_LOST, job->message);
        return;
    }
    step = zone_read_take(job->read, &page, job->message, sizeof(job->message));
    route53_page_clear(&page);
    if (step == ZONE_READ_MORE)
        ask_page(job);
    else if (step == ZONE_READ_DONE)
        finish_read(job);
    else
        job_fail(job, ROUTE53_LOST, job->message);
}

static void start_pages(struct job *job, const char *apex)
{
    if (zone_read_set_apex(job->read, apex) != 0)
        job_fail(job, ROUTE53_INVALID, "a fence's name would be longer than DNS allows");
    else
        ask_page(job);
}

/* Keeps what a zone never changes: its name, and its delegation set, so that its servers can be
 * asked while Route 53 itself cannot (C7). */
static void remember_zone(struct zone_memory *memory, const struct route53_zone *zone)
{
    struct pool *pool = memory->servers == NULL ? pool_create(ROUTE53_SERVERS_MAX * 512) : NULL;
    const char **servers;

    if (memory->apex == NULL)
        memory->apex = strdup(zone->apex);
    servers = pool != NULL ? pool_alloc(pool, ROUTE53_SERVERS_MAX * sizeof(*servers)) : NULL;
    for (uint32_t i = 0; servers != NULL && i < zone->server_count; i++) {
        servers[i] = pool_copy(pool, zone->servers[i], strlen(zone->servers[i]));
        if (servers[i] == NULL)
            servers = NULL;
    }
    if (servers == NULL) {
        pool_destroy(pool);
        return;
    }
    memory->servers_in = pool;
    memory->servers = servers;
    memory->server_count = zone->server_count;
}

/* Nothing is stopped by it, but a change would be waited for in vain, or not be looked for. */
static void compare_privacy(const struct job *job, const struct route53_zone *zone)
{
    const struct hosted_zone *said = &job->route53->settings->zones[job->zone];

    if (said->is_private == zone->is_private)
        return;
    log_say(LOG_LEVEL_WARN,
            zone->is_private ? "zone %s: Route 53 has it as a private zone: aws.zones must say "
                               "private = true, or answers of its servers are waited for in vain"
                             : "zone %s: aws.zones says private = true, Route 53 has it as a "
                               "public one: its servers are not asked",
            said->id);
}

static void take_apex(struct job *job, const struct aws_answer *answer)
{
    struct zone_memory *memory = job_memory(job);
    struct route53_zone zone;

    if (route53_zone_read(answer->body, answer->length, &zone, job->message,
                          sizeof(job->message)) != 0) {
        job_fail(job, ROUTE53_LOST, job->message);
        return;
    }
    if (memory != NULL) {
        remember_zone(memory, &zone);
        compare_privacy(job, &zone);
    }
    route53_zone_clear(&zone);
    if (memory == NULL || memory->apex == NULL)
        job_fail(job, ROUTE53_LOST, "the settings changed while the zone was read");
    else
        start_pages(job, memory->apex);
}

static void ask_zone(struct job *job, enum aws_urgency urgency,
                     void (*take)(struct job *job, const struct aws_answer *answer))
{
    struct job_question question = {.urgency = urgency, .segment_count = 3};

    job_ask(job, &question, take);
}

static void read_zone(struct route53 *route53, uint32_t zone, bool is_look, route53_zone_done done,
                      void *context)
{
    struct job *job = make_job(route53, zone, context, tell_view);

    job->done.zone = done;
    job->is_look = is_look;
    job->read = zone_read_create(route53->settings, zone, route53->zones[zone].is_large);
    if (job->read == NULL)
        abort();
    /* The first question is always asked: done comes from the loop. */
    if (route53->zones[zone].apex != NULL &&
        zone_read_set_apex(job->read, route53->zones[zone].apex) == 0)
        ask_page(job);
    else
        ask_zone(job, urgency_of(job), take_apex);
}

void route53_read(struct route53 *route53, uint32_t zone, route53_zone_done done, void *context)
{
    read_zone(route53, zone, false, done, context);
}

void route53_look(struct route53 *route53, uint32_t zone, route53_zone_done done, void *context)
{
    read_zone(route53, zone, true, done, context);
}

void route53_identity(const struct route53 *route53, uint32_t zone,
                      struct credentials_view *ret_view)
{
    const struct hosted_zone *hosted = &route53->settings->zones[zone];
    struct credentials_role role = {hosted->role, hosted->external_id};

    if (route53->aws != NULL)
        aws_identity(route53->aws, hosted->role[0] != '\0' ? &role : NULL, ret_view);
}

bool route53_clock(const struct route53 *route53, msec_t *ret_skew_ms)
{
    return route53->aws != NULL && aws_clock_heard(route53->aws, ret_skew_ms);
}

/* ---- send ---- */

/* The signer's gate. */
static int write_change(void *context, struct buffer *body)
{
    struct job *job = context;
    struct route53 *route53 = job->route53;
    const struct zone_memory *memory = job_memory(job);

    if (route53->is_dry_run)
        return job_stop(job, ROUTE53_DRY_RUN, "dry run: nothing was sent");
    if (memory == NULL)
        return job_stop(job, ROUTE53_REFUSED, "the settings changed before the batch was sent");
    switch (batch_guard(route53->settings, &job->batch, memory->view, job->message,
                        sizeof(job->message))) {
    case BATCH_ALLOWED:
        break;
    case BATCH_STALE:
        return job_stop(job, ROUTE53_REFUSED, job->message);
    case BATCH_FORBIDDEN:
        return job_stop(job, ROUTE53_FORBIDDEN, job->message);
    }
    if (route53_batch_write(&job->batch, body) != 0)
        return job_stop(job, ROUTE53_INVALID, "a record set of the batch cannot be written as XML");
    return 0;
}

static void tell_change(const struct job *job, const struct report *report)
{
    job->done.change(job->context, report->outcome, report->change, job->message);
}

static void take_change(struct job *job, const struct aws_answer *answer)
{
    struct report report = {.outcome = ROUTE53_OK};
    struct route53_change change;

    if (route53_change_read(answer->body, answer->length, &change, job->message,
                            sizeof(job->message)) != 0) {
        job_fail(job, ROUTE53_LOST, job->message);
        return;
    }
    report.change = &change;
    job_finish(job, &report);
}

void route53_send(struct route53 *route53, const struct batch *batch, route53_change_done done,
                  void *context)
{
    struct job *job = make_job(route53, batch->zone, context, tell_change);
    struct job_question question = {
        .urgency = AWS_WRITE, .segment_count = 5, .write_body = write_change};

    job->done.change = done;
    if (batch_copy(job->pool, batch, &job->batch) != 0)
        abort();
    job->segments[3] = "rrset";
    job->segments[4] = ""; /* the model's path ends in a slash */
    job_ask(job, &question, take_change);
}

/* ---- change and servers ---- */

void route53_get_change(struct route53 *route53, uint32_t zone, const char *id,
                        route53_change_done done, void *context)
{
    struct job *job = job_create(route53, zone, "change", id, context, tell_change);
    struct job_question question = {.urgency = AWS_FOLLOW, .segment_count = 3};

    job->done.change = done;
    job_ask(job, &question, take_change);
}

static void tell_servers(const struct job *job, const struct report *report)
{
    job->done.servers(job->context, report->outcome, report->servers, report->server_count,
                      job->message);
}

static void take_servers(struct job *job, const struct aws_answer *answer)
{
    struct zone_memory *memory = job_memory(job);
    struct report report = {.outcome = ROUTE53_OK};
    struct route53_zone zone;

    if (route53_zone_read(answer->body, answer->length, &zone, job->message,
                          sizeof(job->message)) != 0) {
        job_fail(job, ROUTE53_LOST, job->message);
        return;
    }
    if (memory != NULL)
        remember_zone(memory, &zone);
    report.servers = zone.servers;
    report.server_count = zone.server_count;
    job_finish(job, &report);
    route53_zone_clear(&zone);
}

/* From the loop: what is remembered, or that it is gone. */
static void on_soon(uv_handle_t *handle)
{
    struct job *job = handle->data;
    const struct zone_memory *memory = job_memory(job);
    struct report report = {.outcome = ROUTE53_OK};

    if (memory == NULL || memory->servers == NULL) {
        job_fail(job, ROUTE53_LOST, "the settings changed while the servers were asked for");
        return;
    }
    report.servers = memory->servers;
    report.server_count = memory->server_count;
    job_finish(job, &report);
}

void route53_get_servers(struct route53 *route53, uint32_t zone, route53_servers_done done,
                         void *context)
{
    struct job *job = make_job(route53, zone, context, tell_servers);

    job->done.servers = done;
    if (route53->zones[zone].servers == NULL) {
        ask_zone(job, AWS_FOLLOW, take_servers);
        return;
    }
    uv_timer_init(route53->loop, &job->soon);
    job->soon.data = job;
    uv_close((uv_handle_t *)&job->soon, on_soon);
}

/* ---- life ---- */

static void forget_zones(struct route53 *route53)
{
    for (uint32_t i = 0; i < route53->zone_count; i++) {
        free(route53->zones[i].apex);
        pool_destroy(route53->zones[i].servers_in);
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

static struct aws_wishes wishes_of(const struct settings *settings)
{
    return (struct aws_wishes){.endpoint = settings->aws_endpoint,
                               .region = settings->aws_region,
                               .profile = settings->aws_profile,
                               .rate = settings->aws_rate};
}

int route53_create(uv_loop_t *loop, const struct settings *settings, bool dry_run,
                   struct route53 **ret_route53)
{
    struct route53 *route53 = calloc(1, sizeof(*route53));
    struct aws_wishes wishes = wishes_of(settings);
    int status;

    if (route53 == NULL)
        return -ENOMEM;
    LIST_INIT(&route53->jobs);
    route53->loop = loop;
    route53->is_dry_run = dry_run;
    status = remember_zones(route53, settings);
    if (status == 0)
        status = aws_create(loop, &wishes, &route53->aws);
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
    struct aws_wishes wishes = wishes_of(settings);

    if (remember_zones(route53, settings) != 0 || aws_set(route53->aws, &wishes) != 0)
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

void route53_close_when_idle(struct route53 *route53)
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
    route53_close_when_idle(route53);
}
