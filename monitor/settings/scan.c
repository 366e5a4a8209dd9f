/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c: a reader of libconfig's words only, not of its grammar: strings, comments, numbers,
 * brackets. It stops at the first complaint whose consequences would be noise, and goes on after
 * numbers, which are independent of each other. */
#include "scan.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* The deepest option, services.[].sites.[].checks.[].headers, lies 8 deep; the parser's recursion
 * must not be the limit. */
enum { DEPTH_MAX = 16, NUMBER_LENGTH_MAX = 40 };

struct scanner {
    const char *at;
    const char *end;
    unsigned line;
    unsigned depth;
    struct settings_report *report;
};

static int complain(struct scanner *s, const char *what)
{
    report_error(s->report, s->line, "syntax", "", "%s", what);
    return -1;
}

static bool looks_at(const struct scanner *s, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(s->end - s->at) >= length && memcmp(s->at, word, length) == 0;
}

static void skip_line(struct scanner *s)
{
    while (s->at < s->end && *s->at != '\n')
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
        s->line += *s->at == '\n' ? 1 : 0;
    }
    s->line = opened;
    return complain(s, "the comment opened here with /* is never closed with */");
}

/* A string ends on its own line: libconfig would take the next quote, lines below, for its end. */
static int skip_string(struct scanner *s)
{
    for (s->at++; s->at < s->end && *s->at != '\n'; s->at++) {
        if (*s->at == '"') {
            s->at++;
            return 0;
        }
        if (looks_at(s, "\\x00"))
            return complain(s, "\\x00 in a string: text may hold every character but NUL");
        if (*s->at == '\\' && s->at + 1 < s->end && s->at[1] != '\n')
            s->at++;
    }
    return complain(s, "the string opened on this line is not closed on it with \"");
}

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

static int check_number(struct scanner *s, const char *number)
{
    const char *suffix = NULL;
    errno = 0;
    if (is_integer(number, &suffix)) {
        bool is_hex = number[0] == '0' && (number[1] == 'x' || number[1] == 'X');
        long long value = strtoll(number, NULL, is_hex ? 16 : 10);
        if (errno == 0 && (*suffix == 'L' || (value >= INT32_MIN && value <= INT32_MAX)))
            return 0;
        report_error(s->report, s->line, "number", "", "%s is too large; integers lie within %s",
                     number, *suffix == 'L' ? "64 bits" : "-2147483648..2147483647");
        return -1;
    }
    char *end = NULL;
    double value = strtod(number, &end);
    if (*end == '\0' && isfinite(value) && strpbrk(number, "0123456789") != NULL)
        return 0;
    report_error(s->report, s->line, "number", "", "%s is not a number; write 5, 0.5 or 1e3",
                 number);
    return -1;
}

static int skip_number(struct scanner *s)
{
    const char *start = s->at;
    while (s->at < s->end && (isalnum((unsigned char)*s->at) || strchr("+-._", *s->at) != NULL))
        s->at++;
    size_t length = (size_t)(s->at - start);
    char number[NUMBER_LENGTH_MAX + 1];
    if (length > NUMBER_LENGTH_MAX) {
        report_error(s->report, s->line, "number", "", "a number of %zu digits; at most %d", length,
                     NUMBER_LENGTH_MAX);
        return -1;
    }
    memcpy(number, start, length);
    number[length] = '\0';
    return check_number(s, number);
}

static void skip_word(struct scanner *s)
{
    while (s->at < s->end && (isalnum((unsigned char)*s->at) || strchr("-_*", *s->at) != NULL))
        s->at++;
}

static int count_bracket(struct scanner *s)
{
    if (strchr("{([", *s->at) != NULL) {
        if (++s->depth > DEPTH_MAX)
            return complain(s, "brackets nested deeper than any option; at most 16");
    } else if (strchr("})]", *s->at) != NULL && s->depth > 0) {
        s->depth--;
    }
    s->line += *s->at == '\n' ? 1 : 0;
    s->at++;
    return 0;
}

/* Returns 0, or -1 when what follows could not be trusted. ret_bad is set by a bad number. */
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
        *ret_bad |= skip_number(s) < 0;
    else if (isalpha(c) || c == '*')
        skip_word(s);
    else if (c == '@')
        return complain(s, "@include and other directives are refused: one file holds everything "
                           "the probes must agree on");
    else
        return count_bracket(s);
    return 0;
}

static int find_nul(struct scanner *s)
{
    const char *nul = memchr(s->at, '\0', (size_t)(s->end - s->at));
    if (nul == NULL)
        return 0;
    for (const char *c = s->at; c < nul; c++)
        s->line += *c == '\n' ? 1 : 0;
    return complain(s, "a NUL byte: everything after it would be ignored; is this a text file?");
}

int scan_text(const char *text, size_t length, struct settings_report *report)
{
    struct scanner s = {.at = text, .end = text + length, .line = 1, .report = report};
    bool bad = false;
    if (find_nul(&s) < 0)
        return -1;
    if (looks_at(&s, "\xEF\xBB\xBF"))
        return complain(&s, "a byte-order mark; save the file as UTF-8 without one");
    while (s.at < s.end) {
        if (scan_word(&s, &bad) < 0)
            return -1;
    }
    return bad ? -1 : 0;
}
