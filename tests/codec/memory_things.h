/* SPDX-License-Identifier: Apache-2.0 */
/* memory_things.h: what test_memory.c tries without memory. Each thing returns 0 with all it made
 * in `made`, or -1. */
#ifndef REGIONSHIFT_TESTS_MEMORY_THINGS_H
#define REGIONSHIFT_TESTS_MEMORY_THINGS_H

#include <stdlib.h>

#include "record.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { MADE_SIZE = 64 * 1024 };

extern char made[MADE_SIZE];
extern char why[512];          /* nothing was made */
extern char stored[MADE_SIZE]; /* what is read, written while memory was plentiful */
extern size_t stored_length;

/* `from` writes what `run` reads; NULL: it reads nothing. */
struct memory_thing {
    const char *name;
    int (*run)(void);
    int (*from)(void);
};

extern const struct memory_thing things_of_ours[28]; /* what we write and read again */
extern const struct memory_thing things_of_others[17];

extern const struct record_set memory_set;
extern const struct batch memory_batch;

/* Takes the text over as what was made; NULL: nothing was. */
int keep(char *text);

#endif
