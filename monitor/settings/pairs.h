/* SPDX-License-Identifier: Apache-2.0 */
/* pairs.h: which of many texts are the same. Sorted once, because comparing each with each takes
 * minutes with 50,000 sites. Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_PAIRS_H
#define REGIONSHIFT_SETTINGS_PAIRS_H

#include "inspect.h"

/* The text of a thing by its index; NULL: it has none, and is like no other. */
typedef const char *(*pairs_text)(const struct settings *settings, uint32_t index);

/* Shows each pair of things with the same text to compare(), as long as complaints have room. */
void pairs_same(struct inspection *in, uint32_t count, pairs_text text_of,
                void (*compare)(struct inspection *in, uint32_t older, uint32_t newer));

/* The indices of count things in the order of their texts, then of their indices, in the settings'
 * arena: what settings_group() and its like look into. NULL when out of memory. */
const uint32_t *pairs_sorted(struct inspection *in, uint32_t count, pairs_text text_of);

#endif
