/* SPDX-License-Identifier: Apache-2.0 */
/* scenario_phrase.h: the words of one event ("net cut #1 from all") or of one expectation
 * ("pages <= 1"). A form says which words each kind is made of: small ones stand as they are, large
 * ones are slots to be filled. Reading, writing and messages go by the same forms, so what can be
 * written can be read, and a message lists what is really allowed. */
#ifndef REGIONSHIFT_SIM_SCENARIO_PHRASE_H
#define REGIONSHIFT_SIM_SCENARIO_PHRASE_H

#include "scenario.h"

enum { PHRASE_WORDS_MAX = 64, PHRASE_QUOTE_SIZE = 100, EXPECT_KIND_COUNT = EXPECT_REFUSED + 1 };

/* By kind: "site SITES slow MS BY". */
extern const char *const action_forms[ACTION_KIND_COUNT];
extern const char *const expect_forms[EXPECT_KIND_COUNT];

/* What the slots of a form hold. */
struct phrase {
    struct who who;
    struct who from;
    struct who probes[ACTION_PROBES_MAX];
    uint32_t probe_count;
    int64_t value;
    bool by_severity;
    enum severity severity;
    enum alert_event event;
    enum expect_agreed agreed;
    char rule[8];
    struct expect_weight weights[EXPECT_WEIGHTS_MAX];
    uint32_t weight_count;
};

/* The words of a text, cut in place at blanks and commas. */
struct words {
    char *word[PHRASE_WORDS_MAX + 1]; /* NULL after the last */
    uint32_t count;
};

/* Cuts a text into words; 0, or -1 when there are too many. */
int words_cut(char *text, struct words *ret_words);

/* Finds the form that the words fill. Returns 0, its kind and what its slots hold, or -1 with a
 * sentence in error: which word was wrong, what was allowed there, which word was near. */
int phrase_read(const char *const *forms, uint32_t form_count, char *const *words,
                struct phrase *ret_phrase, uint32_t *ret_form, char *error, size_t error_size);

/* Writes a filled form; returns the length (cut to size). */
size_t phrase_write(const char *form, const struct phrase *phrase, char *out, size_t size);

/* ---- slots ---- */

struct slot;

/* Reads from words on, of which there is one at least. 0 and how many words it took (an optional
 * slot may take none), or -1 with a sentence. */
typedef int slot_reader(const struct slot *slot, struct phrase *phrase, char *const *words,
                        uint32_t *ret_used, char *error, size_t error_size);
typedef void slot_writer(const struct phrase *phrase, char *out, size_t size);

struct slot {
    const char *name; /* "PCT" */
    const char *says; /* "a percentage, 0 to 100": what may stand there */
    bool optional;
    slot_reader *read;
    slot_writer *write;
    int64_t min; /* of numbers, in the unit they are kept in */
    int64_t max;
};

/* The slot of a form's word; NULL when the word stands as it is. */
const struct slot *slot_find(const char *word, size_t length);

/* "X is not SAYS"; always -1. */
int slot_refuse(const struct slot *slot, const char *word, char *error, size_t error_size);

/* scenario_who.c: slots that say who. */
slot_reader who_read_sites;
slot_reader who_read_region;
slot_reader who_read_place;
slot_reader who_read_from;
slot_reader who_read_probe;
slot_reader who_read_probes;
slot_reader who_read_by;
slot_reader who_read_weights;
slot_writer who_write;
slot_writer who_write_from;
slot_writer who_write_probe;
slot_writer who_write_probes;
slot_writer who_write_by;
slot_writer who_write_weights;

/* A whole number, sign allowed. */
bool is_whole_number(const char *word, int64_t *ret_value);

/* ---- times ---- */

#define SCENARIO_TIME_MAX_MS                                                                       \
    (31 * 24 * 3600 * INT64_C(1000)) /* the worst so far took three days                           \
                                      */

/* Reads "90" "90s" "1.5m" "2h"; 0, or -1 with a sentence. */
int time_read(const char *text, msec_t *ret_ms, char *error, size_t error_size);

/* A word in quotes, printable and not too long, for messages. */
const char *phrase_quote(const char *word, char out[PHRASE_QUOTE_SIZE]);

#endif
