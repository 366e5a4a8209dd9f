/* SPDX-License-Identifier: Apache-2.0 */
/* record_copy.h: record sets and batches that own what they hold. */
#ifndef REGIONSHIFT_RECORD_COPY_H
#define REGIONSHIFT_RECORD_COPY_H

#include "pool.h"
#include "record.h"

/* More than any answer or batch that the limits of their codecs let through. */
enum { RECORD_COPY_MAX = 4 * 1024 * 1024 };

/* Copies into the pool. 0, or -1: no memory. */
int record_set_copy(struct pool *pool, const struct record_set *set, struct record_set *ret_set);
int batch_copy(struct pool *pool, const struct batch *batch, struct batch *ret_batch);

#endif
