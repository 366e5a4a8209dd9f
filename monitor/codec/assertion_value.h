/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_value.h: one test against one answer. */
#ifndef REGIONSHIFT_ASSERTION_VALUE_H
#define REGIONSHIFT_ASSERTION_VALUE_H

#include "assertion_say.h"

/* One judgement. Its tests share what is dear: the body as JSON, and the steps of patterns. */
struct judging {
    const struct answer *answer;
    uint32_t steps_left;
    bool json_read;
    bool json_unknown; /* json is NULL, and it is our doing */
    json_t *json;
    char json_why[JSON_WHY_MAX];
};

/* Looks whether subject and operand have the relation. When the outcome is unknown or the finding
 * broken, the saying has the reason already. */
void test_look(struct judging *judging, const struct test *test, struct finding *ret_finding,
               struct saying *saying);

#endif
