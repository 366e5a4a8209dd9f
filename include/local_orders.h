/* SPDX-License-Identifier: Apache-2.0 */
/* local_orders.h: the orders that this machine alone knows (D7, break-glass): obeyed while the
 * store was away, and not in the store yet. One small file in the spool folder, on disk before the
 * batch that obeys them is sent, so that they outlive the process until the store has them. */
#ifndef REGIONSHIFT_LOCAL_ORDERS_H
#define REGIONSHIFT_LOCAL_ORDERS_H

#include <stddef.h>
#include <stdint.h>

#include "order.h"
#include "settings.h"

struct local_orders;

/* Reads FOLDER/orders.json; none: there are no such orders. A file that cannot be read or makes no
 * sense is an error. Returns 0, or -errno with a sentence. */
int local_orders_open(const char *folder, struct local_orders **ret_locals, char *error,
                      size_t error_size);

/* These are all there are now. In force at once; local_orders_sync() puts them on disk. 0 or
 * -ENOMEM. */
int local_orders_set(struct local_orders *locals, const struct settings *settings,
                     const struct order *orders, uint32_t count);

/* Puts what changed since on disk. 0: the file says what we say; -errno: try again before anything
 * is sent. */
int local_orders_sync(struct local_orders *locals);

/* Fills in up to `max` of them, for these settings; an order about what these settings do not know
 * is passed over, with a sentence in the log. Returns how many. */
uint32_t local_orders_get(const struct local_orders *locals, const struct settings *settings,
                          struct order *ret_orders, uint32_t max);

/* Accepts NULL. */
void local_orders_close(struct local_orders *locals);

#endif
