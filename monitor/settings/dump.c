/* SPDX-License-Identifier: Apache-2.0 */
/* dump.c: walks the schema over the draft. Keys come in the schema's order, and durations in one
 * unit, so that files that mean the same print the same. A dump for people has the defaults filled
 * in. What every probe must agree on (A2) leaves them out: then a release that adds an option with
 * a default has the fingerprint of the one before it, and the two can vote together while an
 * upgrade rolls through the regions. A default that changes means another thing under the same
 * text, so it raises FINGERPRINT_VERSION; tests/settings/defaults.txt holds them. */
#include "dump.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"

enum { FINGERPRINT_VERSION = 1 };

struct dump {
    FILE *out;
    enum dump_scope scope;
    int depth;
};

static void print_group(struct dump *d, const struct schema *schema, const void *group);
static bool is_all_default(const struct schema *schema, const void *group);

static void indent(const struct dump *d)
{
    fprintf(d->out, "%*s", 4 * d->depth, "");
}

/* Only bytes (OPTION_BYTES) hold anything but plain text. */
static void print_quoted(FILE *out, const char *text)
{
    bool is_plain = is_plain_text(text);
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (!is_plain && (c < 0x20 || c >= 0x7f)) {
            fprintf(out, "\\x%02x", c);
            continue;
        }
        if (c == '"' || c == '\\')
            fputc('\\', out);
        fputc(c, out);
    }
    fputc('"', out);
}

static void print_count(FILE *out, const struct option *option, int64_t value)
{
    int64_t words = 0;
    while (option->words[words] != NULL)
        words++;
    if (value >= 0 && value < words)
        print_quoted(out, option->words[value]);
    else
        fprintf(out, "%lld", (long long)value);
}

static void print_texts(FILE *out, const struct text_list *list)
{
    fputs("(", out);
    for (uint32_t i = 0; i < list->count; i++) {
        fputs(i == 0 ? " " : ", ", out);
        print_quoted(out, list->items[i]);
    }
    fputs(" )", out);
}

static void print_integers(FILE *out, const struct integer_list *list)
{
    fputs("[", out);
    for (uint32_t i = 0; i < list->count; i++)
        fprintf(out, "%s%lld", i == 0 ? " " : ", ", (long long)list->items[i]);
    fputs(" ]", out);
}

static void print_groups(struct dump *d, const struct schema *schema, const struct draft_list *list)
{
    const char *items = list->items;
    fputs("(", d->out);
    d->depth++;
    for (uint32_t i = 0; i < list->count; i++) {
        fputs(i == 0 ? "\n" : ",\n", d->out);
        indent(d);
        print_group(d, schema, items + i * schema->size);
    }
    d->depth--;
    if (list->count > 0) {
        fputc('\n', d->out);
        indent(d);
    }
    fputs(")", d->out);
}

static void print_value(struct dump *d, const struct option *option, const void *value)
{
    char duration[DURATION_LENGTH];
    switch (option->type) {
    case OPTION_TEXT:
        print_quoted(d->out, *(const char *const *)value);
        return;
    case OPTION_WORD:
        print_quoted(d->out, option->words[*(const int *)value]);
        return;
    case OPTION_BOOLEAN:
        fputs(*(const bool *)value ? "true" : "false", d->out);
        return;
    case OPTION_INTEGER:
        fprintf(d->out, "%lld", (long long)*(const int64_t *)value);
        return;
    case OPTION_COUNT:
        print_count(d->out, option, *(const int64_t *)value);
        return;
    case OPTION_DURATION:
        duration_print(*(const msec_t *)value, duration);
        print_quoted(d->out, duration);
        return;
    case OPTION_SECRET:
        print_quoted(d->out, ((const struct secret *)value)->reference);
        return;
    case OPTION_TEXTS:
        print_texts(d->out, value);
        return;
    case OPTION_INTEGERS:
        print_integers(d->out, value);
        return;
    case OPTION_GROUP:
        print_group(d, option->schema, value);
        return;
    case OPTION_GROUPS:
        print_groups(d, option->schema, value);
        return;
    }
}

/* ---- what is left out ---- */

static bool is_default_duration(const char *fallback, msec_t value)
{
    msec_t ms = 0;
    return duration_parse(fallback, &ms) == 0 && ms == value;
}

/* A default that is worked out from other options (unset) is never left out: it is not ours alone.
 */
bool option_is_default(const struct option *option, const void *value)
{
    const char *fallback = option->fallback;
    if (option->type == OPTION_GROUP)
        return is_all_default(option->schema, value);
    if (fallback == NULL)
        return false;
    switch (option->type) {
    case OPTION_TEXT:
        return strcmp(*(const char *const *)value, fallback) == 0;
    case OPTION_WORD:
        return strcmp(option->words[*(const int *)value], fallback) == 0;
    case OPTION_BOOLEAN:
        return *(const bool *)value == (strcmp(fallback, "true") == 0);
    case OPTION_INTEGER:
        return *(const int64_t *)value == strtoll(fallback, NULL, 10);
    case OPTION_DURATION:
        return is_default_duration(fallback, *(const msec_t *)value);
    case OPTION_TEXTS:
        return ((const struct text_list *)value)->count == 0;
    case OPTION_INTEGERS:
        return ((const struct integer_list *)value)->count == 0;
    case OPTION_GROUPS:
        return ((const struct draft_list *)value)->count == 0;
    case OPTION_COUNT:
        return *(const int64_t *)value == option_word(option, fallback);
    case OPTION_SECRET:
        return ((const struct secret *)value)->reference[0] == '\0';
    case OPTION_GROUP:
        break;
    }
    return false;
}

static bool is_left_out(const struct option *option, const void *value)
{
    return (option->flags & OPTION_LOCAL) != 0 || option_is_default(option, value);
}

static bool is_all_default(const struct schema *schema, const void *group)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct option *option = &schema->options[i];
        if (!is_left_out(option, option_constant(option, group)))
            return false;
    }
    return true;
}

static void print_options(struct dump *d, const struct schema *schema, const void *group)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct option *option = &schema->options[i];
        if (d->scope == DUMP_SHARED && is_left_out(option, option_constant(option, group)))
            continue;
        indent(d);
        fprintf(d->out, "%s = ", option->key);
        print_value(d, option, option_constant(option, group));
        fputs(";\n", d->out);
    }
}

static void print_group(struct dump *d, const struct schema *schema, const void *group)
{
    fputs("{\n", d->out);
    d->depth++;
    print_options(d, schema, group);
    d->depth--;
    indent(d);
    fputs("}", d->out);
}

int schema_dump(const struct schema *schema, const void *group, enum dump_scope scope, FILE *out)
{
    struct dump d = {.out = out, .scope = scope};
    if (scope == DUMP_SHARED)
        fprintf(out, "fingerprint = %d;\n", FINGERPRINT_VERSION);
    print_options(&d, schema, group);
    return fflush(out) != 0 || ferror(out) ? -1 : 0;
}

int draft_dump(const struct draft *draft, enum dump_scope scope, FILE *out)
{
    return schema_dump(&settings_schema, draft, scope, out);
}

int fingerprint_prepare(void)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    return EVP_Digest("", 0, digest, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

int draft_fingerprint(const struct draft *draft, char ret_fingerprint[FINGERPRINT_LENGTH + 1])
{
    char *text = NULL;
    size_t length = 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    FILE *out = open_memstream(&text, &length);
    if (out == NULL)
        return -1;
    int dumped = draft_dump(draft, DUMP_SHARED, out);
    int closed = fclose(out);
    int hashed =
        dumped == 0 && closed == 0 ? EVP_Digest(text, length, digest, NULL, EVP_sha256(), NULL) : 0;
    free(text);
    if (hashed != 1)
        return -1;
    for (size_t i = 0; i < FINGERPRINT_LENGTH / 2; i++)
        snprintf(ret_fingerprint + 2 * i, 3, "%02x", digest[i]);
    return 0;
}
