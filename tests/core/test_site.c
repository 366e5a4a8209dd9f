/* SPDX-License-Identifier: Apache-2.0 */
/* From the verdicts of a site's checks to the site's: what level and group a check has decides
 * whether anybody hears of it, and whether traffic does. */
#include "by_hand.h"
#include "engine.h"

/* Pizza in the east has a page, a certificate to look at, and two of three databases. */
enum { PAGE, CERTIFICATE, LATENCY, DATABASES, DB_A, DB_B, DB_C, EAST_CHECKS };
enum { CHECKS = EAST_CHECKS + HAND_SITES - 1 };

static struct by_hand hand;
static struct check checks[CHECKS];
static const uint32_t databases[] = {DB_A, DB_B, DB_C};
static const struct check_group two_of_three = {databases, 3, 2};
static struct engine *engine;
static struct update update;
static msec_t now_ms;
static bool told_degraded, told_certificate, told_over;
static char voted; /* on pizza in the east, when we last voted */

static void step(struct event *event)
{
    event->at_ms = now_ms;
    engine_step(engine, event, &update);
    for (uint32_t i = 0; i < update.alert_count; i++) {
        const struct alert *alert = &update.alerts[i];
        bool is_degraded = alert->event == ALERT_DEGRADED;

        told_degraded |= is_degraded && alert->phase == ALERT_OPEN;
        told_over |= is_degraded && alert->phase == ALERT_RESOLVED;
        told_certificate |= alert->event == ALERT_CERT_EXPIRING;
    }
    if (update.vote_count > 0)
        voted = update.votes[0].states[PIZZA_AT + EAST];
}

static void setup(void)
{
    static const char *const names[EAST_CHECKS] = {"page", "certificate", "latency", "databases",
                                                   "a",    "b",           "c"};
    struct event start = {.kind = EVENT_START};

    by_hand(&hand);
    for (uint32_t i = 0; i < CHECKS; i++) {
        bool is_east = i < EAST_CHECKS;

        checks[i] = hand.checks[is_east ? 0 : i - EAST_CHECKS + 1];
        checks[i].name = is_east ? names[i] : "";
    }
    checks[CERTIFICATE].level = LEVEL_DEGRADED;
    checks[LATENCY].level = LEVEL_INFO;
    checks[DATABASES].kind = CHECK_GROUP;
    checks[DATABASES].of.members = &two_of_three;
    for (uint32_t i = DB_A; i <= DB_C; i++)
        checks[i].is_member = true;
    hand.sites[0].check_count = EAST_CHECKS;
    for (uint32_t i = 1; i < HAND_SITES; i++)
        hand.sites[i].first_check = EAST_CHECKS + i - 1;
    hand.settings.checks = checks;
    hand.settings.check_count = CHECKS;
    ck_assert_int_eq(engine_create(&hand.settings, false, NULL, &engine), 0);
    now_ms = 1000;
    told_degraded = told_certificate = told_over = false;
    step(&start);
}

/* As many results in a row as make up its mind: the first bad one only raises a suspicion (V2). */
static void say(uint32_t check, enum failure failure)
{
    struct result result = {.class = failure == FAILURE_NONE ? RESULT_GOOD : RESULT_BAD,
                            .failure = failure};
    struct event event = {.kind = EVENT_RESULT, .result = {check, &result}};

    for (uint32_t i = 0; i < checks[check].fall + (failure != FAILURE_NONE); i++) {
        now_ms += 100;
        step(&event);
    }
}

/* Half a minute in which the check goes on to say this, and the others what they said. */
static void go_on(uint32_t check, enum failure failure)
{
    struct event tick = {.kind = EVENT_TICK};

    for (int second = 1; second <= 31; second++) {
        now_ms += 1000;
        step(&tick);
        for (uint32_t i = 0; i < CHECKS && second % 10 == 0; i++) {
            if (checks[i].kind != CHECK_GROUP)
                say(i, i == check ? failure : FAILURE_NONE);
        }
    }
}

static void all_up(void)
{
    setup();
    for (uint32_t i = 0; i < CHECKS; i++) {
        if (checks[i].kind != CHECK_GROUP)
            say(i, FAILURE_NONE);
    }
    ck_assert_int_eq(engine_verdict(engine, DATABASES)->state, VERDICT_UP);
}

START_TEST(a_site_is_up_only_when_all_its_required_checks_are)
{
    setup();
    say(DB_A, FAILURE_NONE);
    say(DB_B, FAILURE_NONE);
    ck_assert_int_eq(engine_verdict(engine, DATABASES)->state, VERDICT_UP);
    ck_assert_int_eq(voted, '?');
    say(PAGE, FAILURE_NONE);
    ck_assert_int_eq(voted,
                     'u'); /* certificate, latency and the third database are still unknown */
}
END_TEST

START_TEST(a_required_check_takes_its_site_down)
{
    all_up();
    say(PAGE, FAILURE_STATUS);
    ck_assert_int_eq(voted, 'd');
}
END_TEST

START_TEST(a_degraded_check_is_told_and_moves_no_vote)
{
    all_up();
    say(CERTIFICATE, FAILURE_LATENCY);
    ck_assert_int_eq(engine_verdict(engine, CERTIFICATE)->state, VERDICT_DOWN);
    ck_assert_int_eq(voted, 'u');
    ck_assert(!told_degraded); /* not before it has lasted */
    go_on(CERTIFICATE, FAILURE_LATENCY);
    ck_assert(told_degraded && !told_certificate);
    say(CERTIFICATE, FAILURE_NONE);
    ck_assert(told_over);
}
END_TEST

START_TEST(a_degraded_check_that_fails_for_its_certificate_is_told_as_that)
{
    all_up();
    say(CERTIFICATE, FAILURE_CERTIFICATE);
    go_on(CERTIFICATE, FAILURE_CERTIFICATE);
    ck_assert(told_certificate && !told_degraded);
}
END_TEST

START_TEST(an_info_check_is_told_to_nobody)
{
    all_up();
    say(LATENCY, FAILURE_LATENCY);
    go_on(LATENCY, FAILURE_LATENCY);
    ck_assert_int_eq(engine_verdict(engine, LATENCY)->state, VERDICT_DOWN);
    ck_assert(!told_certificate && !told_degraded);
    ck_assert_int_eq(voted, 'u');
}
END_TEST

START_TEST(a_group_is_as_good_as_the_last_of_those_it_needs)
{
    all_up();
    say(DB_A, FAILURE_CONNECT);
    ck_assert_int_eq(engine_verdict(engine, DATABASES)->state, VERDICT_UP);
    ck_assert_int_eq(voted, 'u');
    say(DB_C, FAILURE_TIMEOUT);
    ck_assert_int_eq(engine_verdict(engine, DATABASES)->state, VERDICT_DOWN);
    ck_assert_int_eq(engine_verdict(engine, DATABASES)->failure, FAILURE_CONNECT);
    ck_assert_int_eq(voted, 'd');
    say(DB_A, FAILURE_NONE);
    ck_assert_int_eq(voted, 'u');
}
END_TEST

START_TEST(trouble_begins_with_what_shows_in_the_site)
{
    struct result bad = {.class = RESULT_BAD, .failure = FAILURE_CONNECT};
    struct event event = {.kind = EVENT_RESULT, .result = {DB_A, &bad}};

    all_up();
    step(&event);
    ck_assert(settings_check_counts(&hand.settings, DB_A));
    ck_assert(!settings_check_counts(&hand.settings, LATENCY));
    ck_assert(!settings_check_counts(&hand.settings, CERTIFICATE));
    ck_assert_int_eq(update.suspect_count, 0); /* two others serve */
    event.result.check = DB_B;
    now_ms += 100;
    step(&event);
    ck_assert_int_eq(update.suspect_count, 1);
}
END_TEST

START_TEST(a_group_is_never_started_itself)
{
    struct event tick = {.kind = EVENT_TICK};

    all_up();
    for (int i = 0; i < 100; i++) {
        now_ms += 1000;
        step(&tick);
        for (uint32_t k = 0; k < update.start_count; k++)
            ck_assert_uint_ne(update.starts[k], DATABASES);
    }
}
END_TEST

START_TEST(a_group_whose_members_fall_silent_is_unknown_and_not_down)
{
    struct event tick = {.kind = EVENT_TICK};

    all_up();
    now_ms += 60000;
    step(&tick);
    ck_assert_int_eq(engine_verdict(engine, DATABASES)->state, VERDICT_UNKNOWN);
}
END_TEST

int main(void)
{
    return RUN_TESTS(
        "site", a_site_is_up_only_when_all_its_required_checks_are,
        a_required_check_takes_its_site_down, a_degraded_check_is_told_and_moves_no_vote,
        a_degraded_check_that_fails_for_its_certificate_is_told_as_that,
        an_info_check_is_told_to_nobody, a_group_is_as_good_as_the_last_of_those_it_needs,
        trouble_begins_with_what_shows_in_the_site, a_group_is_never_started_itself,
        a_group_whose_members_fall_silent_is_unknown_and_not_down);
}
