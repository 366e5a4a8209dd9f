/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h: what was found at a gate of the way to a move (D10). Gates are judged a thousand times
 * for each time that one is read, so the sentence is put together for its reader only. */
#ifndef REGIONSHIFT_CORE_GATE_H
#define REGIONSHIFT_CORE_GATE_H

#include "engine.h"

enum { FINDING_WORDS_MAX = 3, FINDING_NUMBERS_MAX = 3, FINDING_WORD_MAX = 60 };

struct finding {
    const char *rule;
    const char *name;
    bool open;
    int64_t value;
    int64_t limit;
    const char *sentence; /* %s takes the next word, %d the next number */
    const char *words[FINDING_WORDS_MAX];
    int64_t numbers[FINDING_NUMBERS_MAX];
};

/* Appends a finding, if there is room; findings may be NULL. For each %s of the sentence follows a
 * string that lives as long as the finding is kept, for each %d an int64_t. */
void finding_add(struct finding *findings, uint32_t *count, const char *rule, const char *name,
                 bool open, int64_t value, int64_t limit, const char *sentence, ...);

/* Puts the sentence together; a word is cut at FINDING_WORD_MAX. */
void finding_say(const struct finding *finding, struct gate *ret_gate);

#endif
