/* SPDX-License-Identifier: Apache-2.0 */
/* Who says an alert, and who keeps silent: every row of claim_judge(). */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "claim.h"

enum { HOUR_MS = 3600 * 1000 };
static const wall_t noon = 1800000000000;

/* A claim as another probe or ourselves left it. */
static struct claim claim_of(const char *by, enum alert_phase phase, uint64_t count, bool sent)
{
    struct claim claim = {.phase = phase, .at_wall = noon, .count = count, .sent = sent};

    memcpy(claim.by, by, strlen(by) + 1);
    return claim;
}

static struct claim taken;

static enum claim_verdict judge(const struct claim *standing, enum alert_phase phase, wall_t at,
                                bool is_stale)
{
    struct claim_question question = {.standing = standing,
                                      .is_stale = is_stale,
                                      .phase = phase,
                                      .at_wall = at,
                                      .remind_ms = HOUR_MS,
                                      .self = "use1"};

    memset(&taken, 0, sizeof(taken));
    return claim_judge(&question, &taken);
}

START_TEST(the_first_to_see_an_incident_says_it)
{
    ck_assert_int_eq(judge(NULL, ALERT_OPEN, noon, false), CLAIM_TAKE);
    ck_assert_str_eq(taken.by, "use1");
    ck_assert_uint_eq(taken.count, 1);
    ck_assert_int_eq(taken.at_wall, noon);
    ck_assert(!taken.sent);
    ck_assert_int_eq(taken.phase, ALERT_OPEN);
}
END_TEST

START_TEST(an_incident_said_already_is_not_said_again)
{
    struct claim other = claim_of("usw2", ALERT_OPEN, 1, true);
    struct claim ours = claim_of("use1", ALERT_OPEN, 1, true);

    ck_assert_int_eq(judge(&other, ALERT_OPEN, noon + 5, false), CLAIM_DROP);
    ck_assert_int_eq(judge(&ours, ALERT_OPEN, noon + 5, false), CLAIM_DROP);
    ck_assert_int_eq(judge(&other, ALERT_OPEN, noon + 5, true), CLAIM_DROP);
}
END_TEST

START_TEST(an_incident_still_open_is_repeated_when_a_reminder_is_due)
{
    struct claim other = claim_of("usw2", ALERT_OPEN, 3, true);

    ck_assert_int_eq(judge(&other, ALERT_OPEN, noon + HOUR_MS - 1, false), CLAIM_DROP);
    ck_assert_int_eq(judge(&other, ALERT_OPEN, noon + HOUR_MS, false), CLAIM_TAKE);
    ck_assert_uint_eq(taken.count, 4);
    ck_assert_int_eq(taken.at_wall, noon + HOUR_MS);
}
END_TEST

START_TEST(a_wall_clock_set_back_a_day_reminds_of_nothing)
{
    struct claim other = claim_of("usw2", ALERT_OPEN, 1, true);

    ck_assert_int_eq(judge(&other, ALERT_OPEN, noon - 24 * (wall_t)HOUR_MS, false), CLAIM_DROP);
}
END_TEST

START_TEST(what_another_holds_is_watched_until_it_is_stale)
{
    struct claim other = claim_of("usw2", ALERT_OPEN, 7, false);

    ck_assert_int_eq(judge(&other, ALERT_OPEN, noon + 9, false), CLAIM_WAIT);
    ck_assert_int_eq(judge(&other, ALERT_OPEN, noon + 9, true), CLAIM_TAKE);
    ck_assert_uint_eq(taken.count, 7);
    ck_assert_int_eq(taken.at_wall, noon); /* the same notice, so the same id at the receiver */
    ck_assert_str_eq(taken.by, "use1");
}
END_TEST

START_TEST(our_own_unsent_claim_is_taken_up_again_after_a_restart)
{
    struct claim ours = claim_of("use1", ALERT_OPEN, 2, false);

    ck_assert_int_eq(judge(&ours, ALERT_OPEN, noon + 9, false), CLAIM_OURS);
    ck_assert_uint_eq(taken.count, 2);
    ck_assert_int_eq(taken.at_wall, noon);
}
END_TEST

START_TEST(an_incident_resolved_and_back_again_is_a_new_notice)
{
    struct claim resolved = claim_of("usw2", ALERT_RESOLVED, 4, true);

    ck_assert_int_eq(judge(&resolved, ALERT_OPEN, noon + 9, false), CLAIM_TAKE);
    ck_assert_uint_eq(taken.count, 5);
    ck_assert_int_eq(taken.at_wall, noon + 9);
}
END_TEST

START_TEST(what_was_never_opened_is_not_resolved)
{
    ck_assert_int_eq(judge(NULL, ALERT_RESOLVED, noon, false), CLAIM_DROP);
}
END_TEST

START_TEST(a_resolve_is_said_once_and_keeps_the_count)
{
    struct claim open = claim_of("usw2", ALERT_OPEN, 4, true);
    struct claim resolved = claim_of("usw2", ALERT_RESOLVED, 4, true);

    ck_assert_int_eq(judge(&open, ALERT_RESOLVED, noon + 9, false), CLAIM_TAKE);
    ck_assert_int_eq(taken.phase, ALERT_RESOLVED);
    ck_assert_uint_eq(taken.count, 4);
    ck_assert_int_eq(judge(&resolved, ALERT_RESOLVED, noon + 9, false), CLAIM_DROP);
}
END_TEST

START_TEST(a_resolve_waits_for_the_opening_that_another_is_still_saying)
{
    struct claim other = claim_of("usw2", ALERT_OPEN, 1, false);
    struct claim ours = claim_of("use1", ALERT_OPEN, 1, false);

    ck_assert_int_eq(judge(&other, ALERT_RESOLVED, noon + 9, false), CLAIM_WAIT);
    ck_assert_int_eq(judge(&other, ALERT_RESOLVED, noon + 9, true), CLAIM_TAKE);
    ck_assert_int_eq(judge(&ours, ALERT_RESOLVED, noon + 9, false), CLAIM_TAKE);
}
END_TEST

START_TEST(a_resolve_which_its_holder_never_sent_is_taken_over)
{
    struct claim other = claim_of("usw2", ALERT_RESOLVED, 1, false);
    struct claim ours = claim_of("use1", ALERT_RESOLVED, 1, false);

    ck_assert_int_eq(judge(&other, ALERT_RESOLVED, noon + 9, false), CLAIM_WAIT);
    ck_assert_int_eq(judge(&other, ALERT_RESOLVED, noon + 9, true), CLAIM_TAKE);
    ck_assert_int_eq(judge(&ours, ALERT_RESOLVED, noon + 9, false), CLAIM_OURS);
}
END_TEST

/* Another probe said it, and the incident went on while our alert waited. */
START_TEST(a_late_opening_does_not_open_again_what_is_resolved)
{
    struct claim resolved = claim_of("usw2", ALERT_RESOLVED, 4, true);
    struct claim_question question = {.standing = &resolved,
                                      .waited_count = 4,
                                      .phase = ALERT_OPEN,
                                      .at_wall = noon + 9,
                                      .self = "use1"};

    ck_assert_int_eq(claim_judge(&question, &taken), CLAIM_DROP);
    question.waited_count = 5; /* it waited for a later opening: this store was restored */
    ck_assert_int_eq(claim_judge(&question, &taken), CLAIM_TAKE);
}
END_TEST

START_TEST(a_late_resolve_does_not_close_what_is_open_again)
{
    struct claim reopened = claim_of("usw2", ALERT_OPEN, 5, true);
    struct claim_question question = {.standing = &reopened,
                                      .waited_count = 4,
                                      .phase = ALERT_RESOLVED,
                                      .at_wall = noon + 9,
                                      .self = "use1"};

    ck_assert_int_eq(claim_judge(&question, &taken), CLAIM_DROP);
    question.waited_count = 0;
    ck_assert_int_eq(claim_judge(&question, &taken), CLAIM_TAKE);
}
END_TEST

START_TEST(every_event_has_a_word_that_finds_it_again)
{
    for (unsigned i = 0; i < ALERT_EVENT_COUNT; i++) {
        enum alert_event event = ALERT_EVENT_COUNT;

        ck_assert_ptr_nonnull(alert_event_name((enum alert_event)i));
        ck_assert_int_eq(alert_event_parse(alert_event_name((enum alert_event)i), &event), 0);
        ck_assert_uint_eq((unsigned)event, i);
    }
    ck_assert_str_eq(alert_event_name(ALERT_REGION_DOWN), "region_down");
    ck_assert_str_eq(severity_name(SEVERITY_PAGE), "page");
}
END_TEST

START_TEST(an_unknown_word_is_no_event)
{
    enum alert_event event = ALERT_TEST;

    ck_assert_int_eq(alert_event_parse("region_dow", &event), -1);
    ck_assert_int_eq(alert_event_parse("", &event), -1);
    ck_assert_int_eq(event, ALERT_TEST);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("claim");
    TCase *tests = tcase_create("claim");

    tcase_add_test(tests, the_first_to_see_an_incident_says_it);
    tcase_add_test(tests, an_incident_said_already_is_not_said_again);
    tcase_add_test(tests, an_incident_still_open_is_repeated_when_a_reminder_is_due);
    tcase_add_test(tests, a_wall_clock_set_back_a_day_reminds_of_nothing);
    tcase_add_test(tests, what_another_holds_is_watched_until_it_is_stale);
    tcase_add_test(tests, our_own_unsent_claim_is_taken_up_again_after_a_restart);
    tcase_add_test(tests, an_incident_resolved_and_back_again_is_a_new_notice);
    tcase_add_test(tests, what_was_never_opened_is_not_resolved);
    tcase_add_test(tests, a_resolve_is_said_once_and_keeps_the_count);
    tcase_add_test(tests, a_resolve_waits_for_the_opening_that_another_is_still_saying);
    tcase_add_test(tests, a_resolve_which_its_holder_never_sent_is_taken_over);
    tcase_add_test(tests, a_late_opening_does_not_open_again_what_is_resolved);
    tcase_add_test(tests, a_late_resolve_does_not_close_what_is_open_again);
    tcase_add_test(tests, every_event_has_a_word_that_finds_it_again);
    tcase_add_test(tests, an_unknown_word_is_no_event);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
