/* SPDX-License-Identifier: Apache-2.0 */
/* assertion_look.h: how a test looks at an answer, for the files that do it: assertion_value.c
 * (numbers and texts), assertion_header.c, assertion_json_look.c. Each leaves a finding. */
#ifndef REGIONSHIFT_ASSERTION_LOOK_H
#define REGIONSHIFT_ASSERTION_LOOK_H

#include "assertion_value.h"

void look_at_header(struct judging *judging, const struct test *test, struct finding *finding,
                    struct saying *saying);
void look_at_json(struct judging *judging, const struct test *test, struct finding *finding,
                  struct saying *saying);

/* HOLDS or FAILS. */
enum assertion_outcome look_outcome(bool holds);

/* Of ==, <, ...: whether it holds for an order below, at or above 0. */
bool look_order_holds(enum relation relation, int order);

/* Of ==, !=, contains and matches. When it is unknown, the saying has the reason. */
enum assertion_outcome look_text_holds(struct judging *judging, const struct test *test,
                                       const char *text, size_t length, struct saying *saying);

/* A text was seen. */
void look_see_text(struct finding *finding, const char *text, size_t length);

#endif
