/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 checks against servers that speak it as no honest one would: frames written by hand. None
 * makes us wait beyond the deadline, keep more than the limits, or take it for healthy. */
#include <check.h>
#include <poll.h>
#include <string.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

enum {
    PREFACE_LENGTH = 24,
    FRAME_MAX = 16384,
    FLOOD_MS = 1500 /* so long is suffered what may have no end */
};

enum frame_type {
    DATA = 0,
    HEADERS = 1,
    RST_STREAM = 3,
    SETTINGS = 4,
    PUSH_PROMISE = 5,
    PING = 6,
    GOAWAY = 7,
    CONTINUATION = 9
};

enum { END_STREAM = 1, END_HEADERS = 4 };

/* HPACK: ":status: 200" of the static table; ":status: 103" as a literal. */
#define STATUS_200 "\x88"
#define STATUS_103                                                                                 \
    "\x08\x03"                                                                                     \
    "103"

static int send_frame(struct server *server, int fd, enum frame_type type, uint8_t flags,
                      uint32_t stream, const void *bytes, size_t length)
{
    uint8_t frame[9 + FRAME_MAX] = {(uint8_t)(length >> 16), (uint8_t)(length >> 8),
                                    (uint8_t)length, (uint8_t)type, flags};

    frame[8] = (uint8_t)stream;
    memcpy(frame + 9, bytes, length);
    return server_send(server, fd, frame, 9 + length);
}

/* The preface, then the client's own SETTINGS and what else comes are left unread. */
static void greet(struct server *server, int fd)
{
    char preface[PREFACE_LENGTH];

    server_read(server, fd, preface, sizeof(preface));
    send_frame(server, fd, SETTINGS, 0, 0, "", 0);
}

static void send_status(struct server *server, int fd, uint8_t flags)
{
    send_frame(server, fd, HEADERS, END_HEADERS | flags, 1, STATUS_200, 1);
}

/* ---- good ---- */

static void serve_status(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_status(server, fd, END_STREAM);
    server_wait_for_close(server, fd);
}

static void serve_interim(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_frame(server, fd, HEADERS, END_HEADERS, 1, STATUS_103, 5);
    send_status(server, fd, 0);
    send_frame(server, fd, DATA, END_STREAM, 1, "ok", 2);
    server_wait_for_close(server, fd);
}

static void serve_endless_body(struct server *server, int fd, void *context)
{
    char piece[1024] = "ok";

    (void)context;
    greet(server, fd);
    send_status(server, fd, 0);
    while (send_frame(server, fd, DATA, 0, 1, piece, sizeof(piece)) == 0)
        ;
}

/* ---- hostile ---- */

static void serve_garbage(struct server *server, int fd, void *context)
{
    (void)context;
    server_send_text(server, fd, "220 mail.example.com ESMTP ready for you, whoever you are\r\n");
    server_wait_for_close(server, fd);
}

static void serve_goaway(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_frame(server, fd, GOAWAY, 0, 0, "\0\0\0\0\0\0\0\0", 8);
}

static void serve_stream_reset(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_frame(server, fd, RST_STREAM, 0, 1, "\0\0\0\2", 4);
    server_wait_for_close(server, fd);
}

/* libcurl tries a stream that was refused again, over another connection. */
static void serve_refused_stream(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_frame(server, fd, RST_STREAM, 0, 1, "\0\0\0\7", 4);
    server_wait_for_close(server, fd);
}

static void serve_reset_in_the_body(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_status(server, fd, 0);
    send_frame(server, fd, DATA, 0, 1, "o", 1);
    send_frame(server, fd, RST_STREAM, 0, 1, "\0\0\0\2", 4);
    server_wait_for_close(server, fd);
}

static void serve_close_in_the_body(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_status(server, fd, 0);
    send_frame(server, fd, DATA, 0, 1, "o", 1);
}

static void serve_hard_close(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    server_reset(fd);
}

static void serve_pushed_page(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_frame(server, fd, PUSH_PROMISE, END_HEADERS, 1, "\0\0\0\2\x82", 5);
    server_wait_for_close(server, fd);
}

static void serve_interim_flood(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    while (send_frame(server, fd, HEADERS, END_HEADERS, 1, STATUS_103, 5) == 0)
        ;
}

static void serve_many_headers(struct server *server, int fd, void *context)
{
    char block[1 + 200 * 5] = STATUS_200;

    (void)context;
    for (size_t i = 0; i < 200; i++)
        memcpy(block + 1 + i * 5, "\0\1x\1y", 5);
    greet(server, fd);
    send_frame(server, fd, HEADERS, END_HEADERS | END_STREAM, 1, block, sizeof(block));
    server_wait_for_close(server, fd);
}

/* One long header goes into the table of HPACK; each byte after it is that header again. */
static void serve_header_bomb(struct server *server, int fd, void *context)
{
    static char block[1 + 3 + 2 + 2000 + 3000];

    (void)context;
    memset(block, 'y', sizeof(block));
    memcpy(block, STATUS_200 "\x40\1x\x7f\xd1\x0e", 7); /* 127 + 0x51 + 0x0e * 128 = 2000 */
    memset(block + 7 + 2000, '\xbe', sizeof(block) - 7 - 2000);
    greet(server, fd);
    send_frame(server, fd, HEADERS, END_HEADERS | END_STREAM, 1, block, sizeof(block));
    server_wait_for_close(server, fd);
}

static void serve_endless_headers(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_frame(server, fd, HEADERS, 0, 1, STATUS_200, 1);
    while (send_frame(server, fd, CONTINUATION, 0, 1, "\0\1x\1y", 5) == 0)
        ;
}

static void serve_ping_flood(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    while (send_frame(server, fd, PING, 0, 0, "pingping", 8) == 0)
        ;
}

static void serve_settings_flood(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    while (send_frame(server, fd, SETTINGS, 0, 0, "", 0) == 0)
        ;
}

static void serve_empty_data_flood(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_status(server, fd, 0);
    while (send_frame(server, fd, DATA, 0, 1, "", 0) == 0)
        ;
}

static void serve_slow_body(struct server *server, int fd, void *context)
{
    (void)context;
    greet(server, fd);
    send_status(server, fd, 0);
    while (send_frame(server, fd, DATA, 0, 1, "o", 1) == 0)
        poll(NULL, 0, 5);
}

/* ---- the tests ---- */

static const char waiting[] = " ms while waiting";
static const char reading[] = " ms while reading the body";

static struct check check_of(const struct server *server)
{
    struct check check = make_check(server_port(server), "/", "200", "ok");

    check.http_version = HTTP_VERSION_2;
    return check;
}

static void finish(struct server *server)
{
    /* Tries of libcurl's own have an end. */
    ck_assert_uint_le(server_count(server), 10 * attempt_count);
    prober_leave(server);
}

/* where: it times out; NULL: it does not. */
static struct result probe_http2(server_serve serve, const char *where)
{
    struct server *server = server_start_tcp(serve, NULL);
    struct check check = check_of(server);
    struct result result = probe_to(&check, where);

    finish(server);
    return result;
}

/* cell: http, good, frames of HTTP/2 by hand */
START_TEST(an_answer_is_read)
{
    struct result result = probe_http2(serve_interim, NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_ge(result.timings.first_byte_us, 0);
}
END_TEST

/* cell: http, bad, frames of HTTP/2 by hand */
START_TEST(an_answer_without_a_body_has_none)
{
    struct result result = probe_http2(serve_status, NULL);

    expect(&result, RESULT_BAD, FAILURE_BODY, "wanted \"ok\"");
}
END_TEST

/* cell: http, hostile, frames of HTTP/2 by hand */
START_TEST(an_endless_body_is_judged_by_its_beginning)
{
    struct result result = probe_http2(serve_endless_body, NULL);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
}
END_TEST

static const struct {
    const char *name;
    server_serve serve;
    const char *words;
} hostile[] = {
    {"garbage", serve_garbage, "over HTTP/2: "},
    {"GOAWAY", serve_goaway, "over HTTP/2: "},
    {"a stream that is reset", serve_stream_reset, "over HTTP/2: "},
    {"a stream that is refused", serve_refused_stream, ""},
    {"a reset in the body", serve_reset_in_the_body, ""},
    {"a close in the body", serve_close_in_the_body, ""},
    {"a hard close", serve_hard_close, ""},
    {"a page nobody asked for", serve_pushed_page, ""},
    {"endless interim answers", serve_interim_flood, "more than 8 interim answers, the last 103"},
    {"many headers", serve_many_headers, "more than 100 lines of headers"},
    {"headers that swell", serve_header_bomb, ""},
    {"endless headers", serve_endless_headers, ""},
    {"endless pings", serve_ping_flood, ""},
    {"endless settings", serve_settings_flood, ""},
    {"endless frames without data", serve_empty_data_flood, ""},
};

/* cell: http, hostile, frames of HTTP/2 by hand */
START_TEST(what_no_honest_server_sends_is_bad)
{
    struct server *server = server_start_tcp(hostile[_i].serve, NULL);
    struct check check = check_of(server);
    struct result result;

    if (hostile[_i].words[0] == '\0')
        check.timeout_ms = FLOOD_MS;
    result = probe(&check);
    finish(server);
    ck_assert_msg(result.class == RESULT_BAD, "%s: class %d: %s", hostile[_i].name, result.class,
                  result.detail);
    expect(&result, RESULT_BAD, result.failure, hostile[_i].words);
}
END_TEST

/* cell: http, timed out, frames of HTTP/2 by hand */
START_TEST(a_timeout_says_what_was_waited_for)
{
    struct result result = probe_http2(serve_silence, waiting);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, waiting);
    ck_assert_int_ge(result.timings.connect_us, 0);
    ck_assert_int_eq(result.timings.first_byte_us, -1);
}
END_TEST

/* cell: http, timed out, frames of HTTP/2 by hand */
START_TEST(a_slow_body_times_out_as_body)
{
    struct result result = probe_http2(serve_slow_body, reading);

    expect(&result, RESULT_BAD, FAILURE_TIMEOUT, reading);
    ck_assert_int_eq(result.status, 200);
}
END_TEST

/* cell: http, cancelled, frames of HTTP/2 by hand */
START_TEST(a_cancel_ends_it_in_the_body)
{
    struct server *server = server_start_tcp(serve_slow_body, NULL);
    struct check check = make_check(server_port(server), "/", "200", "ok");

    check.http_version = HTTP_VERSION_2;
    cancel_when_served(server, &check);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_http2");
    TCase *tests = tcase_create("probe_http2");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, an_answer_is_read);
    tcase_add_test(tests, an_answer_without_a_body_has_none);
    tcase_add_test(tests, an_endless_body_is_judged_by_its_beginning);
    tcase_add_loop_test(tests, what_no_honest_server_sends_is_bad, 0,
                        (int)(sizeof(hostile) / sizeof(hostile[0])));
    tcase_add_test(tests, a_timeout_says_what_was_waited_for);
    tcase_add_test(tests, a_slow_body_times_out_as_body);
    tcase_add_test(tests, a_cancel_ends_it_in_the_body);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
