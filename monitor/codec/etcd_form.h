/* SPDX-License-Identifier: Apache-2.0 */
/* etcd_form.h: what all answers of etcd have in common: fields that are absent when they are zero,
 * numbers that are strings, fields that come and go with its versions, and key-value pairs. */
#ifndef REGIONSHIFT_ETCD_FORM_H
#define REGIONSHIFT_ETCD_FORM_H

#include "etcd_json.h"
#include "json_fields.h"

/* Writes "name":"text". By hand, so that no copy of a password stays behind in freed memory. */
void etcd_write_text(struct buffer *out, const char *name, const char *text);

/* Each takes a field that may be absent: then 0, false, "", NULL. */
int64_t etcd_take_number(struct json_fields *fields, const char *key, int64_t min, int64_t max);
bool etcd_take_flag(struct json_fields *fields, const char *key);
const char *etcd_take_words(struct json_fields *fields, const char *key, size_t max_length);
const json_t *etcd_take_list(struct json_fields *fields, const char *key, size_t max_count);

/* The store's revision, from the header: at least min (an empty store has 1, so 0 is no answer). */
uint64_t etcd_take_revision(struct json_fields *fields, int64_t min);

/* json_fields_close() without a word about fields we do not know. */
int etcd_fields_close(struct json_fields *fields);

/* Makes of a key (not empty) the first one behind all that begin with it. Returns its length: bytes
 * that cannot be raised are cut off. */
size_t etcd_raise_key(char *key, size_t length);

/* What a list of pairs is read into, one by one. */
struct etcd_items {
    const char *prefix;
    struct pool *pool;
    struct store_item *items;
    size_t count;
    size_t strange;
    const char *last_key; /* absolute, of the pair read last, whatever it was */
    size_t last_length;
};

/* Room for `count` pairs out of a body of `length` bytes. */
void etcd_items_begin(struct etcd_items *items, struct json_fields *fields, const char *prefix,
                      size_t count, size_t length);
void etcd_items_take(struct etcd_items *items, struct json_fields *pair, bool is_deleted);

/* An error as an object of its own or the whole answer: never fails. */
void etcd_error_take(const json_t *object, int http_status, struct etcd_error *ret_error);

/* The words of a watch that ended. */
void etcd_error_of_words(const char *words, struct etcd_error *ret_error);

#endif
