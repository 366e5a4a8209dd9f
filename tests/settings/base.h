/* SPDX-License-Identifier: Apache-2.0 */
/* base.h: what the tests of the settings share: files of the source tree, edits of texts, reports
 * as texts. Everything returned is the caller's to free; whatever fails fails the test. */
#ifndef REGIONSHIFT_TESTS_SETTINGS_BASE_H
#define REGIONSHIFT_TESTS_SETTINGS_BASE_H

#include "settings.h"

/* The file's text, with a NUL behind. The path begins at the top of the source tree. */
char *source_text(const char *path);

/* The text with the first `from` replaced by `to`; `from` must be in it. */
char *edited(const char *text, const char *from, const char *to);

/* base.conf with one edit. */
char *base_with(const char *from, const char *to);

/* Parses under the name "F"; what is said, as settings_report_print() prints it. */
char *said_about(const char *text, size_t length);

/* Parses what must be good; warnings may be. */
struct settings *good(const char *text);

/* settings_dump() as a text. */
char *dump_of(const struct settings *settings);

/* Expects exactly this report about base.conf with one edit. */
void expect_said(const char *from, const char *to, const char *report);

#endif
