/* SPDX-License-Identifier: Apache-2.0 */
/* changes.c: writes into libconfig's tree as if the file had said it, so that a changed option is
 * judged by the same schema and the same cross-checks as a written one. A value is read by the same
 * parser too; a path is followed through the tree, and beside it through the schema, which knows
 * the groups that a file may leave out (`checks`, `limits`). */
#include "changes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "outline.h"
#include "result.h"
#include "scan.h"
#include "schema.h"

enum {
    STEPS_MAX = OUTLINE_DEPTH_MAX,
    STEP_LENGTH_MAX = 63,
    INDEX_DIGITS_MAX = 6,
    KEYS_SHOWN = 200
};

enum step_kind { STEP_KEY, STEP_INDEX, STEP_ALL };

struct step {
    enum step_kind kind;
    char key[STEP_LENGTH_MAX + 1];
    unsigned index;
};

struct way {
    const struct settings_change *change;
    struct settings_report *report;
    const config_setting_t *value; /* what is written */
    struct step steps[STEPS_MAX];
    size_t step_count;
    struct place place; /* where we are */
    size_t changed;     /* options written */
    char *complaint;    /* the first; in the report's arena, NULL: none yet */
};

static void refuse(struct way *w, const char *what)
{
    report_error(w->report, 0, "change", w->change->path, "%s", what);
}

/* ---- the value ---- */

/* A text that needs no quotes here: what is on the command line or behind `set PATH` is one word.
 * What looks like a number and is none that fits is no text. */
static bool is_bare_word(const char *value)
{
    char *end = NULL;
    if (value[0] == '\0' || strpbrk(value, " \t\r\n\f\"\\{}[]();,=#") != NULL)
        return false;
    (void)strtod(value, &end);
    return *end != '\0' || isalpha((unsigned char)value[0]);
}

static int read_text_value(config_t *config, const char *value)
{
    config_setting_t *setting =
        config_setting_add(config_root_setting(config), "value", CONFIG_TYPE_STRING);
    return setting != NULL && config_setting_set_string(setting, value) == CONFIG_TRUE ? 0 : -1;
}

/* Reads "value = VALUE" as a file of its own. The scan's complaint becomes the change's. */
static int read_value(struct way *w, config_t *config)
{
    struct settings_report scanned;
    int result = -1;
    char *text = arena_format(w->report->arena, "value = %s\n;\n", w->change->value);
    if (text == NULL || report_create(NULL, &scanned) < 0) {
        report_out_of_memory(w->report);
        return -1;
    }
    if (scan_settings(text, strlen(text), &scanned) == 0)
        result = config_read_string(config, text) == CONFIG_TRUE ? 0 : -1;
    else if (is_bare_word(w->change->value) && is_plain_text(w->change->value))
        result = read_text_value(config, w->change->value);
    if (result == 0 && config_setting_length(config_root_setting(config)) != 1) {
        refuse(w, "the value is more than one; write 45, \"45s\", true, text or [ 1, 2 ]");
        result = -1;
    } else if (result < 0) {
        refuse(w, scanned.count > 0 ? scanned.problems[0].text : config_error_text(config));
    }
    settings_report_clear(&scanned);
    return result;
}

/* ---- writing ---- */

static bool copy_setting(config_setting_t *parent, const char *key, const config_setting_t *from);

static bool copy_members(config_setting_t *to, const config_setting_t *from)
{
    for (unsigned i = 0; i < (unsigned)config_setting_length(from); i++) {
        const config_setting_t *member = config_setting_get_elem(from, i);
        if (!copy_setting(to, config_setting_name(member), member))
            return false;
    }
    return true;
}

/* Appends to a group (under key) or a list (key is NULL). False: it may not stand there. */
static bool copy_setting(config_setting_t *parent, const char *key, const config_setting_t *from)
{
    config_setting_t *to = config_setting_add(parent, key, config_setting_type(from));
    if (to == NULL)
        return false;
    switch (config_setting_type(from)) {
    case CONFIG_TYPE_INT:
        return config_setting_set_int(to, config_setting_get_int(from)) == CONFIG_TRUE;
    case CONFIG_TYPE_INT64:
        return config_setting_set_int64(to, config_setting_get_int64(from)) == CONFIG_TRUE;
    case CONFIG_TYPE_FLOAT:
        return config_setting_set_float(to, config_setting_get_float(from)) == CONFIG_TRUE;
    case CONFIG_TYPE_BOOL:
        return config_setting_set_bool(to, config_setting_get_bool(from)) == CONFIG_TRUE;
    case CONFIG_TYPE_STRING:
        return config_setting_set_string(to, config_setting_get_string(from)) == CONFIG_TRUE;
    default:
        return copy_members(to, from);
    }
}

/* libconfig only appends; the new member of a list goes where the old one was. */
static void move_last_to(config_setting_t *list, unsigned index)
{
    config_setting_t **elements = list->value.list->elements;
    unsigned last = (unsigned)config_setting_length(list) - 1;
    config_setting_t *moving = elements[last];
    memmove(&elements[index + 1], &elements[index], (last - index) * sizeof *elements);
    elements[index] = moving;
}

static void complain(struct way *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Kept until the whole path was followed: a path with * may meet members that lack the rest. */
static void complain(struct way *w, const char *format, ...)
{
    va_list arguments;
    if (w->complaint != NULL)
        return;
    va_start(arguments, format);
    w->complaint = arena_vformat(w->report->arena, format, arguments);
    va_end(arguments);
}

static const char *place_name(const struct way *w)
{
    return w->place.text[0] == '\0' ? "the file" : w->place.text;
}

/* A newer libconfig refuses members of several kinds in a list [ ... ] here; 1.5 leaves that to the
 * schema. */
static void note_written(struct way *w, bool written)
{
    if (written)
        w->changed++;
    else
        complain(w, "the value cannot stand in %s", place_name(w));
}

static void write_key(struct way *w, config_setting_t *group, const char *key)
{
    if (config_setting_get_member(group, key) != NULL)
        (void)config_setting_remove(group, key);
    note_written(w, copy_setting(group, key, w->value));
}

static void write_index(struct way *w, config_setting_t *list, unsigned index)
{
    (void)config_setting_remove_elem(list, index);
    bool written = copy_setting(list, NULL, w->value);
    if (written)
        move_last_to(list, index);
    note_written(w, written);
}

/* ---- the way ---- */

static void follow(struct way *w, config_setting_t *at, const struct schema *schema, size_t step);

/* "name, services, order": what the operator may have meant. */
static void list_keys(const config_setting_t *group, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < (unsigned)config_setting_length(group) && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i == 0 ? "" : ", ",
                                 config_setting_name(config_setting_get_elem(group, i)));
    if (out[0] == '\0')
        snprintf(out, size, "nothing");
}

static const struct option *find_option(const struct schema *schema, const char *key)
{
    for (size_t i = 0; schema != NULL && i < schema->count; i++) {
        if (strcmp(schema->options[i].key, key) == 0)
            return &schema->options[i];
    }
    return NULL;
}

static void follow_key(struct way *w, config_setting_t *group, const struct schema *schema,
                       size_t step)
{
    const char *key = w->steps[step].key;
    const struct option *option = find_option(schema, key);
    if (!config_setting_is_group(group)) {
        complain(w,
                 config_setting_is_aggregate(group)
                     ? "%s is a list; its members are [0], [1] and so on, or * for all"
                     : "%s is a value, with nothing in it",
                 place_name(w));
        return;
    }
    if (step + 1 == w->step_count) {
        write_key(w, group, key);
        return;
    }
    config_setting_t *next = config_setting_get_member(group, key);
    if (next == NULL && option != NULL && option->type == OPTION_GROUP)
        next = config_setting_add(group, key, CONFIG_TYPE_GROUP);
    if (next == NULL) {
        char there[KEYS_SHOWN];
        list_keys(group, there, sizeof there);
        complain(w, "%s has no %s; it has %s", place_name(w), key, there);
        return;
    }
    size_t before = place_add(&w->place, "%s", key);
    follow(w, next, option == NULL ? NULL : option->schema, step + 1);
    w->place.text[before] = '\0';
}

static void follow_member(struct way *w, config_setting_t *list, const struct schema *schema,
                          size_t step, unsigned index)
{
    if (step + 1 == w->step_count) {
        write_index(w, list, index);
        return;
    }
    size_t before = place_add(&w->place, "[%u]", index);
    follow(w, config_setting_get_elem(list, index), schema, step + 1);
    w->place.text[before] = '\0';
}

static void follow(struct way *w, config_setting_t *at, const struct schema *schema, size_t step)
{
    const struct step *s = &w->steps[step];
    if (s->kind == STEP_KEY) {
        follow_key(w, at, schema, step);
        return;
    }
    if (!config_setting_is_list(at) && !config_setting_is_array(at)) {
        complain(w, "%s is no list; [0] and * name members of lists", place_name(w));
        return;
    }
    unsigned length = (unsigned)config_setting_length(at);
    if (length == 0 || (s->kind == STEP_INDEX && s->index >= length)) {
        complain(w, "%s has %u member%s, counted from [0]", place_name(w), length,
                 length == 1 ? "" : "s");
        return;
    }
    unsigned first = s->kind == STEP_ALL ? 0 : s->index;
    unsigned last = s->kind == STEP_ALL ? length - 1 : s->index;
    for (unsigned i = first; i <= last; i++)
        follow_member(w, at, schema, step, i);
}

/* ---- the path ---- */

static bool is_key(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            return false;
    }
    return isalpha((unsigned char)text[0]);
}

/* One of KEY, *, [N] and N. */
static int parse_step(const char *text, size_t length, struct step *ret_step)
{
    struct step step = {.kind = STEP_ALL};
    if (length == 0 || length > STEP_LENGTH_MAX)
        return -1;
    memcpy(step.key, text, length);
    if (length == 1 && text[0] == '*') {
        *ret_step = step;
        return 0;
    }
    if (is_key(text, length)) {
        step.kind = STEP_KEY;
        *ret_step = step;
        return 0;
    }
    bool bracketed = text[0] == '[' && text[length - 1] == ']';
    const char *digits = step.key + (bracketed ? 1 : 0);
    size_t count = length - (bracketed ? 2 : 0);
    if (count == 0 || count > INDEX_DIGITS_MAX || strspn(digits, "0123456789") != count)
        return -1;
    step.kind = STEP_INDEX;
    step.index = (unsigned)strtoul(digits, NULL, 10);
    *ret_step = step;
    return 0;
}

static int parse_path(struct way *w)
{
    const char *at = w->change->path;
    for (;;) {
        size_t length = strcspn(at, ".");
        if (w->step_count == STEPS_MAX || parse_step(at, length, &w->steps[w->step_count]) < 0)
            return -1;
        w->step_count++;
        if (at[length] == '\0')
            return 0;
        at += length + 1;
    }
}

static void apply(config_t *config, const struct settings_change *change,
                  struct settings_report *report)
{
    struct way w = {.change = change, .report = report};
    config_t scratch;
    if (parse_path(&w) < 0) {
        refuse(&w, "is no path; write option names, [0], [1] and so on, or * for every member of a "
                   "list, joined by points: groups.*.hold");
        return;
    }
    config_init(&scratch);
    if (read_value(&w, &scratch) == 0) {
        w.value = config_setting_get_elem(config_root_setting(&scratch), 0);
        follow(&w, config_root_setting(config), &settings_schema, 0);
        if (w.changed == 0)
            refuse(&w, w.complaint == NULL ? "changes nothing" : w.complaint);
    }
    config_destroy(&scratch);
}

void changes_apply(config_t *config, const struct settings_change *changes, size_t count,
                   struct settings_report *report)
{
    for (size_t i = 0; i < count; i++)
        apply(config, &changes[i], report);
}
