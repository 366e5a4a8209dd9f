/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that go on where the last one stopped: with its connection, or with its TLS session; and
 * when they do not. Each server notes over which connection a request came, and how. */
#include <check.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "../lib/certificates.h"
#include "prober_fixture.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define SICK "HTTP/1.1 503 Sick\r\nContent-Length: 4\r\n\r\nsick"

enum { NOTES_MAX = 64, ANSWERS_MAX = 8, IN_CLEAR = 0, OVER_TLS = 1, WAYS = 2 };

struct note {
    unsigned connection; /* from 1 on */
    bool is_resumed;
};

/* What the n-th request is answered with; NULL: OK. */
struct answer_script {
    const char *text;
    bool is_last; /* the connection ends behind it, without a word in the answer */
    bool is_rude; /* and TLS is not ended */
};

static struct house {
    int way;
    int version_max; /* of TLS, 0: any */
    struct answer_script answers[ANSWERS_MAX];
    SSL_CTX *context;
    struct note notes[NOTES_MAX];
    atomic_uint note_count;
    atomic_uint handshakes; /* that the client has finished */
    struct server *server;
} house;

/* ---- the server: blocking, as every client of these tests leaves by itself ---- */

struct guest {
    int fd;
    SSL *ssl;
};

static int hear(struct guest *guest, char *bytes, int size)
{
    if (guest->ssl != NULL)
        return SSL_read(guest->ssl, bytes, size);
    return (int)read(guest->fd, bytes, (size_t)size);
}

static void say(struct guest *guest, const char *text)
{
    size_t length = strlen(text);

    if (length > 0 && guest->ssl != NULL)
        SSL_write(guest->ssl, text, (int)length);
    else if (length > 0)
        (void)!write(guest->fd, text, length);
}

/* Returns false when the client has left. */
static bool hear_request(struct guest *guest)
{
    char request[4096] = "";
    int used = 0;

    while (strstr(request, "\r\n\r\n") == NULL) {
        int n = hear(guest, request + used, (int)sizeof(request) - 1 - used);

        if (n <= 0)
            return false;
        used += n;
        request[used] = '\0';
    }
    return true;
}

static struct answer_script take_note(const struct guest *guest)
{
    unsigned at = atomic_load(&house.note_count);
    struct answer_script script = {.text = NULL};

    ck_assert_uint_lt(at, NOTES_MAX);
    house.notes[at].connection = server_count(house.server);
    house.notes[at].is_resumed = guest->ssl != NULL && SSL_session_reused(guest->ssl);
    if (at < ANSWERS_MAX)
        script = house.answers[at];
    atomic_store(&house.note_count, at + 1);
    return script;
}

static void serve_guest(struct guest *guest)
{
    while (hear_request(guest)) {
        struct answer_script script = take_note(guest);

        say(guest, script.text != NULL ? script.text : OK);
        if (script.is_last) {
            if (guest->ssl != NULL && !script.is_rude)
                SSL_shutdown(guest->ssl);
            return;
        }
    }
}

static void serve(struct server *server, int fd, void *context)
{
    struct guest guest = {.fd = fd};

    (void)server;
    (void)context;
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
    if (house.way == OVER_TLS) {
        guest.ssl = SSL_new(house.context);
        SSL_set_fd(guest.ssl, fd);
        if (SSL_accept(guest.ssl) != 1) {
            SSL_free(guest.ssl);
            return;
        }
        atomic_fetch_add(&house.handshakes, 1);
    }
    serve_guest(&guest);
    SSL_free(guest.ssl);
}

static void use_certificate(enum certificate_kind kind)
{
    SSL_CTX_use_certificate_file(house.context, certificates_file(kind), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(house.context, certificates_key(kind), SSL_FILETYPE_PEM);
}

static struct check open_house(int way, enum check_connection connection)
{
    struct check check;

    house.way = way;
    house.context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_session_id_context(house.context, (const unsigned char *)"house", 5);
    SSL_CTX_set_max_proto_version(house.context, house.version_max);
    use_certificate(CERTIFICATE_GOOD);
    house.server = server_start_tcp(serve, NULL);
    check = make_check(server_port(house.server), "/", "200", NULL);
    check.tls = way == OVER_TLS;
    check.ca_file = certificates_authority();
    check.connection = connection;
    check.fresh_every = 1000;
    return check;
}

/* Over TLS there are two ways to go on; many tests play both. */
enum { GOES_ON_KEPT, GOES_ON_RESUMED, GOINGS_ON };

static struct check open_house_going_on(int how)
{
    return open_house(OVER_TLS, how == GOES_ON_KEPT ? CONNECTION_KEPT : CONNECTION_RESUMED);
}

static void setup(void)
{
    signal(SIGPIPE, SIG_IGN); /* of the server: OpenSSL writes without MSG_NOSIGNAL */
    memset(&house, 0, sizeof(house));
    certificates_make();
    prober_setup();
}

static void teardown(void)
{
    prober_teardown(); /* what was kept is left, so the server ends */
    if (house.server != NULL)
        server_stop(house.server);
    SSL_CTX_free(house.context);
    certificates_remove();
}

/* ---- in words ---- */

static void expect_good(const struct check *check, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct result result = probe(check);

        expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    }
}

/* Once, whatever comes of it: a machine that stood still meanwhile makes it void, with the same
 * words, and asking again would be one more note. */
static void expect_bad(const struct check *check, enum failure failure, const char *words)
{
    const struct result *result = &reports[0].result;

    reports[0].count = 0;
    start_check(0, check);
    run_until_reported(0, 1);
    ck_assert(result->class == RESULT_BAD || strncmp(result->detail, "we stood still", 14) == 0);
    expect(result, result->class, failure, words);
}

/* "1 1 2": the connection of each request; "1 2r": r where the session was resumed. */
static void expect_notes(const char *wanted)
{
    unsigned count = atomic_load(&house.note_count);
    char seen[NOTES_MAX * 8] = "";
    size_t used = 0;

    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(seen + used, sizeof(seen) - used, "%s%u%s", i > 0 ? " " : "",
                                 house.notes[i].connection, house.notes[i].is_resumed ? "r" : "");
    ck_assert_str_eq(seen, wanted);
}

static void expect_notes_of(int how, const char *kept, const char *resumed)
{
    expect_notes(how == GOES_ON_KEPT ? kept : resumed);
}

/* ---- fresh ---- */

START_TEST(a_fresh_check_takes_up_nothing)
{
    struct check check = open_house(_i, CONNECTION_FRESH);

    expect_good(&check, 3);
    expect_notes("1 2 3");
}
END_TEST

/* ---- resumed ---- */

START_TEST(a_session_is_resumed_over_a_new_connection)
{
    struct check check;
    struct result result;

    house.version_max = _i == 0 ? TLS1_2_VERSION : 0;
    check = open_house(OVER_TLS, CONNECTION_RESUMED);
    expect_good(&check, 4);
    expect_notes("1 2r 3r 4r");
    result = probe(&check);
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_gt(result.timings.tls_us, 0);
}
END_TEST

/* ---- kept ---- */

START_TEST(a_connection_is_kept_open)
{
    struct check check = open_house(_i, CONNECTION_KEPT);
    struct result result;

    expect_good(&check, 4);
    expect_notes("1 1 1 1");
    result = probe(&check);
    ck_assert_int_eq(result.timings.connect_us, -1); /* nobody connected */
    ck_assert_int_eq(result.timings.tls_us, -1);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
}
END_TEST

START_TEST(what_was_told_of_a_certificate_is_told_over_a_kept_connection_too)
{
    struct check check = open_house_going_on(_i);
    struct assertion *assertion = NULL;
    char error[200];

    ck_assert_int_eq(assertion_parse("tls >= 1.2 and cert_days < 2 and cert_days >= 0",
                                     SUBJECT_BIT(SUBJECT_TLS) | SUBJECT_BIT(SUBJECT_CERT_DAYS),
                                     &assertion, error, sizeof(error)),
                     0);
    check.assertion = assertion;
    expect_good(&check, 3);
    assertion_destroy(assertion);
    expect_notes_of(_i, "1 1 1", "1 2r 3r");
}
END_TEST

START_TEST(answers_without_an_end_of_their_own_end_the_connection)
{
    static const struct answer_script ends[] = {
        {.text = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"},
        {.text = "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"},
        {.text = "HTTP/1.1 200 OK\r\n\r\nok", .is_last = true},
        {.text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 503 Forged\r\n\r\n"},
    };
    struct check check;

    for (unsigned i = 0; i < 4; i++)
        house.answers[i] = ends[i];
    check = open_house(_i, CONNECTION_KEPT);
    expect_good(&check, 6);
    expect_notes("1 2 3 4 5 5");
}
END_TEST

START_TEST(a_body_that_is_not_read_to_its_end_ends_the_connection)
{
    struct check check = open_house(_i, CONNECTION_KEPT);

    check.body_max = 1;
    expect_good(&check, 2);
    check.body_max = 2;
    expect_good(&check, 2);
    expect_notes("1 2 3 3");
}
END_TEST

START_TEST(what_is_kept_is_read_to_its_end_and_must_have_one)
{
    struct check check;

    house.answers[0] = (struct answer_script){
        .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", .is_last = true};
    check = open_house(_i, CONNECTION_KEPT);
    expect_bad(&check, FAILURE_BODY, "closed in the middle of the body");
}
END_TEST

/* ---- every so many, and after what was not good ---- */

START_TEST(every_third_check_is_fresh)
{
    struct check check = open_house_going_on(_i);

    check.fresh_every = 3;
    expect_good(&check, 7);
    expect_notes_of(_i, "1 1 1 2 2 2 3", "1 2r 3r 4 5r 6r 7");
}
END_TEST

START_TEST(after_a_bad_answer_the_next_is_fresh)
{
    struct check check;

    house.answers[1].text = SICK;
    check = open_house_going_on(_i);
    expect_good(&check, 1);
    expect_bad(&check, FAILURE_STATUS, "status 503");
    expect_good(&check, 2);
    expect_notes_of(_i, "1 1 2 2", "1 2r 3 4r");
}
END_TEST

START_TEST(under_suspicion_every_check_is_fresh)
{
    struct check check = open_house_going_on(_i);

    expect_good(&check, 1);
    for (unsigned i = 0; i < 2; i++) {
        reports[0].count = 0;
        start_check(0, &check);
        prober_hurry(prober, 0);
        run_until_reported(0, 1);
        expect(&reports[0].result, RESULT_GOOD, FAILURE_NONE, "status 200");
    }
    expect_good(&check, 1);
    expect_notes_of(_i, "1 2 3 3", "1 2 3 4r");
}
END_TEST

START_TEST(after_a_cancel_the_next_is_fresh)
{
    struct check check;

    house.answers[1].text = ""; /* it waits for us to leave */
    check = open_house_going_on(_i);
    expect_good(&check, 1);
    start_check(0, &check);
    while (atomic_load(&house.note_count) < 2)
        uv_run(&loop, UV_RUN_NOWAIT);
    prober_cancel(prober, 0);
    run_until_reported(0, 2);
    expect_good(&check, 2);
    expect_notes_of(_i, "1 1 2 2", "1 2r 3 4r");
}
END_TEST

/* ---- what is lost meanwhile ---- */

START_TEST(a_server_that_closes_between_checks_is_good)
{
    struct check check;

    for (unsigned i = 0; i < ANSWERS_MAX; i++)
        house.answers[i].is_last = true;
    check = open_house(_i, CONNECTION_KEPT);
    expect_good(&check, ANSWERS_MAX); /* some before we could have heard of it, some after */
    expect_notes("1 2 3 4 5 6 7 8");
}
END_TEST

START_TEST(a_server_that_closes_instead_of_answering_is_asked_afresh_once)
{
    struct check check;

    house.answers[1] = (struct answer_script){.text = "", .is_last = true};
    house.answers[4] = (struct answer_script){.text = "", .is_last = true};
    house.answers[5] = (struct answer_script){.text = "", .is_last = true};
    check = open_house(_i, CONNECTION_KEPT);
    expect_good(&check, 3);
    expect_bad(&check, FAILURE_CONNECT, "closed before any answer");
    expect_notes("1 1 2 2 2 3");
}
END_TEST

START_TEST(an_answer_that_breaks_off_is_not_asked_again)
{
    struct check check;

    house.answers[1] = (struct answer_script){.text = "HTTP/1.1 200", .is_last = true};
    check = open_house(_i, CONNECTION_KEPT);
    expect_good(&check, 1);
    expect_bad(&check, FAILURE_STATUS, "closed in the middle of the status line");
    expect_notes("1 1");
}
END_TEST

/* ---- certificates ---- */

START_TEST(a_certificate_that_changed_is_noticed_by_the_next_full_handshake)
{
    struct check check = open_house(OVER_TLS, CONNECTION_RESUMED);

    check.fresh_every = 3;
    expect_good(&check, 1);
    use_certificate(CERTIFICATE_EXPIRED);
    expect_good(&check, 2);
    expect_bad(&check, FAILURE_CERTIFICATE, "expired 1.0 days ago");
    expect_bad(&check, FAILURE_CERTIFICATE, "expired 1.0 days ago");
    expect_notes("1 2r 3r"); /* and whoever has such a certificate is asked nothing */
    ck_assert_uint_eq(server_count(house.server), 5);
}
END_TEST

/* As if it had run out since the handshake. */
START_TEST(a_certificate_that_has_run_out_is_not_taken_up)
{
    struct check check = open_house_going_on(_i);

    use_certificate(CERTIFICATE_EXPIRED);
    check.verify = false;
    expect_good(&check, 2);
    expect_notes_of(_i, "1 1", "1 2r");
    check.verify = true;
    expect_bad(&check, FAILURE_CERTIFICATE, "expired 1.0 days ago");
}
END_TEST

START_TEST(authorities_that_were_read_again_judge_anew)
{
    struct check check = open_house_going_on(_i);
    struct timespec long_ago[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};

    expect_good(&check, 2);
    ck_assert_int_eq(utimensat(AT_FDCWD, check.ca_file, long_ago, 0), 0);
    expect_good(&check, 2);
    expect_notes_of(_i, "1 1 2 2", "1 2r 3 4r");
}
END_TEST

/* ---- whose it is ---- */

START_TEST(no_check_takes_up_what_another_left)
{
    struct check check = open_house(OVER_TLS, CONNECTION_RESUMED);

    expect_good(&check, 2);
    for (uint32_t token = 1; token < 3; token++) {
        start_check(token, &check);
        run_until_reported(token, 1);
        expect(&reports[token].result, RESULT_GOOD, FAILURE_NONE, "status 200");
    }
    expect_notes("1 2r 3 4");
}
END_TEST

START_TEST(what_another_address_left_is_not_taken_up)
{
    struct check check = open_house(IN_CLEAR, CONNECTION_KEPT);

    expect_good(&check, 2);
    check.host = "pair.test"; /* 127.0.0.9, where nobody listens, and 127.0.0.1 */
    expect_good(&check, 2);
    expect_notes("1 1 1 1");
    check.host = "127.0.0.9";
    expect_bad(&check, FAILURE_CONNECT, "127.0.0.9");
}
END_TEST

START_TEST(what_an_address_left_that_the_name_has_no_more_is_dropped)
{
    struct check check = open_house(_i, CONNECTION_KEPT);

    expect_good(&check, 2);
    ck_assert_uint_eq(prober->kept_count, 1);
    check.host = "127.0.0.9";
    expect_bad(&check, FAILURE_CONNECT, "127.0.0.9");
    expect_bad(&check, FAILURE_CONNECT, "127.0.0.9");
    ck_assert_uint_eq(prober->kept_count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_reuse");
    TCase *tests = tcase_create("probe_reuse");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_fresh_check_takes_up_nothing, 0, WAYS);
    tcase_add_loop_test(tests, a_session_is_resumed_over_a_new_connection, 0, 2);
    tcase_add_loop_test(tests, a_connection_is_kept_open, 0, WAYS);
    tcase_add_loop_test(tests, what_was_told_of_a_certificate_is_told_over_a_kept_connection_too, 0,
                        GOINGS_ON);
    tcase_add_loop_test(tests, answers_without_an_end_of_their_own_end_the_connection, 0, WAYS);
    tcase_add_loop_test(tests, a_body_that_is_not_read_to_its_end_ends_the_connection, 0, WAYS);
    tcase_add_loop_test(tests, what_is_kept_is_read_to_its_end_and_must_have_one, 0, WAYS);
    tcase_add_loop_test(tests, every_third_check_is_fresh, 0, GOINGS_ON);
    tcase_add_loop_test(tests, after_a_bad_answer_the_next_is_fresh, 0, GOINGS_ON);
    tcase_add_loop_test(tests, under_suspicion_every_check_is_fresh, 0, GOINGS_ON);
    tcase_add_loop_test(tests, after_a_cancel_the_next_is_fresh, 0, GOINGS_ON);
    tcase_add_loop_test(tests, a_server_that_closes_between_checks_is_good, 0, WAYS);
    tcase_add_loop_test(tests, a_server_that_closes_instead_of_answering_is_asked_afresh_once, 0,
                        WAYS);
    tcase_add_loop_test(tests, an_answer_that_breaks_off_is_not_asked_again, 0, WAYS);
    tcase_add_test(tests, a_certificate_that_changed_is_noticed_by_the_next_full_handshake);
    tcase_add_loop_test(tests, a_certificate_that_has_run_out_is_not_taken_up, 0, GOINGS_ON);
    tcase_add_loop_test(tests, authorities_that_were_read_again_judge_anew, 0, GOINGS_ON);
    tcase_add_test(tests, no_check_takes_up_what_another_left);
    tcase_add_test(tests, what_another_address_left_is_not_taken_up);
    tcase_add_loop_test(tests, what_an_address_left_that_the_name_has_no_more_is_dropped, 0, WAYS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
