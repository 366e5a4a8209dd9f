/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: a head is looked through line by line for each test; it has some dozens of lines, and
 * no copy of it is needed. */
#include "assertion_look.h"

#include "head.h"

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
    struct head_line line;

    finding->outcome = ASSERTION_FAILS;
    finding->is_missing = true;
    while (head_next(&at, end, &line)) {
        enum assertion_outcome outcome = ASSERTION_HOLDS;

        if (!head_line_is(&line, test->header))
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
