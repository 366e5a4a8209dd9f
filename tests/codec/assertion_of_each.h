/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_of_each.h: an expression with one of each, a path, a name, a list, a text, a pattern,
 * and, or, not; read and judged, for test_memory.c. */
#ifndef REGIONSHIFT_TESTS_ASSERTION_OF_EACH_H
#define REGIONSHIFT_TESTS_ASSERTION_OF_EACH_H

#include <stdio.h>
#include <string.h>

#include "assertion.h"

/* Writes "holds" or "fails"; -1: there was no memory to tell. */
static inline int judge_one_of_each(char *made, size_t made_size, char *error, size_t error_size)
{
    static const char text[] = "json .a[0]['b c'] < 100 and not header 'x-ready' == '0' and "
                               "(status in 101,102,103,104,105,200-299 or "
                               "body matches /^ok.*[0-9]$/is) and body matches /b c/";
    static const char body[] = "{\"a\": [{\"b c\": 99}]}";
    struct answer answer = {.has = UINT32_MAX,
                            .status = 201,
                            .body = body,
                            .body_length = sizeof(body) - 1,
                            .state = ""};
    struct assertion *assertion = NULL;
    enum assertion_outcome outcome;
    enum failure failure;

    if (assertion_parse(text, (1u << SUBJECT_COUNT) - 1, &assertion, error, error_size) < 0)
        return -1;
    outcome = assertion_judge(assertion, &answer, &failure, error, error_size);
    assertion_destroy(assertion);
    /* jansson takes its own want of memory for bad JSON; a daemon has ended by then */
    if (outcome == ASSERTION_UNKNOWN || strstr(error, "body is no JSON") != NULL)
        return -1;
    snprintf(made, made_size, outcome == ASSERTION_HOLDS ? "holds" : "fails");
    return 0;
}

#endif
