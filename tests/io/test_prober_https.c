/* SPDX-License-Identifier: Apache-2.0 */
/* What is TLS's alone in a check over HTTPS: handshakes, and how a connection ends. What servers
 * answer is in test_prober_answers.c. */
#include <check.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "answer_server.h"

START_TEST(a_connection_cut_in_the_body_is_bad)
{
    struct result result = probe_script(
        OVER_TLS, (struct script){.text = OK "Content-Length: 9\r\n\r\n123", .is_rude = true}, "1",
        NULL);

    ck_assert_int_eq(result.class, RESULT_BAD);
    ck_assert(result.failure == FAILURE_BODY || result.failure == FAILURE_CONNECT);
}
END_TEST

/* Whoever cuts a connection may stand in between: only the end of TLS is the server's word. */
START_TEST(an_answer_until_the_close_ends_with_tls_or_not_at_all)
{
    struct result result = probe_script(
        OVER_TLS, (struct script){.text = OK "\r\nall is ok", .is_rude = true}, "is ok", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY,
           "closed in the middle of the body: the server did not end TLS");
}
END_TEST

/* ---- timeouts say in which phase ---- */

/* cell: http, timed out, loopback server with TLS */
START_TEST(a_handshake_that_hangs_times_out_as_handshake)
{
    struct server *server = server_start_tcp(serve_silence, NULL);
    struct check check = check_over(OVER_TLS, server_port(server), NULL);
    struct result result;

    check.timeout_ms = SHORT_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while shaking hands (TLS)");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_eq(result.timings.tls_us, -1);
    server_stop(server);
}
END_TEST

/* ---- before HTTP ---- */

START_TEST(a_server_that_closes_in_the_handshake_fails_in_tls)
{
    struct server *server = server_start_tcp(serve_close, NULL);
    struct check check = check_over(OVER_TLS, server_port(server), NULL);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_TLS, "");
    server_stop(server);
}
END_TEST

static void serve_garbage(struct server *server, int fd, void *context)
{
    (void)context;
    server_send_text(server, fd, "220 mail.example.com ESMTP\r\n");
    server_wait_for_close(server, fd);
}

/* cell: http, hostile, loopback server with TLS */
START_TEST(a_server_that_speaks_no_tls_fails_in_tls)
{
    struct server *server = server_start_tcp(serve_garbage, NULL);
    struct check check = check_over(OVER_TLS, server_port(server), NULL);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_TLS, "");
    server_stop(server);
}
END_TEST

/* ---- after the handshake ---- */

static struct result probe_server(server_serve serve, const char *host)
{
    struct server *server = server_start_tcp(serve, NULL);
    struct check check = check_over(OVER_TLS, server_port(server), NULL);
    struct result result;

    check.host = host;
    check.address = "127.0.0.1";
    result = probe(&check);
    server_stop(server);
    return result;
}

/* In TLS 1.3 it says so when our handshake is long over. */
static void serve_who_are_you(struct server *server, int fd, void *context)
{
    SSL *ssl = accept_client(fd, 0, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);

    (void)context;
    server_wait_for_close(server, fd);
    SSL_free(ssl);
}

START_TEST(a_server_that_wants_our_certificate_fails_in_tls)
{
    struct result result = probe_server(serve_who_are_you, "127.0.0.1");

    expect(&result, RESULT_BAD, FAILURE_TLS, "while waiting for an answer");
    expect(&result, RESULT_BAD, FAILURE_TLS, "certificate required");
}
END_TEST

static void serve_new_keys(struct server *server, int fd, void *context)
{
    SSL *ssl = accept_client(fd, 0, SSL_VERIFY_NONE);

    (void)server;
    (void)context;
    while (SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 && SSL_do_handshake(ssl) == 1)
        continue;
    SSL_free(ssl);
}

/* cell: http, hostile, loopback server with TLS */
START_TEST(a_server_that_only_changes_its_keys_is_not_listened_to_for_ever)
{
    struct server *server = server_start_tcp(serve_new_keys, NULL);
    struct check check = check_over(OVER_TLS, server_port(server), NULL);
    const struct result *result = &reports[0].result;

    start_check(0, &check);
    run_until_reported(0, 1);
    server_stop(server);
    /* All of it may come at once: a slow machine stands still meanwhile, and makes it void. */
    ck_assert(result->class != RESULT_GOOD);
    expect(result, result->class, FAILURE_TLS, "more than 32768 bytes without content");
}
END_TEST

static void serve_second_handshake(struct server *server, int fd, void *context)
{
    SSL *ssl = accept_client(fd, TLS1_2_VERSION, SSL_VERIFY_NONE);
    char request[4096];

    (void)context;
    SSL_read(ssl, request, sizeof(request));
    SSL_renegotiate(ssl);
    SSL_do_handshake(ssl); /* asks for it */
    SSL_write(ssl, OK "\r\n", (int)strlen(OK "\r\n"));
    server_wait_for_close(server, fd);
    SSL_free(ssl);
}

START_TEST(a_second_handshake_is_declined)
{
    struct result result = probe_server(serve_second_handshake, "127.0.0.1");

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

static void serve_page(struct server *server, int fd, void *context)
{
    SSL *ssl = accept_client(fd, 0, SSL_VERIFY_NONE);
    char request[4096];

    (void)server;
    (void)context;
    if (SSL_read(ssl, request, sizeof(request)) > 0)
        SSL_write(ssl, OK "\r\n", (int)strlen(OK "\r\n"));
    SSL_free(ssl);
}

START_TEST(a_name_that_ends_with_a_dot_is_the_name_of_the_certificate)
{
    struct result result = probe_server(serve_page, "good.test.");

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    result = probe_server(serve_page, "other.test.");
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "wanted other.test");
}
END_TEST

START_TEST(a_refused_connection_is_told_with_its_address)
{
    struct check check = check_over(OVER_TLS, server_free_port(), NULL);
    struct result result = probe(&check);
    char words[80];

    snprintf(words, sizeof(words), "127.0.0.1:%u: Connection refused", check.port);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, words);
}
END_TEST

START_TEST(one_address_that_answers_is_enough_unless_more_are_wanted)
{
    struct script script = {.text = OK_PAGE, .waits = true};
    struct server *server = start_script(OVER_TLS, &script);
    struct check check = check_over(OVER_TLS, server_port(server), "ok");
    struct result result;

    check.host = "pair.test"; /* 127.0.0.9, where nobody listens, and 127.0.0.1 */
    check.verify = false;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    server_stop(server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prober_https");
    TCase *tests = tcase_create("prober_https");

    tcase_add_checked_fixture(tests, answers_setup, answers_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_connection_cut_in_the_body_is_bad);
    tcase_add_test(tests, an_answer_until_the_close_ends_with_tls_or_not_at_all);
    tcase_add_test(tests, a_handshake_that_hangs_times_out_as_handshake);
    tcase_add_test(tests, a_server_that_closes_in_the_handshake_fails_in_tls);
    tcase_add_test(tests, a_server_that_speaks_no_tls_fails_in_tls);
    tcase_add_test(tests, a_server_that_wants_our_certificate_fails_in_tls);
    tcase_add_test(tests, a_server_that_only_changes_its_keys_is_not_listened_to_for_ever);
    tcase_add_test(tests, a_second_handshake_is_declined);
    tcase_add_test(tests, a_name_that_ends_with_a_dot_is_the_name_of_the_certificate);
    tcase_add_test(tests, a_refused_connection_is_told_with_its_address);
    tcase_add_test(tests, one_address_that_answers_is_enough_unless_more_are_wanted);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
