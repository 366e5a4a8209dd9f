/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: there are no tokens. What may stand at a place depends on what stood before it (a `/`
 * begins a pattern after `matches` only), so the parser asks for what it wants, and what it finds
 * instead is what the complaint shows. */
#include "assertion_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "result.h"

enum {
    SHOWN_MAX = 40, /* of what was found instead */
    WHY_MAX = 320,
    DURATION_DIGITS = 9,
    FRACTION_DIGITS = 3 /* so that milliseconds are whole microseconds */
};

static const int64_t day_us = INT64_C(24) * 3600 * 1000 * 1000;

/* ---- complaints ---- */

/* From 1; a letter of several bytes is one column. */
static size_t column_of(const struct scan *scan, const char *at)
{
    size_t column = 1;

    for (const char *p = scan->start; p < at; p++)
        column += ((unsigned char)*p & 0xc0) != 0x80;
    return column;
}

__attribute__((format(printf, 3, 0))) static int complain(struct scan *scan, const char *at,
                                                          const char *format, va_list arguments)
{
    char why[WHY_MAX];
    char shown[WHY_MAX];

    vsnprintf(why, sizeof(why), format, arguments);
    text_escape(shown, sizeof(shown), why, strlen(why));
    snprintf(scan->error, scan->error_size, "column %zu: %s", column_of(scan, at), shown);
    return -1;
}

int scan_wrong(struct scan *scan, const char *at, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    complain(scan, at, format, arguments);
    va_end(arguments);
    return -1;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_of_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '_' || c == '-';
}

/* Letters that are not ASCII are of no word of ours, but of the reader's. */
static bool is_shown_whole(char c)
{
    return is_of_word(c) || (unsigned char)c >= 0x80;
}

/* What stands here, as a reader would point at it: a word or number whole, or a run of signs. */
static size_t length_of_found(const char *at)
{
    size_t length = 0;

    if (is_shown_whole(*at)) {
        while (is_shown_whole(at[length]) || at[length] == '.')
            length++;
        return length;
    }
    if (*at == '(' || *at == ')')
        return 1;
    while (at[length] != '\0' && strchr(" \t()\"'", at[length]) == NULL &&
           !is_shown_whole(at[length]))
        length++;
    return length;
}

int scan_unexpected(struct scan *scan, const char *format, ...)
{
    char found[SHOWN_MAX] = "the end";
    char allowed[WHY_MAX];
    va_list arguments;

    if (scan_is_text(scan)) {
        memcpy(found, "a text", sizeof("a text"));
    } else if (*scan->at != '\0') {
        found[0] = '"';
        text_escape(found + 1, sizeof(found) - 2, scan->at, length_of_found(scan->at));
        memcpy(found + strlen(found), "\"", 2);
    }
    va_start(arguments, format);
    vsnprintf(allowed, sizeof(allowed), format, arguments);
    va_end(arguments);
    return scan_wrong(scan, scan->at, "found %s, allowed are %s", found, allowed);
}

int scan_no_memory(struct scan *scan)
{
    return scan_wrong(scan, scan->at, "out of memory");
}

/* ---- words and signs ---- */

/* No line ends: a text of the settings has none, and a column would mean little. */
void scan_blanks(struct scan *scan)
{
    scan->at += strspn(scan->at, " \t");
}

bool scan_is_end(struct scan *scan)
{
    scan_blanks(scan);
    return *scan->at == '\0';
}

size_t scan_word_length(struct scan *scan)
{
    size_t length = 0;

    scan_blanks(scan);
    if (is_letter(*scan->at)) {
        while (is_of_word(scan->at[length]))
            length++;
    }
    return length;
}

bool scan_word(struct scan *scan, const char *word)
{
    size_t length = scan_word_length(scan);

    if (length == 0 || length != strlen(word) || memcmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

bool scan_signs(struct scan *scan, const char *signs)
{
    size_t length = strlen(signs);

    scan_blanks(scan);
    if (strncmp(scan->at, signs, length) != 0)
        return false;
    scan->at += length;
    return true;
}

/* ---- numbers and durations ---- */

/* At most so many digits; returns how many there are. */
static size_t take_digits(struct scan *scan, size_t max, int64_t *ret_number)
{
    size_t count = 0;
    int64_t number = 0;

    for (; is_digit(scan->at[count]) && count < max; count++)
        number = number * 10 + (scan->at[count] - '0');
    scan->at += count;
    *ret_number = number;
    return count;
}

int scan_number(struct scan *scan, int64_t min, int64_t max, int64_t *ret_number)
{
    bool is_negative = min < 0 && scan_signs(scan, "-");
    const char *begin;
    int64_t number;

    scan_blanks(scan);
    begin = scan->at;
    if (take_digits(scan, DURATION_DIGITS, &number) == 0 || is_letter(*scan->at) ||
        *scan->at == '_' || *scan->at == '.') {
        scan->at = begin;
        return scan_unexpected(scan, "numbers from %lld to %lld", (long long)min, (long long)max);
    }
    if (is_negative)
        number = -number;
    if (is_digit(*scan->at) || number < min || number > max) {
        scan->at = begin;
        return scan_unexpected(scan, "numbers from %lld to %lld", (long long)min, (long long)max);
    }
    *ret_number = number;
    return 0;
}

static bool take_unit(struct scan *scan, int64_t *ret_us)
{
    static const struct {
        const char *name;
        int64_t us;
    } units[] = {
        {"ms", 1000}, {"s", 1000000}, {"m", INT64_C(60000000)}, {"h", INT64_C(3600000000)}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (is_letter(*scan->at) && scan_word(scan, units[i].name)) {
            *ret_us = units[i].us;
            return true;
        }
    }
    return false;
}

int scan_duration(struct scan *scan, int64_t *ret_us)
{
    const char *begin;
    int64_t whole, fraction = 0, unit_us, us;
    size_t digits = 0;
    bool is_good;

    scan_blanks(scan);
    begin = scan->at;
    is_good = take_digits(scan, DURATION_DIGITS, &whole) > 0;
    if (is_good && *scan->at == '.') {
        scan->at++;
        digits = take_digits(scan, FRACTION_DIGITS, &fraction);
        is_good = digits > 0;
    }
    if (is_good && take_unit(scan, &unit_us)) {
        for (; digits < FRACTION_DIGITS; digits++)
            fraction *= 10;
        us = whole * unit_us + fraction * (unit_us / 1000);
        if (us <= day_us) {
            *ret_us = us;
            return 0;
        }
    }
    scan->at = begin;
    return scan_unexpected(scan, "durations as 300ms, 1.5s, 2m, 1h, up to 24h");
}

/* ---- texts and patterns ---- */

bool scan_is_text(struct scan *scan)
{
    scan_blanks(scan);
    return *scan->at == '"' || *scan->at == '\'';
}

static int hex_digit(char c)
{
    if (is_digit(c))
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* What follows a backslash: one byte. */
static int take_escape(struct scan *scan, char *ret_byte)
{
    static const char names[] = "\"'\\ntr";
    static const char bytes[] = "\"'\\\n\t\r";
    const char *name = *scan->at != '\0' ? strchr(names, *scan->at) : NULL;

    if (name != NULL) {
        *ret_byte = bytes[name - names];
        scan->at++;
        return 0;
    }
    if (scan->at[0] == 'x' && hex_digit(scan->at[1]) >= 0 && hex_digit(scan->at[2]) >= 0) {
        *ret_byte = (char)(hex_digit(scan->at[1]) << 4 | hex_digit(scan->at[2]));
        scan->at += 3;
        return 0;
    }
    return scan_wrong(scan, scan->at - 1,
                      "no escape, allowed are \\\" \\' \\\\ \\n \\t \\r and \\xNN");
}

static int take_bytes(struct scan *scan, char *text, size_t *ret_length)
{
    const char *begin = scan->at;
    char quote = *scan->at++;
    size_t length = 0;

    while (*scan->at != quote) {
        if (*scan->at == '\0')
            return scan_wrong(scan, begin, "a text without its end, allowed are texts in %c...%c",
                              quote, quote);
        if (*scan->at != '\\') {
            text[length++] = *scan->at++;
            continue;
        }
        scan->at++;
        if (take_escape(scan, &text[length++]) < 0)
            return -1;
    }
    scan->at++;
    text[length] = '\0';
    *ret_length = length;
    return 0;
}

int scan_text(struct scan *scan, char **ret_text, size_t *ret_length)
{
    char *text;

    if (!scan_is_text(scan))
        return scan_unexpected(scan, "texts in quotes, as \"ok\" or 'ok'");
    text = malloc(strlen(scan->at) + 1);
    if (text == NULL)
        return scan_no_memory(scan);
    if (take_bytes(scan, text, ret_length) < 0) {
        free(text);
        return -1;
    }
    *ret_text = text;
    return 0;
}

int scan_pattern(struct scan *scan, struct scanned_pattern *ret_pattern)
{
    struct scanned_pattern found;
    const char *end;

    scan_blanks(scan);
    if (*scan->at != '/')
        return scan_unexpected(scan, "patterns as /ok/i");
    found.text = scan->at + 1;
    for (end = found.text; *end != '/'; end++) {
        if (*end == '\\' && end[1] != '\0')
            end++;
        else if (*end == '\0')
            return scan_wrong(scan, scan->at,
                              "a pattern without its end, allowed are patterns as "
                              "/ok/i, a slash in them as \\/");
    }
    found.length = (size_t)(end - found.text);
    found.flags = end + 1;
    found.flag_count = strspn(found.flags, "ismx");
    scan->at = found.flags + found.flag_count;
    if (is_of_word(*scan->at))
        return scan_unexpected(scan, "the flags i, s, m and x behind a pattern");
    *ret_pattern = found;
    return 0;
}
