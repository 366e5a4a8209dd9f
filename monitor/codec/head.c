/* SPDX-License-Identifier: Apache-2.0 */
#include "head.h"

#include <string.h>
#include <strings.h>

bool head_next(const char **at, const char *end, struct head_line *ret_line)
{
    while (*at < end) {
        const char *begin = *at;
        const char *stop = memchr(begin, '\n', (size_t)(end - begin));
        const char *colon;

        *at = stop != NULL ? stop + 1 : end;
        stop = stop != NULL ? stop : end;
        colon = memchr(begin, ':', (size_t)(stop - begin));
        if (colon == NULL)
            continue;
        *ret_line = (struct head_line){.name = begin, .name_length = (size_t)(colon - begin)};
        for (colon++; colon < stop && (*colon == ' ' || *colon == '\t'); colon++)
            ;
        while (stop > colon && (stop[-1] == ' ' || stop[-1] == '\t' || stop[-1] == '\r'))
            stop--;
        ret_line->value = colon;
        ret_line->value_length = (size_t)(stop - colon);
        return true;
    }
    return false;
}

bool head_line_is(const struct head_line *line, const char *name)
{
    return line->name_length == strlen(name) &&
           strncasecmp(line->name, name, line->name_length) == 0;
}

bool head_find(const char *head, size_t length, const char *name, struct head_line *ret_line)
{
    const char *at = head;
    struct head_line line;
    bool found = false;

    while (head_next(&at, head + length, &line)) {
        if (!head_line_is(&line, name))
            continue;
        *ret_line = line;
        found = true;
    }
    return found;
}

static bool is_between(char c)
{
    return c == ',' || c == ' ' || c == '\t';
}

bool head_line_has_token(const struct head_line *line, const char *token)
{
    const char *at = line->value;
    const char *end = at + line->value_length;

    while (at < end) {
        const char *begin = at;

        while (at < end && !is_between(*at))
            at++;
        if ((size_t)(at - begin) == strlen(token) && at > begin &&
            strncasecmp(begin, token, strlen(token)) == 0)
            return true;
        if (at < end)
            at++;
    }
    return false;
}

bool head_has_token(const char *head, size_t length, const char *name, const char *token)
{
    const char *at = head;
    struct head_line line;

    while (head_next(&at, head + length, &line)) {
        if (head_line_is(&line, name) && head_line_has_token(&line, token))
            return true;
    }
    return false;
}
