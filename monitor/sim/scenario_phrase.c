/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_phrase.c: lays words over each form in turn. The form that fits is the one that was
 * meant; when none fits, those that fitted longest say together what was allowed at the word where
 * they stopped. */
#include "scenario_phrase.h"

#include <stdio.h>
#include <string.h>

#include "../settings/nearest.h"
#include "result.h"

enum { ALLOWED_MAX = 64, WORD_SIZE = 32 };

/* How far the forms came. */
struct attempt {
    uint32_t depth;
    char allowed[ALLOWED_MAX][WORD_SIZE]; /* words that stand as they are, and could stand there */
    uint32_t allowed_count;
    const char *slot_says; /* or what a slot there would take; NULL: there is none */
    bool may_end;
    char *slot_error; /* a slot's own complaint, which says more than any list */
    size_t slot_error_size;
};

const char *phrase_quote(const char *word, char out[PHRASE_QUOTE_SIZE])
{
    out[0] = '"';
    text_escape(out + 1, PHRASE_QUOTE_SIZE - 2, word, strlen(word));
    size_t length = strlen(out);
    out[length] = '"';
    out[length + 1] = '\0';
    return out;
}

int words_cut(char *text, struct words *ret_words)
{
    struct words words = {.count = 0};
    char *at = text + strspn(text, " ,");
    while (*at != '\0') {
        if (words.count == PHRASE_WORDS_MAX)
            return -1;
        words.word[words.count++] = at;
        at += strcspn(at, " ,");
        if (*at != '\0')
            *at++ = '\0';
        at += strspn(at, " ,");
    }
    words.word[words.count] = NULL;
    *ret_words = words;
    return 0;
}

/* ---- one form ---- */

/* Whether what stopped a form at this depth is worth telling. */
static bool reaches(struct attempt *attempt, uint32_t depth)
{
    if (depth < attempt->depth)
        return false;
    if (depth > attempt->depth) {
        attempt->depth = depth;
        attempt->allowed_count = 0;
        attempt->slot_says = NULL;
        attempt->may_end = false;
        attempt->slot_error[0] = '\0';
    }
    return true;
}

static void allow_word(struct attempt *attempt, uint32_t depth, const char *word, size_t length)
{
    char text[WORD_SIZE];
    if (!reaches(attempt, depth))
        return;
    snprintf(text, sizeof text, "%.*s", (int)length, word);
    for (uint32_t i = 0; i < attempt->allowed_count; i++) {
        if (strcmp(attempt->allowed[i], text) == 0)
            return;
    }
    if (attempt->allowed_count < ALLOWED_MAX)
        memcpy(attempt->allowed[attempt->allowed_count++], text, sizeof text);
}

static int fill_slot(const struct slot *slot, struct phrase *phrase, char *const *words,
                     uint32_t *at, struct attempt *attempt)
{
    char error[SCENARIO_ERROR_SIZE];
    uint32_t used = 0;
    if (words[*at] == NULL) {
        if (slot->optional)
            return 0;
        if (reaches(attempt, *at))
            attempt->slot_says = slot->says;
        return -1;
    }
    if (slot->read(slot, phrase, words + *at, &used, error, sizeof error) < 0) {
        if (reaches(attempt, *at) && attempt->slot_error[0] == '\0')
            snprintf(attempt->slot_error, attempt->slot_error_size, "%s", error);
        return -1;
    }
    if (used == 0) /* only BY: its first word */
        allow_word(attempt, *at, "by", 2);
    *at += used;
    return 0;
}

static bool form_fits(const char *form, char *const *words, struct phrase *phrase,
                      struct attempt *attempt)
{
    uint32_t at = 0;
    while (*form != '\0') {
        size_t length = strcspn(form, " ");
        const struct slot *slot = slot_find(form, length);
        if (slot != NULL) {
            if (fill_slot(slot, phrase, words, &at, attempt) < 0)
                return false;
        } else if (words[at] == NULL || strlen(words[at]) != length ||
                   memcmp(words[at], form, length) != 0) {
            allow_word(attempt, at, form, length);
            return false;
        } else {
            at++;
        }
        form += length;
        form += strspn(form, " ");
    }
    if (words[at] != NULL && reaches(attempt, at))
        attempt->may_end = true;
    return words[at] == NULL;
}

/* ---- what to say when none fits ---- */

static size_t add(char *out, size_t size, size_t used, const char *between, const char *text)
{
    const char *gap = used == 0 ? "" : between;
    int length = used < size ? snprintf(out + used, size - used, "%s%s", gap, text) : 0;
    return used + (length > 0 ? (size_t)length : 0);
}

static void describe_allowed(const struct attempt *attempt, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < attempt->allowed_count; i++)
        used = add(out, size, used, ", ", attempt->allowed[i]);
    if (attempt->slot_says != NULL)
        used = add(out, size, used, ", or ", attempt->slot_says);
    if (attempt->may_end)
        (void)add(out, size, used, " or ", "nothing more");
}

static const char *nearest_allowed(const struct attempt *attempt, const char *word)
{
    struct nearest nearest = nearest_to(word);
    for (uint32_t i = 0; i < attempt->allowed_count; i++)
        nearest_try(&nearest, attempt->allowed[i]);
    return nearest.best;
}

static void describe_failure(const struct attempt *attempt, char *const *words, char *error,
                             size_t error_size)
{
    char quoted[PHRASE_QUOTE_SIZE];
    char allowed[SCENARIO_ERROR_SIZE / 2 + WORD_SIZE];
    const char *wrong = words[attempt->depth];
    if (attempt->slot_error[0] != '\0') {
        snprintf(error, error_size, "%s", attempt->slot_error);
        return;
    }
    describe_allowed(attempt, allowed, sizeof allowed);
    if (wrong == NULL && attempt->depth == 0) {
        snprintf(error, error_size, "nothing follows; expected is %s", allowed);
    } else if (wrong == NULL) {
        snprintf(error, error_size, "ends after %s; expected is %s",
                 phrase_quote(words[attempt->depth - 1], quoted), allowed);
    } else {
        const char *near = nearest_allowed(attempt, wrong);
        snprintf(error, error_size, "%s is not expected here, but %s%s%s%s%s",
                 phrase_quote(wrong, quoted), allowed, near != NULL ? "; did you mean \"" : "",
                 near != NULL ? near : "", near != NULL ? "\"?" : "",
                 wrong[0] == '#' ? "; a comment needs a blank between # and a digit" : "");
    }
}

int phrase_read(const char *const *forms, uint32_t form_count, char *const *words,
                struct phrase *ret_phrase, uint32_t *ret_form, char *error, size_t error_size)
{
    char slot_error[SCENARIO_ERROR_SIZE] = "";
    struct attempt attempt = {.slot_error = slot_error, .slot_error_size = sizeof slot_error};
    for (uint32_t i = 0; i < form_count; i++) {
        struct phrase phrase = {.value = 0};
        if (form_fits(forms[i], words, &phrase, &attempt)) {
            *ret_phrase = phrase;
            *ret_form = i;
            return 0;
        }
    }
    describe_failure(&attempt, words, error, error_size);
    return -1;
}

/* ---- writing ---- */

size_t phrase_write(const char *form, const struct phrase *phrase, char *out, size_t size)
{
    size_t used = 0;
    if (size > 0)
        out[0] = '\0';
    while (*form != '\0') {
        char text[SCENARIO_LINE_MAX + 1];
        size_t length = strcspn(form, " ");
        const struct slot *slot = slot_find(form, length);
        snprintf(text, sizeof text, "%.*s", (int)length, form);
        if (slot != NULL)
            slot->write(phrase, text, sizeof text);
        if (text[0] != '\0')
            used = add(out, size, used, " ", text);
        form += length;
        form += strspn(form, " ");
    }
    return used < size ? used : size > 0 ? size - 1 : 0;
}
