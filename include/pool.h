/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h: memory that is freed together, up to a limit. For what is read from outside: one answer,
 * one pool. It is wiped when it is freed. */
#ifndef REGIONSHIFT_POOL_H
#define REGIONSHIFT_POOL_H

#include <stddef.h>

struct pool;

/* limit: bytes in all. NULL: no memory. */
struct pool *pool_create(size_t limit);

/* Zeroed, aligned for anything. NULL: no memory, or beyond the limit. */
void *pool_alloc(struct pool *pool, size_t size);

/* Copies with a NUL behind. NULL as above. */
char *pool_copy(struct pool *pool, const char *text, size_t length);

/* Accepts NULL. */
void pool_destroy(struct pool *pool);

#endif
