/* SPDX-License-Identifier: Apache-2.0 */
/* schema.h: the one reference of what may be written in a settings file. Reading (read.c), range
 * and unknown-key errors, --dump-config and the fingerprint (dump.c) and the options of
 * regionshift.conf(5) (manual.c) all walk this table; nothing else knows a key. */
#ifndef REGIONSHIFT_SETTINGS_SCHEMA_H
#define REGIONSHIFT_SETTINGS_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules.h"
#include "settings.h"

/* The type says what lies at the option's offset. */
enum option_type {
    OPTION_TEXT,     /* const char *      */
    OPTION_WORD,     /* int               one of words[] */
    OPTION_BOOLEAN,  /* bool              */
    OPTION_INTEGER,  /* int64_t           */
    OPTION_COUNT,    /* int64_t           or one of words[], which stand for 0, 1, ... */
    OPTION_DURATION, /* msec_t            */
    OPTION_SECRET,   /* struct secret     */
    OPTION_TEXTS,    /* struct text_list  */
    OPTION_INTEGERS, /* struct integer_list */
    OPTION_GROUP,    /* the struct itself */
    OPTION_GROUPS    /* struct draft_list */
};

enum {
    OPTION_LOCAL = 1 << 0, /* differs between probes, or says how: not in the fingerprint */
    OPTION_BYTES = 1 << 1  /* OPTION_TEXT: any bytes but NUL; the file escapes them: \r, \x1b */
};

struct schema;

struct option {
    const char *key;
    enum option_type type;
    size_t offset;
    /* Integers and durations (ms): the value. Texts: the length. Lists: the count. */
    int64_t min;
    int64_t max;
    /* As written in a file, without quotes; NULL: required, or worked out (see unset). */
    const char *fallback;
    const char *help;
    const char *unset; /* says what an absent option stands for; NULL: it may not be absent */
    const char *const *words; /* OPTION_WORD, OPTION_COUNT: ends with NULL */
    text_rule *rule;          /* OPTION_TEXT and each of OPTION_TEXTS; NULL: any printable text */
    int64_t item_max;         /* OPTION_INTEGERS and OPTION_TEXTS: of each, its value or length */
    const struct schema *schema; /* OPTION_GROUP, OPTION_GROUPS */
    unsigned flags;
    uint32_t kinds; /* of check that have it, bits of KIND_BIT(); 0: all */
};

/* The keys of one group. */
struct schema {
    const char *path; /* "services[].sites[]", "" for the file itself */
    const char *help;
    const struct option *options;
    size_t count;
    size_t size; /* of the struct the offsets point into */
};

extern const struct schema settings_schema;
extern const struct schema check_schema; /* the part of it for struct draft_check */

/* Of `type` in a check, by enum check_kind; ends with NULL. */
extern const char *const check_kind_words[];

#define KIND_BIT(kind) (UINT32_C(1) << (kind))

/* Where the option's value lies in the group's struct. */
void *option_value(const struct option *option, void *group);
const void *option_constant(const struct option *option, const void *group);

/* The place of a word among the option's; that of the NULL at their end when it is none of them. */
int option_word(const struct option *option, const char *word);

/* Whether the value is the one that an option has which is not written; false where that is worked
 * out from others (dump.c). */
bool option_is_default(const struct option *option, const void *value);

#endif
