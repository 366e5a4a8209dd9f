/* SPDX-License-Identifier: Apache-2.0 */
/* ini.h: the grammar of AWS's INI files, for who reads credentials there and who reads endpoints.
 * `#` and `;` begin comments; what a section is called may stand in quotes. Pure; copies nothing.
 */
#ifndef REGIONSHIFT_CODEC_INI_H
#define REGIONSHIFT_CODEC_INI_H

#include <stdbool.h>
#include <stddef.h>

struct ini_span {
    const char *at;
    size_t length;
};

bool ini_is_blank(char c);
struct ini_span ini_trim(struct ini_span span);
bool ini_equals(struct ini_span span, const char *text);

/* The text without the mark which some editors put before it. */
struct ini_span ini_begin(const char *text, size_t length);
/* Takes the next line off the text, without its end. False: there is none. */
bool ini_next_line(struct ini_span *text, struct ini_span *ret_line);

/* The rest are of a trimmed line. */
bool ini_is_nothing(struct ini_span line); /* empty, or a comment */
/* "[NAME]": false when its ] is missing. */
bool ini_section(struct ini_span line, struct ini_span *ret_name);
/* Whether the name is `KIND WANTED`, or `default`, which is a profile. */
bool ini_section_is(struct ini_span name, const char *kind, const char *wanted);
/* "KEY = VALUE ; comment": false when there is no =. */
bool ini_property(struct ini_span line, struct ini_span *ret_key, struct ini_span *ret_value);

#endif
