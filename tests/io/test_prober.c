/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every kind of check: one report for each start, whatever happens and whenever. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum { FILLERS = 16 };

static void serve_half_a_body(struct server *server, int fd, void *context)
{
    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123");
    server_wait_for_close(server, fd);
}

/* A port whose queue of connections is full: what connects now hears nothing. */
struct black_hole {
    int listener;
    int fillers[FILLERS];
    uint16_t port;
};

static void black_hole_open(struct black_hole *hole)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    hole->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(hole->listener, (struct sockaddr *)&address, length), 0);
    ck_assert_int_eq(listen(hole->listener, 0), 0);
    ck_assert_int_eq(getsockname(hole->listener, (struct sockaddr *)&address, &length), 0);
    hole->port = ntohs(address.sin_port);
    for (int i = 0; i < FILLERS; i++) {
        hole->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(hole->fillers[i], (struct sockaddr *)&address, length);
    }
}

static void black_hole_close(struct black_hole *hole)
{
    for (int i = 0; i < FILLERS; i++)
        close(hole->fillers[i]);
    close(hole->listener);
}

/* ---- kinds ---- */

/* cell: tcp, good, loopback server */
START_TEST(a_tcp_check_is_good_when_the_connection_is_made)
{
    struct server *server = server_start_tcp(serve_silence, NULL);
    struct check check = make_check(server_port(server), NULL, NULL, NULL);
    struct result result;

    check.kind = CHECK_TCP;
    check.assertion = NULL;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "connected");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_eq(result.timings.first_byte_us, -1);
    server_stop(server);
}
END_TEST

/* cell: tcp, bad, loopback server */
START_TEST(a_tcp_check_is_bad_when_refused)
{
    struct check check = make_check(server_free_port(), NULL, NULL, NULL);
    struct result result;

    check.kind = CHECK_TCP;
    check.assertion = NULL;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
}
END_TEST

START_TEST(a_connection_nobody_answers_times_out_connecting)
{
    struct black_hole hole;
    struct check check;
    struct result result;

    black_hole_open(&hole);
    check = make_check(hole.port, "/", "200", NULL);
    check.timeout_ms = SHORT_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while connecting");
    ck_assert_int_eq(result.timings.connect_us, -1);
    check.kind = CHECK_TCP;
    check.assertion = NULL;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while connecting");
    check.kind = CHECK_HTTP;
    check.tls = true;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while connecting");
    black_hole_close(&hole);
}
END_TEST

/* ---- references (V5) ---- */

static struct result probe_reference(const struct reference *reference, msec_t timeout_ms)
{
    reports[1].count = 0;
    prober_start_reference(prober, 1, reference, timeout_ms);
    run_until_reported(1, 1);
    return reports[1].result;
}

START_TEST(a_reference_is_good_with_any_http_answer)
{
    struct server *server = server_start_tcp(serve_sick, NULL);
    struct reference reference = {.kind = REFERENCE_URL, .host = "127.0.0.1", .target = "/"};
    struct result result;

    reference.port = server_port(server);
    result = probe_reference(&reference, PATIENT_MS);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 503");
    reference.port = server_free_port();
    result = probe_reference(&reference, PATIENT_MS);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
    server_stop(server);
}
END_TEST

START_TEST(a_name_server_is_a_good_reference_when_it_answers_anything)
{
    struct reference reference = {.kind = REFERENCE_DNS, .host = "127.0.0.1"};
    struct result result;

    reference.port = server_port(zone.tcp);
    result = probe_reference(&reference, PATIENT_MS);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "answered");
    reference.port = server_free_port();
    result = probe_reference(&reference, PATIENT_MS);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "127.0.0.1: name server unreachable");
}
END_TEST

static size_t answer_nothing(void *context, const uint8_t *query, size_t length, uint8_t *answer,
                             size_t size)
{
    (void)context;
    (void)query;
    (void)length;
    (void)answer;
    (void)size;
    return 0;
}

START_TEST(a_silent_name_server_is_a_bad_reference)
{
    struct server *server = server_start_udp(answer_nothing, NULL);
    struct reference reference = {.kind = REFERENCE_DNS, .host = "127.0.0.1"};
    struct result result;

    reference.port = server_port(server);
    do {
        result = probe_reference(&reference, SHORT_MS);
    } while (result.class == RESULT_VOID); /* this machine stood still */
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while waiting");
    server_stop(server);
}
END_TEST

/* ---- cancel and close, in each phase ---- */

/* An attempt stuck in a phase, and how to know that it got there. */
struct stuck {
    struct server *server;
    struct black_hole hole;
    struct check check;
};

enum stuck_phase {
    STUCK_NOT_BEGUN,
    STUCK_RESOLVING,
    STUCK_CONNECTING,
    STUCK_ANSWER,
    STUCK_BODY,
    STUCK_HTTPS_CONNECTING,
    STUCK_HTTPS_HANDSHAKE,
    STUCK_DNS,
    STUCK_PHASES
};

static void start_stuck(struct stuck *stuck, enum stuck_phase phase)
{
    bool silent = phase == STUCK_ANSWER || phase == STUCK_HTTPS_HANDSHAKE;

    memset(stuck, 0, sizeof(*stuck));
    black_hole_open(&stuck->hole);
    stuck->server = server_start_tcp(silent ? serve_silence : serve_half_a_body, NULL);
    stuck->check = make_check(server_port(stuck->server), "/", "200", "ok");
    stuck->check.tls = phase == STUCK_HTTPS_CONNECTING || phase == STUCK_HTTPS_HANDSHAKE;
    if (phase == STUCK_CONNECTING || phase == STUCK_HTTPS_CONNECTING)
        stuck->check.port = stuck->hole.port;
    if (phase == STUCK_RESOLVING)
        stuck->check.host = "silent.test";
    if (phase == STUCK_DNS) {
        static struct reference reference = {.kind = REFERENCE_DNS, .host = "127.0.0.1"};

        reference.port = stuck->hole.port; /* nothing on UDP: stays until the loop has run */
        prober_start_reference(prober, 7, &reference, PATIENT_MS);
    } else {
        start_check(7, &stuck->check);
    }
}

static void run_until_stuck(const struct stuck *stuck, enum stuck_phase phase)
{
    if (phase == STUCK_NOT_BEGUN)
        return;
    uv_run(&loop, UV_RUN_NOWAIT);
    while (phase == STUCK_RESOLVING && server_count(zone.udp) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    while ((phase == STUCK_ANSWER || phase == STUCK_BODY || phase == STUCK_HTTPS_HANDSHAKE) &&
           server_count(stuck->server) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    while (phase == STUCK_BODY && reports[7].count == 0 &&
           prober->by_token[7]->result.timings.first_byte_us < 0)
        uv_run(&loop, UV_RUN_NOWAIT);
}

static void end_stuck(struct stuck *stuck)
{
    server_stop(stuck->server);
    black_hole_close(&stuck->hole);
}

/* cell: http, cancelled, loopback server */
START_TEST(a_cancelled_attempt_is_void_and_told_once)
{
    struct stuck stuck;

    start_stuck(&stuck, (enum stuck_phase)_i);
    run_until_stuck(&stuck, (enum stuck_phase)_i);
    ck_assert_uint_eq(reports[7].count, 0);
    prober_cancel(prober, 7);
    prober_cancel(prober, 7);
    ck_assert_uint_eq(reports[7].count, 0); /* from the loop, not from inside */
    run_until_reported(7, 1);
    expect(&reports[7].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    prober_cancel(prober, 7);
    prober_cancel(prober, 8);
    prober_cancel(prober, 100000);
    prober_close_now();
    ck_assert_uint_eq(reports[7].count, 1);
    end_stuck(&stuck);
}
END_TEST

START_TEST(a_cancelled_attempt_may_be_made_again_at_once)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");

    check.host = "good.test";
    start_check(3, &check);
    while (prober->by_token[3]->phase == PHASE_WAITING)
        uv_run(&loop, UV_RUN_NOWAIT);
    prober_cancel(prober, 3); /* while its name is asked for */
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    do {
        reports[3].count = 0;
        start_check(3, &check);
        run_until_reported(3, 1);
    } while (stood_still(&reports[3].result));
    expect(&reports[3].result, RESULT_GOOD, FAILURE_NONE, "status 200");
    server_stop(server);
}
END_TEST

static void serve_until_left(struct server *server, int fd, void *context)
{
    atomic_uint *left_count = context;

    server_wait_for_close(server, fd);
    atomic_fetch_add(left_count, 1);
}

START_TEST(a_cancelled_attempt_leaves_its_server)
{
    atomic_uint left_count = 0;
    struct server *server = server_start_tcp(serve_until_left, &left_count);
    struct check check = make_check(server_port(server), "/", "200", "ok");

    check.tls = _i == 1;
    start_check(3, &check);
    while (server_count(server) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    while (atomic_load(&left_count) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    server_stop(server);
}
END_TEST

START_TEST(closing_ends_an_attempt_without_a_word)
{
    struct stuck stuck;

    start_stuck(&stuck, (enum stuck_phase)_i);
    run_until_stuck(&stuck, (enum stuck_phase)_i);
    prober_close_now();
    ck_assert_uint_eq(reports[7].count, 0);
    end_stuck(&stuck);
}
END_TEST

START_TEST(a_cancel_between_end_and_report_wins)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");

    start_check(3, &check);
    uv_run(&loop, UV_RUN_NOWAIT); /* begins */
    while (prober->by_token[3]->phase != PHASE_ENDED)
        lean_drain(prober); /* reads the answer, and reports nothing */
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    server_stop(server);
}
END_TEST

/* ---- our own faults (V4) ---- */

/* Begins a check and then leaves the loop alone for longer than V4 lets pass. */
static void start_and_stand_still(const struct check *check)
{
    start_check(0, check);
    while (prober->by_token[0]->phase == PHASE_WAITING)
        uv_run(&loop, UV_RUN_NOWAIT);
    poll(NULL, 0, 2 * (LATE_MAX_MS + PULSE_MS));
}

START_TEST(a_timeout_while_we_stood_still_is_void)
{
    struct server *server = server_start_tcp(serve_silence, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);

    check.timeout_ms = SHORT_MS;
    start_and_stand_still(&check);
    run_until_reported(0, 1);
    expect(&reports[0].result, RESULT_VOID, FAILURE_TIMEOUT, "we stood still for ");
    server_stop(server);
}
END_TEST

START_TEST(a_timeout_is_void_when_we_stood_still_well_before_it)
{
    struct server *server = server_start_tcp(serve_silence, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);

    check.timeout_ms = 4 * (LATE_MAX_MS + PULSE_MS);
    start_and_stand_still(&check);
    run_until_reported(0, 1);
    expect(&reports[0].result, RESULT_VOID, FAILURE_TIMEOUT, "we stood still for ");
    server_stop(server);
}
END_TEST

/* Begins a check and returns when its answer lies in the kernel, unread. */
static void start_and_leave_the_answer(const struct check *check)
{
    const struct attempt *attempt;
    struct pollfd answer = {.events = POLLIN};

    start_check(0, check);
    while (prober->by_token[0]->phase == PHASE_WAITING)
        uv_run(&loop, UV_RUN_NOWAIT);
    attempt = prober->by_token[0];
    while (attempt->held == NULL && attempt->phase != PHASE_ENDED)
        lean_drain(prober); /* sends the request */
    answer.fd = attempt->lean.fd;
    if (attempt->phase != PHASE_ENDED)
        poll(&answer, 1, -1);
}

START_TEST(an_answer_that_we_read_far_too_late_is_void)
{
    struct server *server = server_start_tcp(_i == 0 ? serve_ok : serve_sick, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);

    check.timeout_ms = SHORT_MS;
    start_and_leave_the_answer(&check);
    poll(NULL, 0, SHORT_MS + LATE_MAX_MS + PULSE_MS);
    run_until_reported(0, 1);
    ck_assert_int_eq(reports[0].result.class, RESULT_VOID);
    server_stop(server);
}
END_TEST

START_TEST(an_answer_that_waited_for_us_is_no_timeout)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");

    check.timeout_ms = 1;
    start_and_leave_the_answer(&check);
    poll(NULL, 0, 5); /* past the deadline */
    run_until_reported(0, 1);
    ck_assert_int_ne(reports[0].result.class, RESULT_BAD); /* void on a machine that slow */
    server_stop(server);
}
END_TEST

START_TEST(without_descriptors_there_is_no_verdict)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);
    struct rlimit before, none;
    struct result result;
    int lowest;

    uv_run(&loop, UV_RUN_NOWAIT);
    lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)lowest;
    setrlimit(RLIMIT_NOFILE, &none);
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "Too many open files");
    check.kind = CHECK_TCP;
    check.assertion = NULL;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "Too many open files");
    check.kind = CHECK_HTTP;
    check.tls = true;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "Too many open files");
    setrlimit(RLIMIT_NOFILE, &before);
    server_stop(server);
}
END_TEST

START_TEST(a_request_that_is_too_long_is_our_own_fault)
{
    static char value[REQUEST_MAX];
    struct check_header header = {.name = "X-Long", .value = value};
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);
    struct result result;
    char error[200];

    memset(value, 'x', sizeof(value) - 1);
    check.headers = &header;
    check.header_count = 1;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "a request of more than 16384 bytes is not sent");
    ck_assert(!prober_can(&check, error, sizeof(error))); /* and that is said before */
    ck_assert_str_eq(error, result.detail);
    check.header_count = 0;
    ck_assert(prober_can(&check, error, sizeof(error)));
    server_stop(server);
}
END_TEST

/* ---- many ---- */

START_TEST(many_checks_at_once_are_each_told_once)
{
    enum { COUNT = 500 };
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct check refused = make_check(server_free_port(), "/", "200", NULL);

    for (uint32_t token = 0; token < COUNT; token++)
        start_check(token, token % 5 == 0 ? &refused : &check);
    for (uint32_t token = 0; token < COUNT; token++) {
        while (reports[token].count == 0)
            uv_run(&loop, UV_RUN_ONCE);
        if (!stood_still(&reports[token].result))
            ck_assert_int_eq(reports[token].result.class,
                             token % 5 == 0 ? RESULT_BAD : RESULT_GOOD);
    }
    prober_close_now();
    for (uint32_t token = 0; token < COUNT; token++)
        ck_assert_uint_eq(reports[token].count, 1);
    server_stop(server);
}
END_TEST

START_TEST(an_idle_prober_lets_the_loop_sleep)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");

    check.timeout_ms = SHORT_MS;
    probe(&check);
    while (uv_is_active((uv_handle_t *)&prober->wheel_timer))
        uv_run(&loop, UV_RUN_ONCE);
    uv_run(&loop, UV_RUN_NOWAIT);
    uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(uv_backend_timeout(&loop), -1); /* nothing ticks */
    server_stop(server);
}
END_TEST

static void ignore(void *context)
{
    *(bool *)context = true;
}

static void on_lonely(void *context, uint32_t token, const struct result *result)
{
    struct report *report = context;

    (void)token;
    report->count++;
    report->result = *result;
}

/* V4: with references that need no name this probe would not even be blind. */
START_TEST(a_dead_name_server_of_ours_is_no_failure_of_any_endpoint)
{
    struct check check = make_check(80, "/", "200", NULL);
    struct prober *lonely = NULL;
    struct report seen = {0};
    bool closed = false;
    char nobody[32];

    check.host = "pair.test";
    snprintf(nobody, sizeof(nobody), "127.0.0.1:%u", server_free_port());
    ck_assert_int_eq(prober_create_asking(&loop, nobody, on_lonely, &seen, &lonely), 0);
    prober_start(lonely, 0, &check);
    while (seen.count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    expect(&seen.result, RESULT_VOID, FAILURE_DNS, "name server unreachable");
    prober_close(lonely, ignore, &closed);
    while (!closed)
        uv_run(&loop, UV_RUN_ONCE);
}
END_TEST

START_TEST(a_prober_with_bad_name_servers_is_refused)
{
    struct prober *none = NULL;
    bool closed = false;

    ck_assert_int_eq(prober_create_asking(&loop, "nonsense", NULL, NULL, &none), -EINVAL);
    ck_assert_ptr_null(none);
    prober_close(NULL, ignore, &closed);
    ck_assert(closed);
}
END_TEST

static TCase *kind_tests(void)
{
    TCase *tests = tcase_create("kinds");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_tcp_check_is_good_when_the_connection_is_made);
    tcase_add_test(tests, a_tcp_check_is_bad_when_refused);
    tcase_add_test(tests, a_connection_nobody_answers_times_out_connecting);
    tcase_add_test(tests, a_reference_is_good_with_any_http_answer);
    tcase_add_test(tests, a_name_server_is_a_good_reference_when_it_answers_anything);
    tcase_add_test(tests, a_silent_name_server_is_a_bad_reference);
    return tests;
}

static TCase *life_tests(void)
{
    TCase *tests = tcase_create("life");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_cancelled_attempt_is_void_and_told_once, 0, STUCK_PHASES);
    tcase_add_test(tests, a_cancelled_attempt_may_be_made_again_at_once);
    tcase_add_loop_test(tests, a_cancelled_attempt_leaves_its_server, 0, 2);
    tcase_add_loop_test(tests, closing_ends_an_attempt_without_a_word, 0, STUCK_PHASES);
    tcase_add_test(tests, a_cancel_between_end_and_report_wins);
    tcase_add_test(tests, a_timeout_while_we_stood_still_is_void);
    tcase_add_test(tests, a_timeout_is_void_when_we_stood_still_well_before_it);
    tcase_add_loop_test(tests, an_answer_that_we_read_far_too_late_is_void, 0, 2);
    tcase_add_test(tests, an_answer_that_waited_for_us_is_no_timeout);
    tcase_add_test(tests, without_descriptors_there_is_no_verdict);
    tcase_add_test(tests, a_request_that_is_too_long_is_our_own_fault);
    tcase_add_test(tests, many_checks_at_once_are_each_told_once);
    tcase_add_test(tests, an_idle_prober_lets_the_loop_sleep);
    tcase_add_test(tests, a_dead_name_server_of_ours_is_no_failure_of_any_endpoint);
    tcase_add_test(tests, a_prober_with_bad_name_servers_is_refused);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("prober");

    suite_add_tcase(suite, kind_tests());
    suite_add_tcase(suite, life_tests());
    return run_suite(suite);
}
