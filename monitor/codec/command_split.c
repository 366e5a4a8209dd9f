/* SPDX-License-Identifier: Apache-2.0 */
/* One walk: the words are written into a copy, which they never outgrow: quotes go, nothing comes.
 */
#include "command_split.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
    const char *in;
    char *out;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What stands between two quotes; walk->in is behind the first. -1: the second is missing. */
static int take_quoted(struct walk *walk, char quote)
{
    while (*walk->in != quote) {
        if (*walk->in == '\\' && quote == '"' && (walk->in[1] == '"' || walk->in[1] == '\\'))
            walk->in++;
        if (*walk->in == '\0')
            return -1;
        *walk->out++ = *walk->in++;
    }
    walk->in++;
    return 0;
}

/* A word that has begun. NULL, or what is wrong. */
static const char *take_word(struct walk *walk)
{
    while (*walk->in != '\0' && !is_blank(*walk->in)) {
        char c = *walk->in++;

        if (c == '\'' || c == '"') {
            if (take_quoted(walk, c) != 0)
                return "a quote that is not closed";
        } else if (c == '\\') {
            if (*walk->in == '\0')
                return "a backslash at the end";
            *walk->out++ = *walk->in++;
        } else {
            *walk->out++ = c;
        }
    }
    *walk->out++ = '\0';
    return NULL;
}

static const char *take_words(struct walk *walk, struct command *command)
{
    const char *complaint = NULL;

    while (complaint == NULL) {
        while (is_blank(*walk->in))
            walk->in++;
        if (*walk->in == '\0')
            return command->count > 0 ? NULL : "no words";
        if (command->count == COMMAND_WORDS_MAX)
            return "more than 64 words";
        command->words[command->count++] = walk->out;
        complaint = take_word(walk);
    }
    return complaint;
}

int command_split(const char *line, struct command *ret_command, char *error, size_t error_size)
{
    struct command command = {.count = 0};
    struct walk walk = {.in = line};
    const char *complaint = "no memory";

    command.size = strlen(line) + 2;
    command.text = calloc(1, command.size);
    walk.out = command.text;
    if (command.text != NULL)
        complaint = take_words(&walk, &command);
    if (complaint == NULL) {
        *ret_command = command;
        return 0;
    }
    snprintf(error, error_size, "%s", complaint);
    command_clear(&command);
    return -1;
}

/* Arguments may hold a secret, unwise as that is. */
void command_clear(struct command *command)
{
    if (command->text != NULL)
        OPENSSL_cleanse(command->text, command->size);
    free(command->text);
    *command = (struct command){.count = 0};
}
