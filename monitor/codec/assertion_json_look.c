/* SPDX-License-Identifier: Apache-2.0 */
/* The idea: only numbers have an order, only texts can be searched; a value of another type is
 * simply not what was wanted. A body that is no JSON leaves nothing to ask. */
#include "assertion_look.h"

#include <string.h>

static bool json_equals(const json_t *value, const struct operand *operand)
{
    switch (operand->literal.kind) {
    case JSON_LITERAL_NUMBER:
        return json_is_number(value) && json_number_compare(value, &operand->literal) == 0;
    case JSON_LITERAL_WORD:
        return json_typeof(value) == operand->literal.word;
    case JSON_LITERAL_TEXT:
        break;
    }
    return json_is_string(value) && json_string_length(value) == operand->text_length &&
           memcmp(json_string_value(value), operand->text, operand->text_length) == 0;
}

static enum assertion_outcome json_holds(struct judging *judging, const struct test *test,
                                         const json_t *value, struct saying *saying)
{
    switch (test->relation) {
    case RELATION_EQUAL:
    case RELATION_NOT_EQUAL:
        return look_outcome(json_equals(value, &test->operand) ==
                            (test->relation == RELATION_EQUAL));
    case RELATION_LESS:
    case RELATION_LESS_EQUAL:
    case RELATION_GREATER:
    case RELATION_GREATER_EQUAL:
        return look_outcome(
            json_is_number(value) &&
            look_order_holds(test->relation, json_number_compare(value, &test->operand.literal)));
    case RELATION_CONTAINS:
    case RELATION_MATCHES:
        if (!json_is_string(value))
            return ASSERTION_FAILS;
        return look_text_holds(judging, test, json_string_value(value), json_string_length(value),
                               saying);
    case RELATION_EXISTS:
        return ASSERTION_HOLDS;
    case RELATION_IN:
    case RELATION_COUNT:
        break;
    }
    return ASSERTION_FAILS;
}

/* The body as JSON, parsed when the first test asks. NULL: it cannot be, and that has been said. */
static const json_t *json_of_body(struct judging *judging, const struct test *test,
                                  struct finding *finding, struct saying *saying)
{
    const struct answer *answer = judging->answer;

    if (!judging->json_read) {
        judging->json = json_body_parse(answer->body, answer->body_length, answer->body_cut,
                                        &judging->json_unknown, judging->json_why);
        judging->json_read = true;
    }
    if (judging->json != NULL)
        return judging->json;
    finding->is_broken = true;
    finding->outcome = judging->json_unknown ? ASSERTION_UNKNOWN : ASSERTION_FAILS;
    say(saying, judging->json_unknown ? "body cannot be read as JSON: " : "body is no JSON, ");
    say_foreign(saying, judging->json_why, strlen(judging->json_why));
    say(saying, ", wanted ");
    say_foreign(saying, test->name, strlen(test->name));
    saying->failure = FAILURE_BODY;
    return NULL;
}

void look_at_json(struct judging *judging, const struct test *test, struct finding *finding,
                  struct saying *saying)
{
    const json_t *root = json_of_body(judging, test, finding, saying);
    const json_t *value;

    if (root == NULL)
        return;
    value = json_path_find(test->path, root);
    finding->is_missing = value == NULL;
    finding->outcome = ASSERTION_FAILS;
    if (value == NULL)
        return;
    if (json_is_string(value)) {
        look_see_text(finding, json_string_value(value), json_string_length(value));
    } else {
        json_value_print(value, finding->buffer, sizeof(finding->buffer));
        finding->seen = finding->buffer;
        finding->seen_length = strlen(finding->buffer);
    }
    finding->outcome = json_holds(judging, test, value, saying);
}
