/* SPDX-License-Identifier: Apache-2.0 */
/* Handshakes, with and without STARTTLS, with good servers, with every fault of a certificate, and
 * with servers that mean ill. */
#include <check.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "../lib/certificates.h"
#include "base64.h"
#include "prober_fixture.h"

enum { LINES_MAX = 4 };

/* What a server says before TLS, a text to each line it reads; then its certificate. */
struct host {
    const char *first;
    const char *answers[LINES_MAX];
    bool is_silent; /* no handshake: it waits for the client to leave */
    enum certificate_kind certificate;
    int version_max; /* 0: any */
};

static int read_line(struct server *server, int fd)
{
    char byte = '\0';

    while (byte != '\n') {
        if (server_read(server, fd, &byte, 1) < 0)
            return -1;
    }
    return 0;
}

/* Blocking: every client of these tests leaves by itself. */
static void shake_hands(int fd, const struct host *host)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *ssl = SSL_new(context);
    char ignored;

    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    SSL_use_certificate_file(ssl, certificates_file(host->certificate), SSL_FILETYPE_PEM);
    SSL_use_PrivateKey_file(ssl, certificates_key(host->certificate), SSL_FILETYPE_PEM);
    SSL_set_max_proto_version(ssl, host->version_max);
    SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1)
        SSL_read(ssl, &ignored, 1);
    SSL_free(ssl);
    SSL_CTX_free(context);
}

static void serve_host(struct server *server, int fd, void *context)
{
    const struct host *host = context;

    if (host->first != NULL)
        server_send_text(server, fd, host->first);
    for (int i = 0; i < LINES_MAX && host->answers[i] != NULL; i++) {
        if (read_line(server, fd) < 0)
            return;
        server_send_text(server, fd, host->answers[i]);
    }
    if (host->is_silent)
        server_wait_for_close(server, fd);
    else
        shake_hands(fd, host);
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

static struct check tls_check(uint16_t port, struct check_tls *tls)
{
    struct check check = make_check(port, NULL, NULL, NULL);

    check.kind = CHECK_TLS;
    check.tls = true;
    check.ca_file = certificates_authority();
    check.assertion = NULL;
    check.of.tls = tls;
    return check;
}

static struct result probe_host(struct host host, struct check_tls tls)
{
    struct server *server = server_start_tcp(serve_host, &host);
    struct check check = tls_check(server_port(server), &tls);
    struct result result = probe(&check);

    server_stop(server);
    return result;
}

static struct result probe_expecting(struct host host, const char *text)
{
    struct server *server = server_start_tcp(serve_host, &host);
    struct check_tls tls = {.name = "good.test", .pin = ""};
    struct check check = tls_check(server_port(server), &tls);
    struct assertion *assertion = NULL;
    struct result result;
    char error[200];

    ck_assert_int_eq(assertion_parse(text,
                                     SUBJECT_BIT(SUBJECT_TLS) | SUBJECT_BIT(SUBJECT_CERT_DAYS),
                                     &assertion, error, sizeof(error)),
                     0);
    check.assertion = assertion;
    result = probe(&check);
    server_stop(server);
    assertion_destroy(assertion);
    return result;
}

static const struct check_tls for_good = {.name = "good.test", .pin = ""};
static const struct host good_host = {.certificate = CERTIFICATE_GOOD};

/* ---- good ---- */

/* cell: tls, good, loopback server */
START_TEST(a_good_certificate_is_good)
{
    struct result result = probe_host(good_host, for_good);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "TLSv1.3, certificate for ");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_gt(result.timings.tls_us, 0);
    ck_assert_int_eq(result.timings.first_byte_us, -1);
}
END_TEST

START_TEST(an_address_is_a_name_too)
{
    struct result result =
        probe_host(good_host, (struct check_tls){.name = "127.0.0.1", .pin = ""});

    expect(&result, RESULT_GOOD, FAILURE_NONE, "TLSv1.3");
    result = probe_host(good_host, (struct check_tls){.name = "127.0.0.2", .pin = ""});
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE,
           "certificate is for good.test, 127.0.0.1, wanted 127.0.0.2");
}
END_TEST

START_TEST(the_facts_go_to_the_assertion)
{
    struct host old = {.certificate = CERTIFICATE_GOOD, .version_max = TLS1_2_VERSION};
    struct result result = probe_expecting(good_host, "tls >= 1.3 and cert_days < 2");

    expect(&result, RESULT_GOOD, FAILURE_NONE, "");
    result = probe_expecting(old, "tls >= 1.3");
    expect(&result, RESULT_BAD, FAILURE_TLS, "1.2");
    result = probe_expecting(good_host, "cert_days > 14");
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "14");
}
END_TEST

static void pin_of(enum certificate_kind kind, struct buffer *pin)
{
    FILE *file = fopen(certificates_file(kind), "re");
    X509 *certificate = PEM_read_X509(file, NULL, NULL, NULL);
    unsigned char digest[32];
    unsigned char *key = NULL;
    int length = i2d_PUBKEY(X509_get0_pubkey(certificate), &key);

    fclose(file);
    EVP_Digest(key, (size_t)length, digest, NULL, EVP_sha256(), NULL);
    buffer_init(pin, 100);
    base64_write(pin, (const char *)digest, sizeof(digest));
    OPENSSL_free(key);
    X509_free(certificate);
}

START_TEST(a_pinned_key_is_the_one_or_it_is_not)
{
    struct buffer mine, other;
    struct result result;

    pin_of(CERTIFICATE_GOOD, &mine);
    pin_of(CERTIFICATE_OTHER_NAME, &other);
    result =
        probe_host(good_host, (struct check_tls){.name = "good.test", .pin = buffer_text(&mine)});
    expect(&result, RESULT_GOOD, FAILURE_NONE, "");
    result =
        probe_host(good_host, (struct check_tls){.name = "good.test", .pin = buffer_text(&other)});
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "public key is sha256/");
    ck_assert_ptr_nonnull(strstr(result.detail, buffer_text(&mine)));
    ck_assert_ptr_nonnull(strstr(result.detail, buffer_text(&other)));
    buffer_clear(&mine);
    buffer_clear(&other);
}
END_TEST

/* ---- bad certificates ---- */

static const struct {
    enum certificate_kind kind;
    const char *words;
} faults[] = {
    {CERTIFICATE_OTHER_NAME, "certificate is for other.test, wanted good.test"},
    {CERTIFICATE_EXPIRED, "certificate of \"test server\" by \"test authority\": expired 1.0 days"},
    {CERTIFICATE_NOT_YET, "not yet valid"},
    {CERTIFICATE_SELF_SIGNED, "self-signed certificate"},
};

/* cell: tls, bad, loopback server */
START_TEST(a_bad_certificate_is_a_failure_of_its_own)
{
    struct host host = {.certificate = faults[_i].kind};
    struct result result = probe_host(host, for_good);

    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, faults[_i].words);
    ck_assert_int_gt(result.timings.tls_us, 0);
}
END_TEST

START_TEST(unverified_it_is_taken_as_it_is_but_for_the_pin)
{
    struct host host = {.certificate = CERTIFICATE_EXPIRED};
    struct server *server = server_start_tcp(serve_host, &host);
    struct check_tls tls = {.name = "wrong.test", .pin = ""};
    struct check check = tls_check(server_port(server), &tls);
    struct result result;

    check.verify = false;
    check.ca_file = "/nowhere";
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "certificate for -1 more days");
    tls.pin = "AAAA";
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "wanted sha256/AAAA");
    server_stop(server);
}
END_TEST

/* ---- authorities ---- */

START_TEST(authorities_that_cannot_be_read_are_our_own_fault)
{
    struct server *server = server_start_tcp(serve_host, (void *)(uintptr_t)&good_host);
    struct check_tls tls = for_good;
    struct check check = tls_check(server_port(server), &tls);
    struct result result;

    check.ca_file = "/nowhere/ca.pem";
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY,
           "no authority can be read from /nowhere/ca.pem: No such file or directory");
    check.ca_file = "/dev/null";
    result = probe(&check);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "no authority can be read from /dev/null: ");
    server_stop(server);
}
END_TEST

static void copy(const char *from, const char *to)
{
    char bytes[8192];
    FILE *in = fopen(from, "re");
    FILE *out = fopen(to, "we");
    size_t length = fread(bytes, 1, sizeof(bytes), in);

    ck_assert_uint_eq(fwrite(bytes, 1, length, out), length);
    fclose(in);
    fclose(out);
}

/* Other bytes, as many of them, and the times of before: nobody can see that it has changed. */
static void spoil_unseen(const char *path)
{
    struct stat before;
    FILE *file;

    ck_assert_int_eq(stat(path, &before), 0);
    file = fopen(path, "we");
    for (off_t i = 0; i < before.st_size; i++)
        fputc('x', file);
    fclose(file);
    ck_assert_int_eq(
        utimensat(AT_FDCWD, path, (struct timespec[2]){before.st_atim, before.st_mtim}, 0), 0);
}

START_TEST(authorities_are_read_once_and_again_when_their_file_has_changed)
{
    char path[] = "/tmp/regionshift-ca-XXXXXX";
    struct server *server = server_start_tcp(serve_host, (void *)(uintptr_t)&good_host);
    struct check_tls tls = for_good;
    struct check check = tls_check(server_port(server), &tls);
    const struct trust *first;
    struct result result;

    close(mkstemp(path));
    copy(certificates_file(CERTIFICATE_SELF_SIGNED), path); /* an authority, but not its own */
    check.ca_file = path;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "unable to get local issuer certificate");
    first = prober->trusts;
    result = probe(&check);
    ck_assert_ptr_eq(prober->trusts, first);
    copy(certificates_authority(), path);
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "");
    ck_assert_ptr_eq(prober->trusts, first);
    spoil_unseen(path);
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "");
    unlink(path);
    server_stop(server);
}
END_TEST

/* ---- STARTTLS ---- */

#define ABILITIES "250-x\r\n250 STARTTLS\r\n"

static const struct check_tls over_smtp = {STARTTLS_SMTP, "good.test", ""};

/* cell: tls, good, loopback server with STARTTLS */
START_TEST(after_starttls_the_certificate_is_looked_at)
{
    struct host host = {.first = "220 x\r\n", .answers = {ABILITIES, "220 go\r\n"}};
    struct result result = probe_host(host, over_smtp);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "TLSv1.3");
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    host.certificate = CERTIFICATE_EXPIRED;
    result = probe_host(host, over_smtp);
    expect(&result, RESULT_BAD, FAILURE_CERTIFICATE, "expired");
}
END_TEST

/* cell: tls, bad, loopback server that refuses STARTTLS */
START_TEST(starttls_refused_is_told_with_the_servers_words)
{
    struct host host = {
        .first = "220 x\r\n", .answers = {ABILITIES, "454 4.7.0 later\r\n"}, .is_silent = true};
    struct result result = probe_host(host, over_smtp);

    expect(&result, RESULT_BAD, FAILURE_TLS, "the answer to STARTTLS was \"454 4.7.0 later\"");
}
END_TEST

/* cell: tls, hostile, loopback server that injects a command */
START_TEST(bytes_between_the_go_ahead_and_the_handshake_are_refused)
{
    struct host host = {.first = "220 x\r\n", .answers = {ABILITIES, "220 go\r\n250 ok\r\n"}};
    struct result result = probe_host(host, over_smtp);

    expect(&result, RESULT_BAD, FAILURE_TLS, "8 bytes in the clear after the go-ahead for TLS");
}
END_TEST

/* cell: tls, timed out, loopback server that does not greet */
START_TEST(a_greeting_that_does_not_come_times_out_as_that)
{
    struct host host = {.is_silent = true};
    struct server *server = server_start_tcp(serve_host, &host);
    struct check_tls tls = over_smtp;
    struct check check = tls_check(server_port(server), &tls);
    struct result result;

    check.timeout_ms = SHORT_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT,
           "timeout after 60 ms while waiting for the greeting");
    server_stop(server);
}
END_TEST

/* ---- no handshake ---- */

/* cell: tls, timed out, loopback server that does not shake hands */
START_TEST(a_handshake_that_hangs_times_out_as_handshake)
{
    struct host host = {.is_silent = true};
    struct server *server = server_start_tcp(serve_host, &host);
    struct check_tls tls = for_good;
    struct check check = tls_check(server_port(server), &tls);
    struct result result;

    check.timeout_ms = SHORT_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while shaking hands (TLS)");
    server_stop(server);
}
END_TEST

/* cell: tls, bad, nobody listens */
START_TEST(a_refused_connection_is_no_failure_of_tls)
{
    struct check_tls tls = for_good;
    struct check check = tls_check(server_free_port(), &tls);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
}
END_TEST

START_TEST(a_server_that_closes_in_the_handshake_fails_in_tls)
{
    struct server *server = server_start_tcp(serve_close, NULL);
    struct check_tls tls = {_i == 0 ? STARTTLS_NONE : STARTTLS_IMAP, "good.test", ""};
    struct check check = tls_check(server_port(server), &tls);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, _i == 0 ? FAILURE_TLS : FAILURE_CONNECT, "connection lost while ");
    server_stop(server);
}
END_TEST

START_TEST(a_server_that_speaks_something_else_fails_in_tls)
{
    struct host host = {.first = "220 mail.example.com ESMTP\r\n", .is_silent = true};
    struct result result = probe_host(host, for_good);

    expect(&result, RESULT_BAD, FAILURE_TLS, "handshake failed: wrong version number");
}
END_TEST

START_TEST(a_server_of_old_versions_only_fails_in_tls)
{
    struct host host = {.certificate = CERTIFICATE_GOOD, .version_max = TLS1_VERSION};
    struct result result = probe_host(host, for_good);

    expect(&result, RESULT_BAD, FAILURE_TLS, "handshake failed: ");
}
END_TEST

/* ---- hostile ---- */

/* A piece of a handshake that means nothing, again and again. */
static void serve_endless(struct server *server, int fd, void *context)
{
    static char pieces[9 * 400];
    const char *piece = context; /* of 9 bytes */

    for (size_t i = 0; i < sizeof(pieces); i++)
        pieces[i] = piece[i % 9];
    while (server_send(server, fd, pieces, sizeof(pieces)) == 0)
        ;
}

/* OpenSSL passes over these without a word, for as long as they come. */
static char hello_request[] = "\x16\x03\x03\x00\x04\x00\x00\x00\x00";

/* cell: tls, hostile, loopback server without an end */
START_TEST(a_handshake_without_an_end_is_cut)
{
    struct server *server = server_start_tcp(serve_endless, hello_request);
    struct check_tls tls = for_good;
    struct check check = tls_check(server_port(server), &tls);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_TLS, "more than 262144 bytes of a handshake");
    server_stop(server);
}
END_TEST

static char endless_line[] = "220-xxxx\r";

/* cell: tls, hostile, loopback server with an endless greeting */
START_TEST(a_greeting_without_an_end_is_cut)
{
    struct server *server = server_start_tcp(serve_endless, endless_line);
    struct check_tls tls = over_smtp;
    struct check check = tls_check(server_port(server), &tls);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_TLS, "the greeting has a line of more than 2048 bytes");
    server_stop(server);
}
END_TEST

/* ---- cancelled ---- */

/* In the conversation, and in the handshake. */
static void start_stuck(struct server *server, const struct check *check)
{
    start_check(7, check);
    while (server_count(server) == 0 || prober->by_token[7]->held == NULL)
        uv_run(&loop, UV_RUN_NOWAIT);
}

/* cell: tls, cancelled, loopback server */
START_TEST(a_cancelled_handshake_is_void_and_told_once)
{
    struct host host = {.is_silent = true};
    struct server *server = server_start_tcp(serve_host, &host);
    struct check_tls tls = _i == 0 ? for_good : over_smtp;
    struct check check = tls_check(server_port(server), &tls);

    start_stuck(server, &check);
    prober_cancel(prober, 7);
    run_until_reported(7, 1);
    expect(&reports[7].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    start_stuck(server, &check);
    prober_close_now(); /* and closing leaves nothing */
    ck_assert_uint_eq(reports[7].count, 1);
    server_stop(server);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_good_certificate_is_good);
    tcase_add_test(tests, an_address_is_a_name_too);
    tcase_add_test(tests, the_facts_go_to_the_assertion);
    tcase_add_test(tests, a_pinned_key_is_the_one_or_it_is_not);
    tcase_add_loop_test(tests, a_bad_certificate_is_a_failure_of_its_own, 0,
                        sizeof(faults) / sizeof(faults[0]));
    tcase_add_test(tests, unverified_it_is_taken_as_it_is_but_for_the_pin);
    tcase_add_test(tests, authorities_that_cannot_be_read_are_our_own_fault);
    tcase_add_test(tests, authorities_are_read_once_and_again_when_their_file_has_changed);
    tcase_add_test(tests, after_starttls_the_certificate_is_looked_at);
    tcase_add_test(tests, starttls_refused_is_told_with_the_servers_words);
    tcase_add_test(tests, bytes_between_the_go_ahead_and_the_handshake_are_refused);
    tcase_add_test(tests, a_greeting_that_does_not_come_times_out_as_that);
    tcase_add_test(tests, a_handshake_that_hangs_times_out_as_handshake);
    tcase_add_test(tests, a_refused_connection_is_no_failure_of_tls);
    tcase_add_loop_test(tests, a_server_that_closes_in_the_handshake_fails_in_tls, 0, 2);
    tcase_add_test(tests, a_server_that_speaks_something_else_fails_in_tls);
    tcase_add_test(tests, a_server_of_old_versions_only_fails_in_tls);
    tcase_add_test(tests, a_handshake_without_an_end_is_cut);
    tcase_add_test(tests, a_greeting_without_an_end_is_cut);
    tcase_add_loop_test(tests, a_cancelled_handshake_is_void_and_told_once, 0, 2);
}

int main(void)
{
    Suite *suite = suite_create("probe_tls");
    TCase *tests = tcase_create("probe_tls");

    tcase_add_checked_fixture(tests, setup, teardown);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
