/* SPDX-License-Identifier: Apache-2.0 */
#include "prober_fixture.h"

#include <check.h>
#include <string.h>

#include "http1.h"

enum { ASSERTIONS_MAX = 2048 };

uv_loop_t loop;
struct prober *prober;
struct zone zone;
struct report reports[1024];
unsigned attempt_count;

static bool inside;
static bool is_closed;
static struct assertion *assertions[ASSERTIONS_MAX];
static unsigned assertion_count;

static void on_report(void *context, uint32_t token, const struct result *result)
{
    ck_assert_ptr_eq(context, reports);
    ck_assert(!inside);
    ck_assert_uint_lt(token, 1024);
    reports[token].count++;
    reports[token].result = *result;
}

static void on_closed(void *context)
{
    (void)context;
    is_closed = true;
}

void prober_setup(void)
{
    memset(reports, 0, sizeof(reports));
    attempt_count = 0;
    is_closed = false;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    zone_start(&zone);
    ck_assert_int_eq(prober_create_asking(&loop, zone.server, on_report, reports, &prober), 0);
}

void prober_close_now(void)
{
    prober_close(prober, on_closed, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert(is_closed);
}

void prober_leave(struct server *server)
{
    prober_close_now();
    server_stop(server);
}

static void serve_page(struct server *server, int fd, const char *page)
{
    server_read_request(server, fd);
    server_send_text(server, fd, page);
    server_wait_for_close(server, fd);
}

void serve_ok(struct server *server, int fd, void *context)
{
    (void)context;
    serve_page(server, fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

void serve_sick(struct server *server, int fd, void *context)
{
    (void)context;
    serve_page(server, fd, "HTTP/1.1 503 Sick\r\nContent-Length: 0\r\n\r\n");
}

void serve_silence(struct server *server, int fd, void *context)
{
    (void)context;
    server_wait_for_close(server, fd);
}

void serve_close(struct server *server, int fd, void *context)
{
    (void)server;
    (void)fd;
    (void)context;
}

void prober_teardown(void)
{
    if (!is_closed)
        prober_close_now();
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    zone_stop(&zone);
    while (assertion_count > 0)
        assertion_destroy(assertions[--assertion_count]);
}

struct check make_check(uint16_t port, const char *target, const char *status, const char *body)
{
    struct check check = {.kind = CHECK_HTTP,
                          .host = "127.0.0.1",
                          .port = port,
                          .target = target,
                          .verify = true,
                          .address = "",
                          .need = NEED_ANY,
                          .allow = ALLOW_LOOPBACK, /* names of these tests lead there */
                          .body_max = HTTP1_BODY_MAX,
                          .method = "GET",
                          .timeout_ms = PATIENT_MS};
    char error[200];

    ck_assert_uint_lt(assertion_count, ASSERTIONS_MAX);
    ck_assert_int_eq(
        assertion_create(status, body, &assertions[assertion_count], error, sizeof(error)), 0);
    check.assertion = assertions[assertion_count++];
    return check;
}

void start_check(uint32_t token, const struct check *check)
{
    attempt_count++;
    inside = true;
    prober_start(prober, token, check);
    inside = false;
}

void run_until_reported(uint32_t token, unsigned count)
{
    while (reports[token].count < count)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_uint_eq(reports[token].count, count);
}

bool stood_still(const struct result *result)
{
    return result->class == RESULT_VOID && strncmp(result->detail, "we stood still", 14) == 0;
}

struct result probe(const struct check *check)
{
    do {
        reports[0].count = 0;
        start_check(0, check);
        run_until_reported(0, 1);
    } while (stood_still(&reports[0].result));
    return reports[0].result;
}

struct result probe_to(struct check *check, const char *where)
{
    struct result result;

    check->timeout_ms = where == NULL ? PATIENT_MS : SHORT_MS;
    result = probe(check);
    while (where != NULL && strstr(result.detail, where) == NULL &&
           check->timeout_ms < PATIENT_MS) {
        check->timeout_ms *= 2;
        result = probe(check);
    }
    return result;
}

void expect(const struct result *result, enum result_class class, enum failure failure,
            const char *words)
{
    ck_assert_msg(result->class == class && result->failure == failure &&
                      strstr(result->detail, words) != NULL,
                  "class %d, %s: \"%s\"; wanted class %d, %s: \"%s\"", result->class,
                  failure_name(result->failure), result->detail, class, failure_name(failure),
                  words);
}

void cancel_when_served(struct server *server, const struct check *check)
{
    start_check(3, check);
    while (server_count(server) == 0)
        uv_run(&loop, UV_RUN_NOWAIT);
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    prober_leave(server);
}
