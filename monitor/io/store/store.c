/* SPDX-License-Identifier: Apache-2.0 */
/* store.c: the one door to every engine of the store. It checks the limits of the interface, once
 * for all engines, so that what passes on one machine cannot fail on many; and it turns put and
 * delete into the transaction of one key that they are. */
#include "store.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base.h"

int store_fault_set(struct store_fault *ret_fault, enum store_status status, const char *format,
                    ...)
{
    va_list arguments;

    ret_fault->status = status;
    va_start(arguments, format);
    (void)vsnprintf(ret_fault->text, sizeof(ret_fault->text), format, arguments);
    va_end(arguments);
    return -1;
}

int store_open(uv_loop_t *loop, const struct store_settings *settings, const char *owner,
               struct store **ret_store)
{
    switch (settings->kind) {
    case STORE_SQLITE:
        return store_sqlite.open(loop, settings, owner, ret_store);
    case STORE_ETCD:
        return store_etcd.open(loop, settings, owner, ret_store);
    }
    return -EPROTONOSUPPORT;
}

/* Keys are printable ASCII: what any engine keeps, any log prints and any range can bound. */
static bool key_is_legal(const char *key, bool may_be_empty)
{
    size_t length = strnlen(key, STORE_KEY_MAX + 1);

    if (length > STORE_KEY_MAX || (length == 0 && !may_be_empty)) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (key[i] < 0x20 || key[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

/* etcd refuses a transaction that writes a key twice; so does everyone. */
static bool keys_are_distinct(const struct store_put *puts, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(puts[i].key, puts[j].key) == 0) {
                return false;
            }
        }
    }
    return true;
}

static void check_txn(const struct store_txn *txn)
{
    assert(txn->compare_count <= STORE_COMPARES_MAX);
    assert(txn->put_count <= STORE_PUTS_MAX);
    for (size_t i = 0; i < txn->compare_count; i++) {
        const struct store_compare *compare = &txn->compares[i];

        assert(key_is_legal(compare->key, compare->kind == STORE_PREFIX_NOT_AFTER));
    }
    for (size_t i = 0; i < txn->put_count; i++) {
        assert(key_is_legal(txn->puts[i].key, false));
        assert(txn->puts[i].length <= STORE_VALUE_MAX);
    }
    assert(keys_are_distinct(txn->puts, txn->put_count));
}

void store_get(struct store *store, const char *prefix, store_view_done done, void *context)
{
    assert(key_is_legal(prefix, true) && done != NULL);
    store->ops->get(store, prefix, "", done, context);
}

void store_get_but(struct store *store, const char *prefix, const char *but, store_view_done done,
                   void *context)
{
    assert(key_is_legal(prefix, true) && key_is_legal(but, false) && done != NULL);
    assert(strlen(but) > strlen(prefix) && strncmp(but, prefix, strlen(prefix)) == 0);
    store->ops->get(store, prefix, but, done, context);
}

void store_txn(struct store *store, const struct store_txn *txn, store_write_done done,
               void *context)
{
    check_txn(txn);
    assert(done != NULL);
    store->ops->txn(store, txn, done, context);
}

void store_put(struct store *store, const char *key, const char *value, size_t length, bool leased,
               store_write_done done, void *context)
{
    struct store_put put = {.key = key, .value = value, .length = length, .leased = leased};

    assert(value != NULL);
    store_txn(store, &(struct store_txn){.puts = &put, .put_count = 1}, done, context);
}

void store_delete(struct store *store, const char *key, store_write_done done, void *context)
{
    struct store_put put = {.key = key};

    store_txn(store, &(struct store_txn){.puts = &put, .put_count = 1}, done, context);
}

void store_watch(struct store *store, const char *prefix, store_watch_event event, void *context)
{
    assert(key_is_legal(prefix, true) && event != NULL);
    store->ops->watch(store, prefix, event, context);
}

void store_renew(struct store *store, store_write_done done, void *context)
{
    assert(done != NULL);
    store->ops->renew(store, done, context);
}

void store_close(struct store *store, void (*closed)(void *context), void *context)
{
    if (store != NULL) {
        store->ops->close(store, closed, context);
    } else if (closed != NULL) {
        closed(context);
    }
}
