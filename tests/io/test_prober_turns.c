/* SPDX-License-Identifier: Apache-2.0 */
/* Many checks at once: who begins when, what the waiting is called, and whose fault it is (V4).
 * Slowness is made by waiting between two turns of the loop; a slow machine only adds to it. */
#include <check.h>
#include <poll.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum { WAIT_MS = 2 * TURN_MAX_MS, CROWD = 600 };

/* Nobody listens there: what matters is when they begin. */
static struct check refused;

static void setup(void)
{
    prober_setup();
    refused = make_check(server_free_port(), "/", "200", NULL);
}

static bool has_begun(uint32_t token)
{
    return prober->by_token[token] == NULL || prober->by_token[token]->phase != PHASE_WAITING;
}

static uint32_t count_begun(uint32_t from, uint32_t to)
{
    uint32_t begun = 0;

    for (uint32_t i = from; i < to; i++)
        begun += has_begun(i);
    return begun;
}

static void start_crowd(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        start_check(i, &refused);
}

static void finish_crowd(uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        run_until_reported(i, 1);
}

/* The loop's next turn comes after so long. */
static void turn_after(int wait_ms)
{
    poll(NULL, 0, wait_ms);
    uv_run(&loop, UV_RUN_NOWAIT);
}

START_TEST(a_result_tells_how_long_its_check_waited)
{
    start_check(0, &refused);
    poll(NULL, 0, WAIT_MS);
    run_until_reported(0, 1);
    ck_assert_int_ge(reports[0].result.late_ms, WAIT_MS - 1);
}
END_TEST

/* V4: what waited for us has lost nothing of its time. */
START_TEST(the_deadline_counts_from_when_a_check_begins)
{
    msec_t free_ms;

    refused.timeout_ms = WAIT_MS / 2;
    start_check(0, &refused);
    poll(NULL, 0, WAIT_MS);
    free_ms = prober_now_ms();
    while (!has_begun(0))
        uv_run(&loop, UV_RUN_NOWAIT);
    if (prober->by_token[0] != NULL)
        ck_assert_int_ge(prober->by_token[0]->due_ms, free_ms + refused.timeout_ms);
    run_until_reported(0, 1);
    ck_assert_int_ne(reports[0].result.failure, FAILURE_TIMEOUT);
}
END_TEST

START_TEST(a_crowd_begins_in_turns_and_each_is_told_once)
{
    start_crowd(0, CROWD);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(count_begun(0, CROWD), STARTS_PER_TURN);
    ck_assert_uint_eq(count_begun(0, STARTS_PER_TURN), STARTS_PER_TURN); /* who came first */
    finish_crowd(0, CROWD);
    for (uint32_t i = 0; i < CROWD; i++)
        ck_assert_uint_eq(reports[i].count, 1);
}
END_TEST

START_TEST(fewer_begin_in_each_turn_while_turns_last_long)
{
    static const uint32_t begun[] = {64, 32, 16, 8, 4, 4};
    uint32_t sum = 0;

    start_crowd(0, CROWD);
    for (size_t i = 0; i < sizeof(begun) / sizeof(begun[0]); i++) {
        turn_after(i > 0 ? WAIT_MS : 0);
        sum += begun[i];
        ck_assert_uint_eq(count_begun(0, CROWD), sum);
    }
    finish_crowd(0, CROWD);
    start_crowd(CROWD, CROWD + 100); /* after a pause all is as before */
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(count_begun(CROWD, CROWD + 100), STARTS_PER_TURN);
    finish_crowd(CROWD, CROWD + 100);
}
END_TEST

/* V2: a suspicion is looked at while hundreds wait; V4: and hundreds of suspicions hold up nobody
 * for ever. */
START_TEST(the_hurried_have_every_second_place)
{
    start_crowd(0, CROWD);
    for (uint32_t i = CROWD / 2; i < CROWD; i++)
        prober_hurry(prober, i);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(count_begun(0, STARTS_PER_TURN / 2), STARTS_PER_TURN / 2);
    ck_assert_uint_eq(count_begun(CROWD / 2, CROWD / 2 + STARTS_PER_TURN / 2), STARTS_PER_TURN / 2);
    ck_assert_uint_eq(count_begun(0, CROWD), STARTS_PER_TURN);
    finish_crowd(0, CROWD);
}
END_TEST

START_TEST(one_suspicion_goes_before_a_crowd)
{
    start_crowd(0, CROWD);
    prober_hurry(prober, CROWD - 1);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert(has_begun(CROWD - 1));
    ck_assert_uint_eq(count_begun(0, CROWD), STARTS_PER_TURN);
    finish_crowd(0, CROWD);
}
END_TEST

START_TEST(what_waits_can_be_cancelled_and_closed)
{
    start_crowd(0, 3 * STARTS_PER_TURN);
    prober_hurry(prober, 2 * STARTS_PER_TURN);
    prober_hurry(prober, 2 * STARTS_PER_TURN + 1);
    prober_cancel(prober, 2 * STARTS_PER_TURN);
    prober_cancel(prober, 2 * STARTS_PER_TURN + 2);
    run_until_reported(2 * STARTS_PER_TURN, 1);
    run_until_reported(2 * STARTS_PER_TURN + 2, 1);
    expect(&reports[2 * STARTS_PER_TURN].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    prober_close_now();
}
END_TEST

/* Begins a check and returns when its answer lies in the kernel, unread: false when it was read. */
static bool start_and_leave_the_answer(const struct check *check)
{
    const struct attempt *attempt;
    struct pollfd answer = {.events = POLLIN};

    start_check(0, check);
    while (!has_begun(0))
        uv_run(&loop, UV_RUN_NOWAIT);
    attempt = prober->by_token[0];
    ck_assert_ptr_nonnull(attempt);
    while (attempt->held == NULL && attempt->phase != PHASE_ENDED)
        lean_drain(prober); /* sends the request */
    answer.fd = attempt->lean.fd;
    if (attempt->phase == PHASE_ENDED) {
        run_until_reported(0, 1);
        reports[0].count = 0;
        return false;
    }
    poll(&answer, 1, -1);
    return true;
}

/* V4: of a latency that is measured while more wait than begin, a part is our own. */
START_TEST(slowness_is_no_failure_while_a_crowd_waits)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);
    struct assertion *quick = NULL;
    struct result alone;
    char error[200];

    ck_assert_int_eq(assertion_parse("latency > 1h",
                                     SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY) |
                                         SUBJECT_BIT(SUBJECT_LATENCY),
                                     &quick, error, sizeof(error)),
                     0);
    check.assertion = quick;
    while (!start_and_leave_the_answer(&check))
        ;
    start_crowd(1, CROWD);
    while (reports[0].count == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_lt(count_begun(1, CROWD), CROWD - 1);
    expect(&reports[0].result, RESULT_VOID, FAILURE_LATENCY, "we ");
    finish_crowd(1, CROWD);
    alone = probe(&check);
    expect(&alone, RESULT_BAD, FAILURE_LATENCY, "latency");
    server_stop(server);
    assertion_destroy(quick);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prober turns");
    TCase *tests = tcase_create("turns");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_result_tells_how_long_its_check_waited);
    tcase_add_test(tests, the_deadline_counts_from_when_a_check_begins);
    tcase_add_test(tests, a_crowd_begins_in_turns_and_each_is_told_once);
    tcase_add_test(tests, fewer_begin_in_each_turn_while_turns_last_long);
    tcase_add_test(tests, the_hurried_have_every_second_place);
    tcase_add_test(tests, one_suspicion_goes_before_a_crowd);
    tcase_add_test(tests, what_waits_can_be_cancelled_and_closed);
    tcase_add_test(tests, slowness_is_no_failure_while_a_crowd_waits);
    return run_suite(suite);
}
