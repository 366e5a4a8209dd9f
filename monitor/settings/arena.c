/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c: a list of blocks, filled from the front. Nothing is returned one by one, so a block
 * needs no bookkeeping but how much of it is taken. */
#include "arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Most settings fit in one block; a larger wish gets a block of its own. */
enum { BLOCK_SIZE = 16 * 1024 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct settings_arena {
    struct block *blocks; /* the newest first; only it has room */
    size_t total;         /* bytes in all blocks */
    const struct arena_hook *hook;
};

struct settings_arena *arena_create(const struct arena_hook *hook)
{
    if (hook != NULL && hook->refuse(hook->context))
        return NULL;
    struct settings_arena *arena = calloc(1, sizeof *arena);
    if (arena != NULL)
        arena->hook = hook;
    return arena;
}

void arena_destroy(struct settings_arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->blocks != NULL) {
        struct block *block = arena->blocks;
        arena->blocks = block->next;
        free(block);
    }
    free(arena);
}

static struct block *add_block(struct settings_arena *arena, size_t wanted)
{
    size_t size = wanted > BLOCK_SIZE ? wanted : BLOCK_SIZE;
    if (size > ARENA_SIZE_MAX - arena->total)
        return NULL;
    struct block *block = calloc(1, sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->next = arena->blocks;
    arena->blocks = block;
    arena->total += size;
    return block;
}

void *arena_alloc(struct settings_arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    assert(arena != NULL);
    if (arena->hook != NULL && arena->hook->refuse(arena->hook->context))
        return NULL;
    if (size > ARENA_SIZE_MAX)
        return NULL;
    size_t rounded = size == 0 ? unit : (size + unit - 1) / unit * unit;

    struct block *block = arena->blocks;
    if (block == NULL || block->size - block->used < rounded)
        block = add_block(arena, rounded);
    if (block == NULL)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += rounded;
    return memory;
}

void *arena_array(struct settings_arena *arena, size_t count, size_t size)
{
    assert(size > 0);
    if (count > ARENA_SIZE_MAX / size)
        return NULL;
    return arena_alloc(arena, count * size);
}

char *arena_copy(struct settings_arena *arena, const char *text, size_t length)
{
    if (length >= ARENA_SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

char *arena_vformat(struct settings_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return NULL;
    char *text = arena_alloc(arena, (size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *arena_format(struct settings_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = arena_vformat(arena, format, arguments);
    va_end(arguments);
    return text;
}
