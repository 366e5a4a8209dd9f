/* SPDX-License-Identifier: Apache-2.0 */
/* Mail through a relay, by libcurl, which doubles leading dots and ends the message itself.
 *
 * At least once: when the connection breaks between the message's last line and the relay's answer
 * the message may have been taken; it is sent again with the same Message-ID.
 *
 * One recipient refused must not keep the page from the others (MAIL_RCPT_ALLLOWFAILS): the mail
 * is accepted then, and the refusal is told as a failing sink. */
#include "kind.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "mail.h"
#include "result.h"

/* ---- settings ---- */

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcasecmp(host, "localhost") == 0;
}

static int check_addresses(const struct sink_settings *settings, char *error, size_t error_size)
{
    char address[MAIL_ADDRESS_MAX + 1];

    if (mail_address(settings->from, address, sizeof(address)) != 0) {
        snprintf(error, error_size,
                 "from: no mail address, want NAME@DOMAIN or TEXT <NAME@DOMAIN>");
        return -1;
    }
    for (uint32_t i = 0; i < settings->to_count; i++) {
        if (mail_address(settings->to[i], address, sizeof(address)) != 0) {
            snprintf(error, error_size,
                     "to.[%u]: no mail address, want NAME@DOMAIN or TEXT <NAME@DOMAIN>", i);
            return -1;
        }
    }
    if (settings->to_count > 0)
        return 0;
    snprintf(error, error_size, "to: no recipient");
    return -1;
}

static int check(const struct sink_settings *settings, char *error, size_t error_size)
{
    if (settings->user[0] != '\0' && strcmp(settings->tls, "none") == 0 &&
        !is_loopback(settings->host)) {
        snprintf(error, error_size,
                 "tls: \"none\" would send the password readable; allowed on loopback only");
        return -1;
    }
    return check_addresses(settings, error, error_size);
}

static int target(const struct sink_settings *settings, struct sink_target *ret_target)
{
    size_t length = strlen(settings->host);

    if (length == 0 || length > SINK_HOST_MAX || strpbrk(settings->host, "/@?# \r\n[]") != NULL)
        return -1;
    memcpy(ret_target->host, settings->host, length + 1);
    ret_target->port = settings->port;
    return 0;
}

/* ---- what libcurl asks and tells ---- */

static size_t read_payload(char *out, size_t size, size_t count, void *context)
{
    struct sink_job *job = context;
    size_t room = size * count;
    size_t left = job->payload_length - job->payload_sent;
    size_t n = left < room ? left : room;

    memcpy(out, job->payload + job->payload_sent, n);
    job->payload_sent += n;
    return n;
}

/* A line of the relay's. */
static size_t on_reply(char *line, size_t size, size_t count, void *context)
{
    struct sink_job *job = context;
    size_t length = size * count;
    size_t shown = length;

    if (job->is_quit)
        return length; /* "Bye" says nothing about the mail */
    while (shown > 0 && (line[shown - 1] == '\r' || line[shown - 1] == '\n'))
        shown--;
    text_escape(job->words, sizeof(job->words), line, shown);
    if (job->is_rcpt && (line[0] == '4' || line[0] == '5')) {
        memcpy(job->refusal, job->words, sizeof(job->refusal));
        job->refused_count += shown > 3 && line[3] == '-' ? 0 : 1; /* the last line of a reply */
    }
    return length;
}

/* A command of libcurl's. Credentials pass here too: nothing is kept but which command it was. */
static int on_trace(CURL *easy, curl_infotype type, char *data, size_t length, void *context)
{
    struct sink_job *job = context;

    (void)easy;
    if (type == CURLINFO_HEADER_OUT) {
        job->is_rcpt = length >= 5 && strncasecmp(data, "RCPT ", 5) == 0;
        job->is_quit = length >= 4 && strncasecmp(data, "QUIT", 4) == 0;
    }
    return 0;
}

/* ---- one attempt ---- */

static int make_recipients(struct sink_job *job, const struct sink_settings *settings)
{
    char address[MAIL_ADDRESS_MAX + 1];
    char envelope[MAIL_ADDRESS_MAX + 3];

    for (uint32_t i = 0; i < settings->to_count; i++) {
        if (mail_address(settings->to[i], address, sizeof(address)) != 0)
            return -1;
        snprintf(envelope, sizeof(envelope), "<%s>", address);
        if (sink_job_line(job, envelope) != 0)
            return -1;
    }
    return 0;
}

static int make_message(struct sink_job *job, const struct sink_settings *settings,
                        const struct sink_message *message)
{
    struct mail mail = {.from = settings->from,
                        .to = settings->to,
                        .to_count = settings->to_count,
                        .date_wall = message->date_wall,
                        .notice = message->notice,
                        .stamp = &message->stamp};

    job->payload = mail_format(&mail);
    if (job->payload == NULL)
        return -1;
    job->payload_length = strlen(job->payload);
    return 0;
}

static void set_server(CURL *easy, const struct sink_settings *settings)
{
    bool is_tls = strcmp(settings->tls, "tls") == 0;
    bool is_v6 = strchr(settings->host, ':') != NULL;
    char url[SINK_HOST_MAX + 32];

    snprintf(url, sizeof(url), "%s://%s%s%s:%u", is_tls ? "smtps" : "smtp", is_v6 ? "[" : "",
             settings->host, is_v6 ? "]" : "", settings->port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    if (strcmp(settings->tls, "none") != 0) /* a relay without STARTTLS is a failure, never plain */
        curl_easy_setopt(easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
    if (settings->user[0] != '\0') {
        curl_easy_setopt(easy, CURLOPT_USERNAME, settings->user);
        curl_easy_setopt(easy, CURLOPT_PASSWORD, settings->password);
    }
}

static void set_envelope(struct sink_job *job, const char *from)
{
    char envelope[MAIL_ADDRESS_MAX + 3];

    snprintf(envelope, sizeof(envelope), "<%s>", from);
    curl_easy_setopt(job->easy, CURLOPT_MAIL_FROM, envelope);
    curl_easy_setopt(job->easy, CURLOPT_MAIL_RCPT, job->lines);
    curl_easy_setopt(job->easy, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
}

static int prepare(struct sink_job *job, const struct sink_settings *settings,
                   const struct sink_message *message)
{
    char from[MAIL_ADDRESS_MAX + 1];

    if (mail_address(settings->from, from, sizeof(from)) != 0 ||
        make_recipients(job, settings) != 0 || make_message(job, settings, message) != 0) {
        snprintf(job->error, sizeof(job->error), "an address is bad, or no memory for the mail");
        return -1;
    }
    set_server(job->easy, settings);
    set_envelope(job, from);
    curl_easy_setopt(job->easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(job->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)job->payload_length);
    curl_easy_setopt(job->easy, CURLOPT_READFUNCTION, read_payload);
    curl_easy_setopt(job->easy, CURLOPT_READDATA, job);
    curl_easy_setopt(job->easy, CURLOPT_HEADERFUNCTION, on_reply);
    curl_easy_setopt(job->easy, CURLOPT_HEADERDATA, job);
    curl_easy_setopt(job->easy, CURLOPT_DEBUGFUNCTION, on_trace);
    curl_easy_setopt(job->easy, CURLOPT_DEBUGDATA, job);
    curl_easy_setopt(job->easy, CURLOPT_VERBOSE, 1L);
    return 0;
}

static void judge(const struct sink_job *job, CURLcode code, struct sink_outcome *outcome)
{
    const char *error = job->error[0] != '\0' ? job->error : curl_easy_strerror(code);

    outcome->accepted = code == CURLE_OK;
    outcome->partly = outcome->accepted && job->refused_count > 0;
    if (outcome->partly)
        snprintf(outcome->text, sizeof(outcome->text), "%u recipient(s) refused: %.240s",
                 job->refused_count, job->refusal);
    else if (outcome->accepted || job->words[0] == '\0')
        snprintf(outcome->text, sizeof(outcome->text), "%s",
                 outcome->accepted ? job->words : error);
    else
        snprintf(outcome->text, sizeof(outcome->text), "%.100s; the server said: %.180s", error,
                 job->words);
}

const struct sink_ops sink_smtp = {
    .name = "smtp",
    .protocols = "smtp,smtps",
    .blocks = true,
    .check = check,
    .target = target,
    .prepare = prepare,
    .judge = judge,
};
