/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_transfer.c: an easy handle for each request; what is kept between requests, connections and
 * TLS sessions, libcurl keeps in the multi handle of the curl_loop. HTTP/1.1 on purpose: one
 * request a connection, so that a slow answer delays nobody else and a cancelled one ends alone. */
#include "etcd_transfer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"

/* How long libcurl may trust its copy of ca_file: an authority that was replaced takes effect. */
enum { CA_CACHE_S = 60 };

struct etcd_transfer {
    struct curl_loop *curl_loop;
    CURL *easy;
    struct etcd_lists lists;
    const char *body;
    size_t length;
    size_t handed; /* bytes of the body that libcurl has taken */
    struct buffer answer;
    char words[CURL_ERROR_SIZE];
    etcd_transfer_done done;
    void *context;
};

/* ---- the handle ---- */

/* Without a leader in sight a member answers at once that it has none, instead of after 7 s; and it
 * ends a watch that would stay silent for ever. */
static const char has_leader[] = "Grpc-Metadata-hasleader: true";

static struct curl_slist *add_header(struct curl_slist *list, const char *header)
{
    struct curl_slist *longer = curl_slist_append(list, header);

    if (longer == NULL)
        curl_slist_free_all(list);
    return longer;
}

static struct curl_slist *headers_create(const char *token)
{
    struct curl_slist *list = add_header(NULL, has_leader);
    char line[2048];
    int length;

    if (list != NULL)
        list = add_header(list, "Content-Type: application/json");
    if (list != NULL)
        list = add_header(list, "Expect:"); /* no round trip to ask whether we may go on */
    if (list == NULL || token[0] == '\0')
        return list;
    length = snprintf(line, sizeof(line), "Authorization: %s", token);
    if (length > 0 && (size_t)length < sizeof(line))
        list = add_header(list, line);
    explicit_bzero(line, sizeof(line));
    return list;
}

static void set_certificates(CURL *easy, const struct store_settings *settings)
{
    if (settings->ca_file[0] != '\0')
        curl_easy_setopt(easy, CURLOPT_CAINFO, settings->ca_file);
    if (settings->cert_file[0] == '\0')
        return;
    curl_easy_setopt(easy, CURLOPT_SSLCERT, settings->cert_file);
    curl_easy_setopt(easy, CURLOPT_SSLKEY, settings->key_file);
}

void etcd_lists_free(struct etcd_lists *lists)
{
    for (struct curl_slist *header = lists->headers; header != NULL; header = header->next)
        explicit_bzero(header->data, strlen(header->data)); /* a token */
    curl_slist_free_all(lists->headers);
    curl_slist_free_all(lists->pins);
    *lists = (struct etcd_lists){0};
}

static bool lists_create(struct etcd_lists *lists, const struct etcd_target *target)
{
    lists->headers = headers_create(target->token);
    lists->pins = target->pin[0] != '\0' ? curl_slist_append(NULL, target->pin) : NULL;
    return lists->headers != NULL && (lists->pins != NULL || target->pin[0] == '\0');
}

CURL *etcd_easy(const struct etcd_target *target, struct etcd_lists *ret_lists)
{
    CURL *easy = curl_loop_easy("http,https");
    struct etcd_lists lists = {0};
    char url[2048];
    int length = snprintf(url, sizeof(url), "%s%s", target->member, target->path);

    if (!lists_create(&lists, target) || easy == NULL || length < 0 ||
        (size_t)length >= sizeof(url)) {
        curl_easy_cleanup(easy);
        etcd_lists_free(&lists);
        return NULL;
    }
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, lists.headers);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)target->connect_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)target->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (lists.pins != NULL)
        curl_easy_setopt(easy, CURLOPT_RESOLVE, lists.pins);
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, target->fresh ? 1L : 0L);
    curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, (long)CA_CACHE_S);
    set_certificates(easy, target->settings);
    *ret_lists = lists;
    return easy;
}

int etcd_unreadable_file(const struct store_settings *settings, const char **ret_path)
{
    const char *const files[] = {settings->ca_file, settings->cert_file, settings->key_file};

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        if (files[i][0] != '\0' && access(files[i], R_OK) != 0) {
            *ret_path = files[i];
            return errno;
        }
    }
    return 0;
}

/* ---- body and answer ---- */

/* Who asks for more than there was begins anew, and shall not. */
static size_t on_body_wanted(char *to, size_t size, size_t count, void *context)
{
    struct etcd_transfer *transfer = context;
    size_t left = transfer->length - transfer->handed;
    size_t piece = size * count < left ? size * count : left;

    if (left == 0)
        return CURL_READFUNC_ABORT;
    memcpy(to, transfer->body + transfer->handed, piece);
    transfer->handed += piece;
    return piece;
}

static int on_rewind_wanted(void *context, curl_off_t offset, int origin)
{
    (void)context;
    (void)offset;
    (void)origin;
    return CURL_SEEKFUNC_FAIL;
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct etcd_transfer *transfer = context;

    buffer_add(&transfer->answer, bytes, size * count);
    return transfer->answer.failed ? 0 : size * count;
}

/* ---- life ---- */

static void destroy(struct etcd_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    etcd_lists_free(&transfer->lists);
    buffer_clear(&transfer->answer);
    free(transfer);
}

static void on_done(void *context, CURL *easy, CURLcode code)
{
    struct etcd_transfer *transfer = context;
    struct etcd_transferred result = {.code = code, .words = transfer->words};

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &result.http_status);
    result.sent = transfer->handed > 0;
    result.too_long = transfer->answer.failed;
    result.body = buffer_text(&transfer->answer);
    result.length = transfer->answer.length;
    if (code != CURLE_OK && transfer->words[0] == '\0')
        result.words = curl_easy_strerror(code);
    transfer->done(transfer->context, &result);
    destroy(transfer);
}

struct etcd_transfer *etcd_transfer_start(struct curl_loop *curl_loop,
                                          const struct etcd_target *target, const char *body,
                                          size_t length, etcd_transfer_done done, void *context)
{
    struct etcd_transfer *transfer = calloc(1, sizeof(*transfer));

    if (transfer == NULL)
        return NULL;
    *transfer = (struct etcd_transfer){
        .curl_loop = curl_loop, .body = body, .length = length, .done = done, .context = context};
    buffer_init(&transfer->answer, ETCD_ANSWER_MAX);
    transfer->easy = etcd_easy(target, &transfer->lists);
    if (transfer->easy == NULL) {
        free(transfer);
        return NULL;
    }
    curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    curl_easy_setopt(transfer->easy, CURLOPT_READFUNCTION, on_body_wanted);
    curl_easy_setopt(transfer->easy, CURLOPT_READDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_SEEKFUNCTION, on_rewind_wanted);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_answer);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, transfer->words);
    curl_loop_start(curl_loop, transfer->easy, on_done, transfer);
    return transfer;
}

void etcd_transfer_cancel(struct etcd_transfer *transfer)
{
    curl_loop_cancel(transfer->curl_loop, transfer->easy);
}
