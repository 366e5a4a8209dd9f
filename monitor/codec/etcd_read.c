/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to single questions. Each must bear the header with a revision: `{}`, which some proxy
 * may say, is no empty store and no lost compare. */
#include "etcd_json.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "etcd_form.h"

/* ---- a page of a range ---- */

/* Where the next page begins: behind the last key, at the first that a C string of ours could
 * name. Between "k" and "k\x01" there are keys with NUL bytes only, and a key that is too long is
 * passed over together with all others that begin so: all of them strange. */
static const char *next_key(const struct etcd_items *items)
{
    size_t longest = strlen(items->prefix) + STORE_KEY_MAX;
    size_t length = strlen(items->last_key);
    char *next = pool_alloc(items->pool, length + 2);

    if (next == NULL)
        return NULL;
    memcpy(next, items->last_key, length);
    if (length <= longest)
        next[length] = '\x01';
    else
        next[etcd_raise_key(next, longest + 1)] = '\0';
    return next;
}

/* Ascending, or a page could be read twice, or for ever. */
static void check_order(const struct etcd_items *items, struct json_fields *fields,
                        const char *before, size_t before_length)
{
    size_t common = before_length < items->last_length ? before_length : items->last_length;
    int order = before != NULL ? memcmp(before, items->last_key, common) : -1;

    if (order > 0 || (order == 0 && before_length >= items->last_length))
        json_complain(fields, "kvs", "keys are not in order");
}

static void take_pair(struct etcd_items *items, struct json_fields *fields, const json_t *value,
                      uint64_t revision)
{
    const char *before = items->last_key;
    size_t before_length = items->last_length;
    size_t count = items->count;
    struct json_fields pair;

    json_fields_begin(&pair, fields->report, "etcd's range: kvs", value);
    etcd_items_take(items, &pair, false);
    if (fields->report->failed)
        return;
    check_order(items, fields, before, before_length);
    if (items->count > count && items->items[count].mod_revision > revision)
        json_complain(fields, "kvs", "a revision above the store's");
}

static void take_page(struct json_fields *fields, const char *prefix, size_t length,
                      struct etcd_page *page)
{
    uint64_t revision = etcd_take_revision(fields, 1);
    bool more = etcd_take_flag(fields, "more");
    const json_t *pairs = etcd_take_list(fields, "kvs", ETCD_ITEMS_MAX);
    struct etcd_items items;

    etcd_items_begin(&items, fields, prefix, json_array_size(pairs), length);
    for (size_t i = 0; i < json_array_size(pairs) && !fields->report->failed; i++)
        take_pair(&items, fields, json_array_get(pairs, i), revision);
    *page = (struct etcd_page){revision, items.items, items.count, items.strange, NULL, items.pool};
    if (!more || fields->report->failed)
        return;
    if (items.last_key == NULL)
        json_complain(fields, "more", "true, and there is nothing here");
    else if ((page->next_key = next_key(&items)) == NULL)
        json_complain(fields, "", "out of memory");
}

int etcd_read_range(const char *prefix, const char *body, size_t length, struct etcd_page *ret_page,
                    char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    struct etcd_page page;

    json_fields_open(&fields, &report, "etcd's range", body, length);
    take_page(&fields, prefix, length, &page);
    if (etcd_fields_close(&fields) != 0) {
        etcd_page_clear(&page);
        return -1;
    }
    *ret_page = page;
    return 0;
}

void etcd_page_clear(struct etcd_page *page)
{
    pool_destroy(page->pool);
    *page = (struct etcd_page){.revision = 0};
}

/* ---- writes ---- */

int etcd_read_write(const char *body, size_t length, bool is_txn, bool *ret_succeeded,
                    uint64_t *ret_revision, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    uint64_t revision;
    bool succeeded;

    json_fields_open(&fields, &report, is_txn ? "etcd's transaction" : "etcd's put", body, length);
    revision = etcd_take_revision(&fields, 1);
    succeeded = !is_txn || etcd_take_flag(&fields, "succeeded");
    if (etcd_fields_close(&fields) != 0)
        return -1;
    *ret_succeeded = succeeded;
    *ret_revision = revision;
    return 0;
}

/* ---- leases, tokens ---- */

static int64_t take_lease(struct json_fields *fields)
{
    int64_t lease = etcd_take_number(fields, "ID", INT64_MIN, INT64_MAX);

    if (lease == 0)
        json_complain(fields, "ID", "missing");
    return lease;
}

int etcd_read_grant(const char *body, size_t length, int64_t *ret_lease, int64_t *ret_ttl_s,
                    char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    const char *words;
    int64_t lease;
    int64_t ttl_s;

    json_fields_open(&fields, &report, "etcd's lease", body, length);
    words = etcd_take_words(&fields, "error", SIZE_MAX);
    if (words[0] != '\0')
        json_complain(&fields, "error", "%s", words);
    lease = take_lease(&fields);
    ttl_s = etcd_take_number(&fields, "TTL", 1, INT64_MAX);
    if (etcd_fields_close(&fields) != 0)
        return -1;
    *ret_lease = lease;
    *ret_ttl_s = ttl_s;
    return 0;
}

/* What stands inside {"result":{..}}. */
static int64_t take_ttl(struct json_fields *fields)
{
    struct json_fields result;

    json_fields_begin(&result, fields->report, fields->noun, json_take_object(fields, "result"));
    take_lease(&result);
    return etcd_take_number(&result, "TTL", 0, INT64_MAX);
}

int etcd_read_keepalive(const char *body, size_t length, int64_t *ret_ttl_s,
                        struct etcd_error *ret_error, char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    const char *line_end = length > 0 ? memchr(body, '\n', length) : NULL;
    struct etcd_error fault = {.fault = ETCD_FAULT_NONE, .code = -1};
    struct json_fields fields;
    int64_t ttl_s = 0;

    if (line_end != NULL) /* what comes behind is not about our one question */
        length = (size_t)(line_end - body);
    json_fields_open(&fields, &report, "etcd's keepalive", body, length);
    if (json_has(&fields, "error"))
        etcd_error_take(fields.object, 0, &fault);
    else
        ttl_s = take_ttl(&fields);
    if (etcd_fields_close(&fields) != 0)
        return -1;
    *ret_ttl_s = ttl_s;
    *ret_error = fault;
    return 0;
}

/* A token goes into a header of HTTP: no blanks, no line ends. */
static bool is_plain(const char *text)
{
    while (*text > ' ' && *text < 127)
        text++;
    return *text == '\0';
}

int etcd_read_token(const char *body, size_t length, char *ret_token, size_t token_size,
                    char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    const char *token;

    assert(token_size > 0);
    json_fields_open(&fields, &report, "etcd's token", body, length);
    if (fields.root == NULL) /* the words of jansson would show what is near, which is the token */
        snprintf(error, error_size, "etcd's token: not JSON");
    token = json_take_string(&fields, "token", token_size - 1);
    if (token[0] == '\0' || !is_plain(token))
        json_complain(&fields, "token", "not plain letters");
    if (!report.failed)
        memcpy(ret_token, token, strlen(token) + 1);
    return etcd_fields_close(&fields);
}
