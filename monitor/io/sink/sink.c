/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an attempt, the same for every kind:
 *
 *     start -> (look the name up) -> transfer -> finish: detach, free, report
 *
 * A transfer runs in the loop, or, when libcurl is known to block for its protocol, in a thread of
 * its own; libcurl's multi interface waits in place for a relay's answer to DATA and to QUIT, and a
 * loop that stands still makes this probe blind (V5).
 *
 * The name is resolved on the loop and pinned with CURLOPT_RESOLVE, which holds for every protocol
 * and lets libcurl try several addresses; CURLOPT_CONNECT_TO would take one. Addresses that lead to
 * a cloud's metadata or to nowhere are refused after resolution, so a name cannot be bent there. */
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kind.h"
#include "result.h"

static const struct sink_ops *kind_of(const struct sink_settings *settings)
{
    return settings->kind == SINK_SMTP ? &sink_smtp : &sink_webhook;
}

int sink_check(const struct sink_settings *settings, char *error, size_t error_size)
{
    struct sink_target target;
    char why[200] = "its URL has no host";

    if (kind_of(settings)->check(settings, why, sizeof(why)) == 0 &&
        kind_of(settings)->target(settings, &target) == 0)
        return 0;
    snprintf(error, error_size, "alerts: %s: %s", settings->name, why);
    return -1;
}

int sink_job_line(struct sink_job *job, const char *line)
{
    struct curl_slist *lines = curl_slist_append(job->lines, line);

    if (lines == NULL)
        return -1;
    job->lines = lines;
    return 0;
}

/* ---- finish ---- */

static void job_destroy(struct sink_job *job)
{
    curl_easy_cleanup(job->easy);
    curl_slist_free_all(job->lines);
    curl_slist_free_all(job->resolved);
    free(job->payload);
    free(job);
}

/* The only end of an attempt, from the loop. */
static void finish(struct sink_job *job, CURLcode code)
{
    struct sink_outcome told = {.accepted = false}, outcome;
    sink_done done = job->done;
    void *context = job->context;

    if (done != NULL) {
        job->kind->judge(job, code, &told);
        outcome = told;
        /* libcurl quotes what the other side sent: names in certificates, for one */
        text_escape(outcome.text, sizeof(outcome.text), told.text, strlen(told.text));
    }
    job_destroy(job);
    if (done != NULL)
        done(context, &outcome);
}

static void on_async_closed(uv_handle_t *handle)
{
    struct sink_job *job = handle->data;
    struct sink_tools *tools = job->tools;

    finish(job, job->code);
    if (--tools->thread_count == 0 && tools->threads_ended != NULL)
        tools->threads_ended(tools->context);
}

static void on_thread_ended(uv_async_t *ended)
{
    struct sink_job *job = ended->data;

    uv_thread_join(&job->thread);
    uv_close((uv_handle_t *)ended, on_async_closed);
}

static void on_transferred(void *context, CURL *easy, CURLcode code)
{
    (void)easy;
    finish(context, code);
}

/* ---- addresses ---- */

static bool is_forbidden_v4(const uint8_t a[4])
{
    static const uint8_t alibaba_metadata[4] = {100, 100, 100, 200};

    return a[0] == 0 || a[0] >= 224 || (a[0] == 169 && a[1] == 254) ||
           memcmp(a, alibaba_metadata, 4) == 0;
}

/* Never a place for alerts: nowhere, multicast, link-local, a cloud's metadata. */
static bool is_forbidden(const union address *address)
{
    static const uint8_t aws_metadata[16] = {0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54};
    const uint8_t *a = address->v6.sin6_addr.s6_addr;

    if (address->any.sa_family == AF_INET)
        return is_forbidden_v4((const uint8_t *)&address->v4.sin_addr);
    if (IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr) != 0)
        return is_forbidden_v4(a + 12);
    return a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) ||
           memcmp(a, aws_metadata, 16) == 0 || IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr) != 0;
}

/* "HOST:PORT:ADDRESS,ADDRESS" of the addresses allowed; -1 when there is none. */
static int pin(struct sink_job *job, const struct resolution *resolution)
{
    char line[SINK_HOST_MAX + 16 + RESOLVER_ADDRESSES_MAX * ADDRESS_TEXT_MAX];
    int length = snprintf(line, sizeof(line), "%s:%u:", job->target.host, job->target.port);
    union address literal;
    unsigned count = 0;

    for (unsigned i = 0; i < resolution->count; i++) {
        char text[ADDRESS_TEXT_MAX];

        if (is_forbidden(&resolution->addresses[i]))
            continue;
        address_format(&resolution->addresses[i], text);
        *strrchr(text, ':') = '\0'; /* the port; an IPv6 address keeps its brackets */
        length += snprintf(line + length, sizeof(line) - (size_t)length, "%s%s",
                           count++ > 0 ? "," : "", text);
    }
    if (count == 0)
        return -1;
    if (address_parse(job->target.host, &literal))
        return 0; /* nothing to resolve, and "::1:25:" would not be read as a pin */
    job->resolved = curl_slist_append(NULL, line);
    if (job->resolved == NULL)
        return -1;
    curl_easy_setopt(job->easy, CURLOPT_RESOLVE, job->resolved);
    return 0;
}

/* ---- start ---- */

static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct sink_job *job = context;

    (void)a, (void)b, (void)c, (void)d;
    return atomic_load(&job->cancelled) || job->is_quit ? 1 : 0; /* nobody waits for "221 Bye" */
}

static void run_thread(void *context)
{
    struct sink_job *job = context;

    job->code = curl_easy_perform(job->easy);
    uv_async_send(&job->ended);
}

static int start_thread(struct sink_job *job)
{
    curl_easy_setopt(job->easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(job->easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(job->easy, CURLOPT_XFERINFODATA, job);
    if (uv_async_init(job->tools->loop, &job->ended, on_thread_ended) != 0)
        return -1;
    job->ended.data = job;
    job->has_thread = true;
    job->tools->thread_count++;
    if (uv_thread_create(&job->thread, run_thread, job) == 0)
        return 0;
    job->code = CURLE_OUT_OF_MEMORY;
    snprintf(job->error, sizeof(job->error), "no thread can be started");
    uv_close((uv_handle_t *)&job->ended, on_async_closed);
    return 0;
}

/* A transfer that cannot begin is started all the same, without a URL: libcurl refuses it from the
 * loop, and the one finish reports what job->error says. */
static void transfer(struct sink_job *job, bool can_begin)
{
    if (can_begin)
        curl_easy_setopt(job->easy, CURLOPT_ERRORBUFFER, job->error);
    if (can_begin && job->kind->blocks && start_thread(job) == 0)
        return;
    if (!can_begin || job->kind->blocks)
        curl_easy_setopt(job->easy, CURLOPT_URL, NULL);
    job->in_flight = true;
    curl_loop_start(job->tools->curl_loop, job->easy, on_transferred, job);
}

static bool use_resolution(struct sink_job *job, const struct resolution *resolution)
{
    if (resolution->status != DNS_OK) {
        snprintf(job->error, sizeof(job->error), "%.150s: %s", job->target.host,
                 dns_status_name(resolution->status));
        return false;
    }
    if (pin(job, resolution) != 0) {
        snprintf(job->error, sizeof(job->error),
                 "%.150s: its address is link-local, multicast or a cloud's metadata: not allowed",
                 job->target.host);
        return false;
    }
    return true;
}

static void on_resolved(void *context, const struct resolution *resolution)
{
    struct sink_job *job = context;

    job->lookup = NULL;
    transfer(job, use_resolution(job, resolution));
}

static void resolve(struct sink_tools *tools, struct sink_job *job)
{
    struct resolution known;

    if (resolver_peek(tools->resolver, job->target.host, &known)) {
        transfer(job, use_resolution(job, &known));
        return;
    }
    job->lookup = resolver_lookup(tools->resolver, job->target.host, on_resolved, job);
    if (job->lookup == NULL) {
        snprintf(job->error, sizeof(job->error), "no memory to resolve %.200s", job->target.host);
        transfer(job, false);
    }
}

struct sink_job *sink_start(struct sink_tools *tools, const struct sink_settings *settings,
                            const struct sink_message *message, sink_done done, void *context)
{
    const struct sink_ops *kind = kind_of(settings);
    struct sink_job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return NULL;
    *job = (struct sink_job){.kind = kind, .tools = tools, .done = done, .context = context};
    job->easy = curl_loop_easy(kind->protocols);
    if (job->easy == NULL) {
        free(job);
        return NULL;
    }
    curl_easy_setopt(job->easy, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    curl_easy_setopt(job->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->timeout_ms);
    curl_easy_setopt(job->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(job->easy, CURLOPT_FORBID_REUSE, 1L);
    if (settings->ca_file[0] != '\0')
        curl_easy_setopt(job->easy, CURLOPT_CAINFO, settings->ca_file);
    if (kind->target(settings, &job->target) != 0 || kind->prepare(job, settings, message) != 0)
        transfer(job, false);
    else
        resolve(tools, job);
    return job;
}

void sink_cancel(struct sink_job *job)
{
    if (job == NULL)
        return;
    job->done = NULL;
    if (job->has_thread) {
        atomic_store(&job->cancelled,
                     true); /* seen within a second; finish() comes from the loop */
        return;
    }
    if (job->in_flight) {
        curl_loop_cancel(job->tools->curl_loop, job->easy); /* finish() comes from the loop */
        return;
    }
    resolver_cancel(job->lookup);
    job_destroy(job);
}
