/* SPDX-License-Identifier: Apache-2.0 */
/* base.h: what every engine of the store begins with. Known to monitor/io/store/ only. */
#ifndef REGIONSHIFT_STORE_BASE_H
#define REGIONSHIFT_STORE_BASE_H

#include "store.h"

/* The first member of each engine's own struct. */
struct store {
    const struct store_kind_ops *ops;
};

/* A sentence holds a path and a reason; a longer one is cut. */
enum { STORE_FAULT_TEXT_MAX = 768 };

/* How a call ended: the status, and the sentence for the operator ("" when OK or CONFLICT). */
struct store_fault {
    enum store_status status;
    char text[STORE_FAULT_TEXT_MAX];
};

/* Fills ret_fault and returns -1, so that a failing step can `return store_fault_set(...)`. */
int store_fault_set(struct store_fault *ret_fault, enum store_status status, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

#endif
