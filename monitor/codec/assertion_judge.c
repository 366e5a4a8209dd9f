/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: `not` is not done to an outcome but handed down as what is wanted, by De Morgan's rule;
 * so each test knows which way it was wanted when it says why it failed. And unknown is a value of
 * its own (Kleene): `false and unknown` fails, `true or unknown` holds, the rest is unknown. */
#include <assert.h>
#include <stdio.h>

#include "assertion_value.h"

static enum assertion_outcome judge(struct judging *judging, const struct assertion *node,
                                    bool wanted, struct saying *saying);

/* A body that is no JSON fails its tests either way: `not json .error exists` is no praise for a
 * page of HTML. */
static enum assertion_outcome judge_test(struct judging *judging, const struct test *test,
                                         bool wanted, struct saying *saying)
{
    struct finding finding;
    enum assertion_outcome outcome;
    struct saying reason = {.width = saying->width};

    test_look(judging, test, &finding, &reason);
    outcome = finding.outcome;
    if (finding.is_broken || outcome == ASSERTION_UNKNOWN) {
        *saying = reason;
        return outcome;
    }
    if ((outcome == ASSERTION_HOLDS) == wanted)
        return ASSERTION_HOLDS;
    say_finding(saying, test, judging->answer, &finding, wanted);
    return ASSERTION_FAILS;
}

/* All of the two: the one that fails is told, the left one first. Any of them: both are. */
static enum assertion_outcome judge_pair(struct judging *judging, const struct assertion *node,
                                         bool wanted, struct saying *saying)
{
    bool all = (node->kind == NODE_AND) == wanted;
    enum assertion_outcome decides = all ? ASSERTION_FAILS : ASSERTION_HOLDS;
    struct saying left = {.width = all ? saying->width : SAYING_WIDTH_OF_TWO};
    struct saying right = left;
    enum assertion_outcome of_left = judge(judging, node->left, wanted, &left);
    enum assertion_outcome of_right;

    *saying = left;
    if (of_left == decides)
        return of_left;
    of_right = judge(judging, node->right, wanted, &right);
    if (of_right == decides || (of_right == ASSERTION_UNKNOWN && of_left != ASSERTION_UNKNOWN)) {
        *saying = right;
        return of_right;
    }
    if (of_left == ASSERTION_FAILS)
        say_also(saying, &right);
    return of_left;
}

static enum assertion_outcome judge(struct judging *judging, const struct assertion *node,
                                    bool wanted, struct saying *saying)
{
    switch (node->kind) {
    case NODE_TEST:
        return judge_test(judging, &node->test, wanted, saying);
    case NODE_NOT:
        return judge(judging, node->left, !wanted, saying);
    case NODE_AND:
    case NODE_OR:
        break;
    }
    return judge_pair(judging, node, wanted, saying);
}

static void check_answer(const struct answer *answer)
{
    assert(answer->body != NULL || answer->body_length == 0);
    assert(answer->head != NULL || answer->head_length == 0);
    assert(answer->state != NULL || (answer->has & SUBJECT_BIT(SUBJECT_STATE)) == 0);
}

enum assertion_outcome assertion_judge(const struct assertion *assertion,
                                       const struct answer *answer, enum failure *ret_failure,
                                       char *detail, size_t detail_size)
{
    struct judging judging = {.answer = answer, .steps_left = PATTERN_STEPS_MAX};
    struct saying saying = {.width = SAYING_WIDTH};
    enum assertion_outcome outcome;

    assert(assertion != NULL);
    check_answer(answer);
    outcome = judge(&judging, assertion, true, &saying);
    json_decref(judging.json);
    if (outcome == ASSERTION_HOLDS)
        return outcome;
    *ret_failure = outcome == ASSERTION_FAILS ? saying.failure : FAILURE_POLICY;
    snprintf(detail, detail_size, "%s", saying.text);
    return outcome;
}
