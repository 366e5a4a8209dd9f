/* SPDX-License-Identifier: Apache-2.0 */
/* Looks at what a move will need, against the lab: what they see, and what they must not touch. */
#include "../lib/suite.h"
#include "readiness.h"

#include <check.h>
#include <string.h>

#include "change.h"
#include "loop.h"
#include "route53_fixture.h"

static struct zones *zones;
static struct resolver *resolver;
static struct readiness *readiness;
static const char *nameservers[1];
static struct elector electors[1];
static msec_t later_ms; /* added to the clock that the readiness sees */
static unsigned told_engine;
static unsigned done_count;

static void tell(void *context, const struct event *event, void (*release)(void *block),
                 void *block)
{
    (void)context;
    (void)event;
    told_engine++;
    if (release != NULL)
        release(block);
}

static msec_t now(void *context)
{
    (void)context;
    return loop_now_ms() + later_ms;
}

static void on_done(void *context)
{
    (void)context;
    done_count++;
}

static void open_readiness(void)
{
    struct readiness_tools tools = {
        .uv = &loop, .route53 = client, .resolver = resolver, .zones = zones, .now = now};

    ck_assert_int_eq(readiness_create(&tools, &settings, &readiness), 0);
}

static void setup(void)
{
    struct teller teller = {tell, now, NULL};

    route53_set_up();
    nameservers[0] = lab_dns(lab);
    settings.aws_nameservers = nameservers;
    settings.aws_nameserver_count = 1;
    electors[0] = (struct elector){.name = "use1", .may_act = true};
    settings.electors = electors;
    settings.elector_count = 1;
    settings.self = 0;
    later_ms = 0;
    told_engine = 0;
    done_count = 0;
    ck_assert_int_eq(resolver_create(&loop, "127.0.0.1:1", &resolver), 0);
    ck_assert_int_eq(zones_create(&loop, &settings, client, resolver, &teller, &zones), 0);
    open_readiness();
}

static unsigned closed_count;

static void on_closed(void *context)
{
    (void)context;
    closed_count++;
}

static void teardown(void)
{
    closed_count = 0;
    readiness_close(readiness, on_closed, NULL);
    zones_close(zones, on_closed, NULL);
    client_close();
    while (closed_count < 2)
        uv_run(&loop, UV_RUN_ONCE);
    readiness_destroy(readiness);
    zones_destroy(zones);
    resolver_close(resolver, on_closed, NULL);
    while (closed_count < 3)
        uv_run(&loop, UV_RUN_ONCE);
    route53_tear_down();
}

static void look(void)
{
    unsigned before = done_count;

    ck_assert(readiness_has_to_look(readiness));
    readiness_look(readiness, on_done, NULL);
    while (done_count == before)
        uv_run(&loop, UV_RUN_ONCE);
}

START_TEST(a_look_reads_the_zone_and_asks_each_server_for_the_fence)
{
    struct readiness_servers servers;
    struct readiness_zone zone;

    readiness_zone(readiness, PIZZA_ZONE, &zone);
    ck_assert(!zone.asked);
    ck_assert_int_eq(zone.read_ms, -1);
    look();
    readiness_zone(readiness, PIZZA_ZONE, &zone);
    ck_assert(zone.asked);
    ck_assert_int_eq(zone.outcome, ROUTE53_OK);
    ck_assert_str_eq(zone.message, "");
    ck_assert_int_ge(zone.read_ms, 0);
    ck_assert_ptr_nonnull(change_find_fence(zone.view, settings.groups[PIZZA_GROUP].name));
    readiness_servers(readiness, PIZZA_ZONE, PIZZA_GROUP, &servers);
    ck_assert(servers.asked_once && servers.has_fence);
    ck_assert_uint_eq(servers.epoch, 7);
    ck_assert_uint_eq(servers.asked, 1);
    ck_assert_uint_eq(servers.answered, 1);
    ck_assert_uint_eq(servers.current, 1);
    ck_assert_str_eq(servers.others, "");
}
END_TEST

START_TEST(the_engine_hears_of_no_look_and_no_batch_can_rest_on_one)
{
    static struct move move;
    struct readiness_zone zone;
    struct zones_status status;

    look();
    ck_assert_uint_eq(told_engine, 0);
    readiness_zone(readiness, PIZZA_ZONE, &zone);
    move_begin(&move, &settings, zone.view, PIZZA_GROUP, 8, zone.view->nonce);
    zones_send(zones, &move.batch);
    while (told_engine == 0)
        uv_run(&loop, UV_RUN_ONCE);
    zones_status(zones, PIZZA_ZONE, &status);
    ck_assert_ptr_nonnull(strstr(status.write_message, "has not been read by this client yet"));
    ck_assert_int_eq(lab_batch_count(lab, NULL), 0);
}
END_TEST

START_TEST(what_was_seen_just_now_is_not_looked_at_again)
{
    int asked;

    look();
    asked = lab_request_count(lab, "ListResourceRecordSets");
    ck_assert(!readiness_has_to_look(readiness));
    later_ms = READINESS_FRESH_MS;
    ck_assert(readiness_has_to_look(readiness));
    readiness_look(readiness, on_done, NULL);
    readiness_look(readiness, on_done, NULL); /* of the same look */
    while (done_count < 3)
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_int_eq(lab_request_count(lab, "ListResourceRecordSets"), asked + 1);
}
END_TEST

START_TEST(what_is_refused_is_told_and_what_was_seen_stays)
{
    struct readiness_zone zone;

    look();
    later_ms = READINESS_FRESH_MS;
    lab_fault(lab, "deny", "{\"code\": \"InvalidClientTokenId\"}");
    look();
    readiness_zone(readiness, PIZZA_ZONE, &zone);
    ck_assert_int_eq(zone.outcome, ROUTE53_DENIED);
    ck_assert_ptr_nonnull(strstr(zone.message, "InvalidClientTokenId"));
    ck_assert_ptr_nonnull(zone.view);
    lab_heal(lab);
}
END_TEST

START_TEST(a_server_that_is_silent_is_named)
{
    struct readiness_servers servers;

    nameservers[0] = "127.0.0.1:1"; /* refuses at once */
    look();
    readiness_servers(readiness, PIZZA_ZONE, PIZZA_GROUP, &servers);
    ck_assert_uint_eq(servers.asked, 1);
    ck_assert_uint_eq(servers.answered, 0);
    ck_assert_ptr_nonnull(strstr(servers.others, "127.0.0.1:1 does not answer"));
}
END_TEST

START_TEST(a_probe_that_reads_no_zone_looks_at_nothing)
{
    int asked = lab_request_count(lab, "ListResourceRecordSets");

    electors[0].may_act = false;
    ck_assert_int_eq(zones_reload(zones, &settings), 0);
    ck_assert_int_eq(readiness_reload(readiness, &settings), 0);
    ck_assert(!readiness_has_to_look(readiness));
    ck_assert_int_eq(lab_request_count(lab, "ListResourceRecordSets"), asked);
}
END_TEST

START_TEST(other_settings_forget_and_answer_those_who_wait)
{
    struct readiness_zone zone;

    look();
    later_ms = READINESS_FRESH_MS;
    readiness_look(readiness, on_done, NULL);
    ck_assert_int_eq(zones_reload(zones, &settings), 0);
    ck_assert_int_eq(readiness_reload(readiness, &settings), 0);
    ck_assert_uint_eq(done_count, 2);
    readiness_zone(readiness, PIZZA_ZONE, &zone);
    ck_assert(!zone.asked);
    ck_assert_ptr_null(zone.view);
    look(); /* the old answer comes too, and is nobody's */
    readiness_zone(readiness, PIZZA_ZONE, &zone);
    ck_assert_int_eq(zone.outcome, ROUTE53_OK);
}
END_TEST

START_TEST(a_stop_in_the_middle_of_a_look_answers_and_leaves_nothing)
{
    readiness_look(readiness, on_done, NULL);
    for (int i = 0; i < 3; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    /* the teardown closes: ASan would tell what is left */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("readiness");
    TCase *tests = tcase_create("readiness");

    tcase_add_unchecked_fixture(tests, route53_lab_start, route53_lab_stop);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_look_reads_the_zone_and_asks_each_server_for_the_fence);
    tcase_add_test(tests, the_engine_hears_of_no_look_and_no_batch_can_rest_on_one);
    tcase_add_test(tests, what_was_seen_just_now_is_not_looked_at_again);
    tcase_add_test(tests, what_is_refused_is_told_and_what_was_seen_stays);
    tcase_add_test(tests, a_server_that_is_silent_is_named);
    tcase_add_test(tests, a_probe_that_reads_no_zone_looks_at_nothing);
    tcase_add_test(tests, other_settings_forget_and_answer_those_who_wait);
    tcase_add_test(tests, a_stop_in_the_middle_of_a_look_answers_and_leaves_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
