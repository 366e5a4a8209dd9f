/* SPDX-License-Identifier: Apache-2.0 */
/* All addresses of a name, each by itself; which of them a check may reach; the name beside a
 * pinned address. Over the lean prober and over libcurl: a user sees no difference. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum { OVER_LEAN, OVER_CURL, WAYS };

/* trio.test: 127.0.0.1, 127.0.0.2, 127.0.0.3, on one port. */
struct trio {
    struct server *servers[3];
    struct check check;
};

static void trio_start(struct trio *trio, int way, const server_serve serves[3])
{
    trio->servers[0] = server_start_tcp(serves[0], NULL);
    for (unsigned i = 1; i < 3; i++)
        trio->servers[i] = server_start_tcp_beside(trio->servers[0], i + 1, serves[i], NULL);
    trio->check = make_check(server_port(trio->servers[0]), "/", "200", "ok");
    trio->check.host = "trio.test";
    trio->check.redirects = way == OVER_CURL ? 1 : 0;
}

/* The prober first, so that servers which wait for it to leave end. */
static void trio_stop(struct trio *trio)
{
    prober_close_now();
    for (int i = 0; i < 3; i++)
        server_stop(trio->servers[i]);
}

/* ---- each by itself ---- */

START_TEST(every_address_of_a_name_is_checked)
{
    struct trio trio;
    struct result result;

    trio_start(&trio, _i, (server_serve[]){serve_ok, serve_ok, serve_ok});
    trio.check.need = NEED_ALL;
    result = probe(&trio.check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200; 3 of 3 addresses good");
    ck_assert_int_eq(result.status, 200);
    for (int i = 0; i < 3; i++)
        ck_assert_uint_ge(server_count(trio.servers[i]), 1);
    trio_stop(&trio);
}
END_TEST

START_TEST(the_bad_address_is_named_whether_it_matters_or_not)
{
    static const struct {
        uint32_t need;
        enum result_class class;
        enum failure failure;
        const char *words;
    } cases[] = {
        {NEED_ANY, RESULT_GOOD, FAILURE_NONE, "status 200; 2 of 3 addresses good; 127.0.0.2: "},
        {2, RESULT_GOOD, FAILURE_NONE, "status 200; 2 of 3 addresses good; 127.0.0.2: "},
        {NEED_ALL, RESULT_BAD, FAILURE_STATUS, ", wanted all; 127.0.0.2: status 503"},
        {3, RESULT_BAD, FAILURE_STATUS, ", wanted 3; 127.0.0.2: status 503, wanted 200"},
    };
    struct trio trio;

    trio_start(&trio, _i, (server_serve[]){serve_ok, serve_sick, serve_ok});
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result result;

        trio.check.need = cases[i].need;
        result = probe(&trio.check);
        expect(&result, cases[i].class, cases[i].failure, cases[i].words);
        expect(&result, cases[i].class, cases[i].failure, "127.0.0.2: status 503, wanted 200");
    }
    trio_stop(&trio);
}
END_TEST

START_TEST(a_name_with_fewer_addresses_than_are_wanted_is_badly_named)
{
    struct trio trio;
    struct result result;

    trio_start(&trio, _i, (server_serve[]){serve_ok, serve_ok, serve_ok});
    trio.check.need = 4;
    result = probe(&trio.check);
    expect(&result, RESULT_BAD, FAILURE_DNS, "3 of 3 addresses good, wanted 4");
    trio_stop(&trio);
}
END_TEST

/* What is certain is not waited for: detection counts. */
START_TEST(one_bad_address_of_all_ends_the_attempt_at_once)
{
    struct trio trio;
    struct result result;

    trio_start(&trio, _i, (server_serve[]){serve_silence, serve_sick, serve_silence});
    trio.check.need = NEED_ALL;
    result = probe(&trio.check); /* the silent ones would last for PATIENT_MS */
    expect(&result, RESULT_BAD, FAILURE_STATUS,
           "0 of 3 addresses good, 2 not waited for, wanted all; 127.0.0.2: status 503");
    trio_stop(&trio);
}
END_TEST

/* What is good waits: the operator is to hear of the silent one. */
START_TEST(a_silent_address_is_told_beside_a_good_one)
{
    struct trio trio;
    struct result result;

    trio_start(&trio, _i, (server_serve[]){serve_ok, serve_silence, serve_ok});
    result = probe_to(&trio.check, "2 of 3 addresses good; 127.0.0.2: timeout after ");
    expect(&result, RESULT_GOOD, FAILURE_NONE,
           "status 200; 2 of 3 addresses good; 127.0.0.2: timeout after ");
    ck_assert_ptr_nonnull(strstr(result.detail, " ms while waiting"));
    ck_assert_int_lt(result.timings.total_us, trio.check.timeout_ms * 1000); /* of a good one */
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    ck_assert_int_ge(result.timings.total_us, result.timings.resolve_us +
                                                  result.timings.connect_us +
                                                  result.timings.first_byte_us);
    trio_stop(&trio);
}
END_TEST

START_TEST(an_address_that_refuses_is_told_beside_a_good_one)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = "pair.test"; /* 127.0.0.9, where nobody listens, and 127.0.0.1 */
    check.redirects = _i == OVER_CURL ? 1 : 0;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "1 of 2 addresses good; 127.0.0.9:");
    expect(&result, RESULT_GOOD, FAILURE_NONE, "Connection refused");
    check.need = NEED_ALL;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
    server_stop(server);
}
END_TEST

START_TEST(more_addresses_than_we_look_at_are_said)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = "many.test"; /* 127.0.0.1 to 127.0.0.20 */
    check.redirects = _i == OVER_CURL ? 1 : 0;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "1 of 16 addresses good, 4 not looked at; ");
    expect(&result, RESULT_GOOD, FAILURE_NONE, " more"); /* there is no room for 15 reasons */
    server_stop(server);
}
END_TEST

START_TEST(only_the_addresses_of_the_family_are_checked)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = "both.test"; /* 127.0.0.1 and ::1, where nobody listens */
    check.family = FAMILY_IPV4;
    check.need = NEED_ALL;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_ptr_null(strstr(result.detail, "addresses"));
    check.family = FAMILY_IPV6;
    result = probe(&check);
    ck_assert_int_ne(result.class, RESULT_GOOD); /* void where there is no IPv6 at all */
    check.host = "good.test";
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_DNS, "good.test: no IPv6 address");
    server_stop(server);
}
END_TEST

static struct trio stuck;

static void start_stuck(int way)
{
    trio_start(&stuck, way, (server_serve[]){serve_silence, serve_silence, serve_silence});
    start_check(3, &stuck.check);
    for (int i = 0; i < 3; i++) {
        while (server_count(stuck.servers[i]) == 0)
            uv_run(&loop, UV_RUN_NOWAIT);
    }
}

START_TEST(a_cancel_ends_all_sides)
{
    start_stuck(_i);
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    trio_stop(&stuck); /* closes: nothing may be left */
    ck_assert_uint_eq(reports[3].count, 1);
}
END_TEST

START_TEST(closing_ends_all_sides_without_a_word)
{
    start_stuck(_i);
    trio_stop(&stuck);
    ck_assert_uint_eq(reports[3].count, 0);
}
END_TEST

START_TEST(when_all_are_silent_the_check_times_out_once)
{
    struct trio trio;
    struct result result;

    trio_start(&trio, _i, (server_serve[]){serve_silence, serve_silence, serve_silence});
    result = probe_to(&trio.check, "0 of 3 addresses good; 127.0.0.1: timeout");
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "0 of 3 addresses good; 127.0.0.1: timeout");
    trio_stop(&trio);
}
END_TEST

/* ---- our own faults ---- */

START_TEST(without_descriptors_for_any_address_there_is_no_verdict)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);
    struct rlimit before, none;
    struct result result;
    int lowest;

    check.host = "pair.test";
    check.redirects = _i == OVER_CURL ? 1 : 0;
    result = probe(&check); /* the name is known then */
    lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)lowest;
    setrlimit(RLIMIT_NOFILE, &none);
    result = probe(&check);
    setrlimit(RLIMIT_NOFILE, &before);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "0 of 2 addresses good; left out: ");
    expect(&result, RESULT_VOID, FAILURE_POLICY, "Too many open files");
    server_stop(server);
}
END_TEST

/* In a network of our own, where nothing leads anywhere, not even to ourselves. */
START_TEST(a_machine_without_a_route_has_no_verdict)
{
    struct check check = make_check(80, "/", "200", NULL);
    struct result result;

    if (unshare(CLONE_NEWNET) < 0) {
        ck_assert_int_eq(errno, EPERM); /* only root may */
        return;
    }
    check.host = _i & 1 ? "2001:db8::1" : "192.0.2.1";
    check.redirects = _i & 2 ? 1 : 0;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "this machine cannot connect to ");
}
END_TEST

/* What an operator closes on this machine is no failure of who lives behind it. */
static const struct {
    const char *route;
    int error;
} closed_routes[] = {{"blackhole", EINVAL}, {"unreachable", EHOSTUNREACH}, {"prohibit", EACCES}};

static void add_route(const char *type)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        execlp("ip", "ip", "route", "add", type, "192.0.2.0/24", (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

START_TEST(a_route_that_this_machine_has_closed_is_no_failure_of_the_endpoint)
{
    struct check check = make_check(80, "/", "200", NULL);
    struct result result;
    char detail[100];

    if (unshare(CLONE_NEWNET) < 0) {
        ck_assert_int_eq(errno, EPERM); /* only root may */
        return;
    }
    add_route(closed_routes[_i].route);
    check.host = "192.0.2.1";
    snprintf(detail, sizeof(detail), "this machine cannot connect to 192.0.2.1:80: %s",
             strerror(closed_routes[_i].error));
    for (int way = 0; way < 2; way++) {
        check.redirects = way == OVER_CURL ? 1 : 0;
        result = probe(&check);
        expect(&result, RESULT_VOID, FAILURE_POLICY, detail);
    }
}
END_TEST

/* A machine behind a router that forbids to go on, and a route that this machine forbids itself:
 * the same error, EACCES. */
static const char forbidding_router[] =
    "set -e\n"
    "there() { nsenter -t $1 -n sh -c \"$2\"; }\n"
    "ip link add here type veth peer name there netns $1\n"
    "ip link set here up\n"
    "ip -6 addr add fd00:1::1/64 dev here nodad\n"
    "there $1 'ip link set there up; ip -6 addr add fd00:1::2/64 dev there nodad;"
    " echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; ip -6 route add prohibit 2001:db8:1::/64'\n"
    "ip -6 route add default via fd00:1::2\n"
    "ip -6 route add prohibit 2001:db8:2::/64\n";

/* Returns a process with a network of its own, or -1. */
static pid_t start_router(void)
{
    int ready[2];
    pid_t child;
    char byte;
    ssize_t said;

    ck_assert_int_eq(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNET) == 0 && write(ready[1], "", 1) == 1)
            pause();
        _exit(0);
    }
    close(ready[1]);
    said = read(ready[0], &byte, 1);
    close(ready[0]);
    return said == 1 ? child : -1;
}

static bool lead_to_router(pid_t router)
{
    char number[20];
    int status;
    pid_t child;

    snprintf(number, sizeof(number), "%d", (int)router);
    child = fork();
    if (child == 0) {
        execlp("sh", "sh", "-c", forbidding_router, "sh", number, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status == 0;
}

START_TEST(what_a_router_forbids_is_no_rule_of_this_machine)
{
    struct check check = make_check(80, "/", "200", NULL);
    struct result result;
    pid_t router;

    if (access("/proc/sys/net/ipv6/conf/all/forwarding", W_OK) < 0)
        return; /* a machine without IPv6, or a caged one */
    if (unshare(CLONE_NEWNET) < 0) {
        ck_assert_int_eq(errno, EPERM); /* only root may */
        return;
    }
    router = start_router();
    ck_assert_int_gt(router, 0);
    ck_assert(lead_to_router(router));
    check.host = "2001:db8:2::1";
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "this machine cannot connect to ");
    check.host = "2001:db8:1::1";
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Permission denied");
    kill(router, SIGKILL);
    waitpid(router, NULL, 0);
}
END_TEST

/* What the kernel may say, and whose fault that is: without IPv6 the first of them, for instance.
 * ENETUNREACH for an address that has a route comes from a router on the way. */
static const struct {
    int error;
    enum result_class class;
} errors[] = {
    {EAFNOSUPPORT, RESULT_VOID},    {EADDRNOTAVAIL, RESULT_VOID}, {ENOBUFS, RESULT_VOID},
    {ECONNREFUSED, RESULT_BAD},     {EHOSTUNREACH, RESULT_BAD},   {ENETUNREACH, RESULT_BAD},
    {ENETDOWN, RESULT_VOID},        {ENOSPC, RESULT_VOID},        {EADDRINUSE, RESULT_VOID},
    {EPROTONOSUPPORT, RESULT_VOID},
};

/* What the kernel says of a connection that was made. */
static void end_with(void (*end)(struct attempt *attempt, int error), int error)
{
    struct server *server = server_start_tcp(serve_silence, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);

    do {
        unsigned before = server_count(server);

        reports[3].count = 0;
        start_check(3, &check);
        while (server_count(server) == before)
            uv_run(&loop, UV_RUN_NOWAIT);
        end(prober->by_token[3], error);
        run_until_reported(3, 1);
    } while (stood_still(&reports[3].result));
    prober_leave(server);
}

START_TEST(what_this_machine_lacks_is_no_failure_of_the_endpoint)
{
    end_with(attempt_connect_failed, errors[_i].error);
    expect(&reports[3].result, errors[_i].class,
           errors[_i].class == RESULT_BAD ? FAILURE_CONNECT : FAILURE_POLICY,
           strerror(errors[_i].error));
}
END_TEST

START_TEST(a_connection_that_this_machine_loses_is_no_failure_of_the_endpoint)
{
    static const struct {
        int error;
        enum result_class class;
    } losses[] = {{ENOBUFS, RESULT_VOID}, {ENOMEM, RESULT_VOID}, {ECONNRESET, RESULT_BAD}};

    end_with(attempt_lost, losses[_i].error);
    expect(&reports[3].result, losses[_i].class,
           losses[_i].class == RESULT_BAD ? FAILURE_CONNECT : FAILURE_POLICY, "connection lost");
}
END_TEST

/* ---- which addresses may be reached ---- */

START_TEST(a_name_must_not_lead_to_the_loopback_unless_allowed)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.redirects = _i == OVER_CURL ? 1 : 0;
    check.allow = 0;
    result = probe(&check); /* 127.0.0.1 as it stands in the settings */
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.host = "good.test";
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "blocked by policy: loopback is not allowed");
    ck_assert_uint_eq(server_count(server), 1);
    check.allow = ALLOW_LOOPBACK;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    server_stop(server);
}
END_TEST

START_TEST(a_name_must_not_lead_to_the_metadata_service)
{
    struct check check = make_check(80, "/", "200", NULL);
    struct result result;

    check.host = "cloud.test";
    check.redirects = _i == OVER_CURL ? 1 : 0;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY,
           "169.254.169.254:80: blocked by policy: metadata is not allowed");
    check.kind = CHECK_TCP;
    check.assertion = NULL;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "blocked by policy: metadata is not allowed");
}
END_TEST

START_TEST(what_may_not_be_reached_counts_for_nothing)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = "mixed.test"; /* 169.254.169.254 and 127.0.0.1 */
    check.need = NEED_ALL;
    check.redirects = _i == OVER_CURL ? 1 : 0;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "1 of 2 addresses good; left out: 169.254.169.254:");
    check.need = 2;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "1 of 2 addresses good, wanted 2; left out: ");
    check.allow = 0;
    check.need = NEED_ANY;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "0 of 2 addresses good; left out: ");
    check.need = NEED_ALL;
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "0 of 2 addresses good, wanted all; left out: ");
    server_stop(server);
}
END_TEST

START_TEST(a_reference_must_not_lead_there_either)
{
    struct reference reference = {
        .kind = REFERENCE_URL, .host = "cloud.test", .target = "/", .port = 80};

    reference.tls = _i == OVER_CURL;
    prober_start_reference(prober, 1, &reference, PATIENT_MS);
    run_until_reported(1, 1);
    expect(&reports[1].result, RESULT_VOID, FAILURE_POLICY, "blocked by policy: metadata");
    reference = (struct reference){.kind = REFERENCE_DNS, .host = "169.254.169.254", .port = 53};
    prober_start_reference(prober, 1, &reference, PATIENT_MS);
    run_until_reported(1, 2);
    expect(&reports[1].result, RESULT_VOID, FAILURE_POLICY, "blocked by policy: metadata");
}
END_TEST

/* ---- the name beside a pinned address ---- */

static const struct {
    const char *host;
    enum naming naming;
    const char *words;
} beside[] = {
    {"good.test", NAMING_GOOD, "status 200"},
    {"127.0.0.1", NAMING_NOT_ASKED, "status 200"},
    {"missing.test", NAMING_FAILED, "status 200; naming: missing.test: NXDOMAIN"},
    {"empty.test", NAMING_FAILED, "status 200; naming: empty.test: no address"},
    {"six.test", NAMING_DIFFERS, "status 200; naming: six.test has other addresses than 127.0.0.1"},
};

/* The endpoint is never kept waiting for the name: what is told is the last answer. */
START_TEST(the_name_beside_a_pinned_address_is_told_and_moves_nothing)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = beside[_i].host;
    check.address = "127.0.0.1";
    do {
        result = probe(&check);
        expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
        uv_run(&loop, UV_RUN_NOWAIT);
    } while (result.naming != beside[_i].naming);
    expect(&result, RESULT_GOOD, FAILURE_NONE, beside[_i].words);
    check.port = server_free_port();
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
    ck_assert_int_eq(result.naming, beside[_i].naming);
    server_stop(server);
}
END_TEST

START_TEST(a_silent_name_server_does_not_hold_up_a_pinned_address)
{
    struct server *server = server_start_tcp(serve_ok, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = "silent.test";
    check.address = "127.0.0.1";
    for (int i = 0; i < 3; i++) {
        result = probe(&check);
        expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
        ck_assert_int_ne(result.naming, NAMING_GOOD);
    }
    prober_close_now(); /* with the question in flight */
    server_stop(server);
}
END_TEST

static TCase *address_tests(void)
{
    TCase *tests = tcase_create("addresses");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, every_address_of_a_name_is_checked, 0, WAYS);
    tcase_add_loop_test(tests, the_bad_address_is_named_whether_it_matters_or_not, 0, WAYS);
    tcase_add_loop_test(tests, a_name_with_fewer_addresses_than_are_wanted_is_badly_named, 0, WAYS);
    tcase_add_loop_test(tests, one_bad_address_of_all_ends_the_attempt_at_once, 0, WAYS);
    tcase_add_loop_test(tests, a_silent_address_is_told_beside_a_good_one, 0, WAYS);
    tcase_add_loop_test(tests, an_address_that_refuses_is_told_beside_a_good_one, 0, WAYS);
    tcase_add_loop_test(tests, more_addresses_than_we_look_at_are_said, 0, WAYS);
    tcase_add_test(tests, only_the_addresses_of_the_family_are_checked);
    tcase_add_loop_test(tests, a_cancel_ends_all_sides, 0, WAYS);
    tcase_add_loop_test(tests, closing_ends_all_sides_without_a_word, 0, WAYS);
    tcase_add_loop_test(tests, when_all_are_silent_the_check_times_out_once, 0, WAYS);
    tcase_add_loop_test(tests, without_descriptors_for_any_address_there_is_no_verdict, 0, WAYS);
    tcase_add_loop_test(tests, a_machine_without_a_route_has_no_verdict, 0, 4);
    tcase_add_test(tests, what_a_router_forbids_is_no_rule_of_this_machine);
    tcase_add_loop_test(tests, a_route_that_this_machine_has_closed_is_no_failure_of_the_endpoint,
                        0, sizeof(closed_routes) / sizeof(closed_routes[0]));
    tcase_add_loop_test(tests, a_connection_that_this_machine_loses_is_no_failure_of_the_endpoint,
                        0, 3);
    tcase_add_loop_test(tests, what_this_machine_lacks_is_no_failure_of_the_endpoint, 0,
                        (int)(sizeof(errors) / sizeof(errors[0])));
    return tests;
}

static TCase *policy_tests(void)
{
    TCase *tests = tcase_create("policy");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_name_must_not_lead_to_the_loopback_unless_allowed, 0, WAYS);
    tcase_add_loop_test(tests, a_name_must_not_lead_to_the_metadata_service, 0, WAYS);
    tcase_add_loop_test(tests, what_may_not_be_reached_counts_for_nothing, 0, WAYS);
    tcase_add_loop_test(tests, a_reference_must_not_lead_there_either, 0, WAYS);
    tcase_add_loop_test(tests, the_name_beside_a_pinned_address_is_told_and_moves_nothing, 0,
                        (int)(sizeof(beside) / sizeof(beside[0])));
    tcase_add_test(tests, a_silent_name_server_does_not_hold_up_a_pinned_address);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("probe_addresses");

    suite_add_tcase(suite, address_tests());
    suite_add_tcase(suite, policy_tests());
    return run_suite(suite);
}
