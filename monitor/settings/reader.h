/* SPDX-License-Identifier: Apache-2.0 */
/* reader.h: what the walk over the schema (read.c) and the readers of single values (read_values.c)
 * share. Private to monitor/settings. */
#ifndef REGIONSHIFT_SETTINGS_READER_H
#define REGIONSHIFT_SETTINGS_READER_H

#include <libconfig.h>

#include "arena.h"
#include "report.h"
#include "schema.h"

/* The longest description of what an option allows (describe.h). */
enum { ALLOWED_LENGTH = 256 };

struct reader {
    struct settings_arena *arena;
    struct settings_arena *written; /* for what is the draft's alone */
    struct settings_report *report;
    bool with_secrets;
    bool is_broken;     /* something in this section left a default where the file said otherwise */
    struct place place; /* where we are: "services.[0].sites" */
};

/* Reads one option's value; reports what it dislikes and leaves the default then. Returns 0, or -1
 * only when out of memory. */
typedef int option_reader(struct reader *r, const struct option *option,
                          const config_setting_t *setting, void *value);

option_reader read_text, read_word, read_boolean, read_integer, read_count, read_duration;
option_reader read_secret, read_texts, read_integers;

/* Complains about the place we are at. The setting gives the line. */
void reader_complain(struct reader *r, const config_setting_t *setting, const char *name,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
void reader_complain_type(struct reader *r, const config_setting_t *setting,
                          const struct option *option);
void reader_complain_range(struct reader *r, const config_setting_t *setting,
                           const struct option *option, const char *seen);

/* Adds a key or "[index]" to the place; leave() takes back what enter() returned. */
size_t reader_enter(struct reader *r, const char *key);
size_t reader_enter_item(struct reader *r, unsigned index);
void reader_leave(struct reader *r, size_t before);

/* The count of a list that is one and within its limits, otherwise -1, and it was reported. */
int reader_list_length(struct reader *r, const struct option *option,
                       const config_setting_t *setting);

#endif
