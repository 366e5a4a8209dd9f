/* SPDX-License-Identifier: Apache-2.0 */
/* dns:// over TCP, from the start or because an answer was cut, against servers that break off,
 * drip and mistake the question. */
#include <check.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "dns_world.h"

/* Reads a question and begins the reply to it. */
static int hear_over_tcp(struct server *server, int fd, unsigned reply_flags)
{
    unsigned char query[512];
    unsigned char head[2];
    struct heard heard = {.query = query};

    if (server_read(server, fd, head, 2) < 0)
        return -1;
    heard.length = (size_t)head[0] << 8 | head[1];
    ck_assert_uint_le(heard.length, sizeof(query));
    if (server_read(server, fd, query, heard.length) < 0)
        return -1;
    reply_to(&heard, reply_flags);
    return 0;
}

static void send_over_tcp(struct server *server, int fd)
{
    unsigned char head[2] = {(unsigned char)(reply.length >> 8), (unsigned char)reply.length};

    server_send(server, fd, head, 2);
    server_send(server, fd, reply.bytes, reply.length);
    server_wait_for_close(server, fd);
}

static void serve_two(struct server *server, int fd, void *context)
{
    (void)context;
    if (hear_over_tcp(server, fd, 0x8180) < 0)
        return;
    put_v4("192.0.2.1");
    put_v4("192.0.2.2");
    send_over_tcp(server, fd);
}

/* 4093 addresses. */
static void serve_64_kib(struct server *server, int fd, void *context)
{
    unsigned count = 0;

    (void)context;
    if (hear_over_tcp(server, fd, 0x8180) < 0)
        return;
    for (; reply.length + 16 <= 65535; count++)
        put_v4("192.0.2.1");
    reply.bytes[6] = (unsigned char)(count >> 8);
    reply.bytes[7] = (unsigned char)count;
    send_over_tcp(server, fd);
}

static void answer_cut(const struct heard *heard)
{
    reply_to(heard, 0x8380);
    send_from(udp.fd, heard);
}

START_TEST(over_tcp_from_the_start_when_it_is_wanted)
{
    struct server *server = server_start_tcp(serve_two, NULL);
    struct check check = ask(server_port(server), "A", USUAL " and answers == 2");
    struct result result;

    question.tcp = true;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "NOERROR, 2 answers: 192.0.2.1 192.0.2.2");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.total_us,
                     result.timings.connect_us + result.timings.first_byte_us);
    prober_leave(server);
}
END_TEST

START_TEST(what_was_cut_is_asked_for_over_tcp_up_to_64_kib)
{
    struct server *server = server_start_tcp(serve_64_kib, NULL);
    struct check check;
    struct result result;

    serve_udp(answer_cut, server);
    check = ask(udp.port, "A", USUAL " and answers == 4093");
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "NOERROR, 4093 answers: 192.0.2.1 192.0.2.1");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.total_us,
                     result.timings.connect_us + result.timings.first_byte_us);
    stop_udp();
    prober_leave(server);
}
END_TEST

START_TEST(a_server_that_cuts_and_has_no_tcp_is_bad)
{
    struct check check;
    struct result result;

    serve_udp(answer_cut, NULL);
    check = ask(udp.port, "A", USUAL);
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
}
END_TEST

static void serve_cut(struct server *server, int fd, void *context)
{
    (void)context;
    if (hear_over_tcp(server, fd, 0x8380) == 0)
        send_over_tcp(server, fd);
}

static void serve_other_id(struct server *server, int fd, void *context)
{
    (void)context;
    if (hear_over_tcp(server, fd, 0x8180) < 0)
        return;
    reply.bytes[0] ^= 1;
    send_over_tcp(server, fd);
}

static void serve_no_message(struct server *server, int fd, void *context)
{
    (void)context;
    if (hear_over_tcp(server, fd, 0x8180) < 0)
        return;
    reply.length = 0;
    send_over_tcp(server, fd);
}

static void serve_end(struct server *server, int fd, void *context)
{
    (void)context;
    (void)hear_over_tcp(server, fd, 0x8180);
}

static void serve_half(struct server *server, int fd, void *context)
{
    (void)context;
    if (hear_over_tcp(server, fd, 0x8180) == 0)
        server_send(server, fd, "\0\144half", 6);
}

static const struct {
    server_serve serve;
    enum failure failure;
    const char *words;
} breakages[] = {
    {serve_cut, FAILURE_BODY, "the answer is cut, over TCP too"},
    {serve_other_id, FAILURE_BODY, "an answer to another question, over TCP"},
    {serve_no_message, FAILURE_BODY, "an answer to another question, over TCP"},
    {serve_end, FAILURE_CONNECT, "the server closed the connection before its answer was there"},
    {serve_half, FAILURE_CONNECT, "the server closed the connection before its answer was there"},
};

enum { BREAKAGE_COUNT = sizeof(breakages) / sizeof(breakages[0]) };

START_TEST(what_breaks_over_tcp_is_bad_and_named)
{
    struct server *server = server_start_tcp(breakages[_i].serve, NULL);
    struct check check = ask(server_port(server), "A", USUAL);
    struct result result;

    question.tcp = true;
    result = probe(&check);
    expect(&result, RESULT_BAD, breakages[_i].failure, breakages[_i].words);
    prober_leave(server);
}
END_TEST

/* One byte, and the next when it was read; the last one only if it is told to. */
static void serve_drops(struct server *server, int fd, void *context)
{
    const bool *is_whole = context;
    unsigned char head[2];

    if (hear_over_tcp(server, fd, 0x8180) < 0)
        return;
    put_v4("192.0.2.1");
    head[0] = (unsigned char)(reply.length >> 8);
    head[1] = (unsigned char)reply.length;
    server_send(server, fd, head, 1);
    server_send(server, fd, head + 1, 1);
    for (size_t i = 0; i + 1 < reply.length; i++) {
        server_send(server, fd, reply.bytes + i, 1);
        usleep(1000); /* so that it is read byte by byte; nothing rests on it */
    }
    if (*is_whole)
        server_send(server, fd, reply.bytes + reply.length - 1, 1);
    server_wait_for_close(server, fd);
}

START_TEST(an_answer_that_drips_is_good_when_it_comes_in_time)
{
    bool is_whole = _i == 0;
    struct server *server = server_start_tcp(serve_drops, &is_whole);
    struct check check = ask(server_port(server), "A", USUAL);
    struct result result;

    question.tcp = true;
    if (!is_whole)
        check.timeout_ms = WAITED_MS;
    result = probe(&check);
    if (is_whole)
        expect(&result, RESULT_GOOD, FAILURE_NONE, "NOERROR, 1 answer: 192.0.2.1");
    else
        expect(&result, RESULT_BAD, FAILURE_TIMEOUT, " over TCP");
    prober_leave(server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_dns_tcp");
    TCase *tests = tcase_create("dns_tcp");

    tcase_add_checked_fixture(tests, dns_setup, dns_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, over_tcp_from_the_start_when_it_is_wanted);
    tcase_add_test(tests, what_was_cut_is_asked_for_over_tcp_up_to_64_kib);
    tcase_add_test(tests, a_server_that_cuts_and_has_no_tcp_is_bad);
    tcase_add_loop_test(tests, what_breaks_over_tcp_is_bad_and_named, 0, BREAKAGE_COUNT);
    tcase_add_loop_test(tests, an_answer_that_drips_is_good_when_it_comes_in_time, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
