/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions that anybody may write, and answers that anybody may give. What is promised: a
 * mistake has a column within the text and is printable; what is read once is read again alike; a
 * judgement says something exactly when it does not hold, in at most 200 printable characters; the
 * negation of an expression holds and fails the other way (but for bodies that are no JSON, which
 * fail both); what an expression does not look at makes no difference to it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assertion.h"
#include "fuzz.h"

enum { ERROR_SIZE = 256, EVERY_SUBJECT = (1 << SUBJECT_COUNT) - 1 };

/* Against these foreign answers are judged. None of them is slow: what runs past its limits is
 * found at once, and would be all that is run. */
static const char *const expressions[] = {
    "json .queue.depth < 100 or json .queue['odd name'][1] == 'two' or json [0] != null",
    "body contains 'ok' and body != 'ok' or body contains '\\x00'",
    "body matches /(a|aa){1,6}[^a]$/ or body matches /^\\s*\\{.*\"ok\"\\s*:\\s*true/is",
    "header 'x-ready' == '1' or header 'via' != 'a' or header 'x' matches /^[0-9]+$/",
    "header 'a' exists or not header 'b' contains 'c'",
    "not (json .a contains 'x' or json .b matches /x+y/ or json . exists)",
    "json .a >= -0.5e3 and json .a <= 123456789012345678 and json .b == true",
    "status in 200-299,304 or state == OK or state matches /^(up|ready)/i",
};

static void check_printable(const char *text, size_t max)
{
    assert(strlen(text) <= max);
    for (const char *p = text; *p != '\0'; p++)
        assert(*p >= 0x20 && *p < 0x7f);
}

static enum assertion_outcome judge(const struct assertion *assertion, const struct answer *answer)
{
    char detail[RESULT_DETAIL_MAX + 1] = "";
    enum failure failure = FAILURE_NONE;
    enum assertion_outcome outcome =
        assertion_judge(assertion, answer, &failure, detail, sizeof(detail));

    check_printable(detail, RESULT_DETAIL_MAX);
    assert((outcome == ASSERTION_HOLDS) == (failure == FAILURE_NONE));
    assert((outcome == ASSERTION_HOLDS) == (detail[0] == '\0'));
    assert((outcome == ASSERTION_UNKNOWN) == (failure == FAILURE_POLICY));
    return outcome;
}

static void check_negation(const char *text, const struct answer *answer,
                           enum assertion_outcome outcome)
{
    char *negated = malloc(strlen(text) + sizeof("not ()"));
    struct assertion *assertion = NULL;
    char error[ERROR_SIZE];
    enum assertion_outcome other;

    assert(negated != NULL);
    snprintf(negated, strlen(text) + sizeof("not ()"), "not (%s)", text);
    if (assertion_parse(negated, EVERY_SUBJECT, &assertion, error, sizeof(error)) == 0) {
        other = judge(assertion, answer);
        assert((outcome == ASSERTION_UNKNOWN) == (other == ASSERTION_UNKNOWN));
        assert(outcome != ASSERTION_HOLDS || other == ASSERTION_FAILS);
        assert(outcome != ASSERTION_FAILS || other == ASSERTION_HOLDS);
    }
    assertion_destroy(assertion);
    free(negated);
}

/* An answer of everything; its body is JSON. */
static const struct answer *whole_answer(void)
{
    static const char body[] =
        "{\"a\": 1, \"b\": \"x\\u0000y\", \"c\": [null, true, {\"d\": 0.5}], "
        "\"ok\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}";
    static const char head[] = "HTTP/1.1 200 OK\r\nX: 1\r\nA: b\r\na: c\r\n";
    static const struct answer answer = {.has = EVERY_SUBJECT,
                                         .status = 200,
                                         .body = body,
                                         .body_length = sizeof(body) - 1,
                                         .head = head,
                                         .head_length = sizeof(head) - 1,
                                         .latency_us = 1234567,
                                         .cert_left_s = -86399,
                                         .tls_version = 0x0303,
                                         .rcode = 2,
                                         .answers = 3,
                                         .exit = 1,
                                         .state = "OK",
                                         .healthy = 2,
                                         .unhealthy = 1,
                                         .percent = 75};

    return &answer;
}

static void check_looks(const char *text, struct assertion *assertion)
{
    struct answer answer = *whole_answer();
    enum assertion_outcome outcome = judge(assertion, &answer);
    uint32_t subjects = assertion_subjects(assertion);
    struct assertion *again = NULL;
    char error[ERROR_SIZE];

    assert(subjects != 0 && (subjects & ~(uint32_t)EVERY_SUBJECT) == 0);
    answer.has = subjects;
    assert(judge(assertion, &answer) == outcome);
    assert(assertion_parse(text, subjects, &again, error, sizeof(error)) == 0);
    assert(judge(again, &answer) == outcome);
    assertion_destroy(again);
    check_negation(text, &answer, outcome);
    answer.has = 0; /* nothing to look at: nothing is read, nothing is known */
    assert(judge(assertion, &answer) == ASSERTION_UNKNOWN);
}

void fuzz_assertion_expression(const uint8_t *data, size_t size)
{
    struct assertion *assertion = NULL;
    char error[ERROR_SIZE] = "";
    char *text = malloc(size + 1);
    unsigned column;

    assert(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    if (assertion_parse(text, EVERY_SUBJECT, &assertion, error, sizeof(error)) == 0) {
        check_looks(text, assertion);
    } else {
        assert(assertion == NULL);
        check_printable(error, sizeof(error) - 1);
        assert(sscanf(error, "column %u: ", &column) == 1);
        assert(column >= 1 && column <= strlen(text) + 1);
        assert(strstr(error, "allowed") != NULL);
    }
    assertion_destroy(assertion);
    free(text);
}

/* The first byte picks the expression, and whether the body was cut; the rest is body and head. */
void fuzz_assertion_answer(const uint8_t *data, size_t size)
{
    struct assertion *assertion = NULL;
    struct answer answer = {.has = EVERY_SUBJECT, .state = "x"};
    char error[ERROR_SIZE];
    const char *text;
    char *state;
    enum assertion_outcome outcome;

    if (size == 0)
        return;
    state = malloc(size);
    assert(state != NULL);
    memcpy(state, data + 1, size - 1);
    state[size - 1] = '\0';
    text = expressions[data[0] % (sizeof(expressions) / sizeof(expressions[0]))];
    answer.body_cut = data[0] >= 128;
    answer.body = answer.head = (const char *)data + 1;
    answer.body_length = answer.head_length = size - 1;
    answer.state = state;
    assert(assertion_parse(text, EVERY_SUBJECT, &assertion, error, sizeof(error)) == 0);
    outcome = judge(assertion, &answer);
    assert(judge(assertion, &answer) == outcome);
    if (strstr(text, "json") == NULL)
        check_negation(text, &answer, outcome);
    assertion_destroy(assertion);
    free(state);
}
