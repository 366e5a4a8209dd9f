/* SPDX-License-Identifier: Apache-2.0 */
/* marks.h: a set of numbers below a limit, walked in their order. A word of `filled` has a bit for
 * each word of `words` that is not 0, so that one mark among 50,000 is found in a dozen steps: who
 * touches one group must not pay for all. */
#ifndef REGIONSHIFT_MARKS_H
#define REGIONSHIFT_MARKS_H

#include <stdbool.h>
#include <stdint.h>

#include "units.h"

struct marks {
    uint64_t *words;
    uint64_t *filled;
    uint32_t limit;
};

/* How many words the two arrays need, zeroed, for numbers below a limit. */
uint32_t marks_words(uint32_t limit);
uint32_t marks_filled(uint32_t limit);

void marks_put(struct marks *marks, uint32_t number);
void marks_take(struct marks *marks, uint32_t number);
bool marks_has(const struct marks *marks, uint32_t number);

/* The lowest number of the set that is at least `from`; NONE: there is none. */
uint32_t marks_next(const struct marks *marks, uint32_t from);

#endif
