/* SPDX-License-Identifier: Apache-2.0 */
/* read_values.c: one reader for each type of option. */
#include "reader.h"

#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "draft.h"
#include "result.h"
#include "secret.h"

enum { QUOTE_LENGTH = 120 };

/* What came from the file, safe to print, in quotes. */
static void quote(const char *text, char out[QUOTE_LENGTH])
{
    out[0] = '"';
    text_escape(out + 1, QUOTE_LENGTH - 2, text, strlen(text));
    size_t length = strlen(out);
    out[length] = '"';
    out[length + 1] = '\0';
}

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
    if (length == 0) {
        if (option->type == OPTION_TEXT && option->min == 0)
            return true;
        reader_complain(r, setting, "range", "is empty; it must say something");
        return false;
    }
    if ((option->flags & OPTION_BYTES) == 0 && !is_plain_text(text)) {
        reader_complain(r, setting, "text", "%s holds a control character or is not UTF-8", quoted);
        return false;
    }
    if (option->rule != NULL && option->rule(text, error, sizeof error) < 0) {
        bool is_telling = strstr(text, "://") != NULL && strchr(text, '@') != NULL;
        /* A URL may hold a password. */
        reader_complain(r, setting, "form", "%s: %s", is_telling ? "the URL" : quoted, error);
        return false;
    }
    if ((int64_t)length > length_max) {
        reader_complain(r, setting, "range", "%s has %zu characters; at most %lld are allowed",
                        quoted, length, (long long)length_max);
        return false;
    }
    return true;
}

/* A rule may change how it is written (lower case), so it judges a copy. NULL: it is not good, and
 * that was told. */
static int take_text(struct reader *r, const struct option *option, const config_setting_t *setting,
                     const char *written, int64_t length_max, const char **ret_text)
{
    char *copy = arena_copy(r->report->arena, written, strlen(written));
    const char *text = NULL;
    if (copy == NULL)
        return -1;
    if (text_is_good(r, option, setting, copy, length_max)) {
        text = arena_share(r->arena, copy, strlen(copy));
        if (text == NULL)
            return -1;
    }
    *ret_text = text;
    return 0;
}

int read_text(struct reader *r, const struct option *option, const config_setting_t *setting,
              void *value)
{
    const char *written = config_setting_get_string(setting);
    if (written == NULL) {
        reader_complain_type(r, setting, option);
        return 0;
    }
    const char *text = NULL;
    if (take_text(r, option, setting, written, option->max, &text) < 0)
        return -1;
    if (text != NULL)
        *(const char **)value = text;
    return 0;
}

/* Whether the text is one of the option's words; it is reported when it is not. */
static bool find_word(struct reader *r, const struct option *option,
                      const config_setting_t *setting, const char *written, int *ret_index)
{
    char quoted[QUOTE_LENGTH];
    char allowed[ALLOWED_LENGTH];
    int index = option_word(option, written);
    if (option->words[index] != NULL) {
        *ret_index = index;
        return true;
    }
    quote(written, quoted);
    option_describe(option, allowed, sizeof allowed);
    reader_complain(r, setting, "word", "%s is unknown; allowed: %s", quoted, allowed);
    return false;
}

int read_word(struct reader *r, const struct option *option, const config_setting_t *setting,
              void *value)
{
    const char *written = config_setting_get_string(setting);
    if (written == NULL)
        reader_complain_type(r, setting, option);
    else
        (void)find_word(r, option, setting, written, value);
    return 0;
}

int read_boolean(struct reader *r, const struct option *option, const config_setting_t *setting,
                 void *value)
{
    if (config_setting_type(setting) == CONFIG_TYPE_BOOL)
        *(bool *)value = config_setting_get_bool(setting) != 0;
    else
        reader_complain_type(r, setting, option);
    return 0;
}

int read_integer(struct reader *r, const struct option *option, const config_setting_t *setting,
                 void *value)
{
    char seen[32];
    if (!is_integer(setting)) {
        reader_complain_type(r, setting, option);
        return 0;
    }
    int64_t number = config_setting_get_int64(setting);
    snprintf(seen, sizeof seen, "%lld", (long long)number);
    if (number < option->min || number > option->max)
        reader_complain_range(r, setting, option, seen);
    else
        *(int64_t *)value = number;
    return 0;
}

/* A word stands for the number that is its place. */
int read_count(struct reader *r, const struct option *option, const config_setting_t *setting,
               void *value)
{
    const char *written = config_setting_get_string(setting);
    if (written == NULL)
        return read_integer(r, option, setting, value);
    int index = 0;
    if (find_word(r, option, setting, written, &index))
        *(int64_t *)value = index;
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

int read_duration(struct reader *r, const struct option *option, const config_setting_t *setting,
                  void *value)
{
    char seen[QUOTE_LENGTH];
    msec_t ms = 0;
    if (!config_setting_is_number(setting) && config_setting_type(setting) != CONFIG_TYPE_STRING) {
        reader_complain_type(r, setting, option);
        return 0;
    }
    if (duration_of(setting, &ms, seen) < 0) {
        char allowed[ALLOWED_LENGTH];
        option_describe(option, allowed, sizeof allowed);
        reader_complain(
            r, setting, "form",
            "%s is no duration; allowed: %s, as seconds (5, 0.5) or one number with its unit "
            "(\"250ms\", \"5s\", \"2m\", \"1h\", \"90d\"), in whole milliseconds",
            seen, allowed);
    } else if (ms < option->min || ms > option->max) {
        reader_complain_range(r, setting, option, seen);
    } else {
        *(msec_t *)value = ms;
    }
    return 0;
}

/* What is not a reference may be the secret itself, so it is never repeated in a message. */
int read_secret(struct reader *r, const struct option *option, const config_setting_t *setting,
                void *value)
{
    struct secret *secret = value;
    const char *written = config_setting_get_string(setting);
    if (written == NULL) {
        reader_complain_type(r, setting, option);
        return 0;
    }
    if (written[0] == '\0')
        return 0;
    if (!secret_is_reference(written) || !is_plain_text(written)) {
        reader_complain(
            r, setting, "secret",
            "a secret is never written in this file; put it into a file that only its owner "
            "can read (chmod 600) and write \"file:/PATH\", or write \"env:NAME\"");
        return 0;
    }
    char error[ALLOWED_LENGTH];
    secret->reference = arena_share(r->arena, written, strlen(written));
    if (secret->reference == NULL)
        return -1;
    if (!r->with_secrets)
        return 0;
    if (secret_read(written, r->arena, &secret->value, error, sizeof error) < 0) {
        if (error[0] == '\0')
            return -1;
        char quoted[QUOTE_LENGTH];
        quote(written, quoted);
        reader_complain(r, setting, "secret", "%s %s", quoted, error);
    } else if ((int64_t)strlen(secret->value) > option->max) {
        reader_complain(r, setting, "secret", "has more than %lld characters",
                        (long long)option->max);
    }
    return 0;
}

/* Returns the count of a list that is one and is within its limits, otherwise -1. */
int reader_list_length(struct reader *r, const struct option *option,
                       const config_setting_t *setting)
{
    char seen[32];
    if (!is_list(setting)) {
        reader_complain_type(r, setting, option);
        return -1;
    }
    int length = config_setting_length(setting);
    if (length >= option->min && length <= option->max)
        return length;
    snprintf(seen, sizeof seen, "a list of %d", length);
    reader_complain_range(r, setting, option, seen);
    return -1;
}

int read_texts(struct reader *r, const struct option *option, const config_setting_t *setting,
               void *value)
{
    struct text_list *list = value;
    int length = reader_list_length(r, option, setting);
    if (length <= 0)
        return 0;
    list->items = arena_array(r->arena, (size_t)length, sizeof *list->items);
    if (list->items == NULL)
        return -1;
    for (unsigned i = 0; i < (unsigned)length; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, i);
        const char *written = config_setting_get_string(item);
        size_t before = reader_enter_item(r, i);
        const char *text = NULL;
        if (written == NULL)
            reader_complain(r, item, "type", "is no text; write it in \"quotes\"");
        else if (take_text(r, option, item, written, option->item_max, &text) < 0)
            return -1;
        if (text != NULL)
            list->items[list->count++] = text;
        reader_leave(r, before);
    }
    return 0;
}

int read_integers(struct reader *r, const struct option *option, const config_setting_t *setting,
                  void *value)
{
    struct integer_list *list = value;
    int length = reader_list_length(r, option, setting);
    if (length <= 0)
        return 0;
    list->items = arena_array(r->written, (size_t)length, sizeof *list->items);
    if (list->items == NULL)
        return -1;
    for (unsigned i = 0; i < (unsigned)length; i++) {
        const config_setting_t *item = config_setting_get_elem(setting, i);
        long long number = is_integer(item) ? config_setting_get_int64(item) : 0;
        size_t before = reader_enter_item(r, i);
        if (number < 1 || number > option->item_max)
            reader_complain(r, item, "range", "is no integer from 1 to %lld",
                            (long long)option->item_max);
        else
            list->items[list->count++] = number;
        reader_leave(r, before);
    }
    return 0;
}
