/* SPDX-License-Identifier: Apache-2.0 */
/* store_bounds.h: a year of decisions through a board on a real store, in one go, and what is left
 * of them. Nothing here asserts on time. */
#ifndef REGIONSHIFT_TESTS_STORE_BOUNDS_H
#define REGIONSHIFT_TESTS_STORE_BOUNDS_H

#include "store_world.h"

struct bounds_figures {
    unsigned decisions;
    unsigned orders;
    uint64_t revision;
    size_t keys;
    size_t bytes; /* of keys and values */
    double seconds;
};

/* So many decisions, in turn of two groups, each with its move in the ledger; every tenth obeys an
 * order of its own. Fails the test when one is refused, or more is left than the bounds allow. */
void bounds_decide(struct world *world, unsigned decisions, struct bounds_figures *ret_figures);

/* How many: DECISIONS in the environment, or `usual`. */
unsigned bounds_count(unsigned usual);

void bounds_print(const char *store, const struct bounds_figures *figures);

#endif
