/* SPDX-License-Identifier: Apache-2.0 */
/* assertions.h: an answer of everything, and judgements in one line. */
#ifndef REGIONSHIFT_TESTS_ASSERTIONS_H
#define REGIONSHIFT_TESTS_ASSERTIONS_H

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "assertion.h"

#define EVERY_SUBJECT ((UINT32_C(1) << SUBJECT_COUNT) - 1)
#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

/* What the last judgement said. */
static enum failure failure;
static char detail[RESULT_DETAIL_MAX + 1];

static inline struct assertion *parse(const char *text)
{
    struct assertion *assertion = NULL;
    char error[256] = "";

    ck_assert_msg(assertion_parse(text, EVERY_SUBJECT, &assertion, error, sizeof(error)) == 0,
                  "%s: %s", text, error);
    return assertion;
}

/* Of everything an expression can look at. */
static inline struct answer whole_answer(void)
{
    static const char body[] = "{\"queue\": {\"depth\": 140, \"odd name\": [1, \"two\", null]}, "
                               "\"ready\": true, \"text\": \"a\\u0000b\", \"rate\": 0.5}";
    static const char head[] = "HTTP/1.1 503 Out: of order\r\nX-Ready: 1\r\nvia:a\r\nVia: b \r\n"
                               " folded: no\r\nEmpty:\r\nno colon\r\n";

    return (struct answer){.has = EVERY_SUBJECT,
                           .status = 503,
                           .body = body,
                           .body_length = sizeof(body) - 1,
                           .head = head,
                           .head_length = sizeof(head) - 1,
                           .latency_us = 412000,
                           .cert_left_s = 14 * 86400 - 1,
                           .tls_version = 0x0302,
                           .rcode = 3,
                           .answers = 2,
                           .exit = 2,
                           .state = "ALARM",
                           .healthy = 1,
                           .unhealthy = 3,
                           .percent = 40};
}

static inline enum assertion_outcome judge_answer(const char *text, const struct answer *answer)
{
    struct assertion *assertion = parse(text);
    enum assertion_outcome outcome;

    failure = FAILURE_NONE;
    detail[0] = '\0';
    outcome = assertion_judge(assertion, answer, &failure, detail, sizeof(detail));
    assertion_destroy(assertion);
    ck_assert((outcome == ASSERTION_HOLDS) == (failure == FAILURE_NONE));
    for (const char *p = detail; *p != '\0'; p++)
        ck_assert_msg(*p >= 0x20 && *p < 0x7f, "%s", detail);
    return outcome;
}

static inline enum assertion_outcome judge_body(const char *text, const char *body, size_t length)
{
    struct answer answer = {.has = SUBJECT_BIT(SUBJECT_BODY), .body = body, .body_length = length};

    return judge_answer(text, &answer);
}

#endif
