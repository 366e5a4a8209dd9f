/* SPDX-License-Identifier: Apache-2.0 */
/* describe.c: says what is allowed. */
#include "describe.h"

#include <stdio.h>
#include <string.h>

#include "nearest.h"
#include "settings.h"

static void describe_words(const struct option *option, char *out, size_t size)
{
    size_t used = (size_t)snprintf(out, size, "one of");
    for (size_t i = 0; option->words[i] != NULL && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s \"%s\"", i == 0 ? "" : ",",
                                 option->words[i]);
}

static void describe_count(const struct option *option, char *out, size_t size)
{
    describe_words(option, out, size);
    size_t used = strlen(out);
    snprintf(out + used, size - used, ", or an integer, %lld to %lld", (long long)option->min,
             (long long)option->max);
}

static void describe_duration(const struct option *option, char *out, size_t size)
{
    char min[DURATION_LENGTH];
    char max[DURATION_LENGTH];
    duration_print(option->min, min);
    duration_print(option->max, max);
    snprintf(out, size, "a duration, %s to %s", min, max);
}

void option_describe(const struct option *option, char *out, size_t size)
{
    long long min = option->min;
    long long max = option->max;
    switch (option->type) {
    case OPTION_TEXT:
        snprintf(out, size, "a text of %lld to %lld characters", min, max);
        return;
    case OPTION_WORD:
        describe_words(option, out, size);
        return;
    case OPTION_BOOLEAN:
        snprintf(out, size, "true or false");
        return;
    case OPTION_INTEGER:
        snprintf(out, size, "an integer, %lld to %lld", min, max);
        return;
    case OPTION_COUNT:
        describe_count(option, out, size);
        return;
    case OPTION_DURATION:
        describe_duration(option, out, size);
        return;
    case OPTION_SECRET:
        snprintf(out, size, "\"file:/PATH\" or \"env:NAME\"");
        return;
    case OPTION_TEXTS:
        snprintf(out, size, "a list of %lld to %lld texts ( \"...\" )", min, max);
        return;
    case OPTION_INTEGERS:
        snprintf(out, size, "a list of %lld to %lld integers, 1 to %lld", min, max,
                 (long long)option->item_max);
        return;
    case OPTION_GROUP:
        snprintf(out, size, "a group { ... }");
        return;
    case OPTION_GROUPS:
        snprintf(out, size, "a list of %lld to %lld groups ( { ... } )", min, max);
        return;
    }
}

const char *schema_nearest(const struct schema *schema, const char *key)
{
    struct nearest nearest = nearest_to(key);
    for (size_t i = 0; i < schema->count; i++)
        nearest_try(&nearest, schema->options[i].key);
    return nearest.best;
}

/* ---- where a key belongs ---- */

static size_t find_below(const struct schema *schema, const char *key, char *out, size_t size,
                         size_t used)
{
    for (size_t i = 0; i < schema->count && used < size; i++) {
        const struct option *option = &schema->options[i];
        if (strcmp(option->key, key) == 0)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used == 0 ? "" : ", ",
                                     schema->path[0] == '\0' ? "the file itself" : schema->path);
        if (option->schema != NULL)
            used = find_below(option->schema, key, out, size, used);
    }
    return used;
}

void schema_find(const char *key, char *out, size_t size)
{
    out[0] = '\0';
    (void)find_below(&settings_schema, key, out, size, 0);
}
