/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of gRPC's health protocol in the clear: servers whose frames are written by hand. */
#include <check.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "../lib/suite.h"
#include "grpc_health.h"
#include "prober_fixture.h"

enum { PREFACE_LENGTH = 24, FRAME_MAX = 16384 };
enum frame_type { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, GOAWAY = 7 };
enum { END_STREAM = 1, END_HEADERS = 4 };

static const struct check_grpc cart = {.service = "shop.Cart"};
static struct assertion *parsed;

/* What a server answers to a call. Headers are "name: value" lines; NULL: nothing is sent. */
struct script {
    const char *status; /* of HTTP */
    const char *headers;
    const char *body;
    size_t body_length;
    const char *trailers; /* NULL: the body, or the headers, end the stream */
};

/* ---- HTTP/2 by hand ---- */

static int send_frame(struct server *server, int fd, enum frame_type type, uint8_t flags,
                      const void *bytes, size_t length)
{
    uint8_t frame[9 + FRAME_MAX] = {(uint8_t)(length >> 16), (uint8_t)(length >> 8),
                                    (uint8_t)length, (uint8_t)type, flags};

    ck_assert_uint_le(length, FRAME_MAX);
    frame[8] = type == SETTINGS || type == GOAWAY ? 0 : 1;
    memcpy(frame + 9, bytes, length);
    return server_send(server, fd, frame, 9 + length);
}

/* HPACK: a literal that enters no table, of less than 127 bytes each. */
static size_t add_header(uint8_t *out, const char *name, size_t name_length, const char *value,
                         size_t value_length)
{
    size_t length = 0;

    ck_assert(name_length < 127 && value_length < 127);
    out[length++] = 0;
    out[length++] = (uint8_t)name_length;
    memcpy(out + length, name, name_length);
    length += name_length;
    out[length++] = (uint8_t)value_length;
    memcpy(out + length, value, value_length);
    return length + value_length;
}

static size_t add_lines(uint8_t *out, const char *lines)
{
    size_t length = 0;

    while (*lines != '\0') {
        size_t name = strcspn(lines, ":");
        size_t line = strcspn(lines, "\n");

        length += add_header(out + length, lines, name, lines + name + 2, line - name - 2);
        lines += line + (lines[line] == '\n');
    }
    return length;
}

static void greet(struct server *server, int fd)
{
    char preface[PREFACE_LENGTH];

    server_read(server, fd, preface, sizeof(preface));
    send_frame(server, fd, SETTINGS, 0, "", 0);
}

static void send_headers(struct server *server, int fd, const struct script *script)
{
    uint8_t block[1024];
    size_t length = add_header(block, ":status", 7, script->status, strlen(script->status));
    bool ends = script->body == NULL && script->trailers == NULL;

    length += add_lines(block + length, script->headers);
    send_frame(server, fd, HEADERS, END_HEADERS | (ends ? END_STREAM : 0), block, length);
}

static void serve(struct server *server, int fd, void *context)
{
    const struct script *script = context;
    uint8_t block[1024];

    greet(server, fd);
    if (script->status != NULL)
        send_headers(server, fd, script);
    if (script->body != NULL)
        send_frame(server, fd, DATA, script->trailers == NULL ? END_STREAM : 0, script->body,
                   script->body_length);
    if (script->trailers != NULL)
        send_frame(server, fd, HEADERS, END_HEADERS | END_STREAM, block,
                   add_lines(block, script->trailers));
    server_wait_for_close(server, fd);
}

/* ---- hostile servers ---- */

#define GRPC "content-type: application/grpc\n"

static const struct script begun = {.status = "200", .headers = GRPC, .body = "", .trailers = ""};

static void serve_reset(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_headers(server, fd, &begun);
    send_frame(server, fd, RST_STREAM, 0, "\0\0\0\2", 4);
    server_wait_for_close(server, fd);
}

static void serve_half_an_answer(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_headers(server, fd, &begun);
}

static void serve_goaway(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_frame(server, fd, GOAWAY, 0, "\0\0\0\0\0\0\0\0", 8);
}

static void serve_http1(struct server *server, int fd, void *context)
{
    (void)context;
    server_send_text(server, fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    server_wait_for_close(server, fd);
}

static void serve_endless_body(struct server *server, int fd, void *context)
{
    char piece[600] = "\0\0\0\0\x02\x08\x01";

    (void)context;
    greet(server, fd);
    send_headers(server, fd, &begun);
    while (send_frame(server, fd, DATA, 0, piece, sizeof(piece)) == 0)
        ;
}

static void serve_endless_trailers(struct server *server, int fd, void *context)
{
    uint8_t block[200 * 8];
    size_t length = 0;

    (void)context;
    greet(server, fd);
    send_headers(server, fd, &begun);
    while (length + 8 <= sizeof(block))
        length += add_header(block + length, "x-x", 3, "yy", 2);
    send_frame(server, fd, HEADERS, END_HEADERS | END_STREAM, block, length);
    server_wait_for_close(server, fd);
}

static void serve_slow_body(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_headers(server, fd, &begun);
    while (send_frame(server, fd, DATA, 0, "", 0) == 0)
        poll(NULL, 0, 5);
}

static void serve_no_answer(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    server_wait_for_close(server, fd);
}

/* ---- the tests ---- */

static void setup(void)
{
    prober_setup();
    parsed = NULL;
}

static void teardown(void)
{
    prober_teardown();
    assertion_destroy(parsed);
}

static struct check grpc_check(const struct server *server, const char *expression)
{
    struct check check = make_check(server_port(server), "/", "", "");
    char error[200];

    ck_assert_int_eq(
        assertion_parse(expression, SUBJECT_BIT(SUBJECT_STATE), &parsed, error, sizeof(error)), 0);
    check.kind = CHECK_GRPC;
    check.of.grpc = &cart;
    check.assertion = parsed;
    return check;
}

static const char waiting[] = " ms while waiting";
static const char reading[] = " ms while reading the body";

/* where: it times out; NULL: it does not. */
static struct result call(server_serve how, const struct script *script, const char *expression,
                          const char *where)
{
    struct script own = *script;
    struct server *server = server_start_tcp(how, &own);
    struct check check = grpc_check(server, expression);
    struct result result;

    result = probe_to(&check, where);
    /* Tries of libcurl's own have an end. */
    ck_assert_uint_le(server_count(server), 10 * attempt_count);
    prober_leave(server);
    return result;
}

#define MESSAGE(bytes) .body = (bytes), .body_length = sizeof(bytes) - 1
#define SERVING MESSAGE("\0\0\0\0\x02\x08\x01")

static const struct {
    struct script script;
    const char *expression;
    enum failure failure; /* FAILURE_NONE: it is good */
    const char *words;
} answers[] = {
    {{"200", GRPC, SERVING, "grpc-status: 0"}, "state == SERVING", FAILURE_NONE, "state SERVING"},
    {{"200", "content-type: application/grpc+proto\n", SERVING, "grpc-status: 0"},
     "state == SERVING",
     FAILURE_NONE,
     "state SERVING"},
    {{"200", GRPC, MESSAGE("\0\0\0\0\x02\x08\x02"), "grpc-status: 0"},
     "state == SERVING",
     FAILURE_STATUS,
     "state is \"NOT_SERVING\""},
    {{"200", GRPC, MESSAGE("\0\0\0\0\x00"), "grpc-status: 0"},
     "state == SERVING",
     FAILURE_STATUS,
     "state is \"UNKNOWN\""},
    {{"200", GRPC, MESSAGE("\0\0\0\0\x02\x08\x02"), "grpc-status: 0"},
     "state == NOT_SERVING",
     FAILURE_NONE,
     "state NOT_SERVING"},
    {{"200", GRPC "grpc-status: 12\ngrpc-message: what%3F", NULL, 0, NULL},
     "state == SERVING",
     FAILURE_STATUS,
     "the server has no health service (grpc.health.v1): grpc-status 12 UNIMPLEMENTED: what?"},
    {{"200", GRPC "grpc-status: 5", NULL, 0, NULL},
     "state == SERVING",
     FAILURE_STATUS,
     "the server knows no service \"shop.Cart\": grpc-status 5 NOT_FOUND"},
    {{"200", GRPC, SERVING, "grpc-status: 14\ngrpc-message: %1B[31mred"},
     "state == SERVING",
     FAILURE_STATUS,
     "the call failed: grpc-status 14 UNAVAILABLE: \\x1b[31mred"},
    {{"200", GRPC "grpc-status: 4", NULL, 0, NULL},
     "state == SERVING",
     FAILURE_TIMEOUT,
     "the call failed: grpc-status 4 DEADLINE_EXCEEDED"},
    {{"200", GRPC, SERVING, "grpc-status: 99"},
     "state == SERVING",
     FAILURE_STATUS,
     "grpc-status 99 (unknown)"},
    {{"503", GRPC, SERVING, "grpc-status: 0"},
     "state == SERVING",
     FAILURE_STATUS,
     "HTTP status 503, wanted 200 of gRPC"},
    {{"200", "content-type: text/html\n", MESSAGE("<html>"), NULL},
     "state == SERVING",
     FAILURE_STATUS,
     "no gRPC: content-type is \"text/html\", wanted application/grpc"},
    {{"200", "", MESSAGE("ok"), NULL},
     "state == SERVING",
     FAILURE_STATUS,
     "no gRPC: content-type is \"\", wanted application/grpc"},
    {{"200", GRPC, SERVING, NULL},
     "state == SERVING",
     FAILURE_STATUS,
     "no grpc-status at the end of the call"},
    {{"200", GRPC, SERVING, "grpc-status: x"},
     "state == SERVING",
     FAILURE_STATUS,
     "grpc-status is no number: \"x\""},
    {{"200", GRPC, MESSAGE(""), "grpc-status: 0"},
     "state == SERVING",
     FAILURE_BODY,
     "no message, although the call went well"},
    {{"200", GRPC, MESSAGE("\1\0\0\0\x02\x08\x01"), "grpc-status: 0"},
     "state == SERVING",
     FAILURE_BODY,
     "a compressed message, which was not asked for"},
    {{"200", GRPC, MESSAGE("\0\xff\xff\xff\xff\x08\x01"), "grpc-status: 0"},
     "state == SERVING",
     FAILURE_BODY,
     "a message that is cut off"},
};

/* cell: grpc, good, frames of HTTP/2 by hand */
/* cell: grpc, bad, frames of HTTP/2 by hand */
START_TEST(an_answer_is_taken_at_its_state)
{
    struct result result = call(serve, &answers[_i].script, answers[_i].expression, NULL);
    bool good = answers[_i].failure == FAILURE_NONE;

    expect(&result, good ? RESULT_GOOD : RESULT_BAD, answers[_i].failure, answers[_i].words);
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
}
END_TEST

static const struct {
    const char *name;
    server_serve serve;
    const char *words;
} hostile[] = {
    {"a reset", serve_reset, "over HTTP/2: "},
    {"a close", serve_half_an_answer, ""},
    {"GOAWAY", serve_goaway, "over HTTP/2: "},
    {"HTTP/1.1", serve_http1, "over HTTP/2: "},
    {"an endless body", serve_endless_body, "an answer of 1024 bytes or more"},
    {"endless trailers", serve_endless_trailers, "more than 100 lines of headers"},
};

/* cell: grpc, hostile, frames of HTTP/2 by hand */
START_TEST(what_no_honest_server_sends_is_bad)
{
    struct result result = call(hostile[_i].serve, &begun, "state == SERVING", NULL);

    ck_assert_msg(result.class == RESULT_BAD, "%s: class %d: %s", hostile[_i].name, result.class,
                  result.detail);
    expect(&result, RESULT_BAD, result.failure, hostile[_i].words);
}
END_TEST

/* cell: grpc, bad, loopback server */
START_TEST(where_nobody_listens_is_bad)
{
    struct server *server = server_start_tcp(serve_no_answer, NULL);
    struct check check = grpc_check(server, "state == SERVING");
    struct result result;

    check.port = server_free_port();
    result = probe(&check);
    server_stop(server);
    expect(&result, RESULT_BAD, FAILURE_CONNECT, "Connection refused");
}
END_TEST

/* cell: grpc, timed out, frames of HTTP/2 by hand */
START_TEST(silence_times_out)
{
    struct result result = call(serve_no_answer, &begun, "state == SERVING", waiting);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, waiting);
}
END_TEST

/* cell: grpc, timed out, frames of HTTP/2 by hand */
START_TEST(a_slow_answer_times_out)
{
    struct result result = call(serve_slow_body, &begun, "state == SERVING", reading);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, reading);
}
END_TEST

/* cell: grpc, cancelled, frames of HTTP/2 by hand */
START_TEST(a_cancel_ends_the_call)
{
    struct server *server = server_start_tcp(serve_slow_body, NULL);
    struct check check = grpc_check(server, "state == SERVING");

    cancel_when_served(server, &check);
}
END_TEST

static void serve_who_gets(struct server *server, int fd, void *context)
{
    char method[4] = "";

    (void)context;
    server_read(server, fd, method, 3);
    server_read_request(server, fd);
    server_send_text(server, fd,
                     strcmp(method, "GET") == 0 ? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                                                : "HTTP/1.1 405 No\r\n\r\n");
    server_wait_for_close(server, fd);
}

/* A handle that asked by POST is used again for a page, which libcurl asks for when it may have to
 * follow redirects. */
START_TEST(a_page_after_a_call_is_asked_by_get)
{
    struct script script = answers[0].script;
    struct server *called = server_start_tcp(serve, &script);
    struct server *asked = server_start_tcp(serve_who_gets, NULL);
    struct check check = grpc_check(called, "state == SERVING");
    struct check page = make_check(server_port(asked), "/", "200", "ok");
    struct result result = probe(&check);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "state SERVING");
    page.redirects = 1;
    result = probe(&page);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    prober_leave(called);
    server_stop(asked);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_grpc");
    TCase *tests = tcase_create("probe_grpc");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_loop_test(tests, an_answer_is_taken_at_its_state, 0,
                        (int)(sizeof(answers) / sizeof(answers[0])));
    tcase_add_loop_test(tests, what_no_honest_server_sends_is_bad, 0,
                        (int)(sizeof(hostile) / sizeof(hostile[0])));
    tcase_add_test(tests, where_nobody_listens_is_bad);
    tcase_add_test(tests, silence_times_out);
    tcase_add_test(tests, a_slow_answer_times_out);
    tcase_add_test(tests, a_cancel_ends_the_call);
    tcase_add_test(tests, a_page_after_a_call_is_asked_by_get);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
