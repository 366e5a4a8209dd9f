/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of agents: what they say, and what strangers say in their place. */
#include <check.h>
#include <poll.h>
#include <string.h>

#include "../lib/suite.h"
#include "agent_words.h"
#include "prober_fixture.h"

static struct assertion *parsed;

static struct check agent_check(const struct server *server, const char *expression)
{
    struct check check = make_check(server_port(server), "/", "", "");
    uint32_t subjects = SUBJECT_BIT(SUBJECT_STATE) | SUBJECT_BIT(SUBJECT_PERCENT) |
                        SUBJECT_BIT(SUBJECT_BODY) | SUBJECT_BIT(SUBJECT_LATENCY);
    char error[200];

    check.kind = CHECK_AGENT;
    check.assertion = NULL;
    if (expression != NULL) {
        ck_assert_int_eq(assertion_parse(expression, subjects, &parsed, error, sizeof(error)), 0);
        check.assertion = parsed;
    }
    return check;
}

static void teardown(void)
{
    prober_teardown();
    assertion_destroy(parsed);
    parsed = NULL;
}

/* ---- agents ---- */

static void serve_text(struct server *server, int fd, void *context)
{
    server_send_text(server, fd, context);
    server_wait_for_close(server, fd);
}

static void serve_text_and_close(struct server *server, int fd, void *context)
{
    server_send_text(server, fd, context);
}

static void serve_byte_by_byte(struct server *server, int fd, void *context)
{
    for (const char *at = context; *at != '\0'; at++) {
        server_send(server, fd, at, 1);
        poll(NULL, 0, 1);
    }
    server_wait_for_close(server, fd);
}

static void serve_hard_close(struct server *server, int fd, void *context)
{
    (void)server;
    (void)context;
    server_reset(fd);
}

static void serve_endless_line(struct server *server, int fd, void *context)
{
    (void)context;
    while (server_send_text(server, fd, "up up up up up up up up ") == 0)
        ;
}

static void serve_endless_lines(struct server *server, int fd, void *context)
{
    (void)context;
    while (server_send_text(server, fd, "up\n") == 0)
        ;
}

static struct result ask(server_serve serve, const char *text, const char *expression,
                         msec_t timeout_ms)
{
    char context[4096];
    struct server *server;
    struct check check;
    struct result result;

    strncpy(context, text, sizeof(context) - 1);
    context[sizeof(context) - 1] = '\0';
    server = server_start_tcp(serve, context);
    check = agent_check(server, expression);
    check.timeout_ms = timeout_ms;
    result = probe(&check);
    prober_leave(server);
    return result;
}

/* ---- good, bad ---- */

static const struct {
    const char *text;
    const char *expression;
    enum result_class class;
    const char *words;
} answers[] = {
    {"up\n", NULL, RESULT_GOOD, "up"},
    {"up\r\nwhat comes then is not read", NULL, RESULT_GOOD, "up"},
    {"ready 75% maxconn:30\n", NULL, RESULT_GOOD, "ready, 75%, maxconn 30"},
    {"down#disk \"full\"\n", NULL, RESULT_BAD, "the agent says down (disk \"full\")"},
    {"stopped # \x1b[31mred\n", NULL, RESULT_BAD, "the agent says stopped (\\x1b[31mred)"},
    {"drain\n", NULL, RESULT_BAD, "the agent says drain"},
    {"maint\n", NULL, RESULT_BAD, "the agent says maint"},
    {"up 0%\n", NULL, RESULT_BAD, "the agent says up, 0%"},
    /* What the settings speak of is theirs to say; the rest stays. */
    {"drain\n", "state == drain", RESULT_GOOD, "drain"},
    {"up 0%\n", "state == drain", RESULT_GOOD, "up, 0%"},
    {"up 0%\n", "percent >= 0", RESULT_GOOD, "up, 0%"},
    {"down 50%\n", "percent >= 0", RESULT_BAD, "the agent says down, 50%"},
    {"ready 50%\n", "state == up and percent >= 50", RESULT_GOOD, "ready, 50%"},
    {"up 10%\n", "percent >= 20", RESULT_BAD, "percent is 10, wanted >= 20"},
    {"up\n", "percent >= 20", RESULT_VOID, "percent"},
    {"up #calm\n", "body contains 'calm'", RESULT_GOOD, "up (calm)"},
    {"up\n", "latency > 1h", RESULT_BAD, "latency"},
};

/* cell: agent, good, loopback server */
/* cell: agent, bad, loopback server */
START_TEST(an_agent_is_taken_at_its_words)
{
    struct result result = ask(serve_text, answers[_i].text, answers[_i].expression, PATIENT_MS);
    enum failure failure = FAILURE_NONE;

    if (answers[_i].class != RESULT_GOOD)
        failure = answers[_i].class == RESULT_BAD ? FAILURE_STATUS : FAILURE_POLICY;
    if (strcmp(answers[_i].words, "latency") == 0)
        failure = FAILURE_LATENCY;
    expect(&result, answers[_i].class, failure, answers[_i].words);
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
}
END_TEST

/* cell: agent, good, loopback server */
START_TEST(a_line_in_pieces_is_a_line)
{
    struct result result = ask(serve_byte_by_byte, "ready up 7%\r\n", "percent == 7", PATIENT_MS);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "up, ready, 7%");
}
END_TEST

/* cell: agent, bad, loopback server */
START_TEST(where_nobody_listens_is_bad)
{
    struct check check = make_check(server_free_port(), "/", "", "");
    struct result result;

    check.kind = CHECK_AGENT;
    check.assertion = NULL;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
}
END_TEST

/* ---- hostile ---- */

static const struct {
    server_serve serve;
    const char *text;
    enum failure failure;
    const char *words;
} hostile[] = {
    {serve_text, "SSH-2.0-OpenSSH_9.2p1\r\n", FAILURE_STATUS,
     "no word of an agent: \"SSH-2.0-OpenSSH_9.2p1\""},
    {serve_text, "\n", FAILURE_STATUS, "no word of an agent: \"\""},
    {serve_text, "\x01\xff\n", FAILURE_STATUS, "no word of an agent: \"\\x01\\xff\""},
    {serve_text_and_close, "up", FAILURE_STATUS, "closed in the middle of the line \"up\""},
    {serve_text_and_close, "", FAILURE_CONNECT, "closed before the agent said a word"},
    {serve_hard_close, "", FAILURE_CONNECT, "Connection reset by peer"},
    {serve_endless_line, "", FAILURE_STATUS, "more than 1024 bytes without an end of line"},
};

/* cell: agent, hostile, loopback server */
START_TEST(what_is_no_agent_is_bad)
{
    struct result result = ask(hostile[_i].serve, hostile[_i].text, NULL, PATIENT_MS);

    expect(&result, RESULT_BAD, hostile[_i].failure, hostile[_i].words);
}
END_TEST

/* cell: agent, hostile, loopback server */
START_TEST(endless_lines_are_judged_by_the_first)
{
    struct result result = ask(serve_endless_lines, "", NULL, PATIENT_MS);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "up");
}
END_TEST

/* ---- timed out, cancelled ---- */

/* cell: agent, timed out, loopback server */
START_TEST(silence_times_out)
{
    struct result result = ask(serve_silence, "", NULL, SHORT_MS);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT,
           "timeout after 60 ms while waiting for the agent's line");
}
END_TEST

/* cell: agent, timed out, loopback server */
START_TEST(a_line_without_an_end_times_out)
{
    struct result result = ask(serve_text, "up", NULL, SHORT_MS);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while ");
}
END_TEST

/* cell: agent, cancelled, loopback server */
START_TEST(a_cancel_ends_it_in_the_line)
{
    char text[] = "up";
    struct server *server = server_start_tcp(serve_text, text);
    struct check check = agent_check(server, NULL);

    cancel_when_served(server, &check);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_agent");
    TCase *tests = tcase_create("probe_agent");

    tcase_add_checked_fixture(tests, prober_setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, an_agent_is_taken_at_its_words, 0,
                        (int)(sizeof(answers) / sizeof(answers[0])));
    tcase_add_test(tests, a_line_in_pieces_is_a_line);
    tcase_add_test(tests, where_nobody_listens_is_bad);
    tcase_add_loop_test(tests, what_is_no_agent_is_bad, 0,
                        (int)(sizeof(hostile) / sizeof(hostile[0])));
    tcase_add_test(tests, endless_lines_are_judged_by_the_first);
    tcase_add_test(tests, silence_times_out);
    tcase_add_test(tests, a_line_without_an_end_times_out);
    tcase_add_test(tests, a_cancel_ends_it_in_the_line);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
