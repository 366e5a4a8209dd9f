/* SPDX-License-Identifier: Apache-2.0 */
/* HTTPS checks against hostile servers: a fault comes out in the same class, and in the same words,
 * as over plain HTTP. */
#include <check.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "../lib/certificates.h"
#include "prober_fixture.h"

#define OK "HTTP/1.1 200 OK\r\n"

/* A server over TLS that answers with a text and then closes, or waits for the client to close. */
struct script {
    const char *text;
    const char *drips;   /* sent again and again, a piece every few milliseconds */
    unsigned drip_limit; /* 0: until the client leaves */
    bool waits;
    bool is_rude; /* closes the connection without closing TLS */
};

static void drip(SSL *ssl, const struct script *script)
{
    unsigned sent = 0;

    while (SSL_write(ssl, script->drips, (int)strlen(script->drips)) > 0) {
        if (++sent == script->drip_limit)
            return;
        if (script->drip_limit == 0)
            poll(NULL, 0, 5);
    }
}

/* Blocking: every client of these tests leaves by itself. */
static void serve_script(struct server *server, int fd, void *context)
{
    const struct script *script = context;
    SSL_CTX *ssl_context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(ssl_context);
    char request[4096];

    (void)server;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    SSL_use_certificate_file(ssl, certificates_file(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(ssl, certificates_key(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
        if (script->text[0] != '\0')
            SSL_write(ssl, script->text, (int)strlen(script->text));
        if (script->drips != NULL)
            drip(ssl, script);
        if (script->waits)
            SSL_read(ssl, request, sizeof(request));
        if (!script->is_rude)
            SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    SSL_CTX_free(ssl_context);
}

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN); /* of the servers of this test: OpenSSL writes without MSG_NOSIGNAL */
    certificates_make();
    prober_setup();
}

static void teardown(void)
{
    prober_teardown();
    certificates_remove();
}

static struct check https_check(uint16_t port, const char *body)
{
    struct check check = make_check(port, "/", "200", body);

    check.tls = true;
    check.ca_file = certificates_authority();
    return check;
}

/* where: it times out; NULL: it does not. */
static struct result probe_script(struct script script, const char *body, const char *where)
{
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = https_check(server_port(server), body);
    struct result result;

    result = probe_to(&check, where);
    prober_leave(server);
    return result;
}

/* cell: http, good, loopback server with TLS */
START_TEST(a_good_answer_is_good)
{
    struct result result = probe_script(
        (struct script){.text = OK "Content-Length: 2\r\n\r\nok", .waits = true}, "ok", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(an_answer_until_the_close_is_good)
{
    struct result result = probe_script((struct script){.text = OK "\r\nall is ok"}, "is ok", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(interim_answers_are_skipped)
{
    struct result result =
        probe_script((struct script){.text = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK
                                             "Content-Length: 2\r\n\r\nok",
                                     .waits = true},
                     "ok", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(a_server_that_reads_and_closes_has_not_answered)
{
    struct result result = probe_script((struct script){.text = ""}, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_CONNECT, "closed before any answer");
}
END_TEST

START_TEST(a_truncated_body_is_a_bad_body)
{
    struct result result =
        probe_script((struct script){.text = OK "Content-Length: 9\r\n\r\n123"}, "1", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "closed in the middle of the body");
}
END_TEST

START_TEST(a_truncated_chunk_is_a_bad_body)
{
    struct result result = probe_script(
        (struct script){.text = OK "Transfer-Encoding: chunked\r\n\r\n9\r\n123"}, "1", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "closed in the middle of the body");
}
END_TEST

START_TEST(a_connection_cut_in_the_body_is_bad)
{
    struct result result = probe_script(
        (struct script){.text = OK "Content-Length: 9\r\n\r\n123", .is_rude = true}, "1", NULL);

    ck_assert_int_eq(result.class, RESULT_BAD);
    ck_assert(result.failure == FAILURE_BODY || result.failure == FAILURE_CONNECT);
}
END_TEST

/* Whoever cuts a connection may stand in between: only the end of TLS is the server's word. */
START_TEST(an_answer_until_the_close_ends_with_tls_or_not_at_all)
{
    struct result result =
        probe_script((struct script){.text = OK "\r\nall is ok", .is_rude = true}, "is ok", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY,
           "closed in the middle of the body: the server did not end TLS");
}
END_TEST

START_TEST(headers_cut_short_are_no_answer)
{
    struct result result = probe_script((struct script){.text = OK "Server: x\r\n"}, "1", NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "closed in the middle of the headers");
}
END_TEST

/* cell: http, hostile, loopback server with TLS */
START_TEST(garbage_is_no_status)
{
    struct result result =
        probe_script((struct script){.text = "SSH-2.0-OpenSSH_9.2\x1b[31m\r\n"}, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "no status line of HTTP/1");
}
END_TEST

/* cell: http, hostile, loopback server with TLS */
START_TEST(endless_interim_answers_are_no_answer)
{
    struct result result = probe_script(
        (struct script){.text = "", .drips = "HTTP/1.1 102 Processing\r\n\r\n"}, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "more than 8 interim answers, the last 102");
}
END_TEST

/* cell: http, hostile, loopback server with TLS */
START_TEST(a_thousand_headers_are_refused)
{
    struct result result = probe_script(
        (struct script){.text = OK, .drips = "X-Header: value\r\n", .drip_limit = 1000}, NULL,
        NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "more than 100 lines of headers");
}
END_TEST

/* cell: http, hostile, loopback server with TLS */
START_TEST(sixteen_kilobytes_of_headers_are_refused)
{
    static char line[1024] = "X-Header: ";
    struct result result;

    memset(line + 10, 'x', sizeof(line) - 13);
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    result = probe_script((struct script){.text = OK, .drips = line, .drip_limit = 90}, NULL, NULL);
    expect(&result, RESULT_BAD, FAILURE_STATUS, "more than 16384 bytes of headers");
}
END_TEST

/* cell: http, hostile, loopback server with TLS */
START_TEST(an_endless_body_is_judged_by_its_beginning)
{
    static char piece[4097];
    struct result result;

    memset(piece, 'x', sizeof(piece) - 1);
    result = probe_script((struct script){.text = OK "\r\nbig", .drips = piece, .drip_limit = 5000},
                          "small", NULL);
    expect(&result, RESULT_BAD, FAILURE_BODY, "(the first 65536 bytes), wanted \"small\"");
}
END_TEST

/* ---- timeouts say in which phase ---- */

/* cell: http, timed out, loopback server with TLS */
START_TEST(a_handshake_that_hangs_times_out_as_handshake)
{
    struct server *server = server_start_tcp(serve_silence, NULL);
    struct check check = https_check(server_port(server), NULL);
    struct result result;

    check.timeout_ms = SHORT_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while shaking hands (TLS)");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_eq(result.timings.tls_us, -1);
    server_stop(server);
}
END_TEST

static const char waiting[] = "while waiting for an answer";
static const char reading_headers[] = "while reading the headers";
static const char reading_body[] = "while reading the body";

/* cell: http, timed out, loopback server with TLS */
START_TEST(a_silent_server_times_out_waiting)
{
    struct result result = probe_script((struct script){.text = "", .waits = true}, NULL, waiting);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, waiting);
    ck_assert_int_gt(result.timings.tls_us, 0);
}
END_TEST

START_TEST(headers_byte_by_byte_time_out_as_headers)
{
    struct result result =
        probe_script((struct script){.text = OK "X: ", .drips = "x"}, NULL, reading_headers);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, reading_headers);
}
END_TEST

/* cell: http, timed out, loopback server with TLS */
START_TEST(a_body_byte_by_byte_times_out_as_body)
{
    struct result result =
        probe_script((struct script){.text = OK "Content-Length: 1000000\r\n\r\n", .drips = "x"},
                     "ok", reading_body);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, reading_body);
    ck_assert_int_eq(result.status, 200);
}
END_TEST

/* ---- before HTTP ---- */

START_TEST(a_server_that_closes_in_the_handshake_fails_in_tls)
{
    struct server *server = server_start_tcp(serve_close, NULL);
    struct check check = https_check(server_port(server), NULL);
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
    struct check check = https_check(server_port(server), NULL);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_TLS, "");
    server_stop(server);
}
END_TEST

/* ---- after the handshake ---- */

static SSL *accept_client(int fd, int version_max, int verify)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(context);

    SSL_CTX_free(context); /* the connection has it */
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    SSL_use_certificate_file(ssl, certificates_file(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(ssl, certificates_key(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_set_max_proto_version(ssl, version_max);
    SSL_set_verify(ssl, verify, NULL);
    SSL_set_fd(ssl, fd);
    SSL_accept(ssl);
    return ssl;
}

static struct result probe_server(server_serve serve, const char *host)
{
    struct server *server = server_start_tcp(serve, NULL);
    struct check check = https_check(server_port(server), NULL);
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
    struct check check = https_check(server_port(server), NULL);
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
    struct check check = https_check(server_free_port(), NULL);
    struct result result = probe(&check);
    char words[80];

    snprintf(words, sizeof(words), "127.0.0.1:%u: Connection refused", check.port);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, words);
}
END_TEST

START_TEST(one_address_that_answers_is_enough_unless_more_are_wanted)
{
    struct script script = {.text = OK "Content-Length: 2\r\n\r\nok", .waits = true};
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = https_check(server_port(server), "ok");
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

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_good_answer_is_good);
    tcase_add_test(tests, an_answer_until_the_close_is_good);
    tcase_add_test(tests, interim_answers_are_skipped);
    tcase_add_test(tests, a_server_that_reads_and_closes_has_not_answered);
    tcase_add_test(tests, a_truncated_body_is_a_bad_body);
    tcase_add_test(tests, a_truncated_chunk_is_a_bad_body);
    tcase_add_test(tests, a_connection_cut_in_the_body_is_bad);
    tcase_add_test(tests, an_answer_until_the_close_ends_with_tls_or_not_at_all);
    tcase_add_test(tests, headers_cut_short_are_no_answer);
    tcase_add_test(tests, garbage_is_no_status);
    tcase_add_test(tests, endless_interim_answers_are_no_answer);
    tcase_add_test(tests, a_thousand_headers_are_refused);
    tcase_add_test(tests, sixteen_kilobytes_of_headers_are_refused);
    tcase_add_test(tests, an_endless_body_is_judged_by_its_beginning);
    tcase_add_test(tests, a_handshake_that_hangs_times_out_as_handshake);
    tcase_add_test(tests, a_silent_server_times_out_waiting);
    tcase_add_test(tests, headers_byte_by_byte_time_out_as_headers);
    tcase_add_test(tests, a_body_byte_by_byte_times_out_as_body);
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
