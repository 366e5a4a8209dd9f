/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a head is looked through line by line for each test; it has some dozens of lines, and
 * no copy of it is needed. */
#include "assertion_look.h"

#include <string.h>
#include <strings.h>

struct line {
    const char *name;
    size_t name_length;
    const char *value;
    size_t value_length;
};

/* The next "name: value". A status line may look like one, and a folded line too: neither begins as
 * a header's name can, so neither is ever the one that is asked for. */
static bool next_line(const char **at, const char *end, struct line *ret_line)
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
        *ret_line = (struct line){.name = begin, .name_length = (size_t)(colon - begin)};
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

static bool is_named(const struct line *line, const char *name)
{
    return line->name_length == strlen(name) &&
           strncasecmp(line->name, name, line->name_length) == 0;
}

/* Of several lines with the name one that is right is enough; for != all of them must be other. */
static enum assertion_outcome join_lines(const struct test *test, enum assertion_outcome before,
                                         enum assertion_outcome line)
{
    enum assertion_outcome decides =
        test->relation == RELATION_NOT_EQUAL ? ASSERTION_FAILS : ASSERTION_HOLDS;

    if (before == decides || line == decides)
        return decides;
    return before == ASSERTION_UNKNOWN ? before : line;
}

void look_at_header(struct judging *judging, const struct test *test, struct finding *finding,
                    struct saying *saying)
{
    const char *at = judging->answer->head;
    const char *end = at + judging->answer->head_length;
    struct line line;

    finding->outcome = ASSERTION_FAILS;
    finding->is_missing = true;
    while (next_line(&at, end, &line)) {
        enum assertion_outcome outcome = ASSERTION_HOLDS;

        if (!is_named(&line, test->header))
            continue;
        if (test->relation != RELATION_EXISTS)
            outcome = look_text_holds(judging, test, line.value, line.value_length, saying);
        if (finding->is_missing)
            look_see_text(finding, line.value, line.value_length);
        finding->outcome =
            finding->is_missing ? outcome : join_lines(test, finding->outcome, outcome);
        finding->is_missing = false;
    }
}
