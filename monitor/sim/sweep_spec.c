/* SPDX-License-Identifier: Apache-2.0 */
/* sweep_spec.c: reads `hold=0..60,fall=1..5`. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sweep_state.h"

enum {
    STEPS_WANTED = 6, /* of a range without a step: as many rows as are read at a glance */
    ITEM_MAX = 127,
    PHASES_DEFAULT = 24,
    HOURS_DEFAULT = 100,
    PHASES_MAX = 1000,
    HOURS_MAX = 1000000
};

static const struct {
    const char *name;
    const char *path;
} aliases[] = {
    {"hold", "groups.*.hold"},
    {"stable", "groups.*.stable"},
    {"dwell", "groups.*.dwell"},
    {"fall", "services.*.sites.*.checks.*.fall"},
    {"rise", "services.*.sites.*.checks.*.rise"},
    {"interval", "services.*.sites.*.checks.*.interval"},
    {"timeout", "services.*.sites.*.checks.*.timeout"},
    {"retry", "services.*.sites.*.checks.*.retry"},
    {"window.bad", "services.*.sites.*.checks.*.window.bad"},
    {"window.of", "services.*.sites.*.checks.*.window.of"},
    {"down", "quorum.down"},
    {"up", "quorum.up"},
    {"vantages", "quorum.vantages"},
    {"owners", "quorum.owners"},
    {"lease", "store.lease"},
    {"joint", "joint"}, /* no setting: V2's suspicions are heard by the others, or kept */
};

struct reading {
    struct sweep *sweep;
    char *error;
    size_t error_size;
};

static int fail(const struct reading *r, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int fail(const struct reading *r, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(r->error, r->error_size, format, arguments);
    va_end(arguments);
    return -1;
}

/* ---- values ---- */

static int add_value(const struct reading *r, struct sweep_key *key, const char *value)
{
    if (value[0] == '\0')
        return fail(r, "%s: an empty value; write %s=3, %s=0..60 or %s=0:20:45", key->name,
                    key->name, key->name, key->name);
    if (strlen(value) > SWEEP_VALUE_MAX)
        return fail(r, "%s: the value \"%s\" is longer than %d characters", key->name, value,
                    SWEEP_VALUE_MAX);
    if (key->count == SWEEP_VALUES_MAX)
        return fail(r, "%s: more than %d values; take a larger step, as in 0..60/15", key->name,
                    SWEEP_VALUES_MAX);
    snprintf(key->values[key->count++], SWEEP_VALUE_MAX + 1, "%s", value);
    return 0;
}

/* The smallest round step (1, 2, 5, 10, ...) that leaves few enough; of whole numbers, whole. */
static double round_step(double from, double to)
{
    static const double round[] = {1, 2, 5};
    bool whole = floor(from) == from && floor(to) == to;

    for (double unit = whole ? 1 : 1e-3; unit < 1e12; unit *= 10) {
        for (size_t i = 0; i < sizeof round / sizeof *round; i++) {
            if ((to - from) / (unit * round[i]) <= STEPS_WANTED)
                return unit * round[i];
        }
    }
    return to - from;
}

static int parse_number(const char *text, double *ret_number)
{
    char *end = NULL;
    double number = 0;

    if (!isdigit((unsigned char)text[0]) && text[0] != '.')
        return -1;
    number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number) || strpbrk(text, "xXpP") != NULL)
        return -1;
    *ret_number = number;
    return 0;
}

/* FROM..TO or FROM..TO/STEP; TO is always among them. */
static int add_range(const struct reading *r, struct sweep_key *key, char *text, char *dots)
{
    char *slash = strchr(dots, '/');
    double from = 0;
    double to = 0;
    double step = 0;

    *dots = '\0';
    if (slash != NULL)
        *slash = '\0';
    if (parse_number(text, &from) < 0 || parse_number(dots + 2, &to) < 0 || to <= from)
        return fail(r,
                    "%s: a range goes from a number to a larger one, without units, as in 0..60 or "
                    "0..60/15",
                    key->name);
    step = round_step(from, to);
    if (slash != NULL && (parse_number(slash + 1, &step) < 0 || step <= 0))
        return fail(r, "%s: the step \"%s\" is no number above 0, as in 0..60/15", key->name,
                    slash + 1);
    for (uint32_t i = 0; from + i * step < to - step * 1e-6; i++) {
        char value[SWEEP_VALUE_MAX + 1];
        snprintf(value, sizeof(value), "%.10g", from + i * step);
        if (add_value(r, key, value) < 0)
            return -1;
    }
    char last[SWEEP_VALUE_MAX + 1];
    snprintf(last, sizeof(last), "%.10g", to);
    return add_value(r, key, last);
}

static int add_values(const struct reading *r, struct sweep_key *key, char *text)
{
    for (;;) {
        char *colon = strchr(text, ':');
        if (colon != NULL)
            *colon = '\0';
        char *dots = strstr(text, "..");
        int result = dots != NULL ? add_range(r, key, text, dots) : add_value(r, key, text);
        if (result < 0 || colon == NULL)
            return result;
        text = colon + 1;
    }
}

/* ---- keys ---- */

static void list_keys(char *out, size_t size)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s, ", aliases[i].name);
}

/* An alias, or the path of a setting as it is. */
static int name_key(const struct reading *r, const char *name, struct sweep_key *key)
{
    char known[256];
    const char *path = strchr(name, '.') != NULL ? name : NULL;

    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (strcmp(aliases[i].name, name) == 0)
            path = aliases[i].path;
    }
    list_keys(known, sizeof(known));
    if (path == NULL)
        return fail(r,
                    "\"%s\" is no key; there are %sloss, phases, hours, and paths of settings such "
                    "as limits.budget",
                    name, known);
    if (strlen(name) > SWEEP_NAME_MAX)
        return fail(r, "the key \"%s\" is longer than %d characters", name, SWEEP_NAME_MAX);
    for (uint32_t i = 0; i < r->sweep->key_count; i++) {
        if (strcmp(r->sweep->keys[i].path, path) == 0)
            return fail(r, "%s is given twice; write all its values in one place", name);
    }
    snprintf(key->name, sizeof(key->name), "%s", name);
    snprintf(key->path, sizeof(key->path), "%s", path);
    return 0;
}

bool sweep_key_is_joint(const struct sweep_key *key)
{
    return strcmp(key->path, "joint") == 0;
}

static int check_joint(const struct reading *r, const struct sweep_key *key)
{
    for (uint32_t i = 0; i < key->count && sweep_key_is_joint(key); i++) {
        if (strcmp(key->values[i], "on") != 0 && strcmp(key->values[i], "off") != 0)
            return fail(r, "joint: \"%s\" is neither on nor off; write joint=on:off",
                        key->values[i]);
    }
    return 0;
}

/* Whole numbers that say how to sweep and not what. */
static int take_numbers(const struct reading *r, const char *name, char *text, uint32_t max,
                        uint32_t room, uint32_t *numbers, uint32_t *ret_count)
{
    struct sweep_key key = {.count = 0};

    snprintf(key.name, sizeof(key.name), "%s", name);
    if (add_values(r, &key, text) < 0)
        return -1;
    if (key.count > room)
        return fail(r, "%s: %u values; at most %u", name, key.count, room);
    for (uint32_t i = 0; i < key.count; i++) {
        double number = 0;
        if (parse_number(key.values[i], &number) < 0 || number < 1 || number > max ||
            floor(number) != number)
            return fail(r, "%s: \"%s\" is no whole number from 1 to %u", name, key.values[i], max);
        numbers[i] = (uint32_t)number;
    }
    *ret_count = key.count;
    return 0;
}

static int take_item(const struct reading *r, const char *item)
{
    struct sweep *sweep = r->sweep;
    char text[ITEM_MAX + 1];
    uint32_t one = 0;
    snprintf(text, sizeof(text), "%s", item);
    char *equals = strchr(text, '=');

    if (equals == NULL)
        return fail(r, "\"%s\" has no \"=\"; write KEY=VALUES, as in hold=0..60,fall=1..5", text);
    *equals = '\0';
    if (strcmp(text, "loss") == 0)
        return take_numbers(r, text, equals + 1, 99, SWEEP_LOSSES_MAX, sweep->losses,
                            &sweep->loss_count);
    if (strcmp(text, "phases") == 0)
        return take_numbers(r, text, equals + 1, PHASES_MAX, 1, &sweep->phases, &one);
    if (strcmp(text, "hours") == 0)
        return take_numbers(r, text, equals + 1, HOURS_MAX, 1, &sweep->hours, &one);
    if (sweep->key_count == SWEEP_KEYS_MAX)
        return fail(r, "more than %d keys are swept; leave some out", SWEEP_KEYS_MAX);
    struct sweep_key *key = &sweep->keys[sweep->key_count];
    if (name_key(r, text, key) < 0 || add_values(r, key, equals + 1) < 0 || check_joint(r, key) < 0)
        return -1;
    sweep->key_count++;
    return 0;
}

static int take_items(const struct reading *r, const char *spec)
{
    for (const char *at = spec;;) {
        size_t length = strcspn(at, ",");
        char item[ITEM_MAX + 1];
        if (length > ITEM_MAX)
            return fail(r, "a part of more than %d characters; write KEY=VALUES, joined by commas",
                        ITEM_MAX);
        snprintf(item, sizeof(item), "%.*s", (int)length, at);
        if (take_item(r, item) < 0)
            return -1;
        if (at[length] == '\0')
            return 0;
        at += length + 1;
    }
}

/* ---- the whole ---- */

/* Rows in the order of a counter whose last digit runs fastest. */
static int lay_rows(const struct reading *r)
{
    struct sweep *sweep = r->sweep;
    uint32_t rows = 1;

    for (uint32_t i = 0; i < sweep->key_count; i++) {
        rows *= sweep->keys[i].count;
        if (rows > SWEEP_ROWS_MAX)
            return fail(r, "more than %d combinations; take larger steps or fewer keys",
                        SWEEP_ROWS_MAX);
    }
    sweep->row_count = rows;
    for (uint32_t row = 0; row < rows; row++) {
        uint32_t rest = row;
        for (uint32_t i = sweep->key_count; i-- > 0; rest /= sweep->keys[i].count)
            sweep->rows[row].value[i] = rest % sweep->keys[i].count;
    }
    return 0;
}

int sweep_parse(const char *spec, struct sweep **ret_sweep, char *error, size_t error_size)
{
    static const uint32_t losses[] = {1, 5, 10, 20};
    struct sweep *sweep = calloc(1, sizeof(*sweep));
    struct reading r = {.sweep = sweep, .error = error, .error_size = error_size};

    if (sweep == NULL)
        return fail(&r, "out of memory");
    sweep->loss_count = sizeof losses / sizeof *losses;
    memcpy(sweep->losses, losses, sizeof(losses));
    sweep->phases = PHASES_DEFAULT;
    sweep->hours = HOURS_DEFAULT;
    sweep->is_noise = strcmp(spec, "noise") == 0;
    sweep->is_detection = strcmp(spec, "detection") == 0;
    if (sweep_needs_settings(sweep) && (take_items(&r, spec) < 0 || lay_rows(&r) < 0)) {
        sweep_destroy(sweep);
        return -1;
    }
    *ret_sweep = sweep;
    return 0;
}

void sweep_destroy(struct sweep *sweep)
{
    free(sweep);
}

bool sweep_needs_settings(const struct sweep *sweep)
{
    return !sweep->is_noise && !sweep->is_detection;
}
