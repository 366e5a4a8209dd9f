/* SPDX-License-Identifier: Apache-2.0 */
/* A POST of JSON. Accepted is any 2xx, and nothing else; of the answer only the status is read, and
 * nothing of it is shown, so that a URL bent to an inner service reveals nothing.
 *
 * 410 does not disable the sink, though some senders do that: a proxy put in the way by mistake
 * would silence the pager for good. It fails like any other, is retried, and is told. */
#include "kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More than any honest receiver answers; what is beyond it is not waited for. */
enum { RECEIVED_MAX = 64 * 1024 };

/* ---- settings ---- */

static int target_parse(CURLU *url, struct sink_target *ret_target)
{
    char *host = NULL, *port = NULL;
    int rc = -1;

    if (curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK) {
        bool is_v6 = host[0] == '[';
        size_t length = strlen(host) - (is_v6 ? 2 : 0);

        if (length > 0 && length <= SINK_HOST_MAX) {
            memcpy(ret_target->host, host + (is_v6 ? 1 : 0), length);
            ret_target->host[length] = '\0';
            ret_target->port = (uint16_t)strtoul(port, NULL, 10);
            rc = 0;
        }
    }
    curl_free(host);
    curl_free(port);
    return rc;
}

static int target(const struct sink_settings *settings, struct sink_target *ret_target)
{
    CURLU *url = curl_url();
    int rc = -1;

    if (url != NULL && curl_url_set(url, CURLUPART_URL, settings->url, 0) == CURLUE_OK)
        rc = target_parse(url, ret_target);
    curl_url_cleanup(url);
    return rc;
}

static int check(const struct sink_settings *settings, char *error, size_t error_size)
{
    if (strncmp(settings->url, "https://", 8) == 0 || strncmp(settings->url, "http://", 7) == 0)
        return 0;
    snprintf(error, error_size, "url: neither http:// nor https://");
    return -1;
}

/* ---- what libcurl tells ---- */

/* Of headers and body alike only the amount matters. */
static size_t on_received(char *data, size_t size, size_t count, void *context)
{
    struct sink_job *job = context;

    (void)data;
    job->received_count += size * count;
    return job->received_count <= RECEIVED_MAX ? size * count : 0;
}

/* ---- one attempt ---- */

static int make_lines(struct sink_job *job, const char *secret, const char *id)
{
    char signature[WEBHOOK_SIGNATURE_LENGTH + 1];
    char line[WEBHOOK_SIGNATURE_LENGTH + 64];

    if (sink_job_line(job, "Content-Type: application/json") != 0 ||
        sink_job_line(job, "User-Agent: regionshift") != 0 || sink_job_line(job, "Expect:") != 0)
        return -1;
    snprintf(line, sizeof(line), "Idempotency-Key: %s", id);
    if (sink_job_line(job, line) != 0)
        return -1;
    if (secret[0] == '\0')
        return 0;
    if (webhook_signature(secret, job->payload, job->payload_length, signature) != 0)
        return -1;
    snprintf(line, sizeof(line), "X-Regionshift-Signature: %s", signature);
    return sink_job_line(job, line);
}

static int prepare(struct sink_job *job, const struct sink_settings *settings,
                   const struct sink_message *message)
{
    char id[NOTICE_ID_LENGTH + 1];

    notice_id(message->notice, &message->stamp, id);
    job->payload = webhook_body(message->notice, &message->stamp);
    job->payload_length = job->payload != NULL ? strlen(job->payload) : 0;
    if (job->payload == NULL || make_lines(job, settings->secret, id) != 0) {
        snprintf(job->error, sizeof(job->error), "no memory, or libcrypto cannot sign");
        return -1;
    }
    curl_easy_setopt(job->easy, CURLOPT_URL, settings->url);
    curl_easy_setopt(job->easy, CURLOPT_POST, 1L);
    curl_easy_setopt(job->easy, CURLOPT_POSTFIELDS, job->payload);
    curl_easy_setopt(job->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->payload_length);
    curl_easy_setopt(job->easy, CURLOPT_HTTPHEADER, job->lines);
    curl_easy_setopt(job->easy, CURLOPT_HEADERFUNCTION, on_received);
    curl_easy_setopt(job->easy, CURLOPT_HEADERDATA, job);
    curl_easy_setopt(job->easy, CURLOPT_WRITEFUNCTION, on_received);
    curl_easy_setopt(job->easy, CURLOPT_WRITEDATA, job);
    return 0;
}

/* A 2xx counts even when its body was cut, by us or by the network. */
static void judge(const struct sink_job *job, CURLcode code, struct sink_outcome *outcome)
{
    long status = 0;

    curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
    outcome->accepted = status >= 200 && status <= 299;
    if (status >= 200)
        snprintf(outcome->text, sizeof(outcome->text), "HTTP status %ld%s", status,
                 outcome->accepted ? "" : ", want 2xx");
    else
        snprintf(outcome->text, sizeof(outcome->text), "%.280s",
                 job->error[0] != '\0' ? job->error : curl_easy_strerror(code));
}

const struct sink_ops sink_webhook = {
    .name = "webhook",
    .protocols = "http,https",
    .blocks = false,
    .check = check,
    .target = target,
    .prepare = prepare,
    .judge = judge,
};
