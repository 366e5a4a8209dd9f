/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_call.c: a call and its own copy of what it was given, in one block of memory. */
#include "sqlite_call.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct call *call_create(enum call_kind kind)
{
    struct call *call = calloc(1, sizeof(*call));

    assert(call != NULL);
    call->kind = kind;
    return call;
}

static size_t size_of_txn(const struct store_txn *txn)
{
    size_t size = txn->compare_count * sizeof(struct store_compare) +
                  txn->put_count * sizeof(struct store_put);

    for (size_t i = 0; i < txn->compare_count; i++) {
        size += strlen(txn->compares[i].key) + 1;
    }
    for (size_t i = 0; i < txn->put_count; i++) {
        size += strlen(txn->puts[i].key) + 1 + txn->puts[i].length + 1;
    }
    return size;
}

/* Takes the next size bytes of a block, filled from source and closed by a NUL. */
static const char *copy_bytes(char **next, const char *source, size_t length)
{
    char *copy = *next;

    if (length > 0) {
        memcpy(copy, source, length);
    }
    copy[length] = '\0';
    *next = copy + length + 1;
    return copy;
}

void call_copy_txn(struct call *call, const struct store_txn *txn)
{
    struct store_compare *compares;
    struct store_put *puts;
    char *next;

    call->size = size_of_txn(txn);
    call->memory = malloc(call->size + 1);
    assert(call->memory != NULL);
    compares = (struct store_compare *)(void *)call->memory;
    puts = (struct store_put *)(void *)(compares + txn->compare_count);
    next = (char *)(puts + txn->put_count);
    for (size_t i = 0; i < txn->compare_count; i++) {
        compares[i] = txn->compares[i];
        compares[i].key = copy_bytes(&next, txn->compares[i].key, strlen(txn->compares[i].key));
    }
    for (size_t i = 0; i < txn->put_count; i++) {
        const struct store_put *put = &txn->puts[i];

        puts[i] = *put;
        puts[i].key = copy_bytes(&next, put->key, strlen(put->key));
        puts[i].value = put->value == NULL ? NULL : copy_bytes(&next, put->value, put->length);
    }
    call->txn = (struct store_txn){.compares = compares,
                                   .compare_count = txn->compare_count,
                                   .puts = puts,
                                   .put_count = txn->put_count};
}

void call_destroy(struct call *call)
{
    if (call != NULL) {
        items_clear(&call->items);
        free(call->memory);
        free(call);
    }
}
