/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.c: counts the letters to change. A short word is near within one, a longer one within
 * half of its letters. */
#include "nearest.h"

#include <stdint.h>
#include <string.h>

enum { WORD_MAX = 32 }; /* no word of ours is longer */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t least_of_two = a < b ? a : b;
    return least_of_two < c ? least_of_two : c;
}

/* Levenshtein's distance, one row kept. */
static size_t distance(const char *a, const char *b)
{
    size_t row[WORD_MAX + 1];
    size_t width = strlen(b);
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 1; a[i - 1] != '\0'; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= width; j++) {
            size_t above = row[j];
            size_t swapped = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = least(above + 1, row[j - 1] + 1, swapped);
            diagonal = above;
        }
    }
    return row[width];
}

struct nearest nearest_to(const char *word)
{
    return (struct nearest){.word = word, .best = NULL, .away = SIZE_MAX};
}

void nearest_try(struct nearest *nearest, const char *candidate)
{
    size_t length = strlen(candidate);
    if (strlen(nearest->word) > WORD_MAX || length > WORD_MAX)
        return;
    size_t away = distance(nearest->word, candidate);
    if (away < nearest->away && away <= (length < 4 ? 1 : length / 2)) {
        nearest->away = away;
        nearest->best = candidate;
    }
}
