/* SPDX-License-Identifier: Apache-2.0 */
/* D10: what was found at a gate, said as a sentence. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "gate.h"

START_TEST(words_and_numbers_take_their_places)
{
    struct finding findings[1];
    uint32_t count = 0;
    struct gate gate;

    finding_add(findings, &count, "D1", "leave", false, 12, 20, "%s waits %d s of %d s: %s", "east",
                (int64_t)12, (int64_t)-20, "held");
    ck_assert_uint_eq(count, 1);
    finding_say(&findings[0], &gate);
    ck_assert_str_eq(gate.text, "east waits 12 s of -20 s: held");
    ck_assert_str_eq(gate.rule, "D1");
    ck_assert_str_eq(gate.name, "leave");
    ck_assert(!gate.open);
    ck_assert_int_eq(gate.value, 12);
    ck_assert_int_eq(gate.limit, 20);
}
END_TEST

START_TEST(a_long_word_is_cut_and_so_is_a_long_sentence)
{
    struct finding findings[1];
    uint32_t count = 0;
    struct gate gate;
    char word[200];
    char sentence[400];

    memset(word, 'w', sizeof(word) - 1);
    word[sizeof(word) - 1] = '\0';
    memset(sentence, 's', sizeof(sentence) - 1);
    sentence[sizeof(sentence) - 1] = '\0';
    finding_add(findings, &count, "D7", "freeze", false, -1, -1, "by %s.", word);
    finding_say(&findings[0], &gate);
    ck_assert_uint_eq(strlen(gate.text), 3 + FINDING_WORD_MAX + 1);
    count = 0;
    finding_add(findings, &count, "D7", "freeze", false, -1, -1, sentence);
    finding_say(&findings[0], &gate);
    ck_assert_uint_eq(strlen(gate.text), GATE_TEXT_MAX);
}
END_TEST

START_TEST(a_full_list_and_no_list_take_no_more)
{
    struct finding findings[GATES_MAX];
    uint32_t count = GATES_MAX;

    finding_add(findings, &count, "D1", "leave", true, -1, -1, "one too many");
    ck_assert_uint_eq(count, GATES_MAX);
    finding_add(NULL, &count, "D1", "leave", true, -1, -1, "nowhere");
    ck_assert_uint_eq(count, GATES_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gate");
    TCase *tests = tcase_create("gate");

    tcase_add_test(tests, words_and_numbers_take_their_places);
    tcase_add_test(tests, a_long_word_is_cut_and_so_is_a_long_sentence);
    tcase_add_test(tests, a_full_list_and_no_list_take_no_more);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
