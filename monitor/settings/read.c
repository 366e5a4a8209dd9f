/* SPDX-License-Identifier: Apache-2.0 */
/* read.c: walks the schema and libconfig's tree side by side. One reader for each type of option;
 * each reports what it dislikes and leaves the option at its default, so that one pass finds all
 * errors. They fail only when memory does. */
#include "read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "report.h"
#include "result.h"
#include "schema.h"
#include "secret.h"

enum { QUOTE_LENGTH = 120, ALLOWED_LENGTH = 256 };

struct reader {
    struct settings_arena *arena;
    struct settings_report *report;
    bool with_secrets;
    struct place place; /* where we are: "services.[0].sites" */
};

static int read_group(struct reader *r, const struct schema *schema,
                      const config_setting_t *setting, void *group);

/* ---- saying what is wrong ---- */

static void complain(struct reader *r, const config_setting_t *setting, const char *name,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

static void complain(struct reader *r, const config_setting_t *setting, const char *name,
                     const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report_vadd(r->report, false, setting == NULL ? 0 : config_setting_source_line(setting), name,
                r->place.text, format, arguments);
    va_end(arguments);
}

/* "is a list; an integer, 1 to 64 is allowed" */
static void complain_type(struct reader *r, const config_setting_t *setting,
                          const struct option *option)
{
    static const char *const types[] = {
        [CONFIG_TYPE_NONE] = "nothing",   [CONFIG_TYPE_GROUP] = "a group",
        [CONFIG_TYPE_INT] = "an integer", [CONFIG_TYPE_INT64] = "an integer",
        [CONFIG_TYPE_FLOAT] = "a number", [CONFIG_TYPE_STRING] = "a text",
        [CONFIG_TYPE_BOOL] = "a boolean", [CONFIG_TYPE_ARRAY] = "a list",
        [CONFIG_TYPE_LIST] = "a list",
    };
    char allowed[ALLOWED_LENGTH];
    option_describe(option, allowed, sizeof allowed);
    complain(r, setting, "type", "is %s; allowed: %s", types[config_setting_type(setting)],
             allowed);
}

static void complain_range(struct reader *r, const config_setting_t *setting,
                           const struct option *option, const char *seen)
{
    char allowed[ALLOWED_LENGTH];
    option_describe(option, allowed, sizeof allowed);
    complain(r, setting, "range", "%s is out of range; allowed: %s", seen, allowed);
}

static void quote(const char *text, char out[QUOTE_LENGTH])
{
    out[0] = '"';
    text_escape(out + 1, QUOTE_LENGTH - 2, text, strlen(text));
    size_t length = strlen(out);
    out[length] = '"';
    out[length + 1] = '\0';
}

/* ---- the path of where we are ---- */

static size_t enter(struct reader *r, const char *key)
{
    size_t before = strlen(r->place.text);
    snprintf(r->place.text + before, sizeof r->place.text - before, "%s%s", before == 0 ? "" : ".",
             key);
    return before;
}

static size_t enter_item(struct reader *r, unsigned index)
{
    char key[16];
    snprintf(key, sizeof key, "[%u]", index);
    return enter(r, key);
}

static void leave(struct reader *r, size_t before)
{
    r->place.text[before] = '\0';
}

/* ---- one reader for each type ---- */

static bool is_integer(const config_setting_t *setting)
{
    int type = config_setting_type(setting);
    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

static bool is_list(const config_setting_t *setting)
{
    return config_setting_is_list(setting) || config_setting_is_array(setting);
}

static bool text_is_good(struct reader *r, const struct option *option,
                         const config_setting_t *setting, char *text, int64_t length_max)
{
    char quoted[QUOTE_LENGTH];
    char error[ALLOWED_LENGTH];
    size_t length = strlen(text);
    quote(text, quoted);
    if ((int64_t)length > length_max) {
        complain(r, setting, "range", "%s has %zu characters; at most %lld are allowed", quoted,
                 length, (long long)length_max);
        return false;
    }
    if (length == 0) {
        if (option->type == OPTION_TEXT && option->min == 0)
            return true;
        complain(r, setting, "range", "is empty; it must say something");
        return false;
    }
    if (!is_plain_text(text)) {
        complain(r, setting, "text", "%s holds a control character or is not UTF-8", quoted);
        return false;
    }
    if (option->rule != NULL && option->rule(text, error, sizeof error) < 0) {
        complain(r, setting, "form", "%s: %s", quoted, error);
        return false;
    }
    return true;
}

static int read_text(struct reader *r, const struct option *option, const config_setting_t *setting,
                     void *value)
{
    const char *written = config_setting_get_string(setting);
    if (written == NULL) {
        complain_type(r, setting, option);
        return 0;
    }
    char *text = arena_copy(r->arena, written, strlen(written));
    if (text == NULL)
        return -1;
    if (text_is_good(r, option, setting, text, option->max))
        *(const char **)value = text;
    return 0;
}

static int read_word(struct reader *r, const struct option *option, const config_setting_t *setting,
                     void *value)
{
    const char *written = config_setting_get_string(setting);
    if (written == NULL) {
        complain_type(r, setting, option);
        return 0;
    }
    for (int i = 0; option->words[i] != NULL; i++) {
        if (strcmp(option->words[i], written) == 0) {
            *(int *)value = i;
            return 0;
        }
    }
    char quoted[QUOTE_LENGTH];
    char allowed[ALLOWED_LENGTH];
    quote(written, quoted);
    option_describe(option, allowed, sizeof allowed);
    complain(r, setting, "word", "%s is unknown; allowed: %s", quoted, allowed);
    return 0;
}

static int read_boolean(struct reader *r, const struct option *option,
                        const config_setting_t *setting, void *value)
{
    if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
        *(bool *)value = config_setting_get_bool(setting) != 0;
    else
        complain_type(r, setting, option);
    return 0;
}

static int read_integer(struct reader *r, const struct option *option,
                        const config_setting_t *setting, void *value)
{
    char seen[32];
    if (!is_integer(setting)) {
        complain_type(r, setting, option);
        return 0;
    }
    int64_t number = config_setting_get_int64(setting);
    snprintf(seen, sizeof seen, "%lld", (long long)number);
    if (number < option->min || number > option->max)
        complain_range(r, setting, option, seen);
    else
        *(int64_t *)value = number;
    return 0;
}

/* Seconds as a number, or a text with its unit. Returns -1 for anything else. */
static int duration_of(const config_setting_t *setting, msec_t *ret_ms, char seen[QUOTE_LENGTH])
{
    const char *text = config_setting_get_string(setting);
    if (text != NULL) {
        quote(text, seen);
        return duration_parse(text, ret_ms);
    }
    double seconds = config_setting_type(setting) == CONFIG_TYPE_FLOAT
                         ? config_setting_get_float(setting)
                         : (double)config_setting_get_int64(setting);
    snprintf(seen, QUOTE_LENGTH, "%.15g", seconds);
    return duration_round(seconds * 1000, ret_ms);
}

static int read_duration(struct reader *r, const struct option *option,
                         const config_setting_t *setting, void *value)
{
    char seen[QUOTE_LENGTH];
    msec_t ms = 0;
    if (!config_setting_is_number(setting) && config_setting_type(setting) != CONFIG_TYPE_STRING) {
        complain_type(r, setting, option);
        return 0;
    }
    if (duration_of(setting, &ms, seen) < 0) {
        char allowed[ALLOWED_LENGTH];
        option_describe(option, allowed, sizeof allowed);
        complain(r, setting, "form", "%s is no duration in whole milliseconds; allowed: %s", seen,
                 allowed);
    } else if (ms < option->min || ms > option->max) {
        complain_range(r, setting, option, seen);
    } else {
        *(msec_t *)value = ms;
    }
    return 0;
}

/* What is not a reference may be the secret itself, so it is never repeated in a message. */
static int read_secret(struct reader *r, const struct option *option,
                       const config_setting_t *setting, void *value)
{
    struct secret *secret = value;
    const char *written = config_setting_get_string(setting);
    if (written == NULL) {
        complain_type(r, setting, option);
        return 0;
    }
    if (written[0] == '\0')
        return 0;
    if (!secret_is_reference(written) || !is_plain_text(written)) {
        complain(r, setting, "secret",
                 "a secret is never written in this file; put it into a file that only its owner "
                 "can read (chmod 600) and write \"file:/PATH\", or write \"env:NAME\"");
        return 0;
    }
    char error[ALLOWED_LENGTH];
    secret->reference = arena_copy(r->arena, written, strlen(written));
    if (secret->reference == NULL)
        return -1;
    if (!r->with_secrets)
        return 0;
    if (secret_read(written, r->arena, &secret->value, error, sizeof error) < 0) {
        if (error[0] == '\0')
            return -1;
        char quoted[QUOTE_LENGTH];
        quote(written, quoted);
        complain(r, setting, "secret", "%s %s", quoted, error);
    } else if ((int64_t)strlen(secret->value) > option->max) {
        complain(r, setting, "secret", "has more than %lld characters", (long long)option->max);
    }
    return 0;
}

/* Returns the count of a list that is one and is within its limits, otherwise -1. */
static int list_length(struct reader *r, const struct option *option,
                       const config_setting_t *setting)
{
    char seen[32];
    if (!is_list(setting)) {
        complain_type(r, setting, option);
        return -1;
    }
    int length = config_setting_length(setting);
    if (length >= option->min && length <= option->max)
        return length;
    snprintf(seen, sizeof seen, "a list of %d", length);
    complain_range(r, setting, option, seen);
    return -1;
}

static int read_texts(struct reader *r, const struct option *option,
                      const config_setting_t *setting, void *value)
{
    struct text_list *list = value;
    int length = list_length(r, option, setting);
    if (length <= 0)
        return 0;
    list->items = arena_array(r->arena, (size_t)length, sizeof *list->items);
    if (list->items == NULL)
        return -1;
    for (unsigned i = 0; i < (unsigned)length; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, i);
        const char *written = config_setting_get_string(item);
        size_t before = enter_item(r, i);
        char *text = written == NULL ? NULL : arena_copy(r->arena, written, strlen(written));
        if (written != NULL && text == NULL)
            return -1;
        if (text == NULL)
            complain(r, item, "type", "is no text; write it in \"quotes\"");
        else if (text_is_good(r, option, item, text, option->item_max))
            list->items[list->count++] = text;
        leave(r, before);
    }
    return 0;
}

static int read_integers(struct reader *r, const struct option *option,
                         const config_setting_t *setting, void *value)
{
    struct integer_list *list = value;
    int length = list_length(r, option, setting);
    if (length <= 0)
        return 0;
    list->items = arena_array(r->arena, (size_t)length, sizeof *list->items);
    if (list->items == NULL)
        return -1;
    for (unsigned i = 0; i < (unsigned)length; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, i);
        long long number = is_integer(item) ? config_setting_get_int64(item) : 0;
        size_t before = enter_item(r, i);
        if (number < 1 || number > option->item_max)
            complain(r, item, "range", "is no integer from 1 to %lld", (long long)option->item_max);
        else
            list->items[list->count++] = number;
        leave(r, before);
    }
    return 0;
}

static int read_subgroup(struct reader *r, const struct option *option,
                         const config_setting_t *setting, void *value)
{
    if (config_setting_is_group(setting))
        return read_group(r, option->schema, setting, value);
    complain_type(r, setting, option);
    return 0;
}

static int read_subgroups(struct reader *r, const struct option *option,
                          const config_setting_t *setting, void *value)
{
    struct draft_list *list = value;
    int length = list_length(r, option, setting);
    if (length <= 0)
        return 0;
    char *items = arena_array(r->arena, (size_t)length, option->schema->size);
    if (items == NULL)
        return -1;
    list->items = items;
    for (unsigned i = 0; i < (unsigned)length; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, i);
        size_t before = enter_item(r, i);
        if (!config_setting_is_group(item))
            complain(r, item, "type", "is no group; write { KEY = VALUE; ... }");
        else if (read_group(r, option->schema, item, items + list->count++ * option->schema->size) <
                 0)
            return -1;
        leave(r, before);
    }
    return 0;
}

/* ---- defaults ---- */

static void set_defaults(const struct schema *schema, void *group);

static int word_index(const struct option *option, const char *word)
{
    int index = 0;
    while (option->words[index] != NULL && strcmp(option->words[index], word) != 0)
        index++;
    return index;
}

/* What an option holds before the file is asked, and after it said something wrong. */
static void set_default(const struct option *option, void *value)
{
    const char *fallback = option->fallback;
    switch (option->type) {
    case OPTION_TEXT:
        *(const char **)value = fallback == NULL && option->unset == NULL ? "" : fallback;
        return;
    case OPTION_WORD:
        *(int *)value = fallback == NULL ? 0 : word_index(option, fallback);
        return;
    case OPTION_BOOLEAN:
        *(bool *)value = fallback != NULL && strcmp(fallback, "true") == 0;
        return;
    case OPTION_INTEGER:
        *(int64_t *)value = fallback != NULL        ? strtoll(fallback, NULL, 10)
                            : option->unset != NULL ? UNSET
                                                    : option->min;
        return;
    case OPTION_DURATION:
        *(msec_t *)value = UNSET;
        if (fallback != NULL)
            (void)duration_parse(fallback, value);
        return;
    case OPTION_SECRET:
        *(struct secret *)value = (struct secret){.reference = "", .value = ""};
        return;
    case OPTION_GROUP:
        set_defaults(option->schema, value);
        return;
    case OPTION_TEXTS:
    case OPTION_INTEGERS:
    case OPTION_GROUPS:
        return; /* empty, as allocated */
    }
}

static void set_defaults(const struct schema *schema, void *group)
{
    for (size_t i = 0; i < schema->count; i++)
        set_default(&schema->options[i], option_value(&schema->options[i], group));
}

/* ---- a group ---- */

typedef int option_reader(struct reader *r, const struct option *option,
                          const config_setting_t *setting, void *value);

static option_reader *const readers[] = {
    [OPTION_TEXT] = read_text,         [OPTION_WORD] = read_word,
    [OPTION_BOOLEAN] = read_boolean,   [OPTION_INTEGER] = read_integer,
    [OPTION_DURATION] = read_duration, [OPTION_SECRET] = read_secret,
    [OPTION_TEXTS] = read_texts,       [OPTION_INTEGERS] = read_integers,
    [OPTION_GROUP] = read_subgroup,    [OPTION_GROUPS] = read_subgroups,
};

static bool is_required(const struct option *option)
{
    return option->fallback == NULL && option->unset == NULL;
}

static int read_option(struct reader *r, const struct option *option,
                       const config_setting_t *parent, void *group)
{
    const config_setting_t *setting = config_setting_get_member(parent, option->key);
    int result = 0;
    size_t before = enter(r, option->key);
    if (setting != NULL) {
        result = readers[option->type](r, option, setting, option_value(option, group));
    } else if (is_required(option)) {
        char allowed[ALLOWED_LENGTH];
        option_describe(option, allowed, sizeof allowed);
        complain(r, parent, "missing", "is required; write %s", allowed);
    }
    leave(r, before);
    return result;
}

static bool is_known(const struct schema *schema, const char *key)
{
    for (size_t i = 0; i < schema->count; i++) {
        if (strcmp(schema->options[i].key, key) == 0)
            return true;
    }
    return false;
}

static void find_unknown(struct reader *r, const struct schema *schema,
                         const config_setting_t *setting)
{
    for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++) {
        const config_setting_t *member = config_setting_get_elem(setting, i);
        const char *key = config_setting_name(member);
        if (is_known(schema, key))
            continue;
        const char *nearest = schema_nearest(schema, key);
        size_t before = enter(r, key);
        if (nearest != NULL)
            complain(r, member, "unknown", "is no option; did you mean \"%s\"?", nearest);
        else
            complain(r, member, "unknown", "is no option here; see regionshift.conf(5)");
        leave(r, before);
    }
}

static int read_group(struct reader *r, const struct schema *schema,
                      const config_setting_t *setting, void *group)
{
    set_defaults(schema, group);
    for (size_t i = 0; i < schema->count; i++) {
        if (read_option(r, &schema->options[i], setting, group) < 0)
            return -1;
    }
    find_unknown(r, schema, setting);
    return 0;
}

/* ---- the file ---- */

int draft_read(const config_t *config, bool with_secrets, struct settings_arena *arena,
               struct settings_report *report, struct draft *ret_draft, unsigned *ret_tainted)
{
    struct reader r = {.arena = arena, .report = report, .with_secrets = with_secrets};
    const config_setting_t *root = config_root_setting(config);
    unsigned tainted = 0;
    struct draft draft = {0};
    set_defaults(&settings_schema, &draft);
    for (size_t i = 0; i < settings_schema.count; i++) {
        size_t before = report->error_count;
        if (read_option(&r, &settings_schema.options[i], root, &draft) < 0)
            return -1;
        tainted |= report->error_count > before ? 1U << i : 0;
    }
    find_unknown(&r, &settings_schema, root);
    *ret_draft = draft;
    *ret_tainted = tainted;
    return 0;
}

unsigned line_of(const config_t *config, const char *path)
{
    struct place place = place_of("%s", path);
    while (place.text[0] != '\0') {
        const config_setting_t *setting = config_lookup(config, place.text);
        if (setting != NULL)
            return config_setting_source_line(setting);
        char *dot = strrchr(place.text, '.');
        *(dot == NULL ? place.text : dot) = '\0';
    }
    return 0;
}
