/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite.h: opening the sqlite store with other limits than the product's, for its tests. */
#ifndef REGIONSHIFT_STORE_SQLITE_H
#define REGIONSHIFT_STORE_SQLITE_H

#include "store.h"

struct store_sqlite_tuning {
    msec_t (*clock)(void *context); /* times leases; called by the store's thread */
    void *clock_context;
    msec_t call_timeout_ms;
    uint32_t calls_max; /* unreported calls; one more is refused with STORE_AWAY */
};

struct store_sqlite_tuning store_sqlite_tuning_default(const struct store_settings *settings);

int store_sqlite_open(uv_loop_t *loop, const struct store_settings *settings, const char *owner,
                      const struct store_sqlite_tuning *tuning, struct store **ret_store);

#endif
