/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP and HTTPS checks against a real web server with good and faulty certificates. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/suite.h"
#include "../lib/nginx.h"
#include "prober_fixture.h"

static struct nginx nginx;

/* One server for all tests of this program: starting it costs more than asking it. */
static void start_server(void)
{
    certificates_make();
    nginx_start(&nginx);
}

static void stop_server(void)
{
    nginx_stop(&nginx);
    certificates_remove();
}

/* Every test of these runs over both: a user sees no difference but the certificate. */
enum { OVER_HTTP, OVER_HTTPS, WAYS };

static struct check check_over(int way, const char *target, const char *status, const char *body)
{
    uint16_t port = way == OVER_HTTPS ? nginx.https_ports[CERTIFICATE_GOOD] : nginx.http_port;
    struct check check = make_check(port, target, status, body);

    check.tls = way == OVER_HTTPS;
    check.ca_file = certificates_authority();
    return check;
}

static struct result ask(int way, const char *target, const char *status, const char *body)
{
    struct check check = check_over(way, target, status, body);

    return probe(&check);
}

/* cell: http, good, nginx */
START_TEST(a_good_page_is_good_with_its_times)
{
    struct result result = ask(_i, "/ok", "200", "ok");

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    ck_assert_int_eq(result.timings.tls_us > 0, _i == OVER_HTTPS);
    ck_assert_int_gt(result.timings.total_us, 0);
}
END_TEST

START_TEST(a_page_without_a_body_wanted_is_good_by_its_status)
{
    struct result result = ask(_i, "/big", "200", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    result = ask(_i, "/empty", "204", NULL);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 204");
}
END_TEST

/* cell: http, bad, nginx */
START_TEST(a_sick_page_is_bad_by_its_status)
{
    struct result result = ask(_i, "/sick", "200-299,304", "ok");

    expect(&result, RESULT_BAD, FAILURE_STATUS, "status 503, wanted 200-299,304");
    ck_assert_int_eq(result.status, 503);
}
END_TEST

/* cell: http, bad, nginx */
START_TEST(a_page_without_the_text_is_bad_by_its_body)
{
    struct result result = ask(_i, "/ok", "200", "fine");

    expect(&result, RESULT_BAD, FAILURE_BODY, "body \"ok\" (2 bytes read), wanted \"fine\" in it");
}
END_TEST

START_TEST(a_redirect_is_a_status_and_is_not_followed)
{
    struct result result = ask(_i, "/moved", "200", NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "status 302, wanted 200");
    result = ask(_i, "/moved", "302", NULL);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 302");
}
END_TEST

START_TEST(a_page_in_chunks_is_read)
{
    struct result result = ask(_i, "/chunked", "200", "chunked ok");

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(a_page_of_ten_megabytes_is_judged_by_its_beginning)
{
    struct result result = ask(_i, "/big", "200", "bigx");

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    result = ask(_i, "/big", "200", "small");
    expect(&result, RESULT_BAD, FAILURE_BODY, "(the first 65536 bytes), wanted \"small\"");
}
END_TEST

START_TEST(head_asks_for_no_body)
{
    struct check check = check_over(_i, "/big", "200", NULL);
    struct result result;

    check.method = "HEAD";
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check = check_over(_i, "/ok", "200", "ok");
    result = probe(&check); /* a handle that asked HEAD before asks GET now */
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(the_request_says_who_asks_and_keeps_nothing_open)
{
    char wanted[200];
    struct result result;

    snprintf(wanted, sizeof(wanted),
             "GET /a/../echo?a=1&b=%%20 HTTP/1.1|127.0.0.1:%u|"
             "regionshift/" VERSION " (health check)|close||",
             check_over(_i, "/", NULL, NULL).port);
    result = ask(_i, "/a/../echo?a=1&b=%20", "200", wanted);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(headers_of_the_settings_are_sent_and_replace_ours)
{
    const struct check_header headers[] = {{"X-Token", "a: b"},
                                           {"Host", "pizza.example.com"},
                                           {"user-agent", "mine"},
                                           {"X-Empty", ""}};
    struct check check = check_over(_i, "/echo", "200", "|pizza.example.com|mine|close||a: b");
    struct result result;

    check.headers = headers;
    check.header_count = 4;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

/* ---- HTTP/2, HTTP/3 ---- */

/* cell: http, good, nginx */
START_TEST(http2_is_spoken_where_it_is_wanted)
{
    struct check check = check_over(_i, "/echo", "200", "GET /echo HTTP/2.0|127.0.0.1:");
    struct result result;

    check.port = _i == OVER_HTTPS ? nginx.https2_port : nginx.http2_port;
    check.http_version = HTTP_VERSION_2;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_eq(result.timings.tls_us > 0, _i == OVER_HTTPS);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    ck_assert_int_ge(result.timings.total_us,
                     result.timings.connect_us + result.timings.first_byte_us);
}
END_TEST

/* cell: http, bad, nginx */
START_TEST(what_a_page_over_http2_lacks_is_told_as_ever)
{
    struct check check = check_over(_i, "/sick", "200", NULL);
    struct result result;

    check.port = _i == OVER_HTTPS ? nginx.https2_port : nginx.http2_port;
    check.http_version = HTTP_VERSION_2;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_STATUS, "status 503, wanted 200");
    check.target = "/moved";
    check.redirects = 1;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

/* cell: http, bad, nginx */
START_TEST(a_server_without_http2_is_bad_when_http2_is_wanted)
{
    struct check check = check_over(_i, "/ok", "200", NULL);
    struct result result;

    check.http_version = HTTP_VERSION_2;
    result = probe(&check);
    if (_i == OVER_HTTPS)
        expect(&result, RESULT_BAD, FAILURE_STATUS, "HTTP/1.1 spoken, wanted HTTP/2");
    else /* whose kind of surprise this is, libcurl decides */
        expect(&result, RESULT_BAD, result.failure, "over HTTP/2: ");
}
END_TEST

START_TEST(http3_is_offered_only_where_libcurl_has_it)
{
    struct check check = check_over(OVER_HTTPS, "/ok", "200", NULL);
    char error[200] = "";
    struct result result;

    ck_assert(prober_can(&check, error, sizeof(error)));
    check.http_version = HTTP_VERSION_2;
    ck_assert(prober_can(&check, error, sizeof(error)));
    check.http_version = HTTP_VERSION_3;
    result = probe(&check); /* nginx has no HTTP/3 */
    if (prober_can(&check, error, sizeof(error))) {
        ck_assert_int_eq(result.class, RESULT_BAD);
    } else {
        expect(&result, RESULT_VOID, FAILURE_POLICY,
               "this build cannot speak HTTP/3: libcurl " LIBCURL_VERSION " is without it");
        expect(&result, RESULT_VOID, FAILURE_POLICY, error);
    }
}
END_TEST

/* ---- what an expression may ask for ---- */

enum { ALL_SUBJECTS = SUBJECT_BIT(SUBJECT_COUNT) - 1 };

static const struct {
    int way;
    const char *text;
    const char *unmet; /* NULL: it holds */
} expressions[] = {
    {OVER_HTTP, "header \"content-type\" contains \"plain\"", NULL},
    {OVER_HTTPS, "header \"content-type\" contains \"plain\"", NULL},
    {OVER_HTTP, "header \"server\" contains \"Apache\"", "nginx"},
    {OVER_HTTPS, "header \"server\" contains \"Apache\"", "nginx"},
    {OVER_HTTP, "latency < 50s", NULL},
    {OVER_HTTPS, "latency < 50s", NULL},
    {OVER_HTTP, "latency > 50s", "latency"},
    {OVER_HTTPS, "latency > 50s", "latency"},
    {OVER_HTTPS, "tls >= 1.2", NULL},
    {OVER_HTTPS, "cert_days < 4000 and cert_days > 0", NULL},
    {OVER_HTTPS, "cert_days > 36000", "days"},
};

START_TEST(an_expression_sees_headers_times_and_certificates)
{
    struct check check = check_over(expressions[_i].way, "/ok", NULL, NULL);
    struct assertion *assertion = NULL;
    char error[200];
    struct result result;

    ck_assert_msg(
        assertion_parse(expressions[_i].text, ALL_SUBJECTS, &assertion, error, sizeof(error)) == 0,
        "%s", error);
    check.assertion = assertion;
    result = probe(&check);
    if (expressions[_i].unmet == NULL) {
        expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    } else {
        ck_assert_int_eq(result.class, RESULT_BAD);
        expect(&result, RESULT_BAD, result.failure, expressions[_i].unmet);
    }
    assertion_destroy(assertion);
}
END_TEST

START_TEST(a_body_is_read_as_far_as_the_check_says)
{
    struct check check = check_over(_i, "/big", "200", "bigx");
    struct result result;

    check.body_max = 4;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.body_max = 3;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_BODY, "(the first 3 bytes), wanted \"bigx\"");
    check.body_max = 1024 * 1024;
    check.assertion = make_check(0, "", "200", "small").assertion;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_BODY, "(the first 1048576 bytes), wanted \"small\"");
}
END_TEST

/* ---- whose proxy ---- */

/* A proxy of the environment would be asked in the endpoint's place. */
START_TEST(proxies_of_the_environment_are_not_asked)
{
    static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    struct check check = check_over(_i, "/ok", "200", "ok");
    char proxy[64];
    struct result result;

    snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", server_free_port());
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        setenv(names[i], proxy, 1);
    check.redirects = 1; /* over libcurl, also without TLS */
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.http_version = HTTP_VERSION_2;
    check.port = _i == OVER_HTTPS ? nginx.https2_port : nginx.http2_port;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

/* ---- certificates ---- */

static struct check check_certificate(enum certificate_kind kind)
{
    struct check check = make_check(nginx.https_ports[kind], "/ok", "200", "ok");

    check.tls = true;
    check.host = "good.test";
    check.ca_file = certificates_authority();
    return check;
}

static const struct {
    enum certificate_kind kind;
    const char *words;
} bad_certificates[] = {
    {CERTIFICATE_OTHER_NAME, "certificate is for other.test, wanted good.test"},
    {CERTIFICATE_EXPIRED, "expired 1.0 days ago"},
    {CERTIFICATE_NOT_YET, "certificate is not yet valid"},
    {CERTIFICATE_SELF_SIGNED, "self-signed certificate"},
};

/* cell: http, bad, nginx */
START_TEST(a_bad_certificate_is_a_class_of_its_own)
{
    struct check check = check_certificate(bad_certificates[_i].kind);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, bad_certificates[_i].words);
    check.verify = false;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.verify = true;
    result = probe(&check); /* the handle has not kept "unverified" */
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, bad_certificates[_i].words);
}
END_TEST

START_TEST(a_good_certificate_is_checked_against_the_name_not_the_address)
{
    struct check check = check_certificate(CERTIFICATE_GOOD);
    struct result result = probe(&check);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.address = "127.0.0.1"; /* pinned */
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.host = "pizza.example.com";
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "pizza.example.com");
}
END_TEST

START_TEST(an_authority_nobody_trusts_is_a_bad_certificate)
{
    struct check check = check_certificate(CERTIFICATE_GOOD);
    struct result result = probe(&check);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    check.ca_file = ""; /* the system's */
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "unable to get local issuer certificate");
}
END_TEST

START_TEST(a_file_of_authorities_that_is_missing_is_our_own_fault)
{
    struct check check = check_certificate(CERTIFICATE_GOOD);
    struct result result;

    check.ca_file = "/nonexistent/ca.pem";
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "/nonexistent/ca.pem");
}
END_TEST

START_TEST(tls_older_than_1_2_is_refused)
{
    struct check check = check_certificate(CERTIFICATE_GOOD);
    struct result result;

    check.port = nginx.old_tls_port;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TLS, "");
}
END_TEST

START_TEST(plain_http_on_the_port_is_a_failure_of_tls)
{
    struct check check = check_certificate(CERTIFICATE_GOOD);
    struct result result;

    check.port = nginx.http_port;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TLS, "");
}
END_TEST

START_TEST(https_on_the_port_of_plain_http_is_a_bad_status)
{
    struct check check = make_check(nginx.https_ports[CERTIFICATE_GOOD], "/ok", "200", NULL);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "status 400, wanted 200");
}
END_TEST

START_TEST(every_attempt_shakes_hands_anew)
{
    struct check check = check_over(OVER_HTTPS, "/echo", "200", "||."); /* not resumed */

    for (int i = 0; i < 3; i++) {
        struct result result = probe(&check);

        expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
        ck_assert_int_gt(result.timings.tls_us, 0);
    }
}
END_TEST

static TCase *page_tests(void)
{
    TCase *tests = tcase_create("pages");

    tcase_add_unchecked_fixture(tests, start_server, stop_server);
    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_good_page_is_good_with_its_times, 0, WAYS);
    tcase_add_loop_test(tests, a_page_without_a_body_wanted_is_good_by_its_status, 0, WAYS);
    tcase_add_loop_test(tests, a_sick_page_is_bad_by_its_status, 0, WAYS);
    tcase_add_loop_test(tests, a_page_without_the_text_is_bad_by_its_body, 0, WAYS);
    tcase_add_loop_test(tests, a_redirect_is_a_status_and_is_not_followed, 0, WAYS);
    tcase_add_loop_test(tests, a_page_in_chunks_is_read, 0, WAYS);
    tcase_add_loop_test(tests, a_page_of_ten_megabytes_is_judged_by_its_beginning, 0, WAYS);
    tcase_add_loop_test(tests, head_asks_for_no_body, 0, WAYS);
    tcase_add_loop_test(tests, the_request_says_who_asks_and_keeps_nothing_open, 0, WAYS);
    tcase_add_loop_test(tests, headers_of_the_settings_are_sent_and_replace_ours, 0, WAYS);
    tcase_add_loop_test(tests, http2_is_spoken_where_it_is_wanted, 0, WAYS);
    tcase_add_loop_test(tests, what_a_page_over_http2_lacks_is_told_as_ever, 0, WAYS);
    tcase_add_loop_test(tests, a_server_without_http2_is_bad_when_http2_is_wanted, 0, WAYS);
    tcase_add_test(tests, http3_is_offered_only_where_libcurl_has_it);
    tcase_add_loop_test(tests, an_expression_sees_headers_times_and_certificates, 0,
                        (int)(sizeof(expressions) / sizeof(expressions[0])));
    tcase_add_loop_test(tests, a_body_is_read_as_far_as_the_check_says, 0, WAYS);
    tcase_add_loop_test(tests, proxies_of_the_environment_are_not_asked, 0, WAYS);
    return tests;
}

static TCase *certificate_tests(void)
{
    TCase *tests = tcase_create("certificates");

    tcase_add_unchecked_fixture(tests, start_server, stop_server);
    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_bad_certificate_is_a_class_of_its_own, 0,
                        (int)(sizeof(bad_certificates) / sizeof(bad_certificates[0])));
    tcase_add_test(tests, a_good_certificate_is_checked_against_the_name_not_the_address);
    tcase_add_test(tests, an_authority_nobody_trusts_is_a_bad_certificate);
    tcase_add_test(tests, a_file_of_authorities_that_is_missing_is_our_own_fault);
    tcase_add_test(tests, tls_older_than_1_2_is_refused);
    tcase_add_test(tests, plain_http_on_the_port_is_a_failure_of_tls);
    tcase_add_test(tests, https_on_the_port_of_plain_http_is_a_bad_status);
    tcase_add_test(tests, every_attempt_shakes_hands_anew);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("prober_nginx");

    suite_add_tcase(suite, page_tests());
    suite_add_tcase(suite, certificate_tests());
    return run_suite(suite);
}
