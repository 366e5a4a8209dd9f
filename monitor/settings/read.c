/* SPDX-License-Identifier: Apache-2.0 */
/* read.c: walks the schema and libconfig's tree side by side. An error leaves the option at its
 * default and the walk goes on, so that one pass finds all of them. */
#include "read.h"

#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "reader.h"

static int read_group(struct reader *r, const struct schema *schema,
                      const config_setting_t *setting, void *group);

static int read_subgroup(struct reader *r, const struct option *option,
                         const config_setting_t *setting, void *value)
{
    if (config_setting_is_group(setting))
        return read_group(r, option->schema, setting, value);
    reader_complain_type(r, setting, option);
    return 0;
}

static int read_subgroups(struct reader *r, const struct option *option,
                          const config_setting_t *setting, void *value)
{
    struct draft_list *list = value;
    int length = reader_list_length(r, option, setting);
    if (length <= 0)
        return 0;
    char *items = arena_array(r->written, (size_t)length, option->schema->size);
    if (items == NULL)
        return -1;
    list->items = items;
    for (unsigned i = 0; i < (unsigned)length; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, i);
        size_t before = reader_enter_item(r, i);
        if (!config_setting_is_group(item))
            reader_complain(r, item, "type", "is no group; write { KEY = VALUE; ... }");
        else if (read_group(r, option->schema, item, items + list->count++ * option->schema->size) <
                 0)
            return -1;
        reader_leave(r, before);
    }
    return 0;
}

/* ---- defaults ---- */

static void set_defaults(const struct schema *schema, void *group);

/* What an option holds before the file is asked, and after it said something wrong. */
static void set_default(const struct option *option, void *value)
{
    const char *fallback = option->fallback;
    switch (option->type) {
    case OPTION_TEXT:
        *(const char **)value = fallback == NULL && option->unset == NULL ? "" : fallback;
        return;
    case OPTION_WORD:
        *(int *)value = fallback == NULL ? 0 : option_word(option, fallback);
        return;
    case OPTION_BOOLEAN:
        *(bool *)value = fallback != NULL && strcmp(fallback, "true") == 0;
        return;
    case OPTION_INTEGER:
        *(int64_t *)value = fallback != NULL        ? strtoll(fallback, NULL, 10)
                            : option->unset != NULL ? UNSET
                                                    : option->min;
        return;
    case OPTION_COUNT:
        *(int64_t *)value = option_word(option, fallback);
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

static option_reader *const readers[] = {
    [OPTION_TEXT] = read_text,         [OPTION_WORD] = read_word,
    [OPTION_BOOLEAN] = read_boolean,   [OPTION_INTEGER] = read_integer,
    [OPTION_COUNT] = read_count,       [OPTION_DURATION] = read_duration,
    [OPTION_SECRET] = read_secret,     [OPTION_TEXTS] = read_texts,
    [OPTION_INTEGERS] = read_integers, [OPTION_GROUP] = read_subgroup,
    [OPTION_GROUPS] = read_subgroups,
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
    size_t before = reader_enter(r, option->key);
    if (setting != NULL) {
        result = readers[option->type](r, option, setting, option_value(option, group));
    } else if (is_required(option)) {
        char allowed[ALLOWED_LENGTH];
        option_describe(option, allowed, sizeof allowed);
        reader_complain(r, parent, "missing", "is required; write %s", allowed);
    }
    reader_leave(r, before);
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

static void complain_of_unknown(struct reader *r, const struct schema *schema,
                                const config_setting_t *member)
{
    const char *key = config_setting_name(member);
    const char *nearest = schema_nearest(schema, key);
    char groups[ALLOWED_LENGTH];
    size_t before = reader_enter(r, key);
    schema_find(key, groups, sizeof groups);
    if (nearest != NULL)
        reader_complain(r, member, "unknown", "is no option; did you mean \"%s\"?", nearest);
    else if (groups[0] != '\0')
        reader_complain(r, member, "unknown", "is no option here; it belongs to %s", groups);
    else
        reader_complain(r, member, "unknown", "is no option here; see regionshift.conf(5)");
    reader_leave(r, before);
}

/* An unknown key is an error, but takes no known one away, so the section is not broken by it. */
static void find_unknown(struct reader *r, const struct schema *schema,
                         const config_setting_t *setting)
{
    bool was_broken = r->is_broken;
    for (unsigned i = 0; i < (unsigned)config_setting_length(setting); i++) {
        const config_setting_t *member = config_setting_get_elem(setting, i);
        if (!is_known(schema, config_setting_name(member)))
            complain_of_unknown(r, schema, member);
    }
    r->is_broken = was_broken;
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
               struct settings_arena *written, struct settings_report *report,
               struct draft *ret_draft, unsigned *ret_tainted)
{
    struct reader r = {
        .arena = arena, .written = written, .report = report, .with_secrets = with_secrets};
    const config_setting_t *root = config_root_setting(config);
    unsigned tainted = 0;
    struct draft draft = {0};
    set_defaults(&settings_schema, &draft);
    for (size_t i = 0; i < settings_schema.count; i++) {
        r.is_broken = false;
        if (read_option(&r, &settings_schema.options[i], root, &draft) < 0)
            return -1;
        tainted |= r.is_broken ? 1U << i : 0;
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
