/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of WebSockets in the clear: servers that shake hands, and others that almost do. */
#include <check.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "prober_fixture.h"
#include "websocket.h"

static struct assertion *expected;
static const struct check_header protocols[] = {{"Sec-WebSocket-Protocol", "mqtt, chat"}};

/* What a server does once it has read a request. */
struct script {
    const char *answer; /* %s is the accept that is right; NULL: nothing is sent */
    bool closes;
    char request[2048]; /* that came */
    char goodbye[WEBSOCKET_CLOSE_SIZE];
    atomic_bool has_goodbye; /* all of it came */
};

static void setup(void)
{
    char error[200];
    uint32_t subjects = SUBJECT_BIT(SUBJECT_STATUS) | SUBJECT_BIT(SUBJECT_HEADER);

    prober_setup();
    ck_assert_int_eq(assertion_parse("status == 101", subjects, &expected, error, sizeof(error)),
                     0);
}

static void teardown(void)
{
    prober_teardown();
    assertion_destroy(expected);
}

/* ---- servers ---- */

static void read_request(struct server *server, int fd, struct script *script)
{
    size_t length = 0;

    while (length + 1 < sizeof(script->request) &&
           server_read(server, fd, script->request + length, 1) == 0) {
        script->request[++length] = '\0';
        if (strstr(script->request, "\r\n\r\n") != NULL)
            break;
    }
}

static void find_accept(const struct script *script, char out[WEBSOCKET_ACCEPT_SIZE])
{
    static const char name[] = "Sec-WebSocket-Key: ";
    const char *at = strstr(script->request, name);
    char key[WEBSOCKET_KEY_SIZE] = "";

    if (at != NULL)
        snprintf(key, sizeof(key), "%s", at + strlen(name));
    websocket_accept(key, out);
}

static void serve(struct server *server, int fd, void *context)
{
    struct script *script = context;
    char accept[WEBSOCKET_ACCEPT_SIZE];
    const char *at;

    read_request(server, fd, script);
    find_accept(script, accept);
    if (script->answer != NULL) {
        at = strstr(script->answer, "%s");
        server_send(server, fd, script->answer,
                    at != NULL ? (size_t)(at - script->answer) : strlen(script->answer));
        if (at != NULL) {
            server_send_text(server, fd, accept);
            server_send_text(server, fd, at + 2);
        }
    }
    if (script->closes)
        return;
    script->has_goodbye = server_read(server, fd, script->goodbye, sizeof(script->goodbye)) == 0;
    server_wait_for_close(server, fd);
}

static void serve_endless_headers(struct server *server, int fd, void *context)
{
    read_request(server, fd, context);
    server_send_text(server, fd, "HTTP/1.1 101 Switching Protocols\r\n");
    while (server_send_text(server, fd, "X-More: of the same\r\n") == 0)
        ;
}

static void serve_slow_headers(struct server *server, int fd, void *context)
{
    read_request(server, fd, context);
    server_send_text(server, fd, "HTTP/1.1 101 Switching Protocols\r\n");
    while (server_send_text(server, fd, "x") == 0)
        poll(NULL, 0, 5);
}

static void serve_hard_close(struct server *server, int fd, void *context)
{
    read_request(server, fd, context);
    server_reset(fd);
}

static struct check websocket_check(const struct server *server)
{
    struct check check = make_check(server_port(server), "/feed?a=b", "", "");

    check.kind = CHECK_WEBSOCKET;
    check.assertion = expected;
    return check;
}

static struct result ask(server_serve how, struct script *script, bool offers, msec_t timeout_ms)
{
    struct server *server = server_start_tcp(how, script);
    struct check check = websocket_check(server);
    struct result result;

    if (offers) {
        check.headers = protocols;
        check.header_count = 1;
    }
    check.timeout_ms = timeout_ms;
    result = probe(&check);
    prober_leave(server);
    return result;
}

/* ---- good ---- */

#define AGREED                                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: %s\r\n"

/* cell: websocket, good, loopback server */
START_TEST(a_server_that_agrees_is_good_and_hears_a_goodbye)
{
    struct script script = {.answer = AGREED "\r\n"};
    struct server *server = server_start_tcp(serve, &script);
    struct check check = websocket_check(server);
    struct result result = probe(&check);
    const char *mask = script.goodbye + 2;

    while (!script.has_goodbye) /* the last one may be on its way still */
        poll(NULL, 0, 1);
    server_stop(server);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 101");
    ck_assert_int_eq(result.status, 101);
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
    ck_assert_ptr_eq(strstr(script.request, "GET /feed?a=b HTTP/1.1\r\nHost: 127.0.0.1:"),
                     script.request);
    ck_assert_ptr_nonnull(strstr(script.request, "\r\nUpgrade: websocket\r\n"));
    ck_assert_ptr_nonnull(strstr(script.request, "\r\nConnection: Upgrade\r\n"));
    ck_assert_ptr_nonnull(strstr(script.request, "\r\nSec-WebSocket-Version: 13\r\n"));
    ck_assert_mem_eq(script.goodbye, "\x88\x82", 2);
    ck_assert_int_eq((script.goodbye[6] ^ mask[0]) << 8 | (uint8_t)(script.goodbye[7] ^ mask[1]),
                     1000);
}
END_TEST

/* cell: websocket, good, loopback server */
START_TEST(one_of_the_offered_protocols_may_be_chosen)
{
    struct script script = {.answer = AGREED "Sec-WebSocket-Protocol: chat\r\n\r\n"};
    struct result result = ask(serve, &script, true, PATIENT_MS);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 101");
    ck_assert_ptr_nonnull(strstr(script.request, "\r\nSec-WebSocket-Protocol: mqtt, chat\r\n"));
}
END_TEST

START_TEST(every_opening_has_a_key_of_its_own)
{
    struct script scripts[2] = {{.answer = AGREED "\r\n"}, {.answer = AGREED "\r\n"}};

    for (int i = 0; i < 2; i++) {
        struct server *server = server_start_tcp(serve, &scripts[i]);
        struct check check = websocket_check(server);

        probe(&check);
        server_stop(server);
    }
    ck_assert_str_ne(strstr(scripts[0].request, "Sec-WebSocket-Key: "),
                     strstr(scripts[1].request, "Sec-WebSocket-Key: "));
}
END_TEST

/* ---- bad, hostile ---- */

static const struct {
    struct script script;
    enum failure failure;
    const char *words;
} answers[] = {
    {{.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
     FAILURE_STATUS,
     "status 200, wanted == 101"},
    {{.answer = "HTTP/1.1 403 Forbidden\r\n\r\n"}, FAILURE_STATUS, "status 403, wanted == 101"},
    {{.answer = "HTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"},
     FAILURE_STATUS,
     "status 101, but no header Sec-WebSocket-Accept"},
    {{.answer = "HTTP/1.1 101 ok\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"},
     FAILURE_STATUS,
     "status 101, but Sec-WebSocket-Accept is \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\", wanted \""},
    {{.answer = "HTTP/1.1 101 ok\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Accept: %s\r\n\r\n"},
     FAILURE_STATUS,
     "status 101, but Upgrade is \"h2c\", wanted \"websocket\""},
    {{.answer = AGREED "Sec-WebSocket-Protocol: \x1b[31m\r\n\r\n"},
     FAILURE_STATUS,
     "status 101, but the protocol \"\\x1b[31m\" was not offered"},
    {{.answer = AGREED "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"},
     FAILURE_STATUS,
     "status 101, but the extension \"permessage-deflate\" was not offered"},
    {{.answer = "SSH-2.0-OpenSSH_9.2p1\r\n"}, FAILURE_STATUS, "no status line of HTTP/1"},
    {{.answer = AGREED, .closes = true}, FAILURE_STATUS, "closed in the middle of the headers"},
    {{.answer = NULL, .closes = true}, FAILURE_CONNECT, "closed before any answer"},
};

/* cell: websocket, bad, loopback server */
/* cell: websocket, hostile, loopback server */
START_TEST(what_does_not_agree_is_bad_and_says_why)
{
    struct script script = answers[_i].script;
    struct result result = ask(serve, &script, false, PATIENT_MS);

    expect(&result, RESULT_BAD, answers[_i].failure, answers[_i].words);
}
END_TEST

/* cell: websocket, hostile, loopback server */
START_TEST(endless_headers_come_to_a_limit)
{
    struct script script = {.answer = NULL};
    struct result result = ask(serve_endless_headers, &script, false, PATIENT_MS);

    expect(&result, RESULT_BAD, FAILURE_STATUS, "more than 100 lines of headers");
}
END_TEST

/* cell: websocket, hostile, loopback server */
START_TEST(a_hard_close_is_bad)
{
    struct script script = {.answer = NULL};
    struct result result = ask(serve_hard_close, &script, false, PATIENT_MS);

    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection reset by peer");
}
END_TEST

/* cell: websocket, bad, loopback server */
START_TEST(where_nobody_listens_is_bad)
{
    struct check check = make_check(server_free_port(), "/", "", "");
    struct result result;

    check.kind = CHECK_WEBSOCKET;
    check.assertion = expected;
    result = probe(&check);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
}
END_TEST

/* ---- timed out, cancelled ---- */

/* cell: websocket, timed out, loopback server */
START_TEST(silence_times_out)
{
    struct script script = {.answer = NULL};
    struct result result = ask(serve, &script, false, SHORT_MS);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while waiting for an answer");
}
END_TEST

/* cell: websocket, timed out, loopback server */
START_TEST(slow_headers_time_out)
{
    struct script script = {.answer = NULL};
    struct result result = ask(serve_slow_headers, &script, false, SHORT_MS);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, "timeout after 60 ms while ");
}
END_TEST

/* cell: websocket, cancelled, loopback server */
START_TEST(a_cancel_ends_it_in_the_headers)
{
    struct script script = {.answer = NULL};
    struct server *server = server_start_tcp(serve_slow_headers, &script);
    struct check check = websocket_check(server);

    cancel_when_served(server, &check);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_websocket");
    TCase *tests = tcase_create("probe_websocket");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_server_that_agrees_is_good_and_hears_a_goodbye);
    tcase_add_test(tests, one_of_the_offered_protocols_may_be_chosen);
    tcase_add_test(tests, every_opening_has_a_key_of_its_own);
    tcase_add_loop_test(tests, what_does_not_agree_is_bad_and_says_why, 0,
                        (int)(sizeof(answers) / sizeof(answers[0])));
    tcase_add_test(tests, endless_headers_come_to_a_limit);
    tcase_add_test(tests, a_hard_close_is_bad);
    tcase_add_test(tests, where_nobody_listens_is_bad);
    tcase_add_test(tests, silence_times_out);
    tcase_add_test(tests, slow_headers_time_out);
    tcase_add_test(tests, a_cancel_ends_it_in_the_headers);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
