/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_scan.h: an expression as characters. Every function skips the blanks before what it
 * looks for. One that returns int has complained when it returns -1, and the caller returns too. */
#ifndef REGIONSHIFT_ASSERTION_SCAN_H
#define REGIONSHIFT_ASSERTION_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct scan {
    const char *start;
    const char *at;
    char *error;
    size_t error_size;
};

/* Complain, and return -1: "column N: ..."; "column N: found X, allowed are ...". What is given is
 * made printable. */
__attribute__((format(printf, 3, 4))) int scan_wrong(struct scan *scan, const char *at,
                                                     const char *format, ...);
__attribute__((format(printf, 2, 3))) int scan_unexpected(struct scan *scan, const char *format,
                                                          ...);
int scan_no_memory(struct scan *scan);

void scan_blanks(struct scan *scan);
bool scan_is_end(struct scan *scan);

/* Takes this word, when it stands here and ends here. */
bool scan_word(struct scan *scan, const char *word);

/* Takes these signs, when they stand here. */
bool scan_signs(struct scan *scan, const char *signs);

/* The length of the word here: letters, digits, _ and -, a letter first. */
size_t scan_word_length(struct scan *scan);

/* A whole number in these bounds. */
int scan_number(struct scan *scan, int64_t min, int64_t max, int64_t *ret_number);

/* "300ms", "1.5s", "2m", "1h" in microseconds, at most a day. */
int scan_duration(struct scan *scan, int64_t *ret_us);

/* Is a text in quotes next? */
bool scan_is_text(struct scan *scan);

/* A text in quotes of either kind, its escapes resolved. The caller frees it. */
int scan_text(struct scan *scan, char **ret_text, size_t *ret_length);

/* "/pattern/flags": borrowed from what is scanned. */
struct scanned_pattern {
    const char *text;
    size_t length;
    const char *flags;
    size_t flag_count;
};
int scan_pattern(struct scan *scan, struct scanned_pattern *ret_pattern);

#endif
