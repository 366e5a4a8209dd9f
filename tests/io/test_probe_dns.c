/* SPDX-License-Identifier: Apache-2.0 */
/* dns://SERVER/NAME?type=TYPE against servers that answer, refuse, lie, dawdle and flood. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/dns_message.h"
#include "prober_fixture.h"

#define NAME "www.example.com"
#define USUAL "rcode == NOERROR and answers >= 1"

enum {
    WAITED_MS = 600, /* a timeout that is waited for; asked again after a third of it */
    FLOOD = 200      /* fits into a socket's buffer, with the answer behind it */
};

/* ---- a check ---- */

static struct assertion *assertion;
static struct check_dns question;

static struct check ask(uint16_t port, const char *type, const char *expect)
{
    struct check check = make_check(port, "/", "200", NULL);
    char error[200];

    assertion_destroy(assertion);
    assertion = NULL;
    ck_assert_int_eq(assertion_parse(expect,
                                     SUBJECT_BIT(SUBJECT_RCODE) | SUBJECT_BIT(SUBJECT_ANSWERS) |
                                         SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_LATENCY),
                                     &assertion, error, sizeof(error)),
                     0);
    question = (struct check_dns){.name = NAME, .type = type};
    check.kind = CHECK_DNS;
    check.of.dns = &question;
    check.assertion = assertion;
    return check;
}

/* ---- a server over UDP, on the prober's own loop: what it does is a script ---- */

struct heard {
    const unsigned char *query;
    size_t length;
    struct sockaddr_in peer;
};

typedef void (*script)(const struct heard *heard);

static struct {
    uv_poll_t poll;
    int fd;
    int other; /* a socket at another address */
    uint16_t port;
    unsigned count; /* questions so far */
    script script;
} udp;

static struct dns_message reply;

/* Begins a reply to the question: its id, the question itself. */
static void reply_to(const struct heard *heard, unsigned flags)
{
    const unsigned char *end = memchr(heard->query + QUESTION_AT, 0, heard->length - QUESTION_AT);

    ck_assert_ptr_nonnull(end);
    reply.length = 0;
    put_bytes(&reply, heard->query, (size_t)(end - heard->query) + 5);
    reply.bytes[2] = (unsigned char)(flags >> 8);
    reply.bytes[3] = (unsigned char)flags;
    memcpy(reply.bytes + 4, "\0\1\0\0\0\0\0\0", 8);
}

static void put_v4(const char *address)
{
    unsigned char data[4];

    inet_pton(AF_INET, address, data);
    put_pointer(&reply, QUESTION_AT);
    put_data(&reply, 1, data, sizeof(data));
}

static void send_from(int fd, const struct heard *heard)
{
    ck_assert_int_eq(sendto(fd, reply.bytes, reply.length, 0, (const struct sockaddr *)&heard->peer,
                            sizeof(heard->peer)),
                     (int)reply.length);
}

static void on_question(uv_poll_t *poll, int status, int events)
{
    unsigned char query[512];
    struct heard heard = {.query = query};
    socklen_t peer_length = sizeof(heard.peer);
    ssize_t n = recvfrom(udp.fd, query, sizeof(query), MSG_DONTWAIT, (struct sockaddr *)&heard.peer,
                         &peer_length);

    (void)poll;
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(events, UV_READABLE);
    if (n < 0)
        return;
    heard.length = (size_t)n;
    udp.count++;
    udp.script(&heard);
}

static int bind_to(const char *address, uint16_t *port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t length = sizeof(here);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, address, &here.sin_addr);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&here, length), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&here, &length), 0);
    *port = ntohs(here.sin_port);
    return fd;
}

/* beside: a server over TCP whose port is taken; NULL: any. */
static void serve_udp(script answer, const struct server *beside)
{
    memset(&udp, 0, sizeof(udp));
    udp.port = beside != NULL ? server_port(beside) : 0;
    udp.fd = bind_to("127.0.0.1", &udp.port);
    udp.other = bind_to("127.0.0.2", &udp.port);
    udp.script = answer;
    ck_assert_int_eq(uv_poll_init(&loop, &udp.poll, udp.fd), 0);
    uv_poll_start(&udp.poll, UV_READABLE, on_question);
}

static void stop_udp(void)
{
    if (udp.script == NULL)
        return;
    uv_close((uv_handle_t *)&udp.poll, NULL);
    uv_run(&loop, UV_RUN_NOWAIT);
    close(udp.fd);
    close(udp.other);
    udp.script = NULL;
}

static void setup(void)
{
    udp.script = NULL;
    prober_setup();
}

static void teardown(void)
{
    stop_udp();
    prober_teardown();
    assertion_destroy(assertion);
    assertion = NULL;
}

/* ---- good ---- */

static void answer_two(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_v4("192.0.2.1");
    put_v4("192.0.2.2");
    send_from(udp.fd, heard);
}

/* cell: dns, good, loopback server */
START_TEST(an_answer_is_good_and_told)
{
    struct check check;
    struct result result;

    serve_udp(answer_two, NULL);
    check = ask(udp.port, "A", USUAL " and answers == 2 and body contains '192.0.2.2\\n'");
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "NOERROR, 2 answers: 192.0.2.1 192.0.2.2");
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    ck_assert_int_ge(result.timings.total_us, result.timings.first_byte_us);
    ck_assert_int_eq(result.timings.connect_us, -1);
    ck_assert_uint_eq(udp.count, 1);
}
END_TEST

static void answer_the_second(const struct heard *heard)
{
    if (udp.count == 2)
        answer_two(heard);
}

START_TEST(a_question_that_was_lost_is_asked_again_and_told)
{
    struct check check;
    struct result result;

    serve_udp(answer_the_second, NULL);
    check = ask(udp.port, "A", USUAL);
    check.timeout_ms = WAITED_MS * 4;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "192.0.2.2; asked twice");
}
END_TEST

/* Says FORMERR to whoever speaks EDNS. */
static void answer_as_in_1998(const struct heard *heard)
{
    if (heard->query[11] != 0) {
        reply_to(heard, 0x8001);
        send_from(udp.fd, heard);
    } else {
        answer_two(heard);
    }
}

START_TEST(a_server_from_before_edns_is_asked_without_it)
{
    struct check check;
    struct result result;

    serve_udp(answer_as_in_1998, NULL);
    check = ask(udp.port, "A", USUAL);
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "NOERROR, 2 answers");
    ck_assert_uint_eq(udp.count, 2);
    question.dnssec = true; /* which it cannot have */
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_STATUS, "rcode FORMERR, wanted");
}
END_TEST

/* ---- bad ---- */

static unsigned flags;

static void answer_flags(const struct heard *heard)
{
    reply_to(heard, flags);
    send_from(udp.fd, heard);
}

/* cell: dns, bad, loopback server */
START_TEST(a_refusal_is_bad_and_named)
{
    static const struct {
        unsigned flags;
        enum failure failure;
        const char *words;
    } cases[] = {
        {0x8183, FAILURE_STATUS, "rcode NXDOMAIN, wanted"},
        {0x8182, FAILURE_STATUS, "rcode SERVFAIL, wanted"},
        {0x8185, FAILURE_STATUS, "rcode REFUSED, wanted"},
        {0x8184, FAILURE_STATUS, "rcode NOTIMP, wanted"},
        {0x818c, FAILURE_STATUS, "rcode 12, wanted"},
        {0x8180, FAILURE_BODY, "answers is 0, wanted"},
    };
    struct check check;
    struct result result;

    serve_udp(answer_flags, NULL);
    check = ask(udp.port, "A", USUAL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        flags = cases[i].flags;
        result = probe(&check);
        expect(&result, RESULT_BAD, cases[i].failure, cases[i].words);
    }
    flags = 0x8183;
    check = ask(udp.port, "A", "rcode == NXDOMAIN");
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "NXDOMAIN, 0 answers");
}
END_TEST

START_TEST(dnssec_wants_an_answer_that_was_validated)
{
    static const struct {
        unsigned flags;
        enum result_class class;
        enum failure failure;
        const char *words;
    } cases[] = {
        {0x81a0, RESULT_GOOD, FAILURE_NONE, "NOERROR, 0 answers"},
        {0x81a3, RESULT_GOOD, FAILURE_NONE, "NXDOMAIN, 0 answers"},
        {0x8180, RESULT_BAD, FAILURE_STATUS,
         "not authenticated (no AD flag), wanted DNSSEC: NOERROR, 0 answers"},
        {0x8183, RESULT_BAD, FAILURE_STATUS, "not authenticated (no AD flag), wanted DNSSEC"},
        /* A resolver that is shown a forgery refuses, which may be what is looked for. */
        {0x8182, RESULT_GOOD, FAILURE_NONE, "SERVFAIL, 0 answers"},
    };
    struct check check;
    struct result result;

    serve_udp(answer_flags, NULL);
    check = ask(udp.port, "A", "rcode in NOERROR, NXDOMAIN, SERVFAIL");
    question.dnssec = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        flags = cases[i].flags;
        result = probe(&check);
        expect(&result, cases[i].class, cases[i].failure, cases[i].words);
    }
}
END_TEST

START_TEST(a_port_where_nobody_listens_refuses)
{
    struct check check = ask(server_free_port(), "A", USUAL);
    struct result result;

    for (int tcp = 0; tcp <= 1; tcp++) {
        question.tcp = tcp == 1;
        result = probe(&check);
        expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
    }
}
END_TEST

/* ---- hostile ---- */

static void answer_other_id(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_v4("192.0.2.66");
    reply.bytes[1] ^= 1;
    send_from(udp.fd, heard);
}

static void answer_other_name(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_v4("192.0.2.66");
    reply.bytes[QUESTION_AT + 1] ^= 1;
    send_from(udp.fd, heard);
}

static void answer_other_type(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    reply.bytes[reply.length - 3] = 28;
    put_v4("192.0.2.66");
    send_from(udp.fd, heard);
}

static void answer_from_elsewhere(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_v4("192.0.2.66");
    send_from(udp.other, heard);
}

static void answer_our_own_words(const struct heard *heard)
{
    reply.length = 0;
    put_bytes(&reply, heard->query, heard->length);
    send_from(udp.fd, heard);
}

static void answer_nothing(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    reply.length = 0;
    send_from(udp.fd, heard);
}

static const script forgeries[] = {answer_other_id,       answer_other_name,    answer_other_type,
                                   answer_from_elsewhere, answer_our_own_words, answer_nothing};

enum { FORGERY_COUNT = sizeof(forgeries) / sizeof(forgeries[0]) };

static script forgery;

static void forge_and_answer(const struct heard *heard)
{
    for (int i = 0; i < FLOOD; i++)
        forgery(heard);
    answer_two(heard);
}

/* Alone, a forgery is silence; and in the midst of many the answer is heard. */
/* cell: dns, hostile, loopback server */
START_TEST(a_forged_answer_has_not_come)
{
    struct check check;
    struct result result;

    serve_udp(forgeries[_i], NULL);
    check = ask(udp.port, "A", USUAL);
    check.timeout_ms = WAITED_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "while waiting for an answer over UDP");
    ck_assert_uint_ge(udp.count, 2);
    stop_udp();
    forgery = forgeries[_i];
    serve_udp(forge_and_answer, NULL);
    check = ask(udp.port, "A", USUAL);
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "192.0.2.1 192.0.2.2");
}
END_TEST

static void answer_a_loop(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_pointer(&reply, reply.length);
    put_data(&reply, 1, "\300\0\2\1", 4);
    send_from(udp.fd, heard);
}

static void answer_a_circle(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_pointer(&reply, QUESTION_AT);
    put_data(&reply, 5, "\300\014", 2);
    send_from(udp.fd, heard);
}

static void answer_half_a_record(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_v4("192.0.2.1");
    reply.length--;
    send_from(udp.fd, heard);
}

static void answer_short_address(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_pointer(&reply, QUESTION_AT);
    put_data(&reply, 1, "\300\0\2", 3);
    send_from(udp.fd, heard);
}

/* More than we said we take, and more than we read. */
static void answer_too_much(const struct heard *heard)
{
    static unsigned char padding[REQUEST_MAX];

    reply_to(heard, 0x8180);
    put_pointer(&reply, QUESTION_AT);
    put_data(&reply, 99, padding, sizeof(padding));
    send_from(udp.fd, heard);
}

static const script wrecks[] = {answer_a_loop, answer_a_circle, answer_half_a_record,
                                answer_short_address, answer_too_much};

enum { WRECK_COUNT = sizeof(wrecks) / sizeof(wrecks[0]) };

START_TEST(an_answer_that_cannot_be_read_is_bad)
{
    struct check check;
    struct result result;

    serve_udp(wrecks[_i], NULL);
    check = ask(udp.port, "A", USUAL);
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_BODY, "an answer that cannot be read");
}
END_TEST

static void answer_control_characters(const struct heard *heard)
{
    reply_to(heard, 0x8180);
    put_pointer(&reply, QUESTION_AT);
    put_data(&reply, 16, "\006\033[2J\r\n", 7);
    send_from(udp.fd, heard);
}

START_TEST(what_a_server_says_reaches_nobody_unescaped)
{
    struct check check;
    struct result result;

    serve_udp(answer_control_characters, NULL);
    check = ask(udp.port, "TXT", USUAL);
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "1 answer: \"\\027[2J\\013\\010\"");
    check = ask(udp.port, "TXT", "body contains 'x'");
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_BODY, "");
    for (const char *c = result.detail; *c != '\0'; c++)
        ck_assert(*c >= ' ' && *c <= '~');
}
END_TEST

/* ---- TCP ---- */

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
    prober_close_now();
    server_stop(server);
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
    prober_close_now();
    server_stop(server);
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
    prober_close_now();
    server_stop(server);
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
    prober_close_now();
    server_stop(server);
}
END_TEST

/* ---- silence, cancel, close ---- */

static void say_nothing(const struct heard *heard)
{
    (void)heard;
}

static void serve_silence(struct server *server, int fd, void *context)
{
    (void)context;
    server_wait_for_close(server, fd);
}

/* cell: dns, timed out, loopback server */
START_TEST(silence_is_a_timeout_after_the_second_question)
{
    struct check check;
    struct result result;

    serve_udp(say_nothing, NULL);
    check = ask(udp.port, "A", USUAL);
    check.timeout_ms = WAITED_MS;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT,
           "timeout after 600 ms while waiting for an answer over UDP");
    ck_assert_uint_ge(udp.count, 2);
}
END_TEST

/* cell: dns, cancelled, loopback server */
START_TEST(an_attempt_can_be_cancelled_and_closed_while_it_waits)
{
    struct server *server = server_start_tcp(serve_silence, NULL);
    struct check check;

    serve_udp(say_nothing, server);
    check = ask(udp.port, "A", USUAL);
    question.tcp = _i == 1;
    start_check(3, &check);
    while (udp.count == 0 && server_count(server) == 0)
        uv_run(&loop, UV_RUN_ONCE);
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    start_check(4, &check);
    while (udp.count + server_count(server) < 2)
        uv_run(&loop, UV_RUN_NOWAIT);
    stop_udp();
    prober_close_now();
    ck_assert_uint_eq(reports[3].count, 1);
    ck_assert_uint_eq(reports[4].count, 0);
    server_stop(server);
}
END_TEST

/* ---- addresses, policy, our own faults ---- */

START_TEST(every_address_of_a_server_is_asked)
{
    struct check check;
    struct result result;

    serve_udp(answer_two, NULL);
    check = ask(udp.port, "A", USUAL);
    check.host = "pair.test"; /* 127.0.0.9, where nobody listens, and 127.0.0.1 */
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "1 of 2 addresses good; 127.0.0.9:");
    check.need = NEED_ALL;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
}
END_TEST

START_TEST(a_name_must_not_lead_a_question_to_ourselves)
{
    struct check check;
    struct result result;

    serve_udp(answer_two, NULL);
    check = ask(udp.port, "A", USUAL);
    check.allow = 0;
    check.host = "good.test";
    for (int tcp = 0; tcp <= 1; tcp++) {
        question.tcp = tcp == 1;
        result = probe(&check);
        expect(&result, RESULT_VOID, FAILURE_POLICY, "blocked by policy: loopback is not allowed");
    }
    ck_assert_uint_eq(udp.count, 0);
}
END_TEST

START_TEST(without_descriptors_there_is_no_verdict)
{
    struct check check;
    struct rlimit before, none;
    struct result result;
    int lowest;

    serve_udp(answer_two, NULL);
    check = ask(udp.port, "A", USUAL);
    result = probe(&check); /* what is opened once is open */
    lowest = open("/dev/null", O_RDONLY | O_CLOEXEC);
    close(lowest);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = (rlim_t)lowest;
    setrlimit(RLIMIT_NOFILE, &none);
    result = probe(&check);
    setrlimit(RLIMIT_NOFILE, &before);
    expect(&result, RESULT_VOID, FAILURE_POLICY, "Too many open files");
}
END_TEST

static TCase *udp_tests(void)
{
    TCase *tests = tcase_create("udp");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60); /* a hang, not a speed */
    tcase_add_test(tests, an_answer_is_good_and_told);
    tcase_add_test(tests, a_question_that_was_lost_is_asked_again_and_told);
    tcase_add_test(tests, a_server_from_before_edns_is_asked_without_it);
    tcase_add_test(tests, a_refusal_is_bad_and_named);
    tcase_add_test(tests, dnssec_wants_an_answer_that_was_validated);
    tcase_add_test(tests, a_port_where_nobody_listens_refuses);
    tcase_add_loop_test(tests, a_forged_answer_has_not_come, 0, FORGERY_COUNT);
    tcase_add_loop_test(tests, an_answer_that_cannot_be_read_is_bad, 0, WRECK_COUNT);
    tcase_add_test(tests, what_a_server_says_reaches_nobody_unescaped);
    tcase_add_test(tests, silence_is_a_timeout_after_the_second_question);
    tcase_add_loop_test(tests, an_attempt_can_be_cancelled_and_closed_while_it_waits, 0, 2);
    tcase_add_test(tests, every_address_of_a_server_is_asked);
    tcase_add_test(tests, a_name_must_not_lead_a_question_to_ourselves);
    tcase_add_test(tests, without_descriptors_there_is_no_verdict);
    return tests;
}

static TCase *tcp_tests(void)
{
    TCase *tests = tcase_create("tcp");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60); /* a hang, not a speed */
    tcase_add_test(tests, over_tcp_from_the_start_when_it_is_wanted);
    tcase_add_test(tests, what_was_cut_is_asked_for_over_tcp_up_to_64_kib);
    tcase_add_test(tests, a_server_that_cuts_and_has_no_tcp_is_bad);
    tcase_add_loop_test(tests, what_breaks_over_tcp_is_bad_and_named, 0, BREAKAGE_COUNT);
    tcase_add_loop_test(tests, an_answer_that_drips_is_good_when_it_comes_in_time, 0, 2);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("probe_dns");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, udp_tests());
    suite_add_tcase(suite, tcp_tests());
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
