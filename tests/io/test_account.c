/* SPDX-License-Identifier: Apache-2.0 */
/* An attempt that was asked tells all it sees; and what it is judged to be is what it would be
 * without that, whatever the server does with the body that is only shown. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../../monitor/io/probe/account.h"
#include "../lib/certificates.h"
#include "prober_fixture.h"

enum { OVER_LEAN, OVER_CURL, WAYS };

static struct account account;

/* As probe(), asking for an account. */
static struct result explain(const struct check *check)
{
    do {
        memset(&account, 0, sizeof(account));
        reports[1].count = 0;
        start_check(1, check);
        prober_explain(prober, 1, &account);
        run_until_reported(1, 1);
    } while (strncmp(reports[1].result.detail, "we stood still", 14) == 0);
    return reports[1].result;
}

/* ---- answers ---- */

struct script {
    const char *text;
    bool waits;  /* for the client to leave; else the server closes */
    bool resets; /* the connection, a moment later */
};

static void serve_script(struct server *server, int fd, void *context)
{
    const struct script *script = context;

    server_read_request(server, fd);
    server_send_text(server, fd, script->text);
    if (script->waits)
        server_wait_for_close(server, fd);
    if (script->resets && poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 30) == 0)
        server_reset(fd);
}

#define OK "HTTP/1.1 200 OK\r\n"

static const struct script scripts[] = {
    {.text = OK "Content-Length: 2\r\n\r\nok", .waits = true},
    {.text = OK "Content-Length: 9\r\n\r\nok"},
    {.text = OK "Content-Length: 9\r\n\r\n", .waits = true},
    {.text = OK "Content-Length: 9\r\n\r\n"},
    {.text = OK "Transfer-Encoding: chunked\r\n\r\nzz\r\n", .waits = true},
    {.text = OK "Transfer-Encoding: chunked\r\n\r\n1\r\n", .waits = true},
    {.text = OK "\r\n", .waits = true},
    {.text = OK "\r\nuntil it closes"},
    {.text = "HTTP/1.1 503 Sick\r\nContent-Length: 4\r\n\r\n", .waits = true},
    {.text = "HTTP/1.1 204 Empty\r\n\r\n", .waits = true},
    {.text = "HTTP/1.1 200 OK\r\nX", .waits = false},
    {.text = "nonsense\r\n\r\n"},
    {.text = ""},
};
enum { SCRIPTS = sizeof(scripts) / sizeof(scripts[0]) };

static struct check check_of(const struct server *server, int way, const char *body)
{
    struct check check = make_check(server_port(server), "/", "200", body);

    check.redirects = way == OVER_CURL ? 1 : 0;
    return check;
}

START_TEST(who_asks_for_an_account_gets_the_same_verdict)
{
    struct script script = scripts[_i % SCRIPTS];
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = check_of(server, _i / SCRIPTS, NULL);
    struct result plain = probe(&check);
    struct result explained = explain(&check);

    ck_assert_int_eq(explained.class, plain.class);
    ck_assert_int_eq(explained.failure, plain.failure);
    ck_assert_int_eq(explained.status, plain.status);
    ck_assert_str_eq(explained.detail, plain.detail);
    ck_assert_uint_eq(account.side_count, 1);
    ck_assert(account.sides[0].has_ended);
    prober_leave(server);
}
END_TEST

/* A reset takes away what was not read yet, so whether the head is seen is the machine's affair. */
START_TEST(a_connection_that_is_reset_in_a_body_that_nothing_looks_at_is_good)
{
    struct script script = {.text = OK "Content-Length: 9\r\n\r\n", .resets = true};
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = check_of(server, _i, NULL);
    struct result result = explain(&check);

    ck_assert_int_eq(result.class, result.status == 200 ? RESULT_GOOD : RESULT_BAD);
    prober_leave(server);
}
END_TEST

START_TEST(a_body_that_nothing_looks_at_is_shown)
{
    struct script script = {.text = OK "Content-Length: 9\r\n\r\n\x1b[2Jhello", .waits = true};
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = check_of(server, _i, NULL);

    ck_assert_int_eq(explain(&check).class, RESULT_GOOD);
    ck_assert_str_eq(account.sides[0].body, "\\x1b[2Jhello");
    ck_assert_int_eq(account.sides[0].answer.status, 200);
    prober_leave(server);
}
END_TEST

/* Without a body the attempt ends by its own wake, so long after the head. */
START_TEST(time_that_a_body_is_only_waited_for_does_not_count)
{
    struct script script = {.text = OK "Content-Length: 9\r\n\r\n", .waits = true};
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = check_of(server, _i, NULL);
    usec_t before_us = prober_now_us();
    struct result result = explain(&check);
    usec_t elapsed_us = prober_now_us() - before_us;

    ck_assert_int_eq(result.class, RESULT_GOOD);
    ck_assert_int_le(result.timings.total_us, elapsed_us - (EXCERPT_MS - 2) * 1000);
    prober_leave(server);
}
END_TEST

/* The deadline comes while the body is waited for that is only shown; as it does while a server
 * takes leave (tls.c). */
START_TEST(a_deadline_after_the_answer_makes_nothing_late)
{
    struct script script = {.text = OK "Content-Length: 9\r\n\r\n", .waits = true};
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = check_of(server, _i, NULL);
    struct attempt *attempt;

    memset(&account, 0, sizeof(account));
    start_check(1, &check);
    prober_explain(prober, 1, &account);
    attempt = prober->by_token[1];
    while (attempt->answered_us == 0 && reports[1].count == 0)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(reports[1].count, 0);
    attempt->due_ms = prober_now_ms();
    attempt_wake(attempt, EXCERPT_MS);
    run_until_reported(1, 1);
    ck_assert_int_eq(reports[1].result.class, RESULT_GOOD);
    prober_leave(server);
}
END_TEST

/* ---- names and addresses ---- */

START_TEST(every_address_tells_for_itself)
{
    struct script answers[] = {{.text = OK "Content-Length: 0\r\n\r\n", .waits = true},
                               {.text = "HTTP/1.1 503 Sick\r\n\r\n", .waits = true},
                               {.text = "nonsense\r\n\r\n"}};
    struct server *servers[3];
    struct check check;
    char address[ADDRESS_TEXT_MAX];

    servers[0] = server_start_tcp(serve_script, &answers[0]);
    for (unsigned i = 1; i < 3; i++)
        servers[i] = server_start_tcp_beside(servers[0], i + 1, serve_script, &answers[i]);
    check = check_of(servers[0], _i, NULL);
    check.host = "trio.test";
    ck_assert_int_eq(explain(&check).class, RESULT_GOOD);
    ck_assert_uint_eq(account.resolved.count, 3);
    ck_assert_uint_eq(account.side_count, 3);
    for (unsigned i = 0; i < 3; i++) {
        const struct account_side *side = &account.sides[i];
        bool is_good = strncmp(side->address, "127.0.0.1:", 10) == 0;

        snprintf(address, sizeof(address), "%s:%u", account.resolved.addresses[i],
                 server_port(servers[0]));
        ck_assert_str_eq(side->address, address);
        ck_assert(side->has_ended);
        ck_assert_int_eq(side->result.class, is_good ? RESULT_GOOD : RESULT_BAD);
    }
    prober_close_now();
    for (int i = 0; i < 3; i++)
        server_stop(servers[i]);
}
END_TEST

START_TEST(the_name_beside_a_pinned_address_is_told_when_it_answers)
{
    struct script script = scripts[0];
    struct server *server = server_start_tcp(serve_script, &script);
    struct check check = check_of(server, OVER_LEAN, NULL);

    check.host = "pair.test";
    check.address = "127.0.0.1";
    ck_assert_int_eq(explain(&check).class, RESULT_GOOD);
    ck_assert(account.naming.is_asked);
    while (!account.naming.has_answered)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(account.naming.count, 2);
    ck_assert_ptr_null(account.naming.status);
    prober_leave(server);
}
END_TEST

START_TEST(a_name_that_is_not_there_has_no_address_and_a_word)
{
    struct check check = make_check(80, "/", "200", NULL);

    check.host = "missing.test";
    ck_assert_int_eq(explain(&check).failure, FAILURE_DNS);
    ck_assert_uint_eq(account.resolved.count, 0);
    ck_assert_str_eq(account.resolved.status, "NXDOMAIN");
}
END_TEST

/* ---- certificates ---- */

static enum certificate_kind served;

static void serve_tls(struct server *server, int fd, void *context)
{
    SSL_CTX *ssl_context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(ssl_context);
    char request[4096];

    (void)server;
    (void)context;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    SSL_use_certificate_file(ssl, certificates_file(served), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(ssl, certificates_key(served), SSL_FILETYPE_PEM);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
        SSL_write(ssl, OK "Content-Length: 0\r\n\r\n", sizeof(OK "Content-Length: 0\r\n\r\n") - 1);
        SSL_read(ssl, request, sizeof(request));
    }
    SSL_free(ssl);
    SSL_CTX_free(ssl_context);
}

static const struct {
    enum certificate_kind kind;
    enum result_class class;
    const char *names;
} certificates[] = {
    {CERTIFICATE_GOOD, RESULT_GOOD, "DNS:good.test, IP Address:127.0.0.1"},
    {CERTIFICATE_OTHER_NAME, RESULT_BAD, "DNS:other.test"},
    {CERTIFICATE_EXPIRED, RESULT_BAD, "DNS:good.test"},
};

START_TEST(a_certificate_is_seen_also_when_it_is_refused)
{
    const struct account_tls *tls = &account.sides[0].tls;
    struct server *server;
    struct check check;
    struct result result;

    served = certificates[_i].kind;
    server = server_start_tcp(serve_tls, NULL);
    check = check_of(server, OVER_CURL, NULL);
    check.tls = true;
    check.ca_file = certificates_authority();
    result = explain(&check);
    ck_assert_int_eq(result.class, certificates[_i].class);
    ck_assert_int_eq(result.failure,
                     result.class == RESULT_GOOD ? FAILURE_NONE : FAILURE_CERTIFICATE);
    ck_assert_str_eq(tls->names, certificates[_i].names);
    ck_assert(tls->issuer[0] != '\0');
    ck_assert(tls->is_left_known && (tls->left_s < 0) == (served == CERTIFICATE_EXPIRED));
    ck_assert_int_eq(tls->version[0] != '\0', result.class == RESULT_GOOD);
    prober_leave(server);
}
END_TEST

/* A handshake may go on for an instant after its attempt was given up. */
START_TEST(an_attempt_that_is_given_up_leaves_its_account_alone)
{
    struct server *server;
    struct check check;

    served = CERTIFICATE_GOOD;
    server = server_start_tcp(serve_tls, NULL);
    check = check_of(server, OVER_CURL, NULL);
    check.tls = true;
    check.ca_file = certificates_authority();
    for (int turns = 0; turns < 40; turns++) {
        memset(&account, 0, sizeof(account));
        reports[1].count = 0;
        start_check(1, &check);
        prober_explain(prober, 1, &account);
        for (int i = 0; i < turns && reports[1].count == 0; i++)
            uv_run(&loop, UV_RUN_NOWAIT);
        prober_cancel(prober, 1);
        run_until_reported(1, 1);
    }
    prober_leave(server);
}
END_TEST

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN); /* OpenSSL of the servers writes without MSG_NOSIGNAL */
    certificates_make();
    prober_setup();
}

static void teardown(void)
{
    prober_teardown();
    certificates_remove();
}

int main(void)
{
    Suite *suite = suite_create("account");
    TCase *tests = tcase_create("account");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, who_asks_for_an_account_gets_the_same_verdict, 0, WAYS * SCRIPTS);
    tcase_add_loop_test(tests, a_connection_that_is_reset_in_a_body_that_nothing_looks_at_is_good,
                        0, WAYS);
    tcase_add_loop_test(tests, a_body_that_nothing_looks_at_is_shown, 0, WAYS);
    tcase_add_loop_test(tests, time_that_a_body_is_only_waited_for_does_not_count, 0, WAYS);
    tcase_add_loop_test(tests, a_deadline_after_the_answer_makes_nothing_late, 0, WAYS);
    tcase_add_loop_test(tests, every_address_tells_for_itself, 0, WAYS);
    tcase_add_test(tests, the_name_beside_a_pinned_address_is_told_when_it_answers);
    tcase_add_test(tests, a_name_that_is_not_there_has_no_address_and_a_word);
    tcase_add_loop_test(tests, a_certificate_is_seen_also_when_it_is_refused, 0, 3);
    tcase_add_test(tests, an_attempt_that_is_given_up_leaves_its_account_alone);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
