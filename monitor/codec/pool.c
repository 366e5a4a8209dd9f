/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <openssl/crypto.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 8 * 1024 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct pool {
    struct block *blocks; /* the newest first; only it is filled */
    size_t left;          /* of the limit */
};

struct pool *pool_create(size_t limit)
{
    struct pool *pool = calloc(1, sizeof(*pool));

    if (pool != NULL)
        pool->left = limit;
    return pool;
}

static struct block *add_block(struct pool *pool, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct block *block = calloc(1, sizeof(*block) + room);

    if (block == NULL)
        return NULL;
    block->size = room;
    block->next = pool->blocks;
    pool->blocks = block;
    return block;
}

void *pool_alloc(struct pool *pool, size_t size)
{
    const size_t unit = alignof(max_align_t);
    struct block *block = pool->blocks;
    void *bytes;

    if (size > pool->left || pool->left - size < unit)
        return NULL;
    size = size == 0 ? unit : (size + unit - 1) / unit * unit;
    if (block == NULL || block->size - block->used < size)
        block = add_block(pool, size);
    if (block == NULL)
        return NULL;
    bytes = block->bytes + block->used;
    block->used += size;
    pool->left -= size;
    return bytes;
}

char *pool_copy(struct pool *pool, const char *text, size_t length)
{
    char *copy = pool_alloc(pool, length + 1);

    if (copy != NULL && length > 0)
        memcpy(copy, text, length);
    return copy;
}

void pool_destroy(struct pool *pool)
{
    if (pool == NULL)
        return;
    while (pool->blocks != NULL) {
        struct block *block = pool->blocks;

        pool->blocks = block->next;
        OPENSSL_cleanse(block->bytes, block->used); /* STS's answers pass through here */
        free(block);
    }
    free(pool);
}
