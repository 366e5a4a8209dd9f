/* SPDX-License-Identifier: Apache-2.0 */
/* V1, V3, V4: results as a row of signs, ten seconds apart, and the trace of states they make. */
#include "verdict.h"

#include <stdio.h>
#include <string.h>

#include "by_hand.h"

enum { EVERY_MS = 10000 };

static const struct verdict_rule plain = {.fall = 3, .rise = 2, .stale_ms = 30000};

/* '+' good, '-' bad, 'o' void, '.' no result at all. */
static const char *trace_of(const char *results, const struct verdict_rule *rule)
{
    static char trace[4096];
    size_t used = 0;
    struct verdict verdict;

    trace[0] = '\0';
    verdict_init(&verdict, 0);
    for (msec_t at_ms = EVERY_MS; *results != '\0'; results++, at_ms += EVERY_MS) {
        enum verdict_state before = verdict.state;

        verdict_expire(&verdict, rule, at_ms);
        if (*results != '.')
            verdict_apply(&verdict, rule,
                          *results == '+'   ? RESULT_GOOD
                          : *results == '-' ? RESULT_BAD
                                            : RESULT_VOID,
                          FAILURE_CONNECT, at_ms);
        if (verdict.state != before)
            used += (size_t)snprintf(trace + used, sizeof(trace) - used, "[%6d] %s\n", (int)at_ms,
                                     verdict_state_name(verdict.state));
    }
    return trace;
}

START_TEST(v1_the_states_in_their_order)
{
    ck_assert_str_eq(trace_of("++-+--+---++", &plain), "[ 20000] up\n"
                                                       "[ 30000] suspect\n"
                                                       "[ 40000] up\n"
                                                       "[ 50000] suspect\n"
                                                       "[ 70000] up\n"
                                                       "[ 80000] suspect\n"
                                                       "[100000] down\n"
                                                       "[110000] recovering\n"
                                                       "[120000] up\n");
}
END_TEST

START_TEST(v1_a_bad_result_while_recovering_is_down_again)
{
    ck_assert_str_eq(trace_of("---+-++", &plain), "[ 30000] down\n"
                                                  "[ 40000] recovering\n"
                                                  "[ 50000] down\n"
                                                  "[ 60000] recovering\n"
                                                  "[ 70000] up\n");
}
END_TEST

START_TEST(v1_fall_and_rise_of_one_need_one_result)
{
    static const struct verdict_rule quick = {.fall = 1, .rise = 1, .stale_ms = 30000};

    ck_assert_str_eq(trace_of("+-+", &quick), "[ 10000] up\n[ 20000] down\n[ 30000] up\n");
}
END_TEST

START_TEST(v1_the_start_knows_nothing_until_fall_or_rise)
{
    ck_assert_str_eq(trace_of("+--++", &plain), "[ 50000] up\n");
    ck_assert_str_eq(trace_of("-+---", &plain), "[ 50000] down\n");
}
END_TEST

START_TEST(v3_one_in_three_is_seen_by_the_window_only)
{
    static const struct verdict_rule window = {
        .fall = 3, .rise = 2, .window_bad = 3, .window_of = 9, .stale_ms = 30000};

    ck_assert_ptr_null(strstr(trace_of("++-++-++-++", &plain), "down"));
    ck_assert_str_eq(trace_of("++-++-++-", &window), "[ 20000] up\n"
                                                     "[ 30000] suspect\n"
                                                     "[ 40000] up\n"
                                                     "[ 60000] suspect\n"
                                                     "[ 70000] up\n"
                                                     "[ 90000] down\n");
}
END_TEST

START_TEST(v3_a_windows_down_ends_when_it_clears_not_with_one_good_result)
{
    static const struct verdict_rule window = {
        .fall = 9, .rise = 1, .window_bad = 3, .window_of = 6, .stale_ms = 30000};

    /* the third bad one leaves the six newest with the fourth good one */
    ck_assert_str_eq(trace_of("++---++++", &window), "[ 10000] up\n"
                                                     "[ 30000] suspect\n"
                                                     "[ 50000] down\n"
                                                     "[ 90000] up\n");
}
END_TEST

START_TEST(v3_a_window_of_sixty_four_counts_the_oldest_too)
{
    static const struct verdict_rule window = {
        .fall = 100, .rise = 1, .window_bad = 2, .window_of = 64, .stale_ms = 30000};
    struct verdict verdict;

    verdict_init(&verdict, 0);
    verdict_apply(&verdict, &window, RESULT_BAD, FAILURE_TIMEOUT, 0);
    for (msec_t i = 1; i < 63; i++)
        verdict_apply(&verdict, &window, RESULT_GOOD, FAILURE_NONE, i);
    ck_assert_int_eq(verdict.state, VERDICT_UP);
    verdict_apply(&verdict, &window, RESULT_BAD, FAILURE_TIMEOUT, 63);
    ck_assert_int_eq(verdict.state, VERDICT_DOWN);
    verdict_apply(&verdict, &window, RESULT_GOOD, FAILURE_NONE, 64);
    ck_assert_int_eq(verdict.state, VERDICT_UP);
}
END_TEST

START_TEST(v4_silence_for_three_intervals_is_unknown_from_every_state)
{
    ck_assert_str_eq(trace_of("++....", &plain), "[ 20000] up\n[ 60000] unknown\n");
    ck_assert_str_eq(trace_of("---....", &plain), "[ 30000] down\n[ 70000] unknown\n");
    ck_assert_str_eq(trace_of("++-....", &plain),
                     "[ 20000] up\n[ 30000] suspect\n[ 70000] unknown\n");
    ck_assert_str_eq(trace_of("---+....", &plain),
                     "[ 30000] down\n[ 40000] recovering\n[ 80000] unknown\n");
}
END_TEST

START_TEST(v4_what_went_before_the_silence_does_not_count_after_it)
{
    ck_assert_str_eq(trace_of("--....-", &plain), "");
    ck_assert_str_eq(trace_of("+....+", &plain), "");
}
END_TEST

START_TEST(v4_a_void_result_changes_nothing_and_is_no_evidence)
{
    ck_assert_str_eq(trace_of("++-o-o-", &plain), "[ 20000] up\n[ 30000] suspect\n[ 70000] down\n");
    ck_assert_str_eq(trace_of("++oooo", &plain), "[ 20000] up\n[ 60000] unknown\n");
}
END_TEST

START_TEST(v4_counters_saturate)
{
    struct verdict verdict;

    verdict_init(&verdict, 0);
    verdict_apply(&verdict, &plain, RESULT_BAD, FAILURE_DNS, 1);
    verdict.run = VERDICT_RUN_MAX;
    verdict_apply(&verdict, &plain, RESULT_BAD, FAILURE_DNS, 2);
    ck_assert_uint_eq(verdict.run, VERDICT_RUN_MAX);
    ck_assert_uint_le(verdict.window_count, VERDICT_WINDOW_MAX);
    verdict_apply(&verdict, &plain, RESULT_GOOD, FAILURE_NONE, 3);
    ck_assert_uint_eq(verdict.run, 1);
    verdict_apply(&verdict, &plain, RESULT_GOOD, FAILURE_NONE, 4);
    ck_assert_int_eq(verdict.state, VERDICT_UP);
}
END_TEST

START_TEST(a_failure_is_kept_until_the_site_is_up)
{
    struct verdict verdict;

    verdict_init(&verdict, 0);
    for (int i = 0; i < 3; i++)
        verdict_apply(&verdict, &plain, RESULT_BAD, FAILURE_CERTIFICATE, i);
    verdict_apply(&verdict, &plain, RESULT_GOOD, FAILURE_NONE, 4);
    ck_assert_int_eq(verdict.failure, FAILURE_CERTIFICATE);
    verdict_apply(&verdict, &plain, RESULT_GOOD, FAILURE_NONE, 5);
    ck_assert_int_eq(verdict.failure, FAILURE_NONE);
}
END_TEST

START_TEST(every_state_has_a_letter_that_finds_it_again)
{
    for (int i = 0; i < VERDICT_STATE_COUNT; i++) {
        enum verdict_state state = VERDICT_STATE_COUNT;
        ck_assert_int_eq(verdict_state_parse(verdict_state_letter((enum verdict_state)i), &state),
                         0);
        ck_assert_int_eq(state, i);
    }
    ck_assert_int_eq(verdict_state_parse('x', &(enum verdict_state){VERDICT_UP}), -1);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "verdict", v1_the_states_in_their_order, v1_a_bad_result_while_recovering_is_down_again,
        v1_fall_and_rise_of_one_need_one_result, v1_the_start_knows_nothing_until_fall_or_rise,
        v3_one_in_three_is_seen_by_the_window_only,
        v3_a_windows_down_ends_when_it_clears_not_with_one_good_result,
        v3_a_window_of_sixty_four_counts_the_oldest_too,
        v4_silence_for_three_intervals_is_unknown_from_every_state,
        v4_what_went_before_the_silence_does_not_count_after_it,
        v4_a_void_result_changes_nothing_and_is_no_evidence, v4_counters_saturate,
        a_failure_is_kept_until_the_site_is_up, every_state_has_a_letter_that_finds_it_again);
}
