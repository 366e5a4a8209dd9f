/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h: memory by lifetime. Everything a generation of settings owns lies in one arena and goes
 * with it, so that nothing inside is ever freed by itself. */
#ifndef REGIONSHIFT_SETTINGS_ARENA_H
#define REGIONSHIFT_SETTINGS_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* What one arena may hold. A file of 1 MiB, the largest we read, needs less than a tenth of it. */
enum { ARENA_SIZE_MAX = 512 * 1024 * 1024 };

/* Asked before each allocation; a test refuses the n-th. NULL: never refused. */
struct arena_hook {
    bool (*refuse)(void *context);
    void *context;
};

struct settings_arena;

/* Returns NULL when out of memory. The hook is borrowed for the arena's life. */
struct settings_arena *arena_create(const struct arena_hook *hook);

/* Accepts NULL. */
void arena_destroy(struct settings_arena *arena);

/* Zeroed memory, or NULL: out of memory, past the limit, or refused by the hook. A size or count
 * of 0 is given a valid address too. */
void *arena_alloc(struct settings_arena *arena, size_t size);
void *arena_array(struct settings_arena *arena, size_t count, size_t size);

/* Copies into the arena, with a NUL behind. NULL as above. */
char *arena_copy(struct settings_arena *arena, const char *text, size_t length);

/* As arena_copy(), but what is there already is not copied again: of 50,000 checks most say the
 * same but for an address. */
const char *arena_share(struct settings_arena *arena, const char *text, size_t length);

/* Drops what sharing needs; what is shared later is shared with nothing from before. */
void arena_settle(struct settings_arena *arena);
char *arena_format(struct settings_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vformat(struct settings_arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

#endif
