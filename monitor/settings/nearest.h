/* SPDX-License-Identifier: Apache-2.0 */
/* nearest.h: "did you mean": the word nearest to one that is none of those there are. Settings,
 * scenarios and commands ask it, so that a slip of the pen is judged alike everywhere.
 *
 *     struct nearest nearest = nearest_to("tiemout");
 *     nearest_try(&nearest, "timeout");
 *     nearest.best: "timeout", or NULL when none that was tried is near */
#ifndef REGIONSHIFT_SETTINGS_NEAREST_H
#define REGIONSHIFT_SETTINGS_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word;
    const char *best;
    size_t away;
};

struct nearest nearest_to(const char *word);

/* Candidates must outlive the struct. Of equally near ones the first holds. */
void nearest_try(struct nearest *nearest, const char *candidate);

#endif
