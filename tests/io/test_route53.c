/* SPDX-License-Identifier: Apache-2.0 */
/* The client against the lab: what it reads, what it may write, and what it makes of every way in
 * which an answer can be bad. What the zone holds afterwards is asked of the lab itself. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "route53_fixture.h"

static struct move move;

/* Both services of the group go west. */
static const struct batch *go_west(const struct zone_view *view, uint64_t epoch)
{
    move_begin(&move, &settings, view, PIZZA_GROUP, epoch, view->nonce);
    move_weight(&move, &settings, view, PIZZA_EAST, 0);
    move_weight(&move, &settings, view, PIZZA_WEST, 100);
    move_weight(&move, &settings, view, FACTORY_EAST, 0);
    move_weight(&move, &settings, view, FACTORY_WEST, 100);
    return &move.batch;
}

static void expect(enum route53_outcome outcome, enum route53_outcome wanted)
{
    ck_assert_msg(outcome == wanted, "%s instead of %s: %s", route53_outcome_name(outcome),
                  route53_outcome_name(wanted), told.message);
}

static void expect_words(const char *words)
{
    ck_assert_msg(strstr(told.message, words) != NULL, "no \"%s\" in: %s", words, told.message);
}

static void expect_nothing_moved(void)
{
    ck_assert_int_eq(lab_weight(PIZZA_EAST), 100);
    ck_assert_int_eq(lab_weight(PIZZA_WEST), 0);
    ck_assert_int_eq(lab_weight(FACTORY_EAST), 100);
    ck_assert_int_eq(lab_weight(FACTORY_WEST), 0);
}

static void human(const char *act, const char *body)
{
    char path[64];

    snprintf(path, sizeof(path), "/zone/ZLAB1/%s", act);
    json_decref(lab_call(lab, "POST", path, body));
}

/* ---- reading ---- */

START_TEST(a_zone_is_read_with_weights_fences_and_apex)
{
    char nonce[NONCE_LENGTH + 1];

    expect(do_read(), ROUTE53_OK);
    ck_assert_str_eq(told.view->apex, "example.com");
    ck_assert_uint_eq(told.view->zone, PIZZA_ZONE);
    ck_assert_uint_eq(told.view->set_count, SITE_COUNT + 2);
    for (int site = 0; site < SITE_COUNT; site++)
        ck_assert_int_eq(view_weight(&settings, told.view, site), site % 2 == 0 ? 100 : 0);
    ck_assert_uint_eq(view_epoch(&settings, told.view, PIZZA_GROUP, nonce), 7);
    ck_assert_str_eq(nonce, PIZZA_NONCE);
    ck_assert_uint_eq(view_epoch(&settings, told.view, SOLO_GROUP, NULL), 7);
    ck_assert_str_eq(told.message, "");
}
END_TEST

START_TEST(every_reading_has_a_nonce_of_its_own)
{
    char first[NONCE_LENGTH + 1];

    expect(do_read(), ROUTE53_OK);
    memcpy(first, told.view->nonce, sizeof(first));
    ck_assert_uint_eq(strspn(first, "0123456789abcdef"), NONCE_LENGTH);
    expect(do_read(), ROUTE53_OK);
    ck_assert_str_ne(told.view->nonce, first);
}
END_TEST

START_TEST(a_small_zone_costs_one_request_and_its_apex_one_more_once)
{
    int lists = lab_request_count(lab, "ListResourceRecordSets");
    int zones = lab_request_count(lab, "GetHostedZone");

    expect(do_read(), ROUTE53_OK);
    expect(do_read(), ROUTE53_OK);
    ck_assert_int_eq(lab_request_count(lab, "ListResourceRecordSets") - lists, 2);
    ck_assert_int_eq(lab_request_count(lab, "GetHostedZone") - zones, 1);
}
END_TEST

/* 3 names and 2 fences, the fences twice: 7 requests, not the whole zone's. */
START_TEST(a_large_zone_is_read_by_name)
{
    int lists;

    zone_put(400);
    expect(do_read(), ROUTE53_OK);
    lists = lab_request_count(lab, "ListResourceRecordSets");
    expect(do_read(), ROUTE53_OK);
    ck_assert_int_eq(lab_request_count(lab, "ListResourceRecordSets") - lists, 7);
    ck_assert_uint_eq(told.view->set_count, SITE_COUNT + 2);
    for (int site = 0; site < SITE_COUNT; site++)
        ck_assert_int_eq(view_weight(&settings, told.view, site), site % 2 == 0 ? 100 : 0);
    ck_assert_uint_eq(view_epoch(&settings, told.view, PIZZA_GROUP, NULL), 7);
    ck_assert_uint_eq(view_epoch(&settings, told.view, SOLO_GROUP, NULL), 7);
}
END_TEST

START_TEST(a_move_in_a_large_zone_is_as_exact)
{
    zone_put(400);
    expect(do_read(), ROUTE53_OK);
    expect(do_send(go_west(told.view, 8)), ROUTE53_OK);
    ck_assert_int_eq(lab_weight(PIZZA_WEST), 100);
    expect(do_read(), ROUTE53_OK);
    ck_assert_uint_eq(view_epoch(&settings, told.view, PIZZA_GROUP, NULL), 8);
}
END_TEST

START_TEST(a_zone_without_fences_and_sets_is_read_as_empty)
{
    json_decref(lab_call(lab, "PUT", "/zone/ZLAB1", "[]"));
    expect(do_read(), ROUTE53_OK);
    ck_assert_uint_eq(told.view->set_count, 0);
    ck_assert_str_eq(told.view->apex, "example.com");
}
END_TEST

START_TEST(an_unknown_zone_and_an_unknown_change_are_not_found)
{
    expect(do_read_zone(STRANGE_ZONE), ROUTE53_NOT_FOUND);
    expect_words("NoSuchHostedZone");
    expect(do_get_change("C0NOSUCHCHANGE"), ROUTE53_NOT_FOUND);
    expect_words("NoSuchChange");
}
END_TEST

START_TEST(the_delegation_set_is_told)
{
    expect(do_get_servers(), ROUTE53_OK);
    ck_assert_uint_eq(told.server_count, 4);
    ck_assert_str_eq(told.server, "ns-1.lab.test");
}
END_TEST

/* ---- writing ---- */

START_TEST(an_exact_batch_is_accepted_and_becomes_insync)
{
    char id[64];

    expect(do_read(), ROUTE53_OK);
    expect(do_send(go_west(told.view, 8)), ROUTE53_OK);
    ck_assert_int_eq(lab_weight(PIZZA_EAST), 0);
    ck_assert_int_eq(lab_weight(PIZZA_WEST), 100);
    ck_assert_int_eq(lab_weight(FACTORY_EAST), 0);
    ck_assert_int_eq(lab_weight(FACTORY_WEST), 100);
    ck_assert_uint_eq(lab_epoch(PIZZA_GROUP), 8);
    ck_assert_uint_eq(lab_epoch(SOLO_GROUP), 7);
    ck_assert(!told.change.insync);
    memcpy(id, told.change.id, sizeof(id));
    do {
        expect(do_get_change(id), ROUTE53_OK);
    } while (!told.change.insync);
    ck_assert_str_eq(told.change.id, id);
}
END_TEST

/* A writer reads epoch 7, another one writes 8, then the first one sends: it is refused whole. */
START_TEST(a_stale_fence_is_refused_and_nothing_changes)
{
    expect(do_read(), ROUTE53_OK);
    human("fence", "{\"group\": \"jwt-pizza\", \"text\": \"v=rs1 group=jwt-pizza epoch=8 by=usw2 "
                   "nonce=ffffffffffffffffffffffffffffffff plan=0011223344556677\"}");
    expect(do_send(go_west(told.view, 8)), ROUTE53_REFUSED);
    expect_words("InvalidChangeBatch");
    expect_nothing_moved();
    ck_assert_uint_eq(lab_epoch(PIZZA_GROUP), 8);
}
END_TEST

START_TEST(a_humans_edit_is_not_overwritten)
{
    expect(do_read(), ROUTE53_OK);
    human("weight", "{\"name\": \"pizza.example.com\", \"set\": \"pizza-us-east-1\", "
                    "\"weight\": 60}");
    expect(do_send(go_west(told.view, 8)), ROUTE53_REFUSED);
    ck_assert_int_eq(lab_weight(PIZZA_EAST), 60);
    ck_assert_int_eq(lab_weight(FACTORY_EAST), 100);
    ck_assert_uint_eq(lab_epoch(PIZZA_GROUP), 7);
}
END_TEST

/* Route 53 may not compare weights (C1): what we know to be old we do not send at all. */
START_TEST(a_batch_older_than_our_own_reading_is_not_sent)
{
    int batches = lab_batch_count(lab, NULL);

    expect(do_read(), ROUTE53_OK);
    go_west(told.view, 8);
    move.items[2].set.weight = 99;
    expect(do_send(&move.batch), ROUTE53_REFUSED);
    expect_words("not what was read last");
    ck_assert_int_eq(lab_batch_count(lab, NULL), batches);
}
END_TEST

START_TEST(missing_record_sets_and_fence_are_created_by_init_only)
{
    struct record_set sets[2] = {pizza_set(PIZZA_EAST, 100), pizza_set(PIZZA_WEST, 0)};

    json_decref(lab_call(lab, "PUT", "/zone/ZLAB1", "[]"));
    expect(do_read(), ROUTE53_OK);
    move_begin(&move, &settings, told.view, PIZZA_GROUP, 1, told.view->nonce);
    move_add(&move, BATCH_CREATE, &sets[0]);
    move_add(&move, BATCH_CREATE, &sets[1]);
    expect(do_send(&move.batch), ROUTE53_FORBIDDEN);
    move.batch.is_init = true;
    expect(do_send(&move.batch), ROUTE53_OK);
    ck_assert_int_eq(lab_weight(PIZZA_EAST), 100);
    ck_assert_uint_eq(lab_epoch(PIZZA_GROUP), 1);
}
END_TEST

START_TEST(two_clients_race_and_one_change_is_applied)
{
    struct route53 *first = client;
    struct route53 *other;
    struct zone_view *view;
    struct move second;
    int accepted = lab_batch_count(lab, "accepted");

    expect(do_read(), ROUTE53_OK);
    view = told.view;
    told.view = NULL;
    go_west(view, 8);
    client_open(false);
    other = client;
    expect(do_read(), ROUTE53_OK);
    move_begin(&second, &settings, told.view, PIZZA_GROUP, 8, told.view->nonce);
    move_weight(&second, &settings, told.view, PIZZA_WEST, 50);
    expect(do_send(&second.batch), ROUTE53_OK);
    client = first;
    expect(do_send(&move.batch), ROUTE53_REFUSED);
    ck_assert_int_eq(lab_weight(PIZZA_EAST), 100);
    ck_assert_int_eq(lab_weight(PIZZA_WEST), 50);
    ck_assert_int_eq(lab_batch_count(lab, "accepted") - accepted, 1);
    zone_view_destroy(view);
    client_close();
    client = other;
}
END_TEST

/* ---- faults ---- */

/* The reading leaves a kept connection behind: over that one libcurl would send twice. */
START_TEST(a_lost_reply_does_not_send_a_change_twice)
{
    char sent[NONCE_LENGTH + 1];
    char found[NONCE_LENGTH + 1];
    int requests;

    expect(do_read(), ROUTE53_OK);
    memcpy(sent, told.view->nonce, sizeof(sent));
    requests = lab_request_count(lab, "ChangeResourceRecordSets");
    lab_fault(lab, "lose-reply", "{}");
    expect(do_send(go_west(told.view, 8)), ROUTE53_LOST);
    lab_heal(lab);
    ck_assert_int_eq(lab_request_count(lab, "ChangeResourceRecordSets") - requests, 1);
    expect(do_read(), ROUTE53_OK);
    ck_assert_uint_eq(view_epoch(&settings, told.view, PIZZA_GROUP, found), 8);
    ck_assert_str_eq(found, sent); /* C3: so it was ours, and it was applied */
}
END_TEST

/* C7: the reply is lost, the batch is applied later, after a newer decision took the fence. */
START_TEST(a_late_batch_finds_nothing_to_delete)
{
    json_t *log;
    json_t *newest;
    char path[64];

    expect(do_read(), ROUTE53_OK);
    lab_fault(lab, "late", "{\"seconds\": 0.5, \"count\": 1}");
    expect(do_send(go_west(told.view, 8)), ROUTE53_LOST);
    expect(do_read(), ROUTE53_OK);
    ck_assert_uint_eq(view_epoch(&settings, told.view, PIZZA_GROUP, NULL), 7);
    move_begin(&move, &settings, told.view, PIZZA_GROUP, 9, told.view->nonce);
    expect(do_send(&move.batch), ROUTE53_OK);
    log = lab_call(lab, "GET", "/log", NULL);
    snprintf(path, sizeof(path), "/log?since=%zu&wait=30", json_array_size(log));
    json_decref(log);
    log = lab_call(lab, "GET", path, NULL);
    newest = json_array_get(log, 0);
    ck_assert_str_eq(json_string_value(json_object_get(newest, "source")), "late");
    ck_assert_str_eq(json_string_value(json_object_get(newest, "verdict")), "refused");
    json_decref(log);
    expect_nothing_moved();
    ck_assert_uint_eq(lab_epoch(PIZZA_GROUP), 9);
}
END_TEST

struct bad_answer {
    const char *fault;
    const char *parameters;
    enum route53_outcome outcome;
    const char *words;
    bool is_applied;
    bool is_for_writes_only;
};

static const struct bad_answer bad_answers[] = {
    {"throttle", "{}", ROUTE53_BUSY, "Throttling", false, false},
    {"prior-request", "{}", ROUTE53_BUSY, "PriorRequestNotComplete", false, true},
    {"deny", "{}", ROUTE53_DENIED, "AccessDenied", false, false},
    {"deny", "{\"code\": \"AccessDeniedException\", \"shape\": \"root\"}", ROUTE53_DENIED,
     "AccessDeniedException", false, false},
    {"deny", "{\"code\": \"ExpiredToken\"}", ROUTE53_DENIED, "ExpiredToken", false, false},
    {"down", "{\"mode\": \"503\"}", ROUTE53_LOST, "503", false, false},
    {"down", "{\"mode\": \"reset\"}", ROUTE53_LOST, "", false, false},
    {"down", "{\"mode\": \"refuse\"}", ROUTE53_LOST, "", false, false},
    {"error500", "{}", ROUTE53_LOST, "500", false, false},
    {"error500", "{\"status\": 503, \"applied\": true}", ROUTE53_LOST, "503", true, false},
    {"html", "{}", ROUTE53_LOST, "HTTP 503 without an error of AWS", false, false},
    {"html", "{\"status\": 200, \"applied\": true}", ROUTE53_LOST, "", true, false},
    {"html", "{\"status\": 404}", ROUTE53_LOST, "HTTP 404", false, false},
    {"truncated", "{\"mode\": \"short\"}", ROUTE53_LOST, "XML line", true, false},
    {"truncated", "{\"mode\": \"cut\"}", ROUTE53_LOST, "", true, false},
};

START_TEST(a_bad_answer_to_a_write_is_classed)
{
    const struct bad_answer *bad = &bad_answers[_i];

    expect(do_read(), ROUTE53_OK);
    lab_fault(lab, bad->fault, bad->parameters);
    expect(do_send(go_west(told.view, 8)), bad->outcome);
    expect_words(bad->words);
    lab_heal(lab);
    ck_assert_uint_eq(lab_epoch(PIZZA_GROUP), bad->is_applied ? 8 : 7);
    if (!bad->is_applied)
        expect_nothing_moved();
}
END_TEST

START_TEST(a_bad_answer_to_a_reading_is_classed_and_the_next_one_is_good)
{
    const struct bad_answer *bad = &bad_answers[_i];

    if (bad->is_for_writes_only)
        return;
    lab_fault(lab, bad->fault, bad->parameters);
    expect(do_read(), bad->outcome);
    expect_words(bad->words);
    lab_heal(lab);
    expect(do_read(), ROUTE53_OK);
    ck_assert_uint_eq(told.view->set_count, SITE_COUNT + 2);
}
END_TEST

START_TEST(the_old_shape_of_a_refusal_is_a_refusal)
{
    expect(do_read(), ROUTE53_OK);
    human("delete-fence", "{\"group\": \"jwt-pizza\"}");
    lab_fault(lab, "old-error-shape", "{}");
    expect(do_send(go_west(told.view, 8)), ROUTE53_REFUSED);
    expect_words("InvalidChangeBatch");
    expect_nothing_moved();
}
END_TEST

START_TEST(no_answer_ends_at_the_deadline)
{
    settings.aws_timeout_ms = 100;
    lab_fault(lab, "down", "{\"mode\": \"hang\"}");
    expect(do_read(), ROUTE53_LOST);
    expect_words("no answer within 100 ms");
}
END_TEST

/* ---- who we are ---- */

START_TEST(a_wrong_secret_is_denied_and_a_right_one_is_looked_for_next_time)
{
    setenv("AWS_SECRET_ACCESS_KEY", "wrong", 1);
    expect(do_read(), ROUTE53_DENIED);
    expect_words("SignatureDoesNotMatch");
    ck_assert_ptr_null(strstr(told.message, "wrong"));
    setenv("AWS_SECRET_ACCESS_KEY", LAB_SECRET, 1);
    expect(do_read(), ROUTE53_OK);
}
END_TEST

START_TEST(without_credentials_nothing_is_sent_and_the_search_is_told)
{
    int zones = lab_request_count(lab, "GetHostedZone");

    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    expect(do_read(), ROUTE53_DENIED);
    expect_words("no credentials: AWS_ACCESS_KEY_ID is not set");
    ck_assert_int_eq(lab_request_count(lab, "GetHostedZone"), zones);
}
END_TEST

START_TEST(credentials_that_are_long_in_coming_are_told_and_kept_when_they_come)
{
    char path[] = "/tmp/regionshift-config-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");

    fprintf(file,
            "[default]\ncredential_process = sh -c 'sleep 1; echo \"{\\\"Version\\\":1,"
            "\\\"AccessKeyId\\\":\\\"%s\\\",\\\"SecretAccessKey\\\":\\\"%s\\\"}\"'\n",
            LAB_KEY_ID, LAB_SECRET);
    fclose(file);
    setenv("AWS_CONFIG_FILE", path, 1);
    unsetenv("AWS_ACCESS_KEY_ID");
    unsetenv("AWS_SECRET_ACCESS_KEY");
    settings.aws_timeout_ms = 50;
    expect(do_read(), ROUTE53_DENIED);
    expect_words("no credentials, which are still looked for, within 50 ms");
    settings.aws_timeout_ms = 20000;
    expect(do_read(), ROUTE53_OK);
    unlink(path);
}
END_TEST

/* ---- what can be put right ---- */

static int requests_of(const char *operation, int before)
{
    return lab_request_count(lab, operation) - before;
}

START_TEST(a_reading_with_a_wrong_clock_is_signed_anew_once)
{
    int zones = lab_request_count(lab, "GetHostedZone");

    lab_fault(lab, "clock", _i == 0 ? "{\"seconds\": 900}" : "{\"seconds\": -31536000}");
    expect(do_read(), ROUTE53_OK);
    ck_assert_int_eq(requests_of("GetHostedZone", zones), 2);
    expect(do_send(go_west(told.view, 8)), ROUTE53_OK); /* the clock is known now */
    lab_heal(lab);
    expect(do_read(), ROUTE53_OK); /* ours was right after all, or was set right */
}
END_TEST

/* C3: nothing that was sent is sent again, were it refused ever so surely. The engine reads first,
 * and that puts the clock right. */
START_TEST(a_write_with_a_wrong_clock_is_left_to_the_engine)
{
    int requests;

    expect(do_read(), ROUTE53_OK);
    requests = lab_request_count(lab, "ChangeResourceRecordSets");
    lab_fault(lab, "clock", "{\"seconds\": 900}");
    expect(do_send(go_west(told.view, 8)), ROUTE53_DENIED);
    expect_words("s ahead of ours");
    ck_assert_int_eq(requests_of("ChangeResourceRecordSets", requests), 1);
    expect_nothing_moved();
    expect(do_read(), ROUTE53_OK);
    expect(do_send(go_west(told.view, 8)), ROUTE53_OK);
}
END_TEST

START_TEST(a_refused_signature_under_a_right_clock_is_not_sent_again)
{
    int zones = lab_request_count(lab, "GetHostedZone");

    lab_fault(lab, "deny", "{\"code\": \"SignatureDoesNotMatch\"}");
    expect(do_read(), ROUTE53_DENIED);
    ck_assert_int_eq(requests_of("GetHostedZone", zones), 1);
    ck_assert_ptr_null(strstr(told.message, "clock"));
}
END_TEST

START_TEST(expired_credentials_are_looked_for_anew_once_then_told)
{
    int zones = lab_request_count(lab, "GetHostedZone");

    lab_fault(lab, "deny", "{\"code\": \"ExpiredToken\", \"count\": 1}");
    expect(do_read(), ROUTE53_OK);
    ck_assert_int_eq(requests_of("GetHostedZone", zones), 2);
    zones = lab_request_count(lab, "ListResourceRecordSets");
    lab_fault(lab, "deny", "{\"code\": \"ExpiredToken\"}");
    expect(do_read(), ROUTE53_DENIED);
    expect_words("ExpiredToken");
    ck_assert_int_eq(requests_of("ListResourceRecordSets", zones), 2);
}
END_TEST

static const char *const refusals[] = {
    "ExpiredToken",         "InvalidClientTokenId", "SignatureDoesNotMatch",
    "RequestTimeTooSkewed", "AccessDenied",         "SomethingNew",
};

START_TEST(a_write_is_never_sent_twice_whatever_refused_it)
{
    char fault[96];
    int requests;

    expect(do_read(), ROUTE53_OK);
    requests = lab_request_count(lab, "ChangeResourceRecordSets");
    snprintf(fault, sizeof(fault), "{\"code\": \"%s\", \"count\": 1}", refusals[_i]);
    lab_fault(lab, "deny", fault);
    expect(do_send(go_west(told.view, 8)), ROUTE53_DENIED);
    expect_words(refusals[_i]);
    ck_assert_int_eq(requests_of("ChangeResourceRecordSets", requests), 1);
    expect_nothing_moved();
}
END_TEST

/* ---- the delegation set ---- */

START_TEST(the_servers_of_a_zone_are_known_while_route53_is_away)
{
    int zones;

    expect(do_read(), ROUTE53_OK);
    zones = lab_request_count(lab, "GetHostedZone");
    lab_fault(lab, "down", "{}");
    expect(do_get_servers(), ROUTE53_OK);
    ck_assert_uint_eq(told.server_count, 4);
    ck_assert_str_eq(told.server, "ns-1.lab.test");
    lab_heal(lab);
    ck_assert_int_eq(requests_of("GetHostedZone", zones), 0);
}
END_TEST

/* ---- what must not be sent ---- */

START_TEST(a_dry_run_reads_and_never_writes)
{
    int requests = lab_request_count(lab, "ChangeResourceRecordSets");
    int batches = lab_batch_count(lab, NULL);

    client_close();
    client_open(true);
    expect(do_read(), ROUTE53_OK);
    expect(do_send(go_west(told.view, 8)), ROUTE53_DRY_RUN);
    ck_assert_int_eq(lab_request_count(lab, "ChangeResourceRecordSets"), requests);
    ck_assert_int_eq(lab_batch_count(lab, NULL), batches);
    expect_nothing_moved();
}
END_TEST

START_TEST(what_the_guard_forbids_is_not_sent)
{
    struct record_set stranger;
    int requests = lab_request_count(lab, "ChangeResourceRecordSets");

    expect(do_read(), ROUTE53_OK);
    go_west(told.view, 8);
    move.items[5].set.weight = 0; /* pizza: all zero */
    expect(do_send(&move.batch), ROUTE53_FORBIDDEN);
    expect_words("C5: all weights of pizza.example.com A would be zero");
    go_west(told.view, 8);
    stranger = pizza_set(PIZZA_EAST, 100);
    stranger.name = "www.example.com";
    move.batch.is_init = true;
    move_add(&move, BATCH_CREATE, &stranger);
    expect(do_send(&move.batch), ROUTE53_FORBIDDEN);
    expect_words("no record set of this group in the settings");
    ck_assert_int_eq(lab_request_count(lab, "ChangeResourceRecordSets"), requests);
    expect_nothing_moved();
}
END_TEST

START_TEST(nothing_is_sent_to_a_zone_this_client_has_not_read)
{
    struct zone_view *view = pizza_view();
    int requests = lab_request_count(lab, "ChangeResourceRecordSets");

    expect(do_send(go_west(view, 8)), ROUTE53_REFUSED);
    expect_words("has not been read");
    ck_assert_int_eq(lab_request_count(lab, "ChangeResourceRecordSets"), requests);
    zone_view_destroy(view);
}
END_TEST

START_TEST(a_batch_made_before_a_reload_is_not_sent_after_it)
{
    struct settings others = settings;

    expect(do_read(), ROUTE53_OK);
    route53_send(client, go_west(told.view, 8), on_change, NULL);
    route53_reload(client, &others);
    run_until_told(2);
    expect(told.outcome, ROUTE53_REFUSED);
    expect_nothing_moved();
    expect(do_read(), ROUTE53_OK);
    expect(do_send(go_west(told.view, 8)), ROUTE53_OK);
    client_close();
}
END_TEST

/* ---- closing ---- */

START_TEST(closing_tells_every_call_once_that_it_is_lost)
{
    expect(do_read(), ROUTE53_OK);
    go_west(told.view, 8);
    lab_fault(lab, "down", "{\"mode\": \"hang\"}");
    told.count = 0;
    route53_read(client, PIZZA_ZONE, on_zone, NULL);
    route53_send(client, &move.batch, on_change, NULL);
    route53_get_change(client, PIZZA_ZONE, "C1", on_change, NULL);
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_uint_eq(told.count, 0);
    client_close();
    ck_assert_uint_eq(told.count, 3);
    ck_assert_int_eq(told.outcome, ROUTE53_LOST);
}
END_TEST

START_TEST(closing_at_once_after_asking_tells_all_the_same)
{
    route53_read(client, PIZZA_ZONE, on_zone, NULL);
    client_close();
    ck_assert_uint_eq(told.count, 1);
    expect(told.outcome, ROUTE53_LOST);
}
END_TEST

/* ---- where the endpoint is ---- */

static enum route53_outcome read_at(const char *endpoint)
{
    client_close();
    settings.aws_endpoint = endpoint;
    client_open(false);
    return do_read();
}

START_TEST(the_endpoint_may_come_from_the_environment)
{
    setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1", 1);
    setenv("AWS_ENDPOINT_URL_ROUTE_53", lab_endpoint(lab), 1);
    expect(read_at(""), ROUTE53_OK);
    unsetenv("AWS_ENDPOINT_URL_ROUTE_53");
    setenv("AWS_ENDPOINT_URL", lab_endpoint(lab), 1);
    expect(read_at(""), ROUTE53_OK);
}
END_TEST

START_TEST(a_name_is_resolved_and_its_port_kept)
{
    char endpoint[64];

    snprintf(endpoint, sizeof(endpoint), "http://localhost%s", strrchr(lab_endpoint(lab), ':'));
    expect(read_at(endpoint), ROUTE53_OK);
}
END_TEST

START_TEST(an_endpoint_that_is_none_is_told_with_its_source)
{
    static const char *const bad[] = {
        "ftp://127.0.0.1", "http://127.0.0.1/path",  "http://user@127.0.0.1", "http://",
        "http://a?b",      "http://127.0.0.1:99999",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        expect(read_at(bad[i]), ROUTE53_INVALID);
        expect_words("aws.endpoint is ");
    }
    setenv("AWS_ENDPOINT_URL", "nonsense://x", 1);
    expect(read_at(""), ROUTE53_INVALID);
    expect_words("AWS_ENDPOINT_URL is ");
}
END_TEST

START_TEST(an_endpoint_where_nobody_is_loses_the_call)
{
    expect(read_at("http://127.0.0.1:1"), ROUTE53_LOST);
}
END_TEST

static TCase *make_case(const char *name)
{
    TCase *tcase = tcase_create(name);

    tcase_add_unchecked_fixture(tcase, route53_lab_start, route53_lab_stop);
    tcase_add_checked_fixture(tcase, route53_set_up, route53_tear_down);
    tcase_set_timeout(tcase, 300);
    return tcase;
}

static TCase *reading_case(void)
{
    TCase *tcase = make_case("reading");

    tcase_add_test(tcase, a_zone_is_read_with_weights_fences_and_apex);
    tcase_add_test(tcase, every_reading_has_a_nonce_of_its_own);
    tcase_add_test(tcase, a_small_zone_costs_one_request_and_its_apex_one_more_once);
    tcase_add_test(tcase, a_large_zone_is_read_by_name);
    tcase_add_test(tcase, a_move_in_a_large_zone_is_as_exact);
    tcase_add_test(tcase, a_zone_without_fences_and_sets_is_read_as_empty);
    tcase_add_test(tcase, an_unknown_zone_and_an_unknown_change_are_not_found);
    tcase_add_test(tcase, the_delegation_set_is_told);
    tcase_add_test(tcase, the_endpoint_may_come_from_the_environment);
    tcase_add_test(tcase, a_name_is_resolved_and_its_port_kept);
    tcase_add_test(tcase, an_endpoint_that_is_none_is_told_with_its_source);
    tcase_add_test(tcase, an_endpoint_where_nobody_is_loses_the_call);
    return tcase;
}

static TCase *writing_case(void)
{
    TCase *tcase = make_case("writing");

    tcase_add_test(tcase, an_exact_batch_is_accepted_and_becomes_insync);
    tcase_add_test(tcase, a_stale_fence_is_refused_and_nothing_changes);
    tcase_add_test(tcase, a_humans_edit_is_not_overwritten);
    tcase_add_test(tcase, a_batch_older_than_our_own_reading_is_not_sent);
    tcase_add_test(tcase, missing_record_sets_and_fence_are_created_by_init_only);
    tcase_add_test(tcase, two_clients_race_and_one_change_is_applied);
    tcase_add_test(tcase, a_dry_run_reads_and_never_writes);
    tcase_add_test(tcase, what_the_guard_forbids_is_not_sent);
    tcase_add_test(tcase, nothing_is_sent_to_a_zone_this_client_has_not_read);
    tcase_add_test(tcase, a_batch_made_before_a_reload_is_not_sent_after_it);
    return tcase;
}

static TCase *fault_case(void)
{
    TCase *tcase = make_case("faults");
    int count = sizeof(bad_answers) / sizeof(bad_answers[0]);

    tcase_add_test(tcase, a_lost_reply_does_not_send_a_change_twice);
    tcase_add_test(tcase, a_late_batch_finds_nothing_to_delete);
    tcase_add_loop_test(tcase, a_bad_answer_to_a_write_is_classed, 0, count);
    tcase_add_loop_test(tcase, a_bad_answer_to_a_reading_is_classed_and_the_next_one_is_good, 0,
                        count);
    tcase_add_test(tcase, the_old_shape_of_a_refusal_is_a_refusal);
    tcase_add_test(tcase, no_answer_ends_at_the_deadline);
    tcase_add_test(tcase, a_wrong_secret_is_denied_and_a_right_one_is_looked_for_next_time);
    tcase_add_test(tcase, without_credentials_nothing_is_sent_and_the_search_is_told);
    tcase_add_test(tcase, credentials_that_are_long_in_coming_are_told_and_kept_when_they_come);
    tcase_add_loop_test(tcase, a_reading_with_a_wrong_clock_is_signed_anew_once, 0, 2);
    tcase_add_test(tcase, a_write_with_a_wrong_clock_is_left_to_the_engine);
    tcase_add_test(tcase, a_refused_signature_under_a_right_clock_is_not_sent_again);
    tcase_add_test(tcase, expired_credentials_are_looked_for_anew_once_then_told);
    tcase_add_loop_test(tcase, a_write_is_never_sent_twice_whatever_refused_it, 0,
                        sizeof(refusals) / sizeof(refusals[0]));
    tcase_add_test(tcase, the_servers_of_a_zone_are_known_while_route53_is_away);
    tcase_add_test(tcase, closing_tells_every_call_once_that_it_is_lost);
    tcase_add_test(tcase, closing_at_once_after_asking_tells_all_the_same);
    return tcase;
}

int main(void)
{
    Suite *suite = suite_create("route53");

    suite_add_tcase(suite, reading_case());
    suite_add_tcase(suite, writing_case());
    suite_add_tcase(suite, fault_case());
    return run_suite(suite);
}
