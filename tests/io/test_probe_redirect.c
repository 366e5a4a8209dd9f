/* SPDX-License-Identifier: Apache-2.0 */
/* Where a redirect leads is the endpoint's word: it is followed as far as the check says, to the
 * same scheme, to addresses the check may reach, and never to the failover name. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum { REQUEST_SIZE = 2048, LOCATION_SIZE = 1024 };

/* A server that answers "/" with a redirect and any other page with "ok". It keeps the last
 * request, which the test may read when it has its result. */
struct place {
    struct server *server;
    char location[LOCATION_SIZE];
    char request[REQUEST_SIZE];
};

static void read_request(struct server *server, int fd, char *request)
{
    size_t length = 0;

    request[0] = '\0';
    while (strstr(request, "\r\n\r\n") == NULL && length + 1 < REQUEST_SIZE &&
           server_read(server, fd, request + length, 1) == 0)
        request[++length] = '\0';
}

static void serve_place(struct server *server, int fd, void *context)
{
    struct place *place = context;
    char answer[LOCATION_SIZE + 100];

    read_request(server, fd, place->request);
    if (strncmp(place->request, "GET / ", 6) != 0) {
        server_send_text(server, fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    } else {
        snprintf(answer, sizeof(answer),
                 "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nmoved",
                 place->location);
        server_send_text(server, fd, answer);
    }
    server_wait_for_close(server, fd);
}

static struct place place;
static struct check check;

static void setup(void)
{
    prober_setup();
    memset(&place, 0, sizeof(place));
    place.server = server_start_tcp(serve_place, &place);
    check = make_check(server_port(place.server), "/", "200", "ok");
    check.host = "good.test";
    check.redirects = 2;
}

static void teardown(void)
{
    prober_teardown();
    server_stop(place.server);
}

/* The Location may hold a %u for the port. */
static struct result probe_location(const char *location)
{
    const char *at = strstr(location, "PORT");

    if (at == NULL)
        snprintf(place.location, sizeof(place.location), "%s", location);
    else
        snprintf(place.location, sizeof(place.location), "%.*s%u%s", (int)(at - location), location,
                 server_port(place.server), at + 4);
    return probe(&check);
}

/* ---- followed ---- */

static const struct {
    const char *location;
    const char *line;
} followed[] = {
    {"/there", "GET /there HTTP/1.1"},
    {"there?a=1#part", "GET /there?a=1 HTTP/1.1"},
    {"  /there  ", "GET /there HTTP/1.1"},
    {"//good.test:PORT/there", "GET /there HTTP/1.1"},
    {"http://good.test:PORT/there", "GET /there HTTP/1.1"},
    {"HTTP://GOOD.test:PORT/there", "GET /there HTTP/1.1"},
    {"http://user:secret@good.test:PORT/there", "GET /there HTTP/1.1"},
    {"http://127.0.0.1:PORT/there", "GET /there HTTP/1.1"},
    {"http://lasting.test:PORT/there", "GET /there HTTP/1.1"},
};

START_TEST(a_redirect_is_followed)
{
    struct result result = probe_location(followed[_i].location);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_int_eq(result.status, 200);
    ck_assert_uint_eq(server_count(place.server), 2);
    ck_assert_ptr_eq(strstr(place.request, followed[_i].line), place.request);
    ck_assert_ptr_null(strstr(place.request, "uthorization"));
    ck_assert_int_ge(result.timings.resolve_us, 0);
    ck_assert_int_ge(result.timings.total_us, result.timings.resolve_us +
                                                  result.timings.connect_us +
                                                  result.timings.first_byte_us);
}
END_TEST

START_TEST(a_redirect_is_an_answer_unless_it_is_to_be_followed)
{
    struct result result;

    check.redirects = 0;
    result = probe_location("/there");
    expect(&result, RESULT_BAD, FAILURE_STATUS, "status 302, wanted 200");
    ck_assert_uint_eq(server_count(place.server), 1);
}
END_TEST

START_TEST(redirects_are_followed_so_often_and_no_more)
{
    struct result result = probe_location("/");

    expect(&result, RESULT_BAD, FAILURE_STATUS,
           "status 302, redirected more than 2 times, at last to /");
    ck_assert_uint_eq(server_count(place.server), 3);
}
END_TEST

static void serve_created(struct server *server, int fd, void *context)
{
    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd, "HTTP/1.1 201 Created\r\nLocation: /there\r\n\r\nok");
}

START_TEST(a_status_that_is_no_redirect_is_not_followed)
{
    struct server *server = server_start_tcp(serve_created, NULL);
    struct check other = make_check(server_port(server), "/", "201", "ok");
    struct result result;

    other.redirects = 5;
    result = probe(&other);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 201");
    server_stop(server);
}
END_TEST

/* ---- secrets ---- */

static const struct check_header secrets[] = {{"Authorization", "Bearer sesame"}, {"X-Key", "1"}};

START_TEST(headers_of_the_settings_go_to_the_own_host)
{
    struct result result;

    check.headers = secrets;
    check.header_count = 2;
    result = probe_location("/there");
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_ptr_nonnull(strstr(place.request, "Authorization: Bearer sesame\r\n"));
    ck_assert_ptr_nonnull(strstr(place.request, "X-Key: 1\r\n"));
}
END_TEST

START_TEST(headers_of_the_settings_do_not_go_to_another_host)
{
    struct result result;

    check.headers = secrets;
    check.header_count = 2;
    result = probe_location("http://lasting.test:PORT/there");
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_ptr_nonnull(strstr(place.request, "Host: lasting.test:"));
    ck_assert_ptr_null(strstr(place.request, "sesame"));
    ck_assert_ptr_null(strstr(place.request, "X-Key"));
}
END_TEST

START_TEST(headers_of_the_settings_do_not_go_to_another_port)
{
    struct place second = {.server = NULL};
    char location[100];
    struct result result;

    second.server = server_start_tcp(serve_place, &second);
    check.headers = secrets;
    check.header_count = 2;
    snprintf(location, sizeof(location), "http://good.test:%u/there", server_port(second.server));
    result = probe_location(location);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_ptr_null(strstr(second.request, "sesame"));
    server_stop(second.server);
}
END_TEST

/* ---- refused ---- */

static const struct {
    const char *location;
    enum result_class class;
    enum failure failure;
    const char *words;
} refused[] = {
    {"https://good.test/", RESULT_BAD, FAILURE_STATUS,
     "status 302, redirected to another scheme, which is not followed: https://good.test/"},
    {"ftp://good.test/", RESULT_BAD, FAILURE_STATUS, "to another scheme"},
    {"file:///etc/passwd", RESULT_BAD, FAILURE_STATUS, "redirected to "},
    {"gopher://127.0.0.1:6379/_FLUSHALL", RESULT_BAD, FAILURE_STATUS, "redirected to "},
    {"javascript:alert(1)", RESULT_BAD, FAILURE_STATUS, "redirected to "},
    {"http://good.test:99999/", RESULT_BAD, FAILURE_STATUS, "redirected to what is no URL"},
    {"http://[::1/", RESULT_BAD, FAILURE_STATUS, "redirected to what is no URL"},
    {"http:///", RESULT_BAD, FAILURE_STATUS, "redirected to what is no URL"},
    {"http://\x1b[31m/", RESULT_BAD, FAILURE_STATUS, "http://\\x1b[31m/"},
    {"http://missing.test/", RESULT_BAD, FAILURE_DNS, "redirected to missing.test: NXDOMAIN"},
    {"http://a..b/", RESULT_BAD, FAILURE_DNS, "redirected to a..b: not a valid name"},
    {"http://cloud.test/latest", RESULT_VOID, FAILURE_POLICY,
     "169.254.169.254:80: blocked by policy: metadata is not allowed"},
    {"http://169.254.169.254/latest", RESULT_VOID, FAILURE_POLICY, "blocked by policy: metadata"},
    {"http://2852039166/latest", RESULT_VOID, FAILURE_POLICY, "blocked by policy: metadata"},
    {"http://0xa9fea9fe/latest", RESULT_VOID, FAILURE_POLICY, "blocked by policy: metadata"},
    {"http://[::ffff:169.254.169.254]/", RESULT_VOID, FAILURE_POLICY, "blocked by policy: metad"},
    {"http://[fe80::1]/", RESULT_VOID, FAILURE_POLICY, "blocked by policy: link-local"},
    {"http://224.0.0.1/", RESULT_VOID, FAILURE_POLICY, "blocked by policy: multicast"},
    {"http://pizza.example.com/", RESULT_VOID, FAILURE_POLICY, "to the failover name"},
    {"http://PIZZA.example.com.:8080/", RESULT_VOID, FAILURE_POLICY, "to the failover name"},
};

/* cell: http, hostile, loopback server */
START_TEST(a_redirect_that_leads_astray_is_refused_and_said)
{
    static const struct service_record records[] = {{.name = "other.example.com"},
                                                    {.name = "pizza.example.com"}};
    struct result result;

    prober_set_records(prober, records, 2);
    result = probe_location(refused[_i].location);
    expect(&result, refused[_i].class, refused[_i].failure, refused[_i].words);
    ck_assert_uint_eq(server_count(place.server), 1);
}
END_TEST

START_TEST(a_redirect_to_the_loopback_needs_to_be_allowed)
{
    struct result result;

    check.host = "127.0.0.1"; /* as it stands in the settings */
    check.allow = 0;
    result = probe_location("http://127.0.0.1:PORT/there");
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.host = "good.test";
    check.address = "127.0.0.1";
    result = probe_location("/there");
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

static void serve_endless_location(struct server *server, int fd, void *context)
{
    static char line[6000];

    (void)context;
    memset(line, 'x', sizeof(line) - 1);
    server_read_request(server, fd);
    server_send_text(server, fd, "HTTP/1.1 302 Found\r\nLocation: /");
    server_send_text(server, fd, line);
    server_send_text(server, fd, "\r\n\r\n");
    server_wait_for_close(server, fd);
}

/* cell: http, hostile, loopback server */
START_TEST(a_location_that_is_too_long_is_refused)
{
    struct server *server = server_start_tcp(serve_endless_location, NULL);
    struct result result;

    check.port = server_port(server);
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_STATUS, "redirected to more than 4096 bytes");
    server_stop(server);
}
END_TEST

/* ---- addresses ---- */

/* Each address is checked by itself: a redirect on the own host stays at it. */
START_TEST(on_its_own_host_a_redirect_stays_at_its_address)
{
    struct place second = {.location = "/there"};
    struct place third = {.location = "/there"};
    struct result result;

    second.server = server_start_tcp_beside(place.server, 2, serve_place, &second);
    third.server = server_start_tcp_beside(place.server, 3, serve_place, &third);
    check.host = "trio.test";
    check.need = NEED_ALL;
    result = probe_location("/there");
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200; 3 of 3 addresses good");
    ck_assert_uint_eq(server_count(place.server), 2);
    ck_assert_uint_eq(server_count(second.server), 2);
    ck_assert_uint_eq(server_count(third.server), 2);
    server_stop(second.server);
    server_stop(third.server);
}
END_TEST

/* ---- deadline, cancel ---- */

/* cell: http, timed out, loopback server */
START_TEST(the_name_of_a_redirect_is_asked_for_under_the_deadline)
{
    struct result result;

    check.timeout_ms = 1000; /* enough for the first hop */
    result = probe_location("http://silent.test/");
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT,
           "timeout after 1000 ms while resolving the name of a redirect");
}
END_TEST

/* cell: http, cancelled, loopback server */
START_TEST(a_cancel_ends_an_attempt_between_two_hops)
{
    snprintf(place.location, sizeof(place.location), "http://silent.test/");
    start_check(3, &check);
    while (prober->by_token[3]->phase < PHASE_CONNECTING || prober->by_token[3]->lookup == NULL)
        uv_run(&loop, UV_RUN_NOWAIT);
    if (_i == 1) {
        prober_close_now();
        ck_assert_uint_eq(reports[3].count, 0);
        return;
    }
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_redirect");
    TCase *tests = tcase_create("probe_redirect");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_redirect_is_followed, 0,
                        (int)(sizeof(followed) / sizeof(followed[0])));
    tcase_add_test(tests, a_redirect_is_an_answer_unless_it_is_to_be_followed);
    tcase_add_test(tests, redirects_are_followed_so_often_and_no_more);
    tcase_add_test(tests, a_status_that_is_no_redirect_is_not_followed);
    tcase_add_test(tests, headers_of_the_settings_go_to_the_own_host);
    tcase_add_test(tests, headers_of_the_settings_do_not_go_to_another_host);
    tcase_add_test(tests, headers_of_the_settings_do_not_go_to_another_port);
    tcase_add_loop_test(tests, a_redirect_that_leads_astray_is_refused_and_said, 0,
                        (int)(sizeof(refused) / sizeof(refused[0])));
    tcase_add_test(tests, a_redirect_to_the_loopback_needs_to_be_allowed);
    tcase_add_test(tests, a_location_that_is_too_long_is_refused);
    tcase_add_test(tests, on_its_own_host_a_redirect_stays_at_its_address);
    tcase_add_test(tests, the_name_of_a_redirect_is_asked_for_under_the_deadline);
    tcase_add_loop_test(tests, a_cancel_ends_an_attempt_between_two_hops, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
