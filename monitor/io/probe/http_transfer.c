/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: libcurl calls back while its own state is half changed; so what it hands us is counted
 * against the limits of http1.h, kept, and looked at when the transfer has come back. */
#include "http_curl.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "account.h"
#include "http1.h"

/* ---- headers ---- */

/* Returns false when a limit is passed. */
static bool count_header(struct transfer *transfer, size_t length)
{
    if (transfer->head_bytes == 0)
        transfer->answered_us = prober_now_us() - transfer->begun_us;
    transfer->head_bytes += length;
    transfer->head_lines++;
    if (transfer->head_bytes > HTTP1_HEAD_BYTES_MAX)
        snprintf(transfer->refusal, REFUSAL_MAX, "more than %d bytes of headers",
                 HTTP1_HEAD_BYTES_MAX);
    else if (transfer->head_lines > HTTP1_HEAD_LINES_MAX)
        snprintf(transfer->refusal, REFUSAL_MAX, "more than %d lines of headers",
                 HTTP1_HEAD_LINES_MAX);
    return transfer->refusal[0] == '\0';
}

/* Interim answers are answers as well: each begins anew. */
static void keep_header(struct transfer *transfer, const char *line, size_t length)
{
    static const char location[] = "location:";

    if (!transfer->head_done && length >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        buffer_reset(&transfer->head);
        buffer_reset(&transfer->location);
    }
    if (transfer->head_wanted)
        buffer_add(&transfer->head, line, length);
    if (transfer->location_wanted && transfer->location.length == 0 && length >= sizeof(location) &&
        strncasecmp(line, location, sizeof(location) - 1) == 0)
        buffer_add(&transfer->location, line + sizeof(location) - 1,
                   length - (sizeof(location) - 1));
}

/* libcurl shows its TLS only while the transfer goes on. The peer's certificate is OpenSSL's. */
static void look_at_tls(struct transfer *transfer)
{
    const struct curl_tlssessioninfo *session = NULL;
    const X509 *certificate;
    int days = 0;
    int seconds = 0;

    if (curl_easy_getinfo(transfer->easy, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK ||
        session == NULL || session->backend != CURLSSLBACKEND_OPENSSL || session->internals == NULL)
        return;
    transfer->tls_version = SSL_version(session->internals);
    account_handshake(transfer->attempt, session->internals);
    certificate = SSL_get0_peer_certificate(session->internals);
    if (certificate == NULL ||
        ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
        return;
    transfer->cert_seen = true;
    transfer->cert_left_s = (int64_t)days * 24 * 60 * 60 + seconds;
}

/* Who explains a check shows how the body begins. It is waited for a little, in time that does not
 * count, and what becomes of it does not either: nothing looks at it. */
static bool wait_for_excerpt(struct transfer *transfer)
{
    struct attempt *attempt = transfer->attempt;

    if (!transfer->excerpt_wanted || redirect_is_wanted(attempt, transfer))
        return false;
    attempt->answered_us = prober_now_us();
    attempt_wake(attempt, EXCERPT_MS);
    return true;
}

/* Returns false when nothing more is to be read. */
static bool end_of_headers(struct transfer *transfer)
{
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 && status != 101) {
        if (++transfer->interim_count <= HTTP1_INTERIM_MAX)
            return true;
        snprintf(transfer->refusal, REFUSAL_MAX, "more than %d interim answers, the last %ld",
                 HTTP1_INTERIM_MAX, status);
        return false;
    }
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_VERSION, &transfer->http_version);
    look_at_tls(transfer);
    transfer->head_done = true;
    transfer->status = (int)status;
    transfer->enough = !transfer->body_wanted || redirect_is_wanted(transfer->attempt, transfer);
    return !transfer->enough || wait_for_excerpt(transfer);
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    bool is_end = length > 0 && (line[0] == '\r' || line[0] == '\n');

    if (transfer->attempt == NULL || !count_header(transfer, length))
        return 0;
    if (!is_end && (!transfer->head_done || transfer->question->is_call))
        keep_header(transfer, line, length);
    if (is_end && !transfer->head_done && !end_of_headers(transfer))
        return 0;
    return length;
}

/* ---- the body ---- */

/* Is what was read all there is? */
static bool is_whole(const struct transfer *transfer)
{
    curl_off_t announced = -1;

    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
    return announced == (curl_off_t)transfer->body.length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    size_t room = transfer->body_max - transfer->body.length;

    if (transfer->attempt == NULL)
        return 0;
    buffer_add(&transfer->body, bytes, length < room ? length : room);
    if (transfer->excerpt_wanted)
        return 0;
    transfer->enough = transfer->body.length == transfer->body_max;
    transfer->body_cut = transfer->enough && (length > room || !is_whole(transfer));
    return transfer->enough ? 0 : length;
}

/* ---- connections ---- */

static curl_socket_t on_open_socket(void *context, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct transfer *transfer = context;

    (void)purpose;
    if (transfer->attempt == NULL)
        return CURL_SOCKET_BAD;
    return attempt_open_for_curl(transfer->attempt, address, &transfer->open_error);
}

/* libcurl asks for this when it is connected; its own time of that is told only after the
 * handshake, which may never end. */
static CURLcode on_handshake(CURL *easy, void *ssl_context, void *context)
{
    struct transfer *transfer = context;

    (void)easy;
    if (transfer->attempt != NULL)
        account_watch_certificates(transfer->attempt, ssl_context);
    transfer->connect_us = prober_now_us() - transfer->begun_us;
    return CURLE_OK;
}

usec_t transfer_time(const struct transfer *transfer, CURLINFO info)
{
    curl_off_t time_us = 0;

    curl_easy_getinfo(transfer->easy, info, &time_us);
    return (usec_t)time_us;
}

/* Where a body goes out, libcurl takes its first byte for the answer's. */
usec_t transfer_answered(const struct transfer *transfer)
{
    return transfer->question->is_call ? transfer->answered_us
                                       : transfer_time(transfer, CURLINFO_STARTTRANSFER_TIME_T);
}

static void add_time(usec_t *to, usec_t time_us)
{
    *to = time_us + (*to > 0 ? *to : 0);
}

/* libcurl's times are from its start, and 0 for what was not reached. */
void transfer_add_timings(const struct transfer *transfer, struct timings *timings)
{
    usec_t connected_us = transfer_time(transfer, CURLINFO_CONNECT_TIME_T);
    usec_t secured_us = transfer_time(transfer, CURLINFO_APPCONNECT_TIME_T);
    usec_t answered_us = transfer_answered(transfer);

    if (transfer->connect_us >= 0)
        add_time(&timings->connect_us, transfer->connect_us);
    else if (connected_us > 0)
        add_time(&timings->connect_us, connected_us);
    if (secured_us > 0)
        add_time(&timings->tls_us, secured_us - connected_us);
    if (answered_us > 0)
        add_time(&timings->first_byte_us,
                 answered_us - transfer_time(transfer, CURLINFO_PRETRANSFER_TIME_T));
}

/* ---- the pool ---- */

static void transfer_destroy(struct transfer *transfer)
{
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    buffer_clear(&transfer->body);
    buffer_clear(&transfer->head);
    buffer_clear(&transfer->location);
    free(transfer);
}

/* Options that are the same for every attempt. Decompression stays off: a small answer must not
 * become a large one here. */
static void set_once(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    char *ca_file = NULL;

    curl_easy_getinfo(easy, CURLINFO_CAINFO, &ca_file);
    transfer->default_ca_file = ca_file; /* libcurl's constant */
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* resuming skips the certificate */
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, USER_AGENT);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_handshake);
    curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, transfer);
}

struct transfer *transfer_get(struct prober *prober)
{
    struct transfer *transfer = prober->pool;

    if (transfer != NULL) {
        prober->pool = transfer->next;
        prober->pool_count--;
        transfer->hops = 0;
        return transfer;
    }
    transfer = calloc(1, sizeof(*transfer));
    if (transfer == NULL)
        return NULL;
    transfer->prober = prober;
    transfer->easy = curl_loop_easy("http,https");
    if (transfer->easy == NULL) {
        transfer_destroy(transfer);
        return NULL;
    }
    set_once(transfer);
    return transfer;
}

void transfer_reset(struct transfer *transfer)
{
    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->connect_to);
    transfer->headers = NULL;
    transfer->connect_to = NULL;
    buffer_clear(&transfer->body);
    buffer_clear(&transfer->head);
    buffer_clear(&transfer->location);
    buffer_init(&transfer->body, transfer->body_max);
    buffer_init(&transfer->head, HTTP1_HEAD_BYTES_MAX);
    buffer_init(&transfer->location, LOCATION_MAX);
    transfer->connect_us = -1;
    transfer->head_done = false;
    transfer->enough = false;
    transfer->open_error = 0;
    transfer->answered_us = 0;
    transfer->head_bytes = 0;
    transfer->head_lines = 0;
    transfer->interim_count = 0;
    transfer->refusal[0] = '\0';
    transfer->error[0] = '\0';
    transfer->status = 0;
    transfer->http_version = 0;
    transfer->tls_version = 0;
    transfer->cert_seen = false;
    transfer->body_cut = false;
}

void transfer_put_back(struct transfer *transfer)
{
    struct prober *prober = transfer->prober;

    transfer->attempt = NULL;
    transfer_reset(transfer);
    if (prober->pool_count == TRANSFERS_POOLED) {
        transfer_destroy(transfer);
        return;
    }
    transfer->next = prober->pool;
    prober->pool = transfer;
    prober->pool_count++;
}

void http_curl_close(struct prober *prober)
{
    while (prober->pool != NULL) {
        struct transfer *transfer = prober->pool;

        prober->pool = transfer->next;
        transfer_destroy(transfer);
    }
}
