/* SPDX-License-Identifier: Apache-2.0 */
/* Dialogues over TCP with servers that answer, that answer wrongly, and that never stop. */
#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum { LINES_MAX = 4 };

/* What a server says at once, and then to each line it reads; NULL: no more. */
struct part {
    const char *first;
    const char *answers[LINES_MAX];
    bool closes; /* after the last; otherwise it waits for the client to */
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

static void serve_part(struct server *server, int fd, void *context)
{
    const struct part *part = context;

    if (part->first != NULL)
        server_send_text(server, fd, part->first);
    for (int i = 0; i < LINES_MAX && part->answers[i] != NULL; i++) {
        if (read_line(server, fd) < 0)
            return;
        server_send_text(server, fd, part->answers[i]);
    }
    if (!part->closes)
        server_wait_for_close(server, fd);
}

static struct check tcp_check(uint16_t port, struct check_tcp *tcp, const struct tcp_line *lines)
{
    struct check check = make_check(port, NULL, NULL, NULL);

    *tcp = (struct check_tcp){.lines = lines};
    while (tcp->line_count < LINES_MAX &&
           (lines[tcp->line_count].send != NULL || lines[tcp->line_count].expect != NULL))
        tcp->line_count++;
    check.kind = CHECK_TCP;
    check.assertion = NULL;
    check.of.tcp = tcp;
    return check;
}

/* expect: NULL, or an expression; where: it times out, or NULL: it does not. */
static struct result hold(server_serve serve, void *context, const struct tcp_line *lines,
                          const char *expect_text, const char *where)
{
    struct server *server = server_start_tcp(serve, context);
    struct check_tcp tcp;
    struct check check = tcp_check(server_port(server), &tcp, lines);
    struct assertion *assertion = NULL;
    struct result result;
    char error[200];

    if (expect_text != NULL)
        ck_assert_int_eq(assertion_parse(expect_text,
                                         SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_LATENCY),
                                         &assertion, error, sizeof(error)),
                         0);
    check.assertion = assertion;
    result = probe_to(&check, where);
    server_stop(server);
    assertion_destroy(assertion);
    return result;
}

static const struct tcp_line smtp[LINES_MAX] = {
    {.expect = "220"},
    {.send = "EHLO health.example.com\r\n", .expect = "250 "},
    {.send = "QUIT\r\n", .expect = "221"},
};
static const struct tcp_line redis[LINES_MAX] = {{.send = "PING\r\n", .expect = "+PONG"}};
static const struct tcp_line nothing[LINES_MAX] = {{NULL, NULL}};

/* ---- good ---- */

/* cell: tcp, good, loopback server */
START_TEST(a_dialogue_that_goes_as_expected_is_good)
{
    struct part part = {"220 mail.example.com ESMTP\r\n",
                        {"250-mail.example.com\r\n250 HELP\r\n", "221 Bye\r\n"},
                        false};
    struct result result = hold(serve_part, &part, smtp, NULL, NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "the last line was \"221 Bye\"");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
}
END_TEST

static void serve_letter_by_letter(struct server *server, int fd, void *context)
{
    const char *text = context;

    read_line(server, fd);
    for (size_t i = 0; i < strlen(text); i++) {
        server_send(server, fd, text + i, 1);
        poll(NULL, 0, 1);
    }
    server_wait_for_close(server, fd);
}

START_TEST(what_is_expected_may_come_in_any_pieces_after_any_lines)
{
    char text[] = "-a\r\n+PO\r\n+PON\r\n++PONG\r\n";
    struct result result = hold(serve_letter_by_letter, text, redis, NULL, NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "the last line was \"++PONG\"");
}
END_TEST

START_TEST(what_was_said_is_the_body)
{
    struct part part = {NULL, {"+PONG\r\nload 17\r\n"}, false};
    struct result result =
        hold(serve_part, &part, redis, "body contains \"PONG\" and latency < 1h", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "");
    result = hold(serve_part, &part, redis, "not body contains \"+PONG\"", NULL);
    expect(&result, RESULT_BAD, FAILURE_BODY, "");
}
END_TEST

START_TEST(without_a_step_that_expects_the_body_ends_when_the_server_closes)
{
    static const struct tcp_line ask[LINES_MAX] = {{.send = "stats\n"}};
    struct part part = {"hello\n", {"load 17\n"}, true};
    struct result result = hold(serve_part, &part, ask, "body matches /^load \\d+\\n$/m", NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "the last line was \"load 17\"");
    part = (struct part){"17:04\n", {NULL}, true};
    result = hold(serve_part, &part, nothing, "body == \"17:05\\n\"", NULL);
    expect(&result, RESULT_BAD, FAILURE_BODY, "17:04");
}
END_TEST

/* ---- bad ---- */

/* cell: tcp, bad, loopback server */
START_TEST(a_server_that_closes_instead_is_a_bad_body)
{
    struct part part = {"220 x\r\n", {"502 no\x1b[31m\r\n"}, true};
    struct result result = hold(serve_part, &part, smtp, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY,
           "closed by the server while waiting for \"250 \"; the last line was "
           "\"502 no\\x1b[31m\"");
}
END_TEST

START_TEST(a_server_that_closes_without_a_word_is_no_connection)
{
    struct part part = {NULL, {NULL}, true};
    struct result result = hold(serve_part, &part, smtp, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_CONNECT,
           "closed by the server while waiting for \"220\"; nothing was said");
}
END_TEST

/* The reply to EHLO has another "250" than the one that is looked for after MAIL. */
START_TEST(an_old_reply_answers_no_new_question)
{
    static const struct tcp_line lines[LINES_MAX] = {
        {.send = "EHLO x\r\n", .expect = "250"},
        {.send = "MAIL FROM:<>\r\n", .expect = "250"},
    };
    struct part part = {NULL, {"250-x\r\n250 HELP\r\n", "550 no\r\n"}, true};
    struct result result = hold(serve_part, &part, lines, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "the last line was \"550 no\"");
}
END_TEST

/* ---- timed out ---- */

/* cell: tcp, timed out, loopback server */
START_TEST(a_wrong_answer_and_then_silence_times_out_with_the_answer)
{
    struct part part = {"220 x\r\n", {"502 no\r\n"}, false};
    static const char where[] = " ms while waiting for \"250 \"; the last line was \"502 no\"";
    struct result result = hold(serve_part, &part, smtp, NULL, where);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, where);
}
END_TEST

START_TEST(silence_times_out_and_says_so)
{
    struct part part = {NULL, {NULL}, false};
    static const char where[] = "timeout after 60 ms while waiting for \"+PONG\"; nothing was said";
    struct result result = hold(serve_part, &part, redis, NULL, where);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, where);
}
END_TEST

/* Reads nothing until the test says so: what lies unread hides that the client has left. */
static void serve_deaf(struct server *server, int fd, void *context)
{
    char ignored;

    (void)fd;
    server_read(server, *(int *)context, &ignored, 1);
}

/* cell: tcp, timed out, loopback server that reads nothing */
START_TEST(a_server_that_reads_nothing_times_out_sending)
{
    static char much[8 * 1024 * 1024];
    struct tcp_line lines[LINES_MAX] = {{.send = much, .expect = "x"}};
    int ends[2];
    struct server *server;
    struct check_tcp tcp;
    struct check check;
    struct result result;

    memset(much, 'x', sizeof(much) - 1);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    server = server_start_tcp(serve_deaf, &ends[0]);
    check = tcp_check(server_port(server), &tcp, lines);
    result = probe_to(&check, "ms while sending");
    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "ms while sending");
    close(ends[1]);
    server_stop(server);
    close(ends[0]);
}
END_TEST

/* ---- hostile ---- */

static void serve_endless(struct server *server, int fd, void *context)
{
    const char *piece = context;

    while (server_send_text(server, fd, piece) == 0)
        ;
}

/* cell: tcp, hostile, loopback server */
START_TEST(an_endless_line_is_a_bad_body)
{
    static char piece[1001];
    struct result result;

    memset(piece, '\xff', sizeof(piece) - 1);
    result = hold(serve_endless, piece, redis, NULL, NULL);
    expect(&result, RESULT_BAD, FAILURE_BODY,
           "a line of more than 4096 bytes while waiting for \"+PONG\"; the last line was "
           "\"\\xff\\xff");
}
END_TEST

/* cell: tcp, hostile, loopback server */
START_TEST(endless_lines_are_a_bad_body)
{
    char piece[] = "spam spam spam spam\r\n";
    struct result result = hold(serve_endless, piece, redis, NULL, NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "more than 65536 bytes while waiting for \"+PONG\"");
}
END_TEST

START_TEST(an_endless_body_is_judged_by_its_beginning)
{
    char piece[] = "spam spam spam spam\r\n";
    struct result result = hold(serve_endless, piece, nothing, "body contains \"ham\"", NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "the first 65536 bytes");
}
END_TEST

/* ---- cancelled ---- */

/* cell: tcp, cancelled, loopback server */
START_TEST(a_cancelled_dialogue_is_void_and_told_once)
{
    struct part part = {"220 x\r\n", {NULL}, false};
    struct server *server = server_start_tcp(serve_part, &part);
    struct check_tcp tcp;
    struct check check = tcp_check(server_port(server), &tcp, smtp);

    start_check(7, &check);
    while (prober->by_token[7]->result.timings.first_byte_us < 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    prober_cancel(prober, 7);
    run_until_reported(7, 1);
    expect(&reports[7].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    start_check(7, &check);
    while (prober->by_token[7]->result.timings.first_byte_us < 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    prober_close_now(); /* and closing leaves nothing */
    ck_assert_uint_eq(reports[7].count, 1);
    server_stop(server);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_tcp");
    TCase *tests = tcase_create("probe_tcp");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_add_test(tests, a_dialogue_that_goes_as_expected_is_good);
    tcase_add_test(tests, what_is_expected_may_come_in_any_pieces_after_any_lines);
    tcase_add_test(tests, what_was_said_is_the_body);
    tcase_add_test(tests, without_a_step_that_expects_the_body_ends_when_the_server_closes);
    tcase_add_test(tests, a_server_that_closes_instead_is_a_bad_body);
    tcase_add_test(tests, a_server_that_closes_without_a_word_is_no_connection);
    tcase_add_test(tests, an_old_reply_answers_no_new_question);
    tcase_add_test(tests, a_wrong_answer_and_then_silence_times_out_with_the_answer);
    tcase_add_test(tests, silence_times_out_and_says_so);
    tcase_add_test(tests, a_server_that_reads_nothing_times_out_sending);
    tcase_add_test(tests, an_endless_line_is_a_bad_body);
    tcase_add_test(tests, endless_lines_are_a_bad_body);
    tcase_add_test(tests, an_endless_body_is_judged_by_its_beginning);
    tcase_add_test(tests, a_cancelled_dialogue_is_void_and_told_once);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
