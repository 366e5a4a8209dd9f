/* SPDX-License-Identifier: Apache-2.0 */
/* outline.h: libconfig's grammar, followed word by word beside the parser, for two things it does
 * not say: which setting a word belongs to ("groups.[0].hold"), and what is wrong with a word that
 * may not stand where it stands. Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_OUTLINE_H
#define REGIONSHIFT_SETTINGS_OUTLINE_H

#include <stddef.h>

#include "report.h"

/* The deepest option, services.[].sites.[].checks.[].headers, lies 8 deep; the parser's recursion
 * must not be the limit. Keys past theirs are not told apart here; libconfig still finds twins. */
enum { OUTLINE_DEPTH_MAX = 16, OUTLINE_KEYS_MAX = 512 };

enum outline_state { WANT_KEY, WANT_EQUALS, WANT_VALUE, WANT_END };

enum outline_kind { KIND_NONE, KIND_TEXT, KIND_NUMBER, KIND_BOOLEAN };

/* Points into the file's text; no length: no key. */
struct outline_key {
    const char *text;
    size_t length;
    unsigned line;
};

/* What stands between a pair of brackets, or the whole file. */
struct outline_scope {
    char opener; /* '{' '(' '[', '\0' for the file */
    unsigned line;
    unsigned member;     /* of a list: the one we are at */
    size_t place_before; /* length of the place outside */
    unsigned first_key;  /* its keys are keys[first_key..key_count) */
};

struct outline {
    enum outline_state state;
    enum outline_kind last; /* the value just read, while nothing ended it */
    unsigned depth;
    struct outline_scope scopes[OUTLINE_DEPTH_MAX + 1];
    struct place place;       /* of the innermost scope */
    struct outline_key key;   /* the option we are at; behind a comma, the last */
    struct outline_key above; /* the one before, when no ";" stands between */
    struct outline_key keys[OUTLINE_KEYS_MAX];
    unsigned key_count;
    /* The complaint, after a failure. */
    unsigned error_line;
    struct place error_place;
    char error[256];
};

/* Each returns 0, or -1 with the complaint filled in; nothing may follow it. */
void outline_begin(struct outline *o);
int outline_word(struct outline *o, const char *word, size_t length, unsigned line);
int outline_value(struct outline *o, enum outline_kind kind, unsigned line);
int outline_mark(struct outline *o, char mark, unsigned line); /* one of {([])}=:;, */
int outline_end(struct outline *o);

/* The option we are at, or the group, or the list's member. */
struct place outline_place(const struct outline *o);

#endif
