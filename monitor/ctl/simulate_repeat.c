/* SPDX-License-Identifier: Apache-2.0 */
/* The line that repeats a random hour. It is copied into a shell, at night, by somebody who does
 * not look at blanks in the name of a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "render.h"
#include "simulate.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What no shell reads anything into; a ~ or = is not among it. */
static bool is_plain_word(const char *word)
{
    return word[0] != '\0' && word[strspn(word, LETTERS "0123456789_./+-@:,%")] == '\0';
}

static void write_word(FILE *out, const char *word)
{
    if (is_plain_word(word)) {
        fputs(word, out);
        return;
    }
    fputc('\'', out);
    for (const char *c = word; *c != '\0'; c++) {
        if (*c == '\'')
            fputs("'\\''", out); /* ends the quotes, a quote, begins them again */
        else
            fputc(*c, out);
    }
    fputc('\'', out);
}

char *simulate_repeat(const char *file, uint64_t seed)
{
    char *line = NULL;
    size_t size = 0;
    FILE *out = must(open_memstream(&line, &size));

    fputs("regionshift -c ", out);
    write_word(out, file);
    fprintf(out, " simulate --seeds 1 --seed %" PRIu64, seed);
    if (fclose(out) != 0)
        must(NULL);
    return line;
}
