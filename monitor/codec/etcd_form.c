/* SPDX-License-Identifier: Apache-2.0 */
/* protobuf's way of writing JSON: what is zero is left out, what has 64 bits is a string. */
#include "etcd_form.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"

int etcd_fields_close(struct json_fields *fields)
{
    fields->lenient = true;
    return json_fields_close(fields);
}

/* ---- fields ---- */

/* Only one spelling of each number: no blanks, no plus, no zeros in front. */
static int parse_number(const char *text, int64_t *ret_number)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    size_t count = strspn(digits, "0123456789");

    if (count == 0 || digits[count] != '\0' || (digits[0] == '0' && text[1] != '\0'))
        return -1;
    errno = 0;
    *ret_number = strtoll(text, NULL, 10);
    return errno == 0 ? 0 : -1;
}

int64_t etcd_take_number(struct json_fields *fields, const char *key, int64_t min, int64_t max)
{
    int64_t number = 0;

    if (json_is_integer(json_object_get(fields->object, key)))
        return json_take_integer(fields, key, min, max);
    if (json_has(fields, key) && parse_number(json_take_string(fields, key, 20), &number) != 0) {
        json_complain(fields, key, "not a whole number of 64 bits");
        return 0;
    }
    if (number < min || number > max)
        json_complain(fields, key, "%" PRId64 " is not in %" PRId64 "..%" PRId64, number, min, max);
    return number < min || number > max ? 0 : number;
}

bool etcd_take_flag(struct json_fields *fields, const char *key)
{
    return json_has(fields, key) && json_take_boolean(fields, key);
}

const char *etcd_take_words(struct json_fields *fields, const char *key, size_t max_length)
{
    return json_has(fields, key) ? json_take_string(fields, key, max_length) : "";
}

const json_t *etcd_take_list(struct json_fields *fields, const char *key, size_t max_count)
{
    return json_has(fields, key) ? json_take_array(fields, key, max_count) : NULL;
}

uint64_t etcd_take_revision(struct json_fields *fields, int64_t min)
{
    const json_t *object = json_take_object(fields, "header");
    struct json_fields header;

    if (object == NULL)
        return 0;
    json_fields_begin(&header, fields->report, fields->noun, object);
    return (uint64_t)etcd_take_number(&header, "revision", min, INT64_MAX);
}

/* ---- pairs of key and value ---- */

/* Of 255 alone comes "\0", which etcd takes for "up to the last key". */
size_t etcd_raise_key(char *key, size_t length)
{
    assert(length > 0);
    while (length > 1 && (unsigned char)key[length - 1] == 255)
        length--;
    key[length - 1] = (char)((unsigned char)key[length - 1] + 1);
    return length;
}

void etcd_items_begin(struct etcd_items *items, struct json_fields *fields, const char *prefix,
                      size_t count, size_t length)
{
    const size_t rounding = 64; /* of a key, a value and their NUL bytes, as the pool aligns them */

    *items = (struct etcd_items){.prefix = prefix};
    if (count == 0)
        return;
    items->pool = pool_create(length + (count + 1) * (sizeof(*items->items) + rounding));
    if (items->pool != NULL)
        items->items = pool_alloc(items->pool, count * sizeof(*items->items));
    if (items->items == NULL)
        json_complain(fields, "", "out of memory");
}

/* A field in base64, with a NUL behind; NULL after a complaint. */
static char *take_bytes(struct pool *pool, struct json_fields *pair, const char *key,
                        size_t *ret_length)
{
    const char *text = etcd_take_words(pair, key, SIZE_MAX);
    size_t text_length = strlen(text);
    char *bytes;
    ptrdiff_t length;

    if (pair->object == NULL)
        return NULL;
    bytes = pool_alloc(pool, base64_room(text_length) + 1);
    if (bytes == NULL) {
        json_complain(pair, key, "out of memory");
        return NULL;
    }
    length = base64_read(text, text_length, bytes);
    if (length < 0) {
        json_complain(pair, key, "not base64");
        return NULL;
    }
    bytes[length] = '\0';
    *ret_length = (size_t)length;
    return bytes;
}

/* The key, which must be below the prefix; NULL after a complaint. */
static const char *take_key(struct etcd_items *items, struct json_fields *pair)
{
    size_t prefix_length = strlen(items->prefix);
    size_t length;
    const char *key = take_bytes(items->pool, pair, "key", &length);

    if (key == NULL)
        return NULL;
    if (length < prefix_length || memcmp(key, items->prefix, prefix_length) != 0) {
        json_complain(pair, "key", "\"%.80s\" is outside of \"%.80s\"", key, items->prefix);
        return NULL;
    }
    items->last_key = key;
    items->last_length = length;
    return key + prefix_length;
}

/* Whether a key below the prefix could be one of ours. */
static bool is_possible(const struct etcd_items *items, const char *key)
{
    size_t length = items->last_length - (size_t)(key - items->last_key);

    return length <= STORE_KEY_MAX && memchr(key, '\0', length) == NULL;
}

void etcd_items_take(struct etcd_items *items, struct json_fields *pair, bool is_deleted)
{
    struct store_item item = {.key = take_key(items, pair)};

    item.mod_revision = (uint64_t)etcd_take_number(pair, "mod_revision", 1, INT64_MAX);
    item.create_revision = (uint64_t)etcd_take_number(pair, "create_revision", is_deleted ? 0 : 1,
                                                      (int64_t)item.mod_revision);
    if (!is_deleted)
        item.value = take_bytes(items->pool, pair, "value", &item.length);
    if (pair->report->failed)
        return;
    if (!is_possible(items, item.key)) {
        items->strange++;
        return;
    }
    if (item.length > STORE_VALUE_MAX) {
        items->strange++;
        item.value = "";
        item.length = 0;
    }
    items->items[items->count++] = item;
}
