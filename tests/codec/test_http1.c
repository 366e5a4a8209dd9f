/* SPDX-License-Identifier: Apache-2.0 */
/* Reading answers of HTTP/1, whole and in pieces, from good servers and hostile ones. */
#include <check.h>
#include <string.h>

#include "../lib/suite.h"
#include "http1.h"

struct reading {
    enum http1_progress progress;
    int status;
    size_t body_length;
    char body[HTTP1_BODY_MAX + 1];
    char error[HTTP1_ERROR_MAX];
};

enum { GET, HEAD, GET_NO_BODY };

/* Reads an answer in pieces of a size, then closes if it wants more. */
static void read_in_pieces(int request, const char *answer, size_t length, size_t piece,
                           struct reading *ret_reading)
{
    struct http1 *http1 = NULL;
    enum http1_progress progress = HTTP1_MORE;
    const char *body;

    ck_assert_int_eq(http1_create(request == HEAD, request != GET_NO_BODY, &http1), 0);
    for (size_t at = 0; at < length && progress == HTTP1_MORE; at += piece)
        progress = http1_feed(http1, answer + at, length - at < piece ? length - at : piece);
    if (progress == HTTP1_MORE)
        progress = http1_close(http1);
    memset(ret_reading, 0, sizeof(*ret_reading));
    ret_reading->progress = progress;
    ret_reading->status = http1_status(http1);
    body = http1_body(http1, &ret_reading->body_length);
    memcpy(ret_reading->body, body, ret_reading->body_length);
    memcpy(ret_reading->error, http1_error(http1), strlen(http1_error(http1)));
    ck_assert_int_eq(progress == HTTP1_BROKEN, strlen(ret_reading->error) > 0);
    http1_destroy(http1);
}

/* Reads it whole and in pieces of each small size; all must agree. */
static const struct reading *read_answer(int request, const char *answer, size_t length)
{
    static struct reading whole, pieces;

    read_in_pieces(request, answer, length, length, &whole);
    for (size_t piece = 1; piece <= 7; piece++) {
        read_in_pieces(request, answer, length, piece, &pieces);
        ck_assert_mem_eq(&whole, &pieces, sizeof(whole));
    }
    return &whole;
}

static const struct reading *get(const char *answer)
{
    return read_answer(GET, answer, strlen(answer));
}

#define OK "HTTP/1.1 200 OK\r\n"

/* What servers send, and what has to be understood. */
static const struct {
    const char *what;
    const char *answer;
    int status;
    const char *body;
} good[] = {
    {"counted", OK "Content-Length: 5\r\n\r\nhello", 200, "hello"},
    {"counted, more behind it", OK "Content-Length: 5\r\n\r\nhello, world", 200, "hello"},
    {"counted, empty", OK "Content-Length: 0\r\n\r\n", 200, ""},
    {"until the close", OK "\r\nhello", 200, "hello"},
    {"until the close, empty", OK "\r\n", 200, ""},
    {"HTTP/1.0", "HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\nno", 404, "no"},
    {"without a reason", "HTTP/1.1 503\r\nContent-Length: 1\r\n\r\nx", 503, "x"},
    {"empty reason", "HTTP/1.1 503 \r\nContent-Length: 1\r\n\r\nx", 503, "x"},
    {"bare LF", "HTTP/1.1 200 OK\nContent-Length: 2\n\nhi", 200, "hi"},
    {"odd case and blanks", OK "cOnTeNt-LENGTH :\t 2 \r\n\r\nhi", 200, "hi"},
    {"same length twice", OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
    {"folded header", OK "X-A: 1\r\n  2\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
    {"odd names", OK "X Y: 1\r\n: 2\r\nContent-Length: 2\r\n\r\nhi", 200, "hi"},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
    {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 304, ""},
    {"chunked", OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n2\r\n, \r\n0\r\n\r\n", 200,
     "hello, "},
    {"chunked, extensions, trailers, hex",
     OK "transfer-encoding: Chunked\r\n\r\nA;x=\"y\"\r\n0123456789\r\n0b \r\n01234567890\r\n"
        "000\r\nX-T: 1\r\n\r\n",
     200, "012345678901234567890"},
    {"chunked before a length",
     OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, "a"},
    {"coded, then chunked", OK "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200,
     "a"},
    {"identity", OK "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na", 200, "a"},
    {"coded until the close", OK "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nab", 200,
     "ab"},
    {"continue first", "HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 1\r\n\r\na", 200, "a"},
    {"early hints first",
     "HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\nLink: x\r\n\r\n" OK "\r\na", 200, "a"},
    {"switching unasked", "HTTP/1.1 101 Switching Protocols\r\n\r\n", 101, ""},
    {"a status nobody knows", "HTTP/1.1 999 Denied\r\nContent-Length: 0\r\n\r\n", 999, ""},
};

START_TEST(what_servers_send_is_understood_in_whatever_pieces_it_comes)
{
    const struct reading *reading = get(good[_i].answer);

    ck_assert_msg(reading->progress == HTTP1_DONE, "%s: %s", good[_i].what, reading->error);
    ck_assert_int_eq(reading->status, good[_i].status);
    ck_assert_str_eq(reading->body, good[_i].body);
}
END_TEST

static const struct {
    const char *answer;
    const char *error;
} bad[] = {
    {"", "closed before any answer"},
    {"SSH-2.0-OpenSSH_9.2\r\n", "no status line of HTTP/1: \"SSH-2.0-OpenSSH_9.2\""},
    {"\r\n", "no status line of HTTP/1: \"\""},
    {"HTTP/2 200\r\n\r\n", "no status line of HTTP/1: \"HTTP/2 200\""},
    {"HTTP/1.1 20\r\n\r\n", "no status line of HTTP/1: \"HTTP/1.1 20\""},
    {"HTTP/1.1 2000 OK\r\n\r\n", "no status line of HTTP/1: \"HTTP/1.1 2000 OK\""},
    {"HTTP/1.1 099 OK\r\n\r\n", "no status line of HTTP/1: \"HTTP/1.1 099 OK\""},
    {"HTTP/1.1 -20 OK\r\n\r\n", "no status line of HTTP/1: \"HTTP/1.1 -20 OK\""},
    {"http/1.1 200 OK\r\n\r\n", "no status line of HTTP/1: \"http/1.1 200 OK\""},
    {"\x1b[31mred\r\n", "no status line of HTTP/1: \"\\x1b[31mred\""},
    {"HTTP/1.1 200 O", "closed in the middle of the status line"},
    {OK "Server: x\r\n", "closed in the middle of the headers"},
    {OK "nonsense\r\n\r\n", "a header without a colon: \"nonsense\""},
    {OK "Content-Length: 5\r\n\r\nhell", "closed in the middle of the body"},
    {OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
     "a second, different Content-Length: \"6\""},
    {OK "Content-Length: -1\r\n\r\n", "Content-Length is no number: \"-1\""},
    {OK "Content-Length:\r\n\r\n", "Content-Length is no number: \"\""},
    {OK "Content-Length: 5,5\r\n\r\nhello", "Content-Length is no number: \"5,5\""},
    {OK "Content-Length: 0x5\r\n\r\nhello", "Content-Length is no number: \"0x5\""},
    {OK "Content-Length: 99999999999999999999\r\n\r\n",
     "Content-Length is no number: \"99999999999999999999\""},
    {OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "closed in the middle of the body"},
    {OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "closed in the middle of the body"},
    {OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello, world\r\n",
     "a chunk is longer than its size: \", world\""},
    {OK "Transfer-Encoding: chunked\r\n\r\n\r\n", "no size of a chunk: \"\""},
    {OK "Transfer-Encoding: chunked\r\n\r\n-5\r\n", "no size of a chunk: \"-5\""},
    {OK "Transfer-Encoding: chunked\r\n\r\n5x\r\n", "no size of a chunk: \"5x\""},
    {OK "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
     "no size of a chunk: \"ffffffffffffffff\""},
    {OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: 1\r\n",
     "closed in the middle of the body"},
};

START_TEST(what_is_no_answer_is_told_as_what_it_is)
{
    const struct reading *reading = get(bad[_i].answer);

    ck_assert_int_eq(reading->progress, HTTP1_BROKEN);
    ck_assert_str_eq(reading->error, bad[_i].error);
}
END_TEST

START_TEST(a_nul_in_a_header_is_refused)
{
    static const char answer[] = OK "Content-Length: 1\0\r\n\r\na";

    ck_assert_str_eq(read_answer(GET, answer, sizeof(answer) - 1)->error,
                     "a NUL in a header: \"Content-Length: 1\\x00\"");
}
END_TEST

START_TEST(an_answer_to_head_has_no_body_whatever_it_says)
{
    const char *answer = OK "Content-Length: 5\r\n\r\n";
    const struct reading *reading = read_answer(HEAD, answer, strlen(answer));

    ck_assert_int_eq(reading->progress, HTTP1_DONE);
    ck_assert_uint_eq(reading->body_length, 0);
}
END_TEST

START_TEST(a_body_nobody_wants_is_not_waited_for)
{
    const char *answer = OK "Content-Length: 5\r\n\r\n";
    const struct reading *reading = read_answer(GET_NO_BODY, answer, strlen(answer));

    ck_assert_int_eq(reading->progress, HTTP1_DONE);
    ck_assert_int_eq(reading->status, 200);
}
END_TEST

/* ---- limits ---- */

struct stream {
    struct http1 *http1;
    size_t sent;
};

static void stream_open(struct stream *stream, const char *head)
{
    stream->sent = 0;
    ck_assert_int_eq(http1_create(false, true, &stream->http1), 0);
    ck_assert_int_eq(http1_feed(stream->http1, head, strlen(head)), HTTP1_MORE);
}

/* Sends the same text again and again until the reader has enough. */
static enum http1_progress stream_repeat(struct stream *stream, const char *text, size_t limit)
{
    enum http1_progress progress = HTTP1_MORE;

    while (progress == HTTP1_MORE) {
        progress = http1_feed(stream->http1, text, strlen(text));
        stream->sent += strlen(text);
        ck_assert_uint_le(stream->sent, limit);
    }
    return progress;
}

START_TEST(a_thousand_headers_are_cut_at_a_hundred_lines)
{
    struct stream stream;

    stream_open(&stream, OK);
    ck_assert_int_eq(stream_repeat(&stream, "A: b\r\n", 6 * 101), HTTP1_BROKEN);
    ck_assert_str_eq(http1_error(stream.http1), "more than 100 lines of headers");
    http1_destroy(stream.http1);
}
END_TEST

START_TEST(a_header_without_an_end_is_cut_at_16_kib)
{
    struct stream stream;

    stream_open(&stream, OK "A: ");
    ck_assert_int_eq(stream_repeat(&stream, "bbbbbbbb", HTTP1_HEAD_BYTES_MAX), HTTP1_BROKEN);
    ck_assert_str_eq(http1_error(stream.http1), "more than 16384 bytes of headers");
    http1_destroy(stream.http1);
}
END_TEST

START_TEST(endless_interim_answers_are_cut)
{
    struct stream stream;

    stream_open(&stream, "HTTP/1.1 102 Processing\r\n\r\n");
    ck_assert_int_eq(stream_repeat(&stream, "HTTP/1.1 102 Processing\r\n\r\n", 8 * 27),
                     HTTP1_BROKEN);
    ck_assert_str_eq(http1_error(stream.http1), "more than 8 interim answers, the last 102");
    http1_destroy(stream.http1);
}
END_TEST

START_TEST(ten_megabytes_are_judged_by_the_first_64_kib)
{
    struct stream stream;
    size_t length;

    stream_open(&stream, OK "Content-Length: 10485760\r\n\r\n");
    ck_assert_int_eq(stream_repeat(&stream, "0123456789", HTTP1_BODY_MAX + 10), HTTP1_DONE);
    http1_body(stream.http1, &length);
    ck_assert_uint_eq(length, HTTP1_BODY_MAX);
    ck_assert_int_eq(http1_feed(stream.http1, "more", 4), HTTP1_DONE);
    http1_destroy(stream.http1);
}
END_TEST

START_TEST(long_extensions_of_small_chunks_are_cut)
{
    struct stream stream;
    char chunk[1200];

    memset(chunk, 'x', sizeof(chunk));
    memcpy(chunk, "1;", 2);
    memcpy(chunk + sizeof(chunk) - 6, "\na\r\n", 5);
    stream_open(&stream, OK "Transfer-Encoding: chunked\r\n\r\n");
    ck_assert_int_eq(stream_repeat(&stream, chunk, HTTP1_FRAMING_MAX * 2), HTTP1_BROKEN);
    ck_assert_str_eq(http1_error(stream.http1), "more than 524288 bytes between chunks");
    http1_destroy(stream.http1);
}
END_TEST

START_TEST(a_body_in_chunks_of_one_byte_fits_the_limits)
{
    struct stream stream;

    stream_open(&stream, OK "Transfer-Encoding: chunked\r\n\r\n");
    ck_assert_int_eq(stream_repeat(&stream, "1\r\na\r\n", HTTP1_FRAMING_MAX), HTTP1_DONE);
    http1_destroy(stream.http1);
}
END_TEST

START_TEST(endless_trailers_are_cut)
{
    struct stream stream;

    stream_open(&stream, OK "Transfer-Encoding: chunked\r\n\r\n0\r\n");
    ck_assert_int_eq(stream_repeat(&stream, "A: b\r\n", 6 * 101), HTTP1_BROKEN);
    ck_assert_str_eq(http1_error(stream.http1), "more than 100 lines of headers");
    http1_destroy(stream.http1);
}
END_TEST

/* ---- another answer on the same connection ---- */

static const struct {
    const char *answer;
    bool may_go_on;
} followed[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", true},
    {"HTTP/1.1 204 No Content\r\n\r\n", true},
    {"HTTP/1.1 100 Continue\r\nConnection: close\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", true},
    {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nCONNECTION: foo ,\tClose\r\nContent-Length: 0\r\n\r\n", false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\n\r\nok", false},
    {"HTTP/1.1 101 Switching Protocols\r\n\r\n", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", false},
};

START_TEST(an_answer_that_ends_by_itself_may_be_followed)
{
    const char *answer = followed[_i].answer;
    struct http1 *http1 = NULL;

    ck_assert_int_eq(http1_create(false, true, &http1), 0);
    http1_feed(http1, answer, strlen(answer));
    ck_assert_int_eq(http1_may_go_on(http1), followed[_i].may_go_on);
    http1_close(http1); /* an end by the close is one, too */
    ck_assert_int_eq(http1_may_go_on(http1), followed[_i].may_go_on);
    http1_destroy(http1);
}
END_TEST

START_TEST(a_body_that_was_cut_or_not_read_is_followed_by_nothing_that_could_be_found)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
    struct http1 *http1 = NULL;

    ck_assert_int_eq(http1_create(false, false, &http1), 0);
    ck_assert_int_eq(http1_feed(http1, answer, strlen(answer)), HTTP1_DONE);
    ck_assert(!http1_may_go_on(http1));
    http1_destroy(http1);
    ck_assert_int_eq(http1_create(false, true, &http1), 0);
    http1_limit_body(http1, 1);
    http1_feed(http1, answer, strlen(answer));
    ck_assert_int_eq(http1_feed(http1, "o", 1), HTTP1_DONE);
    ck_assert(!http1_may_go_on(http1));
    http1_destroy(http1);
    ck_assert_int_eq(http1_create(true, false, &http1), 0); /* HEAD */
    ck_assert_int_eq(http1_feed(http1, answer, strlen(answer)), HTTP1_DONE);
    ck_assert(http1_may_go_on(http1));
    http1_destroy(http1);
}
END_TEST

START_TEST(the_reader_knows_where_it_stands)
{
    struct http1 *http1 = NULL;

    ck_assert_int_eq(http1_create(false, true, &http1), 0);
    ck_assert(http1_is_untouched(http1));
    ck_assert_str_eq(http1_where(http1), "status line");
    http1_feed(http1, OK, strlen(OK));
    ck_assert(!http1_is_untouched(http1));
    ck_assert_str_eq(http1_where(http1), "headers");
    ck_assert_int_eq(http1_status(http1), 0);
    http1_feed(http1, "\r\n", 2);
    ck_assert_str_eq(http1_where(http1), "body");
    ck_assert_int_eq(http1_status(http1), 200);
    http1_destroy(http1);
}
END_TEST

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

int main(void)
{
    Suite *suite = suite_create("http1");
    TCase *tests = tcase_create("http1");

    tcase_add_loop_test(tests, what_servers_send_is_understood_in_whatever_pieces_it_comes, 0,
                        COUNT(good));
    tcase_add_loop_test(tests, what_is_no_answer_is_told_as_what_it_is, 0, COUNT(bad));
    tcase_add_test(tests, a_nul_in_a_header_is_refused);
    tcase_add_test(tests, an_answer_to_head_has_no_body_whatever_it_says);
    tcase_add_test(tests, a_body_nobody_wants_is_not_waited_for);
    tcase_add_test(tests, a_thousand_headers_are_cut_at_a_hundred_lines);
    tcase_add_test(tests, a_header_without_an_end_is_cut_at_16_kib);
    tcase_add_test(tests, endless_interim_answers_are_cut);
    tcase_add_test(tests, ten_megabytes_are_judged_by_the_first_64_kib);
    tcase_add_test(tests, long_extensions_of_small_chunks_are_cut);
    tcase_add_test(tests, a_body_in_chunks_of_one_byte_fits_the_limits);
    tcase_add_test(tests, endless_trailers_are_cut);
    tcase_add_loop_test(tests, an_answer_that_ends_by_itself_may_be_followed, 0,
                        (int)(sizeof(followed) / sizeof(followed[0])));
    tcase_add_test(tests,
                   a_body_that_was_cut_or_not_read_is_followed_by_nothing_that_could_be_found);
    tcase_add_test(tests, the_reader_knows_where_it_stands);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
