/* SPDX-License-Identifier: Apache-2.0 */
/* What is plain HTTP's alone, or alike whatever it goes over: names, times, large and packed
 * bodies. What servers answer is in test_prober_answers.c. */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "../lib/suite.h"
#include "answer_server.h"

/* cell: http, good, loopback server */
START_TEST(a_good_answer_is_good_with_its_times)
{
    struct result result =
        probe_script(IN_CLEAR, (struct script){.text = OK_PAGE, .waits = true}, "ok", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_int_eq(result.status, 200);
    ck_assert_int_ge(result.timings.resolve_us, 0);
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    ck_assert_int_eq(result.timings.tls_us, -1);
    ck_assert_int_ge(result.timings.total_us, result.timings.resolve_us +
                                                  result.timings.connect_us +
                                                  result.timings.first_byte_us);
}
END_TEST

START_TEST(a_refused_connection_is_told_with_its_address)
{
    struct check check = make_check(server_free_port(), "/", "200", NULL);
    struct result result = probe(&check);
    char words[80];

    snprintf(words, sizeof(words), "127.0.0.1:%u: Connection refused", check.port);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, words);
    ck_assert_int_eq(result.timings.connect_us, -1);
}
END_TEST

START_TEST(a_server_that_closes_at_once_has_lost_the_connection)
{
    struct server *server = server_start_tcp(serve_close, NULL);
    struct check check = make_check(server_port(server), "/", "200", NULL);
    struct result result = probe(&check);

    expect(&result, RESULT_BAD, FAILURE_CONNECT, "");
    server_stop(server);
}
END_TEST

/* cell: http, hostile, loopback server */
START_TEST(a_reset_in_the_body_is_a_lost_connection)
{
    struct result result = probe_script(
        IN_CLEAR, (struct script){.text = OK "Content-Length: 9\r\n\r\n123", .resets = true}, "x",
        NULL);

    expect(&result, RESULT_BAD, FAILURE_CONNECT, "connection lost while ");
}
END_TEST

static void serve_ten_megabytes(struct server *server, int fd, void *context)
{
    static const char filler[1024];

    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd, OK "Content-Length: 10485763\r\n\r\nbig");
    for (int i = 0; i < 10 * 1024; i++) {
        if (server_send(server, fd, filler, sizeof(filler)) < 0)
            return;
    }
    server_wait_for_close(server, fd);
}

/* cell: http, hostile, loopback server */
START_TEST(ten_megabytes_are_judged_by_their_beginning)
{
    struct server *server = server_start_tcp(serve_ten_megabytes, NULL);
    struct check good = make_check(server_port(server), "/", "200", "big");
    struct check bad = make_check(server_port(server), "/", "200", "small");
    struct result result = probe(&good);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    result = probe(&bad);
    expect(&result, RESULT_BAD, FAILURE_BODY, "(the first 65536 bytes), wanted \"small\"");
    server_stop(server);
}
END_TEST

/* ---- what is packed stays packed ---- */

enum { UNPACKED = 10 * 1024 * 1024 };

/* Ten megabytes of nothing as gzip has them, a thousandth of that. */
struct bomb {
    const char *head;
    uint8_t bytes[64 * 1024];
    size_t length;
};

static void bomb_make(struct bomb *bomb)
{
    static uint8_t nothing[UNPACKED];
    z_stream stream;

    memset(&stream, 0, sizeof(stream));
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = nothing;
    stream.avail_in = sizeof(nothing);
    stream.next_out = bomb->bytes;
    stream.avail_out = sizeof(bomb->bytes);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    bomb->length = sizeof(bomb->bytes) - stream.avail_out;
    deflateEnd(&stream);
}

static void serve_bomb(struct server *server, int fd, void *context)
{
    const struct bomb *bomb = context;

    server_read_request(server, fd);
    server_send_text(server, fd, bomb->head);
    server_send(server, fd, bomb->bytes, bomb->length);
}

static const struct {
    const char *head;
    uint32_t redirects; /* 1: over libcurl */
} bombs[] = {
    {OK "Content-Encoding: gzip\r\n\r\n", 0},
    {OK "Content-Encoding: gzip\r\n\r\n", 1},
    {OK "Transfer-Encoding: gzip\r\n\r\n", 0},
    {OK "Transfer-Encoding: gzip\r\n\r\n", 1},
};

/* cell: http, hostile, loopback server */
START_TEST(a_packed_body_is_not_unpacked)
{
    static struct bomb bomb;
    struct server *server;
    struct check check;
    struct result result;

    bomb_make(&bomb);
    bomb.head = bombs[_i].head;
    server = server_start_tcp(serve_bomb, &bomb);
    check = make_check(server_port(server), "/", "200", "ok");
    check.redirects = bombs[_i].redirects;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_BODY, "body \"\\x1f\\x8b");
    server_stop(server);
}
END_TEST

/* ---- names ---- */

START_TEST(a_name_server_that_is_silent_times_out_as_naming)
{
    struct check check = make_check(80, "/", "200", NULL);
    struct result result;

    check.host = "silent.test";
    check.timeout_ms = SHORT_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_DNS, "timeout after 60 ms while resolving the name");
}
END_TEST

static const struct {
    const char *host;
    const char *words;
} bad_names[] = {
    {"missing.test", "missing.test: NXDOMAIN"},
    {"empty.test", "empty.test: no address"},
    {"broken.test", "broken.test: SERVFAIL"},
};

START_TEST(a_name_that_does_not_resolve_is_told_apart_from_an_endpoint)
{
    struct check check = make_check(80, "/", "200", NULL);
    struct result result;

    check.host = bad_names[_i].host;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_DNS, bad_names[_i].words);
    ck_assert_int_ge(result.timings.resolve_us, 0);
    ck_assert_int_eq(result.timings.connect_us, -1);
}
END_TEST

static struct script good_script = {.text = OK_PAGE, .waits = true};

START_TEST(one_address_that_answers_is_enough_unless_more_are_wanted)
{
    struct server *server = start_script(IN_CLEAR, &good_script);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = "pair.test"; /* 127.0.0.9, where nobody listens, and 127.0.0.1 */
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    server_stop(server);
}
END_TEST

START_TEST(a_pinned_address_needs_no_name)
{
    struct server *server = start_script(IN_CLEAR, &good_script);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result;

    check.host = "missing.test";
    check.address = "127.0.0.1";
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    server_stop(server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prober_http");
    TCase *tests = tcase_create("prober_http");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_good_answer_is_good_with_its_times);
    tcase_add_test(tests, a_refused_connection_is_told_with_its_address);
    tcase_add_test(tests, a_server_that_closes_at_once_has_lost_the_connection);
    tcase_add_test(tests, a_reset_in_the_body_is_a_lost_connection);
    tcase_add_test(tests, ten_megabytes_are_judged_by_their_beginning);
    tcase_add_loop_test(tests, a_packed_body_is_not_unpacked, 0,
                        (int)(sizeof(bombs) / sizeof(bombs[0])));
    tcase_add_test(tests, a_name_server_that_is_silent_times_out_as_naming);
    tcase_add_loop_test(tests, a_name_that_does_not_resolve_is_told_apart_from_an_endpoint, 0,
                        (int)(sizeof(bad_names) / sizeof(bad_names[0])));
    tcase_add_test(tests, one_address_that_answers_is_enough_unless_more_are_wanted);
    tcase_add_test(tests, a_pinned_address_needs_no_name);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
