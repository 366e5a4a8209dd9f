/* SPDX-License-Identifier: Apache-2.0 */
/* report.h: how the parts of the settings complain. They go on after an error, so that the operator
 * sees all of them at once. */
#ifndef REGIONSHIFT_SETTINGS_REPORT_H
#define REGIONSHIFT_SETTINGS_REPORT_H

#include "arena.h"
#include "settings.h"

/* More than a screen of errors helps nobody; the rest is counted. */
enum { PROBLEMS_MAX = 100 };

/* The place of a complaint: "groups.[0].hold". */
struct place {
    char text[192];
};

struct place place_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Adds a key or "[0]", with a point between. Returns the length before, to cut it off again. */
size_t place_add(struct place *place, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Makes an empty report. On failure it holds one error that no allocation is needed to print. */
int report_create(const struct arena_hook *hook, struct settings_report *ret_report);

/* Adds an error or a warning; what came from outside must be escaped by the caller. Running out of
 * memory here is itself an error of the report. */
void report_error(struct settings_report *report, unsigned line, const char *name, const char *path,
                  const char *format, ...) __attribute__((format(printf, 5, 6)));
void report_vadd(struct settings_report *report, bool is_warning, unsigned line, const char *name,
                 const char *path, const char *format, va_list arguments)
    __attribute__((format(printf, 6, 0)));

/* Always finds room: nothing is allocated. */
void report_out_of_memory(struct settings_report *report);

/* Puts the problems into the file's order; those of one line keep the order they were found in. */
void report_sort(struct settings_report *report);

#endif
