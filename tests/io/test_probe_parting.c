/* SPDX-License-Identifier: Apache-2.0 */
/* How a check takes leave of a server: what the server sees of it in the end. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "prober_fixture.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

enum { END = 0 }; /* else an errno */

/* What the client does last: END, or the error that reading tells. */
static int read_to_end(int fd)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char byte;
    ssize_t n;

    do {
        if (poll(&readable, 1, PATIENT_MS) <= 0)
            return ETIMEDOUT;
        n = recv(fd, &byte, 1, MSG_DONTWAIT);
    } while (n > 0 || (n < 0 && errno == EAGAIN));
    return n == 0 ? END : errno;
}

/* ---- a connection with nothing to say ---- */

/* Nobody takes what comes before the test does. */
static int listen_alone(uint16_t *ret_port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(here);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&here, &length), 0);
    *ret_port = ntohs(here.sin_port);
    return fd;
}

/* Where this process stood still in between, the kernel has completed the connection meanwhile:
 * then it is reset. */
START_TEST(a_connection_with_nothing_to_say_is_broken_off)
{
    uint16_t port;
    int listener = listen_alone(&port);
    struct check_tcp nothing = {.line_count = 0};
    struct check check = make_check(port, NULL, NULL, NULL);
    struct result result;
    int fd;

    check.kind = CHECK_TCP;
    check.assertion = NULL;
    check.of.tcp = &nothing;
    result = probe(&check);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "connected");
    ck_assert_int_ge(result.timings.connect_us, 0);
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        ck_assert_int_eq(read_to_end(fd), ECONNRESET);
        close(fd);
    }
    ck_assert_int_eq(errno, EAGAIN);
    close(listener);
}
END_TEST

/* ---- after an answer ---- */

struct host {
    bool closes_first;
    const char *answer;
    int seen; /* what the client did last */
};

static void serve(struct server *server, int fd, void *context)
{
    static const int on = 1;
    struct host *host = context;

    server_read_request(server, fd);
    if (host->closes_first) /* so that the end goes with the answer, and is seen with it */
        setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
    server_send_text(server, fd, host->answer);
    if (host->closes_first)
        shutdown(fd, SHUT_WR);
    host->seen = read_to_end(fd);
}

static int seen_by(struct host host)
{
    struct server *server = server_start_tcp(serve, &host);
    struct check check = make_check(server_port(server), "/", "200", "ok");
    struct result result = probe(&check);

    expect(&result, RESULT_GOOD, FAILURE_NONE, "status 200");
    prober_close_now();
    server_stop(server); /* after it has seen the end */
    return host.seen;
}

START_TEST(a_server_that_has_closed_gets_a_reset_and_keeps_nothing)
{
    struct host host = {.closes_first = true, .answer = ANSWER};

    ck_assert_int_eq(seen_by(host), ECONNRESET);
}
END_TEST

/* It may be reading still, and would write an error into its log. */
START_TEST(a_server_that_has_not_closed_sees_an_end)
{
    struct host host = {.answer = ANSWER};

    ck_assert_int_eq(seen_by(host), END);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe_parting");
    TCase *tests = tcase_create("probe_parting");

    tcase_add_checked_fixture(tests, prober_setup, prober_teardown);
    tcase_set_timeout(tests, 300); /* a hang, not a speed */
    tcase_add_test(tests, a_connection_with_nothing_to_say_is_broken_off);
    tcase_add_test(tests, a_server_that_has_closed_gets_a_reset_and_keeps_nothing);
    tcase_add_test(tests, a_server_that_has_not_closed_sees_an_end);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
