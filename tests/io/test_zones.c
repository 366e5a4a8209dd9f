/* SPDX-License-Identifier: Apache-2.0 */
/* Between Route 53 and the engine, against the lab: a zone that is read, a batch that is sent, and
 * what becomes of an accepted change out there (C7). */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "../lib/dns_message.h"
#include "../lib/server.h"
#include "loop.h"
#include "route53_fixture.h"
#include "zones.h"

static struct zones *zones;
static struct resolver *resolver;
static const char *nameservers[2];
static char heard[4096]; /* what was told, as words */
static const struct zone_view *view;

static void hear(const struct event *event, char *out, size_t size)
{
    switch (event->kind) {
    case EVENT_ZONE:
        snprintf(out, size, "zone %s; ", route53_outcome_name(event->zone.outcome));
        break;
    case EVENT_CHANGE:
        snprintf(out, size, "change %llu %s; ", (unsigned long long)event->change.epoch,
                 route53_outcome_name(event->change.outcome));
        break;
    case EVENT_INSYNC:
        snprintf(out, size, "insync %llu; ", (unsigned long long)event->insync.epoch);
        break;
    case EVENT_SERVERS:
        snprintf(out, size, "servers %llu: %u of %u of %u; ",
                 (unsigned long long)event->servers.epoch, event->servers.current,
                 event->servers.answered, event->servers.asked);
        break;
    case EVENT_STRANDED:
        snprintf(out, size, "stranded %llu %s; ", (unsigned long long)event->stranded.epoch,
                 event->stranded.is_known ? "pending" : "forgotten");
        break;
    case EVENT_RESOLVERS:
        snprintf(out, size, "resolvers %llu: %u of %u of %u; ",
                 (unsigned long long)event->resolvers.epoch, event->resolvers.current,
                 event->resolvers.answered, event->resolvers.asked);
        break;
    default:
        ck_abort_msg("an event of another kind");
    }
}

/* As the loop does: the step, then the release. */
static void tell(void *context, const struct event *event, void (*release)(void *block),
                 void *block)
{
    size_t used = strlen(heard);

    (void)context;
    hear(event, heard + used, sizeof(heard) - used);
    if (event->kind == EVENT_ZONE && event->zone.view != NULL)
        view = event->zone.view;
    if (release != NULL)
        release(block);
}

static msec_t now(void *context)
{
    (void)context;
    return loop_now_ms();
}

static void setup(void)
{
    struct teller teller = {tell, now, NULL};

    route53_set_up();
    nameservers[0] = lab_dns(lab);
    settings.aws_nameservers = nameservers;
    settings.aws_nameserver_count = 1;
    heard[0] = '\0';
    view = NULL;
    ck_assert_int_eq(resolver_create(&loop, "127.0.0.1:1", &resolver), 0);
    ck_assert_int_eq(zones_create(&loop, &settings, client, resolver, &teller, &zones), 0);
}

static bool is_closed;

static void on_closed(void *context)
{
    (void)context;
    is_closed = true;
}

static void teardown(void)
{
    is_closed = false;
    zones_close(zones, on_closed, NULL);
    client_close();
    while (!is_closed)
        uv_run(&loop, UV_RUN_ONCE);
    zones_destroy(zones);
    is_closed = false;
    resolver_close(resolver, on_closed, NULL);
    while (!is_closed)
        uv_run(&loop, UV_RUN_ONCE);
    route53_tear_down();
}

/* Runs until these words were told; Check's own timeout ends what never comes. */
static void until(const char *words)
{
    while (strstr(heard, words) == NULL)
        uv_run(&loop, UV_RUN_ONCE);
}

static void read_zone(void)
{
    heard[0] = '\0';
    zones_read(zones, PIZZA_ZONE);
    until("zone ");
}

/* Sends a move of the group to the west, from the view read last. */
static void send_west(uint64_t epoch, int weight)
{
    static struct move move;

    move_begin(&move, &settings, view, PIZZA_GROUP, epoch, view->nonce);
    move_weight(&move, &settings, view, PIZZA_EAST, 100 - weight);
    move_weight(&move, &settings, view, PIZZA_WEST, weight);
    heard[0] = '\0';
    zones_send(zones, &move.batch);
}

START_TEST(a_reading_is_told_and_its_view_kept)
{
    struct zones_status status;

    read_zone();
    ck_assert_str_eq(heard, "zone ok; ");
    zones_status(zones, PIZZA_ZONE, &status);
    ck_assert_ptr_eq(status.view, view);
    ck_assert_int_eq(view_weight(&settings, view, PIZZA_EAST), 100);
    read_zone(); /* the first view was released by the second's event: ASan would tell */
    ck_assert_int_eq(view_weight(&settings, view, PIZZA_EAST), 100);
}
END_TEST

START_TEST(a_reading_that_fails_is_told_and_takes_nothing_away)
{
    struct zones_status status;

    read_zone();
    lab_fault(lab, "down", "{\"mode\": \"503\"}");
    read_zone();
    ck_assert_str_eq(heard, "zone lost; ");
    zones_status(zones, PIZZA_ZONE, &status);
    ck_assert_ptr_eq(status.view, view);
    ck_assert_int_eq(status.outcome, ROUTE53_LOST);
    ck_assert_str_ne(status.message, "");
}
END_TEST

START_TEST(an_accepted_change_is_followed_until_the_world_sees_it)
{
    read_zone();
    send_west(8, 100);
    ck_assert_uint_eq(zones_unanswered(zones), 1);
    until("change ");
    ck_assert_uint_eq(zones_unanswered(zones), 0);
    until("insync 8; ");
    until("servers 8: 1 of 1 of 1; ");
    ck_assert_ptr_nonnull(strstr(heard, "change 8 ok; "));
}
END_TEST

START_TEST(what_became_of_a_write_is_remembered)
{
    struct zones_status status;

    read_zone();
    zones_status(zones, PIZZA_ZONE, &status);
    ck_assert_int_eq(status.accepted_wall, 0);
    ck_assert(!status.write_denied);
    lab_fault(lab, "deny", "{\"operation\": \"ChangeResourceRecordSets\"}");
    send_west(8, 100);
    until("change 8 denied; ");
    zones_status(zones, PIZZA_ZONE, &status);
    ck_assert(status.write_denied);
    ck_assert_ptr_nonnull(strstr(status.write_message, "AccessDenied"));
    lab_heal(lab);
    send_west(9, 100);
    until("change 9 ok; ");
    zones_status(zones, PIZZA_ZONE, &status);
    ck_assert(!status.write_denied);
    ck_assert_str_eq(status.write_message, "");
    ck_assert_uint_eq(status.accepted_epoch, 9);
    ck_assert_int_gt(status.accepted_wall, 0);
}
END_TEST

START_TEST(a_refused_change_is_followed_by_nobody)
{
    int asked = lab_request_count(lab, "GetChange");

    read_zone();
    json_decref(lab_call(lab, "POST", "/zone/ZLAB1/weight",
                         "{\"name\": \"pizza.example.com\", \"set\": \"pizza-us-east-1\", "
                         "\"weight\": 7}"));
    send_west(8, 100);
    until("change ");
    ck_assert_str_eq(heard, "change 8 refused; ");
    for (int i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(lab_request_count(lab, "GetChange"), asked);
}
END_TEST

START_TEST(a_server_with_an_old_answer_is_not_current_until_it_is)
{
    read_zone();
    lab_fault(lab, "dns-stale", "{}");
    send_west(8, 100);
    until("servers 8: 0 of 1 of 1; ");
    lab_heal(lab);
    until("servers 8: 1 of 1 of 1; ");
}
END_TEST

START_TEST(a_silent_server_does_not_hold_up_those_that_answer)
{
    nameservers[1] = "127.0.0.1:1"; /* refuses at once */
    settings.aws_nameserver_count = 2;
    read_zone();
    send_west(8, 100);
    until("servers 8: 1 of 1 of 2; ");
}
END_TEST

/* A resolver that gives what it has kept a few times, and then asks anew. */
static size_t answer_old_then_new(void *context, const uint8_t *query, size_t length, uint8_t *out,
                                  size_t size)
{
    static struct dns_message m;
    unsigned *asked = context;

    ck_assert_uint_ge(length, 12);
    put_question(&m, 0x8180, "pizza.example.com", 1);
    put_a(&m, "pizza.example.com", (*asked)++ < 2 ? "192.0.2.10" : "192.0.2.11");
    memcpy(m.bytes, query, 2);
    ck_assert_uint_le(m.length, size);
    memcpy(out, m.bytes, m.length);
    return m.length;
}

START_TEST(resolvers_are_asked_until_none_gives_the_old_answer)
{
    unsigned asked = 0;
    struct server *udp = server_start_udp(answer_old_then_new, &asked);
    char address[32];
    const char *list[] = {"127.0.0.1:1", address};

    snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)server_port(udp));
    settings.aws_resolvers = list;
    settings.aws_resolver_count = 2;
    read_zone();
    send_west(8, 100);
    until("servers 8: 1 of 1 of 1; ");
    ck_assert_ptr_null(strstr(heard, "resolvers"));
    until("resolvers 8: 0 of 1 of 2; ");
    until("resolvers 8: 1 of 1 of 2; ");
    ck_assert_uint_eq(asked, 3);
    server_stop(udp);
}
END_TEST

/* C8: a failover of Route 53's control plane loses what it had accepted; GetChange knows first. */
START_TEST(a_change_that_route53_forgot_is_told)
{
    read_zone();
    lab_fault(lab, "stranded", "{}");
    send_west(8, 100);
    until("change 8 ok; ");
    lab_heal(lab);
    until("stranded 8 forgotten; ");
    ck_assert_ptr_null(strstr(heard, "insync"));
    ck_assert_int_eq(lab_weight(PIZZA_WEST), 0);
}
END_TEST

START_TEST(of_a_private_zone_no_server_is_asked_and_that_is_told)
{
    struct hosted_zone private[2] = {settings.zones[0], settings.zones[1]};

    private[PIZZA_ZONE].is_private = true;
    settings.zones = private;
    settings.aws_resolvers = nameservers;
    settings.aws_resolver_count = 1;
    read_zone();
    send_west(8, 100);
    until("insync 8; ");
    ck_assert_ptr_nonnull(strstr(heard, "servers 8: 0 of 0 of 0; "));
    ck_assert_ptr_null(strstr(heard, "resolvers"));
    for (int i = 0; i < 5; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
}
END_TEST

START_TEST(a_newer_change_is_the_one_that_is_followed)
{
    read_zone();
    lab_fault(lab, "pending", "{}");
    send_west(8, 100);
    until("change 8 ok; ");
    read_zone();
    send_west(9, 50);
    until("change 9 ok; ");
    lab_heal(lab);
    until("insync 9; ");
    until("servers 9: 1 of 1 of 1; ");
    ck_assert_ptr_null(strstr(heard, "insync 8"));
}
END_TEST

START_TEST(an_answer_for_other_settings_is_not_told)
{
    read_zone();
    send_west(8, 100);
    ck_assert_int_eq(zones_reload(zones, &settings), 0);
    ck_assert(!zones_settled(zones));
    while (!zones_settled(zones))
        uv_run(&loop, UV_RUN_ONCE);
    ck_assert_str_eq(heard, "");
    ck_assert_uint_eq(zones_unanswered(zones), 0);
}
END_TEST

START_TEST(a_stop_in_the_middle_of_everything_leaves_nothing)
{
    read_zone();
    lab_fault(lab, "pending", "{}");
    send_west(8, 100);
    until("change 8 ok; ");
    uv_run(&loop, UV_RUN_ONCE); /* the follow is asking, or about to */
    zones_read(zones, PIZZA_ZONE);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zones");
    TCase *tests = tcase_create("zones");

    tcase_set_timeout(tests, 300);
    tcase_add_unchecked_fixture(tests, route53_lab_start, route53_lab_stop);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_reading_is_told_and_its_view_kept);
    tcase_add_test(tests, a_reading_that_fails_is_told_and_takes_nothing_away);
    tcase_add_test(tests, an_accepted_change_is_followed_until_the_world_sees_it);
    tcase_add_test(tests, what_became_of_a_write_is_remembered);
    tcase_add_test(tests, a_refused_change_is_followed_by_nobody);
    tcase_add_test(tests, a_server_with_an_old_answer_is_not_current_until_it_is);
    tcase_add_test(tests, a_silent_server_does_not_hold_up_those_that_answer);
    tcase_add_test(tests, resolvers_are_asked_until_none_gives_the_old_answer);
    tcase_add_test(tests, a_change_that_route53_forgot_is_told);
    tcase_add_test(tests, of_a_private_zone_no_server_is_asked_and_that_is_told);
    tcase_add_test(tests, a_newer_change_is_the_one_that_is_followed);
    tcase_add_test(tests, an_answer_for_other_settings_is_not_told);
    tcase_add_test(tests, a_stop_in_the_middle_of_everything_leaves_nothing);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
