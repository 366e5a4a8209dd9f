/* SPDX-License-Identifier: Apache-2.0 */
/* One attempt at one sink: what a relay and a webhook receive, and the words that come back. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../lib/zone.h"
#include "alerts_world.h"

static struct sink_tools tools;
static struct zone zone;
static struct sink_outcome outcome;
static unsigned done_count;
static struct notice *notice;

static void setup(void)
{
    struct alert alert;

    world_setup();
    alert = world_alert(ALERT_OPEN, world_noon);
    zone_start(&zone);
    memset(&tools, 0, sizeof(tools));
    tools.loop = &world_loop;
    ck_assert_int_eq(curl_loop_create(&world_loop, &tools.curl_loop), 0);
    ck_assert_int_eq(resolver_create(&world_loop, zone.server, &tools.resolver), 0);
    ck_assert_int_eq(notice_create(&alert, &notice), 0);
    done_count = 0;
}

static void on_closed(void *context)
{
    (void)context;
}

static void teardown(void)
{
    notice_destroy(notice);
    curl_loop_close(tools.curl_loop, on_closed, NULL);
    resolver_close(tools.resolver, on_closed, NULL);
    zone_stop(&zone);
    world_teardown();
}

static void on_done(void *context, const struct sink_outcome *told)
{
    (void)context;
    outcome = *told;
    done_count++;
}

static bool is_done(void *context)
{
    (void)context;
    return done_count > 0;
}

/* Starts an attempt and waits for its end. */
static void attempt(const struct sink_settings *settings)
{
    struct sink_message message = {.notice = notice,
                                   .stamp = {.count = 1, .at_wall = world_noon},
                                   .date_wall = world_noon + 1000};

    ck_assert_ptr_nonnull(sink_start(&tools, settings, &message, on_done, NULL));
    ck_assert_uint_eq(done_count, 0); /* from the loop, never from inside */
    world_wait(is_done, NULL, "the end of an attempt");
}

static struct sink_settings starttls_sink(void)
{
    struct sink_settings sink = world_mail_sink("mail");

    sink.host = "good.test"; /* known to our resolver only */
    sink.port = world_port("starttls");
    sink.tls = "starttls";
    sink.user = "rs";
    sink.password = "s3cret";
    sink.ca_file = world_certificate();
    return sink;
}

/* ---- smtp ---- */

START_TEST(a_mail_goes_over_starttls_with_a_password)
{
    struct sink_settings sink = starttls_sink();

    attempt(&sink);
    ck_assert_msg(outcome.accepted, "%s", outcome.text);
    ck_assert_str_eq(outcome.text, "250 2.0.0 taken");
    world_wait_seen("mail", 1);
    ck_assert(json_is_true(json_object_get(world_nth("mail", 0), "tls")));
    ck_assert_str_eq(world_text("mail", 0, "user"), "rs");
    ck_assert_str_eq(world_text("mail", 0, "sender"), "rs@example.com");
}
END_TEST

START_TEST(a_mail_goes_over_tls_from_the_first_byte)
{
    struct sink_settings sink = starttls_sink();

    sink.port = world_port("tls");
    sink.tls = "tls";
    sink.user = "";
    attempt(&sink);
    ck_assert_msg(outcome.accepted, "%s", outcome.text);
    world_wait_seen("mail", 1);
    ck_assert_str_eq(world_text("mail", 0, "by"), "tls");
}
END_TEST

START_TEST(a_relay_without_starttls_gets_neither_mail_nor_password)
{
    struct sink_settings sink = starttls_sink();

    sink.port = world_port("plain");
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_ptr_nonnull(strstr(outcome.text, "STARTTLS"));
    ck_assert_uint_eq(world_seen("mail"), 0);
}
END_TEST

START_TEST(a_wrong_password_is_told_in_the_relays_words)
{
    struct sink_settings sink = starttls_sink();

    sink.password = "wrong";
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_msg(strstr(outcome.text, "535") != NULL, "%s", outcome.text);
    ck_assert_ptr_null(strstr(outcome.text, "wrong"));
}
END_TEST

START_TEST(a_certificate_nobody_vouches_for_is_refused)
{
    struct sink_settings sink = starttls_sink();

    sink.ca_file = "";
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_ptr_nonnull(strstr(outcome.text, "certificate"));
    ck_assert_uint_eq(world_seen("mail"), 0);
}
END_TEST

START_TEST(a_certificate_of_another_name_is_refused)
{
    struct sink_settings sink = starttls_sink();

    sink.host = "chain.test"; /* the same address, not in the certificate */
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_ptr_nonnull(strstr(outcome.text, "chain.test"));
    ck_assert_uint_eq(world_seen("mail"), 0);
}
END_TEST

/* pair.test: 127.0.0.9, where nobody listens, and 127.0.0.1. */
START_TEST(a_relay_with_a_dead_address_is_reached_at_its_other_one)
{
    struct sink_settings sink = world_mail_sink("mail");

    sink.host = "pair.test";
    attempt(&sink);
    ck_assert_msg(outcome.accepted, "%s", outcome.text);
}
END_TEST

START_TEST(a_name_that_does_not_exist_is_told_as_such)
{
    struct sink_settings sink = world_mail_sink("mail");

    sink.host = "missing.test";
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_ptr_nonnull(strstr(outcome.text, "missing.test: NXDOMAIN"));
}
END_TEST

START_TEST(one_refused_recipient_does_not_keep_the_mail_from_the_others)
{
    static const char *const to[] = {"nobody@example.com", "ops@example.com"};
    struct sink_settings sink = world_mail_sink("mail");

    sink.to = to;
    sink.to_count = 2;
    attempt(&sink);
    ck_assert(outcome.accepted);
    ck_assert(outcome.partly);
    ck_assert_str_eq(outcome.text, "1 recipient(s) refused: 550 5.1.1 no such mailbox");
    world_wait_seen("mail", 1);
    ck_assert_uint_eq(json_array_size(json_object_get(world_nth("mail", 0), "to")), 1);
}
END_TEST

START_TEST(with_every_recipient_refused_the_mail_is_not_accepted)
{
    static const char *const to[] = {"nobody@example.com", "nobody2@example.com"};
    struct sink_settings sink = world_mail_sink("mail");

    sink.to = to;
    sink.to_count = 2;
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_ptr_nonnull(strstr(outcome.text, "550 5.1.1 no such mailbox"));
}
END_TEST

/* ---- webhook ---- */

START_TEST(a_webhook_receives_body_key_and_signature)
{
    struct sink_settings sink = world_hook_sink("hook");
    char signature[WEBHOOK_SIGNATURE_LENGTH + 1];
    char id[NOTICE_ID_LENGTH + 1];
    struct notice_stamp stamp = {.count = 1, .at_wall = world_noon};
    const json_t *headers;
    const char *body;

    attempt(&sink);
    ck_assert_msg(outcome.accepted, "%s", outcome.text);
    world_wait_seen("hook", 1);
    headers = json_object_get(world_nth("hook", 0), "headers");
    body = world_text("hook", 0, "data");
    ck_assert_int_eq(webhook_signature("hook secret", body, strlen(body), signature), 0);
    ck_assert_str_eq(json_string_value(json_object_get(headers, "x-regionshift-signature")),
                     signature);
    notice_id(notice, &stamp, id);
    ck_assert_str_eq(json_string_value(json_object_get(headers, "idempotency-key")), id);
    ck_assert_str_eq(json_string_value(json_object_get(headers, "content-type")),
                     "application/json");
    ck_assert_str_eq(world_text("hook", 0, "path"), "/hook?a=b");
    ck_assert_ptr_null(json_object_get(headers, "expect"));
}
END_TEST

START_TEST(without_a_secret_nothing_is_signed)
{
    struct sink_settings sink = world_hook_sink("hook");

    sink.secret = "";
    attempt(&sink);
    world_wait_seen("hook", 1);
    ck_assert_ptr_null(json_object_get(json_object_get(world_nth("hook", 0), "headers"),
                                       "x-regionshift-signature"));
}
END_TEST

static const char *const refused[] = {"301", "302", "307", "400", "404", "410", "429", "500"};

START_TEST(only_a_2xx_is_acceptance_and_no_redirect_is_followed)
{
    struct sink_settings sink = world_hook_sink("hook");
    char command[40], want[60];

    snprintf(command, sizeof(command), "http refuse 1 %s", refused[_i]);
    snprintf(want, sizeof(want), "HTTP status %s, want 2xx", refused[_i]);
    world_command(command);
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_str_eq(outcome.text, want);
    ck_assert_uint_eq(world_seen("refused"), 1);
    ck_assert_uint_eq(world_seen("hook"), 0);
}
END_TEST

START_TEST(a_webhook_that_is_slow_and_in_time_is_accepted_once)
{
    struct sink_settings sink = world_hook_sink("hook");

    world_command("http delay 0.3");
    attempt(&sink);
    ck_assert(outcome.accepted);
    ck_assert_uint_eq(world_seen("hook"), 1);
}
END_TEST

static void answer_without_end(struct server *server, int fd, void *context)
{
    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd, "HTTP/1.1 200 OK\r\n\r\n");
    while (server_send_text(server, fd, "a body that never ends, over and over again ") == 0)
        continue;
}

START_TEST(an_answer_without_end_is_cut_and_its_2xx_counts)
{
    struct server *server = server_start_tcp(answer_without_end, NULL);
    struct sink_settings sink = world_hook_sink("hook");
    char url[60];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", server_port(server));
    sink.url = url;
    attempt(&sink);
    ck_assert(outcome.accepted);
    server_stop(server);
}
END_TEST

static void flood_headers(struct server *server, int fd, void *context)
{
    (void)context;
    server_read_request(server, fd);
    server_send_text(server, fd, "HTTP/1.1 100 Continue\r\n");
    while (server_send_text(server, fd, "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n") == 0)
        continue;
}

START_TEST(headers_without_end_are_cut_and_count_for_nothing)
{
    struct server *server = server_start_tcp(flood_headers, NULL);
    struct sink_settings sink = world_hook_sink("hook");
    char url[60];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", server_port(server));
    sink.url = url;
    attempt(&sink);
    ck_assert(!outcome.accepted);
    server_stop(server);
}
END_TEST

static const char *const forbidden[] = {
    "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/",
    "http://[::ffff:169.254.169.254]/",
    "http://100.100.100.200/",
    "http://0.0.0.0/",
    "http://224.0.0.1/",
    "http://[fe80::1]/",
    "http://[::]/",
    "http://2852039166/" /* 169.254.169.254 in one number: no literal of ours, so no name either */
};

START_TEST(a_url_that_leads_to_a_clouds_metadata_is_not_called)
{
    struct sink_settings sink = world_hook_sink("hook");

    sink.url = forbidden[_i];
    attempt(&sink);
    ck_assert(!outcome.accepted);
    ck_assert_msg(strstr(outcome.text, "not allowed") != NULL ||
                      strstr(outcome.text, "2852039166") != NULL,
                  "%s", outcome.text);
}
END_TEST

/* ---- settings ---- */

static const struct {
    const char *from, *to, *host, *tls, *user, *want;
} bad_mails[] = {
    {"rs", "ops@example.com", "127.0.0.1", "none", "", "from: no mail address"},
    {"rs@example.com", "ops", "127.0.0.1", "none", "", "to.[0]: no mail address"},
    {"rs@example.com", "ops@x\r\nDATA", "127.0.0.1", "none", "", "to.[0]: no mail address"},
    {"rs@example.com", "ops@example.com", "192.0.2.1", "none", "rs", "password readable"},
    {"rs@example.com", "ops@example.com", "a/b", "starttls", "", "has no host"},
};

START_TEST(a_mail_sink_that_cannot_work_is_told_before_it_is_needed)
{
    struct sink_settings sink = world_mail_sink("mail");
    char error[300] = "";

    sink.from = bad_mails[_i].from;
    sink.to = &bad_mails[_i].to;
    sink.host = bad_mails[_i].host;
    sink.tls = bad_mails[_i].tls;
    sink.user = bad_mails[_i].user;
    ck_assert_int_eq(sink_check(&sink, error, sizeof(error)), -1);
    ck_assert_msg(strstr(error, bad_mails[_i].want) != NULL, "%s", error);
    ck_assert_ptr_nonnull(strstr(error, "alerts: mail: "));
}
END_TEST

START_TEST(a_webhook_sink_wants_a_url_of_http)
{
    static const char *const urls[] = {"", "ftp://a/", "file:///etc/passwd", "http://"};
    struct sink_settings sink = world_hook_sink("hook");
    char error[300] = "";

    ck_assert_int_eq(sink_check(&sink, error, sizeof(error)), 0);
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        sink.url = urls[i];
        ck_assert_msg(sink_check(&sink, error, sizeof(error)) == -1, "%s", urls[i]);
    }
}
END_TEST

START_TEST(a_cancelled_attempt_is_never_reported)
{
    struct sink_settings mail = starttls_sink(), hook = world_hook_sink("hook");
    struct sink_message message = {.notice = notice};

    sink_cancel(sink_start(&tools, &mail, &message, on_done, NULL)); /* while it is resolved */
    sink_cancel(sink_start(&tools, &hook, &message, on_done, NULL)); /* in the loop */
    mail.host = "127.0.0.1";
    sink_cancel(sink_start(&tools, &mail, &message, on_done, NULL)); /* in its thread */
    sink_cancel(NULL);
}
END_TEST

static void check_no_report(void)
{
    teardown();
    ck_assert_uint_eq(done_count, 0);
}

#define COUNT(array) (int)(sizeof(array) / sizeof((array)[0]))

static TCase *case_of(const char *name, void (*after)(void))
{
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, world_receivers_start, world_receivers_stop);
    tcase_add_checked_fixture(tests, setup, after);
    return tests;
}

static TCase *smtp_tests(void)
{
    TCase *tests = case_of("smtp", teardown);

    tcase_add_test(tests, a_mail_goes_over_starttls_with_a_password);
    tcase_add_test(tests, a_mail_goes_over_tls_from_the_first_byte);
    tcase_add_test(tests, a_relay_without_starttls_gets_neither_mail_nor_password);
    tcase_add_test(tests, a_wrong_password_is_told_in_the_relays_words);
    tcase_add_test(tests, a_certificate_nobody_vouches_for_is_refused);
    tcase_add_test(tests, a_certificate_of_another_name_is_refused);
    tcase_add_test(tests, a_relay_with_a_dead_address_is_reached_at_its_other_one);
    tcase_add_test(tests, a_name_that_does_not_exist_is_told_as_such);
    tcase_add_test(tests, one_refused_recipient_does_not_keep_the_mail_from_the_others);
    tcase_add_test(tests, with_every_recipient_refused_the_mail_is_not_accepted);
    tcase_add_loop_test(tests, a_mail_sink_that_cannot_work_is_told_before_it_is_needed, 0,
                        COUNT(bad_mails));
    return tests;
}

static TCase *webhook_tests(void)
{
    TCase *tests = case_of("webhook", teardown);

    tcase_add_test(tests, a_webhook_receives_body_key_and_signature);
    tcase_add_test(tests, without_a_secret_nothing_is_signed);
    tcase_add_loop_test(tests, only_a_2xx_is_acceptance_and_no_redirect_is_followed, 0,
                        COUNT(refused));
    tcase_add_test(tests, a_webhook_that_is_slow_and_in_time_is_accepted_once);
    tcase_add_test(tests, an_answer_without_end_is_cut_and_its_2xx_counts);
    tcase_add_test(tests, headers_without_end_are_cut_and_count_for_nothing);
    tcase_add_loop_test(tests, a_url_that_leads_to_a_clouds_metadata_is_not_called, 0,
                        COUNT(forbidden));
    tcase_add_test(tests, a_webhook_sink_wants_a_url_of_http);
    return tests;
}

static TCase *cancel_tests(void)
{
    TCase *tests = case_of("cancel", check_no_report);

    tcase_add_test(tests, a_cancelled_attempt_is_never_reported);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("sinks");

    suite_add_tcase(suite, smtp_tests());
    suite_add_tcase(suite, webhook_tests());
    suite_add_tcase(suite, cancel_tests());
    return run_suite(suite);
}
