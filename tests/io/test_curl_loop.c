/* SPDX-License-Identifier: Apache-2.0 */
/* Transfers on the loop: one `done` for each start, never from inside, whatever happens. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "../lib/suite.h"
#include "../lib/server.h"
#include "curl_loop.h"

static uv_loop_t loop;
static struct curl_loop *curl_loop;
static bool inside; /* a call of ours is on the stack */
static bool is_closed;

/* One transfer and what became of it. */
struct transfer {
    CURL *easy;
    unsigned done_count;
    CURLcode code;
    size_t received;
    unsigned again;          /* start so often from inside done */
    bool close;              /* close from inside done */
    struct transfer *cancel; /* cancel this one from inside done */
};

static void on_closed(void *context)
{
    (void)context;
    ck_assert(!inside);
    is_closed = true;
}

static void on_done(void *context, CURL *easy, CURLcode code);

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;

    (void)data;
    transfer->received += size * count;
    return size * count;
}

static void start(struct transfer *transfer)
{
    inside = true;
    curl_loop_start(curl_loop, transfer->easy, on_done, transfer);
    inside = false;
}

static void on_done(void *context, CURL *easy, CURLcode code)
{
    struct transfer *transfer = context;

    ck_assert(!inside);
    ck_assert_ptr_eq(easy, transfer->easy);
    transfer->done_count++;
    transfer->code = code;
    if (transfer->again > 0) {
        transfer->again--;
        start(transfer);
    }
    if (transfer->cancel != NULL)
        curl_loop_cancel(curl_loop, transfer->cancel->easy);
    if (transfer->close)
        curl_loop_close(curl_loop, on_closed, NULL);
}

static void make(struct transfer *transfer, uint16_t port)
{
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", port);
    transfer->easy = curl_loop_easy("http");
    ck_assert_ptr_nonnull(transfer->easy);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS, 60000L);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
}

static void setup(void)
{
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert_int_eq(curl_loop_create(&loop, &curl_loop), 0);
    is_closed = false;
}

static void teardown(void)
{
    ck_assert(is_closed);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void close_and_run(void)
{
    inside = true;
    curl_loop_close(curl_loop, on_closed, NULL);
    inside = false;
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void serve_hello(struct server *server, int fd, void *context)
{
    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    server_wait_for_close(server, fd);
}

static void serve_two_on_one_connection(struct server *server, int fd, void *context)
{
    (void)context;
    for (int i = 0; i < 2; i++) {
        server_read_request(server, fd);
        server_send_text(server, fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }
    server_wait_for_close(server, fd);
}

static void serve_nothing(struct server *server, int fd, void *context)
{
    (void)context;
    server_wait_for_close(server, fd);
}

static void serve_redirect(struct server *server, int fd, void *context)
{
    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd,
                     "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n"
                     "Content-Length: 0\r\n\r\n");
    server_wait_for_close(server, fd);
}

START_TEST(a_transfer_ends_once_from_the_loop)
{
    struct server *server = server_start_tcp(serve_hello, NULL);
    struct transfer transfer = {0};

    make(&transfer, server_port(server));
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(transfer.done_count, 1);
    ck_assert_int_eq(transfer.code, CURLE_OK);
    ck_assert_uint_eq(transfer.received, 5);
    close_and_run();
    curl_easy_cleanup(transfer.easy);
    server_stop(server);
}
END_TEST

START_TEST(a_refused_connection_is_told_from_the_loop)
{
    struct transfer transfer = {0};

    make(&transfer, server_free_port());
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(transfer.done_count, 1);
    ck_assert_int_eq(transfer.code, CURLE_COULDNT_CONNECT);
    close_and_run();
    curl_easy_cleanup(transfer.easy);
}
END_TEST

START_TEST(a_silent_server_is_ended_by_the_timeout)
{
    struct server *server = server_start_tcp(serve_nothing, NULL);
    struct transfer transfer = {0};

    make(&transfer, server_port(server));
    curl_easy_setopt(transfer.easy, CURLOPT_TIMEOUT_MS, 30L);
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(transfer.code, CURLE_OPERATION_TIMEDOUT);
    close_and_run();
    curl_easy_cleanup(transfer.easy);
    server_stop(server);
}
END_TEST

START_TEST(a_cancelled_transfer_comes_back_once_as_aborted)
{
    struct server *server = server_start_tcp(serve_nothing, NULL);
    struct transfer transfer = {0};

    make(&transfer, server_port(server));
    start(&transfer);
    while (server_count(server) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    inside = true;
    curl_loop_cancel(curl_loop, transfer.easy);
    curl_loop_cancel(curl_loop, transfer.easy);
    inside = false;
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(transfer.done_count, 1);
    ck_assert_int_eq(transfer.code, CURLE_ABORTED_BY_CALLBACK);
    curl_loop_cancel(curl_loop, transfer.easy);
    close_and_run();
    ck_assert_uint_eq(transfer.done_count, 1);
    curl_easy_cleanup(transfer.easy);
    server_stop(server);
}
END_TEST

START_TEST(a_transfer_cancelled_before_the_loop_ran_comes_back_too)
{
    struct transfer transfer = {0};

    make(&transfer, server_free_port());
    start(&transfer);
    curl_loop_cancel(curl_loop, transfer.easy);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(transfer.done_count, 1);
    ck_assert_int_eq(transfer.code, CURLE_ABORTED_BY_CALLBACK);
    close_and_run();
    curl_easy_cleanup(transfer.easy);
}
END_TEST

START_TEST(a_done_may_start_its_handle_again)
{
    struct server *server = server_start_tcp(serve_two_on_one_connection, NULL);
    struct transfer transfer = {.again = 1};

    make(&transfer, server_port(server));
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(transfer.done_count, 2);
    ck_assert_int_eq(transfer.code, CURLE_OK);
    ck_assert_uint_eq(transfer.received, 10);
    ck_assert_uint_eq(server_count(server), 1); /* the connection was kept */
    close_and_run();
    curl_easy_cleanup(transfer.easy);
    server_stop(server);
}
END_TEST

START_TEST(a_done_may_cancel_another_transfer)
{
    struct server *silent = server_start_tcp(serve_nothing, NULL);
    struct transfer other = {0};
    struct transfer transfer = {.cancel = &other};

    make(&other, server_port(silent));
    make(&transfer, server_free_port());
    start(&other);
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(transfer.done_count, 1);
    ck_assert_uint_eq(other.done_count, 1);
    ck_assert_int_eq(other.code, CURLE_ABORTED_BY_CALLBACK);
    close_and_run();
    curl_easy_cleanup(transfer.easy);
    curl_easy_cleanup(other.easy);
    server_stop(silent);
}
END_TEST

START_TEST(closing_ends_every_transfer_and_tells_it)
{
    struct server *server = server_start_tcp(serve_nothing, NULL);
    struct transfer transfers[5] = {0};

    for (int i = 0; i < 5; i++) {
        make(&transfers[i], server_port(server));
        start(&transfers[i]);
    }
    while (server_count(server) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    close_and_run();
    for (int i = 0; i < 5; i++) {
        ck_assert_uint_eq(transfers[i].done_count, 1);
        ck_assert_int_eq(transfers[i].code, CURLE_ABORTED_BY_CALLBACK);
        curl_easy_cleanup(transfers[i].easy);
    }
    server_stop(server);
}
END_TEST

START_TEST(a_done_may_close_the_whole)
{
    struct server *silent = server_start_tcp(serve_nothing, NULL);
    struct transfer other = {0};
    struct transfer transfer = {.close = true};

    make(&other, server_port(silent));
    make(&transfer, server_free_port());
    start(&other);
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(is_closed);
    ck_assert_uint_eq(transfer.done_count, 1);
    ck_assert_uint_eq(other.done_count, 1);
    curl_easy_cleanup(transfer.easy);
    curl_easy_cleanup(other.easy);
    server_stop(silent);
}
END_TEST

START_TEST(closing_nothing_calls_back_at_once)
{
    curl_loop_close(NULL, on_closed, NULL);
    ck_assert(is_closed);
    is_closed = false;
    close_and_run();
}
END_TEST

START_TEST(a_handle_of_ours_follows_no_redirect_and_no_proxy)
{
    struct server *server = server_start_tcp(serve_redirect, NULL);
    struct transfer transfer = {0};
    long status = 0;

    setenv("http_proxy", "http://127.0.0.1:1/", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
    make(&transfer, server_port(server));
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(transfer.code, CURLE_OK);
    curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
    ck_assert_int_eq(status, 302);
    close_and_run();
    curl_easy_cleanup(transfer.easy);
    server_stop(server);
}
END_TEST

START_TEST(a_handle_of_ours_speaks_only_its_protocols)
{
    struct transfer transfer = {0};

    make(&transfer, 1);
    curl_easy_setopt(transfer.easy, CURLOPT_URL, "file:///etc/passwd");
    start(&transfer);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(transfer.code, CURLE_UNSUPPORTED_PROTOCOL);
    ck_assert_uint_eq(transfer.received, 0);
    close_and_run();
    curl_easy_cleanup(transfer.easy);
    ck_assert_ptr_null(curl_loop_easy("no-such-protocol"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("curl_loop");
    TCase *tests = tcase_create("curl_loop");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_transfer_ends_once_from_the_loop);
    tcase_add_test(tests, a_refused_connection_is_told_from_the_loop);
    tcase_add_test(tests, a_silent_server_is_ended_by_the_timeout);
    tcase_add_test(tests, a_cancelled_transfer_comes_back_once_as_aborted);
    tcase_add_test(tests, a_transfer_cancelled_before_the_loop_ran_comes_back_too);
    tcase_add_test(tests, a_done_may_start_its_handle_again);
    tcase_add_test(tests, a_done_may_cancel_another_transfer);
    tcase_add_test(tests, closing_ends_every_transfer_and_tells_it);
    tcase_add_test(tests, a_done_may_close_the_whole);
    tcase_add_test(tests, closing_nothing_calls_back_at_once);
    tcase_add_test(tests, a_handle_of_ours_follows_no_redirect_and_no_proxy);
    tcase_add_test(tests, a_handle_of_ours_speaks_only_its_protocols);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
