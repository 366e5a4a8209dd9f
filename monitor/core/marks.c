/* SPDX-License-Identifier: Apache-2.0 */
#include "marks.h"

#include <assert.h>

enum { WORD_BITS = 64 };

uint32_t marks_words(uint32_t limit)
{
    return limit / WORD_BITS + 1;
}

uint32_t marks_filled(uint32_t limit)
{
    return marks_words(limit) / WORD_BITS + 1;
}

static uint64_t bit_of(uint32_t number)
{
    return UINT64_C(1) << number % WORD_BITS;
}

void marks_put(struct marks *marks, uint32_t number)
{
    uint32_t word = number / WORD_BITS;

    assert(number < marks->limit);
    marks->words[word] |= bit_of(number);
    marks->filled[word / WORD_BITS] |= bit_of(word);
}

void marks_take(struct marks *marks, uint32_t number)
{
    uint32_t word = number / WORD_BITS;

    assert(number < marks->limit);
    marks->words[word] &= ~bit_of(number);
    if (marks->words[word] == 0)
        marks->filled[word / WORD_BITS] &= ~bit_of(word);
}

bool marks_has(const struct marks *marks, uint32_t number)
{
    assert(number < marks->limit);
    return (marks->words[number / WORD_BITS] & bit_of(number)) != 0;
}

/* The lowest bit that is set at `from` or above it, in an array that ends after `count` words. */
static uint32_t next_bit(const uint64_t *words, uint32_t count, uint32_t from)
{
    uint64_t mask = ~UINT64_C(0) << from % WORD_BITS;

    for (uint32_t i = from / WORD_BITS; i < count; i++, mask = ~UINT64_C(0)) {
        if ((words[i] & mask) != 0)
            return i * WORD_BITS + (uint32_t)__builtin_ctzll(words[i] & mask);
    }
    return NONE;
}

uint32_t marks_next(const struct marks *marks, uint32_t from)
{
    uint32_t word = from / WORD_BITS;
    uint32_t found;

    if (from >= marks->limit)
        return NONE;
    found = next_bit(marks->words, word + 1, from); /* in its own word first */
    if (found != NONE)
        return found;
    word = next_bit(marks->filled, marks_filled(marks->limit), word + 1);
    return word == NONE ? NONE : next_bit(marks->words, word + 1, word * WORD_BITS);
}
