/* SPDX-License-Identifier: Apache-2.0 */
/* What the settings want of etcd's users and roles, and what etcd says there is. The permissions
 * follow from the table of keys (keys.h), so that a kind of key has them from the day it exists. */
#include "store_access.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base64.h"
#include "etcd_form.h"
#include "keys.h"

enum {
    KEY_MAX = 8 * 1024, /* a prefix is a path of the settings, 4096 at most */
    ROLES_OF_PROBE = 2
};

/* ---- texts in a pool ---- */

__attribute__((format(printf, 2, 3))) static const char *format(struct pool *pool, const char *form,
                                                                ...)
{
    char text[KEY_MAX];
    va_list arguments;
    int length;

    va_start(arguments, form);
    length = vsnprintf(text, sizeof(text), form, arguments);
    va_end(arguments);
    if (length < 0 || (size_t)length >= sizeof(text))
        return NULL;
    return pool_copy(pool, text, (size_t)length);
}

static const char *encode(struct pool *pool, const char *text, size_t length)
{
    struct buffer coded;
    const char *copy = NULL;

    buffer_init(&coded, 2 * KEY_MAX);
    base64_write(&coded, text, length);
    if (!coded.failed)
        copy = pool_copy(pool, buffer_text(&coded), coded.length);
    buffer_clear(&coded);
    return copy;
}

/* ---- what the settings want ---- */

/* The prefix as it stands before every key, without the slash between them. */
static const char *bare_prefix(const struct settings *settings, struct pool *pool)
{
    const char *prefix = settings->store.prefix;
    size_t length = strlen(prefix);

    while (length > 0 && prefix[length - 1] == '/')
        length--;
    return pool_copy(pool, prefix, length);
}

const char *access_own_prefix(const struct settings *settings, struct pool *pool)
{
    const char *bare = bare_prefix(settings, pool);

    return bare != NULL ? format(pool, "%s:", bare) : NULL;
}

/* The key, or with is_range all that begin with it, as they ended in '/': behind '/' is '0'. */
static int permit(struct pool *pool, enum access_may may, const char *key, bool is_range,
                  struct access_permission *ret_permission)
{
    size_t length = strlen(key);
    char end[KEY_MAX];

    assert(length > 0 && length < sizeof(end) && (!is_range || key[length - 1] == '/'));
    ret_permission->may = may;
    ret_permission->key = encode(pool, key, length);
    ret_permission->range_end = "";
    if (is_range) {
        memcpy(end, key, length);
        end[length - 1] = '/' + 1;
        ret_permission->range_end = encode(pool, end, length);
    }
    return ret_permission->key != NULL && ret_permission->range_end != NULL ? 0 : -1;
}

/* Adds the permission to write each kind of key that is the probe's own, or that all share. */
static int permit_kinds(struct pool *pool, const char *bare, const char *probe, bool own,
                        struct access_permission *permissions, size_t *count)
{
    for (unsigned kind = 0; kind < KEY_KIND_COUNT; kind++) {
        struct key_part part;
        const char *key;

        key_part_of((enum key_kind)kind, probe, &part);
        if (part.is_own != own)
            continue;
        key = format(pool, "%s/%s", bare, part.text);
        if (key == NULL || permit(pool, ACCESS_WRITE, key, part.is_range, &permissions[*count]) < 0)
            return -1;
        (*count)++;
    }
    return 0;
}

/* probe "": the role of all; it reads everything under the prefix, too. */
static int want_role(struct pool *pool, const char *bare, const char *probe,
                     struct access_role *role)
{
    struct access_permission *permissions =
        pool_alloc(pool, (1 + KEY_KIND_COUNT) * sizeof(*permissions));
    bool shared = probe[0] == '\0';
    const char *all = format(pool, "%s/", bare);
    size_t count = 0;

    role->name =
        shared ? format(pool, "%s:probes", bare) : format(pool, "%s:probe:%s", bare, probe);
    if (permissions == NULL || all == NULL || role->name == NULL)
        return -1;
    if (shared && permit(pool, ACCESS_READ, all, true, &permissions[count++]) < 0)
        return -1;
    if (permit_kinds(pool, bare, probe, !shared, permissions, &count) < 0)
        return -1;
    role->permissions = permissions;
    role->permission_count = count;
    return 0;
}

static int want_user(struct pool *pool, const char *name, const char *first, const char *second,
                     struct access_user *user)
{
    const char **roles = pool_alloc(pool, ROLES_OF_PROBE * sizeof(*roles));

    if (roles == NULL)
        return -1;
    roles[0] = first;
    roles[1] = second;
    *user = (struct access_user){name, roles, second != NULL ? 2 : 1, false};
    return 0;
}

int access_want(const struct settings *settings, bool with_root, struct pool *pool,
                struct store_access *ret_wanted)
{
    uint32_t probes = settings->elector_count;
    struct access_role *roles = pool_alloc(pool, (probes + 1) * sizeof(*roles));
    struct access_user *users = pool_alloc(pool, (probes + 1) * sizeof(*users));
    const char *bare = bare_prefix(settings, pool);

    if (roles == NULL || users == NULL || bare == NULL || want_role(pool, bare, "", &roles[0]) < 0)
        return -1;
    for (uint32_t i = 0; i < probes; i++) {
        const char *name = settings->electors[i].name;

        if (want_role(pool, bare, name, &roles[i + 1]) < 0 ||
            want_user(pool, name, roles[0].name, roles[i + 1].name, &users[i]) < 0)
            return -1;
    }
    if (with_root && want_user(pool, ACCESS_ROOT, ACCESS_ROOT, NULL, &users[probes]) < 0)
        return -1;
    *ret_wanted = (struct store_access){true, roles, probes + 1, users, probes + with_root};
    return 0;
}

/* ---- etcd's answers: what is empty is left out, and later versions may say more ---- */

/* A list of names; absent: none. */
static int take_names(struct json_fields *fields, const char *field, struct pool *pool,
                      const char *const **ret_names, size_t *ret_count)
{
    const json_t *list = etcd_take_list(fields, field, ACCESS_NAMES_MAX);
    size_t count = json_array_size(list);
    const char **names = pool_alloc(pool, count * sizeof(*names));

    for (size_t i = 0; i < count && names != NULL; i++) {
        const json_t *name = json_array_get(list, i);

        if (!json_is_string(name) || json_string_length(name) > ACCESS_NAME_MAX) {
            json_complain(fields, field, "not names of up to %d bytes", ACCESS_NAME_MAX);
            return -1;
        }
        names[i] = pool_copy(pool, json_string_value(name), json_string_length(name));
        if (names[i] == NULL)
            names = NULL;
    }
    if (names == NULL) {
        json_complain(fields, field, "too much for the memory there is");
        return -1;
    }
    *ret_names = names;
    *ret_count = count;
    return 0;
}

int access_read_names(const char *body, size_t length, const char *field, struct pool *pool,
                      const char *const **ret_names, size_t *ret_count, char *error,
                      size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct json_fields fields;
    const char *const *names = NULL;
    size_t count = 0;

    json_fields_open(&fields, &report, "answer", body, length);
    take_names(&fields, field, pool, &names, &count);
    if (etcd_fields_close(&fields) < 0)
        return -1;
    *ret_names = names;
    *ret_count = count;
    return 0;
}

static enum access_may take_may(struct json_fields *fields)
{
    const char *word = etcd_take_words(fields, "permType", 16); /* absent: the first of them */

    if (strcmp(word, "WRITE") == 0)
        return ACCESS_WRITE;
    if (strcmp(word, "READWRITE") == 0)
        return ACCESS_READWRITE;
    if (word[0] != '\0' && strcmp(word, "READ") != 0)
        json_complain(fields, "permType", "\"%s\"; READ, WRITE or READWRITE is known", word);
    return ACCESS_READ;
}

static const char *take_key(struct json_fields *fields, const char *field, struct pool *pool)
{
    const char *key = etcd_take_words(fields, field, 2 * KEY_MAX);
    const char *copy = pool_copy(pool, key, strlen(key));

    if (copy == NULL)
        json_complain(fields, field, "too much for the memory there is");
    return copy;
}

static void take_permission(struct json_report *report, const json_t *object, struct pool *pool,
                            struct access_permission *permission)
{
    struct json_fields fields;

    json_fields_begin(&fields, report, "perm", object);
    permission->may = take_may(&fields);
    permission->key = take_key(&fields, "key", pool);
    permission->range_end = take_key(&fields, "range_end", pool);
    etcd_fields_close(&fields);
}

int access_read_role(const char *body, size_t length, struct pool *pool, struct access_role *role,
                     char *error, size_t error_size)
{
    struct json_report report = {.text = error, .size = error_size};
    struct access_permission *permissions;
    struct json_fields fields;
    const json_t *list;
    size_t count;

    json_fields_open(&fields, &report, "role", body, length);
    list = etcd_take_list(&fields, "perm", ACCESS_NAMES_MAX);
    count = json_array_size(list);
    permissions = pool_alloc(pool, count * sizeof(*permissions));
    if (permissions == NULL)
        json_complain(&fields, "perm", "too much for the memory there is");
    for (size_t i = 0; i < count && !report.failed; i++)
        take_permission(&report, json_array_get(list, i), pool, &permissions[i]);
    if (etcd_fields_close(&fields) < 0)
        return -1;
    role->permissions = permissions;
    role->permission_count = count;
    return 0;
}
