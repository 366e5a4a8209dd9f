/* SPDX-License-Identifier: Apache-2.0 */
/* command_split.h: a command line as words, as a shell would split it, without a shell: no
 * variable, no pipe, no pattern means anything. Blanks part words; '...' keeps all; "..." keeps all
 * but \" and
 * \\; a backslash outside keeps what follows. Pure. */
#ifndef REGIONSHIFT_COMMAND_SPLIT_H
#define REGIONSHIFT_COMMAND_SPLIT_H

#include <stddef.h>

enum { COMMAND_WORDS_MAX = 64 };

struct command {
    char *words[COMMAND_WORDS_MAX + 1]; /* NULL at the end */
    size_t count;
    char *text; /* owned: holds the words */
    size_t size;
};

/* Returns 0, or -1 with a sentence in error, which does not quote the line. */
int command_split(const char *line, struct command *ret_command, char *error, size_t error_size);
void command_clear(struct command *command);

#endif
