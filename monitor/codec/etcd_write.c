/* SPDX-License-Identifier: Apache-2.0 */
/* Requests are put together by hand: all names are ours, all values base64 or digits, so nothing
 * has to be escaped but a user and a password. A field misspelt would be ignored by the gateway
 * without a word; the tests hold every request byte for byte. */
#include "etcd_json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "etcd_form.h"

/* ---- pieces: each begins with its name and ends behind its value ---- */

static void add_bytes(struct buffer *out, const char *name, const char *bytes, size_t length)
{
    buffer_add_text(out, "\"");
    buffer_add_text(out, name);
    buffer_add_text(out, "\":\"");
    base64_write(out, bytes, length);
    buffer_add_text(out, "\"");
}

/* 64-bit numbers are strings: a number of JSON is exact to 2^53 only. */
static void add_number(struct buffer *out, const char *name, int64_t number)
{
    char text[64];

    snprintf(text, sizeof(text), "\"%s\":\"%" PRId64 "\"", name, number);
    buffer_add_text(out, text);
}

static void join(struct buffer *absolute, const char *prefix, const char *key)
{
    assert(prefix[0] != '\0' && strlen(key) <= STORE_KEY_MAX);
    buffer_init(absolute, strlen(prefix) + strlen(key));
    buffer_add_text(absolute, prefix);
    buffer_add_text(absolute, key);
}

static void add_joined(struct buffer *out, const char *name, struct buffer *absolute)
{
    if (absolute->failed)
        out->failed = true;
    add_bytes(out, name, buffer_text(absolute), absolute->length);
    buffer_clear(absolute);
}

static void add_as(struct buffer *out, const char *name, const char *prefix, const char *key)
{
    struct buffer absolute;

    join(&absolute, prefix, key);
    add_joined(out, name, &absolute);
}

static void add_key(struct buffer *out, const char *prefix, const char *key)
{
    add_as(out, "key", prefix, key);
}

/* The first key behind all that begin with this one. */
static void add_raised(struct buffer *out, const char *name, const char *prefix, const char *under)
{
    struct buffer absolute;

    join(&absolute, prefix, under);
    if (!absolute.failed)
        absolute.length = etcd_raise_key(absolute.data, absolute.length);
    add_joined(out, name, &absolute);
}

static void add_range_end(struct buffer *out, const char *prefix, const char *under)
{
    add_raised(out, "range_end", prefix, under);
}

/* ---- keys ---- */

void etcd_write_range(struct buffer *out, const char *prefix, const struct etcd_span *span,
                      const char *from, uint32_t limit, uint64_t revision)
{
    assert(limit > 0 && limit <= ETCD_ITEMS_MAX && revision <= INT64_MAX);
    buffer_add_text(out, "{");
    if (from != NULL)
        add_bytes(out, "key", from, strlen(from));
    else if (span->behind != NULL)
        add_raised(out, "key", prefix, span->behind);
    else
        add_key(out, prefix, span->under);
    buffer_add_text(out, ",");
    if (span->before != NULL)
        add_as(out, "range_end", prefix, span->before);
    else
        add_range_end(out, prefix, span->under);
    buffer_add_text(out, ",");
    add_number(out, "limit", limit);
    if (revision != 0) {
        buffer_add_text(out, ",");
        add_number(out, "revision", (int64_t)revision);
    }
    buffer_add_text(out, "}");
}

void etcd_write_put(struct buffer *out, const char *prefix, const struct store_put *put,
                    int64_t lease)
{
    assert(put->value != NULL && put->length <= STORE_VALUE_MAX);
    assert(!put->leased || lease != 0); /* a vote that outlives its voter would count for ever */
    buffer_add_text(out, "{");
    add_key(out, prefix, put->key);
    buffer_add_text(out, ",");
    add_bytes(out, "value", put->value, put->length);
    if (put->leased) {
        buffer_add_text(out, ",");
        add_number(out, "lease", lease);
    }
    buffer_add_text(out, "}");
}

/* What is compared, how, and with what: {"target":"MOD","result":"EQUAL","mod_revision":"7"}. */
static void add_condition(struct buffer *out, const char *words, const char *name,
                          uint64_t revision)
{
    assert(revision <= INT64_MAX);
    buffer_add_text(out, words);
    add_number(out, name, (int64_t)revision);
    buffer_add_text(out, "}");
}

static void add_compare(struct buffer *out, const char *prefix, const struct store_compare *compare)
{
    buffer_add_text(out, "{");
    add_key(out, prefix, compare->key);
    switch (compare->kind) {
    case STORE_MOD_IS:
        add_condition(out, ",\"target\":\"MOD\",\"result\":\"EQUAL\",", "mod_revision",
                      compare->revision);
        break;
    case STORE_CREATE_IS:
        add_condition(out, ",\"target\":\"CREATE\",\"result\":\"EQUAL\",", "create_revision",
                      compare->revision);
        break;
    case STORE_PREFIX_NOT_AFTER:
        buffer_add_text(out, ",");
        add_range_end(out, prefix, compare->key);
        add_condition(out, ",\"target\":\"MOD\",\"result\":\"LESS\",", "mod_revision",
                      compare->revision + 1);
        break;
    }
}

static void add_operation(struct buffer *out, const char *prefix, const struct store_put *put,
                          int64_t lease)
{
    if (put->value != NULL) {
        buffer_add_text(out, "{\"request_put\":");
        etcd_write_put(out, prefix, put, lease);
    } else {
        buffer_add_text(out, "{\"request_delete_range\":{");
        add_key(out, prefix, put->key);
        buffer_add_text(out, "}");
    }
    buffer_add_text(out, "}");
}

void etcd_write_txn(struct buffer *out, const char *prefix, const struct store_txn *txn,
                    int64_t lease)
{
    assert(txn->compare_count <= STORE_COMPARES_MAX && txn->put_count <= STORE_PUTS_MAX);
    buffer_add_text(out, "{\"compare\":[");
    for (size_t i = 0; i < txn->compare_count; i++) {
        buffer_add_text(out, i > 0 ? "," : "");
        add_compare(out, prefix, &txn->compares[i]);
    }
    buffer_add_text(out, "],\"success\":[");
    for (size_t i = 0; i < txn->put_count; i++) {
        buffer_add_text(out, i > 0 ? "," : "");
        add_operation(out, prefix, &txn->puts[i], lease);
    }
    buffer_add_text(out, "]}");
}

void etcd_write_watch(struct buffer *out, const char *prefix, const char *under,
                      uint64_t start_revision)
{
    assert(start_revision <= INT64_MAX);
    buffer_add_text(out, "{\"create_request\":{");
    add_key(out, prefix, under);
    buffer_add_text(out, ",");
    add_range_end(out, prefix, under);
    if (start_revision != 0) {
        buffer_add_text(out, ",");
        add_number(out, "start_revision", (int64_t)start_revision);
    }
    buffer_add_text(out, "}}");
}

void etcd_write_progress(struct buffer *out)
{
    buffer_add_text(out, "{\"progress_request\":{}}");
}

/* ---- leases, tokens ---- */

void etcd_write_grant(struct buffer *out, int64_t ttl_s)
{
    assert(ttl_s > 0);
    buffer_add_text(out, "{");
    add_number(out, "TTL", ttl_s);
    buffer_add_text(out, "}");
}

void etcd_write_lease(struct buffer *out, int64_t lease)
{
    assert(lease != 0);
    buffer_add_text(out, "{");
    add_number(out, "ID", lease);
    buffer_add_text(out, "}");
}

void etcd_write_text(struct buffer *out, const char *name, const char *text)
{
    buffer_add_text(out, "\"");
    buffer_add_text(out, name);
    buffer_add_text(out, "\":\"");
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        char escape[8];

        if (byte < ' ' || byte == '"' || byte == '\\') {
            snprintf(escape, sizeof(escape), "\\u%04x", byte);
            buffer_add_text(out, escape);
        } else {
            buffer_add_char(out, *text);
        }
    }
    buffer_add_text(out, "\"");
}

void etcd_write_authenticate(struct buffer *out, const char *user, const char *password)
{
    buffer_add_text(out, "{");
    etcd_write_text(out, "name", user);
    buffer_add_text(out, ",");
    etcd_write_text(out, "password", password);
    buffer_add_text(out, "}");
}
