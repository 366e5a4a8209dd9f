/* SPDX-License-Identifier: Apache-2.0 */
/* The signature is a chain: target -> canonical request -> string to sign -> HMAC -> header. Each
 * link is one function below, in this order. */
#include "sigv4.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

enum { DATE_LENGTH = 8 };

static const char algorithm[] = "AWS4-HMAC-SHA256";

/* What the links hand on to each other. */
struct chain {
    const struct sigv4_request *request;
    const struct sigv4_credentials *credentials;
    struct sigv4_pair headers[SIGV4_PAIRS_MAX]; /* sorted; keys are the caller's */
    size_t header_count;
    struct buffer path; /* encoded once: as sent */
    struct buffer query;
    struct buffer names; /* "host;x-amz-date" */
    struct buffer canonical;
    struct buffer scope; /* "20130524/us-east-1/route53/aws4_request" */
    struct buffer to_sign;
};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static char lower(char c)
{
    return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_unreserved(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_' ||
           c == '.' || c == '~';
}

static void add_encoded_char(struct buffer *out, char c)
{
    static const char hex[] = "0123456789ABCDEF";
    unsigned char byte = (unsigned char)c;

    if (is_unreserved(c)) {
        buffer_add_char(out, c);
        return;
    }
    buffer_add_char(out, '%');
    buffer_add_char(out, hex[byte >> 4]);
    buffer_add_char(out, hex[byte & 15]);
}

static void add_encoded(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        add_encoded_char(out, *text);
}

static void add_hex(struct buffer *out, const unsigned char hash[SHA256_DIGEST_LENGTH])
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < SHA256_DIGEST_LENGTH; i++) {
        buffer_add_char(out, hex[hash[i] >> 4]);
        buffer_add_char(out, hex[hash[i] & 15]);
    }
}

static int add_sha256(struct buffer *out, const char *bytes, size_t length)
{
    unsigned char hash[SHA256_DIGEST_LENGTH];

    if (EVP_Digest(bytes, length, hash, NULL, EVP_sha256(), NULL) != 1)
        return -1;
    add_hex(out, hash);
    return 0;
}

/* ---- target ---- */

static bool is_resolved_away(const char *segment)
{
    return segment[0] == '\0' || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0;
}

static int make_path(struct chain *chain)
{
    const struct sigv4_request *request = chain->request;

    if (request->segment_count == 0)
        buffer_add_char(&chain->path, '/');
    for (size_t i = 0; i < request->segment_count; i++) {
        bool is_trailing_slash =
            i + 1 == request->segment_count && i > 0 && request->segments[i][0] == '\0';

        if (is_resolved_away(request->segments[i]) && !is_trailing_slash)
            return -1;
        buffer_add_char(&chain->path, '/');
        add_encoded(&chain->path, request->segments[i]);
    }
    return chain->path.failed ? -1 : 0;
}

struct encoded_pair {
    char *key;
    char *value;
};

/* By key, then by value, both in their encoded form: "%" sorts before every letter. */
static int compare_pairs(const void *left, const void *right)
{
    const struct encoded_pair *a = left;
    const struct encoded_pair *b = right;
    int order = strcmp(a->key, b->key);

    return order != 0 ? order : strcmp(a->value, b->value);
}

static int encode(const char *text, char **ret_encoded)
{
    struct buffer out;
    int status;

    buffer_init(&out, SIGV4_TARGET_MAX);
    add_encoded(&out, text);
    status = buffer_take(&out, ret_encoded);
    buffer_clear(&out);
    return status;
}

static void add_query(struct buffer *out, const struct encoded_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_add_char(out, '&');
        buffer_add_text(out, pairs[i].key);
        buffer_add_char(out, '=');
        buffer_add_text(out, pairs[i].value);
    }
}

static int make_query(struct chain *chain)
{
    struct encoded_pair pairs[SIGV4_PAIRS_MAX] = {{NULL, NULL}};
    size_t count = chain->request->query_count;
    int status = -1;

    if (count > SIGV4_PAIRS_MAX)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (encode(chain->request->query[i].key, &pairs[i].key) != 0 ||
            encode(chain->request->query[i].value, &pairs[i].value) != 0)
            goto out;
    }
    qsort(pairs, count, sizeof(pairs[0]), compare_pairs);
    add_query(&chain->query, pairs, count);
    status = chain->query.failed ? -1 : 0;
out:
    for (size_t i = 0; i < count; i++) {
        free(pairs[i].key);
        free(pairs[i].value);
    }
    return status;
}

/* ---- canonical request ---- */

static int compare_keys(const char *left, const char *right)
{
    while (*left != '\0' && lower(*left) == lower(*right)) {
        left++;
        right++;
    }
    return (unsigned char)lower(*left) - (unsigned char)lower(*right);
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

/* Keeps them sorted; equal keys stay in the caller's order, as their values are joined. */
static int insert_header(struct chain *chain, const char *key, const char *value)
{
    size_t at = chain->header_count;

    if (at == SIGV4_PAIRS_MAX || key[0] == '\0' || has_control(key) || has_control(value))
        return -1;
    for (; at > 0 && compare_keys(chain->headers[at - 1].key, key) > 0; at--)
        chain->headers[at] = chain->headers[at - 1];
    chain->headers[at] = (struct sigv4_pair){key, value};
    chain->header_count++;
    return 0;
}

static int collect_headers(struct chain *chain)
{
    const struct sigv4_request *request = chain->request;
    const char *token = chain->credentials->token;

    if (insert_header(chain, "host", request->host) != 0 ||
        insert_header(chain, "x-amz-date", request->time) != 0)
        return -1;
    if (token[0] != '\0' && insert_header(chain, "x-amz-security-token", token) != 0)
        return -1;
    for (size_t i = 0; i < request->header_count; i++) {
        if (insert_header(chain, request->headers[i].key, request->headers[i].value) != 0)
            return -1;
    }
    return 0;
}

/* Without blanks at both ends, runs of blanks as one. */
static void add_header_value(struct buffer *out, const char *value)
{
    bool pending = false;
    bool started = false;

    for (; *value != '\0'; value++) {
        if (*value == ' ') {
            pending = started;
            continue;
        }
        if (pending)
            buffer_add_char(out, ' ');
        buffer_add_char(out, *value);
        pending = false;
        started = true;
    }
}

static void add_lower(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        buffer_add_char(out, lower(*text));
}

/* "key:value\n" for each key, and the list of keys into chain->names. */
static void add_headers(struct chain *chain)
{
    struct buffer *out = &chain->canonical;

    for (size_t i = 0; i < chain->header_count; i++) {
        const struct sigv4_pair *header = &chain->headers[i];

        if (i > 0 && compare_keys(chain->headers[i - 1].key, header->key) == 0) {
            buffer_add_char(out, ',');
            add_header_value(out, header->value);
            continue;
        }
        if (i > 0) {
            buffer_add_char(out, '\n');
            buffer_add_char(&chain->names, ';');
        }
        add_lower(&chain->names, header->key);
        add_lower(out, header->key);
        buffer_add_char(out, ':');
        add_header_value(out, header->value);
    }
    buffer_add_char(out, '\n');
}

/* The path is encoded a second time here: all services but S3 want it so. */
static void add_canonical_path(struct buffer *out, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == '/')
            buffer_add_char(out, '/');
        else
            add_encoded_char(out, *path);
    }
}

static int make_canonical(struct chain *chain)
{
    struct buffer *out = &chain->canonical;

    if (collect_headers(chain) != 0)
        return -1;
    buffer_add_text(out, chain->request->method);
    buffer_add_char(out, '\n');
    add_canonical_path(out, buffer_text(&chain->path));
    buffer_add_char(out, '\n');
    buffer_add_text(out, buffer_text(&chain->query));
    buffer_add_char(out, '\n');
    add_headers(chain);
    buffer_add_char(out, '\n');
    buffer_add_text(out, buffer_text(&chain->names));
    buffer_add_char(out, '\n');
    if (add_sha256(out, chain->request->body, chain->request->body_length) != 0)
        return -1;
    return out->failed || chain->names.failed ? -1 : 0;
}

/* ---- string to sign ---- */

static bool is_time(const char *time)
{
    if (strlen(time) != SIGV4_TIME_LENGTH)
        return false;
    for (size_t i = 0; i < SIGV4_TIME_LENGTH; i++) {
        char wanted = i == 8 ? 'T' : i == 15 ? 'Z' : '0';

        if (wanted == '0' ? !is_digit(time[i]) : time[i] != wanted)
            return false;
    }
    return true;
}

static int make_string_to_sign(struct chain *chain)
{
    struct buffer *out = &chain->to_sign;

    buffer_add(&chain->scope, chain->request->time, DATE_LENGTH);
    buffer_add_char(&chain->scope, '/');
    buffer_add_text(&chain->scope, chain->request->region);
    buffer_add_char(&chain->scope, '/');
    buffer_add_text(&chain->scope, chain->request->service);
    buffer_add_text(&chain->scope, "/aws4_request");

    buffer_add_text(out, algorithm);
    buffer_add_char(out, '\n');
    buffer_add_text(out, chain->request->time);
    buffer_add_char(out, '\n');
    buffer_add_text(out, buffer_text(&chain->scope));
    buffer_add_char(out, '\n');
    if (add_sha256(out, buffer_text(&chain->canonical), chain->canonical.length) != 0)
        return -1;
    return out->failed || chain->scope.failed ? -1 : 0;
}

/* ---- signature ---- */

/* key = HMAC(key, text). */
static int turn_key(unsigned char key[SHA256_DIGEST_LENGTH], const char *text, size_t length)
{
    unsigned char next[SHA256_DIGEST_LENGTH];

    if (HMAC(EVP_sha256(), key, SHA256_DIGEST_LENGTH, (const unsigned char *)text, length, next,
             NULL) == NULL)
        return -1;
    memcpy(key, next, sizeof(next));
    OPENSSL_cleanse(next, sizeof(next));
    return 0;
}

/* The first key is "AWS4" and the secret, the first text the date. */
static int first_key(const struct chain *chain, unsigned char key[SHA256_DIGEST_LENGTH])
{
    struct buffer secret;
    int status = -1;

    buffer_init(&secret, 1024);
    buffer_add_text(&secret, "AWS4");
    buffer_add_text(&secret, chain->credentials->secret);
    if (!secret.failed &&
        HMAC(EVP_sha256(), secret.data, (int)secret.length,
             (const unsigned char *)chain->request->time, DATE_LENGTH, key, NULL) != NULL)
        status = 0;
    buffer_clear(&secret);
    return status;
}

static int make_signature(const struct chain *chain, unsigned char key[SHA256_DIGEST_LENGTH])
{
    const struct sigv4_request *request = chain->request;

    if (first_key(chain, key) != 0 ||
        turn_key(key, request->region, strlen(request->region)) != 0 ||
        turn_key(key, request->service, strlen(request->service)) != 0 ||
        turn_key(key, "aws4_request", strlen("aws4_request")) != 0)
        return -1;
    return turn_key(key, buffer_text(&chain->to_sign), chain->to_sign.length);
}

static int make_authorization(struct chain *chain, char **ret_authorization)
{
    unsigned char key[SHA256_DIGEST_LENGTH];
    struct buffer out;
    int status = -1;

    buffer_init(&out, SIGV4_TARGET_MAX);
    if (chain->credentials->key_id[0] == '\0' || has_control(chain->credentials->key_id) ||
        make_signature(chain, key) != 0)
        goto out;
    buffer_add_text(&out, algorithm);
    buffer_add_text(&out, " Credential=");
    buffer_add_text(&out, chain->credentials->key_id);
    buffer_add_char(&out, '/');
    buffer_add_text(&out, buffer_text(&chain->scope));
    buffer_add_text(&out, ", SignedHeaders=");
    buffer_add_text(&out, buffer_text(&chain->names));
    buffer_add_text(&out, ", Signature=");
    add_hex(&out, key);
    status = buffer_take(&out, ret_authorization);
out:
    OPENSSL_cleanse(key, sizeof(key));
    buffer_clear(&out);
    return status;
}

/* ---- the whole ---- */

static void chain_init(struct chain *chain, const struct sigv4_request *request,
                       const struct sigv4_credentials *credentials)
{
    chain->request = request;
    chain->credentials = credentials;
    chain->header_count = 0;
    buffer_init(&chain->path, SIGV4_TARGET_MAX);
    buffer_init(&chain->query, SIGV4_TARGET_MAX);
    buffer_init(&chain->names, SIGV4_TARGET_MAX);
    buffer_init(&chain->canonical, SIGV4_CANONICAL_MAX);
    buffer_init(&chain->scope, SIGV4_TARGET_MAX);
    buffer_init(&chain->to_sign, SIGV4_TARGET_MAX);
}

static void chain_clear(struct chain *chain)
{
    buffer_clear(&chain->path);
    buffer_clear(&chain->query);
    buffer_clear(&chain->names);
    buffer_clear(&chain->canonical);
    buffer_clear(&chain->scope);
    buffer_clear(&chain->to_sign);
}

static int take_target(struct chain *chain, char **ret_target)
{
    if (chain->query.length > 0) {
        buffer_add_char(&chain->path, '?');
        buffer_add_text(&chain->path, buffer_text(&chain->query));
    }
    return buffer_take(&chain->path, ret_target);
}

int sigv4_sign(const struct sigv4_request *request, const struct sigv4_credentials *credentials,
               struct sigv4_signature *ret_signature)
{
    struct sigv4_signature signature = {NULL, NULL, NULL, NULL};
    struct chain chain;
    int status = -1;

    chain_init(&chain, request, credentials);
    if (!is_time(request->time) || make_path(&chain) != 0 || make_query(&chain) != 0 ||
        make_canonical(&chain) != 0 || make_string_to_sign(&chain) != 0 ||
        make_authorization(&chain, &signature.authorization) != 0 ||
        take_target(&chain, &signature.target) != 0 ||
        buffer_take(&chain.canonical, &signature.canonical) != 0 ||
        buffer_take(&chain.to_sign, &signature.string_to_sign) != 0)
        goto out;
    *ret_signature = signature;
    status = 0;
out:
    if (status != 0)
        sigv4_signature_clear(&signature);
    chain_clear(&chain);
    return status;
}

static void wipe_free(char *text)
{
    if (text != NULL)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

void sigv4_signature_clear(struct sigv4_signature *signature)
{
    free(signature->target);
    wipe_free(signature->canonical); /* holds the session token */
    free(signature->string_to_sign);
    free(signature->authorization);
    *signature = (struct sigv4_signature){NULL, NULL, NULL, NULL};
}
