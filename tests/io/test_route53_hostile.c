/* SPDX-License-Identifier: Apache-2.0 */
/* The client against endpoints that are not Route 53 at all: too much, too slow, too odd, or
 * somebody else. Each call must end once, as LOST, with bounded memory, and nothing of the answer
 * may be followed or shown raw. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "../lib/certificates.h"
#include "../lib/server.h"
#include "route53_fixture.h"

static struct server *server;

static void set_up(void)
{
    setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    setenv("AWS_SESSION_TOKEN", "canary-token", 1);
    settings = pizza_settings();
    settings.aws_timeout_ms = 20000;
    uv_loop_init(&loop);
}

static void tear_down(void)
{
    client_close();
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    if (server != NULL)
        server_stop(server);
    server = NULL;
}

static void read_with(server_serve serve, void *context)
{
    static char endpoint[64];

    server = server_start_tcp(serve, context);
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", server_port(server));
    settings.aws_endpoint = endpoint;
    client_open(false);
    ck_assert_msg(do_read() == ROUTE53_LOST, "%s: %s", route53_outcome_name(told.outcome),
                  told.message);
    ck_assert_uint_eq(server_count(server), 1);
    ck_assert_ptr_null(strstr(told.message, "hunter2"));
    ck_assert_ptr_null(strstr(told.message, "canary-token"));
}

static void read_from(server_serve serve)
{
    read_with(serve, NULL);
}

static void expect_words(const char *words)
{
    ck_assert_msg(strstr(told.message, words) != NULL, "no \"%s\" in: %s", words, told.message);
}

static void serve_ten_megabytes(struct server *self, int fd, void *context)
{
    static const char piece[64 * 1024];

    (void)context;
    server_read_request(self, fd);
    server_send_text(self, fd, "HTTP/1.1 200 OK\r\nContent-Length: 10485760\r\n\r\n");
    for (int i = 0; i < 160; i++) {
        if (server_send(self, fd, piece, sizeof(piece)) != 0)
            return;
    }
}

START_TEST(an_answer_of_ten_megabytes_is_cut_off)
{
    read_from(serve_ten_megabytes);
    expect_words("larger than 1 MiB");
}
END_TEST

static void serve_silence(struct server *self, int fd, void *context)
{
    (void)context;
    server_read_request(self, fd);
    server_send_text(self, fd, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a>");
    server_wait_for_close(self, fd);
}

START_TEST(an_answer_that_never_ends_ends_at_the_deadline)
{
    settings.aws_timeout_ms = 100;
    read_from(serve_silence);
    expect_words("no answer within 100 ms");
}
END_TEST

static void serve_interim(struct server *self, int fd, void *context)
{
    (void)context;
    server_read_request(self, fd);
    while (server_send_text(self, fd, "HTTP/1.1 102 Processing\r\n\r\n") == 0)
        ;
}

START_TEST(endless_interim_answers_end_at_the_deadline)
{
    settings.aws_timeout_ms = 200;
    read_from(serve_interim);
}
END_TEST

static void serve_headers(struct server *self, int fd, void *context)
{
    char line[64];

    (void)context;
    server_read_request(self, fd);
    server_send_text(self, fd, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "X-Header-%d: value\r\n", i);
        if (server_send_text(self, fd, line) != 0)
            return;
    }
    server_send_text(self, fd, "Content-Length: 0\r\n\r\n");
}

START_TEST(a_thousand_headers_are_survived)
{
    read_from(serve_headers);
}
END_TEST

static void serve_nothing(struct server *self, int fd, void *context)
{
    (void)context;
    server_read_request(self, fd);
}

START_TEST(a_connection_closed_at_once_is_a_lost_call)
{
    read_from(serve_nothing);
}
END_TEST

static void serve_redirect(struct server *self, int fd, void *context)
{
    char text[256];

    (void)context;
    server_read_request(self, fd);
    snprintf(text, sizeof(text),
             "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/latest/\r\n"
             "Content-Length: 0\r\n\r\n",
             server_port(self));
    server_send_text(self, fd, text);
    server_wait_for_close(self, fd);
}

START_TEST(a_redirect_is_not_followed)
{
    read_from(serve_redirect);
    expect_words("HTTP 302");
}
END_TEST

static void serve_error(struct server *self, int fd, void *context)
{
    static const char before[] = "<ErrorResponse><Error><Code>Oops</Code><Message>";
    static const char after[] = "</Message></Error></ErrorResponse>";
    const char *words = context;
    char text[512];

    server_read_request(self, fd);
    snprintf(text, sizeof(text), "HTTP/1.1 500 No\r\nContent-Length: %zu\r\n\r\n%s%s%s",
             strlen(before) + strlen(words) + strlen(after), before, words, after);
    server_send_text(self, fd, text);
    server_wait_for_close(self, fd);
}

static void read_words(const char *words)
{
    read_with(serve_error, (void *)(uintptr_t)words);
}

START_TEST(the_servers_words_cannot_forge_a_log_line)
{
    read_words("a&#10;level=page");
    expect_words("a\\x0alevel=page");
    ck_assert_ptr_null(strchr(told.message, '\n'));
}
END_TEST

START_TEST(words_that_are_no_xml_are_not_shown)
{
    read_words("a&#27;[2J"); /* escape is no character of XML 1.0 */
    expect_words("HTTP 500 without an error of AWS");
}
END_TEST

/* ---- a good HTTP answer with a bad body ---- */

static void serve_body(struct server *self, int fd, void *context)
{
    const char *body = context;
    char head[128];

    server_read_request(self, fd);
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(body));
    server_send_text(self, fd, head);
    server_send_text(self, fd, body);
    server_wait_for_close(self, fd);
}

#define NS " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\""

static const char *const rubbish[] = {
    "",
    "OK",
    "\x1f\x8b\x08",
    "{\"Error\": {\"Code\": \"AccessDenied\"}}",
    "<!DOCTYPE html><html><body>Welcome to the hotel's network</body></html>",
    "<ErrorResponse" NS "><Error><Code>Throttling</Code></Error></ErrorResponse>",
    "<GetHostedZoneResponse" NS "/>",
    "<GetHostedZoneResponse" NS "><HostedZone><Name>example.com.</Name>",
    "<x:GetHostedZoneResponse xmlns:x=\"urn:other\"><x:HostedZone><x:Name>example.com.</x:Name>"
    "</x:HostedZone></x:GetHostedZoneResponse>",
    "<GetChangeResponse" NS "><ChangeInfo><Id>C1</Id><Status>INSYNC</Status></ChangeInfo>"
    "</GetChangeResponse>",
    "<!DOCTYPE a [<!ENTITY b \"bbbbbbbbbb\"><!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;&b;\">"
    "<!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;&c;\">]><GetHostedZoneResponse><HostedZone>"
    "<Name>&d;</Name></HostedZone></GetHostedZoneResponse>",
};

START_TEST(rubbish_with_status_200_is_a_lost_call)
{
    read_with(serve_body, (void *)(uintptr_t)rubbish[_i]);
    ck_assert_str_ne(told.message, "");
}
END_TEST

static void open_at_server(void)
{
    static char endpoint[64];

    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%u", server_port(server));
    settings.aws_endpoint = endpoint;
    client_open(false);
}

START_TEST(a_private_zone_has_no_servers_and_that_is_no_fault)
{
    static const char body[] =
        "<GetHostedZoneResponse" NS "><HostedZone><Name>corp.internal.</Name>"
        "<Config><PrivateZone>true</PrivateZone></Config></HostedZone>"
        "</GetHostedZoneResponse>";

    server = server_start_tcp(serve_body, (void *)(uintptr_t)body);
    open_at_server();
    ck_assert_int_eq(do_get_servers(), ROUTE53_OK);
    ck_assert_uint_eq(told.server_count, 0);
}
END_TEST

/* ---- clocks ---- */

/* Refuses every signature, by a clock of long ago; context: one more header line, or "". */
static void serve_refusal(struct server *self, int fd, void *context)
{
    static const char body[] =
        "<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code></Error></ErrorResponse>";
    char text[512];

    server_read_request(self, fd);
    snprintf(text, sizeof(text),
             "HTTP/1.1 403 No\r\nDate: Sat, 22 Nov 2025 17:13:31 GMT\r\n%sConnection: close\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             (const char *)context, strlen(body), body);
    server_send_text(self, fd, text);
}

static unsigned requests_with(const char *header)
{
    server = server_start_tcp(serve_refusal, (void *)(uintptr_t)header);
    open_at_server();
    ck_assert_int_eq(do_read(), ROUTE53_DENIED);
    return server_count(server);
}

START_TEST(a_clock_that_refuses_twice_is_not_asked_a_third_time)
{
    msec_t skew_ms;

    ck_assert_uint_eq(requests_with(""), 2);
    ck_assert(route53_clock(client, &skew_ms));
    ck_assert_int_lt(skew_ms, 0);
}
END_TEST

/* Some cache kept it: its Date is that of then. */
START_TEST(a_kept_answer_does_not_set_the_clock)
{
    msec_t skew_ms;

    ck_assert_uint_eq(requests_with("Age: 31536000\r\n"), 1);
    ck_assert(!route53_clock(client, &skew_ms));
}
END_TEST

/* ---- TLS ---- */

static void open_tls(const char *certificate, const char *key, const char *authority)
{
    const char *const options[] = {"--tls", certificate, key, NULL};

    lab = lab_start(options);
    setenv("AWS_ACCESS_KEY_ID", LAB_KEY_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", LAB_SECRET, 1);
    unsetenv("AWS_SESSION_TOKEN");
    setenv("AWS_CA_BUNDLE", authority, 1);
    settings.aws_endpoint = lab_endpoint(lab);
    client_open(false);
}

static void close_tls(void)
{
    lab_stop(lab);
    certificates_remove();
}

START_TEST(a_trusted_endpoint_is_talked_to_over_tls)
{
    certificates_make();
    open_tls(certificates_file(CERTIFICATE_GOOD), certificates_key(CERTIFICATE_GOOD),
             certificates_authority());
    ck_assert_msg(do_read() == ROUTE53_OK, "%s", told.message);
    zone_view_destroy(told.view);
    told.view = NULL;
    close_tls();
}
END_TEST

/* Whoever has no good certificate sees no request: no key id, no token, no batch. */
START_TEST(an_endpoint_without_a_good_certificate_is_not_talked_to)
{
    enum certificate_kind kind = (enum certificate_kind)_i;

    certificates_make();
    open_tls(certificates_file(kind), certificates_key(kind), certificates_authority());
    ck_assert_int_eq(do_read(), ROUTE53_LOST);
    expect_words("certificate");
    ck_assert_int_eq(lab_request_count(lab, "GetHostedZone"), 0);
    close_tls();
}
END_TEST

START_TEST(an_authority_of_somebodys_own_is_not_believed_unasked)
{
    certificates_make();
    open_tls(certificates_file(CERTIFICATE_GOOD), certificates_key(CERTIFICATE_GOOD), "");
    ck_assert_int_eq(do_read(), ROUTE53_LOST);
    expect_words("certificate");
    close_tls();
}
END_TEST

/* ---- temporary credentials ---- */

START_TEST(temporary_credentials_carry_their_token_signed)
{
    const char *const options[] = {"--session-token", "to/ken+with=signs", NULL};

    lab = lab_start(options);
    setenv("AWS_ACCESS_KEY_ID", LAB_KEY_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", LAB_SECRET, 1);
    settings.aws_endpoint = lab_endpoint(lab);
    client_open(false);
    ck_assert_int_eq(do_read(), ROUTE53_DENIED); /* the set-up's token is not this one */
    setenv("AWS_SESSION_TOKEN", "to/ken+with=signs", 1);
    ck_assert_msg(do_read() == ROUTE53_OK, "%s", told.message);
    zone_view_destroy(told.view);
    told.view = NULL;
    lab_stop(lab);
}
END_TEST

/* ---- the account's rate ---- */

/* More requests than an account may send in a second, one after the other: none is throttled. */
START_TEST(a_large_zone_is_read_within_the_accounts_rate)
{
    const char *const options[] = {"--rate", "5", NULL};

    lab = lab_start(options);
    setenv("AWS_ACCESS_KEY_ID", LAB_KEY_ID, 1);
    setenv("AWS_SECRET_ACCESS_KEY", LAB_SECRET, 1);
    unsetenv("AWS_SESSION_TOKEN");
    zone_put(400);
    settings.aws_endpoint = lab_endpoint(lab);
    settings.aws_rate = 2;
    uv_update_time(&loop); /* the lab took its time to start */
    client_open(false);
    for (int i = 0; i < 2; i++) /* the first learns that it is large, the second asks by name */
        ck_assert_msg(do_read() == ROUTE53_OK, "%s", told.message);
    ck_assert_int_ge(lab_request_count(lab, "ListResourceRecordSets"), 9);
    zone_view_destroy(told.view);
    told.view = NULL;
    lab_stop(lab);
}
END_TEST

static TCase *hostile_case(void)
{
    TCase *tcase = tcase_create("hostile");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_answer_of_ten_megabytes_is_cut_off);
    tcase_add_test(tcase, an_answer_that_never_ends_ends_at_the_deadline);
    tcase_add_test(tcase, endless_interim_answers_end_at_the_deadline);
    tcase_add_test(tcase, a_thousand_headers_are_survived);
    tcase_add_test(tcase, a_connection_closed_at_once_is_a_lost_call);
    tcase_add_test(tcase, a_redirect_is_not_followed);
    tcase_add_test(tcase, the_servers_words_cannot_forge_a_log_line);
    tcase_add_test(tcase, words_that_are_no_xml_are_not_shown);
    tcase_add_loop_test(tcase, rubbish_with_status_200_is_a_lost_call, 0,
                        sizeof(rubbish) / sizeof(rubbish[0]));
    tcase_add_test(tcase, a_private_zone_has_no_servers_and_that_is_no_fault);
    tcase_add_test(tcase, a_clock_that_refuses_twice_is_not_asked_a_third_time);
    tcase_add_test(tcase, a_kept_answer_does_not_set_the_clock);
    return tcase;
}

static TCase *tls_case(void)
{
    TCase *tcase = tcase_create("tls");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, a_trusted_endpoint_is_talked_to_over_tls);
    tcase_add_loop_test(tcase, an_endpoint_without_a_good_certificate_is_not_talked_to,
                        CERTIFICATE_OTHER_NAME, CERTIFICATE_KINDS);
    tcase_add_test(tcase, an_authority_of_somebodys_own_is_not_believed_unasked);
    tcase_add_test(tcase, temporary_credentials_carry_their_token_signed);
    tcase_add_test(tcase, a_large_zone_is_read_within_the_accounts_rate);
    tcase_set_timeout(tcase, 300);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("route53_hostile");

    suite_add_tcase(suite, hostile_case());
    suite_add_tcase(suite, tls_case());
    return run_suite(suite);
}
