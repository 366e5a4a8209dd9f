/* SPDX-License-Identifier: Apache-2.0 */
/* Saying an alert (L1): each sink by itself, again and again until it is accepted; against real
 * receivers of mail and webhooks. */
#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/suite.h"
#include "../lib/server.h"
#include "alerts_world.h"

/* ---- the plain way ---- */

START_TEST(an_alert_is_mailed_once_and_leaves_the_spool)
{
    const char *data;

    start_one(world_mail_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 1); /* before the loop has run at all */
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    wait_claim_sent();
    data = strstr(world_text("mail", 0, "data"), "\r\n\r\n");
    ck_assert_str_eq(data, "\r\n\r\nSeen by use1, fra.\r\n.\r\n..two dots\r\n"
                           "How to stop it: freeze\r\n");
    ck_assert_str_eq(world_header(0, "Subject"), "[regionshift] page: jwt-pizza us-east-1 down");
    ck_assert_str_eq(world_header(0, "Auto-Submitted"), "auto-generated");
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 0);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(probe_stats(&use1).sent, 1);
    ck_assert_uint_eq(probe_stats(&use1).spooled, 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_sink_gets_only_what_is_grave_enough_for_it)
{
    struct sink_settings pages = world_mail_sink("pages");
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    pages.min_severity = SEVERITY_PAGE;
    start_one(pages);
    alert.severity = SEVERITY_WARN;
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0);
    ck_assert_uint_eq(probe_stats(&use1).queued, 0); /* and no claim keeps others from saying it */
    alert.severity = SEVERITY_PAGE;
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), 0);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("mail"), 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(an_alert_with_a_name_that_is_none_is_refused)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    start_one(world_mail_sink("mail"));
    name_incident(&alert, "x\r\nBcc: all");
    ck_assert_int_eq(alerts_raise(use1.alerts, &alert), -EINVAL);
    ck_assert_uint_eq(probe_stats(&use1).queued, 0);
    probe_stop(&use1);
}
END_TEST

/* ---- retries ---- */

START_TEST(a_relay_that_refuses_for_a_while_gets_the_mail_once_afterwards)
{
    start_one(world_mail_sink("mail"));
    world_command("mail refuse 4 451 4.3.0 busy, come back");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(world_seen("refused"), 4);
    ck_assert_uint_eq(world_seen("mail"), 1);
    ck_assert_uint_eq(use1.failing_count, 1);
    ck_assert_uint_eq(use1.recovered_count, 1);
    ck_assert_ptr_nonnull(strstr(use1.failing_text, "451 4.3.0 busy, come back"));
    ck_assert_uint_eq(probe_stats(&use1).failed_attempts, 4);
    probe_stop(&use1);
}
END_TEST

START_TEST(how_a_sink_has_been_doing_can_be_asked)
{
    struct alerts_sink_status status;

    start_one(world_mail_sink("mail"));
    alerts_sink_status(use1.alerts, 0, &status);
    ck_assert_int_eq(status.accepted_ms, -1);
    ck_assert_int_eq(status.failed_ms, -1);
    ck_assert_uint_eq(status.failures, 0);
    ck_assert_str_eq(status.refusal, "");
    world_command("mail refuse 2 451 4.3.0 busy, come back");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    do {
        uv_run(&world_loop, UV_RUN_ONCE);
        alerts_sink_status(use1.alerts, 0, &status);
    } while (status.failures == 0);
    ck_assert_int_ge(status.failed_ms, 0);
    ck_assert_int_eq(status.accepted_ms, -1);
    ck_assert_ptr_nonnull(strstr(status.refusal, "451 4.3.0 busy, come back"));
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    alerts_sink_status(use1.alerts, 0, &status);
    ck_assert_uint_eq(status.failures, 0);
    ck_assert_int_ge(status.accepted_ms, 0);
    ck_assert_int_ge(status.failed_ms, status.accepted_ms); /* it refused before it took it */
    probe_stop(&use1);
}
END_TEST

START_TEST(a_webhook_that_fails_is_tried_again_with_the_same_key)
{
    const json_t *first, *second;

    start_one(world_hook_sink("hook"));
    world_command("http refuse 2 500");
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("hook", 1);
    world_wait_empty(&use1);
    first = json_object_get(world_nth("refused", 0), "headers");
    second = json_object_get(world_nth("hook", 0), "headers");
    ck_assert_uint_eq(world_seen("refused"), 2);
    ck_assert_str_eq(json_string_value(json_object_get(first, "idempotency-key")),
                     json_string_value(json_object_get(second, "idempotency-key")));
    ck_assert_str_eq(world_text("refused", 0, "data"), world_text("hook", 0, "data"));
    ck_assert_uint_eq(use1.failing_count, 0); /* two failures are no event yet */
    probe_stop(&use1);
}
END_TEST

START_TEST(a_dead_sink_delays_no_other)
{
    start_one(dead_sink("dead"));
    probe_stop(&use1);
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("hook", 1);
    world_wait(has_told_failing, &use1, "the dead sink is told");
    ck_assert_uint_eq(probe_stats(&use1).queued, 1);
    ck_assert_uint_eq(world_seen("hook"), 1);
    probe_stop(&use1);
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 1);
}
END_TEST

static void never_answer(struct server *server, int fd, void *context)
{
    (void)context;
    server_wait_for_close(server, fd);
}

START_TEST(a_tarpit_delays_no_other_sink_and_no_end)
{
    struct server *tarpit = server_start_tcp(never_answer, NULL);
    struct sink_settings slow = world_mail_sink("slow");

    slow.port = server_port(tarpit);
    probe_init(&use1, "use1", world_store());
    probe_add(&use1, slow);
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("hook", 1);
    probe_stop(&use1); /* with a send in flight */
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 1);
    server_stop(tarpit);
}
END_TEST

START_TEST(a_mail_that_no_relay_takes_does_not_hold_up_the_next)
{
    struct alert poison = world_alert(ALERT_OPEN, world_noon);

    probe_init(&use1, "use1", NULL);
    probe_add(&use1, world_mail_sink("mail"));
    probe_start(&use1);
    name_incident(&poison, "poison");
    ck_assert_int_eq(alerts_raise(use1.alerts, &poison), 0);
    world_wait_seen("refused", 3);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_seen("mail", 1);
    world_wait_seen("refused", world_seen("refused") + 1); /* and it goes on trying */
    ck_assert_uint_eq(probe_stats(&use1).queued, 1);
    probe_stop(&use1);
}
END_TEST

/* A relay that answers nothing to the message until it is told to, nor ever to QUIT. */
static int permission[2];
static atomic_bool message_came;

static void read_line(struct server *server, int fd, char *line, size_t size);

static void answer_when_told(struct server *server, int fd, void *context)
{
    char line[1200] = "";

    (void)context;
    server_send_text(server, fd, "220 test\r\n");
    for (bool in_data = false; strcmp(line, ".\r\n") != 0;) {
        read_line(server, fd, line, sizeof(line));
        if (line[0] == '\0')
            return;
        if (in_data)
            continue;
        in_data = strncmp(line, "DATA", 4) == 0;
        server_send_text(server, fd, in_data ? "354 go\r\n" : "250 ok\r\n");
    }
    atomic_store(&message_came, true);
    ck_assert_int_eq(read(permission[0], line, 1), 1);
    server_send_text(server, fd, "250 taken\r\n");
    server_wait_for_close(server, fd);
}

static bool has_message_come(void *context)
{
    (void)context;
    return atomic_load(&message_came);
}

/* libcurl's multi interface would wait for the answer in place, and the loop with it (V5). */
START_TEST(a_relay_that_thinks_for_long_does_not_stop_the_loop)
{
    struct server *relay = server_start_tcp(answer_when_told, NULL);
    struct sink_settings slow = world_mail_sink("slow");

    ck_assert_int_eq(pipe(permission), 0);
    slow.port = server_port(relay);
    probe_init(&use1, "use1", world_store());
    probe_add(&use1, slow);
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    world_command("http refuse 1000000 500"); /* its retries turn the loop */
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_message_come, NULL, "the message is with the relay");
    world_command("http refuse 0");
    world_wait_seen("hook", 1);
    ck_assert_uint_eq(probe_stats(&use1).queued, 1);
    ck_assert_int_eq(write(permission[1], "x", 1), 1);
    world_wait_empty(&use1);
    probe_stop(&use1);
    server_stop(relay);
}
END_TEST

/* A relay of the test's own: it loses the first mail's answer. */
static char lost_ids[2][100];
static int lost_count;

static void read_line(struct server *server, int fd, char *line, size_t size)
{
    size_t length = 0;

    while (length < size - 1 && server_read(server, fd, line + length, 1) == 0) {
        if (line[length++] == '\n')
            break;
    }
    line[length] = '\0';
}

static void lose_first_answer(struct server *server, int fd, void *context)
{
    char line[1200] = "";

    (void)context;
    server_send_text(server, fd, "220 test\r\n");
    while (strncmp(line, "DATA", 4) != 0) {
        read_line(server, fd, line, sizeof(line));
        if (line[0] == '\0')
            return;
        server_send_text(server, fd, strncmp(line, "DATA", 4) == 0 ? "354 go\r\n" : "250 ok\r\n");
    }
    while (strcmp(line, ".\r\n") != 0 && line[0] != '\0') {
        read_line(server, fd, line, sizeof(line));
        if (strncmp(line, "Message-ID: ", 12) == 0 && lost_count < 2)
            snprintf(lost_ids[lost_count], sizeof(lost_ids[0]), "%.90s", line);
    }
    if (lost_count++ == 0)
        return; /* taken, and hung up without a word */
    server_send_text(server, fd, "250 taken\r\n");
    server_wait_for_close(server, fd);
}

START_TEST(an_answer_lost_after_the_data_costs_a_duplicate_that_is_known_as_one)
{
    struct server *relay = server_start_tcp(lose_first_answer, NULL);
    struct sink_settings sink = world_mail_sink("mail");

    sink.port = server_port(relay);
    lost_count = 0;
    start_one(sink);
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait_empty(&use1);
    probe_stop(&use1);
    server_stop(relay);
    ck_assert_int_eq(lost_count, 2);
    ck_assert_uint_gt(strlen(lost_ids[0]), 20);
    ck_assert_str_eq(lost_ids[0], lost_ids[1]);
}
END_TEST

START_TEST(new_settings_send_what_the_old_ones_could_not)
{
    struct settings changed;
    struct sink_settings sink = world_mail_sink("mail");

    start_one(dead_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_told_failing, &use1, "a failing sink");
    changed = use1.settings;
    changed.sinks = &sink;
    alerts_reload(use1.alerts, &changed);
    world_wait_seen("mail", 1);
    world_wait_empty(&use1);
    ck_assert_uint_eq(use1.recovered_count, 1);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_sink_that_is_no_longer_in_the_settings_is_waited_for_no_longer)
{
    struct settings changed;

    start_one(dead_sink("mail"));
    raise_alert(&use1, ALERT_OPEN, world_noon);
    world_wait(has_failed, &use1, "a failure");
    changed = use1.settings;
    changed.sink_count = 0;
    alerts_reload(use1.alerts, &changed);
    ck_assert_uint_eq(probe_stats(&use1).queued, 0);
    ck_assert_uint_eq(spool_count(&use1, ".alert"), 0);
    probe_stop(&use1);
}
END_TEST

/* ---- alert-test ---- */

static unsigned tested_count;
static char tested[2][SINK_TEXT_MAX + 80];

static void on_tested(void *context, const char *sink, bool accepted, const char *text)
{
    (void)context;
    ck_assert_uint_lt(tested_count, 2);
    snprintf(tested[tested_count++], sizeof(tested[0]), "%s %s %s", sink, accepted ? "yes" : "no",
             text);
}

static bool both_are_tested(void *context)
{
    (void)context;
    return tested_count == 2;
}

START_TEST(a_test_alert_tells_each_sinks_own_words)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);

    alert.event = ALERT_TEST;
    tested_count = 0;
    probe_init(&use1, "use1", NULL);
    probe_add(&use1, world_mail_sink("mail"));
    probe_add(&use1, world_hook_sink("hook"));
    probe_start(&use1);
    world_command("http refuse 1 403");
    alerts_test(use1.alerts, &alert, on_tested, NULL);
    world_wait(both_are_tested, NULL, "both sinks tested");
    for (unsigned i = 0; i < 2; i++)
        ck_assert_str_eq(tested[i], tested[i][0] == 'm' ? "mail yes 250 2.0.0 taken"
                                                        : "hook no HTTP status 403, want 2xx");
    ck_assert_uint_eq(probe_stats(&use1).queued, 0);
    probe_stop(&use1);
}
END_TEST

START_TEST(a_test_alert_cut_off_by_the_end_is_told_so)
{
    struct alert alert = world_alert(ALERT_OPEN, world_noon);
    struct server *tarpit = server_start_tcp(never_answer, NULL);
    struct sink_settings slow = world_mail_sink("slow");

    slow.port = server_port(tarpit);
    tested_count = 0;
    probe_init(&use1, "use1", NULL);
    probe_add(&use1, slow);
    probe_start(&use1);
    alerts_test(use1.alerts, &alert, on_tested, NULL);
    probe_stop(&use1);
    ck_assert_uint_eq(tested_count, 1);
    ck_assert_str_eq(tested[0], "slow no stopped before the answer");
    server_stop(tarpit);
}
END_TEST

static TCase *sending_tests(void)
{
    TCase *tests = world_case("sending");

    tcase_add_test(tests, an_alert_is_mailed_once_and_leaves_the_spool);
    tcase_add_test(tests, a_sink_gets_only_what_is_grave_enough_for_it);
    tcase_add_test(tests, an_alert_with_a_name_that_is_none_is_refused);
    tcase_add_test(tests, a_relay_that_refuses_for_a_while_gets_the_mail_once_afterwards);
    tcase_add_test(tests, how_a_sink_has_been_doing_can_be_asked);
    tcase_add_test(tests, a_webhook_that_fails_is_tried_again_with_the_same_key);
    tcase_add_test(tests, a_dead_sink_delays_no_other);
    tcase_add_test(tests, a_tarpit_delays_no_other_sink_and_no_end);
    tcase_add_test(tests, a_relay_that_thinks_for_long_does_not_stop_the_loop);
    tcase_add_test(tests, a_mail_that_no_relay_takes_does_not_hold_up_the_next);
    tcase_add_test(tests, an_answer_lost_after_the_data_costs_a_duplicate_that_is_known_as_one);
    tcase_add_test(tests, new_settings_send_what_the_old_ones_could_not);
    tcase_add_test(tests, a_sink_that_is_no_longer_in_the_settings_is_waited_for_no_longer);
    tcase_add_test(tests, a_test_alert_tells_each_sinks_own_words);
    tcase_add_test(tests, a_test_alert_cut_off_by_the_end_is_told_so);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("alerts");

    suite_add_tcase(suite, sending_tests());
    return run_suite(suite);
}
