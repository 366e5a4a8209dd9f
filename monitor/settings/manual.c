/* SPDX-License-Identifier: Apache-2.0 */
/* manual.c: the program gen-settings-man. Reads the template of regionshift.conf(5) and writes the
 * page, with the lines @OPTIONS@ and @CROSSCHECKS@ replaced by what the tables say. Run by make. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "inspect.h"
#include "schema.h"

/* mandoc's own advice. */
enum { LINE_LENGTH = 78 };

/* One word as mdoc text: a backslash or a leading dot would be markup. */
static size_t print_word(const char *word, size_t length, bool is_first)
{
    size_t width = 0;
    if (is_first && (word[0] == '.' || word[0] == '\''))
        width += (size_t)printf("\\&");
    for (size_t i = 0; i < length; i++)
        width += (size_t)(word[i] == '\\' ? printf("\\e") : printf("%c", word[i]));
    return width;
}

/* An ellipsis does not. */
static bool ends_sentence(const char *word, size_t length)
{
    return length > 1 && strchr(".?!", word[length - 1]) != NULL && word[length - 2] != '.';
}

/* Fills lines; each sentence begins a new one, as mdoc wants it. */
static void print_text(const char *text)
{
    size_t column = 0;
    while (*text != '\0') {
        size_t length = strcspn(text, " ");
        if (column > 0 && column + 1 + length > LINE_LENGTH) {
            printf("\n");
            column = 0;
        }
        if (column > 0)
            column += (size_t)printf(" ");
        column += print_word(text, length, column == 0);
        if (ends_sentence(text, length)) {
            printf("\n");
            column = 0;
        }
        text += length + strspn(text + length, " ");
    }
    if (column > 0)
        printf("\n");
}

static void print_default(const struct option *option)
{
    char line[512];
    if (option->fallback == NULL)
        snprintf(line, sizeof line, "%s%s.", option->unset == NULL ? "Required" : "Default: ",
                 option->unset == NULL ? "" : option->unset);
    else
        snprintf(line, sizeof line, "Default: %s.",
                 option->fallback[0] == '\0' ? "empty" : option->fallback);
    print_text(line);
}

static void print_kinds(uint32_t kinds)
{
    char line[512] = "For type";
    size_t used = strlen(line);
    for (unsigned i = 0; check_kind_words[i] != NULL && kinds != 0; i++) {
        if ((kinds & KIND_BIT(i)) != 0)
            used += (size_t)snprintf(line + used, sizeof line - used, " %s%s", check_kind_words[i],
                                     kinds >> i > 1 ? "," : ".");
    }
    if (kinds != 0)
        print_text(line);
}

static void print_option(const struct option *option)
{
    char allowed[256];
    char line[512];
    option_describe(option, allowed, sizeof allowed);
    printf(".It Ic %s\n", option->key);
    print_kinds(option->kinds);
    print_text(option->help);
    snprintf(line, sizeof line, "%c%s.", toupper((unsigned char)allowed[0]), allowed + 1);
    print_text(line);
    print_default(option);
}

/* A section's options, then the sections below it. */
static void print_section(const struct schema *schema)
{
    printf(".Ss %s\\&\n", schema->path[0] == '\0' ? "The file" : schema->path);
    print_text(schema->help);
    printf(".Bl -tag -width Ds\n");
    for (size_t i = 0; i < schema->count; i++)
        print_option(&schema->options[i]);
    printf(".El\n");
    for (size_t i = 0; i < schema->count; i++) {
        if (schema->options[i].schema != NULL)
            print_section(schema->options[i].schema);
    }
}

static void print_crosschecks(void)
{
    printf(".Bl -tag -width Ds\n");
    for (size_t i = 0; i < crosscheck_count; i++) {
        printf(".It Sy %s Pq %s\n", crosschecks[i].name,
               crosschecks[i].is_warning ? "warning" : "error");
        print_text(crosschecks[i].reason);
    }
    printf(".El\n");
}

int main(void)
{
    char line[1024];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "@OPTIONS@\n") == 0)
            print_section(&settings_schema);
        else if (strcmp(line, "@CROSSCHECKS@\n") == 0)
            print_crosschecks();
        else
            printf("%s", line);
    }
    return ferror(stdin) || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
