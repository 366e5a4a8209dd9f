/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS over libcurl: names are resolved by us and pinned (CONNECT_TO), so that libcurl keeps the
 * host for SNI, certificate and Host; the limits on headers and body are those of http1.h.
 *
 * A transfer is a handle of libcurl with its bookkeeping. It outlives its attempt when that ends
 * first (deadline, cancel, enough read): detached, it comes back from the curl_loop and returns to
 * the pool. Handles are reused, as making one costs more than a transfer; connections never are. */
#include "attempt.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "buffer.h"
#include "http1.h"

extern const struct attempt_kind kind_http_curl;

enum { URL_MAX = 8192 + 512, REASON_MAX = 80 };

struct transfer {
    CURL *easy;
    const char *default_ca_file; /* of libcurl */
    struct prober *prober;
    struct attempt *attempt; /* NULL: detached */
    struct transfer *next;   /* in the pool */
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    bool body_wanted;
    bool shaking;   /* connected: the handshake has begun */
    bool head_done; /* headers of the final answer have been read */
    bool enough;    /* we stopped it: what was read can be judged */
    int status;
    int open_error; /* errno of socket() */
    size_t head_bytes;
    unsigned head_lines;
    unsigned interim_count;
    struct buffer body;
    char refusal[REASON_MAX]; /* why we stopped it, as no answer */
    char error[CURL_ERROR_SIZE];
};

/* ---- what libcurl hands us: records and returns ---- */

/* Returns false when a limit is passed. */
static bool count_header(struct transfer *transfer, size_t length)
{
    transfer->head_bytes += length;
    transfer->head_lines++;
    if (transfer->head_bytes > HTTP1_HEAD_BYTES_MAX)
        snprintf(transfer->refusal, REASON_MAX, "more than %d bytes of headers",
                 HTTP1_HEAD_BYTES_MAX);
    else if (transfer->head_lines > HTTP1_HEAD_LINES_MAX)
        snprintf(transfer->refusal, REASON_MAX, "more than %d lines of headers",
                 HTTP1_HEAD_LINES_MAX);
    return transfer->refusal[0] == '\0';
}

/* Returns false when nothing more is to be read. */
static bool end_of_headers(struct transfer *transfer)
{
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status < 200 && status != 101) {
        if (++transfer->interim_count <= HTTP1_INTERIM_MAX)
            return true;
        snprintf(transfer->refusal, REASON_MAX, "more than %d interim answers, the last %ld",
                 HTTP1_INTERIM_MAX, status);
        return false;
    }
    transfer->head_done = true;
    transfer->status = (int)status;
    transfer->enough = !transfer->body_wanted;
    return transfer->body_wanted;
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    bool is_end = length > 0 && (line[0] == '\r' || line[0] == '\n');

    if (transfer->attempt == NULL || !count_header(transfer, length))
        return 0;
    if (is_end && !transfer->head_done && !end_of_headers(transfer))
        return 0;
    return length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;
    size_t room = HTTP1_BODY_MAX - transfer->body.length;

    if (transfer->attempt == NULL)
        return 0;
    buffer_add(&transfer->body, bytes, length < room ? length : room);
    transfer->enough = transfer->body.length == HTTP1_BODY_MAX;
    return transfer->enough ? 0 : length;
}

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
    (void)ssl_context;
    if (transfer->attempt != NULL)
        attempt_mark(transfer->attempt, &transfer->attempt->result.timings.connect_us);
    transfer->shaking = true;
    return CURLE_OK;
}

/* ---- transfers and their pool ---- */

static void transfer_destroy(struct transfer *transfer)
{
    if (transfer->easy != NULL)
        curl_easy_cleanup(transfer->easy);
    buffer_clear(&transfer->body);
    free(transfer);
}

/* Options that are the same for every attempt. */
static void set_once(struct transfer *transfer)
{
    CURL *easy = transfer->easy;
    char *ca_file = NULL;

    curl_easy_getinfo(easy, CURLINFO_CAINFO, &ca_file);
    transfer->default_ca_file = ca_file; /* libcurl's constant */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L); /* resuming skips the certificate */
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
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

static struct transfer *transfer_get(struct prober *prober)
{
    struct transfer *transfer = prober->pool;

    if (transfer != NULL) {
        prober->pool = transfer->next;
        prober->pool_count--;
        return transfer;
    }
    transfer = calloc(1, sizeof(*transfer));
    if (transfer == NULL)
        return NULL;
    transfer->prober = prober;
    buffer_init(&transfer->body, HTTP1_BODY_MAX);
    transfer->easy = curl_loop_easy("https");
    if (transfer->easy == NULL) {
        transfer_destroy(transfer);
        return NULL;
    }
    set_once(transfer);
    return transfer;
}

static void transfer_put_back(struct transfer *transfer)
{
    struct prober *prober = transfer->prober;

    curl_slist_free_all(transfer->headers);
    curl_slist_free_all(transfer->connect_to);
    transfer->headers = NULL;
    transfer->connect_to = NULL;
    buffer_clear(&transfer->body);
    buffer_init(&transfer->body, HTTP1_BODY_MAX);
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

/* ---- the end of a transfer ---- */

static usec_t time_of(const struct transfer *transfer, CURLINFO info)
{
    curl_off_t time_us = 0;

    curl_easy_getinfo(transfer->easy, info, &time_us);
    return (usec_t)time_us;
}

/* What is known at the end, early or not; libcurl's times say 0 for not reached. */
static void take_facts(const struct transfer *transfer, struct result *result)
{
    usec_t secured_us = time_of(transfer, CURLINFO_APPCONNECT_TIME_T);
    usec_t answered_us = time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T);

    if (secured_us > 0)
        result->timings.tls_us = secured_us - time_of(transfer, CURLINFO_CONNECT_TIME_T);
    if (answered_us > 0)
        result->timings.first_byte_us =
            answered_us - time_of(transfer, CURLINFO_PRETRANSFER_TIME_T);
    result->status = transfer->status;
}

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

static void end_failed(struct attempt *attempt, const struct transfer *transfer, CURLcode code)
{
    const char *words = transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
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
    attempt_end(attempt, class, failure, "%s", text);
}

static void judge(struct attempt *attempt, const struct transfer *transfer)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY),
                            .status = transfer->status,
                            .body = buffer_text(&transfer->body),
                            .body_length = transfer->body.length};
    char seen[32];

    snprintf(seen, sizeof(seen), "status %d", transfer->status);
    attempt_judge(attempt, &answer, seen);
}

static void end_attempt(struct attempt *attempt, struct transfer *transfer, CURLcode code)
{
    long os_error = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_error);
    take_facts(transfer, &attempt->result);
    if (transfer->refusal[0] != '\0')
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "%s", transfer->refusal);
    else if (transfer->body.failed)
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for the body");
    else if (transfer->enough || (code == CURLE_OK && transfer->head_done))
        judge(attempt, transfer);
    else if (code == CURLE_OK)
        attempt_end(attempt, RESULT_BAD, FAILURE_STATUS, "closed in the middle of the headers");
    else if (code == CURLE_COULDNT_CONNECT && transfer->open_error != 0)
        attempt_connect_failed(attempt, transfer->open_error);
    else if (code == CURLE_COULDNT_CONNECT && os_error != 0)
        attempt_connect_failed(attempt, (int)os_error);
    else
        end_failed(attempt, transfer, code);
}

static void on_done(void *context, CURL *easy, CURLcode code)
{
    struct transfer *transfer = context;
    struct attempt *attempt = transfer->attempt;

    (void)easy;
    if (attempt != NULL) {
        transfer->attempt = NULL;
        attempt->held = NULL;
        end_attempt(attempt, transfer, code);
    }
    transfer_put_back(transfer);
}

/* ---- the beginning ---- */

static bool add_line(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(*list, line);

    if (longer != NULL)
        *list = longer;
    return longer != NULL;
}

/* libcurl takes "Name:" for "send no such header"; an empty one is "Name;". */
static bool add_headers(struct transfer *transfer, const struct check *check)
{
    char *line = transfer->prober->scratch;

    for (uint32_t i = 0; i < check->header_count; i++) {
        const struct check_header *header = &check->headers[i];
        int length = snprintf(line, REQUEST_MAX, "%s%s%s", header->name,
                              header->value[0] != '\0' ? ": " : ";", header->value);

        if (length < 0 || length >= REQUEST_MAX || !add_line(&transfer->headers, line))
            return false;
    }
    return request_has_header(check, "Connection") ||
           add_line(&transfer->headers, "Connection: close");
}

static bool set_url(struct transfer *transfer, const struct check *check)
{
    char authority[300];
    char url[URL_MAX];
    int length;

    if (request_authority(check, 443, authority, sizeof(authority)) < 0)
        return false;
    length = snprintf(url, sizeof(url), "https://%s%s", authority, check->target);
    return length > 0 && (size_t)length < sizeof(url) &&
           curl_easy_setopt(transfer->easy, CURLOPT_URL, url) == CURLE_OK;
}

static bool set_address(struct transfer *transfer)
{
    char pinned[ADDRESS_TEXT_MAX + 2] = "::";

    address_format(&transfer->attempt->address, pinned + 2);
    return add_line(&transfer->connect_to, pinned);
}

static bool set_up(struct transfer *transfer, const struct check *check)
{
    bool own_ca = check->ca_file != NULL && check->ca_file[0] != '\0';
    bool is_head = check->method[0] == 'H';
    CURL *easy = transfer->easy;

    if (!set_url(transfer, check) || !set_address(transfer) || !add_headers(transfer, check))
        return false;
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    curl_easy_setopt(easy, CURLOPT_NOBODY, is_head ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, check->verify ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, check->verify ? 2L : 0L);
    return curl_easy_setopt(easy, CURLOPT_CAINFO,
                            own_ca ? check->ca_file : transfer->default_ca_file) == CURLE_OK;
}

static void forget_last(struct transfer *transfer)
{
    transfer->shaking = false;
    transfer->head_done = false;
    transfer->enough = false;
    transfer->status = 0;
    transfer->open_error = 0;
    transfer->head_bytes = 0;
    transfer->head_lines = 0;
    transfer->interim_count = 0;
    transfer->refusal[0] = '\0';
    transfer->error[0] = '\0';
}

static void begin(struct attempt *attempt)
{
    const struct assertion *assertion = attempt->check->assertion;
    struct transfer *transfer = transfer_get(attempt->prober);

    if (transfer == NULL) {
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "no memory for a transfer");
        return;
    }
    forget_last(transfer);
    transfer->attempt = attempt;
    transfer->body_wanted = (assertion_subjects(assertion) & SUBJECT_BIT(SUBJECT_BODY)) != 0;
    if (!set_up(transfer, attempt->check)) {
        transfer->attempt = NULL;
        transfer_put_back(transfer);
        attempt_end(attempt, RESULT_VOID, FAILURE_POLICY, "the request cannot be made");
        return;
    }
    attempt->held = transfer;
    curl_loop_start(attempt->prober->curl_loop, transfer->easy, on_done, transfer);
}

static void release(struct attempt *attempt)
{
    struct transfer *transfer = attempt->held;

    if (transfer == NULL)
        return;
    take_facts(transfer, &attempt->result);
    attempt->held = NULL;
    transfer->attempt = NULL;
    curl_loop_cancel(attempt->prober->curl_loop, transfer->easy);
}

static const char *doing(const struct attempt *attempt)
{
    const struct transfer *transfer = attempt->held;

    if (transfer == NULL || !transfer->shaking)
        return "connecting";
    if (time_of(transfer, CURLINFO_APPCONNECT_TIME_T) == 0)
        return "shaking hands (TLS)";
    if (time_of(transfer, CURLINFO_STARTTRANSFER_TIME_T) == 0)
        return "waiting for an answer";
    return transfer->head_done ? "reading the body" : "reading the headers";
}

const struct attempt_kind kind_http_curl = {
    .needs_address = true,
    .begin = begin,
    .release = release,
    .doing = doing,
};
