/* SPDX-License-Identifier: Apache-2.0 */
/* The one formatter: every code has a name, and what it writes can be read as logfmt again. */
#include "fact.h"

#include <stdio.h>
#include <string.h>

#include "by_hand.h"

static const struct fact blank = {.rule = "",
                                  .word = "",
                                  .word2 = "",
                                  .group = NONE,
                                  .site = NONE,
                                  .region = NONE,
                                  .zone = NONE,
                                  .probe = NONE,
                                  .epoch = -1,
                                  .number = -1,
                                  .limit = -1};

static const char *line_of(const struct fact *fact)
{
    static char line[512];
    struct by_hand hand;

    by_hand(&hand);
    ck_assert_uint_eq(fact_format(fact, &hand.settings, line, sizeof(line)), strlen(line));
    return line;
}

START_TEST(every_code_has_a_name_of_its_own)
{
    for (int i = 0; i < FACT_CODE_COUNT; i++) {
        struct fact fact = blank;

        fact.code = (enum fact_code)i;
        ck_assert_ptr_nonnull(fact_name(fact.code));
        ck_assert_str_eq(line_of(&fact), fact_name(fact.code));
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(fact_name((enum fact_code)j), fact_name(fact.code));
    }
}
END_TEST

START_TEST(ids_are_told_by_name_and_numbers_by_meaning)
{
    struct fact fact = blank;

    fact.code = FACT_REFUSED;
    fact.group = 0;
    fact.rule = "D6";
    fact.word = "dwell";
    fact.number = 12000;
    fact.limit = 600000;
    ck_assert_str_eq(line_of(&fact),
                     "refused group=jwt-pizza reason=dwell value=12000 limit=600000 rule=D6");
    fact = blank;
    fact.code = FACT_AGREEMENT;
    fact.site = FACTORY_AT + WEST;
    fact.region = WEST; /* the site tells it already */
    fact.probe = 3;
    fact.zone = 0;
    fact.epoch = 7;
    fact.number = 0;
    ck_assert_str_eq(line_of(&fact),
                     "agreement site=factory/us-west-2 zone=ZONE1 probe=fra epoch=7 votes=0");
}
END_TEST

START_TEST(what_holds_a_space_an_equals_sign_or_a_quote_is_quoted)
{
    struct fact fact = blank;

    fact.code = FACT_ORDER;
    snprintf(fact.text, sizeof(fact.text), "%s", "a b");
    ck_assert_str_eq(line_of(&fact), "order id=\"a b\"");
    snprintf(fact.text, sizeof(fact.text), "%s", "say \"no\"");
    ck_assert_str_eq(line_of(&fact), "order id=\"say \\\"no\\\"\"");
    snprintf(fact.text, sizeof(fact.text), "%s", "a=b");
    ck_assert_str_eq(line_of(&fact), "order id=\"a=b\"");
    snprintf(fact.text, sizeof(fact.text), "%s", "\\x0a");
    ck_assert_str_eq(line_of(&fact), "order id=\"\\\\x0a\"");
    snprintf(fact.text, sizeof(fact.text), "%s", "plain-1");
    ck_assert_str_eq(line_of(&fact), "order id=plain-1");
}
END_TEST

START_TEST(a_line_that_does_not_fit_is_cut_and_ends)
{
    struct fact fact = blank;
    struct by_hand hand;
    char line[16];

    by_hand(&hand);
    fact.code = FACT_HEAD;
    fact.group = 0;
    snprintf(fact.text, sizeof(fact.text), "%s", "100/0 100/0");
    ck_assert_uint_eq(fact_format(&fact, &hand.settings, line, sizeof(line)), 15);
    ck_assert_str_eq(line, "head group=jwt-");
    ck_assert_uint_eq(fact_format(&fact, &hand.settings, line, 1), 0);
    ck_assert_uint_eq(fact_format(&fact, &hand.settings, line, 0), 0);
}
END_TEST

int main(void)
{
    return RUN_TESTS("fact", every_code_has_a_name_of_its_own,
                     ids_are_told_by_name_and_numbers_by_meaning,
                     what_holds_a_space_an_equals_sign_or_a_quote_is_quoted,
                     a_line_that_does_not_fit_is_cut_and_ends);
}
