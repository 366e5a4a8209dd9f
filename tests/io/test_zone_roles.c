/* SPDX-License-Identifier: Apache-2.0 */
/* Two accounts: the pizza zone belongs to another one, where a role may change it and nothing else;
 * ours has the other zone. The lab enforces both sides, with STS between them. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/suite.h"
#include "route53_fixture.h"

#define ROLE "arn:aws:iam::444455556666:role/regionshift"
#define EXTERNAL_ID "regionshift-jwt-pizza"

static const char *const options[] = {"--zone", "strange.example=ZSTRANGE", NULL};
static struct hosted_zone zones[2];
static struct move move;

static void start(void)
{
    lab = lab_start(options);
}

/* Who we are may assume the role and read our own zone; the role may what a failover needs. */
static void put_directory(void)
{
    static const char directory[] =
        "{\"account\": \"111122223333\", \"zones\": {\"ZLAB1\": \"444455556666\"},"
        " \"users\": {\"" LAB_KEY_ID "\": {\"arn\": \"arn:aws:iam::111122223333:user/us\","
        "  \"secret\": \"" LAB_SECRET "\", \"policies\": [{\"Version\": \"2012-10-17\","
        "  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\","
        "   \"Resource\": \"" ROLE "\"}, {\"Effect\": \"Allow\", \"Action\": \"route53:*\","
        "   \"Resource\": \"arn:aws:route53:::hostedzone/ZSTRANGE\"}]}]}},"
        " \"roles\": {\"" ROLE "\": {\"trust\": {\"Version\": \"2012-10-17\","
        "  \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"sts:AssumeRole\","
        "   \"Principal\": {\"AWS\": \"arn:aws:iam::111122223333:user/us\"},"
        "   \"Condition\": {\"StringEquals\": {\"sts:ExternalId\": \"" EXTERNAL_ID "\"}}}]},"
        "  \"policies\": [{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\","
        "   \"Action\": [\"route53:GetHostedZone\", \"route53:ListResourceRecordSets\","
        "   \"route53:ChangeResourceRecordSets\"], \"Resource\":"
        "   \"arn:aws:route53:::hostedzone/ZLAB1\"}, {\"Effect\": \"Allow\","
        "   \"Action\": \"route53:GetChange\", \"Resource\": \"*\"}]}]}}}";

    json_decref(lab_call(lab, "PUT", "/iam", directory));
}

static void open_with(const char *role, const char *external_id)
{
    client_close();
    memcpy(zones, settings.zones, sizeof(zones));
    zones[PIZZA_ZONE].role = role;
    zones[PIZZA_ZONE].external_id = external_id;
    settings.zones = zones;
    client_open(false);
}

static void set_up(void)
{
    route53_set_up();
    setenv("AWS_ENDPOINT_URL_STS", lab_endpoint(lab), 1);
    setenv("AWS_REGION", "us-east-1", 1);
    put_directory();
}

static void expect(enum route53_outcome outcome, enum route53_outcome wanted)
{
    ck_assert_msg(outcome == wanted, "%s instead of %s: %s", route53_outcome_name(outcome),
                  route53_outcome_name(wanted), told.message);
}

/* Whose key signed the newest batch: temporary keys begin with ASIA. */
static void expect_signed_by_the_role(void)
{
    json_t *log = lab_call(lab, "GET", "/log", NULL);
    json_t *newest = json_array_get(log, json_array_size(log) - 1);

    ck_assert_int_eq(strncmp(json_string_value(json_object_get(newest, "access_key")), "ASIA", 4),
                     0);
    json_decref(log);
}

START_TEST(each_zone_is_read_and_written_as_who_may)
{
    open_with(ROLE, EXTERNAL_ID);
    expect(do_read_zone(STRANGE_ZONE), ROUTE53_OK);
    expect(do_read(), ROUTE53_OK);
    move_begin(&move, &settings, told.view, PIZZA_GROUP, 8, told.view->nonce);
    move_weight(&move, &settings, told.view, PIZZA_WEST, 100);
    expect(do_send(&move.batch), ROUTE53_OK);
    expect_signed_by_the_role();
    ck_assert_uint_eq(lab_epoch(PIZZA_GROUP), 8);
    expect(do_get_change(told.change.id), ROUTE53_OK);
    expect(do_get_servers(), ROUTE53_OK);
    ck_assert_uint_eq(told.server_count, 4);
}
END_TEST

START_TEST(without_its_role_a_zone_of_others_is_denied)
{
    open_with("", "");
    expect(do_read_zone(STRANGE_ZONE), ROUTE53_OK);
    expect(do_read(), ROUTE53_DENIED);
    ck_assert_ptr_nonnull(strstr(told.message, "AccessDenied"));
}
END_TEST

START_TEST(a_role_that_does_not_trust_us_is_named)
{
    open_with(ROLE, "guessed");
    expect(do_read(), ROUTE53_DENIED);
    ck_assert_msg(strstr(told.message, ROLE) != NULL, "%s", told.message);
    expect(do_read_zone(STRANGE_ZONE), ROUTE53_OK); /* the other zone is none the worse */
}
END_TEST

/* The role is lost while the daemon runs, and comes back. */
START_TEST(a_role_taken_away_is_told_and_used_again_when_it_is_back)
{
    open_with(ROLE, EXTERNAL_ID);
    expect(do_read(), ROUTE53_OK);
    lab_fault(lab, "deny", "{\"code\": \"ExpiredToken\"}");
    expect(do_read(), ROUTE53_DENIED);
    lab_heal(lab);
    expect(do_read(), ROUTE53_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("zone_roles");
    TCase *tcase = tcase_create("two accounts");

    tcase_add_unchecked_fixture(tcase, start, route53_lab_stop);
    tcase_add_checked_fixture(tcase, set_up, route53_tear_down);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, each_zone_is_read_and_written_as_who_may);
    tcase_add_test(tcase, without_its_role_a_zone_of_others_is_denied);
    tcase_add_test(tcase, a_role_that_does_not_trust_us_is_named);
    tcase_add_test(tcase, a_role_taken_away_is_told_and_used_again_when_it_is_back);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
