/* SPDX-License-Identifier: Apache-2.0 */
/* What servers answer, honest and hostile, in the clear and over TLS: a fault comes out in the same
 * class, and in the same words, either way. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "answer_server.h"

/* cell: http, good, loopback server */
/* cell: http, good, loopback server with TLS */
START_TEST(a_good_answer_is_good)
{
    struct result result =
        probe_script(_i, (struct script){.text = OK_PAGE, .waits = true}, "ok", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(an_answer_until_the_close_is_good)
{
    struct result result =
        probe_script(_i, (struct script){.text = OK "\r\nall is ok"}, "is ok", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

START_TEST(interim_answers_are_skipped)
{
    struct result result =
        probe_script(_i,
                     (struct script){.text = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" OK_PAGE,
                                     .waits = true},
                     "ok", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

/* cell: http, bad, loopback server */
/* cell: http, bad, loopback server with TLS */
START_TEST(a_wrong_status_is_told)
{
    struct result result =
        probe_script(_i, (struct script){.text = "HTTP/1.1 503 Busy\r\n\r\nok"}, "ok", NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "status 503, wanted 200");
    ck_assert_int_eq(result.status, 503);
}
END_TEST

/* cell: http, bad, loopback server */
/* cell: http, bad, loopback server with TLS */
START_TEST(a_wrong_body_is_told)
{
    struct result result = probe_script(_i, (struct script){.text = OK "\r\nsorry"}, "ok", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "body \"sorry\" (5 bytes read), wanted \"ok\"");
    ck_assert_int_eq(result.status, 200);
}
END_TEST

/* cell: http, hostile, loopback server */
/* cell: http, hostile, loopback server with TLS */
START_TEST(a_server_that_reads_and_closes_has_not_answered)
{
    struct result result = probe_script(_i, (struct script){.text = ""}, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_CONNECT, "closed before any answer");
}
END_TEST

START_TEST(a_truncated_body_is_a_bad_body)
{
    struct result result =
        probe_script(_i, (struct script){.text = OK "Content-Length: 9\r\n\r\n123"}, "1", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "closed in the middle of the body");
}
END_TEST

/* cell: http, hostile, loopback server */
/* cell: http, hostile, loopback server with TLS */
START_TEST(a_truncated_chunk_is_a_bad_body)
{
    struct result result = probe_script(
        _i, (struct script){.text = OK "Transfer-Encoding: chunked\r\n\r\n9\r\n123"}, "1", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "closed in the middle of the body");
}
END_TEST

START_TEST(headers_cut_short_are_no_answer)
{
    struct result result = probe_script(_i, (struct script){.text = OK "Server: x\r\n"}, "1", NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "closed in the middle of the headers");
}
END_TEST

/* cell: http, hostile, loopback server */
/* cell: http, hostile, loopback server with TLS */
START_TEST(garbage_is_no_status)
{
    struct result result =
        probe_script(_i, (struct script){.text = "SSH-2.0-OpenSSH_9.2\x1b[31m\r\n"}, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS,
           "no status line of HTTP/1: \"SSH-2.0-OpenSSH_9.2\\x1b[31m\"");
}
END_TEST

/* cell: http, hostile, loopback server */
/* cell: http, hostile, loopback server with TLS */
START_TEST(endless_interim_answers_are_no_answer)
{
    struct result result = probe_script(
        _i, (struct script){.text = "", .drips = "HTTP/1.1 102 Processing\r\n\r\n"}, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "more than 8 interim answers, the last 102");
}
END_TEST

/* cell: http, hostile, loopback server */
/* cell: http, hostile, loopback server with TLS */
START_TEST(a_thousand_headers_are_refused)
{
    struct result result = probe_script(
        _i, (struct script){.text = OK, .drips = "X-Header: value\r\n", .drip_limit = 1000}, NULL,
        NULL);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "more than 100 lines of headers");
}
END_TEST

/* cell: http, hostile, loopback server */
/* cell: http, hostile, loopback server with TLS */
START_TEST(sixteen_kilobytes_of_headers_are_refused)
{
    static char line[1024] = "X-Header: ";
    struct result result;

    memset(line + 10, 'x', sizeof(line) - 13);
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    result =
        probe_script(_i, (struct script){.text = OK, .drips = line, .drip_limit = 90}, NULL, NULL);
    expect(&result, RESULT_BAD, FAILURE_STATUS, "more than 16384 bytes of headers");
}
END_TEST

/* cell: http, hostile, loopback server */
/* cell: http, hostile, loopback server with TLS */
START_TEST(an_endless_body_is_judged_by_its_beginning)
{
    static char piece[4097];
    struct result result;

    memset(piece, 'x', sizeof(piece) - 1);
    result =
        probe_script(_i, (struct script){.text = OK "\r\nbig", .drips = piece, .drip_limit = 5000},
                     "small", NULL);
    expect(&result, RESULT_BAD, FAILURE_BODY, "(the first 65536 bytes), wanted \"small\"");
}
END_TEST

/* ---- timeouts say in which phase ---- */

static const char waiting[] = "while waiting for an answer";
static const char reading_headers[] = "while reading the headers";
static const char reading_body[] = "while reading the body";

/* cell: http, timed out, loopback server */
/* cell: http, timed out, loopback server with TLS */
START_TEST(a_silent_server_times_out_waiting)
{
    struct result result =
        probe_script(_i, (struct script){.text = "", .waits = true}, NULL, waiting);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, waiting);
    ck_assert_int_ge(result.timings.total_us, SHORT_MS * 1000);
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_eq(result.timings.tls_us > 0, _i == OVER_TLS);
    ck_assert_int_eq(result.timings.first_byte_us, -1);
}
END_TEST

/* cell: http, timed out, loopback server */
/* cell: http, timed out, loopback server with TLS */
START_TEST(headers_byte_by_byte_time_out_as_headers)
{
    struct result result =
        probe_script(_i, (struct script){.text = OK "X: ", .drips = "x"}, NULL, reading_headers);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, reading_headers);
}
END_TEST

/* cell: http, timed out, loopback server */
/* cell: http, timed out, loopback server with TLS */
START_TEST(a_body_byte_by_byte_times_out_as_body)
{
    struct result result = probe_script(
        _i, (struct script){.text = OK "Content-Length: 1000000\r\n\r\n", .drips = "x"}, "ok",
        reading_body);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, reading_body);
    ck_assert_int_eq(result.status, 200);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("prober_answers");
    TCase *tests = tcase_create("prober_answers");

    tcase_add_checked_fixture(tests, answers_setup, answers_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, a_good_answer_is_good, 0, WAYS);
    tcase_add_loop_test(tests, an_answer_until_the_close_is_good, 0, WAYS);
    tcase_add_loop_test(tests, interim_answers_are_skipped, 0, WAYS);
    tcase_add_loop_test(tests, a_wrong_status_is_told, 0, WAYS);
    tcase_add_loop_test(tests, a_wrong_body_is_told, 0, WAYS);
    tcase_add_loop_test(tests, a_server_that_reads_and_closes_has_not_answered, 0, WAYS);
    tcase_add_loop_test(tests, a_truncated_body_is_a_bad_body, 0, WAYS);
    tcase_add_loop_test(tests, a_truncated_chunk_is_a_bad_body, 0, WAYS);
    tcase_add_loop_test(tests, headers_cut_short_are_no_answer, 0, WAYS);
    tcase_add_loop_test(tests, garbage_is_no_status, 0, WAYS);
    tcase_add_loop_test(tests, endless_interim_answers_are_no_answer, 0, WAYS);
    tcase_add_loop_test(tests, a_thousand_headers_are_refused, 0, WAYS);
    tcase_add_loop_test(tests, sixteen_kilobytes_of_headers_are_refused, 0, WAYS);
    tcase_add_loop_test(tests, an_endless_body_is_judged_by_its_beginning, 0, WAYS);
    tcase_add_loop_test(tests, a_silent_server_times_out_waiting, 0, WAYS);
    tcase_add_loop_test(tests, headers_byte_by_byte_time_out_as_headers, 0, WAYS);
    tcase_add_loop_test(tests, a_body_byte_by_byte_times_out_as_body, 0, WAYS);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
