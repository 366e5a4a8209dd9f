/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_who.c: who is meant. Nothing is looked up: a scenario does not know under whose settings
 * it will run, so a word is read by its form and its place alone. */
#include "scenario_phrase.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../settings/rules.h"

static void copy_name(struct who *who, enum who_kind kind, const char *name)
{
    who->kind = kind;
    snprintf(who->name, sizeof who->name, "%s", name);
}

static bool is_name(char *text)
{
    char error[SCENARIO_ERROR_SIZE];
    return text[0] != '\0' && rule_name(text, error, sizeof error) == 0;
}

/* all, primary, secondary: those who need no name. */
static bool read_keyword(const char *word, struct who *who)
{
    static const struct {
        const char *word;
        enum who_kind kind;
    } keywords[] = {{"all", WHO_ALL}, {"primary", WHO_PRIMARY}, {"secondary", WHO_SECONDARY}};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (strcmp(word, keywords[i].word) == 0) {
            who->kind = keywords[i].kind;
            return true;
        }
    }
    return false;
}

/* #1 */
static bool read_number(const char *word, struct who *who)
{
    size_t digits = word[0] == '#' ? strspn(word + 1, "0123456789") : 0;
    if (digits == 0 || digits > 3 || word[1 + digits] != '\0')
        return false;
    unsigned long number = strtoul(word + 1, NULL, 10);
    if (number < 1 || number > PROBES_MAX)
        return false;
    who->kind = WHO_PROBE_NUMBER;
    who->number = (uint32_t)number;
    return true;
}

/* SERVICE/REGION */
static bool read_site(char *word, struct who *who)
{
    char *slash = strchr(word, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    bool is_site = is_name(word) && is_name(slash + 1);
    *slash = '/';
    if (is_site)
        copy_name(who, WHO_SITE, word);
    return is_site;
}

static bool read_region(char *word, struct who *who)
{
    if (read_keyword(word, who))
        return who->kind != WHO_ALL;
    if (!is_name(word) || strcmp(word, "probe") == 0)
        return false;
    copy_name(who, WHO_REGION, word);
    return true;
}

int who_read_sites(const struct slot *slot, struct phrase *phrase, char *const *words,
                   uint32_t *ret_used, char *error, size_t error_size)
{
    *ret_used = 1;
    if (strcmp(words[0], "all") == 0) {
        phrase->who.kind = WHO_ALL;
        return 0;
    }
    if (read_site(words[0], &phrase->who) || read_region(words[0], &phrase->who))
        return 0;
    return slot_refuse(slot, words[0], error, error_size);
}

int who_read_region(const struct slot *slot, struct phrase *phrase, char *const *words,
                    uint32_t *ret_used, char *error, size_t error_size)
{
    *ret_used = 1;
    if (read_region(words[0], &phrase->who))
        return 0;
    return slot_refuse(slot, words[0], error, error_size);
}

/* `probe NAME`, `probe #1`, `#1`. Returns the words taken; 0: it is none of these. */
static uint32_t read_probe_words(char *const *words, struct who *who)
{
    bool has_noun = strcmp(words[0], "probe") == 0 && words[1] != NULL;
    char *word = words[has_noun ? 1 : 0];
    if (read_number(word, who))
        return has_noun ? 2 : 1;
    if (!has_noun || !is_name(word))
        return 0;
    copy_name(who, WHO_PROBE, word);
    return 2;
}

static int read_place_into(const struct slot *slot, struct who *who, char *const *words,
                           uint32_t *ret_used, char *error, size_t error_size)
{
    *ret_used = read_probe_words(words, who);
    if (*ret_used > 0)
        return 0;
    *ret_used = 1;
    if (read_keyword(words[0], who) || read_region(words[0], who))
        return 0;
    return slot_refuse(slot, words[0], error, error_size);
}

int who_read_place(const struct slot *slot, struct phrase *phrase, char *const *words,
                   uint32_t *ret_used, char *error, size_t error_size)
{
    return read_place_into(slot, &phrase->who, words, ret_used, error, error_size);
}

int who_read_from(const struct slot *slot, struct phrase *phrase, char *const *words,
                  uint32_t *ret_used, char *error, size_t error_size)
{
    return read_place_into(slot, &phrase->from, words, ret_used, error, error_size);
}

/* Where only a probe can stand, a bare name is one. */
static uint32_t read_probe_name(char *const *words, struct who *who)
{
    uint32_t used = read_probe_words(words, who);
    if (used > 0)
        return used;
    if (!is_name(words[0]))
        return 0;
    copy_name(who, WHO_PROBE, words[0]);
    return 1;
}

int who_read_probe(const struct slot *slot, struct phrase *phrase, char *const *words,
                   uint32_t *ret_used, char *error, size_t error_size)
{
    *ret_used = 1;
    if (read_keyword(words[0], &phrase->who))
        return 0;
    *ret_used = read_probe_name(words, &phrase->who);
    return *ret_used > 0 ? 0 : slot_refuse(slot, words[0], error, error_size);
}

static bool same_who(const struct who *a, const struct who *b)
{
    return a->kind == b->kind && a->number == b->number && strcmp(a->name, b->name) == 0;
}

/* To the end of the line. `all` is kept as no list. */
int who_read_probes(const struct slot *slot, struct phrase *phrase, char *const *words,
                    uint32_t *ret_used, char *error, size_t error_size)
{
    uint32_t at = 0;
    if (strcmp(words[0], "all") == 0) {
        *ret_used = 1;
        return 0;
    }
    while (words[at] != NULL) {
        struct who who = {.number = 0};
        uint32_t used = read_probe_name(words + at, &who);
        if (used == 0)
            return slot_refuse(slot, words[at], error, error_size);
        for (uint32_t i = 0; i < phrase->probe_count; i++) {
            if (same_who(&who, &phrase->probes[i])) {
                snprintf(error, error_size, "names the probe %s twice", words[at + used - 1]);
                return -1;
            }
        }
        if (phrase->probe_count == ACTION_PROBES_MAX) {
            snprintf(error, error_size, "names more than %d probes", ACTION_PROBES_MAX);
            return -1;
        }
        phrase->probes[phrase->probe_count++] = who;
        at += used;
    }
    *ret_used = at;
    return 0;
}

int who_read_by(const struct slot *slot, struct phrase *phrase, char *const *words,
                uint32_t *ret_used, char *error, size_t error_size)
{
    *ret_used = 0;
    if (strcmp(words[0], "by") != 0)
        return 0;
    if (words[1] == NULL) {
        snprintf(error, error_size, "ends after \"by\"; expected is %s", slot->says);
        return -1;
    }
    if (who_read_probes(slot, phrase, words + 1, ret_used, error, error_size) < 0)
        return -1;
    (*ret_used)++;
    return 0;
}

/* Where a probe can be nothing else it needs no noun. */
static void print_who(const struct who *who, bool noun, char *out, size_t size)
{
    switch (who->kind) {
    case WHO_ALL:
        snprintf(out, size, "all");
        return;
    case WHO_PRIMARY:
        snprintf(out, size, "primary");
        return;
    case WHO_SECONDARY:
        snprintf(out, size, "secondary");
        return;
    case WHO_REGION:
    case WHO_SITE:
        snprintf(out, size, "%s", who->name);
        return;
    case WHO_PROBE:
        snprintf(out, size, "%s%s", noun ? "probe " : "", who->name);
        return;
    case WHO_PROBE_NUMBER:
        snprintf(out, size, "#%" PRIu32, who->number);
        return;
    }
}

void who_write(const struct phrase *phrase, char *out, size_t size)
{
    print_who(&phrase->who, true, out, size);
}

void who_write_from(const struct phrase *phrase, char *out, size_t size)
{
    print_who(&phrase->from, true, out, size);
}

void who_write_probe(const struct phrase *phrase, char *out, size_t size)
{
    print_who(&phrase->who, false, out, size);
}

void who_write_probes(const struct phrase *phrase, char *out, size_t size)
{
    size_t used = 0;
    snprintf(out, size, "all");
    for (uint32_t i = 0; i < phrase->probe_count && used + 1 < size; i++) {
        if (i > 0)
            out[used++] = ' ';
        print_who(&phrase->probes[i], false, out + used, size - used);
        used += strlen(out + used);
    }
}

void who_write_by(const struct phrase *phrase, char *out, size_t size)
{
    out[0] = '\0';
    if (phrase->probe_count == 0)
        return;
    snprintf(out, size, "by ");
    who_write_probes(phrase, out + 3, size - 3);
}

/* ---- weights ---- */

/* WHO=N */
static bool read_weight(char *word, struct expect_weight *weight)
{
    char *equals = strchr(word, '=');
    int64_t value = -1;
    if (equals == NULL || !is_whole_number(equals + 1, &value) || value < 0 || value > WEIGHT_MAX)
        return false;
    *equals = '\0';
    bool is_who = read_site(word, &weight->who) || read_region(word, &weight->who);
    *equals = '=';
    weight->weight = (int)value;
    return is_who;
}

int who_read_weights(const struct slot *slot, struct phrase *phrase, char *const *words,
                     uint32_t *ret_used, char *error, size_t error_size)
{
    uint32_t at = 0;
    for (; words[at] != NULL; at++) {
        struct expect_weight weight = {.weight = 0};
        if (!read_weight(words[at], &weight))
            return slot_refuse(slot, words[at], error, error_size);
        if (at == EXPECT_WEIGHTS_MAX) {
            snprintf(error, error_size, "names more than %d weights", EXPECT_WEIGHTS_MAX);
            return -1;
        }
        for (uint32_t i = 0; i < at; i++) {
            if (same_who(&weight.who, &phrase->weights[i].who)) {
                snprintf(error, error_size, "names the weight of %.*s twice",
                         (int)strcspn(words[at], "="), words[at]);
                return -1;
            }
        }
        phrase->weights[at] = weight;
    }
    phrase->weight_count = at;
    *ret_used = at;
    return 0;
}

void who_write_weights(const struct phrase *phrase, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < phrase->weight_count && used + 1 < size; i++) {
        char name[WHO_NAME_MAX + 1];
        print_who(&phrase->weights[i].who, false, name, sizeof name);
        int length = snprintf(out + used, size - used, "%s%s=%d", i > 0 ? " " : "", name,
                              phrase->weights[i].weight);
        used += length > 0 ? (size_t)length : 0;
    }
}
