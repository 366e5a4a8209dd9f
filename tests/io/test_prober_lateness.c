/* SPDX-License-Identifier: Apache-2.0 */
/* What is late through our own fault is void, never a failure (V4).
 *
 * The clock stands still but for what a test says that something took, so nothing here rests on the
 * machine's speed; libuv's own timers run by the real one. A busy attempt stands for all the work
 * that a loop can have: handshakes of others, the engine, a page of metrics. */
#include <check.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum { BUSY = 0, WATCHED = 1, SILENT = 2, TIME_MS = 100, SOON_MS = 20, STEP_MS = PULSE_MS / 2 };

uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_now(const uv_loop_t *asked);

static uint64_t clock_ms;

uint64_t __wrap_uv_hrtime(void)
{
    return clock_ms * 1000000;
}

uint64_t __wrap_uv_now(const uv_loop_t *asked)
{
    (void)asked;
    return clock_ms;
}

/* ---- an endpoint that answers when it is told to ---- */

static int listener;
static int peer;

static struct check check_of_listener(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(listener, 4), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    return make_check(ntohs(address.sin_port), "/", "200", NULL);
}

/* Returns when the answer lies in the kernel, unread. */
static void answer(void)
{
    static const char text[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    struct pollfd unread = {.fd = prober->by_token[WATCHED]->lean.fd, .events = POLLIN};

    peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(peer, 0);
    ck_assert_int_eq(send(peer, text, sizeof(text) - 1, MSG_NOSIGNAL), (ssize_t)sizeof(text) - 1);
    ck_assert_int_eq(poll(&unread, 1, -1), 1);
}

/* ---- work ---- */

static int busy_ends[2];
static void (*busy_work)(void);

static void begin_busy(struct attempt *attempt)
{
    (void)lean_adopt(attempt, busy_ends[0]);
}

static void on_busy_ready(struct attempt *attempt, uint32_t events)
{
    char byte;

    (void)events;
    if (recv(attempt->lean.fd, &byte, 1, MSG_DONTWAIT) == 1)
        busy_work();
}

static const char *doing_busy(const struct attempt *attempt)
{
    (void)attempt;
    return "working";
}

static const struct attempt_kind kind_busy = {
    .begin = begin_busy,
    .on_ready = on_busy_ready,
    .release = lean_release,
    .doing = doing_busy,
};

/* Something takes so long. Not at once: the pulse finds nothing wrong. */
static void take_ms(msec_t length_ms)
{
    while (length_ms > 0) {
        msec_t step_ms = length_ms < STEP_MS ? length_ms : STEP_MS;

        clock_ms += (uint64_t)step_ms;
        length_ms -= step_ms;
        prober->last_pulse_ms = prober_now_ms();
    }
}

/* In the loop's next turn it works, before it comes to anything else. */
static void make_busy(void (*work)(void))
{
    busy_work = work;
    ck_assert_int_eq(send(busy_ends[1], "", 1, 0), 1);
}

static struct check never; /* of the busy attempt */

static void start_busy(void)
{
    never = make_check(1, "/", "200", NULL);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, busy_ends), 0);
    start_check(BUSY, &never);
    prober->by_token[BUSY]->kind = &kind_busy;
}

static void setup(void)
{
    clock_ms = 1000000;
    listener = peer = -1;
    prober_setup();
    start_busy();
}

static void teardown(void)
{
    prober_teardown();
    close(busy_ends[1]);
    close(peer);
    close(listener);
}

/* ---- turns of the loop ---- */

static bool is_asked(uint32_t token)
{
    return prober->by_token[token]->phase == PHASE_ANSWER;
}

static void run_until_asked(uint32_t token)
{
    while (!is_asked(token))
        uv_run(&loop, UV_RUN_NOWAIT);
    for (int i = 0; i < 3; i++) /* what came with it is read */
        uv_run(&loop, UV_RUN_NOWAIT);
}

/* Until the loop's next turn finds that something is due by its timer. */
static void wait_for_the_wheel(void)
{
    while (uv_timer_get_due_in(&prober->wheel_timer) > 0) {
        poll(NULL, 0, 1);
        uv_update_time(&loop);
    }
}

/* The endpoint is silent for so long, and the loop sleeps meanwhile; then it answers or does not.
 */
static msec_t sleep_ms;
static bool answers_then;

static void on_sleep(uv_prepare_t *prepare)
{
    take_ms(sleep_ms);
    if (answers_then)
        answer();
    uv_prepare_stop(prepare);
}

static void sleep_through(msec_t length_ms, bool then_answers)
{
    uv_prepare_t sleeper;

    sleep_ms = length_ms;
    answers_then = then_answers;
    uv_prepare_init(&loop, &sleeper);
    uv_prepare_start(&sleeper, on_sleep);
    uv_prepare_stop(&prober->before_poll); /* the last one begun is called first */
    uv_prepare_start(&prober->before_poll, prober->before_poll.prepare_cb);
    while (uv_is_active((uv_handle_t *)&sleeper))
        uv_run(&loop, UV_RUN_NOWAIT);
    uv_close((uv_handle_t *)&sleeper, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
}

/* ---- what came in time ---- */

static void work_past_the_deadline(void)
{
    answer();
    take_ms(TIME_MS);
}

/* A deadline that comes while we are busy is not one that came before the answer did. */
START_TEST(an_answer_that_came_while_we_were_busy_is_read_before_its_deadline_is_judged)
{
    struct check watched = check_of_listener();
    struct check silent = watched;

    watched.timeout_ms = TIME_MS;
    silent.timeout_ms = SOON_MS;
    start_check(WATCHED, &watched);
    run_until_asked(WATCHED);
    start_check(SILENT, &silent);
    run_until_asked(SILENT);
    take_ms(SOON_MS + 1);
    wait_for_the_wheel();
    make_busy(work_past_the_deadline);
    run_until_reported(SILENT, 1); /* in the very turn in which we were busy */
    expect(&reports[SILENT].result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 20 ms");
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

/* ---- time that was ours ---- */

static void work_nearly_all_its_time(void)
{
    take_ms(TIME_MS - 10);
}

static void work_for_longer_than_is_given_back(void)
{
    take_ms(LATE_MAX_MS + 10);
}

/* Its connection is made at once, but we see it only after work() of others. */
static void start_watched_behind(void (*work)(void), const struct check *watched)
{
    make_busy(work);
    start_check(WATCHED, watched);
    run_until_asked(WATCHED);
}

static void run_until_given_back(void)
{
    msec_t due_ms = prober->by_token[WATCHED]->due_ms;

    while (prober->by_token[WATCHED] != NULL && prober->by_token[WATCHED]->due_ms == due_ms)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_ptr_nonnull(prober->by_token[WATCHED]);
    ck_assert_int_eq(prober->by_token[WATCHED]->due_ms, due_ms + TIME_MS - 10);
}

START_TEST(time_that_a_connection_waited_for_us_is_given_back)
{
    struct check watched = check_of_listener();

    watched.timeout_ms = TIME_MS;
    start_watched_behind(work_nearly_all_its_time, &watched);
    sleep_through(SOON_MS, false);
    run_until_given_back();
    sleep_through(SOON_MS, true);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(time_is_given_back_once)
{
    struct check watched = check_of_listener();

    watched.timeout_ms = TIME_MS;
    start_watched_behind(work_nearly_all_its_time, &watched);
    sleep_through(SOON_MS, false);
    run_until_given_back();
    sleep_through(TIME_MS, false);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_BAD, FAILURE_TIMEOUT, "waiting for an answer");
}
END_TEST

START_TEST(who_waited_for_us_for_too_long_is_not_judged)
{
    struct check watched = check_of_listener();

    watched.timeout_ms = 2 * LATE_MAX_MS;
    start_watched_behind(work_for_longer_than_is_given_back, &watched);
    sleep_through(LATE_MAX_MS, false);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_VOID, FAILURE_TIMEOUT, "we stood still for 260 ms");
}
END_TEST

/* What we did before it began is not its loss. */
START_TEST(nobody_has_waited_for_us_before_it_began)
{
    struct check watched = check_of_listener();

    watched.timeout_ms = 2 * LATE_MAX_MS;
    start_check(WATCHED, &watched);
    work_for_longer_than_is_given_back();
    run_until_asked(WATCHED);
    sleep_through(2 * LATE_MAX_MS + 1, false);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_BAD, FAILURE_TIMEOUT, "waiting for an answer");
}
END_TEST

/* However busy we are: else an overloaded probe would never see that anything is dead. */
START_TEST(an_endpoint_that_says_nothing_is_not_excused_by_our_work)
{
    struct check watched = check_of_listener();

    watched.timeout_ms = 2 * LATE_MAX_MS;
    start_check(WATCHED, &watched);
    run_until_asked(WATCHED);
    make_busy(work_for_longer_than_is_given_back);
    uv_run(&loop, UV_RUN_NOWAIT);
    sleep_through(LATE_MAX_MS, false);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_BAD, FAILURE_TIMEOUT, "waiting for an answer");
}
END_TEST

/* A piece of its answer comes at each look. */
static void dribble(unsigned pieces, msec_t each_ms, usec_t unread_us)
{
    for (unsigned i = 0; i < pieces; i++) {
        take_ms(each_ms);
        lateness_look(prober->by_token[WATCHED], prober_now_us() - unread_us);
    }
}

/* The loop tells the time in milliseconds, and cannot say of a piece that it did not lie there for
 * nearly one. */
START_TEST(an_endpoint_that_dribbles_is_not_excused_by_how_often_we_look)
{
    struct check watched = check_of_listener();

    watched.timeout_ms = 8 * LATE_MAX_MS;
    start_check(WATCHED, &watched);
    run_until_asked(WATCHED);
    dribble(500, 1, 900);
    ck_assert_int_eq(lateness_lost(prober->by_token[WATCHED]), 0);
    dribble(50, 20, 20000); /* a busy loop, too */
    ck_assert_int_le(lateness_lost(prober->by_token[WATCHED]), LATE_MAX_MS);
    sleep_through(700, false);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_BAD, FAILURE_TIMEOUT, "waiting for an answer");
}
END_TEST

/* ---- slowness ---- */

static struct assertion *within_50_ms;

static struct check quick_check(void)
{
    struct check check = check_of_listener();
    char error[200];

    ck_assert_int_eq(assertion_parse("latency < 50ms",
                                     SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_BODY) |
                                         SUBJECT_BIT(SUBJECT_LATENCY),
                                     &within_50_ms, error, sizeof(error)),
                     0);
    check.assertion = within_50_ms;
    return check;
}

START_TEST(a_latency_that_may_be_ours_is_no_failure)
{
    struct check watched = quick_check();

    start_watched_behind(work_nearly_all_its_time, &watched);
    sleep_through(SOON_MS, true);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_VOID, FAILURE_LATENCY,
           "we may have read it up to 90 ms late: ");
    assertion_destroy(within_50_ms);
}
END_TEST

START_TEST(a_latency_is_a_failure_when_we_only_waited_for_the_endpoint)
{
    struct check watched = quick_check();

    start_check(WATCHED, &watched);
    run_until_asked(WATCHED);
    sleep_through(TIME_MS, true);
    run_until_reported(WATCHED, 1);
    expect(&reports[WATCHED].result, RESULT_BAD, FAILURE_LATENCY, "latency");
    assertion_destroy(within_50_ms);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prober lateness");
    TCase *tests = tcase_create("lateness");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests,
                   an_answer_that_came_while_we_were_busy_is_read_before_its_deadline_is_judged);
    tcase_add_test(tests, time_that_a_connection_waited_for_us_is_given_back);
    tcase_add_test(tests, time_is_given_back_once);
    tcase_add_test(tests, who_waited_for_us_for_too_long_is_not_judged);
    tcase_add_test(tests, nobody_has_waited_for_us_before_it_began);
    tcase_add_test(tests, an_endpoint_that_says_nothing_is_not_excused_by_our_work);
    tcase_add_test(tests, an_endpoint_that_dribbles_is_not_excused_by_how_often_we_look);
    tcase_add_test(tests, a_latency_that_may_be_ours_is_no_failure);
    tcase_add_test(tests, a_latency_is_a_failure_when_we_only_waited_for_the_endpoint);
    return run_suite(suite);
}
