/* SPDX-License-Identifier: Apache-2.0 */
/* What our own machine refuses on a connection that was made, for want of memory or by its own
 * rules, says nothing of the endpoint: void, never a failure (V4). The same of every client; and
 * what the other side does is a failure still. */
#undef _FORTIFY_SOURCE /* it has a recv() of its own */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <sys/socket.h>

#include "../lib/certificates.h"
#include "../lib/suite.h"
#include "prober_fixture.h"

enum fault_of { SENDING, READING };

/* What the kernel says to this thread; the servers have threads of their own. 0: what it thinks. */
static _Thread_local int faults[2];
static _Thread_local unsigned lets_pass[2]; /* so many calls before that */

ssize_t __recv_chk(int fd, void *bytes, size_t size, size_t room, int flags);

static bool fails(enum fault_of of)
{
    if (faults[of] == 0 || lets_pass[of]-- > 0)
        return false;
    lets_pass[of] = 0;
    errno = faults[of];
    return true;
}

/* libcurl calls them, too: what a program defines goes before the C library. */
ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return fails(SENDING) ? -1 : sendto(fd, bytes, size, flags, NULL, 0);
}

/* Where there is nothing to read yet, nothing fails: how often that is, is the machine's affair. */
ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    char byte;

    if (faults[READING] != 0 && recvfrom(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, NULL, NULL) < 0)
        return -1;
    return fails(READING) ? -1 : recvfrom(fd, bytes, size, flags, NULL, NULL);
}

ssize_t __recv_chk(int fd, void *bytes, size_t size, size_t room, int flags)
{
    ck_assert_uint_le(size, room);
    return recv(fd, bytes, size, flags);
}

/* ---- servers ---- */

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void serve_http(struct server *server, int fd, void *context)
{
    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd, ANSWER);
    server_wait_for_close(server, fd);
}

static void serve_line(struct server *server, int fd, void *context)
{
    char question[4];

    (void)context;
    if (server_read(server, fd, question, sizeof(question)) == 0)
        server_send_text(server, fd, "pong");
    server_wait_for_close(server, fd);
}

/* Says who it is, and begins TLS when asked to: POP3's STLS. */
static void serve_mail(struct server *server, int fd, void *context)
{
    char question[6];

    (void)context;
    server_send_text(server, fd, "+OK\r\n");
    if (server_read(server, fd, question, sizeof(question)) == 0)
        server_send_text(server, fd, "-ERR no TLS here\r\n");
    server_wait_for_close(server, fd);
}

/* Blocking: every client of these tests leaves by itself. */
static void serve_https(struct server *server, int fd, void *context)
{
    SSL_CTX *ssl_context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(ssl_context);
    char request[4096];

    (void)server;
    (void)context;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    SSL_use_certificate_file(ssl, certificates_file(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(ssl, certificates_key(CERTIFICATE_GOOD), SSL_FILETYPE_PEM);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1 && SSL_read(ssl, request, sizeof(request)) > 0) {
        SSL_write(ssl, ANSWER, sizeof(ANSWER) - 1);
        SSL_read(ssl, request, sizeof(request));
    }
    SSL_free(ssl);
    SSL_CTX_free(ssl_context);
}

/* ---- clients ---- */

static struct check_tls starttls = {.starttls = STARTTLS_POP3};
static struct tcp_line line = {.send = "ping", .expect = "pong"};
static struct check_tcp dialogue = {.lines = &line, .line_count = 1};

static void be_https(struct check *check)
{
    check->tls = true;
    check->ca_file = certificates_authority();
}

static void be_redirected(struct check *check)
{
    check->redirects = 1; /* libcurl makes those */
}

static void be_redirected_https(struct check *check)
{
    be_https(check);
    be_redirected(check);
}

static void be_tcp(struct check *check)
{
    check->kind = CHECK_TCP;
    check->of.tcp = &dialogue;
}

static void be_mail(struct check *check)
{
    check->kind = CHECK_TLS;
    check->of.tls = &starttls;
}

/* How many calls of each there are at least: each falls into another part of what a client does. */
static const struct client {
    const char *name;
    server_serve serve;
    void (*be)(struct check *check);
    unsigned sends, reads;
} clients[] = {
    {"http", serve_http, NULL, 1, 1},
    {"https", serve_https, be_https, 2, 2},
    {"libcurl", serve_http, be_redirected, 1, 1},
    {"libcurl over TLS", serve_https, be_redirected_https, 2, 2},
    {"tcp", serve_line, be_tcp, 1, 1},
    {"starttls", serve_mail, be_mail, 1, 2},
};

/* One attempt, of which a call fails so. */
static struct result probe_failing(const struct client *client, enum fault_of of, unsigned call,
                                   int error)
{
    struct server *server = server_start_tcp(client->serve, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);
    struct result result;

    if (client->be != NULL)
        client->be(&check);
    if (check.kind != CHECK_HTTP)
        check.assertion = NULL;
    do {
        reports[0].count = 0;
        start_check(0, &check);
        faults[of] = error;
        lets_pass[of] = call;
        run_until_reported(0, 1);
        faults[of] = 0;
        result = reports[0].result;
    } while (stood_still(&result));
    server_stop(server);
    return result;
}

static void expect_of(const struct client *client, enum fault_of of, unsigned call, int error,
                      enum result_class class)
{
    struct result result = probe_failing(client, of, call, error);

    ck_assert_msg(result.class == class, "%s, %s %u, %s: class %d, %s", client->name,
                  of == SENDING ? "send" : "recv", call, strerrorname_np(error), result.class,
                  result.detail);
}

static void expect_of_all(int error, enum result_class class)
{
    for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
        for (unsigned call = 0; call < clients[i].sends; call++)
            expect_of(&clients[i], SENDING, call, error, class);
        for (unsigned call = 0; call < clients[i].reads; call++)
            expect_of(&clients[i], READING, call, error, class);
    }
}

START_TEST(memory_that_our_machine_lacks_is_no_failure_of_the_endpoint)
{
    expect_of_all(ENOBUFS, RESULT_VOID);
    expect_of_all(ENOMEM, RESULT_VOID);
}
END_TEST

START_TEST(what_our_own_firewall_refuses_is_no_failure_of_the_endpoint)
{
    expect_of_all(EPERM, RESULT_VOID);
}
END_TEST

START_TEST(a_reset_is_a_failure)
{
    expect_of_all(ECONNRESET, RESULT_BAD);
}
END_TEST

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

int main(void)
{
    Suite *suite = suite_create("own faults");
    TCase *tests = tcase_create("own faults");

    suite_add_tcase(suite, tests);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, memory_that_our_machine_lacks_is_no_failure_of_the_endpoint);
    tcase_add_test(tests, what_our_own_firewall_refuses_is_no_failure_of_the_endpoint);
    tcase_add_test(tests, a_reset_is_a_failure);
    return run_suite(suite);
}
