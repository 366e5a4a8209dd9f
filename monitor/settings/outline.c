/* SPDX-License-Identifier: Apache-2.0 */
/* outline.c: a stack of brackets and one state. In a group the states go round
 *
 *     KEY -> EQUALS -> VALUE -> END -> KEY        name = "pizza";
 *
 * and in a list VALUE -> END -> VALUE. libconfig lets ";" be left out, so END takes a key too. */
#include "outline.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define AN_OPTION "an option is written KEY = VALUE;"

static struct outline_scope *scope_of(struct outline *o)
{
    return &o->scopes[o->depth];
}

static bool in_list(const struct outline *o)
{
    char opener = o->scopes[o->depth].opener;
    return opener == '(' || opener == '[';
}

static char closer_of(char opener)
{
    return opener == '(' ? ')' : opener == '[' ? ']' : '}';
}

struct place outline_place(const struct outline *o)
{
    struct place place = o->place;
    if (in_list(o))
        place_add(&place, "[%u]", o->scopes[o->depth].member);
    else if (o->key.length > 0)
        place_add(&place, "%.*s", (int)o->key.length, o->key.text);
    return place;
}

void outline_begin(struct outline *o)
{
    memset(o, 0, sizeof *o);
}

/* ---- complaints ---- */

static int fail_at(struct outline *o, struct place place, unsigned line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int fail_at(struct outline *o, struct place place, unsigned line, const char *format, ...)
{
    va_list arguments;
    o->error_line = line;
    o->error_place = place;
    va_start(arguments, format);
    vsnprintf(o->error, sizeof o->error, format, arguments);
    va_end(arguments);
    return -1;
}

/* "hold = 5 s" and "interval 10": the key that was never one. */
static int fail_without_equals(struct outline *o, char next)
{
    struct outline_key key = o->key;
    if (o->above.length > 0 && o->above.line == key.line && next == ';') {
        o->key = o->above;
        return fail_at(o, outline_place(o), key.line,
                       "\"%.*s\" stands behind a number; a duration with a unit is one text, as in "
                       "\"5s\"",
                       (int)key.length, key.text);
    }
    return fail_at(o, outline_place(o), key.line, "has no = behind it; %s",
                   next == '{' ? "a group is written KEY = { ... };" : AN_OPTION);
}

/* A value, or a bracket, between two options: behind a comma ("0,5"), or the group should have
 * ended before. */
static int fail_without_key(struct outline *o, unsigned line)
{
    const struct outline_scope *scope = scope_of(o);
    if (o->key.length > 0)
        return fail_at(o, outline_place(o), line,
                       "goes on after a comma; a list stands in ( ) or [ ], and a decimal point is "
                       "a point, as in 0.5");
    if (scope->opener == '\0')
        return fail_at(o, o->place, line, "a value without a key in front of it; " AN_OPTION);
    return fail_at(o, o->place, line,
                   "a value without a key in front of it; is the } missing for the { of line %u? "
                   "A group is { KEY = VALUE; ... }, a list ( ..., ... )",
                   scope->line);
}

static int fail_without_comma(struct outline *o, unsigned line)
{
    const struct outline_scope *scope = scope_of(o);
    return fail_at(o, outline_place(o), line,
                   "neither a comma nor %c stands behind it; the %c was opened on line %u",
                   closer_of(scope->opener), scope->opener, scope->line);
}

/* ---- values ---- */

static int end_value(struct outline *o, enum outline_kind kind)
{
    o->state = WANT_END;
    o->last = kind;
    return 0;
}

int outline_value(struct outline *o, enum outline_kind kind, unsigned line)
{
    switch (o->state) {
    case WANT_VALUE:
        return end_value(o, kind);
    case WANT_EQUALS:
        return fail_without_equals(o, '\0');
    case WANT_KEY:
        return fail_without_key(o, line);
    case WANT_END:
        break;
    }
    /* Texts side by side are one text; in a list a comma was forgotten sooner than that meant. */
    if (in_list(o))
        return fail_without_comma(o, line);
    if (kind == KIND_TEXT && o->last == KIND_TEXT)
        return 0;
    return fail_at(o, outline_place(o), line, "has a second value behind the first; " AN_OPTION);
}

static int take_bare_word(struct outline *o, const char *word, size_t length, unsigned line)
{
    if ((length == 4 && strncasecmp(word, "true", 4) == 0) ||
        (length == 5 && strncasecmp(word, "false", 5) == 0))
        return end_value(o, KIND_BOOLEAN);
    int shown = length > 40 ? 40 : (int)length;
    return fail_at(o, outline_place(o), line, "%.*s is no value; %s", shown, word,
                   in_list(o) ? "options stand in a group { ... }, a text in \"quotes\""
                              : "write true, false, a number, or a text in \"quotes\"");
}

/* ---- keys ---- */

static int take_key(struct outline *o, const char *word, size_t length, unsigned line)
{
    o->above = o->last == KIND_NUMBER ? o->key : (struct outline_key){0};
    o->key = (struct outline_key){word, length, line};
    o->state = WANT_EQUALS;
    o->last = KIND_NONE;
    for (unsigned i = scope_of(o)->first_key; i < o->key_count; i++) {
        if (o->keys[i].length == length && memcmp(o->keys[i].text, word, length) == 0)
            return fail_at(o, outline_place(o), line,
                           "is given twice, first on line %u; leave one of them out",
                           o->keys[i].line);
    }
    if (o->key_count < OUTLINE_KEYS_MAX)
        o->keys[o->key_count++] = o->key;
    return 0;
}

int outline_word(struct outline *o, const char *word, size_t length, unsigned line)
{
    if (o->state == WANT_VALUE)
        return take_bare_word(o, word, length, line);
    if (o->state == WANT_EQUALS)
        return fail_without_equals(o, '\0');
    if (in_list(o))
        return fail_without_comma(o, line);
    return take_key(o, word, length, line);
}

/* ---- brackets ---- */

static int open_bracket(struct outline *o, char opener, unsigned line)
{
    if (o->state == WANT_EQUALS)
        return fail_without_equals(o, opener);
    if (o->state != WANT_VALUE)
        return in_list(o) ? fail_without_comma(o, line) : fail_without_key(o, line);
    if (scope_of(o)->opener == '[')
        return fail_at(o, outline_place(o), line,
                       "[ ] holds texts or numbers only; a list of groups is written ( { ... }, "
                       "{ ... } )");
    if (o->depth == OUTLINE_DEPTH_MAX)
        return fail_at(o, place_of("%s", ""), line,
                       "brackets nested deeper than any option; at most %d", OUTLINE_DEPTH_MAX);
    size_t before = strlen(o->place.text);
    o->place = outline_place(o);
    o->scopes[++o->depth] = (struct outline_scope){opener, line, 0, before, o->key_count};
    o->key.length = 0;
    o->last = KIND_NONE;
    o->state = opener == '{' ? WANT_KEY : WANT_VALUE;
    return 0;
}

static int close_bracket(struct outline *o, char closer, unsigned line)
{
    const struct outline_scope *scope = scope_of(o);
    if (scope->opener == '\0')
        return fail_at(o, outline_place(o), line, "%c closes nothing: no bracket is open", closer);
    if (o->state == WANT_EQUALS)
        return fail_without_equals(o, closer);
    if (closer != closer_of(scope->opener))
        return fail_at(o, o->place, line, "%c where %c is wanted, for the %c opened on line %u",
                       closer, closer_of(scope->opener), scope->opener, scope->line);
    if (o->state == WANT_VALUE && !in_list(o))
        return fail_at(o, outline_place(o), line, "has no value; " AN_OPTION);
    if (o->state == WANT_VALUE && scope->member > 0)
        return fail_at(o, o->place, line, "a comma too many in front of %c", closer);
    o->place.text[scope->place_before] = '\0';
    o->key_count = scope->first_key;
    o->key.length = 0;
    o->depth--;
    return end_value(o, KIND_NONE);
}

/* ---- between them ---- */

static int take_equals(struct outline *o, char mark, unsigned line)
{
    if (o->state == WANT_VALUE)
        return fail_at(o, outline_place(o), line, "a %c in place of a value; " AN_OPTION, mark);
    if (o->state != WANT_EQUALS)
        return fail_at(o, outline_place(o), line, "a %c without a key in front of it; " AN_OPTION,
                       mark);
    o->state = WANT_VALUE;
    return 0;
}

static int fail_between_options(struct outline *o, char mark, unsigned line)
{
    const struct outline_scope *scope = scope_of(o);
    if (mark == ',' && scope->opener == '{')
        return fail_at(o, o->place, line,
                       "a comma where an option or } is wanted, for the { of "
                       "line %u",
                       scope->line);
    return fail_at(o, o->place, line, "a %c too many; a comment begins with #", mark);
}

static int end_option(struct outline *o, char mark, unsigned line)
{
    switch (o->state) {
    case WANT_EQUALS:
        return fail_without_equals(o, mark);
    case WANT_VALUE:
        return fail_at(o, outline_place(o), line, "has no value; " AN_OPTION);
    case WANT_KEY:
        return fail_between_options(o, mark, line);
    case WANT_END:
        break;
    }
    o->state = WANT_KEY;
    o->last = KIND_NONE;
    if (mark == ';')
        o->key.length = 0;
    return 0;
}

static int end_member(struct outline *o, char mark, unsigned line)
{
    struct outline_scope *scope = scope_of(o);
    if (mark == ';')
        return fail_at(o, o->place, line,
                       "a ; in a list: commas part its members, and %c ends it; the %c was opened "
                       "on line %u",
                       closer_of(scope->opener), scope->opener, scope->line);
    if (o->state != WANT_END)
        return fail_at(o, o->place, line, "a comma too many");
    o->state = WANT_VALUE;
    scope->member++;
    return 0;
}

int outline_mark(struct outline *o, char mark, unsigned line)
{
    switch (mark) {
    case '{':
    case '(':
    case '[':
        return open_bracket(o, mark, line);
    case '}':
    case ')':
    case ']':
        return close_bracket(o, mark, line);
    case '=':
    case ':':
        return take_equals(o, mark, line);
    default:
        return in_list(o) ? end_member(o, mark, line) : end_option(o, mark, line);
    }
}

int outline_end(struct outline *o)
{
    const struct outline_scope *scope = scope_of(o);
    if (scope->opener != '\0')
        return fail_at(o, o->place, scope->line,
                       "the %c opened on this line is never closed with %c", scope->opener,
                       closer_of(scope->opener));
    if (o->state == WANT_EQUALS)
        return fail_without_equals(o, '\0');
    if (o->state == WANT_VALUE)
        return fail_at(o, outline_place(o), o->key.line, "has no value; " AN_OPTION);
    return 0;
}
