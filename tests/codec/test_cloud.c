/* SPDX-License-Identifier: Apache-2.0 */
/* What CloudWatch and Elastic Load Balancing are asked, and what they may answer. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"
#include "cloudwatch.h"
#include "elb.h"

static char error[256];

/* ---- CloudWatch ---- */

#define WATCH_SPACE "xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\""
#define LISTS(metric, composite)                                                                   \
    "<?xml version=\"1.0\"?>\n<DescribeAlarmsResponse " WATCH_SPACE ">\n <DescribeAlarmsResult>"   \
    "<CompositeAlarms>" composite "</CompositeAlarms><MetricAlarms>" metric                        \
    "</MetricAlarms></DescribeAlarmsResult>"                                                       \
    "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeAlarmsResponse>"
#define MEMBER(name, state)                                                                        \
    "<member><AlarmName>" name "</AlarmName><StateValue>" state                                    \
    "</StateValue><StateReason>1 datapoint</StateReason></member>"

static struct cloudwatch_alarm alarm_read;

static int read_alarm(const char *text)
{
    alarm_read = (struct cloudwatch_alarm){.state = "untouched"};
    error[0] = '\0';
    return cloudwatch_read(text, strlen(text), "shop-5xx", &alarm_read, error, sizeof(error));
}

static void expect_no_alarm(const char *text, const char *words)
{
    ck_assert_msg(read_alarm(text) == -1, "%s", text);
    ck_assert_msg(strstr(error, words) != NULL, "%s: %s", text, error);
    ck_assert_ptr_nonnull(strstr(error, "the answer of CloudWatch: "));
    ck_assert_str_eq(alarm_read.state, "untouched");
}

START_TEST(one_alarm_of_either_kind_is_asked_for)
{
    struct buffer form;

    buffer_init(&form, 4096);
    cloudwatch_write(&form, "shop 5xx/\xc3\xa9&Action=DeleteAlarms");
    ck_assert_str_eq(buffer_text(&form),
                     "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1="
                     "shop%205xx%2F%C3%A9%26Action%3DDeleteAlarms&AlarmTypes.member.1="
                     "CompositeAlarm&AlarmTypes.member.2=MetricAlarm");
    buffer_clear(&form);
}
END_TEST

START_TEST(the_state_of_an_alarm_is_read)
{
    static const char *const states[] = {"OK", "ALARM", "INSUFFICIENT_DATA"};
    char text[1024];

    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), LISTS(MEMBER("shop-5xx", "%s"), ""), states[i]);
        ck_assert_msg(read_alarm(text) == 0, "%s", error);
        ck_assert(alarm_read.is_found && !alarm_read.is_composite);
        ck_assert_str_eq(alarm_read.state, states[i]);
        ck_assert_str_eq(alarm_read.reason, "1 datapoint");
    }
    ck_assert_msg(read_alarm(LISTS("", MEMBER("shop-5xx", "ALARM"))) == 0, "%s", error);
    ck_assert(alarm_read.is_found && alarm_read.is_composite);
}
END_TEST

START_TEST(an_alarm_that_does_not_exist_is_not_found)
{
    ck_assert_msg(read_alarm(LISTS("", "")) == 0, "%s", error);
    ck_assert(!alarm_read.is_found);
    ck_assert_msg(read_alarm("<DescribeAlarmsResponse " WATCH_SPACE "><DescribeAlarmsResult/>"
                             "</DescribeAlarmsResponse>") == 0,
                  "%s", error);
    ck_assert(!alarm_read.is_found);
}
END_TEST

START_TEST(no_other_alarm_becomes_a_verdict)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {LISTS(MEMBER("shop-4xx", "OK"), ""), "not asked for"},
        {LISTS(MEMBER("shop-5xx", "OK") MEMBER("shop-5xx2", "ALARM"), ""), "not asked for"},
        {LISTS(MEMBER("Shop-5xx", "OK"), ""), "not asked for"},
        {LISTS(MEMBER("shop-5xx", "OK") MEMBER("shop-5xx", "OK"), ""), "two alarms"},
        {LISTS(MEMBER("shop-5xx", "OK"), MEMBER("shop-5xx", "OK")), "two alarms"},
        {LISTS("<member><StateValue>OK</StateValue></member>", ""), "not asked for"},
        {LISTS(MEMBER("shop-5xx", "FINE"), ""), "StateValue"},
        {LISTS(MEMBER("shop-5xx", "ok"), ""), "StateValue"},
        {LISTS(MEMBER("shop-5xx", ""), ""), "StateValue"},
        {LISTS("<member><AlarmName>shop-5xx</AlarmName></member>", ""), "StateValue"},
        {LISTS(MEMBER("shop-5xx", "OK</StateValue><StateValue>ALARM"), ""), "StateValue"},
        {"<DescribeAlarmsResponse " WATCH_SPACE "><DescribeAlarmsResult><NextToken>more"
         "</NextToken></DescribeAlarmsResult></DescribeAlarmsResponse>",
         "only a part"},
        {"<DescribeAlarmsResponse " WATCH_SPACE "/>", "no DescribeAlarmsResult"},
        {"<DescribeAlarmsResponse><DescribeAlarmsResult/></DescribeAlarmsResponse>", "namespace"},
        {"<DescribeAlarmsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2009-05-15/\">"
         "<DescribeAlarmsResult/></DescribeAlarmsResponse>",
         "namespace"},
        {"<x:DescribeAlarmsResponse xmlns:x=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">"
         "<x:DescribeAlarmsResult/></x:DescribeAlarmsResponse>",
         "no DescribeAlarmsResult"},
        {"<html><body>503</body></html>", "no DescribeAlarmsResult"},
        {"{\"MetricAlarms\": []}", "XML line 1"},
        {"", "XML line 1"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_no_alarm(cases[i].text, cases[i].words);
}
END_TEST

START_TEST(a_truncated_answer_is_none)
{
    static const char text[] = LISTS(MEMBER("shop-5xx", "OK"), "");

    for (size_t length = 0; length + 1 < sizeof(text); length++)
        ck_assert_int_eq(
            cloudwatch_read(text, length, "shop-5xx", &alarm_read, error, sizeof(error)), -1);
}
END_TEST

START_TEST(entities_of_somebodys_making_are_refused)
{
    expect_no_alarm("<!DOCTYPE a [<!ENTITY b \"cccccccccc\"><!ENTITY d \"&b;&b;&b;&b;&b;&b;\">]>"
                    "<DescribeAlarmsResponse " WATCH_SPACE "><DescribeAlarmsResult>&d;"
                    "</DescribeAlarmsResult></DescribeAlarmsResponse>",
                    "DOCTYPE");
}
END_TEST

START_TEST(a_long_reason_is_cut_and_escaped)
{
    char text[4096];
    char reason[2001];

    memset(reason, 'x', sizeof(reason) - 1);
    reason[0] = '\n';
    reason[sizeof(reason) - 1] = '\0';
    snprintf(text, sizeof(text),
             LISTS("<member><AlarmName>shop-5xx</AlarmName><StateValue>ALARM</StateValue>"
                   "<StateReason>%s</StateReason></member>",
                   ""),
             reason);
    ck_assert_msg(read_alarm(text) == 0, "%s", error);
    ck_assert_uint_le(strlen(alarm_read.reason), CLOUDWATCH_REASON_MAX);
    ck_assert_int_eq(strncmp(alarm_read.reason, "\\x0axxx", 7), 0);
}
END_TEST

/* ---- Elastic Load Balancing ---- */

#define ELB_SPACE "xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\""
#define TARGETS(members)                                                                           \
    "<DescribeTargetHealthResponse " ELB_SPACE "><DescribeTargetHealthResult>"                     \
    "<TargetHealthDescriptions>" members "</TargetHealthDescriptions>"                             \
    "</DescribeTargetHealthResult></DescribeTargetHealthResponse>"
#define TARGET(state)                                                                              \
    "<member><HealthCheckPort>80</HealthCheckPort><TargetHealth><State>" state                     \
    "</State></TargetHealth><Target><Id>i-0f7</Id><Port>80</Port></Target></member>"

static struct elb_health health;

static int read_health(const char *text)
{
    health = (struct elb_health){.total = 77};
    error[0] = '\0';
    return elb_read(text, strlen(text), &health, error, sizeof(error));
}

START_TEST(the_targets_of_one_group_are_asked_for)
{
    struct buffer form;

    buffer_init(&form, 4096);
    elb_write(&form, "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/0123");
    ck_assert_str_eq(buffer_text(&form), "Action=DescribeTargetHealth&Version=2015-12-01"
                                         "&TargetGroupArn=arn%3Aaws%3Aelasticloadbalancing%3A"
                                         "us-east-1%3A123456789012%3Atargetgroup%2Fshop%2F0123");
    buffer_clear(&form);
}
END_TEST

START_TEST(targets_are_counted_by_their_state)
{
    ck_assert_msg(read_health(TARGETS(TARGET("healthy") TARGET("healthy") TARGET("unhealthy")
                                          TARGET("unhealthy.draining") TARGET("initial")
                                              TARGET("draining") TARGET("unused")
                                                  TARGET("unavailable") TARGET("brand-new"))) == 0,
                  "%s", error);
    ck_assert_uint_eq(health.total, 9);
    ck_assert_uint_eq(health.healthy, 2);
    ck_assert_uint_eq(health.unhealthy, 2);
    ck_assert_uint_eq(health.initial, 1);
    ck_assert_uint_eq(health.draining, 1);
    ck_assert_uint_eq(health.unused, 1);
    ck_assert_uint_eq(health.unavailable, 1);
    ck_assert_uint_eq(health.other, 1);
    ck_assert_msg(read_health(TARGETS("")) == 0, "%s", error);
    ck_assert_uint_eq(health.total, 0);
}
END_TEST

START_TEST(what_is_no_list_of_targets_counts_nobody)
{
    static const struct {
        const char *text;
        const char *words;
    } cases[] = {
        {TARGETS("<member/>"), "without one State"},
        {TARGETS(TARGET("healthy") "<member><Target/></member>"), "without one State"},
        {TARGETS(TARGET("")), "without one State"},
        {TARGETS(TARGET("healthy</State><State>unhealthy")), "without one State"},
        {"<DescribeTargetHealthResponse " ELB_SPACE "><DescribeTargetHealthResult/>"
         "</DescribeTargetHealthResponse>",
         "no TargetHealthDescriptions"},
        {"<DescribeTargetHealthResponse><DescribeTargetHealthResult><TargetHealthDescriptions/>"
         "</DescribeTargetHealthResult></DescribeTargetHealthResponse>",
         "namespace"},
        {LISTS(MEMBER("shop-5xx", "OK"), ""), "no TargetHealthDescriptions"},
        {"<!DOCTYPE a []>" TARGETS(""), "DOCTYPE"},
        {"", "XML line 1"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ck_assert_msg(read_health(cases[i].text) == -1, "%s", cases[i].text);
        ck_assert_msg(strstr(error, cases[i].words) != NULL, "%s: %s", cases[i].text, error);
        ck_assert_uint_eq(health.total, 77);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cloud");
    TCase *alarms = tcase_create("alarms");
    TCase *targets = tcase_create("targets");

    tcase_add_test(alarms, one_alarm_of_either_kind_is_asked_for);
    tcase_add_test(alarms, the_state_of_an_alarm_is_read);
    tcase_add_test(alarms, an_alarm_that_does_not_exist_is_not_found);
    tcase_add_test(alarms, no_other_alarm_becomes_a_verdict);
    tcase_add_test(alarms, a_truncated_answer_is_none);
    tcase_add_test(alarms, entities_of_somebodys_making_are_refused);
    tcase_add_test(alarms, a_long_reason_is_cut_and_escaped);
    suite_add_tcase(suite, alarms);
    tcase_add_test(targets, the_targets_of_one_group_are_asked_for);
    tcase_add_test(targets, targets_are_counted_by_their_state);
    tcase_add_test(targets, what_is_no_list_of_targets_counts_nobody);
    suite_add_tcase(suite, targets);
    return run_suite(suite);
}
