/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c: cuts the text into libconfig's words: strings, comments, numbers, marks. What they mean
 * together is the outline's business. It stops at the first complaint whose consequences would be
 * noise, and goes on after numbers, which are independent of each other. */
#include "scan.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "outline.h"
#include "report.h"
#include "result.h"

enum { NUMBER_LENGTH_MAX = 40 };

struct scanner {
    const char *at;
    const char *end;
    unsigned line;
    struct outline outline;
    struct settings_report *report;
};

/* About the option we are at. */
static int complain(struct scanner *s, const char *what)
{
    report_error(s->report, s->line, "syntax", outline_place(&s->outline).text, "%s", what);
    return -1;
}

/* About the file; its options have nothing to do with it. */
static int complain_of_file(struct scanner *s, const char *what)
{
    report_error(s->report, s->line, "syntax", "", "%s", what);
    return -1;
}

static int complain_of_outline(struct scanner *s)
{
    const struct outline *o = &s->outline;
    report_error(s->report, o->error_line, "syntax", o->error_place.text, "%s", o->error);
    return -1;
}

static bool looks_at(const struct scanner *s, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(s->end - s->at) >= length && memcmp(s->at, word, length) == 0;
}

/* strchr() would find a NUL in every set. */
static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* ---- what is skipped ---- */

static int complain_of_nul(struct scanner *s)
{
    return complain(s, "a NUL byte: everything after it would be ignored; is this a text file?");
}

/* A NUL is left for scan_word() to find. */
static void skip_line(struct scanner *s)
{
    while (s->at < s->end && *s->at != '\n' && *s->at != '\0')
        s->at++;
}

static int skip_comment(struct scanner *s)
{
    unsigned opened = s->line;
    for (s->at += 2; s->at < s->end; s->at++) {
        if (looks_at(s, "*/")) {
            s->at += 2;
            return 0;
        }
        if (*s->at == '\0')
            return complain_of_nul(s);
        s->line += *s->at == '\n' ? 1 : 0;
    }
    s->line = opened;
    return complain_of_file(s, "the comment opened here with /* is never closed with */");
}

/* A string ends on its own line: libconfig would take the next quote, lines below, for its end. */
static int skip_string(struct scanner *s)
{
    if (outline_value(&s->outline, KIND_TEXT, s->line) < 0)
        return complain_of_outline(s);
    for (s->at++; s->at < s->end && *s->at != '\n'; s->at++) {
        if (*s->at == '"') {
            s->at++;
            return 0;
        }
        if (*s->at == '\0')
            return complain_of_nul(s);
        if (looks_at(s, "\\x00"))
            return complain(s, "\\x00 in a string: text may hold every character but NUL");
        if (*s->at == '\\' && s->at + 1 < s->end && s->at[1] != '\n' && s->at[1] != '\0')
            s->at++;
    }
    return complain(s, "the string opened on this line is not closed on it with \"");
}

/* ---- numbers ---- */

/* Suffix L or LL makes a 64-bit integer of it. */
static bool is_integer(const char *number, const char **ret_suffix)
{
    bool is_hex = number[0] == '0' && (number[1] == 'x' || number[1] == 'X');
    const char *digit = number + (is_hex ? 2 : 0);
    if (!is_hex && (*digit == '+' || *digit == '-'))
        digit++;
    const char *first = digit;
    while (is_hex ? isxdigit((unsigned char)*digit) : isdigit((unsigned char)*digit))
        digit++;
    *ret_suffix = digit;
    return digit > first && (*digit == '\0' || strcmp(digit, "L") == 0 || strcmp(digit, "LL") == 0);
}

static int complain_of_size(struct scanner *s, const char *number, const char *allowed)
{
    report_error(s->report, s->line, "number", outline_place(&s->outline).text, "%s is too %s; %s",
                 number, number[0] == '-' ? "small" : "large", allowed);
    return -1;
}

static int check_number(struct scanner *s, const char *number)
{
    const char *suffix = NULL;
    errno = 0;
    if (is_integer(number, &suffix)) {
        bool is_hex = number[0] == '0' && (number[1] == 'x' || number[1] == 'X');
        long long value = strtoll(number, NULL, is_hex ? 16 : 10);
        if (errno == 0 && (*suffix == 'L' || (value >= INT32_MIN && value <= INT32_MAX)))
            return 0;
        return complain_of_size(s, number,
                                *suffix == 'L' ? "integers lie within 64 bits"
                                               : "integers lie within -2147483648..2147483647");
    }
    char *end = NULL;
    double value = strtod(number, &end);
    bool is_number = *end == '\0' && strpbrk(number, "0123456789") != NULL;
    if (is_number && isfinite(value))
        return 0;
    if (is_number)
        return complain_of_size(s, number, "numbers lie within -1e308..1e308");
    report_error(s->report, s->line, "number", outline_place(&s->outline).text,
                 "%s is not a number, such as 5, 0.5 or 1e3; a text, and a duration with a unit, "
                 "stands in \"quotes\"",
                 number);
    return -1;
}

/* Returns 0, or -1 when what follows could not be trusted. ret_bad is set by a bad number. */
static int skip_number(struct scanner *s, bool *ret_bad)
{
    const char *start = s->at;
    if (outline_value(&s->outline, KIND_NUMBER, s->line) < 0)
        return complain_of_outline(s);
    while (s->at < s->end && (isalnum((unsigned char)*s->at) || is_one_of(*s->at, "+-._")))
        s->at++;
    size_t length = (size_t)(s->at - start);
    char number[NUMBER_LENGTH_MAX + 1];
    if (length > NUMBER_LENGTH_MAX) {
        report_error(s->report, s->line, "number", outline_place(&s->outline).text,
                     "a number of %zu digits; at most %d", length, NUMBER_LENGTH_MAX);
        *ret_bad = true;
        return 0;
    }
    memcpy(number, start, length);
    number[length] = '\0';
    *ret_bad |= check_number(s, number) < 0;
    return 0;
}

/* ---- words and marks ---- */

static int skip_name(struct scanner *s)
{
    const char *start = s->at;
    while (s->at < s->end && (isalnum((unsigned char)*s->at) || is_one_of(*s->at, "-_*")))
        s->at++;
    if (outline_word(&s->outline, start, (size_t)(s->at - start), s->line) < 0)
        return complain_of_outline(s);
    return 0;
}

static int skip_mark(struct scanner *s)
{
    if (outline_mark(&s->outline, *s->at, s->line) < 0)
        return complain_of_outline(s);
    s->at++;
    return 0;
}

/* Quotes that a word processor bent, mostly. */
static int complain_of_character(struct scanner *s)
{
    char shown[32];
    if (iscntrl((unsigned char)*s->at))
        return complain(s, "a control character; is this a text file?");
    size_t length = 1;
    while (length < 4 && s->at + length < s->end && ((unsigned char)s->at[length] & 0xc0) == 0x80)
        length++;
    text_escape(shown, sizeof shown, s->at, length);
    report_error(s->report, s->line, "syntax", outline_place(&s->outline).text,
                 "%s has no place here; a text stands in \"quotes\", straight and double", shown);
    return -1;
}

static int scan_word(struct scanner *s, bool *ret_bad)
{
    unsigned char c = (unsigned char)*s->at;
    if (c == '#' || looks_at(s, "//"))
        skip_line(s);
    else if (looks_at(s, "/*"))
        return skip_comment(s);
    else if (c == '"')
        return skip_string(s);
    else if (isdigit(c) || c == '+' || c == '-' || c == '.')
        return skip_number(s, ret_bad);
    else if (isalpha(c) || c == '*')
        return skip_name(s);
    else if (is_one_of((char)c, "{([])}=:;,"))
        return skip_mark(s);
    else if (c == '\0')
        return complain_of_nul(s);
    else if (c == '@')
        return complain_of_file(s, "@include and other directives are refused: one file holds "
                                   "everything the probes must agree on");
    else if (!is_one_of((char)c, " \t\r\n\f"))
        return complain_of_character(s);
    else {
        s->line += c == '\n' ? 1 : 0;
        s->at++;
    }
    return 0;
}

/* An editor's mark of an encoding in the first bytes. */
static int check_encoding(struct scanner *s)
{
    if (looks_at(s, "\xEF\xBB\xBF"))
        return complain_of_file(s, "a byte-order mark; save the file as UTF-8 without one");
    if (looks_at(s, "\xFF\xFE") || looks_at(s, "\xFE\xFF"))
        return complain_of_file(s, "this is UTF-16; save the file as UTF-8");
    return 0;
}

int scan_settings(const char *text, size_t length, struct settings_report *report)
{
    struct scanner s = {.at = text, .end = text + length, .line = 1, .report = report};
    bool bad = false;
    outline_begin(&s.outline);
    if (check_encoding(&s) < 0)
        return -1;
    while (s.at < s.end) {
        if (scan_word(&s, &bad) < 0)
            return -1;
    }
    if (outline_end(&s.outline) < 0)
        return complain_of_outline(&s);
    return bad ? -1 : 0;
}
