/* SPDX-License-Identifier: Apache-2.0 */
#include "ini.h"

#include <string.h>

bool ini_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct ini_span ini_trim(struct ini_span span)
{
    while (span.length > 0 && ini_is_blank(span.at[0])) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 && ini_is_blank(span.at[span.length - 1]))
        span.length--;
    return span;
}

bool ini_equals(struct ini_span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

/* ---- lines ---- */

struct ini_span ini_begin(const char *text, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t skipped =
        length >= strlen(mark) && memcmp(text, mark, strlen(mark)) == 0 ? strlen(mark) : 0;

    return (struct ini_span){text + skipped, length - skipped};
}

bool ini_next_line(struct ini_span *text, struct ini_span *ret_line)
{
    const char *end;
    size_t length;

    if (text->length == 0)
        return false;
    end = memchr(text->at, '\n', text->length);
    length = end != NULL ? (size_t)(end - text->at) : text->length;
    *ret_line = (struct ini_span){text->at, length};
    if (end != NULL)
        length++;
    *text = (struct ini_span){text->at + length, text->length - length};
    return true;
}

bool ini_is_nothing(struct ini_span line)
{
    return line.length == 0 || line.at[0] == '#' || line.at[0] == ';';
}

/* ---- sections ---- */

bool ini_section(struct ini_span line, struct ini_span *ret_name)
{
    const char *end = memchr(line.at, ']', line.length);

    if (end == NULL)
        return false;
    *ret_name = ini_trim((struct ini_span){line.at + 1, (size_t)(end - line.at) - 1});
    return true;
}

static struct ini_span without_quotes(struct ini_span span)
{
    if (span.length >= 2 && (span.at[0] == '"' || span.at[0] == '\'') &&
        span.at[span.length - 1] == span.at[0])
        return (struct ini_span){span.at + 1, span.length - 2};
    return span;
}

bool ini_section_is(struct ini_span name, const char *kind, const char *wanted)
{
    size_t length = strlen(kind);

    if (ini_equals(name, "default"))
        return strcmp(kind, "profile") == 0 && strcmp(wanted, "default") == 0;
    if (name.length <= length || memcmp(name.at, kind, length) != 0 ||
        !ini_is_blank(name.at[length]))
        return false;
    name = ini_trim((struct ini_span){name.at + length, name.length - length});
    return ini_equals(without_quotes(name), wanted);
}

/* ---- properties ---- */

/* A comment behind a value needs a blank before it. */
static struct ini_span without_comment(struct ini_span span)
{
    for (size_t i = 1; i < span.length; i++) {
        if ((span.at[i] == '#' || span.at[i] == ';') && ini_is_blank(span.at[i - 1]))
            span.length = i;
    }
    return ini_trim(span);
}

bool ini_property(struct ini_span line, struct ini_span *ret_key, struct ini_span *ret_value)
{
    const char *sign = memchr(line.at, '=', line.length);
    size_t length;

    if (sign == NULL)
        return false;
    length = (size_t)(sign - line.at);
    *ret_key = ini_trim((struct ini_span){line.at, length});
    *ret_value = without_comment((struct ini_span){sign + 1, line.length - length - 1});
    return true;
}
