/* SPDX-License-Identifier: Apache-2.0 */
/* dns://SERVER/NAME?type=TYPE over UDP, against servers that answer, refuse, lie and flood. */
#include <check.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "dns_world.h"

enum { FLOOD = 200 /* fits into a socket's buffer, with the answer behind it */ };

/* ---- good ---- */

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
    ck_assert_uint_eq(udp.count, attempt_count);
}
END_TEST

/* Of each attempt. */
static void answer_the_second(const struct heard *heard)
{
    static unsigned asked_in;

    if (asked_in == attempt_count)
        answer_two(heard);
    asked_in = attempt_count;
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
    ck_assert_uint_eq(udp.count, 2 * attempt_count);
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

/* ---- silence, cancel, close ---- */

static void say_nothing(const struct heard *heard)
{
    (void)heard;
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

int main(void)
{
    Suite *suite = suite_create("probe_dns");
    TCase *tests = tcase_create("dns");

    tcase_add_checked_fixture(tests, dns_setup, dns_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
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
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
