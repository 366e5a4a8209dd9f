/* SPDX-License-Identifier: Apache-2.0 */
/* arena.c: two lists of blocks, filled from the front: one for what has to be aligned, one for
 * texts. Nothing is returned one by one, so a block needs no bookkeeping but how much of it is
 * taken. */
#include "arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So large that malloc() asks the kernel for it: then no block stands on the heap above what the
 * parser has there, which gives all of that back when it is done. Pages that nothing is written to
 * take no memory, and most settings fit in one block. A larger wish gets a block of its own. */
enum { BLOCK_SIZE = 255 * 1024, FIRST_PLACES = 256 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

/* Texts that are shared, by their hash; no more than half of the places are taken. */
struct places {
    const char **texts;
    size_t count; /* a power of two, or 0 */
    size_t taken;
};

struct settings_arena {
    struct block *blocks; /* the newest first; only it has room */
    struct block *texts;  /* so, too */
    struct places places;
    size_t total; /* bytes in all blocks */
    const struct arena_hook *hook;
    max_align_t nothing; /* where what has no size is */
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

static void free_blocks(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_destroy(struct settings_arena *arena)
{
    if (arena == NULL)
        return;
    arena_settle(arena);
    free_blocks(arena->blocks);
    free_blocks(arena->texts);
    free(arena);
}

static struct block *add_block(struct settings_arena *arena, struct block **list, size_t wanted)
{
    size_t size = wanted > BLOCK_SIZE ? wanted : BLOCK_SIZE;
    if (size > ARENA_SIZE_MAX - arena->total)
        return NULL;
    struct block *block = calloc(1, sizeof *block + size);
    if (block == NULL)
        return NULL;
    block->size = size;
    block->next = *list;
    *list = block;
    arena->total += size;
    return block;
}

static void *take(struct settings_arena *arena, struct block **list, size_t size)
{
    assert(arena != NULL);
    if (arena->hook != NULL && arena->hook->refuse(arena->hook->context))
        return NULL;
    if (size > ARENA_SIZE_MAX)
        return NULL;
    struct block *block = *list;
    if (block == NULL || block->size - block->used < size)
        block = add_block(arena, list, size);
    if (block == NULL)
        return NULL;
    void *memory = block->bytes + block->used;
    block->used += size;
    return memory;
}

void *arena_alloc(struct settings_arena *arena, size_t size)
{
    const size_t unit = alignof(max_align_t);
    if (size == 0)
        return &arena->nothing;
    if (size > ARENA_SIZE_MAX)
        return NULL;
    return take(arena, &arena->blocks, (size + unit - 1) / unit * unit);
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
    char *copy = take(arena, &arena->texts, length + 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

/* ---- texts that are the same ---- */

static uint64_t hash_of(const char *text, size_t length)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    return hash;
}

/* Where the text is, or the empty place where it belongs. */
static const char **place_of_text(const struct places *places, const char *text, size_t length)
{
    size_t at = (size_t)hash_of(text, length) & (places->count - 1);
    while (places->texts[at] != NULL &&
           (strncmp(places->texts[at], text, length) != 0 || places->texts[at][length] != '\0'))
        at = (at + 1) & (places->count - 1);
    return &places->texts[at];
}

/* Without memory for it, what has a place stays, and the rest is not shared. */
static bool has_place(struct places *places)
{
    if (places->taken < places->count / 2)
        return true;
    struct places more = {.count = places->count == 0 ? FIRST_PLACES : 2 * places->count,
                          .taken = places->taken};
    more.texts = calloc(more.count, sizeof *more.texts);
    if (more.texts == NULL)
        return false;
    for (size_t i = 0; i < places->count; i++) {
        const char *text = places->texts[i];
        if (text != NULL)
            *place_of_text(&more, text, strlen(text)) = text;
    }
    free(places->texts);
    *places = more;
    return true;
}

const char *arena_share(struct settings_arena *arena, const char *text, size_t length)
{
    struct places *places = &arena->places;
    if (length >= ARENA_SIZE_MAX || memchr(text, '\0', length) != NULL || !has_place(places))
        return arena_copy(arena, text, length);
    const char **place = place_of_text(places, text, length);
    if (*place == NULL) {
        *place = arena_copy(arena, text, length);
        places->taken += *place != NULL;
    }
    return *place;
}

void arena_settle(struct settings_arena *arena)
{
    free(arena->places.texts);
    arena->places = (struct places){0};
}

/* ---- formatted ones ---- */

char *arena_vformat(struct settings_arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        return NULL;
    char *text = take(arena, &arena->texts, (size_t)length + 1);
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
