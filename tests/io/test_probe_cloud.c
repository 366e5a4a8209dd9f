/* SPDX-License-Identifier: Apache-2.0 */
/* Alarms and target groups: what is asked, and that nothing but a good answer of AWS is ever a bad
 * result: AWS is a witness, and a witness that stammers says nothing of the site. */
#include <check.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../lib/suite.h"
#include "../../monitor/io/probe/cloud.h"
#include "prober_fixture.h"

enum { REQUEST_SIZE = 8192 };

#define ARN "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/shop/0123456789abcdef"
#define WATCH_SPACE "xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\""
#define ELB_SPACE "xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\""
#define ALARMS(members)                                                                            \
    "<DescribeAlarmsResponse " WATCH_SPACE "><DescribeAlarmsResult><CompositeAlarms/>"             \
    "<MetricAlarms>" members "</MetricAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>"
#define MEMBER(name, state)                                                                        \
    "<member><AlarmName>" name "</AlarmName><StateValue>" state                                    \
    "</StateValue><StateReason>1 datapoint &gt; 10\n</StateReason></member>"
#define TARGETS(members)                                                                           \
    "<DescribeTargetHealthResponse " ELB_SPACE "><DescribeTargetHealthResult>"                     \
    "<TargetHealthDescriptions>" members "</TargetHealthDescriptions>"                             \
    "</DescribeTargetHealthResult></DescribeTargetHealthResponse>"
#define TARGET(state) "<member><TargetHealth><State>" state "</State></TargetHealth></member>"
#define REFUSAL(code, words)                                                                       \
    "<ErrorResponse " WATCH_SPACE "><Error><Type>Sender</Type><Code>" code                         \
    "</Code><Message>" words "</Message></Error><RequestId>r</RequestId></ErrorResponse>"

/* An AWS that answers every request alike. What it says may be read when a result has come. */
enum manner { WHOLE, CUT, SILENT, DRIPPING, ENDLESS, RAW };

static struct {
    struct server *server;
    atomic_uint asked_count; /* requests whose manner of answer is chosen */
    enum manner manner;
    int status;
    const char *body;
    long date_off_s;
    char request[REQUEST_SIZE]; /* the last */
} aws;

static struct assertion *assertion;
static struct check_aws of;
static struct check check;
static struct settings settings;

static void read_request(struct server *server, int fd)
{
    char *request = aws.request;
    size_t length = 0;
    const char *size;

    request[0] = '\0';
    while (strstr(request, "\r\n\r\n") == NULL && length + 1 < REQUEST_SIZE &&
           server_read(server, fd, request + length, 1) == 0)
        request[++length] = '\0';
    size = strstr(request, "Content-Length: ");
    if (size != NULL) {
        size_t more = strtoul(size + 16, NULL, 10);

        if (length + more < REQUEST_SIZE && server_read(server, fd, request + length, more) == 0)
            request[length + more] = '\0';
    }
}

static void send_head(struct server *server, int fd, size_t length)
{
    struct timespec now;
    char head[256];
    struct tm utc;

    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec += aws.date_off_s;
    gmtime_r(&now.tv_sec, &utc);
    snprintf(head, sizeof(head),
             "HTTP/1.1 %d Whatever\r\nConnection: close\r\nContent-Length: %zu\r\nDate: ",
             aws.status, length);
    strftime(head + strlen(head), sizeof(head) - strlen(head), "%a, %d %b %Y %H:%M:%S GMT\r\n\r\n",
             &utc);
    server_send_text(server, fd, head);
}

static void serve(struct server *server, int fd, void *context)
{
    static char block[64 * 1024];
    enum manner manner;

    (void)context;
    read_request(server, fd);
    manner = aws.manner;
    atomic_fetch_add(&aws.asked_count, 1);
    switch (manner) {
    case WHOLE:
        send_head(server, fd, strlen(aws.body));
        server_send_text(server, fd, aws.body);
        return;
    case CUT:
        send_head(server, fd, strlen(aws.body));
        server_send(server, fd, aws.body, strlen(aws.body) / 2);
        return;
    case SILENT:
        server_wait_for_close(server, fd);
        return;
    case DRIPPING:
        send_head(server, fd, 1000);
        server_send(server, fd, "<", 1);
        server_wait_for_close(server, fd);
        return;
    case ENDLESS:
        memset(block, ' ', sizeof(block));
        send_head(server, fd, 1000000000);
        while (server_send(server, fd, block, sizeof(block)) == 0)
            continue;
        return;
    case RAW:
        server_send_text(server, fd, aws.body);
        return;
    }
}

/* ---- the fixture ---- */

static void set_environment(void)
{
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u", server_port(aws.server));
    setenv("AWS_ENDPOINT_URL_CLOUDWATCH", url, 1);
    setenv("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", url, 1);
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "hunter2", 1);
    setenv("AWS_CONFIG_FILE", "/dev/null", 1);
    setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    unsetenv("AWS_SESSION_TOKEN");
    unsetenv("AWS_PROFILE");
}

static void wish(uint32_t subjects, const char *expression)
{
    char error[200];

    assertion_destroy(assertion);
    ck_assert_int_eq(assertion_parse(expression, subjects, &assertion, error, sizeof(error)), 0);
    check.assertion = assertion;
}

static void set_up(void)
{
    memset(&aws, 0, sizeof(aws));
    aws.server = server_start_tcp(serve, NULL);
    aws.status = 200;
    set_environment();
    of = (struct check_aws){.what = "shop-5xx", .region = "eu-west-1", .role = ""};
    check = make_check(0, "/", NULL, NULL);
    check.kind = CHECK_ALARM;
    check.expect = "";
    check.of.aws = &of;
    wish(SUBJECT_BIT(SUBJECT_STATE), "state == OK");
    settings = (struct settings){
        .checks = &check, .check_count = 1, .aws_profile = "", .aws_region = "us-east-1"};
    prober_setup();
    ck_assert_int_eq(prober_set_aws(prober, &settings), 0);
}

static void tear_down(void)
{
    prober_teardown();
    server_stop(aws.server);
    assertion_destroy(assertion);
    assertion = NULL;
}

static void make_alb(void)
{
    check.kind = CHECK_ALB;
    of.what = ARN;
    wish(SUBJECT_BIT(SUBJECT_HEALTHY) | SUBJECT_BIT(SUBJECT_UNHEALTHY), "healthy >= 1");
}

static struct result ask(const char *body)
{
    aws.body = body;
    return probe(&check);
}

/* ---- alarms ---- */

/* cell: alarm, good, loopback server */
START_TEST(an_alarm_that_is_ok_is_good)
{
    struct result result = ask(ALARMS(MEMBER("shop-5xx", "OK")));

    expect(&result, RESULT_GOOD, FAILURE_NONE, "alarm shop-5xx is OK");
    ck_assert_int_eq(strncmp(aws.request, "POST / HTTP/1.1\r\n", 17), 0);
    ck_assert_ptr_nonnull(strstr(aws.request, "Credential=AKIATEST/"));
    ck_assert_ptr_nonnull(strstr(aws.request, "/eu-west-1/monitoring/aws4_request"));
    ck_assert_ptr_nonnull(strstr(aws.request, "content-type"));
    ck_assert_ptr_nonnull(strstr(aws.request,
                                 "\r\n\r\nAction=DescribeAlarms&Version=2010-08-01"
                                 "&AlarmNames.member.1=shop-5xx&AlarmTypes.member.1=CompositeAlarm"
                                 "&AlarmTypes.member.2=MetricAlarm"));
    ck_assert_ptr_null(strstr(aws.request, "hunter2"));
}
END_TEST

/* cell: alarm, bad, loopback server */
START_TEST(an_alarm_that_is_raised_is_bad_and_says_why)
{
    struct result result = ask(ALARMS(MEMBER("shop-5xx", "ALARM")));

    expect(&result, RESULT_BAD, FAILURE_STATUS, "ALARM");
    expect(&result, RESULT_BAD, FAILURE_STATUS, ": 1 datapoint > 10\\x0a");
}
END_TEST

START_TEST(too_little_data_says_nothing_unless_the_settings_say_what_it_is)
{
    struct result result = ask(ALARMS(MEMBER("shop-5xx", "INSUFFICIENT_DATA")));

    expect(&result, RESULT_VOID, FAILURE_STATUS, "INSUFFICIENT_DATA");
    check.expect = "state != ALARM";
    wish(SUBJECT_BIT(SUBJECT_STATE), check.expect);
    result = ask(ALARMS(MEMBER("shop-5xx", "INSUFFICIENT_DATA")));
    expect(&result, RESULT_GOOD, FAILURE_NONE, "alarm shop-5xx is INSUFFICIENT_DATA");
    check.expect = "state == OK";
    wish(SUBJECT_BIT(SUBJECT_STATE), check.expect);
    result = ask(ALARMS(MEMBER("shop-5xx", "INSUFFICIENT_DATA")));
    expect(&result, RESULT_BAD, FAILURE_STATUS, "INSUFFICIENT_DATA");
}
END_TEST

START_TEST(an_alarm_that_does_not_exist_says_nothing)
{
    struct result result = ask(ALARMS(""));

    expect(&result, RESULT_VOID, FAILURE_POLICY,
           "eu-west-1 has no alarm named shop-5xx in our account");
}
END_TEST

/* ---- target groups ---- */

/* cell: alb, good, loopback server */
START_TEST(one_healthy_target_is_good)
{
    struct result result;

    make_alb();
    result = ask(TARGETS(TARGET("healthy") TARGET("unhealthy") TARGET("draining")));
    expect(&result, RESULT_GOOD, FAILURE_NONE, "3 targets: 1 healthy, 1 unhealthy, 1 draining");
    ck_assert_ptr_nonnull(strstr(aws.request, "/eu-west-1/elasticloadbalancing/aws4_request"));
    ck_assert_ptr_nonnull(strstr(aws.request, "\r\n\r\nAction=DescribeTargetHealth&Version="
                                              "2015-12-01&TargetGroupArn=arn%3Aaws%3A"));
}
END_TEST

/* cell: alb, bad, loopback server */
START_TEST(targets_that_take_no_client_are_bad)
{
    struct result result;

    make_alb();
    result = ask(TARGETS(""));
    expect(&result, RESULT_BAD, FAILURE_STATUS, "0 targets");
    result = ask(TARGETS(TARGET("initial") TARGET("unused") TARGET("unavailable")));
    expect(&result, RESULT_BAD, FAILURE_STATUS, "3 targets: 1 initial, 1 unused, 1 unavailable");
    wish(SUBJECT_BIT(SUBJECT_HEALTHY) | SUBJECT_BIT(SUBJECT_UNHEALTHY),
         "healthy >= 2 and unhealthy == 0");
    result = ask(TARGETS(TARGET("healthy") TARGET("healthy") TARGET("unhealthy.draining")));
    expect(&result, RESULT_BAD, FAILURE_STATUS, "3 targets: 2 healthy, 1 unhealthy");
}
END_TEST

START_TEST(targets_of_which_nobody_knows_say_nothing)
{
    struct result result;

    make_alb();
    result = ask(TARGETS(TARGET("unavailable") TARGET("unavailable")));
    expect(&result, RESULT_VOID, FAILURE_STATUS, "2 targets: 2 unavailable");
}
END_TEST

/* ---- a witness that is of no use ---- */

static const struct useless {
    enum check_kind kind;
    enum manner manner;
    int status;
    const char *body;
    enum failure failure;
    const char *words;
} useless[] = {
    {CHECK_ALARM, WHOLE, 403, REFUSAL("AccessDenied", "User: \x1b[2J\nis not"), FAILURE_STATUS,
     "CloudWatch in eu-west-1: HTTP 403 without an error"}, /* no XML, with that ESC */
    {CHECK_ALARM, WHOLE, 403, REFUSAL("AccessDenied", "User: x\nis &#x85;not"), FAILURE_POLICY,
     "CloudWatch in eu-west-1: AccessDenied: User: x\\x0ais \\xc2\\x85not"},
    {CHECK_ALB, WHOLE, 400, REFUSAL("TargetGroupNotFound", "One or more target groups not found"),
     FAILURE_POLICY, "Elastic Load Balancing in eu-west-1: TargetGroupNotFound: One or more"},
    {CHECK_ALARM, WHOLE, 400, REFUSAL("Throttling", "Rate exceeded"), FAILURE_POLICY, "Throttling"},
    {CHECK_ALARM, WHOLE, 429, "slow down", FAILURE_STATUS, "HTTP 429"},
    {CHECK_ALARM, WHOLE, 403, REFUSAL("ExpiredToken", "expired"), FAILURE_POLICY, "ExpiredToken"},
    {CHECK_ALB, WHOLE, 503, REFUSAL("ServiceUnavailable", "away"), FAILURE_POLICY, "Unavailable"},
    {CHECK_ALARM, WHOLE, 500, "<html>500</html>", FAILURE_STATUS, "HTTP 500"},
    {CHECK_ALARM, WHOLE, 302, "", FAILURE_STATUS, "HTTP 302"},
    {CHECK_ALARM, WHOLE, 200, "", FAILURE_BODY, "the answer of CloudWatch: XML line 1"},
    {CHECK_ALARM, WHOLE, 200, "<html><body>welcome</body></html>", FAILURE_BODY, "no Describe"},
    {CHECK_ALARM, WHOLE, 200, ALARMS(MEMBER("shop-4xx", "ALARM")), FAILURE_BODY, "not asked for"},
    {CHECK_ALARM, WHOLE, 200, TARGETS(TARGET("unhealthy")), FAILURE_BODY, "no Describe"},
    {CHECK_ALB, WHOLE, 200, ALARMS(MEMBER("shop-5xx", "ALARM")), FAILURE_BODY, "no TargetHealth"},
    {CHECK_ALB, WHOLE, 200,
     "<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions/>"
     "</DescribeTargetHealthResult></DescribeTargetHealthResponse>",
     FAILURE_BODY, "another namespace"},
    {CHECK_ALB, WHOLE, 200, "<!DOCTYPE a [<!ENTITY b \"bbbbbbbb\">]><a>&b;&b;&b;&b;</a>",
     FAILURE_BODY, "DOCTYPE"},
    {CHECK_ALARM, CUT, 200, ALARMS(MEMBER("shop-5xx", "ALARM")), FAILURE_CONNECT, "CloudWatch in"},
    {CHECK_ALARM, RAW, 200, "", FAILURE_CONNECT, "CloudWatch in eu-west-1: Empty reply"},
    {CHECK_ALARM, RAW, 200, "SSH-2.0-OpenSSH_9\r\n", FAILURE_CONNECT, "CloudWatch in eu-west-1: "},
    {CHECK_ALB, ENDLESS, 200, "", FAILURE_CONNECT, "larger than 1 MiB"},
};

/* cell: alarm, hostile, loopback server */
/* cell: alb, hostile, loopback server */
START_TEST(whatever_is_no_good_answer_says_nothing_of_the_site)
{
    const struct useless *witness = &useless[_i];
    struct result result;

    if (witness->kind == CHECK_ALB)
        make_alb();
    aws.manner = witness->manner;
    aws.status = witness->status;
    result = ask(witness->body);
    expect(&result, RESULT_VOID, witness->failure, witness->words);
}
END_TEST

START_TEST(a_page_that_dies_half_way_says_nothing)
{
    static const char whole[] = ALARMS(MEMBER("shop-5xx", "ALARM"));
    char part[sizeof(whole)];

    for (size_t length = 0; length + 1 < sizeof(whole); length += 100) {
        struct result result;

        snprintf(part, sizeof(part), "%.*s", (int)length, whole);
        result = ask(part);
        expect(&result, RESULT_VOID, FAILURE_BODY, "the answer of CloudWatch");
    }
}
END_TEST

START_TEST(nobody_listening_says_nothing)
{
    char url[64];
    struct result result;

    snprintf(url, sizeof(url), "http://127.0.0.1:%u", server_free_port());
    setenv("AWS_ENDPOINT_URL_CLOUDWATCH", url, 1);
    result = ask("");
    expect(&result, RESULT_VOID, FAILURE_CONNECT, "CloudWatch in eu-west-1: ");
    setenv("AWS_ENDPOINT_URL_CLOUDWATCH", "nonsense://x", 1);
    result = ask("");
    expect(&result, RESULT_VOID, FAILURE_POLICY, "AWS_ENDPOINT_URL_CLOUDWATCH is");
}
END_TEST

START_TEST(without_credentials_nothing_is_asked)
{
    struct result result;

    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    result = ask(ALARMS(MEMBER("shop-5xx", "ALARM")));
    expect(&result, RESULT_VOID, FAILURE_POLICY, "CloudWatch in eu-west-1: no ");
    ck_assert_uint_eq(server_count(aws.server), 0);
}
END_TEST

/* The next one is signed by their clock, and passes. */
START_TEST(a_wrong_clock_of_ours_says_nothing_and_is_put_right)
{
    static const char header[] = "X-Amz-Date: ";
    struct result result;
    const char *at;
    char before[17];

    aws.status = 403;
    aws.date_off_s = 7200;
    result = ask(REFUSAL("SignatureDoesNotMatch", "Signature expired"));
    expect(&result, RESULT_VOID, FAILURE_POLICY,
           "SignatureDoesNotMatch: Signature expired (its "
           "clock is ");
    expect(&result, RESULT_VOID, FAILURE_POLICY, " s ahead of ours)");
    at = strstr(aws.request, header);
    ck_assert_ptr_nonnull(at);
    snprintf(before, sizeof(before), "%.16s", at + strlen(header));
    aws.status = 200;
    result = ask(ALARMS(MEMBER("shop-5xx", "OK")));
    expect(&result, RESULT_GOOD, FAILURE_NONE, "OK");
    at = strstr(aws.request, header);
    ck_assert_ptr_nonnull(at);
    ck_assert_int_gt(strncmp(at + strlen(header), before, 16), 0);
    ck_assert_ptr_null(strstr(at, before));
}
END_TEST

static const enum manner slow[] = {SILENT, DRIPPING};

/* Which of the two clocks is first, the client's or the prober's, is not told. */
/* cell: alarm, timed out, loopback server */
/* cell: alb, timed out, loopback server */
START_TEST(a_witness_that_does_not_come_to_an_end_says_nothing)
{
    aws.manner = slow[_i];
    aws.body = "";
    check.timeout_ms = SHORT_MS;
    for (int kind = 0; kind < 2; kind++) {
        if (kind == 1)
            make_alb();
        reports[0].count = 0;
        start_check(0, &check);
        run_until_reported(0, 1);
        ck_assert_int_eq(reports[0].result.class, RESULT_VOID);
        ck_assert_msg(reports[0].result.failure == FAILURE_TIMEOUT ||
                          reports[0].result.failure == FAILURE_CONNECT,
                      "%s", reports[0].result.detail);
    }
}
END_TEST

static void run_until_asked(unsigned count)
{
    while (atomic_load(&aws.asked_count) < count)
        uv_run(&loop, UV_RUN_ONCE);
}

static void wait_until_silent(const struct check *asked)
{
    aws.manner = SILENT;
    aws.body = "";
    start_check(3, asked);
    run_until_asked(1);
}

/* The server takes one connection after the other: what was cancelled has let go of it, long before
 * its own time was over. */
static void expect_next_to_be_served(void)
{
    struct check next = check;
    struct result result;

    aws.body =
        check.kind == CHECK_ALB ? TARGETS(TARGET("healthy")) : ALARMS(MEMBER("shop-5xx", "OK"));
    aws.manner = WHOLE;
    next.timeout_ms = PATIENT_MS / 3;
    result = probe(&next);
    expect(&result, RESULT_GOOD, FAILURE_NONE, "");
}

/* cell: alarm, cancelled, loopback server */
/* cell: alb, cancelled, loopback server */
START_TEST(a_question_that_is_cancelled_says_nothing)
{
    if (_i == 1)
        make_alb();
    wait_until_silent(&check);
    prober_cancel(prober, 3);
    run_until_reported(3, 1);
    expect(&reports[3].result, RESULT_VOID, FAILURE_NONE, "cancelled");
    expect_next_to_be_served();
    start_check(4, &check);
    prober_cancel(prober, 4); /* before it has begun */
    run_until_reported(4, 1);
    expect(&reports[4].result, RESULT_VOID, FAILURE_NONE, "cancelled");
}
END_TEST

START_TEST(a_prober_may_be_closed_while_it_asks)
{
    wait_until_silent(&check);
    for (uint32_t token = 10; token < 20; token++)
        start_check(token, &check); /* some of them wait for their turn */
    for (int turn = 0; turn < 5; turn++)
        uv_run(&loop, UV_RUN_NOWAIT);
    prober_close_now();
    ck_assert_uint_eq(reports[3].count, 0);
}
END_TEST

/* No more than the burst goes out at once, however many begin. */
START_TEST(many_questions_are_asked_one_after_the_other)
{
    enum { MANY = 40 };

    aws.body = ALARMS(MEMBER("shop-5xx", "OK"));
    for (uint32_t token = 0; token < MANY; token++)
        start_check(token, &check);
    run_until_reported(0, 1);
    ck_assert_uint_lt(server_count(aws.server), MANY);
    for (uint32_t token = 1; token < MANY; token++)
        prober_cancel(prober, token);
    for (uint32_t token = 1; token < MANY; token++)
        run_until_reported(token, 1);
}
END_TEST

START_TEST(a_question_whose_turn_does_not_come_says_nothing)
{
    enum { MANY = 40 };
    unsigned late_count = 0;

    aws.manner = SILENT;
    aws.body = "";
    check.timeout_ms = SHORT_MS;
    for (uint32_t token = 0; token < MANY; token++)
        start_check(token, &check);
    for (uint32_t token = 0; token < MANY; token++) {
        run_until_reported(token, 1);
        ck_assert_int_eq(reports[token].result.class, RESULT_VOID);
        late_count += reports[token].result.failure == FAILURE_TIMEOUT;
    }
    ck_assert_uint_gt(late_count, 0);
    expect(&reports[MANY - 1].result, RESULT_VOID, FAILURE_TIMEOUT,
           "timeout after 60 ms while waiting for CloudWatch");
}
END_TEST

START_TEST(settings_without_such_checks_make_no_client)
{
    struct check page = make_check(1, "/", NULL, NULL);
    struct settings others = {.checks = &page, .check_count = 1};

    ck_assert_int_eq(prober_set_aws(prober, &others), 0);
    ck_assert_ptr_null(prober->cloud);
}
END_TEST

static TCase *answers(void)
{
    TCase *tcase = tcase_create("answers");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, an_alarm_that_is_ok_is_good);
    tcase_add_test(tcase, an_alarm_that_is_raised_is_bad_and_says_why);
    tcase_add_test(tcase, too_little_data_says_nothing_unless_the_settings_say_what_it_is);
    tcase_add_test(tcase, an_alarm_that_does_not_exist_says_nothing);
    tcase_add_test(tcase, one_healthy_target_is_good);
    tcase_add_test(tcase, targets_that_take_no_client_are_bad);
    tcase_add_test(tcase, targets_of_which_nobody_knows_say_nothing);
    return tcase;
}

static TCase *witnesses(void)
{
    TCase *tcase = tcase_create("witnesses");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, whatever_is_no_good_answer_says_nothing_of_the_site, 0,
                        (int)(sizeof(useless) / sizeof(useless[0])));
    tcase_add_test(tcase, a_page_that_dies_half_way_says_nothing);
    tcase_add_test(tcase, nobody_listening_says_nothing);
    tcase_add_test(tcase, without_credentials_nothing_is_asked);
    tcase_add_test(tcase, a_wrong_clock_of_ours_says_nothing_and_is_put_right);
    tcase_add_loop_test(tcase, a_witness_that_does_not_come_to_an_end_says_nothing, 0, 2);
    tcase_add_loop_test(tcase, a_question_that_is_cancelled_says_nothing, 0, 2);
    tcase_add_test(tcase, a_prober_may_be_closed_while_it_asks);
    tcase_add_test(tcase, many_questions_are_asked_one_after_the_other);
    tcase_add_test(tcase, a_question_whose_turn_does_not_come_says_nothing);
    return tcase;
}

static TCase *without(void)
{
    TCase *tcase = tcase_create("without");

    tcase_add_checked_fixture(tcase, prober_setup, prober_teardown);
    tcase_add_test(tcase, settings_without_such_checks_make_no_client);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("probe_cloud");

    suite_add_tcase(suite, answers());
    suite_add_tcase(suite, witnesses());
    suite_add_tcase(suite, without());
    return run_suite(suite);
}
