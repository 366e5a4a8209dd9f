/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP over libcurl: HTTP/2, HTTP/3 or redirects. Names are resolved by us and pinned
 * (CONNECT_TO), so that libcurl keeps the host for SNI, certificate and Host; the limits on headers
 * and body are those of http1.h. */
#include "http_curl.h"

#include <stdio.h>
#include <string.h>

#include "http1.h"

extern const struct attempt_kind kind_http_curl;

enum { BODY_SUBJECTS = SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_JSON) };

/* ---- the end of a transfer ---- */

/* What an end of libcurl's says of whom. What is not named here is the server's doing, and the
 * class is the phase's. */
static const struct {
    CURLcode code;
    enum result_class class;
    enum failure failure;
} meanings[] = {
    {CURLE_SSL_CONNECT_ERROR, RESULT_BAD, FAILURE_TLS},
    {CURLE_SSL_CIPHER, RESULT_BAD, FAILURE_TLS},
    {CURLE_USE_SSL_FAILED, RESULT_BAD, FAILURE_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, RESULT_BAD, FAILURE_CERTIFICATE},
    {CURLE_SSL_ISSUER_ERROR, RESULT_BAD, FAILURE_CERTIFICATE},
    {CURLE_SSL_INVALIDCERTSTATUS, RESULT_BAD, FAILURE_CERTIFICATE},
    {CURLE_GOT_NOTHING, RESULT_BAD, FAILURE_CONNECT},
    {CURLE_SEND_ERROR, RESULT_BAD, FAILURE_CONNECT},
    {CURLE_COULDNT_CONNECT, RESULT_BAD, FAILURE_CONNECT},
    {CURLE_SSL_CACERT_BADFILE, RESULT_VOID, FAILURE_POLICY},
    {CURLE_SSL_CERTPROBLEM, RESULT_VOID, FAILURE_POLICY},
    {CURLE_OUT_OF_MEMORY, RESULT_VOID, FAILURE_POLICY},
    {CURLE_FAILED_INIT, RESULT_VOID, FAILURE_POLICY},
    {CURLE_NOT_BUILT_IN, RESULT_VOID, FAILURE_POLICY},
    {CURLE_URL_MALFORMAT, RESULT_VOID, FAILURE_POLICY},
    {CURLE_BAD_FUNCTION_ARGUMENT, RESULT_VOID, FAILURE_POLICY},
    {CURLE_ABORTED_BY_CALLBACK, RESULT_VOID, FAILURE_POLICY},
};

/* A connection that broke, unless libcurl could not read what came over it. */
static enum failure failure_by_phase(const struct transfer *transfer, CURLcode code)
{
    long os_error = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
    if (code == CURLE_RECV_ERROR && os_error != 0)
        return FAILURE_CONNECT;
    return transfer->head_done ? FAILURE_BODY : FAILURE_STATUS;
}

static bool is_connected(const struct attempt *attempt, const struct transfer *transfer)
{
    return attempt->check->tls ? transfer->connect_us >= 0
                               : transfer_time(transfer, CURLINFO_CONNECT_TIME_T) > 0;
}

static void end_failed(struct attempt *attempt, const struct transfer *transfer, CURLcode code)
{
    const char *words = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
    bool over_http2 = transfer->version == HTTP_VERSION_2 &&
                      is_connected(attempt, transfer); /* nobody may be there who speaks it */
    enum failure failure = failure_by_phase(transfer, code);
    enum result_class class = RESULT_BAD;
    char text[RESULT_DETAIL_MAX + 1];

    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (meanings[i].code == code) {
            class = meanings[i].class;
            failure = meanings[i].failure;
        }
    }
    text_escape(text, sizeof(text), words, strlen(words));
    attempt_end(attempt, class, failure, "%s%s", over_http2 ? "over HTTP/2: " : "", text);
}

static const char *version_name(long version)
{
    if (version == CURL_HTTP_VERSION_1_0)
        return "HTTP/1.0";
    if (version == CURL_HTTP_VERSION_1_1)
        return "HTTP/1.1";
    return version == CURL_HTTP_VERSION_2_0 ? "HTTP/2" : "HTTP/3";
}

/* What was wanted has to be spoken: else nobody hears that a version has been switched off. */
static bool is_version_wanted(const struct transfer *transfer)
{
    if (transfer->version == HTTP_VERSION_2)
        return transfer->http_version == CURL_HTTP_VERSION_2_0;
    if (transfer->version == HTTP_VERSION_3)
        return transfer->http_version == CURL_HTTP_VERSION_3;
    return true;
}

void http_curl_tell_tls(const struct transfer *transfer, struct answer *answer)
{
    if (transfer->tls_version != 0)
        answer->has |= SUBJECT_BIT(SUBJECT_TLS);
    if (transfer->cert_seen)
        answer->has |= SUBJECT_BIT(SUBJECT_CERT_DAYS);
    answer->tls_version = transfer->tls_version;
    answer->cert_left_s = transfer->cert_left_s;
}

static void judge_page(struct attempt *attempt, const struct transfer *transfer)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY) |
                                   SUBJECT_BIT(SUBJECT_HEADER),
                            .status = transfer->status,
                            .body = buffer_text(&transfer->body),
                            .body_length = transfer->body.length,
                            .body_cut = transfer->body_cut,
                            .head = buffer_text(&transfer->head),
                            .head_length = transfer->head.length};
    char seen[32];

    http_curl_tell_tls(transfer, &answer);
    snprintf(seen, sizeof(seen), "status %d", transfer->status);
    attempt_judge(attempt, &answer, seen);
}

static void end_answered(struct attempt *attempt, const struct transfer *transfer)
{
    if (!is_version_wanted(transfer))
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "%s spoken, wanted HTTP/%c",
                    version_name(transfer->http_version),
                    transfer->version == HTTP_VERSION_2 ? '2' : '3');
    else if (transfer->body.failed || transfer->head.failed)
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the answer");
    else if (redirect_is_wanted(attempt, transfer))
        redirect_follow(attempt);
    else
        transfer->question->judge(attempt, transfer);
}

/* The errno of a connection that broke by our own machine's fault; 0: it did not. */
static int own_fault(const struct attempt *attempt, CURLcode code, long os_error)
{
    bool is_lost =
        code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_SSL_CONNECT_ERROR;

    return is_lost && attempt_is_own_fault(attempt, (int)os_error) ? (int)os_error : 0;
}

static void end_hop(struct attempt *attempt, const struct transfer *transfer, CURLcode code)
{
    long os_error = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
    if (transfer->refusal[0] != '\0')
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "%s", transfer->refusal);
    else if (transfer->enough || (code == CURLE_OK && transfer->head_done))
        end_answered(attempt, transfer);
    else if (code == CURLE_OK)
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "closed in the middle of the headers");
    else if (code == CURLE_COULDNT_CONNECT && transfer->open_error != 0)
        attempt_connect_failed(attempt, transfer->open_error);
    else if (code == CURLE_COULDNT_CONNECT && os_error != 0)
        attempt_connect_failed(attempt, (int)os_error);
    else if (own_fault(attempt, code, os_error) != 0)
        attempt_lost(attempt, own_fault(attempt, code, os_error));
    else
        end_failed(attempt, transfer, code);
}

/* The attempt holds the transfer still: it may go on to another hop. */
static void on_done(void *context, CURL *easy, CURLcode code)
{
    struct transfer *transfer = context;
    struct attempt *attempt = transfer->attempt;

    (void)easy;
    transfer->in_flight = false;
    if (attempt == NULL) {
        transfer_put_back(transfer);
        return;
    }
    transfer_add_timings(transfer, &attempt->result.timings);
    attempt->result.status = transfer->status;
    end_hop(attempt, transfer, code);
}

/* ---- the beginning ---- */

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

bool http_curl_add_header(struct transfer *transfer, const char *line)
{
    return add_line(&transfer->headers, line);
}

/* libcurl takes "Name:" for "send no such header"; an empty one is "Name;". */
static bool add_own_headers(struct transfer *transfer, const struct check *check)
{
    char *line = transfer->prober->scratch;

    for (uint32_t i = 0; i < check->header_count; i++) {
        const struct check_header *header = &check->headers[i];
        int length = snprintf(line, REQUEST_MAX, "%s%s%s", header->name,
                              header->value[0] != '\0' ? ": " : ";", header->value);

        if (length < 0 || length >= REQUEST_MAX || !add_line(&transfer->headers, line))
            return false;
    }
    return true;
}

/* The check's own headers may hold secrets: they are for its own host. HTTP/2 and 3 close their
 * connections without such a header, and forbid it. */
static bool add_headers(struct transfer *transfer, const struct check *check, bool same_host)
{
    if (same_host && !add_own_headers(transfer, check))
        return false;
    if (transfer->question->add != NULL || transfer->version != HTTP_VERSION_1 ||
        (same_host && request_has_header(check, "Connection")))
        return true;
    return add_line(&transfer->headers, "Connection: close");
}

static bool add_address(struct transfer *transfer)
{
    char pinned[ADDRESS_TEXT_MAX + 2] = "::";

    address_format(&transfer->attempt->address, pinned + 2);
    return add_line(&transfer->connect_to, pinned);
}

static long version_option(const struct transfer *transfer, const struct check *check)
{
    switch (transfer->version) {
    case HTTP_VERSION_1:
        break;
    case HTTP_VERSION_2:
        return check->tls ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    case HTTP_VERSION_3:
        return CURL_HTTP_VERSION_3ONLY;
    }
    return CURL_HTTP_VERSION_1_1;
}

static bool set_up(struct transfer *transfer, const struct check *check, const char *url,
                   bool same_host)
{
    bool own_ca = check->ca_file != NULL && check->ca_file[0] != '\0';
    bool is_head = check->method[0] == 'H';
    const struct http_question *question = transfer->question;
    CURL *easy = transfer->easy;

    if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK || !add_address(transfer) ||
        !add_headers(transfer, check, same_host))
        return false;
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, is_head ? 1L : 0L);
    if (question->add != NULL && !question->add(transfer, check))
        return false;
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, check->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, check->verify ? 2L : 0L);
    return curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version_option(transfer, check)) ==
               CURLE_OK &&
           curl_easy_setopt(easy, CURLOPT_CAINFO,
                            own_ca ? check->ca_file : transfer->default_ca_file) == CURLE_OK;
}

void http_curl_go(struct attempt *attempt, const char *url, bool same_host)
{
    struct transfer *transfer = attempt->held;

    transfer_reset(transfer);
    if (!set_up(transfer, attempt->check, url, same_host)) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "the request cannot be made");
        return;
    }
    transfer->in_flight = true;
    transfer->begun_us = prober_now_us();
    curl_loop_start(attempt->prober->curl_loop, transfer->easy, on_done, transfer);
}

static bool write_url(const struct check *check, const char *path, char out[HTTP_URL_MAX])
{
    char authority[300];
    int length;

    if (request_authority(check, check->tls ? 443 : 80, authority, sizeof(authority)) < 0)
        return false;
    length = snprintf(out, HTTP_URL_MAX, "%s://%s%s", check->tls ? "https" : "http", authority,
                      path != NULL ? path : check->target);
    return length > 0 && length < HTTP_URL_MAX;
}

void http_curl_begin(struct attempt *attempt, const struct http_question *question)
{
    const struct check *check = attempt->check;
    uint32_t subjects = assertion_subjects(check->assertion);
    struct transfer *transfer;
    char url[HTTP_URL_MAX];
    char error[RESULT_DETAIL_MAX];

    if (!prober_can(check, error, sizeof(error))) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "%s", error);
        return;
    }
    transfer = write_url(check, question->path, url) ? transfer_get(attempt->prober) : NULL;
    if (transfer == NULL) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "the request cannot be made");
        return;
    }
    transfer->attempt = attempt;
    transfer->question = question;
    transfer->version = question->is_call ? HTTP_VERSION_2 : check->http_version;
    transfer->body_wanted = question->body_max > 0 || (subjects & BODY_SUBJECTS) != 0;
    transfer->excerpt_wanted =
        attempt->account != NULL && !transfer->body_wanted && question->add == NULL;
    transfer->head_wanted = question->add != NULL || (subjects & SUBJECT_BIT(SUBJECT_HEADER)) != 0;
    transfer->location_wanted = check->redirects > 0;
    transfer->body_max = question->body_max > 0 ? question->body_max : check->body_max;
    transfer->own_address = attempt->address;
    attempt->held = transfer;
    http_curl_go(attempt, url, true);
}

/* The body that nothing looks at does not come. */
static void on_wake(struct attempt *attempt)
{
    end_answered(attempt, attempt->held);
}

static void begin(struct attempt *attempt)
{
    static const struct http_question page = {.judge = judge_page};

    http_curl_begin(attempt, &page);
}

void http_curl_release(struct attempt *attempt)
{
    struct transfer *transfer = attempt->held;

    if (transfer == NULL)
        return;
    attempt->held = NULL;
    if (!transfer->in_flight) {
        transfer_put_back(transfer);
        return;
    }
    transfer_add_timings(transfer, &attempt->result.timings);
    attempt->result.status = transfer->status;
    transfer->attempt = NULL;
    curl_loop_cancel(attempt->prober->curl_loop, transfer->easy);
}

const char *http_curl_doing(const struct attempt *attempt)
{
    const struct transfer *transfer = attempt->held;

    if (attempt->lookup != NULL)
        return "resolving the name of a redirect";
    if (transfer == NULL || !is_connected(attempt, transfer))
        return "connecting";
    if (attempt->check->tls && transfer_time(transfer, CURLINFO_APPCONNECT_TIME_T) == 0)
        return "shaking hands (TLS)";
    if (transfer_answered(transfer) == 0)
        return "waiting for an answer";
    return transfer->head_done ? "reading the body" : "reading the headers";
}

const struct attempt_kind kind_http_curl = {
    .needs_address = true,
    .begin = begin,
    .on_wake = on_wake,
    .release = http_curl_release,
    .doing = http_curl_doing,
};
